"""What a study's minutes of travel can be told of: held against what, and whom they leave out."""

from __future__ import annotations

import re

import pandas as pd

from equity.areas.geoid import LEVELS, STATES
from equity.areas.words import count, number, sentence_list
from equity.language import mark, tr, trn
from equity.measures.reach.calibration import travel_facts
from equity.measures.reach.roads import NEAREST_TO_NOBODY
from equity.provenance import meta
from equity.study import prose as words
from equity.study.record import Record

__all__ = ["limits_of_minutes", "minutes_known"]

_AGREES = 0.1
"""How far the median over places may be from published minutes that an estimate agrees with."""

_FEW_STATES = 4
_NEAR = mark(
    "Trips near the limit count in part, since minutes are known up to a spread: a median above "
    "the limit can stand beside less than half of the residents beyond reach."
)
_HELD = (
    mark("Held against published minutes in {state}, these are {facts}."),
    mark("Held against published minutes in all of {state}, these are {facts}."),
)
"""Of a study of whole states, and of a part of one: of that alone it is not known."""
_OEPS = mark("OEPS is the Opioid Environment Policy Scan, a public data set with minutes to care.")


def limits_of_minutes(result: Record) -> list[str]:
    """Say how wrong the minutes of a study tend to be, by the way they were measured."""
    measured = [care for care in result.plan.care if care.method != "column"]
    used = dict.fromkeys(care.speeds for care in measured if care.speeds)
    said = [tr(words.TRAVEL, facts=" ".join(map(_travel_facts, used)))] if used else []
    if any(care.extracts for care in measured):
        said += [tr(words.TRAVEL_BY_ROAD), *_off_the_roads(result)]
    return said


def _off_the_roads(result: Record) -> list[str]:
    """Say whom the roads that were read do not lead to a site, and which sites nobody is led to."""
    table, plan = result.table, result.plan
    care = next(care for care in plan.care if care.extracts)
    end = "" if care is plan.care[0] else f"_{care.id}"
    status = table[f"nearest_site_status{end}"]
    lost = (status == table[f"beyond_reach_status{end}"]) & (table["population_n"] > 0)
    said = []
    areas = table[lost & (status == "not_covered")]
    if n := len(areas):
        said.append(
            trn(
                """
                No road that leads on is near {n} area with {people} residents, of the roads that
                were read: it has no minutes.
                """,
                """
                No road that leads on is near {n} areas with {people} residents, of the roads that
                were read: they have no minutes.
                """,
                n,
                n=number(n),
                people=count(areas["population_n"].sum()),
            )
        )
    areas = table[lost & (status == "no_supply_in_reach")]
    if n := len(areas):
        said.append(
            trn(
                """
                From {n} area with {people} residents no road that was read leads to a site: it
                counts as beyond reach.
                """,
                """
                From {n} areas with {people} residents no road that was read leads to a site: they
                count as beyond reach.
                """,
                n,
                n=number(n),
                people=count(areas["population_n"].sum()),
            )
        )
    told = re.compile(rf"([\d,]+) sites lie [^;]* {NEAREST_TO_NOBODY}")
    found = filter(None, map(told.fullmatch, meta(table).notes))
    if n := sum(int(one[1].replace(",", "")) for one in found):
        said.append(
            trn(
                """
                {n} site lies off the roads that were read (across a border, say) and is nobody's
                nearest: people near it may be closer to care than shown.
                """,
                """
                {n} sites lie off the roads that were read (across a border, say) and are nobody's
                nearest: people near them may be closer to care than shown.
                """,
                n,
                n=number(n),
            )
        )
    return said


def _travel_facts(roads: str) -> str:
    """Say which published minutes some road speeds agree with, how closely, and which not."""
    facts = travel_facts()
    facts = facts[(facts["rurality"] == "all") & (facts["roads"] == roads)]
    said: dict[bool, list[str]] = {True: [], False: []}
    for name, rows in facts.sort_values("fitted_on", ascending=False).groupby(
        "published", sort=False
    ):
        known = [tr("which it was set on")] if rows["fitted_on"].any() else []
        known += [] if rows["same_sites"].all() else [tr("measured to a list of other sites")]
        ordered = rows.sort_values("bias", kind="stable")
        least, most = ordered.iloc[0], ordered.iloc[-1]
        span = tr(
            "from {least} in {there} to {most} in {elsewhere}",
            least=_off(least["bias"]),
            there=tr(str(least["place"])),
            most=_off(most["bias"]),
            elsewhere=tr(str(most["place"])),
        )
        near = abs(rows["bias"].median() - 1.0) <= _AGREES
        said[near].append(f"{', '.join([tr(str(name)), *known])} ({span})")
    return tr(
        "The estimate “{estimate}” agrees on the whole with the road minutes of {agreed}. It "
        "disagrees with {others}.",
        estimate=tr(words.BY_ROADS[roads]),
        agreed=sentence_list(said[True]),
        others=sentence_list(said[False]),
    )


def _listed(facts: pd.DataFrame) -> str:
    """List how far minutes are from those of each publication."""
    return sentence_list(
        [
            tr("{away} ({published})", away=_off(bias), published=tr(str(published)))
            for bias, published in zip(facts["bias"], facts["published"], strict=True)
        ]
    )


def _off(bias: float) -> str:
    """Return how far estimated minutes are from the published ones that they are a multiple of."""
    away = round(100.0 * (bias - 1.0))
    if not away:
        return tr("equally long")
    if away < 0:
        return tr("{n} % shorter", n=number(-away))
    return tr("{n} % longer", n=number(away))


def minutes_known(result: Record) -> str:
    """Say how minutes count near the limit, and how they compare with published ones."""
    care = result.plan.care[0]
    near = tr(_NEAR) if care.method == "travel" and care.sd != 0 else ""
    return " ".join(filter(None, [near, _held_against(result)]))


def _held_against(result: Record) -> str:
    """Say how estimated minutes compare with those published of the study's own states."""
    speeds = {care.speeds for care in result.plan.care if care.method != "column" and care.speeds}
    facts = travel_facts()
    facts = facts[(facts["rurality"] == "all") & facts["roads"].isin(speeds)]
    codes = sorted(set(result.table.index.astype(str).str[:2]))
    if not speeds or len(codes) > _FEW_STATES:
        return ""  # the limits tell of every place that is known
    said = []
    held = _HELD[result.area is not None]
    for state in (STATES[code] for code in codes):
        found = facts[facts["place"] == state.name]
        if len(found):
            said.append(tr(held, state=state.name, facts=_listed(found)))
        elif not state.synthetic:
            said.append(
                tr("They were not held against published minutes in {state}.", state=state.name)
            )
    here = set(result.table.index.astype(str).str[: LEVELS["county"]])
    within = facts[[bool(part) and here <= {*part} for part in facts["counties"]]]
    for place, found in within.groupby("place"):
        said.append(
            tr(
                "In the {place}, where the area lies, they are {facts}.",
                place=tr(str(place)),
                facts=_listed(found),
            )
        )
    named = any("OEPS" in text for text in said)
    return " ".join([*said, *[tr(_OEPS)] * named])
