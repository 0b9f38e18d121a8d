"""Put the files of a run in the place of an earlier run's, among whatever else is in the folder.

The invariant: at whatever moment the process is killed, the next write finds the earlier run whole
or makes the new one whole, and every file that no run wrote is still there, byte for byte.

1. The new run is written into a hidden folder of its own inside the target. Killed here, the
   earlier run was never touched and the next write drops what is half done.
2. A journal with the names and checksums of both runs says that the new run is complete.
3. What stands in the way goes aside and the new file takes its place, one after the other. Where a
   move fails, all are undone; where the process is killed, the next write goes on.
4. What was put aside is removed if it is exactly what the earlier run wrote; anything else goes
   back into the folder under a free name. The journal is removed, then the hidden folder.

Whoever writes holds a lock (of this user on this machine), so a hidden folder that the holder finds
belongs to a process that is gone. No folder is ever moved: links to the target, and the working
folder of whoever stands in it, stay what they are.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import logging
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from equity.errors import StorageError, printable
from equity.files.lock import locked
from equity.outputs.ownership import Kind, is_bare_name, kind_of, owned_files
from equity.provenance import sha256_of
from equity.settings import current

__all__ = ["earlier_files", "exchange", "place_of", "put_in_place"]

WORK = ".telehealth-equity-run"
_FRESH, _BEFORE, _JOURNAL, _UNSEALED = "fresh", "before", "journal.json", "journal.part"
_log = logging.getLogger("equity.study")


def put_in_place(target: Path, write: Callable[[Path], None], kind: Kind) -> Path:
    """Write whole outputs into a folder, in the place of what an earlier run wrote there.

    Parameters
    ----------
    target
        A folder; made if it is not there.
    write
        Writes everything, flat, into the empty folder it is given; last :data:`RECORD`.
    kind
        What it writes.

    Raises
    ------
    StorageError
        The folder cannot be written, holds files that no run wrote, or holds another kind.
    """
    try:
        exchange(place_of(target), write, kind)
    except OSError as error:
        if isinstance(error, StorageError):
            raise
        where = f": {error.filename}" if error.filename else ""
        raise StorageError(
            f"cannot write the outputs ({error.strerror or error}{where})",
            file=target,
            fix="free some space or choose another folder with --out",
        ) from error
    return target.expanduser()


def place_of(target: Path) -> Path:
    """Return where a path leads, links followed; refuse what cannot be a folder of ours."""
    try:
        place = target.expanduser().resolve()
        wrong = "a file stands where the folder should be" if _is_file(place) else ""
    except (OSError, RuntimeError, ValueError) as error:
        wrong = f"cannot be a folder ({getattr(error, 'strerror', None) or error})"
    else:
        if any(part.casefold() == ".git" for part in place.parts):
            wrong = "the folder lies inside a .git folder"
    if wrong:
        raise StorageError(wrong, file=target, fix="choose another folder with --out")
    return place


def _is_file(place: Path) -> bool:
    return place.exists() and not place.is_dir()


def exchange(folder: Path, write: Callable[[Path], None], kind: Kind) -> None:
    """Write a run beside what is in a folder, then put it in the place of the earlier run.

    Parameters
    ----------
    folder
        Resolved path; made if it is not there.
    write
        Writes the whole run, flat, into the empty folder it is given.
    kind
        What it writes.

    Raises
    ------
    StorageError
        The folder holds files that no run wrote, or something of ours of another kind.
    OSError
        The disk refuses; the folder is then as it was.
    """
    with locked(_lock_file(folder), time.sleep):
        made = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        _finish(folder)
        old = earlier_files(folder, kind)
        work = folder / WORK
        try:
            fresh = work / _FRESH
            fresh.mkdir(parents=True)
            write(fresh)
            moves = _Moves(old, {path.name: _flushed(path) for path in sorted(fresh.iterdir())})
            moves.record(work)
            moves.complete(folder)
        except BaseException:
            # A journal that is still there is the next write's to finish.
            if not (work / _JOURNAL).exists():
                with contextlib.suppress(OSError):
                    _drop(work)
                    if made:
                        folder.rmdir()
            raise


def _lock_file(folder: Path) -> Path:
    """Return a file outside the target: one inside could not go while others wait for it."""
    key = hashlib.sha256(os.fsencode(os.path.normcase(folder))).hexdigest()[:24]
    cache = Path(current().cache_dir or ".")
    try:
        (cache / ".state").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"cannot hold the lock on an output folder ({error.strerror or error})",
            file=cache,
            fix="set EQUITY_CACHE_DIR to a folder that you can write",
        ) from error
    return cache / ".state" / f"output-{key}.lock"


def earlier_files(folder: Path, kind: Kind) -> dict[str, str]:
    """Return what an earlier run wrote here; refuse a folder of others, or of another kind."""
    owned, held = owned_files(folder), kind_of(folder)
    if held not in {kind, None}:
        raise StorageError(
            f"the folder holds {held}; {kind} would take its place",
            file=folder,
            fix="choose another folder with --out",
        )
    # What stands in folders of runs is theirs: a nation's page is written among its states'. What
    # a killed process left is finished, or dropped, by the next write.
    ours = (path.name == WORK or _is_a_run(path) for path in folder.iterdir())
    if owned is None and not all(ours):
        raise StorageError(
            "the folder holds files that no run wrote",
            file=folder,
            fix="choose an empty folder with --out",
        )
    return owned or {}


def _is_a_run(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink() and owned_files(path) is not None


def _finish(folder: Path) -> None:
    """Finish, or drop, what a process that was killed left in a folder."""
    work = folder / WORK
    if not os.path.lexists(work):
        return
    known = {_FRESH, _BEFORE, _JOURNAL, _UNSEALED}
    if work.is_symlink() or not work.is_dir() or not {p.name for p in work.iterdir()} <= known:
        raise StorageError(
            "holds something that no run wrote", file=work, fix="move it out of the folder"
        )
    if (work / _JOURNAL).exists():
        _Moves.read(work).complete(folder)
    else:
        _drop(work)


def _drop(work: Path) -> None:
    """Remove the hidden folder; what was put aside is never removed with it."""
    if (work / _FRESH).exists():
        shutil.rmtree(work / _FRESH)
    (work / _UNSEALED).unlink(missing_ok=True)
    for path in (work / _BEFORE, work):
        if path.exists():
            path.rmdir()


@dataclass(frozen=True)
class _Moves:
    """What is to be moved: bare name to SHA-256 of the earlier run's files and the new one's."""

    old: dict[str, str]
    new: dict[str, str]

    @classmethod
    def read(cls, work: Path) -> _Moves:
        try:
            moves = cls(**json.loads((work / _JOURNAL).read_bytes()))
            whole = all(map(is_bare_name, (*moves.old, *moves.new)))
        except (ValueError, TypeError):
            whole = False
        if not whole:
            raise StorageError(
                "the journal of a run that was stopped cannot be read",
                file=work / _JOURNAL,
                fix=f"move {WORK} out of the folder, then run again",
            )
        return moves

    def record(self, work: Path) -> None:
        part = work / _UNSEALED
        part.write_text(json.dumps(asdict(self)), encoding="utf-8")
        (work / _BEFORE).mkdir()
        _flushed(part)
        part.replace(work / _JOURNAL)

    def complete(self, folder: Path) -> None:
        work = folder / WORK
        # Once every new file has its place there is nothing to undo any more.
        if any((work / _FRESH).iterdir()):
            try:
                self._move(folder)
            except BaseException:
                self._undo(folder)
                (work / _JOURNAL).unlink()
                _drop(work)
                raise
        for path in sorted((work / _BEFORE).iterdir()):
            self._give_back(path, folder)
        (work / _JOURNAL).unlink()
        _drop(work)

    def _move(self, folder: Path) -> None:
        fresh, before = folder / WORK / _FRESH, folder / WORK / _BEFORE
        for name in sorted(self.old.keys() - self.new.keys()):
            # No longer written: goes, unless somebody made it theirs.
            if _is(folder / name, self.old[name]):
                (folder / name).replace(before / name)
        for name in self.new:
            if not (fresh / name).exists():
                continue  # moved before the kill
            if os.path.lexists(folder / name):
                taken = os.path.lexists(before / name)  # put there since the kill
                (folder / name).replace(_free(folder / name) if taken else before / name)
            (fresh / name).replace(folder / name)

    def _undo(self, folder: Path) -> None:
        fresh, before = folder / WORK / _FRESH, folder / WORK / _BEFORE
        for name, checksum in self.new.items():
            if not (fresh / name).exists() and os.path.lexists(folder / name):
                ours = _is(folder / name, checksum)
                (folder / name).replace(fresh / name if ours else _free(folder / name))
        for path in before.iterdir():
            path.replace(folder / path.name)

    def _give_back(self, path: Path, folder: Path) -> None:
        """Remove what the earlier run wrote; keep anything else beside, and say so."""
        name = path.name
        if any(_is(path, run.get(name, "")) for run in (self.old, self.new)):
            path.chmod(0o600)  # Windows removes no file that is read-only
            path.unlink()
            return
        kept = path.replace(_free(folder / name))
        where = printable(str(folder / name))
        _log.warning("%s: not as a run wrote it; kept as %s", where, kept.name)


def _is(path: Path, checksum: str) -> bool:
    """Tell whether a path is a plain file with this content; one that cannot be read is not."""
    try:
        return not path.is_symlink() and path.is_file() and sha256_of(path) == checksum
    except OSError:
        return False


def _free(path: Path) -> Path:
    """Return a name beside `path` that nothing has: ``study (edited 1).toml``."""
    names = (path.with_name(f"{path.stem} (edited {n}){path.suffix}") for n in itertools.count(1))
    return next(name for name in names if not os.path.lexists(name))


def _flushed(path: Path) -> str:
    """Make sure that a file outlasts a power cut; return its checksum."""
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return sha256_of(path)
