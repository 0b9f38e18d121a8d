"""A study with lists of what is funded, and its run put to a program from the command line."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from equity import StudyResult, location_table, read_bdc
from equity.cli import app
from equity.errors import EquityError, StudyError
from equity.example.state import write_example
from equity.rules.program_rule import list_program_rules
from equity.study.program import put_to_program
from equity.study.run import Study

FUNDED = """
[[funded]]
file = "funded.csv"
as_of = "2026-01-31"

[[funded]]
file = "bead.csv"
as_of = "2026-02-28"
agency = "State office"
product = "Awards"
"""


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    return write_example(tmp_path_factory.mktemp("example") / "state", scale=0.05)


@pytest.fixture(scope="module")
def single(example):
    """Locations of the example, and those on two lists of what is funded beside its files."""
    lines = read_bdc([example.bdc, example.served_unserved], as_of=example.as_of)
    table = location_table(lines, rule="fcc-25-3")
    unserved = table[table["coverage_class"] == "unserved"]
    blocks = unserved["block_geoid"].rename("block_geoid")
    blocks.iloc[::2].to_csv(example.root / "funded.csv")
    blocks.iloc[:9].to_csv(example.root / "bead.csv")
    return table.assign(is_funded=table.index.isin([*unserved.index[::2], *unserved.index[:9]]))


@pytest.fixture(scope="module")
def result(example, single) -> StudyResult:
    text = example.study.read_text(encoding="utf-8")
    rules = 'rules = ["video-visit", "fcc-25-3", "fcc-706-2024"]'
    assert rules in text
    path = example.root / "funded.toml"
    path.write_text(text.replace(rules, 'rules = ["fcc-25-3", "bead-2025"]') + FUNDED)
    return Study.load(path).run()


@pytest.fixture(scope="module")
def run(result, tmp_path_factory):
    return result.write(tmp_path_factory.mktemp("run") / "funded")


def test_a_study_splits_what_is_unserved_location_by_location(result, single):
    unserved = single[single["coverage_class"] == "unserved"]
    tract = unserved["block_geoid"].str[:11]
    funded = unserved["is_funded"].groupby(tract).sum()
    table = result.table
    assert table["unserved_funded_n"].sum() == funded.sum() > 0
    assert table.loc[funded.index, "unserved_funded_n"].tolist() == funded.tolist()
    parts = table["unserved_funded_n"] + table["unserved_unfunded_n"]
    known = table["funded_status"] == "ok"
    assert (parts[known] == table.loc[known, "unserved_n"]).all()
    assert {s.agency for s in result.sources} >= {"State office"}
    counties = result.at("county")
    both = counties["unserved_unfunded_n"] + counties["unserved_funded_n"]
    assert both.equals(counties["unserved_n"].rename(None))
    assert counties["unserved_funded_n"].sum() > 0


def test_the_map_shows_what_is_unserved_and_not_funded(result):
    shown = [column.name for column in result.report().layers]
    assert {"unserved_unfunded_n", "unserved_funded_n"} <= set(shown)


def test_a_run_is_put_to_a_program_and_what_is_funded_left_out(run, result):
    test = put_to_program("bead-2022", run)
    table = result.table
    expected = table["unserved_unfunded_n"].sum() / (table["locations_n"] - table["funded_n"]).sum()
    row = test.criteria.loc["unserved_project"]
    assert row["value"] == pytest.approx(expected, rel=1e-12)
    assert row["left_out_n"] == table["funded_n"].sum()
    assert test.as_of == "2025-06-05"
    other = put_to_program("bead-2025", run, as_of="2026-01-01").criteria.iloc[0]
    shares = table["unserved_n__bead_2025"].sum() / table["locations_n"].sum()
    assert other["value"] == pytest.approx(shares, rel=1e-12)


@pytest.mark.parametrize("program", list_program_rules())
def test_every_program_says_what_it_lacks_and_never_that_anybody_qualifies(run, program):
    said = " ".join(put_to_program(program, run).sentences())
    assert "you qualif" not in said
    assert " is eligible" not in said
    assert "confirm with" in said or "cannot be told here. It needs" in said


def test_a_part_of_a_run_is_a_county_or_ids(run, result):
    county = str(result.table["county_name"].iloc[0])
    here = result.table[result.table["county_name"] == county]
    row = put_to_program("bead-2022", run, area=county).criteria.iloc[0]
    assert row["left_out_n"] == here["funded_n"].sum()
    first = result.table.index[0]
    row = put_to_program("bead-2022", run, area=f"{first}, {first[:5]}").criteria.iloc[0]
    assert row["tested_n"] + row["unknown_n"] == (result.table.index.str[:5] == first[:5]).sum()
    with pytest.raises(EquityError, match=re.escape(f"did you mean {county}")):
        put_to_program("forhp", run, area=county + "x")


def asked(*arguments):
    return CliRunner().invoke(app, ["program", *map(str, arguments)])


def test_the_command_lists_what_is_unverified():
    answer = asked("--list")
    assert answer.exit_code == 0
    for name in list_program_rules():
        assert name in answer.output
    line = next(one for one in answer.output.splitlines() if "High-cost area" in one)
    assert line.endswith("[unverified]")


def test_the_command_takes_sites_and_a_grant(run, tmp_path):
    path = tmp_path / "sites.csv"
    path.write_text(
        "site,role,place_population_n,saipe_poverty_share,is_beside_urban_area\n"
        "A,end-user,3000,0.31,false\nB,both,7500,0.31,false\nC,end-user,12000,0.12,no\n"
        "D,end-user,26000,0.09,false\nE,hub,90000,0.01,true\n"
    )
    answer = asked("dlt-2020", run, "--sites", path)
    assert "22.5 points by the published table as of 2021-04-01" in answer.output
    assert "20 points by the published table" in answer.output
    answer = asked("dlt-fy2025", run, "--sites", path, "--grant", "100000")
    assert "3 of 4 sites" in answer.output
    assert "Match: 15,000 dollars" in answer.output


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("site,place_population_n\n,5\n", "has no name"),
        ("site,place_population_n\nA,5\nA,6\n", "has no name, or one that another has"),
        ("place_population_n\n5\n", "no column names the sites"),
        ("site,place_population_n\nA,few\n", "holds 'few' where a number belongs"),
        ("site,geoid\nA,51\n", "51"),
    ],
)
def test_a_wrong_list_of_sites_is_one_clear_error(run, tmp_path, text, says):
    path = tmp_path / "sites.csv"
    path.write_text(text)
    with pytest.raises(EquityError, match=says):
        put_to_program("dlt-2020", run, sites=path)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('as_of = "2026-01-31"', "", r"funded\.0\.as_of: is missing"),
        ('file = "bead.csv"', 'file = "live:saipe"', "not read here.*live:funding-map"),
        ('agency = "State office"', 'office = "State office"', "office"),
        ('agency = "State office"', 'level = "place"', "'location', 'block'"),
    ],
)
def test_a_typo_in_a_list_of_what_is_funded_names_the_line(example, tmp_path, old, new, says):
    text = example.study.read_text(encoding="utf-8") + FUNDED
    path = tmp_path / "study.toml"
    path.write_text(text.replace(old, new))
    with pytest.raises(StudyError, match=says):
        Study.load(path)


def test_no_program_and_no_run_is_told_how():
    answer = asked("bead-2025")
    assert isinstance(answer.exception, EquityError)
    assert "equity program --list" in str(answer.exception)
