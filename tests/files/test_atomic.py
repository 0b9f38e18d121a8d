"""One atomic write: whole or not at all, whoever else writes, and one sentence where it fails."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from equity.errors import StorageError
from equity.files import atomic
from equity.files.atomic import replacing, scratch, settle, storing, sweep, write_bytes, write_text


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_text_is_written_as_utf8_with_plain_line_ends(tmp_path):
    path = write_text(tmp_path / "new" / "page.html", "Doña\nAna")
    assert path.read_bytes() == "Doña\nAna".encode()
    assert left_in(path.parent) == ["page.html"]


def test_a_file_gets_the_rights_that_any_new_file_has(tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    write_bytes(tmp_path / "ours", b"x")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("durable", [False, True])
def test_a_write_that_fails_leaves_what_was_there(tmp_path, durable):
    path = write_bytes(tmp_path / "t.csv", b"old")

    def fail():
        with replacing(path, durable=durable) as beside:
            beside.write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StorageError, match="the disk is full") as caught:
        fail()
    assert caught.value.code == "E-DISK-FULL"
    assert path.read_bytes() == b"old"
    assert left_in(tmp_path) == ["t.csv"]


def test_an_error_that_is_no_disk_s_passes_and_leaves_nothing(tmp_path):
    def fail():
        with replacing(tmp_path / "t.csv") as beside:
            beside.write_bytes(b"half")
            raise KeyError("column")

    with pytest.raises(KeyError, match="column"):
        fail()
    assert left_in(tmp_path) == []


@pytest.mark.parametrize(
    ("number", "says", "code"),
    [
        (errno.ENOSPC, "the disk is full", "E-DISK-FULL"),
        (errno.EDQUOT, "the disk is full", "E-DISK-FULL"),
        (errno.EACCES, "cannot be written", "E-STORAGE"),
        (errno.EROFS, "cannot be written", "E-STORAGE"),
    ],
)
def test_one_sentence_names_file_cause_and_fix(tmp_path, number, says, code):
    with (
        pytest.raises(StorageError, match=says) as caught,
        storing(tmp_path / "deep" / "t.csv", name="t.csv", fix="buy a disk"),
    ):
        raise OSError(number, os.strerror(number))
    error = caught.value
    assert (error.file, error.fix, error.code) == ("t.csv", "buy a disk", code)
    assert "bytes free" in str(error)
    assert os.strerror(number) in str(error)


def test_an_error_of_ours_is_not_told_twice(tmp_path):
    with pytest.raises(StorageError, match=r"^inner") as caught, storing(tmp_path / "outer"):
        raise StorageError("inner")
    assert caught.value.file is None


def test_a_file_where_the_folder_should_be_is_one_error(tmp_path):
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.raises(StorageError, match=r"taken.*cannot be written"):
        write_bytes(tmp_path / "taken" / "t.csv", b"x")


def test_what_must_outlast_a_power_cut_is_flushed_before_and_after_the_move(tmp_path, monkeypatch):
    flushed = []
    real = os.fsync

    def fsync(handle):
        flushed.append(left_in(tmp_path))
        real(handle)

    monkeypatch.setattr(atomic.os, "fsync", fsync)
    write_bytes(tmp_path / "t.csv", b"x")
    assert flushed == []
    write_bytes(tmp_path / "t.csv", b"x", durable=True)
    file, folder = flushed
    assert len(file) == 2
    assert folder == ["t.csv"]
    (tmp_path / "part").write_bytes(b"y")
    settle(tmp_path / "part", tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_bytes() == b"y"
    assert len(flushed) == 3


def test_only_what_was_left_a_day_ago_is_swept(tmp_path):
    for name, age in ((".a.1.partial", 2 * 86_400), (".b.2.partial", 60), ("c.partial", 1e9)):
        (tmp_path / name).write_bytes(b"")
        then = (tmp_path / name).stat().st_mtime - age
        os.utime(tmp_path / name, (then, then))
    sweep(tmp_path)
    assert left_in(tmp_path) == [".b.2.partial", "c.partial"]


def test_a_leftover_that_goes_away_while_it_is_looked_at_is_no_error(tmp_path, monkeypatch):
    (tmp_path / ".a.1.partial").write_bytes(b"")
    real = Path.stat

    def gone(path, **options):
        if path.name.endswith(".partial"):
            path.unlink(missing_ok=True)
        return real(path, **options)

    monkeypatch.setattr(Path, "stat", gone)
    sweep(tmp_path)
    assert left_in(tmp_path) == []


def in_threads(work, count=4):
    wrong = []

    def guarded(number):
        try:
            work(number)
        except BaseException as error:  # noqa: BLE001 - whatever a thread meets is the finding
            wrong.append(error)

    threads = [threading.Thread(target=guarded, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


def test_four_threads_write_one_folder_and_sweep_it(tmp_path):
    def write(number):
        for entry in range(400):
            sweep(tmp_path)
            write_bytes(tmp_path / f"{number}-{entry}.parquet", b"x" * 50)

    assert in_threads(write) == []
    assert len(left_in(tmp_path)) == 1600


def test_four_threads_write_one_file_and_it_is_always_whole(tmp_path):
    path = write_bytes(tmp_path / "t", b"0" * 5000)

    def write(number):
        for _ in range(200):
            write_bytes(path, str(number).encode() * 5000)
            assert len(set(path.read_bytes())) == 1
            assert path.stat().st_size == 5000

    assert in_threads(write) == []
    assert left_in(tmp_path) == ["t"]


@pytest.mark.parametrize("trouble", [OSError(errno.ENOSPC, "No space left"), KeyError("sqlite3")])
def test_a_full_temporary_folder_is_one_error_that_names_it(tmp_path, monkeypatch, trouble):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(StorageError) as caught, scratch(KeyError):
        raise trouble
    assert "a temporary file" in str(caught.value)
    assert "TMPDIR" in caught.value.fix
    assert left_in(tmp_path) == []


def test_no_temporary_folder_at_all_is_told(tmp_path, monkeypatch):
    def none():
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.setattr("tempfile.gettempdir", none)
    with pytest.raises(StorageError, match="a temporary file"), scratch():
        pass
