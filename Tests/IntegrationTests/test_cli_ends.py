"""Ways in which the command line ends early, and that nothing of it stays behind."""

import contextlib
import fcntl
import os
import random
import signal
import socket
import struct
import subprocess
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from folders import EXAMPLES, function
from gateways import CLI, Gateway
from queues import Queue, ended
from waiting import until
from workers import worker

SECONDS_MAX = 30
# More than pipes hold on the way from git through the command line to who reads.
DIFFERENT_LINES = 20_000
TORN_TIMES = 12
SLOW = """
import time

def load():
    time.sleep(2)

def predict(model):
    return {}
"""

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(gateway: Gateway, tmp_path: Path) -> Iterator[Start]:
    """Starts `faas` with `tmp_path` for its temporary files; it ends with the test."""
    started = []

    def begin(
        *arguments: str,
        url: str = gateway.url,
        stdin: int | None = None,
        stdout: int = subprocess.PIPE,
        ignored: int = 0,
    ) -> "subprocess.Popen[bytes]":
        environment = gateway.cli_environment() | {"FAAS_URL": url, "TMPDIR": str(tmp_path)}
        started.append(
            subprocess.Popen(
                [CLI, *arguments],
                env=environment,
                stdin=stdin,
                stdout=stdout,
                stderr=subprocess.PIPE,
                preexec_fn=(lambda: signal.signal(ignored, signal.SIG_IGN)) if ignored else None,
            )
        )
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def changed(gateway: Gateway) -> str:
    """A function with two revisions that differ in more than a pipe holds."""
    files = function("changed", "def predict():\n    return {}\n")
    for seed in (1, 2):
        chance = random.Random(seed)
        lines = (f"{chance.getrandbits(256):064x}\n" for _ in range(DIFFERENT_LINES))
        gateway.deploy(files | {"weights/rows.txt": "".join(lines)})
    return "changed"


@pytest.fixture
def start_deploy(start: Start) -> Iterator[Start]:
    """Starts a deploy to where nothing is answered, and waits until its bundle is on its way."""
    with contextlib.ExitStack() as stack:

        def begin(**options: int) -> "subprocess.Popen[bytes]":
            listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            listening.settimeout(SECONDS_MAX)
            url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            process = start("deploy", str(EXAMPLES / "echo"), url=url, **options)
            connection = stack.enter_context(listening.accept()[0])
            assert connection.recv(1)
            return process

        yield begin


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_deploy_that_is_asked_to_end_leaves_no_file(
    start_deploy: Start, tmp_path: Path, number: signal.Signals
) -> None:
    process = start_deploy()
    assert list(tmp_path.iterdir())

    process.send_signal(number)

    assert process.wait(SECONDS_MAX) == 130
    assert list(tmp_path.iterdir()) == []


def test_a_hang_up_that_is_ignored_stays_so(start_deploy: Start, tmp_path: Path) -> None:
    process = start_deploy(ignored=signal.SIGHUP)

    process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGTERM)

    # As after one signal: the second would have ended it at once.
    assert process.wait(SECONDS_MAX) == 130
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("output", [[], ["-o", "json"]])
def test_a_diff_that_nobody_reads_leaves_no_file(
    start: Start, changed: str, tmp_path: Path, output: list[str]
) -> None:
    reading, writing = os.pipe()
    os.close(reading)

    process = start("diff", changed, "1", "2", *output, stdout=writing)
    os.close(writing)

    assert process.wait(SECONDS_MAX) != 0
    assert list(tmp_path.iterdir()) == []


def test_a_diff_whose_reader_leaves_leaves_no_file(
    start: Start, changed: str, tmp_path: Path
) -> None:
    process = start("diff", changed, "1", "2")
    assert process.stdout is not None

    assert process.stdout.read(4) == b"diff"
    assert list(tmp_path.iterdir())
    process.stdout.close()

    assert process.wait(SECONDS_MAX) != 0
    assert list(tmp_path.iterdir()) == []


def test_the_second_signal_ends_a_diff_at_once_and_leaves_no_file(
    start: Start, changed: str, tmp_path: Path
) -> None:
    process = start("diff", changed, "1", "2")
    assert process.stdout is not None
    assert process.stdout.read(4) == b"diff"

    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)

    assert process.wait(SECONDS_MAX) < 0
    assert list(tmp_path.iterdir()) == []


# What its input has sent when it is asked to end.


def waiting_bytes(pipe: int) -> int:
    """How much of what was written to a pipe nobody has read yet."""
    (count,) = struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4))
    return int(count)


def interrupt(start: Start, *arguments: str) -> "subprocess.Popen[bytes]":
    """Ends `faas` in the middle of its input, which ends at the same time, as Ctrl-C does both."""
    reading, writing = os.pipe()
    process = start(*arguments, stdin=reading)
    try:
        os.write(writing, b'{"age":')
        until(lambda: waiting_bytes(reading) == 0, "it has read what there is")
        process.send_signal(signal.SIGINT)
    finally:
        os.close(writing)
        os.close(reading)
    return process


def test_a_message_that_is_torn_by_a_signal_is_not_sent(gateway: Gateway, start: Start) -> None:
    gateway.deploy(worker("torn", "queue: { name: q-cli-torn, attempts: 1 }"))
    queue = Queue(gateway, "q-cli-torn")

    stopped = [interrupt(start, "queue", "send", queue.name, "-") for _ in range(TORN_TIMES)]

    assert [each.wait(SECONDS_MAX) for each in stopped] == [130] * TORN_TIMES
    # It comes behind all that were sent before.
    ended(gateway, queue.send({}))
    until(lambda: queue.report()["depth"] == 0, "the queue is empty")
    assert queue.report()["completed"] == 1
    assert queue.dead() == []


def test_an_input_that_is_torn_by_a_signal_is_not_invoked(gateway: Gateway, start: Start) -> None:
    gateway.deploy(function("whole", "def handle(event, context):\n    print(event.text)\n"))

    stopped = [interrupt(start, "invoke", "whole", "-") for _ in range(TORN_TIMES)]

    assert [each.wait(SECONDS_MAX) for each in stopped] == [130] * TORN_TIMES
    gateway.invoke("whole", {"age": 61})
    said = until(lambda: gateway.cli("logs", "whole"), "it has logged")
    assert len(said.splitlines()) == 1, said


def test_a_deploy_that_is_no_longer_watched_goes_on_and_says_so(
    gateway: Gateway, start: Start, tmp_path: Path
) -> None:
    folder = tmp_path / "watched"
    folder.mkdir()
    for name, content in function("watched", SLOW).items():
        (folder / name).write_text(str(content))
    process = start("deploy", str(folder))
    assert process.stderr is not None
    assert any(line.startswith(b"watched: load:") for line in process.stderr)

    process.send_signal(signal.SIGINT)

    said = process.stderr.read().decode()
    assert process.wait(SECONDS_MAX) == 130
    assert "error: stopped watching; the deploy of watched goes on\n" in said
    assert "`faas revisions watched`" in said
    until(lambda: is_there(gateway, "watched"), "it serves", seconds=SECONDS_MAX)


def is_there(gateway: Gateway, name: str) -> bool:
    return gateway.request("GET", f"/v1/functions/{name}").status == 200
