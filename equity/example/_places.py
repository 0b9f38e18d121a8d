"""Boundaries of the example state: zipped shapefiles with TIGER/Line's names and columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from equity.example import _plan as plan
from equity.example._acs import tract_name
from equity.example._homes import Blocks
from equity.example._land import Land
from equity.example._mesh import Mesh
from equity.example._plan import Floats, Ints
from equity.example._writing import write_shapefile

_CRS = "EPSG:4269"
_LAST = ("MTFCC", "FUNCSTAT", "ALAND", "AWATER", "INTPTLAT", "INTPTLON")


def write_boundaries(folder: Path, land: Land) -> dict[str, Path]:
    """Write counties, tracts and block groups, each without gap or overlap."""
    folder.mkdir(parents=True)
    stem = f"tl_{plan.BOUNDARY_YEAR}"
    cells = cell_polygons(land.mesh)
    tracts = np.array(land.tract_geoids)
    cell_tract = tracts[land.tract]
    groups = np.char.add(cell_tract, land.group.astype(str))
    paths = {
        "counties": folder / f"{stem}_{plan.FIPS}_county.zip",
        "tracts": folder / f"{stem}_{plan.FIPS}_tract.zip",
        "block_groups": folder / f"{stem}_{plan.FIPS}_bg.zip",
    }
    write_shapefile(_counties(land, cells, cell_tract), paths["counties"])
    write_shapefile(_tracts(land, cells, cell_tract), paths["tracts"])
    write_shapefile(_block_groups(land, cells, groups), paths["block_groups"])
    return paths


def write_blocks(folder: Path, land: Land, blocks: Blocks) -> Path:
    """Write 2020 blocks with people and housing units, in tabblock20's columns."""
    path = folder / f"tl_{plan.BOUNDARY_YEAR}_{plan.FIPS}_tabblock20.zip"
    geoid = pd.Series(blocks.geoid)
    rings, area, center = _block_rings(land.mesh, blocks)
    water = land.mesh.lake[blocks.cell]
    table = gpd.GeoDataFrame(
        {
            "STATEFP20": geoid.str[:2],
            "COUNTYFP20": geoid.str[2:5],
            "TRACTCE20": geoid.str[5:11],
            "BLOCKCE20": geoid.str[11:],
            "GEOID20": geoid,
            "NAME20": "Block " + geoid.str[11:],
            "MTFCC20": "G5040",
            "UR20": np.where(land.density[blocks.cell] > 190, "U", "R"),
            "FUNCSTAT20": "S",
            **_areas(area, water),
            "INTPTLAT20": _signed(center[:, 1], 2),
            "INTPTLON20": _signed(center[:, 0], 3),
            "HOUSING20": blocks.units,
            "POP20": blocks.people,
        },
        geometry=rings,
        crs=_CRS,
    )
    table = table.rename(columns={"ALAND": "ALAND20", "AWATER": "AWATER20"})
    write_shapefile(table.sort_values("GEOID20", ignore_index=True), path)
    return path


def cell_polygons(mesh: Mesh) -> Any:
    """Cells as polygons in degrees; neighbors share corners to the last digit."""
    corners = plan.to_lonlat(mesh.corners)
    return np.array([shapely.Polygon(corners[ring]) for ring in mesh.rings])


def _merged(land: Land, cells: Any, ids: Any) -> gpd.GeoDataFrame:
    """Areas with the same id as one polygon, with land and water in m² and an inner point."""
    names, place = np.unique(ids, return_inverse=True)
    shapes = [
        shapely.normalize(shapely.coverage_union_all(cells[place == k])) for k in range(len(names))
    ]
    size = land.mesh.area_km2
    wet = np.bincount(place, size * land.mesh.lake)
    dry = np.bincount(place, size * ~land.mesh.lake)
    inner = shapely.point_on_surface(np.array(shapes))
    return gpd.GeoDataFrame(
        {
            "GEOID": names,
            "ALAND": np.round(dry * 1e6).astype(np.int64),
            "AWATER": np.round(wet * 1e6).astype(np.int64),
            "INTPTLAT": _signed(shapely.get_y(inner), 2),
            "INTPTLON": _signed(shapely.get_x(inner), 3),
        },
        geometry=shapes,
        crs=_CRS,
    )


def _with(table: gpd.GeoDataFrame, order: tuple[str, ...], **columns: Any) -> gpd.GeoDataFrame:
    return table.assign(**columns)[[*order, "geometry"]]


def _counties(land: Land, cells: Any, cell_tract: Any) -> gpd.GeoDataFrame:
    table = _merged(land, cells, cell_tract.astype("U5"))
    code = table["GEOID"].str[2:]
    number = [plan.COUNTY_FIPS.index(c) for c in code]
    order = (
        "STATEFP", "COUNTYFP", "COUNTYNS", "GEOID", "GEOIDFQ",
        "NAME", "NAMELSAD", "LSAD", "CLASSFP",
        *_LAST,
    )  # fmt: skip
    return _with(
        table,
        order,
        STATEFP=plan.FIPS,
        COUNTYFP=code,
        COUNTYNS="0" + table["GEOID"] + "00",
        GEOIDFQ="0500000US" + table["GEOID"],
        NAME=[plan.COUNTIES[i] for i in number],
        NAMELSAD=[plan.county_label(i) for i in number],
        LSAD="06",
        CLASSFP="H1",
        MTFCC="G4020",
        FUNCSTAT="A",
    )


def _tracts(land: Land, cells: Any, cell_tract: Any) -> gpd.GeoDataFrame:
    table = _merged(land, cells, cell_tract)
    names = table["GEOID"].str[5:].map(tract_name)
    order = (
        "STATEFP", "COUNTYFP", "TRACTCE", "GEOID", "GEOIDFQ", "NAME", "NAMELSAD",
        *_LAST,
    )  # fmt: skip
    return _with(
        table,
        order,
        STATEFP=plan.FIPS,
        COUNTYFP=table["GEOID"].str[2:5],
        TRACTCE=table["GEOID"].str[5:],
        GEOIDFQ="1400000US" + table["GEOID"],
        NAME=names,
        NAMELSAD="Census Tract " + names + " (synthetic)",
        MTFCC="G5020",
        FUNCSTAT="S",
    )


def _block_groups(land: Land, cells: Any, groups: Any) -> gpd.GeoDataFrame:
    table = _merged(land, cells, groups)
    order = (
        "STATEFP", "COUNTYFP", "TRACTCE", "BLKGRPCE", "GEOID", "GEOIDFQ", "NAMELSAD",
        *_LAST,
    )  # fmt: skip
    return _with(
        table,
        order,
        STATEFP=plan.FIPS,
        COUNTYFP=table["GEOID"].str[2:5],
        TRACTCE=table["GEOID"].str[5:11],
        BLKGRPCE=table["GEOID"].str[11:],
        GEOIDFQ="1500000US" + table["GEOID"],
        NAMELSAD="Block Group " + table["GEOID"].str[11:] + " (synthetic)",
        MTFCC="G5030",
        FUNCSTAT="S",
    )


def _block_rings(mesh: Mesh, blocks: Blocks) -> tuple[Any, Floats, Floats]:
    """Polygons, areas (km²) and inner points of the blocks.

    One block a cell has the cell's shape; more are thin slices fanning out from the cell's seed,
    cut at equal steps around its edge.
    """
    if blocks.parts == 1:
        return cell_polygons(mesh), mesh.area_km2, plan.to_lonlat(mesh.seeds)
    shapes: list[Floats] = []
    for seed, ring in zip(mesh.seeds, mesh.rings, strict=True):
        shapes.extend(_slices(seed, mesh.corners[ring], blocks.parts))
    lengths = np.array([len(s) for s in shapes])
    flat = np.concatenate(shapes)
    owner = np.repeat(np.arange(len(shapes)), lengths)
    rings = shapely.linearrings(plan.to_lonlat(flat), indices=owner)
    following = np.roll(flat, -1, axis=0)
    last = np.cumsum(lengths) - 1
    following[last] = flat[last - lengths + 1]
    cross = flat[:, 0] * following[:, 1] - flat[:, 1] * following[:, 0]
    area = np.bincount(owner, cross) / 2
    center = np.column_stack([np.bincount(owner, flat[:, i]) / lengths for i in (0, 1)])
    return shapely.polygons(rings), area, plan.to_lonlat(center)


def _slices(seed: Floats, ring: Floats, parts: int) -> list[Floats]:
    """Cut a convex cell into `parts` slices that meet at its seed."""
    closed = np.vstack([ring, ring[:1]])
    at = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    cuts = np.linspace(0, at[-1], parts + 1)
    points = np.column_stack([np.interp(cuts, at, closed[:, i]) for i in (0, 1)])
    corner_of = np.searchsorted(cuts, at[1:-1], side="left") - 1
    return [
        np.vstack([seed, points[k], closed[1:-1][corner_of == k], points[k + 1]])
        for k in range(parts)
    ]


def _areas(area: Floats, water: Any) -> dict[str, Ints]:
    meters = np.round(area * 1e6).astype(np.int64)
    return {"ALAND": np.where(water, 0, meters), "AWATER": np.where(water, meters, 0)}


def _signed(values: Floats, digits: int) -> list[str]:
    """Coordinates as TIGER prints them: a sign and leading zeros, seven decimals."""
    return [f"{value:+0{digits + 9}.7f}" for value in values.tolist()]
