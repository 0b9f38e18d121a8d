"""Maps that stand alone: one HTML file, no request, the same values in words beside the picture."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from equity.areas.schema import Column, MapLayer, describe
from equity.areas.vintage import required_record
from equity.areas.words import missing, say
from equity.errors import InputError, MissingColumnError
from equity.files.atomic import write_text
from equity.outputs import _pack, _rows
from equity.outputs._around import Around, Layer, body
from equity.outputs._classes import NO_DATA, classify, classify_words
from equity.outputs._text import clean
from equity.provenance import Source, meta

if TYPE_CHECKING:
    import folium
    import geopandas as gpd

__all__ = ["make_map", "save_map"]

#: Above this number of polygons their borders are drawn finer.
MANY = 400
_REQUEST = re.compile(
    r"""<(?:script|link|img|iframe)\b[^>]*(?:src|href)=["']?(?:https?:)?//[^\s"'>]+"""
)


def make_map(
    table: gpd.GeoDataFrame,
    column: str = "gap_n",
    *,
    layers: Sequence[str | tuple[str, str, str]] = (),
    title: str = "",
    finding: str = "",
    sites: gpd.GeoDataFrame | None = None,
    outlines: gpd.GeoDataFrame | None = None,
    synthetic: bool | None = None,
    sources: Iterable[Source] | None = None,
    classes: int = 5,
    sites_label: str = "sites",
    areas_label: str = "areas",
    notes: Sequence[str] = (),
    with_table: bool = True,
) -> folium.Map:
    """Draw areas as a map that needs no network, with a legend and the same values as a table.

    Parameters
    ----------
    table
        Area table with polygons (any CRS; some may be missing).
    column
        Column shown first.
    layers
        Further columns to choose from: names, or triples of column, label and unit (``people``,
        ``share``, ``km`` …). Polygons are stored once, however many layers there are.
    title, finding
        Heading, and one sentence that says what the map shows.
    sites
        Points of care drawn on top; their column ``name`` is shown.
    outlines
        Boundaries drawn over the areas, for example counties.
    synthetic
        Stamp the map as synthetic; by default whatever the table's record says.
    sources
        Inputs to name under the map; by default those in the table's record. A table without a
        record needs them; `()` says that none is known.
    classes
        Largest number of classes, 2 to 5.
    sites_label, areas_label
        What sites and areas are called, in the plural.
    notes
        Sentences under the legend, for example what counts as under-resourced.
    with_table
        Put the mapped values as a table under the map (an accessible map needs one).

    Returns
    -------
    folium.Map
        Shows itself in a notebook; :func:`save_map` writes it.

    Raises
    ------
    MissingColumnError
        A column to be mapped is not in the table.
    InputError
        The table is no GeoDataFrame, no row of it has a polygon, it has no record and no `sources`
        are given, or the number of classes is not 2 to 5.

    Notes
    -----
    Darker is worse, whichever way a column is declared to run; a column of which neither more nor
    less is worse has a gray ramp, and darker is more. Areas whose coefficient of variation exceeds
    0.40 are hatched; areas without a value have their own hatch and label; under-resourced areas
    (``is_under_resourced``) are outlined.
    """
    import geopandas as gpd

    from equity.outputs._leaflet import PackedMap

    if not isinstance(table, gpd.GeoDataFrame):
        raise InputError(
            f"a map is drawn from a GeoDataFrame, not from a {type(table).__name__}",
            fix="pass the areas (of a study: result.table), joined to read_boundaries(...)",
        )
    if table.empty:
        raise InputError("the table has no areas", fix="check what it was filtered by")
    chosen = _chosen(table, column, layers)
    if not 2 <= classes <= 5:
        raise InputError(f"a map has 2 to 5 classes, not {classes}", fix="pass classes=5")
    drawn = _pack.display_geometry(table.geometry)
    if shapely.is_empty(drawn).all():
        raise InputError(
            "no row of the table has a polygon", fix="join the table to read_boundaries(...) first"
        )
    built = [_layer(table, column, k=classes) for column in chosen]
    record = meta(table) if sources is not None else required_record(table, name="the table")
    stamped = record.synthetic if synthetic is None else synthetic
    named = tuple(record.sources if sources is None else sources)
    title = title or built[0].column.map_label
    around = Around(
        title=title,
        finding=finding,
        synthetic=stamped,
        sources=named,
        sites_label=sites_label if sites is not None and len(sites) else "",
        areas_label=areas_label,
        with_outlines=outlines is not None and len(outlines) > 0,
        with_table=with_table,
        notes=tuple(notes),
        ratio=_ratio(drawn),
    )
    config = _config(table, built, drawn, sites, outlines)
    return PackedMap(title=title, body=body(table, built, around), config=config)


def save_map(map: folium.Map, path: str | Path, *, standalone: bool = True) -> Path:  # noqa: A002
    """Write a map as one HTML file.

    Parameters
    ----------
    map
        What :func:`make_map` returned, perhaps with further folium layers on it.
    path
        File to write.
    standalone
        Refuse to write a page that would load anything from elsewhere.

    Returns
    -------
    pathlib.Path
        The file, as it was named.

    Raises
    ------
    InputError
        The map would load something from the network (for example a tile layer or a folium plugin
        that was added to it).
    """
    text = page_text(map)
    if standalone:
        requests = sorted({m.group(0) for m in _REQUEST.finditer(text)} | _tiles(map))
        if requests:
            raise InputError(
                f"the map would load {len(requests)} files from elsewhere, first {requests[0]}",
                fix="remove that layer, or pass standalone=False",
            )
    return write_text(Path(path), clean(text))


def page_text(map: folium.Map) -> str:  # noqa: A002
    """Return the whole page a map makes."""
    return "\n".join(line.rstrip() for line in map.get_root().render().splitlines()) + "\n"


def _tiles(map: folium.Map) -> set[str]:  # noqa: A002
    from equity.outputs._leaflet import walk

    tiles = {str(getattr(element, "tiles", "")) for element in walk(map)}
    return {address for address in tiles if address.startswith("http")}


def _chosen(table: Any, column: str, layers: Sequence[str | tuple[str, str, str]]) -> list[Column]:
    """Put the first layer first and make sure that every layer exists."""
    wanted = [_described(layer) for layer in layers]
    first = [layer for layer in wanted if layer.name == column] or [_described(column)]
    ordered = first + [layer for layer in wanted if layer.name != column]
    absent = [layer.name for layer in ordered if layer.name not in table.columns]
    if absent:
        raise MissingColumnError(
            f"the table has no column {absent[0]!r} to map",
            fix=f"choose from {', '.join(map(str, table.select_dtypes('number').columns[:12]))}",
        )
    return ordered


def _described(layer: str | tuple[str, str, str]) -> Column:
    """Return what is known of a layer's column, under the caller's label and unit if given."""
    if isinstance(layer, str):
        return describe([layer])[0]
    name, label, unit = layer
    return replace(describe([name])[0], layer=MapLayer(0, label, unit))


def _layer(table: Any, column: Column, *, k: int) -> Layer:
    name, unit = column.name, column.map_unit
    if column.words:
        return _worded(table, column)
    values = pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=float)
    status = _rows.status_of(table, name)
    rough = _rows.unreliable(table, name)
    # A margin is shown beside its value wherever there is one; the reader need not look it up.
    moe = _rows.margin_of(table, name)
    text = [say(v, unit, moe=m, status=s) for v, m, s in zip(values, moe, status, strict=True)]
    found = classify(values, unit, k=k, direction=column.direction, limits=column.scale)
    return Layer(column, found, text, values, [int(r) for r in rough])


def _worded(table: Any, column: Column) -> Layer:
    """Return the layer of a column that holds words: a class for each."""
    found = classify_words(table[column.name], column.words)
    status = _rows.status_of(table, column.name)
    text = [
        missing(why) if code < 0 else found.labels[code]
        for code, why in zip(found.codes.tolist(), status, strict=True)
    ]
    values = np.where(found.codes < 0, np.nan, found.codes.astype(float))
    return Layer(column, found, text, values, [0] * len(table))


def _config(table: Any, built: list[Layer], drawn: np.ndarray, sites: Any, outlines: Any) -> str:
    """Return what ``map.js`` reads, as JSON; texts are deflated too, so none is ever HTML."""
    step = _pack.step_for(drawn)
    lines = (
        _pack.display_geometry(outlines.geometry)
        if outlines is not None
        else np.array([], dtype=object)
    )
    payload = {
        "geoid": [str(g) for g in table.index],
        "name": _rows.texts(table, "name", default=[str(g) for g in table.index]),
        "place": _rows.places(table),
        "reason": [
            f"Under-resourced: {why}" if flag and why else ("Under-resourced" if flag else "")
            for flag, why in zip(
                _rows.flag(table, "is_under_resourced"),
                _rows.texts(table, "under_resourced_reason"),
                strict=True,
            )
        ],
        "sites": _site_rows(sites, drawn),
        "layers": [
            {
                "column": layer.column.name,
                "label": layer.column.map_label,
                "text": layer.text,
                "code": layer.classes.codes.tolist(),
                "rough": layer.rough,
                "classes": layer.classes.labels,
                "colors": layer.classes.colors,
            }
            for layer in built
        ],
    }
    west, south, east, north = (round(float(v), 4) for v in shapely.total_bounds(drawn))
    config = {
        "areas": _pack.to_base64(_pack.pack(drawn, step)),
        "outlines": _pack.to_base64(_pack.pack(lines, step)),
        "focus": _outline(drawn, _rows.flag(table, "is_under_resourced"), step),
        "far": _outline(drawn, _rows.out_of_reach(table), step),
        "table": _pack.to_base64(
            json.dumps(payload, ensure_ascii=False).encode(errors="backslashreplace")
        ),
        "step": step,
        "bounds": [[south, west], [north, east]],
        "many": int((~shapely.is_empty(drawn)).sum()) > MANY,
        "noData": NO_DATA,
    }
    return json.dumps(config)


def _outline(drawn: np.ndarray, chosen: np.ndarray, step: float) -> str:
    """Pack the common outline of some areas."""
    chosen = chosen & ~shapely.is_empty(drawn)
    joined = shapely.coverage_union_all(drawn[chosen]) if chosen.any() else _pack.EMPTY
    return _pack.to_base64(_pack.pack(np.array([joined], dtype=object), step))


def _ratio(drawn: np.ndarray) -> float:
    """Width over height of the map on the screen (Mercator), within what a page can hold."""
    west, south, east, north = shapely.total_bounds(drawn)

    def up(latitude: float) -> float:
        return math.degrees(math.log(math.tan(math.radians(45 + latitude / 2))))

    height = up(min(north, 85)) - up(max(south, -85))
    return round(min(max((east - west) / height, 0.9), 1.7), 2) if height > 0 else 1.3


def _site_rows(sites: Any, drawn: np.ndarray) -> list[tuple[float, float, str, int]]:
    """Return sites with their names; those outside the areas count too, and are drawn fainter."""
    if sites is None or not len(sites):
        return []
    points = _pack.lon_lat(sites.geometry)
    names = _rows.texts(sites, "name", default=["site"] * len(sites))
    if "offers_telehealth" in sites:
        said = sites["offers_telehealth"].map({True: " (offers telehealth)"}).fillna("")
        names = [name + more for name, more in zip(names, said, strict=True)]
    inside = _pack.within(drawn, points)
    return [
        (round(float(p.y), 5), round(float(p.x), 5), name, int(within))
        for p, name, within in zip(points, names, inside, strict=True)
        if p.geom_type == "Point" and not p.is_empty
    ]
