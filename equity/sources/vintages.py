"""Which edition a file is, told from its name, its layout and the ids in it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import pandas as pd

from equity.areas.vintage import check_vintage
from equity.errors import VintageError

__all__ = ["BOUNDARIES", "check_edition", "ids_of_edition", "vintage_of", "year_named"]


BOUNDARIES = r"\b(?:tl|cb)_(20\d\d)_"
"""Names of the Census Bureau's boundary files, TIGER/Line and cartographic."""


def year_named(path: str | Path, default: int, *, name: str = BOUNDARIES) -> int:
    """Return the year that a publisher's file name tells; `default` for a name of one's own."""
    named = re.search(name, Path(path).name, re.IGNORECASE)
    return int(named[1]) if named else default


def check_edition(
    path: str | Path,
    year: int,
    *,
    editions: Collection[int] = (),
    name: str = "",
    layout: Mapping[str, Collection[int]] | None = None,
) -> None:
    """Refuse a file of another year than it is said to be of.

    Parameters
    ----------
    path
        The file; what its name says counts as much as what it holds.
    year
        Year that the caller gives.
    editions
        Years of which there is an edition; any, if empty.
    name
        Pattern of the publisher's file names, with a group for the year (four digits or two).
    layout
        What the file was seen to hold -> years whose editions hold it.

    Raises
    ------
    VintageError
        If there is no such edition, or the file is another one.
    """
    if editions and year not in editions:
        raise VintageError(
            f"there is no edition of {year}", file=path, fix=f"give the year as {_years(editions)}"
        )
    told = dict(layout or {})
    named = re.search(name, Path(path).name, re.IGNORECASE) if name else None
    if named:
        told[f"its name ({Path(path).name})"] = [int(named[1]) % 100 + 2000]
    for sign, years in told.items():
        if year not in years:
            raise VintageError(
                f"{sign} belongs to the edition of {_years(years)}, not of {year}",
                file=path,
                fix=f"give year={min(years)} if this is the file you want, or take that of {year}"
                if len(years) == 1
                else f"give the year that it is of, or take the file of {year}",
            )


def _years(years: Collection[int]) -> str:
    every = sorted(years)
    if len(every) > 2 and every == list(range(every[0], every[-1] + 1)):
        return f"{every[0]} to {every[-1]}"
    return " or ".join(map(str, every))


def ids_of_edition(
    ids: Iterable[str], path: str | Path, *, level: str, year: int, geo_vintage: str
) -> str:
    """Return the vintage that an edition's areas have, and refuse ids that it cannot hold.

    Parameters
    ----------
    ids
        Ids of tracts, block groups or counties.
    path
        For errors.
    level
        Level of the ids.
    year
        Year of the edition.
    geo_vintage
        Vintage of its areas.

    Raises
    ------
    VintageError
        If ids are Connecticut's planning regions or its old counties where the edition has the
        others, or carry a county code that was replaced before.
    """
    try:
        check_vintage(ids, level=level, geo_vintage=geo_vintage, file=path)
    except VintageError as error:
        raise VintageError(
            f"{error.what}: it is not the edition of {year}, or was put together from several",
            file=path,
            rows=error.rows,
            fix=f"give the year that the file is of, or take the file of {year}",
        ) from None
    return geo_vintage


def vintage_of(
    ids: Iterable[str],
    *,
    year: int,
    tracts_2020_from: int = 2020,
    regions_from: int = 2022,
    file: str | Path | None = None,
) -> str:
    """Return the geographic vintage of tract or county ids.

    Connecticut decides where it is present, because publishers changed its codes in different
    years: planning regions are 09110 to 09190, the counties before them 09001 to 09015.

    Parameters
    ----------
    ids
        Ids of tracts, block groups or counties.
    year
        Vintage of the product.
    tracts_2020_from, regions_from
        First vintage with 2020 tracts and with planning regions, where no id tells.
    file
        Named in errors.

    Raises
    ------
    VintageError
        If both codings of Connecticut occur, or its planning regions before there were any.

    Examples
    --------
    >>> vintage_of(["09110400101", "10001040100"], year=2023)
    '2020-CT2022'
    """
    text = pd.Series(list(ids), dtype=str)
    county = text[text.str.startswith("09")].str[2:5]
    regions, counties = county.str.startswith("1"), county.str.startswith("0")
    if regions.any() and counties.any():
        raise VintageError(
            "Connecticut stands in it under its old counties and its planning regions",
            file=file,
            rows=sorted(set(county)),
            fix="keep one of the two; equity.crosswalk moves between them",
        )
    if regions.any() and year < _FIRST_REGIONS:
        raise VintageError(
            f"ids carry Connecticut's planning regions, which there were not in {year}",
            file=file,
            rows=text[text.str.startswith("09")],
            fix="give the year that the file is of",
        )
    if regions.any():
        return "2020-CT2022"
    base = "2010" if year < tracts_2020_from else "2020"
    if counties.any() or base == "2010" or year < regions_from:
        return base
    return "2020-CT2022"


_FIRST_REGIONS = 2022
