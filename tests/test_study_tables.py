"""What a study file says of a table is what the reader of tables takes."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from equity import read_table
from equity.errors import GeoidError, InputError
from equity.provenance import meta
from equity.study.input_parts import ColumnPart, TablePart

PART = {
    "file": "long.csv",
    "agency": "An office",
    "product": "A table",
    "vintage": "2023",
    "geo_vintage": "2020",
    "id_column": ["state", "county"],
    "where": {"year": 2020},
    "other_levels": "drop",
    "missing": [-999],
    "columns": {
        "online_share": {"column": "v", "unit": "percent", "where": {"m": ["online", "on line"]}},
        "homes_n": {"column": "v", "where": {"m": "homes"}},
    },
}


def test_a_long_table_can_be_named_in_a_study(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text(
        "state,county,year,m,v\n9,1,2020,homes,10\n09,001,2020,online,50\n9,1,2019,homes,9\n"
        "9,3,2020,homes,-999\n9,3,2020,on line,80\n"
    )
    part = TablePart.model_validate(PART)
    table = read_table(
        path,
        level="county",
        columns={name: c.model_dump(exclude_none=True) for name, c in part.columns.items()},
        **part.model_dump(include={"agency", "product", "vintage", "geo_vintage", "id_column", "where", "other_levels", "missing"}),
    )  # fmt: skip
    assert table["online_share"].to_dict() == {"09001": 0.5, "09003": 0.8}
    assert table["homes_n"].to_dict() == {
        "09001": 10.0,
        "09003": pytest.approx(float("nan"), nan_ok=True),
    }


@pytest.mark.parametrize("wrong", [{"unit": "miles"}, {"colum": "v"}, {"where": 3}])
def test_a_typo_in_a_column_is_refused(wrong):
    with pytest.raises(ValidationError):
        ColumnPart.model_validate({"column": "v", **wrong})


def test_a_row_of_a_place_that_is_none_is_told_not_dropped(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("state,county,v\n9,1,50\n9,x1,5\n")
    with pytest.raises(GeoidError, match=r"column county holds 'x1' .*3\)"):
        read_table(
            path, level="county", columns={"homes_n": {"column": "v"}}, agency="An office",
            product="A table", vintage="2023", geo_vintage="2020", id_column=["state", "county"],
            other_levels="drop",
        )  # fmt: skip


def test_a_column_may_be_named_alone_and_every_value_of_a_filter_must_occur(tmp_path):
    assert ColumnPart.model_validate("v") == ColumnPart(column="v")
    path = tmp_path / "long.csv"
    path.write_text("GEOID,m,v\n09001,a,1\n09003,b,2\n")
    said = {"level": "county", "geo_vintage": "2020", "agency": "a", "product": "p",
            "vintage": "2023", "columns": {"pets_n": "v"}}  # fmt: skip
    assert len(read_table(path, where={"m": ["a", "b"]}, **said)) == 2
    for lost in ("zzz", ["a", "zzz"]):
        with pytest.raises(InputError, match="no row has m = 'zzz'") as caught:
            read_table(path, where={"m": lost}, **said)
        assert "'a', 'b'" in caught.value.fix
    said["columns"] = {"pets_n": "v", "kind": {"column": "m", "unit": "text"}}
    for missing, told in (
        (["b", 2.0], []),
        ([2, "zzz", -9], ["long.csv: no cell holds zzz, -9, listed as missing"]),
    ):
        notes = meta(read_table(path, missing=missing, **said)).notes
        assert [note for note in notes if "listed" in note] == told
