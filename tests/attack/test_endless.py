"""What has no end, or unpacks to more than there is room for, is refused before it is read."""

from __future__ import annotations

import io
import lzma
import os
import struct
import subprocess
import sys
import zipfile
import zlib

import pytest

import equity as eq
from equity import cli
from equity.errors import ArgumentError, EquityError, FormatError, InputError, StorageError
from equity.files.opening import located, read_bytes
from equity.rules.toml_file import read_toml
from equity.study.file import read_plan

MB = 1 << 20


def lying_zip(real: bytes, stated: int) -> bytes:
    """A ZIP whose member is longer than its directory says, checksum of the stated part right."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("t.csv", real)
    data = bytearray(out.getvalue())
    at = data.find(b"PK\x01\x02")
    data[at + 16 : at + 20] = struct.pack("<L", zlib.crc32(real[:stated]))
    data[at + 24 : at + 28] = struct.pack("<L", stated)
    return bytes(data)


def test_a_pipe_a_device_and_a_folder_are_no_files(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    for path in (tmp_path / "pipe.csv", "/dev/zero", tmp_path):
        with pytest.raises(FormatError, match="where a file is expected"):
            read_bytes(path)
        with pytest.raises(EquityError, match="where a file is expected"):
            read_plan(path)


@pytest.mark.parametrize("size", [10 * MB, 1 << 43])
def test_a_sparse_file_is_not_read(tmp_path, size):
    path = tmp_path / "t.csv"
    with path.open("wb") as handle:
        handle.truncate(size)
    with pytest.raises(FormatError, match=r"zeros only|larger than"):
        read_bytes(path)


def test_a_member_that_is_longer_than_it_says_is_no_result(tmp_path):
    path = tmp_path / "t.zip"
    path.write_bytes(lying_zip(b"a,b\n1,2\n" + b"3,4\n" * MB, 8))
    with pytest.raises(FormatError):
        read_bytes(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packings_that_no_step_bounds_are_refused(tmp_path, method):
    path = tmp_path / "t.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("t.csv", b"a,b\n" * MB)
    with pytest.raises(FormatError, match="packed in a way that is not read here"):
        read_bytes(path)


def test_an_xz_that_asks_for_gigabytes_of_memory(tmp_path):
    path = tmp_path / "t.csv.xz"
    wide = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 30}]
    packer = lzma.LZMACompressor(filters=[{**wide[0], "dict_size": 1 << 20}])
    data = bytearray(packer.compress(b"a,b\n1,2\n") + packer.flush())
    at = data.index(b"\x21\x01", 12)  # LZMA2, one byte of properties: the size of its dictionary
    data[at + 2] = 37  # 2 GB
    data[20:24] = struct.pack("<L", zlib.crc32(bytes(data[12:20])))
    path.write_bytes(bytes(data))
    with pytest.raises(FormatError, match="emory"):
        read_bytes(path)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 10_000,
        "x = " + "[" * 10_000 + "]" * 10_000,
        "x = " + "{a = " * 2_000 + "1" + "}" * 2_000,
        ".".join("a" * 5_000) + " = 1",
        "x = " + "9" * 5_000,
        "x = 1\n" * 400_000,
    ],
    ids=["open", "lists", "tables", "dots", "digits", "large"],
)
def test_toml_that_is_deep_or_huge(tmp_path, text):
    path = tmp_path / "study.toml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_toml(path)
    assert len(str(caught.value)) < 1_000


def test_a_toml_of_100_mb_is_not_parsed(tmp_path):
    path = tmp_path / "study.toml"
    with path.open("wb") as handle:
        handle.truncate(100 * MB)
    with pytest.raises(InputError, match="larger than a megabyte"):
        read_toml(path)


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    path = tmp_path / "study.toml"
    path.write_text("x = 1")

    def locked(self, *_args, **_kwargs):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr("pathlib.Path.open", locked)
    for read in (read_toml, read_bytes):
        with pytest.raises(StorageError, match=r"Permission denied.*check its permissions"):
            read(path)


@pytest.mark.parametrize("path", ["~nobody-at-all/x.csv", "x" * 5_000, "a\0b"])
def test_paths_that_lead_nowhere(path):
    with pytest.raises(EquityError):
        read_bytes(path)
    with pytest.raises(EquityError):
        eq.read_acs(path, year=2023)


def test_the_home_folder_is_meant_by_its_sign(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert located("~/x.csv") == tmp_path / "x.csv"


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        (MemoryError(), "memory ran out"),
        (OSError(28, "No space left on device"), "No space left on device: the screen"),
        (ImportError("failed to map segment"), "too little memory to load it"),
    ],
)
def test_what_the_machine_refuses_is_one_line_and_code_2(monkeypatch, capsys, trouble, says):
    def refused():
        raise trouble

    monkeypatch.setattr(cli, "app", refused)
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 2
    told = capsys.readouterr().err
    assert says in told
    assert told.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of its own")
@pytest.mark.parametrize("end", [">&-", "> /dev/full", "| head -c 0"])
def test_a_screen_that_takes_nothing(end, tmp_path):
    command = f"{sys.executable} -m equity sources {end}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 2


def test_what_the_door_says_of_a_wrong_call():
    for wrong, says in (
        (
            lambda: eq.telehealth_gap(None),
            "telehealth_gap: table is None. Fix: it takes a DataFrame",
        ),
        (lambda: eq.read_acs("a.csv", years=2023), "read_acs: .*year.*it takes paths, year, level"),
        (lambda: eq.combine(3), "combine: table is the number 3"),
        (lambda: eq.coverage("x", rule="fcc-25-3"), "coverage: data is the text 'x'"),
        (
            lambda: eq.get_bdc("VA", as_of="2024-12-31", technologies="fiber"),
            "a list of a whole number",
        ),
    ):
        with pytest.raises(ArgumentError, match=says):
            wrong()
