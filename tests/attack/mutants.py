"""Mutated study files: types, ranges, names, paths, letters; parts deleted, swapped, repeated."""

from __future__ import annotations

import copy
import random
import tomllib
from typing import Any

from ground import (
    CHANGED,
    RIGHT,
    TRACEBACK,
    Ground,
    Raw,
    Tally,
    core,
    dump,
    impossible,
    outcome_of,
    same,
)

from equity.areas.schema import columns, describe
from equity.study.file import read_plan
from equity.study.run import Study

NUMBERS: list[Any] = [
    0, -1, 1, 2, 0.5, -0.0, 1e9, 2**31, 2**63, 10**30, 10**400, -(10**400), 1e308, 5e-324,
    Raw("nan"), Raw("-nan"), Raw("inf"), Raw("-inf"), Raw("1e400"), Raw("9" * 5000), True, False,
    2023, 2020, 1899, 99999, Raw("0x7fffffffffffffff"), Raw("1_000"),
]  # fmt: skip
TEXTS: list[Any] = [
    "", " ", "x", "é", "日本語", "a" * 300, "a" * 100_000, "\u202eevil", "\ufeffx", "e\u0301",
    "=1+1", "\uff1d1+1", "<script>alert(1)</script>", "%s {0} ${x}", "'; DROP TABLE x; --", "\\", "nan",
    "None", "true", "CON", "NUL", "con.txt", "AUX", "fid", "geom", "GEOID", "GeoID", "geometry",
    Raw('"\\ud800"'), Raw('"\\u0000"'), Raw('"\\u001b[31m"'), Raw('"\\u0007"'), Raw('"\x01"'),
    Raw('"\\n\\r\\t"'), "2023", "51", "VA", "90", "fcc-25-3", "video-visit", "state.toml",
    "./state.toml", "count", "share", "percent", "tract", "county", "block_group", "sites", "both",
    "travel", "capacity", "column", "points", "hrsa", "table", "svi", "live:boundaries", "live:x",
]  # fmt: skip
PATHS: list[Any] = [
    "~", "~/x.csv", "~nobody-at-all/x.csv", ".", "..", "/", "", "own.csv/", "own.csv/x", "acs",
    "bdc", "/dev/null", "/dev/zero", "/proc/self/mem", "a" * 5000, "x/" * 3000,
    "no\u0000null", "https://example.invalid/x.csv", "/vsicurl/http://example.invalid/x",
    "/vsizip//etc/passwd", "s3://bucket/x.zip", "file:///etc/passwd", "\\\\server\\share\\x",
    "C:\\x.csv", "own.csv", "study.toml", "state.toml", "fifo", "socket", "secret.csv",
    "boundaries/tl_2023_90_tract.zip", "care/example_clinicians.csv",
]  # fmt: skip
ODD: list[Any] = [
    [], [[]], [[[]]], {}, {"x": 1}, [{}], [1, "a"], [Raw("inf")], Raw("2024-01-01"),
    Raw("07:32:00"), Raw("1979-05-27T07:32:00Z"), ["a", "a"], ["a", "A"], [True], ["x"] * 2000,
    Raw("[" * 2000 + "]" * 2000), Raw("{a=" * 400 + "1" + "}" * 400),
]  # fmt: skip
SUFFIXES = ["", "_moe", "_p05", "_p95", "_cv", "_status", "__fcc_25_3", "__state_50_10", "__doctor",
            "__clinic", "_moe__doctor", "_status__video_visit"]  # fmt: skip
SAYINGS = {"title", "label", "short", "notes", "note", "agency", "product", "url"}
"""Fields that only say something: no number may follow them."""


def names(dice: random.Random) -> str:
    """Return a name of a column: computed or an input, suffixed, in another case, or no name."""
    name = dice.choice([*columns(), "geometry", "geoid", "own_share"]) + dice.choice(SUFFIXES)
    change = dice.choice([str, str, str, str.upper, str.title, str.swapcase])
    return change(name) if dice.random() < 0.8 else str(dice.choice(TEXTS))


class Mutator:
    """Draws mutants of one study file from one seed."""

    def __init__(self, text: str, seed: int) -> None:
        self.base = tomllib.loads(text)
        self.text = text
        self.dice = random.Random(seed)

    def draw(self) -> tuple[str, str, bool]:
        """Return a mutant, how it came, and whether only words are changed."""
        dice = self.dice
        if dice.random() < 0.12:
            return self._of_letters(), "letters", False
        data = copy.deepcopy(self.base)
        how = [self._one(data) for _ in range(dice.choice([1, 1, 1, 2, 3]))]
        harmless = all(step[1] in SAYINGS and step[0] == "value" for step in how)
        return dump(data), "; ".join(" ".join(map(str, step)) for step in how), harmless

    def _places(self, node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        items = node.items() if isinstance(node, dict) else enumerate(node)
        found = []
        for key, value in list(items):
            found.append((*path, key))
            if isinstance(value, dict | list):
                found += self._places(value, (*path, key))
        return found

    def _one(self, data: dict[str, Any]) -> tuple[str, Any, Any]:
        dice = self.dice
        places = self._places(data)
        if not places:
            return "nothing", "", ""
        path = dice.choice(places)
        parent: Any = data
        for key in path[:-1]:
            parent = parent[key]
        key, field = path[-1], next((k for k in reversed(path) if isinstance(k, str)), "")
        kind = dice.choice(["value"] * 6 + ["delete", "repeat", "swap", "rename", "column", "add"])
        if kind == "value":
            parent[key] = self._value(field, parent[key])
        elif kind == "delete":
            del parent[key]
        elif kind == "repeat" and isinstance(parent, list):
            parent.insert(key, copy.deepcopy(parent[key]))
        elif kind == "swap":
            other = dice.choice(list(parent) if isinstance(parent, dict) else range(len(parent)))
            parent[key], parent[other] = parent[other], parent[key]
        elif kind == "rename" and isinstance(parent, dict):
            parent[dice.choice([key.upper(), key + " ", key[:-1], names(dice), ""])] = parent.pop(
                key
            )
        elif kind == "add" and isinstance(parent, dict):
            parent[dice.choice([names(dice), "options", "where", "columns", "x"])] = self._value(
                "", ""
            )
        else:
            kind = "column"
            part = dice.choice(["tables", "acs", "coverage", "sites"])
            self._column(data, part)
            return kind, part, ""
        return kind, field, ".".join(map(str, path))

    def _column(self, data: dict[str, Any], part: str) -> None:
        """Name a column of an input after one of the package's, through every slot."""
        dice, told = self.dice, data.get(part)
        one = dice.choice(told) if isinstance(told, list) and told else told
        if not isinstance(one, dict):
            return
        mapped = one.setdefault("columns", {})
        if not isinstance(mapped, dict):
            return
        if part == "tables":
            unit = dice.choice([{}, {"unit": "number"}, {"unit": "percent"}, {"unit": "text"}])
            mapped[names(dice)] = {"column": dice.choice(["pct", "amount", "label"]), **unit}
        else:
            mapped[dice.choice(["pct", "B01001_001E", names(dice)])] = names(dice)

    def _value(self, field: str, now: Any) -> Any:
        dice = self.dice
        if (
            field in {"file", "files", "housing", "connecticut", "zip_areas"}
            and dice.random() < 0.7
        ):
            return dice.choice(PATHS)
        pool = NUMBERS if isinstance(now, int | float) and dice.random() < 0.7 else TEXTS
        return copy.deepcopy(
            dice.choice(dice.choice([pool, pool, pool, NUMBERS, TEXTS, ODD, [names(dice)]]))
        )

    def _of_letters(self) -> str:
        dice, text = self.dice, self.text
        at = dice.randrange(len(text))
        end = min(len(text), at + dice.randrange(1, 60))
        junk = dice.choice(["", "[", "]", '"', "'''", '"""', "=", "\n", "\r", "\x00", "\ufeff", "#",
                            "{", ",", "\u2028", "é", "[[", "]]", ".", "1e999", "nan"])  # fmt: skip
        return dice.choice([text[:at], text[:at] + junk + text[at:], text[:at] + junk + text[end:],
                            text[:at] + text[at:end] * 2 + text[end:]])  # fmt: skip


class Runs:
    """Loads and runs mutants; a plan that was run before is not run again."""

    def __init__(self, ground: Ground, *, most: int | None = None) -> None:
        self.ground, self.most, self.ran = ground, most, 0
        self.known: dict[str, tuple[str, str]] = {}
        self.file = ground.folder / "mutant.toml"

    def classify(self, text: str, *, harmless: bool) -> tuple[str, str]:
        self.file.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            plan, _ = read_plan(self.file)
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            return outcome_of(error)
        key = plan.model_dump_json()
        if key not in self.known:
            if self.most is not None and self.ran >= self.most:
                return RIGHT, "read, not run"
            self.ran += 1
            self.known[key] = self._run(harmless=harmless)
        return self.known[key]

    def _run(self, *, harmless: bool) -> tuple[str, str]:
        try:
            result = Study.load(self.file).run()
            if harmless or self.ran % 10 == 0:
                result.write(self.ground.scratch / "written")
        except Exception as error:  # noqa: BLE001
            return outcome_of(error)
        table = result.table
        wrong = impossible(table)
        if not wrong and harmless and not same(core(table), self.ground.clean):
            wrong = "words changed a number"
        own = {n.casefold() for part in result.plan.tables for n in part.columns}
        stands_in = [n for n in own if not describe([n])[0].input]
        return (CHANGED, wrong or f"stands in: {stands_in}") if wrong or stands_in else (RIGHT, "")


def storm(ground: Ground, count: int, seed: int, *, most: int | None = None) -> Tally:
    """Try so many mutants, and run at most `most` of those that can be read."""
    tally, mutator, runs = Tally(), Mutator(ground.text, seed), Runs(ground, most=most)
    for number in range(count):
        text, how, harmless = mutator.draw()
        outcome, why = runs.classify(text, harmless=harmless)
        tally.add(
            outcome,
            f"{number}: {how[:300]} -> {why[:300]}",
            why if outcome == TRACEBACK else why[:60],
        )
    tally.counts["run"] = runs.ran
    return tally
