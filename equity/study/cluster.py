"""The cluster that reads a study's coverage files, where one is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from equity.errors import DependencyError, InputError, OfflineError
from equity.settings import current

__all__ = ["executor_at"]

_CONNECT_S = 20


@contextmanager
def executor_at(cluster: str | None) -> Iterator[Executor | None]:
    """Open a Dask scheduler's executor for a while; None for this machine's own."""
    if cluster is not None and current().offline:
        raise OfflineError(
            f"the cluster at {cluster!r} is reached over the network, which is switched off",
            fix="drop --cluster, or --offline (EQUITY_OFFLINE)",
        )
    if cluster is None:
        yield None
        return
    try:
        from dask.distributed import Client
    except ImportError:
        raise DependencyError(
            "a cluster needs Dask", fix='pip install "telehealth-equity[cluster]"'
        ) from None
    try:
        client = Client(cluster, timeout=_CONNECT_S)
    except (OSError, ValueError) as error:
        raise InputError(
            f"no Dask scheduler answers at {cluster!r} ({error})",
            fix="start one with `dask scheduler` and give the address that it prints, for example "
            "tcp://127.0.0.1:8786",
            code="E-CLUSTER",
        ) from None
    with client:
        yield client.get_executor()
