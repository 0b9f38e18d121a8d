"""Which share of an area's residents lives beyond reach of care in person.

Three forms. *Travel*: the expected share whose trip to the nearest site takes longer than a limit,
over the stated error of the minutes, so that a tract half a minute past the limit is not another
world than its neighbor. *Capacity*: how far access falls short of a benchmark. *Column*: a user's
own minutes, kilometers, ratios or shares, through the same two formulas.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from equity.errors import InputError, MissingColumnError
from equity.language import said, together
from equity.measures.checks import checked_column, checked_number
from equity.measures.reach._beyond_column import COLUMN_UNITS, PLAUSIBLE_PER_10K, own_column
from equity.measures.reach._beyond_forms import (
    ACCESS,
    Found,
    by_access,
    lognormal,
    number_column,
    spread_of,
    spread_text,
    travel_limit,
)
from equity.measures.reach._speeds import Roads, TravelEstimate, travel_estimate
from equity.measures.reach.places import Floats
from equity.provenance import carry

__all__ = ["BEYOND_METHODS", "COLUMN_UNITS", "PLAUSIBLE_PER_10K", "beyond_reach", "spread_inside"]

BEYOND_METHODS = ("travel", "capacity", "column")
"""Names of the forms."""

_NEAREST = "nearest_site_min"
_STATUS = "nearest_site_status"


def beyond_reach(
    table: pd.DataFrame,
    *,
    method: str = "travel",
    limit_min: float | None = None,
    sd: float | pd.Series | None = None,
    points: pd.DataFrame | None = None,
    missing: str = "unknown",
    benchmark_per_10k: float | None = None,
    column: str | None = None,
    unit: str | None = None,
    supply_n: float | None = None,
    roads: Roads | str | None = None,
) -> pd.DataFrame:
    """Return the share of residents beyond reach of care in person.

    Parameters
    ----------
    table
        By area id. ``travel``: ``nearest_site_min`` (:func:`equity.nearest_sites`); where its
        ``nearest_site_status`` is ``no_supply_in_reach`` no road leads to a site. ``capacity``:
        ``access_per_10k`` (:func:`equity.catchment`). ``column``: ``column``, and ``population_n``
        if it is a ratio.
    method
        A name in :data:`BEYOND_METHODS`.
    limit_min
        The longest trip that is within reach, minutes, inclusive. For ``travel``, and for columns
        of minutes or km.
    sd
        Spread of the minutes: standard deviation of the logarithm of their ratio to the truth, one
        number or a Series by area (:func:`spread_inside`). 0 gives the step at the limit. None
        takes what the table says of itself (:func:`travel_estimate`), else 0.22 for minutes made
        from km and the spread of people inside an area for a column of measured minutes.
    points
        Where people live, by id of the point: ``nearest_site_min`` (:func:`equity.nearest_sites`
        of blocks or centers of population), ``population_n``, and ``geoid``, the area each lies in
        (without it, the first digits of the point's id). Areas where no point has people keep
        their own minutes.
    missing
        What missing minutes mean: ``"unknown"``, or ``"beyond"`` where the search had a radius that
        puts whatever was not found past the limit.
    benchmark_per_10k
        Access that is enough, per 10,000: 10,000 / 3,500 = 2.857 (42 CFR part 5, appendix A).
    column, unit
        A column of one's own, and what it holds: a key of :data:`COLUMN_UNITS`.
    supply_n
        Clinicians there are in all: a column of ratios whose people times ratio is over three
        times or under a third of it is refused.
    roads
        Speeds that turn a column of km into minutes, as in :func:`equity.nearest_sites`.

    Returns
    -------
    DataFrame
        By the index of ``table``: ``beyond_reach_share`` and ``beyond_reach_status``: ``ok``,
        ``no_supply_in_reach`` (1, because the caller or the table says so) or ``not_covered``
        (missing).

    Raises
    ------
    InputError
        For a limit or benchmark of 0 or less, negative minutes, ratios or spread, shares outside
        0 to 1, an unknown unit or method, or ratios that cannot be in the unit stated.
    MissingColumnError
        If a column is missing; a method whose result is no ratio (``bfca``, ``i2sfca``, ``raam``)
        has no access to compare.

    Notes
    -----
    ``s = sum over points of P_k / P x Phi((ln t_k - ln limit) / sd)``: t is known up to a factor
    whose logarithm is normal with mean 0. t = 0 is at the door: s = 0. A bias that the table states
    is divided out first.

    Examples
    --------
    >>> near = pd.DataFrame({"nearest_site_min": [15.0, 30.0, 45.0]}, index=["a", "b", "c"])
    >>> beyond_reach(near, limit_min=30, sd=0.22)["beyond_reach_share"].round(3).tolist()
    [0.001, 0.5, 0.967]
    >>> beyond_reach(near, limit_min=30, sd=0)["beyond_reach_share"].tolist()
    [0.0, 0.0, 1.0]
    """
    if method not in BEYOND_METHODS:
        raise InputError(f"no method {method!r}", fix=f"use one of {', '.join(BEYOND_METHODS)}")
    if missing not in {"unknown", "beyond"}:
        raise InputError(f"missing is {missing!r}", fix="use 'unknown' or 'beyond'")
    if method == "capacity":
        found = by_access(number_column(table, ACCESS, np.inf), benchmark_per_10k)
    elif method == "travel":
        if points is None and _NEAREST not in table.columns:
            raise MissingColumnError(
                f"the table lacks {_NEAREST}", fix="make it with nearest_sites, or give points="
            )
        found = _by_travel(table, points, travel_limit(limit_min), sd, missing=missing)
    else:
        found = own_column(
            table, column, unit, limit_min=limit_min, sd=sd, roads=roads,
            benchmark_per_10k=benchmark_per_10k, supply_n=supply_n,
        )  # fmt: skip
    share = found.share
    assumed = np.isnan(share) & found.missing & (missing == "beyond")
    share = np.where(assumed, 1.0, share)
    result = pd.DataFrame(
        {
            "beyond_reach_share": share,
            "beyond_reach_status": np.select(
                [np.isnan(share), found.missing],
                ["not_covered", "no_supply_in_reach"],
                default="ok",
            ),
        },
        index=table.index,
    )
    parents = [table] if points is None else [table, points]
    return carry(result, *parents, notes=[found.note])


def spread_inside(
    land_km2: pd.Series, nearest_site_km: pd.Series, *, exponent: float = 1.0
) -> pd.Series:
    """Return the spread of an area's people about the trip from its center.

    People spread evenly over a disc of the area's size lie half a radius from its center along any
    line (root mean square): ``sd = exponent x sqrt(land / pi) / (2 km)``, at most 1.

    Parameters
    ----------
    land_km2
        Land area by area id.
    nearest_site_km
        Great-circle km from the center to the nearest site, by area id.
    exponent
        Of :class:`Roads`: minutes grow as km to this power.

    Returns
    -------
    Series
        ``sd`` by the index of ``nearest_site_km``, for :func:`beyond_reach`. Held against block
        groups inside Virginia's tracts it gives 0.26, 0.23, 0.21, 0.14, 0.10 for 0.26, 0.22, 0.21,
        0.12, 0.09 seen at 2-5, 5-10, 10-20, 20-30, 30-60 km.

    Examples
    --------
    >>> spread_inside(pd.Series([314.16]), pd.Series([25.0])).round(2).tolist()
    [0.2]
    """
    km = checked_column(nearest_site_km.to_frame("nearest_site_km"), "nearest_site_km", np.inf)
    land = checked_column(
        land_km2.reindex(nearest_site_km.index).to_frame("land_km2"), "land_km2", np.inf
    )
    half_radius = np.sqrt(land / np.pi) / 2.0
    ratio = np.divide(half_radius, km, out=np.full_like(km, 1.0), where=km > 0)
    return pd.Series(
        np.minimum(checked_number(exponent, "the exponent") * ratio, 1.0),
        index=nearest_site_km.index,
        name="sd",
    )


def _by_travel(
    table: pd.DataFrame,
    points: pd.DataFrame | None,
    limit: float,
    sd: float | pd.Series | None,
    *,
    missing: str,
) -> Found:
    known = travel_estimate(table if points is None else points) or TravelEstimate()
    spread = spread_of(sd, table.index, known)
    note = said(
        "Beyond reach: more than {limit} minutes, {spread}",
        limit=f"{limit:g}",
        spread=spread_text(spread),
    )
    minutes = _minutes_of(table) / known.bias
    share = lognormal(minutes, limit, spread)
    if points is None:
        return Found(share, ~np.isfinite(minutes), note)
    area, people, away = _points(table.index, points)
    away = away / known.bias
    part = lognormal(away, limit, spread[area])
    if missing == "beyond":
        part = np.where(np.isnan(away), 1.0, part)
    lost = np.bincount(area, np.isnan(away) & (people > 0), minlength=len(table)) > 0
    total = np.bincount(area, people, minlength=len(table))
    # An unknown point counts as nothing here and makes its area unknown below.
    met = np.bincount(area, people * np.where(people > 0, np.nan_to_num(part), 0.0), len(table))
    lived = total > 0
    share = np.divide(met, total, out=share.copy(), where=lived)
    if missing == "unknown":
        share = np.where(lived & lost, np.nan, share)
    over = said(
        "over populated points in {n} of {all} areas",
        n=f"{int(lived.sum()):,}",
        all=f"{len(table):,}",
    )
    note = together([note, over])
    return Found(np.minimum(share, 1.0), np.where(lived, lost, ~np.isfinite(minutes)), note)


def _minutes_of(table: pd.DataFrame) -> Floats:
    """Return minutes to the nearest site: infinite where it is known that none can be reached."""
    if _NEAREST not in table.columns:
        return np.full(len(table), np.nan)
    minutes = number_column(table, _NEAREST, np.inf)
    if _STATUS not in table.columns:
        return minutes
    unreached = np.isnan(minutes) & (table[_STATUS] == "no_supply_in_reach").to_numpy()
    return np.where(unreached, np.inf, minutes)


def _points(areas: pd.Index, points: pd.DataFrame) -> tuple[NDArray[np.intp], Floats, Floats]:
    """Return each point's area by position, its people and its minutes; strangers are left out."""
    for name in (_NEAREST, "population_n"):
        if name not in points.columns:
            raise MissingColumnError(f"the points lack {name}")
    if "geoid" in points.columns:
        names = pd.Index(points["geoid"])
    else:
        digits = sorted({len(str(area)) for area in areas})
        if len(digits) != 1:
            raise InputError(
                "the areas of points cannot be told from their ids",
                rows=areas[:5].tolist(),
                fix="add the column geoid to points",
            )
        names = points.index.astype(str).str[: digits[0]]
    people = checked_column(points, "population_n", np.inf)
    unknown = np.isnan(people)
    if unknown.any():
        raise InputError(
            "points have no population",
            rows=points.index[unknown][:5].tolist(),
            count=int(unknown.sum()),
            fix="leave them out, or fill in 0 where nobody lives",
        )
    area = areas.get_indexer(names)
    inside = area >= 0
    if not inside.any():
        raise InputError(
            "no point lies in any of the areas",
            rows=names[:5].tolist(),
            fix="give points of the same state and vintage, ids as text",
        )
    return area[inside], people[inside], _minutes_of(points)[inside]
