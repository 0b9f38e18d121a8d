"""Two-step virtual catchments: 2SVCA (a line or none) and E2SVCA (speed in steps)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from equity.errors import InputError, MissingColumnError
from equity.measures.checks import Numbers, aligned
from equity.measures.reach.costs import TravelCosts
from equity.measures.reach.decay import Decay
from equity.measures.reach.floating import Solution, ratios, weighted
from equity.measures.reach.places import Floats


@dataclass(frozen=True)
class SpeedSteps:
    """Classes of speed and what each is worth for a video visit.

    Attributes
    ----------
    down, up
        Limits between classes, Mbps, rising; the same number of each. A link belongs to the worse
        of its two classes.
    weights
        One more than there are limits: worth of each class, 0 to 1.
    on_limit
        Class of a speed exactly on a limit: ``"lower"`` or ``"upper"``.
    note
        Where the numbers come from.
    """

    down: tuple[float, ...]
    up: tuple[float, ...]
    weights: tuple[float, ...]
    on_limit: str = "lower"
    note: str = ""

    def __post_init__(self) -> None:
        rising = all(np.all(np.diff(side) > 0) for side in (self.down, self.up))
        sizes = len(self.down) == len(self.up) == len(self.weights) - 1
        sound = all(0 <= weight <= 1 for weight in self.weights)
        if not (rising and sizes and sound and self.on_limit in {"lower", "upper"}):
            raise InputError(
                "speed steps need rising limits, one weight more than limits, weights of 0 to 1",
                rows=[f"down {self.down}", f"up {self.up}", f"weights {self.weights}"],
            )

    def classes(
        self, speeds: Numbers | pd.DataFrame, ids: pd.Index, *, of: str
    ) -> NDArray[np.int64]:
        """Return the class of each place.

        Parameters
        ----------
        speeds
            Table by id with ``down_mbps`` and ``up_mbps``; or a Series of one speed, where down
            and up have the same limits.
        """
        sides: list[tuple[Numbers, tuple[float, ...]]]
        if isinstance(speeds, pd.DataFrame):
            for name in ("down_mbps", "up_mbps"):
                if name not in speeds.columns:
                    raise MissingColumnError(f"speeds of {of} have no column {name}")
            sides = [(speeds["down_mbps"], self.down), (speeds["up_mbps"], self.up)]
        elif self.down == self.up:
            sides = [(speeds, self.up)]
        else:
            raise InputError(
                f"these speed steps tell download from upload, and the speeds of {of} do not",
                fix="give a table with down_mbps and up_mbps",
            )
        side: Literal["left", "right"] = "left" if self.on_limit == "lower" else "right"
        found = [
            np.searchsorted(
                limits, aligned(values, ids, what="speed", of=of, positive=False), side=side
            )
            for values, limits in sides
        ]
        worst: NDArray[np.int64] = np.minimum.reduce(found)
        return worst


SPEED_STEPS: Mapping[str, SpeedSteps] = MappingProxyType(
    {
        "video_e2svca": SpeedSteps(
            (0.6, 1.2, 3.0),
            (0.6, 1.2, 3.0),
            (0.0, 0.33, 0.66, 1.0),
            note="a public script that names the method; read Shao & Luo 2023 before relying on it",
        ),
        "fcc_25_3": SpeedSteps(
            (25.0,), (3.0,), (0.0, 1.0), "upper", "FCC advanced-service benchmark before 2024"
        ),
        "fcc_100_20": SpeedSteps(
            (100.0,), (20.0,), (0.0, 1.0), "upper", "FCC advanced-service benchmark since 2024"
        ),
    }
)
"""Named sets of speed steps. Advertised maxima of the 2020s nearly all pass ``video_e2svca``."""


class Link(NamedTuple):
    """What 2SVCA needs of both sides, in the order of the costs' ids."""

    area_available: Floats
    area_subscription: Floats
    site_available: Floats
    site_subscription: Floats


def two_step_virtual(
    costs: TravelCosts,
    decay: Decay,
    people: Floats,
    supply: Floats,
    *,
    link: Link,
    as_published: bool,
) -> tuple[Solution, Floats]:
    """Solve 2SVCA; also return the qualified supply (capacity at sites that have a line).

    As published, the patient's own availability enters the first step and is left out of the
    second: areas without a line then receive access, and more is handed out than there is.
    """
    qualified = supply * link.site_available * link.site_subscription
    connected = link.area_available * link.area_subscription
    demand = np.zeros(len(supply))
    for rows, f in weighted(costs, decay):
        demand += f.T @ (people[rows] * connected[rows])
    ratio = ratios(qualified, demand)
    second = link.area_subscription if as_published else connected
    access = np.zeros(len(people))
    reachable = np.zeros(len(people))
    for rows, f in weighted(costs, decay):
        access[rows] = second[rows] * (f @ ratio)
        reachable[rows] = second[rows] * (f @ qualified)
    return Solution(access, demand, ratio, reachable), qualified


def stepped_virtual(
    people: Floats,
    supply: Floats,
    *,
    steps: SpeedSteps,
    area_class: NDArray[np.int64],
    site_class: NDArray[np.int64],
) -> Solution:
    """Solve E2SVCA for all pairs of areas and sites, without listing them.

    A pair is as fast as its slower end, so its weight depends on the two classes only: a table of
    classes by classes holds all pairs there are.
    """
    weights = np.asarray(steps.weights)
    classes = np.arange(len(weights))
    worth = weights[np.minimum(classes[:, None], classes[None])]
    by_class = np.bincount(area_class, weights=people, minlength=len(weights)).astype(np.float64)
    demand: Floats = (worth @ by_class)[site_class]
    ratio = ratios(supply, demand)
    offered = np.bincount(site_class, weights=ratio, minlength=len(weights)).astype(np.float64)
    held = np.bincount(site_class, weights=supply, minlength=len(weights)).astype(np.float64)
    access: Floats = (worth @ offered)[area_class]
    reachable: Floats = (worth @ held)[area_class]
    return Solution(access, demand, ratio, reachable)
