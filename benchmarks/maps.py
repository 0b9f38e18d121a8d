"""Self-contained maps of n tract-like areas: size, time to build, time until a browser has drawn them.

    python benchmarks/maps.py 3000 10000 85000

Peers: folium's own ``GeoJson`` as it is saved (with Leaflet put inside, or it would show nothing
without a network), the same after simplifying the coverage, rounding and drawing on a canvas, and
``geopandas.GeoDataFrame.explore`` as it comes. The whole page carries every column that a page shows.
Every map has the same polygons, five values an area and a tooltip; the browser is headless Chromium
with the network off. Build seconds are CPU. Milliseconds are from the start of loading until every
polygon of the first view is painted (best of three), and beside them the CPU seconds of the process
that draws, which the load of the machine does not change. Above 20,000 areas only the page of a run
is measured: it starts with counties, and a state's tracts come when they are chosen.

Floor: the same polygons and the numbers that are shown, rounded as shown, as deflated binary in
base64: no page that carries them can be smaller.
"""

from __future__ import annotations

import gzip
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from browser import Browser  # noqa: E402
from outputs_data import make_report  # noqa: E402

from equity.areas.geoid import STATES  # noqa: E402
from equity.outputs import _pack  # noqa: E402
from equity.outputs._leaflet import leaflet  # noqa: E402
from equity.outputs.maps import make_map, save_map  # noqa: E402
from equity.outputs.page import write_page  # noqa: E402
from equity.provenance import stamp  # noqa: E402

LAYERS = [
    ("gap_n", "People in the gap", "people"),
    ("gap_share", "Share of residents", "share"),
    ("qualifying_share", "Locations with a qualifying line", "share"),
    ("connected_share", "Homes with device and broadband", "share"),
    ("nearest_site_km", "Nearest site", "km"),
]
COLUMNS = [column for column, _, _ in LAYERS]
#: Above this number of areas there is a nation of states, and no peer is measured.
MANY = 20_000
#: Polygons on the map: all of them, or those of the first view where the page says that it is ready.
DRAWN = (
    "(() => { const m = Object.values(window).find(v => typeof L !== 'undefined' && v instanceof L.Map);"
    "let n = 0; if (m) m.eachLayer(l => { if (l instanceof L.Polygon) n++; });"
    "const own = document.querySelector('.eq-map');"
    "return own ? own.dataset.state === 'ready' : n >= %d; })()"
)


def tracts(n: int, *, points: int = 23, seed: int = 1) -> gpd.GeoDataFrame:
    """About n areas that share wavy borders, some 95 vertices each."""
    side = max(round(n**0.5), 2)
    random = np.random.default_rng(seed)
    corners = np.stack(np.meshgrid(np.arange(side + 1.0), np.arange(side + 1.0)), -1)
    corners += random.uniform(-0.25, 0.25, corners.shape)

    def line(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Points from a to b, off the straight by a smooth random wave that is 0 at both ends."""
        t = np.linspace(0, 1, points + 1)[:, None]
        wave = sum(random.normal(0, 0.03 / k, (1, 2)) * np.sin(np.pi * k * t) for k in range(1, 9))
        return a + (b - a) * t + wave

    across = [
        [line(corners[j, i], corners[j, i + 1]) for i in range(side)] for j in range(side + 1)
    ]
    up = [[line(corners[j, i], corners[j + 1, i]) for i in range(side + 1)] for j in range(side)]
    shapes = [
        shapely.Polygon(
            np.vstack(
                [
                    across[j][i][:-1],
                    up[j][i + 1][:-1],
                    across[j + 1][i][::-1][:-1],
                    up[j][i][::-1][:-1],
                ]
            )
            * [0.05, 0.04]
            + [-83, 36.5]
        )
        for j in range(side)
        for i in range(side)
    ]
    size = len(shapes)
    people = random.integers(300, 9000, size)
    share = random.beta(1, 9, size)
    table = gpd.GeoDataFrame(
        {
            "name": [f"Tract {k}" for k in range(size)],
            "gap_n": people * share,
            "gap_share": share,
            "qualifying_share": random.beta(8, 2, size),
            "connected_share": random.beta(9, 2, size),
            "nearest_site_km": random.gamma(2, 6, size),
            "population_n": people.astype(float),
            "no_link_n": people * np.minimum(1.0, share * 2),
            "beyond_reach_n": people * np.minimum(1.0, share * 3),
            "gap_line_only_n": people * share * 0.5,
            "gap_home_only_n": people * share * 0.2,
            "gap_both_n": people * share * 0.3,
            "beyond_reach_share": np.minimum(1.0, share * 3),
            "is_under_resourced": random.random(size) < 0.15,
            "under_resourced_reason": "",
        },
        geometry=shapes,
        index=pd.Index(_ids(side), name="geoid"),
        crs="EPSG:4269",
    )
    return stamp(table, level="tract", geo_vintage="2020")


def _ids(side: int) -> list[str]:
    """Ids in squares: one state of 64 counties, or 49 of them where there are very many areas."""
    across = 7 if side * side > MANY else 1
    j, i = np.divmod(np.arange(side * side), side)
    state = j * across // side * across + i * across // side
    county = j * across * 8 // side % 8 * 8 + i * across * 8 // side % 8
    fips = sorted(STATES) if across > 1 else ["51"]
    return [
        f"{fips[s]}{2 * c + 1:03d}{k:06d}"
        for k, (s, c) in enumerate(zip(state, county, strict=True))
    ]


def larger(table: gpd.GeoDataFrame, digits: int, level: str) -> gpd.GeoDataFrame:
    """The areas added up, with outlines; such counties exist nowhere, so not by the package."""
    of = table.index.to_series().str[:digits]
    counts = [name for name in table.columns if name.endswith("_n")]
    rolled = table[counts].groupby(of).sum()
    rolled["gap_share"] = rolled["gap_n"] / rolled["population_n"]
    rolled.insert(0, "name", [f"Area {geoid}" for geoid in rolled.index])
    shapes = table.geometry.groupby(of).agg(lambda parts: _pack.joined(parts.to_numpy()))
    placed = gpd.GeoDataFrame(rolled, geometry=shapes.to_numpy(), crs=table.crs)
    return stamp(placed, level=level, geo_vintage="2020")


def ours(table: gpd.GeoDataFrame, path: Path) -> None:
    """This package: one packed block, five layers, legends."""
    same = table[["name", *COLUMNS, "geometry"]]
    save_map(make_map(same, layers=LAYERS, with_table=False, sources=()), path)


def ours_with_table(table: gpd.GeoDataFrame, path: Path) -> None:
    """The same with every value as a sortable table under the map."""
    save_map(make_map(table[["name", *COLUMNS, "geometry"]], layers=LAYERS, sources=()), path)


def whole_page(table: gpd.GeoDataFrame, path: Path) -> None:
    """The page of a run: finding, map with names, search and panel, explorer, all its tables."""
    report = make_report(table)
    levels = {"counties": larger(table, 5, "county")}
    write_page(replace(report, levels=levels, outlines=levels["counties"]), path.parent)
    (path.parent / "index.html").replace(path)


def by_explore(table: gpd.GeoDataFrame, path: Path) -> None:
    """geopandas' own explore with the same columns, Leaflet inside, no legend: that wants d3."""
    fields = ["name", *COLUMNS]
    small = table[[*fields, "geometry"]].to_crs(4326)
    _save(small.explore(column="gap_n", tooltip=fields, tiles=None, legend=False), path)


def by_folium(table: gpd.GeoDataFrame, path: Path) -> None:
    """folium.GeoJson as it comes, Leaflet inside."""
    _folium(table[["name", *COLUMNS, "geometry"]].to_crs(4326), path, prefer_canvas=False)


def by_folium_simplified(table: gpd.GeoDataFrame, path: Path) -> None:
    """folium.GeoJson after simplifying the coverage and rounding, on a canvas, Leaflet inside."""
    small = table[["name", *COLUMNS, "geometry"]].to_crs(4326)
    simple = shapely.coverage_simplify(small.geometry.to_numpy(), 1e-3)
    small = small.set_geometry(shapely.transform(simple, lambda xy: np.round(xy, 4)), crs=4326)
    _folium(small, path, prefer_canvas=True)


def _folium(table: gpd.GeoDataFrame, path: Path, *, prefer_canvas: bool) -> None:
    west, south, east, north = table.total_bounds
    made = folium.Map(
        [(south + north) / 2, (west + east) / 2], tiles=None, prefer_canvas=prefer_canvas
    )
    top = table["gap_n"].max()

    def style(feature: dict) -> dict:
        gray = int(255 * (1 - feature["properties"]["gap_n"] / top))
        return {
            "fillColor": f"#{gray:02x}{gray:02x}ff",
            "color": "#333",
            "weight": 0.5,
            "fillOpacity": 1,
        }

    fields = ["name", *(column for column, _, _ in LAYERS)]
    folium.GeoJson(
        table.reset_index()[[*fields, "geometry"]].to_json(),
        style_function=style,
        tooltip=folium.GeoJsonTooltip(fields),
    ).add_to(made)
    made.fit_bounds([[south, west], [north, east]])
    _save(made, path)


def _save(made: folium.Map, path: Path) -> None:
    text = re.sub(
        r'<(?:script src|link rel="stylesheet" href)="https?://[^"]*"[^>]*>(?:</script>)?',
        "",
        made.get_root().render(),
    )
    script, sheet = leaflet()
    path.write_text(
        text.replace("<head>", f"<head><style>{sheet}</style><script>{script}</script>", 1),
        encoding="utf-8",
    )


VARIANTS: dict[str, Callable[[gpd.GeoDataFrame, Path], None]] = {
    "equity, map alone": ours,
    "equity, map and table": ours_with_table,
    "equity, the whole page": whole_page,
    "folium, Leaflet inside": by_folium,
    "geopandas.explore, Leaflet inside": by_explore,
    "folium, simplified, canvas, Leaflet inside": by_folium_simplified,
}


def measure(name: str, table: gpd.GeoDataFrame, folder: Path, browser: Browser) -> str:
    """Return one row of the table of results."""
    path = folder / "map.html"
    start = time.process_time()
    VARIANTS[name](table, path)
    built = time.process_time() - start
    size, packed = path.stat().st_size, len(gzip.compress(path.read_bytes(), 6))
    waits, cpu, heap = [], [], []
    for _ in range(3):
        with browser.open(path) as page:
            page.until(DRAWN % len(table))
            page.settle()  # painted, not only put on the map
            waits.append(page.run("performance.now()"))
            page.send("Performance.enable")
            told = {m["name"]: m["value"] for m in page.send("Performance.getMetrics")["metrics"]}
            cpu.append(told["ProcessTime"])
            heap.append(told["JSHeapUsedSize"] / 1e6)
            if page.outside or page.errors:
                raise SystemExit(f"{name}: {page.outside} {page.errors}")
            page.send("Page.close")
    return (
        f"| {len(table):,} | {name} | {size / 1e6:.2f} ({packed / 1e6:.2f}) | "
        f"{floor(table) / 1e6:.2f} | {built:.1f} | {min(waits):,.0f} | {min(cpu):.1f} | "
        f"{max(heap):.0f} |"
    )


def floor(table: gpd.GeoDataFrame) -> int:
    """Bytes of the polygons and the numbers that are shown, as deflated binary in base64."""
    parts = table.index.str[:2] if len(table) > MANY else [""] * len(table)
    drawn = [_pack.display_geometry(one) for _, one in table.geometry.groupby(parts)]
    numbers = table.drop(columns=["geometry", "name"]).select_dtypes("number")
    blocks = [_pack.pack(one, _pack.step_for(one)) for one in drawn]
    for name, column in numbers.items():
        shown = column * 1000 if name.endswith("_share") else column * (10 if "_km" in name else 1)
        blocks.append(shown.round().astype("uint16").to_numpy().tobytes())
    return sum(len(_pack.to_base64(block)) for block in blocks)


def main() -> None:
    sizes = [int(a) for a in sys.argv[1:]] or [250, 3000]
    print(f"load of the machine at the start: {os.getloadavg()[0]:.1f}")
    print(
        "| areas | variant | file MB (gz) | floor MB | build CPU s | first view ms | its CPU s "
        "| JS heap MB |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as name, Browser(patience=300) as browser:
        ours(tracts(100), Path(name) / "warm.html")  # imports are not part of any row
        by_folium(tracts(100), Path(name) / "warm.html")
        for n in sizes:
            table = tracts(n)
            for variant in VARIANTS if n <= MANY else ["equity, the whole page"]:
                print(measure(variant, table, Path(name), browser), flush=True)


if __name__ == "__main__":
    main()
