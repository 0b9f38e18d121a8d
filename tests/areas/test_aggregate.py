"""Adding areas up: nested levels, lists of ids, polygons."""

from __future__ import annotations

import math

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Polygon, box

from equity import provenance
from equity.areas.aggregate import roll_up, service_area, spread
from equity.areas.crosswalk import crosswalk
from equity.areas.moe import moe_share, moe_sum, replicate_moe
from equity.areas.relationship import relationship
from equity.areas.table import area_table
from equity.errors import GeoidError, InputError, VintageError

IDS = ["90001000100", "90001000200", "90003000100"]


def table(ids=IDS, *, level="tract", **columns):
    frame = pd.DataFrame(columns, index=pd.Index(ids, dtype=object))
    return area_table(frame, level=level, geo_vintage="2020")


def squares(**columns):
    """Three squares of 0.1 degree side by side."""
    frame = gpd.GeoDataFrame(
        columns,
        geometry=[box(-77 + i / 10, 38, -76.9 + i / 10, 38.1) for i in range(3)],
        index=pd.Index(IDS, dtype=object),
        crs="EPSG:4269",
    )
    return area_table(frame, level="tract", geo_vintage="2020")


def test_tracts_make_counties_states_and_the_nation():
    base = table(population_n=[10, 0, 5.0], population_n_moe=[3, 12, 4.0], name=list("abc"),
                 served_n=[4, 0, 1.0], locations_n=[5, 0, 2.0], served_share=[0.8, np.nan, 0.5])  # fmt: skip
    county = roll_up(base, "county")
    assert county.index.tolist() == ["90001", "90003"]
    assert county["population_n"].tolist() == [10, 5]
    assert county["population_n_moe"].tolist() == pytest.approx([np.hypot(3, 12), 4])
    assert county["served_share"].tolist() == [0.8, 0.5]
    assert (county["crosswalk_status"] == "whole").all()
    assert provenance.meta(county).level == "county"
    assert roll_up(county.drop(columns="split_share"), "state")["population_n"].tolist() == [15]
    nation = roll_up(base, "nation")
    assert nation.index.tolist() == ["US"]
    assert nation["population_n_moe"].tolist() == pytest.approx(
        [moe_sum(base["population_n"], base["population_n_moe"])]
    )


def test_a_missing_part_makes_the_sum_missing():
    base = table(population_n=[10, np.nan, 5], population_n_status=["ok", "suppressed", "ok"])
    county = roll_up(base, "county")
    assert county["population_n"].tolist() == pytest.approx([np.nan, 5], nan_ok=True)
    assert county["population_n_status"].tolist() == ["suppressed", "ok"]


def test_how_what_is_funded_was_matched_is_told_of_the_sums():
    base = table(population_n=[10, 0, 5.0], unserved_funded_n=[3, 0, 1.0], funded_n=[3, 0, 2.0],
                 funded_status=["ok", "no_population", "by_area"])  # fmt: skip
    county = roll_up(base, "county")
    assert county["funded_status"].tolist() == ["ok", "by_area"]
    assert roll_up(base, "nation")["funded_status"].tolist() == ["by_area"]


def test_levels_that_do_not_nest_are_refused():
    with pytest.raises(InputError, match="county areas do not make up tract"):
        roll_up(table(["90001"], level="county", population_n=1), "tract")
    with pytest.raises(InputError, match="do not make up zcta"):
        roll_up(table(population_n=1), "zcta")
    with pytest.raises(VintageError, match="does not say"):
        roll_up(pd.DataFrame({"population_n": 1}, index=IDS), "county")


def test_replicates_roll_up_exactly():
    rng = np.random.default_rng(3)
    base = pd.DataFrame(rng.normal(100, 5, (3, 80)).round(), index=IDS).add_prefix("r")
    base.insert(0, "estimate", 100.0)
    parts = area_table(base, level="tract", geo_vintage="2020")
    state = roll_up(parts, "state", counts=dict.fromkeys(base.columns, "people"))
    moe = replicate_moe(state["estimate"], state[[c for c in base.columns if c[0] == "r"]])
    total = base.drop(columns="estimate").sum()
    assert moe.tolist() == pytest.approx([1.645 * np.sqrt(4 / 80 * ((total - 300) ** 2).sum())])


def test_a_countys_value_for_each_of_its_tracts():
    county = table(["90001", "90003"], level="county", rate_share=[0.1, 0.2], kind=["x", "y"])
    tracts = table([*IDS, "90005000100"], population_n=1)
    result = spread(county, tracts)
    assert result["kind"].tolist()[:3] == ["x", "x", "y"]
    assert result.loc["90005000100"].isna().all()
    assert result.index.tolist() == tracts.index.tolist()
    with pytest.raises(InputError, match="counts of a county are not those of each"):
        spread(county.assign(population_n=1), tracts)
    with pytest.raises(InputError, match="county areas do not lie in tract"):
        spread(tracts, county)


def test_a_service_area_from_a_list_of_ids():
    base = table(population_n=[10, 20, 5.0], population_n_moe=[3, 4, 5.0])
    result = service_area(base, IDS[:2], name="Grant A")
    assert result.index.tolist() == ["Grant A"]
    assert result["population_n"].tolist() == [30]
    assert result["population_n_moe"].tolist() == [5]
    assert result["crosswalk_status"].tolist() == ["whole"]
    assert service_area(base, ["90001", IDS[2]])["population_n"].tolist() == [35]
    assert service_area(base, "90003")["population_n"].tolist() == [5]
    with pytest.raises(GeoidError, match=r"not in the table \(rows 90009\)"):
        service_area(base, [IDS[0], "90009"])
    with pytest.raises(InputError, match="list of ids, a geometry"):
        service_area(base, 7)


def test_a_service_area_cut_by_land():
    base = squares(population_n=[10.0, 20.0, 40.0], population_n_moe=[1.0, 2, 4])
    result = service_area(base, box(-77, 38, -76.85, 38.1))
    assert result["population_n"].tolist() == pytest.approx([20], rel=1e-6)
    assert result["population_n_moe"].tolist() == pytest.approx([np.hypot(1, 1)], rel=1e-6)
    assert result["crosswalk_status"].tolist() == ["crosswalked"]
    assert "divided by area for want of population: land" in " ".join(provenance.meta(result).notes)
    with pytest.raises(InputError, match="touches none"):
        service_area(base, box(0, 0, 1, 1))
    with pytest.raises(InputError, match="no geometry"):
        service_area(pd.DataFrame(base.drop(columns="geometry")).pipe(
            area_table, level="tract", geo_vintage="2020"), box(0, 0, 1, 1))  # fmt: skip


def test_a_service_area_cut_by_blocks():
    base = squares(population_n=[10.0, 20.0, 40.0], households_n=[4.0, 8.0, 9.0])
    blocks = pd.DataFrame(
        {"lon": [-76.95, -76.87, -76.82, -76.75], "lat": 38.05,
         "population_n": [100.0, 60.0, 20.0, 50.0], "housing_n": [9.0, 1.0, 1.0, 9.0]},
        index=[f"{IDS[0]}1000", f"{IDS[1]}1000", f"{IDS[1]}1001", f"{IDS[2]}1000"],
    )  # fmt: skip
    plans = gpd.GeoDataFrame(
        geometry=[box(-77, 38, -76.85, 38.1), box(-77, 38, -76.7, 38.1)],
        index=["west", "all"], crs="EPSG:4269",
    )  # fmt: skip
    result = service_area(base, plans.to_crs("EPSG:3857"), blocks=blocks)
    assert result.index.tolist() == ["west", "all"]
    assert result["population_n"].tolist() == pytest.approx([10 + 20 * 0.75, 70])
    assert result["households_n"].tolist() == pytest.approx([4 + 8 * 0.5, 21])
    assert result["crosswalk_status"].tolist() == ["crosswalked", "whole"]
    # A tract the polygon holds and the table lacks makes the sum unknown, not smaller.
    less = service_area(base.iloc[1:], plans, blocks=blocks)
    assert less["population_n"].isna().all()
    assert less["crosswalk_status"].tolist() == ["partial", "partial"]
    with pytest.raises(KeyError, match="lon and lat"):
        service_area(base, plans, blocks=blocks.drop(columns="lon"))
    with pytest.raises(InputError, match="coordinates"):
        service_area(base, plans.set_crs(None, allow_override=True), blocks=blocks)


counts = st.integers(0, 5000).map(float)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(counts, counts, counts), min_size=1, max_size=20), st.data())
def test_adding_up_in_steps_or_at_once_and_in_any_order(rows, data):
    ids = [f"90{1 + 2 * (i % 3):03d}{i:04d}00" for i in range(len(rows))]
    base = table(ids, population_n=[a + b for a, b, _ in rows], population_n_moe=[m for *_, m in rows],
                 gap_n=[a for a, _, _ in rows], gap_n_moe=[m / 2 for *_, m in rows])  # fmt: skip
    at_once = roll_up(base, "state")
    assert at_once["population_n"].item() == base["population_n"].sum()
    assert at_once["population_n_moe"].item() >= base["population_n_moe"].max() * (1 - 1e-12)
    in_steps = roll_up(roll_up(base, "county").drop(columns="split_share"), "state")
    assert in_steps["population_n"].item() == pytest.approx(at_once["population_n"].item())
    order = data.draw(st.permutations(range(len(rows))))
    pd.testing.assert_frame_equal(roll_up(base.iloc[order], "state"), at_once)
    if at_once["population_n"].item() > 0:
        share = moe_share(at_once["gap_n"], at_once["gap_n_moe"], at_once["population_n"],
                          at_once["population_n_moe"])  # fmt: skip
        assert (share >= 0).all()


def test_tracts_make_zctas_by_their_relationship_file():
    links = relationship(
        pd.DataFrame({"source": [IDS[0], IDS[0], IDS[1]], "target": ["22901", "00000", "22901"],
                      "area": [3.0, 1.0, 2.0]}),
        source_level="tract", target_level="zcta", source_vintage="2020", target_vintage="2020",
    )  # fmt: skip
    result = crosswalk(table(IDS[:2], population_n=[40.0, 5.0]), links, to="2020")
    assert result["population_n"].to_dict() == {"00000": 10, "22901": 35}
    assert provenance.meta(result).level == "zcta"
    assert "for want of population" in " ".join(provenance.meta(result).notes)
    with pytest.raises(VintageError, match="zcta"):
        crosswalk(table(["90001"], level="county", population_n=1.0), links, to="2020")


def test_a_polygon_that_crosses_itself_is_repaired():
    base = squares(population_n=[10.0, 20.0, 40.0])
    bow = Polygon([(-77, 38), (-76.7, 38.1), (-76.7, 38), (-77, 38.1)])
    whole = service_area(base, bow)["population_n"].item()
    assert 0 < whole < 70
    with pytest.raises(InputError, match="touches none"):
        service_area(base, Polygon())
    with pytest.raises(InputError, match="touches none"):
        service_area(base, [])


def study_like(**changed):
    """Columns of every kind that a study's table has."""
    columns = {
        "name": list("abc"), "population_n": [10.0, 0.0, 5.0], "is_under_resourced": [True, False, True],
        "median_household_income_usd": [1.0, np.nan, 3.0], "nearest_site_km": 1.0,
        "gap_n": [4.0, np.nan, 1.0], "gap_n_moe": [2.0, np.nan, 1.0], "gap_status": "ok",
        "gap_share": [0.4, np.nan, 0.2], "gap_share_moe": 0.1, "connected_share": 0.5,
        "gap_n__x": [5.0, np.nan, 2.0], "gap_share__x": [0.5, np.nan, 0.4],
        "qualifying_n": [6.0, 0, 2], "locations_n": [8.0, 0, 4], "qualifying_share": [0.75, np.nan, 0.5],
        "qualifying_share__x": [1.0, np.nan, 1.0], **changed,
    }  # fmt: skip
    return table(**columns)


def test_a_studys_table_rolls_up_as_it_is_and_what_stays_behind_is_said():
    county = roll_up(study_like(), "county")
    assert county["gap_n"].tolist() == [4, 1]
    assert county["gap_share"].tolist() == [0.4, 0.2]
    assert county["gap_share__x"].tolist() == [0.5, 0.4]
    assert county["qualifying_share"].tolist() == [0.75, 0.5]
    # Another rule's share is made of its own values, never of this rule's count.
    assert county["qualifying_share__x"].tolist() == [1, 1]
    assert "gap_n_status" not in county.columns
    notes = provenance.meta(county).notes
    assert "1 areas where nobody lives have no value and count as none" in notes
    assert (
        "left behind, as they do not add up: median_household_income_usd, nearest_site_km, "
        "connected_share"
    ) in notes
    assert "left behind, as text or flags: name, is_under_resourced, gap_status" in notes
    with pytest.raises(InputError, match="cannot be added up"):
        roll_up(table(nearest_site_km=1.0), "county")


def test_many_columns_that_are_left_behind_are_counted():
    many = roll_up(table(population_n=1.0, **{f"text_{n:02d}": "x" for n in range(11)}), "county")
    (note,) = [n for n in provenance.meta(many).notes if n.startswith("left behind, as text")]
    assert note.endswith("text_07 and 3 more")


def test_a_share_without_its_numerator_is_rebuilt_from_what_it_is_a_share_of():
    homes = np.array([400.0, 100.0, 50.0])
    share, moe, homes_moe = (
        np.array([0.5, 0.9, 0.2]),
        np.array([0.06, 0.1, 0.1]),
        np.array([20, 8, 4]),
    )
    base = study_like(
        population_n=[1000.0, 300.0, 100.0], households_n=homes, households_n_moe=homes_moe,
        connected_share=share, connected_share_moe=moe, usable_link_share=[0.4, 0.8, np.nan],
    )  # fmt: skip
    county = roll_up(base, "county")
    assert county["connected_share"].tolist() == pytest.approx([(200 + 90) / 500, 0.2])
    # The Census Bureau's formula of a proportion, there and back.
    above = [
        math.hypot(n * m, p * e) for n, m, p, e in zip(homes, moe, share, homes_moe, strict=True)
    ]
    two = math.hypot(*above[:2]), math.hypot(*homes_moe[:2])
    expected = math.sqrt(two[0] ** 2 - (0.58 * two[1]) ** 2) / 500
    assert county["connected_share_moe"].tolist() == pytest.approx([expected, 0.1])
    assert county["usable_link_share"].tolist() == pytest.approx([640 / 1300, np.nan], nan_ok=True)
    assert not [name for name in county if "implied" in name]
    notes = " ".join(provenance.meta(county).notes)
    assert "have no usable_link_share" in notes
    assert "implied" not in notes
    assert "connected_share" not in roll_up(study_like(), "county")


def test_people_without_a_value_make_a_sum_partial_or_missing():
    base = study_like(population_n=[10.0, 90.0, 5.0])
    county = roll_up(base, "county")
    assert county["gap_n"].tolist() == [4, 1]
    assert county["gap_n_moe"].tolist() == [2, 1]
    assert county["gap_n_status"].tolist() == ["partial", "ok"]
    assert county["population_n"].tolist() == [100, 5]
    assert county["gap_share"].tolist() == [0.4, 0.2]  # of the people it covers
    said = "1 areas with 90 people have no gap_n (2 columns): sums leave them out"
    assert f"{said} and are marked partial" in provenance.meta(county).notes
    missing = roll_up(base, "county", unknown="missing")
    assert missing["gap_n"].tolist() == pytest.approx([np.nan, 1], nan_ok=True)
    assert "gap_n_status" not in missing.columns
    # Nobody's value at all is no sum; not knowing who lives there is not knowing.
    base = study_like(population_n=[10.0, 90.0, 5.0], gap_n=[np.nan, np.nan, 1.0])
    alone = roll_up(base, "county")
    assert alone["gap_n"].tolist() == pytest.approx([np.nan, 1], nan_ok=True)
    base = study_like(population_n=[10.0, np.nan, 5.0])
    assert roll_up(base, "county")["gap_n"].tolist() == pytest.approx([np.nan, 1], nan_ok=True)


def test_only_what_counts_people_and_homes_is_empty_where_nobody_lives():
    ids = [*IDS[:2], "90001990000"]
    base = table(ids, population_n=[10.0, 0.0, 0.0], locations_n=[5.0, np.nan, 1.0],
                 land_km2=[1.0, np.nan, 2.0], households_n=[4.0, np.nan, 0.0])  # fmt: skip
    county = roll_up(base, "county")
    assert county["households_n"].tolist() == [4]
    assert county[["locations_n", "land_km2"]].isna().all(axis=None)
    # A barracks: people, no household, and so no count of households with anything.
    homes = table(population_n=[10.0, 80.0, 5.0], households_n=[4.0, 0.0, 2.0],
                  B28002_004E=[3.0, np.nan, 1.0])  # fmt: skip
    county = roll_up(homes, "county")
    assert county["B28002_004E"].tolist() == [3, 1]
    assert "B28002_004E_status" not in county.columns
    base = table(ids, population_n=[10.0, 0.0, 0.0], locations_n=[5.0, 1.0, np.nan])
    assert roll_up(base, "county")["locations_n"].tolist() == [6]  # water has no locations


def test_a_partial_rate_has_the_margin_of_the_areas_it_covers():
    base = table(population_n=[100.0, 90.0, 5.0], population_n_moe=[20.0, 30.0, 2.0],
                 gap_n=[40.0, np.nan, 1.0], gap_n_moe=[15.0, np.nan, 1.0],
                 gap_share=[0.4, np.nan, 0.2])  # fmt: skip
    county = roll_up(base, "county")
    covered = moe_share(40, 15, 100, 20, rule="steady")
    assert county["gap_share_moe"].iloc[0] == pytest.approx(covered)
    assert county["population_n_moe"].iloc[0] == pytest.approx(np.hypot(20, 30))
    assert not [c for c in county.columns if "above" in c or "below" in c]


@given(st.lists(st.sampled_from(["north", "south", None]), min_size=3, max_size=3).filter(any))
def test_areas_make_groups_of_ones_own(names):
    base = table(population_n=[10, 20, 30.0], population_n_moe=[3, 4, 5.0], score=[1, 2, 3.0])
    groups = pd.Series(names, index=IDS)
    result = roll_up(base, groups)
    naive = base.groupby(groups)["population_n"].sum()
    assert result["population_n"].to_dict() == naive.to_dict()
    squares = (base["population_n_moe"] ** 2).groupby(groups).sum() ** 0.5
    assert result["population_n_moe"].to_dict() == pytest.approx(squares.to_dict())
    assert provenance.meta(result).level == "service_area"
    said = [note for note in provenance.meta(result).notes if "belong to no group" in note]
    assert said == ([f"{names.count(None)} areas belong to no group"] if None in names else [])
    pd.testing.assert_frame_equal(result, roll_up(base, groups[::-1].to_dict()))


def test_groups_that_do_not_name_every_area_once_are_refused():
    base = table(population_n=[10, 20, 30.0])
    with pytest.raises(GeoidError, match=r"1 areas have no group.*90003000100"):
        roll_up(base, dict.fromkeys(IDS[:2], "a"))
    with pytest.raises(InputError, match=r"twice|more than once"):
        roll_up(base, pd.Series("a", index=[*IDS, IDS[0]]))


def test_polygons_that_have_lost_their_geometry_are_told_so():
    with pytest.raises(InputError, match="have no geometry"):
        service_area(squares(population_n=[1.0] * 3), gpd.GeoDataFrame(pd.DataFrame({"a": [1]})))
