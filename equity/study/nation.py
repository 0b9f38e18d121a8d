"""A study of many states, run state by state: a page for each, and one that leads to all.

Of a state only its tables are kept, and of the tracts' polygons what a map draws: however many
states there are, those that run side by side are in memory as they were read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from equity.areas.aggregate import roll_up
from equity.areas.geoid import STATES, State, geo_id
from equity.areas.words import number
from equity.errors import StudyError, VintageError
from equity.language import ENGLISH, language, mark, said, tr
from equity.measures.draws import Interval
from equity.measures.gap import gap_totals
from equity.measures.sensitivity import Sensitivity
from equity.outputs.report import Report
from equity.provenance import Source, meta, stamp
from equity.study.apart import Kept, no_draws, page_of, run_apart
from equity.study.file import plan_of
from equity.study.finding import build_report
from equity.study.levels import outlined
from equity.study.record import Record
from equity.study.result import StudyResult
from equity.study.run import Study
from equity.study.template import CONNECTICUT
from equity.study.write import refuse_foreign, write_outputs

__all__ = ["run_states", "study_of"]

_CT = {"2020", "2020-CT2022"}
"""Vintages that differ in Connecticut alone."""
_READ = mark(
    "Each state was read and joined by itself; what that had to say, and every file with its "
    "checksum, stands with the state's own page."
)
_NO_DRAWS = mark(
    "Nothing was drawn across states: their intervals are added as those of independent estimates. "
    "What states share, such as the error of travel estimates, is then understated."
)
_BY_CAPACITY = mark(
    "Clinicians are shared by the residents of one state at a time: people beyond its border who "
    "use them are not counted."
)


@dataclass(frozen=True, repr=False)
class _Nation(Record):
    """The states together; `draws` is empty, and `intervals` are told in its place."""

    intervals: Mapping[str, Interval] = field(default_factory=dict)

    @property
    def overall(self) -> str:
        return tr("the overall rate of its state")

    @property
    def listed(self) -> str:
        return tr("on the pages of their states")

    def interval(self, what: str) -> Interval:
        return self.intervals[what]


def run_states(
    study: Study,
    folder: str | Path,
    *,
    cluster: str | None = None,
    workers: int | None = None,
    tell: Callable[[str], None] = lambda _line: None,
) -> Report:
    """Run each state of a study as a study of its own, then write the page of all.

    Parameters
    ----------
    study
        A study whose plan is ``each_apart``.
    folder
        The page of all is written here, that of a state into a folder named by its postal code.
    cluster
        Address of a Dask scheduler whose workers run one state each; this machine by default.
    workers
        Processes of this machine that run one state each, side by side; with 1 one state runs
        after the other in this process. The setting ``workers`` (``EQUITY_WORKERS``) by default,
        else one a core, as long as memory suffices. The files are the same with any number.
    tell
        Called with a line for each state that is done, in the order in which they are.

    Returns
    -------
    Report
        What the page of all says. Its `table` has one row a county, ``levels["states"]`` one a
        state; totals are the sums of the states', margins and intervals those of independent
        estimates: the root of the sum of squares.

    Raises
    ------
    EquityError
        What a run raises, with the name of the state; or a worker process died. The pages of
        states that were done stay.
    """
    study, target = study.spoken(), Path(folder)
    states = [STATES[fips] for fips in study.plan.study.state]
    parts = {state: study_of(study, state) for state in states}
    for place in (target, *(target / page_of(state) for state in states)):
        refuse_foreign(place, "a run")
    kept: dict[State, Kept] = {}

    def keep(state: State, one: Kept) -> None:
        kept[state] = one
        gap = gap_totals(one.result.table)
        tell(
            f"{state.name}: {gap['gap_n']:,.0f} of {gap['population_n']:,.0f} residents in "
            f"the gap ({gap['gap_share']:.1%}), {len(one.result.focus):,} places that fall short"
        )

    run_apart(parts, target, keep, cluster=cluster, workers=workers)
    with language(study.plan.study.lang or ENGLISH):
        report = _report(study, [kept[state] for state in states])
    write_outputs(report, target)
    return report


def study_of(study: Study, state: State) -> Study:
    """Return the study of one of the states: the same file with other words in ``[study]``.

    Raises
    ------
    StudyError
        If ``[study]`` does not say its state, id and title in lines of their own.
    """
    own = study.plan.study
    said = {"state": state.fips, "id": f"{own.id}-{state.usps.lower()}", "title": state.name}
    if own.made_up:
        said["title"] += " (synthetic)"
    section = re.search(
        r"^\[study\]\s*$.*?(?=^\[\[?[a-z]|\Z)", study.text, re.MULTILINE | re.DOTALL
    )
    lines = section[0] if section else ""
    lines = re.sub(r"^state_by_state\s*=.*\n", "", lines, flags=re.MULTILINE)
    for name, value in said.items():
        line = f"{name} = {json.dumps(value)}"
        lines = re.sub(
            rf"^{name}\s*=\s*(\[.*?\]|.*?$)", line, lines, count=1, flags=re.MULTILINE | re.DOTALL
        )
    text = study.text.replace(section[0], lines, 1) if section else study.text
    if state.fips != CONNECTICUT:
        text = re.sub(r"^connecticut\s*=.*\n", "", text, flags=re.MULTILINE)
    plan = plan_of(text, study.folder / "study.toml")
    if (plan.study.state, plan.study.id) != ((state.fips,), said["id"]):
        raise StudyError(
            "[study] does not say state, id and title in lines of their own",
            fix='write state = "US", id = "us" and title = "…", each on a line under [study]',
        )
    return Study(plan, text, study.folder)


def _report(study: Study, kept: Sequence[Kept]) -> Report:
    """Return what is said of all: built from the states' tables as a state's is from its own."""
    results = [one.result for one in kept]
    vintage = _vintage(results)
    sources = tuple(dict.fromkeys(_publication(s) for one in results for s in one.sources))
    level = study.plan.study.level

    def together(tables: Sequence[pd.DataFrame], level: str) -> pd.DataFrame:
        table = pd.concat([_without_record(one) for one in tables])
        return stamp(table, level=level, geo_vintage=vintage, sources=sources, notes=[said(_READ)])

    table = together([one.table for one in results], level)
    counties = gpd.GeoDataFrame(together([one.counties for one in kept], "county"))
    notes = dict.fromkeys(note for one in results for note in one.draws.notes)
    plan = study.plan.model_copy(update={"notes": [*study.plan.notes, *_limits(study)]})
    whole = _Nation(
        plan=plan,
        text=study.text,
        table=gpd.GeoDataFrame(table),
        everywhere=gpd.GeoDataFrame(table),
        rules=results[0].rules,
        sources=sources,
        audit=results[0].audit,
        draws=no_draws(tuple(notes)),
        choices=_choices([one.choices for one in results]),
        practices=_practices([one.practices for one in results]),
        credits={},
        by_person=pd.concat([one.by_person for one in results]),
        intervals={name: _added([one.intervals[name] for one in kept]) for name in
                   ("gap_n", "no_link_n")},
    )  # fmt: skip
    states = _states(counties)
    report = build_report(whole, levels={"states": states})
    areas = gpd.GeoDataFrame(report.table, geometry=pd.concat([one.outlines for one in kept]))
    ranked = counties[counties["gap_n"].notna()].sort_values(
        ["gap_n", "population_n"], ascending=False, kind="stable"
    )
    return replace(
        report,
        table=counties,
        focus=(),
        others=tuple(ranked.index),
        unranked=_unranked(counties),
        outlines=states,
        smaller={} if level == "county" else {report.areas_label: areas},
        pages={fips: f"{page_of(STATES[fips])}/index.html" for fips in states.index},
    )


def _limits(study: Study) -> Iterator[str]:
    yield _NO_DRAWS
    if any(care.by_capacity for care in study.plan.care):
        yield _BY_CAPACITY


def _without_record(table: pd.DataFrame) -> pd.DataFrame:
    bare = table.copy(deep=False)
    bare.attrs = {}
    return bare


def _vintage(results: Sequence[StudyResult]) -> str:
    """Return the vintage of all areas; that of Connecticut's planning regions tells the rest."""
    found = {str(meta(one.table).geo_vintage): one.plan.study.title for one in results}
    if len(found) > 1 and set(found) != _CT:
        (one, title), (other, second) = list(found.items())[:2]
        raise VintageError(
            f"the areas of {title} are those of {one}, the areas of {second} those of {other}",
            fix="give every state the same edition",
            code="E-STATES-DIFFER",
        )
    return max(found)


def _publication(source: Source) -> Source:
    """Return what was published, without its files: each state's record lists its own."""
    return replace(source, file="", sha256="", url="", note="", revision="", mirror="")


def _added(parts: Sequence[Interval]) -> Interval:
    """Return the interval of a sum of independent estimates, each end by itself."""
    known = [one for one in parts if not np.isnan(one.value)]
    value = sum(one.value for one in known)
    if not known or any(np.isnan(one.p05) for one in known):
        return Interval(value if known else np.nan, np.nan, np.nan)
    below = np.sqrt(sum((one.value - one.p05) ** 2 for one in known))
    above = np.sqrt(sum((one.p95 - one.value) ** 2 for one in known))
    return Interval(value, max(value - below, 0.0), value + above)


def _choices(states: Sequence[Sensitivity]) -> Sensitivity:
    """Return other settings over all states; one that some state cannot tell has no number."""
    frames = [one.settings for one in states]
    ids = list(dict.fromkeys(key for frame in frames for key in frame.index))
    own = pd.concat([frame.loc[["study"]] for frame in frames])
    rows = {key: _setting([f.loc[[key]] for f in frames if key in f.index], own) for key in ids}
    settings = pd.DataFrame.from_dict(rows, orient="index")
    settings.index.name = frames[0].index.name
    areas = pd.concat([_without_record(one.areas) for one in states])
    stamp(areas, level=meta(states[0].areas).level, geo_vintage=meta(states[0].areas).geo_vintage)
    gaps = pd.concat([one.gaps for one in states])
    return Sensitivity(settings, areas, gaps, max(one.computed_n for one in states))


def _setting(rows: Sequence[pd.DataFrame], own: pd.DataFrame) -> dict[str, object]:
    """Add one setting up: counts are sums, and from the states' shares of places the same."""
    here = pd.concat(rows)
    told = {name: here[name].iloc[0] for name in ("group", "label", "note")}
    lacking = len(own) - int(here["gap_n"].notna().sum())
    numbers = ("gap_n", "gap_share", "named_n", "named_people_n", "overlap_share")
    if lacking:
        more = "" if lacking == len(own) else tr("{n} of the states cannot tell", n=number(lacking))
        told["note"] = told["note"] or more
        return {**told, **dict.fromkeys(numbers, np.nan)}
    sums = here[["gap_n", "named_n", "named_people_n"]].sum()
    people = (here["gap_n"] / here["gap_share"]).replace([np.inf, -np.inf], np.nan).sum()
    # Of n named here and m in the study, o of either are the same: o (n + m) / (1 + o) places.
    either = here["named_n"].to_numpy() + own["named_n"].to_numpy()
    share = here["overlap_share"].fillna(0.0).to_numpy()
    both = (share * either / (1.0 + share)).sum()
    union = either.sum() - both
    return {
        **told,
        **{name: float(value) for name, value in zip(sums.index, sums, strict=True)},
        "gap_share": sums["gap_n"] / people if people else np.nan,
        "overlap_share": both / union if union else np.nan,
    }


def _practices(frames: Sequence[pd.DataFrame | None]) -> pd.DataFrame | None:
    known = [frame for frame in frames if frame is not None]
    return sum(known[1:], known[0]) if known else None


def _states(counties: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the counties added up to states, with outlines of the counties that were measured."""
    rolled = roll_up(counties, "state")
    of = pd.Series(counties.index.str[:2], index=counties.index)
    table = outlined(rolled, counties, of)
    table.insert(0, "name", [STATES[fips].name for fips in table.index])
    table.insert(0, "geo_id", geo_id(table.index.to_series(), "state"))
    table.attrs = dict(rolled.attrs)
    return table


def _unranked(counties: pd.DataFrame) -> pd.DataFrame:
    rest = counties[counties["gap_n"].isna()]
    why = tr("no area of it has a value")
    return pd.DataFrame({"name": rest["name"], "reason": why, "why": why}, index=rest.index)
