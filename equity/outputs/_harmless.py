"""Text of tables as it leaves: nothing that a spreadsheet runs or a terminal obeys."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

from equity.areas.words import is_missing
from equity.errors import InputError
from equity.outputs._text import cell

__all__ = ["harmless", "in_cells", "inert"]

#: Text that begins so would be run as a formula by a spreadsheet; full-width signs count, and what
#: a spreadsheet does not show or trims does not help.
FORMULA = re.compile(r"[\s\u00ad\u200b-\u200f\u2060\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]")


def inert(value: Any) -> Any:
    """Put an apostrophe before text that a spreadsheet would run."""
    return f"'{value}" if isinstance(value, str) and FORMULA.match(value) else value


def harmless(value: Any) -> Any:
    """Return a value, or a list or mapping of values, whose text fits into one cell."""
    if isinstance(value, str):
        return cell(value)
    if isinstance(value, list):
        return [harmless(v) for v in value]
    return {k: harmless(v) for k, v in value.items()} if isinstance(value, dict) else value


def in_cells(flat: pd.DataFrame) -> pd.DataFrame:
    """Return a table with clean headings, ids and cells, each column of one type.

    What was clean, and of one type, stays as it is.

    Raises
    ------
    InputError
        Two columns differ in nothing but control characters.
    """
    names = [harmless(column) for column in flat.columns]
    twice = sorted({name for name in names if names.count(name) > 1}, key=str)
    if twice:
        raise InputError(
            f"two columns are called {twice[0]!r} once control characters are left out",
            fix="rename one of them",
        )
    tidy = flat.set_axis(pd.Index(names), axis=1)
    tidy.index = tidy.index.map(harmless)
    for column, kind in tidy.dtypes.items():
        if pd.api.types.is_numeric_dtype(kind):
            continue
        if pd.api.types.is_object_dtype(kind):
            tidy[column] = _of_one_kind(tidy[column])
        old = tidy[column].tolist()
        new = [harmless(value) for value in old]
        if any(a != b for a, b in zip(old, new, strict=True) if isinstance(a, str)):
            tidy[column] = new
    return tidy


def _of_one_kind(values: pd.Series) -> pd.Series:
    """Give a column of mixed Python objects one type that every format can hold."""
    known = values[values.notna()]
    if known.map(lambda v: isinstance(v, (bool, np.bool_))).all():
        return values.astype("boolean")
    if known.map(lambda v: isinstance(v, (int, float, np.number))).all():
        return pd.to_numeric(values)
    return values.map(lambda v: None if is_missing(v) else cell(str(v)))
