"""Margins of error against published and independently computed numbers, and their properties."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equity.areas import moe
from equity.areas.medians import grouped_median
from equity.errors import InputError

HANDBOOK = "Census Bureau (2020), Understanding and Using ACS Data, chapter 8"
TIDYCENSUS = "tests of the R package tidycensus, issues 616, 624 and 637"
COMPUTED = "computed independently of this package"
AGGREGATOR = "census-data-aggregator 0.0.8"


@pytest.mark.parametrize(
    ("estimates", "margins", "expected", "source"),
    [
        ([135173, 43104, 24842], [3860, 2642, 1957], 5070.4647715963865, HANDBOOK),
        ([10154024, 9712936], [3778, 3911], 5437.757350231803, AGGREGATOR),
        ([500, 0, 0, 400], [100, 200, 150, 50], 229.128784747792, TIDYCENSUS),
        ([0, 0, 0], [100, 200, 150], 200.0, TIDYCENSUS),
        ([0, 0, 0, 30, 15], [100, 50, 35, 5, 3], 100.16985574512923, TIDYCENSUS),
        ([0, 0, 0, 41], [22, 22, 29, 37], 47.01063709417264, AGGREGATOR),
        ([3, 4], [3, 4], 5.0, TIDYCENSUS),
    ],
)
def test_sum_oracles(estimates, margins, expected, source):
    assert moe.moe_sum(estimates, margins) == pytest.approx(expected, rel=1e-9), source


def test_sum_keeps_one_margin_for_all_zero_cells_not_each_distinct_one():
    # tidycensus before 2026-02 kept every distinct zero-cell margin: 117.298764.
    assert moe.moe_sum([0, 0, 0, 30, 15], [100, 50, 35, 5, 3]) < 101


def test_sum_without_zero_rule_is_the_root_of_all_squares():
    plain = moe.moe_sum([500, 0, 0, 400], [100, 200, 150, 50], zero_rule=False)
    assert plain == pytest.approx(np.sqrt(100**2 + 200**2 + 150**2 + 50**2))


@pytest.mark.parametrize(
    ("x", "x_moe", "y", "y_moe", "expected", "source"),
    [
        (203119, 5070, 690746, 831, 0.007331360230789027, AGGREGATOR),
        (4634, 989, 31713, 601, 0.0310627573041811, COMPUTED),
        (203119, 5070, 690746, 0, 0.0073398904952037365, COMPUTED),
        # census-data-aggregator raises here; the handbook says: use the ratio.
        (95, 5, 100, 12, 0.12448293055676349, COMPUTED),
    ],
)
def test_share_oracles(x, x_moe, y, y_moe, expected, source):
    assert moe.moe_share(x, x_moe, y, y_moe) == pytest.approx(expected, rel=1e-9), source


@pytest.mark.parametrize(
    ("x", "x_moe", "y", "y_moe", "expected", "source"),
    [
        (226840, 5556, 203119, 5070, 0.039054666611033496, HANDBOOK),
        (6440, 1328, 4634, 989, 0.4124291245650766, COMPUTED),
    ],
)
def test_ratio_oracles(x, x_moe, y, y_moe, expected, source):
    assert moe.moe_ratio(x, x_moe, y, y_moe) == pytest.approx(expected, rel=1e-9), source


def test_product_oracle():
    # Handbook: 61,393,366 +- 202,289 owner-occupied homes that are single-unit.
    result = moe.moe_product(74506512, 228238, 0.824, 0.001)
    assert result == pytest.approx(202288.98902721, rel=1e-9)


def test_percent_change_oracle():
    change = moe.percent_change(135173, 3860, 139301, 4047)
    assert change.percent == pytest.approx(3.0538643072211165, rel=1e-9)
    assert change.moe == pytest.approx(4.19806985226123, rel=1e-9)


def test_cv_and_standard_error_oracles():
    assert moe.standard_error(350) == pytest.approx(212.7659574468085, rel=1e-9)
    assert moe.cv(2557, 350) == pytest.approx(8.320921292405494, rel=1e-9)  # Esri: 8.321
    assert moe.cv(203119, 5070.4647715963865) == pytest.approx(1.5175091474582716, rel=1e-9)
    assert moe.standard_error(5070.4647715963865) == pytest.approx(3082.349405225767, rel=1e-9)


def test_cv_of_an_estimate_of_zero_is_missing_never_zero():
    assert np.isnan(moe.cv(0, 17))


def test_other_confidence_levels():
    assert moe.rescale_moe(1.0, level=95) == pytest.approx(1.1914893617021276, rel=1e-12)
    assert moe.rescale_moe(1.0, level=99) == pytest.approx(1.5659574468085107, rel=1e-12)
    with pytest.raises(InputError, match="level of 80"):
        moe.rescale_moe(1.0, level=80)


def test_difference_oracle():
    test = moe.difference_test(203119, 5070, 226840, 5556)
    assert test.z == pytest.approx(-5.18788469018383, rel=1e-9)
    assert test.is_different is True


def test_change_between_periods_oracle():
    test = moe.difference_test(0.71, 0.04, 0.62, 0.05)
    assert test.difference == pytest.approx(0.09, rel=1e-9)
    assert test.moe == pytest.approx(0.0640312, abs=5e-8)
    assert test.z == pytest.approx(2.3121525, abs=5e-8)
    assert test.p == pytest.approx(0.0207693, abs=5e-8)


@pytest.mark.parametrize(
    ("years", "factor"), [(0, 1.0), (1, 0.894427), (2, 0.774597), (3, 0.632456), (4, 0.447214)]
)
def test_periods_that_share_years_covary(years, factor):
    wide = moe.difference_test(10, 1, 8, 1)
    narrow = moe.difference_test(10, 1, 8, 1, overlap_share=years / 5)
    assert narrow.moe / wide.moe == pytest.approx(factor, abs=5e-7)


def test_difference_of_controlled_estimates_is_not_tested():
    assert moe.difference_test(10, 0, 8, 0).is_different is None
    table = moe.difference_test(pd.Series([10, 10.0]), 0, pd.Series([8, 8.0]), pd.Series([0, 0.1]))
    assert table["is_different"].isna().tolist() == [True, False]
    assert table["is_different"].tolist()[1] is True


def test_replicates_oracle():
    replicates = [103.0] * 40 + [97.0] * 40
    assert moe.replicate_variance(100.0, replicates) == pytest.approx(36)
    assert moe.replicate_moe(100.0, replicates) == pytest.approx(9.87)


def test_replicates_by_area_follow_the_index():
    base = pd.Series([100.0, 10.0], index=["b", "a"])
    table = pd.DataFrame([[10.0] * 80, [103.0] * 40 + [97.0] * 40], index=["a", "b"])
    assert moe.replicate_variance(base, table).to_dict() == {"b": 36.0, "a": 0.0}
    with pytest.raises(InputError, match="one row for each estimate"):
        moe.replicate_variance(base, table.loc[["a"]])
    with pytest.raises(InputError, match="shape"):
        moe.replicate_variance(np.array([1.0, 2.0]), np.ones((3, 80)))


INCOME_BINS = [
    (2499, 9999, 186), (10000, 14999, 78), (15000, 19999, 98), (20000, 24999, 287),
    (25000, 29999, 142), (30000, 34999, 90), (35000, 39999, 107), (40000, 44999, 104),
    (45000, 49999, 178), (50000, 59999, 106), (60000, 74999, 177), (75000, 99999, 262),
    (100000, 124999, 77), (125000, 149999, 100), (150000, 199999, 58), (200000, 250001, 18),
]  # fmt: skip
EDGES = [(low, high) for low, high, _ in INCOME_BINS]
COUNTS = [n for _, _, n in INCOME_BINS]


def test_grouped_median_oracle():
    # Equals census-data-aggregator 0.0.8.
    result = grouped_median(COUNTS, EDGES)
    assert result.n == 2068
    assert result.median == pytest.approx(42211.096153846156, rel=1e-9)
    assert result.se_percent == pytest.approx(0.02909000240366544, rel=1e-9)
    assert result.lower == pytest.approx(39338.40537519719, rel=1e-9)
    assert result.upper == pytest.approx(45060.62148794326, rel=1e-9)
    assert result.moe == pytest.approx(4706.522752733644, rel=1e-9)
    assert result.status == "ok"


def test_grouped_median_of_los_angeles_county():
    # Household income (ACS B19001), Los Angeles County, 5-year to 2013; the value published in the
    # tests of census-data-aggregator.
    counts = [
        209_050, 190_300, 173_380, 167_740, 154_347, 155_834, 143_103, 140_946,
        126_807, 241_482, 303_887, 384_881, 268_689, 169_129, 189_195, 211_613,
    ]  # fmt: skip
    result = grouped_median(counts, EDGES)
    assert result.median == pytest.approx(56_363.58534176461, rel=1e-12)
    assert result.moe == pytest.approx(161.96723586588095, rel=1e-9)


def test_grouped_median_of_many_areas_and_its_edges():
    table = pd.DataFrame(
        [COUNTS, [90] + [1] * 15, [1] * 15 + [90], [0] * 16, [np.nan] + [1] * 15],
        index=["plain", "bottom", "top", "empty", "unknown"],
    )
    result = grouped_median(table, EDGES)
    assert result["status"].tolist() == [
        "ok", "open_interval", "open_interval", "no_population", "unknown",
    ]  # fmt: skip
    assert result.loc["bottom", "median"] == 9999
    assert result.loc["top", "median"] == 200000
    assert result["moe"].isna().tolist() == [False, True, True, True, True]
    assert result.loc[["empty", "unknown"], "median"].isna().all()


@pytest.mark.parametrize(
    ("counts", "bins", "message"),
    [
        ([1, 2], [(0, 10)], "2 counts need 2"),
        ([1, 2], [(0, 10), (5, 20)], "must not overlap"),
        ([1, -2], [(0, 10), (10, 20)], "below 0"),
    ],
)
def test_grouped_median_refuses(counts, bins, message):
    with pytest.raises(InputError, match=message):
        grouped_median(counts, bins)


def test_grouped_median_does_not_touch_its_input():
    bins, counts = list(EDGES), list(COUNTS)
    grouped_median(counts, bins)
    assert (bins, counts) == (EDGES, COUNTS)


def test_reliability_by_name():
    # CVs of 12, 12.1, 40 and 40.1 %, and one that is undefined.
    estimates = pd.Series([100.0, 100.0, 100.0, 100.0, 0.0], index=list("abcde"))
    margins = pd.Series([12, 12.1, 40, 40.1, 5]) * moe.Z90
    margins.index = estimates.index
    classes = moe.reliability(estimates, margins)
    assert classes.tolist() == ["high", "medium", "medium", "low", "unknown"]
    assert classes.index.tolist() == list("abcde")
    other = moe.reliability(100.0, 15 * moe.Z90 * (1 + 1e-12), scheme="15/30")
    assert other == "medium"
    assert moe.reliability(100.0, 30 * moe.Z90 * (1 + 1e-12), scheme="15/30") == "low"
    assert moe.reliability(100.0, 10 * moe.Z90, scheme=(5, 9)) == "low"
    with pytest.raises(InputError, match="census"):
        moe.reliability(1, 1, scheme="census")


def test_index_is_kept_and_inputs_are_not_touched():
    estimates = pd.DataFrame({"x_001E": [1.0, 2.0], "x_002E": [0.0, 4.0]}, index=["b", "a"])
    margins = pd.DataFrame({"x_001M": [3.0, 1.0], "x_002M": [4.0, 1.0]}, index=["b", "a"])
    before = estimates.copy(), margins.copy()
    total = moe.moe_sum(estimates, margins)
    assert total.index.tolist() == ["b", "a"]
    assert total.tolist() == pytest.approx([5.0, np.sqrt(2)])
    pd.testing.assert_frame_equal(estimates, before[0])
    pd.testing.assert_frame_equal(margins, before[1])
    share = moe.moe_share(estimates["x_001E"], 1.0, pd.Series([4.0, 8.0], index=["a", "b"]), 0.0)
    assert share.to_dict() == pytest.approx({"b": 1 / 8, "a": 1 / 4})


def test_tables_of_shares_divide_every_column_by_one_total():
    part = pd.DataFrame({"x": [1.0, 2.0], "y": [2.0, 3.0]}, index=["b", "a"])
    total = pd.Series([10.0, 20.0], index=["b", "a"])
    share = moe.moe_share(part, part * 0 + 1, total, 0.0)
    assert share.loc["a"].tolist() == pytest.approx([0.05, 0.05])
    assert share.loc["b"].tolist() == pytest.approx([0.1, 0.1])


def test_different_rows_are_refused_not_filled():
    with pytest.raises(InputError, match="same rows"):
        moe.moe_ratio(pd.Series([1.0], index=["a"]), 1, pd.Series([1.0], index=["b"]), 1)
    with pytest.raises(InputError, match="same shape"):
        moe.moe_ratio(np.ones(2), np.ones(3), 1, 1)


def test_unknown_margins_stay_unknown():
    assert np.isnan(moe.moe_sum([1, 2], [np.nan, 1]))
    assert np.isnan(moe.moe_sum([np.nan, 2], [1, 1]))
    assert np.isnan(moe.moe_share(1, np.nan, 2, 0))
    assert np.isnan(moe.moe_share(0, 12, 0, 12))
    assert np.isnan(moe.moe_ratio(5, 12, 0, 12))
    assert np.isnan(moe.percent_change(0, 1, 5, 1).percent)
    assert moe.moe_share(None, 1, 2, 0) is not None


def test_codes_negative_margins_text_and_infinities_never_reach_arithmetic():
    margins = pd.Series([1.0, -222222222.0], index=["10001040100", "10001040201"])
    with pytest.raises(InputError, match=r"annotation code \(rows 10001040201\)"):
        moe.cv(margins.abs(), margins)
    with pytest.raises(InputError, match="never negative"):
        moe.moe_sum([1, 2], [1, -2])
    with pytest.raises(InputError, match="not a number"):
        moe.moe_sum([1, 2], ["*****", 1])
    with pytest.raises(InputError, match="infinite"):
        moe.moe_product(np.inf, 1, 1, 1)


def test_a_numerator_above_its_denominator_is_not_a_share():
    with pytest.raises(InputError, match="not a share"):
        moe.moe_share(101, 1, 100, 1)


# Hundredths: a margin of 1e-309 people underflows when squared, and nobody publishes one.
numbers = st.integers(0, 10**8).map(lambda n: n / 100)
cells = st.lists(st.tuples(numbers, numbers), min_size=1, max_size=12)


@given(cells, st.randoms(use_true_random=False))
def test_the_order_of_components_does_not_matter(components, random):
    shuffled = components[:]
    random.shuffle(shuffled)
    first = moe.moe_sum(*map(list, zip(*components, strict=True)))
    assert moe.moe_sum(*map(list, zip(*shuffled, strict=True))) == pytest.approx(first)


@given(cells)
def test_a_sum_is_never_surer_than_its_worst_component_nor_worse_than_all(components):
    estimates, margins = map(list, zip(*components, strict=True))
    total = moe.moe_sum(estimates, margins)
    assert total >= max(margins) * (1 - 1e-12)
    assert total <= moe.moe_sum(estimates, margins, zero_rule=False) * (1 + 1e-12)


@given(st.floats(1, 1e6), st.floats(0, 1), numbers, numbers)
def test_a_share_is_never_less_sure_than_the_same_ratio(total, part, x_moe, y_moe):
    share = moe.moe_share(total * part, x_moe, total, y_moe)
    assert 0 <= share <= moe.moe_ratio(total * part, x_moe, total, y_moe) * (1 + 1e-12)


@given(cells)
def test_rows_are_independent(components):
    estimates = pd.DataFrame([[e, e] for e, _ in components])
    margins = pd.DataFrame([[m, m] for _, m in components])
    whole = moe.moe_sum(estimates, margins)
    one = [moe.moe_sum([e, e], [m, m]) for e, m in components]
    assert whole.tolist() == pytest.approx(one)


class TestAgainstCensusDataAggregator:
    """The reference package is right wherever it does not raise."""

    @pytest.fixture
    def reference(self):
        return pytest.importorskip("census_data_aggregator")

    def test_random_cells(self, reference):
        rng = np.random.default_rng(20260523)
        for _ in range(50):
            estimates = rng.integers(0, 4, 6) * rng.integers(1, 90, 6)
            margins = rng.integers(1, 60, 6)
            pairs = list(zip(estimates.tolist(), margins.tolist(), strict=True))
            total, margin = reference.approximate_sum(*pairs)
            assert moe.moe_sum(estimates, margins) == pytest.approx(margin)
            x, y = (50, 9), (int(total) + 50, 3.0)
            assert moe.moe_share(*x, *y) == pytest.approx(reference.approximate_proportion(x, y)[1])
            assert moe.moe_ratio(*x, *y) == pytest.approx(reference.approximate_ratio(x, y)[1])
            assert moe.moe_product(*x, *y) == pytest.approx(reference.approximate_product(x, y)[1])

    def test_random_medians(self, reference):
        rng = np.random.default_rng(7)
        for _ in range(30):
            counts = rng.integers(0, 300, 16)
            counts[8] += 600
            ranges = [
                {"min": low, "max": high, "n": int(n)}
                for (low, high), n in zip(EDGES, counts, strict=True)
            ]
            median, margin = reference.approximate_median(ranges, sampling_percentage=12.5)
            found = grouped_median(counts, EDGES)
            assert (found.median, found.moe) == pytest.approx((median, margin))


def test_grouped_median_whose_bound_reaches_the_open_end_has_no_margin():
    result = grouped_median([10, 15, 4], [(0, 10), (10, 20), (20, 30)])
    assert (result.status, result.median) == ("no_moe", 13.0)
    assert np.isnan(result.moe)
    closed = grouped_median([10, 15, 4], [(0, 10), (10, 20), (20, 30)], open_ends=False)
    assert closed.status == "ok"
    assert closed.moe > 0
