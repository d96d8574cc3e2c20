"""One invocation: how it gets its instance, what its answer says, and its usage record."""

import csv
import io
import json
import re
import time

import pytest
from folders import function
from gateways import Gateway
from waiting import until

GREET = """
def predict(name: str) -> str:
    return "Hello " + name
"""

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

KEEP_ALIVE = "scale: { max: 1, keepAlive: 600ms }\n"


def test_a_function_is_served_warm_then_at_zero_then_by_a_fork(gateway: Gateway) -> None:
    name = gateway.deploy(function("rungs", GREET, KEEP_ALIVE))
    first = gateway.invoke(name, {"name": "a"})
    assert first.start_kind in ("fork", "warm"), "the deploy's trial has loaded the handler"

    warm = gateway.invoke(name, {"name": "b"})
    until(lambda: gateway.instances(name) == 0, "the pool is at zero")
    forked = gateway.invoke(name, {"name": "c"})

    assert warm.start_kind == "warm"
    assert warm.timings["start"] == 0
    assert forked.start_kind == "fork"
    assert forked.timings["start"] > 0
    assert forked.json() == "Hello c"
    assert gateway.counts(name)["zygote"] == "ready"


def test_the_first_invocation_after_a_restart_is_cold(own_gateway: Gateway) -> None:
    name = own_gateway.deploy(function("frozen", GREET))
    assert own_gateway.stop() == 0
    own_gateway.start()

    cold = own_gateway.invoke(name, {"name": "a"})
    warm = own_gateway.invoke(name, {"name": "a"})

    assert (cold.status, cold.start_kind) == (200, "cold")
    assert cold.timings["start"] > 0
    assert warm.start_kind == "warm"
    assert own_gateway.row(cold.id)["startKind"] == "cold"


def test_every_answer_says_id_start_kind_and_timings(gateway: Gateway, hello: str) -> None:
    good = gateway.invoke(hello, {"name": "Ada"})
    bad = gateway.invoke(hello, {"name": 1})

    for answer in (good, bad):
        assert ID.fullmatch(answer.id)
        assert answer.start_kind in ("warm", "fork", "cold")
        assert answer.timings.keys() == {"queue", "start", "run"}
    assert bad.json()["instance"] == bad.id


def test_an_invocation_is_one_row_that_says_what_happened(gateway: Gateway) -> None:
    manifest = "limits: { memory: 48Mi }\n"
    name = gateway.deploy(function("billed", GREET, manifest))
    body = json.dumps({"name": "Ada"}).encode()
    before = time.time_ns() // 1000

    answer = gateway.invoke(name, body)

    row = gateway.row(answer.id)
    assert row["function"] == name
    assert row["revision"] == f"{name}-1"
    assert row["account"] == "local"
    assert row["trigger"] == "http"
    assert row["startKind"] == answer.start_kind
    assert row["outcome"] == "completed"
    assert before <= row["acceptedAt"] <= time.time_ns() // 1000
    assert row["runMicros"] == pytest.approx(answer.timings["run"] * 1000, abs=1)
    assert row["billedMillis"] == -(-row["runMicros"] // 1000)
    assert (row["memoryMiB"], row["gpuMemoryMiB"]) == (48, 0)
    assert (row["bytesIn"], row["bytesOut"]) == (len(body), len(answer.body))
    assert row["attempt"] == 1
    assert row["costNanos"] > 0


@pytest.mark.parametrize(
    ("body", "status", "outcome"),
    [
        ({"deed": "answer"}, 200, "completed"),
        ({"deed": "raise"}, 500, "failed"),
        ({"deed": "exit"}, 502, "failed"),
        ({"deed": 7}, 400, "completed"),
    ],
)
def test_the_row_is_there_once_the_answer_is(
    gateway: Gateway, doer: str, body: object, status: int, outcome: str
) -> None:
    answer = gateway.invoke(doer, body)

    rows = gateway.rows("id = ?", answer.id)

    assert answer.status == status, answer
    assert [row["outcome"] for row in rows] == [outcome]


@pytest.fixture(scope="module")
def doer(gateway: Gateway) -> str:
    handler = """
import os

def predict(deed: str) -> str:
    if deed == "raise":
        raise RuntimeError("as asked")
    if deed == "exit":
        os._exit(3)
    return deed
"""
    return gateway.deploy(function("doer", handler))


def test_rejected_invocations_have_no_row(gateway: Gateway, hello: str) -> None:
    before = len(gateway.rows())

    assert gateway.request("POST", "/function/no-such-function", "{}").status == 404
    assert gateway.request("GET", f"/function/{hello}").status == 405
    assert gateway.request("POST", f"/function/{hello}", b"x" * (7 << 20)).status == 413

    assert len(gateway.rows()) == before


def test_usage_sums_up_the_rows(gateway: Gateway) -> None:
    name = gateway.deploy(function("summed", GREET))
    for body in ({"name": "a"}, {"name": "b"}, {"name": 3}):
        gateway.invoke(name, body)
    rows = gateway.rows("function = ?", name)
    assert len(rows) == 3

    (row,) = json.loads(gateway.cli("usage", "--function", name, "-o", "json"))["rows"]

    assert row["key"] == name
    assert (row["invocations"], row["attempts"]) == (3, 3)
    for key in ("billedMillis", "bytesIn", "bytesOut", "costNanos"):
        assert row[key] == sum(one[key] for one in rows)
    assert row["memoryMiBMillis"] == sum(one["memoryMiB"] * one["billedMillis"] for one in rows)


@pytest.mark.parametrize("by", ["function", "day", "account", "revision"])
def test_usage_is_grouped_and_its_total_is_all_rows(gateway: Gateway, hello: str, by: str) -> None:
    gateway.invoke(hello, {"name": "Ada"})

    statement = json.loads(gateway.cli("usage", "--by", by, "-o", "json"))

    count = len(gateway.rows())
    assert sum(row["attempts"] for row in statement["rows"]) == count
    assert statement["total"]["attempts"] == count
    assert len({row["key"] for row in statement["rows"]}) == len(statement["rows"])


def test_usage_as_csv_has_the_same_rows(gateway: Gateway, hello: str) -> None:
    gateway.invoke(hello, {"name": "Ada"})

    table = list(csv.DictReader(io.StringIO(gateway.cli("usage", "-o", "csv"))))

    statement = json.loads(gateway.cli("usage", "-o", "json"))
    keys = [row["key"] for row in statement["rows"]]
    assert [next(iter(line.values())) for line in table][: len(keys)] == keys


def test_an_invocation_can_be_asked_about(gateway: Gateway, hello: str) -> None:
    answer = gateway.invoke(hello, {"name": "Ada"})

    report = gateway.get(f"/v1/invocations/{answer.id}")

    assert report["function"] == hello
    assert (report["state"], report["outcome"]) == ("ended", "completed")
    assert report["startKind"] == answer.start_kind
    assert report["costNanos"] == gateway.row(answer.id)["costNanos"]
    assert answer.id in gateway.cli("why", answer.id)


def test_ids_are_unlike_and_in_the_order_of_time(gateway: Gateway, hello: str) -> None:
    with gateway.connect() as connection:
        answers = [
            connection.request("POST", f"/function/{hello}", '{"name": "a"}') for _ in range(50)
        ]

    ids = [answer.id for answer in answers]
    assert len(set(ids)) == 50
    assert [one[:13] for one in ids] == sorted(one[:13] for one in ids)
