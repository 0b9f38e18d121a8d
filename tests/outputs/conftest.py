"""Fixtures of the outputs: a small made-up place, and a headless browser where there is one."""

from __future__ import annotations

import pytest
from browser import Browser, find_browser
from outputs_data import make_report, make_table


@pytest.fixture
def table():
    return make_table()


@pytest.fixture
def report(table):
    return make_report(table)


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium with the network off; the test skips where there is none."""
    if find_browser() is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with Browser() as running:
        yield running
