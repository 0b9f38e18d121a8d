"""A fact sheet: one letter page for a place, as PDF and HTML, from one list of blocks."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import geopandas as gpd
import pandas as pd

from equity.areas.schema import describe
from equity.areas.words import KM_PER_MI, UNRELIABLE_CV, Z90, is_missing, number, say, share
from equity.files.atomic import write_bytes, write_text
from equity.language import ENGLISH, current, dated, mark, own_words, review, tr
from equity.outputs._block import Block
from equity.outputs._content import OURS, SYNTHETIC, Cell, Head, Table, first_up
from equity.outputs._panels import COUNTS, fix_words
from equity.outputs._place_tables import beyond_border
from equity.outputs._steady import made_on
from equity.outputs._text import clean
from equity.provenance import Source

__all__ = [
    "FEWEST", "LACK", "SHARES", "FactSheet", "beyond_border", "hidden", "is_few", "sheet_blocks",
    "write_factsheet",
]  # fmt: skip

FEWEST = 11
"""Fewer people than this are not told apart (the cell size policy of the Medicare agency, CMS)."""
FEW = mark("fewer than 11")
NOT_SHOWN = mark("not shown")
RULE = mark(
    "Small numbers: on this sheet counts of 1 to 10 people are shown as “fewer than 11”, shares of "
    "so few people are not shown, and where one part of the gap could be found by subtraction the "
    "next smallest is not shown either."
)
_ONE = 0.5
"""From here on a count rounds to somebody."""
MARGINS = mark("After ±: 90 % margin of error.")
NO_MARGINS = mark("The inputs of the gap have no margins of error here.")
_LEAST = mark("In the gap, if lines and connected homes overlap least")
WITH_A_VALUE = mark("Counts of people are of the areas that have a value.")
MEDIANS = mark("Minutes of several areas are those of the median resident.")
STRAIGHT = mark("Miles and kilometers are in a straight line.")
NO_MEDIANS = mark("–: a median of several areas is not known.")
WIDE = mark("†: so wide a margin that the number says little (over {part} variation).")


def first_down(text: str) -> str:
    """Return text that goes on in a sentence: its first letter small."""
    return text[:1].lower() + text[1:]


SHARES = {
    "beyond_reach_n": "beyond_reach_share",
    "gap_n": "gap_share",
    "no_link_n": "no_link_share",
}
_CEILING = "gap_ceiling_n"
_IN_BRACKETS = SHARES | {_CEILING: "gap_ceiling_share"}
"""Counts of people -> the share of residents that stands behind them."""
LACK = {
    "gap_line_only_n": mark("In the gap for want of a line only: one alone brings them in"),
    "gap_home_only_n": mark("For want of a connected home only: one alone brings them in"),
    "gap_both_n": mark("For want of both: only the two together bring them in"),
    "recoverable_device_n": mark("One fix: {fix}"),
    "recoverable_subscription_n": mark("One fix: {fix}"),
    "recoverable_line_and_home_n": mark("Two fixes: {fix}"),
}
_FIX = {
    "recoverable_device_n": "device",
    "recoverable_subscription_n": "subscription",
    "recoverable_line_and_home_n": "line and home",
}


def _lack(name: str, areas: pd.DataFrame) -> str:
    """Say what a part of the gap lacks, or which fix brings people in."""
    said = tr(LACK[name])
    return said.format(fix=first_down(fix_words(_FIX[name], areas))) if name in _FIX else said


_PARTS = ("gap_line_only_n", "gap_home_only_n", "gap_both_n")
_OF_HOMES = ("recoverable_device_n", "recoverable_subscription_n")
WHO = (
    "age_65_share", "disability_share", "poverty_share", "median_household_income_usd",
    "no_vehicle_share", "limited_english_share", "uninsured_share",
)  # fmt: skip
"""Who lives there, as far as the run has it; race and ethnicity are left out."""


@dataclass(frozen=True, eq=False)
class FactSheet:
    """Everything that one sheet says.

    Attributes
    ----------
    key
        Id of the place: what its files are called.
    title, subtitle
        The place; what it is, and of what run.
    synthetic
        True if any input was generated.
    lead
        The finding of the place in one sentence.
    places
        One row a column of the tables (the place, its county, all of the run, and what lies outside
        its area): ``name``, the measures and their ``_moe``; ``gap_status``, why there is none.
    has_rest
        The last of them lies outside.
    care
        Suffix of the columns of a kind of care -> what it is called; the first is the headline's.
    cautions
        The same suffix -> what is to be borne in mind of its minutes, if anything is.
    notes
        Sites and practices, and how sure it is: heading -> sentences.
    areas
        Polygons of the run; `here` and `near` are the ids of the place and of its county.
    sites
        Places of care; None where the run has none.
    sources, software
        What it was made from, and with.
    """

    key: str
    title: str
    subtitle: str
    synthetic: bool
    lead: str
    places: pd.DataFrame
    has_rest: bool
    care: Mapping[str, str]
    cautions: Mapping[str, str]
    notes: Mapping[str, tuple[str, ...]]
    areas: gpd.GeoDataFrame
    here: pd.Index
    near: pd.Index
    sites: gpd.GeoDataFrame | None
    sources: tuple[Source, ...]
    software: Mapping[str, str]


def write_factsheet(sheet: FactSheet, folder: str | Path) -> list[Path]:
    """Write ``<key>.pdf`` and ``<key>.html`` into a folder.

    Returns
    -------
    list of pathlib.Path
        The files written.
    """
    from equity.outputs._html import render
    from equity.outputs._locator import Drawing, picture_of
    from equity.outputs._pdf import pdf

    target = Path(folder)
    picture = picture_of(
        Drawing(sheet.areas, sheet.here, sheet.near, sheet.sites, bar_labels(sheet), bars(sheet))
    )
    content = list(sheet_blocks(sheet, picture))
    page = render(
        "factsheet.html.j2",
        sheet=sheet,
        blocks=content,
        picture=base64.b64encode(picture).decode(),
    )
    return [
        write_bytes(target / f"{sheet.key}.pdf", pdf(sheet, content, None, "", one_page=True)),
        write_text(target / f"{sheet.key}.html", clean(str(page))),
    ]


def sheet_blocks(sheet: FactSheet, picture: bytes | None = None) -> Iterator[Block]:
    """Yield the sheet from stamp to sources; page and print show the same blocks."""
    if sheet.synthetic:
        yield Block("stamp", tr(SYNTHETIC))
    if review():
        yield Block("stamp", review())
    yield Block("text", sheet.subtitle)
    yield Block("lead", sheet.lead)
    if picture is not None:
        yield Block("figure", _caption(sheet), picture=picture, alt=_alt(sheet))
    tables = [table for table in (_people(sheet), _who(sheet)) if table.rows]
    yield from (Block("table", table=table) for table in tables)
    said = [cell.text for table in tables for row in table.rows for cell in row]
    marks = [tr(MARGINS if any("±" in text for text in said) else NO_MARGINS)]
    if any("†" in text for text in said):
        marks.append(tr(WIDE, part=share(UNRELIABLE_CV, 0)))
    if any(" min" in text for text in said):
        marks += [tr(STRAIGHT), tr(MEDIANS)]
    marks += [tr(NO_MEDIANS)] * ("–" in said)
    several = sheet.places["areas_n"] > 1
    marks += [tr(WITH_A_VALUE)] * bool((several & (sheet.places["left_out_n"] > 0)).any())
    lacking = [tr(describe([n])[0].label) for n in WHO if n not in sheet.areas]
    if lacking:
        marks.append(tr("Not in this run: {names}.", names="; ".join(map(first_down, lacking))))
    yield Block("text", " ".join([*marks, tr(RULE)]))
    for heading, sentences in sheet.notes.items():
        yield Block("heading", heading)
        yield Block("text", " ".join(sentences))
    yield Block("heading", tr("Sources"))
    named = _named_sources(sheet)
    yield Block("text", _sources(sheet, named), published=named)


def is_few(value: object) -> bool:
    """Tell whether a count of people is one that the rule of small numbers hides.

    What rounds to nobody is not: a sentence says of it that nobody is there.
    """
    return not is_missing(value) and _ONE <= float(str(value)) < FEWEST - 0.5


def hidden(place: Mapping[str, object]) -> dict[str, str]:
    """Return what is not shown of a place, and what stands there instead.

    Parameters
    ----------
    place
        Measure -> its value.

    Returns
    -------
    dict
        Measure -> :data:`FEW`, or :data:`NOT_SHOWN` where it would tell what is hidden.
    """
    counts = [*_IN_BRACKETS, *LACK]
    found = {n: FEW for n in ("population_n", *counts) if is_few(place.get(n))}
    if "population_n" in found:
        shares = _IN_BRACKETS.values()
        return found | {n: NOT_SHOWN for n in (*counts, *shares, *WHO) if n in place}
    known = {n: float(str(place[n])) for n in _PARTS if not is_missing(place.get(n))}
    if len([n for n in _PARTS if n in found]) == 1 and "gap_n" not in found:
        others = sorted((v, n) for n, v in known.items() if n not in found and v >= _ONE)
        found |= {name: NOT_SHOWN for _, name in others[:1]}
    if "gap_home_only_n" in found:
        found |= {n: found.get(n, NOT_SHOWN) for n in _OF_HOMES if place.get(n)}
    found |= {rate: NOT_SHOWN for n, rate in _IN_BRACKETS.items() if n in found}
    for name in WHO:
        of = place.get(describe([name])[0].of or "population_n")
        value = 1.0 if name.endswith("_usd") else place.get(name)
        if (
            not is_missing(value)
            and not is_missing(of)
            and is_few(float(str(value)) * float(str(of)))
        ):
            found[name] = NOT_SHOWN
    return found


def _people(sheet: FactSheet) -> Table:
    last = "no_link_n"  # of all residents, beside the others
    labels = {n: first_up(tr(text)) for n, text in COUNTS.items() if n != last}
    labels |= {_CEILING: tr(_LEAST)}
    labels |= {n: _lack(n, sheet.areas) for n in LACK} | {last: tr(COUNTS[last])}
    rows = {name: (label, name, "n") for name, label in labels.items()}
    some = {*LACK, _CEILING}
    rows = {n: told for n, told in rows.items() if n not in some or _known(sheet, n)}
    caption = tr("People, what they lack, and what brings them in")
    return _table(sheet, rows, tr("People"), caption)


def _who(sheet: FactSheet) -> Table:
    told = {n: describe([n])[0] for n in WHO if n in sheet.areas}
    rows = {n: (tr(column.label), n, column.unit) for n, column in told.items()}
    small: dict[str, str] = {}
    for suffix, label in sheet.care.items():
        name = f"nearest_site_min{suffix}"
        if _known(sheet, name):
            one = tr(describe(["nearest_site_min"])[0].label) + (
                f": {own_words(label)}" if label else ""
            )
            rows[name] = (one, name, "min")
            small[name] = sheet.cautions.get(suffix, "")
    caption = tr("Who lives here, and the way to care")
    return _table(sheet, rows, tr("Who lives here"), caption, small)


def _known(sheet: FactSheet, name: str) -> bool:
    return name in sheet.places and bool(sheet.places[name].notna().any())


def _table(
    sheet: FactSheet,
    rows: Mapping[str, tuple[str, str, str]],
    corner: str,
    caption: str,
    small: Mapping[str, str] = MappingProxyType({}),
) -> Table:
    records = _records(sheet)
    masks = [hidden(place) for place in records]
    drawn = [
        (
            Cell(label, small=small.get(name, "")),
            *(_cell(p, m, name, unit) for p, m in zip(records, masks, strict=True)),
        )
        for label, name, unit in rows.values()
    ]
    heads = [Head(corner, words=True, width=2.6)]
    heads += [Head(str(name), width=1.3) for name in sheet.places["name"]]
    return Table(caption, tuple(heads), tuple(drawn), tuple(rows))


def _cell(place: Mapping[str, object], mask: Mapping[str, str], name: str, unit: str) -> Cell:
    """Return a measure in the words of page and appendix, its share of residents in brackets."""
    text = tr(mask[name]) if name in mask else _said(place, name, unit)
    rate = _IN_BRACKETS.get(name)
    if rate and name not in mask and not is_missing(place.get(rate)):
        text = f"{text} ({_said(place, rate, 'share')})"
    if unit == "min" and not is_missing(place.get(name)):
        km = float(str(place[name.replace("_min", "_km")]))
        text = f"{text} ({tr('{n} mi', n=number(km / KM_PER_MI, 1))}, {say(km, 'km')})"
    return Cell(text)


def _said(place: Mapping[str, object], name: str, unit: str) -> str:
    value, moe = place.get(name), place.get(f"{name}_moe")
    if is_missing(value):
        several = place.get("areas_n") != 1
        return (
            "–"
            if several and name.endswith("_usd")
            else say(None, unit, status=place.get("gap_status"))
        )
    known, margin = float(str(value)), None if is_missing(moe) else float(str(moe))
    whole = place.get("gap_n"), place.get("gap_n_moe")
    like = None
    if margin is None and name in LACK and not any(map(is_missing, whole)) and whole[0]:
        # A part is not shown with more digits than its whole.
        like = float(str(whole[1])) / Z90 / float(str(whole[0]))
    text = say(known, unit, moe=margin, with_unit=unit in ("share", "min"), like=like)
    text = f"${text}" if unit == "usd" else text
    wide = margin is not None and known and margin / Z90 / abs(known) > UNRELIABLE_CV
    return f"{text} †" if wide else text


def _caption(sheet: FactSheet) -> str:
    names = "; ".join(
        f"“{bar}”: {name}"
        for bar, name in zip(bar_labels(sheet), sheet.places["name"], strict=True)
    )
    said = [tr("Where it is, and shares of residents, from 0. {names}.", names=names)]
    if sheet.sites is not None:
        said.append(tr("Triangles: places of care."))
    return " ".join(said)


def bar_labels(sheet: FactSheet) -> list[str]:
    """Return what the bars of each place are called."""
    here, county, everything = tr("here"), tr("county"), tr("all")
    some = {1: [everything], 2: [here, everything]}
    own = some.get(len(sheet.places) - sheet.has_rest, [here, county, everything])
    return [*own, *[tr("rest")] * sheet.has_rest]


def bars(sheet: FactSheet) -> dict[str, list[tuple[float | None, str]]]:
    """Return by count, for each place, the share that its bar has and the words at its end."""
    return {
        tr(_BARS[name]): [_bar(place, name, rate) for place in _records(sheet)]
        for name, rate in SHARES.items()
    }


def _bar(place: Mapping[str, object], name: str, rate: str) -> tuple[float | None, str]:
    value = place.get(rate)
    if name in hidden(place):
        return None, tr(NOT_SHOWN)
    return (
        (None, tr("n/a"))
        if is_missing(value)
        else (float(str(value)), say(float(str(value)), "share"))
    )


def _records(sheet: FactSheet) -> list[dict[str, object]]:
    return [
        {str(name): value for name, value in row.items()} for row in sheet.places.to_dict("records")
    ]


_BARS = {
    "beyond_reach_n": mark("Beyond reach of care in person"),
    "gap_n": mark("Of them without a usable link: in the gap"),
    "no_link_n": mark("Everybody without a usable link"),
}


def _alt(sheet: FactSheet) -> str:
    said = "; ".join(
        f"{name}: "
        + ", ".join(f"{b} {text}" for b, (_, text) in zip(bar_labels(sheet), ends, strict=True))
        for name, ends in bars(sheet).items()
    )
    return tr(
        "Map of where {place} lies, beside bars of shares of residents: {said}.",
        place=sheet.title,
        said=said,
    )


def _named_sources(sheet: FactSheet, *, ours: bool = False) -> str:
    """Name what was published or, in our words, the study's own files."""
    groups: dict[str, dict[str, None]] = {}
    for source in sheet.sources:
        if (source.agency in OURS and current() != ENGLISH) == ours:
            named = (source.agency, source.product)
            name = ", ".join(map(tr, named) if ours else named)
            groups.setdefault(name, {})[source.vintage] = None
    return "; ".join(f"{name} ({', '.join(years)})" for name, years in groups.items())


def _sources(sheet: FactSheet, named: str) -> str:
    made = " ".join(str(value) for value in sheet.software.values())
    return tr(
        "{sources}. Made on {day} with {made} from the tables of the run, which have every area, "
        "file and checksum. Statements are about places, not about each person in them.",
        sources="; ".join(filter(None, [named, _named_sources(sheet, ours=True)])),
        day=dated(made_on()),
        made=made,
    )
