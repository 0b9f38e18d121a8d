"""A zip member inflated with ISA-L, at half the cost of zlib, where that package is installed.

The standard library's reader does the same work and stays the fallback: for other compression
methods, for encrypted members, and on machines without ``isal``.
"""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from typing import IO, Any

_LOCAL_HEADER = struct.Struct("<4s2B4HL2L2H")
_ENCRYPTED = 0x1
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # deflate, no name, no time
_GZIP_TRAILER = struct.Struct("<LL")
_PIECE = 1 << 20
"""Bytes inflated at a time: what is copied on is still in a core's cache."""


def fast_member(handle: IO[bytes], item: zipfile.ZipInfo) -> IO[bytes] | None:
    """Return a stream over a deflated member, or None where only the standard reader will do.

    Its length and CRC are checked when its end is read.
    """
    try:
        from isal import igzip, isal_zlib
    except ImportError:
        return None
    if item.compress_type != zipfile.ZIP_DEFLATED or item.flag_bits & _ENCRYPTED:
        return None
    inflated: Any = igzip.IGzipFile(fileobj=_AsGzip(handle, item), mode="rb")
    damage: Any = isal_zlib.error  # typed as an exception, is a class of them
    return _Member(inflated, item.filename, damage)  # type: ignore[return-value]


class _AsGzip(io.RawIOBase):
    """The deflated bytes of a member between the header and the trailer that make them a gzip.

    A gzip ends with the CRC and the length that the zip's directory knows, so whoever reads it
    checks both.
    """

    def __init__(self, handle: IO[bytes], item: zipfile.ZipInfo) -> None:
        super().__init__()
        handle.seek(item.header_offset)
        header = handle.read(_LOCAL_HEADER.size)
        if len(header) < _LOCAL_HEADER.size or not header.startswith(b"PK\x03\x04"):
            raise zipfile.BadZipFile(f"no header where {item.filename!r} should begin")
        fields = _LOCAL_HEADER.unpack(header)
        handle.seek(fields[-2] + fields[-1], io.SEEK_CUR)
        self._handle: Any = handle
        self._left = item.compress_size
        self._before = _GZIP_HEADER
        self._after = _GZIP_TRAILER.pack(item.CRC, item.file_size & 0xFFFFFFFF)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._left and not self._before:
            view = memoryview(buffer)[: self._left]
            read: int = self._handle.readinto(view)
            self._left -= read
            if not read:
                self._left, self._after = 0, b""  # the file ends early: so must the gzip
            return read
        if self._before:
            data, self._before = self._before[: len(buffer)], self._before[len(buffer) :]
        else:
            data, self._after = self._after[: len(buffer)], self._after[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)


class _Member(io.RawIOBase):
    """Reads one member from the start to the end, and says of damage what ``zipfile`` says."""

    def __init__(self, inflated: IO[bytes], name: str, damage: type[Exception]) -> None:
        super().__init__()
        self._inflated: Any = inflated
        self._name = name
        self._damage = damage

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            return int(self._inflated.readinto(memoryview(buffer)[:_PIECE]))
        except gzip.BadGzipFile as error:
            raise zipfile.BadZipFile(f"Bad CRC-32 for file {self._name!r} ({error})") from None
        except EOFError:
            raise EOFError(f"{self._name!r} ends early") from None
        except self._damage as error:
            raise zipfile.BadZipFile(f"{self._name!r}: {error}") from None
