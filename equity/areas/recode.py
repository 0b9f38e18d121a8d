"""Give areas the ids of another vintage where only the code changed, not the place."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from equity import provenance
from equity.areas.table import Table, level_of, refuse_duplicates, water_rows
from equity.areas.vintage import connecticut as connecticut_codes
from equity.areas.vintage import county_changes, required_vintage
from equity.errors import InputError, VintageError
from equity.language import said

_WITH_TRACT = ("tract", "block_group", "block")


def counties(table: Table) -> Table:
    """Replace county codes that changed between 2010 and 2020 by the newer ones.

    02261 (divided into 02063 and 02066), 02270 (02158), 46113 (46102) and 51515 (51019). The
    places are the same; so is the vintage.

    Parameters
    ----------
    table
        Area table of counties, tracts, block groups or blocks.

    Returns
    -------
    DataFrame or GeoDataFrame
        The same rows under current ids.

    Raises
    ------
    InputError
        If a divided county stands in a county table, or both codes of a place are there.

    References
    ----------
    U.S. Census Bureau. Substantial Changes to Counties and County Equivalent Entities:
    1970-Present.
    """
    level = level_of(table)
    ids = pd.Series(table.index, dtype=object)
    for change in county_changes():
        here = (ids.str[:5] == change.old).to_numpy()
        if not here.any():
            continue
        if len(change.new) == 1:
            ids[here] = change.new[0] + ids[here].str[5:]
        elif level in _WITH_TRACT:
            tract = ids[here].str[:11].map(change.tracts)
            if tract.isna().any():
                raise InputError(
                    f"tracts of {change.old} that were not in it", rows=ids[here][tract.isna()]
                )
            ids[here] = tract + ids[here].str[11:]
        else:
            raise InputError(
                f"{change.old} was divided ({change.what}): its figures belong to "
                f"{' and '.join(change.new)} together",
                fix="roll its tracts up with equity.roll_up instead",
            )
    return _with_ids(table, ids, "county codes brought up to date")


def same_place(ids: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """Map ids that `known` lacks to the id under which it has the same place, if any."""
    there = set(known)
    pairs: dict[str, str] = {}
    for change in county_changes():
        for code in change.new:
            pairs[code] = change.old
        if len(change.new) == 1:
            pairs[change.old] = change.new[0]
    divided = {old: new for change in county_changes() for old, new in change.tracts.items()}
    divided |= {new: old for old, new in divided.items()}
    found = {}
    for geoid in ids:
        if geoid in there or (geoid[:5] not in pairs and geoid[:11] not in divided):
            continue
        other = divided.get(geoid[:11], pairs.get(geoid[:5], "") + geoid[5:11]) + geoid[11:]
        if other in there:
            found[geoid] = other
    return found


def connecticut(table: Table, codes: pd.Series, *, to: str) -> Table:
    """Move Connecticut's ids between its old counties and the planning regions of 2022.

    Boundaries of tracts and the last six digits did not change, so figures stay as they are;
    rows of other states are untouched. Water tracts, which no table of codes lists, are left
    out if they are empty.

    Parameters
    ----------
    table
        Area table of tracts, block groups or blocks.
    codes
        Series from `equity.sources.census.relationships.read_connecticut_codes`: tract id with
        the old county -> tract id with the planning region.
    to
        ``2020-CT2022`` (planning regions) or ``2020`` (old counties).

    Returns
    -------
    DataFrame or GeoDataFrame
        Stamped with the vintage `to`.

    Raises
    ------
    VintageError
        If the table is of 2010, or does not say its vintage.
    InputError
        If the table holds counties (a county is not a region: roll tracts up), or a tract with
        figures is not in `codes`.
    """
    have = required_vintage(provenance.meta(table).geo_vintage, name="the table")
    if "2010" in (have, to) or to not in ("2020", "2020-CT2022"):
        raise VintageError(
            f"planning regions carry tracts of 2020; the table has areas of {have}",
            fix="move it to 2020 first with equity.crosswalk",
        )
    level = level_of(table)
    ids = pd.Series(table.index, dtype=object)
    mine = ids.str.startswith("09").to_numpy()
    if level not in _WITH_TRACT:
        if mine.any() and have != to and level == "county":
            raise InputError(
                "old counties and planning regions of Connecticut overlap",
                fix="recode a table of tracts, then roll it up with equity.roll_up",
            )
        return _with_ids(table, ids, "", vintage=to)
    if have == to or not mine.any():
        return _with_ids(table, ids, "", vintage=to)
    mapping = codes if to == "2020-CT2022" else pd.Series(codes.index, index=codes.to_numpy())
    moved = ids[mine].str[:11].map(mapping)
    lost = moved.isna()
    if lost.any():
        keep = _refuse_filled(table, ids[mine][lost], level)
        table, ids = table[~ids.isin(keep).to_numpy()], ids[~ids.isin(keep)].reset_index(drop=True)
        mine = ids.str.startswith("09").to_numpy()
        moved = ids[mine].str[:11].map(mapping)
    ids[mine] = moved + ids[mine].str[11:]
    old, new = (len(codes_) for codes_ in connecticut_codes())
    note = said(
        "Connecticut recoded between its {old} counties and {new} planning regions",
        old=str(old),
        new=str(new),
    )
    return _with_ids(table, ids, note, vintage=to)


def _refuse_filled(table: pd.DataFrame, ids: pd.Series, level: str) -> pd.Series:
    """Return ids without a code if they are empty water, else refuse."""
    rows = table.loc[ids]
    numbers = rows.select_dtypes("number")
    empty = (numbers.fillna(0) == 0).all(axis=1).to_numpy(dtype=bool)
    dry = ~(empty & water_rows(rows.index, level))
    if dry.any():
        raise InputError(
            f"{int(dry.sum()):,} areas of Connecticut are not in the table of codes",
            rows=list(rows.index[dry]),
            fix="use the whole table: CTData's 2022tractcrosswalk.csv or the RUCA 2020 tract file",
        )
    return ids


def _with_ids(table: Table, ids: pd.Series, note: str, *, vintage: str | None = None) -> Table:
    result = table.copy()
    result.index = pd.Index(ids.to_numpy(dtype=object), name="geoid")
    refuse_duplicates(result.index, "after recoding, the table")
    known = provenance.meta(table)
    return provenance.stamp(
        result,
        level=known.level,
        geo_vintage=vintage or known.geo_vintage,
        sources=known.sources,
        notes=[*known.notes, note] if note else known.notes,
    )
