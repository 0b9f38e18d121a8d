"""Annotation ("jam") values: the huge negative numbers that stand for reasons, not amounts.

References
----------
U.S. Census Bureau. American Community Survey: notes on ACS estimate and annotation values.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from equity.areas._arrays import Floats, rows_where
from equity.errors import InputError

ESTIMATE_CODES = {
    -666_666_666: "not_computable",
    -999_999_999: "suppressed",
    -888_888_888: "not_applicable",
}
"""Codes in estimate columns; the estimate is missing."""

MOE_CODES = {
    -222_222_222: "suppressed",
    -333_333_333: "open_interval",
    -555_555_555: "controlled",
    -666_666_666: "not_computable",
    -888_888_888: "not_applicable",
    -999_999_999: "suppressed",
}
"""Codes in margin columns; the margin is missing, except 0 for a controlled estimate."""

ANNOTATION = -100_000.0
"""Numbers at or below this are codes, known or not."""


def decode(
    values: pd.Series | Sequence[float | str | None] | npt.NDArray[np.generic],
    *,
    kind: str = "estimate",
    file: str | None = None,
) -> tuple[pd.Series, pd.Series]:
    """Split a column into numbers and the reason where there is none.

    Parameters
    ----------
    values
        A Series (or anything that becomes one), numbers or text.
    kind
        ``estimate`` or ``moe``.
    file
        Name used in errors.

    Returns
    -------
    numbers : Series of float
        Missing where a code or nothing stood; a controlled margin is 0.
    status : Series of str
        ``ok``, ``missing``, ``controlled``, ``open_interval`` (the estimate is a bound),
        ``suppressed``, ``not_computable`` or ``not_applicable``.

    Raises
    ------
    InputError
        If a value is text, infinite or a huge negative number that is no known code: it must
        not reach arithmetic.

    Examples
    --------
    >>> numbers, status = decode([12, -555555555], kind="moe")
    >>> list(numbers), list(status)
    ([12.0, 0.0], ['ok', 'controlled'])
    """
    if kind not in ("estimate", "moe"):
        raise InputError(f"kind is 'estimate' or 'moe', not {kind!r}")
    column = values if isinstance(values, pd.Series) else pd.Series([*values])
    numbers = _numbers(column, file)
    codes = ESTIMATE_CODES if kind == "estimate" else MOE_CODES
    status = np.where(np.isnan(numbers), "missing", "ok").astype(object)
    with np.errstate(invalid="ignore"):
        coded = numbers <= ANNOTATION
    for code, reason in codes.items():
        hit = numbers == code
        status[hit] = reason
        numbers[hit] = 0.0 if reason == "controlled" else np.nan
        coded &= ~hit
    if coded.any():
        raise InputError(
            f"{_name(column)} holds {numbers[coded][0]:.0f}, which is no known annotation code",
            file=file,
            rows=rows_where(column, coded),
            fix="check the publisher's list of annotation values",
        )
    return (
        pd.Series(numbers, index=column.index, name=column.name),
        pd.Series(status, index=column.index, name=column.name),
    )


def _numbers(column: pd.Series, file: str | None) -> Floats:
    text = column
    if not pd.api.types.is_numeric_dtype(column):
        stripped = column.astype("string").str.strip()
        text = stripped.mask(stripped == "")
    numbers = pd.to_numeric(text, errors="coerce")
    array = np.array(numbers.to_numpy(dtype="float64", na_value=np.nan))
    bad = (np.isnan(array) & text.notna().to_numpy()) | np.isinf(array)
    if bad.any():
        raise InputError(
            f"{_name(column)} holds {column[bad].iloc[0]!r} where a number belongs",
            file=file,
            rows=rows_where(column, bad),
        )
    return array


def _name(column: pd.Series) -> str:
    return "the column" if column.name is None else f"column {column.name}"
