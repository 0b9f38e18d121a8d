"""Standings of the example against what its generator knows: a truth that no measure had a part in."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import equity as eq
from equity.example._homes import build_homes, wealth_of
from equity.example._land import build_land
from equity.example._lines import footprints, terrain
from equity.example._mesh import build_mesh
from equity.example._survey import draw_households, draw_persons
from equity.example.state import SEED

CUTS = {"poverty": 0.20, "uninsured": 0.12, "no_vehicle": 0.10, "disability": 0.18}
SURVEYS = 300


def true_shares() -> pd.DataFrame:
    """Surveys of the same made-up state, each anew, and their mean by tract."""

    def luck(*part: int) -> np.random.Generator:
        return np.random.default_rng([SEED, *part])

    land = build_land(build_mesh(luck(1)), luck(2))
    wealth = wealth_of(land, luck(3))
    homes = build_homes(land, wealth, 1.0, luck(4))
    wired = footprints(terrain(land, wealth), land.tract, luck(10)).wired_share()
    n = len(land.tract_geoids)
    met, asked = np.zeros((4, n)), np.zeros((4, n))
    for survey in range(SURVEYS):
        h, keys = draw_households(land, homes, wired, luck(5, survey))
        p = draw_persons(h, luck(6, survey))
        of_home = keys[h.group] // 10
        of_person, weight = of_home[p.home], h.weight[p.home]
        for i, (tract, heavy, yes) in enumerate(
            [
                (of_person, weight, h.ratio[p.home] < 1),
                (of_person, weight, p.uninsured),
                (of_home, h.weight, ~h.vehicle),
                (of_person, weight, p.disability),
            ]
        ):
            met[i] += np.bincount(tract, heavy * yes, minlength=n)
            asked[i] += np.bincount(tract, heavy, minlength=n)
    shares = np.divide(met, asked, out=np.full_like(met, np.nan), where=asked > 0)
    return pd.DataFrame(shares.T, index=land.tract_geoids, columns=list(CUTS))


@pytest.mark.slow
def test_few_tracts_are_under_resourced_in_truth_and_the_draws_expect_few():
    shares = true_shares()
    table = eq.Study.load(eq.load_example().study).run().table
    # The tables are one more survey of the same truth: their errors are the sample's alone.
    off = table["disability_share"] - shares["disability"]
    assert abs(off.mean()) < 0.005
    truly = sum(shares[name] >= cut for name, cut in CUTS.items()) >= 2
    truly = truly[table.index]
    called = table["is_under_resourced"]
    stated = table["under_resourced_probability"]
    # A dozen tracts lie within half a point of a cut-off, about what 300 surveys can tell.
    assert 4 <= truly.sum() <= 8
    assert called.sum() == 31
    assert (truly & ~called).sum() <= 1
    assert stated.sum() == pytest.approx(6.0, abs=0.1)
    low = stated < 0.1
    assert low.sum() == 166
    assert (truly & low).sum() <= 3
