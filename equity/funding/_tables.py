"""What tables of costs and of projects have in common: cells, refusals, where a cost is from."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from equity.errors import InputError
from equity.files.delimited import BLANK
from equity.provenance import Source, file_source
from equity.sources.area_rows import row_labels

__all__ = ["need_source", "own_source", "refuse_rows", "text", "yes"]

_YES, _NO = {"yes", "true", "1"}, {"", "no", "false", "0"}


def refuse_rows(bad: pd.Series, what: str, path: str | Path, *, fix: str | None = None) -> None:
    """Refuse rows of a file, by their lines."""
    if bad.any():
        raise InputError(what, file=path, rows=row_labels(bad.index, bad), fix=fix)


def need_source(frame: pd.DataFrame, path: str | Path) -> None:
    """Refuse a cost that nobody stands for."""
    refuse_rows(
        frame["cost_source"].isin(BLANK), "a cost has no source", path,
        fix="write under cost_source who says so: a bid, an award, an estimate and whose",
    )  # fmt: skip


def own_source(path: str | Path, product: str, table: pd.DataFrame) -> Source:
    """Describe a table of the plan's own."""
    made_up = bool(table["made_up"].any())
    return file_source(
        path,
        id="plan-costs",
        agency="made up to show the method" if made_up else "the plan's own table",
        product=product,
        vintage="; ".join(dict.fromkeys(filter(None, table.get("cost_as_of", [])))) or "undated",
        note="Made-up costs: nothing in them is a price." if made_up else "",
    )


def text(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return a column of stripped text; empty where it is blank or not there."""
    if name not in frame.columns:
        return pd.Series("", index=frame.index)
    return frame[name].mask(frame[name].isin(BLANK), "")


def yes(frame: pd.DataFrame, name: str, path: str | Path) -> pd.Series:
    """Return which rows say yes in a column; refuse what is neither yes nor no."""
    said = text(frame, name).str.casefold()
    odd = ~said.isin(_YES | _NO)
    word = said[odd].iloc[0] if odd.any() else ""
    refuse_rows(odd, f"{name} is {word!r}", path, fix="write yes or no; blank is no")
    return said.isin(_YES)
