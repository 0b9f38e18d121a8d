"""``equity program``: a run put to the published tests of a program, and what there are."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from equity.areas.table import level_of
from equity.errors import InputError
from equity.funding.programs import ProgramTest, evaluate_program
from equity.outputs.report import ProgramFinding
from equity.provenance import carry
from equity.rules import list_coverage_rules
from equity.rules.program_rule import list_program_rules, load_program_rule
from equity.sources.site_list import read_site_list
from equity.study.record import Record
from equity.study.runs import read_run

__all__ = ["listed_programs", "put_to_program", "tested"]


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


def put_to_program(
    program: str | Path,
    run: str | Path,
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
        The folder.
    as_of
        Day that the tests are put for; by default the last for which the rule's text is known.
    area
        Counties by name, or ids of areas or the beginning of ids, with commas between; all of the
        run by default.
    sites
        List of the application's sites.
    grant_usd
        What is requested.

    Raises
    ------
    EquityError
        If there is no such run, rule, place or list, or the day lies outside the rule's.
    """
    rule, found = load_program_rule(program), read_run(run)
    table = _within(found.table, area)
    day = as_of or rule.last_read
    listed = (
        None if sites is None else read_site_list(sites, as_of=day, level=level_of(found.table))
    )
    return evaluate_program(
        table,
        rule,
        as_of=day,
        sites=listed,
        coverage_rule=found.headline if found.headline in list_coverage_rules() else "",
        grant_usd=grant_usd,
        missing="say",
    )


def tested(result: Record) -> dict[str, ProgramFinding]:
    """Put a study's table to every program, each on the last day that its text is known for."""
    found, plan = {}, result.plan
    rule = plan.study.headline if plan.study.headline in list_coverage_rules() else ""
    for name in list_program_rules():
        test = evaluate_program(
            result.table,
            name,
            as_of=load_program_rule(name).last_read,
            sites=result.application,
            coverage_rule=rule,
            grant_usd=None if plan.application is None else plan.application.grant_usd,
            missing="say",
        )
        told = test.rule.title, test.as_of, test.confirm_at
        found[name] = ProgramFinding(*told, test.criteria, test.notes)
    return found


def _within(table: pd.DataFrame, area: str) -> pd.DataFrame:
    """Keep the areas that are named."""
    if not area.strip():
        return table
    ids = table.index.astype(str)
    counties = table.get("county_name", pd.Series("", index=table.index)).astype(str)
    keep = pd.Series(data=False, index=table.index)
    for name in filter(None, map(str.strip, area.split(","))):
        here = (
            ids.str.startswith(name)
            if name.isdigit()
            else counties.str.casefold() == name.casefold()
        )
        if not here.any():
            close = difflib.get_close_matches(name, sorted(set(counties)), n=1)
            raise InputError(
                f"the run has no area {name!r}",
                fix=f"did you mean {close[0]}?" if close else "name a county, or give an id",
            )
        keep |= here
    return carry(table[keep], table)
