"""ZIP files from elsewhere: nothing climbs out, nothing explodes, nothing is half there.

Publishers' archives hold one table, or the parts of one shapefile. They are read where they are,
never unpacked, so a path that climbs out could do no harm here; such an archive is still not what
the publisher says it is, and other programs may unpack it.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from equity.errors import FormatError, MissingFileError
from equity.files.inflate import fast_member

__all__ = ["check_zip", "members", "open_member"]

# DEFLATE cannot do better than 1032:1; publishers' text does 10:1. Small archives may compress as
# they like.
_RATIO = 200
_SMALL = 256 * 1024 * 1024
_TEST_BELOW = 256 * 1024 * 1024
_AGAIN = (
    "delete it and run again, or download it again by hand: "
    "the copy is damaged or not the publisher's"
)


def check_zip(path: Path, *, test: bool | None = None) -> None:
    """Raise :class:`FormatError` unless `path` is a whole, harmless ZIP.

    Parameters
    ----------
    test
        Decompress every member and compare checksums. By default only for archives under 256 MB.
    """
    with _opened(path) as archive:
        infos = archive.infolist()
        if not infos:
            raise FormatError("the ZIP is empty", file=path.name, fix=_AGAIN)
        for info in infos:
            _check_member(path, info)
        # Members that overlap are how small archives hold petabytes.
        if sum(info.compress_size for info in infos) > path.stat().st_size:
            raise _bomb(path, "its members overlap")
        if test if test is not None else path.stat().st_size < _TEST_BELOW:
            for info in infos:
                _drain(path, archive, info)


def members(path: Path) -> list[str]:
    """Names of the files inside, without folders, ``__MACOSX`` and dotfiles."""
    with _opened(path) as archive:
        return [
            info.filename
            for info in archive.infolist()
            if not info.is_dir()
            and not info.filename.startswith("__MACOSX")
            and not PurePosixPath(info.filename).name.startswith(".")
        ]


@contextlib.contextmanager
def open_member(path: Path, choose: Callable[[str], bool], *, what: str) -> Iterator[IO[bytes]]:
    """Open, for reading, the one member that `choose` picks by its bare name.

    Parameters
    ----------
    what
        What the member is, for the message if there is none or more than one.
    """
    check_zip(path, test=False)
    found = [name for name in members(path) if choose(PurePosixPath(name).name)]
    if len(found) != 1:
        raise MissingFileError(
            f"the ZIP holds {len(found)} files that could be {what}, not one",
            file=path.name,
            fix="check that this is the publisher's file and not a packed copy of several",
        )
    with _opened(path) as archive, path.open("rb") as raw:
        fast = fast_member(raw, archive.getinfo(found[0]))
        with fast or archive.open(found[0]) as handle:
            yield io.BufferedReader(_Checked(handle, path), 1 << 20)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (
        zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError,
    ) as trouble:  # fmt: skip
        raise _half(path, trouble) from None
    except FileNotFoundError:
        raise MissingFileError(
            "no such file", file=path.name, fix="`equity sources` says where it belongs"
        ) from None
    except OSError as trouble:
        # Lost or added bytes let the directory point before the file's beginning.
        if trouble.errno != errno.EINVAL:
            raise
        raise _half(path, trouble) from None


def _half(path: Path, trouble: Exception) -> FormatError:
    return FormatError(
        f"not a whole ZIP file ({trouble}): most likely half a download",
        file=path.name,
        fix=_AGAIN,
    )


def _check_member(path: Path, info: zipfile.ZipInfo) -> None:
    name = info.filename.replace("\\", "/")
    parts = PurePosixPath(name).parts
    climbs = name.startswith("/") or ".." in parts or (len(name) > 1 and name[1] == ":")
    if climbs or stat.S_ISLNK(info.external_attr >> 16):
        raise FormatError(
            f"the ZIP holds a path that climbs out of its folder ({name[:60]!r}): not the "
            "publisher's file",
            file=path.name,
            fix="do not unpack it; download it again from the publisher's own page",
            code="E-ZIP-PATH",
        )
    if info.flag_bits & 1:
        raise FormatError("the ZIP is encrypted", file=path.name, fix=_AGAIN)
    if info.file_size > _SMALL and info.file_size > _RATIO * max(info.compress_size, 1):
        raise _bomb(path, f"{info.file_size:,} bytes out of {info.compress_size:,}")


def _bomb(path: Path, how: str) -> FormatError:
    return FormatError(
        f"the ZIP would unpack to far more than its publisher's file can hold ({how}): a ZIP bomb",
        file=path.name,
        fix="do not unpack it; download it again from the publisher's own page",
        code="E-ZIP-BOMB",
    )


def _drain(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
    """Read a member to its end: `zipfile` compares length and checksum on the way."""
    with archive.open(info) as handle:
        seen = 0
        while piece := handle.read(1 << 20):
            seen += len(piece)
            if seen > info.file_size:
                raise _bomb(path, "a member is longer than it says")


class _Checked(io.RawIOBase):
    """Reading turns damage in the middle of a member into our error."""

    def __init__(self, handle: IO[bytes], path: Path) -> None:
        self._handle = handle
        self._path = path

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        try:
            piece = self._handle.read(len(view))
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as trouble:
            raise FormatError(
                f"the ZIP is damaged in the middle ({trouble})",
                file=os.path.basename(self._path),  # noqa: PTH119
                fix=_AGAIN,
            ) from None
        view[: len(piece)] = piece
        return len(piece)
