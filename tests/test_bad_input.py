"""Each bad input ends in one line that names file, rows and fix, code 2, and no half-written folder."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pytest

from equity import cli
from equity.example.state import write_example


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    return write_example(tmp_path_factory.mktemp("example") / "state", scale=0.01)


@pytest.fixture
def state(example, tmp_path):
    """A copy of the example's files that a test may damage."""
    return Path(shutil.copytree(example.root, tmp_path / "state"))


def run(folder: Path, capsys, monkeypatch) -> tuple[int, str]:
    monkeypatch.chdir(folder.parent)
    monkeypatch.setattr(sys, "argv", ["equity", "run", "state/study.toml", "--offline"])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    return int(stop.value.code or 0), capsys.readouterr().err


def first(folder: Path, pattern: str) -> Path:
    return min(folder.glob(pattern))


def rewrite_csv(path: Path, change: Callable[[list[list[str]]], None]) -> str:
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    change(rows)
    with path.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows(rows)
    return path.name


def rewrite_json(path: Path, change: Callable[[list[list[str]]], None]) -> str:
    rows = json.loads(path.read_text(encoding="utf-8"))
    change(rows)
    path.write_text(json.dumps(rows), encoding="utf-8")
    return path.name


def rewrite_shapes(path: Path, change: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]) -> str:
    frame = change(gpd.read_file(path))
    path.unlink()
    frame.to_file(path.with_suffix(".gpkg"), driver="GPKG")
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(path.with_suffix(".gpkg"), path.with_suffix(".gpkg").name)
    path.with_suffix(".gpkg").unlink()
    return path.name


def missing_file(state):
    path = first(state, "boundaries/*_tract.zip")
    path.unlink()
    return path.name, "no such file"


def truncated_zip(state):
    path = first(state, "bdc/*Cable*.zip")
    path.write_bytes(path.read_bytes()[:-200])
    return path.name, "damaged"


def truncated_boundaries(state):
    path = first(state, "boundaries/*_tract.zip")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path.name, "damaged"


def two_csvs_in_a_zip(state):
    path = first(state, "bdc/*Cable*.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("another.csv", "a,b\n1,2\n")
    return path.name, "2"


def missing_column(state):
    def change(rows):
        at = rows[0].index("fte")
        for row in rows:
            del row[at]

    return rewrite_csv(state / "care/example_clinicians.csv", change), "lacks column fte"


def missing_key(state):
    path = state / "study.toml"
    path.write_text(path.read_text().replace('as_of = "2024-12-31"\n', ""))
    return "study.toml", "coverage.as_of: is missing"


def json_cut_in_half(state):
    path = first(state, "acs/tract/*.json")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path.name, "not valid JSON"


def key_page_in_place_of_json(state):
    path = first(state, "acs/tract/*.json")
    path.write_text("<!DOCTYPE html><html><head><title>Missing Key</title></head></html>")
    return path.name, "HTML"


def ids_of_another_level(state):
    def change(rows):
        at = rows[0].index("GEO_ID")
        for row in rows[1:4]:
            row[at] = row[at][:-2]

    return rewrite_json(first(state, "acs/tract/*.json"), change), "3 ids are no tract ids"


def ids_of_another_state(state):
    def change(rows):
        at = rows[0].index("GEO_ID")
        rows[5][at] = rows[5][at].replace("US90", "US51")

    return rewrite_json(first(state, "acs/tract/*.json"), change), "hold different areas"


def duplicated_area(state):
    return rewrite_json(
        first(state, "acs/tract/*.json"), lambda rows: rows.append(rows[7])
    ), "more than once"


def duplicated_polygon(state):
    import pandas as pd

    path = first(state, "boundaries/*_tract.zip")
    return rewrite_shapes(path, lambda f: pd.concat([f, f.iloc[[3]]])), "more than once"


def negative_count(state):
    def change(rows):
        rows[9][rows[0].index("B01003_001E")] = "-12"

    return rewrite_json(_holding(state, "B01003_001E"), change), "negative"


def unknown_sentinel(state):
    def change(rows):
        rows[9][rows[0].index("B01003_001E")] = "-777777770"

    return rewrite_json(_holding(state, "B01003_001E"), change), "no known annotation code"


def _holding(state: Path, code: str) -> Path:
    return next(p for p in sorted(state.glob("acs/tract/*.json")) if code in p.read_text())


def sites_without_coordinates(state):
    def change(rows):
        for row in rows[3:5]:
            row[rows[0].index("lon")] = ""

    return rewrite_csv(state / "care/example_clinicians.csv", change), "no coordinates"


def sites_with_swapped_coordinates(state):
    def change(rows):
        lon, lat = rows[0].index("lon"), rows[0].index("lat")
        for row in rows[1:]:
            row[lon], row[lat] = row[lat], row[lon]

    return rewrite_csv(state / "care/example_clinicians.csv", change), "swapped"


def empty_state(state):
    return rewrite_json(
        first(state, "acs/tract/*.json"), lambda rows: rows.__delitem__(slice(1, None))
    ), "no tract of Example State"


def a_row_with_a_lost_field(state):
    path = state / "care/example_clinicians.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[6] = lines[6].rsplit(",", 1)[0]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path.name, "lines 7"


def a_measure_as_input(state):
    path = state / "study.toml"
    part = (
        '\n[[tables]]\nfile = "own.csv"\nagency = "a"\nproduct = "p"\nvintage = "2024"\n'
        'geo_vintage = "2020"\ncolumns = { gap_n = { column = "v" } }\n'
    )
    path.write_text(path.read_text() + part)
    return "study.toml", "gap_n: the study computes what is called so"


def a_county_table_of_tracts(state):
    counties = sorted({p[:5] for p in _ids(state)})
    rows = [f"{c},ZZ,X,RUCC_2023,4" for c in counties]
    (state / "rucc.csv").write_text("\n".join(["FIPS,State,County_Name,Attribute,Value", *rows]))
    part = '\n[[tables]]\nreader = "rucc"\nfile = "rucc.csv"\nvintage = "2023"\n'
    (state / "study.toml").write_text((state / "study.toml").read_text() + part)
    return "rucc.csv", "spread = true"


def _ids(state: Path) -> list[str]:
    head, *rows = json.loads(first(state, "acs/tract/*.json").read_bytes())
    return [row[head.index("GEO_ID")].rpartition("US")[2] for row in rows]


CASES = [
    missing_file, truncated_zip, truncated_boundaries, two_csvs_in_a_zip, missing_column, missing_key,
    json_cut_in_half, key_page_in_place_of_json, ids_of_another_level, ids_of_another_state,
    duplicated_area, duplicated_polygon, negative_count, unknown_sentinel, sites_without_coordinates,
    sites_with_swapped_coordinates, empty_state, a_row_with_a_lost_field, a_measure_as_input,
    a_county_table_of_tracts,
]  # fmt: skip


@pytest.mark.parametrize("damage", CASES, ids=lambda damage: damage.__name__)
def test_one_line_code_two_and_no_folder(damage, state, capsys, monkeypatch):
    file, says = damage(state)
    code, message = run(state, capsys, monkeypatch)
    assert code == 2
    assert message.startswith("equity: ")
    assert len(message.strip().splitlines()) == 1
    assert file in message
    assert says in message
    assert not (state.parent / "maps").exists() or not any((state.parent / "maps").iterdir())
