"""The inventory in words: for ``equity sources``, ``equity doctor`` and ``data/README.md``."""

from __future__ import annotations

from collections.abc import Iterator

from equity.areas.geoid import find_state
from equity.net.publishers import publisher
from equity.net.store import store
from equity.sources.catalog import INPUTS, Input
from equity.sources.fetch import Want, at_hand

__all__ = ["cache_lines", "readme_table", "source_lines"]


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
