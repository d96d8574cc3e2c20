"""A gateway that is told to stop at an odd moment: it ends soon, and with nothing left."""

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException

import host
import pytest
from folders import function, pack
from gateways import Gateway
from http_client import Answer, RawConnection
from queues import Queue, ended
from waiting import until

from conftest import MakeGateway

# More than a stop takes, and far less than the 30 s that one waits for what runs.
STOP_SECONDS = 10

SLEEPER = """
import time

def predict(seconds: float) -> str:
    time.sleep(seconds)
    return "slept"
"""
# The clock's time is the same for the second attempt.
WAITS_UNTIL = """
import time

def predict(at: float) -> str:
    time.sleep(max(0, at - time.time()))
    return "waited"
"""
SLOW_TO_LOAD = """
import time

def load():
    time.sleep(0.3)

def predict(model) -> int:
    return 1
"""


def stops(gateway: Gateway) -> None:
    """Waits for the end of a gateway that was told to stop, which must be soon and clean."""
    assert gateway.process is not None
    assert gateway.process.wait(STOP_SECONDS) == 0
    assert gateway.leftovers() == {}


def get(path: str) -> str:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"


# What is asked for.


def test_followers_that_come_amid_the_stop_do_not_hold_it_up(own_gateway: Gateway) -> None:
    name = own_gateway.deploy(function("sleeper", SLEEPER))
    # Not each stop has such a moment.
    for stop in range(4):
        if stop > 0:
            own_gateway.start()
        connections = [own_gateway.raw() for _ in range(40)]
        own_gateway.healthy()
        begun = threading.Event()
        thread = threading.Thread(target=follow, args=(connections, name, begun))
        thread.start()
        begun.wait()

        own_gateway.terminate()

        thread.join()
        stops(own_gateway)
        for connection in connections:
            connection.close()


def follow(connections: list[RawConnection], name: str, begun: threading.Event) -> None:
    for connection in connections:
        with suppress(OSError):
            connection.send(get(f"/v1/functions/{name}/logs?follow=true"))
        begun.set()
        # So that they are spread over the stop.
        time.sleep(0.0005)


def test_who_waits_for_the_end_of_a_message_is_answered_at_a_stop(own_gateway: Gateway) -> None:
    own_gateway.deploy(function("sleeper", SLEEPER, "triggers:\n  - queue: { name: polled }\n"))
    identity = Queue(own_gateway, "polled").send({"seconds": 0}, X_Delay="60s")
    with own_gateway.raw(seconds=STOP_SECONDS) as connection:
        connection.send(get("/healthz") + get(f"/v1/invocations/{identity}?wait=60s"))
        assert connection.answer().status == 200
        own_gateway.healthy()

        own_gateway.terminate()

        answer = connection.answer()
        assert (answer.status, answer.json()["state"]) == (200, "waiting")
        stops(own_gateway)


# What is at work.


@pytest.mark.parametrize("how", ["async", "queue"])
def test_a_message_at_work_is_left_for_the_next_start_at_the_limit(
    make_gateway: MakeGateway, how: str
) -> None:
    own = make_gateway(config="drainMillisMax: 500\n")
    own.start()
    queue = "triggers:\n  - queue: { name: drained }\n"
    name = own.deploy(function("waits-until", WAITS_UNTIL, queue))
    at = time.time() + 8
    if how == "queue":
        identity = Queue(own, "drained").send({"at": at})
    else:
        accepted = own.request("POST", f"/async-function/{name}", f'{{"at": {at}}}')
        identity = accepted.headers["x-call-id"]
    until(lambda: own.counts(name)["busy"] == 1, "it is at work")

    own.terminate()

    stops(own)
    assert time.time() < at - 2
    own.start()
    ended(own, identity)


def test_two_signals_at_once_are_one_stop(own_gateway: Gateway) -> None:
    """Ctrl-C reaches the gateway, and what started it, which then ends it too."""
    thread, answers = at_work(own_gateway, seconds=1)

    os.kill(own_gateway.pid, signal.SIGINT)
    own_gateway.terminate()

    stops(own_gateway)
    thread.join()
    assert answers[0].json() == "slept"


def test_who_asks_again_waits_no_longer(own_gateway: Gateway) -> None:
    thread, answers = at_work(own_gateway, seconds=20)

    until(lambda: asks(own_gateway), "it ends", STOP_SECONDS, poll=0.3)

    stops(own_gateway)
    thread.join()
    assert not answers or answers[0].status == 502


def at_work(gateway: Gateway, seconds: float) -> tuple[threading.Thread, list[Answer]]:
    name = gateway.deploy(function("sleeper", SLEEPER, "timeout: { total: 60s }\n"))
    answers: list[Answer] = []

    def invoke() -> None:
        with suppress(OSError, HTTPException):
            answers.append(gateway.invoke(name, {"seconds": seconds}))

    thread = threading.Thread(target=invoke)
    thread.start()
    until(lambda: gateway.counts(name)["busy"] == 1, "it is at work")
    return thread, answers


def asks(gateway: Gateway) -> bool:
    gateway.terminate()
    return not gateway.is_running


def test_a_deploy_whose_client_left_leaves_nothing_at_a_stop(own_gateway: Gateway) -> None:
    for number, step in enumerate(["", "manifest", "load"]):
        if number > 0:
            own_gateway.start()
        bundle = pack(function("slow", f"# {number}\n{SLOW_TO_LOAD}"))
        with own_gateway.raw() as connection:
            length = f"Content-Length: {len(bundle)}"
            connection.send(f"PUT /v1/functions/slow HTTP/1.1\r\nHost: x\r\n{length}\r\n\r\n")
            connection.send(bundle)
            if step:
                assert connection.head()[0] == 200
                assert any(f'"{step}"' in line.decode() for line in iter(connection.chunk, b""))

        own_gateway.terminate()

        stops(own_gateway)


# Before it serves.


def holds_its_folder(gateway: Gateway) -> bool:
    return any(f"{gateway.data}/" in path for path in host.open_files(gateway.pid).values())


def has_a_sandbox(gateway: Gateway) -> bool:
    return any((gateway.data / "sandboxes").iterdir())


def has_a_process(gateway: Gateway) -> bool:
    return bool(host.cgroup_processes(gateway.tag))


@pytest.mark.parametrize("moment", [holds_its_folder, has_a_sandbox, has_a_process])
def test_a_stop_before_it_serves_is_clean(
    own_gateway: Gateway, moment: Callable[[Gateway], bool]
) -> None:
    own_gateway.deploy(function("warm", SLEEPER, "scale: { min: 2, keepAlive: 60s }\n"))
    assert own_gateway.stop() == 0
    own_gateway.launch()
    until(lambda: moment(own_gateway), "it starts", poll=0.0005)

    own_gateway.terminate()

    stops(own_gateway)
    own_gateway.start()
    assert own_gateway.invoke("warm", {"seconds": 0}).status == 200
