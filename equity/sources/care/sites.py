"""Places of care: HRSA's health-center sites, and any table of points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from equity.areas.points import in_the_us, refuse_turned
from equity.errors import InputError
from equity.files.delimited import read_text_table
from equity.language import said
from equity.provenance import Source, file_source, stamp
from equity.sources.area_rows import require_columns, to_numbers

__all__ = ["read_sites"]

_CRS = "EPSG:4269"
_PLACEHOLDERS = {"", "XX", "Not Determined"}
_LON = "Geocoding Artifact Address Primary X Coordinate"
_LAT = "Geocoding Artifact Address Primary Y Coordinate"
_HRSA = {
    "id": "BPHC Assigned Number",
    "name": "Site Name",
    "kind": "Health Center Type",
    "lon": _LON,
    "lat": _LAT,
}
_HRSA_STATUS = "Site Status Description"
_HRSA_PLACE = "Health Center Location Type Description"
_HRSA_ROLE = "Health Center Type Description"
_HRSA_SERVES = {"service delivery site", "administrative/service delivery site"}
# Most telling first; map services call them x and y.
_LON_NAMES = dict.fromkeys(("lon", "longitude", "x")).keys()
_LAT_NAMES = dict.fromkeys(("lat", "latitude", "y")).keys()


def read_sites(
    path: str | Path,
    *,
    as_of: str,
    layout: str = "hrsa",
    columns: Mapping[str, str] | None = None,
    unplaced: str | None = None,
    kind: str = "",
    delimiter: str = ",",
    synthetic: bool = False,
) -> gpd.GeoDataFrame:
    """Read places of care.

    Parameters
    ----------
    path
        CSV, possibly in .zip, .gz or .xz; or a workbook, or the points of a map.
    as_of
        Date of the list.
    layout
        ``"hrsa"``: Health Center Service Delivery and Look-Alike Sites; active permanent sites
        that deliver services are kept, the others counted in a note. ``"points"``: any table
        with coordinates.
    columns
        For ``"points"``: role -> column of the file. Roles: ``lon`` and ``lat`` (decimal degrees),
        and optionally ``id``, ``name``, ``kind``, ``fte`` (full-time equivalents). Without it,
        columns called lon and lat, longitude and latitude, or x and y are taken.
    unplaced
        What to do with rows that have no usable coordinates: ``"raise"``, or ``"drop"`` and count
        them in a note. HRSA's are dropped unless you say otherwise: some of its real sites have
        none.
    kind
        Kind of site where the file has no column for it.
    delimiter
        Field separator.
    synthetic
        Mark the source as generated data.

    Returns
    -------
    geopandas.GeoDataFrame
        Index ``site_id``; ``name``, ``kind``, ``fte`` (missing where unknown), ``lon``, ``lat``,
        ``location_quality`` (``"coordinates"``), ``geometry`` in EPSG:4269. Exact repetitions
        are counted once, and said so in a note.

    Raises
    ------
    MissingFileError, FormatError, MissingColumnError, InputError
        If the file is absent or damaged, lacks a column, holds no site, or a site has no
        coordinates, swapped ones, or ones outside the United States.

    Examples
    --------
    >>> from equity import load_example
    >>> example = load_example()
    >>> sites = read_sites(example.sites, as_of=example.sites_as_of)
    >>> sites.index.name, sites.crs.to_epsg()
    ('site_id', 4269)
    """
    if layout not in {"hrsa", "points"}:
        raise InputError(f"no layout {layout!r}", fix="choose hrsa or points")
    unplaced = unplaced or ("drop" if layout == "hrsa" else "raise")
    if unplaced not in {"raise", "drop"}:
        raise InputError(f"unplaced={unplaced!r}", fix="choose raise or drop")
    if columns and layout == "hrsa":
        raise InputError("HRSA's columns are known", fix='leave out columns=, or layout="points"')
    known = set(_HRSA.values() if layout == "hrsa" else (columns or {}).values())
    frame = read_text_table(
        path,
        delimiter=delimiter,
        trailing_comma=layout == "hrsa",
        header=lambda names: known <= set(names) and bool(known or _LON_NAMES & _folded(names)),
    )
    frame = frame.apply(lambda cells: cells.str.strip())
    roles = dict(_HRSA) if layout == "hrsa" else _roles(columns or _coordinates(frame))
    require_columns(frame, roles.values(), path)
    notes: list[str] = []
    if layout == "hrsa":
        frame = _serving(frame, path, notes)
    frame = _once(frame, path, notes)
    sites = _placed(_table(frame, roles, kind, path), path, unplaced, notes)
    if sites.empty:
        raise InputError("holds no site", file=path, fix="check the file and its filters")
    source = _source(Path(path), as_of, layout, synthetic=synthetic)
    return stamp(sites, sources=[source], notes=notes)


def _folded(names: Iterable[str]) -> set[str]:
    return {name.casefold() for name in names}


def _coordinates(frame: pd.DataFrame) -> dict[str, str]:
    there = {name.casefold(): name for name in frame.columns}
    return {
        "lon": next((there[n] for n in _LON_NAMES if n in there), "lon"),
        "lat": next((there[n] for n in _LAT_NAMES if n in there), "lat"),
    }


def _roles(columns: Mapping[str, str]) -> dict[str, str]:
    roles = dict(columns)
    unknown = sorted(set(roles) - {"id", "name", "kind", "fte", "lon", "lat"})
    if unknown or not {"lon", "lat"} <= set(roles):
        raise InputError(
            f"unknown role {unknown[0]!r}" if unknown else "lon and lat are not both named",
            fix='columns={"lon": …, "lat": …, "id": …, "name": …, "kind": …, "fte": …}',
        )
    return roles


def _serving(frame: pd.DataFrame, path: str | Path, notes: list[str]) -> pd.DataFrame:
    require_columns(frame, [_HRSA_STATUS, _HRSA_PLACE, _HRSA_ROLE], path)
    keep = (
        (frame[_HRSA_STATUS].str.casefold() == "active")
        & (frame[_HRSA_PLACE].str.casefold() == "permanent")
        & frame[_HRSA_ROLE].str.casefold().isin(_HRSA_SERVES)
    )
    left_out = int((~keep).sum())
    if left_out:
        notes.append(
            said(
                "{file}: {n} of {all} sites left out (not active, not permanent, or "
                "administrative only)",
                file=Path(path).name,
                n=f"{left_out:,}",
                all=f"{len(frame):,}",
            )
        )
    return frame[keep]


def _once(frame: pd.DataFrame, path: str | Path, notes: list[str]) -> pd.DataFrame:
    # Row numbers, which R and pandas write under an empty name, make no difference.
    content = [name for name in frame.columns if not name.lower().startswith("unnamed")]
    repeated = frame.duplicated(subset=content)
    if repeated.any():
        notes.append(
            said(
                "{file}: {n} exact repetitions counted once",
                file=Path(path).name,
                n=f"{int(repeated.sum()):,}",
            )
        )
    return frame[~repeated]


def _table(
    frame: pd.DataFrame, roles: Mapping[str, str], kind: str, path: str | Path
) -> pd.DataFrame:
    numeric = {roles[role]: role for role in ("lon", "lat", "fte") if role in roles}
    blank = frame.mask(frame.isin(_PLACEHOLDERS), "")
    table = to_numbers(blank, numeric, path)
    table["line"] = frame.index
    for role in ("name", "kind"):
        table[role] = blank[roles[role]].to_numpy() if role in roles else ""
    if kind:
        table["kind"] = table["kind"].where(table["kind"] != "", kind)
    ids = (
        blank[roles["id"]].to_numpy() if "id" in roles else [f"site-{line}" for line in frame.index]
    )
    table.index = pd.Index(ids, name="site_id", dtype=object)
    _check_ids(table, path)
    if "fte" not in table:
        table["fte"] = np.nan
    if (table["fte"] < 0).any():
        raise InputError(
            "negative fte",
            file=path,
            rows=_lines(table, table["fte"] < 0),
            fix="leave it blank where it is not known",
        )
    return table


def _lines(table: pd.DataFrame, bad: Any) -> list[str]:
    return [f"line {line}" for line in table.loc[bad, "line"]]


def _check_ids(table: pd.DataFrame, path: str | Path) -> None:
    blank = table.index == ""
    if blank.any():
        raise InputError(
            f"{int(blank.sum()):,} sites have no id",
            file=path,
            rows=_lines(table, blank),
            fix="fill it in, or leave the id out of columns=: lines will number the sites",
        )
    twice = table.index.duplicated(keep=False)
    if twice.any():
        raise InputError(
            f"{table.index[twice].nunique():,} site ids stand in rows that differ",
            file=path,
            rows=_lines(table, twice),
            fix="keep one row per site",
        )


def _placed(
    table: pd.DataFrame, path: str | Path, unplaced: str, notes: list[str]
) -> gpd.GeoDataFrame:
    good = in_the_us(table["lon"], table["lat"])
    rows = pd.Index(table["line"], name="line")
    refuse_turned(table["lon"], table["lat"], rows, path, noun="sites")
    if not good.all():
        if unplaced == "raise":
            raise InputError(
                f"{int((~good).sum()):,} sites have no coordinates in the United States",
                file=path,
                rows=_lines(table, ~good),
                fix='geocode them, or leave them out with unplaced = "drop"',
            )
        notes.append(
            said(
                "{file}: {n} sites without coordinates left out",
                file=Path(path).name,
                n=f"{int((~good).sum()):,}",
            )
        )
        table = table[good]
    result = gpd.GeoDataFrame(
        table[["name", "kind", "fte", "lon", "lat"]].assign(location_quality="coordinates"),
        geometry=gpd.points_from_xy(table["lon"], table["lat"]),
        crs=_CRS,
    )
    result.index.name = "site_id"
    return result


def _source(path: Path, as_of: str, layout: str, *, synthetic: bool) -> Source:
    hrsa = layout == "hrsa"
    agency = "Health Resources and Services Administration" if hrsa else "the study's own file"
    return file_source(
        path,
        id=f"sites-{path.name.split('.')[0]}",
        agency="Example generator" if synthetic else agency,
        product=(
            "Health Center Service Delivery and Look-Alike Sites" if hrsa else "Places of care"
        ),
        vintage=as_of,
        url="https://data.hrsa.gov/data/download" if hrsa and not synthetic else "",
        synthetic=synthetic,
    )
