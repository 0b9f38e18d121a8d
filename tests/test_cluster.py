"""Coverage files read on a Dask cluster: a real scheduler and real worker processes, on loopback."""

from __future__ import annotations

import os

import pandas as pd
import pytest
from bdc_files import offer, write_offers
from dask_cluster import local_cluster
from typer.testing import CliRunner

import equity as eq
from equity.cli import app
from equity.errors import EquityError, InputError
from equity.example.state import write_example
from equity.study.run import Study

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def scheduler():
    with local_cluster() as cluster:
        yield cluster.scheduler_address


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    return write_example(tmp_path_factory.mktemp("example") / "state", scale=0.2)


def test_a_study_gives_the_same_table_on_a_cluster(scheduler, example):
    here = Study.load(example.study).run()
    there = Study.load(example.study).run(cluster=scheduler)
    pd.testing.assert_frame_equal(pd.DataFrame(here.table), pd.DataFrame(there.table))


def test_the_command_takes_an_address(scheduler, example, tmp_path):
    out = tmp_path / "out"
    done = CliRunner().invoke(
        app, ["run", str(example.study), "--out", str(out), "--cluster", scheduler]
    )
    assert done.exit_code == 0, done.output
    alone = Study.load(example.study).run().write(tmp_path / "alone")
    for name in ("communities.csv", "index.html", "provenance.json"):
        assert (out / name).read_bytes() == (alone / name).read_bytes()


def die(*_args, **_options):
    os._exit(3)


def test_a_worker_that_dies_ends_in_one_clear_error(scheduler, tmp_path, monkeypatch):
    write_offers(tmp_path, [offer()])
    monkeypatch.setattr("equity.measures.lines._run.reduce_cached", die)
    files = eq.read_bdc(tmp_path, as_of="2025-12-31")
    with distributed.Client(scheduler) as client:
        executor = client.get_executor()
        with pytest.raises(EquityError, match=r"bdc_10_Fiber.*: a worker process died") as caught:
            eq.coverage(files, rule="bead-2022", executor=executor)
    assert caught.value.code == "E-WORKER"


@pytest.mark.parametrize("address", ["nonsense", "tcp://127.0.0.1:1"])
def test_an_address_where_nobody_answers_is_told(example, address, monkeypatch):
    monkeypatch.setattr("equity.study.cluster._CONNECT_S", 1)
    with pytest.raises(InputError, match="no Dask scheduler answers at") as caught:
        Study.load(example.study).run(cluster=address)
    assert caught.value.code == "E-CLUSTER"
