"""Files damaged at random: each is read, or refused in one line that names it. Never a traceback.

The damage is drawn from fixed seeds, so a failure comes back with its bytes.
"""

from __future__ import annotations

import gzip
import io
import json
import lzma
import random
import re
import zipfile

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
from shapely.geometry import box

from equity import read_acs, read_boundaries, read_coverage, read_sites, read_table
from equity.errors import EquityError

ACS = [
    ["NAME", "B28002_001E", "B28002_001M", "state", "county", "tract"],
    ["Tract 401", "2417", "150", "10", "001", "040100"],
    ["Tract 402.01", "-666666666", "-222222222", "10", "001", "040201"],
]
WIDE = 'GEOID,B28002_001E,B28002_001M\n10001040100,1,1\n10001040201,"5",-555555555\n'
SUMMARY = "GEO_ID|B19013_E001|B19013_M001\n0400000US10|1|1\n1400000US10001040100|250001|-333333333\n1400000US10001040201|5|1\n"
COVERAGE = "GEOID,TotalBSLs,ServedBSLs,UnderservedBSLs,UnservedBSLs\n10001040100,3050,2878,167,5\n10001990000,0,0,0,0\n"
POINTS = 'key,label,FTE,lon,lat\n7,"A, clinic",2.5,-75.5,39.1\n8,B,,-76,38.5\n'
TABLE = "GEOID,Insured,Se,Name\n10001040100,95.5,2.5,West\n10001040201,,1,East\n140US10003010300,100,0,None\n"

WHO = {"agency": "a", "product": "p", "vintage": "v", "level": "tract", "geo_vintage": "2020"}


def acs(path):
    return read_acs(path, year=2023, state="DE")


def coverage(path):
    return read_coverage(path, as_of="2024", state="DE")


def sites(path):
    roles = {"id": "key", "name": "label", "fte": "FTE", "lon": "lon", "lat": "lat"}
    return read_sites(path, as_of="2026", layout="points", columns=roles, unplaced="drop")


def table(path):
    share = {"column": "Insured", "unit": "percent", "complement": True, "moe": "Se"}
    return read_table(
        path, columns={"uninsured_share": share, "label": {"column": "Name", "unit": "text"}}, **WHO
    )


def boundaries(path):
    return read_boundaries(path, year=2020, state="DE")


MADE = (126, 9, 29, 0, 0, 0)
"""When every shapefile here was made, in years since 1900 as a .dbf has it."""


def shapes():
    squares = [box(-75.6, 39.0, -75.5, 39.1), box(-75.5, 39.0, -75.4, 39.1)]
    ids = {
        "GEOID": ["10001040100", "10001040201"],
        "NAME": ["a", "b"],
        "ALAND": [96_000_000, 95_000_000],
        "AWATER": [0, 1],
    }
    return gpd.GeoDataFrame(ids, geometry=squares, crs="EPSG:4269")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Name -> (content, reader) of one undamaged file of each kind."""
    folder = tmp_path_factory.mktemp("whole")
    pyogrio.write_dataframe(shapes(), folder / "t.shp")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(folder.iterdir()):
            body = bytearray(part.read_bytes())
            if part.suffix == ".dbf":
                body[1:4] = bytes(MADE[:3])  # the day of writing: a seed damages the same bytes
            stamped = zipfile.ZipInfo(part.name, (1900 + MADE[0], *MADE[1:]))
            archive.writestr(stamped, bytes(body), zipfile.ZIP_DEFLATED)
    pyogrio.write_dataframe(shapes(), folder / "t.geojson", driver="GeoJSON")
    return {
        "acs.json": (json.dumps(ACS).encode(), acs),
        "acs.csv": (WIDE.encode(), acs),
        "acs.dat": (SUMMARY.encode(), acs),
        "coverage.csv": (COVERAGE.encode(), coverage),
        "points.csv": (POINTS.encode(), sites),
        "table.csv": (TABLE.encode(), table),
        "table.csv.gz": (gzip.compress(TABLE.encode(), mtime=0), table),
        "table.csv.xz": (lzma.compress(TABLE.encode()), table),
        "t.zip": (packed.getvalue(), boundaries),
        "t.geojson": ((folder / "t.geojson").read_bytes(), boundaries),
    }


JUNK = [
    b"", b",", b'"', b"\n", b"\r", b"\0", b"-", b"nan", b"inf", b"-999", b"\xff", b"US", b"[", b"]",
    b"{}", b"null", b"1e400", b"|", b"\xe2\x80\x8b", b"9" * 30, b"-666666666", b"None", b"<", b"\t",
]  # fmt: skip


def damaged(content: bytes, dice: random.Random) -> bytes:
    data = bytearray(content)
    for _ in range(dice.choice([1, 1, 1, 2, 3])):
        at = dice.randrange(len(data) + 1)
        end = min(len(data), at + dice.randrange(1, 40))
        kind = dice.randrange(6)
        if kind == 0 and at < len(data):
            data[at] = dice.randrange(256)
        elif kind == 1:
            data[at:at] = dice.choice(JUNK)
        elif kind == 2:
            data[at:end] = dice.choice(JUNK)
        elif kind == 3:
            del data[at:]
        elif kind == 4:
            data[at:at] = data[at:end]
        else:
            words = list(re.finditer(rb'[^,|\n"\[\]]+', bytes(data)))
            if words:
                start, stop = dice.choice(words).span()
                data[start:stop] = dice.choice(JUNK)
    return bytes(data)


def check(result, name):
    """Whatever was read is what an area table, or a table of places, may be."""
    assert len(result) > 0
    assert result.index.is_unique
    if name != "points.csv":
        assert result.index.str.fullmatch("[0-9]{11}").all()
    numbers = result.select_dtypes("number").to_numpy(dtype=float)
    assert not np.isinf(numbers).any()
    if name != "points.csv":
        assert not (numbers < 0).any()


NAMES = [
    "acs.json",
    "acs.csv",
    "acs.dat",
    "coverage.csv",
    "points.csv",
    "table.csv",
    "table.csv.gz",
    "table.csv.xz",
    "t.zip",
    "t.geojson",
]


@pytest.mark.parametrize("name", NAMES)
def test_damage_is_read_right_or_refused_in_one_line(whole, tmp_path, name):
    content, reader = whole[name]
    path = tmp_path / name
    path.write_bytes(content)
    check(reader(path), name)
    refused = []
    for seed in range(60):
        path.write_bytes(damaged(content, random.Random(f"{name} {seed}")))
        try:
            check(reader(path), name)
        except EquityError as error:
            refused.append(error)
    assert len(refused) > 20
    for error in refused:
        assert "\n" not in str(error)
        assert error.file is not None, str(error)
        assert error.file.endswith(name)
        assert error.count is None or error.count > 0
