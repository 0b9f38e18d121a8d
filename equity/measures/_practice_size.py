"""How large a practice is, and what bandwidth a practice of that size needs."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType

import numpy as np
import pandas as pd

from equity.errors import InputError
from equity.measures.checks import Numbers, aligned
from equity.measures.reach.places import Floats, Table


@dataclass(frozen=True)
class PracticeTier:
    """What a practice of one size needs.

    Attributes
    ----------
    label
        In words.
    down_mbps
        Download the published table asks for.
    visits_n
        Simultaneous video visits its line is planned for: a figure of this package, not of any
        published table, and so no part of the tier.
    kinds
        Words in a site's kind that decide its size whatever its staff.
    fte_up_to, fte_below
        Clinicians of a practice whose kind says nothing; of the two one at most.
    source
        Who published it.
    """

    label: str
    down_mbps: float
    visits_n: float
    kinds: tuple[str, ...] = ()
    fte_up_to: float | None = None
    fte_below: float | None = None
    source: str = ""


def _shipped() -> Mapping[str, PracticeTier]:
    text = (resources.files("equity.rules") / "practice_tiers.toml").read_text(encoding="utf-8")
    tiers = {}
    for name, fields in tomllib.loads(text).items():
        if isinstance(fields, dict):
            tiers[name] = PracticeTier(**{**fields, "kinds": tuple(fields.get("kinds", ()))})
    return MappingProxyType(tiers)


PRACTICE_TIERS: Mapping[str, PracticeTier] = _shipped()
"""Sizes of practice and their tiers, from ``rules/practice_tiers.toml``."""

_LARGEST = "hospital"


def sizes(
    sites: Table,
    ids: pd.Index,
    size: str | pd.Series | None,
    tiers: Mapping[str, PracticeTier],
    unknown: str,
) -> tuple[pd.Series, pd.Series]:
    """Return the size of each site, and where it had to be assumed."""
    names = _named(size, ids) if size is not None else _told(sites, ids, tiers)
    assumed = names.isna()
    names = names.where(~assumed, unknown)
    strange = sorted({str(name) for name in names.unique()} - set(tiers))
    if strange:
        raise InputError(
            "sizes of practice without a tier", rows=strange, fix=f"use {', '.join(tiers)}"
        )
    return names, assumed


def visits_of(
    visits: Numbers | None, names: pd.Series, ids: pd.Index, tiers: Mapping[str, PracticeTier]
) -> Floats:
    """Return the simultaneous visits of each site: given, or those its tier is planned for."""
    if visits is None:
        return np.array([tiers[name].visits_n for name in names], dtype=np.float64)
    rooms = aligned(visits, ids, what="simultaneous visits", of="sites")
    if (rooms == 0).any():
        raise InputError(
            "simultaneous visits of sites are 0",
            rows=ids[rooms == 0][:5].tolist(),
            count=int((rooms == 0).sum()),
            fix="a site that does no video visits needs no line: leave it out",
        )
    return rooms


def _named(size: str | pd.Series, ids: pd.Index) -> pd.Series:
    if isinstance(size, pd.Series):
        return size.reindex(ids).astype(object)
    return pd.Series(size, index=ids, dtype=object)


def _told(sites: Table, ids: pd.Index, tiers: Mapping[str, PracticeTier]) -> pd.Series:
    """Return the size that kind and full-time equivalents tell; missing where they do not."""
    names = pd.Series(None, index=ids, dtype=object)
    if "fte" in sites.columns:
        fte = pd.to_numeric(sites["fte"], errors="coerce").to_numpy(dtype=np.float64)
        if _LARGEST in tiers:
            names = names.mask(np.isfinite(fte), _LARGEST)
        for name, tier in sorted(tiers.items(), key=_staff, reverse=True):
            up_to, below = tier.fte_up_to, tier.fte_below
            if up_to is not None or below is not None:
                names = names.mask(fte <= up_to if up_to is not None else fte < below, name)
    if "kind" in sites.columns:
        kinds = sites["kind"].astype("string").str.casefold()
        kinds = kinds.str.replace(r"[^a-z0-9]+", " ", regex=True).fillna("")
        # The first tier whose words are found wins, so it is written last.
        for name, tier in reversed(list(tiers.items())):
            for words in tier.kinds:
                said = kinds.str.contains(words, regex=False).to_numpy(dtype=bool)
                names = names.mask(said, name)
    return names


def _staff(entry: tuple[str, PracticeTier]) -> float:
    tier = entry[1]
    return tier.fte_up_to or tier.fte_below or 0.0
