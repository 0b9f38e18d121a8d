"""Readers that a study file may name, and the call: what the study says becomes their arguments."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from equity.areas.arguments import checked
from equity.areas.schema import columns, describe, split_suffix
from equity.errors import InputError
from equity.sources.catalog import LIVE, Reader, find_input, readers

__all__ = [
    "COVERAGE", "FUNDED", "LINKS", "OWN", "SITES", "TABLES", "call", "check_input_names",
    "complaints", "live_options",
]  # fmt: skip

_KEPT = {"fid", "ogc_fid", "geom", "geometry", "wkb_geometry", "geoid", "geo_id", "area_status"}
_LONGEST = 63  # of a column in Parquet's and GeoPackage's readers
_OWN_TABLE = Reader("equity.sources.own_table:read_table")
_OWN_TIMES = Reader("equity.sources.own_travel:read_travel_times")
_OWN_CLASSES = Reader("equity.sources.fcc.classes:read_coverage")
_CLASSES = Reader("equity.sources.fcc.summaries:read_summary_classes")
_POINTS = Reader("equity.sources.care.sites:read_sites")
_CODES = Reader("equity.sources.census.relationships:read_connecticut_codes")

TABLES: Mapping[str, Reader] = {
    "table": _OWN_TABLE,
    "travel_times": _OWN_TIMES,
    **readers("areas", "designations", "outlines", "offers", "listed"),
}
"""``[[tables]] reader``: any table of areas, or what one is made of that the catalog knows."""
OWN = ("table", "travel_times")
"""Readers of a user's own files, which say themselves which areas they have."""
SITES: Mapping[str, Reader] = {"hrsa": _POINTS, "points": _POINTS, **readers("providers")}
"""``[[sites]] reader``: the two layouts of :func:`equity.read_sites`, or a list of addresses."""
COVERAGE: Mapping[str, Mapping[str, Reader]] = {
    "locations": readers("lines"),
    "summary": {"coverage": _OWN_CLASSES, "bdc_summary": _CLASSES},
    "unknown": {},
}
"""``[coverage] kind`` and its readers, the first by default."""
(FUNDED,) = readers("funded").values()
"""``[[funded]]``: what is already paid for."""
LINKS: Mapping[str, Reader] = {**readers("links"), _CODES.name: _CODES}
"""``[tables.crosswalk] reader``: how areas of another vintage or kind are made of the study's."""


_held = cache(checked)
"""A reader held against its signature, which is read once."""


def live_options(file: str) -> dict[str, object]:
    """Return what the catalog tells the reader of a ``live:`` input: its options and its level."""
    if not file.startswith(LIVE):
        return {}
    entry = find_input(file)
    return {**entry.options, **({"level": entry.level} if entry.level else {})}


def call(reader: Reader, path: str | Path | Sequence[Path], *given: Mapping[str, object]) -> Any:
    """Call a reader with what it takes of the arguments given; the later ones win.

    A list of a study file becomes a tuple.
    """
    every = {key: value for some in given for key, value in some.items() if value is not None}
    plain = {k: tuple(v) if isinstance(v, list) else v for k, v in every.items()}
    return _held(reader.function)(path, **{k: v for k, v in plain.items() if k in reader.takes})


def complaints(
    reader: Reader,
    said: Collection[str],
    options: Collection[str],
    known: Collection[str],
    told: Collection[str] = (),
) -> Iterator[tuple[str, str, str | None]]:
    """Yield what a part of a study says that its reader cannot use: field, what, fix.

    Parameters
    ----------
    reader
        The reader.
    said, options
        Fields of the part that are meant for it, and its further arguments.
    known, told
        Arguments that the study gives by itself, and that the catalog gives unless the study does.
    """
    takes, name = reader.takes, f"read_{reader.name}"
    for field in said:
        if field not in takes:
            yield field, f"is nothing that {name} takes", "leave it out"
    free = [key for key in takes if key not in known]
    for key in options:
        if key not in free:
            fix = f"it takes {', '.join(free)}" if free else "leave options out"
            yield "options", f"{key} is nothing that {name} takes here", fix
    for key, needed in takes.items():
        if needed and key not in {*said, *options, *known, *told}:
            yield key, f"is missing: {name} needs it", None


def check_input_names(names: Collection[str]) -> None:
    """Refuse names of columns that no input may have.

    Those that the package computes, in any case and under any suffix; those that a file format
    keeps for itself; those that do not show as they are.

    Raises
    ------
    InputError
        If a column may not be an input.
    """
    for name in names:
        plain = unicodedata.normalize("NFKC", name).strip().casefold()
        if plain in _KEPT:
            what, fix = "formats of files keep that name for themselves", f"my_{plain}"
        elif not describe([split_suffix(plain)[0]])[0].input:
            # A table that brings its own would stand in for the measure.
            given = ", ".join(column.name for column in columns().values() if column.input)
            what = "the study computes what is called so"
            fix = f"my_{plain}; of the package's own names a table may give {given}"
        elif not name or name != name.strip() or not name.isprintable() or len(name) > _LONGEST:
            what = f"a name is printable, without spaces around it, of 1 to {_LONGEST} letters"
            fix = "poverty_share"
        else:
            continue
        shown = name[:_LONGEST] if name.isprintable() and name.strip() else ascii(name[:_LONGEST])
        raise InputError(f"{shown}: {what}", fix=f"give it a name of your own, for example {fix}")
