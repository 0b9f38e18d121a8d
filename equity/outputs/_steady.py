"""Files with the same bytes every time, and the one thing that a day may change: the day."""

from __future__ import annotations

import datetime as dt
import io
import os
import re
import zipfile

from equity.errors import InputError

__all__ = ["EPOCH", "made_on", "steady_entry", "steady_zip"]

#: The one moment in what every file of this package says of itself: none depends on the clock.
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


def made_on() -> str:
    """Return the day on which a document is made, as ``2026-06-30``.

    It is printed on what people attach or hand out, and stands nowhere else: tables, records and
    pages of two days are the same. ``SOURCE_DATE_EPOCH`` (seconds since 1970, as builds elsewhere
    have it) says another day, so that a document can be made again to the byte.

    Raises
    ------
    InputError
        If that variable is no number of seconds.
    """
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not given:
        return dt.datetime.now(dt.UTC).astimezone().date().isoformat()
    try:
        return dt.datetime.fromtimestamp(int(given), dt.UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        raise InputError(
            f"SOURCE_DATE_EPOCH is {given!r}, not seconds since 1970",
            fix="set it to a whole number, or unset it",
        ) from None
