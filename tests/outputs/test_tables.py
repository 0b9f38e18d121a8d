"""Exports: same rows, ids as text, no formula, provenance inside, equal bytes."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import io
import json
import sqlite3
import time
import zipfile
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest
from outputs_data import HOSTILE, SOURCES, make_table

from equity.areas.join import combine
from equity.areas.schema import columns
from equity.areas.table import area_table
from equity.errors import InputError, StorageError
from equity.language import language
from equity.outputs import _steady
from equity.outputs._classes import classify
from equity.outputs._workbook import workbook
from equity.outputs.appendix import write_appendix
from equity.outputs.maps import make_map
from equity.outputs.tables import cite, export, write_provenance
from equity.provenance import meta, sha256_of, stamp


def exported(table, folder, form):
    (path, *_) = export(table, folder, formats=(form,), rules=("fcc-25-3",))
    return path


def test_csv_has_every_row_and_ids_that_stay_text(table, tmp_path):
    path, about = export(table, tmp_path, formats=("csv",), rules=("fcc-25-3",))
    read = pd.read_csv(path, dtype={"geoid": str})
    assert read["geoid"].tolist() == table.index.tolist()
    assert read["geo_id"].tolist() == [f"1400000US{g}" for g in table.index]
    assert read["gap_n"].equals(table["gap_n"].round(3).reset_index(drop=True))
    assert read["synthetic"].all()
    record = json.loads(about.read_text())
    assert [c["name"] for c in record["tableSchema"]["columns"]] == read.columns.tolist()
    assert record["equity:synthetic"] is True
    assert record["equity:rules"] == ["fcc-25-3"]
    assert [s["id"] for s in record["equity:sources"]] == [s.id for s in SOURCES]
    gap = next(c for c in record["tableSchema"]["columns"] if c["name"] == "gap_n")
    assert gap["equity:unit"] == "n"


def test_no_text_cell_of_a_csv_is_a_formula(table, tmp_path):
    with exported(table, tmp_path, "csv").open(newline="", encoding="utf-8") as handle:
        rows = list(csv.reader(handle))
    names = [row[rows[0].index("name")] for row in rows[1:]]
    assert not [n for n in names if n.startswith(("=", "+", "-", "@"))]
    assert "'" + HOSTILE[4] in names


def test_workbook_cells_are_text_and_nothing_is_a_formula(table, tmp_path):
    path = exported(table, tmp_path, "xlsx")
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["data", "dictionary", "sources"]
    rows = list(book["data"].iter_rows())
    assert [c.value for c in rows[0]][:2] == ["geoid", "geo_id"]
    assert [r[0].value for r in rows[1:]] == table.index.tolist()
    assert {c.data_type for row in rows for c in row} <= {
        "s",
        "n",
        "b",
        "inlineStr",
    }  # "f" is a formula
    names = [r[[c.value for c in rows[0]].index("name")].value for r in rows[1:]]
    assert HOSTILE[4] in names
    assert HOSTILE[5] in names
    about = {r[0].value: r[1].value for r in book["sources"].iter_rows(min_row=2)}
    assert "Synthetic" in about["synthetic"]
    assert "source fcc-bdc" in about
    assert [r[0].value for r in book["dictionary"].iter_rows(min_row=2)] == [
        c.value for c in rows[0]
    ]


def test_workbook_survives_characters_xml_cannot_hold(table, tmp_path):
    table.loc[table.index[0], "name"] = "bell\x07 and null\x00"
    book = openpyxl.load_workbook(exported(table, tmp_path, "xlsx"))
    assert "bell and null" in [c.value for c in book["data"]["C"]]


def test_every_cell_of_a_workbook_stands_where_it_belongs():
    rng = np.random.default_rng(0)
    n = 1203  # more than are made at a time
    frame = pd.DataFrame(
        {f"v{i}_n": np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n)) for i in range(30)},
        index=pd.Index([f"{i:05d}" for i in range(n)], name="geoid"),
    )
    frame["whole_n"] = np.arange(n)
    frame["is_so"] = pd.array([True, False, pd.NA] * (n // 3), dtype="boolean")
    frame["text"] = [f" a & <b>{i % 7}</b> " for i in range(n)]
    about = pd.DataFrame({"what": ["note"], "value": ["=1+1"]})
    words = pd.DataFrame({"label": ["x"]}, index=["v0_n"])
    read = pd.read_excel(
        io.BytesIO(workbook(frame, words, about)),
        sheet_name=None, dtype={"geoid": str}, engine="openpyxl",
    )  # fmt: skip
    assert list(read) == ["data", "dictionary", "sources"]
    expected = frame.reset_index().astype({"is_so": object})
    got = read["data"].astype({"is_so": object})
    pd.testing.assert_frame_equal(got, expected.where(expected.notna(), np.nan), rtol=1e-14)
    assert read["sources"].loc[0, "value"] == "=1+1"


def test_a_workbook_looks_as_a_table_should(table, tmp_path):
    book = openpyxl.load_workbook(exported(table, tmp_path, "xlsx"))
    for sheet in book:
        assert {cell.font.b for cell in sheet[1]} == {True}
        assert {cell.font.b for cell in sheet[2]} == {False}
        assert sheet.auto_filter.ref == sheet.dimensions
    assert [sheet.freeze_panes for sheet in book] == ["C2", "A2", "A2"]
    names = book["data"]["C"]
    assert {c.value for c in names if c.quotePrefix} == {n for n in HOSTILE if n[0] in "=+-@"}


def test_geoparquet_round_trip_keeps_crs_and_record(table, tmp_path):
    path = exported(table, tmp_path, "parquet")
    read = gpd.read_parquet(path)
    assert read.index.tolist() == table.index.tolist()
    assert read.crs == table.crs
    assert read.geometry.isna().sum() == 3
    assert meta(read).sources == SOURCES
    record = json.loads(pq.read_schema(path).metadata[b"equity"])
    assert record["synthetic"] is True
    assert record["geo_vintage"] == "2020"


def test_geopackage_has_areas_dictionary_and_sources(table, tmp_path):
    path = exported(table, tmp_path, "gpkg")
    read = gpd.read_file(path, layer="communities")
    assert read["geoid"].tolist() == table.index.tolist()
    assert read.geometry.isna().sum() == 3
    with sqlite3.connect(path) as data:
        words = {row[0] for row in data.execute("select column from dictionary")}
        about = dict(data.execute("select what, value from sources").fetchall())
    data.close()
    assert {"geoid", "gap_n", "synthetic"} <= words
    assert "Synthetic" in about["synthetic"]


READ = {
    "csv": pd.read_csv,
    "gpkg": lambda path: gpd.read_file(path, layer="communities"),
    "xlsx": lambda path: pd.read_excel(path, sheet_name="data", engine="openpyxl"),
    "parquet": pd.read_parquet,
}


@pytest.mark.parametrize("form", READ)
def test_numbers_are_written_as_people_read_them(table, tmp_path, form):
    given = {"gap_share": 0.008000000000000007, "gap_n": 1234.56789, "odd": 0.30000000000000004}
    read = READ[form](exported(table.assign(**given), tmp_path, form))
    said = {"gap_share": 0.008, "gap_n": 1234.568, "odd": 0.3} if form != "parquet" else given
    assert {name: set(read[name]) for name in said} == {name: {v} for name, v in said.items()}


def test_qgis_opens_a_geopackage_in_the_classes_of_the_map(table, report, tmp_path):
    counties = area_table(
        table.head(3).set_axis(pd.Index(["10001", "10003", "10005"], name="geoid")),
        level="county", geo_vintage="2020",
    )  # fmt: skip
    layers = {"sites": report.sites, "counties": counties}
    with language("es"):  # what is exported is English in every language
        path, *_ = export(table, tmp_path, formats="gpkg", layers=layers)
    assert len(gpd.read_file(path, layer="sites")) == 2
    assert len(gpd.read_file(path, layer="counties")) == 3
    with contextlib.closing(sqlite3.connect(path)) as data:
        default = dict(
            data.execute("select f_table_name, styleQML from layer_styles where useAsDefault")
        )
        assert set(default) == {"communities", "sites", "counties"}
        style = ET.fromstring(default["communities"])
        rules = {r.get("label"): r.get("filter") for r in style.iter("rule")}
        # What QGIS asks is what SQLite understands too.
        found = {
            label: data.execute(f"select count(*) from communities where {asked}").fetchone()[0]
            for label, asked in rules.items()
        }
        aliases = dict(
            data.execute(
                "select column_name, name from gpkg_data_columns where table_name = 'communities'"
            )
        )
    column = columns()["gap_n"]
    shown = classify(
        table["gap_n"].round(3), "people", direction=column.direction, limits=column.scale
    )
    expected = dict(zip(shown.labels, shown.counts, strict=True))
    expected["no data"] = int(table["gap_n"].isna().sum())
    expected["under-resourced"] = int(table["is_under_resourced"].sum())
    assert found == expected
    fills = [
        option.get("value")
        for option in style.iter("Option") if option.get("name") == "color"
    ]  # fmt: skip
    assert fills[: len(shown.colors)] == [
        ",".join(str(int(c[i : i + 2], 16)) for i in (1, 3, 5)) + ",255" for c in shown.colors
    ]
    assert aliases["gap_n"] == "Telehealth Access Gap"
    assert len(set(aliases.values())) == len(aliases)


@pytest.mark.parametrize("form", ["csv", "parquet", "gpkg", "xlsx"])
def test_same_bytes_whenever_it_is_written(table, tmp_path, form, monkeypatch):
    one = exported(table, tmp_path / "one", form).read_bytes()
    if form == "gpkg":
        time.sleep(1.1)  # GDAL reads the clock in C, where no test can turn it
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    monkeypatch.setattr(time, "time", lambda: 4_000_000_000.0)
    try:
        assert exported(table, tmp_path / "two", form).read_bytes() == one
    finally:
        monkeypatch.undo()
        time.tzset()


def test_the_ending_of_a_file_decides(table, tmp_path):
    (path,) = export(table, tmp_path / "mine.xlsx")
    assert path.name == "mine.xlsx"
    assert [p.name for p in export(table, tmp_path, formats="gpkg", name="areas")] == ["areas.gpkg"]
    with pytest.raises(InputError, match="choose from csv"):
        export(table, tmp_path, formats=("shp",))
    before = sorted(tmp_path.iterdir())
    for name in ("a.shp", "deeper/a.geojson", "table.xls"):
        with pytest.raises(InputError, match=r"cannot export as .(shp|geojson|xls)"):
            export(table, tmp_path / name)
    assert sorted(tmp_path.iterdir()) == before
    (tmp_path / "run.v2").mkdir()
    (path,) = export(table, tmp_path / "run.v2", formats="xlsx")
    assert path == tmp_path / "run.v2" / "communities.xlsx"


def test_a_table_without_polygons_whose_sources_nobody_knows_is_exported_and_says_so(
    table, tmp_path
):
    plain = pd.DataFrame(table.drop(columns="geometry"))
    plain.attrs = {}
    paths = export(plain, tmp_path, sources=())
    assert {p.suffix for p in paths} == {".csv", ".json", ".parquet", ".gpkg", ".xlsx"}
    record = json.loads((tmp_path / "communities.csv-metadata.json").read_text())
    assert record["equity:notes"] == ["provenance incomplete: the table carries no record"]
    assert record["equity:synthetic"] is False


NEEDS_A_RECORD = {
    "export": lambda table, report, folder: export(table, folder),
    "make_map": lambda table, report, folder: make_map(table),
    "cite": lambda table, report, folder: cite(table),
    "write_appendix": lambda table, report, folder: write_appendix(
        dataclasses.replace(report, table=table), folder / "appendix.pdf"
    ),
}


@pytest.mark.parametrize("call", NEEDS_A_RECORD.values(), ids=NEEDS_A_RECORD)
def test_what_writes_a_table_whose_record_pandas_dropped_says_how_to_keep_it(
    table, report, tmp_path, call
):
    other = stamp(pd.DataFrame({"v": 1.0}, index=table.index), sources=SOURCES)
    merged = table.merge(other, left_index=True, right_index=True)
    assert merged.attrs == {}, "if pandas keeps it, there is nothing left to refuse"
    with pytest.raises(InputError, match="join, merge or concat") as caught:
        call(merged, report, tmp_path)
    assert caught.value.code == "E-RECORD-MISSING"
    assert "equity.combine" in caught.value.fix
    assert list(tmp_path.iterdir()) == []
    kept = combine(table, area_table(other[[]].assign(v=1.0), level="tract", geo_vintage="2020"))
    call(kept, report, tmp_path)


def test_a_table_of_ones_own_names_its_sources(table, tmp_path):
    own = table[["name", "gap_n", "geometry"]].copy()
    own.attrs = {}
    export(own, tmp_path, formats="csv", sources=SOURCES)
    record = json.loads((tmp_path / "communities.csv-metadata.json").read_text())
    assert [source["agency"] for source in record["equity:sources"]] == [s.agency for s in SOURCES]
    assert SOURCES[0].agency in make_map(own, sources=SOURCES).get_root().render()
    declared = area_table(own, level="tract", geo_vintage="2020", sources=SOURCES)
    assert cite(declared) == cite(SOURCES)


def test_the_input_is_left_alone(table, tmp_path):
    before = make_table()
    export(table, tmp_path)
    pd.testing.assert_frame_equal(table.drop(columns="geometry"), before.drop(columns="geometry"))


def test_provenance_lists_inputs_choices_and_checksums(report, tmp_path):
    other = tmp_path / "communities.csv"
    other.write_text("x")
    path = write_provenance(report, tmp_path / "provenance.json", files=[other])
    record = json.loads(path.read_text())
    assert record["synthetic"] is True
    assert record["study"] == report.study_toml
    assert record["files"] == {"communities.csv": sha256_of(other)}
    assert record["areas"]["in_table"] == len(report.table)
    assert record["areas"]["ranked"] + record["areas"]["not_ranked"] == len(report.table)
    assert str(tmp_path) not in path.read_text()


def test_cite_names_each_source_once(table):
    text = cite(table)
    assert text.count("Broadband Data Collection") == 1
    assert "[synthetic]" in text
    assert cite(SOURCES, style="bibtex").count("@misc{") == 2
    with pytest.raises(InputError, match="bibtex"):
        cite(style="apa")


def test_a_folder_that_cannot_be_written_is_one_error(table, tmp_path):
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.raises(StorageError, match="taken"):
        export(table, tmp_path / "taken" / "deeper", formats=("csv",))


def test_office_files_carry_no_moment(table, tmp_path):
    with zipfile.ZipFile(exported(table, tmp_path, "xlsx")) as book:
        assert {e.date_time for e in book.infolist()} == {_steady.EPOCH}
        assert "docProps/core.xml" not in book.namelist()  # where a program writes the time of day


@pytest.mark.parametrize("form", ["csv", "parquet", "gpkg", "xlsx"])
def test_columns_of_mixed_objects_are_written(table, tmp_path, form):
    table["geoid"] = table.index
    table["is_rural"] = pd.Series(
        [True, None] + [False] * (len(table) - 2), index=table.index, dtype=object
    )
    table["mixed"] = pd.Series(
        [1, "two", None] + ["x"] * (len(table) - 3), index=table.index, dtype=object
    )
    table["counts"] = pd.Series(
        [1, 2.5, None] + [3] * (len(table) - 3), index=table.index, dtype=object
    )
    assert exported(table, tmp_path, form).stat().st_size > 1000
