"""What may be added up is known to be a count: by its table, by its name here, or by its owner."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity import provenance
from equity.areas._acs_tables import held_by
from equity.areas.aggregate import roll_up, service_area, spread
from equity.areas.crosswalk import crosswalk
from equity.areas.relationship import relationship
from equity.areas.table import area_table
from equity.errors import InputError

IDS = ["90001000100", "90001000200", "90003000100"]
# Titles as the Census Bureau words them, by hand: medians, means, quartiles, indices, rates.
NO_COUNTS = """
B01002 B05004 B06011 B07011 B07402 B07411 B08103 B08121 B08503 B08521 B10010 B12007 B12504 B15013
B15014 B18140 B19013 B19013A B19019 B19080 B19081 B19082 B19083 B19113 B19119 B19121 B19125 B19126
B19202 B19301 B19326 B20002 B20017 B20018 B21004 B22008 B23013 B23020 B24011 B24021 B24022 B24041
B24042 B24081 B24082 B24091 B24092 B24121 B24122 B24123 B25010 B25018 B25035 B25057 B25059 B25064
B25071 B25076 B25077 B25078 B25083 B25088 B25092 B25103 B25105 B25119 B25138 B26119 B26219 B29004
B98011 B98021 B06002PR C24011
"""
COUNTS = {
    "people": "B01001 B01001A B01003 B02001 B03002 B05001PR B15003 B18101 B19313 B25008 B27010 "
    "B28005 C15002A C17002 B08013",
    "households": "B08201 B11001 B17010 B19001 B19025 B22010 B25003 B25075 B25089 B28001 B28002 "
    "B28003 C16002 B16002",
    "locations": "B25001 B25002 B25004 B25024 B25034",
}
STRANGE = ["avg_x", "score", "pct", "S1701_C03_001E", "DP03_0062E", "DP04_0058PE", "B99999_001E",
           "visits_n", "value", "mean_share", "wait_min", "grants_usd"]  # fmt: skip
LINKS = pd.DataFrame(
    {"source": IDS, "target": ["90001000300", "90001000300", "90003000200"],
     "population": [1.0, 1.0, 1.0], "housing": [1.0, 1.0, 1.0], "area": [1.0, 1.0, 1.0]}
)  # fmt: skip


def table(**columns):
    frame = pd.DataFrame(columns, index=pd.Index(IDS, dtype=object))
    return area_table(frame, level="tract", geo_vintage="2010")


def moved(base, **options):
    links = relationship(
        LINKS, source_level="tract", target_level="tract", source_vintage="2010",
        target_vintage="2020", bases=dict.fromkeys(("population", "housing", "area"), "made up"),
    )  # fmt: skip
    return crosswalk(base, links, to="2020", **options)


ROADS = {
    "roll_up": lambda base, **options: roll_up(base, "county", **options),
    "service_area": lambda base, **options: service_area(base, ["90001"], **options),
    "crosswalk": moved,
}
LEAVES_REST = ("roll_up", "service_area")


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("code", [f"{table}_001E" for table in NO_COUNTS.split()])
def test_two_medians_are_never_added(road, code):
    base = table(population_n=[10, 20, 30.0], **{code: [40_000, 60_000, 50_000.0]})
    if road in LEAVES_REST:
        result = ROADS[road](base)
        assert code not in result.columns
        assert f"left behind, as they do not add up: {code}" in provenance.meta(result).notes
    else:
        with pytest.raises(InputError, match=f"not known to be counts.*{code}"):
            ROADS[road](base)
    # Nor may anybody declare what is known to be wrong.
    with pytest.raises(InputError, match="holds medians, means, indices or rates"):
        ROADS[road](base, counts={code: "people"})


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("name", STRANGE)
def test_a_column_that_nobody_knows_is_asked_for(road, name):
    base = table(population_n=[10, 20, 30.0], **{name: [4, 6, 5.0]})
    if road in LEAVES_REST:
        result = ROADS[road](base)
        assert name not in result.columns
        assert any(note.startswith("left behind") and name in note
                   for note in provenance.meta(result).notes)  # fmt: skip
    else:
        with pytest.raises(InputError, match="not known to be counts") as caught:
            ROADS[road](base)
        # The advice works.
        assert f"drop=[{name!r}]" in str(caught.value)
        assert ROADS[road](base, drop=[name])["population_n"].sum() == 60
    if name == "mean_share":
        with pytest.raises(InputError, match=f"{name} does not add up: .* in share"):
            ROADS[road](base, counts={name: "people"})
    else:
        assert ROADS[road](base, counts={name: "people"})[name].iloc[0] == 10


@pytest.mark.parametrize("name", ["gap_share", "nearest_site_km", "svi_percentile", "gap_n_moe",
                                  "median_household_income_usd", "gap_share__fcc_25_3"])  # fmt: skip
def test_a_column_of_the_package_that_is_no_count_cannot_be_declared_one(name):
    with pytest.raises(InputError, match=f"{name} does not add up: it is"):
        roll_up(table(gap_n=[1, 2, 3.0], **{name: [0.1, 0.2, 0.3]}), "county",
                counts={name: "people"})  # fmt: skip


@pytest.mark.parametrize(
    ("code", "universe"),
    [(f"{name}_001E", what) for what, names in COUNTS.items() for name in names.split()],
)
def test_counts_and_aggregates_are_known_with_what_they_count(code, universe):
    assert held_by(code) == universe
    result = roll_up(table(**{code: [40, 60, 50.0], f"{code[:-1]}M": [3, 4, 5.0]}), "county")
    assert result[code].tolist() == [100, 50]
    assert result[f"{code[:-1]}M"].tolist() == pytest.approx([5, 5])


def test_no_table_is_in_two_lists_and_margins_are_no_counts():
    from equity.areas import _acs_tables

    raw = _acs_tables.tomllib.loads(
        (_acs_tables.resources.files("equity.areas") / "acs_tables.toml").read_text()
    )
    every = [number for text in raw.values() for number in text.split()]
    assert len(every) == len(set(every)) > 550
    assert held_by("B28002_004M") == held_by("B28002_004E_status") == held_by("B280021_004E") == ""


@pytest.mark.parametrize("code", ["B01003_001E", "B25001_001E", "population_n"])
def test_a_countys_people_are_not_those_of_each_tract(code):
    county = area_table(
        pd.DataFrame({code: [10.0, 20.0]}, index=pd.Index(["90001", "90003"], dtype=object)),
        level="county", geo_vintage="2010",
    )  # fmt: skip
    with pytest.raises(InputError, match=f"counts of a county are not .*{code}"):
        spread(county, table(x=[1, 2, 3.0]))


@given(
    st.lists(st.sampled_from([*STRANGE, *(f"{t}_002E" for t in NO_COUNTS.split()), "population_n",
                              "B28002_004E", "locations_n", "gap_share"]),
             min_size=1, max_size=8, unique=True),
    st.lists(st.integers(0, 10**6), min_size=3, max_size=3),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_no_number_changes_that_is_not_a_count(names, values):
    base = table(B01003_001E=np.array(values, dtype=float),
                 **{name: np.array(values, dtype=float) for name in names})  # fmt: skip
    result = roll_up(base, "county")
    naive = base.groupby(base.index.str[:5]).sum(numeric_only=True)
    counts = {"B01003_001E", *({"population_n", "B28002_004E", "locations_n"} & set(names))}
    # A share whose count is here is rebuilt from it, never added up.
    rebuilt = {"gap_share"} & set(names) if "population_n" in names else set()
    added = set(result.columns) - {"crosswalk_status", "split_share", "geo_id"}
    assert counts == added - rebuilt - {f"{name}_status" for name in rebuilt}
    for name in rebuilt:
        people, share = base["population_n"], base[name]
        sums = (people * share).groupby(base.index.str[:5]).sum()
        mean = sums / people.groupby(base.index.str[:5]).sum()
        np.testing.assert_allclose(result[name], mean)
    for name in counts:
        assert result[name].tolist() == naive[name].tolist()
