"""Fixtures of the outputs: a small made-up place, and a headless browser where there is one."""

from __future__ import annotations

import pytest
from outputs_data import make_report, make_table


@pytest.fixture
def table():
    return make_table()


@pytest.fixture
def report(table):
    return make_report(table)
