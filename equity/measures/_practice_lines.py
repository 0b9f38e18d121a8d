"""The best claimed line at each site, and how it stands against what the site needs."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from equity.errors import InputError, MissingColumnError
from equity.measures.checks import checked_column
from equity.measures.reach.places import Floats, Table, checked_ids

NOT_A_LOCATION = "not_a_broadband_serviceable_location"
LINE_UNKNOWN = "line_unknown"
LINE_OF_STATUS = {"ok": "fit", **dict.fromkeys(("below_tier", "high_latency", "no_offer"), "below")}
"""Whether a line is fit, by the site's status; any other status leaves it unknown."""


def need_columns(table: Table, names: tuple[str, ...], role: str) -> None:
    """Raise for a column that is missing."""
    missing = [name for name in names if name not in table.columns]
    if missing:
        raise MissingColumnError(f"{role} lack the column {', '.join(missing)}")


def cells_of(
    sites: Table, ids: pd.Index, cell: str | pd.Series | None, *, wanted: bool = True
) -> pd.Series:
    """Return each site's block or cell; all missing where none is given and none is wanted."""
    if cell is None and not wanted:
        return pd.Series(None, index=ids, dtype=object)
    if isinstance(cell, str):
        need_columns(sites, (cell,), "sites")
        cell = pd.Series(sites[cell].to_numpy(), index=ids)
    if not isinstance(cell, pd.Series):
        raise InputError("cell must be a column of sites, or a Series by site id")
    if not cell.index.is_unique:
        raise InputError(
            "cell lists a site more than once", rows=cell.index[cell.index.duplicated()][:5]
        )
    if pd.api.types.is_numeric_dtype(cell) and cell.notna().any():
        raise InputError(
            "the cells of sites are numbers, and ids are text",
            rows=cell.dropna().head().tolist(),
            fix="read them as text: dtype={'block_geoid': str}",
        )
    return cell.reindex(ids).astype(object)


def lines_at(offers: pd.DataFrame | None, cells: pd.Series) -> pd.DataFrame:
    """Return the best line at each site; NaN where its cell has no row, or nothing is known."""
    if offers is None:
        unknown = {"down": np.nan, "up": np.nan, "quick": False}
        return pd.DataFrame({**unknown, "located": cells.notna()}, index=cells.index)
    need_columns(offers, ("best_down_mbps", "best_up_mbps"), "offers")
    checked_ids(offers, role="offers")
    position = offers.index.get_indexer(pd.Index(cells))
    position[cells.isna().to_numpy()] = -1
    found = position >= 0

    def take(name: str) -> Floats:
        # A cell with locations and no offer may hold a missing speed: that is a speed of 0.
        speed = np.nan_to_num(checked_column(offers, name, np.inf), nan=0.0)
        padded = np.append(speed, np.nan)
        return np.where(found, padded[position], np.nan)

    latency = np.ones(len(offers), dtype=bool)
    if "low_latency" in offers.columns:
        latency = checked_column(offers, "low_latency", 1.0) > 0
    return pd.DataFrame(
        {
            "down": take("best_down_mbps"),
            "up": take("best_up_mbps"),
            "quick": np.append(latency, np.bool_(0))[position],
            "located": cells.notna().to_numpy(),
        },
        index=cells.index,
    )


def line_status(
    result: pd.DataFrame, line: pd.DataFrame, known: NDArray[np.bool_]
) -> NDArray[np.str_]:
    """Return each site's status where offers are at hand."""
    down, up = result["line_down_mbps"].to_numpy(), result["line_up_mbps"].to_numpy()
    enough = (down >= result["needed_down_mbps"].to_numpy()) & (
        up >= result["needed_up_mbps"].to_numpy()
    )
    return np.select(
        [
            ~line["located"].to_numpy(),
            ~known,
            (down == 0) | (up == 0),
            ~line["quick"].to_numpy(),
            ~enough,
        ],
        ["not_located", NOT_A_LOCATION, "no_offer", "high_latency", "below_tier"],
        default="ok",
    )
