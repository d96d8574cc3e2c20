"""Queues over a stop, a deploy or a removal: what is in flight is finished, the rest goes on."""

import json
import time
from collections import Counter
from typing import Any

from events import (
    books,
    dead_letters,
    drained,
    has_completed,
    queue,
    send_all,
    stored,
)
from folders import Files, function
from gateways import Gateway
from waiting import until

MESSAGES = 300
MANY = 2000

RUNNER = """
import time

def handle(event, context):
    print(context.id, flush=True)
    time.sleep(event.json()["seconds"])
    return VERSION
"""
FUSSY = """
from faas import InputError

def handle(event, context):
    if event.json()["n"] % 2:
        raise InputError("odd")
    return None
"""
FUSSY_MANIFEST = "triggers:\n  - queue: { name: fussy }\n"


def runner(version: int, name: str, more: str = "") -> Files:
    manifest = (
        "scale: { min: 0, max: 4, concurrency: 4, keepAlive: 60s }\n"
        f"triggers:\n  - queue: {{ name: {name}, backoff: 20ms..100ms {more} }}\n"
    )
    return function("runner", f"VERSION = {version}\n{RUNNER}", manifest)


def messages(count: int, seconds: float) -> dict[str, Any]:
    return {f"message-{n}": {"n": n, "seconds": seconds} for n in range(count)}


def runs(gateway: Gateway, name: str) -> Counter[str]:
    """How often the handler began with each id, by what it wrote."""
    answer = gateway.request("GET", f"/v1/functions/{name}/logs?tail=10000")
    lines = [json.loads(line) for line in answer.body.splitlines()]
    return Counter(line["text"] for line in lines if line["level"] == "stdout")


def test_a_stop_finishes_what_is_in_flight_and_the_next_start_goes_on(
    own_gateway: Gateway,
) -> None:
    own_gateway.deploy(runner(1, "stops"))
    ids = set(send_all(own_gateway, "stops", messages(MESSAGES, 0.05)).ids.values())
    until(has_completed(own_gateway, "stops", 20), "some are completed")

    assert own_gateway.stop() == 0

    left, before = stored(own_gateway), books(own_gateway, "queue:stops")
    assert left.unacknowledged == 0
    assert left.waiting > 0
    assert left.waiting + len(before.completed) == MESSAGES
    assert before.rows == len(before.completed)
    assert own_gateway.leftovers() == {}
    own_gateway.start()
    drained(own_gateway, "stops")
    after = books(own_gateway, "queue:stops")
    print(f"{len(before.completed)} completed before the stop, {left.waiting} after it")
    assert after.completed == after.attempts == Counter(ids)
    until(lambda: runs(own_gateway, "runner") == Counter(ids), "each ran once by its own words")


def test_an_invocation_that_is_longer_than_the_rest_is_waited_for(own_gateway: Gateway) -> None:
    own_gateway.deploy(runner(1, "long", ", concurrency: 1"))
    first, second = send_all(own_gateway, "long", messages(2, 1.5)).ids.values()
    until(lambda: queue(own_gateway, "long")["inFlight"] == 1, "the first one is in flight")
    until(lambda: own_gateway.counts("runner")["busy"] == 1, "it is at work")

    assert own_gateway.stop() == 0

    assert books(own_gateway, "queue:long").completed == Counter([first])
    assert stored(own_gateway).waiting == 1
    own_gateway.start()
    drained(own_gateway, "long")
    assert books(own_gateway, "queue:long").attempts == Counter([first, second])


def test_a_revision_that_is_deployed_while_a_queue_drains_takes_over(
    own_gateway: Gateway,
) -> None:
    own_gateway.deploy(runner(1, "deploys"))
    unsent = send_all(own_gateway, "deploys", messages(MANY, 0.005))
    until(has_completed(own_gateway, "deploys", 100), "some are completed")

    own_gateway.deploy(runner(2, "deploys"))

    drained(own_gateway, "deploys")
    found = books(own_gateway, "queue:deploys")
    rows = own_gateway.rows()
    revisions = Counter(row["revision"] for row in rows)
    print(f"by revision: {list(revisions.values())}; {found.rows - MANY} attempts more than ids")
    assert found.completed == Counter(unsent.ids.values())
    assert found.attempts == found.completed
    assert len(revisions) == 2
    assert queue(own_gateway, "deploys")["dead"] == 0


def test_a_queue_waits_for_a_function_that_was_removed(own_gateway: Gateway) -> None:
    own_gateway.deploy(runner(1, "removed"))
    sent = send_all(own_gateway, "removed", messages(MANY, 0.005))
    until(has_completed(own_gateway, "removed", 100), "some are completed")

    own_gateway.remove("runner")

    until(lambda: queue(own_gateway, "removed")["inFlight"] == 0, "what was in flight has ended")
    report = queue(own_gateway, "removed")
    assert report.get("function") is None
    assert 0 < report["depth"] < MANY
    completed = len(books(own_gateway, "queue:removed").completed)
    assert report["depth"] == MANY - completed
    more = send_all(own_gateway, "removed", {"later": {"n": 0, "seconds": 0}})
    assert own_gateway.stop() == 0
    own_gateway.start()
    assert queue(own_gateway, "removed")["depth"] == MANY - completed + 1
    own_gateway.deploy(runner(2, "removed"))
    assert drained(own_gateway, "removed")["dead"] == 0
    found = books(own_gateway, "queue:removed")
    print(f"{completed} completed before the removal, {found.rows} rows for {MANY + 1} ids")
    assert found.completed == Counter([*sent.ids.values(), *more.ids.values()])
    assert found.completed_twice == []


def test_a_delay_that_ends_while_the_gateway_is_away_is_over_at_the_start(
    own_gateway: Gateway,
) -> None:
    own_gateway.deploy(runner(1, "delays"))
    before = time.time() * 1_000_000
    fields = {"Content-Type": "application/json", "X-Delay": "700ms"}
    path = "/v1/queues/delays/messages"
    answer = own_gateway.request("POST", path, json.dumps({"seconds": 0}), fields)
    (one,) = answer.json()["ids"]
    due = queue(own_gateway, "delays")
    assert (due["delayed"], due["ready"]) == (1, 0)
    own_gateway.kill()
    until(lambda: time.time() * 1_000_000 > before + 700_000, "it is due")

    own_gateway.start()

    drained(own_gateway, "delays", seconds=10)
    assert books(own_gateway, "queue:delays").completed == Counter([one])


def test_dead_letters_outlast_a_kill_and_can_be_tried_again(own_gateway: Gateway) -> None:
    own_gateway.deploy(function("fussy", FUSSY, FUSSY_MANIFEST))
    bodies = {f"message-{n}": {"n": n} for n in range(100)}
    sent = send_all(own_gateway, "fussy", bodies)
    drained(own_gateway, "fussy")
    odd = {sent.ids[key] for key, body in bodies.items() if body["n"] % 2}
    own_gateway.kill()
    own_gateway.start()

    assert {one["id"] for one in dead_letters(own_gateway, "fussy-dead")} == odd

    own_gateway.deploy(function("fussy", FUSSY.replace("% 2", "< 0"), FUSSY_MANIFEST))
    answer = own_gateway.request("POST", "/v1/queues/fussy/redrive")
    assert answer.json()["moved"] == len(odd)
    assert drained(own_gateway, "fussy")["dead"] == 0
    found = books(own_gateway, "queue:fussy")
    assert {one for one, count in found.attempts.items() if count == 2} == odd
    assert dead_letters(own_gateway, "fussy-dead") == []


def test_dead_letters_that_wait_again_outlast_a_kill_and_run(own_gateway: Gateway) -> None:
    """A handler that found its input wrong has a completed row: that must not end them."""
    own_gateway.deploy(function("fussy", FUSSY, FUSSY_MANIFEST))
    ids = set(
        send_all(own_gateway, "fussy", {f"message-{n}": {"n": 1} for n in range(50)}).ids.values()
    )
    drained(own_gateway, "fussy")
    own_gateway.remove("fussy")
    assert own_gateway.request("POST", "/v1/queues/fussy/redrive").json()["moved"] == len(ids)
    own_gateway.kill()
    own_gateway.start()

    own_gateway.deploy(function("fussy", FUSSY.replace("% 2", "< 0"), FUSSY_MANIFEST))

    assert drained(own_gateway, "fussy")["dead"] == 0
    found = books(own_gateway, "queue:fussy")
    assert found.attempts == Counter(dict.fromkeys(ids, 2)), "they were not run again"
