"""Numbers by id, aligned to the rows they are meant for: never silently reindexed."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from equity.errors import InputError, MissingColumnError
from equity.measures.reach.places import Floats

_MISSING = {
    "demand": "an unknown population is not zero: leave those areas out, or fill them on purpose",
    "capacity": "a ratio needs the capacity of every site; supply=1 counts sites instead",
}

_NOTHING = 1e-75

Numbers = pd.Series | float
"""One number for each id, in any order, or one for all."""


def aligned(
    values: Numbers,
    ids: pd.Index,
    *,
    what: str,
    of: str,
    positive: bool = True,
    share: bool = False,
) -> Floats:
    """Return one finite number of 0 or more for each id.

    Parameters
    ----------
    values
        A Series by id, in any order, or one number for all.
    ids
        The rows wanted. The Series must list all of them and nothing else.
    what, of
        Words for errors: what the numbers are, of which rows.
    positive
        Refuse numbers that add up to 0.
    share
        Refuse numbers above 1.

    Raises
    ------
    InputError
        If ids do not match, or numbers are missing, negative, infinite or all zero.
    """
    series: pd.Series
    if np.isscalar(values):
        series = pd.Series(values, index=ids)
    elif isinstance(values, pd.Series):
        series = _reordered(values, ids, what=what, of=of)
    else:
        raise InputError(
            f"{what} must be a Series by id, or one number",
            fix=f"pass a column of the table of {of}",
        )
    try:
        numbers: Floats = series.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise InputError(f"{what} of {of} is not a number") from error
    _refuse(np.isnan(numbers), ids, f"{what} of {of} is missing", _MISSING.get(what))
    wrong = (numbers < 0) | np.isinf(numbers)
    _refuse(wrong, ids, f"{what} of {of} is negative or infinite", "give finite numbers from 0 up")
    if share:
        _refuse(numbers > 1, ids, f"{what} of {of} is above 1", "give shares from 0 to 1")
    # Less than this is nothing; a few such factors multiplied would make a ratio overflow.
    numbers = np.where(numbers < _NOTHING, 0.0, numbers)
    if positive and not numbers.any():
        raise InputError(
            f"the {what} of all {of} is zero" if len(numbers) else f"there are no {of}",
            fix="check the column that was passed",
            code="E-ALL-ZERO",
        )
    return numbers


def _reordered(values: pd.Series, ids: pd.Index, *, what: str, of: str) -> pd.Series:
    if not values.index.is_unique:
        repeated = values.index[values.index.duplicated()].unique()
        raise InputError(
            f"{what} lists {of} more than once", rows=repeated[:5].tolist(), count=len(repeated)
        )
    if values.index.equals(ids):
        return values
    absent = ids.difference(values.index)
    extra = values.index.difference(ids)
    if len(absent) or len(extra):
        wrong = absent if len(absent) else extra
        raise InputError(
            f"{what} does not list the same {of} as the travel costs: {len(absent):,} are absent "
            f"and {len(extra):,} are unknown",
            rows=wrong[:5].tolist(),
            count=len(wrong),
            fix=f"select first: series.reindex(the {of} of the costs), and decide what is missing",
            code="E-ALIGN",
        )
    return values.reindex(ids)


def _refuse(bad: NDArray[np.bool_], ids: pd.Index, what: str, fix: str | None) -> None:
    if bad.any():
        raise InputError(what, rows=ids[bad][:5].tolist(), count=int(bad.sum()), fix=fix)


def checked_number(value: float | None, what: str, *, above: bool = False) -> float:
    """Return a finite number of 0 or more, or above 0."""
    try:
        number = np.nan if value is None else float(value)
    except (TypeError, ValueError):
        number = np.nan
    if not np.isfinite(number) or number < 0 or (above and number == 0):
        raise InputError(
            f"{what} is {value!r}", fix=f"give a number {'above 0' if above else 'of 0 or more'}"
        )
    return number


def checked_column(table: pd.DataFrame, name: str, most: float) -> Floats:
    """Return a column as numbers from 0 to ``most``; NaN where it is unknown."""
    try:
        values: Floats = table[name].to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} holds something that is not a number") from error
    bad = (values < 0) | (values > most * (1.0 + 1e-9))
    if bad.any():
        bounded = np.isfinite(most)
        raise InputError(
            f"{name} lies outside 0 to {most:g}" if bounded else f"{name} is negative",
            rows=table.index[bad][:5].tolist(),
            count=int(bad.sum()),
            fix="divide percentages by 100" if bounded else None,
        )
    return np.minimum(values, most)


def need_gap_inputs(table: pd.DataFrame, names: Iterable[str]) -> None:
    """Refuse a table that lacks one of the columns that a gap is made of."""
    lacking = [name for name in names if name not in table.columns]
    if lacking:
        raise MissingColumnError(
            f"the table lacks {', '.join(lacking)}",
            fix="add them with coverage, adoption and beyond_reach first, then telehealth_gap, "
            "under_resourced",
        )


def need_criterion(table: pd.DataFrame, column: str) -> None:
    """Refuse a criterion of which the table has no column."""
    if column not in table.columns:
        raise MissingColumnError(
            f"under_resourced names {column}, which no input holds",
            fix="read its ACS table, or map it in one of [[tables]]",
        )


def refuse_at_least(at_least: int, criteria: int) -> None:
    """Refuse to ask for no criterion, or for more than there are."""
    if not 1 <= at_least <= criteria:
        raise InputError(
            f"at least {at_least} of {criteria} criteria are asked for",
            fix="ask for one up to all of them",
        )


def refuse_cuts(gap_share_at_least: float | None, people_at_least: float) -> None:
    """Refuse cut-offs that are none."""
    if gap_share_at_least is not None and not 0 <= gap_share_at_least <= 1:
        raise InputError("gap_share_at_least is a share, from 0 to 1")
    if not people_at_least >= 0:
        raise InputError(f"people_at_least is {people_at_least:g}", fix="give 0 or more")


def refuse_seed(seed: int) -> None:
    """Refuse a seed that no generator starts from."""
    if seed < 0:
        raise InputError(f"seed is {seed}", fix="give 0 or more")


def refuse_discovery_rate(rate: float) -> None:
    """Refuse a rate of false discoveries that is none."""
    if not 0 < rate < 1:
        raise InputError(f"discovery_rate is {rate:g}", fix="give a share above 0 and below 1")
