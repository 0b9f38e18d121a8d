"""A real Dask scheduler with two worker processes, on loopback."""

from __future__ import annotations

from contextlib import contextmanager

import pytest


@contextmanager
def local_cluster():
    """Yield a cluster; a worker that dies is not replaced for another try."""
    distributed = pytest.importorskip("distributed")
    import dask

    with (
        pytest.MonkeyPatch.context() as patch,
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
    ):
        # It would ask the network which address this machine has.
        patch.setattr("distributed.utils._get_ip", lambda *_: "127.0.0.1")
        with distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",  # any free port: tests run side by side
        ) as cluster:
            yield cluster
