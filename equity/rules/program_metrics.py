"""What the tests of programs ask for, in words, and where each is to be had."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

__all__ = ["NO", "YES", "Metric", "is_program_metric", "program_metric"]

YES, NO = ("true", "1", "1.0", "yes"), ("false", "0", "0.0", "no")
"""How a table says whether."""


@dataclass(frozen=True)
class Metric:
    """A column that a program asks for: in words, who publishes it, and how a study takes it.

    Of a designation `words` are all that it may say; of a user's own metric any may be.
    """

    name: str
    label: str
    unit: str
    source: str
    how: str
    words: tuple[str, ...] = ()


@cache
def _metrics() -> dict[str, Metric]:
    text = (resources.files(__package__) / "program_metrics.toml").read_text(encoding="utf-8")
    return {
        name: Metric(name, **(told | {"words": tuple(told.get("words", ()))}))
        for name, told in tomllib.loads(text).items()
    }


def is_program_metric(name: str) -> bool:
    """Tell whether a rule that ships asks for a metric."""
    return name in _metrics()


@cache
def program_metric(name: str) -> Metric:
    """Return what is known of a metric; one of a user's own rule speaks for itself.

    Examples
    --------
    >>> program_metric("grant_usd").label
    'the grant requested'
    """
    if name in _metrics():
        return _metrics()[name]
    how = f"a column {name} in the table or list"
    if close := difflib.get_close_matches(name, _metrics(), n=1, cutoff=0.85):
        how += f"; did you mean {close[0]}?"
    unit = "share" if name.endswith("_share") else "number"
    return Metric(name, name.replace("_", " "), unit, "a source of the user's own", how)
