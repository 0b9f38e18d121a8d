"""A zip member inflated with ISA-L, at half the cost of zlib, where that package is installed.

The standard library's reader does the same work and stays the fallback: for other compression
methods, for encrypted members, and on machines without ``isal``.
"""

from __future__ import annotations

import io
import struct
import zipfile
from typing import IO, Any

_LOCAL_HEADER = struct.Struct("<4s2B4HL2L2H")
_CHUNK = 1 << 18
_ENCRYPTED = 0x1


def fast_member(handle: IO[bytes], item: zipfile.ZipInfo) -> IO[bytes] | None:
    """Return a stream over a deflated member, or None where only the standard reader will do."""
    try:
        from isal import isal_zlib
    except ImportError:
        return None
    if item.compress_type != zipfile.ZIP_DEFLATED or item.flag_bits & _ENCRYPTED:
        return None
    return _Member(handle, item, isal_zlib)  # type: ignore[return-value]


class _Member(io.RawIOBase):
    """Reads one member from the start to the end, and checks its length and CRC there."""

    def __init__(self, handle: IO[bytes], item: zipfile.ZipInfo, codec: Any) -> None:
        super().__init__()
        handle.seek(item.header_offset)
        header = handle.read(_LOCAL_HEADER.size)
        if len(header) < _LOCAL_HEADER.size or not header.startswith(b"PK\x03\x04"):
            raise zipfile.BadZipFile(f"no header where {item.filename!r} should begin")
        fields = _LOCAL_HEADER.unpack(header)
        handle.seek(fields[-2] + fields[-1], io.SEEK_CUR)
        self._handle = handle
        self._item = item
        self._codec = codec
        self._inflate = codec.decompressobj(-15)
        self._left = item.compress_size
        self._pending = b""
        self._crc = 0
        self._size = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if size is None or size < 0:
            return b"".join(iter(lambda: self.read(1 << 20), b""))
        while not self._inflate.eof:
            source = self._pending or self._compressed()
            try:
                data = self._inflate.decompress(source, size)
            except self._codec.error as error:
                raise zipfile.BadZipFile(f"{self._item.filename!r}: {error}") from None
            self._pending = self._inflate.unconsumed_tail
            if data:
                self._crc = self._codec.crc32(data, self._crc)
                self._size += len(data)
                return bytes(data)
        self._check()
        return b""

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _compressed(self) -> bytes:
        data = self._handle.read(min(_CHUNK, self._left))
        if not data:
            raise EOFError(f"{self._item.filename!r} ends early")
        self._left -= len(data)
        return data

    def _check(self) -> None:
        if self._size != self._item.file_size or self._crc != self._item.CRC:
            raise zipfile.BadZipFile(f"Bad CRC-32 for file {self._item.filename!r}")
