"""What is said of a plan: the sentence for a board, what is not known, how it was made."""

from __future__ import annotations

import numpy as np
import pandas as pd

from equity.areas.words import about, coarse, number, plural, sentence_list, share
from equity.funding.portfolio import FIRST, Portfolio
from equity.funding.scenario import Scenario

__all__ = ["finding", "method", "unknown"]


def finding(
    title: str, table: pd.DataFrame, plan: Portfolio, after: Scenario, *, draws: int
) -> list[str]:
    """Say what the money buys, how sure that is, for whom, and of what kind; the count first."""
    people = plan.people_n
    (gap,) = after.counts.loc[["gap_n"]].to_dict("records")
    chosen, stamp = plan.chosen, " (costs made up)" if plan.made_up else ""
    each = f", at {_each(plan.spent_usd / people)} a person" if people else ""
    sure = (gap.get("change_p95", np.nan) - gap.get("change_p05", np.nan)) / 2
    bought = f"{_money(plan.spent_usd)}{stamp} for {plural(len(chosen), 'project')}"
    part = f"{about(people, sure)} of {about(gap['before'], sure)} people"
    part = f"{part} ({share(people / gap['before'])})"
    sentences = [
        f"{title}: {bought} would bring about {part} out of the telehealth access gap{each}."
    ]
    if np.isfinite(gap.get("change_p05", np.nan)):
        low, high = coarse(-gap["change_p95"]), coarse(-gap["change_p05"])
        sentences.append(f"90 % of draws of what may be true lie from {low} to {high} people.")
    if np.isfinite(plan.first_n) and people:
        first = table[FIRST].fillna(value=False).astype(bool)
        there = share(table["gap_n"][first].sum() / table["gap_n"].sum())
        here = f"{about(plan.first_n)} of them ({share(plan.first_n / people)})"
        here = here.replace("nobody of", "None of")
        sentences.append(
            f"{here} live in under-resourced communities, where {there} of the people in the gap "
            "live."
        )
    kinds = chosen["fixes"].value_counts()
    brought = [
        f"{plural(kinds[kind], 'project')} {'brings' if kinds[kind] == 1 else 'bring'} {words}"
        for kind, words in _KINDS.items()
        if kind in kinds
    ]
    sentences.append(f"{first_up(sentence_list(brought or ['no project is chosen']))}.")
    if draws:
        firm = int((chosen["group_chosen_share"] >= 0.5).sum())
        sentences.append(
            f"At least half of {number(draws)} plans made anew from what may be true choose "
            f"something in {number(firm)} of {plural(len(chosen), 'place')} chosen here."
        )
    return [*sentences, *plan.notes]


_KINDS = {"line": "a line alone", "home": "a connected home alone", "line+home": "both"}


def first_up(text: str) -> str:
    """Return text with a capital first."""
    return text[:1].upper() + text[1:]


def _money(usd: float) -> str:
    return f"${usd / 1e6:,.1f} million" if usd >= 1e6 else f"${number(usd)}"


def _each(usd: float) -> str:
    return f"${number(usd)}" if usd >= 1 else "less than $1"


def unknown(plan: Portfolio, rule: str) -> list[str]:
    """Say what the plan does not know."""
    costs = (
        "What anything costs: the costs were made up to show the method."
        if plan.made_up
        else "How far bids will lie from the costs, each of which has its source in projects.csv."
    )
    under = f"lines count under {rule or 'the rule of the study'}"
    takers = "every location and home in its places counts as served once it is paid for"
    rules = "no program's rules are applied, and nothing here says that a project qualifies"
    return [
        costs,
        f"Who takes up what is offered: {takers}.",
        "Which homes have both a line and a connection: people are counted by the gap's floor.",
        "Whether the lines that providers claim are there: where not, a line would bring in more.",
        "What happens when the years that are paid for are over.",
        "What clinics and practices' own lines would add: they stand in scenarios, not in plans.",
        f"Whether a program would pay: {under}; {rules}.",
    ]


def method(plan: Portfolio, draws: int) -> list[str]:
    """Say how the plan was made, and how good it is."""
    how = {
        "milp": "by mixed-integer programming (HiGHS), all limits and people counted again from "
        "the answer",
        "greedy": "by people reached anew per dollar, step by step",
    }[plan.method]
    bound = "No bound was found in the time it had."
    if np.isfinite(plan.bound_n):
        bound = (
            f"No plan of these projects is worth more than {number(plan.bound_n)}; this one is "
            f"worth {number(plan.value_n)}, at most {share(plan.gap, 2)} less."
        )
    counted = (
        "People are those whom the what-if brings in, area by area: by a line where homes are "
        "connected, by a connected home where there are lines, by both where both lack. Whom two "
        "projects reach counts once."
    )
    often = (
        f"{number(draws)} plans were made anew, greedily, each from a draw of what has an error "
        "here: residents, homes, and travel where minutes are estimated. Such a plan knows its "
        "draw, and takes places that are wholly beyond reach in it: a low share says that other "
        "places may do as well, not that this one is wrong."
    )
    chosen = f"Of {plural(len(plan.projects), 'candidate')}, chosen {how}. {bound}"
    return [chosen, counted, often] if draws else [chosen, counted]
