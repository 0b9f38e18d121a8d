"""The Telehealth Access Gap: people beyond reach of care in person and without a usable link.

``gap = P s (1 - u)``, with ``P`` residents, ``s`` the share of them beyond reach of care in person
as the study defines it, and ``u = min(a, c)``: at most the share ``a`` of locations with a
qualifying line, and at most the share ``c`` of homes with a device and a counted subscription, can
use a link. What is missing splits it exactly, in every area and over any set of areas::

    line only   P s (c - u)           a line alone brings them in
    home only   P s (a - u)           a connected home alone does
    both        P s (1 - max(a, c))   nothing alone does
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import numpy as np
import pandas as pd

from equity.areas.moe import difference_test
from equity.areas.precision import Z90
from equity.errors import InputError
from equity.measures.checks import need_gap_inputs
from equity.provenance import carry

__all__ = [
    "COUNTS",
    "SPLIT",
    "gap_alone",
    "gap_range",
    "gap_totals",
    "lines_unknown",
    "telehealth_gap",
    "unknown_lines",
]

SPLIT = ("gap_line_only_n", "gap_home_only_n", "gap_both_n")
"""What is missing: the three add up to ``gap_n``."""
COUNTS = ("population_n", "beyond_reach_n", "gap_n")
"""Three counts of people, each inside the one before it."""
RANGE = ("gap_n", "gap_independence_n", "gap_ceiling_n")
"""The gap as lines and homes overlap most, independently, and least."""

LINES_UNKNOWN = "lines_unknown"
"""Status of coverage that nobody has."""
_NEED_LINES = (
    *SPLIT, "home_lacks_device_n", "home_lacks_subscription_n", "home_lacks_both_n",
    "gap_independence_n", "gap_ceiling_n", "subscribed_beyond_rule_share",
)  # fmt: skip
_SHARES = ("beyond_reach_share", "qualifying_share", "connected_share", "device_share")


def telehealth_gap(table: pd.DataFrame) -> pd.DataFrame:
    """Return the Telehealth Access Gap in people, and what is missing.

    Parameters
    ----------
    table
        Area table with ``population_n`` (and ``population_n_moe``), ``beyond_reach_share``,
        ``qualifying_share``, ``connected_share`` (and its ``_moe``), ``device_share``; with
        ``subscription_share`` also what homes lack, and with ``any_subscription_share`` the share
        of homes that subscribe to something the rule does not count. Shares run from 0 to 1.

    Returns
    -------
    pandas.DataFrame
        With the caller's index, in people unless it says share: ``usable_link_share``;
        ``no_link_n``, everybody without a usable link; ``beyond_reach_n``; ``gap_n``,
        ``gap_share``; ``gap_line_only_n``, ``gap_home_only_n``, ``gap_both_n``;
        ``home_lacks_device_n``, ``home_lacks_subscription_n``, ``home_lacks_both_n`` (home only,
        described: not what a device or a subscription would recover); ``gap_independence_n`` and
        ``gap_ceiling_n`` (:func:`gap_range`); ``subscribed_beyond_rule_share``; the ``_moe`` of
        those that rest on a survey (90 %, sampling error of population and adoption only);
        ``gap_status``: ``ok``, ``no_population``, ``no_locations``, ``no_households``,
        ``not_covered``. Where the status is not ``ok`` every value is missing. Where
        ``coverage_status`` is ``lines_unknown`` the gap is a floor, as if a line reached every
        home, and what depends on lines is missing.

    Raises
    ------
    MissingColumnError
        If a column is missing.
    InputError
        If a share lies outside 0 to 1 or a population is negative.

    Notes
    -----
    ``u = min(a, c)`` is the upper Fréchet bound of the share with both, so over-reported lines
    make the gap a floor, but only when one rule decides both sides. Need (poverty, age, illness)
    is not in the gap, so that comparing groups is not circular.

    Where lines bind, the survey of homes says nothing about the share; but near the point where
    the two shares cross either may bind, so the homes' margin is kept until ``a`` lies two
    standard errors below ``c``.

    Examples
    --------
    >>> import pandas as pd
    >>> areas = pd.DataFrame(
    ...     {"population_n": [2500.0, 1200.0], "beyond_reach_share": [0.5, 1.0],
    ...      "qualifying_share": [0.9, 0.2], "connected_share": [0.7, 0.4],
    ...      "device_share": [0.8, 0.9]})
    >>> gap = telehealth_gap(areas)
    >>> gap[["gap_n", "gap_line_only_n", "gap_home_only_n", "gap_both_n"]].round(9).values.tolist()
    [[375.0, 0.0, 250.0, 125.0], [960.0, 240.0, 0.0, 720.0]]
    """
    _check(table)
    unknown = lines_unknown(table)
    given, table = table, _as_if_every_line(table, unknown)
    line, connected = table["qualifying_share"], table["connected_share"]
    result = _counts(table)
    usable, waiting = result["usable_link_share"], result["beyond_reach_n"]
    result["gap_line_only_n"] = waiting * (connected - usable)
    result["gap_home_only_n"] = waiting * (line - usable)
    result["gap_both_n"] = waiting * (1 - np.maximum(line, connected))
    for name, part in _what_homes_lack(table).items():
        result[name] = result["gap_home_only_n"] * part
    for name, link in _links(line, connected).items():
        result[name] = waiting * (1 - link)
    _add_margins(result, table)
    result["subscribed_beyond_rule_share"] = _beyond_rule(table)
    result["subscribed_beyond_rule_share_moe"] = _beyond_moe(table)
    hidden = [name for name in map(str, result) if name.removesuffix("_moe") in _NEED_LINES]
    result[hidden] = result[hidden].mask(unknown)
    status = _status(table, result["gap_n"])
    result = result.where(status == "ok")
    result["gap_status"] = status
    return carry(result, given)


def gap_alone(table: pd.DataFrame) -> pd.DataFrame:
    """Return ``gap_n`` and ``gap_share`` of :func:`telehealth_gap` alone, for many settings."""
    _check(table)
    counts = _counts(_as_if_every_line(table, lines_unknown(table)))[["gap_n", "gap_share"]]
    return carry(counts.where(_status(table, counts["gap_n"]) == "ok"), table)


def _counts(table: pd.DataFrame) -> pd.DataFrame:
    """Return the counts of people, each inside the one before it."""
    people, waiting = table["population_n"], table["population_n"] * table["beyond_reach_share"]
    line, connected = table["qualifying_share"], table["connected_share"]
    # A missing share must stay missing: numpy's minimum keeps NaN, pandas' min would skip it.
    usable = pd.Series(np.minimum(line.to_numpy(), connected.to_numpy()), index=table.index)
    result = pd.DataFrame({"usable_link_share": usable})
    result["no_link_n"] = people * (1 - usable)
    result["beyond_reach_n"] = waiting
    result["gap_n"] = waiting * (1 - usable)
    result["gap_share"] = result["gap_n"] / people.where(people > 0)
    return result


def gap_range(table: pd.DataFrame, *, over_reported: float = 0.0) -> pd.DataFrame:
    """Return the gap as lines and homes overlap most, independently, and least.

    The shares with a line and with a connected home do not tell how many homes have both:
    ``min(a, c)`` at most, ``a c`` if the two are independent, ``max(0, a + c - 1)`` at least. The
    range is no sampling error and is never added to one.

    Parameters
    ----------
    table
        As for :func:`telehealth_gap`.
    over_reported
        Share of the qualifying locations (0 to 1, below 1) that have no such line after all: a
        setting to illustrate with, not an estimate.

    Returns
    -------
    pandas.DataFrame
        With the caller's index, in people: ``gap_n``, ``gap_independence_n``, ``gap_ceiling_n``;
        missing where an input is.

    Raises
    ------
    InputError
        If ``over_reported`` is not from 0 to below 1, or an input is refused by
        :func:`telehealth_gap`.
    MissingColumnError
        If a column is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> areas = pd.DataFrame(
    ...     {"population_n": [1000.0], "beyond_reach_share": [1.0], "qualifying_share": [0.9],
    ...      "connected_share": [0.7], "device_share": [0.8]})
    >>> gap_range(areas).round(6).values.tolist()
    [[300.0, 370.0, 400.0]]
    """
    if not 0 <= over_reported < 1:
        raise InputError(
            f"over_reported is {over_reported:g}", fix="give a share, from 0 to below 1"
        )
    _check(table)
    line = table["qualifying_share"] * (1 - over_reported)
    waiting = table["population_n"] * table["beyond_reach_share"]
    floor = {"gap_n": np.minimum(line, table["connected_share"])}
    links = floor | _links(line, table["connected_share"])
    return carry(pd.DataFrame({name: waiting * (1 - u) for name, u in links.items()}), table)


def _links(line: pd.Series, connected: pd.Series) -> dict[str, pd.Series]:
    """Shares with a usable link if lines and homes overlap less than they can."""
    return {
        "gap_independence_n": line * connected,
        "gap_ceiling_n": (line + connected - 1).clip(lower=0.0),
    }


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


def lines_unknown(table: pd.DataFrame) -> pd.Series:
    """Tell, area by area, whether nobody knows its lines."""
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
    need_gap_inputs(table, ("population_n", *_SHARES))
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


def _what_homes_lack(table: pd.DataFrame) -> dict[str, pd.Series]:
    """Of the homes that are not connected: shares without a device only, a subscription only, both.

    Two ACS tables can disagree by rounding: homes with both have a device, and subscribe.
    """
    both = table["connected_share"]
    nothing = pd.Series(np.nan, index=table.index)
    device = np.maximum(table["device_share"], both)
    subscribed = pd.Series(np.maximum(table.get("subscription_share", nothing), both))
    lacks_device = pd.Series(np.minimum(subscribed - both, 1 - device), index=table.index)
    lacks_subscription = device - both
    unconnected = (1 - both).where(both < 1)
    parts = {
        "home_lacks_device_n": lacks_device,
        "home_lacks_subscription_n": lacks_subscription.where(subscribed.notna()),
        "home_lacks_both_n": 1 - both - lacks_device - lacks_subscription,
    }
    whole = both == 1
    return {name: (part / unconnected).mask(whole, 0.0) for name, part in parts.items()}


def _add_margins(result: pd.DataFrame, table: pd.DataFrame) -> None:
    """Add 90 % margins: sampling error of residents and homes, to first order."""
    nothing = pd.Series(np.nan, index=table.index)
    people, beyond = table["population_n"], table["beyond_reach_share"]
    line, connected = table["qualifying_share"], table["connected_share"]
    people_moe = table.get("population_n_moe", nothing)
    connected_moe = table.get("connected_share_moe", nothing)
    # Two standard errors on either side of the point where the shares cross, both may bind.
    near = 2 * connected_moe / Z90
    homes_may_bind, line_may_bind = line > connected - near, line < connected + near
    share_moe = connected_moe.where(homes_may_bind, 0.0).where(connected_moe.notna())
    spare_moe = connected_moe.where(line_may_bind, 0.0).where(connected_moe.notna())

    def margin(reach: pd.Series, per_person: pd.Series, homes_moe: pd.Series) -> pd.Series:
        of_people, of_homes = reach * per_person * people_moe, people * reach * homes_moe
        return pd.Series(np.sqrt(of_people**2 + of_homes**2))

    usable = result["usable_link_share"]
    most = pd.Series(np.maximum(line, connected), index=table.index)
    everybody = pd.Series(1.0, index=table.index)
    # Lines are counted, not sampled: where they bind the share has no margin, which is not 0.
    result["usable_link_share_moe"] = connected_moe.where(homes_may_bind)
    result["no_link_n_moe"] = margin(everybody, 1 - usable, share_moe)
    result["beyond_reach_n_moe"] = beyond * people_moe
    result["gap_n_moe"] = margin(beyond, 1 - usable, share_moe)
    result["gap_share_moe"] = beyond * result["usable_link_share_moe"]
    result["gap_line_only_n_moe"] = margin(beyond, connected - usable, spare_moe)
    result["gap_home_only_n_moe"] = margin(beyond, line - usable, share_moe)
    result["gap_both_n_moe"] = margin(beyond, 1 - most, spare_moe)


def _beyond_moe(table: pd.DataFrame) -> pd.Series:
    """Margin of the share that subscribes beyond the rule."""
    nothing = pd.Series(np.nan, index=table.index)
    if "any_subscription_share" not in table or "subscription_share" not in table:
        return nothing
    every, counted = table["any_subscription_share"], table["subscription_share"]
    every_moe = table.get("any_subscription_share_moe", nothing)
    counted_moe = table.get("subscription_share_moe", nothing)
    # Who subscribes to what the rule counts is a part of those who subscribe to anything.
    apart = cast(
        "pd.DataFrame", difference_test(every, every_moe, counted, counted_moe, nested=True)
    )
    # Lines are counted, not sampled: where they bind only one of the two shares has a margin.
    binds = table["qualifying_share"] <= counted
    return every_moe.where(binds, apart["difference_moe"])


def _beyond_rule(table: pd.DataFrame) -> pd.Series:
    if "any_subscription_share" not in table or "subscription_share" not in table:
        return pd.Series(np.nan, index=table.index)
    counted = np.minimum(
        table["qualifying_share"].to_numpy(), table["subscription_share"].to_numpy()
    )
    beyond: pd.Series = table["any_subscription_share"] - counted
    return beyond.clip(lower=0.0)


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


def gap_totals(table: pd.DataFrame, columns: Iterable[str] = ("gap_n", *SPLIT)) -> pd.Series:
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
