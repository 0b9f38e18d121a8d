"""What a study does unless it says otherwise, once: rules side by side, and who comes first."""

from __future__ import annotations

import tomllib
from importlib import resources

__all__ = ["DEFAULT_HEADLINE", "DEFAULT_RULES", "default_criteria_text", "default_rules_text"]


_TEXT = (resources.files(__package__) / "defaults.toml").read_text(encoding="utf-8")
_DEFAULTS = tomllib.loads(_TEXT)


def default_rules_text() -> str:
    """Return the lines of a study file that name the rules and the headline."""
    return _TEXT.partition("\n")[2].partition("\n\n")[0] + "\n"


def default_criteria_text() -> str:
    """Return the part of a study file that says who is under-resourced."""
    return _TEXT.partition("\n\n")[2]


DEFAULT_RULES: tuple[str, ...] = tuple(_DEFAULTS["rules"])
"""Ids of the coverage rules side by side."""
DEFAULT_HEADLINE: str = _DEFAULTS["headline"]
"""Id of the rule of the headline."""
