"""Nobody opens, splits, locks or writes files past the doors of ``files/``."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "equity"
# Who else may, and why.
ELSEWHERE = {
    "zipfile": {
        "example/_writing.py",  # writes the publishers' archives
        "outputs/_workbook.py",  # writes a workbook, which is an archive
        "outputs/_steady.py",  # rewrites what this package has just made
        "sources/fcc/_bdc_stream.py",  # names the type only
    },
    "csv": {
        "example/_care.py",  # writes
        "outputs/_csv.py",  # writes
        "sources/fcc/_bdc_rows.py",  # the engine parses blocks of one buffer
        "sources/headers.py",  # splits one line of what a publisher answers
    },
    "read_csv": {"sources/fcc/_bdc_rows.py"},
    # A download grows over several runs; an exchange of folders flushes what it has moved.
    "fsync": {"net/desk.py", "study/_exchange.py"},
    # Into a scratch folder.
    "write_bytes": {"example/_writing.py", "outputs/_pdf.py", "sources/headers.py"},
    "write_text": {"outputs/_pdf.py", "study/_exchange.py"},  # the journal is moved by hand
}
DOORS = {
    *("zipfile", "csv", "gzip", "lzma", "filelock", "fcntl"),
    *("read_csv", "read_excel", "load_workbook", "open_csv"),
    *("write_bytes", "write_text", "fsync", "mkstemp"),
}


def used_past_the_doors(tree):
    """Names of DOORS that a file imports from elsewhere or calls on something."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not str(node.module).startswith("equity"):
            found |= {str(node.module).split(".")[0], *(alias.name for alias in node.names)}
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
    return found & DOORS


def files():
    return [p for p in sorted(PACKAGE.rglob("*.py")) if p.relative_to(PACKAGE).parts[0] != "files"]


@pytest.mark.parametrize("path", files(), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_no_file_goes_past_a_door(path):
    name = path.relative_to(PACKAGE).as_posix()
    used = used_past_the_doors(ast.parse(path.read_text(encoding="utf-8")))
    assert {door for door in used if name not in ELSEWHERE.get(door, ())} == set()


def test_the_rule_catches_what_it_is_for():
    code = (
        "import zipfile\nfrom csv import reader\npd.read_csv(p)\n(a / b).write_text(t)\nos.fsync(1)"
    )
    assert used_past_the_doors(ast.parse(code)) == {
        "zipfile",
        "csv",
        "read_csv",
        "write_text",
        "fsync",
    }
    assert used_past_the_doors(ast.parse("from equity.files.atomic import write_text")) == set()
