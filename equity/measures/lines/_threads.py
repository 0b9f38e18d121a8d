"""Work on several items side by side, in the threads of this process."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_TURN_S = 0.0005
"""How long a thread may keep the interpreter to itself while others wait for it. Whoever inflates
and parses needs it briefly and often; at Python's usual 5 ms he would mostly wait for it."""


def side_by_side(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    threads: int,
    stop: Callable[[], object] = lambda: None,
) -> list[Result]:
    """Return what ``work`` makes of each item, in their order.

    Parameters
    ----------
    work
        Called once per item.
    items
        The first are begun first.
    threads
        How many work at a time; below 2 it is done here, one item after the other.
    stop
        Called where a thread fails, or this one is interrupted, before the others are waited for:
        lets work in progress end early.
    """
    if threads < 2:
        return [work(item) for item in items]
    with _short_turns(), ThreadPoolExecutor(threads) as pool:
        jobs = [pool.submit(work, item) for item in items]
        try:
            for job in wait(jobs, return_when=FIRST_EXCEPTION).done:
                job.result()
        except BaseException:
            stop()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [job.result() for job in jobs]


def at_once(jobs: Iterable[Callable[[], Any]], *, threads: int) -> list[Any]:
    """Return what each of some jobs returns, in their order; the first are begun first."""
    return side_by_side(lambda job: job(), jobs, threads=threads)


@contextmanager
def _short_turns() -> Iterator[None]:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(_TURN_S)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)
