"""What changes when the rule changes, or the vintage: which locations switch, and through what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from equity.errors import InputError, VintageError
from equity.measures.lines._locations import CLASSES, class_number
from equity.measures.lines._partial import (
    QUALIFIES,
    SERVED,
    UNDERSERVED,
    Bits,
    Flags,
    Ints,
    Partial,
    merge,
)
from equity.measures.lines._reduce import LocationFile
from equity.measures.lines._rollup import (
    area_labels,
    cell_resolution,
    check_level,
    codes_of,
    location_class,
    sorted_areas,
    technology_name,
)
from equity.measures.lines._slots import sorted_slots
from equity.measures.lines.coverage import LocationFiles, Rule, as_rule, locations
from equity.provenance import Source, stamp
from equity.rules import CoverageRule
from equity.rules.coverage_rule import TECHNOLOGIES

__all__ = ["RuleComparison", "compare_rules", "compare_vintages"]


@dataclass(frozen=True, repr=False)
class RuleComparison:
    """Two rules on the same locations.

    Attributes
    ----------
    areas
        Index ``geoid``; ``locations_n``, ``qualifying_before_n``, ``qualifying_after_n``,
        ``gained_n`` and ``lost_n`` (locations with a qualifying line under one rule only) and, for
        every technology, ``gained_…_n`` and ``lost_…_n``: how many of these have their line
        through it. A location may have several, so technologies do not add up to the total.
    switches
        One row per (``class_before``, ``class_after``, ``technologies``): how many locations
        change class, and the technologies that give the better of the two classes.
    """

    areas: pd.DataFrame
    switches: pd.DataFrame

    def __repr__(self) -> str:
        total = int(self.switches["locations_n"].sum())
        return f"RuleComparison({total:,} locations change class in {len(self.areas):,} areas)"


@dataclass(frozen=True)
class _Subset:
    """Some files of a handle."""

    as_of: str
    files: Sequence[LocationFile]
    notes: Sequence[str] = ()
    sources: Sequence[Source] = ()


def compare_rules(
    data: LocationFiles,
    *,
    before: Rule,
    after: Rule,
    level: str = "tract",
    executor: Executor | None = None,
    cache_dir: str | Path | None = None,
) -> RuleComparison:
    """Compare two rules on the same files, read once.

    Parameters
    ----------
    data
        What ``read_bdc`` returns.
    before, after
        The rules; ``gained`` is what ``after`` counts and ``before`` does not.
    level, executor, cache_dir
        As for :func:`equity.coverage`.

    Returns
    -------
    RuleComparison
        A table of areas and a table of the locations that switch class.

    Raises
    ------
    InputError
        If the level or a rule is unknown.
    """
    rules = [as_rule(before), as_rule(after)]
    check_level(level)
    areas: list[pd.DataFrame] = []
    switches: Counter[tuple[int, int, int]] = Counter()
    for part in locations(data, rules, level=level, executor=executor, cache_dir=cache_dir):
        areas.append(_compare_areas(part, rules, level))
        switches.update(_switches(part, rules))
    table = pd.concat(areas).sort_index()
    note = f"Before: rule {rules[0].id}; after: rule {rules[1].id}"
    _stamp(table, level, data.sources, [note, *data.notes])
    return RuleComparison(table, _switch_table(switches))


def compare_vintages(
    before: LocationFiles,
    after: LocationFiles,
    *,
    rule: Rule,
    level: str = "tract",
    executor: Executor | None = None,
    cache_dir: str | Path | None = None,
) -> pd.DataFrame:
    """Compare two vintages under one rule, location by location.

    Parameters
    ----------
    before, after
        What ``read_bdc`` returns for the earlier and the later date.
    rule, level, executor, cache_dir
        As for :func:`equity.coverage`.

    Returns
    -------
    pandas.DataFrame
        Index ``geoid``; ``locations_before_n``, ``locations_after_n``, ``qualifying_before_n``,
        ``qualifying_after_n``; ``gained_n`` = ``gained_new_location_n`` (the location is new on the
        map) + ``gained_known_location_n`` (it was there without a qualifying line); ``lost_n`` =
        ``lost_removed_location_n`` (it is no longer on the map) + ``lost_removed_listing_n`` (it
        is, but the line is no longer listed). ``change_status`` is ``ok`` where both vintages have
        the served/unserved export; else ``listed_only``: a location without any offer cannot be
        told from one that does not exist.

    Raises
    ------
    VintageError
        If ``after`` is not later than ``before``.
    """
    if after.as_of <= before.as_of:
        raise VintageError(
            f"the later files are as of {after.as_of}, the earlier ones as of {before.as_of}",
            fix="give the earlier vintage first",
        )
    chosen = as_rule(rule)
    check_level(level)
    frames = []
    for old, new in _by_state(before, after, apart=cell_resolution(level) is None):
        pair = [
            merge(locations(files, [chosen], level=level, executor=executor, cache_dir=cache_dir))
            for files in (old, new)
        ]
        both = all(_has_export(files) for files in (old, new))
        frames.append(_compare_dates(pair[0], pair[1], chosen, level, exported=both))
    table = pd.concat(frames).sort_index()
    note = f"From {before.as_of} to {after.as_of} under rule {chosen.id}"
    sources = [*before.sources, *after.sources]
    return _stamp(table, level, sources, [note, *before.notes, *after.notes])


def _compare_areas(part: Partial, rules: Sequence[CoverageRule], level: str) -> pd.DataFrame:
    inverse, codes = sorted_areas(part, level)
    size = codes.size
    old, new = (_qualifying(part, number, rule) for number, rule in enumerate(rules))
    gained, lost = new & ~old, old & ~new
    parts: dict[str, Flags] = {
        "locations_n": np.ones(part.ids.size, bool),
        "qualifying_before_n": old,
        "qualifying_after_n": new,
        "gained_n": gained,
        "lost_n": lost,
    }
    for code in TECHNOLOGIES:
        for word, flags, number in (("gained", gained, 1), ("lost", lost, 0)):
            counted = code in rules[number].technologies
            bits = part.rules[number].levels.get(code) if counted else None
            through = flags & False if bits is None else flags & ((bits & QUALIFIES) > 0)
            parts[f"{word}_{technology_name(code)}_n"] = through
    return _count(parts, inverse, area_labels(codes, level), size)


def _switches(part: Partial, rules: Sequence[CoverageRule]) -> Counter[tuple[int, int, int]]:
    """Count locations by class before, class after and technologies of the better class."""
    old, new = (class_number(part, number, rule) for number, rule in enumerate(rules))
    moved = np.flatnonzero(old != new)
    through = np.zeros(moved.size, np.int64)
    up = new[moved] > old[moved]
    better = np.maximum(old, new)[moved]
    for position, code in enumerate(TECHNOLOGIES):
        for number, which in ((0, ~up), (1, up)):
            if code not in rules[number].technologies:
                continue
            bits = part.rules[number].levels.get(code)
            if bits is not None:
                reached = bits[moved] & np.where(better == 2, SERVED, UNDERSERVED)
                through[which & (reached > 0)] |= 1 << position
    rows = np.stack([old[moved], new[moved], through], axis=1)
    kinds, counts = np.unique(rows, axis=0, return_counts=True)
    pairs = zip(kinds.tolist(), counts.tolist(), strict=True)
    return Counter({(a, b, techs): n for (a, b, techs), n in pairs})


def _switch_table(switches: Counter[tuple[int, int, int]]) -> pd.DataFrame:
    rows = [
        {
            "class_before": CLASSES[old],
            "class_after": CLASSES[new],
            "technologies": " + ".join(
                name for bit, name in enumerate(TECHNOLOGIES.values()) if through >> bit & 1
            ),
            "locations_n": count,
        }
        for (old, new, through), count in sorted(switches.items(), key=lambda kv: (-kv[1], kv[0]))
    ]
    return pd.DataFrame(
        rows, columns=["class_before", "class_after", "technologies", "locations_n"]
    )


def _by_state(
    before: LocationFiles, after: LocationFiles, *, apart: bool
) -> Iterator[tuple[_Subset, _Subset]]:
    states = {file.state for data in (before, after) for file in data.files}
    if not apart or "" in states:
        yield _Subset(before.as_of, before.files), _Subset(after.as_of, after.files)
        return
    for state in sorted(states):
        old, new = (
            [file for file in data.files if file.state == state] for data in (before, after)
        )
        if not old or not new:
            raise InputError(
                f"state {state} is in one of the two vintages only",
                fix="read the same states for both dates",
            )
        yield _Subset(before.as_of, old), _Subset(after.as_of, new)


def _has_export(files: _Subset) -> bool:
    return any(file.product == "served_unserved" for file in files.files)


def _compare_dates(
    old: Partial, new: Partial, rule: CoverageRule, level: str, *, exported: bool
) -> pd.DataFrame:
    ids = np.union1d(old.ids, new.ids)
    in_old, at_old = _find(old.ids, ids)
    in_new, at_new = _find(new.ids, ids)
    had = in_old & _qualifying(old, 0, rule)[at_old]
    has = in_new & _qualifying(new, 0, rule)[at_new]
    area = np.where(in_new, codes_of(new, level)[at_new], codes_of(old, level)[at_old])
    inverse, codes = sorted_slots(area)
    gained, lost = has & ~had, had & ~has
    parts = {
        "locations_before_n": in_old,
        "locations_after_n": in_new,
        "qualifying_before_n": had,
        "qualifying_after_n": has,
        "gained_n": gained,
        "gained_new_location_n": gained & ~in_old,
        "gained_known_location_n": gained & in_old,
        "lost_n": lost,
        "lost_removed_location_n": lost & ~in_new,
        "lost_removed_listing_n": lost & in_new,
    }
    table = _count(parts, inverse, area_labels(codes, level), codes.size)
    table["change_status"] = "ok" if exported else "listed_only"
    return table


def _find(some: Ints, ids: Ints) -> tuple[Flags, Ints]:
    """Return where sorted ids occur among others, and at which place."""
    if not some.size:
        raise InputError(
            "one of the two vintages names no location", fix="check that the download is complete"
        )
    place = np.minimum(np.searchsorted(some, ids), some.size - 1)
    return some[place] == ids, place


def _qualifying(part: Partial, number: int, rule: CoverageRule) -> Flags:
    bits: Bits = location_class(part.rules[number], rule.technologies, part.ids.size)
    return (bits & QUALIFIES) > 0


def _count(parts: dict[str, Flags], inverse: Ints, index: pd.Index, size: int) -> pd.DataFrame:
    counted: dict[str, NDArray[np.float64]] = {
        name: np.bincount(inverse[flags], minlength=size).astype(float)
        for name, flags in parts.items()
    }
    return pd.DataFrame(counted, index=index)


def _stamp(
    table: pd.DataFrame, level: str, sources: Sequence[Source], notes: Sequence[str]
) -> pd.DataFrame:
    cells = cell_resolution(level) is not None
    return stamp(
        table, level=level, geo_vintage=None if cells else "2020", sources=sources, notes=notes
    )
