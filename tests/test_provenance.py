"""A table's record: JSON-able, merged, never invented."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import PackageNotFoundError, version

import geopandas as gpd
import pandas as pd
import pytest

import equity
from equity.provenance import Source, TableMeta, carry, meta, sha256_of, software, stamp

ACS = Source("acs", "U.S. Census Bureau", "ACS", "2019-2023", sha256="ab", licence="public domain")
MADE = Source("made", "Example generator", "ACS", "2023", synthetic=True)


def frame():
    return pd.DataFrame({"n": [1]}, index=pd.Index(["10001"], name="geoid"))


def test_a_stamp_is_read_back():
    table = frame()
    assert stamp(table, level="county", geo_vintage="2020", sources=[ACS], notes=["a"]) is table
    record = meta(table)
    assert record == TableMeta("county", "2020", (ACS,), ("a",))
    assert record.synthetic is False
    assert json.loads(json.dumps(table.attrs)) == table.attrs


def test_an_unstamped_table_has_an_empty_record():
    assert meta(frame()) == TableMeta()
    odd = frame()
    odd.attrs["equity"] = "something else"
    assert meta(odd) == TableMeta()


def test_a_source_round_trips_whatever_is_empty():
    for source in (ACS, MADE, Source("x", "", "", ""), Source("x", "a", "p", "", note="n")):
        assert Source.from_dict(source.to_dict()) == source
        assert "" not in source.to_dict().values()
    assert Source.from_dict({"id": "x", "of_a_later_version": 1}) == Source("x", "", "", "")


def test_records_merge_without_repeating():
    left = stamp(frame(), level="county", geo_vintage="2020", sources=[ACS, ACS], notes=["a", "a"])
    right = stamp(frame(), sources=[ACS, MADE], notes=["b", "a"])
    result = carry(frame(), left, right, frame(), notes=["c"])
    assert meta(result) == TableMeta("county", "2020", (ACS, MADE), ("a", "b", "c"))
    assert meta(result).synthetic is True
    assert meta(left).sources == (ACS,)


def test_one_synthetic_source_marks_the_whole():
    assert meta(carry(frame(), stamp(frame(), sources=[MADE]))).synthetic is True


def test_a_copy_has_its_own_record():
    table = stamp(frame(), level="county", sources=[ACS])
    twin = stamp(table.copy(), level="tract")
    assert meta(table).level == "county"
    assert meta(twin).level == "tract"


@pytest.mark.parametrize(
    "selected", [lambda t: t[["n"]], lambda t: t[t["n"] > 0], lambda t: t.copy()]
)
def test_selections_keep_the_record(selected):
    assert meta(selected(stamp(frame(), level="county", sources=[ACS]))).sources == (ACS,)


def test_geographic_tables_carry_it_too():
    shapes = gpd.GeoDataFrame(frame(), geometry=gpd.points_from_xy([0], [0]), crs="EPSG:4269")
    assert meta(stamp(shapes, level="county")).level == "county"


def test_parquet_keeps_it(tmp_path):
    table = stamp(frame(), level="county", geo_vintage="2020", sources=[ACS], notes=["ä"])
    table.to_parquet(tmp_path / "t.parquet")
    assert meta(pd.read_parquet(tmp_path / "t.parquet")) == meta(table)


def test_checksums_are_of_the_bytes(tmp_path):
    path = tmp_path / "big"
    content = b"0123456789abcdef" * 200_000
    path.write_bytes(content)
    assert sha256_of(path) == hashlib.sha256(content).hexdigest()


def test_the_software_names_itself():
    assert software() == {"name": "telehealth-equity", "version": equity.__version__}
    try:
        installed = version("telehealth-equity")
    except PackageNotFoundError:
        return
    assert installed == equity.__version__
