"""Joins on id and vintage: what meets, what does not and why, and what is refused."""

from __future__ import annotations

import inspect

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import equity as eq
from equity import provenance
from equity.areas.join import combine, combine_audit
from equity.areas.recode import counties
from equity.areas.table import area_status, area_table
from equity.errors import GeoidError, InputError, VintageError

TRACTS = [f"900010{n:03d}00" for n in range(1, 101)]
WATER = "90001990000"


def source(name):
    return provenance.Source(name, "Agency", name.title(), "2023", synthetic=True)


def table(ids, *, vintage="2020", level="tract", name="acs", **columns):
    frame = pd.DataFrame(columns, index=pd.Index(ids, name="geoid", dtype=object))
    return provenance.stamp(frame, level=level, geo_vintage=vintage, sources=[source(name)])


def test_join_keeps_rows_order_sources_and_inputs():
    acs = table(TRACTS, population_n=range(1, 101))
    bdc = table(TRACTS[::-1], name="bdc", served_n=range(100), served_n_status="ok")
    before = acs.copy(), bdc.copy()
    result = combine(acs, bdc)
    assert list(result.index) == TRACTS
    assert result.index.name == "geoid"
    assert result.loc[TRACTS[0], "served_n"] == 99
    assert (result["area_status"] == "ok").all()
    record = provenance.meta(result)
    assert [s.id for s in record.sources] == ["acs", "bdc"]
    assert (record.level, record.geo_vintage) == ("tract", "2020")
    assert record.notes == ("Bdc 2023: 100 of 100 areas matched",)
    for now, then in zip((acs, bdc), before, strict=True):
        pd.testing.assert_frame_equal(now, then)


def test_audit_says_why_each_row_has_no_partner():
    ids = [*TRACTS, WATER]
    base = table(ids, population_n=[*range(100), 0])  # nobody in the first tract either
    other = table([*TRACTS[1:], "51001090101"], name="sites", km=1.0, km_status="ok")
    result, audit = combine(base, other, audit=True)
    rows = audit.rows.set_index("geoid")["reason"].to_dict()
    assert rows == {TRACTS[0]: "no_people", WATER: "water", "51001090101": "outside"}
    assert audit.matched.loc["Sites 2023", "matched"] == 99
    assert "99 of 101 areas matched; 2 missing (1 water, 1 no people)" in repr(audit)
    assert audit.reasons("Sites 2023", "extra")["outside"] == 1
    assert result.loc[[TRACTS[0], WATER], "km"].isna().all()
    assert set(result.loc[[TRACTS[0], WATER], "km_status"]) == {"no_population"}
    assert result["area_status"].value_counts().to_dict() == {
        "ok": 99,
        "no_population": 1,
        "water": 1,
    }
    assert audit.summary["rows"].sum() == 3


def test_water_and_empty_areas_are_told_apart():
    base = table([*TRACTS[:3], WATER], population_n=[5, 0, np.nan, 0])
    assert area_status(base).tolist() == ["ok", "no_population", "unknown", "water"]


def test_a_gap_beyond_the_tolerance_is_refused_and_may_be_allowed():
    base = table(TRACTS, population_n=range(1, 101))
    some = table(TRACTS[:97], name="svi", rank=1.0)
    with pytest.raises(InputError, match=r"97 of 100 areas \(97.0%\); 3 unknown") as caught:
        combine(base, some)
    assert caught.value.code == "E-JOIN-INCOMPLETE"
    assert caught.value.rows == TRACTS[97:]
    assert combine(base, some, tolerance=0.03)["rank"].notna().sum() == 97


def test_different_vintages_are_refused_with_the_crosswalk_named():
    base = table(TRACTS, x=1)
    old = table(TRACTS, vintage="2010", name="svi", y=1)
    with pytest.raises(VintageError, match=r"equity.crosswalk\(table, relationship, to='2020'\)"):
        combine(base, old)


def test_a_vintage_that_is_missing_or_false_is_detected():
    base = table(TRACTS, x=1)
    unsaid = pd.DataFrame({"y": 1}, index=pd.Index(TRACTS, name="geoid", dtype=object))
    with pytest.raises(VintageError, match="does not say which vintage") as caught:
        combine(base, unsaid)
    assert caught.value.code == "E-VINTAGE-MISSING"
    # 2010 tracts said to be 2020: half of them were split since.
    split = [t[:9] + s for t in TRACTS[:50] for s in ("01", "02")] + TRACTS[50:]
    liar = table(split, name="svi", y=1)
    with pytest.raises(VintageError, match=r"50 other vintage: its ids are not those of 2020"):
        combine(base, liar)


def test_ids_that_contradict_the_vintage_are_refused():
    planning = table(["09110400100"], vintage="2020", x=1)
    with pytest.raises(VintageError, match="planning regions"):
        combine(planning, planning)
    county = table(["09001010100"], vintage="2020-CT2022", x=1)
    with pytest.raises(VintageError, match="old counties"):
        combine(county, county)
    bedford = table(["51515050100"], vintage="2020", x=1)
    with pytest.raises(VintageError, match="replaced before 2020"):
        combine(bedford, bedford)
    with pytest.raises(InputError, match="vintage '2021'"):
        combine(table(TRACTS, vintage="2021", x=1))


def test_connecticut_matters_only_where_there_is_connecticut():
    base = table(TRACTS, vintage="2020-CT2022", x=1)
    bdc = table(TRACTS, name="bdc", y=1)
    assert combine(base, bdc)["y"].notna().all()
    # A national table beside a state without Connecticut loses nothing of it.
    nation = table([*TRACTS, "09003400100"], name="ruca", z=1)
    assert combine(base, nation)["z"].notna().all()
    ct = table(["09110400100"], vintage="2020-CT2022", x=1)
    with pytest.raises(VintageError, match=r"equity.areas.recode.connecticut"):
        combine(ct, table(["09003400100"], name="bdc", y=1))


def test_changed_county_codes_are_named():
    virginia = [f"51019{n:06d}" for n in range(30000, 30200)]
    base = table([*virginia, "51019050100"], vintage="2010", x=1)
    old = table([*virginia, "51515050100"], vintage="2010", name="477", y=1)
    audit = combine_audit(base, old)
    assert audit.rows["reason"].tolist() == ["code_change", "code_change"]
    assert audit.rows["side"].tolist() == ["missing", "extra"]
    assert combine(base, old)["y"].isna().sum() == 1  # 1 of 201 is within the tolerance
    with pytest.raises(VintageError, match="1 code change"):
        combine(base, old, tolerance=0)


def test_a_county_table_is_not_joined_to_tracts():
    county = table(["90001"], level="county", name="svi", y=1)
    with pytest.raises(InputError, match="one row a county, the first table one row a tract"):
        combine(table(TRACTS, x=1), county)


def test_counties_of_two_vintages_join_where_no_code_changed():
    old = table(["51001", "51003"], level="county", vintage="2010", x=1)
    new = table(["51003", "51001"], level="county", name="bdc", y=[1, 2])
    assert combine(old, new)["y"].tolist() == [2, 1]
    bedford = table(["51019", "51003"], level="county", name="bdc", y=[1, 2])
    before = table(["51003", "51515"], level="county", vintage="2010", x=1)
    with pytest.raises(VintageError, match=r"recode\.counties"):
        combine(before, bedford)
    assert combine(counties(before), bedford)["y"].tolist() == [2, 1]
    alaska = table(["51003", "02261"], level="county", vintage="2010", x=1)
    with pytest.raises(VintageError, match="1 code change"):
        combine(alaska, table(["51003", "02063"], level="county", name="bdc", y=1))


def test_duplicates_damaged_ids_and_empty_tables_are_refused():
    base = table(TRACTS, x=1)
    with pytest.raises(GeoidError, match="Svi 2023 has 1 ids more than once") as caught:
        combine(base, table([*TRACTS, TRACTS[0]], name="svi", y=1))
    assert caught.value.rows == [TRACTS[0]]
    with pytest.raises(GeoidError, match="lost its leading zero"):
        combine(base, table(["1001020100"], name="svi", y=1))
    with pytest.raises(GeoidError, match="ids as text"):
        combine(base, table([10001040100.0], name="svi", y=1))
    with pytest.raises(GeoidError, match="ids as text"):
        combine(base, table([10001040100], name="svi", y=1))
    with pytest.raises(InputError, match="no rows"):
        combine(base, table([], name="svi", y=[]))
    with pytest.raises(InputError, match="1 names for 2"):
        combine(base, base, base, names=["a"])
    with pytest.raises(InputError, match="tolerance"):
        combine(base, tolerance=1.5)


def test_a_column_in_two_tables_must_say_the_same():
    base = table(TRACTS, population_n=100.0, name_="x")
    same = table(TRACTS, name="bdc", population_n=100, y=1)
    result = combine(base, same)
    assert list(result.columns).count("population_n") == 1
    other = table(TRACTS, name="svi", population_n=[100.0] * 99 + [101])
    with pytest.raises(InputError, match="column population_n is in the first table and in Svi"):
        combine(base, other)
    with pytest.raises(InputError, match="in Bdc 2023 and in Bdc 2023"):
        combine(table(TRACTS, x=1), same, table(TRACTS, name="bdc", y=2))


def test_geometry_and_its_projection_are_kept_wherever_they_come_from():
    gpd = pytest.importorskip("geopandas")
    from shapely.geometry import Point

    shapes = gpd.GeoDataFrame(
        {"land_km2": 1.0},
        geometry=[Point(i, i) for i in range(100)],
        index=pd.Index(TRACTS, name="geoid", dtype=object),
        crs="EPSG:4269",
    )
    provenance.stamp(shapes, level="tract", geo_vintage="2020")
    acs = table(TRACTS[::-1], population_n=1)
    for result in (combine(shapes, acs), combine(acs, shapes)):
        assert isinstance(result, gpd.GeoDataFrame)
        assert result.crs == "EPSG:4269"
        assert result.loc[TRACTS[3], "geometry"] == Point(3, 3)


def test_true_or_false_stays_so_where_rows_are_missing():
    base = table(TRACTS, population_n=1)
    flags = table(TRACTS[:99], name="hpsa", is_hpsa=[True] * 99)
    result = combine(base, flags)
    assert result["is_hpsa"].dtype == "boolean"
    assert result["is_hpsa"].isna().sum() == 1


def test_area_table_is_the_way_in_for_a_users_own_file():
    frame = pd.DataFrame({"GEOID": ["1400000US10001040100", 1001020100.0], "x": [1, 2]})
    result = area_table(frame, "GEOID", level="tract", geo_vintage="2020")
    assert result.index.tolist() == ["10001040100", "01001020100"]
    assert "GEOID" in frame.columns
    assert provenance.meta(result).geo_vintage == "2020"
    again = area_table(frame.set_index("GEOID"), level="tract", geo_vintage="2020")
    pd.testing.assert_frame_equal(again, result)
    with pytest.raises(KeyError, match="no column 'geoid'"):
        area_table(frame, "geoid", level="tract", geo_vintage="2020")
    with pytest.raises(GeoidError, match="are no county ids"):
        area_table(frame, "GEOID", level="county", geo_vintage="2020")
    with pytest.raises(GeoidError, match="more than once"):
        area_table(pd.concat([frame, frame]), "GEOID", level="tract", geo_vintage="2020")
    with pytest.raises(VintageError, match="no vintage of areas"):
        area_table(frame, "GEOID", level="tract", geo_vintage="2021")


def test_the_names_are_public():
    assert inspect.unwrap(eq.combine) is combine
    assert inspect.unwrap(eq.combine_audit) is combine_audit


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(20)), st.permutations(range(20)))
def test_permuting_rows_changes_nothing(first, second):
    ids = [*TRACTS[:19], WATER]
    base = table(ids, population_n=[*range(1, 20), 0])
    other = table(ids, name="bdc", served_n=range(20))
    expected = combine(base, other)
    shuffled = combine(base.iloc[first], other.iloc[second])
    pd.testing.assert_frame_equal(shuffled.loc[expected.index], expected)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (None, "table 2 is no table of areas but a NoneType"),
        (pd.Series([1.0], index=TRACTS[:1]), "but a Series"),
        (
            pd.DataFrame([[1, 2]], index=TRACTS[:1], columns=["y", "y"]),
            "columns of the same name: y",
        ),
        (pd.DataFrame({"y": [1]}, index=pd.MultiIndex.from_tuples([("a", "b")])), "several levels"),
        (pd.DataFrame({"y": [1, 2]}, index=pd.Index([TRACTS[0], None], dtype=object)), "as text"),
    ],
)
def test_what_is_no_area_table_is_told_so(other, message):
    with pytest.raises(InputError, match=message):
        combine(table(TRACTS, x=1), other)


def test_types_survive_a_join_with_missing_rows():
    base = table(TRACTS, population_n=1)
    some = table(
        TRACTS[:99], kind=pd.Categorical(["a"] * 99), n=pd.array([1] * 98 + [pd.NA], dtype="Int64"),
        day=pd.date_range("2024-01-01", periods=99, tz="UTC"),
    )  # fmt: skip
    result = combine(base, some)
    assert [str(t) for t in result[["kind", "n"]].dtypes] == ["category", "Int64"]
    assert str(result["day"].dtype).endswith("UTC]")
    assert result.loc[TRACTS[99], ["kind", "n", "day"]].isna().all()


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"served_share": [95.0] * 100},
            r"Acs 2023: column served_share is a share .*divide it by",
        ),
        ({"served_share__fcc_25_3": [1.1] * 100}, "served_share__fcc_25_3 is a share"),
        ({"own_moe": [-1.0] * 100}, "own_moe holds -1, below its least value 0"),
        ({"B19013_001E": [-666666666.0] * 100}, "annotation code"),
        ({"rate": [np.inf] * 100}, "infinite value"),
    ],
)
def test_percentages_codes_and_infinities_do_not_enter_a_join(columns, message):
    with pytest.raises(InputError, match=message):
        combine(table(TRACTS, x=1), table(TRACTS, **columns))


def test_a_table_of_no_name_is_called_by_its_place():
    plain = [
        area_table(pd.DataFrame({name: 1.0}, index=TRACTS), level="tract", geo_vintage="2020")
        for name in ("a_n", "b_n", "c_n")
    ]
    assert list(combine_audit(*plain).matched.index) == ["table 2", "table 3"]
    twice = combine_audit(plain[0], table(TRACTS, b_n=1.0), table(TRACTS, c_n=1.0))
    assert list(twice.matched.index) == ["Acs 2023", "Acs 2023 (table 3)"]
    with pytest.raises(InputError, match="table 3"):
        combine(*plain[:2], plain[2].to_numpy())
