"""Every file of a run, from one content model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from equity.language import ENGLISH, current, language
from equity.outputs.appendix import write_appendix
from equity.outputs.factsheet import write_factsheet
from equity.outputs.ownership import RECORD, Kind
from equity.outputs.page import write_page
from equity.outputs.report import Report, in_its_language
from equity.outputs.tables import export, record_of, write_provenance, write_recipe
from equity.progress import track
from equity.study._exchange import earlier_files, place_of, put_in_place
from equity.study.factsheet import sheet_of_all
from equity.study.runs import Run

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["refuse_foreign", "write_outputs"]


def write_outputs(report: Report, target: Path) -> Path:
    """Write a run's outputs into a folder, in the place of what an earlier run wrote there.

    Parameters
    ----------
    report
        What there is to say.
    target
        A folder; made if it is not there. A link is followed, ``~`` is the home folder.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    StorageError
        The folder cannot be written, or holds files that no run wrote.

    Notes
    -----
    Only what an earlier run wrote, and nobody changed since, is replaced or removed. A file of a
    run that was edited is kept under a free name, ``study (edited 1).toml``, and a warning is
    logged; everything else in the folder stays. A process that is killed leaves the earlier run or
    the new one; where it was killed between two files, the next write finishes.
    """
    said = replace(report, lang=report.lang or current())
    return put_in_place(target, lambda folder: _write_all(said, folder), "a run")


def refuse_foreign(target: Path, kind: Kind) -> None:
    """Refuse a folder that no run may be written into, before the hours of the run are spent.

    Raises
    ------
    StorageError
        It cannot be a folder, holds files that no run wrote, or something of another kind.
    """
    place = place_of(target)
    if place.exists():
        earlier_files(place, kind)


def _write_all(report: Report, folder: Path) -> None:
    about: dict[str, Any] = {
        "sources": report.sources,
        "rules": [str(rule["id"]) for rule in report.rules],
        "synthetic": report.synthetic,
        "credited": report.credits,
        "notes": [
            f"under-resourced: {text}"
            for text in report.recorded.get("under_resourced", report.criteria)
        ],
    }
    steps = (
        lambda: write_page(report, folder),
        lambda: export(
            report.table, folder, name=report.table_name, layers=_layers(report), **about
        ),
        lambda: [
            export(table, folder, formats="csv", name=name, **about)
            for name, table in report.levels.items()
        ],
        lambda: write_appendix(report, folder / "appendix.pdf", recipe="study.toml"),
        lambda: write_appendix(report, folder / "appendix.docx", recipe="study.toml"),
        lambda: _appendices(report, folder),
        lambda: _sheet(report, folder),
        lambda: write_recipe(report, folder / "study.toml"),
        # Last, because it lists the checksums of all the others.
        lambda: write_provenance(report, folder / RECORD, files=list(folder.iterdir())),
    )
    # Tables and records are English; page and documents set the language of the report themselves.
    with language(ENGLISH), track("Writing the outputs", total=len(steps)) as advance:
        for step in steps:
            step()
            advance(1)


def _layers(report: Report) -> dict[str, gpd.GeoDataFrame]:
    """Return what stands in the GeoPackage beside the areas."""
    sites = {} if report.sites is None or report.sites.empty else {"sites": report.sites}
    return sites | dict(report.levels)


@in_its_language
def _sheet(report: Report, folder: Path) -> None:
    """Write the fact sheet of the whole area, from what the folder holds by now.

    That of states that were run apart would read all their polygons again: it is made on demand.
    """
    if not report.pages:
        whole = sheet_of_all(Run(report.table, record_of(report), folder))
        write_factsheet(replace(whole, key="factsheet"), folder)


def _appendices(report: Report, folder: Path) -> None:
    """Write the appendices of the programs that the study applies to."""
    for name in report.appendices:
        for ending in ("pdf", "docx"):
            path = folder / f"appendix-{name}.{ending}"
            write_appendix(report, path, program=name, recipe="study.toml")
