"""What handlers print and log."""

import time

import pytest

LIMIT = 64 * 1024


def test_what_is_printed_comes_before_the_answer_with_its_level(instance):
    one = instance(
        """
        import sys
        def predict():
            print("one", "two")
            print("to stderr", file=sys.stderr)
            sys.stdout.buffer.write(b"bytes\\n")
            print("no newline", end="")
        """
    )

    answer = one.invoke()

    assert answer.logs[0] == ("stdout", "one two\n")
    assert answer.printed("stderr") == "to stderr\n"
    assert answer.printed("stdout") == "one two\nbytes\nno newline\n"
    assert one.invoke().printed("stdout") == answer.printed("stdout")


@pytest.mark.parametrize("configured", ["", "logging.basicConfig(format='> %(message)s')"])
def test_records_of_logging_carry_their_level(instance, configured):
    one = instance(
        f"""
        import logging
        {configured}
        logging.getLogger().setLevel(logging.DEBUG)
        def predict():
            for level in ("debug", "info", "warning", "error"):
                getattr(logging.getLogger("mine"), level)("a %s", level)
        """
    )

    answer = one.invoke()

    prefix = "> " if configured else ""
    assert answer.logs == [
        (level, f"{prefix}a {level}\n") for level in ("debug", "info", "warning", "error")
    ]


def test_what_is_written_below_python_is_captured(instance):
    one = instance(
        """
        import os, subprocess
        def predict(n: int):
            os.write(1, b"by os.write %d\\n" % n)
            subprocess.run(["echo", "by a subprocess"])
            os.write(2, b"to stderr\\n")
        """
    )

    assert one.invoke({"n": 1}).printed("stdout") == "by os.write 1\nby a subprocess\nto stderr\n"
    assert one.invoke({"n": 2}).printed("stdout").startswith("by os.write 2\n")


FLOODS = {
    "one text": "print('x' * 100_000_000)",
    "a million lines": "for _ in range(1_000_000): print('x' * 99)",
    "os.write": "import os\n    for _ in range(100): os.write(1, b'x' * 1_000_000)",
    "text beyond ASCII": "print('\\u00fc' * 50_000_000)",
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_hundred_megabytes_of_output_are_bounded(instance, name):
    one = instance(f"def predict():\n    {FLOODS[name]}\n    return 1", logBytesMax=LIMIT)

    began = time.monotonic()
    answer = one.invoke()

    assert time.monotonic() - began < 5
    assert answer.json() == 1
    assert sum(len(text.encode()) for _, text in answer.logs) < LIMIT + 200
    level, last = answer.logs[-1]
    assert level == "warning"
    assert "bytes of output were dropped: the limit is 65536 bytes" in last
    assert int(last.split()[0]) > 99_000_000
    assert one.invoke().json() == 1


PRINTING = {
    "serial": "def predict() -> int:\n    print('x' * 99)\n    return 1",
    "failing": "def predict() -> int:\n    print('x' * 99)\n    raise ValueError",
    "streaming": "def predict():\n    print('x' * 99)\n    yield 1",
    "batch": "def predict_batch(inputs):\n    print('x' * 99)\n    return inputs",
    "async": "async def predict() -> int:\n    print('x' * 99)\n    return 1",
}


@pytest.mark.parametrize("name", PRINTING)
def test_each_invocation_has_the_whole_limit_to_itself(instance, name):
    one = instance(PRINTING[name], logBytesMax=250, batch={"size": 2, "waitMillis": 0})

    answers = [one.invoke("1" if name == "batch" else b"") for _ in range(4)]

    assert [answer.logs for answer in answers] == [[("stdout", "x" * 99 + "\n")]] * 4


def test_output_of_an_invocation_that_fails_is_kept(instance):
    one = instance("def predict():\n    print('before')\n    raise ValueError")

    assert one.invoke().printed("stdout") == "before\n"


def test_output_is_sent_while_the_handler_is_at_work(instance):
    one = instance(
        """
        def handle(event, context):
            print("waiting")
            return len(event.body)
        """
    )

    stream = one.begin(b"a", end=False)
    frame = one.frame()
    one.send(34, stream, body=b"b", flags=1)

    assert frame.body == b"waiting\n"
    assert one.answers(stream)[0].json() == 2


def test_output_of_a_thread_comes_with_an_invocation(instance):
    one = instance(
        """
        import threading
        def predict():
            thread = threading.Thread(target=print, args=("from a thread",))
            thread.start()
            thread.join()
        """
    )

    assert one.invoke().printed("stdout") == "from a thread\n"


def test_output_that_is_not_utf_8_does_no_harm(instance):
    one = instance("import os\ndef predict():\n    os.write(1, b'\\xff\\n')\n    print('\\ud800')")

    answer = one.invoke()

    assert answer.code is None
    assert "\ufffd" in answer.printed("stdout")


def test_the_log_of_a_load_is_bounded(sandbox):
    loaded = sandbox("print('x' * 10_000_000)\ndef predict(): pass").loaded()

    assert len(loaded["log"]) < LIMIT + 200
    assert "dropped" in loaded["log"]
