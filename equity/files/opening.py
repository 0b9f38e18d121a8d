"""Opening publishers' files: by what they are, not by what they are called.

A missing file, half a download, a web page or a pointer in place of data are told here, in the
same words for every reader.
"""

from __future__ import annotations

import difflib
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from equity.errors import FormatError, MissingFileError, StorageError
from equity.files.zips import DAMAGE, most_unpacked, open_zip

__all__ = [
    "check_data",
    "existing",
    "is_packed",
    "is_workbook",
    "read_bytes",
    "regular",
    "sequence_of",
]

_PACKED = {".zip": b"PK", ".gz": b"\x1f\x8b", ".xz": b"\xfd7zXZ\x00"}
_DOWNLOAD_AGAIN = "download it again and compare its size with the publisher's"


def existing(path: str | Path) -> Path:
    """Return the path if something is there.

    Raises
    ------
    MissingFileError
        With the closest name in the same folder as the fix.
    """
    found = Path(path).expanduser()
    if found.exists():
        return found
    siblings = [p.name for p in found.parent.iterdir()] if found.parent.is_dir() else []
    close = difflib.get_close_matches(found.name, siblings, n=1)
    if close:
        fix = f"did you mean {close[0]}?"
    elif not siblings:
        fix = f"there is no file at all in {found.parent}; check the path"
    else:
        fix = "check the path; see `equity sources`"
    raise MissingFileError("no such file", file=path, fix=fix)


def regular(path: str | Path) -> Path:
    """Return the path if it is a file.

    Raises
    ------
    MissingFileError, FormatError
        If nothing, or a folder, is there.
    """
    found = existing(path)
    if found.is_dir():
        raise FormatError(
            "a folder stands where a file is expected", file=path, fix="name the file in it"
        )
    return found


def read_bytes(path: str | Path, *, suffix: str | tuple[str, ...] = ".csv") -> bytes:
    """Return a file's content, unpacked from .zip, .gz or .xz; an .xlsx workbook as it is.

    Parameters
    ----------
    path
        The file. A zip must hold exactly one member that ends in ``suffix``; what macOS adds to
        a zip, and metadata, do not count.
    suffix
        Ending of the wanted member, or several.

    Raises
    ------
    MissingFileError
        If there is no such file.
    FormatError
        If the file is damaged, empty, a web page, or holds no or several members.
    StorageError
        If the file cannot be read.
    """
    file = regular(path)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise StorageError(
            f"the file cannot be read ({error.strerror})", file=path, fix="check its permissions"
        ) from None
    if not is_workbook(data):
        data = _unpacked(data, path, suffix)
    check_data(data, path)
    return data


def is_workbook(data: bytes) -> bool:
    """Return True for the bytes of an .xlsx workbook."""
    if not data.startswith(_PACKED[".zip"]):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except DAMAGE:  # told where the ZIP is opened
        return False


def is_packed(start: bytes, path: str | Path) -> bool:
    """Return True where a file's first bytes or its name say that it is packed."""
    return start.startswith(tuple(_PACKED.values())) or Path(path).suffix.lower() in _PACKED


def check_data(data: bytes, path: str | Path) -> None:
    """Refuse what stands in place of data: nothing, a web page, a pointer to a large file.

    Parameters
    ----------
    data
        Content, or its first kilobytes.
    path
        For errors.

    Raises
    ------
    FormatError
        Naming what it is instead.
    """
    start = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start:
        raise FormatError("the file is empty", file=path, fix="download it again")
    if start.startswith(b"<"):
        raise FormatError(
            "this is an HTML or XML page, not data: the publisher answered with a message",
            file=path,
            fix="open it in a browser to read the message, then download the data again",
        )
    if start.startswith(b"version https://git-lfs"):
        raise FormatError(
            "this is a pointer to a file that was not downloaded",
            file=path,
            fix="run `git lfs pull`, or download the file itself",
        )


def sequence_of(paths: str | Path | Sequence[str | Path]) -> list[str | Path]:
    """Return one path or several as a list."""
    return [paths] if isinstance(paths, str | Path) else list(paths)


def _unpacked(data: bytes, path: str | Path, suffix: str | tuple[str, ...]) -> bytes:
    packed = next((name for name, magic in _PACKED.items() if data.startswith(magic)), None)
    if packed == ".zip":
        with open_zip(io.BytesIO(data), file=path) as opened:
            kind = suffix if isinstance(suffix, str) else " or ".join(suffix)
            # data.census.gov and FactFinder put what explains the columns beside the data.
            member = opened.only(
                lambda name: name.endswith(suffix) and "metadata" not in name, kind
            )
            return opened.archive.read(member)
    if packed is not None:
        return _decompressed(data, gzip.open if packed == ".gz" else lzma.open, path)
    if Path(path).suffix.lower() in _PACKED:
        check_data(data, path)
        raise FormatError(f"this is no {Path(path).suffix} file", file=path, fix=_DOWNLOAD_AGAIN)
    return data


def _decompressed(data: bytes, opener: Callable[..., Any], path: str | Path) -> bytes:
    most = most_unpacked(len(data))
    try:
        with opener(io.BytesIO(data)) as stream:
            whole: bytes = stream.read(most + 1)
    except (EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        raise FormatError(
            f"the file is damaged or only half downloaded ({error})",
            file=path,
            fix=_DOWNLOAD_AGAIN,
        ) from None
    if len(whole) > most:
        raise FormatError(
            f"the file would unpack to far more than its {len(data):,} bytes can hold: a bomb",
            file=path,
            fix="download it again from the publisher's own page",
            code="E-ZIP-BOMB",
        )
    return whole
