"""Where access points stand: published and brute-force answers, and spopt's."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr

import equity as eq
from equity.errors import InputError
from equity.funding.ede import kolm_pollak_ede
from equity.funding.siting import siting

# The line instance of the reference: demand and sites by position, brute force over all sets.
WHERE, WEIGHT, SITES = [0, 1, 2, 5, 6, 10], [10, 20, 5, 8, 12, 15], [0, 2, 5, 6, 10]


def line_costs(radius=20):
    """Minutes between the places of the line instance."""
    areas = pd.DataFrame(index=[f"d{x}" for x in WHERE])
    sites = pd.DataFrame(index=[f"s{x}" for x in SITES])
    pairs = [(f"d{x}", f"s{y}", abs(x - y)) for x in WHERE for y in SITES]
    table = pd.DataFrame(pairs, columns=["from", "to", "min"])
    return eq.travel_costs(
        areas, sites, table=table, origin="from", destination="to", cost="min", unit="min",
        max_minutes=radius, unlisted="unreachable",
    )  # fmt: skip


LINE = pd.Series(np.array(WEIGHT, float), index=[f"d{x}" for x in WHERE])


def told(costs, **how):
    return siting(costs, LINE, sd=0, limits_min=(), gap=0.0, **how)


@pytest.mark.parametrize(
    ("how", "value", "sets"),
    [
        ({"limit_min": 1, "sites_n": 1}, 30, [{0}]),
        ({"limit_min": 1, "sites_n": 2}, 50, [{0, 5}, {0, 6}]),
        ({"objective": "all", "limit_min": 1}, 4, [{0, 2, 5, 10}, {0, 2, 6, 10}]),
        ({"objective": "all", "limit_min": 2}, 3, [{a, b, 10} for a in (0, 2) for b in (5, 6)]),
        ({"objective": "mean", "sites_n": 2}, 98 / 70, [{0, 6}]),
        ({"objective": "worst", "sites_n": 2}, 4, [{0, 6}, {2, 6}, {2, 10}]),
        ({"objective": "ede", "sites_n": 2, "kappa": -1.0}, 2.6121992697919847, [{0, 6}]),
    ],
    ids=["cover 1", "cover 2", "all within 1", "all within 2", "mean", "worst", "ede"],
)
def test_the_line_instance_has_the_reference_s_optima(how, value, sets):
    found = told(line_costs(), **how)
    assert found.value == pytest.approx(value, rel=1e-9)
    assert {int(site[1:]) for site in found.sites.index} in sets


@pytest.mark.parametrize(
    ("values", "weights", "how", "expected"),
    [
        ([1, 2, 3], None, {"kappa": -1}, 2.3089936757762706),
        ([1, 2, 3], None, {"kappa": 1}, 1.6910063242237294),
        ([1, 2, 3], None, {"epsilon": -1}, 2.1407268233254575),
        ([1, 2, 3], [1, 1, 2], {"epsilon": -1}, 2.375984104983856),
        ([1001, 1002, 1003], None, {"kappa": -1}, 1002.3089936757763),
    ],
)
def test_the_equally_distributed_equivalent_is_the_reference_s(values, weights, how, expected):
    assert kolm_pollak_ede(values, weights, **how) == pytest.approx(expected, rel=1e-9)


def made_up(seed, *, areas=12, sites=7):
    """Random places within some degrees, and minutes between them up to 80."""
    rng = np.random.default_rng(seed)
    here = pd.DataFrame(rng.uniform([-80, 37], [-79, 38], (areas, 2)), columns=["lon", "lat"])
    there = pd.DataFrame(rng.uniform([-80, 37], [-79, 38], (sites, 2)), columns=["lon", "lat"])
    here.index, there.index = [f"a{i}" for i in range(areas)], [f"s{i}" for i in range(sites)]
    costs = eq.travel_costs(here, there, max_minutes=80)
    people = pd.Series(rng.integers(0, 300, areas).astype(float), index=here.index)
    return costs, people


def naive_reached(costs, people, sites, limit, sd):
    """Area by area: the part of the people whose trip to the best site is within the limit."""
    pairs = costs.to_frame().set_index(["origin", "site_id"])["cost_min"]
    total = 0.0
    for area, count in people.items():
        parts = [0.0]
        for site in sites:
            if (area, site) in pairs.index:
                minutes = pairs[area, site]
                z = (np.log(limit) - np.log(minutes)) / sd if sd else np.inf * (limit - minutes)
                part = float(ndtr(z)) if sd else float(minutes <= limit)
                parts.append(part if part >= 0.01 else 0.0)
        total += count * max(parts)
    return total


@pytest.mark.parametrize("sd", [0.0, 0.22])
@pytest.mark.parametrize("seed", range(4))
def test_the_sites_chosen_are_the_best_of_all_sets(seed, sd):
    costs, people = made_up(seed)
    found = siting(costs, people, sites_n=2, sd=sd, gap=0.0)
    sets = combinations(costs.sites, 2)
    best = max(naive_reached(costs, people, sites, 30, sd) for sites in sets)
    assert found.people_n == pytest.approx(best)
    assert found.people_n == pytest.approx(naive_reached(costs, people, found.sites.index, 30, sd))
    assert found.bound_n >= best - 1e-6
    assert found.sites["people_added_n"].sum() == pytest.approx(best)
    assert found.areas["reached_n"].sum() == pytest.approx(best)
    for limit, row in found.by_limit.iterrows():
        here = naive_reached(costs, people, found.sites.index, limit, sd)
        most = max(naive_reached(costs, people, s, limit, sd) for s in combinations(costs.sites, 2))
        assert row["people_n"] == pytest.approx(here)
        assert row["best_n"] == pytest.approx(most)


def test_more_minutes_reach_no_fewer_people():
    costs, people = made_up(9)
    found = siting(costs, people, sites_n=2)
    assert found.by_limit.index.tolist() == [20, 30, 40]
    assert found.by_limit[["people_n", "best_n"]].apply(np.diff).to_numpy().min() >= -1e-9


def test_parts_of_very_many_pairs_are_rounded_up_and_the_bound_stays_one(monkeypatch):
    costs, people = made_up(3)
    exact = siting(costs, people, sites_n=2, gap=0.0)
    monkeypatch.setattr("equity.funding._pairs._EXACT", 0)
    rounded = siting(costs, people, sites_n=2, gap=0.0)
    assert exact.people_n - 0.01 * people.sum() <= rounded.people_n <= exact.people_n + 1e-9
    assert exact.bound_n <= rounded.bound_n <= exact.bound_n + 0.01 * people.sum()


@pytest.mark.parametrize("seed", range(3))
def test_the_greedy_sites_keep_their_promise(seed):
    costs, people = made_up(20 + seed, areas=30, sites=12)
    best = siting(costs, people, sites_n=4, gap=0.0)
    greedy = siting(costs, people, sites_n=4, method="greedy")
    assert (1 - 1 / np.e) * best.people_n <= greedy.people_n <= best.people_n + 1e-9
    assert greedy.bound_n >= best.people_n - 1e-6


# PuLP, which spopt solves with, warns of its next version.
@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"
)
@pytest.mark.parametrize("seed", range(2))
def test_spopt_finds_the_same_optima(seed):
    pytest.importorskip("spopt")
    pulp = pytest.importorskip("pulp")
    from spopt.locate import LSCP, MCLP, PCenter, PMedian

    costs, people = made_up(40 + seed, areas=25, sites=10)
    frame = costs.to_frame()
    matrix = frame.pivot_table(index="origin", columns="site_id", values="cost_min", sort=False)
    matrix = matrix.reindex(index=costs.origins, columns=costs.sites).fillna(1e6).to_numpy()
    people = people + 1.0

    def theirs(model, *arguments, **more):
        solver = pulp.PULP_CBC_CMD(msg=False)
        return model.from_cost_matrix(matrix, *arguments, **more).solve(solver).problem

    mclp = theirs(MCLP, people.to_numpy(), 30.0, p_facilities=3)
    ours = siting(costs, people, sites_n=3, sd=0, gap=0.0)
    assert ours.people_n == pytest.approx(pulp.value(mclp.objective))
    if (matrix <= 60).any(axis=1).all():
        lscp = theirs(LSCP, 60.0)
        fewest = siting(costs, people, objective="all", limit_min=60)
        assert fewest.value == pytest.approx(pulp.value(lscp.objective))
    median = theirs(PMedian, people.to_numpy(), p_facilities=3)
    mean = siting(costs, people, objective="mean", sites_n=3, gap=0.0)
    assert mean.value * people.sum() == pytest.approx(pulp.value(median.objective))
    center = theirs(PCenter, p_facilities=3)
    worst = siting(costs, people, objective="worst", sites_n=3, gap=0.0)
    assert worst.value == pytest.approx(pulp.value(center.objective))


def test_an_area_of_unknown_people_counts_nobody_and_is_said():
    costs, people = made_up(5)
    found = siting(costs, people.mask(people.index == "a0"), sites_n=1)
    assert found.notes == ("1 area without a number of people count nobody.",)
    assert found.areas.loc["a0", "reached_n"] == 0


def test_an_area_that_the_trips_do_not_list_is_said():
    ends = [pd.DataFrame(index=["d0", "d1"]), pd.DataFrame(index=["s0"])]
    trips = pd.DataFrame({"from": ["d0"], "to": ["s0"], "min": [5.0]})
    costs = eq.travel_costs(
        *ends, table=trips, origin="from", destination="to", cost="min", unit="min"
    )
    found = siting(costs, pd.Series(10.0, index=["d0", "d1"]), sites_n=1)
    assert found.notes == ("1 area not in the table of trips: what they reach is unknown.",)


COSTS, PEOPLE = made_up(1)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"sites_n": 99}, "sites_n is 99, of 7 candidates"),
        ({"sites_n": None}, "sites_n is None"),
        ({"sites_n": 1, "objective": "best"}, "no objective 'best'"),
        ({"sites_n": 1, "method": "quick"}, "no method 'quick'"),
        ({"sites_n": 1, "objective": "mean", "method": "greedy"}, "mean has no greedy twin"),
        ({"sites_n": 1, "objective": "all"}, "all asks for the fewest sites"),
        ({"sites_n": 1, "objective": "ede", "kappa": 1.0}, "kappa is 1"),
        ({"sites_n": 2, "limit_min": -3}, "the limit is -3"),
        ({"sites_n": 2, "limits_min": [0]}, "the limit is 0"),
        ({"sites_n": 2, "objective": "mean", "limit_min": np.nan}, "the limit is nan"),
        ({"sites_n": 2, "gap": -1}, "gap is -1"),
        ({"sites_n": 1, "limit_min": 60}, r"max_minutes=94"),
        ({"sites_n": 1, "objective": "worst", "limit_min": 30}, "1 sites cannot reach every area"),
        ({"objective": "all", "limit_min": 1}, r"no candidate reaches \d+ of the areas with people \(rows .*raise limit_min"),
    ],
)  # fmt: skip
def test_what_cannot_be_sited_is_said(how, said):
    costs = (
        eq.travel_costs(*far_apart(), max_minutes=80) if how.get("objective") == "worst" else COSTS
    )

    people = PEOPLE if costs is COSTS else pd.Series(1.0, index=costs.origins)
    with pytest.raises(InputError, match=said):
        siting(costs, people, **how)


def test_areas_that_nothing_reaches_are_named_and_left_out_as_the_error_says():
    areas, sites = far_apart()
    costs = eq.travel_costs(areas, sites.loc[["x"]], max_minutes=80)
    people = pd.Series([5.0, 7.0], index=areas.index)
    with pytest.raises(InputError, match=r"rows y.*make their people missing") as caught:
        siting(costs, people, objective="all")
    found = siting(costs, people.mask(people.index.isin(caught.value.rows)), objective="all")
    assert found.sites.index.tolist() == ["x"]
    assert found.notes == ("1 area without a number of people count nobody.",)
    assert repr(found) == "<Siting 1 site reaches 5 people; value of the objective 1>"


def far_apart():
    places = pd.DataFrame({"lon": [-80.0, -75.0], "lat": [37.0, 37.0]}, index=["x", "y"])
    return places, places


@pytest.mark.parametrize(
    ("how", "said"),
    [({}, "one of kappa and epsilon"), ({"kappa": 0}, "kappa is 0"), ({"kappa": -1, "weights": [0, 0]}, "not all 0")],
)  # fmt: skip
def test_an_ede_of_nothing_is_refused(how, said):
    with pytest.raises(InputError, match=said):
        kolm_pollak_ede([1, 2], **how)
