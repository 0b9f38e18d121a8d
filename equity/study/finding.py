"""What a study's numbers say, in words: the content that every output is made from."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from equity.areas.join import combine
from equity.areas.schema import status_of_word, statuses
from equity.areas.words import about, count, number, plural, sentence_list, share
from equity.measures.reach.calibration import travel_facts
from equity.outputs.report import Report
from equity.provenance import meta, software
from equity.study import prose as words
from equity.study import totals
from equity.study.parts import CarePart
from equity.study.record import Record
from equity.study.sentences import finding, sites_words

__all__ = ["build_report"]


def build_report(result: Record) -> Report:
    """Return the content of a run's page and documents."""
    table, plan = combine(result.table, result.choices.areas), result.plan
    ranked = table[table["gap_status"] == "ok"].sort_values(
        ["gap_n", "population_n"], ascending=False, kind="stable"
    )
    focus = ranked[ranked["is_under_resourced"] & ranked["falls_short"]]
    others = ranked.drop(index=focus.index)
    compared, counted = totals.comparison(ranked), totals.counts(ranked, result.draws)
    fixed = totals.fixes(ranked, focus)
    return Report(
        title=plan.study.title,
        synthetic=result.synthetic,
        finding=finding(result, counted, compared, fixed, focus),
        counts=counted,
        kinds=totals.kinds(result, ranked),
        fixes=fixed,
        overlaps=totals.overlaps(result, ranked),
        settings=result.choices.settings,
        practices=result.practices,
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
        by_rule=_by_rule(result),
        comparison=compared,
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


def _sites_nearby(result: Record) -> gpd.GeoDataFrame | None:
    """Keep the sites inside the areas, and those beyond that are somebody's nearest.

    Distances were measured to all of them; a map of every site next door would hide the state.
    """
    if result.sites is None:
        return None
    areas = result.table[["geometry"]].dropna()
    inside = result.sites.sjoin(areas, predicate="within").index
    nearest = result.table["nearest_site_id"].dropna()
    return result.sites[result.sites.index.isin({*inside, *nearest})]


def _by_rule(result: Record) -> pd.DataFrame:
    frame = totals.by_rule(result)
    suffixes = {
        rule.id: "" if rule.id == result.plan.study.headline else rule.suffix
        for rule in result.rules
    }
    notes = {name: _rule_note(result.table, suffix) for name, suffix in suffixes.items()}
    return frame.assign(note=pd.Series(notes))


def _rule_note(table: pd.DataFrame, suffix: str) -> str:
    said = set(table[f"coverage_status{suffix}"].astype(str))
    notes = [status.gap for word, status in statuses().items() if word in said and status.gap]
    if table[f"gap_n{suffix}"].isna().all():
        notes.append("cannot be computed: the inputs do not tell these subscriptions apart")
    return "; ".join(notes)


def _criteria(result: Record) -> tuple[str, ...]:
    plan = result.plan
    needed = plan.under_resourced.at_least
    several = len(plan.under_resourced.criteria) > 1
    head = f"At least {needed} of these:" if several else "Exactly this:"
    lines = [f"{head} {sentence_list([c.label for c in plan.under_resourced.criteria])}."]
    cut = plan.falls_short.gap_share_at_least
    enough = "the study's overall rate" if cut is None else f"{share(cut)} of residents"
    people = number(plan.falls_short.people_at_least)
    lines.append(
        f"A community falls short if its gap is at least {enough}, and at least {people} people "
        "are in it."
    )
    return tuple(lines)


def _unranked(table: pd.DataFrame) -> pd.DataFrame:
    rest = table[table["gap_status"] != "ok"]
    why = rest["gap_status"].mask(rest["area_status"] == "water", "water")
    reason = why.map(lambda word: status_of_word(word).area or status_of_word(word).words)
    people = rest["population_n"]
    # An empty column has no type of its own: a state may rank every area.
    residents = people.map(lambda n: f"{n:,.0f} residents").astype(str)
    reason = reason.astype(str).where(~(people > 0), reason.astype(str) + "; " + residents)
    return pd.DataFrame({"name": _label(rest), "reason": reason}, index=rest.index)


def _label(table: pd.DataFrame) -> pd.Series:
    county = table["county_name"].where(table["county_name"] == "", ", " + table["county_name"])
    return table["name"] + county


def _method(result: Record) -> tuple[tuple[str, str], ...]:
    several = len(result.plan.care) > 1
    care = tuple(
        (f"Care in person: {part.label or part.id}" if several else "Care in person", text)
        for part in result.plan.care
        for text in [_care(result, part)]
    )
    return (
        ("The measure", words.MEASURE),
        ("What is missing", words.SPLIT),
        *care,
        ("Need stays outside", words.NEED),
        ("How sure", words.MARGINS),
        ("What was read and joined", _read_and_joined(result)),
    )


def _care(result: Record, care: CarePart) -> str:
    if care.by_capacity:
        people = care.benchmark_people_per_fte
        return words.BY_CATCHMENT.format(limit=care.limit_min, people=people)
    if care.method == "column":
        return words.BY_COLUMN.format(column=care.column, unit=care.unit)
    return words.BY_TRAVEL.format(sites=sites_words(result, care), limit=care.limit_min)


def _limits(result: Record) -> tuple[str, ...]:
    table = result.table
    limits = [
        words.OVER_REPORTED,
        words.BEYOND_RULE,
        words.SITES,
        words.PLACES,
    ]
    if table["gap_ceiling_n"].notna().any():
        limits.insert(1, words.BEST_CASE.format(ceiling=about(table["gap_ceiling_n"].sum())))
    if any(care.method != "column" for care in result.plan.care):
        limits.insert(2, words.TRAVEL.format(facts=_travel_facts()))
    if table["gap_n_moe"].isna().all():
        limits.append(words.NO_MARGINS)
    lost = table[(table["gap_status"] != "ok") & (table["population_n"] > 0)]
    if len(lost):
        limits.append(
            f"{count(lost['population_n'].sum())} people live in {plural(len(lost), 'area')} "
            "without a value; they are in no total."
        )
    limits += [words.DRAWN.format(notes="; ".join(result.draws.notes)), *result.plan.notes]
    return tuple(limits)


def _travel_facts() -> str:
    """Say how far estimated minutes were from published ones, where that was looked at."""
    facts = travel_facts()
    same = facts[(facts["rurality"] == "all") & facts["roads"].eq("proportional")]
    said = [
        f"{row['bias']:.2f} of {row['published']} in {row['place']}"
        for _, row in same[same["unit"] == "tract"].iterrows()
    ]
    return sentence_list(said)


def _read_and_joined(result: Record) -> str:
    """Return what the readers and joins had to say, each as a sentence."""
    notes = [note.rstrip(".") for note in meta(result.table).notes]
    return " ".join(f"{note[:1].upper()}{note[1:]}." for note in notes)
