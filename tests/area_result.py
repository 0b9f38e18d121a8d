"""What every measure that returns areas promises its caller, asserted in one place."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pandas as pd

from equity.provenance import meta

Frame = pd.DataFrame | pd.Series


def assert_area_result(
    result: Frame,
    table: pd.DataFrame,
    *,
    of: type = pd.DataFrame,
    turned: Frame,
    inputs: Mapping[str, Any],
    before: Mapping[str, Any],
    own_rows: bool = False,
    level: str | None = None,
    unsaid: str = "",
) -> None:
    """Fail unless a result has the caller's rows and record, and left the inputs as they were.

    Parameters
    ----------
    result, table
        What the measure returned, and the caller's table whose rows it must have.
    of
        The exact type that the contract promises.
    turned
        What it returns for the same rows in another order.
    inputs, before
        Everything it was given, after the call and as it was: see :func:`kept`.
    own_rows
        True where the contract says that the result has rows of its own.
    level
        Level of those rows; the table's if None.
    unsaid
        The input that gives rows alone: its sources need not be carried.
    """
    assert type(result) is of
    if not own_rows:
        pd.testing.assert_index_equal(result.index, table.index, exact=True)
    assert result.index.is_unique
    assert len(result)

    record, known = meta(result), meta(table)
    assert record.geo_vintage == known.geo_vintage
    assert record.level == (level or known.level)
    given = {
        source for name, item in inputs.items() if name != unsaid for source in meta(item).sources
    }
    assert given <= set(record.sources)

    assert sorted(turned.index) == sorted(result.index)
    _same(turned.loc[result.index], result)
    assert (meta(turned).level, meta(turned).geo_vintage) == (record.level, record.geo_vintage)
    assert set(meta(turned).sources) == set(record.sources)

    for name, item in inputs.items():
        _same(item, before[name], exact=True)
        assert item.attrs == before[name].attrs, f"the record of {name} was changed"


def kept(inputs: Mapping[str, Frame]) -> dict[str, Frame]:
    """Return copies of all inputs, their records too, that share no memory with them."""
    copies = {name: item.copy(deep=True) for name, item in inputs.items()}
    for name, item in inputs.items():
        copies[name].attrs = deepcopy(item.attrs)
    return copies


def _same(one: Frame, other: Frame, *, exact: bool = False) -> None:
    """Compare values; the sum of the same numbers in another order may differ in the last digit."""
    how = {"check_exact": True} if exact else {"rtol": 1e-12, "atol": 1e-12}
    if isinstance(other, pd.Series):
        pd.testing.assert_series_equal(one, other, **how)
    else:
        pd.testing.assert_frame_equal(pd.DataFrame(one), pd.DataFrame(other), **how)
