"""``--area`` of the command, as the lines of a study file that say the same."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

from equity.areas.geoid import STATES
from equity.errors import InputError, MissingFileError
from equity.files.atomic import write_bytes

__all__ = ["area_lines", "area_slug", "beside"]

_FILE = re.compile(r"(.+\.(?:geojson|json|gpkg|zip|shp|csv|xlsx))\s*(?::(.*))?", re.IGNORECASE)
_ZIP = re.compile(r"(?:zip|zcta)\s*(\d{5})", re.IGNORECASE)
_TRIBAL = re.compile(r"tribal (?:area )?(.+)", re.IGNORECASE)
_LONG_ID = re.compile(r"\d{3,7}US(?=\d)")
_STATES = {word.casefold() for state in STATES.values() for word in (state.usps, state.name)}


def area_lines(text: str, folder: Path) -> str:
    """Return the ``[area]`` part of a study file that names a place as a person types it.

    Parameters
    ----------
    text
        Counties by name or code, tracts by id, ``ZIP 24210``, ``tribal Pamunkey``, a state first
        of all, with commas between; or one file of polygons, or a table of districts (CSV), and
        after a colon the names of those that are meant.
    folder
        Where the study file lies: the path of a file is told from there.

    Raises
    ------
    InputError
        If it names no place.
    MissingFileError
        If it names a file that is not there.

    Examples
    --------
    >>> print(area_lines("Wise County, VA, 51105", Path()), end="")
    [area]
    counties = ["Wise County, VA", "51105"]
    """
    file, only = _file(text)
    if file is not None:
        path = Path(os.path.relpath(file, folder)).as_posix()
        picked = {"only": only} if only else {}
        if file.suffix.lower() in {".csv", ".xlsx"}:
            return _lines({"file": path, **picked}, "area.districts")
        return _lines({"polygons": path, **picked})
    found: dict[str, list[str]] = {}
    for item in _parts(text):
        if item.casefold() in _STATES and found.get("counties"):
            found["counties"][-1] += f", {item}"  # Wise County, VA
            continue
        kind, name = _kind(item)
        found.setdefault(kind, []).append(name)
    if not found:
        raise InputError(
            "--area names no place", fix='for example --area "Wise County, Lee County"'
        )
    return _lines(found)


def beside(text: str, folder: Path) -> str:
    """Return the area with its file, if it is one, copied beside a study.

    A study that a command writes into the cache would name a path of this machine otherwise.
    """
    file, only = _file(text)
    if file is None:
        return text
    copied = write_bytes(folder / file.name, file.read_bytes())
    return f"{copied}: {', '.join(only)}" if only else str(copied)


def _file(text: str) -> tuple[Path | None, list[str]]:
    """Return the file that is named, if one is, and what is meant of it."""
    named = _FILE.fullmatch(text.strip())
    if named is None:
        return None, []
    file = Path(named[1])
    if not file.is_file():
        raise MissingFileError(
            "no such file of polygons or districts",
            file=file,
            fix="check its name, or name counties",
        )
    return file, _parts(named[2] or "")


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _kind(item: str) -> tuple[str, str]:
    item = _LONG_ID.sub("", item)  # 1400000US51195931100, as communities.csv has it
    if zip_area := _ZIP.fullmatch(item):
        return "zctas", zip_area[1]
    if tribal := _TRIBAL.fullmatch(item):
        return "tribal", tribal[1]
    if item.isdigit() and len(item) == 11:
        return "tracts", item
    return ("states" if item.upper() in {s.usps for s in STATES.values()} else "counties"), item


def _lines(named: Mapping[str, str | list[str]], section: str = "area") -> str:
    body = "".join(f"{key} = {json.dumps(value)}\n" for key, value in named.items())
    return f"[{section}]\n{body}"


def area_slug(text: str) -> str:
    """Return what a folder of a run of an area is called: ``wise-county-lee-county``."""
    named = _FILE.fullmatch(text.strip())
    words = f"{Path(named[1]).stem} {named[2] or ''}" if named else text
    return re.sub(r"[^a-z0-9]+", "-", words.casefold()).strip("-")[:60]
