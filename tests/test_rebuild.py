"""Nothing is hidden in a study: public calls give its table to the last digit."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from rebuild import rebuilt

from equity.study.run import Study

REAL = Path(__file__).parent / "real"


def same(left: pd.DataFrame, right: pd.DataFrame) -> None:
    assert list(left.index) == list(right.index)
    assert set(left.columns) == set(right.columns)
    order = list(left.columns)
    pd.testing.assert_frame_equal(
        pd.DataFrame(left), pd.DataFrame(right[order]), check_exact=True, check_dtype=False
    )


def test_the_example_is_rebuilt(example_state):
    study = Study.load(example_state.study)
    same(study.run().table, rebuilt(study))


@pytest.mark.real
@pytest.mark.parametrize("name", ["delaware", "virginia"])
def test_a_real_state_is_rebuilt(name, shared_data, tmp_path):
    text = (REAL / "baseline" / f"{name}.toml").read_text(encoding="utf-8")
    path = tmp_path / "study.toml"
    path.write_text(text.replace("../../../shared/data", shared_data.as_posix()), encoding="utf-8")
    study = Study.load(path)
    same(study.run().table, rebuilt(study))
