"""Columns declared once: dictionary, roles, validation."""

from __future__ import annotations

from importlib import resources

import numpy as np
import pandas as pd
import pytest

from equity.areas._registry import FILE, UNIVERSES, parse
from equity.areas.schema import (
    base_name,
    columns,
    companion,
    data_dictionary,
    describe,
    layers_in,
    placed_in,
    split_suffix,
    status_of_word,
    statuses,
    unit_of,
)
from equity.areas.validate import validate
from equity.errors import EquityError, GeoidError, InputError

IDS = ["90001000100", "90001000200", "90001000300"]


def table(**data):
    return pd.DataFrame(data, index=pd.Index(IDS, name="geoid", dtype=object))


TEXT = (resources.files("equity.areas") / FILE).read_text(encoding="utf-8")
ENTRY = """
[columns.made_up_share]
unit = "share"
label = "Made up"
source = "Nowhere"
direction = "lower"
"""


def test_every_column_says_what_it_is():
    for column in columns().values():
        assert column.label, column.name
        assert column.source, column.name
        assert column.unit, column.name
        assert column.dtype in {"float", "str", "bool"}, column.name
        assert column.direction in {"higher", "lower", "neither"}, column.name
        if column.is_count:
            assert column.universe in UNIVERSES, column.name
        for part in column.parts:
            assert columns()[part].is_count, column.name


def test_places_on_maps_and_in_tables_are_never_shared():
    orders = [c.layer.order for c in columns().values() if c.layer]
    assert len(set(orders)) == len(orders) >= 5
    orders = [c.table.order for c in columns().values() if c.table]
    assert len(set(orders)) == len(orders) >= 10
    names = ["nearest_site_km", "gap_n", "population_n", "gap_n__fcc_25_3", "own_n"]
    assert [c.name for c in layers_in(names)] == ["gap_n", "nearest_site_km"]
    assert [c.name for c in placed_in("comparison", names)] == ["population_n", "gap_n"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('color = "red"', r"\[columns.made_up_share\] has the unknown key 'color'"),
        ('direction = "up"', r"\[columns.made_up_share\] has the unknown direction 'up'.*lower"),
        ("direction = 1", r"\[columns.made_up_share\] has direction = 1"),
        ('unit = "miles"', r"\[columns.made_up_share\] has the unknown unit 'miles'"),
        ('statuses = ["fine"]', r"\[columns.made_up_share\] has the unknown status 'fine'"),
        ('universe = "cats"', r"\[columns.made_up_share\] has the unknown universe 'cats'"),
        ("adds = 1", r"\[columns.made_up_share\] has adds = 1"),
        ("adds = true\nunit = 'n'", r"\[columns.made_up_share\] has the unknown universe ''"),
        ('parts = ["gap_n", "cats_n"]', "has the unknown column 'cats_n'"),
        ('parts = ["gap_n"]', "parts that are not two"),
        ('part_of = "cats_n"', "has the unknown column 'cats_n'"),
        ('status = "cats_status"', "has the unknown column 'cats_status'"),
        ("scale = [0.2, 0.1]", "scale that is no rising list"),
        ("scale = [0.2, 1.0]", "scale whose limit 1 is no value"),
        ("scale = [-0.1, 0.5]", "scale whose limit -0.1 is no value"),
        ("scale = 'auto'", "has scale = 'auto'"),
        ("scale = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]", "one to five limits"),
        ('layer = { label = "x" }', r"\[columns.made_up_share.layer\] lacks order"),
        ("layer = { order = 1, colour = 2 }", r"share.layer\] has the unknown key 'colour'"),
        ('table = { order = 1, tables = ["front"] }', r"table\] has the unknown table 'front'"),
        ('source = ""', "has no source"),
        ('dtype = "int"', "has the unknown dtype 'int'"),
        ("layer = 3", r"\[columns.made_up_share.layer\] is 3"),
        ('scale = ["a"]', r"has scale = \['a'\]"),
        ("words = { a = 1 }", r"has words = \{'a': 1\}"),
        ('minimum = "low"', "has minimum = 'low'"),
    ],
)
def test_the_loader_refuses_what_it_does_not_know_and_names_the_entry(line, message):
    key = line.partition(" ")[0]
    keys = {key, "unit"} if "unit" in line else {key}
    entry = "\n".join(o for o in ENTRY.splitlines() if o.partition(" ")[0] not in keys)
    assert parse(TEXT + ENTRY).columns["made_up_share"].direction == "lower"
    with pytest.raises(InputError, match=message) as caught:
        parse(f"{TEXT}{entry}\n{line}\n")
    assert str(caught.value).startswith("columns.toml: ")


@pytest.mark.parametrize("key", ["unit", "label", "source", "direction"])
def test_nothing_needed_may_be_left_out(key):
    entry = "\n".join(o for o in ENTRY.splitlines() if not o.startswith(key))
    with pytest.raises(InputError, match=r"\[columns.made_up_share\]"):
        parse(TEXT + entry)


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ('[units.mile]\nword = "mi"', r"\[units.mile\] has the unknown key 'word'"),
        ("[units.mile]\ndigits = 1", r"\[units.mile\] lacks words"),
        ('[statuses.x]\nmeans = "y"', r"\[statuses.x\] has the unknown key 'means'"),
        ('[statuses.x]\nboth = ["ok", "y"]', r"\[statuses.x\] has the unknown status 'y'"),
        ("[layers]\n", r"the file\] has the unknown key 'layers'"),
        ('[columns.gap_n__kind]\nunit = "text"\nlabel = "x"\nsource = "y"', "suffix in its name"),
    ],
)
def test_units_statuses_and_names_are_checked_too(head, message):
    with pytest.raises(InputError, match=message):
        parse(f"{TEXT}\n{head}\n")


def test_a_computed_column_is_never_an_input_and_what_publishers_tell_is():
    known = columns()
    computed = (
        "gap_n gap_share falls_short is_under_resourced qualifying_share qualifying_n locations_n "
        "served_share connected_share subscription_share usable_link_share beyond_reach_share "
        "nearest_site_min access_per_10k demand_n gap_status coverage_status geo_id"
    )
    given = (
        "population_n households_n device_share no_device_share any_subscription_share "
        "poverty_share uninsured_share disability_share ruca_primary svi_percentile "
        "saipe_poverty_share median_household_income_usd name"
    )
    assert [n for n in computed.split() if known[n].input] == []
    assert [n for n in given.split() if not known[n].input] == []
    book = data_dictionary(
        pd.DataFrame(
            columns=["gap_n__fcc_25_3", "gap_n_moe", "device_share_moe", "own", "geometry"]
        )
    )
    assert book["origin"].tolist() == ["computed", "computed", "input", "input"]
    assert book["direction"].tolist() == ["higher is worse", "neither", "neither", "neither"]


def test_only_what_is_declared_adds_up_but_for_a_users_count():
    counts = ["gap_n", "land_km2", "gap_n__fcc_25_3", "served_tech50_n", "own_n"]
    others = ["gap_n_moe", "gap_n_p05", "providers_n", "crowding_n", "gap_share", "own_share"]
    assert [c.name for c in describe([*counts, *others]) if c.is_count] == counts


def test_every_status_has_words_and_two_together_say_both():
    for word, status in statuses().items():
        assert status.words, word
    both = status_of_word("upper_bound_other_technologies")
    one, two = status_of_word("upper_bound"), status_of_word("other_technologies")
    assert both.gap == f"{one.gap}; {two.gap}"
    assert status_of_word("some_new_word").words == "some new word"
    assert unit_of("visits").words == "visits"


def test_a_status_column_holds_its_own_words_only():
    validate(table(gap_status=["ok", "no_households", "not_covered"]))
    with pytest.raises(InputError, match=r"unknown status 'stranded'.*no_households"):
        validate(table(gap_status=["ok", "stranded", "ok"]))
    with pytest.raises(InputError, match="unknown status 'water'"):
        validate(table(connected_share_status__fcc_25_3=["ok", "water", "ok"]))


def test_derived_and_per_rule_names():
    assert base_name("gap_n_moe") == "gap_n"
    assert base_name("gap_n_moe__fcc_25_3") == "gap_n__fcc_25_3"
    assert base_name("gap_n") == "gap_n"
    assert split_suffix("gap_n__mental") == ("gap_n", "__mental")
    assert companion("gap_n__fcc_25_3", "_status") == "gap_n_status__fcc_25_3"
    moe, status, cv, other = describe(
        ["served_share_moe", "gap_n_status", "gap_n_cv__fcc_25_3", "own_thing_n"]
    )
    assert (moe.unit, moe.minimum, moe.maximum) == ("share", 0, None)
    assert status.dtype == "str"
    assert (cv.unit, cv.label.endswith("(under fcc-25-3)")) == ("percent", True)
    assert (other.unit, other.source) == ("n", "column of the user's own table")


def test_dictionary_lists_every_column_but_geometry():
    book = data_dictionary(table(population_n=1.0, population_n_moe=2.0, geometry=None))
    assert list(book.index) == ["population_n", "population_n_moe"]
    assert book.loc["population_n_moe", "label"].endswith("margin of error (90 %)")


def test_a_good_table_passes_and_is_not_touched():
    good = table(
        population_n=[1, 2, 3], population_n_moe=[0.0, np.nan, 2], served_share=[0, 1, np.nan],
        served_share_status=["ok", "ok", "no_locations"], is_under_resourced=[True, False, True],
        name=["a", None, "c"], own=["x", "y", "z"],
    )  # fmt: skip
    good[5] = 1.0  # not every column has a name that is text
    before = good.copy()
    validate(good)
    pd.testing.assert_frame_equal(good, before)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"served_share": [0.5, 95.0, 1.0]}, r"is a share \(0 to 1\) and holds 95.*divide it by"),
        ({"served_share": [0.5, -0.1, 1.0]}, "below its least value 0"),
        ({"population_n": [1, -2, 3]}, r"population_n holds -2.*\(rows|population_n holds -2"),
        ({"population_n_moe": [1, -2.0, 3]}, "population_n_moe holds -2"),
        ({"population_n_moe": [1, -555555555.0, 3]}, r"annotation code \(-555555555\)"),
        ({"own": [1, -666666666.0, 3]}, "column own holds an annotation code"),
        ({"population_n": [1, np.inf, 3]}, "infinite"),
        ({"population_n": ["1", "x", "3"]}, "text where numbers belong"),
        ({"served_share_status": ["ok", "fine", "ok"]}, "unknown status 'fine'"),
        ({"is_under_resourced": [True, "maybe", False]}, "true or false"),
    ],
)
def test_bad_columns_are_told_with_their_rows(data, message):
    with pytest.raises(InputError, match=message) as caught:
        validate(table(**data), file="mine.csv")
    assert str(caught.value).startswith("mine.csv: ")


def test_bad_rows_are_named():
    with pytest.raises(InputError) as caught:
        validate(table(served_share=[0.5, 95.0, 97.0]))
    assert caught.value.rows == IDS[1:]


def test_bad_ids():
    with pytest.raises(GeoidError, match="more than once"):
        validate(pd.concat([table(own=1), table(own=1)]))
    with pytest.raises(GeoidError, match="lost its leading zero"):
        validate(pd.DataFrame({"own": 1}, index=["1001020100"]))
    with pytest.raises(EquityError, match="ids as text"):
        validate(pd.DataFrame({"own": [1, 2]}))


def test_columns_of_one_technology_describe_themselves():
    fiber, unknown, per_rule = describe(
        ["served_tech50_n", "qualifying_tech_unknown_n", "served_tech50_n__fcc_25_3"]
    )
    assert fiber.label == "Served locations: technology 50"
    assert (fiber.unit, fiber.universe, fiber.minimum) == ("n", "locations", 0)
    assert unknown.label.endswith("technology not known")
    assert per_rule.label == "Served locations: technology 50 (under fcc-25-3)"
