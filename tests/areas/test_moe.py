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


# Shares of exactly 0 or 1 have the margin of their complement, which a ratio does not know.
inside = st.floats(1e-6, 1 - 1e-6)


@given(st.floats(1, 1e6), inside, numbers, numbers, st.sampled_from(["census", "steady"]))
def test_a_share_is_never_less_sure_than_the_same_ratio(total, part, x_moe, y_moe, rule):
    share = moe.moe_share(total * part, x_moe, total, y_moe, rule=rule)
    assert 0 <= share <= moe.moe_ratio(total * part, x_moe, total, y_moe) * (1 + 1e-12)


@given(st.floats(2, 1e6), inside, numbers, numbers)
def test_the_steady_rule_is_the_published_one_where_the_whole_is_surer(total, part, x_moe, y_moe):
    four = total * part, max(x_moe, y_moe), total, min(x_moe, y_moe)
    assert moe.moe_share(*four, rule="steady") == moe.moe_share(*four)


def test_the_published_rule_jumps_at_the_sign_of_its_radicand_and_the_steady_one_does_not():
    # 3,270 of 4,140 +- 562: the radicand changes its sign between 443 and 445.
    census = [100 * moe.moe_share(3270, m, 4140, 562) for m in (443, 445)]
    assert census == pytest.approx([15.2, 0.8], abs=0.06)
    steady = [100 * moe.moe_share(3270, m, 4140, 562, rule="steady") for m in (443, 445)]
    assert steady == pytest.approx([6.9, 7.0], abs=0.06)
    # By hand: 443^2 + p^2 562^2 - 2 p^2 562 443, p = 3270/4140.
    p = 3270 / 4140
    by_hand = np.sqrt(443**2 + p**2 * 562**2 - 2 * p * p * 443 * 562) / 4140
    assert steady[0] == pytest.approx(100 * by_hand, rel=1e-12)
    with pytest.raises(InputError, match="no rule of shares is called 'ratio'"):
        moe.moe_share(1, 1, 2, 1, rule="ratio")


@given(st.floats(0.02, 0.98), st.floats(1, 900), st.floats(1, 900))
def test_a_little_more_margin_never_moves_the_steady_share_by_much(part, x_moe, y_moe):
    def width(m):
        return moe.moe_share(4000 * part, m, 4000, y_moe, rule="steady")

    # The square root of a margin's change is the most that a root of squares can do.
    assert abs(width(x_moe + 0.1) - width(x_moe)) <= np.sqrt(0.2 * (x_moe + y_moe + 1)) / 4000
    assert width(x_moe) >= abs(x_moe - part * y_moe) / 4000 * (1 - 1e-9)


def test_a_share_of_exactly_one_has_the_margin_of_its_complement():
    assert moe.moe_share(500, 60, 500, 60, complement_moe=12) == 12 / 500
    assert moe.moe_share(0, 0, 500, 60, complement_moe=30) == 30 / 500
    assert moe.moe_share(3, 9, 3, 9, complement_moe=12) == 1  # no share is less sure than that
    # Not given: all of a sample of an eighth, at the 90 % score interval, z^2 / (n + z^2).
    for rule in ("census", "steady"):
        alone = moe.moe_share(500, 60, 500, 60, rule=rule)
        assert alone == pytest.approx(1.645**2 / (62.5 + 1.645**2))
        assert moe.moe_share(0, 0, 500, 60, rule=rule) == pytest.approx(alone)
    # The published formula, for whoever reproduces published margins.
    assert moe.moe_share(500, 60, 500, 60, complement_moe=0) == 0
    bare = np.sqrt(60**2 - 55**2) / 500
    assert moe.moe_share(500, 60, 500, 55, complement_moe=0) == pytest.approx(bare)
    # Nothing was sampled: nothing is unsure. A part of 0 keeps its own margin.
    assert moe.moe_share(500, 0, 500, 0) == 0
    assert moe.moe_share(0, 12, 500, 60) == 12 / 500
    # A whole of at most 1 is a share, and nobody knows of how many.
    assert moe.moe_share(0.2, 0.05, 0.2, 0.05) == 0
    assert np.isnan(moe.moe_share(5, np.nan, 5, np.nan))


def test_a_quantity_less_itself_has_no_margin_and_less_a_part_that_of_the_rest():
    itself = moe.difference_test(500, 60, 500, 60, nested=True)
    assert (itself.difference, itself.moe, itself.is_different) == (0, 0, None)
    assert moe.difference_test(500, 60, 500, 60).moe == pytest.approx(np.sqrt(2) * 60)
    # All less a part, whichever comes first: MOE_X^2 + (1 - 2 p) MOE_Y^2.
    rest = np.sqrt(300**2 + (1 - 2 * 0.4) * 200**2)
    assert moe.difference_test(1000, 200, 400, 300, nested=True).moe == pytest.approx(rest)
    assert moe.difference_test(400, 300, 1000, 200, nested=True).moe == pytest.approx(rest)
    # A controlled whole adds nothing, and no covariance is more than both margins allow.
    assert moe.difference_test(1000, 0, 400, 300, nested=True).moe == 300
    assert moe.difference_test(1000, 120, 950, 50, nested=True).moe == pytest.approx(70)
    assert moe.difference_test(0, 12, 0, 12, nested=True).moe == 0
    table = moe.difference_test(pd.Series([5.0, 9.0], index=["b", "a"]), 3.0,
                                pd.Series([5.0, 9.0], index=["b", "a"]), 3.0, nested=True)  # fmt: skip
    assert table["difference_moe"].to_dict() == {"b": 0, "a": 0}


def test_the_rest_of_a_share_is_as_sure_as_the_share():
    x, x_moe, y, y_moe = 400.0, 90.0, 1000.0, 110.0
    rest = moe.difference_test(y, y_moe, x, x_moe, nested=True)
    share = moe.moe_share(x, x_moe, y, y_moe)
    assert moe.moe_share(rest.difference, rest.moe, y, y_moe) == pytest.approx(share, rel=1e-12)


def test_the_rate_of_one_area_is_its_share():
    for x, x_moe, y, y_moe in ((4634, 989, 31713, 601), (203119, 5070, 690746, 831)):
        rate = moe.moe_of_rate([x], [x_moe], [y], [y_moe])
        assert rate.moe == pytest.approx(moe.moe_share(x, x_moe, y, y_moe), rel=1e-12)
        assert rate.rate == x / y


def test_totals_of_a_group_are_sums_and_what_is_unknown_stays_so():
    x, x_moe, y, y_moe = [120, 0, 0], [40, 12, 17], [900, 700, 30], [90, 80, 20]
    rate = moe.moe_of_rate(x, x_moe, y, y_moe)
    assert (rate.numerator, rate.denominator) == (120, 1630)
    assert rate.numerator_moe == pytest.approx(moe.moe_sum(x, x_moe))
    assert rate.denominator_moe == pytest.approx(moe.moe_sum(y, y_moe))
    plain = moe.moe_of_rate(x, x_moe, y, y_moe, zero_rule=False)
    assert plain.numerator_moe == pytest.approx(moe.moe_sum(x, x_moe, zero_rule=False))
    assert plain.moe > rate.moe
    no_margin = moe.moe_of_rate(x, [40, np.nan, 17], y, y_moe)
    assert no_margin.rate == rate.rate
    assert np.isnan([no_margin.moe, no_margin.numerator_moe]).all()
    assert np.isnan(moe.moe_of_rate([1, np.nan], 1, 5, 1)).sum() == 4
    assert np.isnan(moe.moe_of_rate([0.0], [12.0], [0.0], [12.0]).rate)
    with pytest.raises(InputError, match="one value for each of its areas"):
        moe.moe_of_rate(1, 1, 2, 1)


def test_rates_of_groups_and_their_difference_by_simulation():
    """People times a share, both with errors of their own: what a comparison is made of."""
    rng = np.random.default_rng(20261125)
    groups = []
    for n, level in ((40, 0.17), (160, 0.11)):
        people, share = rng.uniform(800, 6000, n), rng.beta(level * 9, (1 - level) * 9, n)
        groups.append((people, people * 0.06, share, np.full(n, 0.03)))
    stated, drawn = [], []
    for people, people_se, share, share_se in groups:
        moe_x = 1.645 * np.hypot(share * people_se, people * share_se)
        stated.append(moe.moe_of_rate(people * share, moe_x, people, 1.645 * people_se))
        p = rng.normal(people, people_se, (20_000, len(people)))
        drawn.append((p * rng.normal(share, share_se, p.shape)).sum(axis=1) / p.sum(axis=1))
    for rate, draws in zip(stated, drawn, strict=True):
        assert rate.moe == pytest.approx(1.645 * draws.std(), rel=0.03)
    test = moe.difference_test(stated[0].rate, stated[0].moe, stated[1].rate, stated[1].moe)
    assert test.moe == pytest.approx(1.645 * (drawn[0] - drawn[1]).std(), rel=0.03)


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


def test_bounds_of_a_handful_of_parts_of_homes_are_the_ends_whatever_order_they_add_up_in():
    parts = [0.6, 0.8, 0.2, 0.1, 0.1, 0.1, 0.5, 0.1, 0.7, 0.0, 0.3, 0.4, 0.2, 0.3, 0.2, 0.3]
    assert np.sum(parts) > np.cumsum(parts)[-1]
    found = grouped_median(parts, EDGES)
    assert (found.lower, found.upper) == pytest.approx((EDGES[0][0], EDGES[-1][1]))


def test_rows_named_by_two_levels_are_no_rows_named_by_one():
    one = pd.DataFrame({"a": [1.0, 2.0]}, index=["x", "y"])
    two = one.set_axis(pd.MultiIndex.from_tuples([("x", 1), ("y", 2)]))
    for left, right in ((one, two), (two, one)):
        with pytest.raises(InputError, match="does not have the same rows"):
            moe.moe_sum(left, right)
