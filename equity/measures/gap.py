"""The Telehealth Access Gap: people short of care in person who could not make a video visit.

``gap = P s (1 - u)``, with ``P`` residents, ``s`` the shortfall of in-person care and
``u = min(a, c)``: at most the share ``a`` of locations with a qualifying line, and at most the
share ``c`` of homes with a device and a counted subscription, can use a link. The parts add up
exactly, in every area and over any set of areas.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from equity.areas.moe import moe_product, moe_share
from equity.errors import InputError, MissingColumnError
from equity.provenance import carry

__all__ = [
    "shortfall_by_access",
    "shortfall_by_travel",
    "telehealth_gap",
    "unknown_lines",
]

PARTS = ("gap_infrastructure_n", "gap_device_n", "gap_subscription_n")
BARRIERS = {
    "gap_infrastructure_n": "line",
    "gap_device_n": "device",
    "gap_subscription_n": "subscription",
}
LINES_UNKNOWN = "lines_unknown"
"""Status of coverage that nobody has."""
_NEED_LINES = (
    "gap_infrastructure_n", "gap_infrastructure_n_moe", "gap_ceiling_n",
    "subscribed_beyond_rule_share", "subscribed_beyond_rule_share_moe",
)  # fmt: skip
_SHARES = ("in_person_shortfall", "qualifying_share", "connected_share", "device_share")


def shortfall_by_travel(
    nearest_site_min: pd.Series, *, limit_min: float, care_exists: bool = True
) -> pd.Series:
    """Return 1 where the nearest site is beyond a travel limit, else 0.

    Parameters
    ----------
    nearest_site_min
        Minutes to the nearest site; missing means none within the radius searched.
    limit_min
        The limit in minutes, itself still within reach. 30 minutes is the travel standard of
        primary-care service areas (42 CFR part 5, appendix A).
    care_exists
        False makes a missing time unknown instead of beyond the limit.

    Returns
    -------
    pandas.Series
        ``in_person_shortfall`` with the caller's index.

    Raises
    ------
    InputError
        If the limit is not above 0.

    Examples
    --------
    >>> import pandas as pd
    >>> shortfall_by_travel(pd.Series([12.0, 30.0, 41.0]), limit_min=30).tolist()
    [0.0, 0.0, 1.0]
    """
    if not limit_min > 0:
        raise InputError(f"a travel limit of {limit_min} minutes", fix="give minutes above 0")
    beyond = nearest_site_min > limit_min
    if care_exists:
        beyond |= nearest_site_min.isna()
        return beyond.astype(float).rename("in_person_shortfall")
    return beyond.astype(float).where(nearest_site_min.notna()).rename("in_person_shortfall")


def shortfall_by_access(access_per_10k: pd.Series, *, benchmark_per_10k: float) -> pd.Series:
    """Return how far access to care falls short of a benchmark.

    ``max(0, 1 - access / benchmark)``.

    Parameters
    ----------
    access_per_10k
        Clinicians (full-time equivalents) within reach per 10,000 residents, for example from
        an enhanced two-step floating catchment (Luo & Qi 2009,
        doi:10.1016/j.healthplace.2009.06.002).
    benchmark_per_10k
        The ratio that is enough: 10,000 / 3,500 = 2.857 for the 3,500 people per primary-care
        clinician of 42 CFR part 5, appendix A.

    Returns
    -------
    pandas.Series
        ``in_person_shortfall``, 0 to 1, with the caller's index; missing where access is.

    Raises
    ------
    InputError
        If the benchmark is not above 0.

    Examples
    --------
    >>> import pandas as pd
    >>> shortfall_by_access(pd.Series([4.0, 1.0, 0.0]), benchmark_per_10k=2.0).tolist()
    [0.0, 0.5, 1.0]
    """
    if not benchmark_per_10k > 0:
        raise InputError(f"a benchmark of {benchmark_per_10k}", fix="give a ratio above 0")
    return (1 - access_per_10k / benchmark_per_10k).clip(lower=0.0).rename("in_person_shortfall")


def telehealth_gap(table: pd.DataFrame) -> pd.DataFrame:
    """Return the Telehealth Access Gap in people, and its parts.

    Parameters
    ----------
    table
        Area table with ``population_n`` (and ``population_n_moe``), ``in_person_shortfall``,
        ``qualifying_share``, ``connected_share`` (and its ``_moe``), ``device_share``; with
        ``any_subscription_share`` and ``subscription_share`` also the share of homes that
        subscribe to something the rule does not count. Shares run from 0 to 1.

    Returns
    -------
    pandas.DataFrame
        With the caller's index: ``usable_link_share``, ``gap_n``, ``gap_share``,
        ``gap_infrastructure_n``, ``gap_device_n``, ``gap_subscription_n``, ``gap_ceiling_n`` (if
        lines and subscriptions were as badly matched as their shares allow), their ``_moe``
        (90 %, sampling error of population and adoption only; none for the share and for the
        adoption parts where lines bind, none for the ceiling), ``main_barrier``,
        ``subscribed_beyond_rule_share``, ``gap_status``: ``ok``, ``no_population``,
        ``no_locations``, ``no_households``, ``not_covered``. Where the status is not ``ok`` every
        value is missing. Where ``coverage_status`` is ``lines_unknown`` the gap is a floor, as if a
        line reached every home, and what depends on lines is missing.

    Raises
    ------
    MissingColumnError
        If a column is missing.
    InputError
        If a share lies outside 0 to 1 or a population is negative.

    Notes
    -----
    ``u = min(a, c)`` is the upper Fréchet bound of the share with both, so over-reported lines
    and over-counted providers make the gap a floor, but only when one rule decides both sides.
    Need (poverty, age, illness) is not in the gap, so that comparing groups is not circular.

    Examples
    --------
    >>> import pandas as pd
    >>> areas = pd.DataFrame(
    ...     {"population_n": [2500.0, 1200.0], "in_person_shortfall": [0.5, 1.0],
    ...      "qualifying_share": [0.9, 0.2], "connected_share": [0.7, 0.4],
    ...      "device_share": [0.8, 0.9]})
    >>> telehealth_gap(areas)["gap_n"].round(9).tolist()
    [375.0, 960.0]
    """
    _check(table)
    unknown = _lines_unknown(table)
    given, table = table, _as_if_every_line(table, unknown)
    people, short = table["population_n"], table["in_person_shortfall"]
    line, connected = table["qualifying_share"], table["connected_share"]
    result = pd.DataFrame(index=table.index)
    # A missing share must stay missing: numpy's minimum keeps NaN, pandas' min would skip it.
    usable = pd.Series(np.minimum(line.to_numpy(), connected.to_numpy()), index=table.index)
    waiting = people * short
    result["usable_link_share"] = usable
    result["gap_n"] = waiting * (1 - usable)
    result["gap_share"] = result["gap_n"] / people.where(people > 0)
    result["gap_infrastructure_n"] = waiting * (1 - line)
    device_part = _device_part(table["device_share"], connected)
    adoption_part = waiting * (line - usable)
    result["gap_device_n"] = adoption_part * device_part
    result["gap_subscription_n"] = adoption_part * (1 - device_part)
    result["gap_ceiling_n"] = waiting * (1 - (line + connected - 1).clip(lower=0.0))
    _add_margins(result, table, usable)
    result["main_barrier"] = _main_barrier(result)
    result["subscribed_beyond_rule_share"] = _beyond_rule(table)
    result["subscribed_beyond_rule_share_moe"] = _beyond_moe(table)
    hidden = [name for name in _NEED_LINES if name in result]
    result[hidden] = result[hidden].mask(unknown)
    status = _status(table, result["gap_n"])
    result = result.where(status == "ok")
    result["gap_status"] = status
    return carry(result, given)


def unknown_lines(areas: pd.DataFrame) -> pd.DataFrame:
    """Stand in for coverage that nobody has: every number is missing, and the status says so.

    Parameters
    ----------
    areas
        Area table.

    Returns
    -------
    pandas.DataFrame
        With the caller's index: ``locations_n``, ``qualifying_n``, ``qualifying_share`` (missing)
        and ``coverage_status``, ``lines_unknown``. :func:`telehealth_gap` then gives a floor.
    """
    nothing = dict.fromkeys(("locations_n", "qualifying_n", "qualifying_share"), np.nan)
    frame = pd.DataFrame(nothing, index=areas.index, dtype=float)
    frame["coverage_status"] = LINES_UNKNOWN
    return carry(frame, areas)


def _lines_unknown(table: pd.DataFrame) -> pd.Series:
    status = table.get("coverage_status", pd.Series("", index=table.index))
    return status == LINES_UNKNOWN


def _as_if_every_line(table: pd.DataFrame, unknown: pd.Series) -> pd.DataFrame:
    """Put a line at every home where lines are unknown: what is left is a floor of the gap.

    Usable links are the smaller of two shares. With one of them unknown, the other is an upper
    bound, and what it leaves is a lower bound of the gap.
    """
    if not unknown.any():
        return table
    return table.assign(qualifying_share=table["qualifying_share"].mask(unknown, 1.0))


def _check(table: pd.DataFrame) -> None:
    lacking = [name for name in ("population_n", *_SHARES) if name not in table.columns]
    if lacking:
        raise MissingColumnError(
            f"the table lacks {', '.join(lacking)}",
            fix="add them with coverage, adoption and a shortfall measure first",
        )
    for name in _SHARES:
        values = table[name]
        bad = (values < 0) | (values > 1 + 1e-9)
        if bad.any():
            raise InputError(
                f"{name} lies outside 0 to 1 ({values[bad].iloc[0]:g})",
                rows=table.index[bad],
                fix="divide percentages by 100",
            )
    negative = table["population_n"] < 0
    if negative.any():
        raise InputError("population_n is negative", rows=table.index[negative])


def _device_part(device: pd.Series, connected: pd.Series) -> pd.Series:
    """Of the homes that are not connected, the share that lacks the device."""
    # Two ACS tables can disagree by rounding: connected homes do have a device.
    device = device.where(device >= connected, connected)
    unconnected = 1 - connected
    return ((1 - device) / unconnected.where(unconnected > 0)).fillna(0.0).where(device.notna())


def _add_margins(result: pd.DataFrame, table: pd.DataFrame, usable: pd.Series) -> None:
    short = table["in_person_shortfall"]
    nothing = pd.Series(np.nan, index=table.index)
    connected_moe = table.get("connected_share_moe", nothing)
    # Where the line binds, the survey of homes says nothing about the share: it has no margin,
    # which is not the same as a margin of 0.
    share_moe = connected_moe.where(table["connected_share"] < table["qualifying_share"])
    people_moe = table.get("population_n_moe", nothing)
    from_people = (short * (1 - usable) * people_moe) ** 2
    from_homes = (table["population_n"] * short * share_moe.fillna(0.0)) ** 2
    result["gap_n_moe"] = np.sqrt(from_people + from_homes).where(connected_moe.notna())
    result["gap_share_moe"] = short * share_moe
    result["usable_link_share_moe"] = share_moe
    line = table["qualifying_share"]
    result["gap_infrastructure_n_moe"] = short * (1 - line) * people_moe
    # Where the line binds nobody waits for a device: that 0 is not a survey's and has no margin.
    unmet = (line - usable).where(share_moe.notna())
    adoption_part = table["population_n"] * short * unmet
    adoption_moe = short * moe_product(table["population_n"], people_moe, unmet, share_moe)
    without, without_moe = 1 - table["device_share"], table.get("device_share_moe", nothing)
    unconnected = 1 - table["connected_share"]
    # Two ACS tables can disagree by rounding: homes without a device are not connected.
    part = np.minimum(without, unconnected)
    split = part / unconnected.where(unconnected > 0)
    split_moe = moe_share(part, without_moe, unconnected, connected_moe)
    for name, share in (("gap_device_n", split), ("gap_subscription_n", 1 - split)):
        result[f"{name}_moe"] = moe_product(adoption_part, adoption_moe, share, split_moe)


def _beyond_moe(table: pd.DataFrame) -> pd.Series:
    """Margin of the share that subscribes beyond the rule."""
    nothing = pd.Series(np.nan, index=table.index)
    every = table.get("any_subscription_share_moe", nothing)
    counted = table.get("subscription_share_moe", nothing)
    if "subscription_share" not in table:
        return nothing
    # Lines are counted, not sampled: where they bind only one of the two shares has a margin.
    binds = table["qualifying_share"] <= table["subscription_share"]
    return np.sqrt(every**2 + counted.where(~binds, 0.0) ** 2)


def _main_barrier(result: pd.DataFrame) -> pd.Series:
    parts = result[list(PARTS)].fillna(0.0)
    largest = parts.idxmax(axis=1).map(BARRIERS)
    return largest.where(parts.max(axis=1) > 0, "none")


def _beyond_rule(table: pd.DataFrame) -> pd.Series:
    if "any_subscription_share" not in table or "subscription_share" not in table:
        return pd.Series(np.nan, index=table.index)
    counted = np.minimum(
        table["qualifying_share"].to_numpy(), table["subscription_share"].to_numpy()
    )
    return (table["any_subscription_share"] - counted).clip(lower=0.0)


def _status(table: pd.DataFrame, gap: pd.Series) -> pd.Series:
    no_locations = table.get("coverage_status", pd.Series("", index=table.index)) == "no_locations"
    if "locations_n" in table:
        no_locations |= table["locations_n"] == 0
    homes = table.get("connected_share_status", pd.Series("", index=table.index))
    cases = [
        (table["population_n"] == 0, "no_population"),
        (gap.notna(), "ok"),
        (no_locations, "no_locations"),
        (homes == "no_households", "no_households"),
    ]
    return pd.Series(
        np.select([c for c, _ in cases], [label for _, label in cases], default="not_covered"),
        index=table.index,
    )


def gap_totals(table: pd.DataFrame, columns: Iterable[str] = ("gap_n", *PARTS)) -> pd.Series:
    """Return sums over a set of areas, with the population they stand for.

    Areas without a value are left out of both, so the rate is about the people it covers. Where no
    area has a value the totals are missing: unknown is not zero.
    """
    known = table[table["gap_n"].notna()]
    totals = known[list(columns)].sum(min_count=1)
    totals["areas_n"] = float(len(known))
    totals["population_n"] = known["population_n"].sum()
    totals["gap_share"] = (
        totals["gap_n"] / totals["population_n"] if totals["population_n"] else np.nan
    )
    return totals
