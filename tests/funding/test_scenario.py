"""What if: each change against the definition, together against `recover`, and draws that agree."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from funding_areas import areas

import equity as eq
from equity.errors import InputError, MissingColumnError
from equity.funding.costs import made_up_costs
from equity.funding.portfolio import portfolio
from equity.funding.projects import draw_up_projects
from equity.funding.scenario import scenario
from equity.measures.draws import Lift, Travel, draw_standing
from equity.measures.reach.new_clinic import beyond_reach_with_sites

TABLE = areas(8, seed=3)


def naive_gap(table, a, c, s=None):
    s = table["beyond_reach_share"] if s is None else s
    return float((table["population_n"] * s * (1 - np.minimum(a, c))).sum())


@pytest.mark.parametrize(
    "fixes",
    [("line",), ("home",), ("device",), ("subscription",), ("line", "home"), ("line", "device"),
     ("line", "subscription")],
)  # fmt: skip
def test_a_whole_change_brings_in_what_recover_says(fixes):
    found = scenario(TABLE, **dict.fromkeys(fixes, 1.0))
    told = eq.recover(TABLE, [fixes])[f"recoverable_{'_and_'.join(fixes)}_n"]
    assert found.areas["brought_in_n"].to_numpy() == pytest.approx(told.to_numpy(), abs=1e-9)


@pytest.mark.parametrize("part", [0.0, 0.3, 1.0])
def test_a_part_of_the_lines_and_homes_is_the_definition_s(part):
    a, c = TABLE["qualifying_share"], TABLE["connected_share"]
    found = scenario(TABLE, line=part, home=0.4)
    assert found.counts.loc["gap_n", "before"] == pytest.approx(naive_gap(TABLE, a, c))
    after = naive_gap(TABLE, a + part * (1 - a), c + 0.4 * (1 - c))
    assert found.counts.loc["gap_n", "after"] == pytest.approx(after)
    assert found.split["after"].sum() == pytest.approx(after)
    assert found.counts.loc[["population_n", "beyond_reach_n"], "change"].tolist() == [0, 0]


def test_devices_and_subscriptions_fall_on_homes_as_in_a_census_of_them():
    # 100 homes: 40 connected, 20 device only, 10 subscription only, 30 neither.
    table = areas(1).assign(
        qualifying_share=1.0, connected_share=0.4, device_share=0.6, subscription_share=0.5,
        beyond_reach_share=1.0, population_n=100.0, households_n=100.0,
    )  # fmt: skip
    found = scenario(table, device=0.5, subscription=0.2)
    connected = 40 + 10 * 0.5 + 20 * 0.2 + 30 * 0.5 * 0.2
    assert found.counts.loc["gap_n", "after"] == pytest.approx(100 - connected)
    assert found.areas["homes_connected_n"].iloc[0] == pytest.approx(connected - 40)


STEPS = {"line": 0.5, "home": 0.3, "device": 0.4, "subscription": 0.7}


def test_a_change_on_the_table_as_it_would_be_is_the_change_made_together():
    at_once, later = scenario(TABLE, **STEPS).table, TABLE
    for step, part in STEPS.items():
        later = scenario(later, **{step: part}).table
    names = ["qualifying_share", "qualifying_n", "connected_share", "device_share",
             "subscription_share", "gap_n"]  # fmt: skip
    np.testing.assert_allclose(later[names], at_once[names], rtol=1e-12)


def test_the_table_as_it_would_be_holds_what_was_given_and_no_more():
    table = areas(1).assign(
        device_share=0.5, subscription_share=0.6, connected_share=0.4, qualifying_share=0.2,
        locations_n=500.0, qualifying_n=100.0,
    )  # fmt: skip
    after = scenario(table, subscription=1.0, line=0.5).table.iloc[0]
    found = [after[name] for name in ("subscription_share", "device_share", "qualifying_share")]
    assert found == pytest.approx([1.0, 0.5, 0.6])
    assert after["connected_share"] == pytest.approx(0.5)
    assert after["qualifying_n"] == 300
    with pytest.raises(InputError, match="more than there are without"):
        scenario(scenario(table, line=0.5).table, line_locations_n=pd.Series(350.0, table.index))


def test_lines_to_chosen_locations_are_counted():
    where = pd.Series({TABLE.index[1]: 100.0})
    found = scenario(TABLE, line_locations_n=where)
    lacking = TABLE["locations_n"].iloc[1] - TABLE["qualifying_n"].iloc[1]
    same = scenario(TABLE, line=pd.Series({TABLE.index[1]: 100 / lacking}))
    assert found.areas["lines_added_n"].sum() == pytest.approx(100)
    pd.testing.assert_frame_equal(found.areas, same.areas)


def test_a_plan_leaves_what_it_says_it_leaves():
    plan = portfolio(TABLE, draw_up_projects(TABLE, made_up_costs()), budget_usd=2e6)
    fixes = plan.areas["plan_fixes"]
    line, home = (fixes.str.contains(what).astype(float) for what in ("line", "home"))
    found = scenario(TABLE, line=line, home=home)
    assert -found.counts.loc["gap_n", "change"] == pytest.approx(plan.people_n)
    whole = scenario(TABLE, line=line, home=home).areas["brought_in_n"]
    assert whole.to_numpy() == pytest.approx(plan.areas["plan_people_n"].to_numpy(), abs=1e-9)


def test_a_new_clinic_brings_people_within_reach_and_no_line_to_anybody():
    places = pd.DataFrame({"lon": [-80.0, -80.6], "lat": [37.0, 37.0]}, index=TABLE.index[:2])
    table = TABLE.iloc[:2].assign(nearest_site_min=[20.0, 60.0])
    table["beyond_reach_share"] = eq.beyond_reach(table, limit_min=30)["beyond_reach_share"]
    new = pd.DataFrame({"lon": [-80.6], "lat": [37.05]}, index=["clinic"])
    costs = eq.travel_costs(places, new, max_minutes=60)
    share = beyond_reach_with_sites(table, costs, limit_min=30)
    minutes = costs.to_frame().set_index("origin")["cost_min"]
    nearer = table.assign(nearest_site_min=[20.0, minutes[TABLE.index[1]]])
    told = eq.beyond_reach(nearer, limit_min=30)["beyond_reach_share"]
    assert share.tolist() == pytest.approx(told.tolist())
    found = eq.scenario(table, clinics=costs, care={"limit_min": 30.0})  # at the public door
    a, c = table["qualifying_share"], table["connected_share"]
    assert found.counts.loc["gap_n", "after"] == pytest.approx(naive_gap(table, a, c, told))
    assert found.counts.loc["no_link_n", "change"] == 0
    assert found.counts.loc["beyond_reach_n", "change"] < 0
    moved = share != table["beyond_reach_share"]
    assert moved.iloc[1]
    assert found.table["nearest_site_min"].isna().tolist() == moved.tolist()
    with pytest.raises(InputError, match="does not follow from nearest_site_min"):
        beyond_reach_with_sites(table, costs, limit_min=20)
    with pytest.raises(InputError, match=r"care is of the type dict.*limit_min \("):
        eq.scenario(table, clinics=costs, care={"limit_min": "30"})
    with pytest.raises(InputError, match="minutes from the table's areas"):
        beyond_reach_with_sites(table.iloc[::-1], costs, limit_min=30)


def test_a_new_clinic_is_nearer_to_some_blocks_of_an_area_than_to_others():
    ids = [f"{TABLE.index[0]}{i}001" for i in range(3)]
    blocks = pd.DataFrame({"lon": [-80.0, -80.3, -80.6], "lat": 37.0}, index=ids)
    near = pd.DataFrame(
        {"nearest_site_min": [10.0, 45.0, 70.0], "population_n": [50.0, 30.0, 20.0]}, index=ids
    )
    table = TABLE.iloc[:1]
    care = {"limit_min": 30.0, "sd": 0.0, "points": near}
    table = table.assign(beyond_reach_share=eq.beyond_reach(table, **care)["beyond_reach_share"])
    assert table["beyond_reach_share"].tolist() == [0.5]
    new = pd.DataFrame({"lon": [-80.6], "lat": [37.0]}, index=["clinic"])
    costs = eq.travel_costs(blocks, new, max_minutes=20)
    found = scenario(table, clinics=costs, care=care)
    assert found.table["beyond_reach_share"].tolist() == pytest.approx([0.3])


@pytest.mark.parametrize("larger", [0.0, 3.0])
def test_new_and_larger_clinics_are_the_whole_catchment_made_anew(larger):
    rng = np.random.default_rng(5)

    def where(n):
        return {"lon": -80 + rng.uniform(0, 0.6, n), "lat": 37 + rng.uniform(0, 0.4, n)}

    places = pd.DataFrame(where(len(TABLE)), index=TABLE.index)
    clinics = pd.DataFrame(where(4), index=["a", "b", "c", "new"])
    fte = pd.Series({"a": 1.0, "b": 2.5, "c": 0.5, "new": 0.0})
    gains = pd.Series({"new": 2.0} | ({"b": larger} if larger else {}))
    care = {"benchmark_per_10k": 4.0, "steps": {10.0: 1.0, 20.0: 0.5, 30.0: 0.1}}

    def made(supply):
        costs = eq.travel_costs(places, clinics, max_minutes=30)
        demand = TABLE["population_n"]
        access = eq.catchment(costs, demand=demand, supply=supply, steps=care["steps"])
        told = eq.beyond_reach(access, method="capacity", benchmark_per_10k=4.0)
        return TABLE.assign(
            access_per_10k=access["access_per_10k"], beyond_reach_share=told["beyond_reach_share"]
        )

    now, later = made(fte), made(fte.add(gains, fill_value=0.0))
    assert (later["beyond_reach_share"] < now["beyond_reach_share"] - 0.01).any()
    trips = eq.travel_costs(places, clinics.loc[gains.index], max_minutes=30)
    found = scenario(now, clinics=trips, capacity=gains, care=care)
    share = found.table["beyond_reach_share"]
    assert share.to_numpy() == pytest.approx(later["beyond_reach_share"].to_numpy())
    a, c = now["qualifying_share"], now["connected_share"]
    assert found.counts.loc["gap_n", "after"] == pytest.approx(naive_gap(now, a, c, share))
    # What one area gains of a supply is no gain to show: access is told nowhere.
    moved = share != now["beyond_reach_share"]
    assert found.table["access_per_10k"].isna().tolist() == moved.tolist()
    assert not [name for name in found.areas if "access" in name]
    for how, said in (
        ({"care": care | {"benchmark_per_10k": 5.0}}, "does not follow from access_per_10k"),
        ({"capacity": gains.rename({"new": "other"})}, "capacity is not that of the clinics"),
        ({"care": {"limit": 30}}, "care has no 'limit'"),
        ({"clinics": None}, "and no clinic"),
        ({"beyond_reach_after": share}, "reach is given twice"),
    ):
        with pytest.raises(InputError, match=said):
            scenario(**({"table": now, "clinics": trips, "capacity": gains, "care": care} | how))


def test_a_practice_s_line_changes_the_practices_finding_and_no_count():
    table = TABLE.assign(nearest_site_id=["x", "y"] * 4)
    ready = pd.DataFrame({"practice_status": ["ok", "below_tier"]}, index=["x", "y"])
    found = scenario(table, readiness=ready, better_practice_lines=["y"])
    assert (found.counts["change"] == 0).all()
    people = table["population_n"].groupby(table["nearest_site_id"]).sum()
    assert found.practices.loc["fit", "relying_n_before"] == people["x"]
    assert found.practices.loc["fit", "relying_n_after"] == people.sum()
    assert found.practices.loc["below", "sites_n_after"] == 0


def test_the_disparity_is_that_of_the_two_groups_before_and_after():
    found = scenario(TABLE, line=1.0, home=TABLE["is_under_resourced"].astype(float))
    first = TABLE["is_under_resourced"]
    for when, gap in (("before", eq.telehealth_gap(TABLE)), ("after", found.table)):
        rates = [
            gap["gap_n"][where].sum() / TABLE["population_n"][where].sum()
            for where in (first, ~first)
        ]
        told = found.disparity.loc[("gap_share", when)]
        assert told[["under_resourced", "elsewhere"]].tolist() == pytest.approx(rates)
        assert told["difference"] == pytest.approx(rates[0] - rates[1])
    assert scenario(TABLE.drop(columns="is_under_resourced")).disparity.empty


def test_draws_before_and_after_are_of_the_same_numbers():
    table = areas(30, seed=5).assign(connected_share_moe=0.05, population_n_moe=60.0)
    ask = {"draws": 100, "travel": Travel(common=0.5)}
    nothing = scenario(table, **ask).counts.loc["gap_n"]
    assert nothing[["change_p05", "change_p95"]].tolist() == [0, 0]
    some = scenario(table, line=0.5, home=0.5, **ask).counts.loc["gap_n"]
    assert some["before_p05"] == nothing["before_p05"]
    assert some["change_p05"] < some["change"] < some["change_p95"] <= 0
    # Because they are paired, the change is surer than either end.
    assert some["change_p95"] - some["change_p05"] < some["before_p95"] - some["before_p05"]
    assert some["after_p05"] < some["after"] < some["after_p95"]
    half = Lift(*np.full((2, len(table)), 0.5))
    told = draw_standing(table, (), at_least=0, draws=50, lift=half).total()
    assert told.value == pytest.approx(some["after"])
    everything = scenario(table, line=1.0, home=1.0, **ask).counts.loc["gap_n"]
    assert everything[["after", "after_p05", "after_p95"]].tolist() == [0, 0, 0]


def test_the_order_of_the_rows_changes_no_draw():
    table = areas(9, seed=5).assign(connected_share_moe=0.05)
    part = pd.Series(np.linspace(0, 1, 9), index=table.index)
    shuffled = table.sample(frac=1, random_state=2)
    one, other = (scenario(t, home=part, line=0.3, draws=50).counts for t in (table, shuffled))
    pd.testing.assert_frame_equal(one, other, check_exact=False, rtol=1e-5)


def test_nothing_of_the_caller_s_table_is_changed():
    before = TABLE.copy(deep=True)
    scenario(TABLE, line=0.5, home=0.5, draws=50)
    pd.testing.assert_frame_equal(TABLE, before)


@pytest.mark.parametrize(
    "first", [{"subscription": 1.0, "line": 0.5}, {"device": 0.3}, {"home": 0.4}]
)
@pytest.mark.parametrize(
    "then", [{"device": 1.0}, {"subscription": 0.5}, {"line": 0.5, "home": 0.1}]
)
def test_one_change_after_another_is_both_at_once(first, then):
    joint = {
        name: 1 - (1 - first.get(name, 0.0)) * (1 - then.get(name, 0.0))
        for name in ("line", "home", "device", "subscription")
    }
    apart = scenario(scenario(TABLE, **first).table, **then).table
    at_once = scenario(TABLE, **joint).table
    names = ["qualifying_share", "qualifying_n", "connected_share", "device_share",
             "subscription_share", "gap_n", "gap_both_n"]  # fmt: skip
    pd.testing.assert_frame_equal(apart[names], at_once[names])
    assert np.allclose(apart["qualifying_n"] / apart["locations_n"], apart["qualifying_share"])


def test_the_table_after_a_change_says_nothing_of_the_table_before():
    table = TABLE.assign(
        served_n=900.0, any_subscription_share=0.8, subscription_share_moe=0.1, tier="first",
        falls_short=True, gap_p05=1.0, gap_n__other=5.0, nearest_site_min=30.0,
    )  # fmt: skip
    one = table.index[1]
    after = scenario(table, subscription=pd.Series({one: 1.0}), line=pd.Series({one: 0.5})).table
    assert after.loc[one, ["subscription_share", "subscription_share_moe"]].tolist() == [1, 0]
    assert after["device_share"].tolist() == table["device_share"].tolist()
    assert after["scenario_status"].eq("changed").tolist() == (after.index == one).tolist()
    here = ["served_n", "any_subscription_share"]
    assert after.loc[one, here].isna().all()
    assert after.drop(index=one)[here].notna().all().all()
    assert after[["tier", "falls_short", "gap_p05", "gap_n__other"]].isna().all().all()
    assert (after["nearest_site_min"] == 30).all()
    more = pd.Series(
        {one: table.loc[one, "locations_n"] * (1 - table.loc[one, "qualifying_share"]) * 0.6}
    )
    with pytest.raises(InputError, match="more than there are without"):
        scenario(after, line_locations_n=more)
    same = scenario(table).table
    pd.testing.assert_frame_equal(same[list(table.columns)], table.assign(gap_n=same["gap_n"]))


STRANGER = pd.Series({"51999999999": 0.5})


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"line": 30}, "the part that gets a line lies outside 0 to 1"),
        ({"home": -0.1}, "the part that gets a home lies outside 0 to 1"),
        ({"line": np.nan}, "the part that gets a line is missing"),
        ({"home": pd.Series({TABLE.index[1]: np.nan})}, rf"a home is missing \(rows {TABLE.index[1]}\)"),
        ({"line_locations_n": pd.Series({TABLE.index[1]: np.nan})}, "line_locations_n is missing"),
        ({"line": STRANGER}, r"line lists an area twice, or one that the table does not have"),
        ({"line": 0.5, "line_locations_n": pd.Series({TABLE.index[1]: 1.0})}, "lines are given twice"),
        ({"line_locations_n": pd.Series({TABLE.index[1]: 1e4})}, "more than there are without"),
        ({"beyond_reach_after": pd.Series({TABLE.index[1]: 1.0})}, "puts people out of reach"),
        ({"better_practice_lines": ["y"]}, "none is known"),
        ({"readiness": pd.DataFrame({"practice_status": ["ok"]}, index=["x"]), "better_practice_lines": ["y"]}, r"not in readiness \(rows y\)"),
        ({"table": TABLE.drop(columns="subscription_share"), "device": 0.5}, "lacks subscription_share"),
        ({"table": TABLE.drop(columns="qualifying_share"), "line": 0.5}, "lacks qualifying_share"),
        ({"table": TABLE.assign(subscription_share=np.nan), "device": 0.5}, "cannot be told where a share is unknown"),
    ],
)  # fmt: skip
def test_a_scenario_that_cannot_be_told_says_why(how, said):
    with pytest.raises((InputError, MissingColumnError), match=said):
        scenario(**({"table": TABLE} | how))
