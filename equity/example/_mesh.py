"""The ground of the example state: some five thousand small cells that share their corners exactly.

Cells are small in towns and large in the hills. Pairs of seeds mirrored across the river, the lake
shore and the border make those lines run along cell edges, so every area built from cells has them
as its boundary.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from scipy.spatial import Voronoi, cKDTree

from equity.example import _plan as plan
from equity.example._plan import Flags, Floats, Ints

_FREE_CELLS = 4300
_SAMPLE = 60_000
_ROUNDS = 6


@dataclass(frozen=True)
class Mesh:
    """Cells of the state: seeds and corners (km), areas (km²) and neighboring pairs."""

    seeds: Floats
    corners: Floats
    rings: list[Ints]
    area_km2: Floats
    pairs: Ints
    crosses_river: Flags
    crosses_ridge: Flags
    lake: Flags


def build_mesh(rng: np.random.Generator) -> Mesh:
    """Lay the cells of the state, clipped to its outline."""
    outline = _outline()
    river = plan.smooth(plan.RIVER)
    fixed = _mirrored_seeds(outline, river)
    free = _relaxed(_sample(rng), rng)
    near, _ = cKDTree(fixed).query(free)
    lines = shapely.MultiLineString([np.vstack([outline, outline[:1]]), river])
    off_line = shapely.distance(shapely.points(free), lines)
    seeds = np.round(np.vstack([fixed, free[(near > 0.35) & (off_line > 0.75)]]), 4)
    return _clip(seeds, outline, river)


def _outline() -> Floats:
    """Border of the state: rounded by nature, except the straight line in the north."""
    ring = list(plan.OUTLINE)
    start = ring.index(plan.STRAIGHT_FROM)
    end = ring.index(plan.STRAIGHT_TO)
    wild = (*ring[end:], *ring[:start], plan.STRAIGHT_FROM)
    return plan.smooth(wild, times=3)


def _along(line: Floats, step_km: float) -> tuple[Floats, Floats]:
    """Points every `step_km` along a line, and the unit normals there."""
    hop = np.hypot(*np.diff(line, axis=0).T)
    at = np.concatenate([[0.0], np.cumsum(hop)])
    where = np.arange(step_km / 2, at[-1], step_km)
    points = np.column_stack([np.interp(where, at, line[:, i]) for i in (0, 1)])
    ahead = np.column_stack([np.interp(where + 0.4, at, line[:, i]) for i in (0, 1)])
    behind = np.column_stack([np.interp(where - 0.4, at, line[:, i]) for i in (0, 1)])
    along = ahead - behind
    along /= np.hypot(*along.T)[:, None]
    return points, np.column_stack([-along[:, 1], along[:, 0]])


def _mirrored_seeds(outline: Floats, river: Floats) -> Floats:
    """Pairs of seeds whose cell edges follow the border, the river and the lake shore."""
    angle = np.linspace(0, 2 * np.pi, 90)
    x0, y0, a, b, turn = plan.LAKE
    shore = np.column_stack(
        [
            x0 + a * np.cos(angle) * np.cos(turn) - b * np.sin(angle) * np.sin(turn),
            y0 + a * np.cos(angle) * np.sin(turn) + b * np.sin(angle) * np.cos(turn),
        ]
    )
    groups: list[Floats] = []
    closed = np.vstack([outline, outline[:1]])
    for line, step, offset in ((closed, 2.0, 0.6), (river, 1.1, 0.4), (shore, 1.2, 0.45)):
        points, normals = _along(line, step)
        pair = np.vstack([points + offset * normals, points - offset * normals])
        if line is river:
            pair = pair[~plan.in_ellipse(pair, plan.LAKE, 1.12)]
        if groups:
            near, _ = cKDTree(np.vstack(groups)).query(pair)
            pair = pair[near > 0.45]
        groups.append(pair)
    return np.vstack(groups)


def _sample(rng: np.random.Generator) -> Floats:
    """Points as dense as cells should be: everywhere a little, in towns a lot, on ridges few."""
    wild = rng.random((_SAMPLE, 2)) * (210.0, 150.0) + (-4.0, -4.0)
    ridges = shapely.MultiLineString([plan.smooth(r) for r in plan.RIDGES])
    away = shapely.distance(shapely.points(wild), ridges)
    wild = wild[rng.random(len(wild)) < np.where(away < 4.0, 0.35, 0.75)]
    groups = [wild]
    for town in plan.TOWNS:
        n = round(_SAMPLE * 1.1 * town.share**0.75 * 0.55)
        reach = rng.gamma(2.0, town.radius_km * 0.8, n)
        angle = rng.random(n) * 2 * np.pi
        groups.append(
            np.column_stack([town.x + reach * np.cos(angle), town.y + reach * np.sin(angle)])
        )
    return np.vstack(groups)


def _relaxed(sample: Floats, rng: np.random.Generator) -> Floats:
    """Seeds spread evenly over the sample (Lloyd's relaxation)."""
    seeds = sample[np.sort(rng.choice(len(sample), _FREE_CELLS, replace=False))]
    for _ in range(_ROUNDS):
        _, owner = cKDTree(seeds).query(sample)
        weight = np.maximum(np.bincount(owner, minlength=len(seeds)), 1)
        moved = [np.bincount(owner, sample[:, i], minlength=len(seeds)) / weight for i in (0, 1)]
        seeds = np.round(np.column_stack(moved), 4)
        seeds = seeds[np.bincount(owner, minlength=len(seeds)) > 0]
    return seeds


def _clip(seeds: Floats, outline: Floats, river: Floats) -> Mesh:
    """Cells around the seeds that lie in the state, renumbered from west to east."""
    far = np.array([[-900.0, -900.0], [1100.0, -900.0], [1100.0, 1100.0], [-900.0, 1100.0]])
    diagram = Voronoi(np.vstack([seeds, far]))
    state = shapely.polygons(outline)
    inside = np.flatnonzero(shapely.contains_xy(state, seeds[:, 0], seeds[:, 1]))
    inside = inside[np.lexsort((seeds[inside, 1], seeds[inside, 0]))]
    number = np.full(len(seeds) + 4, -1)
    number[inside] = np.arange(len(inside))
    seeds = seeds[inside]
    corners = np.round(diagram.vertices, 4)
    rings = [_counter_clockwise(diagram.regions[diagram.point_region[i]], corners) for i in inside]
    pairs = np.sort(number[diagram.ridge_points], axis=1)
    pairs = pairs[pairs[:, 0] >= 0]
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    hops = shapely.linestrings(np.stack([seeds[pairs[:, 0]], seeds[pairs[:, 1]]], axis=1))
    ridges = shapely.MultiLineString([plan.smooth(r) for r in plan.RIDGES])
    return Mesh(
        seeds=seeds,
        corners=corners,
        rings=rings,
        area_km2=np.array([_area(corners[ring]) for ring in rings]),
        pairs=pairs,
        crosses_river=np.asarray(shapely.intersects(hops, shapely.LineString(river))),
        crosses_ridge=np.asarray(shapely.intersects(hops, ridges)),
        lake=plan.in_ellipse(seeds, plan.LAKE),
    )


def _area(ring: Floats) -> float:
    x, y = ring.T
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def _counter_clockwise(region: list[int], corners: Floats) -> Ints:
    """Corner numbers of one cell, counter-clockwise, from the westernmost corner."""
    ring = np.array(region, dtype=np.int64)
    if _area(corners[ring]) < 0:
        ring = ring[::-1]
    first = int(np.lexsort((corners[ring, 1], corners[ring, 0]))[0])
    return np.roll(ring, -first)
