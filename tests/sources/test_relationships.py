"""Relationship files, blocks and Connecticut's codes, written small in the publishers' layouts."""

from __future__ import annotations

import zipfile

import pandas as pd
import pytest

from equity.areas.blocks import from_blocks
from equity.errors import FormatError, GeoidError, InputError
from equity.sources.census.relationships import (
    NO_ZCTA,
    read_block_links,
    read_connecticut_codes,
    read_zcta_relationship,
)

BLOCK_HEADER = (
    "STATE_2010|COUNTY_2010|TRACT_2010|BLK_2010|BLKSF_2010|AREALAND_2010|AREAWATER_2010|"
    "BLOCK_PART_FLAG_O|STATE_2020|COUNTY_2020|TRACT_2020|BLK_2020|BLKSF_2020|AREALAND_2020|"
    "AREAWATER_2020|BLOCK_PART_FLAG_R|AREALAND_INT|AREAWATER_INT"
)


def block_line(old, new, land):
    parts = [(b[:2], b[2:5], b[5:11], b[11:]) for b in (old, new)]
    return "|".join([*parts[0], "", "9", "0", "p", *parts[1], "", "9", "0", "p", str(land), "0"])


def test_zcta_relationship_keeps_land_outside_every_zcta(tmp_path):
    path = tmp_path / "tab20_zcta520_tract20_natl.txt"
    header = (
        "OID_ZCTA5_20|GEOID_ZCTA5_20|NAMELSAD_ZCTA5_20|AREALAND_ZCTA5_20|AREAWATER_ZCTA5_20|"
        "MTFCC_ZCTA5_20|CLASSFP_ZCTA5_20|FUNCSTAT_ZCTA5_20|OID_TRACT_20|GEOID_TRACT_20|"
        "NAMELSAD_TRACT_20|AREALAND_TRACT_20|AREAWATER_TRACT_20|MTFCC_TRACT_20|FUNCSTAT_TRACT_20|"
        "AREALAND_PART|AREAWATER_PART"
    )
    line = "1|{}|n|9|0|m|c|f|2|{}|n|9|0|m|f|{}|0"
    rows = [("01001", "10001040100", 3), ("", "10001040100", 1), ("19901", "", 9)]
    path.write_text("\n".join([header, *(line.format(*r) for r in rows)]) + "\n", encoding="utf-8")
    found = read_zcta_relationship(path)
    weights = found.weights("population").set_index("target")["weight"]
    assert weights.to_dict() == {"01001": 0.75, NO_ZCTA: 0.25}
    assert found.target_level == "zcta"


def test_census_block_relationship(tmp_path):
    path = tmp_path / "TAB2010_TAB2020_ST90.zip"
    lines = [
        block_line("900010001001000", "900010001011000", 20),
        block_line("900010001001001", "900010001021000", 80),
    ]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tab2010_tab2020_st90_zz.txt", "\n".join([BLOCK_HEADER, *lines]) + "\n")
    links = read_block_links(path)
    assert links["area"].tolist() == [20, 80]
    found = from_blocks(links, level="tract", source_vintage="2010", target_vintage="2020")
    assert found.weights("area")["weight"].tolist() == [0.2, 0.8]


def shares(tmp_path, rows):
    path = tmp_path / "shares.csv"
    frame = pd.DataFrame(
        rows, columns=["block_2010", "block_2020", "share_of_2010_block_land", "area_land"]
    )
    frame.to_csv(path, index=False)
    return path


def test_land_of_parts_from_shares(tmp_path):
    # True land: 1000 (split 60 : 40) and 10, the latter merged with the smaller part.
    path = shares(
        tmp_path,
        [
            ("900010001001000", "900010001011000", 0.6, 600.0),
            ("900010001001000", "900010001021000", 0.4, 410.0),
            ("900010001001001", "900010001021000", 1.0, 410.0),
            ("900010001001002", "900010001031000", 1.0, None),
        ],
    )
    links = read_block_links(path)
    assert links["area"].tolist() == pytest.approx([600, 400, 10, 0], rel=1e-2, abs=1e-9)


def test_shares_that_do_not_sum_to_one_are_refused(tmp_path):
    path = shares(tmp_path, [("900010001001000", "900010001011000", 0.6, 600.0)])
    with pytest.raises(InputError, match=r"1 areas do not sum to 1 \(900010001001000: 0.6\)"):
        read_block_links(path)
    path = shares(tmp_path, [("90001000100100", "90001000101", 1.0, 600.0)])
    with pytest.raises(GeoidError):
        read_block_links(path)
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(FormatError, match="neither a Census block"):
        read_block_links(path)


def test_connecticut_codes(tmp_path):
    path = tmp_path / "2022tractcrosswalk.csv"
    old = [f"0900{1 + 2 * (i % 5)}{i:06d}" for i in range(879)]
    new = ["09110" + i[5:] for i in old]
    frame = pd.DataFrame({"tract_fips_2020": old, "Tract_fips_2022": new, "town_name": "Ávila"})
    frame.to_csv(path, index=False, encoding="utf-8-sig")
    codes = read_connecticut_codes(path)
    assert len(codes) == 879
    assert codes[old[5]] == new[5]
    ruca = tmp_path / "ruca.csv"
    other = pd.DataFrame(
        {"TractFIPS20": [*old, "09001990000", "08043978100"],
         "TractFIPS23": [*new, "N/A", "08043978100"], "Name": "Cañon"}
    )  # fmt: skip
    other.to_csv(ruca, index=False, encoding="latin-1")
    pd.testing.assert_series_equal(read_connecticut_codes(ruca), codes, check_index_type=False)
    frame.iloc[:800].to_csv(path, index=False)
    with pytest.raises(FormatError, match="800 of Connecticut's 879"):
        read_connecticut_codes(path)
    frame.assign(Tract_fips_2022=new[::-1]).to_csv(path, index=False)
    with pytest.raises(FormatError, match="last six"):
        read_connecticut_codes(path)
    pd.concat([frame, frame]).to_csv(path, index=False)
    with pytest.raises(FormatError, match="twice"):
        read_connecticut_codes(path)
    pd.DataFrame({"x": [1]}).to_csv(path, index=False)
    with pytest.raises(FormatError, match="no pair"):
        read_connecticut_codes(path)
