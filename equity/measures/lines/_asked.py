"""What several rules ask of offers, each question once: rules differ in little."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from equity.rules import CoverageRule
from equity.rules.coverage_rule import SpeedPair

Question = TypeVar("Question", bound=Hashable)
Who = tuple[tuple[str, ...], bool]
"""Customers that count, and whether only lines of low latency do."""


@dataclass(frozen=True)
class Asked:
    """The questions, and under which number each rule asks them.

    Attributes
    ----------
    who
        Which offers count.
    tests
        Of these, which reach two speeds (Mbps).
    offers
        Which offers count, and over which technologies, for a location's best.
    lines
        Number of the test that a qualifying line passes, and over which technologies.
    tests_of
        For each rule the numbers of the tests for underserved, served and qualifying.
    offers_of, lines_of
        For each rule that is told wholly the number of its offers and of its lines.
    """

    who: tuple[Who, ...]
    tests: tuple[tuple[Who, SpeedPair], ...]
    offers: tuple[tuple[Who, tuple[int, ...]], ...]
    lines: tuple[tuple[int, tuple[int, ...]], ...]
    tests_of: tuple[tuple[int, int, int], ...]
    offers_of: tuple[int, ...]
    lines_of: tuple[int, ...]


def asked_by(rules: Sequence[CoverageRule], whole: int | None = None) -> Asked:
    """Return what some rules ask: the first so many of everything, the others of classes alone."""
    who = [(rule.customers, rule.low_latency) for rule in rules]
    pairs = [(rule.underserved, rule.served, rule.qualifying) for rule in rules]
    tests = _numbers((one, pair) for one, three in zip(who, pairs, strict=True) for pair in three)
    tests_of = [
        (tests[one, under], tests[one, served], tests[one, qualifying])
        for one, (under, served, qualifying) in zip(who, pairs, strict=True)
    ]
    wholly = list(zip(who, tests_of, rules, strict=True))[:whole]
    own_offers = [(one, rule.technologies) for one, _, rule in wholly]
    own_lines = [(test, rule.technologies) for _, (_, _, test), rule in wholly]
    offers, lines = _numbers(own_offers), _numbers(own_lines)
    return Asked(
        who=tuple(_numbers(who)),
        tests=tuple(tests),
        offers=tuple(offers),
        lines=tuple(lines),
        tests_of=tuple(tests_of),
        offers_of=tuple(offers[one] for one in own_offers),
        lines_of=tuple(lines[one] for one in own_lines),
    )


def _numbers(questions: Iterable[Question]) -> dict[Question, int]:
    """Return each question once, with its number."""
    return {one: number for number, one in enumerate(dict.fromkeys(questions))}
