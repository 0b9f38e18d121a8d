"""Real totals: location files made so that tracts sum to published figures roll up to exactly them.

The published table counts, per tract, the locations served, underserved and unserved overall and
through copper, cable, fiber and licensed fixed wireless. Locations are laid on real 2020 blocks of
the tract and given one offer per technology and class, so that every one of these totals comes out;
the files go through the same reader and roll-up as the FCC's.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from bdc_files import EXPORT_HEADER, HEADER, STAMP, write_zip

import equity as eq
from equity.measures.lines.coverage import Inline
from equity.rules import load_coverage_rule

TECHNOLOGIES = {"Copper": 10, "Cable": 40, "Fiber": 50, "LTFW": 71}
NAMES = {10: "Copper", 40: "Cable", 50: "FibertothePremises", 71: "LicensedFixedWireless",
         72: "LBRFixedWireless"}  # fmt: skip
# Living Atlas counts fiber, cable, copper and licensed fixed wireless.
RULE = load_coverage_rule("bead-2022")

pytestmark = pytest.mark.real


def spread(counts, start, stop, offset):
    """Return ``counts`` places of a range, from an offset on, wrapping round: no place twice."""
    width = stop - start
    return start + (offset + np.arange(counts)) % width if width else np.empty(0, int)


def lay_out(row):
    """Return (place, technology, class) so that the row's counts come out, overall and apart.

    Places 0 .. served-1 are the served locations, the next ones the underserved. Technologies take
    turns round these, so that together they reach every one.
    """
    served, under = int(row.ServedBSLs), int(row.UnderservedBSLs)
    made = []
    turn_served = turn_under = 0
    for name, code in TECHNOLOGIES.items():
        s = int(getattr(row, f"ServedBSLs{name}"))
        u = int(getattr(row, f"UnderservedBSLs{name}"))
        mine = spread(s, 0, served, turn_served)
        turn_served += s
        here = min(u, under)
        also = spread(here, served, served + under, turn_under)
        turn_under += here
        rest = np.setdiff1d(np.arange(served), mine)[: u - here]
        made.append((code, 2, mine))
        made.append((code, 1, np.concatenate([also, rest])))
    # A few hundred locations are reached through none of the four: licensed-by-rule wireless.
    made.append((72, 2, np.arange(min(turn_served, served), served)))
    made.append((72, 1, np.arange(served + min(turn_under, under), served + under)))
    return made


def write_state(folder, table, blocks, fips, usps):
    first = 1_000_000_000
    rows = {code: [] for code in NAMES}
    export = []
    for row in table.itertuples():
        here = blocks[row.Index]
        total = int(row.TotalBSLs)
        place = np.arange(total)
        block = here[place % len(here)]
        export.append(pd.DataFrame({"location_id": first + place, "block_geoid": block}))
        for code, level, where in lay_out(row):
            down, up = (100, 20) if level == 2 else (25, 3)
            rows[code].append(
                pd.DataFrame(
                    {
                        "location_id": first + where,
                        "down": down,
                        "up": up,
                        "block_geoid": block[where],
                    }
                )
            )
        first += total
    for code, parts in rows.items():
        frame = pd.concat(parts)
        frame = frame.assign(
            frn="0000000001", provider_id=100_000 + code, brand_name="A, B", technology=code,
            low_latency=1, business_residential_code="X", state_usps=usps, h3_res8_id="",
        )  # fmt: skip
        frame = frame.rename(columns={"down": HEADER[5], "up": HEADER[6]})[HEADER]
        stem = f"bdc_{fips}_{NAMES[code]}_{STAMP}"
        write_zip(folder / f"{stem}.zip", frame.to_csv(index=False).encode())
    frame = pd.concat(export).assign(h3_res8_id="")
    for flag in EXPORT_HEADER[3:]:
        frame[flag] = 0
    stem = f"bdc_{fips}_fixed_broadband_served_unserved_D25_29sep2026"
    write_zip(folder / f"{stem}.zip", frame[EXPORT_HEADER].to_csv(index=False).encode())


@pytest.mark.parametrize(
    ("state", "fips", "usps", "served", "underserved", "unserved"),
    [
        # State totals of the published table.
        ("de", "10", "DE", 398_465, 3_481, 3_969),
        pytest.param("va", "51", "VA", 2_598_655, 64_875, 247_508, marks=pytest.mark.slow),
    ],
)
def test_tract_totals_come_out_exactly(
    shared_data, tmp_path, state, fips, usps, served, underserved, unserved
):
    bundle = shared_data / "bundles" / state
    table = pd.read_csv(bundle / "v2020" / "fcc_bdc_tract.csv", dtype={"GEOID": str})
    table = table.set_index("GEOID")
    crosswalk = pd.read_csv(
        bundle / "block_crosswalk_alarm.csv.gz", usecols=["block_2020"], dtype=str
    )
    real = np.unique(crosswalk["block_2020"].str.zfill(15))
    blocks = pd.Series(real).groupby(pd.Series(real).str[:11]).agg(np.array)
    with_places = table[table.TotalBSLs > 0]
    assert with_places.index.isin(blocks.index).all()
    write_state(tmp_path, with_places, blocks, fips, usps)

    files = eq.read_bdc(tmp_path, as_of="2025-12-31")
    result = eq.coverage(files, rule=RULE, executor=Inline())

    published = table.reindex(result.index)
    assert set(table.index[table.TotalBSLs > 0]) == set(result.index)
    overall = {
        "locations_n": "TotalBSLs",
        "served_n": "ServedBSLs",
        "underserved_n": "UnderservedBSLs",
        "unserved_n": "UnservedBSLs",
    }
    for ours, theirs in overall.items():
        assert (result[ours] == published[theirs]).all(), ours
    for name, code in TECHNOLOGIES.items():
        assert (result[f"served_tech{code}_n"] == published[f"ServedBSLs{name}"]).all(), name
        ours = result[f"underserved_tech{code}_n"]
        assert (ours == published[f"UnderservedBSLs{name}"]).all(), name
    assert result.served_n.sum() == served
    assert result.underserved_n.sum() == underserved
    assert result.unserved_n.sum() == unserved
    assert (result.coverage_status == "ok").all()

    county = eq.coverage(files, rule=RULE, level="county", executor=Inline())
    sums = result.groupby(result.index.str[:5])[list(overall)].sum()
    assert (county[list(overall)] == sums).all(axis=None)
