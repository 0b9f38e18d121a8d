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
from equity.example._tables import tabulate
from equity.example.state import SEED
from equity.measures.standing import Criterion

CUTS = {"poverty": 0.20, "uninsured": 0.12, "no_vehicle": 0.10, "disability": 0.18}
CELLS = {
    "poverty": ("B17001", (2,)),
    "uninsured": ("B27010", (17, 33, 50, 66)),
    "no_vehicle": ("B08201", (2,)),
    "disability": ("B18101", tuple(range(4, 20, 3)) + tuple(range(23, 39, 3))),
}


class MadeUp:
    """A made-up state, and surveys of it, each anew."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.land = build_land(build_mesh(self.luck(1)), self.luck(2))
        wealth = wealth_of(self.land, self.luck(3))
        self.homes = build_homes(self.land, wealth, 1.0, self.luck(4))
        reach = footprints(terrain(self.land, wealth), self.land.tract, self.luck(10))
        self.wired = reach.wired_share()

    def luck(self, *part: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, *part])

    def survey(self, number: int):
        h, keys = draw_households(self.land, self.homes, self.wired, self.luck(5, number))
        p = draw_persons(h, self.luck(6, number))
        n = len(self.land.tract_geoids)
        return tabulate(h, p, keys // 10, n, noise=self.luck(7, number))

    def table(self, number: int) -> pd.DataFrame:
        """The criteria as one survey finds them, with the margins that it states."""
        found = self.survey(number)
        out = pd.DataFrame(index=self.land.tract_geoids)
        out["population_n"] = found.estimate["B01003_001"].astype(float)
        for name, (table, cells) in CELLS.items():
            names = [f"{table}_{cell:03d}" for cell in cells]
            met = sum(found.estimate[one] for one in names).astype(float)
            margin = np.sqrt(sum(found.margin[one].astype(float) ** 2 for one in names))
            of, of_moe = (x[f"{table}_001"] for x in (found.estimate, found.margin))
            of = pd.Series(of, out.index, dtype=float).where(lambda n: n > 0)
            out[f"{name}_share"] = met / of
            out[f"{name}_share_moe"] = eq.moe_share(met, margin, of, of_moe.astype(float))
        return out

    def truth(self, surveys: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Mean share of many surveys by tract, and the standard deviation of one."""
        names = [f"{name}_share" for name in CUTS]
        every = np.stack([self.table(i)[names].to_numpy() for i in range(surveys)])
        mean, sd = every.mean(axis=0), every.std(axis=0)
        return tuple(pd.DataFrame(x, self.land.tract_geoids, names) for x in (mean, sd))


def truly_first(shares: pd.DataFrame) -> pd.Series:
    return sum(shares[f"{name}_share"] >= cut for name, cut in CUTS.items()) >= 2


def calibrated(stated: pd.Series, true: pd.Series) -> pd.DataFrame:
    frame = pd.DataFrame({"stated": stated, "true": true.astype(float), "n": 1})
    bins = np.digitize(frame["stated"], (0.1, 0.3, 0.5, 0.7))
    return frame.groupby(bins).agg({"stated": "mean", "true": "mean", "n": "sum"})


@pytest.mark.slow
def test_margins_are_those_of_the_noise_that_a_survey_adds():
    state = MadeUp(SEED)
    _, sd = state.truth(100)
    margins = [state.table(i) for i in range(10)]
    for name in CUTS:
        stated = sum(t[f"{name}_share_moe"].fillna(0.0) ** 2 for t in margins) / len(margins)
        ratio = sd[f"{name}_share"] / (np.sqrt(stated) / 1.645)
        assert ratio.median() == pytest.approx(1.0, abs=0.1), name


@pytest.mark.slow
def test_the_example_s_list_holds_about_as_many_true_places_as_its_probabilities_expect():
    shares, _ = MadeUp(SEED).truth(300)
    table = eq.Study.load(eq.load_example().study).run().table
    # The tables are one more survey of the same truth: their errors are the sample's alone.
    off = table["disability_share"] - shares["disability_share"]
    assert abs(off.mean()) < 0.005
    truly, stated = truly_first(shares)[table.index], table["under_resourced_probability"]
    # A dozen tracts lie within half a point of a cut-off, about what 300 surveys can tell.
    assert 6 <= truly.sum() <= 10
    assert table["is_under_resourced"].sum() == 31
    assert stated.sum() == pytest.approx(truly.sum(), abs=3)
    assert (truly & (stated < 0.1)).sum() <= 3


@pytest.mark.slow
def test_probabilities_come_true_over_made_up_states():
    """Ten states of the generator, three surveys of each: no law of the package made their truth."""
    criteria = [Criterion(f"{name}_share", at_least=cut) for name, cut in CUTS.items()]
    said, came = [], []
    for seed in range(SEED, SEED + 10):
        state = MadeUp(seed)
        truly = truly_first(state.truth(120)[0])
        for number in range(1000, 1003):
            table = state.table(number).assign(
                beyond_reach_share=1.0, qualifying_share=1.0, connected_share=0.8
            )
            table["connected_share_moe"] = 0.0
            found = eq.standing(table, criteria, at_least=2)["under_resourced_probability"]
            said.append(found.dropna())
            came.append(truly[said[-1].index])
    stated = calibrated(pd.concat(said), pd.concat(came))
    many = stated[stated["n"] >= 40]
    assert len(many) >= 3
    assert (many["stated"] - many["true"]).abs().max() < 0.1, stated
