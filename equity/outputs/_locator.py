"""The picture of a fact sheet: where the place lies, and its bars against county and all."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from equity.outputs import _pack, _rows
from equity.outputs._colors import COLORS, RAMP
from equity.outputs._figure import add_shapes, local_crs

__all__ = ["Drawing", "picture_of"]

_WIDTH, _HEIGHT, _DPI = 7.2, 2.05, 200
_SMALL = 7.5
_LARGE = 3.0
"""Times the least ring: what is larger is seen without one."""
_COLORS = (RAMP[5], RAMP[3], RAMP[1])


@dataclass(frozen=True, eq=False)
class Drawing:
    """What is drawn.

    Attributes
    ----------
    areas, here, near
        Polygons of a run, the ids of the place, and those of its surroundings.
    sites
        Places of care.
    labels
        What the bars of one count are called.
    bars
        A count -> the shares of its bars (None: no bar), and the words at their ends.
    """

    areas: gpd.GeoDataFrame
    here: pd.Index
    near: pd.Index
    sites: gpd.GeoDataFrame | None
    labels: Sequence[str]
    bars: Mapping[str, Sequence[tuple[float | None, str]]]


def picture_of(sheet: Drawing) -> bytes:
    """Draw the maps and the bars; without polygons the bars alone."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context({"font.family": "DejaVu Sans", "font.size": _SMALL}):
        figure = Figure(figsize=(_WIDTH, _HEIGHT), dpi=_DPI)
        FigureCanvasAgg(figure)
        left = 0.0
        if not _rows.without_polygon(sheet.areas).all():
            left = _maps(figure, sheet)
        _bars(figure, sheet, left)
        out = io.BytesIO()
        figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def _maps(figure: Any, sheet: Drawing) -> float:
    """Draw all of the run with the place in it and, of a part, its surroundings; return the end."""
    drawn = _pack.display_geometry(sheet.areas.geometry)
    crs = local_crs(drawn)
    shapes: Any = np.asarray(gpd.GeoSeries(drawn, crs="EPSG:4269").to_crs(crs).array)
    here, near = (sheet.areas.index.isin(part) for part in (sheet.here, sheet.near))
    whole = bool(here.all())
    panes = [(0.0, 0.42, shapes)] if whole else [(0.0, 0.24, shapes), (0.25, 0.19, shapes[near])]
    codes = np.asarray(sheet.areas.index.astype(str).str[:5])
    lines = [_pack.joined(shapes[codes == code]) for code in sorted(set(codes))]
    for left, width, framed in panes:
        west, south, east, north = shapely.total_bounds(framed)
        if np.isnan(west):  # of a county without polygons there is nothing to see
            continue
        axes = figure.add_axes((left, 0.02, width, 0.96))
        axes.set_axis_off()
        axes.set_aspect("equal")
        close = framed is not shapes
        ground = {"facecolor": COLORS["shade"], "edgecolor": "none", "linewidth": 0}
        tracts = {"edgecolor": COLORS["rule"], "linewidth": 0.4} if close or whole else {}
        add_shapes(axes, shapes, **(ground | tracts))
        if not whole:
            add_shapes(axes, shapes[here], facecolor=RAMP[5], edgecolor=RAMP[5])
        border = {"facecolor": "none", "edgecolor": COLORS["line"]}
        add_shapes(axes, lines, linewidth=0.8 if close else 0.4, **border)
        span = max(east - west, north - south)
        pad = 0.04 * span
        frame = (west - pad, south - pad, east + pad, north + pad)
        if close or whole:
            _sites(axes, sheet, crs, frame)
        else:
            _ring(axes, shapes[here], 0.05 * span)
        axes.set_xlim(frame[0], frame[2])
        axes.set_ylim(frame[1], frame[3])
    return 0.45


def _sites(axes: Any, sheet: Drawing, crs: Any, frame: tuple[float, float, float, float]) -> None:
    """Draw the places of care that lie in the frame, each as a whole: none is cut to a speck."""
    if sheet.sites is None or not len(sheet.sites):
        return
    points = gpd.GeoSeries(sheet.sites.geometry[sheet.sites.geom_type == "Point"]).to_crs(crs)
    there = points[points.within(shapely.box(*frame))]
    axes.plot(
        there.x, there.y, "^", markersize=4.5, markerfacecolor=COLORS["paper"],
        markeredgecolor=COLORS["ink"], markeredgewidth=0.7, linestyle="none",
        clip_on=False,
    )  # fmt: skip


def _ring(axes: Any, here: Any, least: float) -> None:
    """Put a ring about a place: in a state a tract is a dot that nobody finds."""
    from matplotlib.patches import Circle

    west, south, east, north = shapely.total_bounds(here)
    radius = max(np.hypot(east - west, north - south) / 2, least)
    if np.isnan(west) or radius > _LARGE * least:
        return
    middle = ((west + east) / 2, (south + north) / 2)
    axes.add_patch(
        Circle(
            middle,
            radius,
            fill=False,
            edgecolor=COLORS["under-print"],
            linewidth=1.4,
            clip_on=False,
        )
    )


def _bars(figure: Any, sheet: Drawing, left: float) -> None:
    found, labels = sheet.bars, list(sheet.labels)
    colors = {3: _COLORS, 2: _COLORS[::2]}.get(len(labels), _COLORS[:1])
    axes = figure.add_axes((left + 0.075, 0.02, 0.925 - left - 0.06, 0.96))
    axes.set_frame_on(False)
    axes.tick_params(length=0)
    axes.set_xticks([])
    ends = [value for ends in found.values() for value, _ in ends if value is not None]
    most = max([*ends, 0.01])
    ticks, y = [], 0.0
    for name, places in found.items():
        axes.text(0, y, name, va="center", fontweight="bold", fontsize=_SMALL)
        y += 1.05
        for color, (value, said) in zip(colors, places, strict=True):
            axes.barh(y, value or 0.0, height=0.82, color=color)
            axes.text((value or 0.0) + most * 0.015, y, said, va="center", fontsize=_SMALL)
            ticks.append(y)
            y += 1.0
        # The axis stands at the bars alone: names of counts begin where it does.
        axes.vlines(0, y - len(places) - 0.5, y - 0.5, colors=COLORS["ink"], linewidth=0.8)
        y += 0.25
    axes.set_yticks(ticks, labels * len(found))
    axes.set_xlim(0, most * 1.22)
    axes.set_ylim(y - 0.6, -0.6)
