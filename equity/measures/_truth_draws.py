"""What may be true of trips and lines: draws of shares beyond reach and of shares with a line.

Neither comes from a survey, so a draw is a draw of the truth itself and is never reflected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr, ndtri

from equity.errors import InputError, MissingColumnError
from equity.measures.checks import checked_column

__all__ = ["HeldTrips", "Lines", "PointTrips", "Travel", "Trips"]

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Places = npt.NDArray[np.intp]

_POINT_COLUMNS = ("geoid", "population_n", "beyond_reach_share")


@dataclass(frozen=True)
class Travel:
    """How the error of travel times is drawn.

    ``beyond_reach_share`` is the chance that a trip, redrawn with its error, passes the limit:
    minutes ``t exp(sd z)`` pass it exactly where the normal draw ``z`` passes the point that leaves
    this chance above it. A draw is therefore the step, 0 or 1, at the very limit, spread and bias
    that made the share, and needs none of them again.

    Attributes
    ----------
    common
        Share of the error's variance (0 to 1) that all trips of a county have in common, such as
        mountains that no detour factor knows; 0: every area errs alone.
    points
        Where people live, if ``beyond_reach_share`` is a mean over points: ``geoid`` (the area each
        lies in), ``population_n`` and the point's own ``beyond_reach_share``. The points of an area
        err together. Areas without points take the step as a whole.
    """

    common: float = 0.0
    points: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        """Refuse a share that is none, and points that lack a column."""
        if not 0 <= self.common <= 1:
            raise InputError(
                f"the common part of the travel error is {self.common:g}",
                fix="give a share of its variance, from 0 to 1",
            )
        if self.points is not None:
            lacking = [name for name in _POINT_COLUMNS if name not in self.points.columns]
            if lacking:
                raise MissingColumnError(
                    f"the points lack {', '.join(lacking)}",
                    fix="give geoid, population_n and the beyond_reach_share of each point",
                )


@dataclass(frozen=True)
class HeldTrips:
    """The share beyond reach as it stands."""

    shares: Singles

    def draw(self, _rng: np.random.Generator) -> Singles:
        """Return the shares."""
        return self.shares


@dataclass(frozen=True)
class Trips:
    """Steps at the limit, one for each area."""

    shares: Singles
    passes: Singles
    county: Places
    common: float

    @classmethod
    def of(cls, shares: Floats, county: Places, common: float) -> Trips:
        """Take the chance of each area's trip to be over the limit."""
        return cls(shares.astype(np.float32), _point_above(shares), county, common)

    def errors(self, rng: np.random.Generator) -> Singles:
        """Return normal errors of the trips, in units of their spread."""
        return _errors(rng, len(self.passes), self.county, self.common)

    def draw(self, rng: np.random.Generator) -> Singles:
        """Return 1 for areas beyond reach in this draw, 0 for the others."""
        return self._step(self.errors(rng))

    def _step(self, errors: Singles) -> Singles:
        beyond: Singles = (errors > self.passes).astype(np.float32)
        return np.where(np.isnan(self.shares), self.shares, beyond)


@dataclass(frozen=True)
class PointTrips:
    """Steps at the limit, one for each point where people live, added up by area."""

    whole: Trips
    keys: Floats
    before: Floats
    start: Places
    listed: Places

    @classmethod
    def of(cls, whole: Trips, points: pd.DataFrame, ids: pd.Index) -> PointTrips:
        """Take points with their own chances; points of other areas are left out."""
        area = ids.get_indexer(pd.Index(points["geoid"].astype(str)))
        people = checked_column(points, "population_n", np.inf)
        chance = checked_column(points, "beyond_reach_share", 1.0)
        used = (area >= 0) & (people > 0) & np.isfinite(chance)
        area, people, chance = area[used], people[used], chance[used]
        order = np.lexsort((1.0 - chance, area))
        area, people, chance = area[order], people[order], chance[order]
        weight = people / np.bincount(area, people, minlength=len(ids))[area]
        return cls(
            whole=whole,
            # A point is beyond reach where the error's rank, 0 to 1, passes 1 - chance.
            keys=area + (1.0 - chance),
            before=np.concatenate([[0.0], np.cumsum(weight)]),
            start=np.searchsorted(area, np.arange(len(ids))),
            listed=np.unique(area),
        )

    def draw(self, rng: np.random.Generator) -> Singles:
        """Return the share of each area's people that is beyond reach in this draw."""
        errors = self.whole.errors(rng)
        out = self.whole._step(errors)  # noqa: SLF001 - of this module
        rank = np.maximum(ndtr(errors[self.listed].astype(float)), 1e-7)
        passed = np.searchsorted(self.keys, self.listed + rank)
        share = self.before[passed] - self.before[self.start[self.listed]]
        out[self.listed] = np.clip(share, 0.0, 1.0)
        return out


@dataclass(frozen=True)
class Lines:
    """Shares of locations with a qualifying line, as far as it was reported rightly."""

    shares: Singles
    over_report: float
    county: Places
    mix: Singles | None

    @classmethod
    def of(
        cls, table: pd.DataFrame, shares: Floats, county: Places, over_report: float,
        technologies: Sequence[int],
    ) -> Lines:  # fmt: skip
        """Take the shares, and each technology's part of the lines where the table knows it."""
        if not 0 <= over_report <= 0.5:
            raise InputError(
                f"over_report is {over_report:g}", fix="give a share of the lines, from 0 to 0.5"
            )
        names = [f"qualifying_tech{code}_n" for code in technologies]
        lacking = [name for name in names if name not in table.columns]
        if lacking:
            raise MissingColumnError(
                f"the table lacks {', '.join(lacking)}", fix="add them with coverage"
            )
        mix = None
        if names:
            counts = np.nan_to_num(
                np.column_stack([checked_column(table, name, np.inf) for name in names])
            )
            whole = counts.sum(axis=1, keepdims=True)
            even = np.full_like(counts, 1.0 / len(names))
            mix = np.divide(counts, whole, out=even, where=whole > 0).astype(np.float32)
        return cls(shares.astype(np.float32), over_report, county, mix)

    def draw(self, rng: np.random.Generator) -> Singles:
        """Return the shares less what was over-reported, by county and technology."""
        if not self.over_report:
            return self.shares
        kinds = 1 if self.mix is None else self.mix.shape[1]
        counties = self.county.max(initial=-1) + 1
        wrong = 2.0 * self.over_report * rng.random((counties, kinds), dtype=np.float32)
        here = wrong[self.county]
        wrongly = here[:, 0] if self.mix is None else (here * self.mix).sum(axis=1)
        left: Singles = self.shares * (1.0 - wrongly)
        return left


def _point_above(chance: Floats) -> Singles:
    """Return the point of the normal law that is passed with this chance."""
    passes: Singles = -ndtri(chance).astype(np.float32)
    return passes


def _errors(rng: np.random.Generator, n: int, county: Places, common: float) -> Singles:
    alone = rng.standard_normal(n, dtype=np.float32)
    if not common:
        return alone
    shared = rng.standard_normal(county.max(initial=-1) + 1, dtype=np.float32)[county]
    both: Singles = np.sqrt(1.0 - common) * alone + np.sqrt(common) * shared
    return both.astype(np.float32)
