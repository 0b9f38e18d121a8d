"""OpenStreetMap extracts that tests write, and a search that shares nothing with the package."""

from __future__ import annotations

import heapq
import itertools
import math

import numpy as np

KM = 1 / 111.19508  # degrees of latitude


def write_extract(path, nodes, ways, *, header=None, lights=(), whole=True):
    """Write nodes {id: (east km, north km)} and ways [(node ids, tags)] near 0.5 N, 100 W.

    A whole one ends with a relation, as the map's extracts do.
    """
    import osmium

    path.unlink(missing_ok=True)
    told = osmium.io.Header()
    for key, value in (header or {}).items():
        told.set(key, value)
    with osmium.SimpleWriter(str(path), header=told) as writer:
        for node, (east, north) in sorted(nodes.items()):
            tags = {"highway": "traffic_signals"} if node in lights else {}
            place = degrees(east, north)
            writer.add_node(osmium.osm.mutable.Node(id=node, version=1, location=place, tags=tags))
        for number, (refs, tags) in enumerate(ways, start=1):
            way = osmium.osm.mutable.Way(id=_way_id(refs, number), version=1, nodes=refs, tags=tags)
            writer.add_way(way)
        if whole:
            route = [("w", _way_id(ways[0][0], 1), "")]
            tags = {"type": "route", "route": "bus"}
            writer.add_relation(osmium.osm.mutable.Relation(id=1, members=route, tags=tags))
    return path


def _way_id(refs, number):
    # The same way has the same id in two extracts.
    return 1000 * refs[0] + refs[-1] if len(refs) < 100 else 10**9 + number


def degrees(east, north):
    """Near the equator a km is as long east as north; the map has seven decimals."""
    return (round(-100.0 + east * KM, 7), round(0.5 + north * KM, 7))


def km_between(one, other):
    (x, y), (u, v) = (map(math.radians, degrees(*p)) for p in (one, other))
    h = math.sin((v - y) / 2) ** 2 + math.cos(y) * math.cos(v) * math.sin((u - x) / 2) ** 2
    return 2 * 6371.0088 * math.asin(math.sqrt(h))


def naive_graph(nodes, ways, speeds):
    """Every node of every way, {node: {next: minutes}}; speeds [(ahead km/h, back km/h)]."""
    graph = {}
    for (refs, _), (ahead, back) in zip(ways, speeds, strict=True):
        for one, other in itertools.pairwise(refs):
            km = km_between(nodes[one], nodes[other])
            for a, b, kmh in ((one, other, ahead), (other, one, back)):
                graph.setdefault(a, {})
                graph.setdefault(b, {})
                if kmh:
                    minutes = km / kmh * 60
                    graph[a][b] = min(minutes, graph[a].get(b, math.inf))
    return graph


def naive_minutes(graph, start):
    """Dijkstra's search, one node at a time."""
    best, queue = {}, [(0.0, start)]
    while queue:
        cost, node = heapq.heappop(queue)
        if node not in best:
            best[node] = cost
            for other, minutes in graph[node].items():
                heapq.heappush(queue, (cost + minutes, other))
    return best


def made_up_roads(seed, side=12):
    """A grid with gaps, bends, one-way streets and limits: nodes, ways, and their speeds."""
    rng = np.random.default_rng(seed)
    nodes, ways, speeds, bends = {}, [], [], 10_000
    for x in range(side):
        for y in range(side):
            nodes[1 + x * side + y] = (x * 1.1 + rng.uniform(-0.2, 0.2), y + rng.uniform(-0.2, 0.2))
    for x in range(side):
        for y in range(side):
            for right, up in ((1, 0), (0, 1)):
                if x + right >= side or y + up >= side or rng.random() < 0.15:
                    continue
                one, other = 1 + x * side + y, 1 + (x + right) * side + y + up
                bends += 1
                middle = np.add(nodes[one], nodes[other]) / 2 + rng.uniform(-0.1, 0.1, 2)
                nodes[bends] = tuple(middle)
                mph = int(rng.choice([25, 35, 55]))
                kmh = mph * 1.609344 * 0.8
                way = int(rng.choice([0, 0, 0, 1, -1]))
                tags = {"highway": "tertiary", "maxspeed": f"{mph} mph"}
                tags |= {0: {}, 1: {"oneway": "yes"}, -1: {"oneway": "-1"}}[way]
                ways.append(([one, bends, other], tags))
                speeds.append((kmh if way >= 0 else 0, kmh if way <= 0 else 0))
    return nodes, ways, speeds


def roads_between(path, places):
    """Write an extract whose roads join each place of a table to those around it."""
    import osmium
    from scipy.spatial import Delaunay

    points = places[["lon", "lat"]].to_numpy()
    corners = Delaunay(points).simplices
    pairs = {
        tuple(sorted(pair)) for a, b, c in corners.tolist() for pair in ((a, b), (b, c), (a, c))
    }
    with osmium.SimpleWriter(str(path)) as writer:
        for number, place in enumerate(points.tolist(), start=1):
            writer.add_node(osmium.osm.mutable.Node(id=number, version=1, location=place))
        for number, (one, other) in enumerate(sorted(pairs), start=1):
            tags = {"highway": "secondary", "maxspeed": "45 mph"}
            ends = [one + 1, other + 1]
            writer.add_way(osmium.osm.mutable.Way(id=number, version=1, nodes=ends, tags=tags))
    return path
