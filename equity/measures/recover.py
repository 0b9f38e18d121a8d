"""Which single fix would remove most of an area's gap: computed as a what-if, area by area.

Each fix is carried out alone, everything else as it is, and the gap is computed again. So a line
where nobody subscribes recovers nothing, whatever the infrastructure part of the gap says: the
parts describe a gap, what is recoverable prices a project.

With ``P`` residents, ``s`` the in-person shortfall, ``a`` the share of locations with a qualifying
line, ``c`` the share of homes with a device and a counted subscription, and ``q`` the share of
capacity in reach whose own line can carry video::

    gap = P s (1 - q min(a, c))

    line            a becomes 1
    subscription    every home with a device subscribes:     c becomes the share with a device
    device          every subscribing home gets a device:    c becomes the share that subscribes
    clinic          s becomes the shortfall with a new site at the area's center
    practice line   q becomes 1

``q`` is 1 where it is not given: the gap is then that of :func:`equity.telehealth_gap`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from equity import provenance
from equity.errors import MissingColumnError
from equity.measures.checks import checked_column
from equity.measures.reach.places import Floats

__all__ = ["FIXES", "barrier"]

FIXES = ("line", "subscription", "device", "clinic", "practice_line")
"""The single fixes, in the order that breaks ties."""

_NEEDED = (
    "population_n",
    "in_person_shortfall",
    "qualifying_share",
    "connected_share",
    "device_share",
)
_SHARES = (*_NEEDED[1:], "subscription_share", "shortfall_with_clinic", "capacity_with_video_share")


def barrier(table: pd.DataFrame) -> pd.DataFrame:
    """Return what each single fix would remove of every area's gap, and the best one.

    Parameters
    ----------
    table
        By area id: ``population_n``, ``in_person_shortfall``, ``qualifying_share``,
        ``connected_share``, ``device_share``; and if known ``subscription_share`` (homes that
        subscribe, with or without a device: prices the device alone),
        ``shortfall_with_clinic`` (:func:`shortfall_with_clinic`) and
        ``capacity_with_video_share`` (1 less the share behind a line that cannot carry video, from
        :func:`equity.capacity_behind_lines`). Shares run from 0 to 1.

    Returns
    -------
    DataFrame
        By the caller's index, people: ``gap_what_if_n`` (the gap that is held against them) and
        ``recoverable_line_n``, ``recoverable_subscription_n``, ``recoverable_device_n``,
        ``recoverable_clinic_n``, ``recoverable_practice_line_n`` (missing where an input is);
        ``barrier``, the fix that removes most; ``barrier_share``, the share of the gap that it
        removes; ``barrier_status``: ``ok`` (it removes more than half), ``no_single_fix`` (the
        best removes half or less; ``barrier`` is missing if none removes anything), ``no_gap``,
        ``no_population`` or ``not_computable``.

    Raises
    ------
    InputError
        For a share outside 0 to 1 or a negative population.
    MissingColumnError
        For a missing column.

    Notes
    -----
    Devices and subscriptions: ``c`` is the share of homes with both, so with a device given to
    every home it would be the share that subscribes, and with a subscription given to every home
    the share with a device. A fix can recover less than its part of the gap because another
    barrier binds next.

    Examples
    --------
    >>> import pandas as pd
    >>> areas = pd.DataFrame(
    ...     {"population_n": [1200.0], "in_person_shortfall": [1.0], "qualifying_share": [0.2],
    ...      "connected_share": [0.4], "device_share": [0.5]})
    >>> barrier(areas)[["recoverable_line_n", "barrier", "barrier_status"]].values.tolist()
    [[240.0, 'line', 'no_single_fix']]
    """
    columns = _columns(table)
    people, short = columns["population_n"], columns["in_person_shortfall"]
    line, both, device = (
        columns[name] for name in ("qualifying_share", "connected_share", "device_share")
    )
    # Two tables can disagree by rounding: homes with both have a device, and subscribe.
    device = np.maximum(device, both)
    subscribed = np.maximum(columns["subscription_share"], both)
    carried = columns["capacity_with_video_share"]
    new_short = np.minimum(columns["shortfall_with_clinic"], short)

    def gap(s: Floats, a: Floats, c: Floats, q: Floats) -> Floats:
        left: Floats = people * s * (1.0 - q * np.minimum(a, c))
        return left

    now = gap(short, line, both, carried)
    full = np.ones_like(people)
    after = {
        "line": gap(short, full, both, carried),
        "subscription": gap(short, line, device, carried),
        "device": gap(short, line, subscribed, carried),
        "clinic": gap(new_short, line, both, carried),
        "practice_line": gap(short, line, both, full),
    }
    if "capacity_with_video_share" not in table.columns:
        after["practice_line"] = np.full_like(people, np.nan)
    result = pd.DataFrame({"gap_what_if_n": now}, index=table.index)
    for fix in FIXES:
        result[f"recoverable_{fix}_n"] = now - after[fix]
    return provenance.carry(_best(result, people), table)


def _columns(table: pd.DataFrame) -> dict[str, Floats]:
    missing = [name for name in _NEEDED if name not in table.columns]
    if missing:
        raise MissingColumnError(
            f"the table lacks {', '.join(missing)}",
            fix="add them with coverage, adoption and a shortfall measure first",
        )
    columns = {"population_n": checked_column(table, "population_n", np.inf)}
    for name in _SHARES:
        columns[name] = (
            checked_column(table, name, 1.0)
            if name in table.columns
            else np.full(len(table), 1.0 if name == "capacity_with_video_share" else np.nan)
        )
    return columns


def _best(result: pd.DataFrame, people: Floats) -> pd.DataFrame:
    gap = result["gap_what_if_n"].to_numpy()
    recovered = result[[f"recoverable_{fix}_n" for fix in FIXES]].to_numpy()
    weighed = np.nan_to_num(recovered, nan=-1.0)
    first = weighed.argmax(axis=1)
    most = weighed.max(axis=1)
    share = np.divide(most, gap, out=np.full(len(gap), np.nan), where=gap > 0)
    known = np.isfinite(gap)
    status = np.select(
        [people == 0, ~known, gap == 0, ~(share > 0.5)],
        ["no_population", "not_computable", "no_gap", "no_single_fix"],
        default="ok",
    )
    counts = np.isin(status, ["ok", "no_single_fix"])
    names = np.array(FIXES, dtype=object)[first]
    result["barrier"] = pd.Series(names, index=result.index).where(counts & (most > 0))
    result["barrier_share"] = np.where(counts, np.maximum(share, 0.0), np.nan)
    result["barrier_status"] = status
    return result
