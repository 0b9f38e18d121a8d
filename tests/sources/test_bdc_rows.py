"""Rows read block by block: no row is lost at a seam, and lines are named as a person counts them."""

from __future__ import annotations

import csv
import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.errors import FormatError
from equity.files import inflate as _inflate
from equity.sources.fcc import _bdc_rows

TYPES = {"n": "int64", "name": "string"}
HEADER = ["n", "unread", "name"]


class Dribble(io.RawIOBase):
    """A stream that gives a few bytes at a time, as a network does."""

    def __init__(self, data, most):
        self._left, self._most = data, most

    def readinto(self, buffer):
        piece = self._left[: min(self._most, len(buffer))]
        self._left = self._left[len(piece) :]
        buffer[: len(piece)] = piece
        return len(piece)


def rows_of(stream, header=HEADER, types=TYPES):
    return [
        tuple(row.values())
        for batch in _bdc_rows.parse_rows(stream, header, types, "some.csv")
        for row in batch.to_pylist()
    ]


def small_blocks(monkeypatch, block, piece=None):
    monkeypatch.setattr(_bdc_rows, "_BLOCK", block)
    monkeypatch.setattr(_bdc_rows, "_PIECE", piece or block)


names = st.text(st.sampled_from('abc ",é'), max_size=12)


@given(
    rows=st.lists(st.tuples(st.integers(0, 10**13), names, names), max_size=40),
    end=st.sampled_from(["\n", "\r\n"]),
    last=st.booleans(),
    block=st.integers(120, 400),
    most=st.integers(1, 500),
)
@settings(max_examples=150, deadline=None)
def test_whatever_the_blocks_the_rows_are_those_of_the_csv_module(rows, end, last, block, most):
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator=end)
    writer.writerows([HEADER, *rows])
    text = out.getvalue() if last else out.getvalue().removesuffix(end)
    with pytest.MonkeyPatch.context() as patch:
        small_blocks(patch, block)
        read = rows_of(Dribble(text.encode(), most))
    expected = list(csv.DictReader(io.StringIO(text, newline="")))
    assert read == [(int(row["n"]), row["name"]) for row in expected]


@pytest.mark.parametrize(("block", "piece"), [(1 << 23, 1 << 20), (64, 64), (64, 24), (29, 29)])
def test_wrong_lines_are_counted_from_the_top_of_the_file(monkeypatch, block, piece):
    small_blocks(monkeypatch, block, piece)
    lines = [f"{n},x,name" for n in range(2, 60)]
    lines[20], lines[40], lines[41] = "22,x", "42,x,name,more", "43"
    with pytest.raises(FormatError, match="3 lines do not have 3 fields") as caught:
        rows_of(io.BytesIO("\n".join(["n,unread,name", *lines]).encode()))
    assert caught.value.rows == ["line 22", "line 42", "line 43"]
    lines[20] = "22,x,name"
    lines[30] = "many,x,name"
    with pytest.raises(FormatError, match="'n' holds what is no whole number: 'many'") as caught:
        rows_of(io.BytesIO("\n".join(["n,unread,name", *lines]).encode()))
    assert caught.value.rows == ["line 32"]


@pytest.mark.parametrize("text", ["", "n,unread,name", "n,unread,name\n", "n,unread,name\n\n\n"])
def test_no_rows(monkeypatch, text):
    for block in (16, 1 << 20):
        small_blocks(monkeypatch, block)
        assert rows_of(io.BytesIO(text.encode())) == []


def test_blank_lines_hold_no_row(monkeypatch):
    small_blocks(monkeypatch, 14)
    assert rows_of(io.BytesIO(b"n,unread,name\n1,,a\n\n\n\n\n\n\n\n\n2,,b\n\n")) == [
        (1, "a"),
        (2, "b"),
    ]


def test_a_line_without_end_is_refused_before_memory_is_full(monkeypatch):
    small_blocks(monkeypatch, 64)
    with pytest.raises(FormatError, match="no line ends in 64 bytes"):
        rows_of(io.BytesIO(b"n,unread,name\n1,," + b"a" * 100 + b"\n"))


@pytest.fixture
def member(tmp_path):
    """A deflated member, some of it hardly compressed, so that inflating stops at any place."""
    text = b"".join(b"%d,%d,x\n" % (n, n * 7919 % 10**9) for n in range(5000)) + b"0" * 100_000
    path = tmp_path / "some.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("some.csv", text)
    return path, text


@pytest.mark.parametrize("size", [1, 7, 4096, 65_536, 1 << 20, -1])
def test_a_member_is_the_same_in_pieces_of_any_size(member, size):
    path, text = member
    if size == 1:
        text = text[:5000]
    with zipfile.ZipFile(path) as archive, path.open("rb") as handle:
        stream = _inflate.fast_member(handle, archive.infolist()[0])
        assert stream is not None, "isal is a dependency: without it reading takes twice as long"
        pieces = []
        while sum(map(len, pieces)) < len(text) and (piece := stream.read(size)):
            pieces.append(piece)
        assert b"".join(pieces) == text
        if size != 1:
            assert stream.read(1) == b""


@pytest.mark.parametrize("what", ["crc", "length", "cut", "middle"])
def test_damage_in_a_member_is_told(member, what):
    path, _ = member
    data = bytearray(path.read_bytes())
    directory = data.index(b"PK\x01\x02")
    if what == "crc":
        data[directory + 16] ^= 0xFF
    elif what == "length":
        data[directory + 24] ^= 0xFF
    elif what == "middle":
        data[2000:2010] = bytes(255 - byte for byte in data[2000:2010])
    path.write_bytes(data)
    with zipfile.ZipFile(path) as archive:
        item = archive.infolist()[0]
    if what == "cut":
        path.write_bytes(data[: directory // 2])
    with (
        path.open("rb") as handle,
        pytest.raises((zipfile.BadZipFile, EOFError), match=r"some\.csv"),
    ):
        _inflate.fast_member(handle, item).read()
