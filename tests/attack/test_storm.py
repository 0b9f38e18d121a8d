"""A short round of the attack: whatever is tried is right, or refused in one line."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import calls
import damage
import mutants
from ground import Ground

SEED = 20261126


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    return Ground(tmp_path_factory.mktemp("storm"))


@pytest.fixture(autouse=True)
def _apart(ground):
    """Wrong paths lead nowhere, and what other libraries warn of is their matter."""
    here = Path.cwd()
    os.chdir(ground.scratch)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    os.chdir(here)


def test_mutated_studies(ground):
    tally = mutants.storm(ground, 400, SEED, most=4)
    assert tally.bad == {}, tally.told()
    assert tally.counts["refused"] > 200


def test_damaged_inputs(ground):
    tally = damage.storm(ground, 150, SEED)
    assert tally.bad == {}, tally.told()
    assert tally.counts["kinds"] > 60


def test_wrong_calls(ground):
    tally = calls.storm(ground, SEED, share=0.02)
    assert tally.bad == {}, tally.told()
    assert tally.counts["refused"] > 100


def test_a_number_that_changes_under_a_checksum_would_be_seen(ground):
    """The attack itself can fail: a reader that ignores what is wrong is told."""
    name, (content, read) = "t.zip", damage.subjects(ground)["table/t.zip"]
    place = ground.scratch / "seen"
    whole = damage.frame(damage._put(place / name, content, read))
    found = damage.classify(name, content, lambda p: read(p) * 2, whole, place, sealed=True)
    assert found[0] == mutants.CHANGED
    found = damage.classify(name, content, lambda p: {}["x"], whole, place, sealed=True)
    assert found[0] == mutants.TRACEBACK
