"""States and ZIP codes as address lists write them: in any spelling, repaired where it is sure."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pandas as pd

from equity.areas.geoid import STATES, find_state
from equity.errors import InputError

__all__ = ["of_states", "postal_codes", "spellings", "zip_codes"]

# Military addresses and the freely associated states have postal codes and are no states.
_OTHERS = {"AA", "AE", "AP", "FM", "MH", "PW"}
_BEGIN_WITH_ZERO = {"CT", "MA", "ME", "NH", "NJ", "RI", "VT", "AE"}
_BEGIN_WITH_ZEROS = {"PR", "VI"}
_LOST = {5: "", 9: "", 4: "0", 8: "0", 3: "00", 7: "00"}
"""Digits of a ZIP code, or of one with four more -> what was lost in front."""


@cache
def spellings() -> dict[str, str]:
    """Return each way to write a state, in capitals without points -> its postal code."""
    names = {s.name.upper().replace(".", ""): s.usps for s in STATES.values()}
    return names | {s.usps: s.usps for s in STATES.values()} | {o: o for o in _OTHERS}


def postal_codes(states: pd.Series) -> pd.Series:
    """Return the states' postal codes; what is no state stays as it is.

    Examples
    --------
    >>> postal_codes(pd.Series(["Virginia", " va ", "Ontario"])).tolist()
    ['VA', 'VA', 'Ontario']
    """
    text = states.str.strip()
    known = text.str.upper().str.replace(".", "", regex=False).map(spellings())
    return known.where(known.notna(), text)


def of_states(states: pd.Series, wanted: Iterable[str] | None, path: str | Path) -> pd.Series:
    """Return True for rows in one of the wanted states.

    Parameters
    ----------
    states
        From :func:`postal_codes`, with the rows of the file as index.
    wanted
        FIPS codes, postal codes or names; all rows by default.
    path
        For errors.

    Raises
    ------
    InputError
        If a row's state is a word that is none: it could be one of those wanted.
    """
    odd = ~states.isin(spellings().values())
    if odd.any():
        raise InputError(
            f"{int(odd.sum()):,} rows have a state that is none: {states[odd].iloc[0]!r}",
            file=path,
            rows=[row + 1 if isinstance(row, int) else row for row in states.index[odd]],
            fix="write the postal code there, such as VA",
        )
    if wanted is None:
        return pd.Series(data=True, index=states.index)
    return states.isin([find_state(state).usps for state in wanted])


def zip_codes(text: pd.Series, states: pd.Series) -> pd.Series:
    """Return ZIP codes of five digits, with their four more where they have them.

    Zeros in front that a spreadsheet took are put back where the state's codes begin with them.

    Parameters
    ----------
    text
        Codes as written, with or without a hyphen.
    states
        Postal codes of the states.

    Returns
    -------
    pandas.Series
        ``02134`` or ``02134-1234``; None where it is malformed.

    Examples
    --------
    >>> zip_codes(pd.Series(["2134", "21341234", "2134"]), pd.Series(["MA", "MA", "VA"])).tolist()
    ['02134', '02134-1234', None]
    """
    digits = text.str.replace(r"\.0$", "", regex=True).str.replace(r"[\s-]", "", regex=True)
    digits = digits.where(digits.str.fullmatch(r"[0-9]+"), "")
    lost = digits.str.len().map(_LOST)
    sure = (lost == "") | ((lost == "0") & states.isin(_BEGIN_WITH_ZERO))
    sure |= (lost == "00") & states.isin(_BEGIN_WITH_ZEROS)
    whole = lost.fillna("") + digits
    more = whole.str[5:]
    return (whole.str[:5] + ("-" + more).where(more != "", "")).astype(object).where(sure, None)
