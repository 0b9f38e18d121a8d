"""What every public function promises by its signature alone."""

from __future__ import annotations

import inspect
import pkgutil
import re
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

import equity

ROOT = Path(__file__).resolve().parents[1]
MODULES = [
    info.name
    for info in pkgutil.walk_packages(equity.__path__, "equity.")
    if not info.ispkg and not info.name.rsplit(".", 1)[1].startswith("_")
]
# One word for one thing: what else it has been called.
OTHER_WORDS = {"by": "level", "vintage": "year or as_of", "places": "areas or sites"}
ANY_IS_MEANT = {
    "net.request.Reply.json": "what a publisher's JSON holds is known to its reader alone",
    "study.readers.call": "each reader gives its own kind of table, links or files",
}
"""Public functions whose signature says Any, and why. The list only shrinks."""
PAIRS = {"moe_product", "moe_ratio", "moe_share", "difference_test"}
"""An estimate and its margin, twice: four in a row read best."""
EDITIONS = {"geocode", "read_table"}
"""A vintage that is no year and no date: the geocoder's own word, and what a source is printed as."""


def is_protocol(thing):
    return getattr(thing, "_is_protocol", False)


def public():
    """Yield the functions that modules offer, how their classes are made, and the methods of these."""
    for module in map(import_module, MODULES):
        every = [name for name in vars(module) if not name.startswith("_")]
        for name in getattr(module, "__all__", every):
            thing, full = getattr(module, name), f"{module.__name__}.{name}".removeprefix("equity.")
            if getattr(thing, "__module__", None) != module.__name__:
                continue
            if inspect.isfunction(thing):
                yield full, thing
            elif inspect.isclass(thing) and not issubclass(thing, tuple):  # made by its fields
                for method, function in vars(thing).items():
                    own = inspect.isfunction(function) and function.__module__ == module.__name__
                    made = method == "__init__" and not is_protocol(thing)
                    if made or (own and not method.startswith("_")):
                        yield f"{full}.{method}", function


PUBLIC = dict(public())
# What people call: the top level, and the measures that their rooms offer.
CALLED = {
    full: function
    for full, function in PUBLIC.items()
    if full.rpartition(".")[2] in equity.__all__
    or (full.startswith("measures.") and hasattr(sys.modules[function.__module__], "__all__"))
}


def parameters(function):
    return [p for p in inspect.signature(function).parameters.values() if p.name != "self"]


def test_functions_classes_and_methods_are_looked_at():
    reach = "measures.reach.virtual.LineOrNone"
    assert {"areas.join.combine", f"{reach}.__init__", f"{reach}.solve"} <= set(PUBLIC)
    assert {name.partition(".")[0] for name in PUBLIC} >= {"sources", "net", "outputs", "study"}


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_signature_says_any_only_where_it_is_meant(name):
    told = [p.annotation for p in parameters(PUBLIC[name])]
    told.append(inspect.signature(PUBLIC[name]).return_annotation)
    vague = [words for words in told if re.search(r"\bAny\b|_empty", str(words))]
    assert bool(vague) == (name in ANY_IS_MEANT), vague


@pytest.mark.parametrize("name", [n for n, f in CALLED.items() if f.__name__ != "__init__"])
def test_names_are_needed_after_the_second_argument(name):
    free = [p.name for p in parameters(PUBLIC[name]) if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert (free != free[:2]) == (PUBLIC[name].__name__ in PAIRS)


@pytest.mark.parametrize("name", CALLED)
def test_arguments_are_spelled_as_everywhere(name):
    wrong = {p.name for p in parameters(PUBLIC[name])} & set(OTHER_WORDS)
    wanted = {"vintage"} if PUBLIC[name].__name__ in EDITIONS else set()
    assert wrong == wanted, [OTHER_WORDS[word] for word in wrong]


def test_no_module_of_ours_is_let_off_by_the_type_checker():
    mypy = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]
    named = {name for part in mypy["overrides"] for name in part["module"]}
    assert [name for name in named if name.startswith("equity")] == []
    assert mypy["strict"]
