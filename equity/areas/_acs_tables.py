"""What is known of the tables of the American Community Survey: which figures add up."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources

FILE = "acs_tables.toml"
NO_SUMS = "no_sums"
_ESTIMATE = re.compile(r"^[BC](\d{5}\d?)[A-I]?(?:PR)?_\d{3}E$")


@cache
def _tables() -> dict[str, str]:
    raw = tomllib.loads((resources.files(__package__) / FILE).read_text(encoding="utf-8"))
    return {number: held for held, text in raw.items() for number in str(text).split()}


def held_by(name: str) -> str:
    """Return what the table of an estimate's code holds.

    Parameters
    ----------
    name
        Code such as ``B28002_004E``.

    Returns
    -------
    str
        What its figures count (``people``, ``households``, ``locations``: they add up),
        ``no_sums`` (medians, means, indices, rates), or nothing where it is no detailed table's
        estimate or the table is not known.
    """
    found = _ESTIMATE.match(name)
    return _tables().get(found[1], "") if found else ""
