"""Floating catchments against known answers, a naive double loop and what must always hold."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
import pytest
from care_cases import AREAS, TOY_MINUTES, capacity_of, costs_of, people_of, scattered
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.errors import InputError
from equity.measures.reach.catchment import METHODS, NO_RATIO, catchment, solve_catchment
from equity.measures.reach.decay import STEPS
from equity.measures.reach.travel import travel_costs
from equity.provenance import Source, meta, stamp

SLOW = {10: 1.0, 20: 0.68, 30: 0.22}
FAST = {10: 1.0, 20: 0.42, 30: 0.09}
HOUR = {20: 1.0, 40: 0.68, 60: 0.22}
TOY = {"people": [100, 200, 300], "capacity": [2, 3], "minutes": TOY_MINUTES}
SECOND = {"people": [5, 10, 50], "capacity": [5, 10], "minutes": [[5, 55], [35, 15], [40, 25]]}
ON_STEPS = {**TOY, "minutes": [[10, 30], [20, 20], [30, 10]]}

# Exact fractions, or computed twice with code that shares nothing with this package; 2SFCA,
# E2SFCA and 3SFCA also equal pysal access 1.1.10.post3.
KNOWN = {
    "2sfca": (TOY, {"method": "2sfca", "reach": 20}, [1 / 150, 19 / 1500, 3 / 500], [1 / 150, 0.006]),
    "e2sfca slow": (TOY, {"steps": SLOW}, [0.008063564591225888, 0.008957459729893867, 0.00800717198299546], [0.006622516556291391, 0.006550218340611353]),
    "e2sfca fast": (TOY, {"steps": FAST}, [0.01016569588654535, 0.007187149524257443, 0.008486668354979921], [0.009478672985781991, 0.007633587786259542]),
    "gaussian": (TOY, {"method": "gaussian", "reach": 30}, [0.007840707594485937, 0.009102455414808025, 0.00798479385863267], [0.0063876873646293835, 0.006590483768864577]),
    "gravity": (TOY, {"method": "gravity", "exponent": 1.5}, [0.012869855858904157, 0.003989926983084652, 0.009716763391642179], [0.1352546365060746, 0.09653917486498231]),
    "3sfca": (TOY, {"method": "3sfca", "steps": SLOW}, [0.010502027663046391, 0.007409802291753871, 0.008226122584481957], None),
    "m2sfca": (TOY, {"method": "m2sfca", "steps": SLOW}, [0.0069395471239769805, 0.006091072616327829, 0.006870748141935857], None),
    "bfca": (TOY, {"method": "bfca", "steps": SLOW}, [0.00541354512407144, 0.005982377113956061, 0.005319543227437965], [0.008472222222222223, 0.008243243243243244]),
    "on the steps": (ON_STEPS, {"steps": SLOW}, [0.008063564591225888, 0.008957459729893867, 0.00800717198299546], None),
    "unreachable": ({**TOY, "minutes": [[5, 25], [15, 15], [None, None]]}, {"method": "2sfca", "reach": 20}, [1 / 150, 13 / 600, 0.0], None),
    "site without demand": ({**TOY, "people": [0, 0, 300], "minutes": [[5, 25], [15, None], [None, 5]]}, {"method": "2sfca", "reach": 20}, [0.0, 0.0, 0.01], [0.0, 0.01]),
    "second 2sfca": (SECOND, {"method": "2sfca", "reach": 30}, [1, 1 / 6, 1 / 6], None),
    "second e2sfca": (SECOND, {"steps": HOUR}, [0.15795079348173394, 0.295965297882435, 0.2250118610753396], None),
    "second 3sfca": (SECOND, {"method": "3sfca", "steps": HOUR}, [0.1889701188239578, 0.3148141633268966, 0.2181401554522249], None),
}  # fmt: skip


def solved(case, **options):
    return solve_catchment(
        costs_of(case["minutes"]),
        demand=people_of(case["people"]),
        supply=capacity_of(case["capacity"]),
        **options,
    )


@pytest.mark.parametrize("name", KNOWN)
def test_known_answers(name):
    case, options, access, ratio = KNOWN[name]
    result = solved(case, **options)
    column = NO_RATIO.get(options.get("method"), "access_per_10k")
    np.testing.assert_allclose(result.areas[column] / 1e4, access, rtol=1e-9, atol=1e-15)
    if ratio is not None:
        np.testing.assert_allclose(result.sites["ratio_per_10k"] / 1e4, ratio, rtol=1e-9)
    assert result.balance.conserves == "nothing" or result.balance.holds


def test_known_crowding_and_what_conserves_what():
    result = solved(TOY, method="i2sfca", steps=SLOW)
    expected = [96.78003147403392, 135.4799790173107]
    np.testing.assert_allclose(result.sites["crowding_n"], expected, rtol=1e-9)
    assert float((result.sites["crowding_n"] * [2, 3]).sum()) == pytest.approx(600, rel=1e-12)
    assert "crowding_n" in result.areas
    m2 = solved(TOY, method="m2sfca", steps=SLOW).balance
    assert m2.handed_out == pytest.approx(3.973393678244021, rel=1e-9)
    assert "does not conserve" in str(m2)
    bfca = solved(TOY, method="bfca", steps=SLOW)
    assert bfca.balance.allocated == pytest.approx(600)
    total = bfca.areas["level_of_service_per_10k"].sum()
    assert total == pytest.approx(bfca.sites["ratio_per_10k"].sum(), rel=1e-12)
    assert total / 1e4 == pytest.approx(0.016715465465465467, rel=1e-9)


def balanced_at_one_site(people):
    """One site of 4 at 5 minutes from every area."""
    areas = pd.DataFrame(index=[f"a{k}" for k in range(len(people))])
    table = pd.DataFrame({"home": areas.index, "clinic": "x", "minutes": 5.0})
    costs = travel_costs(
        areas, pd.DataFrame(index=["x"]), table=table, origin="home", destination="clinic",
        cost="minutes", unit="min",
    )  # fmt: skip
    demand = pd.Series(people, index=areas.index, dtype=float)
    return {m: catchment(costs, demand=demand, supply=4.0, method=m) for m in ("e2sfca", "bfca")}


def test_bfca_has_a_column_of_its_own_because_its_unit_is_not_capacity_per_person():
    whole = balanced_at_one_site([2500] * 4)
    assert whole["e2sfca"]["access_per_10k"].tolist() == [4.0] * 4
    assert whole["bfca"]["level_of_service_per_10k"].tolist() == [1.0] * 4
    assert "access_per_10k" not in whole["bfca"]
    # The same people in one area cut in two: access stays, the level of service is parted anew.
    cut = balanced_at_one_site([1250, 1250, 2500, 2500, 2500])
    assert cut["e2sfca"]["access_per_10k"].tolist() == [4.0] * 5
    assert cut["bfca"]["level_of_service_per_10k"].tolist() == pytest.approx([0.8] * 5)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000))
def test_bfca_sends_nobody_to_a_site_without_capacity_and_loses_nobody(seed):
    rng = np.random.default_rng(seed)
    people, sites = scattered(30, seed=seed, prefix="a"), scattered(10, seed=seed + 1, prefix="s")
    demand = pd.Series(rng.uniform(0, 5000, 30), index=people.index)
    supply = pd.Series(rng.integers(0, 3, 10).astype(float), index=sites.index)
    supply.iloc[0] = 1.0
    costs = travel_costs(people, sites, max_minutes=60)
    result = solve_catchment(costs, demand=demand, supply=supply, method="bfca")
    assert result.balance.holds, str(result.balance)
    assert (result.sites.loc[supply == 0, "demand_in_reach_n"] == 0).all()
    kept = supply[supply > 0]
    alone = solve_catchment(
        travel_costs(people, sites.loc[kept.index], max_minutes=60),
        demand=demand, supply=kept, method="bfca",
    )  # fmt: skip
    pd.testing.assert_frame_equal(alone.areas, result.areas)


def test_known_raam():
    # A record of pysal access 1.1.10.post3, whose heuristic this is.
    result = solved(TOY, method="raam", tau=60)
    expected = [1.0875, 1.2521180555555556, 1.0805555555555555]
    np.testing.assert_allclose(result.areas["travel_congestion_cost"], expected, rtol=1e-9)


def test_the_worst_served_stay_in_and_stranded_capacity_is_told():
    unreachable = {**TOY, "minutes": [[5, 25], [15, 15], [None, None]]}
    result = solved(unreachable, method="2sfca", reach=20)
    assert result.areas["access_status"].tolist() == ["ok", "ok", "no_supply_in_reach"]
    assert result.areas.loc["C", "access_per_10k"] == 0
    nobody = {**TOY, "people": [0, 0, 300], "minutes": [[5, 25], [15, None], [None, 5]]}
    result = solved(nobody, method="2sfca", reach=20)
    assert result.balance.stranded == 2
    assert result.sites["stranded_capacity_n"].tolist() == [2, 0]
    assert result.sites["site_status"].tolist() == ["stranded", "ok"]
    assert result.areas["access_status"].tolist() == ["no_population", "no_population", "ok"]
    assert "stranded 2 of 5" in repr(result)


# Against a double loop


def naive(minutes, people, capacity, weight, method):
    """The textbook sums, one pair at a time."""
    n, m = minutes.shape
    f = [
        [weight(minutes[i, j]) if np.isfinite(minutes[i, j]) else 0.0 for j in range(m)]
        for i in range(n)
    ]
    g = [[1.0] * m for _ in range(n)]
    if method == "3sfca":
        g = [[f[i][j] / sum(f[i]) if sum(f[i]) else 0.0 for j in range(m)] for i in range(n)]
    access = [0.0] * n
    for j in range(m):
        demand = sum(people[k] * f[k][j] * g[k][j] for k in range(n))
        column = sum(f[k][j] for k in range(n))
        if method == "bfca":
            # Nobody is sent to a site without capacity.
            open_to = [sum(w for w, c in zip(f[k], capacity, strict=True) if c) for k in range(n)]
            demand = sum(people[k] * f[k][j] / open_to[k] for k in range(n) if open_to[k])
        for i in range(n):
            second = f[i][j] * g[i][j]
            second = second * f[i][j] if method == "m2sfca" else second
            second = second / column if method == "bfca" and column else second
            access[i] += capacity[j] / demand * second if demand else 0.0
    return np.array(access)


def stepped(table):
    return lambda t: next((w for limit, w in sorted(table.items()) if t <= limit), 0.0)


def bell(reach):
    floor = np.exp(-0.5)
    return lambda t: (np.exp(-0.5 * (t / reach) ** 2) - floor) / (1 - floor) if t <= reach else 0.0


@pytest.mark.parametrize("keep", [True, False], ids=["held", "streamed"])
@pytest.mark.parametrize(
    ("method", "options", "weight"),
    [
        ("2sfca", {"reach": 25}, lambda t: float(t <= 25)),
        ("e2sfca", {"steps": SLOW}, stepped(SLOW)),
        ("3sfca", {"steps": FAST}, stepped(FAST)),
        ("m2sfca", {"steps": SLOW}, stepped(SLOW)),
        ("bfca", {"steps": SLOW}, stepped(SLOW)),
        ("gaussian", {"reach": 40}, bell(40)),
        ("gravity", {"exponent": 1.2, "floor": 2.0}, lambda t: max(t, 2.0) ** -1.2),
    ],
)
def test_a_naive_double_loop_gives_the_same(method, options, weight, keep):
    rng = np.random.default_rng(3)
    people, sites = scattered(40, seed=1, prefix="a"), scattered(15, seed=2, prefix="s")
    costs = travel_costs(people, sites, max_minutes=45, keep=keep)
    demand = pd.Series(rng.integers(0, 900, 40).astype(float), index=people.index)
    supply = pd.Series(rng.integers(0, 9, 15).astype(float), index=sites.index)
    minutes = np.full((40, 15), np.nan)
    for block in costs.blocks():
        rows = np.repeat(np.arange(block.start, block.stop), np.diff(block.indptr))
        minutes[rows, block.sites] = block.cost
    expected = naive(minutes, demand.to_numpy(), supply.to_numpy(), weight, method)
    found = catchment(costs, demand=demand, supply=supply, method=method, **options)
    column = NO_RATIO.get(method, "access_per_10k")
    np.testing.assert_allclose(found[column] / 1e4, expected, rtol=1e-11, atol=1e-18)


# What must always hold


@settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 10_000),
    method=st.sampled_from(["2sfca", "e2sfca", "gaussian", "gravity", "3sfca"]),
    factor=st.floats(0.1, 50),
)
def test_conservation_scaling_and_order(seed, method, factor):
    rng = np.random.default_rng(seed)
    people, sites = scattered(30, seed=seed, prefix="a"), scattered(10, seed=seed + 1, prefix="s")
    demand = pd.Series(rng.uniform(0, 5000, 30), index=people.index)
    supply = pd.Series(rng.uniform(0.1, 9, 10), index=sites.index)
    costs = travel_costs(people, sites, max_minutes=60)
    result = solve_catchment(costs, demand=demand, supply=supply, method=method)
    assert result.balance.holds
    assert result.balance.reached + result.balance.stranded == pytest.approx(supply.sum())
    access = result.areas["access_per_10k"]
    more = catchment(costs, demand=demand, supply=supply * factor, method=method)
    np.testing.assert_allclose(more["access_per_10k"], access * factor, rtol=1e-9)
    fewer = catchment(costs, demand=demand * factor, supply=supply, method=method)
    np.testing.assert_allclose(fewer["access_per_10k"], access / factor, rtol=1e-9)
    other = travel_costs(
        people.sample(frac=1, random_state=seed),
        sites.sample(frac=1, random_state=seed),
        max_minutes=60,
    )
    shuffled = catchment(other, demand=demand, supply=supply, method=method)
    np.testing.assert_allclose(shuffled["access_per_10k"][access.index], access, rtol=1e-9)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000), method=st.sampled_from(["2sfca", "e2sfca"]))
def test_adding_a_provider_never_lowers_anyones_access(seed, method):
    rng = np.random.default_rng(seed)
    people, sites = scattered(25, seed=seed, prefix="a"), scattered(8, seed=seed + 1, prefix="s")
    demand = pd.Series(rng.uniform(1, 5000, 25), index=people.index)
    supply = pd.Series(rng.uniform(0.1, 9, 8), index=sites.index)
    everyone = catchment(
        travel_costs(people, sites, max_minutes=60), demand=demand, supply=supply, method=method
    )
    fewer = catchment(
        travel_costs(people, sites.iloc[1:], max_minutes=60),
        demand=demand,
        supply=supply.iloc[1:],
        method=method,
    )
    gain = everyone["access_per_10k"] - fewer["access_per_10k"]
    assert (gain >= -1e-9).all()


@pytest.mark.parametrize("method", ["2sfca", "e2sfca", "3sfca", "m2sfca"])
def test_the_size_of_blocks_changes_no_score(method, monkeypatch):
    people, sites = scattered(90, seed=5, prefix="a"), scattered(30, seed=6, prefix="s")
    costs = travel_costs(people, sites, max_minutes=60)
    ask = {"demand": pd.Series(np.arange(90.0) * 50, index=people.index), "supply": 2.0}
    whole = catchment(costs, **ask, method=method)
    monkeypatch.setattr("equity.measures.reach.costs.PAIRS_PER_BLOCK", 5)
    assert len(list(costs.blocks())) > 5
    pd.testing.assert_frame_equal(catchment(costs, **ask, method=method), whole)


def test_raam_keeps_everybody_and_prefers_the_near_and_empty():
    people, sites = scattered(60, seed=5, prefix="a"), scattered(12, seed=6, prefix="s")
    demand = pd.Series(np.arange(60.0) * 50, index=people.index)
    costs = travel_costs(people, sites, max_minutes=90)
    result = solve_catchment(costs, demand=demand, supply=2.0, method="raam", tau=30)
    assert result.balance.allocated == result.balance.demand_in_reach
    assert result.areas.loc["a0000", "access_status"] == "no_population"
    with pytest.raises(InputError, match="tau"):
        catchment(costs, demand=demand, supply=2.0, method="raam", tau=0)
    with pytest.raises(InputError, match="keep=True"):
        catchment(
            travel_costs(people, sites, max_minutes=90, keep=False),
            demand=demand,
            supply=2.0,
            method="raam",
        )


def test_areas_that_a_table_does_not_mention_are_unknown_not_zero():
    minutes = pd.DataFrame({"home": ["A", "B"], "clinic": ["x", "x"], "t": [5, 5]})
    costs = travel_costs(
        pd.DataFrame(index=AREAS),
        pd.DataFrame(index=["x"]),
        table=minutes,
        origin="home",
        destination="clinic",
        cost="t",
        unit="min",
    )
    result = solve_catchment(costs, demand=people_of([100, 100, 999]), supply=1.0)
    assert result.areas["access_status"].tolist() == ["ok", "ok", "not_covered"]
    assert np.isnan(result.areas.loc["C", "access_per_10k"])
    assert result.areas.loc["A", "access_per_10k"] == pytest.approx(50)
    assert result.balance.holds


def test_it_keeps_its_inputs_and_prints_its_check(caplog):
    costs, people, capacity = costs_of(TOY_MINUTES), people_of([1, 2, 3]), capacity_of([2, 3])
    before = people.copy(), capacity.copy()
    with caplog.at_level(logging.INFO, logger="equity"):
        table = catchment(costs, demand=people, supply=capacity)
    assert "Conservation: people x access = 5 of 5" in caplog.text
    pd.testing.assert_index_equal(table.index, costs.origins)
    pd.testing.assert_series_equal(people, before[0])
    pd.testing.assert_series_equal(capacity, before[1])
    notes = table.attrs["equity"]["notes"]
    assert any("e2sfca" in note for note in notes)
    assert any("(exact)" in note for note in notes)


def test_where_people_and_sites_come_from_stays_known():
    people, sites = scattered(5, seed=1, prefix="a"), scattered(5, seed=2, prefix="s")
    stamp(
        people, level="tract", geo_vintage="2020", sources=[Source("acs", "Census", "ACS", "2023")]
    )
    stamp(sites, sources=[Source("hrsa", "HRSA", "Sites", "2025", synthetic=True)])
    result = solve_catchment(travel_costs(people, sites, max_minutes=30), demand=1.0, supply=1.0)
    assert meta(result.areas).level == "tract"
    assert [source.id for source in meta(result.areas).sources] == ["acs", "hrsa"]
    assert meta(result.sites).level is None
    assert meta(result.sites).synthetic


def test_named_steps_are_the_published_ones():
    assert dict(STEPS["slow"]) == {10: 1.0, 20: 0.68, 30: 0.22}
    assert dict(STEPS["fast"]) == {10: 1.0, 20: 0.42, 30: 0.09}
    assert dict(STEPS["slow-60"]) == {20: 1.0, 40: 0.68, 60: 0.22}
    assert dict(STEPS["three-step-60"]) == {10: 0.962, 20: 0.704, 30: 0.377, 60: 0.042}


# Bad input


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"demand": people_of([0, 0, 0])}, "demand of all areas is zero"),
        ({"supply": capacity_of([0, 0])}, "capacity of all sites is zero"),
        ({"supply": capacity_of([1, np.nan])}, r"capacity of sites is missing \(rows y\).*supply=1"),
        ({"demand": people_of([1, np.nan, 2])}, "unknown population is not zero"),
        ({"supply": capacity_of([1, -1])}, "negative"),
        ({"demand": people_of([1, np.inf, 2])}, "infinite"),
        ({"demand": people_of([1, 2])}, "1 are absent"),
        ({"supply": pd.Series([1.0, 2.0, 3.0], index=["x", "y", "z"])}, "1 are unknown"),
        ({"demand": pd.Series([1.0] * 4, index=["A", "B", "C", "C"])}, "more than once"),
        ({"demand": [1, 2, 3]}, "Series by id"),
        ({"supply": pd.Series(["two", "three"], index=["x", "y"])}, "not a number"),
        ({"method": "5sfca"}, "no method '5sfca'"),
        ({"steps": "brisk"}, "no steps named 'brisk'"),
        ({"steps": {}}, "step weights"),
        ({"steps": {10: -1}}, "step weights"),
        ({"method": "gravity", "exponent": -1}, "exponent"),
        ({"method": "gravity", "floor": 0}, "floor"),
        ({"method": "2sfca"}, "needs a reach"),
        ({"method": "gaussian", "reach": 0}, "above 0"),
        ({"method": "2sfca", "reach": np.nan}, "reach is nan"),
    ],
)  # fmt: skip
def test_hostile_input_is_refused(change, match):
    good = {"demand": people_of([1, 2, 3]), "supply": capacity_of([1, 2])}
    with pytest.raises(InputError, match=match):
        catchment(costs_of(TOY_MINUTES), **{**good, **change})


def test_weights_and_costs_must_agree_on_unit_and_reach():
    people, sites = scattered(5, seed=1, prefix="a"), scattered(5, seed=2, prefix="s")
    km = travel_costs(people, sites, radius_km=50)
    with pytest.raises(InputError, match="in minutes, the travel costs in km"):
        catchment(km, demand=1.0, supply=1.0)
    assert len(catchment(km, demand=1.0, supply=1.0, steps={16: 1, 50: 0.5})) == 5
    with pytest.raises(InputError, match="travel costs end at 20 min"):
        catchment(travel_costs(people, sites, max_minutes=20), demand=1.0, supply=1.0)


@pytest.mark.parametrize("method", METHODS)
def test_a_radius_that_reaches_nothing_is_a_status(method):
    people, sites = scattered(5, seed=1, prefix="a"), scattered(5, seed=2, prefix="s")
    costs = travel_costs(people, sites, radius_km=1e-6)
    own_curve = method in {"2sfca", "gaussian", "gravity", "raam"}
    steps = {} if own_curve else {"steps": {1e-7: 1.0}}
    result = solve_catchment(costs, demand=1.0, supply=1.0, method=method, **steps)
    assert (result.areas["access_status"] == "no_supply_in_reach").all()
    assert result.balance.stranded == 5
    if "access_per_10k" in result.areas:
        assert (result.areas["access_per_10k"] == 0).all()
