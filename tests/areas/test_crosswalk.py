"""Moving figures to other areas: totals, margins, shares, and what cannot be moved."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import equity as eq
from equity import provenance
from equity.areas import recode
from equity.areas.aggregate import roll_up, service_area
from equity.areas.blocks import from_blocks
from equity.areas.crosswalk import crosswalk
from equity.areas.join import combine
from equity.areas.medians import MedianBins, grouped_median
from equity.areas.relationship import as_relationship, check_shares, relationship
from equity.areas.table import area_table
from equity.errors import EquityError, GeoidError, InputError, VintageError

A, B, C = "90001000100", "90001000200", "90001000300"
A1, A2, B1 = "90001000101", "90001000102", "90001000201"
WATER = "90001990000"


def link(rows, *, level="tract", to=None, vintages=("2010", "2020"), **names):
    columns = ["source", "target", *(names.get("bases") or ["population"])]
    return relationship(
        pd.DataFrame(rows, columns=columns),
        source_level=level, target_level=to or level,
        source_vintage=vintages[0], target_vintage=vintages[1],
    )  # fmt: skip


def table(ids, *, vintage="2010", level="tract", **columns):
    frame = pd.DataFrame(columns, index=pd.Index(ids, dtype=object))
    return area_table(
        frame, level=level, geo_vintage=vintage,
        sources=[provenance.Source("acs", "Census", "ACS", "2019")],
    )  # fmt: skip


SPLIT = [(A, A1, 3.0), (A, A2, 7.0), (B, A2, 5.0)]


def test_oracle_of_counts_and_margins():
    # Computed independently: X = [[.3, .7], [0, 1]], est' = X'est, MOE' = sqrt((X^2)'MOE^2).
    result = crosswalk(
        table([A, B], population_n=[1000, 500], population_n_moe=[120, 90]), link(SPLIT), to="2020"
    )
    assert result["population_n"].tolist() == pytest.approx([300, 1200], rel=1e-9)
    assert result["population_n_moe"].tolist() == pytest.approx([36, 123.10970717209915], rel=1e-9)
    assert result.index.tolist() == [A1, A2]
    assert result.index.name == "geoid"
    assert (result["crosswalk_status"] == "crosswalked").all()
    assert result["split_share"].tolist() == pytest.approx([1, 700 / 1200])
    record = provenance.meta(result)
    assert (record.level, record.geo_vintage) == ("tract", "2020")
    assert record.sources[0].id == "acs"
    assert "1 divided by population: population weights" in " ".join(record.notes)


def test_inputs_are_not_touched():
    base = table([A, B], population_n=[1000.0, 500], name=["a", "b"])
    links = link(SPLIT)
    before = base.copy(), links.links.copy()
    result = crosswalk(base, links, to="2020")
    pd.testing.assert_frame_equal(base, before[0])
    pd.testing.assert_frame_equal(links.links, before[1])
    assert "name" not in result.columns


def test_each_count_moves_by_its_own_weights():
    links = link(
        [(A, A1, 9.0, 1.0, 1.0), (A, A2, 1.0, 1.0, 3.0)], bases=["population", "housing", "area"]
    )
    base = table([A], population_n=100.0, households_n=40.0, locations_n=50.0, land_km2=8.0,
                 B28002_004E=20.0, B01003_001E=100.0, TotalBSLs=10.0)  # fmt: skip
    result = crosswalk(base, links, to="2020", counts={"TotalBSLs": "locations"})
    assert result["population_n"].tolist() == pytest.approx([90, 10])
    assert result["B01003_001E"].tolist() == pytest.approx([90, 10])
    assert result["households_n"].tolist() == pytest.approx([20, 20])
    assert result["B28002_004E"].tolist() == pytest.approx([10, 10])
    assert result["TotalBSLs"].tolist() == pytest.approx([5, 5])
    assert result["land_km2"].tolist() == pytest.approx([2, 6])


def test_area_weights_stand_in_and_it_is_said():
    links = link([(A, A1, 1.0), (A, A2, 3.0)], bases=["area"])
    result = crosswalk(table([A], population_n=100.0), links, to="2020")
    assert result["population_n"].tolist() == pytest.approx([25, 75])
    notes = " ".join(provenance.meta(result).notes)
    assert "1 divided by area for want of population: area weights" in notes


def test_people_where_the_weights_know_of_none_are_not_lost():
    links = link([(A, A1, 0.0, 1.0), (A, A2, 0.0, 1.0), (B, B1, 4.0, 1.0)],
                 bases=["population", "area"])  # fmt: skip
    result = crosswalk(table([A, B], population_n=[7.0, 5.0]), links, to="2020")
    assert result["population_n"].tolist() == pytest.approx([3.5, 3.5, 5])
    nothing = link([(A, A1, 0.0), (A, A2, 0.0)])
    result = crosswalk(table([A], population_n=[7.0]), nothing, to="2020")
    assert result["population_n"].sum() == pytest.approx(7)
    assert "equal parts" in " ".join(provenance.meta(result).notes)


def test_shares_are_rebuilt_never_averaged():
    base = table(
        [A, B], served_n=[90.0, 0.0], locations_n=[100.0, 500.0], served_share=[0.9, 0.0],
        served_share__fcc_25_3=[1.0, 1.0], served_n__fcc_25_3=[100.0, 500.0],
    )  # fmt: skip
    result = crosswalk(base, link([(A, A1, 1.0), (B, A1, 1.0)]), to="2020")
    assert result["served_share"].tolist() == [90 / 600]  # the mean would be 0.45
    assert result["served_share__fcc_25_3"].tolist() == [1.0]
    assert result["crosswalk_status"].tolist() == ["whole"]
    own = table([A, B], x=[1.0, 2.0], y=[4.0, 4.0], rate=[0.25, 0.5], x_moe=1.0, y_moe=1.0)
    result = crosswalk(
        own, link([(A, A1, 1.0), (B, A1, 1.0)]), to="2020",
        counts={"x": "people", "y": "people"}, ratios={"rate": ("x", "y")},
    )  # fmt: skip
    assert result["rate"].tolist() == [3 / 8]
    expected = eq.moe_share(3.0, np.sqrt(2), 8.0, np.sqrt(2))
    assert result["rate_moe"].tolist() == pytest.approx([expected])


def test_medians_are_rebuilt_from_their_bins():
    bins = [(0, 10), (10, 20), (20, 30), (30, 40)]
    data = {f"B19001_{i:03d}E": [float(5 * i), 30.0 - i] for i in range(2, 6)}
    base = table([A, B], **data, B19013_001E=[21.0, 19.0])
    with pytest.raises(InputError, match="B19013_001E") as caught:
        crosswalk(base, link([(A, A1, 1.0), (B, A1, 1.0)]), to="2020")
    assert caught.value.code == "E-NOT-ADDITIVE"
    result = crosswalk(
        base, link([(A, A1, 1.0), (B, A1, 1.0)]), to="2020",
        medians={"B19013_001E": (list(data), bins)},
    )  # fmt: skip
    counts = [10 + 28, 15 + 27, 20 + 26, 25 + 25]
    below = counts[0] + counts[1]
    expected = 20 + 10 * (sum(counts) / 2 - below) / counts[2]
    assert result["B19013_001E"].tolist() == pytest.approx([expected])
    assert result["B19013_001E_status"].tolist() == ["ok"]


def test_what_cannot_be_added_up_is_refused_or_left_behind():
    for column in ("device_share", "nearest_site_km", "providers_n", "B01002_001E", "mystery"):
        with pytest.raises(InputError, match=column):
            crosswalk(table([A, B], **{column: [0.5, 0.6]}), link(SPLIT), to="2020")
        result = crosswalk(
            table([A, B], population_n=1.0, **{column: [0.5, 0.6]}),
            link(SPLIT), to="2020", drop=[column],
        )  # fmt: skip
        assert column not in result.columns
    with pytest.raises(KeyError, match="no column 'x'"):
        crosswalk(table([A, B], population_n=1.0), link(SPLIT), to="2020", drop=["x"])
    with pytest.raises(InputError, match="cannot count 'cows'"):
        crosswalk(table([A], x=1.0), link(SPLIT), to="2020", counts={"x": "cows"})
    with pytest.raises(InputError, match="nearest_site_km is not a count"):
        crosswalk(
            table([A, B], population_n=1.0, nearest_site_km=2.0, rate=1.0), link(SPLIT), to="2020",
            ratios={"rate": ("nearest_site_km", "population_n")}, drop=["nearest_site_km"],
        )  # fmt: skip


def test_unknown_stays_unknown_with_its_reason():
    base = table([A, B], population_n=[np.nan, 5.0], population_n_moe=[3.0, np.nan],
                 population_n_status=["suppressed", "ok"])  # fmt: skip
    result = crosswalk(base, link(SPLIT), to="2020")
    assert result["population_n"].isna().all()
    assert result["population_n_status"].tolist() == ["suppressed", "suppressed"]
    whole = crosswalk(base, link([(A, A1, 1.0), (B, B1, 1.0)]), to="2020")
    assert whole["population_n"].tolist() == pytest.approx([np.nan, 5], nan_ok=True)
    assert whole["population_n_moe"].isna().all()
    assert whole["population_n_status"].tolist() == ["suppressed", "ok"]


def test_zero_estimates_keep_one_margin():
    base = table([A, B, C], population_n=[0, 0, 9.0], population_n_moe=[12, 17.0, 5.0])
    links = link([(A, A1, 1.0), (B, A1, 1.0), (C, A1, 1.0)])
    result = crosswalk(base, links, to="2020")
    assert result["population_n_moe"].tolist() == pytest.approx([np.hypot(17, 5)])
    plain = crosswalk(base, links, to="2020", zero_rule=False)
    assert plain["population_n_moe"].tolist() == pytest.approx([np.sqrt(12**2 + 17**2 + 25)])
    divided = crosswalk(
        table([A], population_n=[0], population_n_moe=[12]), link(SPLIT[:2]), to="2020"
    )
    assert divided["population_n_moe"].tolist() == pytest.approx([12 * 0.3, 12 * 0.7])


def test_an_area_that_is_not_in_the_table_makes_its_neighbors_partial():
    result = crosswalk(table([A], population_n=10.0), link(SPLIT), to="2020")
    assert result["crosswalk_status"].to_dict() == {A1: "crosswalked", A2: "partial"}
    assert result["population_n"].tolist() == pytest.approx([3, np.nan], nan_ok=True)
    water = link([*SPLIT, (WATER, A2, 1.0)])
    result = crosswalk(table([A, B], population_n=10.0), water, to="2020")
    assert result["population_n"].tolist() == pytest.approx([3, 17])


def test_an_area_with_figures_and_no_link_is_an_error_and_empty_water_is_not():
    with pytest.raises(InputError, match="1 areas with figures have no link") as caught:
        crosswalk(table([A, C], population_n=1.0), link(SPLIT), to="2020")
    assert caught.value.rows == [C]
    result = crosswalk(table([A, B, WATER], population_n=[1.0, 1, 0]), link(SPLIT), to="2020")
    assert result["population_n"].sum() == pytest.approx(2)
    assert "1 empty areas without a link left out (1 of water)" in provenance.meta(result).notes


def test_the_relationship_must_lead_where_it_is_wanted_and_may_be_turned():
    with pytest.raises(VintageError, match="the table has tract areas of 2020 and 2010 is wanted"):
        crosswalk(table([A], vintage="2020", population_n=1.0),
                  link(SPLIT, vintages=("2020", "2020")), to="2010")  # fmt: skip
    with pytest.raises(InputError, match="the target has the vintage '2021'"):
        crosswalk(table([A], population_n=1.0), link(SPLIT), to="2021")
    with pytest.raises(VintageError, match="does not say which vintage"):
        crosswalk(pd.DataFrame({"population_n": 1.0}, index=[A]), link(SPLIT), to="2020")
    back = crosswalk(
        table([A1, A2], vintage="2020", population_n=[3.0, 12.0]), link(SPLIT), to="2010"
    )
    assert back["population_n"].to_dict() == pytest.approx({A: 3 + 12 * 7 / 12, B: 5})
    with pytest.raises(VintageError, match="block_group"):
        crosswalk(table([A + "1"], level="block_group", population_n=1.0), link(SPLIT), to="2020")


def test_going_through_an_intermediate_and_back_returns_each_area():
    there = link([(A, A1, 3.0), (A, A2, 7.0), (B, B1, 5.0)])
    round_trip = there.then(there.reverse())
    base = table([A, B], population_n=[1000, 50.0], population_n_moe=[120.0, 9.0])
    result = crosswalk(base, round_trip, to="2010")
    assert result["population_n"].tolist() == pytest.approx([1000, 50])
    # One composed step keeps the margin; two steps would forget that the parts move together.
    assert result["population_n_moe"].tolist() == pytest.approx([120, 9])
    with pytest.raises(InputError, match="starts from"):
        there.then(there)
    with pytest.raises(InputError, match="no link onward"):
        there.then(link([(A, A1, 1.0)]).reverse())


def test_a_step_after_a_step_divides_what_the_first_divided():
    onward = link([(A1, B1, 1.0), (A1, C, 3.0), (A2, C, 1.0)], vintages=("2020", "2020-CT2022"))
    both = link([(A, A1, 3.0), (A, A2, 7.0)]).then(onward)
    moved = both.links.set_index(["source", "target"])["population"]
    assert moved.to_dict() == pytest.approx({(A, B1): 3 / 4, (A, C): 3 * 3 / 4 + 7})


def test_target_density_sends_people_to_the_denser_part():
    links = link([(A, A1, 1.0), (A, A2, 1.0), (B, A2, 1.0)], bases=["area"])
    denser = links.at_density_of(pd.Series({A1: 90.0, A2: 20.0}), basis="population")
    weights = denser.weights("population").set_index(["source", "target"])["weight"]
    assert weights[A, A1] == pytest.approx(0.9)
    assert weights[B, A2] == pytest.approx(1.0)
    with pytest.raises(InputError, match="no total"):
        links.at_density_of(pd.Series({A1: 1.0}), basis="population")
    with pytest.raises(InputError, match="land area"):
        link(SPLIT).at_density_of(pd.Series({A1: 1.0, A2: 1.0}), basis="housing")


BLOCKS = pd.DataFrame(
    [
        ("900010001001000", "900010001011000", 2.0),
        ("900010001001001", "900010001011001", 1.0),
        ("900010001001001", "900010001021000", 3.0),
        ("900010002001000", "900010001021001", 0.0),
    ],
    columns=["source", "target", "area"],
)
PEOPLE = pd.DataFrame(
    {"population_n": [10.0, 40.0, 6.0], "housing_n": [5.0, 20.0, 3.0]},
    index=["900010001001000", "900010001001001", "900010002001000"],
)


def test_blocks_make_weights_of_tracts_and_block_groups():
    links = from_blocks(BLOCKS, PEOPLE, level="tract", source_vintage="2010", target_vintage="2020")
    weights = links.weights("population").set_index(["source", "target"])["weight"]
    assert weights[A, A1] == pytest.approx((10 + 40 / 4) / 50)
    assert weights[A, A2] == pytest.approx(30 / 50)
    assert weights[B, A2] == 1.0
    groups = from_blocks(
        BLOCKS, PEOPLE, level="block_group", source_vintage="2010", target_vintage="2020"
    )
    assert set(groups.links["source"]) == {A + "1", B + "1"}
    land = from_blocks(BLOCKS, level="tract", source_vintage="2010", target_vintage="2020")
    assert land.measured_in == ("area",)
    assert land.weights("area").set_index(["source", "target"])["weight"][A, A1] == 0.5


def test_a_block_without_land_goes_to_its_links_in_equal_parts():
    bare = BLOCKS.assign(area=0.0)
    links = from_blocks(bare, PEOPLE, level="tract", source_vintage="2010", target_vintage="2020")
    of_block = BLOCKS.groupby("source")["target"].transform("size")
    people = (BLOCKS["source"].map(PEOPLE["population_n"]) / of_block).groupby(
        [BLOCKS["source"].str[:11], BLOCKS["target"].str[:11]]
    )
    moved = links.links.set_index(["source", "target"])["population"]
    assert moved.to_dict() == pytest.approx(people.sum().to_dict())
    assert of_block.max() > 1


def test_target_blocks_serve_as_well():
    people = pd.DataFrame(
        {"housing_n": [1.0, 2.0, 3.0, 4.0]}, index=BLOCKS["target"].drop_duplicates()
    )
    links = from_blocks(BLOCKS, people, level="tract", source_vintage="2010", target_vintage="2020")
    assert links.links["housing"].sum() == 10
    assert "of blocks of 2020" in links.bases["housing"]


def test_missing_blocks_are_an_error():
    build = {"level": "tract", "source_vintage": "2010", "target_vintage": "2020"}
    with pytest.raises(InputError, match="1 blocks of the crosswalk have no row") as caught:
        from_blocks(BLOCKS, PEOPLE.iloc[:2], **build)
    assert caught.value.rows == ["900010002001000"]
    with pytest.raises(InputError, match="1 blocks with people or homes are missing"):
        from_blocks(BLOCKS.iloc[:3], PEOPLE, **build)
    with pytest.raises(KeyError, match="population_n or housing_n"):
        from_blocks(BLOCKS, PEOPLE[[]], **build)
    with pytest.raises(InputError, match="no links between zcta"):
        from_blocks(BLOCKS, PEOPLE, **{**build, "level": "zcta"})


def test_weights_sum_to_one_or_the_error_says_where_not():
    weights = link(SPLIT).weights("population")
    assert weights.groupby("source")["weight"].sum().tolist() == pytest.approx([1, 1], abs=1e-15)
    shares = pd.DataFrame({"source": [A, A, B, C], "share": [0.3, 0.7, 0.9, 0.0]})
    with pytest.raises(InputError, match=f"1 areas do not sum to 1 \\({B}: 0.9\\)"):
        check_shares(shares, "share")
    check_shares(shares[shares["source"] != B], "share")
    parts = {"source_level": "tract", "target_level": "tract", "source_vintage": "2010",
             "target_vintage": "2020", "shares": True}  # fmt: skip
    columns = ["source", "target", "population"]
    whole = pd.DataFrame([(A, A1, 0.25), (A, A2, 0.75)], columns=columns)
    assert relationship(whole, **parts).weights("population")["weight"].tolist() == [0.25, 0.75]
    with pytest.raises(InputError, match=f"population weights of 1 areas .*{A}: 0.75"):
        relationship(whole.iloc[1:], **parts)


def test_bad_links_are_refused():
    with pytest.raises(GeoidError, match="source ids are no tract ids"):
        link([("1001020100", A1, 1.0)])
    with pytest.raises(InputError, match="missing or negative"):
        link([(A, A1, -1.0)])
    with pytest.raises(InputError, match="missing or negative"):
        link([(A, A1, np.nan)])
    with pytest.raises(KeyError, match="links need"):
        link([(A, A1, 1.0)], bases=["people"])
    with pytest.raises(InputError, match="no vintage"):
        link(SPLIT, vintages=("2010", "2021"))
    with pytest.raises(InputError, match="no basis"):
        link(SPLIT).weights("people")


def test_margins_with_codes_never_move():
    base = table([A, B], population_n=1.0, population_n_moe=[1.0, -555555555.0])
    with pytest.raises(InputError, match="below 0"):
        crosswalk(base, link(SPLIT), to="2020")
    coded = table([A, B], population_n=[1.0, -666666666.0])
    with pytest.raises(InputError, match="annotation code"):
        crosswalk(coded, link(SPLIT), to="2020")


def test_areas_known_under_a_former_county_code_are_found():
    bedford = link([("51515050100", "51019050101", 1.0), ("51515050100", "51019050102", 3.0)])
    result = crosswalk(table(["51019050100"], population_n=[100.0]), bedford, to="2020")
    assert result["population_n"].tolist() == pytest.approx([25, 75])
    assert "1 areas found under their former county's code" in provenance.meta(result).notes


def test_county_codes_are_brought_up_to_date():
    ids = ["51515050100", "46113940500", "02270000100", "02261000200", "02261000100", A]
    new = ["51019050100", "46102940500", "02158000100", "02063000200", "02066000100", A]
    base = table(ids, population_n=range(6))
    assert recode.counties(base).index.tolist() == new
    assert base.index.tolist() == ids
    assert provenance.meta(recode.counties(base)).geo_vintage == "2010"
    with pytest.raises(InputError, match="02261 was divided"):
        recode.counties(table(["02261"], level="county", population_n=1))
    with pytest.raises(GeoidError, match="more than once"):
        recode.counties(table(["51515050100", "51019050100"], population_n=1))
    with pytest.raises(InputError, match="were not in it"):
        recode.counties(table(["02261000900"], population_n=1))


CODES = pd.Series({"09001010101": "09190010101", "09013528100": "09110528100"})


def test_connecticut_by_table():
    ids = ["09001010101", "09013528100", "09001990000", "36001000100"]
    base = table(ids, vintage="2020", population_n=[5.0, 6.0, 0.0, 7.0])
    result = recode.connecticut(base, CODES, to="2020-CT2022")
    assert result.index.tolist() == ["09190010101", "09110528100", "36001000100"]
    assert provenance.meta(result).geo_vintage == "2020-CT2022"
    assert result["population_n"].tolist() == [5, 6, 7]
    back = recode.connecticut(result, CODES, to="2020")
    assert back.index.tolist() == ["09001010101", "09013528100", "36001000100"]
    groups = table([i + "1" for i in ids[:2]], vintage="2020", level="block_group", x=1)
    moved = recode.connecticut(groups, CODES, to="2020-CT2022")
    assert moved.index.tolist() == ["091900101011", "091105281001"]
    lost = table(["09001010102"], vintage="2020", population_n=1.0)
    with pytest.raises(InputError, match="not in the table of codes"):
        recode.connecticut(lost, CODES, to="2020-CT2022")
    with pytest.raises(InputError, match="overlap"):
        recode.connecticut(table(["09001"], vintage="2020", level="county", x=1), CODES,
                           to="2020-CT2022")  # fmt: skip
    with pytest.raises(VintageError, match="2020 first"):
        recode.connecticut(table(ids[:2], x=1), CODES, to="2020-CT2022")


amounts = st.integers(0, 10_000).map(float)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(amounts, amounts, amounts, amounts), min_size=1, max_size=15), st.data())
def test_totals_never_change_and_order_never_matters(rows, data):
    """Whatever the weights: nothing is lost, margins are no less than the largest whole one."""
    ids = [f"90001{i:04d}00" for i in range(len(rows))]
    links = link(
        [(g, t, w) for g, row in zip(ids, rows, strict=True)
         for t, w in ((g[:9] + "01", row[1]), (g[:9] + "02", row[2]), (A1[:5] + "999901", 1.0))],
        bases=["population"],
    )  # fmt: skip
    base = table(ids, population_n=[r[0] for r in rows], population_n_moe=[r[3] for r in rows])
    result = crosswalk(base, links, to="2020")
    assert result["population_n"].sum() == pytest.approx(base["population_n"].sum(), rel=1e-9)
    assert (result["population_n_moe"] >= 0).all()
    weights = links.weights("population")
    largest = (weights["weight"] * weights["source"].map(base["population_n_moe"])).groupby(
        weights["target"]
    ).max().reindex(result.index, fill_value=0)  # fmt: skip
    assert (result["population_n_moe"] >= largest * (1 - 1e-9)).all()
    order = data.draw(st.permutations(range(len(rows))))
    again = crosswalk(base.iloc[order], links, to="2020")
    pd.testing.assert_frame_equal(again, result)


def test_every_refusal_is_one_of_ours():
    with pytest.raises(EquityError):
        crosswalk(table([A], population_n=[np.inf]), link(SPLIT), to="2020")


def test_the_census_tract_file_serves_as_it_is_read():
    frame = pd.DataFrame(
        {"geoid_2020": [A1, A2], "geoid_2010": [A, A], "land_km2": [1.0, 3.0], "water_km2": 0.0}
    )
    provenance.stamp(frame, sources=[provenance.Source("rel", "Census", "Relationship", "2020")])
    result = crosswalk(table([A], population_n=100.0), frame, to="2020")
    assert result["population_n"].tolist() == [25, 75]
    assert [s.id for s in provenance.meta(result).sources] == ["acs", "rel"]
    assert as_relationship(link(SPLIT)).measured_in == ("population",)
    with pytest.raises(KeyError, match="geoid_2010"):
        crosswalk(table([A], population_n=100.0), frame[["geoid_2020"]], to="2020")


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(amounts, amounts, st.lists(st.integers(1, 999), min_size=1, max_size=5)),
        min_size=1, max_size=8,
    )
)  # fmt: skip
def test_splitting_and_merging_again_returns_every_area(rows):
    ids = [f"90001{i:04d}00" for i in range(len(rows))]
    there = link([(g, f"{g[:9]}{k + 1:02d}", float(w))
                  for g, (_, _, parts) in zip(ids, rows, strict=True)
                  for k, w in enumerate(parts)])  # fmt: skip
    base = table(ids, population_n=[r[0] for r in rows], population_n_moe=[r[1] for r in rows])
    in_two_steps = crosswalk(crosswalk(base, there, to="2020"), there, to="2010")
    assert in_two_steps["population_n"].to_numpy() == pytest.approx(base["population_n"])
    at_once = crosswalk(base, there.then(there.reverse()), to="2010")
    assert at_once["population_n"].to_numpy() == pytest.approx(base["population_n"])
    assert at_once["population_n_moe"].to_numpy() == pytest.approx(base["population_n_moe"])


TENTHS = [f"900010001{i:02d}" for i in range(1, 11)]


def in_ten(**columns):
    """One area in ten equal parts, and a whole one beside them."""
    base = table([A, B], **(columns or {"population_n": [5000.0, 900.0],
                                        "population_n_moe": [500.0, 120.0]}))  # fmt: skip
    links = link([*[(A, part, 1.0) for part in TENTHS], (B, TENTHS[0], 1.0)])
    return crosswalk(base, links, to="2020"), links


def test_parts_of_one_area_that_are_added_again_have_its_margin():
    moved, links = in_ten()
    assert moved["population_n_moe"].iloc[1] == pytest.approx(50)
    county = roll_up(moved, "county")
    assert county["population_n"].tolist() == pytest.approx([5900])
    assert county["population_n_moe"].tolist() == pytest.approx([np.hypot(500, 120)])
    # Some of the parts, in any order, by a copy of the table: linear within the one area.
    some = roll_up(moved.loc[TENTHS[:4:-1]].copy(), "county")
    assert some["population_n_moe"].tolist() == pytest.approx([250])
    listed = service_area(moved, TENTHS[1:4])
    assert listed["population_n_moe"].tolist() == pytest.approx([150])
    # Back to where they came from: B's home got a tenth of A, all of it together again.
    weights = links.reverse().weights("population").set_index(["source", "target"])["weight"]
    back = crosswalk(moved, links, to="2010")
    a = 0.9 + 0.1 * weights[TENTHS[0], A]
    b = weights[TENTHS[0], A]
    assert back.loc[A, "population_n_moe"] == pytest.approx(np.hypot(a * 500, b * 120))
    state = roll_up(back, "state")
    assert state["population_n_moe"].tolist() == pytest.approx([np.hypot(500, 120)])


def test_parts_keep_their_origin_through_a_join_and_another_process():
    moved, _ = in_ten()
    lines = area_table(pd.DataFrame({"locations_n": 3.0}, index=TENTHS[::-1]), level="tract",
                       geo_vintage="2020")  # fmt: skip
    joined = combine(lines, moved, names=["moved"])
    assert roll_up(joined, "county")["population_n_moe"].tolist() == pytest.approx(
        [np.hypot(500, 120)]
    )
    sent = pickle.loads(pickle.dumps(moved))
    assert roll_up(sent, "county")["population_n_moe"].tolist() == pytest.approx(
        [np.hypot(500, 120)]
    )


def test_parts_whose_origin_is_lost_are_added_as_they_are_and_it_is_said(tmp_path):
    moved, _ = in_ten()
    most = [9 * 50 + np.hypot(50, 120)]
    path = tmp_path / "moved.parquet"
    moved.to_parquet(path)  # attrs are written as text: the origin's name is kept, not its figures
    read = pd.read_parquet(path)
    for lost in (read, moved.assign(population_n_moe=moved["population_n_moe"] * 1.0001)):
        county = roll_up(lost, "county")
        assert county["population_n_moe"].tolist() == pytest.approx(most, rel=2e-4)
        assert "10 parts of divided areas come from" in " ".join(provenance.meta(county).notes)
    assert "areas come from" not in " ".join(provenance.meta(roll_up(moved, "county")).notes)


def test_a_part_that_is_left_out_takes_its_margin_with_it():
    gap = {"gap_n": [500.0, 90.0], "gap_n_moe": [200.0, 50.0], "population_n": [5000.0, 900.0]}
    moved, _ = in_ten(**gap)
    moved.loc[TENTHS[5:], ["gap_n", "gap_n_moe"]] = np.nan
    county = roll_up(moved, "county")
    assert county["gap_n_status"].tolist() == ["partial"]
    assert county["gap_n"].tolist() == pytest.approx([250 + 90])
    assert county["gap_n_moe"].tolist() == pytest.approx([np.hypot(100, 50)])


def test_zero_estimates_in_parts_keep_one_margin_for_all_of_them():
    moved, _ = in_ten(population_n=[0.0, 0.0], population_n_moe=[12.0, 17.0])
    assert roll_up(moved, "county")["population_n_moe"].tolist() == pytest.approx([17])


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_two_steps_have_the_margins_of_one(data):
    """Any division, any figures: counties from parts are as sure as counties from the whole."""
    n = data.draw(st.integers(1, 6))
    sources = [f"900{1 + 2 * (i % 2):02d}0{i:03d}00" for i in range(n)]
    sources = [s[:5] + s[5:].ljust(6, "0") for s in sources]
    targets = [f"90{c:03d}{t:04d}01" for c in (1, 3) for t in range(3)]
    rows = [
        (s, t, data.draw(st.integers(1, 9)))
        for s in sources
        for t in data.draw(st.lists(st.sampled_from(targets), min_size=1, unique=True))
    ]
    # Not 0: estimates of 0 keep one margin in each sum, so two sums may keep two.
    some, cell = st.integers(1, 3000).map(float), st.integers(0, 3000).map(float)
    base = table(sources, population_n=[data.draw(some) for _ in sources],
                 population_n_moe=[data.draw(cell) for _ in sources])  # fmt: skip
    links = link(rows)
    up = relationship(
        pd.DataFrame({"source": targets, "target": [t[:5] for t in targets], "population": 1.0}),
        source_level="tract", target_level="county", source_vintage="2020", target_vintage="2020",
    )  # fmt: skip
    at_once = crosswalk(base, links.then(up), to="2020")
    in_steps = roll_up(crosswalk(base, links, to="2020"), "county")
    pd.testing.assert_frame_equal(
        in_steps[["population_n", "population_n_moe"]],
        at_once[["population_n", "population_n_moe"]],
    )


def test_areas_where_nobody_lives_add_nothing_and_are_counted():
    links = link([(A, A1, 1.0), (B, A1, 1.0), (C, A1, 1.0)])
    base = table([A, B, C], population_n=[10.0, 0.0, 5.0], gap_n=[4.0, np.nan, 1.0],
                 gap_n_moe=[2.0, np.nan, 1.0], gap_share=[0.4, np.nan, 0.2])  # fmt: skip
    result = crosswalk(base, links, to="2020")
    assert result[["gap_n", "gap_share"]].loc[A1].tolist() == [5, 5 / 15]
    assert result["gap_n_moe"].tolist() == pytest.approx([np.hypot(2, 1)])
    notes = " ".join(provenance.meta(result).notes)
    assert "1 areas where nobody lives have no value and count as none" in notes
    # People without a value: missing, or a partial sum that says so and rates whom it covers.
    base.loc[B, "population_n"] = 85.0
    assert (
        crosswalk(base, links, to="2020")[["gap_n", "gap_n_moe", "gap_share"]].isna().all(axis=None)
    )
    part = crosswalk(base, links, to="2020", unknown="partial")
    assert part["gap_n_status"].tolist() == ["partial"]
    assert part["population_n"].tolist() == [100]
    assert part[["gap_n", "gap_share"]].loc[A1].tolist() == [5, 5 / 15]
    assert "1 areas with 85 people have no gap_n: sums leave" in " ".join(
        provenance.meta(part).notes
    )
    with pytest.raises(InputError, match="cannot be 'zero'"):
        crosswalk(base, links, to="2020", unknown="zero")


def test_a_median_takes_the_design_factor_it_is_given():
    bins = [(0, 10), (10, 20), (20, 30), (30, 40), (40, 50)]
    data = {f"B19001_{i:03d}E": [40.0 + i, 30.0 - i] for i in range(2, 7)}
    links = link([(A, A1, 1.0), (B, A1, 1.0)])
    base = table([A, B], **data)
    plain = crosswalk(base, links, to="2020", medians={"m": (list(data), bins)})
    given_ = crosswalk(base, links, to="2020", medians={"m": MedianBins(list(data), bins, 1.5)})
    counts = [a + b for a, b in data.values()]
    assert plain["m_moe"].tolist() == [grouped_median(counts, bins).moe]
    assert given_["m_moe"].tolist() == [grouped_median(counts, bins, design_factor=1.5).moe]
    assert given_["m_moe"].item() > plain["m_moe"].item() * 1.3
    rolled = roll_up(table([A, B], **data), "state", medians={"m": (list(data), bins, 1.2, 9)})
    expected = grouped_median(counts, bins, design_factor=1.2, sampling_percent=9)
    assert expected.status == "ok"
    assert rolled["m_moe"].tolist() == [expected.moe]
