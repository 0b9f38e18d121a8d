"""Files that come out the same everywhere: zips and shapefiles with a fixed date."""

from __future__ import annotations

import io
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import IO

import geopandas as gpd

from equity.example import _plan as plan

_STAMP = (*plan.FILE_DATE, 0, 0, 0)
_PRJ = (
    'GEOGCS["GCS_North_American_1983",DATUM["D_North_American_1983",'
    'SPHEROID["GRS_1980",6378137,298.257222101]],PRIMEM["Greenwich",0],'
    'UNIT["Degree",0.017453292519943295]]'
)
_PARTS = ("cpg", "dbf", "prj", "shp", "shx")


def zip_entry(name: str) -> zipfile.ZipInfo:
    """Describe a zip member dated by the plan, not by the clock."""
    entry = zipfile.ZipInfo(name, _STAMP)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3
    entry.external_attr = 0o644 << 16
    return entry


def new_zip(path: Path) -> zipfile.ZipFile:
    """Open a new zip, quick rather than small: benchmark-sized states pass through here."""
    return zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1)


def member(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    """Open one large member for writing in pieces."""
    return archive.open(zip_entry(name), "w", force_zip64=True)


def write_shapefile(table: gpd.GeoDataFrame, path: Path) -> None:
    """Write a zipped shapefile with TIGER's member names, coordinate system text and encoding."""
    date = "{:04d}-{:02d}-{:02d}".format(*plan.FILE_DATE)
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        stem = Path(scratch) / path.stem
        table.to_file(
            stem.with_suffix(".shp"),
            engine="pyogrio",
            driver="ESRI Shapefile",
            encoding="UTF-8",
            layer_options={"DBF_DATE_LAST_UPDATE": date, "RESIZE": "YES"},
        )
        stem.with_suffix(".prj").write_bytes(_PRJ.encode())
        stem.with_suffix(".cpg").write_bytes(b"UTF-8")
        with new_zip(path) as archive:
            for part in _PARTS:
                source = stem.with_suffix(f".{part}")
                with source.open("rb") as content, member_small(archive, source.name) as out:
                    shutil.copyfileobj(content, out, 1 << 20)


def member_small(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    """Open one member for writing; zip64 only where the file needs it."""
    return archive.open(zip_entry(name), "w")


def csv_line(values: list[str]) -> str:
    """One CSV row with every value quoted, as HRSA writes it."""
    out = io.StringIO()
    out.write(",".join('"' + value.replace('"', '""') + '"' for value in values))
    return out.getvalue()
