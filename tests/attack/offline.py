"""Hostile studies under ``--offline``: every path leads to a server, or to a file that names one.

Run by ``test_offline.py`` in a process of its own, because environment and working folder belong to
the attack: ``python offline.py FOLDER HOST:PORT SEED ROUNDS``. Prints one JSON object: how the
studies ended (exit code, or ``traceback``), and the texts of those that ended badly.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import random
import shutil
import sqlite3
import sys
import zipfile
from collections import Counter
from pathlib import Path
from urllib.parse import quote

OWN = """[[tables]]
file = {file}
vintage = "{year}"
agency = "a"
product = "p"
geo_vintage = "{year}"
columns.my_n.column = "n"
"""
CROSSWALK = """[tables.crosswalk]
file = {}
reader = "tract_relationship"
counts.my_n = "people"
"""
FIELDS = {
    "boundaries": ('file = "boundaries/tl_2023_90_tract.zip"', "file = {}"),
    "counties": ('file = "boundaries/tl_2023_90_county.zip"', "file = {}"),
    "lines": ('files = ["bdc", "served_unserved"]', "files = [{}]"),
    "export": ('"served_unserved"]', '"served_unserved", {}]'),
    "sites": ('file = "care/Health_Center_Service_Delivery_and_LookAlike_Sites.csv"', "file = {}"),
    "capacity": ('file = "care/example_clinicians.csv"', "file = {}"),
    "surveys": ("[[acs]]\nfiles = [\n", "[[acs]]\nfiles = [\n    {},\n"),
    "rules": ("rules = [", "rules = [{}, "),
    "housing": ('kind = "locations"\n', 'kind = "locations"\nhousing = {}\n'),
    "centers": ("[[acs]]", "[centers]\nfile = {}\nyear = 2020\n\n[[acs]]"),
    "table": (
        "[care]\n",
        OWN.format(file="{}", year=2020) + "\n[care]\n",
    ),
    "crosswalk": (
        "[care]\n",
        OWN.format(file='"mine.csv"', year=2010) + CROSSWALK + "\n[care]\n",
    ),
}  # fmt: skip

PATHS = (
    "http://H/x.zip", "HTTPS://H/x.csv", "http:/H/x.zip", "http:\\\\H\\x.zip", " http://H/x.shp", "ftp://H/x.csv",
    "file://H/x.csv", "s3://bucket/x.csv", "gs://bucket/x.csv", "az://bucket/x.csv", "sftp://H/x", "smb://H/x",
    "hdfs://H/x", "webhdfs://H/x", "github://a:b@c/x", "memory://x.csv", "data:text/csv,GEOID", "reference::http://H/x",
    "zip://http://H/x.zip", "zip+http://H/x.zip", "zip::http://H/x.zip", "simplecache::http://H/x.csv", "tar://http://H/x",
    "/vsicurl/http://H/x.shp", "/vsicurl/http:/H/x.shp", "/VSICURL/http://H/x.shp", "/vsicurl?url=http%3A%2F%2FH%2Fx.shp",
    "/vsicurl_streaming/http:/H/x.shp", "/vsizip//vsicurl/http://H/x.zip", "/vsizip/vsicurl/http:/H/x.zip",
    "/vsizip/{/vsicurl/http:/H/x.zip}/x.shp", "/vsigzip//vsicurl/http:/H/x", "/vsitar/vsicurl/http:/H/x",
    "/vsisubfile/0_9,/vsicurl/http:/H/x", "/vsicached?file=/vsicurl/http:/H/x", "/vsis3/b/x.shp", "/vsigs/b/x.shp",
    "/vsiaz/b/x.shp", "/vsiadls/b/x.shp", "/vsioss/b/x", "/vsiswift/b/x", "/vsiwebhdfs/http:/H/x", "/vsistdin/",
    "\\vsicurl\\http://H/x.shp", "bdc/../../../../../../../../../vsicurl/http:/H/x.shp", "./vsicurl/http:/H/x",
    "PG:host=127.0.0.1 port=9 dbname=x", "MySQL:x,host=127.0.0.1", "WFS:http://H/", "OAPIF:http://H/", "CSW:http://H/",
    "GEOJSON:/vsicurl/http://H/x", "ESRIJSON:http://H/FeatureServer?resultOffset=0", "ES:http://H", "CARTO:x", "NGW:http://H/resource/1",
    "<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource>/vsicurl/http://H/x</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>",
    '{"type":"FeatureCollection","features":[],"crs":{"type":"link","properties":{"href":"http://H/c"}}}',
    "//H/share/x.csv", "\\\\H\\share\\x.csv", "\\\\?\\UNC\\H\\x", "live:boundaries", "live:acs", "live:bdc", "live:http://H/x",
    "http\uff1a//H/x.csv", "ht\ttp://H/x", "|curl http://H/", "$(curl http://H/)", "/dev/tcp/H", "~/x.csv", "http://u:p@H/x",
)  # fmt: skip


def hostile_files(folder: Path, host: str) -> list[str]:
    """Files that name a server, under names that readers take."""
    url = f"http://{host}"
    square = {"type": "Polygon", "coordinates": [[[0, 0], [0, 1], [1, 1], [0, 0]]]}
    whole = {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "properties": {"GEOID": "90001000010"}, "geometry": square}],
    }  # fmt: skip
    link = {"type": "link", "properties": {"href": f"{url}/crs", "type": "ogcwkt"}}
    layer = f"<OGRVRTLayer name='x'><SrcDataSource>/vsicurl/{url}/{{}}.geojson</SrcDataSource></OGRVRTLayer>"
    vrt = f"<OGRVRTDataSource>{layer}</OGRVRTDataSource>"
    inner = {**whole["features"][0], "geometry": {**square, "crs": link}}
    texts = {
        "link.geojson": json.dumps({**whole, "crs": link}),
        "single.geojson": json.dumps({**whole, "crs": "@"}).replace(
            '"@"', "{'type':'link','properties':{'href':'" + url + "/s'}}"),
        "url.json": json.dumps({**whole, "CRS": {"type": "URL", "properties": {"url": f"{url}/u"}}}),
        "escaped.geojson": json.dumps({**whole, "crs": link}).replace('"link"', '"\\u006cink"'),
        "comment.geojson": json.dumps({**whole, "crs": link}).replace('"type": "link"', '"type"/**/:/**/"link"'),
        "inner.geojson": json.dumps({**whole, "features": [inner]}),
        "late.geojson": json.dumps({**whole, "pad": "x" * (2**20 - 900), "crs": link}),
        "topology.json": json.dumps({"type": "Topology", "objects": {}, "arcs": [], "crs": link}),
        "recipe.gdalg.json": json.dumps(
            {"type": "gdal_streamed_alg", "command_line": f"gdal vector pipeline ! read /vsicurl/{url}/g.geojson"}),
        **{f"layer.{end}": vrt.format(end) for end in ("kml", "gml", "geojson", "shp", "gpkg", "zip", "csv", "vrt")},
        "hidden.geojson": json.dumps({"a": vrt.format("hidden"), **whole}),
        "after.kml": f"<?xml version='1.0'?><!--{vrt.format('k')}--><kml><Document/></kml>",
        "entity.kml": f"<?xml version='1.0'?><!DOCTYPE kml [<!ENTITY x SYSTEM '{url}/e'>]><kml><Document><name>&x;</name></Document></kml>",
        "schema.gml": f"<FeatureCollection xmlns='http://x' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:schemaLocation='http://x {url}/s.xsd'/>",
        "wfs.kml": f"<OGRWFSDataSource><URL>{url}/wfs</URL></OGRWFSDataSource>",
        "formula.csv": f'GEOID,n\n=WEBSERVICE("{url}"),1\n',
        "mine.csv": "GEOID,n\n90001000010,1\n",
        "rule.toml": f'id = "x"\nfile = "{url}"\n',
    }  # fmt: skip
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    for end in ("geojson", "gpkg"):
        with zipfile.ZipFile(folder / f"packed-{end}.zip", "w") as archive:
            archive.writestr(
                f"a.{end}", texts["link.geojson"] if end == "geojson" else vrt.format("z")
            )
    for name in ("virtual.gpkg", "virtual.sqlite", "asks.gpkg", "asks.sqlite"):
        database(folder / name, url)
    shutil.copy(folder / "virtual.sqlite", folder / "other.gpkg")
    with zipfile.ZipFile(folder / "database.zip", "w") as archive:
        archive.write(folder / "virtual.sqlite", "a.json")
    (folder / "database.gpkg.gz").write_bytes(
        gzip.compress((folder / "virtual.sqlite").read_bytes())
    )
    workbook(folder / "linked.xlsx", url)
    made = [path.name for path in folder.iterdir() if path.is_file() and path.name != "study.toml"]
    return sorted(set(made) - {"mine.csv"})


def database(path: Path, url: str) -> None:
    """A database with a table that is another data source, or (``asks``) a view that would ask."""
    import pyogrio

    pyogrio.write_dataframe(
        pyogrio.read_dataframe(path.with_name("boundaries") / "tl_2023_90_county.zip"), path, layer="t",
        driver="GPKG" if path.suffix == ".gpkg" else "SQLite",
    )  # fmt: skip
    data = sqlite3.connect(path)
    data.execute("pragma writable_schema = 1")
    if path.stem == "asks":
        kind, sql = (
            "view",
            f"CREATE VIEW evil AS SELECT ogr_geocode('{url}') a, gdal_get_pixel_value('/vsicurl/{url}/p.tif', 1, 'pixel', 0, 0) b",
        )
    else:
        kind, sql = (
            "table",
            f"CREATE VIRTUAL TABLE evil USING VirtualOGR('/vsicurl/{url}/v.geojson')",
        )
    data.execute("insert into sqlite_master values (?, 'evil', 'evil', 0, ?)", (kind, sql))
    if path.suffix == ".gpkg":
        data.execute(
            "insert into gpkg_contents (table_name, data_type, identifier) values ('evil', 'attributes', 'evil')"
        )
    data.commit()
    data.close()


def workbook(path: Path, url: str) -> None:
    """A workbook with a formula, a link to another book, and a document type that loads."""
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["GEOID", "n"])
    book.active.append(["90001000010", f'=WEBSERVICE("{url}/w")'])
    book.active["A2"].hyperlink = f"{url}/h"
    whole = path.with_suffix(".whole")
    book.save(whole)
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            body = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                kind = f'<!DOCTYPE worksheet [<!ENTITY x SYSTEM "{url}/x">]>'.encode()
                at = body.index(b"<worksheet")
                body = body[:at] + kind + body[at:]
            new.writestr(name, body)
    whole.unlink()


def mutated(path: str, dice: random.Random) -> str:
    """A path with one more thing about it."""
    kind = dice.randrange(6)
    if kind == 0:
        return dice.choice(PATHS).split("H")[0] + path
    if kind == 1:
        return "".join(dice.choice((c.upper(), c.lower())) for c in path)
    if kind == 2:
        at = dice.randrange(len(path))
        return path[:at] + dice.choice(" /\\:.{}|?#\t\u200b") + path[at:]
    if kind == 3:
        return dice.choice(("./", "../", "bdc/../", "/", "//", "/vsizip/", "live:")) + path
    if kind == 4:
        return quote(path, safe="/:")
    return path + dice.choice((".zip", ".gz", "|layer=x", "!x.shp", "?a=1", "#x"))


def studies(text: str, files: list[str], host: str, seed: int, rounds: int):
    """Yield the text of each study: every file and path in one field, then mutated ones in any."""
    dice = random.Random(seed)
    names = list(FIELDS)
    targets = [
        p.replace("H", host) if "HTTP" not in p else p.replace("H/", f"{host}/") for p in PATHS
    ]
    short = [*files, *targets]
    for number in range(rounds):
        if number < len(short):
            field = names[number % len(names)] if number >= len(files) else "boundaries"
            target = short[number]
        else:
            field = dice.choice(names)
            target = dice.choice(short)
            for _ in range(dice.randrange(3)):
                target = mutated(target, dice)
        old, new = FIELDS[field]
        assert old in text, field
        # A TOML string is a JSON string but for the escapes of lone surrogates, which none has.
        yield text.replace(old, new.format(json.dumps(target)), 1)


def main(folder: Path, host: str, seed: int, rounds: int) -> dict[str, object]:
    from equity.cli import main as command
    from equity.example.state import load_example

    example = load_example()
    place = folder / "study"
    shutil.copytree(example.study.parent, place)
    text = (place / "study.toml").read_text(encoding="utf-8")
    files = hostile_files(place, host)
    count: Counter[str] = Counter()
    odd: list[str] = []
    study = place / "hostile.toml"
    for hostile in [*studies(text, files, host, seed, rounds), text]:
        study.write_text(hostile, encoding="utf-8")
        said = io.StringIO()
        sys.argv = ["equity", "run", str(study), "--offline", "--out", str(folder / "out")]
        code: object = 0
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            try:
                command()
            except SystemExit as end:
                code = end.code
        if code not in {0, None, 2} or "Traceback" in said.getvalue():
            odd.append(said.getvalue()[-2000:] + hostile)
            code = "traceback"
        count[str(code or 0)] += 1
    return {"ended": count, "odd": odd[:5]}


if __name__ == "__main__":
    found = main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    sys.stdout.write(json.dumps(found) + "\n")
