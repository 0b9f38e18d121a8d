"""The publishers' answers for a small made-up state, in their own formats.

Real FIPS codes, invented tracts on a grid, numbers from a formula. Nothing here is copied from a
published file; only the column names are theirs.
"""

from __future__ import annotations

import csv
import io
import json
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
    "10": (("001", "003"), (-75.6, 39.0)),
    "09": (("110", "120"), (-72.8, 41.6)),
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
            frame = gpd.GeoDataFrame(rows, geometry=[box(0, 0, 1, 1)] * len(rows), crs="EPSG:4269")
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
        lines = [f"{side.format(20)}|{side.format(10)}|AREALAND_PART|AREAWATER_PART"]
        for fips in PLACES:
            for tract in State(fips, legacy=True).tracts:
                cells = ["1", tract, "Census Tract", "23000000", "1000", "G5020", "S"]
                lines.append("|".join([*cells, *cells, "23000000", "1000"]))
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
        return allowed(asked) or envelope([row for row, _ in fcc_files(date, served=served)])

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


def rural_clinics(replica: Replica) -> None:
    """Rural health clinics, one a state, and the catalog that says where the list is today."""
    part = {
        "downloadURL": "https://data.cms.gov/sites/default/files/2026-10/RHC.csv",
        "mediaType": "text/csv",
        "title": "RHC : 2026-10-01",
    }
    catalog = {"dataset": [{"title": "Rural Health Clinic Enrollments", "distribution": [part]}]}
    replica.route(
        r"^/data.cms.gov/data.json$",
        Answer(json.dumps(catalog).encode(), kind="application/json"),
    )
    lines = ["CCN,NPI,ORGANIZATION NAME,ADDRESS LINE 1,CITY,STATE,ZIP CODE"]
    lines += [
        f"{fips}3400,10000000{fips},Clinic,2 Main St,Town,{find_state(fips).usps},{zcta(fips, 2)}"
        for fips in PLACES
    ]
    body = ("\n".join(lines) + "\n").encode()
    path = r"^/data.cms.gov/sites/default/files/2026-10/RHC.csv$"
    replica.route(path, Answer(body, kind="text/csv", ranges=True))


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
        rural_clinics,
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
    for short in ("PC", "MH", "DH"):
        rows = [
            f'"Area","1{fips}0000001","Geographic HPSA","Primary Care","12","Designated","{state.tracts[0][:5]}","1.0","4000","SCTY","2.0","{fips}"'
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

    query = r"^/data.cms.gov/provider-data/api/1/datastore/query"
    head = "NPI,pri_spec,Telehlth\t,Facility Name,adr_ln_1,City/Town,State,ZIP Code"
    rows = [
        f"10000000{fips},FAMILY PRACTICE,Y,Clinic,1 Main St,Town,{usps},{zcta(fips, 0)}"
        for fips, usps, _ in states
    ]
    csv_file(rf"{query}/mj5m-pzi6/0/download$", [head, *rows])
    hospitals = (("0001", "Acute Care Hospitals", "Yes"), ("4000", "Psychiatric", "No"))
    head = "Facility ID,Facility Name,Address,City/Town,State,ZIP Code,Hospital Type,Emergency Services"
    rows = [
        f"{fips}{number},Hospital,1 Main St,Town,{usps},{zcta(fips, 1)},{kind},{urgent}"
        for fips, usps, _ in states
        for number, kind, urgent in hospitals
    ]
    csv_file(rf"{query}/xubh-q36u/0/download$", [head, *rows])
    rows = [
        nppes_rows.row(
            i, **{"Provider Business Practice Location Address Postal Code": zcta("54", i % 12)}
        )
        for i in range(200)
    ]
    register = zipped("npidata_pfile_20050523-20261108.csv", nppes_rows.header() + b"".join(rows))
    path = r"^/download.cms.gov/nppes/NPPES_Data_Dissemination_November_2026_V2.zip$"
    replica.route(path, Answer(register, kind="application/zip", ranges=True))

    csv_file(
        r"^/data.cdc.gov/api/views/cwsq-ngmh/rows.csv$",
        ["MeasureId,Data_Value,LocationID", "STROKE,3.0,54001000100"],
    )
    csv_file(
        r"^/svi.cdc.gov/Documents/Data/2022/csv/states/SVI_2022_US.csv$",
        ["FIPS,RPL_THEMES", "54001000100,0.5"],
    )
    csv_file(
        r"^/www2.census.gov/programs-surveys/saipe/datasets/2023/2023-state-and-county/est23all.txt$",
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
