"""Which states a study is about: tables of several become one, one state below the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from equity.areas.geoid import find_state
from equity.areas.table import Table
from equity.errors import InputError, VintageError
from equity.language import said
from equity.provenance import carry, meta

__all__ = ["below_each_other", "refuse_absent", "stacked"]

_OF_THE_AREA = frozenset({"name", "county_name", "geometry"})
_CLASSES = "coverage_classes"


def stacked(tables: Iterable[Table], states: Sequence[str]) -> list[Table]:
    """Put tables of different states that tell the same things one below the other.

    Parameters
    ----------
    tables
        Area tables, index ``geoid``, in the order of the study file.
    states
        FIPS codes of the study; rows of others are left out, which a note says.

    Returns
    -------
    list of DataFrame
        Fewer tables, in the order of the first of each.

    Raises
    ------
    VintageError, InputError
        If two states come from different editions.
    """
    if len(states) == 1:
        return list(tables)  # the readers keep the one state
    groups: list[list[Table]] = []
    for table in tables:
        kept = _kept(table, states)
        home = next((group for group in groups if _continues(kept, group)), None)
        if home is None:
            groups.append([kept])
        else:
            home.append(kept)
    return [below_each_other(group) for group in groups]


def below_each_other(tables: Sequence[Table]) -> Table:
    """Return one table with the rows of all.

    Raises
    ------
    VintageError
        If their areas are of different vintages.
    InputError
        If they are different editions, classes of different speeds, or an area is in two of them.
    """
    first, *others = tables
    if not others:
        return first
    for other in others:
        _refuse_other_edition(first, other)
    result: Table = pd.concat(tables)
    result.index = pd.Index(result.index, dtype=object, name=first.index.name)
    twice = result.index[result.index.duplicated()]
    if len(twice):
        files = ", ".join(s.file for table in tables for s in meta(table).sources)
        raise InputError(
            f"{len(twice):,} areas stand in more than one file",
            file=files,
            rows=twice,
            fix="name each file once, one for each state",
        )
    result.attrs = {key: value for key, value in first.attrs.items() if key == _CLASSES}
    return carry(result, *tables)


def refuse_absent(table: pd.DataFrame, states: Sequence[str], what: str) -> None:
    """Refuse a table that has no row in one of the states.

    Raises
    ------
    InputError
        Naming the states.
    """
    there = set(table.index.str[:2])
    absent = [find_state(state).name for state in states if state not in there]
    if absent:
        files = ", ".join(dict.fromkeys(s.file for s in meta(table).sources if s.file))
        raise InputError(
            f"{what} hold no area of {', '.join(absent)}",
            file=files,
            fix=f"add a file of {absent[0]}, or leave it out of state in [study]",
        )


def _kept(table: Table, states: Sequence[str]) -> Table:
    if meta(table).level == "zcta":
        return table  # ZIP areas lie across states; their ids name none
    mine = table.index.str[:2].isin(list(states))
    if mine.all():
        return table
    files = ", ".join(dict.fromkeys(s.file for s in meta(table).sources if s.file))
    note = said(
        "{file}: {n} rows of other states left out", file=files, n=f"{int((~mine).sum()):,}"
    )
    kept: Table = table[mine].copy()
    kept.attrs = dict(table.attrs)
    return carry(kept, table, notes=[note])


def _continues(table: pd.DataFrame, group: Sequence[pd.DataFrame]) -> bool:
    """Tell whether a table says of other states what a group says of its own."""
    shared = set(table.columns) & set(group[0].columns) - _OF_THE_AREA
    held = {state for one in group for state in one.index.str[:2]}
    return bool(shared) and not held & set(table.index.str[:2])


def _refuse_other_edition(first: pd.DataFrame, other: pd.DataFrame) -> None:
    mine, theirs = meta(first), meta(other)
    names = [", ".join(_states(table)) for table in (first, other)]
    if mine.geo_vintage != theirs.geo_vintage:
        raise VintageError(
            f"the areas of {names[0]} are those of {mine.geo_vintage}, the areas of {names[1]} "
            f"those of {theirs.geo_vintage}",
            file=", ".join(s.file for s in theirs.sources),
            fix="give every state the same edition, or move one with [tables.crosswalk]",
            code="E-STATES-DIFFER",
        )
    editions = [{s.vintage for s in one.sources} for one in (mine, theirs)]
    if editions[0] != editions[1]:
        told = [" and ".join(sorted(one)) for one in editions]
        raise InputError(
            f"{names[0]} comes from {told[0]}, {names[1]} from {told[1]}: the two would be "
            "compared over different years",
            file=", ".join(s.file for s in theirs.sources),
            fix="give every state the same edition",
            code="E-STATES-DIFFER",
        )
    if first.attrs.get(_CLASSES) != other.attrs.get(_CLASSES):
        raise InputError(
            f"the classes of {names[0]} and {names[1]} are not cut at the same speeds",
            file=", ".join(s.file for s in theirs.sources),
            fix="give every state the same summary table",
        )


def _states(table: pd.DataFrame) -> list[str]:
    return [find_state(code).name for code in sorted(set(table.index.str[:2]))]
