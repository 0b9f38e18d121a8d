"""A study whose minutes are those of real roads."""

from __future__ import annotations

import dataclasses
import shutil

import pandas as pd
import pytest
from road_files import roads_between

from equity import nearest_sites, read_roads, travel_costs
from equity.errors import MissingFileError, OfflineError, StudyError
from equity.example.state import write_example
from equity.measures.reach.catchment import catchment
from equity.measures.reach.decay import slow_steps
from equity.measures.reach.places import locate
from equity.measures.reach.roads import NEAREST_TO_NOBODY
from equity.provenance import carry, meta
from equity.sources.catalog import find_input
from equity.study.care import care_within_reach, sites_that_count
from equity.study.inputs import gather
from equity.study.run import Study

BY_ROAD = 'travel = "roads"\nroads = ["roads.osm.pbf"]'


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """The example with roads between the centers of its tracts."""
    example = write_example(tmp_path_factory.mktemp("example") / "state", scale=0.05)
    plan = Study.load(example.study).plan
    centers = locate(gather(plan, example.root).areas, role="areas")
    places = pd.DataFrame({"lon": centers.lon, "lat": centers.lat}).dropna()
    roads_between(example.root / "roads.osm.pbf", places)
    return example


def study(example, care, name="roads"):
    """The example's study with another [care]."""
    text = example.study.read_text(encoding="utf-8")
    start, end = text.index("[care]"), text.index("[under_resourced]")
    path = example.root / f"{name}.toml"
    path.write_text(f"{text[:start]}[care]\n{care}\n\n{text[end:]}", encoding="utf-8")
    return Study.load(path)


@pytest.fixture(scope="module")
def result(example):
    return study(example, f"limit_min = 20\n{BY_ROAD}").run()


def test_a_notebook_finds_the_same_minutes(result, example):
    roads = read_roads(example.root / "roads.osm.pbf")
    inputs = gather(result.plan, example.root)
    sites = sites_that_count(inputs.sites, result.plan.care[0])
    placed = result.table[result.table.geometry.notna()]
    near = nearest_sites(placed, sites, method="roads", roads=roads)
    for name in near.columns:
        pd.testing.assert_series_equal(result.table.loc[placed.index, name], near[name])
    straight = nearest_sites(placed, sites)
    both = pd.concat([near["nearest_site_min"], straight["nearest_site_min"]], axis=1).dropna()
    assert both.corr(method="spearman").iloc[0, 1] > 0.8
    assert not near["nearest_site_min"].equals(straight["nearest_site_min"])


def test_the_page_says_that_minutes_are_by_road_and_whose_roads(result):
    report = result.report()
    assert "more than 20 minutes by road from the nearest health center" in report.finding[0]
    assert "estimated to live" not in " ".join(report.finding)
    limits = " ".join(report.limits)
    assert "follow the roads of OpenStreetMap" in limits
    assert "estimates from straight lines" not in limits
    method = " ".join(text for _, text in report.method)
    assert "the quickest way over the roads of OpenStreetMap" in method
    credited = {source.id: source for source in result.sources}
    assert credited["osm-roads"].licence == "ODbL 1.0"
    assert credited["osm-roads"].file == "roads.osm.pbf"


def test_the_page_says_whom_the_roads_that_were_read_do_not_lead_to_a_site(result, example):
    assert "that were read" not in " ".join(result.report().limits), "the whole state was read"
    inputs = gather(result.plan, example.root)
    centers = locate(inputs.areas, role="areas")
    places = pd.DataFrame({"lon": centers.lon, "lat": centers.lat}).dropna().sort_values("lon")
    # The neighbor's extract is not at hand, and the last third of its people live on an island.
    cut = roads_between(example.root / "part.osm.pbf", places.iloc[: len(places) * 3 // 4])
    care = result.plan.care[0].model_copy(update={"roads": (cut.name,)})
    part = dataclasses.replace(inputs, roads={(cut.name,): read_roads(cut)})
    near = care_within_reach(result.plan, part, inputs.areas, care)
    table = result.table.copy()
    for name in ("nearest_site_status", "beyond_reach_status"):
        table[name] = near[name]
    off = table[(table["nearest_site_status"] == "not_covered") & (table["population_n"] > 0)]
    island = off.index[:2]
    for name in ("nearest_site_status", "beyond_reach_status"):
        table.loc[island, name] = "no_supply_in_reach"
    people, lost = table["population_n"], off.index.difference(island)
    assert len(lost) > 10
    # A note on capacity says the same of the same sites once more, behind other words.
    said = [note for note in meta(near).notes if note.endswith(NEAREST_TO_NOBODY)]
    (sites,) = (note.partition(" ")[0] for note in said)
    noted = carry(table, table, near, notes=[f"Minutes are by road; {note}" for note in said])
    known = dataclasses.replace(result, table=noted)
    limits = known.report().limits
    told = [
        f"No road that leads on is near {len(lost)} areas with {people[lost].sum():,.0f} residents",
        f"From 2 areas with {people[island].sum():,.0f} residents no road that was read leads",
        f"{sites} sites lie off the roads that were read (across a border, say) and are nobody's",
    ]
    for text in told:
        assert sum(text in limit for limit in limits) == 1, text


def test_both_estimates_stand_beside_it(result):
    panel = result.choices.settings
    other = panel[panel["group"] == "travel estimate"]
    assert set(other.index) == {"roads-curve", "roads-proportional"}
    assert other["gap_n"].notna().all()


def test_clinicians_within_minutes_by_road(example):
    planned = study(example, f'method = "capacity"\nlimit_min = 20\n{BY_ROAD}', "capacity").plan
    inputs = gather(planned, example.root)
    table = inputs.areas[["population_n", "geometry"]]
    reached = care_within_reach(planned, inputs, table, planned.care[0])
    placed = table[table.geometry.notna()]
    (roads,) = inputs.roads.values()
    costs = travel_costs(placed, inputs.capacity, max_minutes=20, method="roads", roads=roads)
    people, supply = placed["population_n"].fillna(0.0), inputs.capacity["fte"]
    access = catchment(costs, demand=people, supply=supply, steps=slow_steps(20))
    pd.testing.assert_series_equal(
        reached.loc[placed.index, "access_per_10k"], access["access_per_10k"]
    )


@pytest.mark.parametrize(
    ("care", "says"),
    [
        ('travel = "roads"', "care.0.roads: is missing"),
        ('roads = "fast"', "is 'fast'"),
        ('roads = ["roads.osm.pbf"]', "is 'roads.osm.pbf'"),
        (f'method = "column"\ncolumn = "x"\nunit = "min"\n{BY_ROAD}', "care.0.travel"),
        ('travel = "car"', "is 'car'"),
        ('travel = "roads"\nroads = ["live:centers"]', "which is not read here"),
    ],
)
def test_what_a_study_file_cannot_mean_is_told_with_its_line(example, care, says):
    with pytest.raises(StudyError, match=says) as caught:
        study(example, care, "wrong")
    assert "line " in str(caught.value)


def test_the_state_s_extract_in_data_raw_is_the_live_one(example, tmp_path, monkeypatch):
    raw = tmp_path / "data" / "raw"
    raw.mkdir(parents=True)
    name = find_input("roads").file.format(**find_input("roads").names("90"))
    shutil.copy(example.root / "roads.osm.pbf", raw / name)
    monkeypatch.chdir(tmp_path)
    planned = study(example, 'travel = "roads"\nroads = ["live:roads"]', "live").plan
    (roads,) = gather(planned, example.root).roads.values()
    assert [source.file for source in roads.sources] == [name]


@pytest.mark.parametrize(
    ("roads", "error", "says"),
    [("other.osm.pbf", MissingFileError, "no such file"),
     ("live:roads", OfflineError, "must be downloaded by hand")],
)  # fmt: skip
def test_roads_that_are_not_at_hand_are_named(example, roads, error, says, monkeypatch):
    monkeypatch.setenv("EQUITY_OFFLINE", "1")
    lacking = study(example, f'travel = "roads"\nroads = ["{roads}"]', "lacking")
    with pytest.raises(error, match=says):
        gather(lacking.plan, example.root)
