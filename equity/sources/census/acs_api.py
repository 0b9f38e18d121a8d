"""ACS from the Census Bureau: the Data API through the ``census`` package, or the keyless files.

``census`` decides how a question is cut into requests of 49 columns and joined again. The session
it is given asks through our transport, which times out, retries and keeps each answer as it was
sent: a receipt's checksum is that of the publisher's bytes, and those bytes are what
:func:`read_acs` reads, here, in a study and offline. The package's joined rows check that the parts
agree; a table made of them would be a second road beside the one that a study takes.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd

from equity import settings
from equity.areas.geoid import State, find_state
from equity.errors import CredentialError, FormatError, InputError
from equity.net.desk import Desk, desk
from equity.net.faults import census_key_error
from equity.net.publishers import publisher
from equity.net.request import Reply, Request
from equity.net.store import Store, Stored, write_note
from equity.provenance import meta, stamp
from equity.settings import Secret
from equity.sources.census._acs_labels import STUDY_CODES, check_labels, table_of
from equity.sources.census.acs import read_acs

__all__ = ["fetch_acs_files", "get_acs"]

log = logging.getLogger("equity.sources")

_GEOGRAPHY = {
    "tract": ("tract:*", "state:{fips} county:*"),
    "block_group": ("block group:*", "state:{fips} county:* tract:*"),
    "county": ("county:*", "state:{fips}"),
}
_SUMMARY_LEVELS = ("0500000", "1400000", "1500000")
_NO_ACS = {"60", "66", "69", "78"}
_FIRST_FILE_YEAR = 2021
_KEY_LENGTH = 40


def get_acs(
    state: str,
    *,
    year: int,
    level: str = "tract",
    columns: Iterable[str] = STUDY_CODES,
    source: str = "auto",
    via: Desk | None = None,
) -> pd.DataFrame:
    """Download (once) and read ACS 5-year estimates and margins.

    Parameters
    ----------
    state
        State (FIPS, postal code or name).
    year
        Last year of the 5-year period.
    level
        ``"tract"``, ``"block_group"`` or ``"county"``.
    columns
        Census codes, with or without the suffix E or M; estimate and margin are both fetched.
    source
        ``"api"`` (needs a key), ``"summary-file"`` (needs none; large national files, from 2021
        on), or ``"auto"``: the API if there is a key.
    via
        Transport and cache; the session's own by default.

    Returns
    -------
    pandas.DataFrame
        As :func:`equity.read_acs`.

    Raises
    ------
    InputError
        If the ACS does not cover the state or level.
    CredentialError
        If the key is malformed or refused, or ``source="api"`` and there is none.
    NetworkError, FormatError, StorageError
        If the download fails or a column does not mean what it should.
    """
    where = find_state(state)
    files = fetch_acs_files(
        where.fips, year=year, level=level, columns=columns, source=source, via=via
    )
    table = read_acs([f.path for f in files], year=year, level=level, state=where.fips)
    wanted = [f"{code}{kind}" for code in _codes(columns) for kind in "EM"]
    keep = [c for c in table.columns if c in wanted or c.endswith("_status") or c == "name"]
    return stamp(
        table[keep],
        level=level,
        geo_vintage=meta(table).geo_vintage,
        sources=[
            replace(old, url=new.url, revision=new.revision, sha256=new.sha256)
            for old, new in zip(
                meta(table).sources,
                (f.source() for f in files),
                strict=True,
            )
        ],
    )


def fetch_acs_files(
    state: str,
    *,
    year: int,
    level: str = "tract",
    columns: Iterable[str] = STUDY_CODES,
    source: str = "auto",
    via: Desk | None = None,
) -> list[Stored]:
    """Download (once) the files that :func:`equity.read_acs` reads; same arguments as `get_acs`."""
    at = via or desk()
    where, codes = find_state(state), _codes(columns)
    _check_covered(where, level)
    if source == "api" or (source == "auto" and settings.current().census_api_key is not None):
        return _from_api(at, where, year, level, codes)
    if source not in {"auto", "summary-file"}:
        raise InputError(f"source={source!r}", fix='use "auto", "api" or "summary-file"')
    return _from_files(at, where, year, codes)


def _codes(columns: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(code.rstrip("EM") for code in columns))


def _check_covered(state: State, level: str) -> None:
    if state.fips in _NO_ACS:
        raise InputError(
            f"the American Community Survey does not cover {state.name}",
            fix="use the territory's 2020 Island Areas census through read_acs(columns=...), or "
            "leave adoption out: coverage and travel still work",
            code="E-NO-ACS",
        )
    if level not in _GEOGRAPHY:
        raise InputError(f"get_acs has no level {level!r}", fix=f"use {', '.join(_GEOGRAPHY)}")


# The Data API


def _from_api(at: Desk, state: State, year: int, level: str, codes: Sequence[str]) -> list[Stored]:
    from census import Census

    key = settings.current().census_api_key or Secret("")
    session = _Session(at, state, year, level, key)
    for table in dict.fromkeys(table_of(code) for code in codes):
        session.check_table(table, [code for code in codes if table_of(code) == table])
    for_, in_ = _GEOGRAPHY[level]
    geo = {"for": for_, "in": in_.format(fips=state.fips)}
    fields = [f"{code}{kind}" for code in codes for kind in "EM"]
    # The package wants a key among its locals; ours goes from the session to the publisher alone.
    client = Census("none", session=session).acs5
    rows = client.get(fields, geo=geo, year=year)
    if session.lengths != {len(rows)} or not rows:
        fewest, most = min(session.lengths, default=0), max(session.lengths, default=0)
        raise FormatError(
            f"the Census API sent {fewest:,} to {most:,} areas for the parts of one question",
            fix="run `equity sources --remove census/acs5` and try again",
        )
    return session.answers


class _Session:
    """The one method of a ``requests`` session that ``census`` calls, with our cache behind it."""

    def __init__(self, at: Desk, state: State, year: int, level: str, key: Secret) -> None:
        self._at = at
        self._key = key
        self._year = year
        self._stem = f"acs5-{year}-{state.fips}-{level.replace('_', '-')}"
        self.headers: dict[str, str] = {}  # the package writes its user agent here; ours is sent
        self.answers: list[Stored] = []
        self.lengths: set[int] = set()  # areas in each

    def get(self, url: str, params: Mapping[str, str] | None = None) -> Reply:
        path = urlsplit(url).path
        if "/variables/" in path:
            # One request for each column, otherwise. All stays text: nothing is cast twice.
            return Reply(200, {}, b'{"predicateType": "string"}')
        public = {k: v for k, v in (params or {}).items() if k != "key"}
        request = Request(
            publisher("census"),
            path,
            public,
            secret_params={"key": self._key},
            expect="json",
        )
        name = f"census/acs5/{self._year}/{self._stem}-{request.digest}.json"
        stored = self._at.get(name, lambda: self._with_key(request))
        self.answers.append(stored)
        answer = Reply(200, {}, stored.path.read_bytes())
        self.lengths.add(len(answer.json()) - 1)
        return answer

    def _with_key(self, request: Request) -> Request:
        if not self._key.reveal():
            raise census_key_error("missing")
        if len(self._key.reveal()) != _KEY_LENGTH:
            raise census_key_error("malformed")
        return request

    def check_table(self, table: str, codes: Iterable[str]) -> None:
        """Compare our codes with the table's own labels."""
        path = f"/data/{self._year}/acs/acs5/groups/{table}.json"
        bare = Request(publisher("census"), path, expect="json")
        name = f"census/acs5/{self._year}/groups/acs5-{self._year}-{table}.json"
        try:
            stored = self._at.get(name, bare)
        except CredentialError:
            # Keyless by the documentation; some have seen it ask for the key all the same.
            keyed = replace(bare, secret_params={"key": self._key})
            stored = self._at.get(name, lambda: self._with_key(keyed))
        check_labels(table, _labels(stored.path), codes, year=self._year)


def _labels(path: Path) -> dict[str, str]:
    try:
        variables = json.loads(path.read_bytes())["variables"]
        return {code: str(entry["label"]) for code, entry in variables.items() if "label" in entry}
    except (KeyError, TypeError, AttributeError, ValueError):
        raise FormatError(
            "not a group file of the Census API (no 'variables')", file=path.name
        ) from None


# The table-based Summary File


def _from_files(at: Desk, state: State, year: int, codes: Sequence[str]) -> list[Stored]:
    if year < _FIRST_FILE_YEAR:
        raise CredentialError(
            f"ACS {year} is only to be had with a key: the keyless Summary File of this form begins"
            f" with {_FIRST_FILE_YEAR}",
            fix=census_key_error("missing").fix,
            code="E-KEY-MISSING",
        )
    log.info("no Census key: ACS %s comes from the keyless Summary File (national files)", year)
    tables = dict.fromkeys(table_of(code) for code in codes)
    national = [
        at.get(summary_file_name(year, table), summary_file_request(year, table))
        for table in tables
    ]
    return [narrowed(at.store, stored, state.fips) for stored in national]


def narrowed(store: Store, national: Stored, fips: str) -> Stored:
    """Return a state's lines of a national Summary File, cut out once.

    A table has up to 250 MB for the nation; a state's part is read in a moment. The result keeps
    the name and the receipt of the whole file, which is the source.
    """
    whole = national.path
    state_of = whole.stat()
    key = hashlib.sha256(f"{state_of.st_size}-{state_of.st_mtime_ns}".encode()).hexdigest()[:8]
    part = store.root.parent / "derived" / f"{fips}-{key}" / whole.name
    if not part.is_file():
        wanted = tuple(f"{level}US{fips}".encode() for level in _SUMMARY_LEVELS)
        with whole.open("rb") as lines:
            head = lines.readline()
            body = b"".join(line for line in lines if line.startswith(wanted))
        if b"GEO_ID" not in head:
            return national  # not this layout: the reader says what is wrong with it
        write_note(part, head + body)
    return Stored(part, national.receipt)


def summary_file_name(year: int, table: str) -> str:
    """Return the place of one table of the Summary File in the cache."""
    return f"census-files/acs-summary-file/{year}/acsdt5y{year}-{table.lower()}.dat"


def summary_file_request(year: int, table: str) -> Request:
    """Return the question for one table of the Summary File."""
    path = (
        f"/programs-surveys/acs/summary_file/{year}/table-based-SF/data/5YRData/"
        f"acsdt5y{year}-{table.lower()}.dat"
    )
    return Request(publisher("census-files"), path, expect="text")
