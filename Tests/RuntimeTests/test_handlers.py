"""What handlers do: raise, exit, handle events, stream, run in batches and side by side."""

import time

import pytest

from host import BODY, CHUNK, END, EXITED, RESULT, encode

RAISING = """
from faas import InputError
def inner():
    raise ValueError("too sad")
def predict(how: str):
    if how == "value":
        inner()
    if how == "input":
        raise InputError("glucose must be fasting glucose")
    if how == "exit":
        raise SystemExit(1)
    if how == "interrupt":
        raise KeyboardInterrupt
    if how == "memory":
        return bytearray(1 << 60)
    if how == "recursion":
        return predict(how)
    if how == "chain":
        try:
            inner()
        except ValueError as error:
            raise RuntimeError("second") from error
    if how == "odd":
        class Odd(Exception):
            def __str__(self): raise KeyError("odd")
        raise Odd
    return "fine"
"""


@pytest.mark.parametrize(
    ("how", "code", "words"),
    [
        ("value", "handlerRaised", "too sad"),
        ("input", "inputInvalid", "glucose must be fasting glucose"),
        ("exit", "handlerRaised", "called exit(1)"),
        ("interrupt", "handlerRaised", "raised KeyboardInterrupt"),
        ("memory", "outOfMemory", ""),
        ("recursion", "handlerRaised", "maximum recursion depth"),
        ("chain", "handlerRaised", "second"),
        ("odd", "handlerRaised", "KeyError"),
    ],
)
def test_a_handler_that_raises_is_answered_and_the_instance_lives_on(instance, how, code, words):
    one = instance(RAISING)

    answer = one.invoke({"how": how})

    assert answer.code == code
    assert words in answer.json()["message"]
    assert "faas_runtime" not in answer.body.decode()
    assert one.invoke({"how": "no"}).json() == "fine"


def test_a_traceback_shows_the_handlers_frames(instance):
    fields = instance(RAISING).invoke({"how": "chain"}).json()

    assert fields["type"] == "RuntimeError"
    assert "in inner" in fields["traceback"]
    assert "in predict" in fields["traceback"]
    assert "direct cause" in fields["traceback"]
    assert 'raise ValueError("too sad")' in fields["traceback"]


HANDLE = """
from faas import Response
def load(): return "model"
def handle(event, context):
    if event.path == "/none": return None
    if event.path == "/text": return "plain"
    if event.path == "/bytes": return event.body
    if event.path == "/made":
        return Response({"a": 1}, status=201, headers={"X-Kind": "made"})
    if event.path == "/html":
        return Response("<p>", headers={"Content-Type": "text/html"})
    if event.path == "/json": return event.json()
    return {
        "method": event.method, "query": event.query, "text": event.text,
        "kind": event.headers["content-type"], "names": sorted(event.headers),
        "id": context.id, "model": context.model,
    }
"""


def test_handle_gets_an_event_and_a_context(instance):
    meta = {":path": "/", ":query": "a=1", ":method": "PUT", "content-type": "text/plain"}

    answer = instance(HANDLE).invoke(b"hello", meta=meta)

    assert answer.json() == {
        "method": "PUT",
        "query": "a=1",
        "text": "hello",
        "kind": "text/plain",
        "names": ["content-type"],
        "id": "id-1",
        "model": "model",
    }


@pytest.mark.parametrize(
    ("path", "status", "kind", "body"),
    [
        ("/none", 200, "text/plain; charset=utf-8", b""),
        ("/text", 200, "text/plain; charset=utf-8", b"plain"),
        ("/bytes", 200, "application/octet-stream", b"[1, 2]"),
        ("/made", 201, None, b'{"a":1}'),
        ("/html", 200, "text/html", b"<p>"),
        ("/json", 200, None, b"[1,2]"),
    ],
)
def test_handle_answers_with_what_it_returns(instance, path, status, kind, body):
    answer = instance(HANDLE).invoke(b"[1, 2]", meta={":path": path})

    assert (answer.status, answer.headers.get("content-type"), answer.body) == (status, kind, body)
    if path == "/made":
        assert answer.headers["x-kind"] == "made"


def test_an_event_that_is_not_json_is_the_callers_fault(instance):
    assert instance(HANDLE).invoke(b"{", meta={":path": "/json"}).code == "inputInvalid"


@pytest.mark.parametrize(
    ("items", "kind", "body"),
    [
        ("'a', 'b'", "text/plain; charset=utf-8", b"ab"),
        ("b'a', b'b'", "application/octet-stream", b"ab"),
        ("{'a': 1}, [2]", "application/x-ndjson", b'{"a":1}\n[2]\n'),
        ("", "text/plain; charset=utf-8", b""),
    ],
)
@pytest.mark.parametrize("word", ["def", "async def"])
def test_a_generator_streams_its_items(instance, word, items, kind, body):
    loop = f"for item in [{items}]:\n        yield item"
    answer = instance(f"{word} predict():\n    {loop}").invoke()

    assert answer.code is None
    assert answer.headers == {"content-type": kind}
    assert answer.body == body
    assert len(answer.chunks) == 1 + len(eval(f"[{items}]"))


def test_a_streamed_item_is_sent_before_the_next_is_made(instance):
    one = instance(
        """
        from typing import Iterator
        def predict(lines: Iterator[bytes]):
            for line in lines:
                yield line.upper()
        """
    )

    stream = one.begin(b"first", end=False)
    begun = one.expect(RESULT)
    one.send(BODY, stream, body=b"second")
    more = one.expect(CHUNK)
    one.send(BODY, stream, flags=END)
    last = one.expect(CHUNK)

    assert (begun.body, begun.flags) == (b"FIRST", 0)
    assert (more.body, more.flags) == (b"SECOND", 0)
    assert (last.body, last.flags) == (b"", END)


def test_a_generator_that_raises_ends_its_answer_with_an_error(instance):
    one = instance("def predict():\n    yield 'a'\n    raise ValueError('later')")

    answer = one.invoke()

    assert answer.chunks == [b"a"]
    assert answer.code == "handlerRaised"
    assert one.invoke().chunks == [b"a"]


def test_a_response_can_stream_with_a_type_of_its_own(instance):
    answer = instance(
        """
        from faas import Response
        def handle(event, context):
            return Response((f"data: {n}\\n\\n" for n in range(2)),
                            headers={"content-type": "text/event-stream"})
        """
    ).invoke()

    assert answer.headers == {"content-type": "text/event-stream"}
    assert answer.body == b"data: 0\n\ndata: 1\n\n"


def test_handle_reads_its_body_as_it_comes(instance):
    one = instance("def handle(event, context): return [len(part) for part in event.stream()]")

    stream = one.begin(b"abc", end=False)
    one.send(BODY, stream, body=b"de", flags=END)

    assert one.answers(stream)[0].json() == [3, 2]
    assert one.invoke(b"whole").json() == [5]


def test_an_input_that_a_handler_did_not_read_is_thrown_away(instance):
    one = instance("def handle(event, context): return 1")

    stream = one.begin(b"abc", end=False)
    assert one.answers(stream)[0].json() == 1
    one.send(BODY, stream, body=b"de")
    one.send(BODY, stream, flags=END)

    assert one.invoke().json() == 1


def test_invocations_are_answered_in_their_order(instance):
    one = instance("def predict(n: int): return n", concurrency=64)

    frames = b"".join(
        encode(33, n, flags=END, value=1000, body=b'{"n": %d}' % n) for n in range(1, 65)
    )
    one.sock.sendall(frames)
    answers = one.answers(*range(1, 65))

    assert [answer.json() for answer in answers] == list(range(1, 65))
    assert one.order == list(range(1, 65))


def test_the_time_that_a_handler_ran_is_told(instance):
    answer = instance("import time\ndef predict(): time.sleep(0.01)").invoke()

    assert 10_000 <= answer.micros < 1_000_000


def test_an_instance_that_exits_below_python_is_gone(sandbox):
    started = sandbox("import os\ndef predict(): os._exit(3)")
    started.loaded()
    one = started.ready()

    one.begin()

    assert one.ended()
    assert started.control.expect(EXITED).value == 3 << 8


BATCH = """
def load(): return []
def predict_batch(model, inputs: list[int]) -> list[int]:
    print("batch of", len(inputs))
    if 13 in inputs: raise ValueError("thirteen")
    if 12 in inputs: return [1]
    return [len(inputs) * one for one in inputs]
"""


def test_a_batch_is_called_once_and_each_gets_its_own_answer(instance):
    one = instance(BATCH, concurrency=8, batch={"size": 3, "waitMillis": 5000})

    streams = [one.begin(b"%d" % n) for n in (1, 2, 3)]
    answers = one.answers(*streams)

    assert [answer.json() for answer in answers] == [3, 6, 9]
    assert answers[0].printed("stdout") == "batch of 3\n"


def test_a_batch_does_not_wait_longer_than_it_may(instance):
    one = instance(BATCH, concurrency=8, batch={"size": 8, "waitMillis": 20})

    began = time.monotonic()
    answers = one.answers(one.begin(b"5"), one.begin(b"6"))

    assert [answer.json() for answer in answers] == [10, 12]
    assert time.monotonic() - began >= 0.015


def test_a_batch_does_not_wait_for_more_than_can_come(instance):
    one = instance(BATCH, concurrency=2, batch={"size": 8, "waitMillis": 60_000})

    answers = one.answers(one.begin(b"5"), one.begin(b"6"))

    assert [answer.json() for answer in answers] == [10, 12]


def test_an_input_of_a_batch_is_refused_alone(instance):
    one = instance(BATCH, concurrency=2, batch={"size": 2, "waitMillis": 5000})

    good, bad = one.answers(one.begin(b"5"), one.begin(b'"x"'))

    assert good.json() == 5
    assert bad.code == "inputInvalid"


@pytest.mark.parametrize(("n", "code"), [(13, "handlerRaised"), (12, "outputInvalid")])
def test_a_batch_that_fails_fails_for_all(instance, n, code):
    one = instance(BATCH, concurrency=2, batch={"size": 2, "waitMillis": 5000})

    answers = one.answers(one.begin(b"%d" % n), one.begin(b"1"))

    assert [answer.code for answer in answers] == [code, code]
    assert one.answers(one.begin(b"1"), one.begin(b"1"))[0].json() == 2


ASYNC = """
import asyncio, sys
waiting = {}
async def predict(name: str, wait: str | None = None, wake: str | None = None, fail: bool = False):
    print("begin", name)
    if wait:
        waiting[wait] = asyncio.get_running_loop().create_future()
        await waiting[wait]
    if wake:
        waiting.pop(wake).set_result(None)
    if fail:
        sys.exit(4)
    print("end", name)
    return name
"""


def test_async_invocations_run_side_by_side(instance):
    one = instance(ASYNC, concurrency=4)

    first = one.begin({"name": "a", "wait": "x"})
    second = one.begin({"name": "b", "wake": "x"})
    answers = one.answers(first, second)

    assert [answer.json() for answer in answers] == ["a", "b"]
    assert [answer.printed("stdout") for answer in answers] == [
        "begin a\nend a\n",
        "begin b\nend b\n",
    ]
    assert one.order == [second, first]


def test_an_async_handler_that_exits_is_answered_and_others_go_on(instance):
    one = instance(ASYNC, concurrency=4)

    first = one.begin({"name": "a", "wait": "x"})
    failed = one.invoke({"name": "c", "fail": True})
    second = one.begin({"name": "b", "wake": "x"})

    assert failed.code == "handlerRaised"
    assert "called exit(4)" in failed.json()["message"]
    assert "in predict" in failed.json()["traceback"]
    assert one.answers(first, second)[0].json() == "a"


def test_an_async_handler_takes_wrong_input_as_any_other(instance):
    one = instance(ASYNC, concurrency=4)

    assert one.invoke({"name": 1}).code == "inputInvalid"
    assert one.invoke(b"").code == "inputInvalid"


def test_an_async_handler_reads_its_body_as_it_comes(instance):
    one = instance(
        """
        from collections.abc import AsyncIterator
        async def predict(parts: AsyncIterator[bytes]):
            async for part in parts:
                yield part.upper()
        """
    )

    stream = one.begin(b"first", end=False)
    begun = one.expect(RESULT)
    one.send(BODY, stream, body=b"second", flags=END)
    answer = one.answers(stream)[0]

    assert begun.body == b"FIRST"
    assert answer.body == b"SECOND"
    assert one.invoke(b"whole").body == b"WHOLE"


def test_an_async_handle_gets_the_whole_event(instance):
    one = instance(
        """
        async def handle(event, context):
            return [part.decode() async for part in event.stream()] + [event.method]
        """
    )

    stream = one.begin(b"a", end=False)
    one.send(BODY, stream, body=b"b", flags=END)

    assert one.answers(stream)[0].json() == ["ab", "POST"]
