"""A sample survey of the example state: households and persons, and what the ACS asks.

Drawing records, rather than inventing table cells, makes the tables agree with each other by
construction: nested counts nest, counties are the sum of their tracts, and poverty, age, devices
and subscriptions go together as in life.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from equity.example._homes import Homes
from equity.example._land import Land
from equity.example._plan import Flags, Floats, Ints

_HOMES_A_RECORD = 9.0  # about one home in nine answers over five years
_MOST_RECORDS = 120_000


@dataclass(frozen=True)
class Households:
    """Sampled households: block group (row of the area list), weight, and answers."""

    group: Ints
    weight: Ints
    income: Floats
    ratio: Floats
    size: Ints
    head_age: Floats
    vehicle: Flags
    desktop: Flags
    smartphone: Flags
    tablet: Flags
    other_device: Flags
    fixed: Flags
    cellular: Flags
    satellite: Flags
    other_service: Flags
    dial_up: Flags
    unpaid: Flags
    language: Ints
    limited_english: Flags

    @property
    def device(self) -> Flags:
        """Any computing device."""
        return self.desktop | self.smartphone | self.tablet | self.other_device

    @property
    def broadband(self) -> Flags:
        """Any broadband subscription."""
        return self.fixed | self.cellular | self.satellite | self.other_service


@dataclass(frozen=True)
class Persons:
    """Persons in the sampled households; `home` is the household's row."""

    home: Ints
    age: Ints
    female: Flags
    disability: Flags
    uninsured: Flags


def draw_households(
    land: Land, homes: Homes, wired_share: Floats, rng: np.random.Generator
) -> tuple[Households, Ints]:
    """Sample households; also the distinct block-group keys (tract * 10 + digit), sorted."""
    keys, cell, group, weight = _sample(land, homes)
    n = len(cell)
    wealth, older = homes.wealth[cell], homes.older[cell]
    head_age = np.clip(
        np.where(rng.random(n) < older, rng.normal(73, 6.5, n), rng.normal(44, 11, n)), 19, 97
    )
    size = 1 + rng.poisson(np.where(head_age >= 66, 0.65, 1.75))
    income = np.exp(10.84 + 1.05 * wealth + 0.13 * np.minimum(size - 1, 3) - 0.20 * (head_age > 66))
    income = np.round(income * np.exp(rng.normal(0, 0.72, n)), -1)
    ratio = np.round(income / (9_900.0 + 5_300.0 * size), 4)
    means = np.log(np.maximum(ratio, 0.05))
    age = (head_age - 50) / 10
    at_ease = rng.normal(0, 1.5, n)  # with technology: one trait behind every device
    device = {
        "desktop": _chance(rng, 0.60 + 1.15 * means - 0.25 * age + at_ease),
        "smartphone": _chance(rng, 2.45 + 0.60 * means - 0.75 * age + at_ease),
        "tablet": _chance(rng, 0.00 + 0.85 * means - 0.20 * age + at_ease),
        "other_device": _chance(rng, -3.4 + 0.0 * age),
    }
    has_device = device["desktop"] | device["smartphone"] | device["tablet"]
    wired = rng.random(n) < wired_share[cell]
    fixed = wired & _chance(rng, 0.95 + 0.95 * means - 0.22 * age + 1.3 * (has_device - 0.6))
    cellular = _chance(rng, 0.80 + 0.45 * means - 0.45 * age) & device["smartphone"]
    satellite = _chance(rng, -1.75 + 0.55 * means - 1.6 * wired) & has_device
    any_broadband = fixed | cellular | satellite
    other_service = _chance(rng, -4.2 + 0.0 * means) & has_device
    dial_up = _chance(rng, -5.2 + 0.25 * age) & ~any_broadband & ~other_service & has_device
    offline = ~(any_broadband | other_service | dial_up)
    foreign = _chance(rng, -2.6 + 0.35 * np.log10(land.density[cell]))
    language = np.where(foreign, 1 + np.searchsorted([0.62, 0.80, 0.94], rng.random(n)), 0)
    return (
        Households(
            group=group,
            weight=weight,
            income=income,
            ratio=ratio,
            size=size,
            head_age=np.round(head_age),
            vehicle=_chance(
                rng, 2.35 + 1.05 * means - 0.18 * age - 0.35 * (land.density[cell] > 500)
            ),
            fixed=fixed,
            cellular=cellular,
            satellite=satellite,
            other_service=other_service,
            dial_up=dial_up,
            unpaid=offline & (rng.random(n) < 0.14),
            language=language,
            limited_english=(language > 0) & (rng.random(n) < 0.24),
            **device,
        ),
        keys,
    )


def draw_persons(homes: Households, rng: np.random.Generator) -> Persons:
    """Everybody who lives in the sampled households."""
    home = np.repeat(np.arange(len(homes.size)), homes.size)
    first = np.concatenate([[0], np.cumsum(homes.size)[:-1]])
    place = np.arange(len(home)) - first[home]
    head = homes.head_age[home]
    partner = np.clip(head + rng.normal(-1, 3.5, len(home)), 18, 97)
    child = np.clip(head - 27 + rng.normal(0, 6, len(home)), 0, 40)
    age = np.round(np.where(place == 0, head, np.where(place == 1, partner, child))).astype(
        np.int64
    )
    means = np.log(np.maximum(homes.ratio[home], 0.05))
    senior = age >= 65
    return Persons(
        home=home,
        age=age,
        female=(rng.random(len(home)) < np.where(place == 1, 0.62, 0.48) + 0.05 * senior),
        disability=_chance(rng, -2.0 + 0.45 * (age - 40) / 10 - 0.40 * means + 0.25 * (age > 75)),
        uninsured=_chance(
            rng, -1.95 - 0.55 * means - 3.2 * senior + 0.45 * ((age >= 19) & (age < 35))
        ),
    )


def _sample(land: Land, homes: Homes) -> tuple[Ints, Ints, Ints, Ints]:
    """Take every k-th household of each block group, with whole weights that add up."""
    key = land.tract * 10 + land.group
    keys, group = np.unique(key, return_inverse=True)
    order = np.argsort(group, kind="stable")
    step = max(_HOMES_A_RECORD, homes.households.sum() / _MOST_RECORDS)
    total = np.bincount(group, homes.households, minlength=len(keys)).astype(np.int64)
    answers = np.where(total > 0, np.maximum(np.round(total / step), 1), 0).astype(np.int64)
    record_group = np.repeat(np.arange(len(keys)), answers)
    first = np.concatenate([[0], np.cumsum(answers)[:-1]])
    place = np.arange(len(record_group)) - first[record_group]
    base = total[record_group] // answers[record_group]
    spare = total[record_group] - base * answers[record_group]
    before = np.concatenate([[0], np.cumsum(total)[:-1]])
    middle = ((2 * place + 1) * total[record_group]) // (2 * answers[record_group])
    ends = np.cumsum(homes.households[order])
    cell = order[np.searchsorted(ends, before[record_group] + middle, side="right")]
    return keys, cell, record_group, base + (place < spare)


def _chance(rng: np.random.Generator, logit: Floats) -> Flags:
    """One yes or no a row, with the given log-odds."""
    return rng.random(len(logit)) < np.round(1 / (1 + np.exp(-logit)), 6)
