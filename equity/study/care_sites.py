"""``[[sites]]`` of a study: places of care, with coordinates of their own or placed by address."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from equity.areas.geoid import find_state
from equity.errors import InputError
from equity.provenance import carry
from equity.sources.care.placing import place_providers
from equity.sources.census.gazetteer import read_gazetteer
from equity.sources.census.geocoder import geocode
from equity.study.live import LiveFiles
from equity.study.parts import AreasPart, SitesPart
from equity.study.readers import SITES, call, live_options

__all__ = ["read_places_of_care"]

_COLUMNS = ["name", "kind", "fte", "lon", "lat", "location_quality", "geometry"]
_SAID = "offers_telehealth"


def read_places_of_care(
    part: SitesPart, study: AreasPart, files: LiveFiles
) -> tuple[gpd.GeoDataFrame, pd.Index]:
    """Read one list of places of care that a study names.

    Parameters
    ----------
    part
        What the study says of it.
    study
        State and level.
    files
        Where its files are.

    Returns
    -------
    sites
        Places, persons without their number and name unless the study asks for them.
    listed
        The ids of the list itself, in the same order: whoever stands in two lists is one.

    Raises
    ------
    InputError
        If a place has no usable coordinates, and the study does not say to leave it out.
    """
    reader = SITES[part.reader]
    paths = files.paths(part.file, part.as_of)
    path = paths if len(paths) > 1 else paths[0]
    given = {
        "as_of": part.as_of,
        "layout": part.reader,
        "columns": part.columns or None,
        "unplaced": part.unplaced,
        "kind": part.kind,
        "states": part.states or None,
        "synthetic": study.made_up,
    }
    table = call(reader, path, live_options(part.file), given, part.options)
    sites = table if reader.name == "sites" else _placed(table, part, files)
    shown = sites if part.clinician_names else _unnamed(sites, table, reader.name)
    return shown, sites.index


def _unnamed(sites: gpd.GeoDataFrame, listed: pd.DataFrame, reader: str) -> gpd.GeoDataFrame:
    """Take the register's number, and a person's name, off the persons of a federal list.

    The clinicians of CMS stand under the name of their practice, those of the register under their
    own.
    """
    if "is_person" in listed.columns:
        person = listed["is_person"].astype(bool).reindex(sites.index)
        names = sites["name"].mask(person, "individual clinician")
    elif reader == "clinicians":
        person = pd.Series(data=True, index=sites.index)
        names = sites["name"].where(sites["name"].fillna("") != "", "individual clinician")
    else:
        return sites
    ids = sites.index.to_series().mask(person, "clinician-" + person.cumsum().astype(str))
    hidden = sites.assign(name=names).set_axis(pd.Index(ids, name="site_id", dtype=object))
    return carry(hidden, sites)


def _placed(table: pd.DataFrame, part: SitesPart, files: LiveFiles) -> gpd.GeoDataFrame:
    wanted = {find_state(state).usps for state in part.states}
    if wanted:
        table = carry(table[table["state"].str.upper().isin(wanted)], table)
    year, known = part.zip_areas_year, {"lon", "lat"} <= set(table.columns)
    # A list whose publisher has found all its places needs no other.
    areas = None
    if not known or table[["lon", "lat"]].isna().any(axis=None):
        areas = read_gazetteer(files.path(part.zip_areas, year), year=year, level="zcta")
    found = geocode(table) if part.addresses and areas is not None and len(table) else None
    placed = place_providers(table, zip_areas=areas, geocoded=found)
    lost = table.index[~table.index.isin(placed.index)]
    if len(lost) and part.unplaced != "drop":
        raise InputError(
            f"{len(lost):,} of {len(table):,} places could not be placed by their ZIP area",
            file=part.file,
            rows=list(lost),
            fix='addresses = true asks the Census geocoder; unplaced = "drop" leaves them out',
        )
    if placed.empty:
        raise InputError("holds no site", file=part.file, fix="check states and the file")
    return carry(placed[[*_COLUMNS, *([_SAID] if _SAID in placed else [])]], placed)
