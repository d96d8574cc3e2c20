"""Messages of brokers that users run: the real servers."""

import json
import os
from collections.abc import Callable
from itertools import pairwise

import pytest
from brokers import Broker, Message, free_port
from brokers_load import (
    NAMES,
    NATS_LEASE_SECONDS,
    Servers,
    all_completed,
    all_once,
    completed,
    deploy_counted,
    messages_for,
    nothing_left,
    numbered,
    redriven,
    report,
)
from brokers_redis import Redis
from brokers_sqs import SQS
from events import dead_letters
from folders import function
from gateways import Gateway
from waiting import until
from workers import taken, worker

# Longer than any broker's lease, 30 s; some minutes' worth of tests, so only when asked for.
LONG_SECONDS = float(os.environ.get("FAAS_TEST_BROKER_LONG", "0"))

SHOWN = """
import json

def handle(event, context):
    of = context.event
    took = {"body": event.text, "headers": event.headers, "attempt": context.attempt}
    took["event"] = of and {"id": of.id, "type": of.type, "source": of.source}
    print(json.dumps(took), flush=True)
"""


def test_messages_become_invocations(reader: Gateway, broker: Broker) -> None:
    count = messages_for(broker)
    place = deploy_counted(reader, broker, f"{broker.name}-counted")

    broker.send(place, numbered(count))

    all_completed(reader, place, count)
    all_once(reader, place, "sent", count)
    until(lambda: broker.left(place) == 0, f"{place} is empty")
    listed = until(
        lambda: (one := report(reader, place))["completed"] == count and one, "all are listed"
    )
    assert isinstance(listed, dict)
    assert (listed["enqueued"], listed["retried"], listed["depth"]) == (count, 0, 0)
    assert listed["function"] == place
    assert broker.password not in listed["source"]


@pytest.mark.parametrize("name", NAMES)
def test_header_fields_and_events_reach_the_handler(
    reader: Gateway, servers: Servers, name: str
) -> None:
    broker = servers[name]
    place = f"{name}-shown"
    broker.make(place)
    reader.deploy(function(place, SHOWN, f"triggers:\n  - {broker.trigger(place)}\n"))
    event = {"specversion": "1.0", "id": "e-1", "type": "patient.new", "source": "/ward"}
    fields = {f"ce-{key}": text for key, text in event.items()}

    broker.send(place, [Message("one", "ÄÖ", {"content-type": "text/plain", "mine": "my own"})])
    broker.send(place, [Message("two", '{"n": 2}', {"content-type": "application/json"} | fields)])
    broker.send(place, [Message("three", '{"n": 3}')])

    all_completed(reader, place, 3)
    ids = [row["id"] for row in reader.rows('"trigger" = ?', f"queue:{place}")]
    took = {one["body"]: one for one in taken(reader, place, ids, 3)}
    plain, of_event, bare = took["ÄÖ"], took['{"n": 2}'], took['{"n": 3}']
    assert plain["headers"]["content-type"] == "text/plain"
    assert plain["headers"]["mine"] == "my own"
    assert plain["event"] is None
    assert of_event["event"] == {key: event[key] for key in ("id", "type", "source")}
    assert of_event["headers"]["content-type"] == "application/json"
    assert bare["headers"]["content-type"] == "application/json"
    assert {one["attempt"] for one in took.values()} == {1}


@pytest.mark.parametrize("name", NAMES)
def test_what_fails_is_retried_and_ends_among_the_dead_letters(
    reader: Gateway, servers: Servers, name: str
) -> None:
    broker = servers[name]
    place = f"{name}-failing"
    dead = f"{place}-dead"
    broker.make(place, NATS_LEASE_SECONDS)
    trigger = broker.trigger(place, attempts="3", backoff="400ms..800ms")
    reader.deploy(worker(place, trigger))

    broker.send(place, [Message("raises", '{"fails": 3}')])
    broker.send(place, [Message("refused", '{"fails": 1, "how": "refuses"}')])

    until(lambda: len(dead_letters(reader, dead)) == 2, "two dead letters", 30, poll=0.05)
    letters = {one["attempts"]: one for one in dead_letters(reader, dead)}
    assert letters[3]["reason"]["code"] == "handlerRaised"
    assert "attempt 3 was to fail" in letters[3]["reason"]["detail"]
    assert letters[1]["reason"]["code"] == "inputInvalid"
    assert "the number is not one" in letters[1]["reason"]["detail"]
    attempts = reader.rows("id = ?", letters[3]["id"])
    assert [row["attempt"] for row in attempts] == [1, 2, 3]
    pauses = [
        (later["acceptedAt"] - earlier["acceptedAt"]) / 1e6 for earlier, later in pairwise(attempts)
    ]
    print(f"{name}: pauses of {pauses} s")
    assert 0.2 <= pauses[0] < 5
    assert 0.4 <= pauses[1] < 5
    until(lambda: report(reader, place)["deadLettered"] == 2, "both are counted")

    moved = json.loads(reader.cli("queue", "redrive", dead, "-o", "json"))
    assert moved["moved"] == 2
    for letter in letters.values():
        done = until(lambda: redriven(reader, letter["id"]), "tried again")  # noqa: B023
        assert (done["attempt"], done["outcome"]) == (letter["attempts"] + 1, "completed")
    assert dead_letters(reader, dead) == []


def test_what_takes_longer_than_the_lease_is_not_delivered_twice(
    reader: Gateway, servers: Servers
) -> None:
    broker = servers["nats"]
    broker.make("nats-slow", lease_seconds=0.6)
    reader.deploy(worker("nats-slow", broker.trigger("nats-slow")))

    broker.send("nats-slow", [Message(str(n), '{"seconds": 2.5}') for n in range(2)])

    all_completed(reader, "nats-slow", 2)
    all_once(reader, "nats-slow", "of 2.5 s with a lease of 0.6 s", 2)
    until(lambda: broker.left("nats-slow") == 0, "both are acknowledged")
    assert report(reader, "nats-slow")["enqueued"] == 2


@pytest.mark.skipif(not LONG_SECONDS, reason="FAAS_TEST_BROKER_LONG: seconds, more than 30")
@pytest.mark.timeout(120 + 2 * LONG_SECONDS)
def test_what_takes_longer_than_any_lease_is_not_delivered_twice(
    reader: Gateway, servers: Servers
) -> None:
    limit = f"timeout: {{ total: {int(LONG_SECONDS) + 20}s }}\n"
    places = {f"{name}-long": servers[name] for name in NAMES}
    for place, broker in places.items():
        broker.make(place)
        reader.deploy(worker(place, broker.trigger(place), more=limit))
        broker.send(place, [Message("0", json.dumps({"seconds": LONG_SECONDS}))])
    for place, broker in places.items():
        until(lambda: completed(reader, place) == 1, place, LONG_SECONDS + 30)  # noqa: B023
        all_once(reader, place, f"of {LONG_SECONDS} s", 1)
        assert report(reader, place)["enqueued"] == 1
        nothing_left(reader, broker, place)


def refusal(gateway: Gateway, trigger: str, *secrets: str) -> str:
    """Why a deploy with this trigger is refused; no secret is in any output."""
    deploy = gateway.put("refused", worker("refused", trigger))
    assert deploy.problem is not None, deploy.events
    assert (deploy.problem["status"], deploy.code) == (422, "triggerFailed"), deploy.problem
    assert gateway.request("GET", "/v1/functions/refused").status == 404
    outputs = [json.dumps(deploy.problem), json.dumps(deploy.events), gateway.log.read_text()]
    for secret in secrets:
        assert not [one for one in outputs if secret in one]
    print(deploy.problem["detail"])
    return str(deploy.problem["detail"])


def test_a_broker_that_is_not_there_refuses_the_deploy(reader: Gateway, broker: Broker) -> None:
    url = broker.url("nowhere", port=free_port())

    detail = refusal(reader, broker.trigger("nowhere", url), broker.password)

    assert "not reachable" in detail
    assert "127.0.0.1" in detail


@pytest.mark.parametrize("name", ["nats", "redis", "amqp"])
def test_a_wrong_password_refuses_the_deploy(reader: Gateway, servers: Servers, name: str) -> None:
    broker = servers[name]
    broker.make(f"{name}-locked")
    url = broker.url(f"{name}-locked", password="wrong-word-93")

    detail = refusal(reader, broker.trigger(f"{name}-locked", url), "wrong-word-93")

    assert "correct the" in detail
    assert "URL" in detail


def test_wrong_keys_refuse_the_deploy(reader: Gateway, servers: Servers) -> None:
    sqs = servers["sqs"]
    assert isinstance(sqs, SQS)
    sqs.make("sqs-locked")
    sqs.check_signatures(True)
    try:
        detail = refusal(reader, sqs.trigger("sqs-locked"), sqs.password)
    finally:
        sqs.check_signatures(False)

    assert "AWS_ACCESS_KEY_ID" in detail


def test_without_keys_the_deploy_is_refused(gateway: Gateway, servers: Servers) -> None:
    sqs = servers["sqs"]
    sqs.make("sqs-keyless")

    detail = refusal(gateway, sqs.trigger("sqs-keyless"))

    assert "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" in detail


@pytest.mark.parametrize(
    ("name", "advice"), [("nats", "make it first"), ("sqs", "make it first"), ("amqp", "declare")]
)
def test_an_unknown_place_refuses_the_deploy(
    reader: Gateway, servers: Servers, name: str, advice: str
) -> None:
    broker = servers[name]

    detail = refusal(reader, broker.trigger("unheard-of"), broker.password)

    assert "unheard-of" in detail
    assert advice in detail


def test_a_key_that_is_no_stream_refuses_the_deploy(reader: Gateway, servers: Servers) -> None:
    redis = servers["redis"]
    assert isinstance(redis, Redis)
    with redis.client() as client:
        client.set("a-text", "no stream")

    detail = refusal(reader, redis.trigger("a-text"), redis.password)

    assert "the key is no stream" in detail


def test_no_password_is_in_what_can_be_read(reader: Gateway, broker: Broker) -> None:
    place = f"{broker.name}-secret"
    broker.make(place)
    reader.deploy(worker(place, broker.trigger(place)))
    reads: list[Callable[[], str]] = [
        lambda: reader.cli("list", "-o", "json"),
        lambda: reader.cli("describe", place, "-o", "json"),
        lambda: reader.cli("describe", place),
        lambda: reader.cli("queue", "list"),
        lambda: reader.cli("queue", "list", "-o", "json"),
        lambda: reader.request("GET", "/metrics").text,
        lambda: reader.log.read_text(),
    ]

    assert [n for n, read in enumerate(reads) if broker.password in read()] == []
