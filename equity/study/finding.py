"""What a study's numbers say, in words: the content that every output is made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import pandas as pd

from equity.areas.join import combine
from equity.areas.schema import status_of_word, statuses
from equity.areas.words import about, count, is_missing, number, sentence_list, share
from equity.language import ENGLISH, decimal, language, mark, own_words, tr, trn
from equity.measures.standing import reasons
from equity.outputs.appendix import asked_columns
from equity.outputs.report import Report
from equity.provenance import meta, software
from equity.sources.care.kinds import kinds_in_words
from equity.study import prose as words
from equity.study import totals
from equity.study.care import sites_that_count
from equity.study.levels import DISTRICT, at_level
from equity.study.minutes import limits_of_minutes, minutes_known
from equity.study.parts import CarePart, StudyPlan
from equity.study.places import columns_of_criteria, places
from equity.study.program import tested
from equity.study.record import Record
from equity.study.sentences import beyond_words, finding, sites_words
from equity.study.sheet_places import kinds_of_care, measures_of

__all__ = ["build_report"]


def build_report(result: Record, *, levels: Mapping[str, gpd.GeoDataFrame] | None = None) -> Report:
    """Return the content of a run's page and documents; `levels` are its own by default."""
    table, plan = combine(result.table, result.choices.areas), result.plan
    ranked = table[table["gap_status"] == "ok"].sort_values(
        ["gap_n", "population_n"], ascending=False, kind="stable"
    )
    focus = ranked[ranked["is_under_resourced"] & ranked["falls_short"]]
    others = ranked.drop(index=focus.index)
    compared = totals.comparison(ranked, result.rest)
    counted = totals.counts(ranked, result.interval)
    fixed, ruled = totals.fixes(ranked, focus), totals.by_rule(result)
    told, recorded = _told(result, ranked), {}
    if result.lang != ENGLISH:
        with language(ENGLISH):
            recorded = _told(result, ranked)
    return Report(
        title=told["title"],
        lang=result.lang,
        synthetic=result.synthetic,
        finding=finding(result, counted, compared, fixed, focus=focus, ruled=ruled),
        counts=counted,
        kinds=totals.kinds(result, ranked),
        fixes=fixed,
        overlaps=totals.overlaps(result, ranked),
        settings=totals.settings(result),
        gaps=result.choices.gaps,
        practices=result.practices,
        table=table,
        focus=tuple(focus.index),
        others=tuple(others.index),
        unranked=_unranked(table),
        rules=told["rules"],
        by_rule=ruled.assign(note=_rule_notes(result)),
        rest=_rest(result),
        comparison=compared.rename(index=_compared_in_words(result)),
        criteria=told["under_resourced"],
        criteria_columns=columns_of_criteria(plan),
        how_likely=_how_likely(plan, focus),
        method=_method(result),
        # Those of the table are English already.
        reasons=None if result.lang == ENGLISH else reasons(table, plan.under_resourced.tests),
        limits=told["limits"],
        recorded=recorded,
        notes=tuple(map(own_words, plan.notes)),
        sources=result.sources,
        software=software(),
        study_toml=result.text,
        outlines=result.outlines,
        sites=_sites_nearby(result),
        credits=result.credits,
        minutes_known=minutes_known(result),
        levels=_levels(result) if levels is None else levels,
        areas_label=_LEVELS[plan.study.level],
        sites_label=_sites_label(result),
        disparities=totals.disparities(plan, ranked),
        held=totals.held(ranked, focus),
        fifths=totals.fifths(plan, ranked),
        by_person=totals.by_person(result, ranked),
        need=totals.need(result, ranked, focus),
        race_in_appendix=plan.study.race_in_appendix,
        programs=tested(result.table, plan, result.application) if levels is None else {},
        application=result.application,
        appendices=_appendices(plan) if levels is None else (),
        places=places(result, asked_columns()) if levels is None else None,
    )


def _told(result: Record, ranked: pd.DataFrame) -> dict[str, Any]:
    """Return what page and record both say, in the language that is being written."""
    return {
        "title": result.title,
        "rules": tuple(
            {
                "id": rule.id,
                "title": rule.title,
                "date": rule.date,
                "citation": rule.citation,
                "confidence": rule.confidence,
                "text": " ".join(part for part in (rule.describe(), tr(rule.note)) if part),
                "headline": rule.id == result.plan.study.headline,
                "qualifying": "/".join(f"{n:g}" for n in rule.qualifying),
                "subscription": rule.subscription,
                "speeds": [f"{a:g}/{b:g}" for a, b in (rule.underserved, rule.served)],
            }
            for rule in result.rules
        ),
        "under_resourced": _criteria(result),
        "limits": (*_limits(result), *totals.unknown_people(ranked)),
    }


def _rest(result: Record) -> dict[str, object] | None:
    """Return the measures of what lies outside the area, those that are known."""
    if result.rest is None or not len(result.rest):
        return None
    found = measures_of(result.rest, kinds_of_care(result.plan))
    return {name: value for name, value in found.items() if not is_missing(value)}


def _appendices(plan: StudyPlan) -> tuple[str, ...]:
    return () if plan.application is None else tuple(plan.application.programs)


def _compared_in_words(result: Record) -> dict[str, str]:
    """Return what the rows of the comparison are called, of an area too."""
    names = (
        totals.FIRST, totals.ELSEWHERE, totals.ALL, totals.DIFFERENCE, totals.DIFFERENCE_FROM_REST,
    )  # fmt: skip
    said = {name: tr(name) for name in names}
    if not result.within:
        return said
    assert result.area is not None, "what is within"
    return said | {
        totals.FIRST: tr("under-resourced communities in the area"),
        totals.ELSEWHERE: tr("everywhere else in the area"),
        totals.ALL: tr("all of the area"),
        totals.REST: result.area.rest,
    }


def _levels(result: Record) -> dict[str, gpd.GeoDataFrame]:
    """Return the larger areas that a run writes: counties, and the districts of a study."""
    found = {}
    if result.plan.study.level != "county":
        found["counties"] = at_level(result, "county")
    if result.area is not None and result.area.districts is not None:
        found["districts"] = at_level(result, DISTRICT)
    return found


def _how_likely(plan: StudyPlan, focus: pd.DataFrame) -> str:
    if focus["focus_probability"].isna().all():
        return ""
    survey = focus["under_resourced_probability"].notna().any()
    told = tr(words.LIKELY) if survey else tr(words.LIKELY_BY_TRAVEL)
    # By draws that end in nobody or in nearly everybody, both are true of one place.
    from_nobody = focus["gap_p05"].lt(0.5) & focus["tier"].ne("")
    by_travel = plan.care[0].method == "travel"
    return f"{told} {tr(words.FROM_NOBODY)}" if by_travel and from_nobody.any() else told


_LEVELS = {
    "tract": mark("census tracts"),
    "block_group": mark("block groups"),
    "county": mark("counties"),
}


def _sites_label(result: Record) -> str:
    kinds = result.plan.care[0].kinds
    if kinds:
        return kinds_in_words(kinds, plural=True)
    return sentence_list([tr(part.label) for part in result.plan.sites if part.use != "capacity"])


def _sites_nearby(result: Record) -> gpd.GeoDataFrame | None:
    """Keep the sites that count inside the areas, and those beyond that are somebody's nearest.

    Distances were measured to all of them; a map of every site next door would hide the state.
    """
    if result.sites is None:
        return None
    areas = result.table[["geometry"]].dropna()
    sites = sites_that_count(result.sites, result.plan.care[0])
    inside = sites.sjoin(areas, predicate="within").index
    # A study that measures by a column of its own has no nearest site.
    nearest = result.table.get("nearest_site_id", pd.Series(dtype=object)).dropna()
    return sites[sites.index.isin({*inside, *nearest})]


def _rule_notes(result: Record) -> pd.Series:
    suffix_of = result.plan.suffix_of
    return pd.Series({rule.id: _rule_note(result.table, suffix_of(rule)) for rule in result.rules})


def _rule_note(table: pd.DataFrame, suffix: str) -> str:
    said = set(table[f"coverage_status{suffix}"].astype(str))
    notes = [status.gap for word, status in statuses().items() if word in said and status.gap]
    if table[f"gap_n{suffix}"].isna().all():
        notes.append(tr("cannot be computed: the inputs do not tell these subscriptions apart"))
    return "; ".join(notes)


def _criteria(result: Record) -> tuple[str, ...]:
    plan = result.plan
    needed = plan.under_resourced.at_least
    several = len(plan.under_resourced.criteria) > 1
    listed = sentence_list([own_words(c.label) for c in plan.under_resourced.criteria])
    cut = plan.falls_short.gap_share_at_least
    return (
        tr("At least {n} of these: {criteria}.", n=number(needed), criteria=listed)
        if several
        else tr("Exactly this: {criteria}.", criteria=listed),
        tr(
            "A community falls short if its gap is at least {enough}, and at least {people} people "
            "are in it.",
            enough=result.overall if cut is None else tr("{n} of residents", n=share(cut)),
            people=number(plan.falls_short.people_at_least),
        ),
    )


def _unranked(table: pd.DataFrame) -> pd.DataFrame:
    rest = table[table["gap_status"] != "ok"]
    why = rest["gap_status"].mask(rest["area_status"] == "water", "water")
    reason = why.map(lambda word: status_of_word(word).area or status_of_word(word).words)
    people = rest["population_n"]
    # An empty column has no type of its own: a state may rank every area.
    residents = people.map(_residents).astype(str)
    with_people = reason.astype(str).where(~(people > 0), reason.astype(str) + "; " + residents)
    return pd.DataFrame(
        {"name": _label(rest), "reason": with_people, "why": reason.astype(str)}, index=rest.index
    )


def _residents(n: float) -> str:
    return trn("{n} resident", "{n} residents", n, n=number(n)) if n > 0 else ""


def _label(table: pd.DataFrame) -> pd.Series:
    county = table["county_name"].where(table["county_name"] == "", ", " + table["county_name"])
    return table["name"] + county


def _method(result: Record) -> tuple[tuple[str, str], ...]:
    several = len(result.plan.care) > 1
    care = tuple(
        (
            tr("Care in person: {kind}", kind=own_words(part.label or part.id))
            if several
            else tr("Care in person"),
            _care(result, part),
        )
        for part in result.plan.care
    )
    return (
        (tr("The measure"), tr(words.MEASURE)),
        (tr("What is missing"), tr(words.SPLIT)),
        *care,
        (tr("Need stays outside"), tr(words.NEED)),
        (tr("How sure"), tr(words.MARGINS)),
        (tr("What was read and joined"), _read_and_joined(result)),
    )


def _care(result: Record, care: CarePart) -> str:
    if care.by_capacity:
        people = decimal(care.benchmark_people_per_fte)
        return tr(words.BY_CATCHMENT, limit=f"{care.limit_min:g}", people=people)
    if care.method == "column":
        what = tr("residents {beyond}", beyond=beyond_words(result.plan, care))
        return tr(words.BY_COLUMN, column=care.column, unit=care.unit, what=what)
    how = tr(words.BY_ROAD if care.extracts else words.ESTIMATED)
    return tr(
        words.BY_TRAVEL, sites=sites_words(result.plan, care), limit=f"{care.limit_min:g}", how=how
    )


def _limits(result: Record) -> tuple[str, ...]:
    table = result.table
    limits = [
        tr(words.OVER_REPORTED),
        tr(words.BEYOND_RULE),
        tr(words.SITES),
        tr(words.PLACES),
    ]
    if table["gap_ceiling_n"].notna().any():
        limits.insert(1, tr(words.BEST_CASE, ceiling=about(table["gap_ceiling_n"].sum())))
    limits[2:2] = limits_of_minutes(result)
    if table["gap_n_moe"].isna().all():
        limits.append(tr(words.NO_MARGINS))
    lost = table[(table["gap_status"] != "ok") & (table["population_n"] > 0)]
    if len(lost):
        limits.append(
            trn(
                "{people} people live in {n} area without a value; they are in no total of the "
                "gap.",
                "{people} people live in {n} areas without a value; they are in no total of the "
                "gap.",
                len(lost),
                people=count(lost["population_n"].sum()),
                n=number(len(lost)),
            )
        )
    if result.area is not None and result.area.divided:
        limits.append(f"{tr(result.area.divided)}.")
    limits += _homes_are_a_bound(table)
    label = f"{tr('How sure')}: "  # which a list of all notes needs, and this sentence does not
    said = [tr(note).removeprefix(label).rstrip(".") for note in result.draws.notes]
    notes = " ".join(f"{note[:1].upper()}{note[1:]}." for note in said)
    limits += [tr(words.DRAWN, notes=notes).strip(), *map(own_words, result.plan.notes)]
    return tuple(limits)


def _homes_are_a_bound(table: pd.DataFrame) -> list[str]:
    """Say where homes with both are only the smaller of two shares, and how far that goes."""
    bound = table["connected_share_status"].eq("upper_bound") & table["gap_n"].notna()
    if not bound.any() or table["gap_ceiling_n"].isna().all():
        return []
    fewest = (table["device_share"] + table["subscription_share"] - 1).clip(lower=0.0)
    link = table["qualifying_share"] + fewest.where(bound, table["connected_share"]) - 1
    most = (table["beyond_reach_n"] * (1 - link.clip(lower=0.0))).sum()
    areas = int(bound.sum())
    said = trn("{n} area", "{n} areas", areas, n=number(areas))
    return [tr(words.BOUND, areas=said, most=about(most))]


def _read_and_joined(result: Record) -> str:
    """Return what the readers and joins had to say, each as a sentence on a line."""
    notes = [tr(note).rstrip(".") for note in meta(result.table).notes]
    # A file keeps its name: only a sentence gets a capital.
    said = (n if "." in n.partition(" ")[0] else f"{n[:1].upper()}{n[1:]}" for n in notes)
    return "\n".join(f"{note}." for note in said)
