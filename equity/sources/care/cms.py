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

import numpy as np
import pandas as pd

from equity.errors import InputError, MissingColumnError
from equity.files.large import read_columns
from equity.provenance import file_source, stamp
from equity.sources.care.addresses import of_states, postal_codes, zip_codes

__all__ = ["read_clinicians", "read_hospitals", "read_rural_clinics"]

_CLINICIAN = {
    "npi": "NPI",
    "specialty": "pri_spec",
    "telehealth": "Telehlth",
    "name": "Facility Name",
    "street": "adr_ln_1",
    "city": "City/Town",
    "state": "State",
    "zip": "ZIP Code",
}
_HOSPITAL = {
    "site_id": "Facility ID",
    "name": "Facility Name",
    "street": "Address",
    "city": "City/Town",
    "state": "State",
    "zip": "ZIP Code",
    "kind": "Hospital Type",
    "emergency": "Emergency Services",
}
_CLINIC = {
    "site_id": "CCN",
    "npi": "NPI",
    "name": "ORGANIZATION NAME",
    "street": "ADDRESS LINE 1",
    "city": "CITY",
    "state": "STATE",
    "zip": "ZIP CODE",
}
# Older files call the same thing otherwise.
_ALIASES = {
    "City/Town": ("City", "cty"),
    "State": ("st",),
    "ZIP Code": ("zip", "ZIP"),
    "adr_ln_1": ("Address",),
}


def read_clinicians(
    path: str | Path,
    *,
    as_of: str,
    state: str | None = None,
    specialties: Iterable[str] | None = None,
) -> pd.DataFrame:
    """Read the Doctors and Clinicians file (2.8 million rows), with its telehealth flag.

    Parameters
    ----------
    path
        ``DAC_NationalDownloadableFile.csv``; its header carries trailing tabs.
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
        ``kind`` (specialty), ``has_telehealth`` (true where the flag is Y; missing where blank),
        ``fte`` (1 divided by the number of the clinician's addresses in the whole file),
        ``street``, ``city``, ``state``, ``zip``.

    Raises
    ------
    MissingColumnError
        If a column is missing.
    """
    frame = _columns(path, _CLINICIAN)
    frame = frame.drop_duplicates(["npi", "street", "city", "zip"]).reset_index(drop=True)
    _check_npi(frame["npi"], path)
    places = frame.groupby("npi")["street"].transform("size")
    frame["fte"] = 1.0 / places
    frame["has_telehealth"] = (
        frame["telehealth"].str.upper().map({"Y": True, "N": False}).astype("boolean")
    )
    frame = frame.rename(columns={"specialty": "kind"}).drop(columns="telehealth")
    if specialties is not None:
        wanted = {value.upper() for value in specialties}
        frame = frame[frame["kind"].str.upper().isin(wanted)]
    frame = _of_state(frame, state, path)
    number = frame.groupby("npi").cumcount() + 1
    frame.index = pd.Index(frame["npi"] + "-" + number.astype(str), name="site_id", dtype=object)
    return _stamped(frame, path, "cms-clinicians", "Doctors and Clinicians", as_of)


def read_hospitals(
    path: str | Path, *, as_of: str, state: str | None = None, emergency_only: bool = False
) -> pd.DataFrame:
    """Read Hospital General Information.

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
    frame = _columns(path, _HOSPITAL)
    frame["has_emergency"] = (
        frame.pop("emergency").str.lower().map({"yes": True, "no": False}).astype("boolean")
    )
    frame["fte"] = np.nan
    if emergency_only:
        frame = frame[frame["has_emergency"].fillna(value=False)]
    frame = _of_state(frame, state, path)
    return _stamped(
        _by_ccn(frame, path), path, "cms-hospitals", "Hospital General Information", as_of
    )


def read_rural_clinics(path: str | Path, *, as_of: str, state: str | None = None) -> pd.DataFrame:
    """Read Rural Health Clinic enrollments.

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
        Index ``site_id`` (CCN); ``npi``, ``name``, ``kind`` (``rural health clinic``), ``fte``
        (missing: none is published), address columns. A clinic enrolled twice stands once.

    Raises
    ------
    MissingFileError, FormatError, MissingColumnError
        If the file is absent, damaged or another one.
    """
    frame = _columns(path, _CLINIC)
    frame["kind"], frame["fte"] = "rural health clinic", np.nan
    frame = _of_state(frame, state, path).drop_duplicates("site_id")
    return _stamped(_by_ccn(frame, path), path, "cms-rhc", "Rural Health Clinic Enrollments", as_of)


def _columns(path: str | Path, wanted: dict[str, str]) -> pd.DataFrame:
    """Read only the columns that are wanted: the clinicians' file has 700 MB."""
    found: dict[str, str] = {}

    def pick(names: Sequence[str]) -> list[str]:
        for new, old in wanted.items():
            use = next((n for n in (old, *_ALIASES.get(old, ())) if n in names), None)
            if use is None:
                raise MissingColumnError(
                    f"lacks column {old!r}",
                    file=path,
                    fix="download the file again from data.cms.gov",
                )
            found[new] = use
        return list(found.values())

    frame = read_columns(path, pick)
    table = pd.DataFrame({new: frame[old].str.strip() for new, old in found.items()})
    table["state"] = postal_codes(table["state"])
    table["zip"] = zip_codes(table["zip"], table["state"])
    return table


def _of_state(frame: pd.DataFrame, state: str | None, path: str | Path) -> pd.DataFrame:
    if state is None:
        return frame
    return frame[of_states(frame["state"], [state], path)].copy()


def _by_ccn(frame: pd.DataFrame, path: Any) -> pd.DataFrame:
    ids = frame["site_id"].str.zfill(6)
    if ids.duplicated().any():
        raise InputError("a CCN stands twice", file=path, rows=ids[ids.duplicated()])
    return frame.drop(columns="site_id").set_axis(
        pd.Index(ids, name="site_id", dtype=object), axis=0
    )


def _check_npi(npi: pd.Series, path: Any) -> None:
    bad = ~npi.str.fullmatch(r"[12]\d{9}")
    if bad.any():
        raise InputError(
            f"{npi[bad].iloc[0]!r} is no NPI (ten digits)",
            file=path,
            rows=[f"row {i + 1}" for i in npi.index[bad]],
            count=int(bad.sum()),
        )


def _stamped(
    frame: pd.DataFrame, path: Any, source_id: str, product: str, as_of: str
) -> pd.DataFrame:
    source = file_source(
        path,
        id=source_id,
        agency="Centers for Medicare & Medicaid Services",
        product=product,
        vintage=as_of,
        licence="public domain",
    )
    return stamp(frame, sources=[source])
