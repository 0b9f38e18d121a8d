"""The forms in which ACS tables travel, told apart by their content.

Each becomes one text table with the Census Bureau's codes as columns, and the ids of its rows.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd

from equity.errors import FormatError, InputError
from equity.files.delimited import first_line, read_text_table
from equity.files.opening import read_bytes
from equity.sources.area_rows import id_of_parts, pick_id, require_columns

__all__ = ["read_form"]

# The table-based Summary File writes B28002_E001 where the API writes B28002_001E.
_SUMMARY_FILE_CODE = re.compile(r"^([A-Z]\d{5}[A-Z]{0,3})_([EM])(\d{3})$")
_GEO_PREFIX = {
    "state": "0400000US",
    "county": "0500000US",
    "county_subdivision": "0600000US",
    "tract": "1400000US",
    "block_group": "1500000US",
    "place": "1600000US",
    "zcta": "860Z200US",
}
# Columns that the API appends, with their widths.
_API_PARTS = {
    "state": {"state": 2},
    "county": {"state": 2, "county": 3},
    "county_subdivision": {"state": 2, "county": 3, "county subdivision": 5},
    "tract": {"state": 2, "county": 3, "tract": 6},
    "block_group": {"state": 2, "county": 3, "tract": 6, "block group": 1},
    "place": {"state": 2, "place": 5},
    "zcta": {"zip code tabulation area": 5},
}


def read_form(
    path: str | Path, level: str, state: str | None, id_column: str | None
) -> tuple[pd.DataFrame, pd.Series]:
    """Read an API answer, a Summary File or a wide CSV as text.

    Parameters
    ----------
    path
        The file, possibly packed.
    level
        Level of the areas; the Summary File holds many.
    state
        FIPS code, for the Summary File, which is national.
    id_column
        Column of a CSV that holds the id, where it is not a known name.

    Returns
    -------
    frame : pandas.DataFrame
        Text columns under the Census Bureau's codes.
    ids : pandas.Series
        Ids in the file's own spelling.

    Raises
    ------
    MissingFileError, FormatError, MissingColumnError, InputError
        If the file is absent, damaged, or in none of the forms.
    """
    data = read_bytes(path, suffix=(".csv", ".json", ".dat"))
    if data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"[", b"{")):
        frame = _api_answer(data, path)
        return frame, _api_ids(frame, path, level)
    first = first_line(data)
    if "|" in first and "," not in first:
        frame = _summary_file(data, path, level, state)
        return frame, frame["GEO_ID"]
    frame = read_text_table(path, data=data)
    name = pick_id(frame, path, id_column)
    if len(frame) and frame[name].iloc[0].strip() == "Geography":
        frame = frame.iloc[1:]  # data.census.gov writes labels under the codes
    return frame, frame[name]


def _api_answer(data: bytes, path: str | Path) -> pd.DataFrame:
    try:
        rows = json.loads(data)
    except (ValueError, RecursionError):
        raise FormatError(
            "not valid JSON: the answer was cut off or is no answer of the Census API",
            file=path,
            fix="download it again",
        ) from None
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


def _api_ids(frame: pd.DataFrame, path: str | Path, level: str) -> pd.Series:
    if "GEO_ID" in frame.columns:
        return frame["GEO_ID"]
    parts = _API_PARTS.get(level)
    if parts is None:
        raise InputError(f"an API answer without GEO_ID is not read at level {level!r}", file=path)
    return id_of_parts(frame, list(parts), path, widths=list(parts.values()))


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
