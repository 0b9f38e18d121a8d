"""What a public function is called with, held against its own signature.

A notebook passes ``None`` where a table was meant, or text where a list was: the mistake then shows
five calls deep, in somebody else's words. Here it is told at the door, by the name of the function,
of the argument, and by what it takes. Nothing is converted: numbers of numpy are numbers, a list is
a sequence, and what a value *says* is the function's own matter.
"""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
import numbers
import os
import re
import types
import typing
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from equity.errors import ArgumentError

__all__ = ["checked"]

P = ParamSpec("P")
R = TypeVar("R")

_IMPORTS = (ast.Import, ast.ImportFrom)
_UNIONS = (typing.Union, types.UnionType)
_LISTS = (Sequence, Collection, Iterable, list)
_LONGEST = 1_000
_LARGEST = 2**63
#: NUL, and half a character; \udc80 to \udcff stand for bytes of a file's name.
_HALF = re.compile("[\x00\ud800-\udc7f\udd00-\udfff]")
_SHOWN = 60


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function with its arguments checked by kind; wrong ones raise `ArgumentError`.

    Signature, docstring and name are the function's.

    Examples
    --------
    >>> @checked
    ... def half(number: float) -> float:
    ...     return number / 2
    >>> half(3)
    1.5
    >>> half("3")
    Traceback (most recent call last):
        ...
    equity.errors.ArgumentError: half: number is the text '3'. Fix: it takes a number.
    """
    signature = inspect.signature(function)
    hints: dict[str, Any] = {}

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            raise ArgumentError(
                f"{function.__name__}: {error}", fix=f"it takes {_outline(signature)}"
            ) from None
        if not hints:
            hints.update(_hints(function, signature))
        for name, value in bound.arguments.items():
            _check(function.__name__, signature.parameters[name], value, hints[name])
        return function(*args, **kwargs)

    return call


def _outline(signature: inspect.Signature) -> str:
    names = [name for name in signature.parameters if name not in {"self", "cls"}]
    return ", ".join(names) or "no argument"


def _hints(function: Callable[..., Any], signature: inspect.Signature) -> dict[str, Any]:
    known = _Known(import_module(function.__module__))
    return {
        p.name: eval(p.annotation, known) if isinstance(p.annotation, str) else Any  # noqa: S307
        for p in signature.parameters.values()
    }


class _Known(dict[str, Any]):
    """Names of a module, and those that it imports for type checkers alone."""

    def __init__(self, module: types.ModuleType) -> None:
        super().__init__(vars(module))
        self._module = module

    def __missing__(self, name: str) -> Any:
        if name not in (imported := _imported(self._module)):
            return vars(builtins).get(name, Any)
        module, wanted = imported[name]
        return getattr(import_module(module), wanted) if wanted else import_module(module)


@functools.cache
def _imported(module: types.ModuleType) -> dict[str, tuple[str, str]]:
    """Return the names that a module's text imports: each one's module, and its name there."""
    found: dict[str, tuple[str, str]] = {}
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        for alias in getattr(node, "names", ()) if isinstance(node, _IMPORTS) else ():
            origin = (str(node.module), alias.name) if isinstance(node, ast.ImportFrom) else None
            found.setdefault(alias.asname or alias.name, origin or (alias.name, ""))
    return found


def _check(function: str, parameter: inspect.Parameter, value: Any, hint: Any) -> None:
    several = parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}
    values = [value]
    if several:
        values = list(value.values() if isinstance(value, dict) else value)
    for one in values:
        start = f"{function}: {parameter.name}"
        if not fits(one, hint):
            raise ArgumentError(f"{start} is {_shown(one)}", fix=f"it takes {_words(hint)}")
        if hasattr(one, "iloc") and hasattr(one, "columns"):
            _check_table(start, one)


def _check_table(start: str, table: Any) -> None:
    """Refuse columns that no function can work with, whatever it does."""
    names = table.columns
    if not names.is_unique:
        twice = names[names.duplicated()][0]
        raise ArgumentError(
            f"{start} has the column {_shown(twice)} twice", fix="drop or rename one of the two"
        )
    if getattr(table, "active_geometry_name", None) not in {None, *names}:
        raise ArgumentError(f"{start} has lost its geometry", fix="name it with set_geometry")
    from equity.areas.schema import columns, is_acs_code

    known = columns()
    for name in names:
        counted = name in known and known[name].dtype == "float"
        coded = isinstance(name, str) and is_acs_code(name) and not name.endswith("_status")
        # Numbers that a notebook turned into text, objects or categories would fail far from here.
        if (counted or coded) and table[name].dtype.kind not in "iufb":
            raise ArgumentError(
                f"{start} has a column {name} of the type {table[name].dtype}, no numbers",
                fix=f"pandas.to_numeric(table[{name!r}]) makes numbers of it",
            )


def fits(value: Any, hint: Any) -> bool:
    """Tell whether a value is of the kind that an annotation names."""
    if hint is Any or hint is object:
        return True
    if hint is None or hint is type(None):
        return value is None
    if isinstance(hint, TypeVar):
        kinds = hint.__constraints__ or ((hint.__bound__,) if hint.__bound__ else (Any,))
        return any(fits(value, kind) for kind in kinds)
    origin = typing.get_origin(hint)
    return _is_a(value, hint) if origin is None else _fits_form(value, hint, origin)


def _fits_form(value: Any, hint: Any, origin: Any) -> bool:
    inside = typing.get_args(hint)
    if origin in _UNIONS:
        return any(fits(value, kind) for kind in inside)
    if origin is typing.Literal:
        return any(isinstance(value, type(word)) for word in inside)
    if origin is tuple:
        return _fits_tuple(value, inside)
    if origin in _LISTS:
        return _fits_list(value, inside[0], listed=origin is not Iterable)
    if not isinstance(value, origin):
        return False
    pairs = value.items() if origin is Mapping else ()
    return all(fits(key, inside[0]) and fits(held, inside[1]) for key, held in _some(pairs))


def _fits_tuple(value: Any, inside: tuple[Any, ...]) -> bool:
    if not isinstance(value, list | tuple):
        return False
    if inside[-1:] == (Ellipsis,):
        return all(fits(one, inside[0]) for one in value)
    return len(value) == len(inside) and all(map(fits, value, inside))


def _fits_list(value: Any, inside: Any, *, listed: bool) -> bool:
    """Text is no list of its letters; a table or a dict is none of its names."""
    if (
        isinstance(value, str | bytes)
        or hasattr(value, "columns")
        or not hasattr(value, "__iter__")
    ):
        return False
    if not hasattr(value, "__len__"):  # what yields its values once is left to the function
        return not listed
    if listed and isinstance(value, Mapping):
        return False
    return all(fits(one, inside) for one in _some(value))


def _some(values: Iterable[Any]) -> Iterable[Any]:
    return (one for one, _ in zip(values, range(_LONGEST), strict=False))


def _is_a(value: Any, kind: Any) -> bool:
    if kind is bool:
        return isinstance(value, bool) or type(value).__name__ == "bool"
    if kind in {int, float}:
        abstract = numbers.Integral if kind is int else numbers.Real
        whole = isinstance(value, int) and abs(value) > _LARGEST
        return isinstance(value, abstract) and not isinstance(value, bool) and not whole
    if kind in {str, Path}:
        wanted = str if kind is str else os.PathLike
        return isinstance(value, wanted) and not _HALF.search(str(value))
    if typing.is_typeddict(kind):
        fields = typing.get_type_hints(kind)
        return isinstance(value, Mapping) and all(
            fits(held, fields.get(name, Any)) for name, held in value.items()
        )
    if getattr(kind, "_is_protocol", False):
        members = [name for name in dir(kind) if not name.startswith("_")]
        return all(hasattr(value, name) for name in (*members, *_annotated(kind)))
    return not isinstance(kind, type) or isinstance(value, kind)


def _annotated(kind: type) -> list[str]:
    every = (name for base in kind.__mro__ for name in vars(base).get("__annotations__", {}))
    return [name for name in every if not name.startswith("_")]


def _shown(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        why = ", with a character that cannot be written" if _HALF.search(value) else ""
        return f"the text {value[:_SHOWN]!r}{why}"
    if isinstance(value, int) and abs(value) > _LARGEST:
        return f"a whole number beyond {_LARGEST:,}"
    if isinstance(value, numbers.Number):
        return f"the number {str(value)[:_SHOWN]}"
    return f"of the type {type(value).__name__}"


_NAMES: dict[Any, str] = {
    str: "text", int: "a whole number", float: "a number", bool: "True or False",
    type(None): "None", Path: "a path",
}  # fmt: skip


def _words(hint: Any) -> str:
    """Say in words what an annotation names."""
    if isinstance(hint, TypeVar):
        return " or ".join(map(_words, hint.__constraints__ or (hint.__bound__,)))
    origin = typing.get_origin(hint)
    if origin is typing.Literal:
        return " or ".join(map(repr, typing.get_args(hint)))
    if origin is Callable:
        return "a function"
    if typing.is_typeddict(hint):
        fields = typing.get_type_hints(hint).items()
        return f"a dict of {', '.join(f'{name} ({_words(kind)})' for name, kind in fields)}"
    inside = [_words(kind) for kind in typing.get_args(hint) if kind is not Ellipsis]
    form = "union" if origin in _UNIONS else "list" if origin in _LISTS else origin
    written = {
        "union": " or ".join(dict.fromkeys(inside)),
        "list": f"a list of {inside[0]}" if inside else "",
        Mapping: " to ".join(("a dict from", *inside)).replace("from to", "from"),
        tuple: f"({', '.join(inside)})",
        None: "anything" if hint is Any else f"a {getattr(hint, '__name__', hint)}",
    }
    return _NAMES.get(hint) or written.get(form) or f"a {origin.__name__}"
