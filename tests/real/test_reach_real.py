"""Beyond reach on real places: the baseline's figures, published minutes, kinds of care."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import equity as eq
from equity.errors import InputError
from equity.measures.reach.beyond import beyond_reach, spread_inside
from equity.measures.reach.calibration import fit_roads, fit_travel, travel_facts
from equity.measures.reach.travel import ROADS, nearest_sites
from equity.provenance import meta
from equity.sources.care.kinds import kind_of, sites_of

pytestmark = pytest.mark.real

HERE = Path(__file__).parent
FOLDER = {"Virginia": "va", "Delaware": "de"}
CODES = {
    "Virginia": "51", "Delaware": "10", "North Carolina": "37", "New Jersey": "34",
    "Pennsylvania": "42", "Tennessee": "47",
}  # fmt: skip


def by_geoid(path, column="GEOID"):
    return pd.read_csv(path, dtype={column: str}).set_index(column)


def ruca(path, column):
    codes = by_geoid(path)[column].astype(float)
    return codes.where(codes < 99)


# The baseline studies


@pytest.fixture(scope="module")
def baseline(shared_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("baseline")
    tables = {}
    for name in ("virginia", "delaware"):
        text = (HERE / "baseline" / f"{name}.toml").read_text(encoding="utf-8")
        path = folder / f"{name}.toml"
        path.write_text(
            text.replace("../../../shared/data", shared_data.as_posix()), encoding="utf-8"
        )
        loaded = eq.Study.load(path)
        care = loaded.plan.care[0].model_copy(update={"roads": "proportional"})
        plan = loaded.plan.model_copy(update={"care": [care]})
        tables[name] = eq.Study(plan, loaded.text, loaded.folder).run().table
    return tables


def gap(table, beyond):
    usable = np.minimum(table["qualifying_share"], table["connected_share"])
    return float((table["population_n"] * beyond * (1 - usable)).sum())


@pytest.mark.parametrize(
    ("name", "limit", "sd", "people"),
    [
        ("virginia", 30, 0.10, 152_786),
        ("virginia", 30, 0.22, 161_216),
        ("virginia", 30, 0.30, 168_874),
        ("delaware", 15, 0.22, 15_464),
    ],
)
def test_the_gap_without_a_cliff_is_the_one_computed_independently(
    baseline, name, limit, sd, people
):
    table = baseline[name]
    found = beyond_reach(table, limit_min=limit, sd=sd)
    assert gap(table, found["beyond_reach_share"]) == pytest.approx(people, abs=1)
    np.testing.assert_array_equal(
        found["beyond_reach_share"].isna(), table["nearest_site_min"].isna()
    )


def test_a_spread_of_0_is_the_cliff_of_the_first_version(baseline):
    step = beyond_reach(baseline["virginia"], limit_min=30, sd=0)["beyond_reach_share"]
    assert gap(baseline["virginia"], step) == pytest.approx(145_951, abs=1)


def test_speeds_that_grow_with_length_move_both_states(baseline):
    # What the choice between the two sets of speeds is worth, in people in the gap.
    for name, limit, people in (("virginia", 30, 198_000), ("delaware", 15, 27_100)):
        table = baseline[name]
        curve = ROADS["curve"]
        minutes = curve.minutes(
            table["nearest_site_km"].to_numpy(), curve.minutes_per_km(None, table.index)
        )
        found = beyond_reach(table.assign(nearest_site_min=minutes), limit_min=limit, sd=0.22)
        assert gap(table, found["beyond_reach_share"]) == pytest.approx(people, rel=0.01)


# Estimated against published minutes


@pytest.fixture(scope="module")
def health_centers(shared_data):
    table = pd.read_csv(shared_data / "bundles/common/providers/FQHC_Geocoded.csv")
    return table.drop_duplicates().reset_index(drop=True).rename(index=str)


@pytest.fixture(scope="module")
def published(shared_data, health_centers):
    """Tracts by publication and state: km to the same list of sites, minutes, RUCA code."""
    folder = shared_data / "bundles"
    outlines = {
        ("OEPS 2020-21", "Delaware"): "v2010/cb_2018_10_tract_500k.zip",
        ("OEPS 2020-21", "Virginia"): "v2010/va_cb_2010_tracts.geojson",
        ("OEPS 2025", "Delaware"): "v2020/cb_2020_10_tract_500k.zip",
        ("OEPS 2025", "Virginia"): "v2020/va_cb_2020_tracts.geojson",
    }
    minutes = {
        "OEPS 2020-21": ("v2010/oeps_fqhc_drive_tract.csv", "minutes", "v2010/ruca_2010_tract.csv", "Ruca1"),
        "OEPS 2025": ("v2020/oeps_fqhc_drive_2025_tract.csv", "FqhcTmDr", "v2020/ruca_2020_tract.csv", "RUCA1"),
    }  # fmt: skip
    found = {}
    for (year, state), outline in outlines.items():
        drive, column, codes, code = minutes[year]
        here = folder / FOLDER[state]
        tracts = gpd.read_file(here / outline)
        tracts = tracts.set_index("GEOID" if "GEOID" in tracts else "geoid")
        found[year, state] = pd.DataFrame(
            {
                "km": nearest_sites(tracts, health_centers)["nearest_site_km"],
                "published": by_geoid(here / drive)[column].astype(float),
                "ruca": ruca(here / codes, code),
            }
        ).dropna(subset=["km", "published"])
    return found


def estimated(table, name):
    roads = ROADS[name]
    per_km = roads.minutes_per_km(table["ruca"], table.index)
    return pd.Series(roads.minutes(table["km"].to_numpy(), per_km), index=table.index)


def classes(table):
    edges = pd.cut(table["ruca"], [0, 1, 3, 9, 10], labels=["urban", "suburban", "town", "rural"])
    return edges.astype(object)


def test_the_facts_about_tracts_are_found_again(published):
    facts = travel_facts().query("unit == 'tract' and pairs_n.notna()")
    assert len(facts) == 24
    for fact in facts.itertuples():
        table = published[fact.published, fact.place.removesuffix(" coalfield")]
        if fact.counties:
            table = table[table.index.str[:5].isin(fact.counties)]
        fit = fit_travel(estimated(table, fact.roads), table["published"], groups=classes(table))
        row = fit.loc[fact.rurality]
        assert row["pairs_n"] == fact.pairs_n, fact
        for name in ("bias", "sd", "rank_correlation"):
            assert row[name] == pytest.approx(getattr(fact, name), abs=0.00501), fact


def test_the_curve_is_what_virginia_says_and_delaware_confirms(published):
    virginia, delaware = (
        published["OEPS 2020-21", "Virginia"],
        published["OEPS 2020-21", "Delaware"],
    )
    fitted = fit_roads(virginia["km"], virginia["published"])
    assert fitted.exponent == pytest.approx(ROADS["curve"].exponent, abs=0.001)
    assert fitted.kmh["unknown"] == pytest.approx(ROADS["curve"].kmh["unknown"], abs=0.1)
    assert fitted.estimate.sd == pytest.approx(0.226, abs=0.001)
    held_out = {
        name: fit_travel(estimated(delaware, name), delaware["published"]).loc["all"]
        for name in ROADS
    }
    assert held_out["curve"]["bias"] == pytest.approx(1.09, abs=0.01)
    assert held_out["curve"]["sd"] == pytest.approx(0.23, abs=0.01)
    assert held_out["proportional"]["bias"] == pytest.approx(0.71, abs=0.01)
    # Around the limit of half an hour the spread is what the default says.
    near = virginia[(estimated(virginia, "curve") >= 20) & (estimated(virginia, "curve") < 45)]
    fit = fit_travel(estimated(near, "curve"), near["published"]).loc["all"]
    assert fit["sd"] < 0.22 < fit["sd_plain"]


@pytest.fixture(scope="module")
def routed(shared_data):
    """The 2023 sites with their kinds, and the Census centers of population."""
    sites = eq.read_sites(
        shared_data / "bundles/common/travel/health_sites_2023.csv",
        as_of="2023",
        layout="points",
        columns={"id": "site_id", "name": "health_site_name", "kind": "health_site_type", "lon": "lon", "lat": "lat"},
    )  # fmt: skip
    names = pd.read_csv(
        shared_data / "bundles/common/travel/health_sites_2023.csv",
        dtype={"site_id": str, "STATEFP": str},
    ).set_index("site_id")
    centers = pd.read_csv(
        shared_data / "bundles/common/travel/CenPop2020_Mean_TR.txt",
        dtype=str,
        encoding="utf-8-sig",
    )
    centers.index = pd.Index(centers["STATEFP"] + centers["COUNTYFP"] + centers["TRACTCE"])
    centers = pd.DataFrame(
        {
            "lon": centers["LONGITUDE"].astype(float),
            "lat": centers["LATITUDE"].astype(float),
            "population_n": centers["POPULATION"].astype(float),
        }
    )
    return sites, names["STATEFP"], centers


def test_every_site_of_2023_is_of_a_kind(routed):
    sites, _, _ = routed
    assert len(sites) == 7857
    assert kind_of(sites["kind"]).value_counts().to_dict() == {
        "pharmacy": 2826, "dentist": 1757, "urgent_care": 1425, "doctor": 1079, "hospital": 505,
        "mental_health": 265,
    }  # fmt: skip
    assert meta(sites_of(sites, ["hospital"])).notes[-1] == "Sites that count: 505 hospitals"


def test_the_facts_about_counties_are_found_again(routed, shared_data):
    sites, state_of, centers = routed
    driven = pd.read_csv(
        shared_data / "bundles/common/travel/county_drive_times_2023.csv", dtype={"GEOID": str}
    ).set_index(["GEOID", "health_site_type"])["avg_drive_time_minutes"]
    codes = pd.read_csv(shared_data / "bundles/us/ruca_2020_tract.csv", dtype=str)
    codes = codes.set_index(codes["HeropID"].str[5:])["RUCA1"].astype(float)
    codes = codes[(codes < 99) & ~codes.index.duplicated()]
    facts = travel_facts().query("unit == 'county average'")
    assert len(facts) == 12
    for fact in facts.itertuples():
        here = centers[centers.index.str[:2] == CODES[fact.place]]
        there = sites[(state_of.reindex(sites.index) == CODES[fact.place]).to_numpy()]
        means = {}
        for kind, some in there.groupby("kind"):
            near = nearest_sites(here, some, rurality=codes.reindex(here.index), roads=fact.roads)[
                "nearest_site_min"
            ]
            for county, minutes in near.groupby(near.index.str[:5]).mean().items():
                means[county, kind] = minutes
        row = fit_travel(pd.Series(means), driven).loc["all"]
        assert row["pairs_n"] == fact.pairs_n
        for name in ("bias", "sd", "rank_correlation"):
            assert row[name] == pytest.approx(getattr(fact, name), abs=0.00501), fact


def test_rurality_on_top_of_the_curve_is_no_better_where_it_had_no_part(
    published, routed, shared_data
):
    """The table of docs/validation.md: its first two rows."""
    virginia = published["OEPS 2020-21", "Virginia"].query("published > 0 and km > 0")
    ratio = virginia["published"] / estimated(virginia, "curve")
    factor = ratio.groupby(classes(virginia)).median()
    assert factor.round(2).to_dict() == {
        "rural": 1.15,
        "suburban": 1.07,
        "town": 1.08,
        "urban": 0.97,
    }
    sites, state_of, centers = routed
    driven = pd.read_csv(
        shared_data / "bundles/common/travel/county_drive_times_2023.csv", dtype={"GEOID": str}
    ).set_index(["GEOID", "health_site_type"])["avg_drive_time_minutes"]
    codes = pd.read_csv(shared_data / "bundles/us/ruca_2020_tract.csv", dtype=str)
    codes = codes.set_index(codes["HeropID"].str[5:])["RUCA1"].astype(float)
    codes = codes[(codes < 99) & ~codes.index.duplicated()]
    off = {}
    for state, code in CODES.items():
        here = centers[centers.index.str[:2] == code]
        there = sites[(state_of.reindex(sites.index) == code).to_numpy()]
        rurality = classes(codes.reindex(here.index).to_frame("ruca")).map(factor).fillna(1.0)
        for name, times in (("curve", 1.0), ("by rurality", rurality)):
            away = []
            for kind, some in there.groupby("kind"):
                minutes = nearest_sites(here, some)["nearest_site_min"] * times
                county = minutes.groupby(minutes.index.str[:5]).mean()
                known = driven.xs(kind, level=1).reindex(county.index)
                away.append(np.log(county / known)[known > 0])
            off[name, state] = float(np.sqrt((pd.concat(away) ** 2).mean()))
    held_out = [state for state in CODES if state != "Virginia"]
    curve, rural = ([off[name, state] for state in held_out] for name in ("curve", "by rurality"))
    assert np.round(curve, 3).tolist() == [0.131, 0.149, 0.154, 0.128, 0.133]
    assert np.round(rural, 3).tolist() == [0.164, 0.166, 0.152, 0.125, 0.165]


def test_centers_of_population_move_people_and_lose_none(routed, baseline):
    sites, _, centers = routed
    table = baseline["virginia"]
    near = nearest_sites(centers, sites_of(sites, "hospital"))
    points = near.assign(population_n=centers["population_n"])
    found = beyond_reach(table[["population_n"]], limit_min=30, points=points)
    lived = centers.loc[centers.index.str[:2] == "51", "population_n"] > 0
    known = found["beyond_reach_status"] == "ok"
    assert set(lived[lived].index) == set(found.index[known])
    one = points.loc[found.index[known], "nearest_site_min"]
    expected = beyond_reach(one.to_frame(), limit_min=30)["beyond_reach_share"]
    np.testing.assert_allclose(found.loc[known, "beyond_reach_share"], expected, atol=1e-12)


def test_each_kind_of_care_is_a_story_of_its_own(routed, baseline):
    sites, _, centers = routed
    people = baseline["virginia"]["population_n"]
    beyond = {}
    for kind in ("mental", "hospital", "urgent", "pharmacy"):
        near = nearest_sites(centers, sites_of(sites, kind), roads="curve")
        points = near.assign(population_n=centers["population_n"])
        share = beyond_reach(people.to_frame(), limit_min=30, points=points)["beyond_reach_share"]
        beyond[kind] = float((share * people).sum())
    assert beyond["mental"] > 2 * beyond["hospital"] > beyond["urgent"] > beyond["pharmacy"] > 0


# Inside an area, and a user's own scores


def test_the_spread_inside_tracts_is_that_of_their_block_groups(shared_data, health_centers):
    folder = shared_data / "bundles/va"
    groups = gpd.read_file(folder / "v2020/va_cb_2020_block_groups.geojson").set_index("geoid")
    tracts = gpd.read_file(folder / "v2020/va_cb_2020_tracts.geojson").set_index("geoid")
    homes = pd.read_csv(
        folder / "uva/va_hdcttrbg_acs_2017_2023_hh_internet_type.csv.xz", dtype={"geoid": str}
    )
    homes = homes.query("measure == 'num_hh' and year == 2023").set_index("geoid")["value"]
    center = nearest_sites(tracts, health_centers)["nearest_site_km"]
    table = pd.DataFrame({"km": nearest_sites(groups, health_centers)["nearest_site_km"]})
    tract = table.index.str[:11]
    table["center"] = center.reindex(tract).to_numpy()
    land = pd.Series(tracts.to_crs(5070).area / 1e6)
    table["sd"] = spread_inside(land, center).reindex(tract).to_numpy()
    table["homes"] = homes.reindex(table.index)
    table = table[(table["homes"] > 0) & (table["km"] > 0.2) & (table["center"] > 0.2)]
    ratio = np.log(table["km"] / table["center"])
    for low, high, seen in ((2, 5, 0.26), (5, 10, 0.22), (10, 20, 0.21), (20, 30, 0.12)):
        use = (table["center"] >= low) & (table["center"] < high)
        mean = np.average(ratio[use], weights=table.loc[use, "homes"])
        sd = np.sqrt(np.average((ratio[use] - mean) ** 2, weights=table.loc[use, "homes"]))
        assert sd == pytest.approx(seen, abs=0.006)
        # Half a radius over the distance: no smaller than what block groups show, which leave out
        # the people inside them, and not much larger.
        assert 0.97 * sd < np.sqrt((table.loc[use, "sd"] ** 2).mean()) < 1.25 * sd


def test_published_scores_are_per_1000_and_a_wrong_unit_is_refused(shared_data):
    path = shared_data / "bundles/va/uva/va_hdcttrbgca_webmd_2021_access_scores_primcare.csv.xz"
    scores = pd.read_csv(path, dtype={"geoid": str}).query("region_type == 'tract'")
    table = scores.pivot_table(index="geoid", columns="measure", values="value")
    table = table.rename(columns={"primcare_pop_cnt": "population_n"})
    options = {"method": "column", "column": "primcare_e2sfca", "benchmark_per_10k": 1e4 / 3500}
    found = beyond_reach(table, unit="per_1k", supply_n=table["primcare_cnt"].sum(), **options)
    assert "people times primcare_e2sfca is 18,972 for" in meta(found).notes[-1]
    assert "(14,560 stated)" in meta(found).notes[-1]
    with pytest.raises(InputError, match="cannot be capacity per 10,000"):
        beyond_reach(table, unit="per_10k", supply_n=14_560, **options)
