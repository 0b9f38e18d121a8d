"""Centers of population as the Census Bureau writes them: a BOM, signed numbers, split ids."""

from __future__ import annotations

import pytest

from equity.errors import EquityError, InputError
from equity.provenance import meta
from equity.sources.census.centers import read_centers

HEAD = "\ufeffSTATEFP,COUNTYFP,TRACTCE,POPULATION,LATITUDE,LONGITUDE"
ROWS = ["10,001,040100,7315,+39.237913,-075.680800", "51,001,090101,1200,+37.900000,-075.400000"]


def put(folder, *rows, head=HEAD):
    path = folder / "CenPop2020_Mean_TR.txt"
    path.write_bytes("\r\n".join([head, *rows, ""]).encode())
    return path


def test_signed_numbers_split_ids_and_one_state(tmp_path):
    table = read_centers(put(tmp_path, *ROWS), year=2020, state="DE")
    assert table.index.tolist() == ["10001040100"]
    assert table.iloc[0].tolist() == [-75.6808, 39.237913, 7315]
    assert (meta(table).level, meta(table).geo_vintage) == ("tract", "2020")
    assert "1 rows of other states" in meta(table).notes[0]


def test_block_groups_have_a_digit_more(tmp_path):
    head = HEAD.replace("TRACTCE,", "TRACTCE,BLKGRPCE,")
    path = put(tmp_path, "10,001,040100,2,900,+39.2,-075.6", head=head)
    assert read_centers(path, year=2020, level="block_group").index.tolist() == ["100010401002"]
    with pytest.raises(InputError, match="block groups"):
        read_centers(path, year=2020)


@pytest.mark.parametrize(
    ("row", "options", "match"),
    [
        (ROWS[0], {"year": 2015}, "2010 or 2020"),
        (ROWS[0], {"year": 2020, "level": "zcta"}, "block_group"),
        ("10,001,040100,7315,+399.2,-075.6", {"year": 2020}, "outside the globe"),
        ("10,001,040100,x,+39.2,-075.6", {"year": 2020}, "POPULATION"),
    ],
)
def test_what_is_wrong_is_told(tmp_path, row, options, match):
    with pytest.raises(EquityError, match=match):
        read_centers(put(tmp_path, row), **options)


@pytest.mark.real
def test_both_real_states(shared_data):
    path = shared_data / "bundles/common/travel/CenPop2020_Mean_TR.txt"
    assert len(read_centers(path, year=2020, state="DE")) > 250
    assert len(read_centers(path, year=2020, state="VA")) > 2_100
