"""``equity program``: a run put to the published tests of a program, and what there are."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import pandas as pd

from equity.areas.table import level_of
from equity.errors import InputError
from equity.funding.programs import ProgramTest, evaluate_program
from equity.outputs.appendix import list_layouts, programs_of
from equity.outputs.report import ProgramFinding
from equity.rules import list_coverage_rules
from equity.rules.program_rule import ProgramRule, list_program_rules, load_program_rule
from equity.sources.site_list import read_site_list
from equity.study.area import find_area
from equity.study.asked import area_lines
from equity.study.parts import AreaPart, StudyPlan
from equity.study.runs import Run, read_run

__all__ = ["listed_programs", "programs_asked", "put_to_program", "tested"]


def listed_programs() -> Iterator[str]:
    """Yield every program rule that ships: since when, how sure, and what nobody has read."""
    for name in list_program_rules():
        rule = load_program_rule(name)
        days = f"{rule.applies_from or 'always'} to {rule.applies_to or 'open'}"
        yield f"{name:16} {rule.title}"
        yield f"{'':16} {days}; {rule.citation}; read {rule.retrieved}: {rule.confidence}"
        for criterion in rule.criteria:
            mark = "" if criterion.confidence == "primary" else f" [{criterion.confidence}]"
            yield f"{'':16} - {criterion.label}{mark}"
    yield "primary: read in the original; secondary: read second hand; unverified: recalled only."


def programs_asked(run: Run, program: str | Path = "") -> list[str | Path]:
    """Return the rules that a program is tested by; without one, those of the run's application.

    Raises
    ------
    InputError
        If none is named, and the run's study has no ``[application]``.
    """
    if program and str(program) not in list_layouts():
        return [program]
    application = run.plan.application
    named = [str(program)] if program else [] if application is None else application.programs
    rules = dict.fromkeys(rule for name in named for rule in programs_of(name))
    if not rules:
        raise InputError(
            "names no program, and the run's study has no [application] that does",
            fix="equity program bead-2025 maps/example; equity program --list says what there is",
        )
    return list(rules)


def put_to_program(
    program: str | Path,
    run: str | Path | Run,
    *,
    as_of: str | None = None,
    area: str = "",
    sites: str | Path | None = None,
    grant_usd: float | None = None,
) -> ProgramTest:
    """Put a folder that ``equity run`` wrote to a program's tests.

    Parameters
    ----------
    program
        Id of a program rule, or the path of one.
    run
        The folder, or what was read of it.
    as_of
        Day that the tests are put for; by default the last for which the rule's text is known.
    area
        Counties by name or code, tracts or polygons, as ``equity run --area`` takes them; all of
        the run by default.
    sites
        List of the application's sites; by default that of the run's ``[application]``.
    grant_usd
        What is requested; by default what the ``[application]`` says.

    Raises
    ------
    EquityError
        If there is no such run, rule, place or list, or the day lies outside the rule's.
    """
    rule = load_program_rule(program)
    found = run if isinstance(run, Run) else read_run(run)
    plan, day = found.plan, as_of or rule.last_read
    if sites is None:
        listed = found.application
    else:
        listed = read_site_list(sites, as_of=day, level=level_of(found.table))
    return _put(_within(found, area), rule, plan, day=day, sites=listed, grant_usd=grant_usd)


def _put(
    table: pd.DataFrame,
    rule: ProgramRule,
    plan: StudyPlan,
    *,
    day: str,
    sites: pd.DataFrame | None,
    grant_usd: float | None = None,
) -> ProgramTest:
    if grant_usd is None and plan.application is not None:
        grant_usd = plan.application.grant_usd
    return evaluate_program(
        table,
        rule,
        as_of=day,
        sites=sites,
        coverage_rule=plan.study.headline if plan.study.headline in list_coverage_rules() else "",
        grant_usd=grant_usd,
        missing="say",
    )


def tested(
    table: pd.DataFrame, plan: StudyPlan, sites: pd.DataFrame | None
) -> dict[str, ProgramFinding]:
    """Put a study's table to every program, each on the last day that its text is known for."""
    found = {}
    for name in list_program_rules():
        rule = load_program_rule(name)
        test = _put(table, rule, plan, day=rule.last_read, sites=sites)
        told = test.rule.title, test.as_of, test.confirm_at
        # Of two days the earlier is the last read: an end that is over.
        ended = rule.last_read == rule.applies_to
        first = rule.criteria[0].key
        met = test.each[first] if rule.criteria[0].reduce == "each" and first in test.each else None
        found[name] = ProgramFinding(*told, test.criteria, test.notes, ended=ended, met=met)
    return found


def _within(found: Run, area: str) -> pd.DataFrame:
    """Return the rows of a run that lie in a place, found as a study finds its own."""
    if not area.strip():
        return found.table
    part = AreaPart(**tomllib.loads(area_lines(area, Path()))["area"])
    where = find_area(found.plan.model_copy(update={"area": part}), Path(), _Read(found.placed))
    assert where is not None, "asked for"
    return where.inside(found.placed)


class _Read(NamedTuple):
    """What a finder of areas needs: those of the run; blocks and county outlines it has not."""

    areas: gpd.GeoDataFrame
    outlines: None = None
    blocks: None = None
