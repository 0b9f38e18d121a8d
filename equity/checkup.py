"""``equity doctor``: keys, cache, versions, and whether each publisher can be reached."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

from equity import settings
from equity._version import __version__
from equity.errors import CredentialError, EquityError, NetworkError, OfflineError
from equity.files.atomic import free_space
from equity.net.clock import Limits
from equity.net.desk import Desk
from equity.net.publishers import PUBLISHERS, publisher
from equity.net.request import Request
from equity.net.store import store
from equity.net.transport import Transport
from equity.sources.catalog import find_input
from equity.sources.fcc.api import list_as_of_dates
from equity.sources.headers import header_lines

__all__ = ["doctor", "doctor_lines"]

_PACKAGES = ("geopandas", "pandas", "numpy", "pyarrow", "requests", "census", "folium", "typst")
# Whether somebody answers is told in seconds; nobody waits here for a server that is down.
_HURRIED = Limits(connect_s=5, read_s=15, total_s=20, attempts=1)
_KEY_LENGTHS = {"census_api_key": 40, "fcc_token": 44}


def doctor(*, live: bool = False, via: Transport | None = None) -> str:
    """Look at versions, keys, the cache, and whether each publisher can be reached.

    No key or token is in the text, only whether it is set and as long as it should be.

    Parameters
    ----------
    live
        Look at the first bytes of every input as well, and tell how they differ from what the
        readers expect.
    via
        Transport to ask with; the session's own by default. Offline, no publisher is asked.

    Returns
    -------
    str
        What ``equity doctor`` prints, one finding a line.

    Examples
    --------
    >>> from equity import configure
    >>> _ = configure(offline=True)
    >>> print(doctor())  # doctest: +ELLIPSIS
    telehealth-equity ...
    """
    return "\n".join(settings.redact(line) for line in doctor_lines(live=live, via=via))


def doctor_lines(*, live: bool = False, via: Transport | None = None) -> Iterator[str]:
    """Yield what ``equity doctor`` prints: versions, keys, cache, publishers, what they send."""
    yield f"telehealth-equity {__version__}, Python {sys.version.split()[0]}, {platform.system()}"
    yield "  " + ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)
    asking = via or Transport(limits=_HURRIED)
    yield "Keys"
    yield from _keys(Desk(asking, store()))
    yield "Cache"
    yield from _cache()
    yield "Publishers"
    yield from _publishers(asking)
    if live:
        yield "Files, as their publishers send them today"
        yield from header_lines(asking)


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "missing"


def _keys(at: Desk) -> Iterator[str]:
    now = settings.current()
    for name, variable, lost, accepted in (
        ("census_api_key", "CENSUS_API_KEY", "ACS comes from the larger keyless files", _census),
        ("fcc_username", "FCC_USERNAME", "FCC files must be downloaded by hand", None),
        ("fcc_token", "FCC_HASH", "FCC files must be downloaded by hand", _fcc),
    ):
        secret = getattr(now, name)
        wanted = _KEY_LENGTHS.get(name)
        if secret is None:
            yield f"  {variable:16} not set: {lost}"
        elif wanted and len(secret.reveal()) != wanted:
            length = len(secret.reveal())
            yield f"  {variable:16} set, but {length} characters instead of {wanted}: cut short?"
        elif accepted is None or at.offline:
            yield f"  {variable:16} set"
        else:
            yield f"  {variable:16} set; {accepted(at)}"


def _census(at: Desk) -> str:
    """Ask for one number, which needs a good key."""
    key = settings.current().census_api_key
    params = {"get": "B01003_001E", "for": "county:001", "in": "state:10"}
    path = f"/data/{find_input('acs').vintage}/acs/acs5"
    secret = {"key": key} if key is not None else {}
    question = Request(publisher("census"), path, params, secret_params=secret, expect="json")

    def ask() -> str:
        at.transport.fetch(question)
        return "accepted"

    return _tried(ask)


def _fcc(at: Desk) -> str:
    return _tried(lambda: f"accepted; newest data as of {max(list_as_of_dates(via=at))}")


def _tried(ask: Callable[[], str]) -> str:
    try:
        return ask()
    except EquityError as trouble:
        return trouble.what


def _cache() -> Iterator[str]:
    at = store()
    receipts = at.receipts()
    size = sum(r.size for r in receipts) / 1e6
    free = free_space(at.root) / 1e9
    yield f"  {len(receipts):,} files, {size:,.1f} MB, in {at.root}; {free:,.1f} GB free"
    parts = at.root.parent / ".parts"
    unfinished = [p for p in parts.iterdir() if p.suffix != ".json"] if parts.is_dir() else []
    if unfinished:
        yield f"  {len(unfinished):,} unfinished downloads: they continue when asked for again"
    by_hand = [p for folder in at.by_hand if folder.is_dir() for p in sorted(folder.iterdir())]
    names = ", ".join(p.name for p in by_hand[:5]) or "nothing"
    yield f"  in {Path('data/raw').as_posix()}: {names}{' …' if len(by_hand) > 5 else ''}"


def _publishers(via: Transport) -> Iterator[str]:
    for entry in PUBLISHERS.values():
        try:
            via.fetch(Request(entry, "/", max_bytes=1 << 22))
        except OfflineError:
            yield f"  {entry.name}: not asked (offline)"
        except (NetworkError, CredentialError) as trouble:
            # Any answer at all, a refusal included, shows that the way is open.
            reached = trouble.code not in {"E-UNREACHABLE", "E-CUT", "E-SERVER"}
            yield f"  {entry.name}: {'reachable' if reached else trouble.what}"
        except EquityError as trouble:
            yield f"  {entry.name}: {trouble.what}"
        else:
            yield f"  {entry.name}: reachable"
