"""A study of one state from the publishers: what is at hand, what is missing, what it would change.

``equity run WV`` runs exactly the text that ``equity init WV`` writes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from equity import settings
from equity.areas.geoid import State, find_state, geo_vintage_for
from equity.errors import EquityError, InputError
from equity.files.atomic import write_text
from equity.net.store import Stored
from equity.rules.defaults import default_criteria_text, default_rules_text
from equity.sources.catalog import Input
from equity.sources.fetch import INPUTS, Want, fetch_input, find_input

__all__ = ["Gathered", "Lacking", "gather_inputs", "study_text", "write_study"]

_NEEDED = ("boundaries", "acs", "bdc", "hrsa-sites")
_WELCOME = ("counties",)
_CONNECTICUT = "09"

_TEXT = """\
# {state}: a study over the publishers' own files.
# Run it with `equity run study.toml`. Names that begin with live: are downloaded once and kept;
# `equity sources` says what each is, and where to put it by hand. A path of your own may stand in
# place of any of them; it starts at this file.

{notes}[study]
id = "{id}"
title = "{state}"
state = "{fips}"
level = "tract"
{rules}
[boundaries]
file = "live:boundaries"
year = {boundaries}

{outlines}\
{coverage}
# People, devices, subscriptions, and who is under-resourced.
[[acs]]
files = "live:acs"
year = {acs}

# Health centers to measure distances to. The publisher keeps only today's list: its date stands in
# the provenance as the revision.
[[sites]]
file = "live:hrsa-sites"
as_of = "{sites}"
layout = "hrsa"
unplaced = "drop"
label = "health centers"
use = "sites"

# Your own clinicians with full-time equivalents turn travel time into a ratio of people to care:
# [[sites]]
# file = "clinicians.csv"
# as_of = "2026-11-01"
# layout = "points"
# use = "capacity"
# columns = {{ id = "npi", fte = "fte", lon = "lon", lat = "lat" }}

# More columns, for the table, the map and the criteria below: take the # away.
#
# [[tables]]
# file = "live:ruca"  # rurality: roads are faster in the country
# agency = "USDA Economic Research Service"
# product = "Rural-Urban Commuting Area codes"
# vintage = "{ruca}"
# geo_vintage = "{areas}"
# id_column = "{ruca_id}"
# multi_state = true
# columns = {{ ruca_code = {{ column = "PrimaryRUCA", unit = "text" }} }}
#
# [[tables]]
# file = "live:svi-tract"
# agency = "CDC/ATSDR"
# product = "Social Vulnerability Index"
# vintage = "{svi}"
# geo_vintage = "2020-CT2022"
# id_column = "FIPS"
# multi_state = true
# missing = [-999]
# columns = {{ svi_percentile = {{ column = "RPL_THEMES", unit = "number" }} }}
#
# [[tables]]
# file = "live:places-tract"
# agency = "Centers for Disease Control and Prevention"
# product = "PLACES"
# vintage = "{places}"
# geo_vintage = "2020-CT2022"
# id_column = "LocationID"
# multi_state = true
# where = {{ MeasureId = "DIABETES" }}
# columns = {{ diabetes_share = {{ column = "Data_Value", unit = "percent" }} }}

[care]
method = "travel"  # "catchment" needs clinicians
limit_min = 30
# rurality = "ruca_code"

{criteria}"""

_BDC_TEXT = """\
# Location Coverage says what each location can buy; Served-Unserved lists every location once.
[coverage]
kind = "locations"
files = "live:bdc"
as_of = "{bdc}"
{connecticut}"""

_NO_BDC_TEXT = """\
# No FCC data was at hand. With it: kind = "locations", files = "live:bdc", as_of = "{bdc}"
[coverage]
kind = "unknown"
"""

_NO_BDC_NOTE = """\
notes = ["No coverage data was at hand: lines are not known, and the gap is a floor."]

"""

_COUNTIES_TEXT = """\
[counties]
file = "live:counties"
year = {counties}
multi_state = true

"""

_CT_TEXT = """\
# The FCC keeps Connecticut's old counties, the ACS its planning regions: USDA's list carries both.
connecticut = "live:ruca"
"""


@dataclass(frozen=True)
class Lacking:
    """An input that is not at hand.

    Attributes
    ----------
    entry
        The input.
    reason
        Why: the error that fetching it raised.
    """

    entry: Input
    reason: EquityError

    @property
    def can_be_done_without(self) -> bool:
        """True if a study can still say something true without it.

        Coverage nobody has a token for is a known gap; coverage that failed to arrive, or a token
        that was refused, is a mistake to mend first.
        """
        if self.entry.id == "bdc":
            return self.reason.code in {"E-KEY-MISSING", "E-OFFLINE"}
        return self.entry.id in _WELCOME


@dataclass(frozen=True)
class Gathered:
    """What a run of a state stands on.

    Attributes
    ----------
    at_hand
        Inputs with their files.
    lacking
        Inputs that could not be had.
    """

    at_hand: tuple[tuple[Input, tuple[Stored, ...]], ...]
    lacking: tuple[Lacking, ...]

    def check(self) -> None:
        """Raise the first reason why the study cannot run."""
        for lacking in self.lacking:
            if not lacking.can_be_done_without:
                raise lacking.reason


def gather_inputs(state: str, *, tell: Callable[[str], None] = lambda _line: None) -> Gathered:
    """Fetch everything a state's study needs, as far as it goes; nothing is downloaded twice.

    Parameters
    ----------
    state
        State (FIPS, postal code or name).
    tell
        Called with a line for each input.
    """
    where = find_state(state)
    if where.synthetic:
        raise InputError("the example state is not published", fix="equity run example")
    names = [*_NEEDED, *_WELCOME, *(["ruca"] if where.fips == _CONNECTICUT else [])]
    at_hand, lacking = [], []
    for name in names:
        entry = find_input(name)
        try:
            files = tuple(fetch_input(name, Want(where.fips)))
        except EquityError as reason:
            lacking.append(Lacking(entry, reason))
            tell(f"  missing  {entry.product}: {reason.what}")
            tell(f"           without it: {entry.without}")
            tell(f"           {reason.fix}" if reason.fix else "")
        else:
            at_hand.append((entry, files))
            tell(f"  ready    {entry.product} ({_edition(entry, files)})")
    more = [entry for entry in INPUTS if entry.id not in names]
    tell(f"  {len(more)} more inputs can be added to a study file: `equity sources`")
    return Gathered(tuple(at_hand), tuple(lacking))


def _edition(entry: Input, files: tuple[Stored, ...]) -> str:
    revisions = {f.receipt.revision if f.receipt else "by hand" for f in files} - {""}
    return ", ".join(
        [entry.vintage, *(f"revision {r}" for r in sorted(revisions) if r != "by hand")]
    )


def study_text(state: str, *, without: Collection[str] = ()) -> str:
    """Return the study file of a state; `without` names inputs to leave out."""
    where: State = find_state(state)
    named = ("boundaries", "counties", "bdc", "acs", "ruca")
    editions = {name: find_input(name).vintage for name in named}
    lines = _NO_BDC_TEXT if "bdc" in without else _BDC_TEXT
    regions = geo_vintage_for("acs", int(editions["acs"])) == "2020-CT2022"
    return _TEXT.format(
        state=where.name,
        id=where.usps.lower(),
        fips=where.fips,
        sites=find_input("hrsa-sites").vintage,
        notes=_NO_BDC_NOTE if "bdc" in without else "",
        coverage=lines.format(
            bdc=editions["bdc"], connecticut=_CT_TEXT if where.fips == _CONNECTICUT else ""
        ),
        outlines="" if "counties" in without else _COUNTIES_TEXT.format(**editions),
        svi=find_input("svi-tract").vintage,
        places=find_input("places-tract").vintage,
        areas="2020-CT2022" if regions else "2020",
        ruca_id="TractFIPS23" if regions else "TractFIPS20",
        rules=default_rules_text(),
        criteria=default_criteria_text(),
        **editions,
    )


def write_study(
    state: str, path: str | Path | None = None, *, without: Collection[str] = ()
) -> Path:
    """Write the study file of a state.

    Parameters
    ----------
    state
        State (FIPS, postal code or name).
    path
        Where; by default a place in the cache, for a run at once.
    without
        Inputs to leave out.

    Raises
    ------
    InputError
        If a file is there already.
    StorageError
        If it cannot be written.
    """
    text = study_text(state, without=without)
    if path is None:
        now = settings.current()
        file = (
            Path(now.cache_dir or ".") / "studies" / find_state(state).usps.lower() / "study.toml"
        )
    else:
        file = Path(path)
        if file.exists():
            raise InputError(
                "a file of this name is there already", file=file, fix="give another with --out"
            )
    return write_text(file, text)
