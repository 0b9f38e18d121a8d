"""Composite indices of need from recipes: a second view of places, never the headline.

An index adds up what has no common unit, so its weights are choices. The recipe says them, every
indicator's part of the index is given beside it, and :func:`index_stability` shows what becomes of
the ranks under other weights and under a geometric mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from equity.areas.schema import describe
from equity.errors import InputError, MissingColumnError
from equity.language import said, tr
from equity.measures.checks import refuse_seed
from equity.provenance import carry
from equity.rules import IndexRecipe, load_index_recipe
from equity.rules.index_recipe import Indicator

__all__ = [
    "WORST_TENTH", "IndexStability", "effective_weights", "index_stability", "need_index",
    "percentile",
]  # fmt: skip

Floats = npt.NDArray[np.float64]
WORST_TENTH = 0.9
"""Ranks from here on are the worst tenth of areas."""


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
    made = _made(table, recipe)
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
    recipe
        What the index is made by.
    """

    settings: pd.DataFrame
    indicators: pd.DataFrame
    areas: pd.DataFrame
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
    Paruolo, Saisana & Saltelli 2013, JRSS A 176(3), 609-634,
    doi:10.1111/j.1467-985X.2012.01059.x (effective weights).
    """
    made = _made(table, recipe)
    if draws < 1:
        raise InputError(f"draws is {draws}", fix="give 1 or more")
    refuse_seed(seed)
    own = made.ranked(made.index)
    rows: dict[str, tuple[str, Floats | None, str]] = {"recipe": ("as the recipe is", own, "")}
    for key, label, weights in _other_weights(made):
        rows[key] = (label, made.ranked(_mean(made.scores, weights, made)), "")
    label, why = tr("geometric mean"), "" if np.nanmin(made.scores) >= 0 else tr("scores below 0")
    rows["geometric"] = (label, None if why else made.ranked(_geometric(made)), why)
    frame = pd.DataFrame([_compared(key, *row, own=own) for key, row in rows.items()]).set_index(
        "setting"
    )
    rng = np.random.default_rng(seed)
    drawn = np.stack([made.ranked(_mean(made.scores, w, made)) for w in _random(made, rng, draws)])
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
    return IndexStability(frame, weighed, carry(areas, table), made.recipe)


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
    spread = known.std(axis=0) * total.std()
    shared = ((known - known.mean(axis=0)) * (total - total.mean())[:, None]).mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((shared / spread) ** 2)


def percentile(values: npt.ArrayLike) -> Floats:
    """Return ``(rank - 1) / (n - 1)``: ties share the lower rank, missing values do not count.

    Examples
    --------
    >>> percentile([10, 20, 20, 40, float("nan"), 50]).tolist()
    [0.0, 0.25, 0.25, 0.75, nan, 1.0]
    """
    series = pd.Series(np.asarray(values, dtype=float))
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (series.rank(method="min") - 1) / (series.count() - 1)
    return np.asarray(found, dtype=float)


def _half_up(values: Floats, places: int) -> Floats:
    """Round as the CDC does: of 257 areas, every eighth rank ends in a half of its last digit."""
    return np.asarray(np.floor(values * 10**places + 0.5) / 10**places)


@dataclass(frozen=True, eq=False)
class _Made:
    """An index and all it is made of, by area and indicator."""

    recipe: IndexRecipe
    raw: Floats
    scores: Floats
    of_theme: npt.NDArray[np.intp]
    nominal: Floats
    present: npt.NDArray[np.bool_]
    weights: Floats
    index: Floats
    total: float
    status: npt.NDArray[np.object_]

    def ranked(self, index: Floats) -> Floats:
        """Return percentiles of an index of the recipe's themes."""
        return self.rank(index, self.total)

    def rank(self, values: Floats, scale: float) -> Floats:
        """Return percentiles; of rounded sums where the recipe rounds them."""
        places = self.recipe.rank_decimals
        if places is None:  # sums that differ by the order of adding alone are equal
            return percentile(np.round(values, 12))
        return _half_up(percentile(np.round(values * scale, places)), places)


def _made(table: pd.DataFrame, recipe: IndexRecipe | str | Path) -> _Made:
    recipe = recipe if isinstance(recipe, IndexRecipe) else load_index_recipe(recipe)
    nobody = table.get("population_n", pd.Series(1.0, index=table.index)).eq(0).to_numpy()
    values = np.column_stack([_value(table, one, recipe) for one in recipe.indicators])
    values[nobody] = np.nan
    for one, column in zip(recipe.indicators, values.T, strict=True):
        _refuse_constant(one, column)
    scores = np.column_stack(
        [_score(v, one, recipe) for v, one in zip(values.T, recipe.indicators, strict=True)]
    )
    of_theme = np.repeat(
        np.arange(len(recipe.themes)), [len(theme.indicators) for theme in recipe.themes]
    )
    nominal = _nominal(recipe, scores)
    whole = np.stack(
        [np.isfinite(scores[:, of_theme == t]).all(axis=1) for t in range(len(recipe.themes))],
        axis=1,
    )
    lacking = (~whole).sum(axis=1)
    allowed = (lacking <= recipe.missing_themes) & (lacking < len(recipe.themes)) & ~nobody
    present = whole[:, of_theme]
    weights = nominal * present
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = weights / weights.sum(axis=1, keepdims=True)
    index = np.where(allowed, np.nansum(scores * np.nan_to_num(weights), axis=1), np.nan)
    status = np.select(
        [nobody, ~allowed, lacking > 0], ["no_population", "not_computable", "theme_missing"], "ok"
    ).astype(object)
    total = float(sum(theme.weight for theme in recipe.themes))
    return _Made(recipe, values, scores, of_theme, nominal, present, weights, index, total, status)


def _nominal(recipe: IndexRecipe, scores: Floats) -> Floats:
    """Return what every indicator weighs, as a part of 1."""
    found, start = [], 0
    for theme in recipe.themes:
        within = np.array([one.weight for one in theme.indicators], dtype=float)
        within /= within.sum()
        of_theme = scores[:, start : start + len(within)] @ within
        spread = np.nanstd(of_theme) if recipe.restandardize else 1.0
        found.append(theme.weight * within / spread)
        start += len(within)
    weights = np.concatenate(found)
    return np.asarray(weights / weights.sum())


def _value(table: pd.DataFrame, one: Indicator, recipe: IndexRecipe) -> Floats:
    if one.column:
        if recipe.standardize == "none" and describe([one.column])[0].unit != "share":
            raise InputError(
                f"{one.column} would be added up as it is, and is no share: its numbers would "
                "drown all others",
                fix='standardize = "percentile"',
            )
        return _numbers(table, [one.column])[:, 0]
    if one.percent:
        value = _numbers(table, [f"{code}E" for code in one.percent]).sum(axis=1)
    else:
        part = _numbers(table, [f"{code}E" for code in one.part]).sum(axis=1)
        whole = _numbers(table, [f"{one.whole}E"])[:, 0]
        with np.errstate(divide="ignore", invalid="ignore"):
            value = np.where(whole > 0, 100 * part / whole, np.nan)
        value = np.where((whole == 0) & recipe.empty_is_zero, 0.0, value)
    return np.asarray(value if recipe.decimals is None else np.round(value, recipe.decimals))


def _numbers(table: pd.DataFrame, names: list[str]) -> Floats:
    lacking = [name for name in names if name not in table.columns]
    if lacking:
        raise MissingColumnError(
            f"the table lacks {', '.join(lacking[:5])}",
            fix="read that table too, or change the recipe",
        )
    try:
        return np.asarray(table[names].to_numpy(dtype=float, na_value=np.nan))
    except (TypeError, ValueError) as error:
        raise InputError(f"{', '.join(names)} holds something that is not a number") from error


def _refuse_constant(one: Indicator, values: Floats) -> None:
    known = values[np.isfinite(values)]
    if len(known) and np.ptp(known) > 0:
        return
    what = "has the same value in every area" if len(known) else "has no value in any area"
    raise InputError(
        f"indicator {one.id!r} {what}: it tells no area apart", fix="leave it out of the recipe"
    )


def _score(values: Floats, one: Indicator, recipe: IndexRecipe) -> Floats:
    turned = -values if one.direction == "lower" else values
    low, high = np.nanmin(turned), np.nanmax(turned)
    if recipe.standardize == "percentile":
        ranks = percentile(turned)
        return ranks if recipe.rank_decimals is None else _half_up(ranks, recipe.rank_decimals)
    if recipe.standardize == "z":
        return np.asarray((turned - np.nanmean(turned)) / np.nanstd(turned))
    if recipe.standardize == "range":
        return np.asarray((turned - low) / (high - low))
    whole = 1.0 if one.column else 100.0
    share = values / whole
    return 1.0 - share if one.direction == "lower" else share


def _mean(scores: Floats, weights: Floats, made: _Made) -> Floats:
    """Return the index under other weights, for the areas that have one."""
    held = weights * made.present
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (np.nan_to_num(scores) * held).sum(axis=1) / held.sum(axis=1)
    return np.where(np.isfinite(made.index), mean, np.nan)


def _geometric(made: _Made) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(made.weights > 0, made.weights * np.log(made.scores), 0.0)
    return np.where(np.isfinite(made.index), np.exp(logs.sum(axis=1)), np.nan)


def _other_weights(made: _Made) -> list[tuple[str, str, Floats]]:
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


def _random(made: _Made, rng: np.random.Generator, draws: int) -> Floats:
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
    # A theme left out may be all that an area has.
    both = np.isfinite(own) & np.isfinite(ranks)
    mine, other = own[both], ranks[both]
    worst, others = mine >= WORST_TENTH, other >= WORST_TENTH
    row["rank_shift_n"] = float(np.abs(other - mine).mean() * (len(mine) - 1))
    row["rank_correlation"] = float(pd.Series(other).corr(pd.Series(mine), method="spearman"))
    either = (worst | others).sum()
    row["worst_tenth_overlap_share"] = float((worst & others).sum() / either) if either else np.nan
    return row
