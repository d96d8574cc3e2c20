"""Installs that take long: what they hold up, and what ends them."""

from __future__ import annotations

import functools
import http.server
import io
import json
import socket
import tarfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import host
import pytest
from folders import function, pack
from gateways import Gateway
from http_client import RawConnection
from waiting import until

from conftest import MakeGateway

# As many as the gateway once had threads for all that blocks.
DEPLOYS = 16
INSTALLS_MAX = 4
# What is not held up takes less, also on a slow machine.
ANSWER_SECONDS_MAX = 5
# The gateway promises to stop within 30 s; nothing here gives it a reason to take that long.
STOP_SECONDS_MAX = 20

HANDLER = """
def predict(x: int) -> int:
    print("asked", x)
    return x + 1
"""

SETUP = """
for number in range(4000):
    print("a line of a compiler that has much to say, the", number)
raise SystemExit("THE REASON")
"""


@pytest.fixture
def silent_index(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A package index that takes connections and never answers."""
    kept: list[socket.socket] = []

    def take(listener: socket.socket) -> None:
        while True:
            try:
                kept.append(listener.accept()[0])
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        threading.Thread(target=take, args=(listener,), daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/simple"
        monkeypatch.setenv("PIP_INDEX_URL", url)
        monkeypatch.setenv("PIP_DEFAULT_TIMEOUT", "300")
        yield url
        listener.shutdown(socket.SHUT_RDWR)
    for connection in kept:
        connection.close()


class Deploying(RawConnection):
    """A client that deploys a function with a requirement and hears what comes of it."""

    def __init__(self, gateway: Gateway, name: str) -> None:
        super().__init__(gateway.host, gateway.port, 60)
        body = pack(function(name, HANDLER, requirements__txt="probe==1.0\n"))
        fields = f"Host: test\r\nContent-Type: application/x-tar\r\nContent-Length: {len(body)}"
        self.send(f"PUT /v1/functions/{name} HTTP/1.1\r\n{fields}\r\n\r\n".encode() + body)
        self.status, _ = self.head()

    def event(self) -> dict[str, Any] | None:
        """What happened next; nothing at the end."""
        line = self.chunk()
        return json.loads(line) if line else None

    def requirements(self) -> str:
        """What it says first of its requirements."""
        while event := self.event():
            if event["step"] == "requirements":
                return str(event["message"])
        raise AssertionError("it ended before its requirements")

    def last(self) -> dict[str, Any]:
        """What it ends with; the answer is whole."""
        while event := self.event():
            if event["step"] in ("done", "failed"):
                assert self.event() is None
                return event
        raise AssertionError("it ended before it was done or had failed")


def deploying(gateway: Gateway) -> list[Deploying]:
    """Deploys more than may install at once, until as many install as may."""
    deploys = [Deploying(gateway, f"slow-{number}") for number in range(DEPLOYS)]
    assert {deploy.status for deploy in deploys} == {200}
    until(lambda: len(installers(gateway)) == INSTALLS_MAX, "installers", 60)
    return deploys


def installers(gateway: Gateway) -> set[str]:
    """Builds that have processes."""
    groups = [path for path in host.cgroups(gateway.tag) if "/build-" in str(path)]
    names = [next(part for part in path.parts if part.startswith("build-")) for path in groups]
    return {name for name, path in zip(names, groups, strict=True) if host.processes_in([path])}


def building(gateway: Gateway) -> list[Path]:
    return list((gateway.data / "layers").glob(".building-*"))


def test_slow_installs_hold_up_nothing_else(make_gateway: MakeGateway, silent_index: str) -> None:
    gateway = make_gateway()
    gateway.start()
    gateway.deploy(function("beside", HANDLER))
    # Nothing of it runs after this: its next invocation starts cold.
    assert gateway.stop() == 0
    gateway.start()
    deploys = deploying(gateway)

    said = [deploy.requirements() for deploy in deploys]
    answer = gateway.invoke("beside", {"x": 1}, seconds=ANSWER_SECONDS_MAX)
    path = "/v1/functions/beside/logs"
    logs = gateway.request("GET", path, seconds=ANSWER_SECONDS_MAX)
    began = time.monotonic()
    assert gateway.put("fresh", function("fresh", HANDLER)).done
    took = time.monotonic() - began

    assert (answer.status, answer.json()) == (200, 2)
    assert b"asked 1" in logs.body
    assert took < ANSWER_SECONDS_MAX
    waiting = [message for message in said if message.startswith("waiting: 4 other installs")]
    assert len(waiting) == DEPLOYS - INSTALLS_MAX, said
    assert len(installers(gateway)) == INSTALLS_MAX


def test_an_install_ends_with_its_client(make_gateway: MakeGateway, silent_index: str) -> None:
    gateway = make_gateway()
    gateway.start()
    deploys = deploying(gateway)

    for deploy in deploys:
        deploy.close()

    until(lambda: not installers(gateway), "the installers' end")
    until(lambda: not building(gateway), "the builds' folders gone")
    # Each was given up whole: its name is free, and there is a place to install at once.
    again = until(lambda: deploying_again(gateway), "a name that is free")
    assert again.requirements() == "installing 1 requirements"
    again.close()


def deploying_again(gateway: Gateway) -> Deploying | None:
    deploy = Deploying(gateway, f"slow-{DEPLOYS - 1}")
    if deploy.status == 200:
        return deploy
    deploy.close()
    return None


def test_a_gateway_that_stops_ends_installs(make_gateway: MakeGateway, silent_index: str) -> None:
    gateway = make_gateway()
    gateway.start()
    deploys = deploying(gateway)

    began = time.monotonic()
    gateway.terminate()
    ends = [deploy.last() for deploy in deploys]
    status = gateway.stop()
    took = time.monotonic() - began

    assert status == 0
    assert took < STOP_SECONDS_MAX
    assert {end["step"] for end in ends} == {"failed"}
    assert {end["problem"]["code"] for end in ends} == {"draining"}
    assert building(gateway) == []
    assert gateway.leftovers() == {}


def publish(folder: Path) -> None:
    """Puts a source package that cannot be installed into an index."""
    place = folder / "simple" / "probe"
    place.mkdir(parents=True)
    (place / "index.html").write_text('<a href="probe-1.0.tar.gz">probe-1.0.tar.gz</a>')
    files = {"setup.py": SETUP, "PKG-INFO": "Metadata-Version: 1.0\nName: probe\nVersion: 1.0\n"}
    with tarfile.open(place / "probe-1.0.tar.gz", "w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"probe-1.0/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))


def test_a_failed_install_shows_the_end_of_its_log(
    make_gateway: MakeGateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(tmp_path)
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple")
        gateway = make_gateway()
        gateway.start()

        deploy = gateway.put(
            "failing", function("failing", HANDLER, requirements__txt="probe==1.0\n")
        )
        server.shutdown()

    assert deploy.code == "requirementsFailed"
    assert deploy.problem is not None
    assert "THE REASON" in deploy.problem["detail"]
