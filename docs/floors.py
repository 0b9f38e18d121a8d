"""Draw the house from its imports: ``python docs/floors.py`` writes docs/images/*.svg.

`floors.svg` is a table of the rooms, from the top floor to the lowest, with a dot where the room of
a row imports that of a column: no dot may lie left of the diagonal. `flow.svg` has what a study's
table passes through, in the order in which the code calls it. A test draws both again and compares.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from html import escape
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import equity  # noqa: E402

IMAGES = ROOT / "docs" / "images"
CELL, EDGE, TOP = 26, 130, 96
WIDE, HIGH, STEP, LEFT = 190, 30, 42, 12
STYLE = (
    "text{font:14px system-ui,sans-serif;fill:#1a1a2e}.m{text-anchor:middle}.e{text-anchor:end}"
    ".s{font-size:13px;fill:#444}rect{fill:#e3e7f7;stroke:none}circle{fill:#3949ab}"
    "path{fill:none;stroke:#3949ab}.f{stroke:#b0b6cf}svg{background:#fff}"
)
TIP = (
    '<marker id="t" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" '
    'orient="auto"><path d="M0 0L8 4L0 8z" style="fill:#3949ab;stroke:none"/></marker>'
)
NOT_AT_THE_TOP = {"draw_standing"}
"""What `standing` does, with its draws at hand."""

Arrows = dict[str, set[str]]


def rooms_of(graph: Mapping[str, set[str]]) -> Arrows:
    """Return the imports between rooms of the imports between modules."""
    found: Arrows = {}
    for module, others in graph.items():
        room = module.split(".")[1]
        near = {other.split(".")[1] for other in others if "." in other}
        found.setdefault(room, set()).update(near - {room})
    return found


def _svg(body: list[str], width: int, height: int, title: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">'
        f"<title>{escape(title)}</title><style>{STYLE}</style><defs>{TIP}</defs>\n"
        + "\n".join(body)
        + "\n</svg>\n"
    )


def floors_svg(graph: Mapping[str, set[str]], floors: Mapping[str, int]) -> str:
    """Return the picture of rooms on floors: a dot where the room of a row imports a column's."""
    arrows = rooms_of(graph)
    known = [room for room in floors if room in arrows and room[0] != "_"]  # not the door itself

    def depth(room: str) -> tuple[int, int]:
        """Return the floor, and who on it imports the room: an importer stands above."""
        return -floors[room], sum(
            room in arrows[other] for other in known if floors[other] == floors[room]
        )

    rooms = sorted(known, key=depth)
    body, last, side = [], -1, len(rooms) * CELL
    for at, room in enumerate(rooms):
        y = TOP + at * CELL
        middle = y + CELL / 2
        if floors[room] != last:
            last = floors[room]
            body.append(f'<path class="f" d="M0 {y}H{EDGE + side}"/>')
            body.append(f'<path class="f" d="M{EDGE + at * CELL} {TOP}V{TOP + side}"/>')
        body.append(f'<text class="e" x="{EDGE - 10}" y="{middle + 5:g}">{room}</text>')
        x = EDGE + at * CELL
        body.append(f'<rect x="{x}" y="{y}" width="{CELL}" height="{CELL}"/>')
        turned = f"rotate(-60 {x + CELL / 2:g} {TOP - 8})"
        place = f'x="{x + CELL / 2:g}" y="{TOP - 8}" transform="{turned}"'
        body.append(f"<text {place}>{room}</text>")
        body += [
            f'<circle cx="{EDGE + rooms.index(end) * CELL + CELL / 2:g}" cy="{middle:g}" r="6"/>'
            for end in sorted(arrows[room] & set(rooms))
        ]
    return _svg(body, EDGE + side + 50, TOP + side + 8, "Rooms by floor; a dot is an import")


def calls(module: str, function: str, seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """Yield the functions of areas and measures that a function of a study calls, in order."""
    path = Path(str(import_module(module).__file__))
    tree = ast.parse(path.read_text(encoding="utf-8"))
    homes = {
        alias.name: str(node.module)
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    own = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    if function not in own:
        return
    for name in _called(own[function]):
        home = module if name in own else homes.get(name, "")
        if home.startswith("equity.study.") and f"{home}.{name}" not in seen:
            yield from calls(home, name, seen | {f"{home}.{name}"})
        elif home.startswith(("equity.areas.", "equity.measures.")) and name.islower():
            yield f"{home}.{name}"


def _called(node: ast.AST) -> Iterator[str]:
    """Yield the names of the calls under a node, inner ones first, as they are made."""
    for child in ast.iter_child_nodes(node):
        yield from _called(child)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        yield node.func.id


def flow_svg() -> str:
    """Return the picture of what a study's table passes through, with what each says of itself."""
    kept = set(equity.__all__) | NOT_AT_THE_TOP
    lines = [("read_…", "What publishers send, each in its own form, becomes a table of areas.")]
    for full in dict.fromkeys(calls("equity.study.steps", "measure")):
        module, _, name = full.rpartition(".")
        if name in kept:
            said = str(inspect.getdoc(getattr(import_module(module), name))).partition("\n")[0]
            lines.append((name, re.sub(r":func:`([^`]+)`", r"\1", said)))
    lines.append(("write", "Page, map, tables, appendix and provenance, from one content model."))
    body = []
    for at, (name, said) in enumerate(lines):
        y, x = LEFT + at * STEP, LEFT + WIDE / 2
        if at:
            body.append(f'<path marker-end="url(#t)" d="M{x:g} {y - STEP + HIGH}V{y}"/>')
        body.append(f'<rect x="{LEFT}" y="{y}" width="{WIDE}" height="{HIGH}"/>')
        body.append(f'<text class="m" x="{x:g}" y="{y + 20}">{name}</text>')
        body.append(f'<text class="s" x="{LEFT + WIDE + 12}" y="{y + 20}">{escape(said)}</text>')
    height = LEFT * 2 + len(lines) * STEP - STEP + HIGH
    return _svg(body, 860, height, "What a study's table passes through")


def pictures() -> dict[str, str]:
    """Return each picture by the name of its file."""
    from test_layers import FLOORS, GRAPH

    return {"floors.svg": floors_svg(GRAPH, FLOORS), "flow.svg": flow_svg()}


if __name__ == "__main__":
    for name, text in pictures().items():
        (IMAGES / name).write_text(text, encoding="utf-8")
