"""Parses files in threads, ahead of the reducer.

Inflating and parsing take most of the time and leave the interpreter free; reducing wants one table
of locations. So a few threads parse, and one reduces what they bring: no second table, nothing to
hand over between processes.
"""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

File = TypeVar("File")

_WAITING = 8
"""Batches that may wait, per reader: enough that the reducer never starves, little memory."""
_LOOK_S = 0.1
_TURN_S = 0.001
"""How long a thread may keep the interpreter to itself while others wait for it. Readers need it
briefly and often; at Python's usual 5 ms they would mostly wait for the reducer."""


def read_ahead(
    files: Sequence[File], batches: Callable[[File], Iterator[Any]], *, readers: int
) -> Iterator[tuple[File, Any]]:
    """Yield each file's batches, in the file's own order, files interleaved.

    Parameters
    ----------
    files
        What to read; the first are begun first.
    batches
        Opens a file and yields its batches; the first error any reader meets is raised here.
    readers
        Threads that read; below 2 files are read here, one after the other.
    """
    if readers < 2:
        for file in files:
            for batch in batches(file):
                yield file, batch
        return
    crew = _Crew(files, batches, min(readers, len(files)))
    try:
        yield from crew.brought()
    finally:
        crew.stop()


class _Crew(Generic[File]):
    def __init__(
        self, files: Sequence[File], batches: Callable[[File], Iterator[Any]], readers: int
    ) -> None:
        self._todo = iter(files)
        self._batches = batches
        self._turn = threading.Lock()
        self._over = threading.Event()
        self._queue: queue.Queue[tuple[File | None, Any]] = queue.Queue(_WAITING * readers)
        self._threads = [
            threading.Thread(target=self._read, name=f"read-{n}", daemon=True)
            for n in range(readers)
        ]
        self._usual = sys.getswitchinterval()
        sys.setswitchinterval(_TURN_S)
        for thread in self._threads:
            thread.start()

    def brought(self) -> Iterator[tuple[File, Any]]:
        working = len(self._threads)
        while working:
            file, batch = self._queue.get()
            if file is not None:
                yield file, batch
            elif batch is not None:
                raise batch
            else:
                working -= 1

    def stop(self) -> None:
        self._over.set()
        sys.setswitchinterval(self._usual)
        for thread in self._threads:
            thread.join()

    def _read(self) -> None:
        try:
            while not self._over.is_set():
                with self._turn:
                    file = next(self._todo, None)
                if file is None:
                    break
                for batch in self._batches(file):
                    if not self._put((file, batch)):
                        return
        except BaseException as error:  # noqa: BLE001 - the reducer's thread raises it
            self._put((None, error))
        else:
            self._put((None, None))

    def _put(self, item: tuple[File | None, Any]) -> bool:
        """Hand an item over; False once nobody waits for it."""
        while not self._over.is_set():
            try:
                self._queue.put(item, timeout=_LOOK_S)
            except queue.Full:
                continue
            return True
        return False
