"""Counties, tracts and block groups of the example state, grown from cells so that they nest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from equity.example import _plan as plan
from equity.example._mesh import Mesh
from equity.example._plan import Flags, Floats, Ints

_MIN_CELLS_A_TRACT = 5


@dataclass(frozen=True)
class Land:
    """Who belongs where, by cell.

    `county` and `tract` number the areas; `tract_code` has the six digits of each tract and
    `tract_county` its county; `group` is the block group's digit within its tract (0 in the water
    tract) and `rank` the cell's place within its block group.
    """

    mesh: Mesh
    county: Ints
    tract: Ints
    group: Ints
    rank: Ints
    tract_code: list[str]
    tract_county: Ints
    density: Floats
    forest: Flags
    range_: Flags

    @property
    def tract_geoids(self) -> list[str]:
        """Eleven-digit ids, one a tract."""
        return [
            plan.FIPS + plan.COUNTY_FIPS[c] + code
            for c, code in zip(self.tract_county, self.tract_code, strict=True)
        ]


def build_land(mesh: Mesh, rng: np.random.Generator) -> Land:
    """Draw the areas of the state on its cells."""
    density = people_per_km2(mesh)
    forest = plan.in_ellipse(mesh.seeds, plan.FOREST) & ~mesh.lake
    range_ = plan.in_ellipse(mesh.seeds, plan.RANGE) & ~mesh.lake
    county = _counties(mesh, forest, range_)
    tract, tract_county = _tracts(mesh, county, density, [mesh.lake, forest, range_], rng)
    code = _tract_codes(mesh, tract, tract_county, density)
    group = _block_groups(mesh, tract, density, rng)
    group[mesh.lake] = 0
    return Land(
        mesh=mesh,
        county=county,
        tract=tract,
        group=group,
        rank=_rank_within(tract * 10 + group, mesh.seeds),
        tract_code=code,
        tract_county=tract_county,
        density=density,
        forest=forest,
        range_=range_,
    )


def people_per_km2(mesh: Mesh) -> Floats:
    """Density of people: towns that thin out, valleys, roads between towns, near-empty ridges."""
    xy = mesh.seeds
    points = shapely.points(xy)
    river = shapely.distance(points, shapely.LineString(plan.smooth(plan.RIVER)))
    ridges = shapely.MultiLineString([plan.smooth(r) for r in plan.RIDGES])
    ridge = shapely.distance(points, ridges)
    road = shapely.distance(points, shapely.MultiLineString(roads()))
    wild = 2.2 * (1 + 1.2 * np.exp(-river / 3.0) + 2.0 * np.exp(-road / 1.3))
    wild *= np.where(ridge < 2.5, 0.25, np.where(ridge < 6.0, 0.6, 1.0))
    wild *= np.where(xy[:, 0] > 145, 0.65, 1.0)
    total = wild
    for town in plan.TOWNS:
        away = np.hypot(xy[:, 0] - town.x, xy[:, 1] - town.y)
        core = town.share * plan.PEOPLE / (2 * np.pi * town.radius_km**2)
        total = total + core * np.exp(-away / town.radius_km)
    density: Floats = np.round(total, 6)
    return density


def roads() -> list[Floats]:
    """Roads that join every town to the nearest larger ones, as lines in kilometers."""
    towns = sorted(plan.TOWNS, key=lambda t: -t.share)
    lines: list[Floats] = []
    for i, town in enumerate(towns[1:], start=1):
        larger = sorted(towns[:i], key=lambda t: np.hypot(t.x - town.x, t.y - town.y))
        lines.extend(_road(town, other) for other in larger[: 2 if i % 3 == 0 else 1])
    return lines


def _road(a: plan.Town, b: plan.Town) -> Floats:
    """Draw a gently winding road between two towns."""
    t = np.linspace(0, 1, 24)[:, None]
    start, end = np.array([a.x, a.y]), np.array([b.x, b.y])
    way = end - start
    bend = np.sin(t * np.pi) * 0.06 + np.sin(t * 3 * np.pi) * 0.025
    line: Floats = start + t * way + bend * np.array([-way[1], way[0]])
    return line


def _reach(mesh: Mesh, sources: Ints, cost: Floats, within: Ints) -> Ints:
    """Find the source cell that reaches each cell first without leaving its `within` class."""
    same = within[mesh.pairs[:, 0]] == within[mesh.pairs[:, 1]]
    a, b = mesh.pairs[same].T
    n = len(mesh.seeds)
    graph = csr_array((cost[same], (a, b)), shape=(n, n))
    _, _, owner = dijkstra(
        graph, directed=False, indices=sources, min_only=True, return_predecessors=True
    )
    return np.asarray(owner, dtype=np.int64)


def _cost(mesh: Mesh, river_km: float, ridge_km: float) -> Floats:
    """Length of each hop in km, plus what it costs to cross the river or a ridge."""
    a, b = mesh.pairs.T
    hop = np.hypot(*(mesh.seeds[a] - mesh.seeds[b]).T)
    cost: Floats = np.round(hop + river_km * mesh.crosses_river + ridge_km * mesh.crosses_ridge, 6)
    return cost


def _counties(mesh: Mesh, *whole: Flags) -> Ints:
    """Find each cell's county: the seat that reaches it first. `whole` areas stay undivided."""
    seats = np.array([[t.x, t.y] for t in plan.TOWNS if t.county_seat])
    seat_cells = np.asarray(cKDTree(mesh.seeds).query(seats)[1])
    everywhere = np.zeros(len(mesh.seeds), dtype=np.int64)
    owner = _reach(mesh, seat_cells, _cost(mesh, 14.0, 18.0), everywhere)
    county = np.searchsorted(np.sort(seat_cells), owner)
    county = np.argsort(seat_cells)[county]
    undivided = (mesh.lake, *whole)
    for area in undivided:
        county[area] = np.bincount(county[area]).argmax()
    parted = county.copy()
    for k, area in enumerate(undivided):
        parted[area] = len(seats) + k
    anchors = np.concatenate([seat_cells, [np.flatnonzero(area)[0] for area in undivided]])
    mended = _mended(mesh, parted, anchors, closed=parted >= len(seats))
    return np.where(parted >= len(seats), county, mended)


def _mended(mesh: Mesh, area: Ints, anchors: Ints, *, closed: Flags) -> Ints:
    """Give cells cut off from their area's anchor to a neighbor, so each area is in one piece."""
    area = area.copy()
    hop = np.ones(len(mesh.pairs))
    for _ in range(20):
        lost = _reach(mesh, anchors, hop, area) < 0
        if not lost.any():
            break
        for a, b in mesh.pairs[lost[mesh.pairs].any(axis=1)]:
            if lost[a] and not lost[b] and not closed[b]:
                area[a] = area[b]
            elif lost[b] and not lost[a] and not closed[a]:
                area[b] = area[a]
    return area


def _tracts(
    mesh: Mesh, county: Ints, density: Floats, special: list[Flags], rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Find the tract of each cell and the county of each tract; special areas come last."""
    apart = np.zeros(len(mesh.seeds), dtype=np.int64)
    for k, flags in enumerate(special, start=1):
        apart[flags] = k
    people = density * mesh.area_km2 * (apart == 0)
    by_county = np.bincount(county, people, minlength=len(plan.COUNTIES))
    wanted = np.maximum(np.round(by_county / by_county.sum() * (plan.N_TRACTS - 3)), 4).astype(int)
    cost = _cost(mesh, 200.0, 5.0)
    tract = np.full(len(mesh.seeds), -1, dtype=np.int64)
    tract_county: list[int] = []
    for c, n in enumerate(wanted):
        cells = np.flatnonzero((county == c) & (apart == 0))
        seeds = cells[
            _spread(mesh.seeds[cells], people[cells] * density[cells] ** 0.8, int(n), rng)
        ]
        within = np.where((county == c) & (apart == 0), 1, 2 + np.arange(len(county)))
        for _ in range(4):  # a seed that holds too little ground gives it up
            owner = _reach(mesh, seeds, cost, within)
            held = np.bincount(
                np.searchsorted(seeds, owner[cells[owner[cells] >= 0]]), minlength=len(seeds)
            )
            if held.min() >= _MIN_CELLS_A_TRACT or len(seeds) <= 3:
                break
            seeds = seeds[held >= min(_MIN_CELLS_A_TRACT, np.sort(held)[-3])]
        owner = _reach(mesh, seeds, cost, within)
        lost = cells[owner[cells] < 0]
        if len(lost):
            kept = cells[owner[cells] >= 0]
            owner[lost] = owner[kept[cKDTree(mesh.seeds[kept]).query(mesh.seeds[lost])[1]]]
        tract[cells] = len(tract_county) + np.searchsorted(seeds, owner[cells])
        tract_county.extend([c] * len(seeds))
    for flags in special:
        tract[flags] = len(tract_county)
        tract_county.append(int(county[flags][0]))
    return tract, np.array(tract_county)


def _spread(xy: Floats, weight: Floats, n: int, rng: np.random.Generator) -> Ints:
    """Pick `n` places evenly by `weight` (weighted k-means); sorted, without repeats."""
    n = min(n, max(1, len(xy) // _MIN_CELLS_A_TRACT))
    share = weight / weight.sum()
    centers = xy[np.sort(rng.choice(len(xy), n, replace=False, p=share))]
    for _ in range(25):
        _, owner = cKDTree(centers).query(xy)
        mass = np.bincount(owner, weight, minlength=n)
        ok = mass > 0
        for i in (0, 1):
            moved = np.bincount(owner, weight * xy[:, i], minlength=n)
            centers[ok, i] = np.round(moved[ok] / mass[ok], 4)
    _, nearest = cKDTree(xy).query(centers)
    return np.unique(nearest).astype(np.int64)


def _tract_codes(mesh: Mesh, tract: Ints, tract_county: Ints, density: Floats) -> list[str]:
    """Give each county's tracts numbers, densest first; 98 is forest and range, 99 the lake."""
    n = len(tract_county)
    people = np.bincount(tract, density * mesh.area_km2, minlength=n)
    dense = people / np.bincount(tract, mesh.area_km2, minlength=n)
    codes = [""] * n
    for c in range(len(plan.COUNTIES)):
        mine = np.flatnonzero(tract_county[: n - 3] == c)
        for k, t in enumerate(mine[np.argsort(-dense[mine], kind="stable")]):
            codes[t] = f"{101 + k:04d}00"
    codes[n - 3 :] = ["990000", "980000", "980100"]
    return codes


def _block_groups(mesh: Mesh, tract: Ints, density: Floats, rng: np.random.Generator) -> Ints:
    """Digit of the block group of each cell: two or three a tract, one in tracts without homes."""
    people = density * mesh.area_km2
    count = np.bincount(tract, people)
    cells_in = np.bincount(tract)
    group = np.ones(len(tract), dtype=np.int64)
    starts: list[Ints] = []
    for t in range(len(count) - 3):
        cells = np.flatnonzero(tract == t)
        n = min(3 if count[t] > np.median(count) else 2, max(2, cells_in[t] // 3))
        centers = cells[_spread_few(mesh.seeds[cells], people[cells], n, rng)]
        starts.append(centers)
    starts.extend(np.flatnonzero(tract == t)[:1] for t in range(len(count) - 3, len(count)))
    owner = _reach(mesh, np.concatenate(starts), _cost(mesh, 3.0, 1.0), tract)
    for t, centers in enumerate(starts):
        cells = tract == t
        group[cells] = 1 + np.maximum(np.searchsorted(np.sort(centers), owner[cells]), 0)
    return group


def _spread_few(xy: Floats, weight: Floats, n: int, rng: np.random.Generator) -> Ints:
    """As `_spread`, for the two or three block groups of one tract."""
    centers = xy[np.sort(rng.choice(len(xy), n, replace=False))]
    for _ in range(8):
        owner = np.argmin(((xy[:, None, :] - centers) ** 2).sum(axis=2), axis=1)
        mass = np.bincount(owner, weight, minlength=n)
        ok = mass > 0
        for i in (0, 1):
            centers[ok, i] = np.round(
                np.bincount(owner, weight * xy[:, i], minlength=n)[ok] / mass[ok], 4
            )
    chosen = np.unique(np.argmin(((xy[:, None, :] - centers) ** 2).sum(axis=2), axis=0))
    if len(chosen) == 1:
        farthest = np.argmax(((xy - xy[chosen[0]]) ** 2).sum(axis=1))
        chosen = np.unique([chosen[0], farthest])
    return chosen.astype(np.int64)


def _rank_within(key: Ints, seeds: Floats) -> Ints:
    """Place of each cell among those with the same key, from north to south."""
    order = np.lexsort((seeds[:, 0], -seeds[:, 1], key))
    sorted_key = key[order]
    first = np.concatenate([[0], np.flatnonzero(np.diff(sorted_key)) + 1])
    lengths = np.diff(np.concatenate([first, [len(key)]]))
    rank = np.empty(len(key), dtype=np.int64)
    rank[order] = np.arange(len(key)) - np.repeat(first, lengths)
    return rank
