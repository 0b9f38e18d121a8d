"""A bar for people who wait; silence for logs and pipes."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace

import pytest

from equity import progress
from equity.progress import track


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def terminal(monkeypatch):
    # Not a fixture: pytest puts its own stream back between a fixture and the test.
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    return stream


def test_a_pipe_sees_nothing(monkeypatch, clock):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with track("Reading", total=2) as advance:
        clock[0] += 60
        advance()
        advance(1)
    assert stream.getvalue() == ""


def test_a_process_without_a_console_sees_nothing(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    with track("Reading") as advance:
        advance()


def test_short_work_shows_nothing(clock, monkeypatch):
    stream = terminal(monkeypatch)
    with track("Reading", total=2) as advance:
        clock[0] += 1.9
        advance()
        advance()
    assert "Reading" not in stream.getvalue()


def test_long_work_shows_its_label(clock, monkeypatch):
    stream = terminal(monkeypatch)
    with track("Reading coverage", total=3, unit="files") as advance:
        advance()
        clock[0] += 2.1
        advance()
    text = stream.getvalue()
    assert "Reading coverage" in text
    assert "files" in text
    assert "2/3" in text


def test_the_bar_leaves_standard_output_alone(clock, monkeypatch):
    terminal(monkeypatch)
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    with track("Reading", total=1) as advance:
        clock[0] += 3
        advance()
    assert sys.stdout.getvalue() == ""


def test_an_unknown_total_is_no_obstacle(clock, monkeypatch):
    stream = terminal(monkeypatch)
    with track("Downloading", unit="bytes") as advance:
        clock[0] += 3
        advance(1 << 20)
    assert "Downloading" in stream.getvalue()


@pytest.mark.parametrize("waited", [0, 3])
def test_errors_pass_through_and_the_bar_is_put_away(clock, monkeypatch, waited):
    stream = terminal(monkeypatch)

    def fails():
        with track("Reading", total=1) as advance:
            clock[0] += waited
            advance()
            raise KeyError("inside")

    with pytest.raises(KeyError, match="inside"):
        fails()
    with track("Again", total=1) as advance:  # rich allows one live display at a time
        clock[0] += 3
        advance()
    assert "Again" in stream.getvalue()


def test_a_label_that_names_a_hostile_file_is_only_text(clock, monkeypatch):
    stream = terminal(monkeypatch)
    with track("Reading [/] [red]x\x1b]0;title\x07.csv", total=2) as advance:
        clock[0] += 3
        advance()
    assert "[/] [red]x\\x1b]0;title\\x07.csv" in stream.getvalue()
