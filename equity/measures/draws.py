"""How sure the gap and the list are: draws of what the inputs do not settle.

A draw replaces residents and homes by what a survey might have found, trips by the step at the
limit, and lines by what may be true of them. Two things are made of the draws.

*Totals.* ``min(a, c)`` bends, so an estimate from a survey is biased, and draws about the estimate
are biased once more. The survey's part is therefore reflected about the plug-in at the same draw of
everything else, ``2 plug-in - draw``; sums over areas come first, the cut at 0 last.

*Places.* Reflecting turns the skew of a single area's law the wrong way (90 % intervals then hold
76 %), so what is said of one place, its interval and its probabilities, rests on draws of the truth
given the estimate and its neighbors (:mod:`equity.measures.shrinkage`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from equity.errors import InputError
from equity.language import mark
from equity.measures._draw_inputs import Inputs, Rule, Settings, inputs_of, refuse_few
from equity.measures._truth_draws import Travel
from equity.measures.checks import refuse_at_least
from equity.measures.gap import lines_unknown
from equity.provenance import carry

__all__ = [
    "PEOPLE_AT_LEAST",
    "Draws",
    "Interval",
    "Lift",
    "Travel",
    "draw_recoverable",
    "draw_standing",
    "refuse_few",
]

Singles = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

PEOPLE_AT_LEAST = 50
"""People in the gap from which an area can fall short."""
TIERS = ((0.8, mark("very likely")), (0.5, mark("likely")))
"""Words for a probability from which on they are used; below there is none."""
COUNTED = ("gap_n", "no_link_n")
"""Counts of people that can be added up over any set of areas."""

_BUNDLES = ("line", "home", "line+home")
_NEAR = 1.0 - 1e-6
_CHUNK = 4096


class Lift(NamedTuple):
    """What a scenario adds to every draw, by area in the table's order.

    The parts (0 to 1) of the locations without a qualifying line, and of the homes that are not
    connected, that get one, whichever these are in the draw.
    """

    line: npt.NDArray[np.float64]
    home: npt.NDArray[np.float64]

    def taken(self, rows: npt.NDArray[np.intp]) -> Lift:
        """Return the same for some rows, in their order."""
        return Lift(self.line[rows], self.home[rows])


class Interval(NamedTuple):
    """A plug-in value and its 90 % interval; the ends are missing where nothing was drawn."""

    value: float
    p05: float
    p95: float


@dataclass(frozen=True)
class Draws:
    """Draws of a study, ready to be asked about places and sets of places.

    Attributes
    ----------
    index
        The areas, as in the caller's table.
    plain
        By area: ``gap_n``, ``no_link_n`` and ``population_n`` as they stand; 0 without a value.
    reflected
        The same three, draws by areas, the survey's part reflected.
    known, drawn
        Which areas have a gap; by count, where something that it rests on was drawn.
    by_area
        What :meth:`areas` returns.
    notes
        What the draws leave out.
    """

    index: pd.Index
    plain: pd.DataFrame
    reflected: dict[str, Singles]
    known: Flags
    drawn: dict[str, Flags]
    by_area: pd.DataFrame
    notes: tuple[str, ...]

    def areas(self) -> pd.DataFrame:
        """Return what the draws say of every area (see :func:`equity.standing`)."""
        return self.by_area.copy()

    def total(self, where: pd.Series | None = None, *, what: str = "gap_n") -> Interval:
        """Return people over a set of areas, with a 90 % interval.

        Parameters
        ----------
        where
            True for the areas to add up, by their ids; all by default.
        what
            ``"gap_n"`` or ``"no_link_n"``.
        """
        mask = self._mask(where, what)
        value = self.plain[what].to_numpy()[mask].sum() if mask.any() else np.nan
        drawn = self._drawn(what, mask)
        return _interval(float(value), self._sums(what, mask), drawn=drawn, within=(0.0, np.inf))

    def rate(self, where: pd.Series | None = None, *, what: str = "gap_n") -> Interval:
        """Return the same as a share (0 to 1) of the residents of these areas."""
        mask = self._mask(where, what)
        value, draws = self._rate(what, mask)
        return _interval(value, draws, drawn=self._drawn(what, mask), within=(0.0, 1.0))

    def difference(self, where: pd.Series, *, what: str = "gap_n") -> Interval:
        """Return the rate in a set of areas less the rate everywhere else (-1 to 1)."""
        mask = self._mask(where, what)
        rest = self.known & ~mask
        (here, draws_here), (there, draws_there) = self._rate(what, mask), self._rate(what, rest)
        drawn = self._drawn(what, mask | rest)
        return _interval(here - there, draws_here - draws_there, drawn=drawn, within=(-1.0, 1.0))

    def _mask(self, where: pd.Series | None, what: str) -> Flags:
        if what not in COUNTED:
            raise InputError(f"what is {what!r}", fix=f"choose from {', '.join(COUNTED)}")
        if where is None:
            return self.known
        if not isinstance(where, pd.Series) or not where.index.equals(self.index):
            raise InputError(
                "where does not list the areas that were drawn",
                fix="pass a column of the same table, such as table['is_under_resourced']",
            )
        chosen: Flags = where.fillna(value=False).to_numpy(dtype=bool)
        return self.known & chosen

    def _drawn(self, what: str, mask: Flags) -> bool:
        return bool(self.drawn[what][mask].any())

    def _sums(self, what: str, mask: Flags) -> npt.NDArray[np.float64]:
        sums: npt.NDArray[np.float64] = self.reflected[what][:, mask].sum(axis=1, dtype=np.float64)
        return sums

    def _rate(self, what: str, mask: Flags) -> tuple[float, npt.NDArray[np.float64]]:
        if not mask.any():
            return np.nan, np.full(len(self.reflected[what]), np.nan)
        plain = self.plain.to_numpy()[mask].sum(axis=0)
        values = dict(zip(self.plain.columns, plain, strict=True))
        draws = self._sums(what, mask) / self._sums("population_n", mask)
        return float(values[what] / values["population_n"]), draws


def draw_standing(
    table: pd.DataFrame,
    criteria: Sequence[Rule],
    *,
    at_least: int = 1,
    draws: int = 200,
    seed: int = 0,
    travel: Travel | None = None,
    over_report: float = 0.0,
    technologies: Sequence[int] = (),
    gap_share_at_least: float | None = None,
    people_at_least: float = PEOPLE_AT_LEAST,
    lift: Lift | None = None,
) -> Draws:
    """Draw a study's gap and standings; the arguments are those of :func:`equity.standing`.

    Parameters
    ----------
    lift
        Lines and homes that a scenario adds. The same seed draws the same without and with it, so
        that what is between the two is the scenario's.

    Returns
    -------
    Draws
        To be asked about areas, totals, rates and differences.

    Examples
    --------
    >>> import pandas as pd
    >>> from equity.measures.standing import Criterion
    >>> areas = pd.DataFrame(
    ...     {"population_n": [4000.0, 3000.0], "beyond_reach_share": [1.0, 0.5],
    ...      "qualifying_share": [0.9, 1.0], "connected_share": [0.7, 0.8],
    ...      "connected_share_moe": [0.05, 0.05], "poverty_share": [0.3, 0.1]},
    ...     index=["51001000100", "51001000200"])
    >>> drawn = draw_standing(areas, [Criterion("poverty_share", at_least=0.2)])
    >>> total = drawn.total()
    >>> total.p05 < total.value < total.p95
    True
    """
    settings = Settings(
        at_least=at_least, draws=draws, seed=seed, travel=travel, over_report=over_report,
        technologies=tuple(technologies), gap_share_at_least=gap_share_at_least,
        people_at_least=people_at_least,
    )  # fmt: skip
    if criteria or at_least:  # without any, totals are all that is asked for
        refuse_at_least(at_least, len(criteria))
    have = inputs_of(table, criteria, settings)
    lift = Lift(*np.zeros((2, len(table)))) if lift is None else lift
    here = lift.taken(have.order)
    n = len(table)
    reflected = {name: np.zeros((draws, n), np.float32) for name in (*COUNTED, "population_n")}
    gaps = np.empty((draws, n), np.float32)
    first, named = np.zeros(n), np.zeros(n)
    for number in range(draws):
        one = _draw(have, settings, number, here)
        for name, values in one.reflected.items():
            reflected[name][number, have.order] = values
        gaps[number, have.order] = one.gap
        first[have.order] += one.first
        named[have.order] += one.named
    back = np.argsort(have.order)
    known, judged = have.known[back], have.judged[back]
    drawn = {"gap_n": have.gap_drawn[back], "no_link_n": have.link_drawn[back]}
    firmly = have.criteria_drawn[back]
    by_area = pd.DataFrame(index=table.index)
    by_area["under_resourced_probability"] = np.where(judged & firmly, first / draws, np.nan)
    sayable = known & judged & (firmly | drawn["gap_n"])
    by_area["focus_probability"] = np.where(sayable, named / draws, np.nan)
    ends = _percentiles(gaps)
    # Where trips alone are drawn nearly all draws may be alike: nothing says how far off they are.
    told = drawn["no_link_n"] | (ends[0] < ends[1])
    by_area["gap_p05"], by_area["gap_p95"] = np.where(known & drawn["gap_n"] & told, ends, np.nan)
    likely = by_area["focus_probability"]
    by_area["tier"] = np.select([likely >= cut for cut, _ in TIERS], [w for _, w in TIERS], "")
    return Draws(
        index=table.index,
        plain=_plain(table, known, lift),
        reflected=reflected,
        known=known,
        drawn=drawn,
        by_area=carry(by_area, table, notes=have.notes),
        notes=have.notes,
    )


def _interval(
    value: float, draws: npt.NDArray[np.float64], *, drawn: bool, within: tuple[float, float]
) -> Interval:
    if not drawn or np.isnan(value):
        return Interval(value, np.nan, np.nan)
    low, high = np.clip(np.quantile(draws, [0.05, 0.95]), *within)
    return Interval(value, float(low), float(high))


class _One(NamedTuple):
    """One draw, rows in the order of ids."""

    reflected: dict[str, Singles]
    gap: Singles
    first: Flags
    named: Flags


def draw_recoverable(
    table: pd.DataFrame,
    *,
    draws: int = 100,
    seed: int = 0,
    travel: Travel | None = None,
    over_report: float = 0.0,
    technologies: Sequence[int] = (),
) -> dict[str, Singles]:
    """Draw what fixes would bring in, in each area, given what may be true there.

    Parameters
    ----------
    table, draws, seed, travel, over_report, technologies
        As for :func:`equity.standing`.

    Returns
    -------
    dict
        ``line``, ``home`` and ``line+home``: people, draws by areas; 0 where nothing is known.
    """
    settings = Settings(
        at_least=0, draws=draws, seed=seed, travel=travel, over_report=over_report,
        technologies=tuple(technologies), gap_share_at_least=None, people_at_least=0.0,
    )  # fmt: skip
    have = inputs_of(table, (), settings)
    found = {name: np.zeros((draws, len(table)), np.float32) for name in _BUNDLES}
    for number in range(draws):
        stream = partial(_stream, seed, number)
        waiting = have.people.draw(stream(0)) * have.trips.draw(stream(2))
        line, homes = have.lines.draw(stream(3)), have.homes_given_neighbors.draw(stream(4))
        usable = np.minimum(line, homes)
        for name, gain in zip(_BUNDLES, (homes - usable, line - usable, 1 - usable), strict=True):
            found[name][number, have.order] = np.where(have.known, waiting * gain, np.float32(0))
    return found


def _stream(seed: int, number: int, part: int) -> np.random.Generator:
    # Each part of each draw has its own stream: nothing depends on what else is drawn.
    key = np.random.SeedSequence(seed, spawn_key=(number, part))
    return np.random.Generator(np.random.SFC64(key))


def _lifted(values: Singles, part: npt.NDArray[np.float64]) -> Singles:
    return (values + part * (1 - values)).astype(np.float32)


def _draw(have: Inputs, settings: Settings, number: int, lift: Lift) -> _One:
    stream = partial(_stream, settings.seed, number)
    known = have.known
    people, homes = have.people.draw(stream(0)), _lifted(have.homes.draw(stream(1)), lift.home)
    beyond, line = have.trips.draw(stream(2)), _lifted(have.lines.draw(stream(3)), lift.line)
    given_neighbors = _lifted(have.homes_given_neighbors.draw(stream(4)), lift.home)
    met = sum(one.met(stream(6 + i)).astype(np.int8) for i, one in enumerate(have.criteria))

    stated = _lifted(have.homes.shares, lift.home)
    no_link = _reflected_no_link(have, people, (homes, stated), line, stream(5))
    reflected = {
        "no_link_n": no_link,
        "gap_n": beyond * no_link,
        "population_n": 2 * have.people.numbers - people,
    }
    gap = people * beyond * (1 - np.minimum(line, given_neighbors))
    cut = settings.gap_share_at_least
    if cut is None and known.any():
        cut = gap[known].sum(dtype=np.float64) / people[known].sum(dtype=np.float64)
    short = (gap >= (cut or 0.0) * _NEAR * people) & (gap >= settings.people_at_least * _NEAR)
    first = (met >= settings.at_least) & have.lived_in
    return _One(
        {name: np.where(known, values, np.float32(0)) for name, values in reflected.items()},
        gap, first, first & short & (gap > 0) & known,
    )  # fmt: skip


def _reflected_no_link(
    have: Inputs, people: Singles, homes: tuple[Singles, Singles], line: Singles,
    rng: np.random.Generator,
) -> Singles:  # fmt: skip
    """Return people without a usable link, the survey's part reflected about the plug-in."""
    drawn, usable = (np.minimum(line, one) for one in homes)
    plain = 2 * have.people.numbers * (1 - usable)
    result: Singles = plain - people * (1 - drawn)
    # A share of 0 or 1 is drawn to one side of itself, which is no bias of the estimate: reflected
    # as one it would move the whole sum. How far a draw lies counts, its side is tossed.
    edge = have.homes.edge
    side = rng.integers(0, 2, len(edge)).astype(np.float32) * 2 - 1
    off = side * have.people.numbers[edge] * (usable[edge] - drawn[edge])
    result[edge] = plain[edge] - people[edge] * (1 - usable[edge]) + off
    return result


def _percentiles(draws: Singles) -> npt.NDArray[np.float64]:
    """Return the 5th and 95th percentile of each area, a chunk of areas at a time."""
    out = np.empty((2, draws.shape[1]))
    for low in range(0, draws.shape[1], _CHUNK):
        part = np.ascontiguousarray(draws[:, low : low + _CHUNK].T)
        out[:, low : low + _CHUNK] = np.quantile(part, [0.05, 0.95], axis=1)
    return out


def _plain(table: pd.DataFrame, known: Flags, lift: Lift) -> pd.DataFrame:
    line = table["qualifying_share"].mask(lines_unknown(table), 1.0)
    homes = table["connected_share"]
    usable = np.minimum(line + lift.line * (1 - line), homes + lift.home * (1 - homes))
    no_link = table["population_n"] * (1 - usable)
    frame = pd.DataFrame(
        {"gap_n": no_link * table["beyond_reach_share"], "no_link_n": no_link,
         "population_n": table["population_n"]},
        dtype=float,
    )  # fmt: skip
    return frame.where(pd.Series(known, index=frame.index), 0.0, axis=0)
