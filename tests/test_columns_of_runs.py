"""What a run puts into its table is declared: label, unit, source, and a margin where there is one."""

from __future__ import annotations

import dataclasses
import json
import re
import zipfile
from importlib import resources

import numpy as np
import openpyxl
import pandas as pd
import pytest
from outputs_data import column_of

from equity.areas import schema
from equity.areas._registry import FILE, parse
from equity.areas.schema import base_name, companion, data_dictionary
from equity.areas.validate import validate
from equity.outputs._colors import RAMP
from equity.study.run import Study

# Counted by the FCC, measured on the map, decided by the study, or bounds: not estimated by a survey.
NOT_SURVEYED = {
    "geo_id", "name", "county_name", "land_km2", "water_km2", "area_status",
    "nearest_site_km", "nearest_site_min", "nearest_site_id", "access_per_10k",
    "beyond_reach_share", "locations_n", "no_provider_n", "one_provider_n", "two_providers_n",
    "three_providers_n", "providers_n", "providers_listed_n", "best_down_mbps", "best_up_mbps",
    "median_down_mbps", "median_up_mbps", "gap_ceiling_n", "gap_independence_n", "is_under_resourced",
    "under_resourced_probability", "focus_probability", "tier", "gap_p05", "gap_p95",
    "home_lacks_device_n", "home_lacks_subscription_n", "home_lacks_both_n",
    *(f"recoverable_{fixes}_n" for fixes in ("line", "device", "subscription", "home", "clinic",
      "line_and_device", "line_and_subscription", "line_and_home")),
    "under_resourced_reason", "falls_short", "is_urban",
    "cluster", "neighbors_n", "smoothed_share",
}  # fmt: skip
# What is told of neighbors.
NEIGHBORS = ("cluster_", "gi_star_z", "local_moran")
CLASSES = ("served", "underserved", "unserved", "qualifying", "listed")


@pytest.fixture(scope="module")
def table(example_state):
    return Study.load(example_state.study).run().table


def test_the_table_keeps_its_own_rules(table):
    validate(table)


def test_every_column_is_declared(table):
    book = data_dictionary(table)
    undeclared = book.index[book["source"] == "column of the user's own table"]
    assert undeclared.tolist() == []
    assert (book["label"] != "").all()
    assert (book["unit"] != "").all()


def test_every_estimate_of_a_survey_carries_its_margin(table):
    names = [c for c in table.columns if c != "geometry" and base_name(c) == c]
    surveyed = [
        name
        for name in names
        if name.partition("__")[0] not in NOT_SURVEYED
        and not name.startswith((*CLASSES, *NEIGHBORS))
        and not name.partition("__")[0].endswith("_status")
    ]
    assert len(surveyed) > 20
    assert [name for name in surveyed if companion(name, "_moe") not in table.columns] == []
    for name in surveyed:
        margin = table[companion(name, "_moe")]
        assert (margin.dropna() >= 0).all(), name
        # A margin belongs to a value.
        assert table.loc[margin.notna(), name].notna().all(), name


ENTRY = """
[columns.bus_stop_share]
unit = "share"
label = "Homes near a bus stop"
source = "Timetables"
direction = "lower"
statuses = ["suppressed"]
layer = { order = 15, label = "Near a bus stop" }
table = { order = 25, tables = ["communities", "appendix"], heading = "Bus stop" }
"""


def bus_stops(table):
    """A made-up measure: one function, one entry of the registry."""
    share = pd.Series(np.linspace(0.1, 0.9, len(table)), index=table.index)
    known = np.arange(len(table)) % 7 != 0
    return table.assign(
        bus_stop_share=share.where(known),
        bus_stop_share_status=np.where(known, "ok", "suppressed"),
    )


def test_a_new_measure_is_one_function_and_one_entry(example_state, tmp_path, monkeypatch):
    text = (resources.files("equity.areas") / FILE).read_text(encoding="utf-8")
    more = parse(text + ENTRY)
    result = Study.load(example_state.study).run()
    monkeypatch.setattr(schema, "registry", lambda: more)
    table = bus_stops(result.table)
    validate(table)
    out = dataclasses.replace(result, table=table).write(tmp_path / "run")

    row = data_dictionary(table).loc["bus_stop_share"]
    expected = ["float", "share", "Homes near a bus stop", "Timetables", "lower is worse"]
    assert row.tolist() == [*expected, "computed"]

    read = pd.read_csv(out / "communities.csv", dtype={"geoid": str}, index_col="geoid")
    np.testing.assert_allclose(read["bus_stop_share"], table["bus_stop_share"], rtol=0, atol=5e-7)
    about = json.loads((out / "communities.csv-metadata.json").read_text(encoding="utf-8"))
    column = next(c for c in about["tableSchema"]["columns"] if c["name"] == "bus_stop_share")
    assert column["titles"] == "Homes near a bus stop"
    assert column["equity:direction"] == "lower is worse"
    assert column["equity:origin"] == "computed"

    book = openpyxl.load_workbook(out / "communities.xlsx")
    assert "bus_stop_share" in [c.value for c in next(book["data"].iter_rows())]
    told = {r[0].value: [c.value for c in r[1:]] for r in book["dictionary"].iter_rows()}
    assert told["bus_stop_share"] == row.tolist()

    for name in ("map.html", "index.html"):
        page = (out / name).read_text(encoding="utf-8")
        layers = re.findall(r'<option value="(\w+)"', page)
        assert layers[:3] == ["gap_n", "bus_stop_share", "gap_share"]
        drawn = column_of(page, "bus_stop_share")
        assert drawn["label"] == "Near a bus stop"
        assert drawn["colors"][0] == RAMP[-1]
        assert drawn["direction"] == "lower"
        assert any("n/a (withheld by the publisher)" in text for text in drawn["text"])
    page = (out / "index.html").read_text(encoding="utf-8")
    heads = re.findall(r'<th scope="col" data-label="([^"]+)"', page)
    assert heads[1:4] == ["Beyond reach", "People in the gap", "Bus stop"]
    with zipfile.ZipFile(out / "appendix.docx") as document:
        assert "Bus stop" in document.read("word/document.xml").decode()
