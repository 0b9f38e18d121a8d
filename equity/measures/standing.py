"""Who comes first, and who falls short: standings that a study defines before it maps anything."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from equity.areas.schema import companion, describe, limits
from equity.areas.words import say
from equity.errors import InputError
from equity.language import ENGLISH, language, own_words, said, tr
from equity.measures.checks import need_criterion, need_gap_inputs, refuse_at_least, refuse_cuts
from equity.measures.draws import PEOPLE_AT_LEAST, Travel, draw_standing
from equity.measures.gap import gap_totals
from equity.provenance import carry

__all__ = ["Criterion", "falls_short", "reasons", "standing", "under_resourced"]

_NEAR = 1e-9


def cut_outside(column: str, cut: float) -> tuple[str, str] | None:
    """Say what is wrong with a cut-off that lies outside of what its column can hold, and the fix.

    Examples
    --------
    >>> cut_outside("poverty_share", 20)
    ('asks for 20, and its values run from 0 to 1', 'write 20 % as 0.2')
    """
    low, high = limits(column)
    if low <= cut <= high:
        return None
    percent = high == 1 < cut <= 100
    fix = f"write {cut:g} % as {cut / 100:g}" if percent else "give one that a value can reach"
    span = f"run from {low:g} to {high:g}" if high < math.inf else f"start at {low:g}"
    return f"asks for {cut:g}, and its values {span}", fix


@dataclass(frozen=True)
class Criterion:
    """One reason to call an area under-resourced.

    Attributes
    ----------
    column
        Column of the area table.
    at_least, at_most
        The cut-off, itself included; one of the two, in the column's own unit (a share from 0
        to 1).
    label, short
        What it says in a list of criteria, and beside a value.
    """

    column: str
    at_least: float | None = None
    at_most: float | None = None
    label: str = ""
    short: str = ""

    def __post_init__(self) -> None:
        """Refuse a criterion without a cut-off, with two, or with one that no value can reach."""
        if (self.at_least is None) == (self.at_most is None):
            raise InputError(
                f"the criterion on {self.column} needs one cut-off",
                fix="give either at_least or at_most",
            )

        wrong = cut_outside(self.column, self.cut)
        if wrong:
            raise InputError(f"the criterion on {self.column} {wrong[0]}", fix=wrong[1])

    @property
    def cut(self) -> float:
        """The cut-off."""
        given = self.at_least if self.at_least is not None else self.at_most
        assert given is not None, "checked when made"
        return float(given)

    def met(self, values: pd.Series) -> pd.Series:
        """Tell, value by value, whether the criterion is met; a missing value does not meet it."""
        # 1 - 0.9 reaches a cut-off of 0.1, although not in floating point.
        near = _NEAR * abs(self.cut)
        if self.at_least is not None:
            return values >= self.cut - near
        return values <= self.cut + near


def under_resourced(
    table: pd.DataFrame, criteria: Sequence[Criterion], *, at_least: int = 1
) -> pd.DataFrame:
    """Return which areas are under-resourced, by criteria fixed beforehand, and why.

    Parameters
    ----------
    table
        Area table with ``population_n`` and each criterion's column; with its ``_moe`` where
        there is one.
    criteria
        What counts.
    at_least
        How many of the criteria an area must meet.

    Returns
    -------
    pandas.DataFrame
        With the caller's index: ``is_under_resourced``; ``under_resourced_reason``, the criteria
        met with their values; ``under_resourced_status``: ``no_population``, ``not_covered``
        (no criterion has a value), ``within_margin`` (a value lies closer to its cut-off than its
        90 % margin) or ``ok``. The table's notes count the areas that lack a criterion's value.

    Raises
    ------
    InputError
        If there is no criterion, or fewer than are asked for.
    MissingColumnError
        If a criterion's column is not there.

    Examples
    --------
    >>> import pandas as pd
    >>> areas = pd.DataFrame({"population_n": [900.0, 80.0], "poverty_share": [0.31, 0.08]})
    >>> poor = Criterion("poverty_share", at_least=0.2, short="in poverty")
    >>> under_resourced(areas, [poor])["under_resourced_reason"].tolist()
    ['in poverty 31.0 %', '']
    """
    refuse_at_least(at_least, len(criteria))
    met = pd.DataFrame(index=table.index)
    unsure = pd.Series(data=False, index=table.index)
    known = pd.Series(data=False, index=table.index)
    notes = []
    for i, criterion in enumerate(criteria):
        value, margin = _value_and_margin(table, criterion)
        met[i] = criterion.met(value)
        known |= value.notna()
        if lacking := int((value.isna() & (table["population_n"] > 0)).sum()):
            notes.append(
                said(
                    "Under-resourced: {n} areas with residents without {column}, taken not to meet "
                    "it",
                    n=f"{lacking:,}",
                    column=criterion.column,
                )
                if lacking > 1
                else said(
                    "Under-resourced: 1 area with residents without {column}, taken not to meet it",
                    column=criterion.column,
                )
            )
        unsure |= ((value - criterion.cut).abs() <= margin).fillna(value=False)
    result = pd.DataFrame(index=table.index)
    enough = met.sum(axis=1) >= at_least
    result["is_under_resourced"] = enough & (table["population_n"] > 0)
    with language(ENGLISH):  # a table is the same in every language
        result["under_resourced_reason"] = reasons(
            table.assign(is_under_resourced=result["is_under_resourced"]), criteria
        )
    result["under_resourced_status"] = np.select(
        [table["population_n"] == 0, ~known, unsure],
        ["no_population", "not_covered", "within_margin"],
        default="ok",
    )
    return carry(result, table, notes=notes)


def reasons(table: pd.DataFrame, criteria: Sequence[Criterion]) -> pd.Series:
    """Return why areas are under-resourced, in the current language.

    Parameters
    ----------
    table
        Area table with ``is_under_resourced`` and each criterion's column.
    criteria
        What counts.

    Returns
    -------
    pandas.Series
        The criteria met with their values; empty for areas that are not under-resourced.
    """
    there = table[table["is_under_resourced"].astype(bool)]
    said_of = []
    for criterion in criteria:
        value, margin = _value_and_margin(there, criterion)
        said_of.append(_said(criterion, value.where(criterion.met(value)), margin))
    texts = ["; ".join(filter(None, row)) for row in zip(*said_of, strict=True)]
    found = pd.Series(texts, index=there.index, dtype=str)
    return found.reindex(table.index, fill_value="")


def falls_short(
    table: pd.DataFrame,
    *,
    gap_share_at_least: float | None = None,
    people_at_least: float = PEOPLE_AT_LEAST,
) -> pd.DataFrame:
    """Return which areas fall short: enough people in the gap, and a share that reaches a cut-off.

    Parameters
    ----------
    table
        Area table with ``population_n``, ``gap_n`` and ``gap_share``.
    gap_share_at_least
        The cut-off (0 to 1), itself included; the share over all areas with a value by default.
    people_at_least
        People who must be in the area's gap, itself included.

    Returns
    -------
    pandas.DataFrame
        With the caller's index: ``falls_short``. An area without a gap, or without a value, does
        not.

    Raises
    ------
    InputError
        If the cut-off is no share, or the number of people negative.

    Examples
    --------
    >>> import pandas as pd
    >>> areas = pd.DataFrame(
    ...     {"population_n": [900.0, 100.0], "gap_n": [300.0, 1.0], "gap_share": [0.33, 0.01]})
    >>> falls_short(areas)["falls_short"].tolist()
    [True, False]
    """
    need_gap_inputs(table, ("population_n", "gap_n", "gap_share"))
    cut = (
        gap_totals(table, ["gap_n"])["gap_share"]
        if gap_share_at_least is None
        else gap_share_at_least
    )
    refuse_cuts(gap_share_at_least, people_at_least)
    enough = table["gap_n"] >= people_at_least * (1 - _NEAR)
    short = (table["gap_share"] >= cut * (1 - _NEAR)) & enough & (table["gap_n"] > 0)
    return carry(pd.DataFrame({"falls_short": short}, index=table.index), table)


def standing(
    table: pd.DataFrame,
    criteria: Sequence[Criterion],
    *,
    at_least: int = 1,
    draws: int = 200,
    seed: int = 0,
    travel: Travel | None = None,
    over_report: float = 0.0,
    technologies: Sequence[int] = (),
    gap_share_at_least: float | None = None,
    people_at_least: float = PEOPLE_AT_LEAST,
) -> pd.DataFrame:
    """Return how sure it is that each area is one to name, and how large its gap may be.

    An area is *named* if it is under-resourced and falls short. Each draw replaces what the inputs
    do not settle (residents, homes and criteria by what may be true given their margins and their
    neighbors; trips by the step at the limit; lines by what is left of them) and judges every area
    anew, the study's own share included. A probability is the share of draws in which a statement
    holds.

    Parameters
    ----------
    table
        Area table for :func:`telehealth_gap` with each criterion's column; the ``_moe`` (90 %) of
        any of these is drawn where it is there. The first five digits of the id are the county;
        ``ruca_code`` groups the areas of small counties.
    criteria, at_least
        As for :func:`under_resourced`.
    draws, seed
        Number of draws, 50 or more, and what they start from: the same seed gives the same result,
        whatever the order of the rows.
    travel
        How the error of the trips is drawn, if ``beyond_reach_share`` rests on estimated travel
        times; None holds the share as it stands (capacity, or measured times).
    over_report
        Share of qualifying lines (0 to 0.5) that do not exist: an illustration, not an estimate.
        Drawn evenly from 0 to twice it, the same for all of a county.
    technologies
        Codes whose lines are over-reported apart from one another: needs ``qualifying_tech50_n`` …
    gap_share_at_least, people_at_least
        As for :func:`falls_short`; the study's own share is computed anew in each draw.

    Returns
    -------
    pandas.DataFrame
        With the caller's index: ``under_resourced_probability``; ``focus_probability``, that the
        area is named; ``gap_p05``, ``gap_p95``, a 90 % interval of its gap in people; ``tier``:
        ``very likely`` (from 0.8), ``likely`` (from 0.5) or empty. Missing where nothing that a
        number rests on could be drawn. The table's notes say what is left out.

    Raises
    ------
    InputError
        For fewer than 50 draws, no criterion, ``over_report`` outside 0 to 0.5, a share outside 0
        to 1, a negative margin, or an area listed twice.
    MissingColumnError
        If a column is missing.

    Notes
    -----
    ``gap_n`` is always the plug-in; estimates are shrunk towards their neighbors here alone, so an
    interval need not lie evenly about ``gap_n``. For totals, rates and differences over sets of
    areas, keep :func:`equity.measures.draws.draw_standing`, whose ``areas()`` is this table.
    In simulations the intervals hold 88 to 94 % of true gaps over 20 people, those of totals 85 to
    95 %; of places given a probability that part belongs, to within 0.07 (docs/validation.md).

    Examples
    --------
    >>> import pandas as pd
    >>> areas = pd.DataFrame(
    ...     {"population_n": [4000.0, 3000.0], "beyond_reach_share": [1.0, 0.5],
    ...      "qualifying_share": [0.9, 1.0], "connected_share": [0.7, 0.8],
    ...      "connected_share_moe": [0.05, 0.05], "poverty_share": [0.3, 0.1],
    ...      "poverty_share_moe": [0.02, 0.02]}, index=["51001000100", "51001000200"])
    >>> standing(areas, [Criterion("poverty_share", at_least=0.2)])["tier"].tolist()
    ['very likely', '']
    """
    refuse_at_least(at_least, len(criteria))
    return draw_standing(
        table, criteria, at_least=at_least, draws=draws, seed=seed, travel=travel,
        over_report=over_report, technologies=technologies,
        gap_share_at_least=gap_share_at_least, people_at_least=people_at_least,
    ).areas()  # fmt: skip


def _value_and_margin(table: pd.DataFrame, criterion: Criterion) -> tuple[pd.Series, pd.Series]:
    need_criterion(table, criterion.column)
    value = table[criterion.column].astype(float)
    margin = companion(criterion.column, "_moe")
    return value, table.get(margin, pd.Series(np.nan, index=table.index))


def _said(criterion: Criterion, value: pd.Series, margin: pd.Series) -> list[str]:
    declared = describe([criterion.column])[0]
    unit = declared.unit
    name = own_words(criterion.short) if criterion.short else tr(declared.label)
    return [
        "" if pd.isna(v) else f"{name} {say(v, unit, moe=m)}"
        for v, m in zip(value, margin, strict=True)
    ]
