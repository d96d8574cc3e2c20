"""The manifest's three timeouts, and clients that go away."""

import json
import socket
import threading
import time
from collections.abc import Callable

import pytest
from folders import function
from gateways import Gateway
from http_client import Answer, RawConnection, post
from waiting import until

STREAMER = """
import time

from faas import Cancelled

def predict(first: float = 0, pause: float = 0, count: int = 3):
    time.sleep(first)
    try:
        for number in range(count):
            yield {"number": number}
            time.sleep(pause)
    except (Cancelled, GeneratorExit):
        print("gave way")
        raise
"""

SLEEPER = """
import time

from faas import Cancelled

def predict(seconds: float) -> str:
    print("begins", flush=True)
    try:
        time.sleep(seconds)
    except Cancelled:
        print("gave way", flush=True)
        raise
    return "slept"
"""

ASYNC_SLEEPER = """
import asyncio

async def predict(seconds: float) -> str:
    print("begins", flush=True)
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        print("gave way", flush=True)
        raise
    return "slept"
"""

IN_C = """
import time

def predict(seconds: float = 0) -> str:
    print("begins", seconds, flush=True)
    count, began = 1_000_000, time.monotonic()
    sum(range(count))
    sum(range(int(count * seconds / (time.monotonic() - began))))
    return "ended"
"""
DEAF = """
import time

def predict(seconds: float) -> str:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            time.sleep(seconds)
        except BaseException:
            pass
    return "slept"
"""


@pytest.fixture(scope="module")
def streamer(gateway: Gateway) -> str:
    timeouts = "timeout: { total: 2s, firstByte: 1s, idle: 600ms }\n"
    return gateway.deploy(function("limited-streamer", STREAMER, timeouts))


def logged(gateway: Gateway, name: str, text: str, invocation: str = "") -> Callable[[], bool]:
    """Whether a function has printed something, as a condition to wait for."""
    query = f"?invocation={invocation}" if invocation else ""

    def look() -> bool:
        return text in gateway.request("GET", f"/v1/functions/{name}/logs{query}").text

    return look


def test_the_total_timeout_is_a_504_and_a_row(gateway: Gateway) -> None:
    name = gateway.deploy(function("total-timeout", SLEEPER, "timeout: { total: 300ms }\n"))
    began = time.monotonic()

    answer = gateway.invoke(name, {"seconds": 5})

    assert 0.29 < time.monotonic() - began < 3
    assert (answer.status, answer.json()["code"]) == (504, "timedOut")
    assert "timeout.total" in answer.json()["detail"]
    row = gateway.row(answer.id)
    assert row["outcome"] == "timedOut"
    assert row["runMicros"] == pytest.approx(300_000, rel=0.5)
    until(logged(gateway, name, "gave way", answer.id), "the handler was told")


def test_a_handler_that_gives_way_keeps_its_instance(gateway: Gateway) -> None:
    manifest = "timeout: { total: 300ms }\nscale: { max: 1 }\n"
    handler = SLEEPER.replace('return "slept"', "import os\n    return str(os.getpid())")
    name = gateway.deploy(function("gives-way", handler, manifest))
    before = gateway.invoke(name, {"seconds": 0}).json()

    assert gateway.invoke(name, {"seconds": 5}).status == 504

    again = gateway.invoke(name, {"seconds": 0})
    assert (again.status, again.json()) == (200, before)


def test_a_handler_that_does_not_give_way_loses_its_instance(gateway: Gateway) -> None:
    manifest = "timeout: { total: 2s, firstByte: 200ms }\nscale: { max: 1 }\n"
    name = gateway.deploy(function("deaf", DEAF, manifest))

    assert gateway.invoke(name, {"seconds": 30}).status == 504

    until(lambda: gateway.counts(name)["busy"] == 0, "it was stopped after its grace", seconds=5)
    assert gateway.invoke(name, {"seconds": 0}).json() == "slept"


def test_the_first_byte_timeout_counts_until_the_answer_begins(
    gateway: Gateway, streamer: str
) -> None:
    late = gateway.invoke(streamer, {"first": 5})
    in_time = gateway.invoke(streamer, {"first": 0.2, "pause": 0.2, "count": 4})

    assert (late.status, late.json()["code"]) == (504, "timedOut")
    assert "timeout.firstByte" in late.json()["detail"]
    assert len(in_time.body.splitlines()) == 4


@pytest.mark.parametrize(
    ("body", "seconds"),
    [({"pause": 5}, 0.6), ({"pause": 0.2, "count": 100}, 2)],
    ids=["idle", "total"],
)
def test_a_stream_that_stalls_is_cut_so_that_the_client_can_tell(
    gateway: Gateway, streamer: str, body: object, seconds: float
) -> None:
    began = time.monotonic()
    with gateway.raw() as connection:
        connection.send(post(f"/function/{streamer}", json.dumps(body)))
        status, headers = connection.head()
        with pytest.raises((ConnectionError, ValueError)):
            while connection.chunk():
                pass

    assert status == 200
    assert seconds - 0.05 < time.monotonic() - began < seconds + 2
    assert gateway.row(headers["x-invocation-id"])["outcome"] == "timedOut"


@pytest.mark.parametrize("handler", [SLEEPER, ASYNC_SLEEPER], ids=["sync", "async"])
@pytest.mark.parametrize("leave", ["close", "reset", "half-close"])
def test_a_client_that_leaves_cancels_its_invocation(
    gateway: Gateway, handler: str, leave: str
) -> None:
    kind = "async" if "async" in handler else "sync"
    name = gateway.deploy(function(f"left-{kind}-{leave}", handler, "scale: { max: 1 }\n"))
    connection = gateway.raw()
    connection.send(post(f"/function/{name}", '{"seconds": 20}'))
    until(lambda: gateway.counts(name)["busy"] == 1, "it has an instance")
    until(logged(gateway, name, "begins"), "it runs")

    depart(connection, leave)

    until(lambda: gateway.counts(name)["busy"] == 0, "the instance is free", seconds=3)
    (row,) = until(lambda: gateway.rows("function = ?", name), "its row")
    assert row["outcome"] == "cancelled"
    assert row["runMicros"] < 5_000_000
    until(logged(gateway, name, "gave way"), "the handler was told")
    assert gateway.invoke(name, {"seconds": 0}).json() == "slept"
    connection.close()


def test_a_client_that_leaves_does_not_cancel_another_s_invocation(gateway: Gateway) -> None:
    """The handler hears nothing of the cancellation: it is in one call of C's, as a model is."""
    name = gateway.deploy(function("shared", IN_C, "scale: { max: 1, concurrency: 8 }\n"))
    gateway.invoke(name, {"seconds": 0})
    answers: list[Answer] = []
    with gateway.raw() as leaver:
        leaver.send(post(f"/function/{name}", '{"seconds": 2.5}'))
        until(logged(gateway, name, "begins 2.5"), "it runs")
        thread = threading.Thread(target=lambda: answers.append(gateway.invoke(name)))
        thread.start()
        until(lambda: leases(gateway, name) == 2, "the other is given to the same instance")
    thread.join()

    assert (answers[0].status, answers[0].text) == (200, '"ended"')


def leases(gateway: Gateway, name: str) -> int:
    """Invocations that have an instance."""
    text = gateway.request("GET", "/metrics").text
    lines = [line for line in text.splitlines() if line.startswith("faas_leases{")]
    return sum(int(line.split()[-1]) for line in lines if f'"{name}"' in line)


def depart(connection: RawConnection, how: str) -> None:
    if how == "half-close":
        connection.socket.shutdown(socket.SHUT_WR)
        return
    if how == "reset":
        connection.reset()
    connection.close()


def test_a_client_that_leaves_a_stream_cancels_it(gateway: Gateway) -> None:
    name = gateway.deploy(function("left-stream", STREAMER, "scale: { max: 1 }\n"))
    with gateway.raw() as connection:
        connection.send(post(f"/function/{name}", '{"pause": 0.05, "count": 100000}'))
        connection.head()
        connection.chunk()

    (row,) = until(lambda: gateway.rows("function = ?", name), "its row")
    assert row["outcome"] == "cancelled"
    assert row["bytesOut"] > 0
    until(logged(gateway, name, "gave way"), "the handler was told")


def test_a_client_that_leaves_the_queue_was_never_there(gateway: Gateway) -> None:
    name = gateway.deploy(function("left-queue", SLEEPER, "scale: { max: 1 }\n"))
    thread = threading.Thread(target=lambda: gateway.invoke(name, {"seconds": 2}))
    thread.start()
    until(lambda: gateway.counts(name)["busy"] == 1, "one runs")
    with gateway.raw() as connection:
        connection.send(post(f"/function/{name}", '{"seconds": 0}'))
        until(lambda: gateway.counts(name)["waiting"] == 1, "one waits")

    until(lambda: gateway.counts(name)["waiting"] == 0, "nobody waits", seconds=1.8)
    thread.join()
    assert len(gateway.rows("function = ?", name)) == 1


def test_an_invocation_that_waits_too_long_is_told_to_come_again(gateway: Gateway) -> None:
    manifest = "scale: { max: 1 }\ntimeout: { total: 3s, firstByte: 1s }\n"
    handler = """
import time

def predict(seconds: float):
    yield "begun"
    time.sleep(seconds)
"""
    name = gateway.deploy(function("long-queue", handler, manifest))
    thread = threading.Thread(target=lambda: gateway.invoke(name, {"seconds": 1.6}))
    thread.start()
    until(lambda: gateway.counts(name)["busy"] == 1, "one runs")

    answer = gateway.invoke(name, {"seconds": 0})
    thread.join()

    assert (answer.status, answer.json()["code"]) == (503, "notReady"), answer
    assert int(answer.headers["retry-after"]) >= 1
    assert len(gateway.rows("function = ?", name)) == 1
