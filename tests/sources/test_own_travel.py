"""A user's own travel times: the shortest of each area, every unit, nothing guessed."""

from __future__ import annotations

import pytest

from equity.errors import EquityError, GeoidError, InputError, MissingColumnError, VintageError
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


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (HEAD + "51001000100,a,1\n51001000200,a,-1\n", 3),
        ("sep=;\n" + (HEAD + "51001000100,a,1\n51001000200,a,-1\n").replace(",", ";"), 4),
        (HEAD + "\n51001000100,a,1\n\n51001000200,a,-1\n", 5),
        (HEAD + '51001000100,"a\nb",1\n51001000200,a,-1\n', 4),
    ],
    ids=["plain", "delimiter told", "blank lines", "a line break in a cell"],
)
def test_an_error_names_the_line_of_the_file(tmp_path, text, line):
    path = tmp_path / "times.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=rf"a time is negative \(lines {line}\)"):
        read_travel_times(path, **SAID, unit="min")


@pytest.mark.parametrize(
    ("unit", "cost", "values", "says"),
    [
        ("min", "t", [900, 980, 1200, 700, 650], "no trips in that unit"),
        ("h", "t", [11, 15, 20, 30, 12], "no trips in that unit"),
        ("s", "t", [12, 15, 20, 30, 90], "no trips in that unit"),
        ("min", "DriveHrs", [12, 15], "is called DriveHrs"),
        ("s", "TravelMin", [900, 1200], "is called TravelMin"),
        ("min", "t", [900, 12, 15, 20, 30], ""),
        ("s", "cost_sec", [900, 1200], ""),
        ("min", "minutes_not_hours", [12, 15], ""),
    ],
)
def test_times_that_look_like_another_unit_are_questioned(tmp_path, unit, cost, values, says):
    rows = "".join(f"510010001{n:02d},a,{value}\n" for n, value in enumerate(values))
    path = tmp_path / "times.csv"
    path.write_text(f"home,site,{cost}\n" + rows)
    said = {**SAID, "cost": cost, "unit": unit}
    if says:
        with pytest.raises(InputError, match=says) as caught:
            read_travel_times(path, **said)
        assert "confirmed = true" in caught.value.fix
    table = read_travel_times(path, **said, confirmed=bool(says))
    per = {"min": 1, "s": 60, "h": 1 / 60}[unit]
    assert table["travel_min"].tolist() == pytest.approx([value / per for value in values])


def test_ids_of_other_areas_than_the_vintage_s_are_refused(tmp_path):
    old, new = "09001010101,a,5\n", "09190010101,a,5\n"
    for rows, vintage in ((old + new, "2020"), (new, "2010"), (old, "2020-CT2022")):
        with pytest.raises(VintageError, match="Connecticut"):
            times(tmp_path, rows, geo_vintage=vintage)
    assert len(times(tmp_path, new, geo_vintage="2020-CT2022")) == 1
