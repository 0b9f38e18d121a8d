"""What can go wrong, in one shape: what failed, where, which rows, and the fix.

Every error the package raises is an :class:`EquityError` *and* the builtin a caller would
expect, so ``except ValueError`` keeps working in a notebook while the command line can turn any
of them into one line and exit code 2.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Self

_EXAMPLES = 5
_LONGEST_WORD = 300
_LONGEST_TEXT = 1_500
#: What a terminal obeys, what turns text round, and what cannot be encoded.
_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    r"""Return text for a terminal: control characters show as escapes such as ``\x1b``.

    Examples
    --------
    >>> print(printable("red: " + chr(27) + "[31m"))
    red: \x1b[31m
    """
    return _STEERING.sub(lambda odd: ascii(odd[0])[1:-1], text)


def _listed(rows: Iterable[object], count: int | None) -> str:
    shown = [str(row) for row in rows]
    total = len(shown) if count is None else count
    noun = "lines" if shown[0].startswith("line ") else "rows"
    text = ", ".join(_clipped(row.removeprefix("line ")) for row in shown[:_EXAMPLES])
    more = total - min(len(shown), _EXAMPLES)
    return f"{noun} {text}" + (f" and {more:,} more" if more > 0 else "")


def _one_line(text: str) -> str:
    words = " ".join(map(_clipped, text.split())).rstrip(".")
    return _clipped(words, _LONGEST_TEXT)


def _clipped(text: str, most: int = _LONGEST_WORD) -> str:
    """Cut what somebody pasted: an error repeats enough of it to be found again."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


class EquityError(Exception):
    """Base of every error raised on purpose.

    Parameters
    ----------
    what
        What is wrong, as a sentence without its full stop.
    file
        The file as the user named it.
    rows
        Rows, ids or line numbers concerned; at most five are printed.
    count
        How many rows in all, when ``rows`` holds only examples.
    fix
        What to do about it: a command, an argument, a place to look.
    code
        Short stable name for tests and scripts, for example ``"E-KEY-MISSING"``.
    """

    default_code = "E-EQUITY"

    def __init__(
        self,
        what: str,
        *,
        file: str | Path | None = None,
        rows: Iterable[object] | None = None,
        count: int | None = None,
        fix: str | None = None,
        code: str | None = None,
    ) -> None:
        self.what = _one_line(what)
        self.file = None if file is None else str(file)
        self.rows = None if rows is None else list(rows)
        self.count = count if count is not None else (None if self.rows is None else len(self.rows))
        self.fix = fix
        self.code = code or self.default_code
        super().__init__(self.message)

    def again(
        self,
        *,
        what: str | None = None,
        file: str | Path | None = None,
        fix: str | None = None,
    ) -> Self:
        """Return the same error as somebody further out tells it, with what is given replaced."""
        return type(self)(
            self.what if what is None else what,
            file=self.file if file is None else file,
            rows=self.rows,
            count=self.count,
            fix=self.fix if fix is None else fix,
            code=self.code,
        )

    @property
    def message(self) -> str:
        """The whole text, on one line."""
        where = f"{_clipped(self.file)}: " if self.file else ""
        rows = f" ({_listed(self.rows, self.count)})" if self.rows else ""
        remedy = f". Fix: {_one_line(self.fix)}" if self.fix else ""
        end = "" if remedy.endswith("?") else "."
        return printable(f"{where}{self.what}{rows}{remedy}{end}")

    def __str__(self) -> str:
        # KeyError would print its argument in quotes; everybody gets the same sentence.
        return self.message


class InputError(EquityError, ValueError):
    """The content of an input is wrong."""

    default_code = "E-INPUT"


class ArgumentError(InputError, TypeError):
    """A public function was called with something else than it takes."""

    default_code = "E-ARGUMENT"


class GeoidError(InputError):
    """An area's id is not one, or not of this level or state."""

    default_code = "E-GEOID"


class VintageError(InputError):
    """Areas of different vintages meet without a crosswalk."""

    default_code = "E-VINTAGE"


class StudyError(InputError):
    """A study file asks for something that does not exist."""

    default_code = "E-STUDY"


class FormatError(InputError):
    """A file is not what its publisher's format says it is."""

    default_code = "E-FORMAT"


class MissingFileError(EquityError, FileNotFoundError):
    """A file that was named is not there."""

    default_code = "E-FILE"


class MissingColumnError(EquityError, KeyError):
    """A table lacks a column that the work needs."""

    default_code = "E-COLUMN"


class NetworkError(EquityError, ConnectionError):
    """A publisher could not be reached or answered with something else."""

    default_code = "E-NETWORK"


class OfflineError(NetworkError):
    """Something would have to be downloaded, and downloads are switched off."""

    default_code = "E-OFFLINE"


class CredentialError(EquityError, PermissionError):
    """A key or token is missing, malformed or refused."""

    default_code = "E-KEY"


class StorageError(EquityError, OSError):
    """The disk is full or a folder cannot be written."""

    default_code = "E-STORAGE"


class DependencyError(EquityError, ImportError):
    """An optional package is not installed."""

    default_code = "E-DEPENDENCY"
