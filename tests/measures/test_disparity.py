"""Disparity against published numbers, plain loops, simulation, and what must never change it."""

from __future__ import annotations

import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from equity.areas.moe import Z90
from equity.areas.rates import moe_of_rate
from equity.errors import InputError, MissingColumnError
from equity.measures._inequality import erreygers, wagstaff
from equity.measures.disparity import EVERYBODY_ELSE, OF_PLACES, disparity, who_lives_there
from equity.provenance import meta

FLAGS = ["is_under_resourced", "is_rural_ruca"]


def one_area_each(values, weights=None, ses=None, *, column="own_rate"):
    """Groups of one area: what the measures are of is then the table itself."""
    n = len(values)
    names = list("abcdefghij"[:n])
    table = pd.DataFrame(
        {"population_n": [1.0] * n if weights is None else weights, column: values}, dtype=float
    )
    table["population_n_moe"] = 0.0
    table[f"{column}_moe"] = np.array([0.0] * n if ses is None else ses) * Z90
    table["place"] = pd.Categorical(names, categories=names, ordered=True)
    table.index = pd.Index([f"5100100010{i}" for i in range(n)], name="geoid")
    return table


def measured(table, *, column="own_rate", worse="higher", **options):
    return disparity(table, column, groups="place", worse=worse, **options)


def close(found, expected, rel=1e-9):
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=rel), name


def test_concentration_of_deaths_under_five_in_india():
    births = [29939, 28776, 26528, 24689, 19739]
    deaths = [154.7, 152.9, 119.5, 86.9, 54.3]
    found = measured(one_area_each(deaths, births)).measures["value"]
    assert found["concentration"] == pytest.approx(-0.16941677465052107, rel=1e-9)
    # The same from the curve of cumulative shares, by trapezoids.
    people, died = np.array(births) / np.sum(births), np.array(births) * deaths
    x = np.concatenate([[0], np.cumsum(people)])
    curve = np.concatenate([[0], np.cumsum(died / died.sum())])
    area = ((curve[1:] + curve[:-1]) / 2 * np.diff(x)).sum()
    assert found["concentration"] == pytest.approx(1 - 2 * area, rel=1e-9)


def test_the_error_of_india_s_concentration_is_that_of_resampled_deaths():
    """The published formula for groups without errors of their own is no error of sampling.

    Kakwani, Wagstaff & van Doorslaer (1997) have two terms: who is in which group, and what becomes
    of them there. Which areas a group holds is taken as known here, so ours is the second. Without
    it the number of groups stands for that of births: 0.0616 instead of 0.0039.
    """
    births = np.array([29939, 28776, 26528, 24689, 19739])
    rates = np.array([154.7, 152.9, 119.5, 86.9, 54.3]) / 1000
    variance = rates * (1 - rates)
    table = one_area_each(rates, births, np.sqrt(variance / births))
    found = measured(table).measures.loc["concentration"]

    n, p, mean = births.sum(), births / births.sum(), births @ rates / births.sum()
    ridits = np.cumsum(p) - p / 2
    index = 2 * (p * rates) @ ridits / mean - 1
    curve = np.concatenate([[0], np.cumsum(p * rates) / mean])
    a = rates / mean * (2 * ridits - 1 - index) + 2 - curve[:-1] - curve[1:]
    of_groups = p @ a**2 - (1 + index) ** 2
    of_deaths = p @ (variance * (2 * ridits - 1 - index) ** 2) / mean**2
    assert np.sqrt(of_groups / len(births)) == pytest.approx(0.0615769, abs=1e-7)
    assert found["se"] == pytest.approx(np.sqrt(of_deaths / n), rel=1e-6)
    assert found["se"] * 15 < np.sqrt(of_groups / len(births))

    rng = np.random.default_rng(1)

    def spread(births):
        died = rng.binomial(births, rates)
        p = births / births.sum(axis=-1, keepdims=True)
        middle = np.cumsum(p, axis=-1) - p / 2
        return (2 * (died * middle).sum(axis=-1) / died.sum(axis=-1) - 1).std()

    assert spread(np.tile(births, (20_000, 1))) == pytest.approx(found["se"], rel=0.02)
    both = np.sqrt((of_groups + of_deaths) / n)
    assert spread(rng.multinomial(n, p, 20_000)) == pytest.approx(both, rel=0.02)


# Births attended by skilled staff, by fifths of wealth.
ATTENDED_PERCENT = (
    75.6053009033203, 91.0199661254883, 96.0395889282227, 97.0422286987305, 99.2240524291992,
)  # fmt: skip
BIRTHS = (
    2072.43603515625, 2112.2041015625, 1983.05920410156, 2052.12377929688, 1884.50988769531,
)  # fmt: skip


def test_skilled_attendance_by_wealth():
    percent, births = ATTENDED_PERCENT, BIRTHS
    table = one_area_each(np.array(percent) / 100, births, column="attended_share")
    found = measured(table, column="attended_share", worse="lower", reference="e")
    close(found.measures["value"], {
        "concentration": 0.046950601567708805, "concentration_absolute": 4.300519703768264 / 100,
        "slope": 26.883469577247205 / 100, "slope_over_mean": 0.293498264354649,
        "slope_end_over_start": 1.3439765201805156, "erreygers": 0.17202078815073055,
        "wagstaff": 0.5587155818354371, "attributable_rate": 7.627362287404935 / 100,
        "attributable_fraction": 8.32711561476464 / 100,
    })  # fmt: skip
    first = found.rates.loc["a"]
    assert first["difference"] == pytest.approx(-23.618751525878906 / 100, rel=1e-9)
    assert 1 / first["ratio"] == pytest.approx(1.312395443754416, rel=1e-9)
    # Those who would be attended at the best group's rate, group by group and all together.
    assert found.rates["attributable_n"].sum() == pytest.approx(7.627362287404935e-2 * sum(births))
    assert "a lower rate is worse" in found.direction
    assert "below 0" in found.direction


def test_indices_of_a_bounded_outcome_are_the_same_in_another_unit():
    """Erreygers 2009, Wagstaff 2005: where ends move with the values, published numbers stay."""
    percent, births = ATTENDED_PERCENT, BIRTHS
    p = np.array(births) / np.sum(births)
    for low, high in ((0.0, 1.0), (1.0, 3.0), (-2.0, 0.5)):
        y = low + np.array(percent) / 100 * (high - low)
        assert erreygers(low, high)(y, p) == pytest.approx(0.17202078815073055, rel=1e-9)
        assert wagstaff(low, high)(y, p) == pytest.approx(0.5587155818354371, rel=1e-9)


@pytest.mark.parametrize("unit", [1e-5, 1e5])
def test_errors_of_measures_take_the_unit_of_the_values(unit):
    y, p, se = np.array([0.25, 0.3, 0.5]), [0.5, 0.3, 0.2], np.array([0.01, 0.02, 0.03])
    found, other = (
        measured(one_area_each(y * size, p, se * size), reference="a").measures
        for size in (1, unit)
    )
    factor = np.where(found["kind"] == "absolute", unit, 1.0)
    factor[found.index.str.startswith("variance")] **= 2
    rest = found["se"].notna()
    np.testing.assert_allclose(other["se"][rest], (found["se"] * factor)[rest], rtol=1e-6)


@pytest.mark.parametrize(
    ("values", "weights", "expected"),
    [
        ([1, 2, 3, 4], None, {
            "gini": 0.25, "theil": 0.10644013528622318, "mean_log_deviation": 0.12177727428716865,
            "atkinson_0_5": 0.05558585736954513, "atkinson_1": 0.11465446423974279,
            "atkinson_2": 0.232, "variance_observed": 1.25, "slope": 4.0,
        }),
        ([1, 2, 3], [1, 1, 2], {
            "gini": 0.19444444444444442, "theil": 0.07551068302017659,
            "mean_log_deviation": 0.08833727674228764, "atkinson_0_5": 0.04015029649571089,
            "variance_observed": 0.6875,
        }),
        # In any order the Gini puts the groups in that of their rates.
        ([4, 1, 3, 2], None, {"gini": 0.25, "theil": 0.10644013528622318}),
    ],
)  # fmt: skip
def test_dispersion_of_a_few_groups(values, weights, expected):
    close(measured(one_area_each(values, weights)).measures["value"], expected)


def test_noise_is_taken_from_the_variance_and_both_are_told():
    y, p, se = [0.2, 0.3, 0.5, 0.6], [0.4, 0.3, 0.2, 0.1], [0.05, 0.06, 0.08, 0.1]
    found = measured(one_area_each(y, p, se)).measures
    close(found["value"], {
        "variance_observed": 0.0201, "variance_noise": 0.00328, "variance_less_noise": 0.01682,
        "theil": 0.08721765220034959, "mean_log_deviation": 0.08601638023839815,
    })  # fmt: skip
    close(found["se"], {
        "variance_observed": 0.009705256307795276, "theil": 0.04314895552121395,
        "mean_log_deviation": 0.045158998769687375,
    }, rel=1e-8)  # fmt: skip
    assert found["value"][["variance_observed", "variance_noise"]].sum() == pytest.approx(0.02338)
    noisy = np.array(y) + se * np.random.default_rng(0).normal(size=(200_000, 4))
    spread = ((noisy - (noisy @ p)[:, None]) ** 2) @ p
    assert spread.mean() == pytest.approx(0.02338, rel=0.005), "what estimates alone would show"
    assert found.loc["theil", "kind"] == "relative"
    assert found.loc["variance_observed", "kind"] == "absolute"


def test_where_healthequal_errs_ours_is_the_defined_value():
    """R healthequal 1.0.1 rounds people up, and gives errors in another unit than the value."""
    rates = np.array(
        [75.6053009033203, 91.0199661254883, 96.0395889282227, 97.0422286987305, 99.2240524291992]
    )
    births = np.array(
        [2072.43603515625, 2112.2041015625, 1983.05920410156, 2052.12377929688, 1884.50988769531]
    )
    slopes = [
        100 * measured(one_area_each(rates / 100, n)).measures.loc["slope", "value"]
        for n in (births, np.ceil(births))
    ]
    line = np.polyfit(np.cumsum(births) - births / 2, rates, 1, w=np.sqrt(births))[0] * births.sum()
    assert slopes == pytest.approx([line, 26.88216], abs=5e-6)
    assert slopes[0] == pytest.approx(26.883469577247205, rel=1e-9)

    # Its Theil index and mean log deviation are times 1,000, its attributable fraction is in
    # percent, and their errors are not: 3.1426 to 3.1451 for 3.1439, instead of 1.92 to 4.37.
    y, p, se = (
        np.array([0.2, 0.3, 0.5, 0.6]),
        np.array([0.4, 0.3, 0.2, 0.1]),
        np.array([0.01, 0.012, 0.02, 0.02]),
    )
    found = measured(one_area_each(y, p, se), reference="a").measures
    drawn = y + se * np.random.default_rng(2).normal(size=(40_000, 4))
    mean = drawn @ p
    r = drawn / mean[:, None]
    spreads = {
        "theil": ((r * np.log(r)) @ p).std(), "mean_log_deviation": (-np.log(r) @ p).std(),
        "attributable_fraction": (1 - drawn[:, 0] / mean).std(),
    }  # fmt: skip
    assert found.loc[list(spreads), "se"].to_dict() == pytest.approx(spreads, rel=0.02)


def test_a_difference_and_a_ratio_with_their_errors():
    found = measured(one_area_each([0.6, 0.2], ses=[0.1, 0.05]), reference="b").rates.loc["a"]
    close(found, {
        "difference": 0.4, "difference_se": 0.1118033988749895, "ratio": 3.0,
        "ratio_log_se": 0.3004626062886658,
    })  # fmt: skip


def test_both_indices_of_disparity():
    found = measured(one_area_each([10, 12, 9, 15]), reference="c").measures["value"]
    assert 100 * found["disparity_from_reference"] == pytest.approx(37.03703703703704, rel=1e-12)
    assert 100 * found["disparity_from_mean"] == pytest.approx(17.391304347826086, rel=1e-12)


def test_errors_of_every_measure_agree_with_simulation():
    y, p = np.array([0.25, 0.3, 0.38, 0.5]), np.array([0.4, 0.3, 0.2, 0.1])
    se = np.array([0.004, 0.006, 0.008, 0.01])
    table = one_area_each(y, p, se, column="own_share")
    found = measured(table, column="own_share", reference="a").measures
    rng = np.random.default_rng(3)
    drawn = [
        measured(table.assign(own_share=y + se * rng.normal(size=4)), column="own_share", reference="a")
        .measures["value"]
        for _ in range(400)
    ]  # fmt: skip
    spread = pd.DataFrame(drawn).std()
    rest = found.index.drop("variance_noise")
    np.testing.assert_allclose(found.loc[rest, "se"] / spread[rest], 1.0, atol=0.12)


@pytest.fixture
def areas():
    """Forty tracts with margins, flags, homes and populations, and holes."""
    rng = np.random.default_rng(11)
    n = 40
    table = pd.DataFrame({"population_n": rng.integers(300, 5000, n).astype(float)})
    table["population_n_moe"] = 120.0
    table["households_n"] = (table["population_n"] / 2.4).round()
    table["households_n_moe"] = 60.0
    rate = rng.uniform(0.02, 0.5, n)
    table["no_link_n"] = table["population_n"] * rate
    table["no_link_n_moe"] = np.hypot(rate * 120.0, table["population_n"] * 0.03)
    for name in ("age_65_share", "disability_share", "no_vehicle_share"):
        table[name], table[f"{name}_moe"] = rng.uniform(0.02, 0.4, n), 0.02
    for name in FLAGS:
        table[name] = rng.random(n) < 0.4
    table["median_household_income_usd"] = rng.integers(20, 120, n) * 1000.0
    table.index = pd.Index([f"51001{i:06d}" for i in range(n)], name="geoid")
    table.loc[table.index[3], "no_link_n"] = np.nan
    table.loc[table.index[5], "population_n"] = 0.0
    return table


@pytest.mark.parametrize("flag", FLAGS)
def test_groups_of_areas_against_rates_of_their_sums(areas, flag):
    found = disparity(areas, "no_link_share", groups=flag).rates
    known = areas[areas["no_link_n"].notna() & (areas["population_n"] > 0)]
    sums = {
        label: moe_of_rate(
            *(known.loc[known[flag] == yes, name]
              for name in ("no_link_n", "no_link_n_moe", "population_n", "population_n_moe"))
        )
        for label, yes in (("yes", True), ("no", False))
    }  # fmt: skip
    for label, other in (("yes", "no"), ("no", "yes")):
        row = found.loc[label]
        assert row["people_n"] == sums[label].denominator
        assert row["people_n_se"] * Z90 == pytest.approx(sums[label].denominator_moe)
        assert row["rate"] == pytest.approx(sums[label].rate)
        assert row["rate_se"] * Z90 == pytest.approx(sums[label].moe)
        assert row["reference_rate"] == pytest.approx(sums[other].rate)
        assert row["difference_se"] * Z90 == pytest.approx(
            np.hypot(sums[label].moe, sums[other].moe)
        )
        assert row["attributable_n"] == pytest.approx(row["people_n"] * row["difference"])
    assert found["reference"].tolist() == [EVERYBODY_ELSE] * 2


def test_of_areas_without_anybody_cut_off_only_the_largest_margin_enters(areas):
    none = areas.index[[0, 1, 2]]
    areas.loc[none, "is_under_resourced"] = True
    areas.loc[none, "no_link_n"] = 0.0
    areas.loc[none, "no_link_n_moe"] = [50.0, 90.0, 70.0]
    areas.loc[none, "population_n"] = [2000.0, 4000.0, 400.0]  # of its own people, the last's most
    found = disparity(areas, "no_link_share", groups="is_under_resourced").rates.loc["yes"]
    mine = areas[
        areas["is_under_resourced"] & areas["no_link_n"].notna() & (areas["population_n"] > 0)
    ]
    names = ("no_link_n", "no_link_n_moe", "population_n", "population_n_moe")
    assert found["rate_se"] * Z90 == pytest.approx(moe_of_rate(*(mine[name] for name in names)).moe)


def naive_population(areas, part, base, move=None):
    """Rates of a population and of everybody else, by a plain loop."""
    inside = outside = people = others = 0.0
    for geoid, row in areas.iterrows():
        if np.isnan(row["no_link_n"]) or not row[base] > 0 or not row["population_n"] > 0:
            continue
        rate = row["no_link_n"] / row["population_n"]
        count, share = row[base], row[part]
        if move is not None and move[0] == geoid:
            rate += move[1] if move[2] == "rate" else 0
            count += move[1] * 1e4 if move[2] == "people" else 0
            share += move[1] if move[2] == "part" else 0
        inside, people = inside + count * share * rate, people + count * share
        outside, others = outside + count * (1 - share) * rate, others + count * (1 - share)
    return inside / people, outside / others


@pytest.mark.parametrize(
    ("part", "base"),
    [("age_65_share", "population_n"), ("disability_share", "population_n"),
     ("no_vehicle_share", "households_n")],
)  # fmt: skip
def test_a_population_and_everybody_else_by_a_plain_loop(areas, part, base):
    found = disparity(areas, "no_link_share", populations={"they": part}).rates.loc["they"]
    rate, rest = naive_population(areas, part, base)
    assert found["rate"] == pytest.approx(rate, rel=1e-12)
    assert found["reference_rate"] == pytest.approx(rest, rel=1e-12)
    # The errors from every input of every area, one at a time.
    h, total, log_total = 1e-6, 0.0, 0.0
    for geoid, row in areas.iterrows():
        if np.isnan(row["no_link_n"]) or not row["population_n"] > 0:
            continue
        errors = {
            "rate": 0.03, "people": row[f"{base}_moe"] / 1e4, "part": row[f"{part}_moe"],
        }  # fmt: skip
        for what, moe in errors.items():
            up, down = (naive_population(areas, part, base, (geoid, s * h, what)) for s in (1, -1))
            slope = ((up[0] - up[1]) - (down[0] - down[1])) / (2 * h)
            log_slope = (np.log(up[0] / up[1]) - np.log(down[0] / down[1])) / (2 * h)
            total += (slope * moe / Z90) ** 2
            log_total += (log_slope * moe / Z90) ** 2
    assert found["difference_se"] == pytest.approx(np.sqrt(total), rel=1e-4)
    assert found["ratio_log_se"] == pytest.approx(np.sqrt(log_total), rel=1e-4)
    people = areas.loc[areas["no_link_n"].notna() & (areas["population_n"] > 0)]
    moe = np.hypot(people[part] * people[f"{base}_moe"], people[base] * people[f"{part}_moe"])
    assert found["people_n_se"] * Z90 == pytest.approx(np.hypot.reduce(moe))
    attributable = np.hypot(
        found["people_n"] * found["difference_se"], found["difference"] * found["people_n_se"]
    )
    assert found["attributable_n_se"] == pytest.approx(attributable)


def test_parts_of_everybody_err_apart_from_each_other(areas):
    known = areas[areas["no_link_n"].notna() & (areas["population_n"] > 0)]
    known = known.assign(other_share=1 - known["age_65_share"], other_share_moe=0.05)
    found = disparity(
        known, "no_link_share", populations={"old": "age_65_share", "other": "other_share"},
        exclusive=True, reference="other",
    ).rates.loc["old"]  # fmt: skip
    rate, people = known["no_link_n"] / known["population_n"], known["population_n"]
    total = 0.0
    means, counts = [], []
    for part in ("age_65_share", "other_share"):
        counts.append(people * known[part])
        means.append((counts[-1] * rate).sum() / counts[-1].sum())
        total += (
            (people * (rate - means[-1]) * known[f"{part}_moe"] / counts[-1].sum()) ** 2
        ).sum()
    shares = [count / count.sum() for count in counts]
    total += (((shares[0] - shares[1]) * 0.03) ** 2).sum()
    off = [(rate - mean) * known[part] / count.sum()
           for mean, count, part in zip(means, counts, ("age_65_share", "other_share"), strict=True)]  # fmt: skip
    total += (((off[0] - off[1]) * known["population_n_moe"]) ** 2).sum()
    assert found["difference_se"] * Z90 == pytest.approx(np.sqrt(total), rel=1e-9)


def test_a_count_is_the_same_as_its_share(areas):
    counted = areas.assign(B01001_020E=areas["age_65_share"] * areas["population_n"])
    margin = np.hypot(
        areas["age_65_share_moe"] * areas["population_n"],
        areas["age_65_share"] * areas["population_n_moe"],
    )
    counted["B01001_020M"] = margin
    by_count = disparity(counted, "no_link_share", populations={"they": "B01001_020E"}).rates
    by_share = disparity(areas, "no_link_share", populations={"they": "age_65_share"}).rates
    pd.testing.assert_frame_equal(by_count, by_share)


def test_parts_of_everybody_are_compared_as_groups(areas):
    areas["first_share"] = areas["is_under_resourced"].astype(float)
    areas["second_share"] = 1 - areas["first_share"]
    areas[["first_share_moe", "second_share_moe"]] = 0.0
    apart = {"yes": "first_share", "no": "second_share"}
    found = disparity(areas, "no_link_share", populations=apart, exclusive=True, reference="no")
    groups = disparity(areas, "no_link_share", groups="is_under_resourced", reference="no")
    pd.testing.assert_frame_equal(found.rates, groups.rates, check_names=False)
    pd.testing.assert_frame_equal(found.measures, groups.measures)
    assert "attributable_rate" in found.measures.index
    assert "slope" not in found.measures.index, "these have no order"


@pytest.mark.parametrize(
    "whom", [{"groups": FLAGS[0]}, {"populations": ["age_65_share", "no_vehicle_share"]}]
)
def test_adoption_is_compared_as_the_link_is_and_its_absence_is_the_mirror(areas, whom):
    has = np.random.default_rng(6).uniform(0.5, 0.95, len(areas))
    areas = areas.assign(device_share=has, no_device_share=1 - has)
    areas = areas.assign(device_share_moe=0.03, no_device_share_moe=0.03)
    found = disparity(areas, "device_share", **whom)
    mirror = disparity(areas, "no_device_share", **whom)
    np.testing.assert_allclose(found.rates["rate"], 1 - mirror.rates["rate"])
    for name, sign in (("difference", -1), ("difference_se", 1), ("attributable_n", 1)):
        np.testing.assert_allclose(found.rates[name], sign * mirror.rates[name])
    assert "a lower rate is worse" in found.direction
    assert "a higher rate is worse" in mirror.direction
    if "groups" in whom:
        first = areas[FLAGS[0]]
        people = areas["population_n"]
        by_hand = (people * has)[first].sum() / people[first].sum()
        assert found.rates.loc["yes", "rate"] == pytest.approx(by_hand)


def test_rates_of_two_populations_share_the_errors_of_their_areas(areas):
    areas["half_share"], areas["rest_share"] = 0.5, 0.5
    areas[["half_share_moe", "rest_share_moe"]] = 0.0
    both = {"half": "half_share", "rest": "rest_share"}
    row = disparity(
        areas, "no_link_share", populations=both, exclusive=True, reference="rest"
    ).rates.loc["half"]
    # The same half of everybody everywhere: they cannot differ, whatever the margins.
    assert row["difference"] == pytest.approx(0.0, abs=1e-15)
    assert row["difference_se"] == pytest.approx(0.0, abs=1e-9)
    assert row["rate_se"] > 0


def test_fifths_hold_equal_people_and_areas_of_one_value_stay_together(areas):
    found = disparity(areas, "no_link_share", groups="median_household_income_usd", quantiles=5)
    people = found.rates["people_n"]
    known = areas[areas["no_link_n"].notna() & (areas["population_n"] > 0)]
    assert people.sum() == known["population_n"].sum()
    assert (abs(people / people.sum() - 0.2) < known["population_n"].max() / people.sum()).all()
    assert found.rates.index[[0, -1]].tolist() == ["1 of 5 (lowest)", "5 of 5 (highest)"]
    even = one_area_each(range(10)).assign(own_rate=range(10), value=range(10))
    cut = disparity(even, "own_rate", groups="value", quantiles=5, worse="higher").rates
    assert cut["rate"].tolist() == [0.5, 2.5, 4.5, 6.5, 8.5]
    same = areas.assign(median_household_income_usd=[1.0] * 20 + [2.0] * 20)
    tied = disparity(same, "no_link_share", groups="median_household_income_usd", quantiles=5)
    assert tied.rates["areas_n"].tolist() == [18, 20]


def test_order_unit_and_doubled_areas_change_nothing(areas):
    options = {"groups": "median_household_income_usd", "quantiles": 4}
    found = disparity(areas, "no_link_share", **options)
    turned = disparity(areas.sample(frac=1, random_state=2), "no_link_share", **options)
    pd.testing.assert_frame_equal(found.rates, turned.rates)
    pd.testing.assert_frame_equal(found.measures, turned.measures)
    twice = pd.concat([areas, areas.set_axis([f"9{i}" for i in areas.index])])
    doubled = disparity(twice, "no_link_share", **options)
    np.testing.assert_allclose(doubled.rates["rate"], found.rates["rate"])
    np.testing.assert_allclose(doubled.rates["rate_se"], found.rates["rate_se"] / np.sqrt(2))
    # Relative measures do not know the unit of a rate; absolute ones scale with it.
    own = areas.assign(own_rate=areas["no_link_n"] / areas["population_n"], own_rate_moe=0.02)
    small, large = (
        disparity(own.assign(own_rate=own["own_rate"] * k), "own_rate", worse="higher", **options)
        for k in (1, 1000)
    )
    relative = small.measures.index[small.measures["kind"] == "relative"]
    np.testing.assert_allclose(
        large.measures.loc[relative, "value"], small.measures.loc[relative, "value"]
    )
    assert large.measures.loc["slope", "value"] == pytest.approx(
        1000 * small.measures.loc["slope", "value"]
    )


def test_the_caller_s_table_stays_and_its_record_goes_along(areas):
    before = areas.copy()
    found = disparity(areas, "no_link_share", groups=FLAGS[0])
    pd.testing.assert_frame_equal(areas, before)
    assert found.notes[-1] == OF_PLACES
    assert meta(found.rates).notes == found.notes == meta(found.measures).notes
    people = f"{areas['population_n'].iloc[3]:,.0f}"
    assert found.notes[0] == f"Left out where a value is lacking: 1 area with {people} residents."


@pytest.mark.parametrize(
    ("hole", "status"), [("population_n", "no_population"), ("no_link_n", "not_covered")]
)
def test_a_group_without_people_or_values_keeps_its_row(areas, hole, status):
    whole = areas.assign(region=["north", "south", "east", "west"] * 10)
    empty = whole["region"] == "east"
    without = disparity(whole[~empty], "no_link_share", groups="region").rates
    whole.loc[empty, hole] = 0.0 if hole == "population_n" else np.nan
    found = disparity(whole, "no_link_share", groups="region")
    assert found.rates["status"].to_dict() == without["status"].to_dict() | {"east": status}
    pd.testing.assert_frame_equal(found.rates.drop("east")[list(without)], without)
    assert found.rates.loc["east", ["areas_n", "people_n"]].tolist() == [0, 0]
    if status == "not_covered":
        with pytest.raises(InputError, match=r"no area of group 'east' has a value.*north, south"):
            disparity(whole, "no_link_share", groups="region", reference="east")


def test_yes_no_and_unknown_are_yes_and_no(areas):
    own = areas.assign(flag=[True, False, None, True] * 10)
    assert own["flag"].dtype == object
    assert disparity(own, "no_link_share", groups="flag").rates.index.tolist() == ["yes", "no"]


def test_where_no_area_has_a_value_this_is_said(areas):
    with pytest.raises(InputError, match="no area with people has a value of both no_link_share"):
        disparity(areas.assign(no_link_n=np.nan), "no_link_share", groups=FLAGS[0])


def test_equal_rates_that_arithmetic_leaves_apart_are_equal(areas):
    areas["no_link_n"] = 0.2 * areas["population_n"]
    found = disparity(areas, "no_link_share", groups=FLAGS[0]).measures
    assert set(found["status"]) == {"all_equal"}


def test_all_rates_equal_is_said():
    found = measured(one_area_each([0.3, 0.3, 0.3], ses=[0.01] * 3))
    assert set(found.measures["status"]) == {"all_equal"}
    assert found.measures.loc["variance_less_noise", "value"] < 0
    assert found.rates["difference"].abs().max() < 1e-15


def test_rates_of_nobody_at_all_are_equal_and_have_no_relative_measure():
    found = measured(one_area_each([0.0, 0.0], ses=[0.01] * 2), reference="b").measures
    status = found.groupby("kind")["status"].unique().str.join(" ")
    assert status.to_dict() == {"absolute": "all_equal", "relative": "not_computable"}


def test_a_rate_in_words_is_refused(areas):
    with pytest.raises(InputError, match="words holds something that is not a number"):
        disparity(areas.assign(words="many"), "words", groups=FLAGS[0], worse="higher")


def test_a_reference_of_nobody_has_no_ratio():
    found = measured(one_area_each([0.3, 0.0, 0.2], ses=[0.01] * 3), reference="b")
    assert found.rates["ratio"].isna().all()
    assert set(found.rates["status"]) == {"not_computable"}
    assert found.rates.loc["a", "difference"] == pytest.approx(0.3)
    undefined = ["mean_log_deviation", "atkinson_1", "atkinson_2", "disparity_from_reference"]
    assert set(found.measures.loc[undefined, "status"]) == {"not_computable"}
    assert found.measures.loc[undefined, "value"].isna().all()
    assert found.measures.loc["theil", "value"] > 0


@pytest.mark.parametrize("lacking", ["no_link_n_moe", "population_n_moe"])
def test_without_margins_there_is_no_error(areas, lacking):
    found = disparity(areas.drop(columns=lacking), "no_link_share", groups=FLAGS[0])
    assert set(found.rates["status"]) == {"no_moe"}
    assert found.rates["difference"].notna().all()
    assert found.rates["difference_se"].isna().all()
    assert found.measures.loc["variance_observed", "status"] == "no_moe"
    assert found.measures.loc[["variance_noise", "variance_less_noise"], "value"].isna().all()


def test_one_missing_margin_hides_the_errors_of_its_own_group_alone(areas):
    one = areas.index[areas["is_under_resourced"] & areas["no_link_n"].notna()][1]
    areas.loc[one, "no_link_n_moe"] = np.nan
    found = disparity(areas, "no_link_share", groups="is_under_resourced").rates
    assert np.isnan(found.loc["yes", "rate_se"])
    assert found.loc["no", "rate_se"] > 0
    assert np.isnan(found.loc["no", "difference_se"])
    assert set(found["status"]) == {"no_moe"}, "neither difference has an error"


ALL = {"a": "age_65_share", "b": "disability_share"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"groups": "nobody_is"}, "puts all areas with a value into one group"),
        ({"groups": "flat", "quantiles": 5}, "puts all areas with a value into one group"),
        ({"groups": "population_n"}, "makes 40 groups"),
        ({"groups": "county"}, "lacks county"),
        ({"groups": FLAGS[0], "quantiles": 1}, "quantiles is 1"),
        ({"groups": "geometry"}, "geometry holds nothing that groups can be made of"),
        ({"groups": "words", "quantiles": 5}, "words holds something that is not a number"),
        ({"groups": FLAGS[0], "reference": "maybe"}, "no group is called 'maybe'"),
        ({}, "between groups or populations"),
        ({"groups": FLAGS[0], "populations": ALL}, "between groups or populations"),
        ({"populations": {}}, "no population is named"),
        ({"populations": ALL, "exclusive": True}, "the populations leave people out"),
        (
            {"populations": {**ALL, "c": "most_share"}, "exclusive": True},
            r"overlap: they hold 1\d\d(\.\d)? %",
        ),
        ({"populations": {**ALL, "c": "no_vehicle_share"}, "exclusive": True}, "some are homes"),
        ({"populations": ALL, "reference": "a"}, "have no reference among them"),
        ({"populations": {"a": "too_many_n"}}, "holds more than everybody"),
        ({"populations": {"a": "is_rural_ruca"}}, "neither counts people nor"),
    ],
)
def test_bad_input_is_one_clear_error(areas, options, said):
    areas = gpd.GeoDataFrame(areas, geometry=gpd.points_from_xy(range(40), range(40)))
    areas = areas.assign(words="many", nobody_is=False, flat=1.0, most_share=0.99, too_many_n=1e6)
    with pytest.raises((InputError, MissingColumnError), match=said):
        disparity(areas, "no_link_share", **options)


def test_which_way_is_worse_must_be_known(areas):
    with pytest.raises(InputError, match="whether a higher or a lower age_65_share is worse"):
        disparity(areas, "age_65_share", groups=FLAGS[0])


def test_populations_may_overlap_and_then_have_no_measure_between_them(areas):
    found = disparity(areas, "no_link_share", populations=ALL)
    assert found.measures.empty
    assert found.rates.index.tolist() == ["a", "b"]


def test_nobody_in_a_group_is_told_from_a_group_that_nobody_knows(areas):
    areas["age_65_share"], areas["households_n"] = 0.0, np.nan
    three = {**ALL, "homes": "no_vehicle_share"}
    found = disparity(areas, "no_link_share", populations=three).rates
    assert found["status"].tolist() == ["no_population", "ok", "not_covered"]
    told = [
        name for name in found if name.startswith(("rate", "difference", "ratio", "attributable"))
    ]
    assert found.loc[["a", "homes"], told].isna().all(axis=None)
    there = who_lives_there(areas, areas["is_rural_ruca"], populations=three)
    assert there["people_n"].isna().tolist() == [False, False, False, True]
    assert there["people_n"].iloc[1] == 0
    assert there["areas_n"].tolist() == [40, 40, 40, 0]
    assert there.loc[["a", "homes"], "held_share"].isna().all()


def test_a_group_of_nobody_does_not_move_the_reference():
    table = pd.DataFrame({"population_n": [900.0, 300.0], "own_rate": [0.2, 0.4]}, index=["a", "b"])
    table = table.assign(
        none_share=0.0, some_share=[0.2, 0.5], all_share=1.0, rest_share=[0.8, 0.5]
    )
    parts = {"none": "none_share", "some": "some_share", "rest": "rest_share"}
    options = {"exclusive": True, "worse": "higher"}
    found = disparity(table, "own_rate", populations=parts, reference="rest", **options)
    without = disparity(
        table, "own_rate", populations={k: parts[k] for k in ("some", "rest")}, reference="rest",
        **options,
    )  # fmt: skip
    pd.testing.assert_series_equal(found.measures["value"], without.measures["value"])
    assert found.rates["status"].tolist() == ["no_population", "no_moe", "no_moe"]
    nobody = disparity(table, "own_rate", populations=parts, reference="none", **options)
    assert "attributable_rate" not in nobody.measures.index


def test_unknown_people_are_left_out_and_told(areas):
    own = areas.assign(own_share=0.3, own_share_moe=0.01)
    own.loc[own.index[8], "own_share"] = 0.9
    own.loc[own.index[9], "population_n"] = np.nan
    own.loc[own.index[10], "age_65_share"] = np.nan
    found = disparity(own, "own_share", groups=FLAGS[0], worse="higher")
    assert found.rates["areas_n"].sum() == 38
    assert found.rates["rate"].notna().all()
    people = disparity(own, "own_share", populations=ALL, worse="higher")
    assert people.rates["areas_n"].tolist() == [37, 38]
    assert people.notes[0].startswith("Left out where a value is lacking: 1 area with ")


def test_who_lives_in_the_places_by_a_plain_loop(areas):
    there = areas["is_under_resourced"]
    found = who_lives_there(
        areas, there, populations={"old": "age_65_share", "homes": "no_vehicle_share"}
    )
    for label, part, base in (
        ("everybody", None, "population_n"), ("old", "age_65_share", "population_n"),
        ("homes", "no_vehicle_share", "households_n"),
    ):  # fmt: skip
        held = total = inside = 0.0
        for geoid, row in areas.iterrows():
            count = row[base] * (1.0 if part is None else row[part])
            total += count
            if there[geoid]:
                held, inside = held + count, inside + row[base]
        row = found.loc[label]
        assert row["there_n"] == pytest.approx(held)
        assert row["held_share"] == pytest.approx(held / total)
        assert row["there_share"] == pytest.approx(held / inside)
    assert found.loc["everybody", "everywhere_share"] == 1.0
    assert meta(found).notes == (OF_PLACES,)


@pytest.mark.parametrize("many", [4, 20, 36])
def test_the_error_of_a_share_held_by_simulation(areas, many):
    there = pd.Series(np.arange(len(areas)) < many, index=areas.index)
    found = who_lives_there(areas, there, populations={"old": "age_65_share"}).loc["old"]
    rng, drawn = np.random.default_rng(5), []
    for _ in range(3000):
        people = areas["population_n"] + rng.normal(size=len(areas)) * 120 / Z90
        share = areas["age_65_share"] + rng.normal(size=len(areas)) * 0.02 / Z90
        count = people * share
        drawn.append([count[there].sum() / count.sum(), count[there].sum() / people[there].sum()])
    spread = np.std(drawn, axis=0)
    np.testing.assert_allclose([found["held_share_se"], found["there_share_se"]], spread, rtol=0.06)


def test_a_population_has_one_margin_whoever_asks(areas):
    areas.loc[areas.index[:9], "no_vehicle_share"] = 0.0
    homes = {"homes": "no_vehicle_share"}
    everywhere = pd.Series(data=True, index=areas.index)
    known = areas.dropna(subset=["no_link_n"])
    held = who_lives_there(known, everywhere[known.index], populations=homes)
    rates = disparity(known, "no_link_share", populations=homes).rates
    assert rates.loc["homes", "people_n_se"] == pytest.approx(held.loc["homes", "people_n_se"])
    counted = areas["households_n"] * areas["no_vehicle_share"]
    each = np.hypot(60 * areas["no_vehicle_share"], areas["households_n"] * 0.02)[known.index]
    zero = each[counted[known.index] == 0].max()
    one = np.sqrt((each[counted[known.index] > 0] ** 2).sum() + zero**2) / Z90
    assert rates.loc["homes", "people_n_se"] == pytest.approx(one), "zeros enter once"


def test_nobody_lives_in_no_place(areas):
    none = pd.Series(data=False, index=areas.index)
    found = who_lives_there(areas, none, populations=["age_65_share"])
    assert found["there_n"].tolist() == [0.0, 0.0]
    assert found["there_share"].isna().all()
    with pytest.raises(InputError, match="other areas than the table"):
        who_lives_there(areas, none.iloc[::-1], populations=["age_65_share"])


def test_no_pair_of_measures_is_the_same_by_mistake():
    table = one_area_each([0.31, 0.2, 0.5], [3, 2, 1], column="own_share")
    values = measured(table, column="own_share", reference="a").measures["value"]
    told = values.drop(["variance_noise", "variance_less_noise"])
    for (a, x), (b, y) in itertools.combinations(told.items(), 2):
        assert x != pytest.approx(y, rel=1e-6), (a, b)
