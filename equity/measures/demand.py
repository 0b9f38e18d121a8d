"""The demand side: whom to count, how much care they need, and which shortage areas hold them.

Need enters through the population that is counted, and is said aloud: it is never inside the gap.
Shortage designations are joined at the level of their own components. A designated tract says
nothing about its county, and a county's worst designation is not every tract's.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from equity import provenance
from equity.areas.join import confirm_listed
from equity.areas.vintage import check_vintage, required_vintage
from equity.errors import InputError, MissingColumnError
from equity.language import said, together
from equity.measures.checks import checked_column, checked_number
from equity.measures.reach.places import Floats, Table, checked_ids

__all__ = ["demand_population", "join_designations"]

MIXED = 0.1
"""Share of a list of shortage areas that may carry ids of the other census.

Of the tracts that HRSA lists in Maryland 6 % (primary care) and 4 % (mental health) are none of the
2020 census.
"""

_LEVELS = {"tract": 11, "county_subdivision": 10, "county": 5}
_BELOW = {"tract": 11, "block_group": 12, "block": 15}


def demand_population(
    table: pd.DataFrame,
    *,
    group: str | None = None,
    needs: Mapping[str, float] | None = None,
    population: str = "population_n",
) -> pd.DataFrame:
    """Return the people to count as demand, in all or of one group, weighted by need if asked.

    Parameters
    ----------
    table
        By area id: ``population`` and shares of it, 0 to 1, such as ``age_65_share``,
        ``disability_share``, ``no_vehicle_share`` (:func:`equity.covered_populations`) or
        ``diabetes_share`` (:func:`equity.sources.cdc.read_places`).
    group
        Column of the share to count; everybody if None.
    needs
        Share column -> how much care one of its members needs compared with anybody else
        (2.0: twice as much). Groups overlap; their extra needs add up.
    population
        Column of the people the shares are of: PLACES gives shares of adults.

    Returns
    -------
    DataFrame
        By the caller's index: ``demand_n`` (people, or people weighted by need) and
        ``demand_n_status``: ``ok``, ``no_population`` or ``not_computable`` (a count or share is
        unknown: not zero).

    Raises
    ------
    MissingColumnError, InputError
        For a missing column, a share outside 0 to 1, a negative count or need.

    Examples
    --------
    >>> import pandas as pd
    >>> areas = pd.DataFrame({"population_n": [1000.0], "age_65_share": [0.2]})
    >>> demand_population(areas, group="age_65_share")["demand_n"].tolist()
    [200.0]
    >>> demand_population(areas, needs={"age_65_share": 2.0})["demand_n"].tolist()
    [1200.0]
    """
    everybody = _column(table, population, np.inf)
    people = everybody
    if group is not None:
        people = people * _column(table, group, 1.0)
    weight = np.ones(len(table))
    for name, need in (needs or {}).items():
        more = checked_number(need, f"the need of {name}") - 1.0
        weight += _column(table, name, 1.0) * more
    if (weight < 0).any():
        raise InputError(
            "needs below 1 of overlapping groups add up to less than nothing",
            rows=table.index[weight < 0][:5].tolist(),
            count=int((weight < 0).sum()),
        )
    demand = np.where(everybody == 0, 0.0, people * weight)
    status = np.select(
        [everybody == 0, ~np.isfinite(demand)],
        ["no_population", "not_computable"],
        default="ok",
    )
    counted = [said("Demand: people counted: {group}", group=group or said("everybody"))]
    if needs:
        terms = ", ".join(f"{name} x {need:g}" for name, need in needs.items())
        counted.append(said("need {terms}", terms=terms))
    result = pd.DataFrame({"demand_n": demand, "demand_n_status": status}, index=table.index)
    return provenance.carry(result, table, notes=[together(counted)])


def _column(table: pd.DataFrame, name: str, most: float) -> Floats:
    if name not in table.columns:
        raise MissingColumnError(f"the table has no column {name}")
    return checked_column(table, name, most)


def join_designations(
    areas: Table,
    designations: pd.DataFrame,
    *,
    name: str,
    level: str = "tract",
    subdivisions: pd.Series | None = None,
    tolerance: float = MIXED,
) -> pd.DataFrame:
    """Join shortage designations to areas, each at its own component level.

    Parameters
    ----------
    areas
        Area table, of every area of the counties that it has areas of.
    designations
        One row a component, as :func:`equity.read_designations` returns them: ``component``
        (``tract``, ``county_subdivision``, ``county``, ``point``), ``geoid``, ``score``. Facility
        designations (points) are not about areas; they are counted in a note.
    name
        Stem of the new columns, for example ``"hpsa_primary"``.
    level
        Level of ``areas``: ``tract``, ``block_group``, ``block``, ``county`` or
        ``county_subdivision``.
    subdivisions
        County subdivision (10 digits) of each area, by its id: most of a tract's people, say.
        Without it subdivision components cannot be placed, and a note says how many.
    tolerance
        Largest share (0 to 1) of the components of one level, in these counties, whose id may be
        none of the areas. :data:`MIXED` by default.

    Returns
    -------
    DataFrame
        By the caller's index: ``<name>_score`` (the highest of the components at the most specific
        level that holds the area; missing if none does or none is scored), ``<name>_component``
        (that level), ``<name>_n`` (components there) and ``<name>_status``: ``designated``,
        ``partly_designated`` (for counties and subdivisions: only areas inside are), or
        ``not_designated``.

    Raises
    ------
    VintageError
        If `areas` do not say their vintage, the list says another, or more of its ids than
        `tolerance` belong to another.
    InputError, MissingColumnError
        For an unknown level, ids of another length, a missing column, or more ids than `tolerance`
        that are none of the areas.

    Notes
    -----
    HRSA's lists mix ids of 2010 and 2020 and do not say which is which, so the areas decide: a note
    says how many of the ids listed in their counties met, and what the others are (an id whose
    tract was divided or merged, a county's changed code). An id that both vintages have stands for
    the area that carries it now. A list whose record says a
    vintage must have that of the areas.

    A tract inside a county that is designated as a whole is designated; the score is the county's
    unless the tract, or its subdivision, has a component of its own.
    """
    missing = [key for key in ("component", "geoid", "score") if key not in designations.columns]
    if missing:
        raise MissingColumnError(f"designations lack the column {', '.join(missing)}")
    ids = checked_ids(areas, role="areas")
    keys = _keys(ids, level, subdivisions)
    vintage = required_vintage(provenance.meta(areas).geo_vintage, name="the table of areas")
    check_vintage(ids, level=level, geo_vintage=vintage, file="the table of areas")
    score = np.full(len(ids), np.nan)
    held = np.full(len(ids), None, dtype=object)
    count = np.zeros(len(ids), dtype=np.int64)
    placed = designations[designations["geoid"].notna()]
    notes = _notes(name, designations, keys, partly=level == "county")
    for component in ("tract", "county_subdivision", "county"):
        if component not in keys:
            continue
        rows = placed[placed["component"] == component]
        best = rows.groupby("geoid")["score"].agg(["max", "size"])
        listed = best.index
        if level == "county":  # a county is partly designated by what lies inside it
            listed = listed.union(pd.Index(placed["geoid"].str[:5].unique()))
        audit = confirm_listed(
            listed,
            pd.Index(keys[component].dropna().unique()),
            name=f"{name}, each {component.replace('_', ' ')} listed",
            level=component,
            geo_vintage=vintage,
            listed_vintage=provenance.meta(designations).geo_vintage,
            tolerance=tolerance,
        )
        notes += audit.sentences() if len(listed) else []
        position = best.index.get_indexer(keys[component])
        new = (position >= 0) & (count == 0)
        score[new] = best["max"].to_numpy(dtype=np.float64)[position[new]]
        count[new] = best["size"].to_numpy()[position[new]]
        held[new] = component
    part = (count == 0) & _holds_part(ids, placed, level)
    status = np.select([count > 0, part], ["designated", "partly_designated"], "not_designated")
    result = pd.DataFrame(
        {
            f"{name}_score": score,
            f"{name}_component": held,
            f"{name}_n": count,
            f"{name}_status": status,
        },
        index=areas.index,
    )
    return provenance.carry(result, areas, designations, notes=notes)


def _keys(ids: pd.Index, level: str, subdivisions: pd.Series | None) -> dict[str, pd.Index]:
    """Return, for each component level, the id under which an area would be listed."""
    lengths = {**_BELOW, **_LEVELS}
    if level not in lengths:
        raise InputError(f"no designations at level {level!r}", fix=f"use {', '.join(lengths)}")
    text = ids.astype(str)
    wrong = text.str.len() != lengths[level]
    if wrong.any():
        raise InputError(
            f"ids that are not those of a {level}",
            rows=ids[wrong][:5].tolist(),
            count=int(wrong.sum()),
            fix="give level=, or equity.areas.geoid.normalize the ids",
            code="E-GEOID",
        )
    keys = {"county": text.str[:5]}
    if level in _BELOW:
        keys["tract"] = text.str[:11]
    if level == "county_subdivision":
        keys["county_subdivision"] = text
    elif subdivisions is not None:
        keys["county_subdivision"] = pd.Index(subdivisions.reindex(ids).astype(object))
    return keys


def _holds_part(ids: pd.Index, placed: pd.DataFrame, level: str) -> NDArray[np.bool_]:
    """Return which counties hold a designated area; by its digits a tract names its county only."""
    if level != "county":
        return np.zeros(len(ids), dtype=bool)
    finer = placed.loc[placed["component"] != "county", "geoid"]
    return np.asarray(ids.isin(finer.str[:5].unique()))


def _notes(
    name: str,
    designations: pd.DataFrame,
    keys: Mapping[str, pd.Index],
    *,
    partly: bool,
) -> list[str]:
    notes = []
    nowhere = designations["geoid"].isna() | (designations["component"] == "point")
    if nowhere.any():
        notes.append(
            said(
                "{name}: {n} components are facilities or masked",
                name=name,
                n=f"{int(nowhere.sum()):,}",
            )
        )
    placed = designations[~nowhere]
    beyond = placed[~placed["component"].isin(list(keys))]
    if len(beyond):
        levels = ", ".join(sorted(beyond["component"].unique()))
        values = {"name": name, "n": f"{len(beyond):,}", "levels": levels}
        notes.append(
            said(
                "{name}: {n} components of level {levels} not placed (counties that hold them are "
                "partly designated)",
                **values,
            )
            if partly
            else said("{name}: {n} components of level {levels} not placed", **values)
        )
    return notes
