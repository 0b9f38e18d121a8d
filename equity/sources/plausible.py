"""Whether numbers of a user's own table can be in the unit that they are said to have.

Each question names the fix, and whoever knows better says ``confirmed = true``.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from equity.areas.schema import describe, has_no_sum
from equity.errors import InputError

__all__ = [
    "refuse_no_sum",
    "refuse_other_time",
    "refuse_other_unit",
    "refuse_shares",
    "refuse_wide_margins",
]

_FAST = 1_000.0
_HOURS, _SECONDS = 3.0, 600.0
_TENTH = 1e-6  # of a tenth of a point: how exactly floats hold one
_FEW = 5  # so many values may all be small, or large, by chance
# What the name of a column ends in -> words in the name of the file's column that say another unit.
_OTHER_UNITS = {
    "km": {"mile", "miles", "mi", "meter", "meters", "metres", "m", "feet", "ft"},
    "min": {"hour", "hours", "hr", "hrs", "sec", "secs", "second", "seconds"},
    "mbps": {"kbps", "kbit", "kbits", "gbps", "gbit", "gbits"},
    "km2": {"sqmi", "acre", "acres", "ha", "hectares"},
    "n": {
        "median",
        "mean",
        "average",
        "avg",
        "percent",
        "percentage",
        "pct",
        "rate",
        "rates",
        "ratio",
        "index",
        "score",
        "rank",
        "percentile",
    },
}
_TIMES = {
    "min": {"min", "mins", "minute", "minutes"},
    "h": {"h", "hour", "hours", "hr", "hrs"},
    "s": {"s", "sec", "secs", "second", "seconds"},
}
_WORDS = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z])(?=\d)|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
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


def refuse_wide_margins(
    margins: pd.Series, unit: str, path: str | Path, *, confirmed: bool = False
) -> None:
    """Refuse margins of shares that are wider than everything, or look to be in another unit.

    Margins of percentages are published to a tenth of a point: finer ones none of which is above 1
    look like shares.

    Parameters
    ----------
    margins
        Margins as they stand in the file.
    unit
        ``"share"`` or ``"percent"``.
    path
        For errors.
    confirmed
        The unit is right although the margins are small.

    Raises
    ------
    InputError
        Naming the rows.
    """
    whole = 1 if unit == "share" else 100
    bad = margins > whole
    if bad.any():
        looks = "it looks like percentage points" if unit == "share" else "it is no margin of one"
        fix = "divide the margins in the file by 100"
        raise InputError(
            f"column {margins.name} holds {margins[bad].iloc[0]:g}, a margin wider than any "
            f"{unit}: {looks}",
            file=path,
            rows=margins.index[bad],
            fix=f"give the {unit} and its margin in one unit"
            + (f": {fix}" if unit == "share" else ""),
        )
    finer = (margins * 10 - (margins * 10).round()).abs() > _TENTH
    if unit == "percent" and not confirmed and finer.any() and margins.max() <= 1:
        raise InputError(
            f"column {margins.name} is said to hold margins of percentages, and none is above 1 "
            f"(the largest is {margins.max():g}): these look like margins of shares",
            file=path,
            rows=margins.index[finer],
            fix=f"multiply the margins in the file by 100, {_CONFIRM}",
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
    said = sorted(_words(numbers.name) & _OTHER_UNITS.get(unit, set()))
    looks = f"is called {numbers.name}" if said else _told_by_values(unit, numbers.dropna())
    if looks:
        raise InputError(
            f"column {name} is in {_IN_WORDS[unit]}, and the file's column {looks}",
            file=path,
            fix=f"convert the column in the file and name it by its unit, {_CONFIRM}",
        )


def refuse_other_time(costs: pd.Series, minutes: pd.Series, unit: str, path: str | Path) -> None:
    """Refuse times whose column's name, or all of whose values, show another unit than is said.

    Parameters
    ----------
    costs, minutes
        Times called and counted as in the file, and the same in minutes.
    unit
        A key of the units of time.
    path
        For errors.

    Raises
    ------
    InputError
        Saying which unit it looks like.
    """
    others = [other for other in _TIMES if other != unit and _words(costs.name) & _TIMES[other]]
    looks = f"is called {costs.name}" if others and not _words(costs.name) & _TIMES[unit] else ""
    known = costs[minutes > 0]
    if not looks and _told_by_values("min", minutes.dropna()):
        low, high = known.min(), known.max()
        looks = f"holds times of {low:g} to {high:g}, no trips in that unit"
    if looks:
        raise InputError(
            f"the times are said to be in {unit!r}, and column {costs.name} {looks}",
            file=path,
            fix=f"give the unit that the file has ({', '.join(_TIMES)}), or say confirmed = true "
            "if it is right",
        )


def refuse_no_sum(name: str, column: str, path: str | Path) -> None:
    """Refuse a median, or another figure of the survey that does not add up, for a count.

    Parameters
    ----------
    name
        Name in the result; what counts and adds up is known of it.
    column
        Column of the file; nothing is known of one that is no code of the survey.
    path
        For errors.

    Raises
    ------
    InputError
        If the one adds up and the other does not.
    """
    code = re.sub(r"^([BC]\d{5}[A-Z]*)_?(\d{3})E?$", r"\1_\2E", column.strip().upper())
    if has_no_sum(code) and describe([name])[0].adds:
        raise InputError(
            f"{name} is a count, which is added up, and {column} is none: its values have no sum",
            file=path,
            fix="take the column that counts, or give it a name that is none of a count",
        )


def _words(name: object) -> set[str]:
    return {word.lower() for word in _WORDS.split(str(name))}


_IN_WORDS = {
    "km": "kilometers",
    "min": "minutes",
    "mbps": "megabits a second",
    "km2": "square kilometers",
    "n": "a count",
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
