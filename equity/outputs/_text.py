"""Templates, and text that any file format can hold."""

from __future__ import annotations

import json
import re
from importlib import resources
from typing import Any

__all__ = ["cell", "clean", "escaped", "readable_json", "template"]

#: Control characters that XML and PDF cannot hold or a terminal obeys, and the marks that turn text
#: round: a name must not reorder the numbers beside it.
_ODD = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]"
)
_BREAKS = re.compile(r"[\t\n\r\u2028\u2029]+")


def clean(text: str) -> str:
    """Drop characters that no document should contain."""
    return _ODD.sub("", text)


def cell(text: str) -> str:
    """Return text for one cell of a table: clean, and on one line."""
    # What is printable has nothing to drop; nearly every one of a million cells is.
    return text if text.isprintable() else _BREAKS.sub(" ", clean(text))


def readable_json(record: Any) -> str:
    """Return JSON that reads back exactly and shows odd characters as escapes."""
    return escaped(json.dumps(record, indent=2, ensure_ascii=False, default=str) + "\n")


def escaped(text: str) -> str:
    """Return JSON or TOML in which odd characters show as escapes, which a string reads back."""
    return _ODD.sub(lambda odd: f"\\u{ord(odd[0]):04x}", text)


def template(name: str) -> str:
    """Return one of this package's own text templates."""
    return (resources.files("equity.outputs") / "templates" / name).read_text(encoding="utf-8")
