"""The command as a person types it: outputs, exit codes, one line of error and no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def equity(*arguments: str, cwd: Path, cache: Path, **extra: str) -> subprocess.CompletedProcess:
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT), "EQUITY_CACHE_DIR": str(cache), **extra,
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "equity", *arguments],
        capture_output=True, text=True, cwd=cwd, env=environment, timeout=300, check=False,
    )  # fmt: skip


def test_run_with_no_argument_runs_the_example_offline(tmp_path, cache):
    done = equity("run", "--offline", cwd=tmp_path, cache=cache)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "maps" / "example" / "index.html").is_file()
    assert "synthetic" in done.stdout
    assert "maps/example/index.html" in done.stdout
    page = (tmp_path / "maps" / "example" / "index.html").read_text(encoding="utf-8")
    assert str(tmp_path) not in page
    assert str(cache) not in page


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("run", "nowhere.toml"), "nowhere.toml: no such study file"),
        (("run", "Atlantis"), "Atlantis"),
        (("run", "DE", "--lang", "xx"), "no language 'xx'"),
    ],
)
def test_an_error_is_one_line_and_exit_code_two(tmp_path, cache, arguments, says):
    done = equity(*arguments, "--offline", cwd=tmp_path, cache=cache)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_setting_that_is_wrong_is_one_line(tmp_path, cache):
    done = equity("sources", cwd=tmp_path, cache=cache, EQUITY_MIRROR="https://u:pa55word@h")
    assert done.returncode == 2
    assert done.stderr.startswith("equity: the mirror (EQUITY_MIRROR) is no address of a server")
    assert "pa55" not in done.stderr


def test_a_mistake_of_ours_shows_no_key_and_steers_no_terminal(monkeypatch, capsys):
    from equity import cli

    key = "k3y" * 12
    monkeypatch.setenv("CENSUS_API_KEY", key)

    def fails():
        raise RuntimeError(f"at https://h/?key={key} \x1b[2J")

    monkeypatch.setattr(cli, "app", fails)
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    said = capsys.readouterr().err
    assert stopped.value.code == 1
    assert "RuntimeError: at https://h/?key=*** \\x1b[2J" in said
    assert key not in said
    assert "\x1b" not in said


def test_version_and_help(tmp_path, cache):
    from equity import __version__

    assert __version__ in equity("--version", cwd=tmp_path, cache=cache).stdout
    text = equity("--help", cwd=tmp_path, cache=cache).stdout
    assert "run" in text


def test_an_unwritable_place_is_told(tmp_path, cache):
    (tmp_path / "maps").write_text("a file where the folder should be")
    done = equity("run", "example", cwd=tmp_path, cache=cache)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "maps" in done.stderr
