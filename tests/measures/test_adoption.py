"""Shares of homes and people, with margins that follow the published formula."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from equity.areas.aggregate import roll_up
from equity.areas.schema import describe
from equity.errors import FormatError, InputError, MissingColumnError
from equity.language import language, tr
from equity.measures.adoption import BY_PERSON, adoption, covered_populations
from equity.measures.adoption_by_person import adoption_by_person, person_counts
from equity.provenance import meta
from equity.sources.census._acs_labels import EXPECTED, check_labels
from equity.sources.census.acs import read_acs


@pytest.fixture
def acs():
    columns = {
        "B28002_001": ([1000, 400, 0], [60, 40, 12]),
        "B28002_004": ([800, 100, 0], [70, 30, 12]),
        "B28002_006": ([90, 20, 0], [30, 10, 12]),
        "B28002_007": ([500, 60, 0], [50, 20, 12]),
        "B28001_001": ([1000, 400, 0], [60, 40, 12]),
        "B28001_006": ([100, 80, 0], [30, 20, 12]),
        "B28003_001": ([1000, 400, 0], [60, 40, 12]),
        "B28003_002": ([900, 250, 0], [65, 40, 12]),
        "B28003_004": ([780, 95, 0], [70, 30, 12]),
        "B28003_006": ([100, 150, 0], [40, 35, 12]),
    }
    data = {f"{c}E": v[0] for c, v in columns.items()} | {f"{c}M": v[1] for c, v in columns.items()}
    return pd.DataFrame(data, dtype=float, index=pd.Index(["a", "b", "c"], name="geoid"))


def test_shares_of_homes(acs):
    homes = adoption(acs)
    assert homes.index.equals(acs.index)
    np.testing.assert_allclose(homes["device_share"], [0.9, 0.625, np.nan])
    np.testing.assert_allclose(homes["no_device_share"], [0.1, 0.375, np.nan])
    np.testing.assert_allclose(homes["any_subscription_share"], [0.8, 0.25, np.nan])
    np.testing.assert_allclose(homes["subscription_share"], [0.8, 0.25, np.nan])
    np.testing.assert_allclose(homes["connected_share"], [0.78, 0.2375, np.nan])
    np.testing.assert_allclose(homes["smartphone_only_share"], [0.1, 0.2, np.nan])
    assert homes["connected_share_status"].tolist() == ["ok", "ok", "no_households"]


def test_margin_is_the_handbook_s_formula(acs):
    # sqrt(70^2 - 0.78^2 60^2) / 1000, by hand
    expected = math.sqrt(70**2 - 0.78**2 * 60**2) / 1000
    assert adoption(acs)["connected_share_moe"].iloc[0] == pytest.approx(expected, rel=1e-12)


def test_the_rule_decides_which_subscriptions_count(acs):
    homes = adoption(acs, subscription="cable_fiber_dsl")
    np.testing.assert_allclose(homes["subscription_share"], [0.5, 0.15, np.nan])
    # Homes with a device and a counted subscription are at most those with either.
    np.testing.assert_allclose(homes["connected_share"], [0.5, 0.15, np.nan])
    assert homes["connected_share_status"].tolist() == [
        "upper_bound",
        "upper_bound",
        "no_households",
    ]
    assert homes["connected_share_moe"].iloc[0] == pytest.approx(
        homes["subscription_share_moe"].iloc[0]
    )


def test_shares_without_counts_are_taken_as_they_are():
    table = pd.DataFrame(
        {"device_share": [0.935, 0.968], "any_subscription_share": [0.888, 0.99]},
        index=pd.Index(["a", "b"], name="geoid"),
    )
    homes = adoption(table)
    np.testing.assert_allclose(homes["connected_share"], [0.888, 0.968])
    assert set(homes["connected_share_status"]) == {"upper_bound"}
    assert homes["connected_share_moe"].isna().all()
    # The kinds are not told apart: unknown, neither zero nor any.
    strict = adoption(table, subscription="cable_fiber_dsl")
    assert strict["connected_share"].isna().all()
    assert set(strict["connected_share_status"]) == {"not_covered"}


def test_without_margins_there_is_none(acs):
    bare = acs[[name for name in acs if name.endswith("E")]]
    assert adoption(bare)["device_share_moe"].isna().all()


def test_what_is_missing_is_named(acs):
    with pytest.raises(MissingColumnError, match="any_subscription_share"):
        adoption(acs[["B28003_001E", "B28003_002E"]])
    with pytest.raises(InputError, match="subscription='fiber'"):
        adoption(acs, subscription="fiber")


def test_populations_from_their_cells():
    data = {
        "B17001_001E": [1000.0], "B17001_002E": [250.0], "B17001_001M": [80.0], "B17001_002M": [60.0],
        "B27010_001E": [1000.0], "B27010_017E": [10.0], "B27010_033E": [0.0], "B27010_050E": [40.0],
        "B27010_066E": [0.0], "B27010_001M": [80.0], "B27010_017M": [9.0], "B27010_033M": [12.0],
        "B27010_050M": [20.0], "B27010_066M": [11.0], "B19013_001E": [41_000.0],
    }  # fmt: skip
    people = covered_populations(pd.DataFrame(data, index=["a"]))
    assert people["poverty_share"].iloc[0] == 0.25
    assert people["uninsured_share"].iloc[0] == 0.05
    # Two zero cells: only the larger of their margins counts, once.
    part = math.sqrt(9**2 + 20**2 + 12**2)
    # The whole's margin is the larger: their correlation is taken no higher than the share.
    expected = math.sqrt(part**2 + 0.05**2 * 80 * (80 - 2 * part)) / 1000
    assert people["uninsured_share_moe"].iloc[0] == pytest.approx(expected, rel=1e-12)
    assert people["median_household_income_usd"].iloc[0] == 41_000
    assert "veteran_share" not in people


def counts(*cells):
    """An ACS table with these cells, every count 100 but for the universes."""
    index = pd.Index(["a", "b"], name="geoid")
    data = {f"{cell}E": 1000.0 if cell.endswith("_001") else 100.0 for cell in cells}
    return pd.DataFrame(data, index=index)


AGES = [f"B01001_{cell:03d}" for cell in (*range(20, 26), *range(44, 50))]
HOMES = ("B28002_001", "B28002_004", "B28003_001", "B28003_002", "B28003_004", "B28003_006")


@pytest.mark.parametrize(
    ("measure", "whole", "lacking", "said"),
    [
        (covered_populations, ("B08201_001", "B08201_002"),
         ("B25044_001", "B25044_003", "B25044_010"),
         "Homes without a vehicle are counted in B25044"),
        (covered_populations, ("B01001_001", *AGES), ("B01003_001", "B09020_001"),
         "Residents of 65 and older are counted in B09020, all residents in B01003"),
        (adoption, HOMES, (*HOMES[:2], "B28001_001", "B28001_002", "B28001_011"),
         "Homes with a device are counted in B28001"),
        (adoption, HOMES, (*HOMES[:2], "B28001_001", "B28001_002", "B28001_011"),
         "Homes without a device are counted in B28001"),
        (adoption, HOMES, (*HOMES[:2], *HOMES[2:4]),
         "No table counts homes with both a device and a subscription"),
    ],
    ids=["vehicle", "age 65", "device", "no device", "both"],
)  # fmt: skip
def test_what_stands_in_for_a_table_is_said_once_and_only_then(measure, whole, lacking, said):
    assert not meta(measure(counts(*whole))).notes
    told = [note for note in meta(measure(counts(*lacking))).notes if note.startswith(said)]
    assert len(told) == 1


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (HOMES, "No table tells cable, fiber and DSL from other subscriptions"),
        ((*HOMES, "B28002_007"),
         "connected_share is at most the share with a device and a subscription of any kind"),
        ((*HOMES[:4], "B28002_007"), "connected_share is at most the share with a device"),
    ],
)  # fmt: skip
def test_a_rule_of_cable_fiber_and_dsl_says_what_the_tables_do_not_tell_of_it(cells, said):
    table = counts(*cells)
    (note,) = meta(adoption(table, subscription="cable_fiber_dsl")).notes
    assert note.endswith(said) or note.startswith(said)
    assert note not in meta(adoption(table)).notes


def test_people_counted_in_place_of_homes_are_told():
    table = counts(*HOMES, "S2802_C01_001", "S2802_C02_001")
    (note,) = meta(adoption(table, connected="S2802")).notes
    assert note.startswith("connected_share counts people")
    assert not meta(adoption(table)).notes


def test_shares_that_no_count_stands_behind_are_named():
    table = counts("B17001_001", "B17001_002").assign(device_share=0.9, any_subscription_share=0.8)
    given = "Taken as a table gives it, not from counts: "
    with language("es"):
        notes = meta(adoption(table)).notes
        assert any("device_share y any_subscription_share" in tr(note) for note in notes)
    assert f"{given}device_share and any_subscription_share" in notes
    # A share of the study's own stands before what the ACS would count.
    own = covered_populations(table.assign(poverty_share=0.25))
    assert own["poverty_share"].tolist() == [0.25, 0.25]
    assert meta(own).notes == (f"{given}poverty_share",)


def test_adoption_of_each_class_of_people_by_hand(acs):
    # Income: 50 of 80 homes under $10,000; age: 90 of 120 people aged 65 or older; Hispanic people.
    cells = {
        "B28004_002": (80, 20), "B28004_004": (50, 15), "B28005_014": (120, 25),
        "B28005_017": (90, 22), "B28009I_001": (40, 18), "B28009I_004": (10, 9),
        "S2802_C01_001": (2500, 90), "S2802_C02_001": (2000, 95),
    }  # fmt: skip
    for code, (count, moe) in cells.items():
        acs[f"{code}E"], acs[f"{code}M"] = float(count), float(moe)
    homes = adoption(acs)
    by_hand = {
        "income_under_10k_subscription_share": (50, 15, 80, 20),
        "age_65_connected_share": (90, 22, 120, 25),
        "hispanic_connected_share": (10, 9, 40, 18),
        "people_connected_share": (2000, 95, 2500, 90),
    }
    for name, (part, part_moe, whole, whole_moe) in by_hand.items():
        share = part / whole
        assert homes[name].tolist() == [share] * 3
        margin = math.sqrt(part_moe**2 - share**2 * whole_moe**2) / whole
        if part_moe >= whole_moe:
            assert homes[f"{name}_moe"].tolist() == pytest.approx([margin] * 3)
        else:  # the rule without a jump, where the whole is the less certain of the two
            spread = part_moe**2 + share**2 * whole_moe * (whole_moe - 2 * part_moe)
            assert homes[f"{name}_moe"].tolist() == pytest.approx([math.sqrt(spread) / whole] * 3)
    rest = [name for name in adoption(acs.filter(regex="B2800[123]")) if "hispanic" in name]
    assert rest == [], "tables that are not there give no column"


def test_each_class_of_people_rests_on_cells_whose_labels_are_checked():
    forms = [(name, *form) for name, forms in BY_PERSON.items() for form in forms]
    for name, cells, universe in forms:
        first, last = EXPECTED[universe], EXPECTED[cells[0]]
        assert any("broadband internet subscription" in words for words in last)
        if first != ("total",):
            assert first[0] in last, "the same class, of income or age"
        assert describe([name])[0].label != name.replace("_", " "), "declared"
    assert len({cells for _, cells, _ in forms}) == len(forms), "no cell serves two groups"
    labels = {f"{code}E": "Estimate!!Total:!!Has a computer" for code in ("B28009B_004",)}
    with pytest.raises(FormatError, match="renumbered"):
        check_labels("B28009B", labels, ["B28009B_004"], year=2023)


def test_subject_tables_serve_where_no_detailed_one_is_there():
    """By hand: 1,000 homes of S2801, and the people of S2802 who live in connected ones."""
    cells = {
        "S2801_C01_001": 1000, "S2801_C01_002": 900, "S2801_C01_006": 120, "S2801_C01_011": 100,
        "S2801_C01_014": 800, "S2801_C01_016": 90, "S2801_C01_017": 640, "S2801_C01_020": 200,
        "S2801_C01_022": 110, "S2801_C01_028": 400, "S2801_C01_030": 380,
        "S2802_C01_001": 2400, "S2802_C02_001": 1920, "S2802_C01_004": 400, "S2802_C02_004": 280,
        "S2802_C01_012": 300, "S2802_C02_012": 210, "S2802_C01_013": 1600, "S2802_C02_013": 1360,
        "S2802_C01_015": 150, "S2802_C02_015": 60, "S2802_C01_021": 50, "S2802_C02_021": 35,
    }  # fmt: skip
    table = pd.DataFrame(index=pd.Index(["51001090100"], name="geoid"))
    for code, count in cells.items():
        table[f"{code}E"], table[f"{code}M"] = float(count), 20.0
    homes = adoption(table, subscription="cable_fiber_dsl", connected="S2802").iloc[0]
    expected = {
        "households_n": 1000, "device_share": 0.9, "no_device_share": 0.1,
        "smartphone_only_share": 0.12, "any_subscription_share": 0.8, "cellular_only_share": 0.09,
        "subscription_share": 0.64, "connected_share": 0.64, "people_connected_share": 0.8,
        "income_under_20k_subscription_share": 0.55, "income_75k_up_subscription_share": 0.95,
        "age_65_connected_share": 0.7, "hispanic_connected_share": 0.7,
        "white_connected_share": 0.85, "no_high_school_connected_share": 0.4,
        "unemployed_connected_share": 0.7,
    }  # fmt: skip
    assert homes[list(expected)].to_dict() == pytest.approx(expected)
    assert homes[[f"{name}_moe" for name in expected]].notna().all()
    told = " ".join(meta(adoption(table)).notes)
    assert "Homes that subscribe are counted in S2801, a subject table" in told
    detailed = table.assign(B28005_014E=100.0, B28005_017E=90.0)
    assert adoption(detailed)["age_65_connected_share"].tolist() == [0.9], "the detailed one first"


def test_readers_take_tables_by_person(tmp_path):
    path = tmp_path / "acs.csv"
    codes = ["B28004_002", "B28004_004", "B28005_014", "B28005_017", "B28009B_001", "B28009B_004"]
    heads = ",".join(f"{code}{kind}" for code in codes for kind in "EM")
    path.write_text(f"GEOID,{heads}\n90001000100,{','.join(['12'] * 12)}\n", encoding="utf-8")
    table = read_acs(path, year=2023, level="tract")
    assert {f"{code}{kind}" for code in codes for kind in "EM"} <= set(table.columns)
    summed = roll_up(table[[f"{code}E" for code in codes]], "county")
    assert summed["B28009B_004E"].tolist() == [12.0]


def by_class(classes, areas=1):
    """Counts of classes: universe, part and their margins, the same in every area."""
    table = pd.DataFrame(index=pd.Index([f"5100109010{i}" for i in range(areas)], name="geoid"))
    for (whole, part), numbers in classes.items():
        for code, moe in ((f"{whole}E", 0), (f"{part}E", 2), (f"{whole}M", 1), (f"{part}M", 3)):
            table[code] = float(numbers[moe])
    return table


AGES = {
    ("B28005_002", "B28005_005"): (400, 60, 360, 55), ("B28005_008", "B28005_011"): (900, 90, 855, 85),
    ("B28005_014", "B28005_017"): (300, 50, 195, 45),
}  # fmt: skip
HISPANIC = {("B28009I_001", "B28009I_004"): (160, 70, 96, 50)}


def rest_margin(rest, part, whole, people):
    """Margin of a rate of others: its counts move together, as far as their margins let them."""
    together = min(rest * whole, part) * whole
    return math.sqrt(part**2 + rest**2 * whole**2 - 2 * rest * together) / people


def test_the_rate_of_a_class_and_of_everybody_else_by_hand():
    found = adoption_by_person(person_counts(by_class(AGES | HISPANIC)))
    old = found.loc["age_65_connected_share"]
    assert old[["asked_n", "asked_n_moe", "rate_share"]].tolist() == [300, 50, 0.65]
    margin = math.sqrt(45**2 - 0.65**2 * 50**2) / 300
    assert old["rate_share_moe"] == pytest.approx(margin)
    rest = 1215 / 1300
    # The margin of the whole is above the part's.
    other = rest_margin(rest, math.hypot(55, 85), math.hypot(60, 90), 1300)
    assert old[["rest_share", "rest_share_moe"]].tolist() == pytest.approx([rest, other])
    assert old["difference_share"] == pytest.approx(0.65 - rest)
    assert old["difference_share_moe"] == pytest.approx(math.hypot(margin, other))
    hispanic = found.loc["hispanic_connected_share"]
    assert hispanic["rest_share"] == pytest.approx((1410 - 96) / 1440), "of all ages"
    assert found["by_race"].tolist() == [False, False, False, True]


def test_of_a_class_less_certain_than_everybody_both_errors_enter_the_rest():
    unsure = dict.fromkeys(HISPANIC, (160, 150, 96, 140))
    found = adoption_by_person(person_counts(by_class(AGES | unsure)))
    part, whole = math.hypot(55, 85, 45, 140), math.hypot(60, 90, 50, 150)
    wanted = rest_margin((1410 - 96) / 1440, part, whole, 1440)
    assert found.loc["hispanic_connected_share", "rest_share_moe"] == pytest.approx(wanted)


def test_the_margin_of_a_rest_is_that_of_resampled_people():
    """Classes of one survey drawn apart: 40,000 times the rate of a class and of the rest."""
    table = by_class(AGES)
    rng, rates = np.random.default_rng(4), {}
    for name, (whole, part) in zip("abc", AGES, strict=True):
        n, p = (
            table[f"{whole}E"].iloc[0] / 8,
            table[f"{part}E"].iloc[0] / table[f"{whole}E"].iloc[0],
        )
        size = rng.poisson(n, 40_000)
        rates[name] = (size, rng.binomial(size, p))
        table[f"{whole}M"] = 1.645 * 8 * math.sqrt(n)
        table[f"{part}M"] = 1.645 * 8 * math.sqrt(n * p)
    found = adoption_by_person(person_counts(table)).loc["age_65_connected_share"]
    rest = sum(rates[k][1] for k in "ab") / sum(rates[k][0] for k in "ab")
    difference = rates["c"][1] / rates["c"][0] - rest
    assert found["rest_share_moe"] == pytest.approx(1.645 * rest.std(), rel=0.03)
    assert found["difference_share_moe"] == pytest.approx(1.645 * difference.std(), rel=0.03)


def test_incomes_have_the_other_incomes_as_their_rest_and_all_people_have_none():
    incomes = {
        (f"B28004_{at:03d}", f"B28004_{at + 2:03d}"): (100 + at, 20, 60 + at, 18)
        for at in range(2, 26, 4)
    }
    everybody = {("S2802_C01_001", "S2802_C02_001"): (2000, 90, 1500, 95)}
    found = adoption_by_person(person_counts(by_class(incomes | HISPANIC | everybody)))
    poor = found.loc["income_under_10k_subscription_share"]
    others = [(100 + at, 60 + at) for at in range(6, 26, 4)]
    assert poor["rest_share"] == pytest.approx(
        sum(b for _, b in others) / sum(a for a, _ in others)
    )
    assert np.isnan(found.loc["people_connected_share", "rest_share"])
    hispanic = found.loc["hispanic_connected_share"]
    assert hispanic["rest_share"] == pytest.approx((1500 - 96) / (2000 - 160)), "S2802 counts all"
    assert hispanic["rest_share_moe"] > 0


def test_where_everybody_or_a_count_or_a_margin_is_not_known_nothing_is_made_up():
    alone = adoption_by_person(person_counts(by_class(HISPANIC)))
    told = ["rest_share", "rest_share_moe", "difference_share", "difference_share_moe"]
    assert alone[told].isna().all(axis=None), "no table tells of everybody"
    table = by_class(AGES | HISPANIC, areas=3)
    table.loc[table.index[0], "B28009I_004E"] = np.nan
    table.loc[table.index[1], "B28005_008E"] = np.nan
    found = adoption_by_person(person_counts(table))
    assert found["unknown_n"].tolist() == [0, 1, 0, 1]
    assert found["areas_n"].tolist() == [3, 2, 3, 2]
    assert found.loc["hispanic_connected_share", "asked_n"] == 320
    assert found["rest_share"].isna().tolist() == [True, False, True, True], "not all in its areas"
    bare = adoption_by_person(person_counts(by_class(AGES).filter(regex="E$")))
    assert bare["difference_share"].notna().all()
    assert bare.filter(regex="_moe$").isna().all(axis=None)
    none = adoption_by_person(person_counts(by_class(AGES).astype(object).assign(**{
        f"{code}E": np.nan for pair in AGES for code in pair
    })))  # fmt: skip
    assert none["rate_share"].isna().all()
    assert not len(person_counts(by_class({})).columns)
