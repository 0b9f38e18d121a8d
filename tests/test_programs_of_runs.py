"""A study with lists of what is funded, and its run put to a program from the command line."""

from __future__ import annotations

import hashlib
import re
from types import SimpleNamespace

import pandas as pd
import pytest
from docx import Document
from typer.testing import CliRunner

from equity import StudyResult, evaluate_program, location_table, read_bdc
from equity.cli import app
from equity.errors import EquityError, StudyError
from equity.example.state import write_example
from equity.measures.lines import coverage
from equity.outputs.appendix import programs_of
from equity.rules.program_rule import list_program_rules, load_program_rule
from equity.study.places import columns_of_criteria, places
from equity.study.program import put_to_program
from equity.study.run import Study
from equity.study.runs import read_run

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


APPLICATION = """
[application]
programs = ["usda-dlt"]
sites = "sites.csv"
grant_usd = 400000
"""
SITES = (
    "site,role,place,place_population_n,saipe_poverty_share,is_beside_urban_area\n"
    "Hill Clinic,end-user,Hill,3000,0.31,false\nDale Clinic,both,Dale,7500,0.31,false\n"
    "Mill Clinic,end-user,Mill,12000,0.12,no\nPort Clinic,end-user,Port,26000,0.09,false\n"
    "Big Hospital,hub,City,90000,0.01,true\n"
)


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
def passes():
    """How often the location files were read."""
    return []


@pytest.fixture(scope="module")
def result(example, single, passes) -> StudyResult:
    text = example.study.read_text(encoding="utf-8")
    rules = 'rules = ["video-visit", "fcc-25-3", "fcc-706-2024"]'
    assert rules in text
    path = example.root / "funded.toml"
    text = text.replace(rules, 'rules = ["fcc-25-3", "bead-2025"]')
    path.write_text(text + FUNDED + APPLICATION)
    (example.root / "sites.csv").write_text(SITES)
    with pytest.MonkeyPatch.context() as patch:
        read = coverage.reduce_all
        patch.setattr(coverage, "reduce_all", lambda *a, **k: passes.append(1) or read(*a, **k))
        return Study.load(path).run()


def test_location_files_are_read_once_for_areas_practices_and_what_is_funded(result, passes):
    assert result.table["unserved_funded_n"].sum() > 0
    assert len(passes) == 1


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
    # Exact, and said to be: a program's test of the counties decides as that of the tracts does.
    assert counties.loc[counties["funded_n"].notna(), "funded_status"].eq("ok").all()
    one, other = (
        evaluate_program(at, "bead-2022", as_of="2024-01-01", missing="say").criteria["value"]
        for at in (table, counties)
    )
    assert one.tolist() == pytest.approx(other.tolist(), nan_ok=True)


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
    # A place is called as `equity run --area` takes it: without "County", with its state.
    short = county.partition(" County")[0]
    for said in (short, f"{short} County", f"{short.upper()} county"):
        again = put_to_program("bead-2022", run, area=said).criteria.iloc[0]
        assert again["left_out_n"] == here["funded_n"].sum(), said
    with pytest.raises(EquityError, match=rf"is no county of .*did you mean {re.escape(county)}"):
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
    path.write_text(SITES)
    answer = asked("dlt-2020", run, "--sites", path)
    assert "22.5 points by the published table as of 2021-04-01" in answer.output
    assert "20 points by the published table" in answer.output
    answer = asked("dlt-fy2025", run, "--sites", path, "--grant", "100000")
    assert "3 of 4 sites" in answer.output
    assert "Match: 15,000 dollars" in answer.output


def test_sites_grant_and_programs_are_those_of_the_runs_application(run, tmp_path):
    answer = asked(run)
    assert answer.exit_code == 0, answer.output
    # Both rules of the appendix for usda-dlt, with its four end-user sites and its grant.
    for name in programs_of("usda-dlt"):
        assert load_program_rule(name).title in answer.output
    assert "3 of 4 sites" in answer.output
    assert "Match: 60,000 dollars" in answer.output
    path = tmp_path / "sites.csv"
    path.write_text("\n".join(SITES.splitlines()[:3]))
    answer = asked("usda-dlt", run, "--sites", path, "--grant", "100000")
    assert "2 of 2 sites" in answer.output
    assert "Match: 15,000 dollars" in answer.output


def test_a_run_that_kept_no_list_of_its_sites_says_so(run):
    past = read_run(run)
    old = past._replace(record={**past.record, "application": None})
    with pytest.raises(EquityError, match=r"sites\.csv, and kept none.*--sites"):
        put_to_program("dlt-2020", old)


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


def test_a_run_writes_the_appendix_of_the_program_with_the_applications_sites(run):
    read = Document(run / "appendix-usda-dlt.docx")
    cells = {cell.text for table in read.tables for row in table.rows for cell in row.cells}
    words = " ".join(cells)
    assert {"Hill Clinic", "Big Hospital"} <= cells
    assert "22.5 points" in words
    assert "$400,000\nagainst at least $50,000 and at most $750,000" in cells
    assert "3 of 4 sites" in words
    assert (run / "appendix-usda-dlt.pdf").read_bytes().startswith(b"%PDF")
    digest = hashlib.sha256((run / "study.toml").read_bytes()).hexdigest()
    assert any(digest in paragraph.text for paragraph in read.paragraphs)
    assert not (run / "appendix-usda-dlt-study.toml").exists()


def test_an_application_for_an_unknown_program_names_the_line(example, tmp_path):
    text = example.study.read_text(encoding="utf-8") + APPLICATION
    path = tmp_path / "study.toml"
    path.write_text(text.replace("usda-dlt", "usda-dtl"))
    with pytest.raises(StudyError, match=r"application\.programs: is 'usda-dtl'.*usda-dlt"):
        Study.load(path)


# --- the area as a form asks for it ---------------------------------------------------------------


def record(table, rest=None, level="tract", criteria=()):
    study = SimpleNamespace(level=level, title="All")
    judged = SimpleNamespace(criteria=criteria)
    plan = SimpleNamespace(study=study, under_resourced=judged)
    return SimpleNamespace(table=table, rest=rest, title="Two counties", plan=plan)


def tracts():
    ids = ["51001090101", "51001090102", "51003010100"]
    return pd.DataFrame(
        {
            "county_name": ["A County", "A", "B County"],
            "population_n": [100.0, 300.0, 600.0],
            "population_n_moe": [30.0, 40.0, 60.0],
            "land_km2": [10.0, 10.0, 20.0],
            "locations_n": [50.0, 150.0, 200.0],
            "unserved_n": [5.0, 15.0, 180.0],
            "households_n": [40.0, 60.0, 100.0],
            "no_vehicle_share": [0.5, 0.0, 0.1],
            "uninsured_share": [0.1, 0.2, None],
            "uninsured_share_moe": [0.05, 0.05, None],
            "nearest_site_min": [50.0, 20.0, 10.0],
            "hpsa_pc_status": ["designated", "not_designated", "designated"],
        },
        index=pd.Index(ids, name="geoid"),
    )


def test_places_are_the_sums_means_and_medians_that_a_hand_finds():
    asked = [
        "population_n", "people_per_mi2", "unserved_n", "unserved_share", "no_vehicle_share",
        "uninsured_share", "nearest_site_min", "hpsa_pc_designated_share", "veteran_share",
    ]  # fmt: skip
    frame = places(record(tracts(), rest=tracts().iloc[:1]), asked).set_index("name")
    assert frame.index.tolist() == ["Two counties", "A County", "B County", "Rest of All"]
    whole = frame.loc["Two counties"]
    assert whole["population_n"] == 1000
    assert whole["population_n_moe"] == pytest.approx((30**2 + 40**2 + 60**2) ** 0.5)
    assert whole["people_per_mi2"] == pytest.approx(1000 / (40 / 2.589988110336))
    assert whole["unserved_share"] == 200 / 400
    assert whole["no_vehicle_share"] == pytest.approx((0.5 * 40 + 0.0 * 60 + 0.1 * 100) / 200)
    assert whole["uninsured_share"] == pytest.approx((0.1 * 100 + 0.2 * 300) / 400)
    margin = ((0.05 * 100) ** 2 + (0.05 * 300) ** 2) ** 0.5 / 400
    assert whole["uninsured_share_moe"] == pytest.approx(margin)
    assert whole["nearest_site_min"] == 10  # 600 of 1,000 live ten minutes away
    assert frame.loc["A County", "nearest_site_min"] == 20
    assert whole["hpsa_pc_designated_share"] == 0.7
    assert pd.isna(whole["veteran_share"])
    assert frame.loc["Rest of All", "population_n"] == 100


def test_what_communities_are_judged_by_is_asked_of_places_too():
    table = tracts().assign(own_share=[0.2, 0.4, 0.1], own_share_moe=[0.1, 0.1, 0.1])
    empty = table.iloc[:1].set_axis(["51003990000"]).assign(population_n=0.0, own_share_moe=None)
    judged = [SimpleNamespace(column="own_share", short=None, label="at least 15 %")]
    found = record(pd.concat([table, empty]), criteria=judged)
    whole = places(found, ["population_n"]).iloc[0]
    assert whole["own_share"] == pytest.approx((0.2 * 100 + 0.4 * 300 + 0.1 * 600) / 1000)
    # A tract where nobody lives has no margin, and takes none away.
    margin = 0.1 * (100**2 + 300**2 + 600**2) ** 0.5 / 1000
    assert whole["own_share_moe"] == pytest.approx(margin)
    assert columns_of_criteria(found.plan) == {"own_share": "at least 15 %"}


def test_a_usable_link_has_the_margin_of_its_complement():
    # Where lines bind the share of one area has no margin; people without a link have one.
    table = tracts().assign(
        usable_link_share=[0.9, 0.8, None], usable_link_share_moe=[None, 0.1, None],
        no_link_n=[10.0, 60.0, 300.0], no_link_n_moe=[3.0, 30.0, 60.0],
    )  # fmt: skip
    frame = places(record(table), ["usable_link_share", "no_link_share"]).set_index("name")
    county = frame.loc["A County"]
    assert county["usable_link_share"] == pytest.approx((0.9 * 100 + 0.8 * 300) / 400)
    assert county["usable_link_share_moe"] == county["no_link_share_moe"] > 0
    assert pd.isna(frame.loc["B County", "usable_link_share"]), "at least so many lack it: a floor"


def test_many_counties_and_studies_of_counties_have_no_columns_of_their_own():
    table = pd.concat([tracts()] * 2).set_axis(
        [f"51{n:03d}010100" for n in (1, 3, 5, 7, 9, 11)], axis=0
    )
    assert len(places(record(table), ["population_n"])) == 1
    assert len(places(record(tracts(), level="county"), ["population_n"])) == 1


def test_no_program_and_no_run_is_told_how(example_run):
    for given in (["bead-2025"], [], [example_run]):  # the example applies for nothing
        answer = asked(*given)
        assert isinstance(answer.exception, EquityError)
        assert "equity program --list" in str(answer.exception)
