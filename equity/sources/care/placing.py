"""Providers without coordinates: address, else ZIP area, and how good the place is."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from equity.errors import MissingColumnError
from equity.language import said
from equity.net.desk import Desk
from equity.provenance import carry, meta, stamp
from equity.sources.census.gazetteer import get_gazetteer
from equity.sources.census.geocoder import geocode

__all__ = ["get_placed", "place_providers"]


def place_providers(
    providers: pd.DataFrame,
    *,
    zip_areas: pd.DataFrame | None = None,
    geocoded: pd.DataFrame | None = None,
) -> gpd.GeoDataFrame:
    """Give providers a point.

    Parameters
    ----------
    providers
        Index ``site_id``; ``zip`` and, where known, ``lon`` and ``lat``.
    zip_areas
        Gazetteer of ZIP areas: index 5 digits, ``lon``, ``lat``. ZIP codes of one building or of
        post boxes have no area.
    geocoded
        From :func:`equity.sources.census.geocoder.geocode`, for the same index.

    Returns
    -------
    geopandas.GeoDataFrame
        The providers that could be placed, with ``lon``, ``lat`` (degrees, NAD83),
        ``location_quality`` and ``geometry`` in EPSG:4269. The quality is, from best to worst,
        ``coordinates`` (the publisher's own), ``address`` (found), ``address_approximate`` (a
        similar one found) or ``zip_area`` (its inner point, kilometers off in the country). Those
        that could not are counted in a note.

    Raises
    ------
    MissingColumnError
        If there is no ZIP code.
    """
    if "zip" not in providers.columns:
        raise MissingColumnError(
            "providers have no column zip", fix="read them with equity's readers"
        )
    lon, lat, quality = _known(providers)
    if geocoded is not None:
        found = geocoded.reindex(providers.index)
        names = {"exact": "address", "non_exact": "address_approximate"}
        lon, lat, quality = _fill(lon, lat, quality, found, found["match"].map(names))
    if zip_areas is not None:
        codes = providers["zip"].fillna("").astype(str).str[:5]
        area = zip_areas[["lon", "lat"]].reindex(codes).set_axis(providers.index, axis=0)
        lon, lat, quality = _fill(lon, lat, quality, area, pd.Series("zip_area", index=area.index))
    placed = quality.notna()
    table = providers.assign(lon=lon, lat=lat, location_quality=quality)[placed]
    sites = gpd.GeoDataFrame(
        table, geometry=gpd.points_from_xy(table["lon"], table["lat"]), crs="EPSG:4269"
    )
    lost = int((~placed).sum())
    notes = (
        [
            said(
                "{n} of {all} providers could not be placed",
                n=f"{lost:,}",
                all=f"{len(providers):,}",
            )
        ]
        if lost
        else []
    )
    carry(sites, providers, notes=notes)
    if zip_areas is not None and (sites["location_quality"] == "zip_area").any():
        sources = [*meta(providers).sources, *meta(zip_areas).sources]
        stamp(sites, sources=sources, notes=[*meta(providers).notes, *notes])
    return sites


def _known(providers: pd.DataFrame) -> tuple[pd.Series, pd.Series, pd.Series]:
    nothing = pd.Series(np.nan, index=providers.index)
    lon, lat = providers.get("lon", nothing), providers.get("lat", nothing)
    quality = pd.Series(None, index=providers.index, dtype=object)
    return lon, lat, quality.mask(lon.notna() & lat.notna(), "coordinates")


def _fill(
    lon: pd.Series, lat: pd.Series, quality: pd.Series, found: Any, names: pd.Series
) -> tuple[pd.Series, pd.Series, pd.Series]:
    use = quality.isna() & found["lon"].notna() & names.notna()
    return lon.mask(use, found["lon"]), lat.mask(use, found["lat"]), quality.mask(use, names)


def get_placed(
    providers: pd.DataFrame, *, year: int, addresses: bool = True, via: Desk | None = None
) -> gpd.GeoDataFrame:
    """Place providers with the geocoder and the ZIP areas of the Census Bureau.

    Parameters
    ----------
    providers
        Index ``site_id``; ``street``, ``city``, ``state``, ``zip``.
    year
        Year of the ZIP-area gazetteer.
    addresses
        Ask the geocoder; without it every provider stands at its ZIP area's inner point.
    via
        Transport and cache; the session's own by default.

    Returns
    -------
    GeoDataFrame
        As :func:`place_providers`.

    Raises
    ------
    EquityError
        If a download fails, or an id repeats.
    """
    if {"lon", "lat"} <= set(providers.columns) and providers[["lon", "lat"]].notna().all(
        axis=None
    ):
        return place_providers(providers)
    found = geocode(providers, via=via) if addresses and len(providers) else None
    areas = get_gazetteer("zcta", year=year, via=via)
    return place_providers(providers, zip_areas=areas, geocoded=found)
