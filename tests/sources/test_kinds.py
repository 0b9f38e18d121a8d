"""Kinds of sites: one table says what counts, and what it is called."""

from __future__ import annotations

from importlib import resources

import pandas as pd
import pytest

import equity as eq
from equity.errors import InputError, MissingColumnError
from equity.provenance import meta
from equity.sources.care.kinds import kind_of, kinds_in_words, read_kinds, site_kinds, sites_of
from equity.sources.catalog import INPUTS

SITES = pd.DataFrame(
    {"kind": ["pharmacy", "Acute Care Hospitals", "RHC", "CRITICAL ACCESS", "zoo", None, "MH"]},
    index=list("abcdefg"),
)
SCHOOLS = """
[school]
singular = "school"
plural = "schools"
care = "link"
written = ["public school", "school nurse"]
"""


def test_what_sources_write_becomes_a_kind_whatever_its_case_and_signs():
    found = kind_of(SITES["kind"])
    assert found.tolist() == [
        "pharmacy", "hospital", "rural_health_clinic", "hospital", None, None, "mental_health",
    ]  # fmt: skip
    assert found.index.tolist() == SITES.index.tolist()
    written = pd.Series(
        ["Federally Qualified Health Center (FQHC)", "acute_care_hospital", "clinic_urgent_care"]
    )
    assert kind_of(written).tolist() == ["health_center", "hospital", "urgent_care"]


def test_the_sites_that_count_are_named_and_nothing_else_is_counted():
    before = SITES.copy()
    found = sites_of(SITES, ["hospital", "rural_health_clinic"])
    assert found.index.tolist() == ["b", "c", "d"]
    assert meta(found).notes == ("Sites that count: 2 hospitals, 1 rural health clinic",)
    pd.testing.assert_frame_equal(SITES, before)
    # A kind of care is all its kinds, of which one is enough.
    assert sites_of(SITES, "mental").index.tolist() == ["g"]
    assert sites_of(SITES, "primary").index.tolist() == ["c"]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["hospital", "dentist"], "no site counts as dentists"),
        ("hospitl", "no kind of site 'hospitl', but 'hospital'"),
        ([], "no kind of site is named"),
    ],
)
def test_a_kind_that_is_none_or_has_no_site_is_one_error(names, said):
    with pytest.raises(InputError, match=said) as caught:
        sites_of(SITES, names)
    assert "\n" not in str(caught.value)


def test_sites_without_a_kind_say_how_to_get_one():
    with pytest.raises(MissingColumnError, match="lack the column kind"):
        sites_of(SITES.drop(columns="kind"), "hospital")


def test_words_are_made_of_the_same_names():
    assert kinds_in_words("hospital") == "hospital"
    assert kinds_in_words(["hospital", "pharmacy", "dentist"]) == "hospital, pharmacy or dentist"
    assert kinds_in_words(["hospital", "pharmacy"], plural=True) == "hospitals and pharmacies"
    assert "health center" in kinds_in_words("primary")


def test_a_new_kind_is_a_new_table_and_nothing_else():
    shipped = (resources.files("equity.sources.care") / "kinds.toml").read_text(encoding="utf-8")
    kinds = read_kinds(shipped + SCHOOLS)
    sites = pd.DataFrame({"kind": ["Public School", "pharmacy"]}, index=["l", "p"])
    assert sites_of(sites, "school", kinds=kinds).index.tolist() == ["l"]
    assert kinds_in_words("link", plural=True, kinds=kinds) == "schools"


def test_a_word_that_two_kinds_claim_is_refused():
    shipped = (resources.files("equity.sources.care") / "kinds.toml").read_text(encoding="utf-8")
    with pytest.raises(InputError, match="'rhc' means both rural_health_clinic and school"):
        read_kinds(shipped + SCHOOLS.replace("school nurse", "RHC"))


def test_every_federal_list_that_a_kind_names_is_in_the_catalog():
    ids = {entry.id for entry in INPUTS}
    named = {kind.input for kind in site_kinds().values() if kind.input}
    assert named
    assert named <= ids


def test_health_centers_as_they_are_read_count_as_such(example_state):
    sites = eq.read_sites(example_state.sites, as_of=example_state.sites_as_of)
    assert len(sites_of(sites, "health_center")) == len(sites)
