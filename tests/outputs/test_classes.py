"""Map classes: every value inside the class whose label it shows."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest

from equity.outputs._classes import CIVIDIS, ZERO, classify

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
        assert not re.search(r"[\[\]()]", label)


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
    values = np.linspace(0.1, 0.9, 50)
    assert classify(values, "share", column="gap_share").colors == CIVIDIS
    assert classify(values, "share", column="connected_share").colors == CIVIDIS[::-1]
    assert classify(values, "share", column="qualifying_share__fcc_25_3").colors[0] == CIVIDIS[-1]


def test_a_common_zero_is_pale():
    found = classify([0, 0, 0, 0, 5, 9, 40, 80, 200], "people", column="gap_n")
    assert found.colors[0] == ZERO
    assert found.labels[0] == "0 people"


def test_neighboring_classes_differ_in_gray():
    def gray(color):
        return sum(w * int(color[i : i + 2], 16) for w, i in ((0.299, 1), (0.587, 3), (0.114, 5)))

    steps = [gray(c) for c in (ZERO, *CIVIDIS)]
    assert all(a - b > 20 for a, b in pairwise(steps))
