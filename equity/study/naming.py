"""Counties and other places by the names that people use: found, or refused with what is close."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

import pandas as pd

from equity.areas.geoid import STATES, find_state
from equity.areas.vintage import in_a_county
from equity.areas.words import sentence_list
from equity.errors import GeoidError, InputError

__all__ = ["called", "counties_called", "county_names", "near", "one_called", "tribal_called"]

# What a county is called beside its name, and what states of their own call it.
_KINDS = re.compile(
    r" (?:county|parish|borough|census area|municipality|municipio|planning region|city and borough"
    r"|city|district|island)?(?: \(.*\))?$"
)
_SHOWN = 6
_TRIBE = 4
"""Digits of the id that a reservation and its trust land share."""


def county_names(areas: pd.DataFrame, outlines: pd.DataFrame | None) -> dict[str, str]:
    """Return the counties of a study: code -> name, as its inputs spell it; "" where none does."""
    codes = pd.Series(areas.index.str[:5], index=areas.index)
    names = areas["county_name"].groupby(codes.to_numpy()).first().astype(str)
    if outlines is not None and "name" in outlines:
        there = outlines["name"].reindex(names.index).fillna("").astype(str)
        names = names.where(names != "", there)
    return {str(code): name.partition(", ")[0].strip() for code, name in names.items()}


def counties_called(wanted: Iterable[str], known: Mapping[str, str]) -> list[str]:
    """Return the codes of counties that are named by code or name.

    A name may leave out "County" and may be followed by its state: ``Wise``, ``Wise County, VA``.

    Raises
    ------
    GeoidError
        If a code is that of another state, or of no county.
    InputError
        If a name is that of no county, or of several.
    """
    return list(dict.fromkeys(_county(name, known) for name in wanted))


def _county(text: str, known: Mapping[str, str]) -> str:
    name, _, state = (part.strip() for part in text.partition(","))
    if name.isdigit():
        return _code(name, known)
    fips = find_state(state).fips if state else ""
    here = {code: called for code, called in known.items() if code.startswith(fips)}
    if fips and not here:
        raise _elsewhere(f"{name} is in {find_state(fips).name}", known)
    found = called(name, here)
    if len(found) == 1:
        return found[0]
    if found:
        which = sentence_list([f"{here[code]} ({code})" for code in found])
        raise InputError(f"{name!r} is {which}", fix="give the code of the one that is meant")
    if not any(here.values()):
        raise InputError(
            f"{name!r} cannot be looked up: no input names the counties",
            fix="give its code (five digits), or name a file under [counties]",
        )
    fix = near(name, here.values())
    with suppress(InputError):
        fix = f"a whole state is named by its postal code: {find_state(name).usps}"
    raise InputError(f"{name!r} is no county of {_states(here)}", fix=fix)


def called(name: str, known: Mapping[str, str]) -> list[str]:
    """Return the codes of what has a name, of as much of it as people say; several, or none.

    As it stands; without a remark in brackets; without "County" on one of the two sides.
    """
    tries = (
        (_plain, _plain(name)),
        (lambda whole: _plain(whole).partition(" (")[0], _plain(name)),
        (_short, _plain(name)),
        (_plain, _short(name)),
    )
    found: list[str] = []
    for spell, key in tries:
        found = found or [code for code, whole in known.items() if spell(whole) == key]
    return found


def _code(code: str, known: Mapping[str, str]) -> str:
    full = code.zfill(5)
    if full in known:
        return full
    fix = near(full, [f"{other} {name}".strip() for other, name in known.items()])
    if full[:2] not in {other[:2] for other in known}:
        if in_a_county(pd.Series([full])).all():
            raise _elsewhere(f"{full} lies in {STATES[full[:2]].name}", known)
        fix = f"a ZIP area is named so: ZIP {code}" if len(code) == len("24210") else fix
    raise GeoidError(f"{code} is no county of {_states(known)}", fix=fix)


def _elsewhere(what: str, known: Mapping[str, str]) -> GeoidError:
    return GeoidError(
        f"{what}, and the study is of {_states(known)}",
        fix="add that state to state in [study], with its files, or leave the county out",
    )


def one_called(wanted: Sequence[str], known: Iterable[str], noun: str) -> list[str]:
    """Return names as a file spells them: letter case and spaces do not matter.

    Raises
    ------
    InputError
        If one is not there.
    """
    spelled = {_plain(name): name for name in known}
    for name in wanted:
        if _plain(name) not in spelled:
            raise InputError(f"{name!r} is no {noun}", fix=near(name, spelled.values()))
    return list(dict.fromkeys(spelled[_plain(name)] for name in wanted))


def near(name: str, known: Iterable[str]) -> str:
    """Say what is spelled alike, or what there is."""
    spelled = {_plain(other): other for other in known}
    short = {_short(other): other for other in spelled.values()}
    close = difflib.get_close_matches(_plain(name), spelled, n=3, cutoff=0.75)
    close += difflib.get_close_matches(_short(name), short, n=3, cutoff=0.75)
    names = list(dict.fromkeys({**short, **spelled}[key] for key in close))
    if names:
        return f"did you mean {' or '.join(names[:3])}?"
    there = sorted(spelled.values())
    more = f" and {len(there) - _SHOWN} more" if len(there) > _SHOWN else ""
    return f"there are {', '.join(there[:_SHOWN])}{more}"


def tribal_called(text: str, shapes: pd.DataFrame) -> pd.Series:
    """Return which tribal areas an id or a name means: a reservation, and trust land of its people.

    Raises
    ------
    InputError
        If none is called so, or several peoples' are.
    """
    by_id = shapes["tribal_id"] == text.strip().upper()
    if by_id.any():
        return by_id
    names = shapes[["name", "short_name"]]
    [found] = one_called([text], names.to_numpy().ravel(), "tribal area")
    mine = (shapes["name"] == found) | (shapes["short_name"] == found)
    if len(shapes.loc[mine, "tribal_id"].str[:_TRIBE].unique()) > 1:
        several = shapes[mine].apply(lambda row: f"{row['name']} ({row['tribal_id']})", axis=1)
        raise InputError(
            f"{text!r} is {sentence_list(several.tolist())}",
            fix="give the whole name, or the id, of those that are meant",
        )
    return mine


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())


def _short(name: str) -> str:
    return _KINDS.sub("", _plain(name), count=1)


def _states(codes: Iterable[str]) -> str:
    return sentence_list([STATES[code].name for code in sorted({code[:2] for code in codes})])
