"""Which projects to fund: brute force over all choices, the reference's cases, and bad tables."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from funding_areas import areas, projects

import equity as eq
from equity.errors import InputError, MissingColumnError
from equity.funding.costs import made_up_costs, read_costs, write_cost_template
from equity.funding.portfolio import Floor, portfolio
from equity.funding.projects import draw_up_projects, read_projects
from equity.measures.draws import Travel


def naive_people(table, chosen):
    """Brought in by a choice of projects, from the definition of the gap, area by area."""
    total = 0.0
    for geoid, area in table.iterrows():
        here = [one for one in chosen.itertuples() if geoid in one.areas]
        line = any("line" in one.fixes for one in here)
        home = any("home" in one.fixes for one in here)
        a = 1.0 if line else area["qualifying_share"]
        c = 1.0 if home else area["connected_share"]
        now = min(area["qualifying_share"], area["connected_share"])
        total += area["population_n"] * area["beyond_reach_share"] * (min(a, c) - now)
    return total


def brute(table, candidates, budget):
    rows = [candidates[list(bits)] for bits in product([False, True], repeat=len(candidates))]
    return max(
        naive_people(table, some)
        for some in rows
        if some["cost_usd"].sum() <= budget
        and ("exclusive_group" not in some or some["exclusive_group"].is_unique)
    )


def overlapping(seed):
    table = areas(6, seed=seed)
    rng = np.random.default_rng(seed)
    rows = [
        (f"p{j}", ["line", "home", "line+home"][j % 3],
         [*np.flatnonzero(rng.random(6) < 0.4).tolist(), j % 5], float(rng.integers(10, 90) * 1000))
        for j in range(7)
    ]  # fmt: skip
    return table, projects(table, *((k, f, sorted(set(w)), u) for k, f, w, u in rows))


@pytest.mark.parametrize("seed", range(5))
def test_overlapping_bundles_are_chosen_as_well_as_any_choice(seed):
    table, candidates = overlapping(seed)
    plan = portfolio(table, candidates, budget_usd=120_000, gap=0.0)
    chosen = candidates.loc[plan.chosen.index]
    assert plan.people_n == pytest.approx(brute(table, candidates, 120_000))
    assert plan.people_n == pytest.approx(naive_people(table, chosen))
    assert plan.areas["plan_people_n"].sum() == pytest.approx(plan.people_n)
    assert plan.spent_usd == chosen["cost_usd"].sum() <= 120_000
    assert plan.bound_n >= plan.people_n - 1e-6
    assert plan.gap < 1e-6


@pytest.mark.parametrize("seed", range(3))
def test_what_is_drawn_up_from_the_areas_is_chosen_as_well_as_any_choice(seed):
    table = areas(5, seed=seed)
    candidates = draw_up_projects(table, made_up_costs())
    budget = float(candidates["cost_usd"].sum() * 0.25)
    plan = portfolio(table, candidates, budget_usd=budget, gap=0.0)
    assert plan.people_n == pytest.approx(brute(table, candidates, budget))
    assert plan.chosen["exclusive_group"].is_unique


def test_a_line_and_a_home_by_two_projects_bring_in_what_both_together_do():
    table = areas()
    apart = projects(table, ("l", "line", [0], 10.0), ("h", "home", [0], 10.0))
    plan = portfolio(table, apart, budget_usd=20)
    whole = table["gap_n"].iloc[0]
    assert plan.people_n == pytest.approx(whole)
    assert plan.chosen["people_alone_n"].tolist() == [0, 0]
    assert plan.chosen["people_added_n"].tolist() == [0, pytest.approx(whole)]
    with pytest.raises(InputError, match=r"a project brings nobody in.*rows l"):
        portfolio(table, apart.drop(index="h"), budget_usd=20)


def sets_as_areas(sets):
    """The reference's sets: cells of one person whom a line alone brings in."""
    cells = sorted(set().union(*sets))
    ids = [f"51001{i:06d}" for i in cells]
    table = pd.DataFrame(
        {"population_n": 1.0, "beyond_reach_share": 1.0, "qualifying_share": 0.0,
         "connected_share": 1.0, "device_share": 1.0}, index=ids,
    )  # fmt: skip
    return table, [[cells.index(cell) for cell in one] for one in sets]


def test_the_reference_s_greedy_case_is_reproduced():
    table, sets = sets_as_areas([{1, 2, 3, 4}, {5, 6, 7, 8}, {1, 2, 5, 6, 9}])
    candidates = projects(table, *((f"s{i}", "line", one, 1.0) for i, one in enumerate(sets)))
    assert portfolio(table, candidates, budget_usd=2, method="greedy").people_n == 7
    plan = portfolio(table, candidates, budget_usd=2)
    assert (plan.people_n, plan.bound_n) == (8, pytest.approx(8))


def test_the_reference_s_budget_case_needs_the_best_single_project():
    table, _ = sets_as_areas([{1}, {2}])
    table["population_n"] = [2.0, 100.0]
    candidates = projects(table, ("a", "line", [0], 1.0), ("b", "line", [1], 100.0))
    for method in ("greedy", "milp"):
        assert portfolio(table, candidates, budget_usd=100, method=method).people_n == 100


def test_the_marginal_table_counts_nobody_twice_and_adds_up():
    table, candidates = overlapping(1)
    plan = portfolio(table, candidates, budget_usd=1e6)
    chosen = plan.chosen
    assert chosen["order_n"].tolist() == list(range(1, len(chosen) + 1))
    assert chosen["people_added_n"].sum() == pytest.approx(plan.people_n)
    assert chosen["people_alone_n"].sum() > plan.people_n  # they overlap
    assert chosen["cost_so_far_usd"].iloc[-1] == plan.spent_usd
    told = chosen["cost_usd"] / chosen["people_added_n"].where(chosen["people_added_n"] > 0)
    pd.testing.assert_series_equal(chosen["usd_per_person"], told, check_names=False)


def test_a_weight_moves_the_choice_and_people_are_told_unweighted():
    table = areas(2)
    table["qualifying_share"], table["connected_share"] = 0.5, 1.0
    table["population_n"] = [100.0, 110.0]
    table["beyond_reach_share"] = 1.0
    candidates = projects(table, ("a", "line", [0], 5.0), ("b", "line", [1], 5.0))
    assert portfolio(table, candidates, budget_usd=5).chosen.index.tolist() == ["b"]
    twice = pd.Series([2.0, 1.0], index=table.index)
    plan = portfolio(table, candidates, budget_usd=5, weight=twice)
    assert plan.chosen.index.tolist() == ["a"]
    assert (plan.people_n, plan.value_n) == (50, 100)
    assert plan.first_n == 50


def test_a_floor_a_cap_and_a_front_hold():
    table = pd.concat([areas(4, seed=2), areas(4, seed=3, county="51003")])
    candidates = draw_up_projects(table, made_up_costs())
    budget = float(candidates["cost_usd"].sum() * 0.2)
    free = portfolio(table, candidates, budget_usd=budget, front=4)
    first = table["is_under_resourced"]
    floor = free.first_n / free.people_n + 0.2
    plan = portfolio(table, candidates, budget_usd=budget, floors=[Floor(at_least_share=floor)])
    assert plan.first_n >= floor * plan.people_n - 1e-6
    assert plan.people_n <= free.people_n
    assert plan.first_n == pytest.approx(plan.areas["plan_people_n"][first].sum())
    capped = portfolio(table, candidates, budget_usd=budget, cap_per_county_usd={"51003": 3e5})
    spent = capped.chosen.groupby("county")["cost_usd"].sum()
    assert spent.get("51003", 0) <= 3e5
    front = free.front
    assert front["is_plan"].sum() == 1
    assert front["first_n"].is_monotonic_increasing
    assert front["people_n"].iloc[-1] <= front["people_n"].iloc[0] == pytest.approx(free.people_n)
    assert (front["spent_usd"] <= budget).all()
    # Nothing on the front is worse in both.
    for _, one in front.iterrows():
        better = (front["people_n"] > one["people_n"] + 1) & (front["first_n"] > one["first_n"] + 1)
        assert not better.any()


def test_shares_of_draws_are_those_of_plans_made_anew():
    table = areas(6, seed=4)
    table["connected_share_moe"] = 0.05
    candidates = draw_up_projects(table, made_up_costs())
    ask = {"budget_usd": 1.5e6, "draws": 60, "travel": Travel(common=0.5)}
    plan = portfolio(table, candidates, **ask)
    again = portfolio(table, candidates, **ask)
    shares = plan.projects["chosen_share"]
    assert shares.between(0, 1).all()
    assert shares.max() > 0
    pd.testing.assert_series_equal(shares, again.projects["chosen_share"])
    groups = plan.projects.groupby("exclusive_group")
    pd.testing.assert_series_equal(
        groups["group_chosen_share"].first(), groups["chosen_share"].sum(), check_names=False
    )
    # With nothing unsure every draw is the same, and its greedy plan has a project or has it not.
    table = table.drop(columns="connected_share_moe")
    firm = portfolio(table, candidates, budget_usd=1.5e6, draws=50)
    greedy = portfolio(table, candidates, budget_usd=1.5e6, method="greedy")
    assert firm.projects["chosen_share"].isin([0, 1]).all()
    once = firm.projects["chosen_share"].sort_index() == 1
    assert (once == greedy.projects["chosen"].sort_index()).all()


def test_what_a_commitment_covers_is_left_out_and_said():
    table = areas(6, seed=5)
    table.loc[table.index[1], ["qualifying_share", "connected_share"]] = [0.5, 0.9]
    table["qualifying_n"] = 1000 * table["qualifying_share"]
    line = projects(table, ("l", "line", [1], 10.0))
    free = portfolio(table, line, budget_usd=10)
    half = pd.Series({table.index[1]: 0.5})
    plan = portfolio(table, line, budget_usd=10, covered=half)
    people = table["population_n"].iloc[1] * table["beyond_reach_share"].iloc[1]
    assert free.people_n == pytest.approx(people * 0.4)
    # Half of the lines will be built anyhow: from 0.75 to the 0.9 that are connected is left.
    assert plan.people_n == pytest.approx(people * 0.15)
    assert "250 locations in 1 area" in plan.notes[0]
    assert f"brings in {people * 0.25:,.0f} people" in plan.notes[0]
    assert (
        portfolio(table.assign(kept=half), line, budget_usd=10, covered="kept").people_n
        == plan.people_n
    )
    with pytest.raises(InputError, match="nobody in"):
        portfolio(table, line, budget_usd=10, covered=pd.Series({table.index[1]: True}))
    dear = draw_up_projects(table, made_up_costs()).loc[f"{table.index[1]}:line", "cost_usd"]
    less = draw_up_projects(table, made_up_costs(), covered=half)
    assert less.loc[f"{table.index[1]}:line", "cost_usd"] == pytest.approx(dear / 2)


def test_an_area_without_a_value_counts_nobody_and_is_said():
    table = areas(4, seed=6)
    table.loc[table.index[1], "connected_share"] = np.nan
    plan = portfolio(table, projects(table, ("x", "line+home", [0, 1], 9.0)), budget_usd=9)
    assert plan.people_n == pytest.approx(table["gap_n"].iloc[0])
    assert "1 area that projects reach has no value" in plan.notes[0]
    assert np.isnan(plan.areas["plan_people_n"].iloc[1])


def test_a_group_and_a_project_of_the_same_name_are_two_things():
    table = areas(4)
    rows = projects(table, ("a", "line+home", [0], 5.0), ("b", "line+home", [1], 5.0))
    plan = portfolio(table, rows.assign(exclusive_group=["b", ""]), budget_usd=10)
    assert set(plan.chosen.index) == {"a", "b"}


def test_the_end_of_the_front_reaches_whom_else_it_can():
    table = areas(2).assign(beyond_reach_share=1.0, qualifying_share=0.5, connected_share=1.0)
    rows = projects(table, ("a", "line", [0], 5.0), ("b", "line", [1], 5.0))
    plan = portfolio(table, rows, budget_usd=10, front=3)
    assert plan.front["people_n"].iloc[-1] == pytest.approx(plan.people_n)
    assert len(plan.front) == 1


def test_only_bundles_that_bring_more_are_drawn_up_and_homes_that_lack_anything_are_paid_for():
    table = areas(2).assign(
        qualifying_share=[0.5, 0.9], connected_share=[1.0, 0.7], device_share=[1.0, 0.9],
        subscription_share=[1.0, 0.9], qualifying_n=[500.0, 900.0], households_n=100.0,
    )  # fmt: skip
    costs = made_up_costs().set_index("item")["unit_usd"]
    drawn_up = draw_up_projects(table, made_up_costs())
    first, second = table.index
    assert drawn_up.index.tolist() == [f"{first}:line", f"{second}:home", f"{second}:line+home"]
    # 30 homes lack something; by the shares alone 20 would.
    homes = 10 * costs["device"] + 20 * costs["subscription"]
    assert drawn_up.loc[f"{second}:home", "cost_usd"] == pytest.approx(homes)


def test_the_order_of_the_rows_changes_nothing():
    table = areas(8, seed=7).assign(connected_share_moe=0.08)
    shuffled = table.sample(frac=1, random_state=1)
    one, other = (
        portfolio(t, draw_up_projects(t, made_up_costs()), budget_usd=1e6, draws=50)
        for t in (table, shuffled)
    )
    assert one.people_n == pytest.approx(other.people_n)
    pd.testing.assert_series_equal(
        one.projects["chosen_share"].sort_index(), other.projects["chosen_share"].sort_index()
    )


TABLE = areas()


def unconfirmed(candidates):
    return candidates.assign(confirmed=False)


GOOD = (("a", "line+home", [0], 100.0), ("b", "line+home", [1, 2], 250.0))


def call(rows=GOOD, table=TABLE, change=None, **how):
    candidates = projects(table, *rows)
    if change:
        candidates = change(candidates)
    return portfolio(table, candidates, **({"budget_usd": 1000.0} | how))


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"rows": [("a", "line", [1], 0.0)]}, r"cost is zero, negative or missing \(rows a\)"),
        ({"rows": [("a", "line", [1], -5.0)]}, r"cost is zero, negative or missing \(rows a\)"),
        ({"rows": [("a", "line", [1], np.nan)]}, "cost is zero, negative or missing"),
        ({"rows": [("a", "line", [0], 694_444.0 * 600)], "change": unconfirmed}, r"costs \$694,444 for each location or home.*rows a.*set confirmed"),
        ({"budget_usd": 99.0}, r"budget of \$99 is below the cheapest project \(\$100, a\)"),
        ({"budget_usd": 0.0}, "the budget is 0"),
        ({"budget_usd": np.nan}, "the budget is nan"),
        ({"rows": [*GOOD, ("c", "line", [5], 10.0)]}, r"a project brings nobody in.*\(rows c\)"),
        ({"rows": [*GOOD, ("a", "line", [1], 10.0)]}, r"a project stands twice \(rows a\)"),
        ({"change": lambda p: p.assign(areas=[("51999999999",), *p["areas"][1:]])}, r"an area that the table does not have \(51999999999\) \(rows a\)"),
        ({"change": lambda p: p.assign(areas=[(), *p["areas"][1:]])}, r"an area that the table does not have"),
        ({"rows": [("a", "fiber", [0], 5.0)]}, r"fixes what there is not \(rows a\).*line, home, line\+home"),
        ({"change": lambda p: p.iloc[:0]}, "there is no project"),
        ({"change": lambda p: p.drop(columns="cost_usd")}, "the projects lack cost_usd"),
        ({"table": TABLE.drop(columns="connected_share")}, "the table lacks connected_share"),
        ({"table": TABLE.assign(population_n=np.nan)}, "has anybody in its gap, or a value"),
        ({"method": "quick"}, "no method 'quick'"),
        ({"floors": [Floor(at_least_n=1e9)]}, r"a floor cannot be met.*1,000,000,000 of the people in areas where is_under_resourced \(at most [\d,]+ can"),
        ({"floors": [Floor("rich", at_least_n=1)]}, "a floor names rich, which the table does not have"),
        ({"floors": [Floor("none", at_least_n=1)], "table": TABLE.assign(none=False)}, "of which there are none"),
        ({"cap_per_county_usd": {"99999": 5.0}}, r"a cap names a county.*\(rows 99999\)"),
        ({"covered": "kept"}, "the table has no column kept"),
        ({"covered": pd.Series({TABLE.index[0]: 30})}, "covered is no number, or lies outside 0 to 1"),
        ({"covered": pd.Series("yes", index=TABLE.index)}, "covered is no number, or lies outside 0 to 1"),
        ({"covered": pd.Series(1.0, index=[TABLE.index[0]] * 2)}, rf"covered lists an area twice \(rows {TABLE.index[0]}\)"),
        ({"cap_per_county_usd": 5.0}, r"no project fits the budget and the cap.*costs \$100, a\)"),
        ({"gap": -1}, "gap is -1"),
        ({"gap": 5}, "gap is 5"),
        ({"gap": np.nan}, "gap is nan"),
        ({"time_limit_s": -1}, "time_limit_s is -1"),
        ({"time_limit_s": np.nan}, "time_limit_s is nan"),
        ({"rows": [("a", "line+home", [0], 10.0)], "change": unconfirmed}, r"costs \$0\.\d\d for each.*\$1 is the least.*rows a"),
        ({"covered": pd.Series({"51999999999": 1.0})}, r"covered lists areas that the table does not have"),
        ({"weight": pd.Series(-1.0, index=TABLE.index)}, "weight of areas is negative"),
        ({"front": 1}, "front is 1"),
    ],
)  # fmt: skip
def test_a_plan_that_cannot_be_made_says_why(how, said):
    with pytest.raises((InputError, MissingColumnError), match=said):
        call(**how)


def test_floors_that_contradict_each_other_are_named():
    table = TABLE.assign(elsewhere=~TABLE["is_under_resourced"], all=True)
    floors = [
        Floor("all", at_least_share=0.5),
        Floor("is_under_resourced", at_least_share=0.7),
        Floor("elsewhere", at_least_share=0.4),
    ]
    said = "floors cannot all be met.*: 70% .* is_under_resourced and 40% .* elsewhere"
    with pytest.raises(InputError, match=said) as error:
        call(table=table, floors=floors)
    assert "all of" not in str(error.value).split(":")[1]


@pytest.mark.parametrize(
    "how",
    [{}, {"at_least_n": 5, "at_least_share": 0.5}, {"at_least_share": 40}, {"at_least_n": -1}],
)
def test_a_floor_without_a_number_that_can_be_reached_is_refused(how):
    with pytest.raises(InputError, match=r"the floor on is_under_resourced"):
        Floor(**how)


def test_an_outlying_cost_that_is_meant_can_be_confirmed():
    rows = [("a", "line+home", [0], 694_444.0 * 2_000)]
    assert call(rows, change=lambda p: p.assign(confirmed=True), budget_usd=1e10).people_n > 0


def test_one_cost_far_above_the_table_s_middle_is_questioned():
    rows = [(f"p{i}", "line+home", [i], 1e5) for i in range(4)]
    with pytest.raises(InputError, match=r"rows x"):
        call([*rows, ("x", "line+home", [0], 1e7)], budget_usd=1e8, change=unconfirmed)


# --- tables -----------------------------------------------------------------------------------

HEAD = "project_id,name,fixes,areas,cost_usd,exclusive_group,county,cost_source,made_up"


def put(folder, text, name="p.csv"):
    path = folder / name
    path.write_text(text)
    return path


def test_a_table_of_projects_is_read_with_where_its_costs_are_from(tmp_path):
    one, two = TABLE.index[:2]
    path = put(
        tmp_path, f'{HEAD}\nx,Fiber,line+home,{one}; 1400000US{two},"12,000",,,bid of May,no\n'
    )
    read = read_projects(path)
    assert read.loc["x", "areas"] == (one, two)
    assert read.loc["x", "cost_usd"] == 12_000
    assert not read["made_up"].any()
    plan = portfolio(TABLE, read, budget_usd=20_000)
    assert plan.people_n == pytest.approx(TABLE["gap_n"].iloc[:2].sum())
    assert not plan.made_up


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("x,,line,51001000001,,,,bid,", "cost is zero, negative or missing"),
        ("x,,line,51001000001,dear,,,bid,", "holds 'dear' where a number belongs"),
        ("x,,line,51001000001,5,,,,", "a cost has no source"),
        ("x,,line,51001000001,5,,,bid,maybe", r"made_up is 'maybe' \(lines 2\).*yes or no"),
        (",,line,51001000001,5,,,bid,", "a project has no project_id"),
        ("x,,line,51001000001,5,,,bid,\nx,,home,51001000001,5,,,bid,", "a project_id stands twice.*lines 2, 3"),
    ],
)  # fmt: skip
def test_a_bad_row_of_a_table_of_projects_is_named(tmp_path, row, said):
    path = put(tmp_path, f"{HEAD}\n{row}\n")
    with pytest.raises(InputError, match=said):
        portfolio(TABLE, read_projects(path), budget_usd=1000)


COSTS = "item,where,capital_usd,match_share,yearly_usd,years,discount_rate,cost_source"


def test_a_cost_is_capital_less_match_and_the_present_value_of_its_years(tmp_path):
    rows = "line,,1000,0.25,,,,bid\nline,51001,500,,,,,bid\nsubscription,,0,,100,2,0.1,bid\n"
    read = read_costs(put(tmp_path, f"{COSTS}\n{rows}"))
    assert read["unit_usd"].tolist() == pytest.approx([750, 500, 100 / 1.1 + 100 / 1.21])


def test_the_cost_of_the_longest_beginning_of_an_id_counts(tmp_path):
    rows = "line,,1000,,,,,bid\nline,51003,500,,,,,bid\ndevice,,1,,,,,b\nsubscription,,1,,,,,b\n"
    costs = read_costs(put(tmp_path, f"{COSTS}\n{rows}"))
    table = pd.concat([areas(3, seed=1), areas(3, seed=1, county="51003")])
    drawn_up = draw_up_projects(table, costs)
    lines = drawn_up[drawn_up["fixes"] == "line"]["cost_usd"].to_numpy()
    half = len(lines) // 2
    assert lines[:half] == pytest.approx(2 * lines[half:])


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("fiber,,10,,,,,bid", "no item is called 'fiber'"),
        ("line,,,,,,,bid", "an item has no cost"),
        ("line,,0,,,,,bid", "cost is zero or negative"),
        ("line,,-5,,,,,bid", "capital_usd is negative"),
        ("line,,10,25,,,,bid", "match_share is outside 0 to 1"),
        ("line,,10,,,,,", "a cost has no source"),
        ("line,,5000,,600,,,me", r"a yearly cost has no years \(lines 2\)"),
        ("line,,5000,,600,0,,me", r"a yearly cost has no years"),
        ("line,Wise County,10,,,,,bid", "where is 'Wise County'"),
        ("line,5,10,,,,,bid", "where is '5'"),
        ("line,,694444,,,,,bid", r"one line costs \$694,444.*confirmed"),
        ("line,,10,,,,,bid\nline,,11,,,,,bid", "an item stands twice for one place"),
    ],
)
def test_a_bad_row_of_a_table_of_costs_is_named(tmp_path, row, said):
    with pytest.raises(InputError, match=said):
        read_costs(put(tmp_path, f"{COSTS}\n{row}\n"))


def test_an_area_that_no_cost_prices_is_named(tmp_path):
    rows = "line,51003,1000,,,,,bid\ndevice,,1,,,,,b\nsubscription,,1,,,,,b\n"
    costs = read_costs(put(tmp_path, f"{COSTS}\n{rows}"))
    table = pd.concat([areas(4), areas(4, county="51003")])
    with pytest.raises(InputError, match=r"the costs do not say what \d projects would cost"):
        draw_up_projects(table, costs)
    with pytest.raises(InputError, match=r"a line is given where.*no area \(rows 51003\)"):
        draw_up_projects(areas(4), costs)


def test_areas_without_a_count_are_left_out_and_named():
    table = areas(6, seed=5)
    one = table.index[1]
    all_of_them = draw_up_projects(table, made_up_costs())
    table.loc[one, "households_n"] = np.nan
    candidates = draw_up_projects(table, made_up_costs())
    lost = set(all_of_them.index) - set(candidates.index)
    assert lost == {key for key in all_of_them.index if key.startswith(one) and "home" in key}
    plan = portfolio(table, candidates, budget_usd=1e6)
    told = [note for note in plan.notes if "left out of the candidates" in note]
    assert len(told) == len({key.split(":")[1] for key in lost}) > 0
    assert all(note.startswith("1 area without a count of") and one in note for note in told)
    with pytest.raises(InputError, match=r"households_n is missing in all 6 areas.*\[\[tables\]\]"):
        draw_up_projects(table.assign(households_n=np.nan), made_up_costs())


def test_a_cost_is_not_questioned_by_a_count_that_nobody_has():
    table = TABLE.assign(households_n=np.nan)
    rows = [("a", "line+home", [1], 250_000.0)]
    assert call(rows, table=table, change=unconfirmed, budget_usd=1e6).spent_usd == 250_000


def test_a_cap_holds_however_a_county_is_written():
    table = pd.concat([areas(3), areas(3, seed=1, county="51003")])
    table["county_name"] = ["Accomack County"] * 3 + ["Albemarle County"] * 3
    rows = projects(table, ("x", "line+home", [0], 100.0), ("y", "line+home", [1], 100.0))
    cap = {"budget_usd": 300.0, "cap_per_county_usd": 150.0}
    for names in (["51001", "Accomack County"], ["accomack county ", ""]):
        plan = portfolio(table, rows.assign(county=names), **cap)
        assert plan.spent_usd == 100
        assert set(plan.projects["county"]) == {"51001"}
    for wrong in ("Albemarle County", "51999", "Accomac"):
        with pytest.raises(InputError, match=r"county is none that.* \(rows y\)"):
            portfolio(table, rows.assign(county=["", wrong]), **cap)
    wide = projects(table, ("x", "line+home", [0], 100.0), ("y", "line+home", [4, 1], 100.0))
    with pytest.raises(InputError, match=r"lies in several counties.*\(rows y\)"):
        portfolio(table, wide, **cap)
    assert portfolio(table, wide, budget_usd=300).spent_usd == 200


@pytest.mark.parametrize(("of", "reader"), [("costs", read_costs), ("projects", read_projects)])
def test_a_template_has_a_column_for_every_origin_and_no_cost(tmp_path, of, reader):
    path = write_cost_template(tmp_path / "t.csv", of=of)
    assert {"cost_source", "cost_as_of", "cost_note", "made_up"} <= set(
        path.read_text().split("\n")[0].split(",")
    )
    if of == "costs":
        with pytest.raises(InputError, match="an item has no cost"):
            reader(path)
    with pytest.raises(InputError, match="there already"):
        write_cost_template(path, of=of)
    with pytest.raises(InputError, match="no template of 'x'"):
        write_cost_template(tmp_path / "u.csv", of="x")


def test_made_up_costs_say_so_wherever_they_go():
    costs = made_up_costs()
    assert costs["made_up"].all()
    plan = portfolio(TABLE, draw_up_projects(TABLE, costs), budget_usd=1e6)
    assert plan.made_up
    assert "made-up costs" in repr(plan)
    sources = plan.projects.attrs["equity"]["sources"]
    assert any("nothing in them is a price" in one.get("note", "") for one in sources)


def test_lines_alone_are_credited_with_no_more_than_those_who_lack_a_line_only():
    table = areas(40, seed=8)
    gap = eq.telehealth_gap(table)
    drawn_up = draw_up_projects(table, made_up_costs())
    lines = drawn_up[drawn_up["fixes"] == "line"]
    plan = portfolio(table, lines, budget_usd=1e12)
    only = gap["gap_line_only_n"]
    assert plan.people_n == pytest.approx(only[only >= 0.5].sum())


def test_hardly_anybody_is_no_project_and_a_note_counts_them():
    """A budget to spare would buy 694,002 dollars of lines for 0.0002 people."""
    table = areas(3)
    table["beyond_reach_share"] = 1.0
    table["connected_share"], table["qualifying_share"] = 0.5, 0.9
    table["population_n"] = [1000.0, 0.9, 0.6]
    drawn_up = draw_up_projects(table, made_up_costs())
    assert {area for (area,) in drawn_up["areas"]} == {table.index[0]}
    plan = portfolio(table, drawn_up, budget_usd=1e9)
    said = "2 areas with less than half a person to bring in (0.8 in all) have no candidate."
    assert said in plan.notes
    with pytest.raises(InputError, match=r"in none of 2 areas .* would half a person or more"):
        draw_up_projects(table.iloc[1:], made_up_costs())


@pytest.mark.parametrize(
    ("missing", "why"),
    [("connected_share", "the gap has no value in any of 3 areas"),
     ("beyond_reach_share", "the gap has no value in any of 3 areas")],
)  # fmt: skip
def test_where_nothing_can_be_drawn_up_it_is_said_why(missing, why):
    table = areas(3).assign(**{missing: np.nan})
    with pytest.raises(InputError, match=f"there is nothing to draw up: {why}"):
        draw_up_projects(table, made_up_costs())
