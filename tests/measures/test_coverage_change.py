"""Two rules on one vintage, two vintages under one rule."""

from __future__ import annotations

import pandas as pd
import pytest
from bdc_files import BLOCK, offer, write_export, write_offers

import equity as eq
from equity.errors import InputError, VintageError
from equity.measures.lines.coverage import Inline
from equity.provenance import meta

OLD, NEW = "2025-06-30", "2025-12-31"
STAMPS = {OLD: "fixed_broadband_J25_15nov2025", NEW: "fixed_broadband_D25_29sep2026"}
TRACT = "10001040100"
L = [1_000_000_000 + n for n in range(10)]


def test_rules_switch_through_named_technologies(tmp_path):
    write_offers(
        tmp_path,
        [
            offer(L[0], technology=50),
            offer(L[1], technology=70, provider=100002),
            offer(L[2], technology=61, provider=100003),
            offer(L[2], technology=70, provider=100002),
            offer(L[3], technology=61, down=25, up=3, provider=100003),
            offer(L[4], technology=60, latency=0),
        ],
    )
    result = eq.compare_rules(
        eq.read_bdc(tmp_path, as_of=NEW), before="bead-2022", after="bead-2025", executor=Inline()
    )
    row = result.areas.loc[TRACT]
    assert (row.qualifying_before_n, row.qualifying_after_n) == (1, 3)
    assert (row.gained_n, row.lost_n) == (2, 0)
    assert (row.gained_tech70_n, row.gained_tech61_n, row.gained_tech50_n) == (2, 1, 0)
    switches = result.switches.set_index(["class_before", "class_after", "technologies"])
    assert switches.locations_n.to_dict() == {
        ("unserved", "served", "unlicensed fixed wireless"): 1,
        ("unserved", "served", "low-orbit satellite + unlicensed fixed wireless"): 1,
        ("unserved", "underserved", "low-orbit satellite"): 1,
    }
    assert "3 locations change class in 1 areas" in repr(result)
    assert "bead-2022" in meta(result.areas).notes[0]


def test_the_other_way_round_is_lost(tmp_path):
    write_offers(tmp_path, [offer(L[0], technology=70), offer(L[1])])
    files = eq.read_bdc(tmp_path, as_of=NEW)
    row = eq.compare_rules(files, before="bead-2025", after="bead-2022").areas.loc[TRACT]
    assert (row.gained_n, row.lost_n, row.lost_tech70_n) == (0, 1, 1)
    same = eq.compare_rules(files, before="bead-2022", after="bead-2022")
    assert same.switches.empty
    assert same.areas.gained_n.sum() == same.areas.lost_n.sum() == 0


def test_totals_of_a_comparison_are_those_of_each_rule(tmp_path):
    write_offers(tmp_path, [offer(L[n], technology=(50, 70, 61)[n % 3]) for n in range(9)])
    files = eq.read_bdc(tmp_path, as_of=NEW)
    areas = eq.compare_rules(files, before="fcc-25-3", after="video-visit").areas
    for column, rule in (
        ("qualifying_before_n", "fcc-25-3"),
        ("qualifying_after_n", "video-visit"),
    ):
        pd.testing.assert_series_equal(
            areas[column], eq.coverage(files, rule=rule).qualifying_n, check_names=False
        )


def vintage(folder, as_of, rows, export=None, name="FibertothePremises", state="10"):
    here = folder / as_of
    write_offers(here, rows, stamp=STAMPS[as_of], name=name, state=state)
    if export is not None:
        stamp = STAMPS[as_of].removeprefix("fixed_broadband_")
        write_export(here, [(place, BLOCK) for place in export], stamp=stamp, state=state)
    return eq.read_bdc(here, as_of=as_of)


def test_vintages_tell_new_places_from_new_lines(tmp_path):
    old = vintage(
        tmp_path, OLD, [offer(L[0]), offer(L[1]), offer(L[2])], export=[L[0], L[1], L[2], L[3]]
    )
    new = vintage(
        tmp_path,
        NEW,
        [offer(L[0]), offer(L[3]), offer(L[4]), offer(L[2], down=10, up=1)],
        export=[L[0], L[2], L[3], L[4], L[5]],
    )
    row = eq.compare_vintages(old, new, rule="bead-2022").loc[TRACT]
    assert (row.locations_before_n, row.locations_after_n) == (4, 5)
    assert (row.qualifying_before_n, row.qualifying_after_n) == (3, 3)
    assert (row.gained_new_location_n, row.gained_known_location_n) == (1, 1)
    assert (row.lost_removed_location_n, row.lost_removed_listing_n) == (1, 1)
    assert row.gained_n - row.lost_n == row.qualifying_after_n - row.qualifying_before_n
    assert row.change_status == "ok"


@pytest.mark.parametrize(
    ("level", "digits"), [("block", 15), ("block_group", 12), ("county", 5), ("state", 2)]
)
def test_vintages_are_compared_at_every_level(tmp_path, level, digits):
    blocks = [BLOCK, "100010402011000", "100030101041010"]
    rows = [offer(L[n], block=block) for n, block in enumerate(blocks)]
    old, new = vintage(tmp_path, OLD, rows[:2]), vintage(tmp_path, NEW, rows[1:])
    table = eq.compare_vintages(old, new, rule="bead-2022", level=level)
    assert table.index.tolist() == sorted({block[:digits] for block in blocks})
    before, after = ({block[:digits] for block in part} for part in (blocks[:2], blocks[1:]))
    assert set(table.index[table.qualifying_before_n > 0]) == before
    assert set(table.index[table.qualifying_after_n > 0]) == after
    assert (table.gained_n.sum(), table.lost_n.sum()) == (1, 1)


def test_without_exports_the_status_says_what_cannot_be_told(tmp_path):
    old = vintage(tmp_path, OLD, [offer(L[0])])
    new = vintage(tmp_path, NEW, [offer(L[1])], export=[L[0], L[1]])
    table = eq.compare_vintages(old, new, rule="bead-2022")
    assert table.change_status.tolist() == ["listed_only"]


def test_vintages_must_be_in_order_and_of_the_same_states(tmp_path):
    old = vintage(tmp_path, OLD, [offer(L[0])])
    new = vintage(tmp_path, NEW, [offer(L[0])])
    with pytest.raises(VintageError, match="earlier vintage first"):
        eq.compare_vintages(new, old, rule="bead-2022")
    other = vintage(tmp_path / "va", NEW, [offer(L[1], block="510010901011000")], state="51")
    with pytest.raises(InputError, match="one of the two vintages only"):
        eq.compare_vintages(old, other, rule="bead-2022")
