"""The numbers of a run's report, before they become sentences: sums, rates and their margins."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from equity.areas.precision import Z90
from equity.areas.rates import Rate, moe_of_rate
from equity.areas.schema import columns, describe
from equity.areas.words import number, sentence_list
from equity.language import mark, tr, trn
from equity.measures.adoption import POPULATIONS
from equity.measures.adoption_by_person import adoption_by_person
from equity.measures.disparity import disparity, who_lives_there
from equity.measures.draws import Interval
from equity.measures.gap import RANGE, SPLIT, gap_range, gap_totals
from equity.measures.index import WORST_TENTH
from equity.measures.recover import SETS_OF_FIXES
from equity.measures.sensitivity import OTHER_CARE
from equity.outputs.report import Fifths, NeedIndex
from equity.study.care import sites_that_count
from equity.study.parts import CarePart, CriterionPart, StudyPlan
from equity.study.record import Record

__all__ = [
    "ALL", "DIFFERENCE", "DIFFERENCE_FROM_REST", "ELSEWHERE", "FIRST", "NONE_INSIDE", "REST",
    "by_person", "by_rule", "comparison", "counts", "disparities", "fifths", "fixes", "held",
    "kinds", "need", "overlaps", "settings", "unknown_people",
]  # fmt: skip

REST = "the rest"
# Names of rows: English here, and translated where they are shown.
FIRST, ELSEWHERE, ALL = mark("under-resourced communities"), mark("everywhere else"), mark("all")
DIFFERENCE = mark("difference")
DIFFERENCE_FROM_REST = mark("difference of the area from the rest")
NONE_INSIDE = mark("no such site is listed inside: a gap in the list, or in care")
_BEYOND = "subscribed_beyond_rule_share"


def rate_of(table: pd.DataFrame, name: str) -> Rate:
    """Return the sum of a count over areas, its share of residents, and both margins."""
    known = table[table[name].notna()]
    if not len(known):
        return Rate(*[float("nan")] * 6)

    def margins(column: str) -> np.ndarray:
        if f"{column}_moe" not in known:
            return np.full(len(known), np.nan)
        return np.asarray(known[f"{column}_moe"], dtype=float)

    return moe_of_rate(
        known[name].to_numpy(dtype=float),
        margins(name),
        known["population_n"].to_numpy(dtype=float),
        margins("population_n"),
    )


def counts(ranked: pd.DataFrame, interval: Callable[[str], Interval] | None = None) -> pd.DataFrame:
    """Return three counts of people, each inside the one before, and all without a link.

    Index ``population_n``, ``beyond_reach_n``, ``gap_n``, ``no_link_n``; ``people_n`` and
    ``people_n_moe``, ``share`` (of residents) and ``share_moe``, ``independence_n``,
    ``ceiling_n`` (the range of the gap), ``p05_n`` and ``p95_n`` (90 % of the draws, where
    something was drawn).
    """
    rows = {}
    for name in ("population_n", "beyond_reach_n", "gap_n", "no_link_n"):
        rate = rate_of(ranked, name)
        rows[name] = {
            "people_n": rate.numerator,
            "people_n_moe": rate.numerator_moe,
            "share": rate.rate,
            "share_moe": rate.moe,
        }
    frame = pd.DataFrame.from_dict(rows, orient="index")
    for name in ("independence_n", "ceiling_n"):
        frame[name] = np.nan
        frame.loc["gap_n", name] = ranked[f"gap_{name}"].sum(min_count=1)
    if interval is not None:
        for name in ("gap_n", "no_link_n"):
            frame.loc[name, ["p05_n", "p95_n"]] = interval(name)[1:]
    return frame


def comparison(ranked: pd.DataFrame, rest: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return under-resourced communities, everywhere else, all, and the difference of rates.

    With `rest`, what lies outside the area of the study: one more row, `REST`, and how all differs
    from it.
    """
    first = ranked["is_under_resourced"].astype(bool)
    groups = {FIRST: ranked[first], ELSEWHERE: ranked[~first], ALL: ranked}
    if rest is not None:
        groups[REST] = rest[rest["gap_status"] == "ok"]
    frame = pd.DataFrame({name: _row(part) for name, part in groups.items()}).T
    gaps = {DIFFERENCE: _difference(frame, FIRST, ELSEWHERE)}
    if rest is not None:
        gaps[DIFFERENCE_FROM_REST] = _difference(frame, ALL, REST)
    order = [FIRST, ELSEWHERE, DIFFERENCE, ALL, *([REST] if rest is not None else [])]
    frame = pd.concat([frame, pd.DataFrame(gaps).T])
    return frame.loc[[*order, DIFFERENCE_FROM_REST] if rest is not None else [*groups, DIFFERENCE]]


def _difference(frame: pd.DataFrame, one: str, other: str) -> pd.Series:
    gaps = {}
    for name in ("no_link_share", "gap_share"):
        here, there = frame[name].astype(float)[[one, other]]
        gaps[name] = here - there
        margins = frame[f"{name}_moe"].astype(float)[[one, other]].to_numpy()
        # Two groups without a common area do not covary.
        gaps[f"{name}_moe"] = float(np.sqrt((margins**2).sum()))
    return pd.Series(gaps)


def _row(part: pd.DataFrame) -> pd.Series:
    people = part["population_n"].sum()
    row = {"areas_n": float(len(part)), "population_n": people}
    for name in ("no_link_n", "beyond_reach_n", "gap_n", *SPLIT):
        rate = rate_of(part, name)
        row[name], row[f"{name}_moe"] = rate.numerator, rate.numerator_moe
        if name in ("no_link_n", "gap_n"):
            share = f"{name[:-2]}_share"
            row[share], row[f"{share}_moe"] = rate.rate, rate.moe
    return pd.Series(row)


def kinds(result: Record, ranked: pd.DataFrame) -> pd.DataFrame:
    """Return each kind of care that is asked about: its counts, and the gap of both groups.

    Index the care's id; ``label``, ``note``, ``beyond_reach_n``, ``gap_n``, ``gap_share``,
    ``first_share`` and ``elsewhere_share``, and their margins.
    """
    rows = {}
    first = ranked["is_under_resourced"].astype(bool)
    for care in result.plan.care:
        suffix = result.plan.suffix_of_care(care)
        names = {
            f"{n}{m}{suffix}": f"{n}{m}" for n in ("beyond_reach_n", "gap_n") for m in ("", "_moe")
        }
        people = [n for n in ("population_n", "population_n_moe") if n in ranked]
        part = pd.DataFrame(ranked)[[*people, *names]].rename(columns=names)
        gap, beyond = rate_of(part, "gap_n"), rate_of(part, "beyond_reach_n")
        rows[care.id] = {
            "label": tr(care.label),
            "note": _none_inside(result, care),
            "beyond_reach_n": beyond.numerator,
            "beyond_reach_n_moe": beyond.numerator_moe,
            "gap_n": gap.numerator,
            "gap_n_moe": gap.numerator_moe,
            "gap_share": gap.rate,
            "gap_share_moe": gap.moe,
        }
        for name, where in (("first_share", first), ("elsewhere_share", ~first)):
            rate = rate_of(part[where], "gap_n")
            rows[care.id] |= {name: rate.rate, f"{name}_moe": rate.moe}
    return pd.DataFrame.from_dict(rows, orient="index")


def _none_inside(result: Record, care: CarePart) -> str:
    """Say that no site of a kind of care is listed in the areas, which the list may owe to gaps."""
    if result.sites is None or care.method != "travel":
        return ""
    sites = sites_that_count(result.sites, care)
    if len(sites.sjoin(result.table[["geometry"]].dropna(), predicate="within")):
        return ""
    return tr(NONE_INSIDE)


_NUMBERS = ["gap_n", "gap_share", "named_n", "named_people_n", "overlap_share"]


def settings(result: Record) -> pd.DataFrame:
    """Return the finding under other settings; of other care, whether a site of it is listed.

    A rule that rests on the headline's own columns has its numbers: nothing is known of it apart.
    """
    found, first = result.choices.settings, result.plan.care[0]
    notes = {
        key: _none_inside(result, first.model_copy(update={"kinds": [key.removeprefix("kind-")]}))
        for key in found.index[found["group"] == OTHER_CARE]
    }
    empty = pd.Series(notes, dtype=object).reindex(found.index, fill_value="")
    found = found.assign(note=found["note"].where(found["note"] != "", empty))
    for rule in result.rules:
        same = result.table[f"gap_n{result.plan.suffix_of(rule)}"].equals(result.table["gap_n"])
        if same and f"rule-{rule.id}" in found.index:
            found.loc[f"rule-{rule.id}", _NUMBERS] = found.loc["study", _NUMBERS]
    return found


def disparities(plan: StudyPlan, ranked: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return how link, reach, gap and adoption differ between places and who lives in them.

    By rate: index the group; ``people_n``, ``rate_share``, ``reference_share`` (everybody else),
    ``difference_share``, ``ratio``, ``attributable_n``, with 90 % margins.
    """
    table = ranked.assign(**_rural_by_code(plan, ranked))
    found = {}
    for rate in _rates(table):
        known = _with_count(table, rate)
        flags = {
            label: name
            for label, name in _FLAGS.items()
            if name in known and len(known[name].dropna().unique()) > 1
        }
        rows = [
            disparity(known, rate, groups=name).rates.loc[["yes"]].set_axis([label])
            for label, name in flags.items()
        ]
        people = _populations(known)
        rows += [disparity(known, rate, populations=people).rates] if people else []
        if rows:
            found[rate] = _with_margins(pd.concat(rows).rename(columns=_AS_SHARES))
    return found


def _populations(table: pd.DataFrame) -> list[str]:
    """Return the populations that are at hand, with a count of what they are a part of."""
    told = describe(name for name in POPULATIONS if name in table)
    parts = {column.name: column.of or "population_n" for column in told}
    return [name for name, of in parts.items() if table[[name, of]].notna().any().all()]


_RATES = ("no_link_share", "beyond_reach_share", "gap_share")
_ADOPTION = "connected_share"


def _rates(table: pd.DataFrame) -> list[str]:
    """Return the rates that are compared: adoption where the survey's homes are known."""
    adoption = _ADOPTION in table and table[_ADOPTION].notna().any()
    return [*_RATES, _ADOPTION] if adoption else [*_RATES]


def _with_count(table: pd.DataFrame, rate: str) -> pd.DataFrame:
    count = f"{rate.removesuffix('_share')}_n"
    return table[table[rate if rate == _ADOPTION else count].notna()]


_FLAGS = {
    mark("Under-resourced communities"): "is_under_resourced",
    mark("Rural areas (commuting codes 4 to 10)"): "is_rural_ruca",
    mark("Rural counties (continuum codes 4 to 9)"): "is_rural_rucc",
    mark("Counties fully rural for grants"): "is_rural_forhp",
}
_AS_SHARES = {
    f"{name}{ending}": f"{short}_share{ending}"
    for name, short in (
        ("rate", "rate"), ("reference_rate", "reference"), ("difference", "difference"),
    )
    for ending in ("", "_se")
}  # fmt: skip


def _rural_by_code(plan: StudyPlan, ranked: pd.DataFrame) -> dict[str, pd.Series]:
    """Return rurality from the codes that travel was estimated with, where no flag is at hand."""
    name = plan.care[0].rurality
    if name is None or "is_rural_ruca" in ranked or name not in ranked:
        return {}
    codes = pd.to_numeric(ranked[name], errors="coerce")
    return {"is_rural_ruca": (codes >= 4).astype("boolean").mask(~codes.between(1, 10))}


def _with_margins(frame: pd.DataFrame) -> pd.DataFrame:
    """Write standard errors as the 90 % margins that readers are shown."""
    errors = [name for name in frame if str(name).endswith("_se")]
    margins = {f"{str(name).removesuffix('_se')}_moe": frame[name] * Z90 for name in errors}
    return frame.drop(columns=errors).assign(**margins)


_FIFTHS = 5
_IN_ORDER = ("slope", "slope_over_mean", "concentration", "erreygers")


def fifths(plan: StudyPlan, ranked: pd.DataFrame) -> Fifths | None:
    """Return the rates over fifths of residents, and measures of how they rise or fall.

    The order is that of the study's first criterion whose values make five groups: it was chosen
    before anything was measured. None where none does.
    """
    for criterion in plan.under_resourced.criteria:
        if criterion.column not in ranked:  # the counties of several states have no such rates
            continue
        values = ranked[criterion.column]
        if pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values):
            continue
        if values.nunique() < _FIFTHS:
            continue
        found = {
            rate: disparity(
                _with_count(ranked, rate), rate, groups=criterion.column, quantiles=_FIFTHS
            )
            for rate in _rates(ranked)
        }
        by_fifth = [one.rates[["rate", "rate_se"]] for one in found.values()]
        # What rises is worse: adoption, of which less is, has its fifths and no slope.
        measured = [found[rate].measures.loc[list(_IN_ORDER), ["value", "se"]] for rate in _RATES]
        named = [f"{rate}{ending}" for rate in found for ending in ("", "_se")]
        names = [f"{rate}{ending}" for rate in _RATES for ending in ("", "_se")]
        people = found["gap_share"].rates[["people_n", "people_n_se"]]
        rates = pd.concat(by_fifth, axis=1).set_axis(named, axis=1)
        return Fifths(
            _called(criterion),
            _with_margins(pd.concat([people, rates], axis=1)),
            _with_margins(pd.concat(measured, axis=1).set_axis(names, axis=1)),
        )
    return None


def _called(criterion: CriterionPart) -> str:
    """Return what a criterion's column is called; of one that nobody declared, the study says."""
    declared = criterion.column in columns()
    own = describe([criterion.column])[0].label
    return tr(own) if declared else criterion.short or own


def by_person(result: Record, ranked: pd.DataFrame) -> pd.DataFrame | None:
    """Return who of each class has adopted; None where no table tells it by person."""
    if result.by_person is None or not len(result.by_person.columns):
        return None
    counts = result.by_person.loc[ranked.index]
    if result.area is not None:  # of an area that the line divides, the part inside
        homes = counts.columns.get_level_values(0).str.startswith("income_")
        inside = result.area.shares.reindex(ranked.index)
        counts = counts.copy()
        for basis, part in (("housing", homes), ("population", ~homes)):
            counts.loc[:, part] = counts.loc[:, part].mul(inside[basis], axis=0)
    return adoption_by_person(counts)


def unknown_people(ranked: pd.DataFrame) -> list[str]:
    """Say of which populations some areas are not known, and so left out."""
    lost = {name: ranked.loc[ranked[name].isna(), "population_n"] for name in _populations(ranked)}
    told = [
        trn(
            "{label} ({n} area with {people} residents)",
            "{label} ({n} areas with {people} residents)",
            len(people),
            label=tr(describe([name])[0].label),
            n=number(len(people)),
            people=number(people.sum()),
        )
        for name, people in lost.items()
        if people.sum() > 0
    ]
    if not told:
        return []
    listed = sentence_list(told)
    return [tr("For whom: not known everywhere, and left out there: {listed}.", listed=listed)]


def held(ranked: pd.DataFrame, focus: pd.DataFrame) -> pd.DataFrame | None:
    """Return who lives in the named places; nothing where no place is named."""
    if not len(focus):
        return None
    there = pd.Series(ranked.index.isin(focus.index), index=ranked.index)
    return _with_margins(who_lives_there(ranked, there, populations=_populations(ranked)))


def fixes(ranked: pd.DataFrame, focus: pd.DataFrame) -> pd.DataFrame:
    """Return what each set of fixes would bring in, everywhere and in the named places."""
    names = {one: f"recoverable_{'_and_'.join(one)}_n" for one in SETS_OF_FIXES}
    rows = {
        " and ".join(one): {
            "everywhere_n": ranked[name].sum(min_count=1),
            "named_n": focus[name].sum(min_count=1),
        }
        for one, name in names.items()
        if ranked[name].notna().any()
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["everywhere_n", "named_n"])


def overlaps(result: Record, ranked: pd.DataFrame) -> pd.DataFrame:
    """Return the gap as lines and homes overlap, and with lines over-reported as a setting."""
    rows = {}
    if ranked["qualifying_share"].notna().any():
        for part in (0.0, *result.plan.sensitivity.over_reported):
            totals = gap_range(ranked, over_reported=part).sum(min_count=1)
            there = tr("lines as reported")
            label = tr("{n} % of them not there", n=f"{part * 100:g}") if part else there
            rows[label] = dict(zip(RANGE, totals[list(RANGE)], strict=True))
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(RANGE), dtype=float)


def by_rule(result: Record) -> pd.DataFrame:
    """Return the gap and what is missing under each rule, and homes that subscribe beyond it."""
    rows = {}
    for rule in result.rules:
        suffix = result.plan.suffix_of(rule)
        names = {f"{name}{suffix}": name for name in ("gap_n", *SPLIT, _BEYOND)}
        part = result.table[["population_n", "households_n", *names]].rename(columns=names)
        rows[rule.id] = [*gap_totals(part)[["gap_n", *SPLIT, "gap_share"]], _over_homes(part)]
    columns = ["gap_n", *SPLIT, "gap_share", _BEYOND]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns, dtype=float)


def _over_homes(part: pd.DataFrame) -> float:
    """Return the mean of a share of homes over all areas, weighted by homes."""
    homes = part["households_n"].fillna(part["population_n"]).where(part[_BEYOND].notna())
    total = homes.sum()
    return float((part[_BEYOND] * homes).sum() / total) if total else float("nan")


_STANDARDS = {
    "percentile": mark("each as its percentile among them"),
    "z": mark("each in standard deviations from the mean"),
    "range": mark("each from 0, the least, to 1, the most"),
    "none": mark("each share as it is"),
}


def need(result: Record, ranked: pd.DataFrame, focus: pd.DataFrame) -> NeedIndex | None:
    """Return the index of need beside the finding; None where the study asks for none."""
    if result.need is None:
        return None
    recipe, table = result.need.recipe, result.everywhere
    named = {f"need_part__{one.id}": tr(one.label) for one in recipe.indicators}
    weighed = result.need.indicators.set_axis(list(named)).assign(label=list(named.values()))
    weighed.loc["need_index"] = {"label": tr("The index"), "weight_share": 1.0}
    added = {"listed_index": focus, "all_index": ranked}
    means = {name: part[list(weighed.index)].mean() for name, part in added.items()}
    worst = table.index[table["need_index_rank"] >= WORST_TENTH]
    here = worst.intersection(ranked.index)
    both = here.intersection(focus.index)
    known = int(table["need_index_rank"].notna().sum())
    said = tr(
        "A second view, never the headline: an index adds up what has no common unit, so its "
        "weights are choices. {title} ({id}; {citation}): {indicators} of {areas}, {standard}. "
        "{note} {overlap}; that tenth has {worst} here with a gap that is known. It ranks places, "
        "whatever number of people they have.",
        title=tr(recipe.title),
        id=recipe.id,
        citation=recipe.citation,
        indicators=trn("{n} indicator", "{n} indicators", len(recipe.indicators),
                       n=number(len(recipe.indicators))),
        areas=_areas(known),
        standard=tr(_STANDARDS[recipe.standardize]),
        note=tr(recipe.note),
        overlap=_overlap(len(focus), len(both)),
        worst=_areas(len(here)),
    )  # fmt: skip
    ranks = ["need_index_rank", "need_index_rank_p05", "need_index_rank_p95", "worst_tenth_share"]
    return NeedIndex(
        said,
        weighed.assign(**means),
        result.need.settings,
        result.need.choices,
        focus[["name", "county_name", *ranks]],
    )


def _areas(n: int) -> str:
    return trn("{n} area", "{n} areas", n, n=number(n))


def _overlap(listed: int, both: int) -> str:
    places = trn("{n} place", "{n} places", listed, n=number(listed))
    return trn(
        "Of the {places} listed, {n} is in its worst tenth",
        "Of the {places} listed, {n} are in its worst tenth",
        both,
        places=places,
        n=number(both),
    )
