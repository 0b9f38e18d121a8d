"""Find the communities where telehealth falls short: ``import equity as eq``.

The names below are the whole public surface; each is loaded when it is first used, so that
importing the package stays quick, touches no network and writes nothing. What type checkers and
editors read instead is ``__init__.pyi``, which lists the same names.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from equity._version import __version__

_PUBLIC = {
    # Sources; get_* asks the publisher, read_* reads a file
    "get_acs": "equity.sources.census.acs_api",
    "read_acs": "equity.sources.census.acs",
    "get_bdc": "equity.sources.fcc.api",
    "read_bdc": "equity.sources.fcc.bdc",
    "read_bdc_mobile": "equity.sources.fcc.summaries",
    "read_bdc_providers": "equity.sources.fcc.summaries",
    "read_bdc_summary": "equity.sources.fcc.summaries",
    "read_form477": "equity.sources.fcc.form477",
    "read_coverage": "equity.sources.fcc.classes",
    "get_blocks": "equity.sources.census.files",
    "read_blocks": "equity.sources.census.files",
    "get_boundaries": "equity.sources.census.files",
    "read_boundaries": "equity.sources.census.boundaries",
    "get_designations": "equity.sources.care.designations",
    "read_designations": "equity.sources.care.designations",
    "get_gazetteer": "equity.sources.census.gazetteer",
    "read_gazetteer": "equity.sources.census.gazetteer",
    "get_sites": "equity.sources.care.get_sites",
    "read_sites": "equity.sources.care.sites",
    "sites_of": "equity.sources.care.kinds",
    "get_tract_relationship": "equity.sources.census.files",
    "read_tract_relationship": "equity.sources.census.files",
    "read_zcta_relationship": "equity.sources.census.relationships",
    "read_block_links": "equity.sources.census.relationships",
    "read_connecticut_codes": "equity.sources.census.relationships",
    "get_tribal_areas": "equity.sources.census.tribal",
    "read_clinicians": "equity.sources.care.cms",
    "read_forhp": "equity.sources.usda",
    "read_hospitals": "equity.sources.care.cms",
    "read_nppes": "equity.sources.care.nppes",
    "read_places": "equity.sources.cdc",
    "read_ruca": "equity.sources.usda",
    "read_rucc": "equity.sources.usda",
    "read_rural_clinics": "equity.sources.care.cms",
    "read_saipe": "equity.sources.census.saipe",
    "read_svi": "equity.sources.cdc",
    "read_centers": "equity.sources.census.centers",
    "read_table": "equity.sources.own_table",
    "geocode": "equity.sources.census.geocoder",
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
    "reliability": "equity.areas.precision",
    "grouped_median": "equity.areas.medians",
    # Measures of lines and subscriptions
    "coverage": "equity.measures.lines.coverage",
    "location_table": "equity.measures.lines.coverage",
    "compare_rules": "equity.measures.lines.change",
    "compare_vintages": "equity.measures.lines.change",
    "adoption": "equity.measures.adoption",
    "covered_populations": "equity.measures.adoption",
    # Measures of care within reach
    "population_centers": "equity.measures.reach.travel",
    "demand_population": "equity.measures.demand",
    "join_designations": "equity.measures.demand",
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
    "people_relying": "equity.measures.relying",
    "h3_cells": "equity.measures.practice",
    # Measures of the gap
    "under_resourced": "equity.measures.standing",
    "falls_short": "equity.measures.standing",
    "standing": "equity.measures.standing",
    "beyond_reach_with_clinic": "equity.measures.reach.new_clinic",
    "telehealth_gap": "equity.measures.gap",
    "gap_range": "equity.measures.gap",
    "recover": "equity.measures.recover",
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
    "list_coverage_rules": "equity.rules",
    "load_coverage_rule": "equity.rules",
    "configure": "equity.settings",
    "doctor": "equity.checkup",
}

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'equity' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
