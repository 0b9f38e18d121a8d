"""What an appendix for a program shows, and in which words: data, one file a program."""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from equity.errors import InputError
from equity.language import mark, tr

__all__ = [
    "GENERIC",
    "Layout",
    "Part",
    "asked_columns",
    "find_layout",
    "list_layouts",
    "programs_of",
]

GENERIC = "generic"
_OURS = (mark("Under-resourced"), mark("under-resourced"))
"""What a program's law may call otherwise."""
_FOLDER = "appendices"


@dataclass(frozen=True)
class Part:
    """A table of the appendix: columns of the area table, and a note above it."""

    note: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """What the appendix for a program shows.

    Attributes
    ----------
    id, title, statute, lead
        What it is called, what the program rests on, and what is said first.
    rural
        Id of the program rule by which places are rural here; empty if the program has none.
    programs
        Ids of the program rules whose tests are shown.
    whom
        True if differences between populations are shown.
    lines, care, people
        Tables A, B and C.
    sites
        What is said above the list of sites.
    words
        What the package calls something -> what the program's law or notices call it.
    """

    id: str
    title: str
    statute: str
    rural: str
    programs: tuple[str, ...]
    lead: str
    whom: bool
    lines: Part
    care: Part
    people: Part
    sites: str = ""
    words: dict[str, str] = field(default_factory=dict)

    def said(self, text: str) -> str:
        """Return a text in the program's words; what stands in quotes is a name, and stays."""
        for ours in _OURS:
            if ours in self.words:
                word = rf"(?<![“«]){re.escape(tr(ours))}"
                text = re.sub(word, tr(self.words[ours]), text)
        return text

    @property
    def translated(self) -> str:
        """Say which word of the page the program's own stands for; "" where it has none."""
        ours = _OURS[-1]
        if ours not in self.words:
            return ""
        return tr(
            "The page of the run says “{ours}” for {theirs}.",
            theirs=tr(self.words[ours]),
            ours=tr(ours),
        )


def list_layouts() -> list[str]:
    """Return the ids of the programs that an appendix is laid out for."""
    folder = resources.files(__package__) / _FOLDER
    return sorted(item.name[:-5] for item in folder.iterdir() if item.name.endswith(".toml"))


@cache
def find_layout(name: str) -> Layout:
    """Return the layout of a program's appendix; without a name, the generic one.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    wanted, known = name or GENERIC, list_layouts()
    if wanted not in known:
        close = difflib.get_close_matches(wanted.casefold(), known, n=1)
        raise InputError(
            f"no appendix for a program {wanted!r}" + (f", but for {close[0]!r}" if close else ""),
            fix=f"choose from {', '.join(known)}",
        )
    entry = resources.files(__package__) / _FOLDER / f"{wanted}.toml"
    raw = tomllib.loads(entry.read_text(encoding="utf-8"))
    parts = {
        key: Part(raw[key]["note"], tuple(raw[key]["columns"]))
        for key in ("lines", "care", "people")
    }
    return Layout(**{**raw, **parts, "programs": tuple(raw["programs"])})


def programs_of(name: str) -> tuple[str, ...]:
    """Return the ids of the program rules whose tests a program's appendix shows."""
    return find_layout(name).programs


def asked_columns() -> list[str]:
    """Return every column that some program's appendix shows of places."""
    every = (find_layout(name) for name in list_layouts())
    asked = (c for one in every for p in (one.lines, one.care, one.people) for c in p.columns)
    return list(dict.fromkeys(asked))
