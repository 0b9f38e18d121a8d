"""Lines that somebody has already promised to build: unserved and funded, unserved and not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from equity.areas.geoid import LEVELS
from equity.areas.join import combine
from equity.areas.table import level_of
from equity.errors import InputError, MissingColumnError
from equity.language import said
from equity.provenance import carry, meta, stamp

__all__ = ["already_funded"]

_CLASSES = ("unserved", "underserved")
_COUNTS = ("locations_n", "unserved_n", "underserved_n")
_BLOCK = 15
_ROUNDING = 1e-6
"""Locations that are no difference, where counts were carried by weights."""


def already_funded(
    lines: pd.DataFrame,
    funded: pd.DataFrame | Sequence[pd.DataFrame],
    *,
    level: str = "tract",
    tolerance: float = 0.10,
) -> pd.DataFrame:
    """Split unserved and underserved locations by whether a commitment already covers them.

    Parameters
    ----------
    lines
        Locations by class, as :func:`equity.location_table` returns them: exact. Or a table of
        coverage by area, as :func:`equity.coverage` returns it.
    funded
        What ``read_funded`` returns, one list or several: a location that stands in two counts
        once.
    level
        Level of the result, where `lines` are locations; else it is theirs.
    tolerance
        Largest share (0 to 1) of what is listed that `lines` may not have.

    Returns
    -------
    pandas.DataFrame
        Index ``geoid``; ``funded_n``, ``unserved_funded_n``, ``unserved_unfunded_n``,
        ``underserved_funded_n``, ``underserved_unfunded_n``, ``unserved_unfunded_share`` (of all
        locations) and ``funded_status``: ``ok``, or ``by_area`` where only the number of funded
        locations is known and not which. There the funded are taken to be unserved first, then
        underserved, each once: unserved and not funded is *at least* this, and so are unserved and
        underserved together; underserved alone is no bound.

    Raises
    ------
    InputError
        If more of the list than `tolerance` meets nothing, it names whole blocks or locations and
        `lines` have areas, lists of locations and of areas are mixed, or an area has more unserved
        and underserved locations than locations.
    MissingColumnError
        If `lines` have no classes.
    VintageError
        If areas of two vintages meet.

    Examples
    --------
    >>> lines = pd.DataFrame(
    ...     {"block_geoid": ["510010901011001"] * 3,
    ...      "coverage_class": ["unserved", "unserved", "served"]},
    ...     index=["1000000001", "1000000002", "1000000003"])
    >>> listed = pd.DataFrame(index=pd.Index(["1000000002"], name="location_id"))
    >>> already_funded(lines, listed)[["funded_n", "unserved_unfunded_n"]].values.tolist()
    [[1.0, 1.0]]
    """
    lists = [funded] if isinstance(funded, pd.DataFrame) else list(funded)
    if not lists:
        raise InputError("no list of what is funded", fix="pass what read_funded returns")
    if "coverage_class" in lines:
        by_location = _by_location(lines, lists, level, tolerance)
        if by_location is not None:
            return by_location
        raise InputError(
            "lists of areas with numbers do not tell which locations are funded",
            fix="pass the coverage by area, or lists of locations or whole blocks",
        )
    return _by_area(lines, lists, tolerance)


def _is_locations(one: pd.DataFrame) -> bool:
    return one.index.name == "location_id"


def _whole_blocks(one: pd.DataFrame) -> bool:
    return not _is_locations(one) and bool(one["funded_n"].isna().all())


def _by_location(
    lines: pd.DataFrame, lists: Sequence[pd.DataFrame], level: str, tolerance: float
) -> pd.DataFrame | None:
    if not all(_is_locations(one) or _whole_blocks(one) for one in lists):
        return None
    here = np.zeros(len(lines), dtype=bool)
    notes = []
    for one in lists:
        keys = lines.index if _is_locations(one) else pd.Index(lines["block_geoid"])
        notes += _met(one.index, keys, tolerance)
        here |= keys.isin(one.index)
    digits = LEVELS[level]
    area = lines["block_geoid"].str[:digits]
    counted = {"funded_n": here}
    for name in _CLASSES:
        of_class = (lines["coverage_class"] == name).to_numpy()
        counted[f"{name}_funded_n"] = of_class & here
        counted[f"{name}_unfunded_n"] = of_class & ~here
    counted["locations_n"] = np.ones(len(lines), dtype=bool)
    frame = pd.DataFrame(counted, index=lines.index).astype(float)
    table = frame.groupby(area.to_numpy()).sum().rename_axis("geoid")
    table["unserved_unfunded_share"] = table["unserved_unfunded_n"] / table.pop("locations_n")
    table["funded_status"] = "ok"
    return stamp(
        table,
        level=level,
        geo_vintage=meta(lines).geo_vintage or "2020",
        sources=[*meta(lines).sources, *(s for one in lists for s in meta(one).sources)],
        notes=[*(n for one in lists for n in meta(one).notes), *notes],
    )


def _met(listed: pd.Index, keys: pd.Index, tolerance: float) -> list[str]:
    """Count what is listed and not there; refuse a list of other places or another edition."""
    lost = ~listed.isin(keys)
    if not lost.any():
        return []
    if lost.mean() > tolerance:
        raise InputError(
            f"{int(lost.sum()):,} of {len(listed):,} funded {listed.name} are not among the lines",
            rows=listed[lost],
            fix="give the list of this state and of the same edition of the FCC's locations, or "
            "allow the difference with tolerance=",
        )
    return [
        said(
            "{n} of {all} funded {ids} are not among the lines",
            n=f"{int(lost.sum()):,}",
            all=f"{len(listed):,}",
            ids=str(listed.name),
        )
    ]


def _by_area(lines: pd.DataFrame, lists: Sequence[pd.DataFrame], tolerance: float) -> pd.DataFrame:
    lacking = [name for name in _COUNTS if name not in lines]
    if lacking:
        raise MissingColumnError(
            f"lines lack {', '.join(lacking)}", fix="pass what equity.coverage returns"
        )
    _refuse_more_than_all(lines)
    level, notes = level_of(lines), []
    total = pd.Series(0.0, index=lines.index)
    for one in lists:
        counts, vintage = _counted(one, level)
        notes += _met(counts.index, lines.index, tolerance)
        full = pd.DataFrame({"funded_n": counts}, index=lines.index).fillna(0.0)
        stamp(full, level=level, geo_vintage=vintage or meta(lines).geo_vintage)
        total += combine(carry(lines[[]].copy(), lines), full, tolerance=1.0)["funded_n"]
    whole = lines["locations_n"].astype(float)
    over = total > whole + _ROUNDING
    if over.any():
        notes.append(
            said(
                "{n} areas have more funded locations listed than locations: {lost} are left out",
                n=f"{int(over.sum()):,}",
                lost=f"{(total - whole)[over].sum():,.0f}",
            )
        )
        total = total.mask(over, whole)
    table = pd.DataFrame({"funded_n": total}, index=lines.index)
    for name in _CLASSES:
        missing = lines[f"{name}_n"].astype(float)
        table[f"{name}_unfunded_n"] = (missing - total).clip(lower=0.0)
        table[f"{name}_funded_n"] = missing - table[f"{name}_unfunded_n"]
        # What is left once a class has taken its part: a location is funded once. An area whose
        # class is unknown leaves all.
        total = total - table[f"{name}_funded_n"].fillna(0.0)
    table["unserved_unfunded_share"] = table["unserved_unfunded_n"] / whole.where(whole > 0)
    table["funded_status"] = np.where(table["funded_n"] > 0, "by_area", "ok")
    listed = [n for one in lists for n in meta(one).notes]
    return stamp(
        table,
        level=level,
        geo_vintage=meta(lines).geo_vintage,
        sources=[*meta(lines).sources, *(s for one in lists for s in meta(one).sources)],
        notes=[*listed, *notes],
    )


def _refuse_more_than_all(lines: pd.DataFrame) -> None:
    """Refuse classes that hold more locations than there are, or fewer than none."""
    whole, *parts = (lines[name].astype(float) for name in _COUNTS)
    wrong = sum(parts) > whole + _ROUNDING
    for one in (whole, *parts):
        wrong |= one < 0
    if wrong.any():
        raise InputError(
            "areas have fewer locations than none, or fewer than unserved and underserved together",
            rows=lines.index[wrong],
            fix="pass what equity.coverage returns",
        )


def _counted(one: pd.DataFrame, level: str) -> tuple[pd.Series, str | None]:
    """Return how many locations a list funds in every area of a level."""
    if not _is_locations(one) and one["funded_n"].isna().any():
        raise InputError(
            "the list names whole blocks without a number, and the coverage has areas",
            fix="give the number of funded locations of each block, or the FCC's location files",
        )
    if _is_locations(one):
        blocks = one.get("block_geoid", pd.Series(None, index=one.index, dtype=object))
        if blocks.isna().any():
            raise InputError(
                f"{int(blocks.isna().sum()):,} of {len(one):,} funded locations have no block, and "
                "the coverage has areas",
                fix="give a list with block_geoid, or the FCC's location files",
            )
        ids, numbers = blocks, pd.Series(1.0, index=one.index)
    else:
        ids, numbers = one.index.to_series(), one["funded_n"]
    digits, have = LEVELS[level], len(str(ids.iloc[0])) if len(ids) else _BLOCK
    if have < digits:
        raise InputError(
            f"the list has areas larger than a {level.replace('_', ' ')}",
            fix="give a list of areas of the study's level, of blocks or of locations",
        )
    return numbers.groupby(ids.str[:digits].to_numpy()).sum().rename_axis(level), meta(
        one
    ).geo_vintage
