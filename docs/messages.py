"""Collect every sentence of the outputs: ``python docs/messages.py`` updates equity/languages/.

`messages.pot` is the English, `es.po` the Spanish: new sentences come in without a translation, old
ones go. A sentence is what stands in `tr(...)`, `trn(...)`, `mark(...)` or `said(...)` of
Python, templates and scripts, and in the keys of `DATA` of the tables of data, which are translated
where they are shown.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from equity.areas.schema import columns  # noqa: E402
from equity.language import REVIEWED, flat  # noqa: E402
from equity.measures.reach.calibration import travel_facts  # noqa: E402
from equity.outputs._layout import asked_columns  # noqa: E402

PACKAGE = ROOT / "equity"
LANGUAGES = PACKAGE / "languages"
KEYWORDS = {"tr": None, "trn": (1, 2), "mark": None, "said": None}
METHODS = {".j2": "jinja2.ext:babel_extract", ".js": "javascript"}
DATA: Mapping[str, Collection[str]] = {
    "outputs/appendices/*.toml": ("title", "lead", "note", "Under-resourced", "under-resourced"),
    "areas/columns.toml": ("label", "words", "area", "gap", "heading"),
    "rules/coverage/*.toml": ("title", "note"),
    "rules/defaults.toml": ("label", "short"),
    "rules/indices/*.toml": ("title", "label", "note"),
    "rules/practice_tiers.toml": ("label",),
    "rules/program_metrics.toml": ("label", "source", "how"),
    "rules/programs/*.toml": ("title", "label", "note", "text", "confirm_at"),
    "sources/care/kinds.toml": ("singular", "plural"),
}
"""Tables of data, relative to the package -> the keys whose texts are shown to readers."""


def said(path: Path) -> Iterator[tuple[str, ...]]:
    """Yield what one file of code says, one text or a pair of one and many."""
    if path.suffix == ".py":
        yield from said_in_python(path)
        return
    found = extract_from_file(
        METHODS[path.suffix], str(path), keywords=KEYWORDS, options={"silent": "false"}
    )
    for _, message, _, _ in found:
        yield tuple(map(flat, (message,) if isinstance(message, str) else message))


def said_in_python(path: Path) -> Iterator[tuple[str, ...]]:
    """Yield what Python says, also inside f-strings, which no extractor of Babel looks into."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            if name in KEYWORDS:
                asked = node.args[: len(KEYWORDS[name] or (1,))]
                given = [a.value for a in asked if isinstance(a, ast.Constant)]
                if given and all(isinstance(text, str) and text for text in given):
                    yield tuple(map(flat, given))


def texts(data: Any, keys: Collection[str], key: str = "") -> Iterator[str]:
    """Yield the texts under these keys and below, wherever they stand in a table of data."""
    if isinstance(data, Mapping):
        for name, value in data.items():
            yield from texts(value, keys, key if key in keys else name)
    elif isinstance(data, list):
        for value in data:
            yield from texts(value, keys, key)
    elif key in keys and isinstance(data, str) and data.strip():
        yield flat(data)


def template() -> Catalog:
    """Return every sentence of the package, with the files that say it."""
    made = Catalog(project="telehealth-equity", fuzzy=False)
    for path in sorted(PACKAGE.rglob("*")):
        name = path.relative_to(PACKAGE).as_posix()
        if path.suffix in {".py", *METHODS}:
            for message in said(path):
                ident = message[0] if len(message) == 1 else message
                made.add(ident, locations=[(name, 1)])
    for pattern, keys in DATA.items():
        for path in sorted(PACKAGE.glob(pattern)):
            name = path.relative_to(PACKAGE).as_posix()
            for text in texts(tomllib.loads(path.read_text(encoding="utf-8")), keys):
                made.add(text, locations=[(name, 1)])
    for name, shown in told().items():
        for text in shown:
            made.add(text, locations=[(name, 1)])
    return made


def told() -> dict[str, list[str]]:
    """Return the texts of data that no key tells from those that no reader sees, by file."""
    asked = [columns()[name].source for name in asked_columns() if name in columns()]
    facts = travel_facts()
    return {
        "areas/columns.toml": asked,
        "measures/reach/travel_facts.toml": sorted({*facts["published"], *facts["place"]}),
    }


def brought_up_to_date(english: Catalog, path: Path) -> Catalog:
    """Return a language's messages with what is new, and without what nobody says any more."""
    with path.open("rb") as stream:
        known = read_po(stream, locale=path.stem)
    known.update(english, no_fuzzy_matching=True, update_creation_date=False)
    known.obsolete.clear()
    if any(not m.string for m in known if m.id):  # a review is of the sentences that it saw
        known.header_comment = REVIEWED.sub("Reviewed by nobody yet.", known.header_comment)
    return known


def write(catalog: Catalog, path: Path) -> None:
    """Write messages as translators' tools read them."""
    with path.open("wb") as stream:
        # The English file has no header: a date in it would change with every writing.
        write_po(
            stream,
            catalog,
            width=96,
            include_lineno=False,
            sort_output=True,
            omit_header=path.suffix == ".pot",
        )


def main() -> None:
    """Write every file anew, and say what is left to translate."""
    english = template()
    write(english, LANGUAGES / "messages.pot")
    for path in sorted(LANGUAGES.glob("*.po")):
        found = brought_up_to_date(english, path)
        write(found, path)
        left = sum(not m.string for m in found if m.id)
        sys.stdout.write(f"{path.stem}: {left} of {len(found)} to do\n")


if __name__ == "__main__":
    main()
