"""A GeoPackage whose bytes do not depend on the clock."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely

__all__ = ["geopackage"]

#: GDAL writes this moment where it would write the time of day.
_DATE = "1980-01-01T00:00:00.000Z"


def geopackage(
    table: Any, flat: pd.DataFrame, dictionary: pd.DataFrame, about: pd.DataFrame, layer: str
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
        Name of the layer of areas.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "out.gpkg"
        before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _DATE})
        try:
            _write_areas(table, flat, path, layer)
            for frame, name in ((dictionary.reset_index(), "dictionary"), (about, "sources")):
                pyogrio.write_dataframe(frame, path, layer=name, driver="GPKG", append=True)
        finally:
            pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})
        return path.read_bytes()


def _write_areas(table: Any, flat: pd.DataFrame, path: Path, layer: str) -> None:
    rows = flat.reset_index(names="geoid")
    if "geometry" not in getattr(table, "columns", ()):
        pyogrio.write_dataframe(rows, path, layer=layer, driver="GPKG")
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
        )


def _multi(geometry: Any) -> Any:
    if geometry is not None and geometry.geom_type == "Polygon":
        return shapely.MultiPolygon([geometry])
    return geometry
