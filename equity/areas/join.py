"""One-to-one joins of area tables on id and vintage, with an account of every unmatched row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, cast, overload

import numpy as np
import pandas as pd

from equity import provenance
from equity.areas._audit import HARMLESS, JoinAudit, audit_of, compare, compare_listed
from equity.areas.table import Table, level_of, refuse_duplicates, require_table, status_at
from equity.areas.validate import refuse_impossible
from equity.areas.vintage import check_vintage, comparable, required_vintage
from equity.errors import InputError, VintageError

__all__ = ["JoinAudit", "combine", "combine_audit", "confirm_listed"]

_KEEP_FIRST = ("geo_id", "name", "county_name", "geometry", "area_status")
"""Columns that describe the area itself: the first table's stand."""


@overload
def combine(
    table: Table,
    *others: pd.DataFrame,
    tolerance: float = ...,
    names: Sequence[str] | None = ...,
    audit: Literal[False] = ...,
) -> Table: ...
@overload
def combine(
    table: Table,
    *others: pd.DataFrame,
    tolerance: float = ...,
    names: Sequence[str] | None = ...,
    audit: Literal[True],
) -> tuple[Table, JoinAudit]: ...
def combine(
    table: Table,
    *others: pd.DataFrame,
    tolerance: float = 0.01,
    names: Sequence[str] | None = None,
    audit: bool = False,
) -> Table | tuple[Table, JoinAudit]:
    """Join area tables one to one, on id and vintage.

    The first table decides the areas and their order; the others add columns. Where a table has
    no row for an area its columns are missing (never 0) and its ``_status`` columns say why:
    ``no_population`` for water and empty areas, ``not_covered`` otherwise. A column `area_status`
    (``ok``, ``water``, ``no_population``, ``unknown``) keeps areas without people out of every
    ranking.

    Parameters
    ----------
    table
        Area table that decides the rows.
    *others
        Area tables of the same level and vintage.
    tolerance
        Largest share of the first table's areas (0 to 1) that a table may lack for a reason other
        than water or no people. Beyond it the join is refused.
    names
        What to call the other tables in messages and in the audit; by default their first
        source's product.
    audit
        Return the `JoinAudit` too.

    Returns
    -------
    DataFrame or GeoDataFrame, or a pair of it and a JoinAudit
        Sources and notes of all tables are carried, and one note a table says how many areas it
        matched and why the rest did not.

    Raises
    ------
    VintageError
        If a table does not say its vintage, has another one, or its ids show that it has.
    GeoidError
        If ids are not text, not of the level, or occur twice.
    InputError
        If levels differ, too many areas are missing, or a column is in two tables with different
        values.

    See Also
    --------
    combine_audit : the account alone, without a refusal.
    equity.crosswalk : moves a table to other areas.

    Examples
    --------
    >>> import pandas as pd
    >>> from equity.areas.table import area_table
    >>> ids = ["51001090101", "51001090102"]
    >>> people = pd.DataFrame({"id": ids, "population_n": [900.0, 1500.0]})
    >>> lines = pd.DataFrame({"id": ids[::-1], "locations_n": [700.0, 400.0]})
    >>> named = {"level": "tract", "geo_vintage": "2020"}
    >>> table = combine(area_table(people, "id", **named), area_table(lines, "id", **named))
    >>> table["locations_n"].tolist()
    [400.0, 700.0]
    """
    if not 0 <= tolerance <= 1:
        raise InputError("tolerance is a share, from 0 to 1")
    labels = _labels(others, names)
    level, vintage = _same_areas(table, others, labels)
    found = _audit(table, others, labels, level)
    for label in labels:
        _refuse(found, label, tolerance, vintage, level)
    tables: list[pd.DataFrame] = [table, *others]
    for one, label in zip(tables, ("the first table", *labels), strict=True):
        refuse_impossible(one, label)
    result = _join(table, others, labels, found)
    result["area_status"] = status_at(result, level)
    told = found.sentences(
        [label for label, other in zip(labels, others, strict=True) if not _made_from(other, table)]
    )
    carried = cast("Table", provenance.carry(result, table, *others, notes=told))
    return (carried, found) if audit else carried


def _made_from(other: Any, table: Any) -> bool:
    """Tell whether a table is a measure of the first one's own rows: no join worth a sentence."""
    sources = provenance.meta(other).sources
    own = set(sources) <= set(provenance.meta(table).sources)
    return bool(sources) and own and bool(other.index.equals(table.index))


def combine_audit(
    table: pd.DataFrame, *others: pd.DataFrame, names: Sequence[str] | None = None
) -> JoinAudit:
    """Tell which rows of the tables would not meet, and why, without refusing or joining.

    Vintages are not compared, so that the damage of a wrong join can be seen.

    Parameters
    ----------
    table, *others
        Area tables of one level.
    names
        What to call the others in the audit; their sources by default.

    Returns
    -------
    JoinAudit
        How many rows meet, and every row that does not, with its reason.

    Raises
    ------
    GeoidError
        If ids are not text, not of the level, or occur twice.
    InputError
        If levels differ.
    """
    labels = _labels(others, names)
    level = _same_level(table, others, labels)
    return _audit(table, others, labels, level)


def _labels(others: Sequence[Any], names: Sequence[str] | None) -> list[str]:
    if names is not None and len(names) != len(others):
        raise InputError(f"{len(names)} names for {len(others)} tables")
    names = None if names is None else list(names)
    labels = []
    for i, other in enumerate(others):
        require_table(other, f"table {i + 2}")
        sources = provenance.meta(other).sources
        default = f"{sources[0].product} {sources[0].vintage}".strip() if sources else ""
        label = names[i] if names is not None else default or f"table {i + 2}"
        labels.append(label if label not in labels else f"{label} (table {i + 2})")
    return labels


def _same_level(table: Any, others: Sequence[Any], labels: Sequence[str]) -> str:
    level = level_of(table, name="the first table")
    refuse_duplicates(table.index, "the first table")
    for other, label in zip(others, labels, strict=True):
        require_table(other, label)
        if _has_rows_of(other, table):
            theirs = provenance.meta(other).level or level
        else:
            theirs = level_of(other, name=label)
            refuse_duplicates(other.index, label)
        if theirs != level:
            raise InputError(
                f"{label} has one row a {theirs.replace('_', ' ')}, the first table one row a "
                f"{level.replace('_', ' ')}",
                fix="roll the finer one up with equity.roll_up, or give every "
                "tract its county's value with equity.spread",
            )
    return level


def _has_rows_of(other: Any, table: Any) -> bool:
    """Tell whether a table has the very rows of another, whose ids have been looked at."""
    return other.index is table.index or bool(
        other.index.dtype == table.index.dtype and other.index.equals(table.index)
    )


def _same_areas(table: Any, others: Sequence[Any], labels: Sequence[str]) -> tuple[str, str]:
    level = _same_level(table, others, labels)
    mine = required_vintage(provenance.meta(table).geo_vintage, name="the first table")
    check_vintage(table.index, level=level, geo_vintage=mine, file="the first table")
    for other, label in zip(others, labels, strict=True):
        theirs = required_vintage(provenance.meta(other).geo_vintage, name=label)
        if theirs == mine and _has_rows_of(other, table):
            continue
        _same_vintage(table.index, other.index, (mine, theirs), level=level, label=label)
    return level, mine


def _same_vintage(
    ids: pd.Index, others: pd.Index, vintages: tuple[str, str], *, level: str, label: str
) -> None:
    mine, theirs = vintages
    check_vintage(others, level=level, geo_vintage=theirs, file=label)
    if comparable(level, mine, theirs, ids, others):
        return
    alike = int(ids.isin(others).sum())
    silently = " and would join silently to the wrong places" if "2010" in (mine, theirs) else ""
    raise VintageError(
        f"{label} has areas of {theirs}, the first table areas of {mine}; "
        f"{alike:,} of {len(ids):,} ids are alike{silently}",
        fix=_which_crosswalk(theirs, mine, level),
        code="E-VINTAGE-DIFFERS",
    )


def confirm_listed(
    listed: pd.Index,
    areas: pd.Index,
    *,
    name: str,
    level: str,
    geo_vintage: str,
    listed_vintage: str | None = None,
    tolerance: float,
) -> JoinAudit:
    """Confirm a list of areas against the areas there are, as `combine` confirms a table.

    A list names some areas and says nothing of the others; where its publisher mixes vintages, as
    HRSA does, the areas' own ids decide. An id that both vintages have cannot be told apart.

    Parameters
    ----------
    listed
        The ids of the list, each once.
    areas
        The ids that there are, each once: all of the counties that they lie in.
    name
        What the list is called.
    level
        Level of both.
    geo_vintage
        Vintage of the areas.
    listed_vintage
        Vintage of the list, where it has a single one.
    tolerance
        Largest share of the ids listed in these counties (0 to 1) that may be none of the areas.

    Returns
    -------
    JoinAudit
        How many ids of the list met an area, and each that did not, with its reason.

    Raises
    ------
    VintageError
        If the list says another vintage, or too many of its ids are of another.
    InputError
        If too many ids are none of the areas and nothing tells why.
    """
    if listed_vintage is not None:
        _same_vintage(areas, listed, (geo_vintage, listed_vintage), level=level, label=name)
    found = audit_of([compare_listed(name, listed, areas, level)])
    _refuse(found, name, tolerance, geo_vintage, level)
    return found


def _which_crosswalk(have: str, want: str, level: str) -> str:
    if level == "county" and "2010" in (have, want):
        return "bring county codes up to date with equity.areas.recode.counties(table)"
    if "2010" not in (have, want):
        return (
            f"recode Connecticut with equity.areas.recode.connecticut(table, codes, to={want!r}); "
            "the codes come from a table of both ids (RUCA 2020, or the CTData crosswalk)"
        )
    return (
        f"move it first: equity.crosswalk(table, relationship, to={want!r}), the relationship from "
        "equity.read_tract_relationship (tab20_tract20_tract10, land) or "
        "equity.from_blocks (people and homes)"
    )


def _audit(table: Any, others: Sequence[Any], labels: Sequence[str], level: str) -> JoinAudit:
    empty = _without_people([table, *others])
    return audit_of(
        [
            compare(label, table.index, other.index, level, empty)
            for label, other in zip(labels, others, strict=True)
        ]
    )


def _without_people(tables: Sequence[Any]) -> set[str]:
    empty: set[str] = set()
    for table in tables:
        if "population_n" in table.columns:
            nobody = (table["population_n"] == 0).fillna(value=False).to_numpy(dtype=bool)
            empty |= set(table.index[nobody])
    return empty


def _refuse(found: JoinAudit, label: str, tolerance: float, vintage: str, level: str) -> None:
    reasons = {k: n for k, n in found.reasons(label).items() if n and k not in HARMLESS}
    row = found.matched.loc[label]
    lost = sum(reasons.values())
    if lost <= tolerance * row["areas"]:
        return
    rows = found.rows
    mine = (rows["table"] == label) & (rows["side"] == "missing") & rows["reason"].isin(reasons)
    parts = ", ".join(f"{n:,} {k.replace('_', ' ')}" for k, n in reasons.items())
    what = (
        f"{label} matches {row['matched']:,.0f} of {row['areas']:,.0f} areas "
        f"({row['match_share']:.1%}); {parts}"
    )
    examples = list(rows.loc[mine, "geoid"])
    if "other_vintage" in reasons or "code_change" in reasons:
        have = "2020" if vintage == "2010" else "2010"
        remedy = _which_crosswalk(have, vintage, level)
        raise VintageError(
            f"{what}: its ids are not those of {vintage}",
            rows=examples,
            fix=f"if it has areas of {have}, declare that and {remedy}",
            code="E-VINTAGE-IDS",
        )
    raise InputError(
        what,
        rows=examples,
        fix="add the missing rows, keep only the areas both tables cover, or allow the gap "
        "with tolerance=",
        code="E-JOIN-INCOMPLETE",
    )


def _join(
    table: pd.DataFrame, others: Sequence[pd.DataFrame], labels: Sequence[str], found: JoinAudit
) -> pd.DataFrame:
    result = table.drop(columns="area_status", errors="ignore")
    geometry = _geometry_of([table, *others])
    pieces = [pd.DataFrame(result)]
    taken: dict[str, tuple[str, Any]] = dict.fromkeys(result.columns, ("the first table", result))
    for other, label in zip(others, labels, strict=True):
        piece = _piece(other, label, result.index, taken, found)
        taken.update(dict.fromkeys(piece.columns, (label, piece)))
        pieces.append(piece)
    joined = pd.concat(pieces, axis=1).copy()  # one block again: columns came one by one
    joined.index.name = "geoid"
    if geometry is None:
        return joined
    import geopandas as gpd

    name, crs = geometry
    return gpd.GeoDataFrame(joined, geometry=name, crs=crs)


def _geometry_of(tables: Sequence[Any]) -> tuple[str, Any] | None:
    """Name and CRS of the first table's geometry that there is."""
    for table in tables:
        name = getattr(table, "active_geometry_name", None)
        if name is not None:
            return str(name), table.crs
    return None


def _piece(
    other: Any, label: str, index: Any, taken: dict[str, tuple[str, Any]], found: JoinAudit
) -> pd.DataFrame:
    """Give the columns another table adds, in the first table's rows."""
    position = other.index.get_indexer(index)
    here = position >= 0
    new: list[str] = []
    for column in other.columns:
        if column in taken:
            _refuse_conflict(column, label, other, position, taken[column])
        elif column != "area_status":
            new.append(column)
    piece = pd.DataFrame(other)[new].reindex(index)
    for column in new:
        if not here.all() and pd.api.types.is_bool_dtype(other[column].dtype):
            piece[column] = piece[column].astype("boolean")
    if not here.all():
        _fill_status(piece, here, index, label, found)
    return piece


def _fill_status(piece: Any, here: Any, index: Any, label: str, found: JoinAudit) -> None:
    """Say in every status column why there is no value."""
    columns = [c for c in piece.columns if str(c).partition("__")[0].endswith("_status")]
    if not columns:
        return
    rows = found.rows[(found.rows["table"] == label) & (found.rows["side"] == "missing")]
    reason = rows.set_index("geoid")["reason"].reindex(index[~here])
    words = np.where(reason.isin(HARMLESS), "no_population", "not_covered")
    for column in columns:
        piece[column] = piece[column].astype(object)
        piece.loc[~here, column] = words


def _refuse_conflict(
    column: Any, label: str, other: Any, position: Any, taken: tuple[str, Any]
) -> None:
    """Two tables may hold the same column only if they say the same."""
    if column in _KEEP_FIRST:
        return
    owner, held = taken
    mine = held[column]
    here = position >= 0
    ours = mine.to_numpy()[here]
    theirs = other[column].to_numpy()[position[here]]
    known = ~(pd.isna(ours) | pd.isna(theirs))
    if pd.api.types.is_numeric_dtype(mine) and pd.api.types.is_numeric_dtype(other[column]):
        left, right = ours[known].astype(float), theirs[known].astype(float)
        differ = ~np.isclose(left, right, rtol=1e-9, atol=0)
    else:
        differ = ours[known] != theirs[known]
    if np.any(differ):
        raise InputError(
            f"column {column} is in {owner} and in {label} with different values",
            rows=list(mine.index[here][known][differ]),
            fix=f"rename it in one table, for example rename(columns={{{column!r}: ...}}), "
            "or drop the one you do not want",
            code="E-COLUMN-TWICE",
        )
