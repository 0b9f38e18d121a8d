"""Which files of a folder a run wrote, told by the run's own ``provenance.json``.

The name of a file says nothing: anybody may call a file ``provenance.json``. Ours says so in its
first fields, lists every other file of the run with its checksum, and ends with a seal: the
checksum of everything before it. So a file that was changed by hand can be told, the record itself
included.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from equity.files.atomic import write_text
from equity.outputs._text import readable_json
from equity.provenance import sha256_of, software

__all__ = ["RECORD", "Kind", "is_bare_name", "kind_of", "owned_files", "sealed", "write_record"]

RECORD = "provenance.json"
SCHEMA = 1
_SEAL = '"sha256_of_all_above": "'
_BARE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
Kind = Literal["a run", "a comparison", "a plan", "fact sheets"]
_KINDS: dict[str, Kind] = {
    "study": "a run",
    "before": "a comparison",
    "budget_usd": "a plan",
    "places": "fact sheets",
}
"""What a folder holds, by the field that only such a record has."""


def sealed(record: Mapping[str, object]) -> str:
    """Return the text of a ``provenance.json``: ours by its first fields, sealed by its last."""
    marked = {"written_by": software()["name"], "schema": SCHEMA, **record}
    return _seal(readable_json({**marked, "sha256_of_all_above": "0" * 64}))


def write_record(path: Path, record: Mapping[str, object], files: Iterable[Path]) -> Path:
    """Write a sealed record of a folder, the names and checksums of its files at the end."""
    listed = {p.name: sha256_of(p) for p in sorted(files, key=lambda p: p.name)}
    return write_text(path, sealed({**record, "files": listed}))


def _seal(text: str) -> str:
    head, mark, tail = text.rpartition(_SEAL)
    return f"{head}{mark}{hashlib.sha256(head.encode()).hexdigest()}{tail[64:]}"


def owned_files(folder: Path) -> dict[str, str] | None:
    """Return the files that a run wrote into a folder.

    Parameters
    ----------
    folder
        Any folder.

    Returns
    -------
    dict or None
        Bare name to SHA-256, ``provenance.json`` included (with an empty checksum where its seal
        is broken: it was edited); None if no run of ours wrote there.

    Raises
    ------
    OSError
        The record cannot be read.
    """
    found = _read(folder)
    if found is None:
        return None
    text, record = found
    files = record.get("files")
    if not isinstance(files, dict):
        return None
    if not all(is_bare_name(k) and _SHA256.fullmatch(str(v)) for k, v in files.items()):
        return None
    seal = hashlib.sha256(text.encode()).hexdigest() if _seal(text) == text else ""
    return {**files, RECORD: seal}


def kind_of(folder: Path) -> Kind | None:
    """Tell in words what of ours a folder holds, by its record; None if nothing, or not known."""
    _, record = _read(folder) or ("", {})
    return next((kind for field, kind in _KINDS.items() if field in record), None)


def _read(folder: Path) -> tuple[str, dict[str, object]] | None:
    """Return the record's text and fields if it is one of ours."""
    path = folder / RECORD
    if path.is_symlink() or not path.is_file():
        return None
    try:
        text = path.read_bytes().decode("utf-8")
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict):
        return None
    ours = record.get("written_by") == software()["name"] and record.get("schema") == SCHEMA
    return (text, record) if ours else None


def is_bare_name(name: object) -> bool:
    """Tell whether a name stays inside its folder: no path, nothing hidden, no odd character."""
    return isinstance(name, str) and _BARE.fullmatch(name) is not None
