"""Beside pysal ``access``: equal wherever both have an answer, and where they differ, how."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from care_cases import scattered

from equity.measures.reach import _raam
from equity.measures.reach.catchment import catchment
from equity.measures.reach.travel import travel_costs

fca = pytest.importorskip("access.fca", reason="the peer is in the test extra")
raam = pytest.importorskip("access.raam")
weights = pytest.importorskip("access.weights")

# What the peer's own code says about itself under this pandas.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The inplace keyword"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore:divide by zero"),
]
STEPS = {10.0: 1.0, 20.0: 0.68, 30.0: 0.22}


def problem(seed, areas=120, sites=40):
    rng = np.random.default_rng(seed)
    here = scattered(areas, seed=seed, prefix="a", spread=0.25)
    there = scattered(sites, seed=seed + 1, prefix="s", spread=0.25)
    people = pd.Series(rng.integers(1, 6000, areas), index=here.index)
    capacity = pd.Series(rng.integers(1, 30, sites), index=there.index)
    costs = travel_costs(here, there, max_minutes=30)
    table = costs.to_frame().set_axis(["origin", "dest", "cost"], axis="columns")
    return costs, people, capacity, table


def peer(function, people, capacity, table, **options):
    return function(
        people.to_frame("demand"),
        capacity.to_frame("supply"),
        table.copy(),
        demand_index=True,
        supply_index=True,
        **options,
    ).reindex(people.index)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("method", ["2sfca", "e2sfca", "3sfca"])
def test_equal_where_both_have_an_answer(method, seed):
    costs, people, capacity, table = problem(seed)
    function = fca.three_stage_fca if method == "3sfca" else fca.two_stage_fca
    weight = None if method == "2sfca" else weights.step_fn(STEPS)
    theirs = peer(function, people, capacity, table, max_cost=30, weight_fn=weight)
    ours = catchment(costs, demand=people, supply=capacity, method=method)
    both = theirs.notna()
    assert both.sum() > 80
    np.testing.assert_allclose(
        ours["access_per_10k"][both] / 1e4, theirs[both], rtol=1e-12, atol=1e-18
    )
    # Where it has none, nothing is in reach: a 0 with a reason here.
    assert (ours.loc[~both, "access_per_10k"] == 0).all()
    assert (ours.loc[~both, "access_status"] == "no_supply_in_reach").all()


@pytest.mark.parametrize(("seed", "at_once"), [(0, 2048), (1, 2048), (2, 7), (3, 1)])
def test_raam_is_equal_however_many_rows_are_compared_at_once(seed, at_once, monkeypatch):
    monkeypatch.setattr(_raam, "_ROWS", at_once)
    costs, people, capacity, table = problem(seed)
    theirs = peer(raam.raam, people, capacity, table, tau=20)
    ours = catchment(costs, demand=people, supply=capacity, method="raam", tau=20)
    reached = ours["access_status"] == "ok"
    assert reached.sum() > 80
    # The peer's share of demand over supply counts people who reach nothing; so does ours.
    np.testing.assert_allclose(ours["travel_congestion_cost"][reached], theirs[reached], rtol=1e-12)


def test_the_differences():
    table = pd.DataFrame(
        {"origin": ["A", "B", "C"], "dest": ["x", "x", "y"], "cost": [5.0, 15.0, 5.0]}
    )
    capacity = pd.Series({"x": 2, "y": 3})
    costs = travel_costs(
        pd.DataFrame(index=list("ABCD")),
        capacity.to_frame(),
        table=table,
        origin="origin",
        destination="dest",
        cost="cost",
        unit="min",
        unlisted="unreachable",
    )
    # 1. An area that reaches nothing: missing there, 0 with a status here.
    people = pd.Series({"A": 100, "B": 200, "C": 300, "D": 400})
    theirs = peer(fca.two_stage_fca, people, capacity, table, max_cost=20)
    ours = catchment(costs, demand=people, supply=capacity, method="2sfca", reach=20)
    assert np.isnan(theirs["D"])
    assert ours.loc["D"].tolist() == [0.0, "no_supply_in_reach"]
    # 2. A site whose catchment holds nobody: infinite there, stranded here.
    empty = people.where(people.index != "C", 0)
    theirs = peer(fca.two_stage_fca, empty, capacity, table, max_cost=20)
    ours = catchment(costs, demand=empty, supply=capacity, method="2sfca", reach=20)
    assert np.isinf(theirs["C"])
    assert ours.loc["C"].tolist() == [0.0, "no_population"]
    # 3. 3SFCA beyond max_cost: the peer's selection weights count sites out of reach.
    far = pd.concat([table, pd.DataFrame({"origin": ["A"], "dest": ["y"], "cost": [25.0]})])
    ask = {"max_cost": 20, "weight_fn": weights.step_fn({20.0: 1.0, 30.0: 0.5})}
    leaky = peer(fca.three_stage_fca, people, capacity, far, **ask)
    tight = peer(fca.three_stage_fca, people, capacity, table, **ask)
    assert leaky["A"] != tight["A"]
    ours = catchment(costs, demand=people, supply=capacity, method="3sfca", steps={20.0: 1.0})
    assert ours.loc["A", "access_per_10k"] / 1e4 == pytest.approx(tight["A"], rel=1e-12)
