"""Weights of every form in every method, capacity within reach, nearest site of any costs.

Numbers are those that other packages print or test, with their conventions.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from care_cases import AREAS, SITES, TOY_MINUTES, capacity_of, costs_of, people_of, scattered
from scipy import stats

from equity.errors import InputError
from equity.measures.reach import decay
from equity.measures.reach.beyond import beyond_reach
from equity.measures.reach.catchment import METHODS, NO_RATIO, catchment, solve_catchment
from equity.measures.reach.new_clinic import beyond_reach_with_clinic
from equity.measures.reach.potential import capacity_in_reach
from equity.measures.reach.travel import nearest_sites, travel_costs, travel_estimate
from equity.measures.reach.virtual import LineOrNone

BY_STEPS = ["e2sfca", "3sfca", "m2sfca", "bfca", "i2sfca"]


# Curves


@pytest.mark.parametrize(
    ("curve", "costs", "weights"),
    [
        # ipea accessibility, test-decay_exponential.R, test-decay_linear.R, test-decay_logistic.R
        (decay.exponential(0.1), [0, 10, 20, 60], [1, np.exp(-1), np.exp(-2), np.exp(-6)]),
        (decay.exponential(0.05), [0, 20, 120], [1, np.exp(-1), np.exp(-6)]),
        (decay.linear(30), [10, 60, 0, 30], [2 / 3, 0, 1, 0]),
        (decay.logistic(20, 2), [0, 20], [1, 0.5]),
        (decay.logistic(30, 10), [0, 30], [1, 0.502]),
        # catchment, test-catchment_weight.R, scale 2: "gaussian", "linear", "exponential"
        (decay.normal(2), [1, 2, 5], np.exp(-np.array([1, 4, 25]) / 8)),
        (decay.linear(2), [0.5, 1.5, 9], [0.75, 0.25, 0]),
        (decay.exponential(2), [0.5, 1, 2], np.exp([-1.0, -2.0, -4.0])),
    ],
)
def test_curves_are_those_of_other_packages(curve, costs, weights):
    assert curve.weight(np.array(costs, float)) == pytest.approx(np.asarray(weights), abs=2e-4)
    assert curve.weight(np.empty(0)).tolist() == []


@pytest.mark.parametrize(("midpoint", "sd"), [(30.0, 10.0), (30.0, 18.0), (5.0, 7.0)])
def test_a_logistic_curve_is_the_upper_tail_of_the_distribution_with_that_spread(midpoint, sd):
    law = stats.logistic(loc=midpoint, scale=sd * np.sqrt(3) / np.pi)
    assert law.std() == pytest.approx(sd)
    minutes = np.array([0.0, 3, 12, 30, 75])
    found = decay.logistic(midpoint, sd).weight(minutes)
    np.testing.assert_allclose(found, law.sf(minutes) / law.sf(0), rtol=1e-12)


def test_slow_steps_of_an_hour_are_the_published_ones():
    assert decay.slow_steps(60) == dict(decay.STEPS["slow-60"])
    assert decay.slow_steps(15) == {5: 1.0, 10: 0.68, 15: 0.22}


def test_a_cost_on_a_step_is_still_within_it():
    # As in pysal access; ipea's decay_stepped would give 0.75, 0.5, 0.25, 0 here.
    steps = decay.steps({10: 1, 20: 0.75, 30: 0.5, 40: 0.25}, unit="min")
    at = steps.weight(np.array([0.0, 10, 20, 30, 40, 40.01]))
    assert at.tolist() == [1, 1, 0.75, 0.5, 0.25, 0]
    # ipea's decay_binary includes its cutoff; catchment leaves a single limit out ("cost < 1").
    assert decay.uniform(30).weight(np.array([30.0, 30.01])).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("make", "numbers"),
    [(decay.exponential, (0,)), (decay.normal, (-1,)), (decay.linear, (np.inf,)),
     (decay.logistic, (0, 2)), (decay.logistic, (20, np.nan)), (decay.uniform, (np.nan,)),
     (decay.uniform, (-3,)), (decay.uniform, ("x",))],
)  # fmt: skip
def test_a_curve_needs_numbers_above_0(make, numbers):
    with pytest.raises(InputError):
        make(*numbers)


# One's own weights in every method


def solved(costs, steps, method, **options):
    return catchment(
        costs, demand=people_of([100, 200, 300]), supply=capacity_of([2, 3]), method=method,
        steps=steps, **options,
    )  # fmt: skip


@pytest.mark.parametrize("method", BY_STEPS)
def test_a_function_a_decay_and_weights_by_pair_give_the_same(method):
    minutes = np.array(TOY_MINUTES, float)
    weight = np.exp(-0.1 * minutes)
    by_pair = pd.DataFrame(
        {"home": np.repeat(AREAS, 2), "clinic": np.tile(SITES, 3), "w": weight.ravel()}
    )
    given = travel_costs(
        pd.DataFrame(index=AREAS), pd.DataFrame(index=SITES), table=by_pair,
        origin="home", destination="clinic", cost="w", unit="weight",
    )  # fmt: skip
    found = [
        solved(costs_of(minutes), decay.exponential(0.1), method),
        solved(costs_of(minutes), lambda cost: np.exp(-0.1 * cost), method),
        solved(given, "slow", method),
    ]
    for other in found[1:]:
        pd.testing.assert_frame_equal(found[0], other, rtol=1e-12)
    assert not found[0].equals(solved(costs_of(minutes), "slow", method))


@pytest.mark.parametrize(
    ("method", "options", "same"),
    [("2sfca", {"reach": 20}, decay.uniform(20)), ("gaussian", {"reach": 30}, decay.gaussian(30)),
     ("gravity", {"exponent": 2, "floor": 1}, decay.power(2, floor=1))],
)  # fmt: skip
def test_methods_of_one_curve_are_e2sfca_with_that_curve(method, options, same):
    costs = costs_of(TOY_MINUTES)
    pd.testing.assert_frame_equal(
        solved(costs, "slow", method, **options), solved(costs, same, "e2sfca")
    )


def test_a_decay_serves_wherever_steps_do():
    areas = scattered(12, seed=1, prefix="a", spread=0.1).assign(population_n=50.0)
    costs = travel_costs(areas, areas, max_minutes=60)
    table = areas.join(catchment(costs, demand=50.0, supply=1.0, steps=decay.linear(60)))
    found = [
        beyond_reach_with_clinic(table, costs, benchmark_per_10k=500, steps=steps)
        for steps in (decay.linear(60), lambda cost: 1 - cost / 60)
    ]
    np.testing.assert_allclose(*found)
    assert found[0].between(0.01, 0.99).any()


@pytest.mark.parametrize(
    ("steps", "match"),
    [
        (lambda cost: -cost, "finite weights of 0 or more"),
        (lambda cost: cost * np.nan, "finite weights of 0 or more"),
        (lambda cost: 1.0, "as many"),
        (lambda cost: {"weight": cost}, "as many"),
        (3, "weights cannot be a int"),
        (decay.linear(90), "weights go on to 90 min, but travel costs end at 45 min"),
        ({}, "step weights must be"),
    ],
)
def test_weights_that_cannot_be_are_refused(steps, match):
    with pytest.raises(InputError, match=match):
        solved(costs_of(TOY_MINUTES, max_minutes=45), steps, "e2sfca")


@pytest.mark.parametrize("method", sorted(set(METHODS) - set(BY_STEPS)))
def test_steps_are_refused_where_no_method_asks_for_them(method):
    with pytest.raises(InputError, match=f"{method} has a curve of its own"):
        solved(costs_of(TOY_MINUTES, max_minutes=45), decay.exponential(5.0), method)


@pytest.mark.parametrize(
    "options", [{"method": "bogus"}, {"method": "roads"}, {"roads": "curve"},
                {"rurality": pd.Series({"A": 1})}],
)  # fmt: skip
def test_a_table_and_a_way_to_measure_are_refused_together(options):
    with pytest.raises(InputError, match="a table says what trips cost"):
        costs_of(TOY_MINUTES, **options)


@pytest.mark.parametrize("method", sorted(set(METHODS) - set(BY_STEPS)))
def test_weights_by_pair_are_no_cost(method):
    weights = pd.DataFrame({"a": ["A"], "s": ["x"], "w": [0.5]})
    costs = travel_costs(
        pd.DataFrame(index=["A"]), pd.DataFrame(index=["x"]), table=weights,
        origin="a", destination="s", cost="w", unit="weight",
    )  # fmt: skip
    ask = {"demand": 10.0, "supply": 1.0, "method": method}
    line = LineOrNone(area_available=1, area_subscription=1.0, site_available=1, reach=30)
    with pytest.raises(InputError, match="these costs are weights"):
        catchment(costs, **ask)
    with pytest.raises(InputError, match="a decay is asked for as well"):
        catchment(costs, demand=10.0, supply=1.0, steps="fast")
    with pytest.raises(InputError, match="do not tell which site is nearest"):
        costs.nearest()
    with pytest.raises(InputError, match="these costs are weights"):
        line.solve(costs, people=np.ones(1), capacity=np.ones(1))
    with pytest.raises(InputError, match="the table is in weight, the limit in min"):
        travel_costs(
            pd.DataFrame(index=["A"]), pd.DataFrame(index=["x"]), table=weights, max_minutes=3,
            origin="a", destination="s", cost="w", unit="weight",
        )  # fmt: skip


# What other packages print


def test_the_readme_of_fca():
    """Variable 3SFCA on its printed distances: W = exp(-d^2 / beta), 0.01 at 20, no cut."""
    minutes = np.array(
        [
            [8.627326, 23.64915, 12.26931, 26.49052, 28.21402, 1.366695, 15.843165, 26.772571, 16.54305, 13.698442],
            [28.705, 13.60002, 20.32712, 17.179, 3.08774, 26.994749, 7.382632, 1.261786, 9.837622, 28.635109],
            [26.686179, 20.7841, 19.2152, 29.82809, 19.67117, 21.255914, 16.321981, 17.824261, 8.674792, 4.413409],
        ]
    ).T  # fmt: skip
    homes, sites = list("abcdefghij"), ["1", "2", "3"]
    table = pd.DataFrame({"h": np.repeat(homes, 3), "s": np.tile(sites, 10), "t": minutes.ravel()})
    costs = travel_costs(
        pd.DataFrame(index=homes), pd.DataFrame(index=sites), table=table,
        origin="h", destination="s", cost="t", unit="min",
    )  # fmt: skip
    found = catchment(
        costs,
        demand=pd.Series([100.0, 200, 50, 100, 500, 50, 100, 100, 50, 500], index=homes),
        supply=pd.Series([1000.0, 200, 500], index=sites),
        method="3sfca",
        steps=decay.normal(20 / np.sqrt(-2 * np.log(0.01))),
    )
    printed = [3.97260949, 0.03678999, 1.46747735, 0.01079342, 0.28782748, 9.11410451, 0.19596873, 0.31194607, 0.37539987, 1.10349481]  # fmt: skip
    assert (found["access_per_10k"] / 1e4).tolist() == pytest.approx(printed, rel=2e-6)


def test_the_examples_of_catchment():
    """Its test-catchment_ratio.R: demand 5, 10, 50; supply 5, 10; written out there by hand."""
    minutes = [[5, 55], [35, 15], [40, 25]]
    people, capacity = np.array([5.0, 10, 50]), np.array([5.0, 10])
    w = np.exp(-np.square(minutes) / 8)
    by_hand = w @ (capacity / (w.T @ people))
    found = catchment(
        costs_of(minutes), demand=people_of(people), supply=capacity_of(capacity),
        steps=decay.normal(2),
    )  # fmt: skip
    assert (found["access_per_10k"] / 1e4).tolist() == pytest.approx(by_hand.tolist())


def test_one_person_reaching_everything_shares_all_there_is():
    """ipea accessibility, custom decay of 1 everywhere: supply over demand for all, 2SFCA."""
    costs = costs_of(TOY_MINUTES)
    everywhere = solved(costs, np.ones_like, "e2sfca")
    assert (everywhere["access_per_10k"] / 1e4).tolist() == pytest.approx([5 / 600] * 3)
    # Its BFCA by the published steps, row and column of weights each standardized: sum of the ratios.
    balanced = solve_catchment(
        costs, demand=people_of([100, 200, 300]), supply=capacity_of([2, 3]), method="bfca",
        steps=np.ones_like,
    )  # fmt: skip
    service = balanced.areas[NO_RATIO["bfca"]] / 1e4
    assert service.tolist() == pytest.approx([(2 / 300 + 3 / 300) / 3] * 3)
    assert service.sum() == pytest.approx(balanced.sites["ratio_per_10k"].sum() / 1e4)


# Capacity within reach


@pytest.fixture
def place():
    areas = scattered(60, seed=4, prefix="a", spread=0.2)
    sites = scattered(25, seed=5, prefix="s", spread=0.2)
    rng = np.random.default_rng(6)
    people = pd.Series(rng.integers(1, 900, 60).astype(float), index=areas.index)
    supply = pd.Series(rng.integers(1, 9, 25).astype(float), index=sites.index)
    costs = travel_costs(areas, sites, max_minutes=30)
    between = travel_costs(areas, areas, max_minutes=30)
    return costs, between, people, supply


def test_people_and_capacity_are_counted_by_the_same_reach(place):
    costs, between, people, supply = place
    areas = scattered(60, seed=4, prefix="a", spread=0.2)
    ask = {"supply": supply, "demand": people}
    in_km = travel_costs(areas, areas, radius_km=40)
    with pytest.raises(InputError, match="the costs are in min, and between is in km"):
        capacity_in_reach(costs, **ask, between=in_km, steps={10: 1.0, 30: 0.5})
    farther = travel_costs(areas, areas, max_minutes=50)
    for steps in (None, decay.exponential(0.1)):
        with pytest.raises(InputError, match="costs go up to 30 min, and between goes up to 50"):
            capacity_in_reach(costs, **ask, between=farther, steps=steps)
    # Steps that end within both make the rest of the longer one 0.
    found = [
        capacity_in_reach(costs, **ask, between=one, steps={30: 1.0}) for one in (between, farther)
    ]
    pd.testing.assert_frame_equal(*found)


@pytest.mark.filterwarnings("ignore:some tracts may be unaccounted for")  # the peer's
@pytest.mark.parametrize(
    ("steps", "weight"),
    [(None, None), (decay.exponential(0.08), lambda cost: np.exp(-0.08 * cost))],
    ids=["cumulative", "gravity"],
)
def test_sums_and_ratios_are_those_of_pysal_access(place, steps, weight):
    fca = pytest.importorskip("access.fca", reason="the peer is in the test extra")
    costs, between, people, supply = place
    there, here = (
        c.to_frame().set_axis(["origin", "dest", "cost"], axis="columns") for c in (costs, between)
    )
    found = capacity_in_reach(costs, supply=supply, steps=steps, demand=people, between=between)
    sums = fca.weighted_catchment(
        supply.to_frame("n"), there.copy(), 30, cost_source="dest", cost_dest="origin",
        loc_index=True, loc_value="n", weight_fn=weight,
    )  # fmt: skip
    reached = found["access_status"] == "ok"
    assert 30 < reached.sum() < 60
    pd.testing.assert_series_equal(
        found.loc[reached, "capacity_in_reach_n"], sums.reindex(found.index)[reached],
        check_names=False, rtol=1e-12,
    )  # fmt: skip
    ratio = fca.fca_ratio(
        people.to_frame("demand"), supply.to_frame("supply"), here.copy(), there.copy(), 30,
        demand_index=True, supply_index=True, weight_fn=weight,
    )  # fmt: skip
    pd.testing.assert_series_equal(
        found.loc[reached, "capacity_in_reach_per_10k"] / 1e4, ratio.reindex(found.index)[reached],
        check_names=False, rtol=1e-12,
    )  # fmt: skip
    rest = found[~reached]
    assert (rest["access_status"] == "no_supply_in_reach").all()
    assert (rest["capacity_in_reach_n"] == 0).all()


def test_sums_without_people_and_of_what_is_not_known():
    minutes = [[5, 25], [15, 15], [None, None]]
    found = capacity_in_reach(costs_of(minutes, max_minutes=20), supply=capacity_of([2, 3]))
    assert found["capacity_in_reach_n"].tolist() == [2, 5, 0]
    assert found["access_status"].tolist() == ["ok", "ok", "no_supply_in_reach"]
    few = travel_costs(
        pd.DataFrame(index=[*AREAS, "D"]), pd.DataFrame(index=SITES),
        table=costs_of(TOY_MINUTES).to_frame(), origin="origin", destination="site_id",
        cost="cost_min", unit="min",
    )  # fmt: skip
    found = capacity_in_reach(few, supply=1.0, steps=decay.power(1, floor=1))
    assert found["capacity_in_reach_n"].tolist() == pytest.approx(
        [0.24, 2 / 15, 0.24, np.nan], nan_ok=True
    )
    assert found.loc["D", "access_status"] == "not_covered"


def test_nobody_around_has_no_ratio(place):
    costs, between, people, supply = place
    lonely = people.mask(people.index == people.index[0], 0)
    alone = between.to_frame().query("origin == @people.index[0]")["site_id"]
    lonely[alone] = 0
    found = capacity_in_reach(costs, supply=supply, demand=lonely, between=between)
    assert found.iloc[0]["access_status"] == "no_population"
    assert np.isnan(found.iloc[0]["capacity_in_reach_per_10k"])


def test_a_ratio_needs_both_people_and_their_travel(place):
    costs, between, people, supply = place
    for half in ({"demand": people}, {"between": between}):
        with pytest.raises(InputError, match="one is missing"):
            capacity_in_reach(costs, supply=supply, **half)
    with pytest.raises(InputError, match="from the areas of the costs to the same areas"):
        capacity_in_reach(costs, supply=supply, demand=people, between=costs)


# Nearest site


@pytest.mark.parametrize("keep", [True, False], ids=["held", "streamed"])
def test_the_nearest_of_all_costs_is_the_nearest_site(keep):
    areas = scattered(50, seed=7, prefix="a", spread=0.3)
    sites = scattered(15, seed=8, prefix="s", spread=0.3).sample(frac=1, random_state=1)
    costs = travel_costs(areas, sites, max_minutes=500, keep=keep)
    near, own = nearest_sites(areas, sites), costs.nearest()
    for name in own.columns:
        pd.testing.assert_series_equal(own[name], near[name])
    assert travel_estimate(own) == travel_estimate(near)
    km = travel_costs(areas, sites, radius_km=500, keep=keep).nearest()
    pd.testing.assert_series_equal(km["nearest_site_km"], near["nearest_site_km"])


def test_of_equals_the_first_by_name_is_nearest():
    table = pd.DataFrame({"h": ["a", "a"], "s": ["y", "x"], "t": [4.0, 4.0]})
    costs = travel_costs(
        pd.DataFrame(index=["a"]), pd.DataFrame(index=["y", "x"]), table=table,
        origin="h", destination="s", cost="t", unit="min",
    )  # fmt: skip
    assert costs.nearest()["nearest_site_id"].tolist() == ["x"]


def test_the_nearest_site_of_ones_own_table():
    minutes = [[9, 9], [15, 4], [None, None]]
    unknown = costs_of(minutes, unlisted="not_covered").nearest()
    assert unknown["nearest_site_id"].tolist()[:2] == ["x", "y"]
    assert unknown["nearest_site_min"].tolist() == pytest.approx([9, 4, np.nan], nan_ok=True)
    # The table lists the pairs of C and leaves them empty: no way is known to lead anywhere.
    assert unknown["nearest_site_status"].tolist() == ["ok", "ok", "no_supply_in_reach"]
    beyond = beyond_reach(unknown, limit_min=8, sd=0)
    assert beyond["beyond_reach_share"].tolist() == [1, 0, 1]
    # Past a limit nothing was looked for.
    cut = costs_of(minutes, max_minutes=5).nearest()
    assert cut["nearest_site_status"].tolist() == ["not_covered", "ok", "not_covered"]
    assert beyond_reach(cut, limit_min=8, sd=0)["beyond_reach_share"].isna().tolist() == [
        True,
        False,
        True,
    ]
    told = beyond_reach(cut, limit_min=5, sd=0, missing="beyond")
    assert told["beyond_reach_share"].tolist() == [1, 0, 1]
