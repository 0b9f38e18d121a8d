"""Numbers of a plan before and behind its sentences, by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from equity.study import planning
from equity.study.plan_words import finding
from equity.study.planning import committed_part

GAP = {"before": 1000.0, "change_p05": -260.0, "change_p95": -140.0}


def told(people=200.0, usd=2_500_000.0, first=50.0, gap=GAP):
    plan = SimpleNamespace(
        people_n=people, spent_usd=usd, first_n=first, made_up=False, notes=[],
        chosen=pd.DataFrame({"fixes": ["line", "home", "home"], "group_chosen_share": [0.5, 0.4, 1.0]}),
    )  # fmt: skip
    after = SimpleNamespace(counts=pd.DataFrame({"gap_n": gap}).T)
    table = pd.DataFrame({"gap_n": [300.0, 500.0], "is_under_resourced": [True, False]})
    return finding("Place", table, plan, after, draws=100)


def test_what_the_money_buys_by_hand():
    bought, drawn, whom, kinds, firm = told()
    # Half of the width of the draws, 60, lets the counts be told to the ten.
    assert bought == (
        "Place: $2.5 million for 3 projects would bring about 200 of 1,000 people (20.0 %) out of "
        "the telehealth access gap, at $12,500 a person."
    )
    assert drawn == "90 % of draws of what may be true lie from 140 to 260 people."
    assert whom == (
        "50 of them (25.0 %) live in under-resourced communities, where 37.5 % of the people in "
        "the gap live."
    )
    assert kinds.startswith("1 project brings a line alone and 2 projects bring a connected home")
    assert "choose something in 2 of 3 places" in firm


def test_no_more_digits_than_the_draws_allow():
    wide = told(people=234.0, gap={**GAP, "change_p05": -500.0, "change_p95": -20.0})[0]
    assert "about 200 of 1,000 people" in wide
    # Half of 16 leaves the last digit; 16 itself, or twice as much, would not.
    narrow = told(people=234.0, gap={**GAP, "change_p05": -242.0, "change_p95": -226.0})[0]
    assert "about 234 of 1,000 people" in narrow


def test_what_is_committed_of_the_locations_without_a_line_by_hand():
    table = pd.DataFrame(
        {
            "locations_n": [100.0, 30.0, 50.0],
            "qualifying_n": [60.0, 20.0, 50.0],
            "unserved_n": [10.0, 10.0, 0.0],
            "underserved_n": [60.0, 0.0, 0.0],
            "unserved_funded_n": [4.0, 5.0, 0.0],
            "underserved_funded_n": [20.0, 0.0, 0.0],
        }
    )
    # Of 40 without a line 30 are among the 60 underserved, so half of the 20 funded there count.
    assert committed_part(table).tolist() == pytest.approx([14 / 40, 5 / 10, 0.0])


def test_what_is_committed_stands_before_the_plan(monkeypatch):
    taken = {}
    monkeypatch.setattr(planning, "scenario", lambda table, **how: taken.update(how, table=table))
    table = pd.DataFrame({"qualifying_share": [0.6, 1.0, np.nan]})
    plan = SimpleNamespace(areas=pd.DataFrame({"plan_fixes": ["line+home", "", "home"]}))
    planning._after(table, plan, pd.Series([0.25, 0.5, 0.0]), None, 0)
    assert taken["table"]["qualifying_share"].tolist() == pytest.approx(
        [0.7, 1, np.nan], nan_ok=True
    )
    assert taken["line"].tolist() == [1, 0, 0]
    assert taken["home"].tolist() == [1, 0, 1]


@pytest.mark.parametrize(("weight", "first"), [(3.0, 3.0), (0.5, 0.5), (1.0, None)])
def test_a_weight_is_that_of_people_in_under_resourced_communities(
    example_run, weight, first, monkeypatch
):
    taken = {}

    def stop(table, _candidates, **how):
        taken.update(how, table=table)
        raise KeyboardInterrupt

    monkeypatch.setattr(planning, "portfolio", stop)
    with pytest.raises(KeyboardInterrupt):
        planning.plan_run(example_run, budget_usd=1e6, made_up=True, weight=weight, draws=0)
    if first is None:
        assert taken["weight"] is None
        return
    named = taken["table"]["is_under_resourced"].fillna(value=False).astype(bool)
    assert set(taken["weight"][named]) == {first}
    assert set(taken["weight"][~named]) == {1.0}
