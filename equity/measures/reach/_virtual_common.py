"""What the virtual models share: their parameters, the status of areas, the conservation check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from equity.errors import InputError
from equity.measures.checks import aligned
from equity.measures.reach.catchment import Balance
from equity.measures.reach.places import Floats

PER = 10_000.0
"""Access is per 10,000 people."""

Flags = NDArray[np.bool_]


def need(parameters: Mapping[str, Any], method: str, *names: str) -> list[Any]:
    """Return required parameters, in order."""
    missing = [name for name in names if parameters.get(name) is None]
    if missing:
        raise InputError(
            f"{method} needs {', '.join(missing)}",
            fix="give a Series by id or one number; 1.0 leaves it out on purpose",
            code="E-PARAMETER",
        )
    return [parameters[name] for name in names]


def share(values: Any, ids: pd.Index, what: str, of: str) -> Floats:
    """Return shares of 0 to 1, in the order of ``ids``."""
    return aligned(values, ids, what=what, of=of, positive=False, share=True)


def status(listed: Flags, people: Floats, connected: Flags, reachable: Floats) -> Any:
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
