"""Studies of what people have: no polygons, residents and minutes from any table, several states."""

from __future__ import annotations

import json
import zipfile

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import replica_publishers as publishers
from shapely.geometry import box

from equity import settings
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
    assert told["beyond_reach_share"] == (
        "Computed from minutes_by_road: Agency of roads, Table of roads, 2023"
    )
    assert "Agency" not in told["gap_n"]
    # What stands in for counts that are not there is said on the page and beside the table.
    for start in (
        "No table counts homes with both a device and a subscription: connected_share is the",
        "Taken as a table gives it, not from counts: device_share and any_subscription_share",
    ):
        (said,) = [note for note in meta(table).notes if note.startswith(start)]
        assert said in page
        assert said in json.dumps(described)


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


OLD = (
    '[[tables]]\nfile = "old.csv"\nagency = "a"\nproduct = "Table of 2010"\nvintage = "2019"\n'
    'geo_vintage = "2010"\n{crosswalk}[tables.columns]\n'
    'visits = {{ column = "visits", unit = "count" }}\n'
    'asked = {{ column = "asked", unit = "count" }}\n'
    'rate = {{ column = "rate", unit = "number" }}\n'
    'score = {{ column = "score", unit = "number" }}\n'
)


@pytest.fixture
def pieces(one_state, monkeypatch):
    """Parts of blocks: each of 2020 is made of parts of two of 2010, of four tracts of then.

    The files lie where downloads by hand do, and nobody may be asked.
    """
    rng = np.random.default_rng(14)
    found = []
    for new in rows("10")["GEOID"]:
        for b in range(3):
            people, homes = (int(n) for n in rng.integers(20, 200, 2))
            for old in rng.choice(4, 2, replace=False) + 1:
                land = int(rng.integers(1, 9)) * 1000
                found.append((f"10001009{old}00100{b}", f"{new}100{b}", land, people, homes))
    parts = pd.DataFrame(found, columns=["old", "new", "land", "people", "homes"])
    raw = one_state / "data" / "raw"
    raw.mkdir(parents=True)
    sides = [f"{n}_{year}" for year in (2010, 2020) for n in ("STATE", "COUNTY", "TRACT", "BLK")]
    ids = [[i[:2], i[2:5], i[5:11], i[11:]] for i in (*parts["old"], *parts["new"])]
    lines = ["|".join([*sides, "AREALAND_INT"])]
    for n, land in enumerate(parts["land"]):
        lines.append("|".join([*ids[n], *ids[n + len(parts)], str(land)]))
    body = publishers.zipped("tab2010_tab2020_st10_de.txt", "\n".join(lines) + "\n")
    (raw / "TAB2010_TAB2020_ST10.zip").write_bytes(body)
    blocks = parts.drop_duplicates("new")
    frame = gpd.GeoDataFrame(
        {"GEOID20": blocks["new"], "POP20": blocks["people"], "HOUSING20": blocks["homes"],
         "INTPTLAT20": "+38.5", "INTPTLON20": "-75.5"},
        geometry=[box(0, 0, 1, 1)] * len(blocks), crs="EPSG:4269",
    )  # fmt: skip
    frame.to_file(one_state / "tl_2024_10_tabblock20.shp")
    with zipfile.ZipFile(raw / "tl_2024_10_tabblock20.zip", "w") as archive:
        for file in one_state.glob("tl_2024_10_tabblock20.*"):
            archive.write(file, file.name)
    monkeypatch.chdir(one_state)
    settings.configure(offline=True)
    return parts


def moved_by_hand(parts, values):
    """Naive sums: every part takes its people's share of what its old tract counts."""
    weight, whole, found = {}, {}, {}
    for part in parts.itertuples():
        of_block = parts.loc[parts["new"] == part.new, "land"].sum()
        people = part.people * part.land / of_block
        old, new = part.old[:11], part.new[:11]
        weight[old, new] = weight.get((old, new), 0) + people
        whole[old] = whole.get(old, 0) + people
    for (old, new), people in weight.items():
        found[new] = found.get(new, 0) + values[old] * people / whole[old]
    return pd.Series(found).sort_index()


def test_a_table_of_2010_is_moved_to_2020_as_naive_sums_are_by_following_the_advice(
    one_state, pieces
):
    old = [f"10001009{n}00" for n in range(1, 5)]
    visits = {name: 100.0 * n + 7 for n, name in enumerate(old, 1)}
    asked = {name: 400.0 - 9 * n for n, name in enumerate(old, 1)}
    table = pd.DataFrame({"GEOID": old, "visits": visits.values(), "asked": asked.values()})
    table.assign(score=0.5, rate=table["visits"] / table["asked"]).to_csv("old.csv", index=False)
    parts = [part(n, "all.csv") for n in ("people", "homes", "roads")]

    def run(crosswalk=""):
        return study(one_state, *parts, OLD.format(crosswalk=crosswalk)).run()

    with pytest.raises(VintageError, match="areas of 2010, the first table areas of 2020") as first:
        run()
    assert 'crosswalk = "2020" in its [[tables]]' in first.value.fix
    with pytest.raises(InputError, match="visits, asked, rate, score") as second:
        run('crosswalk = "2020"\n')
    assert second.value.file == "old.csv"
    for words in ('counts = { column = "people" }', "ratios = {", 'drop = ["column"]'):
        assert words in second.value.fix
    result = run(
        '[tables.crosswalk]\ncounts = { visits = "people", asked = "people" }\n'
        'ratios = { rate = ["visits", "asked"] }\ndrop = ["score"]\n'
    )
    expected = {name: moved_by_hand(pieces, v) for name, v in (("v", visits), ("a", asked))}
    moved = result.table
    np.testing.assert_allclose(moved["visits"], expected["v"], rtol=1e-12)
    np.testing.assert_allclose(moved["rate"], expected["v"] / expected["a"], rtol=1e-12)
    assert moved["visits"].sum() == pytest.approx(sum(visits.values()), rel=1e-12)
    assert "score" not in moved
    assert any("moved to areas of 2020: 6 crosswalked" in note for note in meta(moved).notes)
    told = {source.file for source in result.sources}
    assert {"TAB2010_TAB2020_ST10.zip", "tl_2024_10_tabblock20.zip"} <= told


def test_what_the_package_knows_to_be_counts_needs_only_the_line(one_state, pieces):
    old = [f"10001009{n}00" for n in range(1, 5)]
    homes = {name: 50.0 * n for n, name in enumerate(old, 1)}
    pd.DataFrame({"GEOID": old, "n": homes.values()}).to_csv("old.csv", index=False)
    said = OLD.partition("[tables.columns]")[0].format(crosswalk='crosswalk = "2020"\n')
    said += '[tables.columns]\nhouseholds_n = { column = "n", unit = "count" }\n'
    parts = [part(n, "all.csv") for n in ("people", "homes", "roads")]
    result = study(one_state, *parts, said).run()
    by_homes = pieces.assign(people=pieces["homes"])
    np.testing.assert_allclose(
        result.table["households_n"], moved_by_hand(by_homes, homes), rtol=1e-12
    )


def test_a_whole_study_stands_on_tracts_of_2010_with_form_477(one_state):
    """Blocks with a line of 25/3 among those listed, counted by hand."""
    rng = np.random.default_rng(477)
    lines, fast, listed = [], {}, {}
    for tract in rows("10")["GEOID"]:
        for b in range(8):
            block = f"{tract}10{b:02d}"
            offers = rng.choice([3.0, 10.0, 30.0, 100.0], int(rng.integers(0, 3)))
            lines += [f"{n},{block},50,1,{down},{down / 5},1" for n, down in enumerate(offers)]
            listed[tract] = listed.get(tract, 0) + bool(len(offers))
            fast[tract] = fast.get(tract, 0) + bool((offers >= 25).any())
    head = "Provider_Id,BlockCode,TechCode,Consumer,MaxAdDown,MaxAdUp,Business"
    (one_state / "f477.csv").write_text("\n".join([head, *lines]) + "\n")
    parts = [part(n, "all.csv", geo_vintage="2010") for n in ("people", "homes", "roads")]
    path = one_state / "study.toml"
    study(one_state, *parts)
    filed = 'kind = "locations"\nreader = "form477"\nfiles = "f477.csv"\nas_of = "2020-12-31"'
    path.write_text(path.read_text().replace('kind = "unknown"', filed))
    result = Study.load(path).run()
    table = result.table
    assert meta(table).geo_vintage == "2010"
    assert table["locations_n"].tolist() == list(listed.values())
    share = [fast[tract] / listed[tract] for tract in table.index]
    np.testing.assert_allclose(table["qualifying_share"], share)
    assert 0 < min(share) < max(share)
    usable = np.minimum(share, np.minimum(rows("10")["device"], rows("10")["sub"]))
    by_hand = table["population_n"] * table["beyond_reach_share"] * (1 - usable.to_numpy())
    np.testing.assert_allclose(table["gap_n"], by_hand)
    assert set(table["coverage_status"]) == {"listed_only"}
    page = (result.write(one_state / "out") / "index.html").read_text(encoding="utf-8")
    assert "Form 477 counts 2010 blocks, not locations" in page
    # The same filings under areas of 2020 are refused.
    path.write_text(path.read_text().replace('geo_vintage = "2010"', 'geo_vintage = "2020"'))
    with pytest.raises(VintageError, match="2010"):
        Study.load(path).run()
