"""Poverty and income of counties: the Census Bureau's SAIPE, from its keyless text file."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from equity.errors import FormatError
from equity.files.opening import read_bytes
from equity.provenance import file_source, stamp
from equity.sources.area_rows import index_by_area
from equity.sources.vintages import check_edition, vintage_of

__all__ = ["read_saipe"]

# Column -> first and last character of the fixed-width file, counted from 1.
_FIELDS = {
    "state": (1, 2),
    "county": (4, 6),
    "poverty_n": (8, 15),
    "poverty_share": (35, 38),
    "poverty_low": (40, 43),
    "poverty_high": (45, 48),
    "child_poverty_share": (77, 80),
    "median_household_income_usd": (134, 139),
    "name": (194, 238),
}
_NATION = "00"
# Behind the name stands which file it is and when it was made.
_TAG = re.compile(r"\best(\d\d)\w*\.", re.IGNORECASE)


def read_saipe(path: str | Path, *, year: int, state: str | None = None) -> pd.DataFrame:
    """Read small area income and poverty estimates of counties.

    Parameters
    ----------
    path
        ``estYYall.txt``, fixed width, Latin-1.
    year
        Year of the estimates.
    state
        State to keep.

    Returns
    -------
    pandas.DataFrame
        Index ``geoid``; ``saipe_poverty_n`` (people of all ages), ``saipe_poverty_share`` with
        ``_moe`` (half the published 90 % interval), ``saipe_child_poverty_share`` (under 18) and
        ``saipe_median_household_income_usd``. ``.`` is missing.

    Raises
    ------
    FormatError
        If a line is not of this layout.
    VintageError
        If the file is of another year.

    References
    ----------
    U.S. Census Bureau. Small Area Income and Poverty Estimates.
    """
    lines = read_bytes(path, suffix=".txt").decode("latin-1").splitlines()
    lines = [line for line in lines if line.strip()]
    named = {found[1] for line in lines if (found := _TAG.search(line[_FIELDS["name"][1] :]))}
    tags = {f"the tag est{yy} in its lines": [2000 + int(yy)] for yy in sorted(named)}
    check_edition(path, year, name=r"est(\d\d)all", layout=tags)
    cells = pd.DataFrame(
        {name: [line[a - 1 : b].strip() for line in lines] for name, (a, b) in _FIELDS.items()}
    )
    good = cells["state"].str.fullmatch(r"\d{1,2}") & cells["county"].str.fullmatch(r"\d{1,3}")
    if not good.all():
        raise FormatError(
            "not the fixed-width layout of SAIPE (state code, county code, estimates)",
            file=path,
            rows=[f"line {i + 1}" for i in cells.index[~good]],
            fix="download estYYall.txt again; the .xls of the same name is another layout",
        )
    # County 0 stands for the whole state, state 0 for the nation.
    rows = (cells["county"].str.zfill(3) != "000") & (cells["state"].str.zfill(2) != _NATION)
    cells = cells[rows].reset_index(drop=True)
    numbers = cells.drop(columns=["state", "county", "name"])
    values = numbers.apply(lambda c: pd.to_numeric(c.mask(c.isin(["", "."])), errors="coerce"))
    broken = values.isna() & ~numbers.isin(["", "."])
    if broken.any(axis=None):
        raise FormatError(
            "a number is none: the columns have moved",
            file=path,
            rows=cells["name"][broken.any(axis=1)],
        )
    table = pd.DataFrame(
        {
            "saipe_poverty_n": values["poverty_n"],
            "saipe_poverty_share": values["poverty_share"] / 100,
            "saipe_poverty_share_moe": (values["poverty_high"] - values["poverty_low"]) / 200,
            "saipe_child_poverty_share": values["child_poverty_share"] / 100,
            "saipe_median_household_income_usd": values["median_household_income_usd"],
        }
    )
    ids = cells["state"].str.zfill(2) + cells["county"].str.zfill(3)
    table, notes = index_by_area(table, ids, path, level="county", state=state, multi_state=True)
    source = file_source(
        path,
        id=f"saipe-{year}",
        agency="U.S. Census Bureau",
        product="Small Area Income and Poverty Estimates, counties",
        vintage=str(year),
        licence="public domain",
    )
    vintage = vintage_of(table.index, year=year, file=path)
    return stamp(table, level="county", geo_vintage=vintage, sources=[source], notes=notes)
