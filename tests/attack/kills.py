"""Writes into one folder that are killed, or refused by the disk, before each step on the disk.

Run by ``test_output_folder.py`` in a process of its own, because each write is a fork of it; it
imports no table or geometry, so that a fork takes a moment. Prints one JSON object of counts.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
from collections import Counter
from pathlib import Path

from equity.outputs.ownership import sealed
from equity.provenance import sha256_of
from equity.study._exchange import exchange

STEPS = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod"}
os.fsync = lambda handle: None  # a kill is no power cut, and thousands of flushes take minutes
HIDDEN = ".telehealth-equity-run"


def run_of(letter: str):
    """A run that writes small files named after its letter; runs share most names."""

    def write(folder):
        for name in ("index.html", "communities.csv", "study.toml", f"only-{letter}.csv"):
            (folder / name).write_text(f"{name} of run {letter}\n" * 50)
        record = sealed({"files": {path.name: sha256_of(path) for path in folder.iterdir()}})
        (folder / "provenance.json").write_text(record)

    return write


def broken(folder):
    (folder / "half.csv").write_text("half")
    raise OSError(28, "No space left on device")


def is_step(event, arguments) -> bool:
    """Whether an audit event changes the disk; a file that is only read changes nothing."""
    if event != "open":
        return event in STEPS
    flags = arguments[2]
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def in_child(target: Path, writer, at: int = 0, *, how: str = "kill") -> int:
    """Write in a fork and return its exit code: 0 written, 2 refused, -9 killed.

    At step `at` the process is killed, or that one step (``once``) or all from it on (``on``) are
    refused by the disk.
    """
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    seen = 0

    def hook(event, arguments):
        nonlocal seen
        if not is_step(event, arguments):
            return
        seen += 1
        if at and (seen == at or (how == "on" and seen > at)):
            if how == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            raise OSError(28, "No space left on device")

    sys.addaudithook(hook)
    code = 3
    try:
        exchange(target, writer, "a run")
        code = 0 if not at or seen >= at else 4  # 4: there is no such step
    except OSError:
        code = 2
    finally:
        os._exit(code)


def fill(folder: Path) -> None:
    """Put things of every sort beside a run's files."""
    (folder / "notes.md").write_text("my notes")
    (folder / ".hidden").write_bytes(bytes(range(256)))
    (folder / "photos" / "2024" / ".deep").mkdir(parents=True)
    (folder / "photos" / "2024" / "a.jpg").write_bytes(os.urandom(2000))
    (folder / "empty").mkdir()
    (folder / ".git").mkdir()
    (folder / ".git" / "provenance.json").write_text("{}")
    (folder / "link").symlink_to("notes.md")
    (folder / "dangling").symlink_to("nowhere")
    (folder / "up").symlink_to("..", target_is_directory=True)
    (folder / "read-only.txt").write_text("do not touch")
    (folder / "read-only.txt").chmod(0o444)
    (folder / "index (edited 1).html").write_text("kept by hand, long ago")
    for name in ("ünï 日本 name", "-rf", "new\nline", "=1+1.csv", "fresh", "journal.json"):
        (folder / name).write_text(name)
    os.mkfifo(folder / "pipe")


def look(folder: Path) -> dict[str, str]:
    """Everything in a folder by relative name: kind, permissions and content; no link followed."""
    found = {}
    for path in folder.rglob("*") if folder.exists() else ():
        name = str(path.relative_to(folder))
        mode = oct(path.lstat().st_mode)
        if path.is_symlink():
            found[name] = f"{mode} -> {path.readlink()}"
        elif path.is_file():
            found[name] = f"{mode} {path.read_bytes().hex()}"
        else:
            found[name] = mode
    return found


def prepare(place: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Write run A among a user's things, edit it, and return what is there before and after B."""
    shutil.rmtree(place, ignore_errors=True)
    run = place / "run"
    assert in_child(run, run_of("A")) == 0
    fill(run)
    (run / "study.toml").write_text("edited by hand")
    (run / "index.html").unlink()
    (run / "index.html").symlink_to("notes.md")
    shutil.copytree(place, place.with_name("template"), symlinks=True, copy_function=copy)
    old = look(run)
    assert in_child(run, run_of("B")) == 0
    return old, look(run)


def copy(source, target, *, follow_symlinks=True):
    if Path(source).is_fifo():
        os.mkfifo(target)
        shutil.copymode(source, target)
        return target
    return shutil.copy2(source, target, follow_symlinks=follow_symlinks)


def again(place: Path) -> Path:
    shutil.rmtree(place, ignore_errors=True)
    template = place.with_name("template")
    if template.exists():
        shutil.copytree(template, place, symlinks=True, copy_function=copy)
    return place / "run"


def sweep(place: Path, old, new, *, how: str, stride: int) -> Counter:
    """Stop a write of B before each step, then let a write that fails look at what is left."""
    theirs = {name: what for name, what in old.items() if new.get(name) == what}
    count: Counter = Counter()
    at = 1
    while True:
        run = again(place)
        code = in_child(run, run_of("B"), at, how=how)
        if code == 4:
            return count
        count["tried"] += 1
        left = look(run)
        if any(left.get(name) != what for name, what in theirs.items()):
            count["lost"] += 1
        if how != "kill" and code not in {0, 2}:
            count["traceback"] += 1
        if how == "once" and left not in (old, new):
            # The disk answers again: all is undone, or the new run stands and only what was put
            # aside is left to the next write.
            count["to finish" if stands(left, new, old) else "neither"] += 1
        # The next write: killed itself now and then, then one that fails, which must leave a whole.
        for later in range(at % 7 + 1, 60, stride) if stride else ():
            count["killed twice"] += in_child(run, broken, later) == -9
        assert in_child(run, broken) == 2
        state = look(run)
        count["old" if state == old else "new" if state == new else "neither"] += 1
        assert in_child(run, run_of("B")) == 0
        count["not mended"] += look(run) != new
        at += 1


def stands(left, new, old) -> bool:
    """Whether everything that a run wrote newly is in its place."""
    fresh = {k: v for k, v in new.items() if v not in old.values()}
    return (Path(HIDDEN) / "journal.json").as_posix() in left and fresh.items() <= left.items()


def ten_runs(place: Path, seed: int, writer=None) -> Counter:
    """Ten runs, five of them killed at a step of chance; the user's files are looked for after each."""
    random_ = random.Random(seed)
    count: Counter = Counter()
    run = place / "run"
    shutil.rmtree(place, ignore_errors=True)
    assert in_child(run, writer or run_of("A")) == 0
    fill(run)
    (run / "study.toml").write_text("edited by hand")
    theirs = look(run)
    ours = set(json.loads((run / "provenance.json").read_text())["files"]) | {"provenance.json"}
    theirs = {name: what for name, what in theirs.items() if name not in ours}
    fates = [True] * 5 + [False] * 5
    random_.shuffle(fates)
    for number, killed in enumerate(fates):
        code = in_child(
            run, writer or run_of("ABC"[number % 3]), random_.randint(1, 40) if killed else 0
        )
        count["killed"] += code == -9
        count["written"] += code == 0
        left = look(run)
        count["lost"] += sum(left.get(name) != what for name, what in theirs.items())
        edits = [p for p in run.rglob("study*.toml") if p.read_text() == "edited by hand"]
        count["lost"] += len(edits) != 1
    assert in_child(run, writer or run_of("A")) == 0
    count["hidden"] += (run / HIDDEN).exists()
    return count


def at_once(place: Path, rounds: int) -> Counter:
    """Two processes write into one folder at the same moment."""
    count: Counter = Counter()
    _, states = prepare(place), {}
    for letter in "BC":
        run = again(place)
        assert in_child(run, run_of(letter)) == 0
        states[letter] = {k: v for k, v in look(run).items() if "edited" not in k}
    for _ in range(rounds):
        run = again(place)
        children = []
        for letter in "BC":
            child = os.fork()
            if not child:
                try:
                    exchange(run, run_of(letter), "a run")
                    os._exit(0)
                finally:
                    os._exit(3)
            children.append(child)
        count["failed"] += sum(os.waitpid(child, 0)[1] != 0 for child in children)
        found = look(run)
        whole = {k: v for k, v in found.items() if "edited" not in k}
        count["whole"] += whole in states.values()
        count["edits kept"] += sum(
            bytes.fromhex(v.split()[-1]) == b"edited by hand"
            for k, v in found.items()
            if k.startswith("study (edited")
        )
    return count


def main(scratch: Path, seed: int, *, long: bool) -> dict[str, Counter]:
    found: dict[str, Counter] = {}
    old, new = prepare(scratch / "place")
    for how in ("kill", "once", "on"):
        found[how] = sweep(scratch / "place", old, new, how=how, stride=0)
    found["kill twice"] = sweep(scratch / "place", old, new, how="kill", stride=1 if long else 23)
    shutil.rmtree(scratch / "template")
    assert in_child(scratch / "place2" / "run", run_of("B")) == 0
    first = look(scratch / "place2" / "run")
    found["first run"] = sweep(scratch / "place", {}, first, how="kill", stride=0)
    found["ten runs"] = sum(
        (ten_runs(scratch / "ten", seed + i) for i in range(200 if long else 3)), Counter()
    )
    found["at once"] = at_once(scratch / "two", 200 if long else 5)
    return found


if __name__ == "__main__":
    os.environ["EQUITY_CACHE_DIR"] = str(Path(sys.argv[1]) / "cache")
    found = main(Path(sys.argv[1]), int(sys.argv[2]), long=sys.argv[3] == "long")
    sys.stdout.write(json.dumps(found) + "\n")
