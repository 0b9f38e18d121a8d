"""The FCC's own tables: summaries by geography and by provider. Location-free, and small.

There is no tract summary: these stop at county, place, state and nation. Rows repeat an area for
total, rural, urban, tribal and non-tribal parts, for residential and business, and for every
technology, so they are picked, never summed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pandas as pd

from equity.areas.geoid import LEVELS, find_state, normalize
from equity.errors import FormatError, InputError, MissingColumnError
from equity.files.delimited import read_text_table
from equity.files.opening import check_data
from equity.language import said
from equity.provenance import Source, carry, sha256_of, stamp
from equity.sources.area_rows import row_labels
from equity.sources.fcc._bdc_names import check_as_of, refuse_other_vintage
from equity.sources.fcc._bdc_stream import bare_name, only_member, open_csv_bytes
from equity.sources.wanted import wanted_of

__all__ = ["read_bdc_mobile", "read_bdc_summary", "read_summary_classes"]

_PARTS = ("Total", "Urban", "Rural", "Tribal", "Nontribal")
TYPES = {"county": "County", "state": "State", "nation": "National", "place": "Census Place"}
# The specification's labels, where they differ from those in the files.
_LABELS = {
    "all technologies": "any technology",
    "all terrestrial": "any terrestrial",
    "all cable or fiber": "cable/fiber",
    "all cable/fiber": "cable/fiber",
    "geostationary satellite": "gso satellite",
    "non-geostationary satellite": "ngso satellite",
}
_CODES = {
    "any technology": (10, 40, 50, 60, 61, 70, 71, 72),
    "any terrestrial": (10, 40, 50, 70, 71, 72),
    "all wired": (10, 40, 50),
    "cable/fiber": (40, 50),
    "copper": (10,),
    "cable": (40,),
    "fiber": (50,),
}
_SPEEDS = ("02_02", "10_1", "25_3", "100_20", "250_25", "1000_100")
_NEEDED = ("area_data_type", "geography_type", "geography_id", "total_units", "biz_res",
           "technology", *(f"speed_{speed}" for speed in _SPEEDS))  # fmt: skip
# Column of the file -> ours; speeds are Mbps down/up, places of use outdoors and moving vehicles.
_MOBILE = {
    f"mobilebb_{generation}_area_{place}_pct": f"mobile_{name}_{use}_share"
    for generation, name in (
        ("3g", "3g"), ("4g", "4g"), ("5g_spd1", "5g_7_1"), ("5g_spd2", "5g_35_3"),
    )
    for place, use in (("st", "stationary"), ("iv", "in_vehicle"))
}  # fmt: skip


def read_bdc_summary(
    path: str | Path,
    *,
    as_of: str | date,
    level: str = "county",
    technologies: str | Iterable[str] = ("Any Terrestrial",),
    customers: str = "R",
    part: str = "Total",
    state: str | None = None,
) -> pd.DataFrame:
    """Read a fixed-broadband summary by geography.

    Parameters
    ----------
    path
        The zip or CSV, for example ``bdc_us_fixed_broadband_summary_by_geography_D25_….csv.zip``.
    as_of
        Date of the data: 30 June or 31 December.
    level
        ``"county"``, ``"state"``, ``"nation"`` or ``"place"``.
    technologies
        Labels as in the file or in the specification. "Any Technology" counts satellite, which is
        listed nearly everywhere: it says nothing about a place.
    customers
        ``"R"`` residential or ``"B"`` business.
    part
        ``"Total"``, ``"Urban"``, ``"Rural"``, ``"Tribal"`` or ``"Nontribal"``.
    state
        State to keep.

    Returns
    -------
    pandas.DataFrame
        Index ``geoid``; ``name``, ``units_n``, and per technology and speed the share of units,
        for example ``any_terrestrial_100_20_share``. Units are homes and offices, not locations.

    Raises
    ------
    FormatError
        If the file is damaged, or a share is none or grows with the speed.
    MissingColumnError
        If it has another layout (before June 2024 one file held fixed and mobile).
    InputError
        If no row fits, or an area occurs twice.
    """
    vintage = _checked(path, as_of, level)
    wanted_of(customers.upper(), ("R", "B"), what="kind of customers")
    frame = read_summary(path, _NEEDED)
    labels = frame["technology"].str.casefold().replace(_LABELS)
    rows = _rows(frame, level, part) & (frame["biz_res"].str.upper() == customers.upper())
    parts = []
    chosen = [technologies] if isinstance(technologies, str) else list(technologies)
    # With none chosen, those of the file are told.
    for technology in chosen or [""]:
        label = _label(technology)
        here = frame[rows & (labels == label)]
        if here.empty:
            raise InputError(
                f"no {part} {customers} rows of {technology!r} by {level}",
                file=bare_name(path),
                fix=f"the file has {', '.join(sorted(frame['technology'].unique())[:16])}",
            )
        parts.append(_shares(here, label, level, path))
    table = pd.concat(parts, axis=1)
    note = said("Summary tables count units (homes and offices), location files count locations")
    table = table.loc[:, ~table.columns.duplicated()]
    return _finished(table, source_of(path, vintage), level=level, state=state, note=note)


def read_summary_classes(
    path: str | Path,
    *,
    as_of: str | date,
    level: str = "county",
    technology: str = "Any Terrestrial",
    part: str = "Total",
    state: str | None = None,
) -> pd.DataFrame:
    """Read a fixed-broadband summary as a table of classes, which :func:`equity.coverage` takes.

    Parameters
    ----------
    path, as_of, level, part, state
        As for :func:`read_bdc_summary`; residential units.
    technology
        Label as in the file.

    Returns
    -------
    pandas.DataFrame
        Index ``geoid``; ``locations_n`` (units: homes, not locations), ``served_n`` (100/20 Mbps),
        ``underserved_n`` (25/3 and less than that), ``unserved_n``: the published shares times the
        units, as :func:`equity.read_coverage` gives them.

    Raises
    ------
    FormatError, MissingColumnError, InputError
        As for :func:`read_bdc_summary`.
    """
    table = read_bdc_summary(
        path, as_of=as_of, level=level, technologies=[technology], part=part, state=state
    )
    fast, slow = (
        table.filter(regex=f"_{speed}_share$").iloc[:, 0] * table["units_n"]
        for speed in ("100_20", "25_3")
    )
    classes = {
        "served_n": fast,
        "underserved_n": slow - fast,
        "unserved_n": table["units_n"] - slow,
    }
    result = carry(pd.DataFrame({"locations_n": table["units_n"], **classes}), table)
    result.attrs["coverage_classes"] = {
        "served": [100.0, 20.0],
        "underserved": [25.0, 3.0],
        "technologies": list(_CODES.get(_label(technology), ())),
    }
    return result


def _label(technology: str) -> str:
    name = technology.casefold()
    return _LABELS.get(name, name)


def read_bdc_mobile(
    path: str | Path,
    *,
    as_of: str | date,
    level: str = "county",
    part: str = "Total",
    state: str | None = None,
) -> pd.DataFrame:
    """Read the mobile-broadband summary by geography.

    Parameters
    ----------
    path
        The zip or CSV, for example ``bdc_us_mobile_broadband_summary_by_geography_D25_….zip``.
    as_of
        Date of the data: 30 June or 31 December.
    level
        ``"county"``, ``"state"``, ``"nation"`` or ``"place"``.
    part
        ``"Total"``, ``"Urban"``, ``"Rural"``, ``"Tribal"`` or ``"Nontribal"``.
    state
        State to keep.

    Returns
    -------
    pandas.DataFrame
        Index ``geoid``; ``name``, ``total_area`` (in the publisher's unit) and shares, 0 to 1, of
        the **area**, not of homes, with ``mobile_3g``, ``mobile_4g``, ``mobile_5g_7_1`` and
        ``mobile_5g_35_3`` (Mbps down and up), each ``_stationary_share`` (outdoors) and
        ``_in_vehicle_share``.

    Raises
    ------
    FormatError
        If the file is damaged, or a share is none.
    MissingColumnError
        If it has another layout.
    InputError
        If no row fits, or an area occurs twice.
    """
    vintage = _checked(path, as_of, level)
    needed = ("area_data_type", "geography_type", "geography_id", "total_area", *_MOBILE)
    frame = read_summary(path, needed, fix="read the mobile-broadband summary by geography")
    rows = frame[_rows(frame, level, part)]
    if rows.empty:
        raise InputError(f"no {part} rows by {level}", file=bare_name(path))
    ids = _ids(rows, level, path)
    table = pd.DataFrame({new: numbers(rows[old], path) for old, new in _MOBILE.items()})
    refuse_shares(((table < 0) | (table > 1)).any(axis=1), "is none (0 to 1)", ids, path)
    table.insert(0, "name", rows.get("geography_desc", ids))
    table.insert(1, "total_area", numbers(rows["total_area"], path))
    table.index = pd.Index(ids.to_numpy(), name="geoid", dtype="str")
    note = said("Mobile coverage is a share of the area, not of homes")
    return _finished(
        table.sort_index(), source_of(path, vintage), level=level, state=state, note=note
    )


def _finished(
    table: pd.DataFrame, source: Source, *, level: str, state: str | None, note: str
) -> pd.DataFrame:
    if state is not None and level != "nation":
        table = table[table.index.str.startswith(find_state(state).fips)]
    return stamp(table, level=level, geo_vintage="2020", sources=[source], notes=[note])


def _checked(path: str | Path, as_of: str | date, level: str) -> str:
    wanted_of(level, TYPES, what="summary by")
    vintage = check_as_of(as_of)
    refuse_other_vintage(bare_name(path), vintage)
    return vintage


def _rows(frame: pd.DataFrame, level: str, part: str) -> pd.Series:
    wanted_of(part.title(), _PARTS, what="part")
    of_level: pd.Series = frame["geography_type"].str.casefold() == TYPES[level].casefold()
    return of_level & (frame["area_data_type"].str.casefold() == part.casefold())


def read_summary(
    path: str | Path,
    needed: Iterable[str],
    fix: str = "read the fixed-broadband summary of June 2024 or later",
) -> pd.DataFrame:
    text = str(path)
    member = only_member(text).filename if text.lower().endswith(".zip") else None
    with open_csv_bytes(text, member) as stream:
        data = stream.read()
    check_data(data, bare_name(path))
    frame = read_text_table(bare_name(path), data=data)
    frame.columns = frame.columns.str.lower()
    for name in needed:
        if name not in frame.columns:
            raise MissingColumnError(
                f"no column {name!r}",
                file=bare_name(path),
                fix=fix,
            )
    return frame


def _shares(rows: pd.DataFrame, label: str, level: str, path: str | Path) -> pd.DataFrame:
    ids = _ids(rows, level, path)
    stem = re.sub(r"[^a-z]+", "_", label)
    table = pd.DataFrame({f"{stem}_{s}_share": numbers(rows[f"speed_{s}"], path) for s in _SPEEDS})
    growing = (table.diff(axis=1).iloc[:, 1:] > 1e-9).any(axis=1)
    refuse_shares(((table < 0) | (table > 1)).any(axis=1), "is none (0 to 1)", ids, path)
    refuse_shares(growing, "grows with the speed", ids, path)
    table.insert(0, "name", rows.get("geography_desc", ids))
    table.insert(1, "units_n", numbers(rows["total_units"], path))
    table.index = pd.Index(ids.to_numpy(), name="geoid", dtype="str")
    return table.sort_index()


def area_ids(rows: pd.DataFrame, level: str, path: str | Path) -> pd.Series:
    if not LEVELS[level]:
        return pd.Series("", index=rows.index)
    return normalize(rows["geography_id"], level=level, file=bare_name(path))


def _ids(rows: pd.DataFrame, level: str, path: str | Path) -> pd.Series:
    ids = area_ids(rows, level, path)
    twice = ids.duplicated()
    if twice.any():
        raise InputError(f"{level} ids occur twice", file=bare_name(path), rows=ids[twice].tolist())
    return ids


def refuse_shares(bad: pd.Series, what: str, ids: pd.Series, path: str | Path) -> None:
    if bad.any():
        raise FormatError(
            f"a share {what}",
            file=bare_name(path),
            rows=ids[bad].tolist(),
            fix="download the file again",
        )


def numbers(values: pd.Series, path: str | Path) -> pd.Series:
    numbers = pd.to_numeric(values.str.strip().replace("", None), errors="coerce")
    bad = numbers.isna() & (values.str.strip() != "")
    if bad.any():
        raise FormatError(
            f"{values.name} holds what is no number",
            file=bare_name(path),
            rows=row_labels(values.index, bad),
            fix="download the file again",
        )
    return numbers.astype(float)


def source_of(path: str | Path, vintage: str) -> Source:
    local = Path(path).is_file()
    return Source(
        id=f"fcc-bdc-{bare_name(path)}",
        agency="Federal Communications Commission",
        product="National Broadband Map, summary tables",
        vintage=vintage,
        url="https://broadbandmap.fcc.gov/data-download",
        sha256=sha256_of(path) if local else "",
        file=bare_name(path),
        licence="US federal data, public domain",
    )
