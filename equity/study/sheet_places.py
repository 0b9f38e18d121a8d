"""What a column of a fact sheet says of its areas."""

from __future__ import annotations

import math

import pandas as pd

from equity.outputs.factsheet import WHO
from equity.study import totals
from equity.study.parts import StudyPlan
from equity.study.places import measured

__all__ = ["kinds_of_care", "measures_of"]

_LACK = (
    "gap_line_only_n", "gap_home_only_n", "gap_both_n", "recoverable_device_n",
    "recoverable_subscription_n", "recoverable_line_and_home_n",
)  # fmt: skip
_RATES = {"beyond_reach_n": "beyond_reach", "gap_n": "gap", "no_link_n": "no_link"}


def kinds_of_care(plan: StudyPlan) -> dict[str, str]:
    """Return the suffix of each kind of care's columns, and what the kind is called."""
    return {
        plan.suffix_of_care(part): part.label or ("" if len(plan.care) == 1 else part.id)
        for part in plan.care
    }


def measures_of(part: pd.DataFrame, care: dict[str, str]) -> dict[str, object]:
    """Return the numbers of some areas together; ``left_out_n`` lives where there is no value."""
    ranked = part[part["gap_status"] == "ok"]
    counts = totals.counts(ranked)
    found: dict[str, object] = {
        "areas_n": len(part),
        "gap_status": part["gap_status"].iloc[0],
        "households_n": part["households_n"].sum(min_count=1)
        if "households_n" in part
        else math.nan,
        "left_out_n": part["population_n"].sum() - ranked["population_n"].sum(),
    }
    for name, row in counts.iterrows():
        found |= {str(name): row["people_n"], f"{name}_moe": row["people_n_moe"]}
        if str(name) in _RATES:
            rate = f"{_RATES[str(name)]}_share"
            found |= {rate: row["share"], f"{rate}_moe": row["share_moe"]}
    people, most = counts["people_n"].iloc[0], counts.loc["gap_n", "ceiling_n"]
    found |= {"gap_ceiling_n": most, "gap_ceiling_share": most / people if people else math.nan}
    minutes = [f"nearest_site_{unit}{suffix}" for suffix in care for unit in ("min", "km")]
    few = [name for name in (*_LACK, *WHO, *minutes) if name in part]
    found |= measured(ranked, [n for n in _LACK if n in few]) if len(ranked) else {}
    found |= measured(part, [n for n in few if n not in _LACK])
    if not len(ranked):  # who lives there is known all the same
        found |= measured(part, ["population_n"])
    if len(part) == 1:
        one = part.iloc[0]
        own = [*few, "gap_share"] + [f"{n}_moe" for n in (*few, "gap_share") if f"{n}_moe" in part]
        found |= {name: one[name] for name in own}
    return found
