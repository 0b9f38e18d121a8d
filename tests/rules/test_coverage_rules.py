"""Coverage rules: those that ship, a user's own, and what a typo is told."""

from __future__ import annotations

from datetime import date

import pytest

from equity.errors import EquityError, InputError, MissingFileError
from equity.rules import CoverageRule, list_coverage_rules, load_coverage_rule
from equity.rules.coverage_rule import TECHNOLOGIES

OWN = """id = "state-50-10"
title = "Our own"
date = "2025-01-01"
citation = "State plan, p. 3"
confidence = "primary"
technologies = [40, 50]
served = [100, 20]
underserved = [25, 3]
qualifying = [50, 10]
low_latency = true
customers = ["R", "X"]
subscription = "any_broadband"
"""


def own(tmp_path, text=OWN, name="own.toml"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_three_rules_of_every_page_ship():
    assert {"video-visit", "fcc-25-3", "fcc-706-2024"} <= set(list_coverage_rules())


@pytest.mark.parametrize("name", list_coverage_rules())
def test_every_shipped_rule_loads_and_makes_sense(name):
    rule = load_coverage_rule(name)
    assert rule.id == name
    assert rule.suffix == "__" + name.replace("-", "_")
    assert rule.suffix.isidentifier()
    assert date.fromisoformat(rule.date) < date(2027, 1, 1)
    assert rule.citation
    assert rule.title
    assert set(rule.technologies) <= set(TECHNOLOGIES)
    assert 60 not in rule.technologies, "satellite that is everywhere says nothing"
    assert rule.served >= rule.qualifying >= (10.0, 1.0)
    assert rule.served == (100.0, 20.0)
    assert rule.underserved == (25.0, 3.0)
    assert set(rule.customers) == {"R", "X"}
    assert rule.describe().startswith("A line qualifies from ")
    assert isinstance(hash(rule), int)


def test_a_users_file_loads_by_text_or_path(tmp_path):
    path = own(tmp_path)
    rule = load_coverage_rule(path)
    assert rule == load_coverage_rule(str(path))
    assert isinstance(rule, CoverageRule)
    assert (rule.technologies, rule.qualifying, rule.url) == ((40, 50), (50.0, 10.0), "")
    assert rule.describe() == (
        "A line qualifies from 50/10 Mbps (down/up), low latency over cable or fiber; "
        "beside it counts any broadband subscription."
    )


def test_toml_may_write_a_date_as_a_date(tmp_path):
    text = OWN.replace('"2025-01-01"', "2025-01-01")
    assert load_coverage_rule(own(tmp_path, text)).date == "2025-01-01"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("technologies =", "technology =", "did you mean technologies"),
        ("low_latency = true\n", "", "lacks 'low_latency'"),
        ("low_latency = true", 'low_latency = "yes"', "true or false"),
        ("low_latency = true", "low_latency = 1", "true or false"),
        ("[40, 50]", "[40, 55]", r"holds 55.*40 \(cable\), 50 \(fiber\)"),
        ("[40, 50]", '["fiber"]', r"holds 'fiber'.*50 \(fiber\)"),
        ("[40, 50]", "[true]", "holds True"),
        ("[40, 50]", "[50.0]", "holds 50.0"),
        ("[40, 50]", "[[40]]", r"holds \[40\]"),
        ("[40, 50]", "[]", "list some of"),
        ("[40, 50]", "[40, 40]", "without repetitions"),
        ("[40, 50]", "50", "must be a list"),
        ('["R", "X"]', '["R", "Y"]', "holds 'Y'.*allowed: R, B, X"),
        ('["R", "X"]', '"RX"', "must be a list"),
        ("any_broadband", "broadband", "allowed: any_broadband, cable_fiber_dsl"),
        ('subscription = "any_broadband"', "subscription = 4", "subscription must be text"),
        ('"primary"', '"certain"', "allowed: primary, secondary, unverified"),
        ("qualifying = [50, 10]", "qualifying = [50]", r"\[down, up\] in Mbps"),
        ("qualifying = [50, 10]", "qualifying = 50", r"for example \[25, 3\]"),
        ("qualifying = [50, 10]", "qualifying = [50, -1]", "in Mbps"),
        ("qualifying = [50, 10]", "qualifying = [inf, 1]", "no finite number"),
        ("qualifying = [50, 10]", "qualifying = [nan, 1]", "no finite number"),
        ("qualifying = [50, 10]", "qualifying = [true, 1]", "in Mbps"),
        ("qualifying = [50, 10]", 'qualifying = ["50", "10"]', "in Mbps"),
        ("underserved = [25, 3]", "underserved = [25, 30]", "underserved lies above served"),
        ('"2025-01-01"', '"spring"', "'spring', no day"),
        ('"state-50-10"', '"State 50/10"', "cannot name a column"),
        ('"state-50-10"', '""', "cannot name a column"),
        ('"state-50-10"', "5", "id must be text"),
        ('id = "state', "id = state", "not valid TOML.*line 1"),
        ('"Our own"', '"Our\\qown"', "not valid TOML"),
    ],
)
def test_a_wrong_field_names_the_file_and_what_is_allowed(tmp_path, old, new, says):
    assert old in OWN
    path = own(tmp_path, OWN.replace(old, new, 1))
    with pytest.raises(InputError, match=says) as caught:
        load_coverage_rule(path)
    assert caught.value.file == str(path)
    assert caught.value.fix
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text(tmp_path):
    path = tmp_path / "own.toml"
    path.write_bytes(OWN.replace("plan", "pl\xe4n").encode("latin-1"))
    with pytest.raises(InputError, match="not UTF-8"):
        load_coverage_rule(path)


def test_an_unknown_id_lists_the_known_ones():
    with pytest.raises(InputError, match=r"but 'fcc-25-3'.*video-visit") as caught:
        load_coverage_rule("FCC-25-3")
    assert isinstance(caught.value, ValueError)
    with pytest.raises(InputError, match=r"or give a \.toml file"):
        load_coverage_rule("../secrets")


def test_a_missing_file_suggests_the_closest(tmp_path):
    own(tmp_path)
    with pytest.raises(MissingFileError, match=r"did you mean own\.toml") as caught:
        load_coverage_rule(tmp_path / "onw.toml")
    assert isinstance(caught.value, FileNotFoundError)
    assert isinstance(caught.value, EquityError)
    with pytest.raises(MissingFileError):
        load_coverage_rule("nowhere/at/all.toml")
