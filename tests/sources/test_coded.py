"""A word that the publisher does not use is an error with its rows, and its spelling is none."""

from __future__ import annotations

import nppes_rows
import pytest

from equity.errors import InputError
from equity.sources.care.cms import read_hospitals
from equity.sources.care.designations import read_designations
from equity.sources.care.nppes import read_nppes

GONE = "NPI Deactivation Date"
CODE, SWITCH = (f"Healthcare Provider {what}_1" for what in ("Taxonomy Code", "Primary Taxonomy Switch"))  # fmt: skip


def register(folder, **changed):
    rows = [nppes_rows.row(i, **(changed if i % 20 == 0 else {})) for i in range(40)]
    (folder / "n.csv").write_bytes(nppes_rows.header() + b"".join(rows))
    return read_nppes(folder / "n.csv", as_of="2026")


@pytest.mark.parametrize("changed", [{GONE: "NA"}, {GONE: " "}, {CODE: "207q00000x"},
                                     {CODE: "207Q00000X "}, {SWITCH: "y"}, {SWITCH: " Y"},
                                     {"Entity Type Code": "1.0"}])  # fmt: skip
def test_another_spelling_of_a_registers_word_is_the_same_word(tmp_path, changed):
    plain = register(tmp_path)
    assert {"1000000000", "1000000020"} <= set(plain.index)
    assert register(tmp_path, **changed).equals(plain)


def test_the_date_on_which_a_number_ended_is_no_blank(tmp_path):
    left = register(tmp_path, **{GONE: "2024-01-02"})
    assert not {"1000000000", "1000000020"} & set(left.index)


@pytest.mark.parametrize("changed", [{GONE: "gone"}, {CODE: "family"}, {SWITCH: "oui"},
                                     {"Entity Type Code": "person"}])  # fmt: skip
def test_another_word_of_the_register_is_refused_with_its_numbers(tmp_path, changed):
    ((column, word),) = changed.items()
    with pytest.raises(InputError, match=f"{column} holds '{word}'") as caught:
        register(tmp_path, **changed)
    assert caught.value.rows == ["1000000000", "1000000020"]


@pytest.fixture
def shortage(shared_data, tmp_path):
    """Read Maryland's shortage areas with another word for those designated."""
    text = (shared_data / "samples/hrsa/BCD_HPSA_FCT_DET_PC.maryland.csv").read_bytes()

    def read(word):
        path = tmp_path / "h.csv"
        path.write_bytes(text.replace(b",Designated,", b"," + word + b","))
        return read_designations(path, kind="hpsa-pc", as_of="2026")

    return read


@pytest.mark.parametrize("word", [b"designated", b" DESIGNATED "])
def test_another_spelling_of_a_status_keeps_its_areas(shortage, word):
    assert len(shortage(word)) == len(shortage(b"Designated")) == 852


@pytest.mark.parametrize("word", [b"Desig.", b"D", b"In force"])
def test_another_status_is_refused_with_its_lines(shortage, word):
    with pytest.raises(InputError, match="status holds") as caught:
        shortage(word)
    assert caught.value.rows[0] == "line 2"
    assert caught.value.count == 441


@pytest.mark.parametrize(("yes", "no"), [("Yes", "No"), ("TRUE", "FALSE"), ("1", "0"), ("Y", "")])
def test_a_hospital_with_emergency_services_is_kept_however_it_says_so(tmp_path, yes, no):
    assert hospitals(tmp_path, yes, no).index.tolist() == ["490001"]


def test_a_hospital_that_says_neither_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds 'perhaps'") as caught:
        hospitals(tmp_path, "Yes", "perhaps")
    assert caught.value.rows == ["row 2"]


def hospitals(folder, *emergency):
    head = "Facility ID,Facility Name,Address,City/Town,State,ZIP Code,Hospital Type,Emergency Services"
    rows = [f"49000{n},A,1 St,X,VA,24210,Acute Care Hospitals,{said}" for n, said in enumerate(emergency, 1)]  # fmt: skip
    path = folder / "hospitals.csv"
    path.write_text("\n".join([head, *rows]), encoding="utf-8")
    return read_hospitals(path, as_of="2026", emergency_only=True)
