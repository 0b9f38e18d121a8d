"""The drawing of the example state: outline, river, ridges, towns and counties, in kilometers.

Everything here is invented. The plane is an equal-area (sinusoidal) one with its origin south-west
of the state, so that areas measured in it are true, and longitude and latitude follow by plain
arithmetic on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from equity.areas.geoid import EXAMPLE_STATE

Floats = npt.NDArray[Any]
Ints = npt.NDArray[Any]
Flags = npt.NDArray[np.bool_]

FIPS: Final = EXAMPLE_STATE.fips
USPS: Final = EXAMPLE_STATE.usps
STATE_NAME: Final = EXAMPLE_STATE.name
ACS_YEAR: Final = 2023
BOUNDARY_YEAR: Final = 2023
AS_OF: Final = "2024-12-31"
DATA_RELEASE: Final = "D24_03jun2025"
FILE_DATE: Final = (2025, 6, 3)

_EARTH_KM: Final = 6371.0072  # authalic radius: keeps areas
_LAT0: Final = 37.35
_LON0: Final = -98.9
_LON_MERIDIAN: Final = -97.75
_KM_PER_DEGREE: Final = float(np.pi / 180.0 * _EARTH_KM)

# Counter-clockwise from the south-west; the northern border is a surveyor's straight line.
OUTLINE: Final = (
    (6, 24),
    (22, 12),
    (44, 12),
    (62, 20),
    (84, 17),
    (104, 6),
    (130, 5),
    (150, 13),
    (172, 5),
    (190, 12),
    (197, 34),
    (189, 56),
    (187, 74),
    (196, 94),
    (190, 112),
    (180, 124),
    (179, 137),
    (30, 137),
    (29, 118),
    (20, 104),
    (17, 84),
    (5, 70),
    (4, 46),
)
STRAIGHT_FROM: Final = (179, 137)
STRAIGHT_TO: Final = (30, 137)
RIVER: Final = (
    (198, 120),
    (184, 112),
    (170, 109),
    (158, 100),
    (146, 101),
    (134, 94),
    (122, 90),
    (112, 78),
    (103, 75),
    (97, 68),
    (86, 68),
    (76, 58),
    (64, 56),
    (54, 44),
    (46, 40),
    (40, 27),
    (33, 22),
    (30, 4),
)
RIDGES: Final = (
    ((112, 2), (124, 24), (138, 44), (150, 66), (166, 84), (180, 100)),
    ((142, 4), (154, 24), (166, 46), (178, 66), (192, 80)),
    ((14, 92), (34, 106), (52, 122), (72, 134)),
)
LAKE: Final = (140.0, 97.5, 8.5, 3.6, 0.45)  # center x, y; half-axes; turn in radians
FOREST: Final = (163.0, 62.0, 10.0, 6.5, 0.95)
RANGE: Final = (
    59.0,
    104.0,
    4.5,
    3.6,
    0.5,
)  # a training range: people live there, no location is listed


@dataclass(frozen=True)
class Town:
    """A made-up town: place (km), share of the state's people, radius and wealth."""

    name: str
    x: float
    y: float
    share: float
    radius_km: float
    wealth: float
    county_seat: bool = False


# County seats first: town i is the seat of county i.
TOWNS: Final = (
    Town("Quillmere", 98, 72, 0.215, 3.0, 0.10, county_seat=True),
    Town("Ombrell", 44, 88, 0.050, 1.7, 0.05, county_seat=True),
    Town("Tarnwick", 152, 116, 0.045, 1.6, 0.00, county_seat=True),
    Town("Fenlow", 34, 54, 0.040, 1.6, -0.20, county_seat=True),
    Town("Dunmossy", 72, 36, 0.036, 1.5, -0.40, county_seat=True),
    Town("Kestrinham", 116, 38, 0.040, 1.6, -0.05, county_seat=True),
    Town("Varrowby", 172, 90, 0.010, 0.9, -0.30, county_seat=True),
    Town("Hollingap", 174, 28, 0.011, 0.9, -0.35, county_seat=True),
    Town("Elderfenny", 92, 114, 0.046, 1.7, 0.10, county_seat=True),
    Town("Quillmere Heights", 106, 82, 0.050, 2.0, 0.45),
    Town("Southquill", 93, 60, 0.030, 1.6, -0.40),
    Town("Pellbrook", 64, 70, 0.012, 1.1, 0.00),
    Town("Ostwick Ferry", 122, 94, 0.010, 1.0, 0.10),
    Town("Marrowdell", 142, 30, 0.007, 0.9, -0.30),
    Town("Saltfen", 20, 34, 0.008, 0.9, -0.40),
    Town("Coppergill", 132, 60, 0.007, 0.8, -0.25),
    Town("Nettlecote", 118, 124, 0.009, 1.0, 0.05),
    Town("Brindlemoor", 58, 116, 0.007, 0.9, 0.00),
    Town("Umberley Fork", 186, 50, 0.004, 0.7, -0.40),
    Town("Wexhollow", 150, 48, 0.004, 0.7, -0.40),
)
COUNTIES: Final = (
    "Quillbrook",
    "Ombrellshire",
    "Tarnwick",
    "Fenlowe",
    "Dunmoss",
    "Kestrin",
    "Varrow",
    "Hollin",
    "Elderfen",
)
COUNTY_FIPS: Final = tuple(f"{2 * i + 1:03d}" for i in range(len(COUNTIES)))
N_TRACTS: Final = 186
PEOPLE: Final = 300_000


def county_label(county: int) -> str:
    """Name of county number `county`, marked as made up."""
    return f"{COUNTIES[county]} County (synthetic)"


def to_lonlat(xy: Floats) -> Floats:
    """Plane kilometers to longitude and latitude in degrees (EPSG:4269), six decimals."""
    lat = _LAT0 + xy[:, 1] / _KM_PER_DEGREE
    shift = (_LON0 - _LON_MERIDIAN) * np.cos(np.deg2rad(_LAT0)) * _KM_PER_DEGREE
    lon = _LON_MERIDIAN + (xy[:, 0] + shift) / (_KM_PER_DEGREE * np.cos(np.deg2rad(lat)))
    return np.round(np.column_stack([lon, lat]), 6)


def smooth(
    points: tuple[tuple[float, float], ...], *, closed: bool = False, times: int = 3
) -> Floats:
    """Round the corners of a drawn line (Chaikin's corner cutting)."""
    line = np.array(points, dtype=float)
    for _ in range(times):
        a, b = (line, np.roll(line, -1, axis=0)) if closed else (line[:-1], line[1:])
        cut = np.empty((2 * len(a), 2))
        cut[0::2], cut[1::2] = 0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b
        line = cut if closed else np.vstack([line[:1], cut, line[-1:]])
    return line


def in_ellipse(
    xy: Floats, ellipse: tuple[float, float, float, float, float], grow: float = 1.0
) -> Flags:
    """Which points lie inside a turned ellipse, `grow` times its size."""
    x0, y0, a, b, turn = ellipse
    dx, dy = xy[:, 0] - x0, xy[:, 1] - y0
    along = np.cos(turn) * dx + np.sin(turn) * dy
    across = np.cos(turn) * dy - np.sin(turn) * dx
    inside: Flags = (along / (a * grow)) ** 2 + (across / (b * grow)) ** 2 <= 1.0
    return inside
