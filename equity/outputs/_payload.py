"""What a map carries inside its page: packed polygons and values in words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from equity.areas.geoid import STATES
from equity.areas.schema import (
    Column,
    describe,
    placed_in,
    split_suffix,
    unit_of,
)  # fmt: skip
from equity.areas.words import coarse, is_missing, missing, say
from equity.language import tr
from equity.outputs import _pack, _rows
from equity.outputs._classes import (
    LARGER,
    Classes,
    around_zero,
    classify,
    classify_words,
    with_miles,
)  # fmt: skip
from equity.provenance import meta

__all__ = [
    "MOST_AT_ONCE", "Layer", "View", "by_state", "config", "layer_of", "parts_of",
]  # fmt: skip

RURAL = ("is_rural_ruca", "is_rural_forhp", "is_rural_rucc")
#: Above this number of polygons their borders are drawn finer.
MANY = 400
#: Above this number the larger areas stand on the map, the others a state at a time.
MOST_AT_ONCE = 20_000
#: Counts that the page adds up: exact, so that sums of what is chosen are those of the tables.
SUMS = ("population_n", "beyond_reach_n", "gap_n", "no_link_n")
#: What the panel of one place tells besides the layers.
DETAILS = (
    "gap_line_only_n", "gap_home_only_n", "gap_both_n", "recoverable_line_n", "recoverable_home_n",
    "recoverable_line_and_home_n",
)  # fmt: skip
#: Commuting area codes from this one on are rural (USDA).
RURAL_RUCA = 4


@dataclass(frozen=True)
class Layer:
    """One mapped column: its classes, and each area's value in words and as what sorts."""

    column: Column
    classes: Classes
    text: list[str]
    values: np.ndarray
    #: 1 where the estimate is unreliable.
    rough: list[int]


@dataclass(frozen=True)
class View:
    """Areas of one size with their layers."""

    table: gpd.GeoDataFrame
    layers: Sequence[Layer]
    #: What the areas are called, in the plural.
    label: str
    drawn: np.ndarray
    #: FIPS code of the state that these areas are of, where they are read when it is chosen.
    part: str = ""
    #: What a shared address calls the view, whatever the language of its page; else the label.
    key: str = ""


def by_state(
    table: gpd.GeoDataFrame, label: str, columns: Sequence[Column], *, k: int
) -> list[View]:
    """Return a view of each state's areas, in classes that are those of all."""
    layers = [layer_of(table, column, k=k) for column in columns]
    state = table.index.str[:2]
    return [
        _part(table, layers, label, np.flatnonzero(state == fips)) for fips in sorted(set(state))
    ]


def _part(table: gpd.GeoDataFrame, layers: Sequence[Layer], label: str, rows: np.ndarray) -> View:
    """Return some rows, in the classes of all."""
    here = table.iloc[rows]
    own = [
        replace(
            layer,
            classes=replace(layer.classes, codes=layer.classes.codes[rows]),
            text=[layer.text[i] for i in rows],
            values=np.take(layer.values, rows),
            rough=[layer.rough[i] for i in rows],
        )
        for layer in layers
    ]
    return View(here, own, label, _pack.display_geometry(here.geometry), here.index[0][:2])


def layer_of(table: pd.DataFrame, column: Column, *, k: int) -> Layer:
    """Return a column as a layer of at most `k` classes, or of those that it declares."""
    name, unit = column.name, column.map_unit
    status = _rows.status_of(table, name)
    if column.words:
        return _worded(table, column, status)
    values = pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=float)
    # A margin is shown beside its value wherever there is one; the reader need not look it up.
    moe = _rows.margin_of(table, name)
    text = [say(v, unit, moe=m, status=s) for v, m, s in zip(values, moe, status, strict=True)]
    if unit == "people":
        few = say(0.1, unit)
        text = [tr("under 1 person") if said == few else said for said in text]
    if unit == "km":
        text = [with_miles(said, v, unit=" mi") for said, v in zip(text, values, strict=True)]
    times = LARGER.get(str(meta(table).level), 1.0) if column.adds else 1.0
    limits = [limit * times for limit in column.scale]
    found = classify(values, unit, k=k, direction=column.direction, limits=limits)
    rough = [int(r) for r in _rows.unreliable(table, name)]
    return Layer(column, found, text, values, rough)


def _worded(table: pd.DataFrame, column: Column, status: Sequence[Any]) -> Layer:
    """Return the layer of a column that holds words: a class for each."""
    found = classify_words(table[column.name], column.words)
    text = [
        missing(why) if code < 0 else found.labels[code]
        for code, why in zip(found.codes.tolist(), status, strict=True)
    ]
    values = np.where(found.codes < 0, np.nan, found.codes.astype(float))
    return Layer(column, found, text, values, [0] * len(table))


def config(
    views: Sequence[View], outlines: gpd.GeoDataFrame | None, names: Mapping[str, Any], whole: str
) -> str:
    """Return what ``map.js`` reads, as JSON; texts are deflated too, so none is ever HTML."""
    first = views[0].drawn
    step = _pack.step_for(first)
    lines = _pack.display_geometry(outlines.geometry) if outlines is not None else np.array([])
    return json.dumps(
        {
            "views": [_named(view) if view.part else _view(view) for view in views],
            "outlines": _pack.to_base64(_pack.pack(lines.astype(object), step)),
            "names": _deflated(names),
            "step": step,
            "bounds": _bounds(first),
            "whole": whole,
        }
    )


def parts_of(views: Sequence[View]) -> dict[str, str]:
    """Return what ``map.js`` reads when a state is chosen, as JSON, by the state's FIPS code."""
    return {view.part: json.dumps(_view(view)) for view in views if view.part}


def _named(view: View) -> dict[str, Any]:
    bounds = {} if shapely.is_empty(view.drawn).all() else {"bounds": _bounds(view.drawn)}
    return {**_called(view), **bounds, "part": view.part, "name": STATES[view.part].name}


def _bounds(drawn: np.ndarray) -> list[list[float]]:
    west, south, east, north = (round(float(v), 4) for v in shapely.total_bounds(drawn))
    return [[south, west], [north, east]]


def _deflated(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _pack.to_base64(text.encode(errors="backslashreplace"))


def _view(view: View) -> dict[str, Any]:
    table, drawn = view.table, view.drawn
    step = _pack.step_for(drawn)
    return {
        **_called(view),
        "step": step,
        "areas": _pack.to_base64(_pack.pack(drawn, step)),
        "focus": _outline(drawn, _rows.flag(table, "is_under_resourced"), step),
        "far": _outline(drawn, _rows.out_of_reach(table), step),
        "table": _deflated(_values(table, view.layers)),
        "many": int((~shapely.is_empty(drawn)).sum()) > MANY,
    }


def _called(view: View) -> dict[str, str]:
    return {
        "label": view.label,
        "one": _singular(view.label),
        "key": view.part or view.key or view.label,
    }


def _singular(label: str) -> str:
    known = {
        tr("census tracts"): tr("census tract"),
        tr("block groups"): tr("block group"),
        tr("counties"): tr("county"),
        tr("districts"): tr("district"),
        tr("states"): tr("state"),
        tr("areas"): tr("area"),
    }
    if label in known:
        return known[label]
    return label.removesuffix("ies") + "y" if label.endswith("ies") else label.removesuffix("s")


def _outline(drawn: np.ndarray, chosen: np.ndarray, step: float) -> str:
    """Pack the common outline of some areas."""
    chosen = chosen & ~shapely.is_empty(drawn)
    joined = _pack.joined(drawn[chosen]) if chosen.any() else _pack.EMPTY
    return _pack.to_base64(_pack.pack(np.array([joined], dtype=object), step))


def _values(table: pd.DataFrame, layers: Sequence[Layer]) -> dict[str, Any]:
    """Return every value that the page shows of some areas, in words."""
    mapped = {layer.column.name for layer in layers}
    placed = {column.name: column for column in placed_in("communities", table.columns)}
    more = dict.fromkeys([*placed, *SUMS, *DETAILS])
    rest = describe(name for name in more if name in table.columns and name not in mapped)
    return {
        "geoid": [str(g) for g in table.index],
        "name": _rows.texts(table, "name", default=[str(g) for g in table.index]),
        "county": _rows.texts(table, "county_name"),
        "reason": _reasons(table),
        "likely": [tr(word) for word in _rows.texts(table, "tier")],
        "interval": _intervals(table),
        "flags": {name: _bits(found) for name, found in _flags(table).items()},
        "sums": {name: _rounded(table[name]) for name in SUMS if name in table.columns},
        "columns": [
            *({**_layer(layer, placed), "elsewhere": _elsewhere(table, layer)} for layer in layers),
            *(_column(table, column, placed) for column in rest),
        ],
    }


def _layer(layer: Layer, placed: Mapping[str, Column]) -> dict[str, Any]:
    column = layer.column
    return {
        **_told(column, placed),
        "text": layer.text,
        "words": bool(column.words),
        "code": "".join("-" if code < 0 else _DIGITS[code] for code in layer.classes.codes),
        "rough": _bits(layer.rough),
        "classes": layer.classes.labels,
        "colors": layer.classes.colors,
        "group": _group(column.name),
        "note": _colors_say(column),
    }


def _elsewhere(table: pd.DataFrame, layer: Layer) -> bool:
    """Tell whether a layer is of another kind of care than the sites: theirs are not on the map."""
    suffix = split_suffix(layer.column.name)[1]
    return bool(suffix) and f"beyond_reach_share{suffix}" in table


def _colors_say(column: Column) -> str:
    """Say which way the colors of a layer run."""
    neither = column.direction == "neither"
    if around_zero(column.scale):
        if neither:
            return tr("Green is more, purple less, darker the further.")
        return tr("Red is worse, blue better, darker the further.")
    return tr("Darker is more.") if neither else tr("Darker is worse.")


_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def _told(column: Column, placed: Mapping[str, Column]) -> dict[str, Any]:
    place = placed[column.name].table if column.name in placed else None
    return {
        "name": column.name,
        "label": column.map_label,
        "unit": unit_of(column.map_unit).words,
        "direction": column.direction,
        "heading": (place.heading or column.label) if place else "",
        "order": place.order if place else 0,
        "wide": column.unit == "text",
    }


def _column(table: pd.DataFrame, column: Column, placed: Mapping[str, Column]) -> dict[str, Any]:
    """Return a column that is no layer, as the tables show it."""
    if column.unit == "text":
        text = [column.words.get(word, word) or "–" for word in _rows.texts(table, column.name)]
    else:
        values = pd.to_numeric(table[column.name], errors="coerce")
        margins, status = _rows.margin_of(table, column.name), _rows.status_of(table, column.name)
        like = _rows.variation(table, column.part_of or column.name)
        text = [
            say(v, column.unit, moe=m, status=s, with_unit=column.unit == "share", like=c)
            for v, m, s, c in zip(values, margins, status, like, strict=True)
        ]
    return {**_told(column, placed), "text": text}


def _group(name: str) -> str:
    """Return the heading that a layer stands under in the list of layers."""
    suffix = split_suffix(name)[1]
    if suffix.startswith("__setting_"):
        return tr("Other settings of the study")
    return tr("Other rules and kinds of care") if suffix else ""


def _reasons(table: pd.DataFrame) -> list[str]:
    flags = _rows.flag(table, "is_under_resourced")
    why = _rows.texts(table, "under_resourced_reason")
    return [
        (tr("Under-resourced: {why}", why=text) if text else tr("Under-resourced")) if flag else ""
        for flag, text in zip(flags, why, strict=True)
    ]


def _intervals(table: pd.DataFrame) -> list[str] | None:
    """Return the middle 90 % of draws of each area's gap, where there are any."""
    if "gap_p05" not in table or "gap_p95" not in table:
        return None
    ends = zip(table["gap_p05"].tolist(), table["gap_p95"].tolist(), strict=True)
    between = tr("{low} to {high}")
    return ["" if is_missing(a) else between.format(low=coarse(a), high=coarse(b)) for a, b in ends]


def _flags(table: pd.DataFrame) -> dict[str, np.ndarray]:
    under = _rows.flag(table, "is_under_resourced")
    rural = np.zeros(len(table), dtype=bool)
    found = next((name for name in RURAL if name in table.columns), "")
    if found:
        rural = _rows.flag(table, found)
    elif "ruca_code" in table.columns:
        code = pd.to_numeric(table["ruca_code"], errors="coerce")
        rural = np.asarray(code.ge(RURAL_RUCA) & code.le(10), dtype=bool)
    return {"under": under, "named": under & _rows.flag(table, "falls_short"), "rural": rural}


def _bits(found: Any) -> str:
    return "".join("1" if flag else "0" for flag in found)


def _rounded(column: pd.Series) -> list[float | None]:
    values = pd.to_numeric(column, errors="coerce").tolist()
    return [None if is_missing(v) else round(v, 2) for v in values]
