"""What publishers send today, against what the readers expect: for ``equity doctor --live``.

Of every input the first bytes are asked for, at the address where a run would ask, and nothing is
kept. Anybody with a network can so tell what has changed, before a run fails.
"""

from __future__ import annotations

import csv
import io
import json
import struct
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from equity import settings
from equity.errors import EquityError
from equity.net.desk import Check, Desk
from equity.net.faults import looks_like_html
from equity.net.publishers import address
from equity.net.request import Request
from equity.net.store import Store, Stored
from equity.net.transport import Transport
from equity.sources.care.lists import plain
from equity.sources.catalog import INPUTS, Input
from equity.sources.fetch import Want, fetch_input

__all__ = ["header_lines"]

_START = 1 << 16
_SHOWN = 8
_AS_EXPECTED = "as expected"
_LOCAL = struct.Struct("<4s5H3L2H")
_KINDS = {"csv": "text", "text": "text", "json": "JSON", "zip": "a ZIP"}


class _Seen(Exception):  # noqa: N818 - no error: it ends the way to a file at its first bytes
    """The first bytes of a file."""

    def __init__(self, request: Request, start: bytes, url: str) -> None:
        super().__init__(request.url)
        self.request, self.start, self.url = request, start, url


@dataclass(frozen=True)
class _Peek(Desk):
    """A desk that looks at the beginning of a file and keeps nothing."""

    listing: str = ""

    def get(
        self,
        name: str,
        request: Any,
        *,
        check: Check | None = None,  # noqa: ARG002 - nothing is whole enough to check
        revision: str = "",
    ) -> Stored:
        asked: Request = request if isinstance(request, Request) else request()
        if self.listing and self.listing in name:
            part = self.store.part(name)
            part.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(self.transport.fetch(asked).body)
            return self.store.adopt(name, part, url=asked.url, revision=revision)
        self.transport.exchange(
            asked,
            lambda response: self._look(asked, response),
            headers=lambda: {"Range": f"bytes=0-{_START - 1}"},
            accept=frozenset({200, 206}),
        )
        raise AssertionError("unreachable: what was seen is raised")

    def _look(self, asked: Request, response: Any) -> NoReturn:
        start = b""
        for piece in self.transport.pieces(asked, response, total=False):
            start += piece
            if len(start) >= _START:
                break
        raise _Seen(asked, start[:_START], str(response.url))


def header_lines(via: Transport, *, state: str = "WV") -> Iterator[str]:
    """Yield a line for each input: what its publisher sends, and how that differs.

    Parameters
    ----------
    via
        Transport to ask with.
    state
        State whose file is looked at where each has its own.
    """
    with tempfile.TemporaryDirectory() as folder:
        for entry in INPUTS:
            if not (entry.by_hand_only or entry.of):
                at = _Peek(via, Store(Path(folder)), listing="bdc-listing-")
                yield settings.redact(f"  {entry.id:20} {'; '.join(_findings(entry, state, at))}")


def _findings(entry: Input, state: str, at: _Peek) -> list[str]:
    try:
        _ask(entry, state, at)
    except _Seen as seen:
        return [*_moves(entry, seen), *_differences(entry, seen.start)] or [
            _AS_EXPECTED if entry.columns else "right kind; its header is not compared"
        ]
    except EquityError as trouble:
        if trouble.code in {"E-KEY-MISSING", "E-OFFLINE"}:
            return [f"not asked: {'a key is needed' if 'KEY' in trouble.code else 'offline'}"]
        return [trouble.what]
    raise AssertionError("unreachable: every input is a file")


def _ask(entry: Input, state: str, at: Desk) -> None:
    if entry.id == "acs":  # with a key it is an answer, no file; the key is tried elsewhere
        from equity.sources.census.acs_api import fetch_acs_files

        fetch_acs_files(state, year=int(entry.vintage), source="summary-file", via=at)
    fetch_input(entry.id, Want(state), via=at)


def _moves(entry: Input, seen: _Seen) -> Iterator[str]:
    """Say where the file is, if not where it was expected."""
    there, asked = urlsplit(seen.url), urlsplit(address(seen.request.url))
    if (there.netloc, there.path) != (asked.netloc, asked.path):
        yield f"moved: {_bare(seen.request.url)} sends on to {_bare(seen.url)}"
    if entry.path and seen.request.found:
        yield f"moved: the known address is gone; {seen.request.found}: {_bare(seen.request.url)}"


def _bare(url: str) -> str:
    """Return an address without its query, which may hold a key, and without the mirror."""
    mirror = settings.current().mirror
    if mirror and url.startswith(mirror):
        url = f"https:/{url[len(mirror.rstrip('/')) :]}"
    parts = urlsplit(url)
    return f"{parts.netloc}{parts.path}"


def _differences(entry: Input, start: bytes) -> Iterator[str]:
    """Compare the beginning of a file with what its reader expects."""
    odd = _other_kind(entry.expect, start)
    if odd:
        yield f"wrong type: {odd}, where {_KINDS[entry.expect]} is expected"
        return
    name, start = _first_member(start)
    if not entry.columns or name.lower().endswith((".xml", ".rels")):
        return
    there = _names(start)
    groups = [column.split("|") for column in entry.columns]
    known = {plain(name): name for name in there}
    missing = [names[0] for names in groups if not any(plain(n) in known for n in names)]
    if missing:
        yield f"missing: {_some(missing)}" + (f" (in {name})" if name else "")
    spelled = {n: known[plain(n)] for names in groups for n in names if plain(n) in known}
    other = [f"{new!r} for {old!r}" for old, new in spelled.items() if new.strip() != old]
    if other:
        yield f"spelled otherwise: {_some(other)}"
    extra = [there_ for there_ in there if plain(there_) not in set(map(plain, spelled))]
    if extra:
        yield f"extra: {_some(extra)}"


def _some(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _other_kind(expect: str, start: bytes) -> str:
    """Return what a file is, if not what it should be."""
    packed, text = start.startswith(b"PK"), start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if expect != "any" and looks_like_html(start):
        return "a web page"
    if not start:
        return "nothing"
    if expect == "zip":
        return "" if packed else "no ZIP"
    if expect in {"csv", "text"} and (packed or b"\0" in start):
        return "a ZIP" if packed else "no text"
    is_json = text.startswith((b"{", b"["))
    if expect in {"csv", "json"} and is_json != (expect == "json"):
        return "JSON" if is_json else "no JSON"
    return ""


def _first_member(start: bytes) -> tuple[str, bytes]:
    """Return the name and the beginning of the first file in a ZIP; what is none, as it is."""
    if not start.startswith(b"PK\x03\x04") or len(start) < _LOCAL.size:
        return "", start
    fields = _LOCAL.unpack_from(start)
    method, name_n, extra_n = fields[3], fields[9], fields[10]
    at = _LOCAL.size + name_n
    name = start[_LOCAL.size : at].decode("utf-8", "replace")
    body = start[at + extra_n :]
    if method == zlib.DEFLATED:
        try:
            body = zlib.decompressobj(-zlib.MAX_WBITS).decompress(body, _START)
        except zlib.error:
            body = b""
    return name, body


def _names(start: bytes) -> list[str]:
    """Return the names in a header, or the keys of the first row of JSON."""
    text = start.decode("utf-8-sig", "replace")
    if text.lstrip().startswith(("{", "[")):
        try:
            row = text.index("{", text.index("["))
            return list(json.JSONDecoder().raw_decode(text, row)[0])
        except ValueError:
            return []
    line = text.splitlines()[0] if text.strip() else ""
    delimiter = max(",|\t;", key=line.count)
    names = next(csv.reader(io.StringIO(line), delimiter=delimiter), [])
    return [name.strip() for name in names if name.strip()]
