"""Join rates of real tables, with the reason for every miss, and wrong-vintage joins refused."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pytest

from equity.areas.annotations import decode
from equity.areas.join import combine, combine_audit
from equity.areas.table import area_table
from equity.errors import GeoidError, InputError, VintageError

pytestmark = pytest.mark.real

TABLES_2020 = [
    "acs_2019_2023_internet_tract", "acs_2019_2023_insurance_commuting_tract", "ruca_2020_tract",
    "oeps_fqhc_drive_2025_tract", "oeps_mental_health_drive_2025_tract",
    "oeps_fqhc_min_distance_2025_tract", "oeps_hospital_min_distance_2025_tract",
]  # fmt: skip
TABLES_2010 = [
    "acs_2014_2018_commuting_tract", "acs_2014_2018_computers_tract", "acs_2014_2018_econ_tract",
    "acs_2014_2018_insurance_tract", "acs_2014_2018_population_area_tract",
    "acs_2015_2019_internet_tract", "cdc_svi_2018_tract", "dartmouth_providers_2010_tract",
    "fcc_form477_connections_dec2016_tract", "oeps_fqhc_drive_tract",
    "oeps_fqhc_min_distance_tract", "oeps_hospital_drive_tract",
    "oeps_mental_health_drive_tract", "ruca_2010_tract",
]  # fmt: skip


def read(shared_data, state, vintage, name):
    path = shared_data / "bundles" / state / f"v{vintage}" / f"{name}.csv"
    frame = pd.read_csv(path, dtype={"GEOID": str}, low_memory=False)
    frame = frame.drop(columns=["HEROP_ID", "HeropID", "G_GEOID", "FIPS"], errors="ignore")
    frame = frame.rename(columns={c: f"{name}.{c}" for c in frame.columns if c != "GEOID"})
    return area_table(frame, "GEOID", level="tract", geo_vintage=vintage)


def bdc(shared_data, state):
    frame = pd.read_csv(
        shared_data / "bundles" / state / "v2020" / "fcc_bdc_tract.csv", dtype={"GEOID": str}
    )
    frame = frame[["GEOID", "TotalPop", "TotalBSLs"]].rename(columns={"TotalPop": "population_n"})
    return area_table(frame, "GEOID", level="tract", geo_vintage="2020")


def polygons(shared_data, state, vintage):
    folder = shared_data / "bundles" / state / f"v{vintage}"
    name = {
        ("de", "2010"): "cb_2018_10_tract_500k.zip",
        ("de", "2020"): "cb_2020_10_tract_500k.zip",
        ("va", "2010"): "va_cb_2010_tracts.geojson",
        ("va", "2020"): "va_cb_2020_tracts.geojson",
    }[state, vintage]
    shapes = gpd.read_file(folder / name)
    column = "GEOID" if "GEOID" in shapes.columns else "geoid"
    return area_table(shapes[[column, "geometry"]], column, level="tract", geo_vintage=vintage)


def rate(audit, name):
    row = audit.matched.loc[name]
    return int(row["matched"]), int(row["areas"])


@pytest.mark.parametrize(("state", "all_rows", "land"), [("de", 262, 259), ("va", 2198, 2186)])
def test_2020_tables_meet_and_only_water_does_not(shared_data, state, all_rows, land):
    base = bdc(shared_data, state)
    names = [*TABLES_2020, "polygons"]
    if state == "de":
        names.append("acs_2016_2020_tract_estimates_and_moe")
    else:
        names.append("acs_2020_2024_tract")
    others = [
        polygons(shared_data, state, "2020")
        if name == "polygons"
        else read(shared_data, state, "2020", name)
        for name in names
    ]
    if state == "va":
        # 43 incomes and 31 median ages are annotation codes: they do not enter a join as numbers.
        with pytest.raises(InputError, match=r"annotation code \(-666666666\)"):
            combine(base, *others, names=names)
        coded = others[-1]
        for column in ("median_hh_income", "median_age"):
            name = f"acs_2020_2024_tract.{column}"
            coded[name], status = decode(coded[name])
            assert (status == "not_computable").sum() == {"median_hh_income": 43, "median_age": 31}[
                column
            ]
    result, audit = combine(base, *others, names=names, audit=True)
    whole = {"acs_2019_2023_internet_tract", "acs_2019_2023_insurance_commuting_tract",
             "ruca_2020_tract", "acs_2016_2020_tract_estimates_and_moe", "acs_2020_2024_tract"}  # fmt: skip
    for name in names:
        assert rate(audit, name) == (all_rows if name in whole else land, all_rows), name
    assert set(audit.rows["reason"]) == {"water"}
    assert isinstance(result, gpd.GeoDataFrame)
    water = result["area_status"] == "water"
    assert water.sum() == all_rows - land
    assert (result.loc[water, ["population_n", "TotalBSLs"]] == 0).all().all()
    inner = combine_audit(polygons(shared_data, state, "2020"), base, *others)
    assert (inner.matched["matched"] == land).all()


def test_2010_tables_of_delaware(shared_data):
    shapes = polygons(shared_data, "de", "2010")
    names = TABLES_2010
    tables = [read(shared_data, "de", "2010", name) for name in names]
    audit = combine_audit(shapes, *tables, names=names)
    assert (audit.matched["matched"] == 217).sum() == 13
    # Form 477 has no 99xxxx rows; the polygons have two.
    assert rate(audit, "fcc_form477_connections_dec2016_tract") == (215, 217)
    assert set(audit.rows["reason"]) == {"water"}
    everywhere = set(shapes.index).intersection(*(t.index for t in tables))
    assert len(everywhere) == 215
    acs = combine_audit(read(shared_data, "de", "2010", names[0]), shapes, names=["polygons"])
    assert rate(acs, "polygons") == (217, 218)
    assert acs.reasons("polygons")["water"] == 1


def test_2010_tables_of_virginia_and_bedford(shared_data):
    shapes = polygons(shared_data, "va", "2010")
    tables = {name: read(shared_data, "va", "2010", name) for name in TABLES_2010}
    audit = combine_audit(shapes, *tables.values(), names=list(tables))
    everywhere = set(shapes.index).intersection(*(t.index for t in tables.values()))
    assert (len(everywhere), len(shapes)) == (1894, 1905)
    # The drive-time tables list Bedford under both codes, so neither is missing there.
    both = ("oeps_fqhc_drive_tract", "oeps_hospital_drive_tract", "oeps_mental_health_drive_tract")
    for name in TABLES_2010:
        reasons = {k: n for k, n in audit.reasons(name).items() if n}
        bedford = reasons.pop("code_change", 0)
        keeps_old_code = name in both or "form477" in name
        assert bedford == (0 if keeps_old_code else 1), name
        assert set(reasons) <= {"water"}, (name, reasons)
    acs = combine_audit(tables["acs_2015_2019_internet_tract"], shapes, names=["polygons"])
    assert rate(acs, "polygons") == (1904, 1907)
    rows = acs.rows.set_index("geoid")["reason"]
    assert rows["51019050100"] == rows["51515050100"] == "code_change"
    assert acs.reasons("polygons")["water"] == 2
    # One area in 1,907 is within the tolerance, and is told.
    joined = combine(tables["acs_2015_2019_internet_tract"], shapes, names=["polygons"])
    assert joined.loc["51019050100", "geometry"] is None
    assert "1 code change" in " ".join(joined.attrs["equity"]["notes"])


@pytest.mark.parametrize(
    ("state", "left", "right", "matched", "areas"),
    [
        ("va", "2010 acs", "2020 polygons", 1626, 1907),
        ("va", "2020 acs", "2010 polygons", 1636, 2198),
        ("de", "2010 acs", "2020 polygons", 176, 218),
        ("de", "2010 acs", "2020 acs", 179, 218),
    ],
)
def test_wrong_vintage_joins_are_counted_and_refused(
    shared_data, state, left, right, matched, areas
):
    def get(what):
        vintage, kind = what.split()
        if kind == "polygons":
            return polygons(shared_data, state, vintage)
        name = {"2010": "acs_2015_2019_internet_tract", "2020": "acs_2019_2023_internet_tract"}
        return read(shared_data, state, vintage, name[vintage])

    base, other = get(left), get(right)
    audit = combine_audit(base, other, names=["other"])
    assert rate(audit, "other") == (matched, areas)
    with pytest.raises(VintageError, match=r"equity\.crosswalk"):
        combine(base, other)
    # And when the vintage is declared wrongly, the ids give it away.
    wrong = other.copy()
    wrong.attrs["equity"] = {**base.attrs["equity"]}
    with pytest.raises(VintageError, match=r"its ids are not those of|were replaced before"):
        combine(base, wrong)


def test_block_groups_of_virginia(shared_data):
    long = pd.read_csv(
        shared_data / "bundles/va/uva/va_hdcttrbg_acs_2017_2023_hh_internet_type.csv.xz",
        dtype={"geoid": str},
    )
    long = long[(long["region_type"] == "block group") & (long["measure"] == "num_hh")]
    shapes = gpd.read_file(shared_data / "bundles/va/v2020/va_cb_2020_block_groups.geojson")
    shapes = area_table(
        shapes[["geoid", "geometry"]], "geoid", level="block_group", geo_vintage="2020"
    )

    def of(years, vintage):
        part = long[long["year"].isin(years)].drop_duplicates("geoid")[["geoid", "value"]]
        return area_table(part, "geoid", level="block_group", geo_vintage=vintage)

    old = combine_audit(of([2019], "2010"), shapes, names=["polygons"])
    assert rate(old, "polygons") == (4253, 5332)
    with pytest.raises(VintageError):
        combine(of([2019], "2010"), shapes)
    new, audit = combine(of([2020, 2021, 2022, 2023], "2020"), shapes, names=["p"], audit=True)
    assert rate(audit, "p") == (5951, 5963)
    assert audit.reasons("p")["water"] == 12
    assert (new["area_status"] == "water").sum() == 12


def test_counties_against_one_boundary_file(shared_data):
    folder = shared_data / "bundles/common/county"
    shapes = gpd.read_file(folder / "cb_2018_us_county_20m.geojson")[["GEOID", "geometry"]]
    shapes = area_table(shapes, "GEOID", level="county", geo_vintage="2010")

    def audit(name, column, *, vintage, where=None, **options):
        frame = pd.read_csv(folder / name, dtype={column: str}, **options)
        if where is not None:
            frame = frame.query(where)
        table = area_table(frame[[column]], column, level="county", geo_vintage=vintage)
        found = combine_audit(table, shapes, names=["shapes"])
        rows = found.rows.query("side == 'missing'")
        return rate(found, "shapes"), rows.groupby("reason")["geoid"].apply(list).to_dict()

    matched, reasons = audit("cdc_svi_county_totals.csv", "FIPS", vintage="2020-CT2022")
    assert matched == (3133, 3144)  # 99.65 %
    regions = [f"091{n}0" for n in range(1, 10)]
    assert sorted(reasons["code_change"]) == ["02063", "02066", *regions]

    tiers = "county_tiers_201406_202406.csv"
    when = {"encoding": "latin-1", "vintage": "2020"}
    matched, reasons = audit(tiers, "FIPS", where="Year == 2020 and Month == 6", **when)
    assert matched == (3219, 3234)  # 99.54 %
    assert reasons["code_change"] == ["02063", "02066"]
    assert {g[:2] for g in reasons["outside"]} == {"60", "66", "69", "78"}
    when["vintage"] = "2020-CT2022"
    june = "Year == 2024 and Month == 6"
    with pytest.raises(GeoidError, match="no county that exists: '11000'"):  # of the FCC's own
        audit(tiers, "FIPS", where=june, **when)
    matched, reasons = audit(tiers, "FIPS", where=f"{june} and FIPS != '11000'", **when)
    assert matched == (3211, 3235)  # 99.26 %
    assert len(reasons["code_change"]) == 11

    raw = pd.read_csv(folder / "broadband_data_2020October.csv", dtype=str)["COUNTY ID"]
    as_read = raw.isin(shapes.index)
    assert (int(as_read.sum()), len(raw)) == (2826, 3142)  # 89.94 %: lost zeros
    table = area_table(raw.to_frame(), "COUNTY ID", level="county", geo_vintage="2010")
    assert rate(combine_audit(table, shapes, names=["shapes"]), "shapes") == (3142, 3142)
