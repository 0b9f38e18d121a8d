"""The pages of whole runs, in a real browser, from disk, with the network off."""

from __future__ import annotations

from pathlib import Path

import pytest

from equity.example.state import write_example
from equity.study.run import Study

MAP = "document.querySelector('.eq-map')"
REAL = Path(__file__).parent / "real"


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    folder = tmp_path_factory.mktemp("example")
    result = Study.load(write_example(folder / "state", scale=0.2).study).run()
    return result, result.write(folder / "maps")


@pytest.fixture(scope="module")
def virginia(shared_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("virginia")
    text = (REAL / "virginia.toml").read_text(encoding="utf-8")
    study = folder / "study.toml"
    study.write_text(text.replace("../../../shared/data", shared_data.as_posix()), encoding="utf-8")
    result = Study.load(study).run()
    return result, result.write(folder / "maps")


@pytest.fixture(params=["example", "virginia"])
def run(request, browser):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("name", ["index.html", "map.html"])
def test_polygons_drawn_no_error_no_request(run, browser, name):
    result, folder = run
    with browser.open(folder / name) as page:
        assert page.run(f"{MAP}.dataset.state") == "ready"
        assert page.run(f"{MAP}.dataset.drawn") == str(result.table.geometry.notna().sum())
        assert page.errors == []
        assert page.outside == []


def test_the_first_table_is_the_focus_in_order(run, browser):
    result, folder = run
    with browser.open(folder / "index.html") as page:
        ids = page.run(
            "(() => { const title = document.querySelector('#communities');"
            "const after = t => title.compareDocumentPosition(t) & Node.DOCUMENT_POSITION_FOLLOWING;"
            "const table = [...document.querySelectorAll('table')].find(after);"
            "return [...table.tBodies[0].rows].map(r => r.textContent.match(/\\d{11}/)[0]); })()"
        )
    assert ids == list(result.focus.index)[: len(ids)]
    assert len(ids) == len(result.focus)


def test_readable_on_a_telephone(run, browser):
    _, folder = run
    with browser.open(folder / "index.html", width=400) as page:
        # Tables may scroll inside their own frame; the page itself may not.
        assert page.run("document.documentElement.scrollWidth") <= 400


def test_the_synthetic_stamp_is_on_the_example_and_only_there(example, virginia):
    assert "Synthetic data" in (example[1] / "index.html").read_text(encoding="utf-8")
    assert "Synthetic data" not in (virginia[1] / "index.html").read_text(encoding="utf-8")
