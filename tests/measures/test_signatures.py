"""What every public measure promises by its signature alone."""

from __future__ import annotations

import inspect
import pkgutil
import re
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

import equity.measures

ROOT = Path(__file__).resolve().parents[2]
MODULES = [
    info.name
    for info in pkgutil.walk_packages(equity.measures.__path__, "equity.measures.")
    if not info.ispkg and not info.name.rsplit(".", 1)[1].startswith("_")
]
# One word for one thing: what else it has been called.
OTHER_WORDS = {"by": "level", "vintage": "year or as_of", "places": "areas or sites"}


def public():
    """Yield the functions that modules offer, how their classes are made, and the methods of these."""
    for module in map(import_module, MODULES):
        for name in getattr(module, "__all__", ()):
            thing, full = getattr(module, name), f"{module.__name__}.{name}"
            if getattr(thing, "__module__", None) != module.__name__:
                continue
            if inspect.isfunction(thing):
                yield full, thing
            elif inspect.isclass(thing) and not issubclass(thing, tuple):  # made by its fields
                yield full, thing.__init__
                for method, function in inspect.getmembers(thing, inspect.isfunction):
                    if not method.startswith("_"):
                        yield f"{full}.{method}", function


PUBLIC = dict(public())


def parameters(function):
    return [p for p in inspect.signature(function).parameters.values() if p.name != "self"]


def test_functions_classes_and_methods_are_looked_at():
    looked_at = {name.removeprefix("equity.measures.") for name in PUBLIC}
    assert {"lines.coverage.coverage", "reach.travel.travel_costs", "reach.virtual.LineOrNone"} <= looked_at  # fmt: skip
    assert "reach.virtual.LineOrNone.solve" in looked_at


@pytest.mark.parametrize("name", PUBLIC)
def test_no_public_signature_says_any(name):
    told = [p.annotation for p in parameters(PUBLIC[name])]
    told.append(inspect.signature(PUBLIC[name]).return_annotation)
    assert [words for words in told if re.search(r"\bAny\b|_empty", str(words))] == []


@pytest.mark.parametrize("name", [n for n, f in PUBLIC.items() if f.__name__ != "__init__"])
def test_names_are_needed_after_the_second_argument(name):
    free = [p.name for p in parameters(PUBLIC[name]) if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert free == free[:2]


@pytest.mark.parametrize("name", PUBLIC)
def test_arguments_are_spelled_as_everywhere(name):
    wrong = {p.name for p in parameters(PUBLIC[name])} & set(OTHER_WORDS)
    assert wrong == set(), [OTHER_WORDS[word] for word in wrong]


def test_measures_stay_held_against_the_stubs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    left = {name for part in project["tool"]["mypy"]["overrides"] for name in part["module"]}
    assert {name for name in left if name.startswith("equity.measures")} <= {"equity.measures.gap"}
