"""``[area.districts]``: the district of each county or tract, without holes or overlaps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from equity.areas.geoid import find_state, normalize
from equity.areas.words import number, plural
from equity.errors import InputError, MissingColumnError
from equity.files.delimited import read_text_table
from equity.language import said
from equity.provenance import Source, file_source
from equity.sources.area_ids import known_id
from equity.sources.area_rows import require_columns
from equity.study.naming import counties_called
from equity.study.parts import DistrictsPart

__all__ = ["districts_of"]

_NAMED = ("county", "county_name", "locality", "name", "jurisdiction")


def districts_of(
    part: DistrictsPart, path: Path, areas: pd.DataFrame, counties: Mapping[str, str]
) -> tuple[pd.Series, Source]:
    """Return the district of every area of a study, and the table's source.

    Parameters
    ----------
    part
        What the study says of the table.
    path
        CSV, one row a county (code or name) or tract.
    areas
        Area table of the study.
    counties
        Its counties: code -> name.

    Returns
    -------
    districts : Series
        Index the study's areas; missing in those without a district, which only a study of some
        districts may leave.
    source : Source

    Raises
    ------
    InputError
        If a county or tract stands in two districts or in none, if one of the districts that the
        study is about has an area that the study has not, or if no row is of its states.
    """
    frame = read_text_table(path, delimiter=part.delimiter)
    column = part.id_column or _id_column(frame, path)
    district = part.district or _district_column([n for n in map(str, frame) if n != column], path)
    require_columns(frame, [district, column], path)
    frame = frame[frame[district].fillna("").str.strip() != ""]
    if frame.empty:
        raise InputError(
            "no row names a district", file=path, fix="check that it is the right file"
        )
    ids = _ids(frame[column].fillna("").str.strip(), path, counties, areas)
    given = pd.DataFrame({"id": ids.to_numpy(), "district": frame[district].str.strip()})
    mine = given["id"].str[:2].isin(areas.index.str[:2].unique())
    if not mine.any():
        raise InputError(
            f"none of its {plural(len(given), 'row')} lies in a state of the study",
            file=path,
            fix="name the table of this state's counties or tracts",
        )
    others, given = int((~mine).sum()), given[mine].drop_duplicates()
    twice = given[given["id"].duplicated(keep=False)]
    if len(twice):
        both = twice.groupby("id")["district"].agg(" and ".join)
        raise InputError(
            f"{len(both):,} areas belong to two districts: {both.index[0]} to {both.iloc[0]}",
            file=path,
            rows=list(both.index),
            fix="keep one row for each",
        )
    by_id = given.set_index("id")["district"]
    placed = pd.Series(areas.index.str[: len(by_id.index[0])], index=areas.index)
    found = placed.map(by_id)
    _refuse_holes(found, part, path, areas)
    strange = by_id[~by_id.index.isin(placed)]
    _refuse_lost(strange, part, path)
    source = file_source(
        path,
        id=f"districts-{path.stem}",
        agency="The study's own",
        product="Table of districts",
        vintage="as given",
        note=_left_out(path, others, len(strange)),
    )
    return found, source


def _left_out(path: Path, others: int, strange: int) -> str:
    """Say how many rows had no part in it."""
    name, notes = path.name, []
    if others:
        notes.append(said("{file}: {n} rows of other states left out", file=name, n=number(others)))
    if strange:
        notes.append(
            said(
                "{file}: {n} rows of areas that the study does not have left out",
                file=name,
                n=number(strange),
            )
        )
    return "; ".join(notes)


def _id_column(frame: pd.DataFrame, path: Path) -> str:
    if known := known_id(frame):
        return known
    named = {name.casefold(): name for name in frame.columns}
    for name in _NAMED:
        if name in named:
            return named[name]
    raise MissingColumnError(
        f"no column of counties or areas among {', '.join(map(repr, frame.columns[:8]))}",
        file=path,
        fix="name it county, or GEOID",
    )


def _district_column(names: list[str], path: Path) -> str:
    """Return the column of districts by its name, or as the only one beside the ids."""
    called = [n for n in names if {"district", "region"} & {*re.findall("[a-z]+", n.casefold())}]
    if len(called or names) == 1:
        return (called or names)[0]
    raise MissingColumnError(
        f"which column names the districts? {', '.join(map(repr, (called or names)[:8]))}",
        file=path,
        fix='say so in the study: district = "…" under [area.districts]',
    )


def _ids(
    values: pd.Series, path: Path, counties: Mapping[str, str], areas: pd.DataFrame
) -> pd.Series:
    """Return county codes or area ids, of codes in any spelling or of names."""
    if not values.str.contains(r"\d{4}", regex=True).all():
        return pd.Series([_by_name(name, counties) for name in values], dtype=object)
    level = "county" if values.str.extract(r"(\d+)\D*$")[0].str.len().max() <= 5 else "tract"
    if level == "tract" and len(areas.index[0]) < 11:
        raise InputError(
            "places tracts, and the study has larger areas", file=path, fix="place its counties"
        )
    return normalize(values, level=level, file=path)


def _by_name(name: str, counties: Mapping[str, str]) -> str:
    """Return a county's code; of one that is said to lie in another state, that state's."""
    state = name.partition(",")[2].strip()
    fips = find_state(state).fips if state else ""
    elsewhere = fips and not any(code.startswith(fips) for code in counties)
    return fips if elsewhere else counties_called([name], counties)[0]


def _refuse_lost(strange: pd.Series, part: DistrictsPart, path: Path) -> None:
    """Refuse a district of the study that would be told without some of its areas."""
    wanted = {name.casefold() for name in part.only}
    lost = strange[strange.str.casefold().isin(wanted)]
    if len(lost):
        raise InputError(
            f"{plural(len(lost), 'area')} of {lost.iloc[0]} "
            f"{'is' if len(lost) == 1 else 'are'} not among those of the study",
            file=path,
            rows=list(lost.index),
            fix="check their ids and their vintage, or take their rows out",
        )


def _refuse_holes(found: pd.Series, part: DistrictsPart, path: Path, areas: pd.DataFrame) -> None:
    # Water belongs to nobody.
    hole = found.isna() & (areas["area_status"] != "water")
    if part.only or not hole.any():
        return
    counties = sorted(set(found.index[hole].str[:5]))
    raise InputError(
        f"{int(hole.sum()):,} areas, in {len(counties):,} counties, belong to no district",
        file=path,
        rows=counties,
        fix='add their rows, or name the districts that the study is about: only = ["..."]',
    )
