"""What installs the package says the same everywhere."""

from __future__ import annotations

import re
import tomllib
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA_NAMES = {"matplotlib-base": "matplotlib", "python-isal": "isal", "h3-py": "h3"}


def split(requirement: str) -> tuple[str, str]:
    name, bounds = re.fullmatch(
        r"([A-Za-z0-9_.-]+)(?:\[[a-z,]+\])?\s*([<>=!].*)?", requirement
    ).groups()
    return name, (bounds or "").replace(" ", "")


def conda_requirements() -> dict[str, str]:
    lines = (ROOT / "environment.yml").read_text(encoding="utf-8").splitlines()
    items = [line.strip()[2:].strip() for line in lines if line.strip().startswith("- ")]
    pairs = [
        split(item)
        for item in items
        if not item.endswith(":") and item not in {"conda-forge", "pip"}
    ]
    return {CONDA_NAMES.get(name, name): bounds for name, bounds in pairs}


def test_environment_agrees_with_pyproject():
    ours = dict(split(item) for item in PROJECT["dependencies"])
    conda = conda_requirements()
    assert conda.pop("python") == PROJECT["requires-python"]
    assert conda == ours


def test_every_dependency_has_a_minimum():
    everything = [*PROJECT["dependencies"], *chain(*PROJECT["optional-dependencies"].values())]
    assert [item for item in everything if ">=" not in item] == []


def test_ci_runs_the_readme_s_test_command():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^```sh\n(.+?)\n```$", readme, flags=re.MULTILINE | re.DOTALL)
    tests = next(command for command in commands if "pytest" in command)
    assert tests in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_citation_says_what_the_package_says():
    import equity

    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    cited = dict(re.findall(r"^([a-z-]+): (.+)$", text, flags=re.MULTILINE))
    assert cited["version"] == equity.__version__
    ours = [PROJECT["name"], PROJECT["license"], PROJECT["description"]]
    assert [cited["title"], cited["license"], cited["abstract"]] == ours
    assert re.findall(r"  - (.+)", text.partition("keywords:")[2]) == PROJECT["keywords"]
    assert "telehealth-equity developers" in (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_each_session_of_nox_is_told_and_ci_runs_the_lowest_versions():
    sessions = re.findall(r"@nox\.session.*\ndef (\w+)", (ROOT / "noxfile.py").read_text())
    told = re.findall(r"`nox -s (\w+)", (ROOT / "docs" / "contributing.md").read_text())
    assert sorted(sessions) == sorted(told)
    run = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert set(re.findall(r"nox -s (\w+)", run)) == {"lowest"}
    for path in re.findall(r'"(tests/[\w/.]+)"', (ROOT / "noxfile.py").read_text()):
        assert (ROOT / path).exists(), path


def test_type_checkers_are_told_that_the_package_has_types():
    from importlib.resources import files

    assert (files("equity") / "py.typed").is_file()


def test_the_public_names_exist():
    import equity

    missing = []
    for name in equity.__all__:
        try:
            getattr(equity, name)
        except (AttributeError, ImportError) as error:
            missing.append(f"{name}: {error}")
    assert missing == []
