"""What a fix brings in, alone or with another: computed as a what-if, area by area.

Each set of fixes is carried out, everything else as it is, and the gap is computed again. With
``P`` residents, ``s`` the share beyond reach of care in person, ``a`` the share of locations with a
qualifying line and ``c`` the share of homes with a device and a counted subscription::

    gap = P s (1 - min(a, c))

    line            a becomes 1
    device          every subscribing home gets a device:    c becomes the share that subscribes
    subscription    every home with a device subscribes:     c becomes the share with a device
    home            every home gets what it lacks:           c becomes 1
    clinic          s becomes the share beyond reach with a new site at the area's center

Only what is recovered here may be called recoverable, or priced.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from equity.errors import InputError
from equity.measures.checks import checked_column, need_gap_inputs
from equity.provenance import carry

__all__ = ["FIXES", "SETS_OF_FIXES", "recover"]

FIXES = ("line", "device", "subscription", "home", "clinic")
"""What can be done about an area's gap."""
SETS_OF_FIXES: tuple[tuple[str, ...], ...] = (
    ("line",), ("device",), ("subscription",), ("home",), ("clinic",),
    ("line", "device"), ("line", "subscription"), ("line", "home"),
)  # fmt: skip
"""Fixes that every study tries: one alone, and the pairs that a project combines."""

_Floats = npt.NDArray[np.float64]
_NEEDED = (
    "population_n", "beyond_reach_share", "qualifying_share", "connected_share", "device_share",
)  # fmt: skip
_OPTIONAL = ("subscription_share", "beyond_reach_with_clinic_share")


def recover(table: pd.DataFrame, fixes: Iterable[Sequence[str]] = SETS_OF_FIXES) -> pd.DataFrame:
    """Return how many people each set of fixes would bring in, in every area.

    Parameters
    ----------
    table
        Area table with ``population_n``, ``beyond_reach_share``, ``qualifying_share``,
        ``connected_share``, ``device_share``; ``subscription_share`` (homes that subscribe, with
        or without a device) tells what a device alone does, and
        ``beyond_reach_with_clinic_share`` what a clinic does. Shares run from 0 to 1.
    fixes
        Sets of fixes out of :data:`FIXES`.

    Returns
    -------
    pandas.DataFrame
        With the caller's index, in people: for every set ``recoverable_…_n``, for example
        ``recoverable_line_n`` and ``recoverable_line_and_home_n``; missing where an input is.

    Raises
    ------
    InputError
        For a share outside 0 to 1, a negative population, or a fix that does not exist.
    MissingColumnError
        For a missing column.

    Notes
    -----
    A line alone recovers ``gap_line_only_n``, a connected home alone ``gap_home_only_n``, and the
    two together the whole gap, ``gap_both_n`` more than the two apart. A device or a subscription
    alone recovers only what binds: not the share of homes that lack one.

    Examples
    --------
    >>> import pandas as pd
    >>> areas = pd.DataFrame(
    ...     {"population_n": [1200.0], "beyond_reach_share": [1.0], "qualifying_share": [0.2],
    ...      "connected_share": [0.4], "device_share": [0.5]})
    >>> recover(areas, [["line"], ["home"], ["line", "home"]]).values.tolist()
    [[240.0, 0.0, 960.0]]
    """
    sets = [tuple(one) for one in fixes]
    unknown = sorted({fix for one in sets for fix in one} - set(FIXES))
    if unknown or not all(sets):
        raise InputError(
            f"no fix is called {unknown[0]!r}" if unknown else "an empty set of fixes",
            fix=f"choose from {', '.join(FIXES)}",
        )
    have = _columns(table)
    now = _gap(have, ())
    result = pd.DataFrame(index=table.index)
    for one in sets:
        result[f"recoverable_{'_and_'.join(one)}_n"] = now - _gap(have, one)
    return carry(result, table)


def _gap(have: dict[str, _Floats], fixes: Sequence[str]) -> _Floats:
    """People in the gap once the fixes are made."""
    one = np.ones_like(have["population_n"])
    line = one if "line" in fixes else have["qualifying_share"]
    beyond = have["beyond_reach_share"]
    if "clinic" in fixes:
        beyond = np.minimum(have["beyond_reach_with_clinic_share"], beyond)
    left: _Floats = have["population_n"] * beyond * (1.0 - np.minimum(line, _homes(have, fixes)))
    return left


def _homes(have: dict[str, _Floats], fixes: Sequence[str]) -> _Floats:
    both = have["connected_share"]
    if "home" in fixes or {"device", "subscription"} <= set(fixes):
        return np.ones_like(both)
    # Two tables can disagree by rounding: homes with both have a device, and subscribe.
    if "subscription" in fixes:
        return np.maximum(have["device_share"], both)
    if "device" in fixes:
        return np.maximum(have["subscription_share"], both)
    return both


def _columns(table: pd.DataFrame) -> dict[str, _Floats]:
    need_gap_inputs(table, _NEEDED)
    columns = {"population_n": checked_column(table, "population_n", np.inf)}
    for name in (*_NEEDED[1:], *_OPTIONAL):
        columns[name] = (
            checked_column(table, name, 1.0)
            if name in table.columns
            else np.full(len(table), np.nan)
        )
    return columns
