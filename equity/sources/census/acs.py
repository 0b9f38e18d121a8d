"""American Community Survey tables, in the three forms in which they travel.

Whatever the form, the result has one row per area and one float column per estimate and margin,
named by the Census Bureau's own codes (``B28002_004E``, ``B28002_004M``), annotation values
decoded. Margins are the published 90 % margins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from equity.areas.annotations import decode, open_ends
from equity.areas.geoid import find_state, geo_vintage_for
from equity.areas.schema import status_of_word
from equity.errors import FormatError, InputError, MissingColumnError
from equity.files.delimited import BLANK
from equity.files.opening import existing, sequence_of
from equity.language import ENGLISH, language, said, together
from equity.provenance import Source, file_source, stamp
from equity.sources.area_rows import (
    index_by_area,
    refuse_either,
    refuse_rounded,
    require_columns,
    row_labels,
    without_thousands,
)
from equity.sources.census._acs_forms import CODE, read_form
from equity.sources.vintages import ids_of_edition

__all__ = ["RESIDENTS", "read_acs"]

RESIDENTS = ("B01003_001", "B01001_001", "S0601_C01_001")
"""Estimates that are all residents of an area: one figure, in three tables."""

# Signs in place of numbers in tables from data.census.gov, as the codes the API sends.
_ESTIMATE_SIGNS = {
    "-": "-666666666",
    "**": "-666666666",
    "N": "-999999999",
    "(X)": "-888888888",
}
_MARGIN_SIGNS = {
    "**": "-222222222",
    "***": "-333333333",
    "*****": "-555555555",
    "-": "-666666666",
    "N": "-999999999",
    "(X)": "-888888888",
}


def read_acs(
    paths: str | Path | Sequence[str | Path],
    *,
    year: int,
    level: str = "tract",
    state: str | None = None,
    multi_state: bool = False,
    columns: Mapping[str, str] | None = None,
    id_column: str | Sequence[str] | None = None,
    synthetic: bool = False,
) -> pd.DataFrame:
    """Read ACS 5-year estimates and margins.

    Parameters
    ----------
    paths
        One or several files of the same areas, whose columns are put side by side: answers of
        the Census Data API (JSON), the table-based Summary File (a folder takes every ``.dat``
        in it), or CSV and workbooks with columns such as ``B28002_001E``: as data.census.gov,
        FactFinder, Census Reporter and NHGIS (with its codebook) write them, and the long form of
        tidycensus. The form is told by the content; .zip, .gz and .xz are unpacked.
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
        Column that holds the area id, where it is not a known name; or the columns of state,
        county, tract and block group that make it.
    synthetic
        Mark the source as generated data.

    Returns
    -------
    pandas.DataFrame
        Index ``geoid``; column ``name`` where the file has one; then estimates and margins as
        floats. A controlled estimate has margin 0; other annotation values are missing. Columns
        with codes have a ``<code>_status`` that says why there is no estimate, or that it is only
        a bound (``open_interval``: 250,001 is "250,000 or more"); a note counts them.

    Raises
    ------
    MissingFileError, FormatError, MissingColumnError, GeoidError, InputError
        If the file is absent, damaged or cut, lacks a column or an id, repeats an area, or holds
        a negative number or an unknown annotation value.
    VintageError
        If a file is of another year or of another period than five years: its name, what it says
        of itself, or its ids tell.

    References
    ----------
    U.S. Census Bureau. American Community Survey: notes on ACS estimate and annotation values.

    Examples
    --------
    >>> from equity import load_example
    >>> example = load_example()
    >>> acs = read_acs(example.acs, year=example.year, state="90")
    >>> len(acs), acs.index.name, float(acs["B28002_001E"].sum()) > 100_000
    (180, 'geoid', True)
    """
    vintage = geo_vintage_for("acs", year)
    fips = None if state is None else find_state(state).fips
    _check_mapping(columns)
    wanted = _Wanted(year, level, fips, multi_state, columns, id_column)
    tables, sources, notes = [], [], []
    files = _expand(paths)
    for path in files:
        table, dropped = _read_one(path, wanted, alone=len(files) == 1)
        tables.append((path, table))
        notes += dropped
        sources.append(_source(Path(path), year, synthetic=synthetic))
    joined = _side_by_side(tables)
    ids_of_edition(joined.index, files[0], level=level, year=year, geo_vintage=vintage)
    lacking = [name for name, code in (columns or {}).items() if code not in joined.columns]
    if lacking:
        raise MissingColumnError(
            f"none of the {len(files)} files has a column {lacking[0]}",
            file=files[0],
            fix="check the names in columns=",
        )
    return stamp(
        joined,
        level=level,
        geo_vintage=vintage,
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
    year: int
    level: str
    state: str | None
    multi_state: bool
    columns: Mapping[str, str] | None
    id_column: str | Sequence[str] | None


def _read_one(path: str | Path, wanted: _Wanted, *, alone: bool) -> tuple[pd.DataFrame, list[str]]:
    columns = wanted.columns or {}
    form = read_form(
        path,
        year=wanted.year,
        level=wanted.level,
        state=wanted.state,
        id_column=wanted.id_column,
        renamed=columns,
        geo_vintage=geo_vintage_for("acs", wanted.year),
    )
    frame = form.frame
    if not alone:  # each file holds some of them
        columns = {name: code for name, code in columns.items() if name in frame.columns}
    frame = _renamed(frame, columns, path)
    codes = [name for name in frame.columns if CODE.match(name)]
    if not codes:
        raise MissingColumnError(
            "no ACS column such as B28002_001E",
            file=path,
            fix='name them with columns={"column of the file": "B28002_001E"}',
        )
    numbers = _decoded(frame[codes], str(path), wanted.year)
    name = next((n for n in ("NAME", "name", "GEO.display-label") if n in frame.columns), None)
    if name is not None:
        numbers.insert(0, "name", frame[name].str.strip())
    table, notes = index_by_area(
        numbers,
        form.ids,
        path,
        level=wanted.level,
        state=wanted.state,
        multi_state=wanted.multi_state,
    )
    # What other levels and states are coded with is no matter here.
    plain = [name for name in table.filter(like="_status") if (table[name] == "ok").all()]
    table = table.drop(columns=plain)
    return table, [*form.notes, *notes, *_reasons(table, Path(path).name)]


@language(ENGLISH)  # like every record of what was read
def _reasons(table: pd.DataFrame, file: str) -> list[str]:
    """Say which estimates are codes or bounds, and why."""
    told = []
    statuses = table.filter(like="_status")
    for word in sorted({*statuses.to_numpy().ravel()} - {"ok", "missing"}):
        here = statuses == word
        names = [name.removesuffix("_status") for name in statuses.columns[here.any()]]
        listed = together(names[:5], ", ")
        if len(names) > 5:
            listed = said("{names} and {n} more", names=listed, n=f"{len(names) - 5}")
        told.append(
            said(
                "{file}: {n} estimates of {columns} are no plain numbers: {why}",
                file=file,
                n=f"{int(here.to_numpy().sum()):,}",
                columns=listed,
                why=said(status_of_word(word).words),
            )
        )
    return told


def _one_figure(code: str) -> set[str]:
    """Return the codes that stand for the same figure as one, itself included."""
    return {code, *(one + code[-1] for one in RESIDENTS if code[:-1] in RESIDENTS)}


def _check_mapping(columns: Mapping[str, str] | None) -> None:
    targets = list((columns or {}).values())
    wrong = [code for code in targets if not CODE.match(code)]
    if wrong:
        raise InputError(
            f"{wrong[0]!r} is no ACS code of an estimate or a margin",
            fix='columns={"column of the file": "B28002_001E"}, with E or M at the end',
        )
    twice = [code for code in targets if targets.count(code) > 1]
    if twice:
        raise InputError(f"two columns are mapped to {twice[0]}", fix="keep one in columns=")
    for name, code in (columns or {}).items():
        if CODE.match(name.upper()) and name.upper() not in _one_figure(code):
            raise InputError(
                f"the column {name} is mapped to {code}, which is another figure",
                fix=f"leave {name} out of columns=: its name says which it is",
            )


def _renamed(frame: pd.DataFrame, columns: Mapping[str, str], path: str | Path) -> pd.DataFrame:
    require_columns(frame, columns, path)
    clash = sorted(set(columns.values()) & set(frame.columns) - set(columns))
    if clash:
        raise InputError(
            f"the file has a column {clash[0]} already",
            file=path,
            fix=f"leave {clash[0]} out of columns=",
        )
    return frame.rename(columns=dict(columns))


def _decoded(text: pd.DataFrame, file: str, year: int) -> pd.DataFrame:
    columns: dict[str, Any] = {}
    statuses: dict[str, Any] = {}
    for code in text.columns:
        margin = code.endswith("M")
        cells, bounded = _plain(text[code], file, margin=margin)
        numbers, status = decode(cells, kind="moe" if margin else "estimate", file=file)
        negative = numbers < 0
        if negative.any():
            raise InputError(
                f"column {code} holds negative numbers ({numbers[negative].iloc[0]:g})",
                file=file,
                rows=row_labels(text.index, negative),
                fix="only the Census Bureau's annotation values may be negative",
            )
        if not margin:
            numbers, beyond = open_ends(code, numbers, year=year)
            bounded |= beyond
        columns[code] = numbers
        status = status.mask(bounded, "open_interval")
        # A margin says of its estimate that it is a bound; why there is none is its own affair.
        told = status == "open_interval" if margin else ~status.isin(["ok", "missing"])
        if told.any():
            name = f"{code[:-1]}E_status"
            marked = statuses.get(name, pd.Series("ok", index=text.index, dtype=object))
            statuses[name] = marked.mask(told & ((marked == "ok") | (not margin)), status)
    return pd.DataFrame(columns | statuses, index=text.index)


def _plain(cells: pd.Series, file: str, *, margin: bool) -> tuple[pd.Series, pd.Series]:
    """Turn the signs that data.census.gov prints into codes; say which medians are bounds."""
    refuse_rounded(cells, file)
    numbers = pd.to_numeric(cells, errors="coerce").astype(float)
    if (np.isfinite(numbers) | (cells == "")).all():  # nearly always
        return numbers, pd.Series(data=False, index=cells.index)
    cells = cells.str.strip()
    cells = cells.mask(cells.isin(BLANK), "")
    cells = cells.replace(_MARGIN_SIGNS if margin else _ESTIMATE_SIGNS)
    if margin:
        cells = cells.str.replace(r"^(±|\+/-) ?", "", regex=True)
    cells = cells.str.removesuffix("%")
    refuse_either(cells, file)
    cells = without_thousands(cells)
    bound = cells.str.fullmatch(r"[\d,]+(\.\d+)?[+-]") & (not margin)
    return cells.mask(bound, cells.str.replace(r"[,+-]", "", regex=True)), bound


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
        for name in other.columns.difference([*fresh, "name"]):
            theirs = other[name].reindex(joined.index)
            differs = ~((joined[name] == theirs) | (joined[name].isna() & theirs.isna()))
            if differs.any():
                raise InputError(
                    f"column {name} differs from that of {Path(path).name}",
                    file=other_path,
                    rows=joined.index[differs],
                    fix="download both for the same year and product",
                )
        joined = joined.join(other[fresh])
    return joined


def _source(path: Path, year: int, *, synthetic: bool) -> Source:
    return file_source(
        path,
        id=f"acs5-{year}-{path.name.split('.')[0]}",
        agency="Example generator" if synthetic else "U.S. Census Bureau",
        product="American Community Survey 5-year estimates",
        vintage=f"{year - 4}-{year}",
        url="" if synthetic else f"https://api.census.gov/data/{year}/acs/acs5",
        licence="" if synthetic else "public domain",
        synthetic=synthetic,
    )
