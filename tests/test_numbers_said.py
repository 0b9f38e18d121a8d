"""Every number of a finding stands in a table; Delaware and three counties: ``tests/real``."""

from __future__ import annotations

from dataclasses import replace

import pytest
from numbers_said import without_a_cell


@pytest.fixture(scope="module")
def report(example_result):
    return example_result.report()


def test_every_number_of_the_example_s_finding_stands_in_a_table(report):
    assert without_a_cell(report) == []


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("33.6 %", "33.7 %"),
        ("26,400", "26,300"),
        ("17.6 points", "17.7 points"),
        ("± 480", "± 490"),
    ],
)
def test_a_number_that_no_table_holds_is_found(report, said, wrong):
    finding = tuple(sentence.replace(said, wrong) for sentence in report.finding)
    assert finding != report.finding
    (lost,) = without_a_cell(replace(report, finding=finding))
    assert lost.startswith(wrong.removeprefix("± "))
