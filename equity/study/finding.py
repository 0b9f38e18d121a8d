"""What a study's numbers say, in words: the content that every output is made from."""

from __future__ import annotations

from typing import Any

import pandas as pd

from equity.areas.moe import moe_sum
from equity.areas.schema import status_of_word, statuses
from equity.areas.words import count, plural, sentence_list, share
from equity.measures.gap import PARTS, gap_totals
from equity.outputs.report import Report
from equity.provenance import meta, software
from equity.study import prose as words
from equity.study.record import Record

__all__ = ["build_report"]

_PART_WORDS = {
    "gap_infrastructure_n": "no qualifying line reaches the home",
    "gap_device_n": "a line is there but the home has no device",
    "gap_subscription_n": "a line and a device are there but no subscription",
}
# Where nobody knows about the line, nothing is said about it.
_HOME_WORDS = {
    "gap_device_n": "the home has no device",
    "gap_subscription_n": "the home has a device but no subscription",
}
_FIRST, _ELSE, _ALL = "under-resourced communities", "everywhere else", "all"
_TOTALS = ("gap_n", *PARTS)
_BEYOND = "subscribed_beyond_rule_share"


def build_report(result: Record) -> Report:
    """Return the content of a run's page and documents."""
    table, plan = result.table, result.plan
    ranked = table[table["gap_status"] == "ok"].sort_values(
        ["gap_n", "population_n"], ascending=False, kind="stable"
    )
    focus = ranked[ranked["is_under_resourced"] & ranked["falls_short"]]
    others = ranked.drop(index=focus.index)
    comparison = _comparison(ranked)
    by_rule = _by_rule(result)
    return Report(
        title=plan.study.title,
        synthetic=result.synthetic,
        finding=_finding(result, focus, comparison, by_rule),
        table=table,
        focus=tuple(focus.index),
        others=tuple(others.index),
        unranked=_unranked(table),
        rules=tuple(
            {
                "id": rule.id,
                "title": rule.title,
                "date": rule.date,
                "citation": rule.citation,
                "confidence": rule.confidence,
                "text": " ".join(part for part in (rule.describe(), rule.note) if part),
                "headline": rule.id == plan.study.headline,
            }
            for rule in result.rules
        ),
        by_rule=by_rule,
        comparison=comparison,
        criteria=_criteria(result),
        method=_method(result),
        limits=_limits(result),
        sources=result.sources,
        software=software(),
        study_toml=result.text,
        outlines=result.outlines,
        sites=_sites_nearby(result),
        areas_label=_areas_label(plan.study.level),
        sites_label=_sites_label(result),
    )


def _areas_label(level: str) -> str:
    return {"tract": "census tracts", "block_group": "block groups", "county": "counties"}[level]


def _sites_label(result: Record) -> str:
    return sentence_list([part.label for part in result.plan.sites if part.use != "capacity"])


def _sites_nearby(result: Record) -> Any:
    """Keep the sites inside the areas, and those beyond that are somebody's nearest.

    Distances were measured to all of them; a map of every site next door would hide the state.
    """
    areas = result.table[["geometry"]].dropna()
    inside = result.sites.sjoin(areas, predicate="within").index
    nearest = result.table["nearest_site_id"].dropna()
    return result.sites[result.sites.index.isin({*inside, *nearest})]


def _comparison(ranked: Any) -> pd.DataFrame:
    first = ranked["is_under_resourced"].astype(bool)
    groups = {_FIRST: ranked[first], _ELSE: ranked[~first], _ALL: ranked}
    frame = pd.DataFrame({name: gap_totals(part) for name, part in groups.items()}).T
    return frame[["areas_n", "population_n", "gap_n", "gap_share", *PARTS]]


def _by_rule(result: Record) -> pd.DataFrame:
    rows, notes = {}, {}
    for rule in result.rules:
        suffix = "" if rule.id == result.plan.study.headline else rule.suffix
        names = {f"{name}{suffix}": name for name in (*_TOTALS, _BEYOND)}
        part = result.table[["population_n", "households_n", *names]].rename(columns=names)
        rows[rule.id] = [*gap_totals(part)[[*_TOTALS, "gap_share"]], _over_homes(part)]
        notes[rule.id] = _rule_note(result.table, suffix)
    frame = pd.DataFrame.from_dict(
        rows, orient="index", columns=[*_TOTALS, "gap_share", _BEYOND], dtype=float
    )
    return frame.assign(note=pd.Series(notes))


def _over_homes(part: pd.DataFrame) -> float:
    """Return the mean of a share of homes over all areas, weighted by homes."""
    homes = part["households_n"].fillna(part["population_n"]).where(part[_BEYOND].notna())
    total = homes.sum()
    return float((part[_BEYOND] * homes).sum() / total) if total else float("nan")


def _rule_note(table: Any, suffix: str) -> str:
    said = set(table[f"coverage_status{suffix}"].astype(str))
    notes = [status.gap for word, status in statuses().items() if word in said and status.gap]
    if table[f"gap_n{suffix}"].isna().all():
        notes.append("cannot be computed: the inputs do not tell these subscriptions apart")
    return "; ".join(notes)


def _finding(
    result: Record, focus: Any, comparison: pd.DataFrame, by_rule: pd.DataFrame
) -> tuple[str, ...]:
    title = result.plan.study.title
    first, rest = comparison.loc[_FIRST], comparison.loc[_ELSE]
    if not first["areas_n"]:
        headline = (
            f"{title}: no community with a value meets the study's definition of under-resourced."
        )
        return (headline, _everyone(comparison))
    in_focus = gap_totals(focus)
    if not len(focus):
        headline = (
            f"{title}: no under-resourced community falls short of care in person and by video "
            "beyond the study's cut-off."
        )
        return (headline, _rates(first, rest), _everyone(comparison))
    communities = plural(len(focus), "under-resourced community", _FIRST)
    headline = (
        f"{title}: in {communities} about {count(in_focus['gap_n'])} people lack adequate care in "
        f"person and could not make a video visit, {share(in_focus['gap_share'])} of those who "
        "live there."
    )
    floor = (words.NO_LINES,) if result.plan.coverage.kind == "unknown" else ()
    return (
        headline,
        *floor,
        _what_is_missing(in_focus),
        _how_sure(focus),
        _rates(first, rest),
        _everyone(comparison),
        _range(by_rule),
    )


def _what_is_missing(totals: pd.Series) -> str:
    known = [(totals[name], name) for name in PARTS if pd.notna(totals[name])]
    parts = sorted(known, reverse=True)
    texts = _PART_WORDS if len(known) == len(PARTS) else _PART_WORDS | _HOME_WORDS
    said = [
        f"for {count(value)} ({share(value / totals['gap_n'])}) {texts[name]}"
        for value, name in parts
        if value > 0
    ]
    return f"Of these, {sentence_list(said)}."


def _how_sure(focus: Any) -> str:
    if focus["gap_n_moe"].isna().any():
        return "How sure that is cannot be said: survey tables came without margins of error."
    margin = moe_sum(focus["gap_n"].to_numpy(), focus["gap_n_moe"].to_numpy())
    return (
        f"The survey's margin on that number is ± {count(margin)} people (90 %); errors of "
        "coverage filings and travel estimates come on top and are not known."
    )


def _rates(first: pd.Series, rest: pd.Series) -> str:
    text = (
        f"Over all under-resourced communities the gap is {share(first['gap_share'])} of residents"
    )
    if not rest["areas_n"]:
        return f"{text}; every community with a value is one of them."
    return f"{text}, everywhere else {share(rest['gap_share'])}."


def _everyone(comparison: pd.DataFrame) -> str:
    all_areas = comparison.loc[_ALL]
    return (
        f"In all {plural(int(all_areas['areas_n']), 'area')} with a value, home to "
        f"{count(all_areas['population_n'])} people, the gap is {count(all_areas['gap_n'])} people "
        f"({share(all_areas['gap_share'])})."
    )


def _range(by_rule: pd.DataFrame) -> str:
    known = by_rule["gap_n"][by_rule["gap_n"] > 0]
    if len(known) < 2:
        return "Only one of the rules can be computed from these inputs."
    low, high = known.idxmin(), known.idxmax()
    if known[low] == known[high]:
        return f"The rules that can be computed give the same size: {count(known[low])} people."
    at_most = "at most " if by_rule.loc[low, "note"].startswith("at most") else ""
    return (
        f"Which lines and subscriptions count decides the size: from {at_most}{count(known[low])} "
        f"people ({low}) to {count(known[high])} ({high})."
    )


def _criteria(result: Record) -> tuple[str, ...]:
    plan = result.plan
    needed = plan.under_resourced.at_least
    several = len(plan.under_resourced.criteria) > 1
    head = f"At least {needed} of these:" if several else "Exactly this:"
    lines = [f"{head} {sentence_list([c.label for c in plan.under_resourced.criteria])}."]
    cut = plan.falls_short.gap_share_at_least
    enough = "the study's overall rate" if cut is None else f"{share(cut)} of residents"
    lines.append(f"A community falls short if its gap is at least {enough}.")
    return tuple(lines)


def _unranked(table: Any) -> pd.DataFrame:
    rest = table[table["gap_status"] != "ok"]
    why = rest["gap_status"].where(rest.get("area_status", "") != "water", "water")
    reason = why.map(lambda word: status_of_word(word).area or status_of_word(word).words)
    people = rest["population_n"]
    # An empty column has no type of its own: a state may rank every area.
    residents = people.map(lambda n: f"{n:,.0f} residents").astype(str)
    reason = reason.astype(str).where(~(people > 0), reason.astype(str) + "; " + residents)
    return pd.DataFrame({"name": _label(rest), "reason": reason}, index=rest.index)


def _label(table: Any) -> pd.Series:
    county = table["county_name"].where(table["county_name"] == "", ", " + table["county_name"])
    return table["name"] + county


def _method(result: Record) -> tuple[tuple[str, str], ...]:
    care = result.plan.care
    if care.method == "travel":
        person = words.BY_TRAVEL.format(sites=_sites_label(result), limit=care.limit_min)
    else:
        person = words.BY_CATCHMENT.format(
            limit=care.limit_min, people=care.benchmark_people_per_fte
        )
    return (
        ("The measure", words.MEASURE),
        ("Its parts", words.PARTS),
        ("Care in person", person),
        ("Need stays outside", words.NEED),
        ("Margins", words.MARGINS),
        ("What was read and joined", _read_and_joined(result)),
    )


def _limits(result: Record) -> tuple[str, ...]:
    table = result.table
    limits = [
        words.OVER_REPORTED,
        words.BEST_CASE.format(ceiling=count(table["gap_ceiling_n"].sum())),
        words.BEYOND_RULE,
        words.TRAVEL,
        words.SITES,
        words.PLACES,
    ]
    if table["gap_n_moe"].isna().all():
        limits.append(words.NO_MARGINS)
    lost = table[(table["gap_status"] != "ok") & (table["population_n"] > 0)]
    if len(lost):
        limits.append(
            f"{count(lost['population_n'].sum())} people live in {plural(len(lost), 'area')} "
            "without a value; they are in no total."
        )
    limits += result.plan.notes
    return tuple(limits)


def _read_and_joined(result: Record) -> str:
    """Return what the readers and joins had to say, each as a sentence."""
    notes = [note.rstrip(".") for note in meta(result.table).notes]
    return " ".join(f"{note[:1].upper()}{note[1:]}." for note in notes)
