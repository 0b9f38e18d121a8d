"""What a run puts into its table is declared: label, unit, source, and a margin where there is one."""

from __future__ import annotations

import pytest

from equity.areas.schema import base_name, companion, data_dictionary
from equity.areas.validate import validate
from equity.study.run import Study

# Counted by the FCC, measured on the map, decided by the study, or bounds: not estimated by a survey.
NOT_SURVEYED = {
    "geo_id", "name", "county_name", "land_km2", "water_km2", "area_status",
    "nearest_site_km", "nearest_site_min", "nearest_site_id", "access_per_10k",
    "in_person_shortfall", "locations_n", "no_provider_n", "one_provider_n", "two_providers_n",
    "three_providers_n", "providers_n", "providers_listed_n", "best_down_mbps", "best_up_mbps",
    "median_down_mbps", "median_up_mbps", "gap_ceiling_n", "main_barrier", "is_under_resourced",
    "under_resourced_reason", "falls_short", "is_urban",
}  # fmt: skip
CLASSES = ("served", "underserved", "unserved", "qualifying", "listed")


@pytest.fixture(scope="module")
def table(example_state):
    return Study.load(example_state.study).run().table


def test_the_table_keeps_its_own_rules(table):
    validate(table)


def test_every_column_is_declared(table):
    book = data_dictionary(table)
    undeclared = book.index[book["source"] == "column of the user's own table"]
    assert undeclared.tolist() == []
    assert (book["label"] != "").all()
    assert (book["unit"] != "").all()


def test_every_estimate_of_a_survey_carries_its_margin(table):
    names = [c for c in table.columns if c != "geometry" and base_name(c) == c]
    surveyed = [
        name
        for name in names
        if name.partition("__")[0] not in NOT_SURVEYED
        and not name.startswith(CLASSES)
        and not name.partition("__")[0].endswith("_status")
    ]
    assert len(surveyed) > 20
    assert [name for name in surveyed if companion(name, "_moe") not in table.columns] == []
    for name in surveyed:
        margin = table[companion(name, "_moe")]
        assert (margin.dropna() >= 0).all(), name
        # A margin belongs to a value.
        assert table.loc[margin.notna(), name].notna().all(), name
