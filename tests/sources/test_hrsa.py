"""Places of care: HRSA's own layout with its defects, and any table of points."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from equity import read_sites
from equity.errors import EquityError, FormatError, InputError, MissingColumnError
from equity.provenance import meta

LON = "Geocoding Artifact Address Primary X Coordinate"
LAT = "Geocoding Artifact Address Primary Y Coordinate"
SITE = {
    "Health Center Type": "Federally Qualified Health Center (FQHC)",
    "BPHC Assigned Number": "BPS-H80-000001",
    "Site Name": "Town Clinic            ",
    "Site Status Description": "Active",
    "Health Center Location Type Description": "Permanent ",
    "Health Center Type Description": "Service Delivery Site",
    LON: "-75.5",
    LAT: " 39.1 ",
}


def hrsa(tmp_path, *sites, commas="none", name="sites.csv"):
    """Write sites as HRSA does: all values quoted, a stray comma after the header."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(SITE)
    for position, site in enumerate(sites):
        record = {**SITE, "BPHC Assigned Number": f"BPS-H80-{position:06d}", **site}
        writer.writerow(record.values())
    lines = buffer.getvalue().splitlines()
    stray = {"none": lambda i: i == 0, "all": lambda i: True, "some": lambda i: i % 2 == 0}[commas]
    text = "\n".join(line + "," if stray(i) else line for i, line in enumerate(lines)) + "\n"
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def points(tmp_path, text, name="points.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


# --- HRSA ------------------------------------------------------------------------------------


@pytest.mark.parametrize("commas", ["none", "all", "some"])
def test_hrsas_layout_with_its_stray_commas_and_padding(tmp_path, commas):
    sites = read_sites(
        hrsa(tmp_path, {}, {"Site Name": 'Clinic, "North"'}, commas=commas), as_of="2026-01-05"
    )
    assert list(sites.index) == ["BPS-H80-000000", "BPS-H80-000001"]
    assert sites.index.name == "site_id"
    assert list(sites.columns) == [
        "name",
        "kind",
        "fte",
        "lon",
        "lat",
        "location_quality",
        "geometry",
    ]
    assert sites["name"].tolist() == ["Town Clinic", 'Clinic, "North"']
    assert sites["kind"].iloc[0] == "Federally Qualified Health Center (FQHC)"
    assert sites["fte"].isna().all()
    assert sites["location_quality"].unique().tolist() == ["coordinates"]
    assert sites.crs == "EPSG:4269"
    assert (sites.geometry.x.iloc[0], sites.geometry.y.iloc[0]) == (-75.5, 39.1)
    source = meta(sites).sources[0]
    assert (source.agency, source.vintage) == (
        "Health Resources and Services Administration",
        "2026-01-05",
    )


def test_only_active_permanent_service_sites_are_kept_and_the_rest_is_counted(tmp_path):
    path = hrsa(
        tmp_path,
        {},
        {"Health Center Type Description": "Administrative/Service Delivery Site"},
        {"Health Center Type Description": "Administrative"},
        {"Health Center Location Type Description": "Mobile Van"},
        {"Health Center Location Type Description": "Seasonal"},
        {"Site Status Description": "Inactive"},
        {LON: "", "Site Status Description": "Inactive"},
    )
    sites = read_sites(path, as_of="2026")
    assert len(sites) == 2
    assert meta(sites).notes[0].startswith("sites.csv: 5 of 7 sites left out")


@pytest.mark.parametrize("blank", ["", "     ", "XX", "Not Determined"])
def test_placeholders_are_no_coordinates(tmp_path, blank):
    path = hrsa(tmp_path, {}, {LON: blank, LAT: blank}, {"Site Name": "XX"})
    with pytest.raises(InputError, match="1 sites have no coordinates") as caught:
        read_sites(path, as_of="2026", unplaced="raise")
    assert caught.value.rows == ["line 3"]
    sites = read_sites(path, as_of="2026")  # some of HRSA's real sites have none
    assert sites["name"].tolist() == ["Town Clinic", ""]
    assert "sites.csv: 1 sites without coordinates left out" in meta(sites).notes


def test_exact_repetitions_count_once_and_differing_ones_are_refused(tmp_path):
    twin = {"BPHC Assigned Number": "BPS-1"}
    sites = read_sites(hrsa(tmp_path, twin, twin, twin, {}), as_of="2026")
    assert len(sites) == 2
    assert "sites.csv: 2 exact repetitions counted once" in meta(sites).notes
    path = hrsa(tmp_path, twin, {**twin, "Site Name": "Another"}, {})
    with pytest.raises(InputError, match="1 site ids stand in rows that differ") as caught:
        read_sites(path, as_of="2026")
    assert caught.value.rows == ["line 2", "line 3"]


def test_hrsa_without_a_column_or_with_a_mapping(tmp_path):
    path = points(tmp_path, "Site Name,BPHC Assigned Number,\nA,1\n")
    with pytest.raises(MissingColumnError, match="lacks column Health Center Type"):
        read_sites(path, as_of="2026")
    with pytest.raises(InputError, match="HRSA's columns are known"):
        read_sites(path, as_of="2026", columns={"lon": "x", "lat": "y"})


@pytest.mark.parametrize("sites", [[], [{"Site Status Description": "Inactive"}]])
def test_no_site_is_an_error(tmp_path, sites):
    with pytest.raises(InputError, match="holds no site"):
        read_sites(hrsa(tmp_path, *sites), as_of="2026")


# --- points ----------------------------------------------------------------------------------

OWN = "key,label,what,FTE,x,y\n7,A clinic,rural health clinic,2.5,-75.5,39.1\n8,B,,,-76,38.5\n"
ROLES = {"id": "key", "name": "label", "kind": "what", "fte": "FTE", "lon": "x", "lat": "y"}


def test_any_table_of_points(tmp_path):
    sites = read_sites(
        points(tmp_path, OWN), as_of="2026", layout="points", columns=ROLES, kind="clinic"
    )
    assert list(sites.index) == ["7", "8"]
    assert sites["kind"].tolist() == ["rural health clinic", "clinic"]
    np.testing.assert_array_equal(sites["fte"], [2.5, np.nan])
    assert meta(sites).synthetic is False
    assert meta(
        read_sites(
            points(tmp_path, OWN), as_of="2026", layout="points", columns=ROLES, synthetic=True
        )
    ).synthetic


@pytest.mark.parametrize("header", ["lon,lat", "Longitude,Latitude", "LON,LAT", "longitude,lat"])
def test_coordinates_are_found_by_their_usual_names(tmp_path, header):
    sites = read_sites(
        points(tmp_path, f"{header}\n-75.5,39.1\n-76,38\n"), as_of="2026", layout="points"
    )
    assert list(sites.index) == ["site-2", "site-3"]
    assert sites["lon"].tolist() == [-75.5, -76.0]


def test_repetitions_apart_from_a_row_number_count_once(tmp_path):
    path = points(tmp_path, ",lon,lat\n1,-75.5,39.1\n2,-75.5,39.1\n3,-76,38\n")
    sites = read_sites(path, as_of="2026", layout="points")
    assert list(sites.index) == ["site-2", "site-4"]


@pytest.mark.parametrize(
    ("lon", "lat"),
    [
        (-176.6, 51.9),
        (172.9, 52.9),
        (-155.5, 19.6),
        (-66.1, 18.4),
        (-64.8, 18.3),
        (144.8, 13.4),
        (145.7, 15.2),
        (-170.7, -14.3),
        (134.5, 7.3),
        (-156.8, 71.3),
    ],
)
def test_every_corner_of_the_country_is_in_it(tmp_path, lon, lat):
    path = points(tmp_path, f"lon,lat\n{lon},{lat}\n")
    assert len(read_sites(path, as_of="2026", layout="points")) == 1
    with pytest.raises(InputError, match="latitude and longitude swapped"):
        read_sites(points(tmp_path, f"lon,lat\n{lat},{lon}\n"), as_of="2026", layout="points")


@pytest.mark.parametrize("unplaced", ["raise", "drop"])
@pytest.mark.parametrize(
    ("row", "says", "fix"),
    [
        ("39.1,-75.5", "latitude and longitude swapped", "exchange"),
        ("75.5,39.1", "a longitude without its minus sign", "negative"),
    ],
)
def test_coordinates_that_are_plainly_wrong_are_never_dropped(tmp_path, unplaced, row, says, fix):
    path = points(tmp_path, f"lon,lat\n-75.5,39.1\n{row}\n")
    with pytest.raises(InputError, match=says) as caught:
        read_sites(path, as_of="2026", layout="points", unplaced=unplaced)
    assert caught.value.rows == ["line 3"]
    assert fix in caught.value.fix


@pytest.mark.parametrize("row", ["0,0", ",", "-75.5,", ",39.1", "NA,NA", "2.35,48.86", "-999,-999"])
def test_sites_nowhere_are_an_error_or_counted(tmp_path, row):
    path = points(tmp_path, f"lon,lat\n-75.5,39.1\n{row}\n")
    with pytest.raises(InputError, match='unplaced = "drop"') as caught:
        read_sites(path, as_of="2026", layout="points")
    assert caught.value.rows == ["line 3"]
    assert isinstance(caught.value, EquityError)
    sites = read_sites(path, as_of="2026", layout="points", unplaced="drop")
    assert len(sites) == 1
    assert meta(sites).notes == ("points.csv: 1 sites without coordinates left out",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lon,lat,n\n-75.5,39.1,-2\n", "negative fte"),
        ("lon,lat,n\n-75.5,39.1,two\n", "column n holds 'two'"),
        ("lon,lat,n\n-75.5,39.1,inf\n", "column n holds 'inf'"),
        ("lon,lat,n\nwest,39.1,1\n", "column lon holds 'west'"),
    ],
)
def test_numbers_must_be_numbers(tmp_path, text, says):
    with pytest.raises(InputError, match=says) as caught:
        read_sites(
            points(tmp_path, text),
            as_of="2026",
            layout="points",
            columns={"lon": "lon", "lat": "lat", "fte": "n"},
        )
    assert caught.value.rows == ["line 2"]


def test_a_blank_id_is_named(tmp_path):
    path = points(tmp_path, "k,lon,lat\na,-75,39\n,-76,39\n")
    with pytest.raises(InputError, match="1 sites have no id") as caught:
        read_sites(
            path, as_of="2026", layout="points", columns={"id": "k", "lon": "lon", "lat": "lat"}
        )
    assert caught.value.rows == ["line 3"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"layout": "hrsa2"}, "choose hrsa or points"),
        ({"layout": "points", "unplaced": "keep"}, "choose raise or drop"),
        ({"layout": "points", "columns": {"lon": "lon"}}, "lon and lat are not both named"),
        (
            {"layout": "points", "columns": {"lon": "lon", "lat": "lat", "beds": "b"}},
            "unknown role 'beds'",
        ),
    ],
)
def test_wrong_options_name_the_right_ones(tmp_path, options, says):
    with pytest.raises(InputError, match=says):
        read_sites(points(tmp_path, "lon,lat\n-75,39\n"), as_of="2026", **options)


def test_a_table_without_coordinates(tmp_path):
    with pytest.raises(MissingColumnError, match="lacks column lon, lat"):
        read_sites(points(tmp_path, "name,street\na,b\n"), as_of="2026", layout="points")
    with pytest.raises(FormatError, match="do not have the header's 2 fields"):
        read_sites(points(tmp_path, "lon,lat\n-75\n"), as_of="2026", layout="points")
