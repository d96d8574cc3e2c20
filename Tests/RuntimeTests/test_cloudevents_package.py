"""Conformance: the package `cloudevents` makes the events and reads the answers."""

from datetime import UTC, datetime

import pytest
from cloudevents.core.bindings.http import (
    HTTPMessage,
    from_http_event,
    to_binary_event,
    to_structured_event,
)
from cloudevents.core.v1.event import CloudEvent

ATTRIBUTES = {
    "id": "42 %",
    "source": "https://example.com/clinic?a=1",
    "type": "com.example.patient",
    "specversion": "1.0",
    "subject": 'Zoë "€" 😀',
    "time": datetime(2026, 2, 3, 4, 5, 6, 789000, tzinfo=UTC),
    "dataschema": "https://example.com/schema",
    "traceparent": "00-4bf92f3577b34da6-00f067aa-01",
}
HANDLER = """
from faas import CloudEvent, Context
def described(event: CloudEvent):
    return {
        "id": event.id, "source": event.source, "type": event.type,
        "specversion": event.specversion, "subject": event.subject,
        "time": event.time.isoformat(), "dataschema": event.dataschema,
        **event.extensions,
    }
def handle(event, context: Context):
    if "json" in context.event.datacontenttype:
        return {"data": event.json(), "event": described(context.event)}
    return event.text if "text" in context.event.datacontenttype else event.body
"""
MAKERS = {"binary": to_binary_event, "structured": to_structured_event}
ACCEPTS = {"binary": "*/*", "structured": "application/cloudevents+json"}


def exchange(one, event, sent, asked):
    message = MAKERS[sent](event)
    fields = {name.lower(): value for name, value in message.headers.items()}

    answer = one.invoke(message.body, meta={**fields, "accept": ACCEPTS[asked]})

    assert answer.code is None, answer.text
    # The host says so where the frame does not.
    answer.headers.setdefault("content-type", "application/json")
    assert answer.headers["content-type"].startswith("application/cloudevents") is (
        asked == "structured"
    )
    return from_http_event(HTTPMessage(answer.headers, answer.body))


@pytest.mark.parametrize("asked", ACCEPTS)
@pytest.mark.parametrize("sent", MAKERS)
@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("application/json", {"glucose": 148.5, "names": ["Zoë", None]}),
        ("application/vnd.clinic+json", {"a": {}}),
        ("text/plain", "a text, 1 €"),
        ("application/octet-stream", b"\x00\xff\xfe"),
    ],
)
def test_an_event_goes_in_and_one_comes_out(instance, sent, asked, kind, data):
    event = CloudEvent({**ATTRIBUTES, "datacontenttype": kind}, data)

    answer = exchange(instance(HANDLER), event, sent, asked)

    assert answer.get_id() == "id-1"
    assert answer.get_source() == "/function/sample"
    assert answer.get_type() == "faas.function.answered"
    assert answer.get_specversion() == "1.0"
    assert answer.get_time().tzinfo is not None
    if "json" in kind:
        assert answer.get_data() == {
            "data": data,
            "event": {**ATTRIBUTES, "time": ATTRIBUTES["time"].isoformat()},
        }
    else:
        assert answer.get_data() == data


@pytest.mark.parametrize("sent", MAKERS)
def test_an_event_without_data_goes_in(instance, sent):
    event = CloudEvent({**ATTRIBUTES, "datacontenttype": "text/plain"}, None)

    answer = exchange(instance(HANDLER), event, sent, "structured")

    assert answer.get_data() is None
