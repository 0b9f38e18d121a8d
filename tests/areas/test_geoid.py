"""One spelling of an area's id out of every real one, and no guess beyond that."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.areas._spelling import could_be
from equity.areas.geoid import (
    EXAMPLE_STATE,
    LEVELS,
    STATES,
    find_state,
    geo_id,
    geo_vintage_for,
    is_water,
    normalize,
    of_other_level,
    parent,
)
from equity.areas.vintage import counties_of
from equity.errors import EquityError, GeoidError, InputError, VintageError

TRACT = "10001040100"


@pytest.mark.parametrize(
    "spelling",
    [
        TRACT,
        f" {TRACT} ",
        f"1400000US{TRACT}",
        f"140US{TRACT}",
        f"G{TRACT}",
        f"{TRACT}.0",
        f"{TRACT}.00",
        f"{TRACT}.",
        int(TRACT),
        float(TRACT),
        np.int64(TRACT),
        np.float64(TRACT),
    ],
)
def test_every_real_spelling_of_a_tract(spelling):
    assert normalize([spelling], level="tract").tolist() == [TRACT]


@pytest.mark.parametrize(
    ("level", "spellings", "expected"),
    [
        ("state", ["51", 51, "0400000US51", "51.0"], "51"),
        ("state", ["1", 1, 1.0, "01"], "01"),
        ("county", ["09001", 9001, "9001.0", "050US09001", "0500000US09001"], "09001"),
        ("tract", [1001020100, "1001020100", "1001020100.0", "G01001020100"], "01001020100"),
        ("block_group", ["1500000US010010201001", 10010201001], "010010201001"),
        ("block", ["010010201001000", 10010201001000, 10010201001000.0], "010010201001000"),
        ("place", ["1600000US0100124", 100124], "0100124"),
        ("zcta", ["860Z200US00601", "8600000US00601", 601, "601", "0601", "00601"], "00601"),
        ("county_subdivision", ["0600000US0900104720", 900104720], "0900104720"),
        ("nation", ["0100000US", "010US", "US", "1", ""], ""),
    ],
)
def test_every_level(level, spellings, expected):
    for spelling in spellings:
        assert normalize([spelling], level=level).tolist() == [expected], spelling
    assert len(expected) == LEVELS[level]


@pytest.mark.parametrize(
    "wrong",
    [
        "1.00010401e10",  # scientific notation: digits are lost, and no guess brings them back
        "10001",
        "100010401001",
        "51_hd_01",
        "51013_ca_01",
        "10001040100.5",
        "10001,040100",
        "-10001040100",
        "١٠٠٠١٠٤٠١٠٠",
        "1500000US10001040100",
        "0500000US10001",
        "0600000US5100190000",  # ten digits after a prefix have lost no zero
        "G1001020100",
        "03001020100",
        "99001020100",
        "tract",
        "1400000US",
        "Geography",
    ],
)
def test_what_is_no_tract_is_refused(wrong):
    with pytest.raises(GeoidError) as caught:
        normalize(["10001040100", wrong], level="tract", file="t.csv")
    error = caught.value
    assert isinstance(error, EquityError)
    assert isinstance(error, ValueError)
    assert error.rows == [1]
    assert error.count == 1
    assert str(error).startswith("t.csv: 1 ids ")


@pytest.mark.parametrize("blank", ["", "  ", None, np.nan, pd.NA, float("nan")])
def test_blanks_are_named_as_blanks(blank):
    with pytest.raises(GeoidError, match="are blank"):
        normalize([TRACT, blank], level="tract")
    with pytest.raises(GeoidError, match="are blank"):
        normalize(pd.Series([float(TRACT), np.nan, np.inf]), level="tract")


def test_half_precision_numbers_have_lost_digits():
    assert int(np.float32(int(TRACT))) != int(TRACT)
    with pytest.raises(GeoidError, match="read the column as text"):
        normalize(pd.Series([int(TRACT)], dtype="float32"), level="tract")
    assert normalize(pd.Series([9001], dtype="float32"), level="county").tolist() == ["09001"]


@pytest.mark.parametrize("dtype", ["object", "string", "str", "category", "Int64", "float64"])
def test_the_index_is_kept_and_the_input_is_not_changed(dtype):
    series = pd.Series([1001020100, 10001040100], index=["x", "y"])
    series = (
        series.astype(str) if dtype in {"object", "string", "str", "category"} else series
    ).astype(dtype)
    before = series.copy()
    result = normalize(series, level="tract")
    assert result.to_dict() == {"x": "01001020100", "y": "10001040100"}
    pd.testing.assert_series_equal(series, before)


def test_errors_name_labels_or_lines():
    bad = pd.Series(["10001", TRACT, "7"], index=["a", "b", "c"])
    with pytest.raises(GeoidError) as caught:
        normalize(bad, level="tract")
    assert caught.value.rows == ["a", "c"]
    with pytest.raises(GeoidError, match=r"\(lines 2, 4\)"):
        normalize(bad, level="tract", first_line=2)
    bad.index = pd.Index([5, 9, 11], name="line")
    with pytest.raises(GeoidError, match=r"\(lines 5, 11\)"):
        normalize(bad, level="tract")


def test_many_bad_ids_print_five_and_count_all():
    with pytest.raises(GeoidError) as caught:
        normalize(["7"] * 1200, level="tract")
    assert (
        "1,200 ids are no tract ids (11 digits): '7', '7', '7' (rows 0, 1, 2, 3, 4 and 1,195 more)"
        in str(caught.value)
    )


def test_another_state_is_an_error():
    assert normalize([TRACT], level="tract", state="DE").tolist() == [TRACT]
    with pytest.raises(GeoidError, match="1 ids are not in Virginia"):
        normalize([TRACT], level="tract", state="51")


def test_empty_input_is_empty():
    assert normalize([], level="tract").tolist() == []
    assert normalize(pd.Series(dtype=float), level="tract").tolist() == []


def test_an_unknown_level_names_the_known_ones():
    with pytest.raises(InputError, match="choose from nation, state, county"):
        normalize([TRACT], level="tracts")


def ids_of(level):
    inside = level not in {"state", "place"}
    first = sorted(counties_of() | {"90001"} if inside else STATES)
    rest = LEVELS[level] - len(first[0])
    return st.tuples(st.sampled_from(first), st.integers(0, 10**rest - 1)).map(
        lambda pair: f"{pair[0]}{pair[1]:0{rest}d}" if rest else pair[0]
    )


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(set(LEVELS) - {"nation", "zcta"})), st.data())
def test_round_trips(level, data):
    ids = data.draw(st.lists(ids_of(level), min_size=1, max_size=5))
    for spelling in (
        ids,
        geo_id(ids, level),
        [int(i) for i in ids],
        pd.Series([float(i) for i in ids]),
        [f"{int(i)}.0" for i in ids],
        normalize(ids, level=level),
    ):
        assert normalize(spelling, level=level).tolist() == ids


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=16))
def test_any_text_is_an_id_or_a_clear_error(text):
    try:
        result = normalize([text], level="tract").iloc[0]
    except GeoidError:
        return
    assert len(result) == 11
    assert result.isascii()
    assert result.isdigit()


def test_parents_are_cut_not_guessed():
    ids = pd.Series(["100010401001000", "510010901012001"], index=[7, 8])
    assert parent(ids, "tract").to_dict() == {7: "10001040100", 8: "51001090101"}
    assert parent(ids, "nation").tolist() == ["", ""]
    with pytest.raises(GeoidError, match="not inside a block"):
        parent([TRACT], "block")


def test_water_tracts():
    assert is_water(["10001990000", "10001040100", "10001980000"]).tolist() == [True, False, False]


@pytest.mark.parametrize("value", ["VA", "va", "Virginia", " virginia ", 51, "51"])
def test_states_by_any_name(value):
    assert find_state(value).fips == "51"


def test_states_with_a_leading_zero_and_the_synthetic_one():
    assert find_state(9).usps == find_state("9").usps == find_state("09").usps == "CT"
    assert find_state("zz") == EXAMPLE_STATE
    assert EXAMPLE_STATE.synthetic
    assert sum(state.synthetic for state in STATES.values()) == 1
    assert len(STATES) == 50 + 1 + 5 + 1


@pytest.mark.parametrize(
    ("value", "fix"),
    [
        ("Virgina", "did you mean Virginia"),
        ("XX", "FIPS"),
        ("03", "FIPS"),
        ("", "FIPS"),
        ("051", "FIPS"),
    ],
)
def test_no_state_brings_a_hint(value, fix):
    with pytest.raises(InputError, match=fix):
        find_state(value)


@pytest.mark.parametrize(
    ("product", "year", "vintage"),
    [
        ("acs", 2019, "2010"),
        ("acs", 2020, "2020"),
        ("acs", 2021, "2020"),
        ("acs", 2022, "2020-CT2022"),
        ("acs", np.int64(2023), "2020-CT2022"),
        ("boundaries", 2018, "2010"),
        ("boundaries", 2021, "2020"),
        ("boundaries", 2022, "2020-CT2022"),
        ("bdc", 2024, "2020"),
        ("form477", 2016, "2010"),
        ("decennial", 2010, "2010"),
        ("decennial", 2020, "2020"),
    ],
)
def test_vintages(product, year, vintage):
    assert geo_vintage_for(product, year) == vintage


@pytest.mark.parametrize(
    ("product", "year"),
    [
        ("acs", 2009),
        ("acs", "2023"),
        ("acs", 20233),
        ("acs", True),
        ("decennial", 2015),
        ("svi", 2020),
    ],
)
def test_no_vintage_is_made_up(product, year):
    with pytest.raises(VintageError):
        geo_vintage_for(product, year)


def test_digits_could_be_a_tract_whole_or_without_its_first_zero_only():
    digits = pd.Series(["01001020100", "1001020100", "001001020100", "001020100"])
    assert could_be(digits, "tract").tolist() == [True, True, False, False]
    assert could_be(digits, "tract", lost=False).tolist() == [True, False, False, False]


def test_ids_that_are_a_tract_or_a_subdivision_are_refused_beside_a_subdivision():
    arizona, delaware = "4001942600", "1000190852"  # Oklahoma's 40 019 42600 too; no tract
    assert of_other_level(pd.Series([arizona]), "tract").tolist() == [False]
    assert of_other_level(pd.Series([delaware]), "tract").tolist() == [True]
    with pytest.raises(GeoidError, match="another one that is in the file too") as caught:
        of_other_level(pd.Series([arizona, delaware]), "tract")
    assert caught.value.rows == [0]
