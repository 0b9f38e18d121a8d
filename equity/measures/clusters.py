"""Where places with high rates lie together: hot spots, cold spots and places unlike their own.

Rates of small areas are first drawn towards the whole, as far as their size calls for (empirical
Bayes). Two statistics then look at an area among its neighbors: Getis and Ord's Gi*, how high the
area and its neighbors are together, and Anselin's local Moran, whether the area is like them.
Whether that is more than chance is asked of permutations, and answered for all areas at once with
a stated rate of false discoveries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_array

from equity.areas.table import level_of, refuse_duplicates
from equity.areas.words import number
from equity.errors import InputError, MissingColumnError
from equity.language import mark, said, together
from equity.measures.borders import Contiguity, shared_borders
from equity.measures.checks import checked_column, refuse_discovery_rate, refuse_seed
from equity.measures.local_statistics import (
    false_discovery,
    gi_star,
    local_moran,
    moran,
    neighbor_p,
    permutations_for,
)
from equity.measures.shrinkage import marshall
from equity.provenance import carry

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = [
    "false_discovery",
    "gi_star",
    "hotspots",
    "local_moran",
    "neighbor_p",
    "permutations_for",
]

Floats = npt.NDArray[np.float64]
_QUADRANTS = {(1, 1): "hot_spot", (-1, -1): "cold_spot", (1, -1): "high_among_low",
              (-1, 1): "low_among_high"}  # fmt: skip


def hotspots(
    table: pd.DataFrame | gpd.GeoDataFrame,
    events: str = "gap_n",
    *,
    people: str = "population_n",
    boundaries: gpd.GeoDataFrame | None = None,
    contiguity: Contiguity = "queen",
    discovery_rate: float = 0.05,
    permutations: int | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Find areas that lie among others with high, or low, rates of a count.

    Parameters
    ----------
    table
        Area table with polygons and the two counts.
    events, people
        Columns with a count and with those it is a part of.
    boundaries
        Polygons by area id, where `table` has none.
    contiguity
        ``queen``: a common point makes neighbors; ``rook``: a border with a length.
    discovery_rate
        Of the areas called clusters, the share (above 0, below 1) that may be chance.
    permutations
        How often neighbors are drawn; by default as often as it takes for a single area to be able
        to stand out among so many (see Notes).
    seed
        Of the draws. The same rows in another order give the same answer.

    Returns
    -------
    pandas.DataFrame
        With the caller's index: ``cluster`` (``hot_spot``, ``cold_spot``, ``high_among_low``,
        ``low_among_high`` or ``no_cluster``), ``smoothed_share`` (the empirical-Bayes rate),
        ``gi_star_z``, ``local_moran``, ``cluster_p`` (two-sided, of permutations), ``cluster_q``
        (the least rate of false discoveries at which the area stands out), ``neighbors_n``, and
        ``cluster_status``: ``ok``; ``no_neighbors`` (an island); ``no_variation`` (all rates are
        equal); ``no_polygon``; ``no_population``; ``unknown`` (no count). Where it is not ``ok``
        there is no cluster and no statistic. An area without a rate is nobody's neighbor.

    Raises
    ------
    MissingColumnError
        If a column is missing, or there are no polygons.
    GeoidError
        If ids are not text, or occur twice.
    InputError
        If a count is negative or above its people, or a setting is none.

    Notes
    -----
    Gi* has binary weights with the area itself, local Moran row-standardized weights without it
    and the scaling ``n - 1``. With the area's own value held, both rise or fall with the sum over
    its neighbors alone, so one conditional permutation (as many others drawn as it has neighbors)
    gives the p-value of both. Benjamini and Hochberg's procedure can only call one of n areas at
    the rate q if p can be as small as q / n: 999 permutations of 20,000 areas find nothing,
    whatever the map.

    References
    ----------
    Ord & Getis 1995, Geographical Analysis 27(4), 286-306, doi:10.1111/j.1538-4632.1995.tb00912.x.
    Anselin 1995, Geographical Analysis 27(2), 93-115, doi:10.1111/j.1538-4632.1995.tb00338.x.
    Caldas de Castro & Singer 2006, Geographical Analysis 38(2), 180-208,
    doi:10.1111/j.0016-7363.2006.00682.x.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> counts = {"gap_n": [900.0, 900, 800, 100, 0, 100], "population_n": [1000.0] * 6}
    >>> ids = [f"5100109010{i}" for i in range(6)]
    >>> squares = [box(i, 0, i + 1, 1) for i in range(6)]
    >>> street = gpd.GeoDataFrame(counts, geometry=squares, index=ids)
    >>> found = hotspots(street, discovery_rate=0.5)
    >>> found["gi_star_z"].round(2).tolist()
    [1.7, 2.22, 0.74, -0.93, -2.22, -1.64]
    """
    refuse_discovery_rate(discovery_rate)
    refuse_seed(seed)
    if permutations is not None and permutations < 1:
        raise InputError(f"permutations is {permutations}", fix="give 1 or more, or None")
    level_of(table)
    refuse_duplicates(table.index, "the table")
    ordered = table.sort_index()
    count, whole = (_numbers(ordered, name) for name in (events, people))
    over = count > whole * (1 + 1e-9)
    if over.any():
        raise InputError(
            f"{events} is above {people}", rows=ordered.index[over], fix="name the count's universe"
        )
    shapes = _polygons(ordered, boundaries)
    status = _status(count, whole, shapes)
    known = np.flatnonzero(status == "ok")
    found, alike = _Found.empty(len(ordered)), list[str]()
    if len(known):
        weights = shared_borders(shapes[known], contiguity=contiguity)
        rates = marshall(count[known], whole[known]).mean
        found = _found(rates, weights, permutations, discovery_rate, seed).spread(known, found)
        level = np.isnan(found.p[known])
        islands = found.neighbors[known] == 0
        status[known] = np.select([islands, level], ["no_neighbors", "no_variation"], "ok")
        alike = _alike(rates, weights) if np.isfinite(found.p).any() else []
    result = _as_columns(found, status, discovery_rate)
    result.index = ordered.index
    note = said(
        "clusters of {events} among {people}: {contiguity} contiguity, empirical-Bayes rates, "
        "false discoveries {rate}",
        events=events,
        people=people,
        contiguity=said(_CONTIGUITY[contiguity]),
        rate=f"{discovery_rate:g}",
    )
    return carry(result.loc[table.index], table, notes=[together([note, *alike])])


def _alike(rates: Floats, weights: csr_array) -> list[str]:
    """Say whether neighbors are alike over all areas: Moran's I with row-standardized weights."""
    rows = csr_array(weights.multiply(1 / np.maximum(np.diff(weights.indptr), 1)[:, None]))
    found = moran(rates, rows)
    if not np.isfinite(found.z_randomization):
        return []
    return [
        said(
            "over all areas Moran's I is {i}, where chance alone gives {expected} (z {z})",
            i=number(found.i, 2),
            expected=number(found.expected, 2),
            z=number(found.z_randomization, 1),
        )
    ]


_CONTIGUITY = {"queen": mark("queen"), "rook": mark("rook")}


class _Found(NamedTuple):
    share: Floats
    z: Floats
    moran: Floats
    p: Floats
    q: Floats
    high: Floats
    around: Floats
    neighbors: Floats

    @classmethod
    def empty(cls, size: int) -> _Found:
        return cls(*(np.full(size, np.nan) for _ in cls._fields))

    def spread(self, rows: npt.NDArray[np.intp], onto: _Found) -> _Found:
        """Put what was found in the rows it was found for."""
        for mine, theirs in zip(self, onto, strict=True):
            theirs[rows] = mine
        return onto


def _found(
    rates: Floats, weights: csr_array, permutations: int | None, rate: float, seed: int
) -> _Found:
    neighbors = np.diff(weights.indptr).astype(float)
    if np.ptp(rates) <= 1e-12 * np.abs(rates).max(initial=0.0):
        return _Found.empty(len(rates))._replace(share=rates, neighbors=neighbors)
    draws = permutations or permutations_for(int((neighbors > 0).sum()), rate)
    p = neighbor_p(rates, weights, permutations=draws, seed=seed)
    middle = rates - rates.mean()
    around = np.sign(weights @ middle)
    star, moran = gi_star(rates, weights), local_moran(rates, weights)
    return _Found(rates, star, moran, p, false_discovery(p), np.sign(middle), around, neighbors)


def _numbers(table: pd.DataFrame, name: str) -> Floats:
    if name not in table.columns:
        raise MissingColumnError(
            f"the table has no column {name!r}", fix="name a column with a count"
        )
    return checked_column(table, name, np.inf)


def _polygons(table: Any, boundaries: Any) -> npt.NDArray[Any]:
    """Return a polygon for each row; None where there is none."""
    holder = table if boundaries is None else boundaries
    geometry = getattr(holder, "geometry", None)
    if geometry is None:
        raise MissingColumnError(
            "the table has no polygons", fix="pass boundaries=read_boundaries(...)"
        )
    if boundaries is not None:
        refuse_duplicates(boundaries.index, "the table of boundaries")
        geometry = geometry.reindex(table.index)
    return np.asarray(geometry.where(~geometry.is_empty, None), dtype=object)


def _status(count: Floats, whole: Floats, shapes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    nobody = whole == 0
    unknown = ~nobody & (np.isnan(count) | np.isnan(whole))
    without = pd.isna(shapes)
    words = ["no_population", "unknown", "no_polygon"]
    return np.select([nobody, unknown, without], words, default="ok").astype(object)


def _as_columns(found: _Found, status: npt.NDArray[Any], rate: float) -> pd.DataFrame:
    ok = status == "ok"
    called = ok & (found.q <= rate)
    cluster = np.where(ok, "no_cluster", "").astype(object)
    cluster[~ok] = None
    for (own, around), word in _QUADRANTS.items():
        cluster[called & (found.high == own) & (found.around == around)] = word
    columns = {
        "smoothed_share": found.share, "gi_star_z": found.z, "local_moran": found.moran,
        "cluster_p": found.p, "cluster_q": found.q,
    }  # fmt: skip
    frame = pd.DataFrame({"cluster": cluster, **columns, "neighbors_n": found.neighbors})
    frame["cluster_status"] = status
    return frame
