"""Addresses to places: the Census Bureau's batch geocoder.

At most 10,000 addresses a batch; we send 1,000 at a time and wait. The answer comes in another
order, a miss has three fields instead of twelve, and a tie is no match. Each answered batch is
kept, so that the same addresses are never sent twice.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pandas as pd

from equity.errors import FormatError, InputError
from equity.files.delimited import read_records
from equity.net.desk import Desk, desk
from equity.net.publishers import publisher
from equity.net.request import Request
from equity.sources.area_rows import require_columns

__all__ = ["geocode", "read_geocoded"]

_CHUNK = 1000
_PATH = "/geocoder/geographies/addressbatch"
_FIELDS = ("street", "city", "state", "zip")


def geocode(
    addresses: pd.DataFrame,
    *,
    benchmark: str = "Public_AR_Current",
    vintage: str = "Current_Current",
    chunk: int = _CHUNK,
    via: Desk | None = None,
) -> pd.DataFrame:
    """Find the coordinates and census block of addresses.

    Parameters
    ----------
    addresses
        Columns ``street``, ``city``, ``state``, ``zip`` (text); any unique index.
    benchmark, vintage
        Of the geocoder. ``vintage="Census2020_Current"`` answers with 2020 areas, which keep the
        old counties of Connecticut.
    chunk
        Addresses in one request, at most 10,000.
    via
        Transport and cache; the session's own by default.

    Returns
    -------
    pandas.DataFrame
        With the caller's index: ``lon``, ``lat`` (degrees, NAD83; missing without a match),
        ``block`` (15 digits or missing), ``match`` (``exact``, ``non_exact``, ``tie``,
        ``no_match``).

    Raises
    ------
    InputError
        If ids repeat or a column is missing.
    FormatError, NetworkError
        If the answer is not complete.
    """
    require_columns(addresses, _FIELDS, "addresses")
    if addresses.index.has_duplicates:
        raise InputError(
            "addresses with the same id", rows=addresses.index[addresses.index.duplicated()]
        )
    if not 1 <= chunk <= 10_000:
        raise InputError(f"chunk={chunk}", fix="use 1 to 10,000")
    at = via or desk()
    # The same address is asked once, whoever has it; numbers stand for our ids on the wire.
    text = addresses[list(_FIELDS)].fillna("").astype(str).apply(lambda c: c.str.strip())
    unique = text.drop_duplicates().sort_values(list(_FIELDS), kind="stable").reset_index(drop=True)
    parts = [
        _batch(unique.iloc[start : start + chunk], benchmark, vintage, at)
        for start in range(0, len(unique), chunk)
    ]
    found = pd.concat(parts) if parts else _empty()
    merged: pd.DataFrame = text.merge(unique.join(found), on=list(_FIELDS), how="left")
    return merged[["lon", "lat", "block", "match"]].set_axis(addresses.index, axis=0)


def _empty() -> pd.DataFrame:
    return pd.DataFrame({"lon": [], "lat": [], "block": [], "match": []})


def _batch(rows: pd.DataFrame, benchmark: str, vintage: str, at: Desk) -> pd.DataFrame:
    body = rows.to_csv(header=False, index=True, lineterminator="\n")
    digest = hashlib.sha256(f"{benchmark}|{vintage}|{body}".encode()).hexdigest()[:12]
    name = f"geocoder/{vintage}/geocoded-{digest}.csv"
    request = Request(
        publisher("geocoder"),
        _PATH,
        method="POST",
        files={"addressFile": ("addresses.csv", body, "text/csv")},
        data={"benchmark": benchmark, "vintage": vintage},
        expect="csv",
    )
    stored = at.get(name, request)
    return read_geocoded(stored.path.read_bytes(), expected=rows.index, file=stored.path.name)


def read_geocoded(body: bytes, *, expected: pd.Index, file: str = "answer") -> pd.DataFrame:
    """Read the geocoder's answer to a batch.

    Parameters
    ----------
    body
        The answer.
    expected
        Ids that were sent; each must be answered once.
    file
        Name for errors.

    Returns
    -------
    pandas.DataFrame
        In the order of `expected`; columns as :func:`geocode`.

    Raises
    ------
    FormatError
        If it is no such answer, or an address was not answered or not asked for.
    """
    rows = [fields for _, fields in read_records(body, file)]
    bad = [i + 1 for i, r in enumerate(rows) if len(r) < 3 or (r[2] == "Match" and len(r) != 12)]
    if bad:
        raise FormatError(
            "not an answer of the batch geocoder (12 fields, or 3 for a miss)",
            file=file,
            rows=[f"line {i}" for i in bad],
            fix="`equity sources --remove geocoder` forgets it; run again",
        )
    answers = {row[0]: row for row in rows}
    missing = [str(i) for i in expected if str(i) not in answers]
    if missing or len(answers) != len(rows):
        raise FormatError(
            f"the geocoder answered {len(answers):,} of {len(list(expected)):,} addresses",
            file=file,
            rows=missing,
            fix="`equity sources --remove geocoder` forgets it; run again",
        )
    return pd.DataFrame([_one(answers[str(i)], file) for i in expected], index=expected)


def _one(row: list[str], file: str) -> dict[str, Any]:
    if row[2] != "Match":
        kind = {"Tie": "tie", "No_Match": "no_match"}.get(row[2], "no_match")
        return {"lon": np.nan, "lat": np.nan, "block": None, "match": kind}
    lon, _, lat = row[5].partition(",")
    block = "".join(row[8:12])
    try:
        place = {"lon": float(lon), "lat": float(lat)}
    except ValueError:
        raise FormatError(f"coordinates {row[5]!r} of address {row[0]}", file=file) from None
    kind = "exact" if row[3] == "Exact" else "non_exact"
    return {**place, "block": block if len(block) == 15 else None, "match": kind}
