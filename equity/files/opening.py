"""Opening publishers' files: by what they are, not by what they are called.

A missing file, half a download, a web page or a pointer in place of data are told here, in the
same words for every reader.
"""

from __future__ import annotations

import contextlib
import difflib
import errno
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
    "located",
    "read_bytes",
    "regular",
    "sequence_of",
]

_PACKED = {".zip": b"PK", ".gz": b"\x1f\x8b", ".xz": b"\xfd7zXZ\x00"}
_FIRST = 1 << 16
_MOST = 4 << 30
_MOST_OF_XZ = 256 << 20  # what `xz -9` needs is 65 MB
_DOWNLOAD_AGAIN = "download it again and compare its size with the publisher's"


def existing(path: str | Path) -> Path:
    """Return the path if something is there.

    Raises
    ------
    MissingFileError
        With the closest name in the same folder as the fix.
    """
    found = located(path)
    if found.exists():
        return found
    raise MissingFileError("no such file", file=path, fix=_neighbors(found))


def located(path: str | Path) -> Path:
    """Return where a path leads, ``~`` being the home folder, whether or not something is there.

    Raises
    ------
    MissingFileError
        If nothing can be there: a name that is too long, or the home of nobody.
    StorageError
        If a folder on the way cannot be entered.
    """
    try:
        found = Path(path).expanduser()
        found.exists()
    except (RuntimeError, ValueError) as error:
        raise MissingFileError(f"no path of a file ({error})", file=path) from None
    except OSError as error:
        if error.errno == errno.EACCES:
            raise _unreadable(path, error) from None
        raise MissingFileError(
            f"no path of a file ({error.strerror})", file=path, fix="check the path"
        ) from None
    return found


def _neighbors(found: Path) -> str:
    """Say what stands beside a file that is not there."""
    siblings: list[str] = []
    with contextlib.suppress(OSError):
        siblings = [p.name for p in found.parent.iterdir()]
    close = difflib.get_close_matches(found.name, siblings, n=1)
    if close:
        return f"did you mean {close[0]}?"
    if not siblings:
        return f"there is no file at all in {found.parent}; check the path"
    return "check the path; see `equity sources`"


def _unreadable(path: str | Path, error: OSError) -> StorageError:
    return StorageError(
        f"the file cannot be read ({error.strerror or error})",
        file=path,
        fix="check its permissions",
    )


def regular(path: str | Path) -> Path:
    """Return the path if it is a file.

    Raises
    ------
    MissingFileError, FormatError
        If nothing, a folder, or what has no end (a device, a pipe) is there.
    """
    found = existing(path)
    if found.is_dir():
        raise FormatError(
            "a folder stands where a file is expected", file=path, fix="name the file in it"
        )
    if not found.is_file():
        raise FormatError(
            "a device or a pipe stands where a file is expected",
            file=path,
            fix="write what it yields into a file, and name that",
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
    data = _content(regular(path), path)
    if not is_workbook(data):
        data = _unpacked(data, path, suffix)
    check_data(data, path)
    return data


def _content(file: Path, path: str | Path) -> bytes:
    """Read a file, but no more than fits: a sparse one of a terabyte takes no room on a disk."""
    try:
        size = file.stat().st_size
        if not size:  # also what the system makes up as it is read, and may never end
            return b""
        if size > _MOST:
            raise FormatError(
                f"larger than {_MOST >> 30} GB, more than such a table can be",
                file=path,
                fix="keep the rows and columns that the study needs",
            )
        with file.open("rb") as handle:
            start = handle.read(_FIRST)
            if not start.strip(b"\0"):
                raise FormatError("the file holds zeros only", file=path, fix=_DOWNLOAD_AGAIN)
            handle.seek(0)
            return handle.read()
    except OSError as error:
        raise _unreadable(path, error) from None


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
            return opened.read(member)
    if packed is not None:
        return _decompressed(data, gzip.open if packed == ".gz" else lzma.open, path)
    if Path(path).suffix.lower() in _PACKED:
        check_data(data, path)
        raise FormatError(f"this is no {Path(path).suffix} file", file=path, fix=_DOWNLOAD_AGAIN)
    return data


def _decompressed(data: bytes, opener: Callable[..., Any], path: str | Path) -> bytes:
    most = most_unpacked(len(data))
    try:
        if opener is lzma.open:  # a header may ask for gigabytes
            lzma.LZMADecompressor(memlimit=_MOST_OF_XZ).decompress(data[:_FIRST], 1)
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
