"""Floating catchments at national size, beside pysal ``access`` in one run.

    python benchmarks/access.py                 # everything, about ten minutes
    python benchmarks/access.py e2sfca growth   # only these

Points are made up: areas and sites cluster around the same few hundred towns, as tracts and
clinics do. Every measurement is a process of its own; CPU seconds are those of the work alone
(imports, making points and loading the peer's pairs are left out), memory is the peak of the whole
process. The peer is handed its pairs; ours are searched for. Where both give an answer the run
stops if they differ.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

# This file's own folder must not hide the package of the same name.
sys.path[:] = [place for place in sys.path if Path(place or ".").resolve() != Path(__file__).parent]

MILE = 1.609344
CASES = ("search", "e2sfca", "wide", "raam", "raam-peer", "growth")


def points(n: int, seed: int) -> pd.DataFrame:
    """Areas or sites around 600 towns of the conterminous states, larger towns drawing more."""
    towns = np.random.default_rng(7)
    lon, lat = towns.uniform(-122, -70, 600), towns.uniform(27, 47, 600)
    size = 1.0 / np.arange(1, 601) ** 0.8
    rng = np.random.default_rng(seed)
    town = rng.choice(600, n, p=size / size.sum())
    spread = 0.15 + 0.5 * rng.exponential(1.0, n)
    frame = pd.DataFrame(
        {
            "lon": lon[town] + spread * rng.normal(0, 0.5, n),
            "lat": lat[town] + spread * rng.normal(0, 0.4, n),
        }
    )
    return frame.set_axis(pd.RangeIndex(n).astype(str), axis="index")


def inputs(areas: int, sites: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series, pd.Series]:
    rng = np.random.default_rng(3)
    here, there = points(areas, 1), points(sites, 2)
    people = pd.Series(rng.integers(500, 8000, areas).astype(float), index=here.index)
    capacity = pd.Series(rng.integers(1, 20, sites).astype(float), index=there.index)
    return here, there, people, capacity


def three_steps(miles: float) -> dict[float, float]:
    thirds = ((1 / 3, 1.0), (2 / 3, 0.68), (1, 0.22))
    return {miles * MILE * share: weight for share, weight in thirds}


def timed(work) -> dict[str, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    extra = work() or {}
    used = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall}
    # ru_maxrss is kB on Linux, bytes on macOS.
    unit = 1024 if sys.platform != "darwin" else 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    return {**used, "peak_mb": peak, **extra}


# One process each


def searched(areas: int, sites: int, miles: float, own: float):
    """Areas, sites and each area's radius in km, down to a share ``own`` of the largest."""
    here, there, _, _ = inputs(areas, sites)
    return here, there, miles * MILE * np.random.default_rng(5).uniform(own, 1.0, areas)


def ours_search(areas: int, sites: int, miles: float, own: float) -> dict[str, float]:
    from equity.measures.reach._sphere_pairs import SphereIndex

    here, there, radius = searched(areas, sites, miles, own)

    def work():
        index = SphereIndex(there["lon"].to_numpy(), there["lat"].to_numpy(), reach_km=radius.max())
        blocks = index.pairs(here["lon"].to_numpy(), here["lat"].to_numpy(), radius_km=radius)
        return {"pairs": sum(len(block.cost) for block in blocks)}

    return timed(work)


def tree_search(areas: int, sites: int, miles: float, own: float) -> dict[str, float]:
    """The usual way: a k-d tree on the unit sphere, in blocks of as many pairs as ours."""
    from scipy.sparse import coo_array
    from scipy.spatial import cKDTree

    from equity.measures.reach._sphere_pairs import PAIRS_PER_BLOCK

    here, there, radius = searched(areas, sites, miles, own)

    def vectors(points):
        lon, lat = np.radians(points["lon"].to_numpy()), np.radians(points["lat"].to_numpy())
        return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])

    def work():
        starts, tree = vectors(here), cKDTree(vectors(there))
        chord = 2 * np.sin(radius / 6371.0088 / 2)
        # Counted first: nothing else bounds the memory that a block of areas takes.
        ends = np.cumsum(tree.query_ball_point(starts, chord.max(), return_length=True))
        pairs = low = 0
        while low < areas:
            done = ends[low - 1] if low else 0
            high = max(low + 1, int(np.searchsorted(ends, done + PAIRS_PER_BLOCK, side="right")))
            found = cKDTree(starts[low:high]).sparse_distance_matrix(
                tree, chord.max(), output_type="ndarray"
            )
            row, column, length = found["i"], found["j"], found["v"]
            near = length <= chord[low:high].take(row)
            if not near.all():
                row, column, length = row[near], column[near], length[near]
            km = 2 * 6371.0088 * np.arcsin(length / 2)
            pairs += coo_array((km, (row, column)), shape=(high - low, sites)).tocsr().nnz
            low = high
        return {"pairs": pairs}

    return timed(work)


def ours_two_step(
    areas: int, sites: int, miles: float, keep: int | None, out: str
) -> dict[str, float]:
    from equity.measures.reach.catchment import solve_catchment
    from equity.measures.reach.travel import travel_costs

    here, there, people, capacity = inputs(areas, sites)
    steps = three_steps(miles)
    kept: dict[str, object] = {}

    def work():
        costs = travel_costs(
            here, there, radius_km=miles * MILE, keep=None if keep is None else bool(keep)
        )
        result = solve_catchment(costs, demand=people, supply=capacity, steps=steps)
        kept["costs"], kept["result"] = costs, result
        return {"leak": result.balance.leak / result.balance.reached}

    numbers = timed(work)
    if out:
        np.save(out, kept["result"].areas["access_per_10k"].to_numpy())
    return {**numbers, "pairs": kept["costs"].pairs_n}


def write_pairs(areas: int, sites: int, miles: float, folder: str) -> dict[str, float]:
    from equity.measures.reach.travel import travel_costs

    here, there, _, _ = inputs(areas, sites)
    held = travel_costs(here, there, radius_km=miles * MILE, keep=True).held()
    np.save(f"{folder}/rows.npy", np.repeat(np.arange(areas, dtype=np.int32), np.diff(held.indptr)))
    np.save(f"{folder}/sites.npy", held.sites)
    np.save(f"{folder}/cost.npy", held.cost)
    return {"pairs": len(held.sites)}


def peer_frames(areas: int, sites: int, folder: str):
    rng = np.random.default_rng(3)
    demand = pd.DataFrame({"demand": rng.integers(500, 8000, areas).astype(float)})
    supply = pd.DataFrame({"supply": rng.integers(1, 20, sites).astype(float)})
    costs = pd.DataFrame(
        {
            "origin": np.load(f"{folder}/rows.npy"),
            "dest": np.load(f"{folder}/sites.npy"),
            "cost": np.load(f"{folder}/cost.npy"),
        },
    )
    return demand, supply, costs


def peer_two_step(areas: int, sites: int, miles: float, folder: str, out: str) -> dict[str, float]:
    from access import fca, weights

    demand, supply, costs = peer_frames(areas, sites, folder)
    steps = three_steps(miles)
    kept: dict[str, object] = {}

    def work():
        kept["access"] = fca.two_stage_fca(
            demand,
            supply,
            costs,
            max_cost=miles * MILE,
            demand_index=True,
            supply_index=True,
            weight_fn=weights.step_fn(steps),
        )

    numbers = timed(work)
    np.save(out, kept["access"].reindex(range(areas)).to_numpy() * 1e4)
    return {**numbers, "pairs": len(costs)}


def ours_raam(areas: int, sites: int, miles: float, out: str) -> dict[str, float]:
    from equity.measures.reach.catchment import catchment
    from equity.measures.reach.travel import travel_costs

    here, there, people, capacity = inputs(areas, sites)
    kept: dict[str, object] = {}

    def work():
        costs = travel_costs(here, there, radius_km=miles * MILE, keep=True)
        kept["costs"] = costs
        kept["table"] = catchment(
            costs, demand=people, supply=capacity, method="raam", tau=60 * MILE
        )

    numbers = timed(work)
    values = kept["table"]["travel_congestion_cost"].to_numpy()
    if out:
        np.save(out, values)
    return {**numbers, "pairs": kept["costs"].pairs_n, "mean_cost": float(np.nanmean(values))}


def peer_raam(areas: int, sites: int, _miles: float, folder: str, out: str) -> dict[str, float]:
    from access import raam

    demand, supply, costs = peer_frames(areas, sites, folder)
    kept: dict[str, object] = {}

    def work():
        kept["cost"] = raam.raam(
            demand, supply, costs, demand_index=True, supply_index=True, tau=60 * MILE
        )

    numbers = timed(work)
    values = kept["cost"].reindex(range(areas)).to_numpy()
    np.save(out, values)
    return {**numbers, "pairs": len(costs), "mean_cost": float(np.nanmean(values))}


# The run


def child(function: str, *arguments: object) -> dict[str, float]:
    command = [sys.executable, __file__, "--child", function, json.dumps(arguments)]
    root = str(Path(__file__).resolve().parents[1])
    env = {**os.environ, "PYTHONPATH": root, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def row(what: str, who: str, numbers: dict[str, float]) -> None:
    pairs = f"{numbers['pairs'] / 1e6:.2f} M"
    print(
        f"| {what} | {pairs} | {who} | {numbers['cpu_s']:.2f} | {numbers['wall_s']:.2f} "
        f"| {numbers['peak_mb']:.0f} |",
        flush=True,
    )


def same(one: Path, other: Path, what: str) -> None:
    a, b = np.load(one), np.load(other)
    both = np.isfinite(b)
    gap = float(np.nanmax(np.abs(a[both] - b[both]) / np.maximum(np.abs(b[both]), 1e-12)))
    print(
        f"<!-- {what}: {both.sum():,} areas compared, largest relative difference {gap:.1e}; "
        f"the peer leaves out {(~both).sum():,} areas, ours has a value in "
        f"{int(np.isfinite(a[~both]).sum()):,} of them -->",
        flush=True,
    )
    if gap > 1e-9:
        sys.exit(f"{what}: the two disagree")


def run_search(_: Path) -> None:
    for sites, miles, own in (
        (20_000, 15, 1.0),
        (20_000, 15, 0.85),
        (20_000, 30, 1.0),
        (100_000, 60, 1.0),
    ):
        radius = f"{miles} miles" if own == 1.0 else f"{own * miles:g} to {miles} miles"
        what = f"pairs, 85,000 x {sites:,}, {radius}"
        ours = child("ours_search", 85_000, sites, miles, own)
        row(what, "equity, bands of latitude", ours)
        tree = child("tree_search", 85_000, sites, miles, own)
        row(what, "scipy cKDTree and CSR, same blocks", tree)
        print(f"<!-- the tree takes {tree['cpu_s'] / ours['cpu_s']:.2f} of our CPU -->", flush=True)
        if ours["pairs"] != tree["pairs"]:
            sys.exit("the two searches found different numbers of pairs")


def run_e2sfca(folder: Path) -> None:
    what = "E2SFCA, 85,000 x 20,000, 30 miles"
    size = (85_000, 20_000, 30)
    streamed = child("ours_two_step", *size, 0, str(folder / "ours.npy"))
    row(what, "equity, search included, streamed", streamed)
    held = child("ours_two_step", *size, 1, "")
    row(what, "equity, search included, pairs kept", held)
    child("write_pairs", *size, str(folder))
    peer = child("peer_two_step", *size, str(folder), str(folder / "peer.npy"))
    row(what, "pysal access, pairs given", peer)
    same(folder / "ours.npy", folder / "peer.npy", what)
    for name, mine in (("streamed", streamed), ("kept", held)):
        cpu, memory = peer["cpu_s"] / mine["cpu_s"], peer["peak_mb"] / mine["peak_mb"]
        print(f"<!-- {name}: 1/{cpu:.1f} of the peer's CPU, 1/{memory:.1f} of its memory -->")


def run_wide(_: Path) -> None:
    for sites in (20_000, 100_000):
        numbers = child("ours_two_step", 85_000, sites, 60, 0, "")
        row(f"E2SFCA, 85,000 x {sites:,}, 60 miles", "equity, streamed", numbers)


def run_raam(_: Path) -> None:
    row("RAAM, 85,000 x 20,000, 30 miles", "equity", child("ours_raam", 85_000, 20_000, 30, ""))


def run_raam_peer(folder: Path) -> None:
    what = "RAAM, 1,000 x 2,000, 300 miles"
    size = (1_000, 2_000, 300)
    ours = child("ours_raam", *size, str(folder / "ours.npy"))
    row(what, "equity, search included", ours)
    child("write_pairs", *size, str(folder))
    peer = child("peer_raam", *size, str(folder), str(folder / "peer.npy"))
    row(what, "pysal access, pairs given", peer)
    same(folder / "ours.npy", folder / "peer.npy", what)


def run_growth(_: Path) -> None:
    for miles in (15, 30, 45, 60, 90):
        numbers = child("ours_two_step", 85_000, 20_000, miles, 0, "")
        row(f"E2SFCA, 85,000 x 20,000, {miles} miles", "equity, streamed", numbers)
        print(f"<!-- {1e6 * numbers['cpu_s'] / numbers['pairs']:.3f} CPU s a million pairs -->")


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(globals()[sys.argv[2]](*json.loads(sys.argv[3]))))
        return
    chosen = sys.argv[1:] or CASES
    print("| case | pairs | who | CPU s | wall s | peak MB |")
    print("| --- | --- | --- | --- | --- | --- |", flush=True)
    for case in chosen:
        with tempfile.TemporaryDirectory() as folder:
            globals()[f"run_{case.replace('-', '_')}"](Path(folder))


if __name__ == "__main__":
    main()
