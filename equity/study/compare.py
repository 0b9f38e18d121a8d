"""Two runs compared: what changed since the last one, between two years or under another rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from equity.areas.words import number, sentence_list
from equity.errors import InputError
from equity.language import ENGLISH, current, language, mark, tr, trn
from equity.measures.change import Change, change
from equity.measures.gap_split import PARTS
from equity.outputs.maps import make_map, save_map
from equity.outputs.ownership import RECORD, write_record
from equity.outputs.tables import export
from equity.provenance import meta, software
from equity.sources.census.files import read_tract_relationship
from equity.study._exchange import put_in_place
from equity.study.runs import Run, read_run

__all__ = ["Comparison", "compare_runs"]

_THROUGH = {
    "people": mark("{n} through people"),
    "reach": mark("{n} through reach"),
    "lines": mark("{n} through lines"),
    "homes": mark("{n} through homes"),
}
_TITLE = mark("{title}: what changed")
_LAYERS = ("gap_n_change", "gap_n_trend", "gap_share_change", "no_link_n_change", *PARTS.values())


@dataclass(frozen=True, eq=False)
class Comparison:
    """What changed between two runs.

    Attributes
    ----------
    title
        Of the later run.
    change
        The two tables compared.
    finding
        Sentences in plain words, the count first.
    before, after
        Title, headline rule, synthetic and seal of each run.
    """

    title: str
    change: Change
    finding: tuple[str, ...]
    before: Mapping[str, str | bool]
    after: Mapping[str, str | bool]

    @property
    def synthetic(self) -> bool:
        """True if either run is of generated data."""
        return bool(self.before["synthetic"] or self.after["synthetic"])

    def write(self, folder: str | Path) -> Path:
        """Write the page with the map of change, the table and the provenance into a folder.

        Raises
        ------
        StorageError
            If the folder cannot be written, or holds files that no run wrote.
        """
        return put_in_place(Path(folder), self._write, "a comparison")

    def _write(self, folder: Path) -> None:
        table: Any = self.change.areas
        notes = self._notes(self.finding)
        shown = [name for name in _LAYERS if name in table and table[name].notna().any()]
        title = tr(_TITLE, title=self.title)
        drawn = isinstance(table, gpd.GeoDataFrame) and table.geometry.notna().any()
        if drawn and shown:
            page = make_map(
                table, shown[0], layers=shown, title=title, finding=self.finding[0],
                synthetic=self.synthetic, notes=notes,
            )  # fmt: skip
            save_map(page, folder / "index.html")
        written_in = current()
        with language(ENGLISH):  # tables and records are the same in every language
            self._record(folder, written_in)

    def _notes(self, finding: tuple[str, ...]) -> list[str]:
        said = [f"{note[:1].upper()}{note[1:]}." for note in map(tr, self.change.notes)]
        return [*finding[1:], *said]

    def _record(self, folder: Path, written_in: str) -> None:
        """Write the table and where all of it came from."""
        table: Any = self.change.areas
        title = str(self.after["title"])
        finding = _finding(self.change, title, self.before, self.after)
        rules = dict.fromkeys(str(run["rule"]) for run in (self.before, self.after))
        export(
            table, folder, name="changes", rules=rules, synthetic=self.synthetic,
            notes=self._notes(finding),
        )  # fmt: skip
        record = {
            "title": tr(_TITLE, title=title),
            "language": written_in,
            "synthetic": self.synthetic,
            "software": software(),
            "before": dict(self.before),
            "after": dict(self.after),
            "finding": list(finding),
            "notes": list(self.change.notes),
            "sources": [source.to_dict() for source in meta(table).sources],
        }
        write_record(folder / RECORD, record, folder.iterdir())


def compare_runs(
    before: str | Path, after: str | Path, *, links: str | Path | None = None
) -> Comparison:
    """Compare two folders that ``equity run`` wrote.

    Parameters
    ----------
    before, after
        The folders, the earlier run first.
    links
        The Census Bureau's relationship file of tracts, where the two have tracts of 2010 and 2020.

    Returns
    -------
    Comparison

    Raises
    ------
    MissingFileError
        If a folder holds no run, or its table is gone.
    FormatError
        If the table is not what the run wrote.
    InputError, VintageError
        If the runs are of other states, levels, vintages (without links) or parts of a state.
    """
    old, new = read_run(before), read_run(after)
    related = None if links is None else read_tract_relationship(links)
    _refuse_other_area(old, new, after)
    found = change(old.table, new.table, links=related)
    title, about_both = new.title, [_about(one) for one in (old, new)]
    finding = _finding(found, title, *about_both)
    return Comparison(title, found, finding, *about_both)


def _refuse_other_area(old: Run, new: Run, after: str | Path) -> None:
    """Refuse a whole and a part of it: almost nothing of the one is compared with the other."""
    ids = [run.table.index for run in (old, new)]
    kind = [(meta(run.table).level, meta(run.table).geo_vintage) for run in (old, new)]
    shared = len(ids[0].intersection(ids[1]))
    if kind[0] == kind[1] and 0 < shared < max(map(len, ids)) / 2:
        raise InputError(
            f"of {number(len(ids[0]))} areas before and {number(len(ids[1]))} after only "
            f"{number(shared)} are in both runs",
            file=after,
            fix="run both studies for the same place, with one --area",
        )


def _about(run: Run) -> dict[str, str | bool]:
    rules = [rule for rule in run.record.get("rules", []) if rule.get("headline")]
    return {
        "title": run.record.get("title", ""),
        "rule": str(rules[0]["id"]) if rules else "",
        "synthetic": bool(run.record.get("synthetic")),
        "sha256_of_all_above": run.record.get("sha256_of_all_above", ""),
    }


def _finding(
    found: Change, title: str, before: Mapping[str, str | bool], after: Mapping[str, str | bool]
) -> tuple[str, ...]:
    sentences = [
        _count(found, title), _through(found), _tested(found), _places(found),
        _rules(before, after), _alone(found),
    ]  # fmt: skip
    return tuple(sentence for sentence in sentences if sentence)


def _count(found: Change, title: str) -> str:
    if "gap_n" not in found.columns:
        raise InputError("the two runs have no gap to compare", fix="compare runs of whole studies")
    both = found.areas[found.areas["gap_n_change"].notna()]
    old, new = both["gap_n_before"].sum(), both["gap_n_after"].sum()
    return trn(
        "{title}: {before} people in the gap before, {after} after, {change} "
        "(in {n} area with a value both times).",
        "{title}: {before} people in the gap before, {after} after, {change} "
        "(in {n} areas with a value both times).",
        len(both),
        title=title,
        before=number(old),
        after=number(new),
        change=_signed(new - old),
        n=number(len(both)),
    )


def _through(found: Change) -> str:
    totals = dict(zip([*PARTS, "all"], found.totals["change_n"].tolist(), strict=True))
    counted = int(found.areas[list(PARTS.values())].notna().all(axis=1).sum())
    if not counted:
        return tr("What it changed through cannot be told: the gap is no product in both tables.")
    parts = [tr(_THROUGH[name], n=_signed(totals[name])) for name in PARTS]
    low, high = found.totals[["change_n_p05", "change_n_p95"]].to_numpy()[-1].tolist()
    values = {"n": number(counted), "parts": sentence_list(parts)}
    if pd.isna(low):
        return trn(
            "Of the change in {n} area: {parts}.",
            "Of the change in {n} areas: {parts}.",
            counted,
            **values,
        )
    return trn(
        "Of the change in {n} area: {parts}; 90 % of draws from the survey's margins lie from "
        "{low} to {high}.",
        "Of the change in {n} areas: {parts}; 90 % of draws from the survey's margins lie from "
        "{low} to {high}.",
        counted,
        **values,
        low=_signed(low),
        high=_signed(high),
    )


def _tested(found: Change) -> str:
    trend = found.areas["gap_n_trend"]
    if trend.isna().all():
        return ""
    fell, rose = int((trend == "fell").sum()), int((trend == "rose").sum())
    return trn(
        "It fell in {fell} and rose in {rose} area by more than the survey's margins explain, of "
        "{tested} tested; about 1 in 10 of these is chance.",
        "It fell in {fell} and rose in {rose} areas by more than the survey's margins explain, of "
        "{tested} tested; about 1 in 10 of these is chance.",
        rose,
        fell=number(fell),
        rose=number(rose),
        tested=number(trend.notna().sum()),
    )


def _places(found: Change) -> str:
    if found.gained is None or found.lost is None:
        return tr(
            "Which places are named anew cannot be told: areas were moved to those of another year."
        )
    return trn(
        "{gained} place falls short and is under-resourced now and was not before{which}; "
        "{lost} were and are not any more{whose}.",
        "{gained} places fall short and are under-resourced now and were not before{which}; "
        "{lost} were and are not any more{whose}.",
        len(found.gained),
        gained=number(len(found.gained)),
        which=_names(found, found.gained),
        lost=number(len(found.lost)),
        whose=_names(found, found.lost),
    )


def _names(found: Change, ids: tuple[str, ...]) -> str:
    if not ids or "name" not in found.areas:
        return ""
    names = found.areas["name"].reindex(ids[:5]).fillna("").tolist()
    listed = ", ".join(f"{name} {i}".strip() for name, i in zip(names, ids, strict=False))
    if len(ids) > 5:
        listed = tr("{names} and {n} more", names=listed, n=number(len(ids) - 5))
    return f" ({listed})"


def _rules(before: Mapping[str, str | bool], after: Mapping[str, str | bool]) -> str:
    if before["rule"] == after["rule"]:
        return ""
    return tr(
        "The rule changed too: {before} before, {after} after.",
        before=before["rule"],
        after=after["rule"],
    )


def _alone(found: Change) -> str:
    old, new = len(found.only_before), len(found.only_after)
    if not old and not new:
        return ""
    return trn(
        "Compared with nothing: {before} area only before, {after} only after.",
        "Compared with nothing: {before} areas only before, {after} only after.",
        old,
        before=number(old),
        after=number(new),
    )


def _signed(value: float) -> str:
    """Write a change with its sign, unrounded: parts must be seen to add up."""
    if abs(value) < 0.5:
        return "0"
    return f"{value:+,.0f}"
