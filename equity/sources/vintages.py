"""Which areas a publisher means, told from the ids themselves."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from equity.errors import VintageError

__all__ = ["vintage_of"]


def vintage_of(
    ids: Iterable[str], *, year: int, tracts_2020_from: int = 2020, regions_from: int = 2022
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

    Raises
    ------
    VintageError
        If both codings of Connecticut occur.

    Examples
    --------
    >>> vintage_of(["09110400101", "10001040100"], year=2021)
    '2020-CT2022'
    """
    text = pd.Series(list(ids), dtype=str)
    county = text[text.str.startswith("09")].str[2:5]
    regions, counties = county.str.startswith("1"), county.str.startswith("0")
    if regions.any() and counties.any():
        raise VintageError(
            "Connecticut stands in it under its old counties and its planning regions",
            rows=sorted(set(county)),
            fix="keep one of the two; equity.crosswalk moves between them",
        )
    if regions.any():
        return "2020-CT2022"
    base = "2010" if year < tracts_2020_from else "2020"
    if counties.any() or base == "2010" or year < regions_from:
        return base
    return "2020-CT2022"
