"""What no field of a study file tells alone: whether rules exist, readers can use what is said."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from equity.errors import EquityError, InputError
from equity.measures.standing import cut_outside
from equity.rules import CoverageRule, IndexRecipe, load_coverage_rule, load_index_recipe
from equity.sources.care.kinds import kinds_in_words
from equity.sources.catalog import INPUTS, LIVE, Input, Reader, find_input
from equity.study.input_parts import CoveragePart, Files, TablePart
from equity.study.live import local_path
from equity.study.parts import CarePart, CriterionPart, StudyPlan, UnderResourcedPart
from equity.study.readers import (
    COVERAGE,
    FUNDED,
    OWN,
    SITES,
    TABLES,
    check_input_names,
    complaints,
    live_options,
)

__all__ = ["blocks_beside_coverage", "load_recipe", "load_rule", "problems"]

_CONNECTICUT = "09"
_Problem = tuple[list[Any], str, str | None]


def problems(plan: StudyPlan, path: str | Path) -> Iterator[_Problem]:
    """Yield what no field alone can tell: place, what, fix."""
    yield from _wrong_names(plan.model_dump(), [])
    yield from _wrong_inputs(plan)
    if plan.area is not None and plan.study.each_apart:
        what = "[area] is a part of one study, and here every state is a study of its own"
        yield ["area"], what, "name the states that it lies in, without state_by_state"
    yield from _wrong_rules(plan, path)
    yield from _wrong_recipe(plan, path)
    yield from _wrong_coverage(plan.coverage)
    yield from _wrong_care(plan, path)
    for i, funded in enumerate(plan.funded):
        found = complaints(FUNDED, funded.said(), funded.options, {"as_of", "state"})
        for field, what, fix in found:
            yield ["funded", i, field], f"funded.{i}.{field}: {what}", fix
    for i, table in enumerate(plan.tables):
        for field, what, fix in _wrong_table(table):
            yield ["tables", i, field], f"tables.{i}.{field}: {what}", fix
    for i, sites in enumerate(plan.sites):
        reader = SITES[sites.reader]
        said = sites.said()
        if reader.name != "sites":
            said = {name: value for name, value in said.items() if name not in sites.placing}
        if sites.clinician_names and sites.reader not in sites.of_persons:
            what = f"clinician_names: {sites.reader} lists no persons"
            yield ["sites", i, "clinician_names"], f"sites.{i}.{what}", "leave it out"
        known = {"as_of", "layout", "unplaced", "synthetic", "state", "states", "kind", "columns"}
        found = complaints(reader, said, sites.options, known)
        for field, what, fix in (*_misread(sites.file, reader), *found):
            yield ["sites", i, field], f"sites.{i}.{field}: {what}", fix
    yield from _repeated_columns(plan)
    yield from _unread(plan)
    yield from _wrong_criteria(plan.under_resourced)


def _wrong_names(part: Any, where: list[Any]) -> Iterator[_Problem]:
    """Yield every ``live:`` name that the catalog does not know."""
    if isinstance(part, dict | list):
        for key, value in part.items() if isinstance(part, dict) else enumerate(part):
            yield from _wrong_names(value, [*where, key])
    elif isinstance(part, str) and part.startswith(LIVE):
        try:
            find_input(part)
        except InputError as error:
            yield where, f"{'.'.join(map(str, where))}: {error.what}", error.fix


def _wrong_inputs(plan: StudyPlan) -> Iterator[_Problem]:
    """Yield every live input that is not of the kind that belongs where it stands.

    Here, before anything runs: a download of the wrong thing may take an hour.
    """
    for where, names, belongs in _slots(plan):
        for name in [names] if isinstance(names, str) else names or ():
            if not name.startswith(LIVE):
                continue
            with contextlib.suppress(InputError):  # told as a wrong name
                entry, right = find_input(name), [one.id for one in INPUTS if belongs(one)]
                if entry.id not in right:
                    what = f"{name} is {entry.product}, which is not read here"
                    live = (
                        f"use {' or '.join(LIVE + one for one in right)}, or a file"
                        if right
                        else None
                    )
                    yield where, f"{'.'.join(map(str, where))}: {what}", live


_Belongs = Callable[[Input], bool]


def _slots(plan: StudyPlan) -> Iterator[tuple[list[Any], Files | None, _Belongs]]:
    """Yield each place of a study that names files of one kind: place, names, what belongs."""
    level, coverage = plan.study.level, plan.coverage
    for name, part, wanted in (
        ("boundaries", plan.boundaries, level),
        ("counties", plan.counties, "county"),
    ):
        if part is not None:
            yield [name, "file"], part.file, _polygons(wanted, of_study=wanted == level)
    if plan.area is not None:
        kind = "zcta-relationship" if plan.area.zctas else "tribal-areas"
        yield ["area", "file"], plan.area.file, lambda one: one.id == kind
        yield ["area", "blocks"], plan.area.blocks, lambda one: one.gives == "blocks"
    if plan.centers is not None:
        yield ["centers", "file"], plan.centers.file, lambda one: one.gives == "centers"
    read_by = coverage.read_by
    yield ["coverage", "files"], coverage.files, lambda one: one.reader.name == read_by
    yield ["coverage", "housing"], coverage.housing, lambda one: one.gives == "blocks"
    yield ["coverage", "connecticut"], coverage.connecticut, _has_codes
    yield from _slots_of_many(plan)


def _slots_of_many(plan: StudyPlan) -> Iterator[tuple[list[Any], Files | None, _Belongs]]:
    """Yield the places of a study that may stand in it more than once."""
    for i, acs in enumerate(plan.acs):
        yield ["acs", i, "files"], acs.files, lambda one: one.reader.name == "acs"
    for i, funded in enumerate(plan.funded):
        yield ["funded", i, "file"], funded.file, lambda one: one.gives == "funded"
    for i, care in enumerate(plan.care):
        yield ["care", i, "roads"], list(care.extracts), lambda one: one.gives == "roads"
    for i, sites in enumerate(plan.sites):
        yield ["sites", i, "zip_areas"], sites.zip_areas, lambda one: one.level == "zcta"
    for i, table in enumerate(plan.tables):
        walk, place = table.crosswalk, ["tables", i, "crosswalk"]
        if walk is not None:
            yield [*place, "file"], walk.file, _links(walk.reader)
            yield [*place, "blocks"], walk.blocks, lambda one: one.gives == "blocks"


def _polygons(level: str, *, of_study: bool) -> _Belongs:
    """Polygons of a level; those whose level nobody says are the study's own."""
    return lambda one: (
        one.gives == "boundaries" and (one.level or (level if of_study else "")) == level
    )


def _links(reader: str) -> _Belongs:
    if reader == "connecticut_codes":
        return _has_codes
    return lambda one: one.reader.name == reader


def _has_codes(one: Input) -> bool:
    """Tell whether an input holds Connecticut's old and new ids: the rural-urban codes do."""
    return one.reader.name == "ruca"


def _misread(file: str, reader: Reader) -> Iterator[tuple[str, str, str | None]]:
    """Yield a live input that another reader reads."""
    entry = find_input(file) if file.startswith(LIVE) else None
    if entry is not None and entry.reader.function is not reader.function:
        right = entry.reader.name
        yield "reader", f"{file} is read by read_{right}, not read_{reader.name}", f"name {right}"


def _wrong_rules(plan: StudyPlan, path: str | Path) -> Iterator[_Problem]:
    known: dict[str, str] = {}
    for i, name in enumerate(plan.study.rules):
        try:
            rule = load_rule(name, Path(path).parent)
        except EquityError as error:
            yield ["study", "rules"], f"study.rules[{i}]: {error.what}", error.fix
            continue
        if rule.id in known:
            also = f", by {known[rule.id]!r} and by {name!r}" if known[rule.id] != name else ""
            what = f"study.rules[{i}]: {rule.id!r} is listed twice{also}"
            yield ["study", "rules"], what, "list each rule once"
        known.setdefault(rule.id, name)
    if plan.study.headline not in known:
        yield (
            ["study", "headline"],
            f"study.headline: {plan.study.headline!r} is not among study.rules",
            f"use the id of one of them: {', '.join(known)}",
        )


def _wrong_recipe(plan: StudyPlan, path: str | Path) -> Iterator[_Problem]:
    try:
        load_recipe(plan, Path(path).parent)
    except EquityError as error:
        yield ["index", "recipe"], f"index.recipe: {error.what}", error.fix


def _unread(plan: StudyPlan) -> Iterator[_Problem]:
    """Yield inputs that nothing in the study would read."""
    part = plan.coverage
    measured = [care for care in plan.care if care.method != "column"]
    fix = "leave it out"
    if plan.funded and part.kind == "unknown":
        yield ["funded"], "funded: coverage is unknown, so nothing is unserved that it covers", fix
    if plan.centers is not None and not measured:
        yield ["centers"], "centers: no [[care]] measures distances, so nothing reads it", fix
    if part.housing and part.kind != "locations" and not blocks_beside_coverage(plan):
        what = "coverage.housing: coverage is no location files and no distance starts at blocks"
        yield ["coverage", "housing"], f"{what}, so nothing reads it", fix
    if part.connecticut is None:
        return
    where = ["coverage", "connecticut"]
    if _CONNECTICUT not in plan.study.state and not plan.study.made_up:
        yield where, "coverage.connecticut: the study is of another state", fix
    elif part.kind != "locations" and plan.centers is None:
        what = "coverage.connecticut: neither location files nor [centers] need new codes"
        yield where, f"{what}, so nothing reads it", fix


def blocks_beside_coverage(plan: StudyPlan) -> bool:
    """Tell whether a study reads its blocks for more than the homes that no filing names.

    Distances start at them, and they say where the people live of an area that the study's own
    area cuts.
    """
    measured = [care for care in plan.care if care.method != "column"]
    by_travel = any(not care.by_capacity for care in measured)
    return by_travel or bool(measured and plan.centers is None) or plan.area is not None


def _repeated_columns(plan: StudyPlan) -> Iterator[_Problem]:
    """Yield columns that two [[tables]] name alike but for case; files of some formats mix them."""
    seen: dict[str, str] = {}
    for i, table in enumerate(plan.tables):
        for name in table.columns:
            other = seen.setdefault(name.casefold(), name)
            if other != name:
                what = f"tables.{i}.columns: {name} is {other} but for case"
                yield ["tables", i, "columns"], what, "give one of them another name"


def _wrong_care(plan: StudyPlan, path: str | Path) -> Iterator[_Problem]:
    """Yield kinds of sites that do not exist, and ids whose columns would be called like others."""
    suffixes = {rule.suffix: rule.id for rule in _known_rules(plan, path)}
    seen: set[str] = set()
    for i, care in enumerate(plan.care):
        start = f"care.{i}.id: {care.id!r}"
        if care.id in seen:
            yield ["care", i, "id"], f"{start} is another's id", "give each [[care]] its own"
        seen.add(care.id)
        rule = suffixes.get(f"__{care.id}")
        if rule is not None:
            yield ["care", i, "id"], f"{start} is how columns of the rule {rule} end", "rename it"
        try:
            if care.kinds:
                kinds_in_words(care.kinds)
        except InputError as error:
            yield ["care", i, "kinds"], f"care.{i}.kinds: {error.what}", error.fix
        if care.travel == "roads" and care.method != "column" and not care.roads:
            yield (
                ["care", i, "travel"],
                f'care.{i}.roads: is missing, and travel = "roads" needs the files of the roads',
                'roads = ["live:roads"], with the neighbors\' extracts beside it',
            )
        for field, why in _without_effect(care):
            yield (
                ["care", i, field],
                f"care.{i}.{field}: {why}, so nothing reads it",
                "leave it out",
            )


def _without_effect(care: CarePart) -> Iterator[tuple[str, str]]:
    """Yield fields that the method does not read, and why."""
    unread = {}
    if care.method != "column":
        unread = dict.fromkeys(("column", "unit"), f'method = "{care.method}" takes no column')
    if not (care.method == "column" and care.by_ratio):
        unread["supply_n"] = "only a column of ratios is held against a number of clinicians"
    if care.method == "column" and care.travel == "roads":
        yield "travel", 'method = "column" takes its minutes from the column'
    if care.by_capacity:
        unread["sd"] = "clinicians per resident have no minutes with a spread"
    elif care.method == "column" and (care.by_ratio or care.unit == "share"):
        unread["sd"] = f'unit = "{care.unit}" is no time with a spread'
    for field, why in unread.items():
        if getattr(care, field) is not None:
            yield field, why


def _known_rules(plan: StudyPlan, path: str | Path) -> Iterator[CoverageRule]:
    for rule in plan.study.rules:
        with contextlib.suppress(EquityError):  # told as a wrong rule
            yield load_rule(rule, Path(path).parent)


def _wrong_coverage(part: CoveragePart) -> Iterator[_Problem]:
    for name in ("files", "as_of"):
        if part.kind != "unknown" and not getattr(part, name):
            yield (
                ["coverage", "kind"],
                f"coverage.{name}: is missing",
                'name it, or say kind = "unknown" if there is no coverage data',
            )
    if part.kind == "unknown":
        for field in [*part.said(), *(["options"] if part.options else [])]:
            yield (
                ["coverage", field],
                f"coverage.{field}: nothing is read where coverage is unknown",
                "leave it out",
            )
        return
    reader = COVERAGE[part.kind][part.read_by]
    known = {"as_of", "state", "level", "multi_state", "checksums"}
    for field, what, fix in complaints(reader, part.said(), part.options, known):
        yield ["coverage", field], f"coverage.{field}: {what}", fix


def _wrong_table(part: TablePart) -> Iterator[tuple[str, str, str | None]]:
    try:
        check_input_names(list(part.columns))
    except InputError as error:
        yield "columns", error.what, error.fix
    reader, own_table = TABLES[part.reader], part.reader == "table"
    known = {"state", "multi_state", "synthetic", "level", reader.dated}
    if part.reader not in OWN:
        known.add("geo_vintage")
    if not own_table:
        yield from _misread(part.file, reader)
    elif part.columns:
        known.add("columns")
    yield from complaints(reader, part.said(), part.options, known, live_options(part.file))
    if reader.dated == "year" and not part.vintage.isdigit():
        what = f"is {part.vintage!r}: read_{reader.name} needs a year"
        yield "vintage", what, 'for example vintage = "2022"'
    for name, column in {} if own_table else part.columns.items():
        told = sorted(column.model_fields_set - {"column"})
        if told:
            yield "columns", f"{name}: {told[0]} is known to read_{reader.name}", "leave it out"


def _wrong_criteria(part: UnderResourcedPart) -> Iterator[_Problem]:
    for i, criterion in enumerate(part.criteria):
        where: list[Any] = ["under_resourced", "criteria", i, "column"]
        start = f"under_resourced.criteria: {criterion.column}"
        if (criterion.at_least is None) == (criterion.at_most is None):
            yield where, f"{start} needs a cut-off", "give either at_least or at_most"
            continue
        cut = criterion.at_least if criterion.at_most is None else criterion.at_most
        if wrong := cut_outside(criterion.column, float(cut or 0)):
            yield where, f"{start} {wrong[0]}", wrong[1]
        if any(_may_both_hold(criterion, other) for other in part.criteria[:i]):
            what = "stands in two criteria that one area can meet at once, and would count as two"
            yield where, f"{start} {what}", "keep one of them"
    if part.at_least > len(part.criteria):
        yield (
            ["under_resourced", "at_least"],
            f"under_resourced.at_least asks for {part.at_least} of {len(part.criteria)} criteria",
            None,
        )


def _may_both_hold(one: CriterionPart, other: CriterionPart) -> bool:
    """Tell whether two criteria ask the same column, and one value can meet both."""
    if one.column != other.column:
        return False
    low = [part.at_least for part in (one, other) if part.at_least is not None]
    high = [part.at_most for part in (one, other) if part.at_most is not None]
    return not (low and high) or max(low) <= min(high)


def load_rule(name: str, folder: Path) -> CoverageRule:
    """Load a rule by its id, or from a file beside the study."""
    return load_coverage_rule(_beside(name, folder))


def load_recipe(plan: StudyPlan, folder: Path) -> IndexRecipe | None:
    """Load the recipe of the study's index by its id, or from a file; None if it asks for none."""
    return None if plan.index is None else load_index_recipe(_beside(plan.index.recipe, folder))


def _beside(name: str, folder: Path) -> str | Path:
    return folder / local_path(name) if name.endswith(".toml") else name
