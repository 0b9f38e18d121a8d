"""BDC files to tract classes: this package beside its peers, each in a process of its own.

    python benchmarks/bdc.py                      the comparison on 20 million rows
    python benchmarks/bdc.py --growth             2, 20 and 100 million rows
    python benchmarks/bdc.py --nation             430 million terrestrial rows of 56 states (14 GB)
    python benchmarks/bdc.py --rows 200000 --locations 15000 --repeat 1      a quick look

CPU seconds come from ``os.wait4`` (user + system of the process and the children it waited for),
peak memory from the same call, or where there may be several processes from adding them up. All
figures are medians of the repeats. On a shared machine compare CPU seconds; two cores are
compared with one in pairs of runs, one after the other, because the machine's speed drifts.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
import _bdc_engines
import _bdc_files

AS_IT_COMES = "engine, as it comes"
ENGINE = "engine, one process"
NATION_ROWS, NATION_LOCATIONS = 430_000_000, 115_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--locations", type=int, default=1_500_000)
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "bdc-benchmark")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", nargs="*", help="engines to run")
    parser.add_argument("--pairs", type=int, default=7, help="of two cores with one")
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--nation", action="store_true")
    args = parser.parse_args()
    if args.growth:
        growth(args)
    elif args.nation:
        nation(args)
    else:
        compare(args)


def compare(args: argparse.Namespace) -> None:
    folder, rows = files(args.data, args.rows, args.locations)
    size = sum(path.stat().st_size for path in folder.glob("*.zip"))
    print(f"{rows:,} rows, {args.locations:,} locations, {size / 1e6:,.0f} MB in zips\n")
    names = [name for name in _bdc_engines.ENGINES if not args.only or name in args.only]
    measured = {
        name: [measure(name, folder, watched=name == AS_IT_COMES) for _ in range(args.repeat)]
        for name in names
    }
    pairs = [
        (measure(AS_IT_COMES, folder), measure(ENGINE, folder, cores={0}))
        for _ in range(args.pairs)
    ]
    print("| engine | CPU s (min - max) | wall s | peak MB |\n| --- | --- | --- | --- |")
    for name, runs in measured.items():
        print(line(name, runs))
    print(line(f"{ENGINE}, one core", [one for _, one in pairs]))
    check({name: runs[0]["answer"] for name, runs in measured.items() if "floor" not in name})
    ratios(measured, pairs)


def ratios(measured: dict[str, list[dict]], pairs: list[tuple[dict, dict]]) -> None:
    print("\n| ratio | value |\n| --- | --- |")
    for other in ("bdcdata + pandas", "floor (zlib)", "floor (isal)", "polars streaming", "duckdb"):
        if other in measured and ENGINE in measured:
            for what, name in (("CPU", "cpu"), ("peak memory", "peak")):
                ratio = middle(measured[ENGINE], name) / middle(measured[other], name)
                print(f"| {what}, engine / {other} | {ratio:.2f} |")
    wall = sorted(two["wall"] / one["wall"] for two, one in pairs)
    print(
        f"| wall, {os.cpu_count()} cores / one core, {len(wall)} pairs | "
        f"{statistics.median(wall):.3f} ({wall[0]:.3f} - {wall[-1]:.3f}) |"
    )
    if AS_IT_COMES in measured:
        peak = middle(measured[AS_IT_COMES], "peak")
        print(f"| peak memory as it comes, all processes added up, MB | {peak:.0f} |")


def growth(args: argparse.Namespace) -> None:
    print("| rows | CPU s (min - max) | wall s | peak MB | CPU s per million rows |")
    print("| --- | --- | --- | --- | --- |")
    found: dict[int, list[dict]] = {}
    for wanted in (2_000_000, 20_000_000, 100_000_000):
        folder, rows = files(args.data, wanted, args.locations)
        runs = found[rows] = [measure(ENGINE, folder) for _ in range(args.repeat)]
        print(line(f"{rows:,}", runs) + f" {middle(runs, 'cpu') / rows * 1e6:.3f} |")
        runs = [measure(AS_IT_COMES, folder, watched=True) for _ in range(args.repeat)]
        print(line(f"{rows:,}, as it comes", runs) + " |")
    (_, small), (less, mid), (more, large) = found.items()
    times = middle(large, "cpu") / middle(mid, "cpu")
    print(f"\n{more:,} rows: {times:.2f} times the CPU of {less:,}, ", end="")
    print(f"{middle(large, 'peak') / middle(mid, 'peak'):.2f} times the memory.")
    step = middle(mid, "cpu") - middle(small, "cpu"), middle(large, "cpu") - middle(mid, "cpu")
    print(
        f"Each further million rows: {step[0] / 18:.3f} CPU s up to {less:,}, then {step[1] / 80:.3f}."
    )


def nation(args: argparse.Namespace) -> None:
    """Run all states at once; hold one of them against polars."""
    folder = args.data / f"nation-{NATION_ROWS}"
    rows = _bdc_files.make_nation(folder, rows=NATION_ROWS, locations=NATION_LOCATIONS)
    zips = sorted(folder.glob("*.zip"))
    size = sum(path.stat().st_size for path in zips)
    run = measure(AS_IT_COMES, folder, watched=True)
    lines = run["answer"].splitlines()
    counted = sum(sum(map(int, line.split(",")[1:4])) for line in lines[1:])
    print(f"{rows:,} rows in {len(zips)} zips ({size / 1e9:.1f} GB), {counted:,} listed locations")
    print(
        f"{run['cpu']:.0f} CPU s, {run['wall']:.0f} s of wall on {os.cpu_count()} cores, "
        f"{run['peak']:,.0f} MB, {len(lines) - 1:,} tracts"
    )
    with tempfile.TemporaryDirectory(dir=args.data) as one:
        for path in zips:
            if path.name.startswith("bdc_10_"):
                (Path(one) / path.name).symlink_to(path)
        peer = measure("polars streaming", Path(one))["answer"].splitlines()
    if peer[1:] != [line for line in lines if line.startswith("10")]:
        raise SystemExit("the answers for state 10 differ")
    print(f"The {len(peer) - 1} tracts of state 10 are the same from polars.")


def files(root: Path, rows: int, locations: int) -> tuple[Path, int]:
    folder = root / f"{rows}-{locations}"
    return folder, _bdc_files.make_files(folder, rows=rows, locations=locations)


def measure(
    name: str, folder: Path, *, cores: set[int] | None = None, watched: bool = False
) -> dict:
    """Run one engine in a process of its own and return what it cost and answered.

    Watching adds up several processes, at the price of slowing them down a little.
    """
    with tempfile.TemporaryDirectory() as scratch:
        answer = Path(scratch) / "answer.csv"
        command = [sys.executable, _bdc_engines.__file__, name, str(folder), str(answer)]
        began = time.perf_counter()
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, cores or before)  # the child inherits it
        child = subprocess.Popen(command, start_new_session=True)
        os.sched_setaffinity(0, before)
        watcher = Watcher(child.pid) if watched else None
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - began
        if status:
            raise SystemExit(f"{name} failed")
        cpu, peak = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
        if watcher:
            cpu, peak = watcher.stop()
        print(json.dumps({"engine": name, "cpu": cpu, "wall": wall, "peak": peak}), file=sys.stderr)
        return {"cpu": cpu, "wall": wall, "peak": peak, "answer": answer.read_text()}


class Watcher:
    """Adds up CPU and memory of all processes of a session, from /proc, ten times a second.

    Memory is the proportional set size: a page that three processes share counts a third in each.
    """

    def __init__(self, session: int) -> None:
        self._session = session
        self._cpu: dict[int, float] = {}
        self._peak = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        tick = os.sysconf("SC_CLK_TCK")
        while not self._stop.wait(0.1):
            total = 0
            for entry in Path("/proc").iterdir():
                if not entry.name.isdigit():
                    continue
                try:
                    fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                    if int(fields[3]) != self._session:
                        continue
                    self._cpu[int(entry.name)] = (int(fields[11]) + int(fields[12])) / tick
                    total += int((entry / "smaps_rollup").read_text().split("Pss:")[1].split()[0])
                except (OSError, IndexError):
                    continue
            self._peak = max(self._peak, total / 2**10)

    def stop(self) -> tuple[float, float]:
        self._stop.set()
        self._thread.join()
        return sum(self._cpu.values()), self._peak


def middle(runs: list[dict], what: str) -> float:
    return statistics.median(run[what] for run in runs)


def line(name: str, runs: list[dict]) -> str:
    cpu = [run["cpu"] for run in runs]
    spread = f"{middle(runs, 'cpu'):.1f} ({min(cpu):.1f} - {max(cpu):.1f})"
    return f"| {name} | {spread} | {middle(runs, 'wall'):.1f} | {middle(runs, 'peak'):,.0f} |"


def check(answers: dict[str, str]) -> None:
    if len(set(answers.values())) != 1:
        raise SystemExit(f"the answers differ: { {k: hash(v) for k, v in answers.items()} }")
    some = next(iter(answers.values()))
    print(
        f"\nAll {len(answers)} engines gave the same table of {some.count(chr(10)) - 1:,} tracts."
    )


if __name__ == "__main__":
    main()
