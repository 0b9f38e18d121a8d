"""An output folder under attack: kills, a refusing disk, two writers, hostile places and records."""

from __future__ import annotations

import json
import logging
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from outputs_data import make_report

import equity.study.write as writing
from equity.errors import StorageError
from equity.outputs.ownership import owned_files, sealed
from equity.outputs.tables import write_provenance
from equity.provenance import sha256_of
from equity.study.write import write_outputs

HERE = Path(__file__).resolve().parent
LONG = os.environ.get("EQUITY_LONG_ATTACK") == "1"


@pytest.fixture(scope="module")
def report():
    return make_report()


@pytest.fixture
def small(monkeypatch):
    """Let a run write two small files and its record; returns the text they hold, to be changed."""
    said = {"text": "first", "names": ["index.html", "study.toml"]}

    def write(report, folder):
        for name in said["names"]:
            (folder / name).write_text(said["text"])
        write_provenance(report, folder / "provenance.json", files=list(folder.iterdir()))

    monkeypatch.setattr(writing, "_write_all", write)
    return said


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    """What became of some hundred writes that were stopped; in a process that only forks."""
    if not hasattr(os, "fork"):
        pytest.skip("kills are tried by forking, which this system cannot")
    done = subprocess.run(
        [sys.executable, str(HERE / "kills.py"), str(tmp_path_factory.mktemp("kills")),
         os.environ.get("EQUITY_ATTACK_SEED", "12"), "long" if LONG else "short"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE.parents[1]), str(HERE.parent)])},
        capture_output=True, text=True, check=False, timeout=3600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


BAD = ("lost", "neither", "traceback", "not mended", "hidden", "failed")


@pytest.mark.long
@pytest.mark.parametrize("how", ["kill", "once", "on", "kill twice", "first run"])
def test_old_or_new_is_whole_wherever_a_write_is_stopped(attacked, how):
    count = attacked[how]
    assert count["tried"] >= 30
    assert count["old"] >= 5
    assert count["new"] >= 5
    assert count["old"] + count["new"] == count["tried"]
    assert {name: count[name] for name in BAD if count.get(name)} == {}


@pytest.mark.long
def test_a_write_is_also_killed_while_it_mends_what_a_kill_left(attacked):
    assert attacked["kill twice"]["killed twice"] >= 20


@pytest.mark.long
def test_every_byte_of_the_user_s_is_found_after_ten_runs_five_of_them_killed(attacked):
    count = attacked["ten runs"]
    assert count["killed"] == count["written"] > 0
    assert {name: count[name] for name in BAD if count.get(name)} == {}


@pytest.mark.long
def test_two_processes_at_once_leave_one_whole_run(attacked):
    count = attacked["at once"]
    assert count["whole"] == count["edits kept"] > 0
    assert count["failed"] == 0


def test_a_disk_that_fills_while_the_real_outputs_are_written_changes_nothing(
    example_run, example_result, tmp_path
):
    folder = shutil.copytree(example_run, tmp_path / "run")
    (folder / "notes.md").write_text("mine")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, limits[1]))
    try:
        with pytest.raises(StorageError):
            example_result.write(folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_an_edited_file_is_kept_beside_and_said_in_one_line(report, tmp_path, small, caplog):
    folder = write_outputs(report, tmp_path / "run")
    for n in (1, 2):
        (folder / "study.toml").write_text(f"edit {n}")
        small["text"] = f"run {n}"
        caplog.clear()
        write_outputs(report, folder)
        assert (folder / "study.toml").read_text() == f"run {n}"
        assert (folder / f"study (edited {n}).toml").read_text() == f"edit {n}"
        (line,) = caplog.records
        assert f"study.toml: not as a run wrote it; kept as study (edited {n}).toml" in line.message
    assert line.levelno == logging.WARNING


def test_an_edit_that_is_what_the_run_writes_is_no_edit(report, tmp_path, small, caplog):
    folder = write_outputs(report, tmp_path / "run")
    small["text"] = "second"
    (folder / "study.toml").write_text("second")
    write_outputs(report, folder)
    assert sorted(p.name for p in folder.iterdir()) == [
        "index.html",
        "provenance.json",
        "study.toml",
    ]
    assert caplog.records == []


def test_an_edited_record_is_kept_too(report, tmp_path, small):
    folder = write_outputs(report, tmp_path / "run")
    record = folder / "provenance.json"
    edited = record.read_bytes().replace(b'"title": ', b'"title":  ')
    record.write_bytes(edited)
    write_outputs(report, folder)
    assert (folder / "provenance (edited 1).json").read_bytes() == edited
    assert owned_files(folder)["provenance.json"] == sha256_of(record)


def test_what_is_no_longer_written_goes_unless_it_was_edited(report, tmp_path, small):
    small["names"] = ["index.html", "map.html", "appendix.pdf"]
    folder = write_outputs(report, tmp_path / "run")
    (folder / "map.html").write_text("edited")
    small["names"] = ["index.html"]
    write_outputs(report, folder)
    assert sorted(p.name for p in folder.iterdir()) == ["index.html", "map.html", "provenance.json"]
    assert (folder / "map.html").read_text() == "edited"


def test_a_folder_or_link_in_the_way_of_a_new_file_is_kept(report, tmp_path, small):
    small["names"] = ["index.html"]
    folder = write_outputs(report, tmp_path / "run")
    (folder / "study.toml").mkdir()
    (folder / "study.toml" / "thesis.docx").write_text("mine")
    (folder / "map.html").symlink_to("study.toml")
    small["names"] = ["index.html", "study.toml", "map.html"]
    write_outputs(report, folder)
    assert (folder / "study (edited 1).toml" / "thesis.docx").read_text() == "mine"
    assert (folder / "map (edited 1).html").readlink() == Path("study.toml")
    assert (folder / "map.html").is_file()


@pytest.mark.parametrize(
    "record",
    [
        "{}",
        "[]",
        "not JSON",
        "\x00",
        "[" * 100_000,
        '{"files": {}}',
        '{"written_by": "somebody", "schema": 1, "files": {}}',
        '{"written_by": "telehealth-equity", "schema": 2, "files": {}}',
        '{"written_by": "telehealth-equity", "schema": 1, "files": []}',
        '{"written_by": "telehealth-equity", "schema": 1, "files": {"a": "0"}}',
        '{"written_by": "telehealth-equity", "schema": 1, "files": {"../x": "' + "0" * 64 + '"}}',
        '{"written_by": "telehealth-equity", "schema": 1, "files": {".git": "' + "0" * 64 + '"}}',
    ],
)
def test_a_file_that_is_only_named_like_our_record_makes_no_folder_ours(
    report, tmp_path, small, record
):
    (tmp_path / "provenance.json").write_text(record)
    with pytest.raises(StorageError, match=r"no run wrote.*--out"):
        write_outputs(report, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["provenance.json"]
    assert (tmp_path / "provenance.json").read_text() == record


def test_a_linked_record_makes_no_folder_ours(report, tmp_path, small):
    folder = write_outputs(report, tmp_path / "run")
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "provenance.json").symlink_to(folder / "provenance.json")
    with pytest.raises(StorageError, match="no run wrote"):
        write_outputs(report, mine)


@pytest.mark.parametrize("inside", [".git", ".git/hooks", ".GIT", "repo/.git/new"])
def test_nothing_inside_a_git_folder_is_ours(report, tmp_path, small, inside):
    place = tmp_path / inside
    place.mkdir(parents=True)
    (place / "provenance.json").write_text(sealed({"files": {}}))
    with pytest.raises(StorageError, match=r"inside a \.git folder"):
        write_outputs(report, place)
    assert [p.name for p in place.iterdir()] == ["provenance.json"]


def test_a_link_is_followed_and_stays_a_link(report, tmp_path, small):
    (tmp_path / "link").symlink_to("disk/run", target_is_directory=True)
    for text in ("first", "second"):
        small["text"] = text
        assert write_outputs(report, tmp_path / "link") == tmp_path / "link"
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "disk" / "run" / "index.html").read_text() == text
    assert sorted(p.name for p in tmp_path.iterdir()) == ["disk", "link"]


@pytest.mark.parametrize("out", [".", "..", "../..", "./deeper/.."])
def test_the_working_folder_is_written_in_place(report, tmp_path, small, monkeypatch, out):
    work = tmp_path / "a" / "b"
    (work / "deeper").mkdir(parents=True)
    monkeypatch.chdir(work)
    (work / "deeper").rmdir() if out == "." else None
    root = Path(out).resolve()
    inode = root.stat().st_ino
    if any(root.iterdir()):  # make it ours first, as a run into an empty folder would have
        (root / "provenance.json").write_text(sealed({"files": {}}))
    write_outputs(report, Path(out))
    assert root.stat().st_ino == inode
    assert Path.cwd() == work
    assert (Path(out) / "index.html").read_text() == "first"


def test_the_home_folder_may_be_a_tilde(report, tmp_path, small, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    assert write_outputs(report, Path("~/run")) == tmp_path / "home" / "run"
    assert (tmp_path / "home" / "run" / "index.html").is_file()
    assert not (tmp_path / "~").exists()


@pytest.mark.parametrize(
    "out",
    ["file", "file/deeper", "loop", "~nobody-of-this-name/x", "nul\x00", "x" * 300, "\udc80\ud800"],
)
def test_a_place_that_cannot_be_is_one_error_and_nothing_changes(
    report, tmp_path, small, monkeypatch, out
):
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("mine")
    Path("loop").symlink_to("loop")
    with pytest.raises(StorageError, match="--out") as caught:
        write_outputs(report, Path(out))
    assert "\n" not in str(caught.value)
    assert "\x00" not in str(caught.value)
    str(caught.value).encode()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "loop"]


@pytest.mark.parametrize("number", [13, 30, 28])
def test_a_folder_that_takes_nothing_is_one_error(report, tmp_path, small, monkeypatch, number):
    folder = write_outputs(report, tmp_path / "run")
    make = os.mkdir

    def refuse(path, *args, **kwargs):
        if Path(path).is_relative_to(folder):
            raise OSError(number, os.strerror(number), str(path))
        return make(path, *args, **kwargs)

    monkeypatch.setattr(os, "mkdir", refuse)
    with pytest.raises(StorageError, match=os.strerror(number)) as caught:
        write_outputs(report, folder)
    assert str(folder) in str(caught.value)


def test_a_cache_that_cannot_be_written_is_named(report, tmp_path, small, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EQUITY_CACHE_DIR", str(tmp_path / "file"))
    with pytest.raises(StorageError, match="EQUITY_CACHE_DIR"):
        write_outputs(report, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_hidden_folder_that_is_not_ours_is_left_alone(report, tmp_path, small):
    folder = write_outputs(report, tmp_path / "run")
    hidden = folder / ".telehealth-equity-run"
    hidden.mkdir()
    (hidden / "fresh").mkdir()
    (hidden / "fresh" / "mine.txt").write_text("mine")
    (hidden / "diary.txt").write_text("mine")
    with pytest.raises(StorageError, match="move it out"):
        write_outputs(report, folder)
    assert (
        (hidden / "diary.txt").read_text() == (hidden / "fresh" / "mine.txt").read_text() == "mine"
    )


@pytest.mark.parametrize(
    "journal",
    ["", "{}", '{"old": {}, "new": {"../../x": "0"}}', '{"old": [], "new": 3}', "[1, 2]", "\x00"],
)
def test_a_damaged_journal_is_told_and_nothing_is_moved(report, tmp_path, small, journal):
    folder = write_outputs(report, tmp_path / "run")
    hidden = folder / ".telehealth-equity-run"
    for name in ("fresh", "before"):
        (hidden / name).mkdir(parents=True)
    (hidden / "journal.json").write_text(journal)
    with pytest.raises(StorageError, match="journal of a run that was stopped cannot be read"):
        write_outputs(report, folder)
    assert (hidden / "journal.json").read_text() == journal


@pytest.fixture
def stopped(report, tmp_path, small):
    """A folder whose second run was killed when one of its three files had been moved."""
    folder = write_outputs(report, tmp_path / "run")
    old = owned_files(folder)
    small["text"] = "second"
    other = write_outputs(report, tmp_path / "other")
    new = owned_files(other)
    hidden = folder / ".telehealth-equity-run"
    (hidden / "before").mkdir(parents=True)
    other.rename(hidden / "fresh")
    (hidden / "journal.json").write_text(json.dumps({"old": old, "new": new}))
    (folder / "index.html").rename(hidden / "before" / "index.html")
    (hidden / "fresh" / "index.html").rename(folder / "index.html")
    return folder


def texts(folder: Path) -> dict[str, str]:
    return {p.name: p.read_text() for p in folder.iterdir() if p.name != "provenance.json"}


def test_what_was_edited_between_a_kill_and_the_next_run_is_kept(report, stopped, small):
    (stopped / "index.html").write_text("edited new")
    (stopped / "study.toml").write_text("edited old")
    small["text"] = "third"
    write_outputs(report, stopped)
    assert texts(stopped) == {
        "index.html": "third", "study.toml": "third",
        "index (edited 1).html": "edited new", "study (edited 1).toml": "edited old",
    }  # fmt: skip


def test_what_was_put_where_a_file_had_gone_aside_is_kept(report, stopped, small):
    hidden = stopped / ".telehealth-equity-run"
    (hidden / "before" / "study.toml").write_text("edited old")
    (stopped / "study.toml").write_text("put there since")
    write_outputs(report, stopped)
    found = texts(stopped)
    assert {found.pop("index.html"), found.pop("study.toml")} == {"second"}
    assert sorted(found) == ["study (edited 1).toml", "study (edited 2).toml"]
    assert sorted(found.values()) == ["edited old", "put there since"]


def test_what_was_edited_is_kept_where_the_moves_have_to_be_undone(
    report, stopped, small, monkeypatch
):
    (stopped / "index.html").write_text("edited new")
    replace = Path.replace

    def refuse(path, target):
        if Path(target) == stopped / "study.toml" and path.parent.name == "fresh":
            raise PermissionError(13, "open in another program", str(target))
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(StorageError, match="open in another program"):
        write_outputs(report, stopped)
    assert texts(stopped) == {
        "index.html": "first", "study.toml": "first", "index (edited 1).html": "edited new",
    }  # fmt: skip


def test_a_first_write_that_fails_leaves_no_folder(report, tmp_path, monkeypatch):
    def full(report, folder):
        (folder / "index.html").write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing, "_write_all", full)
    with pytest.raises(StorageError, match="No space left"):
        write_outputs(report, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_once_every_file_has_its_place_nothing_is_taken_any_more(report, tmp_path, small):
    small["names"] = ["index.html", "map.html"]
    folder = write_outputs(report, tmp_path / "run")
    old, mine = owned_files(folder), (folder / "map.html").read_bytes()
    small["names"] = ["index.html"]
    write_outputs(report, folder)
    hidden = folder / ".telehealth-equity-run"
    for name in ("fresh", "before"):  # as a process leaves it that is killed while it tidies up
        (hidden / name).mkdir(parents=True)
    (hidden / "journal.json").write_text(json.dumps({"old": old, "new": owned_files(folder)}))
    (folder / "map.html").write_bytes(mine)  # put back since
    write_outputs(report, folder)
    assert (folder / "map.html").read_bytes() == mine
    assert not hidden.exists()
