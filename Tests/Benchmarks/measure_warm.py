"""Warm invocations: the gateway beside a direct call of an instance, and beside its peers."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from direct import DirectInstance, Relay
from gateway_program import Gateway
from load import Load, drive
from peers import install, start_functions_framework, start_uvicorn
from processes import (
    BenchmarkError,
    cpu_seconds,
    machine_cpu_seconds,
    own_cpu_seconds,
    resident_bytes,
)
from settings import BODY, DEPTHS, REPOSITORY, Settings

EXACT_COUNT = 500
WARM_UP_SECONDS = 1
PLACED_SECONDS = 0.5

Say = Callable[[str], None]


def measure_warm(settings: Settings, gateway: Gateway, work: Path, say: Say) -> dict[str, Any]:
    """Rounds, each of all programs at all depths, one after the other."""
    gateway.deploy(REPOSITORY / "functions" / "echo")
    programs = install(settings.cache)
    with ExitStack() as running:
        direct = running.enter_context(DirectInstance(gateway.runtime_layer(), max(DEPTHS), work))
        relay = running.enter_context(direct.relay())
        peers = [
            start(programs, work / "peers.log")
            for start in (start_uvicorn, start_functions_framework)
        ]
        for peer in peers:
            running.callback(peer.stop)
        url = f"{gateway.url}/function/echo"
        for each in (url, relay.peer.url, *(peer.url for peer in peers)):
            drive(each, max(DEPTHS), WARM_UP_SECONDS)
        rounds = []
        for number in range(settings.rounds):
            found = {}
            for depth in DEPTHS:
                say(f"round {number + 1} of {settings.rounds}, {depth} at once")
                seconds = settings.load_seconds
                compared = peers if depth > 1 or not settings.quick else []
                found[str(depth)] = {
                    "direct": direct.drive(depth, seconds).json(),
                    "gateway": drive_gateway(gateway, url, depth, seconds),
                    "relay": drive_relay(relay, depth, seconds),
                    **{peer.name: drive(peer.url, depth, seconds).json() for peer in compared},
                }
            rounds.append(found)
        cores = sorted(os.sched_getaffinity(0))
        placed = {
            "oneCore": direct.drive(1, PLACED_SECONDS, (cores[0], cores[0])).json(),
            "twoCores": direct.drive(1, PLACED_SECONDS, (cores[0], cores[-1])).json(),
        }
        with on_core(cores[0], [gateway.pid, *gateway.sandbox_processes("echo")]):
            placed_gateway = drive_gateway(gateway, url, 1, settings.load_seconds)
        with on_core(cores[0], [relay.peer.program.pid, relay.instance.pid]):
            placed_relay = drive_relay(relay, 1, settings.load_seconds)
    return {
        "rounds": rounds,
        "directPlaced": placed,
        "gatewayOnOneCore": placed_gateway,
        "relayOnOneCore": placed_relay,
        "exactRows": count_rows_exactly(gateway),
        "gatewayResidentBytes": resident_bytes(gateway.pid),
    }


@contextmanager
def on_core(core: int, pids: list[int]) -> Iterator[None]:
    """Keeps all threads of these programs, and what this one starts, on one core."""
    threads = [int(name) for pid in pids for name in os.listdir(f"/proc/{pid}/task")]
    before = {thread: os.sched_getaffinity(thread) for thread in [0, *threads]}
    try:
        for thread in before:
            os.sched_setaffinity(thread, {core})
        yield
    finally:
        for thread, cores in before.items():
            with suppress(ProcessLookupError):
                os.sched_setaffinity(thread, cores)


def drive_gateway(gateway: Gateway, url: str, depth: int, seconds: float) -> dict[str, Any]:
    """Load, and what it cost: CPU of the gateway and of the sandbox, rows of the ledger."""
    sandbox = gateway.sandbox_processes("echo")
    rows = gateway.ledger_rows("echo")
    before = used(gateway, sandbox)
    started = time.perf_counter()
    load = drive(url, depth, seconds)
    elapsed = time.perf_counter() - started
    spent = [after - earlier for after, earlier in zip(used(gateway, sandbox), before, strict=True)]
    gateway.wait_for_quiet("echo")
    rows = gateway.ledger_rows("echo") - rows
    check_rows(load, rows)
    return {
        **load.json(),
        "rows": rows,
        "gatewayCPUMicros": spent[0] / load.responses * 1e6,
        "instanceCPUMicros": spent[1] / load.responses * 1e6,
        "othersCores": max(0.0, spent[3] - sum(spent[:3])) / elapsed,
    }


def drive_relay(relay: Relay, depth: int, seconds: float) -> dict[str, Any]:
    before = cpu_seconds([relay.peer.program.pid])
    load = drive(relay.peer.url, depth, seconds)
    spent = cpu_seconds([relay.peer.program.pid]) - before
    return {**load.json(), "relayCPUMicros": spent / load.responses * 1e6}


def used(gateway: Gateway, sandbox: list[int]) -> list[float]:
    """CPU seconds so far: the gateway, the sandbox, this program with wrk, the whole machine."""
    ours = [cpu_seconds([gateway.pid]), cpu_seconds(sandbox), own_cpu_seconds()]
    return [*ours, machine_cpu_seconds()]


def check_rows(load: Load, rows: int) -> None:
    """wrk goes away in the middle: up to `depth` invocations have a row and no answer."""
    if not 0 <= rows - load.responses <= load.depth:
        raise BenchmarkError(
            f"{load.responses} answers at {load.depth} at once, and {rows} rows in the ledger"
        )


def count_rows_exactly(gateway: Gateway) -> int:
    """A client that reads every answer to its end finds one row for each, at once."""
    before = gateway.ledger_rows("echo")
    with gateway.connect() as connection:
        for _ in range(EXACT_COUNT):
            answer = connection.post("/function/echo", BODY)
            if answer.status != 200:
                raise BenchmarkError(f"echo answers {answer.status}: {answer.body!r}")
    rows = gateway.ledger_rows("echo") - before
    if rows != EXACT_COUNT:
        raise BenchmarkError(f"{EXACT_COUNT} answers, and {rows} rows in the ledger")
    return rows
