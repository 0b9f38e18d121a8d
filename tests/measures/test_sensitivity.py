"""The finding under other settings, against plain counting."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from equity.errors import InputError
from equity.measures.sensitivity import Setting, sensitivity
from equity.provenance import Source, meta, stamp


def area_rows(gap, first, people=1000.0):
    index = pd.Index([f"5100109010{i}" for i in range(len(gap))], name="geoid")
    table = pd.DataFrame({"population_n": people, "gap_n": gap}, index=index, dtype=float)
    table["gap_share"] = table["gap_n"] / table["population_n"]
    table["is_under_resourced"] = first
    return stamp(table, level="tract", geo_vintage="2020", sources=[Source("a", "A", "P", "1")])


OWN = area_rows([300, 200, 10, 60, np.nan], [True, True, True, False, True])


def test_counts_people_places_and_overlap_by_hand():
    # The study's own share is 570/4000 = 14 %: the first two are named.
    other = area_rows([300, 0, 400, 60, np.nan], [True, True, True, False, True])
    fewer = OWN.assign(is_under_resourced=[True, False, False, False, False])
    found = sensitivity(
        OWN, [Setting("a", "A", "limit", other), Setting("b", "B", "criteria", fewer)]
    )
    table = found.settings
    assert table["gap_n"].tolist() == [570, 760, 570]
    assert table["named_n"].tolist() == [2, 2, 1]
    assert table["named_people_n"].tolist() == [500, 700, 300]
    assert table["overlap_share"].tolist() == [1, 1 / 3, 1 / 2]
    assert found.areas["settings_n"].tolist() == [3, 1, 1, 0, 0]
    # Areas are told of under the settings that change their gap.
    assert found.gaps.columns.tolist() == ["a"]
    np.testing.assert_array_equal(found.gaps["a"], [300, 0, 400, 60, np.nan])
    assert found.computed_n == 3
    assert meta(found.areas).sources == meta(OWN).sources


def test_a_setting_that_cannot_be_computed_says_why_and_counts_for_nothing():
    found = sensitivity(OWN, [Setting("t", "by telephone", "carrier", why_not="no input tells it")])
    assert found.settings.loc["t", "note"] == "no input tells it"
    assert np.isnan(found.settings.loc["t", "gap_n"])
    assert found.computed_n == 1


def test_fewer_than_fifty_people_name_no_place():
    small = area_rows([49, 0], [True, True])
    assert sensitivity(small, []).settings["named_n"].tolist() == [0]
    assert sensitivity(small, [], people_at_least=49).settings["named_n"].tolist() == [1]
    assert np.isnan(sensitivity(small, []).settings["overlap_share"].iloc[0])


def test_two_of_a_name_and_other_areas_are_refused():
    with pytest.raises(InputError, match="two settings"):
        sensitivity(OWN, [Setting("a", "A", "x", OWN), Setting("a", "B", "x", OWN)])
    with pytest.raises(InputError, match="other areas"):
        sensitivity(OWN, [Setting("a", "A", "x", OWN.iloc[::-1])])
