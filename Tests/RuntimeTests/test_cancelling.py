"""Cancelling: at work, in the queue, too late."""

import os
import signal

from host import BODY, CANCEL, CHUNK, END, LOG, RESULT

SPIN = """
import sys
def predict(n: int):
    if n:
        try:
            print("spinning", flush=True)
            while True: pass
        finally:
            print("cleaned up")
    return "done"
"""


def test_a_busy_handler_is_cancelled(instance):
    one = instance(SPIN)

    stream = one.begin({"n": 1})
    assert one.expect(LOG).body == b"spinning\n"
    one.cancel(stream)
    answer = one.answers(stream)[0]

    assert answer.code == "cancelled"
    assert answer.printed("stdout") == "cleaned up\n"
    assert one.invoke({"n": 0}).json() == "done"


def test_a_sleeping_handler_is_cancelled(instance):
    one = instance("import time\ndef predict():\n    print('x')\n    time.sleep(60)")

    stream = one.begin()
    one.expect(LOG)
    one.cancel(stream)

    assert one.answers(stream)[0].code == "cancelled"


def test_a_queued_invocation_is_dropped_and_the_one_at_work_goes_on(instance, tmp_path):
    one = instance(
        """
        import pathlib, sys
        def predict(path: str):
            print("begun")
            open(path).read()
            return path
        """,
        concurrency=3,
    )
    fifo = str(tmp_path / "fifo")
    os.mkfifo(fifo)

    try:
        first = one.begin({"path": fifo})
        one.expect(LOG)
        second = one.begin({"path": "/dev/null"})
        third = one.begin({"path": "/dev/null"})
        one.cancel(second)
        with open(fifo, "w"):
            pass
        answers = one.answers(first, second, third)
    finally:
        os.unlink(fifo)

    assert [answer.code for answer in answers] == [None, "cancelled", None]


def test_a_cancel_that_came_before_its_invocation_began_still_counts(instance):
    one = instance(SPIN, concurrency=2)

    os.kill(one.pid, signal.SIGSTOP)
    first, second = one.begin({"n": 0}), one.begin({"n": 1})
    one.send(CANCEL, second, value=1)
    os.kill(one.pid, signal.SIGUSR1)
    os.kill(one.pid, signal.SIGCONT)
    answers = one.answers(first, second)

    assert [answer.code for answer in answers] == [None, "cancelled"]


def test_a_cancel_that_comes_too_late_is_ignored(instance):
    one = instance(SPIN)

    stream = one.begin({"n": 0})
    one.answers(stream)
    one.cancel(stream)
    one.cancel(999)

    assert one.invoke({"n": 0}).json() == "done"


def test_cancels_at_every_moment_leave_the_instance_whole(instance):
    one = instance("def predict(n: int):\n    for _ in range(n % 50): print(n)\n    return n")

    for n in range(400):
        stream = one.begin({"n": n})
        one.cancel(stream)
        answer = one.answers(stream)[0]
        assert answer.code == "cancelled" or answer.json() == n


def test_a_stream_is_cancelled_between_its_items(instance):
    one = instance(
        """
        def predict():
            try:
                while True: yield "x" * 100
            finally:
                print("closed")
        """
    )

    stream = one.begin()
    one.expect(RESULT)
    one.cancel(stream)
    answer = one.answers(stream)[0]

    assert answer.code == "cancelled"
    assert answer.printed("stdout") == "closed\n"


def test_a_handler_that_waits_for_input_is_cancelled(instance):
    one = instance("def handle(event, context):\n    print('x')\n    return event.body.decode()")

    stream = one.begin(b"a", end=False)
    one.expect(LOG)
    one.cancel(stream)
    answer = one.answers(stream)[0]
    one.send(BODY, stream, body=b"late", flags=END)

    assert answer.code == "cancelled"
    assert one.invoke(b"b").text == "b"


def test_an_invocation_whose_body_is_still_coming_is_cancelled(instance):
    one = instance(SPIN)

    stream = one.begin(b'{"n"', end=False)
    one.cancel(stream)

    assert one.answers(stream)[0].code == "cancelled"
    assert one.invoke({"n": 0}).json() == "done"


def test_a_handler_that_swallows_its_cancellation_is_cancelled_all_the_same(instance):
    one = instance(
        """
        def predict():
            print("x")
            try:
                while True: pass
            except BaseException:
                return "never"
        """
    )

    stream = one.begin()
    one.expect(LOG)
    one.cancel(stream)

    assert one.answers(stream)[0].code == "cancelled"


def test_an_async_invocation_is_cancelled_alone(instance):
    one = instance(
        """
        import asyncio
        async def predict(n: int):
            print(n)
            try:
                await asyncio.sleep(60 if n else 0)
            finally:
                print("cleaned up")
            return n
        """,
        concurrency=2,
    )

    first, second = one.begin({"n": 1}), one.begin({"n": 0})
    one.answers(second)
    one.cancel(first)
    answer = one.answers(first)[0]

    assert answer.code == "cancelled"
    assert answer.printed("stdout").endswith("cleaned up\n")


def test_a_batch_is_cancelled_once_nobody_waits_for_it(instance):
    one = instance(
        """
        def predict_batch(inputs: list[int]):
            print("x")
            while True: pass
        """,
        concurrency=2,
        batch={"size": 2, "waitMillis": 5000},
    )

    streams = [one.begin(b"1"), one.begin(b"2")]
    one.expect(LOG)
    for stream in streams:
        one.cancel(stream)

    assert [answer.code for answer in one.answers(*streams)] == ["cancelled", "cancelled"]


def test_an_abandoned_async_stream_ends_its_generator(instance):
    one = instance(
        """
        import asyncio
        async def predict():
            try:
                while True:
                    yield "x"
                    await asyncio.sleep(0)
            finally:
                print("closed")
        """
    )

    stream = one.begin()
    one.expect(RESULT)
    one.expect(CHUNK)
    one.cancel(stream)
    answer = one.answers(stream)[0]

    assert answer.code == "cancelled"
    assert answer.printed("stdout") == "closed\n"
