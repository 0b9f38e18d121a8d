"""From a publisher into the cache: whole, checked, once.

A download grows in a part file beside a note of what it is (validator and length). After a break it
continues with ``Range`` and ``If-Range``, so that a publisher who changed the file in between sends
the new one from its beginning.
"""

from __future__ import annotations

import contextlib
import email.utils
import itertools
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from equity import settings
from equity.errors import EquityError, FormatError, NetworkError, OfflineError
from equity.files.zips import check_zip
from equity.net.faults import Retry, looks_like_html, unwanted_page
from equity.net.request import Request
from equity.net.store import Store, Stored, check_room, store, write_note, writing
from equity.net.transport import Transport, transport
from equity.progress import track

__all__ = ["Desk", "desk"]

Check = Callable[[Path], None]


@dataclass(frozen=True)
class Desk:
    """A transport and a store: all that a client needs.

    Attributes
    ----------
    transport, store
        How to ask, and where to keep.
    closed
        Take from the store only, whatever the settings say.
    """

    transport: Transport
    store: Store
    closed: bool = False

    @property
    def offline(self) -> bool:
        """True if nobody may be asked."""
        return self.closed or bool(settings.current().offline)

    def get(
        self,
        name: str,
        request: Request | Callable[[], Request],
        *,
        check: Check | None = None,
        revision: str = "",
    ) -> Stored:
        """Return the file called `name`, from the cache if it is there, else from its publisher.

        Parameters
        ----------
        name
            Place in the cache.
        request
            How to ask, or a function that finds out (it is called only on a miss).
        check
            Called with the finished part; raises if it is not what it should be.
        revision
            The publisher's name for this version; by default the day it last changed.
        """
        found = self.store.find(name)
        if found is not None:
            return found
        if self.offline:
            raise self._offline(name, request)
        with self.store.lock(name):
            found = self.store.find(name)  # another process may have been faster
            if found is not None:
                return found
            asked = request if isinstance(request, Request) else request()
            return self._download(name, asked, check, revision)

    def _offline(self, name: str, request: Request | Callable[[], Request]) -> OfflineError:
        url = request.url if isinstance(request, Request) else None
        bare = name.rpartition("/")[2]
        return OfflineError(
            f"{bare} is not in the cache, and downloads are switched off",
            file=url,
            fix=f"unset EQUITY_OFFLINE (or drop --offline), or save the file as data/raw/{bare}",
        )

    def _download(self, name: str, request: Request, check: Check | None, revision: str) -> Stored:
        part = self.store.part(name)
        with writing(part):
            part.parent.mkdir(parents=True, exist_ok=True)
        grown = _Part(part, request, self.transport)
        self.transport.exchange(
            request, grown.take, headers=grown.ask, accept=frozenset({200, 206, 416})
        )
        try:
            check_kind(part, request)
            if check is not None:
                check(part)
        except EquityError:
            grown.discard()
            raise
        stored = self.store.adopt(
            name,
            part,
            url=request.url,
            revision=revision or grown.last_changed,
            found=request.found,
        )
        grown.forget()
        return stored


class _Part:
    """A file that grows, over as many tries as it takes."""

    def __init__(self, path: Path, request: Request, transport: Transport) -> None:
        self.path = path
        self.note = path.with_name(path.name + ".json")
        self.request = request
        self.transport = transport
        self.last_changed = ""

    def ask(self) -> Mapping[str, str]:
        """Headers that ask for what is still missing."""
        known = self._known()
        have = self._have()
        if not have or not known.get("validator") or known.get("url") != self.request.url:
            return {}
        return {"Range": f"bytes={have}-", "If-Range": str(known["validator"])}

    def take(self, response: Any) -> None:
        """Write what arrives at the place where it belongs."""
        status, headers = response.status_code, response.headers
        if status == 416:
            self.discard()
            raise Retry(self._odd("refused to continue a download"))
        start = self._start(headers) if status == 206 else 0
        total = self._total(headers, start)
        self.last_changed = _day(headers.get("Last-Modified", "")) or self.last_changed
        if start == 0:
            self._remember(headers, total)
        if total is not None:
            check_room(self.path, total - start)
        self._write(response, start, total)
        if total is not None and self._have() != total:
            raise Retry(self._odd(f"sent {self._have():,} of {total:,} bytes"))

    def _write(self, response: Any, start: int, total: int | None) -> None:
        label = f"Downloading {self.path.name.rpartition('__')[2]}"
        pieces = self.transport.pieces(self.request, response, total=False)
        first = next(pieces, b"")
        if start == 0 and self.request.expect != "any" and looks_like_html(first):
            self.discard()
            error = unwanted_page(self.request, response.headers, first)
            first = b""  # a page that repeats a key stays out of the locals of the error
            raise error
        with (
            writing(self.path),
            _open_at(self.path, start) as handle,
            track(label, total=total, unit="bytes") as advance,
        ):
            for piece in itertools.chain([first], pieces):
                handle.write(piece)
                advance(len(piece))
            handle.flush()
            os.fsync(handle.fileno())

    def _start(self, headers: Mapping[str, str]) -> int:
        """Where a continued answer begins; it must be where we stopped."""
        span = headers.get("Content-Range", "")
        start = span.removeprefix("bytes ").partition("-")[0]
        if not start.isdigit() or int(start) != self._have():
            self.discard()
            raise Retry(self._odd("continued a download at the wrong place"))
        self.last_changed = str(self._known().get("changed", ""))
        return int(start)

    def _total(self, headers: Mapping[str, str], start: int) -> int | None:
        length = headers.get("Content-Length", "")
        plain = headers.get("Content-Encoding", "identity") == "identity"
        return start + int(length) if length.isdigit() and plain else None

    def _remember(self, headers: Mapping[str, str], total: int | None) -> None:
        etag = headers.get("ETag", "")
        # A weak tag does not promise the same bytes.
        validator = headers.get("Last-Modified", "") if etag.startswith("W/") else etag
        note = {
            "url": self.request.url,
            "validator": validator or headers.get("Last-Modified", ""),
            "changed": self.last_changed,
            "total": total,
        }
        packed = headers.get("Content-Encoding", "identity") != "identity"
        if packed or headers.get("Accept-Ranges", "").lower() == "none":
            note["validator"] = ""
        write_note(self.note, json.dumps(note).encode())

    def _known(self) -> dict[str, Any]:
        try:
            note = json.loads(self.note.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return note if isinstance(note, dict) else {}

    def _have(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def discard(self) -> None:
        """Throw away what has come so far."""
        self.path.unlink(missing_ok=True)
        self.forget()

    def forget(self) -> None:
        """Throw away the note."""
        self.note.unlink(missing_ok=True)

    def _odd(self, how: str) -> NetworkError:
        return NetworkError(
            f"{self.request.publisher.name} {how}",
            file=self.request.url,
            fix=(
                "run the same command again, or download by hand from "
                f"{self.request.publisher.page}"
            ),
            code="E-CUT",
        )


@contextlib.contextmanager
def _open_at(path: Path, start: int) -> Any:
    with path.open("r+b" if start else "wb") as handle:
        handle.seek(start)
        handle.truncate()
        yield handle


def check_kind(path: Path, request: Request) -> None:
    """Raise unless the file is of the kind that was asked for."""
    with path.open("rb") as handle:
        start = handle.read(512)
    if request.expect != "any" and looks_like_html(start):
        raise unwanted_page(request, {}, start)
    if not start:
        raise _not_what(request, "is empty")
    if request.expect == "zip":
        check_zip(path)
    if request.expect == "json":
        check_json(path, request)
    if request.expect in {"csv", "text"} and b"\0" in start:
        raise _not_what(request, "is not text")


def check_json(path: Path, request: Request) -> None:
    """Raise unless the whole file is JSON."""
    try:
        json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise _not_what(request, "is JSON cut short, or none") from None


def _not_what(request: Request, how: str) -> FormatError:
    return FormatError(
        f"what {request.publisher.name} sent {how}: most likely a download that broke off on "
        "their side",
        file=request.url,
        fix=f"run the same command again in a few minutes; by hand: {request.publisher.page}",
    )


def _day(http_date: str) -> str:
    try:
        return email.utils.parsedate_to_datetime(http_date).date().isoformat()
    except (TypeError, ValueError):
        return ""


def desk() -> Desk:
    """Return the transport and store in force."""
    return Desk(transport(), store())
