"""Files that are there whole or not at all, and one sentence where a disk refuses.

A file grows beside its place under a name of its own and is moved there in one step, so whoever is
killed, or writes the same file at the same moment, leaves one whole file or the other. A leftover
of a killed process is a hidden ``.partial`` file that no reader looks at.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from equity.errors import EquityError, StorageError

__all__ = [
    "free_space",
    "replacing",
    "scratch",
    "settle",
    "storing",
    "sweep",
    "write_bytes",
    "write_text",
]

_FIX = "check that the folder exists, is yours and has room"
_LEFTOVER = ".partial"
_ABANDONED_S = 86_400.0


@contextlib.contextmanager
def storing(path: Path, *, name: str | Path | None = None, fix: str = _FIX) -> Iterator[None]:
    """Turn a disk that is full or locked into :class:`StorageError`.

    Parameters
    ----------
    path
        Where is written; its free space is told.
    name
        What the error calls the file; the whole path by default.
    fix
        What to do about it.
    """
    try:
        yield
    except OSError as trouble:
        if isinstance(trouble, EquityError):
            raise
        full = trouble.errno in {errno.ENOSPC, errno.EDQUOT}
        why = "the disk is full" if full else "cannot be written"
        reason = trouble.strerror or str(trouble) or "no reason given"
        raise StorageError(
            f"{why} ({reason}): {_room(path)}",
            file=path if name is None else name,
            fix=fix,
            code="E-DISK-FULL" if full else None,
        ) from None


@contextlib.contextmanager
def scratch(*troubles: type[Exception]) -> Iterator[Path]:
    """Open a temporary folder; where it refuses, one error says so.

    Parameters
    ----------
    *troubles
        Errors of a library that writes there, which stand for a disk that refuses.

    Raises
    ------
    StorageError
        If there is no such folder, or it has no room.
    """
    place = Path(os.environ.get("TMPDIR", os.curdir))
    fix = "make room in the folder for temporary files, or name another in TMPDIR"
    with storing(place, name="a temporary file", fix=fix):
        place = Path(tempfile.gettempdir())
    with storing(place, name="a temporary file", fix=fix):
        try:
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
                yield Path(name)
        except troubles as error:
            raise OSError(str(error).splitlines()[0]) from None


@contextlib.contextmanager
def replacing(
    path: Path, *, durable: bool = False, name: str | Path | None = None, fix: str = _FIX
) -> Iterator[Path]:
    """Yield a path to write to; what stands there afterwards takes the place of `path`.

    Parameters
    ----------
    path
        The file; its folder is made.
    durable
        Return only when the file will outlast a power cut.
    name, fix
        As for :func:`storing`.

    Raises
    ------
    StorageError
        If the folder cannot be made or written; `path` is then as it was.
    """
    if not path.name:
        raise StorageError("a folder, where a file is to be written", file=path, fix="name a file")
    beside = path.with_name(f".{path.name[:180]}.{uuid.uuid4().hex}{_LEFTOVER}")
    try:
        with storing(path, name=name, fix=fix):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield beside
            if durable:
                _flush(beside, os.O_RDWR)
                settle(beside, path)
            else:
                beside.replace(path)
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def write_bytes(
    path: Path,
    data: bytes,
    *,
    durable: bool = False,
    name: str | Path | None = None,
    fix: str = _FIX,
) -> Path:
    """Write a file whole or not at all; see :func:`replacing`."""
    with replacing(path, durable=durable, name=name, fix=fix) as beside:
        beside.write_bytes(data)
    return path


def write_text(path: Path, text: str) -> Path:
    """Write text as UTF-8 with plain line ends, whole or not at all."""
    return write_bytes(path, text.encode("utf-8"))


def settle(finished: Path, path: Path) -> None:
    """Move a file that is already on the disk to its place, so that a power cut does not undo it.

    Raises
    ------
    OSError
        If it cannot be moved.
    """
    finished.replace(path)
    if os.name == "posix":  # elsewhere a folder cannot be flushed
        _flush(path.parent, os.O_RDONLY)


def sweep(folder: Path) -> None:
    """Remove what killed processes left a day ago or earlier; younger ones may still be written."""
    for leftover in folder.glob(f".*{_LEFTOVER}"):
        # Whoever writes it may finish, and move it away, at any moment.
        with contextlib.suppress(FileNotFoundError):
            if time.time() - leftover.stat().st_mtime > _ABANDONED_S:
                leftover.unlink()


def free_space(path: Path) -> int:
    """Return the free bytes where `path` is, or will be."""
    there = next(p for p in (path, *path.absolute().parents) if p.exists())
    return shutil.disk_usage(there).free


def _room(path: Path) -> str:
    with contextlib.suppress(OSError):
        return f"{free_space(path):,} bytes free"
    return "free space unknown"


def _flush(path: Path, mode: int) -> None:
    handle = os.open(path, mode)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
