"""A study joins every table on key and vintage: what does not fit is refused before anything is said."""

from __future__ import annotations

import shutil
import sys
from types import SimpleNamespace

import pandas as pd
import pytest

from equity import cli
from equity.errors import VintageError
from equity.example.state import write_example
from equity.measures.lines.coverage import coverage
from equity.provenance import stamp
from equity.sources.fcc.bdc import read_bdc
from equity.study import finding
from equity.study.run import Study


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    return write_example(tmp_path_factory.mktemp("example") / "state", scale=0.05)


@pytest.fixture(scope="module")
def classes(example):
    """Coverage of the example as a table of classes beside its other files."""
    lines = read_bdc([example.bdc, example.served_unserved], as_of=example.as_of)
    table = coverage(lines, rule="fcc-25-3")
    path = example.root / "classes.csv"
    columns = ["locations_n", "served_n", "underserved_n", "unserved_n"]
    table[columns].to_csv(path, index_label="geoid")
    return path


@pytest.fixture
def study(example, tmp_path):
    def write(*changes: tuple[str, str], name: str = "study") -> Study:
        text = example.study.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        shutil.copy(example.tracts, example.tracts.with_name("tracts.zip"))
        if ACS_2019 in changes:
            # Under names that do not tell their year, which the reader would refuse first.
            for path in (example.root / "acs" / "tract").glob("acs5_2023_*"):
                shutil.copy(path, path.with_name(path.name.replace("acs5_2023_", "survey_")))
            text = text.replace("acs5_2023_", "survey_")
        path = example.root / f"{tmp_path.name}-{name}.toml"
        path.write_text(text, encoding="utf-8")
        return Study.load(path)

    return write


LOCATIONS = 'kind = "locations"\nfiles = ["bdc", "served_unserved"]'
SUMMARY = 'kind = "summary"\nfiles = "classes.csv"'
ACS_2019 = ("]\nyear = 2023", "]\nyear = 2019")
# Under a name that does not tell its year, which the reader would refuse before the join does.
BOUNDARIES_2019 = ('tl_2023_90_tract.zip"\nyear = 2023', 'tracts.zip"\nyear = 2019')


@pytest.mark.parametrize("changes", [[ACS_2019], [BOUNDARIES_2019]], ids=["acs", "boundaries"])
def test_one_table_of_another_vintage_is_refused(study, changes):
    with pytest.raises(VintageError, match="2010") as caught:
        study(*changes).run()
    assert "crosswalk" in str(caught.value)


@pytest.mark.parametrize("kind", [LOCATIONS, SUMMARY], ids=["locations", "classes"])
def test_areas_of_2010_do_not_take_coverage_of_2020(study, classes, kind):
    with pytest.raises(
        VintageError, match="areas of 2020, the first table areas of 2010"
    ) as caught:
        study(ACS_2019, BOUNDARIES_2019, (LOCATIONS, kind)).run()
    assert "crosswalk" in str(caught.value)


def shortened(path, share: float):
    """Keep the head of a table, as a download that stopped leaves it."""
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = 1 + int(share * (len(lines) - 1))
    short = path.with_name("short.csv")
    short.write_text("\n".join(lines[:kept]) + "\n", encoding="utf-8")
    return short


def test_half_a_coverage_table_is_refused_on_the_command_line_and_nothing_is_written(
    study, classes, capsys, monkeypatch, tmp_path
):
    shortened(classes, 300 / 546)
    loaded = study((LOCATIONS, 'kind = "summary"\nfiles = "short.csv"'), name="short")
    path = loaded.folder / f"{tmp_path.name}-short.toml"
    out = tmp_path / "out"
    monkeypatch.setattr(sys, "argv", ["equity", "run", str(path), "--out", str(out)])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    error = capsys.readouterr().err
    assert stop.value.code == 2
    assert "areas matches" not in error
    assert "matches" in error
    assert "of 180 areas" in error
    assert "join_tolerance" in error
    assert "short.csv" in error
    assert not out.exists()


def test_the_study_may_allow_the_missing_rows_and_its_page_says_how_many(study, classes):
    shortened(classes, 0.9)
    short = (LOCATIONS, 'kind = "summary"\nfiles = "short.csv"')
    with pytest.raises(Exception, match="matches"):
        study(short).run()
    result = study(short, ('level = "tract"', 'level = "tract"\njoin_tolerance = 0.2')).run()
    lost = result.table["coverage_status"] == "not_covered"
    assert lost.sum() > 5
    assert result.table.loc[lost, "gap_n"].isna().all()
    assert (result.table.loc[lost, "gap_status"] == "not_covered").all()
    told = dict(result.report().method)["What was read and joined"]
    assert f"of {len(result.table):,} areas matched" in told
    assert "unknown" in told


def test_every_joined_table_is_in_the_audit_with_its_numbers(study):
    result = study().run()
    tables = " ".join(result.audit.matched.index)
    assert "location coverage" in tables
    assert "Boundaries" in tables
    assert (result.audit.matched["areas"] == len(result.table)).all()
    told = dict(result.report().method)["What was read and joined"]
    for sentence in result.audit.sentences():
        assert sentence in told


def test_a_dropped_record_is_told_with_what_keeps_it(study):
    from equity import combine

    result = study().run()
    other = result.table[["population_n"]].rename(columns={"population_n": "people_n"})
    plain = other.copy()
    plain.attrs.clear()
    joined = result.table.join(plain)
    with pytest.raises(VintageError, match=r"join, merge or concat.*equity\.combine"):
        combine(joined, other)


def test_a_file_keeps_its_name_where_a_sentence_begins_with_it():
    notes = ["acs_tract.csv: 43 estimates are no plain numbers", "minutes are estimated"]
    table = stamp(pd.DataFrame(), notes=notes)
    assert finding._read_and_joined(SimpleNamespace(table=table)) == (
        "acs_tract.csv: 43 estimates are no plain numbers.\nMinutes are estimated."
    )
