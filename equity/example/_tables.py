"""ACS tables of the example state: counts of survey records, margins and sentinels."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from equity.example._plan import Flags, Floats, Ints
from equity.example._survey import Households, Persons

NOT_COMPUTED = -666666666
TOO_FEW = -999999999
NOT_AVAILABLE = -888888888
NO_MARGIN = -222222222
OPEN_ENDED = -333333333
CONTROLLED = -555555555
_Z90 = 1.645
TOP_INCOME = 250_000
_AGES_65 = (65, 67, 70, 75, 80, 85, 200)
_DISABILITY_AGES = (0, 5, 18, 35, 65, 75, 200)

# Tables the Census Bureau also publishes for block groups.
BLOCK_GROUP_TABLES = (
    "B01001",
    "B01003",
    "B19013",
    "B28001",
    "B28002",
    "B28003",
    "C16002",
    "C17002",
)


@dataclass
class Tables:
    """Estimates and margins by variable (`B28002_001` …), one value an area, as whole numbers."""

    estimate: dict[str, Ints] = field(default_factory=dict)
    margin: dict[str, Ints] = field(default_factory=dict)


def household_flags(h: Households) -> dict[str, Flags]:
    """Which sampled households each household variable counts."""
    everyone = np.ones(len(h.weight), dtype=bool)
    device, broadband, dial = h.device, h.broadband, h.dial_up
    subscribed = broadband | dial
    desktop, phone, tablet, other = h.desktop, h.smartphone, h.tablet, h.other_device
    flags = {
        "B28002_001": everyone,
        "B28002_002": subscribed,
        "B28002_003": dial & ~broadband,
        "B28002_004": broadband,
        "B28002_005": h.cellular,
        "B28002_006": h.cellular & ~h.fixed & ~h.satellite & ~h.other_service,
        "B28002_007": h.fixed,
        "B28002_008": h.fixed & ~h.cellular & ~h.satellite & ~h.other_service,
        "B28002_009": h.satellite,
        "B28002_010": h.satellite & ~h.cellular & ~h.fixed & ~h.other_service,
        "B28002_011": h.other_service & ~h.cellular & ~h.fixed & ~h.satellite,
        "B28002_012": ~subscribed & h.unpaid,
        "B28002_013": ~subscribed & ~h.unpaid,
        "B28001_001": everyone,
        "B28001_002": device,
        "B28001_003": desktop,
        "B28001_004": desktop & ~phone & ~tablet & ~other,
        "B28001_005": phone,
        "B28001_006": phone & ~desktop & ~tablet & ~other,
        "B28001_007": tablet,
        "B28001_008": tablet & ~desktop & ~phone & ~other,
        "B28001_009": other,
        "B28001_010": other & ~desktop & ~phone & ~tablet,
        "B28001_011": ~device,
        "B28003_001": everyone,
        "B28003_002": device,
        "B28003_003": device & dial & ~broadband,
        "B28003_004": device & broadband,
        "B28003_005": device & ~subscribed,
        "B28003_006": ~device,
        "B08201_001": everyone,
        "B08201_002": ~h.vehicle,
        "C16002_001": everyone,
    }
    for code, language in zip((4, 7, 10, 13), (1, 2, 3, 4), strict=True):
        flags[f"C16002_{code:03d}"] = h.limited_english & (h.language == language)
    return flags


def person_flags(h: Households, p: Persons) -> dict[str, Flags]:
    """Which sampled persons each person variable counts."""
    everyone = np.ones(len(p.home), dtype=bool)
    ratio = h.ratio[p.home]
    flags = {
        "B01003_001": everyone,
        "B01001_001": everyone,
        "B17001_001": everyone,
        "B17001_002": ratio < 1.0,
        "C17002_001": everyone,
        "B27010_001": everyone,
        "B18101_001": everyone,
    }
    steps = (-1.0, 0.5, 1.0, 1.25, 1.5, 1.85, 2.0, np.inf)
    for k, (low, high) in enumerate(pairwise(steps)):
        flags[f"C17002_{k + 2:03d}"] = (ratio >= low) & (ratio < high)
    insured_ages = ((17, 0, 19), (33, 19, 35), (50, 35, 65), (66, 65, 200))
    for code, low, high in insured_ages:
        flags[f"B27010_{code:03d}"] = p.uninsured & (p.age >= low) & (p.age < high)
    for female, first in ((False, 20), (True, 44)):
        for k, (low, high) in enumerate(pairwise(_AGES_65)):
            flags[f"B01001_{first + k:03d}"] = (
                (p.female == female) & (p.age >= low) & (p.age < high)
            )
    for female, first in ((False, 3), (True, 22)):
        for k, (low, high) in enumerate(pairwise(_DISABILITY_AGES)):
            of_age = (p.female == female) & (p.age >= low) & (p.age < high)
            flags[f"B18101_{first + 3 * k:03d}"] = of_age
            flags[f"B18101_{first + 3 * k + 1:03d}"] = of_age & p.disability
    return flags


def tabulate(
    h: Households, p: Persons, area: Ints, n: int, *, noise: np.random.Generator
) -> Tables:
    """Count records by area (`area` maps block groups to rows), with margins of error.

    Homes are sampled in order and people by home, so a sum's variance is half the squared
    differences between the sums of neighboring homes: what the ACS's replicate weights estimate
    (Fay and Train 1995, successive differences). Drawing 80 replicates would only add noise to it.
    """
    tables = Tables()
    home_area = area[h.group]
    following = _following(home_area)
    homes = np.arange(len(h.weight))
    kinds = ((household_flags(h), homes), (person_flags(h, p), p.home))
    for flags, home in kinds:
        for name in sorted(flags):
            met = np.bincount(home[flags[name]], minlength=len(homes)) * h.weight
            total = np.bincount(home_area, met, minlength=n).astype(np.int64)
            squares = (met - met[following]).astype(float) ** 2
            error = np.sqrt(np.bincount(home_area, squares, minlength=n) / 2)
            tables.estimate[name], tables.margin[name] = total, _margin(total, error)
    _add_income(tables, h, home_area, n, noise)
    return tables


def _following(area: Ints) -> Ints:
    """Return for each sampled home the next one of its area; the first for the last."""
    order = np.argsort(area, kind="stable")
    starts = np.flatnonzero(np.diff(area[order], prepend=-1))
    behind = np.arange(1, len(area) + 1)
    behind[np.append(starts[1:], len(area)) - 1] = starts
    following = np.empty(len(area), dtype=np.int64)
    following[order] = order[behind]
    return following


def _margin(estimate: Ints, error: Floats) -> Ints:
    """90 % margin of a count from its standard error, as whole numbers.

    The ACS gives empty cells a margin too, about 13 for a tract: 1.645 standard errors of a home
    or two unseen.
    """
    margin = np.maximum(np.round(np.round(_Z90 * error, 4)), 2)
    return np.where(estimate == 0, 13, margin).astype(np.int64)


def _add_income(
    tables: Tables, h: Households, area: Ints, n: int, noise: np.random.Generator
) -> None:
    """Median household income (B19013) with every sentinel the Census Bureau uses for it."""
    estimate = np.full(n, NOT_COMPUTED, dtype=np.int64)
    margin = np.full(n, NO_MARGIN, dtype=np.int64)
    order = np.lexsort((h.income, area))
    ends = np.cumsum(np.bincount(area, minlength=n))
    for row, end in enumerate(ends):
        mine = order[(ends[row - 1] if row else 0) : end]
        if len(mine) < 8:
            continue
        upto = np.cumsum(h.weight[mine])
        middle = int(np.searchsorted(upto * 2, upto[-1]))
        estimate[row] = round(float(h.income[mine[middle]]))
        error = 1.2533 * float(np.std(np.log(h.income[mine]))) / np.sqrt(len(mine))
        margin[row] = round(float(_Z90 * error * estimate[row] * noise.uniform(0.8, 1.4)))
    top = estimate > TOP_INCOME
    estimate[top], margin[top] = TOP_INCOME + 1, OPEN_ENDED
    tables.estimate["B19013_001"] = estimate
    tables.margin["B19013_001"] = margin
