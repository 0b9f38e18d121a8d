"""Checks of a table against its declared columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from equity.areas.annotations import ESTIMATE_CODES, MOE_CODES
from equity.areas.schema import Column, describe, split_suffix, statuses
from equity.areas.table import level_of, refuse_duplicates
from equity.errors import InputError

_CODES = sorted({*ESTIMATE_CODES, *MOE_CODES})
_SHARE_SLACK = 1e-9
_Check = tuple[str, Callable[[pd.Series], Any]]


def validate(table: pd.DataFrame, *, file: str | Path | None = None) -> None:
    """Check a table against what its columns are declared to be.

    Ids, types, limits, statuses; a share above 1 (a percentage), a margin below 0 and an
    annotation code are each told as what they are. Columns nobody declared are checked only for
    infinite values.

    Parameters
    ----------
    table
        Area table.
    file
        Named in errors: where the table comes from.

    Raises
    ------
    GeoidError
        If the index holds no ids of one level, or an id twice.
    InputError
        For the first column that fails, with its rows.
    """
    level_of(table, name="the table")
    refuse_duplicates(table.index, "the table", file=file)
    for column, values in _described(table):
        _refuse_codes(values, file)
        _refuse_undeclared(column, values, file)


def refuse_impossible(table: pd.DataFrame, name: str) -> None:
    """Refuse at a glance what no table may bring into a join.

    Annotation codes, infinities, counts and margins below 0, and percentages in columns declared
    as shares.
    `equity.validate` checks the rest.

    Raises
    ------
    InputError
        Naming the column and its rows.
    """
    frame = pd.DataFrame(table)
    frame.attrs = {}  # pandas would copy the table's record for every column
    # The extremes of all columns at once tell which ones are worth a second look.
    extremes = zip(frame.min(numeric_only=True).items(), frame.max(numeric_only=True), strict=True)
    for (label, low), high in extremes:
        column = describe([str(label)])[0]
        if low <= _CODES[-1] or high == np.inf:
            _refuse_codes(frame[label], name)
        if high > 1.0 and column.unit == "share" and column.maximum == 1:
            _refuse(column, frame[label], "maximum", _above(frame[label], 1.0), name)
        if low < 0.0 and (column.adds or split_suffix(column.name)[0].endswith("_moe")):
            _refuse(column, frame[label], "minimum", _below(frame[label], 0.0), name)


def _described(table: pd.DataFrame) -> Iterator[tuple[Column, pd.Series]]:
    """Yield each column but the polygons with what is known of it."""
    frame = pd.DataFrame(table)
    frame.attrs = {}  # pandas would copy the table's record for every column
    for name, values in frame.items():
        if name != "geometry":
            yield describe([str(name)])[0], values


def _is_numeric(values: pd.Series) -> bool:
    return bool(pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values))


def _refuse_codes(values: pd.Series, file: str | Path | None) -> None:
    """Refuse annotation codes and infinities, whatever the column is called."""
    if not _is_numeric(values):
        return
    numbers = _numbers(values)
    for bad, text in (
        (np.isin(numbers, _CODES), "an annotation code"),
        (np.isinf(numbers), "an infinite value"),
    ):
        if bad.any():
            raise InputError(
                f"column {values.name} holds {text} ({numbers[bad][0]:.0f})",
                file=file,
                rows=list(values.index[bad]),
                fix="decode it with equity.areas.annotations.decode"
                if "code" in text
                else "a rate over 0 is missing, not infinite",
            )


def _refuse_undeclared(column: Column, values: pd.Series, file: str | Path | None) -> None:
    """Refuse values that the column's declaration does not allow."""
    for check, find in _checks(column):
        _refuse(column, values, check, find(values), file)


def _checks(column: Column) -> list[_Check]:
    """Name the checks that a column's declaration asks for, each with how bad rows are found."""
    if column.dtype == "float":
        low, high = column.minimum, column.maximum
        checks: list[_Check] = [("is a number", _not_numeric)]
        if low is not None:
            checks.append(("minimum", lambda values: _below(values, low)))
        if high is not None:
            checks.append(("maximum", lambda values: _above(values, high)))
        return checks
    if column.dtype == "bool":
        return [("true or false", lambda v: (v.notna() & ~v.isin([True, False])).to_numpy(bool))]
    if split_suffix(column.name)[0].endswith("_status"):
        words = _words_of(column)
        return [("status", lambda v: (v.notna() & ~v.isin(words)).to_numpy(bool))]
    return []


def _words_of(column: Column) -> tuple[str, ...]:
    """Return the words that a status column may hold: its own, else any."""
    return column.statuses or tuple(statuses())


def _not_numeric(values: pd.Series) -> Any:
    return np.full(len(values), not pd.api.types.is_numeric_dtype(values))


def _below(values: pd.Series, low: float) -> Any:
    return _numbers(values) < low - _SHARE_SLACK


def _above(values: pd.Series, high: float) -> Any:
    return _numbers(values) > high + _SHARE_SLACK


def _numbers(values: pd.Series) -> Any:
    if values.dtype == np.float64:
        return values.to_numpy()
    return pd.to_numeric(values, errors="coerce").to_numpy(dtype="float64", na_value=np.nan)


def _refuse(
    column: Column, values: pd.Series, check: str, bad: Any, file: str | Path | None
) -> None:
    """Raise for the rows that fail one check, if there are any."""
    if not bad.any():
        return
    what, fix = _told(column, check, values[bad].iloc[0])
    rows = None if check == "is a number" else list(values.index[bad])
    raise InputError(what, file=file, rows=rows, fix=fix)


def _told(column: Column, check: str, case: Any) -> tuple[str, str]:
    name = column.name
    if check == "is a number":
        return f"column {name} holds text where numbers belong", "read it as numbers"
    if check == "maximum" and column.unit == "share":
        return (
            f"column {name} is a share (0 to 1) and holds {case:g}",
            "if it is a percentage (0 to 100), divide it by 100",
        )
    if check in ("minimum", "maximum"):
        limit = column.minimum if check == "minimum" else column.maximum
        side = "below its least" if check == "minimum" else "above its greatest"
        return f"column {name} holds {case:g}, {side} value {limit or 0:g}", "check the source"
    if check == "status":
        words = ", ".join(sorted(_words_of(column)))
        return f"column {name} holds the unknown status {case!r}", f"use {words}"
    return f"column {name} fails the check '{check}' ({case!r})", "check the source"
