"""Move figures from the areas they were published for to other areas."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from equity import provenance
from equity.areas._arrays import to_floats
from equity.areas._move import Links
from equity.areas.annotations import ANNOTATION
from equity.areas.medians import grouped_median
from equity.areas.moe import moe_ratio, moe_share
from equity.areas.recode import same_place
from equity.areas.relationship import BASES, Relationship, as_relationship
from equity.areas.roles import Roles, roles_of
from equity.areas.schema import base_name, companion
from equity.areas.table import area_status, level_of, refuse_duplicates, water_rows
from equity.areas.vintage import check_vintage, comparable, required_vintage
from equity.errors import InputError, MissingColumnError, VintageError

__all__ = ["Medians", "crosswalk", "move"]

Medians = Mapping[str, tuple[Sequence[str], Sequence[tuple[float, float]]]]
"""Median column -> (columns that count its bins, bounds of the bins)."""

_OWN = ("area_status", "crosswalk_status", "split_share", "geo_id")


def crosswalk(
    table: Any,
    relationship: Any,
    *,
    to: str,
    counts: Mapping[str, str] | None = None,
    ratios: Mapping[str, tuple[str, str]] | None = None,
    medians: Medians | None = None,
    drop: Collection[str] = (),
    zero_rule: bool = True,
) -> pd.DataFrame:
    """Move a table to the areas of another vintage or kind.

    Counts are divided by weights (people by population, households and locations by housing
    units, land by land; what the relationship lacks is replaced by the next best, and said so)
    and added up, so that totals do not change. Margins are carried:
    ``MOE' = sqrt((W^2)^T MOE^2)``, with the zero-estimate rule; the error of the weights
    themselves is not in them, and areas it concerns are flagged. Shares are rebuilt from their
    moved components, and medians from grouped counts; neither is ever averaged.

    Parameters
    ----------
    table
        Area table.
    relationship
        Links between the two kinds of areas, in either direction: a `Relationship` (through
        blocks with `equity.from_blocks`), or the table that
        `equity.read_tract_relationship` returns (land only).
    to
        Vintage wanted: ``2010``, ``2020`` or ``2020-CT2022``.
    counts
        Columns of the user's own that add up -> ``people``, ``households``, ``locations`` or
        ``land``. Columns of this package and ACS detailed tables are known.
    ratios
        Columns of the user's own to rebuild -> (numerator, denominator).
    medians
        Medians to rebuild -> (columns with the counts in each bin, (low, high) of each bin); see
        `equity.grouped_median`.
    drop
        Columns to leave behind.
    zero_rule
        See `equity.moe_sum`.

    Returns
    -------
    DataFrame
        One row a target area that receives anything, by id; text, flags and geometry stay
        behind. `crosswalk_status`: ``whole`` (made of whole areas, exact), ``crosswalked``
        (contains a part of a divided area) or ``partial`` (an area that belongs to it is not in
        the table: its values are missing). `split_share`: how much of the area's first
        count came from divided ones.

    Raises
    ------
    VintageError
        If the relationship does not lead from the table's vintage to the one wanted.
    InputError
        If a column can neither be added up nor rebuilt, or an area with figures has no link.

    References
    ----------
    Schroeder, J. P. (2007). Target-density weighting interpolation and uncertainty evaluation for
    temporal analysis of census data. Geographical Analysis 39(3), 311-335.
    doi:10.1111/j.1538-4632.2007.00706.x
    """
    level = level_of(table)
    refuse_duplicates(table.index, "the table")
    directed = _directed(table, as_relationship(relationship), level, to)
    return move(
        table,
        directed,
        to=to,
        counts=counts,
        ratios=ratios,
        medians=medians,
        drop=drop,
        zero_rule=zero_rule,
    )


def move(
    table: Any,
    relationship: Relationship,
    *,
    to: str,
    counts: Mapping[str, str] | None = None,
    ratios: Mapping[str, tuple[str, str]] | None = None,
    medians: Medians | None = None,
    drop: Collection[str] = (),
    zero_rule: bool = True,
) -> pd.DataFrame:
    """Move a checked table along links that start from it; see `crosswalk`."""
    level = relationship.source_level
    roles = roles_of(
        table.drop(columns=list(_OWN), errors="ignore"),
        counts=counts,
        ratios=ratios,
        drop=[*drop, *_published_medians(table, medians)],
    )
    relationship, linked, notes = _linked(table, relationship, roles, level)
    bases = sorted(set(roles.counts.values()), key=BASES.index) or ["population"]
    result, book = _moved(table[linked], relationship, roles, bases, zero_rule=zero_rule)
    _add_medians(result, medians)
    result = result[_ordered(table, result)].join(book)
    if "area_status" in table.columns and relationship.target_level == level:
        provenance.stamp(result, level=level)
        result["area_status"] = area_status(result)
    result = provenance.carry(result, table, notes=[*_notes(relationship, bases, book, to), *notes])
    known = provenance.meta(result)
    return provenance.stamp(
        result,
        level=relationship.target_level,
        geo_vintage=to,
        sources=[*known.sources, *relationship.sources],
        notes=known.notes,
    )


def _published_medians(table: Any, medians: Medians | None) -> list[str]:
    """Columns of the table that are computed again from bins."""
    names = [n for median in medians or {} for n in (median, companion(median, "_moe"))]
    return [name for name in names if name in table.columns]


def _add_medians(result: pd.DataFrame, medians: Medians | None) -> None:
    """Compute medians again from the counts in their bins."""
    for name, (columns, bins) in (medians or {}).items():
        absent = [column for column in columns if column not in result.columns]
        if absent:
            raise MissingColumnError(f"no count {absent[0]!r} to rebuild {name} from")
        found: Any = grouped_median(result[list(columns)], bins)
        result[name] = found["median"]
        result[companion(name, "_moe")] = found["moe"]
        result[companion(name, "_status")] = found["status"]


def _directed(table: Any, relationship: Relationship, level: str, to: str) -> Relationship:
    """Turn the relationship so that it starts from the table."""
    have = required_vintage(provenance.meta(table).geo_vintage, name="the table")
    check_vintage(table.index, level=level, geo_vintage=have, file="the table")
    required_vintage(to, name="the target")
    for candidate in (relationship, relationship.reverse()):
        fits_level = candidate.source_level == level
        starts = comparable(level, have, candidate.source_vintage, table.index)
        ids = candidate.links["target"]
        if fits_level and starts and comparable("tract", candidate.target_vintage, to, ids):
            return candidate
    raise VintageError(
        f"the relationship links {relationship.source_level} areas of "
        f"{relationship.source_vintage} and {relationship.target_level} areas of "
        f"{relationship.target_vintage}; the table has {level} areas of {have} and {to} is wanted",
        fix="read the relationship file between these two vintages",
    )


def _linked(
    table: Any, relationship: Relationship, roles: Roles, level: str
) -> tuple[Relationship, Any, list[str]]:
    """Rows that have links; rows without any may only be empty."""
    linked = _among(table.index, relationship.links["source"])
    if linked.all():
        return relationship, linked, []
    notes = []
    renamed = same_place(table.index[~linked], relationship.links["source"])
    if renamed:
        # The 2010 census knew Bedford city as 51515; ACS tables of its tracts say 51019.
        back = {theirs: mine for mine, theirs in renamed.items()}
        links = relationship.links.assign(source=relationship.links["source"].replace(back))
        relationship = replace(relationship, links=links)
        linked = _among(table.index, links["source"])
        notes.append(f"{len(renamed):,} areas found under their former county's code")
    lost = table.loc[~linked, list(roles.counts)]
    filled = (lost.fillna(0) != 0).any(axis=1).to_numpy(dtype=bool)
    if filled.any():
        raise InputError(
            f"{int(filled.sum()):,} areas with figures have no link in the relationship",
            rows=list(lost.index[filled]),
            fix="get the relationship of every state in the table, in the table's vintage",
            code="E-CROSSWALK-INCOMPLETE",
        )
    if len(lost):
        water = int(water_rows(lost.index, level).sum())
        notes.append(f"{len(lost):,} empty areas without a link left out ({water:,} of water)")
    return relationship, linked, notes


def _among(ids: Any, known: Any) -> Any:
    return pd.Index(pd.unique(known)).get_indexer(ids) >= 0


def _moved(
    table: Any, relationship: Relationship, roles: Roles, bases: list[str], *, zero_rule: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    reached = table.index.get_indexer(relationship.links["source"]) >= 0
    targets = pd.Index(np.sort(relationship.links.loc[reached, "target"].unique()), name="geoid")
    values: dict[str, Any] = {}
    book = pd.DataFrame({"crosswalk_status": "whole", "split_share": 0.0}, index=targets)
    for basis in bases:
        weights = relationship.weights(basis)
        links, missing = _links(weights, table.index, targets)
        names = [c for c, b in roles.counts.items() if b == basis]
        first = table[names[0]].to_numpy(dtype="float64", na_value=np.nan) if names else None
        _mark(book, links, missing, first)
        moved = _move_columns(table, names, roles, links, zero_rule=zero_rule)
        values.update({c: np.where(missing, np.nan, v) for c, v in moved.items()})
    result = pd.DataFrame(values, index=targets)
    _rebuild(result, roles)
    _statuses(result, table, relationship, book)
    return result, book


def _links(weights: pd.DataFrame, rows: Any, targets: Any) -> tuple[Links, Any]:
    """Links among the rows there are, and targets that lack a contributor.

    An area that is not in the table has no row to give; what it would have given is unknown.
    """
    target = targets.get_indexer(weights["target"])
    source = rows.get_indexer(weights["source"])
    inside = target >= 0
    absent = inside & (source < 0) & (weights["basis"] != "equal parts").to_numpy()
    # Water that a table leaves out gave nothing.
    absent &= ~weights["source"].str[5:7].eq("99").to_numpy()
    missing = np.zeros(len(targets), dtype=bool)
    missing[target[absent]] = True
    use = inside & (source >= 0)
    links = Links(
        source[use],
        target[use],
        weights["weight"].to_numpy()[use],
        n_source=len(rows),
        n_target=len(targets),
    )
    return links, missing


def _mark(book: pd.DataFrame, links: Links, missing: Any, first: Any) -> None:
    """Note which targets contain parts, and how much of their first count came from them."""
    split = links.weight < 1 - 1e-9
    amount = links.weight if first is None else links.weight * np.nan_to_num(first)[links.source]
    total = np.bincount(links.target, weights=amount, minlength=links.n_target)
    parts = np.bincount(links.target[split], weights=amount[split], minlength=links.n_target)
    any_part = np.bincount(links.target[split], minlength=links.n_target) > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(total > 0, parts / total, any_part.astype(float))
    book["split_share"] = np.maximum(book["split_share"], np.clip(share, 0, 1))
    status = book["crosswalk_status"].to_numpy(dtype=object, copy=True)
    status[any_part & (status != "partial")] = "crosswalked"
    status[missing] = "partial"
    book["crosswalk_status"] = status


def _move_columns(
    table: Any, names: list[str], roles: Roles, links: Links, *, zero_rule: bool
) -> dict[str, Any]:
    """Move the counts of one basis, and their margins."""
    if not names:
        return {}
    numbers = to_floats(table[names], "the table")
    with np.errstate(invalid="ignore"):
        coded = (numbers <= ANNOTATION).any(axis=1)
    if coded.any():
        raise InputError(
            "a count is an annotation code",
            rows=list(table.index[coded]),
            fix="decode it first with equity.areas.annotations.decode",
        )
    moved = links.counts(numbers)
    values = {name: moved[:, i] for i, name in enumerate(names)}
    with_moe = [name for name in names if name in roles.margins]
    if not with_moe:
        return values
    margins = to_floats(table[[roles.margins[n] for n in with_moe]], "a margin column")
    with np.errstate(invalid="ignore"):
        negative = (margins < 0).any(axis=1)
    if negative.any():
        raise InputError(
            "a margin is below 0",
            rows=list(table.index[negative]),
            fix="decode annotation codes with equity.areas.annotations.decode(..., kind='moe')",
        )
    order = [names.index(name) for name in with_moe]
    moved = links.margins(numbers[:, order], margins, zero_rule=zero_rule)
    values.update({roles.margins[name]: moved[:, i] for i, name in enumerate(with_moe)})
    return values


def _rebuild(result: pd.DataFrame, roles: Roles) -> None:
    """Divide moved numerators by moved denominators, with margins where both have one."""
    for name, (top, bottom) in roles.ratios.items():
        with np.errstate(divide="ignore", invalid="ignore"):
            value = result[top].to_numpy() / result[bottom].to_numpy()
        result[name] = np.where(result[bottom] == 0, np.nan, value)
        if top in roles.margins and bottom in roles.margins:
            margins = result[roles.margins[top]], result[roles.margins[bottom]]
            part = not (result[top] > result[bottom] * (1 + 1e-9)).any()
            moe = moe_share if part else moe_ratio
            owner = roles.margins.get(name, companion(name, "_moe"))
            result[owner] = moe(result[top], margins[0], result[bottom], margins[1])


def _statuses(result: pd.DataFrame, table: Any, relationship: Relationship, book: Any) -> None:
    """Carry status columns: why a value is missing, or that it was moved."""
    names = [c for c in table.columns if str(c).endswith("_status") and c not in _OWN]
    names = [c for c in names if base_name(c) in result.columns]
    if not names:
        return
    pairs = relationship.links[["source", "target"]]
    pairs = pairs[pairs["source"].isin(table.index)]
    for name in names:
        said = pairs["source"].map(table[name].astype(object))
        reason = said[said.notna() & (said != "ok")]
        first = reason.groupby(pairs.loc[reason.index, "target"].to_numpy()).first()
        why = first.reindex(result.index)
        moved = np.where(book["crosswalk_status"] == "whole", "ok", "crosswalked")
        unknown = result[base_name(name)].isna()
        result[name] = np.where(unknown, why.fillna("unknown"), moved)


def _ordered(table: Any, result: pd.DataFrame) -> list[str]:
    """Columns in the table's order, new ones at the end."""
    kept = [c for c in table.columns if c in result.columns]
    return [*kept, *(c for c in result.columns if c not in kept)]


def _notes(relationship: Relationship, bases: list[str], book: pd.DataFrame, to: str) -> list[str]:
    """Say by what weights the figures moved, and how much of them by which."""
    start = f"{relationship.source_level} areas of {relationship.source_vintage}"
    split = int((book["crosswalk_status"] == "crosswalked").sum())
    partial = int((book["crosswalk_status"] == "partial").sum())
    moved = (
        f"moved from {start} to {relationship.target_level} areas of {to}: {len(book):,} areas, "
        f"{split:,} of them with parts of divided areas, {partial:,} incomplete"
    )
    text = [moved]
    for basis in bases:
        weights = relationship.weights(basis)
        divided = weights[weights["weight"] < 1 - 1e-9]
        used = divided.groupby("basis")["source"].nunique()
        for name, number in used.items():
            if name == "equal parts":
                text.append(f"{number:,} divided in equal parts: nothing is known of their parts")
                continue
            wording = relationship.bases.get(str(name), f"{name} weights")
            instead = "" if name == basis else f" for want of {basis}"
            text.append(f"{number:,} divided by {name}{instead}: {wording}")
    return text
