"""Crosswalks of real states: totals kept, published weights compared, two vintages in one series."""

from __future__ import annotations

import ast

import numpy as np
import pandas as pd
import pytest

from equity.areas import recode
from equity.areas.aggregate import roll_up
from equity.areas.blocks import from_blocks
from equity.areas.crosswalk import crosswalk
from equity.areas.join import combine
from equity.areas.relationship import relationship
from equity.areas.table import area_table
from equity.errors import VintageError
from equity.provenance import meta
from equity.sources.census.relationships import read_block_links, read_connecticut_codes

pytestmark = pytest.mark.real

YEARS = {"source_vintage": "2010", "target_vintage": "2020"}
EMPTY = ["10001990000", "10003980100", "10003990100", "10005990000"]


def bdc(shared_data, state):
    frame = pd.read_csv(
        shared_data / "bundles" / state / "v2020/fcc_bdc_tract.csv", dtype={"GEOID": str}
    )
    return frame.set_index("GEOID")


@pytest.fixture(scope="module")
def delaware(shared_data):
    links = read_block_links(shared_data / "bundles/de/block_crosswalk_alarm.csv.gz", state="DE")
    by_land = from_blocks(links, level="tract", **YEARS)
    today = bdc(shared_data, "de")
    by_density = by_land.at_density_of(
        today["TotalPop"], basis="population", what="2020 tracts"
    ).at_density_of(today["TotalBSLs"], basis="housing", what="2020 tracts")
    return by_land, by_density


@pytest.fixture(scope="module")
def published(shared_data):
    frame = pd.read_csv(
        shared_data / "bundles/de/expected_de_2010_to_2020_popweight.csv", dtype=str
    )
    rows = [
        (old, str(new), weight)
        for old, cell in zip(frame["Tract_2010"], frame["Tract_2020"], strict=True)
        for new, weight in ast.literal_eval(cell)
    ]
    return frame, pd.DataFrame(rows, columns=["source", "target", "published"])


def households(shared_data):
    frame = pd.read_csv(
        shared_data / "bundles/de/v2010/acs_2015_2019_internet_tract.csv", dtype={"GEOID": str}
    )
    frame = frame[["GEOID", "total", "IntSub", "IntNoSub", "noInt", "NoIntPct"]]
    frame["total_moe"] = np.round(12 + np.sqrt(frame["total"]))
    return area_table(frame, "GEOID", level="tract", geo_vintage="2010")


COUNTS = dict.fromkeys(["total", "IntSub", "IntNoSub", "noInt"], "households")


def test_delaware_keeps_its_totals_whatever_the_weights(shared_data, delaware, published):
    base = households(shared_data)
    _, weights = published
    by_people = relationship(
        pd.concat([
            weights.rename(columns={"published": "population"}),
            # The published file lists nothing for four tracts without people.
            pd.DataFrame({"source": EMPTY, "target": EMPTY, "population": 0.0}),
        ]),
        source_level="tract", target_level="tract", **YEARS,
    )  # fmt: skip
    assert base.loc[EMPTY, "total"].eq(0).all()
    for links in (*delaware, by_people):
        moved = crosswalk(
            base, links, to="2020", counts=COUNTS, ratios={"NoIntPct": ("noInt", "total")}
        )
        for column in COUNTS:
            assert moved[column].sum() == pytest.approx(base[column].sum(), rel=1e-9)
        assert set(moved.index) <= set(bdc(shared_data, "de").index)
        county = roll_up(moved.drop(columns=["NoIntPct", "split_share", "total_moe"]), "county",
                         counts=COUNTS)  # fmt: skip
        before = roll_up(base.drop(columns=["NoIntPct", "total_moe"]), "county", counts=COUNTS)
        # People near a county line that moved with it: at most 28 of 366,000 households.
        assert (county["total"] - before["total"]).abs().max() < 60
        whole = moved["crosswalk_status"] == "whole"
        identities = moved["IntSub"] + moved["IntNoSub"] + moved["noInt"] - moved["total"]
        assert identities.abs().max() < 1e-6
        assert 0 < whole.sum() < len(moved)
        assert ((moved["NoIntPct"] * moved["total"] - moved["noInt"]).abs() < 1e-6)[
            moved["total"] > 0
        ].all()


def test_agreement_with_the_published_population_weights(delaware, published):
    """Measured, and every disagreement has one of four reasons."""
    frame, weights = published
    lists = frame["Tract_2020"].map(ast.literal_eval).map(len)
    assert (len(frame), int((lists > 1).sum()), int((lists == 0).sum())) == (218, 63, 4)
    assert sorted(frame.loc[lists == 0, "Tract_2010"]) == EMPTY
    sums = weights.groupby("source")["published"].sum()
    assert (sums - 1).abs().max() < 1e-9

    by_land, by_density = delaware
    pairs = ["source", "target"]
    table = weights.set_index(pairs)["published"].to_frame()
    for name, links, basis in (
        ("land", by_land, "area"),
        ("density", by_density, "population"),
    ):
        mine = links.weights(basis).set_index(pairs)["weight"].rename(name)
        table = table.join(mine, how="outer")
    table = table.fillna(0.0).reset_index()
    in_blocks = set(map(tuple, by_land.links[pairs].itertuples(index=False)))
    linked = table[pairs].apply(tuple, axis=1).isin(in_blocks)

    # Land alone, and land weighted by how densely the 2020 tracts are lived in.
    assert np.corrcoef(table["published"], table["land"])[0, 1] == pytest.approx(0.954, abs=2e-3)
    assert np.corrcoef(table["published"], table["density"])[0, 1] == pytest.approx(0.978, abs=2e-3)
    off = (table["published"] - table["density"]).abs()
    assert (off < 0.01).mean() > 0.78
    assert ((table["published"] - table["land"]).abs() > 0.05).sum() == pytest.approx(87, abs=2)
    assert (off > 0.05).sum() == pytest.approx(25, abs=2)

    nobody = table["source"].isin(EMPTY)
    not_linked = ~linked
    land_only = (table["published"] == 0) & ~nobody
    both = (table["published"] > 0) & linked
    reasons = pd.DataFrame({"empty tract": nobody, "no shared block": not_linked,
                            "land where nobody lived": land_only,
                            "people not spread like land": both})  # fmt: skip
    assert (reasons.sum(axis=1) == 1).all()
    # Links of the published file that no block supports are slivers of at most 3.5 % of a tract.
    assert int(not_linked.sum()) == 12
    assert table.loc[not_linked, "published"].max() < 0.035
    # Land where nobody lived (parks, marsh, industry) is small pieces: 1.2 % of a tract on average.
    assert table.loc[land_only, "land"].mean() < 0.015
    # A tract that was not divided agrees exactly in all three.
    whole = table.groupby("source")["target"].transform("size") == 1
    assert (table.loc[whole & ~nobody, ["published", "land", "density"]] == 1).all().all()


def test_what_the_choice_of_weights_changes_in_a_tract(shared_data, delaware, published):
    base = households(shared_data).drop(columns=["NoIntPct", "total_moe"])
    _, weights = published
    by_people = relationship(
        weights.rename(columns={"published": "population"}),
        source_level="tract", target_level="tract", **YEARS,
    )  # fmt: skip
    truth = crosswalk(base, by_people, to="2020", counts=COUNTS)["total"]
    by_land, by_density = (crosswalk(base, r, to="2020", counts=COUNTS)["total"] for r in delaware)
    error = {
        name: (moved.reindex(truth.index) - truth).abs().sum() / truth.sum()
        for name, moved in (("land", by_land), ("density", by_density))
    }
    # Households put into another tract than by counted people: 11.3 % by land, 4.6 % by density.
    assert error["land"] == pytest.approx(0.113, abs=0.003)
    assert error["density"] == pytest.approx(0.046, abs=0.003)


@pytest.fixture(scope="module")
def virginia(shared_data):
    links = read_block_links(shared_data / "bundles/va/block_crosswalk_alarm.csv.gz", state="VA")
    today = bdc(shared_data, "va")
    homes = pd.read_csv(
        shared_data / "bundles/va/v2020/acs_2020_2024_tract.csv", dtype={"GEOID": str}
    ).set_index("GEOID")["total_housing_units"]

    def built(level, totals):
        links_ = from_blocks(links, level=level, **YEARS)
        return links_.at_density_of(totals, basis="housing", what="2020 tracts")

    assert set(homes.index) == set(today.index)
    return built("tract", homes), links


def series(shared_data, region, years):
    long = pd.read_csv(
        shared_data / "bundles/va/uva/va_hdcttrbg_acs_2017_2023_hh_internet_type.csv.xz",
        dtype={"geoid": str},
    )
    long = long[(long["region_type"] == region) & long["measure"].str.startswith("num_")]
    long = long[long["year"].isin(years)].set_index(["geoid", "measure", "year"])
    assert long.index.is_unique
    wide = long["value"].unstack(["measure", "year"])  # noqa: PD010 - nothing to aggregate
    wide.columns = [f"{measure}_{year}" for measure, year in wide.columns]
    return wide


def test_virginias_two_series_become_one_on_2020_tracts(shared_data, virginia):
    by_homes, _ = virginia
    old = series(shared_data, "tract", range(2010, 2020))
    new = series(shared_data, "tract", range(2020, 2024))
    assert (len(old), len(new)) == (1907, 2198)
    counts = dict.fromkeys(old.columns, "households")
    before = area_table(old, level="tract", geo_vintage="2010")
    after = area_table(new, level="tract", geo_vintage="2020")
    with pytest.raises(VintageError, match="ids are alike and would join silently"):
        combine(after, before)
    moved = crosswalk(before, by_homes, to="2020", counts=counts)
    assert "1 areas found under their former county's code" in meta(moved).notes  # Bedford
    for column in old.columns:
        assert moved[column].sum() == pytest.approx(old[column].sum(), rel=1e-9)
    joined = combine(after, moved, names=["2017-2019"])
    assert len(joined) == 2198
    assert joined[list(old.columns)].notna().all().all()
    years = [c for c in joined.columns if c.startswith("num_hh_20")]
    assert years == [f"num_hh_{y}" for y in (2020, 2021, 2022, 2023, 2017, 2018, 2019)]
    totals = joined[years].sum()
    assert totals["num_hh_2019"] == old["num_hh_2019"].sum()
    # From one year to the next homes per tract now move together: no jump where ids changed.
    step = joined[["num_hh_2019", "num_hh_2020"]].corr().iloc[0, 1]
    assert step > 0.9
    counties = series(shared_data, "county", range(2017, 2020))
    rolled = roll_up(moved.drop(columns="split_share"), "county", counts=counts)
    assert len(rolled) == 133
    gap = (rolled["num_hh_2019"] - counties["num_hh_2019"]).abs() / counties["num_hh_2019"]
    # County lines were moved and corrected between the censuses, and homes of a block that a
    # line cut are told apart by land: Craig County -8.6 %, Manassas Park +7.9 %, the rest little.
    assert gap.nlargest(2).index.tolist() == ["51045", "51685"]
    assert gap.max() < 0.09
    assert int((gap > 0.005).sum()) == 20


def test_virginias_block_groups_move_through_blocks(shared_data, virginia):
    _, links = virginia
    by_land = from_blocks(links, level="block_group", **YEARS)
    old = series(shared_data, "block group", [2019])
    base = area_table(old, level="block_group", geo_vintage="2010")
    counts = dict.fromkeys(old.columns, "households")
    moved = crosswalk(base, by_land, to="2020", counts=counts)
    for column in counts:
        assert moved[column].sum() == pytest.approx(old[column].sum(), rel=1e-9)
    new = series(shared_data, "block group", [2020])
    assert set(moved.index) == set(new.index)
    back = crosswalk(moved.drop(columns="split_share"), by_land, to="2010", counts=counts)
    assert back["num_hh_2019"].sum() == pytest.approx(old["num_hh_2019"].sum(), rel=1e-9)


def test_connecticut_of_two_codes_becomes_one(shared_data):
    codes = read_connecticut_codes(shared_data / "samples/ct_crosswalk/2022tractcrosswalk.csv")
    assert len(codes) == 879
    assert (codes.index.str[5:] == codes.str[5:]).all()
    assert codes.str[:5].nunique() == 9
    assert codes.index.str[:5].nunique() == 8
    acs = pd.read_csv(
        shared_data / "bundles/us/acs_2019_2023_internet_tract.csv", dtype={"GEOID": str}
    )
    acs = area_table(acs[["GEOID", "CompHhlds"]], "GEOID", level="tract", geo_vintage="2020-CT2022")
    care = pd.read_csv(shared_data / "bundles/us/oeps_fqhc_min_distance_2025_tract.csv")
    care = area_table(
        care[["HEROP_ID", "FqhcMinDis"]], "HEROP_ID", level="tract", geo_vintage="2020"
    )
    with pytest.raises(VintageError, match="connecticut"):
        combine(acs, care)
    moved = recode.connecticut(care, codes, to="2020-CT2022")
    assert len(moved) == len(care) == 85187
    joined, audit = combine(acs, moved, names=["care"], audit=True)
    mine = joined.index.str.startswith("09")
    water = joined["area_status"] == "water"
    assert joined.loc[mine & ~water, "FqhcMinDis"].notna().all()
    assert (int((mine & ~water).sum()), int((mine & water).sum())) == (879, 5)
    reasons = {k: n for k, n in audit.reasons("care").items() if n}
    # The one land tract has no household, and the distances file leaves it out.
    assert reasons == {"water": 292, "unknown": 1}
    assert acs.loc["12057980100", "CompHhlds"] == 0
    back = recode.connecticut(moved, codes, to="2020")
    assert sorted(back.index) == sorted(care.index)
