"""What a scenario changes: lines, homes and reach, and the table as it would be."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from equity.errors import InputError, MissingColumnError
from equity.measures.checks import checked_column, need_gap_inputs
from equity.provenance import carry

__all__ = ["Part", "changed", "home_parts", "line_part", "with_reach", "without_stale"]

Floats = npt.NDArray[np.float64]
Part = pd.Series | float
"""A part (0 to 1) of each area, by area id, or one for all. Areas not listed have none."""


def part_of(part: Part, table: pd.DataFrame, what: str) -> Floats:
    """Return a part by area: 0 where none is listed."""
    if not isinstance(part, pd.Series):
        part = pd.Series(float(part), index=table.index)
    _refuse_strangers(part, table, what)
    values = part.astype(float)
    if values.isna().any():
        raise InputError(
            f"the part that gets a {what} is missing", rows=values.index[values.isna()].tolist(),
            fix="give a number, or leave the area out: areas not listed have none",
        )  # fmt: skip
    values = values.reindex(table.index).fillna(0.0)
    bad = ~((values >= 0) & (values <= 1 + 1e-9))
    if bad.any():
        raise InputError(
            f"the part that gets a {what} lies outside 0 to 1", rows=table.index[bad],
            fix="write 30 % as 0.3",
        )  # fmt: skip
    return np.minimum(values.to_numpy(), 1.0)


def _refuse_strangers(values: pd.Series, table: pd.DataFrame, what: str) -> None:
    strange = values.index.difference(table.index)
    if len(strange) or not values.index.is_unique:
        rows = strange if len(strange) else values.index[values.index.duplicated()]
        raise InputError(
            f"{what} lists an area twice, or one that the table does not have", rows=rows.tolist(),
            fix="list each of the table's own areas once",
        )  # fmt: skip


def line_part(table: pd.DataFrame, line: Part, locations: pd.Series | None) -> Floats:
    """Return the part of the locations without a line that get one."""
    part = part_of(line, table, "line")
    if locations is None:
        return part
    if part.any():
        raise InputError("lines are given twice", fix="give line or line_locations_n")
    _refuse_strangers(locations, table, "line_locations_n")
    need_gap_inputs(table, ("locations_n", "qualifying_n"))
    all_of_them, with_one = (
        checked_column(table, name, np.inf) for name in ("locations_n", "qualifying_n")
    )
    lacking = np.maximum(all_of_them - with_one, 0.0)
    wanted = locations.astype(float).reindex(table.index).to_numpy()
    wanted = np.where(table.index.isin(locations.index), wanted, 0.0)
    bad = ~((wanted >= 0) & (wanted <= np.nan_to_num(lacking) + 1e-6))
    if bad.any():
        raise InputError(
            "line_locations_n is missing, negative, or more than there are without a line",
            rows=table.index[bad],
            fix="count only locations that lack one under the study's rule",
        )
    return np.divide(wanted, lacking, out=np.zeros_like(wanted), where=wanted > 0)


def home_parts(
    table: pd.DataFrame, home: Part, device: Part, subscription: Part
) -> dict[str, Floats]:
    """Return the part of the homes without a connection, device and subscription that get one.

    With d, q and c the shares with a device, a subscription, and both, f of those without a device
    and g of those without a subscription: ``f (q - c) + g (d - c) + f g (1 - d - q + c)`` become
    connected.
    """
    whole = part_of(home, table, "home")
    f, g = part_of(device, table, "device"), part_of(subscription, table, "subscription")
    parts = {
        "device_share": whole + (1 - whole) * f, "subscription_share": whole + (1 - whole) * g,
    }  # fmt: skip
    if not f.any() and not g.any():
        return {"connected_share": whole, **parts}
    if f.any() and "subscription_share" not in table.columns:
        raise MissingColumnError(
            "the table lacks subscription_share, without which a device alone cannot be told",
            fix="add it with adoption, or give home=",
        )
    c = checked_column(table, "connected_share", 1.0)
    d = np.maximum(checked_column(table, "device_share", 1.0), c)
    q = c
    if "subscription_share" in table.columns:
        q = np.maximum(checked_column(table, "subscription_share", 1.0), c)
    # Only what is asked for has to be known.
    devices = np.where(f > 0, f * np.minimum(q - c, 1 - d), 0.0)
    both = np.where((f > 0) & (g > 0), f * g * np.maximum(1 - d - q + c, 0.0), 0.0)
    joined = devices + np.where(g > 0, g * (d - c), 0.0) + both
    apart = np.divide(joined, 1 - c, out=np.zeros_like(c), where=c < 1)
    return {"connected_share": whole + (1 - whole) * apart, **parts}


def with_reach(table: pd.DataFrame, after: pd.Series | None) -> pd.DataFrame:
    """Return the table with what clinics leave beyond reach."""
    if after is None:
        return table
    _refuse_strangers(after, table, "beyond_reach_after")
    now = table["beyond_reach_share"]
    later = after.astype(float).reindex(table.index)
    later = later.where(later.notna(), now)
    worse = (later > now + 1e-9) | (later < 0)
    if worse.any():
        raise InputError(
            "beyond_reach_after puts people out of reach who are not now, or is negative",
            rows=table.index[worse],
            fix="make it by the method, limit and sites of beyond_reach_share",
        )
    return carry(table.assign(beyond_reach_share=later), table)


def changed(table: pd.DataFrame, lifts: Mapping[str, Floats]) -> pd.DataFrame:
    """Return the table with shares lifted by parts (0 to 1) of what each lacks, and their margins.

    Whatever rests on a share that is lifted, and does not follow from it, is missing afterwards in
    the areas concerned (``scenario_status`` is ``changed``), or everywhere if it is a comparison.
    """
    new: dict[str, pd.Series] = {}
    for name, part in lifts.items():
        if name in table.columns:
            new[name] = table[name] + part * (1 - table[name])
        if f"{name}_moe" in table.columns:
            new[f"{name}_moe"] = table[f"{name}_moe"] * (1 - part)
    joined = lifts["connected_share"] > 0
    for name in ("device_share", "subscription_share"):
        if name in new:
            new[name] = new[name].mask(joined, np.maximum(new[name], new["connected_share"]))
    lines = lifts["qualifying_share"]
    if {"locations_n", "qualifying_n"} <= set(table.columns):
        lacking = (table["locations_n"] - table["qualifying_n"]).clip(lower=0.0)
        new["qualifying_n"] = table["qualifying_n"] + (lacking * lines).where(lines > 0, 0.0)
    if "no_device_share" in table.columns:
        new["no_device_share"] = table["no_device_share"] * (1 - lifts["device_share"])
    return carry(table.assign(**new), table)


def without_stale(
    after: pd.DataFrame, before: pd.DataFrame, lifts: Mapping[str, Floats]
) -> pd.DataFrame:
    """Return the table as it would be without what it said of the table as it was."""
    lines = lifts["qualifying_share"] > 0
    homes = np.any([part > 0 for name, part in lifts.items() if name != "qualifying_share"], axis=0)
    now, later = before["beyond_reach_share"], after["beyond_reach_share"]
    nearer = (later.notna() & (later != now)).to_numpy()
    some = lines | homes | nearer
    where = {
        _OF_LINES: lines, _OF_HOMES: homes, _OF_REACH: nearer,
        _OF_ALL: np.full(len(after), some.any()),
    }  # fmt: skip
    gone = {
        str(name): (after[name].astype("boolean") if after[name].dtype == bool else after[name])
        .mask(rows)
        for pattern, rows in where.items() if rows.any()
        for name in after.columns if re.search(pattern, str(name))
    }  # fmt: skip
    gone["scenario_status"] = pd.Series(np.where(some, "changed", "ok"), index=after.index)
    order = list(dict.fromkeys([*after.columns, "scenario_status"]))
    kept = after.drop(columns=[name for name in gone if name in after.columns])
    # All at once: hundreds of columns one by one would leave a table in pieces.
    whole = pd.concat([kept, pd.DataFrame(gone)], axis="columns")[order]
    return carry(whole, after)


_OF_LINES = (
    r"^(un|under)?served_|^(listed|qualifying)_tech|^(no|one|two|three)_providers?_n$"
    r"|^providers_|^(best|median)_(down|up)_mbps$|funded"
)
_OF_HOMES = (
    r"^(any_subscription|smartphone_only|cellular_only|people_connected)_share|^no_device_.*moe"
)
_OF_REACH = r"^nearest_site_|^access_"
# Other rules and kinds of care, and what compares an area with the others.
_OF_ALL = (
    r"__|^(recoverable|focus|cluster|smoothed|gi_star|local_moran)_|^(tier|cluster|falls_short)$"
    r"|^gap_p\d\d$|^(settings|neighbors)_n$|^under_resourced_probability$"
)
