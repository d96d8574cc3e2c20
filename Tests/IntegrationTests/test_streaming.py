"""Bodies that come, and answers that go, piece by piece."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import host
import pytest
from folders import function
from gateways import Gateway
from http_client import post
from waiting import until

GATED = """
import os, time

def predict(count: int = 3, gate: float = 0):
    for number in range(count):
        yield {"number": number, "at": time.time()}
        time.sleep(gate)
"""

COUNTER = """
from collections.abc import Iterator

def predict(parts: Iterator[bytes]):
    total = 0
    for part in parts:
        total += len(part)
        yield {"total": total}
"""

BYTES = """
def predict(count: int, size: int):
    for _ in range(count):
        yield b"x" * size
"""

FAILING = """
def predict(after: int):
    for number in range(after):
        yield {"number": number}
    raise RuntimeError("half way")
"""

ASYNC = """
import asyncio

async def predict(count: int):
    for number in range(count):
        yield {"number": number}
        await asyncio.sleep(0.01)
"""


@pytest.fixture(scope="module")
def counter(gateway: Gateway) -> str:
    return gateway.deploy(function("counter", COUNTER, "limits: { memory: 64Mi, payload: 1Mi }\n"))


def test_the_first_piece_arrives_before_the_last_is_made(gateway: Gateway) -> None:
    name = gateway.deploy(function("gated", GATED))
    with gateway.raw() as connection:
        connection.send(post(f"/function/{name}", '{"count": 3, "gate": 0.5}'))
        _, headers = connection.head()
        arrivals = [(json.loads(piece), time.time()) for piece in iter(connection.chunk, b"")]

    assert headers["content-type"] == "application/x-ndjson"
    assert headers["transfer-encoding"] == "chunked"
    assert [piece["number"] for piece, _ in arrivals] == [0, 1, 2]
    for piece, arrived in arrivals:
        assert arrived - piece["at"] < 0.4


def test_a_stream_of_bytes_arrives_whole(gateway: Gateway) -> None:
    name = gateway.deploy(function("bytes", BYTES))

    answer = gateway.invoke(name, {"count": 50, "size": 100_000})

    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.body == b"x" * 5_000_000
    assert gateway.row(answer.id)["bytesOut"] == 5_000_000


def test_an_async_generator_streams_too(gateway: Gateway) -> None:
    name = gateway.deploy(function("async-stream", ASYNC))

    answer = gateway.invoke(name, {"count": 5})

    assert [json.loads(line)["number"] for line in answer.body.splitlines()] == [0, 1, 2, 3, 4]


def test_an_empty_stream_is_an_empty_answer(gateway: Gateway) -> None:
    name = gateway.deploy(function("no-stream", BYTES))

    answer = gateway.invoke(name, {"count": 0, "size": 1})

    assert (answer.status, answer.body) == (200, b"")


def test_a_stream_that_fails_at_once_is_a_problem(gateway: Gateway) -> None:
    name = gateway.deploy(function("fails-streaming", FAILING))

    answer = gateway.invoke(name, {"after": 0})

    assert (answer.status, answer.json()["code"]) == (500, "handlerRaised")


def test_a_stream_that_fails_later_is_not_taken_for_whole(gateway: Gateway) -> None:
    name = gateway.deploy(function("fails-later", FAILING))
    with gateway.raw() as connection:
        connection.send(post(f"/function/{name}", '{"after": 2}'))
        status, headers = connection.head()
        with pytest.raises((ConnectionError, ValueError)):
            while connection.chunk():
                pass

    assert status == 200
    assert gateway.row(headers["x-invocation-id"])["outcome"] == "failed"


def test_an_input_is_taken_as_it_arrives(gateway: Gateway, counter: str) -> None:
    """Each piece is answered before the next one is sent."""
    with gateway.raw() as connection:
        connection.send(f"POST /function/{counter} HTTP/1.1\r\nHost: x\r\n")
        connection.send("Transfer-Encoding: chunked\r\n\r\n")
        for number in range(1, 4):
            connection.send(b"5\r\nabcde\r\n")
            if number == 1:
                status, _ = connection.head()
                assert status == 200
            assert json.loads(connection.chunk()) == {"total": 5 * number}
        connection.send(b"0\r\n\r\n")

        assert connection.chunk() == b""
        connection.send(post(f"/function/{counter}", "ab"))
        assert connection.answer().status == 200


def test_a_long_streamed_input_arrives_whole(gateway: Gateway, counter: str) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(100):
            yield b"x" * 10_000

    answer = gateway.request("POST", f"/function/{counter}", pieces())

    assert json.loads(answer.body.splitlines()[-1]) == {"total": 1_000_000}
    assert gateway.row(answer.id)["bytesIn"] == 1_000_000


def test_a_streamed_input_over_the_limit_is_refused(gateway: Gateway, counter: str) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(200):
            yield b"x" * 0x4000

    with gateway.raw(seconds=10) as connection, suppress(OSError):
        connection.send(f"POST /function/{counter} HTTP/1.1\r\nHost: x\r\n")
        connection.send("Transfer-Encoding: chunked\r\n\r\n")
        for piece in pieces():
            connection.send(b"%x\r\n%s\r\n" % (len(piece), piece))
        connection.send(b"0\r\n\r\n")

    until(lambda: gateway.counts(counter)["busy"] == 0, "the instance is free")
    assert gateway.rows("function = ?", counter)[-1]["outcome"] != "completed"


def test_an_answer_that_has_begun_breaks_off_when_its_input_is_too_long(
    gateway: Gateway, counter: str
) -> None:
    with gateway.raw(seconds=10) as connection:
        connection.send(f"POST /function/{counter} HTTP/1.1\r\nHost: x\r\n")
        connection.send("Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
        connection.head()
        connection.chunk()
        with suppress(OSError):
            for _ in range(100):
                connection.send(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
        rest = b""
        with suppress(OSError):
            rest = connection.file.read()

    assert b"HTTP/1.1" not in rest, "no second answer within the first one"
    assert not rest.endswith(b"0\r\n\r\n"), "it must not look whole"


def test_a_client_that_reads_slowly_gets_the_whole_stream(gateway: Gateway) -> None:
    """The handler waits for its client, and nothing piles up between them."""
    name = gateway.deploy(function("patient", BYTES))
    before = most = host.resident_mib(gateway.pid)
    count, size = 600, 100_000
    taken = 0
    with gateway.raw() as connection:
        connection.send(post(f"/function/{name}", json.dumps({"count": count, "size": size})))
        status, headers = connection.head()
        while piece := connection.chunk():
            taken += len(piece)
            most = max(most, host.resident_mib(gateway.pid))
            # 50 MB a second, which the handler exceeds by far.
            time.sleep(len(piece) / 50e6)

    assert status == 200
    assert taken == count * size
    assert most - before < 12
    row = gateway.row(headers["x-invocation-id"])
    assert (row["outcome"], row["bytesOut"]) == ("completed", count * size)


def test_a_client_that_does_not_read_is_cut_off_and_not_kept_in_memory(gateway: Gateway) -> None:
    name = gateway.deploy(function("flood", BYTES, "timeout: { total: 5s }\n"))
    before = host.resident_mib(gateway.pid)
    with gateway.raw() as connection:
        connection.send(post(f"/function/{name}", '{"count": 4000, "size": 100000}'))
        connection.head()
        (row,) = until(lambda: gateway.rows("function = ?", name), "it has ended", seconds=15)

    assert row["outcome"] != "completed"
    assert host.resident_mib(gateway.pid) - before < 150


def test_two_streams_at_once_do_not_mix(gateway: Gateway) -> None:
    handler = ASYNC.replace("count: int", "count: int, tag: str").replace(
        '{"number": number}', '{"tag": tag}'
    )
    name = gateway.deploy(function("tagged", handler, "scale: { max: 1, concurrency: 8 }\n"))
    answers: dict[str, set[str]] = {}

    def ask(tag: str) -> None:
        body = gateway.invoke(name, {"count": 20, "tag": tag}).body
        answers[tag] = {json.loads(line)["tag"] for line in body.splitlines()}

    threads = [threading.Thread(target=ask, args=(str(tag),)) for tag in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == {str(tag): {str(tag)} for tag in range(6)}
