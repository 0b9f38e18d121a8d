"""Splitting text into rows: every row read or refused, every row's line known."""

from __future__ import annotations

import io

import pytest
from door_files import CSV, put
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.errors import FormatError, InputError
from equity.files.delimited import read_text_table
from equity.files.large import read_columns
from equity.sources.area_rows import to_numbers


def table(tmp_path, content, **options):
    return read_text_table(put(tmp_path, content), **options)


@pytest.mark.parametrize(
    "content",
    [
        CSV,
        CSV[:-1],
        CSV.replace(b"\n", b"\r\n"),
        CSV.replace(b"\n", b"\r"),
        b"\xef\xbb\xbf" + CSV,
        b'"GEOID","n"\n"10001040100","1"\n"10001040201","2"\n',
        b" GEOID , n \n10001040100,1\n10001040201,2\n",
    ],
)
def test_every_spelling_of_a_table_reads_the_same(tmp_path, content):
    frame = table(tmp_path, content)
    assert frame.to_dict("list") == {"GEOID": ["10001040100", "10001040201"], "n": ["1", "2"]}
    assert list(frame.index) == [2, 3]
    assert frame.index.name == "line"


def test_ids_and_words_like_na_stay_text(tmp_path):
    frame = table(tmp_path, "a,b,c\n007,NA,\n1e3,null, x \n")
    assert frame.to_dict("list") == {"a": ["007", "1e3"], "b": ["NA", "null"], "c": ["", " x "]}


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "cp1252"])
def test_names_with_accents_survive(tmp_path, encoding):
    text = "GEOID,name\n72001,Peñuelas\n35013,Doña Ana\n"
    frame = table(tmp_path, text.encode(encoding))
    assert frame["name"].tolist() == ["Peñuelas", "Doña Ana"]


def test_windows_quotes_and_stray_bytes(tmp_path):
    assert table(tmp_path, "a\nO’Neil\n".encode("cp1252"))["a"].tolist() == ["O’Neil"]
    assert table(tmp_path, b"a\nx\x81y\n")["a"].tolist() == ["x\x81y"]


def test_only_a_header_is_an_empty_table(tmp_path):
    for content in ("GEOID,n", "GEOID,n\n", "GEOID,n\n\n\n"):
        for stray in (False, True):
            frame = table(tmp_path, content, trailing_comma=stray)
            assert list(frame.columns) == ["GEOID", "n"]
            assert len(frame) == 0
            assert (frame["GEOID"].str.strip() == "").sum() == 0


def test_lines_are_those_of_the_file_also_with_quoted_newlines_and_blank_lines(tmp_path):
    text = 'GEOID,"the\nname",n\n10001,"a\nb\nc",1\n\n\n10003,"d",2\n10005,"e\nf",x\n'
    frame = table(tmp_path, text)
    assert list(frame.columns) == ["GEOID", "the\nname", "n"]
    assert list(frame.index) == [3, 8, 9]
    with pytest.raises(InputError) as caught:
        to_numbers(frame, {"n": "n"}, "t.csv")
    assert caught.value.rows == ["line 9"]
    assert str(caught.value).startswith(
        "t.csv: column n holds 'x' where a number belongs (lines 9). Fix: "
    )


@pytest.mark.parametrize("stray", [False, True])
def test_rows_with_a_lost_or_extra_field_are_named(tmp_path, stray):
    text = 'a,b,c\n1,2,3\n1,"x\ny",3\n1,2\n1,2,3,4\n\n1,2,3\n1\n'
    with pytest.raises(FormatError, match="3 rows do not have the header's 3 fields") as caught:
        table(tmp_path, text, trailing_comma=stray)
    assert caught.value.rows == ["line 5 (2 fields)", "line 6 (4 fields)", "line 9 (1 fields)"]


def test_at_most_five_rows_are_printed_and_all_are_counted(tmp_path):
    text = "a,b\n" + "1\n" * 40
    with pytest.raises(FormatError) as caught:
        table(tmp_path, text)
    assert (
        "(lines 2 (1 fields), 3 (1 fields), 4 (1 fields), 5 (1 fields), 6 (1 fields) and 35 more)"
        in str(caught.value)
    )
    assert caught.value.count == 40


@pytest.mark.parametrize("stray", [False, True])
@pytest.mark.parametrize("rows", [3, 40_000])
def test_an_open_quote_is_not_allowed_to_swallow_rows(tmp_path, stray, rows):
    # In the last column the swallowed rows would leave the number of fields right.
    text = 'a,b\n1,2\n1,"2\n' + "1,2\n" * rows
    with pytest.raises(FormatError, match="never closed") as caught:
        table(tmp_path, text, trailing_comma=stray)
    assert caught.value.rows == ["line 3"]


def test_a_lone_quote_inside_a_cell_is_a_character(tmp_path):
    assert table(tmp_path, 'a,b\n6" pipe,2\n')["a"].tolist() == ['6" pipe']


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"a,b,a\n1,2,3\n", "'a' stands twice"),
        (b"a;b\n1;2\n", "separated by semicolons, not by commas"),
        (b"a\tb\n1\t2\n", "separated by tabs, not by commas"),
        ("a,b\n1,2\n".encode("utf-16")[:-1], "UTF-16 and cut off"),
        (b"a,b\n\0\0\0,2\n", "binary"),
        (b'{"error": "over the limit"}', "JSON"),
        (b"[[1]]", "JSON"),
    ],
)
def test_what_is_no_such_table(tmp_path, content, says):
    with pytest.raises(FormatError, match=says) as caught:
        table(tmp_path, content)
    assert caught.value.file.endswith("t.csv")
    assert caught.value.fix


def test_nameless_columns_get_a_name(tmp_path):
    frame = table(tmp_path, ",GEOID,\n1,10001,\n2,10003,\n")
    assert list(frame.columns) == ["unnamed_1", "GEOID", "unnamed_3"]


@pytest.mark.parametrize(
    "rows",
    [
        "1,2,\n3,4,\n",
        "1,2\n3,4\n",
        "1,2,\n3,4\n",
        '"1","2",\r\n"3","4",\r\n',
    ],
)
def test_a_stray_last_comma_with_and_without_it_in_the_rows(tmp_path, rows):
    frame = table(tmp_path, "a,b,\n" + rows, trailing_comma=True)
    assert frame.to_dict("list") == {"a": ["1", "3"], "b": ["2", "4"]}
    assert list(frame.index) == [2, 3]


def test_a_stray_comma_is_not_taken_for_an_empty_last_cell(tmp_path):
    frame = table(tmp_path, "a,b,\n1,\n3,\n", trailing_comma=True)
    assert frame.to_dict("list") == {"a": ["1", "3"], "b": ["", ""]}


cells = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=6
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(cells, cells, cells), max_size=8), st.booleans())
def test_what_a_csv_writer_wrote_comes_back(rows, stray):
    import csv

    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(["a", "b", "c"])
    writer.writerows(rows)
    frame = read_text_table("t.csv", data=buffer.getvalue().encode(), trailing_comma=stray)
    assert list(frame.itertuples(index=False, name=None)) == rows
    lines = buffer.getvalue().split("\n")
    for line, row in zip(frame.index, rows, strict=True):
        assert lines[line - 1].startswith('"' + row[0].replace('"', '""').split("\n")[0])


SWALLOWED = 'GEOID,NAME,x\n51001090101,"A,5\n51001090102,B,6\n51001090103,C",7\n51001090200,D,8\n'


@pytest.mark.parametrize("text", [
    SWALLOWED,
    SWALLOWED.replace("\n", "\r\n"),
    SWALLOWED.replace("\n51001090102,B,6\n", "\n"),
    SWALLOWED.removesuffix("\n"),
    'GEOID,x\n51001,1\n51003,"2\n51005,3"\n',
    'GEOID,x\n51001,1\n"51003,2\n51005",3\n',
])  # fmt: skip
@pytest.mark.parametrize(
    "read",
    [
        read_text_table,
        lambda path: read_text_table(path, trailing_comma=True),
        lambda path: read_columns(path, lambda names: names[-1:]),
    ],
)
def test_two_stray_quotes_never_make_one_cell_of_several_rows(tmp_path, text, read):
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode())
    with pytest.raises(FormatError, match="closed in a later one") as caught:
        read(path)
    assert caught.value.rows == ["line 2" if "NAME" in text else "line 3"]


@pytest.mark.parametrize("cell", ["A\nB, C", "County\nof 7, 8 and 9", "\n", "a\n\nb", "x,\ny"])
def test_a_cell_of_several_lines_stays_whole(tmp_path, cell):
    path = tmp_path / "a.csv"
    path.write_bytes(f'GEOID,NAME,x\n51001,"{cell}",5\n\n51003,"D",6\n'.encode())
    for frame in (read_text_table(path), read_columns(path, lambda names: names)):
        assert frame.to_numpy().tolist() == [["51001", cell, "5"], ["51003", "D", "6"]]


@pytest.mark.parametrize("delimiter", ["", "||", '"', "\n"])
def test_a_delimiter_is_one_character(tmp_path, delimiter):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be separated") as caught:
        read_text_table(tmp_path / "a.csv", delimiter=delimiter)
    assert "one character" in caught.value.fix


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_a_first_line_that_tells_the_separator_is_followed(tmp_path, mark, encoding, end, quote):
    lines = [f"{quote}sep={mark}{quote}", f"GEOID{mark}x", f"01{mark}2", f"02{mark}3", ""]
    path = tmp_path / "t.csv"
    path.write_bytes(end.join(lines).encode(encoding))
    frame = read_text_table(path)
    assert frame.to_dict("list") == {"GEOID": ["01", "02"], "x": ["2", "3"]}
    assert frame.index.tolist() == [3, 4]
    assert read_columns(path, lambda names: names[:1])["GEOID"].tolist() == ["01", "02"]


def test_a_column_that_is_called_like_a_separator_stays_one(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("sep=,x\n1,2\n")
    assert list(read_text_table(path).columns) == ["sep=", "x"]
