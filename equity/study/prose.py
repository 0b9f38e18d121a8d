"""The standing paragraphs of a report: what is measured, how, and what it cannot tell."""

from __future__ import annotations


def _flow(text: str) -> str:
    return " ".join(text.split())


MEASURE = _flow("""
    The Telehealth Access Gap counts residents who lack adequate care in person and could not make a
    video visit: residents x shortfall of care in person x (1 - usable links). Usable links are at
    most the share of locations with a qualifying line, and at most the share of homes with a device
    and a subscription that counts. One rule decides both: which lines, and which subscriptions.
""")
NO_LINES = (
    "Which homes a line reaches is not known here, because no coverage data was at hand: the "
    "number "
    "counts only homes without a device or a subscription, and is a floor."
)
PARTS = _flow("""
    The gap splits without a remainder into people whom no qualifying line reaches, people with a
    line but no device, and people with a line and a device but no subscription. The parts add up in
    every area and over any set of areas. They describe the gap; a project recovers less than its
    part where another part binds.
""")
BY_TRAVEL = _flow("""
    A resident counts as without adequate care in person where the nearest of the {sites} is more
    than {limit:g} estimated minutes away: great-circle distance from the area's center, times a
    detour factor, at road speeds by rurality.
""")
BY_CATCHMENT = _flow("""
    Care in person is measured by an enhanced two-step floating catchment (Luo and Qi 2009,
    doi:10.1016/j.healthplace.2009.06.002) within {limit:g} minutes; the shortfall is how far
    full-time equivalents per resident fall below one per {people:,.0f} people (42 CFR part 5,
    appendix A).
""")
NEED = _flow("""
    Poverty, age and illness are not part of the measure, so that comparing communities is not
    circular. They decide who counts as under-resourced, by criteria fixed in the study file before
    anything was mapped.
""")
MARGINS = _flow("""
    Margins are 90 % margins of error of the American Community Survey, propagated with the Census
    Bureau's formulas. They hold sampling error of population and adoption only; coverage filings
    and travel estimates have none.
""")

OVER_REPORTED = _flow("""
    Providers report where they offer service and tend to report too much: where they do, more
    people lack a line than shown here.
""")
BEST_CASE = _flow("""
    The best case is taken for homes: every connected home is assumed to lie where a line qualifies.
    The largest gap that the same shares allow is {ceiling} people.
""")
BEYOND_RULE = _flow("""
    Under a rule that leaves out satellite, cellular or unlicensed wireless, some homes that it does
    not count could make a video visit: there the gap is too large, by at most the share of homes
    that subscribe to something else.
""")
TRAVEL = _flow("""
    Travel minutes are estimates without traffic, ferries or public transport; people without a car
    are further away than shown.
""")
SITES = _flow("""
    A site counts whether or not it takes new patients. Sites missing from the list make the gap too
    large; closed ones still listed make it too small.
""")
PLACES = "Statements are about places, not about each person who lives there."
NO_MARGINS = _flow("""
    These survey tables came without margins of error, so none can be shown; in small areas they are
    wide.
""")
