"""Recipes of composite indices: what is in one, how it is standardized, and what it weighs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from equity.errors import InputError
from equity.rules._files import check_keys, list_rules, read_rule
from equity.showing import Shown

Standardize = Literal["percentile", "z", "range", "none"]
_CONFIDENCE = ("primary", "secondary", "unverified")


@dataclass(frozen=True)
class Indicator:
    """One column of an index: a column of the table, or made of coded ACS columns.

    Attributes
    ----------
    id, label
        Short key, and what a reader is told.
    column
        Column of the table; or else
    part, whole
        codes that are added up and divided, as percent; or else
    percent
        codes of published percentages, added up.
    direction
        ``higher`` if more is more need, ``lower`` if less is.
    weight
        0 or more, against the other indicators of its theme.
    """

    id: str
    label: str
    column: str = ""
    part: tuple[str, ...] = ()
    whole: str = ""
    percent: tuple[str, ...] = ()
    direction: str = "higher"
    weight: float = 1.0


@dataclass(frozen=True)
class Theme:
    """A pillar of an index: indicators that say one thing together."""

    id: str
    label: str
    indicators: tuple[Indicator, ...]
    weight: float = 1.0


@dataclass(frozen=True)
class Variant:
    """The same index as others weigh it: a weight for each theme's mean, taken as it is."""

    id: str
    label: str
    weights: tuple[float, ...]


@dataclass(frozen=True, repr=False)
class IndexRecipe(Shown):
    """How an index is made.

    Attributes
    ----------
    id, title, date, citation, confidence, url, note
        What it is, since when, who says so and how sure that reading is.
    themes
        Its pillars.
    standardize
        ``percentile``: ``(rank - 1) / (n - 1)``, ties share the lower rank; ``z``: distance from
        the mean in standard deviations; ``range``: from 0, the least, to 1; ``none``: as it is,
        for shares alone.
    missing_themes
        How many themes an area may lack: its index then rests on the others, and says so.
    decimals
        Round percentages before they are ranked, as the CDC does; None does not.
    rank_decimals
        Round ranks and their sums, as the CDC does; None does not.
    empty_is_zero
        A percentage of nobody is 0, as it is to the CDC; else it is missing.
    restandardize
        Divide every theme by its spread over areas before themes are added, so that their weights
        are what they contribute.
    variants
        Other published weights of the themes, for :func:`equity.measures.index.index_stability`.
    """

    id: str
    title: str
    date: str
    citation: str
    confidence: str
    themes: tuple[Theme, ...]
    standardize: Standardize = "percentile"
    missing_themes: int = 1
    decimals: int | None = None
    rank_decimals: int | None = None
    empty_is_zero: bool = False
    restandardize: bool = False
    variants: tuple[Variant, ...] = ()
    url: str = ""
    note: str = ""

    def _shown(self) -> tuple[str, list[tuple[str, str]]]:
        themes = "; ".join(f"{one.label} ({len(one.indicators)})" for one in self.themes)
        origin = f"{self.citation}, {self.date} (confidence: {self.confidence})"
        said = [("title", self.title), ("themes", themes), ("note", self.note), ("source", origin)]
        return self.id, [(name, text) for name, text in said if text]

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """All indicators, theme by theme."""
        return tuple(one for theme in self.themes for one in theme.indicators)

    @property
    def codes(self) -> tuple[str, ...]:
        """ACS codes, without E or M, that its indicators are made of."""
        each = ((*one.part, one.whole, *one.percent) for one in self.indicators)
        return tuple(code for codes in each for code in codes if code)


def list_index_recipes() -> list[str]:
    """Return the ids of the recipes that ship with the package.

    Examples
    --------
    >>> list_index_recipes()
    ['ddi-2017', 'svi-2020', 'svi-2022', 'three-pillars']
    """
    return list_rules("indices")


def load_index_recipe(name: str | Path) -> IndexRecipe:
    """Load a recipe by its id, or a user's own by its path.

    Parameters
    ----------
    name
        An id from :func:`list_index_recipes`, or the path of a TOML file of the same form.

    Raises
    ------
    InputError
        If no such recipe ships, or a field is missing, unknown or impossible.
    MissingFileError
        If the path does not exist.

    Examples
    --------
    >>> [theme.id for theme in load_index_recipe("svi-2022").themes]
    ['socioeconomic', 'household', 'minority', 'housing']
    """
    data, file = read_rule(name, "indices", what="index recipe")
    themes = tuple(_theme(one, file) for one in _tables(data, "themes", file))
    given = _tables(data, "variants", file) if "variants" in data else []
    variants = tuple(_variant(one, len(themes), file) for one in given)
    made = {"themes": themes, "variants": variants}
    recipe: IndexRecipe = _record(IndexRecipe, data | made, "the recipe", file)
    _refuse_word(recipe.standardize, get_args(Standardize), "standardize", file)
    _refuse_word(recipe.confidence, _CONFIDENCE, "confidence", file)
    _refuse_weights([theme.weight for theme in themes], "themes", file)
    keys = [one.id for one in recipe.indicators]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise InputError(f"two indicators are called {twice[0]!r}", file=file, fix="rename one")
    return recipe


def _theme(given: Mapping[str, Any], file: str) -> Theme:
    indicators = tuple(_indicator(one, file) for one in _tables(given, "indicators", file))
    theme: Theme = _record(Theme, dict(given) | {"indicators": indicators}, "a theme", file)
    _refuse_weights([one.weight for one in indicators], f"theme {theme.id}", file)
    return theme


def _variant(given: Mapping[str, Any], themes: int, file: str) -> Variant:
    one: Variant = _record(Variant, given, "a variant", file)
    if len(one.weights) != themes or not all(type(w) in (int, float) for w in one.weights):
        raise InputError(
            f"variant {one.id!r} has no weight for each of the {themes} themes",
            file=file,
            fix="give a list of numbers in the themes' order",
        )
    _refuse_weights(list(one.weights), f"variant {one.id}", file)
    return one


def _indicator(given: Mapping[str, Any], file: str) -> Indicator:
    one: Indicator = _record(Indicator, given, "an indicator", file)
    ways = [bool(one.column), bool(one.part and one.whole), bool(one.percent)]
    if sum(ways) != 1 or bool(one.part) != bool(one.whole):
        raise InputError(
            f"indicator {one.id!r} is not made in one way",
            file=file,
            fix="give column, or part and whole, or percent",
        )
    _refuse_word(one.direction, ("higher", "lower"), "direction", file)
    return one


def _record(kind: Any, given: Mapping[str, Any], what: str, file: str) -> Any:
    known = {field.name: field for field in fields(kind)}
    needed = [name for name, field in known.items() if field.default is MISSING]
    check_keys(given, known, needed, what=what, file=file)
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in given.items()}
    for key, value in values.items():
        wanted = _TYPES.get(str(known[key].type))
        wrong = wanted and (not isinstance(value, wanted) or type(value) is bool)
        if wrong and not (wanted is bool and type(value) is bool):
            raise InputError(
                f"{what} has {key} = {value!r}", file=file, fix=f"give {known[key].type}"
            )
    if not re.fullmatch(r"[a-z0-9]+([-_][a-z0-9]+)*", str(values["id"])):
        raise InputError(
            f"the id {values['id']!r} cannot name a column",
            file=file,
            fix="use small letters, digits and single hyphens",
        )
    return kind(**values)


_TYPES: dict[str, Any] = {
    "str": str,
    "bool": bool,
    "float": (int, float),
    "int": int,
    "int | None": int,
    "tuple[str, ...]": tuple,
    "tuple[float, ...]": tuple,
}


def _tables(given: Mapping[str, Any], key: str, file: str) -> list[Mapping[str, Any]]:
    found = given.get(key)
    if not isinstance(found, list) or not found or not all(isinstance(t, dict) for t in found):
        raise InputError(f"{key} is no list of tables", file=file, fix=f"add [[{key}]] parts")
    return found


def _refuse_word(word: str, known: tuple[str, ...], key: str, file: str) -> None:
    if word not in known:
        raise InputError(f"{key} is {word!r}", file=file, fix=f"allowed: {', '.join(known)}")


def _refuse_weights(weights: list[float], what: str, file: str) -> None:
    if min(weights) < 0 or not 0 < sum(weights) < float("inf"):
        raise InputError(
            f"weights of {what} are {', '.join(f'{w:g}' for w in weights)}",
            file=file,
            fix='give 0 or more, not all 0; direction = "lower" turns an indicator round',
        )
