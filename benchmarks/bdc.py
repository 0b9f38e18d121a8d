"""BDC files to tract classes: this package beside its peers, each in a process of its own.

    python benchmarks/bdc.py                      the comparison on 20 million rows
    python benchmarks/bdc.py --growth             2, 20 and 100 million rows
    python benchmarks/bdc.py --rows 200000 --locations 15000 --repeat 1      a quick look

CPU seconds come from ``os.wait4`` (user + system of the process and the children it waited for),
peak memory from the same call, or for the pool from adding up its processes; wall seconds are the
best of the repeats. On a shared machine compare CPU seconds.
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

AS_IT_COMES = "engine, as it comes"
ENGINE = "engine, one process"
NATION_ROWS = 430_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--locations", type=int, default=1_500_000)
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "bdc-benchmark")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", nargs="*", help="engines to run")
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--run", help=argparse.SUPPRESS)
    parser.add_argument("--answer", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.run:
        run_here(args.run, args.data, args.answer)
    elif args.growth:
        growth(args)
    else:
        compare(args)


def run_here(name: str, folder: Path, answer: Path) -> None:
    """Child process: run one engine and leave its answer."""
    from _bdc_engines import ENGINES

    table = ENGINES[name](folder)
    if table is None:
        answer.touch()
        return
    table = table.astype("int64").rename_axis("tract").rename_axis(columns=None)
    table.sort_index().to_csv(answer)


def compare(args: argparse.Namespace) -> None:
    from _bdc_engines import ENGINES

    folder, rows = files(args.data, args.rows, args.locations)
    size = sum(path.stat().st_size for path in folder.glob("*.zip"))
    print(f"{rows:,} rows, {args.locations:,} locations, {size / 1e6:,.0f} MB in zips\n")
    names = [name for name in ENGINES if not args.only or name in args.only]
    measured = {name: [measure(name, folder) for _ in range(args.repeat)] for name in names}
    one_core = [measure(ENGINE, folder, cores={0}) for _ in range(args.repeat)]
    print("| engine | CPU s (min - max) | wall s | peak MB |\n| --- | --- | --- | --- |")
    for name, runs in measured.items():
        print(line(name, runs))
    print(line(f"{ENGINE}, one core", one_core))
    check({name: runs[0]["answer"] for name, runs in measured.items() if "floor" not in name})
    ratios(measured, one_core, rows)


def ratios(measured: dict[str, list[dict]], one_core: list[dict], rows: int) -> None:
    def cpu(name: str) -> float:
        return statistics.median(run["cpu"] for run in measured[name])

    def peak(name: str) -> float:
        return max(run["peak"] for run in measured[name])

    print("\n| ratio | value |\n| --- | --- |")
    for other in ("bdcdata + pandas", "floor (zlib)", "floor (isal)", "polars streaming", "duckdb"):
        if other in measured and ENGINE in measured:
            print(f"| CPU, engine / {other} | {cpu(ENGINE) / cpu(other):.2f} |")
            print(f"| peak memory, engine / {other} | {peak(ENGINE) / peak(other):.2f} |")
    if AS_IT_COMES in measured:
        wall = min(run["wall"] for run in measured[AS_IT_COMES])
        single = min(run["wall"] for run in one_core)
        print(f"| wall, {os.cpu_count()} cores / one core | {wall / single:.2f} |")
        print(f"| peak memory as it comes, all processes added up, MB | {peak(AS_IT_COMES):.0f} |")
        nation = NATION_ROWS / rows
        print(
            f"\nThe nation, about {NATION_ROWS / 1e6:.0f} M terrestrial rows, at this rate: "
            f"{cpu(AS_IT_COMES) * nation:.0f} CPU s, {wall * nation:.0f} s on {os.cpu_count()} cores."
        )


def growth(args: argparse.Namespace) -> None:
    print("| rows | CPU s (min - max) | wall s | peak MB | CPU s per million rows |")
    print("| --- | --- | --- | --- | --- |")
    for wanted in (2_000_000, 20_000_000, 100_000_000):
        folder, rows = files(args.data, wanted, args.locations)
        runs = [measure(ENGINE, folder) for _ in range(args.repeat)]
        rate = statistics.median(run["cpu"] for run in runs) / rows * 1e6
        print(line(f"{rows:,}", runs) + f" {rate:.3f} |")
        runs = [measure(AS_IT_COMES, folder) for _ in range(args.repeat)]
        print(line(f"{rows:,}, as it comes", runs) + " |")


def files(root: Path, rows: int, locations: int) -> tuple[Path, int]:
    from _bdc_files import make_files

    folder = root / f"{rows}-{locations}"
    return folder, make_files(folder, rows=rows, locations=locations)


def measure(name: str, folder: Path, cores: set[int] | None = None) -> dict:
    """Run one engine in a process of its own and return what it cost and answered."""
    with tempfile.TemporaryDirectory() as scratch:
        answer = Path(scratch) / "answer.csv"
        command = [sys.executable, __file__, "--run", name, "--data", str(folder)]
        began = time.perf_counter()
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, cores or before)  # the child inherits it
        child = subprocess.Popen([*command, "--answer", str(answer)], start_new_session=True)
        os.sched_setaffinity(0, before)
        watcher = Watcher(child.pid) if name == AS_IT_COMES else None
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


def line(name: str, runs: list[dict]) -> str:
    cpu = [run["cpu"] for run in runs]
    wall, peak = min(run["wall"] for run in runs), max(run["peak"] for run in runs)
    middle = statistics.median(cpu)
    return f"| {name} | {middle:.1f} ({min(cpu):.1f} - {max(cpu):.1f}) | {wall:.1f} | {peak:,.0f} |"


def check(answers: dict[str, str]) -> None:
    if len(set(answers.values())) != 1:
        raise SystemExit(f"the answers differ: { {k: hash(v) for k, v in answers.items()} }")
    some = next(iter(answers.values()))
    print(
        f"\nAll {len(answers)} engines gave the same table of {some.count(chr(10)) - 1:,} tracts."
    )


if __name__ == "__main__":
    main()
