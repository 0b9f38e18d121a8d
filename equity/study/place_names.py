"""Places of a run by what people call them: ids, names, towns, points."""

from __future__ import annotations

import math
from typing import NamedTuple

import geopandas as gpd
import pandas as pd

from equity.areas.geoid import LEVELS
from equity.errors import InputError
from equity.language import tr
from equity.outputs.where import POINT, area_at, towns_of
from equity.study.asked import area_slug
from equity.study.naming import called, near
from equity.study.runs import Run

__all__ = ["Place", "PlaceFinder"]

_COUNTY = LEVELS["county"]
_MOST_NAMED = 4


class Place(NamedTuple):
    """A place that was asked for."""

    key: str
    title: str
    note: str = ""


class PlaceFinder:
    """Finds the places of a run."""

    def __init__(self, past: Run) -> None:
        self.table, self.title = past.table, past.title
        self.synthetic = bool(past.record.get("synthetic"))
        self.ids = past.table.index.astype(str)
        self.names = {
            key: str(name)
            for key, name in zip(self.ids, past.table.get("name", self.ids), strict=True)
        }
        county = past.table.get("county_name", pd.Series("", index=past.table.index))
        by_code = county.astype(str).groupby(self.ids.str[:_COUNTY].to_numpy())
        # Water tracts may spell their county in another way.
        self.counties = {str(code): max(part, key=len) or str(code) for code, part in by_code}

    def whole(self) -> Place:
        """Return all of the run."""
        return Place(area_slug(self.title) or "all", self.title)

    def held(self, point: str) -> Place:
        """Find the area that holds a point."""
        try:
            latitude, longitude = (float(part) for part in point.split(","))
        except ValueError:
            latitude = longitude = math.nan
        if not (math.isfinite(latitude) and math.isfinite(longitude)):
            raise InputError(f"{point!r} is no latitude and longitude", fix=POINT)
        if not isinstance(self.table, gpd.GeoDataFrame):
            raise InputError("the run has no polygons", fix="name the place by its id")
        key = area_at(self.table, latitude, longitude)
        at = f"{latitude:g}, {longitude:g}"
        return self._of(key, tr("It is the area that holds {point}.", point=at))

    def named(self, text: str) -> Place:
        """Find an area, a county, a town or all of the run by id or name."""
        wanted = " ".join(text.split())
        code = wanted.rpartition("US")[2]
        if code in self.names or code in self.counties:
            return self._of(code)
        if called(wanted, {"": self.title}):
            return self.whole()
        full = {key: f"{name}, {self.counties[key[:_COUNTY]]}" for key, name in self.names.items()}
        for known in (self.counties, self.names, full):
            if found := called(wanted, known):
                return self._of(self._one(wanted, found))
        towns = self._towns()
        if found := called(wanted, {f"{key} {i}": town for i, (town, key) in enumerate(towns)}):
            held = list(dict.fromkeys(key.partition(" ")[0] for key in found))
            said = tr(
                "It is the area that holds the point of {town}; the town may reach beyond it. "
                "Names of places: GeoNames (CC BY 4.0).",
                town=wanted,
            )
            return self._of(self._one(wanted, held), said)
        known_names = [*self.counties.values(), *(town for town, _ in towns)]
        if wanted.isdigit():
            known_names = [*self.ids, *self.counties]
        raise InputError(f"{text!r} is no place of the run", fix=near(wanted, known_names))

    def _towns(self) -> list[tuple[str, str]]:
        """Return towns and the areas that hold them; in a place that was made up lies none."""
        if self.synthetic or not isinstance(self.table, gpd.GeoDataFrame):
            return []
        return towns_of(self.table)

    def _one(self, wanted: str, found: list[str]) -> str:
        if len(found) > 1:
            which = [f"{self._of(key).title} ({key})" for key in found[:_MOST_NAMED]]
            more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
            raise InputError(
                f"{wanted!r} is {'; '.join(which)}{more}",
                fix="give the id of the one that is meant",
            )
        return found[0]

    def _of(self, key: str, note: str = "") -> Place:
        if key not in self.names or key in self.counties:
            return Place(key, self.counties[key], note)
        return Place(key, f"{self.names[key]}, {self.counties[key[:_COUNTY]]}", note)
