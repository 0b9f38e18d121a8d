"""What is already paid for: the FCC's funding map, a state's BEAD results, NTIA's lists.

Tables of locations, of blocks or other areas, or of projects, as an office gives them: the names of
the FCC's funding map and of states' final proposals are known, others are said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from equity.areas.geoid import LEVELS, find_state, normalize
from equity.errors import FormatError, InputError, MissingColumnError
from equity.files.delimited import read_text_table
from equity.language import said
from equity.provenance import file_source, iso_day, stamp
from equity.sources._cells import rows_matching
from equity.sources.area_ids import table_ids
from equity.sources.area_rows import index_by_area, require_columns, row_labels, to_numbers
from equity.sources.care.lists import plain
from equity.sources.vintages import vintage_of

__all__ = ["read_awards", "read_funded", "read_high_cost"]

_KNOWN: Mapping[str, Sequence[str]] = {
    "location_id": ("location_id", "fcc_location_id", "bsl_id", "fabric_location_id"),
    "block_geoid": ("block_geoid", "block_geoid20", "census_block", "block_fips", "geoid20"),
    "funded_n": (
        "funded_n", "locations_planned", "locations_supported", "loc_plan", "loc_sup",
        "funded_locations", "locations", "locations_n",
    ),
    "program": ("program_name", "program", "brandname"),
    "project": ("project_id", "project", "project_name"),
    "provider": ("provider", "provider_name", "applicant", "entity_name"),
    "technology": ("technology", "technology_type"),
    "award_usd": (
        "funding_obligated_usd", "funding_obligated", "fund_ob", "funding_committed",
        "award_usd", "award_amount", "bead_outlay",
    ),
    "planned_n": ("locations_planned", "locations_supported", "loc_plan", "loc_sup", "locations"),
}  # fmt: skip
_LOCATION = r"[1-9][0-9]{9}"
_OUTLIER = 10.0
"""An award per location this many times the median is pointed out."""


def read_funded(
    path: str | Path,
    *,
    as_of: str,
    level: str = "location",
    state: str | None = None,
    columns: Mapping[str, str] | None = None,
    where: Mapping[str, object] | None = None,
    agency: str = "Federal Communications Commission",
    product: str = "Broadband Funding Map, funded locations",
    note: str = "",
) -> pd.DataFrame:
    """Read which locations an enforceable commitment already covers.

    Parameters
    ----------
    path
        CSV or workbook: one row a location (with a header, or a bare list of ten-digit ids, as
        states publish them), a block, or another area with the number of its funded locations.
    as_of
        Date of the list: a day, month or year.
    level
        ``"location"``, or what a row is: ``"block"``, ``"block_group"``, ``"tract"``, ``"county"``.
        Blocks without a number are funded as a whole.
    state
        State to keep, where the list has blocks or areas.
    columns
        Column of the file -> ``location_id``, ``block_geoid``, ``funded_n``, ``program`` or
        ``project``, where its names are others than the publishers'. ``block_geoid`` stands for
        the area's id whatever the level.
    where
        Column of the file -> value or values of the rows that count, for example
        ``{"status": "Awarded"}``.
    agency, product, note
        Who says so, for the source.

    Returns
    -------
    pandas.DataFrame
        By ``location_id``: ``block_geoid`` (missing where the list has none), ``project``,
        ``program``. By area (index ``geoid``): ``funded_n``, the projects of an area added up.

    Raises
    ------
    InputError
        If the level is none of these, `as_of` is no date, or an id or a number cannot be one.
    FormatError
        If the file is the FCC's list of locations that are *not* funded.
    MissingFileError, MissingColumnError, GeoidError
        If it is absent, or lacks the ids or numbers.
    """
    if level != "location" and level not in ("block", "block_group", "tract", "county"):
        raise InputError(
            f"no list of funded {level} areas",
            fix='level is "location", "block", "block_group", "tract" or "county"',
        )
    _refuse_no_date(as_of, path)
    if "unfunded" in Path(path).name.casefold():
        raise FormatError(
            "is the FCC's list of locations without funding",
            file=path,
            fix="download Funded Locations in its place",
        )
    frame = _renamed(_read(path, headless=level == "location"), columns, path)
    frame = rows_matching(frame, dict(where or {}), path)
    source = file_source(
        path, id=f"funded-{Path(path).name.split('.')[0]}", agency=agency, product=product,
        vintage=as_of, note=note,
    )  # fmt: skip
    reader = _locations if level == "location" else _areas
    table, notes = reader(frame, path, level, state)
    if level == "location":
        return stamp(table, sources=[source], notes=notes)
    vintage = vintage_of(table.index.str[:11], year=2020, regions_from=2022, file=path)
    return stamp(table, level=level, geo_vintage=vintage, sources=[source], notes=notes)


def _refuse_no_date(as_of: str, path: str | Path) -> None:
    """Refuse what is no day, month or year."""
    try:
        date.fromisoformat(f"{iso_day(as_of)}-01-01"[:10])
    except ValueError:
        raise InputError(
            f"as_of is {str(as_of)!r}, no date", file=path, fix='for example as_of="2026-01-31"'
        ) from None


def _read(path: str | Path, *, headless: bool) -> pd.DataFrame:
    frame = read_text_table(path, header=lambda names: len(names) > 1)
    if headless and len(frame.columns) == 1 and re.fullmatch(_LOCATION, str(frame.columns[0])):
        first = pd.DataFrame({"location_id": [frame.columns[0]]}, index=[1])
        rest = frame.set_axis(["location_id"], axis=1)
        return pd.concat([first, rest]).rename_axis("line")
    return frame


def _renamed(
    frame: pd.DataFrame, columns: Mapping[str, str] | None, path: str | Path
) -> pd.DataFrame:
    """Return the columns under this package's names: those said, else the publishers' own."""
    said = dict(columns or {})
    require_columns(frame, said, path)
    if wrong := sorted(set(said.values()) - set(_KNOWN)):
        raise InputError(
            f"a column cannot be mapped to {wrong[0]!r}",
            file=path,
            fix=f"names are {', '.join(_KNOWN)}",
        )
    there = {plain(str(name)): str(name) for name in frame.columns}
    found = {new: old for old, new in said.items()}
    for new, names in _KNOWN.items():
        if new not in found:
            old = next((there[plain(n)] for n in names if plain(n) in there), None)
            if old is not None and old not in said:
                found[new] = old
    made = {new: frame[old].str.strip() for new, old in found.items()}
    return frame.assign(**made)


def _locations(
    frame: pd.DataFrame, path: str | Path, _level: str, state: str | None
) -> tuple[pd.DataFrame, list[str]]:
    _need(frame, ["location_id"], path)
    ids = frame["location_id"].str.removesuffix(".0")
    odd = ~ids.str.fullmatch(_LOCATION)
    if odd.any():
        raise InputError(
            f"{ids[odd].iloc[0]!r} is no location of the FCC, which has ten digits",
            file=path,
            rows=row_labels(frame.index, odd),
            fix="write ids as text; a spreadsheet rounds them",
        )
    blocks = _texts(frame, "block_geoid")
    known = blocks != ""
    if known.any():
        blocks[known] = normalize(blocks[known], level="block", file=path)
    table = pd.DataFrame(
        {
            "block_geoid": blocks.where(known, None).astype(object).to_numpy(),
            "project": _texts(frame, "project").to_numpy(),
            "program": _texts(frame, "program").to_numpy(),
        },
        index=pd.Index(ids.to_numpy(), name="location_id", dtype=object),
    )
    notes = []
    if state is not None and known.any():
        other = known.to_numpy() & (blocks.str[:2] != find_state(state).fips).to_numpy()
        table = table[~other]
        if other.any():
            notes.append(
                said(
                    "{file}: {n} locations of other states left out",
                    file=Path(path).name,
                    n=f"{int(other.sum()):,}",
                )
            )
    twice = table.index.duplicated()
    if twice.any():
        notes.append(
            said(
                "{file}: {n} locations stand again, counted once",
                file=Path(path).name,
                n=f"{int(twice.sum()):,}",
            )
        )
    return table[~twice], notes


def _areas(
    frame: pd.DataFrame, path: str | Path, level: str, state: str | None
) -> tuple[pd.DataFrame, list[str]]:
    if "block_geoid" in frame:
        ids = frame["block_geoid"]
    else:
        frame, ids = table_ids(frame, path, level=level)
    geoids = normalize(ids, level=level, file=path)
    if "funded_n" in frame:
        numbers = to_numbers(frame, {"funded_n": "funded_n"}, path)["funded_n"]
        if (wrong := (numbers < 0) | numbers.isna() | (numbers % 1 != 0)).any():
            raise InputError(
                "a number of funded locations is missing or negative, or no whole number",
                file=path,
                rows=row_labels(frame.index, wrong),
                fix="give 0 where none is funded, or leave the row out",
            )
    elif level == "block":
        numbers = pd.Series(np.nan, index=frame.index)  # the whole block
    else:
        _need(frame, ["funded_n"], path)
    keep = np.ones(len(geoids), dtype=bool)
    if state is not None:
        keep = (geoids.str[:2] == find_state(state).fips).to_numpy()
    notes = []
    if not keep.all():
        notes.append(
            said(
                "{file}: {n} rows of other states left out",
                file=Path(path).name,
                n=f"{int((~keep).sum()):,}",
            )
        )
    kept = geoids[keep]
    if kept.duplicated().any():
        notes.append(
            said(
                "{file}: {n} rows of an area that stands already added to it",
                file=Path(path).name,
                n=f"{int(kept.duplicated().sum()):,}",
            )
        )
    total = numbers[keep].groupby(kept).sum(min_count=1).rename_axis("geoid")
    return pd.DataFrame({"funded_n": total}), notes


def _need(frame: pd.DataFrame, names: Sequence[str], path: str | Path) -> None:
    lacking = [name for name in names if name not in frame]
    if lacking:
        raise MissingColumnError(
            f"no column is known to be {lacking[0]}",
            file=path,
            fix=f'say which: columns = {{ "their name" = "{lacking[0]}" }}',
        )


def _texts(frame: pd.DataFrame, name: str) -> pd.Series:
    return frame[name] if name in frame else pd.Series("", index=frame.index, dtype=object)


def read_awards(
    path: str | Path,
    *,
    as_of: str,
    columns: Mapping[str, str] | None = None,
    where: Mapping[str, object] | None = None,
    agency: str = "Federal Communications Commission",
    product: str = "Broadband Funding Map, projects",
) -> pd.DataFrame:
    """Read award lines: one row a project, with dollars and locations planned.

    Parameters
    ----------
    path
        CSV or workbook.
    as_of
        Date of the list: a day, month or year.
    columns
        Column of the file -> ``project``, ``program``, ``provider``, ``technology``, ``award_usd``
        or ``planned_n``, where its names are others than the publishers'.
    where
        Column of the file -> value or values of the rows that count.
    agency, product
        Who says so, for the source.

    Returns
    -------
    pandas.DataFrame
        Index ``project``: ``program``, ``provider``, ``technology``, ``award_usd``, ``planned_n``,
        ``usd_per_location`` (missing where either is 0 or unknown). Notes count awards of nothing,
        and those that cost over ten times the median per location, which are kept.

    Raises
    ------
    MissingColumnError
        If no column is known to hold projects, dollars or locations.
    InputError
        If a project stands twice, a number is negative, or `as_of` is no date.

    Notes
    -----
    A sum over projects divides sums: dollars of all by locations of all, not the mean of ratios.
    """
    _refuse_no_date(as_of, path)
    frame = rows_matching(_renamed(read_text_table(path), columns, path), dict(where or {}), path)
    _need(frame, ["project", "award_usd", "planned_n"], path)
    dollars = frame["award_usd"].str.replace("$", "", regex=False)
    numbers = to_numbers(
        frame.assign(award_usd=dollars), {"award_usd": "award_usd", "planned_n": "planned_n"}, path
    )
    odd = (numbers < 0).any(axis=1)
    if odd.any():
        raise InputError(
            "dollars or locations below 0", file=path, rows=row_labels(frame.index, odd)
        )
    twice = frame["project"].duplicated(keep=False)
    if twice.any():
        raise InputError(
            f"{frame['project'][twice].nunique():,} projects stand more than once",
            file=path,
            rows=row_labels(frame.index, twice),
            fix="keep one row a project, or map the column that tells them apart to project",
        )
    ratio = numbers["award_usd"] / numbers["planned_n"].where(numbers["planned_n"] > 0)
    table = pd.DataFrame(
        {
            **{name: _texts(frame, name) for name in ("program", "provider", "technology")},
            **numbers,
            "usd_per_location": ratio.where(ratio > 0),
        }
    ).set_axis(pd.Index(frame["project"], name="project", dtype=object), axis=0)
    source = file_source(
        path, id=f"awards-{Path(path).name.split('.')[0]}", agency=agency, product=product,
        vintage=as_of,
    )  # fmt: skip
    return stamp(table, sources=[source], notes=_unusual(table, Path(path).name))


def _unusual(table: pd.DataFrame, file: str) -> list[str]:
    notes = []
    nothing = table.index[table["award_usd"] == 0]
    if len(nothing):
        notes.append(
            said(
                "{file}: {n} awards of no dollars ({names})",
                file=file,
                n=f"{len(nothing):,}",
                names=_some(nothing),
            )
        )
    each = table["usd_per_location"]
    high = table.index[each > _OUTLIER * each.median()]
    if len(high):
        notes.append(
            said(
                "{file}: {n} awards above {times} times the median per location, up to ${usd} "
                "({names})",
                file=file,
                n=f"{len(high):,}",
                times=f"{_OUTLIER:g}",
                usd=f"{each.max():,.0f}",
                names=_some(high),
            )
        )
    return notes


def _some(names: Any) -> str:
    return ", ".join(map(str, names[:3])) + (" …" if len(names) > 3 else "")


def read_high_cost(
    path: str | Path, *, as_of: str, level: str = "block_group", state: str | None = None
) -> pd.DataFrame:
    """Read NTIA's list of high-cost block groups, as it designated them.

    Parameters
    ----------
    path
        NTIA's CSV: state, block group, ``High Cost``.
    as_of
        Date of the list.
    level
        ``"block_group"``, or a larger area to count them in: ``"tract"``, ``"county"``.
    state
        State to keep; one that the list does not name has none.

    Returns
    -------
    pandas.DataFrame
        Index ``geoid``, only areas that the list names; ``high_cost_block_groups_n``.

    Raises
    ------
    InputError
        If the level is none of these, `as_of` is no date, a row says something else, or a block
        group stands twice.
    MissingFileError, MissingColumnError, GeoidError
        If the file is absent or another one.
    """
    _refuse_no_date(as_of, path)
    if level not in ("block_group", "tract", "county"):
        raise InputError(
            f"block groups are not counted by {level}",
            fix='level is "block_group", "tract" or "county"',
        )
    frame, name = read_text_table(path), "High Cost Block Group"
    require_columns(frame, ["Census Block Group", name], path)
    said = frame[name].str.strip().str.casefold()
    odd = said != "high cost"
    if odd.any():
        raise InputError(
            f"{name} holds {frame[name][odd].iloc[0]!r}",
            file=path,
            rows=row_labels(frame.index, odd),
            fix="give the list of high-cost block groups alone",
        )
    ones = pd.DataFrame({"high_cost_block_groups_n": 1.0}, index=frame.index)
    ids = frame["Census Block Group"]
    table, _ = index_by_area(ones, ids, path, level="block_group", state=None, multi_state=True)
    if state is not None:
        table = table[table.index.str[:2] == find_state(state).fips]
    if level != "block_group":
        table = table.groupby(table.index.str[: LEVELS[level]]).sum().rename_axis("geoid")
    source = file_source(
        path,
        id="high-cost",
        agency="National Telecommunications and Information Administration",
        product="BEAD high-cost block groups",
        vintage=as_of,
        licence="public domain",
        note="as designated by NTIA",
    )
    return stamp(table, level=level, geo_vintage="2020", sources=[source])
