"""Estimated minutes against published ones: bias, spread, and the speeds that follow from both.

A ratio that is not 1 is a bias and is divided out; what is left is the spread. Never the other way
round: a spread cannot make up for minutes that are a quarter short.
"""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd

from equity.errors import InputError
from equity.measures.reach._speeds import REFERENCE_KM, ROAD_KMH, Roads, TravelEstimate
from equity.measures.reach.places import Floats

__all__ = ["FEWEST_PAIRS", "correct_minutes", "fit_roads", "fit_travel", "travel_facts"]

FEWEST_PAIRS = 10
"""Pairs below which a group has no bias and no spread of its own."""

_ALL = "all"
_NORMAL = 1.482602218505602
"""Standard deviation of a normal variable over the median of its absolute deviations."""


def fit_travel(
    estimated: pd.Series, published: pd.Series, *, groups: pd.Series | None = None
) -> pd.DataFrame:
    """Return bias and spread of estimated minutes against published ones.

    Parameters
    ----------
    estimated, published
        Minutes one way by area id. Pairs of which one is missing, 0 or less tell nothing about a
        ratio and are left out (a published 0 is a site inside the area).
    groups
        Rurality, or any other label, by area id; areas without one count in ``all`` only.

    Returns
    -------
    DataFrame
        By group, ``all`` last: ``pairs_n``; ``bias`` (median of estimated over published; below 1
        the estimate is short); ``sd`` (of the logarithm of the ratio about its median: 1.4826 times
        the median absolute deviation, which a few wrong sites do not move) and ``sd_plain`` (root
        mean square, which they do); ``rank_correlation``. Missing for groups of fewer than
        :data:`FEWEST_PAIRS` pairs.

    Raises
    ------
    InputError
        If no pair is left.

    Examples
    --------
    >>> published = pd.Series(range(1, 21), dtype=float)
    >>> fit_travel(published * 0.8, published).loc["all", "bias"].round(3)
    np.float64(0.8)
    """
    pairs = _pairs(estimated, published)
    rows: dict[str, dict[str, float]] = {}
    if groups is not None:
        named = groups.reindex(pairs.index)
        rows = {str(g): _fit(pairs[named == g]) for g in sorted(named.dropna().unique())}
    rows[_ALL] = _fit(pairs)
    table = pd.DataFrame.from_dict(rows, orient="index")
    table["pairs_n"] = table["pairs_n"].astype(int)
    table.index.name = "group"
    return table


def correct_minutes(
    estimated: pd.Series, fit: pd.DataFrame, *, groups: pd.Series | None = None
) -> pd.Series:
    """Return minutes with the bias divided out: that of each area's group, else that of all.

    Parameters
    ----------
    estimated
        Minutes by area id.
    fit
        From :func:`fit_travel`, perhaps of another state.
    groups
        As there.
    """
    bias = pd.Series(fit["bias"][_ALL], index=estimated.index)
    if groups is not None:
        own = groups.reindex(estimated.index).map(fit["bias"].drop(_ALL))
        bias = own.astype(float).fillna(bias)
    return estimated / bias


def fit_roads(km: pd.Series, published: pd.Series, *, source: str = "") -> Roads:
    """Return the speeds that follow published minutes: one curve, without bias by construction.

    ``minutes = m x (km / 20) ** exponent``, by least absolute errors of the logarithm: sites that
    one list has and the other lacks do not move it.

    Parameters
    ----------
    km
        Great-circle km to the nearest site by area id (``nearest_site_km``).
    published
        Road minutes to the nearest of the *same* sites.
    source
        Whose minutes they are; carried with every estimate.

    Returns
    -------
    Roads
        With its own spread, for ``roads=``.

    Raises
    ------
    InputError
        For fewer than :data:`FEWEST_PAIRS` pairs.

    Examples
    --------
    >>> km = pd.Series(range(1, 31), dtype=float)
    >>> roads = fit_roads(km, 30 * (km / 20) ** 0.75)
    >>> round(roads.exponent, 3), round(roads.detour * 60 * 20 / roads.kmh["unknown"], 2)
    (0.75, 30.0)
    """
    from scipy.optimize import minimize_scalar

    pairs = _pairs(km, published)
    if len(pairs) < FEWEST_PAIRS:
        raise InputError(
            f"{len(pairs)} pairs are too few to fit speeds", fix=f"give {FEWEST_PAIRS} or more"
        )
    length = np.log(pairs["estimated"].to_numpy() / REFERENCE_KM)
    minutes = np.log(pairs["published"].to_numpy())

    def loss(exponent: float) -> float:
        rest = minutes - exponent * length
        return float(np.abs(rest - np.median(rest)).mean())

    # For a given exponent the median is best; what is left is convex in the exponent.
    found = minimize_scalar(loss, bounds=(0.05, 1.0), method="bounded", options={"xatol": 1e-6})
    exponent = float(found.x)
    at_reference = float(np.exp(np.median(minutes - exponent * length)))
    kmh = Roads().detour * REFERENCE_KM * 60.0 / at_reference
    draft = Roads(kmh=dict.fromkeys(ROAD_KMH, kmh), exponent=exponent)
    per_km = draft.minutes_per_km(None, pairs.index)
    fitted = pd.Series(draft.minutes(pairs["estimated"].to_numpy(), per_km), index=pairs.index)
    sd = float(fit_travel(fitted, pairs["published"])["sd"][_ALL])
    return Roads(
        kmh=draft.kmh, exponent=exponent, estimate=TravelEstimate(sd=sd, source=source or "fitted")
    )


def travel_facts() -> pd.DataFrame:
    """Return what the shipped speeds were held against, for a page to print.

    Returns
    -------
    DataFrame
        One row a comparison: ``roads`` (name in :data:`equity.measures.reach.travel.ROADS`),
        ``place``, ``rurality`` (``all`` or a class), ``published`` (whose minutes), ``unit``
        (``tract``, or ``county average`` over six kinds of site), ``same_sites``, ``fitted_on``
        (the speeds were set on these very minutes), ``pairs_n``, ``bias``, ``sd``,
        ``rank_correlation`` (missing where they were not recorded), ``as_of``, and ``counties``,
        ids of those that a place is made of that is no whole state.

    Examples
    --------
    >>> facts = travel_facts().query("place == 'West Virginia'")
    >>> [f"{1 - bias:.0%} short in West Virginia" for bias in facts["bias"]]
    ['24% short in West Virginia']
    """
    text = (resources.files(__package__) / "travel_facts.toml").read_text(encoding="utf-8")
    record = tomllib.loads(text)
    rows: list[dict[str, Any]] = [
        {**dict(zip(record["columns"], row, strict=True)), "as_of": record["as_of"]}
        for row in record["facts"]
    ]
    facts = pd.DataFrame(rows).astype({"pairs_n": "Int64"})
    regions = {place: tuple(ids) for place, ids in record["regions"].items()}
    return facts.assign(counties=facts["place"].map(lambda place: regions.get(place, ())))


def _pairs(estimated: pd.Series, published: pd.Series) -> pd.DataFrame:
    pairs = pd.DataFrame({"estimated": estimated, "published": published.reindex(estimated.index)})
    pairs = pairs.astype(float)
    both = pairs[((pairs > 0) & np.isfinite(pairs)).all(axis=1)]
    if both.empty:
        raise InputError(
            "no area has both estimated and published minutes above 0",
            rows=published.index[:3].tolist(),
            fix="give both by the same ids, as text",
        )
    return both


def _fit(pairs: pd.DataFrame) -> dict[str, float]:
    ratio: Floats = np.log(pairs["estimated"].to_numpy() / pairs["published"].to_numpy())
    if len(ratio) < FEWEST_PAIRS:
        return {"pairs_n": len(ratio), **dict.fromkeys(_MEASURES, np.nan)}
    away = ratio - np.median(ratio)
    values = (
        np.exp(np.median(ratio)),
        _NORMAL * np.median(np.abs(away)),
        np.sqrt(np.mean(away**2)),
        pairs["estimated"].corr(pairs["published"], method="spearman"),
    )
    return {"pairs_n": len(ratio), **dict(zip(_MEASURES, map(float, values), strict=True))}


_MEASURES = ("bias", "sd", "sd_plain", "rank_correlation")
