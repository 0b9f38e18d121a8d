"""The doors as readers use them: lines that end in any way, and workbooks in place of CSV."""

from __future__ import annotations

import io
import itertools

import nppes_rows
import openpyxl
import pandas as pd
import pytest
from bdc_files import EXPORT_HEADER, STAMP, offer, text

import equity as eq
from equity.errors import MissingColumnError
from equity.files.delimited import read_text_table
from equity.sources.area_rows import require_columns
from equity.sources.care.cms import read_clinicians
from equity.sources.care.nppes import read_nppes
from equity.sources.cdc import read_svi
from equity.sources.census.gazetteer import read_gazetteer
from equity.sources.census.geocoder import read_geocoded
from equity.sources.fcc.form477 import read_form477
from equity.sources.fcc.summaries import read_bdc_summary
from equity.sources.usda import read_ruca, read_rucc

POINTS = {"id": "id", "name": "name", "lon": "lon", "lat": "lat"}
SHARE = {"column": "pct", "unit": "percent"}
OWN = {"agency": "a", "product": "p", "vintage": "v", "level": "tract", "geo_vintage": "2020"}
F477 = "Provider_Id,StateAbbr,BlockCode,TechCode,Consumer,MaxAdDown,MaxAdUp,Business"
SUMMARY = (
    "area_data_type,geography_type,geography_id,geography_desc,geography_desc_full,total_units,biz_res,technology,"
    "speed_02_02,speed_10_1,speed_25_3,speed_100_20,speed_250_25,speed_1000_100"
)
HPSA = (
    "HPSA Name,HPSA ID,Designation Type,HPSA Discipline Class,HPSA Score,HPSA Status,HPSA Geography Identification Number,"
    "HPSA FTE,HPSA Designation Population,HPSA Component Type Code,HPSA Shortage,Primary State FIPS Code,"
)
SITES = (
    "Health Center Type,BPHC Assigned Number,Site Name,Site Status Description,Health Center Location Type Description,"
    "Health Center Type Description,Geocoding Artifact Address Primary X Coordinate,"
    "Geocoding Artifact Address Primary Y Coordinate,"
)
SITE = "FQHC,{id},Town Clinic,Active,Permanent,Service Delivery Site,-75.5,{lat},"


def lines(*rows):
    return "\n".join(rows) + "\n"


def bdc(path):
    return eq.coverage(eq.read_bdc(path, as_of="2025-12-31"), rule="bead-2022")


def form477(path):
    return eq.coverage(read_form477(path, as_of="2017-12-31", state="DE"), rule="bead-2022")


def travel(path):
    people = pd.DataFrame(index=["51001090101", "51001090200"])
    sites = pd.DataFrame(index=["A", "B"])
    names = {"origin": "home", "destination": "clinic", "cost": "minutes", "unit": "min"}
    return eq.travel_costs(people, sites, table=path, **names).to_frame()


# Name of the file, its text, its reader, and how many rows the reader makes of it.
TABLES = {
    "table": (
        "t.csv",
        lines("GEOID,pct", "51001090101,1.5", "51001090200,2", '51001090300,"3"'),
        lambda p: eq.read_table(p, columns={"x_share": SHARE}, **OWN),
        3,
    ),
    "acs": (
        "acs.csv",
        lines("GEOID,B28002_001E,B28002_001M", "51001090101,900,30", "51001090200,1100,40"),
        lambda p: eq.read_acs(p, year=2023),
        2,
    ),
    "coverage": (
        "cov.csv",
        lines(
            "GEOID,locations_n,served_n,underserved_n,unserved_n",
            "51001090101,10,5,3,2",
            "51001090200,10,5,3,2",
        ),
        lambda p: eq.read_coverage(p, as_of="2024"),
        2,
    ),
    "points": (
        "sites.csv",
        lines("id,name,lon,lat", 'A,"one, two",-80.1,38.1', "B,b,-80.2,38.2", "C,c,-80.3,38.3"),
        lambda p: eq.read_sites(p, as_of="2026", layout="points", columns=POINTS),
        3,
    ),
    "hrsa": (
        "hrsa.csv",
        lines(SITES, SITE.format(id="BPS-1", lat=39.1), SITE.format(id="BPS-2", lat=39.2)),
        lambda p: eq.read_sites(p, as_of="2026"),
        2,
    ),
    "hpsa": (
        "hpsa.csv",
        lines(
            HPSA,
            "A,1540000001,Geographic HPSA,Primary Care,6,Designated,54001000100,1.5,4000,CT,2.25,54,",
            "B,1540000002,Geographic HPSA,Primary Care,7,Designated,54003,1.5,4000,SCTY,2.25,54,",
        ),
        lambda p: eq.read_designations(p, kind="hpsa-pc", as_of="2026"),
        2,
    ),
    "svi": (
        "svi.csv",
        lines(
            "FIPS,RPL_THEMES,RPL_THEME1,RPL_THEME2,RPL_THEME3,RPL_THEME4,EP_POV150,EP_AGE65",
            "51001090101,.5,.5,.5,.5,.5,10,20",
            "51001090200,.6,.5,.5,.5,.5,10,20",
        ),
        lambda p: read_svi(p, year=2022),
        2,
    ),
    "ruca": (
        "ruca.csv",
        lines(
            "TractFIPS20,TractFIPS23,PrimaryRUCA,SecondaryRUCA",
            "51001090101,51001090101,1,1",
            "51001090200,51001090200,10,10",
        ),
        lambda p: read_ruca(p, year=2020),
        2,
    ),
    "rucc": (
        "rucc.csv",
        lines(
            "FIPS,State,County_Name,Attribute,Value",
            "51001,VA,Accomack,RUCC_2023,6",
            "51003,VA,Albemarle,RUCC_2023,3",
        ),
        lambda p: read_rucc(p, year=2023),
        2,
    ),
    "clinicians": (
        "dac.csv",
        lines(
            "NPI,pri_spec,Telehlth,Facility Name,adr_ln_1,City/Town,State,ZIP Code",
            "1245319599,FAMILY PRACTICE,Y,A,1 Main,Town,VA,232190000",
            "1245319599,FAMILY PRACTICE,Y,B,2 Main,Town,VA,232190000",
        ),
        lambda p: read_clinicians(p, as_of="2026"),
        2,
    ),
    "summary": (
        "bdc_us_fixed_broadband_summary_by_geography_D25_29sep2026.csv",
        lines(
            SUMMARY,
            "Total,County,51001,A,A,100,R,Any Terrestrial,1,.9,.8,.7,.5,0",
            "Total,County,51003,B,B,100,R,Any Terrestrial,1,.9,.8,.7,.5,0",
        ),
        lambda p: read_bdc_summary(p, as_of="2025-12-31", level="county"),
        2,
    ),
    "travel times": (
        "times.csv",
        lines("home,clinic,minutes", "51001090101,A,5", "51001090200,B,7.5", "51001090200,A,"),
        travel,
        2,
    ),
}
# Those that are no tables of names in a first row, or that no spreadsheet can hold.
OTHERS = {
    "bdc": (
        f"bdc_10_Cable_{STAMP}.csv",
        text([offer(1_000_000_001), offer(1_000_000_002)]).decode(),
        lambda p: bdc(p)[["locations_n"]].loc[lambda t: t.index.repeat(t["locations_n"])],
        2,
    ),
    "form 477": (
        "DE-Fixed-Dec2017-v1.csv",
        lines(F477, "1,DE,100010401001000,42,1,987,35,1", "2,DE,100010401001001,11,1,24.9,3,0"),
        lambda p: form477(p)[["locations_n"]].loc[lambda t: t.index.repeat(t["locations_n"])],
        2,
    ),
    "nppes": (
        "npidata_pfile.csv",
        (nppes_rows.header() + nppes_rows.row(0) + nppes_rows.row(20)).decode(),
        lambda p: read_nppes(p, as_of="2026"),
        2,
    ),
    "gazetteer": (
        "gaz.txt",
        lines(
            "USPS\tGEOID\tALAND\tAWATER\tINTPTLAT\tINTPTLONG   ",
            "VA\t51001090101\t23000000\t0\t37.9\t-75.4",
            "VA\t51001090200\t23000000\t0\t37.8\t-75.5",
        ),
        lambda p: read_gazetteer(p, level="tract", year=2023),
        2,
    ),
    "geocoder": (
        "geocoded.csv",
        lines('"1","1 Main, Town","No_Match"', '"2","2 Main, Town","No_Match"'),
        lambda p: read_geocoded(p.read_bytes(), expected=["1", "2"]),
        2,
    ),
}
READERS = TABLES | OTHERS


def in_turn(content):
    ends = itertools.cycle(["\r\n", "\r", "\n"])
    return "".join(line + next(ends) for line in content.splitlines())


LINE_ENDS = {
    "Windows": lambda t: t.replace("\n", "\r\n"),
    "old Mac": lambda t: t.replace("\n", "\r"),
    "a header of another kind": lambda t: t.replace("\n", "\r", 1),
    "in turn": in_turn,
    "CR CR LF": lambda t: t.replace("\n", "\r\r\n"),
    "no last one": lambda t: t.replace("\n", "\r").rstrip("\r"),
}


@pytest.mark.parametrize("ends", LINE_ENDS)
@pytest.mark.parametrize("name", READERS)
def test_every_row_is_read_however_its_line_ends(tmp_path, name, ends):
    file, content, reader, rows = READERS[name]
    path = tmp_path / file
    path.write_bytes(content.encode())
    expected = reader(path)
    assert len(expected) == rows
    path.write_bytes(LINE_ENDS[ends](content).encode())
    pd.testing.assert_frame_equal(pd.DataFrame(reader(path)), pd.DataFrame(expected))


def test_a_line_end_inside_a_cell_stays_there(tmp_path):
    path = tmp_path / "sites.csv"
    path.write_bytes(b'id,name,lon,lat\rA,"1 Main\rRoom 2",-80.1,38.1\nB,"1\r\n2",-80.2,38.2\r\r\n')
    sites = eq.read_sites(path, as_of="2026", layout="points", columns=POINTS)
    assert sites["name"].tolist() == ["1 Main\rRoom 2", "1\r\n2"]


def test_the_served_export_of_the_fcc_is_read_whole_too(tmp_path):
    rows = [
        [n, "100010401001000", "882bab5303fffff", 1, 1, 1] for n in (1_000_000_001, 1_000_000_002)
    ]
    content = text(rows, EXPORT_HEADER).replace(b"\n", b"\r", 1)
    (tmp_path / f"bdc_10_served_unserved_{STAMP}.csv").write_bytes(content)
    files = eq.read_bdc(tmp_path, as_of="2025-12-31")
    assert sum(b.num_rows for f in files.files for b in f.batches(["location_id"])) == 2


def as_excel_stores(cell):
    number = pd.to_numeric(cell, errors="coerce")
    return cell if pd.isna(number) or not cell else number.item()


def workbook(path, content, *, above=(), below=(), sheet="Sheet1"):
    frame = pd.read_csv(io.StringIO(content), header=None, dtype=str, keep_default_na=False)
    book = openpyxl.Workbook()
    book.active.title = sheet
    for row in above:
        book.active.append(row)
    for row in frame.itertuples(index=False):
        book.active.append([as_excel_stores(cell) or None for cell in row])
    for row in below:
        book.active.append(row)
    book.save(path)
    return path


TITLES = [["HRSA Data Warehouse"], ["As of", "11/01/2026"], []]


@pytest.mark.parametrize("above", [(), TITLES], ids=["plain", "titles"])
@pytest.mark.parametrize("name", [name for name in TABLES if name != "summary"])
def test_a_workbook_is_read_like_the_csv(tmp_path, name, above):
    file, content, reader, _ = TABLES[name]
    (tmp_path / file).write_text(content)
    path = workbook((tmp_path / file).with_suffix(".xlsx"), content, above=above)
    got, expected = pd.DataFrame(reader(path)), pd.DataFrame(reader(tmp_path / file))
    pd.testing.assert_frame_equal(got, expected)


def test_a_title_as_wide_as_the_table_is_never_taken_for_data(tmp_path):
    path = workbook(tmp_path / "t.xlsx", TABLES["table"][1], above=TITLES)
    with pytest.raises(MissingColumnError, match="the file has As of"):
        read_text_table(path).pipe(require_columns, ["pct"], path)
    assert len(eq.read_table(path, columns={"x_share": SHARE}, **OWN)) == 3
