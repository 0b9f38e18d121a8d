"""A file that could mean two things, or is a part of another, is refused: neither is guessed."""

from __future__ import annotations

import pandas as pd
import pytest
from door_files import put

import equity as eq
from equity.areas.geoid import normalize, of_other_level
from equity.errors import GeoidError, InputError
from equity.sources.fcc.classes import read_coverage

OWN = {"agency": "a", "product": "p", "vintage": "v", "geo_vintage": "2020"}
OLD, NEW = "10001040100", "10001040201"


def own(path, columns=None, *, level="tract", **options):
    return eq.read_table(path, level=level, columns=columns or {"x_n": "x"}, **(OWN | options))


# --- two columns of ids ----------------------------------------------------------------------

COUNTS = "locations_n,served_n,underserved_n,unserved_n"


def acs_2019(path, **options):
    return eq.read_acs(path, year=2019, **options)


def coverage(path, **options):
    return read_coverage(path, as_of="2024-06-30", **options)


READERS = {own: ("x", "1"), acs_2019: ("B01003_001E", "1"), coverage: (COUNTS, "1,1,0,0")}
IDS = {
    "by year": (["GEOID10"], ["GEOID20"], [OLD], [NEW]),
    "with and without a year": (["GEOID"], ["GEOID10"], [NEW], [OLD]),
    "in two spellings": (["GEOID20"], ["GEO_ID"], [NEW], [f"1400000US{OLD}"]),
    "as numbers": (["GEOID"], ["FIPS"], [f"{NEW}.0"], ["10,001,040,100"]),
    "parts": (
        ["STATEFP10", "COUNTYFP10", "TRACTCE10"],
        ["STATEFP20", "COUNTYFP20", "TRACTCE20"],
        ["10", "001", "040100"],
        ["10", "001", "040201"],
    ),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("kind", IDS)
def test_two_columns_of_ids_that_differ_are_asked_about(tmp_path, kind, reader):
    one, two, first, second = IDS[kind]
    name, value = READERS[reader]
    cells = ",".join(f'"{cell}"' for cell in [*first, *second])
    path = put(tmp_path, f"{','.join([*one, *two])},{name}\n{cells},{value}\n")
    with pytest.raises(InputError, match=r"hold different areas .* which are meant\?") as caught:
        reader(path)
    assert "id_column=" in caught.value.fix
    for names, expected in ((one, first), (two, second)):
        table = reader(path, id_column=names[0] if len(names) == 1 else names)
        assert table.index.tolist() == normalize(["".join(expected)], level="tract").tolist()


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("GEOID,GEO_ID", f"{OLD},1400000US{OLD}"),
        ("GEOID,GISJOIN", "01003010100,G0100030010100"),
        ("FIPS,GEOID20", f"{OLD},{OLD}.0"),
        ("GEOID,FIPS", f"{OLD},10001"),
        ("STATE,STATEA,COUNTY,COUNTYA,TRACT,TRACTA", "Delaware,10,Kent,001,401,040100"),
    ],
)
def test_columns_that_hold_the_same_areas_or_other_levels_are_no_question(tmp_path, header, cells):
    assert len(own(put(tmp_path, f"{header},x\n{cells},1\n"))) == 1


# --- parts of areas --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "part", "whole"),
    [
        ("state", "0400001US51", "0400000US51"),
        ("state", "04000A0US51", "04000US51"),
        ("county", "0500043US51003", "050US51003"),
        ("tract", "1400001US10001040100", "14000US10001040100"),
        ("zcta", "860Z201US00601", "860Z200US00601"),
    ],
)
def test_a_part_of_an_area_is_never_taken_for_it(tmp_path, level, part, whole):
    with pytest.raises(GeoidError, match="parts of areas") as caught:
        own(put(tmp_path, f"GEO_ID,x\n{part},1\n"), level=level)
    assert "0400000US51" in caught.value.fix
    text = f"GEO_ID,x,B01003_001E\n{whole},1,1\n{part},2,2\n"
    table = own(put(tmp_path, text), level=level, other_levels="drop")
    assert table["x_n"].tolist() == [1]
    assert eq.read_acs(tmp_path / "t.csv", year=2021, level=level)["B01003_001E"].tolist() == [1]
    assert of_other_level(pd.Series([whole, part]), level).tolist() == [False, True]
