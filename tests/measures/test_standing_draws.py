"""How sure a standing is: what the draws say, what they leave out, and trials with a known truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom
from standing_trials import Case, calibration_of, coverage_of, delaware_case, example_case, trials

from equity.areas.schema import columns
from equity.errors import InputError, MissingColumnError
from equity.measures import draws
from equity.measures.draws import Lift, Travel, draw_recoverable, draw_standing
from equity.measures.gap import telehealth_gap, unknown_lines
from equity.measures.standing import Criterion, falls_short, standing, under_resourced
from equity.provenance import Source, meta, stamp

POOR = Criterion("poverty_share", at_least=0.2, short="in poverty")
INCOME = Criterion("median_household_income_usd", at_most=55_000.0)


def made(n=60, seed=1):
    rng = np.random.default_rng(seed)
    county = np.sort(rng.integers(0, 3, n))
    table = pd.DataFrame(
        {
            "population_n": rng.integers(800, 6000, n).astype(float),
            "population_n_moe": rng.uniform(100, 400, n),
            "beyond_reach_share": rng.uniform(0, 1, n),
            "qualifying_share": rng.uniform(0.5, 1, n),
            "connected_share": rng.uniform(0.5, 0.98, n),
            "connected_share_moe": rng.uniform(0.03, 0.1, n),
            "device_share": 1.0,
            "poverty_share": rng.uniform(0.05, 0.4, n),
            "poverty_share_moe": rng.uniform(0.03, 0.1, n),
            "median_household_income_usd": rng.uniform(30_000, 90_000, n),
            "median_household_income_usd_moe": rng.uniform(3_000, 9_000, n),
        },
        index=pd.Index([f"5100{1 + c}{i:06d}" for i, c in enumerate(county)], name="geoid"),
    )
    return stamp(table, level="tract", geo_vintage="2020", sources=[Source("a", "A", "P", "1")])


@pytest.fixture
def areas():
    return made()


def test_columns_index_and_record(areas):
    before = areas.copy()
    found = standing(areas, [POOR, INCOME], travel=Travel())
    assert list(found) == [
        "under_resourced_probability", "focus_probability", "gap_p05", "gap_p95", "tier",
    ]  # fmt: skip
    assert set(found) <= set(columns())
    assert found.index.equals(areas.index)
    assert meta(found).sources == meta(areas).sources
    pd.testing.assert_frame_equal(areas, before)
    chance = found["under_resourced_probability"]
    assert chance.between(0, 1).all()
    assert (found["focus_probability"] <= chance).all()
    assert (found["gap_p05"] <= found["gap_p95"]).all()
    words = found.groupby("tier")["focus_probability"].agg(["min", "max"])
    assert words.loc["very likely", "min"] >= 0.8
    assert words.loc["likely"].between(0.5, 0.8, inclusive="left").all()
    assert words.loc["", "max"] < 0.5


@settings(max_examples=8)
@given(st.permutations(range(40)), st.integers(0, 9))
def test_the_order_of_rows_changes_nothing_and_the_seed_everything(order, seed):
    table = made(40)
    how = {"draws": 50, "travel": Travel(common=0.3), "over_report": 0.05}
    one = standing(table, [POOR], seed=seed, **how)
    other = standing(table.iloc[list(order)], [POOR], seed=seed, **how)
    pd.testing.assert_frame_equal(other.loc[table.index], one)
    assert not standing(table, [POOR], seed=seed + 1, **how).equals(one)


def test_more_draws_begin_with_the_same_ones(areas):
    few, many = (draw_standing(areas, [POOR], draws=n) for n in (50, 70))
    for name, values in few.reflected.items():
        np.testing.assert_array_equal(values, many.reflected[name][:50])


def test_a_total_without_a_kink_has_the_margin_of_a_sum():
    table = made(80).assign(qualifying_share=1.0)
    found = draw_standing(table, [POOR], draws=1500).total()
    s, c, p = table["beyond_reach_share"], table["connected_share"], table["population_n"]
    of_people = s * (1 - c) * table["population_n_moe"] / 1.645
    of_homes = s * p * table["connected_share_moe"] / 1.645
    half = 1.645 * np.sqrt((of_people**2 + of_homes**2).sum())
    assert found.value == pytest.approx((p * s * (1 - c)).sum())
    assert (found.p05 + found.p95) / 2 == pytest.approx(found.value, abs=0.12 * half)
    assert (found.p95 - found.p05) / 2 == pytest.approx(half, rel=0.08)


def test_at_the_kink_a_total_is_corrected_downwards_by_the_bias_of_the_smaller_of_two():
    """E[max(0, noise)] is 0.399 standard errors: what an estimate at the kink is too large by."""
    n = 400
    table = made(n).assign(
        population_n=1000.0, population_n_moe=0.0, beyond_reach_share=1.0, qualifying_share=0.6,
        connected_share=0.6, connected_share_moe=0.05 * 1.645,
    )  # fmt: skip
    found = draw_standing(table, [POOR], draws=1000).total()
    middle = (found.p05 + found.p95) / 2
    assert found.value - middle == pytest.approx(0.399 * 0.05 * 1000 * n, rel=0.03)


def test_homes_all_connected_move_no_sum():
    """A share of 1 is drawn to one side of itself; that is no bias to take off a sum."""
    n = 400
    table = made(n).assign(
        population_n=1000.0, population_n_moe=0.0, beyond_reach_share=1.0, qualifying_share=0.999,
        connected_share=1.0, connected_share_moe=0.02 * 1.645,
    )  # fmt: skip
    sums = draw_standing(table, [POOR], draws=1000).reflected["gap_n"].sum(axis=1, dtype=float)
    # One draw is sqrt(400) x 1000 x 0.02 people off the 400 in the gap, to either side.
    assert sums.std() == pytest.approx(400, rel=0.1)
    assert sums.mean() == pytest.approx(400, abs=4 * 400 / np.sqrt(1000))


def test_travel_is_drawn_directly_and_never_reflected():
    table = made(1).assign(
        population_n=1000.0, population_n_moe=np.nan, beyond_reach_share=0.3, qualifying_share=0.5,
        connected_share_moe=np.nan,
    )  # fmt: skip
    drawn = draw_standing(table, [POOR], draws=800, travel=Travel())
    gaps = drawn.reflected["gap_n"][:, 0]
    assert set(np.unique(gaps).round(3)) == {0.0, 500.0}
    assert gaps.mean() == pytest.approx(150, abs=32)
    assert np.isnan(drawn.total(what="no_link_n").p05)


def test_rates_and_differences_are_those_of_the_table(areas):
    table = areas.join(telehealth_gap(areas))
    first = under_resourced(table, [POOR])["is_under_resourced"]
    drawn = draw_standing(table, [POOR])
    for what in ("gap_n", "no_link_n"):
        share = table[what][first].sum() / table["population_n"][first].sum()
        rest = table[what][~first].sum() / table["population_n"][~first].sum()
        assert drawn.rate(first, what=what).value == pytest.approx(share)
        found = drawn.difference(first, what=what)
        assert found.value == pytest.approx(share - rest)
        assert found.p05 < found.value < found.p95
        whole = drawn.total(what=what)
        parts = drawn.total(first, what=what), drawn.total(~first, what=what)
        assert whole.value == pytest.approx(table[what].sum())
        assert whole.value == pytest.approx(parts[0].value + parts[1].value)
        # Errors of many areas cancel: the whole is known better than its parts together.
        assert whole.p95 - whole.p05 < sum(part.p95 - part.p05 for part in parts)


def test_only_the_total_is_cut_off_at_zero():
    table = made(30).assign(
        beyond_reach_share=1.0, qualifying_share=1.0, connected_share=0.99,
        connected_share_moe=0.05, population_n_moe=0.0,
    )  # fmt: skip
    drawn = draw_standing(table, [POOR])
    assert drawn.reflected["gap_n"].min() < 0
    assert drawn.total().p05 >= 0
    assert (drawn.areas()["gap_p05"] >= 0).all()


def test_without_any_margin_nothing_is_certain_and_the_notes_say_why(areas):
    bare = areas.drop(columns=areas.filter(like="_moe").columns)
    drawn = draw_standing(bare, [POOR])
    found = drawn.areas()
    assert found.drop(columns="tier").isna().all(axis=None)
    assert (found["tier"] == "").all()
    assert np.isnan(drawn.total().p05)
    assert drawn.total().value == pytest.approx(telehealth_gap(areas)["gap_n"].sum())
    notes = " ".join(meta(found).notes)
    for words in ("no area has a margin for these", "poverty", "share beyond reach is held"):
        assert words in notes


def test_margins_missing_in_some_areas_are_counted(areas):
    areas.loc[areas.index[:4], "connected_share_moe"] = np.nan
    notes = draw_standing(areas, [POOR]).notes
    assert any("no margin in 4 of 60 areas" in note for note in notes)
    assert not any(
        "share beyond reach" in n for n in draw_standing(areas, [POOR], travel=Travel()).notes
    )


def test_with_travel_alone_the_places_are_still_told_apart(areas):
    bare = areas.drop(columns=areas.filter(like="_moe").columns)
    bare.loc[bare.index[:3], "beyond_reach_share"] = [0.0, 1e-6, 1.0]
    found = standing(bare, [POOR], travel=Travel())
    # Draws that are all alike are no interval.
    assert found[["gap_p05", "gap_p95"]].iloc[:3].isna().all(axis=None)
    width = (found["gap_p95"] - found["gap_p05"]).dropna()
    assert len(width) > 30
    assert (width > 0).all()
    assert found["under_resourced_probability"].isna().all()
    first = bare["poverty_share"] >= 0.2
    assert (found.loc[~first, "focus_probability"] == 0).all()
    assert found.loc[first, "focus_probability"].between(0, 1, inclusive="neither").any()


def test_margins_of_zero_give_the_standing_itself(areas):
    sure = areas.assign(**dict.fromkeys(areas.filter(like="_moe").columns, 0.0))
    table = sure.join(telehealth_gap(sure))
    named = under_resourced(table, [POOR])["is_under_resourced"] & falls_short(table)["falls_short"]
    found = standing(sure, [POOR])
    np.testing.assert_array_equal(found["focus_probability"], named.astype(float))
    np.testing.assert_allclose(found["gap_p05"], table["gap_n"], rtol=1e-5)
    most = table.loc[named, "gap_n"].max()
    for people, left in ((most, 1), (most + 1, 0)):
        assert standing(sure, [POOR], people_at_least=people)["focus_probability"].sum() == left
    np.testing.assert_allclose(found["gap_p95"], table["gap_n"], rtol=1e-5)


def test_the_study_s_own_share_is_computed_anew_in_each_draw(areas):
    """Over-reporting that strikes all areas alike raises the share that they are held against."""
    sure = areas.assign(
        **dict.fromkeys(areas.filter(like="_moe").columns, 0.0),
        population_n=1000.0, beyond_reach_share=1.0, connected_share=1.0,
        qualifying_share=np.where(np.arange(60) < 30, 0.76, 0.74),
    )  # fmt: skip
    sure.index = [f"51001{i:06d}" for i in range(60)]
    found = standing(sure, [Criterion("poverty_share", at_least=0.0)], over_report=0.1)
    assert found["focus_probability"].tolist() == [0.0] * 30 + [1.0] * 30
    fixed = standing(
        sure, [Criterion("poverty_share", at_least=0.0)], over_report=0.1, gap_share_at_least=0.3
    )["focus_probability"]
    assert 0.2 < fixed.iloc[0] < 0.9


def test_fewer_people_than_asked_for_do_not_fall_short():
    table = pd.DataFrame(
        {"population_n": [100.0, 100.0], "gap_n": [50.0, 49.0], "gap_share": [0.5, 0.49]}
    )
    assert falls_short(table, gap_share_at_least=0.1)["falls_short"].tolist() == [True, False]
    assert falls_short(table, gap_share_at_least=0.1, people_at_least=49)["falls_short"].all()
    with pytest.raises(InputError, match="people_at_least"):
        falls_short(table, people_at_least=-1)


def test_a_cut_off_is_reached_although_floating_point_misses_it():
    values = pd.Series([1 - 0.9, 0.0999])
    assert Criterion("x_share", at_least=0.1).met(values).tolist() == [True, False]
    values = pd.Series([0.1 + 0.2, 0.3001])
    assert Criterion("x_share", at_most=0.3).met(values).tolist() == [True, False]
    tie = pd.DataFrame(
        {"population_n": [300.0] * 3, "gap_n": [90.0] * 3, "gap_share": [0.1 + 0.2, 0.3, 0.3]}
    )
    assert falls_short(tie)["falls_short"].all()


def test_a_draw_on_the_cut_off_reaches_it_as_well():
    table = made(20).assign(
        population_n=np.arange(300.0, 500.0, 10), beyond_reach_share=1.0, qualifying_share=1.0,
        connected_share=0.7, poverty_share=0.6, poverty_share_moe=0.001,
    )  # fmt: skip
    table = table.drop(columns=["population_n_moe", "connected_share_moe"])
    for ask in ({"gap_share_at_least": 0.3, "people_at_least": 0}, {"people_at_least": 90.0}):
        found = draw_standing(table, [POOR], draws=50, **ask).areas()
        assert found["focus_probability"].iloc[0] == 1


def test_without_margins_a_draw_of_what_fixes_bring_is_the_arithmetic_itself():
    table = made(20).assign(beyond_reach_share=[0.0, 1.0] * 10)
    line, homes = table["qualifying_share"], table["connected_share"]
    assert {(line < homes).any(), (line > homes).any()} == {True}
    waiting = table["population_n"] * table["beyond_reach_share"]
    found = draw_recoverable(
        table.drop(columns=["population_n_moe", "connected_share_moe"]), draws=50
    )
    link = np.minimum(line, homes)
    for name, after in (("line", homes), ("home", line), ("line+home", 1.0)):
        np.testing.assert_allclose(
            found[name], [waiting * (after - link)] * 50, rtol=1e-4, atol=1e-2
        )


def test_no_two_parts_of_a_draw_share_a_stream(areas, monkeypatch):
    taken, real = [], draws._stream
    monkeypatch.setattr(draws, "_stream", lambda *key: (taken.append(key), real(*key))[1])
    draw_standing(areas, [POOR, INCOME], at_least=1, draws=50)
    assert len(taken) == 50 * 8
    assert len(set(taken)) == len(taken)


def test_unknown_lines_are_the_floor_that_the_gap_is(areas):
    table = areas.drop(columns="qualifying_share").join(unknown_lines(areas))
    gap = telehealth_gap(table)["gap_n"]
    found = draw_standing(table, [POOR])
    assert found.total().value == pytest.approx(gap.sum())
    assert found.areas()["gap_p95"].notna().all()


def test_areas_without_people_or_values_are_in_no_sum_and_have_no_standing(areas):
    areas.loc[areas.index[0], "population_n"] = 0.0
    areas.loc[areas.index[1], "connected_share"] = np.nan
    areas.loc[areas.index[2], "poverty_share"] = np.nan
    drawn = draw_standing(areas, [POOR])
    found = drawn.areas()
    assert found.iloc[0].drop("tier").isna().all()
    assert found.iloc[1][["focus_probability", "gap_p05", "gap_p95"]].isna().all()
    assert found["under_resourced_probability"].notna().iloc[1]
    assert np.isnan(found["under_resourced_probability"].iloc[2])
    assert drawn.total().value == pytest.approx(telehealth_gap(areas)["gap_n"].sum())
    nobody = pd.Series(areas.index == areas.index[0], index=areas.index)
    assert np.isnan(drawn.total(nobody).value)
    assert np.isnan(drawn.rate(nobody).value)


@pytest.mark.parametrize(("line", "home"), [(0.5, 0.0), (0.0, 0.5), (0.25, 0.75)])
def test_a_lift_is_a_part_of_what_is_missing(line, home):
    table = made(12).assign(qualifying_share=0.6, connected_share=np.linspace(0.5, 0.7, 12))
    drawn = draw_standing(
        table, (), at_least=0, draws=50, lift=Lift(*np.full((12, 2), [line, home]).T)
    )
    more = {"qualifying_share": line, "connected_share": home}
    alone = table.assign(**{name: 1 - (1 - table[name]) * (1 - by) for name, by in more.items()})
    assert drawn.total().value == pytest.approx(telehealth_gap(alone)["gap_n"].sum())
    # With all of the lines alike, each draw keeps the part that the lift leaves.
    assert drawn.total().p05 < drawn.total().value < drawn.total().p95


@pytest.mark.parametrize(
    ("change", "how", "words"),
    [
        ({}, {"draws": 49}, "draws is 49"),
        ({}, {"at_least": 2}, "at least 2 of 1 criteria"),
        ({}, {"over_report": 0.7}, "over_report is 0.7"),
        ({}, {"gap_share_at_least": 7}, "a share, from 0 to 1"),
        ({}, {"people_at_least": -1}, "people_at_least is -1"),
        ({"beyond_reach_share": 1.2}, {}, "beyond_reach_share lies outside 0 to 1"),
        ({"connected_share_moe": -1.0}, {}, "connected_share_moe is negative"),
    ],
)
def test_bad_input_is_one_sentence(areas, change, how, words):
    with pytest.raises(InputError, match=words):
        standing(areas.assign(**change), [POOR], **how)


def test_no_criterion_no_column_and_twice_the_same_area_are_refused(areas):
    with pytest.raises(InputError, match="at least 1 of 0 criteria"):
        standing(areas, [])
    with pytest.raises(MissingColumnError, match="misery_share"):
        standing(areas, [Criterion("misery_share", at_least=0.1)])
    with pytest.raises(MissingColumnError, match="beyond_reach_share"):
        standing(areas.drop(columns="beyond_reach_share"), [POOR])
    with pytest.raises(InputError, match="listed twice"):
        standing(pd.concat([areas, areas.iloc[:1]]), [POOR])


def test_a_set_of_areas_is_a_column_of_the_same_table(areas):
    drawn = draw_standing(areas, [POOR])
    with pytest.raises(InputError, match="does not list the areas"):
        drawn.total((areas["poverty_share"] > 0.2).iloc[::-1])
    with pytest.raises(InputError, match="what is 'gap_share'"):
        drawn.total(what="gap_share")


def alike(n_counties=40, each=12) -> Case:
    """Areas whose truths scatter about their counties' as shrinkage takes them to."""
    rng = np.random.default_rng(6)
    county = np.repeat(np.arange(n_counties), each)
    n = len(county)
    table = pd.DataFrame(
        {
            "population_n": 4000.0, "population_n_moe": 300.0, "device_share": 1.0,
            "beyond_reach_share": rng.beta(0.4, 0.6, n), "qualifying_share": rng.uniform(0.75, 1, n),
        },
        index=[f"51{c:03d}{i:06d}" for i, c in enumerate(county)],
    )  # fmt: skip
    for name, middle in (("connected_share", 0.8), ("poverty_share", 0.2)):
        center = rng.normal(middle, 0.05, n_counties)[county]
        found = np.clip(rng.normal(center, 0.05) + rng.normal(0, 0.04, n), 0.02, 0.98)
        table[name], table[f"{name}_moe"] = found, 1.645 * np.sqrt(found * (1 - found) / 70)
    return Case(table, [POOR], 1)


def test_in_a_few_worlds_of_which_the_truth_is_known_intervals_and_probabilities_hold():
    done = trials(alike(), 8, 3, drawn_truth=True, trips=True, draws=100)
    held, stated = coverage_of(done), calibration_of(done)
    assert held["areas with a gap over 20, interval"] > 0.85
    assert held.filter(like="total").mean() > 0.75
    assert (stated["stated"] - stated["true"]).abs().max() < 0.09
    # Probabilities that say nothing would all lie at the mean.
    assert stated.loc[5, "true"] > 0.85
    assert stated.loc[0, "true"] < 0.05


@pytest.fixture(scope="module", params=["example", "Delaware"])
def case(request):
    if request.param == "example":
        return example_case(request.getfixturevalue("example_state"))
    return delaware_case(request.getfixturevalue("shared_data"))


@pytest.mark.slow
@pytest.mark.parametrize(("drawn_truth", "trips"), [(True, False), (True, True), (False, False)])
def test_intervals_hold_the_truth(case, drawn_truth, trips):
    """A coverage below 0.85 is a defect: of 200 worlds fewer than 159 hold in 1 of 100 trials at
    0.85, in 9 of 10 at 0.75."""
    held = coverage_of(trials(case, 200, 20261125, drawn_truth=drawn_truth, trips=trips))
    assert binom.cdf(158, 200, 0.85) == pytest.approx(0.015, abs=0.006)
    assert (held >= 159 / 200).all(), held
    # To two digits: these trials tell no more of it (Delaware, drawn, held: .8796).
    assert round(held.get("areas near the kink, margin", 1.0), 2) >= 0.88


@pytest.mark.slow
@pytest.mark.parametrize("trips", [False, True])
def test_places_belong_as_often_as_their_probability_says(case, trips):
    """The truth is drawn from what the published survey leaves open; judged is that survey and one
    more of the same truth, together."""
    done = trials(case, 150, 20261125, drawn_truth=True, trips=trips, both=True)
    for said, true in (("said", "true"), ("first", "is_first")):
        stated = calibration_of(done, said, true)
        many = stated[stated["n"] >= 200]
        assert len(many) >= 3
        assert (many["stated"] - many["true"]).abs().max() < 0.07, many


@pytest.mark.slow
def test_calibration_where_areas_are_like_their_neighbors():
    stated = calibration_of(trials(alike(), 60, 20261125, drawn_truth=True, trips=True))
    assert (stated["stated"] - stated["true"]).abs().max() < 0.05


@pytest.mark.real
def test_virginia_has_the_two_tracts_that_lie_on_the_cut_off(shared_data):
    folder = shared_data / "bundles" / "va" / "v2020"
    read = [
        pd.read_csv(folder / name, dtype={"GEOID": str}).set_index("GEOID")
        for name in ("acs_2019_2023_insurance_commuting_tract.csv", "acs_2020_2024_tract.csv")
    ]
    table = read[1].join(read[0])
    table = pd.DataFrame(
        {
            "population_n": table["total_population"],
            "median_household_income_usd": table["median_hh_income"].where(
                table["median_hh_income"] > 0
            ),
            "uninsured_share": 1 - table["InsuredPopP"] / 100,
            "no_vehicle_share": table["NoVehHHld"] / 100,
        }
    )
    criteria = [
        Criterion("median_household_income_usd", at_most=60_000),
        Criterion("uninsured_share", at_least=0.10),
        Criterion("no_vehicle_share", at_least=0.10),
    ]
    found = under_resourced(table, criteria, at_least=2)["is_under_resourced"]
    assert found.sum() == 326
    assert found[["51019030603", "51165011700"]].all()
    exact = (
        (table["median_household_income_usd"] <= 60_000).astype(int)
        + (table["uninsured_share"] >= 0.10)
        + (table["no_vehicle_share"] >= 0.10)
    )
    assert ((exact >= 2) & (table["population_n"] > 0)).sum() == 324
