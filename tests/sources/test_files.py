"""Opening files, splitting lines, naming rows: what every reader stands on."""

from __future__ import annotations

import gzip
import io
import lzma
import zipfile

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.errors import (
    EquityError,
    FormatError,
    GeoidError,
    InputError,
    MissingColumnError,
    MissingFileError,
)
from equity.sources.area_rows import (
    existing,
    index_by_area,
    pick_id,
    read_bytes,
    read_text_table,
    require_columns,
    to_numbers,
)

CSV = b"GEOID,n\n10001040100,1\n10001040201,2\n"


def zipped(members, **options):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def put(tmp_path, content, name="t.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


# --- opening ---------------------------------------------------------------------------------


def test_a_missing_file_suggests_the_closest_name(tmp_path):
    put(tmp_path, CSV, "acs_2023_tract.csv")
    with pytest.raises(MissingFileError) as caught:
        existing(tmp_path / "acs_2032_tract.csv")
    error = caught.value
    assert isinstance(error, FileNotFoundError)
    assert isinstance(error, EquityError)
    assert error.fix == "did you mean acs_2023_tract.csv?"
    assert str(error).endswith(
        "acs_2032_tract.csv: no such file. Fix: did you mean acs_2023_tract.csv?"
    )


@pytest.mark.parametrize(
    ("name", "says"),
    [("nothing/like/it.csv", "check the path"), ("zzz.csv", "check the path")],
)
def test_a_missing_file_without_a_close_name(tmp_path, name, says):
    put(tmp_path, CSV, "acs_2023_tract.csv")
    with pytest.raises(MissingFileError, match=says):
        existing(tmp_path / name)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(FormatError, match="a folder stands where a file is expected"):
        read_bytes(tmp_path)


def plain_id(value):
    """Archives hold the time they were made at: their bytes would name a test anew every second."""
    return f"{len(value)} bytes" if isinstance(value, bytes) else None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", CSV),
        ("t.csv.gz", gzip.compress(CSV)),
        ("t.csv.xz", lzma.compress(CSV)),
        ("t.zip", zipped({"t.csv": CSV})),
        ("T.ZIP", zipped({"T.CSV": CSV})),
        ("mac.zip", zipped({"t.csv": CSV, "__MACOSX/._t.csv": b"x", "d/.hidden.csv": b"x"})),
        ("deep.zip", zipped({"a/b/t.csv": CSV, "a/readme.txt": b"hello"})),
        # What it is counts, not what it is called.
        ("gz_called.csv", gzip.compress(CSV)),
        ("zip_called.csv", zipped({"t.csv": CSV})),
    ],
    ids=plain_id,
)
def test_packed_files_open(tmp_path, name, content):
    assert read_bytes(put(tmp_path, content, name)) == CSV


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("t.csv", b"", "empty"),
        ("t.csv", b" \r\n \n", "empty"),
        ("t.csv", b"\xef\xbb\xbf", "empty"),
        ("t.csv.gz", b"", "empty"),
        ("t.zip", b"", "empty"),
        ("t.zip", zipped({"t.csv": b""}), "empty"),
        ("t.csv.gz", gzip.compress(CSV * 99)[:-20], "damaged or only half"),
        ("t.csv.xz", lzma.compress(CSV * 99)[:-20], "damaged or only half"),
        ("t.zip", zipped({"t.csv": CSV * 99})[:-30], "not a whole ZIP"),
        ("t.zip", zipped({"t.csv": CSV * 99})[:40], "not a whole ZIP"),
        ("t.zip", CSV, "this is no .zip file"),
        ("t.csv.gz", CSV, "this is no .gz file"),
        ("t.zip", b"<html><body>Sorry</body></html>", "HTML"),
        ("t.csv", b"\n<!DOCTYPE html><html>", "HTML"),
        ("t.csv", b"\xef\xbb\xbf<HTML>", "HTML"),
        ("t.csv", b"<?xml version='1.0'?><Error>AccessDenied</Error>", "XML"),
        ("t.csv.gz", gzip.compress(b"<html>no</html>"), "HTML"),
        ("t.csv", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        ("two.zip", zipped({"a.csv": CSV, "b.csv": CSV}), r"holds 2 \(a.csv, b.csv\)"),
        ("none.zip", zipped({"a.txt": CSV}), r"holds 0 \(a.txt\)"),
        ("only_mac.zip", zipped({"__MACOSX/._t.csv": CSV}), "holds 0"),
        ("climbs.zip", zipped({"../t.csv": CSV}), "climbs out"),
    ],
    ids=plain_id,
)
def test_damage_is_named(tmp_path, name, content, says):
    path = put(tmp_path, content, name)
    with pytest.raises(FormatError, match=says) as caught:
        read_bytes(path)
    assert isinstance(caught.value, ValueError)
    assert name in str(caught.value)
    assert caught.value.fix


def test_a_flipped_byte_in_a_zip_is_damage(tmp_path):
    content = bytearray(zipped({"t.csv": CSV * 50}))
    content[60] ^= 0xFF
    with pytest.raises(FormatError, match="damaged"):
        read_bytes(put(tmp_path, bytes(content), "t.zip"))


# --- splitting -------------------------------------------------------------------------------


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
    assert str(caught.value) == "t.csv: column n holds 'x' where a number belongs (lines 9)."


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
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
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


# --- columns, numbers, ids -------------------------------------------------------------------


def test_a_missing_column_is_matched_without_regard_to_case():
    frame = pd.DataFrame({"GEOID": [], "B28002_001E": []})
    with pytest.raises(MissingColumnError) as caught:
        require_columns(frame, ["b28002_001e", "x"], "t.csv")
    assert isinstance(caught.value, KeyError)
    assert str(caught.value) == "t.csv: lacks column b28002_001e, x. Fix: the file has B28002_001E."


def test_many_missing_columns_are_counted():
    with pytest.raises(MissingColumnError, match="c0, c1, c2, c3, c4 and 45 more"):
        require_columns(pd.DataFrame({"q": []}), [f"c{i}" for i in range(50)], "t.csv")


def test_the_id_column_is_found_or_named():
    assert pick_id(pd.DataFrame({"FIPS": [], "GEOID": []}), "t.csv") == "GEOID"
    assert pick_id(pd.DataFrame({"FIPS": [], "k": []}), "t.csv", "k") == "k"
    with pytest.raises(MissingColumnError, match="id_column="):
        pick_id(pd.DataFrame({"k": []}), "t.csv")


def test_numbers_with_thousands_separators_are_refused_with_a_hint():
    frame = pd.DataFrame({"n": ["1,234", "2"]})
    with pytest.raises(InputError, match="without thousands separators"):
        to_numbers(frame, {"n": "n"}, "t.csv")


@pytest.mark.parametrize("text", ["inf", "-Infinity", "about 5", "(X)", "1e999", "0x10", "1_000"])
def test_no_number_is_no_number(text):
    with pytest.raises(InputError, match="where a number belongs"):
        to_numbers(pd.DataFrame({"n": ["1", text]}), {"n": "n"}, "t.csv")


def test_two_columns_cannot_become_one():
    frame = pd.DataFrame({"a": ["1"], "b": ["2"]})
    with pytest.raises(InputError, match="two columns are mapped to 'n'"):
        to_numbers(frame, {"a": "n", "b": "n"}, "t.csv")


def indexed(ids, **options):
    ids = pd.Series(ids)
    options = {"level": "county", "state": None, "multi_state": False, **options}
    return index_by_area(pd.DataFrame({"n": range(len(ids))}), ids, "t.csv", **options)


def test_duplicated_areas_in_any_spelling_are_refused():
    with pytest.raises(InputError, match="1 areas stand more than once") as caught:
        indexed(["10001", "0500000US10001", "10003"])
    assert caught.value.rows == ["10001"]


def test_other_states_are_an_error_unless_several_were_announced():
    with pytest.raises(GeoidError, match=r"not in Delaware.*multi_state"):
        indexed(["10001", "51001"], state="10")
    table, notes = indexed(["10001", "51001"], state="10", multi_state=True)
    assert list(table.index) == ["10001"]
    assert notes == ["t.csv: 1 rows of other states left out"]


def test_a_state_without_rows_is_named():
    with pytest.raises(InputError, match="no county of Virginia in the file"):
        indexed(["10001"], state="51", multi_state=True)
    with pytest.raises(InputError, match="the file holds no rows"):
        indexed([])
