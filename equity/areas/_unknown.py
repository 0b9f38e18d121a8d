"""Areas without a value, before they are added up: nobody there, or not known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np
import pandas as pd

from equity.areas._arrays import Floats
from equity.areas._move import Flags
from equity.areas.roles import Roles
from equity.areas.schema import describe
from equity.areas.table import water_rows
from equity.errors import InputError
from equity.language import said

Unknown = Literal["partial", "missing"]
"""What a sum does with people whose area has no value: leave them out and say so, or be missing."""

_UNIVERSE_OF_BASIS = {"population": "people", "housing": "households", "area": "land"}


@dataclass(frozen=True)
class Prepared:
    """A table whose gaps are settled.

    Attributes
    ----------
    table
        The rows, with 0 where a row adds nothing.
    roles
        The table's roles; counts and margins of `parts` are added.
    filled, skipped
        Count column -> rows that had no value: because nobody lives there; though people do.
    parts
        Ratio -> its numerator and denominator over the areas that have both, where those are not
        the columns themselves.
    base
        Column of `parts` -> the column it was taken from.
    """

    table: pd.DataFrame
    roles: Roles
    filled: dict[str, Flags] = field(default_factory=dict)
    skipped: dict[str, Flags] = field(default_factory=dict)
    parts: dict[str, tuple[str, str]] = field(default_factory=dict)
    base: dict[str, str] = field(default_factory=dict)

    @property
    def helpers(self) -> list[str]:
        """Columns of `parts`, which no caller asked for."""
        return self.roles.with_margins(self.base)

    def left_out(self, name: str) -> Flags:
        """Rows that add nothing to a count."""
        nothing = np.zeros(len(self.table), dtype=bool)
        return self.filled.get(name, nothing) | self.skipped.get(name, nothing)

    def notes(self) -> list[str]:
        """Say how many areas had no value, and what became of them."""
        text = []
        if self.filled:
            empty = int(np.any(list(self.filled.values()), axis=0).sum())
            text.append(
                said("{n} areas where nobody lives have no value and count as none", n=f"{empty:,}")
            )
        alike: dict[bytes, list[str]] = {}
        for name, rows in self.skipped.items():
            if name not in self.base:
                alike.setdefault(rows.tobytes(), []).append(name)
        for names in alike.values():
            rows = self.skipped[names[0]]
            people = self.table["population_n"].to_numpy(dtype="float64")[rows].sum()
            which = names[0] if len(names) == 1 else f"{names[0]} ({len(names)} columns)"
            text.append(
                said(
                    "{n} areas with {people} people have no {column}: sums leave them out and are "
                    "marked partial",
                    n=f"{int(rows.sum()):,}",
                    people=f"{people:,.0f}",
                    column=which,
                )
            )
        return text


def prepare(
    table: pd.DataFrame,
    roles: Roles,
    *,
    level: str,
    counts: Mapping[str, str] | None,
    unknown: Unknown,
) -> Prepared:
    """Settle what areas without a value add to each count.

    Nothing where nobody lives (no people; for homes no households; for locations and land only
    water is known to have none). Where people live, as `unknown` says; where the table does not
    know whether any do, the sum stays missing.
    """
    if unknown not in get_args(Unknown):
        raise InputError(
            f"areas without a value cannot be {unknown!r}", fix="use 'partial' or 'missing'"
        )
    gaps = {name: rows for name in roles.counts if (rows := _missing(table[name])).any()}
    if not gaps:
        return Prepared(table, roles)
    water = water_rows(table.index, level)
    people, homes = _column(table, "population_n"), _column(table, "households_n")
    nobody, somebody, no_home = people == 0, people > 0, homes == 0
    empty = {
        "people": water | nobody,
        "households": water | nobody | no_home,
        "locations": water,
        "land": np.zeros(len(table), dtype=bool),
        "areas": np.zeros(len(table), dtype=bool),
    }
    filled, skipped = {}, {}
    for name, rows in gaps.items():
        universe = _universe(name, roles.counts[name], counts or {})
        if (fill := rows & empty[universe]).any():
            filled[name] = fill
        skip = rows & ~empty[universe] & somebody
        if unknown == "partial" and universe != "land" and skip.any():
            skipped[name] = skip
    settled = Prepared(table, roles, filled, skipped)
    return _with_parts(_blanked(settled, list({*filled, *skipped})))


def _blanked(prepared: Prepared, names: list[str]) -> Prepared:
    """Put 0 where a row adds nothing, in the counts and their margins."""
    columns = {}
    for name in names:
        rows = prepared.left_out(name)
        for column in prepared.roles.with_margins([name]):
            columns[column] = np.where(rows, 0.0, _numbers(prepared.table[column]))
    return replace(prepared, table=prepared.table.assign(**columns))


def _with_parts(prepared: Prepared) -> Prepared:
    """Add numerators and denominators over the areas that have both, where one leaves some out."""
    roles, skipped = prepared.roles, dict(prepared.skipped)
    counts, margins = dict(roles.counts), dict(roles.margins)
    added, parts, base = {}, {}, {}
    nothing = np.zeros(len(prepared.table), dtype=bool)
    for ratio, pair in roles.ratios.items():
        apart = [skipped.get(name, nothing) for name in pair]
        if np.array_equal(apart[0], apart[1]):
            continue
        names = f"{ratio} above", f"{ratio} below"
        for name, part in zip(names, pair, strict=True):
            skipped[name] = apart[0] | apart[1]
            counts[name], base[name] = counts[part], part
            added[name] = np.where(skipped[name], 0.0, _numbers(prepared.table[part]))
            if part in margins:
                margins[name] = f"{name} moe"
                moe = _numbers(prepared.table[margins[part]])
                added[margins[name]] = np.where(skipped[name], 0.0, moe)
        parts[ratio] = names
    # All at once: a wide table would be in a hundred pieces.
    table = pd.concat([prepared.table, pd.DataFrame(added, index=prepared.table.index)], axis=1)
    table.attrs.update(prepared.table.attrs)
    return replace(
        prepared,
        table=table,
        roles=replace(roles, counts=counts, margins=margins),
        skipped=skipped,
        parts=parts,
        base=base,
    )


def _universe(name: str, basis: str, counts: Mapping[str, str]) -> str:
    """Return what a column counts: as the caller says, as declared, or as its weights say."""
    (column,) = describe([name])
    return counts.get(name) or column.universe or _UNIVERSE_OF_BASIS[basis]


def _numbers(values: pd.Series) -> Floats:
    numbers: Floats = values.to_numpy(dtype="float64", na_value=np.nan)
    return numbers


def _missing(values: pd.Series) -> Flags:
    missing: Flags = values.isna().to_numpy(dtype=bool)
    return missing


def _column(table: pd.DataFrame, name: str) -> Floats:
    """Return a column as numbers; missing everywhere where there is none."""
    return _numbers(table[name]) if name in table.columns else np.full(len(table), np.nan)
