"""``equity factsheet``: one page for a place of a run, a county, or all of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pandas as pd

from equity.areas.geoid import LEVELS, STATES
from equity.areas.schema import status_of_word
from equity.areas.words import about, coarse, counted, number, sentence_list
from equity.language import current, tr, trn
from equity.measures.draws import Interval
from equity.measures.standing import reasons
from equity.outputs.factsheet import (
    FEW,
    FactSheet,
    first_down,
    is_few,
    write_factsheet,
)
from equity.outputs.ownership import RECORD, write_record
from equity.provenance import Source, software
from equity.study import totals
from equity.study._exchange import put_in_place
from equity.study.parts import StudyPlan
from equity.study.place_names import Place, PlaceFinder
from equity.study.runs import Run, read_run
from equity.study.sentences import (
    Rows,
    beyond_words,
    chances,
    practices_sentence,
    state_sentence,
)
from equity.study.sheet_care import care_words
from equity.study.sheet_places import kinds_of_care, measures_of

__all__ = ["FactSheets", "fact_sheets", "sheet_of_all"]

_COUNTY, _STATE = LEVELS["county"], LEVELS["state"]
_MOST_COLUMNS = 3


@dataclass(frozen=True, eq=False)
class FactSheets:
    """Fact sheets of a run, ready to be written.

    Attributes
    ----------
    name
        What their folder is called if nobody says: the run's, and the first place's.
    sheets
        One a place.
    record
        What the run's provenance says.
    """

    name: str
    sheets: tuple[FactSheet, ...]
    record: dict[str, str]

    def write(self, folder: str | Path) -> Path:
        """Write a PDF and an HTML file a place, and where they came from, into a folder.

        Raises
        ------
        StorageError
            If the folder cannot be written, or holds files that no run wrote.
        """
        return put_in_place(Path(folder), self._write, "fact sheets")

    def _write(self, folder: Path) -> None:
        for sheet in self.sheets:
            write_factsheet(sheet, folder)
        record = {
            "title": f"Fact sheets: {self.record['title']}",
            "language": current(),
            "synthetic": any(sheet.synthetic for sheet in self.sheets),
            "software": software(),
            "run": self.record,
            "places": {sheet.key: sheet.title for sheet in self.sheets},
            "sources": [source.to_dict() for source in self.sheets[0].sources],
        }
        write_record(folder / RECORD, record, folder.iterdir())


def fact_sheets(
    run: str | Path, places: Sequence[str] = (), *, at: Sequence[str] = ()
) -> FactSheets:
    """Make fact sheets of places of a folder that ``equity run`` wrote.

    Parameters
    ----------
    run
        The folder.
    places
        Ids of areas or counties; names of areas, counties or towns (the area that holds the
        town's point). Nothing: all of the run.
    at
        Points as ``latitude,longitude`` in degrees (WGS 84): the areas that hold them.

    Raises
    ------
    MissingFileError
        If the folder holds no run.
    InputError
        If a place is not there, or is several; the error says what is near.
    """
    past = read_run(run)
    finder = PlaceFinder(past)
    found = [_state_called(past, name) or finder.named(name) for name in places]
    found += [finder.held(point) for point in at]
    found = list({place.key: place for place in found or [finder.whole()]}.values())
    sheets = tuple(_sheet(_of(past, place), place) for place in found)
    more = f"-and-{len(sheets) - 1}-more" if len(sheets) > 1 else ""
    record = {
        "title": str(past.record.get("title", "")), "rule": past.headline,
        "sha256_of_all_above": str(past.record.get("sha256_of_all_above", "")),
    }  # fmt: skip
    return FactSheets(f"{Path(run).name}-factsheet-{sheets[0].key}{more}", sheets, record)


def sheet_of_all(past: Run) -> FactSheet:
    """Make the fact sheet of all of a run."""
    return _sheet(past, PlaceFinder(past).whole())


def _state_called(past: Run, name: str) -> Place | None:
    """Find a state among those that were run apart."""
    wanted = name.strip().casefold()
    return next(
        (
            Place(fips, STATES[fips].name)
            for fips in past.states
            if wanted in (fips, STATES[fips].usps.casefold(), STATES[fips].name.casefold())
        ),
        None,
    )


def _of(past: Run, place: Place) -> Run:
    """Return the run that a place belongs to: of states that were run apart, its state's own."""
    own = past.states.get(place.key[:_STATE]) if place.key.isdigit() else None
    return past if own is None else read_run(own)


def _sheet(past: Run, place: Place) -> FactSheet:
    table, title = past.table, past.title
    plan, sites = past.plan, past.sites()
    ids = table.index.astype(str)
    here = pd.Series(ids.str.startswith(place.key), index=table.index)
    near_by = pd.Series(ids.str.startswith(place.key[:_COUNTY]), index=table.index)
    whole = not here.any() or bool(here.all())
    if whole:
        here = near_by = pd.Series(data=True, index=table.index)
    care = kinds_of_care(plan)
    parts = {place.title: here}
    if not whole and not near_by.equals(here):
        county = str(max(table.loc[near_by, "county_name"].astype(str), key=len))
        parts[county or place.key[:_COUNTY]] = near_by
    if not whole:
        parts[title] = pd.Series(data=True, index=table.index)
    own = table[here]
    lead, frame = _numbers(plan, place.title, own), []
    for name, part in parts.items():
        frame.append({"name": name, **measures_of(table[part], care)})
    rest = past.record.get("rest") if len(parts) < _MOST_COLUMNS else None
    if rest:
        said = tr("Rest of {title}", title=plan.study.title)
        frame.append({"name": said, **rest, "gap_status": "ok"})
    rules = [r for r in past.record.get("rules", []) if r.get("headline")]
    vintage = past.record.get("areas", {}).get("geo_vintage") or "unknown"
    label = str(past.record.get("areas", {}).get("label", "areas"))
    what = tr("all of the run") if whole else tr("id {key}", key=place.key)
    practices = _practices(past, plan)
    rule = tr(str(rules[0]["title"])) if rules else ""
    return FactSheet(
        key=place.key,
        title=place.title,
        subtitle=" ".join(
            [
                tr(
                    "Telehealth access fact sheet: {what}, {areas} of {title}.",
                    what=what,
                    areas=counted(len(own), label),
                    title=title,
                ),
                *[place.note] * bool(place.note),
            ]
        ),
        synthetic=bool(past.record.get("synthetic")),
        lead=lead,
        places=pd.DataFrame(frame),
        has_rest=bool(rest),
        care=care,
        cautions=_cautions(past, plan),
        notes={
            tr("Care and practices"): (
                *care_words(table, own, sites, whole=whole),
                tr("All of the run: {practices}", practices=first_down(practices)),
            ),
            tr("How sure"): tuple(_sure(own, plan, past.interval("gap_n") if whole else None)),
            tr("What was counted"): (
                tr(
                    "Lines and subscriptions under the rule “{rule}”.",
                    rule=rule,
                ),
                tr("Areas of vintage {vintage}.", vintage=_vintage(str(vintage), table)),
            ),
        },
        areas=past.placed,
        here=table.index[here],
        near=table.index[near_by],
        sites=sites,
        sources=tuple(Source.from_dict(one) for one in past.record.get("sources", [])),
        software=software(),
    )


def _vintage(vintage: str, table: pd.DataFrame) -> str:
    """Return the vintage of areas; that of Connecticut's only where some lie there."""
    year, _, connecticut = vintage.partition("-CT")
    if not connecticut or not table.index.astype(str).str.startswith("09").any():
        return year
    return tr("{year} (in Connecticut {other})", year=year, other=connecticut)


def _cautions(past: Run, plan: StudyPlan) -> dict[str, str]:
    """Return what is to be said of the kinds of care that no site is listed of inside the run."""
    lacking = past.record.get("care_not_listed_inside", [])
    return {
        plan.suffix_of_care(part): tr(totals.NONE_INSIDE)
        for part in plan.care
        if part.id in lacking
    }


def _numbers(plan: StudyPlan, title: str, own: pd.DataFrame) -> str:
    """Return the finding of a place in one sentence, with no number that is too small to show."""
    ranked = own[own["gap_status"] == "ok"]
    if not len(ranked):
        why = sentence_list([tr(status_of_word(s).words) for s in own["gap_status"].unique()])
        return tr("{place}: no value ({why}).", place=title, why=why)
    counts = totals.counts(ranked)
    if "gap_p05" in ranked:
        # That something was drawn decides how the finding is rounded, here as in the run's.
        counts.loc["gap_n", "p05_n"] = ranked["gap_p05"].min()
    people, gap = counts["people_n"]["population_n"], counts.loc["gap_n"]
    beyond = beyond_words(plan, plan.care[0])
    if is_few(people):
        return tr("{place}: {few} residents, too few to say more.", place=title, few=tr(FEW))
    small = is_few(gap["people_n"]) or is_few(gap["ceiling_n"])
    if small and float(counts["people_n"]["beyond_reach_n"]) >= 0.5:
        told = {"place": title, "few": tr(FEW), "beyond": beyond}
        if is_few(gap["ceiling_n"]) or pd.isna(gap["ceiling_n"]):
            return tr("{place}: {few} people {beyond} and have no usable link at home.", **told)
        return tr(
            "{place}: {few} people {beyond} and have no usable link at home, up to {most} if lines "
            "and homes overlap least.",
            **told,
            most=about(gap["ceiling_n"]),
        )
    return state_sentence(title, plan, cast("Rows", counts.to_dict("index")))


def _practices(past: Run, plan: StudyPlan) -> str:
    told = past.record.get("practices")
    frame = None if not told else pd.DataFrame.from_dict(told, orient="index")
    return practices_sentence(frame, plan) or tr("the run does not tell the lines of practices.")


def _sure(own: pd.DataFrame, plan: StudyPlan, interval: Interval | None) -> Iterator[str]:
    """Yield how sure it is: draws (`interval`, of all of a run), standing, what has no value."""
    lost = own[own["gap_status"] != "ok"]
    if len(own) == 1:
        (why,) = reasons(own, plan.under_resourced.tests)
        yield from _sure_of_one(own.iloc[0], why)
    else:
        if interval is not None:
            yield from _draws_of(*interval[1:], few=is_few(own["gap_n"].sum()))
        yield from _listed(own)
    if len(lost) and len(own) > 1:
        yield from _without_value(lost)
    bound = own["connected_share_status"].eq("upper_bound") if len(own) else own.index < ""
    if bound.any():
        yield tr(
            "No table counts homes with both a device and a subscription here: the most that can "
            "have both were taken, so the gap is at least what is shown."
        )
    yield tr("Errors of coverage filings come on top.")


def _without_value(lost: pd.DataFrame) -> Iterator[str]:
    """Yield how many areas have no value: those where people live, and the others."""
    lived_in = lost["population_n"] > 0
    gone, n, empty = lost["population_n"].sum(), int(lived_in.sum()), int((~lived_in).sum())
    if n:
        yield trn(
            "{n} area with {people} residents has no value and is left out of every count.",
            "{n} areas with {people} residents have no value and are left out of every count.",
            n,
            n=number(n),
            people=tr(FEW) if is_few(gone) else number(gone),
        )
    if empty:
        yield trn(
            "{n} area without residents has no value.",
            "{n} areas without residents have no value.",
            empty,
            n=number(empty),
        )


def _listed(own: pd.DataFrame) -> Iterator[str]:
    """Yield how many areas are under-resourced, how many of them are listed, and how surely."""
    first = own["is_under_resourced"].astype(bool)
    if not first.any():
        yield tr("No area here is under-resourced.")
        return
    n = int(first.sum())
    yield trn(
        "{n} of the {all} areas here is under-resourced.",
        "{n} of the {all} areas here are under-resourced.",
        n,
        n=number(n),
        all=number(len(own)),
    )
    focus = own[first & own["falls_short"].astype(bool)]
    if not len(focus):
        yield tr("None of them falls short.")
        return
    people = focus["gap_n"].sum()
    said = trn(
        "Of these, {n} falls short as well and is on the study's list, with {people} of the people "
        "in the gap",
        "Of these, {n} fall short as well and are on the study's list, with {people} of the people "
        "in the gap",
        len(focus),
        n=number(len(focus)),
        people=tr(FEW) if is_few(people) else about(people),
    )
    likely = chances(focus)
    yield f"{said}; {likely}" if likely else f"{said}."


def _draws_of(low: float, high: float, *, few: bool) -> Iterator[str]:
    """Yield where draws of people in the gap lie, unless there are few or none was drawn."""
    if not few and pd.notna(low) and pd.notna(high) and high >= 0.5:
        yield tr(
            "90 % of draws of the lower figure of people in the gap, over the survey's margins and "
            "the error of travel as far as they are known, lie from {low} to {high}.",
            low=coarse(low),
            high=coarse(high),
        )


def _sure_of_one(one: pd.Series, why: str) -> Iterator[str]:
    if one["gap_status"] != "ok":
        lost = tr(status_of_word(str(one["gap_status"])).words)
        yield tr("No value: {why}.", why=lost)
        return
    few = is_few(one["gap_n"]) or is_few(one["population_n"])
    ends = (one.get(name, math.nan) for name in ("gap_p05", "gap_p95"))
    yield from _draws_of(*ends, few=few)
    if not one["is_under_resourced"]:
        yield tr("It is not under-resourced as the study defines it.")
        return
    if one.get("under_resourced_status") == "within_margin":
        doubt = tr(status_of_word("within_margin").words)
        yield tr(
            "It is under-resourced as the study defines it ({doubt}): {why}.", doubt=doubt, why=why
        )
    else:
        yield tr("It is under-resourced as the study defines it: {why}.", why=why)
    if not one["falls_short"]:
        yield tr("It does not fall short of the rest.")
        return
    likely = chances(one.to_frame().T)
    if likely:
        yield tr("It falls short, so it is on the study's list; {likely}", likely=likely)
    else:
        yield tr("It falls short.")
