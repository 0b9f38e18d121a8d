"""A socket that listens on loopback hears nothing of a run with ``--offline``, whatever the study.

The long round by hand: ``EQUITY_ATTACK=3000 pytest -s tests/attack/test_offline.py``.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from attack.offline import hostile_files

from equity.errors import FormatError
from equity.files.vector import vector_source

HERE = Path(__file__).parent

ROUNDS = int(os.environ.get("EQUITY_ATTACK", "50"))
_NO = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Ear:
    """Accepts every connection, and keeps the first bytes of each."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(2)
                try:
                    self.heard.append(connection.recv(4096)[:200])
                    connection.sendall(_NO)
                except OSError:
                    self.heard.append(b"?")

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()


@pytest.fixture
def ear():
    listening = Ear()
    yield listening
    listening.close()


def environment(host: str, cache: Path) -> dict[str, str]:
    """Everything that libraries take for a way out leads to the ear."""
    url = f"http://{host}"
    names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY", "GDAL_HTTP_PROXY")
    kept = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    return {
        **kept, **dict.fromkeys(names, url), **{n.lower(): url for n in names},
        "EQUITY_CACHE_DIR": str(cache), "PYTHONPATH": str(HERE.parents[1]),
        "AWS_S3_ENDPOINT": host, "AWS_HTTPS": "NO", "AWS_NO_SIGN_REQUEST": "YES", "AWS_VIRTUAL_HOSTING": "FALSE",
        "CPL_GS_ENDPOINT": url, "GS_NO_SIGN_REQUEST": "YES", "AZURE_STORAGE_CONNECTION_STRING": f"BlobEndpoint={url}",
        "PROJ_NETWORK": "ON", "PROJ_NETWORK_ENDPOINT": url, "CPL_AWS_EC2_API_ROOT_URL": url,
    }  # fmt: skip


@pytest.fixture
def setting(ear, tmp_path, example_state):
    cache = Path(os.environ["EQUITY_CACHE_DIR"])
    (tmp_path / ".env").write_text(
        f"EQUITY_MIRROR=http://{ear.host}\nCENSUS_API_KEY={'c' * 40}\nFCC_USERNAME=somebody\nFCC_HASH={'f' * 44}\n"
    )
    return {"cwd": tmp_path, "env": environment(ear.host, cache), "capture_output": True, "text": True, "timeout": 7200, "check": False}  # fmt: skip


@pytest.mark.long
def test_nobody_hears_of_an_offline_run(ear, setting, tmp_path):
    done = subprocess.run(  # noqa: PLW1510 - check=False is in the setting
        [sys.executable, str(HERE / "offline.py"), str(tmp_path), ear.host, "7", str(ROUNDS)], **setting
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    sys.stdout.write(f"studies by exit code: {found['ended']}; heard: {len(ear.heard)}\n")
    assert ear.heard == []
    assert found["odd"] == []
    assert found["ended"]["0"] >= 1, "the study that is not hostile runs to its end"
    assert found["ended"]["2"] >= ROUNDS * 0.9


def test_the_ear_hears_whoever_is_not_offline(ear, setting):
    done = subprocess.run([sys.executable, "-m", "equity", "doctor"], **setting)  # noqa: PLW1510 - as above
    assert done.returncode == 0, done.stderr[-3000:]
    assert len(ear.heard) > 3
    assert "c" * 40 not in repr(ear.heard)
    assert "f" * 44 not in repr(ear.heard)
    assert "is asked in place of the publishers: .env in this folder says so" in done.stderr


@pytest.mark.parametrize("url", ["http://{}/x.zip", "zip::http://{}/x.zip", "s3://b/x.csv"])
def test_no_address_is_opened_offline_from_a_notebook(ear, url):
    from equity import configure, read_bdc
    from equity.errors import OfflineError

    configure(offline=True)
    with pytest.raises(OfflineError, match="an address would have to be opened"):
        read_bdc(url.format(ear.host), as_of="2025-06-30")
    assert ear.heard == []


def test_no_cluster_is_asked_offline(ear, example_state):
    from equity import Study, configure
    from equity.errors import OfflineError

    configure(offline=True)
    with pytest.raises(OfflineError, match="reached over the network"):
        Study.load(example_state.study).run(cluster=f"tcp://{ear.host}")
    assert ear.heard == []


HARMLESS = {"schema.gml", "virtual.gpkg", "asks.gpkg", "other.gpkg"}  # GDAL itself goes nowhere


def test_no_file_that_names_a_server_is_given_to_gdal(tmp_path, example_state):
    shutil.copytree(example_state.tracts.parent, tmp_path / "boundaries")
    names = hostile_files(tmp_path, "127.0.0.1:9")
    assert len(names) > 30
    given = set()
    for name in names:
        try:
            vector_source(tmp_path / name)
        except FormatError:
            continue
        given.add(name)
    assert given == HARMLESS


@pytest.mark.parametrize("at", [0, 100, (1 << 20) - 300, (1 << 20) - 3, (1 << 20) + 5])
@pytest.mark.parametrize("hidden", ['"link"', "'URL'", "\\u006c", "<OGR", "gdal_streamed_alg"])
def test_a_link_is_found_wherever_it_stands(tmp_path, at, hidden):
    (tmp_path / "a.geojson").write_text('{"a":' + " " * at + hidden + "}")
    with pytest.raises(FormatError, match="takes something from another place"):
        vector_source(tmp_path / "a.geojson")


def test_a_column_called_url_is_no_link(tmp_path):
    text = '{"url": "https://a.example", "Link" : "x", "type": "Feature", "DEL": "\\u007f", "<": "\\u003c"}'
    (tmp_path / "a.geojson").write_text("\ufeff" + text + " " * (1 << 20) + text, encoding="utf-8")
    assert vector_source(tmp_path / "a.geojson") == tmp_path / "a.geojson"
