"""Office files with the same bytes every time."""

from __future__ import annotations

import io
import re
import zipfile

__all__ = ["EPOCH", "steady_entry", "steady_zip"]

#: The one moment in every file this package writes: no output depends on the clock.
EPOCH = (1980, 1, 1, 0, 0, 0)
EPOCH_TEXT = "1980-01-01T00:00:00Z"
_STAMPS = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(<)")


def steady_entry(name: str) -> zipfile.ZipInfo:
    """Return a member of an Office file as this package makes all of them."""
    entry = zipfile.ZipInfo(name, date_time=EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


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
            new.writestr(steady_entry(name), content)
    return out.getvalue()
