"""ACS tables in every form they travel in, and in every form they arrive broken."""

from __future__ import annotations

import gzip
import io
import json
import zipfile

import numpy as np
import pytest

from equity import read_acs
from equity.errors import (
    ArgumentError,
    EquityError,
    FormatError,
    GeoidError,
    InputError,
    MissingColumnError,
    MissingFileError,
    VintageError,
)
from equity.provenance import meta

HEADER = ["NAME", "B28002_001E", "B28002_001M", "state", "county", "tract"]
ROWS = [
    ["Census Tract 401; Kent County; Delaware", "2417", "150", "10", "001", "040100"],
    ["Census Tract 402.01; Kent County; Delaware", "0", "13", "10", "001", "040201"],
]


def put(tmp_path, content, name):
    path = tmp_path / name
    if not isinstance(content, bytes | str):
        content = json.dumps(content)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def api(tmp_path, rows=None, name="acs.json", header=None):
    return put(tmp_path, [header or HEADER, *(ROWS if rows is None else rows)], name)


def wide(tmp_path, *lines, name="acs.csv", header="GEOID,B28002_001E,B28002_001M"):
    return put(tmp_path, "\n".join([header, *lines]) + "\n", name)


# --- the forms -------------------------------------------------------------------------------


def test_an_api_answer(tmp_path):
    table = read_acs(api(tmp_path), year=2023, state="DE")
    assert list(table.index) == ["10001040100", "10001040201"]
    assert table.index.name == "geoid"
    assert table["B28002_001E"].tolist() == [2417.0, 0.0]
    assert table["B28002_001M"].dtype == float
    assert table["name"].iloc[0] == "Census Tract 401; Kent County; Delaware"
    record = meta(table)
    assert (record.level, record.geo_vintage) == ("tract", "2020-CT2022")
    source = record.sources[0]
    assert (source.vintage, source.file, source.agency) == (
        "2019-2023",
        "acs.json",
        "U.S. Census Bureau",
    )
    assert len(source.sha256) == 64
    assert record.synthetic is False


def test_every_form_gives_the_same_table(tmp_path):
    geo = [f"1400000US{row[3]}{row[4]}{row[5]}" for row in ROWS]
    forms = {
        "a.json": json.dumps([HEADER, *ROWS]),
        "b.json": json.dumps(
            [["GEO_ID", *HEADER[1:3]], *([g, *r[1:3]] for g, r in zip(geo, ROWS, strict=True))]
        ),
        "c.dat": "GEO_ID|B28002_E001|B28002_M001\n0400000US10|9|9\n"
        + "".join(f"{g}|{r[1]}|{r[2]}\n" for g, r in zip(geo, ROWS, strict=True)),
        "d.csv": "GEOID,B28002_001E,B28002_001M\n"
        + "".join(f"{g[9:]},{r[1]},{r[2]}\n" for g, r in zip(geo, ROWS, strict=True)),
        "e.csv": "GEO_ID,B28002_001E,B28002_001M,\nGeography,Estimate!!Total,Margin of Error!!Total,\n"
        + "".join(f"{g},{r[1]},{r[2]},\n" for g, r in zip(geo, ROWS, strict=True)),
        "f.csv": "FIPS,B28002_001E,B28002_001M\n"
        + "".join(f"{g[9:]}.0,{r[1]}.0,{r[2]}.0\n" for g, r in zip(geo, ROWS, strict=True)),
    }
    expected = read_acs(api(tmp_path), year=2023).drop(columns="name")
    for name, content in forms.items():
        for packed, wrap in (("", bytes), (".gz", gzip.compress), (".zip", None)):
            data = content.encode()
            if wrap is None:
                buffer = io.BytesIO()
                with zipfile.ZipFile(buffer, "w") as archive:
                    archive.writestr(name, data)
                data = buffer.getvalue()
            else:
                data = wrap(data)
            table = read_acs(put(tmp_path, data, name + packed), year=2023)
            table = table.drop(columns="name", errors="ignore")
            assert table.to_dict() == expected.to_dict(), name + packed


@pytest.mark.parametrize(
    ("level", "header", "row", "geoid"),
    [
        ("state", ["state"], ["1"], "01"),
        ("county", ["state", "county"], ["10", "001"], "10001"),
        ("tract", ["state", "county", "tract"], ["1", "1", "20100"], "01001020100"),
        (
            "block_group",
            ["state", "county", "tract", "block group"],
            ["10", "001", "040100", "1"],
            "100010401001",
        ),
        ("place", ["state", "place"], ["10", "77580"], "1077580"),
        (
            "county_subdivision",
            ["state", "county", "county subdivision"],
            ["09", "110", "04720"],
            "0911004720",
        ),
        ("zcta", ["zip code tabulation area"], ["00601"], "00601"),
    ],
)
def test_the_apis_own_columns_make_the_id(tmp_path, level, header, row, geoid):
    path = api(tmp_path, [["5", *row]], header=["B01003_001E", *header])
    table = read_acs(path, year=2023, level=level)
    assert list(table.index) == [geoid]


def test_numbers_and_nulls_in_json_are_read_like_text(tmp_path):
    rows = [
        ["a", 5, None, "10", "001", "040100"],
        ["b", -666666666.0, -222222222, "10", "001", "040201"],
    ]
    table = read_acs(api(tmp_path, rows), year=2023)
    assert table["B28002_001E"].iloc[0] == 5
    assert table[["B28002_001E", "B28002_001M"]].isna().to_numpy().tolist() == [
        [False, True],
        [True, True],
    ]


def test_a_geography_column_asked_for_twice_is_one(tmp_path):
    header = ["B28002_001E", "state", "state", "county", "tract"]
    table = read_acs(api(tmp_path, [["5", "10", "10", "001", "040100"]], header=header), year=2023)
    assert table["B28002_001E"].to_dict() == {"10001040100": 5.0}


def test_the_national_summary_file_gives_one_level_of_one_state(tmp_path):
    text = (
        "GEO_ID|B19013_E001|B19013_M001\n"
        "0100000US|75149|125\n"
        "0400000US10|81361|1000\n"
        "0500000US10001|70000|900\n"
        "1400000US10001040100|51000|8000\n"
        "1400000US51001090101|70731|-333333333\n"
        "1500000US100010401001|-666666666|-222222222\n"
    )
    path = put(tmp_path, text, "acsdt5y2023-b19013.dat")
    for level, state, ids in [
        ("tract", "DE", ["10001040100"]),
        ("tract", None, ["10001040100", "51001090101"]),
        ("county", "DE", ["10001"]),
        ("block_group", "DE", ["100010401001"]),
        ("state", None, ["10"]),
    ]:
        assert list(read_acs(path, year=2023, level=level, state=state).index) == ids
    with pytest.raises(InputError, match="no county of Virginia"):
        read_acs(path, year=2023, level="county", state="VA")
    with pytest.raises(InputError, match="not read at level 'block'"):
        read_acs(path, year=2023, level="block")


def test_a_folder_of_summary_files_is_one_table(tmp_path):
    put(tmp_path, "GEO_ID|B19013_E001|B19013_M001\n1400000US10001040100|5|1\n", "b.dat")
    put(tmp_path, "GEO_ID|B28002_E001|B28002_M001\n1400000US10001040100|6|2\n", "a.dat")
    table = read_acs(tmp_path, year=2023)
    assert list(table.columns) == ["B28002_001E", "B28002_001M", "B19013_001E", "B19013_001M"]
    assert len(meta(table).sources) == 2
    (tmp_path / "none").mkdir()
    with pytest.raises(FormatError, match=r"holds no \.dat file"):
        read_acs(tmp_path / "none", year=2023)


def test_other_names_are_mapped(tmp_path):
    path = wide(tmp_path, "10001040100,7,3", header="tract,hh_total,hh_moe")
    table = read_acs(
        path,
        year=2024,
        id_column="tract",
        columns={"hh_total": "B28002_001E", "hh_moe": "B28002_001M"},
    )
    assert table.loc["10001040100"].to_dict() == {"B28002_001E": 7.0, "B28002_001M": 3.0}


def test_a_mapping_may_spread_over_several_files(tmp_path):
    a = wide(tmp_path, "10001040100,7", header="GEOID,hh", name="a.csv")
    b = wide(tmp_path, "10001040100,8", header="GEOID,pop", name="b.csv")
    columns = {"hh": "B28002_001E", "pop": "B01003_001E"}
    assert read_acs([a, b], year=2024, columns=columns).iloc[0].tolist() == [7.0, 8.0]
    with pytest.raises(MissingColumnError, match="none of the 2 files has a column devices"):
        read_acs([a, b], year=2024, columns={**columns, "devices": "B28001_001E"})


def test_synthetic_data_says_so(tmp_path):
    assert meta(read_acs(api(tmp_path), year=2023, synthetic=True)).synthetic


# --- annotation values -----------------------------------------------------------------------


def test_annotation_values_are_reasons_not_amounts(tmp_path):
    path = wide(
        tmp_path,
        "10001040100,-666666666,-222222222",
        "10001040201,250001,-333333333",
        "10001040202,500,-555555555",
        "10001040300,,",
        "10001040400,-999999999,-888888888",
        "10001040500,7.0,3.0",
        header="GEOID,B19013_001E,B19013_001M",
    )
    table = read_acs(path, year=2023)
    np.testing.assert_array_equal(table["B19013_001E"], [np.nan, 250001, 500, np.nan, np.nan, 7])
    np.testing.assert_array_equal(table["B19013_001M"], [np.nan, np.nan, 0, np.nan, np.nan, 3])
    assert table["B19013_001E_status"].tolist() == [
        "not_computable", "open_interval", "ok", "ok", "suppressed", "ok",
    ]  # fmt: skip
    assert [note.partition(": ")[2] for note in meta(table).notes] == [
        "1 estimates of B19013_001E are no plain numbers: cannot be computed",
        "1 estimates of B19013_001E are no plain numbers: beyond the last limit published",
        "1 estimates of B19013_001E are no plain numbers: withheld by the publisher",
    ]


@pytest.mark.parametrize(
    ("code", "year", "cell", "value", "status"),
    [
        ("B25035_001E", 2023, "0", 1939, "open_interval"),
        ("B25035_001E", 2023, "1974", 1974, None),
        ("B25037_002E", 2012, "0", 1939, "open_interval"),
        ("B19013A_001E", 2023, "250001", 250001, "open_interval"),
        ("B19013_001E", 2023, "2499", 2499, "open_interval"),
        ("B19013_001E", 2023, "250000", 250000, None),
        ("B25077_001E", 2023, "2000001", 2000001, "open_interval"),
        ("B25077_001E", 2023, "1000001", 1000001, None),
        ("B25077_001E", 2014, "1000001", 1000001, "open_interval"),
        ("B25064_001E", 2014, "2001", 2001, "open_interval"),
        ("B25064_001E", 2015, "2001", 2001, None),
        ("B25064_001E", 2015, "3501", 3501, "open_interval"),
        ("B25064_001E", 2015, "99", 99, "open_interval"),
        ("B25088_002E", 2023, "4001", 4001, "open_interval"),
        ("B25103_001E", 2023, "10001", 10001, "open_interval"),
        ("B01003_001E", 2023, "250001", 250001, None),
        ("B25001_001E", 2023, "0", 0, None),
        ("B01003_001E", 2023, "-222222222", np.nan, "not_computable"),
        ("B01003_001E", 2023, "-333333333", np.nan, "not_computable"),
        ("B01003_001E", 2023, "-555555555", np.nan, "unknown"),
        ("DP04_0058PE", 2023, "-888888888", np.nan, "not_applicable"),
        ("S1701_C01_040E", 2023, "-777777777", np.nan, "unknown"),
        *((f"B19013_001{kind}", 2023, f"-{digit * 9}", np.nan, "unknown" * (kind == "E") or None)
          for kind in "EM" for digit in "147"),
    ],
)  # fmt: skip
def test_codes_of_every_table_carry_their_reason(tmp_path, code, year, cell, value, status):
    path = wide(tmp_path, f"10001040100,{cell}", "10001040201,7", header=f"GEOID,{code}")
    table = read_acs(path, year=year)
    np.testing.assert_array_equal(table[code], [value, 7])
    said = table.get(f"{code}_status")
    assert (None if said is None else said.tolist()) == (status and [status, "ok"])
    assert len(meta(table).notes) == bool(status)


def test_a_status_column_stands_only_where_it_is_needed(tmp_path):
    assert not [c for c in read_acs(api(tmp_path), year=2023).columns if c.endswith("_status")]


def test_the_signs_that_data_census_gov_prints(tmp_path):
    path = wide(
        tmp_path,
        "1400000US10001040100,-,**",
        '1400000US10001040201,"250,000+",***',
        '1400000US10001040202,"2,500-",***',
        "1400000US10001040300,500,*****",
        "1400000US10001040400,(X),(X)",
        "1400000US10001040500,N,N",
        "1400000US10001040600,null,null",
        header="GEO_ID,B19013_001E,B19013_001M",
    )
    table = read_acs(path, year=2023)
    nan = np.nan
    np.testing.assert_array_equal(table["B19013_001E"], [nan, 250000, 2500, 500, nan, nan, nan])
    np.testing.assert_array_equal(table["B19013_001M"], [nan, nan, nan, 0, nan, nan, nan])
    assert table["B19013_001E_status"].tolist() == [
        "not_computable", "open_interval", "open_interval", "ok", "not_applicable", "suppressed",
        "ok",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("-777777770", "no known annotation code"),
        ("-5", "negative numbers"),
        ("inf", "where a number belongs"),
        ("about 50", "where a number belongs"),
        ("1e400", "where a number belongs"),
    ],
)
@pytest.mark.parametrize("column", [1, 2])
def test_what_no_amount_can_be_is_refused_with_its_line(tmp_path, cell, says, column):
    row = ["10001040201", "5", "5"]
    row[column] = cell
    path = wide(tmp_path, "10001040100,1,1", '10001040400,"1",1', ",".join(row))
    with pytest.raises(InputError, match=says) as caught:
        read_acs(path, year=2023)
    assert caught.value.file == str(path)
    assert caught.value.rows == ["line 4"]
    assert caught.value.count == 1


# --- broken files ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (json.dumps([HEADER, *ROWS])[:-40], "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (
            json.dumps([HEADER, ROWS[0], ROWS[1][:-1]]),
            r"1 rows do not have the header's 6 values \(rows 2\)",
        ),
        (json.dumps({"error": "no key"}), "open it to read the message"),
        (json.dumps([HEADER, {"a": 1}]), "array of arrays"),
        ("[]", "array of arrays"),
        ("<html><title>Invalid Key</title></html>", "HTML"),
        ("", "empty"),
    ],
)
def test_what_is_no_api_answer(tmp_path, content, says):
    path = put(tmp_path, content, "acs.json")
    with pytest.raises(FormatError, match=says) as caught:
        read_acs(path, year=2023)
    assert caught.value.file == str(path)
    assert caught.value.fix


def test_an_answer_without_rows_is_an_empty_state(tmp_path):
    with pytest.raises(InputError, match="no tract of Delaware in the file"):
        read_acs(api(tmp_path, []), year=2023, state="DE")


def test_a_missing_file_is_named_with_the_closest(tmp_path):
    api(tmp_path, name="acs5_2023_tract_10.json")
    with pytest.raises(MissingFileError, match=r"did you mean acs5_2023_tract_10\.json"):
        read_acs(tmp_path / "acs5_2023_tract_01.json", year=2023)
    with pytest.raises(InputError, match="no file was named"):
        read_acs([], year=2023)


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("GEOID,B28002_001EA,B28002_1E", "no ACS column such as"),
        ("GEOID,hh,moe", "no ACS column such as"),
        ("key,B28002_001E,B28002_001M", "no id column"),
    ],
)
def test_missing_columns(tmp_path, header, says):
    with pytest.raises(MissingColumnError, match=says) as caught:
        read_acs(wide(tmp_path, "10001040100,1,1", header=header), year=2023)
    assert isinstance(caught.value, KeyError)
    assert isinstance(caught.value, EquityError)
    assert "columns=" in caught.value.fix or "id_column=" in caught.value.fix


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"B28002_001E": "B28002_001"}, "no ACS code of an estimate or a margin"),
        ({"B28002_001E": "households"}, "no ACS code"),
        ({"B28002_001E": "B01003_001E", "B28002_001M": "B01003_001E"}, "two columns are mapped"),
        ({"B28002_001M": "B28002_001E"}, "mapped to B28002_001E, which is another figure"),
        ({"B28002_001E": "B01003_001E", "B28002_001M": "B01003_001M"}, "is another figure"),
        ({"b28002_001e": "B28002_004E"}, "is another figure"),
        ({"GEOID": "B28002_001E"}, "has a column B28002_001E already"),
        ({"hh": "B28002_001E"}, "lacks column hh"),
    ],
)
def test_a_wrong_mapping(tmp_path, columns, says):
    with pytest.raises(EquityError, match=says) as caught:
        read_acs(wide(tmp_path, "10001040100,1,1"), year=2023, columns=columns)
    assert isinstance(caught.value, ValueError | KeyError)


def test_residents_are_one_figure_in_three_tables(tmp_path):
    header = "GEO_ID,S0601_C01_001E,S0601_C01_001M"
    path = wide(tmp_path, "10001040100,12,3", header=header)
    columns = {"S0601_C01_001E": "B01003_001E", "S0601_C01_001M": "B01003_001M"}
    assert read_acs(path, year=2023, columns=columns)["B01003_001E"].tolist() == [12]


def test_ids_of_another_state_level_or_twice(tmp_path):
    path = wide(tmp_path, "10001040100,1,1", "51001090101,1,1")
    with pytest.raises(GeoidError, match=r"not in Delaware: '51001090101' \(lines 3\)"):
        read_acs(path, year=2023, state="DE")
    assert len(read_acs(path, year=2023, state="DE", multi_state=True)) == 1
    with pytest.raises(GeoidError, match="no county ids"):
        read_acs(path, year=2023, level="county")
    path = wide(tmp_path, "10001040100,1,1", "1400000US10001040100,2,2")
    with pytest.raises(InputError, match=r"1 areas stand more than once \(rows 10001040100\)"):
        read_acs(path, year=2023)


def test_several_files_must_be_of_the_same_areas(tmp_path):
    a = api(tmp_path, name="a.json")
    header = ["B28001_001E", *HEADER[3:]]
    b = api(
        tmp_path,
        [["5", "10", "001", "040201"], ["4", "10", "001", "040100"]],
        name="b.json",
        header=header,
    )
    joined = read_acs([a, b], year=2023)
    assert joined["B28001_001E"].to_dict() == {"10001040100": 4.0, "10001040201": 5.0}
    c = api(
        tmp_path,
        [["5", "10", "001", "040201"], ["4", "10", "003", "000200"]],
        name="c.json",
        header=header,
    )
    with pytest.raises(
        InputError,
        match=r"c\.json: its areas are not those of a\.json \(rows 10001040100, 10003000200\)",
    ):
        read_acs([a, c], year=2023)


def test_one_column_in_two_files_must_agree(tmp_path):
    a = wide(tmp_path, "10001040100,1,", name="a.csv")
    same = wide(tmp_path, "10001040100,1,", name="same.csv")
    other = wide(tmp_path, "10001040100,2,", name="other.csv")
    assert read_acs([a, same], year=2023).shape == (1, 2)
    with pytest.raises(
        InputError, match=r"other\.csv: column B28002_001E differs from that of a\.csv"
    ):
        read_acs([a, other], year=2023)


@pytest.mark.parametrize("year", ["2023", 1999, 20233])
def test_a_year_is_checked_before_anything_is_read(tmp_path, year):
    with pytest.raises((ArgumentError, VintageError)):
        read_acs(tmp_path / "not_there.csv", year=year)


def test_an_unknown_level_or_state(tmp_path):
    with pytest.raises(InputError, match="is no level"):
        read_acs(wide(tmp_path, "10001040100,1,1"), year=2023, level="tracts")
    with pytest.raises(InputError, match="did you mean Delaware"):
        read_acs(wide(tmp_path, "10001040100,1,1"), year=2023, state="Delawear")
