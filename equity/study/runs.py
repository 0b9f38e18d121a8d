"""A folder that a run wrote, read again: its table and its record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import pandas as pd

from equity.errors import FormatError, MissingFileError
from equity.language import ENGLISH
from equity.outputs.ownership import RECORD, owned_files
from equity.provenance import sha256_of

__all__ = ["Run", "language_of", "read_run"]

_TABLE = "communities.parquet"


class Run(NamedTuple):
    """What a run wrote."""

    table: pd.DataFrame
    record: dict[str, Any]

    @property
    def headline(self) -> str:
        """Id of the rule that its plain columns are under."""
        rules = [rule for rule in self.record.get("rules", []) if rule.get("headline")]
        return str(rules[0]["id"]) if rules else ""


def language_of(folder: str | Path | None) -> str:
    """Return the language that a run wrote its folder in; English where no run stands."""
    path = Path(folder or ".") / RECORD
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["language"])
    except (OSError, ValueError, TypeError, KeyError):  # a reader of the run says what is wrong
        return ENGLISH


def read_run(folder: str | Path) -> Run:
    """Read the table and the record of a folder that ``equity run`` wrote.

    Raises
    ------
    MissingFileError
        If the folder holds no run, or its table is gone.
    FormatError
        If the table is not what the run wrote.
    """
    folder = Path(folder)
    owned, path = owned_files(folder), folder / _TABLE
    if owned is None or _TABLE not in owned or not path.is_file():
        raise MissingFileError(
            f"no run stands there: it takes {RECORD} and {_TABLE}",
            file=folder,
            fix="name folders that `equity run` wrote",
        )
    if sha256_of(path) != owned[_TABLE]:
        raise FormatError(
            "the table was changed since the run wrote it", file=path, fix="run the study again"
        )
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    try:
        return Run(gpd.read_parquet(path), record)
    except ValueError:  # a table without a single polygon
        return Run(pd.read_parquet(path), record)
