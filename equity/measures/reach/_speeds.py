"""From great-circle km to estimated minutes on the road.

A straight line is turned into road km by one detour factor and into minutes by a speed that
depends on how rural the origin is. It is an estimate, said to be one in every table; a user's own
travel-time table (:func:`equity.travel_costs` with ``table=``) replaces it.

References
----------
Boscoe, Henry & Zdeb 2012, A nationwide comparison of driving distance versus straight-line
distance to hospitals, The Professional Geographer 64(2), 188-196,
doi:10.1080/00330124.2011.583586 (only the abstract was read: straight lines and travel times
correlate with r2 > 0.9; the detour index of 1.417 is unverified).
42 CFR part 5, appendix A (20 miles are 30 minutes with primary roads: 64.4 km/h).

Only the quotient of detour and speed enters the minutes, and that is held against published
road-network minutes, see :data:`ROAD_KMH`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import pandas as pd

from equity.errors import InputError
from equity.measures.checks import checked_number
from equity.measures.reach.places import Floats

DETOUR_FACTOR = 1.417
"""Road km per great-circle km."""

ROAD_KMH: Mapping[str, float] = MappingProxyType(
    {"unknown": 64.4, "urban": 63.0, "suburban": 69.0, "town": 60.0, "rural": 59.0}
)
"""Road speed by rurality, km/h.

``unknown`` is the normal condition of 42 CFR part 5, appendix A. The classes were set so that the
median estimate to the nearest health center equals the published road-network minutes of
Virginia's 2020 tracts (OEPS 2025, free-flowing roads, tracts beyond 5 minutes), by primary RUCA
code: 1 urban, 2 and 3 suburban, 4 to 9 town, 10 rural. They differ little. Held against Delaware,
which had no part in it, the median is 1.02 of the published minutes. Rank correlation with the
published minutes to health centers: 0.905 (Virginia), 0.850 (Delaware); the published list of
sites is five years younger than the one measured here.
"""

_NOT_CODED = 99
_RUCA = {
    1: "urban",
    2: "suburban",
    3: "suburban",
    **dict.fromkeys(range(4, 10), "town"),
    10: "rural",
}


@dataclass(frozen=True)
class Roads:
    """How fast people get along: a detour factor and a speed for each class of rurality.

    Attributes
    ----------
    detour
        Road km per great-circle km, at least 1.
    kmh
        Road speed in km/h by class; ``unknown`` serves areas without a class.
    """

    detour: float = DETOUR_FACTOR
    kmh: Mapping[str, float] = field(default_factory=lambda: ROAD_KMH)

    def __post_init__(self) -> None:
        if checked_number(self.detour, "the detour factor") < 1.0:
            raise InputError(
                f"the detour factor is {self.detour}, but no road is shorter than a straight line",
                fix="give a factor of 1 or more",
            )
        if "unknown" not in self.kmh:
            raise InputError(
                "road speeds lack the class 'unknown'",
                fix="add the speed of areas whose rurality is not known",
            )
        for name, value in self.kmh.items():
            checked_number(value, f"the road speed of {name} in km/h", above=True)

    def minutes_per_km(self, rurality: pd.Series | None, ids: pd.Index) -> Floats:
        """Return minutes per great-circle km for each origin.

        Parameters
        ----------
        rurality
            None, or a Series by id: class names of :attr:`kmh`, or primary RUCA codes 1 to 10 (99
            is not coded). An id that is not listed is ``unknown``.
        ids
            The origins.

        Raises
        ------
        InputError
            For a class that has no speed.
        """
        classes = pd.Series("unknown", index=ids, dtype=object)
        if rurality is not None:
            given = _classes(rurality).reindex(ids)
            classes = given.where(given.notna(), "unknown")
        strange = sorted({str(name) for name in classes.unique()} - set(self.kmh))
        if strange:
            raise InputError(
                "rurality has classes without a road speed",
                rows=strange,
                fix=f"use {', '.join(self.kmh)} or RUCA codes 1 to 10, or give kmh for them",
            )
        speed: Floats = np.asarray(classes.map(dict(self.kmh)), dtype=np.float64)
        return self.detour * 60.0 / speed


def _classes(rurality: pd.Series) -> pd.Series:
    """Return rurality as class names; RUCA codes (7, 7.0, "7.1") become the class they mean."""
    if not isinstance(rurality, pd.Series) or not rurality.index.is_unique:
        raise InputError(
            "rurality must be a Series by area id, each id once",
            fix="for example ruca.set_index('geoid')['RUCA1']",
        )
    codes = pd.to_numeric(rurality, errors="coerce")
    named: pd.Series = np.floor(codes).map(_RUCA)
    # What is no code stays as it is: a class by name, or an error that names it.
    return named.where(named.notna(), rurality).mask(codes == _NOT_CODED)
