"""Is it getting better: two area tables of other years, or under other rules, compared.

Areas of two vintages are first brought to one. Differences are tested only where the two surveys
share no year, and for all areas at once with a stated rate of false discoveries. The change of the
gap is split exactly into what came through people, reach, lines and homes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from equity.areas.crosswalk import crosswalk
from equity.areas.join import combine
from equity.areas.moe import difference_test
from equity.areas.relationship import Relationship
from equity.areas.schema import describe
from equity.areas.table import level_of
from equity.areas.vintage import comparable, required_vintage
from equity.errors import InputError, MissingColumnError
from equity.language import said
from equity.measures.checks import refuse_discovery_rate, refuse_seed
from equity.measures.gap_split import PARTS, Split, split_change
from equity.measures.local_statistics import false_discovery
from equity.provenance import carry, meta

__all__ = ["COMPARED", "Change", "change"]

COMPARED = (
    "gap_n", "gap_share", "no_link_n", "beyond_reach_n", "qualifying_share", "connected_share",
    "population_n",
)  # fmt: skip
"""What is compared unless columns are named."""
Overlap = Literal["refuse", "as_if_apart", "approximate"]
Period = tuple[int, int]
_SPAN = re.compile(r"(\d{4})-(\d{4})")
_FLAGS = ("is_under_resourced", "falls_short")


@dataclass(frozen=True, eq=False)
class Change:
    """Two tables compared, area by area and over all.

    Attributes
    ----------
    areas
        The later table's rows. For each column compared ``…_before``, ``…_after``, ``…_change``
        (after less before); ``…_change_moe`` (90 %), ``…_change_z``, ``…_change_p``,
        ``…_change_q`` (least rate of false discoveries) and ``…_trend`` (``rose``, ``fell`` or
        ``no_difference``) where there is a test; ``…_change_status`` says why not: ``no_moe``,
        ``controlled``, ``overlapping_periods``, ``same_survey``, ``period_unknown``,
        ``not_covered`` (no value on one side). ``gap_from_people_n``, ``gap_from_reach_n``,
        ``gap_from_lines_n`` and ``gap_from_homes_n`` add up to ``gap_n_change``, each with ``_p05``
        and ``_p95`` where inputs have margins.
    totals
        Index ``people``, ``reach``, ``lines``, ``homes``, ``all``: ``change_n`` of the gap over
        areas with a split, and ``change_n_p05``, ``change_n_p95``.
    gained, lost
        Ids of places that are under-resourced and fall short only after, or only before; None where
        a table does not say (areas that were moved to others lose their flags).
    only_before, only_after
        Ids of one table alone: compared with nothing.
    columns
        What was compared.
    """

    areas: pd.DataFrame
    totals: pd.DataFrame
    columns: tuple[str, ...]
    gained: tuple[str, ...] | None = None
    lost: tuple[str, ...] | None = None
    only_before: tuple[str, ...] = ()
    only_after: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())


def change(
    before: pd.DataFrame,
    after: pd.DataFrame,
    *,
    columns: Sequence[str] | None = None,
    links: Relationship | pd.DataFrame | None = None,
    counts: Mapping[str, str] | None = None,
    ratios: Mapping[str, tuple[str, str]] | None = None,
    periods: tuple[Period, Period] | None = None,
    overlap: Overlap = "refuse",
    discovery_rate: float = 0.1,
    draws: int = 200,
    seed: int = 0,
) -> Change:
    """Compare two area tables of the same place.

    Parameters
    ----------
    before, after
        Area tables of one level and the same states.
    columns
        Numbers in both to compare; by default those of :data:`COMPARED` that both have.
    links
        What makes the areas of one vintage of those of the other, where they differ: `before` is
        moved to the areas of `after`, as :func:`equity.crosswalk` does.
    counts, ratios
        Columns of the user's own for that move, as for :func:`equity.crosswalk`.
    periods
        First and last year of each survey; by default what the tables' records say.
    overlap
        What to do where the two surveys share years. ``refuse``: no test. ``as_if_apart``: test as
        if they shared nobody, which finds too little. ``approximate``: with the Census Bureau's old
        factor, a deprecated approximation.
    discovery_rate
        Of the areas said to have changed, the share (above 0, below 1) that may be chance.
    draws, seed
        Of the margins behind the intervals of the split.

    Returns
    -------
    Change

    Raises
    ------
    InputError
        If levels or states differ, or a setting is none.
    VintageError
        If the areas are of two vintages and there are no links.
    MissingColumnError
        If a column is not in both.

    Notes
    -----
    Two runs on one survey (another rule, another limit) differ without sampling error of their
    difference: they are never tested.

    References
    ----------
    U.S. Census Bureau (2020). Understanding and Using American Community Survey Data: What All
    Data Users Need to Know, chapter 7 (differences; periods that do not overlap).

    Examples
    --------
    >>> from equity.areas.table import area_table
    >>> def year(gap, moe):
    ...     counts = {"gap_n": [gap], "gap_n_moe": [moe]}
    ...     return area_table(pd.DataFrame(counts, index=["51001090100"]), level="tract",
    ...                       geo_vintage="2020")
    >>> found = change(year(620.0, 50.0), year(710.0, 40.0), periods=((2014, 2018), (2019, 2023)))
    >>> found.areas[["gap_n_change", "gap_n_trend"]].values.tolist()
    [[90.0, 'rose']]
    """
    _check(draws, overlap)
    refuse_discovery_rate(discovery_rate)
    refuse_seed(seed)
    level_of(before, name="the table before")
    level_of(after, name="the table after")
    before, notes = _on_areas_of(after, before, links, counts=counts, ratios=ratios)
    _same_states(before, after)
    chosen = _columns(before, after, None if columns is None else list(columns))
    base, _ = combine(
        _side(after, chosen, "after"), _side(before, chosen, "before"), audit=True,
        names=["the table before"],
    )  # fmt: skip
    spans = periods or (_period(before), _period(after))
    why, shared = _testable(*spans, overlap)
    parts = [_tested(base, name, why, shared, discovery_rate) for name in chosen]
    split = split_change(before, after, draws=draws if not why else 0, seed=seed)
    areas = pd.concat([base, *parts, split.areas.reindex(base.index)], axis=1)
    notes += _said(spans, overlap, why)
    gained, lost = _named(before, after)
    return Change(
        carry(areas, after, before, notes=notes),
        _totals(split),
        tuple(chosen),
        gained,
        lost,
        tuple(before.index.difference(after.index)),
        tuple(after.index.difference(before.index)),
        tuple(notes),
    )


def _check(draws: int, overlap: str) -> None:
    if draws < 0:
        raise InputError(f"draws is {draws}", fix="give 0 or more")
    words = ("refuse", "as_if_apart", "approximate")
    if overlap not in words:
        raise InputError(f"overlap is {overlap!r}", fix=f"use one of {', '.join(words)}")


def _on_areas_of(
    after: pd.DataFrame,
    before: pd.DataFrame,
    links: Any,
    *,
    counts: Mapping[str, str] | None,
    ratios: Mapping[str, tuple[str, str]] | None,
) -> tuple[pd.DataFrame, list[str]]:
    """Return the earlier table on the areas of the later one; without links it must be on them."""
    record = meta(after)
    if links is None or record.level is None:
        return before, []
    old = required_vintage(meta(before).geo_vintage, name="the table before")
    new = required_vintage(record.geo_vintage, name="the table after")
    if comparable(record.level, old, new, before.index, after.index):
        return before, []
    movable = [*(counts or {}), *(ratios or {}), *_of_registry(before)]
    margins = [f"{name}_moe" for name in movable if f"{name}_moe" in before]
    kept = before[list(dict.fromkeys([*movable, *margins]))]
    moved = crosswalk(kept, links, to=new, counts=counts, ratios=ratios)
    return moved, [
        said(
            "areas of {old} were moved to those of {new} before they were compared",
            old=old,
            new=new,
        )
    ]


def _of_registry(table: pd.DataFrame) -> list[str]:
    """Return the columns that can be moved: counts of people and homes, shares with both parts."""
    known = describe(str(name) for name in table.columns)
    counted = {c.name for c in known if c.adds and c.universe and not c.name[:1].isupper()}
    rebuilt = [c.name for c in known if c.parts and set(c.parts) <= counted]
    return [*counted, *rebuilt]


def _same_states(before: pd.DataFrame, after: pd.DataFrame) -> None:
    sets = [sorted(set(table.index.astype(str).str[:2])) for table in (before, after)]
    if sets[0] != sets[1]:
        raise InputError(
            f"the tables are of other states: {', '.join(sets[0])} before, {', '.join(sets[1])} "
            "after",
            fix="compare two runs of the same state",
        )


def _columns(before: pd.DataFrame, after: pd.DataFrame, columns: Sequence[str] | None) -> list[str]:
    both = [name for name in columns or COMPARED if name in before and name in after]
    lacking = [name for name in columns or () if name not in both]
    if lacking or not both:
        raise MissingColumnError(
            f"{lacking[0] if lacking else 'no column to compare'} is not in both tables",
            fix="name columns that both have; shares move to other areas only with their counts",
        )
    return both


def _side(table: pd.DataFrame, columns: list[str], side: str) -> pd.DataFrame:
    margins = [f"{name}_moe" for name in columns if f"{name}_moe" in table]
    own = ["name", "county_name", "geometry"] if side == "after" else []
    kept = table[[name for name in own if name in table] + columns + margins]
    names = {name: f"{name}_{side}" for name in columns}
    return kept.rename(columns=names | {m: f"{m.removesuffix('_moe')}_{side}_moe" for m in margins})


def _period(table: pd.DataFrame) -> Period | None:
    """Return the years that a table's survey covers, as its record says."""
    found = [_SPAN.fullmatch(source.vintage) for source in meta(table).sources]
    years = [int(year) for match in found if match for year in match.groups()]
    return (min(years), max(years)) if years else None


def _testable(before: Period | None, after: Period | None, overlap: Overlap) -> tuple[str, float]:
    """Return why there is no test, if so, and the share of years to take off."""
    if before is None or after is None:
        return "period_unknown", 0.0
    if before == after:
        return "same_survey", 0.0
    common = min(before[1], after[1]) - max(before[0], after[0]) + 1
    if common <= 0 or overlap == "as_if_apart":
        return "", 0.0
    share = common / (max(before[1] - before[0], after[1] - after[0]) + 1)
    return ("overlapping_periods", 0.0) if overlap == "refuse" else ("", share)


def _tested(base: pd.DataFrame, name: str, why: str, shared: float, rate: float) -> pd.DataFrame:
    old, new = base[f"{name}_before"].astype(float), base[f"{name}_after"].astype(float)
    nothing = pd.Series(np.nan, index=base.index)
    moes = [base.get(f"{name}_{side}_moe", nothing).astype(float) for side in ("before", "after")]
    test: Any = difference_test(new, moes[1], old, moes[0], overlap_share=shared)
    tested = test["z"].notna() & (not why)
    z, p = test["z"].where(tested), test["p"].where(tested)
    q = pd.Series(false_discovery(p), index=base.index)
    trend = np.select(
        [~tested, q > rate, test["difference"] > 0], ["", "no_difference", "rose"], "fell"
    ).astype(object)
    trend[~tested] = None
    known, margins = test["difference"].notna(), test["difference_moe"].notna()
    status = np.select(
        [~known, ~margins, np.full(len(base), bool(why)), tested],
        ["not_covered", "no_moe", why or "ok", "ok"],
        "controlled",
    )
    return pd.DataFrame(
        {
            f"{name}_change": test["difference"],
            f"{name}_change_moe": np.nan if why else test["difference_moe"],
            f"{name}_change_z": z,
            f"{name}_change_p": p,
            f"{name}_change_q": q,
            f"{name}_trend": trend,
            f"{name}_change_status": status,
        },
        index=base.index,
    )


def _said(spans: tuple[Period | None, Period | None], overlap: Overlap, why: str) -> list[str]:
    if why == "period_unknown":
        return [said("no test: the tables do not say which years their surveys cover")]
    years = [f"{span[0]}-{span[1]}" for span in spans if span]
    if why == "same_survey":
        return [said("no test: both rest on the survey of {years}", years=years[0])]
    between = dict(zip(("one", "other"), years, strict=True))
    if why:
        return [said("no test: the surveys of {one} and {other} share years", **between)]
    if overlap == "refuse" or max(s[0] for s in spans if s) > min(s[1] for s in spans if s):
        return []
    if overlap == "as_if_apart":
        return [
            said(
                "the surveys of {one} and {other} share years: tested as if they shared nobody, "
                "which finds too little",
                **between,
            )
        ]
    return [
        said(
            "the surveys of {one} and {other} share years: tested with the Census Bureau's old "
            "factor, a deprecated approximation",
            **between,
        )
    ]


def _named(
    before: pd.DataFrame, after: pd.DataFrame
) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    if not all(name in table for table in (before, after) for name in _FLAGS):
        return None, None
    old, new = (
        set(t.index[t[list(_FLAGS)].fillna(value=False).astype(bool).all(axis=1)])
        for t in (before, after)
    )
    there = set(before.index) & set(after.index)
    return tuple(sorted((new - old) & there)), tuple(sorted((old - new) & there))


def _totals(split: Split) -> pd.DataFrame:
    change_n: npt.NDArray[np.float64] = split.areas[list(PARTS.values())].sum().to_numpy()
    rows = np.array([*change_n, change_n.sum()])
    low, high = split.total_p05, split.total_p95
    names = pd.Index([*PARTS, "all"], name="through")
    return pd.DataFrame({"change_n": rows, "change_n_p05": low, "change_n_p95": high}, index=names)
