"""Every file of a run, from one content model."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from equity.errors import StorageError
from equity.files.atomic import write_text
from equity.outputs.appendix import write_appendix
from equity.outputs.page import write_page
from equity.outputs.report import Report
from equity.outputs.tables import export, write_provenance
from equity.progress import track

__all__ = ["write_outputs"]


def write_outputs(report: Report, target: Path) -> Path:
    """Write a run's outputs beside the folder, then put them in its place."""
    _refuse_foreign(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as scratch:
            fresh = Path(scratch) / target.name
            fresh.mkdir()
            _write_all(report, fresh)
            _swap(fresh, target, Path(scratch) / "before")
    except OSError as error:
        if isinstance(error, StorageError):
            raise
        raise StorageError(
            f"cannot write the outputs ({error.strerror or error})",
            file=target,
            fix="free some space or choose another folder with --out",
        ) from error
    return target


def _write_all(report: Report, folder: Path) -> None:
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
        lambda: write_text(folder / "study.toml", report.study_toml),
        # Last, because it lists the checksums of all the others.
        lambda: write_provenance(report, folder / "provenance.json", files=list(folder.iterdir())),
    )
    with track("Writing the outputs", total=len(steps)) as advance:
        for step in steps:
            step()
            advance(1)


def _refuse_foreign(target: Path) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise StorageError("a file stands where the folder should be", file=target)
    if any(target.iterdir()) and not (target / "provenance.json").is_file():
        raise StorageError(
            "the folder holds files that no run wrote",
            file=target,
            fix="choose an empty folder with --out",
        )


def _swap(fresh: Path, target: Path, aside: Path) -> None:
    if target.exists():
        target.rename(aside)
    try:
        fresh.rename(target)
    except OSError:
        if aside.exists():
            aside.rename(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)
