"""Numbers as a reader sees them: one rounding for page, map, PDF, DOCX and prose.

Whoever writes a sentence about a number takes it from here, so that the sentence and the table cell
cannot round differently.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from equity.areas.schema import status_of_word, unit_of
from equity.language import current, decimal, mark, tr, trn

__all__ = [
    "KM2_PER_MI2",
    "KM_PER_MI",
    "SUM_STATUSES",
    "about",
    "about_all",
    "alternatives",
    "coarse",
    "counted",
    "missing",
    "number",
    "plural",
    "points",
    "row_labels",
    "say",
    "sentence_list",
    "share",
    "with_points",
]

NOT_AVAILABLE = mark("n/a")
#: Above this coefficient of variation a count is shown with three significant digits.
ROUND_ABOVE_CV = 0.12
#: Above this coefficient of variation an estimate is called unreliable (hatched on maps).
UNRELIABLE_CV = 0.40
#: A 90 % margin of error is this many standard errors (Census Bureau convention).
Z90 = 1.645
#: Kilometers in a mile, and square kilometers in a square mile: international miles, exact.
KM_PER_MI, KM2_PER_MI2 = 1.609344, 2.589988110336

SUM_STATUSES = ("ok", "crosswalked", "controlled", "")


def is_missing(value: object) -> bool:
    """Tell whether a cell holds no value (None, NaN, NA)."""
    if type(value) is str:  # asked of every cell of every table
        return False
    if type(value) is float or isinstance(value, (float, np.floating)):
        return not math.isfinite(value)
    return value is None or value is pd.NA or value is pd.NaT


def missing(status: object = None) -> str:
    """Say why a value is missing: ``n/a (nobody lives here)``; never an empty cell."""
    if is_missing(status) or str(status) in SUM_STATUSES:
        why = tr("missing in the source")
    else:
        why = tr(status_of_word(str(status)).words)
    return f"{tr(NOT_AVAILABLE)} ({why})"


def number(value: float, digits: int = 0) -> str:
    """Write a number with thousands separators, and never ``-0``."""
    text = decimal(value, digits)
    return text[1:] if text.startswith("-") and not text.strip("-0.,") else text


def _significant(value: float, digits: int) -> float:
    if value == 0:
        return 0.0
    return round(value, digits - 1 - math.floor(math.log10(abs(value))))


def count(value: float, cv: float | None = None) -> str:
    """Write a count; three significant digits if its coefficient of variation asks for it."""
    if 0 < value < 0.5:
        return tr("under {n}", n=1)
    if cv is not None and cv > ROUND_ABOVE_CV:
        value = _significant(value, 3)
    return number(value)


def share(value: float, digits: int = 1) -> str:
    """Write a share as a percentage that is never rounded to a false 0 or a false 100."""
    percent = value * 100
    edge = 10.0**-digits
    if 0 < percent < edge / 2:
        return tr("under {n}", n=f"{number(edge, digits)} %")
    if 100 - edge / 2 < percent < 100 - 1e-9:
        return tr("over {n}", n=f"{number(100 - edge, digits)} %")
    return f"{number(percent, digits)} %"


def say(
    value: float | None,
    unit: str,
    *,
    moe: float | None = None,
    status: object = None,
    with_unit: bool = True,
    like: float | None = None,
) -> str:
    """Write one value with its unit and, where known, its 90 % margin of error.

    Parameters
    ----------
    value
        The number; a share is 0..1.
    unit
        A declared unit (``share``, ``km``, ``usd`` …), or a noun for a count.
    moe
        90 % margin of error in the same unit; one of 0 is not shown, one that rounds to 0 is
        ``under 0.1``.
    status
        Why the value is missing, if it is.
    with_unit
        False in tables whose heading already names the unit (a percent sign always stays).
    like
        Coefficient of variation that decides the rounding of a count without a margin of its own:
        a part is not shown with more digits than its whole.

    Returns
    -------
    str
        For example ``1,240 ± 310 people`` or ``n/a (nobody lives here)``.
    """
    if value is None or is_missing(value):
        return missing(status)
    value = float(value)
    margin = None if moe is None or is_missing(moe) or moe == 0 else abs(float(moe))
    cv = margin / Z90 / abs(value) if margin is not None and value else like
    if unit == "share":
        text = share(value)
        return text if margin is None else f"{text} ± {_margin(margin * 100, 1)}"
    known = unit_of(unit)
    if known.digits:
        digits = 0 if known.digits > 1 and value.is_integer() else known.digits
        text = number(value, digits)
        margin_text = None if margin is None else _margin(margin, max(digits, 1))
    else:
        text, margin_text = count(value, cv), None if margin is None else count(margin, cv)
    if margin_text is not None:
        text = f"{text} ± {margin_text}"
    return f"{text} {known.words}".rstrip() if with_unit else text


def _margin(margin: float, digits: int) -> str:
    text = number(margin, digits)
    return text if text.strip("0.,") else tr("under {n}", n=number(10.0**-digits, digits))


def about(value: float, moe: float | None = None) -> str:
    """Write a count of people with no more digits than its error supports.

    With a margin, to the margin's own leading digit; without one, to three significant digits.
    """
    if value < 0.5:
        return tr("nobody") if value == 0 else tr("under {n}", n=1)
    return number(_significant(value, _digits(value, moe)))


def _digits(value: float, moe: float | None) -> int:
    if moe is None or is_missing(moe) or moe <= 0:
        return 3
    return min(max(math.floor(math.log10(value)) - math.floor(math.log10(moe)) + 1, 1), 3)


def about_all(values: Sequence[float], moes: Sequence[float | None]) -> list[str]:
    """Write counts beside each other that make a whole, all to the finest of their own digits.

    Each rounded by itself they would miss the whole as it is said: 285, 24,281 and 4,409 are
    ``300``, ``24,300`` and ``4,400``, not ``24,000`` and ``4,000``. None of them is ``0``.
    """
    places = [
        _digits(value, moe) - 1 - math.floor(math.log10(value))
        for value, moe in zip(values, moes, strict=True)
        if value >= 0.5
    ]
    finest = min(max(places, default=0), 0)
    return [
        tr("under {n}", n=1) if 0 < value < 0.5 else number(round(value, finest))
        for value in values
    ]


def coarse(value: float) -> str:
    """Write the end of an interval of draws: two significant digits, no more are steady."""
    return number(_significant(value, 2)) if value >= 0.5 else "0"


def points(difference: float, moe: float | None = None) -> str:
    """Write a difference of two shares in percentage points, without its sign."""
    text = with_points(number(abs(difference) * 100, 1))
    return text if moe is None or is_missing(moe) else f"{text} (± {_margin(moe * 100, 1)})"


def with_points(text: str) -> str:
    """Put the word for points behind a number as it is written: ``1.0`` is one, ``0.9`` is not."""
    return trn("{n} points", "{n} points", 1 if _ONE.fullmatch(text) else 2, n=text)


_ONE = re.compile(r"[-+]?1([.,]0+)?")


def plural(n: int, one: str, many: str | None = None) -> str:
    """Write a count with its noun, in English, as errors do: ``1 tract``, ``1,204 tracts``.

    What a reader of outputs sees says its noun by :func:`equity.language.trn`.
    """
    return f"{number(n)} {one if n == 1 else many or one + 's'}"


def counted(n: int, label: str) -> str:
    """Write a number of areas as one says it: 1 census tract, 9 census tracts, 2 counties."""
    said = {"n": number(n)}
    known = {
        "census tracts": trn("{n} census tract", "{n} census tracts", n, **said),
        "block groups": trn("{n} block group", "{n} block groups", n, **said),
        "counties": trn("{n} county", "{n} counties", n, **said),
        "areas": trn("{n} area", "{n} areas", n, **said),
    }
    named = known | {tr(many): text for many, text in known.items()}
    return named.get(label) or f"{number(n)} {label if n != 1 else label.removesuffix('s')}"


def sentence_list(items: Sequence[str]) -> str:
    """Join words as in a sentence: ``a, b and c``."""
    if len(items) < 2:
        return "".join(items)
    said = tr("{items} and {last}", items=", ".join(items[:-1]), last=items[-1])
    return _euphonic(said, items[-1])


def alternatives(items: Sequence[str]) -> str:
    """Join words of which one holds: ``a, b or c``."""
    if len(items) < 2:
        return "".join(items)
    said = tr("{items} or {last}", items=", ".join(items[:-1]), last=items[-1])
    return _euphonic(said, items[-1])


#: Spanish: ``y`` before the sound of i is ``e``, ``o`` before that of o is ``u``.
_SOUNDS = {
    "y": ("e", re.compile(r"h?[ií](?![aeo])", re.IGNORECASE)),
    "o": ("u", re.compile(r"h?[oó]", re.IGNORECASE)),
}


def _euphonic(said: str, last: str) -> str:
    """Return a list as Spanish says it; of any other language it stays as it is."""
    if current() != "es":
        return said
    word = said[: len(said) - len(last)].rsplit(maxsplit=1)[-1]
    other, sound = _SOUNDS.get(word, ("", None))
    if sound is None or not sound.match(last):
        return said
    return f"{said[: len(said) - len(last) - len(word) - 1]}{other} {last}"


def row_labels(index: pd.Index, bad: pd.Series | npt.NDArray[np.bool_]) -> list[str]:
    """Return how an error names rows: ``line 7`` of a text file, ``row 7`` of anything else."""
    noun = index.name if index.name in {"line", "row"} else ""
    return [f"{noun} {label}".strip() for label in index[np.asarray(bad, dtype=bool)]]
