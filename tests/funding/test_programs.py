"""Program tests: the oracles, every criterion at its cut and on both sides, and what is said."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from equity import evaluate_program
from equity.errors import (
    ArgumentError,
    EquityError,
    GeoidError,
    InputError,
    MissingColumnError,
    VintageError,
)
from equity.rules.program_rule import list_program_rules, load_program_rule

TRACTS = ["51001090101", "51001090102", "51003010100"]


def areas(**columns):
    n = len(next(iter(columns.values())))
    return pd.DataFrame(columns, index=pd.Index(TRACTS[:n], name="geoid"))


def lines(unserved, underserved, other):
    return areas(
        locations_n=[float(unserved + underserved + other)],
        unserved_n=[float(unserved)],
        underserved_n=[float(underserved)],
    )


def bead(table, program="bead-2025", **options):
    day = load_program_rule(program).last_read
    given = {"as_of": day, "coverage_rule": program} | options
    return evaluate_program(table, program, **given)


def dlt(sites, program="dlt-2020", **options):
    day = load_program_rule(program).last_read
    table = options.pop("table", areas(population_n=[1.0]))
    return evaluate_program(table, program, as_of=day, sites=sites, **options)


# --- the oracles -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def oracles(shared_data):
    path = Path(shared_data).parent / "reference" / "oracles" / "programs.json"
    if not path.is_file():
        pytest.skip("the oracles of programs are not here")
    return {case["id"]: case for case in json.loads(path.read_text())["cases"]}


def test_every_oracle_of_programs_is_held(oracles):
    said = {
        "dlt_2020_rurality_four_sites": _rurality,
        "dlt_2020_economic_need_four_sites": _need,
        "dlt_2020_bin_edges": _edges,
        "bead_project_80_percent": _eighty,
        "bead_underserved_project_counts_both": _both,
        "dlt_match_of_the_grant": _match,
    }
    assert set(oracles) == set(said)
    for name, check in said.items():
        check(oracles[name]["inputs"], oracles[name]["expected"])


def _rurality(given, expected):
    test = dlt(pd.DataFrame({"place_population_n": given["place_population"]}), missing="say")
    assert test.each["rurality"].tolist() == expected["points_per_site"]
    assert test.criteria.loc["rurality", "points"] == expected["score"]


def _need(given, expected):
    test = dlt(pd.DataFrame({"saipe_poverty_share": given["county_saipe_share"]}), missing="say")
    row = test.criteria.loc["economic_need"]
    assert row["value"] == pytest.approx(expected["mean_share"], rel=1e-12)
    assert row["points"] == expected["score"]


def _edges(given, expected):
    rural = dlt(pd.DataFrame({"place_population_n": given["place_population"]}), missing="say")
    assert rural.each["rurality"].tolist() == expected["rurality_points"]
    points = [
        dlt(pd.DataFrame({"saipe_poverty_share": [share]}), missing="say").criteria
        .loc["economic_need", "points"]
        for share in given["county_saipe_share"]
    ]  # fmt: skip
    assert points == expected["economic_points"]


def _eighty(given, expected):
    counts = given["location_counts"]
    row = bead(lines(counts["unserved"], 0, counts["other"])).criteria.loc["unserved_project"]
    assert row["value"] == pytest.approx(expected["unserved_share"], rel=1e-12)
    assert row["met"] is np.True_ or bool(row["met"]) == expected["is_unserved_project"]
    below = expected["just_below"]
    row = bead(lines(below["unserved"], 0, below["other"])).criteria.loc["unserved_project"]
    assert bool(row["met"]) == below["is_unserved_project"]


def _both(given, expected):
    test = bead(lines(given["unserved"], given["underserved"], given["other"]))
    found = test.criteria["met"]
    assert bool(found["unserved_project"]) == expected["unserved_project"]
    assert bool(found["underserved_project"]) == expected["underserved_project"]


def _match(given, expected):
    match, part = load_program_rule("dlt-fy2025").match(given["grant_usd"])
    assert match == expected["match_usd"]
    assert part == pytest.approx(expected["share_of_total"], rel=1e-12)


# --- every criterion, at its cut and on both sides -----------------------------------------------

RURAL = {"is_beside_urban_area": ["false"]}
CASES = {
    ("bead-statute", "unserved_project"): [(lines(79, 0, 21), 0), (lines(80, 0, 20), 1), (lines(81, 0, 19), 1)],
    ("bead-2022", "unserved_project"): [(lines(79, 0, 21), 0), (lines(80, 0, 20), 1), (lines(81, 0, 19), 1)],
    ("bead-2025", "unserved_project"): [(lines(79, 0, 21), 0), (lines(80, 0, 20), 1), (lines(81, 0, 19), 1)],
    ("bead-statute", "underserved_project"): [(lines(0, 79, 21), 0), (lines(20, 60, 20), 1), (lines(40, 41, 19), 1)],
    ("bead-2022", "underserved_project"): [(lines(0, 79, 21), 0), (lines(20, 60, 20), 1), (lines(40, 41, 19), 1)],
    ("bead-2025", "underserved_project"): [(lines(0, 79, 21), 0), (lines(20, 60, 20), 1), (lines(40, 41, 19), 1)],
    ("reconnect-5", "sufficient_access"): [(lines(89, 0, 11), 0), (lines(90, 0, 10), 1), (lines(91, 0, 9), 1)],
    ("bead-high-cost", "high_cost"): [(areas(high_cost_block_groups_n=[n]), n >= 1) for n in (0.0, 1.0, 2.0)],
    ("hpsa", "hpsa_pc"): [(areas(hpsa_pc_status=[s]), s == "designated") for s in ("not_designated", "designated", "partly_designated")],
    ("hpsa", "hpsa_mh"): [(areas(hpsa_mh_status=[s]), s == "designated") for s in ("not_designated", "designated", "partly_designated")],
    ("mua", "mua"): [(areas(mua_status=[s]), s == "designated") for s in ("not_designated", "designated")],
    ("dlt-fy2025", "rural_site"): [(pd.DataFrame({"place_population_n": [n], **RURAL}), n <= 20_000) for n in (19_999, 20_000, 20_001)]
    + [(pd.DataFrame({"place_population_n": [100], "is_beside_urban_area": ["true"]}), 0)],
    ("dlt-fy2026", "rural_site"): [(pd.DataFrame({"place_population_n": [n], **RURAL}), n <= 20_000) for n in (19_999, 20_000, 20_001)],
    ("dlt-fy2025", "grant"): [(g, 50_000 <= g <= 1_000_000) for g in (49_999, 50_000, 50_001, 999_999, 1_000_000, 1_000_001)],
    ("dlt-fy2026", "grant"): [(g, 50_000 <= g <= 750_000) for g in (49_999, 50_000, 50_001, 749_999, 750_000, 750_001)],
    ("fcc-rhc", "rural_area"): [
        (pd.DataFrame({"is_in_cbsa": ["false"], "cbsa_urban_area_n": [None], "tract_urban_area_n": [90_000]}), 1),
        *((pd.DataFrame({"is_in_cbsa": ["true"], "cbsa_urban_area_n": [n], "tract_urban_area_n": [90_000]}), n < 25_000) for n in (24_999, 25_000, 25_001)),
        *((pd.DataFrame({"is_in_cbsa": ["true"], "cbsa_urban_area_n": [90_000], "tract_urban_area_n": [n]}), n <= 25_000) for n in (24_999, 25_000, 25_001)),
    ],
    ("forhp", "rural_area"): [
        (areas(is_rural_forhp=[True], ruca_primary=[1.0]), 1),
        *((areas(is_rural_forhp=[False], ruca_primary=[float(n)], land_km2=[10.0], population_n=[900.0], road_ruggedness=[1.0]), n >= 4) for n in (1, 3, 4, 10)),
        # 400 square miles are 1,035.995 km2; 14,000 people on them are 35 a square mile.
        *((areas(is_rural_forhp=[False], ruca_primary=[float(c)], land_km2=[k], population_n=[p], road_ruggedness=[1.0]), ok)
          for c, k, p, ok in ((3, 1035.9952441344, 14_000.0, 1), (2, 1035.9952441344, 14_000.0, 1), (1, 1035.9952441344, 14_000.0, 0),
                              (3, 1035.9, 13_000.0, 0), (3, 1035.9952441344, 14_001.0, 0), (3, 1036.0, 13_999.0, 1))),
        *((areas(is_rural_forhp=[False], ruca_primary=[float(c)], land_km2=[k], population_n=[1e5], road_ruggedness=[float(r)]), ok)
          for c, k, r, ok in ((3, 51.79976220672, 5, 1), (3, 51.79, 5, 0), (3, 60.0, 4, 0), (2, 60.0, 5, 1), (1, 60.0, 5, 0))),
    ],
}  # fmt: skip


def test_every_criterion_that_is_met_or_not_is_tried():
    tried = {
        (name, c.key)
        for name in list_program_rules()
        for c in load_program_rule(name).criteria
        if not c.points
    }
    assert tried == set(CASES)


@pytest.mark.parametrize(
    ("program", "key", "given", "expected"),
    [(*what, given, bool(met)) for what, cases in CASES.items() for given, met in cases],
)
def test_at_the_cut_just_below_and_just_above(program, key, given, expected):
    rule = load_program_rule(program)
    unit = next(c.unit for c in rule.criteria if c.key == key)
    options = {"as_of": rule.last_read, "coverage_rule": rule.coverage, "missing": "say"}
    table = given if unit == "area" else areas(population_n=[1.0])
    if unit == "site":
        options["sites"] = given
    if unit == "project":
        options["grant_usd"] = float(given)
    found = evaluate_program(table, program, **options)
    row = found.criteria.loc[key]
    assert bool(row["met"]) == expected
    said = next(s for s in found.sentences() if s.startswith(row["label"]))
    assert f"published test as of {rule.last_read}" in said
    assert "confirm with" in said
    assert row["citation"] in said
    assert "eligible:" not in said


def test_floating_point_decides_nothing():
    """1 - 0.9 is at least 0.10, and three times 0.1 is 0.3."""
    sites = pd.DataFrame({"saipe_poverty_share": [1 - 0.9, 0.1, 0.1]})
    assert dlt(sites, missing="say").criteria.loc["economic_need", "points"] == 10
    sites = pd.DataFrame({"saipe_poverty_share": [0.1 * 3, 0.3, 0.3]})
    assert dlt(sites, missing="say").criteria.loc["economic_need", "points"] == 30


# --- what is already funded ---------------------------------------------------------------------


def funded(**more):
    table = areas(
        locations_n=[60.0, 40.0], unserved_n=[50.0, 30.0], underserved_n=[10.0, 0.0],
        funded_n=[20.0, 0.0], unserved_unfunded_n=[30.0, 30.0],
        underserved_unfunded_n=[10.0, 0.0], funded_status=["ok", "ok"],
    )  # fmt: skip
    return table.assign(**more)


def test_what_a_commitment_covers_is_left_out_and_counted():
    row = bead(funded()).criteria.loc["unserved_project"]
    assert row["value"] == 60 / 80
    assert row["left_out_n"] == 20
    assert "20 locations that an enforceable commitment already covers are left out" in row["note"]
    assert not bool(row["met"]), "80 of 100 would have met it"
    assert bead(funded()).criteria.loc["underserved_project", "value"] == 70 / 80


@pytest.mark.parametrize(
    "table",
    [
        funded(funded_status=["by_area", "ok"]),
        funded().drop(columns="funded_status"),  # as a table that was added up
    ],
)
def test_a_match_by_area_that_two_ends_decide_differently_cannot_be_told(table):
    test = bead(table)
    row = test.criteria.loc["unserved_project"]
    assert pd.isna(row["met"])
    assert pd.isna(row["value"])
    assert row["value_text"].startswith("75.0 % to 87.5 %: 60 to 70 of 80 are unserved")
    assert "which are funded is not known" in row["note"]
    assert "the test cannot be told (75.0 % to 87.5 %" in test.sentences()[0]


def by_hand(table):
    """Try every allocation of the funded of one area: which shares can be left."""
    whole, unserved, under, listed = (int(n) for n in table.iloc[0, :4])
    other = whole - unserved - under
    left = [
        (unserved - u, unserved - u + under - v)
        for u in range(unserved + 1)
        for v in range(under + 1)
        if 0 <= listed - u - v <= other
    ]
    return [{pair[i] / (whole - listed) >= 0.8 for pair in left} for i in (0, 1)]


@pytest.mark.parametrize(
    ("whole", "unserved", "under", "listed"),
    [(100, 50, 50, 50), (20, 18, 2, 10), (20, 2, 2, 4), (20, 19, 1, 2), (20, 14, 3, 9), (20, 9, 9, 1)],
)  # fmt: skip
def test_the_two_ends_are_those_of_every_way_to_fund(whole, unserved, under, listed):
    table = areas(
        locations_n=[whole], unserved_n=[unserved], underserved_n=[under], funded_n=[listed],
        unserved_unfunded_n=[max(unserved - listed, 0)], underserved_unfunded_n=[0],
        funded_status=["by_area"],
    )  # fmt: skip
    for said, met in zip(by_hand(table), bead(table).criteria["met"], strict=True):
        assert pd.isna(met) if len(said) == 2 else said == {bool(met)}


def test_funded_beyond_an_area_s_locations_takes_none_of_another_s():
    table = areas(
        locations_n=[100.0, 10.0], unserved_n=[70.0, 0.0], underserved_n=[0.0, 0.0],
        funded_n=[0.0, 60.0], unserved_unfunded_n=[70.0, 0.0],
        underserved_unfunded_n=[0.0, 0.0], funded_status=["ok", "by_area"],
    )  # fmt: skip
    row = bead(table).criteria.loc["unserved_project"]
    assert (row["value"], bool(row["met"]), row["left_out_n"]) == (0.7, False, 10)
    assert "1 area with more funded locations listed than locations: 50 are not" in row["note"]


def test_lines_of_another_rule_are_not_taken_for_the_programs():
    with pytest.raises(MissingColumnError, match='add "bead-2025" to rules'):
        bead(funded(), coverage_rule="fcc-25-3")
    # bead-2022 and fcc-25-3 put every location in the same class.
    row = bead(funded(), "bead-2022", coverage_rule="fcc-25-3").criteria.iloc[0]
    assert row["value"] == 60 / 80
    apart = funded(unserved_n__bead_2025=[6.0, 4.0], underserved_n__bead_2025=[0.0, 0.0])
    row = bead(apart, coverage_rule="fcc-25-3").criteria.iloc[0]
    assert row["value"] == 10 / 100
    assert "not known under this rule" in row["note"]


def test_a_table_of_other_technologies_says_so():
    table = lines(80, 0, 20).assign(coverage_status=["other_technologies"])
    assert "other technologies" in bead(table).criteria.iloc[0]["note"]


def test_areas_without_a_count_are_in_neither_number():
    row = bead(funded(unserved_n=[50.0, None], unserved_unfunded_n=[30.0, None])).criteria.iloc[0]
    assert (row["value"], row["unknown_n"]) == (30 / 40, 1)
    nothing = funded(locations_n=[20.0, 0.0], funded_n=[20.0, 0.0], unserved_unfunded_n=[0.0, 0.0],
                     underserved_unfunded_n=[0.0, 0.0])  # fmt: skip
    row = bead(nothing).criteria.iloc[0]
    assert pd.isna(row["met"])
    assert "No location is left" in row["note"]


# --- margins and probabilities -------------------------------------------------------------------


def test_the_margin_is_the_distance_to_the_nearest_cut():
    row = bead(lines(75, 0, 25)).criteria.iloc[0]
    assert (row["next_cut"], row["margin"]) == (0.8, pytest.approx(-0.05))
    sites = pd.DataFrame({"place_population_n": [4900.0, 12_000.0]}, index=["Luray", "Grundy"])
    row = dlt(sites, missing="say").criteria.loc["rurality"]
    assert (row["next_cut"], row["margin"]) == (5001, -101)
    assert "Nearest to a cut: Luray, 4,900 against 5,001" in row["note"]
    sites = pd.DataFrame({"saipe_poverty_share": [0.205]})
    row = dlt(sites, missing="say").criteria.loc["economic_need"]
    assert row["margin"] == pytest.approx(0.005)
    assert "Within 1 point of a cut" in row["note"]
    grant = dlt(sites, "dlt-fy2025", grant_usd=990_000.0, missing="say").criteria.loc["grant"]
    assert (grant["next_cut"], grant["margin"]) == (1_000_000, -10_000)


def test_the_probability_of_points_follows_from_the_margins():
    shares, moe = [0.22, 0.18], [0.0329, 0.0329]  # standard error 0.02 each
    sites = pd.DataFrame({"saipe_poverty_share": shares, "saipe_poverty_share_moe": moe})
    two = sites.assign(geoid=["51001090101", "51003010100"])
    table = areas(population_n=[1.0, 1.0, 1.0])
    found = [
        dlt(given, table=table, missing="say").criteria.loc["economic_need", "probability"]
        for given in (two, two.assign(geoid="51001090101"), sites)
    ]
    for got, error in zip(found, (0.02 / np.sqrt(2), 0.02, 0.02), strict=True):
        expected = norm.cdf(0.30, 0.20, error) - norm.cdf(0.20, 0.20, error)
        assert got == pytest.approx(expected, abs=1e-9)
    sure = dlt(sites.assign(saipe_poverty_share_moe=0.0), missing="say")
    assert sure.criteria.loc["economic_need", "probability"] == 1.0
    none = dlt(sites.drop(columns="saipe_poverty_share_moe"), missing="say")
    assert np.isnan(none.criteria.loc["economic_need", "probability"])


def test_a_single_area_near_a_cut_has_a_probability():
    from dataclasses import replace

    rule = load_program_rule("bead-high-cost")
    table = areas(high_cost_block_groups_n=[2.0], high_cost_block_groups_n_moe=[1.645])
    row = evaluate_program(table, replace(rule), as_of=rule.last_read).criteria.iloc[0]
    assert row["probability"] == pytest.approx(norm.sf(-1.0))
    assert row["margin"] == 1.0


# --- sites ---------------------------------------------------------------------------------------


def test_a_hub_without_end_users_does_not_count():
    sites = pd.DataFrame({"place_population_n": [300, 30_000], "role": ["end-user", " Hub "]})
    row = dlt(sites, missing="say").criteria.loc["rurality"]
    assert (row["points"], row["left_out_n"]) == (40, 1)
    assert "1 hub without end users left out" in row["note"]
    with pytest.raises(InputError, match="no end-user site"):
        dlt(sites.assign(role="hub"))


def test_a_site_takes_what_it_does_not_tell_from_its_area():
    table = areas(saipe_poverty_share=[0.31, 0.11, 0.2], saipe_poverty_share_moe=[0.01, 0.02, 0.1])
    sites = pd.DataFrame({"place_population_n": [10, 10], "geoid": ["51001090101", "51001090102"]})
    row = dlt(sites, table=table).criteria.loc["economic_need"]
    assert row["value"] == pytest.approx(0.21)
    # Both lie in one county: their errors are one.
    error = (0.01 + 0.02) / 2 / 1.645
    assert row["probability"] == pytest.approx(
        norm.cdf(0.3, 0.21, error) - norm.cdf(0.2, 0.21, error)
    )
    with pytest.raises(GeoidError, match="not in the table"):
        dlt(sites.assign(geoid="51999999999"), table=table)


def test_a_site_without_a_value_leaves_the_mean_untold():
    sites = pd.DataFrame({"place_population_n": [10, None], "saipe_poverty_share": [0.3, None]})
    test = dlt(sites)
    assert test.criteria["points"].isna().all()
    assert test.criteria["unknown_n"].tolist() == [1, 1]
    assert "the test cannot be told for all of it" in " ".join(test.sentences())


def test_limbs_without_their_metric_are_named_and_nothing_is_guessed():
    test = evaluate_program(areas(is_rural_forhp=[True, False]), "forhp", as_of="2025-01-01")
    row = test.criteria.iloc[0]
    assert test.each["rural_area"].tolist()[0] is True
    assert pd.isna(test.each["rural_area"].iloc[1])
    assert pd.isna(row["met"])
    assert "Not tested, for want of its metrics: commuting-area code 4 to 10" in row["note"]


def test_areas_that_meet_are_told_with_their_residents():
    table = areas(hpsa_pc_status=["designated", "not_designated"], population_n=[300.0, 100.0])
    row = evaluate_program(table, "hpsa", as_of="2026-11-23", missing="say").criteria.loc["hpsa_pc"]
    assert row["value_text"] == "1 of 2 areas, with 75.0 % of the residents"
    assert (row["met_n"], row["tested_n"]) == (1, 2)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["designated", "not_designated", "designated"], "part meets the published test as of 2026-11-23 and part does not"),
        (["designated", "not_designated", "not_covered"], "the test cannot be told for all of it"),
        (["designated", "designated", None], "the test cannot be told for all of it"),
        (["designated"] * 3, "meets the published test as of"),
    ],
)  # fmt: skip
def test_part_that_meets_and_part_that_does_not_is_fully_known(words, says):
    test = evaluate_program(areas(hpsa_pc_status=words), "hpsa", as_of="2026-11-23", missing="say")
    assert f": {says}" in test.sentences()[0]


# --- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "program"),
    [("2025-06-05", "bead-2025"), ("2025-06-06", "bead-2022"), ("2024-05-22", "reconnect-5"), ("2019-09-30", "dlt-2020")],
)  # fmt: skip
def test_a_day_outside_the_rules_days_is_refused_with_one_inside(day, program):
    with pytest.raises(VintageError, match=f"not on {day}") as caught:
        bead(lines(1, 0, 0), program, as_of=day, coverage_rule="bead-2025")
    assert load_program_rule(program).last_read in caught.value.fix
    assert "as_of" not in str(caught.value)  # the command's --as-of says the same


@pytest.mark.parametrize(
    ("call", "kind", "says"),
    [
        (lambda: bead(lines(1, 0, 0), as_of="soon"), InputError, "no day"),
        (lambda: bead(areas(population_n=[1.0])), MissingColumnError, "asks for unserved_n, locations_n"),
        (lambda: dlt(None), MissingColumnError, "asks for place_population_n.*--sites"),
        (lambda: dlt(pd.DataFrame({"place_population_n": [-1], "saipe_poverty_share": [0.1]})), InputError, "holds -1"),
        (lambda: dlt(pd.DataFrame({"place_population_n": [1], "saipe_poverty_share": [19.5]})), InputError, "0.195 for 19.5 %"),
        (lambda: dlt(pd.DataFrame({"place_population_n": ["few"], "saipe_poverty_share": [0.1]})), InputError, "holds words"),
        (lambda: dlt(pd.DataFrame({"place_population_n": [1, 2]}, index=["a", "a"])), InputError, "more than once"),
        (lambda: bead(lines(10, 0, 0).assign(unserved_n=50.0)), InputError, "unserved_n are more than locations_n"),
        (lambda: bead(lines(50, -3, 10)), InputError, "underserved_n of the areas holds -3"),
        (lambda: dlt(None, "dlt-fy2025", grant_usd=float("nan"), missing="say"), InputError, "a grant of nan"),
        (lambda: dlt(None, "dlt-2020", grant_usd=-5.0, missing="say"), InputError, "a grant of -5"),
        (lambda: dlt(pd.DataFrame({"place_population_n": [1], "is_beside_urban_area": ["maybe"]}), "dlt-fy2026"), InputError, "is_beside_urban_area of the sites holds 'maybe'"),
        (lambda: evaluate_program(areas(is_rural_forhp=["maybe"], ruca_primary=[99]), "forhp", as_of="2025-01-01"), InputError, "is_rural_forhp of the areas holds 'maybe'"),
        (lambda: evaluate_program(areas(mua_status=["xx"]), "mua", as_of="2026-11-23"), InputError, "mua_status of the areas holds 'xx'.*not_designated"),
        (lambda: dlt(pd.DataFrame({"place_population_n": [1], "role": ["Hub site"]})), InputError, "role of the sites holds 'Hub site'.*end-user"),
        (lambda: evaluate_program(areas(mua_status=["designated"]), "mua", as_of="2099-01-01"), InputError, "a day to come"),
        (lambda: bead(lines(1, 0, 0), missing="skip"), ArgumentError, '"raise" or "say"'),
        (lambda: evaluate_program(lines(1, 0, 0), "bead-20255", as_of="2026-01-01"), InputError, "but 'bead-2025'"),
    ],
)  # fmt: skip
def test_one_clear_error_each(call, kind, says):
    with pytest.raises(kind, match=says) as caught:
        call()
    assert isinstance(caught.value, EquityError)
    assert "\n" not in str(caught.value)


def test_a_missing_metric_is_said_in_its_place_with_where_to_get_it():
    test = dlt(None, missing="say")
    said = test.sentences()[0]
    assert "cannot be told here. It needs people of the place" in said
    assert "place_population_n" in said
    assert "read second hand" in said


def test_unverified_is_printed():
    test = evaluate_program(
        areas(high_cost_block_groups_n=[1.0]), "bead-high-cost", as_of="2026-01-01"
    )
    assert "unverified: recalled only" in test.sentences()[0]
    assert "USDA" not in repr(test)
    assert repr(test).startswith("<ProgramTest BEAD, high-cost areas")


def test_the_match_and_a_later_day_are_said():
    test = dlt(None, "dlt-fy2025", grant_usd=100_000.0, missing="say")
    assert (
        "Match: 15,000 dollars, 15 % of the grant requested (13.0 % of the two together)."
        in test.notes
    )
    late = evaluate_program(areas(mua_status=["designated"]), "mua", as_of="2026-11-24")
    assert "The text was last read on 2026-11-23: look for a later one." in late.notes
