"""Which projects to fund: most people reached within a budget, how sure, and at what price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from equity.areas.words import number, plural, sentence_list
from equity.errors import InputError, MissingColumnError
from equity.funding._cover import FIXES, Bar, Cover, collapsed, greedy, in_order
from equity.funding._milp import best_cover, cover_bound
from equity.funding.gains import gains_of, without_covered
from equity.funding.projects import checked_projects
from equity.measures.checks import aligned, checked_number
from equity.measures.draws import Travel, draw_recoverable
from equity.provenance import carry

__all__ = ["FIRST", "Floor", "Portfolio", "portfolio"]

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

FIRST = "is_under_resourced"
"""Column of the areas that come first, where they are known."""
_STATE = {state: fixes for fixes, state in FIXES.items()}


@dataclass(frozen=True)
class Floor:
    """A floor for the people reached who live in certain areas.

    Attributes
    ----------
    column
        Column of the area table, yes or no.
    at_least_share, at_least_n
        Least part (0 to 1) of all people reached, or least number of people; one of the two.
    """

    column: str = FIRST
    at_least_share: float | None = None
    at_least_n: float | None = None

    def __post_init__(self) -> None:
        """Refuse a floor without a number, with two, or that nothing can reach."""
        if (self.at_least_share is None) == (self.at_least_n is None):
            raise InputError(
                f"the floor on {self.column} needs one number",
                fix="give either at_least_share or at_least_n",
            )
        if self.at_least_share is not None and not 0 <= self.at_least_share <= 1:
            raise InputError(
                f"the floor on {self.column} is {self.at_least_share:g} of the people",
                fix="give at_least_share from 0 to 1",
            )
        if self.at_least_n is not None and not self.at_least_n >= 0:
            raise InputError(f"the floor on {self.column} is negative", fix="give 0 or more people")

    @property
    def said(self) -> str:
        """The floor in words."""
        amount = (
            f"{self.at_least_share:.0%}" if self.at_least_n is None else number(self.at_least_n)
        )
        return f"{amount} of the people in areas where {self.column}"


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
        which a plan made anew has it (missing without draws).
    areas
        By area id: ``plan_fixes`` (``line``, ``home``, ``line+home`` or empty), ``plan_people_n``
        (of the gap, brought in) and ``plan_usd_per_person`` where the area's own project is chosen.
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
        return (
            f"<Portfolio {len(self.chosen):,} of {plural(len(self.projects), 'project')}{stamp}: "
            f"{number(self.people_n)} people for ${number(self.spent_usd)} of "
            f"${number(self.budget_usd)}; within {self.gap:.2%} of the bound>"
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
        ``county``.
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
        all be met, named.
    MissingColumnError
        If the table lacks what a gap is made of, or a floor's column.

    Notes
    -----
    An area that several projects reach is counted once: it has a line if any of them brings one, a
    connected home if any does, and what that is worth is what :func:`equity.recover` finds. The
    solver's answer is checked again: feasibility and objective are recomputed from the choice, and
    it is never worse than the greedy one.

    References
    ----------
    Church, R. and ReVelle, C. (1974). The maximal covering location problem. Papers of the RSA 32,
    101-118, doi:10.1007/BF01942293. Khuller, S., Moss, A. and Naor, J. (1999). The budgeted maximum
    coverage problem. Information Processing Letters 70(1), 39-45,
    doi:10.1016/S0020-0190(99)00031-9.

    Examples
    --------
    >>> from equity.funding.projects import draw_up_projects, made_up_costs
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
    if method not in ("milp", "greedy"):
        raise InputError(f"no method {method!r}", fix="use milp or greedy")
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
    whole = _cover(left.table, gains, candidates, weight, floors, cap_per_county_usd)
    cover, cell = collapsed(whole)
    _refuse_idle(cover, candidates)
    solver = _Solver(method, budget, gap, time_limit_s)
    chosen, bound = solver.solve(cover)
    _refuse_floors(cover, chosen, solver)
    shares = np.full(len(candidates), np.nan)
    if draws:
        drawn = draw_recoverable(
            left.table, draws=draws, seed=seed, travel=travel, over_report=over_report
        )
        shares = _chosen_in_draws(cover, cell, drawn, _weights(weight, table), floors, table, budget)
    first = _first(table)
    return Portfolio(
        projects=carry(_told(cover, candidates, chosen, shares), table, projects),
        areas=_areas(left.table, whole, chosen),
        front=_front(cover, cell, first, gains, solver, chosen, front),
        people_n=whole.value(chosen, whole.people),
        first_n=np.nan if first is None else whole.value(chosen, whole.people * first),
        value_n=whole.value(chosen),
        bound_n=bound,
        budget_usd=budget,
        spent_usd=float(whole.cost[chosen].sum()),
        method=method,
        made_up=bool(candidates["made_up"].any()),
        notes=_notes(left, gains, candidates, covered is not None),
    )


@dataclass(frozen=True)
class _Solver:
    method: str
    budget: float
    gap: float
    seconds: float

    def solve(self, cover: Cover) -> tuple[Flags, float]:
        """Return a choice and a bound."""
        if self.method == "milp":
            return best_cover(cover, self.budget, gap=self.gap, seconds=self.seconds)
        chosen = greedy(cover, self.budget)
        return chosen, cover_bound(cover, self.budget, seconds=self.seconds)


def _worth(gains: Mapping[str, Floats] | pd.DataFrame) -> Floats:
    """Return what a cell is worth in each state; where it is unknown, nothing."""
    parts = [np.nan_to_num(np.asarray(gains[fixes], dtype=float)) for fixes in FIXES]
    return np.stack([np.zeros_like(parts[0]), *parts])


def _cover(
    table: pd.DataFrame,
    gains: pd.DataFrame,
    projects: pd.DataFrame,
    weight: pd.Series | None,
    floors: Sequence[Floor],
    cap: float | Mapping[str, float] | None,
) -> Cover:
    where = pd.Series(np.arange(len(table)), index=table.index.astype(str))
    if not where.index.is_unique:
        twice = where.index[where.index.duplicated()].unique()
        raise InputError("an area is listed twice", rows=twice[:5].tolist(), count=len(twice))
    sizes = [len(areas) for areas in projects["areas"]]
    columns = where.loc[[area for areas in projects["areas"] for area in areas]].to_numpy()
    rows = np.repeat(np.arange(len(projects)), sizes)
    shape = (len(projects), len(table))
    reach = sparse.csr_array(
        sparse.coo_array((np.ones(len(rows), dtype=bool), (rows, columns)), shape=shape)
    )
    reach.sort_indices()
    people = _worth(gains)
    alone = np.where(
        projects["exclusive_group"] == "", projects.index.astype(str), projects["exclusive_group"]
    )
    # A project without a group is its own, whatever the groups are called.
    named = [(str(key), group == "") for key, group in
             zip(alone, projects["exclusive_group"], strict=True)]  # fmt: skip
    counties = pd.Index(projects["county"].unique())
    return Cover(
        reach=reach,
        brings=projects["fixes"].map(FIXES).to_numpy(dtype=np.int8),
        cost=projects["cost_usd"].to_numpy(dtype=float),
        worth=people * _weights(weight, table),
        people=people,
        group=pd.factorize(pd.Series(named))[0].astype(np.intp),
        place=counties.get_indexer(pd.Index(projects["county"])).astype(np.intp),
        cap=_caps(cap, counties),
        bars=tuple(_bar(floor, table, people) for floor in floors),
    )


def _weights(weight: pd.Series | None, table: pd.DataFrame) -> Floats:
    if weight is None:
        return np.ones(len(table))
    return aligned(weight, table.index, what="weight", of="areas")


def _caps(cap: float | Mapping[str, float] | None, counties: pd.Index) -> Floats:
    if cap is None:
        return np.full(len(counties), np.inf)
    if not isinstance(cap, Mapping):
        return np.full(len(counties), checked_number(cap, "the cap per county", above=True))
    strange = sorted(set(cap) - set(counties))
    if strange:
        raise InputError(
            "a cap names a county in which no project lies", rows=strange,
            fix="write five digits as text, of counties of the projects",
        )  # fmt: skip
    known = {county: checked_number(usd, f"the cap of {county}") for county, usd in cap.items()}
    return np.array([known.get(county, np.inf) for county in counties])


def _bar(floor: Floor, table: pd.DataFrame, people: Floats) -> Bar:
    if floor.column not in table.columns:
        raise MissingColumnError(
            f"a floor names {floor.column}, which the table does not have",
            fix="make it with under_resourced, or name another column of yes and no",
        )
    marked = table[floor.column].fillna(value=False).to_numpy(dtype=bool)
    if not marked.any():
        raise InputError(
            f"the floor on {floor.column} is for areas of which there are none",
            fix="leave it out, or name another column",
        )
    return Bar(people * marked, floor.said, floor.at_least_n, floor.at_least_share)


def _first(table: pd.DataFrame) -> Flags | None:
    if FIRST not in table.columns:
        return None
    return table[FIRST].fillna(value=False).to_numpy(dtype=bool)


def _refuse_idle(cover: Cover, projects: pd.DataFrame) -> None:
    """Refuse projects that bring nobody in, alone or with any other."""
    if not cover.people.any():
        raise InputError(
            "no area that a project reaches has anybody in its gap, or a value of it",
            fix="look at gap_status and gap_n of these areas",
        )
    having = cover.states(np.ones(len(cover.cost), dtype=bool))
    cells = np.arange(cover.people.shape[1])
    most = np.zeros(len(cover.cost))
    for state in FIXES.values():
        here = cover.brings == state
        # With what the others bring to a cell, a project is worth at most what they lack.
        without = cover.people[having & ~state & 3, cells]
        with_it = cover.people[having | state, cells]
        most[here] = cover.reach[here] @ np.maximum(with_it - without, cover.people[state])
    idle = most <= 0
    if idle.any():
        raise InputError(
            "a project brings nobody in: what it fixes is not what keeps people of its areas in "
            "the gap, or nobody there is",
            rows=projects.index[idle].tolist(),
            fix="see gap_line_only_n, gap_home_only_n, gap_both_n of its areas, or leave it out",
        )


def _refuse_floors(cover: Cover, chosen: Flags, solver: _Solver) -> None:
    """Refuse floors that no plan meets, or only the plan of doing nothing, and say which."""
    if not cover.bars or (not cover.below(chosen) and chosen.any()):
        return
    for count in range(1, len(cover.bars) + 1):
        for some in combinations(cover.bars, count):
            trial = replace(cover, bars=some)
            tried, _ = solver.solve(trial)
            if not trial.below(tried) and tried.any():
                continue
            names = sentence_list([bar.name for bar in some])
            rest = _most(replace(cover, bars=()), some[0], solver) if count == 1 else ""
            raise InputError(
                f"{'a floor cannot' if count == 1 else 'floors cannot all'} be met within the "
                f"budget and the caps: {names}{rest}",
                fix="lower the floor, or raise the budget or the caps",
            )


def _most(cover: Cover, bar: Bar, solver: _Solver) -> str:
    best, _ = solver.solve(replace(cover, worth=bar.worth))
    return f" (at most {number(cover.value(best, bar.worth))} people there)"


def _chosen_in_draws(
    cover: Cover,
    cell: npt.NDArray[np.intp],
    drawn: Mapping[str, npt.NDArray[np.float32]],
    weights: Floats,
    floors: Sequence[Floor],
    table: pd.DataFrame,
    budget: float,
) -> Floats:
    """Return the share of draws whose greedy plan has each project."""
    used = cell >= 0
    size = cover.people.shape[1]
    times = np.zeros(len(cover.cost))
    count = len(drawn["line"])
    for one in range(count):
        people = _worth({name: values[one] for name, values in drawn.items()})

        def added(worth: Floats) -> Floats:
            return np.stack([np.bincount(cell[used], row[used], minlength=size) for row in worth])

        bars = tuple(_bar(floor, table, people) for floor in floors)
        here = replace(
            cover, worth=added(people * weights), people=added(people),
            bars=tuple(replace(bar, worth=added(bar.worth)) for bar in bars),
        )  # fmt: skip
        times += greedy(here, budget)
    return times / count


def _told(
    cover: Cover, projects: pd.DataFrame, chosen: Flags, shares: Floats
) -> pd.DataFrame:
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
    rest = [j for j in range(len(result)) if not chosen[j]]
    rest.sort(key=lambda j: (-np.nan_to_num(shares[j]), j))
    return result.iloc[[*where, *rest]]


def _areas(table: pd.DataFrame, cover: Cover, chosen: Flags) -> pd.DataFrame:
    state = cover.states(chosen)
    result = pd.DataFrame(index=table.index)
    result["plan_fixes"] = [_STATE.get(int(one), "") for one in state]
    reached = cover.people[state, np.arange(len(state))]
    known = gains_of(table)["line+home"].notna().to_numpy()
    result["plan_people_n"] = np.where(known, reached, np.nan)
    return carry(result, table)


def _front(
    cover: Cover,
    cell: npt.NDArray[np.intp],
    first: Flags | None,
    gains: pd.DataFrame,
    solver: _Solver,
    chosen: Flags,
    points: int,
) -> pd.DataFrame:
    """Return plans for ever more people in the areas that come first."""
    names = ["floor_n", "people_n", "first_n", "spent_usd", "is_plan"]
    if not points or first is None or not first.any():
        return pd.DataFrame(columns=names)
    if points < 2:
        raise InputError(f"front is {points}", fix="ask for 2 plans or more, or 0")
    used = cell >= 0
    there = np.stack(
        [np.bincount(cell[used], row[used], minlength=cover.people.shape[1])
         for row in _worth(gains) * first]
    )  # fmt: skip
    free = replace(cover, worth=cover.people, bars=())
    rows = [(np.nan, chosen, True)]
    most, _ = solver.solve(replace(free, worth=there + 1e-6 * cover.people))
    least, _ = solver.solve(free)
    ends = [cover.value(one, there) for one in (least, most)]
    rows += [(ends[0], least, False), (ends[1], most, False)]
    for floor in np.linspace(*ends, points)[1:-1]:
        barred = replace(free, bars=(Bar(there, "front", at_least_n=float(floor)),))
        found, _ = solver.solve(barred)
        if not barred.below(found):
            rows.append((float(floor), found, False))
    frame = pd.DataFrame(
        [(floor, cover.value(one, cover.people), cover.value(one, there), cover.cost[one].sum(), own)
         for floor, one, own in rows],
        columns=names,
    )  # fmt: skip
    frame = frame.sort_values(["first_n", "people_n"], ascending=[True, False], kind="stable")
    return frame.drop_duplicates(["first_n", "people_n", "is_plan"]).reset_index(drop=True)


def _notes(
    left: object, gains: pd.DataFrame, projects: pd.DataFrame, covered: bool
) -> tuple[str, ...]:
    from equity.funding.gains import Uncovered

    assert isinstance(left, Uncovered)
    notes = []
    if covered:
        notes.append(
            f"Left out: {number(left.locations_n)} locations in {plural(left.areas_n, 'area')} that "
            f"an enforceable commitment already covers; it brings in {number(left.people_n)} "
            "people of the gap by itself."
        )
    reached = {area for areas in projects["areas"] for area in areas}
    unknown = gains.index[gains["line+home"].isna()].astype(str)
    if here := len(reached & set(unknown)):
        notes.append(
            f"{plural(here, 'area')} that projects reach {'has' if here == 1 else 'have'} no value "
            "of the gap: whom a project reaches there is not known and not counted."
        )
    return tuple(notes)
