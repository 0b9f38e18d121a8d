"""Locations by class under a coverage rule: from the FCC's offers, or from a table of classes.

Each offer is classed by its own two speeds, its latency and its customers; a location takes its
best class over the technologies that the rule counts. Every technology is also shown apart,
whether the rule counts it or not.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import NamedTuple, Protocol

import pandas as pd

from equity.errors import InputError
from equity.measures.lines import _class_table
from equity.measures.lines._denominator import add_shares
from equity.measures.lines._partial import Ints, Partial
from equity.measures.lines._reduce import LocationFile
from equity.measures.lines._rollup import (
    block_digits,
    cell_offers,
    cell_resolution,
    cell_speeds,
    check_level,
    roll_up,
)
from equity.measures.lines._run import Inline, reduce_all
from equity.measures.lines._tally import tell
from equity.provenance import Source, stamp
from equity.rules import CoverageRule, load_coverage_rule

__all__ = ["Inline", "coverage", "location_table"]

logger = logging.getLogger("equity.measures.lines.coverage")

Rule = CoverageRule | str | Path


class LocationFiles(Protocol):
    """The handle that ``read_bdc`` returns."""

    @property
    def as_of(self) -> str: ...
    @property
    def files(self) -> Sequence[LocationFile]: ...
    @property
    def notes(self) -> Sequence[str]: ...
    @property
    def sources(self) -> Sequence[Source]: ...


def coverage(
    data: LocationFiles | pd.DataFrame,
    *,
    rule: Rule,
    level: str = "tract",
    housing: pd.Series | None = None,
    executor: Executor | None = None,
    cache_dir: str | Path | None = None,
) -> pd.DataFrame:
    """Count locations by class and area.

    Parameters
    ----------
    data
        What ``read_bdc`` returns; or a table of classes, as ``read_coverage`` returns, whose
        areas and classes are taken as they are.
    rule
        Id of a coverage rule, the path of a rule file, or a rule.
    level
        ``"block"``, ``"block_group"``, ``"tract"``, ``"county"``, ``"state"``, ``"h3"``
        (resolution 8) or a coarser cell such as ``"h3_6"``.
    housing
        Housing units of 2020 by block or any area inside ``level`` (index: geoid): the denominator
        where no served/unserved export was read; marked ``proxy``.
    executor
        Any ``concurrent.futures`` executor, for example ``dask.distributed.Client.get_executor()``
        or :class:`Inline`. By default, where there is enough to read: a process pool, or on few
        cores threads that read side by side into one table, state after state.
    cache_dir
        Folder that keeps each file's per-location result.

    Returns
    -------
    pandas.DataFrame
        Index ``geoid`` (H3 cells where asked for), sorted. ``locations_n``, ``served_n``,
        ``underserved_n``, ``unserved_n``, ``qualifying_n`` with their shares; ``providers_n``
        (with a qualifying line) and ``providers_listed_n``; ``no_provider_n`` …
        ``three_providers_n`` (three or more): locations by how many providers qualify; best and
        median speeds (Mbps) over the rule's technologies; for every technology ``listed_…_n``,
        ``served_…_n``, ``underserved_…_n``, ``qualifying_…_n``. ``coverage_status`` is ``ok``;
        ``proxy`` (housing units as denominator); ``listed_only`` (no denominator: locations
        without any offer are unknown, shares are upper bounds); or says how a class table bounds
        the rule.

    Raises
    ------
    InputError
        If the level or rule is unknown, or the offers name no location.
    FormatError
        If a file is damaged or not in the publisher's format.
    StorageError
        If the cache cannot be written.

    References
    ----------
    .. [1] Infrastructure Investment and Jobs Act, 47 U.S.C. 1702(a): unserved, underserved.
    .. [2] FCC, Specifications for Data Downloads from the National Broadband Map, rev. 2.4.2.

    Examples
    --------
    >>> from equity import load_example, read_bdc
    >>> example = load_example()
    >>> lines = read_bdc([example.bdc, example.served_unserved], as_of=example.as_of)
    >>> table = coverage(lines, rule="fcc-25-3")
    >>> classes = table[["served_n", "underserved_n", "unserved_n"]].sum(axis=1)
    >>> bool((classes == table["locations_n"]).all())
    True
    """
    chosen = as_rule(rule)
    if isinstance(data, pd.DataFrame):
        return _class_table.coverage_of_classes(data, chosen)
    return coverage_under(
        data, [chosen], level=level, housing=housing, executor=executor, cache_dir=cache_dir
    ).tables[0]


class Covered(NamedTuple):
    """Coverage under several rules, and the best offers by cell where they were asked for.

    Attributes
    ----------
    tables
        What :func:`coverage` returns under each rule.
    offers
        By H3 cell of resolution 8 (index ``geoid``): ``best_down_mbps`` and ``best_up_mbps``, as
        ``coverage(…, level="h3")`` has them; missing where none of a cell's locations is offered
        a line.
    locations
        What :func:`location_table` returns, where it was asked for.
    """

    tables: list[pd.DataFrame]
    offers: pd.DataFrame | None
    locations: pd.DataFrame | None = None


def coverage_under(
    data: LocationFiles,
    rules: Sequence[CoverageRule],
    *,
    level: str = "tract",
    whole: int | None = None,
    offers: CoverageRule | None = None,
    apart: CoverageRule | None = None,
    housing: pd.Series | None = None,
    executor: Executor | None = None,
    cache_dir: str | Path | None = None,
) -> Covered:
    """Return :func:`coverage` under several rules from one pass over the files.

    Parameters
    ----------
    data, level, housing, executor, cache_dir
        As for :func:`coverage`.
    rules
        The rules.
    whole
        Of the rules after the first so many only classes are told, their shares and the status.
    offers
        One of those told wholly: the best offers under it are also told by H3 cell, for
        :func:`equity.practice_readiness`, from the same pass.
    apart
        One of those told wholly: every location's class under it is also told.
    """
    from equity.measures.lines._locations import location_frame

    check_level(level)
    frames: list[list[pd.DataFrame]] = [[] for _ in rules]
    found: list[tuple[Ints, Ints]] = []
    single: list[pd.DataFrame] = []
    tally: Counter[str] = Counter()
    for part in locations(
        data,
        rules,
        level=level,
        whole=whole,
        cells=offers is not None,
        executor=executor,
        cache_dir=cache_dir,
    ):
        tally.update(part.tally)
        tally["location_in_two_blocks"] += part.clashing.size
        rolled = roll_up(part, rules, level, whole=whole)
        for all_of_rule, frame in zip(frames, rolled, strict=True):
            all_of_rule.append(frame)
        if offers is not None:
            found.append(cell_offers(part, rules.index(offers)))
        if apart is not None:
            single.append(location_frame(part, rules.index(apart), apart))
    notes = [*data.notes, *tell(tally)]
    for note in notes:
        logger.info(note)
    tables = [
        _finish(frames[number], data, rule, level, housing=housing, notes=notes)
        for number, rule in enumerate(rules)
    ]
    by_cell = None
    if offers is not None:
        by_cell = _told_by(cell_speeds(found), data, offers, "h3", notes)
    return Covered(tables, by_cell, pd.concat(single).sort_index() if single else None)


def locations(
    data: LocationFiles,
    rules: Sequence[CoverageRule],
    *,
    level: str,
    whole: int | None = None,
    cells: bool = False,
    executor: Executor | None = None,
    cache_dir: str | Path | None = None,
) -> Iterable[Partial]:
    """Return one row per location, state by state where no area crosses a state line.

    With `cells`, or at a level of cells, the H3 cell of each location is kept; of the rules after
    the first `whole` classes alone are.
    """
    by_cell = cell_resolution(level) is not None
    groups: dict[str, list[LocationFile]] = {}
    apart = not by_cell and all(file.state for file in data.files)
    for file in data.files:
        groups.setdefault(file.state if apart else "", []).append(file)
    return reduce_all(
        {name: groups[name] for name in sorted(groups)},
        rules,
        cells=cells or by_cell,
        digits=block_digits(level),
        whole=whole,
        executor=executor,
        cache_dir=None if cache_dir is None else str(cache_dir),
    )


def location_table(
    data: LocationFiles,
    *,
    rule: Rule,
    executor: Executor | None = None,
    cache_dir: str | Path | None = None,
) -> pd.DataFrame:
    """Return the class of every location under a rule.

    Parameters
    ----------
    data, rule, executor, cache_dir
        As for :func:`coverage`.

    Returns
    -------
    pandas.DataFrame
        Index ``location_id`` (str), sorted; ``block_geoid``, ``coverage_class`` (``served``,
        ``underserved``, ``unserved``), ``is_qualifying``, ``best_down_mbps``, ``best_up_mbps``,
        ``is_exported``.

    Raises
    ------
    InputError
        As for :func:`coverage`; also for a table of classes by area, which knows no location.

    Examples
    --------
    >>> from equity import load_example, read_bdc
    >>> example = load_example()
    >>> lines = read_bdc([example.bdc, example.served_unserved], as_of=example.as_of)
    >>> table = location_table(lines, rule="video-visit")
    >>> sorted(table["coverage_class"].unique())
    ['served', 'underserved', 'unserved']
    """
    from equity.measures.lines._locations import location_frame

    chosen = as_rule(rule)
    parts = locations(data, [chosen], level="state", executor=executor, cache_dir=cache_dir)
    table = pd.concat([location_frame(part, 0, chosen) for part in parts])
    return table.sort_index()


def as_rule(rule: Rule) -> CoverageRule:
    """Return a rule, loading it where its id or file is given."""
    return rule if isinstance(rule, CoverageRule) else load_coverage_rule(rule)


def _finish(
    frames: Sequence[pd.DataFrame],
    data: LocationFiles,
    rule: CoverageRule,
    level: str,
    *,
    housing: pd.Series | None,
    notes: Sequence[str],
) -> pd.DataFrame:
    table = pd.concat(frames).sort_index()
    if table.empty:
        raise InputError(
            "the files name no location",
            fix="check that the download is complete and that state= is the right one",
        )
    table, more = add_shares(table, level=level, housing=housing, files=data.files, rule=rule)
    return _told_by(table, data, rule, level, [*notes, *more])


def _told_by(
    table: pd.DataFrame, data: LocationFiles, rule: CoverageRule, level: str, notes: Sequence[str]
) -> pd.DataFrame:
    cells = cell_resolution(level) is not None
    return stamp(
        table,
        level=level,
        geo_vintage=None if cells else getattr(data, "geo_vintage", "2020"),
        sources=data.sources,
        notes=[rule.recorded, *notes],
    )
