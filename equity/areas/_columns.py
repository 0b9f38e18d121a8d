"""Moving the counts of one basis of weights, and their margins."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from equity.areas._arrays import Floats, to_floats
from equity.areas._move import Flags, Links
from equity.areas._pieces import Block, origins
from equity.areas._unknown import Prepared
from equity.areas.annotations import ANNOTATION
from equity.errors import InputError


@dataclass
class Moved:
    """What a move gathers, basis by basis.

    Attributes
    ----------
    columns
        Counts and margins at the targets.
    partial
        Count -> targets whose sum leaves areas out.
    blocks
        Where margins came from, for a later move.
    joint
        Rows that are parts of areas of which the table no longer knows.
    """

    columns: dict[str, Any] = field(default_factory=dict)
    partial: dict[str, Flags] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    joint: int = 0


def move_columns(
    table: pd.DataFrame,
    prepared: Prepared,
    links: Links,
    moved: Moved,
    *,
    names: list[str],
    zero_rule: bool,
) -> None:
    """Move the counts of one basis, and their margins."""
    if not names:
        return
    numbers = to_floats(prepared.table[names], "the table")
    with np.errstate(invalid="ignore"):
        coded = np.asarray((numbers <= ANNOTATION).any(axis=1))
    if coded.any():
        raise InputError(
            "a count is an annotation code",
            rows=list(table.index[coded]),
            fix="decode it first with equity.areas.annotations.decode",
        )
    counted = links.counts(numbers)
    for i, name in enumerate(names):
        if name in prepared.skipped:
            rows = prepared.skipped[name]
            some = ~np.isnan(numbers[:, i]) & ~prepared.left_out(name)
            moved.partial[name] = links.touches(rows) & ~np.isnan(counted[:, i])
            # Nothing but areas without a value is no sum at all.
            counted[moved.partial[name] & ~links.touches(some), i] = np.nan
        moved.columns[name] = counted[:, i]
    with_moe = [name for name in names if name in prepared.roles.margins]
    if with_moe:
        _move_margins(
            table,
            prepared,
            numbers[:, [names.index(name) for name in with_moe]],
            links,
            moved,
            names=with_moe,
            zero_rule=zero_rule,
        )


def _move_margins(
    table: pd.DataFrame,
    prepared: Prepared,
    numbers: Floats,
    links: Links,
    moved: Moved,
    *,
    names: list[str],
    zero_rule: bool,
) -> None:
    """Move margins, those of parts of one area from the area that they are parts of."""
    owned = prepared.roles.margins
    margins = to_floats(prepared.table[[owned[n] for n in names]], "a margin column")
    with np.errstate(invalid="ignore"):
        negative = np.asarray((margins < 0).any(axis=1))
    if negative.any():
        raise InputError(
            "a margin is below 0",
            rows=list(table.index[negative]),
            fix="decode annotation codes with equity.areas.annotations.decode(..., kind='moe')",
        )
    base = {name: prepared.base.get(name, name) for name in names}
    known = {n: found for found in origins(table, [*base.values()], owned) for n in found[0].names}
    from_parts = [name for name in names if base[name] in known]
    for group in _alike(from_parts, base, known, prepared):
        block, rows = known[base[group[0]]]
        picked = replace(block.pick([base[n] for n in group]), names=tuple(group))
        onward = picked.onward(links, rows, prepared.left_out(group[0]))
        at = [names.index(n) for n in group]
        unknown = links.touches(np.isnan(numbers[:, at]) | np.isnan(margins[:, at]))
        _put(moved, group, owned, np.where(unknown, np.nan, onward.moved()))
        moved.blocks.append(onward)
    rest = [i for i, name in enumerate(names) if base[name] not in known]
    if not rest:
        return
    joint = _lost_parts(table)
    chosen, errors = numbers[:, rest], margins[:, rest]
    result = links.margins(chosen, errors, zero_rule=zero_rule, joint=joint)
    group = [names[i] for i in rest]
    _put(moved, group, owned, result)
    if joint is not None:
        moved.joint = max(moved.joint, int(joint.sum()))
    elif links.divides:
        start = np.nan_to_num(chosen, copy=False), np.nan_to_num(errors, copy=False)
        moved.blocks.append(Block(tuple(group), links, *start, zero_rule))


def _alike(
    names: list[str], base: dict[str, str], known: dict[str, Any], prepared: Prepared
) -> list[list[str]]:
    """Columns of one origin that leave out the same rows."""
    groups: dict[tuple[int, bytes], list[str]] = {}
    for name in names:
        key = id(known[base[name]][0]), prepared.left_out(name).tobytes()
        groups.setdefault(key, []).append(name)
    return list(groups.values())


def _put(moved: Moved, names: list[str], owned: dict[str, str], margins: Floats) -> None:
    moved.columns.update({owned[name]: margins[:, i] for i, name in enumerate(names)})


def _lost_parts(table: pd.DataFrame) -> Flags | None:
    """Rows that are parts of divided areas of which the table no longer knows; None if none is."""
    if "crosswalk_status" not in table.columns:
        return None
    parts = (table["crosswalk_status"] == "crosswalked").to_numpy(dtype=bool)
    return parts if parts.any() else None
