"""The arithmetic of floating catchments over blocks of sparse pairs.

``A`` is access by area, ``N`` demand by site, ``f`` the weight of a pair, ``P`` people, ``S``
capacity. Every method is two passes over the pairs, and a pass needs one block at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from equity.measures.reach.costs import TravelCosts
from equity.measures.reach.decay import Decay
from equity.measures.reach.places import Floats


@dataclass(frozen=True)
class Solution:
    """Access by area, demand and ratio by site, and what each area can reach, in plain arrays."""

    access: Floats
    demand_at_site: Floats
    ratio: Floats
    reachable: Floats
    """Weighted capacity in reach of each area; 0 says that there is none."""


def weighted(costs: TravelCosts, decay: Decay) -> Iterator[tuple[slice, sparse.csr_array]]:
    """Yield the weights of consecutive areas as sparse rows."""
    for block in costs.blocks():
        matrix = sparse.csr_array(
            (decay.weight(block.cost), block.sites, block.indptr),
            shape=(block.stop - block.start, len(costs.sites)),
        )
        yield slice(block.start, block.stop), matrix


def ratios(supply: Floats, demand: NDArray[np.number]) -> Floats:
    """Return capacity over demand; 0 where nobody is there to use it."""
    found: Floats = np.divide(supply, demand, out=np.zeros_like(supply), where=demand > 0)
    return found


def two_step(
    costs: TravelCosts,
    decay: Decay,
    people: Floats,
    supply: Floats,
    *,
    second_power: int = 1,
    selection: bool = False,
) -> Solution:
    """Solve 2SFCA and its relatives.

    Parameters
    ----------
    second_power
        2 squares the weight in the second step (M2SFCA).
    selection
        Weights each pair also by its share of the area's weights (3SFCA).
    """
    demand = np.zeros(len(supply))
    for rows, f in weighted(costs, decay):
        demand += (_selected(f) if selection else f).T @ people[rows]
    ratio = ratios(supply, demand)
    access = np.zeros(len(people))
    reachable = np.zeros(len(people))
    for rows, f in weighted(costs, decay):
        reachable[rows] = f @ supply
        second = _selected(f) if selection else f
        if second_power != 1:
            second.data = second.data**second_power
        access[rows] = second @ ratio
    return Solution(access, demand, ratio, reachable)


def balanced(costs: TravelCosts, decay: Decay, people: Floats, supply: Floats) -> Solution:
    """Solve BFCA: weights share out each area's people, and each site's level of service.

    A site without capacity serves nobody, so nobody is sent there.
    """
    serves = supply > 0
    demand = np.zeros(len(supply))
    column = np.zeros(len(supply))
    for rows, f in weighted(costs, decay):
        f.data *= serves[f.indices]
        row = f.sum(axis=1)
        demand += f.T @ ratios(people[rows], row)
        column += f.T @ np.ones(len(row))
    ratio = ratios(supply, demand)
    access = np.zeros(len(people))
    reachable = np.zeros(len(people))
    service = ratios(ratio, column)
    for rows, f in weighted(costs, decay):
        access[rows] = f @ service
        reachable[rows] = f @ supply
    return Solution(access, demand, ratio, reachable)


def inverted(costs: TravelCosts, decay: Decay, people: Floats, supply: Floats) -> Solution:
    """Solve i2SFCA: how many people a unit of each site's capacity has to share.

    ``ratio`` is crowding, people per unit; ``access`` is the mean crowding of the sites in an
    area's reach, weighted by what it would find there (``f S``).
    """
    crowding = np.zeros(len(supply))
    reachable = np.zeros(len(people))
    for rows, f in weighted(costs, decay):
        reachable[rows] = f @ supply
        crowding += f.T @ ratios(people[rows], reachable[rows])
    met = np.zeros(len(people))
    for rows, f in weighted(costs, decay):
        met[rows] = ratios(f @ (supply * crowding), reachable[rows])
    return Solution(met, crowding * supply, crowding, reachable)


def _selected(f: sparse.csr_array) -> sparse.csr_array:
    """Return ``G f`` with ``G`` the share of each weight in its row; an empty row stays empty."""
    row = f.sum(axis=1)
    share = np.repeat(ratios(np.ones_like(row), row), np.diff(f.indptr))
    return sparse.csr_array((f.data * f.data * share, f.indices, f.indptr), shape=f.shape)
