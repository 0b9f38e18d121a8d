"""A budget for a nation: 85,000 areas, 5,000 projects; and 5,000 x 500 covering beside spopt.

    python benchmarks/portfolio.py [nation] [covering]

Areas and projects are made up and lie about the same 600 towns; a project reaches the areas within
some miles of it, and the budget takes about a tenth of them. CPU seconds are those of the work
alone, memory is the peak of a process of its own, imports and the made-up input included. The run
stops if the greedy plan of the nation takes over 10 CPU seconds or 2 GB or is worth under 98 % of
the bound, or if spopt finds another optimum or takes under ten times as long.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.spatial import cKDTree

# This file's own folder must not hide the package of the same name.
sys.path[:] = [place for place in sys.path if Path(place or ".").resolve() != Path(__file__).parent]
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

MOST_SECONDS, MOST_MB, LEAST_OF_BOUND, TIMES = 10.0, 2000.0, 0.98, 10.0


def places(
    areas: int, projects: int, towns_n: int = 600
) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
    """Points about towns, in miles."""
    rng = np.random.default_rng(5)
    towns = rng.uniform(0, 1500, (towns_n, 2))
    near = [
        towns[rng.integers(0, towns_n, n)] + rng.normal(0, 18, (n, 2)) for n in (areas, projects)
    ]
    return near[0], near[1], rng


def nation(areas: int = 85_000, projects: int = 5_000) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Areas with lines, homes and people, and projects of three kinds that overlap."""
    here, there, rng = places(areas, projects)
    a, c = rng.beta(6, 1, areas), rng.beta(8, 2, areas)
    ids = pd.Index([f"{i:011d}" for i in range(areas)], name="geoid")
    table = pd.DataFrame(
        {"population_n": rng.integers(500, 8000, areas).astype(float),
         "beyond_reach_share": rng.beta(0.15, 0.6, areas), "qualifying_share": a,
         "connected_share": c, "device_share": c + (1 - c) / 2}, index=ids,
    )  # fmt: skip
    reached = cKDTree(here).query_ball_point(there, rng.uniform(12, 45, projects))
    frame = pd.DataFrame(
        {"fixes": rng.choice(["line", "home", "line+home"], projects),
         "areas": [tuple(ids[one]) for one in reached],
         "cost_usd": np.exp(rng.normal(13, 0.8, projects))},
        index=[f"p{i}" for i in range(projects)],
    )  # fmt: skip
    return table, frame[frame["areas"].str.len() > 5]


def measure_nation() -> None:
    from equity.funding.portfolio import portfolio

    table, projects = nation()
    budget = float(projects["cost_usd"].sum()) * 0.1
    pairs = int(projects["areas"].str.len().sum())
    started = time.process_time()
    plan = portfolio(table, projects, budget_usd=budget, method="greedy", time_limit_s=0.0)
    seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"| {len(table):,} x {len(projects):,}, {pairs:,} pairs, {len(plan.chosen):,} chosen "
          f"| equity, greedy | {seconds:.2f} | {peak:,.0f} |", flush=True)  # fmt: skip
    if seconds > MOST_SECONDS or peak > MOST_MB:
        sys.exit("over its limits")
    started = time.process_time()
    bounded = portfolio(table, projects, budget_usd=budget, method="greedy", time_limit_s=3600.0)
    part = bounded.value_n / bounded.bound_n
    seconds = time.process_time() - started
    print(f"| the same | with the bound of the linear program: {part:.2%} of it | {seconds:.2f} "
          f"| {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} |")  # fmt: skip
    if not part >= LEAST_OF_BOUND:
        sys.exit("the greedy plan is worse than it should be")


def covering(areas: int = 5_000, sites: int = 500) -> tuple[sparse.csr_array, np.ndarray]:
    """Return which of 500 sites reach which of 5,000 areas, and the areas' people."""
    here, there, rng = places(areas, sites, 60)
    reached = cKDTree(here).query_ball_point(there, 24.0)
    rows = np.repeat(np.arange(sites), [len(one) for one in reached])
    columns = np.concatenate([np.sort(one) for one in reached]).astype(int)
    ones = np.ones(len(rows), dtype=bool)
    reach = sparse.csr_array(sparse.coo_array((ones, (rows, columns)), shape=(sites, areas)))
    return reach, rng.integers(1, 500, areas).astype(float)


def measure_covering(wanted: int = 40) -> None:
    import equity as eq

    reach, people = covering()
    sites, areas = reach.shape
    pairs = reach.tocoo()
    table = pd.DataFrame({"to": pairs.row.astype(str), "from": pairs.col.astype(str), "min": 10.0})
    ends = [pd.DataFrame(index=pd.Index(np.arange(n).astype(str))) for n in (areas, sites)]
    started = time.process_time()
    costs = eq.travel_costs(*ends, table=table, origin="from", destination="to", cost="min",
                            unit="min", unlisted="unreachable")  # fmt: skip
    found = eq.siting(costs, pd.Series(people, index=ends[0].index), sites_n=wanted, sd=0.0,
                      limits_min=(), gap=0.0)  # fmt: skip
    ours = time.process_time() - started
    print(f"| {areas:,} x {sites:,} covering, {len(table):,} pairs, {wanted} sites: "
          f"{found.people_n:,.0f} people | equity | {ours:.2f} | |", flush=True)  # fmt: skip
    warnings.simplefilter("ignore")
    import pulp
    from spopt.locate import MCLP

    matrix = np.full((areas, sites), 99.0)
    matrix[pairs.col, pairs.row] = 10.0
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.process_time()
    model = MCLP.from_cost_matrix(matrix, people, 30.0, p_facilities=wanted)
    built = time.process_time() - started
    solved = model.solve(pulp.PULP_CBC_CMD(msg=False))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    theirs = time.process_time() - started + (after.ru_utime - before.ru_utime)
    value = float(pulp.value(solved.problem.objective))
    print(f"| | spopt {value:,.0f} people, of which the build {built:.2f} s | {theirs:.2f} | |")
    if abs(value - found.people_n) > 1e-6 * value:
        sys.exit("spopt finds another optimum")
    if theirs < TIMES * ours:
        sys.exit("spopt is not ten times slower")


def main() -> None:
    cases = {"nation": measure_nation, "covering": measure_covering}
    if len(sys.argv) == 3 and sys.argv[1] == "--one":
        cases[sys.argv[2]]()
        return
    for name in sys.argv[1:] or cases:
        subprocess.run([sys.executable, __file__, "--one", name], check=True)


if __name__ == "__main__":
    main()
