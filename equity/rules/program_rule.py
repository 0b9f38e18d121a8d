"""Program rules: the published tests of a grant program, each number dated and cited."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

from equity.errors import InputError
from equity.rules._files import (
    built,
    check_keys,
    is_number,
    list_rules,
    read_rule,
    refuse_no_day,
    refuse_word,
)
from equity.rules.coverage_rule import list_coverage_rules
from equity.rules.program_metrics import program_metric

__all__ = [
    "CONFIDENCE",
    "Condition",
    "Criterion",
    "Limb",
    "ProgramRule",
    "checked_grant",
    "list_program_rules",
    "load_program_rule",
]

CONFIDENCE = ("primary", "secondary", "unverified")
"""How sure a reading is: read in the original, read second hand, or recalled only."""

UNITS = ("area", "site", "project")
REDUCES = ("each", "share_of_sum", "mean_of_points", "points_of_mean", "value")


@dataclass(frozen=True)
class Condition:
    """One comparison of a metric with a cut, or with a word; all that are given must hold."""

    metric: str
    at_least: float | None = None
    at_most: float | None = None
    below: float | None = None
    equals: str | bool | None = None

    @property
    def cut(self) -> float | None:
        """The one number that decides, where there is one."""
        cuts = [c for c in (self.at_least, self.at_most, self.below) if c is not None]
        return cuts[0] if len(cuts) == 1 else None


@dataclass(frozen=True)
class Limb:
    """One of several ways to meet a criterion: all of its conditions hold."""

    label: str
    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class Criterion:
    """One test of a program.

    Attributes
    ----------
    key, label
        Short key, and what a reader is told.
    unit
        Of which rows: ``area``, ``site``, or ``project`` (one number for the whole).
    reduce
        How rows become one answer: ``each`` (every row is tested), ``share_of_sum`` (sums of
        `parts` over the sum of `whole`), ``mean_of_points`` (points of every row, then the mean),
        ``points_of_mean`` (the mean of the metric, then its points), ``value`` (the number itself).
    limbs
        Any of them meets the criterion.
    points
        Pairs of a cut and the points from there on, rising: half-open bins without a hole.
    parts, whole
        Columns that are added up for ``share_of_sum``.
    minimum_to_qualify
        Points that a project needs, where the program says so.
    citation, date, confidence, url, note
        Who says so, since when, how sure that reading is, and what a reader must know.
    """

    key: str
    label: str
    unit: str
    reduce: str
    citation: str
    date: str
    confidence: str
    limbs: tuple[Limb, ...] = ()
    points: tuple[tuple[float, float], ...] = ()
    metric: str = ""
    parts: tuple[str, ...] = ()
    whole: str = ""
    minimum_to_qualify: float | None = None
    url: str = ""
    note: str = ""

    @property
    def metrics(self) -> tuple[str, ...]:
        """Every column that it asks for."""
        asked = [c.metric for limb in self.limbs for c in limb.conditions]
        if self.reduce == "share_of_sum":
            return (*self.parts, self.whole)
        return tuple(dict.fromkeys(filter(None, [self.metric, *asked])))


@dataclass(frozen=True)
class ProgramRule:
    """The published tests of one program, or of one round of it.

    Attributes
    ----------
    id, title, program, agency
        What it is, and whose.
    applies_from, applies_to
        Days between which the text was in force, or the round open; an empty one sets no limit.
    citation, url, retrieved, confidence
        The source of the whole, the day it was read, and how sure that reading is.
    criteria
        Its tests.
    statements
        What must be said beside them.
    coverage
        Id of the coverage rule that its lines are counted under; empty if it counts none.
    less_funded
        True if locations under an enforceable commitment are left out.
    match_share
        Match that the applicant brings, as a share of the grant (not of the project's cost).
    confirm_at
        Where the agency itself answers.
    """

    id: str
    title: str
    program: str
    agency: str
    citation: str
    retrieved: str
    confidence: str
    criteria: tuple[Criterion, ...]
    statements: tuple[str, ...] = ()
    applies_from: str = ""
    applies_to: str = ""
    url: str = ""
    coverage: str = ""
    less_funded: bool = False
    match_share: float | None = None
    confirm_at: str = ""

    @property
    def last_read(self) -> str:
        """The last day for which the text is known: when it was read, or the end of the round."""
        return min(filter(None, [self.applies_to, self.retrieved]))

    @property
    def unverified(self) -> tuple[str, ...]:
        """Labels of the criteria that nobody has read in the original or second hand."""
        return tuple(c.label for c in self.criteria if c.confidence == "unverified")

    def match(self, grant_usd: float) -> tuple[float, float]:
        """Return the match that a grant asks for, in dollars, and its share of the total.

        Raises
        ------
        InputError
            If the program's rule tells no match, or the grant is no positive amount.

        Examples
        --------
        >>> load_program_rule("dlt-fy2025").match(100_000)[0]
        15000.0
        """
        if self.match_share is None:
            raise InputError(f"{self.id} tells no match", fix="see the program's notice")
        return checked_grant(grant_usd) * self.match_share, self.match_share / (
            1 + self.match_share
        )


def checked_grant(grant_usd: float) -> float:
    """Return a grant in dollars, once it is a positive amount."""
    if not 0 < grant_usd < math.inf:
        raise InputError(f"a grant of {grant_usd:,.0f} dollars", fix="give what is requested")
    return float(grant_usd)


def list_program_rules() -> list[str]:
    """Return the ids of the program rules that ship, in alphabetical order.

    Examples
    --------
    >>> "bead-2025" in list_program_rules()
    True
    """
    return list_rules("programs")


def load_program_rule(name: str | Path) -> ProgramRule:
    """Load a program rule by its id, or a user's own by its path.

    Parameters
    ----------
    name
        An id from :func:`list_program_rules`, or the path of a TOML file of the same form.

    Raises
    ------
    InputError
        If no such rule ships, or a field is missing, unknown or impossible; the error names the
        criterion.
    MissingFileError
        If the path does not exist.

    Examples
    --------
    >>> [criterion.key for criterion in load_program_rule("dlt-2020").criteria]
    ['rurality', 'economic_need']
    """
    data, file = read_rule(name, "programs", what="program rule")
    source = _table(data.get("source"), "source", file)
    given = {k: v for k, v in data.items() if k not in ("source", "criterion", "statement")}
    found = _tables(data, "criterion", file)
    said = [_table(s, "statement", file) for s in data.get("statement", [])]
    for statement in said:
        check_keys(statement, ["text"], ["text"], what="a statement", file=file)
    values = given | {
        **{f"{key}": value for key, value in source.items()},
        "criteria": tuple(_criterion(one, file) for one in found),
        "statements": tuple(str(s["text"]) for s in said),
    }
    known = {k: str(v) if isinstance(v, date) else v for k, v in values.items()}
    rule: ProgramRule = built(ProgramRule, known, "the rule", file)
    _check(rule, file)
    return rule


def _check(rule: ProgramRule, file: str) -> None:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.id):
        raise InputError(
            f"the id {rule.id!r} cannot name a file", file=file, fix="for example dlt-2027"
        )
    for key in ("applies_from", "applies_to", "retrieved"):
        refuse_no_day(getattr(rule, key), key, "the rule", file, empty=key != "retrieved")
    if rule.applies_to and rule.applies_to < rule.applies_from:
        raise InputError(
            f"it ends on {rule.applies_to}, before it begins on {rule.applies_from}",
            file=file,
            fix="mend applies_from or applies_to",
        )
    refuse_word(rule.confidence, CONFIDENCE, "confidence of the source", file)
    if rule.coverage and rule.coverage not in list_coverage_rules():
        raise InputError(
            f"no coverage rule is called {rule.coverage!r}",
            file=file,
            fix=f"coverage is one of {', '.join(list_coverage_rules())}",
        )
    keys = [criterion.key for criterion in rule.criteria]
    if twice := sorted({key for key in keys if keys.count(key) > 1}):
        raise InputError(f"two criteria are called {twice[0]!r}", file=file, fix="rename one")
    for criterion in rule.criteria:
        if criterion.date > (end := rule.applies_to or rule.retrieved):
            raise InputError(
                f"criterion {criterion.key!r} is of {criterion.date}, after {end}, the last day "
                "that the text is known for",
                file=file,
                fix="mend date, applies_to or retrieved",
            )
    if rule.match_share is not None and not 0 <= rule.match_share <= 1:
        raise InputError(f"match_share is {rule.match_share}", file=file, fix="a share: 0.15")


def _criterion(given: Mapping[str, Any], file: str) -> Criterion:
    what = f"criterion {given.get('key', '?')!r}"
    if not given.get("citation"):
        raise InputError(f"{what} has no citation", file=file, fix="every number needs one")
    known = [field.name for field in fields(Criterion) if field.name != "limbs"]
    check_keys(given, [*known, "any", *_CUTS], ["key"], what=what, file=file)
    limbs = tuple(_limb(one, what, file) for one in given.get("any", []))
    rows = given.get("points", [])
    _check_points(rows, what, file)
    own = {k: v for k, v in given.items() if k not in ("any", "points", *_CUTS)}
    if cuts := {k: given[k] for k in _CUTS if k in given}:
        asked = {"metric": given.get("metric", given.get("whole", "?")), **cuts}
        limbs = (*limbs, Limb("", (_condition(asked, what, file),)))
    own = {k: str(v) if isinstance(v, date) else v for k, v in own.items()}
    points = tuple((float(cut), float(got)) for cut, got in rows)
    made: Criterion = built(Criterion, own | {"limbs": limbs, "points": points}, what, file)
    refuse_word(made.unit, UNITS, f"unit of {what}", file)
    refuse_word(made.reduce, REDUCES, f"reduce of {what}", file)
    refuse_word(made.confidence, CONFIDENCE, f"confidence of {what}", file)
    refuse_no_day(made.date, "date", what, file)
    _refuse_senseless(made, what, file)
    _refuse_percent(made, what, file)
    return made


_CUTS = ("at_least", "at_most", "below", "equals")


def _refuse_senseless(made: Criterion, what: str, file: str) -> None:
    """Refuse a criterion whose parts do not make one test."""
    by_points = made.reduce in ("mean_of_points", "points_of_mean")
    if by_points != bool(made.points) or (by_points and not made.metric):
        raise InputError(
            f"{what} with reduce = {made.reduce!r} needs metric and points, and no other does",
            file=file,
            fix="points = [[0, 0], [0.1, 10]]: from each cut on, so many points",
        )
    if not by_points and not made.limbs:
        raise InputError(
            f"{what} compares nothing", file=file, fix=f"give one of {', '.join(_CUTS)}, or any"
        )
    sums = made.reduce == "share_of_sum"
    if sums != bool(made.parts) or sums != bool(made.whole) or (sums and len(made.limbs) != 1):
        raise InputError(
            f"{what} with reduce = {made.reduce!r} needs parts, whole and one cut",
            file=file,
            fix='parts = ["unserved_n"], whole = "locations_n", at_least = 0.8',
        )


def _refuse_percent(made: Criterion, what: str, file: str) -> None:
    """Refuse a cut that no share can reach."""
    cuts = [(made.metric, cut) for cut, _ in made.points]
    for limb in made.limbs:
        for one in limb.conditions:
            given = (one.at_least, one.at_most, one.below)
            cuts += [(one.metric, cut) for cut in given if cut is not None]
    for metric, cut in cuts:
        is_share = made.reduce == "share_of_sum" or program_metric(metric).unit == "share"
        if is_share and not 0 <= cut <= 1:
            raise InputError(
                f"{what} compares a share with {cut:g}", file=file, fix="write 30 % as 0.30"
            )


def _check_points(rows: Any, what: str, file: str) -> None:
    good = isinstance(rows, list) and all(
        isinstance(row, list) and len(row) == 2 and all(is_number(n) for n in row) for row in rows
    )
    if not good or len(rows) == 1 or any(low[0] >= high[0] for low, high in pairwise(rows)):
        raise InputError(
            f"points of {what} are no rising list of pairs",
            file=file,
            fix="points = [[0, 40], [5001, 30]]: from each cut on, so many points",
        )
    if rows and rows[0][0] > 0:
        raise InputError(
            f"points of {what} say nothing of what lies below {rows[0][0]:g}",
            file=file,
            fix=f"begin with the cut 0: points = [[0, 0], [{rows[0][0]:g}, {rows[0][1]:g}], …]",
        )
    if any(got < 0 for _, got in rows):
        raise InputError(f"points of {what} are below 0", file=file, fix="give 0 or more")


def _limb(given: Any, what: str, file: str) -> Limb:
    given = _table(given, f"any of {what}", file)
    check_keys(given, ("label", "all"), ("label", "all"), what=f"any of {what}", file=file)
    tests = tuple(_condition(one, what, file) for one in given["all"])
    if not tests:
        raise InputError(f"any of {what} holds no condition", file=file, fix="give all = [{ … }]")
    return Limb(str(given["label"]), tests)


def _condition(given: Any, what: str, file: str) -> Condition:
    given = _table(given, f"a condition of {what}", file)
    made: Condition = built(Condition, given, f"a condition of {what}", file)
    if all(getattr(made, key) is None for key in _CUTS):
        raise InputError(
            f"a condition of {what} compares nothing",
            file=file,
            fix=f"give one of {', '.join(_CUTS)}",
        )
    return made


def _table(given: Any, key: str, file: str) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        raise InputError(f"{key} is no table", file=file, fix=f"add a part [{key}]")
    return given


def _tables(data: Mapping[str, Any], key: str, file: str) -> list[Mapping[str, Any]]:
    found = data.get(key)
    if not isinstance(found, list) or not found:
        raise InputError(f"no {key}", file=file, fix=f"add [[{key}]] parts")
    return [_table(one, key, file) for one in found]
