"""What is drawn: a table's columns, each with its error, in the order of the areas' ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from equity.areas.precision import Z90
from equity.areas.schema import companion, describe, label_of
from equity.errors import InputError
from equity.language import said, together
from equity.measures._survey_draws import NumberDraws, ShareDraws, TruthDraws, neighbors
from equity.measures._truth_draws import HeldTrips, Lines, PointTrips, Travel, Trips
from equity.measures.checks import (
    checked_column,
    need_criterion,
    need_gap_inputs,
    refuse_cuts,
)
from equity.measures.gap import lines_unknown

__all__ = ["Inputs", "Rule", "Settings", "inputs_of"]

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]

_SHARES = ("beyond_reach_share", "qualifying_share", "connected_share")
_FEWEST = 50


class Rule(Protocol):
    """A criterion: a column and whether its values meet a cut-off."""

    @property
    def column(self) -> str:
        """Column of the area table."""

    def met(self, values: Any) -> Any:
        """Tell, value by value, whether the cut-off is met."""


def refuse_few(draws: int, *, or_none: bool = False) -> None:
    """Refuse fewer draws than tell a 5th percentile; 0 too, unless there may be none."""
    if draws < _FEWEST and not (or_none and draws == 0):
        raise InputError(
            f"draws is {draws}, too few to tell a 5th percentile",
            fix=f"ask for {_FEWEST} or more" + ", or 0 for none" * or_none,
        )


@dataclass(frozen=True)
class Settings:
    """What a study chooses about its draws, checked when made."""

    at_least: int
    draws: int
    seed: int
    travel: Travel | None
    over_report: float
    technologies: tuple[int, ...]
    gap_share_at_least: float | None
    people_at_least: float

    def __post_init__(self) -> None:
        """Refuse too few draws to tell a 5th percentile from, and cut-offs that are none."""
        refuse_few(self.draws)
        refuse_cuts(self.gap_share_at_least, self.people_at_least)


@dataclass(frozen=True)
class CriterionDraws:
    """A criterion's column: met or not as it stands, and drawn anew where its margin is known."""

    rule: Rule
    stands: Flags
    column: TruthDraws

    def met(self, rng: np.random.Generator) -> Flags:
        """Return which areas meet the criterion in this draw."""
        found, drawn = self.stands.copy(), self.column.at
        found[drawn] = self.rule.met(self.column.draw(rng)[drawn])
        return found


@dataclass(frozen=True)
class Inputs:
    """Everything a draw needs; rows in the order of ids, ``order`` leads back to the table's."""

    order: Places
    people: NumberDraws
    homes: ShareDraws
    homes_given_neighbors: TruthDraws
    trips: HeldTrips | Trips | PointTrips
    lines: Lines
    criteria: tuple[CriterionDraws, ...]
    known: Flags
    lived_in: Flags
    judged: Flags
    gap_drawn: Flags
    link_drawn: Flags
    criteria_drawn: Flags
    notes: tuple[str, ...]


def inputs_of(table: pd.DataFrame, criteria: Sequence[Rule], settings: Settings) -> Inputs:
    """Check a table and prepare what its draws need."""
    _check(table, criteria)
    ids = pd.Index(table.index.astype(str))
    order = np.argsort(ids.to_numpy(dtype=object), kind="stable")
    table, ids = table.iloc[order], ids[order]
    people = checked_column(table, "population_n", np.inf)
    beyond, line, homes = (checked_column(table, name, 1.0) for name in _SHARES)
    # A floor, as the gap itself: nobody knows better than a line at every home.
    line = np.where(lines_unknown(table), 1.0, line)
    known = np.isfinite(people * beyond * line * homes) & (people > 0)
    homes_error, people_error = (_error(table, n) for n in ("connected_share", "population_n"))
    ruca = checked_column(table, "ruca_code", np.inf) if "ruca_code" in table else None
    county = np.unique([one[:5] for one in ids], return_inverse=True)[1].astype(np.intp)
    groups = neighbors(list(ids), ruca, np.isfinite(homes) & (homes_error > 0))
    homes_drawn, people_drawn = np.isfinite(homes_error), np.isfinite(people_error)
    link_drawn = homes_drawn | people_drawn | (settings.over_report > 0)
    margins = {one.column: _error(table, one.column) for one in criteria}
    counted = tuple(_criterion(table, one, margins[one.column], ids, ruca) for one in criteria)
    values = [table[name].notna().to_numpy() for name in margins]
    return Inputs(
        order=order,
        people=NumberDraws.of(people, people_error, positive=True),
        homes=ShareDraws.of(homes, homes_error),
        homes_given_neighbors=TruthDraws.of(homes, homes_error, groups, share=True),
        trips=_trips(beyond, county, ids, settings.travel),
        lines=Lines.of(table, line, county, settings.over_report, settings.technologies),
        criteria=counted,
        known=known,
        lived_in=people > 0,
        judged=(people > 0) & np.logical_or.reduce(values),
        gap_drawn=link_drawn | (settings.travel is not None),
        link_drawn=link_drawn,
        criteria_drawn=np.logical_or.reduce(
            [np.zeros(len(table), dtype=bool), *(np.isfinite(e) for e in margins.values())]
        ),
        notes=_notes(
            table[known],
            {"population_n": people_error, "connected_share": homes_error, **margins},
            known,
            settings,
        ),
    )


def _check(table: pd.DataFrame, criteria: Sequence[Rule]) -> None:
    need_gap_inputs(table, ("population_n", *_SHARES))
    if not table.index.is_unique:
        twice = table.index[table.index.duplicated()].unique()
        raise InputError("an area is listed twice", rows=twice[:5].tolist(), count=len(twice))
    for one in criteria:
        need_criterion(table, one.column)


def _error(table: pd.DataFrame, name: str) -> Floats:
    """Return standard errors from 90 % margins; missing where there is none."""
    margin = companion(name, "_moe")
    if margin not in table.columns:
        return np.full(len(table), np.nan)
    return checked_column(table, margin, np.inf) / Z90


def _criterion(
    table: pd.DataFrame, rule: Rule, error: Floats, ids: pd.Index, ruca: Floats | None
) -> CriterionDraws:
    stands = rule.met(table[rule.column].astype(float)).to_numpy(dtype=bool)
    share = describe([rule.column])[0].unit == "share"
    values = (
        checked_column(table, rule.column, 1.0)
        if share
        else table[rule.column].to_numpy(dtype=float, na_value=np.nan)
    )
    groups = neighbors(list(ids), ruca, np.isfinite(values) & (error > 0))
    return CriterionDraws(rule, stands, TruthDraws.of(values, error, groups, share=share))


def _trips(
    beyond: Floats, county: Places, ids: pd.Index, travel: Travel | None
) -> HeldTrips | Trips | PointTrips:
    if travel is None:
        return HeldTrips(beyond.astype(np.float32))
    whole = Trips.of(beyond, county, travel.common)
    return whole if travel.points is None else PointTrips.of(whole, travel.points, ids)


def _notes(
    table: pd.DataFrame, errors: dict[str, Floats], known: Flags, settings: Settings
) -> tuple[str, ...]:
    """Say what the intervals and probabilities leave out."""
    notes = []
    bare = []
    for name, error in errors.items():
        without = int((table[name].notna() & np.isnan(error[known])).sum())
        label = label_of(name)
        if without == len(table):
            bare.append(label)
        elif without:
            notes.append(
                said(
                    "How sure: {label} has no margin in {n} of {all} areas; its sampling error is "
                    "left out.",
                    label=label,
                    n=f"{without:,}",
                    all=f"{len(table):,}",
                )
            )
    if bare:
        notes.insert(
            0,
            said(
                "How sure: no area has a margin for these, so their sampling error is left out: "
                "{labels}.",
                labels=together(bare),
            ),
        )
    if settings.travel is None:
        notes.append(
            said("How sure: the share beyond reach is held as it stands; its error is left out.")
        )
    if settings.over_report:
        notes.append(
            said(
                "How sure: by way of illustration, {share} of qualifying lines are taken to be "
                "over-reported, drawn by county from none to twice that.",
                share=f"{settings.over_report:.0%}",
            )
        )
    return tuple(notes)
