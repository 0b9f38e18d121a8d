"""The publishers as they are: addresses that move, headers of two spellings, keys, and nothing twice."""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter

import nppes_rows
import pandas as pd
import pytest
import replica_publishers as publishers
from replica_server import HTML, Answer, page

from equity import settings
from equity.checkup import doctor_lines
from equity.errors import CredentialError, EquityError, FormatError, InputError, MissingColumnError
from equity.net.desk import Desk
from equity.net.store import Store
from equity.net.transport import Transport
from equity.provenance import meta
from equity.sources.care.cms import read_clinicians, read_hospitals, read_rural_clinics
from equity.sources.care.get_sites import get_sites
from equity.sources.care.lists import read_care_list
from equity.sources.care.nppes import TAXONOMIES, read_nppes
from equity.sources.care.telehealth import read_telehealth_trends
from equity.sources.catalog import INPUTS, find_input
from equity.sources.census.files import restamp
from equity.sources.fcc.api import fetch_bdc_summary
from equity.sources.fcc.summaries import read_bdc_mobile, read_bdc_summary
from equity.sources.fetch import Want, at_hand, fetch_input
from equity.sources.headers import header_lines
from equity.sources.usda import read_forhp, read_rucc
from equity.study.care import sites_that_count
from equity.study.parts import CarePart
from equity.study.readers import call

CODE = "Healthcare Provider Taxonomy Code"
SWITCH = "Healthcare Provider Primary Taxonomy Switch"
FETCHED = [entry for entry in INPUTS if not entry.by_hand_only]


@pytest.fixture
def everybody(replica, desk):
    publishers.everything(replica)
    publishers.care(replica)
    return replica


@pytest.fixture
def keys():
    settings.configure(
        census_api_key=publishers.KEY,
        fcc_username=publishers.FCC_USER,
        fcc_token=publishers.FCC_TOKEN,
    )


def asked_twice(replica) -> list:
    asked = Counter((a.path, tuple(sorted(a.query.items())), a.body) for a in replica.asked)
    return [question for question, times in asked.items() if times > 1]


def test_a_round_with_keys_asks_nothing_twice(everybody, desk, keys):
    for entry in FETCHED:
        assert fetch_input(entry.id, Want("WV"), via=desk), entry.id
    assert asked_twice(everybody) == []
    assert not everybody.find("summary_file")


def test_a_round_without_keys_lacks_the_fcc_alone_and_asks_nothing_twice(everybody, desk):
    lacking = []
    for entry in FETCHED:
        try:
            assert fetch_input(entry.id, Want("WV"), via=desk), entry.id
        except CredentialError as trouble:
            lacking.append((entry.id, trouble.code))
    needs_key = ["bdc", "bdc-summary", "bdc-mobile", "bdc-providers"]
    assert lacking == [(name, "E-KEY-MISSING") for name in needs_key]
    assert asked_twice(everybody) == []
    assert not everybody.find("api.census.gov")


def test_one_token_and_one_listing_give_the_fcc_s_own_tables(everybody, desk, keys):
    for name, reader in (("bdc-summary", read_bdc_summary), ("bdc-mobile", read_bdc_mobile)):
        (stored,) = fetch_input(name, Want("WV"), via=desk)
        table = reader(stored.path, as_of="2025-12-31", state="WV")
        assert table.index.tolist() == ["54001", "54003"]
        assert stored.receipt.revision == "2026-09-29"
    providers = fetch_bdc_summary("bdc_us_provider_list_D25_<r>", as_of="2025-12-31", via=desk)
    assert providers.path.name == "bdc_us_provider_list_D25_29sep2026.zip"
    assert len(everybody.find("listAvailabilityData")) == 1
    with pytest.raises(InputError, match="lists 0 tables"):
        fetch_bdc_summary("bdc_us_nothing_<r>", as_of="2025-12-31", via=desk)


# Addresses


def test_the_hash_of_the_month_is_asked_for_and_told(everybody, desk):
    publishers.provider_data(everybody, month="new0", deep=True)
    (stored,) = fetch_input("cms-hospitals", Want("WV"), via=desk)
    assert "/resources/new0xubh_" in stored.receipt.url
    source = meta(restamp(read_hospitals(stored.path, as_of="2026-10"), stored)).sources[0]
    assert source.url == stored.receipt.url
    assert "metastore/schemas/dataset/items/xubh-q36u" in source.note


def test_three_lists_of_one_catalog_are_one_question_and_the_newest_of_each(everybody, desk):
    for name in ("cms-rhc", "cms-fqhc", "telehealth-trends"):
        (stored,) = fetch_input(name, Want("WV"), via=desk)
        assert "2026.10.01" in stored.receipt.url
    assert len(everybody.find("data.json")) == 1


MOVED = {
    "rucc": (r"/media/5768/", lambda r: publishers.rurality(r, moved="9999"), "/media/9999/"),
    "libraries": (
        r"/files/2026-06/",
        lambda r: publishers.libraries(r, folder="2027-01"),
        "/2027-01/",
    ),
}


@pytest.mark.parametrize("name", MOVED)
@pytest.mark.parametrize(
    "gone",
    [Answer(b"", 404), Answer(b"", 403), Answer(page("Not here"), kind=HTML)],
    ids=["404", "403", "page"],
)
def test_an_address_that_is_gone_is_found_on_its_publisher_s_page(everybody, desk, name, gone):
    old, move, new = MOVED[name]
    move(everybody)
    everybody.fault(old, gone)
    (stored,) = fetch_input(name, Want("WV"), via=desk)
    assert new in stored.receipt.url
    assert stored.receipt.found.startswith("address found at https://www.")
    assert stored.source().note == stored.receipt.found


def test_where_neither_address_nor_page_help_the_first_trouble_is_told(everybody, desk):
    everybody.fault("www.ers.usda.gov", Answer(b"", 404))
    with pytest.raises(EquityError, match="answered 404") as caught:
        fetch_input("rucc", Want("WV"), via=desk)
    assert "/media/5768/" in str(caught.value)
    assert len(everybody.find("rural-urban-continuum")) == 2


def test_an_address_that_holds_is_asked_alone(everybody, desk):
    (stored,) = fetch_input("rucc", Want("WV"), via=desk)
    assert stored.receipt.found == ""
    assert len(everybody.asked) == 1


def test_a_release_that_the_catalog_does_not_know_is_found_by_its_name(everybody, desk):
    results = [
        {"resource": {"id": "old1-aaaa", "name": "PLACES: Local Data for Better Health, Census Tract Data 2025 release"}},
        {"resource": {"id": "wide-aaaa", "name": "PLACES: Census Tract Data (GIS Friendly Format), 2026 release"}},
        {"resource": {"id": "new2-bbbb", "name": "PLACES: Local Data for Better Health, Census Tract Data, 2026 release"}},
    ]  # fmt: skip
    catalog = Answer(json.dumps({"results": results}).encode(), kind="application/json")
    everybody.route(r"^/data.cdc.gov/api/catalog/v1$", catalog)
    everybody.route(r"^/data.cdc.gov/api/views/new2-bbbb/rows.csv$", b"MeasureId,x\n")
    (stored,) = fetch_input("places-tract", Want("WV", vintage="2026"), via=desk)
    assert "/new2-bbbb/" in stored.receipt.url
    with pytest.raises(EquityError, match="names no file"):
        fetch_input("places-tract", Want("WV", vintage="2031"), via=desk)


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"distribution": [3]}', b"not JSON"])
def test_a_list_in_another_form_says_so(everybody, desk, body):
    everybody.route("metastore", Answer(body, kind="application/json"))
    with pytest.raises(EquityError, match=r"not in its usual form|names no file") as caught:
        fetch_input("cms-hospitals", Want("WV"), via=desk)
    assert "data/raw" in caught.value.fix


def test_a_first_gazetteer_has_no_folder_of_its_year(everybody, desk):
    from equity.sources.census.gazetteer import fetch_gazetteer

    fetch_gazetteer("tract", year=2010, via=desk)
    fetch_gazetteer("tract", year=2024, via=desk)
    first, later = (asked.path for asked in everybody.asked)
    assert first.endswith("/gazetteer/Gaz_tracts_national.zip")
    assert later.endswith("/gazetteer/2024_Gazetteer/2024_Gaz_tracts_national.zip")


# Columns


def read(entry, files):
    """Read an input as a study does."""
    told = {
        "year": int(entry.vintage) if entry.vintage.isdigit() else None,
        "as_of": entry.vintage,
        "level": entry.level or "tract",
    }
    paths = [stored.path for stored in files]
    return call(entry.reader, paths if len(paths) > 1 else paths[0], told, entry.options)


def renamed(data: bytes, name: str) -> bytes:
    """The same file, one of its columns called otherwise."""
    if data.startswith(b"PK"):
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
            for member in old.namelist():
                new.writestr(member, renamed(old.read(member), name))
        return out.getvalue()
    if data.startswith(b"{"):
        return data.replace(f'"{name}":'.encode(), b'"zz":')
    head, end, rows = data.partition(b"\n")
    for mark in (b",", b"|", b"\t"):
        cells = head.split(mark)
        if len(cells) > 1 or mark == b"\t":
            cells = [b"zz" if c.strip(b'"\xef\xbb\xbf \t\r') == name.encode() else c for c in cells]
            return mark.join(cells) + end + rows
    raise AssertionError


NEEDED = [
    (entry.id, column)
    for entry in FETCHED
    for column in entry.columns
    if entry.id not in {"acs", "bdc"}
    and "|" not in column
    # Of the two codings of Connecticut a study takes one.
    and column != "TractFIPS23"
]


@pytest.mark.parametrize(("name", "column"), NEEDED)
def test_what_the_catalog_says_a_reader_needs_it_does_need(everybody, desk, keys, name, column):
    entry = find_input(name)
    files = fetch_input(name, Want("WV"), via=desk)
    told = files[0].path.read_bytes()
    files[0].path.write_bytes(renamed(told, column))
    assert files[0].path.read_bytes() != told, "the replica has it"
    with pytest.raises((MissingColumnError, FormatError)) as caught:
        read(entry, files[:1])
    assert caught.type is MissingColumnError or "zz" in str(caught.value)


@pytest.mark.parametrize("machine", [False, True])
@pytest.mark.parametrize("tail", [b"", b"\t"])
def test_cms_headers_of_either_spelling_tabs_and_a_stray_byte(everybody, desk, machine, tail):
    publishers.provider_data(everybody, machine=machine)
    (clinicians,) = fetch_input("cms-clinicians", Want("WV"), via=desk)
    head, end, rows = clinicians.path.read_bytes().partition(b"\n")
    clinicians.path.write_bytes(head + tail + end + rows)
    table = read_clinicians(clinicians.path, as_of="2026-10")
    assert len(table) == len(publishers.PLACES)
    offers = table.set_index("state")["offers_telehealth"]
    assert offers["WV"]
    assert offers.drop("WV").isna().all(), "a blank is unknown, not no"
    (hospitals,) = fetch_input("cms-hospitals", Want("WV"), via=desk)
    assert read_hospitals(hospitals.path, as_of="x").index[0] == "540001"


def test_one_stray_byte_leaves_the_rest_of_the_text_as_it_is(tmp_path):
    head = b"NPI,pri_spec,Telehlth,Facility Name,adr_ln_1,City/Town,State,ZIP Code\n"
    rows = [f"10000000{n:02d},X,Y,Clínica Peña,{n} St,Town,PR,00601\n".encode() for n in range(9)]
    odd = b"1000000099,X,Y,Caf\xe9 \x81,1 St,Town,PR,00601\n"
    (tmp_path / "d.csv").write_bytes(head + b"".join(rows) + odd)
    names = read_clinicians(tmp_path / "d.csv", as_of="x")["name"].tolist()
    assert names == ["Clínica Peña"] * 9 + ["Café ?"]


# Lists of places


@pytest.mark.parametrize("form", ["cms-rhc", "cms-fqhc"])
def test_rows_without_a_certification_number_stay_apart(everybody, desk, form):
    (stored,) = fetch_input(form, Want("WV"), via=desk)
    table = read_care_list(stored.path, as_of="2026-10", form=form, states=["WV"])
    assert table.index.tolist()[1:] == ["O543", "O544"]
    assert table["name"].iloc[0] == "Clinic Café"
    assert table.index[0] == {"cms-rhc": "543400", "cms-fqhc": "541800"}[form]


def test_an_enrollment_that_is_repeated_counts_once_and_is_told(tmp_path):
    head = publishers.ENROLLED
    rows = ["O1,1000000001,513400,A,1 St,T,WV,25301", "O2,1000000001,513400,A,1 St,T,WV,25301"]
    bare = [",1000000002,,B,2 St,T,WV,25301", ",,,C,3 St,T,WV,25301", ",,,D,4 St,T,WV,25301"]
    (tmp_path / "r.csv").write_text("\n".join([head, *rows, *bare]) + "\n")
    table = read_rural_clinics(tmp_path / "r.csv", as_of="x")
    assert table.index.tolist() == ["513400", "1000000002", "cms-rhc-4", "cms-rhc-5"]
    assert "1 repetitions counted once" in " ".join(meta(table).notes)


def test_a_hospital_stands_once(tmp_path):
    row = "510001,A,1 St,T,WV,25301,X,Acute Care Hospitals,Yes"
    (tmp_path / "h.csv").write_text(f"{publishers.HOSPITALS}\n{row}\n{row}\n")
    with pytest.raises(InputError, match="stands twice"):
        read_hospitals(tmp_path / "h.csv", as_of="x")


def test_treatment_sites_come_in_pages_and_say_what_they_offer(everybody, desk):
    files = fetch_input("samhsa-mental", Want("WV"), via=desk)
    assert [stored.path.name for stored in files] == [
        "findtreatment_mh_WV.json", "findtreatment_mh_WV_2.json",
    ]  # fmt: skip
    table = read_care_list([f.path for f in files], as_of="2026-11", form="samhsa-mental")
    assert table["offers_telehealth"].tolist()[:2] == [True, False]
    assert pd.isna(table["offers_telehealth"].iloc[2]), "it lists no service at all"
    assert table["lat"].isna().tolist() == [False, False, True]
    with pytest.raises(InputError, match="lists no places by Guam"):
        fetch_input("samhsa-mental", Want("GU"), via=desk)
    assert at_hand("samhsa-mental", Want("GU"), via=desk) == []


def test_treatment_sites_of_neighbors_count_and_the_rest_stands_in_its_zip_area(everybody, desk):
    sites = get_sites(
        "mental-health-sites", state="WV", neighbors=["DE"], addresses=False, via=desk
    )
    assert sites["location_quality"].value_counts().to_dict() == {"coordinates": 4, "zip_area": 2}
    assert sites["state"].value_counts().to_dict() == {"WV": 3, "DE": 3}
    with pytest.raises(InputError, match="state by state"):
        get_sites("mental-health-sites", via=desk)


def test_a_study_is_told_how_many_of_its_sites_offer_telehealth(everybody, desk):
    sites = get_sites("mental-health-sites", state="WV", addresses=False, via=desk)
    chosen = sites_that_count(sites, CarePart(kinds=["mental_health"]))
    assert chosen.index.tolist() == sites.index.tolist()
    assert (
        "Of 3 sites 1 are said to offer telehealth, 1 not; of 1 their list says nothing"
        in meta(chosen).notes
    )
    silent = sites.drop(columns="offers_telehealth")
    assert "telehealth" not in " ".join(meta(sites_that_count(silent, CarePart())).notes)


def test_an_answer_that_is_no_list_of_places(tmp_path):
    for body in (b'{"rows": 3}', b"[]", b"not JSON", b'{"rows": [3]}'):
        (tmp_path / "f.json").write_bytes(body)
        with pytest.raises(EquityError, match="not an answer with the rows"):
            read_care_list(tmp_path / "f.json", as_of="x", form="samhsa-mental")
    (tmp_path / "f.json").write_bytes(b'{"rows": []}')
    assert read_care_list(tmp_path / "f.json", as_of="x", form="samhsa-mental").empty


def test_libraries_are_outlets_with_a_building_and_need_no_zip_areas(everybody, desk):
    sites = get_sites("libraries", state="WV", via=desk)
    # The fourth is closed, the fifth for a time; the sixth is new.
    assert sites.index.tolist() == ["WV0001-001", "WV0001-002", "WV0001-006"]
    assert sites["name"].iloc[0] == "José Library 0"
    assert set(sites["location_quality"]) == {"coordinates"}
    assert not everybody.find("Gaz_zcta")
    told = " ".join(meta(sites).notes)
    assert "5 of 30 rows are no such site" in told
    assert "10 closed sites left out" in told


def test_libraries_that_do_not_say_whether_they_are_open_are_told(tmp_path):
    head = "STABR,FSCSKEY,FSCS_SEQ,LIBNAME,ADDRESS,CITY,ZIP,C_OUT_TY,LATITUDE,LONGITUD"
    (tmp_path / "outlets.csv").write_text(f"{head}\nWV,WV1,1,L,1 St,T,26101,CE,38.5,-80.5\n")
    sites = read_care_list(tmp_path / "outlets.csv", as_of="2024", form="libraries")
    assert len(sites) == 1
    assert "without STATSTRU, closed sites cannot be told and count" in " ".join(meta(sites).notes)


@pytest.mark.parametrize("states", [None, ["WV"]])
def test_a_place_whose_state_is_none_names_its_row(tmp_path, states):
    head = "STABR,FSCSKEY,FSCS_SEQ,LIBNAME,ADDRESS,CITY,ZIP,C_OUT_TY,STATSTRU,LATITUDE,LONGITUD"
    rows = "WV,WV1,1,L,1 St,T,26101,CE,00,38.5,-80.5\nOntario,ON1,2,M,1 St,T,,CE,00,43.5,-80.5\n"
    (tmp_path / "outlets.csv").write_text(f"{head}\n{rows}")
    with pytest.raises(InputError, match="1 rows have a state that is none: 'Ontario'") as caught:
        read_care_list(tmp_path / "outlets.csv", as_of="2024", form="libraries", states=states)
    assert caught.value.rows == ["ON1-2"]


def test_pharmacies_come_from_the_file_of_the_register(everybody, desk):
    fetch_input("nppes", Want("WV"), via=desk)
    pharmacies = get_sites("pharmacies", state="WV", addresses=False, via=desk)
    assert pharmacies["name"].tolist() == ["CORNER PHARMACY"]
    assert len(everybody.find("NPPES_Data")) == 1


# The register


def test_typical_clinicians_are_in_their_sets_and_hospitals_are_in_none():
    primary = "207Q00000X 208D00000X 363L00000X 363A00000X 363LP0200X 363LW0102X 207QG0300X"
    assert set(primary.split()) <= set(TAXONOMIES["primary_care"])
    assert {"101YP2500X", "104100000X", "2084P0805X"} <= set(TAXONOMIES["mental_health"])
    assert {"101YA0400X", "2083A0300X"} <= set(TAXONOMIES["substance_use"])
    every = [code for codes in TAXONOMIES.values() for code in codes]
    assert not any(code.startswith("282N") for code in every)
    assert len(set(every)) == len(every), "a code has one set"
    assert all(len(code) == 10 and code.endswith("X") for code in every)


def test_a_head_is_shared_among_all_addresses_wherever_they_are(tmp_path):
    second = [
        ("1000000000", "9 Far St", "VA", "229010000"),
        ("1000000000", "8 Far St", "WV", "253010000"),
        ("1000000020", "1 Same St", "VA", "229010000"),
        ("1000000020", "1 Same St", "VA", "229010000"),
        ("1999999999", "no such provider", "WV", "253010000"),
    ]
    place = {"Provider Business Practice Location Address State Name": "VA"}
    rows = [nppes_rows.row(i) for i in range(40)] + [nppes_rows.row(60, **place)]
    (tmp_path / "n.zip").write_bytes(nppes_rows.archive(rows, second=second))
    options = {"as_of": "2026-11", "sets": ["primary_care"]}
    heads = read_nppes(tmp_path / "n.zip", **options)
    table = read_nppes(tmp_path / "n.zip", second_addresses=True, **options)
    assert table["fte"].sum() == pytest.approx(len(heads)), "no head is added or lost"
    npi = table.index.to_series().str[:10]
    expected = dict.fromkeys(heads.index, 1) | {"1000000000": 3, "1000000020": 2}
    assert npi.value_counts().to_dict() == expected
    assert table.loc["1000000000-2", "state"] == "VA"
    here = read_nppes(tmp_path / "n.zip", second_addresses=True, states=["VA"], **options)
    assert here.loc["1000000000-2", "fte"] == pytest.approx(1 / 3)
    assert here.loc["1000000020-2", "fte"] == 0.5
    assert here.loc["1000000060", "fte"] == 1
    assert set(here["state"]) == {"VA"}
    (tmp_path / "n.csv").write_bytes(nppes_rows.header() + rows[0])
    with pytest.raises(InputError, match="another file of the archive"):
        read_nppes(tmp_path / "n.csv", second_addresses=True, **options)


def test_an_entity_that_is_none_is_named(tmp_path):
    row = nppes_rows.row(0, **{"Entity Type Code": "person"})
    (tmp_path / "n.csv").write_bytes(nppes_rows.header() + row)
    with pytest.raises(InputError, match="entity type is 'person'") as caught:
        read_nppes(tmp_path / "n.csv", as_of="x")
    assert caught.value.rows == ["1000000000"]


# Rurality


def test_rural_counties_come_from_the_sheet_of_counties(everybody, desk, tmp_path):
    from openpyxl import Workbook

    (stored,) = fetch_input("forhp", Want("WV"), via=desk)
    assert read_forhp(stored.path, year=2023, state="WV")["is_rural_forhp"].nunique() == 2
    book = Workbook()
    book.active.append(["FIPS_2023", "Tract_2010", "County_Eligibility"])
    book.active.append(["54001", "54001000100", "Fully FORHP Rural"])
    sheet = book.create_sheet("County_Eligibility")
    sheet.append(["FIPS_2023", "State", "County_Eligibility"])
    sheet.append(["54003", "WV", "Not Fully FORHP Rural"])
    book.save(tmp_path / "f.xlsx")
    assert read_forhp(tmp_path / "f.xlsx", year=2023).index.tolist() == ["54003"]


def test_county_codes_of_either_form_are_those_of_the_year_that_is_asked(tmp_path):
    long = (
        "FIPS,State,County_Name,Attribute,Value\n54001,WV,B,RUCC_2023,6\n54001,WV,B,RUCC_2013,9\n"
    )
    wide = "FIPS,State,County_Name,RUCC_2023,Description\n54001,WV,B,6,x\n"
    for text in (long, wide):
        (tmp_path / "r.csv").write_text(text)
        assert read_rucc(tmp_path / "r.csv", year=2023)["rucc"].to_dict() == {"54001": 6}
        with pytest.raises(EquityError, match="not of 2033"):
            read_rucc(tmp_path / "r.csv", year=2033)


# Telehealth in Medicare


def test_users_of_telehealth_by_state(everybody, desk):
    (stored,) = fetch_input("telehealth-trends", Want("WV"), via=desk)
    table = read_telehealth_trends(stored.path, year=2024)
    assert table.loc["54"].to_dict() == {
        "medicare_telehealth_eligible_n": 100, "medicare_telehealth_n": 25,
        "medicare_telehealth_share": 0.25,
    }  # fmt: skip
    assert len(table) == len(publishers.PLACES), "the nation is no state"
    withheld = read_telehealth_trends(stored.path, year=2023, state="WV")
    assert withheld["medicare_telehealth_share"].isna().all()
    with pytest.raises(InputError, match="nothing of the whole of 2019") as caught:
        read_telehealth_trends(stored.path, year=2019)
    assert "2023, 2024" in caught.value.fix


# What the doctor sees


def seen(desk) -> dict[str, str]:
    lines = list(header_lines(desk.transport))
    return {line.split()[0]: line.split(maxsplit=1)[1] for line in lines}


def test_the_doctor_finds_no_difference_where_there_is_none(everybody, desk, keys):
    found = seen(desk)
    assert list(found) == [e.id for e in FETCHED if not e.of]
    wrong = {
        name: said
        for name, said in found.items()
        if not said.startswith(("as expected", "extra", "right kind"))
    }
    assert wrong == {}
    assert asked_twice(everybody) == []
    assert not desk.store.receipts(), "nothing is kept"


def edit(replica, pattern, *changes):
    """Put another file in place of one that the replica has."""
    (_, reply), = [(p, r) for p, r in replica.routes if p.search(pattern)][:1]  # fmt: skip

    def spoiled(asked):
        answer = reply(asked)
        for old, new in changes:
            assert old in answer.body
            answer = Answer(answer.body.replace(old, new), kind=answer.kind, ranges=True)
        return answer

    replica.route(f"^{pattern}$", spoiled)


def test_the_doctor_prints_every_difference_and_no_key(everybody, desk, keys):
    hrsa = "/data.hrsa.gov/DataDownload/DD_Files/Health_Center_Service_Delivery_and_LookAlike_Sites.csv"
    edit(everybody, hrsa, (b",Site Name,", b",Name of Site,"))
    publishers.provider_data(everybody, machine=True)
    everybody.fault("/media/5443/", Answer(b"", 302, headers={"Location": "/www.ers.usda.gov/new/r.csv"}))  # fmt: skip
    everybody.route("/new/r.csv$", b"TractFIPS20,TractFIPS23,PrimaryRUCA,SecondaryRUCA\n")
    publishers.libraries(everybody, folder="2027-01")
    everybody.fault("/files/2026-06/", Answer(b"", 404))
    everybody.fault("SVI_2022_US.csv", Answer(page("Maintenance"), kind=HTML))
    everybody.fault("cb_2024_us_aiannh", Answer(b"GEOID,NAME\n", kind="text/csv"))
    everybody.fault("est24all", Answer(b"PK\x03\x04 a workbook", kind="text/plain"))
    everybody.fault("exportsAsJson", Answer(b"name1,street1\n", kind="text/csv"))
    everybody.fault("MUA_DET", Answer(b"", 404))
    settings.configure(fcc_token="w" * 44)
    found = seen(desk)
    assert "missing: Site Name" in found["hrsa-sites"]
    assert "Name of Site" in found["hrsa-sites"].partition("extra")[2]
    assert "spelled otherwise: 'facility_id' for 'Facility ID'" in found["cms-hospitals"]
    assert "missing" not in found["cms-hospitals"]
    assert "sends on to www.ers.usda.gov/new/r.csv" in found["ruca"]
    assert "the known address is gone" in found["libraries"]
    assert "/sites/default/files/2027-01/" in found["libraries"]
    assert found["svi-tract"] == "wrong type: a web page, where text is expected"
    assert found["tribal-areas"] == "wrong type: no ZIP, where a ZIP is expected"
    assert found["saipe"] == "wrong type: a ZIP, where text is expected"
    assert found["samhsa-mental"] == "wrong type: no JSON, where JSON is expected"
    assert "answered 404" in found["mua"]
    assert "answered 401" in found["bdc"]
    told = "\n".join(found.values())
    assert "w" * 44 not in told
    assert publishers.KEY not in told
    assert publishers.FCC_USER not in told


def test_the_doctor_without_keys_says_what_it_did_not_ask(everybody, desk):
    found = seen(desk)
    assert found["bdc"] == found["bdc-summary"] == "not asked: a key is needed"
    assert "missing" not in found["acs"], "the keyless file"


def test_the_doctor_looks_at_files_only_when_asked_to(everybody, desk, cache):
    plain = "\n".join(doctor_lines(via=desk.transport))
    assert "as their publishers send them" not in plain
    live = "\n".join(doctor_lines(live=True, via=desk.transport))
    assert live.partition("as their publishers send them today\n")[2].count("\n") > 30


def test_the_doctor_offline_looks_at_nothing(everybody, desk):
    settings.configure(offline=True)
    assert set(seen(desk).values()) == {"not asked: offline"}
    assert everybody.asked == []


def test_a_second_session_asks_the_lists_again(everybody, desk, tmp_path, clock):
    fetch_input("cms-rhc", Want("WV"), via=desk)
    other = Desk(Transport(clock=clock), Store(tmp_path / "other"))
    fetch_input("cms-rhc", Want("WV"), via=other)
    assert len(everybody.find("data.json")) == 2


# Real files, as they are


def test_real_files_of_the_publishers_go_through_their_readers(shared_data):
    samples = shared_data / "samples"
    answer = samples / "cms" / "hospital_general_information.maryland.api.json"
    hospitals = read_hospitals(answer, as_of="2026-10", state="MD")
    rows = json.loads(answer.read_text())
    assert len(hospitals) == len(rows)
    assert hospitals["has_emergency"].sum() == sum(r["emergency_services"] == "Yes" for r in rows)
    for name in ("", ".excerpt"):
        path = samples / "rucc" / f"2023-rural-urban-continuum-codes{name}.csv"
        assert read_rucc(path, year=2023)["rucc"].dropna().between(1, 9).all()
    whole = read_rucc(samples / "rucc" / "2023-rural-urban-continuum-codes.csv", year=2023)
    assert len(whole) > 3_100
    assert whole.loc["01001", "rucc"] == 2


def test_the_real_register_keeps_whom_a_plain_loop_keeps(shared_data):
    sample = shared_data / "samples" / "nppes" / "npidata_pfile.sample.csv"
    cells = pd.read_csv(sample, dtype=str, keep_default_na=False)
    gone = (cells["NPI Deactivation Date"] != "") & (cells["NPI Reactivation Date"] == "")
    assert (len(cells), (cells["NPI Deactivation Date"] != "").sum()) == (1_000, 108)
    expected = set()
    for _, row in cells[~gone & (cells["Entity Type Code"] == "1.0")].iterrows():
        slots = [n for n in range(1, 16) if row[f"{SWITCH}_{n}"] == "Y"] or [1]
        if row[f"{CODE}_{slots[0]}"] in TAXONOMIES["primary_care"]:
            expected.add(row["NPI"])
    assert set(read_nppes(sample, as_of="2026-11", sets=["primary_care"]).index) == expected
    assert expected
