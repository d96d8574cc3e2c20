"""Many instances of one function at once."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway_program import SETTLE_SECONDS_MAX, Gateway, variant
from http_connection import Answer, Connection, post_request
from measure_zero import REST_SECONDS
from processes import BenchmarkError, cpu_seconds, proportional_bytes, wait_until
from settings import REPOSITORY, Settings

INSTANCES = 32
# Long enough to ask 32 instances again and to read their memory, short enough to wait for zero.
KEEP_ALIVE = "2s"
TRIES_MORE_MAX = 3
# Times the sample's two sentences: some 50 ms of work.
MORE_SENTENCES = 8
INFERENCE_CPU_SECONDS_MIN = 0.03

Say = Callable[[str], None]


def measure_burst(settings: Settings, gateway: Gateway, work: Path, say: Say) -> dict[str, Any]:
    """32 first invocations of `embed` at once, with only its zygote in memory."""
    name = "embed-many"
    gateway.deploy(variant("embed", name, KEEP_ALIVE, work))
    body = (REPOSITORY / "functions" / "embed" / "sample.json").read_bytes()
    bursts: list[dict[str, Any]] = []
    for _ in range(settings.bursts + TRIES_MORE_MAX):
        if len(bursts) == settings.bursts:
            break
        say(f"{INSTANCES} instances of embed at once, {len(bursts) + 1} of {settings.bursts}")
        gateway.wait_for_zero(name)
        time.sleep(REST_SECONDS)
        found = burst(gateway, name, body)
        if found:
            bursts.append(found)
    if not bursts:
        raise BenchmarkError(f"{INSTANCES} requests at once never started {INSTANCES} instances")
    return {"instances": INSTANCES, "bursts": bursts}


def burst(gateway: Gateway, name: str, body: bytes) -> dict[str, Any] | None:
    """None where an instance had answered before the last request came, and took that one too."""
    alone = gateway.sandbox_processes(name)
    zygote = proportional_bytes(alone)
    answers = Together(gateway, name, body)
    answers.send()
    all_ready = wait_until(
        lambda: is_settled(gateway, name, answers), f"{INSTANCES} ready", SETTLE_SECONDS_MAX
    )
    answered = answers.join()
    if count(gateway.pool(name)) != INSTANCES:
        return None
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
    together.send()
    together.join()


def check_all_ran(processes: set[int]) -> None:
    """An instance that has not run its model has not touched the memory that this needs."""
    ran = sum(1 for pid in processes if cpu_seconds([pid]) >= INFERENCE_CPU_SECONDS_MIN)
    # One of the instances was the reserve, which was there before.
    if ran < INSTANCES - 1:
        raise BenchmarkError(f"only {ran} of {INSTANCES} instances have run their model")


def is_settled(gateway: Gateway, name: str, answers: Together) -> bool:
    """Whether all instances are ready, or as many as it takes to answer."""
    answered = answers.are_answered
    pool = gateway.pool(name)
    return count(pool) == INSTANCES or (answered and pool["starting"] == 0)


def count(pool: dict[str, int | str]) -> int:
    return int(pool["idle"]) + int(pool["busy"])


class Together:
    """As many requests at once as there are to be instances, each on a connection of its own."""

    def __init__(self, gateway: Gateway, name: str, body: bytes) -> None:
        self.answers: list[Answer] = []
        self.failures: list[Exception] = []
        self.started = self.last = 0.0
        self.request = post_request(f"/function/{name}", body)
        self.connections = [gateway.connect() for _ in range(INSTANCES)]
        self.readers = [
            threading.Thread(target=self.read, args=(connection,))
            for connection in self.connections
        ]
        for reader in self.readers:
            reader.start()

    def send(self) -> None:
        """All within a millisecond: one that is late finds an instance free that has answered."""
        self.started = time.perf_counter()
        for connection in self.connections:
            connection.socket.sendall(self.request)

    def read(self, connection: Connection) -> None:
        try:
            with connection:
                answer = connection.receive(self.started)
            if answer.status != 200:
                raise BenchmarkError(f"answered {answer.status}: {answer.body[:500]!r}")
            self.last = time.perf_counter()
            self.answers.append(answer)
        except Exception as error:
            self.failures.append(error)

    @property
    def are_answered(self) -> bool:
        return not any(reader.is_alive() for reader in self.readers)

    def join(self) -> float:
        """Seconds until the last answer had come."""
        for reader in self.readers:
            reader.join()
        if self.failures:
            raise self.failures[0]
        return self.last - self.started
