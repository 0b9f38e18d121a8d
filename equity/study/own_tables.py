"""``[[tables]]`` of a study: read by the reader it names, and brought to the study's areas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from equity.areas import recode
from equity.areas.aggregate import spread
from equity.areas.blocks import from_blocks
from equity.areas.crosswalk import crosswalk
from equity.areas.geoid import LEVELS, parent
from equity.areas.overlay import land_within
from equity.areas.schema import describe
from equity.areas.table import level_of
from equity.errors import InputError, MissingColumnError
from equity.measures.demand import MIXED, join_designations
from equity.provenance import carry, meta, stamp
from equity.sources.census.files import read_blocks
from equity.sources.fcc.providers import leading_providers
from equity.study.care_sites import without_register_numbers
from equity.study.input_parts import CrosswalkPart, TablePart
from equity.study.joining import in_words_of_a_study
from equity.study.live import LiveFiles
from equity.study.parts import AreasPart
from equity.study.readers import LINKS, OWN, TABLES, call, live_options

__all__ = ["read_part"]

_BLOCK_YEAR = 2020
_COMPANIONS = ("", "_moe", "_status")


def read_part(
    part: TablePart,
    people: pd.DataFrame | None,
    study: AreasPart,
    files: LiveFiles,
    polygons: gpd.GeoDataFrame | None = None,
) -> pd.DataFrame:
    """Read a table that a study names, one row an area of the study.

    Parameters
    ----------
    part
        What the study says of it.
    people
        Area table of the study: its rows, level and vintage are wanted. None where this table is
        the one that counts the people.
    study
        State and level.
    files
        Where its files are.
    polygons
        The study's areas: what lies in other lands is told by them.

    Raises
    ------
    InputError
        If its areas are others than the study's, and the study does not say how they meet.
    """
    path = files.path(part.file, part.vintage)
    table: Any = _read(part, path, people, study, files)
    if people is None:
        return _of_study(table, part, study, files, path)
    if part.reader == "designations":
        with in_words_of_a_study(lambda _error: path.name):
            table = _designated(table, part, people, study, files)
    elif part.reader == "high_cost":
        table = _listed(table, people)
    elif part.reader == "bdc_providers":
        table = leading_providers(table)
    elif part.reader == "tribal_areas":
        if polygons is None:
            raise InputError(
                "tribal lands are laid over the polygons of the areas, and none are named",
                file=path,
                fix="name a file of them in [boundaries]",
            )
        table = land_within(polygons, table, name="tribal_land")
    if part.reader != "table" and part.columns:
        table = _picked(table, part, path)
    if part.crosswalk is not None:
        table = _moved(table, part.crosswalk, people, study, files)
    return _spread(table, part, people, path)


def _read(
    part: TablePart, path: Path, people: pd.DataFrame | None, study: AreasPart, files: LiveFiles
) -> pd.DataFrame:
    reader = TABLES[part.reader]
    level = part.level or live_options(part.file).get("level") or study.level
    given: dict[str, Any] = {
        "level": level,
        # ZIP areas lie across states; their ids name none.
        "state": None if level == "zcta" else study.only_state,
        "multi_state": True,
        "synthetic": study.made_up,
        reader.dated: int(part.vintage) if reader.dated == "year" else part.vintage,
    }
    if reader.name == "table":
        given["columns"] = {n: c.model_dump(exclude_none=True) for n, c in part.columns.items()}
    elif part.reader not in OWN and people is not None and meta(people).geo_vintage != "2010":
        given["geo_vintage"] = meta(people).geo_vintage
    options = dict(part.options)
    if part.reader == "bdc_providers" and "names" in options:
        options["names"] = files.path(options["names"], part.vintage)
    table: pd.DataFrame = call(reader, path, live_options(part.file), given, part.said(), options)
    if part.reader == "travel_times":
        column = str(options.get("destination", ""))
        ids = without_register_numbers(table["travel_site_id"], column)
        table = carry(table.assign(travel_site_id=ids), table)
    return table


def _designated(
    table: pd.DataFrame,
    part: TablePart,
    people: pd.DataFrame,
    study: AreasPart,
    files: LiveFiles,
) -> pd.DataFrame:
    """Say of every area whether it is designated; one row a component becomes one row an area."""
    kind = {**live_options(part.file), **part.options}["kind"]
    areas, level = people[[]], level_of(people)
    if part.crosswalk is not None and part.crosswalk.reader == "connecticut_codes":
        # The list has the old counties: it is met under them, and moved with the other tables.
        codes = call(LINKS[part.crosswalk.reader], files.path(part.crosswalk.file, ""))
        areas = recode.connecticut(areas, codes, to="2020")
    tolerance = max(study.join_tolerance, MIXED)
    name = kind.replace("-", "_")
    known = join_designations(areas, table, name=name, level=level, tolerance=tolerance)
    return stamp(
        known,
        level=level,
        geo_vintage=meta(areas).geo_vintage,
        sources=meta(table).sources,
        notes=meta(known).notes,
    )


def _listed(table: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Give the areas that a list of areas does not name 0: what is no area of the study stays."""
    rest = people.index.difference(table.index)
    others = pd.DataFrame(0.0, index=rest, columns=table.columns).rename_axis("geoid")
    return carry(pd.concat([table, others]), table)


def _of_study(
    table: pd.DataFrame, part: TablePart, study: AreasPart, files: LiveFiles, path: Path
) -> pd.DataFrame:
    """Return a table that counts the residents: of the study's level, moved if it says so."""
    if part.reader != "table":
        table = _picked(table, part, path)
    if part.crosswalk is not None:
        table = _crosswalked(
            table, part.crosswalk, study, files, to=str(_BLOCK_YEAR), level=study.level
        )
    have = level_of(table)
    if have != study.level:
        raise InputError(
            f"counts the residents of each {have.replace('_', ' ')}, where the study has one row a "
            f"{study.level.replace('_', ' ')}",
            file=path,
            fix=f'say level = "{have}" in [study], or bring a table of {study.level} areas',
        )
    return table


def _picked(table: pd.DataFrame, part: TablePart, path: Path) -> pd.DataFrame:
    """Keep the columns that the study names, under its names, each with margin and status."""
    columns = {}
    for name, column in part.columns.items():
        if column.column not in table.columns:
            raise MissingColumnError(
                f"{part.reader} gives no {column.column}",
                file=path,
                fix=f"it gives {', '.join(map(str, table.columns[:30]))}",
            )
        for suffix in _COMPANIONS:
            if column.column + suffix in table.columns:
                columns[name + suffix] = table[column.column + suffix]
    return carry(pd.DataFrame(columns, index=table.index), table)


def _moved(
    table: pd.DataFrame,
    part: CrosswalkPart,
    people: pd.DataFrame,
    study: AreasPart,
    files: LiveFiles,
) -> pd.DataFrame:
    """Move a table of another vintage or kind to the study's areas."""
    to, level = str(meta(people).geo_vintage), level_of(people)
    moved = _crosswalked(table, part, study, files, to=to, level=level)
    here = moved[moved.index.isin(people.index)]
    return carry(here, moved)


def _crosswalked(
    table: pd.DataFrame,
    part: CrosswalkPart,
    study: AreasPart,
    files: LiveFiles,
    *,
    to: str,
    level: str,
) -> pd.DataFrame:
    # A ZIP area that reaches into the next state keeps its weights there.
    state = study.only_state if part.reader == "block_links" else None
    read_links, given = LINKS[part.reader], {"state": state}
    links = _below([call(read_links, path, given) for path in files.paths(part.file, "")])
    if part.reader == "connecticut_codes":
        return recode.connecticut(table, links, to=to)
    if part.reader == "block_links":
        paths = [] if part.blocks is None else files.paths(part.blocks, "")
        read = [read_blocks(path, year=_BLOCK_YEAR, state=state) for path in paths]
        blocks = _below(read) if read else None
        links = from_blocks(
            links, blocks, level=level, source_vintage="2010", target_vintage="2020"
        )
    ratios = {name: (above, below) for name, (above, below) in part.ratios.items()}
    file = next((source.file for source in meta(table).sources), None)
    with in_words_of_a_study(lambda _error: file):
        moved = crosswalk(table, links, to=to, counts=part.counts, ratios=ratios, drop=part.drop)
    told = moved.pop("crosswalk_status").value_counts().to_dict()
    how = ", ".join(f"{count:,} {status}" for status, count in sorted(told.items()))
    moved = moved.drop(columns="split_share", errors="ignore")
    return carry(moved, moved, notes=[f"moved to areas of {to}: {how}"])


def _below(links: Any) -> Any:
    """Return one set of links: a state's files, where each state has its own, below each other."""
    return links[0] if len(links) == 1 else carry(pd.concat(links), *links)


def _spread(table: pd.DataFrame, part: TablePart, people: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Give each area the values of the larger one that holds it, if the study says so."""
    have, want = level_of(table), level_of(people)
    if have == want:
        return table
    large, small = have.replace("_", " "), want.replace("_", " ")
    if not part.spread:
        larger = LEVELS[have] < LEVELS[want] and have != "zcta"
        raise InputError(
            f"one row a {large}, where the study has one row a {small}",
            file=path,
            fix=f"spread = true in this [[tables]] gives every {small} the value of its {large}"
            if larger
            else f"make a table of {small} areas of it first (equity.roll_up, equity.crosswalk), "
            "or name [tables.crosswalk]",
        )
    notes = []
    said = [name for name, column in part.columns.items() if column.unit == "count"]
    if said:
        raise InputError(
            f"counts of a {large} are not those of each {small} in it: {', '.join(said)}",
            file=path,
            fix="leave them out of columns, or take a share or a rate instead",
        )
    if not part.columns:
        counts = [c.name for c in describe(map(str, table.columns)) if c.is_count]
        table = carry(table.drop(columns=["name", *counts], errors="ignore"), table)
        notes = [f"{path.name}: counts of a {large} left out: {', '.join(counts)}"] * bool(counts)
    values = spread(table, people)
    held = parent(pd.Series(values.index, dtype=object), have).isin(table.index).to_numpy()
    # An area whose larger one is not in the table has no row, so that the join counts it.
    return carry(values[held], values, notes=notes)
