"""A lock that two processes share and that a killed process gives back."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import FileLock, Timeout

__all__ = ["locked"]

log = logging.getLogger("equity.sources")


@contextlib.contextmanager
def locked(path: Path, sleep: Callable[[float], None], *, every_s: float = 0.1) -> Iterator[None]:
    """Hold the lock on `path`; wait, and say so once, while another process has it.

    The operating system holds it on an open file, so it ends with the process, however that ends.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    told = False
    while True:
        try:
            held = lock.acquire(blocking=False)
        except Timeout:
            if not told:
                log.info("another equity process is at work on %s: waiting", path.stem)
                told = True
            sleep(every_s)
        else:
            break
    with held:
        yield
