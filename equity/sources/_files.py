"""Opening publishers' files: text first, one clear error, nothing guessed.

Every reader goes through here, so that a missing file, half a download, an HTML page in place of
a table and a row with a lost field are told in the same words.
"""

from __future__ import annotations

import difflib
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from equity.areas.geoid import normalize
from equity.errors import FormatError, InputError, MissingColumnError, MissingFileError

_ID_NAMES = (
    "GEOID", "geoid", "GEOID20", "GEOID10", "GEOIDFQ", "GEO_ID", "AFFGEOID", "geo_id",
    "HEROP_ID", "HeropID", "TractFIPS20", "TractFIPS", "tractFIPS", "FIPS", "fips", "LocationID",
    "COUNTY ID",
)  # fmt: skip
"""Names that published tables give their area id, most specific first."""

BLANK = {"", "NA", "N/A", "NaN", "nan", "null", "None"}


def existing(path: str | Path) -> Path:
    """Return the path if the file is there.

    Raises
    ------
    MissingFileError
        With the closest name in the same folder as the fix.
    """
    found = Path(path)
    if found.exists():
        return found
    siblings = [p.name for p in found.parent.iterdir()] if found.parent.is_dir() else []
    close = difflib.get_close_matches(found.name, siblings, n=1)
    fix = f"did you mean {close[0]}?" if close else "check the path; see `equity sources`"
    raise MissingFileError("no such file", file=path, fix=fix)


def read_bytes(path: str | Path, *, suffix: str = ".csv") -> bytes:
    """Return a file's content, unpacked from .zip, .gz or .xz.

    Parameters
    ----------
    path
        The file. A zip must hold exactly one member that ends in ``suffix``.
    suffix
        Ending of the wanted member.

    Raises
    ------
    FormatError
        If the file is damaged, empty, an HTML page, or holds no or several members.
    """
    file = existing(path)
    if file.is_dir():
        raise FormatError("a folder stands where a file is expected", file=path)
    try:
        if file.suffix == ".zip":
            data = _only_member(file, suffix)
        elif file.suffix == ".gz":
            data = gzip.decompress(file.read_bytes())
        elif file.suffix == ".xz":
            data = lzma.decompress(file.read_bytes())
        else:
            data = file.read_bytes()
    except (EOFError, OSError, zipfile.BadZipFile, zlib.error, lzma.LZMAError) as error:
        raise FormatError(
            f"the file is damaged or only half downloaded ({error})",
            file=path,
            fix="download it again and compare its size with the publisher's",
        ) from None
    if not data.strip():
        raise FormatError("the file is empty", file=path, fix="download it again")
    if data[:512].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        raise FormatError(
            "this is an HTML page, not data: the publisher answered with a message",
            file=path,
            fix="open it in a browser to read the message, then download the data again",
        )
    return data


def read_text_table(
    path: str | Path,
    *,
    delimiter: str = ",",
    data: bytes | None = None,
    trailing_comma: bool = False,
) -> pd.DataFrame:
    """Read a delimited file with every cell as text.

    Parameters
    ----------
    path
        CSV or similar, possibly inside .zip, .gz or .xz.
    delimiter
        Field separator; never sniffed.
    data
        Content already read, if any.
    trailing_comma
        The header (and perhaps the rows) end in a stray delimiter, as HRSA's files do.

    Returns
    -------
    pandas.DataFrame
        Text columns with an index that counts the data rows from 0.

    Raises
    ------
    FormatError
        If a row has another number of fields than the header; the lines are named.
    """
    from pyarrow import ArrowInvalid, csv, string

    content = read_bytes(path) if data is None else data
    header, names = _header(content, delimiter, path, drop_last=trailing_comma)
    bad: list[tuple[int, int]] = []

    def collect(row: Any) -> str:
        bad.append((row.number or 0, row.actual_columns))
        return "skip"

    body = content[header:]
    if trailing_comma:
        body = _without_trailing_delimiter(body, delimiter)
    if not body.strip():
        return pd.DataFrame({name: pd.Series(dtype=str) for name in names})
    try:
        table = csv.read_csv(
            io.BytesIO(body),
            read_options=csv.ReadOptions(column_names=names, use_threads=False),
            parse_options=csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=collect
            ),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, string()), strings_can_be_null=False
            ),
        )
    except ArrowInvalid as error:
        raise FormatError(f"not a readable table: {error}", file=path) from None
    if bad:
        raise FormatError(
            f"{len(bad):,} rows do not have the header's {len(names)} fields",
            file=path,
            rows=[f"line {number + 1} ({fields})" for number, fields in bad],
            fix="download the file again; a quoted comma or a cut row breaks it",
        )
    return table.to_pandas()


def pick_id(frame: pd.DataFrame, path: str | Path, given: str | None = None) -> str:
    """Return the name of the column that holds the area id.

    Raises
    ------
    MissingColumnError
        If the named column, or any known one, is absent.
    """
    if given is not None:
        require_columns(frame, [given], path)
        return given
    for name in _ID_NAMES:
        if name in frame.columns:
            return name
    raise MissingColumnError(
        f"no id column among {', '.join(map(repr, frame.columns[:8]))} …",
        file=path,
        fix="name it with id_column=",
    )


def require_columns(frame: pd.DataFrame, names: Iterable[str], path: str | Path) -> None:
    """Refuse a table that lacks a column, with the closest names it does have."""
    missing = [name for name in names if name not in frame.columns]
    if missing:
        close = difflib.get_close_matches(missing[0], list(map(str, frame.columns)), n=3)
        near = f"the file has {', '.join(close)}" if close else "check the file and its columns"
        raise MissingColumnError(f"lacks column {', '.join(missing)}", file=path, fix=near)


def to_numbers(
    frame: pd.DataFrame, columns: Mapping[str, str], path: str | Path, *, first_line: int = 2
) -> pd.DataFrame:
    """Return the named text columns as floats; blanks are missing.

    Parameters
    ----------
    frame
        Text table.
    columns
        Column of the file -> name in the result.
    path
        For errors.
    first_line
        Line of the first data row.

    Raises
    ------
    InputError
        If a cell is neither a finite number nor blank.
    """
    require_columns(frame, columns, path)
    result = {}
    for name, new in columns.items():
        text = frame[name].str.strip()
        numbers = pd.to_numeric(text.mask(text.isin(BLANK)), errors="coerce").astype(float)
        bad = ~text.isin(BLANK) & ~np.isfinite(numbers)
        if bad.any():
            raise InputError(
                f"column {name} holds {text[bad].iloc[0]!r} where a number belongs",
                file=path,
                rows=[f"line {row + first_line}" for row in np.flatnonzero(bad)],
            )
        result[new] = numbers
    return pd.DataFrame(result, index=frame.index)


def index_by_area(
    table: Any,
    ids: pd.Series,
    path: str | Path,
    *,
    level: str,
    state: str | None,
    multi_state: bool,
    first_line: int | None = 2,
) -> tuple[Any, list[str]]:
    """Put the areas' ids on a table as its index.

    Parameters
    ----------
    table
        Rows in the order of ``ids``.
    ids
        Ids in any spelling.
    path, first_line
        For errors.
    level
        Level of the areas.
    state
        FIPS code of the state wanted; None keeps all.
    multi_state
        The file covers several states: keep the wanted one and say how many rows were left out.
        Otherwise an id of another state is an error.

    Returns
    -------
    table
        With index ``geoid``.
    notes : list of str
        What was left out.

    Raises
    ------
    GeoidError
        Ids of a wrong length or another state.
    InputError
        Duplicated areas, or nothing left.
    """
    text = normalize(
        ids,
        level=level,
        state=None if multi_state else state,
        file=path,
        first_line=first_line,
    )
    notes: list[str] = []
    keep = np.ones(len(text), dtype=bool)
    if state is not None and multi_state:
        keep = (text.str[:2] == state).to_numpy()
        if not keep.all():
            notes.append(f"{Path(path).name}: {int((~keep).sum()):,} rows of other states left out")
    kept = text[keep]
    if not len(kept):
        raise InputError(
            f"no {level.replace('_', ' ')} of state {state} in the file"
            if state
            else "the file holds no rows",
            file=path,
            fix="check that this is the right file for the state",
        )
    twice = kept.duplicated(keep=False)
    if twice.any():
        raise InputError(
            f"{kept[twice].nunique():,} areas stand more than once",
            file=path,
            rows=kept[twice].unique(),
            count=kept[twice].nunique(),
            fix="keep one row per area",
        )
    result = table[keep].copy()
    result.index = pd.Index(kept.to_numpy(), name="geoid", dtype=object)
    return result, notes


def _only_member(file: Path, suffix: str) -> bytes:
    with zipfile.ZipFile(file) as archive:
        members = [
            info
            for info in archive.infolist()
            if info.filename.lower().endswith(suffix)
            and not info.filename.startswith("__MACOSX")
            and not Path(info.filename).name.startswith(".")
        ]
        if len(members) != 1:
            names = ", ".join(info.filename for info in members[:5]) or "none"
            raise FormatError(
                f"the zip must hold exactly one {suffix} file, it holds {len(members)} ({names})",
                file=file,
                fix="download it again, or unpack the one you mean",
            )
        return archive.read(members[0])


def _header(
    content: bytes, delimiter: str, path: str | Path, *, drop_last: bool
) -> tuple[int, list[str]]:
    import csv

    end = content.find(b"\n") + 1 or len(content)
    try:
        line = content[:end].decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        line = content[:end].decode("latin-1").rstrip("\r\n")
    names = next(csv.reader([line], delimiter=delimiter), [])
    if drop_last and names and not names[-1].strip():
        names = names[:-1]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise FormatError(f"column {twice[0]!r} stands twice in the header", file=path)
    return end, names


def _without_trailing_delimiter(body: bytes, delimiter: str) -> bytes:
    comma = delimiter.encode()
    lines = body.splitlines()
    if all(line.endswith(comma) for line in lines if line):
        return b"\n".join(line.removesuffix(comma) for line in lines) + b"\n"
    return body


def sequence_of(paths: str | Path | Sequence[str | Path]) -> list[str | Path]:
    """Return one path or several as a list."""
    return [paths] if isinstance(paths, str | Path) else list(paths)
