"""Roads of a state's size: reading them, and trips over them, beside pandana and networkit.

    python benchmarks/roads.py                  # everything, about ten minutes
    python benchmarks/roads.py read nearest     # only these

The roads are made up: a million junctions 250 to 600 m apart, 1.2 million two-way streets with
three bends each, every twentieth a highway. Every measurement is a process of its own; memory is
the peak of the whole process. The peers are handed the graph as it was read; the time they take to
take it over is told apart. Where two give an answer the run stops if they differ.
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

SIDE = 1000
STREETS = 1_200_000
CASES = (
    "read", "again", "nearest", "nearest-pandana", "nearest-networkit", "pairs", "pairs-networkit",
    "streamed",
)  # fmt: skip
LIMIT = 30.0


def write_roads(path: Path) -> None:
    """Write the extract, bends and all."""
    import osmium
    from osmium.osm import mutable

    rng = np.random.default_rng(1)
    n = SIDE * SIDE
    column, row = np.divmod(np.arange(n), SIDE)
    lon = -80.0 + column * 0.0045 + rng.uniform(-0.001, 0.001, n)
    lat = 37.0 + row * 0.0027 + rng.uniform(-0.0006, 0.0006, n)
    at = np.arange(n).reshape(SIDE, SIDE)
    ends = np.concatenate(
        [
            np.column_stack([at[:-1].ravel(), at[1:].ravel()]),
            np.column_stack([at[:, :-1].ravel(), at[:, 1:].ravel()]),
        ]
    )
    fast = np.concatenate([(np.arange(SIDE) % 20 == 0)[None].repeat(SIDE - 1, 0).ravel(),
                           (np.arange(SIDE) % 20 == 0)[:, None].repeat(SIDE - 1, 1).ravel()])  # fmt: skip
    slow = rng.permutation(np.flatnonzero(~fast))[: STREETS - int(fast.sum())]
    kept = np.sort(np.concatenate([np.flatnonzero(fast), slow]))
    ends, fast = ends[kept], fast[kept]
    share = np.array([0.25, 0.5, 0.75])
    bend_lon = lon[ends[:, :1]] * (1 - share) + lon[ends[:, 1:]] * share
    bend_lat = lat[ends[:, :1]] * (1 - share) + lat[ends[:, 1:]] * share
    bend_lon += rng.normal(0, 0.0003, bend_lon.shape)
    everything = zip(
        np.append(lon, bend_lon).tolist(), np.append(lat, bend_lat).tolist(), strict=True
    )
    bends = n + np.arange(bend_lon.size).reshape(bend_lon.shape)
    with osmium.SimpleWriter(str(path)) as writer:
        for number, place in enumerate(everything, start=1):
            writer.add_node(mutable.Node(id=number, version=1, location=place))
        refs = np.column_stack([ends[:, 0], bends, ends[:, 1]]) + 1
        kinds = ({"highway": "residential"}, {"highway": "primary", "maxspeed": "55 mph"})
        for number, (nodes, quick) in enumerate(zip(refs.tolist(), fast, strict=True), start=1):
            tags = kinds[int(quick)]
            writer.add_way(mutable.Way(id=number, version=1, nodes=nodes, tags=tags))


def points(count: int, seed: int) -> pd.DataFrame:
    """Places in clusters, in an order that keeps neighbors together, as ids of areas do."""
    rng = np.random.default_rng(seed)
    towns = rng.uniform(0, 1, (200, 2))
    town = np.sort(rng.integers(0, 200, count))
    x, y = np.clip(towns[town] + rng.normal(0, 0.04, (count, 2)), 0.001, 0.999).T
    frame = pd.DataFrame({"lon": -80.0 + x * 0.0045 * SIDE, "lat": 37.0 + y * 0.0027 * SIDE})
    return frame.set_axis([f"p{k:06d}" for k in range(count)], axis="index")


def run(case: str, path: Path) -> dict[str, object]:
    """Run one case in this process and tell what it took."""
    from equity import nearest_sites, read_roads, travel_costs

    if case == "read":
        began = time.perf_counter(), time.process_time()
        roads = read_roads(path)
        took, cpu = time.perf_counter() - began[0], time.process_time() - began[1]
        return {
            "wall": took, "cpu": cpu, "ways a minute": round(STREETS / took * 60),
            "points": len(roads.lon), "edges": roads.minutes.nnz,
        }  # fmt: skip
    began = time.perf_counter(), time.process_time()
    roads = read_roads(path)
    told: dict[str, object] = {"taken over": time.perf_counter() - began[0]}
    if case == "again":
        return {"wall": told["taken over"], "cpu": time.process_time() - began[1]}
    name, _, peer = case.partition("-")
    areas = points(160_000 if name == "nearest" else 2_200, 1)
    sites = points(20_000 if name == "streamed" else 500, 2)
    if peer:
        return told | PEERS[case](roads, areas, sites)
    began = time.perf_counter(), time.process_time()
    if name == "nearest":
        minutes = nearest_sites(areas, sites, method="roads", roads=roads)["nearest_site_min"]
        answer = reached(minutes.to_numpy())
    else:
        costs = travel_costs(
            areas, sites, max_minutes=LIMIT, method="roads", roads=roads, keep=name == "pairs"
        )
        blocks = list(costs.blocks()) if name == "pairs" else costs.blocks()
        total = [(block.cost.sum(), len(block.cost)) for block in blocks]
        answer = [float(x) for x in np.sum(total, axis=0)]
    return told | {
        "wall": time.perf_counter() - began[0],
        "cpu": time.process_time() - began[1],
        "answer": answer,
    }


def reached(minutes: np.ndarray) -> list[float]:
    """Return the sum of what has an end, and how many that are: no road leads out of some parts."""
    found = minutes[minutes < 1e6]
    return [float(found.sum()), len(found)]


def on_roads(roads, places):
    """Return the next point of the roads and the minutes to it, as the package counts them."""
    from equity.measures.reach.places import locate
    from equity.measures.reach.roads import to_roads

    where = locate(places, role="areas")
    start, _, _ = to_roads(roads, where, where)
    return start.vertex, start.minutes


def pandana_nearest(roads, areas, sites):
    import pandana

    began = time.perf_counter(), time.process_time()
    edges = roads.minutes.tocoo()
    start, end = edges.coords
    network = pandana.Network(
        pd.Series(roads.lon), pd.Series(roads.lat), pd.Series(start), pd.Series(end),
        pd.DataFrame({"minutes": edges.data}), twoway=False,
    )  # fmt: skip
    prepared = time.perf_counter() - began[0]
    at, first = on_roads(roads, areas)
    to, _ = on_roads(roads, sites)
    network.set_pois("s", 1000, 1, pd.Series(roads.lon[to]), pd.Series(roads.lat[to]))
    found = network.nearest_pois(1000, "s", num_pois=1)[1].to_numpy()
    # It counts no way from the roads to a site: the answer is not the same by that much.
    return {
        "wall": time.perf_counter() - began[0], "cpu": time.process_time() - began[1],
        "preparing": prepared, "without the way to the site": reached(np.where(found < 1000, found, np.inf)[at] + first),
    }  # fmt: skip


def networkit_graph(roads, sites):
    """The graph backward, with one more point for each site, and one that leads to all."""
    import networkit as nk

    edges = roads.minutes.tocoo()
    start, end = edges.coords
    to, last = on_roads(roads, sites)
    n = len(roads.lon)
    own = n + np.arange(len(to))
    top = np.full(len(to), n + len(to))
    graph = nk.GraphFromCoo(
        (
            np.concatenate([edges.data, last, np.zeros(len(to))]),
            (np.concatenate([end, own, top]), np.concatenate([start, to, own])),
        ),
        n=n + len(to) + 1,
        weighted=True,
        directed=True,
    )
    return graph, own


def networkit_nearest(roads, areas, sites):
    import networkit as nk

    began = time.perf_counter(), time.process_time()
    graph, own = networkit_graph(roads, sites)
    prepared = time.perf_counter() - began[0]
    search = nk.distance.Dijkstra(graph, int(own[-1]) + 1, storePaths=False)
    search.run()
    at, first = on_roads(roads, areas)
    minutes = np.array(search.getDistances())[at] + first
    return {
        "wall": time.perf_counter() - began[0], "cpu": time.process_time() - began[1],
        "preparing": prepared, "answer": reached(minutes),
    }  # fmt: skip


def networkit_pairs(roads, areas, sites):
    """One site in ten: it has no limit, so that each search goes through all of the roads."""
    import networkit as nk

    from equity import travel_costs

    sites = sites.iloc[::10]
    ours = travel_costs(areas, sites, max_minutes=LIMIT, method="roads", roads=roads, keep=True)
    expected = [ours.to_frame()["cost_min"].sum(), ours.pairs_n]
    began = time.perf_counter(), time.process_time()
    graph, own = networkit_graph(roads, sites)
    prepared = time.perf_counter() - began[0]
    at, first = on_roads(roads, areas)
    total = np.zeros(2)
    for site in own:
        search = nk.distance.Dijkstra(graph, int(site), storePaths=False)
        search.run()
        minutes = np.array(search.getDistances())[at] + first
        near = minutes[minutes <= LIMIT * (1 + 1e-9)]
        total += near.sum(), len(near)
    np.testing.assert_allclose(total, expected)
    return {
        "wall": time.perf_counter() - began[0], "cpu": time.process_time() - began[1],
        "preparing": prepared, "sites": len(sites),
    }  # fmt: skip


PEERS = {
    "nearest-pandana": pandana_nearest,
    "nearest-networkit": networkit_nearest,
    "pairs-networkit": networkit_pairs,
}


def main() -> None:
    asked = sys.argv[1:]
    if asked[:1] == ["--one"]:
        told = run(asked[1], Path(asked[2]))
        told["peak MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(json.dumps(told))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made-up.osm.pbf"
        write_roads(path)
        print(f"{STREETS:,} streets, {path.stat().st_size / 1e6:,.0f} MB")
        environment = os.environ | {"EQUITY_CACHE_DIR": folder}
        answers: dict[str, list[float]] = {}
        for case in asked or CASES:
            command = [sys.executable, __file__, "--one", case, str(path)]
            done = subprocess.run(
                command, check=False, env=environment, capture_output=True, text=True
            )
            if done.returncode:
                print(f"{case}: {done.stderr.strip().splitlines()[-1]}")
                continue
            told = json.loads(done.stdout.strip().splitlines()[-1])
            name = case.partition("-")[0]
            if "answer" in told:
                np.testing.assert_allclose(told["answer"], answers.setdefault(name, told["answer"]))
            print(case, {k: round(v, 2) if isinstance(v, float) else v for k, v in told.items()})


if __name__ == "__main__":
    main()
