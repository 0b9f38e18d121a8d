"""Who is connected, by person: what homes and people of each class told the survey.

Other than a population's mean over the places where it lives, these are rates of the homes and
people themselves; where the survey has the tables, they say whose line, device and subscription.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from equity.areas.rates import Rate, moe_of_rate
from equity.measures._shares import has_counts
from equity.measures.adoption import BY_PERSON, BY_RACE, INCOMES
from equity.provenance import carry

__all__ = ["adoption_by_person", "person_counts"]

_FIELDS = ("part_n", "part_n_moe", "whole_n", "whole_n_moe")
# Classes that leave nobody out and do not overlap: their sum is everybody. First those at hand.
_HOMES = (
    tuple(f"income_{name}_subscription_share" for name in INCOMES),
    tuple(f"income_{name}_subscription_share" for name in ("under_20k", "20k_to_75k", "75k_up")),
)
_PEOPLE = (
    ("people_connected_share",),
    tuple(f"age_{name}_connected_share" for name in ("under_18", "18_to_64", "65")),
    tuple(name for name in BY_RACE if not name.startswith(("white_connected", "hispanic"))),
)


def person_counts(acs: pd.DataFrame) -> pd.DataFrame:
    """Return how many of each class there are, and how many of them are connected, by area.

    Parameters
    ----------
    acs
        Table from :func:`equity.read_acs` with B28004, B28005, B28009A to I, S2801 or S2802.

    Returns
    -------
    pandas.DataFrame
        With the caller's index and two levels of columns: the class, by the column of
        :func:`equity.adoption` that holds its share (``age_65_connected_share``), and ``part_n``,
        ``whole_n`` and their 90 % margins ``_moe``. A class without a table has no column.
    """
    found = {}
    for name, forms in BY_PERSON.items():
        form = next((form for form in forms if has_counts(acs, *form)), None)
        if form is None:
            continue
        for field, code in zip(_FIELDS[::2], (form[0][0], form[1]), strict=True):
            found[name, field] = acs[f"{code}E"].astype(float)
            margin = acs.get(f"{code}M", pd.Series(np.nan, index=acs.index))
            found[name, f"{field}_moe"] = margin.astype(float)
    columns = pd.MultiIndex.from_tuples(found, names=["class", "field"])
    counts = pd.DataFrame(found, index=acs.index, columns=columns, dtype=float)
    return carry(counts, acs)


def adoption_by_person(counts: pd.DataFrame) -> pd.DataFrame:
    """Return the rate of adoption of each class, and how it differs from everybody else's.

    Parameters
    ----------
    counts
        As :func:`person_counts` gives them.

    Returns
    -------
    pandas.DataFrame
        Index ``class``: ``asked_n`` (homes of a class of income, else people), ``rate_share``,
        ``rest_share`` (of everybody who is not of the class) and ``difference_share`` (class less
        rest), each with its 90 % margin ``_moe``; ``areas_n`` and ``unknown_n`` (areas that are
        left out because a count is missing); ``by_race``, True of race and ethnicity. The rest is
        missing where no table tells of everybody in the same areas. Classes overlap: never add
        them.

    Notes
    -----
    Everybody is the sum of classes that leave nobody out, whose errors are taken not to covary; the
    rest has then the squared margin of everybody less that of the class.

    Examples
    --------
    >>> cells = {"B28005_002": (200, 150), "B28005_008": (600, 540), "B28005_014": (200, 110)}
    >>> table = pd.DataFrame(index=["51001090100"])
    >>> for code, (whole, part) in cells.items():
    ...     table[f"{code}E"], table[f"{code[:-3]}{int(code[-3:]) + 3:03d}E"] = whole, part
    >>> found = adoption_by_person(person_counts(table))
    >>> found.loc["age_65_connected_share", ["rate_share", "rest_share"]].tolist()
    [0.55, 0.8625]
    """
    classes = {name: pd.DataFrame(counts[name]) for name in counts.columns.unique(0)}
    rows = {name: _row(classes, name) for name in classes}
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("class")
    return carry(frame, counts)


def _row(classes: dict[str, pd.DataFrame], name: str) -> dict[str, object]:
    known = pd.Series(classes[name][["part_n", "whole_n"]].notna().all(axis=1))
    own, rest = _rate(classes[name][known]), (np.nan, np.nan)
    families = _HOMES if name.startswith("income_") else _PEOPLE
    everybody = next((one for one in families if set(one) <= set(classes)), ())
    if everybody not in ((), (name,)):
        rest = _rest([_rate(classes[one][known]) for one in everybody], own)
    return {
        "asked_n": own.denominator,
        "asked_n_moe": own.denominator_moe,
        "rate_share": own.rate,
        "rate_share_moe": own.moe,
        "rest_share": rest[0],
        "rest_share_moe": rest[1],
        "difference_share": own.rate - rest[0],
        "difference_share_moe": float(np.hypot(own.moe, rest[1])),
        "areas_n": int(known.sum()),
        "unknown_n": int((~known).sum()),
        "by_race": name in BY_RACE,
    }


def _rate(of: pd.DataFrame) -> Rate:
    if not len(of):
        return Rate(*[np.nan] * 6)
    return moe_of_rate(*(of[field].to_numpy(dtype=float) for field in _FIELDS))


def _rest(everybody: list[Rate], own: Rate) -> tuple[float, float]:
    """Return the rate of all who are not of a class, and its margin."""
    part = sum(one.numerator for one in everybody) - own.numerator
    whole = sum(one.denominator for one in everybody) - own.denominator
    if not 0 <= part <= whole or whole == 0:
        return np.nan, np.nan
    moes = (
        _less(sum(one.numerator_moe**2 for one in everybody), own.numerator_moe**2),
        _less(sum(one.denominator_moe**2 for one in everybody), own.denominator_moe**2),
    )
    rest = moe_of_rate([part], [moes[0]], [whole], [moes[1]])
    return rest.rate, rest.moe


def _less(everybody: float, own: float) -> float:
    """Return the margin of a rest; of a class less certain than everybody, one that is safe."""
    return float(np.sqrt(everybody - own if everybody > own else everybody + own))
