"""What a run says in a language that nobody speaks: a Latin word that is left was said in English."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from outputs_data import payload_of
from pseudo import Shown, latin_words, pseudo_language

import equity as eq
from equity.areas.geoid import find_state
from equity.errors import InputError, StudyError
from equity.language import current, language, review, tr
from equity.outputs._content import comparison_table
from equity.outputs._layout import find_layout, list_layouts
from equity.outputs.appendix import blocks
from equity.outputs.page import write_page
from equity.provenance import meta
from equity.study import run as running
from equity.study.finding import _how_likely
from equity.study.nation import study_of
from equity.study.run import Study
from equity.study.runs import language_of

SNAKE = re.compile(r"\b\w+_[\w.]+\b|\b\w+\.(?:csv|xlsx|html)\b")  # columns and files


@pytest.fixture(scope="module")
def study(example_state):
    return example_state.study


@pytest.fixture(scope="module")
def disguised(study, tmp_path_factory):
    """The example, run in the language: its result, and what it says."""
    with pseudo_language(tmp_path_factory.mktemp("language")) as code:
        result = Study.load(study, lang=code).run()
        yield result, result.report()


@pytest.fixture(scope="module")
def known(disguised):
    """Names and ids that stay as they were published or given."""
    result, _ = disguised
    sources = [n for s in result.sources for n in (s.file, s.product, s.vintage, s.agency)]
    rules = [text for rule in result.rules for text in (rule.id, rule.citation)]
    return [*sources, *rules, result.plan.study.title, "e2sfca", "min"]


def sentences(report):
    """Everything that is a sentence or a row's name, by where it stands."""
    yield "finding", report.finding
    yield "criteria", report.criteria
    yield "limits", report.limits
    yield "likely", [report.how_likely]
    yield "rules", [str(rule["text"]) for rule in report.rules]
    yield "reasons", report.unranked["reason"]
    yield "under-resourced", report.in_words(report.table)["under_resourced_reason"]
    yield "labels", [tr(report.areas_label), report.sites_label, *map(tr, report.levels)]
    yield "settings", [*report.settings["label"], *report.settings["note"].dropna()]
    yield "kinds", report.kinds["label"]
    rows = [report.comparison, report.overlaps, report.held, *report.disparities.values()]
    yield "rows", [tr(name) for frame in rows for name in frame.index]
    for heading, text in report.method:
        yield "method", [heading, text]
    if report.need is not None:
        need = report.need
        yield "need", [need.said, *need.indicators["label"], *need.settings["label"]]


def test_the_tables_that_programs_read_are_the_same_in_every_language(disguised, example_result):
    result, report = disguised
    pd.testing.assert_frame_equal(pd.DataFrame(result.table), pd.DataFrame(example_result.table))
    assert report.in_words(report.table)["under_resourced_reason"].str.contains("ж").any()


def test_every_sentence_of_a_report_is_translated(disguised, known):
    _, report = disguised
    with language(report.lang):
        left = {
            (where, word)
            for where, texts in sentences(report)
            for text in texts
            for word in latin_words(SNAKE.sub(" ", str(text)), *known)
        }
    assert left == set()
    assert "ж" in report.finding[0]


def test_differences_are_points_and_have_no_counts_in_every_language(disguised):
    _, report = disguised
    *groups, difference = comparison_table(report).rows
    assert all(cell.value is not None for row in groups for cell in row[1:])
    kept = [cell for cell in difference[1:] if cell.text != "–"]
    assert len(kept) == 2
    assert not any("%" in cell.text for cell in kept)
    assert difference[0].small == tr("before rounding")


def test_a_table_keeps_its_notes_in_english_and_the_report_says_them_translated(disguised):
    result, report = disguised
    notes = [note for note in meta(result.table).notes if "areas matched" in note]
    assert notes, "as they stand in files"
    assert "matched" not in report.method[-1][1]


@pytest.fixture(scope="module")
def pages(disguised, tmp_path_factory):
    """The page and the maps of the run, by name."""
    files = write_page(disguised[1], tmp_path_factory.mktemp("pages"))
    return {path.name: path.read_text(encoding="utf-8") for path in files}


@pytest.fixture(scope="module")
def named(disguised, known):
    """Names of places stand among sentences, too; the others are the same in any language."""
    result, _ = disguised
    places = {*result.table["name"], *result.table["county_name"], "Virginia coalfield"}
    states = ("Virginia", "Delaware", "New Jersey")
    return [*known, *places, *states, "telehealth-equity", "Leaflet", "GeoNames", "CFR", "FCC"]


@pytest.mark.parametrize("name", ["index.html", "map.html", "counties.html"])
def test_nothing_of_the_page_is_left_in_english_but_what_says_so(pages, named, name):
    assert '<html lang="xx">' in pages[name]
    shown = "\n".join(Shown(pages[name]).said).replace("\u00a0", " ")
    assert latin_words(SNAKE.sub(" ", shown), *named) == []


def words_of(block):
    """Everything that one block of a document shows, but a published source."""
    if block.kind != "numbered":
        yield from (block.text, block.alt)
    if block.table is not None:
        yield block.table.caption
        yield from (head.label for head in block.table.heads)
        for row in block.table.rows:
            for cell in row:
                yield from () if cell.published else (cell.text, cell.small)


@pytest.mark.parametrize("program", list_layouts())
def test_nothing_of_an_appendix_is_left_in_english(disguised, named, program):
    _, report = disguised
    layout = find_layout(program)
    own = [layout.statute, "study.toml", "SHA", *report.sites["name"], *report.sites["kind"]]
    for rule in layout.programs:
        own += report.programs[rule].criteria["citation"].tolist()
    with language(report.lang):
        said = [text for block in blocks(report, program=program) for text in words_of(block)]
    text = re.sub(r"[0-9a-f]{64}", " ", "\n".join(said).replace("\u00a0", " "))
    assert latin_words(SNAKE.sub(" ", text), *own, *named) == []


@pytest.mark.parametrize("view", [0, 1])
def test_no_word_that_a_map_carries_is_left_in_english(pages, named, view):
    carried = payload_of(pages["index.html"], view)
    columns = carried["columns"]
    shown = [column[key] for column in columns for key in ("label", "unit", "heading")]
    for key in ("text", "classes"):
        shown += [text for column in columns for text in column.get(key, ())]
    assert len(shown) > 100
    left = latin_words("\n".join([*shown, *carried["reason"], *carried["likely"]]), *named)
    assert left == []


@pytest.mark.parametrize("within", [None, "es"])
def test_a_study_is_run_in_its_own_language_wherever_it_is_run(study, monkeypatch, within):
    """A worker of a cluster has no language of its own: `run_with` is what it calls."""
    monkeypatch.setattr(running, "_run", lambda said, _executor: (current(), said))
    if within is None:
        found, said = Study.load(study, lang="es").run_with(None)
    else:
        with eq.language(within):
            found, said = Study.load(study).run_with(None)
    assert (found, said.plan.study.lang, current()) == ("es", "es", "en")
    assert '[study]\nlang = "es"\n' in said.text, "the recipe runs in the same language"
    with eq.language("es"):
        assert Study.load(study, lang="en").run_with(None)[0] == "en"


def test_each_state_of_a_study_is_run_in_its_language(study):
    whole = Study.load(study, lang="es")
    state = find_state(whole.plan.study.state[0])
    assert study_of(whole, state).plan.study.lang == "es"


def test_a_language_of_a_study_that_is_not_there_is_named(study, tmp_path):
    own = tmp_path / "study.toml"
    text = study.read_text(encoding="utf-8").replace("[study]\n", '[study]\nlang = "fr"\n')
    own.write_text(text, encoding="utf-8")
    with pytest.raises(StudyError, match=r"line \d+: .*no language 'fr'.*en, es"):
        Study.load(own)
    with pytest.raises(InputError, match="no language 'fr'"):
        Study.load(study, lang="fr")


def test_a_result_is_told_and_written_in_the_language_of_its_run(example_run, example_result):
    """A document says that nobody reviewed it; a record tells the language."""
    with language("es"):
        report = example_result.report()
        stamps = [block.text for block in blocks(report) if block.kind == "stamp"]
        assert review() in stamps
    assert report.lang == "en", "its sentences were made before"
    assert review() == ""
    assert len(stamps) == 1 + len([b for b in blocks(report) if b.kind == "stamp"])
    assert language_of(example_run) == "en"
    assert language_of(example_run / "no run") == "en"


@pytest.mark.parametrize(("method", "tier", "told"), [
    ("travel", "likely", True), ("travel", "", False), ("column", "likely", False),
])  # fmt: skip
def test_a_likely_place_whose_range_begins_with_nobody_is_explained(
    example_result, method, tier, told
):
    focus, plan = example_result.focus.head(2).copy(), example_result.plan
    focus[["gap_p05", "tier"]] = [[9.0, "likely"], [9.0, ""]]
    assert "nobody" not in _how_likely(plan, focus)
    focus.loc[focus.index[0], ["gap_p05", "tier"]] = 0.0, tier
    care = plan.care[0].model_copy(update={"method": method})
    changed = plan.model_copy(update={"care": [care, *plan.care[1:]]})
    assert _how_likely(changed, focus).endswith("nobody there is in the gap.") == told
