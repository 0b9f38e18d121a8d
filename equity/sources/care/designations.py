"""Shortage areas: HRSA's HPSA (primary care, mental, dental) and medically underserved areas.

One row of the publisher is one component of a designation: a county, a census tract, a county
subdivision, or a facility (a point). Tract codes may be those of 2010 or 2020, and Connecticut
stands under its planning regions (HPSA) or its old counties (MUA).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from equity.areas.geoid import find_state
from equity.areas.vintage import in_a_county
from equity.errors import InputError
from equity.files.delimited import read_text_table
from equity.language import said
from equity.net.desk import Desk
from equity.provenance import file_source, stamp
from equity.sources.area_rows import require_columns, row_labels, to_numbers
from equity.sources.coded import meaning_of
from equity.sources.fetch import Want, fetch_input

__all__ = ["get_designations", "read_designations"]

_HPSA = {
    "designation_id": "HPSA ID",
    "name": "HPSA Name",
    "discipline": "HPSA Discipline Class",
    "kind": "Designation Type",
    "status": "HPSA Status",
    "geoid": "HPSA Geography Identification Number",
    "component": "HPSA Component Type Code",
}
_HPSA_NUMBERS = {
    "HPSA Score": "score",
    "HPSA FTE": "fte",
    "HPSA Shortage": "shortage_fte",
    "HPSA Designation Population": "population_n",
}
_MUA = {
    "designation_id": "MUA/P ID",
    "name": "MUA/P Service Area Name",
    "kind": "Designation Type",
    "status": "MUA/P Status Description",
}
_MUA_PLACE = "Medically Underserved Area/Population (MUA/P) Component Geographic"
_MUA_COMPONENT = f"{_MUA_PLACE} Type Code"
_MUA_NUMBERS = {"IMU Score": "score"}
_COMPONENTS = {"CT": "tract", "CSD": "county_subdivision", "SCTY": "county", "UNK": "point"}
_LENGTHS = {"tract": 11, "county_subdivision": 10, "county": 5}
_BLANKS = ("", "Not Determined", "NA", "N/A", "Unknown")
# "Proposed For Withdrawal" still counts: the designation stands until it is withdrawn.
_IN_FORCE = {"Designated", "Proposed For Withdrawal"}
_STATUS = {word.casefold(): word for word in (*sorted(_IN_FORCE), "Withdrawn", "No New Data")}


def get_designations(kind: str, *, state: str, via: Desk | None = None) -> pd.DataFrame:
    """Download (once) and read HRSA's shortage areas.

    Parameters
    ----------
    kind
        ``"hpsa-pc"``, ``"hpsa-mh"``, ``"hpsa-dh"`` or ``"mua"``.
    state
        State to keep.
    via
        Transport and cache; the session's own by default.

    Returns
    -------
    pandas.DataFrame
        As :func:`read_designations`. The publisher keeps only today's file: its date is the
        ``revision`` of the source.

    Raises
    ------
    InputError
        If `kind` is none of these.
    NetworkError, OfflineError, FormatError, StorageError
        If it is neither at hand nor to be had, or is not what its publisher's format says.
    """
    if kind not in _KINDS:
        raise InputError(f"no designations {kind!r}", fix=f"use {', '.join(_KINDS)}")
    (stored,) = fetch_input(kind, Want(state), via=via)
    as_of = stored.receipt.revision if stored.receipt else "downloaded by hand"
    return read_designations(stored.path, kind=kind, as_of=as_of, state=state)


_DISCIPLINES = {
    "hpsa-pc": "Primary Care",
    "hpsa-mh": "Mental Health",
    "hpsa-dh": "Dental Health",
}
_KINDS = (*_DISCIPLINES, "mua")


def read_designations(
    path: str | Path,
    *,
    kind: str,
    as_of: str,
    state: str | None = None,
    in_force: bool = True,
) -> pd.DataFrame:
    """Read an HPSA or MUA/P file.

    Parameters
    ----------
    path
        HRSA's CSV.
    kind
        ``"hpsa-pc"``, ``"hpsa-mh"``, ``"hpsa-dh"`` or ``"mua"``.
    as_of
        Date of the file.
    state
        State to keep.
    in_force
        Leave out withdrawn designations.

    Returns
    -------
    pandas.DataFrame
        One row for each component: ``designation_id``, ``name``, ``discipline`` (HPSA), ``kind``,
        ``status``, ``component`` (``tract``, ``county``, ``county_subdivision``, ``point``),
        ``geoid`` (missing for points, masked codes and what is no id), ``score`` (HPSA 0 to 26,
        MUA 0 to 100; missing for governors' exceptions) and, for HPSA, ``fte`` (clinicians there,
        full-time equivalents), ``shortage_fte`` (still needed) and ``population_n``, all three of
        the whole designation. The table's notes count repeated rows, which stand once, rows of
        other statuses, which are left out, and what is no id of an area.

    Raises
    ------
    InputError
        If `kind` is none of these, or a row has a status, a kind of area or a number that HRSA
        does not use.
    MissingFileError, FormatError, MissingColumnError
        If the file is absent, damaged or another one.
    """
    if kind not in _KINDS:
        raise InputError(f"no designations {kind!r}", fix=f"use {', '.join(_KINDS)}")
    frame = read_text_table(path, trailing_comma=True).apply(lambda cells: cells.str.strip())
    table = _mua(frame, path) if kind == "mua" else _hpsa(frame, path)
    if kind != "mua":
        _refuse_other_discipline(table["discipline"], kind, path)
    table["status"] = meaning_of(table["status"], _STATUS, path)
    table["name"] = table["name"].map(_unscrambled)
    written, table["geoid"] = table["geoid"], _clean_ids(table)
    notes, file = [], Path(path).name
    if state is not None:
        here = _state_of(frame, table) == find_state(state).fips
        if not here.any():
            raise InputError(
                f"holds no designation of {find_state(state).name}",
                file=path,
                fix="download the nation's file, or that of the state",
            )
        table = table[here]
    if in_force:
        notes += [
            said(
                "{file}: {n} rows with the status {status} left out",
                file=file,
                n=f"{number:,}",
                status=repr(status or "blank"),
            )
            for status, number in table.loc[~table["status"].isin(_IN_FORCE), "status"]
            .value_counts()
            .sort_index()
            .items()
        ]
        table = table[table["status"].isin(_IN_FORCE)]
    placed = table["geoid"].isna() & table["component"].isin(_LENGTHS)
    if odd := written[table.index[placed]].str.fullmatch(r"\d+").sum():
        notes.append(
            said(
                "{file}: {n} rows have an id that is none or lies in no county",
                file=file,
                n=f"{int(odd):,}",
            )
        )
    keys = ["designation_id", "geoid", "name", "component", "kind"]
    twice = table.duplicated(keys)
    if twice.any():
        notes.append(
            said(
                "{file}: {n} repeated components counted once", file=file, n=f"{int(twice.sum()):,}"
            )
        )
    table = table[~twice].reset_index(drop=True)
    source = file_source(
        path,
        id=kind,
        agency="Health Resources and Services Administration",
        product="Medically Underserved Areas"
        if kind == "mua"
        else "Health Professional Shortage Areas",
        vintage=as_of,
        licence="public domain",
    )
    notes.append(said("tract codes of shortage areas may be those of 2010 or of 2020"))
    return stamp(table, sources=[source], notes=notes)


def _refuse_other_discipline(discipline: pd.Series, kind: str, path: Any) -> None:
    """Refuse the file of another kind of care: the three have one layout."""
    other = discipline[~discipline.isin([_DISCIPLINES[kind]])]
    if len(other):
        raise InputError(
            f"its designations are of {other.iloc[0]!r}, not of {_DISCIPLINES[kind]!r}",
            file=path,
            rows=row_labels(discipline.index, discipline.index.isin(other.index)),
            fix=next(
                (
                    f'kind="{k}" reads it'
                    for k, name in _DISCIPLINES.items()
                    if name == other.iloc[0]
                ),
                "download the file again",
            ),
        )


def _hpsa(frame: pd.DataFrame, path: Any) -> pd.DataFrame:
    require_columns(frame, [*_HPSA.values(), *_HPSA_NUMBERS], path)
    table = pd.DataFrame({new: frame[old] for new, old in _HPSA.items()})
    numbers = frame[list(_HPSA_NUMBERS)]
    values = to_numbers(numbers.mask(numbers.isin(_BLANKS), ""), _HPSA_NUMBERS, path)
    odd = ~values["score"].dropna().between(0, 26)
    if odd.any():
        raise InputError(
            "an HPSA score lies outside 0 to 26",
            file=path,
            rows=row_labels(odd.index, odd),
            fix="download the file again",
        )
    return table.assign(component=_component(table["component"], path), **values)


def _mua(frame: pd.DataFrame, path: Any) -> pd.DataFrame:
    places = {
        "tract": "Census Tract",
        "county_subdivision": "County Subdivision FIPS Code",
        "county": "State and County Federal Information Processing Standard Code",
    }
    require_columns(frame, [*_MUA.values(), _MUA_COMPONENT, *_MUA_NUMBERS, *places.values()], path)
    table = pd.DataFrame({new: frame[old] for new, old in _MUA.items()})
    table["discipline"] = "Primary Care"
    table["component"] = _component(frame[_MUA_COMPONENT], path)
    county = frame[places["county"]]
    ids = pd.Series("", index=frame.index)
    for component, column in places.items():
        here = table["component"] == component
        code = frame[column]
        # Tracts and subdivisions stand as whole ids in some rows and as bare codes in others.
        width = _LENGTHS[component] - 5
        bare = code.str.replace(".", "", regex=False)
        whole = bare.where(bare.str.len() == _LENGTHS[component], county + bare.str.zfill(width))
        ids = ids.mask(here, county if component == "county" else whole)
    table["geoid"] = ids
    numbers = frame[list(_MUA_NUMBERS)]
    values = to_numbers(numbers.mask(numbers.isin(_BLANKS), ""), _MUA_NUMBERS, path)
    # A governor's exception is designated without a valid score.
    exception = table["kind"].str.contains("Governor", case=False)
    return table.assign(score=values["score"].mask(exception))


def _component(codes: pd.Series, path: Any) -> pd.Series:
    known = codes.map(_COMPONENTS)
    odd = known.isna() & ~codes.isin(_BLANKS)
    if odd.any():
        raise InputError(
            f"unknown component type {codes[odd].iloc[0]!r}",
            file=path,
            rows=row_labels(codes.index, odd),
            fix="download the file again; a new type needs a new version of this package",
        )
    return known.fillna("point")


def _clean_ids(table: pd.DataFrame) -> pd.Series:
    """Ids of the right length in a county that exists; masked ones (``XXXXX``) have none."""
    length = table["component"].map(_LENGTHS).astype(float)  # also of a table without rows
    digits = table["geoid"].str.fullmatch(r"\d+").fillna(value=False).astype(bool)
    whole = table["geoid"].where(table["geoid"].str.len() != length - 1, "0" + table["geoid"])
    return whole.where(digits & (whole.str.len() == length) & in_a_county(whole), None)


def _state_of(frame: pd.DataFrame, table: pd.DataFrame) -> pd.Series:
    said = (
        frame["Primary State FIPS Code"]
        if "Primary State FIPS Code" in frame
        else frame["State FIPS Code"]
    )
    from_id = table["geoid"].str[:2]
    return from_id.where(from_id.notna(), said.reindex(table.index).str.zfill(2))


def _unscrambled(text: str) -> str:
    """Undo UTF-8 that was read as Latin-1: ``Las MarÃ­as`` is ``Las Marías``."""
    try:
        return text.encode("cp1252").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return text
