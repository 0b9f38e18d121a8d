"""What a fact sheet says of the places of care: those that lie there, and who relies on them."""

from __future__ import annotations

from collections.abc import Iterator

import geopandas as gpd
import pandas as pd

from equity.areas.words import about, number
from equity.language import tr, trn
from equity.outputs.factsheet import FEW, beyond_border, is_few

__all__ = ["care_words"]

_MOST_NAMED = 4


def care_words(
    table: pd.DataFrame, own: pd.DataFrame, sites: gpd.GeoDataFrame | None, *, whole: bool
) -> Iterator[str]:
    """Yield which places of care lie there, which is the nearest, and who relies on them."""
    if sites is None:
        yield tr("The run has no list of places of care.")
        return
    inside = sites.iloc[:0]
    if isinstance(own, gpd.GeoDataFrame):
        shapes = own[["geometry"]].dropna()
        inside = sites.loc[sites.index.isin(sites.sjoin(shapes, predicate="within").index)]
    names = [str(name) for name in inside["name"]]
    yield _places_here(names, whole=whole)
    if whole and (beyond := len(sites) - len(inside)):
        yield beyond_border(beyond)
    if "nearest_site_id" not in table:
        return
    if len(own) == 1 and own["nearest_site_id"].iloc[0] in sites.index:
        site = sites.loc[own["nearest_site_id"].iloc[0], "name"]
        yield tr("The nearest is {site}.", site=site)
    relying = table.loc[table["nearest_site_id"].isin(inside.index), "population_n"].sum()
    if names and not whole:
        said = tr(FEW) if is_few(relying) else tr("about {n}", n=about(relying))
        yield trn(
            "Of the run’s residents {n} have it nearest.",
            "Of the run’s residents {n} have one of them nearest.",
            len(names),
            n=said,
        )


def _places_here(names: list[str], *, whole: bool) -> str:
    """Say how many places of care lie here, and which, of a part of the run."""
    if not names:
        return tr("No place of care that the study counts lies here.")
    n = number(len(names))
    if whole:
        return trn(
            "{n} place of care that the study counts lies here.",
            "{n} places of care that the study counts lie here.",
            len(names),
            n=n,
        )
    listed, more = "; ".join(names[:_MOST_NAMED]), len(names) - _MOST_NAMED
    if more > 0:
        return tr(
            "{n} places of care that the study counts lie here: {names} and {more} more.",
            n=n,
            names=listed,
            more=number(more),
        )
    return trn(
        "{n} place of care that the study counts lies here: {names}.",
        "{n} places of care that the study counts lie here: {names}.",
        len(names),
        n=n,
        names=listed,
    )
