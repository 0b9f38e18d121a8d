"""Cells of a user's own table: sentinels, units, and the rows that are meant."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from equity.errors import InputError
from equity.files.delimited import BLANK
from equity.language import said
from equity.sources.area_rows import floats, require_columns
from equity.sources.plausible import refuse_other_unit, refuse_shares, refuse_wide_margins

_SAID = {"true", "false", "yes", "no"}  # known, and no number
_SENTINELS = [*(1 - 10.0**n for n in range(3, 11)), *(-111111111.0 * n for n in range(2, 9))]
"""-999 and longer, and the codes of the American Community Survey: no measurement is one."""
_NEVER_NEGATIVE = ("_km", "_km2", "_min", "_mbps")
_SLACK = 1e-9  # rounding in the publisher's own division


@dataclass
class Cells:
    """Reads cells of one file; counts what it took for missing."""

    path: str | Path
    missing: Sequence[float | str] = ()
    notes: list[str] = field(default_factory=list)
    met: set[str] = field(default_factory=set)

    @property
    def unmet(self) -> list[str]:
        """What no cell that was read holds of the values listed as missing, as a note says it."""
        lost = [value for value in map(str, self.missing) if value not in self.met]
        told = f"{Path(self.path).name}: no cell holds {', '.join(lost)}, listed as missing"
        return [told] if lost else []

    def text(self, column: pd.Series) -> pd.Series:
        """Return text, None where nothing is known."""
        text = column.str.strip()
        unknown = text.isin(BLANK) | self._listed(text)
        return text.astype(object).mask(unknown, None)

    def numbers(
        self, column: pd.Series, unit: str, *, name: str = "", confirmed: bool = False
    ) -> pd.Series:
        """Return numbers in the package's units, which are those of their `name` if it has one.

        Raises
        ------
        InputError
            If a cell is text, infinite, or outside what its unit allows.
        """
        numbers = self._floats(column, unit)
        low, high = _limits(unit)
        bad = (numbers < low - _SLACK) | (numbers > high + _SLACK)
        if bad.any():
            raise InputError(
                f"column {column.name} holds {numbers[bad].iloc[0]:g}, which is no {unit}",
                file=self.path,
                rows=numbers.index[bad],
                fix=_hint(numbers, bad, unit),
            )
        if unit == "number" and not confirmed:
            _refuse_sentinels(name, numbers, self.path)
        if unit == "percent" and not confirmed:
            refuse_shares(numbers, self.path)
        elif not confirmed:
            refuse_other_unit(name, numbers, self.path)
        parts = int((numbers % 1 > 0).sum()) if unit == "count" else 0
        if parts:
            self.notes.append(
                said(
                    "{file}: {n} counts of {column} are not whole numbers",
                    file=Path(self.path).name,
                    n=f"{parts:,}",
                    column=column.name,
                )
            )
        return numbers.clip(low, high) / (100 if unit == "percent" else 1)

    def margins(self, column: pd.Series, unit: str, *, confirmed: bool = False) -> pd.Series:
        """Return margins of error in the package's units.

        Raises
        ------
        InputError
            If a cell is text, infinite or negative.
        """
        margins = self._floats(column, unit, sign=r"^(±|\+/-) ?")
        bad = margins < 0
        if bad.any():
            raise InputError(
                f"column {column.name} holds {margins[bad].iloc[0]:g}, which is no margin of error",
                file=self.path,
                rows=margins.index[bad],
                fix=_sentinel(margins[bad].iloc[0]),
            )
        if unit in {"share", "percent"}:
            refuse_wide_margins(margins, unit, self.path, confirmed=confirmed)
        return margins / (100 if unit == "percent" else 1)

    def _floats(self, column: pd.Series, unit: str, *, sign: str = "") -> pd.Series:
        text = column.str.strip()
        if unit == "percent":
            text = text.str.replace(r" ?%$", "", regex=True)
        elif unit == "usd":
            text = text.str.removeprefix("$")
        if sign:
            text = text.str.replace(sign, "", regex=True)
        unknown = text.isin(BLANK)
        listed = self._listed(text) & ~unknown
        if listed.any():
            self.notes.append(
                said(
                    "{file}: {n} cells of {column} say that nothing is known",
                    file=Path(self.path).name,
                    n=f"{int(listed.sum()):,}",
                    column=column.name,
                )
            )
        return floats(
            text,
            unknown | listed,
            self.path,
            fix=_number_fix,
        )

    def _listed(self, text: pd.Series) -> pd.Series:
        if not self.missing:
            return pd.Series(data=False, index=text.index)
        self.met |= {str(value) for value in self.missing if _equal(text, [value]).any()}
        return _equal(text, list(self.missing))


def rows_matching(frame: pd.DataFrame, where: Mapping[str, Any], path: str | Path) -> pd.DataFrame:
    """Keep the rows whose columns hold the given values.

    Parameters
    ----------
    frame
        Text table.
    where
        Column -> value or several; numbers match however they are written (``2020``, ``2020.0``).
    path
        For errors.

    Raises
    ------
    MissingColumnError
        If a column is absent.
    InputError
        If no row has one of the values; those that do occur are named.
    """
    require_columns(frame, where, path)
    for name, value in where.items():
        values = list(value) if isinstance(value, list | tuple | set) else [value]
        text = frame[name].str.strip()
        there = text.drop_duplicates()
        lost = [one for one in values if not _equal(there, [one]).any()]
        keep = _equal(text, values)
        if lost or not keep.any():
            told = ", ".join(map(repr, there.head(8)))
            raise InputError(
                f"no row has {name} = {', '.join(map(repr, lost))}",
                file=path,
                fix=f"it holds {told}",
            )
        frame = frame[keep]
    return frame


def _equal(text: pd.Series, values: Sequence[Any]) -> pd.Series:
    same = text.isin([str(value).strip() for value in values])
    amounts = pd.to_numeric(pd.Series([str(value) for value in values]), errors="coerce").dropna()
    if len(amounts):
        same |= pd.to_numeric(text, errors="coerce").isin(amounts.tolist())
    return same


def _limits(unit: str) -> tuple[float, float]:
    high = {"share": 1.0, "percent": 100.0}.get(unit, np.inf)
    return (-np.inf if unit == "number" else 0.0, high)


def _hint(numbers: pd.Series, bad: pd.Series, unit: str) -> str:
    worst = numbers[bad]
    if (worst < 0).any():
        return _sentinel(worst[worst < 0].iloc[0])
    if unit == "share" and (numbers.dropna() <= 100).all():
        return 'these look like percentages: unit = "percent"'
    return 'if it is a number of people or homes, unit = "count"'


def _refuse_sentinels(name: str, numbers: pd.Series, path: str | Path) -> None:
    """Refuse what publishers write for "not known" where any number may stand."""
    bad = numbers.isin(_SENTINELS)
    if name.endswith(_NEVER_NEGATIVE):
        bad |= numbers < 0
    if bad.any():
        raise InputError(
            f"column {numbers.name} holds {numbers[bad].iloc[0]:g}, which measures nothing",
            file=path,
            rows=numbers.index[bad],
            fix=f"{_sentinel(numbers[bad].iloc[0])}; or say confirmed = true for the column",
        )


def _number_fix(odd: str) -> str:
    if odd.endswith("%"):
        return 'unit = "percent"'
    if odd.startswith("$"):
        return 'unit = "usd"'
    if re.match(r"\W*\d", odd) or odd.casefold() in _SAID:
        return "write it as a number, with a point before decimals and without units or signs"
    return f'if it stands for "not known", list it: missing = [{odd!r}]'


def _sentinel(value: float) -> str:
    said = f"{value:.0f}" if value % 1 == 0 else f"{value:g}"
    return f'if it stands for "not known", list it: missing = [{said}]'
