"""The study file that goes with the example state: what `equity run example` runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from equity.example import _plan as plan
from equity.files.atomic import write_text
from equity.language import mark
from equity.rules.defaults import default_criteria_text, default_rules_text

SITES_AS_OF = "2025-06-03"
_NOTE = mark("All data are synthetic: generated with the package, about no real place.")

_TEXT = """\
# The example state: every person, place, line and clinic in it is made up (synthetic).
# Paths start at this file. Copy it, change it, and run it with: equity run study.toml

notes = ["{note}"]

[study]
id = "example"
title = "{state} (synthetic)"
state = "{fips}"
level = "tract"
{rules}synthetic = true

[boundaries]
file = "boundaries/tl_{boundary_year}_{fips}_tract.zip"
year = {boundary_year}

[counties]
file = "boundaries/tl_{boundary_year}_{fips}_county.zip"
year = {boundary_year}

# Location Coverage says what each location can buy; Served-Unserved lists every location once.
[coverage]
kind = "locations"
files = ["bdc", "served_unserved"]
as_of = "{as_of}"

[[acs]]
files = [
{acs}
]
year = {acs_year}

# Health centers to measure distances to, in HRSA's own layout.
[[sites]]
file = "care/Health_Center_Service_Delivery_and_LookAlike_Sites.csv"
as_of = "{sites_as_of}"
layout = "hrsa"
label = "health centers"
use = "sites"

# Clinicians with full-time equivalents, for the ratio of people to care within reach.
[[sites]]
file = "care/example_clinicians.csv"
as_of = "{sites_as_of}"
layout = "points"
label = "primary-care and mental-health clinicians"
use = "capacity"
[sites.columns]
id = "npi"
name = "facility"
kind = "specialty"
fte = "fte"
lon = "lon"
lat = "lat"

[care]
method = "catchment"
limit_min = 30
benchmark_people_per_fte = 3500

{criteria}"""


def write_study(root: Path, acs: Sequence[Path]) -> Path:
    """Write the example's study file beside its inputs."""
    path = root / "study.toml"
    text = _TEXT.format(
        note=_NOTE,
        state=plan.STATE_NAME,
        fips=plan.FIPS,
        boundary_year=plan.BOUNDARY_YEAR,
        acs_year=plan.ACS_YEAR,
        as_of=plan.AS_OF,
        sites_as_of=SITES_AS_OF,
        rules=default_rules_text(),
        criteria=default_criteria_text(),
        acs="\n".join(f'    "{p.relative_to(root).as_posix()}",' for p in acs),
    )
    write_text(path, text)
    return path
