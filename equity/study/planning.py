"""A run put to a budget: projects, what they leave, and the files that say so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import geopandas as gpd
import pandas as pd

from equity.areas.geoid import LEVELS
from equity.areas.join import combine
from equity.errors import InputError, MissingColumnError
from equity.funding.costs import made_up_costs, read_costs
from equity.funding.portfolio import FIRST, Floor, Portfolio, portfolio
from equity.funding.projects import draw_up_projects, read_projects
from equity.funding.scenario import Scenario, scenario
from equity.language import ENGLISH, current, language, tr
from equity.measures.checks import checked_number
from equity.measures.draws import Travel, refuse_few
from equity.outputs.appendix import GENERIC, programs_of, write_appendix
from equity.outputs.ownership import RECORD, write_record
from equity.outputs.plan import PEOPLE, PlanReport, plan_part, write_plan
from equity.outputs.report import Report
from equity.outputs.tables import export, write_recipe
from equity.provenance import carry, meta, software
from equity.study._exchange import put_in_place
from equity.study.plan_words import finding, method, unknown
from equity.study.run_report import report_of
from equity.study.runs import Run, read_run

__all__ = ["Plan", "committed_part", "plan_run"]

_FUNDED = ("unserved_funded_n", "underserved_funded_n", "unserved_n", "underserved_n")
_FRONT = 6


@dataclass(frozen=True, eq=False)
class Plan:
    """A plan for a run, ready to be written.

    Attributes
    ----------
    name
        Of the run's folder.
    portfolio
        The projects.
    scenario
        The counts before and after.
    areas
        What it brings, by area.
    report
        What is said of it.
    need
        What the run says of the area, for the appendix that carries the plan.
    programs
        Programs that appendices are laid out for; ``generic`` for none in particular.
    record
        What the run's provenance says.
    recorded
        The sentences of the report that files of data hold, in English.
    """

    name: str
    portfolio: Portfolio
    scenario: Scenario
    areas: gpd.GeoDataFrame
    report: PlanReport
    need: Report
    programs: tuple[str, ...]
    record: dict[str, str]
    recorded: Mapping[str, tuple[str, ...]]

    def write(self, folder: str | Path) -> Path:
        """Write page, two printed pages, appendices, tables and provenance into a folder.

        Raises
        ------
        StorageError
            If the folder cannot be written, or holds files that no run wrote.
        """
        return put_in_place(Path(folder), self._write, "a plan")

    def _write(self, folder: Path) -> None:
        report = self.report
        write_plan(report, folder)
        write_recipe(self.need, folder / "study.toml")
        for name in self.programs:
            stem = "appendix" if name == GENERIC else f"appendix-{name}"
            for ending in ("pdf", "docx"):
                write_appendix(
                    self.need, folder / f"{stem}.{ending}", program=name.replace(GENERIC, ""),
                    recipe="study.toml", parts=plan_part(report),
                )  # fmt: skip
        with language(ENGLISH):  # tables and records are the same in every language
            notes = [*report.stamps, *self.recorded["unknown"]]
        export(
            self.areas, folder, formats=("csv", "gpkg"), name="areas", sources=report.sources,
            rules=[self.record["rule"]], synthetic=report.synthetic, notes=notes,
        )  # fmt: skip
        record = {
            "title": f"{self.record['title']}: what a budget would buy",
            "language": current(),
            "synthetic": report.synthetic,
            "made_up_costs": report.made_up,
            "software": software(),
            "run": self.record,
            "budget_usd": self.portfolio.budget_usd,
            "spent_usd": self.portfolio.spent_usd,
            "people_n": self.portfolio.people_n,
            "bound_n": self.portfolio.bound_n,
            "method": self.portfolio.method,
            "finding": list(self.recorded["finding"]),
            "unknown": list(self.recorded["unknown"]),
            "sources": [source.to_dict() for source in report.sources],
        }
        write_record(folder / RECORD, record, folder.iterdir())


def plan_run(
    run: str | Path | None,
    *,
    budget_usd: float | None,
    costs: str | Path | None = None,
    projects: str | Path | None = None,
    made_up: bool = False,
    floor_share: float = 0.0,
    weight: float = 1.0,
    county_cap_usd: float | None = None,
    method: Literal["milp", "greedy"] = "milp",
    draws: int = 100,
    appendices: Sequence[str] = (),
) -> Plan:
    """Choose projects for a folder that ``equity run`` wrote.

    Parameters
    ----------
    run
        The folder.
    budget_usd, county_cap_usd, method, draws
        As for :func:`equity.portfolio`.
    costs, projects, made_up
        A table of costs, from which projects are drawn up in every area; or a table of projects;
        or costs that were made up, which every output says. One of the three.
    floor_share
        Least part of the people reached who live in under-resourced communities.
    weight
        What a person there counts; 1 everywhere else.
    appendices
        Programs (``usda-dlt``, ``bead`` …) that the appendix with the plan is laid out for; by
        default those of the run's ``[application]``, or none in particular.

    Raises
    ------
    MissingFileError
        If the folder holds no run.
    InputError
        If there is no budget, or not one of costs, projects and made-up costs; and all that
        :func:`equity.portfolio` refuses.
    """
    if run is None or budget_usd is None:
        raise InputError(
            "names no run and no budget",
            fix="equity plan maps/example --budget 2000000 --made-up",
        )
    given = sum(bool(one) for one in (costs, projects, made_up))
    if given != 1:
        said = "no cost is known" if not given else "costs are given twice"
        raise InputError(
            f"{said}: there is no default",
            fix="give one of --costs, --projects and --made-up; --template costs.csv writes an "
            "empty table",
        )
    budget_usd = checked_number(budget_usd, "the budget", above=True)
    weight = checked_number(weight, "the weight of people in under-resourced communities")
    refuse_few(draws, or_none=True)
    for name in appendices:
        programs_of(name)
    past = read_run(run)
    table = past.placed
    if FIRST not in table.columns:
        raise MissingColumnError(
            f"the run has no column {FIRST}", file=run, fix="run the study again"
        )
    covered = committed_part(table)
    candidates = (
        read_projects(projects)
        if projects is not None
        else draw_up_projects(
            table, made_up_costs() if costs is None else read_costs(costs), covered=covered
        )
    )
    asked = past.plan
    # As the study drew it: half of the error of estimated minutes is a county's own.
    travel = Travel(common=0.5) if asked.care[0].method == "travel" else None
    first = table[FIRST].fillna(value=False).astype(bool)
    plan = portfolio(
        table, candidates, budget_usd=budget_usd, covered=covered, method=method,
        floors=[Floor(at_least_share=floor_share)] if floor_share else [],
        weight=None if weight == 1 else 1.0 + (weight - 1.0) * first,
        cap_per_county_usd=county_cap_usd, draws=draws, travel=travel, front=_FRONT,
    )  # fmt: skip
    after = _after(table, plan, covered, travel, draws)
    areas = _areas(table, plan)
    told = _said(past, table, plan, after, draws=draws)
    with language(ENGLISH):
        recorded = _said(past, table, plan, after, draws=draws)
    report = _report(past, plan, after, drawn=_drawn(past, areas), draws=draws, told=told)
    seal: dict[str, str] = {
        "title": past.record.get("title", ""), "rule": past.headline,
        "sha256_of_all_above": past.record.get("sha256_of_all_above", ""),
    }  # fmt: skip
    named = tuple(appendices or (asked.application.programs if asked.application else (GENERIC,)))
    need = _need(past, report)
    return Plan(Path(run).name, plan, after, areas, report, need, named, seal, recorded)


def _need(past: Run, report: PlanReport) -> Report:
    """Return what the run says of the area, under a title that says what is asked for."""
    need = report_of(past)
    made_up = tr("{place}: need and plan (costs made up)", place=need.title)
    return replace(
        need,
        title=made_up if report.made_up else tr("{place}: need and plan", place=need.title),
        sources=tuple(dict.fromkeys([*need.sources, *report.sources])),
    )


def committed_part(table: pd.DataFrame) -> pd.Series | None:
    """Return the part of the locations without a qualifying line that a commitment covers.

    Where a rule's line is more than the 25/3 that ends *unserved*, underserved locations lack it
    too, as far as the counts say. None where nobody has read what is funded.
    """
    if not {*_FUNDED, "qualifying_n", "locations_n"} <= set(table.columns):
        return None
    lacking = (table["locations_n"] - table["qualifying_n"]).clip(lower=0.0)
    some = table["underserved_n"].where(table["underserved_n"] > 0)
    of_these = ((lacking - table["unserved_n"]) / some).clip(0.0, 1.0).fillna(0.0)
    funded = table["unserved_funded_n"] + of_these * table["underserved_funded_n"]
    return (funded / lacking.where(lacking > 0)).clip(0.0, 1.0).fillna(0.0)


def _after(
    table: pd.DataFrame,
    plan: Portfolio,
    covered: pd.Series | None,
    travel: Travel | None,
    draws: int,
) -> Scenario:
    """Return the counts with the plan alone: what is committed stands in neither."""
    fixes = plan.areas["plan_fixes"]
    line, home = (fixes.str.contains(what).astype(float) for what in ("line", "home"))
    before = table
    if covered is not None:
        share_now = table["qualifying_share"]
        before = table.assign(qualifying_share=share_now + covered * (1 - share_now))
        before.attrs = dict(table.attrs)
    return scenario(before, line=line, home=home, draws=draws, travel=travel)


def _areas(table: gpd.GeoDataFrame, plan: Portfolio) -> gpd.GeoDataFrame:
    """Return what the plan brings, by area, beside what the run says of it."""
    shown = ["name", "county_name", "population_n", "gap_n", "gap_status", FIRST, "geometry"]
    kept = table[[name for name in shown if name in table]]
    return gpd.GeoDataFrame(combine(carry(kept, table), plan.areas))


def _drawn(past: Run, areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return what is drawn: the areas, or the counties of states that were run apart."""
    counties = past.counties() if past.states else None
    if counties is None:
        return areas
    brought = areas[PEOPLE].groupby(areas.index.str[: LEVELS["county"]]).sum()
    shown = ["name", "population_n", "gap_n", "gap_status", "geometry"]
    drawn = counties[[name for name in shown if name in counties]]
    return gpd.GeoDataFrame(carry(drawn.assign(**{PEOPLE: brought}), counties))


def _said(
    past: Run, table: gpd.GeoDataFrame, plan: Portfolio, after: Scenario, *, draws: int
) -> dict[str, tuple[str, ...]]:
    """Return what page and record both say, in the language that is being written."""
    return {
        "finding": tuple(finding(past.title, table, plan, after, draws=draws)),
        "unknown": tuple(unknown(plan, past.headline)),
    }


def _report(
    past: Run,
    plan: Portfolio,
    after: Scenario,
    *,
    drawn: gpd.GeoDataFrame,
    draws: int,
    told: Mapping[str, tuple[str, ...]],
) -> PlanReport:
    return PlanReport(
        title=past.title,
        synthetic=bool(past.record.get("synthetic")),
        made_up=plan.made_up,
        finding=told["finding"],
        areas=drawn,
        projects=plan.projects,
        front=plan.front,
        counts=after.counts,
        unknown=told["unknown"],
        method=tuple(method(plan, draws)),
        sources=meta(plan.projects).sources,
    )
