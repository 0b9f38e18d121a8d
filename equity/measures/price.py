"""What a line costs a home: beside the gap, never inside it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from equity.areas.moe import moe_share, moe_sum
from equity.areas.words import number, share
from equity.errors import InputError, MissingColumnError
from equity.language import said
from equity.provenance import carry

__all__ = ["CUSTOMARY_SHARE", "INCOME_CODES", "line_over_income"]

CUSTOMARY_SHARE = 0.02
"""Part of income that a line is held to cost at most: by custom, 2 %."""
# Where the classes of table B19001 start, from its second cell on; the last has no end.
_STARTS_USD = (
    0, 10_000, 15_000, 20_000, 25_000, 30_000, 35_000, 40_000, 45_000, 50_000, 60_000, 75_000,
    100_000, 125_000, 150_000, 200_000,
)  # fmt: skip
INCOME_CODES = tuple(f"B19001_{i + 1:03d}" for i in range(len(_STARTS_USD) + 1))
"""All homes, then those of each class: ACS codes without E or M."""


def line_over_income(
    acs: pd.DataFrame, *, usd_month: float, source: str, income_share: float = CUSTOMARY_SHARE
) -> pd.DataFrame:
    """Return the share of homes for which a line costs more than a part of their income.

    Parameters
    ----------
    acs
        Table from :func:`equity.read_acs` with table B19001: homes by income of the past 12 months.
    usd_month
        Price of a line, dollars a month.
    source
        Who says so, and when: printed with the column.
    income_share
        The part of income (0 to 1, below 1) that a line should cost at most.

    Returns
    -------
    pandas.DataFrame
        With the caller's index: ``line_over_income_share`` (0 to 1), its ``_moe`` (90 %, missing
        where the table has no margins) and ``_status``: ``ok``, ``no_households`` or
        ``not_covered``. A note says price, source, and the class in which the income lies at
        which the price is just that part.

    Raises
    ------
    MissingColumnError
        If a cell of B19001 is missing.
    InputError
        If the price or the part is no number above 0, the source is empty, or the income lies in
        the last class, which has no end.

    Notes
    -----
    With c = 12 x price / part, all homes of the classes below c count, and of the class that holds
    it the part up to c: incomes are taken to be spread evenly inside a class, the first from 0 on.
    The margin holds the sampling error of the counts, not the error of that.

    Examples
    --------
    >>> import pandas as pd
    >>> cells = {f"B19001_{i:03d}E": [10.0] for i in range(2, 18)}
    >>> acs = pd.DataFrame({"B19001_001E": [160.0], **cells})
    >>> found = line_over_income(acs, usd_month=75, source="FCC Urban Rate Survey 2026")
    >>> found["line_over_income_share"].tolist()
    [0.5]
    """
    cut = _income(usd_month, source, income_share)
    codes = INCOME_CODES[1:]
    lacking = [name for name in INCOME_CODES if f"{name}E" not in acs]
    if lacking:
        raise MissingColumnError(
            f"the ACS table lacks {lacking[0]}E, homes by income",
            fix="read table B19001 too, all 17 cells",
        )
    starts = np.array(_STARTS_USD, dtype=float)
    at = int(np.searchsorted(starts, cut, side="left")) - 1
    parts = np.append(np.ones(at), (cut - starts[at]) / (starts[at + 1] - starts[at]))
    below, total = codes[: at + 1], acs["B19001_001E"].astype(float)
    counts = acs[[f"{code}E" for code in below]] * parts
    over = (counts.sum(axis=1, skipna=False) / total.where(total > 0)).rename("over")
    result = pd.DataFrame({"line_over_income_share": over})
    margins = [f"{code}M" for code in ("B19001_001", *below)]
    result["line_over_income_share_moe"] = np.nan
    if set(margins) <= set(acs.columns):
        part_moe = moe_sum(counts, acs[margins[1:]] * parts)
        result["line_over_income_share_moe"] = moe_share(
            counts.sum(axis=1, skipna=False), part_moe, total, acs[margins[0]], rule="steady"
        )
    result["line_over_income_share_status"] = np.select(
        [total == 0, over.isna()], ["no_households", "not_covered"], default="ok"
    )
    note = said(
        "A line at ${usd} a month ({source}) is more than {share} of an income below ${cut}, which "
        "lies in the ACS class from ${low} to ${high}: inside it incomes are taken to be spread "
        "evenly. The gap does not count it.",
        usd=number(usd_month, 2),
        source=source,
        share=share(income_share),
        cut=number(cut),
        low=number(starts[at]),
        high=number(starts[at + 1]),
    )
    return carry(result, acs, notes=[note])


def _income(usd_month: float, source: str, income_share: float) -> float:
    """Return the yearly income of which the price is just the part asked for."""
    if not 0 < usd_month < np.inf:
        raise InputError(f"usd_month is {usd_month}", fix="give dollars a month, above 0")
    if not 0 < income_share < 1:
        raise InputError(
            f"income_share is {income_share}", fix="write 2 % as 0.02, above 0 and below 1"
        )
    if not source.strip():
        raise InputError("the price has no source", fix='cite it: source="who, what, when"')
    cut = 12 * usd_month / income_share
    if cut > _STARTS_USD[-1]:
        raise InputError(
            f"${number(usd_month, 2)} a month is {share(income_share)} of ${number(cut)} a year, "
            f"and the last class of incomes, from ${number(_STARTS_USD[-1])}, has no end",
            fix="give a lower price or a larger income_share",
            code="E-OPEN-CLASS",
        )
    return cut
