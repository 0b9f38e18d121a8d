"""Kinds of sites of care: which sites count as what, and what outputs call them.

The table is ``kinds.toml``. A study names the kinds that count; nothing is counted because it is at
hand, and the words on every output are made of the same names.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import pandas as pd

from equity.areas.table import Table
from equity.areas.words import alternatives, sentence_list
from equity.errors import InputError, MissingColumnError
from equity.language import said, together, tr
from equity.provenance import carry

__all__ = ["Kind", "kind_of", "kinds_in_words", "site_kinds", "sites_of"]


@dataclass(frozen=True)
class Kind:
    """A kind of site.

    Attributes
    ----------
    id
        Its name in a study.
    singular, plural
        What outputs call it.
    care
        The kind of care that such a site gives: ``primary``, ``mental``, ``hospital`` …
    written
        What sources write for it in the column ``kind``.
    input
        Id of the federal list in ``equity sources``; empty where there is none.
    """

    id: str
    singular: str
    plural: str
    care: str
    written: tuple[str, ...]
    input: str = ""


@cache
def site_kinds() -> Mapping[str, Kind]:
    """Return every kind by name.

    Examples
    --------
    >>> site_kinds()["pharmacy"].plural
    'pharmacies'
    """
    text = (resources.files(__package__) / "kinds.toml").read_text(encoding="utf-8")
    return read_kinds(text)


def read_kinds(text: str) -> Mapping[str, Kind]:
    """Return the kinds of a TOML text; a value that two kinds claim is an error."""
    kinds = {
        name: Kind(id=name, **{**fields, "written": tuple(fields["written"])})
        for name, fields in tomllib.loads(text).items()
    }
    _by_value(kinds)
    return kinds


def kind_of(values: pd.Series, *, kinds: Mapping[str, Kind] | None = None) -> pd.Series:
    """Return the kind that each value of a source's ``kind`` column means; missing if none.

    Parameters
    ----------
    values
        Words as the source writes them, or names of kinds.
    kinds
        Kinds to look among; all that ship by default.

    Examples
    --------
    >>> kind_of(pd.Series(["Acute Care Hospitals", "RHC", "zoo"])).tolist()
    ['hospital', 'rural_health_clinic', None]
    """
    known = _by_value(site_kinds() if kinds is None else kinds)
    said, distinct = pd.factorize(values.astype("string"))
    meant = np.array([known.get(_plain(str(value))) for value in distinct] + [None], dtype=object)
    return pd.Series(meant[said], index=values.index, name="site_kind", dtype=object)


def sites_of(
    sites: Table, names: str | Iterable[str], *, kinds: Mapping[str, Kind] | None = None
) -> Table:
    """Return the sites of some kinds, or of some kinds of care.

    Parameters
    ----------
    sites
        Table by site id with the column ``kind`` (:func:`equity.read_sites`).
    names
        Names of kinds (``"health_center"``) or of kinds of care (``"primary"``: all its kinds).
    kinds
        Kinds to look among; all that ship by default.

    Returns
    -------
    DataFrame or GeoDataFrame
        The rows, with the caller's index and columns; a note says how many of each kind count.

    Raises
    ------
    InputError
        For a name that is no kind, and for a kind of which there is no site.
    MissingColumnError
        If the sites have no ``kind``.
    """
    if "kind" not in sites.columns:
        raise MissingColumnError(
            "the sites lack the column kind",
            fix='read them with kind="…", or columns={…, "kind": "…"}',
        )
    every = site_kinds() if kinds is None else kinds
    wanted = _wanted([names] if isinstance(names, str) else list(names), every)
    found = kind_of(sites["kind"], kinds=every)
    counts = found.value_counts()
    absent = [kind.plural for group in wanted for kind in group[:1] if not _any(group, counts)]
    if absent:
        strange = sites["kind"][found.isna()].astype("string").unique().tolist()
        raise InputError(
            f"no site counts as {' or '.join(absent)}",
            rows=strange[:5],
            count=len(strange),
            fix="add their sites, leave the kind out, or write their kind as "
            "one that is known: equity/sources/care/kinds.toml",
            code="E-EMPTY",
        )
    ids = [kind.id for group in wanted for kind in group]
    parts = [
        said(
            "{n} {kind}",
            n=f"{counts[i]:,}",
            kind=said(every[i].singular if counts[i] == 1 else every[i].plural),
        )
        for i in ids
        if i in counts
    ]
    note = said("Sites that count: {kinds}", kinds=together(parts, ", "))
    return carry(sites[found.isin(ids).to_numpy()], sites, notes=[note])


def kinds_in_words(
    names: str | Iterable[str], *, plural: bool = False, kinds: Mapping[str, Kind] | None = None
) -> str:
    """Return what outputs call the sites that count.

    Examples
    --------
    >>> kinds_in_words(["health_center", "rural_health_clinic"])
    'health center or rural health clinic'
    >>> kinds_in_words("mental", plural=True)
    'psychiatric hospitals, mental-health sites and mental-health clinicians'
    """
    wanted = _wanted([names] if isinstance(names, str) else list(names), kinds or site_kinds())
    words = [tr(kind.plural if plural else kind.singular) for group in wanted for kind in group]
    words = list(dict.fromkeys(words))
    return sentence_list(words) if plural else alternatives(words)


def _any(group: list[Kind], counts: pd.Series) -> bool:
    return any(kind.id in counts for kind in group)


def _wanted(names: list[str], kinds: Mapping[str, Kind]) -> list[list[Kind]]:
    """Return for each name the kinds it means: itself, or all of a kind of care."""
    groups = []
    for name in names:
        of_care = [kind for kind in kinds.values() if kind.care == name]
        group = [kinds[name]] if name in kinds else of_care
        if not group:
            choices = [*kinds, *dict.fromkeys(kind.care for kind in kinds.values())]
            close = difflib.get_close_matches(name, choices, n=1)
            raise InputError(
                f"no kind of site {name!r}" + (f", but {close[0]!r}" if close else ""),
                fix=f"use {', '.join(choices)}",
            )
        groups.append(group)
    if not groups:
        raise InputError("no kind of site is named", fix=f"use {', '.join(kinds)}")
    return groups


def _by_value(kinds: Mapping[str, Kind]) -> dict[str, str]:
    known: dict[str, str] = {}
    for kind in kinds.values():
        for value in {
            _plain(text) for text in (kind.id, kind.singular, kind.plural, *kind.written)
        }:
            other = known.setdefault(value, kind.id)
            if other != kind.id:
                raise InputError(
                    f"{value!r} means both {other} and {kind.id}",
                    file="kinds.toml",
                    fix="leave it with one of them",
                )
    return known


def _plain(text: str) -> str:
    """Return a text without case, signs and spaces."""
    return re.sub(r"[^a-z0-9]+", "", text.casefold())
