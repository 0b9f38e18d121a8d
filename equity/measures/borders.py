"""Which areas share a border: the neighbors that spatial statistics compare an area with."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import shapely
from scipy.sparse import csr_array

from equity.errors import InputError

__all__ = ["Contiguity", "shared_borders"]

Contiguity = Literal["queen", "rook"]
"""``queen``: a common point makes neighbors; ``rook``: only a border with a length does."""
_Indices = npt.NDArray[np.intp]


def shared_borders(polygons: npt.ArrayLike, *, contiguity: Contiguity = "queen") -> csr_array:
    """Return who borders on whom, as a symmetric matrix of ones without a diagonal.

    Parameters
    ----------
    polygons
        Shapely polygons or multipolygons in one CRS; a missing or empty one has no neighbors.
    contiguity
        ``queen`` (a common point is enough) or ``rook`` (a border with a length).

    Returns
    -------
    scipy.sparse.csr_array
        Areas x areas, in the order given.

    Raises
    ------
    InputError
        For another contiguity.

    Notes
    -----
    Areas of one publisher meet in the very same vertices, which are found by sorting. Only pairs
    whose boxes touch and that have no vertex in common (a corner that lies on a neighbor's straight
    side) are compared as polygons. Overlapping polygons count as neighbors.
    """
    if contiguity not in get_args(Contiguity):
        raise InputError(
            f"contiguity is {contiguity!r}", fix=f"use one of {', '.join(get_args(Contiguity))}"
        )
    shapes = np.asarray(polygons, dtype=object)
    size = len(shapes)
    area, piece = _vertices(shapes) if contiguity == "queen" else _edges(shapes)
    found = _meeting(area, piece, size)
    left, right = _without_common_vertex(shapes, found, rook=contiguity == "rook")
    rows, columns = found.nonzero()
    rows, columns = np.concatenate([rows, left, right]), np.concatenate([columns, right, left])
    return csr_array((np.ones(len(rows)), (rows, columns)), shape=(size, size))


def _vertices(shapes: npt.NDArray[Any]) -> tuple[_Indices, _Indices]:
    """Return pairs of an area and one of its vertices, numbered."""
    points, area = shapely.get_coordinates(shapes, return_index=True)
    return area, _numbered(points)


def _edges(shapes: npt.NDArray[Any]) -> tuple[_Indices, _Indices]:
    """Return pairs of an area and one of the straight pieces of its border, numbered."""
    parts, area_of_part = shapely.get_parts(shapes, return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    vertex = _numbered(points)
    inside = ring[1:] == ring[:-1]
    ends = np.stack([vertex[:-1][inside], vertex[1:][inside]])
    return area_of_part[part_of_ring[ring[1:][inside]]], _numbered(np.sort(ends, axis=0).T)


def _numbered(pairs: npt.NDArray[Any]) -> _Indices:
    # Complex numbers sort by real part, then imaginary part: far faster than rows.
    whole = np.ascontiguousarray(pairs, dtype=float).view(complex)[:, 0]
    _, number = np.unique(whole, return_inverse=True)
    return number


def _meeting(area: _Indices, piece: _Indices, size: int) -> csr_array:
    shape = (size, int(piece.max(initial=0)) + 1)
    holds = csr_array((np.ones(len(area)), (area, piece)), shape=shape)
    common = (holds @ holds.T).tocoo()
    apart = common.row != common.col
    pairs = (common.row[apart], common.col[apart])
    return csr_array((np.ones(len(pairs[0])), pairs), shape=(size, size))


def _without_common_vertex(
    shapes: npt.NDArray[Any], found: csr_array, *, rook: bool
) -> tuple[_Indices, _Indices]:
    """Return further pairs that touch, each once."""
    size = len(shapes)
    left, right = shapely.STRtree(shapes).query(shapes)
    rows, columns = found.nonzero()
    new = (left < right) & ~np.isin(left * size + right, rows * size + columns)
    left, right = left[new], right[new]
    touch = shapely.intersects(shapes[left], shapes[right])
    left, right = left[touch], right[touch]
    if rook:
        long = shapely.length(shapely.intersection(shapes[left], shapes[right])) > 0
        left, right = left[long], right[long]
    return left, right
