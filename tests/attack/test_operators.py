"""Mutants of arithmetic: which are made, and that a test decides about one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import operators

SOURCE = """\
def area(wide, high):
    return wide * high

def told(name):
    return "of " + name

def both(first):
    return first + [1]

def idle(x):
    return x + 0
"""
TESTS = """\
from equity.measures import shape

def test_area():
    assert shape.area(2, 3) == 6

def test_idle():
    assert shape.idle(2) == 2

def test_words():
    assert (shape.told("a"), shape.both([0])) == ("of a", [0, 1])
"""


def test_only_arithmetic_is_changed():
    found = {mutant.what: mutant.source for mutant in operators.mutants(SOURCE)}
    assert list(found) == ["Mult in wide * high", "Add in x + 0"]
    assert "return wide / high" in found["Mult in wide * high"]


def test_two_alike_are_told_apart():
    found = [mutant.what for mutant in operators.mutants("a = x - y\nb = x - y\n")]
    assert found == ["Sub in x - y", "Sub in x - y (2)"]


def test_what_cannot_matter_is_a_change_of_its_module_today():
    listed = operators.no_matter()
    there = {
        (module, mutant.what)
        for module in {module for module, _ in listed}
        for mutant in operators.mutants((operators.ROOT / module).read_text(encoding="utf-8"))
    }
    assert listed - there == set()


def test_a_change_of_a_constant_changes_no_function():
    source = "A = 1 - 2\ndef f(x):\n    return [i for i in x], [j + 1 for j in x], (lambda: 1)\n"
    constant, one = operators.mutants(source, "m.py")
    assert constant.what == "Sub in 1 - 2"
    assert operators._changed(source, constant.code, Path("m.py")) == {}
    names = {key[0] for key in operators._changed(source, one.code, Path("m.py"))}
    # A comprehension is a function of its own before Python 3.12.
    assert {"f"} <= names <= {"f", "f.<locals>.<listcomp>"}


@pytest.mark.long
def test_a_test_decides_and_what_was_judged_is_kept(tmp_path):
    pytest.importorskip("coverage")
    copy, folder = tmp_path / "copy0", tmp_path / "kept"
    folder.mkdir()
    for name, text in {
        "equity/__init__.py": "",
        "equity/measures/__init__.py": "",
        "equity/measures/shape.py": SOURCE,
        "tests/measures/test_shape.py": TESTS,
        "tests/attack/test_left_out.py": "def test_long(): assert False\n",
    }.items():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text(text, encoding="utf-8")
    operators.record(copy, folder, 1)
    command = [sys.executable, operators.__file__, "--folder", folder]
    for _ in range(2):
        one = [*command, "--one", copy, "equity/measures/shape.py"]
        subprocess.run(one, check=True, timeout=300)
    kept = (folder / operators.KEPT).read_text(encoding="utf-8").splitlines()
    verdicts = [(what, verdict) for _, _, what, verdict in map(json.loads, kept)]
    killer = "tests/measures/test_shape.py::test_area"
    assert verdicts == [("Mult in wide * high", killer), ("Add in x + 0", operators.SURVIVED)]
    assert (copy / "equity/measures/shape.py").read_text(encoding="utf-8") == SOURCE
