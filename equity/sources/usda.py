"""Rurality and terrain: USDA's codes of tracts (RUCA, ruggedness) and counties, HRSA's list."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from equity.errors import FormatError, InputError, MissingColumnError
from equity.files.delimited import read_text_table
from equity.provenance import Source, file_source, stamp
from equity.sources.area_rows import index_by_area, require_columns, to_numbers
from equity.sources.vintages import check_edition, vintage_of

__all__ = ["read_forhp", "read_ruca", "read_rucc", "read_ruggedness"]

_UNCODED = 99
_RUCA_2010_ID = "State-County-Tract FIPS"
_RUCC = r"RUCC_\d{4}"
_RUGGED = {"RRS": ("road_ruggedness", 5), "ARS": ("area_ruggedness", 6)}
_METRO_CORE = 3  # primary codes 1 to 3 are metropolitan


def read_ruca(
    path: str | Path, *, year: int, geo_vintage: str = "2020", state: str | None = None
) -> pd.DataFrame:
    """Read rural-urban commuting area codes of census tracts.

    Parameters
    ----------
    path
        USDA's CSV of 2020 tracts (Latin-1) or its workbook of 2010 tracts.
    year
        2010 or 2020.
    geo_vintage
        Only for 2020, which carries both codings of Connecticut: ``"2020"`` (old counties) or
        ``"2020-CT2022"`` (planning regions; four water tracts have none and are left out).
    state
        State to keep.

    Returns
    -------
    pandas.DataFrame
        Index ``geoid``; ``ruca_primary`` (1 metropolitan core to 10 rural; missing for tracts
        without people), ``ruca_secondary``, ``is_rural_ruca`` (primary code 4 or more),
        ``ruca_status``.

    Raises
    ------
    InputError
        If `geo_vintage` is neither, or a code is none of USDA's.
    VintageError
        If there is no edition of the year, or the file is the other one.
    MissingFileError, FormatError, MissingColumnError
        If the file is absent, damaged or another one.

    References
    ----------
    USDA Economic Research Service. Rural-Urban Commuting Area Codes.
    """
    check_edition(path, year, editions=(2010, 2020), name=r"((?:19|20)\d0)[-_ ]rural-urban")
    frame, columns, ids = _ruca_2010(path) if year == 2010 else _ruca_2020(path, geo_vintage)
    frame, ids = _with_id(frame, ids)
    table = to_numbers(frame, columns, path)
    empty = table["ruca_primary"] == _UNCODED
    odd = ~empty & ~table["ruca_primary"].between(1, 10)
    if odd.any():
        raise InputError("a primary code is not 1 to 10 or 99", file=path, rows=ids[odd])
    table = table.mask(empty, np.nan, axis=0)
    table["is_rural_ruca"] = (table["ruca_primary"] > _METRO_CORE).astype("boolean").mask(empty)
    table["ruca_status"] = np.where(empty, "no_population", "ok")
    source = _source(path, f"ruca-{year}", "Rural-Urban Commuting Area codes", str(year))
    vintage = "2010" if year == 2010 else geo_vintage
    return _of_tracts(table, ids, path, source=source, geo_vintage=vintage, state=state)


def _of_tracts(
    table: pd.DataFrame, ids: pd.Series, path: Any, *, source: Source, geo_vintage: str,
    state: str | None,
) -> pd.DataFrame:  # fmt: skip
    """Index USDA's tracts of every state by their ids, and record where they are from."""
    table, notes = index_by_area(table, ids, path, level="tract", state=state, multi_state=True)
    return stamp(table, level="tract", geo_vintage=geo_vintage, sources=[source], notes=notes)


def _with_id(frame: pd.DataFrame, ids: pd.Series) -> tuple[pd.DataFrame, pd.Series]:
    """Leave out the rows without a tract: water that one coding of Connecticut does not have."""
    known = ~ids.str.strip().isin(["", "N/A"])
    return frame[known].reset_index(drop=True), ids[known].reset_index(drop=True)


def _ruca_2020(path: Any, geo_vintage: str) -> tuple[pd.DataFrame, dict[str, str], pd.Series]:
    id_column = _id_2020(geo_vintage)
    frame = read_text_table(path)
    if any(str(name).startswith(_RUCA_2010_ID) for name in frame.columns) or (
        not frame.columns.str.startswith("TractFIPS").any()
        and frame.astype(str).apply(lambda row: row.str.startswith(_RUCA_2010_ID)).any(axis=None)
    ):
        check_edition(path, 2020, layout={f"a column {_RUCA_2010_ID!r}": [2010]})
    columns = {"PrimaryRUCA": "ruca_primary", "SecondaryRUCA": "ruca_secondary"}
    require_columns(frame, [id_column, *columns], path)
    return frame, columns, frame[id_column]


def _id_2020(geo_vintage: str) -> str:
    """Return the column of tract ids in a file that has both codings of Connecticut."""
    found = {"2020": "TractFIPS20", "2020-CT2022": "TractFIPS23"}.get(geo_vintage)
    if found is None:
        raise InputError(f"no coding {geo_vintage!r}", fix='use "2020" or "2020-CT2022"')
    return found


def _ruca_2010(path: Any) -> tuple[pd.DataFrame, dict[str, str], pd.Series]:
    # The first header carries a long note in brackets: the beginning decides.
    frame = read_text_table(
        path, header=lambda names: any(n.startswith((_RUCA_2010_ID, "TractFIPS2")) for n in names)
    )
    if frame.columns.str.startswith("TractFIPS2").any():
        check_edition(path, 2010, layout={"a column TractFIPS20": [2020]})
    starts = {
        _RUCA_2010_ID: "id",
        "Primary RUCA Code 2010": "ruca_primary",
        "Secondary RUCA Code, 2010": "ruca_secondary",
    }
    found = {
        new: name
        for start, new in starts.items()
        for name in frame.columns
        if str(name).startswith(start)
    }
    lacking = [new for new in starts.values() if new not in found]
    if lacking:
        raise MissingColumnError(f"lacks {', '.join(lacking)}: not USDA's file of 2010", file=path)
    columns = {found[new]: new for new in ("ruca_primary", "ruca_secondary")}
    return frame, columns, frame[found["id"]].astype(str).str.strip().str.zfill(11)


def read_ruggedness(
    path: str | Path, *, year: int, geo_vintage: str = "2020", state: str | None = None
) -> pd.DataFrame:
    """Read how rugged the terrain of census tracts is, along their roads and altogether.

    Parameters
    ----------
    path
        USDA's CSV "Area and Road Ruggedness Scales".
    year
        Year of its tracts: 2010 or 2020.
    geo_vintage
        Only for 2020, as in :func:`read_ruca`.
    state
        State to keep.

    Returns
    -------
    pandas.DataFrame
        Index ``geoid``; ``road_ruggedness`` (1 level, 2 nearly level, 3 slightly, 4 moderately, 5
        highly rugged) and ``area_ruggedness`` (the same, and 6 extremely rugged); missing where
        USDA gives none (empty or 99), as for water.

    Raises
    ------
    InputError
        If `geo_vintage` is neither, or a code is none of USDA's.
    VintageError
        If there is no edition of the year, or the file is the other one.
    MissingFileError, FormatError, MissingColumnError
        If the file is absent, damaged or another one.

    References
    ----------
    Dobis, E. A., et al. (2023). Characterizing Rugged Terrain in the United States. USDA Economic
    Research Service, ERR-322.
    """
    frame = read_text_table(path)
    ids_of = {"TractFIPS": 2010, "TractFIPS20": 2020}
    held = {f"a column {name}": [of] for name, of in ids_of.items() if name in frame.columns}
    name = r"((?:19|20)\d0)[-_ ]area-and-road"
    check_edition(path, year, editions=(2010, 2020), name=name, layout=held)
    id_column = "TractFIPS" if year == 2010 else _id_2020(geo_vintage)
    require_columns(frame, [id_column, *_RUGGED], path)
    frame, ids = _with_id(frame, frame[id_column])
    table = to_numbers(frame, {name: column for name, (column, _) in _RUGGED.items()}, path)
    table = table.mask(table == _UNCODED)
    for name, (column, most) in _RUGGED.items():
        odd = ~table[column].isin(range(1, most + 1)) & table[column].notna()
        if odd.any():
            raise InputError(f"{name} is not 1 to {most}", file=path, rows=ids[odd])
    source = _source(path, f"ruggedness-{year}", "Area and Road Ruggedness Scales", str(year))
    vintage = "2010" if year == 2010 else geo_vintage
    return _of_tracts(table, ids, path, source=source, geo_vintage=vintage, state=state)


def read_rucc(path: str | Path, *, year: int, state: str | None = None) -> pd.DataFrame:
    """Read rural-urban continuum codes of counties.

    Parameters
    ----------
    path
        USDA's CSV: one row an attribute of a county, or one row a county with ``RUCC_2023``.
    year
        2023.
    state
        State to keep.

    Returns
    -------
    pandas.DataFrame
        Index ``geoid``; ``rucc`` (1 to 9), ``is_rural_rucc`` (4 or more: nonmetropolitan).

    Raises
    ------
    MissingFileError, FormatError, MissingColumnError
        If the file is absent, damaged or another one.
    VintageError
        If it has the codes of another year.
    """
    frame, wide = read_text_table(path), f"RUCC_{year}"
    require_columns(frame, ["FIPS"], path)
    names = pd.Series(frame.columns)
    if not names.str.fullmatch(_RUCC).any():
        require_columns(frame, ["FIPS", "Attribute", "Value"], path)
        names = frame["Attribute"].str.strip()
    there = names[names.str.fullmatch(_RUCC)].unique()
    if not len(there):
        raise FormatError("holds no attribute RUCC_…", file=path)
    years = [int(name[-4:]) for name in there]
    check_edition(path, year, layout={f"the attribute {there[0]}": years})
    long = wide not in frame.columns
    codes = frame[names == wide].reset_index(drop=True) if long else frame
    table = to_numbers(codes, {"Value" if long else wide: "rucc"}, path)
    odd = ~table["rucc"].isin(range(1, 10)) & table["rucc"].notna()
    if odd.any():
        raise InputError("a code is not 1 to 9", file=path, rows=codes["FIPS"][odd])
    table["is_rural_rucc"] = (
        (table["rucc"] > _METRO_CORE).astype("boolean").mask(table["rucc"].isna())
    )
    table, notes = index_by_area(
        table, codes["FIPS"], path, level="county", state=state, multi_state=True
    )
    source = _source(path, f"rucc-{year}", "Rural-Urban Continuum Codes", str(year))
    vintage = vintage_of(table.index, year=year, file=path)
    return stamp(table, level="county", geo_vintage=vintage, sources=[source], notes=notes)


def read_forhp(path: str | Path, *, year: int, state: str | None = None) -> pd.DataFrame:
    """Read which counties are rural for HRSA's grants.

    A county is ``Fully FORHP Rural`` or not; in the others single tracts are rural, and the
    publisher's own analyzer decides on an address.

    Parameters
    ----------
    path
        HRSA's workbook "County and Census Tract".
    year
        Year of its county list (2023).
    state
        State to keep.

    Returns
    -------
    pandas.DataFrame
        Index ``geoid``; ``is_rural_forhp`` (missing where the list says NA, as in territories).

    Raises
    ------
    FormatError, MissingColumnError
        If no sheet has county ids beside ``County_Eligibility``.
    """
    check_edition(path, year, name=r"(?:forhp|rural-health-areas)\D*(20\d\d)(?!\d)")
    # Another sheet has the tracts of counties that are rural in part.
    frame = read_text_table(
        path,
        header=lambda names: (
            "County_Eligibility" in names and not any("tract" in n.casefold() for n in names)
        ),
    )
    require_columns(frame, ["County_Eligibility"], path)
    ids = next(
        (
            frame[name]
            for name in frame.columns
            if "FIPS" in str(name).upper().replace("GEOID", "FIPS")
        ),
        None,
    )
    if ids is None:
        raise MissingColumnError("no FIPS column beside County_Eligibility", file=path)
    said = frame["County_Eligibility"].astype(str).str.strip().str.casefold()
    known = {"fully forhp rural": True, "not fully forhp rural": False}
    odd = ~said.isin([*known, "na", "n/a", "nan", "none", ""])
    if odd.any():
        raise InputError(f"County_Eligibility holds {said[odd].iloc[0]!r}", file=path)
    table = pd.DataFrame({"is_rural_forhp": said.map(known).astype("boolean")})
    text = ids.astype(str).str.strip().str.removesuffix(".0").str.zfill(5)
    table, notes = index_by_area(table, text, path, level="county", state=state, multi_state=True)
    source = file_source(
        path,
        id=f"forhp-{year}",
        agency="HRSA Federal Office of Rural Health Policy",
        product="Rural counties",
        vintage=str(year),
        licence="public domain",
        note="not a substitute for the Rural Health Grants Eligibility Analyzer",
    )
    vintage = vintage_of(table.index, year=year, file=path)
    return stamp(table, level="county", geo_vintage=vintage, sources=[source], notes=notes)


def _source(path: Any, source_id: str, product: str, vintage: str) -> Source:
    return file_source(
        path,
        id=source_id,
        agency="USDA Economic Research Service",
        product=product,
        vintage=vintage,
        licence="public domain",
    )
