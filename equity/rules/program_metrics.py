"""What the tests of programs ask for, in words, and where each is to be had."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

__all__ = ["Metric", "is_program_metric", "program_metric"]


@dataclass(frozen=True)
class Metric:
    """A column that a program asks for: in words, who publishes it, and how a study takes it."""

    name: str
    label: str
    unit: str
    source: str
    how: str


@cache
def _metrics() -> dict[str, Metric]:
    text = (resources.files(__package__) / "program_metrics.toml").read_text(encoding="utf-8")
    return {name: Metric(name, **told) for name, told in tomllib.loads(text).items()}


def is_program_metric(name: str) -> bool:
    """Tell whether a rule that ships asks for a metric."""
    return name in _metrics()


def program_metric(name: str) -> Metric:
    """Return what is known of a metric; one of a user's own rule speaks for itself.

    Examples
    --------
    >>> program_metric("grant_usd").label
    'the grant requested'
    """
    how = f"a column {name} in the table or list"
    own = Metric(name, name.replace("_", " "), "number", "a source of the user's own", how)
    return _metrics().get(name, own)
