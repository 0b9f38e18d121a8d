"""Census blocks: the smallest areas, through which larger ones are compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from equity.areas.geoid import LEVELS
from equity.areas.relationship import Relationship, relationship
from equity.errors import InputError, MissingColumnError
from equity.provenance import Source, meta


def block_amounts(blocks: pd.DataFrame) -> pd.DataFrame:
    """Return the people and homes of blocks as `population` and `housing`; missing counts as 0.

    Raises
    ------
    MissingColumnError
        If there is neither `population_n` nor `housing_n`.
    """
    names = {"population_n": "population", "housing_n": "housing"}
    found = {old: new for old, new in names.items() if old in blocks.columns}
    if not found:
        raise MissingColumnError(
            "blocks need a column population_n or housing_n",
            fix="read them with equity.read_blocks",
        )
    return blocks[list(found)].rename(columns=found).astype("float64").fillna(0.0)


def from_blocks(
    block_links: pd.DataFrame,
    blocks: pd.DataFrame | None = None,
    *,
    level: str,
    source_vintage: str,
    target_vintage: str,
    sources: tuple[Source, ...] = (),
    file: str | Path | None = None,
) -> Relationship:
    """Build links between tracts, block groups or counties out of links between blocks.

    Parameters
    ----------
    block_links
        Columns `source`, `target` (15-digit ids) and `area` (land of the shared part), from
        `equity.read_block_links`.
    blocks
        People and homes of the blocks of either vintage, from `equity.read_blocks`: index block
        id, columns `population_n` and/or `housing_n`. Spread over the parts of a block by land.
        Without it the weights are land only.
    level
        ``tract``, ``block_group``, ``county`` or ``block``.
    source_vintage, target_vintage
        Vintages of the two block columns.
    sources, file
        For notes and errors.

    Returns
    -------
    Relationship
        Measured in land (square meters), and in people and homes where `blocks` has them.

    Raises
    ------
    InputError
        If blocks with people have no link, or linked blocks have no row in `blocks`.
    """
    length = LEVELS.get(level)
    if level not in ("county", "tract", "block_group", "block") or length is None:
        raise InputError(f"no links between {level} areas through blocks")
    lacking = [name for name in ("source", "target", "area") if name not in block_links.columns]
    if lacking:
        raise MissingColumnError(
            f"block_links lacks {', '.join(lacking)}", fix="pass what equity.read_block_links gives"
        )
    links = block_links[["source", "target", "area"]].copy()
    bases = {"area": "land of blocks"}
    amount_sources = () if blocks is None else meta(blocks).sources
    if blocks is not None:
        blocks = block_amounts(blocks)
        names = list(blocks.columns)
        side = _side_of(links, blocks, file)
        part = _part_of_block(links, side)
        for name in names:
            links[name] = part * links[side].map(blocks[name]).to_numpy()
            bases[name] = (
                f"{name} of blocks of {(source_vintage, target_vintage)[side == 'target']}"
            )
    for column in ("source", "target"):
        links[column] = links[column].str[:length]
    return relationship(
        links,
        source_level=level,
        target_level=level,
        source_vintage=source_vintage,
        target_vintage=target_vintage,
        bases=bases,
        sources=(*sources, *meta(block_links).sources, *amount_sources),
        file=file,
    )


def _side_of(links: pd.DataFrame, blocks: pd.DataFrame, file: str | Path | None) -> str:
    """Find which column the blocks belong to; refuse a table that misses blocks of it."""
    hits = {side: float(links[side].isin(blocks.index).mean()) for side in ("source", "target")}
    side = max(hits, key=lambda key: hits[key])
    lost = links.loc[~links[side].isin(blocks.index), side].unique()
    if len(lost):
        raise InputError(
            f"{len(lost):,} blocks of the crosswalk have no row in the block table",
            file=file,
            rows=list(lost),
            fix="read the block file of every state the crosswalk touches, in the right vintage",
        )
    filled = blocks.index[(blocks > 0).any(axis=1)]
    missing = filled[~filled.isin(links[side])]
    if len(missing):
        raise InputError(
            f"{len(missing):,} blocks with people or homes are missing from the crosswalk",
            file=file,
            rows=list(missing),
            fix="get the whole relationship file; a part of it would lose people",
        )
    return side


def _part_of_block(links: pd.DataFrame, side: str) -> npt.NDArray[np.float64]:
    """Share of the block on one side that lies in each link: by land, else in equal parts."""
    code, ids = pd.factorize(links[side])
    area = links["area"].to_numpy(dtype="float64")
    total = np.bincount(code, weights=area, minlength=len(ids))[code]
    count = np.bincount(code, minlength=len(ids))[code]
    return np.asarray(np.where(total > 0, area / np.where(total > 0, total, 1), 1 / count))
