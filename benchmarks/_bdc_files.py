"""Synthetic BDC location-coverage files of realistic shape, for the benchmark only.

One synthetic state (code 90), one zip per technology, rows grouped by provider with the larger
technologies in the proportions of the national files, provider names that need quotes, speeds that
depend on the provider and the place. Rows of a provider come in random order of location, which is
the hardest case for any engine's caches.
"""

from __future__ import annotations

import io
import math
import zipfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

HEADER = (
    "frn,provider_id,brand_name,location_id,technology,max_advertised_download_speed,"
    "max_advertised_upload_speed,low_latency,business_residential_code,state_usps,block_geoid,"
    "h3_res8_id"
)
STATE, USPS = 90, "ZZ"


@dataclass(frozen=True)
class Technology:
    """How one technology's file looks."""

    code: int
    name: str
    share: float
    reach: float
    tiers: tuple[tuple[int, int], ...]
    low_latency: int


# Shares of rows follow the zipped sizes of the national files of December 2025.
TECHNOLOGIES = (
    Technology(60, "GSOSatellite", 0.390, 1.00, ((100, 3), (50, 3), (25, 3)), 0),
    Technology(71, "LicensedFixedWireless", 0.255, 0.60, ((100, 20), (50, 8), (25, 3), (10, 1)), 1),
    Technology(61, "NGSOSatellite", 0.115, 1.00, ((220, 25), (150, 20)), 1),
    Technology(40, "Cable", 0.085, 0.75, ((1200, 35), (1000, 40), (300, 20), (100, 10)), 1),
    Technology(50, "FibertothePremises", 0.085, 0.45, ((5000, 5000), (1000, 1000), (500, 500)), 1),
    Technology(10, "Copper", 0.035, 0.35, ((100, 20), (25, 3), (10, 1), (1, 1), (0, 0)), 1),
    Technology(70, "UnlicensedFixedWireless", 0.025, 0.25, ((100, 20), (50, 10), (12, 2)), 1),
    Technology(72, "LBRFixedWireless", 0.010, 0.12, ((400, 100), (100, 20), (25, 3)), 1),
)


@dataclass(frozen=True)
class Places:
    """The locations of the state, in geographic order."""

    location: np.ndarray
    block: np.ndarray
    h3: pa.Array


def make_places(n: int, seed: int = 1) -> Places:
    """Return ``n`` locations in about ``n / 18`` blocks of about ``n / 1500`` tracts."""
    rng = np.random.default_rng(seed)
    # Ids of one state lie in a wide range: mostly in geographic order, later additions anywhere.
    span = max(40 * n, 1000)
    location = np.sort(rng.choice(span, n, replace=False).astype(np.int64)) + 1_000_000_000
    late = rng.choice(n, n // 10, replace=False)
    location[late] = location[rng.permutation(late)]
    blocks = max(n // 18, 1)
    tracts = max(blocks // 80, 1)
    tract_of_block = np.sort(rng.integers(0, tracts, blocks))
    codes = (
        STATE * 10**13
        + (1 + 2 * (tract_of_block // 40)) * 10**10
        + (100 + tract_of_block) * 10**6
        + (1 + np.arange(blocks) % 4) * 10**3
        + np.arange(blocks) % 1000
    )
    codes = np.unique(codes)
    block = codes[np.sort(rng.integers(0, len(codes), n))]
    cell = np.arange(n) // 40
    h3 = pa.array([f"882b{c:07x}ffff"[:15] for c in range(int(cell[-1]) + 1)])
    return Places(location, block, h3.take(pa.array(cell)))


def make_files(folder: Path, *, rows: int, locations: int, seed: int = 1, level: int = 6) -> int:
    """Write the zips into ``folder`` (once) and return the number of rows written."""
    done = folder / "rows.txt"
    if done.exists():
        return int(done.read_text())
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [(folder, tech, rows, locations, seed, level) for tech in TECHNOLOGIES]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        written = sum(pool.map(_write_one, jobs))
    done.write_text(str(written))
    return written


def _write_one(job: tuple[Path, Technology, int, int, int, int]) -> int:
    folder, tech, rows, locations, seed, level = job
    places = make_places(locations, seed)
    rng = np.random.default_rng([seed, tech.code])
    wanted = round(rows * tech.share)
    stem = f"bdc_{STATE}_{tech.name}_fixed_broadband_D25_29sep2026"
    written = 0
    with (
        zipfile.ZipFile(
            folder / f"{stem}.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=level
        ) as archive,
        archive.open(f"{stem}.csv", "w", force_zip64=True) as member,
    ):
        member.write(HEADER.encode() + b"\n")
        providers = max(math.ceil(wanted / (locations * tech.reach)), min(12, wanted))
        sizes = rng.dirichlet(np.full(providers, 1.2)) * wanted
        number = 0
        while written < wanted:
            # What no provider had room for goes to further ones.
            size = sizes[number] if number < providers - 1 else locations * tech.reach
            count = int(min(max(size, 1), locations, wanted - written))
            written += _write_provider(member, places, tech, number, count, rng)
            number += 1
    return written


def _write_provider(
    member: io.IOBase,
    places: Places,
    tech: Technology,
    number: int,
    count: int,
    rng: np.random.Generator,
) -> int:
    n = len(places.location)
    start = int(rng.integers(0, n))
    # A contiguous footprint with holes, in random order.
    reach = min(n, int(count * 1.15) + 1)
    chosen = (start + rng.choice(reach, count, replace=False)) % n
    tier = rng.integers(0, len(tech.tiers), n // 4000 + 1)[chosen // 4000]
    speeds = np.array(tech.tiers)[tier]
    name = f"{tech.name} Provider {number}"
    brand = f"{name}, LLC" if number % 3 == 1 else name
    provider = 100_000 + tech.code * 1000 + number
    if number % 4 == 2:
        provider = 130_000 + number  # the same company sells over several technologies
    customers = np.array(["R", "X", "B"])[rng.choice(3, count, p=[0.3, 0.6, 0.1])]
    table = pa.table(
        {
            "frn": pa.array([f"{provider:010d}"]).take(pa.array(np.zeros(count, np.int32))),
            "provider_id": pa.array(np.full(count, provider, np.int32)),
            "brand_name": pa.array([brand]).take(pa.array(np.zeros(count, np.int32))),
            "location_id": pa.array(places.location[chosen]),
            "technology": pa.array(np.full(count, tech.code, np.int16)),
            "down": pa.array(speeds[:, 0].astype(np.int32)),
            "up": pa.array(speeds[:, 1].astype(np.int32)),
            "low_latency": pa.array(np.full(count, tech.low_latency, np.int8)),
            "customers": pa.array(customers),
            "state": pa.array([USPS]).take(pa.array(np.zeros(count, np.int32))),
            "block": pa.array(places.block[chosen]),
            "h3": places.h3.take(pa.array(chosen)),
        }
    )
    options = pa_csv.WriteOptions(include_header=False, quoting_style="needed")
    buffer = io.BytesIO()
    pa_csv.write_csv(table, buffer, options)
    member.write(buffer.getbuffer())
    return count
