"""Virtual catchments against known answers, and the theorems of the two-channel model."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
import pytest
from care_cases import AREAS, SITES, TOY_MINUTES, capacity_of, costs_of, people_of, scattered
from hypothesis import example, given, settings
from hypothesis import strategies as st

from equity.errors import InputError, MissingColumnError
from equity.measures.reach.catchment import catchment, solve_catchment
from equity.measures.reach.travel import travel_costs
from equity.measures.reach.virtual import (
    SPEED_STEPS,
    LineOrNone,
    SpeedSteps,
    SteppedSpeed,
    TwoChannel,
    solve_virtual_catchment,
    virtual_catchment,
)

PEOPLE = people_of([100, 200, 300])
CAPACITY = capacity_of([2, 3])
SLOW = {10: 1.0, 20: 0.68, 30: 0.22}


def in_reach(matrix):
    return costs_of([[1.0 if cell else None for cell in row] for row in matrix])


def two_step(reach, lines, subscriptions, sites, **options):
    return solve_virtual_catchment(
        in_reach(reach),
        demand=PEOPLE,
        supply=CAPACITY,
        model=LineOrNone(
            area_available=people_of(lines),
            area_subscription=people_of(subscriptions),
            site_available=capacity_of(sites),
            reach=20,
            **options,
        ),
    )


# Exact fractions, computed independently of any package.
ALL, SOME = [[1, 1]] * 3, [[1, 0], [1, 1], [0, 1]]
SUBSCRIBED = [0.9, 0.6, 0.3]
TWO_STEP = {
    "all in reach": (ALL, [1, 1, 1], [1, 1], [0.015, 0.01, 0.005], [0.015, 0.01, 0.005], 5, 0),
    "area without a line": (SOME, [1, 0, 1], [1, 1], [0.02, 0, 0.01], [0.02, 1 / 30, 0.01], 5, 0),
    "site without a line": (SOME, [1, 1, 1], [1, 0], [3 / 350, 1 / 175, 0], [3 / 350, 1 / 175, 0], 2, 0),
    "nobody connected": (SOME, [0, 0, 1], [1, 1], [0, 0, 0.01], [0, 0.02, 0.01], 5, 2),
}  # fmt: skip


@pytest.mark.parametrize("name", TWO_STEP)
def test_2svca_known_answers(name):
    reach, lines, sites, corrected, published, qualified, stranded = TWO_STEP[name]
    right = two_step(reach, lines, SUBSCRIBED, sites)
    np.testing.assert_allclose(
        right.areas["virtual_access_per_10k"] / 1e4, corrected, rtol=1e-9, atol=1e-15
    )
    assert right.balance.holds
    assert right.balance.supply == qualified
    assert right.balance.stranded == pytest.approx(stranded)
    tool = two_step(reach, lines, SUBSCRIBED, sites, as_published=True)
    np.testing.assert_allclose(
        tool.areas["virtual_access_per_10k"] / 1e4, published, rtol=1e-9, atol=1e-15
    )


def test_2svca_supplies_what_a_practice_has_a_line_and_a_subscription_for():
    """With all in reach of all, 4 of the 5 clinicians are 0.8 of everybody's access."""
    half = two_step(ALL, [1, 1, 1], SUBSCRIBED, [1, 1], site_subscription=capacity_of([0.5, 1]))
    assert half.balance.supply == 4
    np.testing.assert_allclose(half.areas["virtual_access_per_10k"] / 1e4, [0.012, 0.008, 0.004])


def test_2svca_as_published_leaks_and_says_so():
    tool = two_step(SOME, [1, 0, 1], SUBSCRIBED, [1, 1], as_published=True)
    assert tool.balance.handed_out == pytest.approx(35 / 3)
    assert tool.balance.leak == pytest.approx(20 / 3)
    assert "difference +6.66667" in repr(tool)
    assert two_step(SOME, [1, 0, 1], SUBSCRIBED, [1, 1]).areas["access_status"].tolist() == [
        "ok",
        "no_link",
        "ok",
    ]


def test_e2svca_known_answers():
    result = solve_virtual_catchment(
        in_reach(ALL),
        demand=PEOPLE,
        supply=CAPACITY,
        model=SteppedSpeed(
            area_speed_mbps=people_of([0.5, 2, 10]), site_speed_mbps=capacity_of([5, 1])
        ),
    )
    np.testing.assert_allclose(
        result.areas["virtual_access_per_10k"] / 1e4,
        [0.0, 0.009055555555555556, 0.01062962962962963],
        rtol=1e-9,
    )
    np.testing.assert_allclose(
        result.sites["ratio_per_10k"] / 1e4,
        [0.004629629629629629, 0.01818181818181818],
        rtol=1e-9,
    )
    assert result.balance.holds
    assert result.areas["access_status"].tolist() == ["no_link", "ok", "ok"]


def test_e2svca_a_speed_on_a_limit_belongs_to_the_lower_class():
    speeds = pd.Series([0, 0.6, 0.61, 1.2, 1.21, 3.0, 3.01, 100])
    steps = SPEED_STEPS["video_e2svca"]
    found = np.array(steps.weights)[steps.classes(speeds, speeds.index, of="areas")]
    assert found.tolist() == [0, 0, 0.33, 0.33, 0.66, 0.66, 1, 1]


def test_fcc_speed_steps_ask_for_both_directions_and_include_their_limit():
    table = pd.DataFrame(
        {"down_mbps": [25, 24.9, 100, 100], "up_mbps": [3, 10, 2.9, 20]}, index=list("abcd")
    )
    low, high = SPEED_STEPS["fcc_25_3"], SPEED_STEPS["fcc_100_20"]
    assert low.classes(table, table.index, of="areas").tolist() == [1, 0, 0, 1]
    assert high.classes(table, table.index, of="areas").tolist() == [0, 0, 0, 1]
    with pytest.raises(InputError, match="download from upload"):
        low.classes(table["up_mbps"], table.index, of="areas")
    with pytest.raises(MissingColumnError, match="down_mbps"):
        low.classes(table[["up_mbps"]], table.index, of="areas")


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000))
def test_e2svca_by_classes_is_the_sum_over_all_pairs(seed):
    rng = np.random.default_rng(seed)
    people, sites = scattered(20, seed=1, prefix="a"), scattered(7, seed=2, prefix="s")
    costs = travel_costs(people, sites, radius_km=1)
    demand = pd.Series(rng.uniform(0, 900, 20), index=people.index)
    supply = pd.Series(rng.uniform(0.1, 9, 7), index=sites.index)
    here = pd.Series(rng.choice([0, 0.5, 0.6, 1, 2, 3, 4.0], 20), index=people.index)
    there = pd.Series(rng.choice([0.7, 1, 2, 3, 4.0], 7), index=sites.index)
    result = solve_virtual_catchment(
        costs,
        demand=demand,
        supply=supply,
        model=SteppedSpeed(area_speed_mbps=here, site_speed_mbps=there),
    )
    pair = np.minimum(here.to_numpy()[:, None], there.to_numpy()[None])
    f = np.select([pair <= 0.6, pair <= 1.2, pair <= 3.0], [0, 0.33, 0.66], 1.0)
    demand_at = f.T @ demand.to_numpy()
    ratio = np.divide(supply.to_numpy(), demand_at, out=np.zeros(7), where=demand_at > 0)
    np.testing.assert_allclose(result.areas["virtual_access_per_10k"] / 1e4, f @ ratio, rtol=1e-10)
    assert result.balance.holds


# Two channels


def two_channel(**change):
    told = {
        "link_usable_share": people_of([0.9, 0.6, 0.3]),
        "site_link_adequacy": capacity_of([1, 0.5]),
        "virtual_ceiling": 0.5,
        "amenable_share": 0.25,
        "uptake": 1.0,
        "licensing": "anywhere",
        **change,
    }
    return solve_virtual_catchment(
        costs_of(TOY_MINUTES), demand=PEOPLE, supply=CAPACITY, model=TwoChannel(**told)
    )


# Computed independently, twice, with different code.
FLEXIBLE = [0.008521892396176154, 0.008925215619687805, 0.007875892121482745]


def test_two_channels_flexible():
    result = two_channel()
    np.testing.assert_allclose(result.areas["access_per_10k"] / 1e4, FLEXIBLE, rtol=1e-9)
    np.testing.assert_allclose(
        result.areas["in_person_access_per_10k"] / 1e4,
        [0.007436661024435454, 0.008336739864543554, 0.007520431085480922],
        rtol=1e-9,
    )
    np.testing.assert_allclose(
        result.areas["virtual_access_per_10k"] / 1e4, [0.012259911565505228] * 3, rtol=1e-9
    )
    np.testing.assert_allclose(
        result.sites["virtual_capacity_n"], [0.4557192769254139, 0.46377409048747814], rtol=1e-9
    )
    np.testing.assert_allclose(
        result.sites["in_person_capacity_n"], [1.544280723074586, 2.5362259095125217], rtol=1e-9
    )
    assert result.balance.holds
    assert result.balance.handed_out == pytest.approx(5, rel=1e-12)
    np.testing.assert_allclose(result.areas["virtual_share"], [0.225, 0.15, 0.075])


def test_two_channels_fixed():
    result = two_channel(capacity="fixed")
    np.testing.assert_allclose(
        result.areas["access_per_10k"] / 1e4,
        [0.009234708825571581, 0.008945038665599543, 0.007625071281076445],
        rtol=1e-9,
    )
    np.testing.assert_allclose(
        result.areas["in_person_access_per_10k"] / 1e4,
        [0.005141559774931073, 0.006405927841881815, 0.006351428411974535],
        rtol=1e-9,
    )
    np.testing.assert_allclose(
        result.areas["virtual_access_per_10k"] / 1e4, [0.023333333333333334] * 3, rtol=1e-9
    )
    np.testing.assert_allclose(result.sites["virtual_capacity_n"], [1.0, 0.75])
    assert result.balance.holds


@pytest.mark.parametrize("mode", ["flexible", "fixed"])
@pytest.mark.parametrize("seed", range(3))
def test_two_channels_are_those_of_a_plain_loop_over_all_pairs(seed, mode):
    rng = np.random.default_rng(seed)
    people, sites = scattered(25, seed=seed, prefix="a"), scattered(8, seed=seed + 1, prefix="s")
    costs = travel_costs(people, sites, max_minutes=30)
    minutes = {(o, d): m for o, d, m in costs.to_frame().itertuples(index=False)}
    who, where = list(people.index), list(sites.index)
    residents = dict(zip(who, rng.uniform(1, 5000, 25), strict=True))
    clinicians = dict(zip(where, rng.uniform(0.1, 9, 8), strict=True))
    usable = dict(zip(who, rng.uniform(0, 1, 25), strict=True))
    carries = dict(zip(where, rng.uniform(0, 1, 8), strict=True))
    most = dict(zip(where, rng.uniform(0.2, 1, 8), strict=True))
    home = dict(zip(who, rng.choice(["VA", "MD"], 25), strict=True))
    office = dict(zip(where, rng.choice(["VA", "MD"], 8), strict=True))
    result = solve_virtual_catchment(
        costs, demand=pd.Series(residents), supply=pd.Series(clinicians),
        model=TwoChannel(
            link_usable_share=pd.Series(usable), site_link_adequacy=pd.Series(carries),
            virtual_ceiling=pd.Series(most), amenable_share=0.5, uptake=0.8, audio_only_share=0.3,
            licensing="in_state", area_state=pd.Series(home), site_state=pd.Series(office),
            capacity=mode,
        ),
    )  # fmt: skip

    def weight(i, j):
        cost = minutes.get((i, j), np.inf)
        return next((w for limit, w in {10: 1.0, 20: 0.68, 30: 0.22}.items() if cost <= limit), 0.0)

    video = {i: 0.5 * 0.8 * usable[i] for i in who}
    phone = {i: 0.3 * (1 - usable[i]) for i in who}
    ratio, rows = {}, {}
    for j in where:
        mine = [i for i in who if home[i] == office[j]]
        seen = sum(video[i] * residents[i] for i in mine)
        heard = sum(phone[i] * residents[i] for i in mine)
        come = sum(weight(i, j) * (1 - video[i] - phone[i]) * residents[i] for i in who)
        online = most[j] * clinicians[j] * (carries[j] * seen + heard) / (seen + heard)
        if mode == "flexible":
            online = min(online, clinicians[j] * (seen + heard) / (seen + heard + come))
        left = clinicians[j] - online
        ratio[j] = (left / come if come else 0.0, online / (seen + heard))
        rows[j] = (left, online, come, seen + heard, *(1e4 * r for r in ratio[j]))
    for i in who:
        near = sum(weight(i, j) * ratio[j][0] for j in where)
        far = sum(ratio[j][1] for j in where if home[i] == office[j])
        online = video[i] + phone[i]
        found = result.areas.loc[i]
        assert found["virtual_share"] == pytest.approx(online)
        assert found["access_per_10k"] == pytest.approx(1e4 * ((1 - online) * near + online * far))
    columns = ["in_person_capacity_n", "virtual_capacity_n", "in_person_demand_n",
               "virtual_demand_n", "in_person_ratio_per_10k", "virtual_ratio_per_10k"]  # fmt: skip
    expected = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    pd.testing.assert_frame_equal(result.sites[columns], expected, check_names=False)
    assert result.balance.allocated == pytest.approx(expected.iloc[:, 2:4].sum().sum())


def test_who_is_seen_by_video_alone_has_nothing_in_reach_where_no_site_gives_any():
    all_by_video = {"link_usable_share": 1.0, "amenable_share": 1.0, "virtual_ceiling": 0.0}
    found = two_channel(**all_by_video).areas
    assert found["access_status"].eq("no_supply_in_reach").all()
    assert two_channel(**{**all_by_video, "uptake": 0.5}).areas["access_status"].eq("ok").all()


def test_two_channels_without_virtual_care_are_e2sfca():
    result = two_channel(uptake=0.0)
    alone = catchment(costs_of(TOY_MINUTES), demand=PEOPLE, supply=CAPACITY)
    np.testing.assert_allclose(result.areas["access_per_10k"], alone["access_per_10k"], rtol=1e-12)


def test_two_channels_of_nothing_but_virtual_care_are_2svca():
    result = two_channel(
        amenable_share=1.0, site_link_adequacy=1.0, virtual_ceiling=1.0, capacity="fixed"
    )
    part = result.areas["virtual_access_per_10k"] * [0.9, 0.6, 0.3] / 1e4
    np.testing.assert_allclose(part, [0.015, 0.010, 0.005], rtol=1e-9)
    tool = two_step(ALL, [1, 1, 1], SUBSCRIBED, [1, 1])
    np.testing.assert_allclose(part * 1e4, tool.areas["virtual_access_per_10k"], rtol=1e-9)


def test_better_links_move_access_and_create_none():
    before = two_channel(site_link_adequacy=capacity_of([1, 0.5]))
    after = two_channel(link_usable_share=1.0, site_link_adequacy=1.0)
    change = (after.areas["access_per_10k"] - before.areas["access_per_10k"]) / 1e4
    np.testing.assert_allclose(
        change,
        [-0.0006870110502326734, -0.00026797023446072793, 0.0004076505063847109],
        rtol=1e-7,
    )
    assert float((change * PEOPLE).sum()) == pytest.approx(0, abs=1e-12)


def test_more_links_can_mean_less_access_where_practices_are_unready():
    unready = {"site_link_adequacy": capacity_of([0.02, 0.02])}
    before = two_channel(link_usable_share=people_of([0.3, 0.6, 0.3]), **unready).areas
    after = two_channel(link_usable_share=people_of([0.9, 0.6, 0.3]), **unready).areas
    assert after.loc["A", "access_per_10k"] < 0.95 * before.loc["A", "access_per_10k"]
    # With practices that can carry it the same links are worth having.
    ready = {"site_link_adequacy": capacity_of([1, 1]), "virtual_ceiling": 1.0}
    before = two_channel(link_usable_share=people_of([0.3, 0.6, 0.3]), capacity="fixed", **ready)
    after = two_channel(link_usable_share=people_of([0.9, 0.6, 0.3]), capacity="fixed", **ready)
    change = after.areas["access_per_10k"] - before.areas["access_per_10k"]
    assert change["A"] > 0


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 10_000),
    theta=st.floats(0, 1),
    phone=st.floats(0, 1),
    mode=st.sampled_from(["flexible", "fixed"]),
    licensing=st.sampled_from(["anywhere", "in_state", "compact"]),
)
@example(seed=0, theta=5e-324, phone=5e-324, mode="fixed", licensing="anywhere")
def test_two_channels_conserve_demand_and_supply(seed, theta, phone, mode, licensing):
    rng = np.random.default_rng(seed)
    people, sites = scattered(25, seed=seed, prefix="a"), scattered(8, seed=seed + 1, prefix="s")
    demand = pd.Series(rng.uniform(0, 5000, 25), index=people.index)
    supply = pd.Series(rng.uniform(0.1, 9, 8), index=sites.index)
    result = solve_virtual_catchment(
        travel_costs(people, sites, max_minutes=60),
        demand=demand,
        supply=supply,
        model=TwoChannel(
            link_usable_share=pd.Series(rng.uniform(0, 1, 25), index=people.index),
            site_link_adequacy=pd.Series(rng.uniform(0, 1, 8), index=sites.index),
            virtual_ceiling=pd.Series(rng.uniform(0, 1, 8), index=sites.index),
            amenable_share=theta,
            uptake=0.9,
            audio_only_share=phone,
            licensing="anywhere" if licensing == "anywhere" else "in_state",
            compact=("VA", "MD", "WV") if licensing == "compact" else (),
            area_state=pd.Series(rng.choice(["VA", "MD"], 25), index=people.index),
            site_state=pd.Series(rng.choice(["VA", "MD", "WV"], 8), index=sites.index),
            capacity=mode,
        ),
    )
    assert result.balance.holds
    split = result.sites["in_person_capacity_n"] + result.sites["virtual_capacity_n"]
    np.testing.assert_allclose(split, supply)
    assert (result.sites[["in_person_capacity_n", "virtual_capacity_n"]] >= -1e-12).all(axis=None)


def states(licensing, **options):
    costs = costs_of([[5, None], [5, None], [None, 5]])
    return solve_virtual_catchment(
        costs,
        demand=people_of([100, 100, 100]),
        supply=capacity_of([1, 1]),
        model=TwoChannel(
            link_usable_share=1.0,
            site_link_adequacy=1.0,
            virtual_ceiling=1.0,
            amenable_share=1.0,
            uptake=1.0,
            licensing=licensing,
            area_state=pd.Series(["VA", "VA", "MD"], index=AREAS),
            site_state=pd.Series([51, 24], index=SITES),
            **options,
        ),
    )


def test_licences_keep_video_inside_the_state_unless_states_agree():
    alone = states("in_state")
    assert alone.areas["virtual_access_per_10k"].tolist() == pytest.approx([50, 50, 100])
    together = states("in_state", compact=["Virginia", "24"])
    free = states("anywhere")
    pd.testing.assert_series_equal(
        together.areas["virtual_access_per_10k"], free.areas["virtual_access_per_10k"]
    )
    assert free.areas["virtual_access_per_10k"].tolist() == pytest.approx([200 / 3] * 3)
    table = pd.DataFrame({"VA": [1, 1], "MD": [0, 1]}, index=SITES)
    assert states(table).areas["virtual_access_per_10k"].tolist() == pytest.approx([250 / 3, 250 / 3, 100 / 3])  # fmt: skip


def test_area_states_come_from_their_ids():
    ids = ["51001000100", "24001000100"]
    people = pd.DataFrame({"lon": [-78.0, -77.0], "lat": [38.0, 39.0]}, index=ids)
    sites = pd.DataFrame({"lon": [-78.0], "lat": [38.0]}, index=["s"])
    result = virtual_catchment(
        travel_costs(people, sites, max_minutes=30),
        demand=1000.0,
        supply=1.0,
        model=TwoChannel(
            link_usable_share=1.0,
            site_link_adequacy=1.0,
            virtual_ceiling=1.0,
            amenable_share=0.5,
            uptake=1.0,
            site_state=pd.Series(["VA"], index=["s"]),
        ),
    )
    assert result["virtual_access_per_10k"].gt(0).tolist() == [True, False]
    assert result["access_status"].tolist() == ["ok", "no_supply_in_reach"]


def test_the_telephone_needs_no_line_at_either_end():
    offline = {"link_usable_share": 0.0, "site_link_adequacy": 0.0}
    silent = two_channel(**offline)
    assert silent.sites["virtual_capacity_n"].sum() == 0
    phone = two_channel(**offline, audio_only_share=0.25)
    assert phone.areas["virtual_share"].tolist() == [0.25] * 3
    assert phone.sites["virtual_capacity_n"].sum() > 0
    assert phone.balance.holds


def test_it_prints_its_check_and_notes_its_assumptions(caplog):
    with caplog.at_level(logging.INFO, logger="equity"):
        table = two_channel().areas
    assert "two_channel: Conservation: people x access = 5 of 5" in caplog.text
    notes = " ".join(table.attrs["equity"]["notes"])
    assert "amenable 0.25 x uptake 1" in notes
    assert "(exact)" in notes


def test_unknown_travel_stays_unknown():
    table = pd.DataFrame({"o": ["A"], "d": ["x"], "c": [5.0]})
    costs = travel_costs(
        pd.DataFrame(index=["A", "B"]),
        pd.DataFrame(index=["x"]),
        table=table,
        origin="o",
        destination="d",
        cost="c",
        unit="min",
    )
    found = virtual_catchment(
        costs,
        demand=1.0,
        supply=1.0,
        model=LineOrNone(area_available=1, area_subscription=1.0, site_available=1, reach=20),
    )
    assert found["access_status"].tolist() == ["ok", "not_covered"]
    assert np.isnan(found.loc["B", "virtual_access_per_10k"])


# Bad input

GOOD_2SVCA = {
    "area_available": 1,
    "area_subscription": people_of([0.9, 0.6, 0.3]),
    "site_available": 1,
    "reach": 20,
}
GOOD_TWO = {
    "link_usable_share": 0.5,
    "site_link_adequacy": 1.0,
    "virtual_ceiling": 0.5,
    "amenable_share": 0.42,
    "uptake": 0.5,
    "licensing": "anywhere",
}
GOOD_E2 = {"area_speed_mbps": 5.0, "site_speed_mbps": 5.0}


@pytest.mark.parametrize(
    ("model", "good", "change", "match"),
    [
        (LineOrNone, GOOD_2SVCA, {"area_subscription": None}, "subscription must be a Series by id, or one number"),
        (LineOrNone, GOOD_2SVCA, {"area_available": 0.5}, "must be 0 or 1"),
        (LineOrNone, GOOD_2SVCA, {"area_subscription": people_of([90, 60, 30])}, "above 1"),
        (LineOrNone, GOOD_2SVCA, {"area_subscription": people_of([0.9, np.nan, 0.3])}, "missing"),
        (LineOrNone, GOOD_2SVCA, {"reach": None}, "needs a reach"),
        (TwoChannel, GOOD_TWO, {"uptake": None}, "uptake must be a Series by id, or one number"),
        (TwoChannel, GOOD_TWO, {"amenable_share": 42}, "above 1"),
        (TwoChannel, GOOD_TWO, {"capacity": "elastic"}, "capacity is 'elastic'"),
        (TwoChannel, GOOD_TWO, {"licensing": "nowhere"}, "licensing is 'nowhere'"),
        (TwoChannel, GOOD_TWO, {"licensing": "in_state"}, "is no state"),
        (TwoChannel, GOOD_TWO, {"licensing": "in_state", "area_state": "VA"}, "state of every site"),
        (TwoChannel, GOOD_TWO, {"licensing": "in_state", "area_state": "VA", "site_state": capacity_of([51, np.nan])}, "state of sites is missing"),
        (TwoChannel, GOOD_TWO, {"licensing": pd.DataFrame({"VA": [1]}, index=["x"]), "area_state": "VA"}, "every site once"),
        (TwoChannel, GOOD_TWO, {"licensing": pd.DataFrame({"VA": [1, 2]}, index=SITES), "area_state": "VA"}, "0 to 1"),
        (TwoChannel, GOOD_TWO, {"steps": "brisk"}, "no steps"),
        (SteppedSpeed, GOOD_E2, {"area_speed_mbps": None}, "speed must be a Series by id, or one number"),
        (SteppedSpeed, GOOD_E2, {"area_speed_mbps": people_of([1, -1, 2])}, "negative"),
        (SteppedSpeed, GOOD_E2, {"speed_steps": "warp"}, "no speed steps named"),
    ],
)  # fmt: skip
def test_hostile_input_is_refused(model, good, change, match):
    told = model(**{**good, **change})
    with pytest.raises(InputError, match=match):
        virtual_catchment(costs_of(TOY_MINUTES), demand=PEOPLE, supply=CAPACITY, model=told)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"demand": 0.0}, "demand of all areas is zero"),
        ({"supply": 0.0}, "capacity of all sites is zero"),
        ({"model": "2svca"}, "'2svca' is no model of virtual care.* give LineOrNone"),
    ],
)
def test_nobody_nothing_and_no_model_are_refused(change, match):
    asked = {"demand": PEOPLE, "supply": CAPACITY, "model": TwoChannel(**GOOD_TWO), **change}
    with pytest.raises(InputError, match=match):
        virtual_catchment(costs_of(TOY_MINUTES), **asked)


def test_a_model_takes_all_it_needs_and_nothing_of_another():
    with pytest.raises(TypeError, match="uptake"):
        LineOrNone(**GOOD_2SVCA, uptake=1)
    with pytest.raises(TypeError, match="uptake"):
        TwoChannel(**{name: value for name, value in GOOD_TWO.items() if name != "uptake"})


def test_weights_that_outlast_the_costs_are_refused():
    people, sites = scattered(5, seed=1, prefix="a"), scattered(5, seed=2, prefix="s")
    short = travel_costs(people, sites, max_minutes=15)
    lines = LineOrNone(**{**GOOD_2SVCA, "area_subscription": 1.0})
    with pytest.raises(InputError, match="travel costs end at 15 min"):
        virtual_catchment(short, demand=1.0, supply=1.0, model=lines)
    with pytest.raises(InputError, match="travel costs end at 15 min"):
        virtual_catchment(short, demand=1.0, supply=1.0, model=TwoChannel(**GOOD_TWO))


@pytest.mark.parametrize(
    "parts",
    [((3.0, 1.0), (3.0, 1.0), (0, 0.5, 1)), ((1.0,), (1.0,), (0, 1, 1)), ((1.0,), (1.0,), (0, 2))],
)
def test_speed_steps_must_rise_and_weigh_shares(parts):
    with pytest.raises(InputError, match="rising limits"):
        SpeedSteps(*parts)


def test_speed_steps_have_one_weight_more_than_limits():
    assert SpeedSteps((1.0, 3.0), (1.0, 2.0), (0, 0.5, 1)).weights == (0, 0.5, 1)


def test_the_conserving_model_keeps_the_solved_sites_of_e2sfca():
    theirs = solve_catchment(costs_of(TOY_MINUTES), demand=PEOPLE, supply=CAPACITY, steps=SLOW)
    ours = two_channel(uptake=0.0, steps=SLOW)
    np.testing.assert_allclose(
        ours.sites["in_person_ratio_per_10k"], theirs.sites["ratio_per_10k"], rtol=1e-12
    )
