"""The arithmetic inside sentences and totals of a study, by hand."""

from __future__ import annotations

from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from equity.outputs._place_tables import beyond_border
from equity.study import workers
from equity.study.recognise import _within
from equity.study.sentences import (
    _with_difference,
    clusters_sentence,
    fixes_sentence,
    places_sentence,
    practices_sentence,
)
from equity.study.sheet_care import care_words
from equity.study.totals import _difference, _over_homes, _with_margins


def focus(**more):
    table = {"gap_n": [300.0, 700.0], "gap_n_moe": [30.0, 40.0]}
    return pd.DataFrame({**table, **more})


def test_places_are_a_part_of_everybody_with_the_margin_of_a_sum():
    said = places_sentence(focus(), 4000.0)
    # The margin is 50: two digits of 1,000 are told.
    assert "2 under-resourced communities fall short, with about 1,000 of the people" in said
    assert "(25.0 % of them)" in said
    # 30 and 40 by themselves would allow 1,230; a difference of squares, 26, would as well.
    odd = focus().assign(gap_n=[300.0, 934.0], gap_n_moe=[300.0, 400.0])
    assert "about 1,200 of the people" in places_sentence(odd, 4000.0)


def test_places_are_very_likely_or_likely_and_so_many_are_expected():
    sure = pd.DataFrame({"gap_n": [1.0] * 5, "gap_n_moe": [1.0] * 5})
    sure["focus_probability"] = [0.9, 0.8, 0.79, 0.5, 0.2]
    sure["under_resourced_probability"] = 0.9
    said = places_sentence(sure, 100.0)
    assert "2 very likely and 2 likely to belong" in said
    assert "of all 5 about 3 may be expected to" in said


def test_what_two_fixes_together_bring_is_the_rest():
    fixes = {name: {"everywhere_n": n} for name, n in
             (("line", 100.0), ("home", 250.0), ("line and home", 400.0))}  # fmt: skip
    moes = dict.fromkeys(("gap_line_only_n_moe", "gap_home_only_n_moe", "gap_both_n_moe"), 1.0)
    said = fixes_sentence(fixes, moes)
    assert "a line alone would bring in about 100, a connected home alone 250; 50 need both" in said


def test_practices_whose_line_is_known_are_those_that_are_fit_or_not():
    rows = pd.DataFrame(
        {"sites_n": [12, 3, 7], "relying_n": [1.0, 840.0, 2.0]}, index=["fit", "below", "unknown"]
    )
    plan = SimpleNamespace(coverage=SimpleNamespace(kind="locations"))
    said = practices_sentence(rows, plan)
    assert said.startswith("Of 15 sites whose line is known, 3 have less than its size needs")
    none_below = rows.assign(sites_n=[12, 0, 7])
    assert "each has what a practice" in practices_sentence(none_below, plan)


def test_clusters_hold_a_part_of_everybody_in_the_gap():
    table = pd.DataFrame(
        {"cluster": ["hot_spot", "hot_spot", "", "cold_spot"], "cluster_status": "ok",
         "gap_n": [30.0, 20.0, 100.0, 50.0]}
    )  # fmt: skip
    assert "with 25.0 % of the people in the gap, 1 with low shares" in clusters_sentence(table)


@pytest.mark.parametrize(
    ("one", "other", "end"),
    [
        (0.174, 0.108, "6.6 points (± 0.4) more"),
        (0.1744, 0.1076, "6.7 points (± 0.4) more, before rounding"),
    ],
)
def test_a_difference_that_a_reader_would_not_find_is_said_to_be_before_rounding(one, other, end):
    row = {"x": one - other, "x_moe": 0.004}
    said = _with_difference("said", row, "x", of=({"x": one}, {"x": other}))
    assert said == f"said: {end}"
    assert _with_difference("said", {**row, "x_moe": 0.071}, "x", of=()).endswith("(± 7.1 points)")


def test_a_difference_of_two_groups_and_its_margin():
    frame = pd.DataFrame(
        {"no_link_share": [0.5, 0.2], "no_link_share_moe": [0.03, 0.04],
         "gap_share": [0.1, 0.25], "gap_share_moe": [0.05, 0.12]},
        index=["one", "other"],
    )  # fmt: skip
    found = _difference(frame, "one", "other")
    assert found.to_dict() == pytest.approx(
        {"no_link_share": 0.3, "no_link_share_moe": 0.05, "gap_share": -0.15, "gap_share_moe": 0.13}
    )


def test_standard_errors_are_shown_as_margins():
    found = _with_margins(pd.DataFrame({"rate": [0.2], "rate_se": [0.02]}))
    assert found.to_dict("list") == {"rate": [0.2], "rate_moe": [pytest.approx(0.0329)]}


def test_a_share_of_homes_over_all_areas_is_weighted_by_homes():
    part = pd.DataFrame(
        {"households_n": [100.0, 300.0, np.nan, 50.0], "population_n": [1.0, 1.0, 200.0, 1.0],
         "subscribed_beyond_rule_share": [0.1, 0.3, 0.5, np.nan]}
    )  # fmt: skip
    assert _over_homes(part) == pytest.approx((10 + 90 + 100) / 600)


def test_sites_that_lie_outside_are_counted_beside_those_inside():
    sites = gpd.GeoDataFrame(
        {"name": list("abc")}, geometry=gpd.points_from_xy([0.5, 3, 4], [0.5, 3, 4]), crs=4326
    )
    own = gpd.GeoDataFrame({"population_n": [1.0]}, geometry=[shapely.box(0, 0, 1, 1)], crs=4326)
    said = list(care_words(own, own, sites, whole=True))
    assert said == ["1 place of care that the study counts lies here.", beyond_border(2)]
    assert list(care_words(own, own, sites.iloc[:1], whole=True)) == said[:1]


def test_half_of_a_column_must_be_numbers_in_bounds():
    fits = _within(0, 10)
    assert fits(pd.Series(["1", "2", "x", ""]))
    assert not fits(pd.Series(["1", "x", "x", ""]))
    assert not fits(pd.Series(["1", "11"]))


def test_as_many_workers_as_memory_suffices_for(monkeypatch):
    monkeypatch.setattr(workers, "_cores", lambda: 16)
    monkeypatch.setattr(workers.settings, "current", lambda: SimpleNamespace(workers=None))
    for each, most in ((0.5, 1), (1, 1), (3.9, 3), (100, 16)):
        monkeypatch.setattr(workers, "_memory", lambda each=each: int(each * workers._MEMORY_EACH))
        assert workers.workers_for(99) == most
    monkeypatch.setattr(workers, "_memory", lambda: None)
    assert workers.workers_for(99) == 16
    assert workers.workers_for(3) == 3


def test_the_memory_of_the_machine_is_pages_of_their_size(monkeypatch):
    known = {"SC_PHYS_PAGES": 1000, "SC_PAGE_SIZE": 4096}
    monkeypatch.setattr("os.sysconf_names", dict.fromkeys(known, 0), raising=False)
    monkeypatch.setattr("os.sysconf", known.__getitem__, raising=False)
    assert workers._memory() == 4_096_000
