"""ZIP files from elsewhere: nothing climbs out, nothing explodes, nothing is half there.

Publishers' archives hold one table, or the parts of one shapefile. They are read where they are,
never unpacked, so a path that climbs out could do no harm here; such an archive is still not what
the publisher says it is, and other programs may unpack it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from equity.errors import EquityError, FormatError, MissingFileError
from equity.files.inflate import fast_member

__all__ = ["DAMAGE", "OpenZip", "check_zip", "most_unpacked", "open_zip"]

# DEFLATE cannot do better than 1032:1; publishers' text does 10:1. Small archives may compress as
# they like.
_RATIO = 200
_SMALL = 256 * 1024 * 1024
TEST_BELOW = 256 * 1024 * 1024
_PIECE = 1 << 20
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_AGAIN = (
    "delete it and run again, or download it again by hand: "
    "the copy is damaged or not the publisher's"
)
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError)
"""What the standard library raises of a ZIP that is damaged, whatever its damage."""


@dataclass(frozen=True)
class OpenZip:
    """A ZIP that is open and, as far as its directory tells, whole and harmless.

    Attributes
    ----------
    archive
        The standard library's view of it.
    handle
        The file it is in.
    file
        What errors call it.
    """

    archive: zipfile.ZipFile
    handle: IO[bytes]
    file: str | Path

    def members(self) -> list[zipfile.ZipInfo]:
        """Return the files inside, without folders and what a Mac or an editor adds."""
        return [
            info
            for info in self.archive.infolist()
            if not info.is_dir()
            and not info.filename.startswith("__MACOSX")
            and not PurePosixPath(info.filename).name.startswith(".")
        ]

    def only(self, choose: Callable[[str], bool], what: str) -> zipfile.ZipInfo:
        """Return the one member whose bare name, in lower case, `choose` picks.

        Raises
        ------
        FormatError
            If there is none, or more than one.
        """
        inside = self.members()
        wanted = [m for m in inside if choose(PurePosixPath(m.filename).name.lower())]
        if len(wanted) != 1:
            names = ", ".join(member.filename for member in (wanted or inside)[:5]) or "nothing"
            raise FormatError(
                f"the zip must hold exactly one {what} file, it holds {len(wanted)} ({names})",
                file=self.file,
                fix="download it again, or unpack it and name the one you mean",
            )
        return wanted[0]

    def named(self, name: str) -> zipfile.ZipInfo:
        """Return the member of that full name."""
        try:
            return self.archive.getinfo(name)
        except KeyError:
            raise FormatError(f"the zip no longer holds {name!r}", file=self.file) from None

    def stream(self, member: zipfile.ZipInfo) -> IO[bytes]:
        """Open one member from its beginning; length and checksum are checked at its end."""
        return fast_member(self.handle, member) or self.archive.open(member)

    def check(self) -> None:
        """Inflate every member to its end and compare length and checksum."""
        for member in self.archive.infolist():
            with self.stream(member) as stream:
                for _ in _pieces(stream, member, self.file):
                    pass

    def read(self, member: zipfile.ZipInfo) -> bytes:
        """Return one member whole, and never more than the length that it states."""
        with self.stream(member) as stream:
            return b"".join(_pieces(stream, member, self.file))


@contextlib.contextmanager
def open_zip(source: Path | IO[bytes], *, file: str | Path | None = None) -> Iterator[OpenZip]:
    """Open a ZIP for reading; damage met inside the ``with`` is told as one error.

    Parameters
    ----------
    source
        Its path, or a file that is open and can be sought in.
    file
        What errors call it; the bare name of `source` by default.

    Raises
    ------
    MissingFileError
        If there is no such file.
    FormatError
        If it is damaged, empty, encrypted, a bomb, or holds a path that climbs out.
    """
    name = file if file is not None else Path(getattr(source, "name", "a zip")).name
    try:
        with contextlib.ExitStack() as stack:
            handle = stack.enter_context(source.open("rb")) if isinstance(source, Path) else source
            archive = stack.enter_context(zipfile.ZipFile(handle))
            _check(archive, handle.seek(0, os.SEEK_END), name)
            yield OpenZip(archive, handle, name)
    except EquityError:
        raise
    except DAMAGE as trouble:
        raise _damaged(name, trouble) from None
    except FileNotFoundError:
        raise MissingFileError(
            "no such file", file=name, fix="`equity sources` says where it belongs"
        ) from None
    except OSError as trouble:
        # Lost or added bytes let the directory point before the file's beginning.
        if trouble.errno != errno.EINVAL:
            raise
        raise _damaged(name, trouble) from None


def check_zip(path: Path, *, test: bool | None = None) -> None:
    """Raise :class:`FormatError` unless `path` is a whole, harmless ZIP.

    Parameters
    ----------
    test
        Decompress every member and compare checksums. By default only for archives under 256 MB.
    """
    with open_zip(path) as opened:
        if test if test is not None else path.stat().st_size < TEST_BELOW:
            opened.check()


def most_unpacked(packed: int) -> int:
    """Return how many bytes a publisher's file of that packed size can hold at the most."""
    return max(_SMALL, _RATIO * packed)


def _damaged(file: str | Path, trouble: Exception) -> FormatError:
    return FormatError(
        f"the zip is damaged: not a whole ZIP file ({trouble}), most likely half a download",
        file=file,
        fix=_AGAIN,
    )


def _check(archive: zipfile.ZipFile, size: int, file: str | Path) -> None:
    infos = archive.infolist()
    if not infos:
        raise FormatError("the ZIP is empty", file=file, fix=_AGAIN)
    for info in infos:
        _check_member(info, file)
        if info.header_offset < 0:  # lost bytes let the directory point before the beginning
            raise _damaged(file, zipfile.BadZipFile("a member begins before the file does"))
    # Members that overlap are how small archives hold petabytes.
    if sum(info.compress_size for info in infos) > size:
        raise _bomb(file, "its members overlap")


def _check_member(info: zipfile.ZipInfo, file: str | Path) -> None:
    name = info.filename.replace("\\", "/")
    parts = PurePosixPath(name).parts
    climbs = name.startswith("/") or ".." in parts or (len(name) > 1 and name[1] == ":")
    if climbs or stat.S_ISLNK(info.external_attr >> 16):
        raise FormatError(
            f"the ZIP holds a path that climbs out of its folder ({name[:60]!r}): not the "
            "publisher's file",
            file=file,
            fix="do not unpack it; download it again from the publisher's own page",
            code="E-ZIP-PATH",
        )
    if info.flag_bits & 1:
        raise FormatError(
            f"the ZIP is encrypted ({name[:60]!r})",
            file=file,
            fix="unpack it with its password and give what was in it",
        )
    if info.compress_type not in _METHODS:
        # A few bytes of the others unpack to hundreds of megabytes in one step.
        raise FormatError(
            f"the ZIP is packed in a way that is not read here ({name[:60]!r})",
            file=file,
            fix="unpack it, and give what was in it or pack it again with another program",
        )
    if info.file_size > most_unpacked(info.compress_size):
        raise _bomb(file, f"{info.file_size:,} bytes out of {info.compress_size:,}")


def _bomb(file: str | Path, how: str) -> FormatError:
    return FormatError(
        f"the ZIP would unpack to far more than its publisher's file can hold ({how}): a ZIP bomb",
        file=file,
        fix="do not unpack it; download it again from the publisher's own page",
        code="E-ZIP-BOMB",
    )


def _pieces(stream: IO[bytes], member: zipfile.ZipInfo, file: str | Path) -> Iterator[bytes]:
    """Yield a member to its end: length and checksum are compared on the way."""
    seen = 0
    while piece := stream.read(_PIECE):
        seen += len(piece)
        if seen > member.file_size:
            raise _bomb(file, "a member is longer than it says")
        yield piece
