"""Identity of areas: levels, ids in every real spelling, vintages.

A GEOID is text. Its length tells the level and its first two digits the state; tools lose its
leading zeros, prefix it, or turn it into a decimal number. :func:`normalize` undoes exactly what
can be undone without a guess, and refuses the rest.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

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

LEVELS: dict[str, int] = {
    "nation": 0,
    "state": 2,
    "county": 5,
    "county_subdivision": 10,
    "tract": 11,
    "block_group": 12,
    "block": 15,
    "place": 7,
    "zcta": 5,
}
"""Level name -> number of digits."""

# Census summary levels: the first three characters of a geographic identifier (GEO_ID).
_SUMMARY_LEVEL = {
    "nation": "010",
    "state": "040",
    "county": "050",
    "county_subdivision": "060",
    "tract": "140",
    "block_group": "150",
    "block": "100",
    "place": "160",
    "zcta": "860",
}
# 1400000US51001090101, 140US…, 860Z200US00601, G51001090101, 51001090101, 51001090101.0
_SPELLING = (
    r"^(?P<prefix>(?P<level>[0-9]{3})(?P<part>[0-9A-Z]{0,4})US|G)?(?P<digits>[0-9]+)(?:\.0*)?$"
)
# Between level and US: a variant, then the component, which is 00 for the whole of an area.
_WHOLE = r"(?:(?:[0-9A-Z]{2})?00)?"
# What a spreadsheet puts round an id: ="…", an apostrophe, thousands separators; spaces anywhere.
_WRAPPED = re.compile(r'^(?:="(.*)"|[\'\u2018\u2019`](.*))$')
_THOUSANDS = re.compile(r"^[0-9]{1,3}(?:,[0-9]{3})+$")
_SCIENTIFIC = re.compile(r"^([0-9])(?:\.([0-9]+))?[eE]\+?([0-9]{1,2})$")
# NHGIS writes a zero after the state and after the county: G5100010090101.
_GISJOIN = {
    "state": r"^G([0-9]{2})0$",
    "county": r"^G([0-9]{2})0([0-9]{3})0$",
    "tract": r"^G([0-9]{2})0([0-9]{3})0([0-9]{6})$",
    "block_group": r"^G([0-9]{2})0([0-9]{3})0([0-9]{7})$",
    "block": r"^G([0-9]{2})0([0-9]{3})0([0-9]{10})$",
}
_NATION = {"", "0", "00", "1", "US", "0100000US", "010US"}
_NESTED_IN_STATE = set(LEVELS) - {"nation", "zcta"}
_IN_COUNTIES = ("county", "county_subdivision", "tract", "block_group", "block")


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
    length = _length(level)
    series = values if isinstance(values, pd.Series) else pd.Series(list(values))
    where = _Where(series.index, file, first_line)
    text = _as_text(series, length)
    if level == "nation":
        return _nation(text, where)
    if not text.str.fullmatch(rf"[0-9]{{{length}}}").all():
        text = _respelled(text, level, where)
    if level in _NESTED_IN_STATE:
        _refuse(~text.str[:2].isin(STATES), text, where, ("start with no state's code", _AS_TEXT))
    if level in _IN_COUNTIES:
        nowhere = ~in_a_county(text)
        _refuse(nowhere, text, where, ("lie in no county that exists", _no_county(text[nowhere])))
    if state is not None:
        name = find_state(state).name
        _refuse(
            text.str[:2] != find_state(state).fips,
            text,
            where,
            (
                f"are not in {name}",
                "set multi_state if the file covers several states, or name the right one",
            ),
        )
    return text.astype(str)


def of_other_level(values: pd.Series, level: str) -> pd.Series:
    """Return True for the ids of other levels than this one, in any spelling.

    An id that could be one of this level without its leading zero is one of this level; words and
    ids of no level are not of another one.
    """
    parts = _unwrapped(_as_text(values, _length(level)), level).str.extract(_SPELLING)
    digits = parts["digits"].fillna("")
    if level == "county":  # the rest of a state, or all of it
        digits = digits.str.replace(r"^([0-9]{1,2})000$", r"\1", regex=True)
    told = parts["level"].isin(set(_SUMMARY_LEVEL.values()) - {_SUMMARY_LEVEL[level]})
    others = [_could_be(digits, name) for name in _NESTED_IN_STATE - {level}]
    plain = np.logical_or.reduce(others) & ~_could_be(digits, level)
    other: pd.Series = told | _is_part(parts) | (plain & parts["level"].isna())
    return other


def _could_be(digits: pd.Series, level: str) -> pd.Series:
    """Return True for digits that are an id of a level, or one that lost its first zero."""
    length = LEVELS[level]
    whole = digits.str.zfill(length)
    real = in_a_county(whole) if level in _IN_COUNTIES else whole.str[:2].isin(STATES)
    return real & digits.str.len().isin([length - 1, length])


def geo_id(geoids: Iterable[str] | pd.Series, level: str) -> pd.Series:
    """Return ``1400000US…`` identifiers, which no tool turns into numbers.

    Parameters
    ----------
    geoids
        Ids of one level.
    level
        Key of :data:`LEVELS`.
    """
    _length(level)
    series = geoids if isinstance(geoids, pd.Series) else pd.Series(list(geoids), dtype=object)
    return f"{_SUMMARY_LEVEL[level]}0000US" + series.astype(str)


def parent(geoids: pd.Series | Iterable[str], level: str) -> pd.Series:
    """Return the id of the area of ``level`` that holds each area, by cutting digits.

    Raises
    ------
    GeoidError
        If an id is shorter than the level asked for.
    """
    length = _length(level)
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


class _Where:
    """Turns positions into what a reader can find: lines of a file, or index labels."""

    def __init__(self, index: pd.Index, file: str | Path | None, first_line: int | None) -> None:
        self.index, self.file, self.first_line = index, file, first_line

    def rows(self, bad: pd.Series) -> list[object]:
        positions = np.flatnonzero(bad.to_numpy())
        if self.first_line is not None:
            return [f"line {int(position) + self.first_line}" for position in positions]
        labels = list(self.index[positions])
        # A reader's index: the line of a text file, or the row of anything else.
        return [f"line {n}" for n in labels] if self.index.name == "line" else labels


def _refuse(
    bad: pd.Series, text: pd.Series, where: _Where, problem: tuple[str, str | None]
) -> None:
    if not bad.any():
        return
    examples = ", ".join(repr(value) for value in text[bad].head(3) if value)
    raise GeoidError(
        f"{int(bad.sum()):,} ids {problem[0]}" + (f": {examples}" if examples else ""),
        file=where.file,
        rows=where.rows(bad),
        fix=problem[1],
    )


def _respelled(text: pd.Series, level: str, where: _Where) -> pd.Series:
    length = _length(level)
    _refuse(text == "", text, where, ("are blank", "every row needs the id of its area"))
    plain = _unwrapped(text, level)
    _refuse(plain.str.match(_SCIENTIFIC), text, where, _CUT)
    parts = plain.str.extract(_SPELLING)
    other = parts["level"].notna() & (parts["level"] != _SUMMARY_LEVEL[level])
    _refuse(other, text, where, _length_problem(level, length))
    _refuse(_is_part(parts), text, where, _PART)
    digits = parts["digits"].fillna("")
    # Only a number can have lost zeros: one, as no state's code starts with two; ZCTAs do.
    lost = 2 if level == "zcta" else 1
    short = parts["prefix"].isna() & digits.str.len().between(max(1, length - lost), length - 1)
    digits = digits.mask(short, digits.str.zfill(length))
    _refuse(digits.str.len() != length, text, where, _length_problem(level, length))
    return digits


_AS_TEXT = "read the column as text, so that no zero is lost"
_CUT = (
    "were rounded to powers of ten by a spreadsheet",
    "the last digits are lost: take the file as published, and import the column of ids as text",
)


_PART = (
    "are of parts of areas (geographic components, such as what is urban in a state)",
    "keep the rows of whole areas, whose component is 00: 0400000US51",
)


def _is_part(parts: pd.DataFrame) -> pd.Series:
    return parts["part"].notna() & ~parts["part"].fillna("").str.fullmatch(_WHOLE)


def _unwrapped(text: pd.Series, level: str) -> pd.Series:
    """Undo what spreadsheets and NHGIS do to ids; powers of ten that are not whole stay."""
    text = text.str.replace(_WRAPPED, lambda found: found[1] or found[2] or "", regex=True)
    text = text.str.replace(r"\s+", "", regex=True)
    text = text.mask(text.str.match(_THOUSANDS), text.str.replace(",", "", regex=False))
    if level in _GISJOIN:
        text = text.str.replace(
            re.compile(_GISJOIN[level]), lambda found: "".join(found.groups()), regex=True
        )
    powers = text.str.extract(_SCIENTIFIC)
    digits = (powers[0] + powers[1].fillna("")).fillna("")
    places = pd.to_numeric(powers[2]).add(1).fillna(-1).astype(int)
    # Trailing zeros are left out of 5.10010902E+10, as rounded ones are: a whole long id tells.
    if not ((digits.str.len() == places) & (places == places.max())).any():
        return text
    whole = digits.str.len().between(1, places)
    zeros = pd.Series(["0" * max(0, n) for n in places - digits.str.len()], index=text.index)
    return text.mask(whole, digits + zeros)


def _no_county(ids: pd.Series) -> str:
    """Say what ids without a county are, if one zero in front gives them one."""
    longer = next((name for name in _IN_COUNTIES if LEVELS[name] == ids.str.len().max() + 1), None)
    if longer is None or not in_a_county("0" + ids).all():
        return "correct these ids at their source, or take their rows out of the file"
    return f'they look like ids without their first zero of the level "{longer}": level="{longer}"'


def _nation(text: pd.Series, where: _Where) -> pd.Series:
    bad = ~text.isin(_NATION)
    _refuse(bad, text, where, ("are not the nation", None))
    return text.mask(~bad, "").astype(str)


def _length(level: str) -> int:
    if level not in LEVELS:
        raise InputError(f"{level!r} is no level", fix=f"choose from {', '.join(LEVELS)}")
    return LEVELS[level]


def _length_problem(level: str, length: int) -> tuple[str, str]:
    noun = level.replace("_", " ")
    return (
        f"are no {noun} ids ({length} digits)",
        f"read the column as text and check that the table holds one row per {noun}",
    )


def _as_text(series: pd.Series, length: int) -> pd.Series:
    if pd.api.types.is_float_dtype(series):
        if np.finfo(series.to_numpy().dtype).bits < 64 and length > 7:
            raise GeoidError(
                f"ids of {length} digits do not fit the {series.dtype} they are stored in",
                fix="read the column as text",
            )
        whole = series.notna() & (series % 1 == 0) & (series.abs() < 2**53)
        return series.where(whole).astype("Int64").astype("string").fillna("").astype(object)
    return series.astype("string").str.strip().fillna("").astype(object)
