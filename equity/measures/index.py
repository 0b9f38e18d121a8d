"""Composite indices of need from recipes: a second view of places, never the headline.

An index adds up what has no common unit, so its weights are choices. The recipe says them, every
indicator's part of the index is given beside it, and :func:`index_stability` shows what becomes of
the ranks under other weights, means and scales, and which of these choices decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from equity.errors import InputError
from equity.language import said, tr
from equity.measures._index_scores import Floats, Made, made_by, percentile
from equity.measures.checks import refuse_seed
from equity.provenance import carry
from equity.rules import IndexRecipe

__all__ = [
    "WORST_TENTH", "IndexStability", "effective_weights", "index_stability", "need_index",
    "percentile", "variance_parts",
]  # fmt: skip

WORST_TENTH = 0.9
"""Ranks from here on are the worst tenth of areas."""
_WEIGHTS_TRIED = 64
"""Sets of weights that are crossed with every mean and scale: each is a ranking of all areas."""


def need_index(table: pd.DataFrame, recipe: IndexRecipe | str | Path) -> pd.DataFrame:
    """Return a composite index of need, its rank, and what every indicator adds to it.

    Parameters
    ----------
    table
        Area table with the recipe's columns; areas where ``population_n`` is 0 are left out.
        Ranks are among its rows: those of a state's table are ranks in the state.
    recipe
        A recipe, the id of one that ships (``svi-2022``, ``ddi-2017``, ``three-pillars`` …), or a
        TOML file.

    Returns
    -------
    pandas.DataFrame
        With the caller's index: ``need_index``, the weighted mean of standardized indicators (0 to
        1 with percentiles); ``need_index_rank``, its percentile; for each indicator
        ``need_value__…`` (as it is, percentages from 0 to 100) and ``need_part__…`` (the parts add
        up to the index); for each theme ``need_theme_rank__…``; ``need_index_status``: ``ok``,
        ``theme_missing`` (the index rests on the other themes), ``not_computable`` (more themes
        are missing than the recipe allows) or ``no_population``.

    Raises
    ------
    MissingColumnError
        If a column is missing.
    InputError
        If an indicator has the same value everywhere, or the recipe adds up columns as they are
        that are no shares: dollars would drown all else.

    References
    ----------
    OECD & JRC 2008, Handbook on Constructing Composite Indicators, ISBN 978-92-64-04345-9.
    Flanagan et al. 2011, Journal of Homeland Security and Emergency Management 8(1), 3,
    doi:10.2202/1547-7355.1792 (known from secondary sources).

    Examples
    --------
    >>> from equity.rules.index_recipe import Indicator, IndexRecipe, Theme
    >>> one = [(name, Indicator(name, name, column=f"{name}_share")) for name in ("poor", "old")]
    >>> themes = tuple(Theme(name, name, (indicator,)) for name, indicator in one)
    >>> own = IndexRecipe("own", "Own", "2025-01-01", "none", "primary", themes)
    >>> areas = pd.DataFrame({"poor_share": [0.1, 0.2, 0.4], "old_share": [0.3, 0.2, 0.1]})
    >>> need_index(areas, own)[["need_index", "need_part__poor", "need_part__old"]].values.tolist()
    [[0.5, 0.0, 0.5], [0.5, 0.25, 0.25], [0.5, 0.5, 0.0]]
    """
    made = made_by(table, recipe)
    known = made.present.any(axis=1)
    frame = pd.DataFrame({"need_index": made.index, "need_index_rank": made.ranked(made.index)})
    parts = made.scores * made.weights
    for column, one in enumerate(made.recipe.indicators):
        frame[f"need_value__{one.id}"] = made.raw[:, column]
        frame[f"need_part__{one.id}"] = np.where(
            known & np.isfinite(made.index), np.nan_to_num(parts[:, column]), np.nan
        )
    for number, theme in enumerate(made.recipe.themes):
        within = made.of_theme == number
        weight = np.array([one.weight for one in theme.indicators])
        sums = (made.scores[:, within] * weight).sum(axis=1)
        frame[f"need_theme_rank__{theme.id}"] = made.rank(sums, 1.0)
    frame["need_index_status"] = made.status
    frame.index = table.index
    ranked = int(np.isfinite(made.index).sum())
    note = said(
        "{title} ({id}): ranks among {n} areas of this table",
        title=said(made.recipe.title),
        id=made.recipe.id,
        n=f"{ranked:,}",
    )
    return carry(frame, table, notes=[note])


@dataclass(frozen=True, eq=False)
class IndexStability:
    """What becomes of an index under other weights and another mean.

    Attributes
    ----------
    settings
        One row a setting, index ``setting``: ``label``; ``rank_shift_n``, by how many places an
        area moves on average; ``rank_correlation`` (Spearman) with the recipe's own;
        ``worst_tenth_overlap_share``, of the areas in the worst tenth under either those that are
        in both. Missing where a setting cannot be computed (``why_not``).
    indicators
        Index ``indicator``: ``weight_share``, the part of all weights; ``effective_share``, the
        squared correlation with the index: what the weights come to.
    areas
        By area id: ``need_index_rank``, its ``_p05`` and ``_p95`` over random weights of themes (of
        indicators, if there is one theme) and ``worst_tenth_share``, in how many of these draws the
        area is in the worst tenth.
    choices
        Sobol's indices of three choices made at once and at random, index ``choice``: ``weights``
        (of themes, as above), ``mean`` (arithmetic or geometric, of themes), ``scale`` (percentile,
        range, or the recipe's own; of those, the ones that have a geometric mean). Of the variance
        of the mean shift of ranks the part that a choice makes alone (``rank_shift_alone_share``)
        and with all its interactions (``rank_shift_total_share``); of that of the overlap of the
        worst tenths ``worst_tenth_alone_share`` and ``worst_tenth_total_share``. 0 where nothing
        varies, missing where no area is in a worst tenth.
    recipe
        What the index is made by.
    """

    settings: pd.DataFrame
    indicators: pd.DataFrame
    areas: pd.DataFrame
    choices: pd.DataFrame
    recipe: IndexRecipe


def index_stability(
    table: pd.DataFrame, recipe: IndexRecipe | str | Path, *, draws: int = 500, seed: int = 0
) -> IndexStability:
    """Rank areas under other weights and aggregations than the recipe's.

    Parameters
    ----------
    table, recipe
        As for :func:`need_index`.
    draws
        How many random sets of weights, all sets equally likely.
    seed
        Of the draws.

    Returns
    -------
    IndexStability

    References
    ----------
    Saisana, Saltelli & Tarantola 2005, JRSS A 168(2), 307-323,
    doi:10.1111/j.1467-985X.2005.00350.x (choices as inputs of a sensitivity analysis).
    Paruolo, Saisana & Saltelli 2013, JRSS A 176(3), 609-634,
    doi:10.1111/j.1467-985X.2012.01059.x (effective weights).
    """
    made = made_by(table, recipe)
    if draws < 1:
        raise InputError(f"draws is {draws}", fix="give 1 or more")
    refuse_seed(seed)
    own = made.ranked(made.index)
    rows: dict[str, tuple[str, Floats | None, str]] = {"recipe": (tr("as the recipe is"), own, "")}
    for key, label, weights in _other_weights(made):
        rows[key] = (label, made.ranked(_mean(made.scores, weights, made)), "")
    label, why = tr("geometric mean of themes"), "" if made.has_geometric else tr("scores below 0")
    rows["geometric"] = (
        label,
        None if why else made.ranked(_geometric(made.scores, made.nominal, made)),
        why,
    )
    frame = pd.DataFrame([_compared(key, *row, own=own) for key, row in rows.items()]).set_index(
        "setting"
    )
    rng = np.random.default_rng(seed)
    sets = _random(made, rng, draws)
    drawn = np.stack([made.ranked(_mean(made.scores, w, made)) for w in sets])
    known = np.isfinite(own)
    low, high = np.full(len(own), np.nan), np.full(len(own), np.nan)
    low[known], high[known] = np.quantile(drawn[:, known], [0.05, 0.95], axis=0)
    worst = np.where(known, (drawn >= WORST_TENTH).mean(axis=0), np.nan)
    ranks = {"need_index_rank": own, "need_index_rank_p05": low, "need_index_rank_p95": high}
    areas = pd.DataFrame({**ranks, "worst_tenth_share": worst}, index=table.index)
    shares = {
        "weight_share": made.nominal,
        "effective_share": effective_weights(made.scores, made.nominal),
    }
    names = pd.Index([one.id for one in made.recipe.indicators], name="indicator")
    weighed = pd.DataFrame(shares, index=names)
    choices = _choices(table, made, sets[:_WEIGHTS_TRIED], seed)
    return IndexStability(frame, weighed, carry(areas, table), choices, made.recipe)


def variance_parts(
    outcome: Callable[[Floats], npt.ArrayLike], factors: int, *, points: int = 8192, seed: int = 0
) -> tuple[Floats, Floats]:
    """Return what part of an outcome's variance each factor makes: Sobol's indices.

    Parameters
    ----------
    outcome
        Takes factors x points, each from 0 to 1, and returns outcomes x points.
    factors
        How many there are; independent and uniform.
    points
        A power of 2.
    seed
        Of the points.

    Returns
    -------
    alone, total : numpy.ndarray
        Outcomes x factors: first order (an estimate below 0 is 0) and total. 0 where an outcome
        does not vary.

    References
    ----------
    Saltelli et al. 2010, Computer Physics Communications 181(2), 259-270,
    doi:10.1016/j.cpc.2009.09.018.
    """
    from scipy.stats import sobol_indices, uniform

    with np.errstate(divide="ignore", invalid="ignore"):
        found = sobol_indices(
            func=lambda x: np.atleast_2d(outcome(x)), n=points, dists=[uniform()] * factors,  # type: ignore[list-item]
            rng=np.random.default_rng(seed),
        )  # fmt: skip
    orders = np.atleast_2d(found.first_order), np.atleast_2d(found.total_order)
    return np.maximum(orders[0], 0.0), np.maximum(orders[1], 0.0)


def _choices(table: pd.DataFrame, made: Made, sets: Floats, seed: int) -> pd.DataFrame:
    """Cross weights, means and scales, and tell which of the three moves ranks."""
    own = made.ranked(made.index)
    scales = [
        one
        for how in dict.fromkeys(["percentile", "range", made.recipe.standardize])
        if (one := made_by(table, replace(made.recipe, standardize=how))).has_geometric
    ]
    moved = np.array([
        [[_moved(own, one.ranked(mean(one.scores, w, one))) for one in scales]
         for mean in (_mean, _geometric)]
        for w in sets
    ])  # fmt: skip

    def outcome(x: Floats) -> Floats:
        levels = np.array(moved.shape[:3])[:, None]
        below = np.minimum(x, np.nextafter(1.0, 0.0))  # a point may be rounded to 1
        picked = tuple((below * levels).astype(int))
        return np.asarray(moved[picked].T, dtype=float)

    known = np.isfinite(moved).all(axis=(0, 1, 2))[:, None]
    parts = [np.where(known, part, np.nan) for part in variance_parts(outcome, 3, seed=seed)]
    names = ("rank_shift_alone_share", "rank_shift_total_share",
             "worst_tenth_alone_share", "worst_tenth_total_share")  # fmt: skip
    columns = (parts[k][outcome_] for outcome_ in (0, 1) for k in (0, 1))
    index = pd.Index(["weights", "mean", "scale"], name="choice")
    return pd.DataFrame(dict(zip(names, columns, strict=True)), index=index)


def _moved(own: Floats, ranks: Floats) -> tuple[float, float]:
    """Return by how many places areas move on average, and how much of the worst tenth stays."""
    # A theme left out may be all that an area has.
    both = np.isfinite(own) & np.isfinite(ranks)
    mine, other = own[both], ranks[both]
    worst, others = mine >= WORST_TENTH, other >= WORST_TENTH
    either = (worst | others).sum()
    overlap = float((worst & others).sum() / either) if either else np.nan
    return float(np.abs(other - mine).mean() * (len(mine) - 1)), overlap


def effective_weights(scores: npt.ArrayLike, weights: npt.ArrayLike) -> Floats:
    """Return the squared correlation of every indicator with the weighted sum of all.

    Parameters
    ----------
    scores
        Areas x indicators; areas that lack one are left out.
    weights
        One an indicator.
    """
    known = np.asarray(scores, dtype=float)
    known = known[np.isfinite(known).all(axis=1)]
    if len(known) < 2:
        return np.full(known.shape[1], np.nan)
    total = known @ np.asarray(weights, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        related = np.corrcoef(known, total, rowvar=False)
    return np.asarray(related[:-1, -1] ** 2)


def _mean(scores: Floats, weights: Floats, made: Made) -> Floats:
    """Return the index under other weights, for the areas that have one."""
    held = weights * made.present
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (np.nan_to_num(scores) * held).sum(axis=1) / held.sum(axis=1)
    return np.where(np.isfinite(made.index), mean, np.nan)


def _geometric(scores: Floats, weights: Floats, made: Made) -> Floats:
    """Return the geometric mean of themes; of one theme, that of its indicators.

    Inside a theme indicators make up for each other: of sixteen percentiles almost every area has
    one that is 0, and would be 0 in all.
    """
    held = weights * made.present
    if len(made.recipe.themes) > 1:
        within = made.of_theme[:, None] == np.arange(len(made.recipe.themes))
        sums, held = (np.nan_to_num(scores) * held) @ within, held @ within
        with np.errstate(divide="ignore", invalid="ignore"):
            scores = sums / held
    with np.errstate(divide="ignore", invalid="ignore"):
        held = held / held.sum(axis=1, keepdims=True)
        logs = np.where(held > 0, held * np.log(scores), 0.0)
    return np.where(np.isfinite(made.index), np.exp(logs.sum(axis=1)), np.nan)


def _other_weights(made: Made) -> list[tuple[str, str, Floats]]:
    themes = made.recipe.themes
    within = np.array([one.weight for one in made.recipe.indicators])
    for number in range(len(themes)):
        mine = made.of_theme == number
        within[mine] /= within[mine].sum()
    found = [
        ("equal-indicators", tr("every indicator weighs the same"), np.ones(len(within))),
        ("equal-themes", tr("every theme weighs the same"), within),
    ]
    found += [
        (one.id, tr(one.label), within * np.array(one.weights)[made.of_theme])
        for one in made.recipe.variants
    ]
    if len(themes) > 1:
        found += [
            (
                f"without-{theme.id}",
                tr("without {theme}", theme=tr(theme.label)),
                made.nominal * (made.of_theme != number),
            )
            for number, theme in enumerate(themes)
            if (made.nominal * (made.of_theme != number)).any()
        ]
    return found


def _random(made: Made, rng: np.random.Generator, draws: int) -> Floats:
    themes = len(made.recipe.themes)
    if themes == 1:
        return rng.dirichlet(np.ones(len(made.nominal)), draws)
    within = next(w for key, _, w in _other_weights(made) if key == "equal-themes")
    return np.asarray(rng.dirichlet(np.ones(themes), draws)[:, made.of_theme] * within)


def _compared(
    key: str, label: str, ranks: Floats | None, why_not: str, *, own: Floats
) -> dict[str, object]:
    row: dict[str, object] = {"setting": key, "label": label, "why_not": why_not}
    if ranks is None:
        return row
    row["rank_shift_n"], row["worst_tenth_overlap_share"] = _moved(own, ranks)
    both = np.isfinite(own) & np.isfinite(ranks)
    row["rank_correlation"] = float(
        pd.Series(ranks[both]).corr(pd.Series(own[both]), method="spearman")
    )
    return row
