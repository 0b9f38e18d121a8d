"""Whose gap it is: rates of groups of areas and of populations, how far apart, and how sure.

Everything here compares places. A population's rate is the mean of the rates of the areas where
its people live: whether these people themselves lack a line, nobody can tell from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from equity.areas.moe import Z90
from equity.areas.rates import Rate, moe_of_rate
from equity.areas.schema import describe, limits
from equity.areas.table import refuse_duplicates
from equity.areas.words import number, plural
from equity.errors import InputError
from equity.language import mark, said
from equity.measures._groups import (
    Group,
    Populations,
    Rates,
    estimate,
    groups_of_areas,
    groups_of_people,
    labels,
    part_of,
    together,
    with_rest,
)
from equity.measures._inequality import measures_of
from equity.provenance import carry

__all__ = ["EVERYBODY_ELSE", "OF_PLACES", "Disparity", "disparity", "who_lives_there"]

EVERYBODY_ELSE = mark("everybody else")
OF_PLACES = said("These are differences between places, not between persons.")
"""What every output says."""


@dataclass(frozen=True, eq=False)
class Disparity:
    """How a rate differs between groups.

    Attributes
    ----------
    rates
        One row a group, index ``group``, in order: ``areas_n`` (areas with any of its people),
        ``people_n`` (homes, where the group counts homes), ``rate``, ``reference``,
        ``reference_rate``, ``difference`` (group less reference), ``ratio`` (group over
        reference), ``attributable_n`` (people who are worse off, or homes, beyond those who would
        be at the reference's rate; below 0 where the group does better); each with its standard
        error ``_se``, that of the ratio of its logarithm (``ratio_log_se``); ``status``: ``ok``,
        ``no_moe`` (an input has no margin: no standard error), ``not_computable`` (a reference of
        0 has no ratio), ``no_population`` or ``not_covered`` (no area has all that it needs).
    measures
        One row a measure, index ``measure``, empty where populations may overlap: ``kind``
        (``absolute``, in the unit of the rate or its square, or ``relative``), ``value``, ``se``,
        ``status`` (``ok``, ``all_equal``, ``no_moe``, ``not_computable``).
    direction
        What a difference and a ratio are of, and which way is worse.
    notes
        Areas without a value, and that places are compared.
    """

    rates: pd.DataFrame
    measures: pd.DataFrame
    direction: str
    notes: tuple[str, ...]


def disparity(
    table: pd.DataFrame,
    column: str,
    *,
    groups: str | None = None,
    quantiles: int | None = None,
    populations: Populations | None = None,
    exclusive: bool = False,
    reference: str | None = None,
    worse: Literal["higher", "lower"] | None = None,
) -> Disparity:
    """Compare a rate between groups of areas, or between the populations who live in them.

    Parameters
    ----------
    table
        Area table with ``population_n`` (and ``households_n`` for populations of homes). The
        ``_moe`` (90 %) of any column is used where it is there.
    column
        The rate: a column of the table from any scale that can be averaged over people, or a
        declared share whose two parts are in the table (``no_link_share``).
    groups
        Column that says to which group an area belongs: yes or no, words, codes; a categorical
        keeps its order.
    quantiles
        Make so many groups of equal population along ``groups``, from the lowest values to the
        highest, areas of one value together: 5 for fifths.
    populations
        Instead of ``groups``: columns that count people (or homes), or hold shares of the
        residents (of the homes, where the registry says that the share is one of homes).
    exclusive
        The populations are parts of all residents that do not overlap and leave nobody out.
    reference
        Group that each is held against; by default everybody outside of the group, which nobody
        chose by its outcome.
    worse
        Which way is worse, where the registry does not know it of ``column``.

    Returns
    -------
    Disparity

    Raises
    ------
    MissingColumnError
        If a column is not there.
    InputError
        If neither or both of ``groups`` and ``populations`` are given; all areas are in one
        group, or in too many; a population is larger than all; exclusive ones overlap or do not
        add up; the reference is none of the groups; nobody knows which way is worse.

    Notes
    -----
    With r a rate, T people and q the part of them in the group, all of an area, the group's rate is
    ``sum T q r / sum T q``. Its error is first order in those of r, T and q, which are taken not to
    covary; rates of two populations share the errors of the areas where both live. Of all areas
    of a group with a rate of 0 only the largest margin enters, once. A share
    without a count is taken of all residents. Which areas a group of areas holds is taken as known.

    The between-group variance of estimates is too large by the noise ``sum p (1 - p) SE^2``; it
    stands in the table as observed, its noise, and what is left. Measures for ordered groups
    (concentration, slope) are there for ``quantiles`` and ordered categoricals.

    References
    ----------
    Harper, S. and Lynch, J. (2005). Methods for measuring cancer disparities. NCI Surveillance
    Monograph.
    Erreygers, G. (2009). Correcting the concentration index. Journal of Health Economics 28(2),
    504-515. doi:10.1016/j.jhealeco.2008.02.003
    Wagstaff, A. (2005). The bounds of the concentration index when the variable of interest is
    binary. Health Economics 14(4), 429-432. doi:10.1002/hec.953
    Pearcy, J. N. and Keppel, K. G. (2002). A summary measure of health disparity. Public Health
    Reports 117(3), 273-280. doi:10.1093/phr/117.3.273

    Examples
    --------
    >>> import pandas as pd
    >>> areas = pd.DataFrame(
    ...     {"population_n": [1000.0, 3000.0], "no_link_n": [400.0, 300.0],
    ...      "is_under_resourced": [True, False]}, index=["51001000100", "51001000200"])
    >>> found = disparity(areas, "no_link_share", groups="is_under_resourced")
    >>> found.rates.loc["yes", ["rate", "difference", "ratio", "attributable_n"]].round(9).tolist()
    [0.4, 0.3, 4.0, 300.0]
    """
    if (groups is None) == (populations is None):
        raise InputError("a disparity is between groups or populations", fix="name one of the two")
    refuse_duplicates(table.index, "the table")
    sign, ordered = _sign(column, worse), False
    if groups is not None:
        found, ordered = groups_of_areas(table, column, groups, quantiles)
    else:
        assert populations is not None, "one of the two is given"
        found = groups_of_people(table, column, populations, exclusive=exclusive)
    whole = populations is None or exclusive
    _check_reference(reference, found, whole=whole)
    every = together(found) if whole else None
    rows = [_row(label, found, every, reference=reference, sign=sign) for label in found]
    rates = pd.DataFrame(rows, index=pd.Index(list(found), name="group"))
    at = None if reference is None else list(found).index(reference)
    measures = measures_of(every, limits(column), ordered=ordered, at=at, sign=sign)
    notes = (*_left_out(table, list(found.values())), OF_PLACES)
    return Disparity(
        carry(rates, table, notes=notes),
        carry(measures, table, notes=notes),
        _direction(reference or EVERYBODY_ELSE, sign),
        notes,
    )


def who_lives_there(
    table: pd.DataFrame, there: pd.Series, *, populations: Populations
) -> pd.DataFrame:
    """Return who lives in some places, and which share of each population they hold.

    Parameters
    ----------
    table, populations
        As for :func:`disparity`.
    there
        By area id, in the table's order: True for the places in question.

    Returns
    -------
    pandas.DataFrame
        Index ``population``, everybody first: ``areas_n`` (areas where it is known; the others are
        left out), ``people_n`` (in all of them), ``there_n``, ``held_share`` (of the population,
        who live there), ``there_share`` (of who lives there, the population) and
        ``everywhere_share``; each with its standard error ``_se``. These are statements about
        places, not about the persons there.

    Raises
    ------
    InputError
        If ``there`` has other areas than the table, or a population is larger than all.
    MissingColumnError
        If a column is not there.

    Examples
    --------
    >>> import pandas as pd
    >>> areas = pd.DataFrame({"population_n": [1000.0, 3000.0], "age_65_share": [0.3, 0.1]})
    >>> found = who_lives_there(areas, pd.Series([True, False]), populations=["age_65_share"])
    >>> found.loc["Residents aged 65 or older", ["there_n", "held_share"]].tolist()
    [300.0, 0.5]
    """
    if not there.index.equals(table.index):
        raise InputError(
            "there has other areas than the table", fix="give one value a row, in order"
        )
    inside = there.fillna(value=False).to_numpy(dtype=bool)
    everybody = pd.Series(1.0, index=table.index)
    rows = {"everybody": _held(table, "population_n", everybody, everybody * 0, inside)}
    for label, name in labels(populations).items():
        rows[label] = _held(table, *part_of(table, name), inside)
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("population")
    return carry(frame, table, notes=[OF_PLACES])


def _sign(column: str, worse: str | None) -> int:
    """Return 1 where a higher rate is worse, -1 where a lower one is."""
    way = worse or describe([column])[0].direction
    if way not in ("higher", "lower"):
        raise InputError(
            f"nobody knows whether a higher or a lower {column} is worse",
            fix='say worse="higher" or worse="lower"',
        )
    return 1 if way == "higher" else -1


def _direction(against: str, sign: int) -> str:
    way, side = ("higher", "above") if sign > 0 else ("lower", "below")
    return (
        f"A difference is the group less {against}, a ratio the group over {against}; a {way} rate "
        f"is worse, so the group is worse off where the difference is {side} 0 and the ratio "
        f"{side} 1. People are those who are worse off beyond the rate of {against}."
    )


def _check_reference(reference: str | None, found: Mapping[str, Group], *, whole: bool) -> None:
    if reference is None:
        return
    if not whole:
        raise InputError(
            "populations that may overlap have no reference among them",
            fix="leave reference out, or say exclusive=True",
        )
    held = [label for label, group in found.items() if group.covered]
    if reference not in held:
        what = f"no area of group {reference!r} has a value"
        if reference not in found:
            what = f"no group is called {reference!r}"
        raise InputError(what, fix=f"use one of {', '.join(held)}")


def _row(
    label: str,
    found: Mapping[str, Group],
    every: Rates | None,
    *,
    reference: str | None,
    sign: int,
) -> dict[str, object]:
    rates, i, k = with_rest(found[label]), 0, 1
    if reference is not None:
        assert every is not None, "checked with the reference"
        rates, i, k = every, list(found).index(label), list(found).index(reference)
    y, z = rates.rate[[i, k]]
    vy, vz, shared = rates.cov[i, i], rates.cov[k, k], rates.cov[i, k]
    people, gap, gap_var = rates.people[i], y - z, vy + vz - 2 * shared
    with np.errstate(divide="ignore", invalid="ignore"):
        log_var = vy / y**2 + vz / z**2 - 2 * shared / (y * z)
    ratio = y / z if z > 0 else np.nan
    return {
        "areas_n": int((found[label].part > 0).sum()),
        "people_n": people,
        "people_n_se": np.sqrt(rates.people_var[i]),
        "rate": y,
        "rate_se": _root(vy),
        "reference": reference or EVERYBODY_ELSE,
        "reference_rate": z,
        "reference_rate_se": _root(vz),
        "difference": gap,
        "difference_se": _root(gap_var),
        "ratio": ratio,
        "ratio_log_se": _root(log_var) if ratio > 0 else np.nan,
        "attributable_n": sign * people * gap,
        "attributable_n_se": _root(people**2 * gap_var + gap**2 * rates.people_var[i]),
        "status": _status(y, z, gap_var)
        if found[label].known.any() and found[label].covered
        else "not_covered",
    }


def _root(variance: float) -> float:
    """Return a standard error; rounding may leave a variance of 0 a little below it."""
    return float(np.sqrt(np.maximum(variance, 0.0)))


def _status(rate: float, reference: float, var: float) -> str:
    if np.isnan(rate) or np.isnan(reference):
        return "no_population"
    if reference == 0:
        return "not_computable"
    return "no_moe" if np.isnan(var) else "ok"


def _held(
    table: pd.DataFrame, base: str, part: pd.Series, part_var: pd.Series, there: NDArray[np.bool_]
) -> dict[str, float]:
    """Return how many of a population there are and live in some places, and their shares."""
    people, people_var = estimate(table, base)
    count_var = part**2 * people_var + people**2 * part_var
    arrays = (people * part, Z90 * np.sqrt(count_var), people, Z90 * np.sqrt(people_var))
    count, count_moe, people_n, people_moe = (one.to_numpy(dtype=float) for one in arrays)
    known = np.isfinite(count)

    def rate(rows: NDArray[np.bool_]) -> Rate:
        if not rows.any():
            none = 0.0 if known.any() else np.nan
            return Rate(none, none, none, none, np.nan, np.nan)
        return moe_of_rate(count[rows], count_moe[rows], people_n[rows], people_moe[rows])

    inside, outside, all_of_them = rate(known & there), rate(known & ~there), rate(known)
    a, b, total = inside.numerator, outside.numerator, all_of_them.numerator
    # A part and the rest of it share no area, so they do not covary.
    moved = np.hypot(b * inside.numerator_moe, a * outside.numerator_moe)
    told = {
        "people_n": (total, all_of_them.numerator_moe),
        "there_n": (a, inside.numerator_moe),
        "held_share": (a / total, moved / total**2) if total > 0 else (np.nan, np.nan),
        "there_share": (inside.rate, inside.moe),
        "everywhere_share": (all_of_them.rate, all_of_them.moe),
    }
    return {"areas_n": int(known.sum())} | {
        f"{name}{ending}": value
        for name, (estimate, moe) in told.items()
        for ending, value in (("", estimate), ("_se", moe / Z90))
    }


def _left_out(table: pd.DataFrame, found: Sequence[Group]) -> Iterator[str]:
    """Say how many areas with people have no value, for one of the groups or for all."""
    people = estimate(table, "population_n")[0].to_numpy()
    lost = ~np.all([group.known for group in found], axis=0) & (people > 0)
    if lost.any():
        yield said(
            "Left out where a value is lacking: {areas} with {n} residents.",
            areas=plural(int(lost.sum()), "area"),
            n=number(people[lost].sum()),
        )
