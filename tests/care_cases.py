"""Two toy problems with known answers, and small made-up maps, for the tests of care."""

from __future__ import annotations

import numpy as np
import pandas as pd

from equity.measures.reach.travel import travel_costs

AREAS = ["A", "B", "C"]
SITES = ["x", "y"]
TOY_MINUTES = [[5, 25], [15, 15], [25, 5]]


def costs_of(minutes, **options):
    """Travel costs from a full matrix of minutes; None is a pair that cannot be traveled."""
    matrix = np.array(minutes, dtype=float)
    areas = AREAS[: matrix.shape[0]]
    sites = SITES[: matrix.shape[1]]
    table = pd.DataFrame(
        {
            "home": np.repeat(areas, len(sites)),
            "clinic": np.tile(sites, len(areas)),
            "minutes": matrix.ravel(),
        }
    )
    return travel_costs(
        pd.DataFrame(index=areas),
        pd.DataFrame(index=sites),
        table=table,
        origin="home",
        destination="clinic",
        cost="minutes",
        unit="min",
        **options,
    )


def people_of(numbers):
    return pd.Series(np.array(numbers, dtype=float), index=AREAS[: len(numbers)])


def capacity_of(numbers):
    return pd.Series(np.array(numbers, dtype=float), index=SITES[: len(numbers)])


def scattered(n, *, seed, prefix, spread=1.0):
    """Points around central Virginia as a table with lon and lat."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {"lon": rng.normal(-78.5, spread, n), "lat": rng.normal(37.6, spread, n)},
        index=[f"{prefix}{k:04d}" for k in range(n)],
    )


def great_circle_km(one, other):
    """Haversine matrix, written without the package."""
    lat = np.radians(one["lat"].to_numpy())[:, None], np.radians(other["lat"].to_numpy())[None]
    dlon = np.radians(one["lon"].to_numpy())[:, None] - np.radians(other["lon"].to_numpy())[None]
    h = np.sin((lat[0] - lat[1]) / 2) ** 2 + np.cos(lat[0]) * np.cos(lat[1]) * np.sin(dlon / 2) ** 2
    return 2 * 6371.0088 * np.arcsin(np.sqrt(np.clip(h, 0, 1)))
