"""Map classes: every value inside the class whose label it shows."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest

from equity.areas.schema import columns, describe, layers_in
from equity.outputs._classes import classify
from equity.outputs._colors import (
    CHANGE,
    COLORS,
    NEUTRAL,
    NEUTRAL_CHANGE,
    NEUTRAL_ZERO,
    NO_DATA,
    RAMP,
    ZERO,
)

RANDOM = np.random.default_rng(3)
CASES = {
    "skewed people": (RANDOM.gamma(0.7, 90, 400), "people"),
    "shares": (RANDOM.beta(2, 3, 400), "share"),
    "high shares": (RANDOM.beta(60, 1, 400), "share"),
    "mostly zero": (np.r_[np.zeros(300), RANDOM.beta(1, 20, 80)], "share"),
    "kilometers": (RANDOM.gamma(2, 6, 400), "km"),
    "one value": (np.full(5, 0.25), "share"),
    "all zero": (np.zeros(4), "people"),
    "two values": (np.array([1.0, 9.0]), "people"),
    "below one": (RANDOM.uniform(0, 0.4, 50), "people"),
    "tiny and huge": (10.0 ** RANDOM.uniform(-3, 7, 300), "people"),
}


def limits(label):
    label = re.sub(r" \(.*", "", label)  # miles in brackets
    numbers = [float(n.replace(",", "")) for n in re.findall(r"[\d,]+(?:\.\d+)?", label)]
    return numbers[0], numbers[-1]


@pytest.mark.parametrize("case", CASES)
def test_each_label_covers_its_values(case):
    values, unit = CASES[case]
    found = classify(values, unit)
    shown = (
        np.round(values * 100, 1) if unit == "share" else np.round(values, 1 if unit == "km" else 0)
    )
    assert 1 <= len(found.labels) <= 5
    assert len(set(found.labels)) == len(found.labels)
    assert sum(found.counts) == len(values)
    assert min(found.counts) > 0
    for k, label in enumerate(found.labels):
        low, high = (0, 0) if label.startswith("under 1") else limits(label)
        inside = shown[found.codes == k]
        assert inside.min() >= low - 1e-9, label
        assert inside.max() <= high + 1e-9, label
        assert not re.search(r"[\[\]]", label)


def test_missing_values_have_no_class():
    found = classify([np.nan, 1.0, 2.0, np.nan], "people")
    assert found.codes.tolist()[0] == found.codes.tolist()[3] == -1
    assert classify([np.nan], "people").labels == ()


def test_labels_have_units_and_whole_people_do_not_overlap():
    found = classify(np.arange(100.0), "people")
    assert all(label.endswith(" people") for label in found.labels)
    ends = [limits(label) for label in found.labels]
    assert all(a[1] < b[0] for a, b in pairwise(ends))


def test_darker_is_worse():
    values, limits = np.linspace(0.1, 0.9, 50), (0.2, 0.3, 0.4, 0.5, 0.6)
    assert classify(values, "share", direction="higher", limits=limits).colors == RAMP
    assert classify(values, "share", direction="lower", limits=limits).colors == RAMP[::-1]
    five = classify(values, "share", direction="higher").colors
    assert (five[0], five[-1], len(five)) == (RAMP[0], RAMP[-1], 5)


def test_where_nothing_is_worse_the_ramp_is_gray_and_darker_is_more():
    values = np.linspace(0.1, 0.9, 50)
    assert set(classify(values, "share", direction="neither").colors) < set(NEUTRAL)
    for color in (*NEUTRAL, NEUTRAL_ZERO):
        red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
        assert max(red, green, blue) - min(red, green, blue) < 30


MOSTLY_ZERO = [0, 0, 0, 0, 5, 9, 40, 80, 200]


def test_a_common_zero_is_pale_unless_it_is_the_worst():
    found = classify(MOSTLY_ZERO, "people", direction="higher")
    assert found.colors[0] == ZERO
    assert found.labels[0] == "0 people"
    assert classify(MOSTLY_ZERO, "people", direction="neither").colors[0] == NEUTRAL_ZERO
    worst = classify(MOSTLY_ZERO, "people", direction="lower")
    assert worst.colors[0] == RAMP[-1]
    assert len(worst.colors) == len(worst.labels) == 5


def test_given_limits_make_the_same_legend_everywhere():
    here = classify([0.05, 0.1, 0.2499, 0.25, 0.9], "share", limits=(0.1, 0.25))
    there = classify([0.3, np.nan], "share", limits=(0.1, 0.25))
    assert here.labels == there.labels == ("0.1 to 10 %", "10 to 25 %", "25 % or more")
    assert here.colors == there.colors
    # 0.2499 is shown as 25.0 % and stands where 25.0 % stands.
    assert here.codes.tolist() == [0, 1, 2, 2, 2]
    assert there.codes.tolist() == [2, -1]
    people = classify([9, 10, 49, 50], "people", limits=(10, 50))
    assert people.labels == ("1 to 9 people", "10 to 49 people", "50 people or more")
    assert people.codes.tolist() == [0, 1, 1, 2]
    # Whole things counted from one: nothing has one class, not two.
    settings = classify([0, 0, 1, 2, 7], "n", limits=(1, 3))
    assert settings.labels[0] == "0"
    assert settings.codes.tolist() == [0, 0, 1, 1, 2]


def test_a_change_has_round_classes_around_none_and_a_color_each_way():
    (people,) = describe(["gap_n_change"])
    (points,) = describe(["connected_share_change"])
    values = [-900, -250, -249, -50, -49, 0, 49, 50, 249, 250, np.nan]
    found = classify(values, "people", direction=people.direction, limits=people.scale)
    assert found.codes.tolist() == [0, 0, 1, 1, 2, 2, 2, 3, 3, 4, -1], "both sides alike"
    assert found.labels == (
        "down 250 people or more", "down 50 to 250 people", "under 50 people either way",
        "up 50 to 250 people", "up 250 people or more",
    )  # fmt: skip
    assert found.colors == CHANGE
    shares = classify([-0.06, 0.012, 0.2], "share", direction=points.direction, limits=points.scale)
    assert shares.labels[1] == "down 1 to 5 points"
    assert shares.colors == CHANGE[::-1], "more connected homes are better"
    assert shares.codes.tolist() == [0, 3, 4]
    (plain,) = describe(["population_n_change"])
    assert classify(values, "people", limits=plain.scale).colors == NEUTRAL_CHANGE
    assert describe(["gap_n_change_q"])[0].scale == describe(["gap_n_before"])[0].scale == ()
    assert classify(values, "people", limits=(-50, 50)).colors == NEUTRAL_CHANGE[::2]


def test_neighboring_classes_differ_in_gray():
    def gray(color):
        return sum(w * int(color[i : i + 2], 16) for w, i in ((0.299, 1), (0.587, 3), (0.114, 5)))

    for ramp in ((ZERO, *RAMP), (NEUTRAL_ZERO, *NEUTRAL)):
        steps = [gray(c) for c in ramp]
        assert all(a - b > 20 for a, b in pairwise(steps))
    for ramp in (CHANGE, NEUTRAL_CHANGE):
        steps = [gray(c) for c in ramp]
        assert len({round(s / 20) for s in steps}) == len(steps), "no two look the same in gray"
        assert all(abs(a - b) > 20 for a, b in pairwise(steps))


def test_every_layer_of_the_package_has_five_to_seven_round_classes_or_words():
    declared = [c for c in layers_in(columns()) if not c.words]
    assert len(declared) > 10
    for column in declared:
        assert 3 <= len(column.scale) <= 5, column.name
        for limit in column.scale:
            assert float(f"{limit:.2g}") == limit, column.name


@pytest.mark.parametrize(
    ("values", "unit", "first", "codes"),
    [
        ([0.0, 0.2, 9.0, 60.0], "people", "under 1 person", [0, 0, 1, 3]),
        ([0.0, 0.0004, 0.02, 0.3], "share", "under 0.1 %", [0, 0, 1, 3]),
        ([0.0, 1.0, 12.0, 60.0], "km", "under 10 km (6 mi)", [0, 0, 1, 2]),
    ],
)
def test_what_shows_as_nothing_stands_apart_from_the_lowest_class(values, unit, first, codes):
    cuts = (0.1, 0.25) if unit == "share" else (10, 50)
    found = classify(values, unit, direction="higher", limits=cuts)
    assert found.labels[0] == first
    assert found.codes.tolist() == codes
    assert found.colors[0] == (RAMP[0] if unit == "km" else ZERO)
    without = classify(values[2:], unit, direction="higher", limits=cuts)
    assert without.colors == found.colors[-3:], "the same color means the same number"
    assert without.labels == found.labels[-3:]


def test_what_is_chosen_and_what_is_unknown_have_colors_of_their_own():
    scale = {*RAMP, ZERO, *NEUTRAL, NEUTRAL_ZERO}
    assert not scale & {NO_DATA, COLORS["picked"], COLORS["under"]}
    assert list(COLORS.values()).count(COLORS["picked"]) == 1
