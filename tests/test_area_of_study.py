"""[area]: counties, tracts, polygons and districts out of all that was read, and other levels."""

from __future__ import annotations

import pickle
import re
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import Polygon, box

from equity.areas.aggregate import roll_up
from equity.cli import run
from equity.errors import (
    EquityError,
    GeoidError,
    InputError,
    MissingColumnError,
    MissingFileError,
    StudyError,
)
from equity.example.state import write_example
from equity.language import language, tr
from equity.measures.adoption_by_person import person_counts
from equity.outputs.factsheet import bar_labels
from equity.provenance import meta
from equity.sources.census.boundaries import read_boundaries
from equity.sources.census.files import read_blocks
from equity.study import totals
from equity.study.area import Area, find_area
from equity.study.asked import area_lines, area_slug
from equity.study.factsheet import fact_sheets
from equity.study.naming import counties_called
from equity.study.run import Study

COUNTIES = ["90003", "90011", "90015"]  # Ombrellshire, Kestrin, Hollin
THREE = '[area]\ncounties = ["Ombrellshire", "Kestrin County", "90015"]\n'


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    return write_example(tmp_path_factory.mktemp("example") / "state", scale=0.2)


@pytest.fixture
def study(example, tmp_path):
    """A function that writes the example's study with more lines, beside its files."""
    written = []

    def write(*lines: str, change: tuple[str, str] = ("", "")) -> Study:
        text = example.study.read_text(encoding="utf-8").replace(*change)
        path = example.root / f"{tmp_path.name}-{len(written)}.toml"
        path.write_text("\n".join([text, *lines]), encoding="utf-8")
        written.append(path)
        return Study.load(path)

    yield write
    for path in written:
        path.unlink()


@pytest.fixture(scope="module")
def whole(example):
    return Study.load(example.study).run()


@pytest.fixture(scope="module")
def three(example):
    path = example.root / "three.toml"
    path.write_text(example.study.read_text(encoding="utf-8") + "\n" + THREE, encoding="utf-8")
    return Study.load(path).run()


@pytest.fixture(scope="module")
def tracts(example):
    return read_boundaries(example.tracts, year=2023, state="90")


def test_three_counties_have_the_numbers_of_the_whole_state_s_run(whole, three):
    mine = whole.table.index.str[:5].isin(COUNTIES)
    pd.testing.assert_frame_equal(
        pd.DataFrame(three.table), pd.DataFrame(whole.table[mine]), check_exact=True
    )
    pd.testing.assert_frame_equal(pd.DataFrame(three.everywhere), pd.DataFrame(whole.table))
    note = f"{mine.sum()} of {len(whole.table)} areas belong to {three.title}; all were measured"
    assert note in meta(three.table).notes


@pytest.mark.parametrize(
    ("lines", "english", "spanish"),
    [
        ('counties = ["90003", "90011"]', "Kestrin County (synthetic) and Ombrellshire",
         "Kestrin County (synthetic) y Ombrellshire"),
        ('counties = ["90001", "90003", "90005", "90007", "90011"]',
         "5 counties of Example State", "5 condados de Example State"),
        ('tracts = ["{0}", "{1}"]', "2 tracts of Example State",
         "2 sectores censales de Example State"),
        ('states = ["90"]\ncounties = ["90003"]', "Example State and Ombrellshire",
         "Example State y Ombrellshire"),
    ],
)  # fmt: skip
def test_files_name_an_area_in_english_and_a_finding_in_the_language_of_the_run(
    study, whole, lines, english, spanish
):
    asked = study(f"[area]\n{lines.format(*whole.table.index)}\n")
    ground = SimpleNamespace(areas=whole.table, outlines=whole.outlines, blocks=None)
    with language("es"):
        area = pickle.loads(pickle.dumps(find_area(asked.plan, asked.folder, ground)))
        (note, *_) = meta(area.inside(whole.table)).notes[-1:]
        assert replace(whole, area=area).title.startswith(spanish)
        assert spanish in tr(note)
    assert english in note
    assert area.name.startswith(english)
    assert replace(whole, area=area).title == area.name


def test_the_finding_is_about_the_area_and_compares_it_with_the_rest(whole, three):
    report, table = three.report(), whole.table[whole.table["gap_status"] == "ok"]
    assert report.title == (
        "Hollin County (synthetic), Kestrin County (synthetic) and Ombrellshire County "
        "(synthetic), Example State"
    )
    count, inside, around = report.finding[:3]
    assert count.startswith(f"{report.title}: ")
    assert "In the area's under-resourced communities" in inside
    assert "everywhere else in the area" in inside
    assert around.startswith("Compared with the rest of Example State: ")
    # Plain sums, by hand.
    mine = table.index.str[:5].isin(COUNTIES)
    for name, part in (
        ("all of the area", table[mine]),
        ("the rest of Example State", table[~mine]),
    ):
        row = report.comparison.loc[name]
        assert row["areas_n"] == len(part)
        assert row["gap_n"] == pytest.approx(part["gap_n"].sum(), rel=1e-12)
        share = part["no_link_n"].sum() / part["population_n"].sum()
        assert row["no_link_share"] == pytest.approx(share, rel=1e-12)
        assert f"{share:.1%}".replace("%", " %") in around
    difference = report.comparison.loc["difference of the area from the rest"]
    two = report.comparison.loc[["all of the area", "the rest of Example State"]]
    assert difference["gap_share"] == pytest.approx(
        two["gap_share"].iloc[0] - two["gap_share"].iloc[1]
    )
    moe = np.hypot(*two["gap_share_moe"].astype(float))
    assert difference["gap_share_moe"] == pytest.approx(moe)
    assert report.counts.loc["gap_n", "people_n"] == pytest.approx(table[mine]["gap_n"].sum())
    assert set(report.focus) | set(report.others) == set(table.index[mine])


def test_draws_and_other_settings_are_those_of_the_area(whole, three):
    mine = pd.Series(whole.table.index.str[:5].isin(COUNTIES), index=whole.table.index)
    assert three.draws.total() == whole.draws.total(mine)
    own, everywhere = three.choices.settings, whole.choices.settings
    assert own.loc["study", "gap_n"] == pytest.approx(three.table["gap_n"].sum())
    assert (own["gap_n"].dropna() < everywhere["gap_n"].dropna()).all()
    named = three.table["is_under_resourced"] & three.table["falls_short"]
    assert own.loc["study", "named_n"] == named.sum()
    assert list(three.choices.areas.index) == list(three.table.index)
    expected = whole.choices.areas.loc[three.table.index, "settings_n"]
    assert three.choices.areas["settings_n"].tolist() == expected.tolist()


def test_sites_beyond_the_area_still_serve_it(three):
    inside = three.report().table[["geometry"]].dropna()
    shown = three.report().sites
    beyond = shown[~shown.index.isin(shown.sjoin(inside, predicate="within").index)]
    nearest = set(three.table["nearest_site_id"].dropna())
    assert len(beyond)
    assert set(beyond.index) <= nearest


@pytest.mark.parametrize(
    ("lines", "what", "fix"),
    [
        ('counties = ["Holin"]', "'Holin' is no county of Example State", "mean Hollin County"),
        ('counties = ["51169"]', "51169 lies in Virginia, and the study is of Example State", "state in"),
        ('counties = ["Wise County, VA"]', "Wise County is in Virginia", "add that state"),
        ('counties = ["90099"]', "90099 is no county of Example State", "did you mean|there are"),
        ('states = ["VA"]', "Virginia is not among the states of the study", "add it to state"),
        ('tracts = ["51169030100"]', "not among the areas of the study: 1 tract", "vintage"),
        ('counties = ["24210"]', "24210 is no county of Example", "named so: ZIP 24210"),
        ('counties = ["virginia"]', "is no county of Example", "by its postal code: VA"),
        ("counties = []", "names no place", "give states, counties or tracts"),
        ('counties = ["90003"]\npolygons = "x.geojson"', "named in several ways", "keep one"),
        ('county = ["90003"]', "is no field of a study file", "fields here are name, states"),
        ('counties = ["90003"]\ncut = "half"', "is 'half'", "'refuse', 'inside-majority' or 'blocks'"),
    ],
)  # fmt: skip
def test_a_place_that_is_none_is_refused_with_what_is_close(study, lines, what, fix):
    with pytest.raises(EquityError) as caught:
        study(f"[area]\n{lines}").run()
    assert what in str(caught.value)
    assert re.search(fix, str(caught.value.fix))


def test_names_of_counties_are_found_or_refused_but_never_guessed():
    known = {
        "51159": "Richmond County", "51760": "Richmond city", "51059": "Fairfax County",
        "51600": "Fairfax city", "51169": "Scott County", "10005": "Sussex County",
        "51183": "Sussex County", "24047": "Worcester",
    }  # fmt: skip
    assert counties_called(["Scott", "SCOTT  county", "51169"], known) == ["51169"]
    assert counties_called(["Fairfax city", "Sussex County, DE"], known) == ["51600", "10005"]
    assert counties_called(["Worcester County"], known) == ["24047"]
    for name in ("Richmond", "Fairfax", "Sussex County"):
        with pytest.raises(InputError, match=rf"{name}.* is .*\(\d{{5}}\) and .*\(\d{{5}}\)"):
            counties_called([name], known)
    only_city = {code: name for code, name in known.items() if code != "51159"}
    with pytest.raises(InputError, match="'Richmond County' is no county of"):
        counties_called(["Richmond County"], only_city)
    with pytest.raises(InputError, match="cannot be looked up") as caught:
        counties_called(["Scott"], {"51169": ""})
    assert "[counties]" in caught.value.fix


def half(tracts, example, tmp_path, *, crs="EPSG:4269", name="two halves.geojson"):
    """Write a polygon over the eastern half of one county and the western half of the next."""
    pair = tracts[tracts.index.str[:5].isin(["90003", "90005"])]
    west, south, east, north = pair.total_bounds
    middle = (west + east) / 2
    shape = box(middle - (east - west) / 4, south, middle + (east - west) / 4, north)
    path = tmp_path / name
    shapes = gpd.GeoDataFrame({"name": ["Two halves"]}, geometry=[shape], crs="EPSG:4269")
    shapes.to_crs(crs).to_file(path)
    return path, shape


def blocks_line(example):
    return f'blocks = "{example.blocks.relative_to(example.root).as_posix()}"'


def test_areas_cut_by_a_polygon_are_shared_by_their_blocks(study, whole, tracts, example, tmp_path):
    path, shape = half(tracts, example, tmp_path)
    lines = f'[area]\npolygons = "{path.as_posix()}"\n{blocks_line(example)}'
    result = study(lines).run()
    assert result.title == "two halves"
    blocks = read_blocks(example.blocks, year=2020, state="90")
    points = gpd.GeoSeries.from_xy(blocks["lon"], blocks["lat"], crs="EPSG:4269")
    # By hand: people of the blocks inside, tract by tract.
    inside = blocks["population_n"].where(points.within(shape).to_numpy(), 0.0)
    share = inside.groupby(inside.index.str[:11]).sum()
    share /= blocks["population_n"].groupby(blocks.index.str[:11]).sum()
    share = share[share > 0]
    cut = share[share < 1]
    assert len(cut)
    assert (share == 1).any()
    table = result.table[result.table["population_n"] > 0]
    assert set(share.index) == set(table.index)
    expected = whole.table.loc[table.index]
    mine = share.reindex(table.index)
    for name in (
        "population_n",
        "population_n_moe",
        "gap_n",
        "gap_n_moe",
        "gap_p95",
        "gap_n__video_visit",
    ):
        np.testing.assert_allclose(table[name], expected[name] * mine, rtol=1e-12, equal_nan=True)
    for name in ("gap_share", "nearest_site_min", "connected_share"):
        np.testing.assert_array_equal(table[name], expected[name])
    np.testing.assert_allclose(table["inside_share"], mine)
    homes = blocks["housing_n"].where(points.within(shape).to_numpy(), 0.0)
    homes = (
        homes.groupby(homes.index.str[:11]).sum()
        / blocks["housing_n"].groupby(blocks.index.str[:11]).sum()
    )
    homes = expected["households_n"] * homes.reindex(table.index)
    np.testing.assert_allclose(table["households_n"], homes, rtol=1e-12)
    # The two sides make up the whole.
    both = table["gap_n"].sum() + result.rest["gap_n"].sum()
    assert both == pytest.approx(whole.table["gap_n"].sum(), rel=1e-12)
    assert result.draws.total().value == pytest.approx(table["gap_n"].sum(), rel=1e-6)
    of_all = whole.draws.reflected["gap_n"][:, whole.table.index.isin(table.index)]
    own = result.draws.reflected["gap_n"][:, result.table.index.isin(table.index)]
    np.testing.assert_allclose(own, of_all * mine.to_numpy(), rtol=1e-5, atol=1e-3)
    assert result.choices.settings.loc["study", "gap_n"] == pytest.approx(table["gap_n"].sum())
    assert "The line divides" in " ".join(result.report().limits)
    assert "people and homes of its blocks inside" in " ".join(meta(table).notes)


def test_without_blocks_a_line_through_areas_is_refused_or_the_study_says_what_counts(
    study, whole, tracts, example, tmp_path
):
    path, shape = half(tracts, example, tmp_path)
    lines = f'[area]\nname = "Halves"\npolygons = "{path.as_posix()}"'
    with pytest.raises(InputError, match=r"\[area\]: its line divides \d+ areas") as caught:
        study(lines).run()
    assert "inside-majority" in caught.value.fix
    with pytest.raises(StudyError, match="needs populated blocks"):
        study(lines, 'cut = "blocks"').run()
    sliver = tmp_path / "sliver.geojson"
    ends = gpd.GeoSeries([tracts.geometry.iloc[0].centroid.buffer(0.001)], crs=tracts.crs)
    ends.to_file(sliver)
    with pytest.raises(InputError, match="greater part of no area lies in it") as caught:
        study(f'[area]\npolygons = "{sliver.as_posix()}"\ncut = "inside-majority"').run()
    assert 'cut = "blocks"' in caught.value.fix
    result = study(lines, 'cut = "inside-majority"').run()
    flat = tracts.to_crs("EPSG:6933")
    land = flat.intersection(
        gpd.GeoSeries([shape], crs="EPSG:4269").to_crs("EPSG:6933").iloc[0]
    ).area
    most = land / flat.area >= 0.5
    assert set(result.table.index) == set(tracts.index[most]) & set(whole.table.index)
    pd.testing.assert_frame_equal(
        pd.DataFrame(result.table), pd.DataFrame(whole.table.loc[result.table.index])
    )
    assert result.title == "Halves"
    assert "with most of their land inside count whole" in " ".join(result.report().limits)


def test_a_polygon_in_another_projection_is_the_same_place(study, tracts, example, tmp_path):
    path, _ = half(tracts, example, tmp_path)
    other, _ = half(tracts, example, tmp_path, crs="EPSG:5070", name="metres.gpkg")
    tables = [
        study(f'[area]\npolygons = "{file.as_posix()}"\n{blocks_line(example)}').run().table
        for file in (path, other)
    ]
    pd.testing.assert_frame_equal(pd.DataFrame(tables[0]), pd.DataFrame(tables[1]))


def test_a_polygon_elsewhere_or_in_coordinates_it_does_not_name_is_refused(study, tracts, tmp_path):
    sea = tmp_path / "sea.geojson"
    gpd.GeoSeries([box(3, 54, 4, 55)], crs="EPSG:4326").to_file(sea)
    with pytest.raises(
        InputError, match="touch no area of Example State: they lie at 54"
    ) as caught:
        study(f'[area]\npolygons = "{sea.as_posix()}"').run()
    assert "coordinate reference system" in caught.value.fix
    metres = gpd.GeoSeries(tracts.geometry.iloc[:1].to_crs("EPSG:5070").to_numpy(), crs="EPSG:4326")
    metres.to_file(sea)
    with pytest.raises(EquityError, match="outside the Earth"):
        study(f'[area]\npolygons = "{sea.as_posix()}"').run()
    with pytest.raises(MissingFileError):
        study('[area]\npolygons = "nowhere.geojson"').run()


def test_what_reading_polygons_had_to_say_is_told_with_the_area(looked_up, whole, tmp_path):
    """A bow tie is mended; a shapefile that names no reference system is refused."""
    west, south, east, north = whole.everywhere.total_bounds
    bow = Polygon([(west, south), (east, north), (east, south), (west, north)])
    path = tmp_path / "bow.shp"
    gpd.GeoSeries([bow], crs="EPSG:4269").to_file(path)
    lines = f'polygons = "{path.as_posix()}"\ncut = "inside-majority"'
    told = meta(looked_up(lines).inside(whole.everywhere)).notes
    assert any("repaired" in note for note in told)
    path.with_suffix(".prj").unlink()
    with pytest.raises(EquityError, match="coordinate reference system"):
        looked_up(lines)


def test_polygons_are_picked_by_name(study, tracts, tmp_path):
    path = tmp_path / "districts.geojson"
    counties = tracts.dissolve(by=tracts.index.str[:5].to_numpy()).reset_index(names="code")
    counties["label"] = "District " + counties["code"].str[-1]
    counties[["label", "geometry"]].to_file(path)
    lines = f'[area]\npolygons = "{path.as_posix()}"\ncut = "inside-majority"'
    result = study(lines, 'only = ["district 3"]').run()
    assert set(result.table.index.str[:5]) == {"90003", "90013"}
    assert result.title == "District 3"
    with pytest.raises(InputError, match="'District 33' is no polygon") as caught:
        study(lines, 'only = ["District 33", "District 3"]').run()
    assert "did you mean District 3" in caught.value.fix


def districts(tmp_path, text, name="districts.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return f'[area.districts]\nfile = "{path.as_posix()}"\ndistrict = "district"'


ROWS = [
    ("Quillbrook County", "North"), ("Ombrellshire County", "North"), ("Tarnwick", "East"),
    ("Fenlowe", "East"), ("Dunmoss", "East"), ("Kestrin", "South"), ("Varrow", "South"),
    ("Hollin", "South"), ("Eldenfen", "South"),
]  # fmt: skip


def as_csv(rows):
    return "county,district\n" + "".join(f"{c},{d}\n" for c, d in rows)


def test_a_table_of_districts_makes_a_level_of_its_own(study, whole, tmp_path):
    rows = [*ROWS[:-1], ("Elderfen", "South")]
    result = study(districts(tmp_path, as_csv(rows))).run()
    assert result.title == "Example State"
    assert result.rest is None
    assert not [s for s in result.report().finding if "Compared with" in s]
    levels = result.at("district")
    assert levels.index.tolist() == ["East", "North", "South"]
    east = whole.table.index.str[:5].isin(["90005", "90007", "90009"])
    for name in ("population_n", "gap_n", "no_link_n__video_visit"):
        assert levels.loc["East", name] == pytest.approx(whole.table.loc[east, name].sum())
    assert levels["areas_n"].sum() == len(whole.table)
    flat = [table.to_crs("EPSG:5070").area.sum() for table in (levels, whole.table)]
    assert flat[0] == pytest.approx(flat[1], rel=1e-3)
    only = study(districts(tmp_path, as_csv(rows[:3])), 'only = ["east"]').run()
    assert only.title == "East"
    assert set(only.table.index.str[:5]) == {"90005"}


@pytest.mark.parametrize(
    ("text", "what", "fix"),
    [
        (as_csv([*ROWS[:2], ("Ombrellshire", "East")]),
         "1 areas belong to two districts: 90003 to North and East", "keep one row"),
        (as_csv(ROWS[:3]), "in 6 counties, belong to no district", "add their rows"),
        (as_csv(ROWS), "'Eldenfen' is no county of Example State", "did you mean Elderfen"),
        (as_csv([("Hollin", " ")]), "no row names a district", "the right file"),
        ("county,region\n90003,North\n", "lacks column district", "the file has county, region"),
        ("county;district\n90003;North\n", "separated by semicolons", "say so with delimiter="),
    ],
)  # fmt: skip
def test_districts_with_holes_overlaps_or_strangers_are_refused(study, tmp_path, text, what, fix):
    with pytest.raises(EquityError) as caught:
        study(districts(tmp_path, text)).run()
    assert what in str(caught.value)
    assert fix is None or fix in caught.value.fix


def test_tracts_may_be_placed_in_districts_and_unknown_ones_are_told(study, whole, tmp_path):
    ids = whole.table.index
    text = "GEOID,district\n" + "".join(
        f"{g},{'A' if i < 40 else 'B'}\n" for i, g in enumerate(ids)
    )
    result = study(districts(tmp_path, text), 'only = ["A"]').run()
    assert list(result.table.index) == list(ids[:40])
    with pytest.raises(InputError, match="'C' is no district"):
        study(districts(tmp_path, text), 'only = ["C"]').run()


def test_rows_of_districts_that_nothing_needs_are_counted_in_the_record(
    looked_up, tracts, tmp_path
):
    """Of other states, by code or by name; and tracts that the study has not."""
    rows = [(code, "A") for code in ("90001", "90003", "51195", "51105", "51105")]
    only = '\nonly = ["A"]'

    def notes(lines):
        [source] = looked_up(lines.removeprefix("[area]\n")).sources
        return source.note

    def table(rows):
        return "[area]\n" + districts(tmp_path, as_csv(rows))

    assert notes(table(rows[:2]) + only) == ""
    assert notes(table(rows) + only) == "districts.csv: 3 rows of other states left out"
    named = [("Quillbrook", "A"), ('"Wise County, VA"', "B")]
    assert notes(table(named) + only) == "districts.csv: 1 rows of other states left out"
    mine = [(tract, "A") for tract in tracts.index[:3]]
    strange = table([*mine, ("51195930900", "A"), ("90001990100", "B")])
    assert notes(strange + only) == (
        "districts.csv: 1 rows of other states left out; "
        "districts.csv: 1 rows of areas that the study does not have left out"
    )
    with pytest.raises(InputError, match="1 area of A is not among those of the study") as caught:
        notes(table([*mine, ("90001990100", "A")]) + only)
    assert caught.value.rows == ["90001990100"]
    with pytest.raises(InputError, match="none of its 2 rows lies in a state of the study"):
        notes(table(rows[2:4]) + only)


def test_zip_areas_are_found_by_their_land(study, looked_up, tracts, tmp_path):
    first, second, third = tracts.index[:3]
    text = "GEOID_ZCTA5_20|GEOID_TRACT_20|AREALAND_PART\n" + "".join(
        f"{z}|{t}|{a}\n"
        for z, t, a in [
            ("24210", first, 100),
            ("24210", second, 40),
            ("24211", second, 60),
            ("24211", third, 9),
        ]
    )
    path = tmp_path / "zcta.txt"
    path.write_text(text, encoding="utf-8")
    lines = f'[area]\nfile = "{path.as_posix()}"\nzctas = '
    with pytest.raises(InputError, match="divides 1 area ") as caught:
        study(lines + '["24210"]').run()
    assert caught.value.rows == [second]
    result = study(lines + '["24210"]', 'cut = "inside-majority"').run()
    assert list(result.table.index) == [first]
    assert result.title == "ZIP area 24210"
    assert len(study(lines + '["24210", "24211"]').run().table) == 3
    # Up to a hundredth of the land is how far outlines differ: 1 of 150 is none of it, 2 is.
    for land in (149, 148):
        rows = f"24212|{second}|{land}\n24213|{second}|{150 - land}\n"
        (tmp_path / f"{land}.txt").write_text(text.splitlines()[0] + "\n" + rows, encoding="utf-8")
    area = looked_up(f'file = "{(tmp_path / "149.txt").as_posix()}"\nzctas = ["24212"]')
    assert area.shares["area"].to_dict() == {second: 1.0}
    with pytest.raises(InputError, match="divides 1 area "):
        looked_up(f'file = "{(tmp_path / "148.txt").as_posix()}"\nzctas = ["24212"]')
    with pytest.raises(GeoidError, match="24999 is no ZIP Code Tabulation Area"):
        study(lines + '["24999"]').run()


@pytest.fixture
def looked_up(study, whole):
    """A function that finds an area by lines of [area], without a run."""
    ground = SimpleNamespace(areas=whole.everywhere, outlines=whole.outlines, blocks=None)

    def look(lines: str) -> Area:
        asked = study(f"[area]\n{lines}")
        return find_area(asked.plan, asked.folder, ground)

    return look


def zipped(tmp_path, name, columns, shapes):
    """Write a zipped shapefile as the Census Bureau names it and its columns."""
    folder = tmp_path / f"in {name}"
    folder.mkdir()
    gpd.GeoDataFrame(columns, geometry=shapes, crs="EPSG:4269").to_file(folder / f"{name}.shp")
    return Path(shutil.make_archive(str(tmp_path / name), "zip", folder)).as_posix()


TIGER_ZCTA = "ZCTA5CE20 GEOID20 CLASSFP20 MTFCC20 FUNCSTAT20 ALAND20 AWATER20 INTPTLAT20 INTPTLON20"


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("tl_2020_us_zcta520", TIGER_ZCTA),
        ("tl_2024_us_zcta520", TIGER_ZCTA.replace(" CLASSFP20", " GEOIDFQ20 CLASSFP20")),
        ("cb_2020_us_zcta520_500k", "ZCTA5CE20 AFFGEOID20 GEOID20 NAME20 LSAD20 ALAND20 AWATER20"),
    ],
)
def test_zip_areas_are_found_in_each_published_file(looked_up, tracts, tmp_path, name, columns):
    counties = ["90003", "90013"]
    parts = [tracts[tracts.index.str[:5] == code] for code in counties]
    cells = {
        "ZCTA5CE20": ["24210", "24211"], "GEOID20": ["24210", "24211"], "AWATER20": [0, 0],
        "AFFGEOID20": ["860Z200US24210", "860Z200US24211"],
        "GEOIDFQ20": ["860Z200US24210", "860Z200US24211"],
        "ALAND20": [int(part["land_km2"].sum() * 1e6) for part in parts],
        "NAME20": ["24210", "24211"], "LSAD20": ["Z5", "Z5"], "CLASSFP20": ["B5", "B5"],
        "MTFCC20": ["G6350", "G6350"], "FUNCSTAT20": ["S", "S"],
        "INTPTLAT20": ["+38.1", "+38.2"], "INTPTLON20": ["-080.1", "-080.2"],
    }  # fmt: skip
    shapes = [part.union_all() for part in parts]
    path = zipped(tmp_path, name, {column: cells[column] for column in columns.split()}, shapes)
    lines = f'file = "{path}"\ncut = "inside-majority"\nzctas = '
    area = looked_up(f'{lines}["24211"]')
    assert set(area.shares.index) == set(parts[1].index)
    assert {source.vintage for source in area.sources} == {name[3:7]}
    with pytest.raises(GeoidError, match="24999 is no ZIP Code Tabulation Area"):
        looked_up(f'{lines}["24999"]')


def test_the_published_table_of_zip_areas_has_land_in_none(looked_up, tracts, tmp_path):
    first, second = tracts.index[:2]
    side = "OID_{0}|GEOID_{0}|NAMELSAD_{0}|AREALAND_{0}|AREAWATER_{0}|MTFCC_{0}|"
    head = f"{side}CLASSFP_{{0}}|FUNCSTAT_{{0}}|".format("ZCTA5_20")
    head += f"{side}FUNCSTAT_{{0}}|AREALAND_PART|AREAWATER_PART".format("TRACT_20")

    def row(zcta, tract, land):
        known = f"8601|{zcta}|ZCTA5 {zcta}|100|0|G6350|B5|S|" if zcta else "|" * 8
        return f"{known}2079|{tract}|Census Tract|100|0|G5020|S|{land}|0"

    path = tmp_path / "tab20_zcta520_tract20_natl.txt"
    rows = [row("24210", first, 70), row("", first, 30), row("24210", second, 100)]
    assert head.count("|") == rows[0].count("|") == rows[1].count("|") == 16
    path.write_text("\n".join(["\ufeff" + head, *rows, ""]), encoding="utf-8")
    lines = f'file = "{path.as_posix()}"\nzctas = ["24210"]'
    with pytest.raises(InputError, match="divides 1 area") as caught:
        looked_up(lines)
    assert caught.value.rows == [first]
    area = looked_up(f'{lines}\ncut = "inside-majority"')
    assert set(area.shares.index) == {first, second}


@pytest.mark.parametrize("name", ["tl_2020_us_aiannh", "cb_2022_us_aiannh_500k"])
def test_tribal_areas_are_found_in_each_published_file(looked_up, tracts, tmp_path, name):
    """Its two parts, reservation and trust land, under one code; another people of a like name."""
    counties = {code: tracts[tracts.index.str[:5] == code] for code in ("90003", "90009", "90013")}
    cells = {
        "AIANNHCE": ["2780", "2780", "0555"], "AIANNHNS": ["02418814", "02418814", "02418815"],
        "GEOID": ["2780R", "2780T", "0555R"], "NAME": ["Alder", "Alder", "Alder"],
        "NAMELSAD": ["Alder Reservation and Off-Reservation Trust Land"] * 2 + ["Alder Rancheria"],
        "LSAD": ["85", "85", "83"], "CLASSFP": ["D8", "D8", "D2"], "COMPTYP": ["R", "T", "R"],
        "AIANNHR": ["F", "F", "F"], "ALAND": [1, 1, 1], "AWATER": [0, 0, 0],
    }  # fmt: skip
    shapes = [part.union_all() for part in counties.values()]
    path = zipped(tmp_path, name, cells, shapes)
    lines = f'file = "{path}"\ncut = "inside-majority"\ntribal = '
    for text, codes in (
        ("Alder Rancheria", ["90013"]),
        ("alder reservation and off-reservation trust land", ["90003", "90009"]),
        ("2780t", ["90009"]),
    ):
        area = looked_up(f'{lines}["{text}"]')
        assert set(area.shares.index) == {i for code in codes for i in counties[code].index}
        assert {source.vintage for source in area.sources} == {name[3:7]}
    with pytest.raises(InputError, match=r"'Alder' is .*2780R.* and Alder Rancheria \(0555R\)"):
        looked_up(f'{lines}["Alder"]')
    one = {column: values[:2] for column, values in cells.items()}
    path = zipped(tmp_path, name.replace("_us_", "_90_"), one, shapes[:2])
    area = looked_up(f'file = "{path}"\ncut = "inside-majority"\ntribal = ["Alder"]')
    assert area.name == "Alder Reservation and Off-Reservation Trust Land"
    assert set(area.shares.index.str[:5]) == {"90003", "90009"}


def test_tribal_areas_are_found_by_name(study, tracts, tmp_path):
    path = tmp_path / "aiannh.geojson"
    land = tracts[tracts.index.str[:5] == "90013"].union_all()
    gpd.GeoDataFrame(
        {"GEOID": ["9001R"], "NAMELSAD": ["Alder Reservation"], "COMPTYP": ["R"]},
        geometry=[land], crs="EPSG:4269",
    ).to_file(path)  # fmt: skip
    lines = f'[area]\nfile = "{path.as_posix()}"\ncut = "inside-majority"\ntribal = '
    result = study(lines + '["Alder reservation"]').run()
    assert set(result.table.index.str[:5]) == {"90013"}
    with pytest.raises(InputError, match="is no tribal area") as caught:
        study(lines + '["Elder Reservation"]').run()
    assert "did you mean Alder Reservation" in caught.value.fix


def test_counties_add_up_to_the_state_and_say_what_stays_behind(whole):
    counties, table = whole.at("county"), whole.table
    by_county = table.groupby(table.index.str[:5])
    for name in (
        "population_n",
        "gap_n",
        "gap_both_n",
        "no_link_n",
        "gap_n__video_visit",
    ):
        np.testing.assert_allclose(counties[name], by_county[name].sum(), rtol=1e-12)
        assert counties[name].sum() == pytest.approx(table[name].sum(), rel=1e-12)
    known = table[table["gap_n"].notna()]
    shares = known.groupby(known.index.str[:5])[["gap_n", "population_n"]].sum()
    np.testing.assert_allclose(counties["gap_share"], shares["gap_n"] / shares["population_n"])
    homes = table["connected_share"] * table["households_n"]
    homes = homes.groupby(table.index.str[:5]).sum() / by_county["households_n"].sum()
    np.testing.assert_allclose(counties["connected_share"], homes)
    named = (table["is_under_resourced"] & table["falls_short"]).groupby(table.index.str[:5]).sum()
    assert counties["named_n"].tolist() == named.tolist()
    first = (
        table["population_n"]
        .where(table["is_under_resourced"], 0)
        .groupby(table.index.str[:5])
        .sum()
    )
    assert counties["under_resourced_people_n"].tolist() == first.tolist()
    assert counties["name"].str.contains("County").all()
    assert meta(counties).level == "county"
    assert "left behind, as they do not add up" in " ".join(meta(counties).notes)
    assert "nearest_site_min" not in counties
    state = whole.at("state")
    assert state["gap_n"].tolist() == [pytest.approx(table["gap_n"].sum())]
    assert whole.at("tract") is table
    with pytest.raises(InputError, match="names no districts"):
        whole.at("district")
    # The same by the public function, as it is.
    plain = roll_up(table, "county")
    np.testing.assert_array_equal(plain["gap_n"], counties["gap_n"])


def test_a_run_writes_its_counties_as_table_and_map(three, tmp_path):
    folder = three.write(tmp_path / "out")
    counties = pd.read_csv(folder / "counties.csv", dtype={"geoid": str}, index_col="geoid")
    assert counties.index.tolist() == COUNTIES
    assert counties["gap_n"].sum() == pytest.approx(three.table["gap_n"].sum(), rel=1e-6)
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert 'href="counties.html"' in page
    assert 'href="counties.csv"' in page
    assert "Kestrin County" in (folder / "counties.html").read_text(encoding="utf-8")
    assert THREE.strip() in (folder / "study.toml").read_text(encoding="utf-8")
    # On fact sheets the area and its counties stand beside what lies around them, a tract does not.
    around = three.report().comparison.loc["the rest of Example State"]
    whole, county, tract = fact_sheets(
        folder, [three.title, COUNTIES[0], three.table.index[0]]
    ).sheets
    for sheet, labels in ((whole, ["all", "rest"]), (county, ["here", "all", "rest"])):
        assert bar_labels(sheet) == labels
        last = sheet.places.iloc[-1]
        assert last["name"] == "Rest of Example State (synthetic)"
        for name in ("population_n", "gap_n", "gap_share", "gap_share_moe", "no_link_share"):
            assert last[name] == pytest.approx(around[name])
    assert bar_labels(tract) == ["here", "county", "all"]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Wise County, Lee County", 'counties = ["Wise County", "Lee County"]'),
        ("Wise County, VA, 51105", 'counties = ["Wise County, VA", "51105"]'),
        ("51195000100", 'tracts = ["51195000100"]'),
        ("zip 24210, ZCTA 24211", 'zctas = ["24210", "24211"]'),
        ("DE, Wise", 'states = ["DE"]\ncounties = ["Wise"]'),
        ("1400000US51195000100, 0500000US51105", 'tracts = ["51195000100"]\ncounties = ["51105"]'),
        ("tribal Pamunkey, Tribal area Rappahannock", 'tribal = ["Pamunkey", "Rappahannock"]'),
        ("a.csv", '.districts]\nfile = "a.csv"'),
        ("a.csv: North East, West", '.districts]\nfile = "a.csv"\nonly = ["North East", "West"]'),
        ("b.geojson:North", 'polygons = "b.geojson"\nonly = ["North"]'),
    ],
)
def test_what_a_person_types_becomes_lines_of_a_study(text, lines, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.csv", "b.geojson"):
        (tmp_path / name).write_text("")
    there = lines if lines.startswith(".") else f"]\n{lines}"
    assert area_lines(text, Path()) == f"[area{there}\n"
    assert area_slug(text) == re.sub("[^a-z0-9]+", "-", re.sub(r"\.\w+", "", text).lower())


def test_the_column_of_districts_is_found_or_asked_for(study, tmp_path):
    rows = [f"{c};{d};x" for c, d in [*ROWS[:-1], ("Elderfen", "South")]]

    def run_with(head, name):
        line = districts(tmp_path, "\n".join([head, *rows]), name).rpartition("\n")[0]
        return study(line, 'delimiter = ";"\nonly = ["East"]').run()

    found = run_with("county;Health District;note", "named.csv")
    assert set(found.table.index.str[:5]) == {"90005", "90007", "90009"}
    with pytest.raises(MissingColumnError, match="which column names the districts") as caught:
        run_with("county;a;b", "unnamed.csv")
    assert 'district = "…"' in caught.value.fix


def test_the_command_runs_an_area_of_a_study_into_a_folder_of_its_own(
    example, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    run(str(example.study), area="Hollin, Kestrin County")
    folder = tmp_path / "maps" / "example-hollin-kestrin-county"
    assert '[area]\ncounties = ["Hollin", "Kestrin County"]' in (folder / "study.toml").read_text()
    with pytest.raises(InputError, match="names no place"):
        run(str(example.study), area=" , ")
    with pytest.raises(MissingFileError, match="no such file of polygons or districts"):
        run(str(example.study), area="nowhere.geojson")
    with pytest.raises(StudyError, match=r"has an \[area\] of its own"):
        run(str(folder / "study.toml"), area="Hollin")


def test_adoption_by_person_counts_the_part_inside(three):
    """Homes by the part of the homes inside, people by that of the people; the rest of it outside."""
    ids = three.everywhere.index
    cells = {"B28004_002": 50, "B28004_004": 20, "B28005_014": 80, "B28005_017": 60}
    acs = pd.DataFrame({f"{code}E": np.full(len(ids), n, float) for code, n in cells.items()}, ids)
    shares = three.area.shares.copy()
    shares.loc[shares.index[0], ["housing", "population"]] = [0.5, 0.25]
    cut = replace(three, by_person=person_counts(acs), area=replace(three.area, shares=shares))
    found = totals.by_person(cut, three.table)["asked_n"]
    n = len(three.table)
    assert found["income_under_10k_subscription_share"] == 50 * (n - 0.5)
    assert found["age_65_connected_share"] == 80 * (n - 0.75)
    assert totals.by_person(replace(cut, by_person=None), three.table) is None
