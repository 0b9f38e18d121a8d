"""Tables that a program's form asks for: the area beside its counties and what lies around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from equity.areas.schema import columns, describe
from equity.areas.words import is_missing, number, say, with_points
from equity.language import dated, decimal, mark, tr, trn
from equity.outputs import _rows
from equity.outputs._content import Cell, Head, Table
from equity.outputs._layout import Part
from equity.outputs.report import ProgramFinding, Report
from equity.rules.program_metrics import is_program_metric, program_metric

__all__ = [
    "absent",
    "application_table",
    "beyond_border",
    "county_table",
    "named_table",
    "place_table",
    "site_table",
    "tests_table",
]

MOST_SITES = 40
_OWN = {
    "people_per_mi2": (mark("Residents a square mile"), "number"),
    "hpsa_pc_designated_share": (
        mark("Residents in a primary care shortage area (HPSA)"),
        "share",
    ),
    "hpsa_mh_designated_share": (
        mark("Residents in a mental health shortage area (HPSA)"),
        "share",
    ),
    "mua_designated_share": (mark("Residents in a medically underserved area (MUA)"), "share"),
    "nearest_site_min": (mark("Minutes to the nearest site that counts"), "min"),
}


def place_table(report: Report, part: Part, caption: str) -> Table | None:
    """Draw measures in rows and places in columns; None if nothing is known of any."""
    frame = report.places
    if frame is None or not len(frame):
        return None
    rows, keys = [], []
    for name in part.columns:
        if name not in frame or frame[name].isna().all():
            continue
        label, unit = _labelled(name, part), _told(name)[1]
        if name in report.criteria_columns and name not in columns():
            label = tr("By the study's own table: {what}", what=tr(report.criteria_columns[name]))
        if _rows.is_bound(report.table, name):
            label = tr("{what} (at most)", what=label)
        margins = _rows.margin_of(frame, name)
        cells = [_cell(v, unit, m) for v, m in zip(frame[name], margins, strict=True)]
        rows.append((Cell(label), *cells))
        keys.append(name)
    if not rows:
        return None
    places = [str(name) for name in frame["name"]]
    named = [places[0] if len(places[0]) < 25 else tr("All of the area"), *places[1:]]
    heads = (Head(tr("Measure"), words=True, width=1.9), *(Head(name) for name in named))
    return Table(caption, heads, tuple(rows), tuple(keys))


def absent(report: Report, part: Part) -> list[str]:
    """Return what a program asks for and this study has not, each with where it is to be had."""
    frame = report.places
    lacking = [n for n in part.columns if frame is None or n not in frame or frame[n].isna().all()]
    return [f"{_labelled(name, part)}: {_where(name)}" for name in lacking]


def _labelled(name: str, part: Part) -> str:
    """Return what a measure is called, apart from one of the same name in another unit."""
    label, unit = _told(name)
    if unit == "share" and any(_told(other)[0] == label for other in part.columns if other != name):
        return tr("{what}, share of all locations", what=label)
    return label


def _where(name: str) -> str:
    """Say where a measure is to be had."""
    status = name.replace("_designated_share", "_status")
    known = name if is_program_metric(name) else status
    if is_program_metric(known):
        return tr(program_metric(known).source)
    if name.startswith(("funded", "unserved_unfunded", "underserved_unfunded")):
        return tr("the FCC's funding map, or the state's list of awards")
    (column,) = describe([name])
    if column.source.startswith("ACS "):
        named = column.source.removeprefix("ACS ")
        return tr("American Community Survey, tables {tables}", tables=named)
    return tr(column.source)


def _told(name: str) -> tuple[str, str]:
    if name in _OWN:
        label, unit = _OWN[name]
        return tr(label), unit
    (column,) = describe([name])
    return column.label, column.unit


def _cell(value: Any, unit: str, moe: Any) -> Cell:
    if is_missing(value):
        return Cell("–")
    if unit == "number":
        return Cell(number(float(value), 0 if value >= 10 else 1), float(value))
    text, mark, margin = say(value, unit, moe=moe, with_unit=unit in ("share", "min")).partition(
        " ± "
    )
    return Cell(text, float(value), small=f"± {margin}" if mark else "")


def county_table(report: Report, *, most: int) -> Table | None:
    """Draw one row a county of the area, however many; more than `most` by their gap."""
    frame = report.levels.get("counties")
    if frame is None or len(frame) < 2:
        return None
    if len(frame) > most:
        frame = frame.sort_values("gap_n", ascending=False, kind="stable")
    columns = {
        "population_n": tr("Residents"),
        "no_link_n": tr("Without a usable link"),
        "gap_n": tr("In the gap"),
        "gap_share": tr("In the gap, share of residents"),
        "unserved_n": tr("Unserved locations"),
        "named_n": tr("Places listed"),
    }
    there = [name for name in columns if name in frame and frame[name].notna().any()]
    first = [Cell(str(name), small=str(key)) for key, name in frame["name"].items()]
    cells = []
    for name in there:
        (column,) = describe([name])
        margins = _rows.margin_of(frame, name)
        cells.append([_cell(v, column.unit, m) for v, m in zip(frame[name], margins, strict=True)])
    heads = (Head(tr("County"), words=True, width=1.8), *(Head(columns[name]) for name in there))
    keys = tuple(str(key) for key in frame.index)
    rows = tuple(zip(first, *cells, strict=True))
    return Table(tr("The counties of the area"), heads, rows, keys)


def beyond_border(n: int) -> str:
    """Say that places of care outside count as well."""
    return trn(
        "{n} beyond its border counts too, for whomever it is nearest.",
        "{n} beyond its border count too, for whomever they are nearest.",
        n,
        n=number(n),
    )


def named_table(report: Report) -> Table | None:
    """Draw how many places are listed and lie together, with the people in the gap there."""
    table, everybody = report.table, report.table["gap_n"].sum()
    listed = table.index.isin(report.focus)
    rows = {tr("Listed: under-resourced, and fall short"): listed} if listed.any() else {}
    expected = None
    if listed.any() and "focus_probability" in table:
        sure = table["focus_probability"].where(listed)
        if sure.notna().any():
            tiers = np.where(listed, _rows.texts(table, "tier"), "")
            words = {
                tr("of these, very likely to belong"): tiers == "very likely",
                tr("of these, likely to belong"): tiers == "likely",
            }
            rows |= {label: here for label, here in words.items() if here.any()}
            expected = Cell(number(sure.sum()), float(sure.sum()))
    alike = np.array(_rows.texts(table, "cluster")) if "cluster" in table else np.array([])
    if np.isin(alike, ("hot_spot", "cold_spot")).any():
        rows[tr("High share in the gap, among others like it")] = alike == "hot_spot"
        rows[tr("Low share in the gap, among others like it")] = alike == "cold_spot"
    drawn = []
    last_of_listed = [label for label, here in rows.items() if not (here & ~listed).any()][-1:]
    for label, here in rows.items():
        people = table.loc[here, "gap_n"].sum()
        part = people / everybody if everybody else np.nan
        places = Cell(number(int(here.sum())), float(here.sum()))
        drawn.append((Cell(label), places, _cell(people, "n", None), _cell(part, "share", None)))
        if expected is not None and [label] == last_of_listed:
            said = Cell(tr("of those listed, expected to belong"))
            drawn.append((said, expected, Cell("–"), Cell("–")))
    if not drawn:
        return None
    heads = (
        Head(tr("Places"), words=True, width=2.4),
        Head(tr("Places")),
        Head(tr("People in the gap")),
        Head(tr("Share of the people in the gap"), width=1.2),
    )
    keys = tuple(row[0].text for row in drawn)
    return Table(tr("Places listed, and places that lie together"), heads, tuple(drawn), keys)


def site_table(report: Report, rural: str = "") -> tuple[Table, int] | None:
    """Draw the sites inside the area, and say how many more there are.

    `rural` is the id of a program rule that tells which areas are rural.
    """
    sites, table = report.sites, report.table
    if sites is None or not len(sites) or "name" not in sites:
        return None
    drawn = table.loc[~_rows.without_polygon(table), ["geometry"]]
    placed = (
        sites[["name", "geometry"]]
        .assign(kind=_rows.texts(sites, "kind"))
        .sjoin(
            drawn.assign(
                county=_rows.texts(table.loc[drawn.index], "county_name"),
                area=drawn.index.astype(str),
            ),
            predicate="within",
        )
    )
    if not len(placed):
        return None
    placed = placed[~placed.index.duplicated()].sort_values(["county", "name"], kind="stable")
    shown = placed.head(MOST_SITES)
    # Programs look up a site by its tract.
    columns = {
        tr("Kind"): [tr(kind) for kind in _rows.texts(shown, "kind")],
        tr("County"): _rows.texts(shown, "county"),
        tr("Area"): _rows.texts(shown, "area"),
    }
    rule = report.programs.get(rural)
    if rule is not None and rule.met is not None:
        met = rule.met.reindex(shown["area"])
        if met.notna().any():
            said = met.map({True: tr("meets it"), False: tr("does not meet it")})
            columns[tr("Area, by the rural test")] = said.fillna(tr("cannot be told")).tolist()
    kinds = set(columns[tr("Kind")])
    caption = tr("Sites in the area")
    if len(kinds) == 1 and any(kinds):
        del columns[tr("Kind")]
        caption = tr("Sites in the area, all of one kind: {kind}", kind=kinds.pop())
    first = (Cell(name or tr("no name"), published=True) for name in _rows.texts(shown, "name"))
    told = [[Cell(text or "–") for text in texts] for texts in columns.values()]
    rows = tuple(zip(first, *told, strict=True))
    heads = (
        Head(tr("Site"), words=True, width=1.8),
        *(Head(label, words=True) for label in columns),
    )
    keys = tuple(str(key) for key in shown.index)
    return Table(caption, heads, rows, keys), len(placed) - len(shown)


def application_table(report: Report) -> Table | None:
    """Draw the sites of an application as its list has them; None if there is no list."""
    frame = report.application
    if frame is None or not len(frame):
        return None
    columns = {
        "role": (tr("Role"), "text"),
        "place": (tr("Place"), "text"),
        "county": (tr("County"), "text"),
        "hpsa": ("HPSA", "text"),
        "place_population_n": (tr("People of the place"), "n"),
        "saipe_poverty_share": (tr("County poverty (SAIPE)"), "share"),
    }
    there = {name: told for name, told in columns.items() if name in frame}
    heads = [Head(tr("Site"), words=True, width=1.8)]
    cells = [[Cell(str(name)) for name in frame.index]]
    for name, (label, unit) in there.items():
        heads.append(Head(label, words=unit == "text", width=1.0))
        if unit == "text":
            cells.append([Cell(text or "–") for text in _rows.texts(frame, name)])
        else:
            cells.append([_cell(value, unit, None) for value in frame[name]])
    rows = tuple(zip(*cells, strict=True))
    keys = tuple(str(key) for key in frame.index)
    return Table(tr("Sites of the application"), tuple(heads), rows, keys)


def tests_table(tests: Sequence[ProgramFinding]) -> Table:
    """Draw the published tests: what is asked, what is here, and what that gives."""
    rows: list[tuple[Cell, ...]] = []
    keys = []
    for test in tests:
        for key, row in test.criteria.iterrows():
            told = {"program": tr(test.title), "day": dated(test.as_of)}
            small = (
                tr("{program}; no longer in force, as of its last day {day}", **told)
                if test.ended
                else tr("{program}; as of {day}", **told)
            )
            rows.append(
                (
                    Cell(tr(str(row["label"])), small=small),
                    Cell(str(row["value_text"]) or "–", small=_against(row)),
                    Cell(_result(row), small=_sure(row)),
                    Cell(_margin(row)),
                )
            )
            keys.append(f"{test.title}: {key}")
    heads = (
        Head(tr("Published test"), words=True, width=2.2),
        Head(tr("Here"), words=True, width=1.9),
        Head(tr("Result"), words=True, width=1.5),
        Head(tr("To the nearest cut"), width=0.9),
    )
    # Where nothing could be told, no column of dashes says so again.
    kept = [
        i for i, cells in enumerate(zip(*rows, strict=True)) if {c.text for c in cells} != {"–"}
    ]
    return Table(
        tr("The program's published tests"),
        tuple(heads[i] for i in kept),
        tuple(tuple(row[i] for i in kept) for row in rows),
        tuple(keys),
    )


def _against(row: pd.Series) -> str:
    return tr("against {threshold}", threshold=row["threshold"]) if row["threshold"] else ""


def _result(row: pd.Series) -> str:
    if row["missing"]:
        return tr("cannot be told here")
    if not is_missing(row["points"]):
        return with_points(f"{row['points']:g}")
    if is_missing(row["met"]):
        mixed = not row["unknown_n"] and 0 < row["met_n"] < row["tested_n"]
        untold = tr("not told for all of it") if row["unknown_n"] else tr("cannot be told")
        return tr("part meets it, part does not") if mixed else untold
    return tr("meets the published test") if row["met"] else tr("does not meet the published test")


def _sure(row: pd.Series) -> str:
    sure = {
        "primary": tr("read in the original"),
        "secondary": tr("read second hand"),
        "unverified": tr("unverified: recalled only"),
    }[row["confidence"]]
    chance = row["probability"]
    if is_missing(chance):
        return sure
    return tr("{sure}; probability {chance}", sure=sure, chance=number(chance, 2))


def _margin(row: pd.Series) -> str:
    margin = row["margin"]
    if is_missing(margin):
        return "–"
    if abs(row["next_cut"]) <= 1:
        return with_points(_signed(100 * margin, 1))
    return _signed(margin, 0)


def _signed(value: float, digits: int) -> str:
    return f"{'+' * (value >= 0)}{decimal(value, digits)}"
