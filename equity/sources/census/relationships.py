"""Files that say how areas of one vintage or kind are made of those of another.

References
----------
U.S. Census Bureau. 2020 Relationship Files: tab20_zcta520_tract20 and the block files
TAB2010_TAB2020.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from equity.areas.geoid import find_state, normalize
from equity.areas.relationship import Relationship, relationship
from equity.errors import FormatError, InputError
from equity.files.delimited import read_text_table
from equity.files.opening import read_bytes
from equity.provenance import Source, file_source, stamp
from equity.sources.area_rows import require_columns, to_numbers

__all__ = [
    "NO_ZCTA",
    "read_block_links",
    "read_connecticut_codes",
    "read_zcta_relationship",
]

NO_ZCTA = "00000"
"""Stands for land that belongs to no ZIP Code Tabulation Area."""

_BLOCK_PARTS_2010 = ["STATE_2010", "COUNTY_2010", "TRACT_2010", "BLK_2010"]
_BLOCK_PARTS_2020 = ["STATE_2020", "COUNTY_2020", "TRACT_2020", "BLK_2020"]
_SHARE = "share_of_2010_block_land"
_CT_TRACTS = 879
_CTDATA = ("tract_fips_2020", "Tract_fips_2022")
_CTDATA_PRODUCT = "2022 Tract Crosswalk (towns, counties, planning regions)"
_RUCA = ("TractFIPS20", "TractFIPS23")
_RUCA_PRODUCT = "Rural-Urban Commuting Area codes (Connecticut's two codings)"
_ROUNDS = 500


def read_zcta_relationship(path: str | Path, *, state: str | None = None) -> Relationship:
    """Read the Census relationship file of 2020 tracts and ZIP Code Tabulation Areas.

    Weights are land only. A ZCTA is not a ZIP code, and it may lie in two states. Land outside
    every ZCTA goes to `NO_ZCTA`, so that totals stay.

    Parameters
    ----------
    path
        ``tab20_zcta520_tract20_natl.txt``, plain or zipped.
    state
        Keep the links of this state's tracts.

    Returns
    -------
    Relationship
        From 2020 tracts to ``zcta``, measured in `area`: square meters of land in the part.

    Raises
    ------
    FormatError, MissingColumnError
        If it is another file.
    """
    frame = _table(path, "|")
    require_columns(frame, ["GEOID_ZCTA5_20", "GEOID_TRACT_20", "AREALAND_PART"], path)
    frame = frame[frame["GEOID_TRACT_20"] != ""].copy()
    frame["GEOID_ZCTA5_20"] = frame["GEOID_ZCTA5_20"].mask(frame["GEOID_ZCTA5_20"] == "", NO_ZCTA)
    links = _links(frame, "GEOID_TRACT_20", "GEOID_ZCTA5_20", "AREALAND_PART", path, to="zcta")
    return relationship(
        _of_state(links, state, path),
        source_level="tract",
        target_level="zcta",
        source_vintage="2020",
        target_vintage="2020",
        bases={"area": "land shared by tracts and ZCTAs (Census relationship file)"},
        sources=(_source(path, "2020 ZCTA to Census Tract Relationship File", "2020"),),
        file=path,
    )


def read_block_links(path: str | Path, *, state: str | None = None) -> pd.DataFrame:
    """Read links between 2010 and 2020 census blocks.

    Parameters
    ----------
    path
        The Census Bureau's ``TAB2010_TAB2020_ST51.zip`` (or its text), or a CSV with `block_2010`,
        `block_2020`, `share_of_2010_block_land` and `area_land` (land of the 2020 block), as the
        ALARM project publishes it.
    state
        Keep the links of this state's 2010 blocks.

    Returns
    -------
    DataFrame
        `source` (2010 block), `target` (2020 block), `area` (land in the shared part). Feed it to
        `equity.from_blocks`.

    Raises
    ------
    FormatError, MissingColumnError
        If it is another file.
    InputError
        If the shares of a block do not sum to 1.
    """
    head = _head(path)
    if "|" in head:
        links = _census_block_links(path)
    elif _SHARE in head:
        links = _shared_block_links(path)
    else:
        raise FormatError(
            "neither a Census block relationship file nor a table of block shares",
            file=path,
            fix="get TAB2010_TAB2020_ST<state>.zip from the Census Bureau's relationship files",
        )
    kept = _of_state(links, state, path)
    source = _source(path, "2010 to 2020 Census Block Relationship File", "2020")
    return stamp(kept, level="block", geo_vintage="2020", sources=[source])


def _census_block_links(path: str | Path) -> pd.DataFrame:
    frame = _table(path, "|")
    require_columns(frame, [*_BLOCK_PARTS_2010, *_BLOCK_PARTS_2020, "AREALAND_INT"], path)
    links = pd.DataFrame(
        {
            "source": frame[_BLOCK_PARTS_2010].agg("".join, axis=1),
            "target": frame[_BLOCK_PARTS_2020].agg("".join, axis=1),
        }
    )
    links = links.assign(area=to_numbers(frame, {"AREALAND_INT": "area"}, path)["area"])
    whole = (links["source"].str.len() == 15) & (links["target"].str.len() == 15)
    return links[whole].reset_index(drop=True)


def _shared_block_links(path: str | Path) -> pd.DataFrame:
    from equity.areas.relationship import check_shares

    frame = _table(path, ",")
    numbers = to_numbers(frame, {_SHARE: "share", "area_land": "land"}, path)
    links = pd.DataFrame(
        {
            "source": normalize(frame["block_2010"], level="block", file=path, first_line=2),
            "target": normalize(frame["block_2020"], level="block", file=path, first_line=2),
            "share": numbers["share"].fillna(0.0).clip(lower=0.0),
        }
    )
    check_shares(links, "share", file=path)
    land = numbers["land"].fillna(0.0)
    links["area"] = _land_of_parts(links, land)
    return links.drop(columns="share")


def _land_of_parts(links: pd.DataFrame, land: pd.Series) -> Any:
    """Find the land of each part from shares of 2010 blocks and the land of 2020 blocks.

    The parts of a 2020 block make up its land: solved for the land of the 2010 blocks by
    expectation maximization, which keeps it above 0 and the total right. Where several whole
    blocks were merged only their sum is determined, which is all that larger areas need.
    """
    source, _ = pd.factorize(links["source"])
    target, ids = pd.factorize(links["target"])
    share = links["share"].to_numpy()
    known = np.zeros(len(ids))
    known[target] = land.to_numpy()
    received = np.bincount(target, weights=share, minlength=len(ids))
    # Start from the density a 2020 block would have if its parts were alike.
    guess = share * (known / np.where(received > 0, received, 1))[target]
    whole = np.bincount(source, weights=guess)
    for _ in range(_ROUNDS):
        made = np.bincount(target, weights=share * whole[source], minlength=len(ids))
        ratio = np.divide(known, made, out=np.zeros_like(known), where=made > 0)
        step = np.bincount(source, weights=share * ratio[target])
        whole *= step
        if np.abs(step[whole > 0] - 1).max(initial=0.0) < 1e-4:
            break
    return whole[source] * share


def read_connecticut_codes(path: str | Path) -> pd.Series:
    """Read which planning region each of Connecticut's 2020 tracts went to in 2022.

    Parameters
    ----------
    path
        CTData's ``2022tractcrosswalk.csv``, or the USDA's RUCA 2020 tract file (`TractFIPS20`,
        `TractFIPS23`).

    Returns
    -------
    Series
        Index tract id with the old county, value tract id with the planning region.

    Raises
    ------
    FormatError
        If the file has neither pair of columns, a tract goes to two places or changes its last
        six digits, or it is not the whole of the state (879 tracts).
    """
    frame = _table(path, ",")
    if _RUCA[1] in frame:
        columns, known = _RUCA, _source(path, _RUCA_PRODUCT, "2020")
        source = replace(known, id="ruca-2020", agency="USDA Economic Research Service")
        require_columns(frame, columns, path)
        # The nation's file; four water tracts of the state have no new number.
        frame = frame[frame[list(columns)].apply(lambda ids: ids.str.startswith("09")).all(axis=1)]
    elif _CTDATA[0] in frame and _CTDATA[1] in frame:
        columns, known = _CTDATA, _source(path, _CTDATA_PRODUCT, "2022")
        source = replace(known, agency="CT Data Collaborative")
    else:
        raise FormatError(
            "holds no pair of old and new Connecticut tract ids",
            file=path,
            fix="use CTData's 2022tractcrosswalk.csv or the RUCA 2020 tract file",
        )
    old, new = (normalize(frame[c], level="tract", state="09", file=path) for c in columns)
    moved = pd.Series(new.to_numpy(dtype=object), index=old.to_numpy(dtype=object), dtype=object)
    # The nation's file may have been cut to the areas of a study; the state's own is whole.
    _refuse_unpaired(moved, path, least=1 if columns is _RUCA else _CT_TRACTS)
    return stamp(moved, sources=[source])


def _refuse_unpaired(moved: pd.Series, path: str | Path, *, least: int) -> None:
    if moved.index.has_duplicates or moved.duplicated().any():
        raise FormatError("a tract occurs twice", file=path)
    changed = moved.index.str[5:] != moved.str[5:].to_numpy()
    if changed.any():
        raise FormatError(
            "tracts change their last six digits", file=path, rows=list(moved.index[changed])
        )
    if len(moved) < least:
        raise FormatError(
            f"holds {len(moved):,} of Connecticut's {_CT_TRACTS} tracts",
            file=path,
            fix="get the whole file",
        )


def _table(path: str | Path, delimiter: str) -> pd.DataFrame:
    suffix = ".txt" if str(path).endswith(".zip") and delimiter == "|" else ".csv"
    frame = read_text_table(path, delimiter=delimiter, data=read_bytes(path, suffix=suffix))
    return frame.astype("string").fillna("").astype(object)


def _head(path: str | Path) -> str:
    suffix = ".txt" if str(path).endswith(".zip") else ".csv"
    return read_bytes(path, suffix=suffix)[:2048].decode("utf-8-sig", errors="replace")


def _links(
    frame: pd.DataFrame, source: str, target: str, area: str, path: Any, *, to: str = "tract"
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "source": normalize(frame[source], level="tract", file=path),
            "target": normalize(frame[target], level=to, file=path),
            "area": to_numbers(frame, {area: "area"}, path)["area"],
        }
    ).reset_index(drop=True)


def _of_state(links: pd.DataFrame, state: str | None, path: str | Path) -> pd.DataFrame:
    if state is None:
        return links
    kept = links[links["source"].str.startswith(find_state(state).fips)].reset_index(drop=True)
    if not len(kept):
        raise InputError(f"no links of {find_state(state).name}", file=path)
    return kept


def _source(path: str | Path, product: str, vintage: str) -> Source:
    return file_source(
        path,
        id=f"relationship-{Path(path).stem}",
        agency="U.S. Census Bureau",
        product=product,
        vintage=vintage,
    )
