"""The cache: immutable files with names for people, each with a receipt.

``<cache>/raw/<publisher>/<vintage>/<name>`` holds exactly what a publisher sent;
``<name>.receipt.json`` beside it says from where, when, which revision and with which checksum. A
file appears under its name only when it is whole: it grows in ``.parts``, is flushed to the disk,
checked, and renamed, after its receipt. A killed download leaves a part, which the next run
continues. Nothing is ever replaced or deleted behind the user's back.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

from equity import settings
from equity.errors import FormatError, InputError, StorageError
from equity.files.atomic import free_space, settle, storing, write_bytes
from equity.files.lock import locked
from equity.net.clock import Clock
from equity.provenance import Source, sha256_of

__all__ = ["Receipt", "Store", "Stored", "store", "writing"]

_SUFFIX = ".receipt.json"
_FIX = (
    "make room (`equity sources --cache` lists what the cache holds), or set EQUITY_CACHE_DIR to a "
    "folder on a larger disk, then run again: a large download continues where it stopped"
)


@dataclass(frozen=True)
class Receipt:
    """Where a cached file comes from.

    Attributes
    ----------
    name
        Place in the cache, with ``/``.
    url
        The publisher's address, without credentials.
    sha256, size
        Of the file, in bytes.
    retrieved
        UTC time of the download. It stays here: no output repeats it, so that two runs agree byte
        for byte.
    revision
        What the publisher calls this version, or the day it last changed.
    found
        How the address was known, if not from this package.
    mirror
        Server that was asked in the publisher's place, if one was.
    """

    name: str
    url: str
    sha256: str
    size: int
    retrieved: str
    revision: str = ""
    found: str = ""
    mirror: str = ""


@dataclass(frozen=True)
class Stored:
    """A file at hand, from the cache or put there by hand."""

    path: Path
    receipt: Receipt | None = None

    def source(self, *, sha256: str = "") -> Source:
        """Describe the file for provenance: no time, no machine path, nothing of its content.

        Parameters
        ----------
        sha256
            Checksum of a file without a receipt, if a reader took it already.
        """
        known = self.receipt
        return Source(
            id="",
            agency="",
            product="",
            vintage="",
            url=known.url if known else "",
            revision=known.revision if known else "put in place by hand",
            sha256=known.sha256 if known else sha256 or sha256_of(self.path),
            file=self.path.name,
            note=known.found if known else "",
            mirror=known.mirror if known else "",
        )


class Store:
    """Files of one cache folder, and those that the user downloaded.

    Parameters
    ----------
    root
        Cache folder.
    by_hand
        Folders where the user puts downloads (``data/raw``); they come first.
    """

    def __init__(
        self, root: Path, *, by_hand: tuple[Path, ...] = (), clock: Clock | None = None
    ) -> None:
        self.root = root / "raw"
        self.state = root / ".state"
        self.by_hand = by_hand
        self.clock = clock or Clock()

    def find(self, name: str) -> Stored | None:
        """Return the file called `name` if it is at hand.

        A cached file whose length differs from its receipt is moved aside and counts as missing.
        """
        for folder in self.by_hand:
            path = folder / PurePosixPath(name).name
            if path.is_file():
                return Stored(path)
        path = self.place(name)
        receipt = self._receipt(path)
        if receipt is None or not path.is_file():
            return None
        if path.stat().st_size != receipt.size:
            path.replace(path.with_name(path.name + ".damaged"))
            return None
        return Stored(path, receipt)

    def place(self, name: str) -> Path:
        """Where `name` belongs in the cache."""
        parts = PurePosixPath(name).parts
        if (
            not parts
            or name.startswith("/")
            or ".." in parts
            or any(":" in p or "\\" in p for p in parts)
        ):
            raise InputError(f"{name!r} is not a name for a cached file")
        return self.root.joinpath(*parts)

    def part(self, name: str) -> Path:
        """Where `name` grows while it is downloaded."""
        return self.root.parent / ".parts" / "__".join(PurePosixPath(name).parts)

    @contextlib.contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Let one process at a time work on `name`."""
        path = self.state / ("__".join(PurePosixPath(name).parts) + ".lock")
        with contextlib.ExitStack() as held:
            with writing(path):
                held.enter_context(locked(path, self.clock.sleep))
            yield

    def adopt(
        self, name: str, part: Path, *, url: str, revision: str = "", found: str = ""
    ) -> Stored:
        """Move a finished part to its name, its receipt first."""
        receipt = Receipt(
            name=name,
            url=url,
            sha256=sha256_of(part),
            size=part.stat().st_size,
            retrieved=self.clock.today(),
            revision=revision,
            found=found,
            mirror=settings.current().mirror or "",
        )
        path = self.place(name)
        with writing(path):
            write_note(_receipt_path(path), json.dumps(asdict(receipt), indent=1).encode())
            settle(part, path)
        return Stored(path, receipt)

    def receipts(self) -> list[Receipt]:
        """Receipts of everything in the cache, by name."""
        found = (self._receipt(p.with_name(p.name.removesuffix(_SUFFIX))) for p in self._receipts())
        return sorted((r for r in found if r is not None), key=lambda r: r.name)

    def verify(self) -> list[str]:
        """Names of cached files that are missing or no longer what was received."""
        return [receipt.name for receipt in self.receipts() if not self._intact(receipt)]

    def remove(self, name: str) -> int:
        """Delete a cached file, or all those in a folder; return how many."""
        name = name.strip("/")
        found = [p.with_name(p.name.removesuffix(_SUFFIX)) for p in self._receipts()]
        names = {p.relative_to(self.root).as_posix(): p for p in found}
        chosen = [p for n, p in names.items() if n == name or n.startswith(f"{name}/")]
        for path in chosen:
            path.unlink(missing_ok=True)
            _receipt_path(path).unlink(missing_ok=True)
        return len(chosen)

    def _receipts(self) -> Iterator[Path]:
        return self.root.rglob(f"*{_SUFFIX}") if self.root.is_dir() else iter(())

    def _intact(self, receipt: Receipt) -> bool:
        path = self.place(receipt.name)
        return (
            path.is_file()
            and path.stat().st_size == receipt.size
            and sha256_of(path) == receipt.sha256
        )

    def _receipt(self, path: Path) -> Receipt | None:
        try:
            return Receipt(**json.loads(_receipt_path(path).read_text(encoding="utf-8")))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, TypeError):
            raise FormatError(
                "the receipt of a cached file cannot be read",
                file=_receipt_path(path).name,
                fix=(
                    f"run `equity sources --remove {path.relative_to(self.root).as_posix()}`, or "
                    "delete the two files"
                ),
            ) from None


def _receipt_path(path: Path) -> Path:
    return path.with_name(path.name + _SUFFIX)


def writing(path: Path) -> contextlib.AbstractContextManager[None]:
    """Turn a disk that is full or locked into an error that says what to do about a cache."""
    return storing(path, name=path.name, fix=_FIX)


def write_note(path: Path, body: bytes) -> None:
    """Write a small file of the cache so that it outlasts a power cut, whole or not at all."""
    write_bytes(path, body, durable=True, name=path.name, fix=_FIX)


def check_room(path: Path, needed: int) -> None:
    """Refuse to begin a download that cannot fit."""
    free = free_space(path)
    if needed > free:
        raise StorageError(
            f"the disk is full: {needed:,} bytes to come and {free:,} free",
            file=path.name,
            fix="make room, or set EQUITY_CACHE_DIR to a folder on a larger disk, then run again",
            code="E-DISK-FULL",
        )


def store(*, clock: Clock | None = None) -> Store:
    """Return the store of the cache folder in force.

    With ``data/raw`` of the working folder in front, and that of the folder above it: a notebook
    runs in ``notebooks/``, beside ``data/``.
    """
    now = settings.current()
    raw = Path("data") / "raw"
    return Store(Path(now.cache_dir or "."), by_hand=(raw, Path("..") / raw), clock=clock)
