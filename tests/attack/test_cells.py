"""Hostile text in cells, headings and titles: no format runs it, no terminal obeys it."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import sqlite3
import zipfile
from dataclasses import replace
from xml.etree import ElementTree as ET

import geopandas as gpd
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pyogrio
import pypdf
import pytest
from outputs_data import SOURCES, make_report, make_table

from equity.errors import InputError, StorageError, printable
from equity.outputs.appendix import write_appendix
from equity.outputs.page import write_page
from equity.outputs.tables import export, write_provenance, write_recipe
from equity.provenance import meta, software

FORMULAS = [
    '=HYPERLINK("http://evil.example")', "+1", "-1+1", "@SUM(A1)", "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20SUM(A1)",
    "\t=1", "\r=1", "\n=1", " =1", "\u3000\uff1d1", "\ufeff=1", "\u200b+1", "\x00=1", "\x1b=1", "\x9b@a",
]  # fmt: skip
STEERING = ["bell\x07", "nul\x00", "esc\x1b[31m", "csi\x9b2J", "osc\x1b]0;title\x07", "cr\rover", "del\x7f",
            "turned \u202e round", "half \ud800 pair", "next\x85line"]  # fmt: skip
ODD = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
RUNS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r")


@pytest.fixture(scope="module")
def hostile():
    """A table with every hostile text as a name, and one as a heading, an id and a source."""
    table = make_table()
    texts = FORMULAS + STEERING
    names = [*texts, *table["name"].tolist()[len(texts) :]]
    table["name"] = pd.Series(names, index=table.index, dtype=object)
    for n, text in enumerate(FORMULAS):
        table[f"{text}{n}"] = text
    table.attrs["equity"]["sources"][0]["citation"] = "=cmd\x1b[2J"
    table.attrs["equity"]["notes"] = ["+note\x07"]
    return table.rename(index={table.index[0]: "=1+1\x00"})


@pytest.fixture(scope="module")
def folder(hostile, tmp_path_factory):
    place = tmp_path_factory.mktemp("cells")
    export(hostile, place, rules=("=rule\x1b",))
    return place


def first_shown(text: str) -> str:
    return re.sub(r"^[\s\u00ad\u200b-\u200f\u2060\ufeff]+", "", text)[:1]


def test_no_cell_and_no_heading_of_a_csv_is_a_formula(folder, hostile):
    text = (folder / "communities.csv").read_text(encoding="utf-8")
    rows = list(csv.reader(io.StringIO(text)))
    assert len(rows) == len(hostile) + 1
    assert len({len(row) for row in rows}) == 1
    for value in (v for row in rows for v in row):
        negative = re.fullmatch(r"-\d+(\.\d+)?(e-?\d+)?", value)
        assert negative or first_shown(value) not in RUNS, value
        assert not value.startswith(RUNS) or negative, value
    assert not ODD.search(text)
    described = json.loads((folder / "communities.csv-metadata.json").read_text(encoding="utf-8"))
    assert [c["name"] for c in described["tableSchema"]["columns"]] == rows[0]


def test_every_text_cell_of_a_workbook_is_text_and_stays_so(folder, hostile):
    book = openpyxl.load_workbook(folder / "communities.xlsx")
    cells = [c for sheet in book for row in sheet.iter_rows() for c in row if c.value is not None]
    texts = [c for c in cells if isinstance(c.value, str)]
    assert {c.data_type for c in cells} <= {"s", "n", "b", "inlineStr"}
    dangerous = [c for c in texts if first_shown(c.value) in RUNS]
    assert len(dangerous) > len(FORMULAS)
    assert all(c.quotePrefix for c in dangerous), "text even after it is edited"
    assert not [c.value for c in texts if ODD.search(c.value)]
    with zipfile.ZipFile(folder / "communities.xlsx") as parts:
        assert not [n for n in parts.namelist() if b"<f>" in parts.read(n)]


def all_text(frame: pd.DataFrame) -> list[str]:
    cells = [v for c in frame.columns for v in frame[c].tolist() if isinstance(v, str)]
    return [*cells, *map(str, frame.columns), *map(str, frame.index)]


def test_no_control_character_is_in_parquet_or_geopackage(folder):
    for frame in (
        gpd.read_parquet(folder / "communities.parquet"),
        *(gpd.read_file(folder / "communities.gpkg", layer=layer)
          for layer in ("communities", "dictionary", "sources")),
    ):  # fmt: skip
        texts = all_text(frame)
        assert len(texts) > 10
        assert not [t for t in texts if ODD.search(t) or "\t" in t or "\n" in t]
    for key, value in pq.read_schema(folder / "communities.parquet").metadata.items():
        if key in {b"equity", b"equity_dictionary", b"PANDAS_ATTRS"}:
            assert not ODD.search(value.decode()), key
            assert not ODD.search(str(json.loads(value))), key


def test_text_reads_back_as_it_was_but_for_what_is_documented(folder, hostile):
    kept = [re.sub(r"[\t\r\n]+", " ", re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202e\ud800]", "", n))
            for n in hostile["name"]]  # fmt: skip
    ids = ["=1+1", *hostile.index[1:]]
    parquet = gpd.read_parquet(folder / "communities.parquet")
    assert parquet.index.tolist() == ids
    assert parquet["name"].tolist() == kept
    gpkg = gpd.read_file(folder / "communities.gpkg", layer="communities")
    assert gpkg["name"].tolist() == kept
    assert gpkg["geoid"].tolist() == ids
    plain = pd.read_csv(folder / "communities.csv", dtype=str, keep_default_na=False)
    assert [n.removeprefix("'") for n in plain["name"]] == kept
    sheet = openpyxl.load_workbook(folder / "communities.xlsx")["data"]
    heads = [c.value for c in sheet[1]]
    assert [row[heads.index("name")].value for row in sheet.iter_rows(min_row=2)] == kept


def test_two_headings_that_differ_in_what_is_left_out_are_refused(tmp_path):
    table = make_table().assign(**{"a\x00": 1, "a": 2})
    with pytest.raises(InputError, match="two columns are called 'a'"):
        export(table, tmp_path)


@pytest.fixture(scope="module")
def hostile_report(hostile):
    report = make_report(make_table())
    title = "Title \x1b[31m red \x00 \x9b2J \u202e \ud800"
    sites = report.sites.assign(name=["clinic \x1b]0;x\x07", "\x9bclinic"])
    table = hostile.drop(columns=[c for c in hostile if c[:-1] in FORMULAS or c[:-2] in FORMULAS])
    return replace(
        report, title=title, finding=(title, title), criteria=(title,), limits=(title,),
        method=((title, title),), sites=sites, study_toml=f'title = "{title}"', table=table,
        focus=tuple(table.index[:5]), others=tuple(table.index[5:60]),
    )  # fmt: skip


def test_no_page_and_no_record_holds_a_character_that_a_terminal_obeys(hostile_report, tmp_path):
    write_page(hostile_report, tmp_path)
    write_provenance(hostile_report, tmp_path / "provenance.json")
    write_recipe(hostile_report, tmp_path / "study.toml")
    for path in sorted(tmp_path.iterdir()):
        found = ODD.findall(path.read_text(encoding="utf-8"))
        assert not found, (path.name, found[:5])
    read = json.loads((tmp_path / "provenance.json").read_text(encoding="utf-8"))
    assert read["study"] == hostile_report.study_toml, "shown as escapes, so that nothing is lost"


def test_no_document_holds_a_character_that_a_terminal_obeys(hostile_report, tmp_path):
    write_appendix(hostile_report, tmp_path / "a.docx")
    write_appendix(hostile_report, tmp_path / "a.pdf")
    pages = [page.extract_text() for page in pypdf.PdfReader(tmp_path / "a.pdf").pages]
    # A glyph that the fonts lack is read back as NUL.
    said = "".join(pages).replace("\x00", "")
    with zipfile.ZipFile(tmp_path / "a.docx") as parts:
        for name in parts.namelist():
            if name.endswith((".xml", ".rels")):
                said += html.unescape(parts.read(name).decode())
    assert said.count("Title") > 2
    assert not [odd for odd in ODD.findall(said) if odd != "\r"]


COLLIDING = (
    "fid",
    "FID",
    "geom",
    "GEOID",
    "Name",
    "NAME",
    "name_2",
    "ogc_fid",
    'a"b',
    "drop table x; --",
)


def test_a_geopackage_renames_what_it_cannot_hold_and_says_so(tmp_path):
    table = make_table().assign(**{name: f"value of {name}" for name in COLLIDING})
    export(table, tmp_path)
    with sqlite3.connect(tmp_path / "communities.gpkg") as data:
        columns = [row[1] for row in data.execute("pragma table_info(communities)")]
        first = dict(
            zip(columns, data.execute("select * from communities").fetchone(), strict=True)
        )
        described = [row[0] for row in data.execute('select "column" from dictionary')]
        notes = [v for (v,) in data.execute("select value from sources where what = 'note'")]
    data.close()
    assert len({c.lower() for c in columns}) == len(columns)
    said = dict(
        re.fullmatch(r"the column (.+) is called (.+) here: .*", n).groups()
        for n in notes
        if "is called" in n
    )
    assert said == {
        "fid": "fid_2",
        "FID": "FID_3",
        "geom": "geom_2",
        "GEOID": "GEOID_2",
        "Name": "Name_3",
        "NAME": "NAME_4",
    }
    for name in COLLIDING:
        assert first[said.get(name, name)] == f"value of {name}"
    assert first["geoid"] == table.index[0]
    assert set(described) == set(columns) - {"fid", "geom"}
    read = pd.read_parquet(tmp_path / "communities.parquet")
    assert set(COLLIDING) <= set(read.columns), "the others keep the names"
    assert set(COLLIDING) <= set(pd.read_csv(tmp_path / "communities.csv").columns)


@pytest.mark.parametrize(
    "name", ["sources", "Dictionary", "layer_styles", "gpkg_contents", "sqlite_master"]
)
def test_a_layer_is_not_called_like_another_table_of_the_file(tmp_path, name):
    export(make_table(), tmp_path / f"{name}.gpkg")
    layers = set(pyogrio.list_layers(tmp_path / f"{name}.gpkg")[:, 0])
    assert layers == {"areas", "dictionary", "sources", "layer_styles"}
    with pytest.raises(InputError, match="a layer cannot be called"):
        export(make_table(), tmp_path / "a.gpkg", layers={name: make_table()})


@pytest.mark.parametrize("text", FORMULAS + STEERING)
def test_what_the_command_prints_shows_control_characters(text):
    said = str(StorageError(f"cannot read {text}", file=f"folder/{text}", fix=f"rename {text}"))
    assert not ODD.search(said)
    assert said.isprintable() or re.search(r"[\s\u3000\ufeff\u200b]", said)
    said.encode("utf-8")
    assert not ODD.search(printable(text))
    assert (printable(text) == text) is not bool(ODD.search(text))


@pytest.mark.parametrize("polygons", [True, False])
@pytest.mark.parametrize("synthetic", [True, None])
def test_geopackage_and_parquet_carry_what_provenance_says(tmp_path, polygons, synthetic):
    table = make_table()
    whole = table if polygons else pd.DataFrame(table.drop(columns="geometry"))
    whole.attrs = table.attrs | {"kept": 1}
    real = [replace(s, synthetic=False, citation=f"how to cite {s.id}") for s in SOURCES]
    export(
        whole, tmp_path, sources=real, rules=("fcc-25-3",), synthetic=synthetic, notes=("a note",)
    )
    made = software()
    path = tmp_path / "communities.parquet"
    record = json.loads(pq.read_schema(path).metadata[b"equity"])
    assert record["sources"] == [s.to_dict() for s in real]
    assert (record["software"], record["rules"]) == (made, ["fcc-25-3"])
    assert record["synthetic"] is bool(synthetic)
    assert (
        json.loads(
            pyogrio.read_info(tmp_path / "communities.gpkg", layer="sources")["dataset_metadata"][
                "equity"
            ]
        )
        == record
    )
    read = gpd.read_parquet(path) if polygons else pd.read_parquet(path)
    assert meta(read).sources == tuple(real), "the sources that were named, not the table's own"
    assert (meta(read).level, meta(read).geo_vintage) == ("tract", "2020")
    assert "a note" in meta(read).notes
    assert read.attrs["kept"] == 1
    assert read["synthetic"].eq(bool(synthetic)).all()
    with sqlite3.connect(tmp_path / "communities.gpkg") as data:
        about = data.execute("select what, value from sources").fetchall()
        kept = data.execute("select metadata from gpkg_metadata").fetchall()
        stamped = data.execute("select distinct synthetic from communities").fetchall()
    data.close()
    assert json.loads(ET.fromstring(kept[0][0]).findtext(".//MDI[@key='equity']")) == record
    said = dict(about)
    assert stamped == [(int(bool(synthetic)),)]
    assert ("synthetic" in said) is bool(synthetic)
    assert said["software"] == f"{made['name']} {made['version']}"
    assert (said["rule"], said["level"], said["geo_vintage"]) == ("fcc-25-3", "tract", "2020")
    assert "a note" in [value for what, value in about if what == "note"]
    for s in real:
        for key, value in s.to_dict().items():
            assert key == "id" or f"{key}: {value}" in said[f"source {s.id}"]
