"""Runs the reducer over files: here, in a process pool, or on a cluster; results are the same."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from typing import ParamSpec, TypeVar

from equity.errors import EquityError
from equity.measures.lines._cache import reduce_cached
from equity.measures.lines._partial import Partial, merge_two
from equity.measures.lines._reduce import LocationFile
from equity.progress import track
from equity.rules import CoverageRule

_PARALLEL_FROM_BYTES = 32 << 20
_FEW_CORES = 4
_LOST_ON_DASK = {"KilledWorker", "FutureCancelledError", "FuturesCancelledError"}
"""What Dask raises, by name, so that it need not be installed to be told apart."""

Given = ParamSpec("Given")
Made = TypeVar("Made")


class Inline(Executor):
    """An executor that does the work at once, in this process."""

    def submit(
        self, fn: Callable[Given, Made], /, *args: Given.args, **kwargs: Given.kwargs
    ) -> Future[Made]:
        """Run ``fn`` and return a finished future."""
        future: Future[Made] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - a future carries whatever was raised
            future.set_exception(error)
        return future


def reduce_all(
    groups: Mapping[str, Sequence[LocationFile]],
    rules: Sequence[CoverageRule],
    *,
    cells: bool,
    digits: int,
    whole: int | None,
    executor: Executor | None,
    cache_dir: str | None,
) -> Iterator[Partial]:
    """Yield one result per group of files, in the order of completion.

    Only a few partial results wait at a time, so memory does not grow with the number of files.
    """
    every = [file for files in groups.values() for file in files]
    with (
        _choose(executor, every, cached=bool(cache_dir)) as (pool, readers),
        track("Reading coverage", total=len(every)) as advance,
    ):
        parts = {name: _shares(files, _pieces(pool, len(groups))) for name, files in groups.items()}
        work = partial(
            reduce_cached,
            rules=tuple(rules),
            cells=cells,
            digits=digits,
            whole=whole,
            cache_dir=cache_dir,
            ordered=any(len(shares) > 1 for shares in parts.values()),
            readers=readers,
            # Only work that is done here can tell of each file.
            done=advance if isinstance(pool, Inline) else _not_told,
        )
        jobs = [(name, share) for name, shares in parts.items() for share in shares]
        left = {name: len(shares) for name, shares in parts.items()}
        totals: dict[str, Partial] = {}
        for name, share, result in _as_done(pool, work, jobs):
            totals[name] = merge_two(totals[name], result) if name in totals else result
            left[name] -= 1
            if not isinstance(pool, Inline):
                advance(len(share))
            if not left[name]:
                yield totals.pop(name)


def _as_done(
    pool: Executor,
    work: Callable[[Sequence[LocationFile]], Partial],
    jobs: list[tuple[str, list[LocationFile]]],
) -> Iterator[tuple[str, Sequence[LocationFile], Partial]]:
    waiting: dict[Future[Partial], tuple[str, Sequence[LocationFile]]] = {}
    try:
        while jobs or waiting:
            while jobs and len(waiting) < _width(pool):
                job = jobs.pop(0)
                waiting[pool.submit(work, job[1])] = job
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                name, share = waiting.pop(future)
                yield name, share, _result(future, share)
    finally:
        for future in waiting:
            future.cancel()


def _large(files: Sequence[LocationFile]) -> bool:
    return sum(file.size for file in files) >= _PARALLEL_FROM_BYTES


def _pieces(pool: Executor, groups: int) -> int:
    """Into how many shares to cut each group, so that all workers have something to do."""
    workers = _width(pool)
    return 1 if groups >= 2 * workers else workers


def _shares(files: Sequence[LocationFile], pieces: int) -> list[list[LocationFile]]:
    """Deal files out, the largest first, each to the share that is smallest so far."""
    shares: list[list[LocationFile]] = [[] for _ in range(min(pieces, len(files)))]
    weight = [0] * len(shares)
    for file in sorted(files, key=lambda f: (-f.size, f.name)):
        lightest = weight.index(min(weight))
        shares[lightest].append(file)
        weight[lightest] += file.size
    return shares


def _result(future: Future[Partial], share: Sequence[LocationFile]) -> Partial:
    try:
        return future.result()
    except Exception as error:
        if not isinstance(error, BrokenProcessPool) and type(error).__name__ not in _LOST_ON_DASK:
            raise
        raise EquityError(
            "a worker process died while reading it, often because memory ran out",
            file=share[0].name + (f" and {len(share) - 1} more" if len(share) > 1 else ""),
            fix="run it again with executor=equity.measures.lines.coverage.Inline(), and put a "
            'script\'s own work under if __name__ == "__main__":',
            code="E-WORKER",
        ) from None


@contextmanager
def _choose(
    executor: Executor | None, files: Sequence[LocationFile], *, cached: bool
) -> Iterator[tuple[Executor, int]]:
    """Yield what runs the reducers, and how many threads read for each.

    On few cores each state is read soonest by threads that share a table of its locations: a pool
    would build one table a process and send it back. More cores than can add to one table, or
    files that are cached one by one, are work for processes.
    """
    cores = os.cpu_count() or 1
    workers = min(cores, len(files))
    if executor is not None:
        yield executor, 1
        return
    if workers < 2 or not _large(files):
        yield Inline(), 1
        return
    if cores <= _FEW_CORES and not cached:
        yield Inline(), workers
        return
    if multiprocessing.current_process().daemon:
        yield Inline(), 1  # a daemon may have no children
        return
    # A forked child would inherit locks that other threads hold; a fork server has no threads.
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload(["equity.measures.lines._cache", "pyarrow.csv"])
    pool = ProcessPoolExecutor(workers, mp_context=context)
    try:
        yield pool, 1
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _not_told(_files: int) -> None:
    """Take the place of a progress that is in another process."""


def _width(pool: Executor) -> int:
    if isinstance(pool, Inline):
        return 1
    return int(getattr(pool, "_max_workers", 0) or os.cpu_count() or 1)
