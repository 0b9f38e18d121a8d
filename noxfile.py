"""What is done to the project, each by one name: ``nox -l`` lists them, ``nox -s tests`` does one.

Every session installs what it needs into an environment of its own; with ``--no-venv`` it takes
what is there.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import nox

nox.options.sessions = ["lint", "tests", "docs"]
nox.options.reuse_existing_virtualenvs = True

ROOT = Path(__file__).parent
CORE = [
    "tests/attack/test_cells.py", "tests/attack/test_keys.py", "tests/files",
    "tests/outputs/test_tables.py", "tests/outputs/test_appendix.py", "tests/sources/test_table.py",
    "tests/sources/test_tiger.py", "tests/sources/test_transport.py", "tests/test_cli.py",
    "tests/test_import.py", "tests/test_study.py",
]  # fmt: skip
"""What the lowest versions must carry."""


def lowest_versions(pyproject: Path = ROOT / "pyproject.toml") -> list[str]:
    """Return the core's dependencies, each pinned to the lowest version that is allowed."""
    needed = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]["dependencies"]
    return [re.sub(r">=([^,]+).*", r"==\1", item) for item in needed]


def _needs(session: nox.Session, *packages: str) -> None:
    if session.virtualenv.is_sandboxed:
        session.install(*packages)


@nox.session(python=["3.11", "3.12", "3.13"])
def tests(session: nox.Session) -> None:
    """Run the tests, as CI does."""
    _needs(session, "-e", ".[test,docs]")
    session.run("pytest", "-n", "auto", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and types."""
    _needs(session, "-e", ".[test,docs,dev]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy", "--strict", "equity")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation into build/site; a warning is an error."""
    _needs(session, "-e", ".[docs]")
    session.run("mkdocs", "build", "--strict", *session.posargs)


@nox.session
def lowest(session: nox.Session) -> None:
    """Run the core's tests over the oldest versions that pyproject.toml says will do."""
    helpers = ["dask[distributed]", "hypothesis", "pypdf", "pytest", "pytest-xdist"]
    _needs(session, *lowest_versions(), *helpers, "websocket-client")
    files = session.posargs or CORE
    # Not installed: the tests find the package beside them.
    session.run("python", "-m", "pytest", "-q", "-n", "auto", "-p", "no:cacheprovider", *files)


@nox.session
def attack(session: nox.Session) -> None:
    """Attack for an hour: mutated studies, damaged inputs, wrong calls."""
    _needs(session, "-e", ".[test]")
    whole = ["--studies", "10000", "--runs", "300", "--inputs", "2000", "--calls", "1"]
    session.run("python", "tests/attack/storm.py", *(session.posargs or whole))


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Measure speed and memory beside peers; name one (``-- access``) for that alone."""
    _needs(session, "-e", ".[test]", "bdcdata", "duckdb", "polars")
    every = sorted(path.stem for path in Path("benchmarks").glob("[a-z]*.py"))
    for name in session.posargs or every:
        session.run("python", f"benchmarks/{name}.py")


@nox.session
def mutation(session: nox.Session) -> None:
    """Change one operator of arithmetic at a time and list what no test noticed.

    ``-- equity/measures/gap.py`` for one module; with nothing, areas, measures and study: hours.
    """
    _needs(session, "-e", ".[test]", "coverage>=7.6")
    session.run("python", "tests/attack/operators.py", *session.posargs)
