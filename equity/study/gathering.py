"""What a state's study stands on: fetched as far as it goes, and what is missing told.

Whether travel or capacity decides who is beyond reach follows from what is at hand, and is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from equity import settings
from equity.errors import EquityError
from equity.net.clock import Limits
from equity.net.desk import Desk, desk
from equity.net.publishers import publisher
from equity.net.request import Request
from equity.net.store import Stored
from equity.net.transport import Transport
from equity.sources.care.kinds import kinds_in_words
from equity.sources.catalog import INPUTS, Input, find_input
from equity.sources.fetch import Want, at_hand, fetch_input
from equity.study.template import (
    CLINICIANS,
    CONNECTICUT,
    NEEDED,
    WELCOME,
    kinds_that_count,
    published_state,
    states_named,
    write_study,
)

__all__ = ["Gathered", "Lacking", "gather_inputs", "gather_states"]

# Without the ZIP areas nothing tells where these are.
_BY_ADDRESS = ("cms-rhc", CLINICIANS)
_TOLD_APART = 10
"""States of which every input is told; of more, each input once."""
# Whether anybody answers is found out in seconds; patience is for a publisher that does.
_HURRIED = Limits(connect_s=3, read_s=15, total_s=20, attempts=1)


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
        return self.entry.id in WELCOME


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

    @property
    def ids(self) -> frozenset[str]:
        """Ids of the inputs that a study can use: what comes as addresses needs the ZIP areas."""
        have = {entry.id for entry, _files in self.at_hand}
        return frozenset(have if "zip-areas" in have else have - {*_BY_ADDRESS})

    def check(self) -> None:
        """Raise the first reason why the study cannot run."""
        for lacking in self.lacking:
            if not lacking.can_be_done_without:
                raise lacking.reason

    def write(self, state: str) -> Path:
        """Write the study of a state over these inputs into the cache, for a run at once."""
        here = self.ids
        without = [name for name in (*NEEDED, *WELCOME) if name not in here]
        return write_study(state, without=without, by_capacity=CLINICIANS in here)


def gather_states(states: str, *, tell: Callable[[str], None] = lambda _line: None) -> Gathered:
    """Fetch what a study of one state or several needs, state by state.

    Parameters
    ----------
    states
        States (FIPS, postal code or name), with commas between.
    tell
        As for :func:`gather_inputs`.
    """
    each, named = [], states_named(states)
    several = len(named) > _TOLD_APART
    for where in named:
        tell(f"{where.name}: getting the inputs")
        each.append(gather_inputs(where.fips, tell=_silent if several else tell))
        if any(lacking.reason.code == "E-UNREACHABLE" for lacking in each[-1].lacking):
            break  # nobody answers: to knock for every state would take minutes
    if several:
        for line in _in_short(each, [where.usps for where in named]):
            tell(line)
    everywhere = frozenset.intersection(*(frozenset(e.id for e, _ in one.at_hand) for one in each))
    at_hand = [pair for one in each for pair in one.at_hand if pair[0].id in everywhere]
    return Gathered(tuple(at_hand), tuple(lacking for one in each for lacking in one.lacking))


def _silent(_line: str) -> None:
    """Many states are told of together."""


def _in_short(each: Sequence[Gathered], names: Sequence[str]) -> Iterator[str]:
    """Tell of the inputs of many states, one by one, and in how many of them each is missing."""
    lost: dict[str, dict[str, Lacking]] = {}
    for name, gathered in zip(names, each, strict=False):  # one that nobody answers is the last
        for lacking in gathered.lacking:
            lost.setdefault(lacking.entry.id, {})[name] = lacking
    ready = dict.fromkeys(entry.id for one in each for entry, _files in one.at_hand)
    for entry in map(find_input, ready.keys() - lost.keys()):
        yield f"  ready    {entry.product}"
    for missing in lost.values():
        first = next(iter(missing.values()))
        whose = ", ".join(missing) if len(missing) < _TOLD_APART else f"{len(missing)} states"
        yield f"  missing  {first.entry.product}, of {whose}: {first.reason.what}"
        yield f"           without it: {first.entry.without}"
        if first.reason.fix:
            yield f"           {first.reason.fix}"


def gather_inputs(state: str, *, tell: Callable[[str], None] = lambda _line: None) -> Gathered:
    """Fetch everything a state's study needs, as far as it goes; nothing is downloaded twice.

    Parameters
    ----------
    state
        State (FIPS, postal code or name).
    tell
        Called with a line for each input, and with how care is counted.
    """
    where = published_state(state)
    want, via = Want(where.fips), desk()
    ready: list[tuple[Input, tuple[Stored, ...]]] = []
    lacking: list[Lacking] = []
    names = [*NEEDED, *(["ruca"] if where.fips == CONNECTICUT else []), *WELCOME]
    if at_hand(CLINICIANS, want, via=via):
        names.insert(-1, CLINICIANS)
    missing = [find_input(name) for name in names if not at_hand(name, want, via=via)]
    if not via.offline and not _somebody_answers(missing):
        via = Desk(Transport(limits=_HURRIED), via.store)
    for name in names:
        if name == "zip-areas" and not any(entry.id in _BY_ADDRESS for entry, _files in ready):
            continue  # nothing would stand at them
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
    gathered = Gathered(tuple(ready), tuple(lacking))
    for line in _how_care_is_counted(gathered):
        tell(line)
    more = [entry for entry in INPUTS if entry.id not in names]
    tell(f"  {len(more)} more inputs can be added to a study file: `equity sources`")
    return gathered


def _how_care_is_counted(gathered: Gathered) -> Iterable[str]:
    """Say whether travel or capacity decides who is beyond reach, and what the other would need."""
    here, clinicians = gathered.ids, find_input(CLINICIANS)
    kinds = kinds_that_count(here)
    if not kinds:
        return  # no run: nothing to travel to
    sites = kinds_in_words(kinds, plural=True)
    if CLINICIANS in here:
        yield f"  care     by capacity: clinicians of {clinicians.product}, one head each"
        yield f'           by travel to {sites}: method = "travel" in a study file'
        return
    yield f"  care     by travel to {sites}"
    lacks = "" if CLINICIANS in {entry.id for entry, _files in gathered.at_hand} else clinicians.id
    what = (
        f"{clinicians.product} ({clinicians.size}), from {clinicians.where}\n"
        f"           as data/raw/{clinicians.file}"
        if lacks
        else find_input("zip-areas").product
    )
    yield f"           by capacity it would need {what}"


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
