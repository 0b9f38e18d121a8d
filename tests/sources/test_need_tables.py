"""PLACES, SVI, RUCA, RUCC, SAIPE and FORHP in their publishers' layouts, traps included."""

from __future__ import annotations

import pandas as pd
import pytest

from equity.errors import (
    EquityError,
    FormatError,
    InputError,
    MissingColumnError,
    VintageError,
)
from equity.provenance import meta
from equity.sources.cdc import read_places, read_svi
from equity.sources.census.saipe import read_saipe
from equity.sources.usda import read_forhp, read_ruca, read_rucc, read_ruggedness
from equity.sources.vintages import vintage_of

LONG = (
    "Year,StateAbbr,StateDesc,CountyName,CountyFIPS,LocationName,DataSource,Category,Measure,Data_Value_Unit,Data_Value_Type,"
    "Data_Value,Data_Value_Footnote_Symbol,Data_Value_Footnote,Low_Confidence_Limit,High_Confidence_Limit,TotalPopulation,"
    "TotalPop18plus,Geolocation,LocationID,CategoryID,MeasureId,DataValueTypeID,Short_Question_Text"
)


def places_long(path, ids, *, measures=("DIABETES", "STROKE"), value="10.0", survey=2023):
    lines = [LONG]
    for geoid in ids:
        lines += [
            f'{survey},WV,West Virginia,County,{geoid[:5]},{geoid},BRFSS,Outcomes,"A, measure",%,Crude prevalence,'
            f"{value},,,8.0,12.0,4000,3000,POINT (-80.1 38.2),{geoid},HLTHOUT,{code},CrdPrv,Short"
            for code in measures
        ]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def tmp(tmp_path):
    return tmp_path


def test_places_long(tmp):
    table = read_places(
        places_long(tmp / "p.csv", ["54001000100", "1001020100"]), year=2025, level="tract"
    )
    assert list(table.columns) == [
        "diabetes_share",
        "diabetes_share_moe",
        "stroke_share",
        "stroke_share_moe",
    ]
    assert sorted(table.index) == ["01001020100", "54001000100"], "a lost zero comes back"
    assert table["diabetes_share"].tolist() == [0.10, 0.10]
    # 95 % interval of 4 points: half of it, brought to 90 %.
    assert table["diabetes_share_moe"].iloc[0] == pytest.approx(0.02 * 1.6449 / 1.96)
    assert meta(table).geo_vintage == "2020-CT2022"


@pytest.mark.parametrize(
    ("year", "connecticut", "vintage"),
    [
        (2023, "09001010101", "2010"),
        (2024, "09110400101", "2020-CT2022"),
    ],
)
def test_places_in_connecticut_say_their_vintage(tmp, year, connecticut, vintage):
    assert (
        meta(
            read_places(places_long(tmp / "p.csv", [connecticut], survey=year - 2), year=year)
        ).geo_vintage
        == vintage
    )


def test_both_codings_of_connecticut_are_refused(tmp):
    with pytest.raises(VintageError, match=r"old counties.*put together from several"):
        read_places(
            places_long(tmp / "p.csv", ["09110400101", "09001010101"], survey=2022), year=2024
        )
    with pytest.raises(VintageError, match="old counties and its planning regions"):
        vintage_of(["09110400101", "09001010101"], year=2024)


def test_places_wide_with_intervals_as_text_and_any_case(tmp):
    text = (
        "stateabbr,countyfips,tractfips,totalpopulation,DIABETES_CrudePrev,DIABETES_Crude95CI,stroke_crudeprev,Geolocation\n"
        'WV,54001,54001000100,4000,10.0,"( 8.0, 12.0)",,POINT (-80 38)\n'
    )
    (tmp / "w.csv").write_text(text)
    table = read_places(tmp / "w.csv", year=2025)
    assert table["diabetes_share"].iloc[0] == 0.10
    assert table["diabetes_share_moe"].iloc[0] == pytest.approx(0.02 * 1.6449 / 1.96)
    assert pd.isna(table["stroke_share"].iloc[0]), (
        "a measure missing for a state is missing, not zero"
    )


def test_long_and_wide_agree(tmp):
    (tmp / "w.csv").write_text(
        'TractFIPS,DIABETES_CrudePrev,DIABETES_Crude95CI\n54001000100,10.0,"(8.0, 12.0)"\n'
    )
    wide = read_places(tmp / "w.csv", year=2025)
    long = read_places(
        places_long(tmp / "l.csv", ["54001000100"], measures=["DIABETES"]), year=2025
    )
    pd.testing.assert_frame_equal(wide, long, check_index_type=False)


def test_a_measure_that_is_not_there_is_named(tmp):
    with pytest.raises(InputError, match=r"LONELINESS.*choose from .DIABETES., .STROKE."):
        read_places(places_long(tmp / "p.csv", ["54001000100"]), year=2025, measures=["LONELINESS"])


def test_svi_minus_999_is_missing_and_percent_becomes_share(tmp):
    text = (
        "\ufeffST,STATE,ST_ABBR,STCNTY,COUNTY,FIPS,LOCATION,EP_POV150,EP_NOVEH,RPL_THEMES,RPL_THEME1,RPL_THEME2,RPL_THEME3,RPL_THEME4\n"
        "54,West Virginia,WV,54001,A,54001000100,T,21.5,4.0,0.75,0.5,0.5,0.5,0.5\n"
        "54,West Virginia,WV,54001,A,54001000200,T,-999.0,-999,-999,-999,-999,-999,-999\n"
    )
    (tmp / "SVI_2022_US.csv").write_text(text, encoding="utf-8")
    table = read_svi(tmp / "SVI_2022_US.csv", year=2022, state="WV")
    assert table["svi_below_150_poverty_share"].iloc[0] == 0.215
    assert table.iloc[1].isna().all()


def test_svi_of_2010_spells_its_ranks_otherwise(tmp):
    (tmp / "s.csv").write_text("FIPS,R_PL_THEMES\n54001000100,0.5\n")
    table = read_svi(tmp / "s.csv", year=2010)
    assert table["svi_percentile"].iloc[0] == 0.5
    assert meta(table).geo_vintage == "2010"


def test_a_percentile_above_one_is_refused(tmp):
    (tmp / "s.csv").write_text("FIPS,RPL_THEMES\n54001000100,75.0\n")
    with pytest.raises(InputError, match="outside 0 to 1"):
        read_svi(tmp / "s.csv", year=2022)


def ruca(path):
    text = (
        "TractFIPS23,CountyName23,TractFIPS20,PrimaryRUCA,SecondaryRUCA\n"
        "54001000100,Ca\xf1on,54001000100,5,5.1\n"
        "54001000200,X,54001000200,99,99\n"
        "09110400101,X,09003400101,1,1\n"
        "N/A,X,09001990000,99,99\n"
    )
    path.write_bytes(text.encode("latin-1"))
    return path


def test_ruca_in_latin_1_with_99_for_nobody(tmp):
    table = read_ruca(ruca(tmp / "r.csv"), year=2020, state="WV")
    assert table.loc["54001000100", "ruca_primary"] == 5
    assert table.loc["54001000100", "is_rural_ruca"]
    assert pd.isna(table.loc["54001000200", "ruca_primary"])
    assert table.loc["54001000200", "ruca_status"] == "no_population"
    assert pd.isna(table.loc["54001000200", "is_rural_ruca"])


def test_ruca_carries_both_codings_of_connecticut(tmp):
    path = ruca(tmp / "r.csv")
    assert list(read_ruca(path, year=2020, state="CT").index) == ["09003400101", "09001990000"]
    regions = read_ruca(path, year=2020, geo_vintage="2020-CT2022", state="CT")
    assert list(regions.index) == ["09110400101"]
    assert meta(regions).geo_vintage == "2020-CT2022"


def test_ruca_2010_from_its_workbook(tmp):
    head = [
        "State-County-Tract FIPS Code (lookup by address at http://example.org)",
        "Primary RUCA Code 2010",
        "Secondary RUCA Code, 2010 (see errata)",
    ]
    cells = pd.DataFrame([["Codes of 2010", None, None], head, ["54001000100", "4", "4.2"]])
    with pd.ExcelWriter(tmp / "r.xlsx") as book:
        cells.to_excel(book, sheet_name="Data", header=False, index=False)
    table = read_ruca(tmp / "r.xlsx", year=2010)
    assert table.loc["54001000100", "ruca_secondary"] == 4.2


RUGGED_2020 = (
    "TractFIPS23,CountyName23,TractFIPS20,PrimaryRUCA,AreaTRI_Mean,ARS,ARSDescription,RoadTRI_Mean,RRS,RRSDescription\n"
    "54045956500,Logan,54045956500,10,186.368,6,Extremely rugged,69.795,5,Highly rugged\n"
    "54001965500,Ca\xf1on,54001965500,10,77.334,4,Moderately rugged,36.417,3,Slightly rugged\n"
    "54001990000,Barbour,54001990000,99,,99,,,,\n"
    "09110400101,Capitol,09003400101,1,2,1,Level,2,1,Level\n"
    "N/A,X,09001990000,99,,,,,,\n"
)
RUGGED_2010 = "TractFIPS,State,ARS,RRS\n54045956500,WV,6,5\n1001020100,AL,2,2\n"


def test_ruggedness_of_both_editions(tmp):
    (tmp / "r.csv").write_bytes(RUGGED_2020.encode("latin-1"))
    table = read_ruggedness(tmp / "r.csv", year=2020, state="WV")
    assert table["road_ruggedness"].fillna(-1).to_dict() == {
        "54045956500": 5, "54001965500": 3, "54001990000": -1,
    }  # fmt: skip
    assert table["area_ruggedness"].fillna(-1).tolist() == [6, 4, -1]
    regions = read_ruggedness(tmp / "r.csv", year=2020, geo_vintage="2020-CT2022", state="CT")
    assert list(regions.index) == ["09110400101"]
    assert meta(regions).geo_vintage == "2020-CT2022"
    (tmp / "old.csv").write_text(RUGGED_2010)
    old = read_ruggedness(tmp / "old.csv", year=2010)
    assert old["road_ruggedness"].to_dict() == {"54045956500": 5, "01001020100": 2}
    assert (meta(old).geo_vintage, meta(old).sources[0].id) == ("2010", "ruggedness-2010")


@pytest.mark.parametrize(
    ("text", "year", "error", "match"),
    [
        (RUGGED_2020, 2010, VintageError, "TractFIPS20 belongs to the edition of 2020"),
        (RUGGED_2010, 2020, VintageError, "TractFIPS belongs to the edition of 2010"),
        (RUGGED_2010, 2015, VintageError, "no edition of 2015"),
        (RUGGED_2010.replace("6,5", "6,6"), 2010, InputError, "RRS is not 1 to 5"),
        (RUGGED_2010.replace("2,2", "2.5,2"), 2010, InputError, "ARS is not 1 to 6"),
        (RUGGED_2010.replace("RRS", "RR"), 2010, MissingColumnError, "RRS"),
    ],
)
def test_ruggedness_that_is_not_usda_s_is_refused(tmp, text, year, error, match):
    (tmp / "r.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(error, match=match):
        read_ruggedness(tmp / "r.csv", year=year)


def test_rucc_is_long(tmp):
    (tmp / "r.csv").write_bytes(
        "FIPS,State,County_Name,Attribute,Value\n2063,AK,Chugach,Population_2020,7102\n2063,AK,Chugach,RUCC_2023,9\n"
        '2063,AK,Chugach,Description,"Nonmetro, \xf1"\n'.encode("latin-1")
    )
    table = read_rucc(tmp / "r.csv", year=2023)
    assert list(table.index) == ["02063"], "Alaska's new areas, with their zero"
    assert table["rucc"].iloc[0] == 9


def saipe_line(state, county, name, *, people="1200", share="15.2", income="52341"):
    line = [" "] * 260

    def put(start, end, text):
        line[start - 1 : end] = text.rjust(end - start + 1)

    put(1, 2, state)
    put(4, 6, county)
    put(8, 15, people)
    put(35, 38, share)
    put(40, 43, "13.0")
    put(45, 48, "17.4")
    put(77, 80, "20.1")
    put(134, 139, income)
    line[193:238] = name.ljust(45)
    return "".join(line)


def test_saipe_is_fixed_width_and_states_are_left_out(tmp):
    rows = [saipe_line("0", "0", "United States"), saipe_line("54", "0", "West Virginia"), saipe_line("54", "1", "Ba\xf1os County"),
            saipe_line("15", "5", "Kalawao County", people=".", share=".", income=".")]  # fmt: skip
    (tmp / "est23all.txt").write_bytes("\n".join(rows).encode("latin-1"))
    table = read_saipe(tmp / "est23all.txt", year=2023)
    assert list(table.index) == ["54001", "15005"]
    assert table.loc["54001", "saipe_poverty_share"] == pytest.approx(0.152)
    assert table.loc["54001", "saipe_poverty_share_moe"] == pytest.approx(0.022)
    assert pd.isna(table.loc["15005", "saipe_poverty_share"]), "a dot is missing, not zero"


def test_a_saipe_file_of_another_layout(tmp):
    (tmp / "e.txt").write_text("state,county,poverty\n54,001,15\n")
    with pytest.raises(FormatError, match="fixed-width"):
        read_saipe(tmp / "e.txt", year=2023)


def test_forhp_finds_its_sheet_and_keeps_na(tmp):
    rows = [
        ["Rural counties", None],
        ["FIPS", "County_Eligibility"],
        ["54001", "Fully FORHP Rural"],
        ["1001", "Not fully FORHP rural"],
        ["72001", "NA"],
    ]
    with pd.ExcelWriter(tmp / "f.xlsx") as book:
        pd.DataFrame([["words"]]).to_excel(book, sheet_name="Dictionary", header=False, index=False)
        pd.DataFrame(rows).to_excel(book, sheet_name="2023 counties", header=False, index=False)
    table = read_forhp(tmp / "f.xlsx", year=2023)
    assert table.loc["54001", "is_rural_forhp"]
    assert not table.loc["01001", "is_rural_forhp"]
    assert pd.isna(table.loc["72001", "is_rural_forhp"])


@pytest.mark.parametrize(
    "read",
    [
        lambda p: read_places(p, year=2025),
        lambda p: read_svi(p, year=2022),
        lambda p: read_ruca(p, year=2020),
        lambda p: read_ruca(p, year=2010),
        lambda p: read_ruggedness(p, year=2020),
        lambda p: read_rucc(p, year=2023),
        lambda p: read_saipe(p, year=2023),
        lambda p: read_forhp(p, year=2023),
    ],
    ids=["places", "svi", "ruca", "ruca 2010", "ruggedness", "rucc", "saipe", "forhp"],
)
@pytest.mark.parametrize(
    "body",
    [b"", b"<!DOCTYPE html><html>gone</html>", b"a,b\n1,2\n", b"PK\x03\x04half"],
    ids=["empty", "page", "other", "half"],
)
def test_a_file_that_is_something_else(tmp, read, body):
    (tmp / "x.csv").write_bytes(body)
    with pytest.raises(EquityError) as caught:
        read(tmp / "x.csv")
    assert caught.value.file is not None


@pytest.mark.parametrize(
    ("ids", "year", "vintage"),
    [
        (["09110400101"], 2022, "2020-CT2022"),
        (["09001010101"], 2023, "2020"),
        (["09001010101"], 2018, "2010"),
        (["54001000100"], 2018, "2010"),
        (["54001000100"], 2021, "2020"),
        (["54001000100"], 2023, "2020-CT2022"),
        (["09110", "02063"], 2023, "2020-CT2022"),
    ],
)
def test_the_ids_tell_the_vintage_and_connecticut_decides(ids, year, vintage):
    assert vintage_of(ids, year=year) == vintage


@pytest.mark.parametrize(("coding", "vintage"), [("09110", "2020-CT2022"), ("09003", "2020")])
def test_connecticut_in_the_county_tables(tmp, coding, vintage):
    (tmp / "est23all.txt").write_text(saipe_line("9", coding[2:], "A region") + "\n")
    (tmp / "rucc.csv").write_text(f"FIPS,Attribute,Value\n{coding},RUCC_2023,2\n")
    (tmp / "svi.csv").write_text(f"FIPS,RPL_THEMES\n{coding},0.5\n")
    rows = [["FIPS", "County_Eligibility"], [coding, "Not fully FORHP rural"]]
    with pd.ExcelWriter(tmp / "f.xlsx") as book:
        pd.DataFrame(rows).to_excel(book, sheet_name="counties", header=False, index=False)
    tables = [
        read_saipe(tmp / "est23all.txt", year=2023, state="CT"),
        read_rucc(tmp / "rucc.csv", year=2023, state="CT"),
        read_svi(
            tmp / "svi.csv", year=2022 if vintage != "2020" else 2020, level="county", state="CT"
        ),
        read_forhp(tmp / "f.xlsx", year=2023, state="CT"),
    ]
    for table in tables:
        assert list(table.index) == [coding]
        assert meta(table).geo_vintage == vintage


def svi(path, year, header, ids=("54001",), **cells):
    names = header.split(",")
    rows = [",".join(cells.get(n, "0.5") if n != "FIPS" else i for n in names) for i in ids]
    path.write_text("\n".join([header, *rows]) + "\n")
    return read_svi(path, year=year, level="county")


# Heads of the layouts as the files of each year have them.
SVI = {
    2010: "FIPS,LOCATION,R_PL_THEMES,R_PL_THEME1",
    2018: "COUNTY,FIPS,LOCATION,E_POV,EP_PCI,RPL_THEMES",
    2020: "COUNTY,FIPS,LOCATION,E_POV150,E_HBURD,RPL_THEMES",
    2022: "COUNTY,FIPS,LOCATION,E_POV150,E_HBURD,RPL_THEMES",
}
COUNTY = {2020: "Barbour", 2022: "Barbour County"}


@pytest.mark.parametrize("said", SVI)
@pytest.mark.parametrize("is_of", SVI)
def test_a_layout_of_the_svi_tells_its_year(tmp, is_of, said):
    cells = {"COUNTY": COUNTY.get(is_of, "Barbour"), "LOCATION": "A place"}
    if is_of == said:
        assert len(svi(tmp / "s.csv", said, SVI[is_of], **cells)) == 1
        return
    with pytest.raises(VintageError, match=f"belongs to the edition of .*, not of {said}") as no:
        svi(tmp / "s.csv", said, SVI[is_of], **cells)
    assert str(is_of) in str(no.value).partition(", not of")[0], "and names its own"


@pytest.mark.parametrize(
    ("name", "year", "ids"),
    [
        ("SVI_2016_US_county.csv", 2018, ["54001"]),
        ("SVI2014_US.csv", 2016, ["54001"]),
        ("s.csv", 2018, ["09110"]),
        ("s.csv", 2018, ["09001", "09110"]),
        ("s.csv", 2017, ["54001"]),
    ],
)
def test_names_and_ids_of_the_svi_tell_too(tmp, name, year, ids):
    with pytest.raises(VintageError):
        svi(tmp / name, year, SVI[2018], ids=ids, COUNTY="A", LOCATION="A")


@pytest.mark.parametrize(("release", "survey", "right"), [
    (2025, 2023, True), (2025, 2022, True), (2025, 2021, False), (2024, 2023, False),
    (2023, 2021, True), (2022, 2021, False), (2019, 2017, False),
])  # fmt: skip
def test_the_survey_of_places_tells_its_release(tmp, release, survey, right):
    path = places_long(tmp / "p.csv", ["54001000100"], survey=survey)
    if right:
        assert len(read_places(path, year=release)) == 1
    else:
        with pytest.raises(VintageError, match="edition of"):
            read_places(path, year=release)


def test_the_name_of_places_tells_its_release(tmp):
    path = places_long(
        tmp / "PLACES__Census_Tract_Data__2024_release_20250301.csv", ["54001000100"]
    )
    with pytest.raises(
        VintageError, match=r"belongs to the edition of 2024, not of 2025.*year=2024"
    ):
        read_places(path, year=2025)


@pytest.mark.parametrize("year", [2010, 2013, 2000])
def test_ruca_of_2020_is_none_of_another_year(tmp, year):
    with pytest.raises(VintageError, match="edition of"):
        read_ruca(ruca(tmp / "r.csv"), year=year)


def test_ruca_of_2010_is_none_of_2020(tmp):
    head = [
        "State-County-Tract FIPS Code (x)",
        "Primary RUCA Code 2010",
        "Secondary RUCA Code, 2010",
    ]
    with pd.ExcelWriter(tmp / "r.xlsx") as book:
        pd.DataFrame([head, ["54001000100", "4", "4.2"]]).to_excel(
            book, sheet_name="Data", header=False, index=False
        )
    with pytest.raises(VintageError, match="belongs to the edition of 2010, not of 2020"):
        read_ruca(tmp / "r.xlsx", year=2020)


def test_rucc_has_the_codes_of_one_year(tmp):
    (tmp / "r.csv").write_text("FIPS,Attribute,Value\n54001,RUCC_2013,2\n54003,RUCC_2013,11\n")
    with pytest.raises(VintageError, match="RUCC_2013 belongs to the edition of 2013, not of 2023"):
        read_rucc(tmp / "r.csv", year=2023)
    with pytest.raises(InputError, match=r"not 1 to 9.*54003"):
        read_rucc(tmp / "r.csv", year=2013)


@pytest.mark.parametrize(
    ("name", "tag"), [("est22all.txt", ""), ("e.txt", "est22all.txt 05DEC2023")]
)
def test_saipe_names_its_year(tmp, name, tag):
    (tmp / name).write_text(saipe_line("54", "1", "A County")[:238] + tag + "\n")
    assert len(read_saipe(tmp / name, year=2022)) == 1
    with pytest.raises(VintageError, match="belongs to the edition of 2022, not of 2023"):
        read_saipe(tmp / name, year=2023)


@pytest.mark.parametrize("reader", [read_saipe, read_rucc])
def test_planning_regions_are_none_of_a_year_without_them(tmp, reader):
    path = tmp / "x.txt"
    path.write_text(saipe_line("9", "110", "A region") + "\n")
    if reader is read_rucc:
        path.write_text("FIPS,Attribute,Value\n09110,RUCC_2013,2\n")
    with pytest.raises(VintageError, match="planning regions, which there were not in 2013"):
        reader(path, year=2013)


def test_one_measure_may_be_named_and_none_may_not(tmp):
    path = places_long(tmp / "p.csv", ["54001000100"])
    assert "stroke_share" in read_places(path, year=2025, measures="stroke").columns
    with pytest.raises(InputError, match="no measure was chosen"):
        read_places(path, year=2025, measures=[])
