"""The practice's own line against what its size needs."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

from equity.errors import DependencyError, InputError, MissingColumnError
from equity.measures.practice import (
    PRACTICE_TIERS,
    best_offers,
    capacity_behind_lines,
    h3_cells,
    link_adequacy,
    practice_readiness,
)
from equity.measures.reach.travel import travel_costs
from equity.measures.relying import people_relying
from equity.provenance import meta

SITES = pd.DataFrame(
    {
        "kind": ["clinic", "clinic", "General Hospital", "clinic", "clinic", "clinic"],
        "fte": [1.0, 3.0, 40.0, 8.0, np.nan, 2.0],
        "block_geoid": ["b1", "b2", "b3", "b4", "b5", None],
    },
    index=["s1", "s2", "s3", "s4", "s5", "s6"],
)
OFFERS = pd.DataFrame(
    {
        "best_down_mbps": [5.0, 9.0, 25.0, np.nan],
        "best_up_mbps": [3.0, 5.0, 20.0, np.nan],
        "low_latency": [True, True, False, False],
    },
    index=["b1", "b2", "b4", "b5"],
)


def test_adequacy_known_answers():
    # Computed independently; min(1, up / (n r), down / (n r)).
    found = link_adequacy(
        np.array([100, 25, 4, 0.0]),
        np.array([20, 3, 10, 0.0]),
        visits=np.array([4, 2, 1, 1]),
        mbps_per_visit=np.array([3, 3, 6, 3]),
    )
    np.testing.assert_allclose(found, [1, 0.5, 2 / 3, 0], rtol=1e-9)


def test_every_kind_of_line_has_its_status():
    before = SITES.copy(), OFFERS.copy()
    found = practice_readiness(SITES, OFFERS, cell="block_geoid")
    assert found["practice_status"].tolist() == [
        "ok",
        "below_tier",
        "not_a_broadband_serviceable_location",
        "high_latency",
        "no_offer",
        "not_located",
    ]
    assert found["practice_size"].tolist() == ["solo", "small", "hospital", "clinic", "small", "small"]  # fmt: skip
    assert found["is_size_assumed"].tolist() == [False] * 4 + [True, False]
    np.testing.assert_allclose(found["link_adequacy"], [1, 5 / 6, np.nan, 0, 0, np.nan])
    assert found["can_carry_video"].tolist()[:2] == [True, True]
    assert found["can_carry_video"].isna().tolist() == [False, False, True, False, False, True]
    assert found["needed_down_mbps"].tolist() == [4, 10, 100, 25, 10, 10]
    assert found["needed_up_mbps"].tolist() == [3] * 6
    pd.testing.assert_index_equal(found.index, SITES.index)
    pd.testing.assert_frame_equal(SITES, before[0])
    pd.testing.assert_frame_equal(OFFERS, before[1])


@pytest.mark.parametrize(
    ("fte", "size"), [(0.4, "solo"), (1, "solo"), (1.1, "small"), (4.9, "small"), (5, "clinic"), (25, "clinic"), (26, "hospital")]
)  # fmt: skip
def test_size_follows_clinicians(fte, size):
    site = pd.DataFrame({"fte": [fte], "cell": ["b1"]}, index=["s"])
    assert practice_readiness(site, OFFERS, cell="cell").loc["s", "practice_size"] == size


def test_tiers_are_the_published_ones_and_say_who_published_them():
    assert {name: tier.down_mbps for name, tier in PRACTICE_TIERS.items()} == {
        "solo": 4, "small": 10, "clinic": 25, "academic": 1000, "hospital": 100,
    }  # fmt: skip
    assert all("FCC" in tier.source for tier in PRACTICE_TIERS.values())


NAMED = {
    "nursing home": ("Nursing Home", 20.0, (10.0, 6.0), "small", "ok"),
    "skilled nursing facility": ("SKILLED NURSING FACILITY", 20.0, (9.0, 6.0), "small", "below_tier"),
    "rural health clinic": ("rural-health_clinic", 8.0, (10.0, 6.0), "small", "ok"),
    "hospital": ("ACUTE CARE HOSPITALS", np.nan, (100.0, 20.0), "hospital", "ok"),
    "academic center": ("Academic Medical Center Hospital", 900.0, (940.0, 940.0), "academic", "below_tier"),
    "academic center that is served": ("academic medical center", 900.0, (1000.0, 35.0), "academic", "ok"),
    "unnamed practice of that staff": ("clinic", 8.0, (10.0, 6.0), "clinic", "below_tier"),
    "no upload for one visit": ("hospital", np.nan, (100.0, 2.0), "hospital", "below_tier"),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMED)
def test_what_the_published_table_names_is_held_against_its_own_row(name):
    kind, fte, (down, up), size, status = NAMED[name]
    site = pd.DataFrame({"kind": [kind], "fte": [fte], "cell": ["b"]}, index=["s"])
    offers = pd.DataFrame({"best_down_mbps": [down], "best_up_mbps": [up]}, index=["b"])
    found = practice_readiness(site, offers, cell="cell").loc["s"]
    assert (found["practice_size"], found["practice_status"]) == (size, status)
    assert not found["is_size_assumed"]
    assert found["can_carry_video"] == (up >= 3)
    # The planning figure is reported beside it, and fails nobody.
    assert found["link_adequacy"] == pytest.approx(
        min(
            1.0,
            up / (PRACTICE_TIERS[size].visits_n * 3),
            down / (PRACTICE_TIERS[size].visits_n * 3),
        )
    )


def test_without_offers_every_line_is_unknown_and_nothing_is_called_bad():
    found = practice_readiness(SITES, None)
    assert set(found["practice_status"]) == {"line_unknown"}
    for name in ("line_down_mbps", "link_adequacy", "can_carry_video", "is_low_latency"):
        assert found[name].isna().all()
    assert found["needed_down_mbps"].tolist() == [4, 10, 100, 25, 10, 10]
    assert "no offers by block or cell are at hand" in meta(found).notes[-1]
    assert practice_readiness(SITES, None, cell="block_geoid").equals(found)


def test_people_rely_on_the_site_nearest_to_them():
    near = pd.Series(
        ["s1", "s2", "s3", "s4", "s5", "s6", "over the border", None],
        index=[f"t{k}" for k in range(8)],
    )
    people = pd.Series(2.0 ** np.arange(8), index=near.index)
    found = people_relying(ready(), nearest_site_id=near, population=people.sample(frac=1))
    assert found.index.tolist() == ["fit", "below", "unknown"]
    assert found["sites_n"].tolist() == [1, 3, 2]
    assert found["relying_n"].tolist() == [1, 2 + 8 + 16, 4 + 32 + 64 + 128]
    nothing = people_relying(
        practice_readiness(SITES, None), nearest_site_id=near, population=people
    )
    assert nothing["relying_n"].tolist() == [0, 0, 255]
    with pytest.raises(InputError, match="same areas"):
        people_relying(ready(), nearest_site_id=near, population=people.iloc[1:])
    with pytest.raises(MissingColumnError, match="practice_status"):
        people_relying(SITES, nearest_site_id=near, population=people)


def test_upload_decides_where_download_is_plenty():
    site = pd.DataFrame({"cell": ["b2"]}, index=["s"])
    plenty = OFFERS.assign(best_down_mbps=100.0)
    few = practice_readiness(site, plenty, cell="cell", size="small", visits=1)
    assert few.loc["s", "practice_status"] == "ok"
    many = practice_readiness(site, plenty, cell="cell", size="small", visits=10)
    assert many.loc["s", "practice_status"] == "below_tier"
    assert many.loc["s", "link_adequacy"] == pytest.approx(5 / 30)


def test_cells_may_come_as_a_series_and_latency_may_be_absent():
    cells = pd.Series(["b4", "b1"], index=["s4", "s1"])
    found = practice_readiness(
        SITES.loc[["s1", "s4"]], OFFERS.drop(columns="low_latency"), cell=cells, visits=1
    )
    assert found["practice_status"].tolist() == ["ok", "ok"]


def test_best_offers_are_the_highest_of_each_cell():
    locations = pd.DataFrame(
        {
            "h3": ["u", "u", "v"],
            "best_down_mbps": [10.0, 100.0, 3.0],
            "best_up_mbps": [8.0, 2.0, 1.0],
            "low_latency": [True, False, False],
        }
    )
    found = best_offers(locations, cell="h3")
    assert found.loc["u"].tolist() == [100.0, 8.0, True]
    assert found.loc["v"].tolist() == [3.0, 1.0, False]
    with pytest.raises(MissingColumnError, match="block"):
        best_offers(locations, cell="block")


def test_h3_cells_are_the_published_ones():
    pytest.importorskip("h3")
    # The example of H3's own documentation.
    sites = pd.DataFrame(
        {"lon": [-122.418307270836, np.nan], "lat": [37.7752702151959, np.nan]}, index=["s", "t"]
    )
    found = h3_cells(sites, resolution=9)
    assert found["s"] == "8928308280fffff"
    assert found["t"] is None or pd.isna(found["t"])
    eighth = h3_cells(sites)["s"]
    offers = pd.DataFrame({"best_down_mbps": [50.0], "best_up_mbps": [50.0]}, index=[eighth])
    status = practice_readiness(sites, offers, cell=h3_cells(sites))["practice_status"]
    assert status.tolist() == ["ok", "not_located"]


def test_without_h3_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "h3", None)
    with pytest.raises(DependencyError, match="pip install"):
        h3_cells(pd.DataFrame({"lon": [-78.0], "lat": [38.0]}, index=["s"]))


def ready():
    return practice_readiness(SITES, OFFERS, cell="block_geoid")


def test_capacity_behind_lines_in_an_area():
    areas = pd.Series(["t1", "t1", "t2", "t1", "t3", "t2"], index=SITES.index)
    supply = pd.Series([1.0, 2.0, 4.0, 3.0, 0.0, 1.0], index=SITES.index)
    found = capacity_behind_lines(ready(), supply=supply, areas=areas)
    assert found.loc["t1", "capacity_n"] == 6
    assert found.loc["t1", "capacity_without_video_share"] == 0.5
    assert found.loc["t1", "capacity_line_unknown_share"] == 0
    assert found.loc["t2", "capacity_line_unknown_share"] == 1
    assert found["capacity_status"].tolist() == ["ok", "line_unknown", "no_capacity"]
    assert np.isnan(found.loc["t3", "capacity_without_video_share"])


def test_capacity_behind_lines_within_reach():
    table = pd.DataFrame({"o": ["A", "A", "B"], "d": ["s1", "s4", "s3"], "c": [5.0, 25.0, 5.0]})
    costs = travel_costs(
        pd.DataFrame(index=["A", "B", "C"]),
        pd.DataFrame(index=SITES.index),
        table=table,
        origin="o",
        destination="d",
        cost="c",
        unit="min",
    )
    alike = capacity_behind_lines(ready(), supply=1.0, costs=costs)
    assert alike["capacity_status"].tolist() == ["ok", "line_unknown", "no_capacity"]
    assert alike.loc["A", "capacity_without_video_share"] == 0.5
    stepped = capacity_behind_lines(ready(), supply=1.0, costs=costs, steps="slow")
    assert stepped.loc["A", "capacity_without_video_share"] == pytest.approx(0.22 / 1.22)


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"cell": "h3"}, MissingColumnError, "h3"),
        ({"cell": ["b1"]}, InputError, "cell must be"),
        ({"size": "giant"}, InputError, "without a tier"),
        ({"visits": 0.0}, InputError, "simultaneous visits"),
        ({"visits": pd.Series([0, 1, 1, 1, 1, 1.0], index=SITES.index)}, InputError, "visits of sites are 0"),
        ({"mbps_per_visit": 0}, InputError, "mbps_per_visit"),
        ({"offers": pd.concat([OFFERS, OFFERS])}, InputError, "more than once"),
        ({"offers": OFFERS.assign(best_up_mbps=-1.0)}, InputError, "negative"),
        ({"offers": OFFERS.drop(columns="best_up_mbps")}, MissingColumnError, "best_up_mbps"),
        ({"sites": pd.concat([SITES, SITES])}, InputError, "more than once"),
    ],
)  # fmt: skip
def test_hostile_input_is_refused(change, error, match):
    asked = {"sites": SITES, "offers": OFFERS, "cell": "block_geoid", **change}
    with pytest.raises(error, match=match):
        practice_readiness(asked.pop("sites"), asked.pop("offers"), **asked)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({}, "areas= or costs="),
        ({"areas": pd.Series(["t"], index=["s1"])}, "area of sites is missing"),
        ({"areas": pd.Series("t", index=SITES.index), "supply": 0.0}, "capacity of all sites is zero"),
    ],
)  # fmt: skip
def test_capacity_needs_areas_or_reach(options, match):
    with pytest.raises(InputError, match=match):
        capacity_behind_lines(ready(), **{"supply": 1.0, **options})
