"""How many people in Medicare use telehealth, by state, from CMS."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from equity.areas.geoid import find_state
from equity.errors import InputError
from equity.files.delimited import read_text_table
from equity.provenance import file_source, stamp
from equity.sources.area_rows import index_by_area, require_columns, to_numbers

__all__ = ["read_telehealth_trends"]

_GROUPS = (
    "Bene_Mdcd_Mdcr_Enrl_Stus", "Bene_Race_Desc", "Bene_Sex_Desc", "Bene_Mdcr_Entlmt_Stus",
    "Bene_Age_Desc", "Bene_RUCA_Desc",
)  # fmt: skip
_COUNTS = {
    "Total_Bene_TH_Elig": "medicare_telehealth_eligible_n",
    "Total_Bene_Telehealth": "medicare_telehealth_n",
}
_NO_STATE = {"National", "Other Areas", "Missing Data", "Unknown"}


def read_telehealth_trends(
    path: str | Path, *, year: int, state: str | None = None
) -> pd.DataFrame:
    """Read Medicare Telehealth Trends: users of telehealth among those who could, by state.

    Parameters
    ----------
    path
        The CSV. It holds every year and quarter, each for many groups of people.
    year
        Year to take, all quarters together.
    state
        State to keep.

    Returns
    -------
    pandas.DataFrame
        Index ``geoid`` (2 digits); ``medicare_telehealth_eligible_n`` (people in Medicare with a
        service that telehealth could give), ``medicare_telehealth_n`` (of them, who used it) and
        ``medicare_telehealth_share``. Withheld cells are missing.

    Raises
    ------
    InputError
        If the year is not in the file, or a place is no state.
    MissingFileError, FormatError, MissingColumnError
        If the file is absent, damaged or another one.
    """
    frame = read_text_table(path).apply(lambda cells: cells.str.strip())
    require_columns(frame, ["Year", "quarter", "Bene_Geo_Desc", *_GROUPS, *_COUNTS], path)
    everybody = (frame[list(_GROUPS)] == "All").all(axis=1) & (frame["quarter"] == "Overall")
    rows = frame[everybody & (frame["Year"] == str(year))]
    if rows.empty:
        raise InputError(
            f"holds nothing of the whole of {year}",
            file=path,
            fix=f"it has {', '.join(sorted(frame['Year'][everybody].unique())) or 'no whole year'}",
        )
    rows = rows[~rows["Bene_Geo_Desc"].isin(_NO_STATE)]
    fips = {name: find_state(name).fips for name in rows["Bene_Geo_Desc"].unique()}
    ids = rows["Bene_Geo_Desc"].map(fips)
    table = to_numbers(rows.mask(rows == "*", ""), _COUNTS, path)
    table, notes = index_by_area(table, ids, path, level="state", state=state, multi_state=True)
    eligible, users = (table[name] for name in _COUNTS.values())
    table["medicare_telehealth_share"] = (users / eligible).where(eligible > 0)
    source = file_source(
        path,
        id=f"telehealth-trends-{year}",
        agency="Centers for Medicare & Medicaid Services",
        product="Medicare Telehealth Trends",
        vintage=str(year),
        licence="public domain",
        note="people with traditional Medicare alone",
    )
    return stamp(table, level="state", geo_vintage="2020", sources=[source], notes=notes)
