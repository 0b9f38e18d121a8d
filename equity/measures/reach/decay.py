"""How the weight of a site falls with the cost of reaching it.

Limits are inclusive: a cost exactly on a step belongs to the nearer step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from equity.errors import InputError
from equity.measures.checks import checked_number
from equity.measures.reach.costs import TravelCosts, at_most
from equity.measures.reach.places import Floats

STEPS: Mapping[str, Mapping[float, float]] = MappingProxyType(
    {
        "slow": MappingProxyType({10.0: 1.0, 20.0: 0.68, 30.0: 0.22}),
        "fast": MappingProxyType({10.0: 1.0, 20.0: 0.42, 30.0: 0.09}),
        "slow-60": MappingProxyType({20.0: 1.0, 40.0: 0.68, 60.0: 0.22}),
        "three-step-60": MappingProxyType({10.0: 0.962, 20.0: 0.704, 30.0: 0.377, 60.0: 0.042}),
    }
)
"""Named step weights, minutes to weight.

``slow`` (quick name of the slowly falling weights of Luo & Qi 2009, the default of pysal
``access``), ``fast`` (the sharply falling ones; quoted second hand, read the paper before
relying on them), ``slow-60`` (the slow weights stretched to an hour) and ``three-step-60`` (the
3SFCA default of pysal ``access``).
"""


def slow_steps(limit: float) -> dict[float, float]:
    """Return the ``slow`` weights stretched to a limit: steps at its thirds.

    Published for 30 minutes, and stretched in the same way to an hour (``slow-60``); a study may
    ask for any limit, and a step that stayed at 10 minutes would mean another thing at each.
    """
    widest = max(STEPS["slow"])
    return {limit * minutes / widest: weight for minutes, weight in STEPS["slow"].items()}


@dataclass(frozen=True)
class Decay:
    """A weight by cost, and the cost beyond which it is 0 (None: it never is)."""

    name: str
    weight: Callable[[Floats], Floats]
    reach: float | None


def steps(table: str | Mapping[float, float], *, unit: str) -> Decay:
    """Return step weights: the name of a set in minutes, or limits and weights in ``unit``."""
    if isinstance(table, str):
        if table not in STEPS:
            raise InputError(f"no steps named {table!r}", fix=f"use one of {', '.join(STEPS)}")
        if unit != "min":
            raise InputError(
                f"the steps {table!r} are in minutes, the travel costs in {unit}",
                fix="make the costs with max_minutes=, or give steps in km: {8: 1, 16: 0.68}",
                code="E-UNIT",
            )
        name, pairs = table, STEPS[table]
    else:
        name, pairs = "own steps", table
    limits, weights = _limits_and_weights(pairs)
    padded = np.append(weights, 0.0)
    ends = np.array([at_most(limit) for limit in limits])
    text = ", ".join(f"{a:g} {unit}: {b:g}" for a, b in zip(limits, weights, strict=True))
    return Decay(
        f"{name} ({text})",
        lambda cost: padded[np.searchsorted(ends, cost, side="left")],
        float(limits[-1]),
    )


def _limits_and_weights(pairs: Mapping[float, float]) -> tuple[Floats, Floats]:
    try:
        table = sorted((float(limit), float(weight)) for limit, weight in pairs.items())
    except (AttributeError, TypeError, ValueError):
        table = []
    limits, weights = np.array(table).reshape(-1, 2).T
    sound = len(limits) > 0 and np.isfinite(limits).all() and np.isfinite(weights).all()
    rising = (np.diff(limits) > 0).all()
    if not (sound and rising and (limits >= 0).all() and (weights >= 0).all() and weights.any()):
        raise InputError(
            "step weights must be limits of 0 or more, with weights of 0 or more",
            rows=[str(pairs)],
            fix="for example {10: 1.0, 20: 0.68, 30: 0.22}",
        )
    return limits, weights


def uniform(reach: float) -> Decay:
    """Return weight 1 up to ``reach``."""
    end = at_most(reach)
    return Decay(f"1 up to {reach:g}", lambda cost: (cost <= end).astype(np.float64), reach)


def gaussian(reach: float) -> Decay:
    """Return the Gaussian kernel that is 1 at 0 and 0 at ``reach`` (Dai 2010)."""
    checked_number(reach, "a Gaussian's reach", above=True)
    floor = np.exp(-0.5)

    def weight(cost: Floats) -> Floats:
        bell = (np.exp(-0.5 * (cost / reach) ** 2) - floor) / (1.0 - floor)
        return np.where(cost <= reach, np.maximum(bell, 0.0), 0.0)

    return Decay(f"Gaussian, 0 at {reach:g}", weight, reach)


def power(exponent: float, *, floor: float) -> Decay:
    """Return ``cost ** -exponent``; costs below ``floor`` count as ``floor``."""
    # The floor caps the weight of a site at the door: never infinite.
    checked_number(exponent, "the exponent of gravity", above=True)
    checked_number(floor, "the floor of gravity", above=True)
    return Decay(
        f"cost to the power of -{exponent:g}, costs below {floor:g} capped",
        lambda cost: np.maximum(cost, floor) ** -exponent,
        None,
    )


def within_costs(decay: Decay, costs: TravelCosts) -> Decay:
    """Return ``decay`` if the costs go on for as long as it does."""
    if decay.reach is not None and costs.limit is not None and decay.reach > at_most(costs.limit):
        raise InputError(
            f"weights go on to {decay.reach:g} {costs.unit}, but travel costs end at "
            f"{costs.limit:g} {costs.unit}",
            fix="make the costs with a limit at least as large",
            code="E-REACH",
        )
    return decay
