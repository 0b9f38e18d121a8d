"""FCC files of the example state, read with the standard library against the FCC's layout."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from bdc_files import HEADER

from equity.example.state import Example

NAME = re.compile(r"bdc_90_([A-Za-z]+)_fixed_broadband_(D24)_(\d\d[a-z]{3}\d{4})\.zip")
TECHNOLOGY = {
    "Copper": "10",
    "Cable": "40",
    "FibertothePremises": "50",
    "GSOSatellite": "60",
    "NGSOSatellite": "61",
    "UnlicensedFixedWireless": "70",
    "LicensedFixedWireless": "71",
    "LBRFixedWireless": "72",
    "Other": "0",
}


def member_of(path: Path) -> tuple[str, str]:
    with zipfile.ZipFile(path) as archive:
        (name,) = archive.namelist()
        return name, archive.read(name).decode("utf-8")


@pytest.fixture(scope="module")
def rows(example_state: Example) -> dict[str, list[list[str]]]:
    """All rows by technology token of the file name."""
    found = {}
    for path in sorted(example_state.bdc.iterdir()):
        match = NAME.fullmatch(path.name)
        assert match, path.name
        name, text = member_of(path)
        assert name == path.stem + ".csv"
        header, *body = csv.reader(io.StringIO(text, newline=""))
        assert header == HEADER
        found[match[1]] = body
    return found


@pytest.fixture(scope="module")
def served(example_state: Example) -> list[list[str]]:
    name, text = member_of(example_state.served_unserved)
    assert "served_unserved" in name
    header, *body = csv.reader(io.StringIO(text, newline=""))
    assert header[:3] == ["location_id", "block_geoid", "h3_res8_id"]
    assert header[3:] == ["any_dl100_ul20", "wired_dl100_ul20", "terrestrial_dl100_ul20"]
    return body


def test_one_file_a_technology_with_its_code(rows: dict[str, list[list[str]]]) -> None:
    assert set(rows) == set(TECHNOLOGY)
    for token, body in rows.items():
        assert len(body) > 1_000
        assert {row[4] for row in body} == {TECHNOLOGY[token]}
        assert {len(row) for row in body} == {12}


def test_every_field_has_its_form(rows: dict[str, list[list[str]]]) -> None:
    forms = [
        r"00\d{8}", r"\d{6}", r".+\(synthetic\)", r"[1-9]\d{9}", r"\d+", r"\d*", r"\d*", "[01]", "[BRX]",
        "ZZ", r"90\d{13}", r"88[0-9a-f]{8}fffff",
    ]  # fmt: skip
    for column, form in enumerate(forms):
        values = {row[column] for body in rows.values() for row in body}
        wrong = [value for value in values if not re.fullmatch(form, value)]
        assert wrong == [], HEADER[column]


def test_several_providers_and_names_that_need_a_csv_reader(
    example_state: Example, rows: dict[str, list[list[str]]]
) -> None:
    for token in ("Copper", "Cable", "FibertothePremises", "GSOSatellite", "LicensedFixedWireless"):
        assert len({row[1] for row in rows[token]}) >= 2
    brands = {row[2] for body in rows.values() for row in body}
    assert "Example Cable, LLC (synthetic)" in brands
    assert any('"' in brand for brand in brands)
    _, text = member_of(next(example_state.bdc.glob("*_Cable_*")))
    assert '"Example Cable, LLC (synthetic)"' in text
    assert {len(line.split(",")) for line in text.splitlines()} >= {12, 13}


def test_rows_that_trap_a_careless_reader_are_there(rows: dict[str, list[list[str]]]) -> None:
    every = [row for body in rows.values() for row in body]
    assert sum(row[5:7] == ["0", "0"] for row in every) > 50
    assert 10 < sum(row[5:7] == ["", ""] for row in every) < 500
    codes = Counter(row[8] for row in every)
    assert min(codes["B"], codes["R"], codes["X"]) > 1_000
    business_only = {row[2] for row in every if row[8] == "B"} - {
        row[2] for row in every if row[8] != "B"
    }
    assert business_only == {"Quillmere Business Networks, LLC (synthetic)"}
    assert {row[7] for row in rows["GSOSatellite"]} == {"0"}
    assert {row[7] for row in rows["NGSOSatellite"]} == {"1"}
    # A geostationary offer that is fast enough and still does not qualify.
    assert any(row[5:7] == ["150", "20"] for row in rows["GSOSatellite"])


def test_a_row_is_a_location_a_provider_and_a_technology(rows: dict[str, list[list[str]]]) -> None:
    for body in rows.values():
        keys = [(row[1], row[3]) for row in body]
        assert len(set(keys)) == len(keys)
    by_location: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for body in rows.values():
        for row in body:
            by_location[row[3]].add((row[10], row[11]))
    assert {len(places) for places in by_location.values()} == {1}


def test_served_unserved_lists_every_location_once(
    rows: dict[str, list[list[str]]], served: list[list[str]]
) -> None:
    places = {row[0]: (row[1], row[2]) for row in served}
    assert len(places) == len(served) >= 60_000
    seen = {row[3]: (row[10], row[11]) for body in rows.values() for row in body}
    assert all(places[location] == place for location, place in seen.items())
    without_any_offer = len(places) - len(seen)
    assert 10 < without_any_offer < 2_000


def test_flags_follow_from_the_offers(
    rows: dict[str, list[list[str]]], served: list[list[str]]
) -> None:
    fast: dict[str, set[str]] = defaultdict(set)
    for body in rows.values():
        for row in body:
            if row[5] and int(row[5]) >= 100 and int(row[6]) >= 20:
                fast[row[3]].add(row[4])
    wired, space = {"10", "40", "50"}, {"60", "61"}
    assert fast
    assert served
    for location, _, _, *flags in served:
        techs = fast.get(location, set())
        expected = [bool(techs), bool(techs & wired), bool(techs - space)]
        assert flags == [str(int(flag)) for flag in expected]


def test_towns_are_served_and_hollows_are_not(served: list[list[str]]) -> None:
    by_tract: dict[str, list[int]] = defaultdict(list)
    for row in served:
        by_tract[row[1][:11]].append(int(row[5]))
    shares = sorted(sum(flags) / len(flags) for flags in by_tract.values())
    assert shares[0] < 0.05
    assert shares[-1] > 0.99
    assert 0.6 < sum(map(sum, by_tract.values())) / len(served) < 0.95
