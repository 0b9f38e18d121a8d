"""The example state as a whole: complete, the same every time, written all or not at all."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from equity.errors import InputError, StorageError
from equity.settings import configure
from equity.sources.example import Example, load_example, write_example


def digest(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Example:
    return write_example(tmp_path_factory.mktemp("example") / "state", scale=0.05)


def test_two_writes_are_the_same_bytes(small: Example, tmp_path: Path) -> None:
    again = write_example(tmp_path / "again", scale=0.05)
    assert digest(again.root) == digest(small.root)


def test_another_seed_is_another_state(small: Example, tmp_path: Path) -> None:
    other = write_example(tmp_path / "other", scale=0.05, seed=1)
    assert (
        digest(other.root)["care/example_clinicians.csv"]
        != (digest(small.root)["care/example_clinicians.csv"])
    )


def test_every_path_exists_and_repr_names_it(small: Example) -> None:
    text = repr(small)
    for path in (small.bdc, small.served_unserved, *small.acs, small.blocks, small.sites):
        assert path.exists()
    assert "synthetic" in text
    assert small.sites.name in text
    assert small.as_of in text


def test_a_complete_state_is_used_again(tmp_path: Path) -> None:
    first = load_example(tmp_path / "x", scale=0.02)
    before = first.sites.stat().st_mtime_ns
    assert load_example(tmp_path / "x", scale=0.02) == first
    assert first.sites.stat().st_mtime_ns == before


def test_a_damaged_state_is_written_again(tmp_path: Path) -> None:
    first = load_example(tmp_path / "x", scale=0.02)
    whole = first.sites.read_bytes()
    first.sites.write_bytes(whole[:100])
    first.tracts.unlink()
    load_example(tmp_path / "x", scale=0.02)
    assert first.sites.read_bytes() == whole
    assert first.tracts.exists()


def test_another_scale_replaces_the_state(tmp_path: Path) -> None:
    load_example(tmp_path / "x", scale=0.02)
    load_example(tmp_path / "x", scale=0.03)
    manifest = json.loads((tmp_path / "x" / "example.json").read_text())
    assert manifest["scale"] == 0.03
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_the_default_folder_is_in_the_cache(tmp_path: Path) -> None:
    configure(cache_dir=tmp_path / "cache")
    try:
        example = load_example(scale=0.01)
    finally:
        configure(cache_dir=None)
    assert example.root.is_relative_to(tmp_path / "cache")
    assert "0.01" in example.root.name


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="not an example state"):
        write_example(tmp_path, scale=0.01)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("not a folder")
    with pytest.raises(InputError, match="not an example state"):
        write_example(tmp_path / "x", scale=0.01)
    with pytest.raises(StorageError):
        write_example(tmp_path / "x" / "below", scale=0.01)


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("equity.sources._example_care.write_clinicians", full)
    with pytest.raises(StorageError, match="No space left"):
        write_example(tmp_path / "x", scale=0.01)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("scale", [0, -1, float("nan"), float("inf"), 1e9, "1", None])
def test_a_scale_out_of_range_is_refused(scale: object, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="scale"):
        write_example(tmp_path / "x", scale=scale)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("seed", [-1, 1.5, "7"])
def test_a_seed_that_is_no_whole_number_is_refused(seed: object, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="seed"):
        write_example(tmp_path / "x", seed=seed)  # type: ignore[arg-type]
