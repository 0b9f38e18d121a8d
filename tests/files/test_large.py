"""Some columns of a large CSV: the same cells as the careful reader gives, in one pass."""

from __future__ import annotations

import gzip
import io

import pyarrow as pa
import pytest
from door_files import put
from hypothesis import given
from hypothesis import strategies as st

from equity.errors import FormatError, MissingColumnError, MissingFileError
from equity.files import large
from equity.files.delimited import read_text_table
from equity.files.large import read_columns, stream_columns

TEXT = 'a, b ,"c\nd"\n1,"x\ny",3\n007,,"6,5"\n'


def pick(names):
    assert names == ["a", "b", "c\nd"]
    return ["c\nd", "a"]


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        b"\xef\xbb\xbf" + TEXT.encode(),
        TEXT.replace("\n1", "\r1").encode(),
        TEXT.replace("3\n", "3\r\r\n").encode(),
        gzip.compress(TEXT.encode()),
        (TEXT + "Do\xf1a,1,2\n").encode("latin-1"),
    ],
    ids=["plain", "mark", "header of another kind", "CR CR LF", "packed", "Latin-1"],
)
def test_only_what_is_wanted_is_read_and_it_is_text(tmp_path, content):
    frame = read_columns(put(tmp_path, content), pick)
    assert frame["a"].tolist()[:2] == ["1", "007"]
    assert frame["c\nd"].tolist()[:2] == ["3", "6,5"]
    assert list(frame.columns) == ["c\nd", "a"]
    assert frame["a"].tolist()[2:] in ([], ["Doña"])


def test_rows_of_a_large_file_with_blank_lines_are_counted_without_them(tmp_path, monkeypatch):
    path = put(tmp_path, "a,b\n\n1,2\n\n3,4\n")
    index = read_columns(path, list).index
    assert (index.name, index.tolist()) == ("line", [3, 5])
    monkeypatch.setattr(large, "_LARGE", 4)
    index = read_columns(path, list).index
    assert (index.name, index.tolist()) == ("row", [1, 2])


def test_rows_of_another_width_are_named(tmp_path):
    with pytest.raises(FormatError, match="1 rows do not have the header's 2 fields") as caught:
        read_columns(put(tmp_path, "a,b\n1,2\n1\n"), lambda names: names[:1])
    assert caught.value.rows == ["line 3 (1 fields)"]


@pytest.mark.parametrize(
    ("content", "says"),
    [("a,b,a\n1,2,3\n", "'a' stands twice"), ("", "empty"), ("<html>", "HTML")],
)
def test_what_is_no_such_table(tmp_path, content, says):
    with pytest.raises(FormatError, match=says):
        read_columns(put(tmp_path, content), lambda names: names[:1])


def test_a_header_alone_is_an_empty_table(tmp_path):
    for content in ("a,b", "a,b\n", "a,b\r"):
        frame = read_columns(put(tmp_path, content), lambda _: ["b"])
        assert list(frame.columns) == ["b"]
        assert len(frame) == 0


def test_the_choice_of_columns_may_refuse(tmp_path):
    def refuse(_names):
        raise MissingColumnError("lacks column z")

    with pytest.raises(MissingColumnError):
        read_columns(put(tmp_path, "a\n1\n"), refuse)
    with pytest.raises(MissingFileError):
        read_columns(tmp_path / "gone.csv", refuse)


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)


@given(
    st.lists(st.tuples(cells, cells), min_size=1, max_size=8),
    st.sampled_from(["\n", "\r", "\r\n"]),
    st.sampled_from(["\n", "\r", "\r\n", "\r\r\n"]),
)
def test_it_agrees_with_the_careful_reader(rows, first, other):
    quoted = ['"a","b"', *(",".join('"' + c.replace('"', '""') + '"' for c in row) for row in rows)]
    data = (quoted[0] + first + "".join(line + other for line in quoted[1:])).encode()
    batches = stream_columns(io.BytesIO(data), lambda names: names, file="t.csv")
    fast = pa.Table.from_batches(batches).to_pandas()
    careful = read_text_table("t.csv", data=data)
    assert fast.to_dict("list") == careful.to_dict("list")
    assert list(fast.itertuples(index=False, name=None)) == rows


def test_small_blocks_change_nothing(monkeypatch):
    data = b"a,b\r" + b"".join(b"%d,x\n" % n for n in range(5000))
    monkeypatch.setattr(large, "_BLOCK", 500)
    batches = list(stream_columns(io.BytesIO(data), lambda names: names, file="t.csv"))
    assert len(batches) > 10
    assert [int(a) for b in batches for a in b.column("a").to_pylist()] == list(range(5000))
