"""File names of the FCC's Broadband Data Collection, real ones and the specification's.

Both spellings of the technology are met (``FibertothePremises`` in the real names, ``fiber`` in the
specification), the first releases carry a date instead of a vintage (``063022``), and some later
ones a garbled month (``December20ec_``). Nothing here opens a file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

import numpy as np

from equity.errors import VintageError
from equity.provenance import iso_day

LOCATIONS = "location_coverage"
EXPORT = "served_unserved"
SUMMARY = "summary_by_geography"
PROVIDER_SUMMARY = "provider_summary"
PROVIDER_GEOGRAPHY = "provider_summary_by_geography"
PROVIDER_LIST = "provider_list"
OTHER = "other"

_TECHNOLOGY = {
    "copper": 10,
    "copperwire": 10,
    "cable": 40,
    "coaxialcable": 40,
    "fiber": 50,
    "fibertothepremises": 50,
    "gsosatellite": 60,
    "ngsosatellite": 61,
    "unlicensedfixedwireless": 70,
    "unlicensedterrestrialfixedwireless": 70,
    "unlicensedtfw": 70,
    "licensedfixedwireless": 71,
    "licensedterrestrialfixedwireless": 71,
    "licensedtfw": 71,
    "lbrfixedwireless": 72,
    "lbrtfw": 72,
    "licensedbyrulefixedwireless": 72,
    "licensedbyruleterrestrialfixedwireless": 72,
    "other": 0,
}

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_HEAD = re.compile(r"^bdc_(?P<where>\d{1,2}|us)_(?P<rest>.+)$", re.IGNORECASE)
_VINTAGE = re.compile(
    r"_(?:(?P<half>[JD])(?P<year>\d{2})|(?P<month>0?6|12)(?P<day>30|31)(?P<short>\d{2})"
    r"|(?P<garbled>(?:June|December)\w*?))(?=_|$)",
    re.IGNORECASE,
)
_REVISION = re.compile(r"_(?P<day>\d{1,2})(?P<month>[a-z]{3})(?P<year>\d{4})(?=_|$)", re.IGNORECASE)
_SUFFIXES = re.compile(r"(?:\.csv|\.zip|\.gz)+$", re.IGNORECASE)

# First match decides; the order matters, because names contain each other.
_PRODUCTS = (
    (re.compile(r"served[-_]?unserved", re.IGNORECASE), EXPORT),
    (re.compile(r"mobile", re.IGNORECASE), OTHER),
    (re.compile(r"provider_summary_by_geography", re.IGNORECASE), PROVIDER_GEOGRAPHY),
    (re.compile(r"provider_summary", re.IGNORECASE), PROVIDER_SUMMARY),
    (re.compile(r"provider_list", re.IGNORECASE), PROVIDER_LIST),
    (re.compile(r"summary_by_geography", re.IGNORECASE), SUMMARY),
)


@dataclass(frozen=True)
class BdcName:
    """What a file's name says.

    Attributes
    ----------
    product
        One of the constants of this module.
    state
        Two-digit FIPS code, or empty where the name gives none.
    technology
        FCC code, or None.
    vintage
        ISO date the data are as of; empty where the name does not say it, or not legibly.
    month
        ``"06"`` or ``"12"`` where only the month is legible.
    revision
        ISO date of the revision, or empty.
    """

    product: str
    state: str = ""
    technology: int | None = None
    vintage: str = ""
    month: str = ""
    revision: str = ""


def parse_name(name: str) -> BdcName:
    """Read a file name, with or without folders and extensions.

    Examples
    --------
    >>> parse_name("bdc_51_FibertothePremises_fixed_broadband_D25_29sep2026.zip")
    BdcName(product='location_coverage', state='51', technology=50, vintage='2025-12-31', month='12', revision='2026-09-29')
    >>> parse_name("bdc_26_Fiber-to-the-Premises_fixed_broadband_063022.csv").vintage
    '2022-06-30'
    """  # noqa: E501
    stem = _SUFFIXES.sub("", re.split(r"[\\/]", name)[-1])
    vintage, month = _vintage(stem)
    product = next((kind for pattern, kind in _PRODUCTS if pattern.search(stem)), OTHER)
    head = _HEAD.match(stem)
    if head is None:
        return BdcName(product, "", None, vintage, month, _revision(stem))
    where = head["where"].lower()
    technology = _technology(head["rest"]) if product == OTHER else None
    if technology is not None:
        product = LOCATIONS
    return BdcName(
        product=product,
        state="" if where == "us" else where.zfill(2),
        technology=technology,
        vintage=vintage,
        month=month,
        revision=_revision(stem),
    )


def check_as_of(as_of: str | date | np.datetime64) -> str:
    """Return a vintage as an ISO date.

    Raises
    ------
    VintageError
        If it is no 30 June or 31 December since the first collection.
    """
    text = iso_day(as_of)
    if re.fullmatch(r"20\d\d-(06-30|12-31)", text) and text >= "2022-06-30":
        return text
    half = re.fullmatch(r"([JDjd])(\d\d)", text)
    if half and (text[1:] >= "22"):
        return _half(half[1], half[2])
    raise VintageError(
        f"the FCC collects as of 30 June and 31 December since 2022, not {text!r}",
        fix='write the date, for example as_of="2025-12-31"',
    )


def refuse_other_vintage(name: str, vintage: str) -> None:
    """Refuse a file whose name says another vintage; a name that says none says nothing.

    Raises
    ------
    VintageError
        With the vintage that its name says.
    """
    parsed = parse_name(name)
    of = parsed.vintage or (f"month {parsed.month}" if parsed.month else "")
    if of not in {"", vintage, f"month {vintage[5:7]}"}:
        raise VintageError(
            f"is as of {of}, not {vintage}",
            file=name,
            fix=f'read each vintage on its own, here with as_of="{of}"',
        )


def _half(letter: str, year: str) -> str:
    return f"20{year}-06-30" if letter.upper() == "J" else f"20{year}-12-31"


def _vintage(stem: str) -> tuple[str, str]:
    found = _VINTAGE.search(stem)
    if found is None:
        return "", ""
    if found["half"]:
        vintage = _half(found["half"], found["year"])
    elif found["month"]:
        vintage = f"20{found['short']}-{found['month'].zfill(2)}-{found['day']}"
    else:
        return "", "06" if found["garbled"].lower().startswith("j") else "12"
    return vintage, vintage[5:7]


def _revision(stem: str) -> str:
    found = _REVISION.search(stem)
    if found is None or found["month"].lower() not in _MONTHS:
        return ""
    month = _MONTHS.index(found["month"].lower()) + 1
    return f"{found['year']}-{month:02d}-{int(found['day']):02d}"


def _technology(rest: str) -> int | None:
    """Technology token: everything before ``fixed_broadband``, or before the vintage."""
    token = re.split(r"_fixed_broadband|_[JD]\d{2}(?:_|$)", rest, flags=re.IGNORECASE)[0]
    return _TECHNOLOGY.get(re.sub(r"[^a-z]", "", token.lower()))
