"""Styles as QGIS stores them in a GeoPackage: the map's classes, in the map's colors."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd

from equity.areas.schema import Column, describe, layers_in
from equity.language import language
from equity.outputs._classes import Classes, classify, classify_words
from equity.outputs._colors import NO_DATA

__all__ = ["area_styles", "site_style"]

_LINE, _FOCUS = "#5a5a5a", "#a3124a"
_UNDER = "is_under_resourced"
_POLYGONS, _POINTS = "2", "0"


def area_styles(table: pd.DataFrame, first: str = "") -> dict[str, str]:
    """Return a style for every column that maps show: what it is called there -> QML.

    Parameters
    ----------
    table
        The layer as it is written: a style asks for the values that stand in it.
    first
        Column whose style comes first, where the table has it.

    Notes
    -----
    Rules and no ranges, because words, areas without a value and under-resourced areas each have
    a look of their own. An area that has several looks is drawn with all of them.
    """
    shown = layers_in(table.columns)
    shown.sort(key=lambda column: column.name != first)
    # What is exported stays English: so do the classes that its styles name.
    with language("en"):
        return {column.map_label: _areas(table, column) for column in shown}


def site_style() -> str:
    """Return the style of points of care: the white triangles of the printed map."""
    look = {"name": "triangle", "color": _rgba("#ffffff"), "outline_color": _rgba("#000000")}
    return _qml(
        [("", "Places of care", ("marker", "SimpleMarker", {**look, "size": "2"}))], _POINTS
    )


def _areas(table: pd.DataFrame, column: Column) -> str:
    values = table[column.name]
    if column.words:
        found = classify_words(values, column.words)
        asked = [f"{_field(column.name)} = {_text(word)}" for word in column.words]
    else:
        numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float)
        found = classify(numbers, column.map_unit, direction=column.direction, limits=column.scale)
        asked = _ranges(numbers, found, _field(column.name))
    rules = [
        (rule, label, _fill(color))
        for rule, label, color in zip(asked, found.labels, found.colors, strict=True)
    ]
    if (found.codes < 0).any():
        rules.append((f"{_field(column.name)} IS NULL", "no data", _fill(NO_DATA)))
    if _UNDER in table and table[_UNDER].fillna(value=False).astype(bool).any():
        rules.append((_field(_UNDER), "under-resourced", _fill(None, _FOCUS, "0.5")))
    return _qml(rules, _POLYGONS)


def _ranges(numbers: np.ndarray, found: Classes, field: str) -> list[str]:
    """Return what each class asks of a value; a class that no area is in asks for none."""
    rules = []
    for code in range(len(found.labels)):
        here, above = numbers[found.codes == code], numbers[found.codes > code]
        asked = [f"{field} >= {here.min():.15g}"] if here.size else ["false"]
        asked += [f"{field} < {above.min():.15g}"] if here.size and above.size else []
        rules.append(" AND ".join(asked))
    return rules


def _field(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"


def _rgba(color: str) -> str:
    return ",".join(str(int(color[at : at + 2], 16)) for at in (1, 3, 5)) + ",255"


Look = tuple[str, str, dict[str, str]]


def _fill(color: str | None, line: str = _LINE, width: str = "0.1") -> Look:
    look = {"color": _rgba(color or "#ffffff"), "style": "solid" if color else "no"}
    outline = {"outline_color": _rgba(line), "outline_width": width, "outline_style": "solid"}
    return "fill", "SimpleFill", {**look, **outline}


def _qml(rules: list[tuple[str, str, Look]], geometry: str) -> str:
    """Return a style of rules, each a condition, what the legend says and how it looks."""
    root = ET.Element("qgis", version="3.28.0", styleCategories="Symbology")
    renderer = ET.SubElement(root, "renderer-v2", type="RuleRenderer", symbollevels="0")
    listed = ET.SubElement(renderer, "rules", key="rules")
    symbols = ET.SubElement(renderer, "symbols")
    for number, (condition, label, (kind, drawn, look)) in enumerate(rules):
        rule = {"key": f"rule{number}", "symbol": str(number), "label": label}
        ET.SubElement(listed, "rule", rule | ({"filter": condition} if condition else {}))
        symbol = ET.SubElement(symbols, "symbol", name=str(number), type=kind, alpha="1")
        layer = ET.SubElement(symbol, "layer", {"class": drawn, "enabled": "1", "pass": "0"})
        options = ET.SubElement(layer, "Option", type="Map")
        for name, value in look.items():
            ET.SubElement(options, "Option", name=name, value=value, type="QString")
    ET.SubElement(root, "layerGeometryType").text = geometry
    return ET.tostring(root, encoding="unicode")


def aliases(names: Any) -> dict[str, str]:
    """Return what each column is called in words, no two the same."""
    found: dict[str, str] = {}
    for column in describe(map(str, names)):
        taken = column.label in found.values()
        found[column.name] = f"{column.label} ({column.name})" if taken else column.label
    return found
