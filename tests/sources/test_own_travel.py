"""A user's own travel times: the shortest of each area, every unit, nothing guessed."""

from __future__ import annotations

import pytest

from equity.errors import EquityError, GeoidError, InputError, MissingColumnError
from equity.provenance import meta
from equity.sources.own_travel import read_travel_times

SAID = {
    "level": "tract", "geo_vintage": "2020", "origin": "home", "destination": "site", "cost": "t",
    "agency": "A", "product": "P", "vintage": "2025",
}  # fmt: skip
HEAD = "home,site,t\n"


def times(tmp_path, rows, *, unit="min", **more):
    (tmp_path / "times.csv").write_text(HEAD + rows)
    return read_travel_times(tmp_path / "times.csv", **{**SAID, **more}, unit=unit)


@pytest.mark.parametrize(
    ("unit", "ten"), [("min", "10"), ("s", "600"), ("h", "0.16666666666666666")]
)
def test_the_nearest_of_each_area_is_kept_in_minutes(tmp_path, unit, ten):
    rows = f"51001000100,b,{ten}\n51001000100,a,{ten}\n51001000100,c,\n51001000200,a,\n"
    table = times(tmp_path, rows, unit=unit)
    assert table["travel_min"].round(9).fillna(-1).tolist() == [10.0, -1]
    assert table["travel_site_id"].fillna("").tolist() == ["a", ""]
    assert table["travel_min_status"].tolist() == ["ok", "no_supply_in_reach"]
    assert (meta(table).geo_vintage, meta(table).sources[0].file) == ("2020", "times.csv")


def test_a_lost_zero_is_found_again_and_another_state_left_out(tmp_path):
    table = times(tmp_path, "1001000100,a,5\n51001000100,a,4\n", state="AL", multi_state=True)
    assert table["travel_min"].to_dict() == {"01001000100": 5.0}
    assert "1 rows of other states left out" in meta(table).notes[0]


@pytest.mark.parametrize(
    ("rows", "more", "error", "match"),
    [
        ("51001000100,a,-1\n", {}, InputError, r"a time is negative \(lines 2\)"),
        ("51001000100,a,1\n51001000100,a,2\n", {}, InputError, "listed twice"),
        ("51001000100,a,soon\n", {}, InputError, "'soon' where a number belongs"),
        ("510010001,a,1\n", {}, GeoidError, "510010001"),
        ("51001000100,a,1\n", {"unit": "km"}, InputError, "no unit 'km' of time"),
        ("51001000100,a,1\n", {"cost": "minutes"}, MissingColumnError, "lacks column minutes"),
        ("51001000100,a,1\n", {"destination": "home"}, InputError, "three different columns"),
    ],
)
def test_what_is_no_travel_time_is_refused(tmp_path, rows, more, error, match):
    with pytest.raises(error, match=match) as caught:
        times(tmp_path, rows, **more)
    assert isinstance(caught.value, EquityError)
