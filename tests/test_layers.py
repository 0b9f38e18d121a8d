"""Imports only point down the floors of the design, and the wings do not know each other."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "equity"

# Lower number: lower floor. Rooms of one floor that are separate wings are named below.
FLOORS = {
    "_version": 0, "errors": 0, "progress": 0,
    "settings": 1, "provenance": 1, "rules": 1,
    "areas": 2,
    "sources": 3, "measures": 3, "outputs": 3,
    "study": 4, "funding": 4,
    "cli": 5, "__main__": 6,
}  # fmt: skip
WINGS = {"sources", "measures", "outputs"}


def room_name(name: str) -> str:
    # A private module of a room stands beside it: _study_x belongs to study, _cli_x to cli.
    if name not in FLOORS and name.startswith("_"):
        return name[1:].split("_", maxsplit=1)[0]
    return name


def room_of(path: Path) -> str:
    return room_name(path.relative_to(PACKAGE).parts[0].removesuffix(".py"))


def imported_rooms(tree: ast.AST) -> set[str]:
    rooms = set()
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names = [node.module or ""]
            if node.module == "equity":
                names = [f"equity.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "equity" and len(parts) > 1:
                rooms.add(room_name(parts[1]))
    return rooms


def arrows_against_the_rule(room: str, imports: set[str]) -> list[str]:
    wrong = []
    for other in imports - {room}:
        up = FLOORS[other] > FLOORS[room]
        across = FLOORS[other] == FLOORS[room] and {room, other} <= WINGS
        if up or across:
            wrong.append(f"{room} -> {other}")
    return wrong


@pytest.mark.parametrize(
    "path",
    [p for p in sorted(PACKAGE.rglob("*.py")) if p != PACKAGE / "__init__.py"],
    ids=lambda p: str(p.relative_to(PACKAGE)),
)
def test_imports_point_down(path):
    room = room_of(path)
    assert room in FLOORS, f"{room} has no floor in the design"
    assert arrows_against_the_rule(room, imported_rooms(ast.parse(path.read_text()))) == []


def test_the_rule_catches_wrong_arrows():
    assert arrows_against_the_rule("areas", {"measures"}) == ["areas -> measures"]
    assert arrows_against_the_rule("outputs", {"sources"}) == ["outputs -> sources"]
    assert arrows_against_the_rule("study", {"sources", "areas"}) == []


def test_package_root_imports_only_the_version():
    assert imported_rooms(ast.parse((PACKAGE / "__init__.py").read_text())) <= {"_version"}
