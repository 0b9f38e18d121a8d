"""The single fix that removes most of an area's gap, as a what-if."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from care_cases import scattered
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.errors import InputError, MissingColumnError
from equity.measures.reach.catchment import catchment
from equity.measures.reach.new_clinic import shortfall_with_clinic
from equity.measures.reach.travel import travel_costs
from equity.measures.recover import FIXES, barrier

# Three areas with P, A*/3500, a and c computed by exact fractions: lines alone recover 240 of a
# gap of 1,335, connecting every home recovers 250.
THREE = pd.DataFrame(
    {
        "population_n": [4000.0, 2500.0, 1200.0],
        "in_person_shortfall": [0.0, 0.5, 1.0],
        "qualifying_share": [0.98, 0.90, 0.20],
        "connected_share": [0.85, 0.70, 0.40],
        "device_share": [0.85, 0.70, 0.40],
    },
    index=["A", "B", "C"],
)


def test_known_answers():
    found = barrier(THREE)
    np.testing.assert_allclose(found["gap_what_if_n"], [0, 375, 960], rtol=1e-9)
    np.testing.assert_allclose(found["recoverable_line_n"], [0, 0, 240], rtol=1e-9, atol=1e-9)
    homes = barrier(THREE.assign(device_share=1.0))
    np.testing.assert_allclose(homes["recoverable_subscription_n"], [0, 250, 0], rtol=1e-9, atol=1e-9)  # fmt: skip
    assert homes["barrier"].tolist()[1:] == ["subscription", "line"]
    assert homes["barrier_status"].tolist() == ["no_gap", "ok", "no_single_fix"]
    assert homes["barrier_share"].tolist()[1:] == pytest.approx([250 / 375, 0.25])
    assert found["recoverable_practice_line_n"].isna().all()
    assert found["recoverable_clinic_n"].isna().all()


def test_each_fix_can_be_the_one():
    base = {
        "population_n": 1000.0,
        "in_person_shortfall": 1.0,
        "qualifying_share": 1.0,
        "connected_share": 1.0,
        "device_share": 1.0,
        "subscription_share": 1.0,
        "shortfall_with_clinic": 1.0,
        "capacity_with_video_share": 1.0,
    }
    cases = {
        "line": {"qualifying_share": 0.1},
        "subscription": {"connected_share": 0.2, "subscription_share": 0.2},
        "device": {"connected_share": 0.2, "device_share": 0.2},
        "clinic": {"connected_share": 0.0, "device_share": 0.3, "subscription_share": 0.3, "shortfall_with_clinic": 0.0},
        "practice_line": {"capacity_with_video_share": 0.1},
    }  # fmt: skip
    table = pd.DataFrame([{**base, **change} for change in cases.values()], index=list(cases))
    found = barrier(table)
    assert found["barrier"].tolist() == list(cases)
    assert (found["barrier_status"] == "ok").all()
    np.testing.assert_allclose(found["gap_what_if_n"], [900, 800, 800, 1000, 900])


def test_two_barriers_of_the_same_height_have_no_single_fix():
    table = THREE.assign(
        in_person_shortfall=1.0, qualifying_share=0.5, connected_share=0.5, device_share=1.0
    )
    found = barrier(table)
    assert (found["barrier_status"] == "no_single_fix").all()
    assert found["barrier"].isna().all()
    assert (found["barrier_share"] == 0).all()


def test_unknown_is_not_no_gap():
    table = THREE.assign(connected_share=[0.85, np.nan, 0.4], population_n=[0.0, 2500.0, 1200.0])
    found = barrier(table)
    assert found["barrier_status"].tolist() == ["no_population", "not_computable", "no_single_fix"]
    assert np.isnan(found.loc["B", "barrier_share"])
    pd.testing.assert_index_equal(found.index, table.index)


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 100_000))
def test_no_fix_recovers_more_than_the_gap_or_less_than_nothing(seed):
    rng = np.random.default_rng(seed)
    shares = rng.uniform(0, 1, (8, 7))
    table = pd.DataFrame(
        shares,
        columns=[
            "in_person_shortfall",
            "qualifying_share",
            "connected_share",
            "device_share",
            "subscription_share",
            "shortfall_with_clinic",
            "capacity_with_video_share",
        ],
    ).assign(population_n=rng.integers(0, 5000, 8).astype(float))
    before = table.copy()
    found = barrier(table)
    recovered = found[[f"recoverable_{fix}_n" for fix in FIXES]]
    assert (recovered >= -1e-9).all(axis=None)
    assert recovered.le(found["gap_what_if_n"] + 1e-9, axis=0).all(axis=None)
    pd.testing.assert_frame_equal(table, before)


def test_a_clinic_is_a_catchment_solved_again():
    areas, sites = scattered(12, seed=1, prefix="a", spread=0.2), scattered(3, seed=2, prefix="s")
    people = pd.Series(np.arange(12.0) * 100 + 50, index=areas.index)
    now = catchment(travel_costs(areas, sites, max_minutes=30), demand=people, supply=2.0).assign(
        population_n=people
    )
    found = shortfall_with_clinic(
        now, travel_costs(areas, areas, max_minutes=30), benchmark_per_10k=50, capacity=1.5
    )
    for area in areas.index:
        more = pd.concat([sites, areas.loc[[area]]])
        supply = pd.Series([2.0] * 3 + [1.5], index=more.index)
        again = catchment(travel_costs(areas, more, max_minutes=30), demand=people, supply=supply)
        expected = max(0.0, 1 - again.loc[area, "access_per_10k"] / 50)
        assert found[area] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"qualifying_share": 90.0}, InputError, "divide percentages by 100"),
        ({"population_n": -1.0}, InputError, "negative"),
        ({"connected_share": None}, MissingColumnError, "connected_share"),
    ],
)
def test_hostile_input_is_refused(change, error, match):
    table = THREE.drop(columns=[k for k, v in change.items() if v is None])
    table = table.assign(**{k: v for k, v in change.items() if v is not None})
    with pytest.raises(error, match=match):
        barrier(table)


@pytest.mark.parametrize(
    ("options", "match"),
    [({"benchmark_per_10k": 0}, "benchmark"), ({"capacity": 0}, "capacity"), ({"other": True}, "same areas")],
)  # fmt: skip
def test_a_clinic_needs_sense(options, match):
    areas = scattered(3, seed=1, prefix="a")
    to = scattered(3, seed=2, prefix="b") if options.pop("other", False) else areas
    table = pd.DataFrame({"access_per_10k": 1.0, "population_n": 10.0}, index=areas.index)
    with pytest.raises(InputError, match=match):
        shortfall_with_clinic(
            table, travel_costs(areas, to, max_minutes=30), **{"benchmark_per_10k": 2.0, **options}
        )
