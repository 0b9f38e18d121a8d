"""What homes have: devices, subscriptions, both together."""

from __future__ import annotations

import numpy as np
import pandas as pd

from equity.areas.words import sentence_list
from equity.errors import InputError, MissingColumnError
from equity.language import mark, said, worded
from equity.measures._shares import has_counts, share_of
from equity.provenance import carry

__all__ = ["POPULATIONS", "adoption", "covered_populations"]

_Form = tuple[tuple[str, ...], str]
_Forms = dict[str, list[_Form]]
# name -> (cells, universe); the first form whose columns are there is used. Of the subject tables
# the rows are those of every edition since 2015; their labels are checked where they are at hand.


def _row(table: str, row: int, of: int = 1, column: int = 1) -> _Form:
    """Return a row of a subject table over another one of its first column."""
    return ((f"{table}_C{column:02d}_{row:03d}",), f"{table}_C01_{of:03d}")


_SUBSCRIPTIONS: dict[str, list[_Form]] = {
    "any_broadband": [(("B28002_004",), "B28002_001"), _row("S2801", 14)],
    "cable_fiber_dsl": [(("B28002_007",), "B28002_001"), _row("S2801", 17)],
}
_HOMES: _Forms = {
    "device_share": [
        (("B28003_002",), "B28003_001"),
        (("B28001_002",), "B28001_001"),
        _row("S2801", 2),
    ],
    "no_device_share": [
        (("B28003_006",), "B28003_001"),
        (("B28001_011",), "B28001_001"),
        _row("S2801", 11),
    ],
    "any_subscription_share": _SUBSCRIPTIONS["any_broadband"],
    "smartphone_only_share": [(("B28001_006",), "B28001_001"), _row("S2801", 6)],
    "cellular_only_share": [(("B28002_006",), "B28002_001"), _row("S2801", 16)],
}

# Of each class of income (homes), age, race and ethnicity (people): what its own cells say.
INCOMES = ("under_10k", "10k_to_20k", "20k_to_35k", "35k_to_50k", "50k_to_75k", "75k_up")
_RACES = {  # letter of the detailed table, row of the subject table
    "white_alone": ("A", 5), "black": ("B", 6), "native": ("C", 7), "asian": ("D", 8),
    "pacific": ("E", 9), "other_race": ("F", 10), "two_races": ("G", 11), "white": ("H", 13),
    "hispanic": ("I", 12),
}  # fmt: skip
_SCHOOLING_AND_WORK = {
    "no_high_school": 15, "high_school": 16, "bachelor": 17, "employed": 20, "unemployed": 21,
    "out_of_labor_force": 22,
}  # fmt: skip


def _people(row: int) -> _Form:
    """Return people with a computer and broadband at home, of those in a row of S2802."""
    return _row("S2802", row, of=row, column=2)


BY_PERSON: _Forms = {
    **{
        f"income_{name}_subscription_share": [((f"B28004_{at + 2:03d}",), f"B28004_{at:03d}")]
        for name, at in zip(INCOMES, range(2, 26, 4), strict=True)
    },
    "income_under_20k_subscription_share": [_row("S2801", 22, of=20)],
    "income_20k_to_75k_subscription_share": [_row("S2801", 26, of=24)],
    **{
        f"age_{name}_connected_share": [
            ((f"B28005_{at + 3:03d}",), f"B28005_{at:03d}"),
            _people(row),
        ]
        for name, at, row in (("under_18", 2, 2), ("18_to_64", 8, 3), ("65", 14, 4))
    },
    **{
        f"{name}_connected_share": [
            ((f"B28009{letter}_004",), f"B28009{letter}_001"),
            _people(row),
        ]
        for name, (letter, row) in _RACES.items()
    },
    **{f"{name}_connected_share": [_people(row)] for name, row in _SCHOOLING_AND_WORK.items()},
    "people_connected_share": [_people(1)],
}
BY_PERSON["income_75k_up_subscription_share"].append(_row("S2801", 30, of=28))

BY_RACE = tuple(f"{name}_connected_share" for name in _RACES)
"""Columns of race and ethnicity among those by person."""

# Homes with a device and broadband, or the people who live in such homes (a subject table).
_WITH_BOTH = {
    "B28003": (("B28003_004",), "B28003_001"),
    "S2802": _people(1),
}

_DISABILITY = tuple(f"B18101_{cell:03d}" for cell in (4, 7, 10, 13, 16, 19, 23, 26, 29, 32, 35, 38))
_AGE_65 = tuple(f"B01001_{cell:03d}" for cell in (*range(20, 26), *range(44, 50)))
_PEOPLE: _Forms = {
    "poverty_share": [(("B17001_002",), "B17001_001")],
    "uninsured_share": [
        (("B27010_017", "B27010_033", "B27010_050", "B27010_066"), "B27010_001"),
    ],
    "no_vehicle_share": [
        (("B08201_002",), "B08201_001"),
        (("B25044_003", "B25044_010"), "B25044_001"),
    ],
    "disability_share": [(_DISABILITY, "B18101_001")],
    "age_65_share": [(_AGE_65, "B01001_001"), (("B09020_001",), "B01003_001")],
    "limited_english_share": [
        (("C16002_004", "C16002_007", "C16002_010", "C16002_013"), "C16002_001"),
    ],
    "veteran_share": [(("B21001_002",), "B21001_001")],
    "black_share": [(("B03002_004",), "B03002_001")],
    "hispanic_share": [(("B03002_012",), "B03002_001")],
}
POPULATIONS = tuple(_PEOPLE)
"""Columns of :func:`covered_populations` that are shares."""

# First cell of a form that stands in for another -> what the table's notes say of it.
_IN_PLACE = {
    "B28001_002": mark("Homes with a device are counted in B28001: B28003 is not among the tables"),
    "B28001_011": mark(
        "Homes without a device are counted in B28001: B28003 is not among the tables"
    ),
    "S2801_C01_002": mark(
        "Homes with a device are counted in S2801, a subject table: B28003 is not among the tables"
    ),
    "S2801_C01_011": mark(
        "Homes without a device are counted in S2801, a subject table: B28003 is not among the "
        "tables"
    ),
    "S2801_C01_014": mark(
        "Homes that subscribe are counted in S2801, a subject table: B28002 is not among the tables"
    ),
    "S2801_C01_017": mark(
        "Homes with cable, fiber or DSL are counted in S2801, a subject table: B28002 is not among "
        "the tables"
    ),
    "B25044_003": mark(
        "Homes without a vehicle are counted in B25044: B08201 is not among the tables"
    ),
    "B09020_001": mark(
        "Residents of 65 and older are counted in B09020, all residents in B01003: "
        "B01001 with its ages is not among the tables"
    ),
}
_HOMES_COUNTED = ("B28002_001", "S2801_C01_001")
_BOTH_UNCOUNTED = mark(
    "No table counts homes with both a device and a subscription: connected_share is the smaller "
    "of the two shares, the most that can have both"
)
_BOTH_OF_A_KIND = mark(
    "No table counts homes with both a device and cable, fiber or DSL: under a rule that counts "
    "these alone, connected_share is at most the share with {other}"
)
_OF_PEOPLE = mark("connected_share counts people, by whether they live in a home with both (S2802)")
_KINDS_UNTOLD = mark(
    "No table tells cable, fiber and DSL from other subscriptions: under a rule that counts these "
    "alone, connected homes are unknown"
)


def codes_read() -> frozenset[str]:
    """Return the ACS codes, without E or M, that a measure of homes or people is made of."""
    shares = [
        form
        for forms in (*_HOMES.values(), *BY_PERSON.values(), *_PEOPLE.values())
        for form in forms
    ]
    shares += [*_WITH_BOTH.values(), ((), "B19013_001")]
    shares += [form for forms in _SUBSCRIPTIONS.values() for form in forms]
    return frozenset(code for cells, universe in shares for code in (*cells, universe))


def counted_columns(acs: pd.DataFrame) -> list[str]:
    """Return the columns of homes and people that are made of the survey's counts, with margins."""
    made = [
        name
        for name, forms in (_HOMES | BY_PERSON | _PEOPLE).items()
        if any(has_counts(acs, *form) for form in forms)
    ]
    for name, *codes in (
        ("households_n", *_HOMES_COUNTED),
        ("median_household_income_usd", "B19013_001"),
    ):
        made += [name] * any(f"{code}E" in acs for code in codes)
    return [*made, *(f"{name}_moe" for name in made)]


def adoption(
    acs: pd.DataFrame, *, subscription: str = "any_broadband", connected: str = "B28003"
) -> pd.DataFrame:
    """Return what share of homes has a device, a subscription, and both.

    Parameters
    ----------
    acs
        Table from :func:`equity.read_acs` with tables B28002 and B28003 (else B28001, else S2801),
        or a table that already holds ``device_share`` and ``any_subscription_share``.
    subscription
        Which subscriptions count: ``"any_broadband"`` (B28002_004) or ``"cable_fiber_dsl"``
        (B28002_007). The coverage rule says which; the same rule decides both sides of the link.
    connected
        Table that counts who has a device and broadband: ``"B28003"`` (homes) or ``"S2802"`` (the
        people who live in them). Where it is not there the smaller of two shares is a bound.

    Returns
    -------
    pandas.DataFrame
        With the caller's index: ``households_n``, ``device_share``, ``no_device_share``,
        ``any_subscription_share``, ``subscription_share`` (those that count),
        ``connected_share`` (a device *and* a counted subscription), and where published
        ``smartphone_only_share`` and ``cellular_only_share``; by person, where the tables are
        there, ``income_under_10k_subscription_share`` … (B28004, of the homes of each class),
        ``age_65_connected_share`` … (B28005), ``black_connected_share`` … (B28009A to I), or both
        from S2802, and its ``bachelor_connected_share`` …, ``unemployed_connected_share`` … and
        ``people_connected_share``, of the people of each group; each with its ``_moe``
        (90 %), missing where the source has no margins. ``connected_share_status`` says how it
        was got: ``ok`` (a table counts it), ``upper_bound`` (the smaller of two shares, which both
        must hold), ``no_households`` or ``not_covered``. The table's notes say what stands in for
        a count that is not there.

    Raises
    ------
    MissingColumnError
        If neither counts nor shares of devices and subscriptions are there.
    InputError
        If ``subscription`` or ``connected`` is not one of the two, or S2802 is named and not there.

    Notes
    -----
    The ACS asks which kinds of subscription a home has, never how fast it is.

    Examples
    --------
    >>> from equity import load_example, read_acs
    >>> example = load_example()
    >>> acs = read_acs(example.acs, year=example.year, state="90")
    >>> homes = adoption(acs, subscription="any_broadband")
    >>> bool((homes["connected_share"].dropna() <= homes["device_share"].dropna()).all())
    True
    """
    if subscription not in _SUBSCRIPTIONS:
        raise InputError(
            f"subscription={subscription!r}", fix=f"choose from {', '.join(_SUBSCRIPTIONS)}"
        )
    if connected not in _WITH_BOTH:
        raise InputError(f"connected={connected!r}", fix=f"choose from {', '.join(_WITH_BOTH)}")
    if connected != "B28003" and not has_counts(acs, *_WITH_BOTH[connected]):
        raise MissingColumnError(
            f"table {connected} is to tell who has both, and is not there",
            fix="read S2802_C02_001E and S2802_C01_001E with the ACS",
        )
    result = pd.DataFrame(index=acs.index)
    for end, name in (("E", "households_n"), ("M", "households_n_moe")):
        result[name] = _column(acs, *(f"{code}{end}" for code in _HOMES_COUNTED), name)
    notes = _add_shares(result, acs, _HOMES | BY_PERSON)
    _fill_devices(result)
    for name in ("device_share", "any_subscription_share"):
        if name not in result:
            raise MissingColumnError(
                f"nothing tells {name}",
                fix="read ACS tables B28002 and B28003, or map a column to it",
            )
    notes += _add_counted(result, acs, subscription)
    notes += _add_connected(result, acs, subscription, connected)
    return carry(result, acs, notes=notes)


def covered_populations(acs: pd.DataFrame) -> pd.DataFrame:
    """Return shares of the populations that telehealth policy names.

    Parameters
    ----------
    acs
        Table from :func:`equity.read_acs`. Whatever its tables allow is returned: poverty
        (B17001), no health insurance (B27010), no vehicle (B08201 or B25044), disability
        (B18101), 65 and older (B01001), limited English (C16002), veterans (B21001), Black and
        Hispanic residents (B03002), median household income (B19013). A share that it holds
        already stands as it is.

    Returns
    -------
    pandas.DataFrame
        With the caller's index: ``poverty_share``, ``uninsured_share`` … each with its ``_moe``
        (90 %). The groups overlap: never add them. The table's notes say what stands in for a
        count that is not there.

    Raises
    ------
    InputError
        If a part of a population is larger than the whole.

    References
    ----------
    Digital Equity Act of 2021, 47 U.S.C. 1721 (groups named by law).
    """
    result = pd.DataFrame(index=acs.index)
    notes = _add_shares(
        result, acs, {name: [] if name in acs else forms for name, forms in _PEOPLE.items()}
    )
    if "B19013_001E" in acs:
        result["median_household_income_usd"] = acs["B19013_001E"]
        result["median_household_income_usd_moe"] = _column(acs, "B19013_001M")
    return carry(result, acs, notes=notes)


def _add_shares(result: pd.DataFrame, acs: pd.DataFrame, wanted: _Forms) -> list[str]:
    """Add each share that the table can tell; return what stands in for what is not there."""
    notes: list[str] = []
    as_given = []
    for name, forms in wanted.items():
        form = next((form for form in forms if has_counts(acs, *form)), None)
        if form is not None:
            result[name], result[f"{name}_moe"] = share_of(acs, *form)
            notes += [said(_IN_PLACE[cell]) for cell in form[0] if cell in _IN_PLACE]
        elif name in acs:
            result[name] = acs[name].astype(float)
            result[f"{name}_moe"] = _column(acs, f"{name}_moe")
            as_given.append(name)
    if as_given:
        notes.append(
            said(
                "Taken as a table gives it, not from counts: {columns}",
                columns=worded(sentence_list, as_given),
            )
        )
    return notes


def _fill_devices(result: pd.DataFrame) -> None:
    # Each of the two is one minus the other, with the same margin.
    for name, other in (
        ("device_share", "no_device_share"),
        ("no_device_share", "device_share"),
    ):
        if name not in result and other in result:
            result[name] = 1 - result[other]
            result[f"{name}_moe"] = result[f"{other}_moe"]


def _add_counted(result: pd.DataFrame, acs: pd.DataFrame, subscription: str) -> list[str]:
    if subscription == "any_broadband":
        result["subscription_share"] = result["any_subscription_share"]
        result["subscription_share_moe"] = result["any_subscription_share_moe"]
        return []
    notes = _add_shares(result, acs, {"subscription_share": _SUBSCRIPTIONS[subscription]})
    if "subscription_share" not in result:
        # The source does not tell kinds apart: unknown, not zero and not "any".
        result["subscription_share"] = np.nan
        result["subscription_share_moe"] = np.nan
        notes.append(said(_KINDS_UNTOLD))
    return notes


def _add_connected(
    result: pd.DataFrame, acs: pd.DataFrame, subscription: str, table: str
) -> list[str]:
    counted, counted_moe = result["subscription_share"], result["subscription_share_moe"]
    cells, universe = _WITH_BOTH[table]
    both, both_moe = result["device_share"], result["device_share_moe"]
    status, other = "upper_bound", said("a device")
    if has_counts(acs, cells, universe):
        both, both_moe = share_of(acs, cells, universe)
        status = "ok" if subscription == "any_broadband" else "upper_bound"
        other = said("a device and a subscription of any kind")
    if status == "ok":
        connected, connected_moe = both, both_moe
    else:
        # Homes with both are at most those with either.
        connected = both.where(both <= counted, counted)
        connected_moe = both_moe.where(both <= counted, counted_moe)
        connected = connected.where(both.notna() & counted.notna())
        connected_moe = connected_moe.where(connected.notna())
    result["connected_share"] = connected
    result["connected_share_moe"] = connected_moe
    empty = result["households_n"] == 0
    result["connected_share_status"] = np.select(
        [empty, connected.isna()], ["no_households", "not_covered"], default=status
    )
    notes: list[str] = [said(_OF_PEOPLE)] if table == "S2802" else []
    if status == "upper_bound" and counted.notna().any():
        any_kind = subscription == "any_broadband"
        of_a_kind = said(_BOTH_OF_A_KIND, other=other)
        notes.append(said(_BOTH_UNCOUNTED) if any_kind else of_a_kind)
    return notes


def _column(table: pd.DataFrame, *names: str) -> pd.Series:
    """Return the first of the columns that is there, or missing values."""
    for name in names:
        if name in table:
            return table[name].astype(float)
    return pd.Series(np.nan, index=table.index)
