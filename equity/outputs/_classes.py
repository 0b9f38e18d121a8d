"""Map classes: steps of one ramp, labeled in words a reader can repeat aloud.

A column that declares limits has the same classes, labels and colors wherever it is drawn. For any
other, cut points are quantiles rounded to two significant digits, so that labels are short and the
classes hold roughly equal numbers of areas. Values that are exactly zero get a class of their own:
there when they are common, otherwise several quantiles would coincide.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from equity.areas.schema import unit_of
from equity.areas.words import KM_PER_MI, is_missing, number
from equity.language import tr
from equity.outputs._colors import CHANGE, NEUTRAL, NEUTRAL_CHANGE, NEUTRAL_ZERO, RAMP, ZERO

__all__ = [
    "LARGER", "Classes", "around_zero", "classify", "classify_words", "with_miles",
]  # fmt: skip

#: Counts grow with the area: how many times a tract's limits those of larger areas are.
LARGER = {"county": 20.0, "state": 1000.0}


@dataclass(frozen=True)
class Classes:
    """One layer's classes.

    Attributes
    ----------
    codes
        Class of each area, 0 upwards; -1 where there is no value.
    labels, colors
        One per class, in ascending order of value.
    """

    codes: np.ndarray
    labels: tuple[str, ...]
    colors: tuple[str, ...]

    @property
    def counts(self) -> tuple[int, ...]:
        """Number of areas in each class."""
        return tuple(int((self.codes == k).sum()) for k in range(len(self.labels)))


def with_miles(said: str, km: float, *, unit: str = "") -> str:
    """Return a distance in kilometers as it is said, and in brackets its miles."""
    return said if is_missing(km) else f"{said} ({number(km / KM_PER_MI, 1)}{unit})"


def _nice(value: float) -> float:
    if value == 0:
        return 0.0
    return round(value, 1 - math.floor(math.log10(abs(value))))


def _is_count(unit: str) -> bool:
    return not unit_of(unit).digits


def _shown(values: np.ndarray, unit: str) -> np.ndarray:
    """Round as the reader sees it, so that a value never sits beside a class it does not show."""
    if unit == "share":
        return np.round(values * 100, 1)
    return np.round(values) if _is_count(unit) else np.round(values, 1)


def _cuts(shown: np.ndarray, k: int, unit: str) -> list[float]:
    """Inner cut points: rounded, distinct, each leaving values on both sides."""
    inner = np.quantile(shown, np.arange(1, k) / k)
    step = 1.0 if _is_count(unit) or unit == "share" else 0.1
    rounded = {max(_nice(float(c)), step) if c > 0 else float(c) for c in inner}
    if unit == "share":  # near 100 % two digits are too coarse to tell classes apart
        rounded = {float(round(c, 1 if len(rounded) < k - 1 else 0)) for c in inner}
    if _is_count(unit):
        rounded = {float(math.ceil(c)) for c in rounded}
    low, high = shown.min(), shown.max()
    kept: list[float] = []
    for cut in sorted(rounded):
        below = shown < cut
        inside = (shown >= (kept[-1] if kept else low)) & below
        if low < cut <= high and inside.any():
            kept.append(cut)
    return kept


def _text(value: float, unit: str) -> str:
    return number(value, 0 if _is_count(unit) or float(value).is_integer() else 1)


def _said(text: str, unit: str, *ends: float) -> str:
    """Add the unit to the ends of a class, and to kilometers miles."""
    miles = [number(end / KM_PER_MI, 1 if end < 10 else 0) for end in ends]
    more = f" ({_between_two(*miles)} mi)" if unit == "km" else ""
    return f"{text} {tr(unit_of(unit).words)}".strip() + more


def _between_two(low: str, high: str = "") -> str:
    return tr("{low} to {high}", low=low, high=high) if high else low


def _label(low: float, high: float, unit: str, *, last: bool) -> str:
    if _is_count(unit) and not last:
        high -= 1  # whole people: 0 to 12, then 13 to 40
    if low >= high:
        return _said(_text(low, unit), unit, low)
    return _said(_between_two(_text(low, unit), _text(high, unit)), unit, low, high)


def _least(unit: str) -> str:
    """Name the class of what shows as nothing."""
    if _is_count(unit):
        return _under_one(unit, unit.removesuffix("s"))
    return _said(tr("under {n}", n=number(0.1, 1)), unit, 0.1)


def _under_one(unit: str, one: str) -> str:
    if unit == "people":
        return tr("under 1 person")
    return f"{tr('under {n}', n=1)} {tr(one)}".rstrip()


def _from_one(cuts: Sequence[float], unit: str) -> bool:
    """Tell whether the first class holds nothing but zero, so that it needs no other below it."""
    return _is_count(unit) and cuts[0] == 1


def _between(cuts: Sequence[float], unit: str, *, apart: bool) -> tuple[str, ...]:
    """Name the classes between given limits, whatever values a place has."""
    one = _from_one(cuts, unit)
    under = "0" if one else tr("under {n}", n=_text(cuts[0], unit))
    first = _said(under, unit, cuts[0])
    if apart and not one:
        first = _label(1 if _is_count(unit) else 0.1, cuts[0], unit, last=False)
    inner = [_label(low, high, unit, last=False) for low, high in pairwise(cuts)]
    last = tr("{n} or more", n=_said(_text(cuts[-1], unit), unit, cuts[-1]))
    return (first, *inner, last)


def around_zero(limits: Sequence[float]) -> bool:
    """Tell whether limits between classes are those of a change."""
    return bool(len(limits)) and limits[0] < 0 < limits[-1]


def _changes(sizes: Sequence[float], unit: str) -> tuple[str, ...]:
    """Name the classes of a change, from down to up."""
    words = tr("points") if unit == "share" else tr(unit_of(unit).words)
    ends = [_text(size, unit) for size in sizes]
    ways = [f"{_between_two(low, high)} {words}" for low, high in pairwise(ends)]
    ways.append(tr("{n} or more", n=f"{ends[-1]} {words}"))
    none = tr("under {n} either way", n=f"{ends[0]} {words}")
    down = [tr("down {n}", n=way) for way in reversed(ways)]
    return (*down, none, *(tr("up {n}", n=way) for way in ways))


def _both_ways(sizes: int, direction: str) -> tuple[str, ...]:
    ramp = NEUTRAL_CHANGE if direction == "neither" else CHANGE
    colors = ramp if sizes > 1 else ramp[::2]
    return colors[::-1] if direction == "lower" else colors


def classify(
    values: Any,
    unit: str,
    *,
    k: int = 5,
    direction: str = "neither",
    limits: Sequence[float] = (),
) -> Classes:
    """Sort values into at most `k` classes with readable limits.

    Parameters
    ----------
    values
        One value per area; NaN where there is none. Shares are 0..1.
    unit
        Unit of the values (``share``, ``km``, ``people`` …).
    k
        Largest number of classes, 2 to 5.
    direction
        Worse when ``higher`` or ``lower``: the worse end of the ramp is dark. ``neither``: a gray
        ramp, darker for more.
    limits
        Up to five limits between classes, in the unit of the values, instead of `k` classes of
        about equal size: then the legend is the same for every place. Unless less is worse, zero
        has a class below them, which is left out where nothing is zero. Limits below 0 and the same
        above it are of a change: no change is pale, and each way has a color of its own.

    Returns
    -------
    Classes
        A value on a limit belongs to the class above it.
    """
    array = np.asarray(values, dtype=float)
    known = np.isfinite(array)
    codes = np.full(array.shape, -1, dtype=np.int64)
    if not known.any():
        return Classes(codes, (), ())
    shown = _shown(array[known], unit)
    if len(limits):
        cuts = [float(c) for c in _shown(np.asarray(limits, dtype=float), unit)]
        if around_zero(limits):
            sizes = [cut for cut in cuts if cut > 0]
            steps = np.searchsorted(sizes, np.abs(shown), side="right")
            codes[known] = len(sizes) + np.where(shown < 0, -steps, steps)
            return Classes(codes, _changes(sizes, unit), _both_ways(len(sizes), direction))
        codes[known] = np.searchsorted(cuts, shown, side="right")
        # What shows as nothing: nobody, no tenth of a percent.
        none = array[known] < (0.5 if _is_count(unit) else 0.0005)
        apart = direction != "lower" and unit != "km"
        own_zero = apart and bool(none.any())
        below = own_zero and not _from_one(cuts, unit)
        codes[known] = np.where(none, 0, codes[known] + 1) if below else codes[known]
        labels = (*([_least(unit)] if below else []), *_between(cuts, unit, apart=apart))
        return Classes(codes, labels, _ramp(len(labels), direction, own_zero=own_zero))
    zeros = int((shown == 0).sum())
    own_zero = zeros > len(shown) / k and zeros < len(shown) and shown.min() == 0
    body = shown[shown > 0] if own_zero else shown
    cuts = _cuts(body, k - 1 if own_zero else k, unit)
    ends = [float(body.min()), *cuts, float(body.max())]
    named = [
        _label(low, high, unit, last=i == len(cuts)) for i, (low, high) in enumerate(pairwise(ends))
    ]
    codes[known] = np.searchsorted(np.asarray(cuts), shown, side="right")
    if own_zero:
        codes[known] = np.where(shown == 0, 0, codes[known] + 1)
        few = _is_count(unit) and bool((array[known][shown == 0] > 0).any())
        named.insert(0, _under_one(unit, unit) if few else _label(0, 0, unit, last=True))
    return Classes(codes, tuple(named), _ramp(len(named), direction, own_zero=own_zero))


def classify_words(values: Any, words: Mapping[str, str]) -> Classes:
    """Give every word its class, in the order they are declared: the first is pale, the last dark.

    Parameters
    ----------
    values
        One word per area; None where there is none.
    words
        Word -> as a reader sees it.
    """
    place = {word: code for code, word in enumerate(words)}
    codes = np.array([place.get(value, -1) for value in values], dtype=np.int64)
    return Classes(codes, tuple(words.values()), _ramp(len(words), "higher", own_zero=True))


def _ramp(n: int, direction: str, *, own_zero: bool = False) -> tuple[str, ...]:
    """Pick `n` colors, the worse end dark; a common zero that is not worst is paler than all."""
    ramp, zero = (NEUTRAL, NEUTRAL_ZERO) if direction == "neither" else (RAMP, ZERO)
    pale = own_zero and direction != "lower"
    n -= pale
    picks = np.linspace(0, len(ramp) - 1, n).round().astype(int) if n > 1 else [2]
    colors = tuple(ramp[i] for i in picks)
    if direction == "lower":
        return colors[::-1]
    return (zero, *colors) if pale else colors
