"""Ways in which the command line ends early, and that nothing of it stays behind."""

import contextlib
import os
import random
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from folders import EXAMPLES, function
from gateways import CLI, Gateway

SECONDS_MAX = 30
# More than pipes hold on the way from git through the command line to who reads.
DIFFERENT_LINES = 20_000

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(gateway: Gateway, tmp_path: Path) -> Iterator[Start]:
    """Starts `faas` with `tmp_path` for its temporary files; it ends with the test."""
    started = []

    def begin(
        *arguments: str, url: str = gateway.url, stdout: int = subprocess.PIPE, ignored: int = 0
    ) -> "subprocess.Popen[bytes]":
        environment = gateway.cli_environment() | {"FAAS_URL": url, "TMPDIR": str(tmp_path)}
        started.append(
            subprocess.Popen(
                [CLI, *arguments],
                env=environment,
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
