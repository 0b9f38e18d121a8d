"""Opening files by what they are: packed, damaged, and what stands in place of data."""

from __future__ import annotations

import gzip
import lzma

import pytest
from door_files import CSV, put, zipped

from equity.errors import EquityError, FormatError, MissingFileError
from equity.files.opening import existing, read_bytes


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
