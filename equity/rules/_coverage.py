"""Coverage rules: which lines qualify, and which subscriptions count beside them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Literal, cast

from equity.errors import InputError, MissingFileError

Subscription = Literal["any_broadband", "cable_fiber_dsl"]
SpeedPair = tuple[float, float]

TECHNOLOGIES: dict[int, str] = {
    10: "copper",
    40: "cable",
    50: "fiber",
    60: "geostationary satellite",
    61: "low-orbit satellite",
    70: "unlicensed fixed wireless",
    71: "licensed fixed wireless",
    72: "licensed-by-rule fixed wireless",
    0: "other",
}
"""FCC technology codes (FCC, Specifications for Data Downloads, section 3.1.1)."""

_CUSTOMERS = {"R", "B", "X"}
_CONFIDENCE = {"primary", "secondary", "unverified"}


@dataclass(frozen=True)
class CoverageRule:
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

    @property
    def suffix(self) -> str:
        """Suffix of a column computed under this rule when another one is the headline."""
        return "__" + self.id.replace("-", "_")

    def describe(self) -> str:
        """Return the rule in one sentence, for pages and appendices."""
        names = ", ".join(TECHNOLOGIES.get(code, str(code)) for code in self.technologies)
        latency = ", low latency" if self.low_latency else ""
        counts = (
            "any broadband subscription"
            if self.subscription == "any_broadband"
            else "a cable, fiber or DSL subscription"
        )
        down, up = self.qualifying
        return (
            f"A line qualifies from {down:g}/{up:g} Mbps (down/up){latency} over {names}; "
            f"beside it counts {counts}."
        )


def list_coverage_rules() -> list[str]:
    """Return the ids of the rules that ship with the package."""
    folder = resources.files(__package__) / "coverage"
    return sorted(item.name[:-5] for item in folder.iterdir() if item.name.endswith(".toml"))


def load_coverage_rule(name: str | Path) -> CoverageRule:
    """Load a rule by its id, or a user's own rule file by its path.

    Parameters
    ----------
    name
        An id from :func:`list_coverage_rules`, or the path of a TOML file of the same form.

    Raises
    ------
    InputError
        If no such rule ships, or a field is missing, unknown or of the wrong kind.
    MissingFileError
        If the path does not exist.
    """
    text = str(name)
    if not text.endswith(".toml"):
        if text not in list_coverage_rules():
            raise InputError(
                f"no coverage rule {text!r}",
                fix=f"choose from {', '.join(list_coverage_rules())}, or give a .toml file",
            )
        entry = resources.files(__package__) / "coverage" / f"{text}.toml"
        return _parse(tomllib.loads(entry.read_text(encoding="utf-8")), f"{text}.toml")
    path = Path(name)
    if not path.is_file():
        raise MissingFileError("no such rule file", file=path)
    try:
        return _parse(tomllib.loads(path.read_text(encoding="utf-8")), text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"not valid TOML: {error}", file=text) from None


def _parse(data: Mapping[str, Any], file: str) -> CoverageRule:
    required = {
        "id", "title", "date", "citation", "confidence", "technologies", "served",
        "underserved", "qualifying", "low_latency", "customers", "subscription",
    }  # fmt: skip
    missing = sorted(required - set(data))
    unknown = sorted(set(data) - required - {"url", "note"})
    if missing or unknown:
        what = f"lacks {missing[0]!r}" if missing else f"has an unknown field {unknown[0]!r}"
        raise InputError(f"the rule {what}", file=file, fix=f"fields are {sorted(required)}")
    _check_codes(data, file)
    pairs = {key: _pair(data[key], key, file) for key in ("served", "underserved", "qualifying")}
    if not isinstance(data["low_latency"], bool):
        raise InputError("low_latency must be true or false", file=file)
    return CoverageRule(
        id=str(data["id"]),
        title=str(data["title"]),
        date=str(data["date"]),
        citation=str(data["citation"]),
        confidence=str(data["confidence"]),
        technologies=tuple(int(code) for code in data["technologies"]),
        low_latency=data["low_latency"],
        customers=tuple(data["customers"]),
        subscription=cast("Subscription", data["subscription"]),
        url=str(data.get("url", "")),
        note=str(data.get("note", "")),
        **pairs,
    )


def _check_codes(data: Mapping[str, Any], file: str) -> None:
    checks = (
        ("technologies", set(data["technologies"]) - set(TECHNOLOGIES), sorted(TECHNOLOGIES)),
        ("customers", set(data["customers"]) - _CUSTOMERS, sorted(_CUSTOMERS)),
        ("confidence", {data["confidence"]} - _CONFIDENCE, sorted(_CONFIDENCE)),
        (
            "subscription",
            {data["subscription"]} - {"any_broadband", "cable_fiber_dsl"},
            ["any_broadband", "cable_fiber_dsl"],
        ),
    )
    for key, bad, allowed in checks:
        if bad or not data[key]:
            raise InputError(
                f"{key} holds {sorted(map(str, bad)) or 'nothing'}",
                file=file,
                fix=f"allowed: {', '.join(map(str, allowed))}",
            )


def _pair(value: Any, key: str, file: str) -> SpeedPair:
    good = (
        isinstance(value, list)
        and len(value) == 2
        and all(isinstance(speed, int | float) and speed > 0 for speed in value)
    )
    if not good:
        raise InputError(f"{key} must be [down, up] in Mbps", file=file, fix="for example [25, 3]")
    return (float(value[0]), float(value[1]))
