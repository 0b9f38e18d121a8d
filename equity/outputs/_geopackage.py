"""A GeoPackage whose bytes do not depend on the clock, with the styles that QGIS opens it in."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError

from equity.errors import InputError
from equity.files.atomic import scratch
from equity.files.shapes import gdal_option
from equity.outputs._csv import as_read
from equity.outputs._harmless import in_cells
from equity.outputs._qgis import aliases, area_styles, site_style

__all__ = ["geopackage"]

#: GDAL writes this moment where it would write the time of day.
_DATE = "1980-01-01T00:00:00.000Z"
_STYLES = "layer_styles"
_LAYERS = ("dictionary", "sources")
_GEOMETRY = "geom"
_SPECIFIED = "http://www.geopackage.org/spec121/#extension_schema"
#: Tables of the format's schema extension: what columns are called in words.
_WORDS = """
CREATE TABLE gpkg_data_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT,
  mime_type TEXT, constraint_name TEXT,
  CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
  CONSTRAINT gdc_tn UNIQUE (table_name, name));
CREATE TABLE gpkg_data_column_constraints (
  constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT, min NUMERIC,
  min_is_inclusive BOOLEAN, max NUMERIC, max_is_inclusive BOOLEAN, description TEXT,
  CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value));
"""


def geopackage(
    table: Any,
    flat: pd.DataFrame,
    dictionary: pd.DataFrame,
    about: pd.DataFrame,
    *,
    layer: str,
    record: str,
    layers: Mapping[str, gpd.GeoDataFrame] | None = None,
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
    layers
        Further layers by name: points, or areas that are drawn like the first.

    Raises
    ------
    InputError
        If one of these has the name of a table of the file.

    Notes
    -----
    The format has its own ``fid`` and ``geom``, and does not tell names apart by case. Such a
    column gets a number behind its name; dictionary and sources say so. What a column means is its
    alias (the format's schema extension).
    """
    names = _renamed(["geoid", *map(str, flat.columns)])
    said = [
        {"what": "note", "value": f"the column {old} is called {new} here: a GeoPackage cannot "
         "have it beside the others"}
        for old, new in names.items() if old != new
    ]  # fmt: skip
    about = pd.concat([about, pd.DataFrame(said)], ignore_index=True) if said else about
    more = dict(layers or {})
    taken = [name for name in more if _is_taken(name, ())]
    if taken:
        raise InputError(f"a layer cannot be called {taken[0]!r}", fix="give it another name")
    fits = not _is_taken(layer, more)
    drawn: dict[str, pd.DataFrame] = {}
    drawn[layer if fits else "areas"] = _with_shapes(flat, table, "geoid")
    for name, frame in more.items():
        index = str(frame.index.name or "id")
        bare = pd.DataFrame(frame.drop(columns=["geometry", index], errors="ignore"))
        drawn[name] = _with_shapes(as_read(in_cells(bare)), frame, index)
    described = dictionary.rename(index=names)
    with scratch(DataLayerError, DataSourceError, FeatureError, sqlite3.Error) as folder:
        path = folder / "out.gpkg"
        with gdal_option("OGR_CURRENT_DATE", _DATE):
            for number, (name, part) in enumerate(drawn.items()):
                _write_layer(part, path, name, {} if number else {"equity": record})
            for plain, name in zip((described.reset_index(), about), _LAYERS, strict=True):
                pyogrio.write_dataframe(plain, path, layer=name, driver="GPKG", append=True)
            styles = _styles(drawn)
            if len(styles):
                options = {"FID": "id"}
                pyogrio.write_dataframe(
                    styles, path, layer=_STYLES, driver="GPKG", append=True, layer_options=options
                )
        _say_in_words(path, drawn)
        return path.read_bytes()


def _is_taken(layer: str, others: Iterable[str]) -> bool:
    """Tell whether the format, or another table of the file, has a layer's name."""
    name = layer.lower()
    tables = {*_LAYERS, _STYLES, *(other.lower() for other in others)}
    return name in tables or name.startswith(("gpkg_", "sqlite_"))


def _with_shapes(flat: pd.DataFrame, table: Any, index: str) -> pd.DataFrame:
    """Return a layer: the columns under names that the format can have, and shapes if any."""
    names = _renamed([index, *map(str, flat.columns)])
    rows = flat.reset_index(names=index).rename(columns=str).rename(columns=names)
    if not isinstance(table, gpd.GeoDataFrame) or "geometry" not in table:
        return rows
    shapes = [_multi(g) for g in table.geometry]
    return gpd.GeoDataFrame(rows, geometry=shapes, crs=table.crs)


def _styles(drawn: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the table in which QGIS looks for styles; the first of each layer is its default."""
    rows: list[tuple[str, str, str, bool]] = []
    for layer, frame in drawn.items():
        if not isinstance(frame, gpd.GeoDataFrame):
            continue
        points = frame.geom_type.eq("Point").any()
        # Counts of places of every size say where people are: the larger areas show the share.
        first = "" if not rows else "gap_share"
        found = {"sites": site_style()} if points else area_styles(pd.DataFrame(frame), first)
        rows += [(layer, name, qml, not n) for n, (name, qml) in enumerate(found.items())]
    return pd.DataFrame(
        {
            "f_table_catalog": "",
            "f_table_schema": "",
            "f_table_name": [layer for layer, *_ in rows],
            "f_geometry_column": _GEOMETRY,
            "styleName": [name for _, name, *_ in rows],
            "styleQML": [qml for _, _, qml, _ in rows],
            "styleSLD": "",
            "useAsDefault": [first for *_, first in rows],
            "description": [name for _, name, *_ in rows],
            "owner": "",
            "ui": "",
            "update_time": pd.Timestamp(_DATE),
        }
    )


def _say_in_words(path: Path, drawn: Mapping[str, pd.DataFrame]) -> None:
    """Give every column of the layers an alias."""
    words = [
        (layer, name, alias, alias)
        for layer, frame in drawn.items()
        for name, alias in aliases(n for n in frame.columns if n != "geometry").items()
    ]
    with contextlib.closing(sqlite3.connect(path)) as data:
        data.executescript(_WORDS)
        data.executemany(
            "INSERT INTO gpkg_data_columns (table_name, column_name, name, title) "
            "VALUES (?, ?, ?, ?)",
            words,
        )
        data.execute(
            "CREATE TABLE IF NOT EXISTS gpkg_extensions (table_name TEXT, column_name TEXT, "
            "extension_name TEXT NOT NULL, definition TEXT NOT NULL, scope TEXT NOT NULL, "
            "CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name))"
        )
        data.executemany(
            "INSERT INTO gpkg_extensions VALUES (?, NULL, 'gpkg_schema', ?, 'read-write')",
            [(name, _SPECIFIED) for name in ("gpkg_data_columns", "gpkg_data_column_constraints")],
        )
        data.commit()


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


def _write_layer(frame: pd.DataFrame, path: Path, layer: str, metadata: dict[str, str]) -> None:
    how: dict[str, Any] = {"dataset_metadata": metadata} if metadata else {"append": True}
    if isinstance(frame, gpd.GeoDataFrame):
        kind = "Point" if frame.geom_type.eq("Point").any() else "MultiPolygon"
        how |= {"geometry_type": kind, "layer_options": {"SPATIAL_INDEX": "YES"}}
    with warnings.catch_warnings():
        # Areas without a polygon are part of the table; GDAL's remark on null shapes is no news.
        warnings.simplefilter("ignore", UserWarning)
        pyogrio.write_dataframe(frame, path, layer=layer, driver="GPKG", **how)


def _multi(geometry: Any) -> Any:
    if geometry is not None and geometry.geom_type == "Polygon":
        return shapely.MultiPolygon([geometry])
    return geometry
