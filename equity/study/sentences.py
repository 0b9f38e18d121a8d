"""The finding, a fixed sequence whatever the numbers are: nothing is chosen by its outcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np
import pandas as pd

from equity.areas.words import about, coarse, number, plural, points, sentence_list, share
from equity.measures.gap import SPLIT
from equity.measures.sensitivity import OTHER_CARE
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

__all__ = ["beyond_words", "finding", "practices_sentence", "sites_words", "state_sentence"]

_NOUN = "under-resourced community"
_MANY = "under-resourced communities"


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
        compared_sentence(compared, unknown=unknown, where=result.within),
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
    return " or ".join(label.removesuffix("s") for label in dict.fromkeys(labels))


def beyond_words(plan: StudyPlan, care: CarePart) -> str:
    """Say what was computed of people beyond reach, as the end of a sentence about them."""
    if care.by_capacity:
        minutes = "minutes by road" if care.extracts else "estimated minutes"
        return (
            f"are beyond what the clinicians within {care.limit_min:g} {minutes} can serve "
            f"(one per {care.benchmark_people_per_fte:,.0f} residents is taken as enough)"
        )
    if care.method == "column":
        what = care.label or "care"
        if care.unit == "share":
            return f"are beyond reach of {what}, by the study's column {care.column}"
        if care.by_ratio:
            return (
                f"are beyond what {what} can serve, by the study's column {care.column} "
                f"(one clinician per {care.benchmark_people_per_fte:,.0f} residents is enough)"
            )
        return (
            f"live more than {care.limit_min:g} minutes from {what}, by the study's column "
            f"{care.column}"
        )
    how = f"more than {care.limit_min:g} minutes"
    live = f"live {how} by road" if care.extracts else f"are estimated to live {how}"
    return f"{live} from the nearest {sites_words(plan, care)}"


def state_sentence(title: str, plan: StudyPlan, counts: Rows) -> str:
    """(1) The count with its range."""
    gap = counts["gap_n"]
    beyond = beyond_words(plan, plan.care[0])
    moe = gap["people_n_moe"]
    if counts["beyond_reach_n"]["people_n"] < 0.5:
        return f"{title}: no residents {beyond}, so nobody is in the gap as this study defines it."
    low = about(gap["people_n"], moe)
    if pd.isna(gap["ceiling_n"]):
        return (
            f"{title}: at least {low} people ({share(gap['share'])} of residents) {beyond} and "
            "live in homes without a device or a subscription; which homes a line reaches is not "
            "known here, and could only make them more."
        )
    high = about(gap["ceiling_n"], moe)
    most = share(gap["ceiling_n"] / counts["population_n"]["people_n"])
    return (
        f"{title}: {low} to {high} people ({share(gap['share'])} to {most} of residents) {beyond} "
        "and have no usable link at home; how lines and connected homes overlap decides where in "
        "that range."
    )


def compared_sentence(comparison: Rows, *, unknown: bool = False, where: str = "") -> str:
    """(2) and (3) The link and the gap in under-resourced communities against everywhere else.

    `where` limits both to the area of a study: `` in the area``.
    """
    least = "at least " if unknown else ""
    first, rest = comparison[FIRST], comparison[ELSEWHERE]
    if not first["areas_n"]:
        return f"No community{where} with a value meets the study's definition of under-resourced."
    if not rest["areas_n"]:
        return (
            f"Every community{where} with a value is under-resourced: "
            f"{share(first['no_link_share'])} of residents have no usable link, "
            f"{share(first['gap_share'])} are in the gap."
        )
    owned = "the area's " if where else ""
    link = (
        f"In {owned}under-resourced communities {least}"
        f"{share(first['no_link_share'])} of residents have no usable link, near care or not, "
        f"everywhere else{where} {least}{share(rest['no_link_share'])}"
        f"{_difference(comparison[DIFFERENCE], 'no_link_share')}"
    )
    gap = (
        f"beyond reach as well, so in the gap, are {share(first['gap_share'])} there and "
        f"{share(rest['gap_share'])} elsewhere{_difference(comparison[DIFFERENCE], 'gap_share')}"
    )
    joined = "; but " if _against(comparison[DIFFERENCE]) else "; "
    return f"{link}{joined}{gap}."


def area_sentence(comparison: Rows, rest: str, *, unknown: bool = False) -> str:
    """Compare the area of a study with what lies around it; "" where nothing else was read."""
    if not rest or not comparison[REST]["population_n"]:
        return ""
    least = "at least " if unknown else ""
    here, there = comparison[ALL], comparison[REST]
    row = comparison[DIFFERENCE_FROM_REST]
    joined = "; but " if _against(row) else "; "
    return (
        f"Compared with {rest}: {least}{share(here['no_link_share'])} of "
        f"the area's residents have no usable link, {least}{share(there['no_link_share'])} there"
        f"{_difference(row, 'no_link_share')}{joined}{share(here['gap_share'])} of the area's "
        f"residents are in the gap, {share(there['gap_share'])} there"
        f"{_difference(row, 'gap_share')}."
    )


def _difference(row: Mapping[str, float], name: str) -> str:
    difference, moe = row[name], row[f"{name}_moe"]
    if pd.isna(difference):
        return ""
    if abs(difference) < 0.0005 or (pd.notna(moe) and abs(difference) <= moe):
        margin = "" if pd.isna(moe) else f" (± {number(moe * 100, 1)} points)"
        return f": no difference that these data can show{margin}"
    return f": {points(difference, moe)} {'more' if difference > 0 else 'less'}"


def _against(row: Mapping[str, float]) -> bool:
    """Tell whether the gap does not go the way that the link does."""

    def way(name: str) -> int:
        moe = 0.0005 if pd.isna(row[f"{name}_moe"]) else max(row[f"{name}_moe"], 0.0005)
        return int(np.sign(row[name])) if abs(row[name]) > moe else 0

    return way("no_link_share") != way("gap_share")


def sure_sentence(result: Record, counts: Rows) -> str:
    """Say how sure the count is: the survey's margin, and what other choices make of it."""
    gap = counts["gap_n"]
    if pd.isna(gap["people_n_moe"]):
        sure = "Survey tables that this rests on came without margins, so the lower figure has no ±"
    else:
        margin = about(gap["people_n_moe"])
        sure = f"The survey's margin on the lower figure is ± {margin} people (90 %)"
        if not _lines_unknown(result):
            sure += "; errors of coverage filings come on top"
    if pd.notna(gap["p05_n"]) and result.plan.care[0].method == "travel":
        sure += (
            f"; with the error of travel estimates 90 % of draws of that figure lie from "
            f"{coarse(gap['p05_n'])} to {coarse(gap['p95_n'])}"
        )
    other = result.choices.settings
    same = other["gap_n"].notna() & (other["group"] != OTHER_CARE)
    known = other[same].drop(index="study")
    if not len(known):
        return f"{sure}."
    tried = sorted(zip(known["gap_n"].tolist(), known["label"].tolist(), strict=True))
    (low, low_label), (high, high_label) = tried[0], tried[-1]
    return (
        f"{sure}; other settings for the same care make that figure {about(low)} "
        f"({low_label}) to {about(high)} ({high_label})."
    )


def places_sentence(focus: pd.DataFrame, everybody: float, listed: str = "below") -> str:
    """(4) The places that are under-resourced and fall short: people, and how sure each is.

    `everybody` is all people in the gap: most of them may live in other places.
    """
    if not len(focus):
        return "No under-resourced community falls short by the study's cut-offs."
    people = focus["gap_n"].sum()
    margin = float(np.sqrt((focus["gap_n_moe"] ** 2).sum(skipna=False)))
    text = (
        f"{plural(len(focus), _NOUN, _MANY)} {'falls' if len(focus) == 1 else 'fall'} short, with "
        f"about {about(people, margin)} of the people in the gap ({share(people / everybody)} of "
        "them), and "
        f"{'is' if len(focus) == 1 else 'are'} listed {listed}"
    )
    if "focus_probability" not in focus or focus["focus_probability"].isna().all():
        return f"{text}."
    sure = focus["focus_probability"]
    very, likely = int((sure >= 0.8).sum()), int(((sure >= 0.5) & (sure < 0.8)).sum())
    said = [
        f"{number(n)} {word}" for n, word in ((very, "very likely"), (likely, "likely")) if n
    ] or ["none of them likely"]
    survey = focus["under_resourced_probability"].notna().any()
    of_what = "" if survey else " (as far as the error of travel estimates can tell)"
    return (
        f"{text}; {sentence_list(said)} to belong on that list{of_what}, and of all "
        f"{number(len(sure))} about {number(sure.sum())} may be expected to."
    )


def fixes_sentence(fixes: Rows, everywhere: Mapping[str, float]) -> str:
    """Say what one fix brings in, and what only two together do; `everywhere` has the margins."""
    if "line" not in fixes or "line and home" not in fixes:
        return ""
    line, home, both = (fixes[one]["everywhere_n"] for one in ("line", "home", "line and home"))
    if pd.isna(line) or both == 0:
        return ""
    moe = {name: everywhere[f"gap_{name}_n_moe"] for name in ("line_only", "home_only", "both")}
    return (
        "Of everybody in the gap, at the low end of its range, a line alone would bring in about "
        f"{about(line, moe['line_only'])}, a connected home alone {about(home, moe['home_only'])}; "
        f"{about(both - line - home, moe['both'])} need both."
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
    for name, row in others.dropna().iterrows():
        counts = [about(row[one], everywhere[f"{one}_moe"]) for one in SPLIT]
        words = "the same" if np.allclose(row, own, atol=0.5) else sentence_list(counts)
        said.append(f"{words} ({titles[str(name)]})")
    if not text or not said:
        return text
    return f"{text} Under other rules these three are {'; '.join(said)}."


def practices_sentence(practices: pd.DataFrame | None, plan: StudyPlan) -> str:
    """(5) The practices' own lines."""
    if practices is None:
        return ""
    lines = _rows(practices)
    known = int(lines["fit"]["sites_n"] + lines["below"]["sites_n"])
    if not known:
        why = (
            "no coverage data is"
            if plan.coverage.kind == "unknown"
            else "only classes of whole areas are"
        )
        return f"Whether the practices' own lines are fit is unknown: {why} at hand."
    below, people = int(lines["below"]["sites_n"]), lines["below"]["relying_n"]
    sites = plural(known, "site")
    if not below:
        return f"Of {sites} whose line is known, each has what a practice of its size needs."
    return (
        f"Of {sites} whose line is known, {number(below)} {'has' if below == 1 else 'have'} less "
        f"than its size needs; about {about(people)} people have such a site nearest."
    )


def clusters_sentence(table: pd.DataFrame) -> str:
    """Say where places with high shares lie together, as far as that is more than chance."""
    if not (table["cluster_status"] == "ok").any():
        return ""
    hot, cold = table["cluster"] == "hot_spot", table["cluster"] == "cold_spot"
    if not hot.any():
        return "No places with high shares in the gap lie together more than chance would have it."
    inside = table.loc[hot, "gap_n"].sum() / table["gap_n"].sum()
    low = f", {number(cold.sum())} with low shares among low" if cold.any() else ""
    verb = "lies" if hot.sum() == 1 else "lie"
    return (
        f"{plural(int(hot.sum()), 'place')} with a high share in the gap {verb} among others like "
        f"it, with {share(inside)} of the people in the gap{low}; of all such "
        "clusters 1 in 20, or fewer, may be expected to be chance."
    )
