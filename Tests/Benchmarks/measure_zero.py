"""From zero: a fork of the zygote, and from disk."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway_program import Gateway, variant
from http_connection import Answer
from processes import BenchmarkError
from settings import BODY, REPOSITORY, Settings

KEEP_ALIVE = "100ms"
# A function that is asked for again has usually been at zero for a while.
REST_SECONDS = 0.1

Say = Callable[[str], None]


def measure_from_zero(settings: Settings, gateway: Gateway, work: Path, say: Say) -> dict[str, Any]:
    """First answers with no instance in memory but its zygote."""
    sample = (REPOSITORY / "functions" / "embed" / "sample.json").read_bytes()
    wanted = (("echo", BODY, settings.echo_forks), ("embed", sample, settings.embed_forks))
    found = {}
    for function, body, count in wanted:
        say(f"{function} from zero, {count} times")
        name = f"{function}-to-zero"
        gateway.deploy(variant(function, name, KEEP_ALIVE, work))
        found[function] = [from_zero(gateway, name, body) for _ in range(count)]
    return found


def from_zero(gateway: Gateway, name: str, body: bytes) -> dict[str, Any]:
    gateway.wait_for_zero(name)
    time.sleep(REST_SECONDS)
    with gateway.connect() as connection:
        # The connection is there, as a client's or a load balancer's would be.
        connection.get("/readyz")
        return first(connection.post(f"/function/{name}", body), expected="fork")


def first(answer: Answer, expected: str) -> dict[str, Any]:
    if answer.status != 200:
        raise BenchmarkError(f"answered {answer.status}: {answer.body[:500]!r}")
    if answer.start_kind != expected:
        raise BenchmarkError(f"started `{answer.start_kind}` where `{expected}` was to be measured")
    phases = {phase: answer.timing(phase) for phase in ("queue", "start", "run")}
    return {"millis": answer.millis, **phases}


def measure_cold(settings: Settings, gateway: Gateway, say: Say) -> list[dict[str, Any]]:
    """First answers of `echo` from a gateway that has just started, with nothing in memory."""
    gateway.deploy(REPOSITORY / "functions" / "echo")
    say(f"echo from disk, {settings.cold_starts} times")
    found = []
    for _ in range(settings.cold_starts):
        gateway.stop()
        gateway.start()
        with gateway.connect() as connection:
            connection.get("/readyz")
            found.append(first(connection.post("/function/echo", BODY), expected="cold"))
    return found
