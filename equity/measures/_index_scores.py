"""What a composite index is made of: the values of its indicators, their scores and weights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from equity.areas.schema import describe
from equity.errors import InputError, MissingColumnError
from equity.rules import IndexRecipe, load_index_recipe
from equity.rules.index_recipe import Indicator

Floats = npt.NDArray[np.float64]


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
class Made:
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

    @property
    def has_geometric(self) -> bool:
        """No score is below 0."""
        return bool(np.nanmin(self.scores) >= 0)

    def ranked(self, index: Floats) -> Floats:
        """Return percentiles of an index of the recipe's themes."""
        return self.rank(index, self.total)

    def rank(self, values: Floats, scale: float) -> Floats:
        """Return percentiles; of rounded sums where the recipe rounds them."""
        places = self.recipe.rank_decimals
        if places is None:  # sums that differ by the order of adding alone are equal
            return percentile(np.round(values, 12))
        return _half_up(percentile(np.round(values * scale, places)), places)


def made_by(table: pd.DataFrame, recipe: IndexRecipe | str | Path) -> Made:
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
    return Made(recipe, values, scores, of_theme, nominal, present, weights, index, total, status)


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
