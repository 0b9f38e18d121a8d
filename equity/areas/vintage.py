"""Which areas an id can mean, and when two tables speak of the same ones."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd

from equity.errors import GeoidError, InputError, VintageError
from equity.provenance import Recorded, TableMeta, meta

VINTAGES = ("2010", "2020", "2020-CT2022")
"""Areas of the 2010 census; of the 2020 census; the latter under Connecticut's planning regions."""

_BELOW_COUNTY = ("county_subdivision", "tract", "block_group", "block")


@dataclass(frozen=True)
class CountyChange:
    """A county code that was replaced: by one new code, or by several if it was divided."""

    old: str
    new: tuple[str, ...]
    effective: str
    what: str
    tracts: dict[str, str] = field(default_factory=dict)


@cache
def _file(name: str = "county_changes.toml") -> dict[str, Any]:
    text = (resources.files(__package__) / name).read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def county_changes() -> tuple[CountyChange, ...]:
    """Return the county codes that changed between 2010 and 2020, oldest code first.

    References
    ----------
    U.S. Census Bureau. Substantial Changes to Counties and County Equivalent Entities:
    1970-Present.
    """
    return tuple(
        CountyChange(
            item["old"], tuple(item["new"]), item["effective"], item["what"], item.get("tracts", {})
        )
        for item in _file()["change"]
    )


@cache
def connecticut() -> tuple[frozenset[str], frozenset[str]]:
    """Return Connecticut's eight counties and the nine planning regions that replaced them."""
    table = _file()["connecticut"]
    return frozenset(table["old"]), frozenset(table["new"])


@cache
def counties_of(geo_vintage: str | None = None) -> frozenset[str]:
    """Return the counties and county equivalents of a vintage, or of all of them.

    Tables of the years 2010 to 2019 carry the codes of their own year, so 2010 has both those that
    were replaced meanwhile and those that replaced them.

    References
    ----------
    U.S. Census Bureau. 2020 FIPS Codes for Counties and County Equivalents.
    """
    known = {
        f"{state}{code:03d}"
        for state, runs in _file("counties.toml").items()
        for first, _, last in (run.partition("-") for run in runs.split())
        for code in range(int(first), int(last or first) + 1, 2)
    }
    old_ct, new_ct = connecticut()
    replaced = {change.old for change in county_changes()}
    if geo_vintage is None:
        return frozenset(known | replaced | new_ct)
    if geo_vintage == "2020-CT2022":
        return frozenset(known - old_ct | new_ct)
    return frozenset(known | replaced if geo_vintage == "2010" else known)


def in_a_county(ids: pd.Series, geo_vintage: str | None = None) -> pd.Series:
    """Return True for ids, of counties or of what lies in them, whose county exists."""
    return ids.str[:5].isin(counties_of(geo_vintage))


def check_vintage(
    geoids: Iterable[str], *, level: str, geo_vintage: str, file: str | Path | None = None
) -> None:
    """Refuse ids that cannot belong to the vintage they are said to have.

    Parameters
    ----------
    geoids
        Ids of one level, as text.
    level
        Key of `equity.areas.geoid.LEVELS`.
    geo_vintage
        One of `VINTAGES`.
    file
        Name used in errors.

    Raises
    ------
    VintageError
        If the vintage is not known, or ids contradict it: Connecticut's planning regions under
        2010 or 2020, its counties under 2020-CT2022, a replaced county code under 2020.
    GeoidError
        If an id lies in no county.
    """
    if geo_vintage not in VINTAGES:
        raise VintageError(
            f"{geo_vintage!r} is no vintage of areas", file=file, fix=f"use {', '.join(VINTAGES)}"
        )
    if level != "county" and level not in _BELOW_COUNTY:
        return
    ids = pd.Series(pd.unique(pd.Series(geoids, dtype=object)), dtype=object)
    county = ids.str[:5]
    old_ct, new_ct = connecticut()
    wrong_ct = county.isin(new_ct if geo_vintage != "2020-CT2022" else old_ct)
    if wrong_ct.any():
        kind = "planning regions" if geo_vintage != "2020-CT2022" else "old counties"
        raise VintageError(
            f"ids carry Connecticut's {kind}, which the vintage {geo_vintage} does not have",
            file=file,
            rows=ids[wrong_ct],
            fix="declare the vintage the ids have, then use equity.areas.recode.connecticut",
        )
    _refuse_gone(ids, county, geo_vintage, file)
    nowhere = ~in_a_county(ids, geo_vintage)
    if nowhere.any():
        raise GeoidError(
            "ids lie in no county that exists",
            file=file,
            rows=ids[nowhere],
            fix="read the column as text, so that no zero is lost",
        )


def _refuse_gone(
    ids: pd.Series, county: pd.Series, geo_vintage: str, file: str | Path | None
) -> None:
    if geo_vintage == "2010":
        return
    gone = county.isin([change.old for change in county_changes()])
    if gone.any():
        raise VintageError(
            f"ids carry county codes that were replaced before {geo_vintage[:4]}",
            file=file,
            rows=ids[gone],
            fix="declare the vintage the ids have, or recode with equity.areas.recode.counties",
        )


def comparable(level: str, first: str, second: str, *geoids: Iterable[str]) -> bool:
    """Tell whether ids of two vintages name the same areas, given the ids in play.

    2020 and 2020-CT2022 differ in Connecticut only, which matters where every table has it.
    Counties of 2010 and 2020 differ where a code was replaced by another that was there before;
    the rest of the changes leave rows unmatched, which an audit tells. States never differ.
    """
    if first == second or level in ("nation", "state"):
        return True
    tract_change = "2010" in (first, second)
    if tract_change and level != "county":
        return False
    tables = [pd.Series(ids, dtype=object) for ids in geoids]
    if "2020-CT2022" in (first, second) and all(t.str.startswith("09").any() for t in tables):
        return False
    replaced = {change.old for change in county_changes() if len(change.new) == 1}
    return not (tract_change and any(t.isin(replaced).any() for t in tables))


def required_vintage(value: str | None, *, name: str) -> str:
    """Return the vintage, or refuse a table that does not say which it has."""
    if value is None:
        raise VintageError(
            f"{name} does not say which vintage its areas have: {_DROPPED}",
            fix=f"{_KEEP}, or declare it: equity.area_table(table, level=..., geo_vintage=...)",
            code="E-VINTAGE-MISSING",
        )
    if value not in VINTAGES:
        raise InputError(f"{name} has the vintage {value!r}", fix=f"use {', '.join(VINTAGES)}")
    return value


def required_record(table: Recorded, *, name: str) -> TableMeta:
    """Return the record of a table that is written or cited, or refuse one that has none.

    Raises
    ------
    InputError
        If the table knows neither its vintage nor a source.
    """
    record = meta(table)
    if record.geo_vintage is None and not record.sources:
        raise InputError(
            f"{name} does not say where its figures come from: {_DROPPED}",
            fix=f"{_KEEP}; of a table of your own name the sources: sources=[equity.provenance."
            "Source(...)], here or in equity.area_table(table, level=..., geo_vintage=...)",
            code="E-RECORD-MISSING",
        )
    return record


_DROPPED = (
    "it was not read by this package, or pandas' join, merge or concat with a plain table dropped "
    "its record"
)
_KEEP = "join with equity.combine(table, other), which keeps the record"
