"""The reducer and its executors: order never matters, results are the same everywhere."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bdc_files import offer, write_export, write_offers
from dask_cluster import local_cluster
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import equity as eq
from equity.errors import EquityError, StorageError
from equity.files.atomic import sweep
from equity.measures.lines._partial import pack_speed, unpack_speed
from equity.measures.lines._providers import ProviderSets
from equity.measures.lines._run import _pieces
from equity.measures.lines._slots import SlotIndex, slots_of
from equity.measures.lines._threads import side_by_side
from equity.measures.lines.coverage import Inline, coverage_under, location_table
from equity.rules import list_coverage_rules, load_coverage_rule

AS_OF = "2025-12-31"
NAMES = {10: "Copper", 40: "Cable", 50: "FibertothePremises", 60: "GSOSatellite",
         70: "UnlicensedFixedWireless", 71: "LicensedFixedWireless"}  # fmt: skip
RULES = [load_coverage_rule(name) for name in list_coverage_rules()]


def random_rows(n, seed=0, locations=400):
    rng = np.random.default_rng(seed)
    speeds = [
        ("", ""),
        ("", 20),
        (100, ""),
        (0, 0),
        (10, 1),
        (25, 3),
        (100, 20),
        (1000, 1000),
        (100, 3),
    ]
    rows = []
    for _ in range(n):
        place = int(rng.integers(locations))
        down, up = speeds[rng.integers(len(speeds))]
        rows.append(
            offer(
                1_000_000_000 + place * 977,
                provider=100_000 + int(rng.integers(9)),
                technology=rng.choice(np.array([*NAMES, 61, 72, 0, ""], dtype=object)),
                down=down,
                up=up,
                latency=int(rng.integers(2)),
                customers=str(rng.choice(list("RBX"))),
                block=f"10001{40100 + place % 7:06d}{1000 + place % 11}",
                cell=f"882bab53{place % 5}3fffff",
            )
        )
    return rows


def slow_answer(rows, rule):
    """Work out classes row by row, the plain way."""
    frame = pd.DataFrame(rows).iloc[:, [1, 3, 4, 5, 6, 7, 8, 10]]
    frame.columns = ["provider", "location", "technology", "down", "up", "latency", "who", "block"]
    frame[["down", "up"]] = frame[["down", "up"]].replace("", 0).astype(int)
    counts = frame.technology.isin(rule.technologies) & frame.who.isin(rule.customers)
    if rule.low_latency:
        counts &= frame.latency == 1

    def reaches(pair):
        return counts & (frame.down >= pair[0]) & (frame.up >= pair[1])

    frame["served"] = reaches(rule.served)
    frame["under"] = reaches(rule.underserved)
    frame["qualifying"] = reaches(rule.qualifying)
    frame["tract"] = frame.block.str[:11]
    best = frame.groupby("location").agg(
        tract=("tract", "first"),
        served=("served", "max"),
        under=("under", "max"),
        qualifying=("qualifying", "max"),
    )
    # A speed that is blank is unknown: no part of a median, rather than 0.
    said = pd.DataFrame(rows).iloc[:, [5, 6]].ne("").all(axis=1).to_numpy()
    offered = frame[counts & said & ((frame.down > 0) | (frame.up > 0))]
    top = offered.sort_values(["down", "up"]).groupby("location").tail(1).groupby("tract")
    best["under"] &= ~best.served
    table = best.groupby("tract").agg(
        locations_n=("served", "size"),
        served_n=("served", "sum"),
        underserved_n=("under", "sum"),
        qualifying_n=("qualifying", "sum"),
    )
    for way in ("down", "up"):
        table[f"median_{way}_mbps"] = top[way].median()
    table["providers_listed_n"] = frame.groupby("tract").provider.nunique()
    table["providers_n"] = frame[frame.qualifying].groupby("tract").provider.nunique()
    choice = frame[frame.qualifying].groupby("location").provider.nunique()
    for name, n in (("one_provider_n", 1), ("two_providers_n", 2)):
        table[name] = best.tract[choice.index[choice == n]].value_counts()
    return table.fillna(0).astype(float)


@pytest.fixture
def folder(tmp_path):
    rows = random_rows(6000)
    for number, name in enumerate(NAMES.values()):
        write_offers(tmp_path, rows[number::6], name=name)
    write_export(tmp_path, [(row[3], row[10], row[11]) for row in rows[:300]])
    return tmp_path


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_against_the_plain_way(tmp_path, rule):
    rows = random_rows(4000)
    for number, name in enumerate(NAMES.values()):
        write_offers(tmp_path, rows[number::6], name=name)
    expected = slow_answer(rows, rule)
    for executor in (Inline(), ThreadPoolExecutor(3)):
        table = eq.coverage(eq.read_bdc(tmp_path, as_of=AS_OF), rule=rule, executor=executor)
        pd.testing.assert_frame_equal(
            table[expected.columns], expected, check_names=False, check_index_type=False
        )


def test_several_rules_in_one_pass_are_each_alone(folder):
    files = eq.read_bdc(folder, as_of=AS_OF)
    together = coverage_under(files, RULES)
    brief = coverage_under(files, RULES, whole=1)
    for rule, table, classes in zip(RULES, together.tables, brief.tables, strict=True):
        alone = eq.coverage(files, rule=rule)
        pd.testing.assert_frame_equal(table, alone)
        pd.testing.assert_frame_equal(classes, alone[classes.columns])
        assert classes.attrs == alone.attrs
    assert "providers_n" in brief.tables[0]
    assert "providers_n" not in brief.tables[-1]


@pytest.mark.parametrize("executor", [Inline(), ThreadPoolExecutor(3)])
def test_offers_by_cell_come_from_the_pass_for_the_areas(folder, executor):
    files = eq.read_bdc(folder, as_of=AS_OF)
    found = coverage_under(files, RULES, whole=1, offers=RULES[0], executor=executor)
    apart = eq.coverage(files, rule=RULES[0], level="h3")
    pd.testing.assert_frame_equal(found.offers, apart[["best_down_mbps", "best_up_mbps"]])
    pd.testing.assert_frame_equal(found.tables[0], eq.coverage(files, rule=RULES[0]))


def test_the_locations_of_a_rule_come_from_the_pass_for_the_areas(folder):
    files = eq.read_bdc(folder, as_of=AS_OF)
    found = coverage_under(files, RULES, whole=1, apart=RULES[0])
    pd.testing.assert_frame_equal(found.locations, eq.location_table(files, rule=RULES[0]))
    pd.testing.assert_frame_equal(found.tables[0], eq.coverage(files, rule=RULES[0]))
    assert coverage_under(files, RULES, whole=1).locations is None


def bytes_of(folder, executor, level="tract", **options):
    files = eq.read_bdc(folder, as_of=AS_OF)
    table = eq.coverage(files, rule="bead-2022", level=level, executor=executor, **options)
    return table.to_csv().encode() + repr(table.attrs["equity"]["notes"]).encode()


def test_identical_bytes_here_in_threads_in_processes_and_on_dask(folder):
    distributed = pytest.importorskip("distributed")
    expected = bytes_of(folder, Inline())
    with ThreadPoolExecutor(3) as threads:
        assert bytes_of(folder, threads) == expected
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        assert bytes_of(folder, pool) == expected
        assert bytes_of(folder, pool, level="h3") == bytes_of(folder, Inline(), level="h3")
    with local_cluster() as cluster, distributed.Client(cluster) as client:
        assert bytes_of(folder, client.get_executor()) == expected


@pytest.mark.parametrize("few_cores", [0, 1_000], ids=["processes", "reading threads"])
def test_what_is_the_default_gives_the_same(folder, monkeypatch, few_cores):
    expected = bytes_of(folder, Inline())
    monkeypatch.setattr("equity.measures.lines._run._PARALLEL_FROM_BYTES", 0)
    monkeypatch.setattr("equity.measures.lines._run._FEW_CORES", few_cores)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert bytes_of(folder, None) == expected


def test_one_number_orders_by_download_then_upload_however_fast():
    down, up = np.array([0, 0, 1, 1, 100, 100, 101]), np.array([0, 1, 0, 10**9, 3, 10**9, 0])
    best = pack_speed(down.astype(np.int64), up.astype(np.int64))
    assert (np.diff(best) > 0).all()
    assert best.min() > 0
    assert unpack_speed(best)[0].tolist() == down.tolist()


@pytest.mark.parametrize("closed", [False, True])
def test_a_set_gives_the_part_that_is_asked_for(closed):
    sets = ProviderSets()
    sets.grow(32)
    sets.flags((1, 50))[[8, 13, 25]] = True
    if closed:
        sets._close((1, 50))
    found = sets.get((1, 50), 8, 24)
    assert found.size == 16
    assert np.flatnonzero(found).tolist() == [0, 5]


def test_a_group_is_cut_only_where_there_are_fewer_than_two_for_each_worker():
    with ThreadPoolExecutor(3) as pool:
        assert [_pieces(pool, groups) for groups in (1, 5, 6, 60)] == [3, 3, 1, 1]
    assert _pieces(Inline(), 1) == 1


@pytest.mark.parametrize("cached", [False, True])
@pytest.mark.parametrize("executor", [Inline, lambda: ThreadPoolExecutor(2), lambda: None])
def test_progress_is_told_of_every_file_once(folder, tmp_path, monkeypatch, executor, cached):
    told = []

    @contextmanager
    def track(_label, *, total):
        yield told.append
        assert sum(told) == total

    monkeypatch.setattr("equity.measures.lines._run.track", track)
    monkeypatch.setattr("equity.measures.lines._run._PARALLEL_FROM_BYTES", 0)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    bytes_of(folder, executor(), cache_dir=tmp_path / "cache" if cached else None)
    assert sum(told) == 7


def test_a_reading_thread_s_error_is_raised_and_no_thread_stays(tmp_path, monkeypatch):
    for name in ("Cable", "Copper", "Other"):
        write_offers(tmp_path, [offer(1_000_000_001, down="fast")], name=name)
    monkeypatch.setattr("equity.measures.lines._run._PARALLEL_FROM_BYTES", 0)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    before, usual = threading.active_count(), sys.getswitchinterval()
    with pytest.raises(EquityError, match=r"fast.*lines? 2"):
        eq.coverage(eq.read_bdc(tmp_path, as_of=AS_OF), rule="bead-2022")
    assert threading.active_count() == before
    assert sys.getswitchinterval() == usual


def test_items_side_by_side_come_back_in_their_order():
    items = list(range(40))
    for threads in (1, 3, 50):
        assert side_by_side(lambda n: n * n, items, threads=threads) == [n * n for n in items]


def test_when_one_fails_the_others_stop_early():
    over, began = threading.Event(), threading.Event()

    def work(item):
        if item == "bad":
            began.wait(30)
            raise ValueError(item)
        began.set()
        assert over.wait(30), "was never told to stop"

    before = threading.active_count()
    with pytest.raises(ValueError, match="bad"):
        side_by_side(work, ["good", "bad", "never begun"], threads=2, stop=over.set)
    assert threading.active_count() == before


def die(*_args, **_options):
    os._exit(3)


def test_a_worker_that_dies_ends_in_one_clear_error(folder, monkeypatch):
    monkeypatch.setattr("equity.measures.lines._run.reduce_cached", die)
    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool,
        pytest.raises(EquityError, match=r"bdc_10_.* and 6 more: a worker process died") as caught,
    ):
        bytes_of(folder, pool)
    assert caught.value.code == "E-WORKER"


def test_an_error_in_a_worker_arrives_whole(tmp_path):
    write_offers(tmp_path, [offer(1_000_000_001, down="fast")])
    files = eq.read_bdc(tmp_path, as_of=AS_OF)
    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool,
        pytest.raises(EquityError, match=r"fast.*lines? 2"),
    ):
        eq.coverage(files, rule="bead-2022", executor=pool)


class TestCache:
    def test_the_second_run_reads_no_file(self, folder, tmp_path, monkeypatch):
        cache = tmp_path / "cache"
        expected = bytes_of(folder, Inline())
        assert bytes_of(folder, Inline(), cache_dir=cache) == expected
        entries = sorted(path.name for path in cache.iterdir())
        assert len(entries) == 7
        assert all(name.startswith("bdc_10_") and name.endswith(".parquet") for name in entries)
        monkeypatch.setattr("equity.measures.lines._cache.reduce_files", None)
        assert bytes_of(folder, Inline(), cache_dir=cache) == expected

    def test_other_content_or_another_rule_is_another_entry(self, folder, tmp_path):
        cache = tmp_path / "cache"
        files = eq.read_bdc(folder, as_of=AS_OF)
        eq.coverage(files, rule="bead-2022", cache_dir=cache)
        eq.coverage(files, rule="fcc-25-3", cache_dir=cache)
        eq.coverage(files, rule="bead-2022", level="h3", cache_dir=cache)
        assert len(list(cache.iterdir())) == 21
        write_offers(folder, random_rows(100, seed=5), name="Cable")
        eq.coverage(eq.read_bdc(folder, as_of=AS_OF), rule="bead-2022", cache_dir=cache)
        assert len(list(cache.iterdir())) == 22

    def test_cells_from_the_cache(self, folder, tmp_path):
        expected = bytes_of(folder, Inline(), level="h3_7")
        for _ in range(2):
            assert bytes_of(folder, Inline(), level="h3_7", cache_dir=tmp_path / "c") == expected

    def test_a_full_disk_is_one_clear_error_and_leaves_nothing(self, folder, tmp_path, monkeypatch):
        import pyarrow.parquet as pq

        def full(_table, where, **_options):
            where.write_bytes(b"half")
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(pq, "write_table", full)
        with pytest.raises(StorageError, match="disk is full"):
            bytes_of(folder, Inline(), cache_dir=tmp_path / "cache")
        assert list((tmp_path / "cache").iterdir()) == []

    def test_killed_at_any_moment_it_leaves_no_partial_entry(self, folder, tmp_path):
        cache = tmp_path / "cache"
        script = (
            "import os, sys, pyarrow.parquet as pq, equity as eq\n"
            "from equity.measures.lines.coverage import Inline\n"
            "real, done = pq.write_table, []\n"
            "def write(table, where, **options):\n"
            "    if len(done) == 2:\n"
            "        where.write_bytes(b'half'); os._exit(9)\n"
            "    done.append(where); real(table, where, **options)\n"
            "pq.write_table = write\n"
            f"files = eq.read_bdc({str(folder)!r}, as_of={AS_OF!r})\n"
            f"eq.coverage(files, rule='bead-2022', executor=Inline(), cache_dir={str(cache)!r})\n"
        )
        run = subprocess.run([sys.executable, "-c", script], check=False, cwd=Path.cwd())
        assert run.returncode == 9
        left = [path for path in cache.iterdir() if not path.name.startswith(".")]
        assert len(left) == 2
        assert bytes_of(folder, Inline(), cache_dir=cache) == bytes_of(folder, Inline())
        for path in cache.glob(".*.partial"):
            os.utime(path, (0, 0))
        sweep(cache)
        assert not list(cache.glob(".*"))


offers = st.lists(
    st.builds(
        offer,
        st.integers(1, 6).map(lambda n: 10**9 + n),
        provider=st.integers(100_000, 100_004),
        technology=st.sampled_from([10, 40, 50, 60, 61, 70, 71, 72, 0, ""]),
        down=st.sampled_from(["", 0, 10, 25, 100, 1000]),
        up=st.sampled_from(["", 0, 1, 3, 20, 1000]),
        latency=st.sampled_from([0, 1, ""]),
        customers=st.sampled_from(["R", "B", "X", ""]),
    ),
    min_size=1,
    max_size=25,
)
properties = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def place(rows):
    """Blocks follow from the location, as in a real file."""
    return [[*r[:10], f"1000104010{r[3] % 3}1000", r[11]] for r in rows]


def table_of(folder, parts, rule="bead-statute", **options):
    for path in folder.glob("*"):
        path.unlink()
    for rows, name in zip(parts, NAMES.values(), strict=False):
        write_offers(folder, rows, name=name)
    return eq.coverage(eq.read_bdc(folder, as_of=AS_OF), rule=rule, executor=Inline(), **options)


@given(rows=offers, data=st.data())
@properties
def test_order_of_rows_and_files_never_matters(tmp_path, rows, data):
    rows = place(rows)
    one = table_of(tmp_path, [rows])
    shuffled = data.draw(st.permutations(rows))
    cut = data.draw(st.integers(0, len(rows)))
    pd.testing.assert_frame_equal(one, table_of(tmp_path, [shuffled]))
    two = table_of(tmp_path, [shuffled[:cut], shuffled[cut:]])
    three = table_of(tmp_path, [shuffled[cut:], shuffled[:cut]])
    pd.testing.assert_frame_equal(two, three)
    same = [c for c in one.columns if "_tech" not in c]
    pd.testing.assert_frame_equal(one[same], two[same])


@given(rows=offers, data=st.data())
@properties
def test_a_row_twice_changes_nothing(tmp_path, rows, data):
    rows = place(rows)
    more = rows + data.draw(st.lists(st.sampled_from(rows), max_size=10))
    pd.testing.assert_frame_equal(table_of(tmp_path, [rows]), table_of(tmp_path, [more]))


@given(rows=offers, extra=offers)
@properties
def test_one_more_offer_never_lowers_a_class(tmp_path, rows, extra):
    order = {"unserved": 0, "underserved": 1, "served": 2}
    tables = []
    for some in (place(rows), place(rows + extra)):
        table_of(tmp_path, [some])
        files = eq.read_bdc(tmp_path, as_of=AS_OF)
        tables.append(location_table(files, rule="bead-statute", executor=Inline()))
    before, after = tables
    after = after.loc[before.index]
    assert (after.coverage_class.map(order) >= before.coverage_class.map(order)).all()
    assert (after.is_qualifying >= before.is_qualifying).all()
    assert (after.best_down_mbps.fillna(0) >= before.best_down_mbps.fillna(0)).all()


@given(
    st.lists(
        st.lists(
            st.integers(1, 10**13 - 1)
            | st.integers(1, 50)
            | st.integers(1, 2**20).map(lambda n: n << 22)
        ),
        max_size=6,
    )
)
@settings(max_examples=60, deadline=None)
def test_slots_are_one_per_id(batches):
    index, seen = SlotIndex(), {}
    for batch in batches:
        ids = np.array(batch, np.int64)
        for number, slot in zip(ids.tolist(), index.slots(ids).tolist(), strict=True):
            assert seen.setdefault(number, slot) == slot
    assert sorted(seen.values()) == list(range(index.size))
    assert all(index.ids[slot] == number for number, slot in seen.items())


@given(st.lists(st.integers(0, 2**62), max_size=300) | st.lists(st.integers(0, 9), max_size=300))
@settings(max_examples=60, deadline=None)
def test_places_among_distinct_values_are_those_of_numpy(values):
    array = np.array(values, np.int64)
    place, distinct = slots_of(array)
    assert sorted(distinct.tolist()) == np.unique(array).tolist()
    assert distinct[place].tolist() == values


@pytest.mark.parametrize("step", [1, 8, 64, 1 << 20])
def test_runs_and_regular_gaps_of_ids_need_few_probes(step, monkeypatch):
    looks = []
    real = SlotIndex._look
    monkeypatch.setattr(SlotIndex, "_look", lambda *a: (looks.append(a[1].size), real(*a))[1])
    index = SlotIndex()
    ids = 10**9 + np.arange(60_000) * step
    first = [index.slots(ids[at : at + 3000]) for at in range(0, ids.size, 3000)]
    assert index.size == ids.size
    assert sum(looks) < 8 * ids.size
    assert (index.slots(ids[::-1])[::-1] == np.concatenate(first)).all()


def test_files_in_any_order_of_providers(tmp_path):
    rows = random_rows(30_000, locations=3000)
    write_offers(tmp_path / "a", rows)
    write_offers(tmp_path / "b", sorted(rows, key=lambda row: (row[1], str(row[4]))))
    one, two = (eq.coverage(eq.read_bdc(tmp_path / n, as_of=AS_OF), rule="bead-2022") for n in "ab")
    pd.testing.assert_frame_equal(one, two)


def test_more_providers_than_are_ever_open_at_once(tmp_path):
    rows = [
        offer(1_000_000_000 + n % 50, provider=100_000 + n % 97, technology=(10, 40, 50)[n % 3])
        for n in range(5000)
    ]
    write_offers(tmp_path, rows)
    table = eq.coverage(eq.read_bdc(tmp_path, as_of=AS_OF), rule="bead-2022")
    assert table.providers_n.tolist() == [97]
    assert table.three_providers_n.tolist() == [50]
