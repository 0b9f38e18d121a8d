"""Workbooks behind the door of CSV: the sheet and the header are found, or asked for."""

from __future__ import annotations

import datetime as dt
import io
import random
import re
import zipfile

import openpyxl
import pytest
from door_files import put

from equity import read_acs
from equity.errors import FormatError, InputError, MissingColumnError
from equity.files.delimited import first_line, read_text_table
from equity.files.opening import read_bytes
from equity.sources.area_rows import to_numbers
from equity.sources.usda import read_forhp

MADE = (2026, 9, 29, 0, 0, 0)
ROWS = [["GEOID", "pop"], [51001090101, 1], [51001090200, 2]]


def book(path, **sheets):
    """Write a workbook of some sheets; a list of rows each."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    for title, rows in sheets.items():
        sheet = made.create_sheet(title)
        for row in rows:
            sheet.append(row)
    made.save(path)
    return path


def read(tmp_path, rows):
    return read_text_table(book(tmp_path / "t.xlsx", Sheet1=rows))


def test_cells_are_the_text_that_a_csv_would_hold(tmp_path):
    row = [
        51001090101.0,
        0.1,
        True,
        dt.datetime.fromisoformat("2026-11-01"),
        dt.datetime.fromisoformat("2026-11-01T08:30"),
        None,
        " x ",
    ]
    frame = read(tmp_path, [["a", "b", "c", "d", "e", "f", " g "], row])
    assert frame.iloc[0].tolist() == [
        "51001090101",
        "0.1",
        "TRUE",
        "2026-11-01",
        "2026-11-01 08:30:00",
        "",
        " x ",
    ]
    assert frame.columns[-1] == "g"


def test_rows_keep_the_number_that_the_sheet_gives_them(tmp_path):
    frame = read(tmp_path, [["A title"], [], ["GEOID", "pop"], ["x1", 1], [], ["x2", "many"]])
    assert list(frame.index) == [4, 6]
    with pytest.raises(InputError) as caught:
        to_numbers(frame, {"pop": "pop"}, "t.xlsx")
    assert caught.value.rows == ["row 6"]


@pytest.mark.parametrize(
    "rows",
    [
        ROWS,
        [["HRSA Data Warehouse"], ["As of 11/01/2026"], [], *ROWS],
        [[None, "A title further right"], *ROWS],
        [*ROWS, []],
    ],
)
def test_the_header_is_the_first_row_of_words_as_wide_as_the_table(tmp_path, rows):
    frame = read(tmp_path, rows)
    assert frame.to_dict("list") == {"GEOID": ["51001090101", "51001090200"], "pop": ["1", "2"]}


def test_row_numbers_under_no_name_are_a_column(tmp_path):
    frame = read(tmp_path, [[None, "GEOID", "pop"], [1, 51001090101, 7], [2, 51001090200, 8]])
    assert list(frame.columns) == ["unnamed_1", "GEOID", "pop"]
    assert len(frame) == 2


def test_a_title_narrower_than_the_table_is_passed_over_though_it_fills_two_cells(tmp_path):
    frame = read(tmp_path, [["As of", "11/01/2026"], ["GEOID", "name", "pop"], [1, "a", 2]])
    assert frame.to_dict("list") == {"GEOID": ["1"], "name": ["a"], "pop": ["2"]}


@pytest.mark.parametrize(
    ("rows", "row"),
    [
        (ROWS[1:], "row 1"),
        ([["A title"], *ROWS[1:]], "row 2"),
        ([*ROWS, [51001090300, 3, 9]], "row 4"),
    ],
)
def test_where_no_row_can_be_the_header_the_error_says_so(tmp_path, rows, row):
    with pytest.raises(FormatError, match="no row of the sheet can be the header") as caught:
        read(tmp_path, rows)
    assert caught.value.rows == [row]
    assert caught.value.fix


def test_of_several_filled_sheets_the_error_asks_which(tmp_path):
    path = book(tmp_path / "t.xlsx", Data=ROWS, Empty=[], Notes=[["made by hand"]])
    with pytest.raises(
        FormatError, match=r"2 sheets of the workbook are filled \('Data', 'Notes'\): which"
    ):
        read_text_table(path)


def test_a_sheet_that_is_hidden_is_not_meant(tmp_path):
    path = book(tmp_path / "t.xlsx", Data=ROWS, Lists=[["x"]])
    made = openpyxl.load_workbook(path)
    made["Lists"].sheet_state = "hidden"
    made.save(path)
    assert len(read_text_table(path)) == 2


def test_a_known_header_tells_the_sheet_too(tmp_path):
    counties = [
        ["Counties"],
        ["FIPS", "County_Eligibility"],
        ["51001", "Fully FORHP Rural"],
        ["51003", "NA"],
    ]
    path = book(tmp_path / "f.xlsx", About=[["Read me", "first"]], Counties=counties)
    table = read_forhp(path, year=2023)
    assert table["is_rural_forhp"].tolist()[0]
    assert len(table) == 2
    with pytest.raises(FormatError, match=r"2 sheets .* which one is meant"):
        read_forhp(book(tmp_path / "g.xlsx", A=counties, B=counties), year=2023)
    with pytest.raises(MissingColumnError, match="County_Eligibility"):
        read_forhp(book(tmp_path / "h.xlsx", Data=ROWS), year=2023)


ON = {
    "rows alone": [[51001090300, 3]],
    "under a title": [["continued"], [51001090300, 3]],
    "ids as text": [["1400000US51001090300", 3]],
    "a missing value": [[51001090300, None], [51001090400, 3]],
}
OTHER = {
    "notes": [["Read me", "first"], ["x", "2"]],
    "a table of its own": [["GEOID", "other"], [51001090300, 3]],
    "a total": [["Total", 3]],
    "a dictionary": [["pop", "persons in 2020"], ["GEOID", "the tract, 11 digits"]],
    "one number": [[2020]],
}


@pytest.mark.parametrize("kind", ON)
def test_a_table_that_goes_on_in_a_sheet_without_header_is_refused(tmp_path, kind):
    first = ROWS
    if kind == "ids as text":
        first = [ROWS[0], *([f"1400000US{i}", n] for i, n in ROWS[1:])]
    if kind == "a missing value":
        first = [*ROWS, [51001090500, None]]
    path = book(tmp_path / "t.xlsx", S1=first, S2=ON[kind])
    with pytest.raises(FormatError, match="go on in the sheet 'S2'") as caught:
        read_text_table(path, header=lambda names: {"GEOID", "pop"} <= set(names))
    assert "one header" in caught.value.fix


@pytest.mark.parametrize("kind", OTHER)
def test_a_sheet_that_is_another_thing_does_not_matter(tmp_path, kind):
    for sheets in ({"S1": ROWS, "S2": OTHER[kind]}, {"S0": OTHER[kind], "S1": ROWS}):
        frame = read_text_table(
            book(tmp_path / "t.xlsx", **sheets), header=lambda names: {"GEOID", "pop"} <= set(names)
        )
        assert frame["pop"].tolist() == ["1", "2"]


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_workbook_whose_filled_sheet_is_hidden_is_not_called_empty(tmp_path, state):
    path = book(tmp_path / "t.xlsx", Data=ROWS, Shown=[])
    made = openpyxl.load_workbook(path)
    made["Data"].sheet_state = state
    made.active = 1
    made.save(path)
    with pytest.raises(FormatError, match=r"are hidden \('Data'\)") as caught:
        read_text_table(path)
    made["Data"].sheet_state = "visible"
    made.save(path)
    assert "show the one that is meant" in caught.value.fix
    assert len(read_text_table(path)) == 2


def test_formulas_without_results_are_not_read_as_blank(tmp_path):
    with pytest.raises(
        FormatError, match="formulas stand in it whose results are not stored"
    ) as caught:
        read(tmp_path, [*ROWS, [51001090300, "=B2+B3"]])
    assert caught.value.rows == ["row 4"]


def test_formulas_with_results_are_their_results(tmp_path):
    path = book(tmp_path / "t.xlsx", Sheet1=[*ROWS, [51001090300, "=B2+B3"]])
    out = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.startswith("xl/worksheets/"):
                assert b"<f>B2+B3</f><v></v>" in content or b"<f>B2+B3</f><v />" in content
                content = content.replace(b"<f>B2+B3</f><v></v>", b"<f>B2+B3</f><v>3</v>")
                content = content.replace(b"<f>B2+B3</f><v />", b"<f>B2+B3</f><v>3</v>")
            new.writestr(name, content)
    assert read_text_table(put(tmp_path, out.getvalue(), "u.xlsx"))["pop"].tolist() == [
        "1",
        "2",
        "3",
    ]


def test_a_name_twice_is_refused_as_in_a_csv(tmp_path):
    with pytest.raises(FormatError, match="'pop' stands twice"):
        read(tmp_path, [["pop", "pop"], ["a", "b"]])


def test_an_empty_workbook_and_a_header_alone(tmp_path):
    with pytest.raises(FormatError, match="the workbook is empty"):
        read(tmp_path, [])
    frame = read(tmp_path, [["GEOID", "pop"]])
    assert list(frame.columns) == ["GEOID", "pop"]
    assert len(frame) == 0


def test_an_old_or_locked_workbook_is_named(tmp_path):
    with pytest.raises(FormatError, match=r"old \(\.xls\) or locked"):
        read_text_table(put(tmp_path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "t.xls"))


def test_a_workbook_by_any_name_and_no_first_line(tmp_path):
    path = book(
        tmp_path / "acs.csv", Sheet1=[["GEOID", "B28002_001E", "B28002_001M"], [10001040100, 9, 1]]
    )
    assert first_line(read_bytes(path)) == ""
    assert read_acs(path, year=2023)["B28002_001E"].tolist() == [9]


def test_a_workbook_of_a_zip_version_that_does_not_exist_is_refused(tmp_path):
    content = bytearray(book(tmp_path / "t.xlsx", Sheet1=ROWS).read_bytes())
    content[content.index(b"PK\x01\x02") + 6] = 208  # "version needed to extract", 20.8
    with pytest.raises(FormatError, match=r"v\.xlsx"):
        read_text_table(put(tmp_path, bytes(content), "v.xlsx"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A workbook that does not hold the time of writing: a seed always damages the same bytes."""
    path = book(tmp_path_factory.mktemp("whole") / "t.xlsx", Sheet1=ROWS)
    out = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = re.sub(rb"\d{4}-\d\d-\d\dT[\d:.]+Z", b"2026-09-29T00:00:00Z", old.read(name))
            new.writestr(zipfile.ZipInfo(name, MADE), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


@pytest.mark.parametrize("seed", range(200))
def test_a_damaged_workbook_is_read_right_or_refused_in_one_line(tmp_path, whole, seed):
    dice = random.Random(seed)
    content = bytearray(whole)
    for _ in range(dice.choice([1, 3, 30])):
        content[dice.randrange(len(content))] = dice.randrange(256)
    if seed % 4 == 0:
        del content[dice.randrange(len(content)) :]
    path = put(tmp_path, bytes(content), "d.xlsx")
    refused = None
    try:
        frame = read_text_table(path)
    except FormatError as error:
        refused = error
    if refused is None:
        assert frame["pop"].tolist() == ["1", "2"]
    else:
        assert "\n" not in str(refused)
        assert refused.file.endswith("d.xlsx")
