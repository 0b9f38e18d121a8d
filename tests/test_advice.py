"""What a message recommends can be said, and works: each piece of advice is followed."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from door_files import put
from pydantic import BaseModel

import equity as eq
from equity.errors import EquityError
from equity.study.file import StudyPlan

PACKAGE = Path(eq.__file__).parent
MODULES = sorted(
    path
    for pattern in (
        "files/*.py",
        "sources/**/*.py",
        "study/*.py",
        "areas/geoid.py",
        "areas/points.py",
        "areas/vintage.py",
    )
    for path in PACKAGE.glob(pattern)
)
# Functions that make the text of a fix.
MAKERS = {"_hint", "_sentinel", "_number_fix", "_number_hint", "_no_county"}
NAMED = re.compile(r"\b(?P<name>[a-z_]+)(?P<toml> ?)=(?=[ \[\"'{…]|$)")
# Modules whose advice is for other files than a study: catalog.toml.
OTHER_FILES = {"sources/catalog.py"}


def said(node: ast.AST) -> Iterator[str]:
    """Every text that an expression may come to, with … for what is filled in."""
    if isinstance(node, ast.JoinedStr):
        yield "".join(str(p.value) if isinstance(p, ast.Constant) else "…" for p in node.values)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    else:
        for child in ast.iter_child_nodes(node):
            yield from said(child)


def advice() -> Iterator[tuple[str, str]]:
    """Yield module and text of each fix that names an argument or a field."""
    for path in MODULES:
        module = path.relative_to(PACKAGE).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            texts: list[str] = []
            if isinstance(node, ast.keyword) and node.arg in {"fix", "hint"}:
                texts = list(said(node.value))
            elif isinstance(node, ast.FunctionDef) and node.name in MAKERS:
                texts = [
                    t
                    for n in ast.walk(node)
                    if isinstance(n, ast.Return) and n.value
                    for t in said(n.value)
                ]
            yield from ((module, text) for text in texts if NAMED.search(text))


ADVICE = sorted(set(advice()))


def fields(model: type[BaseModel]) -> set[str]:
    """Names of all fields of a study file, however deep."""
    found = set(model.model_fields)
    for field in model.model_fields.values():
        for room, part in re.findall(r"([\w.]+)\.(\w+Part)\b", repr(field.annotation)):
            found |= fields(getattr(import_module(room), part))
    return found


FIELDS = fields(StudyPlan)


def arguments(module: str) -> set[str]:
    loaded = import_module("equity." + module.removesuffix(".py").replace("/", "."))
    functions = [f for f in vars(loaded).values() if inspect.isfunction(f)]
    return {name for f in functions for name in inspect.signature(f).parameters}


def called(text: str) -> set[str]:
    """Arguments of the public functions that a text calls."""
    functions = [getattr(eq, name, None) for name in re.findall(r"equity\.(\w+)\(", text)]
    return {name for f in functions if f for name in inspect.signature(f).parameters}


@pytest.mark.parametrize(("module", "text"), ADVICE)
def test_what_is_named_is_an_argument_or_a_field_of_a_study(module, text):
    for found in NAMED.finditer(text):
        name = found["name"]
        if found["toml"] and module not in OTHER_FILES:
            assert name in FIELDS, name
        elif not found["toml"]:
            assert name in arguments(module) | called(text) | FIELDS, name


def test_the_walk_sees_the_advice():
    names = {found["name"] for _, text in ADVICE for found in NAMED.finditer(text)}
    assert names > {
        "columns",
        "id_column",
        "unit",
        "missing",
        "layer",
        "other_levels",
        "level",
        "unplaced",
    }
    assert len(ADVICE) > 25


# --- followed --------------------------------------------------------------------------------

A, B = "01003010100", "10001040201"
OWN = {
    "agency": "a",
    "product": "p",
    "vintage": "v",
    "geo_vintage": "2020",
    "level": "tract",
    "columns": {"n_n": "n"},
}
COUNTS = "locations_n,served_n,underserved_n,unserved_n"


class Case(NamedTuple):
    """One piece of advice: who gives it about what, and the argument that follows it."""

    text: str
    read: Callable[..., Any]
    content: str
    given: dict[str, Any]
    follow: dict[str, Any]
    name: str = "t.csv"


def own(path, **options):
    return eq.read_table(path, **(OWN | options))


def acs(path, **options):
    return eq.read_acs(path, **({"year": 2023} | options))


def sites(path, **options):
    return eq.read_sites(path, **({"as_of": "2026", "layout": "points"} | options))


def lines(path, **options):
    return eq.read_coverage(path, as_of="2024", **options)


def cell(value):
    return f"GEOID,n\n{A},{value}\n{B},{value}\n"


def unit(name, value=None, **more):
    return {"columns": {value or "x": {"column": "n", "unit": name, **more}}}


HOMES = f"GEOID,hh,B28002_004E\n{A},5,3\n"
PLACES = "key,lon,lat\nA,-75.5,39.1\n,-75.6,39.2\n"
CASES = [
    Case("say so with delimiter=", own, f"GEOID;n\n{A};1\n", {}, {"delimiter": ";"}),
    Case("name the column of the other ids with id_column=", own, f"GEOID10,k,n\n{A},{B},1\n", {}, {"id_column": "k"}),
    Case("name it with id_column=", own, f"k,n\n{A},1\n", {}, {"id_column": "k"}),
    Case("or the columns of its parts", own, "s,c,t,n\n1,3,10100,1\n", {}, {"id_column": ["s", "c", "t"]}),
    Case('other_levels = "drop"', own, f"GEOID,n\n{A},1\n10001,2\n", {}, {"other_levels": "drop"}),
    Case('level = "county"', own, "FIPS,n\n10001,1\n", {"level": "zcta"}, {"level": "county"}),
    Case('level="block_group"', own, "GEOID,n\n10030101001,1\n", {}, {"level": "block_group"}),
    Case('use unit = "share" or "percent"', own, cell("0.5"), unit("count", "x_share"), unit("share", "x_share")),
    Case('unit = "share" or "percent"', own, cell("50"), unit("usd", complement=True), unit("percent", complement=True)),
    Case("map at least one in columns=", own, cell("1"), {"columns": {}}, {"columns": {"n_n": "n"}}),
    Case('unit = "percent"', own, cell("12.5%"), unit("share"), unit("percent")),
    Case('unit = "percent"', own, cell("12.5"), unit("share"), unit("percent")),
    Case('unit = "count"', own, cell("1200"), unit("share"), unit("count")),
    Case('unit = "usd"', own, cell("$900"), unit("count"), unit("usd")),
    Case("missing = [-999]", own, cell("-999"), {}, {"missing": [-999]}),
    Case("missing = ['none']", own, cell("none"), {}, {"missing": ["none"]}),
    Case("set multi_state", own, cell("1"), {"state": "DE"}, {"state": "DE", "multi_state": True}),
    Case("give year=2017", acs, f"GEO.id,HD01_VD01\nId,x\n1400000US{A},1\n", {}, {"year": 2017}, "ACS_17_5YR_B28002_with_ann.csv"),
    Case("name them with columns=", acs, f"GEOID,hh\n{A},5\n", {}, {"columns": {"hh": "B28002_001E"}}),
    Case("with E or M at the end", acs, HOMES, {"columns": {"hh": "B28002_001"}}, {"columns": {"hh": "B28002_001E"}}),
    Case("keep one in columns=", acs, HOMES, {"columns": {"hh": "B28002_001E", "GEOID": "B28002_001E"}}, {"columns": {"hh": "B28002_001E"}}),
    Case("leave B28002_004E out of columns=: its name", acs, HOMES, {"columns": {"B28002_004E": "B28002_001E"}}, {"columns": {}}),
    Case("leave B28002_004E out of columns=", acs, HOMES, {"columns": {"hh": "B28002_004E"}}, {"columns": {}}),
    Case('layout="points"', sites, PLACES, {"layout": "hrsa", "columns": {"lon": "lon", "lat": "lat"}}, {}),
    Case('columns={"lon": …', sites, PLACES, {"columns": {"x": "lon"}}, {"columns": {"lon": "lon", "lat": "lat"}}),
    Case("leave the id out of columns=", sites, PLACES, {"columns": {"id": "key", "lon": "lon", "lat": "lat"}}, {"columns": {"lon": "lon", "lat": "lat"}}),
    Case('unplaced = "drop"', sites, f"{PLACES}C,,\n", {}, {"unplaced": "drop"}),
    Case("name the columns with columns=", lines, f"GEOID,a,b,c,d\n{A},4,4,0,0\n", {}, {"columns": dict(zip("abcd", COUNTS.split(","), strict=True))}),
    Case("add it to columns=", lines, f"GEOID,{COUNTS.replace('unserved_n', 'none')}\n{A},4,4,0,0\n".replace("undernone", "underserved_n"), {}, {"columns": {n: n for n in COUNTS.split(",")[:3]} | {"none": "unserved_n"}}),
    Case("keep one in columns=", lines, f"GEOID,x,{COUNTS}\n{A},4,4,4,0,0\n", {"columns": {n: n for n in ["x", *COUNTS.split(",")]} | {"x": "served_n"}}, {"columns": {n: n for n in COUNTS.split(",")}}),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.read.__name__}: {case.text}")
def test_the_advice_works(tmp_path, case):
    path = put(tmp_path, case.content, case.name)
    with pytest.raises(EquityError) as caught:
        case.read(path, **case.given)
    assert case.text in str(caught.value)
    table = case.read(
        path,
        **(case.given if set(case.given) - set(case.follow) == {"state"} else {}) | case.follow,
    )
    assert len(table) >= 1


# Followed elsewhere, or said by functions that download: why the table above has them not.
ELSEWHERE = {
    "name the column of the ids with id_column=, or the columns of their parts: "
    'id_column=["state", "county", "tract"]': "tests/sources/test_two_meanings.py",
    "choose with layer=": "tests/sources: a geodatabase, a GeoPackage with two layers",
    "check the names in columns=": "tests/sources: a mapping over several files",
    "detail='cartographic'": "of a download",
    "or say confirmed = true for the column": "tests/sources/test_table.py",
}


def blanked(text: str) -> str:
    """Take out what is filled in."""
    return re.sub(
        r"\[[^\]]*\]|B28002_004E|(?<==)[0-9]+|(?<== )[0-9]+", "…", re.sub(r'"[^"]*"', '"…"', text)
    )


def test_every_advice_of_the_readers_of_peoples_files_is_followed():
    """A new text that names an argument needs a case that follows it."""
    ours = ("files/", "sources/own_table", "sources/_cells", "sources/area_", "areas/points", "sources/census/",
            "sources/care/sites", "sources/care/addresses", "sources/fcc/classes", "areas/geoid")  # fmt: skip
    skipped = (
        "census/centers",
        "census/relationships",
        "census/gazetteer",
        "census/saipe",
        "census/acs_api",
        "census/tribal",
        "census/geocoder",
    )
    followed = [blanked(text) for text in (*(case.text for case in CASES), *ELSEWHERE)]
    for module, text in ADVICE:
        if module.startswith(ours) and not any(name in module for name in skipped):
            assert any(fragment in blanked(text) for fragment in followed), (module, text)
