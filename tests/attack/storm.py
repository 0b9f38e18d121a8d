"""The attack by hand: mutated studies, damaged inputs, wrong calls. Prints what each came to.

    nice python tests/attack/storm.py --studies 10000 --runs 300 --inputs 2000 --calls 1

A seed gives the same attack again. `--runs` bounds how many of the mutants that can be read are
also run, since each takes a second; the others count as right when they are read.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import warnings
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1])]

import calls  # noqa: E402
import damage  # noqa: E402
import mutants  # noqa: E402
from ground import Ground  # noqa: E402


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--studies", type=int, default=0)
    options.add_argument("--runs", type=int, default=None)
    options.add_argument("--inputs", type=int, default=0)
    options.add_argument("--calls", type=float, default=0.0, help="share of all that are tried")
    asked = options.parse_args()
    warnings.simplefilter("ignore")
    bad = 0
    with tempfile.TemporaryDirectory() as scratch:
        ground = Ground(Path(scratch))
        for name, go in {
            "studies": lambda: mutants.storm(ground, asked.studies, asked.seed, most=asked.runs),
            "inputs": lambda: damage.storm(ground, asked.inputs, asked.seed),
            "calls": lambda: calls.storm(ground, asked.seed, share=asked.calls),
        }.items():
            if getattr(asked, name):
                started = time.monotonic()
                tally = go()
                print(f"{name} ({time.monotonic() - started:.0f} s): {tally.told()}", flush=True)
                bad += len(tally.bad)
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
