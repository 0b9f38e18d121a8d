"""Single locations under a rule."""

from __future__ import annotations

import numpy as np
import pandas as pd

from equity.measures.lines._partial import QUALIFIES, SERVED, UNDERSERVED, Partial, unpack_speed
from equity.measures.lines._rollup import location_class
from equity.rules import CoverageRule

CLASSES = np.array(["unserved", "underserved", "served"])


def class_number(part: Partial, number: int, rule: CoverageRule) -> np.ndarray:
    """Return 0 unserved, 1 underserved, 2 served for each location."""
    bits = location_class(part.rules[number], rule.technologies, part.ids.size)
    return np.where(bits & SERVED, 2, np.where(bits & UNDERSERVED, 1, 0))


def location_frame(part: Partial, number: int, rule: CoverageRule) -> pd.DataFrame:
    """Return one row per location."""
    columns = part.rules[number]
    bits = location_class(columns, rule.technologies, part.ids.size)
    down, up = unpack_speed(columns.best)
    return pd.DataFrame(
        {
            "block_geoid": pd.Series(part.blocks).astype(str).str.zfill(15).to_numpy(),
            "coverage_class": CLASSES[class_number(part, number, rule)],
            "is_qualifying": (bits & QUALIFIES) > 0,
            "best_down_mbps": np.where(columns.best > 0, down, np.nan),
            "best_up_mbps": np.where(columns.best > 0, up, np.nan),
            "is_exported": part.exported,
        },
        index=pd.Index(part.ids.astype(str), name="location_id", dtype="str"),
    )
