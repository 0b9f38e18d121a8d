"""Clinicians by specialty, from the national provider register (NPPES, version 2).

The monthly file has 330 columns and some nine million rows, 10 GB of text in a ZIP of one. It is
read as a stream out of the ZIP: one block of text at a time is parsed, the columns that matter are
taken, and the rows of the wanted specialties and states are kept. Memory grows with what is kept.

Capacity: one active person is one head (``fte`` 1), at the primary practice address or shared among
all the register knows. It does not know hours, or who has retired without telling; supply is
overstated.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

import pandas as pd

from equity.areas.geoid import STATES, find_state
from equity.errors import FormatError, InputError, MissingColumnError
from equity.files.delimited import BLANK
from equity.files.large import stream_whole_rows
from equity.files.opening import regular
from equity.files.zips import open_zip
from equity.progress import track
from equity.provenance import Source, iso_day, stamp
from equity.sources.care.addresses import postal_codes, spellings, zip_codes
from equity.sources.coded import refuse_other_codes
from equity.sources.wanted import wanted_of

__all__ = ["TAXONOMIES", "read_nppes"]

TAXONOMIES: Mapping[str, tuple[str, ...]] = {
    "primary_care": (
        "207Q00000X", "207QA0505X", "207QG0300X", "207R00000X", "207RG0300X", "208D00000X",
        "208000000X", "207V00000X", "363L00000X", "363LA2200X", "363LF0000X", "363LG0600X",
        "363LP0200X", "363LP2300X", "363LW0102X", "363A00000X", "363AM0700X", "261QF0400X",
        "261QR1300X", "261QP2300X", "261QC1500X",
    ),
    "mental_health": (
        "261QM0801X", "261QM0850X", "261QM0855X", "2084P0800X", "2084P0802X", "2084P0804X",
        "2084P0805X", "103T00000X", "103TC0700X", "103TC1900X", "103TC2200X", "104100000X",
        "1041C0700X", "101Y00000X", "101YM0800X", "101YP2500X", "106H00000X", "363LP0808X",
        "283Q00000X",
    ),
    "substance_use": (
        "261QR0405X", "324500000X", "2084A0401X", "101YA0400X", "103TA0400X", "207QA0401X",
        "207RA0401X", "2083A0300X",
    ),
    "pharmacy": ("333600000X", "3336C0002X", "3336C0003X"),
}  # fmt: skip
"""Sets of NUCC taxonomy codes (version 25.1). A hospital is no place of primary care; of pharmacies
those count where a person can walk in, not those that mail, compound or serve an institution."""

_SLOTS = 15
_MAIN_FILE = "npidata_pfile"
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
_MAIN = _BASE | {
    f"{role}_{slot}": (name.format(slot),)
    for slot in range(1, _SLOTS + 1)
    for role, name in (("code", _CODE), ("switch", _SWITCH))
}
_SECOND = {
    "npi": ("NPI",),
    "street": ("Provider Secondary Practice Location Address- Address Line 1",),
    "city": ("Provider Secondary Practice Location Address - City Name",),
    "state": ("Provider Secondary Practice Location Address - State Name",),
    "zip": ("Provider Secondary Practice Location Address - Postal Code",),
}
_DATE = re.compile(r"\d{1,4}[-/]\d{1,2}[-/]\d{1,4}( .*)?"), "a date"
_WORDS = {
    # A program that took the code for a number wrote it back as 1.0.
    "entity": (re.compile(r"[12](\.0)?"), "1, 2 or blank"),
    "deactivated": _DATE,
    "reactivated": _DATE,
    **{f"code_{n}": (re.compile(r"[0-9A-Z]{9}X"), "a taxonomy code") for n in range(1, _SLOTS + 1)},
    # X says that nobody answered.
    **{f"switch_{n}": (re.compile(r"[YNX]"), "Y, N or X") for n in range(1, _SLOTS + 1)},
}
"""Role -> what its cells look like, and in words."""
_PLACE = ("street", "city", "state", "zip")


def read_nppes(
    path: str | Path,
    *,
    as_of: str,
    sets: Sequence[str] = ("primary_care", "mental_health", "substance_use"),
    second_addresses: bool = False,
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
    second_addresses
        Add the other places where a provider practices, from the same archive (``pl_pfile_….csv``),
        and share the one head equally among all of them.
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
        (5 digits; missing if malformed). Deactivated entries are left out; so are, counted in a
        note, those whose state is none where `states` are wanted. A second address has
        the index ``NPI-2``, a third ``NPI-3``, and `fte` is 1 divided by the number of addresses.

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
    more = _second_addresses(Path(path)) if second_addresses else None
    # Who practices here too is kept wherever the first address is: the head is shared among all.
    here = None if more is None or usps is None else more.index[more["state"].isin(usps)].unique()
    wanted = _Wanted(
        codes, usps, here, Counter(), Path(path).name, persons=persons, primary_only=primary_only
    )
    parts, seen = [], 0
    with track("Reading NPPES", unit="rows") as advance:
        for batch, columns in _batches(Path(path)):
            seen += batch.num_rows
            advance(batch.num_rows)
            kept = _kept(batch, columns, wanted)
            if len(kept):
                parts.append(kept)
    if not seen:
        raise FormatError("holds no provider", file=Path(path).name, fix="download it again")
    table = pd.concat(parts) if parts else _kept_columns(pd.DataFrame(columns=list(_BASE)))
    twice = table.index.duplicated()
    if twice.any():
        raise InputError("an NPI stands twice", file=Path(path).name, rows=table.index[twice])
    if more is not None:
        table = _shared(table, more)
        table = table if usps is None else table[table["state"].isin(usps)]
    source = Source(
        id="nppes",
        agency="Centers for Medicare & Medicaid Services",
        product="NPPES (National Plan and Provider Enumeration System)",
        vintage=iso_day(as_of),
        file=Path(path).name,
        licence="public domain",
        note=f"{len(table):,} of {seen:,} entries kept",
    )
    return stamp(table, sources=[source], notes=_lost(wanted.nowhere, Path(path).name))


def _codes(taxonomies: Mapping[str, Iterable[str]], sets: Sequence[str]) -> dict[str, str]:
    """Code -> set; the first set that has a code wins."""
    found: dict[str, str] = {}
    for name in wanted_of(sets, taxonomies, what="set"):
        for code in taxonomies[name]:
            found.setdefault(code, name)
    return found


def _second_addresses(path: Path) -> pd.DataFrame:
    """Return the other addresses of every provider that has some; index NPI, in file order."""
    if path.suffix.lower() != ".zip":
        raise InputError(
            "second addresses stand in another file of the archive",
            file=path.name,
            fix="give the whole ZIP, or leave second_addresses out",
        )
    parts = [
        batch.to_pandas().rename(columns={old: new for new, old in columns.items()})
        for batch, columns in _batches(path, start="pl_pfile", wanted=_SECOND)
    ]
    frame = pd.concat(parts) if parts else pd.DataFrame(columns=list(_SECOND))
    frame["state"] = postal_codes(frame["state"])
    frame["zip"] = zip_codes(frame["zip"], frame["state"]).str[:5]
    return frame.set_index("npi")[list(_PLACE)]


def _shared(table: pd.DataFrame, more: pd.DataFrame) -> pd.DataFrame:
    """Add second addresses to the first ones, and share each head among them."""
    mine = more[more.index.isin(table.index)]
    added = table.loc[mine.index].assign(**{name: mine[name].to_numpy() for name in _PLACE})
    whole = pd.concat([table, added])
    npi = whole.index.to_series()
    again = whole.assign(npi=npi).duplicated(["npi", *_PLACE]).to_numpy()
    whole, npi = whole[~again], npi[~again]
    counts, number = npi.groupby(npi).transform("size"), npi.groupby(npi).cumcount() + 1
    ids = npi.where(number == 1, npi + "-" + number.astype(str))
    shared = whole.assign(fte=whole["fte"] / counts)
    return shared.set_axis(pd.Index(ids, name="site_id", dtype=object), axis=0)


def _batches(
    path: Path, *, start: str = _MAIN_FILE, wanted: Mapping[str, tuple[str, ...]] | None = None
) -> Iterator[tuple[Any, dict[str, str]]]:
    """Yield record batches of the columns that matter, and what they are called."""
    from pyarrow import ArrowInvalid

    columns: dict[str, str] = {}

    def pick(names: Sequence[str]) -> list[str]:
        columns.update(_find(names, wanted or _MAIN, path))
        return list(columns.values())

    try:
        for batch in stream_whole_rows(lambda: _opened(path, start), pick, file=path.name):
            yield batch, columns
    except ArrowInvalid as trouble:
        raise FormatError(
            f"not the register's layout ({str(trouble)[:200]})",
            file=path.name,
            fix="download the file again; only version 2 files (…_V2.zip) are published now",
        ) from None


@contextlib.contextmanager
def _opened(path: Path, start: str) -> Iterator[IO[bytes]]:
    """Open the file itself, or the one in the archive whose name begins so."""
    with contextlib.ExitStack() as stack:
        if path.suffix.lower() != ".zip":
            yield stack.enter_context(regular(path).open("rb"))
            return
        opened = stack.enter_context(open_zip(path))
        member = opened.only(
            lambda name: (
                name.startswith(start) and name.endswith(".csv") and "fileheader" not in name
            ),
            "main (npidata_pfile_….csv)" if start == _MAIN_FILE else f"{start}_….csv",
        )
        raw = cast("io.RawIOBase", opened.stream(member))
        yield stack.enter_context(io.BufferedReader(raw, 1 << 20))


def _find(
    names: Sequence[str], wanted: Mapping[str, tuple[str, ...]], path: Path
) -> dict[str, str]:
    """Role -> column, by name with aliases, never by position."""
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


@dataclass(frozen=True)
class _Wanted:
    """Which entries are kept."""

    codes: Mapping[str, str]
    usps: Sequence[str] | None
    also: pd.Index | None
    nowhere: Counter[str]
    file: str
    persons: bool = field(kw_only=True)
    primary_only: bool = field(kw_only=True)


def _kept(batch: Any, columns: Mapping[str, str], wanted: _Wanted) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.compute as pc

    codes = wanted.codes
    known = pa.array(list(codes))
    for role in _WORDS:
        batch = _in_plain_words(batch, role, columns, wanted.file)
    entity = pc.utf8_slice_codeunits(batch.column(columns["entity"]), 0, 1)
    keep = pc.is_in(entity, pa.array(["1"] if wanted.persons else ["1", "2"]))
    some = None
    for slot in range(1, _SLOTS + 1):
        here = pc.is_in(batch.column(columns[f"code_{slot}"]), known)
        some = here if some is None else pc.or_(some, here)
    gone = pc.and_(
        pc.not_equal(batch.column(columns["deactivated"]), ""),
        pc.equal(batch.column(columns["reactivated"]), ""),
    )
    keep = pc.and_(pc.and_(keep, some), pc.invert(gone))
    if wanted.usps is not None:
        keep = _near(batch, columns, wanted, keep)
    frame: pd.DataFrame = batch.filter(keep).to_pandas()
    frame = frame.rename(columns={old: new for new, old in columns.items()})
    if not len(frame):
        return frame
    frame["taxonomy"] = _taxonomy(frame, codes, primary_only=wanted.primary_only)
    frame = frame[frame["taxonomy"].isin(codes)]
    frame["kind"] = frame["taxonomy"].map(codes)
    return _kept_columns(frame)


def _in_plain_words(batch: Any, role: str, columns: Mapping[str, str], file: str) -> Any:
    """Write the words of a column in capitals, without spaces, blank where nothing is known."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column, (form, said) = batch.column(columns[role]), _WORDS[role]
    distinct = column.dictionary_encode()
    plain = {
        w: "" if w.strip() in BLANK else w.strip().upper() for w in distinct.dictionary.to_pylist()
    }

    def npis(odd: list[str]) -> list[str]:
        rows: list[str] = (
            batch.filter(pc.is_in(column, pa.array(odd))).column(columns["npi"]).to_pylist()
        )
        return rows

    refuse_other_codes(
        plain,
        lambda word: not plain[word] or form.fullmatch(plain[word]),
        column=columns[role],
        file=file,
        rows=npis,
        said=said,
    )
    if all(word == told for word, told in plain.items()):
        return batch
    told = pa.array(list(plain.values()), pa.string()).take(distinct.indices)
    return batch.set_column(batch.schema.get_field_index(columns[role]), columns[role], told)


def _near(batch: Any, columns: Mapping[str, str], wanted: _Wanted, keep: Any) -> Any:
    """Narrow what is kept to the wanted states, and count the words that are no state."""
    import pyarrow as pa
    import pyarrow.compute as pc

    written = batch.column(columns["state"])
    plain = pc.replace_substring(pc.utf8_upper(pc.utf8_trim_whitespace(written)), ".", "")
    known = spellings()
    ours = [word for word, usps in known.items() if usps in (wanted.usps or ())]
    near = pc.is_in(plain, pa.array(ours))
    if wanted.also is not None:
        too = pc.is_in(batch.column(columns["npi"]), pa.array(wanted.also, pa.string()))
        near = pc.or_(near, too)
    strange = pc.and_(pc.invert(near), pc.invert(pc.is_in(plain, pa.array(list(known)))))
    wanted.nowhere.update(written.filter(pc.and_(keep, strange)).to_pylist())
    return pc.and_(keep, near)


def _lost(nowhere: Counter[str], name: str) -> list[str]:
    if not nowhere:
        return []
    told = ", ".join(f"{word!r} {count:,}" for word, count in nowhere.most_common(3))
    return [f"{name}: {nowhere.total():,} providers whose state is none left out ({told})"]


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
    person = frame["entity"].str.startswith("1")
    full = frame["last"].str.cat(frame["first"], sep=", ")
    states = postal_codes(frame["state"])
    table = pd.DataFrame(
        {
            "name": full.where(person, frame["organization"]),
            "kind": frame.get("kind"),
            "taxonomy": frame.get("taxonomy"),
            "is_person": person,
            "fte": pd.Series(1.0, index=frame.index).where(person),
            "street": frame["street"],
            "city": frame["city"],
            "state": states,
            "zip": zip_codes(frame["zip"], states).str[:5],
        }
    )
    table.index = pd.Index(frame["npi"].to_numpy(), name="site_id", dtype=object)
    return table
