"""What the tags of a way say to a driver: whether, which way and how fast.

Speeds are what people drive, not what signs allow: the limit of a sign times
:data:`DRIVEN_SHARE`, or the class's speed where there is none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple, Protocol

__all__ = ["CLASS_KMH", "DRIVEN_SHARE", "Way", "ferry_minutes", "speed_limit_kmh", "way_of"]

CLASS_KMH: Mapping[str, float] = MappingProxyType(
    {
        "motorway": 100.0, "motorway_link": 60.0,
        "trunk": 85.0, "trunk_link": 50.0,
        "primary": 65.0, "primary_link": 40.0,
        "secondary": 55.0, "secondary_link": 35.0,
        "tertiary": 45.0, "tertiary_link": 30.0,
        "unclassified": 40.0, "residential": 30.0, "road": 30.0,
        "service": 15.0, "living_street": 10.0,
    }
)  # fmt: skip
"""The classes of road that are driven on, and the speed of one whose limit is not stated, km/h."""

DRIVEN_SHARE = 0.8
"""Speed driven over speed allowed: curves, junctions and lights are in no limit.

OSRM, whose minutes are those published for health centers and counties, takes the same share.
"""

PRIVATE_KMH = 10.0
"""Speed on a private road, km/h: who lives behind its gate gets out, nobody saves time by it."""

FERRY_KMH = 15.0
"""Speed of a ferry that does not say how long it takes, km/h."""

_MPH = 1.609344
_KNOT = 1.852
_FASTEST_KMH = 150.0  # the highest limit of the United States is 85 mph
# Zones: what a country's rule says where a sign names the rule and no number. US: common statutes.
_ZONES = {
    "us": {"urban": 25 * _MPH, "rural": 55 * _MPH, "motorway": 65 * _MPH, "trunk": 55 * _MPH},
    "": {"urban": 50.0, "rural": 90.0, "motorway": 120.0, "trunk": 100.0},
}
_SLOW_ZONES = {"living_street": 10.0, "walk": 7.0}
_UNITS = {"": 1.0, "km/h": 1.0, "kmh": 1.0, "kph": 1.0, "mph": _MPH, "knots": _KNOT}
_LIMIT = re.compile(r"(\d+(?:\.\d+)?)\s*(km/h|kmh|kph|mph|knots)?")
_CLOCK = re.compile(r"(?:(\d+):)?(\d+)(?::(\d\d))?")
_NUMBER = r"(\d+(?:\.\d+)?)"
_ISO = re.compile(rf"P(?:{_NUMBER}D)?(?:T(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?")
_WORDS = re.compile(rf"(?:{_NUMBER}\s*H(?:OURS?|RS?)?)?\s*(?:{_NUMBER}\s*M(?:IN(?:UTE)?S?)?\.?)?")

# The nearest word decides: a street closed to all may be open to cars.
_ACCESS = ("motorcar", "motor_vehicle", "vehicle", "access")
_CLOSED = frozenset(
    {"no", "agricultural", "forestry", "emergency", "military", "official", "bus", "psv", "taxi",
     "closed", "disused"}
)  # fmt: skip
_GATED = frozenset({"private", "permit"})
_UNSAID = frozenset({"", "unknown"})
# A lot's own lanes: who lives or works there is counted to the road.
_LOTS = frozenset({"parking_aisle", "driveway", "drive-through", "emergency_access"})
_ONE_WAY = {"yes": 1, "true": 1, "1": 1, "-1": -1, "reverse": -1, "no": 0, "false": 0, "0": 0}
# The map does not say at which hours a lane that changes its direction can be driven.
_NO_WAY = "reversible"
_SIDES = ("forward", "backward")
_LIMITS = ("maxspeed", "zone:maxspeed", "maxspeed:type")
_ONE_WAY_KEYS = ("oneway:motorcar", "oneway:motor_vehicle", "oneway:vehicle", "oneway")


class Tags(Protocol):
    """Tags of a way: a mapping, or pyosmium's own list."""

    def get(self, key: str, /) -> str | None:
        """Return a tag's value, None if the way has no such tag."""


class Way(NamedTuple):
    """A way that can be driven.

    Attributes
    ----------
    ahead_kmh, back_kmh
        Speed along the way and against it; 0 where that is not allowed.
    minutes
        Of a ferry: how long the whole way takes; 0 where it does not say.
    is_ferry, is_limited
        A ferry; a road whose limit is stated.
    may_stop
        People live and work along it: a road, but no motorway and no ferry.
    """

    ahead_kmh: float
    back_kmh: float
    minutes: float = 0.0
    is_ferry: bool = False
    is_limited: bool = False
    may_stop: bool = True


def way_of(tags: Tags) -> Way | None:
    """Return how a way is driven; None if it is not.

    Parameters
    ----------
    tags
        Of the way.

    Examples
    --------
    >>> way_of({"highway": "residential", "oneway": "-1", "maxspeed": "25 mph"}).back_kmh
    32.18688
    >>> way_of({"highway": "footway"}) is None
    True
    """
    kind = tags.get("highway")
    ferry = tags.get("route") == "ferry"
    if not ferry and kind not in CLASS_KMH:
        return None
    if tags.get("area") == "yes" or tags.get("impassable") == "yes":
        return None
    if tags.get("service") in _LOTS or (ferry and _carries_no_cars(tags)):
        return None
    # The fastest that access lets a car go along the way and against it.
    most = [_most_kmh(tags, side) for side in _SIDES]
    if ferry:
        ahead, back = _both_ways(tags, "", *(FERRY_KMH if one else 0.0 for one in most))
        minutes = ferry_minutes(tags.get("duration")) or 0.0
        way = Way(ahead, back, minutes, is_ferry=True, may_stop=False)
        return way if ahead or back else None
    name = str(kind)
    usual = CLASS_KMH[name]
    common = next(
        (kmh for key in _LIMITS if (kmh := speed_limit_kmh(tags.get(key))) is not None), None
    )
    limits = [speed_limit_kmh(tags.get(f"maxspeed:{side}")) or common for side in _SIDES]
    speeds = [usual if one is None else one * DRIVEN_SHARE for one in limits]
    ahead, back = _both_ways(tags, name, *map(min, speeds, most))
    if not (ahead or back):
        return None
    return Way(
        ahead,
        back,
        is_limited=limits != [None, None],
        may_stop=not name.startswith("motorway"),
    )


def speed_limit_kmh(text: str | None) -> float | None:
    """Return a stated limit in km/h; None where no number and no rule can be read from it.

    Of several (lanes, hours) the first counts. ``none`` and what no sign shows (0, 200 mph) leave
    the class's speed.

    Examples
    --------
    >>> [round(speed_limit_kmh(text), 1) for text in ("35 mph", "50", "US:rural")]
    [56.3, 50.0, 88.5]
    >>> speed_limit_kmh("none") is None
    True
    """
    first = re.split(r"[;|,]", text or "")[0].strip().casefold()
    found = _LIMIT.fullmatch(first)
    if found:
        kmh = float(found[1]) * _UNITS[found[2] or ""]
        return kmh if 0.0 < kmh <= _FASTEST_KMH else None
    country, _, zone = first.rpartition(":")
    if zone in _SLOW_ZONES:
        return _SLOW_ZONES[zone]
    if not country:
        return None
    country = country.partition(":")[0]  # US:CA: the state's own rule
    number = _LIMIT.fullmatch(zone)
    if number:  # US:25, DE:30
        return float(number[1]) * (_MPH if country == "us" else 1.0)
    return _ZONES.get(country, _ZONES[""]).get(zone)


def ferry_minutes(text: str | None) -> float | None:
    """Return a duration in minutes: ``HH:MM``, ``HH:MM:SS``, minutes alone, ISO 8601, or words.

    Examples
    --------
    >>> ferry_minutes("01:15"), ferry_minutes("20"), ferry_minutes("PT1H5M")
    (75.0, 20.0, 65.0)
    >>> ferry_minutes("1 h 20 min")
    80.0
    """
    said = (text or "").strip().upper()
    iso = _ISO.fullmatch(said)
    if iso and said:
        days, hours, minutes, seconds = (float(part or 0) for part in iso.groups())
        return (days * 1440 + hours * 60 + minutes + seconds / 60) or None
    found = _CLOCK.fullmatch(said) or _WORDS.fullmatch(said)
    if not found:
        return None
    hours, minutes, seconds = (float(part or 0) for part in (*found.groups(), None)[:3])
    return (hours * 60 + minutes + seconds / 60) or None


def _most_kmh(tags: Tags, side: str) -> float:
    """Return the fastest that the rules of access let a car go to one side; 0: not at all."""
    for key in _ACCESS:
        for said in (tags.get(f"{key}:{side}"), tags.get(key)):
            if not said:
                continue
            words = {word.strip() for word in said.split(";")} - _UNSAID
            if words:
                if words <= _CLOSED:
                    return 0.0
                return PRIVATE_KMH if words <= _CLOSED | _GATED else _FASTEST_KMH
    return _FASTEST_KMH


def _carries_no_cars(tags: Tags) -> bool:
    """Return whether a ferry names who may board, and names nobody with wheels and a motor."""
    if any(tags.get(key) is not None for key in (*_ACCESS, "hgv")):
        return False
    return any(tags.get(key) in {"yes", "designated"} for key in ("foot", "bicycle"))


def _both_ways(tags: Tags, kind: str, ahead: float, back: float) -> tuple[float, float]:
    """Return speeds along and against a way; 0 against a one-way street."""
    told = (tags.get(key) for key in _ONE_WAY_KEYS)
    said = next((value for value in told if value in _ONE_WAY or value == _NO_WAY), None)
    if said == _NO_WAY:
        return 0.0, 0.0
    if said is not None:
        way = _ONE_WAY[said]
    else:
        implied = kind == "motorway" or tags.get("junction") in {"roundabout", "circular"}
        way = 1 if implied else 0
    return (ahead if way >= 0 else 0.0), (back if way <= 0 else 0.0)
