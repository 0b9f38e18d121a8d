"""A file that could mean two things, or is a part of another, is refused: neither is guessed."""

from __future__ import annotations

import gzip
import json

import pandas as pd
import pytest
from door_files import put

import equity as eq
from equity.areas.geoid import normalize, of_other_level
from equity.errors import FormatError, GeoidError, InputError, VintageError
from equity.files import vector
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
VINTAGE = {own: "20", acs_2019: "10", coverage: "20"}
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
        given = {"id_column": names[0] if len(names) == 1 else names}
        if names[0][-2:] in {"10", "20"} - {VINTAGE[reader]}:
            with pytest.raises(VintageError, match="a name of areas of"):
                reader(path, **given)
            continue
        table = reader(path, **given)
        assert table.index.tolist() == normalize(["".join(expected)], level="tract").tolist()


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "header",
    [
        "GEOID{}",
        "geo_id_20{}",
        "TractFIPS{}",
        "GEOID_TRACT_{}",
        "STATEFP{0},COUNTYFP{0},TRACTCE{0}",
    ],
)
def test_ids_under_the_name_of_another_census_are_refused(tmp_path, reader, header):
    name, value = READERS[reader]
    cells = "10,001,040100" if "," in header else OLD
    given = (
        {"id_column": header} if header in {"geo_id_20{}", "TractFIPS{}", "GEOID_TRACT_{}"} else {}
    )
    for census in ("10", "20"):
        path = put(tmp_path, f"{header.format(census)},{name}\n{cells},{value}\n")
        options = {key: text.format(census) for key, text in given.items()}
        if census == VINTAGE[reader]:
            assert reader(path, **options).index.tolist() == [OLD]
            continue
        with pytest.raises(VintageError, match=f"areas of 20{census}, and are said") as caught:
            reader(path, **options)
        assert f"geo_vintage of the areas of 20{census}" in caught.value.fix


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("GEOID,STATE,COUNTY,TRACT", f"{OLD},10,001,040201"),
        ("GEOID,STATE,COUNTY,TRACT", f"1400000US{OLD},DE,3,040100"),
        ("GISJOIN,STATEA,COUNTYA", "G1000010040100,10,005"),
        ("fips,State", f"{OLD},Maryland"),
    ],
)
def test_a_whole_id_beside_parts_of_another_is_asked_about(tmp_path, reader, header, cells):
    name, value = READERS[reader]
    path = put(tmp_path, f"{header},{name}\n{cells},{value}\n")
    with pytest.raises(InputError, match=r"columns .* hold different areas .* which are meant\?"):
        reader(path)
    table = reader(path, id_column=header.split(",")[0])
    assert table.index.tolist() == [OLD]


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("GEOID,GEO_ID", f"{OLD},1400000US{OLD}"),
        ("GEOID,GISJOIN", "01003010100,G0100030010100"),
        ("FIPS,GEOID20", f"{OLD},{OLD}.0"),
        ("GEOID,FIPS", f"{OLD},10001"),
        ("GEOID,STATE,COUNTY,TRACT", "01003010100,Alabama,Baldwin County,101"),
        ("GEOID,STATE,COUNTY,TRACT", "1003010100,1,1003,10100"),
        ("GEOID,STATE,COUNTY", f"{OLD},10,10001"),
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
    nation = put(tmp_path, f"GEO_ID,B01003_001E\n0100000US,9\n010US,9\n{whole},1\n")
    assert eq.read_acs(nation, year=2021, level=level)["B01003_001E"].tolist() == [1]


# --- answers that go on, and JSON as it comes ------------------------------------------------


def answer(features=2, **more):
    ring = [[-75.5, 39], [-75.4, 39], [-75.4, 39.1], [-75.5, 39]]
    one = {
        "type": "Feature",
        "properties": {"GEOID": OLD, "x": 1, "words": "w" * 300},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    body = {"type": "FeatureCollection", "features": []} | more
    body["features"] = [one | {"properties": one["properties"] | {"GEOID": geoid}}
                        for geoid in (OLD, NEW, "10001040202")[:features]]  # fmt: skip
    return body


GOES_ON = [
    {"exceededTransferLimit": "true"},
    {"exceededTransferLimit": True, "tail": "t" * 9000},
    {"numberMatched": 500, "numberReturned": 2},
    {"totalFeatures": 3},
    {"links": [{"rel": "self", "href": "a"}, {"rel": "next", "href": "b"}]},
]
WHOLE = [
    {"exceededTransferLimit": False},
    {"numberMatched": 2, "numberReturned": 2, "totalFeatures": "unknown"},
    {"links": [{"rel": "self", "href": "a"}]},
]


@pytest.mark.parametrize("piece", [1 << 20, 1000, 1001, 1013])
@pytest.mark.parametrize("first", [True, False])
def test_an_answer_that_goes_on_is_never_the_whole(tmp_path, monkeypatch, first, piece):
    monkeypatch.setattr(vector, "_PIECE", piece)
    for more in [*GOES_ON, *WHOLE]:
        body = answer(**more)
        if first:
            body = {"type": body["type"]} | more | body
        else:
            body["features"] = body.pop("features")
            body |= {name: body.pop(name) for name in more}
        path = put(tmp_path, json.dumps(body), "t.geojson")
        if more in WHOLE:
            assert len(own(path)) == len(eq.read_boundaries(path, year=2020)) == 2
            continue
        for read in (own, lambda p: eq.read_boundaries(p, year=2020)):
            with pytest.raises(FormatError, match="the service sent only the first") as caught:
                read(path)
            assert "startIndex" in caught.value.fix


def gml(said, features=2, member="wfs:member"):
    ring = "39 -75.5 39 -75.4 39.1 -75.4 39 -75.5"
    polygon = (
        '<gml:Polygon gml:id="p" srsName="urn:ogc:def:crs:EPSG::4326"><gml:exterior>'
        f"<gml:LinearRing><gml:posList>{ring}</gml:posList></gml:LinearRing>"
        "</gml:exterior></gml:Polygon>"
    )
    one = "<{0}><a:t gml:id='t{1}'><a:GEOID>{1}</a:GEOID><a:geom>{2}</a:geom></a:t></{0}>"
    return (
        '<wfs:FeatureCollection xmlns:wfs="http://www.opengis.net/wfs/2.0" xmlns:a="http://a" '
        f'xmlns:gml="http://www.opengis.net/gml/3.2" {said}>'
        + "".join(one.format(member, geoid, polygon) for geoid in (OLD, NEW)[:features])
        + "</wfs:FeatureCollection>"
    )


@pytest.mark.parametrize("piece", [1 << 20, 101])
@pytest.mark.parametrize(
    ("said", "whole"),
    [
        ('numberMatched="2" numberReturned="2"', True),
        ("numberMatched='unknown' numberReturned='2'", True),
        ('numberMatched="2"', True),
        ('numberMatched="500" numberReturned="2"', False),
        ("numberReturned='2' numberMatched='3'", False),
        ('numberMatched="3"', False),
        ('numberMatched="unknown" next="https://a.example/wfs?startIndex=2"', False),
    ],
)
def test_an_answer_in_gml_that_goes_on_is_never_the_whole(
    tmp_path, monkeypatch, said, whole, piece
):
    monkeypatch.setattr(vector, "_PIECE", piece)
    path = put(tmp_path, gml(said), "t.gml")
    if whole:
        assert eq.read_boundaries(path, year=2020).index.tolist() == [OLD, NEW]
    else:
        with pytest.raises(FormatError, match="the service sent only the first"):
            eq.read_boundaries(path, year=2020)


@pytest.mark.parametrize("name", ["t.geojson", "t.json", "t.geojson.gz"])
def test_a_map_that_names_something_twice_is_refused(tmp_path, name):
    pack = gzip.compress if name.endswith("gz") else bytes
    text = json.dumps(answer(1, note='"coordinates": [1, 2'))
    path = put(tmp_path, pack(text.encode()), name)
    assert eq.read_boundaries(path, year=2020).index.tolist() == [OLD]
    for again in (f'"GEOID": "{NEW}", ', '"words": 5, '):
        twice = text.replace('"properties": {', '"properties": {' + again)
        with pytest.raises(FormatError, match="stands twice in one object"):
            eq.read_boundaries(put(tmp_path, pack(twice.encode()), name), year=2020)


RECORDS = f'[{{"GEOID": "{OLD}", "x": 1, "name": "Doña Ana"}}]'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_json_is_read_in_every_encoding_of_text(tmp_path, encoding):
    path = put(tmp_path, RECORDS.encode(encoding), "t.json")
    table = own(path, {"x_n": "x", "name": {"column": "name", "unit": "text"}})
    assert table["name"].tolist() == ["Doña Ana"]
    rows = [["GEO_ID", "NAME", "B01003_001E"], [f"1400000US{OLD}", "Doña Ana", "5"]]
    path = put(tmp_path, json.dumps(rows, ensure_ascii=False).encode(encoding), "a.json")
    assert eq.read_acs(path, year=2021)["name"].tolist() == ["Doña Ana"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (RECORDS.replace('"x": 1', '"x": 1, "x": 2'), "'x' stands twice in one object"),
        (RECORDS.replace('"x": 1', r'"x": "a\ud800"'), r"half a character \(\\ud800\)"),
        (RECORDS.replace('"x": 1', r'"x\uDC00": 1'), "half a character"),
        (RECORDS.encode("utf-16")[:-5], "cut off"),
    ],
)
def test_json_that_would_lose_a_value_is_refused(tmp_path, content, why):
    with pytest.raises(FormatError, match=why) as caught:
        own(put(tmp_path, content, "t.json"))
    assert caught.value.fix
    assert own(put(tmp_path, RECORDS.replace("1,", r'"\ud83d\ude00",'), "t.json"),
               {"name": {"column": "x", "unit": "text"}})["name"].tolist() == ["\U0001f600"]  # fmt: skip
