"""Which rows of two tables did not meet, and why."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from equity.areas.table import water_rows
from equity.areas.vintage import connecticut, county_changes
from equity.language import mark, said, together
from equity.showing import Shown

REASONS = {
    "water": "water only: no people, no locations, no polygon in cartographic files",
    "no_people": "nobody lives there",
    "outside": "lies in a state or county that the other table does not cover",
    "code_change": "the county's code changed; the same area is there under another id",
    "other_vintage": "an area of another vintage: its number was divided, merged or moved",
    "unknown": "no reason found",
}
"""Reason -> what it means."""

_COUNTED = {
    "water": mark("{n} water"),
    "no_people": mark("{n} no people"),
    "outside": mark("{n} outside"),
    "code_change": mark("{n} code change"),
    "other_vintage": mark("{n} other vintage"),
    "unknown": mark("{n} unknown"),
}
_SIDES = {
    "missing": mark("{n} missing ({reasons})"),
    "extra": mark("{n} extra ({reasons})"),
}

HARMLESS = ("water", "no_people")
"""Reasons that cost no information."""

_COLUMNS = ["table", "side", "geoid", "reason"]


@dataclass(frozen=True, repr=False)
class JoinAudit(Shown):
    """Every row that found no partner in a `combine`, with the reason.

    Attributes
    ----------
    rows
        One row an unmatched id: `table` (name), `side` (``missing``: an area of the first table
        that this table lacks; ``extra``: a row of this table that the first lacks), `geoid`,
        `reason` (a key of `REASONS`).
    matched
        One row a joined table: `areas` (rows of the first table), `matched`, `match_share`,
        `missing`, `extra`.
    """

    rows: pd.DataFrame
    matched: pd.DataFrame

    @property
    def summary(self) -> pd.DataFrame:
        """Count of unmatched rows by table, side and reason."""
        counts = self.rows.groupby(["table", "side", "reason"], sort=True).size()
        return counts.rename("rows").reset_index()

    def reasons(self, table: str, side: str = "missing") -> dict[str, int]:
        """Count unmatched rows of one table and side by reason."""
        mine = self.rows[(self.rows["table"] == table) & (self.rows["side"] == side)]
        return (
            {reason: int((mine["reason"] == reason).sum()) for reason in REASONS}
            if len(mine)
            else {}
        )

    def sentences(self, names: Iterable[str] | None = None) -> list[str]:
        """One sentence a joined table, of all or of those named."""
        return [self._sentence(str(n)) for n in (self.matched.index if names is None else names)]

    def __add__(self, other: JoinAudit) -> JoinAudit:
        """Put the findings of a later join behind these."""
        return JoinAudit(
            pd.concat([self.rows, other.rows], ignore_index=True),
            pd.concat([self.matched, other.matched]),
        )

    def _sentence(self, name: str) -> str:
        row = self.matched.loc[name]
        told = [
            said(
                "{table}: {n} of {all} areas matched",
                table=_called(name),
                n=f"{row['matched']:,.0f}",
                all=f"{row['areas']:,.0f}",
            )
        ]
        for side, text in _SIDES.items():
            found = {k: n for k, n in self.reasons(name, side).items() if n}
            if found:
                parts = [said(_COUNTED[k], n=f"{n:,}") for k, n in found.items()]
                lost = f"{sum(found.values()):,}"
                told.append(said(text, n=lost, reasons=together(parts, ", ")))
        return together(told)

    def _shown(self) -> tuple[str, list[tuple[str, str]]]:
        rows = [(str(n), self._sentence(str(n)).removeprefix(f"{n}: ")) for n in self.matched.index]
        met = int((self.matched["match_share"] >= 1).sum()) if len(self.matched) else 0
        title = f"{len(self.matched):,} tables joined, {met:,} of them without a loss"
        return title, rows


def _called(name: str) -> str:
    """Return a table's name; of the second of two with one name, which one it is."""
    again = re.fullmatch(r"(.*) \(table (\d+)\)", name)
    return said("{name} (table {n})", name=again[1], n=again[2]) if again else said(name)


def audit_of(parts: list[tuple[str, Any, Any]]) -> JoinAudit:
    """Put the findings of several joins together: (name, matched row, unmatched rows)."""
    matched = pd.DataFrame(
        [row for _, row, _ in parts], index=pd.Index([name for name, _, _ in parts], name="table")
    )
    frames = [rows for _, _, rows in parts if len(rows)]
    rows = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=_COLUMNS)
    return JoinAudit(rows[_COLUMNS], matched)


def compare(name: str, base: Any, other: Any, level: str, empty: set[str]) -> tuple[str, Any, Any]:
    """Find the rows of two id indexes that do not meet.

    `empty` holds the ids that some table knows to have no people.
    """
    # An indexer is built once and serves the join too; isin would hash every text again.
    missing = base[other.get_indexer(base) < 0]
    extra = other[base.get_indexer(other) < 0]
    sides = (("missing", missing, other, extra), ("extra", extra, base, missing))
    unmet_rows = [
        _side(ids, there, unmet, name=name, side=side, level=level, empty=empty)
        for side, ids, there, unmet in sides
        if len(ids)
    ]
    rows = (
        pd.concat(unmet_rows, ignore_index=True) if unmet_rows else pd.DataFrame(columns=_COLUMNS)
    )
    matched = len(base) - len(missing)
    row = {
        "areas": len(base),
        "matched": matched,
        "match_share": matched / len(base),
        "missing": len(missing),
        "extra": len(extra),
    }
    return name, row, rows


def compare_listed(name: str, listed: Any, areas: Any, level: str) -> tuple[str, Any, Any]:
    """Find the ids of a list that are none of the areas, in the counties that the areas have.

    A list names some areas, so that areas that it does not name are no finding.
    """
    unmet = listed[areas.get_indexer(listed) < 0]
    rows = _side(unmet, areas, [], name=name, side="missing", level=level, empty=set())
    # Of another county, and not under a code that it changed: no concern of these areas.
    here = rows["geoid"].str[:5].isin(set(pd.Series(areas, dtype=object).str[:5]))
    rows = rows[here | rows["reason"].eq("code_change")]
    matched = len(listed) - len(unmet)
    named = matched + len(rows)
    row = {
        "areas": named,
        "matched": matched,
        "match_share": matched / named if named else 1.0,
        "missing": len(rows),
        "extra": 0,
    }
    return name, row, rows


def _side(
    ids: Any, there: Any, unmet: Any, *, name: str, side: str, level: str, empty: set[str]
) -> pd.DataFrame:
    """Give one side's unmatched ids their reasons; `unmet` are the other side's."""
    text = pd.Series(ids, dtype=object)
    reason = np.full(len(text), "unknown", dtype=object)
    if len(text):
        vintage = _other_vintage(text, there, unmet, level)
        outside = _outside(text, there, level, side)
        # Later lines win.
        reason[vintage] = "other_vintage"
        reason[outside] = "outside"
        reason[_renamed(text, there, level)] = "code_change"
        reason[text.isin(empty).to_numpy()] = "no_people"
        reason[water_rows(ids, level)] = "water"
    return pd.DataFrame({"table": name, "side": side, "geoid": text, "reason": reason})


def _outside(text: Any, there: Any, level: str, side: str) -> Any:
    """Rows of a state the other table has nothing of; for extra rows, of a county."""
    if level in ("state", "zcta", "nation"):
        return np.zeros(len(text), dtype=bool)
    # A study of one county may join a table of the whole state; the reverse is a gap.
    digits = 5 if side == "extra" and level != "county" else 2
    covered = set(pd.Series(there, dtype=object).str[:digits])
    return ~text.str[:digits].isin(covered).to_numpy()


def _renamed(text: Any, there: Any, level: str) -> Any:
    """Rows whose area is in the other table under a changed county code."""
    if level in ("state", "zcta", "nation", "place"):
        return np.zeros(len(text), dtype=bool)
    present = set(there)
    pairs: dict[str, list[str]] = {}
    for change in county_changes():
        for code in change.new:
            pairs.setdefault(change.old, []).append(code)
            pairs.setdefault(code, []).append(change.old)
    old, new = connecticut()
    for code in old:
        pairs[code] = sorted(new)
    for code in new:
        pairs[code] = sorted(old)
    return np.array(
        [any(other + geoid[5:] in present for other in pairs.get(geoid[:5], ())) for geoid in text],
        dtype=bool,
    )


def _other_vintage(text: Any, there: Any, unmet: Any, level: str) -> Any:
    """Rows whose number reappears, divided, merged or beside other unmet rows of its county.

    A tract that is split keeps its four-digit number and gets new suffixes (0401.00 becomes
    0401.01 and 0401.02); renumbered ones leave unmet rows on both sides of a county.
    """
    if level not in ("tract", "block_group", "block"):
        return np.zeros(len(text), dtype=bool)
    numbers = set(pd.Series(there, dtype=object).str[:9])
    counties = set(pd.Series(unmet, dtype=object).str[:5])
    split = text.str[:9].isin(numbers).to_numpy()
    both = text.str[:5].isin(counties).to_numpy()
    return split | both
