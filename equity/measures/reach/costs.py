"""Sparse travel costs from people to sites: held in memory, or measured again at every pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from equity import provenance
from equity.errors import InputError
from equity.measures.reach._speeds import TravelEstimate
from equity.measures.reach._sphere_pairs import PAIRS_PER_BLOCK, Block, Ints, Sites

_ROUNDING = 1e-9


def at_most(limit: float) -> float:
    """Return the largest cost that still counts as ``limit``, which is itself within reach.

    1.4 km written as 1,400 m and 31 minutes as 31/60 h are the same limit: rounding in a change of
    units must not lose the pair.
    """
    return limit * (1.0 + _ROUNDING)


@dataclass(frozen=True)
class Held:
    """All pairs in three arrays, as a compressed sparse matrix by origin."""

    indptr: Ints
    sites: Sites
    cost: NDArray[np.float64]

    def blocks(self) -> Iterator[Block]:
        """Yield consecutive origins with about :data:`PAIRS_PER_BLOCK` pairs each."""
        n = len(self.indptr) - 1
        low = 0
        while low < n:
            limit = self.indptr[low] + 4 * PAIRS_PER_BLOCK
            high = max(low + 1, int(np.searchsorted(self.indptr, limit, side="right")) - 1)
            begin, end = int(self.indptr[low]), int(self.indptr[high])
            yield Block(
                low,
                high,
                self.indptr[low : high + 1] - begin,
                self.sites[begin:end],
                self.cost[begin:end],
            )
            low = high


@dataclass(frozen=True)
class Streamed:
    """Pairs that are measured again whenever they are asked for; nothing is kept."""

    make: Callable[[], Iterator[Block]]

    def blocks(self) -> Iterator[Block]:
        """Yield the pairs of consecutive origins."""
        return self.make()


def hold(blocks: Iterator[Block], n: int, *, most: int | None = None) -> Held | None:
    """Gather blocks into arrays that grow in place; None as soon as they pass ``most`` pairs."""
    indptr = np.zeros(n + 1, dtype=np.int64)
    sites = np.empty(1 << 16, dtype=np.int32)
    cost = np.empty(1 << 16, dtype=np.float64)
    used = 0
    for block in blocks:
        need = used + len(block.sites)
        if most is not None and need > most:
            return None
        if need > len(sites):
            size = max(need, len(sites) + len(sites) // 2)
            sites.resize(size, refcheck=False)
            cost.resize(size, refcheck=False)
        sites[used:need] = block.sites
        cost[used:need] = block.cost
        indptr[block.start + 1 : block.stop + 1] = used + block.indptr[1:]
        used = need
    sites.resize(used, refcheck=False)
    cost.resize(used, refcheck=False)
    return Held(indptr, sites, cost)


@dataclass(frozen=True, repr=False)
class TravelCosts:
    """Cost of getting from people (rows) to sites (columns), for the pairs within a limit.

    Made by :func:`equity.travel_costs`. A pair that is not stored is out of reach; a stored pair
    may cost 0.

    Attributes
    ----------
    origins
        Ids of the places people start from, in the caller's order.
    sites
        Ids of the sites, in the caller's order.
    unit
        ``"min"``, ``"km"``, or ``"weight"`` where a table gave the weight of each pair.
    limit
        Largest cost that was looked for, in ``unit``, inclusive; None if the table that was
        given does not say.
    listed
        False for origins about which a user's own table says nothing: their access is unknown.
    estimate
        How far the minutes lie from those on the road; None for costs in km.
    note
        How the costs were made, for provenance.
    record
        Empty table that carries the provenance of areas and sites.
    """

    origins: pd.Index
    sites: pd.Index
    unit: str
    limit: float | None
    pairs: Held | Streamed = field(repr=False)
    listed: NDArray[np.bool_] = field(repr=False)
    estimate: TravelEstimate | None = None
    note: str = ""
    record: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)

    @property
    def pairs_n(self) -> int:
        """Number of pairs within the limit (a streamed table has to count them)."""
        if isinstance(self.pairs, Held):
            return len(self.pairs.sites)
        return sum(len(block.sites) for block in self.blocks())

    def blocks(self) -> Iterator[Block]:
        """Yield the pairs, consecutive origins at a time."""
        return self.pairs.blocks()

    def held(self) -> Held:
        """Return the pairs in memory.

        Raises
        ------
        InputError
            If they are streamed.
        """
        if isinstance(self.pairs, Held):
            return self.pairs
        raise InputError(
            "this needs all pairs in memory, and these costs are streamed",
            fix="travel_costs(..., keep=True)",
        )

    def nearest(self) -> pd.DataFrame:
        """Return the nearest site of every origin: of a table of one's own, what it says.

        Returns
        -------
        DataFrame
            By origin: ``nearest_site_min`` or ``nearest_site_km``, ``nearest_site_id`` (of equals
            the first by name) and ``nearest_site_status``: ``ok``, ``no_supply_in_reach`` where a
            table without a limit knows of no way, ``not_covered`` where nothing is known (past a
            limit too: :func:`equity.beyond_reach` with ``missing="beyond"`` if it is the study's).

        Raises
        ------
        InputError
            If the costs are weights.
        """
        if self.unit == "weight":
            raise InputError(
                "weights do not tell which site is nearest", fix="give a table of times or km"
            )
        by_name = np.argsort(np.argsort(self.sites.astype(str), kind="stable"))
        least = np.full(len(self.origins), np.inf)
        site = np.zeros(len(self.origins), dtype=np.int64)
        for block in self.blocks():
            some = np.flatnonzero(np.diff(block.indptr))
            if not len(some):
                continue
            starts = block.indptr[some]
            cost = np.minimum.reduceat(block.cost, starts)
            rank = np.where(
                block.cost == np.repeat(cost, np.diff(block.indptr)[some]),
                by_name[block.sites],
                len(self.sites),
            )
            least[block.start + some] = cost
            site[block.start + some] = np.minimum.reduceat(rank, starts)
        found = np.isfinite(least)
        nothing = "no_supply_in_reach" if self.limit is None else "not_covered"
        names = self.sites[np.argsort(by_name)]
        result = pd.DataFrame(
            {
                f"nearest_site_{self.unit}": np.where(found, least, np.nan),
                "nearest_site_id": pd.Series(names[site], index=self.origins).where(found),
                "nearest_site_status": np.select(
                    [found, self.listed], ["ok", nothing], default="not_covered"
                ),
            },
            index=self.origins,
        )
        if self.estimate is not None:
            self.estimate.stamp(result)
        return provenance.carry(result, self.record, notes=[self.note] if self.note else [])

    def stamp(
        self, areas: pd.DataFrame, sites: pd.DataFrame, *tables: object, notes: list[str]
    ) -> None:
        """Stamp both sides of a result with where people, sites and numbers come from."""
        parents = [table for table in tables if isinstance(table, pd.DataFrame | pd.Series)]
        provenance.carry(areas, self.record, *parents, notes=notes)
        merged = provenance.meta(areas)
        # A table of sites has no level of area and no vintage of one.
        provenance.stamp(sites, sources=merged.sources, notes=merged.notes)

    def to_frame(self) -> pd.DataFrame:
        """Return the pairs as a long table: ``origin``, ``site_id``, and the cost by its unit."""
        held = self.held()
        rows = np.repeat(np.arange(len(self.origins)), np.diff(held.indptr))
        return pd.DataFrame(
            {
                "origin": self.origins[rows],
                "site_id": self.sites[held.sites],
                f"cost_{self.unit}": held.cost,
            }
        )

    def __repr__(self) -> str:
        limit = "no stated limit" if self.limit is None else f"up to {self.limit:g} {self.unit}"
        size = f"{len(self.origins):,} origins x {len(self.sites):,} sites, {limit}"
        if not isinstance(self.pairs, Held):
            return f"TravelCosts({size}, streamed)"
        alone = int((np.diff(self.pairs.indptr) == 0).sum())
        reached = np.bincount(self.pairs.sites, minlength=len(self.sites)) > 0
        unreached = int((~reached).sum())
        return (
            f"TravelCosts({size}, {self.pairs_n:,} pairs, {alone:,} origins reach no site, "
            f"{unreached:,} sites reach nobody)"
        )
