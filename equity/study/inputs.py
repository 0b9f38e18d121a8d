"""From the files a study names to one table of areas and the handles beside it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from equity.areas import recode
from equity.areas.join import JoinAudit
from equity.areas.schema import is_acs_code
from equity.areas.table import Table
from equity.areas.vintage import check_vintage
from equity.errors import InputError
from equity.measures.adoption import codes_read
from equity.measures.lines.coverage import LocationFiles
from equity.measures.price import INCOME_CODES
from equity.progress import track
from equity.provenance import Source, carry, meta, stamp
from equity.sources.catalog import LIVE
from equity.sources.census.acs import RESIDENTS, read_acs
from equity.sources.census.boundaries import read_boundaries
from equity.sources.roads.graph import RoadNetwork
from equity.sources.roads.osm import read_roads
from equity.sources.site_list import read_site_list
from equity.study.care_sites import read_places_of_care
from equity.study.coherence import blocks_beside_coverage, load_recipe
from equity.study.input_parts import AcsPart, BoundaryPart, CoveragePart, SitesPart
from equity.study.joining import joined
from equity.study.live import LiveFiles
from equity.study.own_tables import read_part
from equity.study.parts import CarePart, StudyPlan
from equity.study.readers import COVERAGE, FUNDED, call, live_options
from equity.study.scope import below_each_other, refuse_absent, stacked

__all__ = ["Inputs", "gather"]

# Shares made of shares -> of which, unless the survey has a table that counts them.
_MADE_OF = {
    "no_device_share": (("device_share",), ("B28003", "B28001")),
    "subscription_share": (("any_subscription_share",), ("B28002",)),
    "connected_share": (("device_share", "any_subscription_share"), ("B28003", "S2802")),
}


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
    funded
        Lists of locations that a commitment already covers.
    sites, capacity
        Places of care to measure distances to, and those with clinicians (FTE).
    application
        The application's own sites, where the study names a list of them.
    blocks
        Housing units and people by block: the denominator where no served/unserved export is.
    centers
        Census centers of population by area, where the study names a file of them.
    outlines
        County boundaries.
    roads
        Files as a ``[[care]]`` names them -> the roads that they hold.
    connecticut
        Old tract id -> id under the planning regions, where the study names a list of them.
    audit
        How the tables met.
    sources
        Every input, in the order of the study file.
    credits
        Column of `areas`, or one made of such columns alone -> whose figure it is.
    """

    areas: gpd.GeoDataFrame
    lines: LocationFiles | pd.DataFrame | None
    funded: tuple[pd.DataFrame, ...]
    sites: gpd.GeoDataFrame | None
    capacity: gpd.GeoDataFrame | None
    application: pd.DataFrame | None
    blocks: pd.DataFrame | None
    centers: pd.DataFrame | None
    outlines: gpd.GeoDataFrame | None
    roads: Mapping[tuple[str, ...], RoadNetwork]
    connecticut: pd.Series | None
    audit: JoinAudit
    sources: tuple[Source, ...]
    credits: Mapping[str, str]

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
    reader, level = _Reader(plan, folder), plan.study.level
    read: dict[str, Any] = {}
    steps: list[tuple[str, Callable[[], Any]]] = [
        ("roads", reader.roads),
        ("boundaries", lambda: plan.boundaries and reader.boundaries(plan.boundaries, level)),
        ("acs", reader.people),
        ("tables", lambda: reader.tables(read["acs"][0], read["boundaries"])),
        ("lines", reader.lines),
        ("funded", reader.funded),
        ("sites", reader.sites),
        ("application", reader.application),
        ("blocks", lambda: reader.blocks(read["lines"])),
        ("centers", reader.centers),
        ("connecticut", reader.connecticut),
        ("outlines", lambda: plan.counties and reader.boundaries(plan.counties, "county")),
    ]
    with track("Reading the inputs", total=len(steps)) as advance:
        for name, step in steps:
            read[name] = step()
            advance(1)
    people, *surveys = read["acs"]
    polygons = [] if read["boundaries"] is None else [read["boundaries"]]
    others = [*surveys, *polygons, *read["tables"]]
    met, audit = joined(people, *others, tolerance=plan.study.join_tolerance)
    areas = _named(_drawable(met), read["outlines"])
    everything = [
        *read["acs"], *read["tables"], read["lines"], *read["funded"], read["boundaries"],
        *(table for _, table in read["sites"]), read["blocks"], read["centers"],
        read["outlines"],
        read["connecticut"], read["application"], *read["roads"].values(),
    ]  # fmt: skip
    return Inputs(
        areas=areas,
        lines=read["lines"],
        funded=read["funded"],
        sites=_together(read["sites"], {"sites", "both"}),
        capacity=_together(read["sites"], {"capacity", "both"}),
        application=read["application"],
        blocks=read["blocks"],
        centers=read["centers"],
        outlines=read["outlines"],
        roads=read["roads"],
        connecticut=read["connecticut"],
        audit=audit,
        sources=tuple(reader.files.sources(_sources_of(everything))),
        credits=_credits([people, *others], areas, plan.care),
    )


class _Reader:
    """Reads what a study names, for the states that it is about; whose a row is its id tells."""

    def __init__(self, plan: StudyPlan, folder: Path) -> None:
        self.plan, self.study = plan, plan.study
        self.states, self.level = plan.study.state, plan.study.level
        self.files = LiveFiles(folder, self.states, self.level)
        # Codes that only a part of the study reads which it may leave out.
        recipe = load_recipe(plan, folder)
        self.also = (*(recipe.codes if recipe else ()), *(INCOME_CODES if plan.price else ()))

    def boundaries(self, part: BoundaryPart, level: str) -> gpd.GeoDataFrame:
        tables = [
            read_boundaries(
                path,
                year=part.year,
                level=level,
                id_column=part.id_column,
                layer=part.layer,
                synthetic=self.study.made_up,
                state=self.study.only_state,
                multi_state=True,
            )
            for path in self.files.paths(part.file, part.year)
        ]
        return self._one(tables)

    def _one(self, tables: list[Table]) -> Table:
        """Return one table of all states."""
        return below_each_other(stacked([below_each_other(tables)], self.states))

    def people(self) -> list[pd.DataFrame]:
        """Return who lives where, which decides the areas, and the surveys beside it.

        The first survey counts residents; where it does not, a table of the study's own does.
        """
        surveys = stacked(
            [
                survey
                for number, part in enumerate(self.plan.acs)
                for survey in self._survey(part, number)
            ],
            self.states,
        )
        if surveys and (counted := _with_population(surveys[0])) is not None:
            refuse_absent(counted, self.states, "the first [[acs]]")
            return [counted, *surveys[1:]]
        own = [read_part(part, None, self.study, self.files) for part in self.plan.people_by]
        if not own:
            raise InputError(
                "nothing counts the residents: no [[acs]] has a population",
                fix=f"add {RESIDENTS[0]}E to the first, map the column that holds it, or bring "
                "population_n in one of [[tables]]",
            )
        first, *others = stacked(own, self.states)
        refuse_absent(first, self.states, "the tables that count residents")
        return [first, *others, *surveys]

    def _survey(self, part: AcsPart, number: int) -> Iterator[pd.DataFrame]:
        """Yield one survey: state by state where it is live, since each has files of its own."""
        live = str(part.files).startswith(LIVE)
        for states in [(state,) for state in self.states] if live else [self.states]:
            survey = read_acs(
                self.files.paths(part.files, part.year, states=states),
                year=part.year,
                level=self.level,
                state=states[0] if len(states) == 1 else None,
                multi_state=True,
                columns=part.columns or None,
                id_column=part.id_column,
                synthetic=self.study.made_up,
            )
            _refuse_unread(survey, number, also=self.also)
            yield survey

    def tables(self, people: pd.DataFrame, polygons: gpd.GeoDataFrame | None) -> list[pd.DataFrame]:
        # Those that count the residents in place of a survey were read before.
        done = [] if set(RESIDENTS) & {c[:-1] for c in people.columns} else self.plan.people_by
        read = [
            read_part(part, people, self.study, self.files, polygons)
            for part in self.plan.tables
            if part not in done
        ]
        return stacked(read, self.states)

    def sites(self) -> list[tuple[SitesPart, gpd.GeoDataFrame]]:
        by_capacity = any(care.by_capacity for care in self.plan.care)
        return read_places_of_care(self.plan.sites, self.study, self.files, by_capacity=by_capacity)

    def lines(self) -> LocationFiles | pd.DataFrame | None:
        part = self.plan.coverage
        if part.kind == "unknown":
            return None
        paths = self.files.paths(part.files, part.as_of)
        lines = self._classes(part, paths) if part.kind == "summary" else self._offers(part, paths)
        return lines if part.geo_vintage is None else self._of_vintage(lines, part.geo_vintage)

    def _classes(self, part: CoveragePart, paths: list[Path]) -> pd.DataFrame:
        """Return locations by class; a file for each state is as good as one of all."""
        if len(paths) > len(self.states):
            raise InputError(
                "coverage of kind 'summary' is one file, or one for each state",
                fix="name one file",
            )
        reader = COVERAGE[part.kind][part.read_by]
        only = self.study.only_state
        given = {"as_of": part.as_of, "level": self.level, "state": only, "multi_state": True}
        tables = [call(reader, path, given, part.said(), part.options) for path in paths]
        lines: pd.DataFrame = self._one(tables)
        return lines

    def _offers(self, part: CoveragePart, paths: list[Path]) -> LocationFiles:
        """Return the location files, found state by state: its name tells whose one is."""
        reader, found = COVERAGE[part.kind][part.read_by], []
        for state in self.states:
            given = {"as_of": part.as_of, "level": self.level, "state": state, "checksums": True}
            found.append(call(reader, paths, given, part.said(), part.options))
        first: LocationFiles = found[0]
        if len(found) == 1:
            return first
        together = {
            name: tuple(dict.fromkeys(item for one in found for item in getattr(one, name)))
            for name in ("files", "notes", "sources")
        }
        return replace(first, **together)  # type: ignore[type-var]

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

    def funded(self) -> tuple[pd.DataFrame, ...]:
        given = {"state": self.study.only_state}
        return tuple(
            call(FUNDED, path, live_options(part.file), given, {"as_of": part.as_of}, part.said())
            for part in self.plan.funded
            for path in self.files.paths(part.file, part.as_of)
        )

    def application(self) -> pd.DataFrame | None:
        part = self.plan.application
        if part is None or part.sites is None:
            return None
        path = self.files.path(part.sites, "")
        return read_site_list(path, as_of="as applied for", level=self.level)

    def _all_listed(self, lines: LocationFiles | pd.DataFrame | None) -> bool:
        """Tell whether exports list the locations of every state, those without a line too."""
        if lines is None or isinstance(lines, pd.DataFrame):
            return False
        told = {file.state for file in lines.files if file.product == "served_unserved"}
        return "" in told or told.issuperset(self.states)

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

        path, only = self.files.path(part.file, part.year), self.study.only_state
        table = read_centers(path, year=part.year, level=self.level, state=only)
        return self._one([table])

    def roads(self) -> dict[tuple[str, ...], RoadNetwork]:
        """Return the roads of each set of files that a [[care]] names."""
        named = dict.fromkeys(care.extracts for care in self.plan.care if care.extracts)
        return {names: read_roads(self.files.paths(list(names), "")) for names in named}

    def blocks(self, lines: LocationFiles | pd.DataFrame | None) -> pd.DataFrame | None:
        name = self.plan.coverage.housing
        if name is None:
            return None
        if self._all_listed(lines) and not blocks_beside_coverage(self.plan):
            raise InputError(
                "coverage.housing: the served/unserved export lists every location and no distance "
                "starts at blocks, so nothing reads it",
                fix="leave it out",
            )
        from equity.sources.census.files import read_blocks

        only = self.study.only_state
        return self._one(
            [read_blocks(path, year=2020, state=only) for path in self.files.paths(name, "")]
        )


def _drawable(met: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return areas that a map can be asked for; without boundaries none has a polygon."""
    if isinstance(met, gpd.GeoDataFrame):
        return met
    nowhere = gpd.GeoSeries(pd.Series(None, index=met.index, dtype=object), crs="EPSG:4269")
    said = "No boundaries were named: no map, and no area is measured from its polygon"
    return carry(gpd.GeoDataFrame(met, geometry=nowhere), met, notes=[said])


def _refuse_unread(survey: pd.DataFrame, number: int, *, also: Collection[str]) -> None:
    """Refuse a survey of which no measure reads a column: its numbers would go nowhere."""
    codes = [str(name) for name in survey.columns if is_acs_code(str(name))]
    read = {*codes_read(), *RESIDENTS, *also}
    if not any(code.removesuffix("_status")[:-1] in read for code in codes):
        raise InputError(
            f"acs.{number}: no measure reads a column of it ({', '.join(codes[:5])})",
            file=", ".join(source.file for source in meta(survey).sources[:3]),
            fix="leave it out, or make columns of it in one of [[tables]]",
        )


def _with_population(acs: pd.DataFrame) -> pd.DataFrame | None:
    """Return a survey with its count of residents under its name; None where it has none."""
    for code in RESIDENTS:
        if f"{code}E" in acs.columns:
            result = acs.assign(population_n=acs[f"{code}E"])
            if f"{code}M" in acs.columns:
                result["population_n_moe"] = acs[f"{code}M"]
            used, first = (name.split("_")[0] for name in (code, RESIDENTS[0]))
            said = f"Residents are counted in {used}: {first} is not among the tables"
            return carry(result, acs, notes=[said] if used != first else [])
    return None


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
    result["name"] = parts.str[0].astype(object).fillna(fallback)
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


def _credits(
    tables: Sequence[pd.DataFrame], areas: pd.DataFrame, asked: Sequence[CarePart]
) -> dict[str, str]:
    """Say of every column that a table brought whose figure it is, in that table's words."""
    found: dict[str, str] = {}
    for table in tables:
        told = dict.fromkeys(f"{s.agency}, {s.product}, {s.vintage}" for s in meta(table).sources)
        for name in map(str, table.columns):
            if told and name in areas.columns and name != "geometry":
                found.setdefault(name, "; ".join(told))
    # What homes have may come as shares: then no count of the survey stands behind it.
    for made, (parts, counted) in _MADE_OF.items():
        if any(name.startswith(counted) for name in map(str, areas.columns)):
            continue
        if made not in found and all(part in found for part in parts):
            said = "; ".join(dict.fromkeys(found[part] for part in parts))
            found[made] = f"Computed from {' and '.join(parts)}: {said}"
    # Minutes, distances or capacity that a table brought: who is beyond reach is told from these.
    for number, care in enumerate(asked):
        if care.column is not None and care.column in found:
            reach = f"beyond_reach_share__{care.id}" if number else "beyond_reach_share"
            found[reach] = f"Computed from {care.column}: {found[care.column]}"
    return found


def _sources_of(tables: list[Any]) -> tuple[Source, ...]:
    """Return every source once: two tables of one file may be the work of two agencies."""
    found: dict[Source, None] = {}
    for table in tables:
        if table is None:
            continue
        sources = meta(table).sources if hasattr(table, "attrs") else getattr(table, "sources", ())
        found |= dict.fromkeys(sources)
    return tuple(found)
