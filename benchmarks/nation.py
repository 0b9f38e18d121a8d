"""The nation, state by state, cold: coverage beside the engine alone, and everything else.

    python benchmarks/nation.py                     5, 14 and 56 states, a hundredth of the rows
    python benchmarks/nation.py --share 0.1 --states 5    enough rows for the ratio to mean something
    python benchmarks/nation.py --share 1           430 million rows (7.5 GB of zips to make first)
    python benchmarks/nation.py --states 5          a quick look

All 85,000 tracts are there at every share; only locations and offers are fewer. Every run begins
in a process of its own with an empty cache, and `--workers` run the states (one a core by default).
Seconds of CPU and the peak are those of all its processes and threads; a page of memory that
several share counts once. With several workers coverage is not told apart: what it costs in CPU
is measured in a run by one. `over the engine's` is the wall of the run by all workers less that of
the engine alone, which reads with as many threads.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
import _nation_files
from bdc import Watcher

MOST_RATIO, MOST_ELSE_S, MOST_MB = 1.2, 240, 4096


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--states", type=int, nargs="*", default=[5, 14, 56])
    parser.add_argument("--share", type=float, default=0.01)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "nation")
    args = parser.parse_args()
    print("| states | rows | tracts | engine alone | its wall | coverage in the run | ratio "
          "| everything else | CPU of all | one worker, wall | workers | wall | over the engine's "
          "| peak MB |")  # fmt: skip
    print("| " + "--- | " * 14)
    found: dict[int, dict] = {}
    for states in args.states:
        folder = args.data / f"{args.share:g}"
        study, rows = _nation_files.make_nation(folder, states=states, share=args.share)
        alone, one = measure("engine", study), measure("run", study)
        run = found[states] = measure("run", study, args.workers) if args.workers > 1 else one
        ratio = one["coverage"] / alone["coverage"]
        rest, more = one["cpu"] - one["coverage"], run["wall"] - alone["wall"]
        print(
            f"| {states} | {rows:,} | {run['tracts']:,} | {alone['coverage']:.1f} s | "
            f"{alone['wall']:.0f} s | {one['coverage']:.1f} s | {ratio:.2f} | {rest:.0f} s | "
            f"{run['cpu']:.0f} s | {one['wall']:.0f} s | {args.workers} | {run['wall']:.0f} s | "
            f"{more:.0f} s | {run['peak']:,.0f} |",
            flush=True,
        )
        for what, value, most in (
            ("coverage / engine", ratio, MOST_RATIO),
            ("wall over the engine's, s", more, MOST_ELSE_S),
            ("peak, MB", run["peak"], MOST_MB),
        ):
            if value > most:
                print(f"  {what}: {value:.2f}, more than {most}")
    for (less, small), (more, large) in pairwise(found.items()):
        times = {name: large[name] / small[name] for name in ("tracts", "cpu", "wall", "peak")}
        said = ", ".join(f"{name} {value:.2f}" for name, value in times.items())
        print(f"{less} to {more} states, times: {said}")


def measure(what: str, study: Path, workers: int = 1) -> dict:
    """Run one part in a process of its own, its cache empty."""
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, __file__, "--one", what, str(study), scratch]
        environment = {**os.environ, "EQUITY_CACHE_DIR": f"{scratch}/cache"}
        environment["EQUITY_WORKERS"] = str(workers)
        began = time.perf_counter()
        child = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        watcher = Watcher(child.pid)
        told, _ = child.communicate()
        cpu, peak = watcher.stop()
        if child.returncode:
            raise SystemExit(f"{what} failed")
        wall = time.perf_counter() - began
        return {**json.loads(told.splitlines()[-1]), "cpu": cpu, "peak": peak, "wall": wall}


def engine(study: Path, _scratch: Path) -> dict:
    """Read every state's location files, and nothing else."""
    import equity as eq
    from equity.study.file import read_plan

    plan, _ = read_plan(study)
    began = time.process_time()
    for fips in plan.study.state:
        files = eq.read_bdc(study.parent / f"bdc_{fips}", as_of="2025-12-31", state=fips)
        eq.coverage(files, rule="fcc-25-3", level="tract")
    return {"coverage": time.process_time() - began}


def run(study: Path, scratch: Path) -> dict:
    """Run the nation as the command does, and time what reads location files."""
    from equity.study import inputs, nation, steps
    from equity.study.run import Study

    spent = {"coverage": 0.0}

    def timed(function):
        def call(*args, **kwargs):
            began = time.process_time()
            try:
                return function(*args, **kwargs)
            finally:
                spent["coverage"] += time.process_time() - began

        return call

    steps.coverage_under = timed(steps.coverage_under)
    inputs._Reader.lines = timed(inputs._Reader.lines)  # noqa: SLF001 - checksums count as well
    report = nation.run_states(Study.load(study), scratch / "out")
    tracts = int(report.table["areas_n"].sum())
    return {**spent, "tracts": tracts}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        _, _, part, file, folder = sys.argv
        print(json.dumps({"engine": engine, "run": run}[part](Path(file), Path(folder))))
    else:
        main()
