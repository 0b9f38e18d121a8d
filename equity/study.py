"""A study: one file that names inputs, rules and criteria; one run; one result."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from equity._study_file import StudyPlan, read_plan
from equity._study_inputs import gather
from equity._study_measures import measure
from equity.areas.join import JoinAudit
from equity.errors import StorageError
from equity.measures.gap import PARTS, gap_totals
from equity.provenance import Source
from equity.rules import CoverageRule, load_coverage_rule

__all__ = ["Study", "StudyResult"]


@dataclass(frozen=True)
class Study:
    """A validated study file.

    Attributes
    ----------
    plan
        What it asks for.
    text
        The file as it stands; outputs print it as their recipe.
    folder
        Where it lies: the paths in it start there.

    Examples
    --------
    >>> import equity as eq
    >>> study = eq.Study.load(eq.load_example().study)
    >>> result = study.run()
    >>> len(result.table), [rule.id for rule in result.rules]
    (180, ['video-visit', 'fcc-25-3', 'fcc-706-2024'])
    """

    plan: StudyPlan
    text: str
    folder: Path

    @classmethod
    def load(cls, path: str | Path) -> Study:
        """Read and validate a study file.

        Raises
        ------
        MissingFileError
            If it is not there.
        StudyError
            If a field is wrong; the error names the line and the allowed values.
        """
        plan, text = read_plan(path)
        return cls(plan, text, Path(path).parent)

    def run(self, *, cluster: str | None = None) -> StudyResult:
        """Read the inputs, measure, and return the result; nothing is written.

        Parameters
        ----------
        cluster
            Address of a Dask scheduler that reads the coverage files; this machine's processes
            by default.

        Raises
        ------
        EquityError
            If an input is missing, damaged, of another vintage or does not fit.
        """
        inputs = gather(self.plan, self.folder)
        rules = tuple(
            load_coverage_rule(self.folder / name if name.endswith(".toml") else name)
            for name in self.plan.study.rules
        )
        table = measure(self.plan, inputs, rules, cluster=cluster)
        return StudyResult(
            plan=self.plan,
            text=self.text,
            table=table,
            rules=rules,
            sources=inputs.sources,
            audit=inputs.audit,
            outlines=inputs.outlines,
            sites=inputs.sites,
        )


@dataclass(frozen=True, repr=False)
class StudyResult:
    """What a run found.

    Attributes
    ----------
    table
        GeoDataFrame, one row per area, index ``geoid``.
    plan, text
        The study and its file.
    rules
        Coverage rules side by side.
    sources
        Every input.
    audit
        How the tables met, with every unmatched row and its reason.
    outlines, sites
        County boundaries and places of care, for the map.
    """

    plan: StudyPlan
    text: str
    table: Any
    rules: tuple[CoverageRule, ...]
    sources: tuple[Source, ...]
    audit: JoinAudit
    outlines: Any = None
    sites: Any = None

    @property
    def synthetic(self) -> bool:
        """True if any input is generated."""
        return self.plan.study.synthetic or any(source.synthetic for source in self.sources)

    @property
    def focus(self) -> Any:
        """Areas that are under-resourced and fall short, largest gap first."""
        table = self.table
        chosen = table[table["is_under_resourced"] & table["falls_short"]]
        return chosen.sort_values("gap_n", ascending=False, kind="stable")

    def report(self) -> Any:
        """Return the content that the page and the documents are made from."""
        from equity._study_report import build_report

        return build_report(self)

    def write(self, folder: str | Path) -> Path:
        """Write page, map, tables, appendix and provenance into a folder.

        Everything is written beside it first and moved in place at the end: the folder holds a
        whole run or is left as it was.

        Parameters
        ----------
        folder
            For example ``maps/example``. What an earlier run wrote there is replaced.

        Returns
        -------
        pathlib.Path
            The folder.

        Raises
        ------
        StorageError
            If the folder cannot be written, or holds files that no run wrote.
        """
        from equity._study_write import write_all

        target = Path(folder)
        _refuse_foreign(target)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(
                dir=target.parent, prefix=f".{target.name}-"
            ) as scratch:
                fresh = Path(scratch) / target.name
                fresh.mkdir()
                write_all(self, fresh)
                _swap(fresh, target, Path(scratch) / "before")
        except OSError as error:
            if isinstance(error, StorageError):
                raise
            raise StorageError(
                f"cannot write the outputs ({error.strerror or error})",
                file=folder,
                fix="free some space or choose another folder with --out",
            ) from error
        return target

    def __repr__(self) -> str:
        totals, focus = gap_totals(self.table), gap_totals(self.focus)
        parts = ", ".join(f"{name[4:-2]} {totals[name]:,.0f}" for name in PARTS)
        stamp = " [synthetic data]" if self.synthetic else ""
        gap = (
            f"{totals['gap_n']:,.0f} of {totals['population_n']:,.0f} residents "
            f"({totals['gap_share']:.1%}) under {self.plan.study.headline}"
        )
        first = f"{len(self.focus):,} under-resourced communities that fall short"
        lines = [
            f"<StudyResult {self.plan.study.title}{stamp}>",
            f"  areas      {len(self.table):,} ({int(totals['areas_n']):,} with a value)",
            f"  gap        {gap}",
            f"  parts      {parts}",
            f"  focus      {first}, {focus['gap_n']:,.0f} people",
            "  next       .focus  .table  .report()  .write(folder)",
        ]
        return "\n".join(lines)


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
