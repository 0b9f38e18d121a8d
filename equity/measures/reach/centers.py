"""Where the people of an area are: its center of population, from the blocks inside it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from equity import provenance
from equity.areas.geoid import parent
from equity.errors import InputError, MissingColumnError
from equity.measures.checks import aligned
from equity.measures.reach.places import Table, locate, unit_vectors

__all__ = ["population_centers"]

_MADE_OF_BLOCKS = ("block_group", "tract", "county", "state")


def population_centers(
    blocks: Table, *, population: str = "population_n", level: str = "tract"
) -> pd.DataFrame:
    """Return population-weighted centers of areas, from the blocks inside them.

    Parameters
    ----------
    blocks
        By block id (15 digits, or any level below ``level``): geometry or ``lon`` and ``lat``,
        and a count of people.
    population
        Its column.
    level
        Level of the result.

    Returns
    -------
    DataFrame
        ``lon`` and ``lat`` (degrees) by area id, and ``population_n``. Areas where nobody lives
        are left out: a polygon's own center has to serve.

    Raises
    ------
    InputError
        For a negative or missing count.

    Notes
    -----
    The mean is taken of the points as vectors on the unit sphere and put back on its surface, so
    it needs no projection and no care at the antimeridian.

    Examples
    --------
    >>> import pandas as pd
    >>> blocks = pd.DataFrame(
    ...     {"lon": [-78.0, -77.0], "lat": [38.0, 38.0], "population_n": [30.0, 10.0]},
    ...     index=["510010901011000", "510010901011001"])
    >>> population_centers(blocks, level="tract").round(2).to_numpy().tolist()
    [[-77.75, 38.0, 40.0]]
    """
    if level not in _MADE_OF_BLOCKS:
        raise InputError(
            f"the id of a block does not tell its {level}", fix=f"use {', '.join(_MADE_OF_BLOCKS)}"
        )
    places = locate(blocks, role="blocks")
    if population not in blocks.columns:
        raise MissingColumnError(
            f"the blocks have no column {population}", fix="name it in population="
        )
    people = aligned(blocks[population], places.ids, what="population", of="blocks")
    lost = ~places.known & (people > 0)
    if lost.any():
        raise InputError(
            "blocks where people live have no location",
            rows=places.ids[lost][:5].tolist(),
            count=int(lost.sum()),
        )
    use = people > 0
    parts = unit_vectors(places.lon[use], places.lat[use]) * people[use, None]
    frame = pd.DataFrame(parts, columns=["x", "y", "z"]).assign(population_n=people[use])
    total = frame.groupby(np.asarray(parent(places.ids[use], level))).sum()
    total.index.name = "geoid"
    centers = pd.DataFrame(
        {
            "lon": np.degrees(np.arctan2(total["y"], total["x"])),
            "lat": np.degrees(np.arctan2(total["z"], np.hypot(total["x"], total["y"]))),
            "population_n": total["population_n"],
        }
    )
    return provenance.carry(centers, blocks, level=level)
