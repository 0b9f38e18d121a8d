"""Finding BDC files by name and header, and every way a file can be wrong."""

from __future__ import annotations

import datetime as dt
import random
import zipfile

import numpy as np
import pandas as pd
import pytest
from bdc_files import (
    BLOCK,
    EXPORT_HEADER,
    HEADER,
    STAMP,
    offer,
    text,
    write_export,
    write_offers,
    write_zip,
)

import equity as eq
from equity.errors import FormatError, InputError, MissingFileError, VintageError
from equity.files import inflate as _inflate
from equity.provenance import sha256_of
from equity.sources.fcc._bdc_names import parse_name

AS_OF = "2025-12-31"
L1, L2 = 1_000_000_001, 1_000_000_002


def count(paths, **options):
    files = eq.read_bdc(paths, as_of=AS_OF, **options)
    return eq.coverage(files, rule="bead-2022", level="county").locations_n.sum()


@pytest.mark.parametrize(
    ("name", "technology", "vintage", "revision"),
    [
        ("bdc_51_Cable_fixed_broadband_J24_24dec2024.zip", 40, "2024-06-30", "2024-12-24"),
        ("bdc_51_FibertothePremises_fixed_broadband_D25_29sep2026.csv", 50, "2025-12-31", "2026-09-29"),
        ("BDC_51_GSOSATELLITE_FIXED_BROADBAND_D25_29SEP2026.ZIP", 60, "2025-12-31", "2026-09-29"),
        ("bdc_51_NGSOSatellite_fixed_broadband_D25_1sep2026.csv.zip", 61, "2025-12-31", "2026-09-01"),
        ("bdc_51_LBRFixedWireless_fixed_broadband_D25_29sep2026.zip", 72, "2025-12-31", "2026-09-29"),
        ("bdc_51_Other_fixed_broadband_D25_29sep2026.zip", 0, "2025-12-31", "2026-09-29"),
        ("bdc_51_licensed_tfw_D25_29sep2026.zip", 71, "2025-12-31", "2026-09-29"),
        ("bdc_51_gso_satellite_fixed_broadband_D25_29sep2026.zip", 60, "2025-12-31", "2026-09-29"),
        ("bdc_26_Fiber-to-the-Premises_fixed_broadband_063022.csv", 50, "2022-06-30", ""),
        ("bdc_26_Copper_fixed_broadband_December20ec_24dec2024.zip", 10, "", "2024-12-24"),
    ],
)  # fmt: skip
def test_names(name, technology, vintage, revision):
    parsed = parse_name(f"some/folder/{name}")
    assert parsed.product == "location_coverage"
    assert (parsed.technology, parsed.vintage, parsed.revision) == (technology, vintage, revision)


@pytest.mark.parametrize(
    ("name", "product"),
    [
        ("bdc_10_fixed_broadband_summary_by_geography_place_D25_29sep2026", "summary_by_geography"),
        ("bdc_us_fixed_broadband_summary_by_geography_D25_29sep2026.csv.zip", "summary_by_geography"),
        ("bdc_us_provider_summary_by_geography_D25_29sep2026", "provider_summary_by_geography"),
        ("bdc_us_fixed_broadband_provider_summary_D25_29sep2026", "provider_summary"),
        ("bdc_us_provider_list_D25_29sep2026", "provider_list"),
        ("bdc_10_served_unserved_D25_29sep2026.zip", "served_unserved"),
        ("bdc_51_4g_mobile_broadband_h3_D25_29sep2026.zip", "other"),
        ("notes.csv", "other"),
    ],
)  # fmt: skip
def test_names_of_other_products(name, product):
    assert parse_name(name).product == product


def test_a_folder_with_everything_in_it(tmp_path):
    write_offers(tmp_path, [offer(L1)])
    write_offers(tmp_path, [offer(L2)], name="cable")
    write_offers(tmp_path, [offer(3 * 10**9)], stamp="fixed_broadband_J25_15nov2025")
    write_export(tmp_path, [(L1, BLOCK), (L2, BLOCK)])
    (tmp_path / "README.txt").write_text("not data")
    (tmp_path / ".DS_Store").write_bytes(b"\0")
    write_zip(tmp_path / "bdc_us_provider_list_D25_29sep2026.zip", b"frn,provider_id\n")
    files = eq.read_bdc(tmp_path, as_of=AS_OF)
    assert files.technologies == (40, 50)
    assert files.has_export
    assert len(files.files) == 3
    assert any("as of 2025-06-30, not 2025-12-31" in note for note in files.notes)
    assert any("provider_list" in note for note in files.notes)
    assert count(tmp_path) == 2


def test_the_newest_revision_wins_and_says_so(tmp_path):
    write_offers(tmp_path, [offer(L1)], stamp="fixed_broadband_D25_04may2026")
    write_offers(tmp_path, [offer(L1), offer(L2)], stamp="fixed_broadband_D25_29sep2026")
    files = eq.read_bdc(tmp_path, as_of=AS_OF)
    assert [file.revision for file in files.files] == ["2026-09-29"]
    assert any("newest revision; left out" in note and "04may2026" in note for note in files.notes)
    assert count(tmp_path) == 2


def test_state_and_technology_filters(tmp_path):
    write_offers(tmp_path, [offer(L1)])
    write_offers(tmp_path, [offer(L2)], name="Cable")
    write_offers(tmp_path, [offer(L2, block="510010901011000")], state="51")
    assert count(tmp_path, state="DE") == 2
    assert count(tmp_path, state="Virginia") == 1
    assert count(tmp_path, technologies=[40]) == 1


def test_checksums_are_noted_where_asked_for(tmp_path):
    path = write_offers(tmp_path, [offer(L1)])
    plain, noted = (eq.read_bdc(tmp_path, as_of=AS_OF, checksums=c) for c in (False, True))
    assert [source.sha256 for source in plain.sources] == [""]
    assert [source.sha256 for source in noted.sources] == [sha256_of(path)]


def test_any_order_of_columns_and_a_byte_order_mark(tmp_path):
    rows = [offer(L1), offer(L2, down="")]
    turned = [row[::-1] for row in rows]
    content = b"\xef\xbb\xbf" + text(turned, HEADER[::-1])
    write_zip(tmp_path / f"bdc_10_Cable_{STAMP}.zip", content)
    assert count(tmp_path) == 2


def test_windows_line_ends_and_upper_case_header(tmp_path):
    content = text([offer(L1)]).replace(b"\n", b"\r\n")
    head, body = content.split(b"\r\n", 1)
    (tmp_path / f"bdc_10_Cable_{STAMP}.csv").write_bytes(head.upper() + b"\r\n" + body)
    assert count(tmp_path) == 1


def test_a_renamed_file_is_taken_by_its_header_when_named(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_bytes(text([offer(L1)]))
    assert count(path) == 1
    export = tmp_path / "export.csv"
    export.write_bytes(text([[L2, BLOCK, "", 1, 1, 1]], EXPORT_HEADER))
    assert count([path, export]) == 2
    with pytest.raises(MissingFileError, match=r"mine\.csv: not a file of fixed-broadband"):
        count(tmp_path)


def test_a_late_quoted_name_does_not_shift_columns(tmp_path):
    rows = [offer(L1 + n, brand="Plain") for n in range(40_000)]
    rows.append(offer(5 * 10**9, brand='Sons, "and" Daughters, Inc.'))
    write_offers(tmp_path, rows)
    assert count(tmp_path) == 40_001


def test_as_of_must_be_a_collection_date():
    for wrong in ("2025", "2025-07-01", "2021-12-31", "D21", ""):
        with pytest.raises(VintageError, match="30 June and 31 December"):
            eq.read_bdc("anywhere", as_of=wrong)


@pytest.mark.parametrize(
    "as_of", [dt.date(2025, 12, 31), pd.Timestamp("2025-12-31"),
              pd.Timestamp("2025-12-31").to_numpy(), " D25 ", "2025-12-31T00:00:00"],
)  # fmt: skip
def test_a_date_may_be_given_in_any_form(tmp_path, as_of):
    write_offers(tmp_path, [offer(L1)])
    assert eq.read_bdc(tmp_path, as_of=as_of).as_of == AS_OF


@pytest.mark.parametrize(
    "technologies", [["fiber"], ["50"], "50", "fiber", [500], 500, [], [50, 51], [True], [None], {"50"},
                     [50.5], (code for code in ["cable"])],
)  # fmt: skip
def test_a_technology_that_no_file_can_have_says_which_there_are(tmp_path, technologies):
    write_offers(tmp_path, [offer(L1)])
    with pytest.raises(
        InputError,
        match=r"technology code.* choose from 10, 40, 50, 60, 61, 70|technologies is .*a whole number",
    ):
        eq.read_bdc(tmp_path, as_of=AS_OF, technologies=technologies)


@pytest.mark.parametrize("technologies", [50, [50], {50}, np.array([50]), np.int64(50), (50, 72)])
def test_one_technology_or_several_may_be_kept(tmp_path, technologies):
    write_offers(tmp_path, [offer(L1)])
    write_offers(tmp_path, [offer(L1, technology=40)], name="Cable")
    assert eq.read_bdc(tmp_path, as_of=AS_OF, technologies=technologies).technologies == (50,)


@pytest.mark.parametrize("options", [{"technologies": [72]}, {"state": "VA"}])
def test_a_filter_that_leaves_nothing_says_what_there_is(tmp_path, options):
    write_offers(tmp_path, [offer(L1)])
    with pytest.raises(MissingFileError, match="holds files of states 10 and technologies 50"):
        eq.read_bdc(tmp_path, as_of=AS_OF, **options)


def test_a_named_file_of_another_vintage_is_refused(tmp_path):
    path = write_offers(tmp_path, [offer(L1)], stamp="fixed_broadband_J25_15nov2025")
    with pytest.raises(VintageError, match='as_of="2025-06-30"'):
        eq.read_bdc(path, as_of=AS_OF)


def test_an_illegible_vintage_is_taken_at_the_users_word_and_told(tmp_path):
    write_offers(tmp_path, [offer(L1)], stamp="fixed_broadband_December20ec_29sep2026")
    files = eq.read_bdc(tmp_path, as_of=AS_OF)
    assert any("no legible vintage" in note for note in files.notes)
    with pytest.raises(MissingFileError):
        eq.read_bdc(tmp_path, as_of="2025-06-30")


class TestDamage:
    """Each ends in one clear error that names the file."""

    def refused(self, path, pattern):
        with pytest.raises(FormatError, match=pattern) as caught:
            count(path)
        assert path.name in str(caught.value) or caught.value.file
        assert "Fix: " in str(caught.value)
        return caught.value

    @pytest.fixture
    def whole(self, tmp_path):
        rows = [offer(L1 + n, provider=100_000 + n % 7) for n in range(20_000)]
        return write_offers(tmp_path, rows)

    def test_not_a_zip(self, tmp_path):
        path = tmp_path / f"bdc_10_Cable_{STAMP}.zip"
        path.write_text("<html>please log in</html>")
        self.refused(path, "zip is damaged")

    def test_half_a_download(self, whole):
        data = whole.read_bytes()
        whole.write_bytes(data[: len(data) // 2])
        self.refused(whole, "zip is damaged")

    @pytest.mark.parametrize("standard", [False, True])
    def test_a_hole_in_the_middle(self, whole, standard, monkeypatch):
        if standard:
            monkeypatch.setattr("equity.files.zips.fast_member", lambda *_: None)
        data = bytearray(whole.read_bytes())
        middle = len(data) // 2
        data[middle : middle + 4000] = random.Random(1).randbytes(4000)
        whole.write_bytes(data)
        self.refused(whole, "zip is damaged|not readable as CSV|fields|no whole number")

    @pytest.mark.parametrize("standard", [False, True])
    def test_a_wrong_checksum(self, tmp_path, standard, monkeypatch):
        if standard:
            monkeypatch.setattr("equity.files.zips.fast_member", lambda *_: None)
        path = write_offers(tmp_path, [offer(L1)])
        data = bytearray(path.read_bytes())
        at = data.index(b"PK\x01\x02") + 16
        data[at] ^= 0xFF
        path.write_bytes(data)
        self.refused(path, "Bad CRC-32")

    def test_no_csv_or_two(self, tmp_path):
        path = write_zip(tmp_path / f"bdc_10_Cable_{STAMP}.zip", b"x", member="readme.txt")
        self.refused(path, "exactly one .csv file, it holds 0")
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.csv", text([offer(L1)]))
            archive.writestr("b.csv", text([offer(L1)]))
        self.refused(path, "it holds 2")

    def test_what_a_mac_adds_is_ignored(self, tmp_path):
        path = write_offers(tmp_path, [offer(L1)])
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("__MACOSX/._x.csv", b"\0\1")
            archive.writestr("._x.csv", b"\0\1")
        assert count(path) == 1

    def test_a_wrong_header(self, tmp_path):
        path = write_zip(tmp_path / f"bdc_10_Cable_{STAMP}.zip", b"geoid,served\n1,2\n")
        error = self.refused(path, "header is not that of location coverage")
        assert "expected frn,provider_id" in error.fix

    def test_a_column_twice(self, tmp_path):
        header = [*HEADER, "technology"]
        path = write_zip(tmp_path / f"bdc_10_Cable_{STAMP}.zip", text([[*offer(L1), 50]], header))
        self.refused(path, "'technology' twice")

    def test_rows_with_a_wrong_number_of_fields_are_named_by_line(self, tmp_path):
        rows = [offer(L1 + n) for n in range(10)]
        rows[3] = rows[3][:-1]
        rows[6] = [*rows[6], "more"]
        error = self.refused(write_offers(tmp_path, rows), "2 lines do not have 12 fields")
        assert error.rows == ["line 5", "line 8"]

    def test_text_where_a_number_belongs_is_named_by_line(self, tmp_path):
        rows = [offer(L1), offer(L2, down="fast")]
        error = self.refused(
            write_offers(tmp_path, rows), "'max_advertised_download_speed'.*'fast'"
        )
        assert error.rows == ["line 3"]

    @pytest.mark.parametrize(
        "cell", ["882bab53", "", "872bab530ffffff", "z82bab5303fffff", "882bab5303fffff0"]
    )
    def test_a_cell_that_is_none(self, tmp_path, cell):
        path = write_offers(tmp_path, [offer(L1), offer(L2, cell=cell)])
        with pytest.raises(FormatError, match="no H3 cell"):
            eq.coverage(eq.read_bdc(path, as_of=AS_OF), rule="bead-2022", level="h3")

    def test_a_header_and_nothing_else(self, tmp_path):
        path = write_offers(tmp_path, [])
        with pytest.raises(InputError, match="name no location"):
            count(path)

    def test_an_empty_file(self, tmp_path):
        path = tmp_path / f"bdc_10_Cable_{STAMP}.csv"
        path.write_bytes(b"")
        self.refused(path, "header is not")

    def test_no_such_path_and_no_path(self, tmp_path):
        with pytest.raises(MissingFileError, match="no such file or folder"):
            count(tmp_path / "nowhere")
        with pytest.raises(InputError, match="no path"):
            count([])

    def test_an_empty_folder(self, tmp_path):
        with pytest.raises(MissingFileError, match="no BDC location file as of 2025-12-31"):
            count(tmp_path)


def test_stored_members_and_machines_without_isal(tmp_path, monkeypatch):
    path = tmp_path / f"bdc_10_Cable_{STAMP}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("x.csv", text([offer(L1)]))
    assert count(path) == 1
    write_offers(tmp_path, [offer(L1), offer(L2)], name="Copper")
    monkeypatch.setitem(__import__("sys").modules, "isal", None)
    with zipfile.ZipFile(path) as archive, path.open("rb") as handle:
        assert _inflate.fast_member(handle, archive.infolist()[0]) is None
    assert count(tmp_path) == 2


def test_addresses_behind_fsspec(tmp_path):
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    path = write_offers(tmp_path, [offer(L1), offer(L2)])
    memory.pipe_file(f"/bdc/{path.name}", path.read_bytes())
    assert count(f"memory://bdc/{path.name}") == 2
    assert count("memory://bdc") == 2
    files = eq.read_bdc("memory://bdc", as_of=AS_OF)
    assert files.files[0].fingerprint().startswith("crc32-")
    with pytest.raises(MissingFileError, match="check the address"):
        count("memory://nowhere")


def test_blank_ids_are_left_out_and_counted(tmp_path):
    write_offers(tmp_path, [offer(L1), offer(""), offer(L2, block=""), offer(-5)])
    table = eq.coverage(eq.read_bdc(tmp_path, as_of=AS_OF), rule="bead-2022")
    assert table.locations_n.sum() == 1
    assert any("3 rows without a location id or block" in n for n in table.attrs["equity"]["notes"])


def test_long_ids_of_the_newer_specification(tmp_path):
    ids = [10**12 + 7, 9_999_999_999_999, L1]
    write_offers(tmp_path, [offer(n) for n in ids])
    assert count(tmp_path) == 3


def test_names_in_utf8_are_read(tmp_path):
    write_offers(tmp_path, [offer(L1, brand="Señal, S.A. – Las Marías")])
    assert count(tmp_path) == 1


@pytest.mark.parametrize("named", ["~", "~/bdc"])
def test_a_path_may_begin_at_home(tmp_path, monkeypatch, named):
    (tmp_path / "bdc").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    with pytest.raises(MissingFileError, match="the folder holds none"):
        eq.read_bdc(named, as_of="2024-12-31")
