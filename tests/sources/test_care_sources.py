"""Shortage areas, clinicians, hospitals, the provider register, and finding where they are."""

from __future__ import annotations

import zipfile

import nppes_rows
import pandas as pd
import pytest
import replica_publishers as publishers
from replica_server import Answer

from equity.errors import EquityError, FormatError, InputError, MissingColumnError
from equity.files import large
from equity.provenance import meta
from equity.sources.care import nppes as nppes_module
from equity.sources.care.cms import read_clinicians, read_hospitals, read_rural_clinics
from equity.sources.care.designations import read_designations
from equity.sources.care.nppes import read_nppes
from equity.sources.care.placing import get_placed, place_providers
from equity.sources.census.geocoder import geocode

HPSA = (
    "HPSA Name,HPSA ID,Designation Type,HPSA Discipline Class,HPSA Score,HPSA Status,HPSA "
    "Geography Identification Number,HPSA FTE,"
    "HPSA Designation Population,HPSA Component Type Code,HPSA Shortage,Primary State FIPS Code,"
)


def hpsa(path, rows):
    lines = [HPSA]
    for name, key, score, status, geoid, kind in rows:
        lines.append(
            f'"{name}","{key}","Geographic HPSA","Primary Care","{score}","{status}","{geoid}","1.5","4000.0","{kind}","2.25","54"'
        )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_hpsa_components_are_cleaned(tmp_path):
    rows = [
        ("Las MarÃ\xadas", "1540000001", " 6", "Designated", "54001000100", "CT"),
        ("Las MarÃ\xadas", "1540000001", " 6", "Designated", "54001000100", "CT"),
        ("County", "1540000002", "20", "Proposed For Withdrawal", "54003", "SCTY"),
        ("Gone", "1540000003", "20", "Withdrawn", "54003", "SCTY"),
        ("Clinic", "1540000004", "NA", "Designated", "POINT", "UNK"),
        ("Masked", "1540000005", "11", "Designated", "XXXXX", "SCTY"),
    ]
    table = read_designations(
        hpsa(tmp_path / "h.csv", rows), kind="hpsa-pc", as_of="2026-09-18", state="WV"
    )
    assert table["name"].tolist() == ["Las Marías", "County", "Clinic", "Masked"]
    assert table["component"].tolist() == ["tract", "county", "point", "county"]
    assert table["score"].tolist()[:2] == [6, 20]
    assert pd.isna(table["score"].iloc[2])
    assert table["geoid"].tolist()[:2] == ["54001000100", "54003"]
    assert table["geoid"].isna().tolist() == [False, False, True, True]
    assert table["shortage_fte"].eq(2.25).all()
    told = " ".join(meta(table).notes)
    assert "1 repeated components" in told
    assert "h.csv: 1 rows with the status 'Withdrawn' left out" in told


def test_an_id_is_mended_only_into_a_county_that_exists(tmp_path):
    rows = [
        ("Zero lost", "1", "6", "Designated", "1001020100", "CT"),
        ("Nowhere", "2", "6", "Designated", "4099020100", "CT"),
        ("No county", "3", "6", "Designated", "54999", "SCTY"),
        ("Masked", "4", "6", "Designated", "XXXXX", "SCTY"),
        ("Clinic", "5", "6", "Designated", "12345", "UNK"),
    ]
    table = read_designations(hpsa(tmp_path / "h.csv", rows), kind="hpsa-pc", as_of="2026")
    assert table["geoid"].fillna("").tolist() == ["01001020100", "", "", "", ""]
    assert "h.csv: 2 rows have an id that is none or lies in no county" in meta(table).notes


@pytest.mark.parametrize(
    ("score", "kind", "says"), [("27", "CT", "outside 0 to 26"), ("6", "??", "unknown component")]
)
def test_a_designation_that_cannot_be_names_its_line(tmp_path, score, kind, says):
    rows = [
        ("A\nwith a break", "1", "6", "Designated", "54001000100", "CT"),
        ("B", "2", score, "Designated", "54001000100", kind),
    ]
    with pytest.raises(InputError, match=says) as caught:
        read_designations(hpsa(tmp_path / "h.csv", rows), kind="hpsa-pc", as_of="2026")
    assert caught.value.rows == ["line 4"]
    assert caught.value.fix


def test_a_list_without_designations_is_an_empty_table(tmp_path):
    assert len(read_designations(hpsa(tmp_path / "h.csv", []), kind="hpsa-pc", as_of="2026")) == 0


def test_a_score_above_26_is_refused(tmp_path):
    with pytest.raises(InputError, match="0 to 26"):
        read_designations(
            hpsa(tmp_path / "h.csv", [("T", "1", "60", "Designated", "54001", "SCTY")]),
            kind="hpsa-pc",
            as_of="x",
        )


MUA_PLACE = "Medically Underserved Area/Population (MUA/P) Component Geographic Type Code"
MUA = [
    "MUA/P ID", "MUA/P Service Area Name", "Designation Type", "MUA/P Status Description", "IMU Score", MUA_PLACE, "State FIPS Code",
    "State and County Federal Information Processing Standard Code", "County Subdivision FIPS Code", "Census Tract", "Primary State FIPS Code", "",
]  # fmt: skip


def test_mua_builds_ids_and_drops_the_score_of_exceptions(tmp_path):
    rows = [
        [
            "03001",
            "A",
            "Medically Underserved Area",
            "Designated",
            "55.1",
            "CT",
            "09",
            "09001",
            "",
            "0101.01",
            "09",
        ],
        [
            "03002",
            "B",
            "Medically Underserved Area – Governor's Exception",
            "Designated",
            "0.0",
            "SCTY",
            "09",
            "09003",
            "",
            "",
            "09",
        ],
        [
            "03003",
            "C",
            "Medically Underserved Population",
            "Designated",
            "60",
            "CSD",
            "09",
            "09003",
            "22630",
            "",
            "09",
        ],
        [
            "03004",
            "D",
            "Medically Underserved Area",
            "Withdrawn",
            "60",
            "SCTY",
            "54",
            "54001",
            "",
            "",
            "54",
        ],
    ]
    text = ",".join(MUA) + "\n" + "\n".join(",".join(f'"{c}"' for c in r) for r in rows) + "\n"
    (tmp_path / "m.csv").write_text(text, encoding="utf-8")
    table = read_designations(tmp_path / "m.csv", kind="mua", as_of="2026-09-18", state="CT")
    assert table["geoid"].tolist() == ["09001010101", "09003", "0900322630"], (
        "still the old counties"
    )
    assert table["score"].tolist()[0] == 55.1
    assert pd.isna(table["score"].iloc[1])


DAC = "NPI,Ind_PAC_ID,Provider Last Name,Cred\t,pri_spec,Telehlth\t,Facility Name,adr_ln_1,City/Town,State,ZIP Code"


def test_clinicians_with_tabs_in_the_header_share_one_head(tmp_path):
    rows = [
        "1000000004,1,A,MD,FAMILY PRACTICE,Y,Clinic,1 Main St,Town,WV,253011234",
        "1000000004,1,A,MD,FAMILY PRACTICE,Y,Other,2 Main St,Town,VA,22901",
        "1000000004,1,A,MD,FAMILY PRACTICE,Y,Clinic,1 Main St,Town,WV,253011234",
        "1000000012,1,B,MD,DERMATOLOGY,,Skin,3 Main St,Town,WV,25302",
    ]
    (tmp_path / "d.csv").write_text("\n".join([DAC, *rows]) + "\n")
    table = read_clinicians(tmp_path / "d.csv", as_of="2026-10", state="WV")
    assert table["fte"].tolist() == [0.5, 1.0], "the other half stands in Virginia"
    assert table["offers_telehealth"].iloc[0]
    assert pd.isna(table["offers_telehealth"].iloc[1]), "a blank is unknown, not no"
    only = read_clinicians(tmp_path / "d.csv", as_of="2026-10", specialties=["Family Practice"])
    assert len(only) == 2


def test_an_npi_that_is_none_is_named(tmp_path):
    (tmp_path / "d.csv").write_text(DAC + "\n12345,1,A,MD,X,Y,C,1 Main,T,WV,25301\n")
    with pytest.raises(InputError, match="no NPI"):
        read_clinicians(tmp_path / "d.csv", as_of="2026-10")


def test_hospitals_keep_letters_in_their_number(tmp_path):
    head = "Facility ID,Facility Name,Address,City/Town,State,ZIP Code,County/Parish,Hospital Type,Emergency Services"
    rows = [
        "51001F,A,1 St,T,WV,25301,X,Critical Access Hospitals,Yes",
        "10001,B,1 St,T,WV,25301,X,Acute Care Hospitals,No",
    ]
    (tmp_path / "h.csv").write_text("\n".join([head, *rows]) + "\n")
    table = read_hospitals(tmp_path / "h.csv", as_of="2026-10", state="WV")
    assert list(table.index) == ["51001F", "010001"]
    assert table["fte"].isna().all()
    assert len(read_hospitals(tmp_path / "h.csv", as_of="2026-10", emergency_only=True)) == 1
    with pytest.raises(MissingColumnError, match="'CCN'"):
        read_rural_clinics(tmp_path / "h.csv", as_of="2026-10")


def register(path, rows, *, header=None, member="npidata_pfile_20050523-20261108.csv", twin=True):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, (header or nppes_rows.header()) + b"".join(rows))
        if twin:
            archive.writestr(member.replace(".csv", "_fileheader.csv"), nppes_rows.header())
            archive.writestr("pl_pfile_20050523-20261108.csv", '"NPI"\n')
    return path


def wanted(count=400):
    """What a plain loop keeps."""
    found = {}
    for i in range(count):
        cell = dict(zip(nppes_rows.COLUMNS, nppes_rows.cells(i), strict=True))
        code = cell["Healthcare Provider Taxonomy Code_1"]
        sets = [name for name, codes in nppes_module.TAXONOMIES.items() if code in codes]
        if cell["Entity Type Code"] == "1" and sets:
            found[cell["NPI"]] = (
                sets[0],
                cell["Provider Business Practice Location Address State Name"],
            )
    return found


def test_the_register_is_read_at_full_width(tmp_path):
    path = register(tmp_path / "n.zip", [nppes_rows.row(i) for i in range(400)])
    table = read_nppes(path, as_of="2026-11")
    expected = wanted()
    assert (
        dict(zip(table.index, zip(table["kind"], table["state"], strict=True), strict=True))
        == expected
    )
    assert table["fte"].eq(1).all()
    assert len(read_nppes(path, as_of="2026-11", states=["WV"])) == sum(
        s == "WV" for _, s in expected.values()
    )


def as_one(first, last, at):
    """Two providers whose quotes are lost but for one of each: a quote opens, and closes below."""
    ours, theirs = nppes_rows.cells(first), nppes_rows.cells(last)
    above = ",".join([*(f'"{cell}"' for cell in ours[:at]), '"' + ",".join(ours[at:])])
    below = ",".join([",".join(theirs[: at + 1]) + '"', *(f'"{c}"' for c in theirs[at + 1 :])])
    return f"{above}\n{below}\n".encode()


@pytest.mark.parametrize("at", [2, 20, 329])
@pytest.mark.parametrize("packed", [True, False])
def test_two_stray_quotes_never_make_one_provider_of_two(tmp_path, at, packed):
    rows = [nppes_rows.row(0), as_one(20, 40, at), nppes_rows.row(60)]
    path = tmp_path / "npidata.csv"
    path.write_bytes(nppes_rows.header() + b"".join(rows))
    path = register(tmp_path / "n.zip", rows) if packed else path
    with pytest.raises(FormatError, match=r"closed in a later one \(lines 3\)"):
        read_nppes(path, as_of="2026-11")


def test_a_line_end_in_a_cell_of_the_register_or_between_rows_loses_nobody(tmp_path):
    told = nppes_rows.row(20, **{"Provider Other Organization Name": "A\nB"})
    path = register(tmp_path / "n.zip", [nppes_rows.row(0), told, b"\n", nppes_rows.row(40)])
    assert len(read_nppes(path, as_of="2026-11")) == 3


def test_small_blocks_change_nothing(tmp_path, monkeypatch):
    path = register(tmp_path / "n.zip", [nppes_rows.row(i) for i in range(400)])
    whole = read_nppes(path, as_of="2026-11")
    monkeypatch.setattr(large, "_BLOCK", 20_000)
    pd.testing.assert_frame_equal(read_nppes(path, as_of="2026-11"), whole)


def test_who_is_left_out_and_who_comes_back(tmp_path):
    code = "Healthcare Provider Taxonomy Code_{}"
    switch = "Healthcare Provider Primary Taxonomy Switch_{}"
    family, nurse = "207Q00000X", "163W00000X"
    rows = [
        nppes_rows.row(0, **{"NPI Deactivation Date": "01/01/2020"}),
        nppes_rows.row(20, **{"NPI Deactivation Date": "01/01/2020", "NPI Reactivation Date": "02/01/2020"}),
        nppes_rows.row(40, **{"Entity Type Code": ""}),
        nppes_rows.row(60, **{code.format(1): nurse, switch.format(1): "N", code.format(2): family, switch.format(2): "Y"}),
        nppes_rows.row(80, **{code.format(1): nurse, switch.format(1): "Y", code.format(2): family, switch.format(2): "N"}),
        nppes_rows.row(100, **{code.format(1): family, switch.format(1): "X"}),
        nppes_rows.row(3, **{code.format(1): family}),
        nppes_rows.row(120, **{"Provider Last Name (Legal Name)": "O'NEIL, JR", "Provider First Line Business Practice Location Address": "1 A\nB"}),
    ]  # fmt: skip
    path = register(tmp_path / "n.zip", rows)

    def ids(**options):
        return [
            int(i) - 10**9
            for i in read_nppes(path, as_of="2026-11", sets=["primary_care"], **options).index
        ]

    assert ids() == [20, 60, 100, 120]
    assert ids(primary_only=False) == [20, 60, 80, 100, 120]
    assert ids(persons=False) == [20, 60, 100, 3, 120]
    table = read_nppes(path, as_of="2026-11")
    assert "O'NEIL, JR" in table.loc["1000000120", "name"]


def test_the_renamed_columns_of_version_1_are_no_obstacle(tmp_path):
    header = nppes_rows.header().replace(b"Provider Sex Code", b"Provider Gender Code")
    path = register(tmp_path / "n.zip", [nppes_rows.row(0)], header=header)
    assert len(read_nppes(path, as_of="2026-11")) == 1


def test_spoiled_registers(tmp_path):
    with pytest.raises(FormatError, match="holds 0"):
        read_nppes(
            register(tmp_path / "a.zip", [nppes_rows.row(0)], member="other.csv", twin=False),
            as_of="x",
        )
    with pytest.raises(MissingColumnError, match="lacks"):
        read_nppes(register(tmp_path / "b.zip", [b'"1"\n'], header=b'"NPI"\n'), as_of="x")
    with pytest.raises(FormatError):
        read_nppes(register(tmp_path / "c.zip", [nppes_rows.row(0), b'"1","2"\n']), as_of="x")
    with pytest.raises(FormatError, match="no provider"):
        read_nppes(register(tmp_path / "d.zip", []), as_of="x")
    body = register(tmp_path / "e.zip", [nppes_rows.row(i) for i in range(50)]).read_bytes()
    (tmp_path / "e.zip").write_bytes(body[:-100])
    with pytest.raises(FormatError, match="half a download"):
        read_nppes(tmp_path / "e.zip", as_of="x")
    flipped = bytearray(body)
    flipped[2000] ^= 0xFF
    (tmp_path / "f.zip").write_bytes(bytes(flipped))
    with pytest.raises(EquityError):
        read_nppes(tmp_path / "f.zip", as_of="x")
    with pytest.raises(InputError, match="stands twice"):
        read_nppes(register(tmp_path / "g.zip", [nppes_rows.row(0)] * 2), as_of="x")
    with pytest.raises(InputError, match="no set"):
        read_nppes(tmp_path / "g.zip", as_of="x", sets=["dentists"])


# Placing

ADDRESSES = pd.DataFrame(
    {
        "street": ["1 Main St", "2 Tie St", "3 Nowhere", "1 Main St"],
        "city": "Town",
        "state": "WV",
        "zip": ["54001", "54002", "54003", "54001"],
    },
    index=pd.Index(["a", "b", "c", "d"], name="site_id"),
)
KNOWN = {"1 Main St": (-80.5, 38.25, "540010001001001")}


def test_answers_in_another_order_reach_their_address(replica, desk):
    publishers.geocoder(replica, KNOWN)
    found = geocode(ADDRESSES, via=desk)
    assert list(found.index) == ["a", "b", "c", "d"]
    assert found["match"].tolist() == ["exact", "tie", "no_match", "exact"]
    assert found.loc["d", "block"] == "540010001001001"
    assert found.loc["b", ["lon", "lat"]].isna().all()
    body = replica.asked[0].body.decode()
    assert body.count("1 Main St") == 1, "the same address is sent once"
    assert "Public_AR_Current" in body


def test_chunks_are_sent_once_and_kept(replica, desk):
    publishers.geocoder(replica, KNOWN)
    first = geocode(ADDRESSES, chunk=2, via=desk)
    assert len(replica.asked) == 2
    pd.testing.assert_frame_equal(geocode(ADDRESSES, chunk=2, via=desk), first)
    assert len(replica.asked) == 2


@pytest.mark.parametrize(
    "body",
    [
        b'"0","x"\n',
        b'"0","x","Match","Exact"\n',
        b'"7","x","No_Match"\n',
        b'"0","x","No_Match"\n"0","x","No_Match"\n',
    ],
)
def test_an_answer_that_is_not_complete(replica, desk, body):
    replica.route("addressbatch", Answer(body, kind="text/csv"))
    with pytest.raises(FormatError):
        geocode(ADDRESSES.iloc[:1], via=desk)


def test_providers_are_placed_by_address_else_by_zip_area(replica, desk):
    publishers.everything(replica)
    publishers.geocoder(replica, KNOWN)
    providers = ADDRESSES.assign(fte=1.0)
    providers.loc["c", "zip"] = "99999"
    sites = get_placed(providers, year=2024, via=desk)
    assert sites["location_quality"].to_dict() == {"a": "address", "b": "zip_area", "d": "address"}
    assert sites.crs.to_epsg() == 4269
    assert "1 of 4 providers could not be placed" in meta(sites).notes
    assert "geometry" not in providers


def test_known_coordinates_are_not_replaced():
    providers = ADDRESSES.assign(lon=[-80.0, None, None, None], lat=[38.0, None, None, None])
    sites = place_providers(
        providers,
        geocoded=pd.DataFrame({"lon": -1.0, "lat": 1.0, "match": "exact"}, index=providers.index),
    )
    assert sites.loc["a", "lon"] == -80.0
    assert sites["location_quality"].tolist() == ["coordinates", "address", "address", "address"]
