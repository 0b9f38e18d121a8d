"""Dated, cited rules as data, and the one loader that reads them."""

from __future__ import annotations

from equity.rules.coverage_rule import CoverageRule, list_coverage_rules, load_coverage_rule
from equity.rules.index_recipe import IndexRecipe, list_index_recipes, load_index_recipe

__all__ = [
    "CoverageRule",
    "IndexRecipe",
    "list_coverage_rules",
    "list_index_recipes",
    "load_coverage_rule",
    "load_index_recipe",
]
