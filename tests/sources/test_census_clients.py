"""The Census clients against the replica: keyed, keyless, every odd place."""

from __future__ import annotations

import math

import pandas as pd
import pytest
import replica_publishers as publishers
from replica_server import HTML, Answer, page

from equity import settings
from equity.errors import CredentialError, EquityError, FormatError, InputError
from equity.provenance import meta
from equity.sources.census._acs_labels import STUDY_CODES, check_labels
from equity.sources.census.acs_api import get_acs
from equity.sources.census.files import (
    get_blocks,
    get_boundaries,
    get_tract_relationship,
)
from equity.sources.census.gazetteer import get_gazetteer

DATA = r"/acs/acs5$"


@pytest.fixture
def census(replica, desk):
    publishers.everything(replica)
    settings.configure(census_api_key=publishers.KEY)
    return replica


def test_a_state_is_asked_once_for_every_49_columns(census, desk):
    table = get_acs("WV", year=2023, via=desk)
    asked = census.find(DATA)
    assert len(asked) == math.ceil(2 * len(STUDY_CODES) / 49)
    assert len(table) == 12
    assert set(table.columns) >= {f"{code}E" for code in STUDY_CODES}
    assert table.loc["54001000100", "B28002_001E"] == publishers.State("54").value(0, "B28002_001")


def test_the_second_time_nobody_is_asked(census, desk):
    first = get_acs("WV", year=2023, via=desk)
    before = len(census.asked)
    settings.configure(offline=True, census_api_key=None)
    second = get_acs("WV", year=2023, source="api", via=desk)
    pd.testing.assert_frame_equal(first, second)
    assert len(census.asked) == before


def test_api_and_summary_file_agree_to_the_last_number(census, desk):
    keyed = get_acs("WV", year=2023, source="api", via=desk)
    keyless = get_acs("WV", year=2023, source="summary-file", via=desk)
    pd.testing.assert_frame_equal(keyed, keyless[keyed.columns], check_like=True)
    assert {s.agency for s in meta(keyless).sources} == {"U.S. Census Bureau"}
    assert all("www2.census.gov" in s.url for s in meta(keyless).sources)
    assert all("key=" not in s.url for s in meta(keyed).sources)


def test_without_a_key_the_summary_file_is_taken(census, desk):
    settings.configure(census_api_key=None)
    assert len(get_acs("WV", year=2023, via=desk)) == 12
    assert census.find(DATA) == []


def test_sentinels_are_missing_not_numbers(census, desk):
    income = get_acs("WV", year=2023, columns=["B19013_001"], via=desk)["B19013_001E"]
    assert pd.isna(income.iloc[0])
    assert income.iloc[1:].gt(0).all()


@pytest.mark.parametrize("key", ["0123456789abcdef", publishers.KEY + "0"])
def test_a_malformed_key_is_noticed_before_it_is_sent(census, desk, key):
    settings.configure(census_api_key=key)
    with pytest.raises(CredentialError) as caught:
        get_acs("WV", year=2023, via=desk)
    assert caught.value.code == "E-KEY-MALFORMED"
    assert key not in str(caught.value)
    assert census.find(DATA) == []


def test_a_wrong_key_is_a_credential_error_and_nothing_is_kept(census, desk):
    settings.configure(census_api_key="f" * 40)
    with pytest.raises(CredentialError) as caught:
        get_acs("WV", year=2023, via=desk)
    assert caught.value.code == "E-KEY-REJECTED"
    assert not [r for r in desk.store.receipts() if "groups" not in r.name]


def test_no_key_and_a_year_without_keyless_files(census, desk):
    settings.configure(census_api_key=None)
    with pytest.raises(CredentialError, match="2019"):
        get_acs("WV", year=2019, via=desk)


def test_group_files_that_want_a_key_after_all_get_it(census, desk):
    def keyed(asked):
        if "key" not in asked.query:
            return Answer(page("Missing Key"), kind=HTML)
        return None

    body = census.routes[0][1]
    for pattern, reply in list(census.routes):
        if "groups" in pattern.pattern:
            body = reply
    census.route(r"/groups/", lambda asked: keyed(asked) or body(asked))
    assert len(get_acs("WV", year=2023, columns=["B28002_004"], via=desk)) == 12


def test_a_renumbered_table_is_refused(census, desk):
    def swapped(_asked):
        return Answer(
            b'{"variables": {"B28002_007E": {"label": "Estimate!!Total:!!Cellular data plan"}}}'
        )

    census.route(r"/groups/B28002", swapped)
    with pytest.raises(FormatError, match="renumbered"):
        get_acs("WV", year=2023, columns=["B28002_007"], via=desk)


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"variables": 3}'])
def test_a_group_file_that_is_none(census, desk, body):
    census.route(r"/groups/B28002", Answer(body, kind="application/json"))
    with pytest.raises(FormatError):
        get_acs("WV", year=2023, columns=["B28002_007"], via=desk)


def test_labels_are_compared_for_every_code_we_use():
    with pytest.raises(FormatError, match="no column B99999_001E"):
        check_labels("B99999", {}, ["B99999_001"], year=2023)


def test_parts_of_different_length_are_refused(census, desk):
    real = next(reply for pattern, reply in census.routes if pattern.pattern.endswith("acs5$"))
    seen = []

    def short(asked):
        seen.append(asked)
        answer = real(asked)
        if len(seen) == 2:
            import json

            answer.body = json.dumps(json.loads(answer.body)[:-1]).encode()
        return answer

    census.route(DATA, short)
    with pytest.raises(EquityError, match="parts of one question"):
        get_acs("WV", year=2023, via=desk)


@pytest.mark.parametrize("state", ["GU", "VI", "AS", "MP"])
def test_a_territory_without_acs_is_told_so(census, desk, state):
    with pytest.raises(InputError, match="does not cover") as caught:
        get_acs(state, year=2023, via=desk)
    assert caught.value.code == "E-NO-ACS"
    assert census.asked == []


@pytest.mark.parametrize("source", ["api", "summary-file"])
@pytest.mark.parametrize(
    ("state", "year", "counties", "vintage"),
    [
        ("CT", 2021, {"09001", "09003"}, "2020"),
        ("CT", 2023, {"09110", "09120"}, "2020-CT2022"),
        ("PR", 2023, {"72001", "72003"}, "2020-CT2022"),
        ("AK", 2023, {"02063", "02066"}, "2020-CT2022"),
    ],
)
def test_odd_places_keep_their_codes_in_table_and_boundaries(
    census, desk, source, state, year, counties, vintage
):
    acs = get_acs(state, year=year, source=source, via=desk)
    areas = get_boundaries(state, year=year, via=desk)
    assert set(acs.index.str[:5]) == counties
    assert sorted(acs.index) == sorted(areas.index)
    assert meta(acs).geo_vintage == meta(areas).geo_vintage == vintage


def test_boundaries_carry_address_and_revision(census, desk):
    areas = get_boundaries("54", year=2023, via=desk)
    (source,) = meta(areas).sources
    assert source.url == "https://www2.census.gov/geo/tiger/GENZ2023/shp/cb_2023_54_tract_500k.zip"
    assert source.revision == "2026-09-15"
    assert source.retrieved == "", "no wall clock reaches an output"


def test_county_boundaries_are_cut_out_of_the_national_file(census, desk):
    areas = get_boundaries("WV", year=2023, level="county", via=desk)
    assert list(areas.index) == ["54001", "54003"]


def test_blocks_are_read_without_their_polygons(census, desk):
    table = get_blocks("CT", year=2023, via=desk)
    assert len(table) == 48
    assert set(table.index.str.len()) == {15}
    assert set(table.index.str[:5]) == {"09001", "09003"}, "2020 blocks keep the old counties"
    assert table["is_urban"].sum() == 24
    assert meta(table).geo_vintage == "2020"


@pytest.mark.parametrize("year", [2023, 2025])
def test_the_gazetteer_of_either_layout(census, desk, year):
    table = get_gazetteer("tract", year=year, state="WV", via=desk)
    assert len(table) == 12
    assert table["lon"].between(-81, -78).all()
    assert table["land_km2"].eq(23).all()


def test_the_tract_relationship(census, desk):
    table = get_tract_relationship("WV", via=desk)
    assert list(table.columns) == ["geoid_2020", "geoid_2010", "land_km2", "water_km2"]


def test_a_national_file_is_cut_to_the_state_once(census, desk):
    settings.configure(census_api_key=None)
    first = get_acs("WV", year=2023, columns=["B28002_004"], via=desk)
    (part,) = (desk.store.root.parent / "derived").rglob("*.dat")
    assert {line[:11] for line in part.read_text().splitlines()[1:]} == {"1400000US54"}
    (source,) = meta(first).sources
    assert source.file == "acsdt5y2023-b28002.dat"
    assert source.revision == "2026-09-15"
    pd.testing.assert_frame_equal(get_acs("WV", year=2023, columns=["B28002_004"], via=desk), first)


@pytest.mark.parametrize(("level", "rows", "length"), [("county", 2, 5), ("block_group", 24, 12)])
def test_counties_and_block_groups(census, desk, level, rows, length):
    table = get_acs("WV", year=2023, level=level, columns=["B28002_004", "B28002_001"], via=desk)
    assert len(table) == rows
    assert set(table.index.str.len()) == {length}
    assert meta(table).level == level


def test_a_level_that_is_not_asked_for(census, desk):
    with pytest.raises(InputError, match="no level"):
        get_acs("WV", year=2023, level="zcta", via=desk)
