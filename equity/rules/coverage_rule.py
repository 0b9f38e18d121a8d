"""Coverage rules: which lines qualify, and which subscriptions count beside them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any, Literal, cast, get_args

from equity.errors import InputError
from equity.language import mark, said, together, tr
from equity.rules._files import check_keys, list_rules, read_rule
from equity.showing import Shown

Subscription = Literal["any_broadband", "cable_fiber_dsl"]
SpeedPair = tuple[float, float]

TECHNOLOGIES: dict[int, str] = {
    10: mark("copper"),
    40: mark("cable"),
    50: mark("fiber"),
    60: mark("geostationary satellite"),
    61: mark("low-orbit satellite"),
    70: mark("unlicensed fixed wireless"),
    71: mark("licensed fixed wireless"),
    72: mark("licensed-by-rule fixed wireless"),
    0: mark("other"),
}
"""FCC technology codes (FCC, Specifications for Data Downloads, section 3.1.1)."""

# Whether it asks for low latency, and whether any subscription counts -> what it counts.
_COUNTS = {
    (False, True): mark(
        "A line qualifies from {speeds} Mbps (down/up) over {technologies}; beside it counts any "
        "broadband subscription."
    ),
    (False, False): mark(
        "A line qualifies from {speeds} Mbps (down/up) over {technologies}; beside it counts a "
        "cable, fiber or DSL subscription."
    ),
    (True, True): mark(
        "A line qualifies from {speeds} Mbps (down/up), low latency over {technologies}; beside it "
        "counts any broadband subscription."
    ),
    (True, False): mark(
        "A line qualifies from {speeds} Mbps (down/up), low latency over {technologies}; beside it "
        "counts a cable, fiber or DSL subscription."
    ),
}

_CUSTOMERS = ("R", "B", "X")
_CONFIDENCE = ("primary", "secondary", "unverified")


@dataclass(frozen=True, repr=False)
class CoverageRule(Shown):
    """One definition of a line that counts.

    Attributes
    ----------
    id, title, date, citation, url, confidence, note
        What it is, since when, who says so and how sure that reading is
        (``"primary"``, ``"secondary"`` or ``"unverified"``).
    technologies
        FCC technology codes that count.
    served, underserved
        (down, up) in Mbps: at least ``served`` is served, below ``underserved`` is unserved.
    qualifying
        (down, up) in Mbps a line needs to carry a video visit under this rule.
    low_latency
        True if only offers flagged low latency (at most 100 ms) count.
    customers
        FCC customer codes that count: R residential, B business, X both.
    subscription
        ACS subscriptions that count beside these lines: ``"any_broadband"`` (B28002_004) or
        ``"cable_fiber_dsl"`` (B28002_007).
    """

    id: str
    title: str
    date: str
    citation: str
    confidence: str
    technologies: tuple[int, ...]
    served: SpeedPair
    underserved: SpeedPair
    qualifying: SpeedPair
    low_latency: bool
    customers: tuple[str, ...]
    subscription: Subscription
    url: str = ""
    note: str = ""

    def _shown(self) -> tuple[str, list[tuple[str, str]]]:
        said = [("title", self.title), ("counts", self.describe()), ("note", self.note)]
        origin = f"{self.citation}, {self.date} (confidence: {self.confidence})"
        return self.id, [(name, text) for name, text in (*said, ("source", origin)) if text]

    @property
    def suffix(self) -> str:
        """Suffix of a column computed under this rule when another one is the headline."""
        return "__" + self.id.replace("-", "_")

    @property
    def recorded(self) -> str:
        """What a record of provenance says of it, in English like all of the record."""
        return said("Coverage rule {id}: {text}", id=self.id, text=self._sentence())

    def describe(self) -> str:
        """Return the rule in one sentence, for pages and appendices."""
        return tr(self._sentence())

    def _sentence(self) -> str:
        every = [said(TECHNOLOGIES.get(c, str(c))) for c in self.technologies]
        names = together(every[-1:])
        if len(every) > 1:
            names = said("{items} or {last}", items=together(every[:-1], ", "), last=names)
        down, up = self.qualifying
        sentence = _COUNTS[self.low_latency, self.subscription == "any_broadband"]
        return said(sentence, speeds=f"{down:g}/{up:g}", technologies=names)


def list_coverage_rules() -> list[str]:
    """Return the ids of the rules that ship with the package.

    Returns
    -------
    list of str
        In alphabetical order.

    Examples
    --------
    >>> "video-visit" in list_coverage_rules()
    True
    """
    return list_rules("coverage")


def load_coverage_rule(name: str | Path) -> CoverageRule:
    """Load a rule by its id, or a user's own rule file by its path.

    Parameters
    ----------
    name
        An id from :func:`list_coverage_rules`, or the path of a TOML file of the same form.

    Returns
    -------
    CoverageRule
        Its technologies, speeds (Mbps), latency, customers, and the subscriptions that count.

    Raises
    ------
    InputError
        If no such rule ships, or a user's own has the id of one that does, or a field that is
        missing, unknown, of the wrong kind or impossible.
    MissingFileError
        If the path does not exist.

    Examples
    --------
    >>> rule = load_coverage_rule("fcc-25-3")
    >>> rule.qualifying, rule.low_latency
    ((25.0, 3.0), True)
    """
    return _parse(*read_rule(name, "coverage", what="coverage rule"))


def _parse(data: Mapping[str, Any], file: str) -> CoverageRule:
    _check_fields(data, file)
    _check_codes(data, file)
    pairs = {key: _pair(data[key], key, file) for key in ("served", "underserved", "qualifying")}
    if any(
        below > above for below, above in zip(pairs["underserved"], pairs["served"], strict=True)
    ):
        raise InputError(
            "underserved lies above served", file=file, fix="below underserved a line is unserved"
        )
    return CoverageRule(
        id=data["id"],
        title=data["title"],
        date=str(data["date"]),
        citation=data["citation"],
        confidence=data["confidence"],
        technologies=tuple(data["technologies"]),
        low_latency=data["low_latency"],
        customers=tuple(data["customers"]),
        subscription=cast("Subscription", data["subscription"]),
        url=data.get("url", ""),
        note=data.get("note", ""),
        **pairs,
    )


def _check_fields(data: Mapping[str, Any], file: str) -> None:
    required = [field.name for field in fields(CoverageRule) if field.default is MISSING]
    allowed = [field.name for field in fields(CoverageRule)]
    check_keys(data, allowed, required, what="the rule", file=file)
    for key in ("id", "title", "citation", "confidence", "subscription", "url", "note"):
        if not isinstance(data.get(key, ""), str):
            raise InputError(f"{key} must be text", file=file, fix=f'{key} = "…"')
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", data["id"]):
        raise InputError(
            f"the id {data['id']!r} cannot name a column",
            file=file,
            fix="use small letters, digits and single hyphens, such as state-50-10",
        )
    if not isinstance(data["low_latency"], bool):
        raise InputError("low_latency must be true or false", file=file, fix="low_latency = true")
    try:
        date.fromisoformat(str(data["date"]))
    except ValueError:
        raise InputError(
            f"date is {str(data['date'])!r}, no day", file=file, fix='date = "2024-03-14"'
        ) from None


def _check_codes(data: Mapping[str, Any], file: str) -> None:
    for key, kind, allowed in (
        ("technologies", int, list(TECHNOLOGIES)),
        ("customers", str, _CUSTOMERS),
    ):
        codes = data[key]
        if not isinstance(codes, list) or not codes or len(set(map(str, codes))) != len(codes):
            raise InputError(
                f"{key} must be a list without repetitions",
                file=file,
                fix=f"list some of {_named(allowed)}",
            )
        wrong = [code for code in codes if type(code) is not kind or code not in allowed]
        if wrong:
            raise InputError(
                f"{key} holds {', '.join(map(repr, wrong))}",
                file=file,
                fix=f"allowed: {_named(allowed)}",
            )
    for key, words in (("confidence", _CONFIDENCE), ("subscription", get_args(Subscription))):
        if data[key] not in words:
            raise InputError(
                f"{key} is {data[key]!r}", file=file, fix=f"allowed: {', '.join(words)}"
            )


def _named(codes: Iterable[Any]) -> str:
    return ", ".join(
        f"{code} ({TECHNOLOGIES[code]})" if code in TECHNOLOGIES else str(code) for code in codes
    )


def _pair(value: Any, key: str, file: str) -> SpeedPair:
    good = (
        isinstance(value, list)
        and len(value) == 2
        and all(type(speed) in (int, float) and 0 < speed < math.inf for speed in value)
    )
    if not good:
        raise InputError(f"{key} must be [down, up] in Mbps", file=file, fix="for example [25, 3]")
    return (float(value[0]), float(value[1]))
