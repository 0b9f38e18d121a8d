"""The FCC's summary tables, and Form 477 through the same measure as the newer data."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest
from bdc_files import write_zip

import equity as eq
from equity.errors import (
    FormatError,
    InputError,
    MissingColumnError,
    MissingFileError,
    VintageError,
)
from equity.provenance import meta
from equity.sources.fcc.form477 import read_form477
from equity.sources.fcc.providers import leading_providers, read_bdc_providers
from equity.sources.fcc.summaries import read_bdc_mobile, read_bdc_summary

AS_OF = "2025-12-31"
HEADER = [
    "area_data_type",
    "geography_type",
    "geography_id",
    "geography_desc",
    "geography_desc_full",
    "total_units",
    "biz_res",
    "technology",
    "speed_02_02",
    "speed_10_1",
    "speed_25_3",
    "speed_100_20",
    "speed_250_25",
    "speed_1000_100",
]
SHARES = ["1.000000000", "0.9", "0.8", "0.7", "0.5", "0"]


def row(
    place="1001", kind="County", technology="Any Terrestrial", who="R", part="Total", shares=SHARES
):
    name = "Las Marías Municipio"
    return [part, kind, place, name, f"{name}, PR", "27965", who, technology, *shares]


def write(folder, rows, header=HEADER):
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows(rows)
    path = folder / "bdc_us_fixed_broadband_summary_by_geography_D25_29sep2026.csv.zip"
    return write_zip(path, out.getvalue().encode(), member="summary.csv")


def test_one_row_per_area_is_picked_and_ids_get_their_zero_back(tmp_path):
    path = write(
        tmp_path,
        [
            row(),
            row(who="B", shares=["1", "1", "1", "1", "1", "1"]),
            row(part="Rural", shares=["0"] * 6),
            row(technology="GSO Satellite", shares=["1", "1", "1", "0", "0", "0"]),
            row("51001"),
            row("99", kind="National"),
            row("0100100", kind="Census Place"),
        ],
    )
    table = read_bdc_summary(path, as_of=AS_OF)
    assert table.index.tolist() == ["01001", "51001"]
    assert table.loc["01001", "any_terrestrial_25_3_share"] == 0.8
    assert table.loc["01001", "any_terrestrial_1000_100_share"] == 0
    assert table.loc["01001", "units_n"] == 27_965
    assert table.loc["01001", "name"] == "Las Marías Municipio"
    assert meta(table).level == "county"
    assert read_bdc_summary(path, as_of=AS_OF, state="VA").index.tolist() == ["51001"]
    nation = read_bdc_summary(path, as_of=AS_OF, level="nation")
    assert len(nation) == 1
    place = read_bdc_summary(path, as_of=AS_OF, level="place")
    assert place.index.tolist() == ["0100100"]


def test_labels_of_the_specification_and_of_the_files_are_the_same(tmp_path):
    path = write(
        tmp_path, [row(technology="All Technologies"), row("51001", technology="Any Technology")]
    )
    for label in ("All Technologies", "any technology"):
        table = read_bdc_summary(path, as_of=AS_OF, technologies=[label])
        assert table["any_technology_10_1_share"].tolist() == [0.9, 0.9]


def test_several_technologies_side_by_side(tmp_path):
    path = write(tmp_path, [row(), row(technology="Fiber")])
    table = read_bdc_summary(path, as_of=AS_OF, technologies=["Any Terrestrial", "Fiber"])
    assert "fiber_100_20_share" in table
    assert table.columns.tolist().count("units_n") == 1


@pytest.mark.parametrize(
    ("rows", "error", "pattern"),
    [
        ([row(shares=["1", "1", "1", "1", "1", "1.5"])], FormatError, "is none"),
        ([row(shares=["0.5", "0.6", "0", "0", "0", "0"])], FormatError, "grows with the speed"),
        ([row(shares=["x", "0", "0", "0", "0", "0"])], FormatError, "no number"),
        ([row(), row()], InputError, "occur twice"),
        ([row(technology="Fiber")], InputError, "no Total R rows of 'Any Terrestrial'"),
    ],
)
def test_bad_summaries(tmp_path, rows, error, pattern):
    with pytest.raises(error, match=pattern):
        read_bdc_summary(write(tmp_path, rows), as_of=AS_OF)


def test_another_layout_and_another_level(tmp_path):
    path = write(tmp_path, [row()[:8]], header=HEADER[:8])
    with pytest.raises(MissingColumnError, match="speed_02_02"):
        read_bdc_summary(path, as_of=AS_OF)
    with pytest.raises(InputError, match="no summary by 'tract'"):
        read_bdc_summary(path, as_of=AS_OF, level="tract")


@pytest.mark.real
def test_the_published_excerpt(shared_data):
    path = shared_data / "samples" / "fcc_bdc"
    path /= "bdc_us_fixed_broadband_summary_by_geography_D25.excerpt.csv"
    table = read_bdc_summary(path, as_of=AS_OF, technologies=["Any Technology"])
    assert table.loc["01001", "units_n"] == 27_965
    assert table.loc["01001", "any_technology_1000_100_share"] == pytest.approx(0.600107277)


MOBILE_HEADER = [
    *HEADER[:5],
    "total_area",
    *(
        f"mobilebb_{kind}_area_{place}_pct"
        for kind in ("3g", "4g", "5g_spd1", "5g_spd2")
        for place in ("st", "iv")
    ),
]
MOBILE_SHARES = ["0.1", "0", "0.9990", "0.95", "0.8", "0.7", "0.25", "0.2"]


def mobile(place="1001", kind="County", part="Total", shares=MOBILE_SHARES):
    return [part, kind, place, "Autauga County", "Autauga County, AL", "1565.4", *shares]


def test_mobile_coverage_is_a_share_of_the_area(tmp_path):
    rows = [mobile(), mobile(part="Rural"), mobile("51001"), mobile("1", kind="State")]
    path = write(tmp_path, rows, MOBILE_HEADER)
    table = read_bdc_mobile(path, as_of=AS_OF)
    assert table.index.tolist() == ["01001", "51001"]
    here = table.loc["01001"]
    assert here["mobile_4g_stationary_share"] == 0.999
    assert here["mobile_5g_7_1_in_vehicle_share"] == 0.7
    assert here["mobile_5g_35_3_stationary_share"] == 0.25
    assert here["total_area"] == 1565.4
    assert any("share of the area" in note for note in meta(table).notes)
    assert read_bdc_mobile(path, as_of=AS_OF, state="VA").index.tolist() == ["51001"]
    assert read_bdc_mobile(path, as_of=AS_OF, level="state").index.tolist() == ["01"]


@pytest.mark.parametrize(
    ("rows", "header", "error", "pattern"),
    [
        ([mobile(shares=["100", *MOBILE_SHARES[1:]])], MOBILE_HEADER, FormatError, "none .0 to 1"),
        ([mobile(shares=["n/a", *MOBILE_SHARES[1:]])], MOBILE_HEADER, FormatError, "no number"),
        ([mobile(), mobile()], MOBILE_HEADER, InputError, "ids occur twice"),
        ([mobile(part="Rural")], MOBILE_HEADER, InputError, "no Total rows by county"),
        ([row()], HEADER, MissingColumnError, "total_area"),
    ],
)
def test_bad_mobile_summaries(tmp_path, rows, header, error, pattern):
    with pytest.raises(error, match=pattern):
        read_bdc_mobile(write(tmp_path, rows, header), as_of=AS_OF)


def test_provider_files(tmp_path):
    path = tmp_path / "bdc_us_fixed_broadband_provider_summary_D25_29sep2026.csv"
    path.write_text(
        "provider_id,holding_company,technology_code,technology_code_desc,location_count_res,"
        "unit_count_res,location_count_bus,unit_count_bus\n130317,Some Company,40,Cable,10,12,3,4\n"
    )
    table = read_bdc_providers(path, as_of=AS_OF)
    assert table.loc[0, "provider_id"] == "130317"
    assert table.loc[0, "unit_count_res"] == 12
    (tmp_path / "list.csv").write_text("frn,provider_id,holding_company\n0003768165,130317,X\n")
    assert read_bdc_providers(tmp_path / "list.csv", as_of=AS_OF).frn.tolist() == ["0003768165"]
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(FormatError, match="provider list or summary"):
        read_bdc_providers(tmp_path / "other.csv", as_of=AS_OF)


BY_GEOGRAPHY = (
    "geography_type,geography_id,geography_desc,data_type,provider_id,res_st_pct,bus_iv_pct"
)


def by_geography(tmp_path, *rows):
    path = tmp_path / "bdc_us_provider_summary_by_geography_D25_29sep2026.csv"
    path.write_text("\n".join([BY_GEOGRAPHY, *rows]) + "\n")
    (tmp_path / "list.csv").write_text(
        "frn,provider_id,holding_company\n1,9,Hill Cable\n2,9,Hill Cable\n3,130,Valley Fiber\n"
    )
    return path


def test_the_provider_that_leads_in_an_area_is_named(tmp_path):
    path = by_geography(
        tmp_path,
        "County,51001,A,Fixed Broadband,130,0.4,0.1", "County,51001,A,Fixed Broadband,9,0.7,0.1",
        "County,51001,A,Mobile Broadband,77,1,1", "State,51,V,Fixed Broadband,130,0.9,0.1",
        "County,51003,B,Fixed Broadband,130,0.5,0.1", "County,51003,B,Fixed Broadband,9,0.5,0.1",
        "County,51005,C,Fixed Broadband,55,0.2,0.1",
    )  # fmt: skip
    named = leading_providers(read_bdc_providers(path, as_of=AS_OF, names=tmp_path / "list.csv"))
    assert named["leading_provider"].to_dict() == {
        "51001": "Hill Cable", "51003": "Hill Cable", "51005": "55",
    }  # fmt: skip
    assert named["leading_provider_share"].tolist() == [0.7, 0.5, 0.2]
    assert {source.file for source in meta(named).sources} == {path.name, "list.csv"}
    plain = leading_providers(read_bdc_providers(path, as_of=AS_OF))
    assert plain["leading_provider"].tolist() == ["9", "9", "55"]
    whole = leading_providers(read_bdc_providers(path, as_of=AS_OF), level="state")
    assert whole["leading_provider"].to_dict() == {"51": "130"}


def test_what_names_no_leading_provider_is_refused(tmp_path):
    path = by_geography(tmp_path, "County,51001,A,Fixed Broadband,9,70,1")
    with pytest.raises(FormatError, match=r"none .0 to 1."):
        leading_providers(read_bdc_providers(path, as_of=AS_OF))
    with pytest.raises(InputError, match="no rows of fixed broadband by place"):
        leading_providers(read_bdc_providers(path, as_of=AS_OF), level="place")
    with pytest.raises(MissingColumnError, match="summary by geography has geography_type"):
        leading_providers(read_bdc_providers(tmp_path / "list.csv", as_of=AS_OF))


F477 = (
    "LogRecNo,Provider_Id,FRN,ProviderName,DBAName,HoldingCompanyName,HocoNum,HocoFinal,StateAbbr,"
    "BlockCode,TechCode,Consumer,MaxAdDown,MaxAdUp,Business"
)


def form477(folder, rows, header=F477):
    lines = [header] + [
        f'1,{who},0001,"Caf\u00e9 ""Fast"" Net, Inc.",X,Y,1,Y,DE,{block},{code},{res},{down},{up},{biz}'
        for who, block, code, res, down, up, biz in rows
    ]
    path = folder / "DE-Fixed-Dec2017-v1.csv"
    path.write_bytes("\r\n".join(lines).encode("cp1252"))
    return path


def test_form_477_goes_through_the_same_measure(tmp_path):
    path = form477(
        tmp_path,
        [
            (1, "100010401001000", 42, 1, 987.5, 35, 1),
            (2, "100010401001000", 11, 1, 24.9, 3, 0),
            (3, "100010401001001", 12, 1, 25, 3, 0),
            (3, "100010401001002", 60, 1, 100, 20, 0),
            (3, "100010401001003", 50, 0, 100, 20, 1),
        ],
    )
    files = read_form477(path, as_of="2017-12-31", state="DE")
    table = eq.coverage(files, rule="bead-2022")
    counts = table.loc["10001040100", ["locations_n", "served_n", "underserved_n", "unserved_n"]]
    assert counts.tolist() == [4, 1, 1, 2]
    assert table.loc["10001040100", "listed_tech10_n"] == 2
    assert table.coverage_status.tolist() == ["listed_only"]
    assert meta(table).geo_vintage == "2010"
    assert any("2010 blocks, not locations" in note for note in meta(table).notes)


def test_form_477_refusals(tmp_path):
    path = form477(tmp_path, [], header="a,b,c")
    with pytest.raises(FormatError, match="not that of Form 477"):
        read_form477(path, as_of="2017-12-31")
    with pytest.raises(VintageError, match="December 2014 to June 2021"):
        read_form477(path, as_of=AS_OF)
    with pytest.raises(MissingFileError):
        read_form477(tmp_path / "none.csv", as_of="2017-12-31")
    path = form477(tmp_path, [(1, "100010401001000", 50, 1, 100, 20, 1)])
    with pytest.raises(FormatError, match="no h3_res8_id"):
        eq.coverage(read_form477(path, as_of="2017-12-31"), rule="bead-2022", level="h3")


def test_tables_are_not_taken_for_locations(tmp_path):
    path = write(tmp_path, [row()])
    with pytest.raises(FormatError, match="header is not that of location coverage"):
        eq.read_bdc(path, as_of=AS_OF)
    assert isinstance(read_bdc_summary(path, as_of=AS_OF), pd.DataFrame)


@pytest.mark.parametrize(
    "options", [{"part": "Rurall"}, {"customers": "X"}, {"level": "tract"}, {"technologies": []},
                {"technologies": "Fibre"}],
)  # fmt: skip
def test_a_filter_of_summaries_that_can_match_nothing_says_what_can(tmp_path, options):
    with pytest.raises(InputError, match=r"Fix: (?:choose from|the file has) .*\w"):
        read_bdc_summary(write(tmp_path, [row()]), as_of=AS_OF, **options)


def test_one_technology_of_a_summary_may_be_named(tmp_path):
    path = write(tmp_path, [row()])
    table = read_bdc_summary(path, as_of=AS_OF, technologies="any terrestrial")
    assert "any_terrestrial_100_20_share" in table.columns


def test_a_summary_of_another_vintage_is_refused(tmp_path):
    with pytest.raises(VintageError, match="is as of 2025-12-31, not 2025-06-30"):
        read_bdc_summary(write(tmp_path, [row()]), as_of="2025-06-30")


@pytest.mark.parametrize("as_of", ["2017-12-31", "2017-12-31T00:00:00", pd.Timestamp("2017-12-31")])
def test_form_477_takes_a_date_in_any_form(tmp_path, as_of):
    assert read_form477(form477(tmp_path, []), as_of=as_of).as_of == "2017-12-31"


def test_the_name_of_a_form_477_file_tells_its_date(tmp_path):
    path = form477(tmp_path, []).rename(tmp_path / "VA-Fixed-Jun2021_v1.csv")
    with pytest.raises(VintageError, match="is as of 2021-06-30, not 2020-12-31") as caught:
        read_form477(path, as_of="2020-12-31")
    assert read_form477(path, as_of=caught.value.fix.split('"')[1]).as_of == "2021-06-30"
