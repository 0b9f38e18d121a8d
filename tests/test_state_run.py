"""``equity run STATE`` from nothing to ``maps/<state>``, against the replica."""

from __future__ import annotations

import logging
import os
import random
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import pandas as pd
import pytest
import replica_publishers as publishers
from replica_server import HTML, Answer, Replica, page

from equity import settings
from equity.cli import run
from equity.errors import CredentialError, EquityError, InputError, NetworkError
from equity.net.clock import Clock
from equity.net.transport import Transport
from equity.sources.catalog import INPUTS
from equity.sources.fetch import Want, at_hand

SECRETS = (publishers.KEY, publishers.FCC_USER, publishers.FCC_TOKEN)


@pytest.fixture
def replica():
    with Replica() as server:
        publishers.everything(server)
        yield server


@pytest.fixture
def place(tmp_path, replica, monkeypatch):
    """An empty working folder, an empty cache, the replica in front; both credentials set.

    The FCC's ten calls a minute are kept by a clock that jumps over what is slept.
    """
    monkeypatch.chdir(tmp_path)
    jumped = [0.0]
    monkeypatch.setattr(Clock, "sleep", lambda _, seconds: jumped.append(jumped.pop() + seconds))
    monkeypatch.setattr(Clock, "monotonic", lambda _: time.monotonic() + jumped[0])
    settings.configure(
        cache_dir=tmp_path / "cache",
        mirror=replica.url,
        census_api_key=publishers.KEY,
        fcc_username=publishers.FCC_USER,
        fcc_token=publishers.FCC_TOKEN,
    )
    return tmp_path


def environment_of(place: Path) -> dict[str, str]:
    """What a command started from here needs, and no more."""
    package = str(Path(__file__).resolve().parents[1])
    return {"PATH": os.environ["PATH"], "HOME": str(place), "PYTHONPATH": package}


def outputs(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def numbers(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "communities.csv", dtype={"geoid": str}, comment="#")


def test_a_whole_state_with_a_key_and_again_without_asking_anybody(place, replica, capsys):
    run("WV")
    said = capsys.readouterr().out
    assert "ready    Broadband Data Collection" in said
    first = outputs(place / "maps" / "wv")
    assert {"index.html", "map.html", "communities.csv", "provenance.json", "study.toml"} <= set(
        first
    )
    asked = len(replica.asked)
    run("WV")
    assert len(replica.asked) == asked, "the second run asks nobody"
    assert outputs(place / "maps" / "wv") == first

    # The key only changes the way the numbers come, not the numbers; the cache is another one.
    settings.configure(census_api_key=None, cache_dir=place / "keyless")
    run("WV", Path("without"))
    keyed, keyless = numbers(place / "maps" / "wv"), numbers(place / "without")
    pd.testing.assert_frame_equal(keyed, keyless)
    assert keyed["gap_n"].sum() > 0, "the made-up state must have a gap, or nothing is tested"


def test_two_states_are_one_study(place, replica):
    run("WV, Delaware")
    folder = place / "maps" / "wv-de"
    table = numbers(folder)
    run("WV")
    alone = numbers(place / "maps" / "wv")
    assert set(table["geoid"].str[:2]) == {"54", "10"}
    mine = table[table["geoid"].str[:2] == "54"].reset_index(drop=True)
    for name in ("population_n", "locations_n", "connected_share", "qualifying_share"):
        pd.testing.assert_series_equal(mine[name], alone[name])
    text = (folder / "study.toml").read_text()
    assert 'title = "West Virginia and Delaware"' in text
    assert 'state = ["54", "10"]' in text
    assert replica.url not in text


def test_an_area_of_a_state_is_found_by_the_names_of_its_counties(place, replica):
    run("WV", area="54001")
    folder = place / "maps" / "wv-54001"
    assert set(numbers(folder)["geoid"].str[:5]) == {"54001"}
    assert "Compared with the rest of West Virginia" in (folder / "index.html").read_text()


def test_no_secret_is_anywhere(place, replica, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    run("WV")
    replica.fault("", Answer(b"oops", 404))
    settings.configure(cache_dir=place / "other")
    with pytest.raises(EquityError) as caught:
        run("DE")
    told = capsys.readouterr()
    shown = [told.out, told.err, caplog.text, str(caught.value), repr(settings.current())]
    sent = [str(a.query) + str(a.headers) for a in replica.asked]
    for secret in SECRETS:
        assert any(secret in text for text in sent), "it was in use"
        for form in (secret, quote(secret, safe="")):
            assert not any(form in text for text in shown)
            for path in place.rglob("*"):
                assert form not in str(path)
                assert not path.is_file() or form.encode() not in path.read_bytes(), path


def test_nothing_in_the_outputs_tells_machine_or_time(place, replica):
    run("WV")
    for name, body in outputs(place / "maps" / "wv").items():
        assert str(place).encode() not in body, name
        # A mirror that was asked in a publisher's place is told, and nothing else of it.
        said = rb"(fetched from |mirror\W{1,9}?)http://[0-9.]+:[0-9]+( in the publisher)?"
        told = re.sub(said, b"", body)
        assert replica.url.encode() not in told, name


def test_without_the_fcc_the_gap_is_a_floor_and_the_way_out_is_told(place, replica, capsys):
    settings.configure(fcc_token=None, census_api_key=None)
    run("WV")
    said = capsys.readouterr().out
    assert said.count("ready") == 7
    assert "missing  Broadband Data Collection" in said
    assert "without it: lines are unknown" in said
    assert "FCC_HASH" in said
    assert "data/raw" in said
    page = (place / "maps" / "wv" / "index.html").read_text()
    assert "could only make them more" in page
    assert "a line is there" not in page.partition("What counts as under-resourced")[0]
    floor = numbers(place / "maps" / "wv")
    assert floor["gap_line_only_n"].isna().all(), "unknown is not zero"
    assert floor["qualifying_share"].isna().all()
    assert floor["gap_n"].sum() > 0

    raw = place / "data" / "raw"
    raw.mkdir(parents=True)
    for row, body in publishers.fcc_files("2025-12-31"):
        if row["state_fips"] == "54" and row["technology_code"] != "60":
            (raw / f"{row['file_name']}.zip").write_bytes(body())
    run("WV")
    whole = numbers(place / "maps" / "wv")
    assert "and is a floor" not in (place / "maps" / "wv" / "index.html").read_text()
    assert (whole["gap_n"] >= floor["gap_n"] - 1e-9).all(), "a floor is never above the number"
    assert whole["gap_line_only_n"].notna().all()


def test_a_refused_token_stops_the_run(place, replica):
    settings.configure(fcc_token="w" * 44)
    with pytest.raises(CredentialError) as caught:
        run("WV")
    assert caught.value.code == "E-KEY-REJECTED"
    assert not (place / "maps").exists()


def test_coverage_that_fails_to_arrive_stops_the_run(place, replica):
    replica.fault("listAvailabilityData", Answer(b"{}", 422, "application/json"))
    with pytest.raises(NetworkError):
        run("WV")


def test_connecticut_meets_under_its_planning_regions(place, replica):
    run("CT")
    table = numbers(place / "maps" / "ct")
    assert set(table["geoid"].str[:5]) == {"09110", "09120"}
    assert table["locations_n"].eq(40).all(), "the FCC's old counties found their tracts"
    assert "USDA" in (place / "maps" / "ct" / "provenance.json").read_text()
    page = (place / "maps" / "ct" / "index.html").read_text()
    assert "Measured from population-weighted centers in 12 of 12 areas" in page


@pytest.mark.parametrize("state", ["PR", "AK"])
def test_odd_places_run_too(place, replica, state):
    run(state)
    table = numbers(place / "maps" / state.lower())
    assert table["locations_n"].eq(40).all()


def test_a_territory_without_acs_says_so_and_stops(place, replica, capsys):
    with pytest.raises(EquityError):
        run("GU")
    assert "does not cover Guam" in capsys.readouterr().out


def test_the_example_is_not_published(place):
    from equity.cli import init

    with pytest.raises(InputError, match="example"):
        run("ZZ")
    with pytest.raises(InputError, match="no publisher has files of it"):
        init(["90"], Path("study.toml"))
    assert not Path("study.toml").exists()


def test_offline_from_nothing_names_the_first_file(place, replica):
    with pytest.raises(NetworkError, match="downloads are switched off") as caught:
        run("WV", offline=True)
    assert "data/raw/cb_2024_54_tract_500k.zip" in caught.value.fix
    assert replica.asked == []


def test_offline_says_no_before_the_engine_is_loaded(place):
    """What takes long is loading: counted in packages, not in seconds."""
    told = subprocess.run(
        [sys.executable, "-c", OFFLINE],
        cwd=place,
        env={**environment_of(place), "EQUITY_CACHE_DIR": str(place / "cache")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    code, *heavy = told.stdout.splitlines()[-1].split()
    assert code == "2", told.stderr
    assert heavy == []
    assert told.stderr.count("\n") == 1
    assert not (place / "maps").exists()


OFFLINE = """
import sys
from equity import cli
sys.argv = ["equity", "run", "VA", "--offline"]
try:
    cli.main()
except SystemExit as stop:
    engine = ("scipy", "folium", "matplotlib", "equity.measures", "equity.outputs")
    print(stop.code, *(name for name in engine if name in sys.modules))
"""


def test_without_a_network_nobody_is_asked_again_and_again(place, monkeypatch):
    """Each publisher is knocked at once; every input then costs one try, and no pause."""
    settings.configure(mirror="http://127.0.0.1:9", census_api_key=None)
    sent = []
    real = Transport._send

    def counted(self, request, url, headers, **how):
        sent.append(url)
        return real(self, request, url, headers, **how)

    def never(_self, seconds):
        raise AssertionError(f"waited {seconds} s for nobody")

    monkeypatch.setattr(Transport, "_send", counted)
    monkeypatch.setattr(Clock, "sleep", never)
    with pytest.raises(NetworkError, match="cannot be reached") as caught:
        run("WV")
    assert caught.value.code == "E-UNREACHABLE"
    knocks = [url for url in sent if url.endswith("/")]
    assert len(knocks) == len(set(knocks)) == 5
    assert len(sent) - len(knocks) <= 8, "two of them the FCC's two addresses"


def test_one_publisher_that_answers_is_enough_for_patience(place, replica):
    run("WV")
    knocks = [asked for asked in replica.asked if asked.path.endswith("/")]
    assert len(knocks) == 1


@pytest.mark.parametrize("name", ["Narnia", "XX", "99"])
def test_a_state_that_is_none_is_told_how_states_are_spelled(place, name):
    from equity.cli import init

    with pytest.raises(InputError, match="is no state") as caught:
        init([name], Path("study.toml"))
    assert "Virginia" in caught.value.fix
    assert "AL, AK, AZ" in caught.value.fix
    assert "ZZ" not in caught.value.fix
    assert not Path("study.toml").exists()


def test_a_maintenance_page_in_place_of_boundaries(place, replica, capsys):
    replica.fault("GENZ", Answer(page("Maintenance"), kind=HTML))
    with pytest.raises(NetworkError, match="maintenance"):
        run("WV")
    replica.heal()
    run("WV")


def test_every_input_can_be_looked_for_without_asking_anybody(place, replica):
    for entry in INPUTS:
        assert at_hand(entry.id, Want("WV")) == []
    assert replica.asked == []


@pytest.mark.long
def test_a_run_killed_at_any_moment_is_made_good_by_the_next(place, replica):
    """Two kills by default; `KILLS=20` is the long form."""
    kills = int(os.environ.get("KILLS", "2"))
    environment = {
        **environment_of(place),
        "EQUITY_MIRROR": replica.url,
        "CENSUS_API_KEY": publishers.KEY,
        "FCC_USERNAME": publishers.FCC_USER,
        "FCC_HASH": publishers.FCC_TOKEN,
    }

    def start(cache: str, out: str) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-m", "equity", "run", "WV", "--out", out],
            cwd=place,
            env={**environment, "EQUITY_CACHE_DIR": str(place / cache)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    calm = start("calm", "calm-out")
    _, told = calm.communicate(timeout=300)
    assert calm.returncode == 0, told.decode()
    asked = len(replica.asked)
    replica.pause_s = 0.15  # so that downloads take a good part of the time
    chance = random.Random(54)
    for kill in range(kills):
        # After so many requests, and then a moment: startup, downloads, measuring, writing.
        replica.asked.clear()
        process = start("killed", "killed-out")
        waited = chance.uniform(0.5, 14.0)
        try:
            process.wait(timeout=waited)
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
        if process.returncode == 0 and kill % 3 == 2:
            # It got through: begin again from nothing, so that downloads are hit as well.
            shutil.rmtree(place / "killed")
    replica.pause_s = 0.0
    last = start("killed", "killed-out")
    _, told = last.communicate(timeout=300)
    assert last.returncode == 0, told.decode()
    assert outputs(place / "killed-out") == outputs(place / "calm-out")
    assert asked > 0
    settings.configure(cache_dir=place / "killed")
    from equity.net.store import store

    assert store().verify() == []


OPTION = re.compile(r"(\[{1,2}\w+\]{1,2}|[a-z_]+ = |$)")


def uncommented(text: str) -> str:
    """The study with every option taken that `equity init` offers, but the user's own clinicians."""
    lines, own = [], False
    for line in text.splitlines():
        bare = line.removeprefix("#").removeprefix(" ")
        own = (own or bare.startswith('# file = "clinicians.csv"')) and bool(bare)
        taken = line.startswith("#") and OPTION.match(bare) and not own
        lines.append(bare if taken else line)
    return "\n".join(lines).replace('[[sites]]\nfile = "clinicians.csv"', "") + "\n"


def test_init_writes_a_study_that_runs_with_every_option_taken(place, replica):
    from equity.cli import init

    publishers.care(replica)
    publishers.need(replica, "54")
    init(["West", "Virginia"], Path("study.toml"))
    text = Path("study.toml").read_text()
    with pytest.raises(InputError, match="there already"):
        init(["WV"], Path("study.toml"))
    own = text[text.index("# Your own clinicians") : text.index("# More places of care")]
    # A price needs B19001, which is asked of nobody by default: the user adds it, as the text says.
    price = text[text.index("# [price]") :]
    price = price[: price.index("by custom\n") + len("by custom\n")]
    full = uncommented(text.replace(own, "").replace(price, ""))
    offered = [e for e in INPUTS if f'file = "live:{e.id}"' in full]
    assert {"cms-hospitals", "nppes", "ruca", "svi-tract", "saipe", "mua"} < {e.id for e in offered}
    Path("full.toml").write_text(full)
    run("full.toml", Path("full"))
    table = numbers(place / "full")
    assert table["svi_percentile"].eq(0.5).all()
    assert table["diabetes_share"].eq(0.1).all()
    assert table["ruca_primary"].notna().all()
    assert table["hpsa_pc_status"].eq("designated").sum() == 6, "the tracts of one county"
    sources = (place / "full" / "provenance.json").read_text()
    assert "svi.cdc.gov" in sources
    assert "2026-09-15" in sources


def test_a_list_of_addresses_is_placed_by_the_geocoder_if_the_study_says_so(place, replica):
    from equity.study.file import read_plan
    from equity.study.inputs import gather
    from equity.study.template import study_text

    publishers.care(replica)
    publishers.geocoder(replica, {"1 Main St": (-80.123, 38.321, "540010001001000")})
    part = (
        '[[sites]]\nreader = "hospitals"\nfile = "live:cms-hospitals"\nas_of = "current"\n'
        'states = ["West Virginia"]\nuse = "capacity"\n'
    )
    for more, quality, lon in (("", "zip_area", None), ("addresses = true\n", "address", -80.123)):
        Path("study.toml").write_text(study_text("WV") + part + more)
        plan, _ = read_plan("study.toml")
        hospitals = gather(plan, place).capacity
        assert hospitals.index.tolist() == ["540001", "544000"]
        assert hospitals["location_quality"].tolist() == [quality] * 2
        assert lon is None or hospitals["lon"].tolist() == [lon] * 2


def test_a_run_goes_on_without_what_is_only_welcome(place, replica, capsys):
    replica.fault("us_county", Answer(b"", 403))
    replica.fault("cenpop", Answer(b"", 403))
    run("WV")
    said = capsys.readouterr().out
    assert "missing  Centers of population" in said
    assert "[centers]" not in (place / "maps" / "wv" / "study.toml").read_text()
    assert "missing  Cartographic boundaries of counties" in said
    assert "without it: the map has no county lines" in said
    assert "[counties]" not in (place / "maps" / "wv" / "study.toml").read_text()


def test_care_is_counted_by_travel_and_what_capacity_would_need_is_told(place, replica, capsys):
    run("WV")
    said = capsys.readouterr().out
    assert "care     by travel to health centers and rural health clinics" in said
    assert "by capacity it would need Doctors and Clinicians" in said
    assert "data/raw/DAC_NationalDownloadableFile.csv" in said
    assert not any("mj5m-pzi6" in asked.path for asked in replica.asked), "700 MB nobody asked for"
    page = (place / "maps" / "wv" / "index.html").read_text()
    assert "from the nearest health center or rural health clinic" in page
    sources = (place / "maps" / "wv" / "provenance.json").read_text()
    assert "CenPop2020_Mean_TR.txt" in sources
    assert "Rural_Health_Clinic_Enrollments.csv" in sources
    paths = [asked.path for asked in replica.asked]
    new = [p for p in paths if re.search(r"cenpop|data\.json|RHC_Enrollments|Gaz_zcta", p)]
    assert len(new) == len(set(new)) == 4


def test_a_rural_clinic_is_nearest_where_no_health_center_is(place, replica):
    run("WV")
    with_clinics = numbers(place / "maps" / "wv")["nearest_site_km"]
    replica.fault("RHC_Enrollments", Answer(b"", 403))
    settings.configure(cache_dir=place / "other")
    run("WV", Path("alone"))
    alone = numbers(place / "alone")["nearest_site_km"]
    assert (with_clinics <= alone + 1e-9).all()
    # The clinic's ZIP area has its inner point where the third tract has its center.
    assert with_clinics.iloc[2] == pytest.approx(0, abs=0.01)
    assert alone.iloc[2] > 20


@pytest.mark.parametrize(
    ("path", "product"),
    [("data.json", "Rural Health Clinic Enrollments"), ("Gaz_zcta", "Gazetteer of ZIP areas")],
)
def test_without_rural_clinics_or_their_places_health_centers_alone_count(
    place, replica, capsys, path, product
):
    replica.fault(path, Answer(b"", 403))
    run("WV")
    said = capsys.readouterr().out
    assert f"missing  {product}" in said
    assert "care     by travel to health centers\n" in said
    text = (place / "maps" / "wv" / "study.toml").read_text()
    assert 'kinds = ["health_center"]' in text
    page = (place / "maps" / "wv" / "index.html").read_text()
    assert "from the nearest health center and" in page
    assert "health center or rural health clinic" not in page


def clinicians(folder: Path, heads: int) -> None:
    """The national file by hand: so many physicians in every ZIP area of West Virginia."""
    head = "NPI,pri_spec,Telehlth\t,Facility Name,adr_ln_1,City/Town,State,ZIP Code"
    rows = [
        f"1{i:04d}{head_of:05d},{kind},Y,Clinic,1 Main St,Town,WV,{publishers.zcta('54', i)}"
        for i in range(12)
        for head_of in range(heads)
        for kind in ["FAMILY PRACTICE" if head_of % 2 else "INTERNAL MEDICINE"]
    ]
    rows.append(f"1999999999,DERMATOLOGY,Y,Clinic,1 Main St,Town,WV,{publishers.zcta('54', 0)}")
    folder.mkdir(parents=True)
    text = "\n".join([head, *rows]) + "\n"
    (folder / "DAC_NationalDownloadableFile.csv").write_text(text)


def test_clinicians_at_hand_decide_and_the_run_says_so(place, replica, capsys):
    clinicians(place / "data" / "raw", 2)
    run("WV")
    said = capsys.readouterr().out
    assert "care     by capacity: clinicians of Doctors and Clinicians" in said
    assert 'by travel to health centers and rural health clinics: method = "travel"' in said
    text = (place / "maps" / "wv" / "study.toml").read_text()
    assert 'method = "capacity"' in text
    assert text.count('file = "live:cms-clinicians"') == 1
    page = (place / "maps" / "wv" / "index.html").read_text()
    assert "one head each" in page
    assert "beyond what the clinicians within 30 estimated minutes can serve" in page
    table = numbers(place / "maps" / "wv")
    # All in all nobody is handed more than there is: 24 heads, the dermatologist not among them.
    handed_out = (table["access_per_10k"] * table["population_n"]).sum() / 1e4
    assert handed_out == pytest.approx(24, rel=1e-3)


def test_clinicians_without_the_zip_areas_cannot_decide(place, replica, capsys):
    clinicians(place / "data" / "raw", 1)
    replica.fault("Gaz_zcta", Answer(b"", 403))
    run("WV")
    said = capsys.readouterr().out
    assert "care     by travel to health centers\n" in said
    assert "by capacity it would need Gazetteer of ZIP areas" in said


def test_connecticut_without_coverage_is_still_measured_from_its_people(place, replica):
    settings.configure(fcc_token=None)
    run("CT")
    page = (place / "maps" / "ct" / "index.html").read_text()
    assert "Measured from population-weighted centers in 12 of 12 areas" in page


def test_offline_without_fcc_files_names_the_files_not_the_listing(place, replica, capsys):
    settings.configure(fcc_token=None)
    with pytest.raises(EquityError):
        run("WV", offline=True)
    said = capsys.readouterr().out
    assert (
        "Served-Unserved files from https://broadbandmap.fcc.gov/data-download into data/raw/"
        in said
    )
    assert "listing" not in said


def test_a_run_without_coverage_still_passes_the_declared_columns(place, replica):
    from equity.areas.validate import validate
    from equity.study.run import Study
    from equity.study.template import write_study

    settings.configure(fcc_token=None)
    result = Study.load(write_study("WV", without=["bdc"])).run()
    validate(result.table)
    assert set(result.table["coverage_status"]) == {"lines_unknown"}
