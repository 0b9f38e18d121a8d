"""Numbers whose unit is contradicted by their values or their name are questioned, others read."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from equity import read_table
from equity.areas.validate import refuse_impossible
from equity.errors import InputError
from equity.measures.standing import Criterion
from equity.provenance import meta


def read(folder, values, name, column="x", moe=None, **said):
    rows = [
        f"1000104{i:02d}00,{v}" + ("" if moe is None else f",{moe[i]}")
        for i, v in enumerate(values)
    ]
    path = folder / "own.csv"
    path.write_text("\n".join([f"GEOID,{column}" + ",m" * (moe is not None), *rows]) + "\n")
    field = {"column": column, **said} | ({"moe": "m"} if moe is not None else {})
    return read_table(
        path, level="tract", geo_vintage="2020", columns={name: field}, agency="a", product="p",
        vintage="2023",
    )  # fmt: skip


@given(st.lists(st.floats(0, 1).filter(lambda x: x == 0 or x > 1e-6), min_size=1, max_size=9))
@settings(max_examples=60, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
def test_shares_said_to_be_percentages_are_questioned_and_the_fix_works(tmp_path, values):
    if max(values) > 0:
        with pytest.raises(InputError, match="look like shares") as caught:
            read(tmp_path, values, "sick_share", unit="percent")
        assert 'unit = "share"' in caught.value.fix
        assert "confirmed = true" in caught.value.fix
    confirmed = read(tmp_path, values, "sick_share", unit="percent", confirmed=True)
    assert confirmed["sick_share"].tolist() == pytest.approx([v / 100 for v in values])
    assert read(tmp_path, values, "sick_share", unit="share")["sick_share"].tolist() == values


@given(st.lists(st.floats(0, 100), min_size=1, max_size=9).filter(lambda v: max(v) > 1))
@settings(max_examples=40, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
def test_real_percentages_are_read(tmp_path, values):
    table = read(tmp_path, values, "sick_share", unit="percent")
    assert table["sick_share"].tolist() == pytest.approx([v / 100 for v in values])


def test_a_margin_wider_than_any_share_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"margin wider than any share.*10001040100") as caught:
        read(tmp_path, [0.1, 0.2], "sick_share", unit="share", moe=[0.5, 2])
    assert "divide the margins" in caught.value.fix
    table = read(tmp_path, [10, 20], "sick_share", unit="percent", moe=[50, 2])
    assert table["sick_share_moe"].tolist() == [0.5, 0.02]


@pytest.mark.parametrize(
    ("name", "column", "values", "says"),
    [
        ("median_down_mbps", "down", [25_000, 100_000, 3_000, 50_000, 10_000], "kilobits"),
        ("median_down_mbps", "kbps", [10, 20], "called kbps"),
        ("median_down_mbps", "down", [25, 100, 3_000, 50, 10_000], ""),
        ("median_down_mbps", "down", [25_000, 100_000], ""),
        ("drive_min", "drive", [0.2, 0.5, 1.5, 2.0, 0.1], "hours"),
        ("drive_min", "drive", [0.2, 0.5, 1.5, 2.0, 12.0], ""),
        ("drive_min", "drive", [1200, 900, 2400, 3600, 700], "seconds"),
        ("drive_min", "drive", [1200, 900, 2400, 3600, 70], ""),
        ("drive_min", "drive_time_hours", [12, 20], "called drive_time_hours"),
        ("drive_min", "seconds", [12, 20], "called seconds"),
        ("nearest_km", "dist_mi", [12, 20], "called dist_mi"),
        ("nearest_km", "Miles to site", [12, 20], "called Miles to site"),
        ("nearest_km", "dist_km", [12, 20], ""),
        ("land_km2", "area_sqmi", [12, 20], "called area_sqmi"),
        ("minutes", "drive_hours", [12, 20], ""),
        ("drive_min", "DriveHrs", [1, 5], "called DriveHrs"),
        ("nearest_km", "DistMi", [1, 5], "called DistMi"),
        ("nearest_km", "FQHCMiles1", [1, 5], "called FQHCMiles1"),
        ("nearest_km", "DistKm", [1, 5], ""),
        ("poor_n", "POV_PCT", [12, 20], "called POV_PCT"),
        ("poor_n", "MedianIncome", [12, 20], "called MedianIncome"),
        ("births_n", "Rate per 1000", [12, 20], "called Rate per 1000"),
        ("adi_n", "ADI_index", [12, 20], "called ADI_index"),
        ("family_n", "families", [12, 20], ""),
    ],
)
def test_another_unit_than_the_names_is_questioned(tmp_path, name, column, values, says):
    if says:
        with pytest.raises(InputError, match=says):
            read(tmp_path, values, name, column)
    table = read(tmp_path, values, name, column, confirmed=bool(says))
    assert table[name].tolist() == values


@pytest.mark.parametrize(
    ("name", "column", "refused"),
    [
        ("population_n", "B19013_001E", True),
        ("my_homes_n", "B25064_001E", True),
        ("households_n", "b01002_001", True),
        ("population_n", "B01003_001E", False),
        ("income_usd", "B19013_001E", False),
        ("people_n", "S2802_C02_001E", False),
    ],
)
def test_a_figure_that_has_no_sum_is_no_count(tmp_path, name, column, refused):
    if refused:
        with pytest.raises(InputError, match=f"{column} is none: its values have no sum"):
            read(tmp_path, [4000, 6000], name, column)
    else:
        assert read(tmp_path, [4000, 6000], name, column)[name].tolist() == [4000, 6000]


@pytest.mark.parametrize(
    ("margins", "says"),
    [
        (["0.021", "0.034"], "look like margins of shares"),
        (["0.06", "1"], "look like margins of shares"),
        (["150", "1"], "holds 150, a margin wider than any percent"),
        (["0.1", "0.3"], None),
        (["0.25", "1.5"], None),
        (["0", ""], None),
    ],
)
def test_margins_of_percentages_are_in_points(tmp_path, margins, says):
    if says:
        with pytest.raises(InputError, match=says):
            read(tmp_path, [12.3, 25], "sick_share", unit="percent", moe=margins)
        if "150" in margins:
            return
    table = read(
        tmp_path, [12.3, 25], "sick_share", unit="percent", moe=margins, confirmed=bool(says)
    )
    wanted = [float(m or "nan") / 100 for m in margins]
    assert table["sick_share_moe"].tolist() == pytest.approx(wanted, nan_ok=True)


def test_counts_that_are_not_whole_are_said_and_negative_ones_refused(tmp_path):
    table = read(tmp_path, [1.5, 2, 0.25], "family_n")
    assert "own.csv: 2 counts of x are not whole numbers" in meta(table).notes
    with pytest.raises(InputError, match="holds -3, which is no count"):
        read(tmp_path, [1, -3], "population_n")
    table["population_n"] = -1.0
    with pytest.raises(InputError, match="population_n holds -1, below its least value 0"):
        refuse_impossible(table, "people")


@given(st.floats(allow_nan=False))
def test_a_cut_off_on_a_share_lies_from_0_to_1(cut):
    for column in ("poverty_share", "my_share", "svi_percentile", "gap_share__fcc_25_3"):
        if 0 <= cut <= 1:
            assert Criterion(column, at_most=cut).cut == cut
            continue
        with pytest.raises(InputError, match="run from 0 to 1") as caught:
            Criterion(column, at_least=cut)
        if 1 < cut <= 100:
            written = float(caught.value.fix.rpartition(" as ")[2])
            assert Criterion(column, at_least=written).cut == pytest.approx(cut / 100, rel=1e-5)
    assert Criterion("median_household_income_usd", at_most=abs(cut)).cut == abs(cut)
