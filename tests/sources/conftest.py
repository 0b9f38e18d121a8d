"""A replica of the publishers, and a desk that never waits."""

from __future__ import annotations

import pytest
from replica_server import Replica

from equity import settings
from equity.net.clock import Clock, Limits
from equity.net.desk import Desk
from equity.net.store import Store
from equity.net.transport import Transport


class FastClock(Clock):
    """Time passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def jitter(self) -> float:
        return 0.5


@pytest.fixture
def replica():
    with Replica() as server:
        yield server


@pytest.fixture
def clock():
    return FastClock()


@pytest.fixture
def cache(tmp_path, replica, monkeypatch):
    """An empty cache folder, with the replica in front of every publisher."""
    folder = tmp_path / "cache"
    monkeypatch.chdir(tmp_path)
    settings.configure(cache_dir=folder, mirror=replica.url)
    return folder


@pytest.fixture
def desk(cache, clock):
    transport = Transport(clock=clock, limits=Limits(connect_s=5, read_s=5))
    return Desk(transport, Store(cache, by_hand=(cache.parent / "data" / "raw",), clock=clock))
