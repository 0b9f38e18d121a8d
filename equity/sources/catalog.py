"""The catalog: every input is one row of ``catalog.toml``.

``equity sources``, ``data/README.md``, ``equity init``, ``live:`` names, downloads and the readers
that a study file may name are all read from here, so that what is said and what is done cannot
drift apart. A new input is a row, and a reader that the row names.
"""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from importlib import import_module, resources
from typing import Any

from equity.areas.geoid import find_state
from equity.errors import InputError
from equity.net.publishers import publisher

__all__ = ["GIVES", "INPUTS", "LIVE", "Input", "Reader", "find_input", "readers"]

GIVES = (
    "areas", "designations", "offers", "lines", "sites", "providers", "blocks", "boundaries",
    "outlines", "centers", "links", "roads", "funded", "awards", "listed",
)  # fmt: skip
"""What a reader makes of an input: a table of areas; shortage areas, one row a component; what each
provider offers, one row an area and provider; offers of lines; places of care with coordinates, or
with an address only; census blocks; polygons of areas, or of other things; where people are inside
areas; links between areas of two kinds; roads; locations that a commitment covers; projects with
their dollars; areas that a list names, and no other."""

LIVE = "live:"
"""What the name of an input begins with where a study takes it from its publisher."""


@dataclass(frozen=True)
class Reader:
    """A function that reads an input, imported when it is first used.

    Attributes
    ----------
    where
        ``module:function``; the function is called ``read_…``.
    """

    where: str

    @property
    def name(self) -> str:
        """What a study file calls it: ``svi`` for ``read_svi``."""
        return self.where.partition(":")[2].removeprefix("read_")

    @property
    def function(self) -> Callable[..., Any]:
        """The function itself."""
        return _named(self.where)

    @property
    def takes(self) -> dict[str, bool]:
        """Keywords it takes, and whether it cannot do without them."""
        found = inspect.signature(self.function).parameters.values()
        return {p.name: p.default is p.empty for p in found if p.kind is p.KEYWORD_ONLY}

    @property
    def dated(self) -> str:
        """The keyword that means the vintage: ``year``, ``as_of``, ``vintage``, or none."""
        return next((name for name in ("year", "as_of", "vintage") if name in self.takes), "")


@dataclass(frozen=True, kw_only=True)
class Input:
    """One input.

    Attributes
    ----------
    id
        What a study file calls it, after ``live:``.
    agency, product
        Who publishes what.
    server
        Publisher in the table of servers.
    vintage
        The edition that this release of the package works with.
    size
        Of the download.
    use, without
        What it gives, and what a run lacks without it.
    file
        Name to save it under in ``data/raw``. ``{vintage}``, ``{yy}``, ``{half}``, ``{fips}``,
        ``{state}``, ``{slug}`` (``new-york``) are filled in; ``<…>`` stands for what the publisher
        decides.
    reader, gives
        Who reads it, and which of :data:`GIVES` it becomes.
    path, params
        Where it is on the server; empty if it is found another way, or only by hand.
    expect
        Kind of file.
    key
        Environment variables of the credentials it needs.
    licence
        Terms.
    page
        Where a person downloads it, if not on the publisher's usual page.
    fetch
        ``module:function`` that finds it, where its address is no mere template.
    editions
        Edition -> the publisher's own id of it, for ``{edition}``.
    state_ids
        Postal code -> the publisher's own id of the state, for ``{state_id}``.
    find
        How its publisher's own list tells the address of today, see
        :func:`equity.sources.whereabouts.locate`; the only way where `path` is empty, else the
        second.
    of
        Id of the input whose file this is, where one file serves several.
    columns
        Names its reader needs, ``a|b`` where either will do: ``equity doctor --live`` compares.
    level
        Level of its areas, where it is always the same.
    options
        What its reader is told unless the study says otherwise.
    picks
        The columns that a study takes of it, where the reader gives some that another input
        counts as well; all by default.
    """

    id: str
    agency: str
    product: str
    server: str
    vintage: str
    size: str
    use: str
    without: str
    file: str
    reader: Reader
    gives: str
    path: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    expect: str = "csv"
    key: str = ""
    licence: str = "public domain"
    page: str = ""
    fetch: str = ""
    editions: Mapping[str, str] = field(default_factory=dict)
    state_ids: Mapping[str, str] = field(default_factory=dict)
    find: Mapping[str, str] = field(default_factory=dict)
    of: str = ""
    columns: Sequence[str] = ()
    level: str = ""
    options: Mapping[str, object] = field(default_factory=dict)
    picks: Sequence[str] = ()

    def names(self, state: str, vintage: str = "") -> dict[str, str]:
        """Return what the templates are filled with."""
        where = find_state(state)
        edition = vintage or self.vintage
        half = {"06-30": "J", "12-31": "D"}.get(edition[5:], "")
        return {
            "vintage": edition,
            "yy": edition[2:4],
            "half": f"{half}{edition[2:4]}",
            "fips": where.fips,
            "state": where.usps,
            "slug": where.name.casefold().replace(" ", "-"),
            "edition": self.editions.get(edition, ""),
            "state_id": self.state_ids.get(where.usps, ""),
        }

    @property
    def by_hand_only(self) -> bool:
        """True if no address is known that a program may ask."""
        return not (self.path or self.find or self.fetch or self.of)

    @property
    def per_state(self) -> bool:
        """True if every state has a file of its own."""
        return any(name in self.file for name in ("{fips}", "{state}", "{slug}"))

    @property
    def where(self) -> str:
        """The page where a person downloads it."""
        return self.page or publisher(self.server).page

    @property
    def client(self) -> Callable[..., Any]:
        """What finds and downloads it; only for an input with `fetch`."""
        return _named(self.fetch)


def find_input(name: str) -> Input:
    """Return the input called `name` (with or without ``live:``)."""
    bare = name.removeprefix(LIVE)
    for entry in INPUTS:
        if entry.id == bare:
            return entry
    raise InputError(
        f"no input is called {bare!r}", fix=f"use one of {', '.join(i.id for i in INPUTS)}"
    )


def readers(*gives: str) -> dict[str, Reader]:
    """Return the readers of inputs that become one of `gives`, by the name a study file uses."""
    return {e.reader.name: e.reader for e in INPUTS if e.gives in gives}


@cache
def _named(where: str) -> Callable[..., Any]:
    module, _, name = where.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found


def load_rows(text: str) -> Iterable[Input]:
    """Yield the rows of a catalog; a field that is missing, unknown or of another kind is refused.

    Raises
    ------
    InputError
        If a row is not what :class:`Input` describes.
    """
    kinds = {f.name: _toml_kind(str(f.type)) for f in fields(Input)}
    for name, row in tomllib.loads(text).items():
        for key, value in row.items():
            if key not in kinds or not isinstance(value, kinds[key]):
                raise InputError(
                    f"{name}.{key}: {value!r} is no field of an input",
                    file="catalog.toml",
                    fix=f"fields are {', '.join(kinds)}",
                )
        if row.get("gives") not in GIVES or "reader" not in row:
            raise InputError(
                f"{name} does not say who reads it, and what it gives",
                file="catalog.toml",
                fix=f'reader = "module:function", gives = one of {", ".join(GIVES)}',
            )
        try:
            yield Input(**{**row, "id": name, "reader": Reader(row["reader"])})
        except TypeError as error:
            raise InputError(f"{name}: {error}", file="catalog.toml") from None


def _toml_kind(annotation: str) -> type:
    for word, kind in (("Mapping", dict), ("Sequence", list)):
        if word in annotation:
            return kind
    return str


INPUTS: tuple[Input, ...] = tuple(
    load_rows((resources.files(__package__) / "catalog.toml").read_text(encoding="utf-8"))
)
"""Every input, in the order of a run."""
