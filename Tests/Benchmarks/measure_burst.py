"""Many instances of one function at once."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway_program import SETTLE_SECONDS_MAX, Gateway, variant
from http_connection import Answer, Connection
from processes import BenchmarkError, cpu_seconds, proportional_bytes, wait_until
from settings import REPOSITORY, Settings

INSTANCES = 32
# Long enough to ask 32 instances again and to read their memory, short enough to wait for zero.
KEEP_ALIVE = "2s"
# Times the sample's two sentences: some 50 ms of work.
MORE_SENTENCES = 8
INFERENCE_CPU_SECONDS_MIN = 0.03

Say = Callable[[str], None]


def measure_burst(settings: Settings, gateway: Gateway, work: Path, say: Say) -> dict[str, Any]:
    """32 first invocations of `embed` at once, with only its zygote in memory."""
    name = "embed-many"
    gateway.deploy(variant("embed", name, KEEP_ALIVE, work))
    body = (REPOSITORY / "functions" / "embed" / "sample.json").read_bytes()
    bursts = []
    for number in range(settings.bursts):
        say(f"{INSTANCES} instances of embed at once, {number + 1} of {settings.bursts}")
        gateway.wait_for_zero(name)
        time.sleep(0.1)
        bursts.append(burst(gateway, name, body))
    return {"instances": INSTANCES, "bursts": bursts}


def burst(gateway: Gateway, name: str, body: bytes) -> dict[str, Any]:
    alone = gateway.sandbox_processes(name)
    zygote = proportional_bytes(alone)
    answers = Together(gateway, name, body)
    started = time.perf_counter()
    answers.start()
    wait_until(lambda: ready(gateway, name) == INSTANCES, f"{INSTANCES} ready", SETTLE_SECONDS_MAX)
    all_ready = time.perf_counter() - started
    answered = answers.join() - started
    kinds = [one.start_kind for one in answers.answers]
    run_all(gateway, name, body)
    processes = gateway.sandbox_processes(name)
    check_all_ran(set(processes) - set(alone))
    return {
        "readySeconds": all_ready,
        "answeredSeconds": answered,
        "forks": kinds.count("fork"),
        "zygoteBytes": zygote,
        "zygoteProcesses": len(alone),
        "allBytes": proportional_bytes(processes),
        "allProcesses": len(processes),
    }


def run_all(gateway: Gateway, name: str, body: bytes) -> None:
    """Invokes all instances at once, with enough to do that none can take two."""
    sentences = json.loads(body)["sentences"] * MORE_SENTENCES
    together = Together(gateway, name, json.dumps({"sentences": sentences}).encode())
    together.start()
    together.join()


def check_all_ran(processes: set[int]) -> None:
    """An instance that has not run its model has not touched the memory that this needs."""
    ran = sum(1 for pid in processes if cpu_seconds([pid]) >= INFERENCE_CPU_SECONDS_MIN)
    if ran < INSTANCES - 1:
        raise BenchmarkError(f"only {ran} of {INSTANCES} instances have run their model")


def ready(gateway: Gateway, name: str) -> int:
    pool = gateway.pool(name)
    return int(pool["idle"]) + int(pool["busy"])


class Together:
    """As many requests at once as there are to be instances, each on a connection of its own."""

    def __init__(self, gateway: Gateway, name: str, body: bytes) -> None:
        self.answers: list[Answer] = []
        self.failures: list[Exception] = []
        self.last = 0.0
        connections = [gateway.connect() for _ in range(INSTANCES)]
        self.threads = [
            threading.Thread(target=self.post, args=(connection, name, body))
            for connection in connections
        ]

    def post(self, connection: Connection, name: str, body: bytes) -> None:
        try:
            with connection:
                answer = connection.post(f"/function/{name}", body)
            if answer.status != 200:
                raise BenchmarkError(f"answered {answer.status}: {answer.body[:500]!r}")
            self.last = time.perf_counter()
            self.answers.append(answer)
        except Exception as error:
            self.failures.append(error)

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def join(self) -> float:
        """When the last answer had come."""
        for thread in self.threads:
            thread.join()
        if self.failures:
            raise self.failures[0]
        return self.last
