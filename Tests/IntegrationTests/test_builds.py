"""What a package's set-up code can reach while its layer is built."""

from __future__ import annotations

import functools
import http.server
import io
import json
import re
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from gateways import Gateway

from conftest import end

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

# What it finds goes out by the only way that the deployer sees: its failure.
LOOK = """
import ctypes
import errno
import json
import os

def tried(work):
    try:
        return work()
    except OSError as error:
        return errno.errorcode[error.errno]

def mounted():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"none", b"/tmp", b"tmpfs", 0, None):
        raise OSError(ctypes.get_errno(), "mount")
    return "done"

status = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
pids = [name for name in os.listdir("/proc") if name.isdigit()]
found = {{
    "users": os.getresuid(),
    "groups": [*os.getresgid(), *os.getgroups()],
    "status": {{name: text.strip() for name, text in status.items()}},
    "owners": sorted({{os.stat("/proc/" + pid).st_uid for pid in pids}}),
    "programs": [open("/proc/" + pid + "/cmdline").read() for pid in pids],
    "first": open("/proc/1/cmdline").read(),
    "signal": tried(lambda: os.kill({pid}, 0)),
    "read": {{path: tried(lambda: open(path, "rb").read(8).hex()) for path in {files}}},
    "names": {{path: tried(lambda: os.listdir(path)) for path in {folders}}},
    "write": {{path: tried(lambda: open(path, "w").close()) for path in {targets}}},
    "mount": tried(mounted),
    "become": tried(lambda: os.setuid(0)),
}}
raise SystemExit("FOUND " + json.dumps(found))
"""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """A folder on the loopback; its address."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def index(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A package index on the loopback: its folder and its address."""
    with serving(tmp_path) as address:
        yield tmp_path, address


@pytest.fixture(scope="module")
def outside(gateway: Gateway, place: Path) -> dict[str, list[str]]:
    """Places of the host that no build is to see, and some that it is not to write to."""
    data = place / "builds"
    files = [data / "billing.sqlite", data / "registry.sqlite", "/etc/shadow", "/etc/hostname"]
    through = [f"/proc/1/root{data}/billing.sqlite", "/proc/1/root/etc/shadow"]
    folders = [data, data / "bundles", place, "/root", "/var/lib/dpkg"]
    return {
        "files": [*map(str, files), *through],
        "folders": list(map(str, folders)),
        "targets": ["/usr/new", "/etc/passwd", "/tools/new", "/new", f"{data}/new"],
    }


@pytest.fixture(scope="module")
def found(
    gateway: Gateway,
    place: Path,
    outside: dict[str, list[str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, Any]]:
    """What a package's set-up code finds around it while a real gateway has it installed."""
    folder, functions = tmp_path_factory.mktemp("index"), tmp_path_factory.mktemp("functions")
    own = Gateway(place / "builds")
    own.share_runtime(gateway.data)
    with serving(folder) as address, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_INDEX_URL", f"{address}/simple")
        own.start()
        publish(folder, LOOK.format(pid=own.pid, **outside))
        function = folder_of("looking", functions)
        (function / "requirements.txt").write_text("probe==1.0\n")
        try:
            deploy = own.run_cli("deploy", str(function))
            said = re.search("FOUND (.*)", deploy.stdout + deploy.stderr)
            assert said, deploy
            yield json.loads(said[1])
        finally:
            end(own)


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


def test_set_up_code_runs_unprivileged_and_stays_so(found: dict[str, Any]) -> None:
    status = found["status"]

    assert 0 not in found["users"]
    assert len(set(found["users"])) == 1
    assert set(found["groups"]) == set(found["users"])
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[kind], 16) == 0, kind
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    assert found["become"] == "EPERM"
    assert found["mount"] == "EPERM"


def test_set_up_code_sees_no_file_of_the_host(
    found: dict[str, Any], outside: dict[str, list[str]]
) -> None:
    for path in outside["files"] + outside["folders"]:
        assert path.startswith("/proc/") or Path(path).exists(), f"no {path}: this says nothing"
    assert set(found["read"]) == set(outside["files"])
    assert set(found["names"]) == set(outside["folders"])
    for path, what in (found["read"] | found["names"]).items():
        assert what in ("ENOENT", "EACCES"), path
    for path, what in found["write"].items():
        assert what in ("ENOENT", "EACCES", "EROFS"), path


def test_set_up_code_sees_the_installer_and_no_process_of_the_host(found: dict[str, Any]) -> None:
    assert "pip\0install" in found["first"]
    assert found["owners"] == sorted(set(found["users"]))
    assert not [program for program in found["programs"] if "gateway" in program]
    assert found["signal"] == "ESRCH"
