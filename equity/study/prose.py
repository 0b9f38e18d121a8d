"""The standing paragraphs of a report: what is measured, how, and what it cannot tell."""

from __future__ import annotations

from equity.language import mark

MEASURE = mark("""
    Three counts of people, each inside the one before it: residents; those of them beyond reach of
    care in person, as this study defines it; those of these without a usable link at home, the
    Telehealth Access Gap: residents \u00d7 share beyond reach \u00d7 (1 \u2212 usable links).
    Usable links are at most the share of locations with a qualifying line, and at most the share of
    homes with a device and a subscription that counts. One rule decides both: which lines, and
    which subscriptions.
    Everybody without a usable link, near care or not, stands beside them.
""")
SPLIT = mark("""
    The gap splits without a remainder into people who lack only a line, only a connected home
    (a device, a subscription or both), and both at once. The three add up in every area and over
    any set of areas. At the low end of the range a line alone brings in exactly the first, a
    connected home alone the second; the third needs both. There lines and connected homes overlap
    as much as they can, so in one area only one of the first two can be above zero: a zero says
    that the other is scarcer there, not that nobody lacks it. A practice's own line moves
    none of these counts: it is told apart.
""")
BY_TRAVEL = mark("""
    Beyond reach is the expected share of residents whose trip to the nearest {sites} takes more
    than {limit} minutes. Minutes are {how}, and known up to a
    spread about the true ones: a place at the limit counts half, so there is no cliff.
""")
ESTIMATED = mark("estimated from great-circle distance")
BY_ROAD = mark("those of the quickest way over the roads of OpenStreetMap")
BY_CATCHMENT = mark("""
    Beyond reach is how far care falls short of a benchmark: full-time equivalents per resident by
    an enhanced two-step floating catchment (Luo and Qi 2009, doi:10.1016/j.healthplace.2009.06.002)
    within {limit} minutes, held against one per {people} people (42 CFR part 5,
    appendix A).
""")
BY_COLUMN = mark("""
    Beyond reach comes from the study's own column {column} ({unit}): {what}.
""")
CALLED = (
    mark("care"),
    mark("primary care"),
    mark("hospital care"),
    mark("inpatient mental-health care"),
    mark("primary-care and mental-health clinicians"),
    mark("Federally Qualified Health Center"),
)
"""What study files that the package writes say themselves: translated where it is shown."""

NEED = mark("""
    Poverty, age and illness are not part of the measure, so that comparing communities is not
    circular. Who counts as under-resourced is decided by the criteria of the study file alone,
    fixed before anything was mapped.
""")
MARGINS = mark("""
    Kinds of doubt are kept apart. The range is what lines and homes allow when it is not
    known which homes have both. Margins, after ±, are 90 % margins of error of the American
    Community Survey, propagated with the Census Bureau's formulas: sampling error of population
    and adoption only. Choices (limit, rule, kinds of care, criteria) are no error: the finding is
    counted again under each. Only draws, where they are given, take margins and the error of
    estimated travel together. A count whose margin is wide is shown with three significant digits:
    printed rows may then miss their printed sum by a few people.
""")

OVER_REPORTED = mark("""
    Providers report where they offer service and tend to report too much: where they do, more
    people lack a line than shown here.
""")
BEST_CASE = mark("""
    The best case is taken for homes: every connected home is assumed to lie where a line qualifies.
    The most people in the gap that the shares of lines and of connected homes allow, as they were
    taken, are {ceiling}: the upper end of the range. A place where nobody seems to lack a line
    alone, or a home alone, may owe that to this assumption.
""")
BEYOND_RULE = mark("""
    Under a rule that leaves out satellite, cellular or unlicensed wireless, some homes that it does
    not count could make a video visit: there the gap is too large, by at most the share of homes
    that subscribe to something else.
""")
TRAVEL = mark("""
    Travel minutes are estimates from straight lines, without traffic, mountains, ferries or public
    transport; people without a car are further away than shown. {facts}
""")
TRAVEL_BY_ROAD = mark("""
    Travel minutes follow the roads of OpenStreetMap at the speeds that are driven on them, with
    a third of a minute for each crossing with traffic lights, without traffic, the wait for a
    ferry or public transport; turns cost nothing, forbidden ones neither: in towns they are
    rather too short. They were not held against published minutes of a state. The spread about
    them is that of the people inside an area; people without a car are further away than shown.
""")
BY_ROADS = {
    "proportional": mark("road minutes in proportion to distance"),
    "curve": mark("short trips slower (curve)"),
}
SITES = mark("""
    A site counts whether or not it takes new patients, and a dental, school or mobile one of a kind
    that counts like any other. Sites missing from the list make the gap too
    large; closed ones still listed make it too small.
""")
PLACES = mark("""
    Statements are about places, not about each person who lives there: a share of homes is taken
    for the residents. Numbers are rounded where they are shown, and sums, differences and shares
    are of those before rounding.
""")
NO_MARGINS = mark("""
    These survey tables came without margins of error, so none can be shown; in small areas they are
    wide.
""")
DRAWN = mark("""
    Probabilities are shares of 200 draws of what may be true; lines are held as reported, and half
    of the error of travel estimates is taken to be shared within a county. {notes}
""")
FROM_NOBODY = mark(
    "Such a place can have a range that begins with nobody: its trip is near the limit, and in the "
    "few draws in which it falls within, nobody there is in the gap."
)
LIKELY = mark("""
    “Very likely” (8 in 10 or more), “likely” (5 in 10 or more) and “–” or no word (less) are
    chances that a place is truly under-resourced and falls short, given the survey's margins, the
    places around it and the error of travel estimates, as far as these are at hand; errors of
    coverage filings are left out. They were checked against simulated surveys of Delaware and of a
    made-up state, where the truth is known: of places given a chance from 3 to 7 in 10, that part
    belonged, to within 7 in 100; of those given 7 to 9 in 10, 6 to 8 in 10 did; of the few above, 9
    in 10. Criteria are drawn one by one: where a place meets several for the same reason, it is
    surer than is said here. All that holds over many places, not for one alone.
""")
LIKELY_BY_TRAVEL = mark("""
    “Very likely” (8 in 10 or more), “likely” (5 in 10 or more) and “–” or no word (less) are
    chances that a place falls short, given the error of travel estimates alone: who is
    under-resourced is taken as the tables have it, without margins. What that leaves out is not
    known, so take them as an order.
""")
BOUND = mark("""
    In {areas} no table counts homes with both a device and a subscription, and the most that can
    have both were taken. With the fewest instead, the upper end of the range would be {most}
    people.
""")
