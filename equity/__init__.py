"""Find the communities where telehealth falls short: ``import equity as eq``.

The names below are the whole public surface; each is loaded when it is first used, so that
importing the package stays quick, touches no network and writes nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from equity._version import __version__

_PUBLIC = {
    # Settings
    "configure": "equity.settings",
    # Sources
    "get_acs": "equity.sources.census_api",
    "get_bdc": "equity.sources.fcc_api",
    "get_sites": "equity.sources.care",
    "get_blocks": "equity.sources.census_files",
    "get_boundaries": "equity.sources.census_files",
    "get_designations": "equity.sources.designations",
    "get_gazetteer": "equity.sources.census_files",
    "get_tract_relationship": "equity.sources.census_files",
    "get_tribal_areas": "equity.sources.tribal",
    "read_acs": "equity.sources.census",
    "geocode": "equity.sources.geocoder",
    "place_providers": "equity.sources.placing",
    "in_designated_areas": "equity.sources.designations",
    "read_blocks": "equity.sources.census_files",
    "read_bdc": "equity.sources.fcc",
    "read_boundaries": "equity.sources.tiger",
    "read_zcta_relationship": "equity.sources.relationships",
    "read_connecticut_codes": "equity.sources.relationships",
    "read_block_links": "equity.sources.relationships",
    "read_coverage": "equity.sources.coverage_table",
    "read_clinicians": "equity.sources.cms",
    "read_designations": "equity.sources.designations",
    "read_forhp": "equity.sources.usda",
    "read_gazetteer": "equity.sources.census_files",
    "read_hospitals": "equity.sources.cms",
    "read_nppes": "equity.sources.nppes",
    "read_places": "equity.sources.cdc",
    "read_ruca": "equity.sources.usda",
    "read_rucc": "equity.sources.usda",
    "read_rural_clinics": "equity.sources.cms",
    "read_saipe": "equity.sources.saipe",
    "read_sites": "equity.sources.hrsa",
    "load_example": "equity.sources.example",
    "read_table": "equity.sources.table",
    "read_svi": "equity.sources.cdc",
    "read_tract_relationship": "equity.sources.census_files",
    # Areas
    "area_table": "equity.areas.table",
    "combine": "equity.areas.join",
    "combine_audit": "equity.areas.join",
    "crosswalk": "equity.areas.crosswalk",
    "roll_up": "equity.areas.aggregate",
    "service_area": "equity.areas.aggregate",
    "data_dictionary": "equity.areas.schema",
    "validate": "equity.areas.schema",
    "spread": "equity.areas.aggregate",
    "reliability": "equity.areas.precision",
    "grouped_median": "equity.areas.medians",
    "from_blocks": "equity.areas.blocks",
    "difference_test": "equity.areas.moe",
    "moe_product": "equity.areas.moe",
    "moe_ratio": "equity.areas.moe",
    "moe_share": "equity.areas.moe",
    "moe_sum": "equity.areas.moe",
    # Care within reach
    "travel_costs": "equity.measures.travel",
    "nearest_sites": "equity.measures.travel",
    "population_centers": "equity.measures.travel",
    "catchment": "equity.measures.catchment",
    "solve_catchment": "equity.measures.catchment",
    "adoption": "equity.measures.adoption",
    "covered_populations": "equity.measures.adoption",
    "shortfall_by_access": "equity.measures.gap",
    "shortfall_by_travel": "equity.measures.gap",
    "telehealth_gap": "equity.measures.gap",
    # Outputs
    "cite": "equity.outputs.tables",
    "export": "equity.outputs.tables",
    "make_map": "equity.outputs.maps",
    "save_map": "equity.outputs.maps",
    "write_appendix": "equity.outputs.appendix",
    "practice_readiness": "equity.measures.practice",
    "best_offers": "equity.measures.practice",
    "h3_cells": "equity.measures.practice",
    "capacity_behind_lines": "equity.measures.practice",
    "barrier": "equity.measures.barrier",
    "demand_population": "equity.measures.demand",
    "join_designations": "equity.measures.demand",
    "shortfall_with_clinic": "equity.measures.barrier",
    "virtual_catchment": "equity.measures.virtual",
    "solve_virtual_catchment": "equity.measures.virtual",
    # Broadband
    "compare_rules": "equity.measures.coverage_change",
    "compare_vintages": "equity.measures.coverage_change",
    "coverage": "equity.measures.coverage",
    "location_table": "equity.measures.coverage",
    # Whole
    "Study": "equity.study",
    "StudyResult": "equity.study",
}

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'equity' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
