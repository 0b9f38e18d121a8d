"""Boundaries: TIGER/Line and cartographic files, or the same in another format of maps."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from equity.areas.geoid import geo_vintage_for
from equity.areas.points import refuse_elsewhere, refuse_other_state, refuse_turned
from equity.errors import FormatError, InputError
from equity.files.shapes import read_polygons
from equity.language import said
from equity.provenance import Source, file_source, stamp
from equity.sources.area_ids import census_of, table_ids
from equity.sources.area_rows import index_by_area, row_labels, to_numbers
from equity.sources.vintages import BOUNDARIES, check_edition, ids_of_edition

__all__ = ["own_polygons", "read_boundaries"]

_CRS = "EPSG:4269"  # NAD83, as the Census Bureau delivers it
_M2_PER_KM2 = 1e6
_KM2_PER_DEGREE2 = 111.2**2  # at the equator
_LEAST_LAND, _MOST_LAND = 1e-3, 1.5  # acres, hectares and square miles are fewer, square feet more


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
        If the file is absent, damaged or no polygon file, lacks an id, a CRS or a polygon, repeats
        areas, or lies outside the country or outside the state of its ids.
    VintageError
        If the file is of another year: its name, its id column or its ids tell.

    Examples
    --------
    >>> from equity import load_example
    >>> example = load_example()
    >>> tracts = read_boundaries(example.tracts, year=example.boundary_year, state="90")
    >>> tracts.crs.to_epsg(), tracts.columns.tolist()
    (4269, ['name', 'land_km2', 'water_km2', 'geometry'])
    """
    vintage = geo_vintage_for("boundaries", year)
    frame = read_polygons(path, layer=layer)
    frame, ids = table_ids(frame, path, level=level, given=id_column)
    layout = _census_of(str(ids.name or ""), level)
    check_edition(path, year, name=BOUNDARIES, layout=layout)
    table = gpd.GeoDataFrame(
        _attributes(frame, path), geometry=frame.geometry.array, crs=frame.crs, index=frame.index
    )
    table, notes = index_by_area(
        table, ids, path, level=level, state=state, multi_state=multi_state
    )
    ids_of_edition(table.index, path, level=level, year=year, geo_vintage=vintage)
    _check_polygons(table, path)
    table = _in_degrees(table, path)
    corner = table.geometry.bounds
    west, south = corner["minx"], corner["miny"]
    refuse_elsewhere(west, south, table.index, path, noun="areas")
    refuse_other_state(west, south, table.index, path, level=level, noun="areas")
    table, repaired = _repaired(table, path)
    _check_land(table, path)
    table, measured = _with_areas(table, path)
    return stamp(
        table,
        level=level,
        geo_vintage=vintage,
        sources=[_source(Path(path), year, level, synthetic=synthetic)],
        notes=notes + repaired + measured,
    )


def own_polygons(path: str | Path, *, layer: str | None = None) -> gpd.GeoDataFrame:
    """Read polygons of anybody's own, which have no area ids: a district, a service area.

    Parameters
    ----------
    path
        Zipped shapefile (or GeoJSON or GeoPackage in a zip), GeoJSON or GeoPackage.
    layer
        Layer of a GeoPackage with several.

    Returns
    -------
    geopandas.GeoDataFrame
        All columns of the file, one row a polygon, geometry in EPSG:4269, repaired.

    Raises
    ------
    MissingFileError, FormatError
        If the file is absent, damaged or no polygon file, says no CRS, or names another than it
        uses.
    """
    frame = read_polygons(path, layer=layer)
    _check_polygons(frame, path)
    polygons, notes = _repaired(_in_degrees(frame, path), path)
    source = file_source(
        path,
        id=f"polygons-{Path(path).stem}",
        agency="The study's own",
        product="Polygons of the area",
        vintage="as given",
    )
    return stamp(polygons, sources=[source], notes=notes)


def _census_of(id_name: str, level: str) -> dict[str, range]:
    """Return what the name of the id column tells: the census whose areas these are."""
    # ZIP areas of 2010 were published until those of 2020 were ready.
    years = {"2010": range(2010, 2021 if level == "zcta" else 2020), "2020": range(2020, 2030)}
    told = census_of(id_name)
    return {f"the id column {id_name}": years[told]} if told else {}


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


def _check_land(table: gpd.GeoDataFrame, path: str | Path) -> None:
    """Refuse land areas that are not in square meters, whatever part of the polygons is water."""
    if "land_km2" not in table.columns or not table["land_km2"].sum() > 0:
        return
    known = table[table["land_km2"].notna()]
    y = np.radians(known.geometry.bounds[["miny", "maxy"]].mean(axis=1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # in degrees: a rough measure will do
        drawn = (known.geometry.area * np.cos(y)).sum() * _KM2_PER_DEGREE2
    times = known["land_km2"].sum() / drawn
    if not _LEAST_LAND < times < _MOST_LAND:
        raise InputError(
            f"the land areas add up to {times:.2g} times what the polygons enclose: they are not "
            "in square meters",
            file=path,
            fix="give ALAND in square meters, as the Census Bureau does, or take the column out of "
            "the file: the polygons are measured then",
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
    return table.set_geometry(geometry), [
        said("{file}: {n} invalid polygons repaired", file=Path(path).name, n=str(count))
    ]


def _with_areas(table: gpd.GeoDataFrame, path: str | Path) -> tuple[gpd.GeoDataFrame, list[str]]:
    notes = []
    known = table["land_km2"] if "land_km2" in table.columns else pd.Series(np.nan, table.index)
    if known.isna().any():
        # No published area: the polygon's own, in the equal-area projection that fits the place.
        measured = table.to_crs(equal_area_crs(table)).area / _M2_PER_KM2
        table["land_km2"] = known.fillna(measured)
        notes.append(
            said(
                "{file}: land area of {n} areas measured on their polygons, water included",
                file=Path(path).name,
                n=f"{int(known.isna().sum()):,}",
            )
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
