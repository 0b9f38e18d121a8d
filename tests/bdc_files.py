"""Small BDC files for tests: rows as tuples, written the way the FCC publishes them."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

# Column order: FCC, Specifications for Data Downloads from the National Broadband Map, rev. 2.4.2, 3.1.1.
HEADER = [
    "frn",
    "provider_id",
    "brand_name",
    "location_id",
    "technology",
    "max_advertised_download_speed",
    "max_advertised_upload_speed",
    "low_latency",
    "business_residential_code",
    "state_usps",
    "block_geoid",
    "h3_res8_id",
]
EXPORT_HEADER = [
    "location_id",
    "block_geoid",
    "h3_res8_id",
    "any_dl100_ul20",
    "wired_dl100_ul20",
    "terrestrial_dl100_ul20",
]
CELL = "882bab5303fffff"
BLOCK = "100010401001000"
STAMP = "fixed_broadband_D25_29sep2026"


def offer(
    location=1_000_000_001,
    *,
    provider=130317,
    technology=50,
    down=100,
    up=20,
    latency=1,
    customers="X",
    block=BLOCK,
    cell=CELL,
    brand="Company, LLC",
    usps="DE",
):
    """Return one row of a location-coverage file."""
    return [
        "0003768165",
        provider,
        brand,
        location,
        technology,
        down,
        up,
        latency,
        customers,
        usps,
        block,
        cell,
    ]


def text(rows, header=HEADER):
    """Return rows as the publisher's CSV, in UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode()


def write_zip(path: Path, content: bytes, member: str | None = None) -> Path:
    """Write one CSV into a zip of the same stem."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member or f"{path.stem}.csv", content)
    return path


def write_offers(folder: Path, rows, *, name="FibertothePremises", state="10", stamp=STAMP) -> Path:
    """Write a location-coverage zip under its real name."""
    return write_zip(Path(folder) / f"bdc_{state}_{name}_{stamp}.zip", text(rows))


def write_export(folder: Path, locations, *, state="10", stamp="D25_29sep2026") -> Path:
    """Write a served/unserved export: ``locations`` are (id, block) or (id, block, cell)."""
    rows = [[item[0], item[1], item[2] if len(item) > 2 else CELL, 1, 1, 1] for item in locations]
    path = Path(folder) / f"bdc_{state}_fixed_broadband_served_unserved_{stamp}.zip"
    return write_zip(path, text(rows, EXPORT_HEADER))
