"""Candidate projects: from a table, or drawn up from the areas and what one of a thing costs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from equity.areas.words import number, plural, sentence_list
from equity.errors import InputError, MissingColumnError
from equity.files.delimited import read_text_table
from equity.funding._cover import FIXES
from equity.funding._tables import need_source, own_source, refuse_rows, text, yes
from equity.funding.costs import ITEMS, QUESTIONED_USD
from equity.funding.gains import gains_of, without_covered
from equity.language import tr, trn
from equity.measures.checks import checked_column, need_gap_inputs
from equity.provenance import carry, stamp
from equity.sources.area_rows import require_columns, to_numbers

__all__ = ["checked_projects", "draw_up_projects", "read_projects"]

_OUTLYING = 20.0
"""A project that costs so many times the middle one of its table, a line or home, is questioned."""
_LEAST_USD = 1.0
"""A line or a home that costs less than this is questioned."""
_FEWEST = 5
_SOMEBODY = 0.5
"""A candidate that brings in fewer people, told as 0, is not drawn up: a spare budget buys it."""
_ABOUT = ("cost_source", "cost_as_of", "cost_note")
_NEED = (
    "qualifying_share", "connected_share", "device_share", "locations_n", "qualifying_n",
    "households_n",
)  # fmt: skip

_BROUGHT_BY = {
    "locations_n": "give [coverage] of a file that counts locations",
    "qualifying_n": "give [coverage] of a file that counts locations by their lines",
    "households_n": 'give it in a [[tables]] of the study, households_n = { column = "…", unit = '
    '"count" }, and run it again',
}

Floats = npt.NDArray[np.float64]


def read_projects(path: str | Path) -> pd.DataFrame:
    """Read a table of candidate projects.

    Parameters
    ----------
    path
        CSV or XLSX with ``project_id``, ``name``, ``fixes`` (``line``, ``home`` or ``line+home``),
        ``areas`` (ids with spaces or semicolons between), ``cost_usd`` (what the funder pays, all
        years, above 0) and ``cost_source``; if wanted ``exclusive_group`` (one of each is chosen
        at most), ``county`` (where the cost counts for a cap: five digits or the run's own name of
        a county that it reaches; otherwise the first area's),
        ``cost_as_of``, ``cost_note``, ``made_up`` and ``confirmed`` (yes: an outlying cost is
        meant). :func:`write_cost_template` writes an empty one.

    Returns
    -------
    pandas.DataFrame
        By ``project_id``, ``areas`` a tuple of ids, for :func:`equity.portfolio`.

    Raises
    ------
    InputError
        If a cell is no number, or neither yes nor no, an id stands twice, or a cost has no source.
    MissingColumnError
        If a column is missing.
    """
    frame = read_text_table(path)
    require_columns(frame, ("project_id", "fixes", "areas", "cost_usd", "cost_source"), path)
    frame = frame.apply(lambda column: column.str.strip())
    refuse_rows(frame["project_id"] == "", "a project has no project_id", path)
    refuse_rows(
        frame["project_id"].duplicated(keep=False), "a project_id stands twice", path,
        fix="give each project an id of its own",
    )  # fmt: skip
    need_source(frame, path)
    result = pd.DataFrame(index=pd.Index(frame["project_id"], name="project_id"))
    for name in ("name", "fixes", "exclusive_group", "county", *_ABOUT):
        result[name] = text(frame, name).to_numpy()
    result["name"] = result["name"].where(result["name"] != "", result.index.to_series())
    result["areas"] = [_ids(cell) for cell in frame["areas"]]
    result["cost_usd"] = to_numbers(frame, {"cost_usd": "cost_usd"}, path)["cost_usd"].to_numpy()
    for name in ("made_up", "confirmed"):
        result[name] = yes(frame, name, path).to_numpy()
    return stamp(result, sources=[own_source(path, "candidate projects", result)])


def draw_up_projects(
    table: pd.DataFrame, costs: pd.DataFrame, *, covered: pd.Series | str | None = None
) -> pd.DataFrame:
    """Draw up what could be done in each area: a line, a connected home, or both.

    Parameters
    ----------
    table
        Area table of :func:`equity.recover` with ``locations_n``, ``qualifying_n`` and
        ``households_n``; ``name`` and ``subscription_share`` if known.
    costs
        From :func:`read_costs`.
    covered
        As for :func:`equity.portfolio`: lines that need not be bought.

    Returns
    -------
    pandas.DataFrame
        As of :func:`read_projects`, one row for each thing that would bring somebody in, an area's
        own in one exclusive group. A line is bought for every location without one, a device and
        a subscription for every home that lacks it, near care or not. What would bring in less
        than half a person is not drawn up. Areas without the count that a cost is per are left
        out. Notes of the table say how many areas have no candidate for either reason.

    Raises
    ------
    InputError
        If the costs do not price what is asked for in some area, name a place in which there is
        none, or are per something that no area has a count of; or if nothing can be drawn up.
    MissingColumnError
        If a column is missing.

    Notes
    -----
    Where neither a line nor a home alone brings anybody in, there is only the two together.

    Examples
    --------
    >>> areas = pd.DataFrame(
    ...     {"population_n": [1200.0], "beyond_reach_share": [1.0], "qualifying_share": [0.2],
    ...      "connected_share": [0.4], "device_share": [0.5], "locations_n": [500.0],
    ...      "qualifying_n": [100.0], "households_n": [450.0]}, index=["51001000100"])
    >>> from equity.funding.costs import made_up_costs
    >>> drawn_up = draw_up_projects(areas, made_up_costs())
    >>> drawn_up[["fixes", "cost_usd"]].round().values.tolist()
    [['line', 1800000.0], ['line+home', 2261538.0]]
    """
    need_gap_inputs(table, _NEED)
    table = without_covered(table, covered).table
    gains = gains_of(table)
    lacks = _lacking(table)
    ids = table.index.astype(str)
    usd: dict[str, Floats] = {}
    for item in ITEMS:
        usd[item] = _by_area(costs, item, ids) * lacks[item].to_numpy()
    home = usd["device"] + usd["subscription"]
    price = {"line": usd["line"], "home": home, "line+home": usd["line"] + home}
    parts = []
    notes = []
    names = _names(table)
    uncounted = _uncounted(table)
    few = pd.Series(data=False, index=gains.index)
    apart = gains["line"].fillna(0.0) + gains["home"].fillna(0.0)
    for fixes in FIXES:
        here = gains[fixes] > 0.5e-9
        few |= here & (gains["line+home"] < _SOMEBODY)
        here &= gains[fixes] >= _SOMEBODY
        if fixes == "line+home":
            here &= gains[fixes] > apart * (1 + 1e-9)
        here &= gains[fixes].notna()
        without = uncounted[fixes]
        if lost := ids[here & without].tolist():
            notes.append(_left_out(fixes, lost))
        chosen = (here & ~without).to_numpy()
        part = pd.DataFrame(index=pd.Index([f"{i}:{fixes}" for i in ids[chosen]]))
        part["name"] = names.to_numpy()[chosen]
        part["fixes"] = fixes
        part["areas"] = [(i,) for i in ids[chosen]]
        part["cost_usd"] = price[fixes][chosen]
        part["exclusive_group"] = ids[chosen]
        part["county"] = [i[:5] for i in ids[chosen]]
        parts.append(part)
    result = pd.concat(parts)
    if result.empty:
        _refuse_none(gains["line+home"], notes)
    if few.any():
        notes.append(_too_few(gains["line+home"][few]))
    _priced(result)
    result["made_up"] = bool(costs["made_up"].any())
    result["confirmed"] = True
    result["cost_source"] = "; ".join(dict.fromkeys(costs["cost_source"]))
    result = result.sort_index(kind="stable").rename_axis("project_id")
    return carry(result, table, costs, notes=notes)


def checked_projects(projects: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Refuse a table of projects that no plan can be made of.

    Parameters
    ----------
    projects
        By id: ``fixes``, ``areas`` (ids), ``cost_usd``; see :func:`read_projects`.
    table
        The areas.

    Returns
    -------
    pandas.DataFrame
        The projects, what may be left out filled in.
    """
    lacking = [name for name in ("fixes", "areas", "cost_usd") if name not in projects.columns]
    if lacking:
        raise MissingColumnError(
            f"the projects lack {', '.join(lacking)}", fix="take read_projects or draw_up_projects"
        )
    if projects.empty:
        raise InputError("there is no project", fix="list at least one that brings somebody in")
    ids = projects.index
    _refuse(ids.duplicated(keep=False), ids, "a project stands twice", "give each its own id")
    unknown = ~projects["fixes"].isin(list(FIXES)).to_numpy()
    _refuse(unknown, ids, "a project fixes what there is not", f"choose from {', '.join(FIXES)}")
    cost = projects["cost_usd"].to_numpy(dtype=float, na_value=np.nan)
    _refuse(
        ~(np.isfinite(cost) & (cost > 0)), ids, "a project's cost is zero, negative or missing",
        "give what the funder pays, above 0",
    )  # fmt: skip
    known = set(table.index.astype(str))
    strange = np.array([not set(areas) <= known or not areas for areas in projects["areas"]])
    odd = next((a for areas in projects["areas"] for a in areas if a not in known), "none")
    _refuse(
        strange, ids, f"a project names an area that the table does not have ({odd})",
        "write the ids of the run's own areas, with all their digits",
    )  # fmt: skip
    result = projects.copy()
    result["areas"] = [tuple(dict.fromkeys(areas)) for areas in result["areas"]]
    for name in ("exclusive_group", "county", "name"):
        result[name] = projects[name].fillna("").astype(str) if name in projects else ""
    result["county"] = _counties(result, table)
    result["name"] = result["name"].where(result["name"] != "", ids.astype(str).to_series(ids))
    for name in ("made_up", "confirmed"):
        result[name] = projects[name].fillna(value=False) if name in projects else False
    _question(result, table)
    return carry(result, projects)


def _counties(projects: pd.DataFrame, table: pd.DataFrame) -> list[str]:
    """Return the county in which each cost counts: one that the project reaches, by its id."""
    called: dict[str, set[str]] = {}
    names: list[str] = []
    if "county_name" in table.columns:
        names = table["county_name"].fillna("").astype(str).tolist()
    for name, area in zip(names, table.index.astype(str), strict=False):
        called.setdefault(name.strip().casefold(), set()).add(area[:5])
    found, bad = [], []
    for areas, said in zip(projects["areas"], projects["county"].str.strip(), strict=True):
        reached = [area[:5] for area in areas]
        meant = called.get(said.casefold(), {said}) & set(reached) if said else {reached[0]}
        bad.append(len(meant) != 1)
        found.append(min(meant, default=""))
    _refuse(
        np.array(bad), projects.index, "county is none that the project's areas lie in",
        "write its five digits, or its name in the run, or leave it blank",
    )  # fmt: skip
    return found


def _question(projects: pd.DataFrame, table: pd.DataFrame) -> None:
    """Refuse an outlying cost of one line or home, unless it is confirmed."""
    if not set(_NEED) <= set(table.columns):
        return
    lacks = _lacking(table)
    count = {"line": lacks["line"], "home": lacks["home"]}
    count["line+home"] = lacks["line"] + lacks["home"]
    each = np.array(
        [
            cost / max(float(count[fixes].reindex(list(areas)).sum(skipna=False)), 1.0)
            for fixes, areas, cost in zip(
                projects["fixes"], projects["areas"], projects["cost_usd"], strict=True
            )
        ]
    )
    most = np.full(len(each), QUESTIONED_USD)
    for fixes in FIXES:
        here = (projects["fixes"] == fixes).to_numpy() & np.isfinite(each)
        if here.sum() >= _FEWEST:
            most[here] = np.minimum(most[here], _OUTLYING * np.median(each[here]))
    bad = ((each > most) | (each < _LEAST_USD)) & ~projects["confirmed"].to_numpy(dtype=bool)
    if bad.any():
        usd, dear = each[bad][0], most[bad][0]
        usual = f"${_LEAST_USD:,.0f} is the least" if usd < dear else f"${dear:,.0f} is the most"
        raise InputError(
            f"a project costs ${usd:,.{0 if usd >= 1 else 2}f} for each location or home that "
            f"lacks what it brings, where {usual} that is not questioned",
            rows=projects.index[bad],
            fix="check cost_usd and areas, or set confirmed",
        )


def _uncounted(table: pd.DataFrame) -> dict[str, pd.Series]:
    """Return where what a bundle is priced by is not counted; refuse a count that nobody has."""
    for name, how in _BROUGHT_BY.items():
        if len(table) and table[name].isna().all():
            raise InputError(
                f"{name} is missing in all {plural(len(table), 'area')}, and costs are for each of "
                "them",
                fix=how,
            )
    line = table[["locations_n", "qualifying_n"]].isna().any(axis=1)
    home = table[["households_n", "device_share"]].isna().any(axis=1)
    return {"line": line, "home": home, "line+home": line | home}


def _refuse_none(gain: pd.Series, notes: list[str]) -> None:
    """Say why nothing could be drawn up."""
    if gain.isna().all():
        why = f"the gap has no value in any of {plural(len(gain), 'area')}"
        fix = "look at gap_status and connected_share_status: what the study lacks"
    elif notes:
        why = "what costs are for is counted in no area with anybody in the gap"
        fix = notes[0]
    else:
        known = plural(int(gain.notna().sum()), "area")
        why = f"in none of {known} with a value would half a person or more be brought in"
        fix = "take another headline rule or limit in the study, and run it again"
    raise InputError(f"there is nothing to draw up: {why}", fix=fix)


def _too_few(gain: pd.Series) -> str:
    """Say which areas have no candidate because hardly anybody is there to be brought in."""
    return trn(
        "{n} area with less than half a person to bring in ({people} in all) has no candidate.",
        "{n} areas with less than half a person to bring in ({people} in all) have no candidate.",
        len(gain),
        n=number(len(gain)),
        people=number(gain.sum(), 1),
    )


def _left_out(fixes: str, areas: list[str]) -> str:
    """Say which areas have no candidate for want of a count."""
    homes, both = tr("households or their devices"), tr("locations, households or their devices")
    named = sentence_list(areas[:_FEWEST])
    if len(areas) > _FEWEST:
        named = tr("{names} and others", names=named)
    return trn(
        "{n} area without a count of {what} left out of the candidates for {fixes}: {names}.",
        "{n} areas without a count of {what} left out of the candidates for {fixes}: {names}.",
        len(areas),
        n=number(len(areas)),
        what={"line": tr("locations"), "home": homes}.get(fixes, both),
        fixes=fixes,
        names=named,
    )


def _names(table: pd.DataFrame) -> pd.Series:
    """Return what an area is called, with its county."""
    if "name" not in table.columns:
        return table.index.astype(str).to_series(table.index)
    names = table["name"].astype(str)
    if "county_name" not in table.columns:
        return names
    return names + (", " + table["county_name"].astype(str)).where(table["county_name"].notna(), "")


def _lacking(table: pd.DataFrame) -> pd.DataFrame:
    """Count what would have to be bought in each area."""
    line = checked_column(table, "locations_n", np.inf) - checked_column(
        table, "qualifying_n", np.inf
    )
    homes = checked_column(table, "households_n", np.inf)
    both, device = (checked_column(table, n, 1.0) for n in ("connected_share", "device_share"))
    device = np.maximum(device, both)
    subscribed = both
    if "subscription_share" in table:
        subscribed = np.maximum(checked_column(table, "subscription_share", 1.0), both)
        subscribed = np.where(np.isnan(subscribed), both, subscribed)
    no_device, no_subscription = 1 - device, 1 - subscribed
    # Where c is less than both shares allow, who lacks neither by them still lacks one.
    no_subscription = no_subscription + np.maximum(1 - both - no_device - no_subscription, 0.0)
    parts = {"line": np.maximum(line, 0.0), "device": homes * no_device}
    parts["subscription"] = homes * no_subscription
    parts["home"] = homes * (1 - both)
    return pd.DataFrame(parts, index=table.index.astype(str))


def _by_area(costs: pd.DataFrame, item: str, ids: pd.Index) -> Floats:
    """Return the unit cost in each area: that of the longest beginning of its id."""
    rows = costs[costs["item"] == item].sort_values("where", key=lambda c: c.str.len())
    nowhere = [where for where in rows["where"] if not ids.str.startswith(where).any()]
    if nowhere:
        raise InputError(
            f"the cost of a {item} is given where the table has no area", rows=nowhere,
            fix="correct where (the first digits of area ids), or leave the row out",
        )  # fmt: skip
    found = np.full(len(ids), np.nan)
    for where, usd in zip(rows["where"], rows["unit_usd"], strict=True):
        found[np.asarray(ids.str.startswith(where))] = usd
    return found


def _priced(projects: pd.DataFrame) -> None:
    unpriced = projects["cost_usd"].isna().to_numpy()
    if unpriced.any():
        raise InputError(
            f"the costs do not say what {plural(int(unpriced.sum()), 'project')} would cost",
            rows=projects.index[unpriced],
            fix=f"give costs of {', '.join(ITEMS)} everywhere, or leave these areas out",
        )
    free = projects["cost_usd"].to_numpy() <= 0
    _refuse(free, projects.index, "a project would cost nothing", "give costs above 0")


def _ids(cell: str) -> tuple[str, ...]:
    parts = cell.replace(";", " ").replace(",", " ").split()
    return tuple(dict.fromkeys(part.rpartition("US")[2] for part in parts))


def _refuse(bad: npt.NDArray[np.bool_], ids: pd.Index, what: str, fix: str) -> None:
    if bad.any():
        raise InputError(what, rows=ids[bad].unique(), fix=fix)
