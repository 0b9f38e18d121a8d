"""Keys reach their publisher and nobody else, and stand in nothing that is shown or kept."""

from __future__ import annotations

import json
import logging
import traceback
from pathlib import Path

import pytest
from replica_server import Answer, Replica

from equity import settings
from equity.errors import CredentialError, EquityError, InputError, NetworkError
from equity.net import transport as _transport
from equity.net.clock import Limits
from equity.net.desk import Desk
from equity.net.publishers import PUBLISHERS
from equity.net.request import Request
from equity.net.store import Store
from equity.net.transport import Transport
from equity.provenance import stamp
from equity.settings import Secret, configure, current

KEYS = {
    "CENSUS_API_KEY": "c3nsus/key+0123456789",
    "FCC_USERNAME": "somebody@fcc.example",
    "FCC_HASH": "f" * 20 + "/T+oken" + "e" * 17,
}
QUICK = Limits(connect_s=5, read_s=5, attempts=1)


@pytest.fixture
def replica():
    with Replica() as server:
        server.route("/x", Answer(b"[]", kind="application/json"))
        yield server


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(_transport, "_announced", set())
    return tmp_path


@pytest.fixture
def desk(here):
    return Desk(Transport(limits=QUICK), Store(here / "cache"))


def write_env(here: Path, **lines: str) -> None:
    (here / ".env").write_text("".join(f"{k}={v}\n" for k, v in lines.items()))


def asking() -> list[Request]:
    now = current()
    return [
        Request(PUBLISHERS["census"], "/x", secret_params={"key": now.census_api_key}),
        Request(
            PUBLISHERS["fcc"],
            "/x",
            secret_headers={"username": now.fcc_username, "hash_value": now.fcc_token},
        ),
    ]


def arrived(replica: Replica) -> str:
    return repr(replica.asked)


@pytest.mark.parametrize("keys_from", ["file", "environment", "call"])
@pytest.mark.parametrize("loaded", [False, True])
def test_a_mirror_that_the_folder_names_gets_no_key(
    here, desk, replica, monkeypatch, keys_from, loaded
):
    write_env(here, EQUITY_MIRROR=replica.url, **(KEYS if keys_from == "file" else {}))
    for name, key in KEYS.items():
        if keys_from == "environment":
            monkeypatch.setenv(name, key)
    if keys_from == "call":
        census, user, token = KEYS.values()
        configure(census_api_key=census, fcc_username=user, fcc_token=token)
    if loaded:  # as editors do with .env
        monkeypatch.setenv("EQUITY_MIRROR", replica.url)
    for request in asking():
        with pytest.raises(CredentialError, match=r"which the file \.env of the") as no:
            desk.transport.fetch(request)
        assert no.value.code == "E-KEY-MIRROR"
    assert replica.asked == []
    desk.transport.fetch(Request(PUBLISHERS["census"], "/x"))
    assert not [key for key in KEYS.values() if key in arrived(replica)]


def test_a_mirror_that_the_person_names_may_have_them(here, desk, replica, monkeypatch):
    write_env(here, EQUITY_MIRROR="https://evil.example", **KEYS)
    monkeypatch.setenv("EQUITY_MIRROR", replica.url)
    for request in asking():
        desk.transport.fetch(request)
    configure(mirror=replica.url)
    write_env(here, EQUITY_MIRROR=replica.url, **KEYS)
    for request in asking():
        desk.transport.fetch(request)
    for _twice in range(2):
        census, fcc = replica.asked[:2]
        assert census.query == {"key": KEYS["CENSUS_API_KEY"]}
        assert fcc.headers["hash_value"] == KEYS["FCC_HASH"]
        del replica.asked[:2]


@pytest.mark.parametrize("by_file", [True, False])
def test_a_mirror_is_announced_once_and_stands_in_receipt_and_source(
    here, desk, replica, caplog, by_file
):
    replica.route("/y", Answer(b"a,b\n1,2\n"))
    if by_file:
        write_env(here, EQUITY_MIRROR=replica.url)
    else:
        configure(mirror=replica.url)
    stored = desk.get("hrsa/y", Request(PUBLISHERS["hrsa"], "/y"))
    desk.transport.fetch(Request(PUBLISHERS["hrsa"], "/x"))
    said = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    where = ".env in this folder" if by_file else "the settings"
    assert said == [f"{replica.url} is asked in place of the publishers: {where} says so"]
    assert stored.source().mirror == replica.url
    (here / ".env").unlink(missing_ok=True)
    configure(mirror=None)
    again = desk.get("hrsa/y", Request(PUBLISHERS["hrsa"], "/y"))
    assert again.source().to_dict()["mirror"] == replica.url, "also where it comes from the cache"


@pytest.mark.parametrize(
    "address",
    ["https://user:pa55word@host", "file:///etc", "host", "//host", "http://", "http://[", "http://h\x1b[2J"],
)  # fmt: skip
def test_a_mirror_is_an_address_without_a_password(address):
    with pytest.raises(InputError, match="no address of a server") as refused:
        configure(mirror=address)
    assert "pa55" not in str(refused.value)


def hops(other: str) -> dict[str, Answer]:
    census, _, token = KEYS.values()
    return {
        "other host": Answer(status=302, headers={"Location": f"{other}/z"}),
        "other host, key in the query": Answer(status=307, headers={"Location": f"{other}/z?key={census}"}),
        "other host, key quoted": Answer(status=301, headers={"Location": f"{other}/z?k=c3nsus%2fkey%2B0123456789"}),
        "other host, token in the path": Answer(status=308, headers={"Location": f"{other}/{token}"}),
        "host made of the key": Answer(status=302, headers={"Location": f"http://{'f' * 20}.example/{token}"}),
        "a password": Answer(status=302, headers={"Location": other.replace("//", f"//u:{'x' * 9}@")}),
        "no protocol of the web": Answer(status=302, headers={"Location": "ftp://127.0.0.1/z"}),
    }  # fmt: skip


def outcome(desk, request) -> str:
    try:
        desk.transport.fetch(request)
    except NetworkError as error:
        return str(error)
    return "followed"


@pytest.mark.parametrize("kind", sorted(hops("")))
def test_no_redirect_carries_a_key_to_another_host(here, desk, replica, kind):
    with Replica() as stranger:
        stranger.route("/", Answer(b"[]", kind="application/json"))
        configure(mirror=replica.url)
        write_env(here, **KEYS)
        replica.fault("/x", hops(stranger.url)[kind])
        said = [outcome(desk, request) for request in asking()]
        assert {line for line in said if "credential; not followed" not in line} <= {"followed"}
        assert not [k for k in KEYS.values() if k in repr(said)]
        assert not [k for k in KEYS.values() if k in arrived(stranger)]
        assert "Authorization" not in arrived(stranger)
        assert "hash_value" not in arrived(stranger)


def test_a_key_goes_once_to_the_same_host_also_where_the_redirect_repeats_it(here, desk, replica):
    configure(mirror=replica.url)
    write_env(here, **KEYS)
    replica.route("/moved", Answer(b"[]", kind="application/json"))
    replica.fault("/x", lambda asked: Answer(status=302, headers={
        "Location": f"/moved?get=a&key={asked.query.get('key', '')}"}))  # fmt: skip
    for request in asking():
        desk.transport.fetch(request)
    census, fcc = replica.find("moved")
    assert census.query == {"get": "a", "key": KEYS["CENSUS_API_KEY"]}
    assert fcc.headers["hash_value"] == KEYS["FCC_HASH"]


def faults() -> dict[str, Answer]:
    echo = json.dumps(KEYS).encode()
    return {
        "refused": Answer(echo, 403),
        "broken": Answer(echo, 500),
        "cut": Answer(echo * 9, cut_at=5),
        "page": Answer(b"<html>" + echo, kind="text/html"),
        "circles": Answer(status=302, headers={"Location": "/api.census.gov/x?key=" + KEYS["CENSUS_API_KEY"]}),
        "stray": Answer(status=302, headers={"Location": "http://localhost:1/?key=" + KEYS["CENSUS_API_KEY"]}),
        "closed": Answer(length=10**6, cut_at=0),
    }  # fmt: skip


@pytest.mark.parametrize("fault", [*sorted(faults()), "nobody", "interrupted", "crash"])
def test_no_failure_shows_a_key_in_text_frames_logs_or_files(
    here, desk, replica, monkeypatch, caplog, fault
):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(logging, "raiseExceptions", True)
    configure(mirror=replica.url, cache_dir=here / "cache")
    write_env(here, **KEYS)
    if fault in faults():
        replica.fault("/", faults()[fault])
    elif fault == "nobody":
        configure(mirror="http://127.0.0.1:9")
    else:
        import urllib3.connectionpool as pool

        def stop(*args, **kwargs):
            raise KeyboardInterrupt if fault == "interrupted" else RuntimeError(str(kwargs or args))

        monkeypatch.setattr(pool.HTTPConnectionPool, "_make_request", stop)
    for number, request in enumerate(asking()):
        wanted = Request(**{**vars(request), "expect": "json"})
        with pytest.raises((EquityError, KeyboardInterrupt, RuntimeError)) as failed:
            desk.get(f"census/x{number}", wanted)
        frames = everything(failed.value)
        if fault == "crash":  # what a library says of its own is cut at the command line
            frames = [settings.redact(text) for text in frames]
        for text in (*frames, caplog.text):
            assert not [key for key in KEYS.values() if key in text]
            assert "c3nsus%2F" not in text
    (here / ".env").unlink()
    for path in here.rglob("*"):
        kept = path.name + (path.read_text() if path.is_file() else "")
        assert not [key for key in KEYS.values() if key in kept]


def everything(error: BaseException | None) -> list[str]:
    """Text and locals of an error and of all that it came from, hidden ones included."""
    found = []
    while error is not None:
        shown = traceback.TracebackException.from_exception(error, capture_locals=True)
        # The test's own frame knows the keys.
        inner = [f for f in shown.stack if f.filename != __file__]
        found += [str(error), *(f"{k} = {v}" for f in inner for k, v in (f.locals or {}).items())]
        error = error.__cause__ or error.__context__
    return found


def test_a_setting_that_is_wrong_shows_no_key_in_its_frames(here, monkeypatch):
    write_env(here, EQUITY_OFFLINE="maybe", **KEYS)
    with pytest.raises(InputError) as failed:
        current()
    assert not [k for k in KEYS.values() for text in everything(failed.value) if k in text]
    (here / ".env").unlink()
    census, user, token = KEYS.values()
    with pytest.raises(InputError) as failed:
        configure(census_api_key=census, fcc_username=user, fcc_token=token, offline="maybe")
    assert not [k for k in KEYS.values() for text in everything(failed.value) if k in text]


def test_a_key_that_a_table_repeats_is_no_business_of_the_record(here):
    import pandas as pd

    configure(census_api_key=KEYS["CENSUS_API_KEY"])
    table = stamp(pd.DataFrame({"a": [1]}), notes=[f"asked with {current().census_api_key}"])
    assert KEYS["CENSUS_API_KEY"] not in str(table.attrs)
    assert repr(Secret("x" * 40)) == "***"
