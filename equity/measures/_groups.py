"""Who belongs to which group, and the rates of groups with the covariance of their errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from equity.areas.moe import Z90
from equity.areas.schema import companion, describe, split_suffix
from equity.areas.words import number
from equity.errors import InputError, MissingColumnError
from equity.language import tr
from equity.measures.reach.places import Floats

_MOST_GROUPS = 25
_ADDS_UP = 0.01
Populations = Sequence[str] | Mapping[str, str]
"""Columns of the table, or what readers call a population -> its column."""


@dataclass(frozen=True)
class Group:
    """One group in the areas that have a value: rate, people, the part of them in it; variances.

    `covered` is False of a group with people, none of whose areas has a value.
    """

    known: NDArray[np.bool_]
    rate: Floats
    rate_var: Floats
    people: Floats
    people_var: Floats
    part: Floats
    part_var: Floats
    covered: bool = True


@dataclass(frozen=True)
class Rates:
    """Rates of groups, the covariance of their errors, their people and the variance of these."""

    rate: Floats
    cov: Floats
    people: Floats
    people_var: Floats


def together(found: Mapping[str, Group]) -> Rates:
    first = next(iter(found.values()))
    part = np.column_stack([group.part for group in found.values()])
    part_var = np.column_stack([group.part_var for group in found.values()])
    return _rates(first, part, part_var, np.eye(len(found)))


def with_rest(group: Group) -> Rates:
    """Return a group and everybody else, whose parts err by the same amount the other way."""
    part = np.column_stack([group.part, 1 - group.part])
    part_var = np.column_stack([group.part_var, group.part_var])
    return _rates(group, part, part_var, np.array([[1.0, -1.0], [-1.0, 1.0]]))


def _rates(area: Group, part: Floats, part_var: Floats, signs: Floats) -> Rates:
    """Return rates of groups with the covariance of their errors, to first order.

    `signs` says how the errors of the parts go together: 1 on its diagonal, 0 where they do not.
    """
    count = area.people[:, None] * part
    people = count.sum(axis=0)
    # A margin that is missing hides the error of the groups that the area has people of, no other.
    uncounted = _lacks(area.people_var, part) | np.isnan(part_var).any(axis=0)
    unknown = uncounted | _lacks(area.rate_var, part)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = area.rate @ count / people
        off = (area.rate[:, None] - rate) / people
        of_rate = _largest_of_zeros(count / people, area)
    of_people, of_part = part * off, area.people[:, None] * off
    rate_var, people_var, part_var = (
        np.nan_to_num(one) for one in (area.rate_var, area.people_var, part_var)
    )
    of_part *= np.sqrt(part_var)
    cov = (
        of_rate.T @ (rate_var[:, None] * of_rate)
        + of_people.T @ (people_var[:, None] * of_people)
        + signs * (of_part.T @ of_part)
    )
    of_count = people_var[:, None] * part**2 + area.people[:, None] ** 2 * part_var
    of_group = np.where(_but_the_largest(count == 0, of_count), 0.0, of_count).sum(axis=0)
    unknown |= people == 0
    cov[unknown], cov[:, unknown] = np.nan, np.nan
    of_group[uncounted] = np.nan
    return Rates(rate, cov, people, of_group)


def _lacks(var: Floats, part: Floats) -> NDArray[np.bool_]:
    """Tell for each group whether an area with its people has no variance."""
    return np.asarray((np.isnan(var)[:, None] & (part != 0)).any(axis=0))


def _largest_of_zeros(weight: Floats, area: Group) -> Floats:
    """Leave of all areas with a rate of 0 only the one that moves a group's rate most."""
    zero = np.broadcast_to((area.rate == 0)[:, None], weight.shape)
    moves = weight**2 * np.nan_to_num(area.rate_var)[:, None]
    return np.where(_but_the_largest(zero, moves), 0.0, weight)


def _but_the_largest(zero: NDArray[np.bool_], moves: Floats) -> NDArray[np.bool_]:
    """Mark the zeros of each group but the one of the largest error: theirs enters once."""
    if not zero.any():
        return zero
    here = np.arange(len(zero))[:, None] == np.where(zero, moves, -1.0).argmax(axis=0)
    return np.asarray(zero & ~here)


def labels(populations: Populations) -> dict[str, str]:
    if isinstance(populations, Mapping):
        return dict(populations)
    return {column.label: column.name for column in describe(populations)}


def estimate(table: pd.DataFrame, name: str) -> tuple[pd.Series, pd.Series]:
    """Return a column and the variance of its error, missing where it has no margin."""
    if name not in table:
        raise MissingColumnError(
            f"the table lacks {name}", fix="add it first, or check the spelling"
        )
    told = [m for m in (companion(name, "_moe"), f"{name[:-1]}M") if m in table]  # or an ACS code
    margin = table[told[0]] if told else pd.Series(np.nan, index=table.index)
    return _numbers(table[name], name), (_numbers(margin, f"the margin of {name}") / Z90) ** 2


def _numbers(values: pd.Series, what: str) -> pd.Series:
    try:
        return values.astype(float)
    except (TypeError, ValueError):
        raise InputError(
            f"{what} holds something that is not a number", fix="name a column of numbers"
        ) from None


def _rate_of(table: pd.DataFrame, column: str) -> tuple[pd.Series, pd.Series, str]:
    """Return a rate, the variance of its error, and the column of what it is a rate of."""
    parts, suffix = describe([column])[0].parts, split_suffix(column)[1]
    for bottom in [parts[1] + suffix, parts[1]] if parts else []:
        if {parts[0] + suffix, bottom} <= set(table.columns):
            return (*_over(table, parts[0] + suffix, bottom), bottom)
    return (*estimate(table, column), "population_n")


def _over(table: pd.DataFrame, part: str, whole: str) -> tuple[pd.Series, pd.Series]:
    """Return a part of a whole as a share, and the variance that it has apart from the whole's."""
    (x, x_var), (y, y_var) = estimate(table, part), estimate(table, whole)
    y = y.where(y > 0)
    return x / y, ((x_var - (x / y) ** 2 * y_var) / y**2).clip(lower=0.0)


def part_of(table: pd.DataFrame, name: str) -> tuple[str, pd.Series, pd.Series]:
    """Return what a population is a part of, which part in each area, and its variance."""
    (column,) = describe([name])
    homes = column.of == "households_n" or column.universe == "households"
    base = "households_n" if homes else "population_n"
    if column.adds:
        part, part_var = _over(table, name, base)
    elif column.unit == "share":
        part, part_var = estimate(table, name)
    else:
        raise InputError(
            f"{name} neither counts people nor is a share of them",
            fix="name a count or a share; groups= takes what areas are",
        )
    wrong = (part > 1 + 1e-9) | (part < 0)
    if wrong.any():
        raise InputError(
            f"{name} holds more than everybody, or less than nobody",
            rows=table.index[wrong][:5].tolist(),
            count=int(wrong.sum()),
            fix="a population is a part of the residents (homes) of the same areas",
        )
    return base, part, part_var


def _group(
    table: pd.DataFrame,
    rate: tuple[pd.Series, pd.Series],
    base: str,
    part: tuple[pd.Series, pd.Series],
    among: pd.Series | None = None,
) -> Group:
    people = estimate(table, base)
    there = (people[0] > 0) & (part[0] != 0)
    known = rate[0].notna() & (people[0] > 0) & part[0].notna()
    keep = (known if among is None else known & among).to_numpy()
    covered = bool(keep[there].any()) or not there.any()
    r, r_var, n, n_var, p, p_var = (
        one.to_numpy(dtype=float)[keep] for one in (*rate, *people, *part)
    )
    return Group(keep, r, r_var, n, n_var, p, p_var, covered)


def groups_of_areas(
    table: pd.DataFrame, column: str, groups: str, quantiles: int | None
) -> tuple[dict[str, Group], bool]:
    """Return groups of areas, and whether they stand in an order."""
    if groups not in table:
        raise MissingColumnError(f"the table lacks {groups}", fix="add it, or check the spelling")
    *rate, base = _rate_of(table, column)
    rate_and_var = (rate[0], rate[1])
    people = estimate(table, base)[0]
    told = table[groups].notna()
    known = rate[0].notna() & (people > 0) & told
    if not known.any():
        raise InputError(
            f"no area with people has a value of both {column} and {groups}",
            fix="add what they are made of, or name other columns",
        )
    values = table.loc[told, groups]
    if quantiles is not None:
        values = _quantiles(_numbers(values[known[told]], groups), people[known], quantiles)
    member, ordered = _sorted_groups(values, groups)
    if (member[known.reindex(member.index)].sum() > 0).sum() < 2:
        raise InputError(
            f"{groups} puts all areas with a value into one group",
            fix="compare groups that both have areas",
            code="E-ONE-GROUP",
        )
    nothing = pd.Series(0.0, index=table.index)
    member = member.reindex(table.index)  # rows that are not known are left out below
    found = {
        label: _group(table, rate_and_var, base, (member[label], nothing), known)
        for label in member.columns
    }
    return found, ordered


def _quantiles(values: pd.Series, people: pd.Series, n: int) -> pd.Series:
    """Cut areas into groups of equal population; areas of one value stay together."""
    if n < 2:
        raise InputError(f"quantiles is {n}", fix="ask for 2 or more")
    by_value = people.groupby(values).sum()
    middle = (by_value.cumsum() - by_value / 2) / by_value.sum()
    place = values.map((middle * n).astype(int))
    said = {0: tr("{i} of {n} (lowest)"), n - 1: tr("{i} of {n} (highest)")}
    other = tr("{i} of {n}")
    named = {i: said.get(i, other).format(i=i + 1, n=n) for i in range(n)}
    used = [named[i] for i in sorted(place.unique())]
    return place.map(named).astype(pd.CategoricalDtype(used, ordered=True))


def _sorted_groups(values: pd.Series, groups: str) -> tuple[pd.DataFrame, bool]:
    """Return one yes-no column a group, in order, and whether the order means something."""
    if pd.api.types.infer_dtype(values) == "boolean":  # of objects too: yes, no and unknown
        values = values.map({True: "yes", False: "no"}).astype(pd.CategoricalDtype(["yes", "no"]))
    elif not isinstance(values.dtype, pd.CategoricalDtype):
        try:
            values = values.astype("category")
        except TypeError:
            raise InputError(
                f"{groups} holds nothing that groups can be made of",
                fix="name a column of words, codes, or yes and no",
            ) from None
    values = values.cat.remove_unused_categories()
    names = [f"{v:g}" if isinstance(v, float) else str(v) for v in values.cat.categories]
    if len(names) > _MOST_GROUPS:
        raise InputError(f"{groups} makes {len(names)} groups", fix="ask for quantiles=5")
    member = pd.get_dummies(values, dtype=float)
    return member.set_axis(names, axis=1), bool(values.cat.ordered)


def groups_of_people(
    table: pd.DataFrame, column: str, populations: Populations, *, exclusive: bool
) -> dict[str, Group]:
    """Return the populations, each in the areas where rate, people and part are known."""
    *rate, _ = _rate_of(table, column)
    told = {label: part_of(table, name) for label, name in labels(populations).items()}
    if not told:
        raise InputError("no population is named", fix="name columns of the table")
    among = None
    if exclusive:
        if len({base for base, *_ in told.values()}) > 1:
            raise InputError("some populations are people and some are homes", fix="take one kind")
        parts = pd.DataFrame({label: part for label, (_, part, _) in told.items()})
        _refuse_no_partition(parts)
        among = parts.notna().all(axis=1)
    return {
        label: _group(table, (rate[0], rate[1]), base, (part, var), among)
        for label, (base, part, var) in told.items()
    }


def _refuse_no_partition(parts: pd.DataFrame) -> None:
    total = parts.sum(axis=1, skipna=False)
    for wrong, what, fix in (
        (
            total > 1 + _ADDS_UP,
            "overlap",
            "leave exclusive out: each is then held against the rest",
        ),
        (total < 1 - _ADDS_UP, "leave people out", "add one for all others"),
    ):
        if wrong.any():
            raise InputError(
                f"the populations {what}: they hold {number(total[wrong].iloc[0] * 100, 1)} % of "
                "everybody there",
                rows=parts.index[wrong][:5].tolist(),
                count=int(wrong.sum()),
                fix=fix,
                code="E-NO-PARTITION",
            )
