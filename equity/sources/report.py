"""The inventory in words: for ``equity sources``, ``equity doctor`` and ``data/README.md``."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

from equity import settings
from equity._version import __version__
from equity.areas.geoid import find_state
from equity.errors import CredentialError, EquityError, NetworkError, OfflineError
from equity.sources._clock import Limits
from equity.sources._fetch import Desk
from equity.sources._inputs import INPUTS, Input
from equity.sources._publishers import PUBLISHERS, publisher
from equity.sources._request import Request
from equity.sources._store import store
from equity.sources._transport import Transport
from equity.sources.fcc_api import list_as_of_dates
from equity.sources.inventory import Want, at_hand, find_input

__all__ = ["cache_lines", "doctor", "doctor_lines", "readme_table", "source_lines"]

_PACKAGES = ("geopandas", "pandas", "numpy", "pyarrow", "requests", "census", "folium", "typst")
# Whether somebody answers is told in seconds; nobody waits here for a server that is down.
_HURRIED = Limits(connect_s=5, read_s=15, total_s=20, attempts=1)
_KEY_LENGTHS = {"census_api_key": 40, "fcc_token": 44}


def source_lines(state: str | None = None) -> Iterator[str]:
    """Yield what ``equity sources`` prints.

    Parameters
    ----------
    state
        State whose files are looked for; without it only national ones are.
    """
    where = None if state is None else find_state(state)
    for entry in INPUTS:
        here = "" if where is None and _per_state(entry) else _at_hand(entry, state)
        yield f"{entry.id:20} {entry.agency}: {entry.product}"
        yield f"{'':20} edition {entry.vintage}, {entry.size}{here}"
        if entry.key:
            yield f"{'':20} key: {entry.key}"
        yield f"{'':20} gives {entry.use}; without it: {entry.without}"
        yield f"{'':20} by hand: {page_of(entry)} -> data/raw/{_file(entry, state)}"
    if where is None:
        yield "Add a state (`equity sources WV`) to see which of its files are at hand."


def _per_state(entry: Input) -> bool:
    return "{fips}" in entry.file or entry.id == "acs"


def _at_hand(entry: Input, state: str | None) -> str:
    files = at_hand(entry.id, Want(state or "01"))
    if not files:
        return ", not here yet"
    size = sum(f.path.stat().st_size for f in files) / 1e6
    where = "in the cache" if all(f.receipt for f in files) else "in data/raw"
    return f", {where} ({len(files)} file{'' if len(files) == 1 else 's'}, {size:,.1f} MB)"


def _file(entry: Input, state: str | None) -> str:
    if entry.id == "saipe":
        return f"est{entry.vintage[2:]}all.txt"
    fill = {"vintage": entry.vintage, "fips": "SS" if state is None else find_state(state).fips}
    return entry.file.format(**fill)


def page_of(entry: Input) -> str:
    """Where a person downloads an input."""
    return publisher("census-files" if entry.id == "acs" else entry.server).page


def cache_lines() -> Iterator[str]:
    """Yield one line for each cached file."""
    at = store()
    total = 0
    for receipt in at.receipts():
        total += receipt.size
        yield f"{receipt.size / 1e6:10,.1f} MB  {receipt.retrieved[:10]}  {receipt.name}"
    yield f"{total / 1e6:10,.1f} MB  in {at.root}"


def readme_table() -> str:
    """Return the table of ``data/README.md``."""
    head = [
        "| input | publisher and product | edition | size | save as | from | key | without it |",
        "|---|---|---|---|---|---|---|---|",
    ]
    rows = [
        f"| `{e.id}` | {e.agency}: {e.product} | {e.vintage} | {e.size} | "
        f"`{_file(e, None).replace('|', '')}` | <{page_of(e)}> | {e.key or 'none'} | {e.without} |"
        for e in INPUTS
    ]
    return "\n".join([*head, *rows]) + "\n"


def doctor(*, via: Transport | None = None) -> str:
    """Look at versions, keys, the cache, and whether each publisher can be reached.

    No key or token is in the text, only whether it is set and as long as it should be.

    Parameters
    ----------
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
    return "\n".join(settings.redact(line) for line in doctor_lines(via=via))


def doctor_lines(*, via: Transport | None = None) -> Iterator[str]:
    """Yield what ``equity doctor`` prints: versions, keys, cache, publishers."""
    yield f"telehealth-equity {__version__}, Python {sys.version.split()[0]}, {platform.system()}"
    yield "  " + ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)
    asking = via or Transport(limits=_HURRIED)
    yield "Keys"
    yield from _keys(Desk(asking, store()))
    yield "Cache"
    yield from _cache()
    yield "Publishers"
    yield from _publishers(asking)


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
    existing = next(p for p in (at.root, *at.root.parents) if p.exists())
    free = shutil.disk_usage(existing).free / 1e9
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
