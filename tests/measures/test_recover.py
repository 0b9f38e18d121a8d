"""What fixes bring in, alone and together, as a what-if."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from care_cases import scattered
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.errors import InputError, MissingColumnError
from equity.measures.reach.catchment import catchment
from equity.measures.reach.new_clinic import beyond_reach_with_clinic
from equity.measures.reach.travel import travel_costs
from equity.measures.recover import FIXES, SETS_OF_FIXES, recover

# Three areas with P, s, a and c computed by exact fractions: lines alone recover 240 of a gap of
# 1,335, connecting every home recovers 250, both together all of it.
THREE = pd.DataFrame(
    {
        "population_n": [4000.0, 2500.0, 1200.0],
        "beyond_reach_share": [0.0, 0.5, 1.0],
        "qualifying_share": [0.98, 0.90, 0.20],
        "connected_share": [0.85, 0.70, 0.40],
        "device_share": [0.85, 0.80, 0.40],
        "subscription_share": [0.85, 0.75, 0.60],
    },
    index=["A", "B", "C"],
)


def test_known_answers():
    found = recover(THREE)
    near = {"rtol": 1e-9, "atol": 1e-9}
    np.testing.assert_allclose(found["recoverable_line_n"], [0, 0, 240], **near)
    np.testing.assert_allclose(found["recoverable_home_n"], [0, 250, 0], **near)
    np.testing.assert_allclose(found["recoverable_line_and_home_n"], [0, 375, 960], **near)
    # B: with a subscription in every home with a device 80 % are connected, still below its lines.
    np.testing.assert_allclose(found["recoverable_subscription_n"], [0, 125, 0], **near)
    np.testing.assert_allclose(found["recoverable_device_n"], [0, 62.5, 0], **near)
    # C: a line alone helps the 40 % who are connected; with devices as well, the 60 % who subscribe.
    np.testing.assert_allclose(found["recoverable_line_and_device_n"], [0, 62.5, 480], **near)
    assert found["recoverable_clinic_n"].isna().all()
    assert found.index.equals(THREE.index)


def brute_force(row: pd.Series, fixes: tuple[str, ...]) -> float:
    """The same what-if in plain sentences, one area at a time."""
    line, both = row["qualifying_share"], row["connected_share"]
    device, subscribed = max(row["device_share"], both), max(row["subscription_share"], both)
    beyond = row["beyond_reach_share"]
    before = row["population_n"] * beyond * (1 - min(line, both))
    if "line" in fixes:
        line = 1.0
    if "home" in fixes or ("device" in fixes and "subscription" in fixes):
        both = 1.0
    elif "device" in fixes:
        both = subscribed
    elif "subscription" in fixes:
        both = device
    if "clinic" in fixes:
        beyond = min(beyond, row["beyond_reach_with_clinic_share"])
    return before - row["population_n"] * beyond * (1 - min(line, both))


EVERY_SET = [s for n in (1, 2, 3) for s in itertools.combinations(FIXES, n)]


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 100_000))
def test_every_set_of_fixes_equals_brute_force_and_none_recovers_less_than_its_parts(seed):
    rng = np.random.default_rng(seed)
    names = [*THREE.columns[1:], "beyond_reach_with_clinic_share"]
    table = pd.DataFrame(rng.uniform(0, 1, (8, len(names))), columns=names)
    table["population_n"] = rng.integers(0, 5000, 8).astype(float)
    before = table.copy()
    found = recover(table, EVERY_SET)
    for one in EVERY_SET:
        expected = [brute_force(row, one) for _, row in table.iterrows()]
        name = f"recoverable_{'_and_'.join(one)}_n"
        np.testing.assert_allclose(found[name], expected, rtol=1e-9, atol=1e-9)
        for part in one:
            assert (found[name] >= found[f"recoverable_{part}_n"] - 1e-9).all()
    pd.testing.assert_frame_equal(table, before)


def test_unknown_is_not_nothing():
    table = THREE.assign(connected_share=[0.85, np.nan, 0.4]).drop(columns="subscription_share")
    found = recover(table)
    assert found.loc["B"].isna().all()
    assert found["recoverable_device_n"].isna().all()
    assert found.loc["C", "recoverable_line_n"] == pytest.approx(240)


def test_a_fix_that_does_not_exist_and_an_empty_set_are_refused():
    with pytest.raises(InputError, match=r"'magic'.*line, device"):
        recover(THREE, [["magic"]])
    with pytest.raises(InputError, match="empty set"):
        recover(THREE, [[]])
    assert {fix for one in SETS_OF_FIXES for fix in one} == set(FIXES)


def test_a_clinic_is_a_catchment_solved_again():
    areas, sites = scattered(12, seed=1, prefix="a", spread=0.2), scattered(3, seed=2, prefix="s")
    people = pd.Series(np.arange(12.0) * 100 + 50, index=areas.index)
    now = catchment(travel_costs(areas, sites, max_minutes=30), demand=people, supply=2.0).assign(
        population_n=people
    )
    found = beyond_reach_with_clinic(
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
        ({"connected_share": 1.5}, InputError, "divide percentages by 100"),
        ({"population_n": -1.0}, InputError, "negative"),
        ({"connected_share": None}, MissingColumnError, "connected_share"),
    ],
)
def test_hostile_input_is_refused(change, error, match):
    table = THREE.drop(columns=[k for k, v in change.items() if v is None])
    table = table.assign(**{k: v for k, v in change.items() if v is not None})
    with pytest.raises(error, match=match):
        recover(table)


@pytest.mark.parametrize(
    ("options", "match"),
    [({"benchmark_per_10k": 0}, "benchmark"), ({"capacity": 0}, "capacity"), ({"other": True}, "same areas")],
)  # fmt: skip
def test_a_clinic_needs_sense(options, match):
    areas = scattered(3, seed=1, prefix="a")
    to = scattered(3, seed=2, prefix="b") if options.pop("other", False) else areas
    table = pd.DataFrame({"access_per_10k": 1.0, "population_n": 10.0}, index=areas.index)
    with pytest.raises(InputError, match=match):
        beyond_reach_with_clinic(
            table, travel_costs(areas, to, max_minutes=30), **{"benchmark_per_10k": 2.0, **options}
        )
