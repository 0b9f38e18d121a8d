"""The practice's side of a study: the line at each site that counts, and who relies on it."""

from __future__ import annotations

import pandas as pd

from equity.measures.practice import h3_cells, practice_readiness
from equity.measures.relying import people_relying
from equity.study.care import sites_that_count
from equity.study.file import StudyPlan
from equity.study.inputs import Inputs

__all__ = ["practice_lines"]


def practice_lines(
    plan: StudyPlan, inputs: Inputs, offers: pd.DataFrame | None, table: pd.DataFrame
) -> pd.DataFrame | None:
    """Return sites and people by whether the site's own line is fit for its size.

    Only sites that are somebody's nearest in this study are looked at. Where no location files are
    at hand no line is known, and the result says so.

    Parameters
    ----------
    plan, inputs
        The study and what it runs on.
    offers
        Best offers by H3 cell under the headline's rule; None where no location files are at hand.
    table
        The study's table, with ``nearest_site_id``.
    """
    if inputs.sites is None or "nearest_site_id" not in table:
        return None
    sites = sites_that_count(inputs.sites, plan.care[0])
    sites = sites[sites.index.isin(table["nearest_site_id"].dropna())]
    cells = None if offers is None else h3_cells(sites)
    ready = practice_readiness(sites, offers, cell=cells)
    people = table["population_n"].fillna(0.0)
    return people_relying(ready, nearest_site_id=table["nearest_site_id"], population=people)
