"""How areas of one kind are made of parts of another: the links a crosswalk moves figures along.

A link is a part that two areas share, with what is known of it: land (`area`), housing units
(`housing`), people (`population`). Weights follow from these amounts in either direction.

References
----------
Schroeder, J. P. (2007). Target-density weighting interpolation and uncertainty evaluation for
temporal analysis of census data. Geographical Analysis 39(3), 311-335.
doi:10.1111/j.1538-4632.2007.00706.x
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from equity.areas.geoid import LEVELS
from equity.areas.vintage import VINTAGES
from equity.errors import GeoidError, InputError, MissingColumnError
from equity.provenance import Source, meta

BASES = ("population", "housing", "area")
"""What a link may be measured in, the best first for people."""

_FALLBACK = {
    "population": ("population", "housing", "area"),
    "housing": ("housing", "population", "area"),
    "area": ("area", "housing", "population"),
}
_SHARE_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Relationship:
    """Links between the areas of two vintages or levels.

    Attributes
    ----------
    links
        Columns `source`, `target` (ids), and one or more of `population`, `housing` (counts) and
        `area` (any unit of land area): the amount in the part both share.
    source_level, target_level
        Keys of `equity.areas.geoid.LEVELS`, or a name of the user's own for the target.
    source_vintage, target_vintage
        ``2010``, ``2020`` or ``2020-CT2022``.
    bases
        Wording of where each amount comes from, for notes.
    sources
        Files it was read from.
    """

    links: pd.DataFrame
    source_level: str
    target_level: str
    source_vintage: str
    target_vintage: str
    bases: Mapping[str, str] = field(default_factory=dict)
    sources: tuple[Source, ...] = ()

    @property
    def measured_in(self) -> tuple[str, ...]:
        """Amounts the links have."""
        return tuple(b for b in BASES if b in self.links.columns)

    def reverse(self) -> Relationship:
        """Return the same links the other way."""
        return replace(
            self,
            links=self.links.rename(columns={"source": "target", "target": "source"}),
            source_level=self.target_level,
            target_level=self.source_level,
            source_vintage=self.target_vintage,
            target_vintage=self.source_vintage,
        )

    def weights(self, basis: str) -> pd.DataFrame:
        """Return the share of each source that goes to each target; a source's sum to 1.

        A source with nothing of the basis (no people) is divided by the next one: housing units
        or people, land, and equal parts at last.

        Parameters
        ----------
        basis
            ``population``, ``housing`` or ``area``.

        Returns
        -------
        DataFrame
            `source`, `target`, `weight` (above 0), and `basis`: the one used.
        """
        if basis not in BASES:
            raise InputError(f"{basis!r} is no basis of weights", fix=f"use {', '.join(BASES)}")
        code, ids = pd.factorize(self.links["source"])
        weight = np.zeros(len(code))
        used = np.full(len(code), "equal parts", dtype=object)
        open_links = np.ones(len(code), dtype=bool)
        for name in (b for b in _FALLBACK[basis] if b in self.links.columns):
            amount = self.links[name].to_numpy(dtype="float64")
            total = np.bincount(code, weights=amount, minlength=len(ids))[code]
            take = open_links & (total > 0)
            weight[take] = amount[take] / total[take]
            used[take] = name
            open_links &= ~take
        if open_links.any():
            count = np.bincount(code, minlength=len(ids))[code]
            weight[open_links] = 1 / count[open_links]
        result = pd.DataFrame(
            {
                "source": self.links["source"].to_numpy(),
                "target": self.links["target"].to_numpy(),
                "weight": weight,
                "basis": used,
            }
        )
        return result[result["weight"] > 0].reset_index(drop=True)

    def then(self, following: Relationship) -> Relationship:
        """Return the links through an intermediate kind of area: this one, then the next.

        Raises
        ------
        InputError
            If this one does not lead to where the next starts, or areas in between have no link.
        """
        if (self.target_level, self.target_vintage) != (
            following.source_level,
            following.source_vintage,
        ):
            raise InputError(
                f"the first relationship leads to {self.target_level} {self.target_vintage}, the "
                f"second starts from {following.source_level} {following.source_vintage}"
            )
        lost = ~self.links["target"].isin(following.links["source"])
        if lost.any():
            ids = self.links.loc[lost, "target"].unique()
            raise InputError("areas in between have no link onward", rows=list(ids))
        pieces = []
        for basis in self.measured_in:
            onward = following.weights(basis).drop(columns="basis")
            both = self.links[["source", "target", basis]].merge(
                onward.rename(columns={"source": "target", "target": "end"}), on="target"
            )
            both[basis] *= both["weight"]
            pieces.append(both.groupby(["source", "end"])[basis].sum())
        links = pd.concat(pieces, axis=1).fillna(0.0).reset_index()
        return replace(
            self,
            links=links.rename(columns={"end": "target"}),
            target_level=following.target_level,
            target_vintage=following.target_vintage,
            sources=(*self.sources, *following.sources),
        )

    def at_density_of(
        self, totals: pd.Series, *, basis: str, what: str = "target areas"
    ) -> Relationship:
        """Add an amount to links that only have land, from known totals of the target areas.

        The people (or homes) of a target are spread over its parts by land, so that a divided
        source sends more to the part that is denser today (target-density weighting).

        Parameters
        ----------
        totals
            Series: people or housing units of each target area.
        basis
            ``population`` or ``housing``.
        what
            Where the totals come from, for notes.

        Raises
        ------
        InputError
            If the links have no land area, or a target area has no total.
        """
        if basis not in ("population", "housing") or "area" not in self.links.columns:
            raise InputError("target-density weights need links with land area, and a basis")
        lost = ~self.links["target"].isin(totals.index)
        if lost.any():
            raise InputError(
                "target areas have no total", rows=list(self.links.loc[lost, "target"].unique())
            )
        onto = self.reverse().weights("area")
        amount = onto["weight"] * onto["source"].map(totals.astype("float64").fillna(0.0))
        added = pd.DataFrame({"source": onto["target"], "target": onto["source"], basis: amount})
        links = self.links.drop(columns=basis, errors="ignore")
        links = links.merge(added, on=["source", "target"], how="left")
        links[basis] = links[basis].fillna(0.0)
        wording = f"spread over land at the density of {what}"
        return replace(self, links=links, bases={**self.bases, basis: wording})


def relationship(
    links: pd.DataFrame,
    *,
    source_level: str,
    target_level: str,
    source_vintage: str,
    target_vintage: str,
    shares: bool = False,
    bases: Mapping[str, str] | None = None,
    sources: tuple[Source, ...] = (),
    file: str | Path | None = None,
) -> Relationship:
    """Make a relationship of a table of links, checked.

    Parameters
    ----------
    links
        Columns `source`, `target` and amounts (`population`, `housing`, `area`). Repeated pairs
        are added up.
    source_level, target_level, source_vintage, target_vintage
        What the ids are.
    shares
        The amounts are shares of the source, as in NHGIS crosswalks: they must sum to 1 (or to 0
        where nobody lives).
    bases
        Where the amounts come from, in words.
    sources
        Files it was read from.
    file
        Name used in errors.

    Raises
    ------
    InputError
        If amounts are missing or below 0, shares do not sum to 1, or a vintage is not known.
    GeoidError
        If ids have the wrong length.
    """
    measured = [b for b in BASES if b in links.columns]
    if not {"source", "target"} <= set(links.columns) or not measured:
        raise MissingColumnError(
            "links need the columns source, target and one of population, housing, area", file=file
        )
    for vintage in (source_vintage, target_vintage):
        if vintage not in VINTAGES:
            raise InputError(f"{vintage!r} is no vintage", fix=f"use {', '.join(VINTAGES)}")
    for side, level in (("source", source_level), ("target", target_level)):
        if level not in LEVELS:
            continue
        wrong = links[side].astype(str).str.len() != LEVELS[level]
        if wrong.any():
            raise GeoidError(
                f"{side} ids are no {level.replace('_', ' ')} ids",
                file=file,
                rows=list(links.loc[wrong, side]),
            )
    amounts = links[measured].astype("float64")
    bad = (amounts.isna() | (amounts < 0)).any(axis=1)
    if bad.any():
        raise InputError(
            "links have missing or negative amounts",
            file=file,
            rows=list(links.loc[bad, "source"]),
            fix="a part without land or people has the amount 0",
        )
    for basis in measured if shares else ():
        check_shares(links, basis, file=file)
    added = (
        links.assign(**amounts)
        .groupby(["source", "target"], sort=True, observed=True)[measured]
        .sum()
        .reset_index()
    )
    return Relationship(
        added,
        source_level,
        target_level,
        source_vintage,
        target_vintage,
        dict(bases or {}),
        tuple(sources),
    )


def check_shares(links: pd.DataFrame, column: str, *, file: str | Path | None = None) -> None:
    """Refuse shares of sources that do not sum to 1, naming the sources.

    Raises
    ------
    InputError
        If a source's shares are further than 0.0001 from 1; a source whose shares are all 0 (no
        people) is left to the fallback.
    """
    total = links.groupby("source")[column].sum()
    off = total[((total - 1).abs() > _SHARE_TOLERANCE) & (total != 0)]
    if len(off):
        raise InputError(
            f"the {column} weights of {len(off):,} areas do not sum to 1 "
            f"({off.index[0]}: {off.iloc[0]:.6g})",
            file=file,
            rows=list(off.index),
            fix="the crosswalk lacks links of these areas: get the whole file",
        )


def as_relationship(links: Relationship | pd.DataFrame) -> Relationship:
    """Make a relationship of what the package's readers return for the Census tract file.

    Parameters
    ----------
    links
        A `Relationship`, or the table of `equity.read_tract_relationship`: `geoid_2010`,
        `geoid_2020`, `land_km2`. Its weights are land only.

    Raises
    ------
    MissingColumnError
        If it is neither.
    """
    if isinstance(links, Relationship):
        return links
    columns = {"geoid_2010": "source", "geoid_2020": "target", "land_km2": "area"}
    if not set(columns) <= set(getattr(links, "columns", ())):
        raise MissingColumnError(
            f"a relationship has the columns {', '.join(columns)}",
            fix="read it with equity.read_tract_relationship, or build it with "
            "equity.from_blocks or equity.areas.relationship.relationship",
        )
    return relationship(
        links[list(columns)].rename(columns=columns),
        source_level="tract",
        target_level="tract",
        source_vintage="2010",
        target_vintage="2020",
        bases={"area": "land shared by 2010 and 2020 tracts"},
        sources=meta(links).sources,
    )
