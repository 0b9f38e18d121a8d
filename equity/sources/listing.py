"""The inventory in words: for ``equity sources``, ``equity doctor`` and ``data/README.md``."""

from __future__ import annotations

from collections.abc import Iterator

from equity.areas.geoid import find_state
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
        untold = where is None and (entry.per_state or "<" in entry.file)
        here = "" if untold else _at_hand(entry, state)
        yield f"{entry.id:20} {entry.agency}: {entry.product}"
        yield f"{'':20} edition {entry.vintage}, {entry.size}{here}"
        if entry.key:
            yield f"{'':20} key: {entry.key}"
        yield f"{'':20} gives {entry.use}; without it: {entry.without}"
        yield f"{'':20} in a study file: live:{entry.id}, read by read_{entry.reader.name}"
        yield f"{'':20} by hand: {entry.where} -> data/raw/{_file(entry, state)}"
    if where is None:
        yield "Add a state (`equity sources WV`) to see which of its files are at hand."


def _at_hand(entry: Input, state: str | None) -> str:
    files = at_hand(entry.id, Want(state or "01"))
    if not files:
        return ", not here yet"
    size = sum(f.path.stat().st_size for f in files) / 1e6
    where = "in the cache" if all(f.receipt for f in files) else "in data/raw"
    return f", {where} ({len(files)} file{'' if len(files) == 1 else 's'}, {size:,.1f} MB)"


def _file(entry: Input, state: str | None) -> str:
    names = entry.names(state or "01")
    fill = names if state is not None else {**names, "fips": "SS", "state": "ST", "slug": "STATE"}
    return entry.file.format(**fill)


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
    names = (
        "input", "publisher and product", "edition", "size", "save as", "from", "key", "reader",
        "without it",
    )  # fmt: skip
    head = [f"| {' | '.join(names)} |", "|---" * len(names) + "|"]
    rows = [
        f"| `{e.id}` | {e.agency}: {e.product} | {e.vintage} | {e.size} | `{_file(e, None)}` | "
        f"<{e.where}> | {e.key or 'none'} | `{e.reader.name}` | {e.without} |"
        for e in INPUTS
    ]
    return "\n".join([*head, *rows]) + "\n"
