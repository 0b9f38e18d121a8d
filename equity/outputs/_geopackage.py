"""A GeoPackage whose bytes do not depend on the clock."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError

from equity.files.atomic import scratch

__all__ = ["geopackage"]

#: GDAL writes this moment where it would write the time of day.
_DATE = "1980-01-01T00:00:00.000Z"
_LAYERS = ("dictionary", "sources")


def geopackage(
    table: Any,
    flat: pd.DataFrame,
    dictionary: pd.DataFrame,
    about: pd.DataFrame,
    *,
    layer: str,
    record: str,
) -> bytes:
    """Return a GeoPackage with the areas, the dictionary of their columns and the sources.

    Parameters
    ----------
    table
        Area table; its polygons and CRS are used, if it has any.
    flat
        Its columns without polygons.
    dictionary, about
        Companion tables, written as layers without geometry.
    layer
        Name of the layer of areas; ``areas`` where the format cannot have it.
    record
        What the file says of itself, as JSON: metadata of the file, under ``equity``.

    Notes
    -----
    The format has its own ``fid`` and ``geom``, and does not tell names apart by case. Such a
    column gets a number behind its name; dictionary and sources say so.
    """
    names = _renamed(["geoid", *map(str, flat.columns)])
    said = [
        {"what": "note", "value": f"the column {old} is called {new} here: a GeoPackage cannot "
         "have it beside the others"}
        for old, new in names.items() if old != new
    ]  # fmt: skip
    about = pd.concat([about, pd.DataFrame(said)], ignore_index=True) if said else about
    described = dictionary.rename(index=names)
    fits = layer.lower() not in _LAYERS and not layer.lower().startswith(("gpkg_", "sqlite_"))
    rows = flat.reset_index(names="geoid").rename(columns=str).rename(columns=names)
    with scratch(DataLayerError, DataSourceError, FeatureError) as folder:
        path = folder / "out.gpkg"
        before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _DATE})
        try:
            _write_areas(table, rows, path, layer if fits else "areas", {"equity": record})
            for frame, name in zip((described.reset_index(), about), _LAYERS, strict=True):
                pyogrio.write_dataframe(frame, path, layer=name, driver="GPKG", append=True)
        finally:
            pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})
        return path.read_bytes()


def _renamed(columns: Sequence[str]) -> dict[str, str]:
    """Return what each column is called in a format that has names of its own and one case."""
    taken = {"fid", "geom", *(name.lower() for name in columns)}
    seen, names = {"fid", "geom"}, {}
    for name in columns:
        new, numbers = name, itertools.count(2)
        while new.lower() in (taken if new != name else seen):
            new = f"{name}_{next(numbers)}"
        names[name] = new
        seen.add(new.lower())
        taken.add(new.lower())
    return names


def _write_areas(
    table: Any, rows: pd.DataFrame, path: Path, layer: str, metadata: dict[str, str]
) -> None:
    if "geometry" not in getattr(table, "columns", ()):
        pyogrio.write_dataframe(rows, path, layer=layer, driver="GPKG", dataset_metadata=metadata)
        return
    shapes = [_multi(g) for g in table.geometry]
    frame = gpd.GeoDataFrame(rows, geometry=shapes, crs=table.crs)
    with warnings.catch_warnings():
        # Areas without a polygon are part of the table; GDAL's remark on null shapes is no news.
        warnings.simplefilter("ignore", UserWarning)
        pyogrio.write_dataframe(
            frame,
            path,
            layer=layer,
            driver="GPKG",
            geometry_type="MultiPolygon",
            layer_options={"SPATIAL_INDEX": "YES"},
            dataset_metadata=metadata,
        )


def _multi(geometry: Any) -> Any:
    if geometry is not None and geometry.geom_type == "Polygon":
        return shapely.MultiPolygon([geometry])
    return geometry
