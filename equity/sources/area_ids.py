"""Where a table keeps the ids of its areas: one column by its name, or state, county and tract.

Every reader of tables that people made or exported goes through here, so that a layout known to one
is known to all.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import pandas as pd

from equity.areas.geoid import LEVELS, find_state
from equity.errors import (
    EquityError,
    FormatError,
    GeoidError,
    InputError,
    MissingColumnError,
    VintageError,
)
from equity.sources.area_rows import require_columns, row_labels

__all__ = ["census_of", "joined_ids", "known_id", "table_ids"]

Frame = TypeVar("Frame", bound=pd.DataFrame)

_ID_NAMES = (
    "GEOID", "geoid", "GEOID20", "GEOID10", "GEOIDFQ", "GEO_ID", "AFFGEOID", "geo_id",
    "HEROP_ID", "HeropID", "TractFIPS20", "TractFIPS", "tractFIPS", "FIPS", "fips", "LocationID",
    "COUNTY ID", "GISJOIN", "GEO.id", "GEO.id2", "Geo_FIPS",
)  # fmt: skip
"""Names that published tables give their area id, most specific first."""

_PARTS = {
    "state": ("STATEFP", "STATEFP20", "STATEFP10", "STATEA", "STATE_FIPS", "STATE"),
    "county": ("COUNTYFP", "COUNTYFP20", "COUNTYFP10", "COUNTYA", "COUNTY_FIPS", "COUNTY"),
    "tract": ("TRACTCE", "TRACTCE20", "TRACTCE10", "TRACTA", "TRACT"),
    "block group": ("BLKGRPCE", "BLKGRPCE20", "BLKGRPCE10", "BLKGRPA", "BLKGRP", "BLOCK GROUP"),
    "county subdivision": ("COUSUBFP", "COUSUBA", "COUNTY SUBDIVISION"),
    "place": ("PLACEFP", "PLACEA", "PLACE"),
    "zip code tabulation area": ("ZCTA5CE20", "ZCTA5CE10", "ZIP CODE TABULATION AREA"),
}
"""Names of the parts of an id, in any case: boundary files, NHGIS, the Census API."""

_PARTS_OF = {
    "state": ("state",),
    "county": ("state", "county"),
    "county_subdivision": ("state", "county", "county subdivision"),
    "tract": ("state", "county", "tract"),
    "block_group": ("state", "county", "tract", "block group"),
    "place": ("state", "place"),
    "zcta": ("zip code tabulation area",),
}
_WIDTHS = {
    "state": 2, "county": 3, "tract": 6, "block group": 1, "county subdivision": 5, "place": 5,
    "zip code tabulation area": 5,
}  # fmt: skip
_LISTED = ("state", "county", "tract", "block group")

# What stands under the id's code where a second header explains the first.
_EXPLAINED = {"geography", "id", "id2", "gis join match code"}
# All but the digits of an id: its prefix, the decimals of a number, what a spreadsheet added.
_NO_DIGITS = re.compile(r"^.*US|\.0*\s*$|[^0-9]")
# GEOID20, GEOID_TRACT_10, TractFIPS20, ZCTA5CE10, STATEFP20 …: numbered by their census.
_OF_CENSUS = re.compile(r"(?:GEO_?ID|GEOID_TRACT|FIPS|CE|FP)_?(?:20)?([12]0)(?=,|$)", re.IGNORECASE)
_WHICH = (
    "name the column of the ids with id_column=, or the columns of their parts: "
    'id_column=["state", "county", "tract"]'
)
_GISJOIN = re.compile(r"^G([0-9]{2})0([0-9]{3})0([0-9]*)$")
_TABLE_VIEW = re.compile(r"!!(Estimate|Margin of Error|Percent)$")


def table_ids(
    frame: Frame,
    path: str | Path,
    *,
    level: str,
    given: str | Sequence[str] | None = None,
    geo_vintage: str = "",
) -> tuple[Frame, pd.Series]:
    """Return the rows of a table that are areas, and their ids in the file's own spelling.

    Parameters
    ----------
    frame
        Text table.
    path
        For errors.
    level
        Level of the areas: says which parts make an id.
    given
        Column that holds the id, or the columns of state, county, tract and block group. Without
        it a known name is looked for, then known names of the parts.
    geo_vintage
        Vintage that the areas are said to have, where it is known.

    Returns
    -------
    frame
        Without a second header row of explanations.
    ids : pandas.Series
        With the frame's index, under the name of their column, or of all of their parts'.

    Raises
    ------
    MissingColumnError
        If a column that is named, or any known one, is absent.
    GeoidError, InputError
        If the parts make no ids, or columns of known names hold the ids of different areas.
    VintageError
        If the name of the column is that of another census.
    """
    name = given if isinstance(given, str) else known_id(frame) if given is None else None
    if name is not None:
        require_columns(frame, [name], path)
        if len(frame) and str(frame[name].iloc[0]).strip().casefold() in _EXPLAINED:
            frame = frame.iloc[1:]
        ids: pd.Series = frame[name]
        if given is None:
            _refuse_two(frame, [n for n in _ID_NAMES if n in frame.columns], path)
            _refuse_other_parts(frame, ids, path, level)
    elif given is None:
        ids = _known_parts(frame, path, level)
    else:
        ids = joined_ids(frame, path, list(given))
    _refuse_other_census(str(ids.name), geo_vintage, path, level)
    return frame, ids


def census_of(id_name: str) -> str:
    """Return the year of the census whose areas a column of ids is named for, if it is for one.

    Examples
    --------
    >>> census_of("GEOID20"), census_of("STATEFP10, COUNTYFP10, TRACTCE10"), census_of("GEOID")
    ('2020', '2010', '')
    """
    found = _OF_CENSUS.search(id_name)
    return f"20{found[1]}" if found else ""


def _refuse_other_census(name: str, geo_vintage: str, path: str | Path, level: str) -> None:
    told = census_of(name)
    # ZIP areas of 2010 were published until those of 2020 were ready.
    if told in {"", geo_vintage[:4]} or not geo_vintage or (level == "zcta" and told == "2010"):
        return
    raise VintageError(
        f"the ids stand under {name}, a name of areas of {told}, and are said to be of "
        f"{geo_vintage[:4]}",
        file=path,
        fix=f"give the year or geo_vintage of the areas of {told}, or name the column of the other "
        "ids with id_column=",
    )


def known_id(frame: pd.DataFrame) -> str | None:
    """Return the column whose name is one that published tables give their area id."""
    return next((name for name in _ID_NAMES if name in frame.columns), None)


def _refuse_two(frame: pd.DataFrame, names: Sequence[str], path: str | Path) -> None:
    """Refuse columns that could each be the ids, or a part of them, and hold different areas.

    Ids of another level, and names beside codes, have another number of digits.
    """
    if len(names) < 2:
        return
    digits = [
        frame[name].astype("string").fillna("").str.replace(_NO_DIGITS, "", regex=True)
        for name in names
    ]
    first = digits[0].str.lstrip("0")
    for name, cells in zip(names[1:], digits[1:], strict=True):
        other = cells.str.lstrip("0")
        odd = (first != other) & (first.str.len() == other.str.len())
        _refuse_different(f"columns {names[0]} and {name}", frame[names[0]], frame[name], odd, path)


def _refuse_other_parts(frame: pd.DataFrame, ids: pd.Series, path: str | Path, level: str) -> None:
    """Refuse whole ids beside columns of their parts that name other areas.

    Parts that are no codes, such as the name of a county, say nothing.
    """
    names: list[str] = []
    for several in _part_names(frame, level):
        if not several:
            break
        names.append(several[0])
    kinds = _PARTS_OF.get(level, ())
    told = None
    while names and told is None:
        with contextlib.suppress(EquityError):
            told = joined_ids(frame, path, names, kinds=kinds[: len(names)])
        names = names if told is not None else names[:-1]
    if frame.empty or told is None or level not in LEVELS or names == [ids.name]:
        return
    width = LEVELS[level]
    text = ids.astype("string").fillna("").str.replace(_GISJOIN, r"\1\2\3", regex=True)
    digits = text.str.replace(_NO_DIGITS, "", regex=True)
    mine = digits.str.zfill(width).where(digits.str.len().isin([width - 1, width]), "")
    odd = (mine != "") & (mine.str[: told.str.len().max()] != told)
    which = f"column {ids.name} and the columns {', '.join(names)}"
    _refuse_different(which, ids, told, odd, path)


def _refuse_different(
    which: str, one: pd.Series, other: pd.Series, odd: pd.Series, path: str | Path
) -> None:
    """Refuse rows whose ids are of one area in one place and of another elsewhere."""
    if odd.any():
        raise InputError(
            f"{which} hold different areas ({one[odd].iloc[0]}, {other[odd].iloc[0]}): "
            "which are meant?",
            file=path,
            rows=row_labels(one.index, odd),
            fix=_WHICH,
        )


def _part_names(frame: pd.DataFrame, level: str) -> list[list[str]]:
    """Return the columns that are known for each part of an id."""
    there = {str(name).upper(): str(name) for name in frame.columns}
    return [[there[n] for n in _PARTS[kind] if n in there] for kind in _PARTS_OF.get(level, ())]


def _known_parts(frame: pd.DataFrame, path: str | Path, level: str) -> pd.Series:
    kinds = _PARTS_OF.get(level, ())
    named = _part_names(frame, level)
    if kinds and all(named):
        for several in named:
            _refuse_two(frame, several, path)
        names = [several[0] for several in named]
        return joined_ids(frame, path, names, kinds=kinds)
    if any(_TABLE_VIEW.search(str(name)) for name in frame.columns):
        raise FormatError(
            "this is the table as data.census.gov shows it, with areas as columns and without "
            "their ids",
            file=path,
            fix="on data.census.gov choose Download Table Data (a zip), not Export CSV, and name "
            "that zip",
        )
    raise MissingColumnError(
        f"no id column among {', '.join(map(repr, frame.columns[:8]))} …",
        file=path,
        fix="name it with id_column=, or the columns of its parts: "
        'id_column=["state", "county", "tract"]',
    )


def joined_ids(
    frame: pd.DataFrame, path: str | Path, names: Sequence[str], *, kinds: Sequence[str] = _LISTED
) -> pd.Series:
    """Return the ids that columns of their parts make.

    A tract may be written as its code (``090101``, or ``90101`` without its zero) or as its name
    (``901.01``); numbers that could be either are refused.

    Raises
    ------
    MissingColumnError
        If a column is absent.
    GeoidError, InputError
        If a part is no code of its kind.
    """
    require_columns(frame, names, path)
    if len(names) > len(kinds):
        raise InputError(
            "an id has four parts at most: state, county, tract, block group",
            file=path,
            fix="name the columns of those parts alone in id_column",
        )
    parts: dict[str, pd.Series] = {}
    for name, kind in zip(names, kinds, strict=False):
        # Numbers of a boundary file or a workbook may come as 51.0.
        cells = frame[name].astype("string").fillna("").str.strip().astype(object)
        cells = cells.str.replace(r"^([0-9]+)\.0?$", r"\1", regex=True)
        if kind == "state":
            codes = {cell: _state_code(cell, name, path) for cell in set(cells)}
            cells = cells.map(codes).astype(object)
        elif kind == "county":
            whole = cells.str.zfill(5).str[:2].eq(parts["state"]) & cells.str.len().isin([4, 5])
            cells = cells.str[-3:].where(whole, cells)
        elif kind == "tract":
            cells = _tract_codes(cells, name, path)
        parts[kind] = _digits(cells, name, _WIDTHS[kind], kind, path)
    ids = pd.Series("", index=frame.index, dtype=object)
    for part in parts.values():
        ids = ids + part
    return ids.rename(", ".join(names))


def _state_code(cell: str, name: str, path: str | Path) -> str:
    try:
        return find_state(cell).fips
    except InputError as error:
        raise InputError(f"column {name}: {error.what}", file=path, fix=error.fix) from None


def _digits(cells: pd.Series, name: str, width: int, kind: str, path: str | Path) -> pd.Series:
    odd = ~cells.str.fullmatch(rf"[0-9]{{1,{width}}}")
    if odd.any():
        raise GeoidError(
            f"column {name} holds {cells[odd].iloc[0]!r} where the code of a {kind} belongs "
            f"({width} digits)",
            file=path,
            rows=row_labels(cells.index, odd),
            fix="name the column of the codes in id_column",
        )
    return cells.str.zfill(width)


def _tract_codes(cells: pd.Series, name: str, path: str | Path) -> pd.Series:
    """Return six digits for tracts written as codes or as names, the column telling which."""
    names = cells.str.replace(r"^census tract\s*", "", case=False, regex=True)
    named = (names != cells) | names.str.contains(".", regex=False)
    whole = names.str.fullmatch(r"[0-9]{1,4}")
    codes = names.str.fullmatch(r"[0-9]{5,6}")
    if named.any() and not codes.any():
        parts = names.str.extract(r"^([0-9]{1,4})(?:\.([0-9]{1,2}))?$")
        # 901.1 is 901.10 that lost its zero as a number.
        code = parts[0].str.zfill(4) + parts[1].fillna("").str.ljust(2, "0")
        return code.where(parts[0].notna(), cells)
    if named.any() or (whole.any() and not codes.any()):
        odd = named | whole
        raise GeoidError(
            f"column {name} holds {cells[odd].iloc[0]!r}: the name of a tract, or its code without "
            "zeros?",
            file=path,
            rows=row_labels(cells.index, odd),
            fix="write names with their decimals (902.00) or codes with all six digits (090200)",
        )
    return cells
