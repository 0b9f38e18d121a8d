"""The FCC's tables of providers: who they are, how much they offer, and who leads in an area."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pandas as pd

from equity.errors import FormatError, InputError, MissingColumnError
from equity.provenance import meta, stamp
from equity.sources.fcc._bdc_names import check_as_of, refuse_other_vintage
from equity.sources.fcc._bdc_stream import bare_name
from equity.sources.fcc.summaries import (
    TYPES,
    area_ids,
    numbers,
    read_summary,
    refuse_shares,
    source_of,
)

__all__ = ["leading_providers", "read_bdc_providers"]

_NUMBERS = re.compile(r"_(?:count_(?:res|bus)|pct)$")
_PROVIDER_COLUMNS = {
    "provider_list": ("frn", "provider_id", "holding_company"),
    "provider_summary_by_geography": (
        "geography_type", "geography_id", "data_type", "provider_id", "res_st_pct", "bus_iv_pct",
    ),
    "provider_summary": (
        "provider_id", "holding_company", "technology_code", "location_count_res",
        "unit_count_res", "location_count_bus", "unit_count_bus",
    ),
}  # fmt: skip


def read_bdc_providers(
    path: str | Path, *, as_of: str | date, names: str | Path | None = None
) -> pd.DataFrame:
    """Read the provider list or one of the two provider summaries; the header tells which.

    Parameters
    ----------
    path
        The zip or CSV.
    as_of
        Date of the data: 30 June or 31 December.
    names
        The provider list, where a summary by geography is to say who its providers are: it has
        their ids only.

    Returns
    -------
    pandas.DataFrame
        The publisher's columns: ids as text, counts and percentages as numbers; with `names` also
        ``holding_company``, missing for a provider that is not in the list.

    Raises
    ------
    FormatError
        If the file is damaged, or its header is none of the three.
    """
    vintage = check_as_of(as_of)
    refuse_other_vintage(bare_name(path), vintage)
    frame = read_summary(path, ())
    if not any(set(needed) <= set(frame.columns) for needed in _PROVIDER_COLUMNS.values()):
        raise FormatError(
            "the header is not that of a provider list or summary",
            file=bare_name(path),
            fix=f"found {', '.join(frame.columns[:12])}",
        )
    for name in frame.columns[frame.columns.str.contains(_NUMBERS)]:
        frame[name] = numbers(frame[name], path)
    sources = [source_of(path, vintage)]
    if names is not None:
        known = read_bdc_providers(names, as_of=as_of).drop_duplicates("provider_id")
        company = known.set_index("provider_id")["holding_company"]
        frame["holding_company"] = frame["provider_id"].map(company)
        sources += meta(known).sources
    return stamp(frame.reset_index(drop=True), sources=sources)


def leading_providers(offers: pd.DataFrame, *, level: str = "county") -> pd.DataFrame:
    """Return, of each area, who offers a fixed line to most of its homes.

    Parameters
    ----------
    offers
        What :func:`read_bdc_providers` makes of the summary by geography.
    level
        ``"county"``, ``"place"``, ``"state"`` or another of the file's types.

    Returns
    -------
    pandas.DataFrame
        By geoid: ``leading_provider`` (the company, or the FCC's id of the provider where no list
        of names was read) and ``leading_provider_share`` of homes; the lowest id of equal ones.

    Raises
    ------
    MissingColumnError
        If `offers` is not a summary by geography.
    InputError
        If there is no row of the level, or a share lies outside 0 to 1.
    """
    needed = _PROVIDER_COLUMNS["provider_summary_by_geography"]
    lacking = [name for name in needed if name not in offers.columns]
    if lacking:
        raise MissingColumnError(
            f"a provider summary by geography has {lacking[0]}",
            fix="read bdc_us_provider_summary_by_geography_…; a list of providers names no area",
        )
    source = meta(offers).sources[0]
    fixed = offers["data_type"].str.casefold().str.contains("fixed")
    of_level = offers["geography_type"].str.casefold() == TYPES[level].casefold()
    rows = offers[fixed & of_level]
    if rows.empty:
        raise InputError(f"no rows of fixed broadband by {level}", file=source.file)
    ids = area_ids(rows, level, source.file)
    share = rows["res_st_pct"]
    refuse_shares((share < 0) | (share > 1), "is none (0 to 1)", ids, source.file)
    who = rows.get("holding_company", rows["provider_id"]).fillna(rows["provider_id"])
    table = pd.DataFrame(
        {
            "geoid": ids.to_numpy(),
            "leading_provider": who.to_numpy(),
            "leading_provider_share": share.to_numpy(),
            "order": pd.to_numeric(rows["provider_id"]).to_numpy(),
        }
    ).sort_values(["geoid", "leading_provider_share", "order"], ascending=[True, False, True])
    best = table.drop(columns="order").groupby("geoid").head(1).set_index("geoid")
    return stamp(best, level=level, geo_vintage="2020", sources=meta(offers).sources)
