"""What tables of data say, in the language of the outputs: columns, rules, programs, kinds."""

from __future__ import annotations

import pandas as pd
import pytest

import equity as eq
from equity.areas import schema
from equity.areas._registry import UNIVERSES, registry
from equity.areas.roles import _why_no_count
from equity.language import ENGLISH, language, tr
from equity.measures._practice_size import PRACTICE_TIERS
from equity.measures.reach.calibration import travel_facts
from equity.rules.coverage_rule import TECHNOLOGIES, list_coverage_rules, load_coverage_rule
from equity.rules.index_recipe import list_index_recipes, load_index_recipe
from equity.rules.program_metrics import _metrics
from equity.rules.program_rule import list_program_rules, load_program_rule
from equity.sources.care.kinds import kinds_in_words, read_kinds, site_kinds
from equity.sources.census.acs import _reasons

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
