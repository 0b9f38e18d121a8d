"""State and territory codes: FIPS, USPS and name (ANSI INCITS 38)."""

from __future__ import annotations

from typing import NamedTuple


class State(NamedTuple):
    """A state, the District, a territory, or the synthetic example state."""

    fips: str
    usps: str
    name: str
    synthetic: bool = False


_ROWS = """\
01 AL Alabama|02 AK Alaska|04 AZ Arizona|05 AR Arkansas|06 CA California|08 CO Colorado
09 CT Connecticut|10 DE Delaware|11 DC District of Columbia|12 FL Florida|13 GA Georgia
15 HI Hawaii|16 ID Idaho|17 IL Illinois|18 IN Indiana|19 IA Iowa|20 KS Kansas|21 KY Kentucky
22 LA Louisiana|23 ME Maine|24 MD Maryland|25 MA Massachusetts|26 MI Michigan|27 MN Minnesota
28 MS Mississippi|29 MO Missouri|30 MT Montana|31 NE Nebraska|32 NV Nevada|33 NH New Hampshire
34 NJ New Jersey|35 NM New Mexico|36 NY New York|37 NC North Carolina|38 ND North Dakota
39 OH Ohio|40 OK Oklahoma|41 OR Oregon|42 PA Pennsylvania|44 RI Rhode Island
45 SC South Carolina|46 SD South Dakota|47 TN Tennessee|48 TX Texas|49 UT Utah|50 VT Vermont
51 VA Virginia|53 WA Washington|54 WV West Virginia|55 WI Wisconsin|56 WY Wyoming
60 AS American Samoa|66 GU Guam|69 MP Northern Mariana Islands|72 PR Puerto Rico
78 VI U.S. Virgin Islands"""

EXAMPLE_STATE = State("90", "ZZ", "Example State", synthetic=True)
"""The generated state; 90 is assigned to no real place."""

STATES: dict[str, State] = {
    row[:2]: State(row[:2], row[3:5], row[6:]) for row in _ROWS.replace("\n", "|").split("|")
}
STATES[EXAMPLE_STATE.fips] = EXAMPLE_STATE

NATION = tuple(code for code in STATES if code not in {"60", "66", "69", "78", EXAMPLE_STATE.fips})
"""The states, the District and Puerto Rico: where the American Community Survey asks."""
