"""American Community Survey tables, in the three forms in which they travel.

Whatever the form, the result has one row per area and one float column per estimate and margin,
named by the Census Bureau's own codes (``B28002_004E``, ``B28002_004M``), annotation values
decoded. Margins are the published 90 % margins.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from equity.areas.annotations import decode
from equity.areas.geoid import find_state, geo_vintage_for
from equity.errors import FormatError, InputError, MissingColumnError
from equity.provenance import Source, sha256_of, stamp
from equity.sources._files import (
    existing,
    index_by_area,
    pick_id,
    read_bytes,
    read_text_table,
    require_columns,
    sequence_of,
)

__all__ = ["read_acs"]

# B28002_001E, B28009A_001M, S1701_C01_040E, DP04_0058PE
_CODE = re.compile(r"^[A-Z]{1,2}\d{2,5}[A-Z]{0,3}(_C\d{2})?_\d{3,4}P?[EM]$")
# The table-based Summary File writes B28002_E001 where the API writes B28002_001E.
_SUMMARY_FILE_CODE = re.compile(r"^([A-Z]\d{5}[A-Z]{0,3})_([EM])(\d{3})$")
_PARTS = {"state": 2, "county": 3, "tract": 6, "block group": 1}
_GEO_PREFIX = {"tract": "1400000US", "county": "0500000US", "block_group": "1500000US"}


def read_acs(
    paths: str | Path | Sequence[str | Path],
    *,
    year: int,
    level: str = "tract",
    state: str | None = None,
    multi_state: bool = False,
    columns: Mapping[str, str] | None = None,
    id_column: str | None = None,
    synthetic: bool = False,
) -> pd.DataFrame:
    """Read ACS 5-year estimates and margins.

    Parameters
    ----------
    paths
        One or several files of the same areas, whose columns are put side by side: answers of
        the Census Data API (``.json``), the table-based Summary File (``.dat``; a folder takes
        every ``.dat`` in it), or wide CSV with columns such as ``B28002_001E``.
    year
        Last year of the 5-year period, for example 2023 for 2019-2023.
    level
        Level of the areas to keep.
    state
        State (FIPS, postal code or name) to keep.
    multi_state
        The CSV or JSON covers several states. The Summary File always does.
    columns
        For CSV files that renamed them: column of the file -> Census code, for example
        ``{"hh_total": "B28002_001E"}``.
    id_column
        Column that holds the area id, where it is not a known name.
    synthetic
        Mark the source as generated data.

    Returns
    -------
    pandas.DataFrame
        Index ``geoid``; column ``name`` where the file has one; then estimates and margins as
        floats. A controlled estimate has margin 0; other annotation values are missing. Columns
        whose margin marks an open interval (the estimate is a bound) have a ``<code>_status``.

    Raises
    ------
    MissingFileError, FormatError, MissingColumnError, GeoidError, InputError
        If the file is absent, damaged or cut, lacks a column or an id, repeats an area, or holds
        a negative number or an unknown annotation value.

    References
    ----------
    U.S. Census Bureau. American Community Survey: notes on ACS estimate and annotation values.
    """
    fips = None if state is None else find_state(state).fips
    wanted = _Wanted(level, fips, multi_state, columns, id_column)
    tables, sources, notes = [], [], []
    for path in _expand(paths):
        table, dropped = _read_one(path, wanted)
        tables.append((path, table))
        notes += dropped
        sources.append(_source(Path(path), year, synthetic=synthetic))
    joined = _side_by_side(tables)
    return stamp(
        joined,
        level=level,
        geo_vintage=geo_vintage_for("acs", year),
        sources=sources,
        notes=notes,
    )


def _expand(paths: str | Path | Sequence[str | Path]) -> list[str | Path]:
    files: list[str | Path] = []
    for path in sequence_of(paths):
        if existing(path).is_dir():
            inside = sorted(Path(path).glob("*.dat"))
            if not inside:
                raise FormatError("the folder holds no .dat file of the Summary File", file=path)
            files += inside
        else:
            files.append(path)
    if not files:
        raise InputError("no file was named", fix="give at least one path")
    return files


@dataclass(frozen=True)
class _Wanted:
    level: str
    state: str | None
    multi_state: bool
    columns: Mapping[str, str] | None
    id_column: str | None


def _read_one(path: str | Path, wanted: _Wanted) -> tuple[pd.DataFrame, list[str]]:
    suffix = Path(path).suffix.lower()
    if suffix == ".json":
        frame = _api_answer(path)
        ids = _api_ids(frame, path, wanted.level)
    elif suffix == ".dat":
        frame = _summary_file(path, wanted.level, wanted.state)
        ids = frame["GEO_ID"]
    else:
        frame = read_text_table(path)
        ids = frame[pick_id(frame, path, wanted.id_column)]
    if wanted.columns:
        require_columns(frame, wanted.columns, path)
        frame = frame.rename(columns=dict(wanted.columns))
    codes = [name for name in frame.columns if _CODE.match(name)]
    if not codes:
        raise MissingColumnError(
            "no ACS column such as B28002_001E",
            file=path,
            fix='name them with columns={"column of the file": "B28002_001E"}',
        )
    numbers = _decoded(frame[codes], str(path))
    if "NAME" in frame.columns:
        numbers.insert(0, "name", frame["NAME"].str.strip())
    return index_by_area(
        numbers,
        ids,
        path,
        level=wanted.level,
        state=wanted.state,
        multi_state=wanted.multi_state,
    )


def _api_answer(path: str | Path) -> pd.DataFrame:
    try:
        rows = json.loads(read_bytes(path, suffix=".json"))
    except ValueError:
        raise FormatError(
            "not valid JSON: the answer was cut off or is no answer of the Census API",
            file=path,
            fix="download it again",
        ) from None
    good = isinstance(rows, list) and rows and all(isinstance(row, list) for row in rows)
    if not good or len({len(row) for row in rows}) != 1:
        raise FormatError("not a Census API answer: an array of equally long arrays", file=path)
    cells = [["" if cell is None else str(cell) for cell in row] for row in rows[1:]]
    header = [str(name) for name in rows[0]]
    if len(set(header)) != len(header):
        # The API repeats a geography column that was also asked for by name.
        keep = [i for i, name in enumerate(header) if name not in header[:i]]
        header = [header[i] for i in keep]
        cells = [[row[i] for i in keep] for row in cells]
    return pd.DataFrame(cells, columns=header, dtype=str)


def _api_ids(frame: pd.DataFrame, path: str | Path, level: str) -> pd.Series:
    if "GEO_ID" in frame.columns:
        return frame["GEO_ID"]
    wanted = {"county": ["state", "county"], "block_group": list(_PARTS)}.get(
        level, ["state", "county", "tract"]
    )
    require_columns(frame, wanted, path)
    ids = frame[wanted[0]].str.zfill(_PARTS[wanted[0]])
    for part in wanted[1:]:
        ids = ids + frame[part].str.zfill(_PARTS[part])
    return ids


def _summary_file(path: str | Path, level: str, state: str | None) -> pd.DataFrame:
    frame = read_text_table(path, delimiter="|")
    require_columns(frame, ["GEO_ID"], path)
    if level not in _GEO_PREFIX:
        raise InputError(f"the Summary File is not read at level {level!r}", file=path)
    prefix = _GEO_PREFIX[level] + (state or "")
    frame = frame[frame["GEO_ID"].str.startswith(prefix)]
    return frame.rename(columns=lambda name: _SUMMARY_FILE_CODE.sub(r"\1_\3\2", name))


def _decoded(text: pd.DataFrame, file: str) -> pd.DataFrame:
    columns: dict[str, Any] = {}
    for code in text.columns:
        numbers, status = decode(
            text[code], kind="moe" if code.endswith("M") else "estimate", file=file
        )
        negative = numbers < 0
        if negative.any():
            raise InputError(
                f"column {code} holds negative numbers ({numbers[negative].iloc[0]:g})",
                file=file,
                rows=[f"data row {row + 1}" for row in text.index[negative]],
                fix="only the Census Bureau's annotation values may be negative",
            )
        columns[code] = numbers
        if (status == "open_interval").any():
            columns[f"{code[:-1]}E_status"] = status.where(status == "open_interval", "ok")
    return pd.DataFrame(columns, index=text.index)


def _side_by_side(tables: list[tuple[str | Path, pd.DataFrame]]) -> pd.DataFrame:
    path, joined = tables[0]
    for other_path, other in tables[1:]:
        odd = joined.index.symmetric_difference(other.index)
        if len(odd):
            raise InputError(
                f"its areas are not those of {Path(path).name}",
                file=other_path,
                rows=odd,
                fix="download both for the same state, level and year",
            )
        fresh = [name for name in other.columns if name not in joined.columns]
        joined = joined.join(other[fresh])
    return joined


def _source(path: Path, year: int, *, synthetic: bool) -> Source:
    return Source(
        id=f"acs5-{year}-{path.name.split('.')[0]}",
        agency="Example generator" if synthetic else "U.S. Census Bureau",
        product="American Community Survey 5-year estimates",
        vintage=f"{year - 4}-{year}",
        url="" if synthetic else f"https://api.census.gov/data/{year}/acs/acs5",
        file=path.name,
        sha256=sha256_of(path),
        licence="" if synthetic else "public domain",
        synthetic=synthetic,
    )
