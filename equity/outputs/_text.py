"""Templates, and text that any file format can hold."""

from __future__ import annotations

import re
from importlib import resources

__all__ = ["clean", "template"]

#: Control characters that XML and PDF cannot hold, and the marks that turn text round: a name must
#: not reorder the numbers beside it.
_ODD = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]"
)


def clean(text: str) -> str:
    """Drop characters that no document should contain."""
    return _ODD.sub("", text)


def template(name: str) -> str:
    """Return one of this package's own text templates."""
    return (resources.files("equity.outputs") / "templates" / name).read_text(encoding="utf-8")
