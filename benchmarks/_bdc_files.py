"""Synthetic BDC location-coverage files of realistic shape, for the benchmark only.

One synthetic state (code 90), one zip per technology, rows grouped by provider with the larger
technologies in the proportions of the national files, provider names that need quotes, speeds that
depend on the provider and the place. Rows of a provider come in random order of location, which is
the hardest case for any engine's caches. A made-up nation is 56 such states under the states' own
codes, without satellites.
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
STATE = 90
SPAN = 40  # ids lie this much wider apart than they are many


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


@dataclass(frozen=True)
class Job:
    """One file to write: a technology of a state."""

    folder: Path
    technology: Technology
    rows: int
    locations: int
    state: int = STATE
    first_id: int = 1_000_000_000
    seed: int = 1
    level: int = 6
    tracts: int = 0
    counties: tuple[int, ...] = ()


def make_places(
    n: int, state: int, first_id: int, seed: int, tracts: int = 0, counties: tuple[int, ...] = ()
) -> Places:
    """Return ``n`` locations in about ``n / 18`` blocks of about ``n / 1500`` tracts.

    Or of so many tracts, in counties of these codes.
    """
    rng = np.random.default_rng([seed, state] if state != STATE else seed)
    # Ids of one state lie in a wide range: mostly in geographic order, later additions anywhere.
    span = max(SPAN * n, 1000)
    location = np.sort(rng.choice(span, n, replace=False).astype(np.int64)) + first_id
    late = rng.choice(n, n // 10, replace=False)
    location[late] = location[rng.permutation(late)]
    blocks = max(n // 18, tracts, 1)
    every = np.arange(tracts)  # where tracts are asked for, none is without a block
    tracts = tracts or max(blocks // 80, 1)
    others = rng.integers(0, tracts, blocks - len(every))
    tract_of_block = np.sort(np.concatenate([every, others]))
    county = 1 + 2 * (tract_of_block // 40)
    if counties:
        county = np.array(counties)[tract_of_block * len(counties) // tracts]
    codes = (
        state * 10**13
        + county * 10**10
        + (100 + tract_of_block) * 10**6
        + (1 + np.arange(blocks) % 4) * 10**3
        + np.arange(blocks) % 1000
    )
    codes = np.unique(codes)
    block = codes[np.sort(rng.integers(0, len(codes), n))]
    cell = np.arange(n) // 40
    h3 = pa.array([f"882b{c:07x}ffff"[:15] for c in range(int(cell[-1]) + 1)])
    return Places(location, block, h3.take(pa.array(cell)))


def make_files(folder: Path, *, rows: int, locations: int) -> int:
    """Write the zips of one state into ``folder`` (once) and return the number of rows written."""
    return write_jobs(
        folder, [Job(folder, tech, round(rows * tech.share), locations) for tech in TECHNOLOGIES]
    )


def make_nation(folder: Path, *, rows: int, locations: int) -> int:
    """Write terrestrial zips of 56 states into ``folder`` (once); return the number of rows.

    The largest state has 7 % of all locations, the smallest 0.1 %.
    """
    jobs = nation_jobs(folder, rows=rows, locations=locations)
    return write_jobs(folder, [job for of_state in jobs.values() for job in of_state])


def nation_jobs(
    folder: Path, *, rows: int, locations: int, tracts: int = 0
) -> dict[int, list[Job]]:
    """Return the files of each state; with `tracts`, so many in all, in the states' own counties."""
    from equity.areas.geoid import EXAMPLE_STATE, STATES
    from equity.areas.vintage import counties_of

    codes = [code for code in STATES if code != EXAMPLE_STATE.fips]
    sizes = np.exp(-np.arange(len(codes)) / 14)
    sizes /= sizes.sum()
    terrestrial = [tech for tech in TECHNOLOGIES if tech.code not in {60, 61}]
    ground = sum(tech.share for tech in terrestrial)
    jobs: dict[int, list[Job]] = {}
    first_id = 1_000_000_000
    for code, share in zip(codes, sizes, strict=True):
        here = round(locations * share)
        counties = tuple(int(c[2:]) for c in sorted(counties_of("2020")) if c[:2] == code)
        apart = {"tracts": round(tracts * share), "counties": counties} if tracts else {}
        jobs[int(code)] = [
            Job(
                folder, tech, round(rows * share * tech.share / ground), here, int(code), first_id,
                **apart,
            )
            for tech in terrestrial
        ]  # fmt: skip
        first_id += SPAN * here
    return jobs


def write_jobs(folder: Path, jobs: list[Job]) -> int:
    done = folder / "rows.txt"
    if done.exists():
        return int(done.read_text())
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        written = sum(pool.map(_write_one, jobs))
    done.write_text(str(written))
    return written


def places_of(job: Job) -> Places:
    return make_places(job.locations, job.state, job.first_id, job.seed, job.tracts, job.counties)


def _write_one(job: Job) -> int:
    folder, tech, wanted, locations = job.folder, job.technology, job.rows, job.locations
    places = places_of(job)
    rng = np.random.default_rng(
        [job.seed, tech.code, job.state] if job.state != STATE else [job.seed, tech.code]
    )
    stem = f"bdc_{job.state:02d}_{tech.name}_fixed_broadband_D25_29sep2026"
    written = 0
    with (
        zipfile.ZipFile(
            folder / f"{stem}.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=job.level
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
            "state": pa.array(["ZZ"]).take(pa.array(np.zeros(count, np.int32))),
            "block": pa.array(places.block[chosen]),
            "h3": places.h3.take(pa.array(chosen)),
        }
    )
    options = pa_csv.WriteOptions(include_header=False, quoting_style="needed")
    buffer = io.BytesIO()
    pa_csv.write_csv(table, buffer, options)
    member.write(buffer.getbuffer())
    return count
