"""A small made-up place for the outputs: hostile names, holes, missing polygons and missing values."""

from __future__ import annotations

import base64
import json
import re
import zlib
from html import unescape

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry import Point, Polygon, box

from equity.outputs.report import Report
from equity.provenance import Source, stamp

HOSTILE = (
    '<script>alert("x")</script>',
    "</script><img src=http://evil.example/x.png onerror=alert(1)>",
    "\"quoted\" & <b>bold</b> 'single'",
    "#let x = 1; $a_b$ [link] *bold* _it_ @ref <label> \\ backslash ~ `raw`",
    '=HYPERLINK("http://evil.example","x")',
    "+1 Main, -2, @SUM(A1)",
    "{{ 7 * 7 }} {% raw %} <%frame%> {frame}",
    "São João – Ørsted \u202e rtl 日本",
)

SOURCES = (
    Source(
        "fcc-bdc",
        "FCC",
        "Broadband Data Collection",
        "June 2025",
        url="https://example.org/bdc?a=1&b=2",
        retrieved="2026-01-02",
        licence="public domain",
        synthetic=True,
    ),
    Source(
        "acs5",
        "U.S. Census Bureau",
        "American Community Survey, 5-year",
        "2020-2024",
        synthetic=True,
    ),
)


def make_table(side: int = 9, *, seed: int = 7) -> gpd.GeoDataFrame:
    """side x side areas; the last row of them has no people, three have no polygon."""
    random = np.random.default_rng(seed)
    # A grid with shaken inner corners: neighbors share every vertex, as in a real coverage.
    corners = np.stack(np.meshgrid(np.arange(side + 1), np.arange(side + 1)), -1) * 0.08
    corners[1:-1, 1:-1] += random.uniform(-0.03, 0.03, (side - 1, side - 1, 2))
    corners = corners + np.array([-75.8, 38.5])
    shapes = [
        Polygon([corners[j, i], corners[j, i + 1], corners[j + 1, i + 1], corners[j + 1, i]])
        for j in range(side)
        for i in range(side)
    ]
    n = len(shapes)
    geoid = [f"90{1 + 2 * (k % 3):03d}{k:06d}" for k in range(n)]
    people = random.integers(300, 9000, n).astype(float)
    people[-side:] = 0
    gap_share = np.clip(random.beta(0.8, 4, n) - 0.05, 0, 1)
    gap_share[-side:] = np.nan
    gap = people * gap_share
    parts = random.dirichlet([3, 1, 2], n)
    table = gpd.GeoDataFrame(
        {
            "geo_id": [f"1400000US{g}" for g in geoid],
            "name": [HOSTILE[k] if k < len(HOSTILE) else f"Tract {k}" for k in range(n)],
            "county_name": [f"County {1 + k % 3}" for k in range(n)],
            "population_n": people,
            "population_n_moe": people * 0.06,
            "gap_n": gap,
            "gap_n_moe": gap * random.uniform(0.05, 1.2, n),
            "gap_share": gap_share,
            "beyond_reach_n": np.maximum(gap, people * 0.4),
            "no_link_n": np.maximum(gap, people * 0.2),
            "gap_line_only_n": gap * parts[:, 0],
            "gap_home_only_n": gap * parts[:, 1],
            "gap_both_n": gap * parts[:, 2],
            "gap_status": ["ok"] * (n - side) + ["no_population"] * side,
            "qualifying_share": random.beta(8, 2, n),
            "connected_share": np.where(np.arange(n) == 20, np.nan, random.beta(9, 2, n)),
            "connected_share_moe": random.uniform(0.01, 0.09, n),
            "device_share": random.beta(12, 2, n),
            "subscription_share": random.beta(9, 2, n),
            "subscribed_beyond_rule_share": random.beta(1, 9, n),
            "nearest_site_km": random.gamma(2, 6, n),
            "nearest_site_min": random.gamma(2, 8, n),
            "beyond_reach_share": random.uniform(0, 1, n),
            "is_under_resourced": random.uniform(size=n) < 0.35,
        },
        geometry=shapes,
        index=pd.Index(geoid, name="geoid"),
        crs="EPSG:4269",
    )
    table["under_resourced_reason"] = np.where(
        table["is_under_resourced"], "poverty 24.1 %; no vehicle 12.0 %", ""
    )
    table.loc[table.index[3], "name"] = HOSTILE[3]
    table.loc[table.index[[11, 30, 31]], "geometry"] = None
    return stamp(table, level="tract", geo_vintage="2020", sources=SOURCES)


def make_report(table: gpd.GeoDataFrame | None = None) -> Report:
    table = make_table() if table is None else table
    ranked = table[table["gap_n"].notna()].sort_values("gap_n", ascending=False)
    focus = ranked[ranked["is_under_resourced"] & (ranked["gap_n"] > 100)]
    unranked = table[table["gap_n"].isna()]
    total, people = ranked["gap_n"].sum(), ranked["population_n"].sum()

    def row(part):
        out = {
            "areas_n": len(part),
            "population_n": part["population_n"].sum(),
            "gap_n": part["gap_n"].sum(),
        }
        out["gap_share"] = out["gap_n"] / out["population_n"] if out["population_n"] else np.nan
        for name in ("no_link_n", "gap_line_only_n", "gap_home_only_n", "gap_both_n"):
            out[name] = part[name].sum()
        known = out["population_n"] > 0
        out["no_link_share"] = out["no_link_n"] / out["population_n"] if known else np.nan
        return out

    under = ranked["is_under_resourced"]
    rules = ("video-visit", "fcc-25-3", "fcc-706-2024")
    return Report(
        title='Example <State> & "Co"',
        synthetic=True,
        finding=(
            f"In {len(focus)} under-resourced communities, {focus['gap_n'].sum():,.0f} people without care in reach could not make a video visit.",
            "Most of them lack a line that qualifies.",
        ),
        table=table,
        focus=tuple(focus.index),
        others=tuple(ranked.index.difference(focus.index, sort=False)),
        unranked=pd.DataFrame(
            {"name": unranked["name"], "reason": "nobody lives here", "why": "nobody lives here"}
        ),
        rules=tuple(
            {
                "id": r,
                "title": f"Rule {r}",
                "date": "2024-03-14",
                "citation": "47 USC 1702",
                "confidence": "primary",
                "text": f"What {r} counts.",
                "headline": i == 1,
            }
            for i, r in enumerate(rules)
        ),
        by_rule=pd.DataFrame(
            [
                {
                    "gap_n": total * f,
                    "gap_share": total * f / people,
                    "gap_line_only_n": total * f / 2,
                    "gap_home_only_n": total * f / 4,
                    "gap_both_n": total * f / 4,
                    "subscribed_beyond_rule_share": 0.1 * f,
                    "note": "",
                }
                for f in (0.8, 1, 1.6)
            ],
            index=pd.Index(rules, name="rule"),
        ),
        comparison=pd.DataFrame(
            [row(ranked[under]), row(ranked[~under]), row(ranked)],
            index=["under-resourced communities", "everywhere else", "all"],
        ),
        counts=pd.DataFrame(
            {
                "people_n": [people, people * 0.4, total, people * 0.2],
                "people_n_moe": [people * 0.01, people * 0.01, total * 0.1, np.nan],
                "share": [1.0, 0.4, total / people, 0.2],
                "share_moe": [0.0, 0.01, 0.002, np.nan],
                "independence_n": [np.nan, np.nan, total * 1.1, np.nan],
                "ceiling_n": [np.nan, np.nan, total * 1.2, np.nan],
                "p05_n": [np.nan, np.nan, total * 0.9, np.nan],
                "p95_n": [np.nan, np.nan, total * 1.1, np.nan],
            },
            index=["population_n", "beyond_reach_n", "gap_n", "no_link_n"],
        ),
        kinds=pd.DataFrame(
            {
                "label": ["primary care", "<b>mental</b> health"],
                "beyond_reach_n": [people * 0.4, people * 0.5],
                "gap_n": [total, total * 1.5],
                "gap_share": [total / people, total * 1.5 / people],
                "first_share": [0.1, 0.2],
                "elsewhere_share": [0.05, 0.1],
            },
            index=["primary", "mental"],
        ),
        fixes=pd.DataFrame(
            {"everywhere_n": [total / 2, total / 4, total], "named_n": [9.0, np.nan, 20.0]},
            index=["line", "home", "line and home"],
        ),
        overlaps=pd.DataFrame(
            {"gap_n": [total], "gap_independence_n": [total * 1.1], "gap_ceiling_n": [total * 1.2]},
            index=["lines as reported"],
        ),
        settings=pd.DataFrame(
            {
                "group": ["study", "limit", "carrier"],
                "label": ["as the study is set", "40 minutes instead of 30", "by <i>telephone</i>"],
                "gap_n": [total, total / 2, np.nan],
                "gap_share": [total / people, total / people / 2, np.nan],
                "named_n": [len(focus), 3, np.nan],
                "named_people_n": [focus["gap_n"].sum(), 300.0, np.nan],
                "overlap_share": [1.0, 0.2, np.nan],
                "note": ["", "", "no input holds no_telephone_share"],
            },
            index=["study", "limit-40", "telephone"],
        ),
        practices=pd.DataFrame(
            {"sites_n": [3, 1, 0], "relying_n": [people * 0.7, people * 0.3, 0.0]},
            index=["fit", "below", "unknown"],
        ),
        criteria=(
            "At least 20 % of residents live in poverty.",
            "At least 10 % of households have no vehicle.",
        ),
        method=(
            ("The gap", "Residents times share beyond reach times one minus the usable share."),
            ("Care in reach", "Travel time over 30 minutes."),
        ),
        limits=("Claimed coverage is what providers report.", "Margins cover sampling error only."),
        sources=SOURCES,
        software={"name": "telehealth-equity", "version": "0.1.0"},
        study_toml='[study]\nname = "example"  # <b>\n',
        outlines=gpd.GeoDataFrame(
            {"name": ["County 1", "County 2"]},
            geometry=[box(-75.8, 38.5, -75.4, 39.22), box(-75.4, 38.5, -75.08, 39.22)],
            crs="EPSG:4269",
        ),
        sites=gpd.GeoDataFrame(
            {"name": ["<script>alert(2)</script> Clinic", "Plain Clinic"]},
            geometry=[Point(-75.5, 38.8), Point(-75.2, 39.0)],
            index=pd.Index(["s1", "s2"], name="site_id"),
            crs="EPSG:4269",
        ),
        sites_label="health centers",
    )


def words(text: str) -> str:
    """What a reader of HTML or XML sees, on one line."""
    text = re.sub(r"<(script|style)\b.*?</\1>", " ", text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", text)))


def config_of(text):
    (found,) = re.findall(
        r'<script type="application/json" id="eq-\w+-data">(.*?)</script>', text, re.DOTALL
    )
    return json.loads(found)


def inflate(text):
    return zlib.decompress(base64.b64decode(text))


def payload_of(text, view=0):
    """What a view of a map carries: its values in words."""
    return json.loads(inflate(config_of(text)["views"][view]["table"]))


def column_of(text, name, view=0):
    return next(c for c in payload_of(text, view)["columns"] if c["name"] == name)


def names_of(text):
    return json.loads(inflate(config_of(text)["names"]))
