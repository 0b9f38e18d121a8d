"""Records of JSON as a table of text: features of GeoJSON and of Esri's services, or a plain list.

Geometry is left out, but for points: they are two more columns, ``lon`` and ``lat``, where the
attributes have none and the file does not say that its coordinates are other than degrees.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from equity.errors import FormatError
from equity.files.words import as_text, csv_cell

__all__ = ["is_json", "read_features", "refuse_twice"]

_DEGREES = {4326, 4269}
_LON = {"lon", "longitude"}
_MATCHED = ("numberMatched", "totalFeatures")
_COORDINATES = re.compile(rb'"(?:coordinates|rings)"\s*:\s*[\[\]\s0-9,.eE+-]+(?=[,}])')
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def is_json(data: bytes) -> bool:
    """Return True for bytes that begin as JSON does."""
    start = data[:4096].removeprefix(b"\xef\xbb\xbf")
    text = start.decode(json.detect_encoding(start), errors="ignore")
    return text.lstrip().startswith(("{", "["))


def read_features(data: bytes, path: str | Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the names of the attributes, and the number and cells of each feature.

    Raises
    ------
    FormatError
        If it is no JSON of features, or the service sent only the first of them.
    """
    whole = parsed(data, path)
    features = whole.get("features") if isinstance(whole, dict) else whole
    if not isinstance(features, list) or not all(isinstance(item, dict) for item in features):
        topology = isinstance(whole, dict) and whole.get("type") == "Topology"
        raise FormatError(
            "this is TopoJSON, not a table" if topology else "this is JSON, not a table",
            file=path,
            fix="convert it to GeoJSON" if topology else "name the CSV file",
        )
    if not isinstance(whole, dict):
        return _laid_out(features)
    if _cut(whole):
        raise FormatError(
            f"the service sent only the first {len(features):,} features of more",
            file=path,
            fix="ask for the others too (resultOffset, startIndex, the link to the next page), or "
            "download the layer as CSV",
        )
    degrees = _in_degrees(whole)
    return _laid_out([_attributes(item, degrees=degrees) for item in features])


def _laid_out(rows: list[dict[str, Any]]) -> tuple[list[str], list[tuple[int, list[str]]]]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return names, [
        (n, [csv_cell(row.get(name), _text) for name in names]) for n, row in enumerate(rows, 1)
    ]


def parsed(data: bytes, path: str | Path) -> Any:
    """Return what a JSON text holds.

    Raises
    ------
    FormatError
        If it is none, or half of one, names something twice, or holds half a character.
    """
    try:
        text = data.decode(json.detect_encoding(data))
    except UnicodeDecodeError:
        text = as_text(data, path)
    try:
        whole = json.loads(text, object_pairs_hook=lambda pairs: _once(pairs, path))
        if _SURROGATE.search(text):
            json.dumps(whole, ensure_ascii=False).encode()
    except FormatError:
        raise
    except UnicodeEncodeError as error:
        half = error.object[error.start].encode("unicode_escape").decode()
        raise FormatError(
            f"it holds half a character ({half})",
            file=path,
            fix="write the whole character, or leave it out",
        ) from None
    except (ValueError, RecursionError):
        raise FormatError(
            "not valid JSON: the answer was cut off or is no answer",
            file=path,
            fix="download it again",
        ) from None
    return whole


def refuse_twice(data: bytes, path: str | Path) -> None:
    """Refuse a map in JSON of whose features something is named twice: one value would be lost.

    Coordinates are passed over. What is no JSON at all is told by who reads it.

    Raises
    ------
    FormatError
        With the name.
    """
    try:
        text = _COORDINATES.sub(b'"coordinates":0', data).decode("utf-8", errors="replace")
        json.loads(text, object_pairs_hook=lambda pairs: _once(pairs, path))
    except FormatError:
        raise
    except (ValueError, RecursionError):
        return


def _once(pairs: list[tuple[str, Any]], path: str | Path) -> dict[str, Any]:
    """Return an object of JSON; of a name that stands in it twice one value would be lost."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise FormatError(
            f"{twice!r} stands twice in one object", file=path, fix="rename one of them"
        )
    return found


def _cut(whole: dict[str, Any]) -> bool:
    """Return True for what ArcGIS, a WFS or an OGC API says of an answer that goes on."""
    more = whole.get("properties")
    links = whole.get("links")
    return (
        any(
            str(mark.get("exceededTransferLimit")).casefold() == "true"
            for mark in (whole, more if isinstance(more, dict) else {})
        )
        or any(
            str(whole.get(name, "")).isdigit() and int(whole[name]) > len(whole["features"])
            for name in _MATCHED
        )
        or any(
            isinstance(link, dict) and link.get("rel") == "next"
            for link in (links if isinstance(links, list) else [])
        )
    )


def _in_degrees(whole: dict[str, Any]) -> bool:
    system = whole.get("spatialReference")
    if isinstance(system, dict):
        return system.get("latestWkid", system.get("wkid")) in _DEGREES
    return "crs" not in whole or any(
        name in json.dumps(whole["crs"]) for name in ("CRS84", *map(str, _DEGREES))
    )


def _attributes(item: dict[str, Any], *, degrees: bool) -> dict[str, Any]:
    cells = item.get("attributes", item.get("properties"))
    row = dict(cells) if isinstance(cells, dict) else {}
    point = item.get("geometry")
    if not degrees or not isinstance(point, dict) or _LON & {str(n).casefold() for n in row}:
        return row
    pair = point.get("coordinates") if point.get("type") == "Point" else None
    lon, lat = pair[:2] if isinstance(pair, list) and len(pair) > 1 else (None, None)
    lon, lat = point.get("x", lon), point.get("y", lat)
    return row if lon is None else {**row, "lon": lon, "lat": lat}


def _text(cell: object) -> str:
    return cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False)
