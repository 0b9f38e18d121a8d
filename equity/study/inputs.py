"""From the files a study names to one table of areas and the handles beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from equity.areas import recode
from equity.areas.join import JoinAudit
from equity.areas.schema import is_acs_code
from equity.areas.vintage import check_vintage
from equity.errors import InputError
from equity.measures.adoption import codes_read
from equity.measures.lines.coverage import LocationFiles
from equity.progress import track
from equity.provenance import Source, carry, meta, stamp
from equity.sources.census.acs import read_acs
from equity.sources.census.boundaries import read_boundaries
from equity.study.care_sites import read_places_of_care
from equity.study.joining import joined
from equity.study.live import LiveFiles
from equity.study.own_tables import read_part
from equity.study.parts import AcsPart, BoundaryPart, SitesPart, StudyPlan
from equity.study.readers import COVERAGE, call

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
    centers
        Census centers of population by area, where the study names a file of them.
    outlines
        County boundaries.
    connecticut
        Old tract id -> id under the planning regions, where the study names a list of them.
    audit
        How the tables met.
    sources
        Every input, in the order of the study file.
    """

    areas: gpd.GeoDataFrame
    lines: LocationFiles | pd.DataFrame | None
    sites: gpd.GeoDataFrame | None
    capacity: gpd.GeoDataFrame | None
    blocks: pd.DataFrame | None
    centers: pd.DataFrame | None
    outlines: gpd.GeoDataFrame | None
    connecticut: pd.Series | None
    audit: JoinAudit
    sources: tuple[Source, ...]

    def recoded(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Move Connecticut from its old counties, which some keep, to its planning regions."""
        if self.connecticut is None:
            return frame
        vintage = str(meta(self.areas).geo_vintage)
        return recode.connecticut(frame, self.connecticut, to=vintage)


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
    read: dict[str, Any] = {}
    steps: list[tuple[str, Callable[[], Any]]] = [
        ("boundaries", lambda: reader.boundaries(plan.boundaries, plan.study.level)),
        ("acs", reader.surveys),
        ("tables", lambda: reader.tables(read["acs"][0], read["boundaries"])),
        ("lines", reader.lines),
        ("sites", reader.sites),
        ("blocks", reader.blocks),
        ("centers", reader.centers),
        ("connecticut", reader.connecticut),
        ("outlines", lambda: plan.counties and reader.boundaries(plan.counties, "county")),
    ]
    with track("Reading the inputs", total=len(steps)) as advance:
        for name, step in steps:
            read[name] = step()
            advance(1)
    people, *surveys = read["acs"]
    others = [*surveys, read["boundaries"], *read["tables"]]
    met, audit = joined(people, *others, tolerance=plan.study.join_tolerance)
    assert isinstance(met, gpd.GeoDataFrame)
    areas = _named(met, read["outlines"])
    everything = [
        *read["acs"], *read["tables"], read["lines"], read["boundaries"],
        *(table for _, table in read["sites"]), read["blocks"], read["centers"],
        read["outlines"],
        read["connecticut"],
    ]  # fmt: skip
    return Inputs(
        areas=areas,
        lines=read["lines"],
        sites=_together(read["sites"], {"sites", "both"}),
        capacity=_together(read["sites"], {"capacity", "both"}),
        blocks=read["blocks"],
        centers=read["centers"],
        outlines=read["outlines"],
        connecticut=read["connecticut"],
        audit=audit,
        sources=tuple(reader.files.sources(_sources_of(everything))),
    )


class _Reader:
    def __init__(self, plan: StudyPlan, folder: Path) -> None:
        self.plan, self.study = plan, plan.study
        self.state, self.level = plan.study.state, plan.study.level
        self.files = LiveFiles(folder, self.state, self.level)

    def boundaries(self, part: BoundaryPart, level: str) -> gpd.GeoDataFrame:
        return read_boundaries(
            self.files.path(part.file, part.year),
            year=part.year,
            level=level,
            state=self.state,
            multi_state=part.multi_state or self.files.national(part.file),
            id_column=part.id_column,
            layer=part.layer,
            synthetic=self.study.made_up,
        )

    def surveys(self) -> list[pd.DataFrame]:
        """Return the surveys; the first decides the areas and counts their people."""
        surveys = [self._survey(part) for part in self.plan.acs]
        for number, survey in enumerate(surveys):
            _refuse_unread(survey, number)
        first, *others = surveys
        return [_with_population(first), *others]

    def _survey(self, part: AcsPart) -> pd.DataFrame:
        return read_acs(
            self.files.paths(part.files, part.year),
            year=part.year,
            level=self.level,
            state=self.state,
            multi_state=part.multi_state,
            columns=part.columns or None,
            id_column=part.id_column,
            synthetic=self.study.made_up,
        )

    def tables(self, people: pd.DataFrame, polygons: gpd.GeoDataFrame) -> list[pd.DataFrame]:
        return [
            read_part(part, people, self.study, self.files, polygons) for part in self.plan.tables
        ]

    def sites(self) -> list[tuple[SitesPart, gpd.GeoDataFrame]]:
        read = read_places_of_care
        return [(part, read(part, self.study, self.files)) for part in self.plan.sites]

    def lines(self) -> LocationFiles | pd.DataFrame | None:
        part = self.plan.coverage
        if part.kind == "unknown":
            return None
        reader, one = COVERAGE[part.kind][part.read_by], part.kind == "summary"
        if one and not isinstance(part.files, str):
            raise InputError("coverage of kind 'summary' is one file", fix="name one file")
        paths = self.files.paths(part.files, part.as_of)
        given = {
            "as_of": part.as_of,
            "level": self.level,
            "state": self.state,
            "multi_state": part.multi_state,
            "checksums": True,
        }
        lines: LocationFiles | pd.DataFrame = call(
            reader, paths[0] if one else paths, given, part.said(), part.options
        )
        return lines if part.geo_vintage is None else self._of_vintage(lines, part.geo_vintage)

    def _of_vintage(self, lines: Any, vintage: str) -> LocationFiles | pd.DataFrame:
        """Say which areas the lines' ids mean, where the study knows better than the reader."""
        if not isinstance(lines, pd.DataFrame):
            dated: LocationFiles = replace(lines, geo_vintage=vintage)
            return dated
        check_vintage(lines.index, level=self.level, geo_vintage=vintage, file="[coverage]")
        known = meta(lines)
        return stamp(
            lines,
            level=known.level,
            geo_vintage=vintage,
            sources=known.sources,
            notes=known.notes,
        )

    def connecticut(self) -> pd.Series | None:
        name = self.plan.coverage.connecticut
        if name is None:
            return None
        from equity.sources.census.relationships import read_connecticut_codes

        return read_connecticut_codes(self.files.path(name, ""))

    def centers(self) -> pd.DataFrame | None:
        part = self.plan.centers
        if part is None:
            return None
        from equity.sources.census.centers import read_centers

        path = self.files.path(part.file, part.year)
        return read_centers(path, year=part.year, level=self.level, state=self.state)

    def blocks(self) -> pd.DataFrame | None:
        name = self.plan.coverage.housing
        if name is None:
            return None
        from equity.sources.census.files import read_blocks

        return read_blocks(self.files.path(name, ""), year=2020, state=self.state)


def _refuse_unread(survey: pd.DataFrame, number: int) -> None:
    """Refuse a survey of which no measure reads a column: its numbers would go nowhere."""
    codes = [str(name) for name in survey.columns if is_acs_code(str(name))]
    read = {*codes_read(), *_POPULATION}
    if not any(code.removesuffix("_status")[:-1] in read for code in codes):
        raise InputError(
            f"acs.{number}: no measure reads a column of it ({', '.join(codes[:5])})",
            file=", ".join(source.file for source in meta(survey).sources[:3]),
            fix="leave it out, or make columns of it in one of [[tables]]",
        )


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


def _named(areas: gpd.GeoDataFrame, outlines: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    """Give every area its name and its county's name."""
    result = areas.copy()
    # "Census Tract 901.01; Accomack County; Virginia" (commas in older answers).
    parts = (
        result["name"].astype("string").str.split(r"\s*[;,]\s*", regex=True)
        if "name" in result
        else pd.Series([[]] * len(result), index=result.index)
    )
    if "county_name" not in result:
        result["county_name"] = parts.str[1].astype(object)
    if outlines is not None and "name" in outlines:
        from_outline = pd.Series(result.index.str[:5], index=result.index).map(outlines["name"])
        result["county_name"] = result["county_name"].fillna(from_outline)
    fallback = pd.Series([f"Area {geoid}" for geoid in result.index], index=result.index)
    result["name"] = parts.str[0].fillna(fallback).astype(object)
    result["county_name"] = result["county_name"].fillna("").astype(object)
    return carry(result, areas)


def _together(
    sites: list[tuple[SitesPart, gpd.GeoDataFrame]], uses: set[str]
) -> gpd.GeoDataFrame | None:
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
