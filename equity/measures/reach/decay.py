"""How the weight of a site falls with the cost of reaching it.

Where a measure asks for `steps` it takes any :data:`Weights`: the name of a set of steps, limits
and weights, a :class:`Decay` made by one of the functions below, or a function of one's own.
Weights for each pair come as travel costs in the unit ``weight``.

Limits are inclusive: a cost exactly on a step belongs to the nearer step. (ipea's ``accessibility``
gives it to the farther one in ``decay_stepped``, and to the nearer in ``decay_binary``.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from scipy.special import expit

from equity.errors import InputError
from equity.language import said
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


Weights = str | Mapping[float, float] | Decay | Callable[[Floats], Floats]
"""What `steps` may be: a name in :data:`STEPS`, limits and weights, a decay, or a function."""


def decay_of(weights: Weights, costs: TravelCosts) -> Decay:
    """Return the decay that is meant, once the costs are seen to go on for as long as it does.

    Parameters
    ----------
    weights
        Steps, a decay, or a function that turns an array of costs into weights of 0 or more.
    costs
        What it will be put to. Where they are weights themselves only ``"slow"``, the default
        everywhere, is taken, and means nothing.
    """
    if costs.unit == "weight":
        if weights != "slow":
            raise InputError(
                "the costs are weights themselves, and a decay is asked for as well",
                fix="leave steps out, or give the costs in minutes or km",
                code="E-UNIT",
            )
        return Decay("as given for each pair", lambda weight: weight, None)
    if isinstance(weights, str | Mapping):
        return within_costs(steps(weights, unit=costs.unit), costs)
    if isinstance(weights, Decay):
        return within_costs(weights, costs)
    return _own(weights)


def _own(function: Callable[[Floats], Floats]) -> Decay:
    """Return a function of one's own, whose weights are checked whenever it is asked."""
    if not callable(function):
        raise InputError(
            f"weights cannot be a {type(function).__name__}",
            fix='"slow", {10: 1.0, 20: 0.68}, a decay, or a function of the cost',
        )
    name = getattr(function, "__name__", type(function).__name__)

    def weight(cost: Floats) -> Floats:
        try:
            found = np.asarray(function(cost), dtype=np.float64)
        except (TypeError, ValueError):
            found = np.array(np.nan)  # text, a mapping: no numbers
        if found.shape != cost.shape or not (np.isfinite(found) & (found >= 0)).all():
            raise InputError(
                f"{name} must turn costs into as many finite weights of 0 or more",
                rows=[f"{a:g}: {b:g}" for a, b in zip(cost[:3], found.ravel()[:3], strict=False)],
            )
        return found

    return Decay(f"own function {name}", weight, None)


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
        name, pairs = "", table
    limits, weights = _limits_and_weights(pairs)
    padded = np.append(weights, 0.0)
    ends = np.array([at_most(limit) for limit in limits])
    text = ", ".join(f"{a:g} {unit}: {b:g}" for a, b in zip(limits, weights, strict=True))
    own = not isinstance(table, str)
    return Decay(
        said("own steps ({steps})", steps=text) if own else f"{name} ({text})",
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
    if reach != np.inf:
        checked_number(reach, "a reach")
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


def exponential(rate: float) -> Decay:
    """Return ``exp(-rate x cost)``."""
    checked_number(rate, "the rate of an exponential", above=True)
    return Decay(f"exponential, rate {rate:g}", lambda cost: np.exp(-rate * cost), None)


def normal(sd: float) -> Decay:
    """Return the plain Gaussian ``exp(-cost^2 / (2 sd^2))``, which never ends."""
    checked_number(sd, "the spread of a Gaussian", above=True)
    return Decay(f"plain Gaussian, sd {sd:g}", lambda cost: np.exp(-0.5 * (cost / sd) ** 2), None)


def linear(reach: float) -> Decay:
    """Return the line that is 1 at 0 and 0 at ``reach``."""
    checked_number(reach, "the reach of a line", above=True)
    return Decay(f"linear, 0 at {reach:g}", lambda cost: np.maximum(1.0 - cost / reach, 0.0), reach)


def logistic(midpoint: float, sd: float) -> Decay:
    """Return the logistic curve through 1 at 0, about one half at ``midpoint`` (Bauer 2016).

    ``sd`` is the standard deviation of the distribution whose curve it is
    (doi:10.1371/journal.pone.0159148).
    """
    checked_number(midpoint, "the midpoint of a logistic decay", above=True)
    checked_number(sd, "the spread of a logistic decay", above=True)
    scale = np.pi / (sd * np.sqrt(3.0))
    top = 1.0 + np.exp(-midpoint * scale)

    def weight(cost: Floats) -> Floats:
        found: Floats = top * expit(-(cost - midpoint) * scale)
        return found

    return Decay(f"logistic, about one half at {midpoint:g}, sd {sd:g}", weight, None)


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


def refuse_weights(costs: TravelCosts) -> None:
    """Refuse weights where the cost of each trip is needed."""
    if costs.unit == "weight":
        raise InputError(
            "this needs the cost of each trip, and these costs are weights",
            fix="use a method that takes steps: e2sfca, 3sfca, m2sfca, bfca, i2sfca",
            code="E-UNIT",
        )


def within_costs(decay: Decay, costs: TravelCosts) -> Decay:
    """Return ``decay`` if the costs go on for as long as it does."""
    refuse_weights(costs)
    if decay.reach is not None and costs.limit is not None and decay.reach > at_most(costs.limit):
        raise InputError(
            f"weights go on to {decay.reach:g} {costs.unit}, but travel costs end at "
            f"{costs.limit:g} {costs.unit}",
            fix="make the costs with a limit at least as large",
            code="E-REACH",
        )
    return decay
