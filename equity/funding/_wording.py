"""Values, cuts and scales of a program's tests, in words."""

from __future__ import annotations

from collections.abc import Sequence

from equity.areas.words import number
from equity.language import mark, tr
from equity.rules.program_metrics import program_metric
from equity.rules.program_rule import Condition, Criterion

__all__ = ["points_words", "threshold_words", "value_words"]


def threshold_words(criterion: Criterion) -> str:
    """Say what is compared with what.

    Examples
    --------
    >>> from equity.rules.program_rule import load_program_rule
    >>> threshold_words(load_program_rule("bead-2025").criteria[0])
    'at least 80 %'
    """
    named = [limb.label for limb in criterion.limbs if limb.label]
    if named:
        said = "; ".join(tr(label) for label in named)
        return tr("any of: {tests}", tests=said) if len(named) > 1 else said
    unit = "share" if criterion.reduce == "share_of_sum" else ""
    return _all_of([_said(c, unit) for limb in criterion.limbs for c in limb.conditions])


def _all_of(tests: Sequence[str]) -> str:
    """Join tests that must all hold."""
    joined = tests[0]
    for more in tests[1:]:
        joined = tr("{tests} and {more}", tests=joined, more=more)
    return joined


def _said(condition: Condition, unit: str) -> str:
    unit = unit or program_metric(condition.metric).unit
    cuts = {
        mark("at least {n}"): condition.at_least,
        mark("at most {n}"): condition.at_most,
        mark("below {n}"): condition.below,
    }
    parts = [tr(text, n=_in_unit(cut, unit)) for text, cut in cuts.items() if cut is not None]
    if condition.equals is not None:
        parts.append(str(condition.equals))
    return _all_of(parts)


def points_words(criterion: Criterion) -> str:
    """Say which points there are from which cut on."""
    steps = [
        tr("{points} from {value}", points=f"{got:g}", value=value_words(cut, criterion.metric))
        for cut, got in criterion.points
    ]
    return tr("points {steps}", steps=", ".join(steps))


def value_words(value: float, metric: str) -> str:
    """Write a value of a metric, unrounded as far as anybody reads: a cut may be near."""
    return _in_unit(value, program_metric(metric).unit)


def _in_unit(value: float, unit: str) -> str:
    if unit == "share":
        return f"{100 * value:.4g} %"
    return f"${number(value)}" if unit == "usd" else f"{value:,.10g}"
