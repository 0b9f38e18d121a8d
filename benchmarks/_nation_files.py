"""A made-up nation for the benchmark: location files, tracts, a survey, need and clinics."""

from __future__ import annotations

import dataclasses
import tomllib
from functools import cache
from importlib import resources
from pathlib import Path

import _bdc_files
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

YEAR = 2021  # Connecticut under its old counties, as in the FCC's files
TRACTS, ROWS, LOCATIONS, CLINICS = 85_000, 430_000_000, 115_000_000, 14_000

STUDY = """\
[study]
id = "nation"
title = "Made-up nation"
state = {states}
state_by_state = true
join_tolerance = 0.2  # of few locations some tracts have none with an offer
rules = ["video-visit", "fcc-25-3", "fcc-706-2024"]
headline = "fcc-25-3"

[boundaries]
file = "tracts_{{state}}.gpkg"
year = 2021

[coverage]
kind = "locations"
files = "bdc_{{state}}"
as_of = "2025-12-31"

[[acs]]
files = "acs_{{state}}.csv"
year = 2021

[[tables]]
file = "need_{{state}}.csv"
agency = "Nobody"
product = "Need"
vintage = "2021"
geo_vintage = "2020"
[tables.columns]
poverty_share = {{ column = "poor", unit = "share" }}
uninsured_share = {{ column = "uninsured", unit = "share" }}
no_vehicle_share = {{ column = "carless", unit = "share" }}
disability_share = {{ column = "disabled", unit = "share" }}

[[sites]]
file = "clinics.csv"
as_of = "2025"
reader = "points"
columns = {{ id = "id", name = "name", lon = "lon", lat = "lat" }}
kind = "Federally Qualified Health Center"
use = "sites"

[[care]]
kinds = ["health_center"]
limit_min = 30

{criteria}"""


def make_nation(folder: Path, *, states: int, share: float) -> tuple[Path, int]:
    """Write the first states of the nation (once); return the study file and the rows of lines.

    Parameters
    ----------
    folder
        Where.
    states
        How many, largest first, up to 56.
    share
        Part of the nation's 430 million rows; tracts stay 85,000.
    """
    from equity.rules.defaults import default_criteria_text

    rows = 0
    jobs = _bdc_files.nation_jobs(
        folder, rows=round(ROWS * share), locations=round(LOCATIONS * share), tracts=TRACTS
    )
    chosen = list(jobs.items())[:states]
    for code, own in chosen:
        fips = f"{code:02d}"
        lines = folder / f"bdc_{fips}"
        moved = [dataclasses.replace(job, folder=lines) for job in own]
        rows += _bdc_files.write_jobs(lines, moved)
        if not (folder / f"need_{fips}.csv").exists():
            write_state(folder, fips, _bdc_files.places_of(own[0]).block)
    if not (folder / "clinics.csv").exists():
        write_clinics(folder, [f"{code:02d}" for code in jobs])
    study = folder / f"study-{states}.toml"
    named = [f"{code:02d}" for code, _ in chosen]
    text = STUDY.format(states=named, criteria=default_criteria_text()).replace("'", '"')
    study.write_text(text, encoding="utf-8")
    return study, rows


@cache
def boxes() -> dict[str, tuple[float, float, float, float]]:
    """Return where each state is drawn: west, south, width, height, inside its own box."""
    text = (resources.files("equity.areas") / "state_boxes.toml").read_text(encoding="utf-8")
    found = {}
    for fips, (west, south, east, north) in tomllib.loads(text).items():
        left = max(west, -179.0)
        found[fips] = (left, south, min(east - left, 7.0), min(north - south, 3.4))
    return found


def write_state(folder: Path, fips: str, block: np.ndarray) -> None:
    """Write tracts with borders of forty vertices, the survey and the need of one state."""
    ids = pd.Series(np.unique(block // 10_000)).astype(str).str.zfill(11)
    n = len(ids)
    west, south, width, height = boxes()[fips]
    side = int(np.ceil(np.sqrt(n)))
    wide, high = width / side, height / side
    x, y = west + np.arange(n) % side * wide, south + np.arange(n) // side * high
    squares = shapely.segmentize(shapely.box(x, y, x + wide, y + high), wide / 10)
    drawn = gpd.GeoSeries(squares, crs="EPSG:4269")
    gpd.GeoDataFrame({"GEOID": ids, "NAME": ids}, geometry=drawn).to_file(
        folder / f"tracts_{fips}.gpkg"
    )
    rng = np.random.default_rng(int(fips))
    homes = rng.integers(600, 2600, n)
    device = (homes * rng.uniform(0.75, 0.99, n)).astype(int)
    broadband = (device * rng.uniform(0.75, 0.99, n)).astype(int)
    codes = {
        "B01003_001": homes * 5 // 2, "B28003_001": homes, "B28003_002": device,
        "B28003_004": broadband, "B28001_001": homes, "B28001_002": device,
        "B28002_001": homes, "B28002_004": broadband, "B28002_007": broadband * 8 // 10,
    }  # fmt: skip
    acs: dict[str, object] = {"GEO_ID": "1400000US" + ids}
    for code, values in codes.items():
        acs |= {f"{code}E": values, f"{code}M": 3 * np.sqrt(values).astype(int)}
    pd.DataFrame(acs).to_csv(folder / f"acs_{fips}.csv", index=False)
    need = rng.beta(2, 9, (4, n)).round(4)
    names = ("poor", "uninsured", "carless", "disabled")
    pd.DataFrame({"GEOID": ids, **dict(zip(names, need, strict=True))}).to_csv(
        folder / f"need_{fips}.csv", index=False
    )


def write_clinics(folder: Path, states: list[str]) -> None:
    rng = np.random.default_rng(1)
    own = np.array([boxes()[fips] for fips in states])[rng.integers(0, len(states), CLINICS)]
    spot = (own[:, :2] + rng.uniform(0, 1, (CLINICS, 2)) * own[:, 2:]).round(5)
    names = {"id": [f"c{i}" for i in range(CLINICS)], "name": "Clinic"}
    pd.DataFrame({**names, "lon": spot[:, 0], "lat": spot[:, 1]}).to_csv(
        folder / "clinics.csv", index=False
    )
