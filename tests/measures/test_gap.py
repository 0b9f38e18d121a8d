"""The gap against the oracle of the reference, and the properties that make it honest."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equity.errors import InputError, MissingColumnError
from equity.measures.gap import (
    SPLIT,
    gap_alone,
    gap_range,
    gap_totals,
    telehealth_gap,
    unknown_lines,
)
from equity.measures.recover import recover


def areas(**columns):
    frame = pd.DataFrame(columns, dtype=float)
    frame.index = pd.Index([f"90001{i:06d}" for i in range(len(frame))], name="geoid")
    return frame


@pytest.fixture
def three():
    """Three areas, computed by hand in exact fractions (a worked example of the measure)."""
    return areas(
        population_n=[4000, 2500, 1200],
        beyond_reach_share=[0, 0.5, 1],
        qualifying_share=[0.98, 0.90, 0.20],
        connected_share=[0.85, 0.70, 0.40],
        device_share=[0.90, 0.80, 0.90],
        subscription_share=[0.88, 0.75, 0.45],
    )


def test_worked_example(three):
    gap = telehealth_gap(three)
    np.testing.assert_allclose(gap["usable_link_share"], [0.85, 0.70, 0.20], rtol=1e-12)
    np.testing.assert_allclose(gap["no_link_n"], [600, 750, 960], atol=1e-9)
    np.testing.assert_allclose(gap["beyond_reach_n"], [0, 1250, 1200], atol=1e-9)
    np.testing.assert_allclose(gap["gap_n"], [0, 375, 960], atol=1e-9)
    np.testing.assert_allclose(gap["gap_line_only_n"], [0, 0, 240], atol=1e-9)
    np.testing.assert_allclose(gap["gap_home_only_n"], [0, 250, 0], atol=1e-9)
    np.testing.assert_allclose(gap["gap_both_n"], [0, 125, 720], atol=1e-9)
    totals = gap_totals(gap.join(three["population_n"]))
    assert totals["gap_n"] == pytest.approx(1335)
    assert totals["gap_share"] == pytest.approx(0.17337662337662338)


def test_the_range_has_the_closed_form_of_the_bounds(three):
    found = gap_range(three).sum()
    assert found["gap_n"] == pytest.approx(1335)
    assert found["gap_ceiling_n"] == pytest.approx(1700)
    assert found["gap_independence_n"] == pytest.approx(1250 * 0.37 + 1200 * 0.92)
    gap = telehealth_gap(three)
    pd.testing.assert_frame_equal(gap_range(three), gap[list(gap_range(three).columns)])


def test_over_reported_lines_are_taken_from_those_that_qualify(three):
    found = gap_range(three, over_reported=0.25)
    np.testing.assert_allclose(found["gap_n"], [0, 1250 * (1 - 0.675), 1200 * 0.85])
    for wrong in (-0.1, 1.0):
        with pytest.raises(InputError, match="over_reported"):
            gap_range(three, over_reported=wrong)


def test_what_homes_lack_is_described_by_their_own_numbers(three):
    # Area 2: of 30 % not connected, 5 points subscribe without a device, 10 have a device only.
    gap = telehealth_gap(three).iloc[1]
    assert gap["home_lacks_device_n"] == pytest.approx(250 * 0.05 / 0.3)
    assert gap["home_lacks_subscription_n"] == pytest.approx(250 * 0.10 / 0.3)
    assert gap["home_lacks_both_n"] == pytest.approx(250 * 0.15 / 0.3)
    # Of 30 % not connected, 15 points would subscribe without a device, which only 10 can lack.
    apart = three.assign(device_share=0.9, subscription_share=0.85)
    gap = telehealth_gap(apart).iloc[1]
    assert gap["home_lacks_device_n"] == pytest.approx(250 * 0.1 / 0.3)
    assert gap["home_lacks_subscription_n"] == pytest.approx(250 * 0.2 / 0.3)
    assert gap["home_lacks_both_n"] == pytest.approx(0, abs=1e-9)
    unknown = telehealth_gap(three.drop(columns="subscription_share")).iloc[1]
    assert (
        unknown[["home_lacks_device_n", "home_lacks_subscription_n", "home_lacks_both_n"]]
        .isna()
        .all()
    )
    assert unknown["gap_home_only_n"] == pytest.approx(250)


def test_where_lines_are_unknown_the_gap_is_a_floor_and_the_rest_is_missing(three):
    lines = unknown_lines(three)
    table = three.drop(columns="qualifying_share").join(lines)
    table.loc[table.index[0], ["qualifying_share", "coverage_status"]] = [0.98, "ok"]
    gap = telehealth_gap(table)
    np.testing.assert_allclose(gap["gap_n"], [0, 375, 720])
    assert gap["gap_line_only_n"].isna().tolist() == [False, True, True]
    assert gap["gap_both_n_moe"].isna().all()
    assert gap["gap_ceiling_n"].isna().tolist() == [False, True, True]
    assert (gap["gap_status"] == "ok").all()
    pd.testing.assert_frame_equal(gap_alone(table), gap[["gap_n", "gap_share"]])


def test_status_says_why_there_is_no_value():
    table = areas(
        population_n=[0, 50, 60, 70, 80],
        beyond_reach_share=[1, 1, 1, np.nan, 1],
        qualifying_share=[np.nan, np.nan, 0.5, 0.5, 0.5],
        connected_share=[np.nan, 0.5, np.nan, 0.5, 0.5],
        device_share=[np.nan, 0.5, np.nan, 0.5, 0.5],
        locations_n=[0, 0, 9, 9, 9],
    )
    table["connected_share_status"] = ["no_households", "ok", "no_households", "ok", "ok"]
    gap = telehealth_gap(table)
    assert gap["gap_status"].tolist() == [
        "no_population", "no_locations", "no_households", "not_covered", "ok",
    ]  # fmt: skip
    assert gap["gap_n"].notna().tolist() == [False, False, False, False, True]
    pd.testing.assert_frame_equal(gap_alone(table), gap[["gap_n", "gap_share"]])


def test_margin_follows_the_part_that_binds():
    table = areas(
        population_n=[1000, 1000, 1000],
        population_n_moe=[0, 0, 0],
        beyond_reach_share=[1, 1, 1],
        qualifying_share=[0.9, 0.3, 0.45],
        connected_share=[0.5, 0.5, 0.5],
        connected_share_moe=[0.1, 0.1, 0.1],
        device_share=[0.8, 0.8, 0.8],
    )
    gap = telehealth_gap(table)
    # Where lines are far scarcer than subscriptions, a margin of subscriptions moves nothing;
    # within two standard errors (0.12) of the point where they cross it may.
    np.testing.assert_allclose(gap["gap_n_moe"], [100, 0, 100])
    # ... and its share has no sampling error to show, which is not an error of 0.
    np.testing.assert_allclose(gap["gap_share_moe"], [0.1, np.nan, 0.1])
    np.testing.assert_allclose(gap["gap_line_only_n_moe"], [0, 100, 100])
    np.testing.assert_allclose(gap["gap_home_only_n_moe"], [100, 0, 100])
    np.testing.assert_allclose(gap["gap_both_n_moe"], [0, 100, 100])


def covered_near_the_kink(line: float, connected: float, error: float) -> float:
    """How often the 90 % interval of the gap holds the true one, over 20,000 surveys."""
    rng = np.random.default_rng(8)
    seen = np.clip(rng.normal(connected, error, 20_000), 0, 1)
    table = areas(
        population_n=np.full(20_000, 1000.0), population_n_moe=np.zeros(20_000),
        beyond_reach_share=np.ones(20_000), qualifying_share=np.full(20_000, line),
        connected_share=seen, connected_share_moe=np.full(20_000, error * 1.645),
        device_share=np.ones(20_000),
    )  # fmt: skip
    gap = telehealth_gap(table)
    truth = 1000 * (1 - min(line, connected))
    inside = (gap["gap_n"] - truth).abs() <= gap["gap_n_moe"] + 1e-9
    return float(inside.mean())


@pytest.mark.parametrize("distance", [-3, -2, -1, -0.5, 0, 0.5, 1, 2, 3])
def test_margins_near_the_crossing_of_the_shares_cover(distance):
    # `distance` standard errors between lines and homes.
    assert covered_near_the_kink(0.8 + 0.03 * distance, 0.8, 0.03) >= 0.88


def test_margin_against_simulation():
    rng = np.random.default_rng(3)
    people, share = rng.normal(5000, 400, 200_000), rng.normal(0.6, 0.03, 200_000)
    simulated = 1.645 * (people * 0.8 * (1 - share)).std()
    table = areas(
        population_n=[5000], population_n_moe=[400 * 1.645], beyond_reach_share=[0.8],
        qualifying_share=[0.95], connected_share=[0.6], connected_share_moe=[0.03 * 1.645],
        device_share=[0.8],
    )  # fmt: skip
    assert telehealth_gap(table)["gap_n_moe"].iloc[0] == pytest.approx(simulated, rel=0.01)


share = st.floats(0, 1)


@given(st.lists(st.tuples(st.floats(1, 1e6), share, share, share, share), min_size=1, max_size=30))
def test_parts_add_up_everywhere(rows):
    people, short, line, connected, device = (list(column) for column in zip(*rows, strict=True))
    table = areas(
        population_n=people, beyond_reach_share=short, qualifying_share=line,
        connected_share=connected, device_share=device,
    )  # fmt: skip
    gap = telehealth_gap(table)
    assert (gap[list(SPLIT)] >= -1e-9).all(axis=None)
    np.testing.assert_allclose(gap[list(SPLIT)].sum(axis=1), gap["gap_n"], rtol=1e-9, atol=1e-9)
    assert (gap["gap_n"] <= table["population_n"] * (1 + 1e-12)).all()
    assert (gap["gap_ceiling_n"] >= gap["gap_n"] - 1e-6).all()


def test_rows_may_come_in_any_order(three):
    shuffled = three.iloc[[2, 0, 1]]
    pd.testing.assert_frame_equal(
        telehealth_gap(three).loc[shuffled.index], telehealth_gap(shuffled)
    )


def test_twice_the_people_twice_the_gap(three):
    doubled = three.assign(population_n=three["population_n"] * 2)
    np.testing.assert_allclose(telehealth_gap(doubled)["gap_n"], telehealth_gap(three)["gap_n"] * 2)


def test_input_is_left_alone(three):
    before = three.copy()
    telehealth_gap(three)
    pd.testing.assert_frame_equal(three, before)


def test_homes_that_subscribe_beyond_the_rule():
    table = areas(
        population_n=[100, 100, 100],
        beyond_reach_share=[1, 1, 1],
        qualifying_share=[0.3, 0.9, 0.9],
        connected_share=[0.3, 0.5, 0.9],
        device_share=[0.9, 0.9, 0.9],
        any_subscription_share=[0.94, 0.8, 0.9],
        subscription_share=[0.94, 0.5, 0.9],
    )
    gap = telehealth_gap(table)
    np.testing.assert_allclose(gap["subscribed_beyond_rule_share"], [0.64, 0.3, 0.0])


def test_percentages_are_refused(three):
    with pytest.raises(InputError, match="divide percentages by 100") as caught:
        telehealth_gap(three.assign(qualifying_share=[98, 90, 20]))
    assert caught.value.rows


@pytest.mark.parametrize(
    ("line", "connected", "of_homes"),
    [
        # (gap, line only, home only, both): whether the survey of homes says something of it.
        (0.75, 0.60, (True, False, True, False)),  # 2.5 standard errors apart: homes bind
        (0.60, 0.75, (False, True, False, True)),  # lines bind
        (0.69, 0.60, (True, True, True, True)),  # 1.5 apart: either may
    ],
)
def test_margins_are_those_of_residents_and_homes_by_hand(line, connected, of_homes):
    table = areas(
        population_n=[1000], population_n_moe=[100], beyond_reach_share=[0.5],
        qualifying_share=[line], connected_share=[connected], connected_share_moe=[0.1],
        device_share=[0.8],
    )  # fmt: skip
    gap, usable = telehealth_gap(table).iloc[0], min(line, connected)
    lacking = (1 - usable, connected - usable, line - usable, 1 - max(line, connected))
    for name, share, homes in zip(("gap_n", *SPLIT), lacking, of_homes, strict=True):
        residents, survey = 0.5 * share * 100, 1000 * 0.5 * 0.1 * homes
        assert gap[f"{name}_moe"] == pytest.approx(np.hypot(residents, survey)), name
    everybody = np.hypot((1 - usable) * 100, 1000 * 0.1 * of_homes[0])
    assert gap["no_link_n_moe"] == pytest.approx(everybody)
    assert gap["beyond_reach_n_moe"] == pytest.approx(50)


def test_one_resident_has_a_share_and_one_area_a_total():
    one = areas(
        population_n=[1], beyond_reach_share=[1], qualifying_share=[0.25], connected_share=[0.5],
        device_share=[0.5],
    )  # fmt: skip
    gap = telehealth_gap(one)
    assert gap["gap_share"].item() == 0.75
    assert gap_totals(one.join(gap))["gap_n"] == 0.75


def test_a_missing_home_is_no_missing_location(three):
    told = three.assign(coverage_status="ok", connected_share=[np.nan, 0.7, 0.4])
    assert telehealth_gap(told)["gap_status"].tolist() == ["not_covered", "ok", "ok"]


@pytest.mark.parametrize("name", ["beyond_reach_share", "connected_share", "device_share"])
def test_a_share_above_one_is_refused(three, name):
    with pytest.raises(InputError, match=name):
        telehealth_gap(three.assign(**{name: [0.5, 1.01, 0.5]}))


def test_missing_column_is_named(three):
    with pytest.raises(MissingColumnError, match="device_share"):
        telehealth_gap(three.drop(columns="device_share"))


def test_negative_population_is_refused(three):
    with pytest.raises(InputError, match="negative"):
        telehealth_gap(three.assign(population_n=[-1, 5, 5]))


@given(
    st.lists(
        st.tuples(st.floats(1, 1e6), share, share, share, share, share), min_size=1, max_size=30
    )
)
def test_the_split_is_what_fixes_recover_in_every_area_and_sum(rows):
    people, beyond, line, connected, device, subscribed = (list(c) for c in zip(*rows, strict=True))
    table = areas(
        population_n=people, beyond_reach_share=beyond, qualifying_share=line,
        connected_share=connected, device_share=device, subscription_share=subscribed,
    )  # fmt: skip
    gap, fixed = telehealth_gap(table), recover(table, [["line"], ["home"], ["line", "home"]])
    scale = 1e-9 * max(people)
    for one in (lambda frame: frame, lambda frame: frame.sum().to_frame().T):
        split, recovered = one(gap[[*SPLIT, "gap_n"]]), one(fixed)
        np.testing.assert_allclose(
            recovered["recoverable_line_n"], split["gap_line_only_n"], atol=scale
        )
        np.testing.assert_allclose(
            recovered["recoverable_home_n"], split["gap_home_only_n"], atol=scale
        )
        np.testing.assert_allclose(
            recovered["recoverable_line_and_home_n"], split["gap_n"], atol=scale
        )
    lacks = gap[["home_lacks_device_n", "home_lacks_subscription_n", "home_lacks_both_n"]]
    assert (lacks >= -scale).all(axis=None)
    np.testing.assert_allclose(lacks.sum(axis=1), gap["gap_home_only_n"], atol=scale * 10)


def of_sample(n, **shares):
    """Shares of a simple random sample of ``n`` homes, with the margin each has by itself."""
    columns = {}
    for name, share in shares.items():
        columns[f"{name}_share"] = [share]
        columns[f"{name}_share_moe"] = [1.645 * np.sqrt(share * (1 - share) / n)]
    return areas(
        population_n=[1000], beyond_reach_share=[1], qualifying_share=[0.95],
        connected_share=[0.5], device_share=[0.9], **columns,
    )  # fmt: skip


@pytest.mark.parametrize(("every", "counted"), [(0.8, 0.6), (0.95, 0.05), (0.7, 0.69)])
def test_the_margin_of_what_the_rule_leaves_out_is_that_of_the_share_itself(every, counted):
    # Homes that subscribe beyond the rule are a share of the same sample: its binomial margin.
    found = telehealth_gap(of_sample(400, any_subscription=every, subscription=counted))
    beyond = every - counted
    assert found["subscribed_beyond_rule_share"].item() == pytest.approx(beyond)
    assert found["subscribed_beyond_rule_share_moe"].item() == pytest.approx(
        1.645 * np.sqrt(beyond * (1 - beyond) / 400)
    )


def test_a_rule_that_counts_every_subscription_leaves_out_nothing_without_a_margin():
    found = telehealth_gap(of_sample(400, any_subscription=0.8, subscription=0.8))
    assert found["subscribed_beyond_rule_share"].item() == 0
    assert found["subscribed_beyond_rule_share_moe"].item() == 0


def test_where_lines_bind_only_those_who_subscribe_to_anything_are_sampled():
    table = of_sample(400, any_subscription=0.8, subscription=0.5).assign(qualifying_share=0.3)
    found = telehealth_gap(table)
    assert found["subscribed_beyond_rule_share"].item() == pytest.approx(0.5)
    assert found["subscribed_beyond_rule_share_moe"].item() == pytest.approx(1.645 * 0.02)


def test_without_a_margin_of_either_share_what_the_rule_leaves_out_has_none():
    table = of_sample(400, any_subscription=0.8, subscription=0.6)
    for name in ("any_subscription_share_moe", "subscription_share_moe"):
        found = telehealth_gap(table.drop(columns=name))
        assert found["subscribed_beyond_rule_share_moe"].isna().all()
