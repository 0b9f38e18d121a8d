"""A server on loopback that answers as the publishers do, faults included.

It stands behind ``EQUITY_MIRROR``: a request for ``https://api.census.gov/data/…`` arrives as
``/api.census.gov/data/…``. Routes are functions of the request; files support ranges. A fault is
put in front of a route for a number of requests.
"""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

LAST_MODIFIED = "Tue, 15 Sep 2026 08:00:00 GMT"


@dataclass
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""

    @property
    def host(self) -> str:
        return self.path.split("/")[1]


@dataclass
class Answer:
    """What to send; the flags spoil it on purpose."""

    body: bytes = b""
    status: int = 200
    kind: str = "application/octet-stream"
    headers: dict[str, str] = field(default_factory=dict)
    cut_at: int | None = None  # close the connection after so many bytes
    length: int | None = None  # announce another length
    drip_s: float = 0.0  # a byte at a time
    ranges: bool = False


Route = Callable[[Asked], Answer | None]


class Replica:
    """The server; use it as a context manager."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.pause_s = 0.0  # before an answer, and in its middle
        self.routes: list[tuple[re.Pattern[str], Route]] = []
        self._faults: list[list] = []
        self._lock = threading.Lock()
        replica = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                replica.serve(self)

            do_POST = do_GET  # noqa: N815 - the name that http.server looks for

            def log_message(self, *args):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request, client_address):
                pass  # clients that hang up are part of the play

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02}
        )

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exc):
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()

    def route(self, pattern: str, answer: Route | Answer | bytes, **fields) -> None:
        """Answer paths that match `pattern`; the latest route wins."""
        if isinstance(answer, bytes):
            answer = Answer(answer, ranges=True, **fields)
        reply = answer if callable(answer) else (lambda _asked, a=answer: a)
        self.routes.insert(0, (re.compile(pattern), reply))

    def fault(self, pattern: str, answer: Answer | Route, *, times: int = 10**9) -> None:
        """Spoil the next `times` requests that match."""
        reply = answer if callable(answer) else (lambda _asked, a=answer: a)
        self._faults.append([re.compile(pattern), reply, times])

    def heal(self) -> None:
        self._faults.clear()

    def find(self, pattern: str) -> list[Asked]:
        return [a for a in self.asked if re.search(pattern, a.path)]

    def serve(self, handler) -> None:
        parts = urlsplit(handler.path)
        size = int(handler.headers.get("Content-Length") or 0)
        asked = Asked(
            handler.command,
            parts.path,
            {k: v[-1] for k, v in parse_qs(parts.query, keep_blank_values=True).items()},
            dict(handler.headers.items()),
            handler.rfile.read(size),
        )
        with self._lock:
            self.asked.append(asked)
            reply = self._choose(asked)
        answer = reply(asked) if reply else None
        self._send(handler, asked, answer or Answer(b"no such page", 404, "text/plain"))

    def _choose(self, asked):
        for fault in self._faults:
            if fault[2] > 0 and fault[0].search(asked.path):
                fault[2] -= 1
                return fault[1]
        for pattern, reply in self.routes:
            if pattern.search(asked.path):
                return reply
        return None

    def _send(self, handler, asked, answer) -> None:
        body, status, headers = answer.body, answer.status, dict(answer.headers)
        if answer.ranges:
            headers.setdefault("ETag", f'"{len(body)}"')
            headers.setdefault("Last-Modified", LAST_MODIFIED)
            headers.setdefault("Accept-Ranges", "bytes")
            span = re.match(r"bytes=(\d+)-", asked.headers.get("Range", ""))
            if span and asked.headers.get("If-Range", headers["ETag"]) == headers["ETag"]:
                start = int(span.group(1))
                headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
                status = 206 if start < len(body) else 416
                body = body[start:]
        handler.send_response(status)
        handler.send_header("Content-Type", answer.kind)
        for key, value in headers.items():
            handler.send_header(key, value)
        handler.send_header(
            "Content-Length", str(len(body) if answer.length is None else answer.length)
        )
        handler.end_headers()
        if status in {204, 304}:
            return
        if answer.drip_s:
            for i in range(len(body)):
                handler.wfile.write(body[i : i + 1])
                handler.wfile.flush()
                time.sleep(answer.drip_s)
            return
        if self.pause_s:
            half = len(body) // 2
            handler.wfile.write(body[:half])
            handler.wfile.flush()
            time.sleep(self.pause_s)
            body = body[half:]
        handler.wfile.write(body if answer.cut_at is None else body[: answer.cut_at])
        if answer.cut_at is not None or (answer.length or 0) > len(body):
            handler.wfile.flush()
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)


HTML = "text/html;charset=utf-8"


def page(title: str, text: str = "") -> bytes:
    """A web page in place of data."""
    return f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body>{text}</body></html>".encode()
