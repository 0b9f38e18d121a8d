"""A folder that a run wrote, read again: its table and its record."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import pandas as pd
import pyogrio

from equity.areas.geoid import STATES
from equity.areas.table import level_of
from equity.errors import FormatError, InputError, MissingFileError
from equity.files.shapes import leaves_nothing_beside
from equity.language import ENGLISH, current
from equity.measures.draws import Interval
from equity.outputs.ownership import RECORD, owned_files
from equity.provenance import Source, sha256_of, stamp
from equity.study.parts import StudyPlan

__all__ = ["Run", "language_of", "read_run"]

_TABLE, _OF_STATES = "communities.parquet", "counties.parquet"


class Run(NamedTuple):
    """What a run wrote.

    Attributes
    ----------
    table
        One row an area; of a run of states all their areas.
    record
        What its provenance says.
    folder
        Where it stands.
    states
        FIPS code -> folder of that state's own run, where each state was run apart.
    """

    table: pd.DataFrame
    record: dict[str, Any]
    folder: Path
    states: Mapping[str, Path] = {}

    @property
    def plan(self) -> StudyPlan:
        """The study as it was run: found in order then, so only its fields are read again."""
        return StudyPlan.model_validate(tomllib.loads(self.record["study"]))

    @property
    def application(self) -> pd.DataFrame | None:
        """The sites of the study's application; None where it lists none."""
        part, told = self.plan.application, self.record.get("application")
        if part is None or part.sites is None:
            return None
        if not told:
            raise InputError(
                f"the run names a list of its application's sites, {part.sites}, and kept none",
                file=self.folder / RECORD,
                fix="run the study again, or give the list with --sites",
            )
        return pd.DataFrame.from_dict(told, orient="index").rename_axis("site")

    @property
    def title(self) -> str:
        """What it is about."""
        return str(self.told.get("title", ""))

    @property
    def told(self) -> dict[str, Any]:
        """What its provenance says, in the language that is being written if the run was, too."""
        own = self.record.get("translated", {}) if self.record.get("language") == current() else {}
        return {**self.record, **own}

    @property
    def rest(self) -> gpd.GeoDataFrame | None:
        """What lies outside the area that it is about: a run does not keep it."""
        return None

    @property
    def placed(self) -> gpd.GeoDataFrame:
        """The table, with an empty polygon where a run has none."""
        if isinstance(self.table, gpd.GeoDataFrame):
            return self.table
        return gpd.GeoDataFrame(
            self.table.assign(geometry=None), geometry="geometry", crs="EPSG:4269"
        )

    def interval(self, what: str) -> Interval:
        """Return 90 % of the draws of a count of all that was run, as its record keeps them."""
        told = self.record.get("draws", {}).get(what, {})
        return Interval(math.nan, told.get("p05_n", math.nan), told.get("p95_n", math.nan))

    def sites(self) -> gpd.GeoDataFrame | None:
        """Read the places of care that it wrote; None where it wrote none."""
        if not self.states:
            return _layer(self.folder, "sites", "site_id")
        found = []
        for fips, folder in self.states.items():
            own = _layer(folder, "sites", "site_id")
            if own is not None:  # those beyond its border are in the next state's own run
                here = self.placed.loc[self.table.index.str.startswith(fips), ["geometry"]]
                inside = own.index.isin(own.sjoin(here.dropna(), predicate="within").index)
                found.append(own[inside].set_axis(fips + ":" + own.index[inside].astype(str)))
        return gpd.GeoDataFrame(pd.concat(found)) if found else None

    def counties(self) -> gpd.GeoDataFrame | None:
        """Read the counties that it added up; None where its areas are counties."""
        if self.states:
            return gpd.read_parquet(self.folder / _OF_STATES)
        return _layer(self.folder, "counties", "geoid")

    @property
    def headline(self) -> str:
        """Id of the rule that its plain columns are under."""
        rules = [rule for rule in self.record.get("rules", []) if rule.get("headline")]
        return str(rules[0]["id"]) if rules else ""


def language_of(folder: str | Path | None) -> str:
    """Return the language that a run wrote its folder in; English where no run stands."""
    path = Path(folder or ".") / RECORD
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["language"])
    except (OSError, ValueError, TypeError, KeyError):  # a reader of the run says what is wrong
        return ENGLISH


def read_run(folder: str | Path) -> Run:
    """Read the table and the record of a folder that ``equity run`` wrote.

    Where it ran state by state, the tables are those of the states' own folders.

    Raises
    ------
    MissingFileError
        If the folder holds no run, or its table, or the run of one of its states, is gone.
    FormatError
        If the table is not what the run wrote.
    """
    folder = Path(folder)
    owned, path = owned_files(folder), folder / _TABLE
    if owned is not None and _TABLE not in owned and _OF_STATES in owned:
        return _of_states(folder)
    if owned is None or _TABLE not in owned or not path.is_file():
        raise MissingFileError(
            f"no run stands there: it takes {RECORD} and {_TABLE}",
            file=folder,
            fix="name folders that `equity run` wrote",
        )
    if sha256_of(path) != owned[_TABLE]:
        raise FormatError(
            "the table was changed since the run wrote it", file=path, fix="run the study again"
        )
    try:
        return Run(gpd.read_parquet(path), _record(folder), folder)
    except ValueError:  # a table without a single polygon
        return Run(pd.read_parquet(path), _record(folder), folder)


def _layer(folder: Path, layer: str, ids: str) -> gpd.GeoDataFrame | None:
    path = folder / "communities.gpkg"
    if not path.is_file():
        return None
    with leaves_nothing_beside():
        if layer not in pyogrio.list_layers(path)[:, 0]:
            return None
        return gpd.GeoDataFrame(gpd.read_file(path, layer=layer).set_index(ids))


def _record(folder: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    return record


def _of_states(folder: Path) -> Run:
    """Put the tables of states that were run apart under one another."""
    whole = Run(pd.DataFrame(), _record(folder), folder)
    folders = {fips: folder / STATES[fips].usps.lower() for fips in whole.plan.study.state}
    lost = [STATES[fips].name for fips, place in folders.items() if owned_files(place) is None]
    if lost:
        raise MissingFileError(
            f"the runs of {len(lost)} of its {len(folders)} states are gone: {', '.join(lost[:5])}",
            file=folder,
            fix="run the study again, or name the folder of one state that is there",
        )
    runs = [read_run(place) for place in folders.values()]
    bare = [run.table.copy(deep=False) for run in runs]
    for one in bare:
        one.attrs = {}
    table = pd.concat(bare)
    areas = {**whole.record["areas"], "label": runs[0].record["areas"]["label"]}
    stamp(
        table,
        level=level_of(runs[0].table),
        geo_vintage=areas["geo_vintage"],
        sources=[Source.from_dict(one) for one in whole.record["sources"]],
    )
    return whole._replace(table=table, record={**whole.record, "areas": areas}, states=folders)
