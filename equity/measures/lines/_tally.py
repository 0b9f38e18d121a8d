"""Counts of what was left out or odd, as sentences that are printed with every result."""

from __future__ import annotations

from collections import Counter

from equity.language import mark, said

_SENTENCES = {
    "row_without_location_or_block": mark("{n} rows without a location id or block were left out"),
    "row_in_another_state": mark("{n} rows in a block of another state were left out"),
    "speed_blank": mark("{n} offers without a speed are listed; it is not known whom they serve"),
    "speed_zero": mark("{n} offers at 0/0 Mbps are listed, but serve nobody"),
    "latency_blank": mark("{n} offers without a latency flag were taken as not low-latency"),
    "customers_blank": mark("{n} offers without a customer code count under no rule"),
    "technology_blank": mark("{n} offers without a technology code are shown apart, under no rule"),
    "location_in_two_blocks": mark("{n} locations lie in two blocks; the lower one was taken"),
}


def tell(tally: Counter[str]) -> list[str]:
    """Return one sentence for each count that is not zero, in a fixed order."""
    return [said(text, n=f"{tally[key]:,}") for key, text in _SENTENCES.items() if tally[key]]
