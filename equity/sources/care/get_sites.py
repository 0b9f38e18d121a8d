"""Places of care, downloaded and placed: one call for each federal list."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import pandas as pd

from equity.areas.geoid import find_state
from equity.errors import InputError
from equity.net.desk import Desk
from equity.net.store import Stored
from equity.provenance import carry
from equity.sources.care.nppes import read_nppes
from equity.sources.care.placing import get_placed
from equity.sources.care.sites import read_sites
from equity.sources.catalog import find_input
from equity.sources.census.files import restamp
from equity.sources.fetch import Want, fetch_input

__all__ = ["SITE_KINDS", "get_sites"]

SITE_KINDS = {
    "health-centers": "hrsa-sites",
    "hospitals": "cms-hospitals",
    "rural-clinics": "cms-rhc",
    "clinicians": "cms-clinicians",
    "providers": "nppes",
}
"""Kind -> input. Capacity (``fte``): health centers, hospitals and rural clinics publish none;
a clinician is one head shared among the addresses; a provider of the register is one head."""


def get_sites(
    kind: str,
    *,
    state: str | None = None,
    neighbors: Sequence[str] = (),
    addresses: bool = True,
    sets: Sequence[str] = ("primary_care",),
    as_of: str = "",
    via: Desk | None = None,
) -> gpd.GeoDataFrame:
    """Download (once), read and place a federal list of places of care.

    Parameters
    ----------
    kind
        ``"health-centers"``, ``"hospitals"``, ``"rural-clinics"``, ``"clinicians"`` (CMS, with the
        telehealth flag) or ``"providers"`` (NPPES).
    state
        State to keep; the nation without it. Health centers are never cut: the nearest may lie
        across the border.
    neighbors
        States to keep beside it, so that care across the border counts.
    addresses
        Ask the Census geocoder for addresses; without it everybody stands at the inner point of
        the ZIP area (``location_quality`` says so). The nation needs thousands of requests.
    sets
        For ``"providers"``: sets of specialties, see :data:`equity.sources.care.nppes.TAXONOMIES`.
    as_of
        Edition, where the publisher keeps several (NPPES: ``"November_2026"``).
    via
        Transport and cache; the session's own by default.

    Returns
    -------
    geopandas.GeoDataFrame
        As :func:`equity.read_sites`, and what the list has beside that.

    Raises
    ------
    InputError
        If there is no such kind.
    EquityError
        If a download fails.
    """
    if kind not in SITE_KINDS:
        raise InputError(f"no sites {kind!r}", fix=f"use {', '.join(SITE_KINDS)}")
    name = SITE_KINDS[kind]
    (stored,) = fetch_input(name, Want(state or "VA", vintage=as_of), via=via)
    as_of = _edition(stored, as_of or find_input(name).vintage)
    if kind == "health-centers":
        return restamp(read_sites(stored.path, as_of=as_of, unplaced="drop"), stored)
    wanted = None if state is None else [find_state(s).usps for s in (state, *neighbors)]
    table = restamp(_read(kind, stored.path, as_of, wanted, sets), stored)
    year = int(find_input("zip-areas").vintage)
    return get_placed(table, year=year, addresses=addresses, via=via)


def _read(
    kind: str, path: Path, as_of: str, wanted: list[str] | None, sets: Sequence[str]
) -> pd.DataFrame:
    if kind == "providers":
        return read_nppes(path, as_of=as_of, sets=sets, states=wanted)
    table: pd.DataFrame = find_input(SITE_KINDS[kind]).reader.function(path, as_of=as_of)
    if wanted is None:
        return table
    return carry(table[table["state"].str.upper().isin(wanted)], table)


def _edition(stored: Stored, vintage: str) -> str:
    """Return the date of a list that its publisher replaces in place."""
    if vintage == "current" and stored.receipt is not None:
        return stored.receipt.revision or vintage
    return vintage
