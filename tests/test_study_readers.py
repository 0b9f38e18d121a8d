"""Every reader of the package is reached from a study file, and says so where it cannot be used."""

from __future__ import annotations

import inspect
import pkgutil
import re
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import geopandas as gpd
import nppes_rows
import pandas as pd
import pytest

import equity as eq
import equity.sources
from equity.areas.geoid import find_state
from equity.errors import EquityError, InputError, MissingColumnError, StudyError, VintageError
from equity.example.state import write_example
from equity.provenance import meta
from equity.sources.catalog import INPUTS
from equity.study.file import read_plan
from equity.study.input_parts import TablePart
from equity.study.inputs import Inputs, _Reader, gather
from equity.study.live import LiveFiles
from equity.study.own_tables import read_part
from equity.study.parts import AreasPart
from equity.study.readers import check_input_names
from equity.study.steps import _with_people

NOT_IN_A_STUDY = {
    "read_geocoded": "an answer of the geocoder, no file",
    "read_awards": "projects, for costs of one's own",
    "read_site_list": "of an application, for equity program",
    "read_roads": "of [care], in a file of tests of its own",
}
"""Public readers that no study file reaches, and why."""


def readers() -> dict[str, Callable[..., object]]:
    """Every ``read_…`` that a module of the sources offers, by its name."""
    modules = (
        import_module(info.name)
        for info in pkgutil.walk_packages(equity.sources.__path__, "equity.sources.")
        if not info.name.rpartition(".")[2].startswith("_")
    )
    return {
        name: getattr(module, name)
        for module in modules
        for name in getattr(module, "__all__", ())
        if name.startswith("read_")
    }


READERS = readers()


class Home:
    """The example state, its ids, and a study file to add to."""

    def __init__(self, folder: Path) -> None:
        example = write_example(folder / "state", scale=0.01)
        self.example, self.root = example, example.root
        self.blocks = sorted(eq.read_blocks(example.blocks, year=2020).index)
        tracts = eq.read_boundaries(example.tracts, year=2023, state="90").index
        # Tracts of water only have no people and no codes of anybody else.
        self.tracts = sorted(t for t in tracts if t[5:7] != "99")
        self.counties = sorted({tract[:5] for tract in self.tracts})
        for level, ids in (("tracts", self.tracts), ("counties", self.counties)):
            self.write(f"{level}.csv", rows_of("GEO_ID,B01003_001E", (f"{i},900" for i in ids)))
        text = example.study.read_text(encoding="utf-8")
        self.text = re.sub(r"files = \[[^\]]*acs/tract[^\]]*\]", 'files = "tracts.csv"', text)

    def study(self, more: str = "", *changes: tuple[str, str]) -> Path:
        text = self.text
        for old, new in changes:
            assert re.search(old, text), old
            text = re.sub(old, new, text)
        path = self.root / "tried.toml"
        path.write_text(text + "\n" + more, encoding="utf-8")
        return path

    def write(self, name: str, text: str) -> str:
        (self.root / name).write_text(text, encoding="utf-8")
        return name


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return Home(tmp_path_factory.mktemp("readers"))


def gathered(path: Path) -> tuple[Inputs, set]:
    """What a study reads, and the code of every function that was called meanwhile."""
    plan, _ = read_plan(path)
    called = set()

    def note(frame, event, _arg):
        if event == "call":
            called.add(frame.f_code)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        inputs = gather(plan, path.parent)
    finally:
        sys.setprofile(before)
    return inputs, called


def rows_of(head: str, lines) -> str:
    return "\n".join([head, *lines]) + "\n"


# Each case writes its files and returns a study and what must hold of what is read.

Case = Callable[[Home], tuple[Path, Callable[[Inputs], object]]]


def svi(home):
    home.write("svi.csv", rows_of("FIPS,RPL_THEMES", (f"{t},0.25" for t in home.tracts)))
    more = '[[tables]]\nreader = "svi"\nfile = "svi.csv"\nvintage = "2022"\n'
    return home.study(more), lambda i: i.areas["svi_percentile"].eq(0.25).all()


def places(home):
    lines = (f"{code},30.0,{t}" for t in home.tracts for code in ("DIABETES", "STROKE"))
    home.write("places.csv", rows_of("MeasureId,Data_Value,LocationID", lines))
    more = (
        '[[tables]]\nreader = "places"\nfile = "places.csv"\nvintage = "2025"\n'
        'options = { measures = ["STROKE"] }\n'
        'columns = { strokes_share = { column = "stroke_share" } }\n'
    )
    return (
        home.study(more),
        lambda i: (
            i.areas["strokes_share"].eq(0.3).all()
            and "strokes_share_moe" in i.areas
            and not any("diabetes" in name or name == "stroke_share" for name in i.areas)
        ),
    )


def ruca(home):
    lines = (f"{t},{t},7,7" for t in home.tracts)
    home.write("ruca.csv", rows_of("TractFIPS23,TractFIPS20,PrimaryRUCA,SecondaryRUCA", lines))
    more = '[[tables]]\nreader = "ruca"\nfile = "ruca.csv"\nvintage = "2020"\n'
    return home.study(more), lambda i: i.areas["is_rural_ruca"].all()


def ruggedness(home):
    lines = (f"{t},{t},5,6" for t in home.tracts)
    home.write("rugged.csv", rows_of("TractFIPS23,TractFIPS20,RRS,ARS", lines))
    more = '[[tables]]\nreader = "ruggedness"\nfile = "rugged.csv"\nvintage = "2020"\n'
    return home.study(more), lambda i: i.areas["road_ruggedness"].eq(5).all()


def rucc(home):
    lines = (f"{c},ZZ,X,RUCC_2023,{n + 1}" for n, c in enumerate(home.counties))
    home.write("rucc.csv", rows_of("FIPS,State,County_Name,Attribute,Value", lines))
    more = '[[tables]]\nreader = "rucc"\nfile = "rucc.csv"\nvintage = "2023"\nspread = true\n'
    expected = {c: n + 1 for n, c in enumerate(home.counties)}
    return home.study(more), lambda i: all(
        code == expected[tract[:5]] for tract, code in i.areas["rucc"].items()
    )


def saipe(home):
    lines = []
    for county in home.counties:
        cells = list(" " * 240)
        for at, value in ((1, county[:2]), (4, county[2:]), (8, "1200"), (35, "12.5")):
            cells[at - 1 : at - 1 + len(value)] = value
        lines.append("".join(cells))
    home.write("est23all.txt", "\n".join(lines) + "\n")
    more = '[[tables]]\nreader = "saipe"\nfile = "est23all.txt"\nvintage = "2023"\nspread = true\n'
    return (
        home.study(more),
        lambda i: (
            i.areas["saipe_poverty_share"].eq(0.125).all()
            and "saipe_poverty_n" not in i.areas
            and any("saipe_poverty_n" in note for note in meta(i.areas).notes)
        ),
    )


def forhp(home):
    rows = [["GEOID", "County_Eligibility"], *([c, "Fully FORHP Rural"] for c in home.counties)]
    with pd.ExcelWriter(home.root / "forhp.xlsx") as book:
        pd.DataFrame(rows).to_excel(book, sheet_name="c", header=False, index=False)
    more = '[[tables]]\nreader = "forhp"\nfile = "forhp.xlsx"\nvintage = "2023"\nspread = true\n'
    return home.study(more), lambda i: i.areas["is_rural_forhp"].all()


def gazetteer(home):
    head = "USPS\tGEOID\tALAND\tAWATER\tINTPTLAT\tINTPTLONG"
    home.write("gaz.txt", rows_of(head, (f"ZZ\t{t}\t2000000\t0\t38.5\t-80.5" for t in home.tracts)))
    more = (
        '[[tables]]\nreader = "gazetteer"\nfile = "gaz.txt"\nvintage = "2024"\n'
        'columns = { listed_land_km2 = { column = "land_km2" } }\n'
    )
    return home.study(more), lambda i: i.areas["listed_land_km2"].eq(2.0).all()


def centers(home):
    head = "\ufeffSTATEFP,COUNTYFP,TRACTCE,POPULATION,LATITUDE,LONGITUDE"
    ids = (f"{t[:2]},{t[2:5]},{t[5:]},900,+38.5,-080.5" for t in home.tracts)
    home.write("CenPop2020_Mean_TR.txt", rows_of(head, ids))
    more = '[centers]\nfile = "CenPop2020_Mean_TR.txt"\nyear = 2020\n'
    return home.study(more), lambda i: i.centers["lon"].eq(-80.5).all() and len(i.centers) > 100


def designations(home):
    head = (
        "HPSA Name,HPSA ID,Designation Type,HPSA Discipline Class,HPSA Score,HPSA Status,HPSA "
        "Geography Identification Number,HPSA FTE,HPSA Designation Population,HPSA Component Type "
        "Code,HPSA Shortage,Primary State FIPS Code"
    )
    line = f"A,1,Geographic HPSA,Mental Health,17,Designated,{home.counties[0]},1,4000,SCTY,2,90"
    home.write("hpsa.csv", rows_of(head, [line]))
    more = (
        '[[tables]]\nreader = "designations"\nfile = "hpsa.csv"\nvintage = "2026-11-01"\n'
        'options = { kind = "hpsa-mh" }\n'
    )
    inside = [t for t in home.tracts if t.startswith(home.counties[0])]
    return home.study(
        more
    ), lambda i: i.areas.index[i.areas["hpsa_mh_score"] == 17].tolist() == inside


def mobile(home):
    shares = [
        f"mobilebb_{kind}_area_{place}_pct"
        for kind in ("3g", "4g", "5g_spd1", "5g_spd2")
        for place in ("st", "iv")
    ]
    head = ",".join(["area_data_type", "geography_type", "geography_id", "total_area", *shares])
    lines = (f"Total,County,{c},1000,1,0.9,0.8,0.7,0.6,0.5,0.4,0.3" for c in home.counties)
    home.write("mobile.csv", rows_of(head, lines))
    more = (
        '[[tables]]\nreader = "bdc_mobile"\nfile = "mobile.csv"\nvintage = "2025-12-31"\n'
        'level = "county"\nspread = true\n'
        'columns = { lte_share = { column = "mobile_4g_stationary_share" } }\n'
    )
    return home.study(more), lambda i: i.areas["lte_share"].eq(0.8).all()


def leading(home):
    head = "geography_type,geography_id,geography_desc,data_type,provider_id,res_st_pct,bus_iv_pct"
    offers = ("0.2", 130), ("0.9", 9)
    lines = (f"County,{c},x,Fixed Broadband,{p},{s},0" for c in home.counties for s, p in offers)
    home.write("by_geography.csv", rows_of(head, lines))
    home.write("list.csv", rows_of("frn,provider_id,holding_company", ["1,9,Hill Cable"]))
    more = (
        '[[tables]]\nreader = "bdc_providers"\nfile = "by_geography.csv"\nvintage = "2025-12-31"\n'
        'spread = true\noptions = { names = "list.csv" }\n'
    )
    return (
        home.study(more),
        lambda i: (
            i.areas["leading_provider"].dropna().eq("Hill Cable").all()
            and i.areas["leading_provider_share"].max() == 0.9
        ),
    )


def tribal(home):
    """The reservation is the first tract itself."""
    shapes = eq.read_boundaries(home.example.tracts, year=2023, state="90")
    land = gpd.GeoDataFrame(
        {"GEOID": ["0001R"], "NAMELSAD": ["Hill Reservation"], "COMPTYP": ["R"]},
        geometry=[shapes.geometry[home.tracts[0]]], crs=shapes.crs,
    )  # fmt: skip
    land.to_file(home.root / "tribal.gpkg")
    more = '[[tables]]\nreader = "tribal_areas"\nfile = "tribal.gpkg"\nvintage = "2024"\n'
    return (
        home.study(more),
        lambda i: (
            i.areas.index[i.areas["tribal_land_share"] > 0.999].tolist() == [home.tracts[0]]
            and i.areas["tribal_land"].value_counts()["Hill Reservation"] == 1
            and i.areas["tribal_land_share"].drop(home.tracts[0]).max() < 1e-6
        ),
    )


def travel_times(home):
    pairs = ((t, s, 600 * n) for t in home.tracts for n, s in enumerate(("far", "near"), -2))
    lines = [f"{t},{s},{-seconds}" for t, s, seconds in pairs]
    home.write("times.csv", rows_of("tract,clinic,seconds", lines))
    more = (
        '[[tables]]\nreader = "travel_times"\nfile = "times.csv"\nvintage = "2025"\n'
        'agency = "a"\nproduct = "p"\ngeo_vintage = "2020"\noptions = { origin = "tract", '
        'destination = "clinic", cost = "seconds", unit = "s" }\n'
    )
    path = home.study(
        more,
        (r"\[care\]\n", '[care]\ncolumn = "travel_min"\nunit = "min"\n'),
        (r'method = "\w+"', 'method = "column"'),
    )
    return (
        path,
        lambda i: (
            i.areas["travel_min"].dropna().eq(10).all()
            and set(i.areas["travel_site_id"]) >= {"near"}
        ),
    )


SPEEDS = [f"speed_{s}" for s in ("02_02", "10_1", "25_3", "100_20", "250_25", "1000_100")]
SUMMARY = ",".join(
    ["area_data_type", "geography_type", "geography_id", "total_units", "biz_res", "technology",
     *SPEEDS]
)  # fmt: skip


def summary(home):
    lines = (f"Total,County,{c},400,R,Any Terrestrial,1,0.9,0.8,0.5,0.2,0" for c in home.counties)
    home.write("summary.csv", rows_of(SUMMARY, lines))
    more = (
        '[[tables]]\nreader = "bdc_summary"\nfile = "summary.csv"\nvintage = "2025-12-31"\n'
        'level = "county"\nspread = true\n'
    )
    return home.study(
        more
    ), lambda i: i.areas["any_terrestrial_25_3_share"].eq(0.8).all() and "units_n" not in i.areas


def county_study(home):
    """The county form of the example, with the FCC's own county summary as coverage."""
    lines = (f"Total,County,{c},400,R,Any Terrestrial,1,0.9,0.8,0.5,0.2,0" for c in home.counties)
    home.write("summary.csv", rows_of(SUMMARY, lines))
    path = home.study(
        "",
        ('level = "tract"', 'level = "county"'),
        ("tracts.csv", "counties.csv"),
        ("_tract.zip", "_county.zip"),
        ('kind = "locations"', 'kind = "summary"\nreader = "bdc_summary"'),
        (r'files = \["bdc", "served_unserved"\]', 'files = "summary.csv"'),
    )

    def holds(inputs):
        # By hand: half of 400 homes at 100/20, 0.3 more at 25/3, the rest below.
        classes = inputs.lines[["locations_n", "served_n", "underserved_n", "unserved_n"]]
        assert sorted(classes.index) == home.counties
        assert (classes - [400.0, 200.0, 120.0, 80.0]).abs().to_numpy().max() < 1e-9
        table = eq.coverage(inputs.lines, rule="fcc-25-3")
        return table["qualifying_share"].sub(0.8).abs().lt(1e-12).all()

    return path, holds


def classes(home):
    lines = (f"{t},40,30,6,4" for t in home.tracts)
    home.write("classes.csv", rows_of("GEOID,locations_n,served_n,underserved_n,unserved_n", lines))
    path = home.study(
        "",
        ('kind = "locations"', 'kind = "summary"\ngeo_vintage = "2020-CT2022"'),
        (r'files = \["bdc", "served_unserved"\]', 'files = "classes.csv"'),
    )
    return (
        path,
        lambda i: (
            meta(i.lines).geo_vintage == "2020-CT2022"
            and i.lines.attrs["coverage_classes"]["served"] == [100.0, 20.0]
        ),
    )


def form477(home):
    head = "Provider_Id,BlockCode,TechCode,Consumer,MaxAdDown,MaxAdUp,Business"
    home.write("f477.csv", rows_of(head, (f"1,{b},50,1,100,20,1" for b in home.blocks[:9])))
    path = home.study(
        "",
        ('kind = "locations"', 'kind = "locations"\nreader = "form477"'),
        (r'files = \["bdc", "served_unserved"\]', 'files = "f477.csv"'),
        ('as_of = "2024-12-31"', 'as_of = "2020-12-31"'),
    )
    return path, lambda i: i.lines.geo_vintage == "2010"


def blocks_and_locations(home):
    housing = next((home.root / "boundaries").glob("*_tabblock20.zip")).name
    path = home.study(
        "",
        (
            'kind = "locations"',
            f'kind = "locations"\nhousing = "boundaries/{housing}"\ngeo_vintage = "2020-CT2022"',
        ),
    )
    return (
        path,
        lambda i: i.lines.geo_vintage == "2020-CT2022" and sorted(i.blocks.index) == home.blocks,
    )


def funded(home):
    home.write("funded.csv", rows_of("location_id,block_geoid", [f"1000000001,{home.blocks[0]}"]))
    more = '[[funded]]\nfile = "funded.csv"\nas_of = "2026-01-31"\n'
    return home.study(more), lambda i: i.funded[0].index.tolist() == ["1000000001"]


def high_cost(home):
    """A tract that the list does not name has none, which is known."""
    named = home.tracts[0]
    head = "State FIPS,State Name,Census Block Group,High Cost Block Group"
    home.write("high.csv", rows_of(head, [f"90,Example,{named}{n},High Cost" for n in (1, 2)]))
    more = (
        '[[tables]]\nreader = "high_cost"\nfile = "high.csv"\nvintage = "2025"\nlevel = "tract"\n'
    )
    return (
        home.study(more),
        lambda i: (
            i.areas.loc[named, "high_cost_block_groups_n"] == 2
            and i.areas.loc[home.tracts[1:], "high_cost_block_groups_n"].eq(0).all()
        ),
    )


def own_table(home):
    home.write("own.csv", rows_of("GEOID,v", (f"{t},5" for t in home.tracts)))
    more = (
        '[[tables]]\nfile = "own.csv"\nagency = "a"\nproduct = "p"\nvintage = "2024"\n'
        'geo_vintage = "2020"\ncolumns = { five_n = { column = "v" } }\n'
    )
    return home.study(more), lambda i: i.areas["five_n"].eq(5).all()


def old_tracts(home):
    """Two tracts of 2020 were one in 2010, with a quarter and three quarters of its land."""
    first, second, *others = home.tracts
    whole = f"{first[:5]}999999"
    side = "GEOID_TRACT_{0}|AREALAND_TRACT_{0}"
    head = f"{side.format(20)}|{side.format(10)}|AREALAND_PART|AREAWATER_PART"
    pairs = [(first, whole, 1), (second, whole, 3), *((t, t, 1) for t in others)]
    lines = (f"{new}|0|{old}|0|{land}000000|0" for new, old, land in pairs)
    home.write("tab20_tract20_tract10_natl.txt", rows_of(head, lines))
    home.write("old.csv", rows_of("GEOID,v", [f"{whole},100", *(f"{t},8" for t in others)]))
    more = (
        '[[tables]]\nfile = "old.csv"\nagency = "a"\nproduct = "p"\nvintage = "2019"\n'
        'geo_vintage = "2010"\ncolumns = { visits_n = { column = "v" } }\n'
        '[tables.crosswalk]\nreader = "tract_relationship"\n'
        'file = "tab20_tract20_tract10_natl.txt"\ncounts = { visits_n = "land" }\n'
    )

    def holds(inputs):
        moved = inputs.areas["visits_n"]
        assert any("2 crosswalked" in note for note in meta(inputs.areas).notes)
        return moved[[first, second]].tolist() == [25, 75] and moved[others].eq(8).all()

    return home.study(more), holds


def old_blocks(home):
    lines = (f"{b},{b},1,1000" for b in home.blocks)
    head = "block_2010,block_2020,share_of_2010_block_land,area_land"
    home.write("links.csv", rows_of(head, lines))
    home.write("old.csv", rows_of("GEOID,v", (f"{t},8" for t in home.tracts)))
    housing = next((home.root / "boundaries").glob("*_tabblock20.zip")).name
    more = (
        '[[tables]]\nfile = "old.csv"\nagency = "a"\nproduct = "p"\nvintage = "2019"\n'
        'geo_vintage = "2010"\ncolumns = { visits_n = { column = "v" } }\n'
        f'[tables.crosswalk]\nreader = "block_links"\nfile = "links.csv"\n'
        f'blocks = "boundaries/{housing}"\ncounts = {{ visits_n = "people" }}\n'
    )
    return home.study(more), lambda i: i.areas["visits_n"].eq(8).all()


def zip_table(home):
    """One ZIP area a tract."""
    zips = {tract: f"{10001 + n}" for n, tract in enumerate(home.tracts)}
    head = "GEOID_ZCTA5_20|GEOID_TRACT_20|AREALAND_PART"
    home.write("zcta.txt", rows_of(head, (f"{z}|{t}|1000" for t, z in zips.items())))
    home.write("zips.csv", rows_of("zip,v", (f"{z},{int(z)}" for z in zips.values())))
    more = (
        '[[tables]]\nfile = "zips.csv"\nagency = "a"\nproduct = "p"\nvintage = "2024"\n'
        'level = "zcta"\nid_column = "zip"\ngeo_vintage = "2020"\n'
        'columns = { enrolled_n = { column = "v" } }\n'
        '[tables.crosswalk]\nreader = "zcta_relationship"\nfile = "zcta.txt"\n'
        'counts = { enrolled_n = "people" }\n'
    )
    return home.study(
        more
    ), lambda i: i.areas["enrolled_n"].astype(int).astype(str).to_dict() == zips


ZIPS = "GEOID\tALAND\tAWATER\tINTPTLAT\tINTPTLONG\n05001\t1\t0\t38.5\t-80.5\n"


def providers(home, reader: str, file: str, more: str = ""):
    home.write("zips.txt", ZIPS)
    return home.study(
        f'[[sites]]\nreader = "{reader}"\nfile = "{file}"\nas_of = "2026-11-01"\n'
        f'zip_areas = "zips.txt"\nzip_areas_year = 2024\nuse = "capacity"\n{more}\n',
        (r'use = "capacity"\n\[sites.columns\]', 'use = "sites"\n[sites.columns]'),
    )


def hospitals(home):
    head = "Facility ID,Facility Name,Address,City/Town,State,ZIP Code,Hospital Type,Emergency Services"
    lines = ["470001,H,1 St,T,VT,05001,Acute,Yes", "510001,H,1 St,T,WV,05001,Acute,Yes"]
    home.write("hospitals.csv", rows_of(head, [*lines, "470002,H,1 St,T,VT,05001,Acute,No"]))
    more = 'states = ["VT"]\noptions = { emergency_only = true }\n'
    return (
        providers(home, "hospitals", "hospitals.csv", more),
        lambda i: (
            i.capacity.index.tolist() == ["470001"]
            and i.capacity["location_quality"].eq("zip_area").all()
            and i.capacity["lon"].eq(-80.5).all()
        ),
    )


def rural_clinics(home):
    head = "CCN,NPI,ORGANIZATION NAME,ADDRESS LINE 1,CITY,STATE,ZIP CODE"
    home.write("rhc.csv", rows_of(head, ["473400,1000000000,C,1 St,T,VT,05001"]))
    return providers(
        home, "rural_clinics", "rhc.csv"
    ), lambda i: i.capacity["kind"].tolist() == ["rural health clinic"]


def clinicians(home, more=""):
    head = "NPI,pri_spec,Telehlth,Facility Name,adr_ln_1,City/Town,State,ZIP Code"
    lines = ["1000000001,PSYCHIATRY,Y,C,1 St,T,VT,05001", "1000000002,UROLOGY,Y,C,1 St,T,VT,05001"]
    home.write("dac.csv", rows_of(head, lines))
    more += 'options = { specialties = ["PSYCHIATRY"] }\n'
    return providers(home, "clinicians", "dac.csv", more), lambda i: i.capacity["fte"].sum() == 1


def nppes(home, more=""):
    code = "Provider Business Practice Location Address Postal Code"
    rows = [nppes_rows.row(i, **{code: "05001" if i else "99999"}) for i in range(40)]
    (home.root / "npidata.csv").write_bytes(nppes_rows.header() + b"".join(rows))
    more += 'options = { sets = ["primary_care"] }\nunplaced = "drop"\nstates = ["WV", "OH"]\n'
    return providers(
        home, "nppes", "npidata.csv", more
    ), lambda i: i.capacity.index.tolist() == ["clinician-1"]


def care_list(home):
    """Sites that say whether they offer telehealth, one with coordinates of its own."""
    row = '{{"name1":"{0}","street1":"","city":"T","state":"VT","zip":"05001","latitude":"{1}","longitude":"{2}","services":[{{"f2":"SET","f3":"{3}"}}]}}'
    rows = [row.format("A", "38.5", "-80.4", "Telehealth"), row.format("B", "", "", "Outpatient")]
    home.write("locator.json", f'{{"rows":[{",".join(rows)}]}}')
    path = providers(home, "care_list", "locator.json", 'options = { form = "samhsa-mental" }\n')
    return (
        path,
        lambda i: (
            i.capacity["offers_telehealth"].tolist() == [True, False]
            and i.capacity["location_quality"].tolist() == ["coordinates", "zip_area"]
        ),
    )


def telehealth_trends(home):
    groups = (
        "Bene_Mdcd_Mdcr_Enrl_Stus,Bene_Race_Desc,Bene_Sex_Desc,Bene_Mdcr_Entlmt_Stus,Bene_Age_Desc,"
        "Bene_RUCA_Desc"
    )
    head = f"Year,quarter,Bene_Geo_Desc,{groups},Total_Bene_TH_Elig,Total_Bene_Telehealth"
    state = find_state(home.tracts[0][:2]).name
    home.write("t.csv", rows_of(head, [f"2024,Overall,{state},All,All,All,All,All,All,100,25"]))
    more = (
        '[[tables]]\nreader = "telehealth_trends"\nfile = "t.csv"\nvintage = "2024"\n'
        "spread = true\n"
    )
    return home.study(more), lambda i: i.areas["medicare_telehealth_share"].eq(0.25).all()


CASES: dict[Case, tuple[str, ...]] = {
    svi: ("read_svi",),
    places: ("read_places",),
    ruca: ("read_ruca",),
    ruggedness: ("read_ruggedness",),
    rucc: ("read_rucc",),
    saipe: ("read_saipe",),
    forhp: ("read_forhp",),
    gazetteer: ("read_gazetteer",),
    centers: ("read_centers",),
    designations: ("read_designations",),
    mobile: ("read_bdc_mobile",),
    leading: ("read_bdc_providers",),
    tribal: ("read_tribal_areas",),
    travel_times: ("read_travel_times",),
    summary: ("read_bdc_summary",),
    county_study: ("read_bdc_summary", "read_summary_classes", "read_acs", "read_boundaries"),
    classes: ("read_coverage",),
    form477: ("read_form477",),
    blocks_and_locations: ("read_bdc", "read_blocks", "read_sites"),
    own_table: ("read_table",),
    funded: ("read_funded",),
    high_cost: ("read_high_cost",),
    old_tracts: ("read_tract_relationship",),
    old_blocks: ("read_block_links", "read_blocks"),
    zip_table: ("read_zcta_relationship",),
    hospitals: ("read_hospitals", "read_gazetteer"),
    rural_clinics: ("read_rural_clinics",),
    clinicians: ("read_clinicians",),
    nppes: ("read_nppes",),
    care_list: ("read_care_list",),
    telehealth_trends: ("read_telehealth_trends",),
}


@pytest.mark.parametrize(
    ("case", "asked", "row"),
    [
        (nppes, False, ("clinician-1", "individual clinician")),
        (nppes, True, ("1000000020", "LASTNAME20, FIRST20")),
        (clinicians, False, ("clinician-1", "C")),
        (clinicians, True, ("1000000001-1", "C")),
        (hospitals, False, ("470001", "H")),
    ],
)
def test_a_person_is_named_only_where_the_study_asks_for_it(home, case, asked, row):
    path, _ = case(home, "clinician_names = true\n") if asked else case(home)
    capacity = gathered(path)[0].capacity
    assert list(zip(capacity.index, capacity["name"], strict=True)) == [row]
    assert meta(capacity).sources


@pytest.mark.parametrize(
    ("case", "read_by"), CASES.items(), ids=lambda c: getattr(c, "__name__", "")
)
def test_a_study_file_reaches_it_and_gets_what_it_reads(home, case, read_by):
    path, holds = case(home)
    inputs, called = gathered(path)
    assert holds(inputs)
    for name in read_by:
        assert inspect.unwrap(READERS[name]).__code__ in called, name


def points(home, name, ids, *, column="id", use="capacity", more="", at=38.5, fte=1):
    """A list of one's own, a row for each id; without ids its lines number the rows."""
    rows = [f"{one},P{n},GP,{fte},-80.{n + 1},{at}" for n, one in enumerate(ids)]
    home.write(name, rows_of(f"{column},n,k,f,lon,lat", rows))
    named = f'id = "{column}"\n' if column else ""
    return (
        f'[[sites]]\nreader = "points"\nfile = "{name}"\nas_of = "b"\nlabel = "{name}"\n'
        f'use = "{use}"\n{more}[sites.columns]\n{named}'
        'name = "n"\nkind = "k"\nfte = "f"\nlon = "lon"\nlat = "lat"\n'
    )


def lists_of(home, *parts):
    """A study by capacity whose lists of care are these alone."""
    return home.study("".join(parts), (r"\[\[sites\]\](.|\n)*?(?=\n\[care\])", ""))


@pytest.mark.parametrize(
    ("ids", "more", "refused"),
    [
        (["a", "b"], {}, True),
        (["x", "B "], {"at": 39.0, "fte": 0.5}, True),
        (["x", "y"], {}, False),
        (["a", "b"], {"use": "sites"}, False),
        (["a", "b"], {"use": "both"}, True),
        (["", ""], {"column": ""}, True),
        (["", ""], {"column": "", "at": 39.0}, False),
    ],
)
def test_who_stands_in_two_lists_of_clinicians_is_counted_in_one(home, ids, more, refused):
    first = points(home, "one.csv", ["a", "b"] if more.get("column", "id") else ids,
                   column=more.get("column", "id"))  # fmt: skip
    path = lists_of(home, first, points(home, "two.csv", ids, **more))
    if not refused:
        assert len(gathered(path)[0].capacity) == (2 if more.get("use") == "sites" else 4)
        return
    with pytest.raises(InputError, match=r"sites.1 \(two.csv\) and sites.0 \(one.csv, ") as caught:
        gathered(path)
    assert caught.value.file.endswith("two.csv")
    assert "leave one of the two lists out" in caught.value.fix


@pytest.mark.parametrize(
    ("column", "refused"),
    [
        ("poverty_share = { column = 'v', unit = 'share' }", True),
        ("device_share = { column = 'v', unit = 'share' }", True),
        ("median_household_income_usd = 'v'", True),
        ("people_poor_share = { column = 'v', moe = 'v' }", False),
        ("disability_share = { column = 'v' }", False),
    ],
)
def test_a_column_that_the_survey_counts_is_not_brought_as_well(home, column, refused):
    codes = ("B01003_001", "B17001_001", "B17001_002", "B28003_001", "B28003_002", "B19013_001")
    head = f"GEO_ID,{','.join(f'{code}E' for code in codes)}"
    home.write("survey.csv", rows_of(head, (f"{t},900,900,90,300,200,5000" for t in home.tracts)))
    home.write("mine.csv", rows_of("GEOID,v", (f"{t},0.25" for t in home.tracts)))
    text = (
        '[[tables]]\nfile = "mine.csv"\nagency = "a"\nproduct = "p"\nvintage = "2023"\n'
        f'geo_vintage = "2020"\n[tables.columns]\n{column}\n'
    )
    path = home.study(text, (r'files = "tracts.csv"', 'files = "survey.csv"'))
    areas = gathered(path)[0].areas
    plan, _ = read_plan(path)
    if not refused:
        assert _with_people(plan, areas).filter(like=column.split()[0]).eq(0.25).all(axis=None)
        return
    with pytest.raises(
        InputError, match=rf"bring {column.split()[0]}, which \[\[acs\]\]"
    ) as caught:
        _with_people(plan, areas)
    assert "leave one of the two out, or give it a name of your own" in caught.value.fix


def test_the_same_list_of_places_twice_is_questioned_and_another_s_ids_are_not(home):
    capacity = points(home, "staff.csv", ["s"])
    first = points(home, "one.csv", ["1", "2"], use="sites")
    with pytest.raises(InputError, match="count together as sites, and the same rows"):
        gathered(lists_of(home, capacity, first, points(home, "two.csv", ["1", "2"], use="sites")))
    apart = points(home, "two.csv", ["1", "2"], use="sites", at=39.0)
    assert len(gathered(lists_of(home, capacity, first, apart))[0].sites) == 4


@pytest.mark.parametrize(
    ("column", "ids", "shown"),
    [
        ("NPI", ["1000000001", "c"], ["clinician-1", "clinician-2"]),
        ("Ind_PAC_ID", ["42", "43"], ["clinician-1", "clinician-2"]),
        # 1234567893 is the Centers for Medicare & Medicaid Services' own example of a number.
        ("code", ["1234567893", "1234567890"], ["clinician-1", "1234567890"]),
        ("code", ["1234567893-2", "C1"], ["clinician-1", "C1"]),
    ],
)
@pytest.mark.parametrize("asked", [False, True])
def test_a_register_number_of_a_person_is_shown_only_where_the_study_asks(
    home, column, ids, shown, asked
):
    more = "clinician_names = true\n" * asked
    path = lists_of(home, points(home, "own.csv", ids, column=column, use="both", more=more))
    inputs = gathered(path)[0]
    for table in (inputs.sites, inputs.capacity):
        assert table.index.tolist() == (ids if asked else shown)


def test_connecticut_is_recoded_where_a_table_has_its_old_counties(tmp_path):
    old = [f"09001{n:06d}" for n in range(1, 880)]
    new = [f"09190{n:06d}" for n in range(1, 880)]
    pairs = (f"{a},{b}" for a, b in zip(old, new, strict=True))
    (tmp_path / "codes.csv").write_text(rows_of("tract_fips_2020,Tract_fips_2022", pairs))
    (tmp_path / "own.csv").write_text(rows_of("GEOID,v", (f"{t},{t[5:]}" for t in old)))
    people = eq.area_table(
        pd.DataFrame({"id": new, "population_n": 10.0}), "id", level="tract", geo_vintage="2020-CT2022"
    )  # fmt: skip
    part = TablePart.model_validate(
        {
            "file": "own.csv", "agency": "a", "product": "p", "vintage": "2021",
            "geo_vintage": "2020", "columns": {"v_n": {"column": "v"}},
            "crosswalk": {"reader": "connecticut_codes", "file": "codes.csv"},
        }
    )  # fmt: skip
    study = AreasPart(id="ct", title="Connecticut", state="CT")
    table = read_part(part, people, study, LiveFiles(tmp_path, "09", "tract"))
    assert table["v_n"].to_dict() == {geoid: int(geoid[5:]) for geoid in new}
    assert meta(table).geo_vintage == "2020-CT2022"


def test_a_reader_of_both_codings_takes_that_of_the_study(tmp_path):
    line = "09110400101,09003400101,4,4"
    (tmp_path / "ruca.csv").write_text(
        rows_of("TractFIPS23,TractFIPS20,PrimaryRUCA,SecondaryRUCA", [line])
    )
    part = TablePart(file="ruca.csv", reader="ruca", vintage="2020")
    study = AreasPart(id="ct", title="Connecticut", state="CT")
    for vintage, geoid in (("2020", "09003400101"), ("2020-CT2022", "09110400101")):
        people = eq.area_table(
            pd.DataFrame({"id": [geoid], "population_n": [9.0]}), "id", level="tract", geo_vintage=vintage
        )  # fmt: skip
        table = read_part(part, people, study, LiveFiles(tmp_path, "09", "tract"))
        assert table.index.tolist() == [geoid]
        assert meta(table).geo_vintage == vintage


def test_every_public_reader_is_among_these():
    """A new ``read_…`` joins a study file, or this list says why not."""
    proven = {name for names in CASES.values() for name in names} | {"read_connecticut_codes"}
    assert proven | set(NOT_IN_A_STUDY) == set(READERS)
    assert not proven & set(NOT_IN_A_STUDY)


# What is refused


def refused(home: Home, more: str, *changes: tuple[str, str]) -> StudyError:
    with pytest.raises(StudyError) as caught:
        read_plan(home.study(more, *changes))
    return caught.value


SVI = '[[tables]]\nreader = "svi"\nfile = "svi.csv"\nvintage = "2022"\n'
OWN = '[[tables]]\nfile = "own.csv"\nvintage = "2024"\nproduct = "p"\n'
OWN_COLUMNS = 'agency = "a"\ngeo_vintage = "2020"\ncolumns = { %s = { column = "v" } }\n'


@pytest.mark.parametrize(
    ("more", "says", "fix", "line_has"),
    [
        (SVI.replace('"svi"\nf', '"sv"\nf'), "tables.0.reader: is 'sv'", "use one of table", "reader ="),
        (SVI.replace("2022", "newest"), "needs a year", "2022", "vintage ="),
        (SVI + "where = { a = 1 }\n", "tables.0.where: is nothing that read_svi takes", "leave it out", "where ="),
        (SVI + "options = { themes = 4 }\n", "themes is nothing that read_svi takes", "leave options out", "options ="),
        (SVI.replace('"svi"\nf', '"places"\nf') + "options = { mesures = [] }\n", "mesures is nothing", "it takes measures", "options ="),
        (SVI + 'columns = { a_share = { column = "svi_percentile", unit = "percent" } }\n', "unit is known to read_svi", "leave it out", "columns ="),
        (SVI.replace('"svi"\nf', '"designations"\nf'), "tables.0.kind: is missing", "", "[[tables]]"),
        (OWN + OWN_COLUMNS.replace('agency = "a"\n', "") % "v_n", "tables.0.agency: is missing: read_table needs it", "", "[[tables]]"),
        (OWN + OWN_COLUMNS % "gap_n", "gap_n: the study computes what is called so", "my_gap_n", "columns ="),
        (OWN + OWN_COLUMNS % "qualifying_share_moe", "the study computes", "my_qualifying_share_moe", "columns ="),
        (OWN + OWN_COLUMNS % "coverage_status", "the study computes", "my_coverage_status", "columns ="),
        (OWN + OWN_COLUMNS % "v_n" + '[tables.crosswalk]\nfile = "a"\nreader = "road"\n', "crosswalk.reader: is 'road'", "use one of tract_relationship", "reader ="),
        (SVI.replace("svi.csv", "live:nothing"), "tables.0.file: no input is called 'nothing'", "use one of boundaries", "file ="),
        (SVI.replace("svi.csv", "live:ruca"), "live:ruca is read by read_ruca, not read_svi", "name ruca", "reader ="),
        ('[[sites]]\nreader = "hospitals"\nfile = "live:cms-rhc"\nas_of = "b"\n', "live:cms-rhc is read by read_rural_clinics", "name rural_clinics", "reader ="),
        ('[[sites]]\nreader = "dentists"\nfile = "a"\nas_of = "b"\n', "sites.2.reader: is 'dentists'", "use one of hrsa, points", "reader ="),
        ('[[sites]]\nreader = "points"\nfile = "a"\nas_of = "b"\nstates = ["VA"]\n', "states: is nothing that read_sites takes", "leave it out", "states ="),
        ('[[sites]]\nreader = "hospitals"\nfile = "a"\nas_of = "b"\nkind = "x"\n', "kind: is nothing that read_hospitals takes", "leave it out", "kind ="),
        ('[[sites]]\nreader = "hospitals"\nfile = "a"\nas_of = "b"\nstates = ["Narnia"]\n', "'Narnia' is no state", "AL, AK", "states ="),
        ('[[sites]]\nreader = "hrsa"\nfile = "a"\nas_of = "b"\nclinician_names = true\n', "clinician_names: hrsa lists no persons", "leave it out", "clinician_names ="),
        ('[[tables]]\nfile = "a"\nvintage = "2"\n[tables.columns]\npets_n = 3\n', "pets_n: is 3, where fields with values belong", "fields here are column, unit", "pets_n ="),
    ],
)  # fmt: skip
def test_what_a_reader_cannot_use_is_told_with_its_line(home, more, says, fix, line_has):
    error = refused(home, more)
    assert says in error.what
    assert fix in (error.fix or "")
    number = int(re.search(r"line (\d+)", error.what).group(1))
    assert line_has in (home.root / "tried.toml").read_text().splitlines()[number - 1]


@pytest.mark.parametrize(
    ("new", "says"),
    [
        ('kind = "summary"\nreader = "bdc"', "coverage.reader: is 'bdc'"),
        ('kind = "locations"\nreader = "bdc_summary"', "coverage.reader: is 'bdc_summary'"),
        ('kind = "locations"\nnote = "x"', "coverage.note: is nothing that read_bdc takes"),
        ('kind = "locations"\ngeo_vintage = "2000"', "coverage.geo_vintage: is '2000'"),
        ('kind = "unknown"\nnote = "x"', "nothing is read where coverage is unknown"),
    ],
)
def test_coverage_names_a_reader_of_its_kind(home, new, says):
    error = refused(home, "", ('kind = "locations"', new))
    assert says in error.what
    assert "line " in error.what
    assert error.fix


SLOTS = {
    "boundaries": (r"(\[boundaries\]\nfile = )\"[^\"]*\"", "live:boundaries", "boundaries.file"),
    "counties": (r"(\[counties\]\nfile = )\"[^\"]*\"", "live:counties", "counties.file"),
    "acs": (r"(\[\[acs\]\]\nfiles = )\"[^\"]*\"", "live:acs", "acs.0.files"),
    "coverage": (r"(\[coverage\](?:\n.*?)*?\nfiles = )\[[^\]]*\]", "live:bdc", "coverage.files"),
}


@pytest.mark.parametrize("slot", SLOTS)
def test_a_live_input_of_another_kind_is_refused_before_anything_is_fetched(
    home, slot, monkeypatch
):
    pattern, right, where = SLOTS[slot]
    monkeypatch.setattr("equity.study.live.fetch_input", lambda *_: pytest.fail("it was fetched"))
    wrong = [one.id for one in INPUTS if f"live:{one.id}" != right]
    for name in wrong:
        error = refused(home, "", (pattern, rf'\1"live:{name}"'))
        assert f"{where}: live:{name} is " in error.what, name
        assert right in error.fix
        assert "line " in error.what
    read_plan(home.study("", (pattern, rf'\1"{right}"')))


CROSSWALK = OWN + OWN_COLUMNS % "v_n" + '[tables.crosswalk]\nreader = "%s"\nfile = "%s"\n'
MORE_SLOTS = {
    "centers": ('[centers]\nfile = "%s"\nyear = 2020\n', "centers"),
    "connecticut": ("", "ruca"),
    "housing": ("", "blocks"),
    "zip_areas": ('[[sites]]\nreader = "nppes"\nfile = "n.csv"\nas_of = "b"\nzip_areas = "%s"\n', "zip-areas"),
    "tracts": (CROSSWALK % ("tract_relationship", "%s"), "tract-relationship"),
    "codes": (CROSSWALK % ("connecticut_codes", "%s"), "ruca"),
    "blocks": (CROSSWALK % ("block_links", "a.csv") + 'blocks = "%s"\n', "blocks"),
}  # fmt: skip


@pytest.mark.parametrize("slot", MORE_SLOTS)
def test_no_slot_takes_a_live_input_of_another_kind(home, slot):
    more, right = MORE_SLOTS[slot]
    for name in ("hrsa-sites", "gazetteer-tract", "counties", right):
        changes = []
        if not more:
            changes = [(r"\[coverage\]\n", f'[coverage]\n{slot} = "live:{name}"\n')]
        text = more % f"live:{name}" if more else ""
        if name == right:
            read_plan(home.study(text, *changes))
        else:
            assert f"live:{name} is " in refused(home, text, *changes).what


def test_a_county_table_in_a_tract_study_says_how_to_spread_it(home):
    path, _ = rucc(home)
    path.write_text(path.read_text().replace("spread = true\n", ""))
    with pytest.raises(
        InputError, match="one row a county, where the study has one row a tract"
    ) as caught:
        gathered(path)
    assert "rucc.csv" in str(caught.value)
    assert "spread = true" in caught.value.fix


def test_a_count_of_a_county_is_not_given_to_its_tracts(home):
    path, _ = saipe(home)
    path.write_text(path.read_text() + 'columns = { poor_n = { column = "saipe_poverty_n" } }\n')
    with pytest.raises(InputError, match="counts of a county are not those of each of its parts"):
        gathered(path)


def test_a_count_of_a_county_by_any_name_is_not_given_to_its_tracts(home):
    home.write("own.csv", rows_of("GEOID,seen", (f"{c},900" for c in home.counties)))
    more = (
        '[[tables]]\nfile = "own.csv"\nvintage = "2023"\nagency = "a"\nproduct = "p"\n'
        'geo_vintage = "2020"\nlevel = "county"\nspread = true\n'
        'columns = { visits = { column = "seen", unit = "count" } }\n'
    )
    with pytest.raises(InputError, match="counts of a county are not those of each tract in it"):
        gathered(home.study(more))


def test_a_county_that_is_missing_is_counted_by_the_join(home):
    lost = home.counties[-1]
    path, _ = rucc(home)
    file = home.root / "rucc.csv"
    file.write_text("\n".join(line for line in file.read_text().splitlines() if lost not in line))
    with pytest.raises(
        EquityError, match=r"Rural-Urban Continuum Codes 2023 matches \d+ of"
    ) as caught:
        gathered(path)
    assert caught.value.code == "E-JOIN-INCOMPLETE"
    assert "rucc.csv: " in str(caught.value)
    assert "join_tolerance in [study]" in caught.value.fix
    path.write_text(path.read_text().replace("[study]\n", "[study]\njoin_tolerance = 0.9\n"))
    inputs, _ = gathered(path)
    assert inputs.areas.index[inputs.areas["rucc"].isna()].str[:5].unique().tolist() == [lost]


@pytest.mark.parametrize("value", ["1.5", "-0.1", '"much"'])
def test_a_tolerance_is_a_share(home, value):
    error = refused(home, "", (r"\[study\]\n", f"[study]\njoin_tolerance = {value}\n"))
    assert "study.join_tolerance: is" in error.what


def test_a_column_that_a_reader_does_not_give_is_told(home):
    path, _ = svi(home)
    path.write_text(path.read_text() + 'columns = { a_share = { column = "svi_rank" } }\n')
    with pytest.raises(MissingColumnError, match="svi gives no svi_rank") as caught:
        gathered(path)
    assert "svi_percentile" in caught.value.fix


def test_coverage_is_not_said_to_have_areas_that_its_ids_deny(home):
    lines = ("09001010101,40,30,6,4", "09001010102,40,30,6,4")
    home.write("ct.csv", rows_of("GEOID,locations_n,served_n,underserved_n,unserved_n", lines))
    path, _ = classes(home)
    path.write_text(path.read_text().replace("classes.csv", "ct.csv").replace('"90"', '"CT"'))
    plan, _ = read_plan(path)
    with pytest.raises(VintageError, match=r"\[coverage\].*old counties"):
        _Reader(plan, path.parent).lines()


def test_places_that_cannot_be_placed_are_named_or_left_out(home):
    path, _ = rural_clinics(home)
    file = home.root / "rhc.csv"
    file.write_text(file.read_text() + "473401,1000000001,C,1 St,T,VT,05999\n")
    with pytest.raises(InputError, match="1 of 2 places could not be placed") as caught:
        gathered(path)
    assert "473401" in str(caught.value)
    path.write_text(path.read_text() + 'unplaced = "drop"\n')
    inputs, _ = gathered(path)
    assert inputs.capacity.index.tolist() == ["473400"]
    assert any("1 of 2 providers" in note for note in meta(inputs.capacity).notes)


def test_names_of_measures_are_no_input_and_others_are():
    check_input_names(["poverty_share", "device_share", "ruca_code", "my_gap_n", "population_n"])
    for name in ("gap_n", "falls_short", "gap_n__fcc_25_3", "gap_share_moe", "usable_link_share"):
        with pytest.raises(InputError, match=name):
            check_input_names(["poverty_share", name])


def test_a_table_of_2010_without_a_crosswalk_is_refused(home):
    path, _ = old_tracts(home)
    path.write_text(path.read_text().partition("[tables.crosswalk]")[0])
    with pytest.raises(VintageError):
        gathered(path)


@pytest.mark.parametrize("code", ["B01001_001E", "S0601_C01_001E"])
def test_residents_of_another_table_than_b01003_are_told(home, code):
    assert not [n for n in meta(gathered(home.study())[0].areas).notes if "Residents are" in n]
    home.write("ages.csv", rows_of(f"GEO_ID,{code}", (f"{t},900" for t in home.tracts)))
    areas = gathered(home.study("", ("tracts.csv", "ages.csv")))[0].areas
    assert areas["population_n"].eq(900).all()
    said = f"Residents are counted in {code.partition('_')[0]}: B01003 is not among the tables"
    assert said in meta(areas).notes


def test_housing_that_an_export_makes_needless_is_refused(home):
    more, housing = svi(home)[0].read_text(), home.example.blocks.name
    in_coverage = f'kind = "locations"\nhousing = "boundaries/{housing}"'
    by_column = (
        ('kind = "locations"', in_coverage),
        (r'method = "\w+"', 'method = "column"\ncolumn = "svi_percentile"\nunit = "share"'),
    )
    more = more[more.index("[[tables]]") :]
    with pytest.raises(InputError, match="housing: the served/unserved export") as caught:
        gathered(home.study(more, *by_column))
    assert caught.value.fix == "leave it out"
    # Without the export the housing units are the denominator.
    no_export = (r'files = \["bdc", "served_unserved"\]', 'files = ["bdc"]')
    assert gathered(home.study(more, *by_column, no_export))[0].blocks is not None


@pytest.mark.parametrize(
    "name", ["https://example.invalid/r.toml", "/vsicurl/x.toml", "//server/r.toml"]
)
def test_a_rule_of_ones_own_is_a_file_not_an_address(home, name):
    error = refused(home, "", (r"rules = \[", f'rules = ["{name}", '))
    assert "an address stands where a file is meant" in error.what
    assert "download the file" in error.fix


@pytest.mark.parametrize(
    ("escape", "code"),
    [(r"\\u0007", "U+0007"), (r"\\u001b[31m", "U+001B"), (r"\\u0085", "U+0085")],
)
def test_a_control_character_written_as_an_escape_names_its_line(home, escape, code):
    error = refused(home, "", ('title = "', f'title = "{escape}'))
    number = next(n for n, t in enumerate(home.text.splitlines(), 1) if t.startswith("title ="))
    assert error.what == f"line {number}: study.title: holds the control character {code}"
    assert error.fix == "write the text without it"
    error = refused(home, f'[area]\ncounties = ["A", "B{escape}"]\n'.replace("\\\\", "\\"))
    assert f"area.counties.1: holds the control character {code}" in error.what
