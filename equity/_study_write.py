"""Every file of a run, from one content model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from equity.outputs.appendix import write_appendix
from equity.outputs.page import write_page
from equity.outputs.tables import export, write_provenance
from equity.progress import track

if TYPE_CHECKING:
    from equity.study import StudyResult

__all__ = ["write_all"]


def write_all(result: StudyResult, folder: Path) -> None:
    """Write a run's outputs into an empty folder."""
    report = result.report()
    steps = (
        lambda: write_page(report, folder),
        lambda: export(
            report.table,
            folder,
            sources=report.sources,
            rules=[str(rule["id"]) for rule in report.rules],
            synthetic=report.synthetic,
            notes=[f"under-resourced: {text}" for text in report.criteria],
        ),
        lambda: write_appendix(report, folder / "appendix.pdf"),
        lambda: write_appendix(report, folder / "appendix.docx"),
        lambda: (folder / "study.toml").write_text(result.text, encoding="utf-8"),
        # Last, because it lists the checksums of all the others.
        lambda: write_provenance(report, folder / "provenance.json", files=list(folder.iterdir())),
    )
    with track("Writing the outputs", total=len(steps)) as advance:
        for step in steps:
            step()
            advance(1)
