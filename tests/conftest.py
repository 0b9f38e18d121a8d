"""What every test shares: real data if it is there, and no network beyond loopback."""

from __future__ import annotations

import ipaddress
import os
import socket
from pathlib import Path

import hypothesis
import pytest
from browser import Browser, find_browser

# A slow machine is no failure; where nobody looks, the same examples every time.
hypothesis.settings.register_profile(
    "steady", deadline=None, derandomize=bool(os.environ.get("CI"))
)
hypothesis.settings.load_profile("steady")

ROOT = Path(__file__).resolve().parents[1]


def _shared_data() -> Path | None:
    env = os.environ.get("EQUITY_SHARED_DATA")
    root = Path(env) if env else ROOT.parent / "shared" / "data"
    return root if (root / "bundles").is_dir() else None


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real test data; the test skips with a reason where it is absent."""
    root = _shared_data()
    if root is None:
        pytest.skip(
            "real test data not found: set EQUITY_SHARED_DATA or place it in ../shared/data"
        )
    return root


def _is_loopback(address: object) -> bool:
    if not isinstance(address, tuple):
        return True  # a Unix socket
    host = str(address[0])
    if host in {"localhost", ""}:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True, scope="session")
def _loopback_only():
    """Every connection beyond this machine fails, with a message that says why."""
    patch = pytest.MonkeyPatch()
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def guarded(original):
        def call(self, address, *args):
            if not _is_loopback(address):
                raise RuntimeError(f"tests open no socket beyond loopback: {address!r}")
            return original(self, address, *args)

        return call

    patch.setattr(socket.socket, "connect", guarded(connect))
    patch.setattr(socket.socket, "connect_ex", guarded(connect_ex))
    yield
    patch.undo()


@pytest.fixture(scope="session", autouse=True)
def _one_day():
    """Documents bear the day on which they are made: here the same one, also past midnight."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "1782777600")  # 2026-06-30
        yield


@pytest.fixture(scope="session", autouse=True)
def _cache_of_the_session(tmp_path_factory):
    """What fixtures of a module or the session keep does not reach the person's cache either."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EQUITY_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "cache"))
        yield


@pytest.fixture(autouse=True)
def _clean_settings(monkeypatch, tmp_path_factory):
    """No key, option or cache of the person who runs the tests reaches them."""
    for name in list(os.environ):
        if name.startswith(("EQUITY_", "CENSUS_", "FCC_", "BDC_")) and name != "EQUITY_SHARED_DATA":
            monkeypatch.delenv(name)
    monkeypatch.setenv("EQUITY_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "cache"))
    from equity import settings

    monkeypatch.setattr(settings, "_configured", settings.Settings())


@pytest.fixture(scope="session")
def example_state(tmp_path_factory):
    """The example state at scale 1, where ``load_example()`` finds it too: written once a session."""
    from equity import __version__
    from equity.example.state import load_example

    cache = tmp_path_factory.getbasetemp() / "cache"
    return load_example(cache / "example" / f"{__version__}-scale-1")


@pytest.fixture(scope="session")
def example_result(example_state):
    """The example as it was run."""
    from equity.study.run import Study

    return Study.load(example_state.study).run()


@pytest.fixture(scope="session")
def example_run(example_result, tmp_path_factory):
    """The folder of the example's run, as ``equity run`` leaves it."""
    return example_result.write(tmp_path_factory.mktemp("runs") / "example")


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium with the network off; the test skips where there is none."""
    if find_browser() is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with Browser() as running:
        yield running
