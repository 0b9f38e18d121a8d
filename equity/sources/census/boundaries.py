"""Boundaries: TIGER/Line and cartographic files, or the same in another format of maps."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from equity.areas.geoid import geo_vintage_for
from equity.errors import EquityError, FormatError, InputError
from equity.files.opening import check_data, existing, read_bytes, regular
from equity.files.zips import OpenZip, check_zip, open_zip
from equity.provenance import Source, file_source, stamp
from equity.sources.area_ids import table_ids
from equity.sources.area_rows import index_by_area, row_labels, to_numbers
from equity.sources.points import refuse_turned

__all__ = ["read_boundaries"]

_log = logging.getLogger("equity.sources.census.boundaries")
_BOUNDARY_FILES = (".shp", ".gpkg", ".geojson", ".json")
_GEODATABASE = ".gdb"

_CRS = "EPSG:4269"  # NAD83, as the Census Bureau delivers it
_M2_PER_KM2 = 1e6


def read_boundaries(
    path: str | Path,
    *,
    year: int,
    level: str = "tract",
    state: str | None = None,
    multi_state: bool = False,
    id_column: str | Sequence[str] | None = None,
    layer: str | None = None,
    synthetic: bool = False,
) -> gpd.GeoDataFrame:
    """Read area boundaries.

    Parameters
    ----------
    path
        Shapefile, GeoPackage or file geodatabase (each may be zipped), GeoJSON, Esri's JSON of
        features or GeoParquet. Names in a shapefile are taken for UTF-8 where they can be, whatever
        it says, and else for Latin-1.
    year
        Year of the boundary file; it decides the vintage of the areas.
    level
        Level of the areas.
    state
        State (FIPS, postal code or name) to keep.
    multi_state
        The file covers several states.
    id_column
        Column that holds the area id, where it is not a known name; or the columns of state,
        county, tract and block group that make it.
    layer
        Layer of a GeoPackage or geodatabase with several.
    synthetic
        Mark the source as generated data.

    Returns
    -------
    geopandas.GeoDataFrame
        Index ``geoid``; columns ``name``, ``county_name`` where known, ``land_km2``,
        ``water_km2`` where known, ``geometry`` in EPSG:4269. A land area that the file does not
        give is measured in an equal-area projection, and a note says so; invalid polygons are
        repaired and counted in a note.

    Raises
    ------
    MissingFileError, FormatError, MissingColumnError, GeoidError, InputError
        If the file is absent, damaged or no polygon file, lacks an id, a CRS or a polygon, or
        repeats areas.

    Examples
    --------
    >>> from equity import load_example
    >>> example = load_example()
    >>> tracts = read_boundaries(example.tracts, year=example.boundary_year, state="90")
    >>> tracts.crs.to_epsg(), tracts.columns.tolist()
    (4269, ['name', 'land_km2', 'water_km2', 'geometry'])
    """
    vintage = geo_vintage_for("boundaries", year)
    frame = _read(path, layer)
    frame, ids = table_ids(frame, path, level=level, given=id_column)
    table = gpd.GeoDataFrame(
        _attributes(frame, path), geometry=frame.geometry.array, crs=frame.crs, index=frame.index
    )
    table, notes = index_by_area(
        table, ids, path, level=level, state=state, multi_state=multi_state
    )
    _check_polygons(table, path)
    table, repaired = _repaired(_in_degrees(table, path), path)
    table, measured = _with_areas(table, path)
    return stamp(
        table,
        level=level,
        geo_vintage=vintage,
        sources=[_source(Path(path), year, level, synthetic=synthetic)],
        notes=notes + repaired + measured,
    )


def _read(path: str | Path, layer: str | None) -> gpd.GeoDataFrame:
    import pyarrow as pa
    import pyogrio
    from pyogrio import errors

    source = _gdal_source(path)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            if _is_parquet(source):
                frame = gpd.read_parquet(source)
            else:
                chosen = _layer(pyogrio.list_layers(source), layer, path)
                frame = _read_layer(source, chosen)
    except (
        errors.CRSError,
        errors.DataLayerError,
        errors.DataSourceError,
        errors.FeatureError,
        errors.GeometryError,
        pa.ArrowException,
        shapely.errors.GEOSException,
        ValueError,
    ) as error:
        if isinstance(error, EquityError):
            raise
        raise FormatError(
            f"not readable as a boundary file ({str(error).splitlines()[0]})",
            file=path,
            fix="give a zipped shapefile, GeoJSON or GeoPackage; download it again if it was cut",
        ) from None
    for warning in caught:
        _log.info("%s: %s", Path(path).name, warning.message)
    if not isinstance(frame, gpd.GeoDataFrame) or frame.empty:
        raise FormatError("holds no areas", file=path, fix="check that it is the right file")
    if frame.crs is None:
        raise FormatError("says no coordinate reference system", file=path, fix="add its .prj file")
    frame.index = pd.RangeIndex(1, len(frame) + 1, name="row")
    return frame


def _gdal_source(path: str | Path) -> Any:
    """Return what GDAL opens: a file, the one boundary file in a zip, or unpacked bytes."""
    if existing(path).is_dir() and str(path).rstrip("/\\").endswith(_GEODATABASE):
        return existing(path)
    file = regular(path)
    with file.open("rb") as handle:
        start = handle.read(4096)
    if file.suffix.lower() not in {".kml", ".gml"}:
        check_data(start, path)
    if start.startswith(b"\x1f\x8b"):
        return read_bytes(path)
    _refuse_part(file, path)
    if re.match(rb'\s*\{[^\[{]*"type"\s*:\s*"Topology"', start):
        raise FormatError(
            "this is TopoJSON, which does not say where on Earth its shapes lie",
            file=path,
            fix="convert it to GeoJSON, for example with mapshaper, and give that",
        )
    if not start.startswith(b"PK"):
        if file.suffix.lower() == ".zip":
            raise FormatError("this is no zip file", file=path, fix="download it again")
        return file
    check_zip(file)
    with open_zip(file, file=path) as opened:
        return f"/vsizip/{file.resolve()}/{_inside(opened)}"


def _refuse_part(file: Path, path: str | Path) -> None:
    """Refuse the first features of a map service that has more, which it says at an end."""
    with file.open("rb") as handle:
        ends = handle.read(4096)
        handle.seek(max(0, file.stat().st_size - 4096))
        ends += handle.read()
    if re.search(rb'"exceededTransferLimit"\s*:\s*true', ends):
        raise FormatError(
            "the service sent only the first areas of more",
            file=path,
            fix="ask for the others too (resultOffset), or download the whole layer",
        )


def _inside(opened: OpenZip) -> str:
    """Return the one geodatabase or boundary file in a zip."""
    names = [member.filename for member in opened.members()]
    geodatabases = {
        name[: name.index(_GEODATABASE) + len(_GEODATABASE)]
        for name in names
        if f"{_GEODATABASE}/" in name
    }
    if len(geodatabases) == 1:
        return geodatabases.pop()
    return opened.only(lambda name: name.endswith(_BOUNDARY_FILES), "boundary").filename


def _is_parquet(source: Any) -> bool:
    if not isinstance(source, Path) or not source.is_file():
        return False
    with source.open("rb") as handle:
        return handle.read(4) == b"PAR1"


def _read_layer(source: Any, layer: str) -> Any:
    """Read a layer; the names of a shapefile as what they are, not as what it says."""
    import pyogrio

    if not str(source).lower().endswith((".shp", ".dbf", ".shx")):
        return pyogrio.read_dataframe(source, layer=layer)
    # Every byte comes as one character.
    frame = pyogrio.read_dataframe(source, layer=layer, encoding="ISO-8859-1")
    words = [n for n in frame.columns if any(isinstance(cell, str) for cell in frame[n])]
    raw = {name: frame[name].map(_bytes, na_action="ignore") for name in words}
    utf8 = any(_is_utf8(cell) for cells in raw.values() for cell in cells)
    return frame.assign(**{
        name: cells.map(lambda cell: _text(cell, utf8=utf8), na_action="ignore")
        for name, cells in raw.items()
    })  # fmt: skip


def _bytes(cell: Any) -> Any:
    return cell.encode("ISO-8859-1") if isinstance(cell, str) else cell


def _is_utf8(cell: Any) -> bool:
    """Return True for bytes that are UTF-8 and more than ASCII: chance does not make them."""
    if not isinstance(cell, bytes) or cell.isascii():
        return False
    try:
        cell.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _text(cell: Any, *, utf8: bool) -> Any:
    if not isinstance(cell, bytes):
        return cell
    try:
        return cell.decode("utf-8")
    except UnicodeDecodeError as error:
        if utf8 and error.reason == "unexpected end of data":  # cut at the width of its column
            return cell.decode("utf-8", errors="ignore")
    try:
        return cell.decode("cp1252")
    except UnicodeDecodeError:
        return cell.decode("ISO-8859-1")


def _layer(listed: Any, wanted: str | None, path: str | Path) -> str:
    # Tables without geometry, such as the styles that QGIS saves, are no boundaries.
    layers = [str(name) for name, geometry in listed if geometry is not None]
    if wanted is not None and wanted not in layers:
        what = f"has no layer {wanted!r}"
    elif not layers:
        what = "holds no areas"
    elif wanted is None and len(layers) > 1:
        what = f"holds {len(layers)} layers"
    else:
        return wanted or layers[0]
    raise FormatError(
        what, file=path, fix=f"choose with layer= from {', '.join(layers[:8]) or 'another file'}"
    )


def _attributes(frame: gpd.GeoDataFrame, path: str | Path) -> pd.DataFrame:
    names = {name.upper(): name for name in frame.columns if name != frame.geometry.name}
    result = pd.DataFrame(index=frame.index)
    for new, candidates in (
        ("name", ("NAMELSAD", "NAMELSAD20", "REGION_NAME", "NAME", "NAME20")),
        ("county_name", ("NAMELSADCO", "COUNTY_NAME")),
    ):
        column = next((names[name] for name in candidates if name in names), None)
        if column is not None:
            result[new] = frame[column].astype("string").fillna("").str.strip().astype(object)
    for new, old in (("land_km2", "ALAND"), ("water_km2", "AWATER")):
        column = names.get(old) or names.get(f"{old}20")
        if column is not None:
            text = frame[[column]].astype("string").fillna("")
            result[new] = to_numbers(text, {column: new}, path)[new] / _M2_PER_KM2
            if (result[new] < 0).any():
                raise InputError(
                    f"column {column} holds a negative area",
                    file=path,
                    rows=row_labels(frame.index, result[new] < 0),
                    fix="download the file again",
                )
    return result


def _check_polygons(table: gpd.GeoDataFrame, path: str | Path) -> None:
    none = table.geometry.isna() | table.geometry.is_empty
    if none.any():
        raise FormatError(
            f"{int(none.sum()):,} areas have no polygon",
            file=path,
            rows=table.index[none],
            fix="download the file again, or take those areas out of it",
        )
    kinds = table.geom_type
    odd = ~kinds.isin(["Polygon", "MultiPolygon"])
    if odd.any():
        raise FormatError(
            f"{int(odd.sum()):,} areas are no polygons but a {kinds[odd].iloc[0]}",
            file=path,
            rows=table.index[odd],
            fix="give the boundaries, not points or lines",
        )


def _in_degrees(table: gpd.GeoDataFrame, path: str | Path) -> gpd.GeoDataFrame:
    table = table.set_geometry(table.geometry.force_2d()).to_crs(_CRS)
    corners = table.geometry.get_coordinates()
    first = corners[~corners.index.duplicated()]  # any corner will do
    refuse_turned(first["x"], first["y"], first.index, path, noun="areas")
    west, south, east, north = table.total_bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise FormatError(
            f"coordinates lie outside the Earth ({west:.6g} to {east:.6g}, {south:.6g} to "
            f"{north:.6g} degrees)",
            file=path,
            fix="the file names another coordinate reference system than it uses: export it again",
        )
    return table


def _repaired(table: gpd.GeoDataFrame, path: str | Path) -> tuple[gpd.GeoDataFrame, list[str]]:
    invalid = ~table.geometry.is_valid
    if not invalid.any():
        return table, []
    mended = table[invalid].geometry.make_valid(method="structure", keep_collapsed=False)
    gone = mended.is_empty
    if gone.any():
        raise FormatError(
            f"{int(gone.sum()):,} polygons enclose nothing",
            file=path,
            rows=mended.index[gone],
            fix="download the file again",
        )
    geometry = table.geometry.copy()
    geometry[invalid] = mended
    count = int(invalid.sum())
    return table.set_geometry(geometry), [f"{Path(path).name}: {count} invalid polygons repaired"]


def _with_areas(table: gpd.GeoDataFrame, path: str | Path) -> tuple[gpd.GeoDataFrame, list[str]]:
    notes = []
    known = table["land_km2"] if "land_km2" in table.columns else pd.Series(np.nan, table.index)
    if known.isna().any():
        # No published area: the polygon's own, in the equal-area projection that fits the place.
        measured = table.to_crs(equal_area_crs(table)).area / _M2_PER_KM2
        table["land_km2"] = known.fillna(measured)
        notes.append(
            f"{Path(path).name}: land area of {int(known.isna().sum()):,} areas measured on their "
            "polygons, water included"
        )
    order = ["name", "county_name", "land_km2", "water_km2", "geometry"]
    return table[[name for name in order if name in table.columns]], notes


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
    return file_source(
        path,
        id=f"boundaries-{level}-{year}",
        agency="Example generator" if synthetic else "U.S. Census Bureau",
        product=f"Boundaries, {noun}",
        vintage=str(year),
        url="" if synthetic else "https://www2.census.gov/geo/tiger/",
        licence="" if synthetic else "public domain",
        synthetic=synthetic,
    )
