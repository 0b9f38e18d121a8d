"""What a run gives back: its table, what it says, and its files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd

from equity.areas.arguments import checked
from equity.language import language
from equity.measures.gap import SPLIT, gap_totals
from equity.outputs.report import Report
from equity.showing import Shown
from equity.study.finding import build_report
from equity.study.levels import at_level
from equity.study.record import Record
from equity.study.write import write_outputs

__all__ = ["StudyResult"]


@dataclass(frozen=True, repr=False)
class StudyResult(Shown, Record):
    """What a run found, with what can be done with it."""

    def at(self, level: str) -> gpd.GeoDataFrame:
        """Return the table at another level: counts and margins added up, shares rebuilt.

        Parameters
        ----------
        level
            ``"tract"``, ``"county"``, ``"state"`` or the study's own; ``"district"`` where the
            study names districts.

        Returns
        -------
        geopandas.GeoDataFrame
            One row a larger area: its name, the outline of its areas, and beside the measures
            ``areas_n``, ``named_n`` (areas that are under-resourced and fall short) and
            ``under_resourced_people_n`` (residents of under-resourced areas). What does not add up
            (minutes, medians) stays behind, and a note says so. Of an area of a study it holds
            only what lies inside.

        Raises
        ------
        InputError
            If the study's areas do not make up such areas.
        """
        return at_level(self, level)

    def report(self) -> Report:
        """Return the content that the page and the documents are made from."""
        with language(self.lang):
            return build_report(self)

    @checked
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
        return write_outputs(self.report(), Path(folder))

    def _shown(self) -> tuple[str, list[tuple[str, str]]]:
        totals, focus = gap_totals(self.table), gap_totals(self.focus)
        names = ("line only", "home only", "both")
        parts = ", ".join(f"{n} {totals[s]:,.0f}" for n, s in zip(names, SPLIT, strict=True))
        if self.table["qualifying_share"].isna().all():
            parts = "not known without lines: the gap is of homes alone, a floor"
        stamp = " [synthetic data]" if self.synthetic else ""
        gap = (
            f"{totals['gap_n']:,.0f} of {totals['population_n']:,.0f} residents "
            f"({totals['gap_share']:.1%}) under {self.plan.study.headline}"
        )
        first = f"{len(self.focus):,} under-resourced communities that fall short"
        people = f", {focus['gap_n']:,.0f} people" if len(self.focus) else ""
        return f"{self.title}{stamp}", [
            ("areas", f"{len(self.table):,} ({int(totals['areas_n']):,} with a value)"),
            ("gap", gap),
            ("missing", parts),
            ("focus", first + people),
            ("next", ".focus  .table  .report()  .write(folder)"),
        ]
