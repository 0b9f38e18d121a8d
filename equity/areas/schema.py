"""Columns of area tables: what is known of each name, from the one registry ``columns.toml``."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache

import pandas as pd

from equity.areas._acs_tables import NO_SUMS, held_by
from equity.areas._registry import Column, MapLayer, Status, Unit, registry
from equity.language import ENGLISH, Said, current, language, mark, said, tr

__all__ = [
    "Column",
    "MapLayer",
    "base_name",
    "columns",
    "companion",
    "data_dictionary",
    "describe",
    "has_no_sum",
    "is_acs_code",
    "label_of",
    "layers_in",
    "limits",
    "placed_in",
    "split_suffix",
    "status_of_word",
    "statuses",
    "unit_of",
]

_DERIVED = {
    "_moe": mark("{label}: margin of error (90 %)"),
    "_p05": mark("{label}: 5th percentile"),
    "_p95": mark("{label}: 95th percentile"),
    "_cv": mark("{label}: coefficient of variation"),
    "_status": mark("{label}: status"),
}
_FIELDS = ("dtype", "unit", "label", "source", "direction", "origin")
_WORSE = {"higher": "higher is worse", "lower": "lower is worse", "neither": "neither"}


def columns() -> Mapping[str, Column]:
    """Return every declared column by name, in English; see `describe`."""
    return registry().columns


def statuses() -> Mapping[str, Status]:
    """Return every word that a status column may hold, with what readers are told."""
    return {word: status_of_word(word) for word in registry().statuses}


def status_of_word(word: str) -> Status:
    """Return what readers are told of a status; a word that nobody declared speaks for itself."""
    known = registry().statuses.get(word)
    return known.translated() if known else Status(word, word.replace("_", " "))


def is_acs_code(name: str) -> bool:
    """Tell whether a column is one of the American Community Survey's, by its code."""
    return bool(_ACS.match(name))


def has_no_sum(name: str) -> bool:
    """Tell whether a code of the survey is a median, a mean, a rate or a percentage."""
    return held_by(name) == NO_SUMS or bool(is_acs_code(name) and name.endswith("PE"))


def unit_of(name: str) -> Unit:
    """Return a unit; a name that is none is a noun for what is counted (``people``)."""
    known = registry().units.get(name) or Unit(name, words=name)
    if current() == ENGLISH or not known.words:
        return known
    return replace(known, words=tr(known.words))


def limits(name: str) -> tuple[float, float]:
    """Return the least and the greatest value that a column may hold, infinite where none is."""
    column = _describe(name)
    unit = unit_of(column.unit)
    low = unit.minimum if column.minimum is None else column.minimum
    high = unit.maximum if column.maximum is None else column.maximum
    return -math.inf if low is None else low, math.inf if high is None else high


def describe(names: Iterable[str]) -> list[Column]:
    """Return what is known of each name, in the language that is being written.

    Derived and suffixed columns inherit from their base.
    """
    told = _describe if current() == ENGLISH else _told
    return [told(name) for name in names]


def label_of(name: str) -> str:
    """Return the label of a column in English, for a note: `tr` says it where the note is shown."""
    with language(ENGLISH):
        return _label(_describe(name).label)


def layers_in(names: Collection[str]) -> list[Column]:
    """Return the columns among `names` that maps show by default, in their order."""
    found = [(c.layer.order, c.name) for c in columns().values() if c.layer and c.name in names]
    return describe(name for _, name in sorted(found, key=_first))


def placed_in(table: str, names: Collection[str]) -> list[Column]:
    """Return the columns among `names` that stand in one of the readers' tables, in order."""
    placed = ((c.table, c) for c in columns().values() if c.table and c.name in names)
    found = [(place.order, column.name) for place, column in placed if table in place.tables]
    return describe(name for _, name in sorted(found, key=_first))


def _first(pair: tuple[int, str]) -> int:
    return pair[0]


def data_dictionary(table: pd.DataFrame) -> pd.DataFrame:
    """Return a dictionary of a table's columns, in English like the columns' names.

    Parameters
    ----------
    table
        Area table.

    Returns
    -------
    pandas.DataFrame
        One row per column, indexed by ``column``: dtype, unit, label, source, direction
        (``higher is worse``, ``lower is worse`` or ``neither``) and origin (``input``: a table may
        bring it; ``computed``: this package makes it).

    Examples
    --------
    >>> table = pd.DataFrame({"gap_share": [0.1], "gap_share_moe": [0.02]})
    >>> data_dictionary(table)["unit"].to_dict()
    {'gap_share': 'share', 'gap_share_moe': 'share'}
    >>> data_dictionary(table).loc["gap_share", ["direction", "origin"]].tolist()
    ['higher is worse', 'computed']
    """
    rows = {
        c.name: (
            c.dtype, c.unit, c.label, c.source, _WORSE[c.direction],
            "input" if c.input else "computed",
        )
        for c in (_describe(str(name)) for name in table.columns if name != "geometry")
    }  # fmt: skip
    index = pd.Index(list(rows), name="column", dtype=object)
    return pd.DataFrame(list(rows.values()), index=index, columns=list(_FIELDS))


def split_suffix(name: str) -> tuple[str, str]:
    """Split what follows ``__`` (a rule, a kind of care) off a name: the one place that does.

    ``gap_n__fcc_25_3`` is ``("gap_n", "__fcc_25_3")``; a name without suffix has an empty one.
    """
    stem, mark, rest = name.partition("__")
    return stem, mark + rest


def base_name(name: str) -> str:
    """Return the column a ``_moe``, ``_p05``, ``_p95``, ``_cv`` or ``_status`` column belongs to.

    ``gap_n_moe__fcc_25_3`` belongs to ``gap_n__fcc_25_3``; any other name is its own.
    """
    stem, suffix = split_suffix(name)
    for ending in _DERIVED:
        if stem.endswith(ending) and stem != ending:
            return stem.removesuffix(ending) + suffix
    return name


def companion(name: str, ending: str) -> str:
    """Return the name of a column's ``_moe``, ``_status`` ... column, under the same suffix."""
    stem, suffix = split_suffix(name)
    return stem + ending + suffix


@lru_cache(maxsize=4096)  # every join, table and file asks of every column
def _describe(name: str) -> Column:
    """Return what is known of a column in English: no other language is kept."""
    with language(ENGLISH):
        return _told(name)


def _told(name: str) -> Column:
    stem, suffix = split_suffix(name)
    column = _known(stem) or _acs(stem) or _users(stem)
    if not suffix:
        return replace(column, name=name)
    layer = column.layer and replace(column.layer, label=_under(column.layer.label, suffix))
    return replace(column, name=name, label=_under(column.label, suffix), layer=layer)


def _known(stem: str) -> Column | None:
    """Find a declared column, what derives from one, or one of its technologies."""
    known = columns()
    if stem in known:
        return known[stem].translated()
    for ending, meaning in _DERIVED.items():
        owner = stem.removesuffix(ending)
        if owner != stem and owner in known:
            label = _label(meaning, label=_label(known[owner].label))
            return _derived(known[owner], ending, label)
    technology = _TECHNOLOGY.match(stem)
    if technology and technology[1] + "_n" in known:
        column = known[technology[1] + "_n"]
        known_code = technology[2] != "unknown"
        meaning = _OF_A_TECHNOLOGY if known_code else _OF_NO_KNOWN_TECHNOLOGY
        label = _label(meaning, label=_label(column.label), code=technology[2])
        return replace(column, label=label, layer=None, table=None)
    return _compared(stem)


def _compared(stem: str) -> Column | None:
    """Read a column of a comparison: before, after, the change, its test."""
    found = _COMPARED.match(stem)
    owner = _known(found[1]) if found else None
    if found is None or owner is None:
        return None
    what, test = found[2], found[3] or ""
    if what == "change" and owner.unit == "share" and test in {"", "_moe"}:
        label = _label(_CHANGE_OF_A_SHARE, label=_label(owner.label))
    else:
        label = _label(_SIDES[what], label=_label(owner.label))
    label = _label(_TESTS[test], label=label) if test else label
    plain = Column(stem, owner.unit, label, owner.source, "float", direction=owner.direction)
    if what == "trend":
        # The pale word first, the worse one last.
        ways = ("fell", "rose") if owner.direction != "lower" else ("rose", "fell")
        said = {word: tr(_TRENDS[word]) for word in ("no_difference", *ways)}
        status = f"{found[1]}_change_status"
        return replace(plain, unit="text", dtype="str", words=said, status=status)
    if test == "_status":
        return replace(plain, unit="text", dtype="str", direction="neither")
    if test in {"_z", "_p", "_q"}:
        return replace(plain, unit="number", direction="neither")
    around = _CHANGES.get(owner.unit, ()) if stem.endswith("_change") else ()
    return replace(plain, universe=owner.universe, scale=around)


def _derived(column: Column, ending: str, label: str) -> Column:
    plain = Column(column.name, column.unit, label, column.source, "float", input=column.input)
    if ending == "_status":
        return replace(plain, unit="text", dtype="str", statuses=column.statuses)
    if ending == "_cv":
        return replace(plain, unit="percent", minimum=0.0)
    if ending == "_moe":
        return replace(plain, minimum=0.0)
    low, high = column.minimum, column.maximum
    return replace(plain, minimum=low, maximum=high, direction=column.direction)


def _acs(stem: str) -> Column | None:
    """Read a coded column of the American Community Survey."""
    found = _ACS.match(stem)
    if not found:
        return None
    label = _label(_ACS_MEANING[found[2]], label=found[1])
    source = f"American Community Survey, table {found[1].partition('_')[0]}"
    dtype = "str" if "status" in found[2] else ""
    held = held_by(stem)
    counted = "" if held == NO_SUMS else held
    return Column(
        stem, "", label, source, dtype=dtype, input=True, universe=counted, adds=bool(counted)
    )


def _users(stem: str) -> Column:
    """Make of a column that nobody declared what the end of its name says of its unit.

    This is the one place that assumes anything from a name alone: a user's ``_n`` column counts as
    one that adds up.
    """
    unit = next((u for u in _ENDINGS if stem.endswith(f"_{u}")), "")
    source = "column of the user's own table"
    return Column(stem, unit, stem.replace("_", " "), source, input=True, adds=unit_of(unit).adds)


# One column a technology: served_tech50_n is served_n over fiber alone.
_TECHNOLOGY = re.compile(r"^(\w+?)_tech_?(\d+|unknown)_n$")
_OF_A_TECHNOLOGY = mark("{label}: technology {code}")
_OF_NO_KNOWN_TECHNOLOGY = mark("{label}: technology not known")
_COMPARED = re.compile(r"^(\w+)_(before|after|change|trend)(_moe|_z|_p|_q|_status)?$")
_SIDES = {
    "before": mark("{label}: before"), "after": mark("{label}: after"),
    "change": mark("{label}: change"), "trend": mark("{label}: trend"),
}  # fmt: skip
_CHANGE_OF_A_SHARE = mark("{label}: change (percentage points)")
_TESTS = {
    "_moe": mark("{label}, margin of error (90 %)"), "_z": mark("{label}, z"),
    "_p": mark("{label}, two-sided p"), "_q": mark("{label}, least rate of false discoveries"),
    "_status": mark("{label}, why it is not tested"),
}  # fmt: skip
# Limits between the classes of a change on maps: round, the same everywhere, around none.
_CHANGES = {
    "n": (-250, -50, 50, 250), "share": (-0.05, -0.01, 0.01, 0.05),
    "min": (-15, -5, 5, 15), "km": (-10, -2, 2, 10), "usd": (-10_000, -2_000, 2_000, 10_000),
}  # fmt: skip
_TRENDS = {
    "no_difference": mark("no difference that these data can show"), "fell": mark("fell"),
    "rose": mark("rose"),
}  # fmt: skip
_ACS = re.compile(r"^([A-Z]{1,2}\d{2,6}[A-Z]{0,3}(?:_C\d{2})?_\d{3,4}P?)([EM]|E_status)$")
_ACS_MEANING = {
    "E": mark("{label}: estimate"), "M": _DERIVED["_moe"], "E_status": _DERIVED["_status"],
}  # fmt: skip
_ENDINGS = ("share", "n", "km", "min", "mbps", "usd", "per_10k", "km2")


def _under(label: str, suffix: str) -> str:
    """Say in a label which rule its column is under."""
    rule = suffix.removeprefix("__").replace("_", "-")
    return _label(_UNDER, label=_label(label), rule=rule) if label else label


_UNDER = mark("{label} (under {rule})")


def _label(text: str, /, **values: object) -> str:
    """Say a label; one in English keeps how it was made, so that `tr` can say it later."""
    if current() != ENGLISH:
        return tr(text, **values)
    return text if isinstance(text, Said) else said(text, **values)
