"""Queues as who runs them sees them: by the command line and by metrics."""

import json
from pathlib import Path
from typing import Any

import pytest
from gateways import Gateway
from prometheus_client.parser import text_string_to_metric_families
from queues import Queue, died, ended, report
from waiting import until
from workers import taken, worker

REFUSED = '{"fails": 1, "how": "refuses"}'
ABSENT = "01a1fce7-d277-7d47-8951-45414a744700"


@pytest.fixture(scope="module")
def clerk(gateway: Gateway) -> str:
    names = ("sent", "dead", "why", "lines")
    triggers = [f"queue: {{ name: q-cli-{name}, backoff: 1m..2m }}" for name in names]
    return gateway.deploy(worker("clerk", *triggers))


@pytest.fixture
def sent(gateway: Gateway, clerk: str) -> Queue:
    return Queue(gateway, "q-cli-sent")


def sending(queue: Queue, *arguments: str, status: int = 0, **options: Any) -> str:
    return queue.gateway.cli("queue", "send", queue.name, *arguments, status=status, **options)


# Sending.


def test_a_message_is_sent_and_its_id_printed(gateway: Gateway, sent: Queue, clerk: str) -> None:
    identity = sending(sent, "--data", '{"n": 1}').strip()

    ended(gateway, identity)

    assert taken(gateway, clerk, [identity], 1)[0]["body"] == '{"n": 1}'


def test_a_file_is_sent_with_the_type_that_its_name_says(
    gateway: Gateway, sent: Queue, clerk: str, tmp_path: Path
) -> None:
    (tmp_path / "note.txt").write_text("a note")

    receipt = json.loads(sending(sent, str(tmp_path / "note.txt"), "-o", "json"))

    (identity,) = receipt["ids"]
    ended(gateway, identity)
    (took,) = taken(gateway, clerk, [identity], 1)
    assert (took["body"], took["kind"].partition(";")[0]) == ("a note", "text/plain")


def test_the_standard_input_is_a_message(gateway: Gateway, sent: Queue, clerk: str) -> None:
    identity = sending(sent, "-", input='{"n": 2}').strip()

    ended(gateway, identity)

    assert taken(gateway, clerk, [identity], 1)[0]["body"] == '{"n": 2}'


def test_a_mark_keeps_a_message_from_being_sent_twice(gateway: Gateway, sent: Queue) -> None:
    first = sending(sent, "--data", "{}", "--id", "mark")
    second = gateway.run_cli("queue", "send", sent.name, "--data", "{}", "--id", "mark")

    assert second.stdout == first
    assert "already" in second.stderr


def test_a_message_can_be_held_back(gateway: Gateway, sent: Queue) -> None:
    identity = sending(sent, "--data", "{}", "--delay", "1h").strip()

    assert report(gateway, identity)["state"] == "waiting"
    assert gateway.cli("queue", "purge", sent.name, "--yes").startswith("1 ")


def test_each_line_is_a_message_and_sending_again_sends_none(
    gateway: Gateway, clerk: str, tmp_path: Path
) -> None:
    queue = Queue(gateway, "q-cli-lines")
    file = tmp_path / "many.ndjson"
    file.write_text("".join(f'{{"n": {n}}}\n' for n in range(1200)))

    first = json.loads(sending(queue, "--lines", str(file), "--id", "import", "-o", "json"))
    again = json.loads(sending(queue, "--lines", str(file), "--id", "import", "-o", "json"))

    assert first == {"queue": queue.name, "sent": 1200, "duplicates": 0, "lines": 1200}
    assert again == first | {"duplicates": 1200}
    until(lambda: queue.report()["completed"] == 1200, "all are served", seconds=30)


def test_a_line_that_is_wrong_is_named_and_what_is_durable_told(
    gateway: Gateway, sent: Queue
) -> None:
    lines = ["{}"] * 500 + ["{}", "", "wrong"] + ["{}"] * 5

    ended = gateway.run_cli("queue", "send", sent.name, "--lines", "-", input="\n".join(lines))

    assert ended.returncode == 1
    assert "503" in ended.stderr
    assert "500 lines" in ended.stderr
    assert "--skip 500" in ended.stderr
    until(lambda: sent.report()["depth"] == 0, "those 500 are served", seconds=20)


@pytest.mark.parametrize(
    ("arguments", "status", "word"),
    [
        (["queue", "send", "q-nobodys", "--data", "{}"], 1, "q-nobodys"),
        (["queue", "send", "No", "--data", "{}"], 2, "No"),
        (["queue", "send", "q-cli-sent"], 2, "--data"),
        (["queue", "send", "q-cli-sent", "--data", "{}", "--delay", "soon"], 2, "soon"),
        (["queue", "send", "q-cli-sent", "/nowhere.json"], 1, "nowhere"),
        (["queue", "dead", "q-nobodys"], 1, "q-nobodys"),
        (["queue", "redrive", "q-nobodys"], 1, "q-nobodys"),
        (["queue", "purge", "q-nobodys", "--yes"], 1, "q-nobodys"),
        (["queue", "purge", "q-cli-sent"], 2, "--yes"),
        (["queue", "remove", "q-cli-sent"], 1, "clerk"),
        (["why", ABSENT], 1, ABSENT),
        (["why", "nothing"], 2, "nothing"),
    ],
)
@pytest.mark.usefixtures("clerk")
def test_what_goes_wrong_has_a_status_and_a_reason(
    gateway: Gateway, arguments: list[str], status: int, word: str
) -> None:
    ended = gateway.run_cli(*arguments)

    assert ended.returncode == status, ended
    assert word in ended.stderr
    assert ended.stdout == ""


# Looking and clearing up.


def test_the_list_has_each_queue_with_its_counts(gateway: Gateway, sent: Queue) -> None:
    listed = json.loads(gateway.cli("queue", "list", "-o", "json"))["queues"]

    found = {one["name"]: one for one in listed}
    assert found["q-cli-sent"]["function"] == "clerk"
    assert found["q-cli-sent"]["source"] == "embedded"
    assert found["q-cli-sent"]["deadQueue"] == "q-cli-sent-dead"
    table = gateway.cli("queue", "list").splitlines()
    assert "IN FLIGHT" in table[0]
    assert any(line.startswith("q-cli-sent ") for line in table)


def test_dead_letters_are_listed_redriven_and_purged(gateway: Gateway, clerk: str) -> None:
    queue = Queue(gateway, "q-cli-dead")
    assert gateway.cli("queue", "dead", queue.name) == "q-cli-dead has no dead letters\n"
    identity = sending(queue, "--data", REFUSED).strip()
    died(gateway, identity)

    table = gateway.cli("queue", "dead", queue.name)
    (letter,) = json.loads(gateway.cli("queue", "dead", queue.name, "-o", "json"))["letters"]
    assert identity in table
    assert "inputInvalid: the number is not one" in table
    assert (letter["id"], letter["preview"]) == (identity, REFUSED)

    # The second attempt is after the one that was to fail.
    assert "1 dead letter of q-cli-dead put back" in gateway.cli("queue", "redrive", queue.name)
    ended(gateway, identity)

    died(gateway, sending(queue, "--data", REFUSED).strip())
    purged = gateway.cli("queue", "purge", queue.name, "--dead", "--yes", "-o", "json")
    assert json.loads(purged) == {"moved": 0, "removed": 1}
    assert queue.dead() == []


def test_a_queue_without_a_function_can_be_removed(gateway: Gateway) -> None:
    gateway.deploy(worker("leaver", "queue: { name: q-left }"))
    gateway.remove("leaver")

    assert gateway.cli("queue", "remove", "q-left") == "q-left removed\n"

    assert gateway.request("GET", "/v1/queues/q-left").status == 404


def test_metrics_have_what_waits_and_what_became_of_the_rest(gateway: Gateway) -> None:
    gateway.deploy(worker("measured", "queue: { name: q-measured, backoff: 10ms..20ms }"))
    measured = Queue(gateway, "q-measured")
    ended(gateway, measured.send({"fails": 1}))
    died(gateway, measured.send({"fails": 1, "how": "refuses"}))
    measured.send({}, X_Delay="1h")

    text = gateway.request("GET", "/metrics").text

    found: dict[str, dict[str, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.labels.get("queue") == "q-measured":
                which = sample.labels.get("state") or sample.labels.get("event") or ""
                found.setdefault(sample.name, {})[which] = sample.value
                assert sample.labels["source"] == "embedded"
    assert found["faas_queue_messages"] == {"ready": 0, "delayed": 1, "inFlight": 0, "dead": 1}
    assert found["faas_queue_events_total"] == {
        "enqueued": 3,
        "completed": 1,
        "retried": 1,
        "deadLettered": 1,
    }
    assert 0 <= found["faas_queue_oldest_seconds"][""] < 60
    assert measured.purge() == 1


# Why.


def why(gateway: Gateway, identity: str) -> str:
    return gateway.cli("why", identity)


def test_why_tells_of_a_message_that_waits(gateway: Gateway, clerk: str) -> None:
    queue = Queue(gateway, "q-cli-why")
    identity = queue.send({}, X_Delay="1h")

    text = why(gateway, identity)

    assert "queue:q-cli-why" in text
    assert "enqueued" in text
    assert "waiting" in text
    assert "clerk" in text
    assert queue.purge() == 1


def test_why_tells_of_a_message_that_is_tried_again(gateway: Gateway, clerk: str) -> None:
    queue = Queue(gateway, "q-cli-why")
    identity = queue.send({"fails": 1})
    until(lambda: report(gateway, identity)["state"] == "retrying", "it failed once")

    text = why(gateway, identity)
    found = json.loads(gateway.cli("why", identity, "-o", "json"))

    for word in ("retrying", "next attempt", "attempt 1 was to fail", "failed"):
        assert word in text
    assert found["nextAttemptAtMicros"] > found["acceptedAtMicros"]
    assert [one["attempt"] for one in found["attemptReports"]] == [1]
    assert queue.purge() == 1


def test_why_tells_of_a_dead_letter_and_its_way_back(gateway: Gateway, clerk: str) -> None:
    queue = Queue(gateway, "q-cli-why")
    identity = queue.send(json.loads(REFUSED))
    died(gateway, identity)

    text = why(gateway, identity)

    for word in ("dead", "the number is not one", "inputInvalid", "q-cli-why"):
        assert word in text
    assert text.count("faas queue redrive q-cli-why") == 1
    assert queue.purge("?dead=true") == 1


def test_why_tells_each_attempt_of_a_message_that_succeeded(gateway: Gateway, clerk: str) -> None:
    gateway.deploy(worker("retrier", "queue: { name: q-retrier, backoff: 10ms..20ms }"))
    identity = Queue(gateway, "q-retrier").send({"fails": 2})
    ended(gateway, identity)

    text = why(gateway, identity)
    attempts = json.loads(gateway.cli("why", identity, "-o", "json"))["attemptReports"]

    assert "completed" in text
    for number in (1, 2):
        assert f"attempt {number} was to fail" in text
    assert [one["outcome"] for one in attempts] == ["failed", "failed", "completed"]
    assert all(one["startKind"] in ("warm", "fork", "cold") for one in attempts)
