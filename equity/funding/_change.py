"""What a scenario changes: lines, homes and reach, and the table as it would be."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from equity.errors import InputError, MissingColumnError
from equity.measures.checks import checked_column, need_gap_inputs
from equity.provenance import carry

__all__ = ["Part", "changed", "home_part", "line_part", "part_of", "with_reach"]

Floats = npt.NDArray[np.float64]
Part = pd.Series | float
"""A part (0 to 1) of each area, by area id, or one for all. Areas not listed have none."""


def part_of(part: Part, table: pd.DataFrame, what: str) -> Floats:
    """Return a part by area: 0 where none is listed."""
    if not isinstance(part, pd.Series):
        part = pd.Series(float(part), index=table.index)
    _refuse_strangers(part, table, what)
    values = part.astype(float).reindex(table.index).fillna(0.0)
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
    wanted = locations.astype(float).reindex(table.index).fillna(0.0).to_numpy()
    bad = ~((wanted >= 0) & (wanted <= np.nan_to_num(lacking) + 1e-6))
    if bad.any():
        raise InputError(
            "line_locations_n is negative, or more than there are without a qualifying line",
            rows=table.index[bad],
            fix="count only locations that lack one under the study's rule",
        )
    return np.divide(wanted, lacking, out=np.zeros_like(wanted), where=wanted > 0)


def home_part(table: pd.DataFrame, home: Part, device: Part, subscription: Part) -> Floats:
    """Return the part of the homes that are not connected that become so.

    With d, q and c the shares with a device, a subscription, and both, f of those without a device
    and g of those without a subscription: ``f (q - c) + g (d - c) + f g (1 - d - q + c)`` become
    connected.
    """
    whole = part_of(home, table, "home")
    f, g = part_of(device, table, "device"), part_of(subscription, table, "subscription")
    if not f.any() and not g.any():
        return whole
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
    together: Floats = whole + (1 - whole) * apart
    return together


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


def changed(
    table: pd.DataFrame, lines: Floats, homes: Floats, *, devices: Floats, subscriptions: Floats
) -> pd.DataFrame:
    """Return the table with the lines and homes that are added.

    Of those without a device `devices` get one, alone or with all else; so for `subscriptions`.
    What comes after, on this table, then does what it would have done together.
    """
    c = table["connected_share"]
    new = {"connected_share": c + homes * (1 - c)}
    line = table["qualifying_share"]
    new["qualifying_share"] = line + lines * (1 - line)
    if "qualifying_n" in table.columns:
        with_one = table["qualifying_n"]
        # Without the number of locations, how many more is unknown where any are added.
        every = table.get("locations_n", pd.Series(np.nan, index=table.index))
        lacking = (every - with_one).clip(lower=0.0)
        new["qualifying_n"] = with_one.mask(lines > 0, with_one + lines * lacking)
    for name, part in (("device_share", devices), ("subscription_share", subscriptions)):
        if name in table.columns:
            lifted = table[name] + part * (1 - table[name])
            new[name] = lifted.clip(lower=new["connected_share"])
    if "connected_share_moe" in table.columns:
        new["connected_share_moe"] = table["connected_share_moe"] * (1 - homes)
    return carry(table.assign(**new), table)
