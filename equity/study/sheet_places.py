"""What a column of a fact sheet says of its areas."""

from __future__ import annotations

import math

import pandas as pd

from equity.outputs.factsheet import LACK, SHARES, WHO
from equity.study import totals
from equity.study.parts import StudyPlan
from equity.study.places import measured

__all__ = ["kinds_of_care", "measures_of"]


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
        if rate := SHARES.get(str(name)):
            found |= {rate: row["share"], f"{rate}_moe": row["share_moe"]}
    people, most = counts["people_n"].iloc[0], counts.loc["gap_n", "ceiling_n"]
    found |= {"gap_ceiling_n": most, "gap_ceiling_share": most / people if people else math.nan}
    minutes = [f"nearest_site_{unit}{suffix}" for suffix in care for unit in ("min", "km")]
    few = [name for name in (*LACK, *WHO, *minutes) if name in part]
    if len(ranked):
        found |= measured(ranked, [n for n in LACK if n in few])
    else:  # who lives there is known all the same
        found |= measured(part, ["population_n"])
    found |= measured(part, [n for n in few if n not in LACK])
    if len(part) == 1:
        one = part.iloc[0]
        own = [*few, "gap_share"] + [f"{n}_moe" for n in (*few, "gap_share") if f"{n}_moe" in part]
        found |= {name: one[name] for name in own}
    return found
