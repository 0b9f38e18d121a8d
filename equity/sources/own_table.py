"""Any table of areas, whose columns a study maps to the package's names and units.

The publishers differ in names and units, not in kind: a percent here is a share there, a share of
the insured is one of the uninsured upside down, a year and a measure stand in columns of a long
file. All of it is said in the mapping, checked, and nothing else is assumed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from equity.areas.geoid import LEVELS, of_other_level
from equity.areas.points import coordinate_pairs, refuse_elsewhere, refuse_other_state
from equity.areas.vintage import check_vintage
from equity.errors import GeoidError, InputError
from equity.files.delimited import read_text_table
from equity.language import said
from equity.provenance import file_source, stamp
from equity.sources._cells import Cells, rows_matching
from equity.sources.area_ids import table_ids
from equity.sources.area_rows import index_by_area, require_columns, row_labels
from equity.sources.plausible import refuse_no_sum

__all__ = ["read_table"]

UNITS = ("count", "share", "percent", "usd", "number", "text")
GEO_VINTAGES = ("2010", "2020", "2020-CT2022")

_KEYS = {"column", "unit", "complement", "moe", "where", "confirmed"}
_UNIT_OF_SUFFIX = {"_share": "share", "_n": "count", "_usd": "usd"}
_RESERVED = {"geoid", "geometry"}
# Totals, blanks, codes of districts, and prefixes without an id.
_NO_AREA = r"([0-9]{3}[0-9A-Z]{0,4}US)?[^0-9]*|.*[A-Za-z]_.*"
_ID = " id"  # no header can hold it: names are stripped


def read_table(
    path: str | Path,
    *,
    level: str,
    geo_vintage: str,
    columns: Mapping[str, str | Mapping[str, object]],
    agency: str,
    product: str,
    vintage: str,
    state: str | None = None,
    multi_state: bool = False,
    id_column: str | Sequence[str] | None = None,
    where: Mapping[str, object] | None = None,
    other_levels: str = "raise",
    missing: Sequence[float | str] = (),
    delimiter: str = ",",
    url: str = "",
    licence: str = "",
    note: str = "",
    synthetic: bool = False,
) -> pd.DataFrame:
    r"""Read columns of any table of areas, wide or long.

    Parameters
    ----------
    path
        CSV, possibly in .zip, .gz or .xz; or a workbook, or the features of a map.
    level
        Level of the areas, a key of :data:`equity.areas.geoid.LEVELS`.
    geo_vintage
        ``"2010"``, ``"2020"`` or ``"2020-CT2022"``: the areas that the ids mean.
    columns
        Name in the result -> column of the file, or a mapping with the keys

        - ``column``: column of the file (required);
        - ``unit``: what the file holds: ``"count"``, ``"share"`` (0 to 1), ``"percent"`` (0 to
          100; divided by 100), ``"usd"``, ``"number"`` (anything, left as it is) or ``"text"``.
          Without it, the unit follows the name's suffix (``_n``, ``_share``, ``_usd``);
        - ``complement``: true to store one minus the share;
        - ``moe``: column of the 90 % margin of error, in the same unit; stored as ``<name>_moe``;
        - ``where``: rows of a long file that hold this column, beside the table's own ``where``;
        - ``confirmed``: true if the unit is right although the values look like another one's:
          percentages none of which is above 1, speeds in kilobits, times in hours or seconds.
    agency, product, vintage
        Who published what, for when: printed as the source.
    state, multi_state
        State to keep; set ``multi_state`` if the file covers several.
    id_column
        Column that holds the area id, where it is not a known name; or the columns of state,
        county, tract and block group that make it, where theirs are not known names.
    where
        Column of the file -> value, or list of values, that a row must have.
    other_levels
        ``"raise"``, or ``"drop"`` to leave out, and count in a note, rows of other levels and
        rows whose id is a word or blank: counties, districts and totals in a file of tracts.
    missing
        Values that the file writes for "not known", for example ``[-999]``.
    delimiter
        Field separator; never guessed.
    url, licence, note
        Further words for the source.
    synthetic
        Mark the source as generated data.

    Returns
    -------
    pandas.DataFrame
        Index ``geoid``, the named columns in their order, floats except for text; a missing cell
        is NaN (None in text). Shares are 0 to 1 whatever the file's unit.

    Raises
    ------
    MissingFileError, FormatError, MissingColumnError, GeoidError, InputError
        If the file is absent or damaged, lacks a column or an id, repeats an area, or holds a
        value that its unit excludes.

    Examples
    --------
    >>> import tempfile
    >>> insured = {"column": "InsuredPopP", "unit": "percent", "complement": True}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "insurance.csv")
    ...     _ = path.write_text("TRACT,InsuredPopP\n51001090101,87.5\n")
    ...     table = read_table(
    ...         path,
    ...         level="tract",
    ...         geo_vintage="2020",
    ...         id_column="TRACT",
    ...         columns={"uninsured_share": insured},
    ...         agency="U.S. Census Bureau",
    ...         product="American Community Survey 5-year estimates",
    ...         vintage="2019-2023",
    ...         state="VA",
    ...     )
    >>> table["uninsured_share"].to_dict()
    {'51001090101': 0.125}
    """
    wanted = [_field(name, given) for name, given in columns.items()]
    _check_options(wanted, level, geo_vintage, other_levels)
    for field in wanted:
        refuse_no_sum(field.name, field.column, path)
    needs = [name for field in wanted for name in field.needs]
    frame = read_text_table(path, delimiter=delimiter, header=set(needs).issubset)
    frame, ids = table_ids(frame, path, level=level, given=id_column, geo_vintage=geo_vintage)
    require_columns(frame, needs, path)
    frame = rows_matching(frame.assign(**{_ID: ids}), dict(where or {}), path)
    drop = other_levels == "drop"
    area = _Areas(path, str(ids.name), level, state, multi_state, drop=drop)
    cells = Cells(path, missing)
    parts: list[pd.DataFrame] = []
    notes: list[str] = []
    for rows in dict.fromkeys(field.where for field in wanted):
        chosen = rows_matching(frame, dict(rows), path)
        indexed, dropped = area.index(chosen)
        notes += dropped
        parts += [_column(indexed, field, cells) for field in wanted if field.where == rows]
    table = pd.concat(parts, axis=1)
    order = [name for field in wanted for name in (field.name, f"{field.name}_moe")]
    table = table[[name for name in order if name in table.columns]]
    table.index.name = "geoid"
    check_vintage(table.index, level=level, geo_vintage=geo_vintage, file=path)
    for x, y in coordinate_pairs(table.select_dtypes("number").columns):
        refuse_elsewhere(table[x], table[y], table.index, path, noun="areas")
        refuse_other_state(table[x], table[y], table.index, path, level=level, noun="areas")
    source = file_source(
        path,
        id=f"table-{Path(path).name.split('.')[0]}",
        agency=agency,
        product=product,
        vintage=str(vintage),
        url=url,
        licence=licence,
        note=note,
        synthetic=synthetic,
    )
    return stamp(
        table,
        level=level,
        geo_vintage=geo_vintage,
        sources=[source],
        notes=[*notes, *cells.notes, *cells.unmet],
    )


@dataclass(frozen=True)
class _Field:
    name: str
    column: str
    unit: str
    complement: bool = False
    moe: str | None = None
    where: tuple[tuple[str, Any], ...] = ()
    confirmed: bool = False

    @property
    def needs(self) -> list[str]:
        return [self.column] if self.moe is None else [self.column, self.moe]


def _field(name: str, given: str | Mapping[str, Any]) -> _Field:
    record: dict[str, Any] = {"column": given} if isinstance(given, str) else dict(given)
    unknown = sorted(set(record) - _KEYS)
    if unknown or not isinstance(record.get("column"), str):
        problem = f"has an unknown key {unknown[0]!r}" if unknown else "names no column of the file"
        raise InputError(f"column {name!r} {problem}", fix=f"keys are {', '.join(sorted(_KEYS))}")
    suffix = next((s for s in _UNIT_OF_SUFFIX if name.endswith(s)), "")
    unit = record.get("unit", _UNIT_OF_SUFFIX.get(suffix, "number"))
    field = _Field(
        name=name,
        column=record["column"],
        unit=unit,
        complement=bool(record.get("complement", False)),
        moe=record.get("moe"),
        where=tuple((key, _frozen(value)) for key, value in dict(record.get("where", {})).items()),
        confirmed=bool(record.get("confirmed", False)),
    )
    _check_field(field)
    return field


def _check_field(field: _Field) -> None:
    name, shares = field.name, ("share", "percent")
    if name in _RESERVED:
        raise InputError(f"a column cannot be called {name!r}", fix="choose another name")
    if field.unit not in UNITS:
        raise InputError(
            f"column {name!r} has no unit {field.unit!r}", fix=f"choose from {', '.join(UNITS)}"
        )
    if name.endswith("_share") and field.unit not in shares:
        raise InputError(
            f"column {name!r} is called a share and its unit is {field.unit!r}",
            fix='use unit = "share" or "percent", or a name such as "…_n"',
        )
    if field.complement and field.unit not in shares:
        raise InputError(
            f"column {name!r}: only a share has a complement", fix='unit = "share" or "percent"'
        )
    if field.moe is not None and field.unit == "text":
        raise InputError(f"column {name!r}: text has no margin of error", fix="drop moe")


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list | tuple | set) else value


def _check_options(wanted: list[_Field], level: str, geo_vintage: str, other_levels: str) -> None:
    if not wanted:
        raise InputError("no column was asked for", fix="map at least one in columns=")
    for what, value, allowed in (
        ("level", level, tuple(LEVELS)),
        ("geo_vintage", geo_vintage, GEO_VINTAGES),
        ("other_levels", other_levels, ("raise", "drop")),
    ):
        if value not in allowed:
            raise InputError(f"{what} {value!r} does not exist", fix=f"one of {', '.join(allowed)}")


@dataclass(frozen=True)
class _Areas:
    """What turns rows into areas: which of them are wanted."""

    path: str | Path
    column: str
    level: str
    state: str | None
    multi_state: bool
    drop: bool

    def index(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
        other = of_other_level(frame[_ID], self.level, file=self.path)
        words = frame[_ID].str.fullmatch(_NO_AREA)
        notes: list[str] = []
        if self.drop:
            notes = self._counted(frame[_ID], other, words)
            frame = frame[~other & ~words]
        elif other.any() and not other.all():
            raise GeoidError(
                f"{int(other.sum()):,} ids are of another level than {self.level} "
                f"({frame[_ID][other].iloc[0]!r})",
                file=self.path,
                rows=row_labels(frame.index, other),
                fix='other_levels = "drop" leaves them out',
            )
        elif (odd := words & (frame[_ID].str.strip() != "")).any() and not odd.all():
            raise GeoidError(
                f"{int(odd.sum()):,} rows are of no area ({frame[_ID][odd].iloc[0]!r})",
                file=self.path,
                rows=row_labels(frame.index, odd),
                fix='other_levels = "drop" leaves them out',
            )
        indexed, left_out = index_by_area(
            frame,
            frame[_ID].rename(self.column),
            self.path,
            level=self.level,
            state=self.state,
            multi_state=self.multi_state,
        )
        return indexed, notes + left_out

    def _counted(self, ids: pd.Series, other: pd.Series, words: pd.Series) -> list[str]:
        name, notes = Path(self.path).name, []
        if other.any():
            notes.append(
                said(
                    "{file}: {n} rows of other levels left out",
                    file=name,
                    n=f"{int(other.sum()):,}",
                )
            )
        if words.any():
            told = ", ".join(map(repr, ids[words].str.strip().unique()[:3]))
            notes.append(
                said(
                    "{file}: {n} rows of no area left out ({ids})",
                    file=name,
                    n=f"{int(words.sum()):,}",
                    ids=told,
                )
            )
        return notes


def _column(frame: pd.DataFrame, field: _Field, cells: Cells) -> pd.DataFrame:
    if field.unit == "text":
        return pd.DataFrame({field.name: cells.text(frame[field.column])}, index=frame.index)
    values = cells.numbers(
        frame[field.column], field.unit, name=field.name, confirmed=field.confirmed
    )
    if field.complement:
        values = 1 - values
    result = {field.name: values}
    if field.moe is not None:
        result[f"{field.name}_moe"] = cells.margins(
            frame[field.moe], field.unit, confirmed=field.confirmed
        )
    return pd.DataFrame(result, index=frame.index)
