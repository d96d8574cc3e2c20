"""CloudEvents in and out, with the package `cloudevents` as the client."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cloudevents.core.bindings.http import (
    HTTPMessage,
    from_http_event,
    to_binary_event,
    to_structured_event,
)
from cloudevents.core.v1.event import CloudEvent
from folders import function
from gateways import Gateway
from http_client import Answer
from queues import Queue, died, ended
from waiting import until

STRUCTURED = "application/cloudevents+json"
MAKERS = {"binary": to_binary_event, "structured": to_structured_event}
ACCEPTS = {"binary": "*/*", "structured": STRUCTURED}
ATTRIBUTES = {
    "id": "42 %",
    "source": "https://example.com/clinic?a=1",
    "type": "com.example.patient",
    "specversion": "1.0",
    "subject": 'Zoë "€"',
    "time": datetime(2026, 2, 3, 4, 5, 6, 789000, tzinfo=UTC),
    "datacontenttype": "application/json",
    "dataschema": "https://example.com/schema",
    "traceparent": "00-4bf92f3577b34da6-00f067aa-01",
}

HANDLER = """
import json

from faas import Context

def handle(event, context: Context):
    got = context.event
    if got is None:
        return {"data": event.json(), "event": None}
    about = {
        "id": got.id, "source": got.source, "type": got.type, "specversion": got.specversion,
        "subject": got.subject, "time": got.time.isoformat(), "dataschema": got.dataschema,
        "datacontenttype": got.datacontenttype, **got.extensions,
    }
    answer = {"data": event.json(), "event": about}
    print(json.dumps(answer), flush=True)
    return answer
"""
DATA = {"glucose": 148.5, "names": ["Zoë", None]}
WANTED = {"data": DATA, "event": {**ATTRIBUTES, "time": "2026-02-03T04:05:06.789000+00:00"}}


@pytest.fixture(scope="module")
def clinic(gateway: Gateway) -> str:
    manifest = "triggers:\n  - queue: { name: q-clinic }\n"
    return gateway.deploy(function("clinic", HANDLER, manifest))


def send(
    gateway: Gateway, path: str, mode: str, data: Any = DATA, **fields: str
) -> tuple[Answer, dict[str, str]]:
    """Posts the event in one of the modes; the answer, and the fields that were sent."""
    message = MAKERS[mode](CloudEvent(ATTRIBUTES, data))
    headers = dict(message.headers) | fields
    return gateway.request("POST", path, message.body, headers), headers


def read(answer: Answer) -> Any:
    """The answer as the event that it is."""
    return from_http_event(HTTPMessage(answer.headers, answer.body))


@pytest.mark.parametrize("asked", ACCEPTS)
@pytest.mark.parametrize("sent", MAKERS)
def test_an_event_is_answered_with_an_event(
    gateway: Gateway, clinic: str, sent: str, asked: str
) -> None:
    answer, _ = send(gateway, f"/function/{clinic}", sent, Accept=ACCEPTS[asked])

    assert answer.status == 200, answer
    assert answer.headers["content-type"].startswith(STRUCTURED) is (asked == "structured")
    event = read(answer)
    assert event.get_data() == WANTED
    assert (event.get_id(), event.get_specversion()) == (answer.id, "1.0")
    assert event.get_source().endswith(f"/function/{clinic}")
    assert event.get_time().tzinfo is not None


@pytest.mark.parametrize("sent", MAKERS)
def test_an_event_is_kept_as_one_until_its_result_is_read(
    gateway: Gateway, clinic: str, sent: str
) -> None:
    accepted, _ = send(gateway, f"/async-function/{clinic}", sent)
    assert accepted.status == 202, accepted

    found = gateway.request("GET", f"/v1/invocations/{accepted.json()['id']}/result?wait=20s")

    assert found.status == 200, found
    event = read(found)
    assert event.get_data() == WANTED
    assert event.get_id() == found.id == accepted.json()["id"]


@pytest.mark.parametrize("sent", MAKERS)
def test_an_event_goes_through_a_queue_as_it_is(gateway: Gateway, clinic: str, sent: str) -> None:
    accepted, _ = send(gateway, "/v1/queues/q-clinic/messages", sent)
    assert accepted.status == 202, accepted
    (identity,) = accepted.json()["ids"]

    ended(gateway, identity)

    path = f"/v1/functions/{clinic}/logs?invocation={identity}"
    lines = until(lambda: gateway.request("GET", path).body.splitlines(), "what it took")
    assert json.loads(json.loads(lines[0])["text"]) == WANTED


def test_a_message_beside_events_is_none(gateway: Gateway, clinic: str) -> None:
    answer = gateway.invoke(clinic, {"a": 1}, {"Content-Type": "application/json"})

    assert answer.json() == {"data": {"a": 1}, "event": None}
    assert not any(name.startswith("ce-") for name in answer.headers)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"specversion": None}, "specversion"),
        ({"type": None}, "type"),
        ({"source": ""}, "source"),
        ({"time": "yesterday"}, "time"),
        ({"data_base64": "%%%", "data": None}, "base64"),
    ],
)
def test_an_event_that_is_none_is_the_senders_fault(
    gateway: Gateway, clinic: str, change: dict[str, Any], word: str
) -> None:
    event = {"specversion": "1.0", "id": "1", "source": "/a", "type": "t", "data": {}} | change
    body = json.dumps({name: value for name, value in event.items() if value is not None})
    fields = {"Content-Type": STRUCTURED}

    answer = gateway.invoke(clinic, body.encode(), fields)
    accepted = gateway.request("POST", "/v1/queues/q-clinic/messages", body, fields)

    assert (answer.status, answer.json()["code"]) == (400, "inputInvalid")
    assert word in answer.json()["detail"]
    found = died(gateway, accepted.json()["ids"][0])
    assert found["attempts"] == 1
    assert word in found["message"]
    assert Queue(gateway, "q-clinic").purge("?dead=true") == 1
