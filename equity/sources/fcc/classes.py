"""Summary tables of coverage: locations by class, one row per tract or county.

State offices and map services publish such tables where the FCC publishes single locations. They
hold classes, not offers, so a rule that asks for other speeds than the classes' gets a bound.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from equity.errors import InputError, MissingColumnError
from equity.files.delimited import read_text_table
from equity.provenance import Source, file_source, iso_day, stamp
from equity.sources.area_ids import table_ids
from equity.sources.area_rows import index_by_area, to_numbers
from equity.sources.plausible import refuse_no_sum
from equity.sources.vintages import vintage_of

__all__ = ["read_coverage"]

_TARGET = re.compile(r"(locations|providers|(served|underserved|unserved)(_tech\d+)?)_n")
_AREAS = 2024  # whatever the filing: 2020 areas, Connecticut as the ids have it
_FEW = 5  # so many areas may all have one number of locations by chance
_CLASSES = ("served", "underserved", "unserved")
_COUNTS = ("locations_n", *(f"{name}_n" for name in _CLASSES))

# Esri's Living Atlas summary of the Broadband Data Collection, as state offices republish it.
_LIVING_ATLAS_TECHNOLOGIES = {"Copper": 10, "Cable": 40, "Fiber": 50, "LTFW": 71}
_LIVING_ATLAS = {
    "TotalBSLs": "locations_n",
    "ServedBSLs": "served_n",
    "UnderservedBSLs": "underserved_n",
    "UnservedBSLs": "unserved_n",
    "UniqueProviders": "providers_n",
    **{
        f"{name.capitalize()}BSLs{label}": f"{name}_tech{code}_n"
        for label, code in _LIVING_ATLAS_TECHNOLOGIES.items()
        for name in _CLASSES
    },
}


def read_coverage(
    path: str | Path,
    *,
    as_of: str | date,
    level: str = "tract",
    state: str | None = None,
    multi_state: bool = False,
    columns: Mapping[str, str] | None = None,
    id_column: str | Sequence[str] | None = None,
    served: tuple[float, float] = (100.0, 20.0),
    underserved: tuple[float, float] = (25.0, 3.0),
    technologies: tuple[int, ...] = (10, 40, 50, 71),
    note: str = "",
) -> pd.DataFrame:
    """Read a table of locations by class.

    Parameters
    ----------
    path
        CSV, possibly in .zip, .gz or .xz.
    as_of
        Date of the filing, for example ``"2024-06-30"``; free text where it is not known.
    level
        Level of the areas: ``"tract"`` or ``"county"``.
    state, multi_state
        State to keep; set ``multi_state`` if the file covers several.
    columns
        Column of the file -> name in the result (``locations_n``, ``served_n``,
        ``underserved_n``, ``unserved_n``, ``providers_n``, ``served_tech50_n`` …). The layout of
        the Living Atlas summary is known without it.
    id_column
        Column that holds the area id, where it is not a known name; or the columns of state,
        county and tract that make it.
    served, underserved
        (down, up) in Mbps: the cuts between the classes.
    technologies
        FCC codes of the technologies that the classes count.
    note
        What a reader must know about this table.

    Returns
    -------
    pandas.DataFrame
        Index ``geoid``; ``locations_n``, ``served_n``, ``underserved_n``, ``unserved_n``, and
        whatever else was mapped. ``attrs["coverage_classes"]`` says what the classes mean.

    Raises
    ------
    MissingFileError, FormatError, MissingColumnError, GeoidError, InputError
        If the file is absent or damaged, lacks a column or an id, repeats an area, holds a
        negative number, or the classes do not add up to the total.
    """
    as_of = iso_day(as_of)
    if not as_of:
        raise InputError("as_of is blank", file=path, fix="give the date of the filing, or say so")
    known = set(columns or ()) or {*_LIVING_ATLAS, *_COUNTS}
    frame = read_text_table(path, header=lambda names: len(known & set(names)) >= len(_COUNTS))
    frame, ids = table_ids(frame, path, level=level, given=id_column, geo_vintage="2020")
    mapping = dict(columns) if columns else _known_layout(frame, path)
    _check_targets(list(mapping.values()))
    for name, target in mapping.items():
        refuse_no_sum(target, name, path)
    lacking = [name for name in _COUNTS if name not in mapping.values()]
    if lacking:
        raise MissingColumnError(
            f"no column is mapped to {', '.join(lacking)}",
            file=path,
            fix="add it to columns=",
        )
    numbers = to_numbers(frame, mapping, path)
    table, notes = index_by_area(
        numbers,
        ids,
        path,
        level=level,
        state=state,
        multi_state=multi_state,
    )
    _check_counts(table, path)
    table = stamp(
        table,
        level=level,
        geo_vintage=vintage_of(table.index, year=_AREAS, regions_from=_AREAS + 1, file=path),
        sources=[_source(Path(path), as_of, note)],
        notes=notes,
    )
    table.attrs["coverage_classes"] = {
        "served": list(served),
        "underserved": list(underserved),
        "technologies": list(technologies),
    }
    return table


def _check_targets(targets: list[str]) -> None:
    """Refuse a name that is no count of this table, and two columns of one name."""
    for name in targets:
        if not _TARGET.fullmatch(name):
            raise InputError(
                f"columns maps a column to {name}, which is no count of such a table",
                fix=f"map to {', '.join(_COUNTS)}, providers_n, or of one technology, as "
                "served_tech50_n",
            )
        if targets.count(name) > 1:
            raise InputError(f"two columns are mapped to {name}", fix="keep one in columns=")


def _known_layout(frame: pd.DataFrame, path: str | Path) -> dict[str, str]:
    mapping = {name: new for name, new in _LIVING_ATLAS.items() if name in frame.columns}
    if not mapping:
        mapping = {name: name for name in frame.columns if name in {*_COUNTS, "providers_n"}}
    if not mapping:
        raise MissingColumnError(
            "not a known layout of locations by class",
            file=path,
            fix='name the columns with columns={"TotalBSLs": "locations_n", …}',
        )
    return mapping


def _check_counts(table: pd.DataFrame, path: str | Path) -> None:
    for name in table.columns:
        wrong = table[name].isna() if name in _COUNTS else pd.Series(data=False, index=table.index)
        wrong |= table[name] < 0
        if wrong.any():
            raise InputError(
                f"{name} is negative or missing",
                file=path,
                rows=table.index[wrong],
                fix="a count of locations is 0 or more",
            )
        over = table[name] > table["locations_n"] + 0.5
        if "_tech" in name and over.any():
            raise InputError(
                f"{name} is more than the number of locations",
                file=path,
                rows=table.index[over],
                fix="check that the columns belong to the same rule and date",
            )
    _refuse_shares(table, path)
    _check_sum(table, [f"{name}_n" for name in _CLASSES], path)
    stems = {name.removeprefix("served_") for name in table.columns if name.startswith("served_t")}
    for stem in sorted(stems):
        parts = [f"{name}_{stem}" for name in _CLASSES]
        if set(parts) <= set(table.columns):
            _check_sum(table, parts, path)


def _refuse_shares(table: pd.DataFrame, path: str | Path) -> None:
    """Refuse shares of an area's locations in place of their number."""
    total, parts = table["locations_n"], (table % 1 > 0).any(axis=1)
    one = total.isin([1, 100]).all() and (total == total.iloc[0]).all()
    if one and (parts.any() or len(table) >= _FEW):
        raise InputError(
            f"every area has {total.iloc[0]:g} locations: these look like shares",
            file=path,
            rows=table.index[parts] if parts.any() else table.index,
            fix="give numbers of locations",
        )


def _check_sum(table: pd.DataFrame, parts: list[str], path: str | Path) -> None:
    total = table[parts].sum(axis=1, skipna=False)
    odd = ~np.isclose(total, table["locations_n"], rtol=0, atol=0.5) & total.notna()
    if odd.any():
        raise InputError(
            f"{' + '.join(parts)} is not the number of locations",
            file=path,
            rows=table.index[odd],
            fix="check that the columns belong to the same rule and date",
        )


def _source(path: Path, as_of: str, note: str) -> Source:
    return file_source(
        path,
        id="fcc-bdc-summary",
        agency="Federal Communications Commission",
        product="Broadband Data Collection, locations by class (summary table)",
        vintage=as_of,
        url="https://broadbandmap.fcc.gov",
        note=note,
    )
