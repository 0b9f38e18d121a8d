"""Care in person, as a study asks about it: distances, capacity, and who is beyond reach."""

from __future__ import annotations

from typing import Any, NamedTuple

import geopandas as gpd
import pandas as pd

from equity.areas.join import combine
from equity.errors import InputError, MissingColumnError, VintageError
from equity.language import mark, said
from equity.measures.reach.beyond import beyond_reach
from equity.measures.reach.catchment import catchment
from equity.measures.reach.centers import population_centers
from equity.measures.reach.decay import slow_steps
from equity.measures.reach.travel import nearest_sites, travel_costs
from equity.provenance import carry, meta
from equity.sources.care.kinds import sites_of
from equity.study.inputs import Inputs
from equity.study.parts import CarePart, StudyPlan

__all__ = ["Trips", "beyond_by_trips", "care_within_reach", "sites_that_count", "trips"]

_PER_10K = 10_000.0
_APART_KM = 500.0


class Trips(NamedTuple):
    """The nearest site of every area, and of every populated block where the study has blocks."""

    near: pd.DataFrame
    points: pd.DataFrame | None


def trips(plan: StudyPlan, inputs: Inputs, table: gpd.GeoDataFrame, care: CarePart) -> Trips:
    """Measure one kind of care: what its limit and its spread make no difference to."""
    sites, along = sites_that_count(inputs.sites, care), _along(inputs, care)
    centers = _centers(plan, inputs, table)
    placed = _placed(table, centers)
    rurality = _rurality(care, table)
    near = nearest_sites(placed, sites, centers=centers, rurality=rurality, **along)
    _refuse_far(near)
    points = None if care.by_capacity else _points(inputs, sites, care, table)
    return Trips(near, points)


def _placed(table: gpd.GeoDataFrame, centers: pd.DataFrame | None) -> gpd.GeoDataFrame:
    """Return the areas whose place is known: by a polygon, or by a center of population."""
    there = table.geometry.notna()
    there = there if centers is None else there | table.index.isin(centers.index)
    if not there.any():
        raise InputError(
            "no area says where it lies: distances to sites cannot be measured",
            fix="give polygons in [boundaries], or points in [centers]; or the minutes, in a table "
            'of their own: [[care]] method = "column"',
        )
    return table[there]


def _refuse_far(near: pd.DataFrame) -> None:
    """Refuse sites none of which is within a day of any area: they are of another place."""
    least = near["nearest_site_km"].min()
    if least > _APART_KM:
        raise InputError(
            f"of all sites the nearest is {least:,.0f} km from the nearest area",
            fix="check that the sites of [[sites]] are those of the study's state, and that their "
            "longitudes and latitudes are right",
        )


def care_within_reach(
    plan: StudyPlan,
    inputs: Inputs,
    table: gpd.GeoDataFrame,
    care: CarePart,
) -> gpd.GeoDataFrame:
    """Return the table with one kind of care beside it: how far it is, and who is beyond reach.

    Parameters
    ----------
    plan, inputs
        The study and what it runs on.
    table
        Its areas.
    care
        The part of the study file that asks.
    """
    if care.method == "column":
        beyond = beyond_reach(table, method="column", **_own_column(care, table))
        return combine(table, beyond)
    tolerance = plan.study.join_tolerance
    measured = trips(plan, inputs, table, care)
    near = measured.near
    if not care.by_capacity:
        near = combine(near, beyond_by_trips(measured, care))
    table = combine(table, near, names=[mark("Distances to sites")], tolerance=tolerance)
    if not care.by_capacity:
        return table
    access = _access(plan, inputs, table, care)
    table = combine(table, access, names=[mark("Care within reach")], tolerance=tolerance)
    benchmark = _PER_10K / care.benchmark_people_per_fte
    return combine(table, beyond_reach(table, method="capacity", benchmark_per_10k=benchmark))


def beyond_by_trips(measured: Trips, care: CarePart) -> pd.DataFrame:
    """Return who is beyond reach within the limit and the spread of one kind of care."""
    near, points = measured
    return beyond_reach(near, limit_min=care.limit_min, sd=care.sd, points=points)


def sites_that_count(sites: gpd.GeoDataFrame | None, care: CarePart) -> gpd.GeoDataFrame:
    """Keep the sites of the kinds that the study names; all where it names none."""
    if sites is None:
        raise InputError(
            "no site to measure distances to", fix='give one [[sites]] use = "sites" or "both"'
        )
    chosen = sites_of(sites, care.kinds) if care.kinds else sites
    offers = chosen.get("offers_telehealth")
    if offers is None or offers.isna().all():
        return chosen
    yes, no = int(offers.sum()), int((~offers.astype("boolean")).sum())
    note = said(
        "Of {n} sites {yes} are said to offer telehealth, {no} not; of {rest} their list says "
        "nothing",
        n=f"{len(chosen):,}",
        yes=f"{yes:,}",
        no=f"{no:,}",
        rest=f"{len(chosen) - yes - no:,}",
    )
    return carry(chosen, chosen, notes=[note])


def _along(inputs: Inputs, care: CarePart) -> dict[str, Any]:
    """Return what trips follow: the roads of the map, or speeds over a straight line."""
    if care.extracts:
        return {"method": "roads", "roads": inputs.roads[care.extracts]}
    return {"roads": care.roads}


def _rurality(care: CarePart, table: pd.DataFrame) -> pd.Series | None:
    if care.rurality is None or care.extracts:
        return None
    if care.rurality not in table.columns:
        raise MissingColumnError(
            f"care.rurality names {care.rurality}, which no input holds",
            fix="map it in one of [[tables]]",
        )
    rurality: pd.Series = table[care.rurality]
    return rurality


def _own_column(care: CarePart, table: pd.DataFrame) -> dict[str, Any]:
    if care.column not in table.columns:
        raise MissingColumnError(
            f"care.column names {care.column}, which no input holds",
            fix="map it in one of [[tables]]",
        )
    ratio = care.by_ratio
    return {
        "column": care.column,
        "unit": care.unit,
        "limit_min": None if ratio or care.unit == "share" else care.limit_min,
        "sd": care.sd,
        "roads": care.roads,
        "supply_n": care.supply_n,
        "benchmark_per_10k": _PER_10K / care.benchmark_people_per_fte if ratio else None,
    }


def _centers(plan: StudyPlan, inputs: Inputs, table: Any) -> pd.DataFrame | None:
    """Return where people are, if the study has blocks or centers of population."""
    if inputs.centers is not None:
        return _met_centers(plan, inputs, table)
    if inputs.blocks is None:
        return None
    return population_centers(inputs.blocks, level=plan.study.level)


def _met_centers(plan: StudyPlan, inputs: Inputs, table: Any) -> pd.DataFrame:
    """Return the centers of the study's own areas, or refuse those of another census."""
    vintage = str(meta(table).geo_vintage)
    assert inputs.centers is not None, "asked for before"
    centers = inputs.recoded(inputs.centers[["lon", "lat"]])
    try:
        met = combine(
            table[["population_n"]],
            centers,
            tolerance=plan.study.join_tolerance,
            names=["[centers]"],
        )
    except (InputError, VintageError) as error:
        census = f'file = "live:centers" and year = {vintage[:4]}'
        also = ', and connecticut = "live:ruca" in [coverage]' if "CT" in vintage else ""
        raise type(error)(
            error.what,
            rows=error.rows,
            fix=f"say {census} in [centers]{also}, or leave [centers] out",
            code=error.code,
        ) from None
    there: pd.DataFrame = met[["lon", "lat"]].dropna()
    return there


def _points(
    inputs: Inputs, sites: gpd.GeoDataFrame, care: CarePart, table: pd.DataFrame
) -> pd.DataFrame | None:
    """Return the nearest site of every populated block, where the study has blocks."""
    if inputs.blocks is None:
        return None
    people = inputs.blocks[inputs.blocks["population_n"] > 0]
    rurality = _rurality(care, table)
    if rurality is not None:
        own = people.index.str[: len(table.index[0])]
        rurality = pd.Series(own.map(rurality.to_dict()), index=people.index)
    near = nearest_sites(people, sites, rurality=rurality, **_along(inputs, care))
    return near.assign(population_n=people["population_n"])


def _access(
    plan: StudyPlan, inputs: Inputs, table: gpd.GeoDataFrame, care: CarePart
) -> pd.DataFrame:
    supply = inputs.capacity
    if supply is None or supply["fte"].isna().all():
        raise InputError(
            f"care.method = {care.method!r} needs clinicians with FTE",
            fix='give [[sites]] with a fte column, or use method = "travel"',
        )
    unknown = int(supply["fte"].isna().sum())
    if unknown:
        raise InputError(
            f"{unknown:,} of {len(supply):,} places have no FTE, so no ratio can be formed",
            rows=supply.index[supply["fte"].isna()],
            fix='fill them in, or set use = "sites" on the input without FTE',
        )
    centers = _centers(plan, inputs, table)
    limit, placed = care.limit_min, _placed(table, centers)
    costs = travel_costs(
        placed,
        supply,
        max_minutes=limit,
        centers=centers,
        rurality=_rurality(care, table),
        **_along(inputs, care),
    )
    people = placed["population_n"].fillna(0.0)
    steps = slow_steps(limit)
    return catchment(costs, demand=people, supply=supply["fte"], method="e2sfca", steps=steps)
