"""Columns declared once: dictionary, roles, validation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from equity.areas.schema import base_name, columns, companion, data_dictionary, describe
from equity.areas.validate import validate
from equity.errors import EquityError, GeoidError, InputError

IDS = ["90001000100", "90001000200", "90001000300"]


def table(**data):
    return pd.DataFrame(data, index=pd.Index(IDS, name="geoid", dtype=object))


def test_every_column_says_what_it_is():
    for column in columns().values():
        assert column.label, column.name
        assert column.source, column.name
        assert column.unit, column.name
        if column.unit == "n" and column.adds:
            assert column.universe in {"people", "households", "locations"}, column.name
        for part in column.parts or ():
            assert columns()[part].is_count, column.name


def test_derived_and_per_rule_names():
    assert base_name("gap_n_moe") == "gap_n"
    assert base_name("gap_n_moe__fcc_25_3") == "gap_n__fcc_25_3"
    assert base_name("gap_n") == "gap_n"
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
