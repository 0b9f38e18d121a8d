"""Unserved and funded, unserved and not: location by location, or as bounds by area."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from equity import already_funded
from equity.errors import InputError, MissingColumnError, VintageError
from equity.provenance import stamp

CLASSES = ("unserved", "underserved", "served")
TRACTS = ("51001090101", "51001090102", "51003010100")


def state(n=300, seed=0):
    """Make locations of three tracts, and a list of some that are funded."""
    rng = np.random.default_rng(seed)
    ids = pd.Index([str(1_000_000_000 + i) for i in range(n)], name="location_id")
    tract = rng.choice(TRACTS, n)
    lines = pd.DataFrame(
        {
            "block_geoid": [f"{t}{rng.integers(1000, 1005)}" for t in tract],
            "coverage_class": rng.choice(CLASSES, n),
        },
        index=ids,
    )
    listed = lines.loc[rng.random(n) < 0.4, ["block_geoid"]]
    return lines, listed


def by_area(lines, vintage="2020"):
    tract = lines["block_geoid"].str[:11]
    table = pd.DataFrame(
        {
            "locations_n": tract.value_counts(),
            **{
                f"{name}_n": (lines["coverage_class"] == name).groupby(tract).sum()
                for name in CLASSES
            },
        }
    ).astype(float)
    return stamp(table.rename_axis("geoid"), level="tract", geo_vintage=vintage)


def naive(lines, funded_ids):
    """Count with a loop that shares nothing with the code."""
    found = {}
    for place, row in lines.iterrows():
        area = found.setdefault(
            row["block_geoid"][:11], dict.fromkeys(("f", "uf", "uu", "nf", "nu"), 0)
        )
        funded = place in funded_ids
        area["f"] += funded
        if row["coverage_class"] == "unserved":
            area["uf" if funded else "uu"] += 1
        if row["coverage_class"] == "underserved":
            area["nf" if funded else "nu"] += 1
    names = {"f": "funded_n", "uf": "unserved_funded_n", "uu": "unserved_unfunded_n", "nf": "underserved_funded_n", "nu": "underserved_unfunded_n"}  # fmt: skip
    return pd.DataFrame(found).T.rename(columns=names).sort_index()


@pytest.mark.parametrize("seed", range(4))
def test_single_locations_equal_a_loop(seed):
    lines, listed = state(seed=seed)
    table = already_funded(lines, listed)
    expected = naive(lines, set(listed.index))
    assert (table[expected.columns] == expected).all(axis=None)
    assert set(table["funded_status"]) == {"ok"}
    whole = lines.groupby(lines["block_geoid"].str[:11]).size()
    assert np.allclose(table["unserved_unfunded_share"], expected["unserved_unfunded_n"] / whole)


def test_a_location_in_two_lists_counts_once():
    lines, listed = state()
    once = already_funded(lines, listed)
    twice = already_funded(lines, [listed, listed.iloc[:50]])
    assert once["funded_n"].equals(twice["funded_n"])


def test_whole_blocks_fund_every_location_in_them():
    lines, _ = state()
    block = lines["block_geoid"].iloc[0]
    blocks = pd.DataFrame({"funded_n": [np.nan]}, index=pd.Index([block], name="geoid"))
    table = already_funded(lines, blocks)
    assert table["funded_n"].sum() == (lines["block_geoid"] == block).sum()


@pytest.mark.parametrize("seed", range(4))
def test_by_area_the_truth_lies_within_the_bounds(seed):
    lines, listed = state(seed=seed)
    exact, bound = already_funded(lines, listed), already_funded(by_area(lines), listed)
    assert bound["funded_n"].equals(exact["funded_n"])
    assert (bound["unserved_unfunded_n"] <= exact["unserved_unfunded_n"]).all()
    left = ["unserved_unfunded_n", "underserved_unfunded_n"]
    assert (bound[left].sum(axis=1) <= exact[left].sum(axis=1)).all()
    for name in ("unserved", "underserved"):
        parts = bound[f"{name}_unfunded_n"] + bound[f"{name}_funded_n"]
        assert parts.to_list() == by_area(lines)[f"{name}_n"].to_list()
    assert set(bound["funded_status"]) == {"by_area"}
    counts = listed["block_geoid"].value_counts().rename("funded_n").to_frame().astype(float)
    counts = stamp(counts.rename_axis("geoid"), level="block", geo_vintage="2020")
    assert already_funded(by_area(lines), counts)["funded_n"].equals(exact["funded_n"])


def test_an_area_that_no_list_names_has_none_funded():
    lines, listed = state()
    here = listed[listed["block_geoid"].str[:11] != TRACTS[2]]
    table = already_funded(by_area(lines), here)
    assert table.loc[TRACTS[2], ["funded_n", "unserved_funded_n"]].tolist() == [0, 0]
    assert table.loc[TRACTS[2], "funded_status"] == "ok"


def counts(ids, values, **record):
    table = pd.DataFrame({"funded_n": values}, index=pd.Index(ids, name="geoid"))
    return stamp(table, **({"level": "tract", "geo_vintage": "2020"} | record))


LINES, LISTED = state()
ELSEWHERE = LISTED.set_axis("2" + LISTED.index.str[1:]).rename_axis("location_id")


@pytest.mark.parametrize(
    ("lines", "listed", "kind", "says"),
    [
        (LINES, [], InputError, "no list"),
        (LINES, ELSEWHERE, InputError, "not among the lines"),
        (LINES, counts(TRACTS[:1], [3.0]), InputError, "do not tell which"),
        (by_area(LINES), counts([TRACTS[0] + "1001"], [np.nan], level="block"), InputError, "whole blocks without a number"),
        (by_area(LINES), LISTED.assign(block_geoid=None), InputError, "have no block"),
        (by_area(LINES), counts(["51001"], [3.0], level="county"), InputError, "larger than a tract"),
        (by_area(LINES), counts(["10001040100"], [3.0]), InputError, "not among the lines"),
        (by_area(LINES), counts(TRACTS[:1], [3.0], geo_vintage="2010"), VintageError, "2010"),
        (by_area(LINES).assign(underserved_n=999.0), LISTED, InputError, "fewer than unserved and"),
        (by_area(LINES).assign(unserved_n=-3.0), LISTED, InputError, "fewer locations than none"),
        (by_area(LINES)[["locations_n"]], LISTED, MissingColumnError, "lines lack unserved_n"),
    ],
)  # fmt: skip
def test_one_clear_error_each(lines, listed, kind, says):
    with pytest.raises(kind, match=says):
        already_funded(lines, listed)


def test_more_funded_than_there_are_is_noted_not_hidden():
    from equity.provenance import meta

    table = already_funded(by_area(LINES), counts(TRACTS[:1], [9999.0]))
    whole = by_area(LINES).loc[TRACTS[0], "locations_n"]
    assert table.loc[TRACTS[0], ["unserved_unfunded_n", "underserved_unfunded_n"]].eq(0).all()
    assert table.loc[TRACTS[0], "funded_n"] == whole
    said = f"more funded locations listed than locations: {9999 - whole:,.0f} are left out"
    assert said in meta(table).notes[-1]


def test_as_many_as_there_are_is_not_more():
    from equity.provenance import meta

    lines = by_area(LINES).iloc[:1].assign(locations_n=100.0, unserved_n=60.0, underserved_n=40.0)
    table = already_funded(lines, counts(lines.index, [100.0]))
    assert table[["unserved_unfunded_n", "underserved_unfunded_n"]].eq(0).all(axis=None)
    assert not [note for note in meta(table).notes if "more funded" in note]


@pytest.mark.parametrize("listed", [0.0, 30.0, 50.0, 70.0, 100.0, 130.0])
def test_a_location_matched_by_area_is_funded_once(listed):
    lines = by_area(LINES).iloc[:1].assign(locations_n=100.0, unserved_n=50.0, underserved_n=40.0)
    table = already_funded(lines, counts(lines.index, [listed])).iloc[0]
    parts = table["unserved_funded_n"] + table["underserved_funded_n"]
    assert parts == min(listed, 90) <= table["funded_n"]
    assert table["unserved_funded_n"] == min(listed, 50)
    assert table["unserved_unfunded_share"] == max(50 - listed, 0) / 100
    # No allocation of so many funded leaves fewer without.
    left = min(
        90 - unserved - underserved
        for unserved in range(51)
        for underserved in range(41)
        if unserved + underserved <= min(listed, 100)
    )
    assert table["unserved_unfunded_n"] + table["underserved_unfunded_n"] == left
