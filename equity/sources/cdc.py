"""Health need and vulnerability: CDC PLACES (long and wide) and the CDC/ATSDR SVI."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from equity.errors import FormatError, InputError, MissingColumnError
from equity.files.delimited import read_text_table
from equity.provenance import file_source, stamp
from equity.sources.area_rows import index_by_area, require_columns, to_numbers
from equity.sources.vintages import check_edition, ids_of_edition
from equity.sources.wanted import wanted_of

__all__ = ["read_places", "read_svi"]

_LEVELS = {"tract": 11, "county": 5}
# Releases from 2024 on use 2020 tracts and Connecticut's planning regions.
_PLACES_NEW_AREAS = 2024
_Z90, _Z95 = 1.6449, 1.9600
_INTERVAL = r"^\(?\s*(?P<low>[\d.]+)\s*[,-]\s*(?P<high>[\d.]+)\s*\)?$"


def read_places(
    path: str | Path,
    *,
    year: int,
    level: str = "tract",
    state: str | None = None,
    measures: str | Sequence[str] | None = None,
) -> pd.DataFrame:
    """Read CDC PLACES model-based estimates of any release, long or wide.

    Parameters
    ----------
    path
        The publisher's CSV.
    year
        Year of the release (2020 to 2025).
    level
        ``"tract"`` or ``"county"``.
    state
        State to keep.
    measures
        Codes such as ``"DIABETES"``; all of the file's by default. A release may lack a measure
        for a state (Kentucky and Pennsylvania in 2025): its cells are missing, not zero.

    Returns
    -------
    pandas.DataFrame
        Index ``geoid``; for each measure ``<measure>_share`` (crude prevalence among adults, 0 to
        1) and ``<measure>_share_moe`` (half the published 95 % interval, brought to 90 %), in lower
        case. 50 states and DC only.

    Raises
    ------
    InputError, FormatError, MissingColumnError
        If the file is no PLACES file, or a measure is not in it.
    VintageError
        If the file is of another release.

    References
    ----------
    CDC. PLACES: Local Data for Better Health. https://www.cdc.gov/places
    """
    wanted_of(level, _LEVELS, what="file for level")
    frame = read_text_table(path)
    frame.columns = [str(name).strip() for name in frame.columns]
    lower = {name.lower(): name for name in frame.columns}
    check_edition(
        path,
        year,
        editions=range(2020, 2100),
        name=r"places.*?(20\d\d)(?!\d)",
        layout=_surveyed(frame, lower),
    )
    long = "measureid" in lower or "measure" in lower
    table = (_long if long else _wide)(frame, lower, path, level, measures)
    ids = table.pop("_id")
    table, notes = index_by_area(table, ids, path, level=level, state=state, multi_state=True)
    source = file_source(
        path,
        id=f"places-{level}-{year}",
        agency="Centers for Disease Control and Prevention",
        product=f"PLACES, {level}",
        vintage=str(year),
        licence="public domain",
        note="model-based: estimated from a national survey, not counted here",
    )
    vintage = "2010" if year < _PLACES_NEW_AREAS else "2020-CT2022"
    ids_of_edition(table.index, path, level=level, year=year, geo_vintage=vintage)
    return stamp(table, level=level, geo_vintage=vintage, sources=[source], notes=notes)


def _surveyed(frame: pd.DataFrame, lower: dict[str, str]) -> dict[str, list[int]]:
    """Return what the years of the survey tell: a release has those two and three years before."""
    if "year" not in lower or "measureid" not in lower:
        return {}
    years = pd.to_numeric(frame[lower["year"]], errors="coerce").dropna()
    if years.empty:
        return {}
    last = int(years.max())
    return {f"a survey of {last}": [last + 2, last + 3]}


def _long(
    frame: pd.DataFrame,
    lower: dict[str, str],
    path: Any,
    level: str,
    measures: str | Sequence[str] | None,
) -> pd.DataFrame:
    names = {n: lower[n] for n in ("measureid", "data_value", "locationid") if n in lower}
    if "locationid" not in names and "locationname" in lower:
        names["locationid"] = lower["locationname"]  # the county file of 2020 has no LocationID
    lacking = {"measureid", "data_value", "locationid"} - set(names)
    if lacking:
        raise MissingColumnError(f"lacks {', '.join(sorted(lacking))}", file=path)
    frame = frame[frame[names["locationid"]].str.strip().str.len().isin(_lengths(level))]
    kind = lower.get("datavaluetypeid")
    if kind:
        frame = frame[frame[kind].str.strip() == "CrdPrv"]
    frame = frame.reset_index(drop=True)
    codes = frame[names["measureid"]].str.strip().str.upper()
    wanted = _wanted(codes.unique(), measures, path)
    values = to_numbers(frame, {names["data_value"]: "value"}, path)["value"] / 100
    ids = frame[names["locationid"]].str.strip().str.zfill(_LEVELS[level])
    moe = _margin(
        frame, lower.get("low_confidence_limit"), lower.get("high_confidence_limit"), path
    )
    if pd.MultiIndex.from_arrays([ids, codes]).duplicated().any():
        raise FormatError("an area has a measure twice", file=path, fix="keep one release and type")
    cells = pd.DataFrame({"_id": ids, "code": codes, "share": values, "moe": moe})
    cells = cells[cells["code"].isin(wanted)]
    shares = cells.pivot_table(index="_id", columns="code", values=["share", "moe"], dropna=False)
    table = pd.DataFrame({"_id": shares.index}).reset_index(drop=True)
    for code in wanted:
        for part, suffix in (("share", "_share"), ("moe", "_share_moe")):
            column = (part, code)
            table[f"{code.lower()}{suffix}"] = (
                shares[column].to_numpy() if column in shares.columns else np.nan
            )
    return table


def _lengths(level: str) -> set[int]:
    return {_LEVELS[level], _LEVELS[level] - 1}


def _margin(frame: pd.DataFrame, low: str | None, high: str | None, path: Any) -> Any:
    if not low or not high:
        return np.nan
    limits = to_numbers(frame, {low: "low", high: "high"}, path)
    return (limits["high"] - limits["low"]) / 2 / 100 * _Z90 / _Z95


def _wanted(present: Any, measures: str | Sequence[str] | None, path: Any) -> list[str]:
    found = sorted(str(code) for code in present)
    if measures is None:
        return found
    names = [measures] if isinstance(measures, str) else measures
    return wanted_of([code.upper() for code in names], found, what="measure", file=path)


def _wide(
    frame: pd.DataFrame,
    lower: dict[str, str],
    path: Any,
    level: str,
    measures: str | Sequence[str] | None,
) -> pd.DataFrame:
    id_column = lower.get("tractfips" if level == "tract" else "countyfips")
    if id_column is None:
        raise MissingColumnError(
            f"no {level} id, so no PLACES file of {level}s",
            file=path,
            fix="the wide tract file has TractFIPS, the long one LocationID and MeasureId",
        )
    found = {
        n.removesuffix("_crudeprev").upper(): c
        for n, c in lower.items()
        if n.endswith("_crudeprev")
    }
    columns: dict[str, Any] = {"_id": frame[id_column].str.strip().str.zfill(_LEVELS[level])}
    for code in _wanted(found, measures, path):
        name = code.lower()
        numbers = to_numbers(frame, {found[code]: "value"}, path)["value"] / 100
        columns[f"{name}_share"] = numbers
        interval = lower.get(f"{name}_crude95ci")
        if interval:
            limits = frame[interval].str.strip().str.extract(_INTERVAL).astype(float)
            columns[f"{name}_share_moe"] = (limits["high"] - limits["low"]) / 200 * _Z90 / _Z95
    return pd.DataFrame(columns)


_SVI_THEMES = {
    "svi_percentile": "RPL_THEMES",
    "svi_socioeconomic_percentile": "RPL_THEME1",
    "svi_household_percentile": "RPL_THEME2",
    "svi_minority_percentile": "RPL_THEME3",
    "svi_housing_percentile": "RPL_THEME4",
}
_SVI_SHARES = {
    "EP_POV150": "below_150_poverty_share",
    "EP_AGE65": "age_65_share",
    "EP_DISABL": "disability_share",
    "EP_LIMENG": "limited_english_share",
    "EP_NOVEH": "no_vehicle_share",
    "EP_UNINSUR": "uninsured_share",
    "EP_NOINT": "no_internet_share",
}


def read_svi(
    path: str | Path, *, year: int, level: str = "tract", state: str | None = None
) -> pd.DataFrame:
    """Read the CDC/ATSDR Social Vulnerability Index.

    Parameters
    ----------
    path
        ``SVI_YYYY_US.csv`` (tracts) or ``SVI_YYYY_US_county.csv``, or a state's file.
    year
        Vintage of the index: 2010, 2014, 2016, 2018, 2020 or 2022.
    level
        ``"tract"`` or ``"county"``.
    state
        State to keep.

    Returns
    -------
    pandas.DataFrame
        Index ``geoid``; ``svi_percentile`` and its four themes (rank in the nation, or in the state
        for a state's own file; 0 to 1, higher is more vulnerable) and, with prefix ``svi_``, the
        shares that the file has. -999 is missing.

    Raises
    ------
    InputError
        If there is no file for the level, or a percentile lies outside 0 to 1.
    VintageError
        If the file is of another year: its layout, its ids or its name tell.
    MissingFileError, FormatError, MissingColumnError
        If the file is absent, damaged or another one.

    References
    ----------
    CDC/ATSDR Social Vulnerability Index. https://www.atsdr.cdc.gov/place-health/php/svi
    """
    wanted_of(level, _LEVELS, what="file for level")
    frame = read_text_table(path).apply(lambda cells: cells.str.strip())
    require_columns(frame, ["FIPS"], path)
    frame = frame.mask(frame.apply(lambda cells: cells.str.fullmatch(r"-(999|5{9})(\.0+)?")), "")
    older = {name.replace("R_PL_", "RPL_"): name for name in frame.columns}
    check_edition(path, year, editions=_SVI_YEARS, name=r"svi[_ -]?(20\d\d)", layout=_told(frame))
    ranks = {older[c]: new for new, c in _SVI_THEMES.items() if c in older}
    shares = {c: f"svi_{new}" for c, new in _SVI_SHARES.items() if c in frame.columns}
    if not ranks:
        raise MissingColumnError("no column RPL_THEMES: not an SVI file", file=path)
    table = to_numbers(frame, {**ranks, **shares}, path)
    table[list(shares.values())] /= 100
    table, notes = index_by_area(
        table, frame["FIPS"], path, level=level, state=state, multi_state=True
    )
    outside = ((table[list(ranks.values())] < 0) | (table[list(ranks.values())] > 1)).any(axis=1)
    if outside.any():
        raise InputError("a percentile lies outside 0 to 1", file=path, rows=table.index[outside])
    source = file_source(
        path,
        id=f"svi-{level}-{year}",
        agency="CDC/ATSDR",
        product=f"Social Vulnerability Index, {level}",
        vintage=str(year),
        licence="public domain",
    )
    vintage = "2010" if year < 2020 else "2020" if year < 2022 else "2020-CT2022"
    ids_of_edition(table.index, path, level=level, year=year, geo_vintage=vintage)
    return stamp(table, level=level, geo_vintage=vintage, sources=[source], notes=notes)


_SVI_YEARS = (2010, 2014, 2016, 2018, 2020, 2022)


def _told(frame: pd.DataFrame) -> dict[str, list[int]]:
    """Return what a layout tells of its year: variables were renamed in 2014, 2020 and 2022."""
    names = set(frame.columns)
    told = {}
    if any(name.startswith("R_PL_THEME") for name in names):
        told["a rank called R_PL_THEMES"] = [2010]
    elif any(name.startswith("RPL_THEME") for name in names):
        told["a rank called RPL_THEMES"] = [2014, 2016, 2018, 2020, 2022]
    if names & {"E_POV150", "EP_POV150", "EP_HBURD", "EP_NOINT"}:
        told["poverty below 150 percent (POV150)"] = [2020, 2022]
    if names & {"E_POV", "EP_POV", "EP_PCI"}:
        told["poverty as such (POV) or income per person (PCI)"] = [2014, 2016, 2018]
    if "LOCATION" in names and frame["LOCATION"].str.contains("; ", regex=False).any():
        told["a place written with semicolons"] = [2022]
    elif "LOCATION" in names and frame["LOCATION"].str.startswith("Census Tract").any():
        told["a tract written with commas"] = [year for year in _SVI_YEARS if year != 2022]
    if "E_HBURD" in names and "COUNTY" in names:
        full = frame["COUNTY"].str.contains(r" (?:County|Parish|Region|Borough)$").any()
        told[f"a county {'with' if full else 'without'} its kind"] = [2022 if full else 2020]
    return told
