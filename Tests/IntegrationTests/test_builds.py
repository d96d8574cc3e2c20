"""What a package's set-up code can reach while its layer is built."""

from __future__ import annotations

import functools
import http.server
import io
import re
import tarfile
import threading
from pathlib import Path

import pytest

SETUP = """
import socket
import urllib.request
def ask(url):
    try:
        return urllib.request.urlopen(url, timeout=5).status
    except OSError as error:
        return type(error).__name__

def leave(request):
    # Gone before it is looked at: what was sent may still be read.
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", {port})) as connection:
            connection.sendall(request)
leave(b"DELETE /v1/functions/victim HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n")
raise SystemExit(f"REACHED gateway={{ask('{gateway}/healthz')}} index={{ask('{index}/simple/')}}")
"""


@pytest.fixture
def index(tmp_path: Path):
    """A package index on the loopback: its folder and its address."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield tmp_path, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def publish(folder: Path, setup: str) -> None:
    """Puts the source package probe 1.0 into an index."""
    place = folder / "simple" / "probe"
    place.mkdir(parents=True)
    (folder / "simple" / "index.html").write_text("an index")
    (place / "index.html").write_text('<a href="probe-1.0.tar.gz">probe-1.0.tar.gz</a>')
    files = {"setup.py": setup, "PKG-INFO": "Metadata-Version: 1.0\nName: probe\nVersion: 1.0\n"}
    with tarfile.open(place / "probe-1.0.tar.gz", "w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"probe-1.0/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))


def folder_of(name: str, folder: Path) -> Path:
    function = folder / name
    function.mkdir()
    (function / "function.yaml").write_text(f"name: {name}\n")
    (function / "handler.py").write_text("def predict(x: int) -> int:\n    return x\n")
    return function


def test_set_up_code_reaches_its_index_and_not_the_gateway(
    make_gateway, index, tmp_path, monkeypatch
) -> None:
    folder, url = index
    monkeypatch.setenv("PIP_INDEX_URL", f"{url}/simple")
    gateway = make_gateway()
    gateway.start()
    publish(folder, SETUP.format(gateway=gateway.url, index=url, port=gateway.port))
    assert gateway.run_cli("deploy", str(folder_of("victim", tmp_path))).returncode == 0
    function = folder_of("guarded", tmp_path)
    (function / "requirements.txt").write_text("probe==1.0\n")

    deploy = gateway.run_cli("deploy", str(function))

    assert deploy.returncode == 1
    assert gateway.run_cli("describe", "victim").returncode == 0
    # Turned away at once, before or after its request has left, and not left to wait.
    assert re.search(
        "REACHED gateway=(ConnectionResetError|RemoteDisconnected|URLError) index=200",
        deploy.stdout + deploy.stderr,
    ), deploy.stderr
