"""What a line costs a home, against homes counted one by one and against the margins' formulas."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from equity.errors import InputError, MissingColumnError
from equity.measures.price import line_over_income
from equity.provenance import meta

EDGES = [0, 10, 15, 20, 25, 30, 35, 40, 45, 50, 60, 75, 100, 125, 150, 200]
SURVEY = {"source": "Urban Rate Survey, 2026"}


def incomes(*areas, moe=None):
    """Homes by class of income, thousands of dollars of each home given."""
    rows = []
    for homes in areas:
        counts = np.histogram(np.array(homes) * 1000, [*np.array(EDGES) * 1000, np.inf])[0]
        rows.append([len(homes), *counts])
    codes = [f"B19001_{i:03d}" for i in range(1, 18)]
    table = pd.DataFrame(rows, columns=[f"{code}E" for code in codes], dtype=float)
    if moe is not None:
        for code in codes:
            table[f"{code}M"] = moe
    table.index = pd.Index([f"9000100010{i}" for i in range(len(areas))], name="geoid")
    return table


def evenly(*classes):
    """Give each class 100 homes, evenly inside it."""
    return [
        EDGES[i] + (EDGES[i + 1] - EDGES[i]) * (k + 0.5) / 100 for i in classes for k in range(100)
    ]


@pytest.mark.parametrize("usd", [1, 16.5, 30, 75, 75.5, 80, 105, 145, 290, 333.33])
@pytest.mark.parametrize("income_share", [0.02, 0.025])
def test_homes_counted_one_by_one(usd, income_share):
    homes = [evenly(*range(15)), evenly(0, 0, 1, 9), [300.0] * 40 + evenly(3)]
    found = line_over_income(incomes(*homes), usd_month=usd, income_share=income_share, **SURVEY)
    counted = [np.mean([usd * 12 > income_share * x * 1000 for x in one]) for one in homes]
    # Homes stand in the middle of their hundredth of a class.
    np.testing.assert_allclose(found["line_over_income_share"], counted, atol=0.006)


def test_a_price_at_the_edge_of_a_class_counts_whole_classes():
    # $75 a month is 2 % of $45,000, where a class begins: eight classes of sixteen.
    found = line_over_income(incomes([*evenly(*range(15)), *[250.0] * 100]), usd_month=75, **SURVEY)
    assert found["line_over_income_share"].tolist() == [8 / 16]
    assert "from $40,000 to $45,000" in meta(found).notes[0]
    last = line_over_income(
        incomes([*evenly(*range(15)), *[250.0] * 100]), usd_month=1000, income_share=0.06, **SURVEY
    )
    assert last["line_over_income_share"].tolist() == [15 / 16]


def test_the_margin_is_that_of_a_sum_and_a_share():
    table = incomes(evenly(0, 1, 2, 5, 9), moe=30.0)
    found = line_over_income(table, usd_month=20, **SURVEY)  # $12,000: two fifths of the second
    assert found["line_over_income_share"].tolist() == [(100 + 0.4 * 100) / 500]
    part, share = math.hypot(30, 0.4 * 30), 140 / 500
    margin = math.sqrt(part**2 - share**2 * 30**2) / 500
    assert found["line_over_income_share_moe"].tolist() == pytest.approx([margin])
    bare = line_over_income(table.filter(like="E"), usd_month=20, **SURVEY)
    assert bare["line_over_income_share_moe"].isna().all()


def test_places_without_homes_or_counts_say_why():
    table = incomes([20.0], [], [30.0])
    table.iloc[2, 1:5] = np.nan
    found = line_over_income(table, usd_month=75, **SURVEY)
    assert found["line_over_income_share_status"].tolist() == ["ok", "no_households", "not_covered"]
    assert found["line_over_income_share"].isna().tolist() == [False, True, True]
    assert found.index.equals(table.index)


def test_a_dearer_line_is_never_too_dear_for_fewer():
    table = incomes(evenly(*range(15)), evenly(4, 7, 7))
    shares = [
        line_over_income(table, usd_month=usd, **SURVEY)["line_over_income_share"]
        for usd in np.linspace(1, 333, 80)
    ]
    assert (np.diff(np.array(shares), axis=0) >= 0).all()


def test_price_source_and_class_are_printed():
    (note,) = meta(line_over_income(incomes([20.0]), usd_month=72.5, **SURVEY)).notes
    assert "$72.50 a month (Urban Rate Survey, 2026) is more than 2.0 %" in note
    assert "below $43,500, which lies in the ACS class from $40,000 to $45,000" in note


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"usd_month": 0}, "usd_month is 0"),
        ({"usd_month": float("nan")}, "usd_month is nan"),
        ({"usd_month": 75, "income_share": 2}, "write 2 % as 0.02"),
        ({"usd_month": 75, "source": " "}, "the price has no source"),
        ({"usd_month": 334}, r"2.0 % of \$200,400 a year, and the last class .* has no end"),
    ],
)
def test_bad_input_is_one_clear_error(options, said):
    with pytest.raises(InputError, match=said):
        line_over_income(incomes([20.0]), **{**SURVEY, **options})


def test_a_missing_cell_is_named():
    with pytest.raises(MissingColumnError, match="B19001_007E"):
        line_over_income(incomes([20.0]).drop(columns="B19001_007E"), usd_month=75, **SURVEY)
