"""``live:`` names in a study file: the publishers' own files, from the cache or downloaded once.

``file = "live:boundaries"`` means what the inventory calls so, for the study's state and for the
year or date that stands beside it. The study file stays free of paths, and says the same on every
machine.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from equity.errors import InputError
from equity.net.store import Stored
from equity.provenance import Source
from equity.sources.fetch import Want, fetch_input

__all__ = ["PREFIX", "LiveFiles"]

PREFIX = "live:"


class LiveFiles:
    """The live inputs of one study.

    Parameters
    ----------
    state
        FIPS code.
    level
        Level of the areas.
    """

    def __init__(self, state: str, level: str) -> None:
        self._state, self._level = state, level
        self._known: dict[str, Stored] = {}

    def paths(self, name: str, vintage: str | int) -> list[Path]:
        """Return the files that `name` means, downloading what is not at hand."""
        want = Want(self._state, self._level, str(vintage))
        files = fetch_input(name.removeprefix(PREFIX), want)
        self._known |= {stored.path.name: stored for stored in files}
        return [stored.path for stored in files]

    def path(self, name: str, vintage: str | int) -> Path:
        """Return the one file that `name` means."""
        found = self.paths(name, vintage)
        if len(found) != 1:
            raise InputError(
                f"{name} is {len(found)} files, where one is expected",
                fix="name one file of it by its path",
            )
        return found[0]

    def sources(self, sources: Iterable[Source]) -> list[Source]:
        """Add to sources that were read from live files where they come from."""
        return [self._told(source) for source in sources]

    def _told(self, source: Source) -> Source:
        stored = self._known.get(source.file)
        if stored is None or stored.receipt is None:
            return source
        receipt = stored.receipt
        return replace(source, url=receipt.url, revision=receipt.revision, sha256=receipt.sha256)
