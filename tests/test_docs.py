"""The documentation does as it says: every block runs, every picture is drawn, nothing is asked for."""

from __future__ import annotations

import ast
import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

from equity.cli import app
from equity.errors import EquityError
from equity.example import state
from equity.study.coherence import problems
from equity.study.file import StudyPlan
from equity.study.run import Study

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = {
    path.relative_to(ROOT).as_posix(): path
    for path in (ROOT / "README.md", ROOT / "data/README.md", *sorted(DOCS.rglob("*.md")))
}
BLOCK = re.compile(r'^```(\w*)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
SHOWN = {"text", "math", "html"}
"""Blocks to read, with nothing in them to run."""
INSTALLS = ("python3 -m venv", ".venv/bin/", "source .venv/bin/activate")
"""Lines of the shell that set a machine up: CI runs them, or the noxfile's own test."""
WANT_THE_NETWORK = {
    "README.md": {
        "equity run VA", "equity run DE,VA", 'equity run VA --area "Wise County, Lee County"',
        "equity run study.toml", "equity run VA --lang es",
    },
    "docs/tasks/own-state.md": {
        "equity run DE", "equity run DE --offline", "equity run DE,MD", "equity run US",
        "equity run study.toml",
    },
    "data/README.md": {"equity run WV --offline"},
}  # fmt: skip
"""Commands that are understood here, and stop at the first download."""
STANDS_FOR = {
    "equity init --from FILES": "equity init --from {files} --out own.toml",
    'equity program bead-2025 maps/va --area "Wise County"': "equity program bead-2025 maps/va",
    "equity factsheet maps/va 51195 --at 37.54,-77.44": "equity factsheet maps/va --at 38.0,-97.8",
    "equity plan maps/va --budget 20000000 --costs costs.csv": (
        "equity plan maps/va --budget 20000000 --made-up --draws 0"
    ),
}
"""Of the README: what the example has in place of a reader's files, counties and costs."""
FOLLOWED_ELSEWHERE = {"docs/contributing.md"}
"""In a copy of the package, below."""


class Block(NamedTuple):
    """A block of code of a page."""

    language: str
    title: str
    text: str


def blocks(path: Path) -> list[Block]:
    return [Block(*found) for found in BLOCK.findall(path.read_text(encoding="utf-8"))]


def commands(text: str) -> list[str]:
    """The commands of a block of shell, without the comments beside them."""
    whole = text.replace("\\\n", " ")
    lines = [re.split(r"\s+#|;", line)[0] for line in whole.splitlines()]
    return [part.strip() for line in lines for part in line.split("&&") if part.strip()]


# --- what a page is run with ------------------------------------------------------------------


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """A study of the same text in the same place runs once, and an example is made once a scale."""
    patch, ran, real, make = pytest.MonkeyPatch(), {}, Study.run_with, state.write_example
    made = {}

    def run_with(self, executor):
        key = (self.text, str(self.folder.resolve()), self.plan.model_dump_json())
        if key not in ran:
            ran[key] = real(self, executor)
        return ran[key]

    def write_example(folder, *, scale):
        if scale not in made:
            made[scale] = make(tmp_path_factory.mktemp("example") / "state", scale=scale).root
        shutil.copytree(made[scale], folder)
        return state.load_example(folder, scale=scale)

    patch.setattr(Study, "run_with", run_with)
    patch.setattr(state, "write_example", write_example)
    yield
    patch.undo()


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Folders that a command wrote, by the command: those that start from nothing of the page."""
    return {"folder": tmp_path_factory.mktemp("kept")}


@pytest.fixture
def desk(example_state, once, tmp_path, monkeypatch):
    """An empty folder of a person with the example at hand and no network."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EQUITY_OFFLINE", "1")
    monkeypatch.setattr(sys, "path", [*sys.path])
    return tmp_path


def typed(command: str, kept: dict, page: str) -> None:
    """Do what a person's command does, as the command line does it."""
    words = [
        name
        for word in shlex.split(command)[1:]
        for name in (sorted(map(str, Path().glob(word))) if "*" in word else [word])
    ]
    # The example and its areas are the same whoever asks.
    shared = words[0] == "run" and (len(words) == 1 or words[1] in {"example", "--out"})
    if shared and command in kept:
        shutil.copytree(kept[command], "maps", dirs_exist_ok=True)
        return
    there = set(Path("maps").glob("*"))
    screen = io.StringIO()
    stopped = ""
    try:
        with contextlib.redirect_stdout(screen):
            app(words, standalone_mode=False)
    except EquityError as error:
        stopped = str(error)
    if command in WANT_THE_NETWORK.get(page, ()):
        assert "downloads are switched off" in stopped + screen.getvalue(), (page, command)
        return
    assert not stopped, (page, command, stopped)
    if shared:
        kept[command] = kept["folder"] / str(len(kept))
        for folder in set(Path("maps").glob("*")) - there:
            shutil.copytree(folder, kept[command] / folder.name)


def written(title: str, text: str, folder: Path) -> None:
    """Write what a titled block holds into a new file, or at the end of the one that it names."""
    name, _, where = title.partition(" (")
    file = folder / name
    assert file.exists() == bool(where), title
    old = file.read_text(encoding="utf-8") + "\n" if where else ""
    file.write_text(old + text, encoding="utf-8")


def part_of_a_study(text: str, example_state, page: str) -> None:
    """A block of TOML stands in the place of the example's own parts of that name."""
    base = tomllib.loads(example_state.study.read_text(encoding="utf-8"))
    own = tomllib.loads(text)
    own["study"] = base["study"] | own.get("study", {})
    plan = StudyPlan.model_validate(base | own)
    assert list(problems(plan, example_state.study)) == [], page


@pytest.mark.long
@pytest.mark.parametrize("page", sorted(set(PAGES) - FOLLOWED_ELSEWHERE))
def test_every_block_of_a_page_runs(page, desk, kept, example_state):
    given = {"FILES": ""}
    if page == "README.md":
        given["FILES"] = as_the_readme_has_it(example_state, kept)
    space = {"__name__": "__main__"}
    for language, title, text in blocks(PAGES[page]):
        if title:
            written(title, text, Path())
        elif language == "python":
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(text, page, "exec"), space)
        elif language == "toml":
            part_of_a_study(text, example_state, page)
        elif language == "sh":
            for command in commands(text):
                if command.startswith(("python docs/", "pytest tests/")):
                    of_the_repository(command)
                elif command.startswith("equity "):
                    whole = STANDS_FOR.get(command, command)
                    typed(whole.format(files=given["FILES"]), kept, page)
                else:
                    assert command.startswith(INSTALLS), (page, command)
        else:
            assert language in SHOWN, (page, language)


def of_the_repository(command: str) -> None:
    """Do what a command does to a copy of the repository; tests are only looked up."""
    copy = Path("repository").resolve()
    if not copy.exists():
        for name in ("equity", "docs", "tests"):
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", copy)
    words = shlex.split(command)
    asked = words[1:] if words[0] == "python" else ["-m", *words, "--collect-only", "-q"]
    done = subprocess.run(
        [sys.executable, *asked], cwd=copy, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, (command, done.stdout + done.stderr)


def as_the_readme_has_it(example_state, kept) -> str:
    """Put what the README's list of commands names into the folder: two runs, and files."""
    typed("equity run", kept, "README.md")
    for name in ("va-2023", "va"):
        shutil.copytree("maps/example", f"maps/{name}")
    shutil.copytree(example_state.root, "state", ignore=shutil.ignore_patterns("bdc", "served*"))
    return "state/acs/tract/*.json state/boundaries/tl_2023_90_tract.zip state/care/*.csv"


def test_a_block_that_does_not_run_is_seen(desk, kept, example_state):
    with pytest.raises(AssertionError, match="no such study file"):
        typed("equity run nowhere.toml", kept, "page")
    with pytest.raises(EquityError, match="below"):
        raise EquityError("below")
    with pytest.raises(ValueError, match="limit_minutes"):
        part_of_a_study("[care]\nlimit_minutes = 30\n", example_state, "page")
    text = '```sh\nequity run  # now\n```\n\n```toml title="a.toml"\nx = 1\n```\n'
    assert BLOCK.findall(text) == [("sh", "", "equity run  # now\n"), ("toml", "a.toml", "x = 1\n")]
    assert commands("a b && c  # d\n# e\nf \\\n  g") == ["a b", "c", "# e", "f    g"]


# --- how the package is changed ---------------------------------------------------------------


def applied(block: Block, copy: Path) -> str:
    """Make the change that a block of the page shows in a copy; return what is left to run."""
    language, title, text = block
    if not title:
        return text if language == "python" else ""
    file = copy / title.partition(" (")[0]
    if language == "diff":
        old, new = (
            "".join(line[1:] for line in text.splitlines(keepends=True) if line[0] in signs)
            for signs in (" -", " +")
        )
        now = file.read_text(encoding="utf-8")
        assert now.count(old) == 1, f"{title} has changed: tell the page"
        file.write_text(now.replace(old, new), encoding="utf-8")
    else:
        written(title, text, copy)
    return ""


@pytest.mark.long
def test_a_source_a_rule_a_measure_and_an_output_are_added_as_the_page_says(tmp_path):
    shutil.copytree(
        ROOT / "equity", tmp_path / "equity", ignore=shutil.ignore_patterns("__pycache__")
    )
    found = [block for block in blocks(DOCS / "contributing.md") if block.language != "sh"]
    script = "\n".join(applied(block, tmp_path) for block in found)
    assert "carless_n" in script
    ruff = [sys.executable, "-m", "ruff", "check", "-q", "--config", str(ROOT / "pyproject.toml")]
    new = [block.title for block in found if block.language == "python" and block.title]
    for command in ([*ruff, *new], [sys.executable, "-W", "error", "-c", script]):
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300,
            env={**os.environ, "PYTHONPATH": str(tmp_path), "EQUITY_OFFLINE": "1"},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr


# --- pictures, and what leads where -----------------------------------------------------------


def test_the_pictures_of_the_architecture_are_those_of_the_code(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS))
    import floors

    pictures = floors.pictures()
    for name, text in pictures.items():
        drawn = (DOCS / "images" / name).read_text(encoding="utf-8")
        assert drawn == text, "draw it again: python docs/floors.py"
    dots = floors.rooms_of({"equity.b.x": {"equity.a", "equity.b.y", "equity"}, "equity.a": set()})
    assert dots == {"b": {"a"}, "a": set()}
    dots = re.findall(r'cx="(\d+)" cy="(\d+)"', pictures["floors.svg"])
    assert len(dots) > 40
    below = [dot for dot in dots if int(dot[0]) - floors.EDGE <= int(dot[1]) - floors.TOP]
    assert below == [], "left of the diagonal"


def test_every_page_is_in_the_nav_and_every_link_leads_somewhere():
    nav = re.findall(r"^\s+- [^:]+: (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    hooks = ast.parse((DOCS / "hooks.py").read_text(encoding="utf-8"))
    taken = next(
        ast.literal_eval(node.value)
        for node in hooks.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "TAKEN"
    )
    own = {name.removeprefix("docs/") for name in PAGES if name.startswith("docs/")}
    assert sorted(nav) == sorted(own | {name for name in taken if name.endswith(".md")})
    assert all((ROOT / path).is_file() for path in taken.values())
    for path in PAGES.values():
        for target in re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8")):
            made = target.startswith(("http", "reference/"))
            made |= path != ROOT / "README.md" and target.removeprefix("../") in taken
            assert made or (path.parent / target).exists(), (path.name, target)


@pytest.mark.slow
def test_the_built_site_asks_nobody_for_anything(tmp_path):
    pytest.importorskip("mkdocs")
    pytest.importorskip("mkdocstrings")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-d", str(tmp_path / "site")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    pages = list((tmp_path / "site").rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        text = page.read_text(encoding="utf-8")
        loads = re.findall(r"<(?:script|img|iframe|source)\b[^>]*\bsrc=[\"']?([^\"' >]+)", text)
        loads += re.findall(r"<link\b(?![^>]*canonical)[^>]*\bhref=[\"']?([^\"' >]+)", text)
        assert [address for address in loads if re.match(r"(?:https?:)?//", address)] == []
    reference = (tmp_path / "site" / "reference" / "measures.html").read_text()
    assert 'id="equity.measures.gap.telehealth_gap"' in reference
    assert ":func:" not in reference
    assert "<math" in (tmp_path / "site" / "method.html").read_text()
