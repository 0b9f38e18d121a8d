"""Studies of what people have: no polygons, residents and minutes from any table, several states."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from equity.errors import EquityError, InputError, VintageError
from equity.provenance import meta
from equity.study.run import Study

HEAD = """
[study]
id = "own"
title = "Own tables"
state = {state}
rules = ["fcc-25-3"]
headline = "fcc-25-3"

[coverage]
kind = "unknown"
[under_resourced]
[[under_resourced.criteria]]
column = "poverty_share"
label = "at least 20 % in poverty"
at_least = 0.2
"""
MINUTES = """
[care]
method = "column"
column = "minutes_by_road"
unit = "min"
limit_min = 30
label = "the nearest clinic"
"""
COLUMNS = {
    "people": "population_n = { column = 'residents', unit = 'count' }",
    "homes": "device_share = { column = 'device', unit = 'share' }\n"
    "any_subscription_share = { column = 'sub', unit = 'share' }\n"
    "poverty_share = { column = 'poor', unit = 'share' }",
    "roads": "minutes_by_road = { column = 'minutes', unit = 'number' }",
}


def rows(state, n=6):
    ids = [f"{state}00100{i}000" for i in range(1, n + 1)]
    return pd.DataFrame(
        {"GEOID": ids, "residents": [1000 * i for i in range(1, n + 1)],
         "device": [0.5 + 0.05 * i for i in range(n)], "sub": [0.6] * n,
         "poor": [0.3, 0.1] * (n // 2), "minutes": [10 * i for i in range(n)]}
    )  # fmt: skip


def part(name, file, *, agency="Somebody", vintage="2023", geo_vintage="2020", more=""):
    return (
        f'[[tables]]\nfile = "{file}"\nagency = "{agency}"\nproduct = "Table of {name}"\n'
        f'vintage = "{vintage}"\ngeo_vintage = "{geo_vintage}"\n{more}[tables.columns]\n{COLUMNS[name]}\n'
    )


def study(folder, *parts, state='"DE"', care=MINUTES):
    path = folder / "study.toml"
    path.write_text(HEAD.format(state=state) + care + "".join(parts), encoding="utf-8")
    return Study.load(path)


@pytest.fixture
def one_state(tmp_path):
    rows("10").to_csv(tmp_path / "all.csv", index=False)
    return tmp_path


def test_tables_alone_make_a_study_with_published_minutes_and_no_map(one_state):
    parts = [part(n, "all.csv", agency=f"Agency of {n}") for n in ("people", "homes", "roads")]
    result = study(one_state, *parts).run()
    table = result.table
    # By hand: a step smoothed over its spread, so beyond 30 minutes more than half.
    assert table["population_n"].tolist() == [1000, 2000, 3000, 4000, 5000, 6000]
    assert (table["beyond_reach_share"] > 0.5).tolist() == [False] * 4 + [True] * 2
    assert table["gap_n"].sum() > 0
    told = [note for note in meta(table).notes if "No boundaries were named" in note]
    assert len(told) == 1
    folder = result.write(one_state / "out")
    names = {p.name for p in folder.iterdir()}
    assert {"index.html", "communities.csv", "counties.csv", "appendix.pdf"} <= names
    assert not {"map.html", "counties.html"} & names
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert page.count("No area has a polygon, so there is no map") == 1
    for name in ("people", "homes", "roads"):
        assert f"Agency of {name}, Table of {name}" in page
    assert "Census Bureau" not in page.split('id="sources"')[1]
    # The dictionary credits each column to its own table, and says what was made of it.
    described = json.loads((folder / "communities.csv-metadata.json").read_text(encoding="utf-8"))
    told = {c["name"]: c["dc:description"] for c in described["tableSchema"]["columns"]}
    assert told["population_n"] == "Agency of people, Table of people, 2023"
    assert told["minutes_by_road"] == "Agency of roads, Table of roads, 2023"
    assert told["connected_share"] == (
        "Computed from device_share and any_subscription_share: "
        "Agency of homes, Table of homes, 2023"
    )
    assert "Agency" not in told["gap_n"]


def test_residents_that_nothing_counts_are_asked_for(one_state):
    with pytest.raises(InputError, match="nothing counts the residents") as caught:
        study(one_state, part("homes", "all.csv")).run()
    assert "population_n in one of [[tables]]" in caught.value.fix


def test_two_tables_that_name_one_column_are_refused_with_a_fix_for_a_study_file(one_state):
    changed = rows("10").assign(poor=0.7, device=0.2)
    changed.to_csv(one_state / "other.csv", index=False)
    parts = [part("people", "all.csv"), part("homes", "all.csv"), part("homes", "other.csv")]
    with pytest.raises(
        InputError, match=r"column device_share is in .* with different values"
    ) as e:
        study(one_state, *parts).run()
    assert "take it out of columns in one of [[tables]]" in e.value.fix
    assert "rename(" not in e.value.fix


@pytest.fixture
def two_states(tmp_path):
    rows("10").to_csv(tmp_path / "de.csv", index=False)
    rows("24", 4).to_csv(tmp_path / "md.csv", index=False)
    pd.concat([rows("10"), rows("24", 4), rows("42")]).to_csv(tmp_path / "three.csv", index=False)
    return tmp_path


def parts_of(*files, **given):
    return [part(n, f, **given) for n in ("people", "homes", "roads") for f in files]


def test_states_in_files_of_their_own_or_in_one_are_the_same_study(two_states):
    state = '["DE", "MD"]'
    apart = study(two_states, *parts_of("de.csv", "md.csv"), state=state).run()
    together = study(two_states, *parts_of("three.csv"), state='"Delaware, Maryland"').run()
    assert apart.table.index.str[:2].value_counts().to_dict() == {"10": 6, "24": 4}
    pd.testing.assert_frame_equal(pd.DataFrame(apart.table), pd.DataFrame(together.table))
    assert "three.csv: 6 rows of other states left out" in meta(together.table).notes
    assert apart.at("state")["name"].tolist() == ["Delaware", "Maryland"]
    one = study(two_states, *parts_of("de.csv")).run()
    same = ["population_n", "beyond_reach_share", "connected_share", "gap_n"]
    pd.testing.assert_frame_equal(
        pd.DataFrame(apart.table)[same].iloc[:6], pd.DataFrame(one.table)[same]
    )


def test_states_of_different_editions_or_vintages_are_refused(two_states):
    state = '["DE", "MD"]'
    of_2010 = part("people", "md.csv", geo_vintage="2010")
    with pytest.raises(
        VintageError, match=r"areas of Delaware are those of 2020, .*Maryland.*2010"
    ):
        study(two_states, part("people", "de.csv"), of_2010, state=state).run()
    older = part("people", "md.csv", vintage="2018")
    with pytest.raises(InputError, match="Delaware comes from 2023, Maryland from 2018") as caught:
        study(two_states, part("people", "de.csv"), older, state=state).run()
    assert caught.value.fix == "give every state the same edition"
    with pytest.raises(InputError, match="hold no area of Maryland") as caught:
        study(two_states, *parts_of("de.csv"), state=state).run()
    assert "add a file of Maryland" in caught.value.fix


def test_a_state_that_is_none_is_refused_in_a_list_as_well(two_states):
    with pytest.raises(EquityError, match="'Narnia' is no state"):
        study(two_states, *parts_of("de.csv"), state='["DE", "Narnia"]')
