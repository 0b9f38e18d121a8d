"""The example state as a whole: complete, the same every time, written all or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from equity.errors import InputError, StorageError
from equity.example import state as module
from equity.example.state import Example, load_example, write_example
from equity.settings import configure


def run_python(code: str, *arguments: str, **options: object) -> None:
    package = str(Path(module.__file__).parents[2])
    environment = os.environ | {"PYTHONPATH": package, "PYTHONHASHSEED": "12345"}
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, env=environment, **options)


def digest(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Example:
    return write_example(tmp_path_factory.mktemp("example") / "state", scale=0.02)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A generator that writes three small files; the list holds the scales it was asked for."""
    asked: list[float] = []

    def fill(root: Path, scale: float, seed: int) -> None:
        asked.append(scale)
        (root / "served_unserved").mkdir()
        for name in ("served_unserved/x.zip", "study.toml"):
            (root / name).write_text(f"{name} {scale} {seed}")
        module._write_manifest(root, scale, seed, 7)

    monkeypatch.setattr(module, "_fill", fill)
    return asked


def test_two_writes_in_two_processes_are_the_same_bytes(small: Example, tmp_path: Path) -> None:
    # Another process has another hash seed: nothing may depend on the order of a set.
    code = "import sys; from equity.example.state import write_example as w; w(sys.argv[1], scale=0.02)"
    target = tmp_path / "again"
    run_python(code, str(target))
    assert digest(target) == digest(small.root)


def test_no_file_holds_a_clock_or_a_path(small: Example) -> None:
    files = [path for path in small.root.rglob("*") if path.is_file()]
    assert small.tracts in files
    assert small.study in files
    for path in files:
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                assert {entry.date_time[:3] for entry in archive.infolist()} == {(2025, 6, 3)}
                content = b"".join(archive.read(name) for name in archive.namelist())
        else:
            content = path.read_bytes()
        assert str(small.root).encode() not in content


def test_another_seed_is_another_state(small: Example, tmp_path: Path) -> None:
    other = write_example(tmp_path / "other", scale=0.02, seed=1)
    changed = digest(other.root)
    assert {k for k, v in digest(small.root).items() if changed.get(k) == v} == {"study.toml"}


def test_scale_multiplies_locations_and_leaves_tracts(
    small: Example, example_state: Example
) -> None:
    def of(example: Example) -> int:
        return json.loads((example.root / "example.json").read_text())["locations_n"]

    assert of(small) / of(example_state) == pytest.approx(0.02, rel=0.02)
    assert small.tracts.read_bytes() == example_state.tracts.read_bytes()


def test_every_path_exists_and_repr_names_it(small: Example) -> None:
    text = repr(small)
    for name in module._PATHS:
        value = getattr(small, name)
        for path in value if isinstance(value, tuple) else (value,):
            assert path.exists()
        assert f".{name}" in text
    assert "synthetic" in text
    assert small.as_of in text
    assert small.state == "90"


def test_importing_the_package_writes_nothing(tmp_path: Path) -> None:
    code = f"from equity.settings import configure; configure(cache_dir={str(tmp_path / 'c')!r}); import equity as eq; eq.load_example"
    run_python(code, cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("quick")
def test_a_complete_state_is_used_again(tmp_path: Path, quick: list[float]) -> None:
    first = load_example(tmp_path / "x")
    assert load_example(tmp_path / "x") == first
    assert len(quick) == 1


@pytest.mark.parametrize("damage", ["cut", "gone", "manifest", "not-json", "other-recipe"])
def test_a_damaged_state_is_written_again(damage: str, tmp_path: Path, quick: list[float]) -> None:
    root = load_example(tmp_path / "x").root
    whole = digest(root)
    manifest = root / "example.json"
    if damage == "cut":
        (root / "study.toml").write_text("")
    elif damage == "gone":
        (root / "study.toml").unlink()
    elif damage == "manifest":
        manifest.write_text("[]")
    elif damage == "not-json":
        manifest.write_bytes(manifest.read_bytes()[:40])
    else:
        manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"recipe": "0.0.1-x"}))
    load_example(root)
    assert digest(root) == whole
    assert len(quick) == 2


def test_somebody_quicker_is_not_replaced(
    tmp_path: Path, quick: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill, root = module._fill, tmp_path / "x"

    def slow(draft: Path, scale: float, seed: int) -> None:
        fill(draft, scale, seed)
        if not root.exists():
            root.mkdir()
            fill(root, scale, seed)  # another process finishes first

    monkeypatch.setattr(module, "_fill", slow)
    write_example(root)
    assert len(quick) == 2
    first = (root / "study.toml").stat().st_ino
    write_example(root)
    assert (root / "study.toml").stat().st_ino == first
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_another_scale_replaces_the_state(tmp_path: Path, quick: list[float]) -> None:
    load_example(tmp_path / "x", scale=0.02)
    example = load_example(tmp_path / "x", scale=3)
    assert quick == [0.02, 3.0]
    assert example.scale == 3
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_the_default_folder_is_in_the_cache(tmp_path: Path, quick: list[float]) -> None:
    configure(cache_dir=tmp_path / "cache")
    try:
        example, larger = load_example(), load_example(scale=2)
    finally:
        configure(cache_dir=None)
    assert example.root.is_relative_to(tmp_path / "cache")
    assert example.root != larger.root
    assert quick == [1.0, 2.0]


@pytest.mark.usefixtures("quick")
def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="not an example state"):
        write_example(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.usefixtures("quick")
def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("not a folder")
    with pytest.raises(InputError, match="not an example state"):
        write_example(tmp_path / "x")
    with pytest.raises(StorageError, match="cannot write"):
        write_example(tmp_path / "x" / "below")
    assert (tmp_path / "x").read_text() == "not a folder"


@pytest.mark.parametrize("there", ["nothing", "a state"])
def test_a_failed_write_leaves_things_as_they_were(
    there: str, tmp_path: Path, quick: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    if there == "a state":
        write_example(tmp_path / "x")
    before = digest(tmp_path)

    def full(root: Path, scale: float, seed: int) -> None:
        (root / "half.csv").write_text("a,b")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "_fill", full)
    with pytest.raises(StorageError, match="No space left"):
        write_example(tmp_path / "x", seed=1)
    assert digest(tmp_path) == before


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("scale", [0, -1, float("nan"), float("inf"), 1e9, "1", None, True])
def test_a_scale_out_of_range_is_refused(scale: object, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="scale"):
        write_example(tmp_path / "x", scale=scale)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("seed", [-1, 1.5, "7", True])
def test_a_seed_that_is_no_whole_number_is_refused(seed: object, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="seed"):
        write_example(tmp_path / "x", seed=seed)  # type: ignore[arg-type]
