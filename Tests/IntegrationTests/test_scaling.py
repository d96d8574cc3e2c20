"""How many instances there are, and who waits."""

import os
import threading
import time
from collections.abc import Callable
from typing import Any

import host
from folders import function
from gateways import Gateway
from http_client import Answer
from waiting import until

SLEEPER = """
import os, time

def predict(seconds: float = 0) -> int:
    time.sleep(seconds)
    return os.getpid()
"""

ASYNC = """
import asyncio, os

running = 0
most = 0

async def predict(seconds: float) -> dict[str, int]:
    global running, most
    running += 1
    most = max(most, running)
    await asyncio.sleep(seconds)
    running -= 1
    return {"pid": os.getpid(), "most": most}
"""

BATCH = """
import os

def predict_batch(model, inputs: list[int]) -> list[dict[str, int]]:
    return [{"value": value * 2, "size": len(inputs), "pid": os.getpid()} for value in inputs]

def load():
    return None
"""


def at_once(count: int, ask: Callable[[int], Answer]) -> list[Answer]:
    """Answers to so many requests that are sent together, in the order of their numbers."""
    answers: dict[int, Answer] = {}
    threads = [
        threading.Thread(target=lambda n=n: answers.update({n: ask(n)})) for n in range(count)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [answers[number] for number in range(count)]


def test_a_burst_is_served_by_as_many_instances(gateway: Gateway) -> None:
    name = gateway.deploy(function("burst", SLEEPER, "scale: { max: 8 }\n"))
    gateway.invoke(name)
    began = time.monotonic()

    answers = at_once(8, lambda _: gateway.invoke(name, {"seconds": 0.5}))

    assert time.monotonic() - began < 3
    assert [answer.status for answer in answers] == [200] * 8
    assert len({answer.json() for answer in answers}) == 8
    assert {answer.start_kind for answer in answers} <= {"warm", "fork"}
    assert gateway.instances(name) == 8


def test_no_more_than_the_maximum_are_started(gateway: Gateway) -> None:
    name = gateway.deploy(function("capped", SLEEPER, "scale: { max: 2 }\n"))

    answers = at_once(8, lambda _: gateway.invoke(name, {"seconds": 0.1}))

    assert [answer.status for answer in answers] == [200] * 8
    assert len({answer.json() for answer in answers}) <= 2
    assert gateway.instances(name) <= 2
    queued = [gateway.row(answer.id)["queueMicros"] for answer in answers]
    assert max(queued) > 100_000


def test_over_the_queue_is_rejected_with_a_time_to_come_again(gateway: Gateway) -> None:
    name = gateway.deploy(function("queued", SLEEPER, "scale: { max: 1, queue: 2 }\n"))
    gateway.invoke(name)

    answers = at_once(6, lambda _: gateway.invoke(name, {"seconds": 0.4}))

    statuses = sorted(answer.status for answer in answers)
    assert statuses == [200, 200, 200, 429, 429, 429]
    rejected = [answer for answer in answers if answer.status == 429]
    for answer in rejected:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "queueFull"
        assert int(answer.headers["retry-after"]) >= 1
        assert gateway.rows("id = ?", answer.id) == []


def test_the_minimum_is_kept_and_started_again(own_gateway: Gateway) -> None:
    manifest = "scale: { min: 2, max: 3, keepAlive: 100ms }\n"
    name = own_gateway.deploy(function("kept", SLEEPER, manifest))
    until(lambda: own_gateway.counts(name)["idle"] == 2, "two are there unasked")

    at_once(3, lambda _: own_gateway.invoke(name, {"seconds": 0.3}))
    until(lambda: own_gateway.instances(name) == 2, "the third one has gone after its keep-alive")
    victim = instance_processes(own_gateway)[0]
    os.kill(victim, 9)

    until(
        lambda: own_gateway.counts(name)["idle"] == 2 and not host.is_alive(victim),
        "another has taken its place",
    )
    own_gateway.stop()
    own_gateway.start()
    until(lambda: own_gateway.counts(name)["idle"] == 2, "two are there after a restart")


def instance_processes(gateway: Gateway) -> list[int]:
    """Processes in the groups of instances; the reserve's is the newest, so it comes last."""
    groups = [group for group in host.cgroups(gateway.tag) if group.name.startswith("i")]
    return host.processes_in(groups)


def test_a_zygote_that_dies_is_replaced(gateway: Gateway) -> None:
    name = gateway.deploy(function("orphan", SLEEPER))
    gateway.invoke(name)
    groups = [group for group in host.cgroups(gateway.tag) if group.match(f"{name}-1-*/zygote")]
    # A process that it has just forked is in its group too, until it is moved to one of its own.
    (zygote,) = filter(host.is_first_of_sandbox, host.processes_in(groups))

    os.kill(zygote, 9)

    until(lambda: gateway.counts(name)["zygote"] != "ready", "its death is known")
    answer = gateway.invoke(name)
    assert (answer.status, answer.start_kind) == (200, "cold")


def test_idle_instances_of_a_keep_alive_of_zero_go_at_once(gateway: Gateway) -> None:
    name = gateway.deploy(function("brief", SLEEPER, "scale: { keepAlive: 0s }\n"))

    answers = [gateway.invoke(name) for _ in range(3)]

    assert [answer.status for answer in answers] == [200] * 3
    until(lambda: gateway.instances(name) == 0, "none is left")


def test_an_async_handler_serves_several_at_once(gateway: Gateway) -> None:
    manifest = "scale: { max: 1, concurrency: 8 }\n"
    name = gateway.deploy(function("side-by-side", ASYNC, manifest))
    gateway.invoke(name, {"seconds": 0})
    began = time.monotonic()

    answers = at_once(8, lambda _: gateway.invoke(name, {"seconds": 0.4}))

    assert time.monotonic() - began < 2.5
    found: list[dict[str, Any]] = [answer.json() for answer in answers]
    assert len({one["pid"] for one in found}) == 1
    assert max(one["most"] for one in found) == 8


def test_a_batch_takes_several_at_once_and_each_gets_its_own(gateway: Gateway) -> None:
    manifest = "scale: { max: 1, concurrency: 16 }\nbatch: { size: 8, wait: 200ms }\n"
    name = gateway.deploy(function("batched", BATCH, manifest))
    gateway.invoke(name, b"0")

    answers = at_once(8, lambda n: gateway.invoke(name, str(n).encode()))

    assert [answer.json()["value"] for answer in answers] == [n * 2 for n in range(8)]
    assert max(answer.json()["size"] for answer in answers) > 1
    assert all(answer.json()["size"] <= 8 for answer in answers)


def test_one_bad_input_does_not_spoil_its_batch(gateway: Gateway) -> None:
    manifest = "scale: { max: 1, concurrency: 16 }\nbatch: { size: 8, wait: 200ms }\n"
    name = gateway.deploy(function("mixed-batch", BATCH, manifest))
    gateway.invoke(name, b"0")

    answers = at_once(4, lambda n: gateway.invoke(name, b'"no number"' if n == 2 else b"1"))

    assert [answer.status for answer in answers] == [200, 200, 400, 200]


def test_memory_for_zygotes_and_instances_is_bounded(make_gateway: Any) -> None:
    """Idle ones make room; what can never fit is refused with a reason."""
    own: Gateway = make_gateway(config="memoryMiB: 300\n")
    own.start()
    names = [
        own.deploy(function(f"big-{n}", SLEEPER, "limits: { memory: 128Mi }\n")) for n in range(4)
    ]

    for name in names * 2:
        answer = own.invoke(name)
        assert answer.status == 200, answer

    too_large = own.put("huge", function("huge", SLEEPER, "limits: { memory: 2Gi }\n"))
    assert too_large.problem is not None
    assert "MiB" in too_large.problem["detail"]


def test_pools_can_be_read_while_they_are_used(own_gateway: Gateway) -> None:
    names = [own_gateway.deploy(function(f"used-{n}", SLEEPER)) for n in range(3)]
    is_over = threading.Event()

    def use(name: str) -> None:
        with own_gateway.connect() as connection:
            while not is_over.is_set():
                assert connection.request("POST", f"/function/{name}", b"{}").status == 200

    users = [threading.Thread(target=use, args=(name,)) for name in names]
    for user in users:
        user.start()
    reports = [own_gateway.get("/v1/pools")["pools"] for _ in range(50)]
    is_over.set()
    for user in users:
        user.join()

    assert own_gateway.is_running
    assert [pool["function"] for pool in reports[-1]] == names
