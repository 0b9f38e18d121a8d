"""What several states come to, by hand from what each of them says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from equity.measures.draws import Interval
from equity.study.nation import _added, _setting


def row(gap, people, named, overlap=np.nan):
    return pd.DataFrame(
        {
            "group": ["limit"], "label": ["20 minutes"], "note": [""], "gap_n": [gap],
            "gap_share": [gap / people], "named_n": [named], "named_people_n": [10.0 * named],
            "overlap_share": [overlap],
        }
    )  # fmt: skip


def test_places_that_stay_the_same_are_counted_from_the_states_shares():
    # One state names 1, 2, 3 and here 2, 3, 4, 5: two of five are the same. The other the same six.
    own = pd.concat([row(100.0, 1000.0, 3), row(300.0, 5000.0, 6)])
    found = _setting([row(200.0, 1000.0, 4, 2 / 5), row(400.0, 5000.0, 6, 1.0)], own)
    assert found["overlap_share"] == pytest.approx((2 + 6) / (5 + 6))
    assert found["named_n"] == 10
    assert found["gap_n"] == 600
    assert found["gap_share"] == pytest.approx(600 / 6000)


def test_a_setting_that_some_state_cannot_tell_has_no_number():
    own = pd.concat([row(100.0, 1000.0, 3)] * 3)
    found = _setting([row(200.0, 1000.0, 4, 0.5)], own)
    assert np.isnan(found["gap_n"])
    assert found["note"] == "2 of the states cannot tell"
    assert _setting([row(np.nan, 1000.0, 4)], own.iloc[:1])["note"] == ""


def test_ends_of_independent_sums_are_added_in_squares():
    found = _added([Interval(100.0, 70.0, 104.0), Interval(50.0, 10.0, 53.0)])
    assert found == pytest.approx((150.0, 100.0, 155.0))
    assert _added([Interval(10.0, 0.0, 20.0), Interval(2.0, -30.0, 3.0)]).p05 == 0
    alone = _added([Interval(5.0, np.nan, np.nan), Interval(np.nan, 0.0, 0.0)])
    assert alone.value == 5
    assert np.isnan(alone.p05)
