"""The finding, a fixed sequence whatever the numbers are: nothing is chosen by its outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
import pandas as pd

from equity.areas.words import (
    about,
    about_all,
    alternatives,
    coarse,
    number,
    points,
    sentence_list,
    share,
)
from equity.language import decimal, mark, tr, trn
from equity.measures.gap import SPLIT
from equity.measures.sensitivity import OTHER_CARE
from equity.outputs.report import told
from equity.sources.care.kinds import kinds_in_words
from equity.study.parts import CarePart, StudyPlan
from equity.study.record import Record
from equity.study.totals import (
    ALL,
    DIFFERENCE,
    DIFFERENCE_FROM_REST,
    ELSEWHERE,
    FIRST,
    REST,
)

__all__ = [
    "beyond_words", "chances", "finding", "practices_sentence", "sites_words", "state_sentence",
]  # fmt: skip

Rows = Mapping[str, Mapping[str, float]]
"""A frame of the report as plain numbers: row, then column."""


def finding(
    result: Record,
    counts: pd.DataFrame,
    comparison: pd.DataFrame,
    fixes: pd.DataFrame,
    *,
    focus: pd.DataFrame,
    ruled: pd.DataFrame,
) -> tuple[str, ...]:
    """Return the finding; its first three sentences are what stands on the first screen."""
    counted, compared = _rows(counts), _rows(comparison)
    unknown = _lines_unknown(result)
    sentences = [
        state_sentence(result.title, result.plan, counted),
        compared_sentence(compared, unknown=unknown, within=result.within),
        area_sentence(compared, result.area.rest, unknown=unknown) if result.area else "",
        sure_sentence(result, counted) if counted["gap_n"]["people_n"] >= 0.5 else "",
        places_sentence(focus, counted["gap_n"]["people_n"], result.listed),
        what_helps(result, _rows(fixes), compared[ALL], ruled),
        practices_sentence(result.practices, result.plan),
        clusters_sentence(result.table),
    ]
    return tuple(sentence for sentence in sentences if sentence)


def _lines_unknown(result: Record) -> bool:
    return result.plan.coverage.kind == "unknown"


def _rows(frame: pd.DataFrame) -> Rows:
    return cast("Rows", frame.to_dict("index"))


def sites_words(plan: StudyPlan, care: CarePart) -> str:
    """Return what the sites that count are called: ``health center or rural health clinic``."""
    if care.kinds:
        return kinds_in_words(care.kinds)
    labels = [part.label for part in plan.sites if part.use != "capacity"]
    return alternatives([tr(label.removesuffix("s")) for label in dict.fromkeys(labels)])


def beyond_words(plan: StudyPlan, care: CarePart) -> str:
    """Say what was computed of people beyond reach, as the end of a sentence about them."""
    limit = f"{care.limit_min:g}"
    if care.by_capacity:
        people = decimal(care.benchmark_people_per_fte)
        if care.extracts:
            return tr(
                "are beyond what the clinicians within {limit} minutes by road can serve (one per "
                "{people} residents is taken as enough)",
                limit=limit,
                people=people,
            )
        return tr(
            "are beyond what the clinicians within {limit} estimated minutes can serve (one per "
            "{people} residents is taken as enough)",
            limit=limit,
            people=people,
        )
    if care.method == "column":
        return _beyond_by_column(care)
    sites = sites_words(plan, care)
    if care.extracts:
        return tr(
            "live more than {limit} minutes by road from the nearest {sites}",
            limit=limit,
            sites=sites,
        )
    return tr(
        "are estimated to live more than {limit} minutes from the nearest {sites}",
        limit=limit,
        sites=sites,
    )


def _beyond_by_column(care: CarePart) -> str:
    what, column = tr(care.label or "care"), care.column
    if care.unit == "share":
        return tr(
            "are beyond reach of {what}, by the study's column {column}", what=what, column=column
        )
    if care.by_ratio:
        return tr(
            "are beyond what {what} can serve, by the study's column {column} (one clinician per "
            "{people} residents is enough)",
            what=what,
            column=column,
            people=decimal(care.benchmark_people_per_fte),
        )
    return tr(
        "live more than {limit} minutes from {what}, by the study's column {column}",
        limit=f"{care.limit_min:g}",
        what=what,
        column=column,
    )


def state_sentence(title: str, plan: StudyPlan, counts: Rows) -> str:
    """(1) The count with its range."""
    gap = counts["gap_n"]
    beyond = beyond_words(plan, plan.care[0])
    if counts["beyond_reach_n"]["people_n"] < 0.5:
        return tr(
            "{title}: no residents {beyond}, so nobody is in the gap as this study defines it.",
            title=title,
            beyond=beyond,
        )
    low = told(gap["people_n"], gap)
    if pd.isna(gap["ceiling_n"]):
        return tr(
            "{title}: at least {low} people ({share} of residents) {beyond} and live in homes "
            "without a device or a subscription; which homes a line reaches is not known here, and "
            "could only make them more.",
            title=title,
            low=low,
            share=share(gap["share"]),
            beyond=beyond,
        )
    values = {
        "title": title,
        "low": low,
        "high": told(gap["ceiling_n"], gap),
        "share": share(gap["share"]),
        "most": share(gap["ceiling_n"] / counts["population_n"]["people_n"]),
        "beyond": beyond,
    }
    if values["low"] == values["high"]:
        return tr(
            "{title}: {low} people ({share} of residents) {beyond} and have no usable link at "
            "home, however lines and connected homes overlap.",
            **values,
        )
    if values["share"] == values["most"]:
        return tr(
            "{title}: {low} to {high} people ({share} of residents) {beyond} and have no usable "
            "link at home; how lines and connected homes overlap decides where in that range.",
            **values,
        )
    return tr(
        "{title}: {low} to {high} people ({share} to {most} of residents) {beyond} and have no "
        "usable link at home; how lines and connected homes overlap decides where in that range.",
        **values,
    )


def compared_sentence(comparison: Rows, *, unknown: bool = False, within: bool = False) -> str:
    """(2) and (3) The link and the gap in under-resourced communities against everywhere else.

    `within` limits both to the area of a study.
    """
    first, rest = comparison[FIRST], comparison[ELSEWHERE]
    if not first["areas_n"]:
        return _nowhere(within=within)
    link, gap = share(first["no_link_share"]), share(first["gap_share"])
    if not rest["areas_n"]:
        return _everywhere(link, gap, within=within)
    row = comparison[DIFFERENCE]
    here = _at_least(first["no_link_share"], unknown=unknown)
    there = _at_least(rest["no_link_share"], unknown=unknown)
    said = (
        tr(
            "In the area's under-resourced communities {here} of residents have no usable link, "
            "near care or not, everywhere else in the area {there}",
            here=here,
            there=there,
        )
        if within
        else tr(
            "In under-resourced communities {here} of residents have no usable link, near care or "
            "not, everywhere else {there}",
            here=here,
            there=there,
        )
    )
    also = tr(
        "beyond reach as well, so in the gap, are {here} there and {there} elsewhere",
        here=gap,
        there=share(rest["gap_share"]),
    )
    return _two_parts(
        _with_difference(said, row, "no_link_share", of=(first, rest)),
        _with_difference(also, row, "gap_share", of=(first, rest)),
        against=_against(row),
    )


def _nowhere(*, within: bool) -> str:
    if within:
        return tr(
            "No community in the area with a value meets the study's definition of under-resourced."
        )
    return tr("No community with a value meets the study's definition of under-resourced.")


def _everywhere(link: str, gap: str, *, within: bool) -> str:
    if within:
        return tr(
            "Every community in the area with a value is under-resourced: {link} of residents have "
            "no usable link, {gap} are in the gap.",
            link=link,
            gap=gap,
        )
    return tr(
        "Every community with a value is under-resourced: {link} of residents have no usable link, "
        "{gap} are in the gap.",
        link=link,
        gap=gap,
    )


def _at_least(value: float, *, unknown: bool) -> str:
    return tr("at least {share}", share=share(value)) if unknown else share(value)


def _two_parts(link: str, gap: str, *, against: bool) -> str:
    if against:
        return tr("{link}; but {gap}.", link=link, gap=gap)
    return tr("{link}; {gap}.", link=link, gap=gap)


def area_sentence(comparison: Rows, rest: str, *, unknown: bool = False) -> str:
    """Compare the area of a study with what lies around it; "" where nothing else was read."""
    if not rest or not comparison[REST]["population_n"]:
        return ""
    here, there = comparison[ALL], comparison[REST]
    row = comparison[DIFFERENCE_FROM_REST]
    link = tr(
        "Compared with {rest}: {here} of the area's residents have no usable link, {there} there",
        rest=rest,
        here=_at_least(here["no_link_share"], unknown=unknown),
        there=_at_least(there["no_link_share"], unknown=unknown),
    )
    gap = tr(
        "{here} of the area's residents are in the gap, {there} there",
        here=share(here["gap_share"]),
        there=share(there["gap_share"]),
    )
    return _two_parts(
        _with_difference(link, row, "no_link_share", of=(here, there)),
        _with_difference(gap, row, "gap_share", of=(here, there)),
        against=_against(row),
    )


def _with_difference(
    said: str, row: Mapping[str, float], name: str, *, of: Sequence[Mapping[str, float]]
) -> str:
    difference, moe = row[name], row[f"{name}_moe"]
    if pd.isna(difference):
        return said
    if abs(difference) < 0.0005 or (pd.notna(moe) and abs(difference) <= moe):
        if pd.isna(moe):
            return tr("{said}: no difference that these data can show", said=said)
        return tr(
            "{said}: no difference that these data can show (± {margin} points)",
            said=said,
            margin=number(moe * 100, 1),
        )
    one, other = (round(each[name] * 100, 1) for each in of)
    # A reader who subtracts what is printed may find another number.
    agrees = number(abs(one - other), 1) == number(abs(difference) * 100, 1)
    return tr(_AWAY[difference > 0, agrees], said=said, points=points(difference, moe))


_AWAY = {
    (True, True): mark("{said}: {points} more"),
    (True, False): mark("{said}: {points} more, before rounding"),
    (False, True): mark("{said}: {points} less"),
    (False, False): mark("{said}: {points} less, before rounding"),
}


def _against(row: Mapping[str, float]) -> bool:
    """Tell whether the gap does not go the way that the link does."""

    def way(name: str) -> int:
        moe = 0.0005 if pd.isna(row[f"{name}_moe"]) else max(row[f"{name}_moe"], 0.0005)
        return int(np.sign(row[name])) if abs(row[name]) > moe else 0

    return way("no_link_share") != way("gap_share")


def sure_sentence(result: Record, counts: Rows) -> str:
    """Say how sure the count is: the survey's margin, and what other choices make of it."""
    gap = counts["gap_n"]
    clauses = [_margin_clause(gap["people_n_moe"])]
    if pd.notna(gap["people_n_moe"]) and not _lines_unknown(result):
        clauses.append(tr("errors of coverage filings come on top"))
    if pd.notna(gap["p05_n"]) and result.plan.care[0].method == "travel":
        clauses.append(
            tr(
                "with the error of travel estimates 90 % of draws of that figure lie from {low} to "
                "{high}",
                low=coarse(gap["p05_n"]),
                high=coarse(gap["p95_n"]),
            )
        )
    other = result.choices.settings
    same = other["gap_n"].notna() & (other["group"] != OTHER_CARE)
    known = other[same].drop(index="study")
    if len(known):
        tried = sorted(zip(known["gap_n"].tolist(), known["label"].tolist(), strict=True))
        (low, low_label), (high, high_label) = tried[0], tried[-1]
        clauses.append(
            tr(
                "other settings for the same care make the lower figure {low} ({low_label}) to "
                "{high} ({high_label})",
                low=about(low) if low else number(0),
                low_label=low_label,
                high=about(high),
                high_label=high_label,
            )
        )
    return f"{'; '.join(clauses)}."


def _margin_clause(moe: float) -> str:
    if pd.isna(moe):
        return tr(
            "Survey tables that this rests on came without margins, so the lower figure has no ±"
        )
    return tr("The survey's margin on the lower figure is ± {margin} people (90 %)",
              margin=about(moe))  # fmt: skip


def places_sentence(focus: pd.DataFrame, everybody: float, listed: str | None = None) -> str:
    """(4) The places that are under-resourced and fall short: people, and how sure each is.

    `everybody` is all people in the gap: most of them may live in other places. `listed` says
    where the places are listed; by default below.
    """
    if not len(focus):
        return tr("No under-resourced community falls short by the study's cut-offs.")
    people = focus["gap_n"].sum()
    margin = float(np.sqrt((focus["gap_n_moe"] ** 2).sum(skipna=False)))
    text = trn(
        "{n} under-resourced community falls short, with about {people} of the people in the gap "
        "({share} of them), and is listed {listed}",
        "{n} under-resourced communities fall short, with about {people} of the people in the gap "
        "({share} of them), and are listed {listed}",
        len(focus),
        n=number(len(focus)),
        people=about(people, margin),
        share=share(people / everybody),
        listed=tr("below") if listed is None else listed,
    )
    likely = chances(focus)
    return f"{text}; {likely}" if likely else f"{text}."


def chances(focus: pd.DataFrame) -> str:
    """Say how many places are likely to belong on the list, and how many may be expected to.

    The end of a sentence; "" where no draw tells.
    """
    if "focus_probability" not in focus or focus["focus_probability"].isna().all():
        return ""
    sure = focus["focus_probability"]
    by_survey = bool(focus["under_resourced_probability"].notna().any())
    very, likely = int((sure >= 0.8).sum()), int(((sure >= 0.5) & (sure < 0.8)).sum())
    if len(sure) == 1:
        return _chance_of_one(very=bool(very), likely=bool(likely), by_survey=by_survey)
    said = [trn("{n} very likely", "{n} very likely", very, n=number(very))] if very else []
    said += [trn("{n} likely", "{n} likely", likely, n=number(likely))] if likely else []
    values = {
        "said": sentence_list(said) or tr("none of them likely"),
        "n": number(len(sure)),
        "expected": number(sure.sum()),
    }
    if by_survey:
        return tr(
            "{said} to belong on that list, and of all {n} about {expected} may be expected to.",
            **values,
        )
    return tr(
        "{said} to belong on that list (as far as the error of travel estimates can tell), and of "
        "all {n} about {expected} may be expected to.",
        **values,
    )


def _chance_of_one(*, very: bool, likely: bool, by_survey: bool) -> str:
    """Say how likely the only place of a list is to belong there."""
    how = (
        tr("it is very likely to belong on that list")
        if very
        else tr("it is likely to belong on that list")
        if likely
        else tr("it is not likely to belong on that list")
    )
    if by_survey:
        return f"{how}."
    return tr("{how} (as far as the error of travel estimates can tell).", how=how)


def fixes_sentence(fixes: Rows, everywhere: Mapping[str, float]) -> str:
    """Say what one fix brings in, and what only two together do; `everywhere` has the margins."""
    if "line" not in fixes or "line and home" not in fixes:
        return ""
    line, home, both = (fixes[one]["everywhere_n"] for one in ("line", "home", "line and home"))
    if pd.isna(line) or both == 0:
        return ""
    moe = {name: everywhere[f"gap_{name}_n_moe"] for name in ("line_only", "home_only", "both")}
    said = about_all([line, home, both - line - home], list(moe.values()))
    return tr(
        "Of everybody in the gap, at the low end of its range, a line alone would bring in about "
        "{line}, a connected home alone {home}; {both} need both.",
        **dict(zip(("line", "home", "both"), said, strict=True)),
    )


def what_helps(
    result: Record, fixes: Rows, everywhere: Mapping[str, float], ruled: pd.DataFrame
) -> str:
    """Say what fixes bring in, and under every other rule: what helps most may depend on it."""
    text = fixes_sentence(fixes, everywhere)
    frame = ruled[list(SPLIT)]
    own, others = frame.loc[result.plan.study.headline], frame.drop(result.plan.study.headline)
    titles = {rule.id: rule.title for rule in result.rules}
    said = []
    settings = result.choices.settings["gap_n"]
    for name, row in others.dropna().iterrows():
        if pd.isna(settings.get(f"rule-{name}", 0.0)):
            continue  # it rests on the headline's own columns: nothing is known of it apart
        counts = about_all(row[list(SPLIT)].tolist(), [everywhere[f"{one}_moe"] for one in SPLIT])
        words = tr("the same") if np.allclose(row, own, atol=0.5) else sentence_list(counts)
        said.append(f"{words} ({tr(titles[str(name)])})")
    if not text or not said:
        return text
    others_said = trn(
        "Under another rule these three are {counts}.",
        "Under other rules these three are {counts}.",
        len(said),
        counts="; ".join(said),
    )
    return f"{text} {others_said}"


def practices_sentence(practices: pd.DataFrame | None, plan: StudyPlan) -> str:
    """(5) The practices' own lines."""
    if practices is None:
        return ""
    lines = _rows(practices)
    known = int(lines["fit"]["sites_n"] + lines["below"]["sites_n"])
    if not known and plan.coverage.kind == "unknown":
        return tr(
            "Whether the practices' own lines are fit is unknown: no coverage data is at hand."
        )
    if not known:
        return tr(
            "Whether the practices' own lines are fit is unknown: only classes of whole areas are "
            "at hand."
        )
    below, people = int(lines["below"]["sites_n"]), lines["below"]["relying_n"]
    sites = trn("{n} site", "{n} sites", known, n=number(known))
    if not below:
        return tr(
            "Of {sites} whose line is known, each has what a practice of its size needs.",
            sites=sites,
        )
    return trn(
        "Of {sites} whose line is known, {n} has less than its size needs; about {people} people "
        "have such a site nearest.",
        "Of {sites} whose line is known, {n} have less than its size needs; about {people} people "
        "have such a site nearest.",
        below,
        sites=sites,
        n=number(below),
        people=about(people),
    )


def clusters_sentence(table: pd.DataFrame) -> str:
    """Say where places with high shares lie together, as far as that is more than chance."""
    if not (table["cluster_status"] == "ok").any():
        return ""
    hot, cold = table["cluster"] == "hot_spot", table["cluster"] == "cold_spot"
    if not hot.any():
        return tr(
            "No places with high shares in the gap lie together more than chance would have it."
        )
    inside = table.loc[hot, "gap_n"].sum() / table["gap_n"].sum()
    said = trn(
        "{n} place with a high share in the gap lies among others like it, with {share} of the "
        "people in the gap",
        "{n} places with a high share in the gap lie among others like them, with {share} of the "
        "people in the gap",
        int(hot.sum()),
        n=number(hot.sum()),
        share=share(inside),
    )
    if cold.any():
        low = trn("{n} with low shares among low", "{n} with low shares among low",
                  int(cold.sum()), n=number(cold.sum()))  # fmt: skip
        said = f"{said}, {low}"
    chance = tr("of all such clusters 1 in 20, or fewer, may be expected to be chance.")
    return f"{said}; {chance}"
