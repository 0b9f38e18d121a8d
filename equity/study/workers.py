"""Worker processes that run states side by side on this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait

from equity import progress, settings

__all__ = ["processes", "workers_for"]

_MEMORY_EACH = 3 << 30
"""Bytes of the machine's memory for each worker: a large state takes half of it."""


def workers_for(jobs: int, asked: int | None = None) -> int:
    """Return how many processes to run jobs in; 1 is this process itself.

    Parameters
    ----------
    jobs
        How many there are: no more workers than these.
    asked
        How many workers the caller wants; the setting ``workers`` by default, else one a core, as
        long as the machine's memory suffices.
    """
    if multiprocessing.current_process().daemon:
        return 1  # a daemon may have no children
    most = asked or settings.current().workers
    if most is None:
        memory = _memory()
        most = _cores() if memory is None else min(_cores(), memory // _MEMORY_EACH)
    return max(1, min(most, jobs))


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory() -> int | None:
    """Return the bytes of the machine's memory, if its system says."""
    if "SC_PHYS_PAGES" not in getattr(os, "sysconf_names", {}):
        return None
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def processes(workers: int) -> Iterator[Executor]:
    """Open a pool of worker processes for a while.

    They have the settings that are in force here and tell no progress. After an error the jobs
    that run are finished and the others dropped; an interrupt ends the processes at once, and
    they end by themselves once this process is no more.
    """
    others = multiprocessing.active_children()
    # A forked child would inherit locks that other threads hold.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(
        workers, mp_context=context, initializer=_start, initargs=(settings.passed_on(),)
    )
    try:
        yield pool
    except (KeyboardInterrupt, SystemExit):
        for child in multiprocessing.active_children():
            if child not in others:
                child.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _start(options: Mapping[str, object]) -> None:
    """Make a new process a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process ends its workers itself
    settings.configure(**options)
    progress.silence()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        with suppress(OSError):
            wait([parent.sentinel])
        os._exit(1)
