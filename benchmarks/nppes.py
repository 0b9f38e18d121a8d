"""NPPES at full width: rows a CPU second, and memory.

    python benchmarks/nppes.py --rows 1000000

Writes a made-up register of 330 columns into a ZIP, then reads it in a fresh process.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

NATIONAL_ROWS = 9_300_000


def write(path: Path, rows: int) -> None:
    from nppes_rows import header, row

    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive,
        archive.open("npidata_pfile_20050523-20261108.csv", "w", force_zip64=True) as out,
    ):
        out.write(header())
        for start in range(0, rows, 5000):
            out.write(b"".join(row(i) for i in range(start, min(start + 5000, rows))))


def measure(path: Path) -> None:
    from equity.sources.care.nppes import read_nppes

    before = time.process_time(), time.perf_counter()
    table = read_nppes(path, as_of="2026-11")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cpu, wall = time.process_time() - before[0], time.perf_counter() - before[1]
    print(json.dumps({"kept": len(table), "cpu_s": cpu, "wall_s": wall, "peak_mb": peak}))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--read", type=Path)
    parser.add_argument("--standard", action="store_true", help="inflate with zlib, not with isal")
    asked = parser.parse_args()
    if asked.standard:
        sys.modules["isal"] = None
    if asked.read:
        measure(asked.read)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "NPPES_Data_Dissemination_November_2026_V2.zip"
        write(path, asked.rows)
        with zipfile.ZipFile(path) as archive:
            text = archive.infolist()[0].file_size
        told = subprocess.run(
            [
                sys.executable,
                __file__,
                "--read",
                str(path),
                *(["--standard"] if asked.standard else []),
            ],
            check=True,
            capture_output=True,
            text=True,
        )
        result = json.loads(told.stdout)
        rate = asked.rows / result["cpu_s"]
        print(
            f"{asked.rows:,} rows, {text / 1e6:,.0f} MB of text, {path.stat().st_size / 1e6:,.0f} "
            f"MB zipped, {result['kept']:,} kept"
        )
        print(
            f"{result['cpu_s']:.1f} CPU s, {result['wall_s']:.1f} s: {rate:,.0f} rows a CPU "
            f"second, peak {result['peak_mb']:,.0f} MB"
        )
        print(
            f"{NATIONAL_ROWS:,} rows of the nation: about {NATIONAL_ROWS / rate / 60:.1f} CPU "
            "minutes"
        )


if __name__ == "__main__":
    main()
