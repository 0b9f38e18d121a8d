"""What each ACS code must mean, in words of its published label.

The Census Bureau renumbers tables now and then, and several public packages have carried a wrong
meaning for years. Every code we ask for is compared, once a year and table, with the label in the
table's own group file: all the words given here must occur in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from equity.errors import FormatError

__all__ = ["EXPECTED", "STUDY_CODES", "check_labels", "table_of"]

_OLD = (
    "65 and 66 years",
    "67 to 69 years",
    "70 to 74 years",
    "75 to 79 years",
    "80 to 84 years",
    "85 years and over",
)
_AGES = (
    "under 5 years",
    "5 to 17 years",
    "18 to 34 years",
    "35 to 64 years",
    "65 to 74 years",
    "75 years and over",
)


def _by_sex(
    table: str, first: Mapping[str, int], steps: Iterable[str], stride: int, *words: str
) -> dict[str, tuple[str, ...]]:
    found = {}
    for sex, start in first.items():
        for i, age in enumerate(steps):
            found[f"{table}_{start + i * stride:03d}"] = (f"!!{sex}", age, *words)
    return found


_STUDY: dict[str, tuple[str, ...]] = {
    "B01003_001": ("total",),
    "B01001_001": ("total",),
    **_by_sex("B01001", {"male": 20, "female": 44}, _OLD, 1),
    "B03002_001": ("total",),
    "B03002_003": ("not hispanic", "white alone"),
    "B03002_004": ("not hispanic", "black or african american alone"),
    "B03002_012": ("total!!hispanic or latino",),
    "B08201_001": ("total",),
    "B08201_002": ("no vehicle available",),
    "B17001_001": ("total",),
    "B17001_002": ("income in the past 12 months below poverty level",),
    "B18101_001": ("total",),
    **_by_sex("B18101", {"male": 4, "female": 23}, _AGES, 3, "with a disability"),
    "B19013_001": ("median household income",),
    "B27010_001": ("total",),
    "B27010_017": ("under 19 years", "no health insurance coverage"),
    "B27010_033": ("19 to 34 years", "no health insurance coverage"),
    "B27010_050": ("35 to 64 years", "no health insurance coverage"),
    "B27010_066": ("65 years and over", "no health insurance coverage"),
    "B28001_001": ("total",),
    "B28001_002": ("has one or more types of computing devices",),
    "B28001_006": ("smartphone with no other type of computing device",),
    "B28001_011": ("no computer",),
    "B28002_001": ("total",),
    "B28002_002": ("with an internet subscription",),
    "B28002_004": ("broadband of any type",),
    "B28002_006": ("cellular data plan with no other type of internet subscription",),
    "B28002_007": ("broadband such as cable, fiber optic or dsl",),
    "B28002_012": ("internet access without a subscription",),
    "B28002_013": ("no internet access",),
    "B28003_001": ("total",),
    "B28003_002": ("has a computer",),
    "B28003_004": ("has a computer", "with a broadband internet subscription"),
    "B28003_005": ("has a computer", "without an internet subscription"),
    "B28003_006": ("no computer",),
    "C16002_001": ("total",),
    "C16002_004": ("spanish", "limited english speaking household"),
    "C16002_007": ("indo-european", "limited english speaking household"),
    "C16002_010": ("asian and pacific island", "limited english speaking household"),
    "C16002_013": ("other languages", "limited english speaking household"),
}
_INCOMES = (
    "less than $10,000",
    "$10,000 to $19,999",
    "$20,000 to $34,999",
    "$35,000 to $49,999",
    "$50,000 to $74,999",
    "$75,000 or more",
)
_BROADBAND = "with a broadband internet subscription"
_BY_PERSON: dict[str, tuple[str, ...]] = {
    **{f"B28004_{2 + 4 * i:03d}": (text,) for i, text in enumerate(_INCOMES)},
    **{f"B28004_{4 + 4 * i:03d}": (text, _BROADBAND) for i, text in enumerate(_INCOMES)},
    **{
        f"B28005_{at + step:03d}": (age, *words)
        for at, age in ((2, "under 18 years"), (8, "18 to 64 years"), (14, "65 years and over"))
        for step, words in ((0, ()), (3, ("has a computer", _BROADBAND)))
    },
    **{f"B28009{letter}_001": ("total",) for letter in "ABCDEFGHI"},
    **{f"B28009{letter}_004": ("has a computer", _BROADBAND) for letter in "ABCDEFGHI"},
}
_BOTH = ("computer", "broadband internet subscription")
_ROWS_OF_S2802 = {
    1: "total population in households", 2: "under 18 years", 3: "18 to 64 years",
    4: "65 years and over", 5: "white alone", 6: "black or african american alone",
    7: "american indian and alaska native alone", 8: "asian alone",
    9: "native hawaiian and other pacific islander alone", 10: "some other race alone",
    11: "two or more races", 12: "hispanic or latino origin", 13: "white alone, not hispanic",
    15: "less than high school graduate", 16: "high school graduate", 17: "bachelor's degree",
    20: "employed", 21: "unemployed", 22: "not in labor force",
}  # fmt: skip
_SUBJECT: dict[str, tuple[str, ...]] = {
    **{f"S2802_C01_{row:03d}": (text,) for row, text in _ROWS_OF_S2802.items()},
    **{f"S2802_C02_{row:03d}": (*_BOTH, text) for row, text in _ROWS_OF_S2802.items()},
    **{
        f"S2801_C01_{row:03d}": words
        for row, words in {
            1: ("total households",), 2: _STUDY["B28001_002"], 6: _STUDY["B28001_006"],
            11: ("no computer",), 14: _STUDY["B28002_004"], 16: _STUDY["B28002_006"],
            17: _STUDY["B28002_007"], 20: ("less than $20,000",),
            22: ("less than $20,000", _BROADBAND), 24: ("$20,000 to $74,999",),
            26: ("$20,000 to $74,999", _BROADBAND), 28: ("$75,000 or more",),
            30: ("$75,000 or more", _BROADBAND),
        }.items()
    },
}  # fmt: skip
_INCOME_CLASSES = {
    f"B19001_{i + 1:03d}": (text,)
    for i, text in enumerate(
        (
            "total", "less than $10,000", "$10,000 to $14,999", "$15,000 to $19,999",
            "$20,000 to $24,999", "$25,000 to $29,999", "$30,000 to $34,999", "$35,000 to $39,999",
            "$40,000 to $44,999", "$45,000 to $49,999", "$50,000 to $59,999", "$60,000 to $74,999",
            "$75,000 to $99,999", "$100,000 to $124,999", "$125,000 to $149,999",
            "$150,000 to $199,999", "$200,000 or more",
        )
    )
}  # fmt: skip

EXPECTED = _STUDY | _BY_PERSON | _SUBJECT | _INCOME_CLASSES
"""Code without its suffix -> words that its label holds, in lower case."""

STUDY_CODES = tuple(_STUDY)
"""What a study asks for: population, devices, subscriptions, and who is under-resourced."""


def table_of(code: str) -> str:
    """Return the table of a code: ``B28002`` for ``B28002_004E``."""
    return code.partition("_")[0]


def check_labels(table: str, labels: Mapping[str, str], codes: Iterable[str], *, year: int) -> None:
    """Refuse a code that no longer means what it meant.

    Parameters
    ----------
    table, year
        For the message.
    labels
        Code with suffix -> label, from the table's group file.
    codes
        Codes without suffix.

    Raises
    ------
    FormatError
        If a code is not in the table, or its label lacks an expected word.
    """
    for code in codes:
        label = labels.get(f"{code}E")
        if label is None:
            raise FormatError(
                f"ACS {year} has no column {code}E in table {table}",
                fix=f"look at https://api.census.gov/data/{year}/acs/acs5/groups/{table}.html",
            )
        plain = re.sub(r"\s+", " ", label.lower().replace(":", ""))
        missing = [word for word in EXPECTED.get(code, ()) if word not in plain]
        if missing:
            raise FormatError(
                f"ACS {year} column {code}E is labeled {label!r}, where {missing[0]!r} is "
                "expected:"
                " the Census Bureau has renumbered the table",
                fix="read the table's own labels and update telehealth-equity before trusting it",
            )
