"""The loader of ``columns.toml``: every column, unit and status word, checked entry by entry."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Any

from equity.errors import InputError
from equity.language import ENGLISH, current, mark, tr

FILE = "columns.toml"
DTYPES = ("str", "float", "bool")
DIRECTIONS = ("higher", "lower", "neither")
UNIVERSES = {
    mark("people"): "population",
    mark("households"): "housing",
    mark("locations"): "housing",
    mark("land"): "area",
    mark("areas"): "area",
}
"""What a count counts -> the basis of the weights it moves by."""
_MOST_LIMITS = 5  # six colors of one hue can be told apart
TABLES = ("communities", "appendix", "comparison", "rules", "kinds")


@dataclass(frozen=True)
class Unit:
    """How numbers of one unit are written, and what its columns are unless they say otherwise."""

    name: str
    words: str
    digits: int = 0
    kept: int | None = None
    dtype: str = ""
    minimum: float | None = None
    maximum: float | None = None
    direction: str = ""
    adds: bool = False


@dataclass(frozen=True)
class Status:
    """One word of a status column, and what readers are told."""

    name: str
    words: str
    area: str = ""
    gap: str = ""
    #: The two statuses that it is made of, where it is.
    both: tuple[Status, ...] = ()

    def translated(self) -> Status:
        """Return it in the language that is being written."""
        if self.both:
            return _joined(self.name, [one.translated() for one in self.both])
        return replace(self, words=tr(self.words), area=tr(self.area), gap=tr(self.gap))


@dataclass(frozen=True)
class MapLayer:
    """Place of a column on maps."""

    order: int
    label: str = ""
    unit: str = ""


@dataclass(frozen=True)
class TablePlace:
    """Place of a column in the tables that readers see."""

    order: int
    tables: tuple[str, ...]
    heading: str = ""
    width: float = 1.0


@dataclass(frozen=True)
class Column:
    """One column: what it holds, where it comes from and where readers meet it."""

    name: str
    unit: str
    label: str
    source: str = ""
    dtype: str = ""
    minimum: float | None = None
    maximum: float | None = None
    direction: str = "neither"
    input: bool = False
    universe: str = ""
    #: True if areas add up: a count, an area; not a share, a distance or a median.
    adds: bool = False
    parts: tuple[str, ...] = ()
    part_of: str = ""
    of: str = ""
    status: str = ""
    statuses: tuple[str, ...] = ()
    #: True of a status of several columns that says how they were got: sums of them have it too.
    how: bool = False
    words: Mapping[str, str] = field(default_factory=dict)
    layer: MapLayer | None = None
    table: TablePlace | None = None
    #: Limits between map classes; empty where they follow from the values.
    scale: tuple[float, ...] = ()

    @property
    def is_count(self) -> bool:
        """True if areas add up."""
        return self.adds

    @property
    def map_label(self) -> str:
        """What the column is called on a map."""
        return (self.layer.label if self.layer else "") or self.label

    @property
    def map_unit(self) -> str:
        """Its unit on a map: a count is named by what it counts."""
        counted = self.universe if self.unit == "n" else ""
        return (self.layer.unit if self.layer else "") or counted or self.unit

    def translated(self) -> Column:
        """Return it in the language that is being written; what nobody translated stays."""
        if current() == ENGLISH:
            return self
        layer, table = self.layer, self.table
        return replace(
            self,
            label=tr(self.label),
            source=tr(self.source),
            words={word: tr(said) for word, said in self.words.items()},
            layer=layer and replace(layer, label=tr(layer.label)),
            table=table and replace(table, heading=tr(table.heading)),
        )


@dataclass(frozen=True)
class Registry:
    """All that is declared."""

    units: Mapping[str, Unit]
    statuses: Mapping[str, Status]
    columns: Mapping[str, Column]


@cache
def registry() -> Registry:
    """Return the package's own registry."""
    return parse((resources.files(__package__) / FILE).read_text(encoding="utf-8"))


def parse(text: str) -> Registry:
    """Read a registry.

    Raises
    ------
    InputError
        If a key, unit, direction, status or table is not known or something needed is missing; the
        error names the entry.
    """
    raw = tomllib.loads(text)
    _only(raw, ("anywhere", "units", "statuses", "columns"), "the file")
    units = {name: _built(Unit, f"units.{name}", f, name=name) for name, f in raw["units"].items()}
    statuses = _statuses(raw["statuses"])
    anywhere = tuple(raw["anywhere"])
    _each(anywhere, statuses, "anywhere", "status")
    columns = {
        name: _column(name, f, units, statuses, anywhere) for name, f in raw["columns"].items()
    }
    for column in columns.values():
        named = [*column.parts, *filter(None, (column.part_of, column.of, column.status))]
        _each(named, columns, f"columns.{column.name}", "column")
    return Registry(units, statuses, columns)


def _statuses(raw: Mapping[str, Any]) -> dict[str, Status]:
    found = {
        name: _built(Status, f"statuses.{name}", f, name=name, both=())
        for name, f in raw.items()
        if "both" not in f
    }
    for name, entry in raw.items():
        if "both" not in entry:
            continue
        _only(entry, ("both",), f"statuses.{name}")
        _each(entry["both"], found, f"statuses.{name}", "status")
        found[name] = _joined(name, [found[word] for word in entry["both"]])
    return found


def _joined(name: str, two: list[Status]) -> Status:
    words, gap = ", ".join(s.words for s in two), "; ".join(s.gap for s in two)
    return Status(name, words, gap=gap, both=tuple(two))


def _column(
    name: str,
    given: Mapping[str, Any],
    units: Mapping[str, Unit],
    statuses: Mapping[str, Status],
    anywhere: tuple[str, ...],
) -> Column:
    entry = f"columns.{name}"
    _each([given.get("unit", "")], units, entry, "unit")
    unit = units[given["unit"]]
    inherited = {key: getattr(unit, key) for key in _OF_UNITS}
    own = dict(given)
    if "layer" in own:
        own["layer"] = _built(MapLayer, f"{entry}.layer", own["layer"])
    if "table" in own:
        place = _built(TablePlace, f"{entry}.table", own["table"])
        _each(place.tables, TABLES, f"{entry}.table", "table")
        own["table"] = place
    if "statuses" in own:
        _each(own["statuses"], statuses, entry, "status")
        own["statuses"] = tuple(dict.fromkeys((*anywhere, *own["statuses"])))
        own.setdefault("source", _told(own["statuses"], statuses))
    column: Column = _built(Column, entry, inherited | own, name=name)
    _check(column, entry)
    return column


_OF_UNITS = ("dtype", "minimum", "maximum", "direction", "adds")


def _check(column: Column, entry: str) -> None:
    if "__" in column.name:
        raise _wrong(entry, "has a suffix in its name", "declare the column before the '__'")
    if not column.source:
        raise _wrong(entry, "has no source", "say where it comes from")
    _each([column.dtype], DTYPES, entry, "dtype")
    _each([column.direction], DIRECTIONS, entry, "direction")
    if column.universe or (column.adds and column.unit == "n"):
        _each([column.universe], UNIVERSES, entry, "universe")
    if len(column.scale) > _MOST_LIMITS or any(low >= high for low, high in pairwise(column.scale)):
        raise _wrong(entry, "has a scale that is no rising list", "give one to five limits")
    low, high = column.minimum, column.maximum
    for limit in column.scale:
        if (low is not None and limit <= low) or (high is not None and limit >= high):
            raise _wrong(
                entry, f"has a scale whose limit {limit:g} is no value", f"stay in {low} to {high}"
            )
    if column.parts and len(column.parts) != len(("numerator", "denominator")):
        raise _wrong(entry, "has parts that are not two", "give a numerator and a denominator")
    if column.parts and column.of:
        raise _wrong(entry, "has parts and says what it is of", "keep one of them")


def _told(words: Collection[str], statuses: Mapping[str, Status]) -> str:
    """Say what the words of a status column mean."""
    meaning = {word: statuses[word].words for word in words}
    return ", ".join(
        word if said == word.replace("_", " ") else f"{word} ({said})"
        for word, said in meaning.items()
    )


def _built(kind: Any, entry: str, given: Mapping[str, Any], **more: Any) -> Any:
    """Make a record of what an entry says, and nothing it does not know."""
    if not isinstance(given, Mapping):
        raise _wrong(entry, f"is {given!r}", "give a table of keys")
    known = {f.name: f for f in fields(kind) if f.name not in more}
    _only(given, known, entry)
    values = {}
    for key, value in given.items():
        values[key] = tuple(value) if isinstance(value, list) else value
        wanted = _TYPES.get(str(known[key].type).removesuffix(" | None"))
        if value is not None and wanted and not _is(values[key], *wanted):
            raise _wrong(entry, f"has {key} = {value!r}", f"give {known[key].type}")
    for key, f in known.items():
        needed = f.default is MISSING and f.default_factory is MISSING
        if needed and key not in values:
            raise _wrong(entry, f"lacks {key}", "add it")
    return kind(**more, **values)


# Type of a field -> what its value is, and what that holds.
_TYPES: dict[str, tuple[Any, ...]] = {
    "str": (str,),
    "bool": (bool,),
    "int": (int,),
    "float": ((float, int),),
    "tuple[str, ...]": (tuple, str),
    "tuple[float, ...]": (tuple, (float, int)),
    "Mapping[str, str]": (dict, str),
}


def _is(value: Any, kind: Any, inside: Any = object) -> bool:
    """Tell whether a value is of a kind; true and false are no numbers."""
    if isinstance(value, bool) and kind is not bool:
        return False
    if not isinstance(value, kind):
        return False
    held = value.values() if isinstance(value, dict) else value
    return not isinstance(value, (dict, tuple)) or all(isinstance(v, inside) for v in held)


def _only(given: Collection[str], known: Collection[str], entry: str) -> None:
    _each(given, known, entry, "key")


def _each(given: Collection[str], known: Collection[str], entry: str, what: str) -> None:
    for word in given:
        if word not in known:
            raise _wrong(entry, f"has the unknown {what} {word!r}", f"use {', '.join(known)}")


def _wrong(entry: str, what: str, fix: str) -> InputError:
    return InputError(f"[{entry}] {what}", file=FILE, fix=fix, code="E-REGISTRY")
