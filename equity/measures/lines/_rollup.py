"""Locations to areas: counts by class and technology, providers, choice, speeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from equity.errors import InputError
from equity.measures.lines._partial import (
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
from equity.measures.lines._slots import sorted_slots
from equity.rules import CoverageRule
from equity.rules.coverage_rule import TECHNOLOGIES

_BLOCK_DIVISOR = {
    "block": 1,
    "block_group": 10**3,
    "tract": 10**4,
    "county": 10**10,
    "state": 10**13,
}
AREA_DIGITS = {"block": 15, "block_group": 12, "tract": 11, "county": 5, "state": 2}
_H3_RESOLUTION = 8
_SPEED_BITS = 32


def check_level(level: str) -> None:
    """Raise if an area level cannot be rolled up to."""
    if level not in _BLOCK_DIVISOR and cell_resolution(level) is None:
        raise InputError(
            f"locations cannot be rolled up to {level!r}",
            fix=f"choose from {', '.join(_BLOCK_DIVISOR)}, h3, h3_7, h3_6 …",
        )


def block_digits(level: str) -> int:
    """Return how many digits of a block make an area of a level."""
    return AREA_DIGITS.get(level, AREA_DIGITS["block"])


def cell_resolution(level: str) -> int | None:
    """Return the H3 resolution of ``h3`` or ``h3_N``, or None for other levels."""
    if level == "h3":
        return _H3_RESOLUTION
    head, _, tail = level.partition("_")
    if head == "h3" and tail.isdigit() and int(tail) <= _H3_RESOLUTION:
        return int(tail)
    return None


def codes_of(data: Partial, level: str) -> Ints:
    """Return the area of each location as an integer."""
    return _codes(data.blocks if cell_resolution(level) is None else data.cells, level)


def _codes(small: NDArray[Any], level: str) -> Ints:
    resolution = cell_resolution(level)
    if resolution is None:
        return small // _BLOCK_DIVISOR[level]
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


def area_labels(codes: Ints, level: str) -> pd.Index:
    """Return area ids as text."""
    if cell_resolution(level) is not None:
        return pd.Index([f"{code:x}" for code in codes.tolist()], dtype="str", name="geoid")
    width = AREA_DIGITS[level]
    return pd.Index([f"{code:0{width}d}" for code in codes.tolist()], dtype="str", name="geoid")


def location_class(columns: RuleColumns, codes: Sequence[int], size: int) -> Bits:
    """Return the union of each location's bits over some technologies."""
    bits = np.zeros(size, np.uint8)
    for code in codes:
        if code in columns.levels:
            bits |= columns.levels[code]
    return bits


def roll_up(data: Partial, number: int, rule: CoverageRule, level: str) -> pd.DataFrame:
    """Count locations by area under one rule.

    Returns
    -------
    pandas.DataFrame
        Counts only (float), indexed by area; shares and status are added where the denominator
        is known.
    """
    columns = data.rules[number]
    inverse, codes = sorted_areas(data, level)
    size = codes.size
    bits = location_class(columns, rule.technologies, data.ids.size)
    counts = _histogram(inverse, bits, 16, size)
    out: dict[str, NDArray[Any]] = {
        "locations_n": counts.sum(axis=1),
        "exported_n": _histogram(inverse, data.exported, 2, size)[:, 1],
        **_classes(counts, ""),
        **_choice(columns, inverse, size),
    }
    for code in (*TECHNOLOGIES, UNKNOWN_TECHNOLOGY):
        out.update(_technology(columns, code, inverse, size))
    out.update(_providers(columns, level, codes))
    out.update(_speeds(columns.best, inverse, size))
    return pd.DataFrame(out, index=area_labels(codes, level), dtype=float)


def sorted_areas(data: Partial, level: str) -> tuple[Ints, Ints]:
    """Return each location's place among the distinct areas, and these in order."""
    if data.areas is not None and cell_resolution(level) is None:
        return data.areas
    return sorted_slots(codes_of(data, level))


def _histogram(inverse: Ints, values: NDArray[Any], width: int, size: int) -> NDArray[np.intp]:
    """Count each value from 0 to ``width - 1`` by area: one pass instead of one per value."""
    counted = np.bincount(inverse * width + values, minlength=size * width)
    return counted.reshape(size, width)


def _classes(counts: NDArray[np.intp], name: str) -> dict[str, NDArray[np.intp]]:
    """Turn counts by bits into counts by class."""
    bits = np.arange(16)
    served = (bits & SERVED) > 0
    under = ((bits & UNDERSERVED) > 0) & ~served
    parts = {"served": served, "underserved": under, "qualifying": (bits & QUALIFIES) > 0}
    return {f"{kind}{name}_n": counts[:, which].sum(axis=1) for kind, which in parts.items()}


def _choice(columns: RuleColumns, inverse: Ints, size: int) -> dict[str, NDArray[np.intp]]:
    """Count locations by how many providers have a qualifying line: 0, 1, 2, 3 or more."""
    near = columns.near != NO_PROVIDER
    counts = _histogram(inverse, near[:, 0].astype(np.intp) + near[:, 1] + near[:, 2], 4, size)
    names = ("no_provider_n", "one_provider_n", "two_providers_n", "three_providers_n")
    return {name: counts[:, n] for n, name in enumerate(names)}


def technology_name(code: int) -> str:
    """Return the part of a column's name that stands for a technology."""
    return "tech_unknown" if code == UNKNOWN_TECHNOLOGY else f"tech{code}"


def _technology(
    columns: RuleColumns, code: int, inverse: Ints, size: int
) -> dict[str, NDArray[np.intp]]:
    name = f"_{technology_name(code)}"
    counts = np.zeros((size, 16), np.intp)
    if code in columns.levels:
        counts = _histogram(inverse, columns.levels[code], 16, size)
    listed = counts[:, (np.arange(16) & LISTED) > 0].sum(axis=1)
    return {f"listed{name}_n": listed, **_classes(counts, name)}


def _providers(columns: RuleColumns, level: str, codes: Ints) -> dict[str, NDArray[np.intp]]:
    """Count the distinct providers of each area: all that list something, and who qualifies."""
    area = columns.pair_area
    if cell_resolution(level) is not None:
        area = _codes(area, level)
    area, _, qualifies = distinct_pairs([(area, columns.pair_provider, columns.pair_qualifies)])
    place = np.searchsorted(codes, area)
    # A location that files put into two blocks counts in the lower one only.
    known = place < codes.size
    known[known] = codes[place[known]] == area[known]
    place, qualifies = place[known], qualifies[known]
    return {
        "providers_n": np.bincount(place[qualifies], minlength=codes.size),
        "providers_listed_n": np.bincount(place, minlength=codes.size),
    }


def _speeds(best: Ints, inverse: Ints, size: int) -> dict[str, NDArray[np.float64]]:
    """Best offer of the area, and the medians of each location's best offer, where it has one."""
    top = np.zeros(size, np.int64)
    np.maximum.at(top, inverse, best)
    speeds = {}
    for name, peak in zip(("down", "up"), unpack_speed(top), strict=True):
        speeds[f"best_{name}_mbps"] = np.where(top > 0, peak, np.nan)
    offered = best > 0
    if not offered.all():
        inverse, best = inverse[offered], best[offered]
    edges = np.concatenate([[0], np.cumsum(np.bincount(inverse, minlength=size))])
    # Area and speed in one number: sorting that is many times quicker than by two keys.
    key = inverse << _SPEED_BITS
    key |= unpack_speed(best)[0]
    speeds["median_down_mbps"] = _median(key, edges)
    np.left_shift(inverse, _SPEED_BITS, out=key)
    key |= unpack_speed(best)[1]
    speeds["median_up_mbps"] = _median(key, edges)
    return speeds


def _median(key: Ints, edges: Ints) -> NDArray[np.float64]:
    """Return the median speed of each area from keys, which are sorted in place."""
    key.sort()
    n = np.diff(edges)
    some = n > 0
    middle = [edges[:-1][some] + (n[some] - 1) // 2, edges[:-1][some] + n[some] // 2]
    result = np.full(n.size, np.nan)
    result[some] = sum(key[at] & ((1 << _SPEED_BITS) - 1) for at in middle) / 2
    return result
