"""Care in the example state: health-center sites in HRSA's layout, and clinicians with FTE."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from equity.example import _plan as plan
from equity.example._land import Land
from equity.example._plan import Floats
from equity.example._writing import csv_line
from equity.files.atomic import write_text

SITE_COLUMNS = (
    "Health Center Type",
    "Health Center Number",
    "BHCMIS Organization Identification Number",
    "BPHC Assigned Number",
    "Site Name",
    "Site Address",
    "Site City",
    "Site State Abbreviation",
    "Site Postal Code",
    "Site Telephone Number",
    "Site Web Address",
    "Operating Hours per Week",
    "Health Center Location Setting Identification Number",
    "Health Center Service Delivery Site Location Setting Description",
    "Health Center Status Identification Number",
    "Site Status Description",
    "FQHC Site Medicare Billing Number",
    "FQHC Site NPI Number",
    "Health Center Location Identification Number",
    "Health Center Location Type Description",
    "Health Center Type Identification Number",
    "Health Center Type Description",
    "Health Center Operator Identification Number",
    "Health Center Operator Description",
    "Health Center Operating Schedule Identification Number",
    "Health Center Operational Schedule Description",
    "Health Center Operating Calendar Surrogate Key",
    "Health Center Operating Calendar",
    "Site Added to Scope this Date",
    "Health Center Name",
    "Health Center Organization Street Address",
    "Health Center Organization City",
    "Health Center Organization State",
    "Health Center Organization ZIP Code",
    "Grantee Organization Type Description",
    "Geocoding Artifact Address Primary X Coordinate",
    "Geocoding Artifact Address Primary Y Coordinate",
    "U.S. - Mexico Border 100 Kilometer Indicator",
    "U.S. - Mexico Border County Indicator",
    "State and County Federal Information Processing Standard Code",
    "Complete County Name",
    "County Equivalent Name",
    "County Description",
    "HHS Region Code",
    "HHS Region Name",
    "State FIPS Code",
    "State Name",
    "State FIPS and Congressional District Number Code",
    "Congressional District Number",
    "Congressional District Name",
    "Congressional District Code",
    "U.S. Congressional Representative Name",
    "Name of U.S. Senator Number One",
    "Name of U.S. Senator Number Two",
    "Data Warehouse Record Create Date",
)
CLINICIAN_COLUMNS = ("npi", "specialty", "taxonomy_code", "facility", "fte", "lon", "lat")

_SITES_A_TOWN = (4, 2, 2, 1, 1, 2, 1, 1, 2, 1, 1, 0, 1, 0, 1, 0, 0, 0, 0, 0)
_CLINICIANS_A_TOWN = (80, 13, 12, 5, 3, 9, 2, 2, 13, 18, 4, 3, 3, 1, 1, 0, 3, 1, 0, 0)
_SPECIALTIES = (
    ("Family Medicine", "207Q00000X", 0.40),
    ("Internal Medicine", "207R00000X", 0.20),
    ("Nurse Practitioner, Family", "363LF0000X", 0.24),
    ("Pediatrics", "208000000X", 0.08),
    ("Psychiatry & Neurology, Psychiatry", "2084P0800X", 0.08),
)
_FTE = (1.0, 0.9, 0.8, 0.6, 0.5, 0.4)
_FTE_CHANCE = (0.42, 0.16, 0.14, 0.12, 0.10, 0.06)
_SCRIPT = "<script>alert('escaping test')</script> Clinic (synthetic)"


def write_sites(folder: Path, land: Land, rng: np.random.Generator) -> Path:
    """Write health-center sites, good ones and those every reader must leave out.

    The last rows are one each of: inactive, administrative only, mobile van, seasonal,
    closed and never placed (placeholders), a name that holds markup (every output must escape
    it), and an exact duplicate.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, str]] = []
    for town, n in zip(plan.TOWNS, _SITES_A_TOWN, strict=True):
        for k in range(n):
            xy = _near(town, rng)
            rows.append(
                _site(
                    len(rows) + 1,
                    f"{town.name} Example Health Center {k + 1} (synthetic)",
                    town,
                    xy,
                    land,
                )
            )
    rows.extend(_odd_sites(rows, land, rng))
    text = ",".join(SITE_COLUMNS) + ",\n"
    text += "".join(csv_line([row[column] for column in SITE_COLUMNS]) + "\n" for row in rows)
    path = folder / "Health_Center_Service_Delivery_and_LookAlike_Sites.csv"
    write_text(path, text)
    return path


def _odd_sites(
    good: list[dict[str, str]], land: Land, rng: np.random.Generator
) -> list[dict[str, str]]:
    """Rows that real files hold and that must not count as places of care."""
    first = len(good) + 1
    changes: list[tuple[str, dict[str, str]]] = [
        (
            "Closed",
            {
                "Site Status Description": "Inactive",
                "Health Center Status Identification Number": "0",
            },
        ),
        (
            "Headquarters",
            {
                "Health Center Type Description": "Administrative",
                "Health Center Type Identification Number": "1",
            },
        ),
        (
            "Mobile Unit",
            {
                "Health Center Location Type Description": "Mobile Van",
                "Health Center Location Identification Number": "5",
            },
        ),
        (
            "Summer Camp",
            {
                "Health Center Location Type Description": "Seasonal",
                "Health Center Location Identification Number": "2",
            },
        ),
        (
            "Unplaced",
            {
                "Site Status Description": "Inactive",
                "Health Center Status Identification Number": "0",
                "Geocoding Artifact Address Primary X Coordinate": "",
                "Geocoding Artifact Address Primary Y Coordinate": "     ",
                "Site State Abbreviation": "XX",
                "Complete County Name": "Not Determined",
                "State and County Federal Information Processing Standard Code": "     ",
            },
        ),
    ]
    odd = []
    for k, (label, change) in enumerate(changes):
        town = plan.TOWNS[12 + k]
        row = _site(
            first + k, f"{town.name} Example {label} (synthetic)", town, _near(town, rng), land
        )
        odd.append(row | change)
    hostile = plan.TOWNS[1]
    odd.append(_site(first + len(odd), _SCRIPT, hostile, _near(hostile, rng), land))
    odd.append(dict(good[2]))
    return odd


def _near(town: plan.Town, rng: np.random.Generator) -> Floats:
    """Pick a place within a walk of the town's middle."""
    return np.round(np.array([town.x, town.y]) + rng.normal(0, 0.45 * town.radius_km, 2), 4)


def _site(number: int, name: str, town: plan.Town, xy: Floats, land: Land) -> dict[str, str]:
    """One row in HRSA's 55 columns, padded as HRSA pads."""
    lon, lat = plan.to_lonlat(xy[None, :])[0].tolist()
    _, cell = cKDTree(land.mesh.seeds).query(xy)
    county = int(land.county[cell])
    organization = f"EXAMPLE HEALTH NETWORK {1 + county // 3} (SYNTHETIC)"
    row = dict.fromkeys(SITE_COLUMNS, "")
    row |= {
        "Health Center Type": "Federally Qualified Health Center (FQHC)"
        + (" Look-Alike" if number % 7 == 0 else ""),
        "Health Center Number": f"H80ZZ{90000 + county // 3:05d}",
        "BHCMIS Organization Identification Number": f"09{county // 3:04d}0",
        "BPHC Assigned Number": f"BPS-H80-9{number:05d}",
        "Site Name": name,
        "Site Address": f"{100 + 7 * number} Example St",
        "Site City": town.name,
        "Site State Abbreviation": plan.USPS,
        "Site Postal Code": "00000",
        "Site Telephone Number": f"555-555-01{number % 100:02d}",
        "Site Web Address": "www.example.org",
        "Operating Hours per Week": f"{(40, 45, 32, 50)[number % 4]}.00",
        "Health Center Location Setting Identification Number": "7",
        "Health Center Service Delivery Site Location Setting Description": (
            "All Other Clinic Types"
        ),
        "Health Center Status Identification Number": "1",
        "Site Status Description": "Active",
        "Health Center Location Identification Number": "1",
        "Health Center Location Type Description": "Permanent",
        "Health Center Type Identification Number": "2",
        "Health Center Type Description": (
            "Administrative/Service Delivery Site" if number % 5 == 0 else "Service Delivery Site"
        ),
        "Health Center Operator Identification Number": "1",
        "Health Center Operator Description": "Health Center/Applicant",
        "Health Center Operating Schedule Identification Number": "1",
        "Health Center Operational Schedule Description": "Full-Time",
        "Health Center Operating Calendar Surrogate Key": "1",
        "Health Center Operating Calendar": "Year-Round",
        "Site Added to Scope this Date": "01/15/2010",
        "Health Center Name": organization,
        "Health Center Organization Street Address": "1 Example Plaza",
        "Health Center Organization City": plan.TOWNS[0].name,
        "Health Center Organization State": plan.USPS,
        "Health Center Organization ZIP Code": "00000",
        "Grantee Organization Type Description": "Corporate Entity, Federal Tax Exempt",
        "Geocoding Artifact Address Primary X Coordinate": f"{lon:.8f}",
        "Geocoding Artifact Address Primary Y Coordinate": f"{lat:.8f}",
        "U.S. - Mexico Border 100 Kilometer Indicator": "N",
        "U.S. - Mexico Border County Indicator": "N",
        "State and County Federal Information Processing Standard Code": plan.FIPS
        + plan.COUNTY_FIPS[county],
        "Complete County Name": f"{plan.COUNTIES[county]} County",
        "County Equivalent Name": plan.COUNTIES[county],
        "County Description": "County            ",
        "HHS Region Code": "00",
        "HHS Region Name": "Region 0",
        "State FIPS Code": plan.FIPS,
        "State Name": plan.STATE_NAME,
        "State FIPS and Congressional District Number Code": plan.FIPS + "00",
        "Congressional District Number": "00",
        "Congressional District Name": f"{plan.STATE_NAME} (at Large)",
        "Congressional District Code": f"{plan.USPS}-00",
        "U.S. Congressional Representative Name": "Not Determined",
        "Data Warehouse Record Create Date": "06/03/2025",
    }
    return row


def write_clinicians(folder: Path, rng: np.random.Generator) -> Path:
    """Write clinicians without names, under ids that can be nobody's NPI."""
    folder.mkdir(parents=True, exist_ok=True)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CLINICIAN_COLUMNS)
    chance = np.array([s[2] for s in _SPECIALTIES])
    number = 0
    for town, n in zip(plan.TOWNS, _CLINICIANS_A_TOWN, strict=True):
        practices = [(_near(town, rng), k) for k in range(max(1, n // 4))]
        for _ in range(n):
            xy, practice = practices[int(rng.integers(len(practices)))]
            specialty, taxonomy, _ = _SPECIALTIES[int(rng.choice(len(_SPECIALTIES), p=chance))]
            fte = _FTE[int(rng.choice(len(_FTE), p=_FTE_CHANCE))]
            lon, lat = plan.to_lonlat(xy[None, :])[0].tolist()
            facility = f"{town.name} Example Practice {practice + 1} (synthetic)"
            row = (
                false_npi(number),
                specialty,
                taxonomy,
                facility,
                f"{fte:.1f}",
                f"{lon:.6f}",
                f"{lat:.6f}",
            )
            writer.writerow(row)
            number += 1
    path = folder / "example_clinicians.csv"
    write_text(path, out.getvalue())
    return path


def false_npi(number: int) -> str:
    """Ten digits that look like an NPI and fail its check digit, so they can belong to nobody."""
    stem = f"9{number:08d}"
    return stem + str((luhn_digit("80840" + stem) + 5) % 10)


def luhn_digit(digits: str) -> int:
    """Luhn check digit that completes `digits` (NPIs: over 80840 and the first nine digits)."""
    total = 0
    for k, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if k % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return -total % 10
