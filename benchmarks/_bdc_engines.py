"""The same question put to each engine: locations by class and distinct companies, per tract.

Every engine gets the same zips and must give the same table. What cannot read a zip unpacks it
first, inside its own time. Class: the best offer of a location at 100/20 or 25/3 Mbps, low latency,
residential, over copper, cable, fiber, licensed and licensed-by-rule fixed wireless (the rule
``bead-2022``). Companies: distinct provider ids with any row.

Run as a program, it asks one engine about a folder and leaves the answer in a file; what the
program itself needs besides is next to nothing, so that only the engine is measured.
"""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd  # imported where it is used: the floor must not pay for it

RELIABLE = [10, 40, 50, 71, 72]
NEEDED = [
    "provider_id",
    "location_id",
    "technology",
    "max_advertised_download_speed",
    "max_advertised_upload_speed",
    "low_latency",
    "business_residential_code",
    "block_geoid",
]
COLUMNS = ["served_n", "underserved_n", "unserved_n", "providers_listed_n"]
DOWN, UP = "max_advertised_download_speed", "max_advertised_upload_speed"


def engine_inline(folder: Path) -> pd.DataFrame:
    """This package, one process."""
    from equity.measures.lines.coverage import Inline

    return _engine(folder, Inline())


def engine_as_it_comes(folder: Path) -> pd.DataFrame:
    """This package as it comes: parsing threads, or processes where there are many cores."""
    return _engine(folder, None)


def _engine(folder: Path, executor: object) -> pd.DataFrame:
    import equity as eq

    files = eq.read_bdc(folder, as_of="2025-12-31")
    table = eq.coverage(files, rule="bead-2022", level="tract", executor=executor)
    return table[COLUMNS]


def bdcdata_pandas(folder: Path) -> pd.DataFrame:
    """The package bdcdata's own reader, then pandas."""
    import pandas as pd
    from bdcdata._readers import read_csv_archive

    parts = []
    for path in sorted(folder.glob("*.zip")):
        frame = read_csv_archive(path.read_bytes(), source=path.name)
        counts = (
            frame["technology"].astype(int).isin(RELIABLE)
            & (frame["low_latency"].astype(int) == 1)
            & frame["business_residential_code"].isin(["R", "X"])
        )
        level = (counts & (frame[DOWN] >= 25) & (frame[UP] >= 3)).astype("int8")
        level += (counts & (frame[DOWN] >= 100) & (frame[UP] >= 20)).astype("int8")
        parts.append(
            frame[["location_id", "provider_id", "block_geoid"]].assign(level=level.to_numpy())
        )
        del frame
    rows = pd.concat(parts, ignore_index=True)
    parts.clear()
    best = rows.groupby("location_id").agg(level=("level", "max"), block=("block_geoid", "first"))
    best["tract"] = best["block"].astype(str).str.zfill(15).str[:11]
    sizes = best.groupby(["tract", "level"]).size().rename("n").reset_index()
    result = _counts(sizes.pivot_table(index="tract", columns="level", values="n", fill_value=0))
    rows["tract"] = rows["block_geoid"].astype(str).str.zfill(15).str[:11]
    result["providers_listed_n"] = rows.groupby("tract")["provider_id"].nunique()
    return result


def polars_streaming(folder: Path) -> pd.DataFrame:
    """Polars, streaming, over the unpacked files."""
    import polars as pl

    types = {
        "frn": pl.String, "provider_id": pl.Int32, "brand_name": pl.String,
        "location_id": pl.Int64, "technology": pl.Int16, DOWN: pl.Int32, UP: pl.Int32,
        "low_latency": pl.Int8, "business_residential_code": pl.String, "state_usps": pl.String,
        "block_geoid": pl.Int64, "h3_res8_id": pl.String,
    }  # fmt: skip
    with _unpacked(folder) as unpacked:
        rows = pl.scan_csv(sorted(unpacked.glob("*.csv")), schema=types)
        counts = (
            pl.col("technology").is_in(RELIABLE)
            & (pl.col("low_latency") == 1)
            & pl.col("business_residential_code").is_in(["R", "X"])
        )
        level = (counts & (pl.col(DOWN) >= 25) & (pl.col(UP) >= 3)).cast(pl.Int8) + (
            counts & (pl.col(DOWN) >= 100) & (pl.col(UP) >= 20)
        ).cast(pl.Int8)
        rows = rows.select(
            "location_id",
            "provider_id",
            tract=pl.col("block_geoid") // 10**4,
            level=level,
        )
        best = (
            rows.group_by("location_id")
            .agg(pl.col("level").max(), pl.col("tract").min())
            .group_by("tract", "level")
            .len()
        )
        providers = rows.select("tract", "provider_id").unique().group_by("tract").len()
        one, two = pl.collect_all([best, providers], engine="streaming")
    wide = one.to_pandas().pivot_table(index="tract", columns="level", values="len", fill_value=0)
    return _finish(wide, two.to_pandas().set_index("tract")["len"])


def duckdb_once(folder: Path) -> pd.DataFrame:
    """DuckDB: the unpacked files into a temporary table once, then two queries."""
    import duckdb

    with _unpacked(folder) as unpacked, duckdb.connect() as con:
        con.execute("SET threads = 2; SET memory_limit = '8GB'")
        con.execute(
            f"""
            CREATE TEMP TABLE offers AS
            SELECT location_id, provider_id, block_geoid // 10000 AS tract,
              CASE WHEN technology IN (10, 40, 50, 71, 72) AND low_latency = 1
                        AND business_residential_code IN ('R', 'X')
                   THEN CASE WHEN {DOWN} >= 100 AND {UP} >= 20 THEN 2
                             WHEN {DOWN} >= 25 AND {UP} >= 3 THEN 1 ELSE 0 END
                   ELSE 0 END::TINYINT AS level
            FROM read_csv('{unpacked}/*.csv', header = true, auto_detect = false, delim = ',',
              quote = '"', escape = '"', columns = {{
              'frn': 'VARCHAR', 'provider_id': 'INTEGER', 'brand_name': 'VARCHAR',
              'location_id': 'BIGINT', 'technology': 'SMALLINT', '{DOWN}': 'INTEGER',
              '{UP}': 'INTEGER', 'low_latency': 'TINYINT', 'business_residential_code': 'VARCHAR',
              'state_usps': 'VARCHAR', 'block_geoid': 'BIGINT', 'h3_res8_id': 'VARCHAR'}})"""
        )
        wide = con.execute(
            """
            SELECT tract, count(*) FILTER (level = 0) AS "0", count(*) FILTER (level = 1) AS "1",
              count(*) FILTER (level = 2) AS "2"
            FROM (SELECT location_id, max(level) AS level, min(tract) AS tract
                  FROM offers GROUP BY location_id) GROUP BY tract"""
        ).df()
        providers = con.execute(
            "SELECT tract, count(DISTINCT provider_id) AS n FROM offers GROUP BY tract"
        ).df()
    wide = wide.set_index("tract")
    wide.columns = wide.columns.astype(int)
    return _finish(wide, providers.set_index("tract")["n"])


def floor_zlib(folder: Path) -> None:
    """Inflate with the standard library and parse the eight needed columns; no answer."""
    for path in sorted(folder.glob("*.zip")):
        with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as stream:
            _parse(stream)


def floor_isal(folder: Path) -> None:
    """The same with the engine's own inflate."""
    from equity.sources.fcc._bdc_stream import only_member, open_csv_bytes

    for path in sorted(folder.glob("*.zip")):
        with open_csv_bytes(str(path), only_member(str(path)).filename) as stream:
            _parse(stream)


def _parse(stream: object) -> None:
    import pyarrow as pa
    from pyarrow import csv

    kinds = [pa.int32(), pa.int64(), pa.int16(), pa.int32(), pa.int32(), pa.int8(), pa.string(),
             pa.int64()]  # fmt: skip
    reader = csv.open_csv(
        stream,
        csv.ReadOptions(use_threads=False, block_size=1 << 22),
        convert_options=csv.ConvertOptions(
            column_types=dict(zip(NEEDED, kinds, strict=True)),
            include_columns=NEEDED,
            check_utf8=False,
        ),
    )
    for _batch in reader:
        pass


def _counts(wide: pd.DataFrame) -> pd.DataFrame:
    wide = wide.reindex(columns=[2, 1, 0], fill_value=0)
    wide.columns = COLUMNS[:3]
    return wide


def _finish(wide: pd.DataFrame, providers: pd.Series) -> pd.DataFrame:
    result = _counts(wide)
    result["providers_listed_n"] = providers
    result.index = result.index.astype(str).str.zfill(11)
    return result


@contextmanager
def _unpacked(folder: Path):
    import shutil
    import tempfile

    target = Path(tempfile.mkdtemp(prefix="bdc-", dir=folder.parent))
    try:
        for path in sorted(folder.glob("*.zip")):
            with zipfile.ZipFile(path) as archive:
                archive.extractall(target)
        yield target
    finally:
        shutil.rmtree(target)


ENGINES: dict[str, Callable[[Path], pd.DataFrame | None]] = {
    "floor (zlib)": floor_zlib,
    "floor (isal)": floor_isal,
    "engine, one process": engine_inline,
    "engine, as it comes": engine_as_it_comes,
    "polars streaming": polars_streaming,
    "duckdb": duckdb_once,
    "bdcdata + pandas": bdcdata_pandas,
}


def main(name: str, folder: str, answer: str) -> None:
    table = ENGINES[name](Path(folder))
    if table is None:
        Path(answer).touch()
        return
    table = table.astype("int64").rename_axis("tract").rename_axis(columns=None)
    table.sort_index().to_csv(answer)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    main(*sys.argv[1:])
