"""One way to open a ZIP, whoever asks: damage, bombs and locks are told before anything is read."""

from __future__ import annotations

import gzip
import io
import lzma
import zipfile

import pytest
from bdc_files import STAMP, offer, text
from door_files import CSV, put, zipped

import equity as eq
from equity.errors import FormatError, MissingFileError
from equity.files import zips
from equity.files.opening import read_bytes
from equity.files.zips import check_zip, open_zip
from equity.sources.care.nppes import read_nppes

BDC = f"bdc_10_Cable_{STAMP}.zip"


def encrypted(content):
    """Set the flag that says so, in the member's header and in the directory."""
    data = bytearray(content)
    data[data.index(b"PK\x03\x04") + 6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def claims(content, size):
    """Let the directory say that the member unpacks to `size` bytes."""
    data = bytearray(content)
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = size.to_bytes(4, "little")
    return bytes(data)


def twice(content):
    """List the one member two times over: both lie on the same bytes."""
    start, end = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    entry, tail = content[start:end], bytearray(content[end:])
    tail[8:12] = (40).to_bytes(2, "little") * 2
    tail[12:16] = (40 * len(entry)).to_bytes(4, "little")
    return content[:start] + entry * 40 + bytes(tail)


def csv_reader(path):
    return read_bytes(path)


def bdc_reader(path):
    return eq.read_bdc(path, as_of="2025-12-31")


def register_reader(path):
    return read_nppes(path, as_of="2026")


def boundary_reader(path):
    return eq.read_boundaries(path, year=2023)


WHOLE = zipped({"x.csv": text([offer()] * 50)})


@pytest.mark.parametrize("reader", [csv_reader, bdc_reader, register_reader, boundary_reader])
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (encrypted(WHOLE), "encrypted"),
        (claims(WHOLE, 3 << 30), "ZIP bomb"),
        (twice(WHOLE), "ZIP bomb|overlap"),
        (zipped({"../x.csv": CSV}), "climbs out"),
        (zipped({}), "the ZIP is empty"),
        (WHOLE[: len(WHOLE) // 2], "half a download"),
    ],
    ids=["encrypted", "bomb", "overlap", "climbs", "empty", "half"],
)
def test_every_reader_refuses_it_in_the_same_words(tmp_path, reader, content, says):
    path = put(tmp_path, content, BDC)
    with pytest.raises(FormatError, match=says) as caught:
        reader(path)
    assert BDC in str(caught.value)
    assert caught.value.fix


def test_what_was_opened_already_is_told_as_damage_with_the_name_given(tmp_path):
    def go(content):
        with open_zip(io.BytesIO(content), file="the/name.zip") as opened:
            return opened.stream(opened.members()[0]).read()

    assert go(zipped({"t.csv": CSV})) == CSV
    data = bytearray(zipped({"t.csv": CSV * 90}))
    data[60] ^= 0xFF
    with pytest.raises(FormatError, match="damaged") as caught:
        go(bytes(data))
    assert caught.value.file == "the/name.zip"


@pytest.mark.parametrize("error", [FormatError("ours"), MissingFileError("ours"), KeyError("ours")])
def test_an_error_of_whoever_reads_passes_unchanged(tmp_path, error):
    path = put(tmp_path, zipped({"t.csv": CSV}), "t.zip")
    with pytest.raises(type(error)) as caught, open_zip(path):
        raise error
    assert caught.value is error


def test_a_member_is_chosen_by_its_bare_name_or_the_choice_is_told(tmp_path):
    path = put(tmp_path, zipped({"a/T.CSV": CSV, "b.txt": b"x", "__MACOSX/a.csv": b""}), "t.zip")
    with open_zip(path) as opened:
        assert opened.only(lambda name: name == "t.csv", ".csv").filename == "a/T.CSV"
        assert opened.named("b.txt").file_size == 1
        with pytest.raises(
            FormatError, match=r"exactly one .shp file, it holds 0 \(a/T.CSV, b.txt\)"
        ):
            opened.only(lambda name: name.endswith(".shp"), ".shp")
        with pytest.raises(FormatError, match="no longer holds 'c"):
            opened.named("c.csv")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(MissingFileError, match="no such file"):
        check_zip(tmp_path / "gone.zip")


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_other_packings_have_the_same_bound(tmp_path, monkeypatch, pack):
    path = put(tmp_path, pack(b"a,b\n" + b"0" * 300_000), "t.csv.gz")
    assert len(read_bytes(path)) == 300_004
    monkeypatch.setattr(zips, "_SMALL", 10_000)
    with pytest.raises(FormatError, match="a bomb") as caught:
        read_bytes(path)
    assert caught.value.code == "E-ZIP-BOMB"


def test_a_member_longer_than_it_says_is_a_bomb_or_damage(tmp_path):
    path = put(tmp_path, claims(zipped({"t.csv": CSV * 99}), 10), "t.zip")
    with pytest.raises(FormatError, match=r"bomb|damaged"):
        check_zip(path, test=True)


def test_stored_members_are_read_by_the_standard_reader(tmp_path):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("t.csv", CSV)
    assert read_bytes(put(tmp_path, out.getvalue(), "t.zip")) == CSV
