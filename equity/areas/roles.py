"""What may be done with each column of a table: added up, rebuilt, or only left behind."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from equity.areas._acs_tables import NO_SUMS, held_by
from equity.areas._registry import UNIVERSES
from equity.areas.schema import base_name, columns, companion, describe, split_suffix
from equity.errors import InputError, MissingColumnError
from equity.language import ENGLISH, language

_ACS_MARGIN = re.compile(r"^([BC]\d{5}\d?[A-I]?(?:PR)?_\d{3})M$")
# Whatever they are of, these never add up; dollars and minutes may (grants paid, visits made).
_NEVER_SUMS = {"share", "percent", "per_10k", "mbps", "deg", "index"}


@dataclass(frozen=True)
class Roles:
    """Columns of one table by what a move does with them.

    Attributes
    ----------
    counts
        Count column -> basis of its weights.
    margins
        Count column -> its margin column, where there is one.
    ratios
        Ratio column -> (numerator, denominator), rebuilt after the move.
    left
        Columns that stay behind: text, geometry, flags, percentiles.
    unknown
        Those of them of which nobody knows whether they add up.
    """

    counts: dict[str, str]
    margins: dict[str, str]
    ratios: dict[str, tuple[str, str]]
    left: list[str]
    unknown: list[str] = field(default_factory=list)

    def with_margins(self, names: Iterable[str]) -> list[str]:
        """Return the counts, each followed by its margin where it has one."""
        return [n for c in names for n in (c, self.margins.get(c)) if n is not None]


def roles_of(
    table: pd.DataFrame,
    *,
    counts: Mapping[str, str] | None = None,
    ratios: Mapping[str, tuple[str, str]] | None = None,
    drop: Collection[str] = (),
    leave_rest: bool = False,
) -> Roles:
    """Sort a table's columns by what may be done with them.

    Parameters
    ----------
    table
        Area table.
    counts
        Columns of the user's own that add up -> ``people``, ``households``, ``locations`` or
        ``land``.
    ratios
        Columns of the user's own that are a numerator over a denominator, both in the table.
    drop
        Columns to leave behind.
    leave_rest
        Leave columns behind that do not add up and cannot be rebuilt, as long as others do.

    Raises
    ------
    InputError
        If a numeric column is neither: a median, a mean or a share without its components cannot
        be moved, and a column that nobody declared must be. If what is declared a count is known
        to be none.
    MissingColumnError
        If a named column is not there.
    """
    counts, ratios = dict(counts or {}), dict(ratios or {})
    named = [*counts, *ratios, *(p for pair in ratios.values() for p in pair), *drop]
    for name in named:
        if name not in table.columns:
            raise MissingColumnError(f"no column {name!r}", fix="check the spelling")
    for name in counts:
        _refuse_no_count(name)
    result = Roles({}, {}, {}, [])
    refused = [
        name
        for name in map(str, table.columns)
        if not _place(name, table, result, counts=counts, ratios=ratios, drop=drop)
    ]
    if leave_rest and result.counts:
        result.left.extend(refused)
        result.unknown.extend(name for name in refused if not _why_no_count(name))
    elif refused:
        raise _no_counts(refused)
    _refuse_ratios_without_parts(result)
    return result


def _place(
    name: str,
    table: Any,
    result: Roles,
    *,
    counts: Mapping[str, str],
    ratios: Mapping[str, tuple[str, str]],
    drop: Collection[str],
) -> bool:
    """Give one column its role; False if it has none."""
    if name in drop or not _is_number(table[name]):
        result.left.append(name)
    elif name in ratios:
        result.ratios[name] = ratios[name]
    elif (universe := counts.get(name) or _universe(name)) is not None:
        result.counts[name] = _basis(universe, name)
    elif (owner := _margin_owner(name, table)) is not None:
        result.margins[owner] = name
    elif base_name(name) != name and base_name(name) in table.columns:
        result.left.append(name)  # _p05, _p95, _cv: computed again, not moved
    elif (parts := _parts(name, table)) is not None:
        result.ratios[name] = parts
    else:
        return False
    return True


def _no_counts(refused: list[str]) -> InputError:
    """Name columns that nobody may add up, and a way on for each."""
    asked = [name for name in refused if not _why_no_count(name)]
    said = f" ({_why_no_count(refused[0])})" if refused[0] not in asked else ""
    fix = f"leave them behind with drop={refused[:5]}"
    if asked:
        fix += f", or say what they count (counts={{{asked[0]!r}: 'people'}}) or are shares of"
        fix += f" (ratios={{{asked[0]!r}: ('numerator', 'denominator')}})"
    return InputError(
        f"{len(refused)} columns cannot be added up, as they are not known to be counts and their "
        f"components are not in the table: {', '.join(refused[:5])}{said}",
        fix=f"{fix}; move the counts, and compute shares and medians again afterwards",
        code="E-NOT-ADDITIVE",
    )


def _refuse_no_count(name: str) -> None:
    if why := _why_no_count(name):
        raise InputError(
            f"{name} does not add up: {why}",
            fix=f"leave it behind with drop=[{name!r}]; a share is rebuilt from its parts "
            "(ratios={...}), a median from the counts in its bins (medians={...})",
            code="E-NOT-ADDITIVE",
        )


def _why_no_count(name: str) -> str:
    """Say why a column is known not to add up; nothing where it may, or nobody knows."""
    if held_by(name) == NO_SUMS:
        return f"the table {name.partition('_')[0]} holds medians, means, indices or rates"
    with language(ENGLISH):  # of an error
        (column,) = describe([name])
    stem = split_suffix(base_name(name))[0]
    if column.adds or (stem not in columns() and column.unit not in _NEVER_SUMS):
        return ""
    return f"it is {column.label or name} in {column.unit or 'a number'}"


def _refuse_ratios_without_parts(result: Roles) -> None:
    for name, parts in result.ratios.items():
        lost = [part for part in parts if part not in result.counts]
        if lost:
            raise InputError(
                f"{name} is rebuilt from {parts[0]} and {parts[1]}, but {lost[0]} is not a count",
                fix=f"declare it: counts={{{lost[0]!r}: 'people'}} (or households, locations)",
            )
    # A margin of something that is left behind goes with it.
    owners = {*result.counts, *result.ratios}
    for owner in [o for o in result.margins if o not in owners]:
        result.left.append(result.margins.pop(owner))


def _is_number(values: Any) -> bool:
    return bool(pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values))


def _basis(universe: str, name: str) -> str:
    if universe not in UNIVERSES:
        raise InputError(
            f"{name} cannot count {universe!r}", fix=f"use {', '.join(sorted(UNIVERSES))}"
        )
    return UNIVERSES[universe]


def _universe(name: str) -> str | None:
    """Return what a declared or ACS column counts; None if it does not add up or is not known."""
    (column,) = describe([name])
    return column.universe if column.universe and column.is_count else None


def _margin_owner(name: str, table: Any) -> str | None:
    if acs := _ACS_MARGIN.match(name):
        return f"{acs[1]}E" if f"{acs[1]}E" in table.columns else None
    owner = base_name(name)
    return owner if owner in table.columns and companion(owner, "_moe") == name else None


def _parts(name: str, table: Any) -> tuple[str, str] | None:
    """Components of a declared share, under the same suffix if they have one."""
    (column,) = describe([name])
    suffix = split_suffix(name)[1]
    if not column.parts:
        return None
    # What is counted depends on the suffix; of what it is counted need not.
    top, bottom = (part + suffix for part in column.parts)
    if bottom not in table.columns:
        bottom = column.parts[1]
    return (top, bottom) if {top, bottom} <= set(table.columns) else None
