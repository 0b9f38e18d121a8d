"""Whether numbers of a user's own table can be in the unit that they are said to have.

Each question names the fix, and whoever knows better says ``confirmed = true``.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from equity.errors import InputError

__all__ = ["refuse_other_unit", "refuse_shares", "refuse_wide_margins"]

_FAST = 1_000.0
_HOURS, _SECONDS = 3.0, 600.0
_FEW = 5  # so many values may all be small, or large, by chance
# What the name of a column ends in -> words in the name of the file's column that say another unit.
_OTHER_UNITS = {
    "km": {"mile", "miles", "mi", "meter", "meters", "metres", "m", "feet", "ft"},
    "min": {"hour", "hours", "hr", "hrs", "sec", "secs", "second", "seconds"},
    "mbps": {"kbps", "kbit", "kbits", "gbps", "gbit", "gbits"},
    "km2": {"sqmi", "acre", "acres", "ha", "hectares"},
}
_CONFIRM = "or say confirmed = true for the column if its unit is right"


def refuse_shares(numbers: pd.Series, path: str | Path) -> None:
    """Refuse percentages none of which is above 1: they look like shares.

    Parameters
    ----------
    numbers
        Values as they stand in the file; missing where not known.
    path
        For errors.

    Raises
    ------
    InputError
        With the two ways on.
    """
    known = numbers.dropna()
    if not known.empty and 0 < known.max() <= 1:
        raise InputError(
            f"column {numbers.name} is said to hold percentages, and none is above 1 (the largest "
            f"is {known.max():g}): these look like shares",
            file=path,
            rows=numbers.index[numbers > 0],
            fix=f'unit = "share", {_CONFIRM}',
        )


def refuse_wide_margins(margins: pd.Series, path: str | Path) -> None:
    """Refuse margins of shares that are wider than everything.

    Raises
    ------
    InputError
        Naming the rows.
    """
    bad = margins > 1
    if bad.any():
        raise InputError(
            f"column {margins.name} holds {margins[bad].iloc[0]:g}, a margin wider than any share: "
            "it looks like percentage points",
            file=path,
            rows=margins.index[bad],
            fix="give the share and its margin in one unit: divide the margins in the file by 100",
        )


def refuse_other_unit(name: str, numbers: pd.Series, path: str | Path) -> None:
    """Refuse what the column's name or all of its values show to be in another unit.

    Parameters
    ----------
    name
        Name in the result: its end says the unit wanted.
    numbers
        Values, called as in the file.
    path
        For errors.

    Raises
    ------
    InputError
        Saying which unit it looks like.
    """
    unit = next((u for u in _OTHER_UNITS if name.endswith(f"_{u}")), "")
    words = set(re.split(r"[^a-z0-9]+|(?<=[a-z])(?=\d)", str(numbers.name).lower()))
    said = sorted(words & _OTHER_UNITS.get(unit, set()))
    looks = f"is called {numbers.name}" if said else _told_by_values(unit, numbers.dropna())
    if looks:
        raise InputError(
            f"column {name} is in {_IN_WORDS[unit]}, and the file's column {looks}",
            file=path,
            fix=f"convert the column in the file and name it by its unit, {_CONFIRM}",
        )


_IN_WORDS = {
    "km": "kilometers",
    "min": "minutes",
    "mbps": "megabits a second",
    "km2": "square kilometers",
}


def _told_by_values(unit: str, known: pd.Series) -> str:
    """Say which other unit the values show, if they do."""
    known = known[known > 0]
    if len(known) < _FEW:
        return ""
    low, high = known.min(), known.max()
    if unit == "mbps" and low >= _FAST:
        return f"holds no speed below {low:,.0f}: it looks like kilobits"
    if unit == "min" and high < _HOURS:
        return f"holds no time above {high:g}: it looks like hours"
    if unit == "min" and low > _SECONDS:
        return f"holds no time below {low:,.0f}: it looks like seconds"
    return ""
