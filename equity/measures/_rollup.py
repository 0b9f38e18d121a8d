"""Locations to areas: counts by class and technology, providers, choice, speeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from equity.errors import InputError
from equity.measures._partial import (
    LISTED,
    NO_PROVIDER,
    QUALIFIES,
    SERVED,
    UNDERSERVED,
    UNKNOWN_TECHNOLOGY,
    Bits,
    Ints,
    Partial,
    RuleColumns,
    distinct_pairs,
    unpack_speed,
)
from equity.rules import CoverageRule
from equity.rules._coverage import TECHNOLOGIES

_BLOCK_DIVISOR = {
    "block": 1,
    "block_group": 10**3,
    "tract": 10**4,
    "county": 10**10,
    "state": 10**13,
}
_DIGITS = {"block": 15, "block_group": 12, "tract": 11, "county": 5, "state": 2}
_H3_RESOLUTION = 8

Count = Callable[[NDArray[Any]], NDArray[np.float64]]


def check_level(by: str) -> None:
    """Raise if an area level cannot be rolled up to."""
    if by not in _BLOCK_DIVISOR and cell_resolution(by) is None:
        raise InputError(
            f"locations cannot be rolled up to {by!r}",
            fix=f"choose from {', '.join(_BLOCK_DIVISOR)}, h3, h3_7, h3_6 …",
        )


def cell_resolution(by: str) -> int | None:
    """Return the H3 resolution of ``h3`` or ``h3_N``, or None for other levels."""
    if by == "h3":
        return _H3_RESOLUTION
    head, _, tail = by.partition("_")
    if head == "h3" and tail.isdigit() and int(tail) <= _H3_RESOLUTION:
        return int(tail)
    return None


def area_codes(data: Partial, by: str) -> Ints:
    """Return the area of each location as an integer."""
    return _codes(data.blocks if cell_resolution(by) is None else data.cells, by)


def _codes(small: NDArray[Any], by: str) -> Ints:
    resolution = cell_resolution(by)
    if resolution is None:
        return small // _BLOCK_DIVISOR[by]
    return coarser_cells(small.astype(np.uint64), resolution).astype(np.int64)


def coarser_cells(cells: NDArray[np.uint64], resolution: int) -> NDArray[np.uint64]:
    """Return the parents of H3 cells at a coarser resolution.

    References
    ----------
    .. [1] Uber, H3 documentation, "H3Index bit layout": resolution in bits 52-55, three bits per
       digit, unused digits all ones.
    """
    unused = np.uint64((1 << 3 * (15 - resolution)) - 1)
    cleared = cells & ~np.uint64(0xF << 52)
    return cleared | np.uint64(resolution << 52) | unused


def area_labels(codes: Ints, by: str) -> pd.Index:
    """Return area ids as text."""
    if cell_resolution(by) is not None:
        return pd.Index([f"{code:x}" for code in codes.tolist()], dtype="str", name="geoid")
    width = _DIGITS[by]
    return pd.Index([f"{code:0{width}d}" for code in codes.tolist()], dtype="str", name="geoid")


def location_class(columns: RuleColumns, codes: Sequence[int], size: int) -> Bits:
    """Return the union of each location's bits over some technologies."""
    bits = np.zeros(size, np.uint8)
    for code in codes:
        if code in columns.levels:
            bits |= columns.levels[code]
    return bits


def roll_up(data: Partial, number: int, rule: CoverageRule, by: str) -> pd.DataFrame:
    """Count locations by area under one rule.

    Returns
    -------
    pandas.DataFrame
        Counts only (float), indexed by area; shares and status are added where the denominator
        is known.
    """
    columns = data.rules[number]
    codes, inverse = np.unique(area_codes(data, by), return_inverse=True)
    size = codes.size

    def count(flags: NDArray[Any]) -> NDArray[np.float64]:
        return np.bincount(inverse[flags.astype(bool)], minlength=size).astype(float)

    bits = location_class(columns, rule.technologies, data.ids.size)
    served = (bits & SERVED) > 0
    under = ((bits & UNDERSERVED) > 0) & ~served
    out: dict[str, NDArray[np.float64]] = {
        "locations_n": np.bincount(inverse, minlength=size).astype(float),
        "exported_n": count(data.exported),
        "served_n": count(served),
        "underserved_n": count(under),
        "qualifying_n": count(bits & QUALIFIES),
    }
    out.update(_choice(columns, count))
    for code in (*TECHNOLOGIES, UNKNOWN_TECHNOLOGY):
        out.update(_technology(columns, code, count))
    frame = pd.DataFrame(out, index=area_labels(codes, by))
    _add_providers(frame, columns, by, codes)
    _add_speeds(frame, columns.best, inverse, size)
    return frame


def _choice(columns: RuleColumns, count: Count) -> dict[str, NDArray[np.float64]]:
    providers = (columns.near != NO_PROVIDER).sum(axis=1)
    names = ("no_provider_n", "one_provider_n", "two_providers_n", "three_providers_n")
    return {name: count(providers == n) for n, name in enumerate(names)}


def technology_name(code: int) -> str:
    """Return the part of a column's name that stands for a technology."""
    return "tech_unknown" if code == UNKNOWN_TECHNOLOGY else f"tech{code}"


def _technology(columns: RuleColumns, code: int, count: Count) -> dict[str, NDArray[np.float64]]:
    bits = columns.levels.get(code, np.zeros(len(columns.best), np.uint8))
    served = (bits & SERVED) > 0
    name = technology_name(code)
    parts = {
        f"listed_{name}_n": (bits & LISTED) > 0,
        f"served_{name}_n": served,
        f"underserved_{name}_n": ((bits & UNDERSERVED) > 0) & ~served,
        f"qualifying_{name}_n": (bits & QUALIFIES) > 0,
    }
    return {key: count(flags) for key, flags in parts.items()}


def _add_providers(frame: pd.DataFrame, columns: RuleColumns, by: str, codes: Ints) -> None:
    """Count the distinct providers of each area: all that list something, and who qualifies."""
    area = _codes(columns.pair_area, by)
    area, _, qualifies = distinct_pairs([(area, columns.pair_provider, columns.pair_qualifies)])
    place = np.searchsorted(codes, area)
    # A location that files put into two blocks counts in the lower one only.
    known = place < codes.size
    known[known] = codes[place[known]] == area[known]
    place, qualifies = place[known], qualifies[known]
    frame["providers_n"] = np.bincount(place[qualifies], minlength=codes.size).astype(float)
    frame["providers_listed_n"] = np.bincount(place, minlength=codes.size).astype(float)


def _add_speeds(frame: pd.DataFrame, best: Ints, inverse: Ints, size: int) -> None:
    """Best offer of the area, and the medians of each location's best offer, where it has one."""
    offered = best > 0
    area, value = inverse[offered], best[offered]
    order = np.lexsort((value, area))
    area, value = area[order], value[order]
    edges = np.searchsorted(area, np.arange(size + 1))
    n = np.diff(edges)
    some = n > 0
    top = np.full(size, np.nan), np.full(size, np.nan)
    for column, speed in zip(top, unpack_speed(value[edges[1:][some] - 1]), strict=True):
        column[some] = speed
    frame["best_down_mbps"], frame["best_up_mbps"] = top
    down, up = unpack_speed(value)
    frame["median_down_mbps"] = _median(down, area, edges, size)
    frame["median_up_mbps"] = _median(up, area, edges, size)


def _median(value: Ints, area: Ints, edges: Ints, size: int) -> NDArray[np.float64]:
    value = value[np.lexsort((value, area))]
    n = np.diff(edges)
    some = n > 0
    low = edges[:-1][some] + (n[some] - 1) // 2
    high = edges[:-1][some] + n[some] // 2
    result = np.full(size, np.nan)
    result[some] = (value[low] + value[high]) / 2
    return result
