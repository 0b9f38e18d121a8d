"""How ids of areas are spelled: levels and their digits, and what spreadsheets make of them.

What can be undone without a guess is undone; the rest is refused with its rows.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from equity.areas._states import STATES
from equity.areas.vintage import in_a_county
from equity.errors import GeoidError, InputError

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
SUMMARY_LEVEL = {
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
SPELLING = (
    r"^(?P<prefix>(?P<level>[0-9]{3})(?P<part>[0-9A-Z]{0,4})US|G)?(?P<digits>[0-9]+)(?:\.0*)?$"
)
NATION_ID = r"010[0-9A-Z]{0,4}US"
"""The nation's id is a prefix alone."""
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
# Digits that an id has at least before the zeros that end it.
_LEAST = {
    "state": 1, "county": 3, "county_subdivision": 6, "tract": 6, "place": 3, "block_group": 12,
    "block": 12, "zcta": 1,
}  # fmt: skip
NESTED_IN_STATE = set(LEVELS) - {"nation", "zcta"}
IN_COUNTIES = ("county", "county_subdivision", "tract", "block_group", "block")


def could_be(digits: pd.Series, level: str, *, lost: bool = True) -> pd.Series:
    """Return True for digits that are an id of a level, or that may have lost its first zero."""
    length = LEVELS[level]
    whole = digits.str.zfill(length)
    real = in_a_county(whole) if level in IN_COUNTIES else whole.str[:2].isin(STATES)
    return real & digits.str.len().isin([length - 1, length] if lost else [length])


class Where:
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


def refuse(bad: pd.Series, text: pd.Series, where: Where, problem: tuple[str, str | None]) -> None:
    if not bad.any():
        return
    examples = ", ".join(repr(value) for value in text[bad].head(3) if value)
    raise GeoidError(
        f"{int(bad.sum()):,} ids {problem[0]}" + (f": {examples}" if examples else ""),
        file=where.file,
        rows=where.rows(bad),
        fix=problem[1],
    )


def respelled(text: pd.Series, level: str, where: Where) -> pd.Series:
    length = length_of(level)
    refuse(text == "", text, where, ("are blank", "every row needs the id of its area"))
    plain = unwrapped(text, level)
    refuse(plain.str.match(_SCIENTIFIC), text, where, _CUT)
    parts = plain.str.extract(SPELLING)
    other = parts["level"].notna() & (parts["level"] != SUMMARY_LEVEL[level])
    refuse(other, text, where, _length_problem(level, length))
    refuse(is_part(parts), text, where, _PART)
    digits = parts["digits"].fillna("")
    # Only a number can have lost zeros: one, as no state's code starts with two; ZCTAs do.
    lost = 2 if level == "zcta" else 1
    short = parts["prefix"].isna() & digits.str.len().between(max(1, length - lost), length - 1)
    other = short & zeros_kept(parts) & of_others(digits, level)
    refuse(other, text, where, _OTHER_LEVEL)
    digits = digits.mask(short, digits.str.zfill(length))
    if level == "zcta":
        refuse(short & ~digits.str[:3].between(*_ZIPS_OF_ZEROS), text, where, _NO_ZIP)
    refuse(digits.str.len() != length, text, where, _length_problem(level, length))
    return digits


def zeros_kept(parts: pd.DataFrame) -> bool:
    """Return True if some plain id shows its leading zero: what took one would have taken all."""
    plain = parts["digits"].where(parts["prefix"].isna())
    return bool(plain.str.startswith("0").eq(other=True).any())


def of_others(digits: pd.Series, level: str) -> pd.Series:
    """Return True for digits that are an id of another level."""
    others = [could_be(digits, name, lost=False) for name in NESTED_IN_STATE - {level}]
    found: pd.Series = np.logical_or.reduce(others)
    return found


AS_TEXT = "read the column as text, so that no zero is lost"
_ZIPS_OF_ZEROS = ("006", "089")  # Puerto Rico to New Jersey; from 090 on they are military
_NO_ZIP = (
    "are too short for ZIP areas, and with zeros in front they lie in none",
    AS_TEXT,
)
_OTHER_LEVEL = (
    "are a digit short where others have their leading zero, and are ids of another level",
    'take them out of the file, or leave them out with other_levels = "drop"',
)
EITHER = (
    "could be of this level without their leading zero, or of another one that is in the file too",
    AS_TEXT,
)
_CUT = (
    "were rounded to powers of ten by a spreadsheet",
    "the last digits are lost: take the file as published, and import the column of ids as text",
)


_PART = (
    "are of parts of areas (geographic components, such as what is urban in a state)",
    "keep the rows of whole areas, whose component is 00: 0400000US51",
)


def is_part(parts: pd.DataFrame) -> pd.Series:
    return parts["part"].notna() & ~parts["part"].fillna("").str.fullmatch(_WHOLE)


def unwrapped(text: pd.Series, level: str) -> pd.Series:
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
    # Zeros from the county's code on, or at the end of a block group, are no number that exists.
    least = places - (LEVELS[level] - _LEAST.get(level, 1))
    whole = digits.str.len().between(least.clip(lower=1), places)
    zeros = pd.Series(["0" * max(0, n) for n in places - digits.str.len()], index=text.index)
    return text.mask(whole, digits + zeros)


def no_county(ids: pd.Series) -> str:
    """Say what ids without a county are, if one zero in front gives them one."""
    longer = next((name for name in IN_COUNTIES if LEVELS[name] == ids.str.len().max() + 1), None)
    if longer is None or not in_a_county("0" + ids).all():
        return "correct these ids at their source, or take their rows out of the file"
    return f'they look like ids without their first zero of the level "{longer}": level="{longer}"'


def length_of(level: str) -> int:
    if level not in LEVELS:
        raise InputError(f"{level!r} is no level", fix=f"choose from {', '.join(LEVELS)}")
    return LEVELS[level]


def _length_problem(level: str, length: int) -> tuple[str, str]:
    noun = level.replace("_", " ")
    return (
        f"are no {noun} ids ({length} digits)",
        f"read the column as text and check that the table holds one row per {noun}",
    )


def as_text(series: pd.Series, length: int) -> pd.Series:
    if pd.api.types.is_float_dtype(series):
        if np.finfo(series.to_numpy().dtype).bits < 64 and length > 7:
            raise GeoidError(
                f"ids of {length} digits do not fit the {series.dtype} they are stored in",
                fix="read the column as text",
            )
        whole = series.notna() & (series % 1 == 0) & (series.abs() < 2**53)
        return series.where(whole).astype("Int64").astype("string").fillna("").astype(object)
    return series.astype("string").str.strip().fillna("").astype(object)
