"""What the site takes from the package when it is built: the reference, and formulas as MathML.

A public name is listed in ``equity/__init__.pyi``, an input in the catalog; neither stands here
again, so that a new one is in the reference with no further line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from mkdocs.structure.files import File, Files

import equity
from equity.sources.catalog import INPUTS

ROOT = Path(__file__).parents[1]
STUB = ROOT / "equity" / "__init__.pyi"
TAKEN = {
    "sources.md": "data/README.md",  # its table is the catalog's own: `equity sources --markdown`
    "benchmarks.md": "benchmarks/README.md",
    "changes.md": "CHANGELOG.md",
    "images/page.png": "maps/example.png",
    "images/appendix.png": "maps/appendix.png",
}
"""What stands elsewhere in the repository."""
FENCE = re.compile(r"^```math\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"\$([^$\n]+)\$")
ROLE = re.compile(r":(?:func|class|data|meth|mod):<code>([^<]+)</code>")
LEADS = {
    "sources": "Functions called `get_…` ask a publisher; those called `read_…` read a file. Those "
    "that are not at the top level stand here with the module that they are imported from.",
    "areas": "Everything is a table of areas that gains columns; `combine` is the only way in.",
    "measures": "A table in, new columns out, with the caller's index.",
    "study": "One file that names inputs, rules and criteria, and what a run of it gives back.",
}


def homes() -> list[str]:
    """Return the full name of everything public: the top level, and the readers of all inputs."""
    stub = STUB.read_text(encoding="utf-8")
    top = re.findall(r"^from (equity\.[a-z]\S+) import (\w+) as", stub, re.MULTILINE)
    readers = [entry.reader.where.replace(":", ".") for entry in INPUTS]
    return sorted({".".join(pair) for pair in top} | set(readers))


def rooms() -> dict[str, list[str]]:
    """Return the public names of each room, what belongs to a whole run with the study's."""
    found: dict[str, list[str]] = {}
    for name in homes():
        room = name.split(".")[1]
        found.setdefault("study" if room in {"checkup", "settings"} else room, []).append(name)
    return dict(sorted(found.items()))


def page_of(room: str, names: Iterable[str]) -> str:
    """Return the reference page of a room."""
    whole = "\n    options:\n      show_root_full_path: true"
    listed = "\n\n".join(
        f"::: {name}" + whole * (name.rpartition(".")[2] not in equity.__all__) for name in names
    )
    return f"# {room.capitalize()}\n\n{LEADS.get(room, '')}\n\n{listed}\n"


def on_config(config: Any) -> Any:
    """Add the reference to the nav, a page a room."""
    pages = [{room.capitalize(): f"reference/{room}.md"} for room in rooms()]
    config.nav.insert(-1, {"Reference": pages})
    return config


def on_files(files: Files, config: Any) -> Files:
    """Make the pages of the reference, and take those that stand elsewhere."""
    for room, names in rooms().items():
        files.append(File.generated(config, f"reference/{room}.md", content=page_of(room, names)))
    for name, path in TAKEN.items():
        content: str | bytes = (ROOT / path).read_bytes()
        if name.endswith(".md"):
            content = (ROOT / path).read_text("utf-8").replace("](docs/", "](")
        files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Turn formulas into MathML, which browsers draw with no script and no font of ours."""
    if not FENCE.search(markdown):
        return markdown  # a dollar is a dollar
    whole = FENCE.sub(lambda found: convert(found[1], display="block"), markdown)
    return INLINE.sub(lambda found: convert(found[1]), whole)


def on_page_content(html: str, **_: Any) -> str:
    """Lead from what a docstring names to where that is documented."""
    known = {name.rpartition(".")[2]: name for name in homes()}

    def link(found: re.Match[str]) -> str:
        code = f"<code>{found[1]}</code>"
        name = known.get(found[1].rpartition(".")[2])
        return f'<autoref identifier="{name}">{code}</autoref>' if name else code

    return ROLE.sub(link, html)
