"""Measures of several areas together, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from equity.study.places import measured


@pytest.fixture
def part():
    return pd.DataFrame(
        {
            "population_n": [100.0, 300.0, 600.0],
            "population_n_moe": [30.0, 40.0, 0.0],
            "households_n": [50.0, 100.0, 250.0],
            "land_km2": [1.0, 4.0, 5.0],
            "nearest_site_min": [50.0, 10.0, 20.0],
            "hpsa_primary_status": ["designated", "none", "designated"],
            "no_link_n": [10.0, 60.0, 30.0],
            "no_link_n_moe": [3.0, 4.0, 12.0],
            "no_link_share": [0.1, 0.2, 0.05],
            "connected_share": [0.5, 0.7, 0.9],
            "connected_share_moe": [0.08, 0.03, 0.01],
        },
        index=["51001000100", "51001000200", "51001000300"],
    )


def test_counts_densities_and_designations(part):
    found = measured(part, ["population_n", "people_per_mi2", "hpsa_primary_designated_share"])
    assert found["population_n"] == 1000
    assert found["population_n_moe"] == pytest.approx(50)
    # 1,000 people on 10 square km, which are 3.861 square miles.
    assert found["people_per_mi2"] == pytest.approx(1000 / 3.861, rel=1e-4)
    assert found["hpsa_primary_designated_share"] == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("minutes", "half"), [([50, 10, 20], 20), ([50, 10, 60], 50), ([10, 20, 60], 60)]
)
def test_minutes_are_those_that_half_of_the_people_are_within(part, minutes, half):
    people = [100.0, 300.0, 600.0] if half != 50 else [400.0, 300.0, 300.0]
    table = part.assign(nearest_site_min=np.array(minutes, float), population_n=people)
    assert measured(table, ["nearest_site_min"])["nearest_site_min"] == half


def test_a_share_of_homes_is_weighted_by_homes_and_its_margin_with_it(part):
    found = measured(part, ["connected_share"])
    assert found["connected_share"] == pytest.approx((50 * 0.5 + 100 * 0.7 + 250 * 0.9) / 400)
    moe = np.sqrt((50 * 0.08) ** 2 + (100 * 0.03) ** 2 + (250 * 0.01) ** 2) / 400
    assert found["connected_share_moe"] == pytest.approx(moe)


def test_a_share_with_a_usable_link_is_what_the_share_without_leaves(part):
    found = measured(part, ["no_link_share", "usable_link_share"])
    assert found["no_link_share"] == pytest.approx(0.1)
    both = measured(part.assign(usable_link_share=1 - part["no_link_share"]), ["usable_link_share"])
    assert both["usable_link_share"] == pytest.approx(0.9)
    assert both["usable_link_share_moe"] == pytest.approx(found["no_link_share_moe"])
