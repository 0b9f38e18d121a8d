"""Which way a gap is wrong under a rule that the inputs only bound: said, and said the right way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from equity.areas.schema import statuses
from equity.measures.gap import telehealth_gap, unknown_lines
from equity.measures.lines.coverage import coverage
from equity.rules import load_coverage_rule
from equity.study import finding

# Best line of each of ten homes in one area, Mbps down and up.
HOMES = np.array([(10, 1), (25, 3), (30, 5), (60, 10), (60, 12), (100, 20), (200, 20), (500, 50),
                  (1000, 100), (1000, 1000)])  # fmt: skip
IDS = pd.Index(["90001000100"], name="geoid")


def reached(speeds: tuple[float, float]) -> int:
    return int(((HOMES[:, 0] >= speeds[0]) & (HOMES[:, 1] >= speeds[1])).sum())


def with_gap(lines: pd.DataFrame) -> pd.DataFrame:
    people = dict.fromkeys(["beyond_reach_share", "connected_share", "device_share"], 1.0)
    table = lines.assign(population_n=1000.0, **people)
    return table.assign(gap_n=telehealth_gap(table)["gap_n"])


def by_classes(speeds: tuple[float, float]) -> pd.DataFrame:
    served = reached((100, 20))
    under = reached((25, 3)) - served
    counts = pd.DataFrame(
        {"locations_n": 10.0, "served_n": float(served), "underserved_n": float(under),
         "unserved_n": float(10 - served - under)}, index=IDS,
    )  # fmt: skip
    rule = load_coverage_rule("fcc-25-3")
    counts.attrs["coverage_classes"] = {"technologies": rule.technologies}
    return with_gap(coverage(counts, rule=replace(rule, qualifying=speeds)))


@pytest.mark.parametrize(
    ("speeds", "said"),
    [((25.0, 3.0), ""), ((100.0, 20.0), ""), ((10.0, 1.0), "at most"), ((50.0, 10.0), "at most"),
     ((1000.0, 100.0), "at least")],
)  # fmt: skip
def test_a_gap_that_classes_bound_says_which_side_of_the_truth_it_is_on(speeds, said):
    table = by_classes(speeds)
    truth = 1000.0 * (1 - reached(speeds) / 10)
    found = table["gap_n"].item()
    assert {"": found == truth, "at most": found > truth, "at least": found < truth}[said]
    assert finding._rule_note(table, "").partition(":")[0] == said


def test_a_gap_without_any_line_known_is_at_least_what_is_said():
    table = with_gap(unknown_lines(pd.DataFrame(index=IDS)))
    assert table["gap_n"].item() == 0
    assert finding._rule_note(table, "").startswith("at least: ")


def test_every_status_that_bounds_lines_has_words_for_the_gap():
    ways = {"lower_bound": "at most", "upper_bound": "at least", "listed_only": "at least",
            "lines_unknown": "at least"}  # fmt: skip
    for status, way in ways.items():
        assert statuses()[status].gap.startswith(f"{way}: ")
    for status in ("lower_bound", "upper_bound"):
        both = statuses()[f"{status}_other_technologies"].gap
        assert both.startswith(f"{ways[status]}: ")
        assert "other technologies" in both


def test_several_statuses_under_one_rule_are_all_told():
    table = pd.concat([by_classes((50.0, 10.0)), with_gap(unknown_lines(pd.DataFrame(index=IDS)))])
    note = finding._rule_note(table, "")
    assert "at most: " in note
    assert "at least: " in note
    nothing = finding._rule_note(table.assign(gap_n=np.nan), "")
    assert "cannot be computed" in nothing
