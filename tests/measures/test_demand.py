"""Populations to count, and designations joined at their own level."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from equity.areas.table import area_table
from equity.errors import InputError, MissingColumnError, VintageError
from equity.measures.demand import demand_population, join_designations
from equity.provenance import meta, stamp


def areas_of(ids: list[str], level: str = "tract", geo_vintage: str = "2020") -> pd.DataFrame:
    return area_table(pd.DataFrame(index=ids), level=level, geo_vintage=geo_vintage)


AREAS = areas_of(["51001000100", "51001000200", "51003000100", "51003000200"]).assign(
    population_n=[1000.0, 2000.0, 0.0, 500.0],
    age_65_share=[0.2, 0.1, np.nan, np.nan],
    no_vehicle_share=[0.5, 0.0, np.nan, 0.1],
)


def test_a_group_is_counted_and_need_adds_up():
    old = demand_population(AREAS, group="age_65_share")
    np.testing.assert_allclose(old["demand_n"], [200, 200, 0, np.nan])
    assert old["demand_n_status"].tolist() == ["ok", "ok", "no_population", "not_computable"]
    needy = demand_population(AREAS, needs={"age_65_share": 2.0, "no_vehicle_share": 1.5})
    np.testing.assert_allclose(needy["demand_n"], [1450, 2200, 0, np.nan])
    both = demand_population(AREAS, group="no_vehicle_share", needs={"age_65_share": 3.0})
    np.testing.assert_allclose(both["demand_n"], [700, 0, 0, np.nan])
    plain = demand_population(AREAS)
    assert plain["demand_n"].tolist() == AREAS["population_n"].tolist()
    assert "age_65_share x 2" in " ".join(needy.attrs["equity"]["notes"])


@pytest.mark.parametrize(
    ("change", "options", "error", "match"),
    [
        ({}, {"group": "asthma_share"}, MissingColumnError, "asthma_share"),
        ({"age_65_share": 20.0}, {"group": "age_65_share"}, InputError, "divide percentages"),
        ({"population_n": -1.0}, {}, InputError, "negative"),
        ({}, {"needs": {"age_65_share": -1}}, InputError, "need of age_65_share"),
        ({"age_65_share": 0.9, "no_vehicle_share": 0.9}, {"needs": {"age_65_share": 0, "no_vehicle_share": 0}}, InputError, "less than nothing"),
    ],
)  # fmt: skip
def test_hostile_populations_are_refused(change, options, error, match):
    with pytest.raises(error, match=match):
        demand_population(AREAS.assign(**change), **options)


DESIGNATIONS = pd.DataFrame(
    [
        ("d1", "tract", "51001000100", 12.0),
        ("d2", "tract", "51001000100", 18.0),
        ("d3", "county", "51003", 9.0),
        ("d4", "county_subdivision", "5100390001", 21.0),
        ("d5", "point", None, 25.0),
        ("d6", "tract", "51001999900", 26.0),
    ],
    columns=["designation_id", "component", "geoid", "score"],
)


def test_each_component_stays_at_its_own_level():
    found = join_designations(AREAS, DESIGNATIONS, name="hpsa", tolerance=0.5)
    # The neighbor of the designated tract has nothing: the county's worst is not broadcast.
    assert found["hpsa_status"].tolist() == ["designated", "not_designated", "designated", "designated"]  # fmt: skip
    np.testing.assert_allclose(found["hpsa_score"], [18, np.nan, 9, 9])
    assert found["hpsa_component"].fillna("none").tolist() == ["tract", "none", "county", "county"]
    assert found["hpsa_n"].tolist() == [2, 0, 1, 1]
    notes = " ".join(found.attrs["equity"]["notes"])
    assert "1 components are facilities" in notes
    assert "1 components of level county_subdivision not placed" in notes
    assert "hpsa, each tract listed: 1 of 2 areas matched; 1 missing (1 water)" in notes
    assert "hpsa, each county listed: 1 of 1 areas matched" in notes
    pd.testing.assert_index_equal(found.index, AREAS.index)


def test_subdivisions_come_before_counties():
    within = pd.Series({"51003000100": "5100390001"})
    found = join_designations(AREAS, DESIGNATIONS, name="hpsa", subdivisions=within)
    assert found.loc["51003000100", "hpsa_score"] == 21
    assert found.loc["51003000100", "hpsa_component"] == "county_subdivision"
    assert found.loc["51003000200", "hpsa_score"] == 9


def test_a_county_with_designated_tracts_is_partly_designated():
    counties = areas_of(["51001", "51003", "51005"], "county")
    found = join_designations(counties, DESIGNATIONS, name="hpsa", level="county")
    assert found["hpsa_status"].tolist() == ["partly_designated", "designated", "not_designated"]
    assert np.isnan(found.loc["51001", "hpsa_score"])


def test_block_groups_take_their_tracts():
    groups = areas_of(["510010001001", "510010002001"], "block_group")
    found = join_designations(groups, DESIGNATIONS, name="hpsa", level="block_group")
    assert found["hpsa_status"].tolist() == ["designated", "not_designated"]


def test_hostile_designations_are_refused():
    with pytest.raises(MissingColumnError, match="score"):
        join_designations(AREAS, DESIGNATIONS.drop(columns="score"), name="hpsa")
    with pytest.raises(InputError, match="not those of a county"):
        join_designations(AREAS, DESIGNATIONS, name="hpsa", level="county")
    with pytest.raises(InputError, match="no designations at level"):
        join_designations(AREAS, DESIGNATIONS, name="hpsa", level="zcta")


def listed(*geoids: str, component: str = "tract") -> pd.DataFrame:
    return pd.DataFrame({"component": component, "geoid": geoids, "score": 9.0})


TRACTS = [f"51001{n:04d}00" for n in range(1, 11)]
DIVIDED = "51001000301"


def test_a_list_of_both_vintages_is_confirmed_by_the_areas_and_counted():
    there = areas_of([t for t in TRACTS if t != "51001000300"] + [DIVIDED])
    found = join_designations(there, listed(*TRACTS, "51005000100"), name="hpsa")
    # Nine of ten met; the tenth was divided, and the other county is none of these areas.
    assert found["hpsa_status"].eq("designated").sum() == 9
    assert found.loc[DIVIDED, "hpsa_status"] == "not_designated"
    assert meta(found).notes == (
        "hpsa, each tract listed: 9 of 10 areas matched; 1 missing (1 other vintage)",
    )


def test_more_ids_of_another_vintage_than_the_tolerance_are_refused():
    there = areas_of([*TRACTS[3:], "51001000101", "51001000201", DIVIDED])
    with pytest.raises(
        VintageError, match=r"matches 7 of 10 areas \(70.0%\); 3 other vintage"
    ) as e:
        join_designations(there, listed(*TRACTS), name="hpsa")
    assert e.value.code == "E-VINTAGE-IDS"
    assert TRACTS[0] in str(e.value)
    assert (
        join_designations(there, listed(*TRACTS), name="hpsa", tolerance=0.3)["hpsa_n"].sum() == 7
    )


@pytest.mark.parametrize("component", ["tract", "county"])
@pytest.mark.parametrize("level", ["tract", "county"])
def test_a_list_under_connecticuts_old_counties_does_not_vanish(component, level):
    digits = {"tract": "09110400101", "county": "09110"}
    old = {"tract": "09003400101", "county": "09003"}
    there = areas_of([digits[level]], level, "2020-CT2022")
    with pytest.raises(VintageError, match="1 code change"):
        join_designations(
            there, listed(old[component], component=component), name="mua", level=level
        )


def test_a_list_with_a_vintage_must_have_that_of_the_areas():
    own = stamp(listed(*TRACTS), geo_vintage="2010")
    with pytest.raises(VintageError, match="areas of 2010, the first table areas of 2020"):
        join_designations(areas_of(TRACTS), own, name="hpsa")
    with pytest.raises(VintageError, match=r"equity\.combine"):
        join_designations(pd.DataFrame(index=TRACTS), listed(*TRACTS), name="hpsa")
