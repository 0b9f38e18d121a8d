"""A place or a project put to the published tests of a grant program.

A rule is data (``equity.rules``): dated, cited, and as sure as somebody's reading of it. What is
said here is what the arithmetic gives, never that anybody qualifies: the agency decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from equity.areas.words import number
from equity.errors import ArgumentError, InputError, MissingColumnError, VintageError
from equity.funding._criteria import Answer, answer
from equity.funding._rows import Rows, rows_of_areas, rows_of_sites
from equity.language import dated, mark, tr
from equity.provenance import iso_day
from equity.rules.program_metrics import program_metric
from equity.rules.program_rule import Criterion, ProgramRule, checked_grant, load_program_rule

__all__ = ["ProgramTest", "evaluate_program"]

_SURE = {
    "primary": mark("read in the original"),
    "secondary": mark("read second hand"),
    "unverified": mark("unverified: recalled only, read the original before use"),
}


@dataclass(frozen=True, repr=False)
class ProgramTest:
    """What a program's published tests give.

    Attributes
    ----------
    rule
        The tests.
    as_of
        Day that they are put for.
    criteria
        One row a criterion (index its key): ``label``, ``unit``, ``value``, ``threshold``,
        ``met`` (missing where it cannot be told, or part meets and part does not), ``points``,
        ``next_cut`` and ``margin`` (value less that cut), ``probability`` (that it is met, or has
        these points, where it rests on a survey), ``tested_n``, ``met_n``, ``unknown_n``,
        ``left_out_n``, ``note``, ``missing`` (metrics that are not there, and who publishes them),
        ``how`` (they are given), ``citation``, ``date``, ``confidence``, ``url``.
    each
        One row an area or site that was tested, one column a criterion: met, or points.
    notes
        What must be said beside them.
    """

    rule: ProgramRule
    as_of: str
    criteria: pd.DataFrame
    each: pd.DataFrame
    notes: tuple[str, ...]

    def sentences(self) -> list[str]:
        """Return what is said of each criterion, and beside them: never that anybody qualifies."""
        return [*(self._said(row) for row in self.criteria.itertuples()), *self.notes]

    def _said(self, row: object) -> str:
        told = {name: getattr(row, name) for name in self.criteria.columns}
        label = tr(str(told["label"]))
        sure = f"{told['citation']}, {told['date']}, {tr(_SURE[told['confidence']])}"
        if told["missing"]:
            return tr(
                "{test}: cannot be told here. It needs {missing} ({sure}). To be given as: {how}.",
                test=label,
                missing=told["missing"],
                sure=sure,
                how=told["how"],
            )
        said = tr(
            "{test}: {found} ({value} against {threshold}); confirm with {agency} ({sure}).",
            test=label,
            found=self._found(told),
            value=told["value_text"],
            threshold=told["threshold"],
            agency=tr(self.confirm_at),
            sure=sure,
        )
        return f"{said} {told['note']}" if told["note"] else said

    def _found(self, told: Mapping[str, Any]) -> str:
        """Say what a test gives: points, met or not, or that it cannot be told."""
        day = {"day": dated(self.as_of)}
        if pd.notna(told["points"]):
            points = f"{told['points']:g}"
            return tr("{points} points by the published table as of {day}", points=points, **day)
        if pd.notna(told["met"]):
            if told["met"]:
                return tr("meets the published test as of {day}", **day)
            return tr("does not meet the published test as of {day}", **day)
        if told["unknown_n"]:
            return tr("the test cannot be told for all of it")
        if 0 < told["met_n"] < told["tested_n"]:
            return tr("part meets the published test as of {day} and part does not", **day)
        return tr("the test cannot be told")

    @property
    def confirm_at(self) -> str:
        """Who answers."""
        return self.rule.confirm_at or mark("the agency")

    def __repr__(self) -> str:
        lines = [f"<ProgramTest {self.rule.title}, as of {self.as_of}>"]
        return "\n".join([*lines, *(f"  {text}" for text in self.sentences())])


def evaluate_program(
    table: pd.DataFrame,
    program: str | Path | ProgramRule,
    *,
    as_of: str | date,
    sites: pd.DataFrame | None = None,
    coverage_rule: str = "",
    grant_usd: float | None = None,
    missing: Literal["raise", "say"] = "raise",
) -> ProgramTest:
    """Put a place or a project to the published tests of a program.

    Parameters
    ----------
    table
        Area table of the place: its areas, with the metrics that the program asks for.
    program
        Id of a program rule (``"bead-2025"``), the path of a rule file, or a rule.
    as_of
        Day that the tests are put for. It lies in the days that the rule applies to.
    sites
        One row a site, for tests of sites: their metrics; or ``geoid``, the area of `table` whose
        metric is taken. A row whose ``role`` is ``hub`` is no end-user site and is left out.
    coverage_rule
        Id of the coverage rule that the table's plain columns of locations are counted under.
    grant_usd
        What is requested, in dollars.
    missing
        What to do where a metric is not there: ``"raise"``, or ``"say"`` so in its criterion.

    Returns
    -------
    ProgramTest
        Its criteria, and what is said of them.

    Raises
    ------
    VintageError
        If the day lies outside the days that the rule applies to.
    MissingColumnError
        If a metric is not there; the error says where it is to be had.
    InputError
        If there is no such rule, a file of one is wrong, a metric holds what it cannot, the grant
        is no positive amount, or the day is still to come.

    Notes
    -----
    Bins are half-open and values are not rounded. Where the table says which locations are already
    funded (``funded_n``, ``unserved_unfunded_n`` …), tests of projects leave those out and say how
    many. Matched by area alone, what is left lies between two ends: a test that both decide alike
    has the value nearer its cut, any other cannot be told. Probabilities follow from published
    90 % margins alone.

    Examples
    --------
    >>> areas = pd.DataFrame(
    ...     {"locations_n": [60.0, 40.0], "unserved_n": [50.0, 30.0], "underserved_n": 0.0},
    ...     index=["51001090101", "51001090102"])
    >>> test = evaluate_program(
    ...     areas, "bead-2025", as_of="2026-01-15", coverage_rule="bead-2025")
    >>> test.criteria["met"].tolist(), float(test.criteria["value"].iloc[0])
    ([True, True], 0.8)
    """
    rule = program if isinstance(program, ProgramRule) else load_program_rule(program)
    day = _day_of(rule, as_of)
    if missing not in ("raise", "say"):
        raise ArgumentError(f"missing is {missing!r}", fix='use "raise" or "say"')
    given: dict[str, Rows | None] = {
        "area": rows_of_areas(table, rule, coverage_rule),
        "site": None if sites is None else rows_of_sites(sites, table),
    }
    amounts = {} if grant_usd is None else {"grant_usd": checked_grant(grant_usd)}
    answers = {c.key: _answered(c, rule, given, amounts, missing) for c in rule.criteria}
    criteria = pd.DataFrame.from_dict(
        {key: found.row(rule.criteria[i]) for i, (key, found) in enumerate(answers.items())},
        orient="index",
    ).rename_axis("criterion")
    criteria["met"] = criteria["met"].astype("boolean")
    told = {key: found.each for key, found in answers.items() if found.each is not None}
    each = pd.concat(told, axis=1) if told else pd.DataFrame()
    return ProgramTest(rule, day, criteria, each, _notes(rule, day, grant_usd))


def _day_of(rule: ProgramRule, as_of: str | date) -> str:
    """Return the day, once it lies in the days that the rule applies to."""
    day = iso_day(as_of)
    try:
        date.fromisoformat(day)
    except ValueError:
        raise InputError(
            f"the day of the tests is {day!r}, no day", fix="write it as 2026-06-30"
        ) from None
    if (rule.applies_from and day < rule.applies_from) or (
        rule.applies_to and day > rule.applies_to
    ):
        start, end = rule.applies_from or "the beginning", rule.applies_to or "today"
        raise VintageError(
            f"{rule.id} applied from {start} to {end}, not on {day}",
            fix=f"put it for a day of those ({rule.last_read}), or use the rule of that day",
        )
    # A clock that is wrong does not close the days that the text is known for.
    if day > max(str(datetime.now().astimezone().date()), rule.retrieved):
        raise InputError(
            f"{day} is a day to come: what holds then is not known",
            fix=f"put it for today or before ({rule.last_read})",
        )
    return day


def _answered(
    criterion: Criterion,
    rule: ProgramRule,
    given: Mapping[str, Rows | None],
    amounts: Mapping[str, float],
    missing: str,
) -> Answer:
    rows = given.get(criterion.unit)
    if criterion.unit == "site" and rows is None and criterion.reduce == "each":
        rows = given["area"]  # a definition of places: what holds for an area holds for its sites
    have = set(amounts) if rows is None else {m for m in criterion.metrics if rows.has(m)}
    lacking = _lacking(criterion, have)
    if not lacking:
        return answer(criterion, rows, amounts)
    asked = [program_metric(name) for name in lacking]
    how = "; ".join(dict.fromkeys(metric.how for metric in asked))
    how = how.replace("the id of that rule", f'"{rule.coverage}"')
    if missing == "raise":
        raise MissingColumnError(
            f"{rule.id} asks for {', '.join(lacking)} ({criterion.label})", fix=how
        )
    said = (tr("{what}, from {whom}", what=tr(m.label), whom=tr(m.source)) for m in asked)
    return Answer(missing="; ".join(said), how=how)


def _lacking(criterion: Criterion, have: set[str]) -> list[str]:
    """Return the metrics that are not there; of several ways one that can be tested is enough."""
    ways = [{c.metric for c in limb.conditions} for limb in criterion.limbs]
    if criterion.reduce == "each" and any(way <= have for way in ways):
        return []
    return [name for name in criterion.metrics if name not in have]


def _notes(rule: ProgramRule, day: str, grant_usd: float | None) -> tuple[str, ...]:
    said = [tr(text) for text in rule.statements]
    if grant_usd is not None and rule.match_share is not None:
        match, part = rule.match(grant_usd)
        said.append(
            tr(
                "Match: {usd} dollars, {share} % of the grant requested ({part} % of the two "
                "together).",
                usd=number(match),
                share=f"{100 * rule.match_share:g}",
                part=number(100 * part, 1),
            )
        )
    if day > rule.retrieved:
        said.append(
            tr("The text was last read on {day}: look for a later one.", day=dated(rule.retrieved))
        )
    return tuple(said)
