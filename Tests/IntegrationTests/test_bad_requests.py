"""Requests that are wrong: each is answered with a problem of the right status."""

import http.client
import json
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from folders import function
from gateways import Gateway
from http_client import Answer, post
from waiting import until

SMALL = "limits: { memory: 48Mi, payload: 64Ki }\n"
PAYLOAD_MAX = 64 << 10


@pytest.fixture(scope="module")
def small(gateway: Gateway) -> str:
    """A function that takes 64 KiB at most."""
    handler = "def predict(input: bytes) -> int:\n    return len(input)\n"
    return gateway.deploy(function("small", handler, SMALL))


def assert_problem(answer: Answer, status: int, code: str) -> None:
    assert answer.status == status, answer
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["code"] == code
    assert problem["type"] == f"urn:faas:problem:{code}"
    assert problem["title"]


def test_an_unknown_function_is_not_found(gateway: Gateway) -> None:
    assert_problem(gateway.invoke("nobody"), 404, "functionNotFound")


@pytest.mark.parametrize("path", ["/v1/nothing", "/", "/v2/functions", "/functions"])
def test_an_unknown_route_is_not_found(gateway: Gateway, path: str) -> None:
    assert_problem(gateway.request("GET", path), 404, "routeNotFound")


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": 1}',
        b'{"name": null}',
        b"{}",
        b'{"name": "a", "nam": 1}',
        b"[]",
        b'"name"',
        b"",
        b"not json",
        b'{"name": "a"',
        b'{"name": "\xff"}',
        b"[" * 60000,
    ],
    ids=lambda body: str(body[:20]),
)
def test_what_does_not_fit_the_types_is_refused(gateway: Gateway, hello: str, body: bytes) -> None:
    answer = gateway.invoke(hello, body)

    assert_problem(answer, 400, "inputInvalid")
    assert answer.json()["detail"]
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_a_function_takes_post_only(gateway: Gateway, hello: str, method: str) -> None:
    with gateway.connect() as connection:
        answer = connection.request(method, f"/function/{hello}")
        again = connection.request("POST", f"/function/{hello}", '{"name": "Ada"}')

    assert answer.status == 405
    assert answer.headers["allow"] == "POST"
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.body == b"") == (method == "HEAD")
    assert again.status == 200


def test_a_management_route_takes_its_methods_only(gateway: Gateway) -> None:
    assert gateway.request("POST", "/v1/usage").status in (404, 405)


@pytest.mark.parametrize(
    "query", ["by=moon", "from=yesterday", "unknown=1", "format=pdf", "from=2026-13-01"]
)
def test_a_wrong_query_is_refused_by_name(gateway: Gateway, query: str) -> None:
    answer = gateway.request("GET", f"/v1/usage?{query}")

    assert_problem(answer, 400, "queryInvalid")
    assert query.partition("=")[0] in answer.json()["detail"]


def test_a_body_of_the_limit_is_taken(gateway: Gateway, small: str) -> None:
    assert gateway.invoke(small, b"x" * PAYLOAD_MAX).json() == PAYLOAD_MAX


def test_a_body_over_the_limit_is_refused_by_its_length(gateway: Gateway, small: str) -> None:
    with gateway.raw() as connection:
        connection.send(f"POST /function/{small} HTTP/1.1\r\nHost: x\r\n")
        connection.send(f"Content-Length: {PAYLOAD_MAX + 1}\r\n\r\n")

        answer = connection.answer()

    assert_problem(answer, 413, "payloadTooLarge")


def test_a_chunked_body_over_the_limit_is_refused(gateway: Gateway, small: str) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(80):
            yield b"x" * 1024

    answer = gateway.request("POST", f"/function/{small}", pieces())

    assert_problem(answer, 413, "payloadTooLarge")


def test_a_chunked_body_without_end_is_cut_off(gateway: Gateway, small: str) -> None:
    with gateway.raw() as connection:
        connection.send(f"POST /function/{small} HTTP/1.1\r\nHost: x\r\n")
        connection.send("Transfer-Encoding: chunked\r\n\r\n")
        chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
        deadline = time.monotonic() + 10
        with pytest.raises(OSError):
            while time.monotonic() < deadline:
                connection.send(chunk)


def test_a_truncated_body_is_never_invoked(gateway: Gateway, small: str) -> None:
    before = len(gateway.rows())
    for length in (10, PAYLOAD_MAX):
        with gateway.raw() as connection:
            connection.send(post(f"/function/{small}", b"x" * length)[:-5])
    with gateway.raw() as connection:
        connection.send(
            f"POST /function/{small} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            "a\r\n0123"
        )

    assert gateway.invoke(small, b"whole").json() == 5

    assert len(gateway.rows()) == before + 1


CUT_OFF = {
    "a body of known length": ("Content-Length: 10", b"01234", "5 of the body's 10 bytes"),
    "all of a body": ("Content-Length: 10", b"", "0 of the body's 10 bytes"),
    "a long body": ("Content-Length: 65536", b"x" * 65531, "65531 of the body's 65536 bytes"),
    "a chunk": ("Transfer-Encoding: chunked", b"a\r\n0123", "4 bytes of the body, before its last"),
    "the last chunk": ("Transfer-Encoding: chunked", b"2\r\nab\r\n", "2 bytes of the body, before"),
}


@pytest.mark.parametrize("is_first", [True, False], ids=["first", "later"])
@pytest.mark.parametrize("missing", CUT_OFF)
def test_a_truncated_request_is_told_what_is_missing(
    gateway: Gateway, small: str, missing: str, is_first: bool
) -> None:
    """The client closes its side and still reads."""
    field, body, detail = CUT_OFF[missing]
    before = len(gateway.rows())
    with gateway.raw(seconds=10) as connection:
        if not is_first:
            connection.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.answer().status == 200
        connection.send(f"POST /function/{small} HTTP/1.1\r\nHost: x\r\n{field}\r\n\r\n")
        connection.send(body)
        connection.socket.shutdown(socket.SHUT_WR)

        answer = connection.answer()

        assert_problem(answer, 400, "requestInvalid")
        assert f"ended after {detail}" in answer.json()["detail"]
        assert answer.json()["instance"] == answer.id
        assert answer.headers["connection"] == "close"
        assert connection.at_end()
    assert len(gateway.rows()) == before


MALFORMED = {
    "no HTTP at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 client hello\r\n\r\n",
    "no version": b"POST /function/hello\r\n\r\n",
    "unknown version": b"POST /function/hello HTTP/9.9\r\nHost: x\r\n\r\n",
    "unknown method": b"FROBNICATE /function/hello HTTP/1.1\r\nHost: x\r\n\r\n",
    "space in a field's name": b"POST / HTTP/1.1\r\nHo st: x\r\n\r\n",
    "field without colon": b"POST / HTTP/1.1\r\nHost\r\n\r\n",
    "NUL in a field": b"POST / HTTP/1.1\r\nHost: a\0b\r\n\r\n",
    "length not a number": b"POST /function/hello HTTP/1.1\r\nHost: x\r\nContent-Length: a\r\n\r\n",
    "negative length": b"POST /function/hello HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "two lengths": b"POST /function/hello HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
    b"Content-Length: 2\r\n\r\nab",
    "huge length": b"POST /function/hello HTTP/1.1\r\nHost: x\r\n"
    b"Content-Length: 99999999999999999999999\r\n\r\n",
    "length and chunks": b"POST /function/hello HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunk size not hexadecimal": b"POST /function/hello HTTP/1.1\r\nHost: x\r\n"
    b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "field over the limit": b"POST / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    "too many fields": b"POST / HTTP/1.1\r\nHost: x\r\n"
    + b"".join(b"X-%d: %s\r\n" % (n, b"a" * 50) for n in range(5000))
    + b"\r\n",
    "target over the limit": b"POST /function/" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_malformed_http_is_answered_and_closed(gateway: Gateway, hello: str, kind: str) -> None:
    with gateway.raw(seconds=10) as connection:
        with suppress(OSError):  # It may be refused while it is still being sent.
            connection.send(MALFORMED[kind])

        answer = connection.answer()

        assert answer.status in (400, 413, 414, 431, 505), answer
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status
        assert answer.headers["connection"] == "close"
        with suppress(OSError):  # It may be closed already.
            connection.socket.shutdown(socket.SHUT_WR)
        assert connection.at_end()
    assert gateway.invoke(hello, {"name": "Ada"}).status == 200


def test_the_gateway_closes_after_malformed_http_by_itself(gateway: Gateway) -> None:
    with gateway.raw(seconds=10) as connection:
        connection.send(MALFORMED["unknown method"])
        connection.answer()

        assert connection.at_end()


def test_fields_over_the_limit_in_all_are_refused(gateway: Gateway, hello: str) -> None:
    fields = [f"X-{number}: {'a' * 1000}" for number in range(100)]
    with gateway.raw(seconds=10) as connection:
        connection.send(post(f"/function/{hello}", '{"name": "Ada"}', *fields))

        answer = connection.answer()

    assert_problem(answer, 431, "headersTooLarge")


def test_a_client_that_resets_harms_nobody(gateway: Gateway, small: str) -> None:
    for _ in range(20):
        with gateway.raw() as connection:
            linger = struct.pack("ii", 1, 0)
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            connection.send(post(f"/function/{small}", b"x" * 100)[:-50])

    assert gateway.invoke(small, b"abc").json() == 3


def test_many_idle_connections_are_taken(gateway: Gateway, hello: str) -> None:
    connections = [gateway.raw() for _ in range(300)]
    try:
        assert gateway.invoke(hello, {"name": "Ada"}).status == 200
    finally:
        for connection in connections:
            connection.close()


def test_a_problem_has_the_id_of_its_invocation(gateway: Gateway, hello: str) -> None:
    answer = gateway.invoke(hello, {"name": 1})

    assert answer.json()["instance"] == answer.id
    until(lambda: gateway.rows("id = ?", answer.id), "its row")


def test_an_answer_does_not_mix_with_the_request_after_it(gateway: Gateway, hello: str) -> None:
    """A body that looks like a request is a body."""
    smuggled = f"GET /v1/functions HTTP/1.1\r\nHost: x\r\n\r\n{json.dumps({'name': 'x'})}"
    with gateway.raw() as connection:
        connection.send(post(f"/function/{hello}", smuggled))
        connection.send(post(f"/function/{hello}", '{"name": "after"}'))

        first, second = connection.answer(), connection.answer()

    assert first.status == 400
    assert "after" in second.text


def test_a_refused_body_that_is_still_sent_does_not_lose_its_answer(
    gateway: Gateway, small: str
) -> None:
    connection = http.client.HTTPConnection(gateway.host, gateway.port, timeout=20)
    connection.request("POST", f"/function/{small}", b"x" * (8 << 20))

    answer = connection.getresponse()

    assert answer.status == 413
    connection.close()
