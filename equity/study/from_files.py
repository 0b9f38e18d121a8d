"""``equity init --from``: a study of a user's own files, a comment a line, that runs as it is."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from equity.areas.geoid import STATES, geo_vintage_for
from equity.areas.words import sentence_list
from equity.errors import InputError
from equity.files.atomic import write_text
from equity.measures.adoption import covered_populations
from equity.rules.defaults import default_criteria_text, default_rules_text
from equity.sources.census.acs import read_acs
from equity.study.recognise import Known, recognise

__all__ = ["study_from"]

_LEAST_CRITERIA = 2
_NEEDED = {
    "acs": ("no survey", "a survey of homes and people (ACS tables B01003, B28002 and B28003)"),
    "sites": ("no places of care", "places of care (a CSV with coordinates)"),
}


def study_from(files: Iterable[str | Path], path: str | Path, *, year: int | None = None) -> Path:
    """Write a study of files that somebody has: looked at, recognised, and named one by one.

    Parameters
    ----------
    files
        Downloads and lists: ACS tables, boundaries, FCC files, places of care.
    path
        Study file to write; the paths in it start there.
    year
        Last year of the survey, where its file's name does not tell it.

    Returns
    -------
    pathlib.Path
        The study file.

    Raises
    ------
    InputError
        If a file is not recognised, states differ, or what a study needs is not among the files.
    """
    target = Path(path)
    if target.exists():
        raise InputError(
            "a file of this name is there already", file=path, fix="give another with --out"
        )
    known = [recognise(file, year=year) for file in dict.fromkeys(map(Path, files))]
    return write_text(target, _Writer(known, target.parent, year).text())


class _Writer:
    def __init__(self, known: Sequence[Known], folder: Path, year: int | None) -> None:
        self.by: dict[str, list[Known]] = {}
        for one in known:
            self.by.setdefault(one.what, []).append(one)
        self.folder = folder
        self.named: set[Path] = set()
        self._check()
        self.surveys = self.by["acs"]
        self.states = sorted({state for one in self.surveys for state in one.states})
        self.level = self.surveys[0].level
        self.year = year or self._survey_year()

    def _check(self) -> None:
        have = {*self.by, *(["sites"] if {"hrsa", "points"} & set(self.by) else [])}
        for name, (lacking, what) in _NEEDED.items():
            if name not in have:
                there = sentence_list(
                    [f"{k.path.name} ({k.what})" for v in self.by.values() for k in v]
                )
                raise InputError(
                    f"{lacking} among the files: {there}",
                    fix=f"add {what}",
                )
        levels = {one.level for one in self.by["acs"]}
        if len(levels) > 1:
            raise InputError(
                f"the surveys are of different areas: {', '.join(sorted(levels))}",
                file=", ".join(one.path.name for one in self.by["acs"]),
                fix="give those of one level",
            )

    def _survey_year(self) -> int:
        years = {one.year for one in self.surveys} - {""}
        if len(years) == 1:
            return int(years.pop())
        said = "do not tell the year" if not years else f"tell {' and '.join(sorted(years))}"
        raise InputError(
            f"the names of the survey's files {said}",
            file=", ".join(one.path.name for one in self.surveys),
            fix="give the last year of the five with --year, for example --year 2023",
        )

    def text(self) -> str:
        names = [STATES[state].name for state in self.states]
        head = (
            f"# {sentence_list(names)}: a study of files that `equity init --from` looked at.\n"
            "# Every line says how it was told; change what is wrong, and run it with:\n"
            "# equity run study.toml\n"
        )
        parts = [
            head,
            self._study(sentence_list(names)),
            *self._polygons(),
            *map(self._survey, [self.surveys]),
            self._coverage(),
            *self._sites(),
            self._care(),
            self._criteria(),
        ]
        parts += [
            f"# Looked at, and read by nothing here: {self._path(one)} ({one.why})"
            for kind in self.by.values()
            for one in kind
            if one.path not in self.named
        ]
        return "\n".join(parts)

    def _study(self, title: str) -> str:
        ids = "-".join(STATES[state].usps.lower() for state in self.states)
        level = self.level.replace("_", " ")
        return _lines(
            "[study]",
            ("id", ids, "name of the folder that a run writes under maps/"),
            ("title", title, "what stands over the page"),
            ("state", self.states, "whose ids the survey has"),
            ("level", self.level, f"the survey has a row a {level}"),
        ) + "".join(f"{line}\n" for line in default_rules_text().splitlines())

    def _polygons(self) -> Iterable[str]:
        every = [*self.by.get("boundaries", ()), *self.by.get("counties", ())]
        for section, level in (("boundaries", self.level), ("counties", "county")):
            mine = [one for one in every if one.level == level and one.path not in self.named]
            if not mine:
                continue
            _refuse_twice(mine)
            told = "as the file's name says"
            vintage = int(geo_vintage_for("acs", self.year)[:4])
            guess = f"the name does not say; the survey has areas of {vintage}"
            year = mine[0].year
            yield _lines(
                f"[{section}]",
                ("file", self._all(mine), mine[0].why),
                ("year", int(year or self.year), told if year else guess),
            )

    def _survey(self, surveys: Sequence[Known]) -> str:
        rows = sum(len(one.columns) for one in surveys)
        return _lines(
            "[[acs]]",
            ("files", [self._at(one) for one in surveys], f"{surveys[0].why}, {rows} of them"),
            ("year", self.year, "last year of the five"),
        )

    def _coverage(self) -> str:
        lines = self.by.get("bdc", [])
        if lines:
            dates = sorted({one.year for one in lines})
            return _lines(
                "[coverage]",
                ("kind", "locations", "the FCC's own files, location by location"),
                ("files", [self._at(one) for one in lines], lines[0].why),
                ("as_of", dates[-1], "as the files' names say"),
            )
        classes = self.by.get("classes", [])
        if classes:
            return _lines(
                "[coverage]",
                ("kind", "summary", "one row an area"),
                ("files", self._all(classes), classes[0].why),
                ("as_of", "as downloaded, filing unproven", "put the date of the filing here"),
            )
        return _lines(
            "[coverage]",
            ("kind", "unknown", "no FCC file among these: the gap is a floor until there is one"),
        )

    def _sites(self) -> Iterable[str]:
        for one in [*self.by.get("hrsa", []), *self.by.get("points", [])]:
            capacity = "fte" in one.columns
            saved = datetime.fromtimestamp(one.path.stat().st_mtime, tz=UTC).date()
            known = one.year or saved.isoformat()
            told = "as the file's name says" if one.year else "the day the file was saved"
            rows: list[tuple[str, Any, str]] = [
                ("file", self._at(one), one.why),
                ("as_of", known, told),
                ("reader", "hrsa" if one.what == "hrsa" else "points", "its layout"),
                ("label", _label(one), "what the page calls them"),
                ("use", "both" if capacity else "sites", "distances" + ", and capacity" * capacity),
                ("unplaced", "drop", "rows without coordinates are left out, and counted"),
            ]
            if one.columns:
                rows.append(("columns", one.columns, "found by their names and what they hold"))
            if one.delimiter != ",":
                rows.append(("delimiter", one.delimiter, "what stands between its fields"))
            yield _lines("[[sites]]", *rows)

    def _care(self) -> str:
        return _lines(
            "[[care]]",
            ("id", "care", "the first is the headline's"),
            (
                "label",
                _label(next(iter([*self.by.get("hrsa", []), *self.by.get("points", [])]))),
                "in words",
            ),
            ("method", "travel", "who lives too far from the nearest place"),
            ("limit_min", 30, "minutes; change it if your program says otherwise"),
        )

    def _criteria(self) -> str:
        """Return the criteria that the survey's tables can tell."""
        table = read_acs(
            [one.path for one in self.surveys], year=self.year, level=self.level, multi_state=True
        )
        told = set(covered_populations(table).columns)
        every = tomllib.loads(default_criteria_text())["under_resourced"]["criteria"]
        usable = [one for one in every if one["column"] in told]
        if not usable:
            raise InputError(
                "the survey's tables do not tell who is under-resourced",
                file=", ".join(one.path.name for one in self.surveys),
                fix="add one with poverty (B17001), insurance (B27010), vehicles (B08201) or "
                "disability (B18101)",
            )
        needed = min(_LEAST_CRITERIA, len(usable))
        head = _lines(
            "[under_resourced]",
            ("at_least", needed, f"so many of the {len(usable)} below; decided before any result"),
        )
        return head + "".join(
            _lines(
                "\n[[under_resourced.criteria]]",
                *((key, value, "") for key, value in one.items()),
            )
            for one in usable
        )

    def _all(self, files: Sequence[Known]) -> str | list[str]:
        paths = [self._at(one) for one in files]
        return paths if len(paths) > 1 else paths[0]

    def _at(self, one: Known) -> str:
        self.named.add(one.path)
        return self._path(one)

    def _path(self, one: Known) -> str:
        return Path(os.path.relpath(one.path, self.folder)).as_posix()


def _refuse_twice(files: Sequence[Known]) -> None:
    """Refuse polygons of one state, or of several years: which are meant is not to be told."""
    states = [state for one in files for state in one.states]
    years = {one.year for one in files}
    if len(set(states)) < len(states) or len(years) > 1:
        raise InputError(
            f"{len(files)} files have the polygons of the same areas, or of other years",
            file=", ".join(one.path.name for one in files),
            fix="give one of them: that of the survey's year",
        )


def _label(one: Known) -> str:
    if one.what == "hrsa":
        return "health centers"
    words = one.path.name.partition(".")[0].replace("_", " ").replace("-", " ")
    plain = " ".join(word for word in words.casefold().split() if word.isalpha() and word != "my")
    return plain if plain.endswith("s") else "places of care"


def _lines(section: str, *rows: tuple[str, Any, str]) -> str:
    body = "".join(
        f"{key} = {_toml(value)}" + (f"  # {why}" if why else "") + "\n" for key, value, why in rows
    )
    return f"{section}\n{body}"


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)
