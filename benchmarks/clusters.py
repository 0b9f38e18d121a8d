"""Gi* and local Moran of 10,000 made-up areas, from polygons, beside esda and libpysal.

    python benchmarks/clusters.py

Every row is a process of its own that starts cold; CPU seconds are of the whole process, imports
included, less what it takes to import geopandas and make the areas. Both draw 9,999 permutations.
The run stops if statistics differ, if p-values differ by more than draws do, or if ours takes more
than a fifth of the peer's CPU. The last row draws as often as one area among 10,000 needs.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

# This file's own folder must not hide the package of the same name.
sys.path[:] = [place for place in sys.path if Path(place or ".").resolve() != Path(__file__).parent]
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

SIDE, PERMUTATIONS, MOST = 100, 9_999, 1 / 5


def areas() -> tuple[gpd.GeoDataFrame, np.ndarray]:
    """Crooked squares that meet in their corners, with a few clusters of high rates."""
    rng = np.random.default_rng(7)
    corner = np.stack(np.meshgrid(np.arange(SIDE + 1.0), np.arange(SIDE + 1.0)), axis=-1)
    corner += rng.uniform(-0.3, 0.3, corner.shape)
    rings = np.stack([corner[:-1, :-1], corner[:-1, 1:], corner[1:, 1:], corner[1:, :-1]], axis=2)
    frame = gpd.GeoDataFrame(geometry=shapely.polygons(rings.reshape(-1, 4, 2)))
    rates = rng.gamma(2.0, 0.05, (SIDE, SIDE))
    rates[10:20, 30:42] += 0.2
    rates[60:64, 5:9] += 0.2
    return frame, rates.ravel()


def ours(permutations: int = PERMUTATIONS) -> dict[str, np.ndarray]:
    from equity.measures.borders import shared_borders
    from equity.measures.local_statistics import gi_star, local_moran, neighbor_p

    frame, rates = areas()
    weights = shared_borders(frame.geometry.to_numpy())
    p = neighbor_p(rates, weights, permutations=permutations)
    return {"z": gi_star(rates, weights), "moran": local_moran(rates, weights), "p": p / 2}


def ours_resolved() -> dict[str, np.ndarray]:
    from equity.measures.local_statistics import permutations_for

    return ours(permutations_for(SIDE * SIDE, 0.05))


def theirs() -> dict[str, np.ndarray]:
    import esda
    import libpysal

    frame, rates = areas()
    weights = libpysal.weights.Queen.from_dataframe(frame, use_index=False)
    how = {"permutations": PERMUTATIONS, "seed": 1, "n_jobs": 1}
    star = esda.G_Local(rates, weights, transform="B", star=True, **how)
    moran = esda.Moran_Local(rates, weights, **how)
    return {"z": star.Zs, "moran": moran.Is, "p": moran.p_sim}


def nothing() -> dict[str, np.ndarray]:
    areas()
    return {"z": np.zeros(0), "moran": np.zeros(0), "p": np.zeros(0)}


CASES = {"nothing": nothing, "esda": theirs, "equity": ours, "equity, resolved": ours_resolved}


def one(name: str, file: str) -> None:
    found = CASES[name]()
    np.savez(file, **found)
    print(json.dumps({"cpu": time.process_time()}))


def main() -> None:
    cpu, found = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for name in CASES:
            file = Path(folder) / f"{len(found)}.npz"
            run = subprocess.run(
                [sys.executable, __file__, name, str(file)],
                check=True,
                capture_output=True,
                text=True,
            )
            cpu[name] = json.loads(run.stdout.splitlines()[-1])["cpu"]
            with np.load(file) as arrays:
                found[name] = dict(arrays)
    for name in list(CASES)[1:]:
        print(f"{name}: {cpu[name] - cpu['nothing']:.2f} CPU s ({cpu[name]:.2f} with imports)")
    a, b = found["esda"], found["equity"]
    off = {key: float(np.abs(a[key] - b[key]).max()) for key in a}
    print(f"largest differences: {off}")
    if off["z"] > 1e-9 or off["moran"] > 1e-9 or off["p"] > 0.03:
        sys.exit("the values differ")
    ratio = (cpu["equity"] - cpu["nothing"]) / (cpu["esda"] - cpu["nothing"])
    print(f"equity takes {ratio:.3f} of the peer's CPU")
    if ratio > MOST:
        sys.exit(f"over {MOST:g} of the peer's CPU")


if __name__ == "__main__":
    one(*sys.argv[1:]) if len(sys.argv) > 1 else main()
