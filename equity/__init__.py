"""Find the communities where telehealth falls short: ``import equity as eq``.

The names below are what most work needs; a specialist's (the reader of one publisher's table, say)
is imported from its room, ``equity.sources.cdc.read_svi``. Each is loaded when it is first used, so
that importing the package stays quick, touches no network and writes nothing. Here, at the door, a
function's arguments are held against its signature. What type checkers and editors read instead is
``__init__.pyi``, which lists the same names.
"""

from __future__ import annotations

from importlib import import_module
from types import FunctionType
from typing import Any

from equity._version import __version__

_PUBLIC = {
    # Sources; get_* asks the publisher, read_* reads a file
    "get_acs": "equity.sources.census.acs_api",
    "read_acs": "equity.sources.census.acs",
    "get_bdc": "equity.sources.fcc.api",
    "read_bdc": "equity.sources.fcc.bdc",
    "read_coverage": "equity.sources.fcc.classes",
    "get_blocks": "equity.sources.census.files",
    "read_blocks": "equity.sources.census.files",
    "get_boundaries": "equity.sources.census.files",
    "read_boundaries": "equity.sources.census.boundaries",
    "get_designations": "equity.sources.care.designations",
    "read_designations": "equity.sources.care.designations",
    "get_sites": "equity.sources.care.get_sites",
    "read_sites": "equity.sources.care.sites",
    "read_tract_relationship": "equity.sources.census.files",
    "read_block_links": "equity.sources.census.relationships",
    "read_table": "equity.sources.own_table",
    "read_roads": "equity.sources.roads.osm",
    "place_providers": "equity.sources.care.placing",
    "load_example": "equity.example.state",
    # Areas
    "area_table": "equity.areas.table",
    "combine": "equity.areas.join",
    "combine_audit": "equity.areas.join",
    "validate": "equity.areas.validate",
    "crosswalk": "equity.areas.crosswalk",
    "from_blocks": "equity.areas.blocks",
    "roll_up": "equity.areas.aggregate",
    "service_area": "equity.areas.aggregate",
    "spread": "equity.areas.aggregate",
    "moe_sum": "equity.areas.moe",
    "moe_share": "equity.areas.moe",
    "moe_ratio": "equity.areas.moe",
    "moe_product": "equity.areas.moe",
    "difference_test": "equity.areas.moe",
    # Measures of lines and subscriptions
    "coverage": "equity.measures.lines.coverage",
    "location_table": "equity.measures.lines.coverage",
    "compare_rules": "equity.measures.lines.change",
    "compare_vintages": "equity.measures.lines.change",
    "adoption": "equity.measures.adoption",
    "covered_populations": "equity.measures.adoption",
    # Measures of care within reach
    "population_centers": "equity.measures.reach.centers",
    "demand_population": "equity.measures.demand",
    "travel_costs": "equity.measures.reach.travel",
    "nearest_sites": "equity.measures.reach.travel",
    "beyond_reach": "equity.measures.reach.beyond",
    "catchment": "equity.measures.reach.catchment",
    "solve_catchment": "equity.measures.reach.catchment",
    "virtual_catchment": "equity.measures.reach.virtual",
    "solve_virtual_catchment": "equity.measures.reach.virtual",
    # Measures of the practice's own line
    "practice_readiness": "equity.measures.practice",
    "best_offers": "equity.measures.practice",
    "capacity_behind_lines": "equity.measures.practice",
    # Measures of the gap
    "under_resourced": "equity.measures.standing",
    "falls_short": "equity.measures.standing",
    "standing": "equity.measures.standing",
    "beyond_reach_with_clinic": "equity.measures.reach.new_clinic",
    "telehealth_gap": "equity.measures.gap",
    "gap_range": "equity.measures.gap",
    "recover": "equity.measures.recover",
    "sensitivity": "equity.measures.sensitivity",
    "need_index": "equity.measures.index",
    "hotspots": "equity.measures.clusters",
    "change": "equity.measures.change",
    "disparity": "equity.measures.disparity",
    # Funding
    "read_funded": "equity.sources.funding",
    "already_funded": "equity.measures.lines.funded",
    "evaluate_program": "equity.funding.programs",
    "draw_up_projects": "equity.funding.projects",
    "read_projects": "equity.funding.projects",
    "portfolio": "equity.funding.portfolio",
    "scenario": "equity.funding.scenario",
    "siting": "equity.funding.siting",
    # Outputs
    "make_map": "equity.outputs.maps",
    "save_map": "equity.outputs.maps",
    "export": "equity.outputs.tables",
    "write_appendix": "equity.outputs.appendix",
    "data_dictionary": "equity.areas.schema",
    "cite": "equity.outputs.tables",
    # Whole
    "Study": "equity.study.run",
    "StudyResult": "equity.study.result",
    "load_coverage_rule": "equity.rules",
    "configure": "equity.settings",
    "language": "equity.language",
    "doctor": "equity.checkup",
}

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'equity' has no attribute {name!r}")
    thing = getattr(import_module(_PUBLIC[name]), name)
    if not isinstance(thing, FunctionType):
        return thing
    from equity.areas.arguments import checked

    door = checked(thing)
    door.__module__ = __name__  # where a pickle finds it again
    return globals().setdefault(name, door)


def __dir__() -> list[str]:
    return sorted(__all__)
