"""Queues on a disk that is full: what is not taken is said so, and what was taken is kept."""

import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from events import (
    MESSAGES,
    books,
    drained,
    has_completed,
    queue,
    send_all,
)
from folders import Files, function
from gateways import Gateway
from http_client import Answer
from waiting import until

from conftest import end

DISK = "192m"
PIECE = 64 << 10
LARGE = 10_000
AGAIN_SECONDS_MAX = 20
# Equal looks at a queue after which it stands still.
STILL = 10

KEEPER = """
import time

def handle(event, context):
    time.sleep(event.json().get("seconds", 0))
    return None
"""
MANIFEST = """
scale: { min: 0, max: 2, concurrency: 8, keepAlive: 60s }
triggers:
  - queue: { name: kept }
"""


def keeper(name: str = "keeper", manifest: str = MANIFEST) -> Files:
    return function(name, KEEPER, manifest)


class Disk:
    """A disk of limited size that tests fill up."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ballast = folder / "ballast"

    def fill(self, leave: int = 0) -> None:
        """Takes all that is free, but for some bytes."""
        with self.ballast.open("wb", buffering=0) as file:
            try:
                while file.write(bytes(PIECE)) == PIECE:
                    pass
            except OSError:
                pass
            file.truncate(max(0, file.tell() - leave))

    def empty(self) -> None:
        self.ballast.unlink()


@pytest.fixture
def disk(place: Path) -> Iterator[Disk]:
    folder = place / "own-disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=755", "tmpfs", str(folder)]
    subprocess.run(mount, check=True)
    yield Disk(folder)
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
    folder.rmdir()


@pytest.fixture
def small(gateway: Gateway, disk: Disk) -> Iterator[Gateway]:
    """A gateway whose data folder is on the small disk."""
    own = Gateway(disk.folder)
    own.share_runtime(gateway.data)
    own.start()
    yield own
    disk.ballast.unlink(missing_ok=True)
    end(own)


def send(gateway: Gateway, batch: dict[str, Any]) -> Answer:
    body = json.dumps([{"body": batch[key], "deduplicationId": key} for key in batch])
    return gateway.request("POST", "/v1/queues/kept/messages", body, {"Content-Type": MESSAGES})


def test_what_a_full_disk_has_no_room_for_is_refused_and_the_rest_is_kept(
    small: Gateway, disk: Disk
) -> None:
    small.deploy(keeper())
    small.remove("keeper")
    disk.fill(leave=6 << 20)
    taken: set[str] = set()
    number = 0
    while True:
        batch = {f"{number}-{n}": {"text": "x" * LARGE} for n in range(50)}
        answer = send(small, batch)
        if answer.status != 202:
            break
        taken.update(answer.json()["ids"])
        number += 1

    print(f"{len(taken)} taken, then {answer.status} {answer.text}")
    assert answer.status in (429, 503, 507)
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0
    assert small.request("GET", "/healthz").status == 200
    assert queue(small, "kept")["depth"] == len(taken) > 0
    disk.empty()
    answer = until(
        lambda: (found := send(small, batch)).status == 202 and found,
        "it is taken",
        AGAIN_SECONDS_MAX,
    )
    taken.update(answer.json()["ids"])
    small.kill()
    small.start()
    assert queue(small, "kept")["depth"] == len(taken)
    small.deploy(keeper())
    drained(small, "kept")
    assert books(small, "queue:kept").completed == Counter(taken)


@pytest.mark.parametrize("is_killed", [False, True])
def test_a_queue_that_drains_goes_on_when_there_is_room_again(
    small: Gateway, disk: Disk, is_killed: bool
) -> None:
    small.deploy(keeper())
    sent = send_all(small, "kept", {f"message-{n}": {"seconds": 0.005} for n in range(1500)})
    until(has_completed(small, "kept", 50), "some are completed")

    disk.fill()

    seen: list[tuple[int, int]] = []

    def is_still() -> bool:
        report = queue(small, "kept")
        seen.append((report["depth"], report["inFlight"]))
        depths, in_flight = (set(numbers) for numbers in zip(*seen[-STILL:], strict=True))
        # What the ledger cannot take is given back; what the queue cannot settle stays in flight.
        nothing_runs = report["inFlight"] == 0 or len(in_flight) == 1
        return nothing_runs and len(depths) == 1 and len(seen) > STILL

    until(is_still, "nothing is done any more", 20, poll=0.1)
    assert small.request("GET", "/healthz").status == 200
    before = books(small, "queue:kept")
    if is_killed:
        small.kill()
    disk.empty()
    if is_killed:
        small.start()
    drained(small, "kept")
    found = books(small, "queue:kept")
    print(f"{len(before.completed)} of {len(sent.ids)} when it was full; {found.rows} rows")
    assert found.completed == Counter(sent.ids.values())
    assert 0 < len(before.completed) < len(sent.ids)
    assert found.attempts == found.completed


def test_a_queue_that_was_made_on_a_full_disk_is_there_after_a_restart(
    small: Gateway, disk: Disk
) -> None:
    """The first asynchronous invocation makes its queue, which must not be in memory alone."""
    small.deploy(keeper())
    disk.fill()

    def call() -> Answer:
        return small.request("POST", "/async-function/keeper", json.dumps({"text": "x" * LARGE}))

    until(lambda: call().status in (503, 507), "it is refused", AGAIN_SECONDS_MAX)
    disk.empty()
    answer = until(
        lambda: (found := call()).status == 202 and found, "it is taken", AGAIN_SECONDS_MAX
    )
    small.kill()
    small.start()

    one = answer.headers["x-call-id"]
    result = small.request("GET", f"/v1/invocations/{one}/result?wait=10s")
    assert (result.status, result.id) == (200, one), result
