"""Lists of places of care by address, read as ``lists.toml`` says that each is laid out.

No number of clinicians is published in any of them: capacity is missing. Those without coordinates
get some from :func:`equity.sources.care.placing.place_providers`.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from equity.errors import FormatError, InputError, MissingColumnError
from equity.files.delimited import read_text_table
from equity.files.large import read_columns
from equity.files.opening import read_bytes, sequence_of
from equity.files.zips import open_zip
from equity.language import said
from equity.provenance import file_source, stamp
from equity.sources.care.addresses import of_states, postal_codes, zip_codes
from equity.sources.coded import meaning_of

__all__ = ["plain", "read_care_list", "usable_columns"]

_YES_NO = {"yes": True, "y": True, "true": True, "1": True,
           "no": False, "n": False, "false": False, "0": False}  # fmt: skip
_NEEDED = ("name", "street", "city", "state", "zip")


@dataclass(frozen=True, kw_only=True)
class Form:
    """How a list is laid out; the fields are told in ``lists.toml``."""

    agency: str
    product: str
    columns: Mapping[str, Sequence[str]]
    kind: str = ""
    member: str = ""
    rows: str = ""
    unique: bool = False
    keep: Mapping[str, Sequence[str]] = field(default_factory=dict)
    closed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    telehealth: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> list[tuple[str, ...]]:
        """Names that the file must have, each with what may stand in its place."""
        first = [name for names in self.columns.get("id", ())[:1] for name in names.split("+")]
        roles = [tuple(names) for role, names in self.columns.items() if role != "id"]
        more = [*first, *self.keep, *([self.telehealth["column"]] if self.telehealth else [])]
        return [*((name,) for name in more), *roles]


@cache
def forms() -> Mapping[str, Form]:
    """Return every form by name."""
    text = (resources.files(__package__) / "lists.toml").read_text(encoding="utf-8")
    told = tomllib.loads(text)
    whole = {
        name: {**told.get(fields.pop("like", ""), {}), **fields} for name, fields in told.items()
    }
    return {name: Form(**fields) for name, fields in whole.items()}


def plain(name: str) -> str:
    """Return a header without case, signs and spaces: servers spell those of one file differently.

    Examples
    --------
    >>> plain("City/Town") == plain("citytown"), plain("Telehlth ")
    (True, 'telehlth')
    """
    return re.sub(r"[^a-z0-9]+", "", name.casefold())


def usable_columns(
    there: Iterable[str], wanted: Iterable[Sequence[str]], path: str | Path
) -> dict[str, str]:
    """Return for the first of each group of `wanted` names the column that is meant by the group.

    Raises
    ------
    MissingColumnError
        If no column is.
    """
    known = {plain(name): name for name in reversed(list(there))}
    found, lacking = {}, []
    for names in wanted:
        use = next((known[plain(name)] for name in names if plain(name) in known), None)
        if use is None:
            lacking.append(names[0])
        else:
            found[names[0]] = use
    if lacking:
        raise MissingColumnError(
            f"lacks column {lacking[0]!r}" + f" and {len(lacking) - 1} more" * (len(lacking) > 1),
            file=path,
            fix=f"it has {', '.join(map(repr, [*known.values()][:-13:-1]))}: download it again",
        )
    return found


def read_care_list(
    path: str | Path | Sequence[str | Path],
    *,
    as_of: str,
    form: str,
    states: Iterable[str] | None = None,
) -> pd.DataFrame:
    """Read a list of places of care that its publisher lays out in a known way.

    Parameters
    ----------
    path
        The file, as it was downloaded; several where the publisher answers in pages.
    as_of
        Date of the list.
    form
        ``"cms-hospitals"``, ``"cms-rhc"``, ``"cms-fqhc"``, ``"samhsa-mental"``,
        ``"samhsa-substance"`` or ``"libraries"``.
    states
        States to keep (FIPS, postal code or name).

    Returns
    -------
    pandas.DataFrame
        Index ``site_id``; ``name``, ``kind``, ``fte`` (missing: none is published), ``street``,
        ``city``, ``state``, ``zip``, and what the list has of ``npi``, ``lon``, ``lat``,
        ``has_emergency`` and ``offers_telehealth`` (missing where a row says nothing of it).
        Repetitions of an id stand once, and a note counts them; a row without one stands for
        itself.

    Raises
    ------
    InputError
        If there is no such form, an id stands twice where the publisher gives each once, or a row's
        state is none.
    MissingFileError, FormatError, MissingColumnError
        If the file is absent, damaged or another one.
    """
    if form not in forms():
        raise InputError(f"no form {form!r}", fix=f"use {', '.join(forms())}")
    how, first = forms()[form], sequence_of(path)[0]
    frame = pd.concat([_rows(one, how) for one in sequence_of(path)], ignore_index=True)
    notes: list[str] = []
    table, ids = _table(frame, how, first), _ids(frame, how, form)
    keep = _that_count(frame, how, notes)
    table.index = pd.Index(ids, name="site_id", dtype=object)
    table = _once(table[keep.to_numpy()], how, first, notes)
    table = table[of_states(table["state"], states, first)].copy()
    source = file_source(
        first,
        id=form,
        agency=how.agency,
        product=how.product,
        vintage=as_of,
        licence="public domain",
    )
    return stamp(table, sources=[source], notes=notes)


def _rows(path: str | Path, how: Form) -> pd.DataFrame:
    """Return the columns that count, as text, under the names of the form."""
    columns: dict[str, str] = {}

    def pick(names: Sequence[str]) -> list[str]:
        columns.update(usable_columns(names, how.names, path))
        there = {plain(name): name for name in names}
        welcome = (*how.columns.get("id", ())[1:], *how.closed)
        more = (name for name in welcome if plain(name) in there)
        columns.update({name: there[plain(name)] for name in more})
        return list(dict.fromkeys(columns.values()))

    if how.rows or Path(path).suffix.lower() == ".json":
        read = _json(path, how)
        pick(list(read.columns))
    elif how.member:
        read = read_text_table(path, data=_member(path, how))
        pick(list(read.columns))
    else:
        read = read_columns(path, pick)
    frame = pd.DataFrame({name: read[there].str.strip() for name, there in columns.items()})
    return frame.reset_index(drop=True)


def _that_count(frame: pd.DataFrame, how: Form, notes: list[str]) -> pd.Series:
    """Return which rows are open sites of the kind; the others are counted in the notes."""
    keep = pd.Series(data=True, index=frame.index)
    for column, values in how.keep.items():
        keep &= frame[column].isin(values)
    if not keep.all():
        number = int((~keep).sum())
        notes.append(
            said(
                "{list}: {n} of {all} rows are no such site",
                list=how.product,
                n=f"{number:,}",
                all=f"{len(keep):,}",
            )
        )
    for column, values in how.closed.items():
        if column not in frame:
            notes.append(
                said(
                    "{list}: without {column}, closed sites cannot be told and count",
                    list=how.product,
                    column=column,
                )
            )
            continue
        closed = keep & frame[column].str.zfill(2).isin(values)
        if closed.any():
            notes.append(
                said(
                    "{list}: {n} closed sites left out",
                    list=how.product,
                    n=f"{int(closed.sum()):,}",
                )
            )
        keep &= ~closed
    return keep


def _member(path: str | Path, how: Form) -> bytes:
    """Return the one CSV that counts of a ZIP, or the file itself."""
    if Path(path).suffix.lower() != ".zip":
        return read_bytes(path)
    with open_zip(Path(path)) as opened:
        member = opened.only(
            lambda name: how.member in name.lower() and name.lower().endswith(".csv"),
            f"CSV of {how.member}s",
        )
        return opened.archive.read(member)


def _json(path: str | Path, how: Form) -> pd.DataFrame:
    """Return the rows of an answer: a list, or an object that holds one."""
    try:
        answer = json.loads(read_bytes(path, suffix=".json"))
        rows = answer[how.rows] if how.rows else answer
        frame = pd.DataFrame(
            [{key: _text(value) for key, value in row.items()} for row in rows], dtype=object
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise FormatError(
            f"not an answer with the rows of {how.product}",
            file=path,
            fix="download it again",
        ) from None
    if frame.empty:
        frame = pd.DataFrame({name: [] for group in how.names for name in group[:1]}, dtype=object)
    return frame.fillna("")


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(map(_text, value))
    if isinstance(value, dict):
        return " ".join(map(_text, value.values()))
    return "" if value is None else str(value)


def _table(frame: pd.DataFrame, how: Form, path: Any) -> pd.DataFrame:
    def column(role: str) -> pd.Series:
        return frame[how.columns[role][0]]

    table = pd.DataFrame({role: column(role) for role in _NEEDED})
    table["state"] = postal_codes(table["state"])
    table["zip"] = zip_codes(table["zip"], table["state"])
    table.insert(1, "kind", column("kind") if "kind" in how.columns else how.kind)
    table.insert(2, "fte", np.nan)
    if "npi" in how.columns:
        table["npi"] = column("npi")
    for role in (role for role in how.columns if role.startswith("has_")):
        said = column(role).set_axis(pd.RangeIndex(1, len(frame) + 1, name="row"))
        table[role] = meaning_of(said, _YES_NO, path).astype("boolean").to_numpy()
    for role in ("lon", "lat"):
        if role in how.columns:
            number = pd.to_numeric(column(role), errors="coerce")
            table[role] = number.mask(number == 0)  # a place that was not found
    if how.telehealth:
        said = frame[how.telehealth["column"]].str.casefold()
        offers = said.str.contains(how.telehealth["word"], regex=False).astype("boolean")
        table["offers_telehealth"] = offers.mask(said.str.strip() == "")
    return table


def _ids(frame: pd.DataFrame, how: Form, form: str) -> list[str]:
    """Return the first id of each row that is filled; a row without one is numbered."""
    ids = pd.Series("", index=frame.index, dtype=object)
    known_names = [n for n in how.columns.get("id", ()) if n.split("+")[0] in frame]
    for name in known_names:
        first, *more = name.split("+")
        known = frame[first].where(frame[first] != "", "")
        for part in more:
            known = (known + "-" + frame[part]).where(known != "", "")
        if first in {"CCN", "Facility ID"}:
            known = known.where(known == "", known.str.zfill(6))
        ids = ids.mask((ids == "") & (known != ""), known)
    number = pd.Series([f"{form}-{n}" for n in range(1, len(frame) + 1)], index=frame.index)
    return ids.where(ids != "", number).to_list()


def _once(table: pd.DataFrame, how: Form, path: Any, notes: list[str]) -> pd.DataFrame:
    """Count a place that is repeated once."""
    again = table.index.duplicated() if "id" in how.columns else table.duplicated().to_numpy()
    if how.unique and again.any():
        raise InputError(
            "an id stands twice",
            file=path,
            rows=table.index[again],
            fix="download it again, or keep one row for each",
        )
    if again.any():
        notes.append(
            said(
                "{list}: {n} repetitions counted once", list=how.product, n=f"{int(again.sum()):,}"
            )
        )
    return table[~again]
