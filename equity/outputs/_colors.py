"""Every color of page, map and picture, once: style sheets and scripts read them by name."""

from __future__ import annotations

from typing import Final

__all__ = [
    "CHANGE", "COLORS", "NEUTRAL", "NEUTRAL_CHANGE", "NEUTRAL_ZERO", "NO_DATA", "RAMP", "ZERO",
    "css",
]  # fmt: skip

#: One hue from light to dark (OKLCH, hue 265): it stays in order in gray and with any color vision.
RAMP: Final = ("#ccdbfa", "#9db7ef", "#6f90d9", "#4668b6", "#274387", "#13234d")
#: Exactly zero: paler than the ramp, so that the eye passes over it.
ZERO: Final = "#eff4fc"
#: Where neither more nor less is worse: gray, from light to dark, and its own pale zero.
NEUTRAL: Final = ("#d9dce1", "#b4bac4", "#8f97a4", "#6b7483", "#495261", "#2b3342")
NEUTRAL_ZERO: Final = "#f3f4f5"
#: A change around 0, from much better over none to much worse; after ColorBrewer's RdBu, its worse
#: side darker than the better one, so that gray tells them apart too.
CHANGE: Final = ("#2166ac", "#92c5de", ZERO, "#d6604d", "#67001f")
#: The same where neither way is worse: from much less to much more.
NEUTRAL_CHANGE: Final = ("#762a83", "#af8dc3", ZERO, "#a6dba0", "#00441b")
#: No value: a warm light gray under dots, which no class has.
NO_DATA: Final = "#eae7e2"

COLORS: Final = {
    "ink": "#1d1d1b",
    "soft": "#57534e",
    "line": "#6f6a64",
    "rule": "#cfcac3",
    "hair": "#ddd8d1",
    "shade": "#f2f0ee",
    "pane": "#fbfaf8",
    "paper": "#ffffff",
    "link": "#0b4a8f",
    "ring": "#1a56c4",
    "stamp": "#ffe9a8",
    # On the map: borders, the hatch of unreliable values on light and dark, the dots of no value.
    "edge": "#2b2b2b",
    "hatch": "#4a4a4a",
    "hatch-light": "#c9d3ea",
    "no-data": NO_DATA,
    "dot": "#77726c",
    # Under-resourced, on screens and on paper; chosen by the reader: a color used for nothing else.
    "under": "#d81b60",
    "under-print": "#a3124a",
    "picked": "#ffd400",
    # Two measures at once: neither, one, the other, both. They differ in gray, too.
    "neither": "#f4f3f1",
    "one": "#f6b48f",
    "other": "#5f98bd",
    "both": "#3d1f4d",
    # Three counts, each inside the one before it, and the part of the range that may be.
    "count": RAMP[4],
    "range": RAMP[1],
}


def css() -> str:
    """Return the colors as custom properties of a style sheet."""
    return f":root{{{''.join(f'--{name}:{color};' for name, color in COLORS.items())}}}"
