"""``[[sites]]`` of a study: places of care, with coordinates of their own or placed by address."""

from __future__ import annotations

import re
from collections.abc import Sequence

import geopandas as gpd
import pandas as pd

from equity.areas.geoid import find_state
from equity.errors import InputError
from equity.provenance import carry
from equity.sources.care.placing import place_providers
from equity.sources.census.gazetteer import read_gazetteer
from equity.sources.census.geocoder import geocode
from equity.study.input_parts import SitesPart
from equity.study.live import LiveFiles
from equity.study.parts import AreasPart
from equity.study.readers import SITES, call, live_options

__all__ = ["read_places_of_care", "without_register_numbers"]

_COLUMNS = ["name", "kind", "fte", "lon", "lat", "location_quality", "geometry"]
_SAID = "offers_telehealth"
# Columns that hold a person's number in a federal register, without case and signs.
_REGISTERS = {
    "npi", "npinumber", "rndrngnpi", "prscrbrnpi", "providernpi", "nationalprovideridentifier",
    "indpacid", "pacid", "cmsid", "pecosid", "pecosascid",
}  # fmt: skip
_NPI = r"([12][0-9]{9})(-[0-9]+)?"


def read_places_of_care(
    parts: Sequence[SitesPart], study: AreasPart, files: LiveFiles, *, by_capacity: bool
) -> list[tuple[SitesPart, gpd.GeoDataFrame]]:
    """Read the lists of places of care that a study names.

    Parameters
    ----------
    parts
        What the study says of each.
    study
        State and level.
    files
        Where its files are.
    by_capacity
        The study counts clinicians per resident: who stands in two lists would count twice.

    Raises
    ------
    InputError
        If a place has no usable coordinates, and the study does not say to leave it out, or a
        place or a clinician stands in two lists that count together.
    """
    read = [_read(part, study, files) for part in parts]
    for i, (_, _, sites) in enumerate(read):
        for j, (_, _, before) in enumerate(read[:i]):
            _refuse_twice((j, parts[j], before), (i, parts[i], sites), by_capacity=by_capacity)
    return [
        (part, sites if part.clinician_names else _unnamed(sites, listed, part))
        for part, listed, sites in read
    ]


_List = tuple[int, SitesPart, gpd.GeoDataFrame]


def _refuse_twice(one: _List, other: _List, *, by_capacity: bool) -> None:
    """Refuse two lists that count together if an id, or all of one list, stands in both."""
    (i, first, before), (j, second, sites) = one, other
    together = [use for use in ("sites", "capacity") if {first.use, second.use} <= {use, "both"}]
    if not together:
        return
    count = by_capacity and "capacity" in together
    numbered = _has_ids(first) and _has_ids(second)
    again = sites.index[_persons(sites).isin(_persons(before))] if numbered else sites.index[:0]
    whole = _rows(before), _rows(sites)
    same = min(map(len, whole)) == len(whole[0] & whole[1])
    same &= not numbered or len(again) == min(len(before), len(sites))
    if not same and not (count and len(again)):
        return
    what = f"{len(again):,} ids of it" if len(again) and not same else "the same rows"
    raise InputError(
        f"sites.{j} ({second.label}) and sites.{i} ({first.label}, {first.file}) count together as "
        f"{together[-1]}, and {what} stand in both",
        file=second.file,
        rows=list(again),
        fix="leave one of the two lists out, keep each id in one of them, or number places apart "
        "that are not the same",
    )


def _has_ids(part: SitesPart) -> bool:
    """Tell whether a list's ids are its own: rows without one are numbered."""
    return SITES[part.reader].name != "sites" or part.reader == "hrsa" or "id" in part.columns


def _persons(sites: gpd.GeoDataFrame) -> pd.Series:
    """Return ids, of a person at several addresses the person's."""
    ids = sites.index.to_series().astype(str).str.strip()
    return ids.mask(ids.str.fullmatch(_NPI), ids.str[:10]).str.casefold()


def _rows(sites: gpd.GeoDataFrame) -> set[tuple[object, ...]]:
    told = sites[["name", "kind", "fte"]].apply(lambda x: x.astype(str).str.casefold())
    places = sites[["lon", "lat"]].round(5)
    return set(pd.concat([told, places], axis=1).itertuples(index=False, name=None))


def _read(
    part: SitesPart, study: AreasPart, files: LiveFiles
) -> tuple[SitesPart, pd.DataFrame, gpd.GeoDataFrame]:
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
    return part, table, sites


def without_register_numbers(ids: pd.Series, column: str) -> pd.Series:
    """Return ids with a running one for each that is a person's number in a federal register.

    Parameters
    ----------
    ids
        Ids of places; missing ones stay.
    column
        What their column is called in its file: all of one that is called so are such numbers. In
        any other those are that have the check digit of a National Provider Identifier.
    """
    words = "".join(letter for letter in column.casefold() if letter.isalnum())
    text = ids.astype(object).where(ids.notna(), "").astype(str).str.strip()
    hidden = text.map(_is_npi) if words not in _REGISTERS else text != ""
    number = pd.Series(pd.factorize(text[hidden])[0] + 1, index=text.index[hidden])
    running = ("clinician-" + number.astype(str)).reindex(ids.index)
    return ids.mask(hidden, running)


def _is_npi(text: str) -> bool:
    """Tell a National Provider Identifier by its check digit (Luhn's, after the prefix 80840)."""
    found = re.fullmatch(_NPI, text)
    if not found:
        return False
    digits = [int(digit) for digit in reversed("80840" + found[1])]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _unnamed(sites: gpd.GeoDataFrame, listed: pd.DataFrame, part: SitesPart) -> gpd.GeoDataFrame:
    """Take the register's number, and a person's name, off the persons of a list.

    The clinicians of CMS stand under the name of their practice, those of the register under their
    own; in a list of one's own the id may be that number.
    """
    reader = SITES[part.reader].name
    if part.reader == "points":
        ids = pd.Series(sites.index, dtype=object)
        ids = without_register_numbers(ids, part.columns.get("id", ""))
        names = sites["name"].mask(sites["name"].astype(str).map(_is_npi), "individual clinician")
        hidden = sites.assign(name=names).set_axis(pd.Index(ids, name="site_id", dtype=object))
        return carry(hidden, sites)
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
