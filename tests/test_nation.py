"""``equity run US``: each state a study of its own, and one page that leads to all."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import replica_publishers as publishers
from dask_cluster import local_cluster
from outputs_data import config_of, inflate
from shapely.geometry import box

from equity import settings
from equity.areas.geoid import NATION, STATES
from equity.cli import run
from equity.errors import EquityError, InputError, NetworkError, StudyError
from equity.provenance import meta
from equity.study.factsheet import fact_sheets
from equity.study.nation import run_states
from equity.study.planning import plan_run
from equity.study.run import Study
from equity.study.runs import read_run
from equity.study.template import study_text
from equity.study.workers import workers_for

STUDY = """\
[study]
id = "three"
title = "Three states"
state = [
    "DE",
    "MD", "VA",
]
state_by_state = true
rules = ["fcc-25-3", "fcc-706-2024"]
headline = "fcc-25-3"

[boundaries]
file = "tracts_{state}.geojson"
year = 2020

[coverage]
kind = "summary"
files = "lines_{state}.csv"
as_of = "2024-12-31"
columns = { homes = "locations_n", full = "served_n", some = "underserved_n", none = "unserved_n" }

[[acs]]
files = "acs_{state}.csv"
year = 2021

[[sites]]
file = "clinics.csv"
as_of = "2024"
reader = "points"
columns = { id = "id", name = "name", lon = "lon", lat = "lat" }
kind = "Federally Qualified Health Center"
use = "sites"

[[care]]
kinds = ["health_center"]
limit_min = 30

[under_resourced]
[[under_resourced.criteria]]
column = "no_device_share"
label = "at least 15 % of homes without a device"
at_least = 0.15
"""
CORNERS = {"10": -75.8, "24": -77.0, "51": -78.2}
COUNTS = ("population_n", "beyond_reach_n", "gap_n", "no_link_n", "gap_line_only_n")


def write_state(folder: Path, fips: str) -> None:
    """Twelve tracts in a row of two counties, the columns of one state beside those of the next."""
    rng = np.random.default_rng(int(fips))
    ids = [f"{fips}00{1 + 2 * (i // 6)}{i % 6 + 1:04d}00" for i in range(12)]
    shapes = [box(x, y, x + 0.2, y + 0.2) for i in range(12)
              for x, y in [(CORNERS[fips] + 0.2 * (i % 6), 38.0 + 0.2 * (i // 6))]]  # fmt: skip
    gpd.GeoDataFrame({"GEOID": ids, "NAME": ids}, geometry=shapes, crs="EPSG:4269").to_file(
        folder / f"tracts_{fips}.geojson"
    )
    homes = rng.integers(800, 2000, 12)
    device = (homes * rng.uniform(0.7, 0.98, 12)).astype(int)
    broadband = (device * rng.uniform(0.7, 0.98, 12)).astype(int)
    codes = {
        "B01003_001": homes * 5 // 2, "B28003_001": homes, "B28003_002": device,
        "B28003_004": broadband, "B28001_001": homes, "B28001_002": device,
        "B28002_001": homes, "B28002_004": broadband, "B28002_007": broadband * 8 // 10,
    }  # fmt: skip
    acs = {"GEO_ID": [f"1400000US{i}" for i in ids]}
    for code, values in codes.items():
        acs |= {f"{code}E": values, f"{code}M": np.sqrt(values).astype(int) * 3}
    pd.DataFrame(acs).to_csv(folder / f"acs_{fips}.csv", index=False)
    full, some = homes * 6 // 10, homes * 2 // 10
    lines = {"GEOID": ids, "homes": homes, "full": full, "some": some, "none": homes - full - some}
    pd.DataFrame(lines).to_csv(folder / f"lines_{fips}.csv", index=False)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("states")
    for fips in CORNERS:
        write_state(folder, fips)
    # One clinic in Maryland, at its border with Delaware; none in Delaware or Virginia.
    clinics = pd.DataFrame(
        [("a", "Border Clinic", -75.85, 38.1)], columns=["id", "name", "lon", "lat"]
    )
    clinics.to_csv(folder / "clinics.csv", index=False)
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def nation(files):
    """What a run says of all states, and the folder that it wrote."""
    folder = files / "out"
    return run_states(Study.load(files / "study.toml"), folder, workers=1), folder


@pytest.fixture(scope="module")
def alone(files, nation):
    """The result of each state's own study file, as the run of all wrote it."""
    found = {}
    for usps in ("de", "md", "va"):
        path = files / f"{usps}.toml"
        path.write_bytes((nation[1] / usps / "study.toml").read_bytes())
        found[usps] = Study.load(path).run()
    return found


def table_of(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype={"geoid": str}, comment="#").set_index("geoid")


def test_each_state_is_what_its_own_study_gives(nation, alone):
    for usps, result in alone.items():
        written = table_of(nation[1] / usps / "communities.csv")
        for name in (*COUNTS, "nearest_site_min", "focus_probability"):
            np.testing.assert_allclose(written[name], result.table[name], rtol=0, atol=5e-4)


def test_one_file_holds_counties_and_each_state_s_tracts_as_its_own_page_shows_them(nation, alone):
    text = (nation[1] / "index.html").read_text()
    views = config_of(text)["views"]
    assert [view.get("part") for view in views] == [None, None, "10", "24", "51"]
    assert [view["label"] for view in views[:2]] == ["counties", "states"]
    for view in views[2:]:
        (held,) = re.findall(
            rf'<script type="application/json" id="eq-\w+-{view["part"]}">(.*)</script>', text
        )
        values = json.loads(inflate(json.loads(held)["table"]))
        own = alone[STATES[view["part"]].usps.lower()].table
        assert values["geoid"] == list(own.index)
        np.testing.assert_allclose(values["sums"]["gap_n"], own["gap_n"], rtol=0, atol=0.01)
        assert {"gap_n", "gap_n__fcc_706_2024", "nearest_site_km"} <= {
            column["name"] for column in values["columns"] if "code" in column
        }


def test_totals_of_the_nation_are_the_sums_of_the_states(nation, alone):
    report, folder = nation
    states, counties = table_of(folder / "states.csv"), table_of(folder / "counties.csv")
    for name in COUNTS:
        by_hand = {r.plan.study.state[0]: r.table[name].sum() for r in alone.values()}
        assert by_hand["10"] >= 0
        for table in (states.groupby(level=0), counties.groupby(counties.index.str[:2])):
            assert table[name].sum().to_dict() == pytest.approx(by_hand, rel=0, abs=5e-3)
        if name in report.counts.index:
            assert report.counts.loc[name, "people_n"] == pytest.approx(sum(by_hand.values()))
    assert report.counts.loc["gap_n", "people_n"] > 100
    assert counties.index.tolist() == ["10001", "10003", "24001", "24003", "51001", "51003"]
    assert counties["areas_n"].tolist() == [6] * 6


def test_margins_and_intervals_are_those_of_independent_states(nation, alone):
    counts = nation[0].counts
    each = [result.report().counts for result in alone.values()]
    for name in ("population_n", "gap_n", "no_link_n"):
        moe = np.sqrt(sum(one.loc[name, "people_n_moe"] ** 2 for one in each))
        assert counts.loc[name, "people_n_moe"] == pytest.approx(moe)
    for name in ("gap_n", "no_link_n"):
        for end in ("p05_n", "p95_n"):
            off = np.sqrt(
                sum((one.loc[name, "people_n"] - one.loc[name, end]) ** 2 for one in each)
            )
            assert abs(counts.loc[name, end] - counts.loc[name, "people_n"]) == pytest.approx(off)
    assert (
        counts.loc["gap_n", "p05_n"]
        < counts.loc["gap_n", "people_n"]
        < counts.loc["gap_n", "p95_n"]
    )


def test_settings_and_named_places_add_up(nation, alone):
    report, each = nation[0], [result.choices.settings for result in alone.values()]
    for key in ("study", "limit-20", "spread-0", "rule-fcc-706-2024"):
        for name in ("gap_n", "named_n", "named_people_n"):
            total = sum(one.loc[key, name] for one in each)
            assert report.settings.loc[key, name] == pytest.approx(total)
    # Places named under both settings, of those named under either.
    both = either = 0
    for result in alone.values():
        row = result.choices.settings.loc["limit-20"]
        share, n, own = row["overlap_share"], row["named_n"], len(result.focus)
        shared = share * (n + own) / (1 + share) if n + own else 0
        both, either = both + shared, either + n + own - shared
    assert report.settings.loc["limit-20", "overlap_share"] == pytest.approx(both / either)
    focus = sum(len(result.focus) for result in alone.values())
    assert focus > 0
    assert report.settings.loc["study", "named_n"] == focus


def test_a_clinic_across_the_border_counts(alone):
    delaware = alone["de"].table
    assert delaware["nearest_site_min"].min() < 30
    assert delaware["beyond_reach_share"].min() < 0.5 < delaware["beyond_reach_share"].max()


def test_the_page_of_all_leads_to_each_state_and_has_counties_first(nation):
    report, folder = nation
    page = (folder / "index.html").read_text(encoding="utf-8")
    for usps in ("de", "md", "va"):
        assert page.count(f'href="{usps}/index.html"') == 1
        assert (folder / usps / "index.html").is_file()
        assert (folder / usps / "appendix.pdf").is_file()
        assert (folder / usps / "factsheet.pdf").is_file()
    assert "all are in communities.csv" not in page
    assert "are listed on the pages of their states" in page
    assert "the overall rate of its state" in page
    assert "Nothing was drawn across states" in page
    assert report.title == "Three states"
    names = {path.name for path in folder.iterdir() if path.is_file()}
    assert {"counties.csv", "counties.parquet", "counties.gpkg", "counties.xlsx", "states.csv",
            "states.html", "map.html", "appendix.pdf", "provenance.json"} <= names  # fmt: skip
    assert not {"communities.csv", "factsheet.pdf"} & names
    assert "factsheet" not in page
    assert gpd.read_parquet(folder / "counties.parquet").geometry.notna().all()
    assert [layer.name for layer in report.layers][:2]
    assert meta(report.table).geo_vintage == "2020"
    record = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
    assert not any("file" in source for source in record["sources"])


def written(folder: Path) -> dict[Path, bytes]:
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.long
def test_a_run_by_two_workers_takes_the_place_of_the_first_with_the_same_bytes(
    files, nation, monkeypatch, capsys
):
    monkeypatch.setenv("EQUITY_WORKERS", "2")
    before = written(nation[1])
    run(str(files / "study.toml"), nation[1])
    assert written(nation[1]) == before
    told = capsys.readouterr().out
    assert sorted(re.findall(r"^(.+): [\d,]+ of", told, re.MULTILINE)) == [
        "Delaware", "Maryland", "Virginia",
    ]  # fmt: skip


class Deadly:
    """Whoever unpickles it ends."""

    def __reduce__(self):
        return os._exit, (3,)


@pytest.mark.long
def test_a_worker_that_dies_ends_in_one_error_that_names_its_states(files, tmp_path, monkeypatch):
    monkeypatch.setattr("equity.study.apart._run_here", Deadly())
    with pytest.raises(EquityError, match="died while it ran Delaware or Maryland, ") as caught:
        run_states(Study.load(files / "study.toml"), tmp_path / "out", workers=2)
    assert caught.value.code == "E-WORKER"
    assert "EQUITY_WORKERS=1" in str(caught.value)


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are counted in /proc")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_whatever_ends_a_run_ends_its_workers(files, tmp_path, sent):
    command = [sys.executable, "-m", "equity", "run", str(files / "study.toml"), "--out"]
    with subprocess.Popen(
        [*command, str(tmp_path / "out")],
        env={**os.environ, "EQUITY_WORKERS": "2"},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # A shell in the background ignores Ctrl-C for all that it starts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    ) as began:
        wait_until(lambda: len(processes_of(began.pid)) >= 3)  # workers and multiprocessing's own
        began.send_signal(sent)
        assert began.wait(timeout=60) != 0
        wait_until(lambda: not processes_of(began.pid))


def processes_of(session: int) -> list[int]:
    """List the processes of a session that are alive."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            state, _, _, own = (entry / "stat").read_text().rsplit(")", 1)[1].split()[:4]
        except OSError:
            continue
        if int(own) == session and state != "Z":
            found.append(int(entry.name))
    return found


def wait_until(true) -> None:
    until = time.monotonic() + 60
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("asked", "setting", "memory", "cores", "jobs", "found"),
    [
        (None, None, 64, 8, 56, 8),
        (None, None, 8, 8, 56, 2),
        (None, None, 1, 8, 56, 1),
        (None, None, 64, 8, 2, 2),
        (None, 5, 8, 2, 56, 5),
        (3, 5, 8, 2, 56, 3),
    ],
)
def test_workers_are_as_many_as_cores_memory_and_states_allow_or_as_asked_for(
    monkeypatch, asked, setting, memory, cores, jobs, found
):
    settings.configure(workers=setting)
    monkeypatch.setattr("equity.study.workers._memory", lambda: memory << 30)
    monkeypatch.setattr("equity.study.workers._cores", lambda: cores)
    assert workers_for(jobs, asked) == found


def test_a_plan_of_states_has_one_budget_over_the_areas_of_all(nation):
    report, folder = nation
    past = read_run(folder)
    parts = [
        gpd.read_parquet(folder / state / "communities.parquet") for state in ("de", "md", "va")
    ]
    assert past.table.index.tolist() == [geoid for part in parts for geoid in part.index]
    found = plan_run(folder, budget_usd=3e7, made_up=True, draws=0)
    assert {areas[0][:2] for areas in found.portfolio.chosen["areas"]} == {"10", "24", "51"}
    gap = found.scenario.counts.loc["gap_n"]
    assert gap["before"] == pytest.approx(sum(part["gap_n"].sum() for part in parts))
    assert -gap["change"] == pytest.approx(found.portfolio.people_n)
    assert len(found.areas) == len(past.table)
    # Drawn are counties, as on the page of all.
    assert found.report.areas.index.tolist() == report.table.index.tolist()
    assert found.report.areas["plan_people_n"].sum() == pytest.approx(found.portfolio.people_n)
    assert found.need.counts.loc["gap_n", "people_n"] == pytest.approx(gap["before"])


def test_a_fact_sheet_of_states_is_of_all_a_state_or_a_place_of_one(nation):
    report, folder = nation
    found = fact_sheets(folder, ["Delaware", "24001", "51001000100"])
    assert [sheet.key for sheet in found.sheets] == ["10", "24001", "51001000100"]
    delaware, county, tract = found.sheets
    assert delaware.places["gap_n"].tolist() == [report.levels["states"].loc["10", "gap_n"]]
    assert county.places["name"].tolist() == ["24001", "Maryland"]
    assert tract.places["name"].iloc[-1] == "Virginia"
    (whole,) = fact_sheets(folder).sheets
    assert whole.places["gap_n"].sum() == pytest.approx(report.table["gap_n"].sum())
    assert whole.sites["name"].tolist() == ["Border Clinic"]  # once, not for each state
    assert county.sites["name"].tolist() == ["Border Clinic"]


def test_states_whose_runs_are_gone_are_named(nation, tmp_path):
    shutil.copytree(nation[1], tmp_path / "us")
    shutil.rmtree(tmp_path / "us" / "md")
    with pytest.raises(EquityError, match=r"runs of 1 of its 3 states are gone: Maryland"):
        read_run(tmp_path / "us")


@pytest.mark.long
def test_workers_of_a_cluster_run_one_state_each_and_the_files_are_the_same(files, nation):
    pytest.importorskip("distributed")
    with local_cluster() as cluster:
        run_states(
            Study.load(files / "study.toml"), files / "far", cluster=cluster.scheduler_address
        )
    assert written(files / "far") == written(nation[1])


@pytest.mark.parametrize("mine", ["mine", "va"])
@pytest.mark.parametrize("study", ["study.toml", "de.toml"])
def test_a_folder_that_no_run_wrote_is_refused_before_anything_runs(
    files, alone, tmp_path, monkeypatch, mine, study
):
    monkeypatch.setattr(Study, "run_with", None)
    (tmp_path / mine).mkdir()
    (tmp_path / mine / "letter.txt").write_text("mine")
    with pytest.raises(EquityError, match="files that no run wrote"):
        run(str(files / study), tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == [mine, "letter.txt"]


def test_an_error_of_a_state_names_it(files, tmp_path):
    text = STUDY.replace('"MD", "VA"', '"MD", "WV"')
    (files / "other.toml").write_text(text, encoding="utf-8")
    with pytest.raises(EquityError, match=r"West Virginia: "):
        run_states(Study.load(files / "other.toml"), tmp_path / "out", workers=1)
    assert (tmp_path / "out" / "md" / "index.html").is_file()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("[boundaries]", '[area]\nstates = ["DE"]\n[boundaries]'), "is a part of one study"),
        (("[study]\nid", "[study] # head\nid"), "in lines of their own"),
    ],
)
def test_what_cannot_be_run_state_by_state_is_refused(files, tmp_path, change, said):
    path = files / "odd.toml"
    path.write_text(STUDY.replace(*change), encoding="utf-8")
    with pytest.raises(StudyError, match=said):
        run_states(Study.load(path), tmp_path / "out")


def test_us_is_the_states_the_district_and_puerto_rico():
    assert len(NATION) == 52
    text = study_text("US")
    assert 'state = "US"' in text
    assert 'id = "us"' in text


def test_offline_with_nothing_at_hand_each_missing_input_is_told_once(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    settings.configure(cache_dir=tmp_path / "cache", census_api_key=publishers.KEY)
    with pytest.raises((NetworkError, InputError), match="switched off"):
        run("US", offline=True)
    said = capsys.readouterr().out
    missing = re.findall(r"missing  (.*?), of (\d+ states): ", said)
    assert len(missing) == len({name for name, _ in missing}) >= 5
    assert {states for _, states in missing} == {"52 states"}
    assert not (tmp_path / "maps").exists()
