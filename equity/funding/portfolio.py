"""Which projects to fund: most people reached within a budget, how sure, and at what price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from equity.areas.words import number, plural
from equity.errors import InputError
from equity.funding._cover import FIXES, Cover, in_order
from equity.funding._problem import FIRST, Floor, Problem, Solver, first_areas
from equity.funding.gains import Uncovered, gains_of, without_covered
from equity.funding.projects import checked_projects
from equity.language import trn
from equity.measures.checks import checked_number
from equity.measures.draws import Travel, draw_recoverable, refuse_few
from equity.provenance import carry, meta

__all__ = ["FIRST", "Floor", "Portfolio", "portfolio"]

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_STATE = {state: fixes for fixes, state in FIXES.items()}


@dataclass(frozen=True, eq=False)
class Portfolio:
    """A plan: the projects chosen, and all that is known of them and of those not chosen.

    Attributes
    ----------
    projects
        By project id, the chosen ones first, in marginal order: ``name``, ``fixes``, ``areas``,
        ``cost_usd``, ``people_alone_n`` (whom it would reach by itself), ``chosen``; of the chosen
        ``order_n``, ``people_added_n`` (reached anew, after those above), ``usd_per_person``,
        ``cost_so_far_usd``, ``people_so_far_n``; and ``chosen_share``, the share of the draws in
        which a plan made anew has it, and ``group_chosen_share``, the share in which it has it or
        another of its group (missing without draws).
    areas
        By area id: ``plan_fixes`` (``line``, ``home``, ``line+home`` or ``none``) and
        ``plan_people_n``, people of the gap brought in (missing where the gap is).
    front
        What more people in areas that come first cost in people reached, if asked for: one row a
        plan: ``floor_n``, ``people_n``, ``first_n``, ``spent_usd``, ``is_plan``.
    people_n, first_n
        People reached, and those of them who live in areas that come first (missing if unknown).
    bound_n
        No plan can reach more, in the unit of the objective (weighted, if it is); missing if the
        solver had no time for one.
    value_n
        What the plan is worth in that unit: ``people_n`` unless it is weighted.
    budget_usd, spent_usd
        Dollars.
    method
        ``milp`` or ``greedy``.
    made_up
        True if any cost is.
    notes
        What is left out, and whom commitments already cover.
    """

    projects: pd.DataFrame
    areas: pd.DataFrame
    front: pd.DataFrame
    people_n: float
    first_n: float
    value_n: float
    bound_n: float
    budget_usd: float
    spent_usd: float
    method: str
    made_up: bool
    notes: tuple[str, ...]

    @property
    def gap(self) -> float:
        """How far the plan may lie below the best there is, as a part of the bound (0 to 1)."""
        if not self.bound_n > 0:
            return 0.0 if self.bound_n == 0 else np.nan
        return max(0.0, 1 - self.value_n / self.bound_n)

    @property
    def chosen(self) -> pd.DataFrame:
        """The projects chosen, in marginal order."""
        return self.projects[self.projects["chosen"]]

    def __repr__(self) -> str:
        stamp = " [made-up costs]" if self.made_up else ""
        near = f"within {self.gap:.2%} of the bound" if np.isfinite(self.gap) else "no bound"
        return (
            f"<Portfolio {len(self.chosen):,} of {plural(len(self.projects), 'project')}{stamp}: "
            f"{number(self.people_n)} people for ${number(self.spent_usd)} of "
            f"${number(self.budget_usd)}; {near}>"
        )


def portfolio(
    table: pd.DataFrame,
    projects: pd.DataFrame,
    *,
    budget_usd: float,
    weight: pd.Series | None = None,
    floors: Sequence[Floor] = (),
    cap_per_county_usd: float | Mapping[str, float] | None = None,
    covered: pd.Series | str | None = None,
    method: Literal["milp", "greedy"] = "milp",
    gap: float = 1e-4,
    time_limit_s: float = 30.0,
    draws: int = 0,
    seed: int = 0,
    travel: Travel | None = None,
    over_report: float = 0.0,
    front: int = 0,
) -> Portfolio:
    """Choose the projects that bring most people in within a budget.

    Parameters
    ----------
    table
        Area table of :func:`equity.recover`; with ``is_under_resourced`` those who come first are
        told apart.
    projects
        From :func:`equity.read_projects` or :func:`equity.draw_up_projects`.
    budget_usd
        Most that may be spent, dollars.
    weight
        What one person counts in each area, by area id (0 or more): 2 in the areas that come first
        weights the choice to them. People are reported unweighted.
    floors
        What the plan must reach.
    cap_per_county_usd
        Most that may be spent in a county, one number or by county code; a project counts in its
        ``county``, and one over several counties is refused.
    covered
        What an enforceable commitment already covers: by area id, or a column of the table, the
        part (0 to 1) of the locations without a qualifying line. They are taken as built: nobody
        whom they bring in counts for the plan, and a note says how many.
    method
        ``milp``: the best, to within ``gap``, by mixed-integer programming. ``greedy``: by people
        per dollar, for very many projects.
    gap
        How close to the best there is the solver may stop (a part of it).
    time_limit_s
        Most seconds for one solve; the plan then is the best by then, and its bound says how good.
    draws, seed, travel, over_report
        Draw what may be true (:func:`equity.standing`) so often, make a greedy plan for each draw,
        and count how often each project is in it; 0: do not.
    front
        Make so many plans that reach ever more people in the areas that come first; 0: none.

    Returns
    -------
    Portfolio

    Raises
    ------
    InputError
        For a budget below the cheapest project; a cost that is zero, negative or outlying; a
        project that stands twice, names an unknown area or brings nobody in; floors that cannot
        all be met, named; caps that no project fits.
    MissingColumnError
        If the table lacks what a gap is made of, or a floor's column.

    Notes
    -----
    An area that several projects reach is counted once: it has a line if any of them brings one, a
    connected home if any does, and what that is worth is what :func:`equity.recover` finds. The
    solver's answer is checked again: feasibility and objective are recomputed from the choice, and
    it is never worse than the greedy one. What reaches nobody anew is not bought, however much of
    the budget is left.

    References
    ----------
    Church, R. and ReVelle, C. (1974). The maximal covering location problem. Papers of the RSA 32,
    101-118, doi:10.1007/BF01942293. Khuller, S., Moss, A. and Naor, J. (1999). The budgeted maximum
    coverage problem. Information Processing Letters 70(1), 39-45,
    doi:10.1016/S0020-0190(99)00031-9.

    Examples
    --------
    >>> from equity.funding.costs import made_up_costs
    >>> from equity.funding.projects import draw_up_projects
    >>> areas = pd.DataFrame(
    ...     {"population_n": [1200.0, 2500.0], "beyond_reach_share": [1.0, 0.5],
    ...      "qualifying_share": [0.2, 0.9], "connected_share": [0.4, 0.7],
    ...      "device_share": [0.5, 0.8], "locations_n": [500.0, 900.0],
    ...      "qualifying_n": [100.0, 810.0], "households_n": [450.0, 950.0]},
    ...     index=["51001000100", "51001000200"])
    >>> plan = portfolio(areas, draw_up_projects(areas, made_up_costs()), budget_usd=1_000_000)
    >>> plan.chosen[["fixes", "people_added_n"]].round().values.tolist()
    [['line+home', 375.0]]
    """
    budget = checked_number(budget_usd, "the budget", above=True)
    solver = Solver(method, budget, gap, time_limit_s)
    refuse_few(draws, or_none=True)  # before the solver runs
    left = without_covered(table, covered)
    candidates = checked_projects(projects, table)
    if candidates["cost_usd"].min() > budget:
        cheapest = candidates["cost_usd"].idxmin()
        raise InputError(
            f"the budget of ${number(budget)} is below the cheapest project "
            f"(${number(candidates['cost_usd'].min())}, {cheapest})",
            fix="raise the budget, or list smaller projects",
        )
    gains = gains_of(left.table)
    problem = Problem.of(
        left.table, candidates, gains=gains, weight=weight, floors=floors, cap=cap_per_county_usd,
        solver=solver,
    )  # fmt: skip
    chosen, bound = problem.solve()
    shares = np.full(len(candidates), np.nan)
    if draws:
        drawn = draw_recoverable(
            left.table, draws=draws, seed=seed, travel=travel, over_report=over_report
        )
        shares = problem.shares_in(drawn)
    whole, first = problem.whole, first_areas(table)
    return Portfolio(
        projects=carry(_told(problem.small, candidates, chosen, shares), table, projects),
        areas=_areas(left.table, whole, chosen),
        front=problem.front(chosen, front),
        people_n=whole.value(chosen, whole.people),
        first_n=np.nan if first is None else whole.value(chosen, whole.people * first),
        value_n=whole.value(chosen),
        bound_n=bound,
        budget_usd=budget,
        spent_usd=float(whole.cost[chosen].sum()),
        method=method,
        made_up=bool(candidates["made_up"].any()),
        notes=(
            *_notes(left, gains, candidates),
            *(note for note in meta(projects).notes if note not in meta(table).notes),
        ),
    )


def _told(cover: Cover, projects: pd.DataFrame, chosen: Flags, shares: Floats) -> pd.DataFrame:
    """Return the projects, those chosen first, in marginal order."""
    result = projects.copy()
    result["people_alone_n"] = replace(cover, worth=cover.people).alone()
    result["chosen"] = chosen
    picks = in_order(cover, chosen)
    where = [pick.project for pick in picks]
    added = np.array([pick.gain for pick in picks])
    cost = cover.cost[where]
    per_person = np.divide(cost, added, out=np.full(len(cost), np.nan), where=added > 0)
    columns = {
        "order_n": np.arange(1.0, len(where) + 1), "people_added_n": added,
        "usd_per_person": per_person, "cost_so_far_usd": cost.cumsum(),
        "people_so_far_n": added.cumsum(),
    }  # fmt: skip
    for name, values in columns.items():
        column = np.full(len(result), np.nan)
        column[where] = values
        result[name] = column
    result["chosen_share"] = shares
    # One of a group is chosen at most, so the shares of a group add up.
    result["group_chosen_share"] = np.bincount(cover.group, shares)[cover.group]
    rest = [j for j in range(len(result)) if not chosen[j]]
    rest.sort(key=lambda j: (-np.nan_to_num(shares[j]), j))
    return result.iloc[[*where, *rest]]


def _areas(table: pd.DataFrame, cover: Cover, chosen: Flags) -> pd.DataFrame:
    state = cover.states(chosen)
    result = pd.DataFrame(index=table.index)
    result["plan_fixes"] = [_STATE.get(int(one), "none") for one in state]
    reached = cover.people[state, np.arange(len(state))]
    known = gains_of(table)["line+home"].notna().to_numpy()
    result["plan_people_n"] = np.where(known, reached, np.nan)
    return carry(result, table)


def _notes(left: Uncovered, gains: pd.DataFrame, projects: pd.DataFrame) -> tuple[str, ...]:
    notes = []
    if left.areas_n:
        notes.append(
            trn(
                "Left out: {locations} locations in {n} area that an enforceable commitment "
                "already covers; it brings in {people} people of the gap by itself.",
                "Left out: {locations} locations in {n} areas that an enforceable commitment "
                "already covers; it brings in {people} people of the gap by itself.",
                left.areas_n,
                locations=number(left.locations_n),
                n=number(left.areas_n),
                people=number(left.people_n),
            )
        )
    reached = {area for areas in projects["areas"] for area in areas}
    unknown = gains.index[gains["line+home"].isna()].astype(str)
    if here := len(reached & set(unknown)):
        notes.append(
            trn(
                "{n} area that projects reach has no value of the gap: whom a project reaches "
                "there is not known and not counted.",
                "{n} areas that projects reach have no value of the gap: whom a project reaches "
                "there is not known and not counted.",
                here,
                n=number(here),
            )
        )
    return tuple(notes)
