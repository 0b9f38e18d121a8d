"""The FCC's data API against the replica: listing, downloads, hosts, files by hand."""

from __future__ import annotations

import json

import pytest
import replica_publishers as publishers
from replica_server import Answer

from equity import settings
from equity.errors import CredentialError, FormatError, InputError, NetworkError, VintageError
from equity.sources.fcc.api import (
    fetch_bdc_files,
    fetch_funding_listing,
    get_bdc,
    list_as_of_dates,
    list_bdc_files,
)

AS_OF = "2025-12-31"


@pytest.fixture
def fcc(replica, desk):
    publishers.everything(replica)
    settings.configure(fcc_username=publishers.FCC_USER, fcc_token=publishers.FCC_TOKEN)
    return replica


def test_dates_are_listed(fcc, desk):
    assert list_as_of_dates(via=desk) == ["2025-06-30", "2025-12-31"]


def test_a_state_costs_one_listing_and_one_call_a_file(fcc, desk, clock):
    files = fetch_bdc_files("WV", as_of=AS_OF, via=desk)
    assert [f.path.name for f in files] == [
        "bdc_54_Cable_fixed_broadband_D25_29sep2026.zip",
        "bdc_54_Copper_fixed_broadband_D25_29sep2026.zip",
        "bdc_54_FibertothePremises_fixed_broadband_D25_29sep2026.zip",
        "bdc_54_LicensedFixedWireless_fixed_broadband_D25_29sep2026.zip",
        "bdc_54_served_unserved_fixed_broadband_D25_29sep2026.zip",
    ]
    assert len(fcc.asked) == 6
    assert {f.receipt.revision for f in files} == {"2026-09-29"}
    before = len(fcc.asked)
    settings.configure(fcc_token=None, offline=True)
    assert fetch_bdc_files("WV", as_of=AS_OF, via=desk) == files
    assert len(fcc.asked) == before


def test_satellite_comes_when_asked_for(fcc, desk):
    names = [f.path.name for f in fetch_bdc_files("WV", as_of=AS_OF, technologies=[60], via=desk)]
    assert any("GSOSatellite" in n for n in names)


def test_two_states_share_the_listing_and_the_ten_calls_a_minute(fcc, desk, clock):
    fetch_bdc_files("WV", as_of=AS_OF, via=desk)
    fetch_bdc_files("DE", as_of=AS_OF, via=desk)
    assert len(fcc.find("listAvailabilityData")) == 1
    assert len(fcc.asked) == 11
    assert clock.slept == [60.0]


@pytest.mark.parametrize("status", [404, 405, 503])
def test_the_second_host_answers_where_the_first_does_not(fcc, desk, status):
    publishers.fcc(fcc, host="bdc.fcc.gov")
    fcc.fault(r"^/broadbandmap.fcc.gov", Answer(b"", status))
    assert len(fetch_bdc_files("WV", as_of=AS_OF, via=desk)) == 5


def test_a_refused_token_is_not_tried_on_the_second_host(fcc, desk):
    settings.configure(fcc_token="wrong" * 9)
    with pytest.raises(CredentialError) as caught:
        fetch_bdc_files("WV", as_of=AS_OF, via=desk)
    assert caught.value.code == "E-KEY-REJECTED"
    assert "wrong" not in str(caught.value)
    assert len(fcc.asked) == 1


def test_no_token_says_how_to_get_one_and_where_files_go(fcc, desk):
    settings.configure(fcc_token=None)
    with pytest.raises(CredentialError, match="no token is set") as caught:
        fetch_bdc_files("WV", as_of=AS_OF, via=desk)
    assert "data/raw" in caught.value.fix
    assert fcc.asked == []


def test_files_by_hand_need_no_token(fcc, desk, tmp_path):
    settings.configure(fcc_token=None, fcc_username=None)
    raw = tmp_path / "data" / "raw"
    raw.mkdir(parents=True)
    for row, body in publishers.fcc_files(AS_OF):
        if row["state_fips"] == "54" and row["technology_code"] in {"50", "40", None}:
            (raw / f"{row['file_name']}.zip").write_bytes(body())
    (raw / "bdc_54_Cable_fixed_broadband_J25_01mar2026.zip").write_bytes(b"another vintage")
    files = fetch_bdc_files("WV", as_of=AS_OF, via=desk)
    assert len(files) == 3
    assert all(f.receipt is None for f in files)
    assert fcc.asked == []


def test_half_a_download_by_hand_is_named(fcc, desk, tmp_path):
    raw = tmp_path / "data" / "raw"
    raw.mkdir(parents=True)
    name = "bdc_54_Cable_fixed_broadband_D25_29sep2026.zip"
    body = next(
        body() for row, body in publishers.fcc_files(AS_OF) if row["file_name"] + ".zip" == name
    )
    (raw / name).write_bytes(body[:-30])
    with pytest.raises(FormatError, match=name):
        fetch_bdc_files("WV", as_of=AS_OF, via=desk)


def test_a_vintage_the_fcc_does_not_have_is_a_422(fcc, desk):
    fcc.fault("listAvailabilityData", Answer(b'{"status":"fail"}', 422, "application/json"))
    with pytest.raises(NetworkError) as caught:
        list_bdc_files(as_of="2026-06-30", via=desk)
    assert caught.value.code == "E-NO-FILE"


def test_a_date_that_is_no_vintage(fcc, desk):
    with pytest.raises(VintageError):
        list_bdc_files(as_of="2025-10-01", via=desk)


def test_a_state_without_files(fcc, desk):
    with pytest.raises(InputError, match="lists no location files"):
        fetch_bdc_files("GU", as_of=AS_OF, via=desk)


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"data": 3}', b'{"data": [1]}'])
def test_an_answer_without_its_envelope(fcc, desk, body):
    fcc.fault("listAvailabilityData", Answer(body, kind="application/json"))
    with pytest.raises(FormatError, match="data API"):
        list_bdc_files(as_of=AS_OF, via=desk)


def test_a_zip_cut_in_transit_is_continued(fcc, desk):
    real = next(reply for pattern, reply in fcc.routes if "downloadFile" in pattern.pattern)

    def cut(asked):
        answer = real(asked)
        answer.cut_at = len(answer.body) // 2
        return answer

    fcc.fault("downloadFile", cut, times=1)
    assert len(fetch_bdc_files("WV", as_of=AS_OF, via=desk)) == 5
    assert len(fcc.find("downloadFile")) == 6


def test_connecticut_keeps_its_old_counties(fcc, desk):
    import zipfile

    files = fetch_bdc_files("CT", as_of=AS_OF, technologies=[50], via=desk)
    with zipfile.ZipFile(files[0].path) as archive:
        text = archive.read(archive.namelist()[0]).decode()
    blocks = {line.split(",")[-2][:5] for line in text.splitlines()[1:]}
    assert blocks == {"09001", "09003"}


def test_the_handle_knows_where_its_files_come_from(fcc, desk):
    handle = get_bdc("WV", as_of=AS_OF, via=desk)
    assert len(handle.files) == 5
    assert handle.has_export
    assert {s.revision for s in handle.sources} == {"2026-09-29"}
    assert all(s.url.startswith("https://broadbandmap.fcc.gov/api/") for s in handle.sources)


def test_the_funding_map_is_listed(fcc, desk):
    row = {"file_id": 7, "category": "Unserved-Unfunded", "state_fips": "54"}
    body = json.dumps({"data": [row], "status": "successful"}).encode()
    fcc.route(
        "/api/public/fundingmap/downloads/listFundingData$", Answer(body, kind="application/json")
    )
    assert fetch_funding_listing(via=desk) == [row]
    assert fcc.asked[-1].headers["hash_value"] == publishers.FCC_TOKEN
