"""Whom a line, a connected home, or both would bring in, less whom a commitment already will."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from equity.errors import InputError, MissingColumnError
from equity.measures.recover import recover
from equity.provenance import carry

__all__ = ["Uncovered", "gains_of", "without_covered"]

_SETS = {"line": ("line",), "home": ("home",), "line+home": ("line", "home")}


def gains_of(table: pd.DataFrame) -> pd.DataFrame:
    """Return, by area, how many people each bundle brings in: ``line``, ``home``, ``line+home``."""
    found = recover(table, _SETS.values())
    found = found.clip(lower=0.0)
    return carry(found.set_axis(list(_SETS), axis="columns"), table)


class Uncovered(NamedTuple):
    """A table as if commitments were kept, and what that leaves out."""

    table: pd.DataFrame
    people_n: float
    locations_n: float
    areas_n: int


def without_covered(table: pd.DataFrame, covered: pd.Series | str | None) -> Uncovered:
    """Take the lines as built that an enforceable commitment already covers.

    Parameters
    ----------
    table
        Area table of :func:`equity.recover`.
    covered
        By area id, or the name of a column: the part (0 to 1, or yes and no) of the locations
        without a qualifying line that is covered. Areas not listed have none.

    Returns
    -------
    Uncovered
        The table with ``qualifying_share`` (and ``qualifying_n``) lifted; people of the gap whom
        the commitments bring in; locations they cover; areas with any.

    Raises
    ------
    InputError
        If a part is no number or outside 0 to 1, or an area is not in the table or stands twice.
    MissingColumnError
        If there is no such column.
    """
    if covered is None:
        return Uncovered(table, 0.0, 0.0, 0)
    if isinstance(covered, str):
        if covered not in table.columns:
            raise MissingColumnError(
                f"the table has no column {covered}", fix="pass the part of the lines by area id"
            )
        covered = table[covered]
    strange = covered.index.difference(table.index)
    if len(strange):
        raise InputError(
            "covered lists areas that the table does not have", rows=strange.tolist(),
            fix="pass the ids of the run's own areas",
        )  # fmt: skip
    twice = covered.index.duplicated()
    if twice.any():
        raise InputError(
            "covered lists an area twice", rows=covered.index[twice].tolist(),
            fix="list each area once",
        )  # fmt: skip
    numbers = pd.to_numeric(covered, errors="coerce").astype("Float64").astype(float)
    bad = (numbers.isna() & covered.notna()) | (numbers < 0) | (numbers > 1 + 1e-9)
    part = numbers.reindex(table.index).fillna(0.0)
    if bad.any():
        raise InputError(
            "covered is no number, or lies outside 0 to 1", rows=covered.index[bad].tolist(),
            fix="give the part of the locations without a line that is covered",
        )  # fmt: skip
    line = table["qualifying_share"]
    lifted = {"qualifying_share": line + part * (1 - line)}
    locations = 0.0
    if {"locations_n", "qualifying_n"} <= set(table.columns):
        lacking = (table["locations_n"] - table["qualifying_n"]).clip(lower=0.0) * part
        locations = float(lacking.sum())
        lifted["qualifying_n"] = table["qualifying_n"] + lacking
    left = carry(table.assign(**lifted), table)
    before, after = (gains_of(one)["line+home"] for one in (table, left))
    people = float(np.nansum(before - after))
    return Uncovered(left, people, locations, int((part > 0).sum()))
