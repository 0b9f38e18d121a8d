"""Maps that stand alone: one HTML file, no request, the same values in words beside the picture."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from equity.areas.schema import Column, MapLayer, describe, layers_in
from equity.areas.vintage import required_record
from equity.errors import InputError, MissingColumnError
from equity.files.atomic import write_text
from equity.language import tr
from equity.outputs import _pack
from equity.outputs._around import Around, body
from equity.outputs._names import kinds_of, names_of
from equity.outputs._payload import (
    MOST_AT_ONCE,
    View,
    by_state,
    config,
    layer_of,
    parts_of,
)  # fmt: skip
from equity.outputs._text import clean
from equity.provenance import Source, meta

if TYPE_CHECKING:
    import folium
    import geopandas as gpd

__all__ = ["fit_to_draw", "make_map", "save_map"]

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
    larger: Mapping[str, gpd.GeoDataFrame] = MappingProxyType({}),
    smaller: Mapping[str, gpd.GeoDataFrame] = MappingProxyType({}),
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
        Boundaries drawn over the areas, for example counties; their column ``name`` is shown.
    larger
        The same measures of larger areas, by what those are called in the plural; the reader
        switches between the two. Layers that a table lacks are left out of its view.
    smaller
        The areas that those of `table` are made of, by what they are called in the plural, with
        layers of their own. They are shown a state at a time, and read from the file when the
        reader chooses the state. A `table` of more than 20,000 areas is shown so under `larger`.
    synthetic
        Stamp the map as synthetic; by default whatever the table's record says.
    sources
        Inputs to name under the map; by default those in the table's record. A table without a
        record needs them; `()` says that none is known.
    classes
        Largest number of classes, 2 to 5, of a column that declares none.
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
    less is worse has a gray ramp, and darker is more. A column of the package has the same classes
    and colors wherever it is drawn. Areas whose coefficient of variation exceeds 0.40 are hatched;
    areas without a value are gray under dots; under-resourced areas (``is_under_resourced``) are
    outlined. Cities, towns and ZIP codes are named from installed packages, not where the map is
    synthetic.
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
    chosen = _chosen([table, *smaller.values()], column, layers)
    if not 2 <= classes <= 5:
        raise InputError(f"a map has 2 to 5 classes, not {classes}", fix="pass classes=5")
    if len(table) > MOST_AT_ONCE and larger:
        smaller = {areas_label: table, **smaller}
        (areas_label, table), *rest = larger.items()
        larger = dict(rest)
    drawn = _pack.display_geometry(table.geometry)
    if shapely.is_empty(drawn).all():
        raise InputError(
            "no row of the table has a polygon", fix="join the table to read_boundaries(...) first"
        )
    record = meta(table) if sources is not None else required_record(table, name="the table")
    stamped = record.synthetic if synthetic is None else synthetic
    named = tuple(record.sources if sources is None else sources)
    areas_label, sites_label = tr(areas_label), tr(sites_label)
    views = [_view(table, areas_label, chosen, drawn, k=classes)]
    for label, other in larger.items():
        shapes = _pack.display_geometry(other.geometry)
        views.append(replace(_view(other, tr(label), chosen, shapes, k=classes), key=label))
    for label, other in smaller.items():
        described = dict.fromkeys(column.name for column in chosen)
        more = [column for column in layers_in(other.columns) if column.name not in described]
        here = [column for column in (*chosen, *more) if column.name in other.columns]
        views += by_state(other, tr(label), here, k=classes)
    title = title or tr(chosen[0].map_label)
    lines = outlines if outlines is not None and len(outlines) else larger.get("counties")
    around = Around(
        title=title,
        finding=finding,
        synthetic=stamped,
        sources=named,
        sites_label=sites_label if sites is not None and len(sites) else "",
        kinds=kinds_of(sites),
        with_outlines=lines is not None,
        with_table=with_table,
        notes=tuple(notes),
        ratio=_ratio(drawn),
    )
    names = names_of(views[0], lines, sites, sites_label=sites_label, real=not stamped)
    data = config(views, lines, names, tr("All {areas}", areas=areas_label))
    return PackedMap(
        title=title,
        body=body(views, around),
        config=data,
        parts=parts_of(views),
        bare=partial(body, views, replace(around, with_table=False, notes=())),
    )


def fit_to_draw(geometry: gpd.GeoSeries) -> gpd.GeoSeries:
    """Return outlines as a map draws them: simplified as one coverage, EPSG:4269."""
    import geopandas as gpd

    return gpd.GeoSeries(_pack.display_geometry(geometry), geometry.index, crs="EPSG:4269")


def _view(
    table: gpd.GeoDataFrame, label: str, columns: Sequence[Column], drawn: np.ndarray, *, k: int
) -> View:
    here = [column for column in columns if column.name in table.columns]
    return View(table, [layer_of(table, column, k=k) for column in here], label, drawn)


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


def _chosen(
    tables: Sequence[Any], column: str, layers: Sequence[str | tuple[str, str, str]]
) -> list[Column]:
    """Put the first layer first and make sure that every layer exists."""
    wanted = [_described(layer) for layer in layers]
    first = [layer for layer in wanted if layer.name == column] or [_described(column)]
    ordered = first + [layer for layer in wanted if layer.name != column]
    there = {name for table in tables for name in table.columns}
    absent = [layer.name for layer in ordered if layer.name not in there]
    if absent:
        numbers = tables[0].select_dtypes("number").columns
        raise MissingColumnError(
            f"the table has no column {absent[0]!r} to map",
            fix=f"choose from {', '.join(map(str, numbers[:12]))}",
        )
    return ordered


def _described(layer: str | tuple[str, str, str]) -> Column:
    """Return what is known of a layer's column, under the caller's label and unit if given."""
    if isinstance(layer, str):
        return describe([layer])[0]
    name, label, unit = layer
    return replace(describe([name])[0], layer=MapLayer(0, label, unit))


def _ratio(drawn: np.ndarray) -> float:
    """Width over height of the map on the screen (Mercator), within what a page can hold."""
    west, south, east, north = shapely.total_bounds(drawn)

    def up(latitude: float) -> float:
        return math.degrees(math.log(math.tan(math.radians(45 + latitude / 2))))

    height = up(min(north, 85)) - up(max(south, -85))
    return round(min(max((east - west) / height, 0.9), 1.7), 2) if height > 0 else 1.3
