"""The house: imports point down, no circle of files, no private module of another room."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "equity"

# Lower number: lower floor. Rooms of one floor that must not know each other are named below.
FLOORS = {
    "_version": 0, "errors": 0, "progress": 0,
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


def imports_of(tree: ast.AST, modules: set[str]) -> set[str]:
    """Every module of the package that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if whole in modules else str(node.module))
    return {name for name in found if name.split(".")[0] == "equity"}


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
GRAPH = {module_name(path): imports_of(ast.parse(path.read_text()), MODULES) for path in FILES}


@pytest.mark.parametrize("module", sorted(GRAPH))
def test_imports_point_down(module):
    assert room_of(module) in FLOORS, f"{room_of(module)} has no floor in the design"
    assert against_the_floors(module, GRAPH[module]) == []


@pytest.mark.parametrize("module", sorted(GRAPH))
def test_private_modules_stay_in_their_room(module):
    assert private_elsewhere(module, GRAPH[module]) == []


def test_there_is_no_circle_of_files():
    assert circles(GRAPH) == []


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
    assert imports_of(tree, MODULES) <= {"equity._version", "equity.areas.arguments"}
