"""Identity of areas: levels, ids in every real spelling, vintages.

A GEOID is text. Its length tells the level and its first two digits the state; tools lose its
leading zeros, prefix it, or turn it into a decimal number. :func:`normalize` undoes exactly what
can be undone without a guess, and refuses the rest.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from equity.areas._spelling import (
    AS_TEXT,
    EITHER,
    IN_COUNTIES,
    LEVELS,
    NATION_ID,
    NESTED_IN_STATE,
    SPELLING,
    SUMMARY_LEVEL,
    Where,
    as_text,
    could_be,
    is_part,
    length_of,
    no_county,
    of_others,
    refuse,
    respelled,
    unwrapped,
    zeros_kept,
)
from equity.areas._states import EXAMPLE_STATE, NATION, STATES, State
from equity.areas.vintage import in_a_county
from equity.errors import GeoidError, InputError, VintageError

__all__ = [
    "EXAMPLE_STATE",
    "LEVELS",
    "NATION",
    "STATES",
    "State",
    "find_state",
    "geo_id",
    "geo_vintage_for",
    "is_water",
    "normalize",
    "of_other_level",
    "parent",
    "state_names",
]

_NATION = {"", "0", "00", "1", "US", "0100000US", "010US"}


def find_state(value: str | int) -> State:
    """Return the state a code or name means.

    Parameters
    ----------
    value
        FIPS code (``51``, ``"51"``, ``9``), USPS code (``"VA"``) or name (``"virginia"``).

    Raises
    ------
    InputError
        If no state has it.

    Examples
    --------
    >>> find_state("VA").fips
    '51'
    >>> find_state(9).name
    'Connecticut'
    """
    text = str(value).strip()
    if text.isdigit() and text.zfill(2) in STATES:
        return STATES[text.zfill(2)]
    for state in STATES.values():
        if text.upper() == state.usps or text.casefold() == state.name.casefold():
            return state
    names = {state.name.casefold(): state.name for state in STATES.values()}
    # A slip of the pen is close; "Narnia" is not California.
    close = difflib.get_close_matches(text.casefold(), names, n=1, cutoff=0.8)
    codes = ", ".join(state.usps for state in STATES.values() if not state.synthetic)
    raise InputError(
        f"{text!r} is no state",
        fix=f"did you mean {names[close[0]]}?"
        if close
        else f"use a name (Virginia), a FIPS code (51) or a postal code: {codes}",
    )


def state_names(text: str) -> list[str]:
    """Return the states that a text names, with commas between, or all of ``US``, as text.

    Examples
    --------
    >>> state_names("DE, Virginia"), len(state_names("US"))
    (['DE', 'Virginia'], 52)
    """
    whole = text.strip().casefold() in {"us", "usa", "united states"}
    return list(NATION) if whole else [name.strip() for name in text.split(",")]


def normalize(
    values: pd.Series | Iterable[object],
    *,
    level: str,
    state: str | None = None,
    file: str | Path | None = None,
    first_line: int | None = None,
) -> pd.Series:
    """Return ids as text of the right length.

    Accepted: plain ids; ``1400000US…``, ``140US…`` and ``G…`` prefixes, NHGIS's ``GISJOIN``; whole
    numbers and decimals that end in ``.0``; numbers that lost one leading zero (ZCTAs: two); what
    spreadsheets write (``="…"``, an apostrophe, spaces, thousands separators, and powers of ten
    where some id of the column shows all its digits). A prefix must be that of the level, what
    follows it must be whole, and the county must exist in some vintage.

    Parameters
    ----------
    values
        Series, array or list of ids; a Series keeps its index.
    level
        Key of :data:`LEVELS` the ids must have.
    state
        FIPS code every id must start with.
    file
        Name to put into an error.
    first_line
        Line of the first value in that file, so that errors speak of lines; by default they name
        the Series' own index labels.

    Returns
    -------
    pandas.Series
        Ids of dtype ``str``, with the caller's index.

    Raises
    ------
    GeoidError
        If an id is missing or cut, is no id of this level, or lies in no county or another state.

    Examples
    --------
    >>> normalize(["1400000US10001040100", 1001020100, "51001090101.0"], level="tract").tolist()
    ['10001040100', '01001020100', '51001090101']
    """
    length = length_of(level)
    series = values if isinstance(values, pd.Series) else pd.Series(list(values))
    where = Where(series.index, file, first_line)
    text = as_text(series, length)
    if level == "nation":
        return _nation(text, where)
    if not text.str.fullmatch(rf"[0-9]{{{length}}}").all():
        text = respelled(text, level, where)
    if level in NESTED_IN_STATE:
        refuse(~text.str[:2].isin(STATES), text, where, ("start with no state's code", AS_TEXT))
    if level in IN_COUNTIES:
        nowhere = ~in_a_county(text)
        refuse(nowhere, text, where, ("lie in no county that exists", no_county(text[nowhere])))
    if state is not None:
        name = find_state(state).name
        refuse(
            text.str[:2] != find_state(state).fips,
            text,
            where,
            (
                f"are not in {name}",
                "set multi_state if the file covers several states, or name the right one",
            ),
        )
    return text.astype(str)


def of_other_level(values: pd.Series, level: str, *, file: str | Path | None = None) -> pd.Series:
    """Return True for the ids of other levels than this one, in any spelling.

    An id that could be one of this level without its leading zero is one of this level, unless
    others show theirs; words and ids of no level are not of another one.

    Raises
    ------
    GeoidError
        If ids could be either, and others of so many digits are certainly of another level.
    """
    text = as_text(values, length_of(level))
    parts = unwrapped(text, level).str.extract(SPELLING)
    digits = parts["digits"].fillna("")
    if level == "county":  # the rest of a state, or all of it
        digits = digits.str.replace(r"^([0-9]{1,2})000$", r"\1", regex=True)
    told = parts["level"].isin(set(SUMMARY_LEVEL.values()) - {SUMMARY_LEVEL[level]})
    others = [could_be(digits, name) for name in NESTED_IN_STATE - {level}]
    mine = could_be(digits, level, lost=not zeros_kept(parts))
    whole = (
        parts["prefix"].isna() & (digits.str.len() == LEVELS[level] - 1) & of_others(digits, level)
    )
    if (whole & ~mine).any():
        refuse(whole & mine, text, Where(values.index, file, None), EITHER)
    plain = np.logical_or.reduce(others) & ~mine
    told |= text.str.fullmatch(NATION_ID) & (level != "nation")
    other: pd.Series = told | is_part(parts) | (plain & parts["level"].isna())
    return other


def geo_id(geoids: Iterable[str] | pd.Series, level: str) -> pd.Series:
    """Return ``1400000US…`` identifiers, which no tool turns into numbers.

    Parameters
    ----------
    geoids
        Ids of one level.
    level
        Key of :data:`LEVELS`.
    """
    length_of(level)
    series = geoids if isinstance(geoids, pd.Series) else pd.Series(list(geoids), dtype=object)
    return f"{SUMMARY_LEVEL[level]}0000US" + series.astype(str)


def parent(geoids: pd.Series | Iterable[str], level: str) -> pd.Series:
    """Return the id of the area of ``level`` that holds each area, by cutting digits.

    Raises
    ------
    GeoidError
        If an id is shorter than the level asked for.
    """
    length = length_of(level)
    series = geoids if isinstance(geoids, pd.Series) else pd.Series(list(geoids), dtype=object)
    if not series.map(lambda one: isinstance(one, str)).all():
        raise GeoidError("ids are no text", rows=series[:5], fix="read them as text: dtype=str")
    short = series.str.len() < length
    if short.any():
        raise GeoidError(f"ids are not inside a {level}", rows=series[short])
    return series.str[:length]


def is_water(tracts: pd.Series | Iterable[str]) -> pd.Series:
    """Return True for tracts of water only (codes ``9900`` to ``9999``).

    Cartographic boundary files leave them out; they hold no people and no locations.
    """
    series = tracts if isinstance(tracts, pd.Series) else pd.Series(list(tracts), dtype=object)
    return series.str[5:7] == "99"


def geo_vintage_for(product: str, year: int) -> str:
    """Return the geographic vintage of a product's areas.

    Parameters
    ----------
    product
        ``"acs"``, ``"boundaries"``, ``"bdc"``, ``"form477"`` or ``"decennial"``.
    year
        Vintage of the product: last year of an ACS period, year of a boundary file, year of a
        filing, year of a census.

    Returns
    -------
    str
        ``"2010"``, ``"2020"``, or ``"2020-CT2022"``: 2020 tracts whose Connecticut ids carry the
        planning regions that replaced its counties in 2022.

    Raises
    ------
    VintageError
        If the product is not known or began after ``year``.
    """
    if isinstance(year, bool) or not isinstance(year, int | np.integer) or year > 2099:
        raise VintageError(f"{year!r} is no year", fix="give it as a whole number, such as 2023")
    if product in {"acs", "boundaries"}:
        if year < 2010:
            raise VintageError(f"{product} {year} uses areas older than 2010")
        return "2010" if year < 2020 else "2020" if year < 2022 else "2020-CT2022"
    if product == "bdc":
        return "2020"
    if product == "form477":
        return "2010"
    if product == "decennial" and year in {2010, 2020}:
        return str(year)
    raise VintageError(f"no areas known for {product!r} {year}")


def _nation(text: pd.Series, where: Where) -> pd.Series:
    bad = ~text.isin(_NATION)
    refuse(bad, text, where, ("are not the nation", None))
    return text.mask(~bad, "").astype(str)
