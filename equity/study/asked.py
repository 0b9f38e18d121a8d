"""``--area`` of the command, as the lines of a study file that say the same."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from equity.areas.geoid import STATES
from equity.errors import InputError, MissingFileError
from equity.files.atomic import write_bytes

__all__ = ["area_lines", "area_slug", "beside"]

_POLYGONS = (".geojson", ".json", ".gpkg", ".zip", ".shp")
_ZIP = re.compile(r"(?:zip|zcta)\s*(\d{5})", re.IGNORECASE)
_STATES = {word.casefold() for state in STATES.values() for word in (state.usps, state.name)}


def area_lines(text: str, folder: Path) -> str:
    """Return the ``[area]`` part of a study file that names a place as a person types it.

    Parameters
    ----------
    text
        Counties by name or code, tracts by id, ``ZIP 24210``, a state first of all, with commas
        between; or one file of polygons.
    folder
        Where the study file lies: the path of a polygon file is told from there.

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
    file = _polygon_file(text)
    if file is not None:
        return _lines({"polygons": Path(os.path.relpath(file, folder)).as_posix()})
    found: dict[str, list[str]] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
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
    """Return the area with its file of polygons, if it is one, copied beside a study.

    A study that a command writes into the cache would name a path of this machine otherwise.
    """
    file = _polygon_file(text)
    if file is None:
        return text
    copied = write_bytes(folder / file.name, file.read_bytes())
    return str(copied)


def _polygon_file(text: str) -> Path | None:
    if not text.strip().lower().endswith(_POLYGONS):
        return None
    file = Path(text.strip())
    if not file.is_file():
        raise MissingFileError(
            "no such file of polygons", file=file, fix="check its name, or name counties"
        )
    return file


def _kind(item: str) -> tuple[str, str]:
    zip_area = _ZIP.fullmatch(item)
    if zip_area:
        return "zctas", zip_area[1]
    if item.isdigit() and len(item) == 11:
        return "tracts", item
    return ("states" if item.upper() in {s.usps for s in STATES.values()} else "counties"), item


def _lines(named: dict[str, str] | dict[str, list[str]]) -> str:
    body = "".join(f"{key} = {json.dumps(value)}\n" for key, value in named.items())
    return f"[area]\n{body}"


def area_slug(text: str) -> str:
    """Return what a folder of a run of an area is called: ``wise-county-lee-county``."""
    return re.sub(r"[^a-z0-9]+", "-", Path(text).stem.casefold()).strip("-")[:60]
