"""The gap against the oracle of the reference, and the properties that make it honest."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equity.errors import InputError, MissingColumnError
from equity.measures.gap import (
    PARTS,
    gap_totals,
    shortfall_by_access,
    shortfall_by_travel,
    telehealth_gap,
)


def areas(**columns):
    frame = pd.DataFrame(columns, dtype=float)
    frame.index = pd.Index([f"90001{i:06d}" for i in range(len(frame))], name="geoid")
    return frame


@pytest.fixture
def three():
    """Three areas, computed by hand in exact fractions (a worked example of the measure)."""
    access = pd.Series([1.2, 0.5, 0.0]) * 10_000 / 3_500
    short = shortfall_by_access(access, benchmark_per_10k=10_000 / 3_500)
    return areas(
        population_n=[4000, 2500, 1200],
        in_person_shortfall=short.to_numpy(),
        qualifying_share=[0.98, 0.90, 0.20],
        connected_share=[0.85, 0.70, 0.40],
        device_share=[0.90, 0.80, 0.90],
    )


def test_worked_example(three):
    gap = telehealth_gap(three)
    np.testing.assert_allclose(three["in_person_shortfall"], [0, 0.5, 1], atol=1e-12)
    np.testing.assert_allclose(gap["usable_link_share"], [0.85, 0.70, 0.20], rtol=1e-12)
    np.testing.assert_allclose(gap["gap_n"], [0, 375, 960], atol=1e-9)
    np.testing.assert_allclose(gap["gap_infrastructure_n"], [0, 125, 960], atol=1e-9)
    adoption = gap["gap_device_n"] + gap["gap_subscription_n"]
    np.testing.assert_allclose(adoption, [0, 250, 0], atol=1e-9)
    totals = gap_totals(gap.join(three["population_n"]))
    assert totals["gap_n"] == pytest.approx(1335)
    assert totals["gap_share"] == pytest.approx(0.17337662337662338)


def test_device_and_subscription_split_by_homes(three):
    # Area 2: 20 % have no device, 10 % a device but no subscription, of 30 % not connected.
    gap = telehealth_gap(three).iloc[1]
    assert gap["gap_device_n"] == pytest.approx(250 * 0.2 / 0.3)
    assert gap["gap_subscription_n"] == pytest.approx(250 * 0.1 / 0.3)
    assert gap["main_barrier"] == "device"


def test_ceiling_is_the_other_frechet_bound(three):
    np.testing.assert_allclose(telehealth_gap(three)["gap_ceiling_n"], [0, 500, 1200], atol=1e-9)


def test_status_says_why_there_is_no_value():
    table = areas(
        population_n=[0, 50, 60, 70, 80],
        in_person_shortfall=[1, 1, 1, np.nan, 1],
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


def test_margin_follows_the_part_that_binds():
    table = areas(
        population_n=[1000, 1000],
        population_n_moe=[0, 0],
        in_person_shortfall=[1, 1],
        qualifying_share=[0.9, 0.3],
        connected_share=[0.5, 0.5],
        connected_share_moe=[0.1, 0.1],
        device_share=[0.8, 0.8],
    )
    gap = telehealth_gap(table)
    # Where lines are scarcer than subscriptions, a margin of subscriptions moves nothing.
    np.testing.assert_allclose(gap["gap_n_moe"], [100, 0])
    # ... and its share has no sampling error to show, which is not an error of 0.
    np.testing.assert_allclose(gap["gap_share_moe"], [0.1, np.nan])


def test_margin_against_simulation():
    rng = np.random.default_rng(3)
    people, share = rng.normal(5000, 400, 200_000), rng.normal(0.6, 0.03, 200_000)
    simulated = 1.645 * (people * 0.8 * (1 - share)).std()
    table = areas(
        population_n=[5000], population_n_moe=[400 * 1.645], in_person_shortfall=[0.8],
        qualifying_share=[0.95], connected_share=[0.6], connected_share_moe=[0.03 * 1.645],
        device_share=[0.8],
    )  # fmt: skip
    assert telehealth_gap(table)["gap_n_moe"].iloc[0] == pytest.approx(simulated, rel=0.01)


share = st.floats(0, 1)


@given(st.lists(st.tuples(st.floats(1, 1e6), share, share, share, share), min_size=1, max_size=30))
def test_parts_add_up_everywhere(rows):
    people, short, line, connected, device = (list(column) for column in zip(*rows, strict=True))
    table = areas(
        population_n=people, in_person_shortfall=short, qualifying_share=line,
        connected_share=connected, device_share=device,
    )  # fmt: skip
    gap = telehealth_gap(table)
    assert (gap[list(PARTS)] >= -1e-9).all(axis=None)
    np.testing.assert_allclose(gap[list(PARTS)].sum(axis=1), gap["gap_n"], rtol=1e-9, atol=1e-9)
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
        in_person_shortfall=[1, 1, 1],
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


def test_missing_column_is_named(three):
    with pytest.raises(MissingColumnError, match="device_share"):
        telehealth_gap(three.drop(columns="device_share"))


def test_negative_population_is_refused(three):
    with pytest.raises(InputError, match="negative"):
        telehealth_gap(three.assign(population_n=[-1, 5, 5]))


def test_travel_limit_is_inclusive_and_unknown_is_not_far():
    minutes = pd.Series([29.9, 30.0, 30.1, np.nan])
    assert shortfall_by_travel(minutes, limit_min=30).tolist() == [0, 0, 1, 1]
    unknown = shortfall_by_travel(minutes, limit_min=30, care_exists=False)
    assert unknown[:3].tolist() == [0, 0, 1]
    assert np.isnan(unknown[3])


@pytest.mark.parametrize("limit", [0, -5, float("nan")])
def test_a_limit_is_above_zero(limit):
    with pytest.raises(InputError):
        shortfall_by_travel(pd.Series([1.0]), limit_min=limit)
    with pytest.raises(InputError):
        shortfall_by_access(pd.Series([1.0]), benchmark_per_10k=limit)
