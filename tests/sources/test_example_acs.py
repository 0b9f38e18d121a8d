"""ACS files of the example state: Census layout, sums that hold, margins and sentinels as published."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from equity.example.state import Example

Table = dict[str, dict[str, int]]
GEOGRAPHY = {
    "tract": ["state", "county", "tract"],
    "county": ["state", "county"],
    "block_group": ["state", "county", "tract", "block group"],
}
SENTINELS = {-666666666, -999999999, -888888888, -222222222, -333333333, -555555555}
CELLS = {
    "B28002": "1 2 3 4 5 6 7 8 9 10 11 12 13",
    "B28001": "1 2 3 4 5 6 7 8 9 10 11",
    "B28003": "1 2 3 4 5 6",
    "B17001": "1 2",
    "C17002": "1 2 3 4 5 6 7 8",
    "B27010": "1 17 33 50 66",
    "B08201": "1 2",
    "B18101": "1 4 7 10 13 16 19 23 26 29 32 35 38",
    "B01001": "1 20 21 22 23 24 25 44 45 46 47 48 49",
    "B01003": "1",
    "B19013": "1",
    "C16002": "1 4 7 10 13",
}
VARIABLES = [f"{t}_{int(n):03d}" for t, cells in CELLS.items() for n in cells.split()]


def answers(paths: tuple[Path, ...], level: str) -> Table:
    """All variables by GEOID from several API answers."""
    table: Table = {}
    for path in paths:
        header, *rows = json.loads(path.read_bytes())
        places = GEOGRAPHY[level]
        assert header[-len(places) :] == places
        assert header[:2] == ["GEO_ID", "NAME"]
        for row in rows:
            assert len(row) == len(header)
            assert all(isinstance(cell, str) for cell in row)
            geoid = "".join(row[-len(places) :])
            assert row[0].endswith("US" + geoid)
            assert "(synthetic)" in row[1]
            cells = zip(header[2:], row[2:], strict=True)
            table.setdefault(geoid, {}).update(
                {name: int(cell) for name, cell in cells if name not in places}
            )
    return table


@pytest.fixture(scope="module")
def tracts(example_state: Example) -> Table:
    return answers(example_state.acs, "tract")


@pytest.fixture(scope="module")
def counties(example_state: Example) -> Table:
    return answers(example_state.acs_counties, "county")


@pytest.fixture(scope="module")
def groups(example_state: Example) -> Table:
    return answers(example_state.acs_block_groups, "block_group")


def column(table: Table, name: str) -> np.ndarray:
    return np.array([row[name] for row in table.values()], dtype=float)


def test_no_answer_asks_for_more_than_the_census_api_allows(example_state: Example) -> None:
    assert len(example_state.acs) > 1
    for path in example_state.acs:
        header = json.loads(path.read_bytes())[0]
        names = [name for name in header if name not in GEOGRAPHY["tract"]]
        assert len(names) <= 50
        assert {name[:-1] for name in names if re.fullmatch(r"[BC]\d{5}_\d{3}E", name)} == {
            name[:-1] for name in names if re.fullmatch(r"[BC]\d{5}_\d{3}M", name)
        }


def test_every_variable_is_there_with_its_margin(tracts: Table) -> None:
    assert len(tracts) >= 150
    first = next(iter(tracts.values()))
    assert [name for name in VARIABLES if f"{name}E" not in first or f"{name}M" not in first] == []
    assert all(row.keys() == first.keys() for row in tracts.values())


@pytest.mark.parametrize(
    ("total", "parts"),
    [
        ("B28002_001", "B28002_002 B28002_012 B28002_013"),
        ("B28002_002", "B28002_003 B28002_004"),
        ("B28001_001", "B28001_002 B28001_011"),
        ("B28003_001", "B28003_002 B28003_006"),
        ("B28003_002", "B28003_003 B28003_004 B28003_005"),
        ("C17002_001", " ".join(f"C17002_{n:03d}" for n in range(2, 9))),
        ("B17001_002", "C17002_002 C17002_003"),
        ("B28001_001", "B28002_001"),
        ("B28001_011", "B28003_006"),
        ("B01001_001", "B01003_001"),
        ("B18101_001", " ".join(f"B18101_{n:03d}" for n in (*range(3, 19, 3), *range(22, 38, 3)))),
    ],
)
def test_totals_are_the_sum_of_their_parts(
    total: str, parts: str, tracts: Table, counties: Table, groups: Table
) -> None:
    for table in (tracts, counties, groups):
        if f"{total}E" not in next(iter(table.values())):
            continue
        if any(f"{part}E" not in next(iter(table.values())) for part in parts.split()):
            continue
        whole = column(table, f"{total}E")
        assert whole.sum() > 0
        np.testing.assert_array_equal(whole, sum(column(table, f"{p}E") for p in parts.split()))


@pytest.mark.parametrize(
    ("inner", "outer"),
    [
        ("B28002_006", "B28002_005"),
        ("B28002_008", "B28002_007"),
        ("B28002_010", "B28002_009"),
        ("B28002_005", "B28002_004"),
        ("B28002_007", "B28002_004"),
        ("B28002_009", "B28002_004"),
        ("B28001_004", "B28001_003"),
        ("B28001_006", "B28001_005"),
        ("B28001_008", "B28001_007"),
        ("B28003_004", "B28002_004"),
        ("B08201_002", "B08201_001"),
        ("B18101_016", "B18101_015"),
        ("C16002_004", "C16002_001"),
    ],
)
def test_nested_counts_nest(inner: str, outer: str, tracts: Table) -> None:
    assert (column(tracts, f"{inner}E") <= column(tracts, f"{outer}E")).all()
    assert column(tracts, f"{inner}E").sum() > 0


def test_counties_and_block_groups_add_up_to_tracts(
    tracts: Table, counties: Table, groups: Table
) -> None:
    for name in VARIABLES:
        if name == "B19013_001":
            continue
        for fine, coarse, digits in ((tracts, counties, 5), (groups, tracts, 11)):
            if f"{name}E" not in next(iter(fine.values())):
                continue
            summed: Counter[str] = Counter()
            for geoid, row in fine.items():
                summed[geoid[:digits]] += row[f"{name}E"]
            assert dict(summed) == {geoid: row[f"{name}E"] for geoid, row in coarse.items()}, name


def test_block_groups_have_only_tables_published_for_them(groups: Table) -> None:
    tables = {name[:6] for name in next(iter(groups.values()))}
    assert {"B28002", "B01003", "B19013"} <= tables
    assert tables.isdisjoint({"B17001", "B18101", "B27010", "B08201"})


def test_every_sentinel_is_there_and_no_other_negative(tracts: Table, counties: Table) -> None:
    estimates, margins = set(), set()
    for table in (tracts, counties):
        for row in table.values():
            estimates |= {v for k, v in row.items() if k.endswith("E") and v < 0}
            margins |= {v for k, v in row.items() if k.endswith("M") and v < 0}
    assert estimates == {-666666666, -999999999, -888888888}
    assert margins == {-222222222, -333333333, -555555555, -888888888}
    assert estimates | margins == SENTINELS


def test_a_top_coded_median_comes_with_its_code(tracts: Table) -> None:
    open_ended = [r["B19013_001E"] for r in tracts.values() if r["B19013_001M"] == -333333333]
    assert open_ended
    assert set(open_ended) == {250001}


def test_county_totals_are_controlled(counties: Table) -> None:
    assert {row["B01003_001M"] for row in counties.values()} == {-555555555}


def test_margins_are_those_of_a_five_year_sample(tracts: Table, counties: Table) -> None:
    def relative(table: Table, name: str) -> float:
        estimate, margin = column(table, f"{name}E"), column(table, f"{name}M")
        usable = (estimate > 100) & (margin > 0)
        return float(np.median(margin[usable] / estimate[usable]))

    # 700 homes a tract, one in nine sampled: 1.645 standard errors of an 85 % share are near 8 %.
    assert 0.05 < relative(tracts, "B28002_004") < 0.15
    assert 0.15 < relative(tracts, "B17001_002") < 0.70
    assert relative(counties, "B28002_004") < relative(tracts, "B28002_004") / 2
    empty = [r for r in tracts.values() if r["B01003_001E"] == 0]
    assert len(empty) == 2
    assert {row["B28002_001M"] for row in empty} == {13}


def test_poverty_age_devices_and_lines_go_together(tracts: Table) -> None:
    homes = column(tracts, "B28002_001E")
    lived_in = homes > 200
    poverty = (column(tracts, "B17001_002E") / np.maximum(column(tracts, "B17001_001E"), 1))[
        lived_in
    ]
    online = (column(tracts, "B28002_004E") / np.maximum(homes, 1))[lived_in]
    no_device = (column(tracts, "B28001_011E") / np.maximum(homes, 1))[lived_in]
    assert np.corrcoef(poverty, online)[0, 1] < -0.3
    assert np.corrcoef(poverty, no_device)[0, 1] > 0.3
    assert 0.08 < poverty.mean() < 0.25
    assert 0.02 < no_device.mean() < 0.15


def test_the_summary_file_says_the_same(
    example_state: Example, tracts: Table, counties: Table, groups: Table
) -> None:
    files = sorted(example_state.acs_summary_file.iterdir())
    assert [f.name for f in files] == sorted(f"acsdt5y2023-{t.lower()}.dat" for t in CELLS)
    for path in files:
        with path.open(newline="") as lines:
            header, *rows = csv.reader(lines, delimiter="|")
        assert header[0] == "GEO_ID"
        assert all(re.fullmatch(r"[BC]\d{5}_[EM]\d{3}", name) for name in header[1:])
        by_prefix = Counter(row[0][:9] for row in rows)
        assert by_prefix["1400000US"] == len(tracts)
        assert by_prefix["0500000US"] == len(counties)
        assert by_prefix["1500000US"] in {0, len(groups)}
        for row in rows:
            geoid = row[0].partition("US")[2]
            api = {5: counties, 11: tracts, 12: groups}[len(geoid)][geoid]
            for name, cell in zip(header[1:], row[1:], strict=True):
                table, _, place = name.partition("_")
                assert api[f"{table}_{place[1:]}{place[0]}"] == int(cell)
    assert "B28002_E001" in files[8].read_text()[:40]
