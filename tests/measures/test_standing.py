"""Who is under-resourced and who falls short, and what a study can no longer hide about it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from equity.errors import InputError, MissingColumnError
from equity.measures.standing import Criterion, falls_short, under_resourced
from equity.provenance import Source, meta, stamp

POOR = Criterion("poverty_share", at_least=0.2, label="in poverty", short="in poverty")
INCOME = Criterion("median_household_income_usd", at_most=60_000, short="median income")


@pytest.fixture
def areas():
    ids = pd.Index([f"5100109010{n}" for n in range(1, 7)], name="geoid")
    table = pd.DataFrame(
        {
            "population_n": [1000.0, 1000.0, 1000.0, 1000.0, 0.0, 1000.0],
            "poverty_share": [0.2, 0.19, 0.35, 0.05, 0.9, np.nan],
            "poverty_share_moe": [0.01, 0.02, 0.05, 0.01, 0.1, np.nan],
            "median_household_income_usd": [60_000.0, 60_001.0, 90_000.0, 30_000.0, 1.0, np.nan],
        },
        index=ids,
    )
    return stamp(table, level="tract", geo_vintage="2020", sources=[Source("a", "A", "P", "1")])


def test_one_criterion_of_two_is_enough_or_both_are_asked_for(areas):
    one = under_resourced(areas, [POOR, INCOME])
    both = under_resourced(areas, [POOR, INCOME], at_least=2)
    assert one["is_under_resourced"].tolist() == [True, False, True, True, False, False]
    assert both["is_under_resourced"].tolist() == [True, False, False, False, False, False]


def test_the_cut_off_itself_counts_on_both_sides(areas):
    assert POOR.met(areas["poverty_share"]).tolist()[0]
    assert INCOME.met(areas["median_household_income_usd"]).tolist()[0]


def test_status_tells_empty_unknown_and_too_close_to_call(areas):
    status = under_resourced(areas, [POOR])["under_resourced_status"].tolist()
    # 0.20 lies on the cut, 0.19 within its margin of 0.02, 0.35 and 0.05 well away.
    assert status == ["within_margin", "within_margin", "ok", "ok", "no_population", "not_covered"]


def test_areas_that_lack_a_criterion_are_counted(areas):
    (said,) = meta(under_resourced(areas, [POOR])).notes
    assert said.startswith("Under-resourced: 1 area with residents")
    assert not meta(under_resourced(areas.iloc[:5], [POOR])).notes


def test_reasons_carry_values_and_margins(areas):
    reasons = under_resourced(areas, [POOR, INCOME])["under_resourced_reason"].tolist()
    assert reasons[0] == "in poverty 20.0 % ± 1.0; median income 60,000 dollars"
    assert reasons[1] == ""
    assert reasons[4] == ""


def test_the_record_and_the_index_are_kept_and_the_input_left_alone(areas):
    before = areas.copy()
    found = under_resourced(areas, [POOR])
    assert found.index.equals(areas.index)
    assert meta(found).sources == meta(areas).sources
    pd.testing.assert_frame_equal(areas, before)


@pytest.mark.parametrize("cuts", [{}, {"at_least": 0.1, "at_most": 0.2}])
def test_a_criterion_has_one_cut_off(cuts):
    with pytest.raises(InputError, match="one cut-off"):
        Criterion("poverty_share", **cuts)


def test_a_column_that_is_not_there_and_too_many_criteria_are_refused(areas):
    with pytest.raises(MissingColumnError, match="misery_share"):
        under_resourced(areas, [Criterion("misery_share", at_least=0.1)])
    with pytest.raises(InputError, match="at least 2 of 1 criteria"):
        under_resourced(areas, [POOR], at_least=2)


def test_an_area_falls_short_from_the_study_s_own_share_or_from_a_given_one():
    table = pd.DataFrame(
        {
            "population_n": [100.0, 100.0, 200.0, 50.0],
            "gap_n": [30.0, 10.0, 0.0, np.nan],
            "gap_share": [0.3, 0.1, 0.0, np.nan],
        }
    )
    # 40 of 400: the study's share is 0.1, which counts.
    assert falls_short(table, people_at_least=1)["falls_short"].tolist() == [
        True,
        True,
        False,
        False,
    ]
    assert falls_short(table, gap_share_at_least=0.2, people_at_least=1)[
        "falls_short"
    ].tolist() == [
        True,
        False,
        False,
        False,
    ]
    # A cut-off of 0 still asks for somebody in the gap.
    assert not falls_short(table, gap_share_at_least=0.0, people_at_least=0)["falls_short"].iloc[2]
    with pytest.raises(InputError, match="a share"):
        falls_short(table, gap_share_at_least=20)
