"""Clinicians by specialty, from the national provider register (NPPES, version 2).

The monthly file has 330 columns and some nine million rows, 10 GB of text in a ZIP of one. It is
read as a stream out of the ZIP: one block of text at a time is parsed, the columns that matter are
taken, and the rows of the wanted specialties and states are kept. Memory grows with what is kept.

Capacity: one active person is one head (``fte`` 1) at the primary practice address. The register
does not know hours, a second practice, or who has retired without telling; supply is overstated.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, cast

import pandas as pd

from equity.areas.geoid import STATES, find_state
from equity.errors import FormatError, InputError, MissingColumnError
from equity.files.large import stream_columns
from equity.files.opening import regular
from equity.files.zips import open_zip
from equity.progress import track
from equity.provenance import Source, iso_day, stamp
from equity.sources.wanted import wanted_of

__all__ = ["TAXONOMIES", "read_nppes"]

TAXONOMIES: Mapping[str, tuple[str, ...]] = {
    "primary_care": (
        "207Q00000X", "207R00000X", "208D00000X", "208000000X", "207V00000X", "363LF0000X",
        "363LP2300X", "363AM0700X", "261QF0400X", "261QR1300X", "261QP2300X", "261QC1500X",
        "282N00000X", "282NC0060X",
    ),
    "mental_health": (
        "261QM0801X", "261QM0850X", "261QM0855X", "2084P0800X", "2084P0804X", "103T00000X",
        "103TC0700X", "1041C0700X", "101YM0800X", "106H00000X", "363LP0808X", "283Q00000X",
    ),
    "substance_use": ("261QR0405X", "324500000X", "2084A0401X"),
}  # fmt: skip
"""Sets of NUCC taxonomy codes. The codes of primary care are partly recalled, not yet compared with
the NUCC's own list; a study that rests on them names its own."""

_SLOTS = 15
_BASE = {
    "npi": ("NPI",),
    "entity": ("Entity Type Code",),
    "organization": ("Provider Organization Name (Legal Business Name)",),
    "last": ("Provider Last Name (Legal Name)",),
    "first": ("Provider First Name",),
    "street": ("Provider First Line Business Practice Location Address",),
    "city": (
        "Provider Business Practice Location Address City Name",
        "Provider Practice Location Address City Name",
    ),
    "state": ("Provider Business Practice Location Address State Name",),
    "zip": ("Provider Business Practice Location Address Postal Code",),
    "deactivated": ("NPI Deactivation Date",),
    "reactivated": ("NPI Reactivation Date",),
}
_CODE = "Healthcare Provider Taxonomy Code_{}"
_SWITCH = "Healthcare Provider Primary Taxonomy Switch_{}"


def read_nppes(
    path: str | Path,
    *,
    as_of: str,
    sets: Sequence[str] = ("primary_care", "mental_health", "substance_use"),
    taxonomies: Mapping[str, Iterable[str]] | None = None,
    states: str | Iterable[str] | None = None,
    persons: bool = True,
    primary_only: bool = True,
) -> pd.DataFrame:
    """Read the active providers of some specialties.

    Parameters
    ----------
    path
        ``NPPES_Data_Dissemination_<Month>_<Year>_V2.zip``, or the CSV in it.
    as_of
        Month of the file.
    sets
        Keys of `taxonomies` to keep; a provider of several sets gets the first.
    taxonomies
        Set name -> NUCC codes; :data:`TAXONOMIES` by default.
    states
        States of the practice address to keep (FIPS, postal code or name).
    persons
        Keep persons (entity type 1) only; otherwise organizations (type 2) as well.
    primary_only
        Look at the primary taxonomy only (the one with switch ``Y``, else the first); otherwise at
        all fifteen.

    Returns
    -------
    pandas.DataFrame
        Index ``site_id`` (NPI); ``name``, ``kind`` (the set), ``taxonomy``, ``is_person``, ``fte``
        (1 for a person; missing for an organization), ``street``, ``city``, ``state``, ``zip``
        (5 digits; missing if malformed). Deactivated entries are left out.

    Raises
    ------
    MissingFileError, FormatError, MissingColumnError
        If the archive does not hold the main file, is damaged, or lacks a column.
    """
    codes = _codes(taxonomies or TAXONOMIES, sets)
    usps = None
    if states is not None:
        chosen = [find_state(s).usps for s in ([states] if isinstance(states, str) else states)]
        usps = wanted_of(chosen, [state.usps for state in STATES.values()], what="state")
    parts, seen = [], 0
    with track("Reading NPPES", unit="rows") as advance:
        for batch, columns in _batches(Path(path)):
            seen += batch.num_rows
            advance(batch.num_rows)
            kept = _kept(batch, columns, codes, usps, persons=persons, primary_only=primary_only)
            if len(kept):
                parts.append(kept)
    if not seen:
        raise FormatError("holds no provider", file=Path(path).name, fix="download it again")
    table = pd.concat(parts) if parts else _kept_columns(pd.DataFrame(columns=list(_BASE)))
    twice = table.index.duplicated()
    if twice.any():
        raise InputError("an NPI stands twice", file=Path(path).name, rows=table.index[twice])
    source = Source(
        id="nppes",
        agency="Centers for Medicare & Medicaid Services",
        product="NPPES (National Plan and Provider Enumeration System)",
        vintage=iso_day(as_of),
        file=Path(path).name,
        licence="public domain",
        note=f"{len(table):,} of {seen:,} entries kept",
    )
    return stamp(table, sources=[source])


def _codes(taxonomies: Mapping[str, Iterable[str]], sets: Sequence[str]) -> dict[str, str]:
    """Code -> set; the first set that has a code wins."""
    found: dict[str, str] = {}
    for name in wanted_of(sets, taxonomies, what="set"):
        for code in taxonomies[name]:
            found.setdefault(code, name)
    return found


def _batches(path: Path) -> Iterator[tuple[Any, dict[str, str]]]:
    """Yield record batches of the columns that matter, and what they are called."""
    from pyarrow import ArrowInvalid

    columns: dict[str, str] = {}

    def pick(names: Sequence[str]) -> list[str]:
        columns.update(_find(names, path))
        return list(columns.values())

    with contextlib.ExitStack() as stack:
        if path.suffix.lower() == ".zip":
            opened = stack.enter_context(open_zip(path))
            member = opened.only(_is_main_file, "main (npidata_pfile_….csv)")
            raw = cast("io.RawIOBase", opened.stream(member))
            handle: IO[bytes] = stack.enter_context(io.BufferedReader(raw, 1 << 20))
        else:
            handle = stack.enter_context(regular(path).open("rb"))
        try:
            for batch in stream_columns(handle, pick, file=path.name):
                yield batch, columns
        except ArrowInvalid as trouble:
            raise FormatError(
                f"not the register's layout ({str(trouble)[:200]})",
                file=path.name,
                fix="download the file again; only version 2 files (…_V2.zip) are published now",
            ) from None


def _is_main_file(name: str) -> bool:
    return name.startswith("npidata_pfile") and name.endswith(".csv") and "fileheader" not in name


def _find(names: Sequence[str], path: Path) -> dict[str, str]:
    """Role -> column, by name with aliases, never by position."""
    wanted = dict(_BASE)
    for slot in range(1, _SLOTS + 1):
        wanted[f"code_{slot}"] = (_CODE.format(slot),)
        wanted[f"switch_{slot}"] = (_SWITCH.format(slot),)
    found, lacking = {}, []
    for role, aliases in wanted.items():
        use = next((a for a in aliases if a in names), None)
        if use is None:
            lacking.append(aliases[0])
        else:
            found[role] = use
    if lacking:
        raise MissingColumnError(
            f"lacks {len(lacking)} columns, {lacking[0]!r} the first",
            file=path.name,
            fix="give the main file of version 2 (npidata_pfile_….csv)",
        )
    return found


def _kept(
    batch: Any,
    columns: Mapping[str, str],
    codes: Mapping[str, str],
    usps: Sequence[str] | None,
    *,
    persons: bool,
    primary_only: bool,
) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.compute as pc

    known = pa.array(list(codes))
    entity = batch.column(columns["entity"])
    keep = pc.is_in(entity, pa.array(["1"] if persons else ["1", "2"]))
    if usps is not None:
        keep = pc.and_(keep, pc.is_in(batch.column(columns["state"]), pa.array(list(usps))))
    some = None
    for slot in range(1, _SLOTS + 1):
        here = pc.is_in(batch.column(columns[f"code_{slot}"]), known)
        some = here if some is None else pc.or_(some, here)
    gone = pc.and_(
        pc.not_equal(batch.column(columns["deactivated"]), ""),
        pc.equal(batch.column(columns["reactivated"]), ""),
    )
    keep = pc.and_(pc.and_(keep, some), pc.invert(gone))
    frame: pd.DataFrame = batch.filter(keep).to_pandas()
    frame = frame.rename(columns={old: new for new, old in columns.items()})
    if not len(frame):
        return frame
    frame["taxonomy"] = _taxonomy(frame, codes, primary_only=primary_only)
    frame = frame[frame["taxonomy"].isin(codes)]
    frame["kind"] = frame["taxonomy"].map(codes)
    return _kept_columns(frame)


def _taxonomy(frame: pd.DataFrame, codes: Mapping[str, str], *, primary_only: bool) -> pd.Series:
    """Return the code that counts: of the wanted ones, the primary first, then by slot."""
    slots = range(1, _SLOTS + 1)
    primary = frame["code_1"]
    for slot in reversed(slots):
        primary = primary.mask(frame[f"switch_{slot}"] == "Y", frame[f"code_{slot}"])
    if primary_only:
        return primary
    chosen = pd.Series("", index=frame.index, dtype=object)
    for slot in reversed(slots):
        here = frame[f"code_{slot}"]
        chosen = chosen.mask(here.isin(codes), here)
    return primary.where(primary.isin(codes), chosen)


def _kept_columns(frame: pd.DataFrame) -> pd.DataFrame:
    person = frame["entity"] == "1"
    full = frame["last"].str.cat(frame["first"], sep=", ")
    digits = frame["zip"].str.extract(r"^(\d{5})", expand=False)
    table = pd.DataFrame(
        {
            "name": full.where(person, frame["organization"]),
            "kind": frame.get("kind"),
            "taxonomy": frame.get("taxonomy"),
            "is_person": person,
            "fte": pd.Series(1.0, index=frame.index).where(person),
            "street": frame["street"],
            "city": frame["city"],
            "state": frame["state"],
            "zip": digits,
        }
    )
    table.index = pd.Index(frame["npi"].to_numpy(), name="site_id", dtype=object)
    return table
