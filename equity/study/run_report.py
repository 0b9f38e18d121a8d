"""What the folder of a run still tells of it: the content of an appendix, from no other file.

Draws, other settings, the comparison of rules and what people of each class told the survey stay
with the run's own page and appendix.
"""

from __future__ import annotations

from typing import cast

import geopandas as gpd
import pandas as pd

from equity.outputs.appendix import asked_columns
from equity.outputs.report import Report
from equity.provenance import Source, software
from equity.study import prose as words
from equity.study import totals
from equity.study.places import columns_of_criteria, places
from equity.study.program import tested
from equity.study.runs import Run
from equity.study.sentences import Rows, compared_sentence, state_sentence

__all__ = ["report_of"]


def report_of(past: Run) -> Report:
    """Return the need and the service area of a run as its folder tells them."""
    table, plan, record = past.placed, past.plan, past.told
    ranked = table[table["gap_status"] == "ok"].sort_values(
        ["gap_n", "population_n"], ascending=False, kind="stable"
    )
    listed = ranked["is_under_resourced"].astype(bool) & ranked["falls_short"].astype(bool)
    counts, compared = totals.counts(ranked), totals.comparison(ranked)
    told, nothing = record.get("practices"), pd.DataFrame()
    said = (
        state_sentence(past.title, plan, cast("Rows", counts.to_dict("index"))),
        compared_sentence(cast("Rows", compared.to_dict("index"))),
    )
    return Report(
        title=past.title,
        synthetic=bool(record.get("synthetic")),
        finding=said,
        table=table,
        focus=tuple(ranked.index[listed]),
        others=tuple(ranked.index[~listed]),
        unranked=nothing,
        rules=tuple(record.get("rules", [])),
        by_rule=nothing,
        comparison=compared,
        counts=counts,
        kinds=nothing,
        fixes=totals.fixes(ranked, ranked[listed]),
        overlaps=nothing,
        settings=nothing,
        practices=pd.DataFrame.from_dict(told, orient="index") if told else None,
        criteria=tuple(record.get("under_resourced", [])),
        criteria_columns=columns_of_criteria(plan),
        method=(("The measure", words.MEASURE), ("What is missing", words.SPLIT)),
        limits=tuple(record.get("limits", [])),
        sources=tuple(Source.from_dict(one) for one in record.get("sources", [])),
        software=software(),
        study_toml=record["study"],
        sites=past.sites(),
        levels=_counties(past),
        disparities=totals.disparities(plan, ranked),
        held=totals.held(ranked, ranked[listed]),
        fifths=totals.fifths(plan, ranked),
        race_in_appendix=plan.study.race_in_appendix,
        areas_label=str(record.get("areas", {}).get("label", "areas")),
        programs=tested(table, plan, past.application),
        application=past.application,
        places=places(past, asked_columns()),
    )


def _counties(past: Run) -> dict[str, gpd.GeoDataFrame]:
    counties = past.counties()
    return {} if counties is None else {"counties": counties}
