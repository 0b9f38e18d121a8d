"""Locations to areas: counts by class and technology, providers, choice, speeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from equity.errors import InputError
from equity.measures.lines._partial import (
    BLOCK_DIGITS,
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
    shortened,
    unpack_speed,
)
from equity.measures.lines._slots import sorted_slots
from equity.rules import CoverageRule
from equity.rules.coverage_rule import TECHNOLOGIES

AREA_DIGITS = {"block": BLOCK_DIGITS, "block_group": 12, "tract": 11, "county": 5, "state": 2}
_H3_RESOLUTION = 8


def check_level(level: str) -> None:
    """Raise if an area level cannot be rolled up to."""
    if level not in AREA_DIGITS and cell_resolution(level) is None:
        raise InputError(
            f"locations cannot be rolled up to {level!r}",
            fix=f"choose from {', '.join(AREA_DIGITS)}, h3, h3_7, h3_6 …",
        )


def block_digits(level: str) -> int:
    """Return how many digits of a block make an area of a level; 0 where it is made of cells."""
    return AREA_DIGITS.get(level, 0)


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
        return shortened(small, AREA_DIGITS[level])
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


def roll_up(
    data: Partial, rules: Sequence[CoverageRule], level: str, *, whole: int | None = None
) -> list[pd.DataFrame]:
    """Count locations by area under each rule.

    Returns
    -------
    list of pandas.DataFrame
        Counts only (float), indexed by area; shares and status are added where the denominator
        is known. After the first `whole` rules, by class alone.
    """
    inverse, codes = sorted_areas(data, level)
    labels = area_labels(codes, level)
    exported = _histogram(inverse, data.exported, 2, codes.size)[:, 1]
    speeds: dict[int, dict[str, NDArray[np.float64]]] = {}
    frames = []
    for number, (columns, rule) in enumerate(zip(data.rules, rules, strict=True)):
        bits = location_class(columns, rule.technologies, data.ids.size)
        counts = _histogram(inverse, bits, 16, codes.size)
        out: dict[str, NDArray[Any]] = {
            "locations_n": counts.sum(axis=1), "exported_n": exported, **_classes(counts, "")
        }  # fmt: skip
        if whole is None or number < whole:
            # Rules over the same offers share one array of each location's best.
            shared = id(columns.best)
            if shared not in speeds:
                speeds[shared] = _speeds(columns.best, inverse, codes.size)
            out |= _in_detail(columns, inverse, codes, level) | speeds[shared]
        frames.append(pd.DataFrame(out, index=labels, dtype=float))
    return frames


def _in_detail(
    columns: RuleColumns, inverse: Ints, codes: Ints, level: str
) -> dict[str, NDArray[np.intp]]:
    """Count locations by choice and technology, and providers, by area."""
    out = _choice(columns, inverse, codes.size)
    for code in (*TECHNOLOGIES, UNKNOWN_TECHNOLOGY):
        out |= _technology(columns, code, inverse, codes.size)
    return out | _providers(columns, level, codes)


def cell_offers(data: Partial, number: int) -> tuple[Ints, Ints]:
    """Return the H3 cells of the locations, and the best offer in each under one rule."""
    place, cells = sorted_slots(data.cells.astype(np.int64))
    return cells, _highest(data.rules[number].best, place, cells.size)


def cell_speeds(parts: Sequence[tuple[Ints, Ints]]) -> pd.DataFrame:
    """Return the speeds (Mbps) of the best offer in each cell, from :func:`cell_offers`."""
    cells, best = (np.concatenate(one) for one in zip(*parts, strict=True))
    place, cells = sorted_slots(cells)
    return pd.DataFrame(
        _best_speeds(_highest(best, place, cells.size)), index=area_labels(cells, "h3")
    )


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


def _highest(best: Ints, place: Ints, size: int) -> Ints:
    top = np.zeros(size, np.int64)
    np.maximum.at(top, place, best)
    return top


def _best_speeds(top: Ints) -> dict[str, NDArray[np.float64]]:
    names = ("best_down_mbps", "best_up_mbps")
    return {
        name: np.where(top > 0, speed, np.nan)
        for name, speed in zip(names, unpack_speed(top), strict=True)
    }


def _speeds(best: Ints, inverse: Ints, size: int) -> dict[str, NDArray[np.float64]]:
    """Best offer of the area, and the medians of each location's best offer, where it has one."""
    speeds = _best_speeds(_highest(best, inverse, size))
    offered = best > 0
    if not offered.all():
        inverse, best = inverse[offered], best[offered]
    counts = np.bincount(inverse, minlength=size)
    area = _narrow(inverse)
    for name, speed in zip(("down", "up"), unpack_speed(best), strict=True):
        speeds[f"median_{name}_mbps"] = _median(speed, area, counts)
    return speeds


def _median(speed: Ints, area: NDArray[Any], counts: Ints) -> NDArray[np.float64]:
    """Return the median speed of each area, of which so many locations lie in each."""
    order = np.lexsort((_narrow(speed), area))
    some = counts > 0
    first = np.cumsum(counts) - counts
    middle = [(first + (counts - 1) // 2)[some], (first + counts // 2)[some]]
    result = np.full(counts.size, np.nan)
    result[some] = sum(speed[order[at]] for at in middle) / 2
    return result


def _narrow(values: Ints) -> NDArray[Any]:
    """Return the same numbers in 16 bits where they fit: sorting those is many times quicker."""
    return values.astype(np.uint16) if not values.size or values.max() < 1 << 16 else values
