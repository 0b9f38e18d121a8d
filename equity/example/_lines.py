"""Internet providers of the example state: who sells which line where, and how fast.

Cable and fiber follow density and wealth, one electric cooperative has built fiber across two
farming counties, and the hollows in the east are left with copper, fixed wireless in sight of a
tower, and satellites.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely

from equity.example import _plan as plan
from equity.example._land import Land
from equity.example._plan import Floats, Ints

Tier = tuple[int, int]


@dataclass(frozen=True)
class Terrain:
    """What decides where lines are built, by cell: density (log10 people a km²), wealth, km."""

    dense: Floats
    wealth: Floats
    tower_km: Floats
    ridge_km: Floats
    county: Floats


@dataclass(frozen=True)
class Provider:
    """One provider's offer in one technology.

    `footprint` gives the share of a cell's locations it covers and `quality` how near (1) or far
    (0) the best of its `tiers` (Mbps down, up) they get. `residential` is the share of rows coded
    R; the others are X, or B where `business_only`.
    """

    frn: str
    provider_id: int
    brand: str
    technology: int
    low_latency: int
    tiers: tuple[Tier, ...]
    footprint: Callable[[Terrain], Floats]
    quality: Callable[[Terrain], Floats]
    residential: float = 0.0
    business_only: bool = False
    zero_share: float = 0.0
    blank_share: float = 0.0


def terrain(land: Land, wealth: Floats) -> Terrain:
    """Measure the ground the providers build on."""
    xy = land.mesh.seeds
    towers = np.array([[t.x, t.y] for t in plan.TOWNS])
    tower = np.min(np.hypot(xy[:, None, 0] - towers[:, 0], xy[:, None, 1] - towers[:, 1]), axis=1)
    ridges = shapely.MultiLineString([plan.smooth(r) for r in plan.RIDGES])
    return Terrain(
        dense=np.round(np.log10(np.maximum(land.density, 0.1)), 6),
        wealth=wealth,
        tower_km=tower,
        ridge_km=np.asarray(shapely.distance(shapely.points(xy), ridges)),
        county=land.county.astype(float),
    )


def _rise(x: Floats) -> Floats:
    return np.round(1.0 / (1.0 + np.exp(-x)), 4)


def _in(t: Terrain, *counties: int) -> Floats:
    return np.isin(t.county, counties).astype(float)


def _flat(value: float) -> Callable[[Terrain], Floats]:
    return lambda t: np.full(len(t.dense), value)


def _near_towers(reach_km: float, most: float) -> Callable[[Terrain], Floats]:
    def share(t: Terrain) -> Floats:
        shade = np.clip((t.ridge_km + 1.0) / 4.0, 0.25, 1.0)
        return np.round(most * np.exp(-((t.tower_km / reach_km) ** 2)) * shade, 4)

    return share


def _copper_quality(t: Terrain) -> Floats:
    return np.clip(0.18 + 0.30 * (t.dense - 0.4), 0.0, 1.0)


def _wireless_quality(t: Terrain) -> Floats:
    return np.clip(1.05 - t.tower_km / 16.0, 0.0, 1.0)


def _mobile_quality(t: Terrain) -> Floats:
    return np.clip(0.35 + 0.42 * (t.dense - 0.5), 0.0, 1.0)


_LUCK = 1.0
_COPPER = ((100, 20), (50, 5), (25, 3), (12, 1), (6, 1), (3, 1))

PROVIDERS = (
    Provider(
        "0090000101",
        900101,
        "Example Telephone Company (synthetic)",
        10,
        1,
        _COPPER,
        lambda t: 0.82 * (1 - _in(t, 1, 6, 7)),
        _copper_quality,
        residential=0.10,
        blank_share=0.0005,
    ),
    Provider(
        "0090000119",
        900119,
        "Ridge & Valley Telephone Cooperative, Inc. (synthetic)",
        10,
        1,
        _COPPER,
        lambda t: 0.88 * _in(t, 1, 6, 7),
        _copper_quality,
        residential=0.25,
        zero_share=0.01,
    ),
    Provider(
        "0090000127",
        900127,
        "Example Cable, LLC (synthetic)",
        40,
        1,
        ((1200, 35), (1000, 35), (500, 20)),
        lambda t: 0.97 * _rise(4.2 * (t.dense - 1.62) + 1.0 * t.wealth) * (1 - _in(t, 3, 6, 7)),
        _flat(0.7),
        residential=0.02,
    ),
    Provider(
        "0090000135",
        900135,
        'Tri-Town "TriLine" Cablevision, Inc. (synthetic)',
        40,
        1,
        ((300, 20), (100, 10)),
        lambda t: 0.92 * _rise(5.0 * (t.dense - 1.85)) * _in(t, 3, 6, 7),
        _flat(0.55),
        residential=0.05,
    ),
    Provider(
        "0090000143",
        900143,
        "Example Fiber, Inc. (synthetic)",
        50,
        1,
        ((5000, 5000), (1000, 1000), (500, 500)),
        lambda t: 0.93 * _rise(3.2 * (t.dense - 2.35) + 2.6 * t.wealth) * _in(t, 0, 1, 8),
        _flat(0.6),
        residential=0.06,
    ),
    Provider(
        "0090000150",
        900150,
        "Fenlowe Electric Cooperative, Fiber Division (synthetic)",
        50,
        1,
        ((1000, 1000), (250, 250)),
        lambda t: 0.95 * _rise(4.0 * (t.dense - 0.20)) * _in(t, 3, 4),
        _flat(0.7),
    ),
    Provider(
        "0090000168",
        900168,
        "Quillmere Business Networks, LLC (synthetic)",
        50,
        1,
        ((10000, 10000), (1000, 1000)),
        lambda t: 0.75 * _rise(3.0 * (t.dense - 1.7)),
        _flat(0.4),
        business_only=True,
    ),
    Provider(
        "0090000176",
        900176,
        "Example Geostationary (synthetic)",
        60,
        0,
        ((100, 3),),
        _flat(0.995),
        _flat(1.0),
    ),
    Provider(
        "0090000184",
        900184,
        "High Orbit, Inc. (synthetic)",
        60,
        0,
        ((150, 20), (50, 3)),
        _flat(0.985),
        _flat(0.6),
        residential=0.05,
    ),
    Provider(
        "0090000192",
        900192,
        "Example Low Orbit (synthetic)",
        61,
        1,
        ((280, 30), (220, 20)),
        lambda t: np.round(np.clip(0.97 - 0.08 * (t.ridge_km < 2.0), 0, 1), 4),
        _flat(0.6),
    ),
    Provider(
        "0090000200",
        900200,
        "Ridgeline Wireless (synthetic)",
        70,
        1,
        ((100, 20), (50, 10), (25, 5), (10, 2)),
        _near_towers(11.0, 0.80),
        _wireless_quality,
        residential=0.10,
    ),
    Provider(
        "0090000218",
        900218,
        "Example Mobile, Home Internet (synthetic)",
        71,
        1,
        ((300, 20), (100, 20), (50, 5), (25, 3)),
        lambda t: 0.90 * _rise(3.0 * (t.dense - 0.95)),
        _mobile_quality,
        residential=0.60,
    ),
    Provider(
        "0090000226",
        900226,
        "Second Mobile Example, Inc. (synthetic)",
        71,
        1,
        ((100, 20), (50, 5), (25, 3), (10, 1)),
        lambda t: 0.80 * _rise(2.4 * (t.dense - 1.05)) * (1 - 0.7 * _in(t, 7)),
        _mobile_quality,
        residential=0.40,
    ),
    Provider(
        "0090000234",
        900234,
        "Open Band Farms, LLC (synthetic)",
        72,
        1,
        ((100, 20), (50, 10), (25, 3)),
        lambda t: _near_towers(9.0, 0.75)(t) * _in(t, 1, 8),
        _wireless_quality,
    ),
    Provider(
        "0090000242",
        900242,
        "Example Powerline Trial (synthetic)",
        0,
        1,
        ((25, 3), (10, 1)),
        lambda t: 0.30 * _rise(3.0 * (t.dense - 1.2)) * _in(t, 5),
        _flat(0.5),
        residential=0.50,
    ),
)


@dataclass(frozen=True)
class Footprints:
    """Coverage share and quality by provider (rows, as in `PROVIDERS`) and cell (columns).

    `no_sky` is the share of a cell's locations where a ridge or trees hide every satellite.
    """

    share: Floats
    quality: Floats
    no_sky: Floats

    def wired_share(self) -> Floats:
        """Return the share of locations with a wired line of 25/3 Mbps or more."""
        without = np.ones(self.share.shape[1])
        for k, provider in enumerate(PROVIDERS):
            if provider.technology in {10, 40, 50} and not provider.business_only:
                good = (
                    np.clip(self.quality[k] * 2 - 0.6, 0, 1) if provider.technology == 10 else 1.0
                )
                without = without * (1 - self.share[k] * good)
        return np.round(1 - without, 6)


def footprints(ground: Terrain, tract: Ints, rng: np.random.Generator) -> Footprints:
    """Say who covers what, before single locations are drawn.

    Density and wealth do not decide alone: each provider has done better in some tracts than in
    others, for reasons nobody remembers.
    """
    share = np.array([np.clip(p.footprint(ground), 0, 1) for p in PROVIDERS])
    luck = rng.normal(0, _LUCK, (len(PROVIDERS), int(tract.max()) + 1))[:, tract]
    earthbound = np.array([p.technology not in {60, 61} for p in PROVIDERS])[:, None]
    odds = np.log(np.maximum(share, 1e-9) / np.maximum(1 - share, 1e-3))
    lucky = 1 / (1 + np.exp(-(odds + luck)))
    share = np.where(earthbound & (share > 0), lucky, share)
    quality = np.array([p.quality(ground) for p in PROVIDERS])
    return Footprints(
        share=np.round(share, 6),
        quality=np.round(quality, 6),
        no_sky=np.where(ground.ridge_km < 2.5, 0.20, 0.004),
    )
