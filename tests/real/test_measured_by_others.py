"""Virginia by published access scores and road minutes: columns that others measured."""

from __future__ import annotations

from math import erf, log, sqrt
from pathlib import Path

import pandas as pd
import pytest

from equity.errors import InputError
from equity.study.run import Study

STUDY = Path(__file__).parent / "virginia-uva.toml"
SCORES = "bundles/va/uva/va_hdcttrbgca_webmd_2021_access_scores_primcare.csv.xz"
MINUTES = "bundles/va/v2020/oeps_fqhc_drive_2025_tract.csv"
pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def study(shared_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("uva")

    def written(*changes: tuple[str, str]) -> Study:
        text = STUDY.read_text(encoding="utf-8")
        for old, new in (("../../../shared/data", shared_data.as_posix()), *changes):
            assert old in text, old
            text = text.replace(old, new)
        path = folder / "study.toml"
        path.write_text(text, encoding="utf-8")
        return Study.load(path)

    return written


@pytest.fixture(scope="module")
def result(study):
    return study().run()


def test_physicians_within_reach_leave_fewer_beyond_it_than_minutes_do(result):
    table = result.table
    assert round(table["beyond_reach_n"].sum()) == 101_161
    assert round(table["gap_n"].sum()) == 32_973
    unknown = table["beyond_reach_share"].isna()
    assert unknown.sum() == 30
    assert table.loc[unknown, "population_n"].sum() == 56, "water, and one tract of 56 people"
    assert round(table["beyond_reach_n__road"].sum()) > 500_000


def test_the_scores_are_per_1_000_residents(result, shared_data):
    """Row by row from the published file: a score of 2.857 per 10,000 is enough."""
    scores = pd.read_csv(shared_data / SCORES, dtype={"geoid": str})
    tracts = scores[(scores["measure"] == "primcare_e2sfca") & (scores["region_type"] == "tract")]
    table, beyond = result.table, 0.0
    for geoid, score in tracts[["geoid", "value"]].itertuples(index=False):
        beyond += table["population_n"].get(geoid, 0.0) * max(0.0, 1 - score / 1000 * 3500)
    waiting = table["population_n"] * table["beyond_reach_share"]
    assert waiting.sum() == pytest.approx(beyond, rel=1e-9)


def test_road_minutes_count_through_the_spread_of_people_about_the_center(result, shared_data):
    minutes = pd.read_csv(shared_data / MINUTES, dtype={"GEOID": str})
    by_tract = minutes.set_index(minutes["GEOID"].str.zfill(11))["FqhcTmDr"].dropna()
    shares = result.table["beyond_reach_share__road"]
    sd = 0.15  # of measured minutes: people live about the center they were measured from
    known = by_tract.index.intersection(shares.index)
    for geoid in [*known[::97], *known[by_tract[known].eq(0)][:3]]:
        away = by_tract[geoid]
        share = 0.0 if away == 0 else (1 + erf((log(away) - log(30)) / sd / sqrt(2))) / 2
        assert shares[geoid] == pytest.approx(share, abs=1e-9), geoid


def test_its_page_speaks_of_what_was_counted_and_of_no_distance(result, tmp_path):
    report = result.report()
    assert "beyond what primary-care physicians can serve" in report.finding[0]
    assert "estimated minutes" not in " ".join(report.finding)
    assert not {"limit", "spread", "form"} & set(report.settings["group"])
    result.write(tmp_path / "page")
    assert (tmp_path / "page" / "index.html").exists()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('unit = "per_1k"', 'unit = "per_10k"', "18,972"),
        ("supply_n = 18972", "supply_n = 189720", "189,720"),
    ],
)
def test_a_unit_that_is_wrong_by_ten_is_seen_by_the_supply(study, old, new, says):
    with pytest.raises(InputError, match=says):
        study((old, new)).run()
