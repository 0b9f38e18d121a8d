"""The practice's own line: whether it can carry telehealth for a practice of its size.

A site is looked up at its census block or H3 cell among the offers there. Hospitals and many
clinics are not locations in the FCC's fabric: a cell without any offer is said to be one, in a
status of its own, and is neither "no line" nor "fine". Offers are what providers claim is
available, at most.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from equity import provenance
from equity.errors import InputError
from equity.language import said
from equity.measures._practice_lines import (
    LINE_UNKNOWN,
    cells_of,
    line_status,
    lines_at,
    need_columns,
)
from equity.measures._practice_size import PRACTICE_TIERS, PracticeTier, sizes, visits_of
from equity.measures.checks import Numbers, aligned, checked_number
from equity.measures.reach import decay as _decay
from equity.measures.reach.costs import TravelCosts
from equity.measures.reach.floating import weighted
from equity.measures.reach.places import Floats, Table, checked_ids, locate

__all__ = [
    "MBPS_PER_VISIT",
    "PRACTICE_TIERS",
    "PracticeTier",
    "best_offers",
    "capacity_behind_lines",
    "h3_cells",
    "link_adequacy",
    "practice_readiness",
]

MBPS_PER_VISIT = 3.0
"""Mbps each way for one video visit (vendors ask for 1 to 3; a parameter everywhere)."""


def link_adequacy(
    down_mbps: Floats, up_mbps: Floats, *, visits: Floats | float, mbps_per_visit: float
) -> Floats:
    """Return the share of a practice's simultaneous visits that its line carries.

    ``min(1, up / (n r), down / (n r))``: what the two-channel model of
    :func:`equity.virtual_catchment` takes as ``site_link_adequacy``.

    Examples
    --------
    >>> import numpy as np
    >>> link_adequacy(np.array([25.0]), np.array([3.0]), visits=2, mbps_per_visit=3).tolist()
    [0.5]
    """
    needed = visits * mbps_per_visit
    return np.minimum(1.0, np.minimum(up_mbps / needed, down_mbps / needed))


def best_offers(locations: pd.DataFrame, *, cell: str) -> pd.DataFrame:
    """Return the best claimed speeds in each block or cell.

    Parameters
    ----------
    locations
        One row a location (or offer) with the cell's id, ``best_down_mbps`` and
        ``best_up_mbps``, and ``low_latency`` if known.
    cell
        Column of the block's or cell's id.

    Returns
    -------
    DataFrame
        By cell id: ``best_down_mbps`` and ``best_up_mbps`` (each the highest in the cell, perhaps
        of different lines) and ``low_latency`` (whether any is).

    Raises
    ------
    MissingColumnError
        If the cell or a speed is not among the columns.

    Examples
    --------
    >>> import pandas as pd
    >>> homes = pd.DataFrame({"block": "a", "best_down_mbps": [25, 100], "best_up_mbps": [20, 3]})
    >>> best_offers(homes, cell="block").loc["a"].tolist()
    [100, 20]
    """
    need_columns(locations, (cell, "best_down_mbps", "best_up_mbps"), "locations")
    rules = {"best_down_mbps": "max", "best_up_mbps": "max"}
    if "low_latency" in locations.columns:
        rules["low_latency"] = "max"
    return provenance.carry(locations.groupby(cell).agg(rules), locations)


def h3_cells(sites: Table, *, resolution: int = 8) -> pd.Series:
    """Return the H3 cell each site lies in, for sites whose census block is not known.

    Parameters
    ----------
    sites
        By site id: geometry in any coordinate system, or ``lon`` and ``lat`` (degrees).
    resolution
        8 is that of the FCC's location files.

    Returns
    -------
    Series
        ``h3`` by site id; missing for a site without a location.

    Raises
    ------
    InputError
        If coordinates are swapped, out of range or without a coordinate system.
    """
    h3 = import_module("h3")  # it has no types
    places = locate(sites, role="sites")
    cells = [
        h3.latlng_to_cell(lat, lon, resolution) if known else None
        for lat, lon, known in zip(places.lat, places.lon, places.known, strict=True)
    ]
    return provenance.carry(pd.Series(cells, index=sites.index, name="h3", dtype=object), sites)


def practice_readiness(
    sites: Table,
    offers: pd.DataFrame | None,
    *,
    cell: str | pd.Series | None = None,
    size: str | pd.Series | None = None,
    visits: Numbers | None = None,
    mbps_per_visit: float = MBPS_PER_VISIT,
    tiers: Mapping[str, PracticeTier] = PRACTICE_TIERS,
    unknown_size: str = "small",
) -> pd.DataFrame:
    """Hold each site's line against what a practice of its size needs.

    Parameters
    ----------
    sites
        By site id; ``kind`` and ``fte`` tell the size where ``size`` is not given. The published
        table names nursing homes, rural health clinics, hospitals and academic medical centers
        whatever their staff; otherwise up to 1 clinician is ``solo``, below 5 ``small``, up to 25
        ``clinic``, more ``hospital`` (:data:`PRACTICE_TIERS`).
    offers
        By block or H3 cell: ``best_down_mbps``, ``best_up_mbps`` (business and residential,
        whichever is better) and ``low_latency`` (assumed where there is no such column), from
        :func:`best_offers` or ``equity.coverage(…, level="h3")`` under a rule that asks for it.
        None where only classes of whole areas are at hand: no line is then known, and that is said.
    cell
        Each site's block or cell: a column of ``sites``, or a Series by site id
        (:func:`h3_cells`).
    size
        Names in ``tiers`` by site id, or one for all.
    visits
        Simultaneous video visits by site id, or one number, that the line *must* carry both ways.
        None: the tier's planning figure sizes ``link_adequacy``, and nobody fails on it.
    mbps_per_visit
        Mbps each way for one visit.
    tiers
        What each size needs.
    unknown_size
        Tier of sites whose size is not known.

    Returns
    -------
    DataFrame
        By the index of ``sites``: ``practice_size`` and ``is_size_assumed``;
        ``line_down_mbps``, ``line_up_mbps`` and ``is_low_latency`` (of the best claimed line);
        ``needed_down_mbps`` (the tier's) and ``needed_up_mbps`` (one visit, or those asked for: no
        published table has an upload); ``link_adequacy`` (0 to 1); ``can_carry_video`` (at least
        one visit; missing if unknown); ``practice_status``: ``ok``, ``below_tier`` (less than
        needed either way), ``high_latency``, ``no_offer`` (the cell has locations and none is
        offered a line), ``not_a_broadband_serviceable_location`` (the cell has no location in the
        FCC's list: the line is unknown), ``not_located`` (the site's cell is not known) or
        ``line_unknown`` (no offers at hand).

    Raises
    ------
    InputError, MissingColumnError
        For cells listed twice, an unknown size, negative speeds or visits, or a missing column.

    References
    ----------
    Bandwidth by size of practice: ONC/FCC table as quoted by the Alliance for Connected Care
    2019 and Shepler 2014 (second hand); academic medical centers: FCC OBI Technical Paper 5 (not
    read in the original). Simultaneous visits are planning figures of this package.

    Examples
    --------
    >>> import pandas as pd
    >>> sites = pd.DataFrame({"fte": [1.0, 8.0], "block": ["a", "a"]}, index=["solo", "clinic"])
    >>> offers = pd.DataFrame({"best_down_mbps": [20.0], "best_up_mbps": [3.0]}, index=["a"])
    >>> practice_readiness(sites, offers, cell="block")["practice_status"].tolist()
    ['ok', 'below_tier']
    """
    ids = checked_ids(sites, role="sites")
    names, assumed = sizes(sites, ids, size, tiers, unknown_size)
    line = lines_at(offers, cells_of(sites, ids, cell, wanted=offers is not None))
    needed_down = names.map({name: tier.down_mbps for name, tier in tiers.items()})
    rooms = visits_of(visits, names, ids, tiers)
    checked_number(mbps_per_visit, "mbps_per_visit", above=True)
    down, up = line["down"].to_numpy(), line["up"].to_numpy()
    quick = line["quick"].to_numpy()
    usable = np.where(quick, 1.0, 0.0)
    adequacy = link_adequacy(down, up, visits=rooms, mbps_per_visit=mbps_per_visit) * usable
    known = np.isfinite(down) & np.isfinite(up)
    one = quick & (down >= mbps_per_visit) & (up >= mbps_per_visit)
    result = pd.DataFrame(
        {
            "practice_size": names.to_numpy(),
            "is_size_assumed": assumed.to_numpy(),
            "line_down_mbps": down,
            "line_up_mbps": up,
            "is_low_latency": pd.array(quick, dtype="boolean"),
            "needed_down_mbps": needed_down.to_numpy(dtype=np.float64),
            "needed_up_mbps": mbps_per_visit * (rooms if visits is not None else 1.0),
            "link_adequacy": np.where(known, adequacy, np.nan),
            "can_carry_video": pd.array(one, dtype="boolean"),
        },
        index=sites.index,
    )
    result.loc[~known, ["is_low_latency", "can_carry_video"]] = pd.NA
    if offers is None:
        result["practice_status"] = LINE_UNKNOWN
        note = said("Practice lines: unknown, no offers by block or cell are at hand")
        return provenance.carry(result, sites, notes=[note])
    result["practice_status"] = line_status(result, line, known)
    note = said(
        "Practice lines: best claimed offer in the site's cell; {mbps} Mbps a visit",
        mbps=f"{mbps_per_visit:g}",
    )
    return provenance.carry(result, sites, offers, notes=[note])


def capacity_behind_lines(
    readiness: pd.DataFrame,
    *,
    supply: Numbers,
    areas: pd.Series | None = None,
    costs: TravelCosts | None = None,
    steps: _decay.Weights | None = None,
) -> pd.DataFrame:
    """Return how much of each area's capacity sits behind a line that cannot carry video.

    Parameters
    ----------
    readiness
        What :func:`practice_readiness` returns.
    supply
        Capacity by site id (Series, or one number for all).
    areas
        Area each site lies in, by site id: capacity *in* an area. Or:
    costs
        Travel costs: capacity within *reach* of an area's people, weighted by ``steps`` (as in
        :func:`equity.catchment`) or all alike up to the costs' limit.

    Returns
    -------
    DataFrame
        By area id: ``capacity_n`` (weighted, with ``costs``),
        ``capacity_without_video_share``, ``capacity_line_unknown_share`` and
        ``capacity_status``: ``ok``, ``no_capacity``, or ``line_unknown`` where no site's line is
        known (the shares are of all capacity, so unknown lines count as neither).

    Raises
    ------
    InputError
        If both or neither of `areas` and `costs` are given, or capacity does not match the sites.
    MissingColumnError
        If `readiness` has no ``can_carry_video``.
    """
    if (areas is None) == (costs is None):
        raise InputError(
            "capacity is either in an area or within its reach", fix="give areas= or costs="
        )
    ids = checked_ids(readiness, role="readiness")
    need_columns(readiness, ("can_carry_video",), "readiness")
    capacity = aligned(supply, ids, what="capacity", of="sites")
    carries = readiness["can_carry_video"]
    unknown = carries.isna().to_numpy()
    without = ~carries.fillna(value=True).to_numpy(dtype=bool)
    parts = np.column_stack([capacity, capacity * without, capacity * unknown])
    if costs is None:
        sums = pd.DataFrame(parts, index=ids).groupby(_areas_of(areas, ids)).sum()
        index, totals = sums.index.rename("geoid"), sums.to_numpy()
    else:
        index, totals = costs.origins, _within_reach(costs, parts, ids, steps)
    whole = totals[:, 0]
    shares = np.divide(
        totals[:, 1:],
        whole[:, None],
        out=np.full((len(whole), 2), np.nan),
        where=whole[:, None] > 0,
    )
    result = pd.DataFrame(
        {
            "capacity_n": whole,
            "capacity_without_video_share": shares[:, 0],
            "capacity_line_unknown_share": shares[:, 1],
            "capacity_status": np.select(
                [~(whole > 0), shares[:, 1] >= 1.0], ["no_capacity", "line_unknown"], default="ok"
            ),
        },
        index=index,
    )
    return provenance.carry(result, *([] if costs is None else [costs.record]), readiness)


def _areas_of(areas: pd.Series | None, ids: pd.Index) -> NDArray[np.object_]:
    found = areas.reindex(ids) if isinstance(areas, pd.Series) else None
    if found is None or found.isna().any():
        absent = ids if found is None else ids[found.isna()]
        raise InputError(
            "the area of sites is missing",
            rows=absent[:5].tolist(),
            count=len(absent),
            fix="give a Series by site id, for example block_geoid.str[:11]",
        )
    return found.to_numpy()


def _within_reach(
    costs: TravelCosts, parts: Floats, ids: pd.Index, steps: _decay.Weights | None
) -> Floats:
    position = ids.get_indexer(costs.sites)
    if (position < 0).any():
        absent = costs.sites[position < 0]
        raise InputError(
            "the costs have sites that readiness lacks",
            rows=absent[:5].tolist(),
            count=len(absent),
            code="E-ALIGN",
        )
    decay = (
        _decay.uniform(np.inf if costs.limit is None else costs.limit)
        if steps is None
        else _decay.decay_of(steps, costs)
    )
    totals = np.zeros((len(costs.origins), parts.shape[1]))
    for rows, f in weighted(costs, decay):
        totals[rows] = f @ parts[position]
    return totals
