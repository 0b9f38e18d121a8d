"""Points in areas, and areas in other lands: squares whose parts are known."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import Point, box

from equity.areas.overlay import area_of, land_within
from equity.areas.table import area_table
from equity.errors import GeoidError, InputError
from equity.provenance import meta

IDS = ["51001000100", "51001000200", "51001000300", "51001000400"]


def squares(crs="EPSG:5070"):
    shapes = [box(1000 * i, 0, 1000 * (i + 1), 1000) for i in range(3)]
    frame = gpd.GeoDataFrame(index=IDS, geometry=[*shapes, None], crs=crs)
    return area_table(frame, level="tract", geo_vintage="2020")


def lands(*shapes, names=None):
    names = names or [f"Land {i}" for i in range(len(shapes))]
    return gpd.GeoDataFrame({"name": names}, geometry=list(shapes), crs="EPSG:5070")


def test_shares_are_those_of_the_squares_and_overlaps_count_once():
    # A quarter of the first square, and half of it again on top; the second is touched only.
    there = lands(box(0, 0, 250, 1000), box(0, 0, 500, 1000), box(2000, -9, 3000, 1000))
    found = land_within(squares(), there, name="tribal_land")
    np.testing.assert_allclose(found["tribal_land_share"], [0.5, 0.0, 1.0], atol=1e-9)
    assert found["tribal_land"].tolist() == ["Land 1; Land 0", "", "Land 2"]
    assert found.index.tolist() == IDS[:3], "an area without a polygon is not one without land"
    assert (meta(found).level, meta(found).geo_vintage) == ("tract", "2020")


def test_any_crs_gives_the_same_shares():
    there = lands(box(0, 0, 250, 1000))
    found = land_within(squares().to_crs(4269), there.to_crs(4326), name="x")
    assert found["x_share"].iloc[0] == pytest.approx(0.25, rel=1e-4)


def test_nothing_in_reach_is_zero_everywhere():
    found = land_within(squares(), lands(box(9e5, 0, 9.1e5, 10)), name="x")
    assert found["x_share"].tolist() == [0.0] * 3


def test_points_find_their_area_and_strays_are_counted():
    points = gpd.GeoDataFrame(
        index=["b", "a", "c", "d"],
        geometry=[Point(1500, 5), Point(1000, 5), Point(-5, 5), None],
        crs="EPSG:5070",
    )
    found = area_of(points.to_crs(4269), squares())
    inside = area_of(points, squares().iloc[::-1])
    assert inside.fillna("none").tolist() == [IDS[1], IDS[0], "none", "none"]
    assert found.index.tolist() == ["b", "a", "c", "d"]
    assert found["b"] == IDS[1]
    assert meta(inside).notes == ("2 of 4 places lie in none of the areas",)


def test_what_cannot_be_placed_is_refused():
    nowhere = gpd.GeoDataFrame({"name": ["x"]}, geometry=[Point(0, 0)])
    with pytest.raises(InputError, match="coordinate system"):
        area_of(nowhere, squares())
    with pytest.raises(InputError, match="coordinate system"):
        land_within(squares(), nowhere, name="x")
    with pytest.raises(GeoidError, match="more than once"):
        area_of(lands(Point(0, 0)), pd.concat([squares()] * 2))
