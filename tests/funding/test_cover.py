"""The choice itself: held against every choice there is, on small random cases."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy import sparse

from equity.errors import EquityError
from equity.funding import _milp
from equity.funding._cover import Bar, Cover, collapsed, greedy, in_order
from equity.funding._milp import best_cover, cover_bound


def cover_of(sets, brings, cost, worth, *, group=None, place=None, cap=(np.inf,), bars=()):
    """A cover from sets of cells, one a project."""
    worth = np.asarray(worth, dtype=float)
    reach = np.zeros((len(sets), worth.shape[1]), dtype=bool)
    for project, cells in enumerate(sets):
        reach[project, list(cells)] = True
    return Cover(
        reach=sparse.csr_array(reach),
        brings=np.asarray(brings, dtype=np.int8),
        cost=np.asarray(cost, dtype=float),
        worth=worth,
        people=worth,
        group=np.arange(len(sets)) if group is None else np.asarray(group),
        place=np.zeros(len(sets), dtype=np.intp) if place is None else np.asarray(place),
        cap=np.asarray(cap, dtype=float),
        bars=bars,
    )


def random_cover(seed, *, projects=8, cells=7, bundles=True):
    """Bundles that overlap, groups, two places with a cap, and worths as areas have them."""
    rng = np.random.default_rng(seed)
    people, beyond, a, c = rng.integers(1, 60, cells), rng.random(cells), *rng.random((2, cells))
    a[rng.random(cells) < 0.2] = c[rng.random(cells) < 0.2] = 1.0
    usable = np.minimum(a, c)
    worth = people * beyond * np.stack([0 * a, c - usable, a - usable, 1 - usable])
    sets = [np.flatnonzero(rng.random(cells) < 0.35).tolist() or [0] for _ in range(projects)]
    brings = rng.integers(1, 4, projects) if bundles else np.ones(projects)
    return cover_of(
        sets, brings, rng.integers(1, 20, projects), worth,
        group=rng.integers(0, projects, projects) if seed % 2 else None,
        place=rng.integers(0, 2, projects), cap=[np.inf, 18.0] if seed % 3 else [np.inf, np.inf],
    )  # fmt: skip


def naive_value(cover, chosen, worth=None):
    """Cell by cell: what reaches it, and what that is worth."""
    worth = cover.worth if worth is None else worth
    reach, total = cover.reach.toarray(), 0.0
    for cell in range(reach.shape[1]):
        state = 0
        for project in np.flatnonzero(chosen):
            if reach[project, cell]:
                state |= int(cover.brings[project])
        total += worth[state, cell]
    return total


def naive_fits(cover, chosen, budget):
    spent = cover.cost[chosen].sum() <= budget
    apart = len(set(cover.group[chosen].tolist())) == chosen.sum()
    capped = all(
        cover.cost[chosen & (cover.place == place)].sum() <= cap
        for place, cap in enumerate(cover.cap)
    )
    everybody = naive_value(cover, chosen, cover.people)
    barred = all(
        naive_value(cover, chosen, bar.worth)
        >= (bar.at_least_n if bar.at_least_n is not None else bar.at_least_share * everybody) - 1e-9
        for bar in cover.bars
    )
    return spent and apart and capped and barred


def brute(cover, budget):
    """The best of all choices; minus infinity if none is allowed."""
    every = (np.array(bits, dtype=bool) for bits in product([0, 1], repeat=len(cover.cost)))
    return max(
        (naive_value(cover, one) for one in every if naive_fits(cover, one, budget)),
        default=-np.inf,
    )


@pytest.mark.parametrize("seed", range(12))
def test_the_best_choice_is_the_best_of_all(seed):
    cover = random_cover(seed)
    budget = float(cover.cost.sum() * 0.4)
    chosen, bound = best_cover(cover, budget, gap=0.0, seconds=60)
    best = brute(cover, budget)
    assert naive_fits(cover, chosen, budget)
    assert naive_value(cover, chosen) == pytest.approx(best)
    assert bound >= best - 1e-6
    assert cover_bound(cover, budget) >= best - 1e-6
    small, _ = collapsed(cover)
    assert small.value(chosen) == pytest.approx(best)
    assert small.value(best_cover(small, budget, gap=0.0, seconds=60)[0]) == pytest.approx(best)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("kind", ["at_least_share", "at_least_n"])
def test_bars_bind_the_best_choice_as_they_bind_all(seed, kind):
    cover = random_cover(100 + seed, projects=7)
    marked = np.random.default_rng(seed).random(cover.worth.shape[1]) < 0.4
    most = brute(replace(cover, worth=cover.worth * marked), float(cover.cost.sum() * 0.5))
    amount = {"at_least_share": 0.6, "at_least_n": 0.7 * most}[kind]
    cover = replace(cover, bars=(Bar(cover.people * marked, "some", **{kind: amount}),))
    budget = float(cover.cost.sum() * 0.5)
    chosen, _ = best_cover(cover, budget, gap=0.0, seconds=60)
    assert naive_fits(cover, chosen, budget)
    assert naive_value(cover, chosen) == pytest.approx(brute(cover, budget))
    twin = greedy(cover, budget)
    assert cover.breaks(twin, budget) or naive_fits(cover, twin, budget)


@pytest.mark.parametrize("seed", range(12))
def test_the_greedy_choice_keeps_its_promise(seed):
    cover = random_cover(200 + seed, bundles=False)
    cover = replace(cover, group=np.arange(len(cover.cost)), cap=np.array([np.inf, np.inf]))
    budget = float(cover.cost.sum() * 0.4)
    chosen = greedy(cover, budget)
    assert naive_fits(cover, chosen, budget)
    assert naive_value(cover, chosen) >= 0.5 * (1 - 1 / np.e) * brute(cover, budget)


@pytest.mark.parametrize("seed", range(12))
def test_the_order_adds_up_to_the_choice_and_counts_nobody_twice(seed):
    cover = random_cover(300 + seed)
    chosen, _ = best_cover(cover, float(cover.cost.sum()), gap=0.0, seconds=60)
    picks = in_order(cover, chosen)
    assert sorted(pick.project for pick in picks) == np.flatnonzero(chosen).tolist()
    so_far = np.zeros(len(cover.cost), dtype=bool)
    for pick in picks:
        before = naive_value(cover, so_far)
        so_far[pick.project] = True
        assert pick.gain == pytest.approx(naive_value(cover, so_far) - before, abs=1e-9)


def test_a_line_and_a_home_that_reach_nobody_apart_are_chosen_together():
    # Lines and homes both at 40 %: neither alone brings anybody in.
    cover = cover_of([[0], [0]], [1, 2], [1, 1], [[0], [0], [0], [60]])
    chosen, bound = best_cover(cover, 2, gap=0.0, seconds=60)
    assert chosen.all()
    assert bound == pytest.approx(60)
    assert [pick.gain for pick in in_order(cover, chosen)] == [0, 60]


def test_a_dearer_project_takes_the_place_of_its_group_s_first():
    cover = cover_of([[0], [0]], [1, 3], [1, 10], [[0], [20], [0], [60]], group=[0, 0])
    assert greedy(cover, 10).tolist() == [False, True]
    assert greedy(cover, 9).tolist() == [True, False]


def wrong_answer(cover, **change):
    found = _milp.maximise(
        *_milp_parts(cover), whole=np.ones(len(cover.cost), bool), gap=0.0, seconds=9
    )
    return lambda *_, **__: found._replace(**change)


def _milp_parts(cover):
    model = _milp._model(cover, 3.0)
    return model.gain, model.rows, model.upper


@pytest.mark.parametrize(
    "change", [{"bound": 1.0}, {"x": np.ones(3), "bound": 99.0}], ids=["bound", "budget"]
)
def test_a_solver_that_contradicts_a_plan_at_hand_is_not_believed(monkeypatch, change):
    cover = cover_of([[0], [1], [2]], [1, 1, 1], [2, 2, 2], np.tile([[0], [5], [0], [5]], 3))
    monkeypatch.setattr(_milp, "maximise", wrong_answer(cover, **change))
    with pytest.raises(EquityError, match=r"breaks a limit or its bound lies below a plan at hand"):
        best_cover(cover, 3.0, gap=0.0, seconds=9)


def test_a_wrong_answer_is_asked_for_again_without_presolve(monkeypatch):
    cover = cover_of([[0], [1], [2]], [1, 1, 1], [2, 2, 2], np.tile([[0], [5], [0], [5]], 3))
    right, asked = _milp.maximise, []

    def answer(*arguments, presolve, **more):
        asked.append(presolve)
        found = right(*arguments, presolve=presolve, **more)
        return found._replace(bound=1.0) if presolve else found

    monkeypatch.setattr(_milp, "maximise", answer)
    chosen, bound = best_cover(cover, 3.0, gap=0.0, seconds=9)
    assert (asked, chosen.sum(), bound) == ([True, False], 1, pytest.approx(5))


def test_a_home_is_worth_more_to_the_greedy_choice_once_the_line_is_there():
    cover = cover_of([[0], [0], [1]], [1, 2, 1], [1, 1, 1], [[0, 0], [5, 1], [0, 0], [60, 1]])
    assert greedy(cover, 2).tolist() == [True, True, False]


def test_a_solver_without_time_leaves_the_greedy_choice_without_a_bound(monkeypatch):
    cover = cover_of([[0], [1]], [1, 1], [2, 2], np.tile([[0], [5], [0], [5]], 2))
    out_of_time = _milp.Answer(None, np.inf, feasible=True)
    monkeypatch.setattr(_milp, "maximise", lambda *_, **__: out_of_time)
    chosen, bound = best_cover(cover, 2.0, gap=0.0, seconds=0)
    assert (chosen.sum(), np.isnan(bound)) == (1, True)
    barred = replace(cover, bars=(Bar(cover.people, "all", at_least_n=99),))
    with pytest.raises(EquityError, match="no plan that keeps all limits was found in the time"):
        best_cover(barred, 2.0, gap=0.0, seconds=0)


def test_the_solver_s_own_remarks_reach_nobody(monkeypatch, capfd):
    """Some HiGHS write a line past Python's stdout, in the midst of what a command says."""
    solve = _milp.milp

    def talking(*args, **how):
        os.write(1, b"transformNewIntegerFeasibleSolution\n")
        return solve(*args, **how)

    monkeypatch.setattr(_milp, "milp", talking)
    rows = sparse.csr_array(np.array([[1.0, 1.0]]))
    found = _milp.maximise(
        np.array([3.0, 2.0]),
        rows,
        np.array([1.0]),
        whole=np.array([True, True]),
        gap=0.0,
        seconds=9,
    )
    assert found.x.tolist() == [1, 0]
    assert capfd.readouterr().out == ""
