"""The FCC's public data API: as-of dates, listings, downloads.

Ten calls a minute, two hosts, a user name and a token in two headers. A listing is kept like any
file: from then on a study stands on one revision, whatever the FCC publishes next, until the user
removes it (``equity sources --remove fcc/2025-12-31``).
"""

from __future__ import annotations

import fnmatch
import json
import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from equity import settings
from equity.areas.geoid import find_state
from equity.errors import (
    CredentialError,
    EquityError,
    FormatError,
    InputError,
    NetworkError,
    OfflineError,
)
from equity.files.zips import TEST_BELOW, check_zip
from equity.net.desk import Desk, desk
from equity.net.faults import FCC_KEY_HELP
from equity.net.publishers import publisher
from equity.net.request import Request
from equity.net.store import Stored
from equity.sources.fcc._bdc_names import EXPORT, LOCATIONS, check_as_of, parse_name
from equity.sources.fcc.bdc import BdcFiles, read_bdc

__all__ = [
    "BdcListing",
    "bdc_by_hand",
    "fetch_bdc_files",
    "fetch_bdc_summary",
    "fetch_funding_listing",
    "get_bdc",
    "list_as_of_dates",
    "list_bdc_files",
]

log = logging.getLogger("equity.sources")

FIXED = (10, 40, 50, 70, 71, 72, 0)
_API = "/api/public/map"
# Failures of a host, not of the question: the other host is worth a try.
_HOST_TROUBLE = {"E-UNREACHABLE", "E-SERVER", "E-METHOD", "E-NOT-FOUND", "E-MAINTENANCE", "E-CUT"}


@dataclass(frozen=True)
class BdcListing:
    """One file that the FCC offers.

    Attributes
    ----------
    file_id
        Number to download it by.
    name
        File name without extension; it carries the revision.
    product
        ``"location_coverage"`` or ``"served_unserved"``.
    state
        FIPS code.
    technology
        FCC code, or None for all.
    rows
        Number of rows announced; None if unknown.
    """

    file_id: str
    name: str
    product: str
    state: str
    technology: int | None
    rows: int | None


def list_as_of_dates(*, via: Desk | None = None) -> list[str]:
    """Ask the FCC for the dates it has availability data for (never cached).

    Returns
    -------
    list of str
        ISO dates, oldest first.
    """
    at = via or desk()
    reply = _over_hosts(
        at, f"{_API}/listAsOfDates", lambda request: at.transport.fetch(request).body, {}
    )
    rows = _rows(reply, "listAsOfDates")
    found = {
        str(r.get("as_of_date", ""))[:10] for r in rows if r.get("data_type") == "availability"
    }
    return sorted(found - {""})


def list_bdc_files(*, as_of: str, via: Desk | None = None) -> list[BdcListing]:
    """List the fixed-broadband state files of a vintage (asked once, then from the cache).

    Parameters
    ----------
    as_of
        30 June or 31 December, as an ISO date.
    via
        Transport and cache; the session's own by default.
    """
    at, date = via or desk(), check_as_of(as_of)
    params = {"category": "State", "technology_type": "Fixed Broadband"}
    by_hand = "the state's Location Coverage and Served-Unserved files"
    listed = map(_listing, _listed_rows(at, date, "state-fixed", params, by_hand))
    return [entry for entry in listed if entry is not None]


def _listed_rows(
    at: Desk, date: str, kept_as: str, params: dict[str, str], by_hand: str
) -> list[dict[str, Any]]:
    """Return the rows of a listing, asked once and then kept."""
    name = f"fcc/{date}/bdc-listing-{date}-{kept_as}.json"
    if at.offline and at.store.find(name) is None:
        raise OfflineError(
            f"the FCC's files as of {date} are not at hand, and downloads are switched off",
            fix=(
                f"unset EQUITY_OFFLINE (or drop --offline), or download {by_hand} from "
                f"{publisher('fcc').page} into data/raw/"
            ),
        )
    path = f"{_API}/downloads/listAvailabilityData/{date}"
    stored = at.store.find(name) or _over_hosts(
        at, path, lambda request: at.get(name, request), params
    )
    return _rows(stored.path.read_bytes(), stored.path.name)


def _listing(row: dict[str, Any]) -> BdcListing | None:
    name = _bare(row)
    product = {"Served-Unserved": EXPORT, "Location Coverage": LOCATIONS}.get(
        str(row.get("subcategory")), ""
    )
    if not product or str(row.get("file_type", "csv")) != "csv" or not row.get("state_fips"):
        return None
    said = parse_name(name)
    code = str(row.get("technology_code") if row.get("technology_code") is not None else "").strip()
    technology = int(code) if code.isdigit() else said.technology
    count = str(row.get("record_count") or "")
    return BdcListing(
        file_id=str(row["file_id"]),
        name=name,
        product=product,
        state=str(row["state_fips"]).zfill(2),
        technology=None if product == EXPORT else technology,
        rows=int(count) if count.isdigit() else None,
    )


def get_bdc(
    state: str,
    *,
    as_of: str,
    technologies: Iterable[int] = FIXED,
    via: Desk | None = None,
) -> BdcFiles:
    """Download (once) a state's location files and return the handle that `coverage` reads.

    Parameters
    ----------
    state
        State (FIPS, postal code or name).
    as_of
        30 June or 31 December, as an ISO date.
    technologies
        FCC codes; satellite (60, 61) is large and left out by default.
    via
        Transport and cache; the session's own by default.

    Returns
    -------
    BdcFiles
        As :func:`equity.read_bdc`, its sources with address and revision.

    Raises
    ------
    EquityError
        As :func:`fetch_bdc_files`.
    """
    wanted = tuple(technologies)
    files = fetch_bdc_files(state, as_of=as_of, technologies=wanted, via=via)
    handle = read_bdc([f.path for f in files], as_of=as_of, state=state, technologies=wanted)
    receipts = {f.path.name: f.receipt for f in files if f.receipt is not None}
    sources = tuple(
        replace(source, url=got.url, revision=got.revision, mirror=got.mirror)
        if (got := receipts.get(source.file))
        else source
        for source in handle.sources
    )
    return replace(handle, sources=sources)


def fetch_bdc_files(
    state: str,
    *,
    as_of: str,
    technologies: Iterable[int] = FIXED,
    via: Desk | None = None,
) -> list[Stored]:
    """Download (once) the location files of a state.

    Files downloaded by hand into ``data/raw`` are taken first and need no token.

    Parameters
    ----------
    state
        State (FIPS, postal code or name).
    as_of
        30 June or 31 December, as an ISO date.
    technologies
        FCC codes; satellite (60, 61) is large and left out by default.
    via
        Transport and cache; the session's own by default.

    Returns
    -------
    list of Stored
        Location Coverage files of the technologies that the state has, and its Served-Unserved
        file where the vintage has one.

    Raises
    ------
    CredentialError
        If there is neither a token nor a file by hand.
    InputError
        If the FCC lists nothing for the state.
    NetworkError, FormatError, StorageError
        If the download fails.
    """
    at, where, date = via or desk(), find_state(state), check_as_of(as_of)
    wanted = set(technologies)
    mine = bdc_by_hand(where.fips, as_of=date, technologies=wanted, via=at)
    if mine:
        return mine
    listed = [
        entry
        for entry in list_bdc_files(as_of=date, via=at)
        if entry.state == where.fips and (entry.product == EXPORT or entry.technology in wanted)
    ]
    if not listed:
        raise InputError(
            f"the FCC lists no location files for {where.name} as of {date}",
            fix="`equity doctor` shows the dates it has; a listing is kept: "
            f"`equity sources --remove fcc/{date}` asks again",
        )
    return [_download(at, date, e.name, e.file_id) for e in sorted(listed, key=lambda e: e.name)]


def bdc_by_hand(
    state: str, *, as_of: str, technologies: Iterable[int] = FIXED, via: Desk | None = None
) -> list[Stored]:
    """Return the state's files of this vintage that lie in ``data/raw``."""
    at, date, wanted = via or desk(), check_as_of(as_of), set(technologies)
    fips, found = find_state(state).fips, []
    for folder in at.store.by_hand:
        for path in sorted(folder.glob("bdc_*")) if folder.is_dir() else ():
            said = parse_name(path.name)
            right = said.state == fips and said.vintage == date
            kind = said.product == EXPORT or (
                said.product == LOCATIONS and said.technology in wanted
            )
            if right and kind and path.suffix.lower() in {".zip", ".csv"}:
                if path.suffix.lower() == ".zip":
                    check_zip(path)
                found.append(Stored(path))
    return found


def fetch_bdc_summary(name: str, *, as_of: str, via: Desk | None = None) -> Stored:
    """Download (once) one of the FCC's own tables: by county, by place, or of providers.

    The listing of these is asked once for a vintage, with the same token as the location files.

    Parameters
    ----------
    name
        Name of the file, ``<…>`` for the part that the FCC decides:
        ``bdc_us_provider_list_D25_<revision>``.
    as_of
        30 June or 31 December, as an ISO date.
    via
        Transport and cache; the session's own by default.

    Raises
    ------
    InputError
        If the FCC lists no such table, or several.
    CredentialError, OfflineError, NetworkError, FormatError, StorageError
        If there is no token, or the download fails.
    """
    at, date = via or desk(), check_as_of(as_of)
    stem = name.removesuffix(".zip")
    rows = _listed_rows(at, date, "summary", {"category": "Summary"}, stem)
    pattern = re.sub(r"<[^>]*>", "*", stem)
    found = {
        _bare(row): str(row["file_id"])
        for row in rows
        if str(row.get("file_type", "csv")) == "csv" and fnmatch.fnmatchcase(_bare(row), pattern)
    }
    if len(found) != 1:
        raise InputError(
            f"the FCC lists {len(found)} tables called {pattern} as of {date}",
            rows=sorted(found),
            fix="`equity doctor` shows the dates it has; a listing is kept: "
            f"`equity sources --remove fcc/{date}` asks again",
        )
    ((bare, file_id),) = found.items()
    return _download(at, date, bare, file_id)


def _bare(row: dict[str, Any]) -> str:
    return str(row.get("file_name") or "").removesuffix(".zip").removesuffix(".csv")


def _download(at: Desk, date: str, bare: str, file_id: str) -> Stored:
    name = f"fcc/{date}/{bare}.zip"
    path = f"{_API}/downloads/downloadFile/availability/{file_id}"

    def fetch(request: Request) -> Stored:
        return at.get(name, request, check=_check_archive, revision=parse_name(bare).revision)

    return at.store.find(name) or _over_hosts(at, path, fetch, {}, expect="zip")


def _check_archive(path: Path) -> None:
    # Smaller ones are tested as every download is.
    if path.stat().st_size >= TEST_BELOW:
        check_zip(path, test=True)


def fetch_funding_listing(*, via: Desk | None = None) -> list[dict[str, object]]:
    """Ask the FCC what its funding map offers for download (never cached)."""
    at = via or desk()
    path = "/api/public/fundingmap/downloads/listFundingData"
    return _rows(_over_hosts(at, path, lambda r: at.transport.fetch(r).body, {}), "listFundingData")


def _over_hosts(
    at: Desk, path: str, ask: Any, params: dict[str, str], *, expect: str = "json"
) -> Any:
    """Ask the first host, and the second where the first cannot answer."""
    fcc = publisher("fcc")
    secrets = {} if at.offline else _credentials()
    first: EquityError | None = None
    for host in range(len(fcc.urls)):
        request = Request(fcc, path, params, secret_headers=secrets, expect=expect, host=host)
        try:
            return ask(request)
        except NetworkError as trouble:
            if trouble.code not in _HOST_TROUBLE:
                raise
            log.info("%s", trouble.what)
            first = first or trouble
    raise first or AssertionError("no host")


def _credentials() -> dict[str, settings.Secret]:
    now = settings.current()
    if now.fcc_username is None or now.fcc_token is None:
        lacking = "user name" if now.fcc_username is None else "token"
        raise CredentialError(
            f"the FCC's data API needs a user name and a token, and no {lacking} is set",
            fix=FCC_KEY_HELP,
            code="E-KEY-MISSING",
        )
    return {"username": now.fcc_username, "hash_value": now.fcc_token}


def _rows(body: bytes, name: str) -> list[dict[str, Any]]:
    try:
        envelope = json.loads(body)
        rows = envelope["data"]
    except (ValueError, KeyError, TypeError, RecursionError):
        rows = None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise FormatError(
            "not an answer of the FCC's data API: an object with a list named 'data'",
            file=name,
            fix=(
                "run the same command again; `equity sources --remove fcc` forgets the kept listing"
            ),
        )
    return rows
