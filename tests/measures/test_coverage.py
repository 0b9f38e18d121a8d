"""Offers to locations to areas: classes, technologies, providers, speeds, denominators."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from bdc_files import BLOCK, offer, write_export, write_offers

import equity as eq
from equity.errors import InputError
from equity.measures.lines.coverage import Inline, location_table
from equity.provenance import meta
from equity.rules import load_coverage_rule

AS_OF = "2025-12-31"
L1, L2, L3 = 1_000_000_001, 1_000_000_002, 1_000_000_003
TRACT = "10001040100"


def run(folder, rule="bead-2022", **options):
    return eq.coverage(eq.read_bdc(folder, as_of=AS_OF), rule=rule, **options)


def test_classes_come_from_one_offer_not_from_the_best_of_each_speed(tmp_path):
    # 100 down from one company and 20 up from another do not make a 100/20 line.
    write_offers(
        tmp_path,
        [
            offer(L1, provider=100001, down=100, up=3),
            offer(L1, provider=100002, down=25, up=20),
            offer(L2, down=100, up=20),
            offer(L3, down=24, up=3),
        ],
    )
    row = run(tmp_path).loc[TRACT]
    assert (row.served_n, row.underserved_n, row.unserved_n) == (1, 1, 1)
    assert row.qualifying_n == 2
    assert row.served_share == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("change", "qualifies"),
    [
        ({}, True),
        ({"latency": 0}, False),
        ({"customers": "B"}, False),
        ({"customers": "R"}, True),
        ({"technology": 60}, False),
        ({"technology": 61}, False),
        ({"technology": 70}, False),
        ({"technology": 72}, True),
        ({"technology": 0}, False),
        ({"down": 24}, False),
        ({"up": 2}, False),
        ({"down": 0, "up": 0}, False),
        ({"down": "", "up": ""}, False),
        ({"latency": ""}, False),
    ],
)
def test_what_qualifies_under_the_2022_notice(tmp_path, change, qualifies):
    write_offers(tmp_path, [offer(L1, **change)])
    row = run(tmp_path).loc[TRACT]
    assert row.qualifying_n == float(qualifies)
    assert row[f"listed_tech{change.get('technology', 50)}_n"] == 1
    assert row.locations_n == 1


def test_all_technologies_are_shown_whether_the_rule_counts_them_or_not(tmp_path):
    codes = [0, 10, 40, 50, 60, 61, 70, 71, 72]
    write_offers(tmp_path, [offer(L1, technology=code, provider=100000 + code) for code in codes])
    row = run(tmp_path).loc[TRACT]
    for code in codes:
        assert row[f"listed_tech{code}_n"] == 1
        assert row[f"served_tech{code}_n"] == 1
    assert row.providers_n == 5
    assert row.providers_listed_n == 9


def test_offers_without_a_technology_are_counted_and_shown(tmp_path):
    write_offers(tmp_path, [offer(L1, technology=""), offer(L3)])
    table = run(tmp_path)
    assert table.loc[TRACT, "listed_tech_unknown_n"] == 1
    assert table.loc[TRACT, "qualifying_n"] == 1
    assert any(note.startswith("1 offers without a technology") for note in meta(table).notes)


def test_the_three_classes_stand_side_by_side(tmp_path):
    write_offers(tmp_path, [offer(L1), offer(L3)])
    columns = run(tmp_path).columns.tolist()
    at = columns.index("served_n")
    assert columns[at : at + 3] == ["served_n", "underserved_n", "unserved_n"]


def test_odd_offers_are_counted_by_kind_over_all_files(tmp_path):
    odd = [
        (1, {"down": "", "up": ""}, "without a speed are listed"),
        (2, {"down": 0, "up": 0}, "at 0/0 Mbps are listed"),
        (3, {"latency": ""}, "without a latency flag"),
        (4, {"customers": ""}, "without a customer code"),
    ]
    rows = [
        offer(L1 + 10 * twice + at, technology=technology, **change)
        for technology, twice in ((50, 1), (40, 2))
        for n, change, _ in odd
        for at in range(n * twice)
    ] + [offer(L1, technology=code) for code in (50, 40)]
    write_offers(tmp_path, rows)
    notes = meta(run(tmp_path)).notes
    for n, _, said in odd:
        assert next(note for note in notes if said in note).startswith(f"{3 * n} offers {said}")


@pytest.mark.parametrize("change", [{"customers": "x"}, {"customers": "R "}, {"customers": "Q"},
                                    {"customers": "é"}, {"technology": 41}, {"technology": -1},
                                    {"latency": 2}])  # fmt: skip
def test_a_code_that_the_publisher_does_not_use_is_refused_with_its_lines(tmp_path, change):
    write_offers(tmp_path, [offer(L1), offer(L2, **change), offer(L3), offer(L3, **change)])
    with pytest.raises(InputError, match="which is not one of") as caught:
        run(tmp_path)
    assert caught.value.rows == ["line 3", "line 5"]
    assert repr(next(iter(change.values()))) in caught.value.what


def test_a_technology_without_a_file_is_unknown_not_zero(tmp_path):
    write_offers(tmp_path, [offer(L1)])
    table = run(tmp_path)
    assert np.isnan(table.loc[TRACT, "listed_tech40_n"])
    assert any("No file was read for copper (10), cable (40)" in note for note in meta(table).notes)


def test_choice_counts_distinct_companies_over_technologies(tmp_path):
    write_offers(
        tmp_path,
        [offer(L1, provider=p) for p in (100005, 100001, 100003, 100002)]
        + [offer(L2, provider=100001)],
    )
    write_offers(tmp_path, [offer(L2, provider=100001, technology=40)], name="Cable")
    write_offers(tmp_path, [offer(L3, provider=100009, technology=60)], name="GSOSatellite")
    row = run(tmp_path).loc[TRACT]
    assert row.three_providers_n == 1
    assert row.one_provider_n == 1
    assert row.no_provider_n == 1
    assert row.two_providers_n == 0
    assert row.providers_n == 4
    assert row.providers_listed_n == 5


def test_speeds_are_of_the_best_offer_that_the_rule_counts(tmp_path):
    write_offers(
        tmp_path,
        [
            offer(L1, down=100, up=10),
            offer(L1, down=100, up=50, provider=100002),
            offer(L2, down=1000, up=5),
            offer(L3, down=5000, up=5000, technology=61),
        ],
    )
    row = run(tmp_path).loc[TRACT]
    assert (row.best_down_mbps, row.best_up_mbps) == (1000, 5)
    assert row.median_down_mbps == 550
    assert row.median_up_mbps == 27.5


def test_a_location_without_a_row_has_no_service_once_the_export_names_it(tmp_path):
    write_offers(tmp_path, [offer(L1)])
    empty = "100010401001001"
    write_export(tmp_path, [(L1, BLOCK), (L2, BLOCK), (L3, "100019900000001"), (9 * 10**9, empty)])
    table = run(tmp_path)
    row = table.loc[TRACT]
    assert (row.locations_n, row.served_n, row.unserved_n) == (3, 1, 2)
    assert row.coverage_status == "ok"
    assert table.loc["10001990000", "qualifying_share"] == 0


def test_listed_locations_beyond_the_export_are_counted_and_told(tmp_path):
    write_offers(tmp_path, [offer(L1), offer(L2)])
    write_export(tmp_path, [(L1, BLOCK)])
    table = run(tmp_path)
    assert table.loc[TRACT, "locations_n"] == 2
    assert any("1 locations with an offer are not in the served" in n for n in meta(table).notes)


def test_housing_units_stand_in_and_are_marked(tmp_path):
    write_offers(tmp_path, [offer(L1), offer(L2)])
    housing = pd.Series({BLOCK: 8, "100010401001001": 2, "100010402011000": 5})
    table = run(tmp_path, housing=housing)
    assert table.loc[TRACT, "locations_n"] == 10
    assert table.loc[TRACT, "unserved_n"] == 8
    assert table.loc["10001040201", "served_share"] == 0
    assert set(table.coverage_status) == {"proxy"}


def test_housing_units_below_the_listed_locations_never_make_a_share_above_one(tmp_path):
    write_offers(tmp_path, [offer(L1), offer(L2)])
    table = run(tmp_path, housing=pd.Series({TRACT: 1}))
    assert table.loc[TRACT, "served_share"] == 1


def test_housing_units_of_larger_areas_are_refused(tmp_path):
    write_offers(tmp_path, [offer(L1)])
    with pytest.raises(InputError, match="larger than a tract"):
        run(tmp_path, housing=pd.Series({"10001": 1}))


def test_without_any_denominator_the_status_says_so(tmp_path):
    write_offers(tmp_path, [offer(L1)])
    table = run(tmp_path)
    assert table.coverage_status.tolist() == ["listed_only"]
    assert any("upper bounds" in note for note in meta(table).notes)


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("block", [BLOCK, "100010402011000"]),
        ("block_group", ["100010401001", "100010402011"]),
        ("tract", [TRACT, "10001040201"]),
        ("county", ["10001"]),
        ("state", ["10"]),
        ("h3", ["882bab5303fffff", "882bab5305fffff"]),
        ("h3_7", ["872bab530ffffff"]),
    ],
)
def test_every_level(tmp_path, level, expected):
    write_offers(tmp_path, [offer(L1), offer(L2, block="100010402011000", cell="882bab5305fffff")])
    table = run(tmp_path, level=level)
    assert table.index.tolist() == expected
    assert table.locations_n.sum() == 2
    assert table.providers_n.max() == 1


def test_coarser_cells_agree_with_the_h3_library():
    h3 = pytest.importorskip("h3")
    from equity.measures.lines._rollup import coarser_cells

    cells = [h3.latlng_to_cell(lat, -78.0 + lat, 8) for lat in (36.5, 37.7, 38.9, 64.8)]
    numbers = np.array([int(cell, 16) for cell in cells], np.uint64)
    for resolution in range(9):
        got = [f"{c:x}" for c in coarser_cells(numbers, resolution).tolist()]
        assert got == [h3.cell_to_parent(cell, resolution) for cell in cells]


def test_cells_are_the_numbers_that_their_digits_write():
    from equity.measures.lines._batch import h3_cells

    numbers = [0x88 << 52 | int(x) for x in np.random.default_rng(0).integers(0, 1 << 52, 999)]
    text = pa.array([f"{n:015x}" if n % 2 else f"{n:015X}" for n in numbers])
    assert h3_cells(text).tolist() == numbers
    assert h3_cells(text.slice(7, 100)).tolist() == numbers[7:107]


def test_an_unknown_level_is_refused(tmp_path):
    write_offers(tmp_path, [offer(L1)])
    with pytest.raises(InputError, match="rolled up to 'zcta'"):
        run(tmp_path, level="zcta")


@pytest.mark.parametrize("block", ["510010901011000", "090010101001000", "110010001001000"])
def test_a_block_outside_the_state_in_a_files_name_is_refused(tmp_path, block):
    rows = [offer(L1), offer(""), offer(L2, block=""), offer(L2, block=block)]
    path = write_offers(tmp_path, rows)
    with pytest.raises(InputError, match=f"of Delaware, and block {block} lies in") as caught:
        run(tmp_path)
    assert (caught.value.rows, caught.value.file) == (["line 5"], path.name)
    path.rename(tmp_path / path.name.replace("bdc_10_", "bdc_us_"))
    assert eq.coverage(eq.read_bdc(tmp_path, as_of=AS_OF), rule="fcc-25-3").locations_n.sum() == 2


def test_a_block_of_another_state_in_a_file_of_all_is_left_out_and_told(tmp_path):
    write_offers(tmp_path, [offer(L1), offer(L2, block="510010901011000")], state="us")
    table = eq.coverage(eq.read_bdc(tmp_path, as_of=AS_OF, state="DE"), rule="fcc-25-3")
    assert table.index.tolist() == [TRACT]
    assert any("1 rows in a block of another state" in note for note in meta(table).notes)


def test_a_location_in_two_blocks_takes_the_lower_whatever_the_order(tmp_path):
    rows = [offer(L1, block="100010401001005"), offer(L1, block=BLOCK, provider=100002)]
    write_offers(tmp_path / "a", rows)
    write_offers(tmp_path / "b", rows[::-1])
    one, two = run(tmp_path / "a", level="block"), run(tmp_path / "b", level="block")
    pd.testing.assert_frame_equal(one, two)
    assert one.index.tolist() == [BLOCK]
    assert one.providers_listed_n.tolist() == [2]
    assert any(note.startswith("1 locations lie in two blocks") for note in meta(one).notes)


def test_two_states_side_by_side(tmp_path):
    write_offers(tmp_path, [offer(L1)])
    write_offers(tmp_path, [offer(L2, block="510010901011000")], state="51")
    write_export(tmp_path, [(L1, BLOCK), (L3, BLOCK)])
    table = run(tmp_path)
    assert table.coverage_status.to_dict() == {TRACT: "ok", "51001090101": "listed_only"}


def test_a_rule_of_ones_own(tmp_path):
    write_offers(tmp_path, [offer(L1, technology=61, latency=0, down=50, up=10, customers="B")])
    rule = dataclasses.replace(
        load_coverage_rule("bead-2022"),
        id="any-line",
        technologies=(61,),
        low_latency=False,
        customers=("B",),
        qualifying=(50.0, 10.0),
    )
    assert run(tmp_path, rule=rule).loc[TRACT, "qualifying_n"] == 1


def test_inputs_are_stamped(tmp_path):
    write_offers(tmp_path, [offer(L1)])
    record = meta(run(tmp_path))
    assert record.level == "tract"
    assert record.geo_vintage == "2020"
    assert [source.vintage for source in record.sources] == [AS_OF]
    assert record.sources[0].revision == "2026-09-29"


def test_location_table(tmp_path):
    write_offers(tmp_path, [offer(L1), offer(L2, down=25, up=3)])
    write_export(tmp_path, [(L1, BLOCK), (L3, BLOCK)])
    table = location_table(eq.read_bdc(tmp_path, as_of=AS_OF), rule="bead-2022", executor=Inline())
    assert table.coverage_class.to_dict() == {
        str(L1): "served",
        str(L2): "underserved",
        str(L3): "unserved",
    }
    assert table.is_exported.tolist() == [True, False, True]
    assert table.best_down_mbps.isna().tolist() == [False, False, True]


class TestTableOfClasses:
    """The same call on a table that holds classes, not offers."""

    def table(self, **classes):
        frame = pd.DataFrame(
            {"locations_n": [10.0, 0.0], "served_n": [5.0, 0.0], "underserved_n": [3.0, 0.0],
             "unserved_n": [2.0, 0.0]},
            index=pd.Index([TRACT, "10001990000"], name="geoid"),
        )  # fmt: skip
        frame.attrs["coverage_classes"] = {
            "served": [100, 20],
            "underserved": [25, 3],
            "technologies": [10, 40, 50, 71, 72],
        } | classes
        return frame

    @pytest.mark.parametrize(
        ("rule", "qualifying", "status"),
        [
            ("bead-2022", 8, "ok"),
            ("fcc-706-2024", 5, "ok"),
            ("video-visit", 8, "lower_bound_other_technologies"),
        ],
    )
    def test_shipped_rules(self, rule, qualifying, status):
        table = self.table()
        result = eq.coverage(table, rule=rule)
        assert result.loc[TRACT, "qualifying_n"] == qualifying
        assert result.coverage_status.tolist() == [status, "no_locations"]
        assert np.isnan(result.qualifying_share.iloc[1])
        assert "qualifying_n" not in table.columns

    def test_a_rule_stricter_than_every_class_is_bounded_from_above(self):
        rule = dataclasses.replace(load_coverage_rule("bead-2022"), qualifying=(1000.0, 500.0))
        result = eq.coverage(self.table(), rule=rule)
        assert result.loc[TRACT, "qualifying_n"] == 5
        assert result.coverage_status.iloc[0] == "upper_bound"

    def test_other_technologies_are_told(self):
        result = eq.coverage(self.table(technologies=[10, 40, 50, 70, 71]), rule="bead-2022")
        assert result.coverage_status.iloc[0] == "other_technologies"
        note = meta(result).notes[-1]
        assert "licensed-by-rule fixed wireless (72)" in note
        assert "unlicensed fixed wireless (70)" in note
