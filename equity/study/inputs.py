"""From the files a study names to one table of areas and the handles beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from equity.areas.geoid import find_state
from equity.areas.join import JoinAudit, combine
from equity.errors import InputError
from equity.progress import track
from equity.provenance import Source, carry, meta, stamp
from equity.sources.care.sites import read_sites
from equity.sources.census.acs import read_acs
from equity.sources.census.boundaries import read_boundaries
from equity.sources.fcc.classes import read_coverage
from equity.sources.table import read_table
from equity.study.file import AcsPart, BoundaryPart, SitesPart, StudyPlan, TablePart
from equity.study.live import PREFIX, LiveFiles

__all__ = ["Inputs", "gather"]

_POPULATION = ("B01003_001", "B01001_001")


@dataclass(frozen=True)
class Inputs:
    """What a study runs on.

    Attributes
    ----------
    areas
        One row per area with people, adoption counts, the study's own columns and a polygon where
        there is one.
    lines
        FCC offers, or a table of locations by class: what :func:`equity.coverage` takes.
    sites, capacity
        Places of care to measure distances to, and those with clinicians (FTE).
    blocks
        Housing units and people by block: the denominator where no served/unserved export is.
    outlines
        County boundaries.
    connecticut
        Old tract id -> id under the planning regions, where the study names a list of them.
    audit
        How the tables met.
    sources
        Every input, in the order of the study file.
    """

    areas: Any
    lines: Any
    sites: Any
    capacity: Any
    blocks: Any
    outlines: Any
    connecticut: Any
    audit: JoinAudit
    sources: tuple[Source, ...]


def gather(plan: StudyPlan, folder: Path) -> Inputs:
    """Read and join everything a study names.

    Parameters
    ----------
    plan
        The validated study.
    folder
        Where the study file lies; its paths start there.
    """
    reader = _Reader(plan, folder)
    steps: list[tuple[str, Callable[[], Any]]] = [
        ("boundaries", lambda: reader.boundaries(plan.boundaries, plan.study.level)),
        ("acs", lambda: [reader.acs(part) for part in plan.acs]),
        ("tables", lambda: [reader.table(part) for part in plan.tables]),
        ("lines", reader.lines),
        ("sites", lambda: [(part, reader.sites(part)) for part in plan.sites]),
        ("blocks", reader.blocks),
        ("connecticut", reader.connecticut),
        ("outlines", lambda: plan.counties and reader.boundaries(plan.counties, "county")),
    ]
    read: dict[str, Any] = {}
    with track("Reading the inputs", total=len(steps)) as advance:
        for name, step in steps:
            read[name] = step()
            advance(1)
    people = _with_population(read["acs"][0])
    others = [*read["acs"][1:], read["boundaries"], *read["tables"]]
    areas, audit = combine(people, *others, tolerance=plan.study.join_tolerance, audit=True)
    areas = _named(areas, read["outlines"])
    everything = [
        *read["acs"], *read["tables"], read["lines"], read["boundaries"],
        *(table for _, table in read["sites"]), read["blocks"], read["outlines"],
        read["connecticut"],
    ]  # fmt: skip
    return Inputs(
        areas=areas,
        lines=read["lines"],
        sites=_together(read["sites"], {"sites", "both"}),
        capacity=_together(read["sites"], {"capacity", "both"}),
        blocks=read["blocks"],
        outlines=read["outlines"],
        connecticut=read["connecticut"],
        audit=audit,
        sources=tuple(reader.live.sources(_sources_of(everything))),
    )


class _Reader:
    def __init__(self, plan: StudyPlan, folder: Path) -> None:
        self.plan, self.folder = plan, folder
        self.live = LiveFiles(plan.study.state, plan.study.level)
        self.state, self.level = plan.study.state, plan.study.level
        self.synthetic = plan.study.synthetic or find_state(self.state).synthetic

    def path(self, name: str, vintage: str | int) -> Path:
        if name.startswith(PREFIX):
            return self.live.path(name, vintage)
        return self.folder / name

    def paths(self, names: str | list[str], vintage: str | int) -> list[Path]:
        found: list[Path] = []
        for name in [names] if isinstance(names, str) else names:
            live = name.startswith(PREFIX)
            found += self.live.paths(name, vintage) if live else [self.folder / name]
        return found

    def boundaries(self, part: BoundaryPart, level: str) -> Any:
        return read_boundaries(
            self.path(part.file, part.year),
            year=part.year,
            level=level,
            state=self.state,
            multi_state=part.multi_state,
            id_column=part.id_column,
            layer=part.layer,
            synthetic=self.synthetic,
        )

    def acs(self, part: AcsPart) -> pd.DataFrame:
        return read_acs(
            self.paths(part.files, part.year),
            year=part.year,
            level=self.level,
            state=self.state,
            multi_state=part.multi_state,
            columns=part.columns or None,
            id_column=part.id_column,
            synthetic=self.synthetic,
        )

    def table(self, part: TablePart) -> pd.DataFrame:
        return read_table(
            self.path(part.file, part.vintage),
            level=self.level,
            geo_vintage=part.geo_vintage,
            columns={
                name: column.model_dump(exclude_none=True) for name, column in part.columns.items()
            },
            agency=part.agency,
            product=part.product,
            vintage=part.vintage,
            state=self.state,
            multi_state=part.multi_state,
            id_column=part.id_column,
            where=part.where or None,
            other_levels=part.other_levels,
            missing=part.missing,
            url=part.url,
            synthetic=self.synthetic,
        )

    def lines(self) -> Any:
        part = self.plan.coverage
        if part.kind == "unknown":
            return None
        if part.kind == "locations":
            from equity.sources.fcc.bdc import read_bdc

            return read_bdc(
                self.paths(part.files, part.as_of),
                as_of=part.as_of,
                state=self.state,
                checksums=True,
            )
        if not isinstance(part.files, str):
            raise InputError("coverage of kind 'summary' is one file", fix="name one file")
        return read_coverage(
            self.path(part.files, part.as_of),
            as_of=part.as_of,
            level=self.level,
            state=self.state,
            multi_state=part.multi_state,
            columns=part.columns or None,
            id_column=part.id_column,
            technologies=tuple(part.technologies),
            note=part.note,
        )

    def sites(self, part: SitesPart) -> Any:
        return read_sites(
            self.path(part.file, part.as_of),
            as_of=part.as_of,
            layout=part.layout,
            columns=part.columns or None,
            unplaced=part.unplaced,
            kind=part.kind,
            synthetic=self.synthetic,
        )

    def connecticut(self) -> Any:
        name = self.plan.coverage.connecticut
        if name is None:
            return None
        from equity.sources.usda import read_connecticut_codes

        return read_connecticut_codes(self.path(name, ""))

    def blocks(self) -> Any:
        name = self.plan.coverage.housing
        if name is None:
            return None
        from equity.sources.census.files import read_blocks

        return read_blocks(self.path(name, ""), year=2020, state=self.state)


def _with_population(acs: pd.DataFrame) -> pd.DataFrame:
    for code in _POPULATION:
        if f"{code}E" in acs.columns:
            result = acs.assign(population_n=acs[f"{code}E"])
            if f"{code}M" in acs.columns:
                result["population_n_moe"] = acs[f"{code}M"]
            return carry(result, acs)
    raise InputError(
        "the first ACS input has no population",
        fix=f"add {_POPULATION[0]}E to it, or map the column that holds it",
    )


def _named(areas: Any, outlines: Any) -> Any:
    """Give every area its name and its county's name."""
    result = areas.copy()
    # "Census Tract 901.01; Accomack County; Virginia" (commas in older answers).
    parts = (
        result["name"].astype("string").str.split(r"\s*[;,]\s*", regex=True)
        if "name" in result
        else pd.Series([[]] * len(result), index=result.index)
    )
    if "county_name" not in result:
        result["county_name"] = parts.str[1]
    if outlines is not None and "name" in outlines:
        from_outline = pd.Series(result.index.str[:5], index=result.index).map(outlines["name"])
        result["county_name"] = result["county_name"].fillna(from_outline)
    fallback = pd.Series([f"Area {geoid}" for geoid in result.index], index=result.index)
    result["name"] = parts.str[0].fillna(fallback).astype(object)
    result["county_name"] = result["county_name"].fillna("").astype(object)
    return carry(result, areas)


def _together(sites: list[tuple[SitesPart, Any]], uses: set[str]) -> Any:
    chosen = [table for part, table in sites if part.use in uses]
    if len(chosen) < 2:
        return chosen[0] if chosen else None
    # Ids are unique within a file, not across files.
    renamed = [
        table.set_axis([f"{n}:{i}" for i in table.index], axis=0) for n, table in enumerate(chosen)
    ]
    joined = pd.concat(renamed)
    joined.index.name = "site_id"
    return stamp(
        joined,
        sources=[source for table in chosen for source in meta(table).sources],
        notes=[note for table in chosen for note in meta(table).notes],
    )


def _sources_of(tables: list[Any]) -> tuple[Source, ...]:
    found: dict[tuple[str, str, str], Source] = {}
    for table in tables:
        if table is None:
            continue
        sources = meta(table).sources if hasattr(table, "attrs") else getattr(table, "sources", ())
        for source in sources:
            found.setdefault((source.id, source.vintage, source.file), source)
    return tuple(found.values())
