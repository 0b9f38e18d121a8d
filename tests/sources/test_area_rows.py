"""Columns by name, numbers, ids: what every reader stands on."""

from __future__ import annotations

import pandas as pd
import pytest

from equity.errors import GeoidError, InputError, MissingColumnError
from equity.sources.area_ids import table_ids
from equity.sources.area_rows import index_by_area, require_columns, to_numbers


def test_a_missing_column_is_matched_without_regard_to_case():
    frame = pd.DataFrame({"GEOID": [], "B28002_001E": []})
    with pytest.raises(MissingColumnError) as caught:
        require_columns(frame, ["b28002_001e", "x"], "t.csv")
    assert isinstance(caught.value, KeyError)
    assert str(caught.value) == "t.csv: lacks column b28002_001e, x. Fix: the file has B28002_001E."


def test_many_missing_columns_are_counted():
    with pytest.raises(MissingColumnError, match="c0, c1, c2, c3, c4 and 45 more"):
        require_columns(pd.DataFrame({"q": []}), [f"c{i}" for i in range(50)], "t.csv")


def test_the_id_column_is_found_or_named():
    def name(columns, given=None):
        frame = pd.DataFrame({column: [] for column in columns})
        return table_ids(frame, "t.csv", level="tract", given=given)[1].name

    assert name(["FIPS", "GEOID"]) == "GEOID"
    assert name(["FIPS", "k"], "k") == "k"
    with pytest.raises(MissingColumnError, match="id_column="):
        name(["k"])


@pytest.mark.parametrize(
    ("cell", "number"), [("1,234", 1234), ("-1,234,567.5", -1234567.5), ("+1,000", 1000)]
)
def test_thousands_may_be_separated(cell, number):
    frame = pd.DataFrame({"n": [cell, "2"]})
    assert to_numbers(frame, {"n": "n"}, "t.csv")["n"].tolist() == [number, 2]


@pytest.mark.parametrize("cell", ["1,23", "12,5", "1,2345", ",123", "1234,567"])
def test_other_commas_are_refused_with_a_hint(cell):
    with pytest.raises(InputError, match="a point before decimals"):
        to_numbers(pd.DataFrame({"n": [cell, "2"]}), {"n": "n"}, "t.csv")


@pytest.mark.parametrize("text", ["inf", "-Infinity", "about 5", "(X)", "1e999", "0x10", "1_000"])
def test_no_number_is_no_number(text):
    with pytest.raises(InputError, match="where a number belongs"):
        to_numbers(pd.DataFrame({"n": ["1", text]}), {"n": "n"}, "t.csv")


def test_two_columns_cannot_become_one():
    frame = pd.DataFrame({"a": ["1"], "b": ["2"]})
    with pytest.raises(InputError, match="two columns are mapped to 'n'"):
        to_numbers(frame, {"a": "n", "b": "n"}, "t.csv")


def indexed(ids, **options):
    ids = pd.Series(ids)
    options = {"level": "county", "state": None, "multi_state": False, **options}
    return index_by_area(pd.DataFrame({"n": range(len(ids))}), ids, "t.csv", **options)


def test_duplicated_areas_in_any_spelling_are_refused():
    with pytest.raises(InputError, match="1 areas stand more than once") as caught:
        indexed(["10001", "0500000US10001", "10003"])
    assert caught.value.rows == ["10001"]


def test_other_states_are_an_error_unless_several_were_announced():
    with pytest.raises(GeoidError, match=r"not in Delaware.*multi_state"):
        indexed(["10001", "51001"], state="10")
    table, notes = indexed(["10001", "51001"], state="10", multi_state=True)
    assert list(table.index) == ["10001"]
    assert notes == ["t.csv: 1 rows of other states left out"]


def test_a_state_without_rows_is_named():
    with pytest.raises(InputError, match="no county of Virginia in the file"):
        indexed(["10001"], state="51", multi_state=True)
    with pytest.raises(InputError, match="the file holds no rows"):
        indexed([])
