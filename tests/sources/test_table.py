"""Any table of areas: units, sentinels, long files, and what each refusal says."""

from __future__ import annotations

import numpy as np
import pytest

from equity import read_table
from equity.errors import EquityError, GeoidError, InputError, MissingColumnError
from equity.provenance import meta

WHO = {"agency": "An office", "product": "A table", "vintage": "2023"}


def write(tmp_path, text, name="areas.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def read(path, columns, **options):
    options = {"level": "tract", "geo_vintage": "2020", **WHO, **options}
    return read_table(path, columns=columns, **options)


WIDE = """GEOID,Insured,Se,Pop,Income,Name
10001040100,95.5,2.5,100,51000,West
10001040201,,1,0,-999,East
140US10003010300,100,0,50,61000.5,None
"""


def test_units_become_the_packages_own(tmp_path):
    table = read(
        write(tmp_path, WIDE),
        {
            "uninsured_share": {
                "column": "Insured",
                "unit": "percent",
                "complement": True,
                "moe": "Se",
            },
            "people_n": "Pop",
            "income_usd": "Income",
            "label": {"column": "Name", "unit": "text"},
        },
        missing=[-999],
        state="DE",
    )
    assert list(table.columns) == [
        "uninsured_share", "uninsured_share_moe", "people_n", "income_usd", "label",
    ]  # fmt: skip
    assert table.index.name == "geoid"
    assert list(table.index) == ["10001040100", "10001040201", "10003010300"]
    np.testing.assert_allclose(table["uninsured_share"], [0.045, np.nan, 0.0])
    np.testing.assert_allclose(table["uninsured_share_moe"], [0.025, 0.01, 0.0])
    np.testing.assert_allclose(table["income_usd"], [51000, np.nan, 61000.5])
    assert table["label"].tolist() == ["West", "East", None]
    record = meta(table)
    assert (record.level, record.geo_vintage) == ("tract", "2020")
    assert record.sources[0].agency == "An office"
    assert len(record.sources[0].sha256) == 64
    assert record.notes == ("areas.csv: 1 cells of Income say that nothing is known",)


LONG = """geoid,year,measure,value,region_type
10001040100,2020,homes,10,tract
10001040100,2020,online,50,tract
10001040100,2019,homes,999,tract
10001040201,2020,online,25,tract
10001,2020,homes,100,county
"""


def test_long_files_are_spread_by_measure(tmp_path):
    table = read(
        write(tmp_path, LONG),
        {
            "online_share": {"column": "value", "unit": "percent", "where": {"measure": "online"}},
            "homes_n": {"column": "value", "where": {"measure": "homes"}},
        },
        where={"year": 2020, "region_type": ["tract"]},
    )
    assert table["online_share"].to_dict() == {"10001040100": 0.5, "10001040201": 0.25}
    assert table.loc["10001040100", "homes_n"] == 10
    assert np.isnan(table.loc["10001040201", "homes_n"]), "unknown is not zero"


def test_rows_of_other_levels_can_be_left_out(tmp_path):
    text = "geoid,value\n10001040100,1\n10001,2\n51_hd_01,3\n51013_ca_01,4\n"
    path = write(tmp_path, text)
    with pytest.raises(GeoidError, match="of another level than tract"):
        read(path, {"x_n": "value"})
    table = read(path, {"x_n": "value"}, other_levels="drop")
    assert table["x_n"].to_dict() == {"10001040100": 1.0}
    assert meta(table).notes == (
        "areas.csv: 1 rows of other levels left out",
        "areas.csv: 2 rows of no area left out ('51_hd_01', '51013_ca_01')",
    )


@pytest.mark.parametrize(
    ("cell", "unit", "says"),
    [
        ("1.5", "share", 'unit = "percent"'),
        ("-999", "share", "missing = [-999]"),
        ("101", "percent", "no percent"),
        ("-1", "count", "missing = [-1]"),
        ("-1", "usd", "missing = [-1]"),
        ("inf", "number", "where a number belongs"),
        ("about 3", "count", "missing = ['about 3']"),
    ],
)
def test_a_cell_that_its_unit_excludes_is_named(tmp_path, cell, unit, says):
    path = write(tmp_path, f"GEOID,x\n10001040100,{cell}\n10001040201,0\n")
    with pytest.raises(InputError) as caught:
        read(path, {"y": {"column": "x", "unit": unit}})
    assert says in str(caught.value)
    assert caught.value.file == str(path)
    assert caught.value.count == 1


def test_margins_may_not_be_negative(tmp_path):
    path = write(tmp_path, "GEOID,x,m\n10001040100,5,-3\n")
    with pytest.raises(InputError, match="no margin of error"):
        read(path, {"x_n": {"column": "x", "moe": "m"}})


@pytest.mark.parametrize(
    ("columns", "options", "says"),
    [
        ({"x_share": {"column": "x", "unit": "count"}}, {}, "called a share"),
        ({"x": {"column": "x", "unit": "miles"}}, {}, "choose from count"),
        ({"x": {"colum": "x"}}, {}, "unknown key 'colum'"),
        ({"x": {"unit": "count"}}, {}, "names no column"),
        ({"x_n": {"column": "x", "complement": True}}, {}, "only a share"),
        ({"x": {"column": "x", "unit": "text", "moe": "x"}}, {}, "no margin"),
        ({"geoid": "x"}, {}, "cannot be called"),
        ({}, {}, "no column was asked for"),
        ({"x": "x"}, {"level": "tracts"}, "level 'tracts'"),
        ({"x": "x"}, {"geo_vintage": "2023"}, "geo_vintage '2023'"),
        ({"x": "x"}, {"other_levels": "keep"}, "other_levels 'keep'"),
        ({"x": "x"}, {"where": {"x": 7}}, "it holds '1'"),
        ({"x": "x"}, {"state": "VA"}, "not in Virginia"),
    ],
)
def test_a_wrong_mapping_names_what_is_allowed(tmp_path, columns, options, says):
    path = write(tmp_path, "GEOID,x\n10001040100,1\n")
    with pytest.raises(InputError) as caught:
        read(path, columns, **options)
    assert says in str(caught.value)


def test_a_missing_column_brings_the_closest_names(tmp_path):
    path = write(tmp_path, WIDE)
    for columns, options in [
        ({"y": "Insurd"}, {}),
        ({"y": {"column": "Pop", "moe": "Insurd"}}, {}),
        ({"y": {"column": "Pop", "where": {"Insurd": 1}}}, {}),
        ({"y": "Pop"}, {"where": {"Insurd": 1}}),
        ({"y": "Pop"}, {"id_column": "Insurd"}),
    ]:
        with pytest.raises(MissingColumnError, match="the file has Insured") as caught:
            read(path, columns, **options)
        assert isinstance(caught.value, KeyError | EquityError)


def test_years_match_however_they_are_written(tmp_path):
    path = write(tmp_path, "GEOID,year,x\n10001040100,2020.0,1\n10001040201,2021,2\n")
    for year in (2020, "2020", 2020.0, "2020.0"):
        assert read(path, {"x_n": "x"}, where={"year": year})["x_n"].tolist() == [1.0]


def test_an_id_may_be_made_of_its_parts(tmp_path):
    path = write(tmp_path, "state,county,t,x\n9,1,10101,5\n10,003,000200,6\n")
    table = read(path, {"x_n": "x"}, id_column=["state", "county", "t"])
    assert list(table.index) == ["09001010101", "10003000200"]
    with pytest.raises(MissingColumnError, match="lacks column tract"):
        read(path, {"x_n": "x"}, id_column=["state", "county", "tract"])
    with pytest.raises(InputError, match="four parts at most"):
        read(path, {"x_n": "x"}, id_column=["state", "county", "t", "x", "x"])


@pytest.mark.parametrize(("cell", "delimiter"), [
    ('"0,500"', ","), ('"-0,512"', ","), ('"00,500"', ","), ("12,345", ";"), ("0,5", ";"),
    ("1,234,567", ";"),
])  # fmt: skip
def test_a_comma_before_decimals_never_makes_thousands(tmp_path, cell, delimiter):
    path = write(tmp_path, f"GEOID{delimiter}x\n10001040100{delimiter}{cell}\n")
    with pytest.raises(InputError, match=r"where a number belongs|stand before decimals") as caught:
        read(path, {"drive_min": "x"}, delimiter=delimiter)
    assert "point before decimals" in caught.value.fix


@pytest.mark.parametrize("cell", ["(123)", "\N{MINUS SIGN}5", "€5", "<10", "TRUE", "no", "5 km"])
def test_what_is_known_is_never_advised_away_as_missing(tmp_path, cell):
    with pytest.raises(InputError, match="where a number belongs") as caught:
        read(write(tmp_path, f"GEOID,x\n10001040100,{cell}\n"), {"v": "x"})
    assert "missing" not in caught.value.fix


@pytest.mark.parametrize(("name", "cell"), [
    ("clinic_km", "-9999"), ("drive_min", "-1"), ("line_mbps", "-0.5"), ("svi_rank", "-999"),
    ("z_index", "-666666666"), ("z_index", "-222222222.0"), ("anything", "-99999"),
])  # fmt: skip
def test_what_stands_for_unknown_is_no_measurement(tmp_path, name, cell):
    path = write(tmp_path, f"GEOID,x\n10001040100,{cell}\n10001040201,1\n")
    with pytest.raises(InputError, match="measures nothing") as caught:
        read(path, {name: "x"})
    assert caught.value.rows == ["10001040100"]
    assert f"missing = [{float(cell):.10g}]" in caught.value.fix
    assert read(path, {name: "x"}, missing=[float(cell)])[name].isna().tolist() == [True, False]
    assert read(path, {name: {"column": "x", "confirmed": True}})[name].iloc[0] == float(cell)


@pytest.mark.parametrize(("lon", "lat"), [("0", "0"), ("-99", "-99"), ("9.5", "51.2")])
def test_a_center_outside_the_country_is_refused(tmp_path, lon, lat):
    path = write(tmp_path, f"GEOID,lon,lat\n10001040100,{lon},{lat}\n10001040201,-75.5,39.2\n")
    with pytest.raises(InputError, match="outside the United States") as caught:
        read(path, {"lon": "lon", "lat": "lat"})
    assert caught.value.rows == ["10001040100"]
