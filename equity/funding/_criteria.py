"""One criterion of a program put to its rows: value, cut, points, margin and how likely."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from equity.areas.words import Z90, number, share
from equity.errors import InputError
from equity.funding._rows import ROUNDING, Rows
from equity.funding._wording import points_words, threshold_words, value_words
from equity.language import tr, trn
from equity.rules.program_metrics import NO, YES, program_metric
from equity.rules.program_rule import Condition, Criterion, Limb

_ROUNDING = 1e-9
"""Relative difference that is no difference: 1 - 0.9 is at least 0.10."""


@dataclass(frozen=True)
class Answer:
    """What a criterion gives."""

    value: float = math.nan
    value_text: str = ""
    threshold: str = ""
    met: bool | None = None
    points: float = math.nan
    next_cut: float = math.nan
    probability: float = math.nan
    tested_n: int = 0
    met_n: int = 0
    unknown_n: int = 0
    left_out_n: float = 0.0
    note: str = ""
    missing: str = ""
    how: str = ""
    each: pd.Series | None = None
    margin: float | None = None

    def row(self, criterion: Criterion) -> dict[str, Any]:
        """Return the answer as a row beside what the criterion says of itself."""
        told = {k: getattr(self, k) for k in self.__dataclass_fields__ if k != "each"}
        own = tr(criterion.note) if criterion.note else ""
        told["note"] = " ".join(filter(None, [self.note, own]))
        return {
            "label": criterion.label,
            "unit": criterion.unit,
            **told,
            "margin": self.value - self.next_cut if self.margin is None else self.margin,
            "citation": criterion.citation,
            "date": criterion.date,
            "confidence": criterion.confidence,
            "url": criterion.url,
        }


def answer(criterion: Criterion, rows: Rows | None, amounts: Mapping[str, float]) -> Answer:
    """Put a criterion to rows whose metrics are there."""
    if criterion.unit == "project":
        return _of_value(criterion, amounts)
    assert rows is not None, "a criterion of rows without rows lacks its metrics"
    if criterion.reduce == "share_of_sum":
        found = _share_of_sum(criterion, rows)
    elif criterion.reduce == "each":
        found = _each(criterion, rows)
    elif criterion.reduce == "mean_of_points":
        found = _mean_of_points(criterion, rows.frame)
    else:
        found = _points_of_mean(criterion, rows.frame)
    return replace(
        found, left_out_n=rows.left_out_n, note=" ".join(filter(None, [*rows.notes, found.note]))
    )


def _of_value(criterion: Criterion, amounts: Mapping[str, float]) -> Answer:
    condition = criterion.limbs[0].conditions[0]
    value = amounts[condition.metric]
    cuts = [c for c in (condition.at_least, condition.at_most, condition.below) if c is not None]
    return Answer(
        value=value,
        value_text=value_words(value, condition.metric),
        threshold=threshold_words(criterion),
        met=bool(_holds(condition, pd.Series([value])).iloc[0]),
        next_cut=min(cuts, key=lambda cut: abs(value - cut)),
        tested_n=1,
    )


def _share_of_sum(criterion: Criterion, rows: Rows) -> Answer:
    needed = rows.frame[[*criterion.parts, criterion.whole]].astype(float)
    known = needed.notna().all(axis=1)
    low, high, whole = _ends(criterion, rows, needed[known])
    total, unknown = float(whole.sum()), int((~known).sum())
    if total <= 0:
        return Answer(
            unknown_n=unknown,
            value_text=tr("no location"),
            threshold=threshold_words(criterion),
            note=tr("No location is left to count."),
        )
    parts = [float(low.sum()), float(high.sum())]
    ends = [part / total for part in parts]
    condition = criterion.limbs[0].conditions[0]
    met = _between(condition, ends)
    cut = math.nan if condition.cut is None else condition.cut
    # Of two ends that decide alike, the one nearer the cut; of two that do not, neither.
    value = math.nan if met is None else min(ends, key=lambda end: abs(end - cut))
    words = tr(program_metric(criterion.parts[0]).label)
    for part in criterion.parts[1:]:
        words = tr("{some} or {more}", some=words, more=tr(program_metric(part).label))
    note = _taken_as_one(int(known.sum()), unknown)
    shares, counts = share(ends[1]), number(parts[1])
    if parts[0] < parts[1]:
        shares = tr("{low} to {high}", low=share(ends[0]), high=shares)
        counts = tr("{low} to {high}", low=number(parts[0]), high=counts)
    return Answer(
        value=value,
        value_text=tr(
            "{shares}: {counts} of {all} are {what}",
            shares=shares,
            counts=counts,
            all=number(total),
            what=words,
        ),
        threshold=threshold_words(criterion),
        met=met,
        next_cut=cut,
        tested_n=int(known.sum()),
        met_n=int(known.sum()),
        unknown_n=unknown,
        note=note,
    )


def _taken_as_one(areas: int, unknown: int) -> str:
    """Say how many areas were added up, and how many could not be."""
    said = trn(
        "{n} area taken as one project.",
        "{n} areas taken as one project.",
        areas,
        n=number(areas),
    )
    if not unknown:
        return said
    without = trn(
        "{n} area without a count in neither number.",
        "{n} areas without a count in neither number.",
        unknown,
        n=number(unknown),
    )
    return f"{said} {without}"


def _ends(
    criterion: Criterion, rows: Rows, needed: pd.DataFrame
) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Return the least and the most that the parts can be in each area, and the whole.

    Where so many locations are funded and nobody knows which, the fewest are left if all of those
    were of the parts, the most if none was.
    """
    part, whole = needed[[*criterion.parts]].sum(axis=1), needed.iloc[:, -1]
    off = pd.Series(0.0, index=needed.index)
    if rows.unplaced_n is not None:
        off = rows.unplaced_n[needed.index]
    over = part - off > whole + ROUNDING
    if over.any():
        raise InputError(
            f"{' and '.join(criterion.parts)} are more than {criterion.whole}",
            rows=needed.index[over],
            fix="a part cannot exceed its whole: mend the counts of these areas",
        )
    return (part - off).clip(lower=0.0), part.mask(off > 0, np.minimum(part, whole)), whole


def _between(condition: Condition, ends: list[float]) -> bool | None:
    """Tell whether a condition holds of a value between two ends; None if that cannot be told."""
    held = _holds(condition, pd.Series(ends)).tolist()
    if all(held):
        return True
    # Between two ends that fail, one of several cuts may yet hold.
    return None if any(held) or (condition.cut is None and ends[0] < ends[1]) else False


def _each(criterion: Criterion, rows: Rows) -> Answer:
    """Test every row: one limb that holds is enough, unknown is neither yes nor no."""
    frame = rows.frame
    limbs = [limb for limb in criterion.limbs if _testable(limb, rows)]
    met = pd.Series(data=False, index=frame.index, dtype="boolean")
    for limb in criterion.limbs:
        here = pd.Series(data=True, index=frame.index, dtype="boolean")
        for condition in limb.conditions:
            here &= _holds(condition, _column(frame, condition.metric))
        met |= here
    tested, held = int(met.notna().sum()), int(met.fillna(value=False).sum())
    untested = [tr(limb.label) for limb in criterion.limbs if limb not in limbs]
    note = ""
    if untested:
        note = tr("Not tested, for want of its metrics: {tests}.", tests="; ".join(untested))
    if (unknown := len(met) - tested) and not untested:
        note = tr("{some} cannot be told.", some=rows.part(unknown))
    value = held / tested if tested else math.nan
    found = Answer(
        value=value,
        value_text=_of_rows(rows, met, held),
        threshold=threshold_words(criterion),
        met=True if held == len(met) else False if tested == len(met) and not held else None,
        tested_n=tested,
        met_n=held,
        unknown_n=unknown,
        note=note,
        each=met,
        margin=math.nan,
    )
    return replace(found, **_single_cut(criterion, frame))


def _of_rows(rows: Rows, met: pd.Series, held: int) -> str:
    frame, text = rows.frame, rows.part(held)
    if rows.noun == "area" and "population_n" in frame and frame["population_n"].sum() > 0:
        people = frame["population_n"].astype(float)
        part = people[met.fillna(value=False).to_numpy(dtype=bool)].sum() / people.sum()
        text = tr("{areas}, with {part} of the residents", areas=text, part=share(float(part)))
    return text


def _single_cut(criterion: Criterion, frame: pd.DataFrame) -> dict[str, Any]:
    """Return margin and probability where one number against one cut decides one row."""
    conditions = [c for limb in criterion.limbs for c in limb.conditions]
    if len(conditions) != 1 or conditions[0].cut is None:
        return {}
    condition, values = conditions[0], frame[conditions[0].metric].astype(float)
    if values.notna().sum() == 0:
        return {}
    cut = float(conditions[0].cut or 0.0)
    off = values.dropna() - cut
    found: dict[str, Any] = {"next_cut": cut, "margin": float(off.iloc[int(off.abs().argmin())])}
    if len(frame) == 1 and f"{condition.metric}_moe" in frame:
        error = float(frame[f"{condition.metric}_moe"].iloc[0]) / Z90
        above = _above(float(values.iloc[0]), error, cut)
        found["probability"] = above if condition.at_least is not None else 1.0 - above
    return found


def _mean_of_points(criterion: Criterion, frame: pd.DataFrame) -> Answer:
    values = frame[criterion.metric].astype(float)
    cuts, got = _bins(criterion)
    known = values.notna()
    points = pd.Series(np.nan, index=values.index)
    points[known] = got[_bin_of(values[known].to_numpy(), cuts)]
    inner = cuts[1:]
    off = np.abs(values[known].to_numpy()[:, None] - inner[None, :])
    row, cut = divmod(int(off.argmin()), len(inner))
    site = values[known].index[row]
    near = float(values[known].iloc[row]) - float(inner[cut])
    unknown = int((~known).sum())
    score = math.nan if unknown else float(points.mean())
    note = tr(
        "Nearest to a cut: {site}, {value} against {cut}.",
        site=site,
        value=number(float(values.loc[site])),
        cut=number(float(inner[cut])),
    )
    if unknown:
        note = f"{_mean_unknown(unknown, len(values))} {note}"
    return Answer(
        value=score,
        value_text=tr("mean of {points}", points=", ".join(f"{p:g}" for p in points[known])),
        threshold=points_words(criterion),
        met=_qualifies(criterion, score),
        points=score,
        next_cut=float(inner[cut]),
        margin=near,
        tested_n=int(known.sum()),
        met_n=int((points > 0).sum()),
        unknown_n=unknown,
        note=note,
        each=points,
    )


def _mean_unknown(unknown: int, sites: int) -> str:
    return tr(
        "{n} of {all} sites have no value: the mean cannot be told.",
        n=number(unknown),
        all=number(sites),
    )


def _points_of_mean(criterion: Criterion, frame: pd.DataFrame) -> Answer:
    values = frame[criterion.metric].astype(float)
    unknown = int(values.isna().sum())
    if unknown:
        return Answer(
            unknown_n=unknown,
            tested_n=len(values) - unknown,
            value_text=tr("not known"),
            threshold=points_words(criterion),
            note=_mean_unknown(unknown, len(values)),
        )
    cuts, got = _bins(criterion)
    mean = float(values.mean())
    here = int(_bin_of(np.array([mean]), cuts)[0])
    nearest = min(cuts[1:], key=lambda cut: abs(mean - cut))
    near = abs(mean - nearest) <= 0.01
    note = tr("Within 1 point of a cut.") if near else ""
    return Answer(
        value=mean,
        value_text=tr("mean {value}", value=value_words(mean, criterion.metric)),
        threshold=points_words(criterion),
        met=_qualifies(criterion, float(got[here])),
        points=float(got[here]),
        next_cut=float(nearest),
        probability=_in_bin(mean, _error_of_mean(frame, criterion.metric), cuts, here),
        tested_n=len(values),
        met_n=len(values),
        note=note,
    )


def _error_of_mean(frame: pd.DataFrame, metric: str) -> float:
    """Return the standard error of a mean of counties' estimates; sites of one county share theirs.

    Without the county of each site all errors are taken to be shared, the widest there is.
    """
    name = f"{metric}_moe"
    if name not in frame or frame[name].isna().any():
        return math.nan
    error = frame[name].astype(float) / Z90 / len(frame)
    if "geoid" not in frame:
        return float(error.sum())
    return float(np.sqrt((error.groupby(frame["geoid"].astype(str).str[:5]).sum() ** 2).sum()))


def _in_bin(value: float, error: float, cuts: np.ndarray, here: int) -> float:
    """Return the probability that the true value lies in the bin of the estimate."""
    if not math.isfinite(error):
        return math.nan
    low = 1.0 if here == 0 else _above(value, error, float(cuts[here]))
    high = 0.0 if here == len(cuts) - 1 else _above(value, error, float(cuts[here + 1]))
    return low - high


def _above(value: float, error: float, cut: float) -> float:
    """Return the probability that the true value is at least the cut."""
    if error == 0:
        return float(_reaches(np.array([value]), cut)[0])
    return float(norm.sf(cut, loc=value, scale=error))


def _bins(criterion: Criterion) -> tuple[np.ndarray, np.ndarray]:
    pairs = np.asarray(criterion.points, dtype=float)
    return pairs[:, 0], pairs[:, 1]


def _bin_of(values: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """Return the half-open bin of each value, by position; below the first cut is the first."""
    slack = _ROUNDING * np.maximum(np.abs(values), _ROUNDING)
    found: np.ndarray = np.maximum(np.searchsorted(cuts, values + slack, side="right") - 1, 0)
    return found


def _qualifies(criterion: Criterion, points: float) -> bool | None:
    if criterion.minimum_to_qualify is None or math.isnan(points):
        return None
    return points >= criterion.minimum_to_qualify


def _testable(limb: Limb, rows: Rows) -> bool:
    return all(rows.has(condition.metric) for condition in limb.conditions)


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    return frame[name] if name in frame else pd.Series(pd.NA, index=frame.index, dtype=object)


def _holds(condition: Condition, values: pd.Series) -> pd.Series:
    """Tell where a condition holds; unknown where the value is."""
    known = values.notna().to_numpy(dtype=bool)
    held = pd.array([pd.NA] * len(values), dtype="boolean")
    if condition.equals is not None:
        held[known] = [_same(v, condition.equals) for v in values[known]]
        return pd.Series(held, index=values.index)
    numbers = pd.to_numeric(values[known]).to_numpy(dtype=float)
    good = np.ones(len(numbers), dtype=bool)
    if condition.at_least is not None:
        good &= _reaches(numbers, condition.at_least)
    if condition.at_most is not None:
        good &= _reaches(-numbers, -condition.at_most)
    if condition.below is not None:
        good &= ~_reaches(numbers, condition.below)
    held[known] = good
    return pd.Series(held, index=values.index)


def _reaches(values: np.ndarray, cut: float) -> np.ndarray:
    found: np.ndarray = values >= cut - _ROUNDING * max(abs(cut), _ROUNDING)
    return found


def _same(value: object, wanted: object) -> bool:
    text = str(value).strip().casefold()
    if isinstance(wanted, bool):
        return text in (YES if wanted else NO)
    return text == wanted
