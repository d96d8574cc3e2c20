"""The answer to a CloudEvent is one itself, in the mode that was asked for."""

import base64
from datetime import UTC, datetime

import pytest

from host import BODY, END
from test_events import BINARY, STRUCTURED, enclose

ASKED = {**BINARY, "accept": "text/html, application/CloudEvents+JSON;q=0.5"}
OWN = ("ce-specversion", "ce-id", "ce-source", "ce-type", "ce-time")
ANSWERS = """
from faas import Response
def handle(event, context):
    word = event.text
    if word == "json": return {"a": 1}
    if word == "text": return "hé"
    if word == "bytes": return b"\\x00\\xff"
    if word == "none": return None
    if word == "svg": return Response(b"<svg/>", headers={"content-type": "image/svg+xml"})
    if word == "broken": return Response("{", headers={"content-type": "application/json"})
    if word == "latin": return Response(b"\\xe9", headers={"content-type": "text/plain"})
    if word == "gone": return Response(None, 204)
    if word == "own": return Response({"a": 1}, 201, {
        "CE-Type": "clinic.answer", "ce-subject": "Zo%C3%AB", "X-Other": "yes"})
    if word == "whole": return Response(b"{}", headers={
        "Content-Type": "application/cloudevents+json"})
    if word == "stream": return (part for part in ("a", "b"))
    if word == "events": return Response(
        (part for part in ("a", "b")), headers={"content-type": "text/event-stream"})
    if word == "long": return Response(None, headers={"x-long": "a" * 65400})
    if word == "large": return b"a" * 7000
    raise ValueError("no")
"""
TEXT = {"content-type": "text/plain; charset=utf-8"}


@pytest.fixture
def answers(instance):
    return instance(ANSWERS, bodyBytesMax=8000)


def ask(one, word, meta):
    return one.invoke(word.encode(), meta={**meta, "content-type": "text/plain"})


@pytest.mark.parametrize(
    ("word", "body", "fields"),
    [
        ("json", b'{"a":1}', {}),
        ("text", "hé".encode(), TEXT),
        ("bytes", b"\0\xff", {"content-type": "application/octet-stream"}),
        ("none", b"", TEXT),
        ("stream", b"ab", TEXT),
        ("events", b"ab", {"content-type": "text/event-stream"}),
    ],
)
def test_an_answer_in_binary_mode_has_the_attributes_as_header_fields(answers, word, body, fields):
    before = datetime.now(UTC)
    answer = ask(answers, word, BINARY)
    after = datetime.now(UTC)

    attributes = {name: answer.headers.pop(name) for name in OWN}
    assert (answer.status, answer.body, answer.headers) == (200, body, fields)
    assert before <= datetime.fromisoformat(attributes.pop("ce-time")) <= after
    assert attributes == {
        "ce-specversion": "1.0",
        "ce-id": "id-1",
        "ce-source": "/function/sample",
        "ce-type": "faas.function.answered",
    }


@pytest.mark.parametrize(
    ("word", "kind", "members"),
    [
        ("json", "application/json", {"data": {"a": 1}}),
        ("text", "text/plain; charset=utf-8", {"data": "hé"}),
        ("bytes", "application/octet-stream", {"data_base64": "AP8="}),
        ("svg", "image/svg+xml", {"data_base64": base64.b64encode(b"<svg/>").decode()}),
        ("broken", "application/json", {"data_base64": base64.b64encode(b"{").decode()}),
        ("latin", "text/plain", {"data_base64": base64.b64encode(b"\xe9").decode()}),
        ("none", None, {}),
    ],
)
def test_an_answer_in_structured_mode_has_all_in_its_body(answers, word, kind, members):
    answer = ask(answers, word, ASKED)

    event = answer.json()
    assert answer.headers == {"content-type": "application/cloudevents+json"}
    assert datetime.fromisoformat(event.pop("time")).tzinfo
    assert event.pop("datacontenttype", None) == kind
    assert event == {
        "specversion": "1.0",
        "id": "id-1",
        "source": "/function/sample",
        "type": "faas.function.answered",
        **members,
    }


@pytest.mark.parametrize(
    ("accept", "structured"),
    [
        ("application/cloudevents+json", True),
        ("application/json, application/cloudevents+json ; charset=utf-8", True),
        ("application/cloudevents+json;q=0", False),
        ("application/cloudevents+json; q=0.0, */*", False),
        ("application/cloudevents-batch+json", False),
        ("*/*", False),
    ],
)
def test_structured_mode_is_for_who_asks_for_it_by_name(answers, accept, structured):
    answer = ask(answers, "json", {**BINARY, "accept": accept})

    assert ("ce-id" not in answer.headers) is structured


def test_an_event_in_structured_mode_is_answered_in_binary_mode_unless_asked(instance):
    one = instance("async def predict(a: int): return a")
    body = enclose(data={"a": 1})

    binary = one.invoke(body, meta=STRUCTURED)
    structured = one.invoke(body, meta={**STRUCTURED, "accept": STRUCTURED["content-type"]})

    assert (binary.body, binary.headers["ce-id"]) == (b"1", "id-1")
    assert (structured.json()["data"], structured.json()["id"]) == (1, "id-2")


def test_a_handler_s_own_attributes_win(answers):
    binary = ask(answers, "own", BINARY)
    structured = ask(answers, "own", ASKED)

    assert (binary.status, structured.status) == (201, 201)
    assert (binary.headers["ce-type"], binary.headers["ce-subject"]) == (
        "clinic.answer",
        "Zo%C3%AB",
    )
    assert (structured.json()["type"], structured.json()["subject"]) == ("clinic.answer", "Zoë")
    assert structured.headers == {
        "content-type": "application/cloudevents+json",
        "x-other": "yes",
    }


def test_an_event_that_a_handler_made_as_a_whole_goes_out_as_it_is(answers):
    answer = ask(answers, "whole", ASKED)

    assert (answer.body, answer.headers) == (
        b"{}",
        {"content-type": "application/cloudevents+json"},
    )


def test_an_answer_without_a_body_stays_without_one(answers):
    answer = ask(answers, "gone", ASKED)

    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["ce-specversion"] == "1.0"


@pytest.mark.parametrize("word", ["stream", "events"])
def test_a_stream_is_in_binary_mode_whatever_was_asked(answers, word):
    answer = ask(answers, word, ASKED)

    assert answer.body == b"ab"
    assert answer.headers["ce-id"] == "id-1"


@pytest.mark.parametrize(
    ("word", "meta", "code", "words"),
    [
        ("raise", ASKED, "handlerRaised", "no"),
        ("long", BINARY, "outputInvalid", "header fields"),
        ("large", ASKED, "outputInvalid", "the limit is 8000 bytes"),
    ],
)
def test_an_event_whose_handler_fails_is_answered_by_an_error(answers, word, meta, code, words):
    answer = ask(answers, word, meta)

    assert (answer.code, answer.headers) == (code, {})
    assert words in answer.json()["message"]


def test_each_event_of_a_batch_has_its_own_answer(instance):
    one = instance(
        "def predict_batch(inputs: list[int]) -> list[int]: return [2 * n for n in inputs]",
        concurrency=4,
        batch={"size": 4, "waitMillis": 5000},
    )

    streams = [
        one.begin(b"1"),
        one.begin(b"2", meta=BINARY),
        one.begin(enclose(data=3), meta={**STRUCTURED, "accept": STRUCTURED["content-type"]}),
        one.begin(b"4", meta={**BINARY, "ce-specversion": "2.0"}),
    ]
    plain, binary, structured, refused = one.answers(*streams)

    assert (plain.json(), plain.headers) == (2, {})
    assert (binary.json(), binary.headers["ce-id"]) == (4, "id-2")
    assert (structured.json()["data"], structured.json()["id"]) == (6, "id-3")
    assert refused.code == "inputInvalid"


def test_an_event_that_is_cancelled_while_its_body_comes_is_answered(instance):
    source = "def handle(event, context): return len(event.body)"
    one = instance(source)
    body = enclose(data="a")

    stream = one.begin(body[:9], meta=STRUCTURED, end=False)
    one.cancel(stream)
    answer = one.answers(stream)[0]
    one.send(BODY, stream, body=body[9:], flags=END)

    assert answer.code == "cancelled"
    assert one.invoke(body, meta=STRUCTURED).json() == 3


def test_what_a_handler_prints_for_an_event_comes_before_its_answer(instance):
    one = instance("def predict(a: int):\n    print('seen', a)\n    return a")

    answer = one.invoke(b'{"a": 1}', meta=BINARY)

    assert (answer.printed("stdout"), answer.json()) == ("seen 1\n", 1)
