"""Clinicians, hospitals and rural health clinics, from CMS.

None of these files has coordinates: :func:`equity.place_providers` gives them some.

Capacity, where it can be argued:

- clinicians: one head is one full-time equivalent, shared equally among the addresses where the
  person practices. Part-time work is not known, so supply is overstated, and clinicians who do not
  bill Medicare (paediatricians, many therapists) are missing, so it is understated;
- hospitals and rural health clinics: no number of clinicians is published, capacity is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from equity.errors import InputError
from equity.files.large import read_columns
from equity.provenance import carry, file_source, stamp
from equity.sources.care.addresses import of_states, postal_codes, zip_codes
from equity.sources.care.lists import read_care_list, usable_columns

__all__ = ["read_clinicians", "read_hospitals", "read_rural_clinics"]

_CLINICIAN = {
    "npi": ("NPI",),
    "kind": ("pri_spec",),
    "telehealth": ("Telehlth",),
    "name": ("Facility Name",),
    "street": ("adr_ln_1", "Address"),
    "city": ("City/Town", "City", "cty"),
    "state": ("State", "st"),
    "zip": ("ZIP Code", "zip"),
}


def read_clinicians(
    path: str | Path,
    *,
    as_of: str,
    state: str | None = None,
    specialties: Iterable[str] | None = None,
) -> pd.DataFrame:
    """Read the Doctors and Clinicians file (3.4 million rows), with its telehealth flag.

    Parameters
    ----------
    path
        ``DAC_NationalDownloadableFile.csv``. Its header comes in words or machine names, with or
        without trailing tabs.
    as_of
        Date of the file.
    state
        State of the practice to keep.
    specialties
        Values of ``pri_spec`` to keep, for example ``["FAMILY PRACTICE", "PSYCHIATRY"]``.

    Returns
    -------
    pandas.DataFrame
        One row for each clinician and address; index ``site_id`` (``npi-n``); ``npi``, ``name``,
        ``kind`` (specialty), ``offers_telehealth`` (true where the flag is Y; missing where
        blank),
        ``fte`` (1 divided by the number of the clinician's addresses in the whole file),
        ``street``, ``city``, ``state``, ``zip``.

    Raises
    ------
    MissingColumnError
        If a column is missing.
    """
    frame = _columns(path)
    frame = frame.drop_duplicates(["npi", "street", "city", "zip"]).reset_index(drop=True)
    _check_npi(frame["npi"], path)
    places = frame.groupby("npi")["street"].transform("size")
    frame["fte"] = 1.0 / places
    said = frame.pop("telehealth").str.upper()
    frame["offers_telehealth"] = said.map({"Y": True, "N": False}).astype("boolean")
    if specialties is not None:
        wanted = {value.upper() for value in specialties}
        frame = frame[frame["kind"].str.upper().isin(wanted)]
    if state is not None:
        frame = frame[of_states(frame["state"], [state], path)].copy()
    number = frame.groupby("npi").cumcount() + 1
    frame.index = pd.Index(frame["npi"] + "-" + number.astype(str), name="site_id", dtype=object)
    source = file_source(
        path,
        id="cms-clinicians",
        agency="Centers for Medicare & Medicaid Services",
        product="Doctors and Clinicians",
        vintage=as_of,
        licence="public domain",
    )
    return stamp(frame, sources=[source])


def read_hospitals(
    path: str | Path, *, as_of: str, state: str | None = None, emergency_only: bool = False
) -> pd.DataFrame:
    """Read Hospital General Information: :func:`read_care_list` of its form.

    Parameters
    ----------
    path
        The CSV.
    as_of
        Date of the file.
    state
        State to keep.
    emergency_only
        Keep those with emergency services.

    Returns
    -------
    pandas.DataFrame
        Index ``site_id`` (CCN, six characters, letters possible); ``name``, ``kind``,
        ``has_emergency``, ``fte`` (missing: none is published), address columns.

    Raises
    ------
    MissingFileError, FormatError, MissingColumnError
        If the file is absent, damaged or another one.
    InputError
        If a certification number stands twice.
    """
    states = None if state is None else [state]
    table = read_care_list(path, as_of=as_of, form="cms-hospitals", states=states)
    if not emergency_only:
        return table
    return carry(table[table["has_emergency"].fillna(value=False)], table)


def read_rural_clinics(path: str | Path, *, as_of: str, state: str | None = None) -> pd.DataFrame:
    """Read Rural Health Clinic enrollments: :func:`read_care_list` of their form.

    Parameters
    ----------
    path
        The CSV.
    as_of
        Date of the file.
    state
        State to keep.

    Returns
    -------
    pandas.DataFrame
        Index ``site_id`` (CCN; the enrollment's id where there is none); ``npi``, ``name``,
        ``kind`` (``rural health clinic``), ``fte`` (missing: none is published), address columns.
        A clinic enrolled twice stands once.

    Raises
    ------
    MissingFileError, FormatError, MissingColumnError
        If the file is absent, damaged or another one.
    """
    states = None if state is None else [state]
    return read_care_list(path, as_of=as_of, form="cms-rhc", states=states)


def _columns(path: str | Path) -> pd.DataFrame:
    """Read only the columns that are wanted: the file has more than 800 MB."""
    found: dict[str, str] = {}

    def pick(names: Sequence[str]) -> list[str]:
        found.update(usable_columns(names, _CLINICIAN.values(), path))
        return list(found.values())

    frame = read_columns(path, pick).reset_index(drop=True)
    table = pd.DataFrame(
        {role: frame[found[names[0]]].str.strip() for role, names in _CLINICIAN.items()}
    )
    states = postal_codes(table["state"])
    return table.assign(state=states, zip=zip_codes(table["zip"], states))


def _check_npi(npi: pd.Series, path: Any) -> None:
    bad = ~npi.str.fullmatch(r"[12]\d{9}")
    if bad.any():
        raise InputError(
            f"{npi[bad].iloc[0]!r} is no NPI (ten digits)",
            file=path,
            rows=[f"row {i + 1}" for i in npi.index[bad]],
            count=int(bad.sum()),
        )
