"""Every input there is: who publishes it, in which vintage, how large, under what name by hand.

One table serves ``equity sources``, ``data/README.md``, ``live:`` names in a study file and the
downloads themselves, so that what is said and what is done cannot drift apart.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from equity.errors import CredentialError, EquityError, InputError, OfflineError
from equity.net.desk import Desk, desk
from equity.net.publishers import publisher
from equity.net.request import Request
from equity.net.store import Stored
from equity.sources.catalog import INPUTS, Input

__all__ = ["INPUTS", "Input", "Want", "at_hand", "fetch_input", "find_input"]


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


def find_input(name: str) -> Input:
    """Return the input called `name` (with or without ``live:``)."""
    bare = name.removeprefix("live:")
    for entry in INPUTS:
        if entry.id == bare:
            return entry
    raise InputError(
        f"no input is called {bare!r}", fix=f"use one of {', '.join(i.id for i in INPUTS)}"
    )


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
    client = _CLIENTS.get(entry.id)
    return client(entry, want, at) if client else [_plain(entry, want, at)]


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
    found = at.store.find(place)
    if found is not None:
        return found
    if entry.by_hand_only:
        page = publisher(entry.server).page
        raise OfflineError(
            f"{entry.product} must be downloaded by hand",
            fix=f"download it from {page} and save it as data/raw/{name}",
            code="E-BY-HAND",
        )
    request = Request(
        publisher(entry.server),
        entry.path.format(**fill),
        dict(entry.params),
        expect=entry.expect,
    )
    return at.get(place, request)


# Inputs whose address is not a mere template


def _boundaries(entry: Input, want: Want, at: Desk) -> list[Stored]:
    from equity.sources.census.files import fetch_boundaries

    level = "county" if entry.id == "counties" else want.level
    year = int(want.vintage or entry.vintage)
    return [fetch_boundaries(want.state, year=year, level=level, via=at)]


def _blocks(entry: Input, want: Want, at: Desk) -> list[Stored]:
    from equity.sources.census.files import fetch_blocks

    return [fetch_blocks(want.state, year=int(want.vintage or entry.vintage), via=at)]


def _acs(entry: Input, want: Want, at: Desk) -> list[Stored]:
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


def _bdc(entry: Input, want: Want, at: Desk) -> list[Stored]:
    from equity.sources.fcc.api import fetch_bdc_files

    return fetch_bdc_files(want.state, as_of=want.vintage or entry.vintage, via=at)


def _saipe(entry: Input, want: Want, at: Desk) -> list[Stored]:
    year = want.vintage or entry.vintage
    name = f"est{year[2:]}all.txt"
    path = f"/programs-surveys/saipe/datasets/{year}/{year}-state-and-county/{name}"
    request = Request(publisher(entry.server), path, expect="text")
    return [at.get(f"{entry.server}/saipe/{year}/{name}", request)]


def _rhc(entry: Input, want: Want, at: Desk) -> list[Stored]:
    from equity.sources.care.cms_catalog import catalog_request

    place = f"cms/cms-rhc/{want.vintage or entry.vintage}/{entry.file}"
    return [at.get(place, lambda: catalog_request(entry.product, at))]


_CLIENTS: dict[str, Callable[[Input, Want, Desk], list[Stored]]] = {
    "boundaries": _boundaries,
    "counties": _boundaries,
    "blocks": _blocks,
    "acs": _acs,
    "bdc": _bdc,
    "saipe": _saipe,
    "cms-rhc": _rhc,
}
