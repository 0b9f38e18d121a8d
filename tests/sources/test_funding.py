"""What is already paid for: locations, areas, award lines and NTIA's list, as offices give them."""

from __future__ import annotations

import pytest
from door_files import put

from equity import read_funded
from equity.errors import EquityError, FormatError, InputError, MissingColumnError
from equity.provenance import meta
from equity.sources.funding import read_awards, read_high_cost

FCC = (
    "program_id,program_name,project_id,location_id,block_geoid,h3_res8_id\n"
    "9,RDOF,P1,1000000001,510010901011001,88\n9,RDOF,P1,1000000002,510010901011002,88\n"
    "9,RDOF,P2,1000000001,510010901011001,88\n9,RDOF,P2,1000000003,100010401001000,88\n"
)
BLOCKS = "block_geoid,locations_planned\n510010901011001,12\n510010901011001,3\n510010901011002,5\n"


def read(tmp_path, text, name="funded.csv", **options):
    return read_funded(put(tmp_path, text, name), **({"as_of": "2026-01-31"} | options))


def test_the_fccs_list_of_locations_counts_each_once(tmp_path):
    table = read(tmp_path, FCC, state="VA")
    assert table.index.tolist() == ["1000000001", "1000000002"]
    assert table["block_geoid"].tolist() == ["510010901011001", "510010901011002"]
    assert table["program"].unique().tolist() == ["RDOF"]
    notes = " ".join(meta(table).notes)
    assert "1 locations of other states left out" in notes
    assert "1 locations stand again, counted once" in notes
    assert meta(table).sources[0].vintage == "2026-01-31"


def test_a_bare_list_of_ids_as_states_publish_it(tmp_path):
    table = read(tmp_path, "1000000001\n1000000002\n")
    assert table.index.tolist() == ["1000000001", "1000000002"]
    assert table["block_geoid"].isna().all()


def test_rows_of_areas_add_up_and_a_choice_of_rows_is_kept(tmp_path):
    table = read(tmp_path, BLOCKS, level="block")
    assert table["funded_n"].to_dict() == {"510010901011001": 15.0, "510010901011002": 5.0}
    assert (meta(table).level, meta(table).geo_vintage) == ("block", "2020")
    assert "added to it" in meta(table).notes[0]
    tracts = "GEOID,status,n\n51001090101,Awarded,7\n51001090102,Withdrawn,9\n"
    table = read(
        tmp_path, tracts, level="tract", columns={"n": "funded_n"}, where={"status": "Awarded"}
    )
    assert table["funded_n"].to_dict() == {"51001090101": 7.0}
    whole = read(tmp_path, "block_geoid\n510010901011001\n", level="block")
    assert whole["funded_n"].isna().all()


@pytest.mark.parametrize(
    ("text", "options", "kind", "says"),
    [
        (FCC, {"level": "place"}, InputError, "no list of funded place areas"),
        (FCC, {"columns": {"h3_res8_id": "cell"}}, InputError, "cannot be mapped to 'cell'"),
        (FCC, {"where": {"program_name": "BEAD"}}, InputError, "no row has program_name = 'BEAD'"),
        (FCC.replace("1000000002", "1.0E+09"), {}, InputError, "a spreadsheet rounds them"),
        (FCC.replace("location_id", "place"), {}, MissingColumnError, '"their name" = "location_id"'),
        ("GEOID,x\n51001090101,7\n", {"level": "tract"}, MissingColumnError, "known to be funded_n"),
        (BLOCKS.replace(",12", ",-12"), {"level": "block"}, InputError, "missing or negative"),
        (BLOCKS.replace(",12", ",5.5"), {"level": "block"}, InputError, "no whole number"),
        (FCC, {"as_of": "soon"}, InputError, "as_of is 'soon', no date"),
        (FCC, {"as_of": "2026-99-01"}, InputError, "no date"),
        (BLOCKS.replace("1001,12", "1001,"), {"level": "block"}, InputError, "missing or negative"),
    ],
)  # fmt: skip
def test_one_clear_error_each(tmp_path, text, options, kind, says):
    with pytest.raises(kind, match=says) as caught:
        read(tmp_path, text, **options)
    assert isinstance(caught.value, EquityError)


def test_the_list_of_what_is_not_funded_is_not_taken_for_its_opposite(tmp_path):
    with pytest.raises(FormatError, match="without funding"):
        read(tmp_path, FCC, name="Unserved-Unfunded_51.csv")


AWARDS = (
    "project_id,project_name,program_name,funding_obligated,locations_planned\n"
    'A,a,X,"$1,000",10\nB,b,X,0,5\nC,c,X,2000,10\nD,d,X,90000,10\nE,e,X,500,0\n'
)


def test_award_lines_are_read_and_the_odd_ones_pointed_out(tmp_path):
    table = read_awards(put(tmp_path, AWARDS), as_of="2026-01-31")
    assert table.index.tolist() == list("ABCDE")
    assert table["usd_per_location"].tolist()[0::2][:2] == [100.0, 200.0]
    assert table["usd_per_location"].isna().tolist() == [False, True, False, False, True]
    notes = " ".join(meta(table).notes)
    assert "1 awards of no dollars (B)" in notes
    assert "1 awards above 10 times the median per location, up to $9,000 (D)" in notes


@pytest.mark.parametrize(
    ("old", "new", "kind", "says"),
    [
        ("funding_obligated", "dollars", MissingColumnError, "known to be award_usd"),
        ("B,b", "A,b", InputError, "1 projects stand more than once"),
        ("2000,10", "-2000,10", InputError, "below 0"),
        ("2000,10", "many,10", InputError, "where a number belongs"),
    ],
)
def test_wrong_award_lines(tmp_path, old, new, kind, says):
    with pytest.raises(kind, match=says):
        read_awards(put(tmp_path, AWARDS.replace(old, new, 1)), as_of="2026-01-31")


def test_the_real_award_lines_are_read_and_counted(shared_data):
    path = shared_data / "bundles/common/funding/bead_texas_projects_excerpt.csv"
    table = read_awards(path, as_of="2026", agency="State office", product="Award lines")
    assert len(table) == 38
    bead = table[table.index.str.contains("-BEAD-")]
    assert len(bead) == 31
    sums = bead.groupby("technology")[["award_usd", "planned_n"]].sum()
    fiber, wireless = sums.loc["Fiber to the Premises"], sums.loc["Licensed Fixed Wireless"]
    assert (fiber["award_usd"], fiber["planned_n"]) == (254_867_540, 31_128)
    assert round(fiber["award_usd"] / fiber["planned_n"], 2) == 8187.73
    assert round(wireless["award_usd"] / wireless["planned_n"], 2) == 1390.52
    assert table["usd_per_location"].max() == pytest.approx(25_000_000 / 36)
    notes = " ".join(meta(table).notes)
    assert "1 awards of no dollars (BOOT II Burleson County)" in notes
    assert "up to $694,444" in notes


def test_the_real_high_cost_block_groups_are_read_and_counted(shared_data):
    path = shared_data / "bundles/common/funding/bead_high_cost_block_groups.csv"
    whole = read_high_cost(path, as_of="2026")
    assert len(whole) == 702
    assert len(read_high_cost(path, as_of="2026", state="TX")) == 33
    tracts = read_high_cost(path, as_of="2026", level="tract")
    assert tracts["high_cost_block_groups_n"].sum() == 702
    assert read_high_cost(path, as_of="2026", state="DE").empty
    with pytest.raises(InputError, match="as_of is 'spring', no date"):
        read_high_cost(path, as_of="spring")


def test_a_wrong_high_cost_list(tmp_path):
    good = "State FIPS,State Name,Census Block Group,High Cost Block Group\n1,Alabama,010159819031,High Cost\n"
    assert read_high_cost(put(tmp_path, good), as_of="2026").index.tolist() == ["010159819031"]
    for wrong, says in (
        (good.replace("1,High Cost\n", "1,Low\n"), "holds 'Low'"),
        (good + good.splitlines()[1] + "\n", "more than once"),
    ):
        with pytest.raises(InputError, match=says):
            read_high_cost(put(tmp_path, wrong), as_of="2026")
    with pytest.raises(InputError, match="not counted by place"):
        read_high_cost(put(tmp_path, good), as_of="2026", level="place")
