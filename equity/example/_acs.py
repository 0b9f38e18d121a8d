"""ACS files of the example state: Census API answers and the table-based Summary File."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from equity.example import _plan as plan
from equity.example._land import Land
from equity.example._plan import Ints
from equity.example._survey import Households, Persons
from equity.example._tables import (
    BLOCK_GROUP_TABLES,
    CONTROLLED,
    NO_MARGIN,
    NOT_AVAILABLE,
    OPEN_ENDED,
    TOO_FEW,
    TOP_INCOME,
    Tables,
    tabulate,
)
from equity.files.atomic import write_text

MOST_VARIABLES = 50
_CONTROLLED_IN_COUNTIES = ("B01003_001", "B01001_001")


@dataclass(frozen=True)
class Level:
    """One geographic level: ids, names and tables, in the order of the ids."""

    prefix: str
    geoids: list[str]
    names: list[str]
    tables: Tables


def tabulate_levels(
    land: Land, h: Households, p: Persons, keys: Ints, rng: np.random.Generator
) -> dict[str, Level]:
    """Tables for counties, tracts and block groups, each summed from the same records."""
    tracts = land.tract_geoids
    county_of = [f"{plan.FIPS}{code}" for code in plan.COUNTY_FIPS]
    group_ids = [f"{tracts[k // 10]}{k % 10}" for k in keys]
    tract_area, county_area = keys // 10, land.tract_county[keys // 10]
    levels = {}
    for level, prefix, ids, area in (
        ("county", "0500000US", county_of, county_area),
        ("tract", "1400000US", tracts, tract_area),
        ("block_group", "1500000US", group_ids, np.arange(len(keys))),
    ):
        tables = tabulate(h, p, area, len(ids), noise=rng)
        order = sorted(range(len(ids)), key=ids.__getitem__)
        for column in (tables.estimate, tables.margin):
            for name, values in column.items():
                column[name] = values[order]
        geoids = [ids[i] for i in order]
        levels[level] = Level(prefix, geoids, [area_name(g) for g in geoids], tables)
    _sprinkle(levels)
    return levels


def area_name(geoid: str) -> str:
    """Return the Census Bureau's NAME of an area, marked as synthetic."""
    county = plan.county_label(plan.COUNTY_FIPS.index(geoid[2:5]))
    parts = [county, plan.STATE_NAME]
    if len(geoid) >= 11:
        parts.insert(0, f"Census Tract {tract_name(geoid[5:11])}")
    if len(geoid) == 12:
        parts.insert(0, f"Block Group {geoid[11]}")
    return "; ".join(parts)


def tract_name(code: str) -> str:
    """Six digits as the Census Bureau prints them: 010100 is 101, 010102 is 101.02."""
    whole, part = int(code[:4]), code[4:]
    return str(whole) if part == "00" else f"{whole}.{part}"


def _sprinkle(levels: dict[str, Level]) -> None:
    """Sentinels that a sample this size would not bring up by itself."""
    counties = levels["county"].tables
    for name in _CONTROLLED_IN_COUNTIES:
        counties.margin[name][:] = CONTROLLED
    tract = levels["tract"]
    income, margin = tract.tables.estimate["B19013_001"], tract.tables.margin["B19013_001"]
    forest = tract.geoids.index(next(g for g in tract.geoids if g[5:] == "980000"))
    income[forest] = margin[forest] = NOT_AVAILABLE
    richest = int(np.argmax(income))
    income[richest], margin[richest] = TOP_INCOME + 1, OPEN_ENDED
    people = tract.tables.estimate["B01003_001"]
    smallest = np.argsort(np.where(people > 0, people, people.max()), kind="stable")
    income[smallest[0]], margin[smallest[0]] = TOO_FEW, NO_MARGIN
    tract.tables.margin["B28002_010"][smallest[1:4]] = NO_MARGIN


def write_api(folder: Path, level: Level, kind: str) -> tuple[Path, ...]:
    """Write API answers of at most fifty variables each; every estimate travels with its margin."""
    folder.mkdir(parents=True, exist_ok=True)
    names = sorted(level.tables.estimate)
    if kind == "block_group":
        names = [name for name in names if name.startswith(BLOCK_GROUP_TABLES)]
    step = (MOST_VARIABLES - 2) // 2
    paths = []
    for number, start in enumerate(range(0, len(names), step), start=1):
        path = folder / f"acs5_{plan.ACS_YEAR}_{kind}_{plan.FIPS}_{number}.json"
        write_text(path, _answer(level, names[start : start + step], kind))
        paths.append(path)
    return tuple(paths)


def _answer(level: Level, names: list[str], kind: str) -> str:
    """One answer: a header row, then rows of text; geography columns come last."""
    geography = {"county": (2, 5), "tract": (2, 5, 11), "block_group": (2, 5, 11, 12)}[kind]
    labels = ["state", "county", "tract", "block group"][: len(geography)]
    header = ["GEO_ID", "NAME", *(f"{n}{s}" for n in names for s in "EM"), *labels]
    columns: list[list[str]] = [[level.prefix + g for g in level.geoids], level.names]
    for name in names:
        columns.append([str(v) for v in level.tables.estimate[name].tolist()])
        columns.append([str(v) for v in level.tables.margin[name].tolist()])
    starts = (0, *geography[:-1])
    columns.extend([g[a:b] for g in level.geoids] for a, b in zip(starts, geography, strict=True))
    rows = [header, *(list(row) for row in zip(*columns, strict=True))]
    return "[" + ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows) + "]\n"


def write_summary_file(folder: Path, levels: dict[str, Level]) -> tuple[Path, ...]:
    """Write one pipe-delimited file a table, with all levels in it, as in the bulk download."""
    folder.mkdir(parents=True, exist_ok=True)
    names = sorted(levels["tract"].tables.estimate)
    tables = sorted({name[:6] for name in names})
    paths = []
    for table in tables:
        mine = [name for name in names if name.startswith(table)]
        head = [f"{table}_{kind}{name[-3:]}" for name in mine for kind in "EM"]
        lines = ["|".join(["GEO_ID", *head])]
        for kind, level in levels.items():
            if kind == "block_group" and table not in BLOCK_GROUP_TABLES:
                continue
            both = [(level.tables.estimate[name], level.tables.margin[name]) for name in mine]
            matrix = np.column_stack([column for pair in both for column in pair]).tolist()
            lines.extend(
                "|".join([level.prefix + geoid, *map(str, row)])
                for geoid, row in zip(level.geoids, matrix, strict=True)
            )
        path = folder / f"acsdt5y{plan.ACS_YEAR}-{table.lower()}.dat"
        write_text(path, "\n".join(lines) + "\n")
        paths.append(path)
    return tuple(paths)
