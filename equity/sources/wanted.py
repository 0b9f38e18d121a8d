"""What a reader is asked to keep, checked against what there is: nothing is matched in vain."""

from __future__ import annotations

import numbers
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TypeVar

from equity.errors import InputError

__all__ = ["wanted_of"]

_MOST_NAMED = 60
Choice = TypeVar("Choice", str, int)


def wanted_of(
    given: Choice | Iterable[Choice],
    allowed: Collection[Choice],
    *,
    what: str,
    file: str | Path | None = None,
) -> list[Choice]:
    """Return the choices of a filter as a list, each of which may match something.

    Parameters
    ----------
    given
        One choice or several.
    allowed
        What may be chosen.
    what
        What is chosen, in the singular: ``technology``.
    file
        Named in errors.

    Raises
    ------
    InputError
        If nothing is chosen, or something that cannot match; the error says what can.

    Examples
    --------
    >>> wanted_of(50, [40, 50], what="technology")
    [50]
    """
    one = isinstance(given, str | numbers.Number) or not isinstance(given, Iterable)
    chosen: list[Choice] = [given] if one else list(given)  # type: ignore[list-item, arg-type]
    known = {(type(choice) is str, choice): choice for choice in allowed}
    keys = [(isinstance(choice, str), choice) for choice in chosen]
    odd = [
        c for key, c in zip(keys, chosen, strict=True) if isinstance(c, bool) or key not in known
    ]
    if odd or not chosen:
        names = [repr(choice) for choice in allowed]
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        raise InputError(
            f"there is no {what} {odd[0]!r}" if odd else f"no {what} was chosen",
            file=file,
            fix=f"choose from {', '.join(names[:_MOST_NAMED])}{more}",
        )
    return [known[key] for key in keys]
