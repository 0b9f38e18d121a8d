"""Bytes of a publisher's CSV: from a zip or a plain file, local or behind an fsspec URL."""

from __future__ import annotations

import contextlib
import errno
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from equity.errors import DependencyError, FormatError, MissingFileError, StorageError
from equity.files.inflate import fast_member

_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError)
_LONGEST_HEADER = 1 << 16
_AGAIN = "download the file again; a cut-off download is the usual cause"


def is_url(path: str | Path) -> bool:
    """Return True for ``s3://…`` and the like."""
    return "://" in str(path)


def bare_name(path: str | Path) -> str:
    """Return the last part of a path or URL."""
    return str(path).replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]


def filesystem(url: str) -> tuple[Any, str]:
    """Return the fsspec file system of a URL, and the path on it."""
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
            handle = Path(path).open("rb")  # noqa: SIM115 - closed below
    except FileNotFoundError:
        raise MissingFileError("no such file", file=path, fix="check the path") from None
    except OSError as error:
        raise StorageError(f"cannot be read ({error.strerror or error})", file=path) from None
    with handle:
        yield handle


def csv_members(path: str) -> list[zipfile.ZipInfo]:
    """Return the CSV members of a zip, leaving out what a Mac or an editor adds.

    Raises
    ------
    FormatError
        If the file is no zip or ends early.
    """
    with open_bytes(path) as handle, _explain(path), zipfile.ZipFile(handle) as archive:
        return [
            item
            for item in archive.infolist()
            if item.filename.lower().endswith(".csv")
            and "__MACOSX" not in item.filename
            and not bare_name(item.filename).startswith((".", "_"))
        ]


def only_member(path: str) -> zipfile.ZipInfo:
    """Return the one CSV member of a zip.

    Raises
    ------
    FormatError
        If there is none, or more than one.
    """
    members = csv_members(path)
    if len(members) == 1:
        return members[0]
    if not members:
        raise FormatError("the zip holds no .csv file", file=path, fix=_AGAIN)
    raise FormatError(
        f"the zip holds {len(members)} .csv files, one is expected",
        file=path,
        rows=[bare_name(item.filename) for item in members],
        fix="unpack it and name the file that is meant",
    )


@contextlib.contextmanager
def open_csv_bytes(path: str, member: str | None) -> Iterator[IO[bytes]]:
    """Open a CSV file, or one member of a zip, as a stream of bytes.

    The checksum of a zip member is checked when its end is read; damage met on the way is raised
    as one error that names the file.
    """
    with open_bytes(path) as handle, _explain(path):
        if member is None:
            yield handle
            return
        with zipfile.ZipFile(handle) as archive:
            item = archive.getinfo(member)
            with fast_member(handle, item) or archive.open(item) as stream:
                yield stream


def first_line(path: str, member: str | None) -> str:
    """Return the first line of a CSV, without its byte order mark."""
    raw = b""
    with open_csv_bytes(path, member) as stream:
        while b"\n" not in raw and len(raw) < _LONGEST_HEADER:
            piece = stream.read(1 << 12)
            if not piece:
                break
            raw += piece
    return raw.split(b"\n", 1)[0].decode("utf-8-sig", errors="replace").rstrip("\r")


@contextlib.contextmanager
def _explain(path: str) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise FormatError(f"the zip is damaged ({error})", file=path, fix=_AGAIN) from None
    except KeyError as error:
        raise FormatError(f"the zip no longer holds the file ({error})", file=path) from None
    except OSError as error:
        if isinstance(error, MissingFileError | StorageError) or error.errno == errno.ENOENT:
            raise
        raise StorageError(f"cannot be read ({error.strerror or error})", file=path) from None
