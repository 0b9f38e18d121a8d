"""Annotation ("jam") values: numbers that stand for reasons, not amounts.

Nine equal digits below 0 say why there is no number; a median beyond the last limit of its
distribution is written as the number just beyond that limit.

References
----------
U.S. Census Bureau. American Community Survey: notes on ACS estimate and annotation values.
U.S. Census Bureau. American Community Survey, subject definitions: medians in open-ended intervals.
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
    -222_222_222: "not_computable",
    -333_333_333: "not_computable",
    -555_555_555: "unknown",
    -111_111_111: "unknown",
    -444_444_444: "unknown",
    -777_777_777: "unknown",
}
"""Codes in estimate columns; the estimate is missing. The last four have no published meaning."""

MOE_CODES = {
    -222_222_222: "suppressed",
    -333_333_333: "open_interval",
    -555_555_555: "controlled",
    -666_666_666: "not_computable",
    -888_888_888: "not_applicable",
    -999_999_999: "suppressed",
    -111_111_111: "unknown",
    -444_444_444: "unknown",
    -777_777_777: "unknown",
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
        ``suppressed``, ``not_computable``, ``not_applicable`` or ``unknown`` (a code without a
        published meaning).

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


def open_ends(code: str, numbers: pd.Series, *, year: int) -> tuple[pd.Series, pd.Series]:
    """Tell the medians of an ACS column that are only bounds, whatever their margins say.

    Parameters
    ----------
    code
        Code of the column, such as ``B25035_001E``.
    numbers
        Its decoded values.
    year
        Last year of the estimates: the limits of values and rents rose in 2015.

    Returns
    -------
    numbers : Series of float
        A year of 0 is ``1939 or earlier``: 1939.
    bounds : Series of bool
        Where the value lies just beyond the first or last limit of its distribution.

    Examples
    --------
    >>> years, bounds = open_ends("B25035_001E", pd.Series([0.0, 1974]), year=2023)
    >>> list(years), list(bounds)
    ([1939.0, 1974.0], [True, False])
    """
    kind = next((k for k, tables in _OPEN_ENDED.items() if code[1:6] in tables.split()), "")
    if not kind or not code.startswith(("B", "C")):
        return numbers, pd.Series(data=False, index=numbers.index)
    if kind == "built":
        numbers = numbers.replace(0, _OLDEST)
        return numbers, numbers == _OLDEST
    low, before, since = _LIMITS[kind]
    return numbers, numbers.isin([low - 1, (since if year >= _RAISED else before) + 1])


# Tables of medians in dollars and years by distribution, and its first and last limits.
_OPEN_ENDED = {
    "income": "06011 07011 07411 10010 15013 15014 18140 19013 19019 19049 19113 19119 19121 19125 "
    "19126 19202 19215 19326 20002 20004 20017 20018 21004 22008 24011 24012 24021 24022 24031 "
    "24032 24041 24042 24081 24082 24091 24092 24121 24122 24123 25099 25119 29004",
    "value": "25076 25077 25078 25083 25097 25107 25109",
    "rent": "25031 25057 25058 25059 25064 25111 25113 25138 25139",
    "costs": "25088 25105",
    "taxes": "25103",
    "built": "25035 25037",
}
_RAISED = 2015
_LIMITS = {
    "income": (2_500, 250_000, 250_000),
    "value": (10_000, 1_000_000, 2_000_000),
    "rent": (100, 2_000, 3_500),
    "costs": (100, 4_000, 4_000),
    "taxes": (200, 10_000, 10_000),
}
_OLDEST = 1939


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
