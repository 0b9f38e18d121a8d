"""The table as CSV, with a description in the form of the W3C's vocabulary for tabular data."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from equity.areas.schema import describe, unit_of
from equity.areas.words import is_missing
from equity.outputs._harmless import inert

__all__ = ["as_read", "csv_text", "description", "number_texts"]

_TYPES = {"float": "number", "int": "integer", "bool": "boolean"}


def as_read(flat: pd.DataFrame) -> pd.DataFrame:
    """Return the table with as many decimals as the units of its columns keep in files.

    Where a unit does not say, ten significant digits stay: 0.008, never 0.008000000000000007.
    """
    decimals: dict[int | None, list[Any]] = {}
    flat = flat.copy(deep=False)
    flat.attrs = {}  # pandas would copy the table's record for every column
    kinds = flat.dtypes.tolist()
    described = describe(map(str, flat.columns))
    for name, kind, column in zip(flat.columns, kinds, described, strict=True):
        if pd.api.types.is_float_dtype(kind):
            decimals.setdefault(unit_of(column.unit).kept, []).append(name)
    columns = dict(flat.items())
    for kept, names in decimals.items():
        numbers = flat[names].astype(float)
        columns |= dict((numbers.map(_ten_digits) if kept is None else numbers.round(kept)).items())
    return pd.DataFrame(columns, index=flat.index)


def _ten_digits(value: float) -> float:
    return float(f"{value:.10g}")


def csv_text(flat: pd.DataFrame) -> str:
    """Return the table as CSV; text and headings that a spreadsheet would run get an apostrophe."""
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n")
    write.writerow(["geoid", *map(inert, flat.columns)])
    columns = [_texts(flat[name]) for name in flat.columns]
    write.writerows(zip(map(inert, flat.index), *columns, strict=True))
    return out.getvalue()


def _texts(values: pd.Series) -> list[Any]:
    """Return what stands in the cells of one column."""
    if values.dtype == np.float64:
        return number_texts(values.to_numpy())
    return ["" if is_missing(value) else inert(value) for value in values.tolist()]


def number_texts(values: npt.NDArray[np.float64]) -> list[str]:
    """Return numbers as text; what is no number is empty."""
    known = np.isfinite(values).tolist()
    return [f"{v:.15g}" if k else "" for v, k in zip(values.tolist(), known, strict=True)]


def description(
    name: str, stem: str, dictionary: pd.DataFrame, record: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what the companion of a CSV says of it."""
    return {
        "@context": "http://www.w3.org/ns/csvw",
        "url": name,
        "dc:title": stem,
        "tableSchema": {
            "primaryKey": "geoid",
            "columns": [
                {
                    "name": str(inert(column)),
                    "titles": row["label"],
                    "datatype": _TYPES.get(str(row["dtype"]), "string"),
                    "dc:description": row["source"],
                    "equity:unit": row["unit"],
                    "equity:direction": row["direction"],
                    "equity:origin": row["origin"],
                }
                for column, row in dictionary.iterrows()
            ],
        },
        **{f"equity:{key}": value for key, value in record.items()},
    }
