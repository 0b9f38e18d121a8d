"""A study of one state from the publishers: what is at hand, what is missing, what it would change.

``equity run WV`` runs exactly the text that ``equity init WV`` writes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from equity import settings
from equity.areas.geoid import State, find_state
from equity.errors import EquityError, InputError
from equity.files.atomic import write_text
from equity.net.clock import Limits
from equity.net.desk import Desk, desk
from equity.net.publishers import publisher
from equity.net.request import Request
from equity.net.store import Stored
from equity.net.transport import Transport
from equity.rules.defaults import default_criteria_text, default_rules_text
from equity.sources.catalog import INPUTS, Input, find_input
from equity.sources.fetch import Want, at_hand, fetch_input

__all__ = ["Gathered", "Lacking", "gather_inputs", "study_text", "write_study"]

_NEEDED = ("boundaries", "acs", "bdc", "hrsa-sites")
_WELCOME = ("counties",)
_CONNECTICUT = "09"
# A study has these without asking, or from its polygons.
_NO_OPTION = ("acs", "gazetteer-tract", "zip-areas")
# Whether anybody answers is found out in seconds; patience is for a publisher that does.
_HURRIED = Limits(connect_s=3, read_s=15, total_s=20, attempts=1)

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
# join_tolerance = 0.01  # the largest share of areas that a table may lack
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
as_of = "{hrsa}"
reader = "hrsa"
unplaced = "drop"
label = "health centers"
use = "sites"

# Your own clinicians with full-time equivalents turn travel time into a ratio of people to care:
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
[care]
method = "travel"  # "catchment" needs clinicians
limit_min = 30
# rurality = "ruca_primary"

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
    want, via, ready, lacking = Want(where.fips), desk(), [], []
    missing = [find_input(name) for name in names if not at_hand(name, want, via=via)]
    if not via.offline and not _somebody_answers(missing):
        via = Desk(Transport(limits=_HURRIED), via.store)
    for name in names:
        entry = find_input(name)
        try:
            files = tuple(fetch_input(name, want, via=via))
        except EquityError as reason:
            lacking.append(Lacking(entry, reason))
            tell(f"  missing  {entry.product}: {reason.what}")
            tell(f"           without it: {entry.without}")
            tell(f"           {reason.fix}" if reason.fix else "")
        else:
            ready.append((entry, files))
            tell(f"  ready    {entry.product} ({_edition(entry, files)})")
    more = [entry for entry in INPUTS if entry.id not in names]
    tell(f"  {len(more)} more inputs can be added to a study file: `equity sources`")
    return Gathered(tuple(ready), tuple(lacking))


def _somebody_answers(missing: Iterable[Input]) -> bool:
    """Knock at those that would be asked: without a network each input would cost its retries."""
    token = settings.current().fcc_token
    servers = dict.fromkeys(e.server for e in missing if e.server != "fcc" or token is not None)
    asking = Transport(limits=_HURRIED)
    for server in servers:
        try:
            asking.fetch(Request(publisher(server), "/", max_bytes=1 << 22))
        except EquityError as trouble:
            # Any answer at all, a refusal included, shows that the way is open.
            if trouble.code == "E-UNREACHABLE":
                continue
        return True
    return not servers


def _edition(entry: Input, files: tuple[Stored, ...]) -> str:
    revisions = {f.receipt.revision if f.receipt else "by hand" for f in files} - {""}
    return ", ".join(
        [entry.vintage, *(f"revision {r}" for r in sorted(revisions) if r != "by hand")]
    )


def study_text(state: str, *, without: Collection[str] = ()) -> str:
    """Return the study file of a state; `without` names inputs to leave out."""
    where: State = find_state(state)
    editions = {name: find_input(name).vintage for name in ("boundaries", "counties", "bdc", "acs")}
    lines = _NO_BDC_TEXT if "bdc" in without else _BDC_TEXT
    return _TEXT.format(
        state=where.name,
        id=where.usps.lower(),
        fips=where.fips,
        hrsa=find_input("hrsa-sites").vintage,
        notes=_NO_BDC_NOTE if "bdc" in without else "",
        coverage=lines.format(
            bdc=editions["bdc"], connecticut=_CT_TEXT if where.fips == _CONNECTICUT else ""
        ),
        outlines="" if "counties" in without else _COUNTIES_TEXT.format(**editions),
        sites_options="".join(map(_site_option, INPUTS)),
        tables_options="".join(map(_table_option, INPUTS)),
        rules=default_rules_text(),
        criteria=default_criteria_text(),
        **editions,
    )


def _site_option(entry: Input) -> str:
    """Return the lines, commented out, that add a list of places to a study."""
    if entry.gives != "providers":
        return ""
    label = entry.reader.name.replace("_", " ")
    fields = {"as_of": entry.vintage, "label": label, "unplaced": "drop", "use": "sites"}
    return _option("sites", entry, fields)


def _table_option(entry: Input) -> str:
    """Return the lines, commented out, that add a table to a study."""
    if entry.gives not in {"areas", "designations"} or entry.by_hand_only or entry.id in _NO_OPTION:
        return ""
    spread = {"spread": True} if entry.level == "county" else {}
    return _option("tables", entry, {"vintage": entry.vintage, **spread})


def _option(section: str, entry: Input, fields: dict[str, Any]) -> str:
    named = {"reader": entry.reader.name, "file": f"live:{entry.id}", **fields}
    if entry.options:
        named["options"] = entry.options
    lines = [f"[[{section}]]  # {entry.use}", *(f"{k} = {_toml(v)}" for k, v in named.items()), ""]
    return "".join(f"# {line}".rstrip() + "\n" for line in lines)


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


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
