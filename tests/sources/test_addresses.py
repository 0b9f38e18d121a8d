"""ZIP codes and states of address lists: repaired where it is sure, never dropped without a word."""

from __future__ import annotations

import nppes_rows
import pandas as pd
import pytest
from door_files import put
from hypothesis import given
from hypothesis import strategies as st

from equity.areas.geoid import STATES
from equity.errors import InputError
from equity.provenance import meta
from equity.sources.care.addresses import postal_codes, zip_codes
from equity.sources.care.cms import read_clinicians, read_hospitals
from equity.sources.care.nppes import read_nppes

ZERO = ["CT", "MA", "ME", "NH", "NJ", "RI", "VT"]
HOSPITAL = (
    "Facility ID,Facility Name,Address,City/Town,State,ZIP Code,Hospital Type,Emergency Services"
)
STATE = "Provider Business Practice Location Address State Name"
ZIP = "Provider Business Practice Location Address Postal Code"


def codes(text, state):
    return zip_codes(pd.Series([text]), pd.Series([state])).iloc[0]


@given(st.integers(1001, 9999), st.sampled_from(ZERO), st.sampled_from(["", "1234"]))
def test_a_zero_comes_back_where_the_states_codes_begin_with_one(number, state, more):
    whole = f"{number:05d}" + (f"-{more}" if more else "")
    for written in (
        f"{number}{more}",
        f"{number:05d}{more}",
        whole,
        f"{number}{more}.0",
        f" {whole} ",
    ):
        assert codes(written, state) == whole


@given(st.integers(501, 999), st.sampled_from(["PR", "VI"]))
def test_two_zeros_come_back_in_the_islands(number, state):
    assert codes(str(number), state) == f"{number:05d}"


@given(
    st.text("0123456789- x", max_size=11), st.sampled_from(sorted(s.usps for s in STATES.values()))
)
def test_whatever_is_written_is_a_code_or_unknown_and_whole_codes_stay(text, state):
    code = codes(text, state)
    digits = "".join(c for c in text if c.isdigit())
    if code is None:
        assert len(digits) not in {5, 9} or "x" in text
    else:
        assert len(code) in {5, 10}
        assert code.replace("-", "").endswith(digits)
        assert set(code.replace("-", "").removesuffix(digits)) <= {"0"}


@pytest.mark.parametrize(
    ("text", "state"), [("2134", "VA"), ("21341234", "VA"), ("601", "MA"), ("12", "MA"), ("", "MA")]
)
def test_what_cannot_be_checked_is_not_repaired(text, state):
    assert codes(text, state) is None


@pytest.mark.parametrize(
    "state", [s for s in STATES.values() if not s.synthetic], ids=lambda s: s.usps
)
def test_every_spelling_of_a_state_is_its_postal_code(state):
    spelled = [state.usps, state.usps.lower(), f"{state.usps} ", state.name, state.name.upper()]
    assert set(postal_codes(pd.Series(spelled))) == {state.usps}


def hospitals(tmp_path, *states):
    rows = (f"22000{n},H{n},1 Main,Town,{s},2134,Acute,Yes" for n, s in enumerate(states))
    return put(tmp_path, "\n".join([HOSPITAL, *rows]) + "\n")


def test_hospitals_of_a_state_however_it_is_written(tmp_path):
    path = hospitals(tmp_path, "MA", "Massachusetts", "ma", "MASSACHUSETTS", "VT")
    table = read_hospitals(path, as_of="2026", state="MA")
    assert table.index.tolist() == ["220000", "220001", "220002", "220003"]
    assert set(table["zip"]) == {"02134"}
    assert set(table["state"]) == {"MA"}


def test_a_word_that_is_no_state_is_never_a_silent_drop(tmp_path):
    path = hospitals(tmp_path, "MA", "Massachusets")
    with pytest.raises(InputError, match=r"none: 'Massachusets' \(rows 220001\)") as caught:
        read_hospitals(path, as_of="2026", state="MA")
    assert caught.value.fix == "write the postal code there, such as VA"
    assert len(read_hospitals(hospitals(tmp_path, "MA", "MA"), as_of="2026", state="MA")) == 2


def test_clinicians_are_found_in_any_spelling_and_one_place_is_one(tmp_path):
    head = "NPI,pri_spec,Telehlth,Facility Name,adr_ln_1,City/Town,State,ZIP Code"
    rows = [
        f"1245319599,FAMILY PRACTICE,Y,A,1 Main,Town,{s},{z}"
        for s, z in (("MA", "02134"), ("Massachusetts", "2134"))
    ]
    table = read_clinicians(put(tmp_path, "\n".join([head, *rows])), as_of="2026", state="25")
    assert table["zip"].tolist() == ["02134"]
    assert table["fte"].tolist() == [1.0]


def test_the_register_is_filtered_by_any_spelling_and_counts_words_that_are_no_state(tmp_path):
    said = ["VIRGINIA", "va", "VA ", "Virginia", "ONTARIO", "MD"]
    rows = [nppes_rows.row(20 * n, **{STATE: s, ZIP: "232190001"}) for n, s in enumerate(said)]
    path = put(tmp_path, nppes_rows.header() + b"".join(rows), "npidata_pfile.csv")
    table = read_nppes(path, as_of="2026", states=["VA"])
    assert table["state"].tolist() == ["VA"] * 4
    assert table["zip"].tolist() == ["23219"] * 4
    assert meta(table).notes == (
        "npidata_pfile.csv: 1 providers whose state is none left out ('ONTARIO' 1)",
    )
    assert len(read_nppes(path, as_of="2026")) == 6


def test_a_code_with_more_digits_is_never_cut_into_another(tmp_path):
    rows = [nppes_rows.row(0, **{STATE: "MA", ZIP: "21341234"})]
    path = put(tmp_path, nppes_rows.header() + b"".join(rows), "npidata_pfile.csv")
    assert read_nppes(path, as_of="2026")["zip"].tolist() == ["02134"]


def test_the_register_may_have_passed_through_a_tool_that_makes_decimals(tmp_path):
    rows = [nppes_rows.row(20 * n, **{"Entity Type Code": "1.0", ZIP: "23219.0"}) for n in range(2)]
    path = put(tmp_path, nppes_rows.header() + b"".join(rows), "npidata_pfile.csv")
    table = read_nppes(path, as_of="2026")
    assert table["is_person"].tolist() == [True, True]
    assert table["zip"].tolist() == ["23219", "23219"]
