"""Runs the reducer over files: here, in a process pool, or on a cluster; results are the same."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from typing import Any

from equity.errors import EquityError
from equity.measures._cache import reduce_cached
from equity.measures._partial import Partial
from equity.measures._reduce import LocationFile
from equity.progress import track
from equity.rules import CoverageRule

_POOL_FROM_BYTES = 32 << 20
_AHEAD = 2


class Inline(Executor):
    """An executor that does the work at once, in this process."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run ``fn`` and return a finished future."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - a future carries whatever was raised
            future.set_exception(error)
        return future


def reduce_all(
    files: Sequence[LocationFile],
    rules: Sequence[CoverageRule],
    *,
    cells: bool,
    executor: Executor | None,
    cache_dir: str | None,
) -> Iterator[tuple[LocationFile, Partial]]:
    """Yield each file with its result, in the order of completion.

    Only a few results wait at a time, so memory does not grow with the number of files.
    """
    jobs = list(files)
    work = partial(reduce_cached, rules=tuple(rules), cells=cells, cache_dir=cache_dir)
    with _choose(executor, files) as pool, track("Reading coverage", total=len(jobs)) as advance:
        waiting: dict[Future[Partial], LocationFile] = {}
        try:
            while jobs or waiting:
                while jobs and len(waiting) < _width(pool) + _AHEAD:
                    file = jobs.pop(0)
                    waiting[pool.submit(work, file)] = file
                done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    file = waiting.pop(future)
                    yield file, _result(future, file)
                    advance(1)
        finally:
            for future in waiting:
                future.cancel()


def _result(future: Future[Partial], file: LocationFile) -> Partial:
    try:
        return future.result()
    except BrokenProcessPool:
        raise EquityError(
            "a worker process died while it was being read, often because memory ran out",
            file=file.name,
            fix="run it again with executor=equity.measures.coverage.Inline(), and put a script's "
            'own work under if __name__ == "__main__":',
            code="E-WORKER",
        ) from None


@contextmanager
def _choose(executor: Executor | None, files: Sequence[LocationFile]) -> Iterator[Executor]:
    if executor is not None:
        yield executor
        return
    workers = min(os.cpu_count() or 1, len(files))
    small = sum(file.size for file in files) < _POOL_FROM_BYTES
    if workers < 2 or small or multiprocessing.current_process().daemon:
        yield Inline()
        return
    # A forked child would inherit locks that other threads hold; a fork server has no threads.
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload(["equity.measures._cache", "pyarrow.csv"])
    pool = ProcessPoolExecutor(workers, mp_context=context)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _width(pool: Executor) -> int:
    if isinstance(pool, Inline):
        return 1 - _AHEAD
    return int(getattr(pool, "_max_workers", 0) or os.cpu_count() or 1)
