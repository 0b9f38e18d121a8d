"""Numbers in words: one rounding, no false zero, no empty cell."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from equity.areas.words import (
    about,
    about_all,
    alternatives,
    count,
    missing,
    number,
    plural,
    points,
    say,
    sentence_list,
    share,
)
from equity.language import language


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0.0 %"),
        (1, "100.0 %"),
        (0.0004, "under 0.1 %"),
        (0.9996, "over 99.9 %"),
        (0.9985, "99.9 %"),
        (0.0005, "0.1 %"),
        (0.4216, "42.2 %"),
    ],
)
def test_a_share_is_never_rounded_to_a_false_nothing_or_everything(value, expected):
    assert share(value) == expected


def test_a_difference_of_shares_is_in_points_with_its_margin():
    assert points(-0.123, 0.045) == "12.3 points (± 4.5)"
    assert points(0.01) == points(0.01, math.nan) == "1.0 points"


@pytest.mark.parametrize("value", [None, math.nan, pd.NA, pd.NaT, np.float64("nan"), math.inf])
def test_a_missing_value_says_why(value):
    assert say(value, "people", status="no_population") == "n/a (nobody lives here)"
    assert say(value, "share") == "n/a (missing in the source)"


def test_an_unknown_status_is_still_words():
    assert missing("some_new_status") == "n/a (some new status)"


def test_a_wide_margin_costs_digits_a_narrow_one_does_not():
    assert say(1243, "people", moe=310) == "1,240 ± 310 people"
    assert say(1243, "people", moe=31) == "1,243 ± 31 people"


def test_units():
    assert say(12.34, "km") == "12.3 km"
    assert say(0.4216, "share", moe=0.0123) == "42.2 % ± 1.2"
    assert say(5, "n") == "5"
    assert say(5, "people", with_unit=False) == "5"
    assert say(0, "people", moe=12) == "0 ± 12 people"
    assert say(4.0, "number") == "4"
    assert say(0.834, "index", moe=0.12) == "0.83 ± 0.12"
    assert say(0, "people", moe=0) == "0 people"
    assert say(0.001, "share", moe=0.0001) == "0.1 % ± under 0.1"
    assert say(0.83, "index", moe=0.001) == "0.83 ± under 0.01"
    assert say(-78.25, "deg") == "-78.25 degrees"
    assert number(-0.2) == "0"
    assert count(0.3) == "under 1"


def test_sentences():
    assert plural(1, "tract") == "1 tract"
    assert plural(2198, "county", "counties") == "2,198 counties"
    assert sentence_list(["a", "b", "c"]) == "a, b and c"
    assert sentence_list(["a"]) == "a"


@pytest.mark.parametrize(
    ("join", "items", "english", "spanish"),
    [
        (sentence_list, ["a", "b", "c"], "a, b and c", "a, b y c"),
        (sentence_list, ["padre", "hijo"], "padre and hijo", "padre e hijo"),
        (sentence_list, ["agua", "hielo"], "agua and hielo", "agua y hielo"),
        (sentence_list, ["a", "índice"], "a and índice", "a e índice"),
        (alternatives, ["a", "b", "c"], "a, b or c", "a, b o c"),
        (alternatives, ["uno", "otro"], "uno or otro", "uno u otro"),
        (alternatives, ["uno"], "uno", "uno"),
    ],
)
def test_lists_are_joined_as_each_language_does(join, items, english, spanish):
    assert join(items) == english
    with language("es"):
        assert join(items) == spanish


def test_numbers_in_words_are_said_in_the_language():
    with language("es"):
        assert (share(0.0004), share(0.9996)) == ("menos de 0.1 %", "más de 99.9 %")
        assert (count(0.3), about(0.2), about(0)) == ("menos de 1", "menos de 1", "0")
        assert missing().startswith("n/")
        assert number(-0.2) == "0"


@pytest.mark.parametrize(
    ("values", "moes", "said"),
    [
        ([285, 24_281, 4_409], [300, 2_000, 900], ["300", "24,300", "4,400"]),
        ([60, 405, 249], [None] * 3, ["60", "405", "249"]),
        ([0, 1118.4, 321.6], [np.nan] * 3, ["0", "1,118", "322"]),
        ([0.2, 31_000, 0], [1, 9_000, 1], ["under 1", "31,000", "0"]),
    ],
)
def test_parts_of_a_whole_have_one_rounding_and_add_up_to_it(values, moes, said):
    assert about_all(values, moes) == said
    finest = min(10.0 ** (len(t) - len(t.rstrip("0"))) for t in said if t[0] not in "0u")
    whole = sum(float(t.replace(",", "")) for t in said if t[0] != "u")
    assert abs(whole - sum(values)) <= 1.5 * finest
