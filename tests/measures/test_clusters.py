"""Clusters against published cases, esda, exhaustive permutation and definitions."""

from __future__ import annotations

import json
from itertools import combinations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.sparse import csr_array
from shapely import box

import equity as eq
from equity.errors import GeoidError, InputError, MissingColumnError
from equity.measures.borders import shared_borders
from equity.measures.local_statistics import (
    false_discovery,
    gi_star,
    local_moran,
    moran,
    neighbor_p,
    permutations_for,
)
from equity.measures.shrinkage import marshall
from equity.provenance import meta


@pytest.fixture(scope="module")
def oracle(shared_data):
    file = shared_data.parent / "reference/oracles/spatial.json"
    return {case["id"]: case for case in json.loads(file.read_text())["cases"]}


def matrix(neighbors):
    dense = np.zeros((len(neighbors), len(neighbors)))
    for i, others in enumerate(neighbors):
        dense[i, others] = 1.0
    return csr_array(dense)


def grid(rows, columns=None):
    return [box(x, y, x + 1, y + 1) for y in range(rows) for x in range(columns or rows)]


def town(rates, shapes, people=1000.0):
    rates = np.asarray(rates, dtype=float)
    ids = pd.Index([f"51001{i:06d}" for i in range(len(rates))], name="geoid")
    table = {"population_n": np.full(len(rates), people), "gap_n": rates * people}
    return gpd.GeoDataFrame(table, geometry=shapes, index=ids, crs="EPSG:4269")


def test_statistics_are_the_published_ones(oracle):
    for name, found in (
        ("local_moran_path", local_moran),
        ("getis_ord_star_path", gi_star),
    ):
        given, wanted = oracle[name]["inputs"], oracle[name]["expected"]
        mine = found(given["values"], matrix(given["neighbors"]))
        np.testing.assert_allclose(mine, next(iter(wanted.values())), rtol=1e-10)


@pytest.mark.parametrize(
    "name", ["moran_path_binary", "moran_path_row_standardised", "moran_checkerboard"]
)
def test_moran_of_all_areas_is_the_published_one(oracle, name):
    given, wanted = oracle[name]["inputs"], oracle[name]["expected"]
    weights = matrix(given["neighbors"])
    if given["weights"] == "row_standardised":
        weights = csr_array(weights / np.diff(weights.indptr)[:, None])
    found = moran(given["values"], weights)
    mine = {"i": found.i, "expected_i": found.expected, "z_normality": found.z_normality,
            "z_randomization": found.z_randomization}  # fmt: skip
    assert {key: mine[key] for key in wanted} == pytest.approx(wanted, rel=1e-10)


def test_moran_of_all_areas_is_the_mean_of_the_local_ones():
    frame = town(np.linspace(0.1, 0.9, 25) ** 2, grid(5), people=1e6)  # too many to shrink
    weights = shared_borders(frame.geometry, contiguity="rook")
    rows = csr_array(weights / np.diff(weights.indptr)[:, None])
    local = local_moran(frame["gap_n"], weights)
    assert moran(frame["gap_n"], rows).i == pytest.approx(local.sum() / 24, rel=1e-12)
    (note,) = meta(eq.hotspots(frame, contiguity="rook")).notes
    assert f"over all areas Moran's I is {local.sum() / 24:.2f}, " in note
    assert np.isnan(moran([0.2, 0.2, 0.2, 0.2], matrix([[1], [0], [3], [2]])).i)
    (note,) = meta(eq.hotspots(town([0.2, 0.3], grid(1, 2)))).notes
    assert "Moran" not in note, "two areas tell nothing of chance"


def test_so_many_permutations_can_call_so_few_areas(oracle):
    given = oracle["permutation_resolution"]["inputs"]
    wanted = oracle["permutation_resolution"]["expected"]["smallest_rejectable_count"]
    for permutations, count in zip(given["permutations"], wanted, strict=True):
        for called, outcome in ((count, count), (count - 1, 0)):
            p = np.ones(given["n"])
            p[:called] = 1 / (permutations + 1)
            assert (false_discovery(p) <= given["q"] + 1e-12).sum() == outcome


def test_false_discoveries_are_those_of_the_article(oracle):
    case = oracle["false_discovery_rate_1995_list"]
    adjusted = false_discovery([*case["inputs"]["p_values"], np.nan])
    assert (adjusted <= 0.05).sum() == case["expected"]["benjamini_hochberg"]
    assert np.isnan(adjusted[-1])
    nothing = false_discovery(oracle["false_discovery_rate_nothing_passes"]["inputs"]["p_values"])
    assert (nothing <= 0.05).sum() == 0


@pytest.mark.parametrize("name", ["marshall_empirical_bayes", "marshall_under_dispersed"])
def test_smoothed_rates_are_the_published_ones(oracle, name):
    given, wanted = oracle[name]["inputs"], oracle[name]["expected"]
    found = marshall(given["events"], given["population"])
    np.testing.assert_allclose(found.mean, wanted["smoothed"], rtol=1e-9)
    assert found.between == pytest.approx(wanted["prior_variance"], rel=1e-9, abs=0)


def test_no_rate_of_no_events_and_none_without_people():
    assert marshall([0, 0], [10, 20]).mean.tolist() == [0, 0]
    with pytest.raises(InputError, match="people"):
        marshall([1, 0], [10, 0])


def test_enough_permutations_for_one_area_among_so_many():
    n, rate = 20_000, 0.05
    needed = permutations_for(n, rate)
    assert 2 / (needed + 1) <= rate / n < 2 / needed
    assert permutations_for(3, rate) == 999


def every_draw(y, neighbors):
    """Two-sided p of every possible set of neighbors: the limit of the permutations."""
    found = []
    for i, mine in enumerate(neighbors):
        others = [j for j in range(len(y)) if j != i]
        sums = np.array([y[list(draw)].sum() for draw in combinations(others, len(mine))])
        seen = y[mine].sum()
        tails = np.mean(sums >= seen - 1e-9), np.mean(sums <= seen + 1e-9)
        found.append(min(1.0, 2 * min(tails)))
    return np.array(found)


def test_permutation_p_is_that_of_all_possible_neighbors():
    # Ties, few areas (an area often draws itself), and one that borders on all others.
    y = np.array([0.0, 0, 3, 5, 8, 8, 2])
    neighbors = [[1, 2, 3, 4, 5, 6], [0, 2], [0, 1, 3], [0, 2, 4], [0, 3, 5], [0, 4], [0]]
    p = neighbor_p(y, matrix(neighbors), permutations=40_000, seed=3)
    np.testing.assert_allclose(p, every_draw(y, neighbors), atol=0.02)
    assert p[0] == 1


def test_values_of_esda(recwarn):
    esda = pytest.importorskip("esda")
    libpysal = pytest.importorskip("libpysal")
    y = np.random.default_rng(2).gamma(2, 1, 400)
    y[:60] += 2
    frame = gpd.GeoDataFrame(geometry=grid(20))
    for kind, builder in (("queen", "Queen"), ("rook", "Rook")):
        theirs = getattr(libpysal.weights, builder).from_dataframe(frame, use_index=False)
        mine = shared_borders(frame.geometry, contiguity=kind)
        assert abs(theirs.sparse - mine).max() == 0
    weights = shared_borders(frame.geometry, contiguity="queen")
    theirs = libpysal.weights.Queen.from_dataframe(frame, use_index=False)
    local = esda.Moran_Local(y, theirs, permutations=4999, seed=1, n_jobs=1)
    np.testing.assert_allclose(local_moran(y, weights), local.Is, rtol=1e-9, atol=1e-12)
    p = neighbor_p(y, weights, permutations=4999)
    assert np.abs(p / 2 - local.p_sim).max() < 0.03
    for transform, rows in (("B", weights), ("R", weights / weights.sum(axis=1)[:, None])):
        whole = esda.Moran(y, theirs, transformation=transform, permutations=0)
        found = moran(y, csr_array(rows))
        wanted = (whole.I, whole.EI, whole.z_norm, whole.z_rand)
        assert tuple(found) == pytest.approx(wanted, rel=1e-9)
    star = esda.G_Local(y, theirs, transform="B", star=True, permutations=0)
    np.testing.assert_allclose(gi_star(y, weights), star.Zs, rtol=1e-9)


@pytest.mark.filterwarnings("ignore")
def test_where_esda_errs_ours_is_the_defined_value(oracle):
    """Its rates fall below 0, its islands are significant, its cut-off passes where none does."""
    esda = pytest.importorskip("esda")
    libpysal = pytest.importorskip("libpysal")
    given = oracle["marshall_under_dispersed"]["inputs"]
    events, people = (np.array(given[key], dtype=float) for key in ("events", "population"))
    theirs = np.asarray(esda.smoothing.Empirical_Bayes(events, people).r).ravel()
    assert theirs.min() < 0
    np.testing.assert_allclose(marshall(events, people).mean, 0.01)
    island = oracle["island_is_masked"]["inputs"]
    w = libpysal.weights.W(dict(enumerate(island["neighbors"])), silence_warnings=True)
    local = esda.Moran_Local(island["values"], w, permutations=99, seed=1, n_jobs=1)
    assert (local.Is[2], local.p_sim[2], local.q[2]) == (0, 0.01, 4)
    weights = matrix(island["neighbors"])
    assert np.isnan(local_moran(island["values"], weights)[2])
    assert np.isnan(neighbor_p(island["values"], weights, permutations=99)[2])
    shapes = [box(0, 0, 1, 1), box(1, 0, 2, 1), box(9, 0, 10, 1)]
    found = eq.hotspots(town(np.array(island["values"]) / 10, shapes)).iloc[2]
    assert found["cluster_status"] == oracle["island_is_masked"]["expected"]["third_area"]["status"]
    assert found[["cluster", "local_moran", "cluster_p"]].isna().all()
    nothing = oracle["false_discovery_rate_nothing_passes"]["inputs"]["p_values"]
    assert esda.fdr(np.array(nothing), 0.05) == pytest.approx(0.05 / len(nothing))
    assert (false_discovery(nothing) > 0.05).all()


def naive_borders(shapes, kind):
    dense = np.zeros((len(shapes), len(shapes)))
    for i, one in enumerate(shapes):
        for j, other in enumerate(shapes):
            meet = one.intersection(other)
            dense[i, j] = i != j and not meet.is_empty and (kind == "queen" or meet.length > 0)
    return dense


@pytest.mark.parametrize("kind", ["queen", "rook"])
def test_borders_are_those_of_a_double_loop(kind):
    shapes = [
        *grid(3),
        box(0, 3, 3, 4),  # corners of the squares below lie on its straight side
        shapely.MultiPolygon([box(3, 3, 4, 4), box(8, 8, 9, 9)]),  # touches a corner
        box(20, 20, 21, 21),  # an island
        shapely.Polygon(box(30, 0, 33, 3).exterior, [box(31, 1, 32, 2).exterior.coords]),
        box(31, 1, 32, 2),  # fills the hole
        box(8.5, 8.5, 10, 10),  # overlaps a part
    ]
    found = shared_borders(shapes, contiguity=kind)
    np.testing.assert_array_equal(found.toarray(), naive_borders(shapes, kind))


def test_missing_polygons_have_no_neighbors():
    assert shared_borders([None, box(0, 0, 1, 1), shapely.Polygon()]).nnz == 0
    with pytest.raises(InputError, match="use one of queen, rook"):
        shared_borders(grid(2), contiguity="bishop")


def hot_corner(n=12):
    rates = np.full((n, n), 0.1) + np.random.default_rng(1).normal(0, 0.01, (n, n))
    rates[:4, :4] += 0.4
    return town(rates.ravel(), grid(n))


def test_a_hot_corner_is_found_and_an_island_masked():
    table = hot_corner()
    table.geometry = [*table.geometry[:-1], box(50, 50, 51, 51)]
    found = eq.hotspots(table)
    hot = found["cluster"].eq("hot_spot").to_numpy()[:-1]
    inside = np.array([x < 3 and y < 3 for y in range(12) for x in range(12)])[:-1]
    assert hot[inside].all()
    assert not hot[table["gap_n"].to_numpy()[:-1] <= 300].any()
    assert (found.loc[found["cluster"] == "hot_spot", "gi_star_z"] > 2).all()
    island = found.iloc[-1]
    assert island["cluster_status"] == "no_neighbors"
    assert island[["cluster", "gi_star_z", "local_moran", "cluster_p", "cluster_q"]].isna().all()


def test_noise_has_no_clusters_and_a_place_unlike_its_own_is_named():
    rng = np.random.default_rng(5)
    noise = town(rng.uniform(0.1, 0.3, 400), grid(20))
    assert (eq.hotspots(noise)["cluster"] == "no_cluster").sum() >= 398
    for turned, word in ((False, "low_among_high"), (True, "high_among_low")):
        odd = hot_corner()
        odd.loc[odd.index[13], "gap_n"] = 0.0
        if turned:
            odd["gap_n"] = 600.0 - odd["gap_n"]
        assert eq.hotspots(odd)["cluster"].iloc[13] == word


def test_high_is_above_the_mean_and_not_the_median():
    """Where few are high the mean lies above the median, and a place between the two is low."""
    table = hot_corner()
    share = table["gap_n"] / 1000
    between = (share.median() + share.mean()) / 2
    table.loc[table.index[13], "gap_n"] = 1000 * between
    assert share.median() + 0.01 < between < share.mean() - 0.01
    assert eq.hotspots(table)["cluster"].iloc[13] == "low_among_high"


def test_islands_call_for_no_permutations():
    """Every p is a whole number of draws, and there are as many as the areas with neighbors need."""
    shapes = [*grid(6), *(box(20 + 3 * i, 0, 21 + 3 * i, 1) for i in range(200))]
    table = town(np.random.default_rng(3).uniform(0, 0.5, len(shapes)), shapes)
    p = eq.hotspots(table)["cluster_p"].dropna()
    assert len(p) == 36
    times = p * (permutations_for(36, 0.05) + 1)
    np.testing.assert_allclose(times, times.round(), atol=1e-6)
    assert permutations_for(36, 0.05) < permutations_for(236, 0.05)


def test_the_order_of_rows_and_the_seed_decide_nothing_else():
    table = hot_corner()
    found = eq.hotspots(table, permutations=999, seed=4)
    turned = eq.hotspots(table.iloc[::-1], permutations=999, seed=4)
    pd.testing.assert_frame_equal(turned.loc[table.index], found)
    other = eq.hotspots(table, permutations=999, seed=5)
    assert not other["cluster_p"].equals(found["cluster_p"])


def test_areas_without_a_rate_say_why_and_are_nobodys_neighbors():
    table = hot_corner()
    table.loc[table.index[0], "population_n"] = 0.0
    table.loc[table.index[:2], "gap_n"] = np.nan
    table.loc[table.index[2], "geometry"] = None
    found = eq.hotspots(table)
    assert found["cluster_status"].tolist()[:4] == ["no_population", "unknown", "no_polygon", "ok"]
    assert found["neighbors_n"].iloc[13] == 5
    without = eq.hotspots(table.iloc[3:])
    pd.testing.assert_series_equal(found["gi_star_z"].iloc[3:], without["gi_star_z"])


@pytest.mark.parametrize(
    ("table", "status"),
    [
        (town(np.full(16, 0.2), grid(4)), "no_variation"),
        (town(np.zeros(16), grid(4)), "no_variation"),
        (town(np.linspace(0, 0.5, 4), [box(3 * i, 0, 3 * i + 1, 1) for i in range(4)]), "no_neighbors"),
        (town([0.2], grid(1)), "no_neighbors"),
        (town(np.linspace(0, 0.5, 4), [None] * 4), "no_polygon"),
    ],
    ids=["all equal", "all zero", "islands only", "one area", "no polygons"],
)  # fmt: skip
def test_where_nothing_can_cluster_every_area_says_so(table, status):
    found = eq.hotspots(table)
    assert set(found["cluster_status"]) == {status}
    assert found[["cluster", "gi_star_z", "cluster_p"]].isna().all(axis=None)


def test_polygons_may_come_from_elsewhere():
    table = hot_corner()
    plain = pd.DataFrame(table.drop(columns="geometry"))
    other = eq.hotspots(plain, boundaries=table.iloc[::-1])
    pd.testing.assert_frame_equal(other, eq.hotspots(table))
    with pytest.raises(MissingColumnError, match="no polygons"):
        eq.hotspots(plain)
    with pytest.raises(GeoidError, match="table of boundaries"):
        eq.hotspots(plain, boundaries=pd.concat([table, table.iloc[:1]]))


def test_a_count_that_rounding_leaves_above_its_people_is_all_of_them():
    table = hot_corner()
    table.loc[table.index[0], "gap_n"] = 1000.0 * (1 + 1e-12)
    assert set(eq.hotspots(table)["cluster_status"]) == {"ok"}


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        ({"gap_n": -1.0}, {}, "gap_n is negative"),
        ({"gap_n": 5000.0}, {}, "gap_n is above population_n"),
        ({}, {"discovery_rate": 0}, "discovery_rate is 0"),
        ({}, {"permutations": 0}, "permutations is 0"),
        ({}, {"events": "nothing_n"}, "no column 'nothing_n'"),
    ],
)
def test_bad_input_is_one_sentence(change, options, said):
    with pytest.raises((InputError, MissingColumnError), match=said):
        eq.hotspots(hot_corner().assign(**change), **options)


@pytest.mark.real
def test_delawares_tracts_have_the_neighbors_of_a_double_loop(shared_data):
    file = shared_data / "bundles/de/v2020/cb_2020_10_tract_500k.zip"
    tracts = eq.read_boundaries(file, year=2020, state="DE")
    shapes = tracts.geometry.to_numpy()
    queen = shared_borders(shapes)
    left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    assert queen.nnz == (left != right).sum()
    assert set(zip(*queen.nonzero(), strict=True)) == {
        (i, j) for i, j in zip(left, right, strict=True) if i != j
    }
