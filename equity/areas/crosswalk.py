"""Move figures from the areas they were published for to other areas."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import pandas as pd

from equity import provenance
from equity.areas._table import Medians, move
from equity.areas._unknown import Unknown
from equity.areas.relationship import Relationship, as_relationship
from equity.areas.table import level_of, refuse_duplicates
from equity.areas.vintage import check_vintage, comparable, required_vintage
from equity.errors import VintageError

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["Medians", "crosswalk"]


def crosswalk(
    table: pd.DataFrame | gpd.GeoDataFrame,
    relationship: Relationship | pd.DataFrame,
    *,
    to: str,
    counts: Mapping[str, str] | None = None,
    ratios: Mapping[str, tuple[str, str]] | None = None,
    medians: Medians | None = None,
    drop: Collection[str] = (),
    zero_rule: bool = True,
    unknown: Unknown = "missing",
) -> pd.DataFrame:
    """Move a table to the areas of another vintage or kind.

    Counts are divided by weights (people by population, households and locations by housing
    units, land by land; what the relationship lacks is replaced by the next best, and said so)
    and added up, so that totals do not change. Margins are carried:
    ``MOE' = sqrt((W^2)^T MOE^2)``, with the zero-estimate rule; the error of the weights
    themselves is not in them, and areas it concerns are flagged. Shares are rebuilt from their
    moved components (margins by the ``steady`` rule of `equity.moe_share`), and medians from
    grouped counts; neither is ever averaged.

    Parts of one area err together. The result keeps what its rows are parts of, so that a later
    `crosswalk`, `roll_up` or `service_area` adds the margins of parts of one area as they are, and
    those of different areas by their squares. A table that was saved and read again only knows by
    `crosswalk_status` that rows are parts: then the margins of all parts are added as they are,
    the most that they can be, and a note says so.

    Parameters
    ----------
    table
        Area table.
    relationship
        Links between the two kinds of areas, in either direction: a `Relationship` (through
        blocks with `equity.from_blocks`), or the table that
        `equity.read_tract_relationship` returns (land only).
    to
        Vintage wanted: ``2010``, ``2020`` or ``2020-CT2022``.
    counts
        Columns of the user's own that add up -> ``people``, ``households``, ``locations`` or
        ``land``. Columns of this package and ACS detailed tables are known.
    ratios
        Columns of the user's own to rebuild -> (numerator, denominator).
    medians
        Medians to rebuild -> (columns with the counts in each bin, (low, high) of each bin), or a
        `equity.areas.medians.MedianBins` with the design factor; see `grouped_median` beside it.
    drop
        Columns to leave behind.
    zero_rule
        See `equity.moe_sum`.
    unknown
        An area without a value adds nothing where nobody lives (`population_n` of 0, water; no
        households for counts of homes), which a note counts. Where people live (`population_n`
        above 0), ``missing`` makes every sum it belongs to missing; ``partial`` leaves it out,
        sets the count's ``_status`` to ``partial``, says in a note how many people that is, and
        rebuilds shares over the areas that have both parts. Where the table does not know whether
        anybody lives there, the sum is missing.

    Returns
    -------
    DataFrame
        One row a target area that receives anything, by id; text, flags and geometry stay
        behind. `crosswalk_status`: ``whole`` (made of whole areas, exact), ``crosswalked``
        (contains a part of a divided area) or ``partial`` (an area that belongs to it is not in
        the table: its values are missing). `split_share`: how much of the area's first
        count came from divided ones.

    Raises
    ------
    VintageError
        If the relationship does not lead from the table's vintage to the one wanted.
    InputError
        If a column can neither be added up nor rebuilt, or an area with figures has no link.

    References
    ----------
    Schroeder, J. P. (2007). Target-density weighting interpolation and uncertainty evaluation for
    temporal analysis of census data. Geographical Analysis 39(3), 311-335.
    doi:10.1111/j.1538-4632.2007.00706.x
    """
    level = level_of(table)
    refuse_duplicates(table.index, "the table")
    directed = _directed(table, as_relationship(relationship), level, to)
    return move(
        table,
        directed,
        to=to,
        counts=counts,
        ratios=ratios,
        medians=medians,
        drop=drop,
        zero_rule=zero_rule,
        unknown=unknown,
    )


def _directed(table: pd.DataFrame, relationship: Relationship, level: str, to: str) -> Relationship:
    """Turn the relationship so that it starts from the table."""
    have = required_vintage(provenance.meta(table).geo_vintage, name="the table")
    check_vintage(table.index, level=level, geo_vintage=have, file="the table")
    required_vintage(to, name="the target")
    for candidate in (relationship, relationship.reverse()):
        fits_level = candidate.source_level == level
        starts = comparable(level, have, candidate.source_vintage, table.index)
        ids = candidate.links["target"]
        if fits_level and starts and comparable("tract", candidate.target_vintage, to, ids):
            return candidate
    raise VintageError(
        f"the relationship links {relationship.source_level} areas of "
        f"{relationship.source_vintage} and {relationship.target_level} areas of "
        f"{relationship.target_vintage}; the table has {level} areas of {have} and {to} is wanted",
        fix="read the relationship file between these two vintages",
    )
