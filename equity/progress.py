"""Progress for people who wait: shown on a terminal, and only when the wait is worth it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from equity.errors import printable

_PATIENCE_S = 2.0
_silenced = False


class Advance(Protocol):
    """Call it with the number of steps just finished."""

    def __call__(self, n: float = 1) -> None:
        """Move the bar on."""


def silence() -> None:
    """Show no bars in this process from now on: one terminal has room for those of one process."""
    global _silenced  # noqa: PLW0603 - a process has one standard error
    _silenced = True


@contextmanager
def track(label: str, *, total: float | None = None, unit: str = "") -> Iterator[Advance]:
    """Show a progress bar on standard error once the work has taken two seconds.

    Nothing is shown when standard error is not a terminal, so logs and pipes stay clean.

    Parameters
    ----------
    label
        What is being done, for example ``"Reading coverage"``.
    total
        How many steps there are; without it the bar only shows that work goes on.
    unit
        Name of a step.

    Yields
    ------
    Advance
        ``advance(n)``: call it with the number of steps just finished, 1 by default.
    """
    # No standard error: a process without a console.
    if _silenced or sys.stderr is None or not sys.stderr.isatty():
        yield _silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("{task.description}", markup=False),  # it may name a file
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    task = bar.add_task(printable(label), total=total)
    began = time.monotonic()

    def advance(n: float = 1) -> None:
        bar.update(task, advance=n)
        if not bar.live.is_started and time.monotonic() - began > _PATIENCE_S:
            bar.start()

    try:
        yield advance
    finally:
        bar.stop()


def _silent(n: float = 1) -> None:
    """Nobody is watching."""
