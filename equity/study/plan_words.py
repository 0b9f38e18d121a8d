"""What is said of a plan: the sentence for a board, what is not known, how it was made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from equity.areas.words import about, coarse, number, sentence_list, share
from equity.funding.portfolio import FIRST, Portfolio
from equity.funding.scenario import Scenario
from equity.language import tr, trn

__all__ = ["finding", "method", "unknown"]


def finding(
    title: str, table: pd.DataFrame, plan: Portfolio, after: Scenario, *, draws: int
) -> list[str]:
    """Say what the money buys, how sure that is, for whom, and of what kind; the count first."""
    people = plan.people_n
    (gap,) = after.counts.loc[["gap_n"]].to_dict("records")
    chosen = plan.chosen
    sure = (gap.get("change_p95", np.nan) - gap.get("change_p05", np.nan)) / 2
    sentences = [_bought(title, plan, gap, sure)]
    if np.isfinite(gap.get("change_p05", np.nan)):
        sentences.append(
            tr(
                "90 % of draws of what may be true lie from {low} to {high} people.",
                low=coarse(-gap["change_p95"]),
                high=coarse(-gap["change_p05"]),
            )
        )
    if np.isfinite(plan.first_n) and people:
        sentences.append(_for_whom(table, plan, sure))
    kinds = chosen["fixes"].value_counts()
    brought = [text for kind, text in _brought(kinds).items() if kind in kinds]
    said = sentence_list(brought or [tr("no project is chosen")])
    sentences.append(f"{first_up(said)}.")
    if draws:
        firm = int((chosen["group_chosen_share"] >= 0.5).sum())
        sentences.append(
            trn(
                "At least half of {draws} plans made anew from what may be true choose something "
                "in {firm} of {n} place chosen here.",
                "At least half of {draws} plans made anew from what may be true choose something "
                "in {firm} of {n} places chosen here.",
                len(chosen),
                draws=number(draws),
                firm=number(firm),
                n=number(len(chosen)),
            )
        )
    return [*sentences, *plan.notes]


def _bought(title: str, plan: Portfolio, gap: Mapping[Any, float], sure: float) -> str:
    """Say what the money buys: the sentence that a board would read."""
    people = plan.people_n
    money = _money(plan.spent_usd)
    projects = trn("{n} project", "{n} projects", len(plan.chosen), n=number(len(plan.chosen)))
    told = {
        "title": title,
        "money": tr("{money} (costs made up)", money=money) if plan.made_up else money,
        "projects": projects,
        "people": about(people, sure),
        "all": about(gap["before"], sure),
        "part": share(people / gap["before"]),
    }
    if not people:
        return tr(
            "{title}: {money} for {projects} would bring about {people} of {all} people ({part}) "
            "out of the telehealth access gap.",
            **told,
        )
    return tr(
        "{title}: {money} for {projects} would bring about {people} of {all} people ({part}) out "
        "of the telehealth access gap, at {each} a person.",
        **told,
        each=_each(plan.spent_usd / people),
    )


def _for_whom(table: pd.DataFrame, plan: Portfolio, sure: float) -> str:
    """Say how many of those reached live in under-resourced communities, no finer than all."""
    first = table[FIRST].fillna(value=False).astype(bool)
    told = {
        "part": share(plan.first_n / plan.people_n),
        "there": share(table["gap_n"][first].sum() / table["gap_n"].sum()),
    }
    if plan.first_n == 0:
        return tr(
            "None of them ({part}) live in under-resourced communities, where {there} of the "
            "people in the gap live.",
            **told,
        )
    return tr(
        "{n} of them ({part}) live in under-resourced communities, where {there} of the people in "
        "the gap live.",
        n=about(plan.first_n, sure),
        **told,
    )


def _brought(kinds: pd.Series) -> dict[str, str]:
    """Say of each kind of project how many there are."""
    n = {kind: int(kinds.get(kind, 0)) for kind in ("line", "home", "line+home")}
    said = {kind: number(count) for kind, count in n.items()}
    return {
        "line": trn(
            "{n} project brings a line alone",
            "{n} projects bring a line alone",
            n["line"],
            n=said["line"],
        ),
        "home": trn(
            "{n} project brings a connected home alone",
            "{n} projects bring a connected home alone",
            n["home"],
            n=said["home"],
        ),
        "line+home": trn(
            "{n} project brings both",
            "{n} projects bring both",
            n["line+home"],
            n=said["line+home"],
        ),
    }


def first_up(text: str) -> str:
    """Return text with a capital first."""
    return text[:1].upper() + text[1:]


def _money(usd: float) -> str:
    if usd < 1e6:
        return f"${number(usd)}"
    return tr("${n} million", n=number(usd / 1e6, 1))


def _each(usd: float) -> str:
    return f"${number(usd)}" if usd >= 1 else tr("less than $1")


def unknown(plan: Portfolio, rule: str) -> list[str]:
    """Say what the plan does not know."""
    costs = (
        tr("What anything costs: the costs were made up to show the method.")
        if plan.made_up
        else tr(
            "How far bids will lie from the costs, each of which has its source in projects.csv."
        )
    )
    rules = (
        tr(
            "Whether a program would pay: lines count under {rule}; no program's rules are "
            "applied, and nothing here says that a project qualifies.",
            rule=rule,
        )
        if rule
        else tr(
            "Whether a program would pay: lines count under the rule of the study; no program's "
            "rules are applied, and nothing here says that a project qualifies."
        )
    )
    return [
        costs,
        tr(
            "Who takes up what is offered: every location and home in its places counts as served "
            "once it is paid for."
        ),
        tr("Which homes have both a line and a connection: people are counted by the gap's floor."),
        tr(
            "Whether the lines that providers claim are there: where not, a line would bring in "
            "more."
        ),
        tr("What happens when the years that are paid for are over."),
        tr(
            "What clinics and practices' own lines would add: they stand in scenarios, not in "
            "plans."
        ),
        rules,
    ]


def method(plan: Portfolio, draws: int) -> list[str]:
    """Say how the plan was made, and how good it is."""
    chosen = {
        "milp": tr(
            "Of {candidates}, chosen by mixed-integer programming (HiGHS), all limits and people "
            "counted again from the answer.",
            candidates=_candidates(plan),
        ),
        "greedy": tr(
            "Of {candidates}, chosen by people reached anew per dollar, step by step.",
            candidates=_candidates(plan),
        ),
    }[plan.method]
    bound = tr("No bound was found in the time it had.")
    if np.isfinite(plan.bound_n):
        bound = tr(
            "No plan of these projects is worth more than {most}; this one is worth {value}, at "
            "most {part} less.",
            most=number(plan.bound_n),
            value=number(plan.value_n),
            part=share(plan.gap, 2),
        )
    counted = tr(
        "People are those whom the what-if brings in, area by area: by a line where homes are "
        "connected, by a connected home where there are lines, by both where both lack. Whom two "
        "projects reach counts once."
    )
    often = tr(
        "{n} plans were made anew, greedily, each from a draw of what has an error here: "
        "residents, homes, and travel where minutes are estimated. Such a plan knows its draw, and "
        "takes places that are wholly beyond reach in it: a low share says that other places may "
        "do as well, not that this one is wrong.",
        n=number(draws),
    )
    first = f"{chosen} {bound}"
    return [first, counted, often] if draws else [first, counted]


def _candidates(plan: Portfolio) -> str:
    n = len(plan.projects)
    return trn("{n} candidate", "{n} candidates", n, n=number(n))
