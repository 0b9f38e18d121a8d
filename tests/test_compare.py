"""Two runs compared: what it says, what it writes, and what cannot be compared."""

from __future__ import annotations

import json
import shutil

import geopandas as gpd
import numpy as np
import pytest
from outputs_data import column_of

from equity.cli import app
from equity.errors import EquityError, StorageError
from equity.measures.gap_split import PARTS
from equity.outputs.ownership import RECORD, owned_files
from equity.outputs.tables import export
from equity.provenance import meta, stamp
from equity.study.compare import compare_runs
from equity.study.run import Study


@pytest.fixture(scope="module")
def runs(tmp_path_factory, example_state):
    """Two runs of the example: as it is, and under another headline rule and a shorter limit."""
    place = tmp_path_factory.mktemp("runs")
    example = place / "example"
    shutil.copytree(example_state.study.parent, example)
    study = example / example_state.study.name
    Study.load(study).run().write(place / "first")
    text = study.read_text(encoding="utf-8")
    for old, new in (
        ('headline = "fcc-25-3"', 'headline = "fcc-706-2024"'),
        ("limit_min = 30", "limit_min = 20"),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    study.write_text(text, encoding="utf-8")
    Study.load(study).run().write(place / "second")
    return place


def later(runs, tmp_path, *, name="second", change=None, years="2025-2029"):
    """A copy of a run whose table was changed and sealed again, as if a survey came later."""
    from equity.files.atomic import write_text
    from equity.outputs.ownership import sealed
    from equity.provenance import Source, sha256_of

    folder = tmp_path / "later"
    shutil.copytree(runs / name, folder)
    table = gpd.read_parquet(folder / "communities.parquet")
    record = meta(table)
    sources = [
        Source.from_dict(s.to_dict() | {"vintage": years}) if "-20" in s.vintage and s.vintage[:2] == "20" and len(s.vintage) == 9 else s
        for s in record.sources
    ]  # fmt: skip
    stamp(
        table,
        level=record.level,
        geo_vintage=record.geo_vintage,
        sources=sources,
        notes=record.notes,
    )
    table = change(table) if change else table
    export(table, folder, formats="parquet")
    written = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    written["files"]["communities.parquet"] = sha256_of(folder / "communities.parquet")
    for key in ("written_by", "schema", "sha256_of_all_above"):
        written.pop(key)
    write_text(folder / RECORD, sealed(written))
    return folder


def test_two_rules_on_one_survey_are_split_and_not_tested(runs):
    found = compare_runs(runs / "first", runs / "second")
    tables = [gpd.read_parquet(runs / name / "communities.parquet") for name in ("first", "second")]
    both = tables[0]["gap_n"].notna() & tables[1]["gap_n"].notna()
    totals = found.change.totals["change_n"]
    assert totals["all"] == pytest.approx((tables[1]["gap_n"] - tables[0]["gap_n"])[both].sum())
    # The other rule counts fewer lines and fewer subscriptions, the shorter limit more people.
    assert totals["people"] == 0
    assert (totals[["reach", "lines", "homes"]] > 0).all()
    text = " ".join(found.finding)
    assert "people in the gap before" in found.finding[0]
    assert "The rule changed too: fcc-25-3 before, fcc-706-2024 after." in text
    assert found.change.areas["gap_n_trend"].isna().all()
    assert "no test: both rest on the survey of" in found.change.notes[-1]
    assert "chance" not in text
    named = [set(t.index[t["is_under_resourced"] & t["falls_short"]]) for t in tables]
    assert set(found.change.gained) == named[1] - named[0]
    assert set(found.change.lost) == named[0] - named[1]


def test_a_later_survey_is_tested_and_has_an_interval(runs, tmp_path):
    folder = later(runs, tmp_path)
    found = compare_runs(runs / "first", folder)
    assert found.change.areas["gap_n_trend"].notna().any()
    assert any("tested; about 1 in 10 of these is chance" in s for s in found.finding)
    parts = found.change.areas[list(PARTS.values())].sum(axis=1, min_count=4)
    known = parts.notna()
    np.testing.assert_allclose(
        parts[known], found.change.areas.loc[known, "gap_n_change"], atol=1e-6
    )
    assert known.sum() > 100


def test_the_folder_holds_page_table_and_provenance_and_is_a_run_s_own(runs, tmp_path):
    folder = compare_runs(runs / "first", runs / "second").write(tmp_path / "out")
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "index.html", "changes.csv", "changes.csv-metadata.json", "changes.parquet", "changes.gpkg",
        "changes.xlsx", RECORD,
    }  # fmt: skip
    assert set(owned_files(folder)) == names
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert "what changed" in page
    assert "Telehealth Access Gap: change" in page
    assert "ynthetic" in page
    drawn = column_of(page, "gap_n_change")
    assert "down 250 people or more" in drawn["classes"]
    assert drawn["note"] == "Red is worse, blue better, darker the further."
    assert str(tmp_path) not in page
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    assert [record[side]["rule"] for side in ("before", "after")] == ["fcc-25-3", "fcc-706-2024"]
    first = json.loads((runs / "first" / RECORD).read_text(encoding="utf-8"))
    assert record["before"]["sha256_of_all_above"] == first["sha256_of_all_above"]
    again = compare_runs(runs / "first", runs / "second").write(tmp_path / "again")
    assert (again / "index.html").read_bytes() == (folder / "index.html").read_bytes()
    # A comparison takes the place of an earlier one, and is no run to compare.
    compare_runs(runs / "second", runs / "first").write(folder)
    with pytest.raises(EquityError, match="no run stands there"):
        compare_runs(folder, runs / "second")


def test_the_command_writes_and_says_it(runs, tmp_path, monkeypatch):
    from typer.testing import CliRunner

    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["compare", str(runs / "first"), str(runs / "second")])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "maps/first-to-second/index.html").is_file()
    assert "people in the gap before" in done.output


def test_a_run_against_itself_has_not_changed(runs):
    found = compare_runs(runs / "first", runs / "first")
    assert (found.change.areas["gap_n_change"].dropna() == 0).all()
    assert found.change.gained == found.change.lost == ()
    assert ", 0 (in " in found.finding[0]


def other_state(table):
    ids = table.index.str.replace(r"^\d\d", "51", regex=True)
    return stamp(
        table.set_axis(ids), level="tract", geo_vintage="2020", sources=meta(table).sources
    )


def a_county(table):
    from equity.areas.aggregate import roll_up

    counted = stamp(table[["population_n", "gap_n", "geometry"]].copy(), level="tract",
                    geo_vintage="2020", sources=meta(table).sources)  # fmt: skip
    rolled = roll_up(counted.drop(columns="geometry"), "county", unknown="partial")
    return stamp(gpd.GeoDataFrame(rolled, geometry=[None] * len(rolled), crs=4269), level="county",
                 geo_vintage="2020", sources=meta(table).sources)  # fmt: skip


def a_part(table):
    return stamp(table.iloc[:20], level="tract", geo_vintage=meta(table).geo_vintage,
                 sources=meta(table).sources)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (a_part, "of 20 areas before .* only 20 are in both runs.*one --area"),
        (other_state, "other states"),
        (a_county, "one row a county"),
        (
            lambda t: stamp(t, level="tract", geo_vintage="2010", sources=meta(t).sources),
            "areas of 2010",
        ),
    ],
    ids=["a part", "another state", "another level", "another vintage"],
)
def test_runs_that_cannot_be_compared_are_one_sentence(runs, tmp_path, change, said):
    folder = later(runs, tmp_path, change=change)
    with pytest.raises(EquityError, match=said):
        compare_runs(folder, runs / "first")


def test_runs_on_tracts_of_two_censuses_are_compared_with_a_relationship_file(runs, tmp_path):
    def in_2010(table):
        return stamp(table, level="tract", geo_vintage="2010", sources=meta(table).sources)

    folder = later(runs, tmp_path, change=in_2010, years="2013-2017")
    ids = gpd.read_parquet(folder / "communities.parquet").index
    rows = [f"{i}|{i}|1000|0" for i in ids]
    file = tmp_path / "links.txt"
    head = "GEOID_TRACT_20|GEOID_TRACT_10|AREALAND_PART|AREAWATER_PART"
    file.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    found = compare_runs(folder, runs / "first", links=file)
    both = found.change.areas["gap_n_change"].notna()
    assert both.sum() > 170
    text = " ".join(found.finding)
    assert "What it changed through cannot be told" in text
    assert "Which places are named anew cannot be told" in text
    assert found.write(tmp_path / "out").is_dir()


def test_a_folder_without_a_run_and_a_table_that_was_edited(runs, tmp_path):
    with pytest.raises(EquityError, match="no run stands there"):
        compare_runs(tmp_path, runs / "first")
    folder = shutil.copytree(runs / "first", tmp_path / "edited")
    (folder / "communities.parquet").write_bytes(b"PAR1")
    with pytest.raises(EquityError, match="changed since the run wrote it"):
        compare_runs(runs / "first", folder)


@pytest.mark.parametrize("command", ["compare", "plan", "factsheet"])
def test_a_folder_that_no_run_wrote_is_refused_before_a_run_is_read(tmp_path, command):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("mine")
    run = str(tmp_path / "no run stands here")
    more = {"compare": [run], "plan": ["--budget", "5", "--made-up"], "factsheet": []}[command]
    with pytest.raises(StorageError, match="files that no run wrote"):
        app([command, run, *more, "--out", str(tmp_path / "mine")], standalone_mode=False)
    assert [path.name for path in tmp_path.rglob("*")] == ["mine", "letter.txt"]
