"""Every error says what, where, which rows and the fix, on one line, and is the builtin it looks like."""

from __future__ import annotations

import copy
import inspect
import pickle

import numpy as np
import pandas as pd
import pytest

from equity import errors
from equity.errors import EquityError, InputError, MissingColumnError, MissingFileError

LEAVES = [
    value
    for value in vars(errors).values()
    if inspect.isclass(value) and issubclass(value, EquityError) and value is not EquityError
]
BUILTINS = {
    "InputError": ValueError,
    "ArgumentError": TypeError,
    "GeoidError": ValueError,
    "VintageError": ValueError,
    "StudyError": ValueError,
    "FormatError": ValueError,
    "MissingFileError": FileNotFoundError,
    "MissingColumnError": KeyError,
    "NetworkError": ConnectionError,
    "OfflineError": ConnectionError,
    "CredentialError": PermissionError,
    "StorageError": OSError,
    "DependencyError": ImportError,
}


def test_every_leaf_has_its_builtin_and_its_own_code():
    assert {leaf.__name__ for leaf in LEAVES} == set(BUILTINS)
    codes = [leaf.default_code for leaf in LEAVES]
    assert len(set(codes)) == len(codes)
    assert all(code.startswith("E-") for code in codes)


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.__name__)
def test_each_is_caught_as_its_builtin_and_says_one_line(leaf):
    with pytest.raises(BUILTINS[leaf.__name__]) as caught:
        raise leaf("is wrong", file="a.csv", rows=[3, 7], fix="mend it")
    assert str(caught.value) == "a.csv: is wrong (rows 3, 7). Fix: mend it."
    assert caught.value.code == leaf.default_code


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.__name__)
def test_each_survives_a_process_pool(leaf):
    error = leaf("is wrong", file="a.csv", rows=range(9), fix="mend it", code="E-X")
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(twin) is leaf
        assert str(twin) == str(error)
        assert (twin.what, twin.file, twin.rows, twin.count, twin.fix, twin.code) == (
            "is wrong", "a.csv", list(range(9)), 9, "mend it", "E-X",
        )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, "wrong."),
        ({"file": "a.csv"}, "a.csv: wrong."),
        ({"rows": []}, "wrong."),
        ({"rows": [1, 2, 3, 4, 5]}, "wrong (rows 1, 2, 3, 4, 5)."),
        ({"rows": range(1, 7)}, "wrong (rows 1, 2, 3, 4, 5 and 1 more)."),
        ({"rows": range(1, 1_235)}, "wrong (rows 1, 2, 3, 4, 5 and 1,229 more)."),
        ({"rows": ["a"], "count": 3}, "wrong (rows a and 2 more)."),
        ({"rows": pd.Index([np.int64(4)])}, "wrong (rows 4)."),
        ({"rows": ["line 3", "line 9"]}, "wrong (lines 3, 9)."),
        ({"fix": "mend it."}, "wrong. Fix: mend it."),
        ({"fix": "did you mean b.csv?"}, "wrong. Fix: did you mean b.csv?"),
    ],
)
def test_the_sentence(arguments, text):
    assert str(InputError("wrong.", **arguments)) == text


def test_text_from_other_libraries_stays_on_one_line():
    error = InputError("broken\n  at line 3\n", fix="mend\nit")
    assert str(error) == "broken at line 3. Fix: mend it."


def test_key_errors_are_not_quoted_and_paths_stay_as_given(tmp_path):
    assert str(MissingColumnError("lacks column x", file="t.csv")) == "t.csv: lacks column x."
    path = tmp_path / "a.csv"
    assert MissingFileError("no such file", file=path).file == str(path)
