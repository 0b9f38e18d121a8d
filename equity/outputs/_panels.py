"""The panels behind the finding: counts, kinds of care, fixes, how sure, the practices' lines."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from equity.areas.schema import describe
from equity.areas.words import Z90, coarse, is_missing, number, say
from equity.language import mark, tr, trn
from equity.outputs import _rows
from equity.outputs._content import Cell, Head, Table, first_up, heading, in_points, shown_count
from equity.outputs.report import Fifths, NeedIndex, Report

__all__ = ["Panel", "counts_table", "fix_words", "panels", "without_race"]

#: Longer lists are in the table of communities, where each place has its rank.
MOST_PLACES = 25


@dataclass(frozen=True)
class Panel:
    """A heading with tables under it; page and documents show the same ones in one order."""

    anchor: str
    heading: str
    note: str
    tables: tuple[Table, ...]


COUNTS = {
    "population_n": mark("Residents"),
    "beyond_reach_n": mark("of them beyond reach of care in person"),
    "gap_n": mark("of them without a usable link: in the gap"),
    "no_link_n": mark("Beside it: everybody without a usable link"),
}
FIXES = {
    "line": mark("A line everywhere"),
    "device": mark("A device for every home that subscribes"),
    "subscription": mark("A subscription for every home with a device"),
    "home": mark("A connected home everywhere"),
    "clinic": mark("A new clinic at the area's center"),
    "line and device": mark("A line, and a device for every home that subscribes"),
    "line and subscription": mark("A line, and a subscription for every home with a device"),
    "line and home": mark("A line and a connected home everywhere"),
}
WHOM = mark(
    "These are differences between places, not between persons: a population's rate is the mean of "
    "the rates of the areas where its people live, and whether they themselves lack a line is not "
    "known. Each group is held against everybody else in the area of this report; the groups "
    "overlap. A ratio is the group over everybody else: above 1, like people above 0, the group "
    "lives where it is worse."
)
WITH_MARGINS = mark(
    "In brackets: its 90 % interval; where that holds 1, these data show no difference."
)
WITHOUT_MARGINS = mark(
    "The inputs have no margins of error here: whether a small difference is one at all is not "
    "known."
)
FIFTHS = mark(
    "Fifths hold about equal numbers of residents; which one a place belongs to is taken as "
    "known. Where rates go up and down over the fifths, one slope says little: look at the fifths."
)
SLOPES = {
    "slope": (mark("Slope"), mark("rise of the rate over the whole order, absolute")),
    "slope_over_mean": (mark("Slope over the mean rate"), mark("the same, relative")),
    "concentration": (mark("Concentration index"), mark("from -1 to 1, relative")),
    "erreygers": (
        mark("Erreygers’ index"),
        mark("from -1 to 1, absolute: for rates that end at 100 %"),
    ),
}
PRACTICES = {
    "fit": mark("what a practice of its size needs, or more"),
    "below": mark("less than that"),
    "unknown": mark("not known"),
}


def without_race(report: Report) -> Report:
    """Return the report without rows of race and ethnicity: some programs judge by neither."""
    columns = describe(("black_share", "hispanic_share"))
    left_out = {said for column in columns for said in (column.label, tr(column.label))}
    frames = {
        name: frame[~frame.index.isin(left_out)] for name, frame in report.disparities.items()
    }
    held = report.held
    kept = held if held is None else held[~held.index.isin(left_out)]
    by_person = report.by_person
    asked = by_person if by_person is None else by_person[~by_person["by_race"].astype(bool)]
    return replace(report, disparities=frames, held=kept, by_person=asked)


def panels(report: Report) -> Iterator[Panel]:
    """Yield the panels that this report has numbers for."""
    if report.disparities:
        known = any(frame["ratio_log_moe"].notna().any() for frame in report.disparities.values())
        notes = [WHOM, WITH_MARGINS if known else WITHOUT_MARGINS]
        notes += [FIFTHS] if report.fifths is not None else []
        note = " ".join(map(tr, notes))
        yield Panel("whom", tr("For whom"), note, tuple(whom_tables(report)))
    if len(report.kinds) > 1:
        note = tr(
            "Each kind of care has its own sites, limit and counts; the finding is of the first."
        )
        yield Panel("kinds", tr("Kinds of care"), note, (kinds_table(report),))
    if len(report.fixes):
        note = tr(
            "Carried out area by area as a what-if, everything else as it is, at the low end of "
            "the range: if lines and homes overlap less, fixes bring in more. Only these people "
            "may be called recoverable; a fix brings in nobody where something else is missing."
        )
        yield Panel("fixes", tr("What would help"), note, (fixes_table(report),))
    note = tr(
        "Kinds of doubt, each told by itself: the range, the survey's margins (after ±), and "
        "choices; draws take the margins and the error of travel together. The share of places "
        "that stay the same is out of all places listed under either setting."
    )
    tables = [overlaps_table(report)] if len(report.overlaps) else []
    if len(report.settings):
        yield Panel("sure", tr("How sure that is"), note, (*tables, settings_table(report)))
    practices = practices_table(report)
    if practices is not None:
        note = tr(
            "A practice's line moves none of the counts above: it decides who can offer video."
        )
        yield Panel("practices", tr("The practices' own lines"), note, (practices,))
    if report.need is not None:
        yield Panel("need", tr("Index of need"), report.need.said, tuple(need_tables(report.need)))


def counts_table(report: Report) -> Table:
    """Draw the three counts, each inside the one before it, and all without a usable link."""
    frame = report.counts
    rows = []
    for key, row in frame.iterrows():
        like = row["people_n_moe"] / Z90 / row["people_n"] if row["people_n"] else None
        rows.append(
            (
                Cell(tr(COUNTS[str(key)])),
                _cell(row["people_n"], "n", moe=row["people_n_moe"]),
                _cell(row["share"], "share", moe=row["share_moe"]),
                _interval(row),
                *(_cell(row[name], "n", like=like) for name in ("independence_n", "ceiling_n")),
            )
        )
    heads = (
        Head(tr("Who"), words=True, width=2.4),
        Head(tr("People")),
        Head(tr("Share of residents")),
        Head(tr("90 % of draws")),
        Head(tr("If lines and homes are independent"), width=1.2),
        Head(tr("If they overlap least"), width=1.2),
    )
    keys = tuple(map(str, frame.index))
    return Table(tr("The three counts and the range"), heads, tuple(rows), keys)


def _interval(row: pd.Series) -> Cell:
    if is_missing(row.get("p05_n")):
        return Cell("–")
    return Cell(tr("{low} to {high}", low=coarse(row["p05_n"]), high=coarse(row["p95_n"])))


def whom_tables(report: Report) -> Iterator[Table]:
    """Draw each rate by group, and who lives in the places listed."""
    columns = (
        ("people_n", "n", tr("People or homes")),
        ("rate_share", "share", tr("Where they live")),
        ("reference_share", "share", tr("Everybody else")),
        ("difference_share", "share", tr("Difference")),
        ("ratio", "number", tr("Ratio")),
        ("attributable_n", "n", tr("Beyond the others’ rate")),
    )
    for name, frame in report.disparities.items():
        (column,) = describe([name])
        caption = tr("{measure}, by who lives there", measure=tr(column.map_label))
        first = [Cell(tr(str(label))) for label in frame.index]
        corner = Head(caption, words=True, width=2.2)
        table = _framed(frame, columns, corner, first, caption)
        at = 1 + [column for column, _, _ in columns].index("difference_share")
        rows = tuple(
            (*row[:at], in_points(row[at]), _with_range(row[at + 1], moe), *row[at + 2 :])
            for row, moe in zip(table.rows, frame["ratio_log_moe"], strict=True)
        )
        yield replace(table, rows=rows)
    if report.fifths is not None:
        yield from _in_order(report.fifths)
    if report.by_person is not None and len(report.by_person):
        yield _by_person(report.by_person)
    if report.held is not None:
        first = [Cell(first_up(tr(str(label)))) for label in report.held.index]
        shares = (
            ("people_n", "n", tr("In the whole area")),
            ("there_n", "n", tr("In the places listed")),
            ("held_share", "share", tr("Part of them who live there")),
            ("there_share", "share", tr("Share of who lives there")),
            ("everywhere_share", "share", tr("Share everywhere")),
        )
        caption = tr("Who lives in the places listed")
        corner = Head(caption, words=True, width=2.2)
        yield _framed(report.held, shares, corner, first, caption)


def _in_order(fifths: Fifths) -> Iterator[Table]:
    """Draw the rates by fifths of residents, and how they rise from the first to the last."""
    rates = ("no_link_share", "beyond_reach_share", "gap_share")
    heads = [(rate, "share", tr(describe([rate])[0].map_label)) for rate in rates]
    order = tr(fifths.order)
    corner = Head(tr("Fifths in the order of: {order}", order=order), words=True, width=2.2)
    caption = tr("Fifths of residents in the order of: {order}", order=order)
    first = [Cell(tr(str(label))) for label in fifths.rates.index]
    columns = [("people_n", "n", tr("Residents")), *heads]
    if (adoption := "connected_share") in fifths.rates:
        columns.append((adoption, "share", tr(describe([adoption])[0].map_label)))
    yield _framed(fifths.rates, columns, corner, first, caption)
    rows = [
        (Cell(tr(name), small=tr(small)), *(_measured(fifths.slopes, key, rate) for rate in rates))
        for key, (name, small) in SLOPES.items()
    ]
    corner = Head(tr("Above 0: worse, the higher: {order}", order=order), words=True, width=2.2)
    yield Table(
        tr("How rates rise in the order of: {order}", order=order),
        (corner, *(Head(label) for _, _, label in heads)),
        tuple(rows),
        tuple(SLOPES),
    )


def _measured(slopes: pd.DataFrame, key: str, rate: str) -> Cell:
    """Write a measure of an order; the slope of shares is in points, the others have no unit."""
    (value,), (moe,) = slopes.loc[[key], rate].tolist(), slopes.loc[[key], f"{rate}_moe"].tolist()
    if key == "slope":
        return in_points(_cell(value, "share", moe=moe))
    if is_missing(value):
        return Cell("–")
    error = "" if is_missing(moe) else f" ± {number(moe, 3)}"
    return Cell(f"{number(value, 3)}{error}", value)


def _to_thousandths(cell: Cell) -> Cell:
    return cell if cell.value is None else replace(cell, text=number(cell.value, 3))


def need_tables(need: NeedIndex) -> Iterator[Table]:
    """Draw what an index of need is made of, how far its weights decide, and the places listed."""
    first = [Cell(tr(label)) for label in _rows.texts(need.indicators, "label")]
    columns = [
        ("weight_share", "share", tr("Weight")),
        ("effective_share", "share", tr("Squared correlation with the index")),
        ("listed_index", "index", tr("Adds in the places listed, mean")),
        ("all_index", "index", tr("Adds in the whole area, mean")),
    ]
    corner = Head(tr("Indicator"), words=True, width=2.2)
    caption = tr("What the index of need is made of")
    table = _framed(need.indicators, columns, corner, first, caption)
    # Parts are small, and must be seen to add up.
    rows = ((*row[:3], *(_to_thousandths(cell) for cell in row[3:])) for row in table.rows)
    yield replace(table, rows=tuple(rows))
    first = [
        Cell(first_up(tr(label)), small=tr(note))
        for label, note in zip(
            _rows.texts(need.settings, "label"), _rows.texts(need.settings, "why_not"), strict=True
        )
    ]
    columns = [
        ("rank_shift_n", "areas", tr("Ranks an area moves, mean")),
        ("rank_correlation", "number", tr("Rank correlation")),
        ("worst_tenth_overlap_share", "share", tr("Same worst tenth")),
    ]
    corner = Head(tr("Weights"), words=True, width=2.2)
    yield _framed(need.settings, columns, corner, first, tr("The index under other weights"))
    yield _choices(need.choices)
    if len(need.places):
        shown = need.places.head(MOST_PLACES)
        cut = shown_count(len(shown), len(need.places), mark("places"))
        first = [
            Cell(name, small=small, published=True)
            for name, small in zip(_rows.texts(shown, "name"), _rows.places(shown), strict=True)
        ]
        columns = [
            ("need_index_rank", "share", tr("Rank, 100 % the most")),
            ("need_index_rank_p05", "share", tr("At random weights, 5 % are below")),
            ("need_index_rank_p95", "share", tr("95 % are below")),
            ("worst_tenth_share", "share", tr("In the worst tenth, of random weights")),
        ]
        caption = tr("The places listed, by the index of need") + (f". {cut}" if cut else "")
        yield _framed(shown, columns, Head(tr("Place"), words=True, width=2.2), first, caption)


def _by_person(frame: pd.DataFrame) -> Table:
    """Draw who of each class has adopted: rates of homes and people, not of their places."""
    first = [
        Cell(
            tr(column.label),
            small=trn("{n} area is not known", "{n} areas are not known", lost, n=number(lost))
            if lost
            else "",
        )
        for column, lost in zip(describe(frame.index), frame["unknown_n"].tolist(), strict=True)
    ]
    columns = (
        ("asked_n", "n", tr("Homes or people")),
        ("rate_share", "share", tr("Share of them who have it")),
        ("rest_share", "share", tr("Everybody else")),
        ("difference_share", "share", tr("Difference")),
    )
    corner = Head(tr("Who was asked, and what they have"), words=True, width=2.6)
    caption = tr(
        "Adoption by person: what these homes and people told the survey, not a rate of places"
    )
    table = _framed(frame, columns, corner, first, caption)
    return replace(table, rows=tuple((*row[:-1], in_points(row[-1])) for row in table.rows))


def _choices(choices: pd.DataFrame) -> Table:
    """Draw which choice decides the ranks: parts of the variance, alone and with the others."""
    called = {
        "weights": tr("Weights"),
        "mean": tr("Arithmetic or geometric mean"),
        "scale": tr("Percentiles or the range as the scale"),
    }
    columns = (
        ("rank_shift_alone_share", "share", tr("Of how far ranks move: alone")),
        ("rank_shift_total_share", "share", tr("Of how far ranks move: with the others")),
        ("worst_tenth_alone_share", "share", tr("Of who is in the worst tenth: alone")),
        ("worst_tenth_total_share", "share", tr("Of who is in the worst tenth: with the others")),
    )
    first = [Cell(called[str(key)]) for key in choices.index]
    corner = Head(tr("Choice"), words=True, width=2.2)
    caption = tr("Which choice decides, all made at random (Sobol’s indices)")
    return _framed(choices, columns, corner, first, caption)


def _with_range(ratio: Cell, log_moe: float) -> Cell:
    """Add to a ratio its 90 % interval, which lies evenly about its logarithm."""
    if ratio.value is None or is_missing(log_moe):
        return ratio
    low, high = (ratio.value * math.exp(way * log_moe) for way in (-1, 1))
    between = tr("{low} to {high}", low=number(low, 2), high=number(high, 2))
    return replace(ratio, text=f"{ratio.text} ({between})")


def kinds_table(report: Report) -> Table:
    """Draw each kind of care that the study asks about."""
    frame = report.kinds
    first = [
        Cell(first_up(tr(str(label))), small=note)
        for label, note in zip(frame["label"], _rows.texts(frame, "note"), strict=True)
    ]
    columns = (
        "beyond_reach_n",
        "gap_n",
        "gap_share",
        ("first_share", "share", tr("Share in under-resourced communities")),
        ("elsewhere_share", "share", tr("Share elsewhere")),
    )
    corner = Head(tr("Kind of care"), words=True, width=1.75)
    return _framed(frame, columns, corner, first, tr("Kinds of care, each apart"))


def fixes_table(report: Report) -> Table:
    """Draw what one fix brings in, and what two do."""
    frame = report.fixes
    first = [Cell(fix_words(str(key), report.table)) for key in frame.index]
    columns = (
        ("everywhere_n", "n", tr("People brought in, everywhere")),
        ("named_n", "n", tr("In the places listed")),
    )
    corner = Head(tr("Fix"), words=True, width=2.4)
    return _framed(frame, columns, corner, first, tr("What fixes bring in"))


def fix_words(key: str, table: pd.DataFrame) -> str:
    """Say what a fix is; of homes it brings in at least so many where no table counts both."""
    said = tr(FIXES.get(key, key))
    bound = key in ("device", "subscription") and _rows.is_bound(table, "connected_share")
    return tr("{what} (at least)", what=said) if bound else said


def overlaps_table(report: Report) -> Table:
    """Draw the range, and over-reported lines as a setting."""
    frame = report.overlaps
    first = [Cell(first_up(tr(str(key)))) for key in frame.index]
    columns = (
        ("gap_n", "n", tr("Lines and homes overlap most")),
        ("gap_independence_n", "n", tr("Independent")),
        ("gap_ceiling_n", "n", tr("Overlap least")),
    )
    caption = tr("The gap as lines and homes overlap, people")
    return _framed(frame, columns, Head(tr("Lines"), words=True, width=2.0), first, caption)


def settings_table(report: Report) -> Table:
    """Draw the finding under other settings: choices, not errors."""
    frame = report.settings
    first = [
        Cell(first_up(tr(label)), small=tr(note))
        for label, note in zip(_rows.texts(frame, "label"), _rows.texts(frame, "note"), strict=True)
    ]
    columns = (
        "gap_n",
        "gap_share",
        ("named_n", "n", tr("Places listed")),
        ("named_people_n", "n", tr("People in the gap there")),
        ("overlap_share", "share", tr("Same places as listed")),
    )
    corner = Head(tr("Setting"), words=True, width=2.6)
    return _framed(frame, columns, corner, first, tr("The finding under other settings"))


def practices_table(report: Report) -> Table | None:
    """Draw sites and the people who rely on them, by the site's own line; None if not asked."""
    frame = report.practices
    if frame is None:
        return None
    first = [Cell(tr(PRACTICES[str(key)])) for key in frame.index]
    columns = (("sites_n", "n", tr("Sites")), "relying_n")
    corner = Head(tr("The site's own line"), words=True, width=2.0)
    return _framed(frame, columns, corner, first, tr("The practices' lines"))


def _framed(
    frame: pd.DataFrame,
    columns: Sequence[str | tuple[str, str, str]],
    corner: Head,
    first: Sequence[Cell],
    caption: str,
) -> Table:
    """Draw a frame of the report; columns of area tables say themselves what they are."""
    told = [(c, *_registered(c)) if isinstance(c, str) else c for c in columns]
    cells = [
        [
            _cell(value, unit, moe=moe)
            for value, moe in zip(frame[name], _rows.margin_of(frame, name), strict=True)
        ]
        for name, unit, _ in told
    ]
    heads = (corner, *(Head(label) for _, _, label in told))
    keys = tuple(str(key) for key in frame.index)
    return Table(caption, heads, tuple(zip(first, *cells, strict=True)), keys)


def _registered(name: str) -> tuple[str, str]:
    (column,) = describe([name])
    return column.unit, tr(heading(column))


def _cell(value: Any, unit: str, *, moe: Any = None, like: float | None = None) -> Cell:
    if is_missing(value):  # why is said beside the row's name
        return Cell("–")
    text = say(value, unit, moe=moe, with_unit=unit == "share", like=like)
    return Cell(text, float(value))
