"""The forms in which ACS tables travel, told apart by their content.

Each becomes one text table with the Census Bureau's codes as columns, and the ids of its rows.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from equity.areas.geoid import of_other_level
from equity.errors import FormatError, InputError, VintageError
from equity.files.delimited import first_line, read_text_table
from equity.files.features import is_json, parsed
from equity.files.opening import is_workbook, read_bytes
from equity.files.zips import open_zip
from equity.language import said
from equity.sources.area_ids import table_ids
from equity.sources.area_rows import require_columns, row_labels
from equity.sources.vintages import check_edition

__all__ = ["CODE", "Form", "read_form"]

CODE = re.compile(r"^[A-Z]{1,2}\d{2,5}[A-Z]{0,3}(_C\d{2})?_\d{3,4}P?[EM]$")
"""``B28002_001E``, ``B28009A_001M``, ``S1701_C01_040E``, ``DP04_0058PE``."""

# The table-based Summary File writes B28002_E001 where the API writes B28002_001E.
_SUMMARY_FILE_CODE = re.compile(r"^([A-Z]\d{5}[A-Z]{0,3})_([EM])(\d{3})$")
# Census Reporter writes B28002001 and "B28002001, Error".
_REPORTER_CODE = re.compile(r"^([BC]\d{5}[A-Z]{0,3})(\d{3})(, Error)?$")
# FactFinder numbered the lines of a table, which stands in the name of the file alone.
_FACTFINDER_CODE = re.compile(r"^HD0([12])_VD(\d{2,3})$")
_FACTFINDER_FILE = re.compile(r"^ACS_\d{2}_5YR_([BC]\d{5}[A-Z]{0,3})_with_ann\.csv$")
_FACTFINDER_YEAR = re.compile(r"^ACS_(\d{2})_\dYR", re.IGNORECASE)
# NHGIS has codes of its own: its codebook says of which table.
_NHGIS_CODE = re.compile(r"^([A-Z0-9]{3,4})([EM])(\d{3})$")
_CODEBOOK = re.compile(r"Source code:\s+([A-Z]\d{5}[A-Z]{0,3})\s+NHGIS code:\s+([A-Z0-9]{3,4})\s")
_YEARS = re.compile(r"(20\d\d)-(20\d\d)")
# ACSDT5Y2023.B28001-Data.csv, acsdt5y2023-b28002.dat, acs2023_5yr_B28002.csv, acs5_2023_tract.json;
# Census Reporter's releases are named alike.
_NAMED = re.compile(
    r"^(?:.*(?=acs[a-z]{2,3}[135]y20))?acs(?:[a-z]{2,3})?(?:(?P<before>[135])(?:yr?)?_?)?(?P<year>20\d\d)"
    r"(?:[-_](?P<last>20\d\d)(?!\d))?(?:_(?P<after>[135])yr)?",
    re.IGNORECASE,
)
# Anywhere in a name: ACSST1Y2023, acs1_B01003, 3yr, 1-year; supplemental tables are of one year.
_PERIOD = re.compile(
    r"acs[a-z]{2,3}(\d)y20\d\d|(?<![a-z0-9])acs[-_ ]?([135])(?=[-_ ]?(?:20\d\d|[bcs]\d{4}|dp\d))"
    r"|(?<!\d)([135])[-_ ]?y(?:ea)?rs?(?![a-z])|(acsse)(?![a-z])",
    re.IGNORECASE,
)
_SUPPLEMENTAL = re.compile(r"^K\d{6}_\d{3}[EM]$")
_GEO_PREFIX = {
    "state": "0400000US",
    "county": "0500000US",
    "county_subdivision": "0600000US",
    "tract": "1400000US",
    "block_group": "1500000US",
    "place": "1600000US",
    "zcta": "860Z200US",
}


@dataclass(frozen=True)
class Form:
    """One file as a text table.

    Attributes
    ----------
    frame
        Text columns under the Census Bureau's codes, as far as the file tells them.
    ids
        Ids of the areas in the file's own spelling.
    notes
        What was left out.
    """

    frame: pd.DataFrame
    ids: pd.Series
    notes: list[str] = field(default_factory=list)


def read_form(
    path: str | Path,
    *,
    year: int,
    level: str,
    state: str | None,
    id_column: str | Sequence[str] | None,
    renamed: Iterable[str] = (),
    geo_vintage: str = "",
) -> Form:
    """Read an API answer, a Summary File or a CSV, wide or long, as text.

    Parameters
    ----------
    path
        The file, possibly packed.
    year
        Last year of the period, compared with the year that a file says it has.
    level
        Level of the areas; rows whose id is one of another level are left out and counted.
    state
        FIPS code, for the Summary File, which is national.
    id_column
        Column of a CSV that holds the id, or those of its parts, where it is not a known name.
    renamed
        Columns that the caller maps to codes.
    geo_vintage
        Vintage of the areas of that year.

    Raises
    ------
    MissingFileError, FormatError, MissingColumnError, InputError
        If the file is absent, damaged, of another year, or in none of the forms.
    """
    data = read_bytes(path, suffix=(".csv", ".json", ".dat"))
    for name in _names_inside(path):
        _check_named(name, f"its name ({name})", path, year)
        _check_any_period(name, path, year)
    codes: dict[str, str] = {}
    first = "" if is_workbook(data) else first_line(data)
    if is_json(data):
        frame = _json(data, path, year)
    elif "|" in first and "," not in first:
        frame = _summary_file(data, path, level, state)
        return Form(frame, frame["GEO_ID"])
    else:
        mapped = set(renamed)
        frame = read_text_table(
            path, data=data, header=lambda n: bool(mapped & set(n)) or any(map(CODE.match, n))
        )
        codes = _codes(list(frame.columns), path, year)
    _check_years(frame, path, year)
    if extra := next(filter(_SUPPLEMENTAL.match, map(str, frame.columns)), None):
        _check_period(1, f"its column {extra}", path)
    if {"variable", "estimate"} <= {str(name).lower() for name in frame.columns}:
        frame = _wide(frame, path, level, id_column)
    frame, ids = table_ids(
        frame.rename(columns=codes), path, level=level, given=id_column, geo_vintage=geo_vintage
    )
    return _of_level(frame, ids, path, level)


def _check_named(name: str, sign: str, path: str | Path, year: int) -> None:
    """Refuse a file or release whose name is that of another year or period."""
    if named := _NAMED.match(name):
        told, last = int(named["year"]), int(named["last"] or 0)
        check_edition(path, year, layout={sign: [last if last == told + 4 else told]})
        _check_period(int(named["before"] or named["after"] or 5), sign, path)


def _check_any_period(name: str, path: str | Path, year: int) -> None:
    """Refuse a file whose name says somewhere that it is of other than five years."""
    if found := _FACTFINDER_YEAR.match(name):
        check_edition(path, year, layout={f"its name ({name})": [2000 + int(found[1])]})
    hits = ([part for part in hit.groups() if part] for hit in _PERIOD.finditer(name))
    told = [int(part) if part.isdigit() else 1 for (part,) in hits]
    if told and 5 not in told:
        _check_period(told[0], f"its name ({name})", path)


def _check_period(years: int, sign: str, path: str | Path) -> None:
    if years != 5:
        raise VintageError(
            f"{sign} belongs to estimates of {years} year{'s' * (years > 1)}, and those of five "
            "years are read",
            file=path,
            fix="take the 5-year estimates, which cover every area",
        )


def _check_years(frame: pd.DataFrame, path: str | Path, year: int) -> None:
    """Refuse a table whose column of years, as NHGIS writes one, is of others."""
    for column in (name for name in frame.columns if str(name).lower() in {"year", "years"}):
        for cell in frame[column].unique():
            sign = f"its column {column} ({cell})"
            if period := _YEARS.fullmatch(cell.strip()):
                _check_span(period, sign, path, year)
            elif re.fullmatch(r"20\d\d", cell.strip()):
                check_edition(path, year, layout={sign: [int(cell)]})


def _check_span(period: re.Match[str], sign: str, path: str | Path, year: int) -> None:
    check_edition(path, year, layout={sign: [int(period[2])]})
    _check_period(int(period[2]) - int(period[1]) + 1, sign, path)


def _of_level(frame: pd.DataFrame, ids: pd.Series, path: str | Path, level: str) -> Form:
    """Leave out, and count, rows whose prefixed id says that they are of another level."""
    other = ids.str.contains("US", regex=False) & of_other_level(ids, level)
    if not other.any() or other.all():
        return Form(frame, ids)
    lost, name = int(other.sum()), Path(path).name
    note = (
        said("{file}: 1 row of other levels left out", file=name)
        if lost == 1
        else said("{file}: {n} rows of other levels left out", file=name, n=f"{lost:,}")
    )
    return Form(frame[~other], ids[~other], [note])


def _codes(names: Sequence[str], path: str | Path, year: int) -> dict[str, str]:
    """Return the Census Bureau's codes of columns that others write otherwise."""
    found = {}
    for name in names:
        if reporter := _REPORTER_CODE.match(name):
            found[name] = f"{reporter[1]}_{reporter[2]}{'M' if reporter[3] else 'E'}"
    factfinder = _FACTFINDER_FILE.match(_name_inside(path, "_with_ann.csv"))
    if factfinder:
        for name in names:
            if line := _FACTFINDER_CODE.match(name):
                found[name] = f"{factfinder[1]}_{line[2]:0>3}{'EM'[line[1] == '2']}"
    if "GISJOIN" in names:
        found |= _nhgis(names, path, year)
    return found


def _nhgis(names: Sequence[str], path: str | Path, year: int) -> dict[str, str]:
    text = _codebook(path)
    tables = {code: table for table, code in _CODEBOOK.findall(text)}
    if not tables:
        return {}
    period = _YEARS.search(text)
    if period:
        _check_span(period, f"its codebook ({period[0]})", path, year)
    parts = ((name, _NHGIS_CODE.match(name)) for name in names)
    return {
        name: f"{tables[found[1]]}_{found[3]}{found[2]}"
        for name, found in parts
        if found and found[1] in tables
    }


def _codebook(path: str | Path) -> str:
    """Return the text that NHGIS puts beside its table, in the same zip or folder."""
    beside = Path(path).with_name(f"{Path(path).stem}_codebook.txt")
    if beside.is_file():
        return read_bytes(beside).decode("utf-8", errors="replace")
    if not _name_inside(path, "_codebook.txt"):
        return ""
    return read_bytes(path, suffix="_codebook.txt").decode("utf-8", errors="replace")


def _name_inside(path: str | Path, suffix: str) -> str:
    """Return the bare name of the one member of a zip that ends so; of a plain file its own."""
    names = [name for name in _names_inside(path) if name.endswith(suffix)]
    return names[0] if len(names) == 1 else ""


def _names_inside(path: str | Path) -> list[str]:
    """Return the bare name of a file, and those of what is in it if it is a zip."""
    names = [Path(path).name]
    if Path(path).suffix.lower() == ".zip":
        with open_zip(io.BytesIO(Path(path).expanduser().read_bytes()), file=path) as opened:
            names += [Path(member.filename).name for member in opened.members()]
    return names


def _wide(
    frame: pd.DataFrame, path: str | Path, level: str, id_column: str | Sequence[str] | None
) -> pd.DataFrame:
    """Spread the long form of tidycensus, a row for each area and variable."""
    lower = {str(name).lower(): str(name) for name in frame.columns}
    frame, ids = table_ids(frame, path, level=level, given=id_column)
    # Named variables keep their names; tidycensus writes codes without E or M.
    variable = frame[lower["variable"]].str.strip().str.replace(r"(?<=\d)E$", "", regex=True)
    twice = pd.MultiIndex.from_arrays([ids, variable]).duplicated()
    if twice.any():
        raise InputError(
            "an area has a variable twice",
            file=path,
            rows=row_labels(frame.index, twice),
            fix="keep one year and one level in the file",
        )
    parts = {"E": lower["estimate"]} | ({"M": lower["moe"]} if "moe" in lower else {})
    counts = variable.groupby(ids.to_numpy()).size()
    lacking = counts[counts < variable.nunique()]
    if len(lacking):
        raise InputError(
            f"{len(lacking):,} areas lack some of the {variable.nunique()} variables",
            file=path,
            rows=lacking.index,
            fix="download the file again; rows were lost",
        )
    first = frame[~ids.duplicated()]
    keep = [name for name in first.columns if name not in {lower["variable"], *parts.values()}]
    spread: dict[str, Any] = {name: first[name] for name in keep}
    order = ids[~ids.duplicated()]
    for name in variable.unique():
        rows = variable == name
        for suffix, column in parts.items():
            cells = frame[column][rows].set_axis(ids[rows].to_numpy())
            spread[f"{name}{suffix}"] = cells.reindex(order).to_numpy()
    return pd.DataFrame(spread, index=first.index)


def _json(data: bytes, path: str | Path, year: int) -> pd.DataFrame:
    """Read an answer of the Census API, of Census Reporter, or of a map service."""
    answer = parsed(data, path)
    if isinstance(answer, dict) and "features" in answer:
        return read_text_table(path, data=data)
    if isinstance(answer, dict) and {"data", "geography"} <= set(answer):
        release = _object(answer.get("release") or {}, path)
        name = str(release.get("id", ""))
        _check_named(name, f"its release ({name})", path, year)
        if period := _YEARS.fullmatch(str(release.get("years", ""))):
            _check_span(period, f"its release ({period[0]})", path, year)
        return _reporter(answer, path)
    return _api_answer(answer, path)


def _reporter(answer: Mapping[str, Any], path: str | Path) -> pd.DataFrame:
    """Lay out an answer of Census Reporter: area -> table -> estimate and error -> column."""
    rows = []
    names = _object(answer["geography"], path)
    for area, tables in _object(answer["data"], path).items():
        row = {"GEOID": area, "NAME": str(_object(names.get(area) or {}, path).get("name", ""))}
        for table in _object(tables, path).values():
            for part, suffix in (("estimate", "E"), ("error", "M")):
                for code, value in _object(_object(table, path).get(part, {}), path).items():
                    row[f"{code[:-3]}_{code[-3:]}{suffix}"] = _number(value, path)
        rows.append(row)
    frame = pd.DataFrame(rows, dtype=str).fillna("")
    return frame.set_axis(pd.RangeIndex(1, len(frame) + 1, name="row"))


def _number(value: Any, path: str | Path) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _no_reporter(value, path)
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def _object(value: Any, path: str | Path) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _no_reporter(value, path)
    return value


def _no_reporter(value: Any, path: str | Path) -> FormatError:
    return FormatError(
        f"not an answer of Census Reporter ({value!r:.60}), which holds numbers by area, table and "
        "column",
        file=path,
        fix="download it again",
    )


def _api_answer(rows: Any, path: str | Path) -> pd.DataFrame:
    if not isinstance(rows, list) or not rows or not all(isinstance(row, list) for row in rows):
        raise FormatError(
            "not a Census API answer, which is an array of arrays",
            file=path,
            fix="open it to read the message in it, then download it again",
        )
    odd = [position for position, row in enumerate(rows) if len(row) != len(rows[0])]
    if odd:
        raise FormatError(
            f"{len(odd):,} rows do not have the header's {len(rows[0])} values",
            file=path,
            rows=odd,
            fix="download it again",
        )
    header = [str(name) for name in rows[0]]
    # The API repeats a geography column that was also asked for by name.
    keep = [i for i, name in enumerate(header) if name not in header[:i]]
    cells = [["" if row[i] is None else str(row[i]) for i in keep] for row in rows[1:]]
    index = pd.RangeIndex(1, len(rows), name="row")
    return pd.DataFrame(cells, columns=[header[i] for i in keep], index=index, dtype=str)


def _summary_file(data: bytes, path: str | Path, level: str, state: str | None) -> pd.DataFrame:
    frame = read_text_table(path, delimiter="|", data=data)
    require_columns(frame, ["GEO_ID"], path)
    if level not in _GEO_PREFIX:
        raise InputError(
            f"the Summary File is not read at level {level!r}",
            file=path,
            fix=f"choose from {', '.join(_GEO_PREFIX)}",
        )
    prefix = _GEO_PREFIX[level] + (state or "")
    frame = frame[frame["GEO_ID"].str.strip().str.startswith(prefix)]
    return frame.rename(columns=lambda name: _SUMMARY_FILE_CODE.sub(r"\1_\3\2", name))
