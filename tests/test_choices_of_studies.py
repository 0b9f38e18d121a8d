"""Other settings of a study: each counted again by hand from the table it is about."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from equity.example.state import write_example
from equity.measures.standing import falls_short
from equity.study.run import Study
from equity.study.totals import overlaps

CARE = 'method = "catchment"\nlimit_min = 30\nbenchmark_people_per_fte = 3500\n'


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """The example by minutes instead of capacity."""
    made = write_example(tmp_path_factory.mktemp("choices") / "state", scale=0.01)
    text = made.study.read_text(encoding="utf-8")
    assert CARE in text
    text = text.replace(CARE, 'method = "travel"\nlimit_min = 15\n')
    text = text.replace('level = "tract"', 'level = "tract"\njoin_tolerance = 0.05')
    # Nobody is too few to count: what decides is the share alone.
    made.study.write_text(f"{text}\n[falls_short]\npeople_at_least = 0\n", encoding="utf-8")
    return Study.load(made.study).run()


def test_limits_that_nobody_named_are_two_thirds_and_four_thirds(result):
    rows = result.choices.settings
    limits = rows[rows["group"] == "limit"]
    assert limits["label"].to_dict() == {
        "limit-10": "10 minutes instead of 15",
        "limit-20": "20 minutes instead of 15",
    }
    near, far = limits["gap_n"]
    assert near > rows.loc["study", "gap_n"] > far


def test_a_plan_or_a_telephone_alone_leaves_fewer_homes(result):
    table, rows = result.table, result.choices.settings
    for key, whole, alone in (
        ("no-cellular", "subscription_share", "cellular_only_share"),
        ("no-smartphone", "device_share", "smartphone_only_share"),
    ):
        homes = np.minimum(table["connected_share"], (table[whole] - table[alone]).clip(lower=0))
        link = np.minimum(homes, table["qualifying_share"])
        gap = (table["beyond_reach_n"] * (1 - link)).sum()
        assert rows.loc[key, "gap_n"] == pytest.approx(gap)
        assert gap > rows.loc["study", "gap_n"]


def test_what_falls_short_under_another_count_is_judged_by_its_own_share(result):
    table, rows = result.table, result.choices.settings
    for key, column in (("ceiling", "gap_ceiling_n"), ("independence", "gap_independence_n")):
        other = pd.DataFrame({"population_n": table["population_n"], "gap_n": table[column]})
        other["gap_share"] = other["gap_n"] / other["population_n"]
        short = falls_short(other, people_at_least=0)["falls_short"]
        assert rows.loc[key, "named_n"] == (short & table["is_under_resourced"]).sum()
        assert rows.loc[key, "gap_n"] == pytest.approx(table[column].sum())


def test_more_and_fewer_criteria_are_one_apart_from_the_studys_own(result):
    rows = result.choices.settings
    told = rows.loc[rows["group"] == "criteria", "label"].tolist()
    assert told == ["1 of 4 criteria instead of 2", "3 of 4 criteria instead of 2"]


def test_over_reported_lines_and_spreads_are_told_in_percent(result):
    labels = result.choices.settings.loc[:, "label"]
    assert labels["over-reported-0.15"].startswith("15 % of qualifying locations")
    assert list(overlaps(result, result.table).index) == [
        "lines as reported",
        "5 % of them not there",
        "15 % of them not there",
    ]
    # exp(0.3) is 1.35.
    assert "within 35 % of the true ones" in labels["spread-0.3"]
