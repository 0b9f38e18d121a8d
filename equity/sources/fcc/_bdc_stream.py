"""Bytes of a publisher's CSV: from a zip or a plain file, local or behind an fsspec URL."""

from __future__ import annotations

import contextlib
import errno
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from equity.errors import DependencyError, EquityError, OfflineError, StorageError
from equity.files.opening import regular
from equity.files.zips import OpenZip, open_zip
from equity.provenance import sha256_of
from equity.settings import current

_LONGEST_HEADER = 1 << 16
_HERE = {"file", "local", "memory"}


def is_url(path: str | Path) -> bool:
    """Return True for ``s3://…`` and the like."""
    return "://" in str(path)


def bare_name(path: str | Path) -> str:
    """Return the last part of a path or URL."""
    return str(path).replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]


def filesystem(url: str) -> tuple[Any, str]:
    """Return the fsspec file system of a URL, and the path on it.

    Raises
    ------
    OfflineError
        If it lies elsewhere, and downloads are switched off.
    """
    if current().offline and not set(re.findall(r"(\w+)(?=:)", url)) <= _HERE:
        raise OfflineError(
            "an address would have to be opened, and downloads are switched off",
            file=url,
            fix="unset EQUITY_OFFLINE (or drop --offline), or name a local copy",
        )
    try:
        import fsspec
    except ImportError:
        raise DependencyError(
            "reading a URL needs the package fsspec", file=url, fix="pip install fsspec"
        ) from None
    pair: tuple[Any, str] = fsspec.core.url_to_fs(url)
    return pair


@contextlib.contextmanager
def open_bytes(path: str) -> Iterator[IO[bytes]]:
    """Open a local file or a URL for reading."""
    try:
        if is_url(path):
            system, inside = filesystem(path)
            handle = system.open(inside, "rb")
        else:
            handle = regular(path).open("rb")
    except EquityError:
        raise
    except OSError as error:
        raise StorageError(f"cannot be read ({error.strerror or error})", file=path) from None
    with handle:
        yield handle


@contextlib.contextmanager
def _opened(path: str) -> Iterator[OpenZip]:
    with open_bytes(path) as handle, open_zip(handle, file=path) as opened:
        yield opened


def only_member(path: str) -> zipfile.ZipInfo:
    """Return the one CSV member of a zip.

    Raises
    ------
    FormatError
        If the zip is damaged or unsafe, or holds no CSV or several.
    """
    with _opened(path) as opened:
        return opened.only(lambda name: name.endswith(".csv") and name[0] != "_", ".csv")


def fingerprint(path: str, member: str | None) -> str:
    """Return a checksum of the content: SHA-256, or for a zip behind a URL its CRC."""
    if not is_url(path):
        return sha256_of(path)
    if member is None:
        return ""
    item = only_member(path)
    return f"crc32-{item.CRC:08x}-{item.file_size}"


@contextlib.contextmanager
def open_csv_bytes(path: str, member: str | None) -> Iterator[IO[bytes]]:
    """Open a CSV file, or one member of a zip, as a stream of bytes.

    The checksum of a zip member is checked when its end is read; damage met on the way is raised
    as one error that names the file.
    """
    try:
        if member is None:
            with open_bytes(path) as handle:
                yield handle
        else:
            with _opened(path) as opened, opened.stream(opened.named(member)) as stream:
                yield stream
    except OSError as error:
        if isinstance(error, EquityError) or error.errno == errno.ENOENT:
            raise
        raise StorageError(f"cannot be read ({error.strerror or error})", file=path) from None


def first_line(path: str, member: str | None) -> str:
    """Return the first line of a CSV, without its byte order mark."""
    raw = b""
    with open_csv_bytes(path, member) as stream:
        while b"\n" not in raw and len(raw) < _LONGEST_HEADER:
            piece = stream.read(1 << 12)
            if not piece:
                break
            raw += piece
    return re.split(b"[\r\n]", raw, maxsplit=1)[0].decode("utf-8-sig", errors="replace")
