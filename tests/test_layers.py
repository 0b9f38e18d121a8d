"""The house: imports point down, no circle of files, no private module of another room."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

import equity

PACKAGE = Path(__file__).resolve().parents[1] / "equity"

# Lower number: lower floor. Rooms of one floor that must not know each other are named below.
FLOORS = {
    "_version": 0, "errors": 0, "language": 0, "progress": 0, "showing": 0,
    "settings": 1, "provenance": 1, "rules": 1,
    "files": 2, "net": 3,
    "areas": 4,
    "sources": 5, "measures": 5, "outputs": 5,
    "example": 6, "funding": 6,
    "study": 7,
    "checkup": 8, "cli": 8,
    "__main__": 9,
}  # fmt: skip
WINGS = ({"sources", "measures", "outputs"}, {"example", "funding"})
FILES = [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]


def module_name(path: Path, package: Path = PACKAGE) -> str:
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(
    tree: ast.AST, modules: set[str], public: Mapping[str, str] = equity._PUBLIC
) -> set[str]:
    """Every module of the package that a file imports, wherever in the file, by text too."""
    found = set()
    # A logger is called as a room is, which loads nothing of it.
    called = {
        arg
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "getLogger"
        for arg in node.args
    }
    for node in ast.walk(tree):
        if node in called:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                # What the top level hands on stands in a module of its own.
                home = public.get(alias.name) if node.module == "equity" else None
                found.add(whole if whole in modules else home or str(node.module))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            # "module" and "module:function": importlib, and tables of what is loaded later.
            named = node.value.partition(":")[0]
            found |= {named} & (modules - {"equity"})
    return {name for name in found if name.split(".")[0] == "equity"}


def private_names(tree: ast.AST, modules: set[str]) -> set[str]:
    """Every name with an underscore that a file takes from another module of the package."""
    return {
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] == "equity"
        for alias in node.names
        if alias.name.startswith("_")
        and not alias.name.startswith("__")
        and f"{node.module}.{alias.name}" not in modules
    }


def room_of(module: str) -> str:
    return module.split(".")[1]


def against_the_floors(module: str, imports: set[str]) -> list[str]:
    room, wrong = room_of(module), []
    for other in {room_of(name) for name in imports if name != "equity"} - {room}:
        up = FLOORS[other] > FLOORS[room]
        across = any({room, other} <= wing for wing in WINGS)
        if up or across:
            wrong.append(f"{room} -> {other}")
    return wrong


def private_elsewhere(module: str, imports: set[str]) -> list[str]:
    """Imports of a private module from outside the folder that it stands in."""
    wrong = []
    for name in imports:
        parts = name.split(".")
        for i, part in enumerate(parts):
            inside = module.startswith(".".join(parts[:i]) + ".")
            # The version is the one private name that every floor may read.
            if part.startswith("_") and not inside and part != "_version":
                wrong.append(f"{module} -> {name}")
    return wrong


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Groups of files that import each other (Tarjan's strongly connected components)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(graph.get(node, ())):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            group = [stack.pop()]
            while group[-1] != node:
                group.append(stack.pop())
            if len(group) > 1 or node in graph.get(node, ()):
                found.append(sorted(group))

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found


MODULES = {module_name(path) for path in FILES} | {"equity"}
TREES = {module_name(path): ast.parse(path.read_text()) for path in FILES}
GRAPH = {module: imports_of(tree, MODULES) for module, tree in TREES.items()}


@pytest.mark.parametrize("module", sorted(GRAPH))
def test_imports_point_down(module):
    assert room_of(module) in FLOORS, f"{room_of(module)} has no floor in the design"
    assert against_the_floors(module, GRAPH[module]) == []


@pytest.mark.parametrize("module", sorted(GRAPH))
def test_private_modules_stay_in_their_room(module):
    assert private_elsewhere(module, GRAPH[module]) == []


@pytest.mark.parametrize("module", sorted(TREES))
def test_private_names_stay_in_their_module(module):
    assert private_names(TREES[module], MODULES) == set()


@pytest.mark.parametrize("file", sorted(PACKAGE.rglob("*.toml")), ids=lambda file: file.name)
def test_tables_name_modules_of_their_own_room_only(file):
    named = set(re.findall(r"equity(?:\.\w+)+", file.read_text())) & MODULES
    assert {room_of(name) for name in named} <= {file.relative_to(PACKAGE).parts[0]}


def test_there_is_no_circle_of_files():
    assert circles(GRAPH) == []


@pytest.mark.parametrize(
    "line",
    [
        "from equity.measures.gap import telehealth_gap",
        "from equity import telehealth_gap",
        "import equity.measures.gap",
        "import_module('equity.measures.gap')",
        "LATER = {'gap': 'equity.measures.gap:telehealth_gap'}",
        "def f():\n    from equity.measures import gap",
    ],
)
def test_an_import_is_seen_however_it_is_written(line):
    found = imports_of(ast.parse(line), MODULES)
    assert found == {"equity.measures.gap"}
    assert against_the_floors("equity.areas.join", found) == ["areas -> measures"]


def test_what_is_no_import_is_not_taken_for_one():
    text = ast.parse(
        "print('see equity.measures.gap'); from equity import provenance; "
        "log = logging.getLogger('equity.measures.gap')"
    )
    assert imports_of(text, MODULES) == {"equity.provenance"}
    taken = "from equity.areas.join import _join; from equity import _version, __version__"
    assert private_names(ast.parse(taken), MODULES) == {"equity.areas.join._join"}


def test_the_rules_catch_what_they_are_for():
    assert against_the_floors("equity.areas.join", {"equity.measures.gap"}) == ["areas -> measures"]
    assert against_the_floors("equity.outputs.page", {"equity.sources.cdc"}) == [
        "outputs -> sources"
    ]
    assert against_the_floors("equity.example.state", {"equity.funding.x"}) == [
        "example -> funding"
    ]
    assert against_the_floors("equity.study.run", {"equity.sources.cdc", "equity.areas"}) == []
    private = "equity.measures.lines._cache"
    assert private_elsewhere("equity.measures.gap", {private}) == [
        f"equity.measures.gap -> {private}"
    ]
    assert private_elsewhere("equity.measures.lines.coverage", {private}) == []
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
    assert circles({"a": {"b"}, "b": {"c"}, "c": set()}) == []


def test_package_root_imports_only_the_version_and_the_check_at_the_door():
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    at_once = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert imports_of(ast.Module(at_once, []), MODULES) == {"equity._version"}
