"""The files of an input: from the cache, from ``data/raw``, or downloaded once.

Most addresses are templates in the catalog. Where one is gone, or changes with every edition, the
publisher's own list tells it (:mod:`equity.sources.whereabouts`). The rest are found by a function
that the row names: it takes the row, the edition wanted and the desk, and returns the files.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass

from equity.areas.geoid import find_state
from equity.errors import CredentialError, EquityError, FormatError, InputError, OfflineError
from equity.net.desk import Desk, desk
from equity.net.publishers import publisher
from equity.net.request import Request
from equity.net.store import Stored
from equity.sources.catalog import Input, find_input
from equity.sources.whereabouts import locate

__all__ = ["Want", "at_hand", "fetch_input"]

log = logging.getLogger("equity.sources")

# What a server says of an address that it no longer knows; some refuse it, or answer with a page.
_GONE = {"E-NOT-FOUND", "E-METHOD", "E-FORBIDDEN", "E-MAINTENANCE"}


@dataclass(frozen=True)
class Want:
    """Which edition of an input.

    Attributes
    ----------
    state
        FIPS code, postal code or name.
    level
        Level of the areas.
    vintage
        Year or date; the release's own by default.
    """

    state: str
    level: str = "tract"
    vintage: str = ""


def fetch_input(name: str, want: Want, *, via: Desk | None = None) -> list[Stored]:
    """Return the files of an input, downloading what is not at hand.

    Parameters
    ----------
    name
        Id of the input.
    want
        Which edition.
    via
        Transport and cache; the session's own by default.

    Raises
    ------
    OfflineError
        If it is not at hand and may not, or cannot, be downloaded.
    EquityError
        If the download fails.
    """
    entry, at = find_input(name), via or desk()
    if entry.of:
        return fetch_input(entry.of, want, via=at)
    return entry.client(entry, want, at) if entry.fetch else [_plain(entry, want, at)]


def at_hand(name: str, want: Want, *, via: Desk | None = None) -> list[Stored]:
    """Return the files of an input that need no download; an empty list if one is missing."""
    at = via or desk()
    try:
        return fetch_input(name, want, via=Desk(at.transport, at.store, closed=True))
    except OfflineError:
        return []
    except EquityError as trouble:
        if trouble.code in {"E-KEY-MISSING", "E-NO-ACS", "E-NO-LIST"}:
            return []
        raise


def _plain(entry: Input, want: Want, at: Desk) -> Stored:
    fill = entry.names(want.state, want.vintage)
    name = entry.file.format(**fill)
    place = f"{entry.server}/{entry.id}/{fill['vintage']}/{name}"
    found = at.store.find(place) if "<" not in name else _by_pattern(name, at)
    if found is not None:
        return found
    if entry.by_hand_only:
        raise OfflineError(
            f"{entry.product} must be downloaded by hand",
            fix=f"download it from {entry.where} and save it as data/raw/{name}",
            code="E-BY-HAND",
        )
    known = _known_address(entry, fill)
    if known is not None:
        try:
            return at.get(place, known)
        except EquityError as trouble:
            if not entry.find or trouble.code not in _GONE:
                raise
            log.info("%s; its publisher's list is asked", trouble.what)
            with contextlib.suppress(EquityError):
                return at.get(place, lambda: locate(entry, fill, at))
            raise
    return at.get(place, lambda: locate(entry, fill, at))


def _known_address(entry: Input, fill: Mapping[str, str]) -> Request | None:
    """Return the request that the catalog knows; None where it names no address of this edition."""
    if not entry.path or ("{edition}" in entry.path and not fill["edition"] and entry.find):
        return None
    path = entry.path.format(**fill)
    return Request(publisher(entry.server), path, entry.params, expect=entry.expect)


def _by_pattern(name: str, at: Desk) -> Stored | None:
    """Find the one file by hand whose name the publisher completed, as with a revision."""
    pattern = re.sub(r"<[^>]*>", "*", name)
    found = [path for folder in at.store.by_hand for path in sorted(folder.glob(pattern))]
    if len(found) > 1:
        raise InputError(
            f"{len(found)} files are called {name}",
            file=found[0].name,
            rows=[path.name for path in found],
            fix="keep the newest in data/raw, or name one by its path",
        )
    return Stored(found[0]) if found else None


# Inputs whose address is no mere template; rows of the catalog name these


def boundaries(entry: Input, want: Want, at: Desk) -> list[Stored]:
    """Find the polygons of a level."""
    from equity.sources.census.files import fetch_boundaries

    year = int(want.vintage or entry.vintage)
    return [fetch_boundaries(want.state, year=year, level=entry.level or want.level, via=at)]


def blocks(entry: Input, want: Want, at: Desk) -> list[Stored]:
    """Find the blocks of a state."""
    from equity.sources.census.files import fetch_blocks

    return [fetch_blocks(want.state, year=int(want.vintage or entry.vintage), via=at)]


def acs(entry: Input, want: Want, at: Desk) -> list[Stored]:
    """Find the survey: answers to a key, or else the keyless files."""
    from equity.sources.census.acs_api import fetch_acs_files

    def ask(source: str, at: Desk) -> list[Stored]:
        return fetch_acs_files(want.state, year=year, level=want.level, source=source, via=at)

    year = int(want.vintage or entry.vintage)
    closed = Desk(at.transport, at.store, closed=True)
    # What a key once fetched stays good without the key.
    for source in ("api", "summary-file"):
        with contextlib.suppress(OfflineError, CredentialError):
            return ask(source, closed)
    return ask("auto", at)


def bdc(entry: Input, want: Want, at: Desk) -> list[Stored]:
    """Find the location files of a state."""
    from equity.sources.fcc.api import fetch_bdc_files

    return fetch_bdc_files(want.state, as_of=want.vintage or entry.vintage, via=at)


def bdc_summary(entry: Input, want: Want, at: Desk) -> list[Stored]:
    """Find one of the FCC's own tables in its listing, by the name in the catalog."""
    from equity.sources.fcc.api import fetch_bdc_summary

    name = entry.file.format(**entry.names(want.state, want.vintage))
    by_hand = _by_pattern(name, at)
    if by_hand is not None:
        return [by_hand]
    return [fetch_bdc_summary(name, as_of=want.vintage or entry.vintage, via=at)]


def treatment_sites(entry: Input, want: Want, at: Desk) -> list[Stored]:
    """Find the places of a state in SAMHSA's locator, which answers in pages."""
    names = entry.names(want.state, want.vintage)
    if not names["state_id"]:
        raise InputError(
            f"{entry.agency} lists no places by {find_state(want.state).name}",
            fix=f"look at {entry.where}",
            code="E-NO-LIST",
        )
    stem, dot, suffix = entry.file.format(**names).partition(".")

    def page(number: int) -> Stored:
        name = f"{stem}{f'_{number}' * (number > 1)}{dot}{suffix}"
        params = {key: value.format(**names) for key, value in entry.params.items()}
        request = Request(
            publisher(entry.server), entry.path, {**params, "page": str(number)}, expect="json"
        )
        return at.get(f"{entry.server}/{entry.id}/{names['vintage']}/{name}", request)

    first = page(1)
    try:
        pages = int(json.loads(first.path.read_bytes()).get("totalPages") or 1)
    except (ValueError, TypeError, AttributeError):
        raise FormatError(
            "not an answer of the treatment locator: an object with rows and totalPages",
            file=first.path.name,
            fix=f"`equity sources --remove {entry.server}` forgets it; then run again",
        ) from None
    return [first, *map(page, range(2, pages + 1))]
