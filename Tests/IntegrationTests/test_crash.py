"""A gateway that is killed, or told to stop: what stays, what comes back, what is finished."""

import os
import signal
import sqlite3
import threading
import time
from contextlib import suppress
from pathlib import Path

import host
import pytest
from folders import EXAMPLES, function, read_folder
from gateways import Gateway
from http_client import Answer, RawConnection
from waiting import until

from conftest import MakeGateway

SLEEPER = """
import time

def predict(seconds: float) -> str:
    time.sleep(seconds)
    return "slept"
"""
STREAMER = """
import time

def predict(count: int, pause: float):
    for number in range(count):
        yield {"number": number}
        time.sleep(pause)
"""


def in_background(
    gateway: Gateway, name: str, body: object
) -> tuple[threading.Thread, list[Answer]]:
    """Starts an invocation and returns once it is at work."""
    answers: list[Answer] = []
    thread = threading.Thread(target=lambda: answers.append(gateway.invoke(name, body)))
    thread.start()
    until(lambda: gateway.counts(name)["busy"] > 0, f"{name} is at work")
    return thread, answers


def test_nothing_runs_on_after_a_kill(own_gateway: Gateway) -> None:
    """Idle instances, busy ones, the reserve and the zygotes end with the gateway's sockets."""
    sleeper = own_gateway.deploy(function("sleeper", SLEEPER))
    own_gateway.deploy(function("streamer", STREAMER))
    threads = [
        threading.Thread(target=lambda: ignore_end(own_gateway, sleeper), daemon=True)
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    until(lambda: own_gateway.counts(sleeper)["busy"] == 3, "three are at work")
    assert len(host.cgroup_processes(own_gateway.tag)) >= 5

    own_gateway.kill()

    until(
        lambda: not host.cgroup_processes(own_gateway.tag),
        "every process of the sandboxes has ended",
        seconds=5,
    )
    assert host.mounts(own_gateway.data) == []


def ignore_end(gateway: Gateway, name: str) -> None:
    try:
        gateway.invoke(name, {"seconds": 60})
    except OSError:
        return


def test_a_process_that_a_handler_left_ends_with_a_kill_too(own_gateway: Gateway) -> None:
    handler = """
import os, signal, time

def predict() -> int:
    for number in range(1, 32):
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_IGN)
    pid = os.fork()
    if pid == 0:
        os.setsid()
        while True:
            time.sleep(60)
    return pid
"""
    name = own_gateway.deploy(function("stubborn", handler))
    assert own_gateway.invoke(name).status == 200

    own_gateway.kill()

    until(lambda: not host.cgroup_processes(own_gateway.tag), "it has ended", seconds=5)


def test_after_a_kill_functions_answer_and_traces_are_gone(own_gateway: Gateway) -> None:
    echo = own_gateway.deploy(read_folder(EXAMPLES / "echo"))
    streamer = own_gateway.deploy(function("streamer", STREAMER))
    before = own_gateway.invoke(echo, {"n": 1})
    own_gateway.kill()

    own_gateway.start()

    assert own_gateway.leftovers().get("sandboxes", []) == []
    assert own_gateway.leftovers().get("containers", []) == []
    after = own_gateway.invoke(echo, {"n": 2})
    assert (after.json(), after.start_kind) == ({"n": 2}, "cold")
    assert own_gateway.invoke(streamer, {"count": 2, "pause": 0}).status == 200
    assert own_gateway.rows("id = ?", before.id)
    assert own_gateway.stop() == 0
    assert own_gateway.leftovers() == {}


def test_a_restart_waits_for_processes_that_are_still_ending(own_gateway: Gateway) -> None:
    name = own_gateway.deploy(read_folder(EXAMPLES / "echo"))
    for _ in range(5):
        own_gateway.invoke(name, {})
        own_gateway.kill()
        own_gateway.start()

    assert own_gateway.invoke(name, {"n": 1}).json() == {"n": 1}


def test_a_bundle_that_was_cut_off_by_a_kill_is_removed(own_gateway: Gateway) -> None:
    with own_gateway.raw() as connection:
        head = "PUT /v1/functions/half HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"
        connection.send(head.encode() + b"x" * 50_000)
        incoming = own_gateway.data / "incoming"
        until(lambda: list(incoming.iterdir()), "some of it has arrived")
        own_gateway.kill()

    own_gateway.start()

    assert list(incoming.iterdir()) == []


def test_a_second_gateway_on_the_same_data_refuses_to_start(own_gateway: Gateway) -> None:
    second = Gateway(own_gateway.data)
    second.starts = 100
    second.launch()
    assert second.process is not None

    assert second.process.wait(20) != 0

    assert "another gateway" in second.log.read_text()
    own_gateway.healthy()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_lets_what_runs_end(own_gateway: Gateway, number: signal.Signals) -> None:
    name = own_gateway.deploy(function("sleeper", SLEEPER))
    thread, answers = in_background(own_gateway, name, {"seconds": 1})

    os.kill(own_gateway.pid, number)
    thread.join()

    assert own_gateway.process is not None
    assert own_gateway.process.wait(20) == 0
    assert (answers[0].status, answers[0].json()) == (200, "slept")
    assert own_gateway.rows("id = ?", answers[0].id)
    assert own_gateway.leftovers() == {}


def test_a_stop_lets_a_stream_end(own_gateway: Gateway) -> None:
    name = own_gateway.deploy(function("streamer", STREAMER))
    thread, answers = in_background(own_gateway, name, {"count": 10, "pause": 0.1})

    assert own_gateway.stop() == 0
    thread.join()

    assert len(answers[0].body.splitlines()) == 10


def test_a_stop_closes_idle_connections_and_refuses_new_ones(own_gateway: Gateway) -> None:
    name = own_gateway.deploy(function("sleeper", SLEEPER))
    thread, answers = in_background(own_gateway, name, {"seconds": 2})
    with own_gateway.raw() as idle:
        own_gateway.terminate()

        assert idle.at_end()
        until(lambda: refuses(own_gateway), "no connection is taken", seconds=1.8)
    thread.join()
    assert answers[0].status == 200


def test_a_stop_amid_new_connections_lets_what_runs_end(own_gateway: Gateway) -> None:
    """One that is accepted in the moment of the stop is closed, and nothing else."""
    name = own_gateway.deploy(function("sleeper", SLEEPER))
    # Not each stop has such a moment.
    for stop in range(4):
        if stop > 0:
            own_gateway.start()
        thread, answers = in_background(own_gateway, name, {"seconds": 0.3})
        arriving: list[RawConnection] = []

        own_gateway.terminate()
        with suppress(OSError):
            while True:
                arriving.append(own_gateway.raw(seconds=1))

        thread.join()
        assert own_gateway.stop() == 0
        assert answers[0].status == 200
        for one in arriving:
            one.close()


def refuses(gateway: Gateway) -> bool:
    try:
        gateway.raw(seconds=1).close()
    except OSError:
        return True
    return False


def test_a_stop_does_not_wait_for_ever(make_gateway: MakeGateway) -> None:
    own = make_gateway(config="drainMillisMax: 500\n")
    own.start()
    name = own.deploy(function("sleeper", SLEEPER, "timeout: { total: 60s }\n"))
    thread = threading.Thread(target=lambda: ignore_end(own, name), daemon=True)
    thread.start()
    until(lambda: own.counts(name)["busy"] == 1, "it is at work")
    began = time.monotonic()

    own.stop()

    assert time.monotonic() - began < 10
    assert own.leftovers() == {}


def test_a_damaged_registry_is_an_error_and_not_an_empty_gateway(own_gateway: Gateway) -> None:
    own_gateway.deploy(function("sleeper", SLEEPER))
    own_gateway.stop()
    for path in own_gateway.data.glob("registry.sqlite*"):
        path.write_bytes(b"no database" * 1000)

    own_gateway.launch()
    assert own_gateway.process is not None

    assert own_gateway.process.wait(20) != 0
    assert "registry" in own_gateway.log.read_text()


def test_a_function_whose_bundle_is_gone_says_so(own_gateway: Gateway) -> None:
    lost = own_gateway.deploy(function("lost", SLEEPER))
    kept = own_gateway.deploy(read_folder(EXAMPLES / "echo"))
    own_gateway.stop()
    (digest,) = registry(own_gateway.data, "SELECT digest FROM revision WHERE function = 'lost'")
    (own_gateway.data / "bundles" / digest).rename(own_gateway.data / "gone")

    own_gateway.start()

    answer = own_gateway.invoke(lost, {"seconds": 0})
    assert answer.status == 503, answer
    assert answer.headers["content-type"] == "application/problem+json"
    assert own_gateway.invoke(kept, {}).status == 200


def registry(data: Path, query: str) -> list[str]:
    database = sqlite3.connect(data / "registry.sqlite")
    try:
        return [row[0] for row in database.execute(query)]
    finally:
        database.close()
