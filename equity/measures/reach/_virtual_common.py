"""What the virtual models share: shares, the status of areas, the conservation check."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from equity.measures.checks import Numbers, aligned
from equity.measures.reach.catchment import Balance
from equity.measures.reach.places import Floats

PER = 10_000.0
"""Access is per 10,000 people."""

Flags = NDArray[np.bool_]


def share(values: Numbers, ids: pd.Index, what: str, of: str) -> Floats:
    """Return shares of 0 to 1, in the order of ``ids``."""
    return aligned(values, ids, what=what, of=of, positive=False, share=True)


def status(listed: Flags, people: Floats, connected: Flags, reachable: Floats) -> NDArray[np.str_]:
    """Return the status of each area."""
    return np.select(
        [~listed, people == 0, ~connected, ~(reachable > 0)],
        ["not_covered", "no_population", "no_link", "no_supply_in_reach"],
        default="ok",
    )


def balance(
    people: tuple[Floats, Floats],
    access: Floats,
    reachable: Floats,
    *,
    supply: float,
    stranded: float,
    demand_at_site: Floats,
) -> Balance:
    """Return the conservation check; ``people`` are all, and those whose travel is known."""
    everybody, used = people
    return Balance(
        supply=supply,
        reached=supply - stranded,
        stranded=stranded,
        handed_out=float((used * access).sum()),
        demand=float(everybody.sum()),
        demand_in_reach=float(used[reachable > 0].sum()),
        allocated=float(demand_at_site.sum()),
        conserves="supply",
    )
