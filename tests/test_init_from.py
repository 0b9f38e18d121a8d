"""``equity init --from``: a newcomer's own files become a study that runs without an edit."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from equity.cli import init, run
from equity.errors import EquityError, InputError
from equity.example.state import write_example
from equity.sources.care.sites import read_sites
from equity.sources.census.acs import read_acs
from equity.study.run import Study


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    return write_example(tmp_path_factory.mktemp("example") / "state", scale=0.05)


@pytest.fixture
def newcomer(example, tmp_path, monkeypatch):
    """A folder with what somebody downloaded: survey (CSV), clinics with odd names, boundaries."""
    monkeypatch.chdir(tmp_path)
    survey = read_acs(example.acs, year=2023, state="90")
    survey.insert(0, "GEO_ID", "1400000US" + survey.index)
    survey.rename(columns={"name": "NAME"}).to_csv("ACSDT5Y2023.tables-Data.csv", index=False)
    shutil.copy(example.tracts, "tl_2023_90_tract.zip")
    with example.clinicians.open(encoding="utf-8") as source:
        rows = list(csv.DictReader(source))
    with Path("Clinics list 2025.csv").open("w", encoding="utf-8", newline="") as target:
        out = csv.writer(target)
        out.writerow(["Facility Name", "Category", "X (Longitude)", "Y_Latitude", "Phone"])
        out.writerows([r["facility"], r["specialty"], r["lon"], r["lat"], "555"] for r in rows)
    return sorted(p.name for p in tmp_path.iterdir())


def test_three_files_become_a_page_without_an_edit(newcomer, example, capsys):
    init(newcomer, Path("study.toml"), from_files=True)
    run("study.toml", Path("out"))
    said = capsys.readouterr().out
    assert "a floor" in said
    assert "nan" not in said
    page = Path("out/index.html").read_text(encoding="utf-8")
    assert "could only make them more" in page, "lines are unknown, and the page says so"
    table = pd.read_csv("out/communities.csv", dtype={"geoid": str}, index_col="geoid")
    assert table["gap_n"].sum() > 0
    whole = Study.load(example.study).run().table
    assert table["population_n"].to_dict() == whole["population_n"].to_dict()
    assert table["is_under_resourced"].tolist() == whole["is_under_resourced"].tolist()
    text = Path("study.toml").read_text(encoding="utf-8")
    assert 'columns = { lon = "X (Longitude)", lat = "Y_Latitude", name = "Facility Name"' in text
    assert 'as_of = "2025"' in text
    assert 'label = "clinics list"' not in text
    for line in text.split("[under_resourced]")[0].splitlines():
        assert (
            not line or line[0] in "[#" or "  # " in line or line.startswith(("rules", "headl"))
        ), line
    with pytest.raises(InputError, match="there already"):
        init(newcomer, Path("study.toml"), from_files=True)


def test_the_fcc_s_files_and_hrsa_s_list_are_known_by_sight(newcomer, example):
    hrsa = example.sites.as_posix()
    lines = [p.as_posix() for p in sorted(example.bdc.glob("*.zip"))]
    init(
        [*newcomer, hrsa, *lines, example.served_unserved.as_posix()],
        Path("s.toml"),
        from_files=True,
    )
    study = Study.load("s.toml")
    assert (study.plan.coverage.kind, study.plan.coverage.as_of) == ("locations", "2024-12-31")
    assert [part.reader for part in study.plan.sites] == ["hrsa", "points"]
    result, whole = study.run(), Study.load(example.study).run()
    assert result.table["locations_n"].equals(whole.table["locations_n"])


@pytest.mark.parametrize(
    ("files", "what", "fix"),
    [
        (["Clinics list 2025.csv"], "no survey among the files: Clinics list 2025.csv .points.", "B28002"),
        (["ACSDT5Y2023.tables-Data.csv"], "no places of care among the files", "coordinates"),
        (["ACSDT5Y2023.tables-Data.csv", "odd.csv"], "odd.csv: is neither a survey", "lon and lat"),
        (["nowhere.csv"], "no such file", "name"),
        (["survey.csv", "Clinics list 2025.csv"], "do not tell the year", "--year"),
        (["ACSDT1Y2023.csv", "Clinics list 2025.csv"], "estimates of 1 year", "5-year"),
        (["ACSDT5Y2023.cut.csv"], "rounded to powers of ten", "import the column of ids as text"),
        (["semicolons.csv"], "separated by semicolons", "CSV"),
        (["turned.csv"], "columns Longitude and lat hold no longitudes", "exchange the two columns"),
    ],
)  # fmt: skip
def test_files_that_do_not_do_are_refused_with_what_would(newcomer, files, what, fix):
    Path("odd.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    for copy in ("survey.csv", "ACSDT1Y2023.csv"):
        shutil.copy("ACSDT5Y2023.tables-Data.csv", copy)
    Path("ACSDT5Y2023.cut.csv").write_text("GEO_ID,B01003_001E\n9.0001E+10,5\n")
    Path("semicolons.csv").write_text("GEO_ID;B01003_001E\n90001000100;5\n")
    Path("turned.csv").write_text("name,Longitude,lat\nA,39.1,-98.5\n")
    with pytest.raises(EquityError, match=what) as caught:
        init(files, Path("study.toml"), from_files=True)
    assert fix in caught.value.fix
    assert not Path("study.toml").exists()


def test_odd_files_make_a_study_that_loads_or_one_error(newcomer, example):
    """A list between semicolons, a file given twice, and maps of areas that the study has not."""
    plain = pd.read_csv("Clinics list 2025.csv", dtype=str)
    plain.to_csv("list.csv", sep=";", index=False)
    plain.to_csv("list.txt", sep="\t", index=False)
    for name in (example.block_groups, example.counties, example.blocks):
        shutil.copy(name, name.name)
    maps = [path.name for path in sorted(Path().glob("tl_*.zip"))]
    survey = "ACSDT5Y2023.tables-Data.csv"
    init([survey, survey, "list.csv", "list.txt", *maps, *maps], Path("s.toml"), from_files=True)
    plan = Study.load("s.toml").plan
    assert [one.delimiter for one in plan.sites] == [";", "\t"]
    assert (plan.boundaries.file, plan.counties.file) == (maps[-1], "tl_2023_90_county.zip")
    unread = re.findall(r"read by nothing here: (\S+) ", Path("s.toml").read_text())
    assert unread == ["tl_2023_90_bg.zip", "tl_2023_90_tabblock20.zip"]
    lists = [
        read_sites(path.file, **path.said(), as_of="2025", layout="points", unplaced="drop")
        for path in plan.sites
    ]
    assert len(lists[0]) == len(lists[1]) > 100
    shutil.copy(maps[-1], "tl_2020_90_tract.zip")
    with pytest.raises(InputError, match="2 files have the polygons of the same areas") as caught:
        init(
            [survey, "list.csv", "tl_2020_90_tract.zip", maps[-1]], Path("t.toml"), from_files=True
        )
    assert "survey's year" in caught.value.fix


def test_a_year_may_be_told_and_a_survey_must_tell_who_comes_first(newcomer):
    shutil.copy("ACSDT5Y2023.tables-Data.csv", "survey.csv")
    init(["survey.csv", "Clinics list 2025.csv"], Path("s.toml"), from_files=True, year=2023)
    assert Study.load("s.toml").plan.acs[0].year == 2023
    table = pd.read_csv("survey.csv", dtype=str)
    keep = ["GEO_ID", *(n for n in table if n.startswith(("B28", "B01003")))]
    table[keep].to_csv("acs5_2023_few.csv", index=False)
    with pytest.raises(InputError, match="do not tell who is under-resourced") as caught:
        init(["acs5_2023_few.csv", "Clinics list 2025.csv"], Path("t.toml"), from_files=True)
    assert "B17001" in caught.value.fix


def test_sites_of_another_place_and_areas_of_none_are_refused_by_the_run(newcomer):
    survey, boundaries = "ACSDT5Y2023.tables-Data.csv", "tl_2023_90_tract.zip"
    Path("far 2025.csv").write_text("name,lon,lat\nA,-120.5,37.1\nB,-118.2,34.0\n")
    init([survey, "far 2025.csv", boundaries], Path("s.toml"), from_files=True)
    with pytest.raises(
        InputError, match=r"the nearest is 1,\d{3} km from the nearest area"
    ) as caught:
        Study.load("s.toml").run()
    assert "[[sites]]" in caught.value.fix
    init([survey, "Clinics list 2025.csv"], Path("t.toml"), from_files=True)
    with pytest.raises(InputError, match="no area says where it lies") as caught:
        Study.load("t.toml").run()
    assert "[boundaries]" in caught.value.fix
