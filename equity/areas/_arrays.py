"""Same-shaped numbers out of whatever the caller holds, and the caller's shape back again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from equity.errors import InputError

Floats = npt.NDArray[np.float64]
Numbers: TypeAlias = float | Sequence[Any] | npt.NDArray[Any] | pd.Series | pd.DataFrame
"""A number, a sequence, an array, a Series or a DataFrame."""
Answer: TypeAlias = float | npt.NDArray[Any] | pd.Series | pd.DataFrame
"""In the shape of the numbers given: a number, an array, a Series or a DataFrame."""


def to_floats(values: Numbers, name: str) -> Floats:
    """Read numbers as floats; missing stays missing, text and infinities are refused."""
    array: Floats
    try:
        if isinstance(values, pd.DataFrame | pd.Series):
            array = values.to_numpy(dtype="float64", na_value=np.nan)
        else:
            array = np.asarray(values, dtype="float64")
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{name} holds something that is not a number",
            fix="turn the column into numbers first, with annotation codes decoded",
        ) from error
    infinite = np.isinf(array)
    if infinite.any():
        raise InputError(
            f"{name} holds an infinite value",
            rows=rows_where(values, infinite),
            fix="an infinite rate comes from a denominator of 0: make it missing",
        )
    return array


def rows_where(values: Numbers, bad: npt.NDArray[np.bool_]) -> list[Any]:
    """Labels (or positions) of the rows in which `bad` is true anywhere."""
    flags: Any = np.atleast_1d(bad)
    if flags.ndim > 1:
        flags = flags.any(axis=tuple(range(1, flags.ndim)))
    found = np.flatnonzero(flags)
    if isinstance(values, pd.DataFrame | pd.Series) and len(values.index) == flags.shape[0]:
        labels = list(values.index[found])
        # A reader's index is the line of its file.
        return [f"line {n}" for n in labels] if values.index.name == "line" else labels
    return [int(i) for i in found]


def _aligned(value: Any, leader: Any, name: str) -> Any:
    """Give the same value in the leader's row order; different rows are refused, never filled."""
    if value.index.equals(leader.index):
        return value
    alike = value.index.nlevels == leader.index.nlevels
    same = (
        alike
        and len(value.index) == len(leader.index)
        and value.index.is_unique
        and leader.index.is_unique
        and value.index.isin(leader.index).all()
    )
    if not same:
        raise InputError(
            f"{name} does not have the same rows as the first argument",
            count=(int((~value.index.isin(leader.index)).sum()) or None) if alike else None,
            fix="join the tables with equity.combine before doing arithmetic on them",
        )
    return value.loc[leader.index]


def unpack(**values: Numbers) -> tuple[list[Floats], Callable[[npt.ArrayLike], Answer], Any]:
    """Bring arguments to one shape; those named ``…moe`` are margins, and none may be negative.

    Returns the arrays (broadcast against each other), a function that gives a result the shape
    of the inputs (float, array, Series or DataFrame), and the pandas object that leads, if any.
    """
    frames = [v for v in values.values() if isinstance(v, pd.DataFrame)]
    series = [v for v in values.values() if isinstance(v, pd.Series)]
    leader = frames[0] if frames else series[0] if series else None
    arrays: list[Floats] = []
    for name, raw in values.items():
        value = raw
        if leader is not None and isinstance(value, pd.DataFrame | pd.Series):
            value = _aligned(value, leader, name)
            if isinstance(value, pd.DataFrame):
                value = _columns_like(value, frames[0])
        array = to_floats(value, name)
        if frames and array.ndim == 1 and isinstance(raw, pd.Series):
            array = array[:, None]
        arrays.append(array)
    try:
        broadcast = [np.array(a) for a in np.broadcast_arrays(*arrays)]
    except ValueError as error:
        shapes = ", ".join(f"{n} {a.shape}" for n, a in zip(values, arrays, strict=True) if a.shape)
        raise InputError(f"the arguments do not have the same shape: {shapes}") from error
    _check_margins(values, broadcast)

    def wrap(result: npt.ArrayLike) -> Answer:
        array = np.asarray(result)
        if isinstance(leader, pd.DataFrame) and array.ndim == 2:
            return pd.DataFrame(array, index=leader.index, columns=leader.columns)
        if leader is not None and array.ndim == 1:
            return pd.Series(array, index=leader.index)
        return array.item() if array.ndim == 0 else array

    return broadcast, wrap, leader


def _columns_like(value: Any, leader: Any) -> Any:
    """Columns in the leader's order when they have the same names; else by position."""
    if set(value.columns) == set(leader.columns) and value.columns.is_unique:
        return value[list(leader.columns)]
    return value


def _check_margins(values: Mapping[str, Numbers], arrays: Sequence[Floats]) -> None:
    """Refuse margins below 0: they are annotation codes, or not margins."""
    for (name, source), margins in zip(values.items(), arrays, strict=True):
        with np.errstate(invalid="ignore"):
            bad = margins < 0
        if not name.endswith(("moe", "moes")) or not bad.any():
            continue
        worst = float(np.nanmin(margins))
        code = worst <= -100_000
        raise InputError(
            f"{name} holds {worst:.0f}, "
            + ("a Census annotation code" if code else "and a margin of error is never negative"),
            rows=rows_where(source, bad),
            fix="decode it first with equity.areas.annotations.decode(..., kind='moe')"
            if code
            else "check that the column holds margins",
        )
