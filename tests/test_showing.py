"""What a terminal and a notebook show of an object: short, the same lines, and never markup."""

from __future__ import annotations

import dataclasses
import re

import pytest
from outputs_data import make_report, words

import equity as eq
from equity.rules.coverage_rule import load_coverage_rule
from equity.rules.index_recipe import load_index_recipe


@pytest.fixture(scope="module")
def shown(example_state):
    study = eq.Study.load(example_state.study)
    result = study.run()
    return {
        "study": study,
        "result": result,
        "report": result.report(),
        "audit": result.audit,
        "rule": load_coverage_rule("fcc-25-3"),
        "recipe": load_index_recipe("svi-2022"),
    }


@pytest.mark.parametrize("what", ["study", "result", "report", "audit", "rule", "recipe"])
def test_a_terminal_and_a_notebook_show_the_same_few_lines(shown, what):
    text, html = repr(shown[what]), shown[what]._repr_html_()
    assert text.startswith(f"<{type(shown[what]).__name__} ")
    assert len(text) < 2500
    assert len(html) < 6000
    _, *lines = text.splitlines()
    assert len(lines) >= 2
    seen = re.sub(r"\s+", " ", words(html))
    for line in lines:
        assert re.sub(r"\s+", " ", line.strip()) in seen


def test_the_lines_say_what_matters(shown):
    assert "[synthetic data]" in repr(shown["study"])
    assert "headline: fcc-25-3" in repr(shown["study"])
    assert shown["report"].finding[0] in repr(shown["report"])
    assert "25/3 Mbps" in repr(shown["rule"])
    assert "areas matched" in repr(shown["audit"])
    assert f"{len(shown['result'].table):,}" in shown["result"]._repr_html_()


def test_a_title_is_never_markup():
    report = dataclasses.replace(make_report(), title="<script>x</script> & co")
    html = report._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;x&lt;/script&gt; &amp; co" in html
