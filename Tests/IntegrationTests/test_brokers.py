"""Messages of brokers that users run: the real servers, killed and started again, and counted."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from brokers import BrokenError, Broker, Message, free_port
from brokers_amqp import RabbitMQ
from brokers_nats import Nats
from brokers_redis import Redis
from brokers_sqs import SQS
from events import books, dead_letters
from folders import function
from gateways import Gateway
from waiting import until
from workers import taken, worker

from conftest import end

MESSAGES = int(os.environ.get("FAAS_TEST_BROKER_MESSAGES", "300"))
# Longer than any broker's lease, 30 s; some minutes' worth of tests, so only when asked for.
LONG_SECONDS = float(os.environ.get("FAAS_TEST_BROKER_LONG", "0"))
KINDS = (Nats, Redis, SQS, RabbitMQ)
NAMES = [kind.name for kind in KINDS]
NATS_LEASE_SECONDS = 2.0
# Beside the lease of what was in flight, 30 s with SQS.
DRAIN_SECONDS_MAX = 60 + MESSAGES // 20
GONE = "a broker's connection is gone"

COUNTED = """
import time

def predict(input):
    time.sleep(0.005)
    return input
"""
COUNTED_SCALE = "scale: { min: 0, max: 2, concurrency: 4, keepAlive: 60s }"

SHOWN = """
import json

def handle(event, context):
    of = context.event
    took = {"body": event.text, "headers": event.headers, "attempt": context.attempt}
    took["event"] = of and {"id": of.id, "type": of.type, "source": of.source}
    print(json.dumps(took), flush=True)
"""


class Servers:
    """The brokers that a run needs, each started when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self.all: dict[str, Broker] = {kind.name: kind(folder / kind.name) for kind in KINDS}
        self.is_ready: set[str] = set()
        if RabbitMQ.path():
            # It takes seconds: those of the tests before it.
            self.all["amqp"].launch()

    def __getitem__(self, name: str) -> Broker:
        broker = self.all[name]
        if broker.path() is None:
            pytest.skip(f"{broker.program} is not installed")
        if broker.process is None:
            broker.launch()
        if name not in self.is_ready:
            broker.ready()
            self.is_ready.add(name)
        return broker

    def stop(self) -> None:
        for broker in self.all.values():
            broker.stop()


@pytest.fixture(scope="module")
def servers(place: Path) -> Iterator[Servers]:
    servers = Servers(place / "brokers")
    yield servers
    servers.stop()


@pytest.fixture(params=NAMES)
def broker(request: pytest.FixtureRequest, servers: Servers) -> Broker:
    return servers[request.param]


@pytest.fixture(scope="module")
def reader(gateway: Gateway, servers: Servers, place: Path) -> Iterator[Gateway]:
    """A gateway that has the keys of SQS in its environment."""
    sqs = servers.all["sqs"]
    assert isinstance(sqs, SQS)
    made = Gateway(place / "reader")
    made.share_runtime(gateway.data)
    with pytest.MonkeyPatch.context() as patch:
        for name, text in sqs.keys.items():
            patch.setenv(name, text)
        made.start()
        yield made
    end(made)


def completed(gateway: Gateway, place: str) -> int:
    """Messages of this place that have a completed row."""
    query = "\"trigger\" = ? AND outcome = 'completed'"
    return len({row["id"] for row in gateway.rows(query, f"queue:{place}")})


def all_completed(gateway: Gateway, place: str, count: int = MESSAGES) -> None:
    until(
        lambda: completed(gateway, place) >= count,
        f"{count} completed of {place}",
        DRAIN_SECONDS_MAX,
        poll=0.05,
    )


def numbered(count: int) -> list[Message]:
    return [Message(str(n), json.dumps({"n": n})) for n in range(count)]


def deploy_counted(gateway: Gateway, broker: Broker, name: str, lease: float | None = None) -> str:
    """A function for each message of the place that has its name."""
    broker.make(name, lease)
    manifest = f"{COUNTED_SCALE}\ntriggers:\n  - {broker.trigger(name)}\n"
    return gateway.deploy(function(name, COUNTED, manifest))


def report(gateway: Gateway, place: str) -> dict[str, Any]:
    """What `faas queue list` says of a place."""
    queues = json.loads(gateway.cli("queue", "list", "-o", "json"))["queues"]
    (found,) = [one for one in queues if one["name"] == place]
    return dict(found)


class Sender(threading.Thread):
    """Sends one message after another, again and again until the broker has taken each."""

    def __init__(self, broker: Broker, place: str, messages: list[Message]) -> None:
        super().__init__()
        self.broker = broker
        self.place = place
        self.unsent = messages
        self.breaks = 0
        self.fault: Exception | None = None

    def run(self) -> None:
        deadline = time.monotonic() + DRAIN_SECONDS_MAX
        try:
            while self.unsent:
                self.send()
                assert time.monotonic() < deadline, f"{len(self.unsent)} not sent"
        except Exception as fault:
            self.fault = fault

    def send(self) -> None:
        try:
            self.broker.send(self.place, self.unsent)
            self.unsent = []
        except BrokenError as broken:
            self.breaks += 1
            self.unsent = self.unsent[broken.taken :]

    def finish(self) -> None:
        self.join()
        if self.fault is not None:
            raise self.fault


def all_once(gateway: Gateway, place: str, what: str, count: int = MESSAGES) -> None:
    """Fails unless each message of the place has exactly one completed row."""
    found = books(gateway, f"queue:{place}")
    print(
        f"{place}: {count} messages {what}: {len(found.completed)} completed, {found.rows} rows, "
        f"{len(found.completed_twice)} completed twice"
    )
    assert len(found.completed) == count
    assert found.completed_twice == []
    assert set(found.attempts) == set(found.completed)


def test_messages_become_invocations(reader: Gateway, broker: Broker) -> None:
    place = deploy_counted(reader, broker, f"{broker.name}-counted")

    broker.send(place, numbered(MESSAGES))

    all_completed(reader, place)
    all_once(reader, place, "sent")
    until(lambda: broker.left(place) == 0, f"{place} is empty")
    listed = until(
        lambda: (one := report(reader, place))["completed"] == MESSAGES and one, "all are listed"
    )
    assert isinstance(listed, dict)
    assert (listed["enqueued"], listed["retried"], listed["depth"]) == (MESSAGES, 0, 0)
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


@pytest.mark.timeout(120 + 2 * DRAIN_SECONDS_MAX)
def test_every_message_is_completed_though_the_broker_is_killed(
    reader: Gateway, broker: Broker
) -> None:
    place = deploy_counted(reader, broker, f"{broker.name}-outage", NATS_LEASE_SECONDS)
    losses = reader.log.read_text().count(GONE)
    sender = Sender(broker, place, numbered(MESSAGES))
    sender.start()
    until(lambda: completed(reader, place) >= MESSAGES // 4, "a part is completed", 30)

    broker.down()
    done = completed(reader, place)
    until(lambda: reader.log.read_text().count(GONE) > losses, "the gateway notices", 30)
    broker.up()
    back = time.monotonic()

    sender.finish()
    all_completed(reader, place)
    seconds = time.monotonic() - back
    all_once(
        reader,
        place,
        f"with the broker gone at {done} (sender broken {sender.breaks} times), "
        f"{seconds:.1f} s after it was back",
    )
    assert done < MESSAGES


@pytest.mark.timeout(120 + 2 * DRAIN_SECONDS_MAX)
def test_every_message_is_completed_once_though_the_gateway_is_killed(
    reader: Gateway, servers: Servers
) -> None:
    """All brokers at once: what was in flight comes after its lease, which is long with SQS."""
    all_ = {f"{name}-crash": servers[name] for name in NAMES}
    for place, broker in all_.items():
        deploy_counted(reader, broker, place, NATS_LEASE_SECONDS)
    senders = [Sender(broker, place, numbered(MESSAGES)) for place, broker in all_.items()]
    for sender in senders:
        sender.start()
    for part in (8, 3):
        until(
            lambda part=part: all(completed(reader, place) >= MESSAGES // part for place in all_),
            "a part is completed",
            DRAIN_SECONDS_MAX,
        )
        reader.kill()
        print("killed at", {place: completed(reader, place) for place in all_})
        reader.start()

    for sender in senders:
        sender.finish()
    for place, broker in all_.items():
        all_completed(reader, place)
        all_once(reader, place, "with the gateway killed twice")
        if broker.name != "amqp":
            until(lambda: broker.left(place) == 0, f"{place} is empty", DRAIN_SECONDS_MAX)  # noqa: B023


@pytest.mark.parametrize("name", NAMES)
def test_what_fails_is_retried_and_ends_among_the_dead_letters(
    reader: Gateway, servers: Servers, name: str
) -> None:
    broker = servers[name]
    place = f"{name}-failing"
    dead = f"{place}-dead"
    broker.make(place)
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
        (later["acceptedAtMicros"] - earlier["acceptedAtMicros"]) / 1e6
        for earlier, later in pairwise(attempts)
    ]
    print(f"{name}: pauses of {pauses} s")
    assert pauses[0] >= 0.2
    assert pauses[1] >= 0.4
    assert max(pauses) < 5
    until(lambda: report(reader, place)["deadLettered"] == 2, "both are counted")

    moved = json.loads(reader.cli("queue", "redrive", dead, "-o", "json"))
    assert moved["moved"] == 2
    for letter in letters.values():
        done = until(lambda: reader.rows("id = ? AND outcome = 'completed'", letter["id"]), "done")  # noqa: B023
        assert [(row["attempt"], row["trigger"]) for row in done] == [
            (letter["attempts"] + 1, "async")
        ]
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
    limit = f"limits: {{ memory: 64Mi, timeout: {int(LONG_SECONDS) + 20}s }}\n"
    places = {f"{name}-long": servers[name] for name in NAMES}
    for place, broker in places.items():
        broker.make(place)
        reader.deploy(worker(place, broker.trigger(place), more=limit))
        broker.send(place, [Message("0", json.dumps({"seconds": LONG_SECONDS}))])
    for place, broker in places.items():
        until(lambda: completed(reader, place) == 1, place, LONG_SECONDS + 30)  # noqa: B023
        all_once(reader, place, f"of {LONG_SECONDS} s", 1)
        until(lambda: broker.left(place) == 0, f"{place} is empty")  # noqa: B023
        assert report(reader, place)["enqueued"] == 1


def refusal(gateway: Gateway, trigger: str, *secrets: str) -> str:
    """Why a deploy with this trigger is refused; no secret is in any output."""
    files = worker("refused", trigger)
    deploy = gateway.put("refused", files)
    assert deploy.problem is not None, deploy.events
    assert (deploy.problem["status"], deploy.code) == (422, "triggerFailed"), deploy.problem
    assert gateway.request("GET", "/v1/functions/refused").status == 404
    outputs = [json.dumps(deploy.problem), json.dumps(deploy.events), gateway.log.read_text()]
    for secret in secrets:
        assert not [one for one in outputs if secret in one]
    return str(deploy.problem["detail"])


def test_a_broker_that_is_not_there_refuses_the_deploy(reader: Gateway, broker: Broker) -> None:
    url = broker.url("nowhere", port=free_port())

    detail = refusal(reader, broker.trigger("nowhere", url), broker.password)

    print(detail)
    assert "not reachable" in detail
    assert "127.0.0.1" in detail


@pytest.mark.parametrize("name", ["nats", "redis", "amqp"])
def test_a_wrong_password_refuses_the_deploy(reader: Gateway, servers: Servers, name: str) -> None:
    broker = servers[name]
    broker.make(f"{name}-locked")
    url = broker.url(f"{name}-locked", password="wrong-word-93")

    detail = refusal(reader, broker.trigger(f"{name}-locked", url), "wrong-word-93")

    print(detail)
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

    print(detail)
    assert "AWS_ACCESS_KEY_ID" in detail


def test_without_keys_the_deploy_is_refused(gateway: Gateway, servers: Servers) -> None:
    sqs = servers["sqs"]
    sqs.make("sqs-keyless")

    detail = refusal(gateway, sqs.trigger("sqs-keyless"))

    print(detail)
    assert "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" in detail


@pytest.mark.parametrize(
    ("name", "advice"), [("nats", "make it first"), ("sqs", "make it first"), ("amqp", "declare")]
)
def test_an_unknown_place_refuses_the_deploy(
    reader: Gateway, servers: Servers, name: str, advice: str
) -> None:
    broker = servers[name]

    detail = refusal(reader, broker.trigger("unheard-of"), broker.password)

    print(detail)
    assert "unheard-of" in detail
    assert advice in detail


def test_a_key_that_is_no_stream_refuses_the_deploy(reader: Gateway, servers: Servers) -> None:
    redis = servers["redis"]
    assert isinstance(redis, Redis)
    with redis.client() as client:
        client.set("a-text", "no stream")

    detail = refusal(reader, redis.trigger("a-text"), redis.password)

    print(detail)
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
