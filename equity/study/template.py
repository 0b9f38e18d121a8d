"""A study of one state from the publishers: its text, with what else could be asked, commented out.

``equity run WV`` runs exactly the text that ``equity init WV`` writes.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from equity import settings
from equity.areas.geoid import NATION, State, find_state, state_names
from equity.areas.words import sentence_list
from equity.errors import InputError
from equity.files.atomic import write_text
from equity.rules.defaults import default_criteria_text, default_rules_text
from equity.sources.catalog import INPUTS, Input, find_input

__all__ = [
    "CLINICIANS", "CONNECTICUT", "NEEDED", "WELCOME", "kinds_that_count", "published_state",
    "states_named", "study_text", "write_study",
]  # fmt: skip

NEEDED = ("boundaries", "acs", "bdc", "hrsa-sites")
"""Ids of the inputs that a state's study stands on."""
WELCOME = ("counties", "centers", "cms-rhc", "zip-areas")
"""Ids of small ones that make it better, and that it can do without."""
CLINICIANS = "cms-clinicians"
"""Id of the clinicians, one head each, that make a ratio of people to care where they are at hand.

Hundreds of megabytes: never downloaded unasked. The national register (nppes) does not serve: many
in it no longer practice, and its specialties are not settled enough to rest a headline on.
"""
CONNECTICUT = "09"
"""The state whose areas the census, the FCC and the survey name differently."""

# A study has these without asking, or from its polygons; the index of counties serves a study of
# counties, and its columns are called like those of tracts.
_NO_OPTION = ("acs", "gazetteer-tract", "zip-areas", "svi-county")

_TEXT = """\
# {state}: a study over the publishers' own files.
# Run it with `equity run study.toml`. Names that begin with live: are downloaded once and kept;
# `equity sources` says what each is, and where to put it by hand. A path of your own may stand in
# place of any of them; it starts at this file.

{notes}[study]
id = "{id}"
title = "{state}"
state = {fips}
level = "tract"
# join_tolerance = 0.01  # the largest share of areas that a table may lack
# lang = "es"  # page, map and documents in Spanish
# race_in_appendix = true  # populations by race and ethnicity, which the page has either way
{rules}
[boundaries]
file = "live:boundaries"
year = {boundaries}

{outlines}\
{centers}\
{coverage}
# People, devices, subscriptions, and who is under-resourced.
[[acs]]
files = "live:acs"
year = {acs}

# Health centers to measure distances to. The publisher keeps only today's list: its date stands in
# the provenance as the revision.
[[sites]]
file = "live:hrsa-sites"
as_of = "{hrsa}"
reader = "hrsa"
unplaced = "drop"
label = "health centers"
use = "sites"

{sites}\
# Your own clinicians with full-time equivalents turn travel time into a ratio of people to care,
# with method = "capacity" below:
# [[sites]]
# file = "clinicians.csv"
# as_of = "2026-11-01"
# reader = "points"
# use = "capacity"
# columns = {{ id = "npi", fte = "fte", lon = "lon", lat = "lat" }}

# More places of care. They come as addresses and stand at the inner point of their ZIP area, or,
# with addresses = true, where the Census geocoder finds them. Take the # away.
#
{sites_options}
# More columns, for the table, the map and the criteria below: take the # away. Any table of your
# own goes without reader, with agency, product, geo_vintage and columns.
#
{tables_options}
# Which care counts, and when it is within reach. Nothing counts because it is at hand: kinds names
# what does.
{how}\
[[care]]
id = "primary"
label = "primary care"
kinds = {kinds}
method = "{method}"
limit_min = 30
# rurality = "ruca_primary"
# Minutes are estimated from straight lines. For minutes by road put OpenStreetMap's extract of the
# state into data/raw (`equity sources` says whence); then travel = "roads", roads = ["live:roads"].

# Other kinds of care, each with three counts of its own: take the # away here and, above, of the
# hospitals. Clinicians of the national file are sites of the kind mental_health_clinician where its
# options name their specialties ("PSYCHIATRY", "CLINICAL PSYCHOLOGIST") and its use is "sites".
#
# [[care]]
# id = "hospital"
# label = "hospital care"
# kinds = ["hospital"]
# limit_min = 30
#
# [[care]]
# id = "mental"
# label = "inpatient mental-health care"
# kinds = ["psychiatric_hospital"]
# limit_min = 60

{criteria}
# Every run counts again under other choices. These take the place of its own:
#
# [sensitivity]
# limit_min = [20, 45, 60]      # longest trip, minutes; two thirds and four thirds by default
# sd = [0, 0.3]                 # error of the minutes: standard deviation of their logarithm
# over_reported = [0.05, 0.15]  # share of the qualifying locations that have no such line after all
#
# What a line costs, beside the gap: homes for which it is more than a part of their income. Needs
# ACS table B19001 in one of [[acs]].
#
# [price]
# usd_month = 75                # your own figure, and who says so
# source = "who, what, when"
# income_share = 0.02           # by custom
#
# An index of need, a second view beside the gap: its recipe, by id or as a file of your own.
#
# [index]
# recipe = "three-pillars"      # care out of reach, no usable link, poverty
"""

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
{connecticut}"""

_NO_BDC_NOTE = "No coverage data was at hand: lines are not known, and the gap is a floor."
_HEADS_NOTE = (
    "Capacity counts primary-care physicians who bill Medicare, one head each, shared equally among"
    " the addresses where they practice: part-time work is not known, which overstates it; who does"
    " not bill Medicare is missing, many pediatricians among them, which understates it."
)

_BY_TRAVEL = """\
# Travel decides here: "capacity", a ratio of people to care, needs clinicians with full-time
# equivalents among [[sites]], your own or the national file's.
"""
_BY_CAPACITY = """\
# Clinicians decide here, and the sites of these kinds serve for distances: "travel" needs nothing
# more, and is among the other choices that the page shows.
"""

_COUNTIES_TEXT = """\
[counties]
file = "live:counties"
year = {counties}

"""

_CENTERS_TEXT = """\
# Where people are measured from: the mean place of a tract's residents, not of its land.
[centers]
file = "live:centers"
year = {centers}

"""

_RURAL_TEXT = """\
# Rural health clinics. They come as addresses and stand at the inner point of their ZIP area, some
# miles off in the country; addresses = true asks the Census geocoder.
{part}
"""

_HEADS_TEXT = """\
# Primary-care physicians who bill Medicare, one head each, shared among the addresses where they
# practice. Part-time work is not known, which overstates care; who does not bill Medicare is
# missing, many pediatricians among them, which understates it.
{part}
"""

_CT_TEXT = """\
# The FCC keeps Connecticut's old counties, the ACS its planning regions: USDA's list carries both.
connecticut = "live:ruca"
"""


def published_state(state: str) -> State:
    """Return the state a code or name means.

    Raises
    ------
    InputError
        If there is no such state, or it is the made-up one, of which nobody publishes anything.
    """
    where = find_state(state)
    if where.synthetic:
        raise InputError(
            "the example state is made up: no publisher has files of it", fix="equity run example"
        )
    return where


def states_named(text: str) -> list[State]:
    """Return the states that a text names, with commas between (``Delaware, VA``), or ``US``.

    Raises
    ------
    InputError
        As for :func:`published_state`.
    """
    named = [published_state(name) for name in state_names(text)]
    return list({state.fips: state for state in named}.values())


def study_text(state: str, *, without: Collection[str] = (), by_capacity: bool = False) -> str:
    """Return the study file of a state.

    Parameters
    ----------
    state
        State (FIPS, postal code or name), or several with commas between.
    without
        Ids of inputs to leave out.
    by_capacity
        Let clinicians decide who is beyond reach, not travel.

    Raises
    ------
    InputError
        If there is no such state, or it is the made-up one, of which nobody publishes anything.
    """
    states = states_named(state)
    fips = [one.fips for one in states]
    nation = set(NATION) <= set(fips)
    names = (*NEEDED, *WELCOME)
    editions = {name: find_input(name).vintage for name in names}
    have = [name for name in names if name not in without]
    lines = _BDC_TEXT if "bdc" in have else _NO_BDC_TEXT
    notes = [_NO_BDC_NOTE] * ("bdc" not in have) + [_HEADS_NOTE] * by_capacity
    used = ["cms-rhc"] * ("cms-rhc" in have) + [CLINICIANS] * by_capacity
    return _TEXT.format(
        state="United States" if nation else sentence_list([one.name for one in states]),
        id=_id_of(states),
        fips=_toml("US" if nation else fips[0] if len(fips) == 1 else fips),
        hrsa=editions["hrsa-sites"],
        notes=_notes_text(notes),
        coverage=lines.format(
            bdc=editions["bdc"], connecticut=_CT_TEXT if CONNECTICUT in fips else ""
        ),
        outlines=_COUNTIES_TEXT.format(**editions) if "counties" in have else "",
        centers=_CENTERS_TEXT.format(**editions) if "centers" in have else "",
        sites="".join(map(_places, used)),
        how=_BY_CAPACITY if by_capacity else _BY_TRAVEL,
        method="capacity" if by_capacity else "travel",
        kinds=_toml(kinds_that_count(have)),
        sites_options="".join(_site_option(entry) for entry in INPUTS if entry.id not in used),
        tables_options="".join(map(_table_option, INPUTS)),
        rules=default_rules_text(),
        criteria=default_criteria_text(),
        **{name: editions[name] for name in ("boundaries", "acs")},
    )


def _id_of(states: Collection[State]) -> str:
    if set(NATION) <= {state.fips for state in states}:
        return "us"
    return "-".join(state.usps.lower() for state in states)


def kinds_that_count(ids: Collection[str]) -> list[str]:
    """Return the kinds of sites that count: those whose lists are there."""
    lists = {"hrsa-sites": "health_center", "cms-rhc": "rural_health_clinic"}
    return [kind for name, kind in lists.items() if name in ids]


def _notes_text(notes: Collection[str]) -> str:
    lines = "".join(f"    {_toml(note)},\n" for note in notes)
    return f"notes = [\n{lines}]\n\n" if notes else ""


def _places(name: str) -> str:
    """Return the lines that add a list of places, with what it is."""
    entry = find_input(name)
    text = _HEADS_TEXT if name == CLINICIANS else _RURAL_TEXT
    return text.format(part=_part("sites", entry, _fields_of_sites(entry)))


def _fields_of_sites(entry: Input) -> dict[str, Any]:
    label = entry.reader.name.replace("_", " ")
    label = "rural health clinics" if entry.id == "cms-rhc" else label
    use = "capacity" if entry.id == CLINICIANS else "sites"
    return {"as_of": entry.vintage, "label": label, "unplaced": "drop", "use": use}


def _site_option(entry: Input) -> str:
    """Return the lines, commented out, that add a list of places to a study."""
    return _option("sites", entry, _fields_of_sites(entry)) if entry.gives == "providers" else ""


def _table_option(entry: Input) -> str:
    """Return the lines, commented out, that add a table to a study."""
    if entry.gives not in {"areas", "designations"} or entry.by_hand_only or entry.id in _NO_OPTION:
        return ""
    spread = {"spread": True} if entry.level in {"county", "state"} else {}
    picked = {"columns": {name: name for name in entry.picks}} if entry.picks else {}
    return _option("tables", entry, {"vintage": entry.vintage, **spread, **picked})


def _option(section: str, entry: Input, fields: dict[str, Any]) -> str:
    lines = _part(section, entry, fields).replace("\n", f"  # {entry.use}\n", 1).splitlines()
    return "".join(f"# {line}".rstrip() + "\n" for line in [*lines, ""])


def _part(section: str, entry: Input, fields: dict[str, Any]) -> str:
    named = {"reader": entry.reader.name, "file": f"live:{entry.id}", **fields}
    if entry.options:
        named["options"] = entry.options
    return f"[[{section}]]\n" + "".join(f"{k} = {_toml(v)}\n" for k, v in named.items())


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


def write_study(
    state: str,
    path: str | Path | None = None,
    *,
    without: Collection[str] = (),
    by_capacity: bool = False,
) -> Path:
    """Write the study file of a state.

    Parameters
    ----------
    state
        State (FIPS, postal code or name), or several with commas between.
    path
        Where; by default a place in the cache, for a run at once.
    without, by_capacity
        As for :func:`study_text`.

    Raises
    ------
    InputError
        If a file is there already, or as for :func:`study_text`.
    StorageError
        If it cannot be written.
    """
    text = study_text(state, without=without, by_capacity=by_capacity)
    if path is None:
        now = settings.current()
        name = _id_of(states_named(state))
        file = Path(now.cache_dir or ".") / "studies" / name / "study.toml"
    else:
        file = Path(path)
        if file.exists():
            raise InputError(
                "a file of this name is there already", file=file, fix="give another with --out"
            )
    return write_text(file, text)
