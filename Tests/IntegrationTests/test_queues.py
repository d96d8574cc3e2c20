"""Queues: a message is served once, or tried again, or ends among the dead letters."""

import json
import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from folders import function
from gateways import Gateway
from queues import LINES, MESSAGES, Queue, died, ended, report
from waiting import until
from workers import BATCHER, taken, worker

EMPTY_POOL_SECONDS_MAX = 0.5
QUEUES = ("forms", "marked", "later", "ordered", "again", "poison", "purged", "spaced", "events")
BACKOFF = "attempts: 3, backoff: 20ms..40ms"
EVENTS = "application/cloudevents-batch+json"

MakeQueue = Callable[[str], Queue]


@pytest.fixture(scope="module")
def workers(gateway: Gateway) -> str:
    """A function with many queues, so that each test has one of its own."""
    triggers = [f"queue: {{ name: q-{name}, {BACKOFF} }}" for name in QUEUES]
    triggers.append("queue: { name: q-narrow, concurrency: 2 }")
    return gateway.deploy(worker("queued", *triggers, more="timeout: { total: 1s }\n"))


@pytest.fixture
def queue(gateway: Gateway, workers: str) -> MakeQueue:
    return lambda name: Queue(gateway, f"q-{name}")


# Sending.


def test_a_message_becomes_an_invocation_of_the_same_id(gateway: Gateway, queue: MakeQueue) -> None:
    identity = queue("forms").send({"number": 1})

    found = ended(gateway, identity)

    row = gateway.row(identity)
    assert (found["trigger"], row["trigger"]) == ("queue:q-forms", "queue:q-forms")
    assert (row["outcome"], row["attempt"]) == ("completed", 1)
    assert 0 <= found["acceptedAtMicros"] - found["enqueuedAtMicros"] < 2_000_000
    (took,) = taken(gateway, "queued", [identity], 1)
    assert took == {
        "body": '{"number": 1}',
        "kind": "application/json",
        "attempt": 1,
        "event": None,
    }


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (LINES, b'{"n": 1}\n\n  {"n":2}\r\n[3, "\xc3\xa9"]'),
        (MESSAGES, b'[{"body": {"n": 1}}, {"body": {"n":2}}, {"body": [3, "\xc3\xa9"]}]'),
    ],
)
def test_a_batch_is_as_many_messages_in_its_order(
    gateway: Gateway, queue: MakeQueue, kind: str, body: bytes
) -> None:
    ids = queue("forms").receipt(body, kind)["ids"]

    for identity in ids:
        ended(gateway, identity)
    bodies = [taken(gateway, "queued", [identity], 1)[0]["body"] for identity in ids]
    assert bodies == ['{"n": 1}', '{"n":2}', '[3, "é"]']


def test_a_message_that_is_not_json_keeps_its_content_type(
    gateway: Gateway, queue: MakeQueue
) -> None:
    (identity,) = queue("forms").receipt("häh?".encode(), "text/plain; charset=utf-8")["ids"]

    ended(gateway, identity)

    (took,) = taken(gateway, "queued", [identity], 1)
    assert (took["body"], took["kind"]) == ("häh?", "text/plain; charset=utf-8")


def test_a_batch_of_events_reaches_the_handler_event_by_event(
    gateway: Gateway, queue: MakeQueue
) -> None:
    events = [
        {"specversion": "1.0", "id": f"e-{n}", "source": "/test", "type": f"t{n}", "data": {"n": n}}
        for n in range(2)
    ]

    ids = queue("events").receipt(json.dumps(events), EVENTS)["ids"]

    for number, identity in enumerate(ids):
        ended(gateway, identity)
        (took,) = taken(gateway, "queued", [identity], 1)
        assert json.loads(took["body"]) == {"n": number}
        assert took["event"] == {"id": f"e-{number}", "type": f"t{number}"}


def test_a_message_that_was_sent_before_is_not_enqueued_again(
    gateway: Gateway, queue: MakeQueue
) -> None:
    marked = queue("marked")
    first = marked.receipt("{}", X_Deduplication_Id="one")

    second = marked.receipt('{"other": 1}', X_Deduplication_Id="one")
    both = [{"body": {}, "deduplicationId": mark} for mark in ("one", "two", "two")]
    third = marked.receipt(json.dumps(both), MESSAGES)

    assert (first["duplicates"], second["duplicates"], third["duplicates"]) == (0, 1, 2)
    assert second["ids"] == first["ids"] == third["ids"][:1]
    assert third["ids"][1] == third["ids"][2] != first["ids"][0]
    ended(gateway, first["ids"][0])
    ended(gateway, third["ids"][1])
    until(lambda: marked.report()["completed"] == 2, "two messages in all")


def test_a_delayed_message_waits_until_it_is_due(gateway: Gateway, queue: MakeQueue) -> None:
    later = queue("later")
    identity = later.send({}, X_Delay="400ms")
    waiting = report(gateway, identity)
    counts = later.report()

    found = ended(gateway, identity)

    assert (waiting["state"], waiting["queue"]) == ("waiting", "q-later")
    assert (counts["depth"], counts["delayed"], counts["ready"]) == (1, 1, 0)
    assert 400_000 <= found["acceptedAtMicros"] - found["enqueuedAtMicros"] < 2_400_000


# Order.


def test_a_group_keeps_its_order_also_when_one_is_tried_again(
    gateway: Gateway, queue: MakeQueue
) -> None:
    asked = [
        {"group": group, "number": number, "fails": 2 if (group, number) == ("a", 3) else 0}
        for number in range(8)
        for group in "abc"
    ]
    items = [{"body": body, "group": body["group"]} for body in asked]

    ids = queue("ordered").receipt(json.dumps(items), MESSAGES)["ids"]

    for identity in ids:
        ended(gateway, identity)
    took = [json.loads(one["body"]) for one in taken(gateway, "queued", ids, 26)]
    numbers = {g: [one["number"] for one in took if one["group"] == g] for g in "abc"}
    assert numbers["a"] == [0, 1, 2, 3, 3, 3, 4, 5, 6, 7]
    assert numbers["b"] == numbers["c"] == list(range(8))


def test_a_group_goes_on_behind_a_message_that_dies(gateway: Gateway, queue: MakeQueue) -> None:
    ids = queue("ordered").send_all([{"fails": 9}, {}], X_Group="mortal")

    first, second = died(gateway, ids[0]), ended(gateway, ids[1])

    assert second["acceptedAtMicros"] > first["acceptedAtMicros"]
    assert queue("ordered").purge("?dead=true") == 1


# Attempts.


def test_a_message_that_fails_is_tried_again_after_a_pause(
    gateway: Gateway, queue: MakeQueue
) -> None:
    identity = queue("again").send({"fails": 2})

    found = ended(gateway, identity)

    rows = gateway.rows("id = ?", identity)
    assert [(row["attempt"], row["outcome"]) for row in rows] == [
        (1, "failed"),
        (2, "failed"),
        (3, "completed"),
    ]
    attempts = found["attemptReports"]
    assert [one.get("message") for one in attempts] == [
        "RuntimeError: attempt 1 was to fail",
        "RuntimeError: attempt 2 was to fail",
        None,
    ]
    took = taken(gateway, "queued", [identity], 3)
    assert [one["attempt"] for one in took] == [1, 2, 3]
    begun = [one["acceptedAtMicros"] for one in attempts]
    for pause, least in zip(pairwise(begun), (10_000, 20_000), strict=True):
        assert pause[1] - pause[0] >= least


@pytest.mark.parametrize(("how", "outcome"), [("dies", "failed"), ("hangs", "timedOut")])
def test_an_attempt_that_dies_or_hangs_is_followed_by_another(
    gateway: Gateway, queue: MakeQueue, how: str, outcome: str
) -> None:
    identity = queue("again").send({"fails": 1, "how": how})

    found = ended(gateway, identity)

    assert [one["outcome"] for one in found["attemptReports"]] == [outcome, "completed"]


def test_an_input_error_is_not_tried_again(gateway: Gateway, queue: MakeQueue) -> None:
    again = queue("again")
    identity = again.send({"fails": 1, "how": "refuses"})

    found = died(gateway, identity)

    (letter,) = again.dead()
    assert (found["attempts"], letter["attempts"]) == (1, 1)
    assert letter["reason"]["code"] == "inputInvalid"
    assert "the number is not one" in letter["reason"]["detail"]
    assert again.purge("?dead=true") == 1


def test_a_retrying_message_says_when_it_is_tried_next(gateway: Gateway, workers: str) -> None:
    gateway.deploy(worker("patient", "queue: { name: q-patient, backoff: 1m..2m }"))
    patient = Queue(gateway, "q-patient")
    identity = patient.send({"fails": 1})

    found = until(
        lambda: (now := report(gateway, identity))["state"] == "retrying" and now, "retrying"
    )

    pause = found["nextAttemptAtMicros"] - found["acceptedAtMicros"]
    assert 30_000_000 <= pause <= 61_000_000
    assert "attempt 1 was to fail" in found["message"]
    counts = patient.report()
    assert (counts["delayed"], counts["retried"], counts["depth"]) == (1, 1, 1)
    assert patient.purge() == 1
    assert patient.report()["depth"] == 0


# Dead letters.


def test_a_poison_message_dies_and_can_be_redriven(gateway: Gateway, queue: MakeQueue) -> None:
    poison = queue("poison")
    poisoned = poison.send({"fails": 3, "text": "x" * 500})
    innocent = poison.send_all([{}] * 5)
    for identity in innocent:
        ended(gateway, identity)
    assert died(gateway, poisoned)["attempts"] == 3

    (letter,) = poison.dead()
    assert (letter["id"], letter["queue"], letter["function"]) == (poisoned, "q-poison", "queued")
    assert letter["reason"] == {
        "code": "handlerRaised",
        "detail": "RuntimeError: attempt 3 was to fail",
    }
    assert letter["attempts"] == 3
    assert letter["bytes"] > 500 > len(letter["preview"])
    assert letter["preview"].startswith('{"fails": 3')
    assert (poison.report()["dead"], poison.report()["deadQueue"]) == (1, "q-poison-dead")

    assert poison.redrive() == 1

    found = ended(gateway, poisoned)
    assert [one["attempt"] for one in found["attemptReports"]] == [1, 2, 3, 4]
    assert poison.dead() == []
    assert poison.redrive() == 0


def test_dead_letters_are_listed_from_the_oldest_as_many_as_asked_for(
    gateway: Gateway, queue: MakeQueue
) -> None:
    purged = queue("purged")
    ids = [purged.send({"fails": 1, "how": "refuses"}) for _ in range(3)]
    for identity in ids:
        died(gateway, identity)

    some = gateway.get(f"{purged.path}/dead?limit=2")

    assert some["more"] is True
    assert len(some["letters"]) == 2
    letters = purged.dead()
    assert {one["id"] for one in letters} == set(ids)
    assert sorted(letters, key=lambda one: one["diedAtMicros"]) == letters
    assert purged.purge("?dead=true") == 3
    assert purged.dead() == []


def test_a_purge_leaves_the_dead_letters_and_takes_what_waits(
    gateway: Gateway, queue: MakeQueue
) -> None:
    purged = queue("purged")
    died(gateway, purged.send({"fails": 1, "how": "refuses"}))
    waiting = purged.send_all([{}] * 4, X_Delay="1h")

    assert purged.purge() == 4

    counts = purged.report()
    assert (counts["depth"], counts["dead"]) == (0, 1)
    answer = gateway.request("GET", f"/v1/invocations/{waiting[0]}")
    assert answer.status == 404
    assert purged.purge("?dead=true") == 1


# Many at once.


@pytest.fixture(scope="module")
def batches(gateway: Gateway) -> Iterator[Queue]:
    """The queue of a function that takes up to 8 messages together."""
    manifest = (
        "scale: { max: 1, concurrency: 8 }\nbatch: { size: 8, wait: 100ms }\n"
        "triggers:\n  - queue: { name: q-batches, batch: 8, attempts: 2, backoff: 10ms..20ms }\n"
    )
    gateway.deploy(function("batches", BATCHER, manifest))
    return Queue(gateway, "q-batches")


def test_a_batch_fails_only_for_the_messages_that_did(gateway: Gateway, batches: Queue) -> None:
    ids = batches.send_all(list(range(16)))

    for number, identity in enumerate(ids):
        found = died(gateway, identity) if number % 2 else ended(gateway, identity)
        assert found["attempts"] == (2 if number % 2 else 1)
    letters = batches.dead()
    assert {letter["preview"] for letter in letters} == {str(n) for n in range(1, 16, 2)}
    assert letters[0]["reason"]["code"] == "handlerRaised"
    lines = gateway.request("GET", "/v1/functions/batches/logs").body.splitlines()
    sizes = [int(json.loads(line)["text"]) for line in lines if b"stdout" in line]
    assert sizes[0] == 8
    assert len(sizes) < len(ids)


def test_no_more_run_at_once_than_the_trigger_allows(gateway: Gateway, queue: MakeQueue) -> None:
    ids = queue("narrow").send_all([{"seconds": 0.05}] * 10)

    for identity in ids:
        ended(gateway, identity)
    spans = []
    for identity in ids:
        row = gateway.row(identity)
        begun = row["acceptedAt"] + row["queueMicros"] + row["startMicros"]
        spans += [(begun, 1), (begun + row["runMicros"], -1)]
    running, most = 0, 0
    for _, change in sorted(spans):
        running += change
        most = max(most, running)
    assert most == 2


def test_many_messages_are_each_served_once(gateway: Gateway, queue: MakeQueue) -> None:
    spaced = queue("spaced")
    ids = spaced.send_all([{"n": n} for n in range(500)])

    until(lambda: spaced.report()["completed"] == 500, "all are served", seconds=30)

    rows = gateway.rows("trigger = 'queue:q-spaced'")
    assert sorted(row["id"] for row in rows) == sorted(ids)
    counts = spaced.report()
    assert (counts["depth"], counts["enqueued"], counts["retried"]) == (0, 500, 0)
    assert counts["perSecond"] > 0


def test_an_empty_pool_answers_the_first_message_of_a_burst_at_once(gateway: Gateway) -> None:
    gateway.deploy(worker("sleepy", "queue: { name: q-sleepy }", scale="max: 2, keepAlive: 50ms"))
    sleepy = Queue(gateway, "q-sleepy")
    until(lambda: gateway.instances("sleepy") == 0, "the pool is empty")
    assert gateway.counts("sleepy")["zygote"] == "ready"
    began = time.monotonic()

    identity = sleepy.send_all([{}] * 10)[0]
    found = ended(gateway, identity)

    seconds = time.monotonic() - began
    first = found["attemptReports"][0]
    micros = sum(first["timings"].values()) + first["acceptedAtMicros"] - found["enqueuedAtMicros"]
    print(f"\nfirst message answered: {micros / 1000:.1f} ms; seen after {seconds * 1000:.1f} ms")
    assert found["startKind"] == "fork"
    assert seconds < EMPTY_POOL_SECONDS_MAX
