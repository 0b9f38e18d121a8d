"""The practice's side as a finding: sites whose line is fit, and the people who rely on them."""

from __future__ import annotations

import pandas as pd

from equity import provenance
from equity.measures._practice_lines import LINE_OF_STATUS, need_columns
from equity.measures.checks import aligned
from equity.measures.reach.places import checked_ids

__all__ = ["people_relying"]


def people_relying(
    readiness: pd.DataFrame, *, nearest_site_id: pd.Series, population: pd.Series
) -> pd.DataFrame:
    """Return how many sites have a fit line, and how many people have such a site nearest.

    The practice's side cannot move the Telehealth Access Gap, which holds no practice line: it is
    a finding of its own.

    Parameters
    ----------
    readiness
        What :func:`practice_readiness` returns.
    nearest_site_id
        Nearest site by area id, from :func:`equity.nearest_sites` over the same sites.
    population
        People by area id.

    Returns
    -------
    DataFrame
        By ``practice_line``: ``fit``, ``below`` (below the tier its size needs, high latency, or
        offered none) and ``unknown``: ``sites_n`` and ``relying_n`` (people whose nearest site it
        is). People whose nearest site was not looked at, or who have none, count as unknown.

    Raises
    ------
    InputError
        If population does not match the areas.
    MissingColumnError
        If `readiness` has no ``practice_status``.

    Examples
    --------
    >>> ready = pd.DataFrame({"practice_status": ["ok", "below_tier"]}, index=["x", "y"])
    >>> nearest = pd.Series(["x", "y", "y"], index=["a", "b", "c"])
    >>> people = pd.Series([100.0, 20.0, 3.0], index=["a", "b", "c"])
    >>> people_relying(ready, nearest_site_id=nearest, population=people)["relying_n"].tolist()
    [100.0, 23.0, 0.0]
    """
    ids = checked_ids(readiness, role="readiness")
    need_columns(readiness, ("practice_status",), "readiness")
    status = pd.Series(readiness["practice_status"].to_numpy(), index=ids)
    line = status.map(LINE_OF_STATUS).fillna("unknown")
    areas = nearest_site_id.index
    people = pd.Series(
        aligned(population, areas, what="population", of="areas", positive=False), index=areas
    )
    served_by = nearest_site_id.map(line).fillna("unknown")
    index = pd.Index(["fit", "below", "unknown"], name="practice_line")
    result = pd.DataFrame(
        {
            "sites_n": line.value_counts().reindex(index, fill_value=0).astype(int),
            "relying_n": people.groupby(served_by).sum().reindex(index, fill_value=0.0),
        },
        index=index,
    )
    # The rows are no areas, whatever the people's table is of; its sources are the result's too.
    told = provenance.meta(provenance.carry(pd.DataFrame(), readiness, nearest_site_id, population))
    return provenance.stamp(result, sources=told.sources, notes=told.notes)
