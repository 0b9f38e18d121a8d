"""The page a run leaves: the finding beside its map, then places, numbers, method and sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from equity.areas.words import coarse, counted, is_missing, number, share
from equity.files.atomic import write_text
from equity.language import mark, tr
from equity.outputs import _content, _panels, _rows
from equity.outputs._html import published, render
from equity.outputs._text import clean
from equity.outputs.report import Report, in_its_language, told
from equity.outputs.tables import cite

__all__ = ["write_page"]

#: Sentences of the finding that stand on the first screen.
FIRST = 3
#: More communities than this are in the files alone: a nation's would be 200,000 elements.
MOST_LISTED = 1000
_SHARES = (
    ("no_link_share", mark("Share of residents without a usable link, near care or not")),
    ("gap_share", mark("Share of residents in the gap: beyond reach as well")),
)


@in_its_language
def write_page(report: Report, folder: str | Path) -> list[Path]:
    """Write ``index.html`` and ``map.html``.

    Parameters
    ----------
    report
        What there is to say.
    folder
        Folder to write into; made if it is not there.

    Returns
    -------
    list of pathlib.Path
        The files written, with a map of each larger kind of areas (``counties.html``). Without a
        single polygon there is no ``map.html``, and the page says why it has no map.
    """
    from equity.outputs._leaflet import PackedMap, page_from
    from equity.outputs.maps import make_map, save_map

    target = Path(folder)
    common: dict[str, Any] = {
        "layers": [*(layer.name for layer in report.layers), *report.other_layers],
        "title": report.title,
        "finding": report.finding[0] if report.finding else "",
        "sites": report.sites,
        "outlines": report.outlines,
        "synthetic": report.synthetic,
        "sources": report.sources,
        "sites_label": report.sites_label,
        "areas_label": report.rows_label,
        "smaller": {name: report.under_settings(areas) for name, areas in report.smaller.items()},
    }
    column = report.layers[0].name if report.layers else ""
    if not column or _rows.without_polygon(report.table).all():
        return [write_text(target / "index.html", clean(_page(report, None)))]
    table = report.under_settings(report.table)
    alone = make_map(table, column, notes=_who(report), larger=report.levels, **common)
    assert isinstance(alone, PackedMap), "every map is one"
    embedded = alone.bare()
    return [
        write_text(target / "index.html", clean(_page(report, page_from(embedded)))),
        save_map(alone, target / "map.html"),
        *(_map_of(report, name, common, target) for name in report.levels),
    ]


def _map_of(report: Report, name: str, common: dict[str, Any], folder: Path) -> Path:
    """Write the map of the larger areas: the layers that add up or can be rebuilt."""
    from equity.outputs.maps import make_map, save_map

    table = report.levels[name]
    here = [layer for layer in common["layers"] if _name(layer) in table.columns]
    # The share first: counts of places of every size say where people are.
    first = "gap_share" if "gap_share" in here else _name(here[0])
    drawn = make_map(table, first, **{**common, "layers": here, "areas_label": name, "smaller": {}})
    return save_map(drawn, folder / f"{name}.html")


def _name(layer: str | tuple[str, str, str]) -> str:
    return layer if isinstance(layer, str) else layer[0]


def _who(report: Report) -> list[str]:
    """Say in one sentence or more what counts as under-resourced; every output prints it."""
    first, *rest = report.criteria or ("",)
    return [tr("Under-resourced: {why}", why=first), *rest] if first else []


def _page(report: Report, parts: tuple[str, str, str] | None) -> str:
    head, canvas, script = (Markup(part) for part in parts or ("", "", ""))  # noqa: S704
    made = f"{report.software.get('name', '')} {report.software.get('version', '')}".strip()
    headline = report.finding[0] if report.finding else report.title
    return render(
        "page.html.j2",
        report=report,
        headline=headline,
        first=report.finding[1:FIRST],
        more=report.finding[FIRST:],
        nest=list(_nest(report.counts)),
        bars=[bars for name, words in _SHARES if (bars := _bars(report.comparison, name, words))],
        head=head,
        canvas=canvas,
        script=script,
        stamp=tr(_content.SYNTHETIC) if report.synthetic else "",
        panels=list(_panels.panels(report)),
        counts=_panels.counts_table(report),
        comparison=_content.comparison_table(report),
        by_rule=_content.by_rule_table(report),
        rule_notes=_content.rule_notes(report, published=published),
        focus=_content.community_table(
            report, report.focus[:MOST_LISTED], caption=tr(_content.FOCUS)
        ),
        states=_content.states_table(report) if report.pages else None,
        unranked=_content.unranked_table(report) if len(report.unranked) else None,
        links=_on_map(report),
        sources=_content.source_lines(report.sources, published=published),
        files=list(_files(report, drawn=parts is not None)),
        citation=cite(report),
        made=made,
        words=_content,
        ranked_by=_ranked_by(report),
        states_note=_content.states_note(report) if report.pages else "",
        short=_content.SHORT,
    )


def _ranked_by(report: Report) -> str:
    areas = counted(len(report.focus), report.areas_label)
    said = f"{areas}, {_content.ranked_by(report)}"
    if len(report.focus) <= MOST_LISTED:
        return said
    first = tr(
        "The first {n} are listed; {file} holds every one.",
        n=number(MOST_LISTED),
        file=f"{report.table_name}.csv",
    )
    return f"{said} {first}"


def _nest(counts: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield the three counts, each inside the one before it, on one scale: all residents."""
    rows: dict[Any, dict[Any, Any]] = counts.to_dict("index")
    whole = rows["population_n"]["people_n"]
    for name in ("population_n", "beyond_reach_n", "gap_n"):
        row = rows[name]
        low, high = row["people_n"], row["ceiling_n"]
        if is_missing(low) or not whole:
            continue
        text, part = told(low, row), share(low / whole)
        high = low if is_missing(high) else high
        if high > low:
            text = tr("{low} to {high}", low=text, high=told(high, row))
            part = tr("{low} to {high}", low=part, high=share(high / whole))
        yield {
            "label": tr("residents") if name == "population_n" else tr(_panels.COUNTS[name]),
            "text": text,
            "share": "" if name == "population_n" else part,
            "draws": "" if is_missing(row["p05_n"]) else _draws(row),
            "low": 100 * low / whole,
            "high": 100 * (high - low) / whole,
        }


def _draws(row: Mapping[str, float]) -> str:
    between = tr("{low} to {high}", low=coarse(row["p05_n"]), high=coarse(row["p95_n"]))
    return tr("90 % of draws of the lower figure: {interval}", interval=between)


def _bars(frame: pd.DataFrame, name: str, words: str) -> dict[str, Any] | None:
    """Return one bar a group, all on a scale that ends at a round number, which is said."""
    if name not in frame:
        return None
    shown = frame[frame["areas_n"].notna()] if "areas_n" in frame else frame
    shares = pd.to_numeric(shown[name], errors="coerce").dropna()
    if not len(shares) or not shares.max() > 0:
        return None
    top = next(end for end in (0.05, 0.1, 0.25, 0.5, 1.0) if shares.max() <= end)
    rows = [(tr(str(key)), float(value), 100 * float(value) / top) for key, value in shares.items()]
    return {"words": tr(words), "rows": rows, "top": top}


def _on_map(report: Report) -> frozenset[str]:
    missing = _rows.without_polygon(report.table)
    return frozenset(
        str(g) for g, gone in zip(report.table.index, missing, strict=True) if not gone
    )


def _files(report: Report, *, drawn: bool) -> Iterator[tuple[str, str]]:
    """Yield the files that a run writes beside its page, and what each is."""
    name = report.table_name
    yield f"{name}.csv", tr("table, with its dictionary beside it")
    yield f"{name}.xlsx", tr("the same as a workbook")
    yield f"{name}.gpkg", tr("the same with polygons, for a GIS")
    yield f"{name}.parquet", tr("the same with polygons, for Python and R")
    for level in report.levels:
        yield f"{level}.csv", tr("the measures of {areas}", areas=tr(level))
        if drawn:
            yield f"{level}.html", tr("the map of {areas}", areas=tr(level))
    if drawn:
        yield "map.html", tr("the map alone, to embed")
    yield "appendix.pdf", tr("appendix for a proposal")
    yield "appendix.docx", tr("the same, to edit")
    if not report.pages:
        yield "factsheet.pdf", tr("fact sheet of the whole area, one page")
        yield "factsheet.html", tr("the same as a page")
    yield "study.toml", tr("the study as it was run")
    yield "provenance.json", tr("every input and file with its checksum")
