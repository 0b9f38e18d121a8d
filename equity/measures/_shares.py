"""Shares of ACS counts, with the margin that belongs to them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from equity.areas.moe import moe_share, moe_sum
from equity.errors import MissingColumnError


def has_counts(acs: pd.DataFrame, cells: Sequence[str], universe: str) -> bool:
    """Say whether a table holds every cell of a share."""
    return all(f"{code}E" in acs.columns for code in (*cells, universe))


def share_of(acs: pd.DataFrame, cells: Sequence[str], universe: str) -> tuple[pd.Series, pd.Series]:
    """Return the share that some cells are of their universe, and its margin.

    Parameters
    ----------
    acs
        Table with columns such as ``B28002_004E`` and, where published, ``B28002_004M``.
    cells
        Codes whose sum is the numerator.
    universe
        Code of the denominator.

    Returns
    -------
    share, moe : pandas.Series
        Missing where the universe is 0 or unknown; the margin is missing where the table has
        none.
    """
    wanted = [f"{code}E" for code in (*cells, universe)]
    absent = [name for name in wanted if name not in acs.columns]
    if absent:
        raise MissingColumnError(
            f"the ACS table lacks {', '.join(absent)}",
            fix=f"read table {absent[0].split('_')[0]} too",
        )
    total = acs[f"{universe}E"]
    part = acs[wanted[:-1]].sum(axis=1, skipna=False)
    share = (part / total.where(total > 0)).astype(float)
    margins = [name[:-1] + "M" for name in wanted]
    if any(name not in acs.columns for name in margins):
        return share, pd.Series(np.nan, index=acs.index)
    part_moe = acs[margins[0]] if len(cells) == 1 else moe_sum(acs[wanted[:-1]], acs[margins[:-1]])
    # No jump at the radicand's sign: our own shares need not reproduce a published margin.
    margin = moe_share(part, part_moe, total, acs[margins[-1]], rule="steady")
    assert isinstance(margin, pd.Series)
    return share, margin
