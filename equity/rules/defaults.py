"""What a study does unless it says otherwise, once: rules side by side, and who comes first."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

__all__ = ["DEFAULT_HEADLINE", "DEFAULT_RULES", "default_criteria_text", "default_rules_text"]


@cache
def _text() -> str:
    return (resources.files(__package__) / "defaults.toml").read_text(encoding="utf-8")


def default_rules_text() -> str:
    """Return the lines of a study file that name the rules and the headline."""
    return _text().partition("\n")[2].partition("\n\n")[0] + "\n"


def default_criteria_text() -> str:
    """Return the part of a study file that says who is under-resourced."""
    return _text().partition("\n\n")[2]


DEFAULT_RULES: tuple[str, ...] = tuple(tomllib.loads(_text())["rules"])
"""Ids of the coverage rules side by side."""
DEFAULT_HEADLINE: str = tomllib.loads(_text())["headline"]
"""Id of the rule of the headline."""
