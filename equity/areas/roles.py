"""What may be done with each column of a table: added up, rebuilt, or only left behind."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from equity.areas._registry import UNIVERSES
from equity.areas.schema import base_name, companion, describe, split_suffix
from equity.errors import InputError, MissingColumnError

_ACS = re.compile(r"^([BC]\d{5}[A-I]?(?:PR)?)_(\d{3})([EM])$")
# Medians, means, per-person amounts, indices and quality measures: they do not add up.
_ACS_NOT_ADDITIVE = re.compile(
    r"^B(?:01002|05004|06002|06011|07002|07011|08103|08121|10010|12007|19013|19019|19049|1908[0-3]"
    r"|19113|19119|19126|19202|19215|19301|20002|20004|20017|20018|21004|22008|23013|23020|2401[12]"
    r"|2403[12]|25010|25018|25021|25031|25035|25037|25039|2505[789]|25064|25071|2507[678]|25088"
    r"|25092|25097|25099|25105|25107|25109|25111|25113|25119|29004|98)"
)
_ACS_HOUSEHOLDS = re.compile(
    r"^[BC](?:11|19|22|25)\d{3}|^B0820[123]|^B2800[1-4]|^B2801[01]|^[BC]16002"
)


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
    """

    counts: dict[str, str]
    margins: dict[str, str]
    ratios: dict[str, tuple[str, str]]
    left: list[str]

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
        be moved.
    MissingColumnError
        If a named column is not there.
    """
    counts, ratios = dict(counts or {}), dict(ratios or {})
    named = [*counts, *ratios, *(p for pair in ratios.values() for p in pair), *drop]
    for name in named:
        if name not in table.columns:
            raise MissingColumnError(f"no column {name!r}", fix="check the spelling")
    result = Roles({}, {}, {}, [])
    refused = [
        name
        for name in map(str, table.columns)
        if not _place(name, table, result, counts=counts, ratios=ratios, drop=drop)
    ]
    if leave_rest and result.counts:
        result.left.extend(refused)
    elif refused:
        raise InputError(
            f"{len(refused)} columns cannot be added up and their components are not in the "
            f"table: {', '.join(refused[:5])}",
            fix="name counts (counts={'column': 'people'}) and ratios "
            "(ratios={'column': ('numerator', 'denominator')}), move the counts and compute shares "
            "and medians again afterwards, or leave columns behind with drop=[...]",
            code="E-NOT-ADDITIVE",
        )
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
    if column.universe and column.is_count:
        return column.universe
    acs = _ACS.match(name)
    if acs and acs[3] == "E" and not _ACS_NOT_ADDITIVE.match(acs[1]):
        return "households" if _ACS_HOUSEHOLDS.match(acs[1]) else "people"
    return None


def _margin_owner(name: str, table: Any) -> str | None:
    acs = _ACS.match(name)
    if acs and acs[3] == "M":
        owner = name[:-1] + "E"
        return owner if owner in table.columns else None
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
