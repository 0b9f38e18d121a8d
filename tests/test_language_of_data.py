"""What tables of data say, in the language of the outputs: columns, rules, programs, kinds."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest

import equity as eq
from equity.areas import schema
from equity.areas._registry import UNIVERSES, registry
from equity.areas.roles import _why_no_count
from equity.language import ENGLISH, language, together, tr
from equity.measures._practice_size import PRACTICE_TIERS
from equity.measures.draws import draw_standing
from equity.measures.reach.calibration import travel_facts
from equity.measures.standing import Criterion
from equity.rules.coverage_rule import TECHNOLOGIES, list_coverage_rules, load_coverage_rule
from equity.rules.index_recipe import list_index_recipes, load_index_recipe
from equity.rules.program_metrics import _metrics
from equity.rules.program_rule import list_program_rules, load_program_rule
from equity.sources.care.kinds import kinds_in_words, read_kinds, site_kinds
from equity.sources.census.acs import _reasons
from equity.study.compare import compare_runs
from equity.study.planning import plan_run
from equity.study.run import Study
from equity.study.run_report import report_of
from equity.study.runs import read_run

ALIKE = {
    "%", "km", "km²", "min", "Mbps", "ok", "cable", "hospital", "OEPS 2020-21", "OEPS 2025",
    "Virginia", "Delaware", "Maryland", "New Jersey", "North Carolina", "Pennsylvania",
    "Tennessee", "West Virginia",
}  # fmt: skip
"""Signs, units, names, and words that Spanish spells as English does."""

MOST = 1.6
"""So much longer than the English may a label on a map or a heading be: tables are narrow."""


def of_columns():
    for column in schema.describe(schema.columns()):
        yield column.label
        yield column.map_label
        yield column.table.heading if column.table else ""
        yield from column.words.values()


def of_units_and_statuses():
    yield from (schema.unit_of(name).words for name in [*registry().units, *UNIVERSES])
    for status in schema.statuses().values():
        yield from (status.words, status.area, status.gap)


def of_coverage_rules():
    yield from map(tr, TECHNOLOGIES.values())
    for rule in map(load_coverage_rule, list_coverage_rules()):
        yield from (tr(rule.title), tr(rule.note), rule.describe())


def of_programs():
    for rule in map(load_program_rule, list_program_rules()):
        yield from map(tr, (rule.title, rule.confirm_at, *rule.statements))
        for criterion in rule.criteria:
            limbs = (limb.label for limb in criterion.limbs)
            yield from map(tr, (criterion.label, criterion.note, *limbs))
    for metric in _metrics().values():
        yield from map(tr, (metric.label, metric.source, metric.how))


def of_indices():
    for recipe in map(load_index_recipe, list_index_recipes()):
        parts = (*recipe.themes, *recipe.indicators, *recipe.variants)
        yield from map(tr, (recipe.title, recipe.note, *(part.label for part in parts)))


def of_care():
    for kind in site_kinds():
        yield from (kinds_in_words([kind]), kinds_in_words([kind], plural=True))
    yield from (tr(tier.label) for tier in PRACTICE_TIERS.values())
    facts = travel_facts()
    yield from map(tr, (*facts["published"], *facts["place"]))


@pytest.mark.parametrize(
    "said",
    [of_columns, of_units_and_statuses, of_coverage_rules, of_programs, of_indices, of_care],
)
def test_all_that_data_say_to_readers_is_said_in_spanish(said):
    english = list(said())
    with language("es"):
        spanish = list(said())
    pairs = {(a, b) for a, b in zip(english, spanish, strict=True) if a not in ALIKE}
    assert len(pairs) > 10
    assert [a for a, b in pairs if (a == b) != (a == "")] == []


def test_labels_on_maps_and_headings_stay_about_as_long():
    def short():
        for column in schema.describe(schema.columns()):
            yield column.map_label if column.layer else ""
            yield column.table.heading or column.label if column.table else ""

    english = list(short())
    with language("es"):
        spanish = list(short())
    assert len(set(english)) > 20
    pairs = zip(english, spanish, strict=True)
    assert [(a, b) for a, b in pairs if len(b) > MOST * len(a)] == []


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("gap_n", "Brecha de acceso a la telesalud"),
        (
            "gap_n_moe__fcc_25_3",
            "Brecha de acceso a la telesalud: margen de error (90 %) (según fcc-25-3)",
        ),
        ("served_tech50_n", "Ubicaciones con servicio: tecnología 50"),
        ("served_tech_unknown_n", "Ubicaciones con servicio: tecnología desconocida"),
        (
            "served_share_change_moe",
            "Ubicaciones con servicio: cambio (puntos porcentuales), margen de error (90 %)",
        ),
        ("B28002_001E", "B28002_001: estimación"),
    ],
)
def test_a_column_that_derives_from_another_is_called_by_whole_phrases(name, label):
    with language("es"):
        assert schema.describe([name])[0].label == label


def test_what_a_user_calls_something_stays_as_it_is():
    schools = read_kinds('[school]\nsingular = "school"\nplural = "schools"\ncare = "link"\n'
                         'written = ["public school"]')  # fmt: skip
    with language("es"):
        (column,) = schema.describe(["wells_tested_share"])
        assert (column.label, column.map_label) == ("wells tested share", "wells tested share")
        assert schema.describe(["wells_tested_share__own"])[0].label.startswith("wells tested")
        assert schema.unit_of("wells").words == "wells"
        assert schema.status_of_word("dried_up").words == "dried up"
        assert kinds_in_words("link", kinds=schools) == "school"
        assert tr("at least 3 wells in ten") == "at least 3 wells in ten"


def test_a_status_made_of_two_is_said_of_both():
    with language("es"):
        status = schema.status_of_word("lower_bound_other_technologies")
    assert status.words == "al menos: de una clase más estricta, de otras tecnologías"
    assert status.gap.startswith("como máximo: la tabla")
    assert "; la tabla de cobertura cuenta" in status.gap


def test_no_language_is_kept_for_the_next_reader():
    schema._describe.cache_clear()
    with language("es"):
        spanish = schema.describe(["gap_n__fcc_25_3"])[0].map_label
        with language(ENGLISH):
            inner = schema.describe(["gap_n__fcc_25_3"])[0].map_label
    assert spanish == "Personas en la brecha de telesalud (según fcc-25-3)"
    assert inner == schema.describe(["gap_n__fcc_25_3"])[0].map_label
    assert inner == "People in the telehealth gap (under fcc-25-3)"
    english = [column.name for column in schema.layers_in(schema.columns())]
    with language("es"):
        layers = schema.layers_in(schema.columns())
        placed = schema.placed_in("communities", schema.columns())
    assert [column.name for column in layers] == english
    assert layers[0].map_label == "Personas en la brecha de telesalud"
    assert "Personas en la brecha" in [column.table.heading for column in placed]


def test_errors_and_notes_about_files_stay_english():
    codes = pd.DataFrame({"B19013_001E_status": ["open_interval"]})
    with language("es"):
        assert _reasons(codes, "a.json")[0].endswith("beyond the last limit published")
        assert _why_no_count("saipe_median_household_income_usd").startswith("it is Median")


def test_dictionaries_and_records_of_data_stay_english(tmp_path):
    table = pd.DataFrame({"gap_n": [1.0], "gap_status": ["ok"]}, index=["10001040100"])
    table = table.rename_axis("geoid")
    rule = load_coverage_rule("fcc-25-3")
    english, recorded = eq.data_dictionary(table), rule.recorded
    with language("es"):
        pd.testing.assert_frame_equal(eq.data_dictionary(table), english)
        assert rule.recorded == recorded
        eq.export(table, tmp_path, formats="csv", sources=())
    told = (tmp_path / "communities.csv-metadata.json").read_text(encoding="utf-8")
    assert "Telehealth Access Gap" in told
    assert "Brecha" not in told


@pytest.fixture(scope="module")
def spanish_run(example_state, tmp_path_factory):
    """The folder of the example's run in Spanish."""
    result = Study.load(example_state.study, lang="es").run()
    return result.write(tmp_path_factory.mktemp("es") / "example")


OF_DATA = {".csv", ".json", ".gpkg", ".parquet", ".xlsx"}
OF_ONE_LANGUAGE = {"language", "translated", "study", "files", "sha256_of_all_above"}
"""What a record says of its own language, of the study file that asks for it, and of checksums."""


def test_files_of_data_of_a_run_are_the_same_bytes_in_every_language(example_run, spanish_run):
    data = {path.name for path in example_run.iterdir() if path.suffix in OF_DATA}
    data -= {"provenance.json"}
    assert {f"communities.{form}" for form in ("csv", "gpkg", "parquet", "xlsx")} <= data
    assert {"counties.csv", "counties.csv-metadata.json"} <= data
    for name in sorted(data):
        assert (spanish_run / name).read_bytes() == (example_run / name).read_bytes(), name


def test_a_record_is_english_and_keeps_beside_it_what_was_said(example_run, spanish_run):
    english, spanish = (
        json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
        for folder in (example_run, spanish_run)
    )
    for record in (english, spanish):
        assert set(record) - OF_ONE_LANGUAGE == set(english) - OF_ONE_LANGUAGE
    assert "translated" not in english
    for key in set(english) - OF_ONE_LANGUAGE:
        assert spanish[key] == english[key], key
    assert spanish["language"] == "es"
    said = spanish["translated"]
    assert said["under_resourced"][0].startswith("Al menos 2 de estos criterios")
    assert [len(said[key]) for key in said] == [len(english[key]) for key in said]
    page = (spanish_run / "index.html").read_text(encoding="utf-8")
    assert "Al menos 2 de estos criterios" in page
    for code, told in (("es", said), ("en", english)):
        with language(code):
            report = report_of(read_run(spanish_run))
        assert list(report.limits) == told["limits"]
        assert list(report.criteria) == told["under_resourced"]


@pytest.mark.long
def test_files_of_data_of_plans_and_comparisons_are_the_same_in_every_language(
    example_run, tmp_path
):
    def written(code):
        with language(code):
            plan = plan_run(example_run, budget_usd=2e6, made_up=True, draws=0)
            compared = compare_runs(example_run, example_run)
            replace(plan, programs=()).write(tmp_path / code / "plan")
            compared.write(tmp_path / code / "compared")
        return tmp_path / code

    english, spanish = written("en"), written("es")
    files = [path.relative_to(english) for path in english.rglob("*") if path.suffix in OF_DATA]
    data = [path for path in files if path.name != "provenance.json"]
    assert len(data) > 5
    for path in data:
        assert (spanish / path).read_bytes() == (english / path).read_bytes(), path
    for folder in ("plan", "compared"):
        one, other = (json.loads((f / folder / "provenance.json").read_text(encoding="utf-8"))
                      for f in (english, spanish))  # fmt: skip
        assert [key for key in one if one[key] != other[key]] == [
            "language", "files", "sha256_of_all_above",
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("column", "spanish"),
    [
        ("no_vehicle_share", "Hogares sin vehículo"),
        ("B28002_001E", "B28002_001: estimación"),
        ("no_vehicle_share_before", "Hogares sin vehículo: antes"),
        ("gap_n__fcc_25_3", "Brecha de acceso a la telesalud (según fcc-25-3)"),
    ],
)
def test_a_note_keeps_labels_in_english_and_says_them_translated(column, spanish):
    with language("es"):
        label = schema.label_of(column)
        assert tr(together([label])) == spanish
    assert label == schema.describe([column])[0].label
    assert label != spanish


def test_what_draws_leave_out_is_noted_in_english_and_shown_translated(example_result):
    table = example_result.table.drop(columns=["connected_share_moe", "population_n_moe"])
    with language("es"):
        (note, *_) = draw_standing(
            table, [Criterion("poverty_share", at_least=0.2)], draws=50
        ).notes
        shown = tr(note)
    assert "sampling error is left out: Residents; Homes with" in note
    assert "Residentes; Hogares con" in shown
