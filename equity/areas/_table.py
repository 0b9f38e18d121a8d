"""Moving a checked table along links: counts, margins, shares, medians, statuses."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from equity import provenance
from equity.areas._arrays import Floats
from equity.areas._columns import Moved, move_columns
from equity.areas._implied import with_numerators, without_numerators
from equity.areas._move import Flags, Links
from equity.areas._pieces import keep
from equity.areas._unknown import Prepared, Unknown, prepare
from equity.areas.medians import MedianBins, grouped_median
from equity.areas.rates import moe_ratio, moe_share
from equity.areas.recode import same_place
from equity.areas.relationship import BASES, Relationship
from equity.areas.roles import Roles, roles_of
from equity.areas.schema import base_name, columns, companion, describe, split_suffix
from equity.areas.table import area_status, water_rows
from equity.errors import InputError, MissingColumnError
from equity.language import said

Medians = Mapping[str, MedianBins | tuple[Sequence[str], Sequence[tuple[float, float]]]]
"""Median column -> what it is rebuilt from."""

_OWN = ("area_status", "crosswalk_status", "split_share", "geo_id")


def move(
    table: pd.DataFrame,
    relationship: Relationship,
    *,
    to: str,
    counts: Mapping[str, str] | None = None,
    ratios: Mapping[str, tuple[str, str]] | None = None,
    medians: Medians | None = None,
    drop: Collection[str] = (),
    zero_rule: bool = True,
    unknown: Unknown = "missing",
    leave_rest: bool = False,
) -> pd.DataFrame:
    """Move a checked table along links that start from it; see `equity.crosswalk`.

    With `leave_rest`, columns that neither add up nor can be rebuilt stay behind, which a note
    says.
    """
    level = relationship.source_level
    dropped = [*drop, *_published_medians(table, medians)]
    table, implied, shares = with_numerators(table, [*(counts or {}), *(ratios or {}), *dropped])
    counts, ratios = {**(counts or {}), **implied}, {**(ratios or {}), **shares}
    roles = roles_of(
        table.drop(columns=list(_OWN), errors="ignore"),
        counts=counts,
        ratios=ratios,
        drop=dropped,
        leave_rest=leave_rest,
    )
    notes = _left_behind(table, roles, dropped) if leave_rest else []
    relationship, linked, found = _linked(table, relationship, roles, level)
    rows = table if linked.all() else table[linked]
    prepared = prepare(rows, roles, level=level, counts=counts, unknown=unknown)
    bases = sorted(set(roles.counts.values()), key=BASES.index) or ["population"]
    result, book, moved = _moved(rows, prepared, relationship, bases, zero_rule=zero_rule)
    _add_medians(result, medians)
    result = result[_ordered(table, result)].join(book)
    if "area_status" in table.columns and relationship.target_level == level:
        provenance.stamp(result, level=level)
        result["area_status"] = area_status(result)
    notes = [*_notes(relationship, bases, book, to), *found, *prepared.notes(), *notes]
    if moved.joint:
        notes.append(
            said(
                "the table no longer says which areas its {n} parts of divided areas come from: "
                "their margins are added as they are, which is the most that they can be",
                n=f"{moved.joint:,}",
            )
        )
    result, notes = without_numerators(result, notes, shares)
    result = provenance.carry(result, table, notes=notes)
    keep(result, f"parts of {level} areas of {relationship.source_vintage}", moved.blocks)
    known = provenance.meta(result)
    return provenance.stamp(
        result,
        level=relationship.target_level,
        geo_vintage=to,
        sources=[*known.sources, *relationship.sources],
        notes=known.notes,
    )


def _left_behind(table: pd.DataFrame, roles: Roles, dropped: Collection[str]) -> list[str]:
    """Say which columns stay behind, without the margins and statuses of others."""
    names = [n for n in roles.left if n not in dropped and n != "geometry"]
    names = [n for n in names if base_name(n) == n or base_name(n) not in table.columns]
    numeric = [n for n in names if table[n].dtype.kind in "iuf"]
    text = []
    if known := _without(numeric, roles.unknown):
        text.append(f"left behind, as they do not add up: {_listed(known)}")
    if asked := _without(numeric, known):
        text.append(
            f"left behind, as it is not known whether they add up: {_listed(asked)}; counts=, "
            "ratios= or drop= says so"
        )
    if len(names) > len(numeric):
        text.append(f"left behind, as text or flags: {_listed(_without(names, numeric))}")
    return text


def _without(names: list[str], others: list[str]) -> list[str]:
    return [name for name in names if name not in others]


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return ", ".join(names[:8]) + more


def _published_medians(table: pd.DataFrame, medians: Medians | None) -> list[str]:
    """Columns of the table that are computed again from bins."""
    names = [n for median in medians or {} for n in (median, companion(median, "_moe"))]
    return [name for name in names if name in table.columns]


def _add_medians(result: pd.DataFrame, medians: Medians | None) -> None:
    """Compute medians again from the counts in their bins."""
    for name, given in (medians or {}).items():
        median = MedianBins(*given)
        absent = [column for column in median.columns if column not in result.columns]
        if absent:
            raise MissingColumnError(f"no count {absent[0]!r} to rebuild {name} from")
        found: Any = grouped_median(
            result[list(median.columns)],
            median.bins,
            sampling_percent=median.sampling_percent,
            design_factor=median.design_factor,
        )
        result[name] = found["median"]
        result[companion(name, "_moe")] = found["moe"]
        result[companion(name, "_status")] = found["status"]


def _linked(
    table: pd.DataFrame, relationship: Relationship, roles: Roles, level: str
) -> tuple[Relationship, Flags, list[str]]:
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
        notes.append(
            said("{n} areas found under their former county's code", n=f"{len(renamed):,}")
        )
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
        notes.append(
            said(
                "{n} empty areas without a link left out ({water} of water)",
                n=f"{len(lost):,}",
                water=f"{water:,}",
            )
        )
    return relationship, linked, notes


def _among(ids: pd.Index, known: pd.Series) -> Flags:
    return np.asarray(pd.Index(pd.unique(known)).get_indexer(ids) >= 0)


def _moved(
    table: pd.DataFrame,
    prepared: Prepared,
    relationship: Relationship,
    bases: list[str],
    *,
    zero_rule: bool,
) -> tuple[pd.DataFrame, pd.DataFrame, Moved]:
    """Move every basis by its own weights; `table` are the rows as they came."""
    reached = table.index.get_indexer(pd.Index(relationship.links["source"])) >= 0
    targets = pd.Index(np.sort(relationship.links.loc[reached, "target"].unique()), name="geoid")
    moved = Moved()
    book = pd.DataFrame({"crosswalk_status": "whole", "split_share": 0.0}, index=targets)
    for basis in bases:
        weights = relationship.weights(basis)
        links, missing = _links(weights, table.index, targets)
        names = [c for c, b in prepared.roles.counts.items() if b == basis]
        first = table[names[0]].to_numpy(dtype="float64", na_value=np.nan) if names else None
        _mark(book, links, missing, first)
        move_columns(table, prepared, links, moved, names=names, zero_rule=zero_rule)
        own = prepared.roles.with_margins(names)
        moved.columns.update({c: np.where(missing, np.nan, moved.columns[c]) for c in own})
    result = pd.DataFrame(moved.columns, index=targets)
    moved.columns.clear()  # a whole table of its own
    _rebuild(result, prepared)
    result = result.drop(columns=[n for n in prepared.helpers if n in result.columns])
    if prepared.roles.ratios:
        result = result.copy()  # one block again: they came one by one
    _statuses(result, table, relationship, book)
    result = _mark_partial(result, prepared, moved)
    return result, book, moved


def _links(weights: pd.DataFrame, rows: pd.Index, targets: pd.Index) -> tuple[Links, Flags]:
    """Links among the rows there are, and targets that lack a contributor.

    An area that is not in the table has no row to give; what it would have given is unknown.
    """
    target = targets.get_indexer(pd.Index(weights["target"]))
    source = rows.get_indexer(pd.Index(weights["source"]))
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


def _mark(book: pd.DataFrame, links: Links, missing: Flags, first: Floats | None) -> None:
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


def _rebuild(result: pd.DataFrame, prepared: Prepared) -> None:
    """Divide moved numerators by moved denominators, with margins where both have one."""
    margins = prepared.roles.margins
    for name, pair in prepared.roles.ratios.items():
        top, bottom = prepared.parts.get(name, pair)
        with np.errstate(divide="ignore", invalid="ignore"):
            value = result[top].to_numpy() / result[bottom].to_numpy()
        result[name] = np.where(result[bottom] == 0, np.nan, value)
        if top in margins and bottom in margins:
            four = result[top], result[margins[top]], result[bottom], result[margins[bottom]]
            part = not (result[top] > result[bottom] * (1 + 1e-9)).any()
            owner = margins.get(name, companion(name, "_moe"))
            result[owner] = moe_share(*four, rule="steady") if part else moe_ratio(*four)


def _statuses(
    result: pd.DataFrame, table: pd.DataFrame, relationship: Relationship, book: pd.DataFrame
) -> None:
    """Carry status columns: why a value is missing, or that it was moved."""
    names = [c for c in table.columns if str(c).endswith("_status") and c not in _OWN]
    owners = {c: owner for c in names if (owner := _owner(c, result.columns)) is not None}
    if not owners:
        return
    pairs = relationship.links[["source", "target"]]
    pairs = pairs[pairs["source"].isin(table.index)]
    for name, owner in owners.items():
        said = pairs["source"].map(table[name].astype(object))
        reason = said[said.notna() & (said != "ok")]
        first = reason.groupby(pairs.loc[reason.index, "target"].to_numpy()).first()
        why = first.reindex(result.index)
        moved = pd.Series(
            np.where(book["crosswalk_status"] == "whole", "ok", "crosswalked"), index=result.index
        )
        # A word on how a value was got (a bound, a part) is true of a sum that holds such values.
        # That nobody lives in one of its areas is not.
        valued = reason[reason != "no_population"]
        valued = valued[pairs.loc[valued.index, "source"].map(table[owner].notna())]
        how = valued.groupby(pairs.loc[valued.index, "target"].to_numpy()).first()
        moved = how.reindex(result.index).fillna(moved)
        unknown = result[owner].isna()
        result[name] = np.where(unknown, why.fillna("unknown"), moved)


def _owner(status: str, there: pd.Index) -> str | None:
    """Return the column that a status is told of: its own, or the first of those that share it."""
    if base_name(status) in there:
        return base_name(status)
    (told,) = describe([status])
    if not told.how:
        return None
    stem, suffix = split_suffix(status)
    shared = (c.name + suffix for c in columns().values() if c.status == stem)
    return next((name for name in shared if name in there), None)


def _mark_partial(result: pd.DataFrame, prepared: Prepared, moved: Moved) -> pd.DataFrame:
    """Say in a status that a sum leaves areas out; a status is added where the table has none."""
    statuses = {}
    for name, rows in moved.partial.items():
        if name in prepared.base or not rows.any():
            continue
        status = companion(name, "_status")
        unknown = result[name].isna()
        said = (
            result[status]
            if status in result.columns
            else pd.Series(np.where(unknown, "unknown", "ok"), index=result.index)
        )
        statuses[status] = said.mask(rows & ~unknown.to_numpy(), "partial")
    there = {name: said for name, said in statuses.items() if name in result.columns}
    more = pd.DataFrame({k: v for k, v in statuses.items() if k not in there}, index=result.index)
    whole = pd.concat([result.assign(**there), more], axis=1)  # at once: hundreds of columns
    whole.attrs = result.attrs
    return whole


def _ordered(table: pd.DataFrame, result: pd.DataFrame) -> list[str]:
    """Columns in the table's order, new ones at the end."""
    kept = [c for c in table.columns if c in result.columns]
    return [*kept, *(c for c in result.columns if c not in kept)]


def _notes(relationship: Relationship, bases: list[str], book: pd.DataFrame, to: str) -> list[str]:
    """Say by what weights the figures moved, and how much of them by which."""
    split = int((book["crosswalk_status"] == "crosswalked").sum())
    partial = int((book["crosswalk_status"] == "partial").sum())
    moved = said(
        "moved from {level} areas of {vintage} to {other} areas of {to}: {n} areas, {split} of "
        "them with parts of divided areas, {partial} incomplete",
        level=relationship.source_level,
        vintage=relationship.source_vintage,
        other=relationship.target_level,
        to=to,
        n=f"{len(book):,}",
        split=f"{split:,}",
        partial=f"{partial:,}",
    )
    text: list[str] = [moved]
    for basis in bases:
        weights = relationship.weights(basis)
        divided = weights[weights["weight"] < 1 - 1e-9]
        used = divided.groupby("basis")["source"].nunique()
        for name, number in used.items():
            if name == "equal parts":
                text.append(
                    said(
                        "{n} divided in equal parts: nothing is known of their parts",
                        n=f"{number:,}",
                    )
                )
                continue
            wording = relationship.bases.get(str(name), f"{name} weights")
            values = {"n": f"{number:,}", "basis": str(name), "how": wording}
            text.append(
                said("{n} divided by {basis}: {how}", **values)
                if name == basis
                else said(
                    "{n} divided by {basis} for want of {other}: {how}", other=basis, **values
                )
            )
    return text
