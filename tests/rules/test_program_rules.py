"""Program rules: those that ship, a user's own, and what a typo is told."""

from __future__ import annotations

from datetime import date

import pytest

from equity.areas.schema import columns
from equity.errors import EquityError, InputError, MissingFileError
from equity.rules.coverage_rule import list_coverage_rules
from equity.rules.program_metrics import is_program_metric, program_metric
from equity.rules.program_rule import (
    CONFIDENCE,
    ProgramRule,
    list_program_rules,
    load_program_rule,
)

OWN = """id = "state-2027"
title = "Our own"
program = "State fund"
agency = "State office"
applies_from = 2027-01-01
applies_to = 2027-06-30

[source]
citation = "State notice, p. 3"
retrieved = 2026-11-23
confidence = "primary"

[[criterion]]
key = "unserved"
label = "Unserved"
unit = "area"
reduce = "share_of_sum"
parts = ["unserved_n"]
whole = "locations_n"
at_least = 0.5
citation = "State notice, p. 4"
date = 2026-12-01
confidence = "secondary"

[[criterion]]
key = "rurality"
label = "Rurality"
unit = "site"
reduce = "mean_of_points"
metric = "place_population_n"
points = [[0, 10], [100, 0]]
citation = "State notice, p. 5"
date = 2026-12-01
confidence = "unverified"

[[criterion]]
key = "rural"
label = "Rural"
unit = "site"
reduce = "each"
citation = "State notice, p. 6"
date = 2026-12-01
confidence = "primary"
[[criterion.any]]
label = "small"
all = [{ metric = "place_population_n", at_most = 50 }]

[[statement]]
text = "Ask the office."
"""


def own(tmp_path, text=OWN):
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_programs_asked_for_ship():
    wanted = {
        "bead-statute", "bead-2022", "bead-2025", "bead-high-cost", "dlt-2020", "dlt-fy2025",
        "dlt-fy2026", "reconnect-5", "fcc-rhc", "forhp", "hpsa", "mua",
    }  # fmt: skip
    assert set(list_program_rules()) == wanted


@pytest.mark.parametrize("name", list_program_rules())
def test_every_number_that_ships_is_cited_and_dated(name):
    rule = load_program_rule(name)
    assert rule.id == name
    assert rule.citation
    assert rule.confirm_at
    assert date.fromisoformat(rule.last_read) <= date(2026, 11, 23)
    assert not rule.coverage or rule.coverage in list_coverage_rules()
    for criterion in rule.criteria:
        assert criterion.citation, criterion.key
        assert date.fromisoformat(criterion.date) <= date.fromisoformat(rule.retrieved)
        assert criterion.confidence in CONFIDENCE
        # Nobody is surer of a part than of what it rests on, but where the part is in the law.
        assert criterion.confidence != "primary" or criterion.citation
        for metric in criterion.metrics:
            assert is_program_metric(metric), metric
            assert program_metric(metric).source
            assert program_metric(metric).how


@pytest.mark.parametrize("name", list_program_rules())
def test_what_is_designated_is_never_recomputed(name):
    """Designations are compared with the agency's own word, never with a score of ours."""
    for criterion in load_program_rule(name).criteria:
        if name in ("hpsa", "mua"):
            (limb,) = criterion.limbs
            assert [c.equals for c in limb.conditions] == ["designated"]
        assert not any("score" in metric for metric in criterion.metrics)


def test_words_of_the_law_stand_in_the_rules():
    assert load_program_rule("bead-2025").criteria[1].parts == ("unserved_n", "underserved_n")
    assert load_program_rule("reconnect-5").last_read == "2024-05-21"
    assert load_program_rule("bead-high-cost").unverified
    assert load_program_rule("forhp").unverified == ()
    assert "high_cost_block_groups_n" in columns()


def test_the_match_is_a_share_of_the_grant_not_of_the_cost():
    match, part = load_program_rule("dlt-fy2025").match(100_000)
    assert match == 15_000
    assert part == pytest.approx(0.15 / 1.15, rel=1e-12)
    with pytest.raises(InputError, match="tells no match"):
        load_program_rule("bead-2025").match(1)
    with pytest.raises(InputError, match="what is requested"):
        load_program_rule("dlt-fy2025").match(0)


def test_a_users_own_rule_loads(tmp_path):
    rule = load_program_rule(own(tmp_path))
    assert isinstance(rule, ProgramRule)
    assert (rule.last_read, rule.unverified) == ("2026-11-23", ("Rurality",))
    assert rule.criteria[1].points == ((0.0, 10.0), (100.0, 0.0))
    assert rule.criteria[0].metrics == ("unserved_n", "locations_n")
    assert rule.statements == ("Ask the office.",)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("at_least = 0.5", "at_lest = 0.5", "did you mean at_least"),
        ("at_least = 0.5\n", "", "compares nothing"),
        ("at_least = 0.5", 'at_least = "half"', "at_least = 'half'"),
        ("at_least = 0.5", "at_least = true", "at_least = True"),
        ("at_least = 0.5", "at_least = inf", "no finite number"),
        ('citation = "State notice, p. 4"\n', "", "'unserved' has no citation"),
        ('citation = "State notice, p. 4"', 'citation = ""', "'unserved' has no citation"),
        ('unit = "area"', 'unit = "areas"', "allowed: area, site, project"),
        ('reduce = "share_of_sum"', 'reduce = "share"', "allowed: each, share_of_sum"),
        ('reduce = "share_of_sum"', 'reduce = "each"', "needs parts, whole and one cut"),
        ('reduce = "mean_of_points"\n', "", "lacks 'reduce'"),
        ('reduce = "mean_of_points"', 'reduce = "each"', "needs metric and points"),
        ("points = [[0, 10], [100, 0]]", "points = [[100, 10], [0, 0]]", "no rising list"),
        ("points = [[0, 10], [100, 0]]", "points = [[0, 50, 10]]", "no rising list"),
        ("points = [[0, 10], [100, 0]]", "points = [[0, 10]]", "no rising list"),
        ("points = [[0, 10], [100, 0]]", "points = [[0, 10], [100, -40]]", "below 0"),
        ("points = [[0, 10], [100, 0]]", "points = [[50, 10], [100, 0]]", "lies below 50"),
        ("at_least = 0.5", "at_least = 50", "compares a share with 50.*write 30 % as 0.30"),
        ('"place_population_n", at_most = 50', '"own_share", below = 30', "compares a share with 30"),
        ('metric = "place_population_n"\npoints = [[0, 10], [100', 'metric = "saipe_poverty_share"\npoints = [[0, 10], [30', "compares a share with 30"),
        ('date = 2026-12-01\nconfidence = "secondary"', 'date = 2099-12-01\nconfidence = "secondary"', "2099-12-01, after 2027-06-30"),
        ('whole = "locations_n"\n', "", "needs parts, whole and one cut"),
        ('date = 2026-12-01\nconfidence = "secondary"', 'date = "soon"\nconfidence = "secondary"', "'soon', no day"),
        ('confidence = "secondary"', 'confidence = "sure"', "allowed: primary, secondary, unverified"),
        ("applies_to = 2027-06-30", "applies_to = 2026-06-30", "before it begins"),
        ("applies_to = 2027-06-30", 'coverage = "bead-2030"', "no coverage rule is called"),
        ("retrieved = 2026-11-23\n", "", "lacks 'retrieved'"),
        ("[source]", "[sources]", "source is no table"),
        ('key = "rural"', 'key = "rurality"', "two criteria are called 'rurality'"),
        ("at_most = 50", "atmost = 50", "did you mean at_most"),
        (", at_most = 50", "", "compares nothing"),
        ("all = [{", "al = [{", "unknown field 'al'"),
        ('all = [{ metric = "place_population_n", at_most = 50 }]', "all = []", "holds no condition"),
        ('text = "Ask the office."', 'txt = "Ask the office."', "unknown field 'txt'"),
        ('"state-2027"', '"State 2027"', "cannot name a file"),
        ('"state-2027"', '"bead-2025"', "ships with the package"),
        ("[[criterion]]", "[[criteria]]", "no criterion"),
        ('program = "State fund"', "program = 3", "program = 3"),
    ],
)  # fmt: skip
def test_a_wrong_field_names_the_file_and_what_is_allowed(tmp_path, old, new, says):
    assert old in OWN
    count = -1 if old == "[[criterion]]" else 1
    path = own(tmp_path, OWN.replace(old, new, count))
    with pytest.raises(InputError, match=says) as caught:
        load_program_rule(path)
    assert caught.value.file == str(path)
    assert "\n" not in str(caught.value)


def test_a_misspelt_metric_is_told_the_closest_and_another_is_the_users_own():
    assert program_metric("place_populaton_n").how.endswith("did you mean place_population_n?")
    assert "did you mean" not in program_metric("broadband_office_score").how


def test_an_unknown_program_is_told_the_closest(tmp_path):
    with pytest.raises(InputError, match="but 'bead-2025'"):
        load_program_rule("bead2025")
    with pytest.raises(MissingFileError) as caught:
        load_program_rule(tmp_path / "none.toml")
    assert isinstance(caught.value, EquityError)
