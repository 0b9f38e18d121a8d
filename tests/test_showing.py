"""What a terminal and a notebook show of an object: short, the same lines, and never markup."""

from __future__ import annotations

import dataclasses
import re
from contextlib import contextmanager

import pytest
from outputs_data import make_report, words

import equity as eq
from equity.rules.coverage_rule import load_coverage_rule
from equity.rules.index_recipe import load_index_recipe


@pytest.fixture(scope="module")
def measured(example_state):
    """A study, its result, and of how many steps it told while it ran."""
    told = []

    @contextmanager
    def track(_label, *, total):
        done = []
        yield lambda n=1: done.append(n)
        told.append((total, sum(done)))

    study = eq.Study.load(example_state.study)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("equity.study.steps.track", track)
        return study, study.run(), told


@pytest.fixture(scope="module")
def shown(measured):
    study, result, _ = measured
    return {
        "study": study,
        "result": result,
        "report": result.report(),
        "audit": result.audit,
        "rule": load_coverage_rule("fcc-25-3"),
        "recipe": load_index_recipe("svi-2022"),
    }


def test_a_run_tells_of_as_many_steps_as_it_said_there_are(measured):
    *_, told = measured
    assert told == [(total, total) for total, _ in told]
    assert len(told) == 1


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
