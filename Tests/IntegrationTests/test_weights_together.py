"""Many fetches of weights at once: the disk that they share, and those who wait."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPResponse
from os import statvfs
from pathlib import Path

import pytest
from folders import Files, function, pack
from gateways import Deploy, Gateway
from waiting import until
from weights import Web, digest, serving

from conftest import MakeGateway, end

DISK = "512m"
# What fetches leave free, and how many run at once.
KEPT_BYTES, FETCHES = 256 << 20, 4
WAITING = 40
ANSWERS, ANSWER_SECONDS_MAX = 20, 1
STOP_SECONDS_MAX = 10
# After so long a server that sends nothing is given up anyway.
STALL_SECONDS = 20

SIZE = """
import os
def handle(event, context):
    return os.path.getsize(os.environ["FAAS_MODEL"])
"""
PLAIN = """
def handle(event, context):
    return "here"
"""


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as web:
        yield web


@pytest.fixture
def small(gateway: Gateway, place: Path) -> Iterator[Gateway]:
    """A gateway whose data folder is on a small disk."""
    folder = place / "weights-disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=755", "tmpfs", str(folder)]
    subprocess.run(mount, check=True)
    own = Gateway(folder)
    own.share_runtime(gateway.data)
    own.start()
    yield own
    end(own)
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
    folder.rmdir()


def weighty(web: Web, name: str, content: bytes) -> Files:
    """A function with these weights, which the web server has from now on."""
    web.files[f"{name}.bin"] = content
    model = f'model: {{ source: "{web.url}/{name}.bin", sha256: "{digest(content)}" }}\n'
    return function(name, SIZE, model)


@contextmanager
def deploying(gateway: Gateway, name: str, files: Files) -> Iterator[HTTPConnection]:
    """A deploy whose answer has yet to be read."""
    fields = {"Content-Type": "application/x-tar"}
    with gateway.connect() as connection:
        connection.http.request("PUT", f"/v1/functions/{name}", pack(files), fields)
        yield connection.http


def at_weights(deploy: HTTPConnection) -> HTTPResponse:
    """Waits until the deploy has come to its weights; the rest of its events can be read."""
    events = deploy.getresponse()
    while json.loads(events.readline())["step"] != "weights":
        pass
    return events


def free(gateway: Gateway) -> int:
    disk = statvfs(gateway.data)
    return disk.f_bavail * disk.f_frsize


def seconds_of_revisions(gateway: Gateway, name: str) -> float:
    began = time.monotonic()
    gateway.get(f"/v1/functions/{name}/revisions")
    return time.monotonic() - began


def test_deploys_at_once_are_not_promised_the_same_room(small: Gateway, web: Web) -> None:
    small.deploy(function("served", PLAIN))
    size = (free(small) - KEPT_BYTES) * 6 // 10
    assert size > 8 << 20
    first, second = b"1" * size, b"2" * size
    web.hold_after = 1 << 20
    partial = small.data / "weights" / f"{digest(first)}.part"

    with deploying(small, "first", weighty(web, "first", first)) as deploy:
        events = at_weights(deploy)
        until(lambda: partial.exists() and partial.stat().st_size == 1 << 20, "a part is here")
        refused = small.put("second", weighty(web, "second", second))
        web.release.set()
        last = json.loads(events.read().splitlines()[-1])

    assert refused.code == "weightsFailed"
    assert "promised to other fetches" in str(refused.problem)
    assert last["step"] == "done"
    assert free(small) >= KEPT_BYTES
    assert [path.name for path in (small.data / "weights").iterdir()] == [digest(first)]
    assert small.invoke("first").json() == size
    assert small.invoke("served").text == "here"


def test_deploys_that_wait_for_weights_hold_up_nobody_else(
    make_gateway: MakeGateway, web: Web
) -> None:
    gateway = make_gateway()
    gateway.start()
    gateway.deploy(function("served", PLAIN))
    web.hold_after = 0

    with ExitStack() as stack:
        deploys = []
        for number in range(WAITING):
            files = weighty(web, f"waiting-{number}", f"weights {number}".encode())
            deploys.append(stack.enter_context(deploying(gateway, f"waiting-{number}", files)))
        seconds = [seconds_of_revisions(gateway, "served") for _ in range(ANSWERS)]
        for deploy in deploys:
            at_weights(deploy)
        seconds += [seconds_of_revisions(gateway, "served") for _ in range(ANSWERS)]
        gateway.deploy(function("other", PLAIN))
        answer = gateway.invoke("other")
        until(lambda: len(web.ranges) >= FETCHES, "as many fetches as may run at once have begun")
        began = time.monotonic()
        assert gateway.stop() == 0
        stopping_seconds = time.monotonic() - began

    assert max(seconds) < ANSWER_SECONDS_MAX, seconds
    assert answer.text == "here"
    assert len(web.ranges) == FETCHES
    assert stopping_seconds < STOP_SECONDS_MAX
    assert gateway.leftovers() == {}


def test_a_fetch_ends_with_the_last_client_that_waits_for_it(
    make_gateway: MakeGateway, web: Web
) -> None:
    """Clients that went away while a slow server has all places keep nobody from fetching."""
    gateway = make_gateway()
    gateway.start()
    web.hold_after = 0
    with ExitStack() as stack:
        for number in range(FETCHES):
            files = weighty(web, f"left-{number}", f"weights {number}".encode())
            deploy = stack.enter_context(deploying(gateway, f"left-{number}", files))
            stack.enter_context(at_weights(deploy))
        until(lambda: len(web.ranges) == FETCHES, "all places are taken")

    web.hold_after = None
    began = time.monotonic()
    gateway.deploy(weighty(web, "follows", b"the next weights"))
    seconds = time.monotonic() - began

    assert seconds < STALL_SECONDS
    assert gateway.invoke("follows").json() == len(b"the next weights")
    # A name is free again once its deploy has been given up.
    files = weighty(web, "left-0", b"weights 0")
    again = until(lambda: (one := gateway.put("left-0", files)).problem is None and one, "free")
    assert isinstance(again, Deploy)
    assert again.done
    web.release.set()
