"""Polygon files: what may be handed to GDAL, which would otherwise open whatever it recognizes.

GDAL takes an address for a file, follows one that a file names (the coordinate reference system of
a GeoJSON, the source of a virtual layer), and tells formats by their content, whatever the file is
called. So it is given only a file that is there, whose first bytes are those of a format we know,
and whose text names nothing elsewhere.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from equity.errors import FormatError
from equity.files.features import refuse_twice
from equity.files.opening import check_data, existing, read_bytes, regular
from equity.files.zips import check_zip, open_zip

__all__ = ["is_parquet", "vector_source"]

_ENDINGS = (".shp", ".gpkg", ".geojson", ".json")
#: Shapefile, FlatGeobuf: neither can name another place.
_BINARY = (b"\x00\x00\x27\x0a", b"fgb\x03")
_PARQUET = b"PAR1"
_GEODATABASE = re.compile(r"^(.*\.gdb)/[^/]*$", re.IGNORECASE)
#: The tables and indexes of a file geodatabase; GDAL would open whatever else a folder holds.
_OF_GEODATABASE = re.compile(
    r"^(?:gdb|timestamps|.*\.(?:gdbtable|gdbtablx|gdbindexes|spx|atx|freelist|horizon|lock))$",
    re.IGNORECASE,
)
_TOPOLOGY = re.compile(rb'\{[^\[{]*"type"\s*:\s*"Topology"')
#: All that a WFS says of its answer stands in the tag that begins it.
_COLLECTION = re.compile(rb"<(?:\w+:)?FeatureCollection\b[^>]*")
_ATTRIBUTE = re.compile(rb"""\b(numberMatched|numberReturned|next)\s*=\s*["']([^"']*)["']""")
_MEMBER = re.compile(rb"<(?:\w+:)?(?:member|featureMember)[\s>]")
#: What a map service says of an answer that goes on: ArcGIS, an OGC API, a WFS; and its features.
_SAID = re.compile(
    rb'"(exceededTransferLimit|numberMatched|totalFeatures|rel|type)"\s*:\s*'
    rb'"?((?i:true)|next"|Feature"|[0-9]+)'
)
_DATABASE = b"SQLite format 3\x00"
_XML = re.compile(rb"<(?:\w+:)?(?:kml|FeatureCollection)\b")
#: A CRS of the type link or url, letters written as escapes to hide one, and what is no polygon
#: file but a recipe for one. JSON readers are lenient: single quotes count.
_ELSEWHERE = re.compile(
    rb"""["'](?i:link|url)["'](?!\s*:)|\\u00(?:[46][1-9a-fA-F]|[57][0-9aA])"""
    rb"""|<OGR|gdal_streamed_alg|<!(?:DOCTYPE|ENTITY)"""
)
_PIECE, _OVERLAP, _AHEAD = 1 << 20, 256, 64


def vector_source(path: str | Path) -> str | Path | bytes:
    """Return what GDAL may open of a polygon file: itself, the one in a zip, or unpacked bytes.

    Parameters
    ----------
    path
        A shapefile, GeoPackage, file geodatabase, GeoJSON, Esri's JSON of features, GeoParquet,
        FlatGeobuf, KML or GML; packed or not.

    Raises
    ------
    MissingFileError, FormatError
        If it is not there, is damaged, is of no such format, or names something elsewhere.
    """
    if existing(path).is_dir() and existing(path).suffix.lower() == ".gdb":
        _check_geodatabase([inside.name for inside in existing(path).iterdir()], path)
        return existing(path).resolve()
    file = regular(path)
    with file.open("rb") as handle:
        start = handle.read(4096)
    if start.startswith(_PARQUET):
        return file.resolve()
    if not _XML.search(start):
        check_data(start, path)
    if start.startswith(b"\x1f\x8b"):
        data = read_bytes(path)
        _check(data[:4096], [data], path, "")
        return data
    if start.startswith(b"PK"):
        return _in_zip(file, path)
    if file.suffix.lower() == ".zip":
        raise FormatError("this is no zip file", file=path, fix="download it again")
    with file.open("rb") as handle:
        _check(start, _pieces(handle), path, file.name)
    return file.resolve()


def is_parquet(source: object) -> bool:
    """Return True for a file that begins as Parquet does."""
    if not isinstance(source, Path) or not source.is_file():
        return False
    with source.open("rb") as handle:
        return handle.read(4) == _PARQUET


def _check_geodatabase(names: Iterable[str], path: str | Path) -> None:
    odd = [name for name in names if not _OF_GEODATABASE.match(name)]
    if odd:
        raise FormatError(
            f"not a file geodatabase: it holds {odd[0]!r}",
            file=path,
            fix="export it again, or save it as a GeoPackage and give that",
        )


def _in_zip(file: Path, path: str | Path) -> str:
    check_zip(file)
    with open_zip(file, file=path) as opened:
        inside = [_GEODATABASE.match(member.filename) for member in opened.members()]
        folders = {found[1] for found in inside if found}
        if len(folders) == 1 and all(inside):
            names = [Path(member.filename).name for member in opened.members()]
            _check_geodatabase(names, path)
            return f"/vsizip/{file.resolve()}/{folders.pop()}"
        member = opened.only(lambda name: name.endswith(_ENDINGS), "boundary")
        with opened.stream(member) as stream:
            start = stream.read(4096)
        with opened.stream(member) as stream:
            _check(start, _pieces(stream), path, member.filename)
    return f"/vsizip/{file.resolve()}/{member.filename}"


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    while piece := stream.read(_PIECE):
        yield piece


def _check(start: bytes, pieces: Iterable[bytes], path: str | Path, name: str) -> None:
    # By its ending a GeoPackage is no other database, whose tables may be files anywhere.
    package = start.startswith(_DATABASE) and name.lower().endswith(".gpkg")
    if package or start.startswith(_BINARY):
        return
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not (text.startswith(b"{") or (text.startswith(b"<") and _XML.search(text))):
        raise FormatError(
            "not readable as a boundary file (it begins like none)",
            file=path,
            fix="give a zipped shapefile, GeoJSON or GeoPackage; download it again if it was cut",
        )
    if _TOPOLOGY.match(text):
        raise FormatError(
            "this is TopoJSON, which does not say where on Earth its shapes lie",
            file=path,
            fix="convert it to GeoJSON, for example with mapshaper, and give that",
        )
    said: Counter[bytes] = Counter()
    kept: list[bytes] = []
    if _names_elsewhere(_noting(pieces, said, kept if text.startswith(b"{") else None)):
        raise FormatError(
            "takes something from another place (a CRS of the type link, or a virtual layer)",
            file=path,
            fix="save it as a GeoPackage and give that",
        )
    refuse_twice(b"".join(kept), path)
    _note_collection(text, said)
    matched = max(said[b"numberMatched"], said[b"totalFeatures"])
    if said[b"more"] or matched > said[b"Feature"]:
        raise FormatError(
            "the service sent only the first areas of more",
            file=path,
            fix="ask for the others too (resultOffset, startIndex, the link to the next page), or "
            "download the whole layer",
        )


def _note_collection(text: bytes, said: Counter[bytes]) -> None:
    """Note what the tag that begins an answer in GML says of its features."""
    tag = _COLLECTION.search(text) if text.startswith(b"<") else None
    told = dict(_ATTRIBUTE.findall(tag[0])) if tag else {}
    said[b"more"] += bool(told.get(b"next"))
    if told.get(b"numberMatched", b"").isdigit():
        said[b"numberMatched"] = int(told[b"numberMatched"])
        returned = told.get(b"numberReturned", b"")
        said[b"Feature"] = int(returned) if returned.isdigit() else said[b"member"]


def _noting(
    pieces: Iterable[bytes], said: Counter[bytes], kept: list[bytes] | None
) -> Iterator[bytes]:
    """Yield the pieces, and note what stands in them about an answer that goes on.

    Those of JSON are kept.
    """
    before = b""
    for piece in pieces:
        window = before + piece
        if kept is not None:
            kept.append(piece)
        else:
            ends = (hit.end() for hit in _MEMBER.finditer(window))
            said[b"member"] += sum(end > len(before) for end in ends)
        for hit in _SAID.finditer(window):
            if hit.end() <= len(before):  # noted with the piece before
                continue
            if hit[2].isdigit():
                said[hit[1]] = int(hit[2])
            elif hit[1] == b"type":
                said[b"Feature"] += hit[2] == b'Feature"'
            else:
                said[b"more"] += 1
        before = window[-_OVERLAP:]
        yield piece


def _names_elsewhere(pieces: Iterable[bytes]) -> bool:
    window = b""
    for piece in pieces:
        window = window[-_OVERLAP:] + piece
        # What stands at the very end is looked at again with what follows.
        if any(hit.end() + _AHEAD <= len(window) for hit in _ELSEWHERE.finditer(window)):
            return True
    return _ELSEWHERE.search(window) is not None
