"""Find the communities where telehealth falls short: ``import equity as eq``.

The names below are the whole public surface; each is loaded when it is first used, so that
importing the package stays quick, touches no network and writes nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from equity._version import __version__

_PUBLIC = {
    # Sources; get_* asks the publisher, read_* reads a file
    "get_acs": "equity.sources.census_api",
    "read_acs": "equity.sources.census",
    "get_bdc": "equity.sources.fcc_api",
    "read_bdc": "equity.sources.fcc",
    "read_bdc_mobile": "equity.sources.fcc_tables",
    "read_bdc_providers": "equity.sources.fcc_tables",
    "read_bdc_summary": "equity.sources.fcc_tables",
    "read_form477": "equity.sources.form477",
    "read_coverage": "equity.sources.coverage_table",
    "get_blocks": "equity.sources.census_files",
    "read_blocks": "equity.sources.census_files",
    "get_boundaries": "equity.sources.census_files",
    "read_boundaries": "equity.sources.tiger",
    "get_designations": "equity.sources.designations",
    "read_designations": "equity.sources.designations",
    "get_gazetteer": "equity.sources.gazetteer",
    "read_gazetteer": "equity.sources.gazetteer",
    "get_sites": "equity.sources.care",
    "read_sites": "equity.sources.hrsa",
    "get_tract_relationship": "equity.sources.census_files",
    "read_tract_relationship": "equity.sources.census_files",
    "read_zcta_relationship": "equity.sources.relationships",
    "read_block_links": "equity.sources.relationships",
    "read_connecticut_codes": "equity.sources.relationships",
    "get_tribal_areas": "equity.sources.tribal",
    "read_clinicians": "equity.sources.cms",
    "read_forhp": "equity.sources.usda",
    "read_hospitals": "equity.sources.cms",
    "read_nppes": "equity.sources.nppes",
    "read_places": "equity.sources.cdc",
    "read_ruca": "equity.sources.usda",
    "read_rucc": "equity.sources.usda",
    "read_rural_clinics": "equity.sources.cms",
    "read_saipe": "equity.sources.saipe",
    "read_svi": "equity.sources.cdc",
    "read_table": "equity.sources.table",
    "geocode": "equity.sources.geocoder",
    "place_providers": "equity.sources.placing",
    "load_example": "equity.sources.example",
    # Areas
    "area_table": "equity.areas.table",
    "combine": "equity.areas.join",
    "combine_audit": "equity.areas.join",
    "validate": "equity.areas.schema",
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
    "coverage": "equity.measures.coverage",
    "location_table": "equity.measures.coverage",
    "compare_rules": "equity.measures.coverage_change",
    "compare_vintages": "equity.measures.coverage_change",
    "adoption": "equity.measures.adoption",
    "covered_populations": "equity.measures.adoption",
    # Measures of care within reach
    "population_centers": "equity.measures.travel",
    "demand_population": "equity.measures.demand",
    "join_designations": "equity.measures.demand",
    "travel_costs": "equity.measures.travel",
    "nearest_sites": "equity.measures.travel",
    "catchment": "equity.measures.catchment",
    "solve_catchment": "equity.measures.catchment",
    "virtual_catchment": "equity.measures.virtual",
    "solve_virtual_catchment": "equity.measures.virtual",
    # Measures of the practice's own line
    "practice_readiness": "equity.measures.practice",
    "best_offers": "equity.measures.practice",
    "capacity_behind_lines": "equity.measures.practice",
    "h3_cells": "equity.measures.practice",
    # Measures of the gap
    "shortfall_by_access": "equity.measures.gap",
    "shortfall_by_travel": "equity.measures.gap",
    "shortfall_with_clinic": "equity.measures.barrier",
    "telehealth_gap": "equity.measures.gap",
    "barrier": "equity.measures.barrier",
    # Outputs
    "make_map": "equity.outputs.maps",
    "save_map": "equity.outputs.maps",
    "export": "equity.outputs.tables",
    "write_appendix": "equity.outputs.appendix",
    "data_dictionary": "equity.areas.schema",
    "cite": "equity.outputs.tables",
    # Whole
    "Study": "equity.study",
    "StudyResult": "equity.study",
    "list_coverage_rules": "equity.rules",
    "load_coverage_rule": "equity.rules",
    "configure": "equity.settings",
    "doctor": "equity.sources.report",
}

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'equity' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
