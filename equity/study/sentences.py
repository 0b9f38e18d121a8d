"""The finding, a fixed sequence whatever the numbers are: nothing is chosen by its outcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np
import pandas as pd

from equity.areas.words import about, number, plural, points, sentence_list, share
from equity.measures.sensitivity import OTHER_CARE
from equity.sources.care.kinds import kinds_in_words
from equity.study.parts import CarePart
from equity.study.record import Record
from equity.study.totals import DIFFERENCE, ELSEWHERE, FIRST

__all__ = ["beyond_words", "finding", "sites_words"]

_NOUN = "under-resourced community"
_MANY = "under-resourced communities"


Rows = Mapping[str, Mapping[str, float]]
"""A frame of the report as plain numbers: row, then column."""


def finding(
    result: Record,
    counts: pd.DataFrame,
    comparison: pd.DataFrame,
    fixes: pd.DataFrame,
    focus: pd.DataFrame,
) -> tuple[str, ...]:
    """Return the finding; its first three sentences are what stands on the first screen."""
    counted, compared = _rows(counts), _rows(comparison)
    sentences = [
        state_sentence(result, counted),
        compared_sentence(compared),
        sure_sentence(result, counted),
        places_sentence(focus),
        fixes_sentence(_rows(fixes)),
        practices_sentence(result),
    ]
    return tuple(sentence for sentence in sentences if sentence)


def _rows(frame: pd.DataFrame) -> Rows:
    return cast("Rows", frame.to_dict("index"))


def sites_words(result: Record, care: CarePart) -> str:
    """Return what the sites that count are called: ``health center or rural health clinic``."""
    if care.kinds:
        return kinds_in_words(care.kinds)
    labels = [part.label for part in result.plan.sites if part.use != "capacity"]
    return " or ".join(label.removesuffix("s") for label in dict.fromkeys(labels))


def beyond_words(result: Record, care: CarePart) -> str:
    """Say what was computed of people beyond reach, as the end of a sentence about them."""
    if care.by_capacity:
        return (
            f"are beyond what the clinicians within {care.limit_min:g} estimated minutes can serve "
            f"(one per {care.benchmark_people_per_fte:,.0f} residents is taken as enough)"
        )
    if care.method == "column":
        what = care.label or f"care, by {care.column}"
        if care.unit == "share" or (care.unit or "").startswith("per_"):
            return f"are beyond reach of {what}"
        return f"live more than {care.limit_min:g} minutes from {what}"
    return (
        f"live more than {care.limit_min:g} estimated minutes from the nearest "
        f"{sites_words(result, care)}"
    )


def state_sentence(result: Record, counts: Rows) -> str:
    """(1) The count with its range."""
    gap = counts["gap_n"]
    title, beyond = result.plan.study.title, beyond_words(result, result.plan.care[0])
    moe = gap["people_n_moe"]
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


def compared_sentence(comparison: Rows) -> str:
    """(2) and (3) The link and the gap in under-resourced communities against everywhere else."""
    first, rest = comparison[FIRST], comparison[ELSEWHERE]
    if not first["areas_n"]:
        return "No community with a value meets the study's definition of under-resourced."
    if not rest["areas_n"]:
        return (
            f"Every community with a value is under-resourced: {share(first['no_link_share'])} of "
            f"residents have no usable link, {share(first['gap_share'])} are in the gap."
        )
    link = (
        f"In under-resourced communities {share(first['no_link_share'])} of residents have no "
        f"usable link, near care or not, everywhere else {share(rest['no_link_share'])}"
        f"{_difference(comparison[DIFFERENCE], 'no_link_share')}"
    )
    gap = (
        f"in the gap are {share(first['gap_share'])} there and {share(rest['gap_share'])} elsewhere"
        f"{_difference(comparison[DIFFERENCE], 'gap_share')}"
    )
    joined = "; but " if _against(comparison, "no_link_share", "gap_share") else "; "
    return f"{link}{joined}{gap}."


def _difference(row: Mapping[str, float], name: str) -> str:
    difference, moe = row[name], row[f"{name}_moe"]
    if pd.isna(difference):
        return ""
    if abs(difference) < 0.0005 or (pd.notna(moe) and abs(difference) <= moe):
        margin = "" if pd.isna(moe) else f" (± {number(moe * 100, 1)} points)"
        return f": no difference that these data can show{margin}"
    return f": {points(difference, moe)} {'more' if difference > 0 else 'less'}"


def _against(comparison: Rows, link: str, gap: str) -> bool:
    """Tell whether the gap does not go the way that the link does."""
    row = comparison[DIFFERENCE]

    def way(name: str) -> int:
        moe = 0.0005 if pd.isna(row[f"{name}_moe"]) else max(row[f"{name}_moe"], 0.0005)
        return int(np.sign(row[name])) if abs(row[name]) > moe else 0

    return way(link) != way(gap)


def sure_sentence(result: Record, counts: Rows) -> str:
    """Say how sure the count is: the survey's margin, and what other choices make of it."""
    gap = counts["gap_n"]
    if pd.isna(gap["people_n_moe"]):
        sure = (
            "The survey tables came without margins for every number used, so no ± can be given to "
            "the count"
        )
    else:
        sure = (
            f"The survey's margin on the count is ± {about(gap['people_n_moe'])} people (90 %); "
            "errors of coverage filings come on top"
        )
    if pd.notna(gap["p05_n"]) and result.plan.care[0].method == "travel":
        sure += (
            f"; with the error of travel estimates 90 % of draws lie from "
            f"{about(gap['p05_n'])} to {about(gap['p95_n'])}"
        )
    other = result.choices.settings
    same = other["gap_n"].notna() & (other["group"] != OTHER_CARE)
    known = other[same].drop(index="study")
    if not len(known):
        return f"{sure}."
    tried = sorted(zip(known["gap_n"].tolist(), known["label"].tolist(), strict=True))
    (low, low_label), (high, high_label) = tried[0], tried[-1]
    return (
        f"{sure}; choices weigh more: the count runs from {about(low)} ({low_label}) to "
        f"{about(high)} ({high_label})."
    )


def places_sentence(focus: pd.DataFrame) -> str:
    """(4) The places that are under-resourced and fall short: people, and how sure each is."""
    if not len(focus):
        return "No under-resourced community falls short by the study's cut-offs."
    people = focus["gap_n"].sum()
    text = (
        f"{plural(len(focus), _NOUN, _MANY)} {'falls' if len(focus) == 1 else 'fall'} short, with "
        f"about {about(people)} people in the gap, and {'is' if len(focus) == 1 else 'are'} listed "
        "below"
    )
    if "focus_probability" not in focus:
        return f"{text}."
    sure = focus["focus_probability"]
    very, likely = int((sure >= 0.8).sum()), int(((sure >= 0.5) & (sure < 0.8)).sum())
    said = [
        f"{number(n)} {word}" for n, word in ((very, "very likely"), (likely, "likely")) if n
    ] or ["none of them likely"]
    return f"{text}; {sentence_list(said)} to belong there."


def fixes_sentence(fixes: Rows) -> str:
    """Say what one fix brings in, and what only two together do."""
    if "line" not in fixes or "line and home" not in fixes:
        return ""
    line, home, both = (fixes[one]["everywhere_n"] for one in ("line", "home", "line and home"))
    if pd.isna(line) or both == 0:
        return ""
    return (
        f"A line alone would bring in about {about(line)} of all in the gap, a connected home "
        f"alone {about(home)}; {about(both - line - home)} need both."
    )


def practices_sentence(result: Record) -> str:
    """(5) The practices' own lines."""
    if result.practices is None:
        return ""
    lines = _rows(result.practices)
    known = int(lines["fit"]["sites_n"] + lines["below"]["sites_n"])
    if not known:
        return (
            "Whether the practices' own lines are fit is unknown: only classes of whole areas are "
            "at hand."
        )
    below, people = int(lines["below"]["sites_n"]), lines["below"]["relying_n"]
    sites = plural(known, "site")
    if not below:
        return f"Of {sites} whose line is known, each has what a practice of its size needs."
    return (
        f"Of {sites} whose line is known, {number(below)} {'has' if below == 1 else 'have'} less "
        f"than its size needs; about {about(people)} people have such a site nearest."
    )
