"""Events: enqueueing, draining beside the synchronous route, from an empty pool, a long queue."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway_program import Gateway
from load import drive
from processes import BenchmarkError, wait_until
from settings import BODY, REPOSITORY, Settings

QUEUE = "bench"
BATCH = 100
LINES = b"\n".join([BODY] * BATCH)
BATCH_CONNECTIONS = 4
SINGLE_CONNECTIONS = 32
SYNC_DEPTH = 64
# Batches that are timed one after another at each depth of the queue.
TIMED_BATCHES = 50
LEASES_MAX = 30_000
SHORT_QUEUE = 1_000
DRAIN_SECONDS_MAX = 120
REST_SECONDS = 0.1

Say = Callable[[str], None]


def measure_events(settings: Settings, gateway: Gateway, work: Path, say: Say) -> dict[str, Any]:
    """One queue and one function, which is removed while only enqueueing is measured."""
    function = event_function("bench-events", "60s", work)
    gateway.deploy(function)
    say("enqueueing")
    remove(gateway, function.name)
    enqueue = {
        "batches": drive(
            messages_url(gateway),
            BATCH_CONNECTIONS,
            settings.load_seconds,
            LINES.decode(),
            "application/x-ndjson",
        ).json(),
        "single": drive(messages_url(gateway), SINGLE_CONNECTIONS, settings.load_seconds).json(),
    }
    purge(gateway)
    rounds = []
    for number in range(settings.rounds):
        say(f"draining, round {number + 1} of {settings.rounds}")
        fill(gateway, settings.drained)
        drained = drain(gateway, function, settings.drained)
        url = f"{gateway.url}/function/{function.name}"
        sync = drive(url, SYNC_DEPTH, settings.load_seconds).per_second
        remove(gateway, function.name)
        rounds.append({"drained": drained, "synchronous": sync})
    say(f"a queue of {settings.long_queue:,}")
    depths = [at_depth(gateway, function, depth) for depth in (SHORT_QUEUE, settings.long_queue)]
    return {
        "enqueue": enqueue,
        "rounds": rounds,
        "depths": depths,
        "fromEmpty": from_empty(settings, gateway, work, say),
    }


def event_function(name: str, keep_alive: str, work: Path) -> Path:
    """`echo` with a queue."""
    folder = work / name
    shutil.copytree(REPOSITORY / "functions" / "echo", folder)
    manifest = folder / "function.yaml"
    text = manifest.read_text().replace("name: echo", f"name: {name}")
    text = text.replace("keepAlive: 60s", f"keepAlive: {keep_alive}")
    queue = QUEUE if name == "bench-events" else f"{QUEUE}-{name}"
    manifest.write_text(f"{text}triggers:\n  - queue: {{ name: {queue} }}\n")
    return folder


def messages_url(gateway: Gateway, queue: str = QUEUE) -> str:
    return f"{gateway.url}/v1/queues/{queue}/messages"


def remove(gateway: Gateway, function: str) -> None:
    call(gateway, f"DELETE /v1/functions/{function}", expected=204)


def purge(gateway: Gateway) -> None:
    call(gateway, f"POST /v1/queues/{QUEUE}/purge")


def call(
    gateway: Gateway, line: str, body: bytes = b"", kind: str = "", expected: int = 200
) -> Any:
    """The answer's JSON, if it has any."""
    with gateway.connect() as connection:
        fields = f"Host: bench\r\nContent-Length: {len(body)}\r\n"
        if kind:
            fields += f"Content-Type: {kind}\r\n"
        answer = connection.exchange(f"{line} HTTP/1.1\r\n{fields}\r\n".encode() + body)
    if answer.status != expected:
        raise BenchmarkError(f"{line}: {answer.status} {answer.body[:300]!r}")
    return json.loads(answer.body) if answer.body else None


def depth(gateway: Gateway) -> int:
    return int(call(gateway, f"GET /v1/queues/{QUEUE}")["depth"])


def fill(gateway: Gateway, messages: int) -> None:
    """With batches as large as may be, to be done soon."""
    lines = b"\n".join([BODY] * min(messages, 5_000))
    for _ in range(0, messages, 5_000):
        call(gateway, f"POST /v1/queues/{QUEUE}/messages", lines, "application/x-ndjson", 202)


def drain(gateway: Gateway, function: Path, messages: int) -> float:
    """Messages a second, from when a tenth of them is done until nine tenths are."""
    begins = depth(gateway)
    gateway.deploy(function)
    passed: list[tuple[float, int]] = []

    def is_done() -> bool:
        left = depth(gateway)
        passed.append((time.perf_counter(), begins - left))
        return begins - left >= messages * 9 // 10

    wait_until(is_done, "the queue to drain", DRAIN_SECONDS_MAX, interval=0.005)
    first = next(each for each in passed if each[1] >= messages // 10)
    last = passed[-1]
    if last[1] == first[1]:
        raise BenchmarkError("the queue drained faster than it was looked at: give it more")
    return (last[1] - first[1]) / (last[0] - first[0])


def at_depth(gateway: Gateway, function: Path, messages: int) -> dict[str, float]:
    """Enqueueing with so many messages waiting, and then taking some of them."""
    fill(gateway, messages)
    started = time.perf_counter()
    for _ in range(TIMED_BATCHES):
        call(
            gateway,
            f"POST /v1/queues/{QUEUE}/messages",
            LINES,
            "application/x-ndjson",
            202,
        )
    batch_millis = (time.perf_counter() - started) * 1000 / TIMED_BATCHES
    # As many as there are, for the rate of a moment says little.
    rate = drain(gateway, function, min(messages + TIMED_BATCHES * BATCH, LEASES_MAX))
    remove(gateway, function.name)
    purge(gateway)
    return {"messages": messages, "batchMillis": batch_millis, "drained": rate}


def from_empty(settings: Settings, gateway: Gateway, work: Path, say: Say) -> list[float]:
    """Milliseconds from before a message is sent until it is known to be done."""
    function = event_function("bench-to-zero", "100ms", work)
    gateway.deploy(function)
    say(f"the first message, {settings.echo_forks} times")
    found = []
    queue = f"{QUEUE}-{function.name}"
    line = f"POST /v1/queues/{queue}/messages"
    for _ in range(settings.echo_forks):
        call(gateway, line, BODY, "application/json", 202)
        gateway.wait_for_zero(function.name)
        time.sleep(REST_SECONDS)
        started = time.perf_counter()
        receipt = call(gateway, line, BODY, "application/json", 202)
        report = call(gateway, f"GET /v1/invocations/{receipt['ids'][0]}?wait=10s")
        found.append((time.perf_counter() - started) * 1000)
        if report["state"] != "ended" or report["startKind"] != "fork":
            raise BenchmarkError(f"not a first message: {report}")
    return found
