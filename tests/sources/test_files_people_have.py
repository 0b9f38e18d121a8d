"""Layouts of the same few numbers in which people really have them: read alike, or refused."""

from __future__ import annotations

import csv
import io
import json
import warnings

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
from door_files import put, zipped
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

import equity as eq
from equity.areas.geoid import normalize, of_other_level
from equity.areas.vintage import counties_of
from equity.errors import EquityError, FormatError, GeoidError, InputError, MissingColumnError
from equity.files.delimited import read_text_table
from equity.provenance import meta
from equity.sources.census._acs_forms import read_form
from equity.sources.fcc.classes import read_coverage
from equity.sources.own_travel import read_travel_times

A, B = "01003010100", "10001040201"  # the first has a zero to lose
OWN = {"agency": "a", "product": "p", "vintage": "v", "geo_vintage": "2020", "level": "tract"}


def own(path, columns=None, **options):
    return eq.read_table(path, columns=columns or {"n_n": "n"}, **(OWN | options))


def table_of(rows, delimiter=","):
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return out.getvalue()


# --- ACS tables ------------------------------------------------------------------------------

CODES = ["B28002_001E", "B28002_001M", "B28002_004E", "B28002_004M"]
NUMBERS = {A: [1234, 123, 700, 40], B: [987, 50, None, None]}


def acs_rows(header, ids, *above, blank=""):
    body = [
        [i, f"Tract {n}", *(blank if v is None else v for v in NUMBERS[g])]
        for n, (g, i) in enumerate(ids)
    ]
    return table_of([header, *above, *body])


def acs(header, prefix="1400000US", above=(), **options):
    return acs_rows(header, [(A, prefix + A), (B, prefix + B)], *above, **options)


def data_census():
    labels = [
        "Geography",
        "Geographic Area Name",
        *["Estimate!!Total:", "Margin of Error!!Total:"] * 2,
    ]
    return acs(["GEO_ID", "NAME", *CODES], above=[labels])


def id_row():
    labels = ["id", "Geographic Area Name", *["Estimate!!Total", "Margin of Error!!Total"] * 2]
    return acs(["GEO_ID", "NAME", *CODES], above=[labels])


def factfinder():
    header = ["GEO.id", "GEO.display-label", "HD01_VD01", "HD02_VD01", "HD01_VD04", "HD02_VD04"]
    return acs(
        header, above=[["Id", "Geography", *["Estimate; Total:", "Margin of Error; Total:"] * 2]]
    )


def reporter():
    header = [
        "geoid",
        "name",
        *(c[:-1].replace("_", "") + (", Error" if c[-1] == "M" else "") for c in CODES),
    ]
    parent = ["04000US01", "Alabama", 9, 9, 9, 9]
    return acs(header, prefix="14000US", above=[parent])


def reporter_json():
    cells = {
        area: {
            "B28002": {
                "estimate": {"B28002001": v[0], "B28002004": v[2]},
                "error": {"B28002001": v[1], "B28002004": v[3]},
            }
        }
        for area, v in ((f"14000US{i}", NUMBERS[i]) for i in (A, B))
    }
    names = {area: {"name": f"Tract {n}"} for n, area in enumerate(cells)}
    return json.dumps({"release": {"id": "acs2023_5yr"}, "data": cells, "geography": names})


def tidy_long():
    rows = [["", "GEOID", "NAME", "variable", "estimate", "moe"]]
    for n, (area, v) in enumerate(NUMBERS.items()):
        for code, e, m in (("B28002_001", v[0], v[1]), ("B28002_004", v[2], v[3])):
            cells = ["NA" if x is None else x for x in (e, m)]
            rows.append([len(rows), area, f"Tract {n}", code, *cells])
    return table_of(rows)


def tidy_wide():
    return acs(["GEOID", "NAME", *CODES], prefix="", blank="NA")


def numbers_without_zero():
    return acs_rows(["GEOID", "NAME", *CODES], [(A, int(A)), (B, int(B))])


def thousands():
    text = {A: ["1,234", "±123", "700", "+/-40"], B: ["987", "± 50", "", ""]}
    return table_of(
        [
            ["GEOID", "NAME", *CODES],
            *([i, f"Tract {n}", *v] for n, (i, v) in enumerate(text.items())),
        ]
    )


def parts(names):
    cells = [
        [int(i[:2]), int(i[2:5]), int(i[5:]), f"Tract {n}", *NUMBERS[i]]
        for n, i in enumerate((A, B))
    ]
    return table_of([[*names, "NAME", *CODES], *cells])


NHGIS_HEADER = ["GISJOIN", "YEAR", "STATE", "STATEA", "COUNTY", "COUNTYA", "TRACTA", "NAME_E"]
CODEBOOK = """Codebook for NHGIS data file
Data Type: (E) Estimates
Year:             2019-2023
    Table 1:     Presence and Types of Internet Subscriptions in Household
    Universe:    Households
    Source code: B28002
    NHGIS code:  ASXY
        ASXYE001:    Total
        ASXYE004:    Broadband of any type
"""


def nhgis():
    gis = {i: f"G{i[:2]}0{i[2:5]}0{i[5:]}" for i in (A, B)}
    body = [
        [gis[i], "2019-2023", "Alabama", i[:2], "Baldwin", i[2:5], i[5:], f"Tract {n}", *NUMBERS[i]]
        for n, i in enumerate((A, B))
    ]
    codes = ["ASXYE001", "ASXYM001", "ASXYE004", "ASXYM004"]
    labels = ["GIS Join Match Code", *["words"] * (len(NHGIS_HEADER) + 3)]
    name = "nhgis0007_csv/nhgis0007_ds267_20235_tract"
    members = {
        f"{name}.csv": table_of([[*NHGIS_HEADER, *codes], labels, *body]),
        f"{name}_codebook.txt": CODEBOOK,
    }
    return zipped(members)


def workbook(text, *, above=(), other_sheet=False):
    book = openpyxl.Workbook()
    sheet = book.active
    for row in above:
        sheet.append(row)
    for row in csv.reader(io.StringIO(text)):
        sheet.append([None if c == "" else float(c) if c.isdigit() else c for c in row])
    if other_sheet:
        book.create_sheet("Notes").append(["made", "by", "hand"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def attributes(kind):
    rows = [
        {
            "OBJECTID": n,
            "GEOID": i,
            "NAME": f"Tract {n}",
            **dict(zip(CODES, NUMBERS[i], strict=True)),
        }
        for n, i in enumerate((A, B))
    ]
    key = "attributes" if kind == "esri" else "properties"
    return json.dumps(
        {"type": "FeatureCollection", "features": [{key: row, "geometry": None} for row in rows]}
    )


ACS = {
    "data.census.gov, zip": ("t.zip", lambda: zipped({
        "ACSDT5Y2023.B28002-Data.csv": b"\xef\xbb\xbf" + data_census().encode(),
        "ACSDT5Y2023.B28002-Column-Metadata.csv": "Column Name,Label\nGEO_ID,Geography\n",
        "ACSDT5Y2023.B28002-Table-Notes.txt": "notes",
    })),
    "data.census.gov, csv": ("t.csv", data_census),
    "data.census.gov, overlays": ("t.zip", lambda: zipped({
        "ACSDT5Y2023.B28002_data_with_overlays_2021-01-01T000000.csv": id_row(),
        "ACSDT5Y2023.B28002_metadata_2021-01-01T000000.csv": "GEO_ID,id\n",
    })),
    "an id row": ("t.csv", id_row),
    "FactFinder, csv": ("ACS_23_5YR_B28002_with_ann.csv", factfinder),
    "FactFinder, zip": ("anything.zip", lambda: zipped({
        "ACS_23_5YR_B28002_with_ann.csv": factfinder(),
        "ACS_23_5YR_B28002_metadata.csv": "GEO.id,Id\n",
        "aff_download_readme_ann.txt": "words",
    })),
    "Census Reporter, csv": ("acs2023_5yr_B28002.csv", reporter),
    "Census Reporter, api": ("t.json", reporter_json),
    "tidycensus, long": ("t.csv", tidy_long),
    "tidycensus, wide": ("t.csv", tidy_wide),
    "numbers without zero": ("t.csv", numbers_without_zero),
    "thousands and signs": ("t.csv", thousands),
    "parts, API names": ("t.csv", lambda: parts(["state", "county", "tract"])),
    "parts, capitals": ("t.csv", lambda: parts(["STATE", "COUNTY", "TRACT"])),
    "parts, TIGER names": ("t.csv", lambda: parts(["STATEFP20", "COUNTYFP20", "TRACTCE20"])),
    "NHGIS with codebook": ("t.zip", nhgis),
    "workbook": ("t.xlsx", lambda: workbook(tidy_wide())),
    "workbook, titles": ("t.xlsx", lambda: workbook(tidy_wide(), above=[["A title"], ["As", "wide", "as", "the", "table", "is"]])),
    "workbook, two sheets": ("t.xlsx", lambda: workbook(tidy_wide(), other_sheet=True)),
    "workbook, long": ("t.xlsx", lambda: workbook(tidy_long())),
    "Esri's JSON": ("t.json", lambda: attributes("esri")),
    "GeoJSON": ("t.geojson", lambda: attributes("geojson")),
    "UTF-16": ("t.csv", lambda: tidy_wide().encode("utf-16")),
    "UTF-16 with tabs": ("t.txt", lambda: table_of(csv.reader(io.StringIO(tidy_wide())), "\t").encode("utf-16")),
    "Latin-1": ("t.csv", lambda: thousands().encode("cp1252")),
}  # fmt: skip


@pytest.mark.parametrize("kind", ACS)
def test_every_layout_of_an_acs_table_is_the_same_table(tmp_path, kind):
    name, make = ACS[kind]
    table = eq.read_acs(put(tmp_path, make(), name), year=2023)
    assert sorted(table.index) == [A, B]
    expected = pd.DataFrame(NUMBERS, index=CODES).T.astype(float)
    pd.testing.assert_frame_equal(
        table[CODES].loc[[A, B]], expected, check_names=False, check_index_type=False
    )
    if "NHGIS" not in kind:
        assert table["name"].loc[[A, B]].tolist() == ["Tract 0", "Tract 1"]
    notes = meta(table).notes
    assert len(notes) == (kind == "Census Reporter, csv"), notes


@pytest.mark.parametrize("packed", ["gz", "xz", "zip"])
def test_any_of_them_may_be_packed(tmp_path, packed):
    import gzip
    import lzma

    text = reporter().encode()
    content = {"gz": gzip.compress, "xz": lzma.compress, "zip": lambda t: zipped({"t.csv": t})}[
        packed
    ](text)
    assert len(eq.read_acs(put(tmp_path, content, f"t.csv.{packed}"), year=2023)) == 2


TABLE_VIEW = table_of([
    ["Label (Grouping)", "Census Tract 101; Baldwin County; Alabama!!Estimate", "Census Tract 101; Baldwin County; Alabama!!Margin of Error"],
    ["Total:", "1,234", "±123"],
])  # fmt: skip


@pytest.mark.parametrize(
    "read", [lambda p: eq.read_acs(p, year=2023), own, lambda p: read_coverage(p, as_of="2024")]
)
def test_the_table_as_it_is_shown_is_refused_with_the_download_that_works(tmp_path, read):
    with pytest.raises(FormatError, match=r"Download Table Data \(a zip\), not Export CSV"):
        read(put(tmp_path, TABLE_VIEW))


@pytest.mark.parametrize(("name", "make"), [ACS["FactFinder, csv"], ACS["NHGIS with codebook"]])
def test_a_file_that_says_its_year_is_held_to_it(tmp_path, name, make):
    path = put(tmp_path, make(), name)
    with pytest.raises(InputError, match="edition of 2023, not of 2021") as caught:
        eq.read_acs(path, year=2021)
    assert caught.value.fix.startswith("give year=2023")


def test_codes_that_no_file_explains_are_asked_for(tmp_path):
    renamed = factfinder()
    with pytest.raises(MissingColumnError, match="columns=") as caught:
        eq.read_acs(put(tmp_path, renamed, "renamed.csv"), year=2023)
    assert 'columns={"column of the file": "B28002_001E"}' in caught.value.fix
    table = eq.read_acs(tmp_path / "renamed.csv", year=2023, columns={"HD01_VD01": "B28002_001E"})
    assert table["B28002_001E"].tolist() == [1234, 987]


def test_a_long_form_that_lost_a_row_or_repeats_one_is_refused(tmp_path):
    lines = tidy_long().splitlines()
    with pytest.raises(InputError, match=f"1 areas lack some of the 2 variables .*{B}"):
        eq.read_acs(put(tmp_path, "\n".join(lines[:-1])), year=2023)
    with pytest.raises(InputError, match=r"a variable twice \(lines 6\)"):
        eq.read_acs(put(tmp_path, "\n".join([*lines, lines[-1]])), year=2023)


def test_named_variables_of_the_long_form_are_mapped(tmp_path):
    text = tidy_long().replace("B28002_001", "homes").replace("B28002_004", "broad")
    columns = {"homesE": "B28002_001E", "homesM": "B28002_001M"}
    table = eq.read_acs(put(tmp_path, text), year=2023, columns=columns)
    assert table["B28002_001M"].tolist() == [123, 50]


def test_rows_without_a_prefix_are_never_taken_for_another_level(tmp_path):
    with pytest.raises(GeoidError, match="no tract ids"):
        eq.read_acs(put(tmp_path, f"GEOID,B28002_001E\n{A},1\n01003,2\n"), year=2023)


# --- ids -------------------------------------------------------------------------------------

WRAPS = {
    "formula": '="{}"',
    "apostrophe": "'{}",
    "curly apostrophe": "\u2019{}",
    "no-break space": "\u00a0{}\u00a0",
    "GEO_ID": "1400000US{}",
    "decimal": "{}.0",
}
SPACED = {
    "spaces": lambda i: f"{i[:2]} {i[2:5]} {i[5:]}",
    "thousands": lambda i: f"{int(i):,}",
    "GISJOIN": lambda i: f"G{i[:2]}0{i[2:5]}0{i[5:]}",
    "number": lambda i: str(int(i)),
}
SPELLINGS = {name: wrap.format for name, wrap in WRAPS.items()} | SPACED

tracts = st.builds(
    lambda county, code: f"{county}{code:06d}",
    st.sampled_from(sorted(counties_of("2020"))),
    st.integers(100, 989999),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(tracts, min_size=1, max_size=6, unique=True), st.sampled_from(sorted(SPELLINGS)))
def test_what_a_spreadsheet_did_to_ids_is_undone(ids, spelling):
    assert normalize([SPELLINGS[spelling](i) for i in ids], level="tract").tolist() == ids


@settings(max_examples=80, deadline=None)
@given(st.lists(tracts, min_size=1, max_size=6, unique=True), st.integers(3, 15))
def test_powers_of_ten_are_read_whole_or_refused(ids, digits):
    """Never another area: rounded to so many digits as a spreadsheet does, some ids meet again."""
    cells = [f"{int(i):.{digits - 1}E}" for i in ids]
    cells = [
        mantissa.rstrip("0").rstrip(".") + "E" + power
        for mantissa, power in (c.split("E") for c in cells)
    ]
    try:
        read = normalize(cells, level="tract").tolist()
    except GeoidError:
        numbers = [str(int(i)) for i in ids]
        longest = [number for number in numbers if len(number) == max(map(len, numbers))]
        assert digits < len(longest[0]) or all(number.endswith("0") for number in longest)
        return
    assert read == ids


@pytest.mark.parametrize(
    ("whole", "cut", "level"),
    [
        ("5.1001090101E+10", "5.1001E+10", "tract"),
        ("51001090101", "5.10010901E+10", "tract"),
        ("1.001020101E+9", "1.001E+9", "tract"),
        ("5.10010901011E+11", "5.1001090102E+11", "block_group"),
        ("5.1001E+4", "5.1E+4", "county"),
    ],
)
def test_a_cut_id_is_refused_whatever_stands_beside_it(whole, cut, level):
    with pytest.raises(GeoidError, match="rounded to powers of ten"):
        normalize([whole, cut], level=level)
    assert len(normalize([whole], level=level)) == 1


def test_cut_ids_are_named_with_the_way_out(tmp_path):
    with pytest.raises(GeoidError, match=r"rounded to powers of ten .* \(lines 2, 3\)") as caught:
        own(put(tmp_path, "GEOID,n\n1.0003E+09,1\n1.0003E+09,2\n"))
    assert "import the column of ids as text" in caught.value.fix


@pytest.mark.parametrize("state", ["01", "02", "04", "05", "06", "08", "09"])
def test_block_groups_without_their_zero_are_never_tracts(state):
    counties = [c for c in sorted(counties_of("2020")) if c.startswith(state)]
    for county in counties:
        ids = [f"{county}{code}" for code in ("0001001", "0201002", "9801001")]
        cut = [i[1:] for i in ids]
        assert normalize(cut, level="block_group").tolist() == ids
        with pytest.raises(GeoidError, match=r"(no county that exists|no state's code)"):
            normalize(cut, level="tract")


def test_the_advice_for_block_groups_without_zero_works(tmp_path):
    path = put(tmp_path, "GEOID,n\n10030101001,1\n10030101002,2\n")
    with pytest.raises(GeoidError, match=r'level="block_group"'):
        own(path)
    assert own(path, level="block_group").index.tolist() == ["010030101001", "010030101002"]


@pytest.mark.parametrize("county", ["51133", "46113", "02261", "09110", "09001", "60030", "51515"])
def test_counties_that_were_once_are_counties(county):
    in_2010 = county != "09110"
    in_2020 = county not in {"46113", "02261", "09110", "51515"}
    in_2022 = county not in {"46113", "02261", "09001", "51515"}
    held = [county in counties_of(v) for v in ("2010", "2020", "2020-CT2022", None)]
    assert held == [in_2010, in_2020, in_2022, True]


def test_each_vintage_has_the_number_of_counties_that_the_bureau_counts():
    states = {v: {c for c in counties_of(v) if int(c[:2]) < 60} for v in ("2020", "2020-CT2022")}
    assert {v: len(ids) for v, ids in states.items()} == {"2020": 3143, "2020-CT2022": 3144}
    assert len([c for c in counties_of("2020") if c.startswith("72")]) == 78
    assert len([c for c in counties_of("2020") if c.startswith("51")]) == 133


@pytest.mark.parametrize(
    ("id_", "vintage"),
    [("51515050100", "2020"), ("09110010100", "2020"), ("09001010100", "2020-CT2022")],
)
def test_a_county_of_another_vintage_is_refused_on_reading(tmp_path, id_, vintage):
    with pytest.raises(InputError, match=r"(replaced before|does not have)"):
        own(put(tmp_path, f"GEOID,n\n{id_},1\n"), geo_vintage=vintage)


MIXED = [(A, "01003", "10001"), (B, "10001", "total")]


def test_other_levels_are_left_out_after_zeros_are_put_back(tmp_path):
    text = "GEOID,n\n1003010100,1\n6001400100,2\n10001040201,3\n10001,4\n1003,5\nTotal,9\n,\n"
    path = put(tmp_path, text)
    table = own(path, other_levels="drop")
    assert table["n_n"].to_dict() == {A: 1, "06001400100": 2, B: 3}
    assert meta(table).notes == (
        "t.csv: 2 rows of other levels left out",
        "t.csv: 2 rows of no area left out ('Total', '')",
    )
    assert own(
        put(tmp_path, text.replace(",n", ".0,n").replace("GEOID.0", "GEOID")), other_levels="drop"
    ).equals(table)


def test_an_id_of_no_level_is_refused_though_others_may_be_left_out(tmp_path):
    with pytest.raises(GeoidError, match=r"no tract ids .*'100010402' \(lines 3\)"):
        own(put(tmp_path, f"GEOID,n\n{B},1\n100010402,2\n"), other_levels="drop")


@settings(max_examples=60, deadline=None)
@given(tracts, st.sampled_from([2, 5, 12, 15]))
def test_no_area_is_of_another_level_than_its_own(tract, digits):
    other = (tract + "1001")[:digits]
    assert of_other_level(pd.Series([tract, other]), "tract").tolist() == [False, True]
    assert of_other_level(pd.Series([str(int(tract))]), "tract").tolist() == [False]


OKLAHOMA, ARIZONA = "40013301234", "040013301234"  # a tract, and the block group it would become


def test_a_tract_never_becomes_a_block_group_of_another_state(tmp_path):
    """Where others show their zero, or other tracts are about, no zero is put before it."""
    sure, level = "40001376601", {"level": "block_group"}
    kept = put(tmp_path, f"GEOID,n\n011010001001,1\n{OKLAHOMA},2\n")
    table = own(kept, other_levels="drop", **level)
    assert table.index.tolist() == ["011010001001"]
    assert "1 rows of other levels left out" in meta(table).notes[0]
    with pytest.raises(GeoidError, match=r"of another level .*lines 3"):
        own(kept, **level)
    with pytest.raises(GeoidError, match=r"others have their leading zero.*lines 3"):
        eq.read_acs(
            put(tmp_path, kept.read_text().replace(",n", ",B01003_001E")), year=2023, **level
        )
    either = put(tmp_path, f"GEOID,n\n100010401001,1\n{sure},2\n{OKLAHOMA},3\n")
    with pytest.raises(GeoidError, match=r"could be of this level .*lines 4"):
        own(either, other_levels="drop", **level)
    alone = put(tmp_path, f"GEOID,n\n100010401001,1\n{OKLAHOMA},3\n")
    assert own(alone, **level).index.tolist() == ["100010401001", ARIZONA]


# --- ZIP areas -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["FIPS", "GEOID", "geoid"])
def test_codes_of_counties_are_no_zip_areas(tmp_path, name):
    text = f"{name},n\n10001,1\n10003,2\n10000,3\n"
    with pytest.raises(
        GeoidError, match=f"every id under {name} is the code of a county"
    ) as caught:
        own(put(tmp_path, text), level="zcta")
    assert caught.value.rows == ["line 2", "line 3", "line 4"]
    renamed = put(tmp_path, text.replace(name, "ZCTA"))
    assert len(own(renamed, level="zcta", id_column="ZCTA")) == 3
    assert len(own(put(tmp_path, f"{text}10004,4\n"), level="zcta")) == 4  # no county
    assert len(own(put(tmp_path, f"{name},n\n860Z200US10001,1\n"), level="zcta")) == 1


@pytest.mark.parametrize(
    ("cell", "area"),
    [
        ("601", "00601"),
        ("1001", "01001"),
        ("8989", "08989"),
        ("235", None),
        ("0235", None),
        ("9012", None),
    ],
)
def test_zeros_of_a_zip_area_are_put_back_where_some_begin_so(cell, area):
    if area:
        assert normalize([cell, "19901"], level="zcta").tolist() == [area, "19901"]
    else:
        with pytest.raises(GeoidError, match="too short for ZIP areas"):
            normalize([cell, "19901"], level="zcta")


# --- ids of parts ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (["101.01", "402", "9.5"], ["010101", "040200", "000950"]),
        (
            ["Census Tract 101.01", "Census Tract 402", "Census Tract 9"],
            ["010101", "040200", "000900"],
        ),
        (["902.00", "402.00", "10.00"], ["090200", "040200", "001000"]),
        (["10101", "40200", "900"], ["010101", "040200", "000900"]),
        (["010101", "040200", "000900"], ["010101", "040200", "000900"]),
        (["10101.0", "40200.0", "900.0"], ["010101", "040200", "000900"]),
    ],
)
def test_tracts_by_name_or_code_are_told_by_their_column(tmp_path, column, expected):
    rows = [["STATE", "COUNTY", "TRACT", "n"], *([10, 1, t, n] for n, t in enumerate(column))]
    table = own(put(tmp_path, table_of(rows)))
    assert table.index.tolist() == [f"10001{t}" for t in expected]


@pytest.mark.parametrize(
    "column", [["902", "10"], ["101.01", "40200"], ["902.0", "10.0"], ["x"], ["1234567"]]
)
def test_tracts_that_could_be_either_are_refused_and_never_guessed(tmp_path, column):
    rows = [["STATE", "COUNTY", "TRACT", "n"], *([10, 1, t, n] for n, t in enumerate(column))]
    with pytest.raises(GeoidError) as caught:
        own(put(tmp_path, table_of(rows)))
    assert caught.value.fix


def test_the_advice_for_tract_names_works(tmp_path):
    text = "STATE,COUNTY,TRACT,n\n10,1,402,5\n10,1,10,7\n"
    with pytest.raises(GeoidError, match=r"decimals \(902\.00\) or codes with all six"):
        own(put(tmp_path, text))
    for first, second in (("402.00", "10.00"), ("040200", "001000")):
        path = put(tmp_path, text.replace("1,402", f"1,{first}").replace("1,10,", f"1,{second},"))
        assert own(path).index.tolist() == ["10001040200", "10001001000"]


@pytest.mark.parametrize(
    ("state", "county"), [("DE", "001"), ("Delaware", "1"), ("10", "10001"), ("10.0", "1.0")]
)
def test_states_by_name_and_counties_with_their_state(tmp_path, state, county):
    path = put(tmp_path, f"STATE,COUNTY,TRACT,n\n{state},{county},040201,5\n")
    assert own(path).index.tolist() == [B]


@pytest.mark.parametrize(
    ("row", "error"), [("Narnia,1,040201,5", "no state"), ("10,Kent,040201,5", "code of a county")]
)
def test_parts_that_are_no_codes_name_their_line(tmp_path, row, error):
    with pytest.raises(InputError, match=error) as caught:
        own(put(tmp_path, f"STATE,COUNTY,TRACT,n\n{row}\n"))
    assert caught.value.fix


def test_a_list_of_columns_is_taken_by_every_reader_that_names_an_id_column(tmp_path):
    names = ["s", "c", "t"]
    ids = [["10", "1", "40201"]]
    acs_path = put(tmp_path, table_of([[*names, "B28002_001E"], [*ids[0], 5]]), "acs.csv")
    counts = ["locations_n", "served_n", "underserved_n", "unserved_n"]
    lines = put(tmp_path, table_of([[*names, *counts], [*ids[0], 4, 4, 0, 0]]), "lines.csv")
    cells = dict(zip(names, ids[0], strict=True))
    shapes = gpd.GeoDataFrame([cells], geometry=[box(-75.6, 39, -75.5, 39.1)], crs=4269)
    pyogrio.write_dataframe(shapes, tmp_path / "t.geojson", driver="GeoJSON")
    for table in (
        own(put(tmp_path, table_of([[*names, "n"], [*ids[0], 4]])), id_column=names),
        eq.read_acs(acs_path, year=2023, id_column=names),
        read_coverage(lines, as_of="2024", id_column=names),
        eq.read_boundaries(tmp_path / "t.geojson", year=2020, id_column=names),
    ):
        assert table.index.tolist() == [B]


# --- numbers ---------------------------------------------------------------------------------


def test_percents_dollars_margins_and_thousands_of_a_table(tmp_path):
    text = f'GEOID,p,m,d,n\n{A},12.5%,± 2.5 %,"$1,234","12,345"\n{B},8 %,+/-0.5,$900,7\n'
    columns = {
        "p_share": {"column": "p", "unit": "percent", "moe": "m"},
        "d_usd": "d",
        "n_n": "n",
    }
    table = own(put(tmp_path, text), columns)
    np.testing.assert_allclose(
        table.to_numpy(), [[0.125, 0.025, 1234, 12345], [0.08, 0.005, 900, 7]]
    )


@pytest.mark.parametrize(
    ("cell", "unit", "fix", "follow"),
    [
        ("12.5%", "share", 'unit = "percent"', {"unit": "percent"}),
        ("$900", "count", 'unit = "usd"', {"unit": "usd"}),
    ],
)
def test_a_sign_of_another_unit_brings_that_unit_and_no_missing_value(
    tmp_path, cell, unit, fix, follow
):
    path = put(tmp_path, f"GEOID,x\n{A},{cell}\n{B},{cell}\n")
    with pytest.raises(InputError) as caught:
        own(path, {"y": {"column": "x", "unit": unit}})
    assert caught.value.fix == fix
    assert own(path, {"y": {"column": "x"} | follow})["y"].notna().all()


@pytest.mark.parametrize(
    ("cell", "right"),
    [("1.2E+05", None), ("1E+03", None), ("-6.67E+08", None), ("1.2346E+5", None),
     ("1.23456E+05", 123456), ("1e+05", 100000), ("1.2e+07", 12_000_000), ("5.0E+00", 5)],
)  # fmt: skip
def test_a_number_that_a_narrow_column_rounded_is_refused(tmp_path, cell, right):
    path = put(tmp_path, f"GEOID,n,B28002_001E\n{A},{cell},{cell}\n{B},5,5\n")
    readers = (own, lambda p: eq.read_acs(p, year=2023).rename(columns={"B28002_001E": "n_n"}))
    for read in readers:
        if right is None:
            with pytest.raises(InputError, match="rounded to a power of ten") as caught:
                read(path)
            assert caught.value.rows in ([A], ["line 2"])
        else:
            assert read(path)["n_n"].tolist() == [right, 5]


def test_rows_of_words_among_areas_say_how_to_leave_them_out(tmp_path):
    path = put(tmp_path, f"GEOID,n\n{A},1\nTotal,1\n")
    with pytest.raises(
        GeoidError, match=r"1 rows are of no area \('Total'\) \(lines 3\)"
    ) as caught:
        own(path)
    assert caught.value.fix == 'other_levels = "drop" leaves them out'
    assert len(own(path, other_levels="drop")) == 1


def own_margin(path):
    return own(path, {"n_n": {"column": "m", "moe": "n"}})


def acs_count(path):
    return eq.read_acs(path, year=2023, columns={"n": "B28002_001E"})


def acs_margin(path):
    return eq.read_acs(path, year=2023, columns={"m": "B28002_001E", "n": "B28002_001M"})


def classes(path):
    counts = dict(
        zip("nmko", ["locations_n", "served_n", "underserved_n", "unserved_n"], strict=True)
    )
    return read_coverage(path, as_of="2026", columns=counts)


def clinics(path):
    columns = {"lon": "x", "lat": "y", "fte": "n"}
    return eq.read_sites(path, as_of="2026", layout="points", columns=columns)


def drives(path):
    said = {key: OWN[key] for key in ("agency", "product", "vintage", "geo_vintage", "level")}
    roles = {"origin": "GEOID", "destination": "o", "cost": "n", "unit": "min"}
    return read_travel_times(path, **said, **roles)


@pytest.mark.parametrize("read", [own, own_margin, acs_count, acs_margin, classes, clinics, drives])
def test_a_comma_between_semicolons_is_never_guessed(tmp_path, read):
    """1,234 is a thousand and more, or one and a bit."""
    text = "sep=;\nGEOID;n;m;k;o;x;y\n{};{};1234;0;0;-75.5;39.1\n"
    with pytest.raises(InputError, match=r"column \S+ holds '1,234': with semicolons") as caught:
        read(put(tmp_path, text.format(B, "1,234")))
    assert caught.value.fix == "write a point before decimals, and nothing between thousands"
    assert len(read(put(tmp_path, text.format(B, "1234")))) == 1
    commas = text.replace(";", ",").replace("sep=,\n", "")
    assert len(read(put(tmp_path, commas.format(B, '"1,234"')))) == 1


@pytest.mark.parametrize("cell", ["12,5", "12 km", "1.2.3"])
def test_no_number_is_advised_away(tmp_path, cell):
    with pytest.raises(InputError) as caught:
        own(put(tmp_path, f'GEOID,n\n{A},"{cell}"\n'))
    assert "missing" not in caught.value.fix


# --- features of maps ------------------------------------------------------------------------


def points(kind, **more):
    places = [{"name": "A", "beds": 5}, {"name": "B", "beds": None}]
    spots = [(-75.5, 39.1), (-75.6, 39.2)]
    if kind == "esri":
        features = [
            {"attributes": p, "geometry": {"x": x, "y": y}}
            for p, (x, y) in zip(places, spots, strict=True)
        ]
    else:
        features = [
            {"type": "Feature", "properties": p, "geometry": {"type": "Point", "coordinates": s}}
            for p, s in zip(places, spots, strict=True)
        ]
    return json.dumps({"features": features, **more})


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("esri", {"spatialReference": {"wkid": 4326}}),
        ("geojson", {}),
        ("geojson", {"crs": {"properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}}),
    ],
)
def test_sites_are_read_from_the_points_of_a_map(tmp_path, kind, more):
    sites = eq.read_sites(
        put(tmp_path, points(kind, **more), "t.json"), as_of="2026", layout="points"
    )
    assert sites[["lon", "lat"]].to_numpy().tolist() == [[-75.5, 39.1], [-75.6, 39.2]]


def test_points_in_meters_are_not_taken_for_degrees(tmp_path):
    path = put(
        tmp_path, points("esri", spatialReference={"wkid": 102100, "latestWkid": 3857}), "t.json"
    )
    with pytest.raises(MissingColumnError, match="lacks column lon"):
        eq.read_sites(path, as_of="2026", layout="points")


def test_an_export_of_a_map_service_with_x_and_y(tmp_path):
    path = put(tmp_path, "X,Y,OBJECTID\n-75.5,39.1,1\n-75.6,39.2,2\n")
    assert len(eq.read_sites(path, as_of="2026", layout="points")) == 2


@pytest.mark.parametrize(
    "mark", [{"exceededTransferLimit": True}, {"properties": {"exceededTransferLimit": True}}]
)
def test_the_first_features_of_more_are_refused(tmp_path, mark):
    path = put(tmp_path, points("geojson", **mark), "t.json")
    with pytest.raises(FormatError, match="only the first 2 features of more"):
        eq.read_sites(path, as_of="2026", layout="points")
    with pytest.raises(FormatError, match="only the first areas of more"):
        eq.read_boundaries(path, year=2020)


@pytest.mark.parametrize(
    "content",
    ['{"features": [1]}', '{"type": "Topology", "objects": {}}', "[[1]]", '{"features": [{"prop'],
)
def test_what_is_no_table_of_features_says_what_it_is(tmp_path, content):
    with pytest.raises(FormatError) as caught:
        read_text_table(put(tmp_path, content, "t.json"))
    assert caught.value.fix


# --- boundaries ------------------------------------------------------------------------------

WORDS = {A: "Doña Ana tract", B: "Añasco barrio"}


def shapes(words=WORDS):
    spots = [box(-87.6, 30.5, -87.5, 30.6), box(-75.6, 39, -75.5, 39.1)]
    return gpd.GeoDataFrame(
        {"GEOID": [A, B], "NAMELSAD": list(words.values())}, geometry=spots, crs=4269
    )


def written(path, table=None, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pyogrio.write_dataframe(shapes() if table is None else table, path, **options)
    return path


def folder_zip(folder, prefix=""):
    return zipped({f"{prefix}{p.name}": p.read_bytes() for p in sorted(folder.iterdir())})


def geodatabase(tmp_path, packed):
    folder = written(tmp_path / "t.gdb", driver="OpenFileGDB", layer="tracts")
    return put(tmp_path, folder_zip(folder, "export/t.gdb/"), "t.gdb.zip") if packed else folder


def parquet(tmp_path):
    shapes().to_parquet(tmp_path / "t.parquet")
    return tmp_path / "t.parquet"


def esri_rings(tmp_path):
    features = [
        {
            "attributes": {"GEOID": i, "NAMELSAD": WORDS[i]},
            "geometry": {"rings": [list(map(list, g.exterior.coords))]},
        }
        for i, g in zip((A, B), shapes().geometry, strict=True)
    ]
    answer = {
        "geometryType": "esriGeometryPolygon",
        "spatialReference": {"wkid": 4269},
        "features": features,
    }
    return put(tmp_path, json.dumps(answer), "t.json")


MAPS = {
    "geodatabase": lambda p: geodatabase(p, packed=False),
    "zipped geodatabase": lambda p: geodatabase(p, packed=True),
    "GeoParquet": parquet,
    "Esri's JSON": esri_rings,
    "GeoJSON": lambda p: written(p / "t.geojson", driver="GeoJSON"),
    "GeoPackage": lambda p: written(p / "t.gpkg", driver="GPKG"),
}


@pytest.mark.parametrize("kind", MAPS)
def test_every_format_of_maps_gives_the_same_areas(tmp_path, kind):
    table = eq.read_boundaries(MAPS[kind](tmp_path), year=2020)
    assert table["name"].to_dict() == WORDS
    apart = table.geometry.symmetric_difference(shapes().set_index("GEOID").geometry)
    assert (apart.to_crs(5070).area < 1).all()


@pytest.mark.parametrize("says", [None, "UTF-8", "ISO-8859-1", "1252", "LDID/87"])
@pytest.mark.parametrize("holds", ["UTF-8", "ISO-8859-1"])
def test_names_of_a_shapefile_are_what_they_are_whatever_it_says(tmp_path, holds, says):
    folder = tmp_path / "shape"
    folder.mkdir()
    written(folder / "t.shp", encoding=holds)
    (folder / "t.cpg").unlink(missing_ok=True)
    if says:
        (folder / "t.cpg").write_text(says)
    table = eq.read_boundaries(put(tmp_path, folder_zip(folder), "t.zip"), year=2020)
    assert table["name"].to_dict() == WORDS
    assert eq.read_boundaries(folder / "t.shp", year=2020)["name"].to_dict() == WORDS


def test_a_name_cut_inside_a_letter_does_not_spoil_the_others(tmp_path):
    folder = tmp_path / "shape"
    folder.mkdir()
    written(folder / "t.shp", shapes({A: "Peñ", B: "Añasco"}), encoding="UTF-8")
    dbf = folder / "t.dbf"
    dbf.write_bytes(dbf.read_bytes().replace("Peñ".encode(), b"Pe\xc3 "))
    (folder / "t.cpg").unlink(missing_ok=True)
    table = eq.read_boundaries(folder / "t.shp", year=2020)
    assert table.loc[B, "name"] == "Añasco"


def test_a_parquet_without_shapes_and_a_damaged_one(tmp_path):
    pd.DataFrame({"GEOID": [A]}).to_parquet(tmp_path / "plain.parquet")
    whole = parquet(tmp_path).read_bytes()
    put(tmp_path, whole[:-40], "cut.parquet")
    for name in ("plain.parquet", "cut.parquet"):
        with pytest.raises(FormatError, match="not readable as a boundary file") as caught:
            eq.read_boundaries(tmp_path / name, year=2020)
        assert caught.value.fix


def test_a_geodatabase_with_two_layers_asks_which(tmp_path):
    path = geodatabase(tmp_path, packed=False)
    written(path, driver="OpenFileGDB", layer="counties", append=False)
    with pytest.raises(FormatError, match=r"holds 2 layers.*layer= from"):
        eq.read_boundaries(path, year=2020)
    assert len(eq.read_boundaries(path, year=2020, layer="tracts")) == 2


def test_topojson_is_refused_with_a_way_out(tmp_path):
    path = put(tmp_path, '{"type": "Topology", "arcs": [], "objects": {}}', "t.json")
    with pytest.raises(FormatError, match=r"TopoJSON.*convert it to GeoJSON"):
        eq.read_boundaries(path, year=2020)


# --- where it lies ---------------------------------------------------------------------------

SIGN, AXES = "without its minus sign", "swapped"


def turned(how, lon, lat):
    return {SIGN: (-lon, lat), AXES: (lat, lon)}[how]


def as_boundaries(tmp_path, lon, lat, geoid=B):
    table = gpd.GeoDataFrame(
        {"GEOID": [geoid]}, geometry=[box(lon, lat, lon + 0.01, lat + 0.01)], crs=4269
    )
    return eq.read_boundaries(written(tmp_path / "t.geojson", table, driver="GeoJSON"), year=2020)


def as_sites(tmp_path, lon, lat, _geoid=B):
    return eq.read_sites(put(tmp_path, f"lon,lat\n{lon},{lat}\n"), as_of="2026", layout="points")


def as_table(tmp_path, lon, lat, geoid=B, names=("lon", "lat")):
    path = put(tmp_path, f"GEOID,x,y\n{geoid},{lon},{lat}\n")
    return own(path, {names[0]: {"column": "x"}, names[1]: {"column": "y"}})


def as_inner_points(tmp_path, lon, lat, geoid=B):
    return as_table(tmp_path, lon, lat, geoid, ("intpt_lon", "intpt_lat"))


def as_area_table(_tmp_path, lon, lat, geoid=B):
    frame = pd.DataFrame({"id": [geoid], "Latitude": [lat], "Longitude": [lon], "colony_n": [0]})
    return eq.area_table(frame, "id", level="tract", geo_vintage="2020")


def as_gazetteer(tmp_path, lon, lat, geoid=B):
    from equity.sources.census.gazetteer import read_gazetteer

    text = f"USPS\tGEOID\tALAND\tAWATER\tINTPTLAT\tINTPTLONG\nX\t{geoid}\t1\t0\t{lat}\t{lon}\n"
    return read_gazetteer(put(tmp_path, text, "g.txt"), year=2020, level="tract")


def as_centers(tmp_path, lon, lat, geoid=B):
    from equity.sources.census.centers import read_centers

    head = "STATEFP,COUNTYFP,TRACTCE,POPULATION,LATITUDE,LONGITUDE\n"
    row = f"{geoid[:2]},{geoid[2:5]},{geoid[5:]},5,{lat},{lon}\n"
    return read_centers(put(tmp_path, head + row), year=2020, level="tract")


WITH_IDS = [as_boundaries, as_table, as_inner_points, as_area_table, as_gazetteer, as_centers]
PLACES = {
    "Delaware": (-75.5, 39.1, B),
    "Anchorage": (-149.9, 61.2, "02020000101"),
    "Honolulu": (-157.9, 21.3, "15003000100"),
    "San Juan": (-66.1, 18.4, "72127000100"),
}


@pytest.mark.parametrize("how", [SIGN, AXES])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("read", [as_sites, *WITH_IDS])
def test_turned_coordinates_are_refused_with_their_cause_everywhere(tmp_path, read, place, how):
    lon, lat, geoid = PLACES[place]
    with pytest.raises(InputError, match=how) as caught:
        read(tmp_path, *turned(how, lon, lat), geoid)
    assert caught.value.fix
    assert len(read(tmp_path, lon, lat, geoid)) == 1


@pytest.mark.parametrize("read", [as_sites, *WITH_IDS])
def test_a_minus_sign_too_many_is_refused_too(tmp_path, read):
    with pytest.raises(InputError, match="a minus sign too many") as caught:
        read(tmp_path, -144.8, 13.4, "66010950100")
    assert caught.value.fix == "write east as positive"


@pytest.mark.parametrize("read", WITH_IDS)
def test_an_area_far_outside_the_state_of_its_id_is_refused(tmp_path, read):
    for lon, lat, geoid in ((-90.1, 38.6, B), *((*PLACES["Honolulu"][:2], "02020000101"),)):
        with pytest.raises(InputError, match="outside the state of their ids") as caught:
            read(tmp_path, lon, lat, geoid)
        assert caught.value.rows == [geoid]
    assert len(read(tmp_path, 179.6, 51.9, "02016000100")) == 1  # beyond the date line


@pytest.mark.parametrize("place", [(0, 0), (9.5, 51.2), (-0.0007, 0.0003), (-58.4, -34.6)])
@pytest.mark.parametrize("read", WITH_IDS[:4])
def test_areas_in_no_part_of_the_country_are_refused(tmp_path, read, place):
    with pytest.raises(InputError, match="1 areas lie outside the United States"):
        read(tmp_path, *place)


@pytest.mark.parametrize(
    ("lon", "lat"), [(144.8, 13.4), (145.7, 15.2), (134.5, 7.3), (173.1, 52.9), (-170.7, -14.3)]
)
def test_the_far_territories_are_in_the_country(tmp_path, lon, lat):
    assert len(as_sites(tmp_path, lon, lat)) == 1


def test_every_message_here_has_a_fix(tmp_path):
    """Of all the refusals of this room: none leaves its reader without a way on."""
    for content in (
        TABLE_VIEW,
        "GEOID,n\n1.0E+09,1\n",
        "k,n\n1,2\n",
        "GEOID,n\n99001000100,2\n",
        "GEOID,n\n51999000100,2\n",
    ):
        with pytest.raises(EquityError) as caught:
            own(put(tmp_path, content))
        assert caught.value.fix, content


def test_a_form_says_what_it_left_out(tmp_path):
    form = read_form(
        put(tmp_path, reporter()), year=2023, level="tract", state=None, id_column=None
    )
    assert form.notes == ["t.csv: 1 row of other levels left out"]
    assert len(form.frame) == len(form.ids) == 2
