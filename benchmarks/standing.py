"""How sure a nation's list is: 200 draws of 85,000 made-up areas.

    python benchmarks/standing.py

CPU seconds are those of the draws alone, memory is the peak of the whole process, imports and the
made-up table included. The run stops if it takes over 10 CPU seconds or 1 GB, or if another order
of the rows gives another answer.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

# This file's own folder must not hide the package of the same name.
sys.path[:] = [place for place in sys.path if Path(place or ".").resolve() != Path(__file__).parent]
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

AREAS, COUNTIES, DRAWS = 85_000, 3_144, 200
MOST_SECONDS, MOST_MB = 10.0, 1000.0


def nation(areas: int = AREAS) -> pd.DataFrame:
    """Areas with shares, margins and trips as tracts have them."""
    rng = np.random.default_rng(11)
    county = np.sort(rng.integers(0, COUNTIES, areas))
    ids = [f"{10_000 + c:05d}{i:06d}" for i, c in enumerate(county)]
    poor = rng.beta(2, 8, COUNTIES)[county]
    table = pd.DataFrame(
        {
            "population_n": rng.integers(500, 8000, areas).astype(float),
            "population_n_moe": rng.uniform(150, 700, areas),
            "beyond_reach_share": rng.beta(0.15, 0.6, areas),
            "qualifying_share": rng.beta(8, 0.6, areas),
            "ruca_code": rng.integers(1, 11, areas).astype(float),
        },
        index=pd.Index(ids, name="geoid"),
    )
    centers = {
        "connected_share": 0.95 - 0.8 * poor, "poverty_share": poor, "uninsured_share": 0.4 * poor,
        "no_vehicle_share": 0.3 * poor, "disability_share": 0.08 + 0.3 * poor,
    }  # fmt: skip
    for name, center in centers.items():
        middle = np.clip(center, 0.01, 0.99)
        table[name] = rng.beta(40 * middle, 40 * (1 - middle))
        table[f"{name}_moe"] = 1.645 * np.sqrt(table[name] * (1 - table[name]) / 60)
    return table


def main() -> None:
    from equity.measures.draws import Travel, draw_standing
    from equity.measures.standing import Criterion

    criteria = [
        Criterion("poverty_share", at_least=0.2), Criterion("uninsured_share", at_least=0.1),
        Criterion("no_vehicle_share", at_least=0.1), Criterion("disability_share", at_least=0.18),
    ]  # fmt: skip
    table = nation()
    wall, cpu = time.perf_counter(), time.process_time()
    drawn = draw_standing(
        table, criteria, at_least=2, draws=DRAWS, travel=Travel(common=0.3), over_report=0.05
    )
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    # ru_maxrss is kB on Linux, bytes on macOS.
    unit = 1024 if sys.platform != "darwin" else 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    print(f"{AREAS:,} areas, {DRAWS} draws: {cpu:.1f} CPU s, {wall:.1f} wall s, peak {peak:.0f} MB")
    print(f"total {drawn.total()}; tiers {drawn.areas()['tier'].value_counts().to_dict()}")
    few = table.iloc[:2000]
    turned = draw_standing(few.iloc[::-1], criteria, at_least=2, draws=50).areas()
    if not turned.iloc[::-1].equals(draw_standing(few, criteria, at_least=2, draws=50).areas()):
        sys.exit("the order of the rows matters")
    if cpu > MOST_SECONDS or peak > MOST_MB:
        sys.exit(f"over {MOST_SECONDS:g} CPU seconds or {MOST_MB:g} MB")


if __name__ == "__main__":
    main()
