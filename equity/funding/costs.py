"""What one line, device or subscription costs: from a table that says where each figure is from.

There is no default cost. A cost that was made up is stamped as made up on everything made of it.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd

from equity.areas.words import number
from equity.errors import InputError
from equity.files.atomic import write_text
from equity.files.delimited import read_text_table
from equity.funding._tables import need_source, own_source, refuse_rows, text, yes
from equity.provenance import stamp
from equity.sources.area_rows import require_columns, to_numbers

__all__ = ["ITEMS", "QUESTIONED_USD", "made_up_costs", "read_costs", "write_cost_template"]

ITEMS = ("line", "device", "subscription")
"""What can be bought one at a time."""
QUESTIONED_USD = 100_000.0
"""A line or a home that costs more than this is questioned."""

_NUMBERS = ("capital_usd", "match_share", "yearly_usd", "years", "discount_rate")
_MOST = {"match_share": 1.0, "discount_rate": 1.0, "years": 50.0, "capital_usd": np.inf,
         "yearly_usd": np.inf}  # fmt: skip


def read_costs(path: str | Path) -> pd.DataFrame:
    """Read what one of each thing costs.

    Parameters
    ----------
    path
        CSV or XLSX, a row a cost: ``item`` (``line``, ``device``, ``subscription``), ``where``
        (empty for everywhere, or the first digits of area ids: the longest that fits counts),
        ``capital_usd``, ``match_share`` (part of the capital that others pay, 0 to 1),
        ``yearly_usd`` for ``years`` at ``discount_rate`` (0.03 for 3 %), ``cost_source`` and if
        wanted ``cost_as_of``, ``cost_note``, ``made_up`` and ``confirmed``. Empty numbers but the
        first are 0.

    Returns
    -------
    pandas.DataFrame
        By row: ``item``, ``where``, ``unit_usd`` (capital less match, and the present value of the
        yearly cost, paid at the end of each year) and what was read.

    Raises
    ------
    InputError
        For an unknown item or place, a cost that is not above 0 or is outlying, has no source, or
        is yearly without years; and for what is neither yes nor no.
    MissingColumnError
        If a column is missing.
    """
    frame = read_text_table(path)
    require_columns(frame, ("item", "capital_usd", "cost_source"), path)
    frame = frame.apply(lambda column: column.str.strip())
    strange = ~frame["item"].isin(ITEMS)
    refuse_rows(
        strange, f"no item is called {_first(frame['item'], strange)!r}", path,
        fix=f"choose from {', '.join(ITEMS)}",
    )  # fmt: skip
    there = [name for name in _NUMBERS if name in frame.columns]
    numbers = to_numbers(frame, dict(zip(there, there, strict=True)), path)
    numbers = numbers.reindex(columns=list(_NUMBERS))
    unknown = numbers["capital_usd"].isna() & ~(numbers["yearly_usd"] > 0)
    refuse_rows(
        unknown, "an item has no cost", path, fix="fill in capital_usd, yearly_usd, or leave it out"
    )
    need_source(frame, path)
    endless = (numbers["yearly_usd"] > 0) & ~(numbers["years"] > 0)
    refuse_rows(
        endless, "a yearly cost has no years", path,
        fix="fill in years, for how many of them it is paid, or leave yearly_usd out",
    )  # fmt: skip
    where = text(frame, "where").str.rpartition("US")[2]
    strange = ~where.str.fullmatch(r"(\d{2,12})?")
    refuse_rows(
        strange, f"where is {_first(where, strange)!r}", path,
        fix="write the first digits of area ids (51, 51001), or leave it blank for everywhere",
    )  # fmt: skip
    result: pd.DataFrame = frame.assign(where=where, **numbers.fillna(0.0))
    result["unit_usd"] = _unit_usd(result, path)
    result["confirmed"] = yes(frame, "confirmed", path)
    result["made_up"] = yes(frame, "made_up", path)
    refuse_rows(
        result[["item", "where"]].duplicated(keep=False), "an item stands twice for one place", path
    )
    dear = (result["unit_usd"] > QUESTIONED_USD) & ~result["confirmed"]
    refuse_rows(
        dear, f"one {_first(result['item'], dear)} costs ${_first(result['unit_usd'], dear):,.0f}",
        path, fix="check the figure, or write yes under confirmed",
    )  # fmt: skip
    return stamp(result, sources=[own_source(path, "unit costs", result)])


def made_up_costs() -> pd.DataFrame:
    """Return costs that were made up to show the method: nothing in them is a price.

    Examples
    --------
    >>> costs = made_up_costs()
    >>> costs["made_up"].all(), costs["item"].tolist()
    (np.True_, ['line', 'device', 'subscription'])
    """
    return read_costs(Path(str(files("equity.funding") / "costs_made_up.csv")))


def write_cost_template(path: str | Path, *, of: str = "costs") -> Path:
    """Write an empty table of costs, or of projects, with a column for where each cost is from.

    Parameters
    ----------
    path
        CSV to write.
    of
        ``"costs"`` (of one line, device, subscription) or ``"projects"``.

    Raises
    ------
    InputError
        For another kind of table.
    StorageError
        If the file cannot be written, or is there already.
    """
    if of not in ("costs", "projects"):
        raise InputError(f"there is no template of {of!r}", fix="choose costs or projects")
    target = Path(path)
    if target.exists():
        raise InputError("the file is there already", file=target, fix="choose another name")
    return write_text(target, (files("equity.funding") / f"{of}_template.csv").read_text("utf-8"))


def _unit_usd(frame: pd.DataFrame, path: str | Path) -> pd.Series:
    for name, most in _MOST.items():
        bad = (frame[name] < 0) | (frame[name] > most)
        span = "negative" if most == np.inf else f"outside 0 to {number(most)}"
        refuse_rows(bad, f"{name} is {span}", path, fix="write 3 % as 0.03" if most == 1 else None)
    rate, years = frame["discount_rate"], frame["years"]
    paid = (1 - (1 + rate) ** -years) / rate.where(rate > 0)
    yearly = frame["yearly_usd"] * paid.where(rate > 0, years)
    usd = frame["capital_usd"] * (1 - frame["match_share"]) + yearly
    refuse_rows(
        ~(usd > 0), "an item's cost is zero or negative", path, fix="give what is paid, above 0"
    )
    return usd


def _first(values: pd.Series, where: pd.Series) -> object:
    return values[where].iloc[0] if where.any() else 0
