"""Locations by class: known layout, own layout, and counts that cannot be."""

from __future__ import annotations

import pytest

from equity import read_coverage
from equity.errors import FormatError, GeoidError, InputError, MissingColumnError
from equity.provenance import meta

ATLAS = "GEOID,TotalBSLs,ServedBSLs,UnderservedBSLs,UnservedBSLs,UniqueProviders,ServedBSLsFiber,UnderservedBSLsFiber,UnservedBSLsFiber"


def put(tmp_path, *rows, header=ATLAS):
    path = tmp_path / "coverage.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_the_living_atlas_layout_is_known(tmp_path):
    path = put(tmp_path, "10001040100,3050,2878,167,5,11,608,0,2442", "10001990000,0,0,0,0,0,0,0,0")
    table = read_coverage(path, as_of="2024-06-30", state="DE")
    row = table.loc["10001040100"]
    assert (row["locations_n"], row["served_n"], row["underserved_n"], row["unserved_n"]) == (
        3050,
        2878,
        167,
        5,
    )
    assert row["providers_n"] == 11
    assert row["served_tech50_n"] == 608
    assert table.loc["10001990000", "locations_n"] == 0
    assert {dtype.kind for dtype in table.dtypes} == {"f"}
    record = meta(table)
    assert (record.level, record.geo_vintage) == ("tract", "2020")
    assert record.sources[0].vintage == "2024-06-30"
    assert table.attrs["coverage_classes"] == {
        "served": [100.0, 20.0],
        "underserved": [25.0, 3.0],
        "technologies": [10, 40, 50, 71],
    }


def test_a_table_under_the_packages_names_needs_no_mapping(tmp_path):
    path = put(
        tmp_path, "10001,10,6,3,1", header="fips,locations_n,served_n,underserved_n,unserved_n"
    )
    assert read_coverage(path, as_of="2024", level="county").loc["10001"].tolist() == [10, 6, 3, 1]


def test_any_other_layout_is_mapped(tmp_path):
    path = put(tmp_path, "10001,10,6,3,1", header="county,all,good,fair,none")
    columns = {
        "all": "locations_n",
        "good": "served_n",
        "fair": "underserved_n",
        "none": "unserved_n",
    }
    table = read_coverage(path, as_of="2024", level="county", columns=columns, id_column="county",
                          served=(50, 10), underserved=(10, 1), technologies=(50,), note="state survey")  # fmt: skip
    assert table["unserved_n"].tolist() == [1]
    assert table.attrs["coverage_classes"]["served"] == [50, 10]
    assert meta(table).sources[0].note == "state survey"
    del columns["none"]
    with pytest.raises(MissingColumnError, match="no column is mapped to unserved_n"):
        read_coverage(path, as_of="2024", level="county", columns=columns, id_column="county")


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("10001040201,10,6,3,2,1,,,", "served_n . underserved_n . unserved_n is not the number"),
        ("10001040201,10,6,3,-1,1,,,", "unserved_n is negative or missing"),
        ("10001040201,10,6,3,,1,,,", "unserved_n is negative or missing"),
        ("10001040201,,6,3,1,1,,,", "locations_n is negative or missing"),
        ("10001040201,10,6,3,1,-999,,,", "providers_n is negative"),
        (
            "10001040201,10,6,3,1,1,5,5,5",
            "served_tech50_n . underserved_tech50_n . unserved_tech50_n is not",
        ),
    ],
)
def test_counts_that_cannot_be_are_refused_by_area(tmp_path, row, says):
    path = put(tmp_path, "10001040100,10,6,3,1,2,1,2,7", row)
    with pytest.raises(InputError, match=says) as caught:
        read_coverage(path, as_of="2024")
    assert list(caught.value.rows) == ["10001040201"]
    assert caught.value.file == str(path)
    assert caught.value.fix


@pytest.mark.parametrize("cell", ["many", "inf", "1,00"])
def test_text_in_a_count_names_its_line(tmp_path, cell):
    path = put(tmp_path, "10001040100,10,6,3,1,2,,,", f'10001040201,"{cell}",6,3,1,2,,,')
    with pytest.raises(InputError, match="column TotalBSLs holds") as caught:
        read_coverage(path, as_of="2024")
    assert caught.value.rows == ["line 3"]


def test_a_technology_that_is_not_known_is_no_zero(tmp_path):
    table = read_coverage(put(tmp_path, "10001040100,10,6,3,1,2,,2,7"), as_of="2024")
    assert table["served_tech50_n"].isna().all()


def test_areas_twice_elsewhere_or_of_another_level(tmp_path):
    row = ",10,6,3,1,2,,,"
    with pytest.raises(InputError, match="stand more than once"):
        read_coverage(put(tmp_path, f"10001040100{row}", f"10001040100.0{row}"), as_of="2024")
    path = put(tmp_path, f"10001040100{row}", f"51001090101{row}")
    with pytest.raises(GeoidError, match="not in Virginia"):
        read_coverage(path, as_of="2024", state="VA")
    table = read_coverage(path, as_of="2024", state="VA", multi_state=True)
    assert list(table.index) == ["51001090101"]
    assert meta(table).notes == ("coverage.csv: 1 rows of other states left out",)
    with pytest.raises(GeoidError, match="no county ids"):
        read_coverage(path, as_of="2024", level="county")


def test_no_layout_no_rows_no_date(tmp_path):
    with pytest.raises(MissingColumnError, match="not a known layout"):
        read_coverage(put(tmp_path, "10001,1", header="GEOID,n"), as_of="2024")
    with pytest.raises(InputError, match="holds no rows"):
        read_coverage(put(tmp_path), as_of="2024")
    with pytest.raises(InputError, match="as_of is blank"):
        read_coverage(put(tmp_path), as_of=" ")
    with pytest.raises(FormatError, match="do not have the header's 9 fields"):
        read_coverage(put(tmp_path, "10001040100,10"), as_of="2024")


@pytest.mark.parametrize(("row", "says"), [
    ("1,0.9,0.05,0.05,3,0.5,0.1,0.4", "look like shares"),
    ("100,90.5,4.5,5,3,50,10,40", "look like shares"),
    ("100,90,5,5,3,9000,,", "served_tech50_n is more than the number of locations"),
    ("100,90,5,5,3,,,101", "unserved_tech50_n is more than the number of locations"),
])  # fmt: skip
def test_neither_shares_nor_more_than_all_locations_pass_for_counts(tmp_path, row, says):
    with pytest.raises(InputError, match=says) as caught:
        read_coverage(put(tmp_path, f"10001040100,{row}"), as_of="2024-06-30")
    assert caught.value.rows == ["10001040100"]


def test_five_areas_of_a_hundred_locations_each_are_percentages(tmp_path):
    rows = [f"10001040{n}00,100,90,5,5,3,50,10,40" for n in range(1, 6)]
    with pytest.raises(InputError, match="every area has 100 locations"):
        read_coverage(put(tmp_path, *rows), as_of="2024")
    assert len(read_coverage(put(tmp_path, *rows[:4]), as_of="2024")) == 4
