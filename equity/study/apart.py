"""States that are run apart: one after the other, side by side, or by the workers of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from equity.areas.geoid import STATES, State
from equity.errors import EquityError
from equity.language import current, language
from equity.measures.draws import Draws, Interval
from equity.measures.lines.coverage import Inline
from equity.outputs.maps import fit_to_draw
from equity.outputs.report import Report
from equity.study.cluster import executor_at
from equity.study.result import StudyResult
from equity.study.run import Study
from equity.study.workers import processes, workers_for
from equity.study.write import write_outputs

__all__ = ["Kept", "no_draws", "page_of", "run_apart"]


@dataclass(frozen=True)
class Kept:
    """What is kept of a state: the result without polygons, what maps draw, and its counties."""

    result: StudyResult
    outlines: gpd.GeoSeries
    counties: gpd.GeoDataFrame
    intervals: Mapping[str, Interval]


def page_of(state: State) -> str:
    """Return the name of the folder of a state's own pages."""
    return state.usps.lower()


def run_apart(
    parts: Mapping[State, Study],
    target: Path,
    keep: Callable[[State, Kept], None],
    *,
    cluster: str | None,
    workers: int | None,
) -> None:
    """Run the study of each state, and write its pages into a folder of its own.

    Parameters
    ----------
    parts
        The studies.
    target
        Where the folders go.
    keep
        Called with what is kept of each state, as soon as it is done.
    cluster, workers
        As for :func:`equity.study.nation.run_states`.
    """
    if cluster is not None:
        _on_cluster(parts, target, cluster, keep)
    elif (many := workers_for(len(parts), workers)) > 1:
        _side_by_side(parts, target, many, keep)
    else:
        for state, part in parts.items():
            with _told_of(state):
                one = _written(part.run_with(None), target / page_of(state))
            keep(state, one)


def _on_cluster(
    parts: Mapping[State, Study], target: Path, cluster: str, keep: Callable[[State, Kept], None]
) -> None:
    """Run each state by a worker of a cluster; its files are written here, in the states' order."""
    with executor_at(cluster) as executor:
        assert executor is not None, "an address was given"
        waiting = {state: executor.submit(_run_there, part) for state, part in parts.items()}
        for state in parts:
            with _told_of(state):
                one = _written(waiting.pop(state).result(), target / page_of(state))
            keep(state, one)


def _side_by_side(
    parts: Mapping[State, Study], target: Path, many: int, keep: Callable[[State, Kept], None]
) -> None:
    """Run and write each state in one of many processes of this machine."""
    left = list(parts)
    with processes(many) as pool:
        waiting = {
            pool.submit(_run_here, part, target / page_of(state), current()): state
            for state, part in parts.items()
        }
        for future in as_completed(waiting):
            state = waiting[future]
            try:
                with _told_of(state):
                    one = future.result()
            except BrokenProcessPool:
                at_work = " or ".join(state.name for state in left[:many])  # begun in this order
                raise EquityError(
                    f"a worker process died while it ran {at_work}, often because memory ran out",
                    fix="run fewer side by side: EQUITY_WORKERS=1; and put a script's own work "
                    'under if __name__ == "__main__":',
                    code="E-WORKER",
                ) from None
            left.remove(state)
            keep(state, one)


@contextmanager
def _told_of(state: State) -> Iterator[None]:
    """Put the state's name before what an error of its run says."""
    try:
        yield
    except EquityError as error:
        raise error.again(what=f"{state.name}: {error.what}") from None


def _run_there(study: Study) -> StudyResult:
    return study.run_with(Inline())  # a worker has no processes of its own


def _run_here(study: Study, folder: Path, code: str) -> Kept:
    with language(code):
        return _written(_run_there(study), folder)


def _written(result: StudyResult, folder: Path) -> Kept:
    """Write a state's pages, and return what the page of all needs of it."""
    report = result.report()
    write_outputs(report, folder)
    return _kept(result, report)


def _kept(result: StudyResult, report: Report) -> Kept:
    outlines = fit_to_draw(result.table.geometry)
    bare = result.table.drop(columns="geometry")
    counties = report.levels.get("counties", result.table)
    short = ", " + STATES[result.plan.study.state[0]].usps
    counties = counties.assign(name=counties["name"] + short)
    intervals = {name: result.interval(name) for name in ("gap_n", "no_link_n")}
    none = no_draws(result.draws.notes)
    slim = replace(
        result, table=bare, everywhere=bare, draws=none, outlines=None, sites=None, credits={}
    )
    return Kept(slim, outlines, counties, intervals)


def no_draws(notes: tuple[str, ...]) -> Draws:
    """Return draws of nobody: only what their notes say."""
    nobody = pd.Index([], dtype=object, name="geoid")
    empty, none = pd.DataFrame(index=nobody), np.zeros(0, dtype=bool)
    return Draws(nobody, empty, {}, none, {}, empty, notes)
