"""A lock that two processes share and that a killed process gives back.

The operating system holds the lock on an open file, so it ends with the process, however that ends;
the file itself means nothing and is left where it is.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

__all__ = ["locked"]

log = logging.getLogger("equity.sources")

if sys.platform == "win32":
    import msvcrt

    def _try_lock(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(handle: int) -> None:
        os.lseek(handle, 0, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _unlock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)


@contextlib.contextmanager
def locked(path: Path, sleep: Callable[[float], None], *, every_s: float = 0.1) -> Iterator[None]:
    """Hold the lock on `path`; wait, and say so once, while another process has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        told = False
        while not _try_lock(handle):
            if not told:
                log.info("another equity process is at work on %s: waiting", path.stem)
                told = True
            sleep(every_s)
        try:
            yield
        finally:
            _unlock(handle)
    finally:
        os.close(handle)
