"""Boundaries: TIGER/Line and cartographic files, or the same as GeoJSON or GeoPackage."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from equity.areas.geoid import find_state, geo_vintage_for
from equity.errors import FormatError, InputError
from equity.provenance import Source, sha256_of, stamp
from equity.sources._files import existing, index_by_area, pick_id

__all__ = ["read_boundaries"]

_CRS = "EPSG:4269"  # NAD83, as the Census Bureau delivers it
_M2_PER_KM2 = 1e6


def read_boundaries(
    path: str | Path,
    *,
    year: int,
    level: str = "tract",
    state: str | None = None,
    multi_state: bool = False,
    id_column: str | None = None,
    layer: str | None = None,
    synthetic: bool = False,
) -> gpd.GeoDataFrame:
    """Read area boundaries.

    Parameters
    ----------
    path
        Zipped shapefile, GeoJSON or GeoPackage.
    year
        Year of the boundary file; it decides the vintage of the areas.
    level
        Level of the areas.
    state
        State (FIPS, postal code or name) to keep.
    multi_state
        The file covers several states.
    id_column
        Column that holds the area id, where it is not a known name.
    layer
        Layer of a GeoPackage with several.
    synthetic
        Mark the source as generated data.

    Returns
    -------
    geopandas.GeoDataFrame
        Index ``geoid``; columns ``name``, ``county_name`` where known, ``land_km2``,
        ``water_km2`` (from the file, else computed in an equal-area projection), ``geometry`` in
        EPSG:4269. Invalid polygons are repaired and counted in a note.

    Raises
    ------
    MissingFileError, FormatError, MissingColumnError, GeoidError, InputError
        If the file is absent, damaged or no polygon file, lacks an id or a CRS, or repeats areas.
    """
    frame = _read(path, layer)
    ids = frame[pick_id(frame, path, id_column)]
    fips = None if state is None else find_state(state).fips
    table = gpd.GeoDataFrame(_attributes(frame), geometry=frame.geometry, crs=frame.crs)
    table, notes = index_by_area(
        table, ids, path, level=level, state=fips, multi_state=multi_state, first_line=None
    )
    table, repaired = _repaired(table.to_crs(_CRS), path)
    table = _with_areas(table)
    return stamp(
        table,
        level=level,
        geo_vintage=geo_vintage_for("boundaries", year),
        sources=[_source(Path(path), year, level, synthetic=synthetic)],
        notes=notes + repaired,
    )


def _read(path: str | Path, layer: str | None) -> gpd.GeoDataFrame:
    file = existing(path)
    if file.suffix == ".zip":
        _check_zip(file)
    import pyogrio

    try:
        layers = pyogrio.list_layers(file)[:, 0]
        if layer is None and len(layers) > 1:
            raise FormatError(
                f"holds {len(layers)} layers: {', '.join(layers[:5])}",
                file=path,
                fix="choose one with layer=",
            )
        frame = gpd.read_file(file, layer=layer)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise FormatError(
            f"not readable as a boundary file ({error})",
            file=path,
            fix="give a zipped shapefile, GeoJSON or GeoPackage; download it again if it was cut",
        ) from None
    if not isinstance(frame, gpd.GeoDataFrame) or frame.empty:
        raise FormatError("holds no areas", file=path)
    if frame.crs is None:
        raise FormatError("says no coordinate reference system", file=path, fix="add its .prj file")
    return frame


def _check_zip(file: Path) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            broken = archive.testzip()
            shapes = [n for n in archive.namelist() if n.lower().endswith((".shp", ".gpkg"))]
    except zipfile.BadZipFile as error:
        raise FormatError(
            f"the zip is damaged or only half downloaded ({error})",
            file=file,
            fix="download it again",
        ) from None
    if broken:
        raise FormatError(f"{broken} in the zip is damaged", file=file, fix="download it again")
    if len(shapes) != 1:
        raise FormatError(
            f"the zip must hold exactly one boundary file, it holds {len(shapes)}",
            file=file,
            fix="unpack the one you mean",
        )


def _attributes(frame: gpd.GeoDataFrame) -> pd.DataFrame:
    names = {name.upper(): name for name in frame.columns if name != frame.geometry.name}
    result = pd.DataFrame(index=frame.index)
    for candidate in ("NAMELSAD", "NAMELSAD20", "REGION_NAME", "NAME", "NAME20"):
        if candidate in names:
            result["name"] = frame[names[candidate]].astype(str).str.strip()
            break
    for candidate in ("NAMELSADCO", "COUNTY_NAME"):
        if candidate in names:
            result["county_name"] = frame[names[candidate]].astype(str).str.strip()
            break
    for new, old in (("land_km2", "ALAND"), ("water_km2", "AWATER")):
        column = names.get(old) or names.get(f"{old}20")
        if column:
            result[new] = frame[column].astype(float) / _M2_PER_KM2
    return result


def _repaired(table: gpd.GeoDataFrame, path: str | Path) -> tuple[gpd.GeoDataFrame, list[str]]:
    empty = table.geometry.isna() | table.geometry.is_empty
    if empty.any():
        raise InputError("areas without a polygon", file=path, rows=table.index[empty])
    invalid = ~table.geometry.is_valid
    if not invalid.any():
        return table, []
    geometry = table.geometry.where(~invalid, table.geometry.make_valid())
    count = int(invalid.sum())
    return table.set_geometry(geometry), [f"{Path(path).name}: {count} invalid polygons repaired"]


def _with_areas(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    if "land_km2" not in table.columns:
        # No published area: the polygon's own, in the equal-area projection that fits the place.
        table["land_km2"] = table.to_crs(equal_area_crs(table)).area / _M2_PER_KM2
    order = ["name", "county_name", "land_km2", "water_km2", "geometry"]
    return table[[name for name in order if name in table.columns]]


def equal_area_crs(table: Any) -> str:
    """Return the Albers equal-area projection for the place a table lies in."""
    states = set(table.index.str[:2])
    if states == {"02"}:
        return "EPSG:3338"
    if states == {"15"}:
        return "ESRI:102007"
    return "EPSG:5070"


def _source(path: Path, year: int, level: str, *, synthetic: bool) -> Source:
    noun = level.replace("_", " ")
    return Source(
        id=f"boundaries-{level}-{year}",
        agency="Example generator" if synthetic else "U.S. Census Bureau",
        product=f"Boundaries, {noun}",
        vintage=str(year),
        url="" if synthetic else "https://www2.census.gov/geo/tiger/",
        file=path.name,
        sha256=sha256_of(path),
        licence="" if synthetic else "public domain",
        synthetic=synthetic,
    )
