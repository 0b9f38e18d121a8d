"""``live:`` names in a study file: the publishers' own files, from the cache or downloaded once.

``file = "live:boundaries"`` means what the inventory calls so, for the study's state and for the
year or date that stands beside it. The study file stays free of paths, and says the same on every
machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from equity.errors import InputError
from equity.files.opening import located
from equity.net.store import Stored
from equity.provenance import Source
from equity.sources.catalog import LIVE
from equity.sources.fetch import Want, fetch_input

__all__ = ["LiveFiles", "local_path"]

_EACH = "{state}"
#: ``https:…``, ``s3:…``, ``PG:…``, ``zip::…``; GDAL's virtual file systems; a server's share. One
#: letter is a drive.
_ADDRESS = re.compile(r"\s*(?:[A-Za-z][A-Za-z0-9+.-]+:|[\\/]vsi|[\\/]{2})", re.IGNORECASE)


class LiveFiles:
    """The files of one study: its own, and live ones.

    Parameters
    ----------
    folder
        Where the study file lies; its paths start there.
    states
        FIPS codes; a live file that each state has of its own is several files.
    level
        Level of the areas.
    """

    def __init__(self, folder: Path, states: Sequence[str], level: str) -> None:
        self._folder, self._states, self._level = folder, states, level
        self._known: dict[str, Stored] = {}

    def paths(
        self, names: str | list[str], vintage: str | int, *, states: Sequence[str] = ()
    ) -> list[Path]:
        """Return the files that `names` mean, downloading what is live and not at hand.

        Parameters
        ----------
        names
            Paths, or names that begin with ``live:``. In a path ``{state}`` stands for the code
            of each state.
        vintage
            Edition of a live file.
        states
            States whose live files are wanted; all of the study by default.
        """
        found: list[Path] = []
        for name in [names] if isinstance(names, str) else names:
            for state in states or self._states:
                if name.startswith(LIVE):
                    found += self._live(name, state, vintage)
                else:
                    found.append(self._folder / local_path(name.replace(_EACH, state)))
        return list(dict.fromkeys(found))

    def _live(self, name: str, state: str, vintage: str | int) -> list[Path]:
        files = fetch_input(name, Want(state, self._level, str(vintage)))
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
        return replace(
            source,
            url=receipt.url,
            revision=receipt.revision,
            sha256=receipt.sha256,
            mirror=receipt.mirror,
            note="; ".join(filter(None, (source.note, receipt.found))),
        )


def local_path(name: str) -> Path:
    """Return a path of a study, which starts at its folder.

    Raises
    ------
    InputError
        If a library would take it for an address or a server.
    MissingFileError, StorageError
        If nothing can be there, or a folder on the way cannot be entered.
    """
    if not _ADDRESS.match(name):
        return located(name)
    raise InputError(
        "an address stands where a file is meant",
        file=name,
        fix="download the file and name it by its path; `equity sources` says what live: names",
    )
