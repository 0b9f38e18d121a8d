"""Time and patience, in one place, so that a test never has to wait.

Only the monotonic clock decides how long to wait: a wall clock that jumps (daylight saving, a
laptop that wakes up) changes nothing. The wall clock is read once, for the date on a receipt.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from equity.files.atomic import write_text
from equity.files.lock import locked

__all__ = ["Clock", "Limits", "RateLimiter"]


class Clock:
    """The three things a client asks of time; a test gives its own."""

    def monotonic(self) -> float:
        """Seconds on a clock that only moves forward."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def today(self) -> str:
        """UTC time for a receipt, to the second."""
        return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def jitter(self) -> float:
        """Return a number in 0..1 that keeps many clients from knocking at the same moment."""
        return random.random()  # noqa: S311 - not a secret


@dataclass(frozen=True)
class Limits:
    """How long to wait for a publisher, in seconds, and how often to try.

    Attributes
    ----------
    connect_s, read_s
        For a connection, and between two pieces of an answer.
    total_s
        For one whole answer that is held in memory.
    stall_s, stall_bytes
        A download that brings fewer than `stall_bytes` in `stall_s` seconds is cut and taken up
        again.
    attempts
        Tries in all, the first one included.
    backoff_s, longest_wait_s
        First pause (it doubles), and the longest `Retry-After` that we sit out.
    """

    connect_s: float = 15.0
    read_s: float = 120.0
    total_s: float = 300.0
    stall_s: float = 60.0
    stall_bytes: int = 4096
    attempts: int = 5
    backoff_s: float = 1.0
    longest_wait_s: float = 180.0

    def pause(self, attempt: int, jitter: float) -> float:
        """Seconds to wait after the failed try number `attempt` (0, 1, …)."""
        return float(min(self.backoff_s * 2**attempt, 60.0)) * (0.75 + 0.5 * jitter)


class RateLimiter:
    """At most `calls` in any `per_s` seconds, counted over every process on this machine.

    The monotonic clock runs from the start of the machine and is the same in all its processes, so
    the times of the last calls can be shared through a file. A time in the future is from before a
    restart and is forgotten.
    """

    def __init__(self, calls: int, per_s: float, clock: Clock, *, path: Path | None = None) -> None:
        self.calls = calls
        self.per_s = per_s
        self._clock = clock
        self._path = path
        self._times: deque[float] = deque(maxlen=calls)

    def wait(self) -> None:
        """Return when one more call is allowed, and count it."""
        while (pause := self._take()) > 0:
            self._clock.sleep(pause)

    def _take(self) -> float:
        """Count a call and return 0, or return the seconds until one is free."""
        if self._path is None:
            return self._count()
        with locked(self._path.with_suffix(".lock"), self._clock.sleep):
            self._times = deque(self._read(), maxlen=self.calls)
            pause = self._count()
            if pause <= 0:
                write_text(self._path, json.dumps(list(self._times)))
        return pause

    def _count(self) -> float:
        now = self._clock.monotonic()
        self._times = deque((t for t in self._times if now - self.per_s < t <= now), self.calls)
        if len(self._times) >= self.calls:
            return self._times[0] + self.per_s - now
        self._times.append(now)
        return 0.0

    def _read(self) -> list[float]:
        if self._path is None:
            return []
        try:
            times = json.loads(self._path.read_text(encoding="utf-8"))
            return [float(t) for t in times]
        except (OSError, ValueError, TypeError):
            return []
