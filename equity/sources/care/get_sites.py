"""Places of care, downloaded and placed: one call for each federal list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import geopandas as gpd
import pandas as pd

from equity.areas.geoid import find_state
from equity.errors import InputError
from equity.net.desk import Desk
from equity.net.store import Stored
from equity.provenance import carry
from equity.sources.care.placing import get_placed
from equity.sources.care.sites import read_sites
from equity.sources.catalog import Reader, find_input
from equity.sources.census.files import restamp
from equity.sources.fetch import Want, fetch_input

__all__ = ["SITE_KINDS", "get_sites"]

SITE_KINDS = {
    "health-centers": "hrsa-sites",
    "hospitals": "cms-hospitals",
    "rural-clinics": "cms-rhc",
    "medicare-health-centers": "cms-fqhc",
    "mental-health-sites": "samhsa-mental",
    "substance-use-sites": "samhsa-substance",
    "libraries": "libraries",
    "pharmacies": "pharmacies",
    "clinicians": "cms-clinicians",
    "providers": "nppes",
}
"""Kind -> input. Capacity (``fte``): lists of sites publish none; a clinician, or a provider of
the register, is one head shared among the addresses."""


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
        ``"health-centers"``, ``"hospitals"``, ``"rural-clinics"``, ``"medicare-health-centers"``
        (CMS enrollments), ``"mental-health-sites"`` and ``"substance-use-sites"`` (SAMHSA, with
        whether they offer telehealth; a list of one state), ``"libraries"``, ``"pharmacies"``,
        ``"clinicians"`` (CMS, with the telehealth flag) or ``"providers"`` (NPPES).
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
        If there is no such kind, or its list is one of a state and none is named.
    EquityError
        If a download fails.
    """
    if kind not in SITE_KINDS:
        raise InputError(f"no sites {kind!r}", fix=f"use {', '.join(SITE_KINDS)}")
    name = SITE_KINDS[kind]
    entry = find_input(name)
    if entry.per_state and state is None:
        raise InputError(f"{entry.product} is listed state by state", fix="say state=")
    states = [state or "VA", *neighbors] if entry.per_state else [state or "VA"]
    files = [f for one in states for f in fetch_input(name, Want(one, vintage=as_of), via=via)]
    as_of = _edition(files[0], as_of or entry.vintage)
    if kind == "health-centers":
        return restamp(read_sites(files[0].path, as_of=as_of, unplaced="drop"), files[0])
    wanted = None if state is None else [find_state(s).usps for s in (state, *neighbors)]
    # Every specialty of the clinicians is kept: the catalog's choice is that of a study.
    told = {k: v for k, v in entry.options.items() if k != "specialties"}
    told |= {"sets": sets} if kind == "providers" else {}
    table = _read(entry.reader, [f.path for f in files], {**told, "as_of": as_of}, wanted)
    year = int(find_input("zip-areas").vintage)
    return get_placed(restamp(table, files[0]), year=year, addresses=addresses, via=via)


def _read(
    reader: Reader, paths: list[Path], told: Mapping[str, object], wanted: list[str] | None
) -> pd.DataFrame:
    """Read a list and keep some states, by the reader where it can."""
    told = {name: value for name, value in told.items() if name in reader.takes}
    if "states" in reader.takes:
        told = {**told, "states": wanted}
    table: pd.DataFrame = reader.function(paths if len(paths) > 1 else paths[0], **told)
    if wanted is None or "states" in reader.takes:
        return table
    return carry(table[table["state"].str.upper().isin(wanted)], table)


def _edition(stored: Stored, vintage: str) -> str:
    """Return the date of a list that its publisher replaces in place."""
    if vintage == "current" and stored.receipt is not None:
        return stored.receipt.revision or vintage
    return vintage
