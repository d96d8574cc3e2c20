"""CloudEvents as input: both modes, every kind of handler, and what is wrong with an event."""

import base64
import json

import pytest

from host import BODY, END

SEEN = """
from faas import Context
def seen(context):
    event = context.event
    return event and {
        "id": event.id, "source": event.source, "type": event.type,
        "specversion": event.specversion, "subject": event.subject,
        "time": event.time and event.time.isoformat(), "kind": event.datacontenttype,
        "schema": event.dataschema, "extensions": dict(event.extensions),
    }
def predict(a: int, *, context: Context):
    return {"a": a, "event": seen(context)}
"""
BINARY = {
    "ce-specversion": "1.0",
    "ce-id": "42",
    "ce-source": "/clinic",
    "ce-type": "patient.admitted",
    "content-type": "application/json",
}
ATTRIBUTES = {
    "id": "42",
    "source": "/clinic",
    "type": "patient.admitted",
    "specversion": "1.0",
    "subject": None,
    "time": None,
    "kind": "application/json",
    "schema": None,
    "extensions": {},
}
ENVELOPE = {"specversion": "1.0", "id": "42", "source": "/clinic", "type": "patient.admitted"}
STRUCTURED = {"content-type": "application/cloudevents+json"}
HANDLERS = {
    "predict of one object": ("def predict(a: int): return [a]", [7]),
    "predict of one input": ("def predict(input: dict[str, int]): return input", {"a": 7}),
    "predict of bytes": ("def predict(raw: bytes): return raw.decode()", '{"a":7}'),
    "predict of a stream": (
        "from typing import Iterator\n"
        "def predict(parts: Iterator[bytes]): return b''.join(parts).decode()",
        '{"a":7}',
    ),
    "handle": ("def handle(event, context): return [event.json(), event.text]", None),
    "async predict": ("async def predict(a: int): return [a]", [7]),
    "async predict of a stream": (
        "from typing import AsyncIterator\n"
        "async def predict(parts: AsyncIterator[bytes]):\n"
        "    return b''.join([part async for part in parts]).decode()",
        '{"a":7}',
    ),
    "async handle": ("async def handle(event): return [event.json(), event.text]", None),
    "predict_batch": ("def predict_batch(inputs: list[dict]): return inputs", {"a": 7}),
}


def enclose(**members):
    return json.dumps({**ENVELOPE, **members}, separators=(",", ":")).encode()


@pytest.mark.parametrize("name", HANDLERS)
@pytest.mark.parametrize("parts", [1, 3])
def test_an_event_s_data_reaches(instance, name, parts):
    source, expected = HANDLERS[name]
    one = instance(source)
    for body, meta in ((b'{"a":7}', BINARY), (enclose(data={"a": 7}), STRUCTURED)):
        cut = len(body) // 2

        stream = one.begin(body if parts == 1 else body[:cut], meta=meta, end=parts == 1)
        if parts > 1:
            one.send(BODY, stream, body=body[cut:])
            one.send(BODY, stream, flags=END)
        answer = one.answers(stream)[0]

        assert answer.code is None, answer.text
        assert answer.json() == (expected or [{"a": 7}, '{"a":7}'])
        assert answer.headers["ce-type"] == "faas.function.answered"
    plain = one.invoke(b'{"a":7}')
    assert plain.code is None
    assert not any(name.startswith("ce-") for name in plain.headers)


@pytest.mark.parametrize("word", ["def", "async def"])
def test_a_context_has_the_attributes_of_the_event(instance, word):
    one = instance(SEEN.replace("def predict", f"{word} predict"))

    binary = one.invoke(b'{"a": 1}', meta=BINARY).json()
    structured = one.invoke(
        enclose(datacontenttype="application/json", data={"a": 1}), meta=STRUCTURED
    ).json()

    assert binary == structured == {"a": 1, "event": ATTRIBUTES}
    assert one.invoke({"a": 1}).json() == {"a": 1, "event": None}


def test_optional_attributes_and_extensions_are_read(instance):
    one = instance(SEEN)
    optional = {"subject": "Zoë", "time": "2026-02-03T04:05:06.789Z", "dataschema": "/schema"}

    binary = one.invoke(
        b'{"a": 1}',
        meta={
            **BINARY,
            "ce-subject": "Zo%C3%AB",
            "ce-time": optional["time"],
            "ce-dataschema": "/schema",
            "ce-priority": "3",
        },
    ).json()["event"]
    structured = one.invoke(
        enclose(**optional, priority=3, urgent=True, none=None, data={"a": 1}), meta=STRUCTURED
    ).json()["event"]

    for event in (binary, structured):
        assert (event["subject"], event["schema"]) == ("Zoë", "/schema")
        assert event["time"] == "2026-02-03T04:05:06.789000+00:00"
    assert binary["extensions"] == {"priority": "3"}
    assert structured["extensions"] == {"priority": 3, "urgent": True}
    assert structured["kind"] is None


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
        ('"a \\"quoted\\" \\\\ text"', 'a "quoted" \\ text'),
        ('"50%25"', "50%"),
        ("100%25%20", "100% "),
        ("%2525", "%25"),
        ("50%", "50%"),
        ("%zz%4", "%zz%4"),
        ("Zoë", "Zoë"),
    ],
)
def test_an_attribute_in_a_header_field_is_percent_decoded_once(instance, sent, read):
    event = instance(SEEN).invoke(b'{"a": 1}', meta={**BINARY, "ce-subject": sent})

    assert event.json()["event"]["subject"] == read


RAW = """
def handle(event, context):
    kind = event.headers.get("content-type")
    return {"body": list(event.body), "kind": kind, "said": context.event.datacontenttype}
"""
DATA = {
    "JSON without a type": ({"data": [1, None]}, b"[1,null]", "application/json", None),
    "null": ({"data": None}, b"null", "application/json", None),
    "JSON text": ({"data": "a"}, b'"a"', "application/json", None),
    "JSON of another type": (
        {"data": {"b": 1}, "datacontenttype": "application/geo+json; v=1"},
        b'{"b":1}',
        "application/geo+json; v=1",
        "application/geo+json; v=1",
    ),
    "text": ({"data": "é", "datacontenttype": "text/plain"}, "é".encode(), *["text/plain"] * 2),
    "bytes": (
        {"data_base64": "AAH/", "datacontenttype": "image/png"},
        b"\0\1\xff",
        *["image/png"] * 2,
    ),
    "bytes beside null": (
        {"data": None, "data_base64": "AAH/", "datacontenttype": "image/png"},
        b"\0\1\xff",
        *["image/png"] * 2,
    ),
    "JSON as bytes": ({"data_base64": "WzFd"}, b"[1]", "application/json", None),
    "nothing": ({}, b"", None, None),
}


@pytest.mark.parametrize("name", DATA)
def test_the_data_of_a_structured_event_is(instance, name):
    members, body, kind, said = DATA[name]

    answer = instance(RAW).invoke(
        enclose(**members),
        meta={"content-type": "Application/CloudEvents+JSON; charset=UTF-8"},
    )

    assert answer.json() == {"body": list(body), "kind": kind, "said": said}


@pytest.mark.parametrize(
    "source",
    [
        "def predict(input: str): return input.upper()",
        "def predict(input: str, context): return context.event and input.upper()",
        "async def predict(input: str): return input.upper()",
        "def predict_batch(inputs: list[str]): return [one.upper() for one in inputs]",
        "from typing import Annotated\nfrom msgspec import Meta\n"
        "def predict(input: Annotated[str, Meta(max_length=9)]): return input.upper()",
    ],
)
def test_an_input_that_is_str_takes_text(instance, source):
    one = instance(source)
    text = {**BINARY, "content-type": "text/plain; charset=utf-8"}

    assert one.invoke("é\n".encode(), meta=text).json() == "É\n"
    assert one.invoke(b"\xff", meta=text).code == "inputInvalid"
    assert one.invoke(b'"a"', meta=BINARY).json() == "A"
    assert one.invoke(enclose(data="b", datacontenttype="text/xml"), meta=STRUCTURED).json() == "B"


def test_text_for_a_handler_that_takes_json_says_so(instance):
    one = instance("def predict(a: int): return a")

    answer = one.invoke(b"a=1", meta={**BINARY, "content-type": "text/plain"})

    assert answer.code == "inputInvalid"
    assert "text/plain, and this function takes JSON" in answer.json()["message"]
    assert one.invoke(b'{"a": 1}', meta={**BINARY, "content-type": "text/plain"}).json() == 1


def broken(**changes):
    members = {**ENVELOPE, "data": {"a": 1}, **changes}
    return json.dumps({name: one for name, one in members.items() if one is not ...}).encode()


INVALID = {
    "no id": (broken(id=...), "no attribute id"),
    "no source": (broken(source=...), "no attribute source"),
    "no type": (broken(type=None), "no attribute type"),
    "no specversion": (broken(specversion=...), "no attribute specversion"),
    "an empty id": (broken(id=""), "attribute id is empty"),
    "an id that is a number": (broken(id=1), "attribute id is not text"),
    "another version": (broken(specversion="0.3"), "specversion is 0.3; only 1.0"),
    "a subject that is a list": (broken(subject=[]), "attribute subject is not text"),
    "no time": (broken(time="yesterday"), "attribute time"),
    "a time without a zone": (broken(time="2026-02-03T04:05:06"), "attribute time"),
    "an extension that is an object": (broken(place={}), "attribute place"),
    "an extension with a fraction": (broken(share=0.5), "attribute share"),
    "both kinds of data": (broken(data_base64="AA=="), "both data and data_base64"),
    "wrong base64": (broken(data=..., data_base64="A"), "data_base64 is not base64"),
    "base64 that is no text": (broken(data=..., data_base64=1), "data_base64 is not base64"),
    "a list": (b"[]", "not a JSON object"),
    "no JSON": (b"{", "not a JSON object"),
    "nothing": (b"", "not a JSON object"),
    "nesting without end": (b'{"data":' + b"[" * 100_000, "not a JSON object"),
}


@pytest.mark.parametrize("word", ["def", "async def"])
@pytest.mark.parametrize("name", INVALID)
def test_an_event_is_refused_because_of(instance, word, name):
    body, words = INVALID[name]
    one = instance(f"{word} predict(a: int): return a")

    answer = one.invoke(body, meta=STRUCTURED)

    assert (answer.code, answer.headers) == ("inputInvalid", {})
    assert words in answer.json()["message"]
    assert answer.json()["traceback"] == ""
    assert one.invoke({"a": 3}).json() == 3


@pytest.mark.parametrize("name", ["ce-id", "ce-source", "ce-type"])
def test_an_event_in_binary_mode_needs_its_attributes(instance, name):
    meta = {own: value for own, value in BINARY.items() if own != name}

    answer = instance("def predict(a: int): return a").invoke(b'{"a": 1}', meta=meta)

    assert answer.code == "inputInvalid"
    assert f"no attribute {name[3:]}," in answer.json()["message"]


@pytest.mark.parametrize(
    "kind", ["application/cloudevents-batch+json", "application/cloudevents+avro"]
)
def test_an_event_in_another_format_is_refused(instance, kind):
    answer = instance("def predict(input): return input").invoke(b"[]", meta={"content-type": kind})

    assert answer.code == "inputInvalid"
    assert kind in answer.json()["message"]


@pytest.mark.parametrize(
    "meta",
    [
        {"content-type": "application/vnd.api+json"},
        {"accept": "application/cloudevents+json"},
        {"user-agent": "a+b", "ce-id": "1"},
        {"x-note": "ce-specversion: 1.0"},
        {":query": "content-type: application/cloudevents+json"},
    ],
)
def test_a_request_that_only_looks_like_an_event_is_none(instance, meta):
    one = instance("def predict(input: str, context): return [input, context.event is None]")

    answer = one.invoke(b'"a"', meta=meta)

    assert (answer.json(), answer.headers) == (["a", True], {})


def test_a_data_error_in_an_event_names_its_place(instance):
    answer = instance("def predict(a: int): return a").invoke(
        enclose(data={"a": "x"}), meta=STRUCTURED
    )

    assert answer.code == "inputInvalid"
    assert "$.a" in answer.json()["message"]


def test_an_event_with_much_data_is_read(instance):
    data = bytes(range(256)) * 4096
    text = base64.b64encode(data).decode()

    answer = instance("def predict(raw: bytes): return [len(raw), raw[-1]]").invoke(
        enclose(data_base64=text), meta=STRUCTURED
    )

    assert answer.json() == [len(data), 255]


def test_the_attributes_of_an_event_cannot_be_changed(instance):
    one = instance(
        """
        def predict(context):
            refused = 0
            for change in ("context.event.id = 1", "context.event.extensions['a'] = 1"):
                try:
                    exec(change)
                except (AttributeError, TypeError):
                    refused += 1
            return refused
        """
    )

    assert one.invoke(b"", meta=BINARY).json() == 2
