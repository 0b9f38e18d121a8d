"""What choices do to the finding: the same places counted again under other settings.

Limits, rules, kinds of care and criteria are choices, not errors: nothing here is an interval, and
nothing is added to one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from equity.errors import InputError
from equity.language import tr
from equity.measures.checks import need_gap_inputs
from equity.measures.draws import PEOPLE_AT_LEAST
from equity.measures.gap import gap_totals
from equity.measures.standing import falls_short
from equity.provenance import carry

__all__ = ["OTHER_CARE", "Sensitivity", "Setting", "sensitivity"]


OTHER_CARE = "kinds of care"
"""Group of settings that ask about another kind of care: they are no other answer to the same."""


@dataclass(frozen=True, eq=False)
class Setting:
    """One way to choose otherwise.

    Attributes
    ----------
    id, label
        Short key, and what a reader is told.
    group
        Settings of one question stand together: ``limit``, ``rule`` …
    table
        The area table under it: ``population_n``, ``gap_n``, ``gap_share``,
        ``is_under_resourced``. None where the inputs cannot tell.
    why_not
        Then the reason, as a sentence.
    """

    id: str
    label: str
    group: str
    table: pd.DataFrame | None = None
    why_not: str = ""


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """The finding under every setting.

    Attributes
    ----------
    settings
        One row a setting, index ``setting``, the study's own first: ``group``, ``label``,
        ``gap_n`` and ``gap_share`` (all areas), ``named_n`` (places named), ``named_people_n``
        (their people in the gap), ``overlap_share`` (places named both here and in the study, of
        those named in either), ``note`` (why there is no number).
    areas
        By area id, the caller's index: ``settings_n``, in how many of the settings that can be
        computed the place is named, the study's own included.
    gaps
        By area id: its people in the gap under each setting that changes them, by the setting's id.
    computed_n
        How many settings can be computed.
    """

    settings: pd.DataFrame
    areas: pd.DataFrame
    gaps: pd.DataFrame
    computed_n: int


def sensitivity(
    table: pd.DataFrame,
    settings: Iterable[Setting],
    *,
    within: pd.Series | None = None,
    gap_share_at_least: float | None = None,
    people_at_least: float = PEOPLE_AT_LEAST,
) -> Sensitivity:
    """Count places and people under other settings, and how far the named places stay the same.

    Parameters
    ----------
    table
        The study's own: ``population_n``, ``gap_n``, ``gap_share``, ``is_under_resourced``.
    settings
        The others, each over the same areas.
    within
        Share (0 to 1) of each area's people to count, by area id: what lies in a service area.
        Places are named over all areas, and told of where the share is above 0.
    gap_share_at_least, people_at_least
        As for :func:`equity.falls_short`; without a cut-off each setting has its own share.

    Returns
    -------
    Sensitivity

    Raises
    ------
    InputError
        If a setting is named twice or has other areas.

    Examples
    --------
    >>> import pandas as pd
    >>> own = pd.DataFrame({"population_n": [900.0, 900.0], "gap_n": [300.0, 90.0],
    ...                     "gap_share": [1 / 3, 0.1], "is_under_resourced": [True, True]})
    >>> far = own.assign(gap_n=[150.0, 200.0], gap_share=[1 / 6, 2 / 9])
    >>> found = sensitivity(own, [Setting("limit-40", "40 minutes", "limit", far)])
    >>> found.settings["overlap_share"].tolist(), found.areas["settings_n"].tolist()
    ([1.0, 0.0], [1, 1])
    """
    cuts = {"gap_share_at_least": gap_share_at_least, "people_at_least": people_at_least}
    own = Setting("study", tr("as the study is set"), "study", table)
    told = (pd.Series(1.0, table.index) if within is None else within) > 0
    stays = pd.Series(0, index=table.index)
    need_gap_inputs(table, ("is_under_resourced",))
    base = _named(table, cuts) & told
    rows: dict[str, dict[str, object]] = {}
    gaps: dict[str, pd.Series] = {}
    for one in (own, *settings):
        if one.id in rows:
            raise InputError(f"two settings are called {one.id!r}", fix="rename one")
        rows[one.id] = {"group": one.group, "label": one.label, "note": one.why_not}
        if one.table is None:
            continue
        if not one.table.index.equals(table.index):
            raise InputError(
                f"setting {one.id!r} has other areas than the study", fix="give the same rows"
            )
        need_gap_inputs(one.table, ("is_under_resourced",))
        named = _named(one.table, cuts) & told
        counted = one.table if within is None else _inside(one.table, within)
        gaps[one.id] = counted.loc[told[told].index, "gap_n"]
        totals = gap_totals(counted, ["gap_n"])
        either = int((named | base).sum())
        rows[one.id] |= {
            "gap_n": totals["gap_n"],
            "gap_share": totals["gap_share"],
            "named_n": int(named.sum()),
            "named_people_n": float(counted.loc[named[told], "gap_n"].sum()),
            "overlap_share": int((named & base).sum()) / either if either else float("nan"),
        }
        stays += named.astype(int)
    frame = pd.DataFrame.from_dict(rows, orient="index")
    frame.index.name = "setting"
    computed = int(frame["gap_n"].notna().sum())
    areas = carry(pd.DataFrame({"settings_n": stays[told]}), table)
    changed = {name: gap for name, gap in gaps.items() if not gap.equals(gaps[own.id])}
    return Sensitivity(frame, areas, pd.DataFrame(changed, index=areas.index), computed)


def _inside(table: pd.DataFrame, within: pd.Series) -> pd.DataFrame:
    """Return the areas that are told of, people cut to the part inside."""
    counts = table[["population_n", "gap_n"]].mul(within, axis=0)
    return table.assign(**counts)[within > 0]


def _named(table: pd.DataFrame, cuts: dict[str, float | None]) -> pd.Series:
    short = falls_short(table, **cuts)["falls_short"]  # type: ignore[arg-type]
    return table["is_under_resourced"].fillna(value=False).astype(bool) & short
