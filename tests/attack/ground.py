"""A small study with something in every part, and what an attack on it came to."""

from __future__ import annotations

import json
import math
import re
import shutil
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from equity.errors import EquityError
from equity.example.state import write_example
from equity.study.run import Study

RIGHT, REFUSED, TRACEBACK, CHANGED = "right", "refused", "traceback", "changed number"
UNCLEAR, HANGS = "refused, not in one line", "hangs"
RULE = """id = "state-50-10"
title = "A state's own"
date = "2025-01-01"
citation = "State plan, p. 3"
confidence = "primary"
technologies = [40, 50]
served = [100, 20]
underserved = [25, 3]
qualifying = [50, 10]
low_latency = true
customers = ["R", "X"]
subscription = "any_broadband"
"""
CORE = [
    "population_n", "connected_share", "device_share", "qualifying_share", "beyond_reach_share",
    "beyond_reach_n", "gap_n", "gap_line_only_n", "gap_home_only_n", "gap_both_n", "gap_n_moe",
    "gap_share", "no_link_n", "is_under_resourced", "falls_short", "gap_status",
]  # fmt: skip


def make(folder: Path) -> Path:
    """Write the study and its inputs, and return its file."""
    example = write_example(folder, scale=0.01)
    (folder / "state.toml").write_text(RULE)
    acs = json.loads(example.acs[0].read_text())
    at = [acs[0].index(name) for name in ("state", "county", "tract")]
    ids = ["".join(row[i] for i in at) for row in acs[1:]]
    rows = [f"{geoid},{i % 100},{i % 7},Place {i}" for i, geoid in enumerate(ids)]
    (folder / "own.csv").write_text("\n".join(["GEOID,pct,amount,label", *rows]) + "\n")
    text = example.study.read_text().replace(
        'rules = ["video-visit", "fcc-25-3", "fcc-706-2024"]',
        'rules = ["fcc-25-3", "state.toml"]\njoin_tolerance = 1.0',
    )
    text = text.replace("[care]\n", '[[care]]\nid = "clinic"\n').replace(
        "# Who comes first",
        '[[care]]\nid = "doctor"\nlabel = "doctors"\nmethod = "travel"\nlimit_min = 20\nsd = 0.22\n\n'
        "# Who comes first",
    )
    example.study.write_text(
        text
        + """
[[tables]]
file = "own.csv"
agency = "An agency"
product = "A product"
vintage = "2023"
geo_vintage = "2020"
[tables.columns]
own_share = { column = "pct", unit = "percent" }
own_n = { column = "amount" }

[falls_short]
people_at_least = 5

[sensitivity]
limit_min = [20]
sd = [0.3]
over_reported = [0.1]
"""
    )
    return example.study


@dataclass
class Tally:
    """What attacks came to, and an example of each that should not be."""

    counts: Counter[str] = field(default_factory=Counter)
    bad: dict[str, list[str]] = field(default_factory=dict)

    def add(self, outcome: str, what: str, how: str = "") -> None:
        self.counts["tried"] += 1
        self.counts[outcome] += 1
        if outcome not in {RIGHT, REFUSED}:
            kept = self.bad.setdefault(f"{outcome}: {how}", [])
            if len(kept) < 3:
                kept.append(what)

    def told(self) -> str:
        lines = [", ".join(f"{name} {n:,}" for name, n in self.counts.items())]
        for how, kept in sorted(self.bad.items()):
            lines += [how, *(f"    {what[:600]}" for what in kept)]
        return "\n".join(lines)


def outcome_of(error: BaseException) -> tuple[str, str]:
    """Class an error: ours in one line, ours in another form, or a traceback, with its place."""
    if isinstance(error, EquityError):
        text = str(error)
        clear = text and "\n" not in text and "Traceback" not in text and len(text) < 3_500
        return (REFUSED, text) if clear else (UNCLEAR, text[:300])
    ours = [f for f in traceback.extract_tb(error.__traceback__) if "/equity/" in f.filename]
    frame = ours[-1] if ours else traceback.extract_tb(error.__traceback__)[-1]
    place = f"{re.sub('.*/equity/', '', frame.filename)}:{frame.lineno} {frame.name}"
    return TRACEBACK, f"{type(error).__name__} at {place}: {str(error)[:160]}"


def core(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(table)[[name for name in CORE if name in table.columns]]


def same(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    try:
        pd.testing.assert_frame_equal(one, other, check_dtype=False, rtol=1e-9, atol=1e-9)
    except AssertionError:
        return False
    return True


def impossible(table: pd.DataFrame) -> str:
    """Say what in a result can not be: the three counts nest, the parts add up, all is finite."""
    numbers = pd.DataFrame(table).select_dtypes("number")
    if np.isinf(numbers.to_numpy(dtype=float)).any():
        return "infinite"
    known = table.dropna(subset=["gap_n"])
    parts = known[["gap_line_only_n", "gap_home_only_n", "gap_both_n"]].sum(axis=1, skipna=False)
    told = parts.notna()
    if not np.allclose(parts[told], known["gap_n"][told], rtol=1e-6, atol=1e-6):
        return "parts do not add up"
    people, beyond, gap = (known[n] for n in ("population_n", "beyond_reach_n", "gap_n"))
    if (gap > beyond + 1e-6).any() or (beyond > people + 1e-6).any() or (gap < 0).any():
        return "counts do not nest"
    return ""


class Ground:
    """The study, its clean result, and a place for what is damaged."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.study = make(scratch / "clean")
        self.folder = self.study.parent
        self.clean = core(Study.load(self.study).run().table)
        self.text = self.study.read_text()

    def copy(self) -> Path:
        """Return the folder of a copy whose files may be damaged."""
        target = self.scratch / "damaged"
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.folder, target, copy_function=shutil.copyfile)
        return target


def dump(data: dict[str, Any], name: str = "") -> str:
    """Write TOML, hostile values included: what is no TOML is for the reader to refuse."""
    lines = [f"[{name}]"] if name else []
    later = []
    for key, value in data.items():
        full = f"{name}.{_key(key)}" if name else _key(key)
        if isinstance(value, dict):
            later.append(dump(value, full))
        elif isinstance(value, list) and value and all(isinstance(v, dict) for v in value):
            later += [dump(v, full).replace(f"[{full}]", f"[[{full}]]", 1) for v in value]
        else:
            lines.append(f"{_key(key)} = {_value(value)}")
    return "\n".join([*lines, *later]) + "\n"


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key)


def _value(value: Any) -> str:
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)


class Raw(str):
    """TOML as it stands."""

    __slots__ = ()
