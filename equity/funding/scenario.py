"""What if: lines, homes, clinics and practices' lines changed together, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from equity.areas.words import number
from equity.errors import InputError, MissingColumnError
from equity.funding._change import (
    Part,
    changed,
    home_parts,
    line_part,
    with_reach,
    without_stale,
)
from equity.measures.checks import need_gap_inputs
from equity.measures.disparity import disparity
from equity.measures.draws import Draws, Lift, Travel, draw_standing, refuse_few
from equity.measures.gap import SPLIT, telehealth_gap
from equity.measures.reach.costs import TravelCosts
from equity.measures.reach.new_clinic import Asked, beyond_reach_with_sites
from equity.measures.relying import people_relying
from equity.provenance import carry

__all__ = ["Scenario", "scenario"]

Floats = npt.NDArray[np.float64]

_COUNTS = ("population_n", "beyond_reach_n", "gap_n", "no_link_n")
_RANGE = ("gap_independence_n", "gap_ceiling_n")
_GROUP = "is_under_resourced"
_NEEDED = (
    "population_n", "beyond_reach_share", "qualifying_share", "connected_share", "device_share",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Scenario:
    """A study's counts as they are and as they would be.

    Attributes
    ----------
    areas
        By area id: ``gap_before_n``, ``gap_after_n``, ``brought_in_n``, ``lines_added_n``
        (locations), ``homes_connected_n``; missing where an input is.
    table
        The area table as it would be, with its gap, for another call to go on from: shares, their
        margins and ``qualifying_n`` follow from the change. What cannot be known afterwards (such
        as ``served_n``, or the gap under other rules) is missing where ``scenario_status`` is
        ``changed``, and what compares areas (tiers, clusters) is missing everywhere.
    counts
        One row a count: the three of the measure, and all without a usable link; ``before``,
        ``after``, ``change``, and with draws the ends of each (``_p05``, ``_p95``, 90 %).
    range
        How lines and homes may overlap: least, independent and most people in the gap, before and
        after.
    split
        What is missing: line only, home only, both, before and after.
    disparity
        Rate in under-resourced areas, everywhere else, and the difference, of ``no_link_share`` and
        ``gap_share``, before and after; with draws the ends of the difference. Empty where the
        table does not say who comes first.
    practices
        Sites and people who rely on them by whether the site's line is fit, before and after; None
        if no practice was named.
    notes
        What is left out.
    """

    areas: pd.DataFrame
    table: pd.DataFrame
    counts: pd.DataFrame
    range: pd.DataFrame
    split: pd.DataFrame
    disparity: pd.DataFrame
    practices: pd.DataFrame | None
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        before, after = self.counts[["before", "after"]].to_numpy()[_COUNTS.index("gap_n")]
        return (
            f"<Scenario {number(before)} people in the gap before, {number(after)} after; "
            f"{number(before - after)} brought in>"
        )


def scenario(
    table: pd.DataFrame,
    *,
    line: Part = 0.0,
    line_locations_n: pd.Series | None = None,
    home: Part = 0.0,
    device: Part = 0.0,
    subscription: Part = 0.0,
    clinics: TravelCosts | None = None,
    capacity: pd.Series | None = None,
    care: Asked | None = None,
    beyond_reach_after: pd.Series | None = None,
    readiness: pd.DataFrame | None = None,
    better_practice_lines: Sequence[str] = (),
    draws: int = 0,
    seed: int = 0,
    travel: Travel | None = None,
    over_report: float = 0.0,
) -> Scenario:
    """Return the counts before and after any combination of changes.

    Parameters
    ----------
    table
        Area table of :func:`equity.telehealth_gap`; with ``subscription_share`` devices and
        subscriptions can be told apart, with ``is_under_resourced`` the disparity is shown.
    line
        Part (0 to 1) of the locations without a qualifying line that get one.
    line_locations_n
        Instead, how many of them, by area id.
    home
        Part of the homes that are not connected that get all they lack.
    device, subscription
        Parts of the homes without a device, and without a subscription that counts, that get one.
        Who lacks both and gets one stays unconnected. The two parts fall on the same homes no more
        often than by chance.
    clinics
        Travel from the areas to the clinics that are new or become larger,
        :func:`equity.travel_costs`. Who comes within reach is told by the method that made
        ``beyond_reach_share``; what the clinics do to access in the areas around is not shown.
    capacity
        Full-time equivalents that each of these gains, where the study counts by capacity.
    care
        How the study asks: ``limit_min``, ``sd`` and ``points``, or ``benchmark_per_10k``,
        ``steps`` and ``demand``, as in ``beyond_reach_with_sites`` of
        :mod:`equity.measures.reach.new_clinic`; of a study, ``result.plan.care[0].asked``.
    beyond_reach_after
        In place of the three, the share beyond reach as it would be, by area id; other areas keep
        theirs.
    readiness, better_practice_lines
        From :func:`equity.practice_readiness`, and ids of sites whose line becomes fit. This
        changes the practices' finding and no count of people.
    draws, seed, travel, over_report
        As for :func:`equity.standing`; 0 draws: none. Before and after are drawn from the same
        numbers, so that the ends of the change are those of what the scenario does.

    Returns
    -------
    Scenario

    Raises
    ------
    InputError
        For a part that is missing or outside 0 to 1, an area that the table does not have, more
        lines than locations without one, a clinic that puts people out of reach, or a site that
        nobody knows.
    MissingColumnError
        If a column is missing.

    Notes
    -----
    Only what binds is recovered: a line where homes are unconnected brings nobody in. Gains of
    access in a catchment are not shown: what one area gains of a given supply others lose.

    Examples
    --------
    >>> areas = pd.DataFrame(
    ...     {"population_n": [1200.0], "beyond_reach_share": [1.0], "qualifying_share": [0.2],
    ...      "connected_share": [0.4], "device_share": [0.5]}, index=["51001000100"])
    >>> scenario(areas, line=1.0).counts.loc["gap_n"].round(6).tolist()
    [960.0, 720.0, -240.0]
    >>> scenario(areas, line=1.0, home=0.5).counts.loc["gap_n"].round(6).tolist()
    [960.0, 360.0, -600.0]
    """
    need_gap_inputs(table, _NEEDED)
    refuse_few(draws, or_none=True)
    lines = line_part(table, line, line_locations_n)
    lifts = {"qualifying_share": lines} | home_parts(table, home, device, subscription)
    homes = lifts["connected_share"]
    reached = with_reach(table, _reach_after(table, clinics, capacity, care, beyond_reach_after))
    after = changed(reached, lifts)
    before_gap, after_gap = telehealth_gap(table), telehealth_gap(after)
    lost = before_gap["gap_n"].notna() & after_gap["gap_n"].isna()
    if lost.any():
        raise InputError(
            "what the scenario would do cannot be told where a share is unknown",
            rows=table.index[lost],
            fix="leave these areas out of it; a device alone needs subscription_share",
        )
    drawn = None
    if draws:
        ask: dict[str, Any] = {
            "draws": draws,
            "seed": seed,
            "travel": travel,
            "over_report": over_report,
        }
        lift = Lift(lines, homes)
        drawn = (
            draw_standing(table, (), at_least=0, **ask),
            draw_standing(reached, (), at_least=0, lift=lift, **ask),
        )
    left = without_stale(after, table, lifts)
    whole = carry(left.assign(**after_gap), after, after_gap)
    return Scenario(
        areas=_areas(table, before_gap, after_gap, lines, homes),
        table=whole,
        counts=_counts(table, before_gap, after_gap, drawn),
        range=_side_by_side(before_gap, after_gap, ("gap_n", *_RANGE)),
        split=_side_by_side(before_gap, after_gap, SPLIT),
        disparity=_disparity(table, before_gap, after_gap, drawn),
        practices=_practices(table, readiness, better_practice_lines),
        notes=drawn[0].notes if drawn else (),
    )


def _reach_after(
    table: pd.DataFrame,
    clinics: TravelCosts | None,
    capacity: pd.Series | None,
    care: Asked | None,
    after: pd.Series | None,
) -> pd.Series | None:
    """Return the share beyond reach as it would be, told or made anew; None: as it is."""
    if clinics is None:
        if capacity is not None or care is not None:
            raise InputError(
                "capacity or care is given, and no clinic", fix="give clinics=, from travel_costs"
            )
        return after
    if after is not None:
        raise InputError("reach is given twice", fix="give clinics or beyond_reach_after")
    asked: Asked = {} if care is None else care
    if strange := set(asked) - set(Asked.__annotations__):
        raise InputError(
            f"care has no {min(strange)!r}",
            fix=f"it may have {', '.join(Asked.__annotations__)}",
        )
    return beyond_reach_with_sites(table, clinics, capacity=capacity, **asked).dropna()


def _areas(
    table: pd.DataFrame, before: pd.DataFrame, after: pd.DataFrame, lines: Floats, homes: Floats
) -> pd.DataFrame:
    result = pd.DataFrame(index=table.index)
    result["gap_before_n"], result["gap_after_n"] = before["gap_n"], after["gap_n"]
    result["brought_in_n"] = before["gap_n"] - after["gap_n"]
    if {"locations_n", "qualifying_n"} <= set(table.columns):
        lacking = (table["locations_n"] - table["qualifying_n"]).clip(lower=0.0)
        result["lines_added_n"] = lacking * lines
    if "households_n" in table.columns:
        result["homes_connected_n"] = table["households_n"] * (1 - table["connected_share"]) * homes
    return carry(result, table)


def _sums(gap: pd.DataFrame, table: pd.DataFrame, names: Sequence[str]) -> list[float]:
    known = gap["gap_n"].notna()
    whole = gap.assign(population_n=table["population_n"])
    return [float(whole.loc[known, name].sum(min_count=1)) for name in names]


def _counts(
    table: pd.DataFrame,
    before: pd.DataFrame,
    after: pd.DataFrame,
    drawn: tuple[Draws, Draws] | None,
) -> pd.DataFrame:
    frame = pd.DataFrame(
        {"before": _sums(before, table, _COUNTS), "after": _sums(after, table, _COUNTS)},
        index=pd.Index(_COUNTS, name="count"),
    )
    frame["change"] = frame["after"] - frame["before"]
    if drawn is None:
        return frame
    for name in ("gap_n", "no_link_n"):
        ends = {"before": drawn[0].total(what=name)[1:], "after": drawn[1].total(what=name)[1:]}
        sums = [one.reflected[name].sum(axis=1, dtype=np.float64) for one in drawn]
        told = bool(np.isfinite(ends["before"]).all())
        quantiles = np.quantile(sums[1] - sums[0], [0.05, 0.95]).tolist()
        ends["change"] = tuple(quantiles) if told else (np.nan, np.nan)
        for key, (low, high) in ends.items():
            frame.loc[name, [f"{key}_p05", f"{key}_p95"]] = low, high
    return frame


def _side_by_side(before: pd.DataFrame, after: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "before": before[list(names)].sum(min_count=1),
            "after": after[list(names)].sum(min_count=1),
        }
    )
    return frame.assign(change=frame["after"] - frame["before"])


def _disparity(
    table: pd.DataFrame,
    before: pd.DataFrame,
    after: pd.DataFrame,
    drawn: tuple[Draws, Draws] | None,
) -> pd.DataFrame:
    names = ["under_resourced", "elsewhere", "difference", "difference_p05", "difference_p95"]
    first = table.get(_GROUP)
    people = table["population_n"].where(before["gap_n"].notna()) > 0
    if first is None or first[people].fillna(value=False).nunique() < 2:
        return pd.DataFrame(columns=names)
    rows = {}
    for what in ("no_link_n", "gap_n"):
        for number_, (when, gap) in enumerate((("before", before), ("after", after))):
            share = f"{what.removesuffix('_n')}_share"
            judged = pd.DataFrame(
                {"population_n": table["population_n"], _GROUP: first.fillna(value=False),
                 share: gap[what] / table["population_n"].where(table["population_n"] > 0)}
            )[people]  # fmt: skip
            rates = disparity(judged, share, groups=_GROUP, worse="higher").rates
            marked = rates.iloc[[str(key).casefold() in _TRUE for key in rates.index]].iloc[0]
            ends = (np.nan, np.nan)
            if drawn is not None:
                mask = pd.Series(first.fillna(value=False).astype(bool), index=table.index)
                ends = drawn[number_].difference(mask, what=what)[1:]
            rows[share, when] = [
                marked["rate"], marked["reference_rate"], marked["difference"], *ends
            ]  # fmt: skip
    frame = pd.DataFrame(rows, index=names).T
    return frame.rename_axis(["rate", "when"])


_TRUE = {"true", "yes", "1"}


def _practices(
    table: pd.DataFrame, readiness: pd.DataFrame | None, better: Sequence[str]
) -> pd.DataFrame | None:
    if readiness is None:
        if better:
            raise InputError(
                "practices get a better line, and none is known",
                fix="give readiness=, from practice_readiness",
            )
        return None
    strange = pd.Index(better).difference(readiness.index)
    if len(strange):
        raise InputError(
            "a practice that is to get a better line is not in readiness", rows=strange.tolist(),
            fix="write the ids of the sites",
        )  # fmt: skip
    if "nearest_site_id" not in table.columns:
        raise MissingColumnError(
            "the table lacks nearest_site_id", fix="make it with nearest_sites over the same sites"
        )
    status = readiness["practice_status"].astype(object)
    later = readiness.assign(practice_status=status.mask(readiness.index.isin(better), "ok"))
    people = table["population_n"].fillna(0.0)
    before, after = (
        people_relying(one, nearest_site_id=table["nearest_site_id"], population=people)
        for one in (readiness, later)
    )
    return before.add_suffix("_before").join(after.add_suffix("_after"))
