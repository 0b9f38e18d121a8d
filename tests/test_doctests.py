"""Docstrings: every example runs offline as it stands; public functions tell what they need."""

from __future__ import annotations

import doctest
import inspect
import pkgutil
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

import equity
import equity.sources

PACKAGE = Path(__file__).resolve().parents[1] / "equity"

# Whatever they are given they answer.
REFUSE_NOTHING = {"data_dictionary", "doctor"}


def _modules() -> list[str]:
    with_examples = [p for p in PACKAGE.rglob("*.py") if ">>> " in p.read_text(encoding="utf-8")]
    return sorted(
        ".".join(("equity", *p.relative_to(PACKAGE).with_suffix("").parts)) for p in with_examples
    )


@pytest.mark.parametrize("name", _modules())
def test_examples_in_docstrings_run(name, example_state, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EQUITY_OFFLINE", "1")
    failed, tried = doctest.testmod(import_module(name))
    assert tried > 0
    assert failed == 0


def _functions() -> dict[str, Callable[..., object]]:
    """The functions of the top level, and every reader and its twin of the sources."""
    found = {name: getattr(equity, name) for name in equity.__all__}
    for info in pkgutil.walk_packages(equity.sources.__path__, "equity.sources."):
        if not info.name.rpartition(".")[2].startswith("_"):
            module = import_module(info.name)
            names = [n for n in getattr(module, "__all__", ()) if n.startswith(("read_", "get_"))]
            found |= {name: getattr(module, name) for name in names}
    return {name: thing for name, thing in found.items() if inspect.isfunction(thing)}


FUNCTIONS = _functions()


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_public_functions_say_what_they_take_give_and_refuse(name):
    function = FUNCTIONS[name]
    text = inspect.getdoc(function)
    sections = set(re.findall(r"^(\w+)\n-+$", text, re.MULTILINE))
    signature = inspect.signature(function)
    wanted = {"Parameters"} if signature.parameters else set()
    if signature.return_annotation != "None":
        wanted.add("Returns")
    if name not in REFUSE_NOTHING:
        wanted.add("Raises")
    assert wanted <= sections
    told = text.partition("\nParameters\n")[2]
    assert [p for p in signature.parameters if not re.search(rf"\b{p}\b", told)] == []
    # A heading that lost its line break is a sentence with hyphens in it.
    assert not re.search(r"\S -{4,}|-{4,} \S", text)
