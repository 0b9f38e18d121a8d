"""Every example in a docstring runs as it stands, offline, on the example state."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "equity"


def _modules() -> list[str]:
    with_examples = [p for p in PACKAGE.rglob("*.py") if ">>> " in p.read_text(encoding="utf-8")]
    return sorted(
        ".".join(("equity", *p.relative_to(PACKAGE).with_suffix("").parts)) for p in with_examples
    )


@pytest.mark.parametrize("name", _modules())
def test_examples_in_docstrings_run(name, example_state, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EQUITY_OFFLINE", "1")
    failed, tried = doctest.testmod(import_module(name))
    assert tried > 0
    assert failed == 0
