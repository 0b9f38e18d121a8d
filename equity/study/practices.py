"""The practice's side of a study: the line at each site that counts, and who relies on it."""

from __future__ import annotations

from concurrent.futures import Executor

import pandas as pd

from equity.measures.lines.coverage import coverage
from equity.measures.practice import h3_cells, practice_readiness
from equity.measures.relying import people_relying
from equity.rules import CoverageRule
from equity.study.care import sites_that_count
from equity.study.file import StudyPlan
from equity.study.inputs import Inputs

__all__ = ["practice_lines"]


def practice_lines(
    plan: StudyPlan,
    inputs: Inputs,
    rule: CoverageRule,
    table: pd.DataFrame,
    *,
    executor: Executor | None = None,
) -> pd.DataFrame | None:
    """Return sites and people by whether the site's own line is fit for its size.

    Only sites that are somebody's nearest in this study are looked at. Where no location files are
    at hand no line is known, and the result says so.

    Parameters
    ----------
    plan, inputs
        The study and what it runs on.
    rule
        Which lines are offers to a practice: the headline's.
    table
        The study's table, with ``nearest_site_id``.
    executor
        What reads the coverage files; this machine's processes by default.
    """
    if inputs.sites is None or "nearest_site_id" not in table:
        return None
    sites = sites_that_count(inputs.sites, plan.care[0])
    sites = sites[sites.index.isin(table["nearest_site_id"].dropna())]
    offers, cells = None, None
    if plan.coverage.kind == "locations" and inputs.lines is not None:
        offers = coverage(inputs.lines, rule=rule, level="h3", executor=executor)
        cells = h3_cells(sites)
    ready = practice_readiness(sites, offers, cell=cells)
    people = table["population_n"].fillna(0.0)
    return people_relying(ready, nearest_site_id=table["nearest_site_id"], population=people)
