"""Checks of a table against its declared columns, by pandera, told in this package's words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from equity.areas.annotations import ESTIMATE_CODES, MOE_CODES
from equity.areas.schema import Column, describe
from equity.areas.table import level_of, refuse_duplicates
from equity.errors import InputError

STATUSES = frozenset(
    {
        "ok", "suppressed", "missing", "not_computable", "not_applicable", "controlled",
        "open_interval", "no_moe", "no_population", "no_households", "no_locations",
        "no_supply_in_reach", "no_neighbors", "not_covered", "crosswalked", "partial", "whole",
        "water", "unknown", "proxy", "listed_only", "lines_unknown", "within_margin",
        "upper_bound", "lower_bound", "other_technologies", "upper_bound_other_technologies",
        "lower_bound_other_technologies", "no_capacity", "line_unknown", "no_line",
        "no_link", "no_gap", "no_single_fix", "stranded", "below_tier", "high_latency",
        "no_offer", "not_located", "not_a_broadband_serviceable_location",
    }
)  # fmt: skip
"""Words a status column may hold."""

_CODES = sorted({*ESTIMATE_CODES, *MOE_CODES})
_SHARE_SLACK = 1e-9


def validate(table: Any, *, file: str | Path | None = None) -> None:
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
    frame = pd.DataFrame(table).drop(columns="geometry", errors="ignore")
    frame.columns = frame.columns.map(str)
    declared = {c.name: c for c in describe(frame.columns)}
    for name in frame.columns:
        _refuse_codes(frame[name], file)
    problems = _failures(frame, declared)
    if problems is None:
        return
    first = problems.iloc[0]
    same = problems[(problems["column"] == first["column"]) & (problems["check"] == first["check"])]
    column = declared[str(first["column"])]
    what, fix = _told(column, str(first["check"]), first["failure_case"])
    raise InputError(
        what,
        file=file,
        rows=[row for row in same["index"] if row is not None],
        fix=fix,
    )


def refuse_impossible(table: Any, name: str) -> None:
    """Refuse at a glance what no table may bring into a join.

    Annotation codes, infinities, margins below 0, and percentages in columns declared as shares.
    `equity.validate` checks the rest.

    Raises
    ------
    InputError
        Naming the column and its rows.
    """
    for column in describe(str(c) for c in table.columns if c != "geometry"):
        if column.name not in table.columns:
            continue  # its name is no text
        values = table[column.name]
        if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
            continue
        _refuse_codes(values, name)
        numbers = _numbers(values)
        check = "maximum" if column.unit == "share" and column.maximum == 1 else ""
        with np.errstate(invalid="ignore"):
            bad = numbers > 1 + _SHARE_SLACK if check else np.zeros(len(numbers), dtype=bool)
            if not bad.any() and column.name.partition("__")[0].endswith("_moe"):
                check, bad = "minimum", numbers < 0
        if bad.any():
            margin = Column(column.name, "float", column.unit, "", "", 0.0, column.maximum)
            what, fix = _told(margin, check, numbers[bad][0])
            raise InputError(what, file=name, rows=list(values.index[bad]), fix=fix)


def _refuse_codes(values: Any, file: str | Path | None) -> None:
    """Refuse annotation codes and infinities, whatever the column is called."""
    if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return
    numbers = values.to_numpy(dtype="float64", na_value=np.nan)
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


def _failures(frame: pd.DataFrame, declared: dict[str, Column]) -> Any:
    import pandera.pandas as pa

    schema = pa.DataFrameSchema(
        {name: _schema_column(pa, c) for name, c in declared.items() if c.dtype}
    )
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        return error.failure_cases
    return None


def _schema_column(pa: Any, column: Column) -> Any:
    checks = []
    if column.dtype in ("float", "int"):
        checks.append(pa.Check(pd.api.types.is_numeric_dtype, name="is a number"))
        # Limits would raise on text before the check above could tell.
        low, high = column.minimum, column.maximum
        if low is not None:
            checks.append(pa.Check(lambda s, low=low: _at_least(s, low), name="minimum"))
        if high is not None:
            checks.append(pa.Check(lambda s, high=high: _at_most(s, high), name="maximum"))
    elif column.dtype == "bool":
        checks.append(pa.Check(_is_flag, name="true or false"))
    elif column.name.partition("__")[0].endswith("_status"):
        checks.append(pa.Check(lambda s: s.isin(STATUSES), name="status"))
    return pa.Column(
        checks=checks,
        nullable=True,
        metadata={"unit": column.unit, "label": column.label, "source": column.source},
    )


def _numbers(values: Any) -> Any:
    return pd.to_numeric(values, errors="coerce").to_numpy(dtype="float64", na_value=np.nan)


def _at_least(values: Any, low: float) -> Any:
    return pd.Series(~(_numbers(values) < low - _SHARE_SLACK), index=values.index)


def _at_most(values: Any, high: float) -> Any:
    return pd.Series(~(_numbers(values) > high + _SHARE_SLACK), index=values.index)


def _is_flag(values: Any) -> Any:
    return values.isna() | values.isin([True, False])


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
        return f"column {name} holds {case:g}, {side} value {limit:g}", "check the source"
    if check == "status":
        words = ", ".join(sorted(STATUSES))
        return f"column {name} holds the unknown status {case!r}", f"use {words}"
    return f"column {name} fails the check '{check}' ({case!r})", "check the source"
