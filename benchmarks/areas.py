"""Joins, crosswalks and margins at national size, beside what an analyst would write instead.

    python benchmarks/areas.py                # everything, about a minute
    python benchmarks/areas.py combine        # only this

85,000 made-up tracts with 60 columns (30 counts and their margins); 72,000 of 2010, every fifth
divided. Every measurement is a process of its own; seconds are CPU seconds of the work alone,
memory is the peak of the whole process, imports included. Both sides must give the same numbers.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

# This file's own folder must not hide the package of the same name.
sys.path[:] = [place for place in sys.path if Path(place or ".").resolve() != Path(__file__).parent]

TRACTS = 85_000
COUNTS = 30
CASES = (
    "combine", "combine-pandas", "crosswalk", "crosswalk-pandas", "sums", "sums-peer", "shares",
    "shares-peer", "roll-up",
)  # fmt: skip
PEER_AREAS = 5_000
"""The peer takes one sum at a time; it is timed on these and reported for all."""


def ids(n: int, suffix: str = "00") -> pd.Index:
    """Tracts spread over the states' 3,000 counties."""
    from equity.areas.geoid import STATES

    number = np.arange(n)
    codes = np.array([int(code) for code in STATES if code < "57"])[:40]
    state = codes[number % 40]
    county = 1 + 2 * (number // 40 % 60)
    tract = number // 2400
    return pd.Index(
        [f"{s:02d}{c:03d}{t:04d}{suffix}" for s, c, t in zip(state, county, tract, strict=True)],
        name="geoid", dtype=object,
    )  # fmt: skip


def table(index: pd.Index, prefix: str = "B28002", seed: int = 1):
    """Counts with margins, a tenth of them 0, stamped as an area table."""
    from equity.areas.table import area_table

    rng = np.random.default_rng(seed)
    data = {}
    for i in range(1, COUNTS + 1):
        value = rng.poisson(400, len(index)).astype(float)
        value[rng.random(len(index)) < 0.1] = 0
        data[f"{prefix}_{i:03d}E"] = value
        data[f"{prefix}_{i:03d}M"] = np.round(np.sqrt(value) * 5 + 12)
    frame = pd.DataFrame(data, index=index)
    vintage = "2010" if index[0].endswith("9") else "2020"
    return area_table(frame, level="tract", geo_vintage=vintage)


def links(old: pd.Index, rng: np.random.Generator) -> pd.DataFrame:
    """Every fifth tract in three parts, the last shared with its neighbor."""
    split = np.arange(len(old)) % 5 == 0
    stem = old.str[:9]
    whole = pd.DataFrame({"source": old[~split], "target": stem[~split] + "00", "housing": 1.0})
    parts = [
        pd.DataFrame({"source": old[split], "target": stem[split] + end,
                      "housing": rng.uniform(1, 900, split.sum())})
        for end in ("01", "02", "03")
    ]  # fmt: skip
    over = pd.DataFrame(
        {"source": old[:-1][split[:-1]], "target": np.roll(stem, -1)[:-1][split[:-1]] + "00",
         "housing": 5.0}
    )  # fmt: skip
    return pd.concat([whole, *parts, over], ignore_index=True)


def run_combine() -> tuple:
    from equity.areas.join import combine

    tables = [table(ids(TRACTS), f"B2800{i}", i)[lambda t: t.columns[:20]] for i in (1, 2, 3)]
    others = [t.sample(frac=1, random_state=i) for i, t in enumerate(tables[1:])]
    start = time.process_time()
    result = combine(tables[0], *others)
    return time.process_time() - start, [float(result.iloc[:, :60].to_numpy().sum())]


def run_combine_pandas() -> tuple:
    tables = [table(ids(TRACTS), f"B2800{i}", i)[lambda t: t.columns[:20]] for i in (1, 2, 3)]
    others = [t.sample(frac=1, random_state=i) for i, t in enumerate(tables[1:])]
    start = time.process_time()
    result = tables[0]
    for other in others:
        result = result.merge(other, left_index=True, right_index=True, how="left", validate="1:1")
    return time.process_time() - start, [float(result.to_numpy().sum())]


def moving():
    old = ids(72_000, "99")
    base = table(old)
    return base, links(old, np.random.default_rng(5))


def run_crosswalk() -> tuple:
    from equity.areas.crosswalk import crosswalk
    from equity.areas.relationship import relationship

    base, parts = moving()
    start = time.process_time()
    made = relationship(parts, source_level="tract", target_level="tract",
                        source_vintage="2010", target_vintage="2020")  # fmt: skip
    moved = crosswalk(base, made, to="2020", zero_rule=False)
    seconds = time.process_time() - start
    return seconds, [float(moved.filter(regex="E$").to_numpy().sum()),
                     float(moved.filter(regex="M$").to_numpy().sum())]  # fmt: skip


def run_crosswalk_pandas() -> tuple:
    base, parts = moving()
    start = time.process_time()
    weight = parts["housing"] / parts.groupby("source")["housing"].transform("sum")
    wide = parts.assign(weight=weight).merge(base, left_on="source", right_index=True)
    counts = [c for c in base.columns if c.endswith("E")]
    margins = [c for c in base.columns if c.endswith("M")]
    wide[counts] = wide[counts].mul(wide["weight"], axis=0)
    wide[margins] = wide[margins].mul(wide["weight"], axis=0) ** 2
    moved = wide.groupby("target")[counts + margins].sum()
    moved[margins] = np.sqrt(moved[margins])
    seconds = time.process_time() - start
    return seconds, [float(moved[counts].to_numpy().sum()), float(moved[margins].to_numpy().sum())]


def halves():
    base = table(ids(TRACTS))
    return base.filter(regex="E$"), base.filter(regex="M$")


def run_sums() -> tuple:
    from equity.areas.moe import moe_sum

    estimates, margins = halves()
    start = time.process_time()
    result = moe_sum(estimates, margins)
    return time.process_time() - start, [float(result.iloc[:PEER_AREAS].sum())]


def run_sums_peer() -> tuple:
    from census_data_aggregator import approximate_sum

    estimates, margins = (half.iloc[:PEER_AREAS].to_numpy() for half in halves())
    start = time.process_time()
    total = [
        approximate_sum(*zip(e, m, strict=True))[1] for e, m in zip(estimates, margins, strict=True)
    ]
    return (time.process_time() - start) * TRACTS / PEER_AREAS, [float(np.sum(total))]


def parts():
    estimates, margins = halves()
    whole = estimates.iloc[:, 0] + 5000
    return estimates, margins, whole, np.sqrt(whole) * 2


def run_shares() -> tuple:
    from equity.areas.moe import moe_share

    estimates, margins, whole, whole_moe = parts()
    start = time.process_time()
    result = moe_share(estimates, margins, whole, whole_moe)
    return time.process_time() - start, [float(result.iloc[:PEER_AREAS].to_numpy().sum())]


def run_shares_peer() -> tuple:
    from census_data_aggregator import approximate_proportion

    estimates, margins, whole, whole_moe = (p.iloc[:PEER_AREAS].to_numpy() for p in parts())
    start = time.process_time()
    total = sum(
        approximate_proportion((e, m), (w, wm))[1]
        for row, moes, w, wm in zip(estimates, margins, whole, whole_moe, strict=True)
        for e, m in zip(row, moes, strict=True)
    )
    return (time.process_time() - start) * TRACTS / PEER_AREAS, [float(total)]


def run_roll_up() -> tuple:
    from equity.areas.aggregate import roll_up

    base = table(ids(TRACTS))
    start = time.process_time()
    result = roll_up(base, "county")
    return time.process_time() - start, [float(result.filter(regex="E$").to_numpy().sum())]


def measure(case: str) -> dict:
    seconds, check = globals()[f"run_{case.replace('-', '_')}"]()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"case": case, "seconds": seconds, "peak_mb": peak, "check": check}


def main(wanted: list[str]) -> None:
    cases = [c for c in CASES if not wanted or any(c.startswith(w) for w in wanted)]
    found = {}
    for case in cases:
        done = subprocess.run(
            [sys.executable, __file__, "--one", case], capture_output=True, text=True, check=True
        )
        found[case] = json.loads(done.stdout.splitlines()[-1])
        print(f"{case:18s} {found[case]['seconds']:8.2f} s {found[case]['peak_mb']:8.0f} MB")
    for case, peer in (("combine", "combine-pandas"), ("crosswalk", "crosswalk-pandas"),
                       ("sums", "sums-peer"), ("shares", "shares-peer")):  # fmt: skip
        if case in found and peer in found:
            mine, theirs = found[case]["check"], found[peer]["check"]
            assert np.allclose(mine, theirs, rtol=1e-9), (case, mine, theirs)
            print(f"{case}: same numbers, {found[peer]['seconds'] / found[case]['seconds']:.1f}x")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(sys.argv[2])))
    else:
        main(sys.argv[1:])
