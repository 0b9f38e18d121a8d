"""Values, cuts and scales of a program's tests, in words."""

from __future__ import annotations

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
        return ("any of: " if len(named) > 1 else "") + "; ".join(named)
    unit = "share" if criterion.reduce == "share_of_sum" else ""
    return " and ".join(_said(c, unit) for limb in criterion.limbs for c in limb.conditions)


def _said(condition: Condition, unit: str) -> str:
    unit = unit or program_metric(condition.metric).unit
    cuts = {
        "at least": condition.at_least,
        "at most": condition.at_most,
        "below": condition.below,
    }
    parts = [f"{word} {_in_unit(cut, unit)}" for word, cut in cuts.items() if cut is not None]
    return " and ".join(
        [*parts, *([str(condition.equals)] if condition.equals is not None else [])]
    )


def points_words(criterion: Criterion) -> str:
    """Say which points there are from which cut on."""
    steps = (f"{got:g} from {value_words(cut, criterion.metric)}" for cut, got in criterion.points)
    return f"points {', '.join(steps)}"


def value_words(value: float, metric: str) -> str:
    """Write a value of a metric, unrounded as far as anybody reads: a cut may be near."""
    return _in_unit(value, program_metric(metric).unit)


def _in_unit(value: float, unit: str) -> str:
    if unit == "share":
        return f"{100 * value:.4g} %"
    return f"${value:,.0f}" if unit == "usd" else f"{value:,.10g}"
