"""The one way out to the network.

Every request goes through one ``requests`` session that sends a plain user agent, keeps no cookie,
reads no ``.netrc``, follows a redirect only by hand (no credential goes to another host), asks each
publisher no faster than it allows, tries again when that can help, and gives up after a bounded
time with a message that says what to do.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from equity import settings
from equity._version import __version__
from equity.errors import EquityError, FormatError, NetworkError, OfflineError
from equity.net.clock import Clock, Limits, RateLimiter
from equity.net.faults import (
    AGAIN,
    RETRY_STATUS,
    Retry,
    looks_like_html,
    retry_after,
    status_error,
    unwanted_page,
)
from equity.net.publishers import Publisher, check_may_carry, host_of
from equity.net.request import Reply, Request
from equity.net.store import writing
from equity.settings import redact

if TYPE_CHECKING:
    import requests

__all__ = ["Transport", "transport"]

log = logging.getLogger("equity.sources")
T = TypeVar("T")

_HOPS = 5
_PIECE = 1 << 16
# A packed answer may be as small as it likes up to here, then at most so many times its size.
_SMALL, _RATIO = 64 * 1024 * 1024, 200
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
USER_AGENT = f"telehealth-equity/{__version__} (python-requests)"


class Transport:
    """Asks publishers; give your own `clock` and `limits` in a test.

    Attributes
    ----------
    sent
        Number of HTTP requests made so far.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        limits: Limits | None = None,
        state_dir: Path | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self.limits = limits or Limits()
        self.sent = 0
        self._state_dir = state_dir
        self._limiters: dict[str, RateLimiter] = {}
        self._guard = threading.Lock()
        self._session: Any = None

    def fetch(self, request: Request) -> Reply:
        """Ask and hold the whole answer in memory.

        Raises
        ------
        NetworkError, CredentialError, OfflineError
            With the reason and the fix.
        """

        def whole(response: Any) -> Reply:
            body = b"".join(self.pieces(request, response, total=True))
            if request.expect != "any" and looks_like_html(body):
                raise unwanted_page(request, response.headers, body)
            return Reply(response.status_code, dict(response.headers), body)

        return self.exchange(request, whole)

    def exchange(
        self,
        request: Request,
        consume: Callable[[requests.Response], T],
        *,
        headers: Callable[[], Mapping[str, str]] = dict,
        accept: frozenset[int] = frozenset({200}),
    ) -> T:
        """Ask, try again where that can help, and hand a good response to `consume`.

        Parameters
        ----------
        consume
            Reads the streamed response; may raise :class:`Retry`.
        headers
            Called before each try (a download asks only for what it still lacks).
        accept
            Statuses that `consume` understands.
        """
        if settings.current().offline:
            raise OfflineError(
                f"{request.publisher.name} would have to be asked, and downloads are switched off",
                file=request.url,
                fix=(
                    "unset EQUITY_OFFLINE (or drop --offline), or put the file in data/raw/: "
                    "`equity sources` says under what name"
                ),
            )
        for attempt in range(self.limits.attempts):
            try:
                return self._once(request, consume, headers(), accept)
            except Retry as trouble:
                wait = self._pause(trouble, attempt)
                if wait is None:
                    raise trouble.error from None
                log.info("%s: trying again in %.0f s", redact(trouble.error.what), wait)
                self.clock.sleep(wait)
        raise AssertionError("unreachable: the last try raises")

    def pieces(
        self, request: Request, response: requests.Response, *, total: bool
    ) -> Iterator[bytes]:
        """Yield the body as it arrives; cut a connection that only drips.

        Raises
        ------
        Retry
            If it breaks off, stalls, or ends short of its announced length.
        """
        began = mark = self.clock.monotonic()
        seen = since = 0
        announced = response.headers.get("Content-Length", "")
        while piece := self._read(request, response):
            seen, since = seen + len(piece), since + len(piece)
            now = self.clock.monotonic()
            if total and (now - began > self.limits.total_s or seen > request.max_bytes):
                raise self._cut(
                    request,
                    seen,
                    "took too long" if seen <= request.max_bytes else "is too long",
                )
            if seen > _SMALL and seen > _RATIO * max(response.raw.tell(), 1):
                raise self._bomb(request)
            if now - mark > self.limits.stall_s:
                if since < self.limits.stall_bytes:
                    raise self._cut(request, seen, "only drips")
                mark, since = now, 0
            yield piece
        plain = response.headers.get("Content-Encoding", "identity") == "identity"
        if plain and announced.isdigit() and seen != int(announced):
            raise self._cut(request, seen, f"ended early, {seen:,} of {int(announced):,} bytes")

    def _read(self, request: Request, response: Any) -> bytes:
        from requests.exceptions import RequestException
        from urllib3.exceptions import HTTPError

        try:
            return bytes(response.raw.read1(_PIECE, decode_content=True))
        except (HTTPError, RequestException, OSError) as trouble:
            raise self._cut(request, None, "broke off in the middle") from trouble

    def _bomb(self, request: Request) -> FormatError:
        return FormatError(
            f"the answer of {request.publisher.name} unpacks to far more than it can hold",
            file=request.url,
            fix=f"download the file by hand from {request.publisher.page} into data/raw/",
            code="E-ZIP-BOMB",
        )

    def _cut(self, request: Request, seen: int | None, how: str) -> Retry:
        where = "" if seen is None else f" after {seen:,} bytes"
        name = request.publisher.name
        return Retry(
            NetworkError(
                f"the answer of {name} {how}{where}, most likely because the connection or the "
                "server is overloaded",
                file=request.url,
                fix=(
                    f"{AGAIN}; a large file continues where it stopped. By hand: "
                    f"{request.publisher.page}"
                ),
                code="E-CUT",
            )
        )

    def _pause(self, trouble: Retry, attempt: int) -> float | None:
        """Seconds to wait before the next try; None if there is none."""
        if attempt + 1 >= self.limits.attempts:
            return None
        if trouble.wait_s is None:
            return self.limits.pause(attempt, self.clock.jitter())
        return None if trouble.wait_s > self.limits.longest_wait_s else trouble.wait_s

    def _once(
        self,
        request: Request,
        consume: Callable[[Any], T],
        headers: Mapping[str, str],
        accept: frozenset[int],
    ) -> T:
        response = self._follow(request, dict(headers))
        try:
            status = response.status_code
            if status in accept:
                return consume(response)
            # Read in place: a page that repeats a key stays out of the locals of the error.
            error = status_error(
                request, status, response.headers, response.raw.read(1 << 16, decode_content=True)
            )
            if status in RETRY_STATUS:
                raise Retry(error, wait_s=retry_after(response.headers))
            raise error
        finally:
            response.close()

    def _follow(self, request: Request, headers: Mapping[str, str]) -> Any:
        """Send, and follow redirects by hand; credentials stay with the first host."""
        url, carries = request.target, request.has_credentials
        origin = host_of(url)
        _announce_mirror()
        for _hop in range(_HOPS):
            if carries:
                check_may_carry(url)
            response = self._send(request, url, headers, signed=carries)
            if response.status_code not in _REDIRECTS:
                return response
            onward = _onward(request, url, origin, response.headers)
            response.close()
            if isinstance(onward, EquityError):
                raise onward
            url, carries = onward, carries and host_of(onward) == origin
        raise NetworkError(
            f"{request.publisher.name} sends the request in circles",
            file=request.url,
            fix=f"download the file by hand from {request.publisher.page} into data/raw/",
            code="E-REDIRECT",
        )

    def _send(
        self, request: Request, url: str, headers: Mapping[str, str], *, signed: bool
    ) -> requests.Response:
        from requests.exceptions import RequestException

        with writing(self._state_dir or Path()):
            self._limiter(request.publisher).wait()
        self.sent += 1
        log.debug("%s %s", request.method, request.url)
        try:
            answer: requests.Response = self._open_session().request(
                request.method,
                url,
                headers=dict(headers),
                files=request.files,
                data=request.data,
                auth=request.sign if signed else _no_auth,
                timeout=(self.limits.connect_s, max(self.limits.read_s, request.publisher.read_s)),
                allow_redirects=False,
                stream=True,
            )
        except BaseException as error:  # noqa: BLE001 - raised again below
            # Its text and its frames hold the whole address, key included: neither is passed on.
            trouble = error.with_traceback(None)
        else:
            return answer
        if isinstance(trouble, (RequestException, OSError)):
            kind = type(trouble).__name__
            del trouble
            raise Retry(self._unreachable(request, kind))
        trouble.__context__ = None
        raise trouble

    def _unreachable(self, request: Request, kind: str) -> EquityError:
        host = host_of(request.url)
        return NetworkError(
            f"{request.publisher.name} ({host}) cannot be reached ({kind}), most likely because "
            "this machine has no internet "
            "connection or a firewall stands between",
            file=request.url,
            fix=(
                f"open {request.publisher.page} in a browser to see; `equity doctor` tests every "
                f"publisher; {AGAIN}"
            ),
            code="E-UNREACHABLE",
        )

    def _limiter(self, publisher: Publisher) -> RateLimiter:
        with self._guard:
            if publisher.id not in self._limiters:
                shared = self._state_dir / f"{publisher.id}.calls" if self._state_dir else None
                self._limiters[publisher.id] = RateLimiter(
                    publisher.calls, publisher.per_s, self.clock, path=shared
                )
            return self._limiters[publisher.id]

    def _open_session(self) -> Any:
        with self._guard:
            if self._session is None:
                import requests

                session = requests.Session()
                session.headers.update({"User-Agent": USER_AGENT, "Accept-Encoding": "identity"})
                session.auth = _no_auth  # else requests looks for one in ~/.netrc
                session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
                self._session = session
                for name in ("urllib3.connectionpool", log.name):
                    logging.getLogger(name).addFilter(_Redacted())
            return self._session


def _onward(
    request: Request, url: str, origin: str, headers: Mapping[str, str]
) -> str | EquityError:
    """Return where a redirect leads, without a credential, or why it is not followed."""
    place = headers.get("Location", "")
    if request.publisher.id == "census" and "missing_key" in place:
        return unwanted_page(request, headers, b"missing key")
    there = urljoin(url, place)
    parts = urlsplit(there)
    if host_of(there) == origin:  # which may repeat the key it was sent
        asked = parse_qsl(parts.query, keep_blank_values=True)
        kept = [pair for pair in asked if pair[0] not in request.secret_params]
        if kept != asked:
            there = parts._replace(query=urlencode(kept)).geturl()
    if request.method != "GET" and host_of(there) != origin:
        received = "the form that is sent"
    elif parts.scheme in {"http", "https"} and redact(there) == there:
        return there
    else:
        received = "a credential"
    return NetworkError(
        f"{request.publisher.name} redirects to {redact(host_of(there)) or 'nowhere'}, which "
        f"would have received {received}; not followed",
        file=request.url,
        fix=f"download the file by hand from {request.publisher.page} into data/raw/",
        code="E-REDIRECT",
    )


_announced: set[str] = set()


def _announce_mirror() -> None:
    """Say once, on the screen, that another server stands in for the publishers."""
    mirror = settings.current().mirror
    if mirror and mirror not in _announced:
        _announced.add(mirror)
        where = ".env in this folder" if settings.mirror_named_by_file() else "the settings"
        log.warning("%s is asked in place of the publishers: %s says so", mirror, where)


class _Redacted(logging.Filter):
    """urllib3 logs whole addresses at DEBUG, and the Census key travels in the address."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), ()
        return True


def _no_auth(prepared: Any) -> Any:
    return prepared


_shared: dict[Path, Transport] = {}


def transport() -> Transport:
    """Return the transport of this session; its rate limits are shared through the cache folder."""
    folder = Path(settings.current().cache_dir or ".") / ".state"
    if folder not in _shared:
        _shared[folder] = Transport(state_dir=folder)
    return _shared[folder]
