"""From great-circle km to estimated minutes on the road.

A straight line is turned into road km by one detour factor and into minutes by a speed. It is an
estimate, said to be one in every table; a user's own travel-time table
(:func:`equity.travel_costs` with ``table=``) replaces it. Two sets of speeds stand in
:data:`ROADS`, and the facts that each was held against in ``travel_facts.toml``
(:func:`equity.measures.reach.calibration.travel_facts`).

Published minutes disagree by a third, so the first question is always *which* minutes:

- OEPS 2020-21 (road network, 2010 tracts, the very sites of ``FQHC_Geocoded``) and the 2023 county
  averages from centers of population (another publisher, own sites) agree with each other;
- OEPS 2025 (free-flowing roads, a list of sites five years younger) is 27 % quicker than either.

Both of the first two say that minutes are not proportional to distance: a km costs 3.2 minutes
below 2 km, 1.9 at 5 to 10, 1.4 at 20 to 30, because a short trip is all local streets. One curve
with an exponent (``curve``) follows them everywhere; one speed (``proportional``) is 30 % short on
the short trips and about right at 20 km.

References
----------
Boscoe, Henry & Zdeb 2012, A nationwide comparison of driving distance versus straight-line
distance to hospitals, The Professional Geographer 64(2), 188-196,
doi:10.1080/00330124.2011.583586 (only the abstract was read: straight lines and travel times
correlate with r2 > 0.9; the detour index of 1.417 is unverified).
42 CFR part 5, appendix A (20 miles are 30 minutes with primary roads: 64.4 km/h).

Only the quotient of detour and speed enters the minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType

import numpy as np
import pandas as pd

from equity import provenance
from equity.areas.vintage import comparable
from equity.errors import InputError, VintageError
from equity.language import mark, said, together
from equity.measures.checks import checked_number
from equity.measures.reach.places import Floats

DETOUR_FACTOR = 1.417
"""Road km per great-circle km."""

REFERENCE_KM = 20.0
"""Great-circle length of the trip whose speed is stated where speed grows with length, km."""

ESTIMATE_SD = 0.22
"""Spread of estimated minutes about published road minutes: sd of the logarithm of their ratio.

Curve against OEPS 2020-21, Virginia's health centers, estimates of 20 to 45 minutes: 0.20 robust,
0.23 plain; over all 1,759 tracts 0.23 and 0.28. Delaware, which had no part in the fit: 0.23 and
0.24. Coalfield counties of Virginia: 0.40, and no rank correlation at all.
"""

INSIDE_SD = 0.15
"""Spread of the people of one tract about the minutes of its center, where nothing better is known.

Block groups about the centers of Virginia's 2020 tracts, weighted by households, 10 to 30 km from a
health center: sd 0.18 of the logarithm of km (1,675 block groups), 0.14 of minutes; people inside
the block groups add to it. :func:`equity.measures.reach.beyond.spread_inside` is closer.
"""


@dataclass(frozen=True)
class TravelEstimate:
    """What is known of the error of some minutes of travel.

    Attributes
    ----------
    bias
        Ratio of these minutes to the true ones; 1 is none. Corrected by dividing.
    sd
        Spread that is left: standard deviation of the logarithm of the ratio.
    source
        What the two were held against.
    """

    bias: float = 1.0
    sd: float = ESTIMATE_SD
    source: str = ""

    def __post_init__(self) -> None:
        checked_number(self.bias, "the bias of a travel estimate", above=True)
        checked_number(self.sd, "the spread (sd) of a travel estimate")

    def stamp(self, table: pd.DataFrame) -> pd.DataFrame:
        """Write this beside a table's minutes, and return the same table."""
        table.attrs[_KEY] = asdict(self)
        return table


MEASURED_MINUTES = TravelEstimate(
    sd=INSIDE_SD, source="measured minutes between centers: spread of the people inside an area"
)
"""Of a table of measured minutes between the centers of areas and sites."""

_KEY = "travel_estimate"


def travel_estimate(table: pd.DataFrame) -> TravelEstimate | None:
    """Return what a table of minutes says of their error; None if it says nothing."""
    record = table.attrs.get(_KEY)
    return None if record is None else TravelEstimate(**record)


_RURALITIES = {
    "unknown": mark("unknown {kmh}"),
    "urban": mark("urban {kmh}"),
    "suburban": mark("suburban {kmh}"),
    "town": mark("town {kmh}"),
    "rural": mark("rural {kmh}"),
}
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

    ``minutes = 60 detour / kmh x km x (km / 20) ** (exponent - 1)``.

    Attributes
    ----------
    detour
        Road km per great-circle km, at least 1.
    kmh
        Road speed in km/h by class, on a trip of :data:`REFERENCE_KM` where speed grows with
        length; ``unknown`` serves areas without a class.
    exponent
        1 keeps one speed whatever the length; less makes short trips slower, to 0 (excluded).
    estimate
        Error of the minutes that come out.
    """

    detour: float = DETOUR_FACTOR
    kmh: Mapping[str, float] = field(default_factory=lambda: ROAD_KMH)
    exponent: float = 1.0
    estimate: TravelEstimate = TravelEstimate(
        source="OEPS 2025, health centers, Virginia's 2020 tracts beyond 5 minutes"
    )

    def __post_init__(self) -> None:
        if checked_number(self.exponent, "the exponent of road speeds", above=True) > 1.0:
            raise InputError(
                f"the exponent of road speeds is {self.exponent}, so a km more would cost more "
                "than the km before it",
                fix="give a number above 0, at most 1",
            )
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

    def minutes_per_km(
        self, rurality: pd.Series | None, ids: pd.Index, *, geo_vintage: str | None = None
    ) -> Floats:
        """Return minutes per great-circle km for each origin, at the length speeds are stated for.

        Parameters
        ----------
        rurality
            None, or a Series by id: class names of :attr:`kmh`, or primary RUCA codes 1 to 10 (99
            is not coded), missing where it is ``unknown``. It lists every origin.
        ids
            The origins.
        geo_vintage
            Vintage of the origins, where they are areas of one.

        Raises
        ------
        InputError
            For a class that has no speed, or an origin that `rurality` does not list.
        VintageError
            If `rurality` is known to be that of areas of another vintage.
        """
        classes = pd.Series("unknown", index=ids, dtype=object)
        if rurality is not None:
            given = _of_origins(rurality, ids, geo_vintage)
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

    def minutes(self, km: Floats, per_km: Floats) -> Floats:
        """Return minutes of trips of ``km`` great-circle km, from :meth:`minutes_per_km`."""
        if self.exponent == 1.0:
            return km * per_km
        return per_km * REFERENCE_KM * (km / REFERENCE_KM) ** self.exponent

    def km_within(self, minutes: float, per_km: Floats) -> Floats:
        """Return how many great-circle km each origin gets in ``minutes``."""
        if self.exponent == 1.0:
            return minutes / per_km
        reach: Floats = (minutes / (per_km * REFERENCE_KM)) ** (1.0 / self.exponent)
        return reach * REFERENCE_KM

    def note(self) -> str:
        """Return how minutes are made, for the notes of a table."""
        parts = [
            said(_RURALITIES.get(name, f"{name} {{kmh}}"), kmh=f"{value:g}")
            for name, value in self.kmh.items()
        ]
        speeds = together(parts, ", ")
        detour = f"{self.detour:g}"
        if self.exponent == 1.0:
            return said(
                "Minutes are estimated: great-circle km x {detour}; road km/h: {speeds}",
                detour=detour,
                speeds=speeds,
            )
        return said(
            "Minutes are estimated: great-circle km x {detour}; road km/h: {speeds} on {km} km; "
            "minutes grow as km to the power of {exponent}",
            detour=detour,
            speeds=speeds,
            km=f"{REFERENCE_KM:g}",
            exponent=f"{self.exponent:g}",
        )


ROADS: Mapping[str, Roads] = MappingProxyType(
    {
        "curve": Roads(
            kmh=MappingProxyType(dict.fromkeys(ROAD_KMH, 59.0)),
            exponent=0.736,
            estimate=TravelEstimate(
                source="OEPS 2020-21, health centers, Virginia's 2010 tracts with the same sites"
            ),
        ),
        "proportional": Roads(),
    }
)
"""Speeds by name, the default first.

``proportional``: one speed a class of rurality, :data:`ROAD_KMH`, set on OEPS 2025.

``curve``: 28.8 minutes at 20 km, growing as km to the power of 0.736, rurality aside: fitted by
least absolute log errors on the 1,759 tracts of Virginia (2010) with minutes above 0 to health
centers, OEPS 2020-21. Estimate over published where it had no part: Delaware 1.09 (spread 0.23);
hospitals and mental-health sites of both states 0.97 to 1.09; 2023 county averages to six kinds of
site in DE, NC, NJ, PA, TN and VA: urban 1.07, mixed 1.00, rural 0.99, where ``proportional`` gives
0.74, 0.87 and 0.98. Speeds by rurality on top of the curve fit Virginia a little better (spread
0.21 for 0.23) and every other state worse. In Virginia's coalfield the curve is still 23 % short
(41 tracts): mountains are in no straight line.
"""

DEFAULT_ROADS = "curve"
"""Name of the speeds that are used unless others are asked for; rurality makes no difference to it.

Against published minutes to the very same sites ``proportional`` gives 0.70 and 0.71 of them,
``curve`` 1.00 where it was fitted and 1.09 where it was not, and a second publisher's county
averages agree with it. OEPS 2025 disagrees with both publications. Figures that were published with
one speed a class are found again by asking for ``proportional``.
"""


def roads_of(roads: Roads | str | None) -> Roads:
    """Return the speeds asked for: a set of one's own, a name in :data:`ROADS`, or the default."""
    if isinstance(roads, Roads):
        return roads
    name = DEFAULT_ROADS if roads is None else roads
    if name not in ROADS:
        raise InputError(f"no road speeds {name!r}", fix=f"use {', '.join(ROADS)}, or Roads(...)")
    return ROADS[name]


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


def _of_origins(rurality: pd.Series, ids: pd.Index, geo_vintage: str | None) -> pd.Series:
    """Return the class of each origin; one that is not listed did not meet, and is not unknown."""
    classes, record = _classes(rurality), provenance.meta(rurality)
    fix = (
        "join it to the areas first, which counts what does not meet: areas = "
        "equity.combine(areas, table), then pass a column of areas"
    )
    theirs = record.geo_vintage
    if geo_vintage and theirs and not comparable(record.level or "tract", geo_vintage, theirs, ids):
        raise VintageError(
            f"rurality is that of areas of {theirs}, the origins are areas of {geo_vintage}",
            fix=fix,
            code="E-VINTAGE-DIFFERS",
        )
    absent = ids.difference(classes.index)
    if len(absent):
        raise InputError(
            f"rurality lists {len(ids) - len(absent):,} of {len(ids):,} origins",
            rows=absent[:5].tolist(),
            count=len(absent),
            fix=f"{fix} (a missing value is unknown)",
            code="E-ALIGN",
        )
    return classes.reindex(ids)
