"""A lock between processes: waited for, said so once, given back by the dead."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from equity.files.lock import locked

ROOT = Path(__file__).resolve().parents[2]
HOLDER = (
    "import sys, time, pathlib\n"
    "from equity.files.lock import locked\n"
    "with locked(pathlib.Path(sys.argv[1]), time.sleep):\n"
    "    print('held', flush=True); time.sleep(600)\n"
)


@pytest.fixture
def holder(tmp_path):
    path = tmp_path / "state" / "hrsa.lock"
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline().strip() == "held"
    yield path, process
    process.kill()
    process.communicate()


def test_a_killed_process_gives_it_back_and_the_waiting_one_says_so_once(holder, caplog):
    path, process = holder
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        if len(slept) == 3:
            process.send_signal(signal.SIGKILL)
            process.wait()

    with caplog.at_level(logging.INFO, "equity.sources"), locked(path, sleep, every_s=0.5):
        pass
    assert slept == [0.5, 0.5, 0.5]
    assert caplog.messages == ["another equity process is at work on hrsa: waiting"]


def test_a_free_lock_is_taken_without_a_word(tmp_path, caplog):
    with caplog.at_level(logging.INFO, "equity.sources"):
        for _ in range(2):
            with locked(tmp_path / "new" / "a.lock", pytest.fail):
                pass
    assert caplog.messages == []


def test_an_error_inside_gives_it_back(tmp_path):
    def fail():
        with locked(tmp_path / "a.lock", pytest.fail):
            raise KeyError("inside")

    with pytest.raises(KeyError):
        fail()
    with locked(tmp_path / "a.lock", pytest.fail):
        pass


def test_threads_of_one_process_wait_for_each_other_too(tmp_path):
    inside, most = [], []

    def work():
        for _ in range(20):
            with locked(tmp_path / "a.lock", time.sleep, every_s=0.001):
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.0005)
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(most) == {1}
    assert len(most) == 80
