"""Answers that no HTTP library would send: a raw socket sends them."""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
from types import SimpleNamespace

import pytest

from equity import settings
from equity.errors import CredentialError, EquityError, FormatError, NetworkError
from equity.net import transport as _transport
from equity.net.publishers import PUBLISHERS
from equity.net.request import Request
from equity.settings import Secret

HRSA = PUBLISHERS["hrsa"]
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\n"


@pytest.fixture
def sends():
    """Start a server that answers every connection with these bytes."""
    listening = []

    def start(answer: bytes):
        server = socket.create_server(("127.0.0.1", 0))
        listening.append(server)

        def serve():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        settings.configure(mirror=f"http://127.0.0.1:{server.getsockname()[1]}")

    yield start
    for server in listening:
        # accept() in the other thread returns only when the listening socket is shut down.
        server.shutdown(socket.SHUT_RDWR)
        server.close()


def get(desk, expect="csv"):
    return desk.get("hrsa/x", Request(HRSA, "/x", expect=expect))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"not http at all\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
        OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
        OK + b"Content-Length: 10\r\n\r\nabc",
        OK + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        OK + b"X: " + b"y" * 100_000 + b"\r\n\r\n",
    ],
    ids=[
        "nothing",
        "no http",
        "status",
        "chunk cut",
        "chunk size",
        "short",
        "no gzip",
        "long header",
    ],
)
def test_a_broken_answer_is_a_network_error(desk, sends, answer):
    sends(answer)
    with pytest.raises(NetworkError) as caught:
        get(desk)
    assert caught.value.code in {"E-CUT", "E-UNREACHABLE"}
    assert desk.store.find("hrsa/x") is None


@pytest.mark.parametrize("length", [b"-5", b"ten", b"1e3"])
def test_a_length_that_is_none_does_not_matter(desk, sends, length):
    sends(OK + b"Content-Length: " + length + b"\r\nConnection: close\r\n\r\na,b\n1,2\n")
    got = None
    with contextlib.suppress(EquityError):
        got = get(desk).path.read_bytes()
    assert got in {None, b"a,b\n1,2\n"}


def test_a_packed_answer_is_unpacked(desk, sends):
    body = gzip.compress(b"a,b\n1,2\n")
    sends(
        OK + b'Content-Encoding: gzip\r\nContent-Length: %d\r\nETag: "x"\r\n\r\n' % len(body) + body
    )
    assert get(desk).path.read_bytes() == b"a,b\n1,2\n"


def test_a_packed_answer_that_explodes_is_stopped(desk, sends, monkeypatch):
    monkeypatch.setattr(_transport, "_SMALL", 1 << 20)
    body = gzip.compress(bytes(64 << 20))
    sends(OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    with pytest.raises(FormatError, match="unpacks to far more"):
        get(desk, expect="any")


def test_json_nested_without_end(desk, sends):
    body = b"[" * 200_000
    sends(OK + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    with pytest.raises(FormatError, match="JSON"):
        get(desk, expect="json")


def test_the_wrong_span_begins_anew_and_ends(desk, sends):
    sends(
        b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 5-9/10\r\nContent-Length: 5\r\n\r\nabcde"
    )
    with pytest.raises(NetworkError, match="wrong place"):
        get(desk)


def test_credentials_do_not_follow_to_an_open_line_on_the_same_host(desk, monkeypatch):
    settings.configure(mirror=None)
    request = Request(PUBLISHERS["fcc"], "/x", secret_headers={"hash_value": Secret("T" * 44)})
    asked = []

    def send(request, url, headers, *, signed):
        asked.append((url, signed))
        return SimpleNamespace(
            status_code=302,
            headers={"Location": ("https://broadbandmap.fcc.gov/y", "http://broadbandmap.fcc.gov/z")[len(asked) - 1]},
            close=lambda: None,
        )  # fmt: skip

    monkeypatch.setattr(desk.transport, "_send", send)
    with pytest.raises(CredentialError, match="unencrypted"):
        desk.transport.fetch(request)
    assert asked == [
        ("https://broadbandmap.fcc.gov/x", True),
        ("https://broadbandmap.fcc.gov/y", True),
    ]
