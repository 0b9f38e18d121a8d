"""The files of an input: from the cache, from ``data/raw``, or downloaded once.

Most addresses are templates in the catalog. The others are found by a function that the row names:
it takes the row, the edition wanted and the desk, and returns the files.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass

from equity.errors import CredentialError, EquityError, InputError, OfflineError
from equity.net.desk import Desk, desk
from equity.net.publishers import publisher
from equity.net.request import Request
from equity.net.store import Stored
from equity.sources.catalog import Input, find_input

__all__ = ["Want", "at_hand", "fetch_input"]


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
    return entry.client(entry, want, at) if entry.fetch else [_plain(entry, want, at)]


def at_hand(name: str, want: Want, *, via: Desk | None = None) -> list[Stored]:
    """Return the files of an input that need no download; an empty list if one is missing."""
    at = via or desk()
    try:
        return fetch_input(name, want, via=Desk(at.transport, at.store, closed=True))
    except OfflineError:
        return []
    except EquityError as trouble:
        if trouble.code in {"E-KEY-MISSING", "E-NO-ACS"}:
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
    request = Request(
        publisher(entry.server),
        entry.path.format(**fill),
        entry.params,
        expect=entry.expect,
    )
    return at.get(place, request)


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


def rural_clinics(entry: Input, want: Want, at: Desk) -> list[Stored]:
    """Find the list in the catalog of its publisher."""
    from equity.sources.care.cms_catalog import catalog_request

    place = f"cms/cms-rhc/{want.vintage or entry.vintage}/{entry.file}"
    return [at.get(place, lambda: catalog_request(entry.product, at))]
