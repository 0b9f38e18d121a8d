"""What the rows of a moved table are parts of, so that parts of one area add up as one.

A crosswalk gives each part of a divided area its share of the area's margin. Parts of one area err
together: added up again they have the margin of the whole, not the root of their squares. A moved
table therefore keeps, in its ``attrs``, the links that led to it and the figures they started from;
a later move starts from those. What does not survive a file is the link, not the knowledge that
there was one: `crosswalk_status` says which rows are parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from equity.areas._arrays import Floats, to_floats
from equity.areas._move import Flags, Links
from equity.provenance import PIECES

Positions = npt.NDArray[np.intp]

_SAME = 1e-6  # a value that a file rounded is the same; one that was changed is not


@dataclass(frozen=True)
class Block:
    """Columns that moved by the same weights: the links, and the figures they started from."""

    names: tuple[str, ...]
    links: Links
    values: Floats
    margins: Floats
    zero_rule: bool

    def pick(self, names: list[str]) -> Block:
        """Return some of the columns."""
        at = [self.names.index(name) for name in names]
        return Block(tuple(names), self.links, self.values[:, at], self.margins[:, at],
                     self.zero_rule)  # fmt: skip

    def moved(self) -> Floats:
        """Margins of the rows that the links lead to."""
        result: Floats = self.links.margins(self.values, self.margins, zero_rule=self.zero_rule)
        return result

    def onward(self, step: Links, rows: Positions, left_out: Flags) -> Block:
        """Follow another step from those rows (positions; -1 is none of them)."""
        use = (rows >= 0) & ~left_out
        at = np.flatnonzero(use)
        choose = sparse.csr_array(
            (np.ones(len(at)), (at, rows[at])), shape=(len(rows), self.links.n_target)
        )
        return Block(self.names, Links.of(step.matrix @ choose @ self.links.matrix), self.values,
                     self.margins, self.zero_rule)  # fmt: skip


class Pieces(str):
    """The origin of a moved table: a text in files and comparisons, its blocks in memory."""

    __slots__ = ("blocks", "rows")

    rows: pd.Index
    blocks: tuple[Block, ...]

    @classmethod
    def of(cls, text: str, rows: pd.Index, blocks: list[Block]) -> Pieces:
        """Make the origin of the table with these rows."""
        self = cls(text)
        self.rows, self.blocks = rows, tuple(blocks)
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Pieces:
        """Return itself: pandas copies ``attrs`` with every step, and nothing here changes."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Keep the blocks when another process gets the table."""
        return Pieces.of, (str(self), self.rows, list(self.blocks))


def origins(
    table: pd.DataFrame, names: list[str], margins: dict[str, str]
) -> list[tuple[Block, Positions]]:
    """Blocks that columns of a table verifiably come from, and where its rows are in them.

    A column that was changed since, in any row that has a margin, is not what was moved.
    """
    found: list[tuple[Block, Positions]] = []
    open_names = set(names)
    for piece in table.attrs.get(PIECES, ()):
        if not isinstance(piece, Pieces):
            continue
        rows = piece.rows.get_indexer(table.index)
        for block in piece.blocks:
            mine = [n for n in block.names if n in open_names]
            fits = _same(table, block, mine, margins, rows)
            same = [name for name, fit in zip(mine, fits, strict=True) if fit]
            if same:
                found.append((block.pick(same), rows))
                open_names -= set(same)
    return found


def _same(
    table: pd.DataFrame, block: Block, names: list[str], margins: dict[str, str], rows: Positions
) -> list[bool]:
    if not names:
        return []
    picked = block.pick(names)
    now = to_floats(table[[margins[n] for n in names]], "a margin column")
    values = to_floats(table[names], "the table")
    known = ~np.isnan(now) & ~np.isnan(values)
    pairs = ((now, picked.moved()), (values, picked.links.counts(picked.values)))
    fits = ~known | (rows >= 0)[:, None]
    for mine, theirs in pairs:
        fits &= ~known | np.isclose(mine, theirs[rows], rtol=_SAME, atol=_SAME)
    return [bool(column.all()) for column in fits.T]


def keep(result: pd.DataFrame, text: str, blocks: list[Block]) -> None:
    """Write the origin of a moved table beside it, or remove one that it got from its source."""
    divided = [block for block in blocks if block.links.divides]
    if divided:
        result.attrs[PIECES] = [Pieces.of(text, result.index, divided)]
    else:
        result.attrs.pop(PIECES, None)
