"""The main job on real files: Delaware and Virginia through the very same run."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numbers_said import without_a_cell

import equity as eq
from equity.areas.aggregate import roll_up
from equity.funding.costs import made_up_costs
from equity.measures.gap import SPLIT
from equity.provenance import meta
from equity.study.run import Study

HERE = Path(__file__).parent
pytestmark = pytest.mark.real


def study_of(name: str, shared_data: Path, folder: Path) -> Study:
    """The study file beside this test, with its paths pointed at the real data wherever it is."""
    text = (HERE / f"{name}.toml").read_text(encoding="utf-8")
    path = folder / "study.toml"
    path.write_text(text.replace("../../../shared/data", shared_data.as_posix()), encoding="utf-8")
    return Study.load(path)


@pytest.fixture(scope="module")
def delaware(shared_data, tmp_path_factory):
    return study_of("delaware", shared_data, tmp_path_factory.mktemp("delaware")).run()


@pytest.fixture(scope="module")
def virginia(shared_data, tmp_path_factory):
    return study_of("virginia", shared_data, tmp_path_factory.mktemp("virginia")).run()


@pytest.fixture(params=["delaware", "virginia"])
def result(request):
    return request.getfixturevalue(request.param)


def test_delaware_s_locations_and_tracts(delaware):
    # FCC BDC as republished by Esri: 405,915 locations, 3,969 unserved.
    table = delaware.table
    assert table["locations_n"].sum() == 405_915
    assert table["unserved_n"].sum() / table["locations_n"].sum() == pytest.approx(0.0098, abs=5e-5)
    assert len(table) == 262
    assert table.geometry.notna().sum() == 259


def test_virginia_s_locations_and_tracts(virginia):
    # 2,911,038 locations, 247,508 unserved.
    table = virginia.table
    assert table["locations_n"].sum() == 2_911_038
    assert table["unserved_n"].sum() / table["locations_n"].sum() == pytest.approx(0.0850, abs=5e-5)
    assert len(table) == 2_198
    assert table.geometry.notna().sum() == 2_186


def test_areas_without_a_polygon_are_water_and_said_so(result):
    without = result.table[result.table.geometry.isna()]
    assert (without["area_status"] == "water").all()
    assert (without["population_n"] == 0).all()
    unranked = result.report().unranked
    assert unranked.loc[without.index, "reason"].str.contains("water").all()


def test_classes_add_up_in_every_tract(result):
    table = result.table
    parts = table["served_n"] + table["underserved_n"] + table["unserved_n"]
    assert (parts == table["locations_n"]).all()


@pytest.mark.parametrize("suffix", ["", "__video_visit", "__fcc_706_2024"])
def test_the_parts_are_the_gap_in_tracts_and_counties(result, suffix):
    columns = [f"{name}{suffix}" for name in ("gap_n", *SPLIT)]
    tracts = result.table[columns].dropna()
    for areas in (tracts, tracts.groupby(tracts.index.str[:5]).sum()):
        np.testing.assert_allclose(
            areas[columns[1:]].sum(axis=1), areas[columns[0]], rtol=1e-9, atol=1e-9
        )


def test_nobody_is_ranked_without_a_value(result):
    report = result.report()
    ranked = {*report.focus, *report.others}
    assert ranked.isdisjoint(report.unranked.index)
    assert ranked | set(report.unranked.index) == set(result.table.index)
    assert (result.table.loc[list(ranked), "population_n"] > 0).all()


def reaches(share):
    """At the cut is at the cut, whatever its last digit: 1 - 0.9 is 10 %."""
    return share >= 0.10 * (1 - 1e-9)


def test_who_comes_first_meets_the_criteria(virginia):
    table = virginia.table.loc[list(virginia.report().focus)]
    met = (
        (table["median_household_income_usd"] <= 60_000).astype(int)
        + reaches(table["uninsured_share"]).astype(int)
        + reaches(table["no_vehicle_share"]).astype(int)
    )
    assert len(table) > 0
    assert (met >= 2).all()
    assert (table["under_resourced_reason"] != "").all()


def test_the_counties_of_virginia_are_all_there_and_add_up_to_the_state(virginia):
    table = virginia.table
    county = roll_up(table, "county")
    assert len(county) == 133
    assert county["gap_n"].notna().sum() == 133
    assert county["gap_n"].sum() == pytest.approx(table["gap_n"].sum(), rel=1e-12)
    assert county["population_n"].sum() == table["population_n"].sum()
    # 30 tracts without people; 9 with people and no value, in 8 counties.
    without = table["gap_n"].isna()
    assert (without & (table["population_n"] == 0)).sum() == 30
    assert (without & (table["population_n"] > 0)).sum() == 9
    assert county["gap_n_status"].value_counts().to_dict() == {"ok": 125, "partial": 8}
    assert roll_up(table, "county", unknown="missing")["gap_n"].isna().sum() == 8
    covered = table[~without]
    state = roll_up(table, "state")
    rate = covered["gap_n"].sum() / covered["population_n"].sum()
    assert state["gap_share"].item() == pytest.approx(rate, rel=1e-12)
    notes = " ".join(meta(county).notes)
    assert "30 areas where nobody lives have no value and count as none" in notes
    assert "9 areas with 24,618 people have no " in notes
    assert "left behind, as they do not add up: uninsured_share" in notes
    # Homes without a vehicle are a share of homes, whose count is there.
    homes = table["households_n"].where(table["no_vehicle_share"].notna())
    there = (homes * table["no_vehicle_share"]).groupby(table.index.str[:5]).sum()
    expected = there / homes.groupby(table.index.str[:5]).sum()
    np.testing.assert_allclose(county["no_vehicle_share"], expected[county.index])


def test_cut_offs_are_met_in_spite_of_floating_point(virginia):
    table = virginia.table

    def met(reach):
        low = table["median_household_income_usd"] <= 60_000
        shares = (reach(table[c]) for c in ("uninsured_share", "no_vehicle_share"))
        return (low + sum(f.astype(int) for f in shares) >= 2) & (table["population_n"] > 0)

    bare, held = met(lambda v: v >= 0.10), met(reaches)
    assert (bare.sum(), held.sum()) == (324, 326)
    assert table.index[held & ~bare].tolist() == ["51019030603", "51165011700"]


def test_hanover_subscribes_to_what_the_rule_does_not_count(virginia):
    # The design's example: nearly every home subscribes, a third of locations has a line.
    tracts = virginia.table[virginia.table.index.str.startswith("51085")]
    rural = tracts[tracts["qualifying_share"] < 0.5]
    assert len(rural) > 0
    assert (rural["subscribed_beyond_rule_share"] > 0.3).all()


def test_every_number_of_delaware_s_finding_stands_in_a_table(delaware):
    assert without_a_cell(delaware.report()) == []


def test_a_strict_rule_says_what_it_cannot_tell(delaware):
    # Delaware's percentages do not tell kinds of subscription apart: unknown, not zero.
    assert delaware.table["gap_n__fcc_706_2024"].isna().all()
    assert "cannot be computed" in delaware.report().by_rule.loc["fcc-706-2024", "note"]


def test_every_file_is_written(virginia, tmp_path):
    folder = virginia.write(tmp_path / "virginia")
    names = {path.name for path in folder.iterdir()}
    assert {
        "index.html", "map.html", "communities.csv", "communities.parquet", "communities.gpkg",
        "communities.xlsx", "appendix.pdf", "appendix.docx", "provenance.json", "study.toml",
    } <= names  # fmt: skip
    written = pd.read_parquet(folder / "communities.parquet")
    assert written["locations_n"].sum() == 2_911_038
    assert (folder / "index.html").stat().st_size < 8_000_000


def test_virginia_s_plan_is_near_the_best_and_lines_alone_earn_no_more_than_lack_only_a_line(
    virginia,
):
    suffix = "__fcc_706_2024"
    shares = (
        "qualifying_share",
        "connected_share",
        "subscription_share",
        "gap_line_only_n",
        "gap_n",
    )
    table = virginia.table.assign(**{name: virginia.table[f"{name}{suffix}"] for name in shares})
    table["qualifying_n"] = table["locations_n"] * table["qualifying_share"]
    candidates = eq.draw_up_projects(table, made_up_costs())
    lines = candidates[candidates["fixes"] == "line"]
    alone = eq.portfolio(table, lines, budget_usd=1e12)
    # Where a line brings in less than half a person, none is drawn up.
    somebody = table["gap_line_only_n"] >= 0.5
    assert alone.people_n == pytest.approx(table.loc[somebody, "gap_line_only_n"].sum())
    assert alone.people_n <= table["gap_line_only_n"].sum()
    # The part that was once called infrastructure holds eight times as many.
    without_line = (
        table["population_n"] * table["beyond_reach_share"] * (1 - table["qualifying_share"])
    )
    assert without_line.sum() > 8 * alone.people_n
    started = time.process_time()
    plan = eq.portfolio(table, candidates, budget_usd=20e6, gap=1e-3)
    assert time.process_time() - started < 60
    assert plan.gap <= 1e-3
    assert plan.spent_usd <= 20e6
    left = eq.scenario(
        table,
        line=plan.areas["plan_fixes"].str.contains("line").astype(float),
        home=plan.areas["plan_fixes"].str.contains("home").astype(float),
    )
    assert -left.counts.loc["gap_n", "change"] == pytest.approx(plan.people_n)
