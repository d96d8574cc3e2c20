"""Asynchronous invocations: accepted at once, and answered where the result is asked for."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from folders import function
from gateways import Gateway
from http_client import Answer
from queues import Queue, died, ended, report
from receivers import Receiver, receiving
from waiting import until
from workers import worker

from conftest import MakeGateway

JSON = "application/json"

ANSWERER = """
from faas import Response

def handle(event, context):
    size = int(event.headers.get("x-size", "5"))
    return Response(b"\\xff" * size, status=201, headers={"content-type": "a/b", "x-mine": "yes"})
"""


FRAMER = """
from faas import Response

def handle(event, context):
    fields = {"content-length": "3", "transfer-encoding": "chunked", "x-mine": "yes"}
    return Response(b"0123456789", headers=fields)
"""


@pytest.fixture(scope="module")
def caller(gateway: Gateway) -> str:
    return gateway.deploy(worker("caller", more="limits: { memory: 64Mi, payload: 64Ki }\n"))


@pytest.fixture(scope="module")
def answerer(gateway: Gateway) -> str:
    return gateway.deploy(function("answerer", ANSWERER))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def post(gateway: Gateway, name: str, body: Any = None, **fields: str) -> Answer:
    headers = {"Content-Type": JSON} | {key.replace("_", "-"): fields[key] for key in fields}
    raw = body if isinstance(body, bytes) else json.dumps({} if body is None else body)
    return gateway.request("POST", f"/async-function/{name}", raw, headers)


def call(gateway: Gateway, name: str, body: Any = None, **fields: str) -> str:
    """Enqueues an invocation, which must go well; its id."""
    answer = post(gateway, name, body, **fields)
    assert answer.status == 202, answer
    assert answer.json() == {"id": answer.headers["x-call-id"]}
    return answer.headers["x-call-id"]


def result(gateway: Gateway, identity: str, query: str = "?wait=20s") -> Answer:
    return gateway.request("GET", f"/v1/invocations/{identity}/result{query}")


# Accepting.


def test_an_accepted_invocation_has_a_result_to_wait_for(gateway: Gateway, caller: str) -> None:
    answer = gateway.request("POST", f"/async-function/{caller}", '{"n": 1}')

    found = result(gateway, answer.headers["x-call-id"])

    assert answer.status == 202
    assert found.status == 200, found
    assert found.headers["content-type"] == JSON
    assert found.id == answer.headers["x-call-id"]
    assert found.json()["body"] == '{"n": 1}'


def test_its_row_and_report_say_how_it_came(gateway: Gateway, caller: str) -> None:
    identity = call(gateway, caller)

    found = ended(gateway, identity)

    row = gateway.row(identity)
    assert (found["trigger"], row["trigger"]) == ("async", "async")
    assert found["enqueuedAtMicros"] <= found["acceptedAtMicros"]
    kept = found["resultKeptUntilMicros"] / 1e6 - time.time()
    assert 3500 < kept < 3700


@pytest.mark.parametrize(
    ("name", "body", "status", "code"),
    [
        ("nobody", b"{}", 404, "functionNotFound"),
        ("caller", b"x" * (65 << 10), 413, "payloadTooLarge"),
    ],
)
def test_what_would_be_refused_is_refused_at_once(
    gateway: Gateway, caller: str, name: str, body: bytes, status: int, code: str
) -> None:
    answer = post(gateway, name, body)

    assert (answer.status, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert result(gateway, call(gateway, caller)).status == 200


# Results.


def test_a_result_has_its_own_status_fields_and_body(gateway: Gateway, answerer: str) -> None:
    found = result(gateway, call(gateway, answerer))

    assert (found.status, found.headers["content-type"], found.headers["x-mine"]) == (
        201,
        "a/b",
        "yes",
    )
    assert found.body == b"\xff" * 5


def test_the_result_of_a_failure_is_its_problem(gateway: Gateway, caller: str) -> None:
    identity = call(gateway, caller, {"fails": 1, "how": "refuses"})

    found = result(gateway, identity)

    assert (found.status, found.json()["code"]) == (400, "inputInvalid")
    assert found.headers["content-type"] == "application/problem+json"
    assert "the number is not one" in found.json()["detail"]
    assert found.json()["instance"] == identity == found.id
    assert died(gateway, identity)["attempts"] == 1
    dead = Queue(gateway, f"{caller}-dead")
    assert identity in [letter["id"] for letter in dead.dead()]


def test_a_failed_attempt_is_followed_by_another(gateway: Gateway, caller: str) -> None:
    identity = call(gateway, caller, {"fails": 1})

    found = result(gateway, identity)

    assert (found.status, found.json()["attempt"]) == (200, 2)
    assert len(gateway.rows("id = ?", identity)) == 2


def test_who_does_not_wait_long_enough_is_told_where_it_is(gateway: Gateway, caller: str) -> None:
    identity = call(gateway, caller, {"seconds": 0.4})

    early = result(gateway, identity, "?wait=10ms")

    assert early.status == 202
    assert early.json()["state"] in ("waiting", "running")
    assert early.headers["x-call-id"] == identity
    assert "x-invocation-id" not in early.headers
    assert result(gateway, identity).status == 200


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("01a1fce7-d277-7d47-8951-45414a744700/result", 404, "resultNotFound"),
        ("01a1fce7-d277-7d47-8951-45414a744700?wait=1s", 404, "invocationNotFound"),
        ("what/result", 400, "queryInvalid"),
        ("01a1fce7-d277-7d47-8951-45414a744700/result?wait=long", 400, "queryInvalid"),
        ("01a1fce7-d277-7d47-8951-45414a744700/result?wait=61s", 400, "queryInvalid"),
    ],
)
def test_a_result_that_is_not_there_is_said_to_be_so(
    gateway: Gateway, path: str, status: int, code: str
) -> None:
    began = time.monotonic()

    answer = gateway.request("GET", f"/v1/invocations/{path}")

    assert (answer.status, answer.json()["code"]) == (status, code)
    assert time.monotonic() - began < 5


def test_a_synchronous_invocation_leaves_no_result(gateway: Gateway, caller: str) -> None:
    answer = gateway.invoke(caller, headers={"Content-Type": JSON})

    assert result(gateway, answer.id, "").json()["code"] == "resultNotFound"


def test_the_oldest_results_make_room_and_the_rest_outlives_a_restart(
    make_gateway: MakeGateway,
) -> None:
    gateway = make_gateway(config="results: { keptSeconds: 3600, bytesMax: 10000 }\n")
    gateway.start()
    gateway.deploy(function("answerer", ANSWERER))
    ids = []
    for _ in range(5):
        ids.append(call(gateway, "answerer", X_Size="3000"))
        assert result(gateway, ids[-1]).status == 201

    gateway.stop()
    gateway.start()

    statuses = [result(gateway, identity, "").status for identity in ids]
    assert statuses == [404, 404, 201, 201, 201]
    assert report(gateway, ids[0])["outcome"] == "completed"
    large = call(gateway, "answerer", X_Size="20000")
    assert ended(gateway, large)["status"] == 201
    assert result(gateway, ids[4], "").status in (201, 404)


def test_results_are_kept_no_longer_than_configured(make_gateway: MakeGateway) -> None:
    gateway = make_gateway(config="results: { keptSeconds: 1 }\n")
    gateway.start()
    gateway.deploy(function("answerer", ANSWERER))
    identity = call(gateway, "answerer")
    assert result(gateway, identity).status == 201

    until(lambda: result(gateway, identity, "").status == 404, "it is gone", poll=0.05)

    found = report(gateway, identity)
    assert found["outcome"] == "completed"
    assert "resultKeptUntilMicros" not in found


# Callbacks.


def test_a_callback_is_an_event_with_a_signature(
    gateway: Gateway, caller: str, receiver: Receiver
) -> None:
    identity = call(gateway, caller, {"n": 7}, X_Callback_Url=f"{receiver.url}/here?a=1")

    (post,) = receiver.wait()

    assert post.path == "/here?a=1"
    assert json.loads(post.body)["body"] == '{"n": 7}'
    headers = post.headers
    assert headers["content-type"] == JSON
    assert (headers["ce-specversion"], headers["ce-id"]) == ("1.0", identity)
    assert headers["ce-type"] == "faas.invocation.completed"
    assert headers["ce-source"].endswith("/function/caller")
    assert (headers["ce-status"], headers["webhook-id"]) == ("200", identity)
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 10
    assert post.is_signed(gateway.data / "callback.key")


def test_the_key_of_the_signatures_is_its_owners_alone(
    gateway: Gateway, caller: str, receiver: Receiver
) -> None:
    call(gateway, caller, X_Callback_Url=receiver.url)
    receiver.wait()

    assert (gateway.data / "callback.key").stat().st_mode & 0o777 == 0o600


def test_a_structured_callback_holds_the_event_in_its_body(
    gateway: Gateway, caller: str, receiver: Receiver
) -> None:
    identity = call(gateway, caller, X_Callback_Url=f"structured+{receiver.url}/s")

    (post,) = receiver.wait()

    assert post.headers["content-type"].startswith("application/cloudevents+json")
    event = json.loads(post.body)
    assert (event["id"], event["type"]) == (identity, "faas.invocation.completed")
    assert event["data"]["attempt"] == 1
    assert post.is_signed(gateway.data / "callback.key")


def test_a_failure_is_called_back_as_its_problem(
    gateway: Gateway, caller: str, receiver: Receiver
) -> None:
    asked = {"fails": 1, "how": "refuses"}
    call(gateway, caller, asked, X_Callback_Url=receiver.url)

    (post,) = receiver.wait()

    assert post.headers["ce-status"] == "400"
    assert json.loads(post.body)["code"] == "inputInvalid"


def test_a_callback_that_is_not_taken_comes_again_with_the_same_id(
    gateway: Gateway, caller: str, receiver: Receiver
) -> None:
    receiver.statuses += [503]
    identity = call(gateway, caller, X_Callback_Url=receiver.url)

    first, second = receiver.wait(2)

    assert first.headers["webhook-id"] == second.headers["webhook-id"] == identity
    assert second.is_signed(gateway.data / "callback.key")
    assert len(gateway.rows("id = ?", identity)) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://2852039166/",
        "http://[::ffff:169.254.169.254]/",
        "http://[fe80::1]/",
        "http://[fd00:ec2::254]/",
        "http://100.100.100.200/",
        "http://0.0.0.0:80/",
        "structured+http://169.254.1.1/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "http://user:secret@127.0.0.1/",
        "127.0.0.1",
        "http://" + "x" * 3000,
    ],
)
def test_a_callback_that_must_not_be_sent_is_refused(
    gateway: Gateway, caller: str, url: str
) -> None:
    answer = post(gateway, caller, X_Callback_Url=url)

    assert (answer.status, answer.json()["code"]) == (400, "callbackInvalid")
    assert answer.json()["detail"]


# The command line.


def test_the_command_line_prints_the_id_and_then_the_result(gateway: Gateway, caller: str) -> None:
    identity = gateway.cli("invoke", caller, "n:=1", "--async").strip()

    answered = json.loads(gateway.cli("result", identity, "--wait", "20s"))

    assert json.loads(answered["body"]) == {"n": 1}
    whole = json.loads(gateway.cli("result", identity, "-o", "json"))
    assert whole["status"] == 200


def test_the_command_line_waits_for_the_result_where_asked(gateway: Gateway, caller: str) -> None:
    answered = gateway.cli("invoke", caller, "fails:=1", "--async", "--wait")

    assert json.loads(answered)["attempt"] == 2


def test_the_command_line_fails_as_the_invocation_does(gateway: Gateway, caller: str) -> None:
    asked = json.dumps({"fails": 1, "how": "refuses"})
    failed = gateway.run_cli("invoke", caller, "--data", asked, "--async", "--wait", "20s")
    unknown = gateway.run_cli("result", "01a1fce7-d277-7d47-8951-45414a744700")

    assert (failed.returncode, unknown.returncode) == (1, 1)
    assert "the number is not one" in failed.stderr
    assert "01a1fce7" in unknown.stderr


def test_the_command_line_says_when_there_is_no_result_yet(gateway: Gateway, caller: str) -> None:
    identity = gateway.cli("invoke", caller, "seconds:=0.5", "--async").strip()

    early = gateway.run_cli("result", identity)

    assert early.returncode == 1
    assert "has not ended" in early.stderr
    assert gateway.cli("result", identity, "--wait", "20s")


def test_the_command_line_sends_the_callback(
    gateway: Gateway, caller: str, receiver: Receiver
) -> None:
    identity = gateway.cli("invoke", caller, "--async", "--callback", receiver.url).strip()

    assert receiver.wait()[0].headers["ce-id"] == identity


def test_a_kept_answer_is_framed_by_the_gateway_alone(gateway: Gateway) -> None:
    framer = gateway.deploy(function("framer", FRAMER))
    identity = call(gateway, framer)
    assert result(gateway, identity).body == b"0123456789"

    request = f"GET /v1/invocations/{identity}/result HTTP/1.1\r\nHost: faas\r\n\r\n"
    with gateway.raw() as connection:
        connection.send(request * 2)
        answers = [connection.answer() for _ in range(2)]

    for answer in answers:
        assert answer.status == 200
        assert answer.body == b"0123456789"
        assert answer.headers["x-mine"] == "yes"
        assert answer.headers["content-length"] == "10"
        assert "transfer-encoding" not in answer.headers
