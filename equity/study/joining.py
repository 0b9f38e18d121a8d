"""Joins of a study: refusals in the words of a study file, with the file that does not fit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import pandas as pd

from equity.areas.join import JoinAudit, combine
from equity.errors import EquityError, InputError, VintageError
from equity.provenance import meta

__all__ = ["in_words_of_a_study", "joined", "refuse_made_twice"]

_FIXES = {
    "E-COLUMN-TWICE": (
        "take it out of columns in one of [[tables]], or give it a name of your own there"
    ),
    "E-JOIN-INCOMPLETE": "add the missing rows, or allow the gap with join_tolerance in [study]",
    "E-VINTAGE-DIFFERS": (
        "give the edition that has the areas of the others (mind year, as_of and geo_vintage), or "
        'move a table of 2010 with crosswalk = "2020" in its [[tables]]; in Python equity.crosswalk'
    ),
    "E-NOT-ADDITIVE": (
        'say so in [tables.crosswalk], which stands in place of crosswalk = "2020": counts = { '
        'column = "people" } (or "households", "locations", "land") for what adds up, ratios = { '
        'share = ["numerator", "denominator"] } for what its parts give, drop = ["column"] for the '
        "rest"
    ),
    "E-VINTAGE-IDS": (
        "check year and geo_vintage against the file's ids, or move it with [tables.crosswalk]; in "
        "Python equity.crosswalk"
    ),
}


@contextmanager
def in_words_of_a_study(file_of: Callable[[EquityError], str | None]) -> Iterator[None]:
    """Tell of a refusal of a join in here with the file, and the fix as a study file has it."""
    try:
        yield
    except (InputError, VintageError) as error:
        if error.code not in _FIXES:
            raise
        raise error.again(file=error.file or file_of(error), fix=_FIXES[error.code]) from None


def joined(
    table: pd.DataFrame,
    *others: pd.DataFrame,
    tolerance: float,
    names: Sequence[str] | None = None,
) -> tuple[pd.DataFrame, JoinAudit]:
    """Join as `combine` does, and tell of a refusal with file and fix as a study file has them.

    Raises
    ------
    VintageError, InputError
        As `combine` raises them.
    """
    with in_words_of_a_study(lambda error: _file_of(error, others, names)):
        return combine(table, *others, tolerance=tolerance, names=names, audit=True)


def refuse_made_twice(brought: pd.DataFrame, made: Iterable[str], by: str) -> None:
    """Refuse a column that a table of the study brings and another of its inputs makes as well.

    Parameters
    ----------
    brought
        The study's table.
    made
        Columns that the other input gives, whatever their values.
    by
        What it is and does, for the error.

    Raises
    ------
    InputError
        Naming the columns.
    """
    twice = sorted(set(made) & set(map(str, brought.columns)))
    if twice:
        raise InputError(
            f"[[tables]] bring {', '.join(twice[:5])}, which {by} as well",
            fix=f"leave one of the two out, or give it a name of your own, as my_{twice[0]}",
            code="E-COLUMN-TWICE",
        )


def _file_of(
    error: EquityError, others: Sequence[pd.DataFrame], names: Sequence[str] | None
) -> str | None:
    """Return the files of the table that an error begins with."""
    for i, other in enumerate(others):
        sources = meta(other).sources
        named = names[i] if names is not None else None
        for source in sources:
            if error.what.startswith(named or f"{source.product} {source.vintage}".strip()):
                files = dict.fromkeys(s.file for s in sources if s.file)
                return ", ".join(list(files)[:3]) or None
    return None
