"""Annotation values never reach arithmetic."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from equity.areas.annotations import decode
from equity.errors import InputError

# Census notes on ACS estimate and annotation values (2023).
MOE_CODES = {
    -555555555: (0.0, "controlled"),
    -222222222: (np.nan, "suppressed"),
    -333333333: (np.nan, "open_interval"),
    -666666666: (np.nan, "not_computable"),
    -888888888: (np.nan, "not_applicable"),
    -999999999: (np.nan, "suppressed"),
    -111111111: (np.nan, "unknown"),
    -444444444: (np.nan, "unknown"),
    -777777777: (np.nan, "unknown"),
}


def test_each_code_in_a_margin_column():
    codes = pd.Series(
        list(MOE_CODES), index=[f"r{i}" for i in range(len(MOE_CODES))], name="B19013_001M"
    )
    numbers, status = decode(codes, kind="moe")
    assert numbers.tolist() == pytest.approx([v for v, _ in MOE_CODES.values()], nan_ok=True)
    assert status.tolist() == [s for _, s in MOE_CODES.values()]
    assert numbers.index.tolist() == codes.index.tolist()


def test_codes_in_an_estimate_column_as_text():
    numbers, status = decode(
        ["12", "-666666666", " -999999999.0 ", "", None, "-888888888", "-3"], kind="estimate"
    )
    expected = [12, np.nan, np.nan, np.nan, np.nan, np.nan, -3]
    assert numbers.tolist() == pytest.approx(expected, nan_ok=True)
    assert status.tolist() == [
        "ok", "not_computable", "suppressed", "missing", "missing", "not_applicable", "ok",
    ]  # fmt: skip


def test_a_code_that_is_not_on_the_list_is_refused():
    with pytest.raises(InputError, match="no known annotation code"):
        decode(pd.Series([1, -777777770], name="B01003_001E"))
    with pytest.raises(InputError, match="no known annotation code"):
        decode([-123456789], kind="moe")


def test_text_and_infinities_are_refused():
    with pytest.raises(InputError, match="'N/A'"):
        decode(["1", "N/A"])
    with pytest.raises(InputError, match="number belongs"):
        decode([1.0, np.inf])
    with pytest.raises(InputError, match="kind"):
        decode([1.0], kind="margin")


def test_the_input_is_not_touched():
    column = pd.Series([-555555555.0, 3.0])
    decode(column, kind="moe")
    assert column.tolist() == [-555555555.0, 3.0]
