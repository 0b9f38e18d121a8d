"""What a publisher's refusal means, in words: what failed, why most likely, and what to do.

Publishers seldom say no plainly. The Census API sends a page with status 200 where it means "no
key"; the FCC says 422 for "no such file"; a maintenance page arrives under the name of a ZIP. One
function turns each of these into one error.
"""

from __future__ import annotations

import email.utils
from collections.abc import Mapping

from equity.errors import CredentialError, EquityError, NetworkError
from equity.net.request import Request

__all__ = [
    "RETRY_STATUS",
    "Retry",
    "looks_like_html",
    "retry_after",
    "status_error",
    "unwanted_page",
]

RETRY_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
KEY_HEADER = "x-datawebapi-keyerror"
AGAIN = "run the same command again; what is already here is not downloaded twice"

CENSUS_KEY_HELP = (
    "ask for a free key at https://api.census.gov/data/key_signup.html, click the activation link "
    "in the "
    "e-mail, then `export CENSUS_API_KEY=...` or put CENSUS_API_KEY=... in a file named .env next "
    "to your "
    "notebook. No key yet? `equity run example` and eq.load_example() need none, and `equity run "
    "STATE` falls "
    "back to the keyless Summary File"
)
FCC_KEY_HELP = (
    "log in at https://broadbandmap.fcc.gov/login, open Manage API Access, accept the terms, "
    "press Generate, then "
    "`export FCC_USERNAME=<your e-mail> FCC_HASH=<the 44-character token>`. Without a token: "
    "download by hand from "
    "https://broadbandmap.fcc.gov/data-download into data/raw/"
)


class Retry(Exception):  # noqa: N818 - not an error yet: it may still go well
    """A try failed and another may succeed; `error` is what to raise if none does."""

    def __init__(self, error: EquityError, *, wait_s: float | None = None) -> None:
        self.error = error
        self.wait_s = wait_s
        super().__init__(str(error))


def looks_like_html(start: bytes) -> bool:
    """Tell whether a body begins like a web page."""
    head = start[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return head.startswith((b"<!doctype html", b"<html", b"<head", b"<!--"))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds the publisher asks us to wait.

    A date is read against the answer's own ``Date``, so that a wrong clock here does not matter.
    """
    value = headers.get("Retry-After", "").strip()
    if not value:
        return None
    if value.isdigit():
        return float(value)
    try:
        until = email.utils.parsedate_to_datetime(value)
        now = email.utils.parsedate_to_datetime(headers.get("Date", ""))
        return max((until - now).total_seconds(), 0.0)
    except (TypeError, ValueError):
        return None


def census_key_error(kind: str) -> CredentialError:
    """Say that the key is ``"missing"``, ``"malformed"`` or ``"rejected"``, without echoing it."""
    what = {
        "missing": (
            "the Census API has required a key for every request since May 12, 2026, and none was "
            "sent"
        ),
        "malformed": (
            "the Census API key does not have 40 characters: most often it was cut short when "
            "copied"
        ),
        "rejected": (
            "the Census API refused the key: most often it is mistyped or cut short, or the "
            "activation link in "
            "the e-mail was not clicked"
        ),
    }[kind]
    return CredentialError(what, fix=CENSUS_KEY_HELP, code=f"E-KEY-{kind.upper()}")


def unwanted_page(request: Request, headers: Mapping[str, str], body: bytes) -> EquityError:
    """Name the web page that came in place of data."""
    name = request.publisher.name
    text = body[:4096].decode("utf-8", errors="replace").lower()
    if request.publisher.id == "census":
        if "invalid key" in text:
            return census_key_error("rejected")
        if KEY_HEADER in {key.lower() for key in headers} or "missing key" in text:
            sent = "key" in request.secret_params
            return census_key_error("rejected" if sent else "missing")
    return NetworkError(
        f"{name} sent a web page in place of data, most likely a maintenance notice",
        file=request.url,
        fix=(
            f"try again in an hour, or download the file by hand from {request.publisher.page} "
            "into data/raw/"
        ),
        code="E-MAINTENANCE",
    )


def status_error(
    request: Request, status: int, headers: Mapping[str, str], body: bytes
) -> EquityError:
    """Turn a status that is not success into the error to raise."""
    if looks_like_html(body) and request.publisher.id == "census":
        error = unwanted_page(request, headers, body)
        if isinstance(error, CredentialError):
            return error
    if status in {401, 403}:
        return _refused(request, status)
    what, fix, code = _MEANING.get(status, _server(status) if status >= 500 else _other(status))
    name = request.publisher.name
    return NetworkError(
        what.format(name=name, status=status),
        file=request.url,
        fix=fix.format(page=request.publisher.page, again=AGAIN),
        code=code,
    )


def _refused(request: Request, status: int) -> EquityError:
    name = request.publisher.name
    if request.publisher.id == "fcc":
        sent = "was refused: most likely it is mistyped, expired, or its terms were not accepted"
        if not request.has_credentials:
            sent = "was not sent"
        return CredentialError(
            f"{name} answered {status}: the user name and token "
            f"{'' if request.has_credentials else 'it needs '}{sent}",
            file=request.url,
            fix=FCC_KEY_HELP,
            code="E-KEY-REJECTED" if request.has_credentials else "E-KEY-MISSING",
        )
    if request.publisher.id == "census" and request.has_credentials:
        return census_key_error("rejected")
    return NetworkError(
        f"{name} answered {status}: it refuses this address, most likely because it blocks "
        "scripts or this network",
        file=request.url,
        fix=f"download the file in a browser from {request.publisher.page} into data/raw/",
        code="E-FORBIDDEN",
    )


_MEANING = {
    204: (
        "{name} has no rows for this question",
        "check state and year: `equity sources`",
        "E-NO-DATA",
    ),
    400: (
        "{name} answered 400: it does not know a column, area or year that was asked for",
        "check year and columns against the publisher's list: {page}",
        "E-BAD-QUESTION",
    ),
    404: (
        (
            "{name} answered 404: no such file, most likely because this year is not published or "
            "has moved"
        ),
        (
            "check the year with `equity sources`, or look for the file at {page} and put it in "
            "data/raw/"
        ),
        "E-NOT-FOUND",
    ),
    405: (
        (
            "{name} answered 405: this address is no longer served, most likely because the "
            "interface has changed"
        ),
        "update telehealth-equity, or download the file by hand from {page} into data/raw/",
        "E-METHOD",
    ),
    422: (
        "{name} answered 422: it has no file for this combination of date, state and technology",
        "check the as-of dates with `equity sources`, or {page}",
        "E-NO-FILE",
    ),
    429: (
        (
            "{name} answered 429: too many requests, most likely because somebody else uses the "
            "same "
            "key or address"
        ),
        "wait ten minutes, then {again}",
        "E-TOO-MANY",
    ),
}


def _server(_status: int) -> tuple[str, str, str]:
    return (
        "{name} answered {status}: it has trouble of its own",
        "wait a few minutes, then {again}; by hand: {page}",
        "E-SERVER",
    )


def _other(_status: int) -> tuple[str, str, str]:
    return (
        "{name} answered {status}",
        "open {page} in a browser to see whether it works there",
        "E-HTTP",
    )
