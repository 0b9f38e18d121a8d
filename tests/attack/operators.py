"""Mutants of arithmetic: one operator changed, the tests that reach its line run, survivors listed.

    python tests/attack/operators.py                           areas, measures, study: an hour or two
    python tests/attack/operators.py equity/measures/gap.py    one module
    python tests/attack/operators.py equity/measures/gap.py --tests tests/measures/test_gap.py

Works on copies of the project under `--folder` (build/mutants). First the tests run once under
coverage, to know which of them reach which line. Then every mutant is judged in a process forked
from one that has package and tests loaded, its functions given the mutant's code: by the tests of
its line, the module's own and the quick ones first, then by those that share a file with them. What
was judged is kept there and not judged again while the line reads the same; survivors are, by
`--tests`, and what `cannot_matter.toml` lists is passed over. `survived` is a test that is missing,
or one that took too long to be among the chosen; `unreached` a line that no test runs in its own
process. POSIX only.
"""

from __future__ import annotations

import argparse
import ast
import gc
import importlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from types import CodeType, FunctionType
from typing import NamedTuple

import pytest
from hypothesis import Phase, settings

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("areas", "measures", "study")
SWAPPED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult,
}
ELSEWHERE = ("attack", "notebooks", "test_docs", "browser", "test_packaging", "test_layers")
"""Tests that judge words, looks or other processes, and are long."""
COPIED = (
    "equity",
    "tests",
    "data",
    "docs",
    "notebooks",
    "benchmarks",
    "pyproject.toml",
    "README.md",
)
FOLDERS = {
    "aside",
    "before",
    "cache",
    "folder",
    "fresh",
    "home",
    "into",
    "path",
    "place",
    "root",
    "target",
    "work",
}
"""Names of paths, whose sums with names are spelt as divisions."""
HEAVY = (
    "babel.messages",
    "docx",
    "folium",
    "geopandas",
    "jinja2",
    "matplotlib.backends.backend_agg",
    "matplotlib.figure",
    "openpyxl",
    "pyarrow.compute",
    "pyarrow.parquet",
    "pyogrio",
    "scipy.optimize",
    "scipy.sparse.csgraph",
    "scipy.spatial",
    "scipy.stats",
    "typer",
    "typst",
)
KEPT = "verdicts.jsonl"
NO_MATTER = Path(__file__).with_name("cannot_matter.toml")
NO_TEST = "no test by name"
"""What fails where a module cannot be loaded any more."""
NO_END, SURVIVED, UNREACHED, BROKEN = "did not end", "survived", "unreached", "broken"
"""Verdicts; any other tells what killed the mutant."""
HANGS = "does not end any more"
"""Kills as well: the same tests end on the source as it stands, in a third of the time."""
FIRST_S, MORE_S, LIMIT_S = 8.0, 16.0, 60
OPTIONS = [
    "-x",
    "-rfE",
    "-q",
    "--no-header",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:xdist",
    "-W",
    "ignore::pytest.PytestAssertRewriteWarning",
]


class Mutant(NamedTuple):
    """One change of a module."""

    line: int
    last_line: int
    what: str
    source: str
    code: CodeType


@dataclass(frozen=True)
class Reach:
    """Which tests run a line of one module, and how many seconds every test takes."""

    tests: dict[int, set[str]]
    seconds: dict[str, float]

    @cached_property
    def longest(self) -> dict[str, float]:
        """How long the longest test of a file takes: one that prepares what others share."""
        found: dict[str, float] = {}
        for test, took in self.seconds.items():
            file = test.split("::")[0]
            found[file] = max(found.get(file, 0.0), took)
        return found

    def of(self, mutant: Mutant) -> set[str]:
        """Return the tests that run a line of the mutant."""
        lines = range(mutant.line, mutant.last_line + 1)
        reached = set().union(*(self.tests.get(line, set()) for line in lines))
        return reached or set().union(*self.tests.values())  # what a module does when loaded

    def among(self, found: set[str]) -> Reach:
        """Return the same of those tests that there still are."""
        lines = {line: tests & found for line, tests in self.tests.items()}
        return Reach(lines, {t: took for t, took in self.seconds.items() if t in found})

    def first(self, module: str, mutant: Mutant) -> list[str]:
        """Return tests that run the mutant's lines: the module's own and the quick ones first."""
        own = f"test_{Path(module).stem.lstrip('_')}.py"
        order = sorted(self.of(mutant), key=lambda t: (own not in t, *self._late(t)))
        return self._within(order, FIRST_S)

    def more(self, mutant: Mutant, first: list[str]) -> list[str]:
        """Return the other tests that run its lines, and those that share a file with such a one.

        What a file prepares once is run by its first test, and judged by others.
        """
        reached = self.of(mutant)
        files = {test.split("::")[0] for test in reached}
        others = (t for t in self.seconds if t.split("::")[0] in files and t not in first)
        order = sorted(others, key=lambda t: (t not in reached, *self._late(t)))
        return self._within(order, MORE_S)

    def _late(self, test: str) -> tuple[bool, float, float, str]:
        return "/real/" in test, self._prepares(test), self.seconds.get(test, 1.0), test

    def _prepares(self, test: str) -> float:
        return self.longest.get(test.split("::", maxsplit=1)[0], 1.0)

    def _within(self, names: list[str], most: float) -> list[str]:
        chosen: dict[str, str] = {}
        total = 0.0
        for name in names:
            file = name.split("::")[0]
            takes = self.seconds.get(name, 1.0)
            takes += 0.0 if file in chosen.values() else self._prepares(name)
            if not chosen or total + takes <= most:
                chosen[name] = file
                total += takes
        return list(chosen)


def mutants(source: str, path: str = "module.py") -> Iterator[Mutant]:
    """Yield every change of one arithmetic operator; texts, lists, sets and paths are left."""
    tree = ast.parse(source)
    met: Counter[str] = Counter()
    for node in ast.walk(tree):
        if not isinstance(node, ast.BinOp | ast.AugAssign) or type(node.op) not in SWAPPED:
            continue
        parts = (node.left, node.right) if isinstance(node, ast.BinOp) else (node.value,)
        if any(_is_text_or_list(part) for part in parts) or _is_path(node):
            continue
        kept = node.op
        node.op = SWAPPED[type(kept)]()
        told = " ".join((ast.get_source_segment(source, node) or "").split())
        what = f"{type(kept).__name__} in {told[:150]}"
        met[what] += 1
        what += f" ({met[what]})" if met[what] > 1 else ""
        last, code = node.end_lineno or node.lineno, compile(tree, path, "exec")
        yield Mutant(node.lineno, last, what, ast.unparse(tree), code)
        node.op = kept


def _is_path(node: ast.BinOp | ast.AugAssign) -> bool:
    if not isinstance(node.op, ast.Div):
        return False
    left = node.left if isinstance(node, ast.BinOp) else node.target
    while isinstance(left, ast.BinOp):
        left = left.left
    return isinstance(left, ast.Name) and left.id in FOLDERS


def _is_text_or_list(part: ast.expr) -> bool:
    if isinstance(part, ast.BinOp):
        return _is_text_or_list(part.left) or _is_text_or_list(part.right)
    if isinstance(part, ast.Call):
        name = part.func.attr if isinstance(part.func, ast.Attribute) else ast.unparse(part.func)
        return name in {"join", "format", "decode", "str", "tr", "list", "tuple", "sorted", "set"}
    if isinstance(part, ast.Constant):
        return isinstance(part.value, str | bytes)
    return isinstance(
        part, ast.JoinedStr | ast.Tuple | ast.List | ast.ListComp | ast.Set | ast.Starred
    )


# The recording, as a plugin of pytest: this file is loaded with `-p operators`.


def pytest_configure(config: pytest.Config) -> None:
    """Begin to record, in the process that runs tests."""
    into = os.environ.get("EQUITY_MUTANTS_RECORD")
    distributes = bool(getattr(config.option, "numprocesses", None))
    if into and (hasattr(config, "workerinput") or not distributes):
        config.pluginmanager.register(_Recorder(Path(into)), "recorder")


class _Recorder:
    def __init__(self, folder: Path) -> None:
        coverage = importlib.import_module("coverage")
        rooms = [f"{Path.cwd()}/equity/{room}/*" for room in ROOMS]
        self.folder, self.seconds = folder, dict[str, float]()
        self.file = folder / f"{os.getpid()}.coverage"
        self.coverage = coverage.Coverage(self.file, include=rooms, config_file=False)
        self.coverage.start()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.coverage.switch_context(item.nodeid)
        began = time.perf_counter()
        result = yield
        self.seconds[item.nodeid] = time.perf_counter() - began
        return result

    def pytest_unconfigure(self) -> None:
        self.coverage.stop()
        self.coverage.save()
        self.file.with_suffix(".json").write_text(json.dumps(self.seconds))


def record(copy: Path, folder: Path, workers: int) -> None:
    """Run the tests once in the copy and keep in the folder what they reach."""
    if not list(folder.glob("*.coverage")):
        files = sorted(p.relative_to(copy).as_posix() for p in copy.glob("tests/**/test_*.py"))
        chosen = [file for file in files if not any(word in file for word in ELSEWHERE)]
        here = os.pathsep.join([str(copy), str(Path(__file__).parent)])
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "operators", "-p", "no:cacheprovider",
             "-n", str(workers), "--dist", "loadfile", *chosen],
            cwd=copy, check=False,
            env={**os.environ, "PYTHONPATH": here, "EQUITY_MUTANTS_RECORD": str(folder)},
        )  # fmt: skip


def reach_of(module: str, folder: Path) -> Reach:
    """Return what was recorded of one module."""
    data = importlib.import_module("coverage").CoverageData
    tests: dict[int, set[str]] = defaultdict(set)
    seconds: dict[str, float] = {}
    for file in folder.glob("*.coverage"):
        seconds |= json.loads(file.with_suffix(".json").read_text())
        of_process = data(str(file))
        of_process.read()
        for name in of_process.measured_files():
            if name.endswith(f"/{module}"):
                for line, contexts in of_process.contexts_by_lineno(name).items():
                    tests[line].update(filter(None, contexts))
    return Reach(tests, seconds)


def judge(copy: Path, module: str, folder: Path, given: list[str]) -> None:
    """Write a verdict on every mutant of a module that has none yet, or that no test killed."""
    path, told, kept = copy / module, folder / f"{copy.name}.log", folder / KEPT
    source = path.read_text(encoding="utf-8")
    known = {
        what
        for (judged, what), verdict in _verdicts(kept).items()
        if judged == module and (_killed(verdict[1]) or not given)
    }
    known |= {what for where, what in no_matter() if where == module}
    waiting = [m for m in mutants(source, str(path)) if m.what not in known]
    if not waiting:
        return
    os.chdir(copy)
    sys.path[:0] = [str(copy), str(copy / "tests")]
    for name in HEAVY:
        importlib.import_module(name)
    reach = reach_of(module, folder)

    def killer(mutant: Mutant) -> str:
        first = given or reach.first(module, mutant)
        if not first:
            return UNREACHED
        found = failing(mutant, first)
        if not found and not given and (more := reach.more(mutant, first)):
            found = failing(mutant, more)
        return found or SURVIVED

    ends: dict[tuple[str, ...], bool] = {}

    def failing(mutant: Mutant, tests: list[str]) -> str:
        found = _failing(tests, told, partial(_swap, source, mutant.code, path))
        if found != NO_END:
            return found
        if (key := tuple(tests)) not in ends:
            began = time.perf_counter()
            ends[key] = not _failing(tests, told, _nothing)
            ends[key] &= time.perf_counter() - began < LIMIT_S / 3
        return HANGS if ends[key] else NO_END

    # What a module does when it is loaded is changed in its file, and before it is loaded here.
    asleep = [mutant for mutant in waiting if not _changed(source, mutant.code, path)]
    for mutant in asleep:
        path.write_text(mutant.source, encoding="utf-8")
        try:
            _keep(kept, module, mutant, killer(mutant))
        finally:
            path.write_text(source, encoding="utf-8")
    waiting = [mutant for mutant in waiting if mutant not in asleep]
    files = {t.split("::")[0] for m in waiting for t in given or reach.of(m)}
    quick = _Quick()
    pytest.main(["--collect-only", "-qq", *OPTIONS, *sorted(files)], plugins=[quick])
    reach = reach.among(quick.found)
    importlib.import_module(".".join(Path(module).with_suffix("").parts))  # some load late
    killers: dict[Mutant, str] = {}
    for mutant in waiting:
        killers[mutant] = killer(mutant)
        _keep(kept, module, mutant, killers[mutant])
    # A test that fails on the source as it stands has killed nothing.
    while broken := _failing(
        sorted({k for k in killers.values() if k in reach.seconds}), told, _nothing
    ):
        guilty = [mutant for mutant, test in killers.items() if test == broken]
        for mutant in guilty:
            _keep(kept, module, mutant, f"{BROKEN} {killers.pop(mutant)}")
        if not guilty:
            raise SystemExit(f"{module}: {broken} on the source as it stands")


class _Quick:
    """What hypothesis finds need not be made small; which tests there are."""

    def __init__(self) -> None:
        self.found: set[str] = set()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self.found = {item.nodeid for item in items}

    def pytest_sessionstart(self) -> None:
        phases = [Phase.explicit, Phase.generate]
        settings.register_profile("mutants", deadline=None, phases=phases, database=None)
        settings.load_profile("mutants")


def _nothing() -> None:
    """Leave the module as it is."""


Key = tuple[str, int, tuple[int | None, ...]]


def _key(code: CodeType) -> Key:
    # Two comprehensions or lambdas of one line are told apart by their columns.
    begins = next((place for place in code.co_positions() if place[2]), ())
    return code.co_qualname, code.co_firstlineno, begins


def _functions(code: CodeType) -> Iterator[tuple[Key, CodeType]]:
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield _key(inner), inner
            yield from _functions(inner)


def _changed(source: str, code: CodeType, path: Path) -> dict[Key, CodeType]:
    """Return the functions that a mutant changes; none where it changes what is done on loading."""
    before = dict(_functions(compile(source, str(path), "exec")))
    return {key: new for key, new in _functions(code) if before[key] != new}


def _swap(source: str, code: CodeType, path: Path) -> None:
    """Give the functions that are loaded the mutant's code, whoever holds them."""
    changed = _changed(source, code, path)
    for held in gc.get_objects():
        if isinstance(held, FunctionType) and held.__code__.co_filename == str(path):
            held.__code__ = changed.get(_key(held.__code__), held.__code__)


def _keep(kept: Path, module: str, mutant: Mutant, verdict: str) -> None:
    with kept.open("a", encoding="utf-8") as file:
        file.write(json.dumps([module, mutant.line, mutant.what, verdict]) + "\n")


def _failing(tests: list[str], told: Path, prepare: Callable[[], None]) -> str:
    """Return the test that fails in a child that was so prepared, or nothing."""
    if not tests:
        return ""
    child = os.fork()
    if not child:
        code = 1
        with suppress(BaseException):
            os.setsid()
            signal.alarm(LIMIT_S)  # a mutant may run for ever
            sys.dont_write_bytecode = True
            into = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(into, 1)
            os.dup2(into, 2)
            prepare()
            code = pytest.main([*OPTIONS, *tests])
        os._exit(int(code))
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return NO_END
    code = os.waitstatus_to_exitcode(status)
    if code == 0:
        return ""
    if code in {pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED}:
        return f"{BROKEN}: a test is no longer there"
    said = told.read_text(encoding="utf-8", errors="replace")
    failed = re.search(
        r"^(?:FAILED|ERROR) (tests/[^ \n\[]+(?:\[.*?\](?= - |$))?)", said, re.MULTILINE
    )
    return failed[1] if failed else NO_TEST


def _verdicts(kept: Path) -> dict[tuple[str, str], tuple[int, str]]:
    """Return line and verdict of each mutant, by module and change; of several the last."""
    lines = kept.read_text(encoding="utf-8").splitlines() if kept.exists() else []
    every = (json.loads(line) for line in lines)
    return {(module, what): (line, verdict) for module, line, what, verdict in every}


def no_matter() -> set[tuple[str, str]]:
    """Return module and change of what no number depends on."""
    listed = tomllib.loads(NO_MATTER.read_text(encoding="utf-8"))["kind"]
    told = (change.partition(": ") for kind in listed for change in kind["changes"])
    return {(module, what) for module, _, what in told}


def _killed(verdict: str) -> bool:
    return not verdict.startswith((NO_END, SURVIVED, UNREACHED, BROKEN))


def _copied(into: Path) -> Path:
    shutil.rmtree(into, ignore_errors=True)
    for name in COPIED:
        if (ROOT / name).is_dir():
            rubbish = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, into / name, ignore=rubbish)
        else:
            shutil.copy(ROOT / name, into)
    return into


def main() -> int:
    """Judge, list what survived, and fail if anything did."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("modules", nargs="*", type=Path)
    options.add_argument("--tests", nargs="*", default=[], help="judge survivors by these instead")
    options.add_argument("--folder", type=Path, default=ROOT / "build" / "mutants")
    options.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    asked = options.parse_args()
    folder = asked.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if asked.one:
        copy, module = asked.one
        judge(Path(copy), module, folder, asked.tests)
        return 0
    every = (p for room in ROOMS for p in (ROOT / "equity" / room).rglob("*.py"))
    chosen = asked.modules or sorted(every)
    modules = [p.resolve().relative_to(ROOT).as_posix() for p in chosen]
    copies = [_copied(folder / f"copy{n}") for n in range(asked.workers)]
    record(copies[0], folder, asked.workers)

    waiting = iter(modules)

    def of_worker(number: int) -> None:
        for module in waiting:
            one = [sys.executable, __file__, "--folder", folder, "--one", copies[number], module]
            subprocess.run([*one, "--tests", *asked.tests], check=True)

    with ThreadPoolExecutor(asked.workers) as pool:
        list(pool.map(of_worker, range(asked.workers)))
    # Of what the modules read today: lines that were mended since had other changes.
    now = {
        (module, mutant.what)
        for module in modules
        for mutant in mutants((ROOT / module).read_text(encoding="utf-8"))
    }
    judged = _verdicts(folder / KEPT)
    own = {key: judged[key] for key in now - no_matter() if key in judged}
    left = {key: found for key, found in own.items() if not _killed(found[1])}
    for (module, what), (line, verdict) in sorted(left.items()):
        sys.stdout.write(f"{module}:{line}: {what}: {verdict}\n")
    same = len(now & no_matter())
    sys.stdout.write(f"{len(own)} mutants, {len(own) - len(left)} killed; {same} cannot matter\n")
    return int(bool(left))


if __name__ == "__main__":
    sys.exit(main())
