"""Shares whose numerator is no column: what they are shares of tells it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import numpy as np
import pandas as pd

from equity.areas.schema import columns, companion, describe, split_suffix

_ENDING = "_implied_n"


def with_numerators(
    table: pd.DataFrame, named: Collection[str]
) -> tuple[pd.DataFrame, dict[str, str], dict[str, tuple[str, str]]]:
    """Add the numerators of shares that say what they are shares of.

    Parameters
    ----------
    table
        Area table.
    named
        Columns of which the caller decides.

    Returns
    -------
    table : DataFrame
        With ``<share>_implied_n`` and its margin beside each share that has its count here.
    counts, ratios : dict
        What the new columns count; share -> its numerator and its denominator.
    """
    added: dict[str, pd.Series] = {}
    counts: dict[str, str] = {}
    ratios: dict[str, tuple[str, str]] = {}
    for name, base in _shares(table, named):
        top = companion(name, _ENDING)
        # Of nothing there is nothing, whatever its share.
        added[top] = (table[name] * table[base]).mask(table[base] == 0, 0.0)
        counts[top], ratios[name] = str(columns()[base].universe), (top, base)
        moe, base_moe = companion(name, "_moe"), companion(base, "_moe")
        if moe in table.columns and base_moe in table.columns:
            # The margin of a share, solved for its numerator's.
            above, below = table[base] * table[moe], table[name] * table[base_moe]
            margin = pd.Series(np.hypot(above, below), index=table.index)
            added[companion(top, "_moe")] = margin.mask(table[base] == 0, 0.0)
    if not added:
        return table, counts, ratios
    wide = pd.concat([table, pd.DataFrame(added, index=table.index)], axis=1)
    wide.attrs = dict(table.attrs)
    return wide, counts, ratios


def _shares(table: pd.DataFrame, named: Collection[str]) -> Iterable[tuple[str, str]]:
    for name in map(str, table.columns):
        if name in named or split_suffix(name)[0] not in columns():
            continue
        (column,) = describe([name])
        top, base = column.parts or ("", column.of)
        if base in table.columns and top + split_suffix(name)[1] not in table.columns:
            yield name, base


def without_numerators(
    result: pd.DataFrame, notes: Iterable[str], ratios: Mapping[str, tuple[str, str]]
) -> tuple[pd.DataFrame, list[str]]:
    """Take the added columns out again, and speak of the shares in their place."""
    tops = {top: name for name, (top, _) in ratios.items()}
    endings = ("", "_moe", "_status")
    gone = {companion(top, ending) if ending else top for top in tops for ending in endings}
    said = []
    for note in notes:
        words = note
        for top, name in tops.items():
            words = words.replace(top, name)
        said.append(words)
    return result.drop(columns=[n for n in result.columns if n in gone]), said
