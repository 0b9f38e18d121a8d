"""Options and secrets: one place to look them up, no place that prints them.

Precedence: argument of a call > :func:`configure` > environment > ``.env`` in the working
folder > default. Nothing is read at import.
"""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

from equity.errors import InputError

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


# Every secret of this process, however it came: what `redact` looks for.
_seen: set[str] = set()
_SHORTEST = 6  # anything shorter is no key, and would blot out ordinary words


class Secret:
    """A key that never shows: ``repr``, ``str`` and formatting print stars."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        if len(value) >= _SHORTEST:
            _seen.add(value)

    def reveal(self) -> str:
        """Return the value, for the one place that sends it."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> tuple[Any, ...]:
        # A secret that crosses a process boundary must be passed on purpose.
        raise InputError("a secret cannot be pickled", fix="pass reveal() explicitly where needed")


@dataclass(frozen=True)
class Settings:
    """What is in force; ``configure`` makes a changed copy.

    Attributes
    ----------
    cache_dir
        Folder for downloads and derived tables.
    offline
        Refuse every network request.
    mirror
        Address of a server that stands in for every publisher (``MIRROR/api.census.gov/…``). One
        that ``.env`` names receives no credential: whoever wrote the folder may have named it.
    workers
        Most processes that run the states of one study side by side; by default one a core, as long
        as the machine's memory suffices.
    census_api_key, fcc_username, fcc_token
        Credentials of the publishers that ask for some.
    """

    cache_dir: Path | None = None
    offline: bool | None = None
    mirror: str | None = None
    workers: int | None = None
    census_api_key: Secret | None = None
    fcc_username: Secret | None = None
    fcc_token: Secret | None = None


# The first name is ours; the others are what tidycensus, pytidycensus and the FCC clients use.
_ENVIRONMENT: Mapping[str, tuple[str, ...]] = {
    "cache_dir": ("EQUITY_CACHE_DIR",),
    "offline": ("EQUITY_OFFLINE",),
    "mirror": ("EQUITY_MIRROR",),
    "workers": ("EQUITY_WORKERS",),
    "census_api_key": ("CENSUS_API_KEY",),
    "fcc_username": ("FCC_USERNAME", "BDC_USERNAME", "FCC_BDC_USERNAME"),
    "fcc_token": ("FCC_HASH", "BDC_API_KEY", "FCC_BDC_API_TOKEN"),
}
_SECRET_FIELDS = {"census_api_key", "fcc_username", "fcc_token"}
_SECRET_NAMES = frozenset(name for field in _SECRET_FIELDS for name in _ENVIRONMENT[field])

_configured = Settings()


def configure(**options: object) -> Settings:
    """Set options for this session and return what is now in force.

    Parameters
    ----------
    **options
        Any field of :class:`Settings`. ``None`` returns an option to its default.

    Returns
    -------
    Settings
        What is in force: arguments, then environment, then ``.env``, then defaults. Keys print as
        ``***``.

    Raises
    ------
    InputError
        If an option does not exist, or is not what it should be.
    """
    # No plain key stays among the locals of a call that fails.
    options = {k: _typed(k, v) if k in _SECRET_FIELDS else v for k, v in options.items()}
    global _configured  # noqa: PLW0603 - the session's one piece of state
    known = {field.name for field in fields(Settings)}
    unknown = sorted(set(options) - known)
    if unknown:
        close = difflib.get_close_matches(unknown[0], sorted(known), n=1)
        raise InputError(
            f"unknown option {unknown[0]!r}",
            fix=f"did you mean {close[0]}?" if close else f"choose from {', '.join(sorted(known))}",
        )
    _configured = replace(_configured, **{k: _typed(k, v) for k, v in options.items()})
    return current()


def current() -> Settings:
    """Return the settings in force: configured, else environment, else ``.env``, else default."""
    dotenv = _dotenv(Path(".env"))
    values: dict[str, Any] = {}
    for field in fields(Settings):
        value = getattr(_configured, field.name)
        if value is None:
            value = _typed(field.name, _from_environment(field.name, dotenv))
        values[field.name] = value
    if values["cache_dir"] is None:
        values["cache_dir"] = _default_cache_dir()
    values["offline"] = bool(values["offline"])
    return Settings(**values)


def passed_on() -> dict[str, object]:
    """Return what another process of ours is configured with, the keys in plain: never print it."""
    now = current()
    values = {field.name: getattr(now, field.name) for field in fields(Settings)}
    return {k: v.reveal() if isinstance(v, Secret) else v for k, v in values.items()}


def mirror_named_by_file() -> bool:
    """Tell whether ``.env`` in the working folder names the mirror in force.

    So it is where an editor has put the lines of that file into the environment.
    """
    mirror = current().mirror
    named = _dotenv(Path(".env")).get("EQUITY_MIRROR")
    return mirror is not None and _configured.mirror is None and mirror == _typed("mirror", named)


def redact(text: str) -> str:
    """Return ``text`` with stars for every secret seen so far, also where it is quoted."""
    dotenv = _dotenv(Path(".env"))
    for name in _SECRET_FIELDS:  # a key that nobody has used yet is known from here on
        _typed(name, _from_environment(name, dotenv))
    for secret in sorted(_seen, key=len, reverse=True):
        quoted = quote(secret, safe="")
        forms = {secret, quoted, quote_plus(secret), quote(secret), quote(quoted, safe="")}
        forms |= {json.dumps(form)[1:-1] for form in forms}
        for form in sorted(forms, key=len, reverse=True):
            # Clients differ in the case of the digits in %2F.
            text = text.replace(form, "***") if form == secret else _any_case(form, text)
    return text


def _any_case(form: str, text: str) -> str:
    # Every other piece is a quoted byte; the pieces between may themselves begin with a %.
    pieces = re.split(r"(%[0-9A-Fa-f]{2})", form)
    pattern = "".join(
        f"(?i:{piece})" if number % 2 else re.escape(piece) for number, piece in enumerate(pieces)
    )
    return re.sub(pattern, "***", text)


def _from_environment(name: str, dotenv: Mapping[str, str | Secret | None]) -> Any:
    given = (place.get(v) for place in (os.environ, dotenv) for v in _ENVIRONMENT[name])
    return next((value for value in given if value), None)


def _typed(name: str, value: Any) -> Any:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if name in _SECRET_FIELDS:
        return value if isinstance(value, Secret) else Secret(str(value).strip())
    if name == "cache_dir":
        return Path(value).expanduser()
    if name == "offline":
        return _flag(value)
    if name == "workers":
        return _number(value)
    return _server(str(value).strip()) if name == "mirror" else value


def _number(value: Any) -> int:
    text = str(value).strip()
    if text.isascii() and text.isdigit() and int(text) > 0:
        return int(text)
    raise InputError(
        f"workers (EQUITY_WORKERS) is {text!r}, not a number of processes",
        fix="set it to 1 or more",
    )


def _server(address: str) -> str:
    """Check the address of a mirror; the error does not repeat what may be a password."""
    try:
        parts = urlsplit(address)
        good = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc
    except ValueError:
        good = False
    if good and address.isprintable():
        return address
    raise InputError(
        "the mirror (EQUITY_MIRROR) is no address of a server",
        fix="write https://host or https://host/folder, without a user name or password",
    )


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise InputError(
        f"offline (EQUITY_OFFLINE) is {text!r}, not a yes or no", fix="set it to 1 or 0"
    )


def _dotenv(path: Path) -> Mapping[str, str | Secret | None]:
    from dotenv import dotenv_values

    try:
        read = dotenv_values(path, interpolate=False, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return {}
    return {k: Secret(v.strip()) if v and k in _SECRET_NAMES else v for k, v in read.items()}


def _default_cache_dir() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("telehealth-equity", appauthor=False)
