"""The inventory: every input fetched from the replica, told by the command, equal to the README."""

from __future__ import annotations

import json
from pathlib import Path

import nppes_rows
import pytest
import replica_publishers as publishers
from replica_server import Answer

import equity as eq
from equity import settings
from equity.checkup import doctor_lines
from equity.errors import EquityError, InputError, OfflineError
from equity.net.publishers import PUBLISHERS
from equity.sources.care.designations import get_designations
from equity.sources.care.get_sites import SITE_KINDS, get_sites
from equity.sources.catalog import GIVES, INPUTS, find_input, load_rows
from equity.sources.census.tribal import get_tribal_areas
from equity.sources.fetch import Want, at_hand, fetch_input
from equity.sources.listing import cache_lines, readme_table, source_lines

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def everybody(replica, desk):
    publishers.everything(replica)
    publishers.care(replica)
    settings.configure(
        census_api_key=publishers.KEY,
        fcc_username=publishers.FCC_USER,
        fcc_token=publishers.FCC_TOKEN,
    )
    return replica


@pytest.mark.parametrize("entry", [e for e in INPUTS if not e.by_hand_only], ids=lambda e: e.id)
def test_every_input_comes_once_and_stays(everybody, desk, entry):
    files = fetch_input(entry.id, Want("WV"), via=desk)
    assert files
    assert all(f.receipt for f in files)
    asked = len(everybody.asked)
    assert at_hand(entry.id, Want("WV"), via=desk) == files
    assert fetch_input(entry.id, Want("WV"), via=desk) == files
    assert len(everybody.asked) == asked


@pytest.mark.parametrize("entry", [e for e in INPUTS if e.by_hand_only], ids=lambda e: e.id)
def test_what_comes_only_by_hand_says_where_from_and_under_what_name(
    everybody, desk, entry, tmp_path
):
    with pytest.raises(OfflineError, match="by hand") as caught:
        fetch_input(entry.id, Want("WV"), via=desk)
    name = entry.file.format(**entry.names("WV"))
    assert f"data/raw/{name}" in caught.value.fix
    (tmp_path / "data" / "raw").mkdir(parents=True)
    (tmp_path / "data" / "raw" / name).write_bytes(b"x")
    assert fetch_input(entry.id, Want("WV"), via=desk)[0].path.name == name
    assert everybody.asked == []


def test_the_table_is_sound():
    assert {e.gives for e in INPUTS} == set(GIVES)
    with pytest.raises(InputError, match="use one of"):
        find_input("live:nothing")


@pytest.mark.parametrize("entry", INPUTS, ids=lambda e: e.id)
def test_a_row_names_a_reader_that_takes_what_the_row_says(entry):
    takes = entry.reader.takes
    assert entry.reader.function.__name__ == f"read_{entry.reader.name}"
    assert set(entry.options) <= set(takes)
    needed = {key for key, must in takes.items() if must}
    assert needed - {"level"} <= {entry.reader.dated, *entry.options}
    assert entry.server in PUBLISHERS
    if entry.fetch:
        assert callable(entry.client)


def test_the_keyword_that_means_the_vintage_is_the_reader_s_own():
    dated = {e.reader.name: e.reader.dated for e in INPUTS}
    assert (dated["svi"], dated["bdc"], dated["block_links"]) == ("year", "as_of", "")


ROW = """
[a]
agency = "A"
product = "P"
server = "fcc"
vintage = "2024"
size = "1 MB"
use = "u"
without = "w"
file = "a.csv"
reader = "equity.sources.cdc:read_svi"
gives = "areas"
"""


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('agency = "A"\n', "", "agency"),
        ('agency = "A"', "agency = 3", "a.agency: 3 is no field"),
        ('agency = "A"', 'agency = "A"\nagent = "B"', "a.agent: 'B' is no field"),
        ('gives = "areas"', 'gives = "riches"', "a does not say who reads it"),
        ('reader = "equity.sources.cdc:read_svi"\n', "", "a does not say who reads it"),
        ('file = "a.csv"', 'file = "a.csv"\nparams = "x"', "a.params: 'x' is no field"),
    ],
)
def test_a_row_that_is_no_input_is_refused(old, new, says):
    assert [entry.id for entry in load_rows(ROW)] == ["a"]
    assert old in ROW
    with pytest.raises(InputError, match=says) as caught:
        list(load_rows(ROW.replace(old, new)))
    assert "catalog.toml" in str(caught.value)


def test_a_file_whose_name_the_publisher_completes_is_found_by_its_beginning(desk, tmp_path):
    raw = tmp_path / "data" / "raw"
    raw.mkdir(parents=True)
    stem = "bdc_us_fixed_broadband_summary_by_geography"
    (raw / f"{stem}_J25_01mar2026.zip").write_bytes(b"x")
    assert at_hand("bdc-summary", Want("WV"), via=desk) == []
    (raw / f"{stem}_D25_29sep2026.zip").write_bytes(b"x")
    (found,) = fetch_input("bdc-summary", Want("WV"), via=desk)
    assert found.path.name == f"{stem}_D25_29sep2026.zip"
    (june,) = fetch_input("bdc-summary", Want("WV", vintage="2025-06-30"), via=desk)
    assert june.path.name == f"{stem}_J25_01mar2026.zip"
    (raw / f"{stem}_D25_30oct2026.zip").write_bytes(b"x")
    with pytest.raises(InputError, match="2 files are called") as caught:
        fetch_input("bdc-summary", Want("WV"), via=desk)
    assert "keep the newest" in caught.value.fix


def test_the_readme_of_data_is_this_table():
    text = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    assert readme_table() in text, "paste the output of `equity sources --markdown`"


def test_sources_names_every_input_and_what_is_here(everybody, desk):
    before = "\n".join(source_lines())
    assert all(e.id in before for e in INPUTS)
    assert "Add a state" in before
    fetch_input("boundaries", Want("WV"), via=desk)
    after = "\n".join(source_lines("WV"))
    assert after.count("in the cache") == 1
    assert "data/raw/cb_2024_54_tract_500k.zip" in after


def test_the_cache_is_listed(everybody, desk):
    fetch_input("ruca", Want("WV"), via=desk)
    lines = list(cache_lines())
    assert "usda/ruca/2020" in lines[0]
    assert lines[-1].split()[1] == "MB"


def test_the_doctor_tells_a_cut_key_and_never_shows_it(everybody, desk):
    settings.configure(census_api_key="c0ffee" * 3)
    text = "\n".join(doctor_lines(via=desk.transport))
    assert "CENSUS_API_KEY   set, but 18 characters instead of 40" in text
    assert "c0ffee" not in text
    assert publishers.FCC_TOKEN not in text
    assert text.count("reachable") == len(PUBLISHERS)


def test_the_doctor_tries_the_keys(everybody, desk):
    # A token of the FCC has 44 characters.
    assert len(publishers.FCC_TOKEN) == 44
    text = "\n".join(doctor_lines(via=desk.transport))
    assert "CENSUS_API_KEY   set; accepted" in text
    assert "FCC_HASH         set; accepted; newest data as of 2025-12-31" in text


def test_the_doctor_tells_a_refused_key(everybody, desk):
    settings.configure(census_api_key="f" * 40, fcc_token="w" * 44)
    text = "\n".join(doctor_lines(via=desk.transport))
    assert "CENSUS_API_KEY   set; the Census API refused the key" in text
    assert "FCC_HASH         set; FCC National Broadband Map answered 401" in text
    assert "f" * 40 not in text
    assert "w" * 44 not in text


def test_the_doctor_offline_asks_nobody(everybody, desk):
    settings.configure(offline=True)
    assert "not asked (offline)" in "\n".join(doctor_lines(via=desk.transport))
    assert everybody.asked == []


def test_the_doctor_in_a_notebook(desk):
    settings.configure(offline=True, census_api_key=publishers.KEY)
    text = eq.doctor()
    assert "CENSUS_API_KEY   set" in text
    assert publishers.KEY not in text


def test_the_doctor_tells_who_cannot_be_reached(desk):
    settings.configure(mirror="http://127.0.0.1:9")
    assert "\n".join(doctor_lines(via=desk.transport)).count("cannot be reached") == len(PUBLISHERS)


@pytest.mark.parametrize("kind", sorted(SITE_KINDS))
def test_each_list_of_care_is_placed(everybody, desk, kind):
    sites = get_sites(kind, state="WV", via=desk)
    assert len(sites) > 0
    assert sites["location_quality"].isin(["coordinates", "address", "zip_area"]).all()
    assert sites.crs.to_epsg() == 4269


def test_health_centers_are_not_cut_at_the_border(everybody, desk):
    assert len(get_sites("health-centers", state="WV", via=desk)) == 2 * len(publishers.PLACES)


def test_neighbors_count(everybody, desk):
    alone = get_sites("hospitals", state="WV", addresses=False, via=desk)
    both = get_sites("hospitals", state="WV", neighbors=["DE"], addresses=False, via=desk)
    assert len(both) == 2 * len(alone)
    assert set(both["location_quality"]) == {"zip_area"}


@pytest.mark.parametrize("kind", ["hpsa-pc", "hpsa-mh", "hpsa-dh", "mua"])
def test_designations_are_fetched(everybody, desk, kind):
    table = get_designations(kind, state="CT", via=desk)
    # HPSA has moved to the planning regions, MUA has not.
    expected = "09003" if kind == "mua" else "09110"
    assert set(table["geoid"].str[:5]) == {expected}


def test_tribal_areas(everybody, desk):
    table = get_tribal_areas(year=2024, via=desk)
    assert table["name"].tolist() == ["Example Reservation"]


def test_a_catalog_without_the_dataset(everybody, desk):
    everybody.route("^/data.cms.gov/data.json", Answer(b'{"dataset": []}', kind="application/json"))
    with pytest.raises(EquityError, match="names no file"):
        fetch_input("cms-rhc", Want("WV"), via=desk)


def test_a_catalog_that_points_to_another_server_is_not_followed(everybody, desk):
    part = {"downloadURL": "https://example.org/x.csv", "mediaType": "text/csv", "title": "x"}
    body = {"dataset": [{"title": "Rural Health Clinic Enrollments", "distribution": [part]}]}
    everybody.route(
        "^/data.cms.gov/data.json", Answer(json.dumps(body).encode(), kind="application/json")
    )
    with pytest.raises(EquityError, match="names no file"):
        fetch_input("cms-rhc", Want("WV"), via=desk)
    assert not everybody.find("example.org")


def test_the_made_up_register_is_as_wide_as_the_real_one():
    assert len(nppes_rows.COLUMNS) == 330
