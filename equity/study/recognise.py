"""What a user's files are: a survey, polygons, coverage, places of care; their content tells."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from equity.areas.geoid import LEVELS
from equity.errors import (
    EquityError,
    FormatError,
    GeoidError,
    InputError,
    MissingFileError,
    VintageError,
)
from equity.files.delimited import read_text_table
from equity.files.shapes import read_attributes
from equity.sources.area_ids import known_id
from equity.sources.census.acs import read_acs
from equity.sources.fcc.bdc import told_by_name

__all__ = ["Known", "recognise"]

_LEVELS = ("tract", "block_group", "county")
_YEAR = re.compile(r"(?<!\d)(20[0-3]\d)(?!\d)")
_SURVEY_YEAR = re.compile(r"(?:5Y|acs5_)(20[0-3]\d)", re.IGNORECASE)
# A coordinate by any name, in whole words of the heading: "Longitude", "lon_wgs84", "X".
_WORDS = {
    "lon": ("longitude", "lon", "long", "lng", "x"),
    "lat": ("latitude", "lat", "y"),
    "id": ("id", "npi", "facilityid", "siteid"),
    "name": ("name", "facility", "clinic", "site", "provider", "organization", "practice"),
    "kind": ("kind", "type", "category", "specialty"),
    "fte": ("fte", "ftes"),
}
_TELLING = (VintageError, GeoidError, FormatError)
"""What says more of a file than that it is of another kind."""
_BOUNDS = {"lon": (-180.0, 180.0), "lat": (-90.0, 90.0)}
_HRSA = "Geocoding Artifact Address Primary X Coordinate"


@dataclass(frozen=True)
class Known:
    """A file, and what it was found to be.

    Attributes
    ----------
    path
        The file.
    what
        ``acs``, ``boundaries``, ``counties``, ``blocks``, ``bdc``, ``classes``, ``hrsa`` or
        ``points``.
    why
        How that was told, as the end of a sentence.
    level, states
        Of its areas, where it has some.
    year
        As its name tells it; None where it does not.
    columns
        Role -> column, of places; columns, of a survey.
    delimiter
        What stands between its fields.
    """

    path: Path
    what: str
    why: str
    level: str = ""
    states: tuple[str, ...] = ()
    year: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    delimiter: str = ","


def recognise(path: str | Path, *, year: int | None = None) -> Known:
    """Tell what a file is.

    Parameters
    ----------
    path
        The file.
    year
        Last year of the survey, where a survey's name does not tell it.

    Raises
    ------
    MissingFileError
        If it is not there.
    VintageError, GeoidError, FormatError
        If it is a survey of another year or period, one whose ids are damaged, or no table.
    InputError
        If it is none of the kinds that a study can be made of.
    """
    file = Path(path)
    if not file.exists():
        raise MissingFileError("no such file", file=path, fix="check its name")
    other: EquityError | None = None
    for look in (_coverage, _polygons, lambda one: _survey(one, year), _table):
        try:
            known = look(file)
        except EquityError as error:  # it is none of these: the next look may know it
            other = error if isinstance(error, _TELLING) else other
            continue
        if known is not None:
            return known
    if other is not None:
        raise other
    raise InputError(
        "is neither a survey, nor polygons, nor coverage, nor places with coordinates",
        file=path,
        fix="give the publisher's own file, or name the columns lon and lat; any other table goes "
        "into [[tables]] of a study, such as `equity init` with the state's name writes",
    )


def _coverage(file: Path) -> Known | None:
    told = told_by_name(file.name)
    if told is None:
        return None
    state, as_of = told
    states = (state,) if state else ()
    return Known(file, "bdc", "by its FCC file name", states=states, year=as_of)


def _polygons(file: Path) -> Known | None:
    if file.suffix.lower() not in {".zip", ".geojson", ".json", ".gpkg", ".shp"}:
        return None
    frame = read_attributes(file)
    found = _ids(frame)
    if found is None:
        return None
    level, states, named = found
    what = {"county": "counties", "block": "blocks"}.get(level, "boundaries")
    year = _last_year(file.name) or ("2020" if named.endswith("20") else "")
    why = f"polygons with {level.replace('_', ' ')} ids in {named}"
    return Known(file, what, why, level=level, states=states, year=year)


def _survey(file: Path, year: int | None) -> Known | None:
    named = _SURVEY_YEAR.search(file.name)
    told = named[1] if named else _last_year(file.name)
    other: EquityError | None = None
    for level in _LEVELS:
        try:
            table = read_acs(file, year=int(told or year or 2020), level=level, multi_state=True)
        except EquityError as error:
            other = other or (error if isinstance(error, _TELLING) else None)
            continue
        states = tuple(sorted(set(table.index.str[:2])))
        codes = {name: name for name in table.columns if name[:1].isupper()}
        why = f"{len(table):,} {level.replace('_', ' ')} rows with Census codes"
        return Known(file, "acs", why, level=level, states=states, year=told, columns=codes)
    if other is not None:
        raise other
    return None


def _table(file: Path) -> Known | None:
    frame, delimiter = _separated(file)
    if _HRSA in frame.columns:
        return Known(file, "hrsa", "in HRSA's own layout", year=_last_year(file.name))
    if "TotalBSLs" in frame.columns or {"locations_n", "served_n"} <= set(frame.columns):
        found = _ids(frame)
        if found is not None:
            level, states, _ = found
            return Known(file, "classes", "locations by class", level=level, states=states)
    roles = _roles(frame)
    if not {"lon", "lat"} <= set(roles):
        _refuse_no_degrees(frame, file)
        return None
    said = f"a place a row, with {roles['lon']} and {roles['lat']}"
    year = _last_year(file.name)
    return Known(file, "points", said, year=year, columns=roles, delimiter=delimiter)


def _separated(file: Path) -> tuple[pd.DataFrame, str]:
    """Read a table by what stands between its fields: commas, or else what makes it a table."""
    try:
        return read_text_table(file, trailing_comma=True), ","
    except FormatError as error:
        for delimiter in ";\t|":
            with suppress(FormatError):
                return read_text_table(file, delimiter=delimiter), delimiter
        raise error from None


def _ids(frame: pd.DataFrame) -> tuple[str, tuple[str, ...], str] | None:
    """Return level, states and column of a table's ids, if it has any."""
    named = known_id(frame)
    if named is None:
        return None
    digits = frame[named].astype("string").str.extract(r"(\d+)$")[0].dropna()
    lengths = {LEVELS[level]: level for level in (*_LEVELS, "block")}
    level = lengths.get(int(digits.str.len().mode().iloc[0])) if len(digits) else None
    if level is None:
        return None
    return level, tuple(sorted(digits.str[:2].unique())), named


def _roles(frame: pd.DataFrame) -> dict[str, str]:
    """Find the columns of a list of places by their names and by what stands in them."""
    found: dict[str, str] = {}
    for role, words in _WORDS.items():
        fits = _within(*_BOUNDS[role]) if role in _BOUNDS else None
        for word in words:
            hits = [
                name
                for name in frame.columns
                if name not in found.values() and word in _words_of(name)
                if fits is None or fits(frame[name])
            ]
            if hits:
                found[role] = hits[0]
                break
    return found


def _refuse_no_degrees(frame: pd.DataFrame, file: Path) -> None:
    """Refuse columns that are called coordinates and hold none."""
    called = {
        role: next((n for n in frame.columns if _words_of(n) & {*_WORDS[role][:2]}), None)
        for role in _BOUNDS
    }
    if all(called.values()):
        raise FormatError(
            f"the columns {called['lon']} and {called['lat']} hold no longitudes and latitudes in "
            "degrees",
            file=file,
            fix="write decimal degrees with a point; exchange the two columns if they are swapped",
        )


def _words_of(name: str) -> set[str]:
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    words = re.findall(r"[a-z]+", split.casefold())
    return {*words, "".join(words)}


def _within(low: float, high: float) -> Callable[[pd.Series], bool]:
    def fits(values: pd.Series) -> bool:
        numbers = pd.to_numeric(values.where(values.str.strip() != ""), errors="coerce").dropna()
        return len(numbers) >= len(values) / 2 and bool(numbers.between(low, high).all())

    return fits


def _last_year(name: str) -> str:
    years = _YEAR.findall(name)
    return years[-1] if years else ""
