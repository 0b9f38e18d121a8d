"""Numbers that small functions of a study put into words."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from equity.errors import InputError, StudyError
from equity.example.state import write_example
from equity.measures.reach.calibration import travel_facts
from equity.study.compare import _names
from equity.study.file import _SHOWN, _short
from equity.study.finding import _homes_are_a_bound
from equity.study.minutes import _off, _travel_facts
from equity.study.naming import near
from equity.study.parts import CarePart
from equity.study.place_names import PlaceFinder
from equity.study.run import Study
from equity.study.sheet_care import _places_here


@pytest.mark.parametrize(
    ("bias", "said"),
    [(1.25, "25 % longer"), (0.8, "20 % shorter"), (1.004, "equally long"), (2.1, "110 % longer")],
)
def test_how_far_estimates_are_from_published_minutes(bias, said):
    assert _off(bias) == said


def test_a_long_text_is_cut_to_what_is_shown():
    assert _short("x" * _SHOWN) == "x" * _SHOWN
    assert _short("x" * (_SHOWN + 1)) == "x" * (_SHOWN - 1) + "…"


def test_how_far_a_bound_of_homes_goes_by_hand():
    table = pd.DataFrame(
        {
            "connected_share_status": ["upper_bound", "ok"],
            "connected_share": [0.8, 0.5],
            "device_share": [0.8, 0.6],
            "subscription_share": [0.9, 0.7],
            "qualifying_share": [0.7, 0.7],
            "beyond_reach_n": [1000.0, 2000.0],
            "gap_n": [300.0, 1000.0],
            "gap_ceiling_n": [500.0, 1600.0],
        }
    )
    # Where homes are a bound, at least 0.7 have both, so at least 0.4 a link; elsewhere 0.2 do.
    (said,) = _homes_are_a_bound(table)
    assert "1 area" in said
    assert f"{1000 * 0.6 + 2000 * 0.8:,.0f}" in said
    assert _homes_are_a_bound(table.assign(connected_share_status="ok")) == []


def test_estimates_agree_where_their_median_is_within_a_tenth():
    facts = travel_facts()
    for roads, rows in facts[facts["rurality"] == "all"].groupby("roads"):
        agreed, others = _travel_facts(str(roads)).split("disagrees with")
        for name, own in rows.groupby("published"):
            near = 0.9 <= own["bias"].median() <= 1.1
            assert (name in agreed, name in others) == (near, not near)


def test_of_many_names_six_are_given_and_the_rest_counted():
    assert near("zzz", [f"County {n}" for n in range(8)]).endswith("County 5 and 2 more")
    assert near("zzz", ["A", "B"]) == "there are A, B"


def test_what_a_new_clinic_has_to_reach_is_the_studys_own_ratio():
    care = CarePart(method="capacity", limit_min=30, benchmark_people_per_fte=4000)
    assert care.asked["benchmark_per_10k"] == 2.5


def test_of_many_areas_five_are_named_and_the_rest_counted():
    ids = tuple(f"5100100{n}0" for n in range(8))
    found = SimpleNamespace(
        areas=pd.DataFrame({"name": [f"Tract {n}" for n in range(8)]}, index=ids)
    )
    assert _names(found, ids).endswith("Tract 4 510010040 and 3 more)")
    assert _names(found, ids[:1]) == " (Tract 0 510010000)"
    assert _names(found, ()) == ""


def test_of_many_places_of_care_four_are_named_and_the_rest_counted():
    names = [f"Clinic {n}" for n in range(7)]
    said = _places_here(names, whole=False)
    assert said.startswith("7 places of care")
    assert said.endswith("Clinic 3 and 3 more.")
    assert "more" not in _places_here(names[:4], whole=False)


def test_of_many_places_of_one_name_four_are_named_and_the_rest_counted():
    finder = SimpleNamespace(_of=lambda key: SimpleNamespace(title=f"Place {key}"))
    with pytest.raises(InputError, match=r"Place d \(d\) and 3 more"):
        PlaceFinder._one(finder, "Place", list("abcdefg"))


def test_of_several_problems_of_a_study_file_the_first_is_told_and_the_rest_counted(tmp_path):
    made = write_example(tmp_path / "state", scale=0.01)
    text = made.study.read_text(encoding="utf-8")
    more = ["", " (and 1 more problem)", " (and 2 more problems)"]
    for wrong, said in enumerate(more, start=1):
        lines = "".join(f"colour{n} = 1\n" for n in range(wrong))
        made.study.write_text(text.replace("[study]\n", f"[study]\n{lines}"), encoding="utf-8")
        with pytest.raises(StudyError, match="colour0") as caught:
            Study.load(made.study)
        assert caught.value.what.endswith(said)
        assert ("more problem" in caught.value.what) == bool(said)
