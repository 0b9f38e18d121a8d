"""How large a practice is, and what bandwidth a practice of that size needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
        Download the tier asks for.
    visits_n
        Simultaneous video visits it is planned for; times Mbps per visit it is the upload.
    """

    label: str
    down_mbps: float
    visits_n: float


PRACTICE_TIERS: Mapping[str, PracticeTier] = MappingProxyType(
    {
        "solo": PracticeTier("single clinician", 4.0, 1.0),
        "small": PracticeTier("2 to 4 clinicians, nursing home, rural health clinic", 10.0, 2.0),
        "clinic": PracticeTier("5 to 25 clinicians", 25.0, 4.0),
        "hospital": PracticeTier("hospital, or more than 25 clinicians", 100.0, 10.0),
    }
)
"""Sizes of practice and their tiers."""


def sizes(
    sites: Table,
    ids: pd.Index,
    size: str | pd.Series | None,
    tiers: Mapping[str, PracticeTier],
    unknown: str,
) -> tuple[pd.Series, pd.Series]:
    """Return the size of each site, and where it had to be assumed."""
    names = _named(size, ids) if size is not None else _told(sites, ids)
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


def _told(sites: Table, ids: pd.Index) -> pd.Series:
    """Return the size that kind and full-time equivalents tell; missing where they do not."""
    names = pd.Series(None, index=ids, dtype=object)
    if "fte" in sites.columns:
        fte = pd.to_numeric(sites["fte"], errors="coerce").to_numpy(dtype=np.float64)
        cases = [
            (fte <= 1, "solo"),
            (fte < 5, "small"),
            (fte <= 25, "clinic"),
            (fte > 25, "hospital"),
        ]
        for holds, name in reversed(cases):
            names = names.mask(holds, name)
    if "kind" in sites.columns:
        hospital = sites["kind"].astype("string").str.contains("hospital", case=False)
        names = names.mask(hospital.fillna(value=False).to_numpy(dtype=bool), "hospital")
    return names
