"""Importing the package is quick, quiet and private: measured by what it does, not by a clock."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import equity

ROOT = Path(equity.__file__).resolve().parents[1]

# What a user of one reader should not wait for, nor a user of none for the second line.
HEAVY = {
    "folium", "branca", "jinja2", "matplotlib", "typst", "docx", "openpyxl", "dask", "distributed",
    "pydantic", "requests", "urllib3", "scipy", "rich", "typer", "census",
}  # fmt: skip
GEO = {"pandas", "numpy", "geopandas", "shapely", "pyogrio", "pyproj", "pyarrow"}

PROBE = """
import json, socket, sys

def refuse(*args, **kwargs):
    raise RuntimeError("a socket was opened at import")

socket.socket.connect = refuse
socket.getaddrinfo = refuse
opened = []

def watch(event, arguments):
    if event == "open":
        path, mode = arguments[0], arguments[1]
        if isinstance(mode, str) and set(mode) & set("wax+"):
            opened.append(str(path))
    elif event in ("os.mkdir", "os.rename", "subprocess.Popen", "socket.connect"):
        opened.append(event)

sys.addaudithook(watch)
{code}
print(json.dumps({{"modules": sorted({{name.split(".")[0] for name in sys.modules}}), "opened": opened}}))
"""


def probe(code, tmp_path):
    """Run code in a fresh interpreter with an empty home and working folder."""
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    kept = {
        k: v
        for k, v in os.environ.items()
        if k in {"PATH", "LANG", "LD_LIBRARY_PATH", "SYSTEMROOT"}
    }
    environment = {
        **kept,
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROBE.format(code=code)],
        cwd=work, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    left = [str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p not in (home, work)]
    return json.loads(done.stdout), left


def test_importing_the_package_loads_nothing_heavy_writes_nothing_and_asks_nobody(tmp_path):
    seen, left = probe("import equity", tmp_path)
    assert set(seen["modules"]) & (HEAVY | GEO) == set()
    assert seen["opened"] == []
    assert left == []


def test_the_readers_bring_what_they_read_with_and_no_more(tmp_path):
    names = "read_acs, read_boundaries, read_coverage, read_sites, read_table"
    seen, left = probe(f"from equity import {names}", tmp_path)
    assert set(seen["modules"]) & HEAVY == set()
    assert {"pandas", "geopandas"} <= set(seen["modules"])
    assert [path for path in seen["opened"] if "pytest" not in path] == []
    assert left == []


def test_looking_at_settings_writes_nothing(tmp_path):
    _, left = probe("from equity import configure; configure(offline=True)", tmp_path)
    assert left == []


@pytest.mark.parametrize("name", sorted(equity._PUBLIC))
def test_every_public_name_is_there_and_documented(name):
    thing = getattr(equity, name)
    assert thing.__doc__, name
    assert name in dir(equity)
    assert name in equity.__all__


def test_type_checkers_and_editors_are_told_the_same_names():
    told = (ROOT / "equity" / "__init__.pyi").read_text(encoding="utf-8").splitlines()
    public = {"__version__": "equity._version", **equity._PUBLIC}
    assert sorted(told) == sorted(f"from {public[n]} import {n} as {n}" for n in public)


def test_a_wrong_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'read_asc'"):
        _ = equity.read_asc
