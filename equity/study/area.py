"""The area a study is about: which of the areas read lie in it, and how much of each.

Everything is measured over all that was read: people who live at the border travel across it, and
share their clinics with those beyond. The area only selects what is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import geopandas as gpd
import numpy as np
import pandas as pd

from equity.areas.geoid import STATES, find_state
from equity.areas.inside import cut_by_blocks, cut_by_land, parts_of_areas, shares_inside
from equity.areas.relationship import BASES, Relationship
from equity.areas.words import number, plural, sentence_list
from equity.errors import EquityError, GeoidError, InputError, StudyError
from equity.language import said, tr, translated, trn, worded
from equity.measures.draws import Draws
from equity.provenance import Source, carry, meta
from equity.sources.catalog import LIVE, find_input
from equity.sources.census.boundaries import own_polygons, read_boundaries
from equity.sources.census.files import read_blocks
from equity.sources.census.relationships import read_zcta_relationship
from equity.sources.census.tribal import read_tribal_areas
from equity.sources.vintages import year_named
from equity.study.districts import districts_of
from equity.study.live import LiveFiles
from equity.study.naming import counties_called, county_names, one_called, tribal_called
from equity.study.parts import AreaPart, StudyPlan

__all__ = ["Area", "Ground", "find_area"]

_HERE = "area"
_LISTED = 4
_SLIVER = 0.01
"""Of an area's land: as much as outlines of different scales may differ by along one border."""


@dataclass(frozen=True)
class Area:
    """The part of what was read that a study is about.

    Attributes
    ----------
    name
        What it is called.
    rest
        What it is compared with: ``the rest of Virginia``; "" where it is all that was read.
    shares
        Index the areas that lie in it; ``population``, ``housing``, ``area``: how much of each
        (above 0, to 1).
    divided
        How areas that the line divides are counted, as a sentence; "" where it divides none.
    districts
        Area id -> district, where the study has districts.
    sources
        What it was found in.
    notes
        What reading that had to say.
    """

    name: str
    rest: str
    shares: pd.DataFrame
    divided: str = ""
    districts: pd.Series | None = None
    sources: tuple[Source, ...] = ()
    notes: tuple[str, ...] = ()

    def inside(self, table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Return the area's rows of a measured table, counts cut to the part inside."""
        part = parts_of_areas(table, self.shares)
        if (self.shares < 1.0).any(axis=None):
            part["inside_share"] = self.shares["population"].reindex(part.index)
        note = said(
            "{n} of {all} areas belong to {name}; all were measured",
            n=number(len(part)),
            all=number(len(table)),
            name=self.name,
        )
        return carry(part, part, notes=[note, *filter(None, [self.divided]), *self.notes])

    def outside(self, table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Return the rest of a measured table: the other rows, and the parts of divided ones."""
        left = (1.0 - self.shares.reindex(table.index)).fillna(1.0)
        return parts_of_areas(table, left[(left > 0).any(axis=1)])

    def people(self, index: pd.Index) -> pd.Series:
        """Return the share of each area's people who live inside: 0 for areas beyond."""
        return self.shares["population"].reindex(index).fillna(0.0)

    def drawn(self, draws: Draws) -> Draws:
        """Return the draws of the part inside."""
        here = draws.index.isin(self.shares.index)
        part = self.people(draws.index)[here]
        return replace(
            draws,
            index=draws.index[here],
            plain=draws.plain[here].mul(part, axis=0),
            reflected={
                name: values[:, here] * part.to_numpy(np.float32)
                for name, values in draws.reflected.items()
            },
            known=draws.known[here],
            drawn={name: flags[here] for name, flags in draws.drawn.items()},
            by_area=draws.by_area[here],
        )


class Ground(Protocol):
    """What places are looked for in: a study's inputs, or the table of a run."""

    @property
    def areas(self) -> gpd.GeoDataFrame:
        """One row an area, with ``county_name`` and a polygon where there is one."""

    @property
    def outlines(self) -> gpd.GeoDataFrame | None:
        """Counties, whose names are taken where the areas have none."""

    @property
    def blocks(self) -> pd.DataFrame | None:
        """People and homes by block, which share an area that a line divides."""


def find_area(plan: StudyPlan, folder: Path, inputs: Ground) -> Area | None:
    """Return the area that a study is about; None where it is about all that it reads.

    Raises
    ------
    EquityError
        If a place is not found or found twice, lies elsewhere, or its line divides areas and the
        study does not say what becomes of them.
    """
    if plan.area is None:
        return None
    finder = _Finder(plan, folder, inputs)
    try:
        return finder.found()
    except EquityError as error:
        raise error.again(what=f"[area]: {error.what}") from None


class _Finder:
    def __init__(self, plan: StudyPlan, folder: Path, inputs: Ground) -> None:
        assert plan.area is not None, "asked for before"
        self.part: AreaPart = plan.area
        self.study, self.inputs, self.areas = plan.study, inputs, inputs.areas
        self.files = LiveFiles(folder, plan.study.state, plan.study.level)
        self.counties = county_names(inputs.areas, inputs.outlines)
        self.sources: list[Source] = []
        self.notes: list[str] = []

    def found(self) -> Area:
        part = self.part
        ways = {
            "districts": self._districts,
            "polygons": self._polygons,
            "zctas": self._zctas,
            "tribal": self._tribal,
        }
        area = next((way() for name, way in ways.items() if getattr(part, name)), None)
        area = area or self._ids()
        if not len(area.shares):
            raise InputError("no area of the study lies in it", fix="check its place and spelling")
        whole = (area.shares.reindex(self.areas.index)["population"] >= 1.0).all()
        return replace(
            area,
            name=part.name or area.name,
            rest="" if whole else tr("the rest of {place}", place=translated(self._states())),
            sources=tuple(self.files.sources(self.sources)),
            notes=tuple(self.notes),
        )

    def _states(self) -> str:
        return worded(_listed, [STATES[state].name for state in self.study.state])

    def _whole(self, chosen: pd.Series) -> pd.DataFrame:
        return pd.DataFrame(1.0, index=self.areas.index[chosen], columns=list(BASES))

    def _told(self, shapes: gpd.GeoDataFrame) -> None:
        self.sources += meta(shapes).sources
        self.notes += meta(shapes).notes

    def _ids(self) -> Area:
        """Find states, counties and tracts by id or name."""
        part, ids = self.part, pd.Series(self.areas.index, index=self.areas.index)
        states = [find_state(name) for name in part.states]
        lost = [state.name for state in states if state.fips not in self.study.state]
        if lost:
            raise GeoidError(
                f"{lost[0]} is not among the states of the study",
                fix="add it to state in [study], with its files",
            )
        counties = counties_called(part.counties, self.counties)
        tracts = [tract.strip() for tract in part.tracts]
        lost = [tract for tract in tracts if not (ids.str[:11] == tract).any()]
        if lost:
            raise GeoidError(
                f"not among the areas of the study: {plural(len(lost), 'tract')}",
                rows=lost,
                fix="check their ids (11 digits) and their vintage",
            )
        chosen = ids.str[:2].isin([state.fips for state in states])
        chosen |= ids.str[:5].isin(counties) | ids.str[:11].isin(tracts)
        words = [state.name for state in states]
        if counties:
            words.append(self._called(counties))
        if tracts:
            words.append(worded(_tracts, len(tracts), self._states()))
        return Area(worded(_listed, words), "", self._whole(chosen))

    def _called(self, counties: Sequence[str]) -> str:
        """Return ``Lee County, Scott County and Wise County, Virginia``, or how many there are."""
        names = sorted(self.counties[code] or code for code in counties)
        states = [STATES[s].name for s in sorted({code[:2] for code in counties})]
        return worded(_counties, names, states)

    def _polygons(self) -> Area:
        path = self.files.path(self.part.polygons, "")
        shapes = own_polygons(path, layer=self.part.layer)
        self._told(shapes)
        name = path.name.partition(".")[0].replace("_", " ").replace("-", " ")
        if self.part.only:
            column = _naming(shapes, self.part.only)
            names = one_called(
                self.part.only, shapes[column].astype(str), f"polygon of {path.name}"
            )
            shapes, name = shapes[shapes[column].astype(str).isin(names)], worded(_listed, names)
        return self._shaped(shapes, name, path.name)

    def _tribal(self) -> Area:
        name = self.part.file or f"{LIVE}tribal-areas"
        year = find_input("tribal-areas").vintage
        path = self.files.path(name, year)
        shapes = read_tribal_areas(path, year=year_named(path, int(year)))
        self._told(shapes)
        mine = pd.Series(data=False, index=shapes.index)
        for text in self.part.tribal:
            mine |= tribal_called(text, shapes)
        names = worded(_listed, shapes.loc[mine, "name"].unique().tolist())
        return self._shaped(shapes[mine], names, "the tribal areas")

    def _zctas(self) -> Area:
        wanted = [str(zcta).strip().zfill(5) for zcta in self.part.zctas]
        name = worded(_zip_areas, wanted)
        path = self.files.path(self.part.file or f"{LIVE}zcta-relationship", "")
        linked = path.suffix.lower() in {".txt", ".csv"} or path.name.startswith("tab20_")
        if not linked:
            shapes = read_boundaries(path, year=year_named(path, 2020), level="zcta")
            self._told(shapes)
            self._refuse_unknown_zctas(wanted, shapes.index)
            return self._shaped(shapes.loc[wanted], name, path.name)
        if self.study.level != "tract":
            raise InputError(
                f"ZIP areas are linked to tracts, and the study is of {self.study.level} areas",
                fix='name their polygons: file = "cb_2020_us_zcta520_500k.zip"',
            )
        known = read_zcta_relationship(path)
        self.sources += known.sources
        links = known.links
        self._refuse_unknown_zctas(wanted, pd.Index(links["target"].unique()))
        mine = links["source"].isin(links.loc[links["target"].isin(wanted), "source"])
        mine &= links["source"].str[:2].isin(self.study.state)
        target = np.where(links["target"].isin(wanted), _HERE, "outside")
        cut = links.assign(target=target)[mine].groupby(["source", "target"])["area"].sum()
        return self._cut(cut.reset_index(), name, by="land")

    def _refuse_unknown_zctas(self, wanted: Sequence[str], known: pd.Index) -> None:
        lost = [zcta for zcta in wanted if zcta not in known]
        if lost:
            raise GeoidError(
                f"{lost[0]} is no ZIP Code Tabulation Area",
                rows=lost,
                fix="ZIP codes of post boxes have none: give that of the place around it",
            )

    def _districts(self) -> Area:
        assert self.part.districts is not None, "asked for before"
        path = self.files.path(self.part.districts.file, "")
        found, source = districts_of(self.part.districts, path, self.areas, self.counties)
        self.sources.append(source)
        only = one_called(self.part.districts.only, found.dropna().unique(), "district")
        chosen = found.isin(only) if only else found.notna()
        name = worded(_listed, only) if only else self._states()
        return Area(name, "", self._whole(chosen), districts=found[chosen])

    def _shaped(self, shapes: gpd.GeoDataFrame, name: str, file: str) -> Area:
        """Find the areas that polygons cover, by their blocks where these are at hand."""
        blocks = self._blocks()
        shape = shapes.geometry
        if blocks is not None:
            links = cut_by_blocks(shape, blocks, self.study.level, _HERE)
            links = links[links["source"].isin(self.areas.index)]
        else:
            links = cut_by_land(self.areas[self.areas.geometry.notna()], shape, _HERE)
        if not (links["target"] == _HERE).any():
            west, south, east, north = shapes.total_bounds
            raise InputError(
                f"the polygons touch no area of {self._states()}: they lie at {south:.2f} to "
                f"{north:.2f} degrees north, {west:.2f} to {east:.2f} east",
                file=file,
                fix="check the file's coordinate reference system, and the state of the study",
            )
        return self._cut(links, name, by="people of blocks" if blocks is not None else "land")

    def _blocks(self) -> pd.DataFrame | None:
        if self.part.blocks is None:
            return self.inputs.blocks
        paths = self.files.paths(self.part.blocks, "")
        read = [read_blocks(path, year=2020, state=self.study.only_state) for path in paths]
        self.sources += [source for table in read for source in meta(table).sources]
        return pd.concat(read)

    def _cut(self, links: pd.DataFrame, name: str, *, by: str) -> Area:
        """Return an area of parts, as the study says what becomes of areas that are divided."""
        vintage = str(meta(self.areas).geo_vintage)
        shares = shares_inside(
            Relationship(links, self.study.level, _HERE, vintage, vintage), _HERE
        )
        if by == "land":
            shares = shares.mask(shares > 1 - _SLIVER, 1.0).loc[lambda s: s["area"] > _SLIVER]
        cut = shares.index[(shares < 1.0).any(axis=1)]
        how = self.part.cut or ("blocks" if by != "land" else "refuse")
        if not len(cut):
            return Area(name, "", shares)
        if how == "refuse":
            raise InputError(
                f"its line divides {plural(len(cut), 'area')}",
                rows=list(cut),
                fix='name the blocks that share them, blocks = "live:blocks", or say '
                'cut = "inside-majority" to count whole areas by where most of each lies',
                code="E-AREA-DIVIDES",
            )
        if how == "blocks":
            return self._by_blocks(shares, cut, name, by)
        most = shares["population"] >= 0.5
        kept = shares[most].mask(shares[most] < 1.0, 1.0)
        if not len(kept):
            raise InputError(
                f"the greater part of no area lies in it; it takes in parts of {number(len(cut))}",
                rows=list(cut),
                fix='count their blocks: blocks = "live:blocks", cut = "blocks"',
            )
        whole, none = number(most[cut].sum()), number((~most[cut]).sum())
        start = _divided(len(cut))
        words = (
            said(
                "{said}: {whole} with most of their land inside count whole, {none} not at all",
                said=start,
                whole=whole,
                none=none,
            )
            if by == "land"
            else said(
                "{said}: {whole} with most of their people of blocks inside count whole, {none} "
                "not at all",
                said=start,
                whole=whole,
                none=none,
            )
        )
        return Area(name, "", kept, words)

    def _by_blocks(self, shares: pd.DataFrame, cut: pd.Index, name: str, by: str) -> Area:
        if by == "land":
            raise StudyError(
                'cut = "blocks" needs populated blocks',
                fix='name them: blocks = "live:blocks"; ZIP areas need their polygons as well',
            )
        words = said(
            "{said}: the counts of each are cut to the people and homes of its blocks inside; "
            "shares, minutes and standing are those of the whole area",
            said=_divided(len(cut)),
        )
        return Area(name, "", shares, words)


def _listed(names: Sequence[str]) -> str:
    return sentence_list([translated(name) for name in names])


def _counties(names: Sequence[str], states: Sequence[str]) -> str:
    if len(names) > _LISTED:
        n = number(len(names))
        return tr("{n} counties of {states}", n=n, states=sentence_list(states))
    return f"{sentence_list(names)}, {sentence_list(states)}"


def _tracts(n: int, place: str) -> str:
    where = translated(place)
    return trn("{n} tract of {place}", "{n} tracts of {place}", n, n=number(n), place=where)


def _zip_areas(codes: Sequence[str]) -> str:
    listed = sentence_list(codes)
    return trn("ZIP area {codes}", "ZIP areas {codes}", len(codes), codes=listed)


def _divided(n: int) -> str:
    if n == 1:
        return said("The line divides 1 area")
    return said("The line divides {n} areas", n=number(n))


def _naming(shapes: gpd.GeoDataFrame, wanted: Sequence[str]) -> str:
    """Return the column of text that names the polygons wanted."""
    texts = [name for name in shapes.columns if name != shapes.geometry.name]
    plain = {text.casefold() for text in wanted}
    hits = {n: len(plain & set(shapes[n].astype(str).str.casefold())) for n in texts}
    best = max(hits, key=lambda name: hits[name], default="")
    if not best:
        raise InputError("the polygons have no names", fix="leave only out, or cut the file")
    return best
