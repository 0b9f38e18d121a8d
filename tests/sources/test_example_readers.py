"""The package's own readers on the example state: what is written is what is read."""

from __future__ import annotations

import pandas as pd
import pytest

import equity as eq
from equity.areas.geoid import is_water
from equity.example.state import Example
from equity.provenance import meta
from equity.rules import load_coverage_rule


@pytest.fixture(scope="module")
def acs(example_state: Example) -> pd.DataFrame:
    return eq.read_acs(example_state.acs, year=example_state.year, state="90", synthetic=True)


def test_both_forms_of_the_acs_are_one_table(example_state: Example, acs: pd.DataFrame) -> None:
    bulk = eq.read_acs(
        example_state.acs_summary_file, year=example_state.year, state="ZZ", synthetic=True
    )
    coded = [name for name in acs.columns if name[-1] in "EM" and "_" in name]
    assert len(coded) > 100
    pd.testing.assert_frame_equal(
        acs[coded], bulk.loc[acs.index, coded], check_index_type=False, check_column_type=False
    )
    assert acs["B19013_001E"].isna().sum() >= 3
    assert not (acs[coded] < 0).any(axis=None)
    assert meta(acs).synthetic


def test_boundaries_and_people_have_the_same_tracts(
    example_state: Example, acs: pd.DataFrame
) -> None:
    tracts = eq.read_boundaries(example_state.tracts, year=example_state.boundary_year, state="90")
    assert set(tracts.index) == set(acs.index)
    assert meta(tracts).geo_vintage == meta(acs).geo_vintage
    water = [g for g, wet in zip(tracts.index, is_water(tracts.index), strict=True) if wet]
    assert len(water) == 1
    assert tracts.loc[water[0], "land_km2"] == 0
    assert acs.loc[water[0], "B01003_001E"] == 0


def test_sites_keep_only_places_of_care(example_state: Example) -> None:
    sites = eq.read_sites(example_state.sites, as_of=example_state.sites_as_of)
    raw = example_state.sites.read_text().count("\n") - 1
    # Left out: closed, headquarters, mobile, seasonal, never placed, and one exact repetition.
    assert len(sites) == raw - 6
    assert sites["name"].str.contains("<script>").sum() == 1
    assert not sites["name"].str.contains("Headquarters|Mobile|Camp|Closed|Unplaced").any()


def test_clinicians_have_fte(example_state: Example) -> None:
    clinicians = eq.read_sites(
        example_state.clinicians,
        as_of=example_state.sites_as_of,
        layout="points",
        columns={"id": "npi", "name": "facility", "fte": "fte", "lon": "lon", "lat": "lat"},
    )
    assert clinicians["fte"].between(0.1, 1.0).all()


def test_coverage_has_every_location_and_finds_the_tracts_without(
    example_state: Example, acs: pd.DataFrame
) -> None:
    files = eq.read_bdc(
        [example_state.bdc, example_state.served_unserved], as_of=example_state.as_of, state="90"
    )
    lines = eq.coverage(files, rule=load_coverage_rule("fcc-25-3"), level="tract")
    classes = lines[["served_n", "underserved_n", "unserved_n"]].sum(axis=1)
    pd.testing.assert_series_equal(classes, lines["locations_n"], check_names=False)
    assert lines["locations_n"].sum() >= 60_000
    without = sorted(set(acs.index) - set(lines.index[lines["locations_n"] > 0]))
    assert sorted(g[5:7] for g in without) == ["98", "98", "99"]
    assert (acs.loc[without, "B01003_001E"] > 0).sum() == 1
    share = lines["qualifying_share"]
    poverty = (acs["B17001_002E"] / acs["B17001_001E"]).reindex(share.index)
    assert share.corr(poverty, method="spearman") < -0.15


def test_every_part_of_the_gap_is_there_to_be_seen(example_state: Example) -> None:
    result = eq.Study.load(example_state.study).run()
    table = result.table
    assert result.synthetic
    for part in ("gap_line_only_n", "gap_home_only_n", "gap_both_n"):
        assert table[part].sum() > 100
    assert 0.01 < table["gap_n"].sum() / table["population_n"].sum() < 0.15
    assert 5 <= len(result.focus) <= 40
    assert 10 <= table["is_under_resourced"].sum() <= 80
