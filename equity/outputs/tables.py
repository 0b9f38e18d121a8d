"""The table as files: CSV, GeoParquet, GeoPackage and a workbook, with what its columns mean.

Every file carries the sources, the vintages, the software and, where it applies, the word
*synthetic*. Two runs give equal bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from equity.areas.schema import base_name, data_dictionary
from equity.areas.vintage import required_record
from equity.errors import InputError
from equity.files.atomic import write_bytes, write_text
from equity.language import ENGLISH, current, language
from equity.outputs import _rows
from equity.outputs._csv import as_read, csv_text, description
from equity.outputs._harmless import harmless, in_cells
from equity.outputs._text import cell, escaped, readable_json
from equity.outputs.ownership import write_record
from equity.provenance import Source, meta, software, stamp

if TYPE_CHECKING:
    import geopandas as gpd

    from equity.outputs.report import Report

__all__ = ["cite", "export", "record_of", "write_provenance", "write_recipe"]

FORMATS = ("csv", "parquet", "gpkg", "xlsx")


@language(ENGLISH)
def export(
    table: pd.DataFrame,
    path_or_folder: str | Path,
    *,
    formats: str | Sequence[str] = FORMATS,
    name: str = "communities",
    sources: Iterable[Source] | None = None,
    rules: Iterable[str] = (),
    synthetic: bool | None = None,
    notes: Iterable[str] = (),
    credited: Mapping[str, str] | None = None,
    layers: Mapping[str, gpd.GeoDataFrame] | None = None,
) -> list[Path]:
    """Write an area table in several formats.

    Parameters
    ----------
    table
        Area table, index ``geoid``.
    path_or_folder
        A folder, or a file whose ending (``.csv``, ``.parquet``, ``.gpkg``, ``.xlsx``) decides the
        format and whose stem replaces `name`.
    formats
        Formats to write into a folder.
    name
        Stem of the file names in a folder.
    sources
        Inputs to record; by default those in the table's own record. A table without a record
        needs them; `()` says that none is known.
    rules
        Names of the coverage rules behind the numbers.
    synthetic
        Stamp the files as synthetic; by default whatever the sources say.
    notes
        Further remarks to record, for example what counts as under-resourced.
    credited
        Column -> whose figure it is, in place of what the package says of such columns at large.
    layers
        Further layers of the GeoPackage, by name: sites, or the table at larger areas.

    Returns
    -------
    list of pathlib.Path
        Files written. Beside ``<name>.csv`` stands ``<name>.csv-metadata.json``, its description in
        the form of the W3C's *Metadata Vocabulary for Tabular Data*.

    Raises
    ------
    InputError
        A format is unknown, two columns differ in nothing but control characters, or the table has
        no record and no `sources` are given.
    StorageError
        A file cannot be written.

    Notes
    -----
    Every file has ``geo_id`` (``1400000US…``), which no program mistakes for a number, and its
    sources, vintages, rules, software and stamp: in the companion of a CSV, in the metadata of a
    Parquet and a GeoPackage file (key ``equity``), and in a sheet or layer ``sources``. A column
    that a GeoPackage cannot have (``fid``, ``geom``, ``GEOID`` beside ``geoid``) gets a number
    behind its name there, and the layer ``sources`` says so; the file has aliases for all columns,
    and styles in which QGIS opens it in the map's classes. In CSV, GeoPackage and XLSX numbers have
    the decimals that their unit keeps (people and kilometers three, shares six); Parquet has every
    digit. In CSV and
    XLSX a text or a heading that begins with ``= + - @``, full-width or behind white space, cannot
    run as a formula: XLSX stores it as text, CSV puts an apostrophe before it.

    In every format control characters (NUL and what a terminal obeys), the marks that turn text
    round and lone surrogates are left out of text and headings, and a tab or a line break is a
    space. Otherwise text reads back as it was; from CSV, without the apostrophe.
    """
    formats = (formats,) if isinstance(formats, str) else formats
    if table.index.nlevels > 1:
        raise InputError(
            "the table has several indexes", fix="keep one: table.reset_index(level=0)"
        )
    folder = Path(path_or_folder)
    if folder.suffix and not folder.is_dir():
        formats, name, folder = (folder.suffix[1:].lower(),), folder.stem, folder.parent
    unknown = [f for f in formats if f not in FORMATS]
    if unknown:
        raise InputError(
            f"cannot export as {unknown[0]!r}",
            fix=f"choose from {', '.join(FORMATS)}; a folder with a dot in its name must be there "
            "already",
        )
    record = _record(table, sources=sources, rules=rules, synthetic=synthetic)
    record["notes"] = list(dict.fromkeys([*notes, *record["notes"]]))
    record["credits"] = {name: harmless(told) for name, told in (credited or {}).items()}
    flat = _flat(table, record)
    shown = as_read(flat)
    written: list[Path] = []
    for form in formats:
        path = folder / f"{name}.{form}"
        if form == "gpkg":
            written += _write_gpkg(table, shown, path, record, layers=layers)
        else:
            given = flat if form == "parquet" else shown
            written += _WRITERS[form](table, given, path, record)
    return written


def write_provenance(report: Report, path: str | Path, *, files: Iterable[Path] = ()) -> Path:
    """Write ``provenance.json``: inputs, rules, choices, software and the study file as run.

    Parameters
    ----------
    report
        What was reported.
    path
        File to write.
    files
        Files of the same run whose checksums are to be recorded, by bare name.

    Notes
    -----
    The record says which distribution wrote it and by which schema, and ends with the checksum of
    all that stands above: :func:`equity.outputs.ownership.owned_files` tells by it what a run may
    replace.
    """
    return write_record(Path(path), record_of(report), files)


def record_of(report: Report) -> dict[str, object]:
    """Return what ``provenance.json`` says of a run, but for its files.

    It is English; what was said in another language stands under ``translated``, for documents
    that are made from the folder later.
    """
    said = {
        "title": report.title,
        "rules": [{str(k): _plain(v) for k, v in rule.items()} for rule in report.rules],
        "under_resourced": list(report.criteria),
        "limits": list(report.limits),
    }
    english = report.recorded or said
    return {
        "title": english["title"],
        "language": report.lang or current(),
        "synthetic": report.synthetic,
        "software": dict(report.software),
        "sources": [s.to_dict() for s in report.sources],
        **{key: english[key] for key in said if key != "title"},
        **({"translated": said} if report.recorded else {}),
        "practices": None if report.practices is None else report.practices.to_dict("index"),
        "application": None if report.application is None else _cells(report.application),
        "areas": {
            "label": report.rows_label,
            "geo_vintage": meta(report.table).geo_vintage,
            "in_table": len(report.table),
            "ranked": len(report.focus) + len(report.others),
            "not_ranked": len(report.unranked),
        },
        "draws": _draws(report),
        "care_not_listed_inside": _not_inside(report),
        "rest": None if report.rest is None else {k: _plain(v) for k, v in report.rest.items()},
        "study": report.study_toml,
    }


def _draws(report: Report) -> dict[str, dict[str, object]]:
    """Return the 90 % of draws of each count that has any: no file tells them of the whole area."""
    if not {"p05_n", "p95_n"} <= {*report.counts}:
        return {}
    drawn = report.counts[["p05_n", "p95_n"]].dropna()
    ends = zip(drawn.index, drawn["p05_n"].tolist(), drawn["p95_n"].tolist(), strict=True)
    return {str(name): {"p05_n": low, "p95_n": high} for name, low, high in ends}


def _not_inside(report: Report) -> list[str]:
    """Return the kinds of care that no site is listed of inside the areas."""
    notes = zip(report.kinds.index, _rows.texts(report.kinds, "note"), strict=True)
    return [str(name) for name, note in notes if note]


def write_recipe(report: Report, path: str | Path) -> Path:
    """Write the study file as it was run; what a terminal would obey is shown as escapes."""
    return write_text(Path(path), recipe_text(report))


def recipe_text(report: Report) -> str:
    """Return what stands in the file of the study as it was run."""
    return escaped(report.study_toml)


def cite(
    what: pd.DataFrame | Report | Iterable[Source] | None = None, *, style: str = "text"
) -> str:
    """Return how to cite the software and the sources behind a table or report.

    Parameters
    ----------
    what
        A table, a `Report`, or an iterable of sources; nothing for the software alone.
    style
        ``text`` for one reference a line, ``bibtex`` for entries.

    Returns
    -------
    str
        One reference a line, or entries with an empty line between; each source once.

    Raises
    ------
    InputError
        The style is unknown, or the table has no record: cite its sources then.

    Examples
    --------
    >>> print(cite(style="text").split(",")[0])
    telehealth-equity
    """
    if style not in ("text", "bibtex"):
        raise InputError(f"no citation style {style!r}", fix='choose "text" or "bibtex"')
    sources = dict.fromkeys(_sources_of(what))
    made = software()
    if style == "text":
        lines = [f"{made['name']}, version {made['version']}. Software."]
        lines += [s.citation or _reference(s) for s in sources]
        return "\n".join(dict.fromkeys(lines))
    entries = [
        _entry("software", made["name"], {"title": made["name"], "version": made["version"]})
    ]
    entries += [_source_entry(s) for s in sources]
    return "\n\n".join(dict.fromkeys(entries))


def _sources_of(what: pd.DataFrame | Report | Iterable[Source] | None) -> tuple[Source, ...]:
    if what is None:
        return ()
    if isinstance(what, pd.DataFrame):
        return required_record(what, name="the table").sources
    return tuple(what if isinstance(what, Iterable) else what.sources)


def _reference(s: Source) -> str:
    seen = f" Retrieved {s.retrieved}." if s.retrieved else ""
    stamp = " [synthetic]" if s.synthetic else ""
    return f"{s.agency}. {s.product}, {s.vintage}{stamp}. {s.url}".strip().rstrip(".") + f".{seen}"


def _source_entry(s: Source) -> str:
    note = "; ".join(filter(None, [f"retrieved {s.retrieved}" if s.retrieved else "", s.licence]))
    return _entry(
        "misc",
        s.id,
        {
            "author": f"{{{s.agency}}}",
            "title": f"{s.product}, {s.vintage}",
            "url": s.url,
            "note": note,
        },
    )


def _entry(kind: str, key: str, fields: Mapping[str, str]) -> str:
    body = ",\n".join(f"  {k} = {{{v}}}" for k, v in fields.items() if v)
    return f"@{kind}{{{key},\n{body}\n}}"


def _record(
    table: Any, *, sources: Iterable[Source] | None, rules: Iterable[str], synthetic: bool | None
) -> dict[str, Any]:
    """Gather what every file says about itself."""
    known = required_record(table, name="the table") if sources is None else meta(table)
    named = list(known.sources if sources is None else sources)
    stamped = any(s.synthetic for s in named) if synthetic is None else synthetic
    record = {
        "synthetic": stamped,
        "statement": "Synthetic data: nothing here describes a real community." if stamped else "",
        "level": known.level or "",
        "geo_vintage": known.geo_vintage or "",
        "rules": list(rules),
        "software": software(),
        "sources": [s.to_dict() for s in named],
        "notes": list(known.notes)
        or ([] if named else ["provenance incomplete: the table carries no record"]),
    }
    return {key: harmless(value) for key, value in record.items()}


def _flat(table: Any, record: Mapping[str, Any]) -> pd.DataFrame:
    """Return the table without polygons, ids first, each row stamped if it is synthetic."""
    flat = pd.DataFrame(table.drop(columns=["geometry", "geoid"], errors="ignore")).copy()
    flat.attrs = {}
    if "geo_id" not in flat.columns and record["level"]:
        from equity.areas.geoid import geo_id

        flat.insert(0, "geo_id", geo_id(flat.index.to_series(), record["level"]))
    elif "geo_id" in flat.columns:
        flat.insert(0, "geo_id", flat.pop("geo_id"))
    flat["synthetic"] = record["synthetic"]
    return in_cells(flat)


def _dictionary(flat: pd.DataFrame, record: Mapping[str, Any]) -> pd.DataFrame:
    """Describe every column of an export, the index and the stamp included."""
    described = data_dictionary(flat.reset_index(names="geoid"))
    known = described["source"]
    told = [record["credits"].get(base_name(name), known[name]) for name in described.index]
    return described.assign(source=told)


def _write_csv(_: Any, flat: pd.DataFrame, path: Path, record: dict[str, Any]) -> list[Path]:
    described = description(path.name, path.stem, _dictionary(flat, record), record)
    companion = path.with_name(f"{path.name}-metadata.json")
    return [
        write_text(path, csv_text(flat)),
        write_text(companion, readable_json(described)),
    ]


def _write_parquet(
    table: Any, flat: pd.DataFrame, path: Path, record: dict[str, Any]
) -> list[Path]:
    import io

    import geopandas as gpd
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    frame: Any = flat.copy()
    if "geometry" in getattr(table, "columns", ()):
        frame = gpd.GeoDataFrame(frame, geometry=table.geometry.to_numpy(), crs=table.crs)
    # Parquet keeps attrs: a table read back knows its sources.
    frame.attrs = dict(table.attrs)
    stamp(
        frame,
        level=record["level"] or None,
        geo_vintage=record["geo_vintage"] or None,
        sources=[Source.from_dict(source) for source in record["sources"]],
        notes=record["notes"],
    )
    frame.to_parquet(buffer)
    read = pq.read_table(io.BytesIO(buffer.getvalue()))
    extra = {
        b"equity": json.dumps(record, sort_keys=True).encode(),
        b"equity_dictionary": _dictionary(flat, record).to_json(orient="index").encode(),
    }
    out = io.BytesIO()
    pq.write_table(
        read.replace_schema_metadata({**(read.schema.metadata or {}), **extra}),
        out,
        compression="zstd",
    )
    return [write_bytes(path, out.getvalue())]


def _write_gpkg(
    table: Any,
    flat: pd.DataFrame,
    path: Path,
    record: dict[str, Any],
    *,
    layers: Mapping[str, gpd.GeoDataFrame] | None,
) -> list[Path]:
    from equity.outputs._geopackage import geopackage

    data = geopackage(
        table,
        flat,
        _dictionary(flat, record),
        _about(record),
        layer=cell(path.stem),
        record=json.dumps(record, sort_keys=True),
        layers=layers,
    )
    return [write_bytes(path, data)]


def _write_xlsx(_: Any, flat: pd.DataFrame, path: Path, record: dict[str, Any]) -> list[Path]:
    from equity.outputs._workbook import workbook

    book = workbook(flat, _dictionary(flat, record), _about(record))
    return [write_bytes(path, book)]


_WRITERS = {
    "csv": _write_csv,
    "parquet": _write_parquet,
    "xlsx": _write_xlsx,
}


def _about(record: Mapping[str, Any]) -> pd.DataFrame:
    """Return the record as a table of two columns, for files that hold tables only."""
    rows: list[tuple[str, str]] = []
    if record["synthetic"]:
        rows.append(("synthetic", record["statement"]))
    rows += [(key, str(record[key])) for key in ("level", "geo_vintage") if record[key]]
    rows += [("rule", str(rule)) for rule in record["rules"]]
    rows.append(("software", f"{record['software']['name']} {record['software']['version']}"))
    for source in record["sources"]:
        text = "; ".join(f"{k}: {v}" for k, v in source.items() if k != "id")
        rows.append((f"source {source.get('id', '')}", text))
    rows += [("note", str(note)) for note in record["notes"]]
    return pd.DataFrame(rows, columns=["what", "value"])


def _cells(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return a small table by row, what is missing as none."""
    rows = table.astype(object).where(table.notna(), None).to_dict("index")
    return {str(key): {str(k): v for k, v in row.items()} for key, row in rows.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, (str, bool, int, float)) or value is None:
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return str(value)
