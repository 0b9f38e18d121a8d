"""Small tables of areas for tests of what to do about the gap."""

from __future__ import annotations

import numpy as np
import pandas as pd


def areas(n=6, *, seed=0, county="51001"):
    """Areas where lines bind, homes bind, both lack alike, and one without a gap."""
    rng = np.random.default_rng(seed)
    a, c = rng.uniform(0.1, 1.0, (2, n))
    c[0] = a[0] = 0.4  # neither alone brings anybody in
    a[-1] = c[-1] = 1.0
    table = pd.DataFrame(
        {
            "name": [f"Area {i}" for i in range(n)],
            "population_n": rng.integers(500, 4000, n).astype(float),
            "beyond_reach_share": rng.uniform(0.1, 1.0, n),
            "qualifying_share": a,
            "connected_share": c,
            "device_share": c + (1 - c) * 0.5,
            "subscription_share": c + (1 - c) * 0.25,
            "households_n": rng.integers(200, 1500, n).astype(float),
            "locations_n": 1000.0,
            "qualifying_n": 1000.0 * a,
            "is_under_resourced": np.arange(n) % 2 == 0,
        },
        index=pd.Index([f"{county}{i:06d}" for i in range(n)], name="geoid"),
    )
    return table.assign(
        gap_n=table["population_n"] * table["beyond_reach_share"] * (1 - np.minimum(a, c))
    )


def projects(table, *rows):
    """A table of projects from rows of id, what it fixes, positions of areas, and dollars.

    The dollars are small, and meant.
    """
    frame = pd.DataFrame(
        [
            {
                "project_id": key,
                "fixes": fixes,
                "areas": tuple(table.index[list(where)]),
                "cost_usd": usd,
                "confirmed": True,
            }
            for key, fixes, where, usd in rows
        ]
    )
    return frame.set_index("project_id")
