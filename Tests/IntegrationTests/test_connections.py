"""HTTP/1.1 as clients really speak it: kept, pipelined, old, slow."""

import json
import time

import pytest
from folders import function
from gateways import Gateway
from http_client import post
from waiting import until


def test_a_connection_is_kept_for_many_requests(gateway: Gateway, echo: str) -> None:
    with gateway.raw() as connection:
        for number in range(100):
            connection.send(post(f"/function/{echo}", str(number)))
            answer = connection.answer()
            assert answer.json() == number
            assert answer.headers.get("connection") != "close"


def test_connection_close_is_honoured(gateway: Gateway, echo: str) -> None:
    with gateway.raw() as connection:
        connection.send(post(f"/function/{echo}", "1", "Connection: close"))

        answer = connection.answer()

        assert answer.headers["connection"] == "close"
        assert connection.at_end()


@pytest.mark.parametrize("keep_alive", [False, True])
def test_http_1_0_is_answered_without_chunks(gateway: Gateway, echo: str, keep_alive: bool) -> None:
    field = "Connection: keep-alive\r\n" if keep_alive else ""
    request = f"POST /function/{echo} HTTP/1.0\r\n{field}Content-Length: 1\r\n\r\n7"
    with gateway.raw() as connection:
        connection.send(request)
        answer = connection.answer()

        assert answer.json() == 7
        assert "transfer-encoding" not in answer.headers
        if answer.headers.get("connection", "").lower() == "keep-alive":
            assert keep_alive
            connection.send(request)
            assert connection.answer().json() == 7
        else:
            assert connection.at_end()


def test_a_stream_for_http_1_0_ends_with_the_connection(gateway: Gateway) -> None:
    handler = "def predict():\n    yield 1\n    yield 2\n"
    name = gateway.deploy(function("old-stream", handler))
    with gateway.raw() as connection:
        connection.send(f"POST /function/{name} HTTP/1.0\r\nContent-Length: 2\r\n\r\n{{}}")
        _, headers = connection.head()
        body = connection.file.read()

    assert "transfer-encoding" not in headers
    assert body.split() == [b"1", b"2"]


def test_pipelined_requests_are_answered_in_order(gateway: Gateway, echo: str) -> None:
    count = 200
    with gateway.raw() as connection:
        connection.send(b"".join(post(f"/function/{echo}", str(n)) for n in range(count)))

        answers = [connection.answer().json() for _ in range(count)]

    assert answers == list(range(count))


def test_pipelining_mixes_functions_routes_and_refusals(gateway: Gateway, echo: str) -> None:
    slow = gateway.deploy(
        function(
            "pipelined",
            "import time\ndef predict() -> str:\n    time.sleep(0.2)\n    return 'slow'\n",
        )
    )
    get = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    requests = [
        (post(f"/function/{slow}", "{}"), 200, '"slow"'),
        (get, 200, "ok"),
        (post(f"/function/{echo}", '"a"'), 200, '"a"'),
        (post("/function/nobody", "{}"), 404, "functionNotFound"),
        (b"GET /v1/functions/nobody HTTP/1.1\r\nHost: x\r\n\r\n", 404, "functionNotFound"),
        (post(f"/function/{slow}", "not json"), 400, "inputInvalid"),
        (get, 200, "ok"),
        (b"GET /function/x HTTP/1.1\r\nHost: x\r\n\r\n", 405, "methodNotAllowed"),
        (post("/v1/nothing", "body"), 404, "routeNotFound"),
        (post(f"/function/{echo}", '"last"'), 200, '"last"'),
    ]
    with gateway.raw() as connection:
        connection.send(b"".join(request for request, _, _ in requests))

        answers = [connection.answer() for _ in requests]

    for answer, (_, status, text) in zip(answers, requests, strict=True):
        assert (answer.status, text in answer.text) == (status, True), answer


def test_a_request_may_come_byte_by_byte(gateway: Gateway, echo: str) -> None:
    with gateway.raw() as connection:
        for byte in post(f"/function/{echo}", '{"a": 1}'):
            connection.send(bytes([byte]))

        assert connection.answer().json() == {"a": 1}


def test_a_client_that_expects_is_told_to_continue(gateway: Gateway, echo: str) -> None:
    with gateway.raw() as connection:
        whole = post(f"/function/{echo}", '"body"', "Expect: 100-continue")
        head, _, body = whole.partition(b"\r\n\r\n")
        connection.send(head + b"\r\n\r\n")
        assert connection.head()[0] == 100
        connection.send(body)

        assert connection.answer().json() == "body"


def test_a_client_that_expects_too_much_is_refused_before_it_sends(
    gateway: Gateway, echo: str
) -> None:
    with gateway.raw() as connection:
        connection.send(
            f"POST /function/{echo} HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n"
        )
        connection.send("Expect: 100-continue\r\n\r\n")

        assert connection.answer().status == 413


def test_a_slow_client_holds_no_instance(gateway: Gateway) -> None:
    """Its body comes in pieces; meanwhile the only instance serves others."""
    handler = "from typing import Any\ndef predict(input: Any) -> Any:\n    return input\n"
    name = gateway.deploy(function("slow-client", handler, "scale: { max: 1 }\n"))
    whole = post(f"/function/{name}", json.dumps("x" * 1000))
    with gateway.raw() as slow:
        slow.send(whole[:500])

        assert gateway.counts(name)["busy"] == 0
        assert gateway.invoke(name, 1).json() == 1
        slow.send(whole[500:])

        assert slow.answer().status == 200


def test_many_slow_clients_do_not_slow_down_others(gateway: Gateway, echo: str) -> None:
    slow = [gateway.raw() for _ in range(100)]
    try:
        for connection in slow:
            connection.send(post(f"/function/{echo}", "x" * 100)[:-50])
        began = time.monotonic()
        with gateway.connect() as quick:
            for number in range(100):
                answer = quick.request("POST", f"/function/{echo}", str(number))
                assert answer.json() == number

        assert time.monotonic() - began < 2
    finally:
        for connection in slow:
            connection.close()


def test_header_fields_query_and_path_reach_the_handler(gateway: Gateway) -> None:
    handler = """
def handle(event, context):
    return {
        "method": event.method, "path": event.path, "query": event.query,
        "field": event.headers.get("x-mine"), "text": event.text, "id": context.id,
        "function": context.function, "revision": context.revision,
        "remaining": context.remaining(),
    }
"""
    name = gateway.deploy(function("event", handler, "timeout: { total: 5s }\n"))

    answer = gateway.request("POST", f"/function/{name}/a/b?x=1&y=2", "text", {"X-Mine": "yes"})

    found = answer.json()
    assert (found["method"], found["text"], found["field"]) == ("POST", "text", "yes")
    assert found["path"].endswith("/a/b")
    assert "x" in str(found["query"])
    assert (found["id"], found["function"]) == (answer.id, name)
    assert found["revision"] == f"{name}-1"
    assert 4 < found["remaining"] <= 5


def test_a_handler_chooses_status_and_fields_but_not_the_framing(gateway: Gateway) -> None:
    handler = """
from faas import Response

def handle(event, context):
    return Response("made", status=201, headers={
        "content-type": "text/x-mine", "x-mine": "yes", "content-length": "99999",
        "transfer-encoding": "chunked", "connection": "close", "x-invocation-id": "forged",
    })
"""
    name = gateway.deploy(function("responder", handler))

    answer = gateway.invoke(name)

    assert (answer.status, answer.body) == (201, b"made")
    assert answer.headers["content-type"] == "text/x-mine"
    assert answer.headers["x-mine"] == "yes"
    assert answer.headers["content-length"] == "4"
    assert "connection" not in answer.headers
    until(lambda: gateway.rows("id = ?", answer.id), "the id is the gateway's own")


def test_fields_with_line_breaks_cannot_be_answered(gateway: Gateway) -> None:
    handler = """
from faas import Response

def handle(event, context):
    return Response("x", headers={"x-mine": "a\\r\\nx-forged: b\\r\\n\\r\\nbody"})
"""
    name = gateway.deploy(function("splitter", handler))

    answer = gateway.invoke(name)

    assert "x-forged" not in answer.headers
    assert answer.status == 500


def test_an_answer_to_head_has_no_body(gateway: Gateway, echo: str) -> None:
    with gateway.raw() as connection:
        connection.send(f"HEAD /function/{echo} HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.send(post(f"/function/{echo}", '"next"'))

        assert connection.head()[0] == 405
        assert connection.answer().json() == "next"


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize("streams", [False, True])
def test_an_answer_without_a_body_by_its_status_has_none(
    gateway: Gateway, status: int, streams: bool
) -> None:
    body = "iter([b'a', b'b'])" if streams else "'text'"
    handler = f"""
from faas import Response

def handle(event, context):
    return Response({body}, status={status})
"""
    name = gateway.deploy(function(f"bodyless-{status}-{streams}".lower(), handler))
    with gateway.raw() as connection:
        connection.send(post(f"/function/{name}", "") * 2)

        for _ in range(2):
            found, headers = connection.head()
            assert found == status
            assert "transfer-encoding" not in headers
