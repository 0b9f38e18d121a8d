"""Write files whole or not at all, with the same bytes every time."""

from __future__ import annotations

import io
import os
import re
import tempfile
import zipfile
from pathlib import Path

from equity.errors import StorageError

__all__ = ["EPOCH", "steady_zip", "write_bytes", "write_text"]

#: The one moment in every file this package writes: no output depends on the clock.
EPOCH = (1980, 1, 1, 0, 0, 0)
EPOCH_TEXT = "1980-01-01T00:00:00Z"
_STAMPS = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(<)")


def write_bytes(path: Path, data: bytes) -> Path:
    """Write a file beside its place, then move it there.

    Raises
    ------
    StorageError
        The folder cannot be made or written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(data)
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StorageError(
            f"cannot be written ({error.strerror or error})",
            file=path,
            fix="check that the folder exists, is yours and has room",
        ) from error
    return path


def write_text(path: Path, text: str) -> Path:
    """Write text as UTF-8 with plain line ends, whole or not at all."""
    return write_bytes(path, text.encode("utf-8"))


def steady_zip(data: bytes) -> bytes:
    """Rewrite an Office file so that its bytes no longer depend on when it was made."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as new,
    ):
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                content = _STAMPS.sub(rb"\g<1>" + EPOCH_TEXT.encode() + rb"\g<2>", content)
            entry = zipfile.ZipInfo(name, date_time=EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            new.writestr(entry, content)
    return out.getvalue()
