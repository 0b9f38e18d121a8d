"""Each way a publisher can fail, on its own: the error names what, why and the fix."""

from __future__ import annotations

import io
import logging
import threading
import zipfile

import pytest
from replica_server import HTML, Answer, page

from equity import settings
from equity.errors import CredentialError, EquityError, FormatError, NetworkError, OfflineError
from equity.net.clock import Clock, Limits, RateLimiter
from equity.net.publishers import PUBLISHERS, publisher
from equity.net.request import Request
from equity.net.transport import Transport
from equity.settings import Secret

HRSA = PUBLISHERS["hrsa"]
FCC = PUBLISHERS["fcc"]
CENSUS = PUBLISHERS["census"]
KEY = "0123456789abcdef0123456789abcdef01234567"
BODY = b"a,b\n" + b"1,2\n" * 50_000


def ask(publisher=HRSA, path="/file.csv", **fields):
    return Request(publisher, path, **{"expect": "csv", **fields})


def fcc(path="/api/x", **fields):
    return ask(
        FCC,
        path,
        expect="json",
        secret_headers={"username": Secret("me@example.org"), "hash_value": Secret("T" * 44)},
        **fields,
    )


def census(**fields):
    return ask(
        CENSUS, "/data/2023/acs/acs5", expect="json", secret_params={"key": Secret(KEY)}, **fields
    )


def fails(desk, request, kind=NetworkError):
    with pytest.raises(kind) as caught:
        desk.transport.fetch(request)
    error = caught.value
    assert error.fix, "every error says what to do"
    assert KEY not in str(error)
    assert "T" * 44 not in str(error)
    return error


def test_a_good_answer_arrives_whole(replica, desk):
    replica.route("/data.hrsa.gov/file.csv", BODY)
    assert desk.transport.fetch(ask()).body == BODY
    assert replica.asked[0].headers["User-Agent"].startswith("telehealth-equity/")


@pytest.mark.parametrize(
    ("status", "code", "word"),
    [
        (204, "E-NO-DATA", "no rows"),
        (400, "E-BAD-QUESTION", "does not know"),
        (403, "E-FORBIDDEN", "blocks scripts"),
        (404, "E-NOT-FOUND", "no such file"),
        (405, "E-METHOD", "interface has changed"),
        (418, "E-HTTP", "418"),
        (422, "E-NO-FILE", "no file for this combination"),
    ],
)
def test_a_refusal_is_final_and_explained(replica, desk, clock, status, code, word):
    replica.route("/file.csv", Answer(b"", status))
    error = fails(desk, ask())
    assert (error.code, len(replica.asked), clock.slept) == (code, 1, [])
    assert word in str(error)


@pytest.mark.parametrize("status", [401, 403])
def test_the_fcc_refusing_its_token_is_a_matter_of_credentials(replica, desk, status):
    body = b'{"status":"fail","status_code":401,"message":"Unauthorized"}'
    replica.route("/api/x", Answer(body, status, "application/json"))
    error = fails(desk, fcc(), CredentialError)
    assert error.code == "E-KEY-REJECTED"
    assert "Manage API Access" in error.fix


def test_429_waits_as_long_as_it_is_told(replica, desk, clock):
    replica.route("/file.csv", BODY)
    replica.fault("/file.csv", Answer(b"", 429, headers={"Retry-After": "17"}), times=1)
    assert desk.transport.fetch(ask()).body == BODY
    assert clock.slept == [17.0]


def test_429_with_a_date_is_read_against_the_servers_own_clock(replica, desk, clock):
    when = {"Retry-After": "Wed, 21 Oct 2015 07:28:40 GMT", "Date": "Wed, 21 Oct 2015 07:28:00 GMT"}
    replica.route("/file.csv", BODY)
    # The handler sends its own Date first; the client must not be led astray by ours.
    replica.fault("/file.csv", Answer(b"", 429, headers=when), times=1)
    desk.transport.fetch(ask())
    assert len(clock.slept) == 1
    assert 0 <= clock.slept[0] <= 60


def test_429_without_advice_backs_off_and_doubles(replica, desk, clock):
    replica.route("/file.csv", Answer(b"", 429))
    error = fails(desk, ask())
    assert clock.slept == [1.0, 2.0, 4.0, 8.0]
    assert error.code == "E-TOO-MANY"
    assert "somebody else uses the same key" in str(error)


def test_a_wait_longer_than_our_patience_is_an_error_at_once(replica, desk, clock):
    replica.route("/file.csv", Answer(b"", 429, headers={"Retry-After": "86400"}))
    assert fails(desk, ask()).code == "E-TOO-MANY"
    assert clock.slept == []


def test_500_three_times_then_fine(replica, desk, clock):
    replica.route("/file.csv", BODY)
    replica.fault("/file.csv", Answer(b"oops", 500), times=3)
    assert desk.transport.fetch(ask()).body == BODY
    assert (len(replica.asked), clock.slept) == (4, [1.0, 2.0, 4.0])


def test_500_for_ever_ends(replica, desk):
    replica.route("/file.csv", Answer(b"oops", 503))
    error = fails(desk, ask())
    assert (error.code, len(replica.asked)) == ("E-SERVER", 5)


@pytest.mark.parametrize(
    "spoiled",
    [Answer(BODY, cut_at=1000), Answer(BODY, length=len(BODY) + 7)],
    ids=["cut in mid-body", "wrong length"],
)
def test_a_broken_answer_is_tried_again(replica, desk, spoiled):
    replica.route("/file.csv", BODY)
    replica.fault("/file.csv", spoiled, times=2)
    assert desk.transport.fetch(ask()).body == BODY
    assert len(replica.asked) == 3


def test_an_answer_always_broken_is_an_error(replica, desk):
    replica.route("/file.csv", Answer(BODY, cut_at=1000))
    error = fails(desk, ask())
    assert error.code == "E-CUT"
    assert "continues where it stopped" in error.fix


def test_a_slow_drip_is_cut(replica, cache):
    class Hurried(Clock):
        """Each look at the clock is ten seconds later, so the test need not wait."""

        def __init__(self):
            self.now = 0.0

        def monotonic(self):
            self.now += 10
            return self.now

        def sleep(self, seconds):
            self.now += seconds

    replica.route("/file.csv", Answer(b"x" * 60, drip_s=0.005))
    slow = Transport(clock=Hurried(), limits=Limits(attempts=2))
    with pytest.raises(NetworkError, match="only drips"):
        slow.fetch(ask())


def test_an_answer_larger_than_allowed_is_cut(replica, desk):
    replica.route("/file.csv", BODY)
    assert "too long" in str(fails(desk, ask(max_bytes=100_000)))


def test_nobody_at_home(desk, replica):
    settings.configure(mirror="http://127.0.0.1:9")
    error = fails(desk, census())
    assert error.code == "E-UNREACHABLE"
    assert "equity doctor" in error.fix


def test_a_maintenance_page_is_not_data(replica, desk):
    replica.route("/file.csv", Answer(page("Scheduled maintenance"), kind=HTML))
    error = fails(desk, ask())
    assert error.code == "E-MAINTENANCE"
    assert "data/raw/" in error.fix


def test_offline_asks_nobody(replica, desk):
    settings.configure(offline=True)
    assert "EQUITY_OFFLINE" in fails(desk, ask(), OfflineError).fix
    assert replica.asked == []


# The five ways the Census key goes wrong


def test_a_missing_key_is_a_redirect_to_a_page(replica, desk):
    where = f"{replica.url}/api.census.gov/data/missing_key.html"
    replica.route(
        "/acs5", Answer(b"", 302, headers={"Location": where, "X-DataWebAPI-KeyError": "1"})
    )
    bare = ask(CENSUS, "/data/2023/acs/acs5", expect="json")
    error = fails(desk, bare, CredentialError)
    assert error.code == "E-KEY-MISSING"
    assert "key_signup" in error.fix
    assert "equity run example" in error.fix


def test_the_missing_key_page_may_arrive_as_a_200(replica, desk):
    replica.route("/acs5", Answer(page("Missing Key"), kind=HTML))
    bare = ask(CENSUS, "/data/2023/acs/acs5", expect="json")
    assert fails(desk, bare, CredentialError).code == "E-KEY-MISSING"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(page("Invalid Key"), kind=HTML, headers={"X-DataWebAPI-KeyError": "1"}),
        Answer(page("Invalid Key"), kind=HTML),
        Answer(page("Error"), kind=HTML, headers={"X-DataWebAPI-KeyError": "1"}),
    ],
    ids=["title and header", "title", "header"],
)
def test_a_wrong_key_is_a_page_with_status_200(replica, desk, answer):
    replica.route("/acs5", answer)
    error = fails(desk, census(), CredentialError)
    assert error.code == "E-KEY-REJECTED"
    assert "activation link" in str(error)


def test_a_census_maintenance_page_is_not_blamed_on_the_key(replica, desk):
    replica.route("/acs5", Answer(page("Site maintenance"), kind=HTML))
    assert fails(desk, census()).code == "E-MAINTENANCE"


# Redirects and secrets


def test_no_credential_follows_to_another_host(replica, desk):
    other = replica.url.replace("127.0.0.1", "localhost")
    replica.route("^/elsewhere", Answer(b"{}", kind="application/json"))
    replica.route("/api/x", Answer(b"", 302, headers={"Location": f"{other}/elsewhere"}))
    desk.transport.fetch(fcc())
    first, second = replica.asked
    assert first.headers["hash_value"] == "T" * 44
    assert {"hash_value", "username"}.isdisjoint(second.headers)


def test_a_redirect_that_carries_the_key_away_is_not_followed(replica, desk):
    other = replica.url.replace("127.0.0.1", "localhost")
    replica.route("/acs5", Answer(b"", 302, headers={"Location": f"{other}/x?key={KEY}"}))
    error = fails(desk, census())
    assert error.code == "E-REDIRECT"
    assert len(replica.asked) == 1


def test_a_form_is_not_sent_on_to_another_host(replica, desk):
    other = replica.url.replace("127.0.0.1", "localhost")
    sent = Request(publisher("geocoder"), "/x", method="POST", data={"street": "1 Elm St"})
    replica.route("/x", Answer(b"", 307, headers={"Location": f"{other}/y"}))
    error = fails(desk, sent)
    assert error.code == "E-REDIRECT"
    assert "would have received the form that is sent; not followed" in str(error)
    assert len(replica.asked) == 1
    # The host that was asked may name another page of its own.
    replica.route("/x", Answer(b"", 307, headers={"Location": "/y"}))
    replica.route("/y", Answer(b"[]", kind="application/json"))
    desk.transport.fetch(sent)
    assert [asked.method for asked in replica.asked] == ["POST"] * 3


@pytest.mark.parametrize("place", ["file:///etc/passwd", "ftp://localhost/x", ""])
def test_a_redirect_to_somewhere_odd_is_not_followed(replica, desk, place):
    replica.route("/api/x", Answer(b"", 302, headers={"Location": place}))
    assert fails(desk, fcc()).code == "E-REDIRECT"


def test_credentials_need_an_encrypted_line(desk):
    settings.configure(mirror="http://192.0.2.1")
    assert fails(desk, census(), CredentialError).code == "E-KEY-UNENCRYPTED"


def test_no_log_shows_a_key_even_at_debug(replica, desk, caplog):
    caplog.set_level(logging.DEBUG)
    replica.route("/acs5", Answer(b"[]", 200, "application/json"))
    replica.fault("/acs5", Answer(b"oops", 500), times=1)
    desk.transport.fetch(census())
    replica.route("/acs5", Answer(b"", 404))
    fails(desk, census())
    assert len(caplog.records) > 3
    assert KEY not in caplog.text


def test_neither_netrc_nor_cookies_are_used(replica, desk, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    replica.route("/file.csv", Answer(BODY, headers={"Set-Cookie": "id=1; Path=/"}))
    desk.transport.fetch(ask())
    desk.transport.fetch(ask())
    assert all({"Authorization", "Cookie"}.isdisjoint(a.headers) for a in replica.asked)


# Rate limits


def test_the_fcc_is_asked_ten_times_a_minute(replica, desk, clock):
    replica.route("/api/x", Answer(b"{}", kind="application/json"))
    for _ in range(21):
        desk.transport.fetch(fcc())
    assert clock.slept == [60.0, 60.0]


def test_a_limit_is_shared_between_processes_and_survives_a_jump(tmp_path, clock):
    first = RateLimiter(2, 60, clock, path=tmp_path / "fcc.calls")
    second = RateLimiter(2, 60, clock, path=tmp_path / "fcc.calls")
    first.wait()
    second.wait()
    second.wait()
    assert clock.slept == [60.0]
    clock.now -= 10_000  # the machine was restarted
    first.wait()
    assert clock.slept == [60.0]


def test_a_wall_clock_that_jumps_changes_no_wait(replica, desk, clock, monkeypatch):
    import time

    monkeypatch.setattr(time, "time", lambda: -1e9)
    replica.route("/file.csv", BODY)
    replica.fault("/file.csv", Answer(b"", 429, headers={"Retry-After": "5"}), times=1)
    desk.transport.fetch(ask())
    assert clock.slept == [5.0]


# The cache


def test_a_file_is_downloaded_once(replica, desk):
    replica.route("/file.csv", BODY)
    stored = desk.get("hrsa/2026/file.csv", ask())
    again = desk.get("hrsa/2026/file.csv", ask())
    assert stored == again
    assert len(replica.asked) == 1
    assert stored.path.read_bytes() == BODY
    assert stored.receipt.revision == "2026-09-15"
    assert stored.receipt.url == "https://data.hrsa.gov/file.csv"
    assert [r.name for r in desk.store.receipts()] == ["hrsa/2026/file.csv"]


def test_a_cut_download_continues_where_it_stopped(replica, desk):
    replica.route("/file.csv", BODY)
    whole = Answer(BODY, cut_at=70_000, ranges=True)
    replica.fault("/file.csv", whole, times=1)
    assert desk.get("hrsa/file.csv", ask()).path.read_bytes() == BODY
    start = int(replica.asked[1].headers["Range"].removeprefix("bytes=").removesuffix("-"))
    assert 0 < start <= 70_000


def test_a_file_that_changed_in_between_is_begun_anew(replica, desk):
    newer = BODY + b"3,4\n"
    replica.route("/file.csv", newer)
    replica.fault("/file.csv", Answer(BODY, cut_at=70_000, ranges=True), times=1)
    assert desk.get("hrsa/file.csv", ask()).path.read_bytes() == newer


def test_a_download_given_up_is_continued_by_the_next_run(replica, desk):
    replica.route("/file.csv", BODY)
    replica.fault("/file.csv", Answer(BODY, cut_at=10_000, ranges=True), times=5)
    with pytest.raises(NetworkError):
        desk.get("hrsa/file.csv", ask())
    assert desk.store.find("hrsa/file.csv") is None
    assert desk.get("hrsa/file.csv", ask()).path.read_bytes() == BODY
    assert "Range" in replica.asked[-1].headers


def _zip(name="data.csv", body=b"a,b\n1,2\n" * 1000):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, body)
    return out.getvalue()


def _bomb():
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("x.csv", "w", force_zip64=True) as member,
    ):
        for _ in range(300):
            member.write(bytes(1 << 20))
    return out.getvalue()


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (page("Down for maintenance"), "web page"),
        (_zip()[:-40], "half a download"),
        (_zip("../../.bashrc"), "climbs out"),
        (_zip("/etc/cron.d/x"), "climbs out"),
        (_zip("c:\\windows\\x"), "climbs out"),
        (_bomb(), "bomb"),
        (b"", "empty"),
    ],
    ids=["page", "half", "climbs", "absolute", "drive", "bomb", "empty"],
)
def test_a_spoiled_zip_never_reaches_the_cache(replica, desk, body, word):
    replica.route("/file.zip", Answer(body))
    with pytest.raises(EquityError, match=word) as caught:
        desk.get("hrsa/file.zip", ask(path="/file.zip", expect="zip"))
    assert caught.value.fix
    assert desk.store.find("hrsa/file.zip") is None
    assert not list(desk.store.part("x").parent.iterdir()), "nothing half-done is left"


def test_a_zip_with_a_flipped_bit_is_refused(replica, desk):
    body = bytearray(_zip())
    body[len(body) // 3] ^= 0xFF
    replica.route("/file.zip", Answer(bytes(body)))
    with pytest.raises(FormatError):
        desk.get("hrsa/file.zip", ask(path="/file.zip", expect="zip"))


def test_json_cut_in_half_is_not_kept(replica, desk):
    replica.route("/file.json", Answer(b'[["a","b"],["1",', kind="application/json"))
    with pytest.raises(FormatError, match="cut short"):
        desk.get("hrsa/file.json", ask(path="/file.json", expect="json"))


def test_a_maintenance_page_in_place_of_a_csv_is_not_kept(replica, desk):
    replica.route("/file.csv", Answer(page("Back soon"), kind=HTML))
    with pytest.raises(NetworkError, match="web page"):
        desk.get("hrsa/file.csv", ask())
    assert desk.store.find("hrsa/file.csv") is None


def test_offline_names_the_file_to_fetch_and_takes_it_by_hand(replica, desk, tmp_path):
    settings.configure(offline=True)
    with pytest.raises(OfflineError, match=r"data/raw/file\.csv"):
        desk.get("hrsa/2026/file.csv", ask())
    (tmp_path / "data" / "raw").mkdir(parents=True)
    (tmp_path / "data" / "raw" / "file.csv").write_bytes(BODY)
    stored = desk.get("hrsa/2026/file.csv", ask())
    assert stored.source().revision == "put in place by hand"


def test_a_full_disk_says_so_and_the_part_is_continued(replica, desk, monkeypatch):
    import errno

    from equity.errors import StorageError
    from equity.net import desk as _fetch

    replica.route("/file.csv", BODY)
    real = _fetch._open_at

    import contextlib

    @contextlib.contextmanager
    def full(path, start):
        with real(path, start) as handle:

            class Full:
                def write(self, piece):
                    handle.write(piece[:1000])
                    handle.flush()
                    raise OSError(errno.ENOSPC, "No space left on device")

            yield Full()

    monkeypatch.setattr(_fetch, "_open_at", full)
    with pytest.raises(StorageError, match="disk is full") as caught:
        desk.get("hrsa/file.csv", ask())
    assert "EQUITY_CACHE_DIR" in caught.value.fix
    assert str(desk.store.root) not in str(caught.value)
    monkeypatch.setattr(_fetch, "_open_at", real)
    assert desk.get("hrsa/file.csv", ask()).path.read_bytes() == BODY


def test_a_download_that_cannot_fit_is_not_begun(replica, desk, monkeypatch):
    from types import SimpleNamespace

    from equity.errors import StorageError
    from equity.files import atomic

    replica.route("/file.csv", BODY)
    monkeypatch.setattr(atomic.shutil, "disk_usage", lambda _p: SimpleNamespace(free=1000))
    with pytest.raises(StorageError, match="1,000 free"):
        desk.get("hrsa/file.csv", ask())


def test_verify_sees_a_changed_file_and_remove_forgets_it(replica, desk):
    replica.route("/file.csv", BODY)
    stored = desk.get("hrsa/2026/file.csv", ask())
    assert desk.store.verify() == []
    stored.path.write_bytes(BODY[:-1] + b"9")
    assert desk.store.verify() == ["hrsa/2026/file.csv"]
    assert desk.store.remove("hrsa") == 1
    assert desk.store.receipts() == []


def test_a_file_cut_short_on_disk_is_set_aside_and_fetched_again(replica, desk):
    replica.route("/file.csv", BODY)
    desk.get("hrsa/file.csv", ask()).path.write_bytes(b"short")
    assert desk.get("hrsa/file.csv", ask()).path.read_bytes() == BODY


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../b", "c:\\x", ""])
def test_no_name_leads_out_of_the_cache(desk, name):
    with pytest.raises(EquityError):
        desk.store.place(name)


def test_many_who_want_the_same_file_cause_one_download(replica, desk):
    replica.route("/file.csv", BODY)
    desk.store.clock = Clock()  # threads wait for each other in real time
    got = []
    threads = [
        threading.Thread(target=lambda: got.append(desk.get("hrsa/file.csv", ask())))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 8
    assert len(replica.asked) == 1


def test_a_cache_that_cannot_be_written_is_told(replica, desk, tmp_path):
    from equity.errors import StorageError
    from equity.net.desk import desk as usual

    replica.route("/file.csv", BODY)
    (tmp_path / "taken").write_text("a file stands where the cache should be")
    settings.configure(cache_dir=tmp_path / "taken")
    with pytest.raises(StorageError, match="cannot be written") as caught:
        usual().get("hrsa/file.csv", ask())
    assert "EQUITY_CACHE_DIR" in caught.value.fix


def test_two_processes_share_one_download(replica, cache):
    import subprocess
    import sys
    from pathlib import Path

    replica.route("/file.csv", BODY)
    replica.pause_s = 0.5
    root = Path(__file__).resolve().parents[2]
    code = (
        "from equity.net.desk import desk\n"
        "from equity.net.publishers import PUBLISHERS\n"
        "from equity.net.request import Request\n"
        "d = desk()\n"
        "d.get('hrsa/file.csv', Request(PUBLISHERS['hrsa'], '/file.csv', expect='csv'))\n"
        "print(d.transport.sent)"
    )
    environment = {
        "EQUITY_CACHE_DIR": str(cache),
        "EQUITY_MIRROR": replica.url,
        "PYTHONPATH": str(root),
    }
    both = [
        subprocess.Popen(
            [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    sent = [process.communicate(timeout=120)[0].strip() for process in both]
    assert sorted(sent) == ["0", "1"]
    assert len(replica.asked) == 1


def test_a_receipt_that_cannot_be_read_is_named_and_can_be_removed(replica, desk):
    replica.route("/file.csv", BODY)
    stored = desk.get("hrsa/file.csv", ask())
    stored.path.with_name("file.csv.receipt.json").write_text('{"half')
    with pytest.raises(FormatError, match="receipt") as caught:
        desk.get("hrsa/file.csv", ask())
    assert "equity sources --remove hrsa/file.csv" in caught.value.fix
    assert desk.store.remove("hrsa/file.csv") == 1
    assert desk.get("hrsa/file.csv", ask()).path.read_bytes() == BODY


def test_a_notebook_finds_the_files_of_the_folder_above(replica, cache, tmp_path, monkeypatch):
    from equity.net.desk import desk as usual

    (tmp_path / "data" / "raw").mkdir(parents=True)
    (tmp_path / "data" / "raw" / "file.csv").write_bytes(BODY)
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    assert usual().get("hrsa/file.csv", ask()).path.read_bytes() == BODY
    assert replica.asked == []


def test_a_question_is_quoted_as_browsers_do(replica, desk):
    replica.route("/file.csv", BODY)
    request = ask(params={"technology_type": "Fixed Broadband", "in": "state:54 county:*"})
    assert request.url.endswith("?technology_type=Fixed%20Broadband&in=state:54%20county:*")
    desk.transport.fetch(request)
    assert replica.asked[0].query == {
        "technology_type": "Fixed Broadband",
        "in": "state:54 county:*",
    }
