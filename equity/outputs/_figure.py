"""The map as a still picture that survives a black-and-white printer."""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from equity.areas.schema import Column
from equity.areas.words import KM_PER_MI
from equity.language import current, tr
from equity.outputs import _pack, _rows
from equity.outputs._classes import Classes
from equity.outputs._colors import COLORS
from equity.outputs._letters import otherwise
from equity.outputs._payload import layer_of
from equity.outputs._places import holders
from equity.outputs.report import Report

__all__ = ["add_shapes", "alt_text", "figure_png", "local_crs"]

_WIDTH = 6.5  # inches: US Letter less its margins
_DPI = 200
_FOCUS = COLORS["under-print"]  # prints as a dark gray
_LEGEND = 1.55  # inches under the map for scale bar and legend
_LINE, _LINE_HEIGHT = 22, 0.19  # letters, and inches, of a line of the legend's last column
_LETTERS = 10.5  # points: at half the width they are still read
_MOST_NAMES = 25  # counties; more would cover the map
#: Dots, as on the page: no color of a class, and no lines, which mean unreliable.
_MISSING = {"facecolor": COLORS["no-data"], "hatch": "..."}


def figure_png(report: Report, *, said: Callable[[str], str] = str) -> bytes | None:
    """Draw the first map layer; None if there is nothing to draw.

    Parameters
    ----------
    report
        What there is to draw.
    said
        Puts the legend into a program's words.

    Notes
    -----
    Drawn in an azimuthal equal-area projection about the middle of the area: north is up, sizes are
    comparable, and kilometers are kilometers for the scale bar.
    """
    if not report.layers or _rows.without_polygon(report.table).all():
        return None
    return _drawn(report, said(tr("under-resourced")), current())


@lru_cache(maxsize=1)  # one picture stands in the documents of all programs that say the same
def _drawn(report: Report, first: str, _language: str) -> bytes:
    """Draw the picture once for a report, a program's word for who comes first and a language."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    layer = report.layers[0]
    drawn = _pack.display_geometry(report.table.geometry)
    crs = local_crs(drawn)
    shapes = gpd.GeoSeries(drawn, crs="EPSG:4269").to_crs(crs)
    classes = _classes(report)
    west, south, east, north = shapes.total_bounds
    height = _WIDTH * min(max((north - south) / (east - west), 0.4), 0.57)
    with rc_context({"hatch.linewidth": 0.45, "font.family": "DejaVu Sans", "font.size": _LETTERS}):
        legend = _LEGEND + _LINE_HEIGHT * f"{_lines(first)}{_sites(report)}".count("\n")
        figure = Figure(figsize=(_WIDTH, height + legend), dpi=_DPI)
        FigureCanvasAgg(figure)
        low = legend / figure.get_figheight()
        axes = figure.add_axes((0.0, low, 0.94, 1.0 - low), anchor="C")
        axes.set_axis_off()
        axes.set_aspect("equal")
        _areas(axes, shapes, classes, _rows.unreliable(report.table, layer.name))
        _overlays(axes, report, drawn, crs)
        pad = 0.02 * max(east - west, north - south)
        axes.set_xlim(west - pad, east + pad)
        axes.set_ylim(south - pad, north + pad)
        _names(axes, report, shapes)
        _north_and_scale(figure, axes, low, east - west + 2 * pad)
        _legend(figure, report, classes, layer, first)
        out = io.BytesIO()
        figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def alt_text(report: Report) -> str:
    """Say in words what the picture shows."""
    if not report.layers:
        return ""
    layer = report.layers[0]
    classes = _classes(report)
    spread = "; ".join(
        f"{label}: {n}" for label, n in zip(classes.labels, classes.counts, strict=True)
    )
    lead = report.finding[0] if report.finding else report.title
    return tr(
        "Map of {what} by {areas}. {lead} Areas in each class: {spread}.",
        what=tr(layer.map_label).lower(),
        areas=tr(report.rows_label),
        lead=lead,
        spread=spread,
    )


@lru_cache(maxsize=1)
def _classes(report: Report) -> Classes:
    return layer_of(report.table, report.layers[0], k=5).classes


def local_crs(drawn: np.ndarray) -> str:
    """Return the equal-area projection about the middle of some shapes."""
    west, south, east, north = shapely.total_bounds(drawn)
    middle = f"+lat_0={(south + north) / 2:.3f} +lon_0={(west + east) / 2:.3f}"
    return f"+proj=laea {middle} +datum=NAD83 +units=m"


def _paths(shapes: Any) -> list[Any]:
    """Turn polygons into matplotlib paths (geopandas' plotting redraws the figure each call)."""
    from matplotlib.path import Path

    found = []
    for shape in shapes:
        rings = [
            np.asarray(ring.coords)[:, :2]
            for polygon in shapely.get_parts(shape)
            for ring in (polygon.exterior, *polygon.interiors)
        ]
        if rings:
            found.append(Path.make_compound_path(*(Path(ring, closed=True) for ring in rings)))
    return found


def add_shapes(axes: Any, shapes: Any, **how: Any) -> None:
    """Draw polygons."""
    from matplotlib.collections import PathCollection

    if len(shapes):
        axes.add_collection(PathCollection(_paths(shapes), **how))


def _areas(axes: Any, shapes: gpd.GeoSeries, classes: Classes, rough: np.ndarray) -> None:
    values = shapes.to_numpy()
    there = ~shapely.is_empty(values)
    # Thousands of borders would blacken a city: the more areas, the finer the line.
    line = 0.35 if there.sum() < 400 else 0.15
    edge = {"edgecolor": COLORS["edge"], "linewidth": line}
    nothing = there & (classes.codes < 0)
    add_shapes(axes, values[nothing], **_MISSING, **edge)
    for k, color in enumerate(classes.colors):
        here = there & (classes.codes == k)
        add_shapes(axes, values[here & ~rough], facecolor=color, **edge)
        hatch = COLORS["hatch-light"] if _dark(color) else COLORS["hatch"]
        add_shapes(
            axes,
            values[here & rough],
            facecolor=color,
            hatch="/////",
            edgecolor=hatch,
            linewidth=0,
        )
        add_shapes(axes, values[here & rough], facecolor="none", **edge)


def _dark(color: str) -> bool:
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return 0.299 * red + 0.587 * green + 0.114 * blue < 120


def _overlays(axes: Any, report: Report, drawn: np.ndarray, crs: str) -> None:
    if report.outlines is not None and len(report.outlines):
        lines = gpd.GeoSeries(_pack.display_geometry(report.outlines.geometry), crs="EPSG:4269")
        how = {"facecolor": "none", "edgecolor": COLORS["line"], "linewidth": 0.5}
        add_shapes(axes, lines.to_crs(crs).to_numpy(), **how)
    under = _rows.flag(report.table, "is_under_resourced") & ~shapely.is_empty(drawn)
    if under.any():
        joined = gpd.GeoSeries([_pack.joined(drawn[under])], crs="EPSG:4269")
        # White below the color: the line shows on light and on dark areas alike.
        for color, width in ((COLORS["paper"], 2.2), (_FOCUS, 1.2)):
            shape = joined.to_crs(crs).to_numpy()
            add_shapes(axes, shape, facecolor="none", edgecolor=color, linewidth=width)
    if report.sites is not None and len(report.sites):
        points = gpd.GeoSeries(_pack.lon_lat(report.sites.geometry), crs="EPSG:4269").to_crs(crs)
        inside = holders(drawn, _pack.lon_lat(report.sites.geometry)) >= 0
        points = gpd.GeoSeries(points[(points.geom_type == "Point") & inside])
        size = 4 if len(points) < 60 else 2.6
        axes.plot(
            points.x, points.y, "o", markersize=size, markerfacecolor=COLORS["paper"],
            markeredgecolor=COLORS["ink"], markeredgewidth=0.6, linestyle="none",
        )  # fmt: skip


def _names(axes: Any, report: Report, shapes: gpd.GeoSeries) -> None:
    """Write the counties' names where they are few enough to be read, none over another."""
    from matplotlib.patheffects import withStroke

    names = pd.Series(_rows.texts(report.table, "county_name"), index=report.table.index)
    # Numbered, since NumPy's own comparison of words drops NUL at their end.
    counties, _ = pd.factorize(report.table.index.astype(str).str[:5], sort=True)
    there = ~shapely.is_empty(shapes.to_numpy()) & (names != "").to_numpy()
    if not 0 < len(set(counties[there])) <= _MOST_NAMES:
        return
    halo = [withStroke(linewidth=2.6, foreground=COLORS["paper"])]
    placed = []
    for code in sorted(set(counties[there])):
        county, here = max(names[counties == code], key=len), there & (counties == code)
        if otherwise(str(county)) != county:
            continue  # what would stand in its place names nothing: tables and their note do
        # The middle of the largest part: a name stands inside what it names.
        parts = shapely.get_parts(shapely.union_all(shapes.to_numpy()[here]))
        largest = parts[int(np.argmax(shapely.area(parts)))]
        point = shapely.centroid(largest)
        if not shapely.contains(largest, point):
            point = shapely.point_on_surface(largest)
        placed.append((-shapely.area(largest), _short(str(county)), point))
    axes.apply_aspect()
    kept: list[Any] = []
    for _, name, point in sorted(placed, key=lambda one: one[:2]):
        text = axes.text(
            point.x, point.y, name, ha="center", va="center", fontsize=_LETTERS, fontweight="bold",
            color=COLORS["ink"], path_effects=halo, zorder=9,
        )  # fmt: skip
        box = text.get_window_extent()
        if any(box.overlaps(other) for other in kept):
            text.remove()  # the larger county keeps its name; the table has them all
        else:
            kept.append(box)


def _short(county: str) -> str:
    """Return what a map calls a county: without ``County``, or what stands in brackets."""
    return re.sub(r" \([^()]*\)$", "", county).removesuffix(" County")


def _north_and_scale(figure: Any, axes: Any, low: float, meters: float) -> None:
    """Draw a north arrow and a scale bar beside the map, never on it."""
    from matplotlib.lines import Line2D

    figure.text(0.97, 0.985, tr("N"), ha="center", va="top", fontsize=10, fontweight="bold")
    axes.annotate(
        "", xy=(0.97, 0.945), xytext=(0.97, 0.875), xycoords="figure fraction",
        arrowprops={"arrowstyle": "-|>", "color": COLORS["ink"], "linewidth": 1.3},
        annotation_clip=False,
    )  # fmt: skip
    axes.apply_aspect()
    width = axes.get_position().width / meters  # part of the figure a meter takes
    reach = meters / 4000
    size = 10.0 ** np.floor(np.log10(reach))
    km = next(size * f for f in (5, 2, 1) if size * f <= reach or f == 1)
    left, right = 0.02, 0.02 + km * 1000 * width
    y, tick = low - 0.2 / figure.get_figheight(), 0.05 / figure.get_figheight()
    bar = Line2D(
        [left, left, right, right], [y + tick, y, y, y + tick], color=COLORS["ink"], linewidth=1.2
    )
    figure.add_artist(bar)
    said = tr("{km} km ({miles} miles)", km=f"{km:g}", miles=f"{km / KM_PER_MI:.2g}")
    figure.text(right + 0.012, y, said, ha="left", va="bottom", fontsize=_LETTERS)


def _sites(report: Report) -> str:
    """Return what the legend calls the sites: a long name on several lines."""
    if report.sites is None or not len(report.sites):
        return ""
    return _lines(otherwise(tr(report.sites_label)))


def _lines(text: str) -> str:
    """Return a label of the legend's last column, as wide as that is."""
    return textwrap.fill(text, _LINE)


def _legend(figure: Any, report: Report, classes: Classes, layer: Column, first: str) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    def box(text: str, **how: Any) -> Any:
        return Patch(**{"edgecolor": COLORS["edge"], "linewidth": 0.6, "label": text, **how})

    handles = [
        box(text, facecolor=color)
        for text, color in zip(classes.labels, classes.colors, strict=True)
    ]
    if (classes.codes < 0).any():
        handles.append(box(tr("no data"), **_MISSING))
    if _rows.unreliable(report.table, layer.name).any():
        handles.append(box(tr("wide margin: unreliable"), facecolor=COLORS["range"], hatch="/////"))
    if _rows.flag(report.table, "is_under_resourced").any():
        handles.append(box(_lines(first), facecolor="none", edgecolor=_FOCUS, linewidth=1.6))
    if report.outlines is not None and len(report.outlines):
        handles.append(Line2D([], [], color=COLORS["line"], linewidth=0.8, label=tr("county line")))
    if _sites(report):
        mark = Line2D(
            [], [], marker="o", linestyle="none", markersize=5, markerfacecolor=COLORS["paper"],
            markeredgecolor=COLORS["ink"], label=_sites(report),
        )  # fmt: skip
        handles.append(mark)
    figure.legend(
        handles=handles, title=tr(layer.map_label), loc="lower left", bbox_to_anchor=(0.0, 0.0),
        ncols=3, fontsize=_LETTERS, title_fontsize=_LETTERS + 0.5, alignment="left", frameon=False,
        handlelength=2.2, handleheight=1.2, columnspacing=1.2, labelspacing=0.45,
    )  # fmt: skip
