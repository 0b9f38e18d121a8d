"""Dated, cited rules as data, and the one loader that reads them."""

from __future__ import annotations

from equity.rules.coverage_rule import CoverageRule, list_coverage_rules, load_coverage_rule

__all__ = ["CoverageRule", "list_coverage_rules", "load_coverage_rule"]
