"""The publishers' answers for a small made-up state, in their own formats.

Real FIPS codes, invented tracts on a grid, numbers from a formula. Nothing here is copied from a
published file; only the column names are theirs.
"""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
import zipfile
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import geopandas as gpd
from replica_server import HTML, Answer, Asked, Replica, page
from shapely.geometry import box

from equity.areas.geoid import find_state
from equity.sources.census._acs_labels import EXPECTED, table_of

KEY = "0123456789abcdef0123456789abcdef01234567"
FCC_USER = "analyst+tele@example.org"
FCC_TOKEN = "t0k3n/ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789a="

# State -> counties, and a corner of its grid (degrees).
PLACES = {
    "54": (("001", "003"), (-80.5, 38.2)),
    "10": (("001", "003"), (-76.4, 39.0)),
    "09": (("110", "120"), (-73.6, 41.6)),
    "72": (("001", "003"), (-66.6, 18.2)),
    "02": (("063", "066"), (-146.0, 61.2)),
}
LEGACY_CT = {"110": "003", "120": "001"}
TRACTS = 6
STEP = 0.4  # far enough apart that some tracts lie beyond half an hour


class State:
    """Tracts of one state: ids, squares, and a number for every ACS code."""

    def __init__(self, fips: str, *, legacy: bool = False) -> None:
        self.fips = fips
        self.counties, (self.lon, self.lat) = PLACES[fips]
        self.legacy = legacy and fips == "09"

    @cached_property
    def tracts(self) -> list[str]:
        found = []
        for county in self.counties:
            code = LEGACY_CT[county] if self.legacy else county
            found += [f"{self.fips}{code}{i + 1:04d}00" for i in range(TRACTS)]
        return found

    def square(self, i: int):
        row, column = divmod(i, TRACTS)
        x, y = self.lon + column * STEP, self.lat + row * STEP
        return box(x, y, x + STEP, y + STEP)

    def center(self, i: int) -> tuple[float, float]:
        point = self.square(i).centroid
        return round(point.x, 6), round(point.y, 6)

    def value(self, i: int, code: str) -> int:
        """An estimate; parts never exceed their whole."""
        homes = 900 + 37 * i
        people = 2 * homes + 51 * i
        share = 0.05 + 0.04 * (i % 5)
        table = table_of(code)
        if code == "B19013_001":
            return 41_000 + 1500 * i
        whole = (
            people
            if table in {"B01003", "B01001", "B03002", "B17001", "B18101", "B27010"}
            else homes
        )
        if code.endswith("_001"):
            return whole
        part = {
            "B28001_002": 0.92 - share, "B28001_006": 0.1, "B28001_011": 0.08 + share,
            "B28002_002": 0.9 - share, "B28002_004": 0.88 - share, "B28002_006": 0.12, "B28002_007": 0.6 - share,
            "B28002_012": 0.04, "B28002_013": 0.06 + share,
            "B28003_002": 0.92 - share, "B28003_004": 0.85 - share, "B28003_005": 0.06, "B28003_006": 0.08 + share,
            "B03002_003": 0.7, "B03002_004": 0.1, "B03002_012": 0.1, "B17001_002": share, "B08201_002": share / 2,
        }.get(code, 0.012)  # fmt: skip
        return round(whole * part)


# Census


def acs_api(replica: Replica, *, keys: Iterable[str] = (KEY,)) -> None:
    """The Data API: data with a key, group files without."""

    def data(asked: Asked) -> Answer:
        if "key" not in asked.query:
            place = f"/{asked.host}/data/missing_key.html"
            return Answer(b"", 302, headers={"Location": place, "X-DataWebAPI-KeyError": "1"})
        if asked.query["key"] not in set(keys):
            return Answer(page("Invalid Key"), kind=HTML, headers={"X-DataWebAPI-KeyError": "1"})
        fields = asked.query["get"].split(",")
        if len([f for f in fields if f != "GEO_ID"]) > 49:
            return Answer(b"error: too many variables", 400, "text/plain")
        year = int(asked.path.split("/")[3])
        fips = asked.query["in"].removeprefix("state:")[:2]
        if fips not in PLACES:
            return Answer(b"", 204)
        state = State(fips, legacy=year < 2022)
        level = asked.query["for"].partition(":")[0]
        parts = {"county": 2, "tract": 3, "block group": 4}[level]
        rows = [[*fields, *("state", "county", "tract", "block group")[:parts]]]
        for i, tract in enumerate(state.tracts):
            for group in "12" if level == "block group" else "1":
                if level == "county" and i % TRACTS:
                    continue
                cells = [_cell(state, i, tract, f) for f in fields]
                rows.append([*cells, *(tract[:2], tract[2:5], tract[5:], group)[:parts]])
        if len(fields) % 2:
            rows[1:] = reversed(rows[1:])  # order is not promised
        return Answer(json.dumps(rows).encode(), kind="application/json;charset=utf-8")

    def group(asked: Asked) -> Answer:
        table = asked.path.rsplit("/", 1)[1].removesuffix(".json")
        variables = {
            f"{code}{kind}": {"label": _label(code, kind), "predicateType": "int", "group": table}
            for code in EXPECTED
            if table_of(code) == table
            for kind in "EM"
        }
        return Answer(json.dumps({"variables": variables}).encode(), kind="application/json")

    replica.route(r"^/api.census.gov/data/missing_key.html", Answer(page("Missing Key"), kind=HTML))
    replica.route(r"^/api.census.gov/data/\d+/acs/acs5$", data)
    replica.route(r"^/api.census.gov/data/\d+/acs/acs5/groups/", group)


def _label(code: str, kind: str) -> str:
    words = EXPECTED[code]
    start = "Estimate" if kind == "E" else "Margin of Error"
    rest = "".join(w if w.startswith(("!!", "total")) else f"!!{w}:" for w in words)
    return (
        f"{start}!!Total:{rest.title()}"
        if code.endswith("1") is False
        else f"{start}!!{'!!'.join(words)}"
    )


def _cell(state: State, i: int, tract: str, field: str) -> str:
    if field == "GEO_ID":
        return f"1400000US{tract}"
    if field.endswith("M"):
        return "-222222222" if field.startswith("B19013") and i == 0 else "61"
    if field.startswith("B19013") and i == 0:
        return "-666666666"
    return str(state.value(i, field[:-1]))


def summary_file(replica: Replica) -> None:
    """The table-based Summary File: one national file a table."""

    def table(asked: Asked) -> Answer | None:
        stem = asked.path.rsplit("/", 1)[1].removesuffix(".dat")
        year, name = int(stem[7:11]), stem.split("-")[1].upper()
        codes = [code for code in EXPECTED if table_of(code) == name]
        if not codes or year < 2021:
            return None
        heads = [f"{c.split('_')[0]}_{k}{c.split('_')[1]}" for c in codes for k in "EM"]
        lines = ["|".join(["GEO_ID", *heads]), "|".join(["0400000US54", *(["1"] * len(heads))])]
        for fips in PLACES:
            state = State(fips, legacy=year < 2022)
            for i, tract in enumerate(state.tracts):
                cells = [_cell(state, i, tract, f"{c}{k}") for c in codes for k in "EM"]
                lines.append("|".join([f"1400000US{tract}", *cells]))
        return Answer(
            ("\n".join(lines) + "\n").encode(), kind="application/octet-stream", ranges=True
        )

    replica.route(r"^/www2.census.gov/.*/5YRData/acsdt5y\d{4}-\w+\.dat$", table)


def boundaries(replica: Replica) -> None:
    """Cartographic boundary files, made on demand."""

    def cartographic(asked: Asked) -> Answer | None:
        name = asked.path.rsplit("/", 1)[1]
        _, year, fips, level, _ = name.split("_")
        if fips != "us" and fips not in PLACES:
            return None
        return Answer(_shapes(name, int(year), fips, level), kind="application/zip", ranges=True)

    replica.route(r"^/www2.census.gov/geo/tiger/GENZ\d+/shp/cb_", cartographic)


_made: dict[str, bytes] = {}


def _shapes(name: str, year: int, fips: str, level: str) -> bytes:
    if name not in _made:
        rows, shapes = [], []
        for one in PLACES if fips == "us" else [fips]:
            state = State(one, legacy=year < 2022)
            for i, tract in enumerate(state.tracts):
                geoid = tract if level == "tract" else tract[:5]
                rows.append(
                    {
                        "STATEFP": one, "COUNTYFP": tract[2:5], "TRACTCE": tract[5:], "GEOID": geoid,
                        "GEOIDFQ": f"1400000US{tract}", "NAME": tract[5:9], "NAMELSAD": f"Census Tract {int(tract[5:9])}",
                        "NAMELSADCO": f"County {tract[2:5]}", "ALAND": 23_000_000 + i, "AWATER": 1000 * i,
                    }
                )  # fmt: skip
                shapes.append(state.square(i))
        frame = gpd.GeoDataFrame(rows, geometry=shapes, crs="EPSG:4269")
        if level == "county":
            frame = frame.dissolve("GEOID", as_index=False)
        _made[name] = _shapefile(frame, name.removesuffix(".zip"))
    return _made[name]


def _shapefile(frame: gpd.GeoDataFrame, stem: str) -> bytes:
    out = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        frame.to_file(Path(folder) / f"{stem}.shp", engine="pyogrio")
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in sorted(Path(folder).iterdir()):
                archive.write(part, part.name)
    return out.getvalue()


def blocks(replica: Replica) -> None:
    """2020 blocks: four in every tract."""

    def table(asked: Asked) -> Answer | None:
        name = asked.path.rsplit("/", 1)[1]
        _, _year, fips, _ = name.split("_")
        if fips not in PLACES:
            return None
        if name not in _made:
            state = State(fips, legacy=True)
            rows = [
                {
                    "GEOID20": f"{tract}100{b}", "POP20": 40 + b, "HOUSING20": 20 + b, "ALAND20": 1000, "UR20": "RU"[b % 2],
                    "INTPTLAT20": f"+{state.center(i)[1]:.7f}", "INTPTLON20": f"{state.center(i)[0]:.7f}",
                }
                for i, tract in enumerate(state.tracts)
                for b in range(4)
            ]  # fmt: skip
            frame = gpd.GeoDataFrame(
                rows, geometry=[box(-80, 40, -79, 41)] * len(rows), crs="EPSG:4269"
            )
            _made[name] = _shapefile(frame, name.removesuffix(".zip"))
        return Answer(_made[name], kind="application/zip", ranges=True)

    replica.route(r"^/www2.census.gov/geo/tiger/TIGER\d+/TABBLOCK20/", table)


def zipped(name: str, body: bytes | str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name, (2026, 9, 29, 0, 0, 0)), body, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def centers_of_population(replica: Replica) -> None:
    """Centers of population of every tract: a BOM, split ids, signed numbers."""

    def table(asked: Asked) -> Answer:
        lines = ["STATEFP,COUNTYFP,TRACTCE,POPULATION,LATITUDE,LONGITUDE"]
        for fips in PLACES:
            state = State(fips, legacy=True)
            for i, tract in enumerate(state.tracts):
                x, y = state.center(i)
                lines.append(f"{fips},{tract[2:5]},{tract[5:]},900,{y:+.6f},{x:+011.6f}")
        return Answer(
            "\ufeff".encode() + "\r\n".join(lines).encode(), kind="text/plain", ranges=True
        )

    replica.route(r"^/www2.census.gov/geo/docs/reference/cenpop2020/", table)


def gazetteer(replica: Replica) -> None:
    """Tract, county and ZIP-area gazetteers; tabs until 2024, bars from 2025 on."""

    def table(asked: Asked) -> Answer:
        name = asked.path.rsplit("/", 1)[1]
        year = int(name[:4]) if name[0] == "2" else 2010
        bar = "|" if year >= 2025 else "\t"
        lines = [
            bar.join(
                [
                    "USPS",
                    "GEOID",
                    "ALAND",
                    "AWATER",
                    "ALAND_SQMI",
                    "AWATER_SQMI",
                    "INTPTLAT",
                    "INTPTLONG          ",
                ]
            )
        ]
        for fips in PLACES:
            state = State(fips, legacy=year < 2022)
            usps = find_state(fips).usps
            for i, tract in enumerate(state.tracts):
                x, y = state.center(i)
                geoid = zcta(fips, i) if "zcta" in name else tract
                if "counties" in name:
                    geoid = tract[:5]
                    if i % TRACTS:
                        continue
                lines.append(
                    bar.join([usps, geoid, "23000000", "1000", "8.9", "0.1", f"{y}", f"{x}"])
                )
        text = "\n".join(lines) + "\n"
        return Answer(
            zipped(name.replace(".zip", ".txt"), text), kind="application/zip", ranges=True
        )

    replica.route(r"^/www2.census.gov/geo/docs/maps-data/data/gazetteer/", table)


def zcta(fips: str, i: int) -> str:
    return f"{fips}{i + 1:03d}"


def relationship(replica: Replica) -> None:
    """2020-2010 tract relationship: every 2020 tract came out of one of 2010."""
    side = "OID_TRACT_{0}|GEOID_TRACT_{0}|NAMELSAD_TRACT_{0}|AREALAND_TRACT_{0}|AREAWATER_TRACT_{0}|MTFCC_TRACT_{0}|FUNCSTAT_TRACT_{0}"

    def table(asked: Asked) -> Answer:
        zips = "/zcta520/" in asked.path
        ends = side.replace("_TRACT_{0}", "_ZCTA5_20") if zips else side.format(10)
        head = [ends, side.format(20)] if zips else [side.format(20), ends]
        lines = ["|".join([*head, "AREALAND_PART", "AREAWATER_PART"])]
        for fips in PLACES:
            for i, tract in enumerate(State(fips, legacy=True).tracts):
                cells = ["1", tract, "Census Tract", "23000000", "1000", "G5020", "S"]
                first = ["1", zcta(fips, i), *cells[2:]] if zips else cells
                lines.append("|".join([*first, *cells, "23000000", "1000"]))
        return Answer(("\n".join(lines) + "\n").encode(), kind="text/plain", ranges=True)

    replica.route(r"^/www2.census.gov/geo/docs/maps-data/data/rel2020/(tract|zcta520)/", table)


def geocoder(replica: Replica, known: dict[str, tuple[float, float, str]] | None = None) -> None:
    """The batch geocoder: answers in another order, misses and ties with three fields."""
    known = known or {}

    def batch(asked: Asked) -> Answer:
        body = asked.body.decode()
        start = body.index("\r\n\r\n", body.index('name="addressFile"')) + 4
        rows = list(csv.reader(io.StringIO(body[start : body.index("\r\n--", start)])))
        out = io.StringIO()
        write = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for key, street, city, state, code in reversed(rows):
            text = f"{street}, {city}, {state}, {code}"
            if "TIE" in street.upper():
                write.writerow([key, text, "Tie"])
            elif street in known:
                lon, lat, block = known[street]
                write.writerow(
                    [key, text, "Match", "Exact", text.upper(), f"{lon},{lat}", "1", "L", block[:2], block[2:5], block[5:11], block[11:]]
                )  # fmt: skip
            else:
                write.writerow([key, text, "No_Match"])
        return Answer(out.getvalue().encode(), kind="text/csv")

    replica.route(r"^/geocoding.geo.census.gov/geocoder/geographies/addressbatch$", batch)


# FCC

TECHNOLOGIES = {
    10: "Copper",
    40: "Cable",
    50: "FibertothePremises",
    60: "GSOSatellite",
    71: "LicensedFixedWireless",
}
REVISION = "29sep2026"


def fcc(replica: Replica, *, host: str = "broadbandmap.fcc.gov", served: bool = True) -> None:
    """The public data API: as-of dates, listing, downloads."""

    def allowed(asked: Asked) -> Answer | None:
        headers = {k.lower(): v for k, v in asked.headers.items()}
        if (headers.get("username"), headers.get("hash_value")) != (FCC_USER, FCC_TOKEN):
            body = {"status": "fail", "status_code": 401, "message": "Unauthorized"}
            return Answer(json.dumps(body).encode(), 401, "application/json")
        return None

    def envelope(rows) -> Answer:
        whole = {
            "data": rows,
            "result_count": len(rows),
            "status_code": 200,
            "message": None,
            "status": "successful",
        }
        return Answer(json.dumps(whole).encode(), kind="application/json")

    def dates(asked: Asked) -> Answer:
        rows = [
            {"data_type": t, "as_of_date": f"{d}T00:00:00"}
            for d in ("2025-12-31", "2025-06-30")
            for t in ("availability", "challenge")
        ]
        return allowed(asked) or envelope(rows)

    def listing(asked: Asked) -> Answer:
        date = asked.path.rsplit("/", 1)[1]
        rows = [row for row, _ in fcc_files(date, served=served)]
        for name in ("category", "technology_type"):
            rows = [row for row in rows if row[name] == asked.query.get(name, row[name])]
        return allowed(asked) or envelope(rows)

    def download(asked: Asked) -> Answer:
        wanted = asked.path.rsplit("/", 1)[1]
        for date in ("2025-12-31", "2025-06-30"):
            for row, body in fcc_files(date, served=served):
                if str(row["file_id"]) == wanted:
                    return allowed(asked) or Answer(body(), kind="application/zip", ranges=True)
        return allowed(asked) or Answer(b"{}", 422, "application/json")

    start = rf"^/{host}/api/public/map"
    replica.route(rf"{start}/listAsOfDates$", dates)
    replica.route(rf"{start}/downloads/listAvailabilityData/", listing)
    replica.route(rf"{start}/downloads/downloadFile/availability/", download)


def fcc_files(date: str, *, served: bool = True):
    """Listing rows, each with a function that makes its ZIP."""
    half = ("D" if date.endswith("31") else "J") + date[2:4]
    number = 1_820_000 if half == "D25" else 1_720_000
    for fips in PLACES:
        name = find_state(fips).name
        base = {"category": "State", "technology_type": "Fixed Broadband", "speed_tier": None, "state_fips": fips,
                "state_name": name, "provider_id": None, "provider_name": None, "file_type": "csv"}  # fmt: skip
        for code, word in TECHNOLOGIES.items():
            number += 1
            stem = f"bdc_{fips}_{word}_fixed_broadband_{half}_{REVISION}"
            row = {**base, "file_id": number, "subcategory": "Location Coverage", "technology_code": str(code),
                   "technology_code_desc": word, "file_name": stem, "record_count": "99"}  # fmt: skip
            yield row, lambda f=fips, c=code, s=stem: zipped(f"{s}.csv", locations(f, c))
        if served:
            number += 1
            stem = f"bdc_{fips}_served_unserved_fixed_broadband_{half}_{REVISION}"
            row = {**base, "file_id": number, "subcategory": "Served-Unserved", "technology_code": None,
                   "technology_code_desc": None, "file_name": stem, "record_count": "99"}  # fmt: skip
            yield row, lambda f=fips, s=stem: zipped(f"{s}.csv", served_unserved(f))
    yield from _summaries(half, number)


SUMMARY = (
    "area_data_type,geography_type,geography_id,geography_desc,geography_desc_full,total_units,biz_res,technology,"
    + ",".join(
        f"speed_{speed}" for speed in ("02_02", "10_1", "25_3", "100_20", "250_25", "1000_100")
    )
)
MOBILE = (
    "area_data_type,geography_type,geography_id,geography_desc,geography_desc_full,total_area,"
    + ",".join(
        f"mobilebb_{g}_area_{place}_pct"
        for g in ("3g", "4g", "5g_spd1", "5g_spd2")
        for place in ("st", "iv")
    )
)


OFFERS = "geography_type,geography_id,geography_desc,data_type,provider_id,res_st_pct,bus_iv_pct"


def summary_rows(head: str, row: str) -> str:
    counties = sorted({tract[:5] for fips in PLACES for tract in State(fips).tracts})
    return "\n".join([head, *(row.format(county) for county in counties)]) + "\n"


def _summaries(half: str, number: int):
    """The FCC's own tables: counties, fixed and mobile, and the list of providers."""
    fixed = summary_rows(SUMMARY, "Total,County,{0},C,C,100,R,Any Terrestrial,1,1,0.9,0.8,0.7,0.5")
    mobile = summary_rows(MOBILE, "Total,County,{0},C,C,10,1,1,1,1,0.9,0.8,0.5,0.4")
    for kind, name, body in (
        ("Fixed Broadband", "fixed_broadband_summary_by_geography", fixed),
        ("Mobile Broadband", "mobile_broadband_summary_by_geography", mobile),
        (
            "Fixed Broadband",
            "provider_summary_by_geography",
            summary_rows(OFFERS, "County,{0},C,Fixed,77,0.9,0.5"),
        ),
        ("Fixed Broadband", "provider_list", "frn,provider_id,holding_company\n1,2,Example\n"),
    ):
        number += 1
        stem = f"bdc_us_{name}_{half}_{REVISION}"
        row = {"category": "Summary", "subcategory": "Summary by Geography Type - Other Geographies", "technology_type": kind,
               "technology_code": None, "technology_code_desc": None, "speed_tier": None, "state_fips": None, "state_name": None,
               "provider_id": None, "provider_name": None, "file_type": "csv", "file_id": number, "file_name": stem, "record_count": "9"}  # fmt: skip
        yield row, lambda s=stem, b=body: zipped(f"{s}.csv", b)


def _homes(fips: str):
    """Forty locations a tract, the same in every file; Connecticut with its old county codes."""
    for i, tract in enumerate(State(fips, legacy=True).tracts):
        for k in range(40):
            yield i, k, 1_000_000_000 + int(fips) * 1_000_000 + i * 1000 + k, f"{tract}100{k % 4}"


def locations(fips: str, technology: int) -> str:
    head = "frn,provider_id,brand_name,location_id,technology,max_advertised_download_speed,max_advertised_upload_speed,low_latency,business_residential_code,state_usps,block_geoid,h3_res8_id"
    usps = find_state(fips).usps
    reach = {10: 30, 40: 24, 50: 12, 60: 40, 71: 20}[technology]
    speed = {10: (10, 1), 40: (1000, 35), 50: (1000, 1000), 60: (100, 20), 71: (100, 20)}[
        technology
    ]
    lines = [head]
    for i, k, location, block in _homes(fips):
        if k < reach - 3 * (i % 4):
            latency = 0 if technology == 60 else 1
            lines.append(
                f'0001234567,13{technology:04d},"Example, Inc.",{location},{technology},{speed[0]},{speed[1]},{latency},X,{usps},{block},882bab5303fffff'
            )
    return "\n".join(lines) + "\n"


def served_unserved(fips: str) -> str:
    lines = [
        "location_id,block_geoid,h3_res8_id,any_dl100_ul20,wired_dl100_ul20,terrestrial_dl100_ul20"
    ]
    for i, k, location, block in _homes(fips):
        wired = int(k < 24 - 3 * (i % 4))
        lines.append(f"{location},{block},882bab5303fffff,1,{wired},{wired}")
    return "\n".join(lines) + "\n"


# HRSA

HRSA_COLUMNS = [
    "Health Center Type",
    "Health Center Number",
    "BHCMIS Organization Identification Number",
    "BPHC Assigned Number",
    "Site Name",
    "Site Address",
    "Site City",
    "Site State Abbreviation",
    "Site Postal Code",
    "Operating Hours per Week",
    "Site Status Description",
    "FQHC Site NPI Number",
    "Health Center Location Type Description",
    "Health Center Type Description",
    "Geocoding Artifact Address Primary X Coordinate",
    "Geocoding Artifact Address Primary Y Coordinate",
    "State and County Federal Information Processing Standard Code",
]


def hrsa_sites(replica: Replica) -> None:
    """Health center sites, two a state, with the publisher's stray comma."""
    out = io.StringIO()
    out.write(",".join(HRSA_COLUMNS) + ",\n")
    write = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    for fips in PLACES:
        state = State(fips)
        for n, i in enumerate((0, 7)):
            x, y = state.center(i)
            write.writerow(
                ["Federally Qualified Health Center (FQHC)", "H80CS00001", "1", f"BPS-H80-{fips}{n}", f"Clinic {n} of {fips}   ",
                 "1 Main St", "Town", find_state(fips).usps, "00000", "40.00", "Active", "", "Permanent", "Service Delivery Site",
                 f"{x}", f"{y}", state.tracts[i][:5]]
            )  # fmt: skip
    body = out.getvalue().encode()
    path = r"^/data.hrsa.gov/DataDownload/DD_Files/Health_Center_Service_Delivery_and_LookAlike_Sites.csv$"
    replica.route(path, Answer(body, kind="text/csv", ranges=True))


def ruca(replica: Replica) -> None:
    """USDA's list of tracts, with both codings of Connecticut, in Latin-1."""
    lines = ["TractFIPS23,CountyName23,TractFIPS20,PrimaryRUCA,SecondaryRUCA"]
    for fips in PLACES:
        pairs = zip(State(fips).tracts, State(fips, legacy=True).tracts, strict=True)
        lines += [
            f"{new},Ca\xf1on County,{old},{1 + i % 10},1" for i, (new, old) in enumerate(pairs)
        ]
    body = ("\n".join(lines) + "\n").encode("latin-1")
    path = r"^/www.ers.usda.gov/media/5443/2020-rural-urban-commuting-area-codes-census-tracts.csv$"
    replica.route(path, Answer(body, kind="text/csv", ranges=True))
    body = re.sub(rb",(\d+),1\n", lambda code: b",%d,6\n" % (1 + int(code[1]) % 5), body)
    body = body.replace(b"PrimaryRUCA,SecondaryRUCA", b"RRS,ARS")
    path = r"^/www.ers.usda.gov/media/5414/2020-area-and-road-ruggedness-scales.csv$"
    replica.route(path, Answer(body, kind="text/csv", ranges=True))


ENROLLED = "ENROLLMENT ID,NPI,CCN,ORGANIZATION NAME,ADDRESS LINE 1,CITY,STATE,ZIP CODE"
TRENDS = (
    "Year,quarter,Bene_Geo_Desc,Bene_Mdcd_Mdcr_Enrl_Stus,Bene_Race_Desc,Bene_Sex_Desc,Bene_Mdcr_Entlmt_Stus,Bene_Age_Desc,"
    "Bene_RUCA_Desc,Total_Bene_TH_Elig,Total_PartB_Enrl,Total_Bene_Telehealth,Pct_Telehealth"
)


def cms_catalog(replica: Replica, *, date: str = "2026.10.01") -> None:
    """Lists that the catalog of data.cms.gov leads to, each under a dated name; cp1252."""
    base = "https://data.cms.gov/sites/default/files/2026-10"
    titles = {
        "Rural Health Clinic Enrollments": f"{base}/RHC_Enrollments_{date}.csv",
        "Federally Qualified Health Center Enrollments": f"{base}/FQHC_Enrollments_{date}.csv",
        "Medicare Telehealth Trends": f"{base}/TMEDTREND_PUBLIC_{date}.csv",
    }
    # The newest edition stands beside its page of the API and an older file.
    datasets = [
        {
            "title": title,
            "distribution": [
                {"mediaType": "text/html", "downloadURL": "https://data.cms.gov/data-api/x/data", "title": f"{title} : latest"},
                {"mediaType": "text/csv", "downloadURL": url, "title": f"{title} : {date}"},
                {"mediaType": "text/csv", "downloadURL": f"{base}/old.csv", "title": f"{title} : 2020.01.01"},
            ],
        }
        for title, url in titles.items()
    ]  # fmt: skip
    body = json.dumps({"dataset": datasets}).encode()
    replica.route(r"^/data.cms.gov/data.json$", Answer(body, kind="application/json"))
    for kind, number in (("RHC", 3400), ("FQHC", 1800)):
        lines = [ENROLLED]
        for fips in PLACES:
            usps = find_state(fips).usps
            lines.append(
                f"O{fips}1,10000000{fips},{fips}{number},Clinic Caf\xe9,2 Main St,Town,{usps},{zcta(fips, 2)}"
            )
            # Two clinics that have no certification number yet.
            lines += [f"O{fips}{n},10000000{fips},,New clinic {n},{n} Main St,Town,{usps},{zcta(fips, n)}" for n in (3, 4)]  # fmt: skip
        text = ("\n".join(lines) + "\n").encode("cp1252")
        path = rf"^/data.cms.gov/sites/default/files/2026-10/{kind}_Enrollments_{date}.csv$"
        replica.route(path, Answer(text, kind="text/csv", ranges=True))
    everybody = "All,All,All,All,All,All"
    lines = [TRENDS, f"2024,Overall,National,{everybody},1000,2000,250,0.25"]
    for fips in PLACES:
        name = find_state(fips).name
        lines += [
            f"2024,Overall,{name},{everybody},100,200,25,0.25",
            f"2024,1,{name},{everybody},90,200,9,0.1",
            f"2024,Overall,{name},All,All,Female,All,All,All,60,100,20,0.33",
            f"2023,Overall,{name},{everybody},100,200,*,*",
        ]
    path = rf"^/data.cms.gov/sites/default/files/2026-10/TMEDTREND_PUBLIC_{date}.csv$"
    replica.route(path, Answer(("\n".join(lines) + "\n").encode(), kind="text/csv", ranges=True))


CLINICIANS = "NPI\t,Ind_PAC_ID,Provider Last Name,Cred\t,pri_spec,Telehlth\t,Facility Name,adr_ln_1,City/Town,State,ZIP Code"
HOSPITALS = "Facility ID,Facility Name,Address,City/Town,State,ZIP Code,County/Parish,Hospital Type,Emergency Services"


def machine_names(head: str) -> str:
    """How the same server spells a header after a change of its settings."""
    return ",".join(re.sub(r"\s+", "_", re.sub(r"[^\w\s]", "", name.strip())).lower() for name in head.split(","))  # fmt: skip


def provider_data(replica: Replica, *, machine: bool = False, month: str = "5a1b", deep: bool = False) -> None:  # fmt: skip
    """CMS's provider data: the address holds a hash of the month, its metadata one of two forms."""
    clinicians = [
        f"10000000{fips},1,Mu\xf1oz,MD,FAMILY PRACTICE,{'Y' if fips == '54' else ''},Clinic,1 Main St,Town,{find_state(fips).usps},{zcta(fips, 0)}"
        for fips in PLACES
    ]
    hospitals = [
        f"{fips}{number},Hospital,1 Main St,Town,{find_state(fips).usps},{zcta(fips, 1)},County,{kind},{urgent}"
        for fips in PLACES
        for number, kind, urgent in (("0001", "Acute Care Hospitals", "Yes"), ("4000", "Psychiatric", "No"))
    ]  # fmt: skip
    for key, name, head, rows in (
        ("mj5m-pzi6", "DAC_NationalDownloadableFile.csv", CLINICIANS, clinicians),
        ("xubh-q36u", "Hospital_General_Information.csv", HOSPITALS, hospitals),
    ):
        place = f"/provider-data/sites/default/files/resources/{month}{key[:4]}_1760000000/{name}"
        there = {"downloadURL": f"https://data.cms.gov{place}", "mediaType": "text/csv"}
        part = {"identifier": "x", "data": there} if deep else there
        about = json.dumps({"identifier": key, "modified": "2026-10-15", "distribution": [part]})
        replica.route(
            rf"^/data.cms.gov/provider-data/api/1/metastore/schemas/dataset/items/{key}$",
            Answer(about.encode(), kind="application/json"),
        )
        text = "\n".join([machine_names(head) if machine else head, *rows]) + "\n"
        # UTF-8 with a mark, and one byte that an older system wrote.
        body = b"\xef\xbb\xbf" + text.encode("cp1252")
        replica.route(rf"^/data.cms.gov{place}$", Answer(body, kind="text/csv", ranges=True))


def treatment_sites(replica: Replica, *, per_page: int = 2) -> None:
    """SAMHSA's locator: three places a state, in pages, one without coordinates."""

    def answer(asked: Asked) -> Answer:
        from equity.sources.catalog import find_input

        ids = {v: k for k, v in find_input("samhsa-mental").state_ids.items()}
        usps = ids[asked.query["limitValue"]]
        fips = find_state(usps).fips
        rows = []
        for n in range(3):
            x, y = State(fips).center(n)
            setting = {"f1": "Service setting", "f2": "SET", "f3": ["Outpatient; Telemedicine/telehealth therapy", "Outpatient", ""][n]}  # fmt: skip
            rows.append(
                {"name1": f"House {n} {asked.query['sType']}", "name2": None, "street1": f"{n} Elm St", "city": "Town", "state": usps,
                 "zip": zcta(fips, n), "phone": "", "latitude": "" if n == 2 else f"{y}", "longitude": "" if n == 2 else f"{x}",
                 "services": [setting] if n < 2 else []}
            )  # fmt: skip
        page, pages = int(asked.query["page"]), -(-len(rows) // per_page)
        shown = rows[(page - 1) * per_page : page * per_page]
        body = {"page": page, "totalPages": pages, "recordCount": len(rows), "rows": shown}
        return Answer(json.dumps(body).encode(), kind="application/json")

    replica.route(r"^/findtreatment.gov/locator/exportsAsJson/v2$", answer)


OUTLETS = "STABR,FSCSKEY,FSCS_SEQ,C_FSCS,LIBID,LIBNAME,ADDRESS,CITY,ZIP,C_OUT_TY,SQ_FEET,STATSTRU,LATITUDE,LONGITUD"


def libraries(replica: Replica, *, folder: str = "2026-06") -> None:
    """Libraries: outlets and systems in one ZIP, whose folder moves every year; Latin-1."""
    lines = [OUTLETS]
    for fips in PLACES:
        usps = find_state(fips).usps
        for n, (kind, change) in enumerate((("CE", "00"), ("BR", "00"), ("BS", "00"), ("BR", "03"), ("BR", "23"), ("BR", "02"))):  # fmt: skip
            x, y = State(fips).center(n % 3)
            lines.append(f"{usps},{usps}0001,{n + 1:03d},Y,1,Jos\xe9 Library {n},{n} Oak St,Town,{zcta(fips, n % 3)},{kind},900,{change},{y},{x}")  # fmt: skip
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("CSV/pls_fy24_outlet_pud24i.csv", ("\n".join(lines) + "\n").encode("latin-1"))  # fmt: skip
        archive.writestr("CSV/PLS_FY24_AE_pud24i.csv", "STABR,FSCSKEY\n")
    place = f"/sites/default/files/{folder}/pls_fy2024_csv.zip"
    replica.route(rf"^/www.imls.gov{place}$", Answer(out.getvalue(), kind="application/zip", ranges=True))  # fmt: skip
    replica.route(
        r"^/www.imls.gov/research-evaluation/data-collection/public-libraries-survey$",
        Answer(page("Data", f'<a class="x" href="{place}">CSV</a>'), kind=HTML),
    )


def rurality(replica: Replica, *, moved: str = "") -> None:
    """USDA's county codes in Latin-1, long form, and HRSA's workbook; `moved` is a newer folder."""
    from openpyxl import Workbook

    counties = sorted({tract[:5] for fips in PLACES for tract in State(fips).tracts})
    lines = ["FIPS,State,County_Name,Attribute,Value"]
    for county in counties:
        lines += [f"{county},XX,Ca\xf1on,{name},{value}" for name, value in (("Population_2020", "900"), ("RUCC_2023", "6"))]  # fmt: skip
    name = "2023-rural-urban-continuum-codes.csv"
    place = f"/media/{moved or '5768'}/{name}"
    body = ("\n".join(lines) + "\n").encode("latin-1")
    replica.route(rf"^/www.ers.usda.gov{place}$", Answer(body, kind="text/csv", ranges=True))
    replica.route(
        r"^/www.ers.usda.gov/data-products/rural-urban-continuum-codes$",
        Answer(page("RUCC", f"<a href='https://www.ers.usda.gov{place}'>2023</a>"), kind=HTML),
    )
    book = Workbook()
    book.active.title = "Dictionary"
    book.active.append(["Variable", "Meaning"])
    sheet = book.create_sheet("County_Eligibility")
    sheet.append(["FIPS_2023", "State", "State_FIPS", "County_2023", "County_Name_2023", "County_Eligibility"])  # fmt: skip
    for n, county in enumerate(counties):
        words = ("Fully FORHP Rural", "Not Fully FORHP Rural")[n % 2]
        sheet.append([county, "XX", county[:2], county[2:], "County", words])
    out = io.BytesIO()
    book.save(out)
    name = "rural-health-areas-data-set.xlsx"
    replica.route(
        rf"^/www.hrsa.gov/sites/default/files/hrsa/rural-health/about/{name}$",
        Answer(out.getvalue(), kind="application/zip", ranges=True),
    )


def block_relationship(replica: Replica) -> None:
    """2010 and 2020 blocks of a state, bars, with a row of its neighbor's land."""
    names = ("STATE", "COUNTY", "TRACT", "BLK", "BLKSF", "AREALAND", "AREAWATER", "BLOCK_PART_FLAG")
    head = "|".join(f"{n}_{year}" for year in ("2010", "2020") for n in names)

    def table(asked: Asked) -> Answer | None:
        fips = asked.path[-6:-4]
        if fips not in PLACES:
            return None
        lines = [f"{head}|AREALAND_INT|AREAWATER_INT"]
        for tract in State(fips, legacy=True).tracts:
            for b in range(4):
                side = f"{tract[:2]}|{tract[2:5]}|{tract[5:]}|100{b}||1000|0|"
                lines.append(f"{side}|{side}|1000|0")
        other = "42|001|000100|1001||100|0|p"
        mine = f"{fips}|001|000100|1000||1000|0|p"
        lines.append(f"{other}|{mine}|5|0")
        name = f"tab2010_tab2020_st{fips}_{find_state(fips).usps.lower()}.txt"
        body = zipped(name, "\n".join(lines) + "\n")
        return Answer(body, kind="application/zip", ranges=True)

    replica.route(r"^/www2.census.gov/geo/docs/maps-data/data/rel2020/t10t20/TAB2010_TAB2020_ST", table)  # fmt: skip


def everything(replica: Replica) -> None:
    """All publishers at once."""
    for part in (
        acs_api,
        summary_file,
        boundaries,
        blocks,
        gazetteer,
        centers_of_population,
        relationship,
        fcc,
        hrsa_sites,
        cms_catalog,
        geocoder,
        ruca,
    ):
        part(replica)


def care(replica: Replica) -> None:
    """Shortage areas, CMS lists, the register, need and place: small national files."""
    import nppes_rows

    def csv_file(path: str, lines: list[str]) -> None:
        body = ("\n".join(lines) + "\n").encode()
        replica.route(path, Answer(body, kind="text/csv", ranges=True))

    states = [(fips, find_state(fips).usps, State(fips)) for fips in PLACES]
    head = (
        "HPSA Name,HPSA ID,Designation Type,HPSA Discipline Class,HPSA Score,HPSA Status,"
        "HPSA Geography Identification Number,HPSA FTE,HPSA Designation Population,HPSA Component "
        "Type Code,"
        "HPSA Shortage,Primary State FIPS Code,"
    )
    for short, care in (("PC", "Primary Care"), ("MH", "Mental Health"), ("DH", "Dental Health")):
        rows = [
            f'"Area","1{fips}0000001","Geographic HPSA","{care}","12","Designated","{state.tracts[0][:5]}","1.0","4000","SCTY","2.0","{fips}"'
            for fips, _, state in states
        ]
        csv_file(rf"^/data.hrsa.gov/.*/BCD_HPSA_FCT_DET_{short}.csv$", [head, *rows])
    place = "Medically Underserved Area/Population (MUA/P) Component Geographic Type Code"
    county = "State and County Federal Information Processing Standard Code"
    head = f"MUA/P ID,MUA/P Service Area Name,Designation Type,MUA/P Status Description,IMU Score,{place},State FIPS Code,{county},County Subdivision FIPS Code,Census Tract,Primary State FIPS Code,"
    rows = [
        f'"0{fips}01","Area","Medically Underserved Area","Designated","55.0","SCTY","{fips}","{State(fips, legacy=True).tracts[0][:5]}","","","{fips}"'
        for fips in PLACES
    ]
    csv_file(r"^/data.hrsa.gov/.*/MUA_DET.csv$", [head, *rows])

    for part in (provider_data, treatment_sites, libraries, rurality, block_relationship):
        part(replica)
    rows = [
        nppes_rows.row(
            i, **{"Provider Business Practice Location Address Postal Code": zcta("54", i % 12)}
        )
        for i in range(200)
    ]
    rows.append(nppes_rows.row(300, **nppes_rows.PHARMACY))
    register = nppes_rows.archive(rows, second=[("1000000000", "9 Far St", "VA", "229010000")])
    path = "/nppes/NPPES_Data_Dissemination_November_2026_V2.zip"
    replica.route(rf"^/download.cms.gov{path}$", Answer(register, kind="application/zip", ranges=True))  # fmt: skip
    replica.route(
        r"^/download.cms.gov/nppes/NPI_Files.html$",
        Answer(page("NPI Files", f'<a href=".{path[6:]}">November</a>'), kind=HTML),
    )

    csv_file(
        r"^/data.cdc.gov/api/views/cwsq-ngmh/rows.csv$",
        ["MeasureId,Data_Value,LocationID", "STROKE,3.0,54001000100"],
    )
    csv_file(
        r"^/svi.cdc.gov/Documents/Data/2022/csv/states/SVI_2022_US.csv$",
        ["FIPS,RPL_THEMES", "54001000100,0.5"],
    )
    csv_file(
        r"^/svi.cdc.gov/Documents/Data/2022/csv/states_counties/SVI_2022_US_county.csv$",
        ["\ufeffST,STCNTY,FIPS,RPL_THEMES", "54,54001,54001,0.5", "54,54003,54003,-999"],
    )
    csv_file(
        r"^/www2.census.gov/programs-surveys/saipe/datasets/2024/2024-state-and-county/est24all.txt$",
        ["54   1     1200", "54   3     1100"],
    )
    frame = gpd.GeoDataFrame(
        {"GEOID": ["0010R"], "NAMELSAD": ["Example Reservation"], "COMPTYP": ["R"]},
        geometry=[State("54").square(0)],
        crs="EPSG:4269",
    )
    shapes = _shapefile(frame, "cb_2024_us_aiannh_500k")
    replica.route(
        r"^/www2.census.gov/geo/tiger/GENZ2024/shp/cb_2024_us_aiannh_500k.zip$",
        Answer(shapes, kind="application/zip", ranges=True),
    )


def need(replica: Replica, fips: str) -> None:
    """SVI and PLACES for every tract of a state."""
    tracts = State(fips).tracts
    svi = ["FIPS,RPL_THEMES", *(f"{tract},0.5" for tract in tracts), "10001000100,-999"]
    places = [
        "MeasureId,Data_Value,LocationID",
        *(
            f"{code},10.0,{tract}"
            for tract in tracts
            for code in ("DIABETES", "DISABILITY", "MHLTH")
        ),
    ]
    for path, lines in (
        (r"^/svi.cdc.gov/.*SVI_2022_US.csv$", svi),
        (r"^/data.cdc.gov/api/views/cwsq-ngmh/rows.csv$", places),
    ):
        replica.route(
            path, Answer(("\n".join(lines) + "\n").encode(), kind="text/csv", ranges=True)
        )
