"""Handlers whose libraries do not survive a fork: one process loads, and serves by itself."""

import os
import signal
import subprocess

import pytest

from host import END, EXITED, LOG, READY
from test_zygote import ECHO, PID, gone

OWN_NAMESPACE = ["unshare", "--user", "--map-root-user", "--pid", "--fork"]
NAMESPACES_WORK = (
    subprocess.run([*OWN_NAMESPACE, "true"], stderr=subprocess.DEVNULL).returncode == 0
)


@pytest.fixture
def alone(sandbox):
    """A sandbox whose handler has loaded and is not to be forked."""

    def start(source, **load):
        one = sandbox(source, forks=False, **load)
        one.loaded()
        return one

    return start


def test_the_process_that_loaded_the_handler_serves(alone):
    one = alone(
        "import os\nloaded = os.getpid()\ndef predict(): return [loaded, os.getpid()]"
    ).ready()

    assert one.invoke().json() == [one.pid, one.pid]


def test_threads_that_load_started_serve(alone):
    one = alone(
        """
        from concurrent.futures import ThreadPoolExecutor
        def load():
            threads = ThreadPoolExecutor(1)
            threads.submit(int).result()
            return threads
        def predict(threads, text: str):
            return threads.submit(str.upper, text).result(5)
        """
    ).ready()

    assert one.invoke({"text": "a"}).json() == "A"


@pytest.mark.parametrize(
    "source",
    [
        ECHO,
        "from typing import Any\nasync def predict(input: Any): return input",
        "def predict_batch(inputs: list[int]) -> list[int]: return inputs",
    ],
)
def test_each_kind_of_handler_serves(alone, source):
    one = alone(source, concurrency=4, batch={"size": 4, "waitMillis": 1}).ready()

    answers = one.answers(*[one.begin(number) for number in range(4)])

    assert [answer.json() for answer in answers] == [0, 1, 2, 3]


def test_numeric_libraries_get_the_threads_that_the_manifest_says(alone):
    one = alone(
        """
        import os
        names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "TOKENIZERS_PARALLELISM")
        at_import = [os.environ.get(name) for name in names]
        def predict(): return at_import
        """,
        env={"MKL_NUM_THREADS": "4"},
    ).ready()

    assert one.invoke().json() == [None, "4", None]


def test_attach_runs_in_it_and_what_it_prints_is_kept(alone):
    started = alone(
        """
        def load(): return [1]
        def attach(model, device):
            print("moving to", device)
            return [*model, device]
        def predict(model): return model
        """
    )
    one = started.fork()

    frame, logs = one.attach("cuda")

    assert (frame.kind, logs) == (READY, [("stdout", "moving to cuda\n")])
    assert one.invoke().json() == [1, "cuda"]


def test_a_second_fork_is_refused_even_while_the_handler_is_at_work(alone):
    started = alone("def handle(event, context):\n    print('begun')\n    return event.body")
    one = started.ready()
    stream = one.begin(b"a", end=False)
    one.expect(LOG)

    second = started.ask_fork()
    frame = started.control.expect(EXITED)

    assert (frame.stream, frame.value) == (2, 71 << 8)
    assert second.recv(1) == b""
    one.send(34, stream, flags=END, body=b"b")
    assert one.answers(stream)[0].body == b"ab"


def test_forks_that_are_asked_for_before_it_has_loaded_wait(sandbox):
    started = sandbox(f"import time\ntime.sleep(0.05)\n{ECHO}", forks=False)

    first, second = started.ask_fork(), started.ask_fork()

    started.loaded()
    assert started.control.expect(EXITED).stream == 2
    assert len(first.recv(16)) == 16
    assert second.recv(1) == b""


@pytest.mark.parametrize(
    ("how", "status"),
    [("os._exit(7)", 7 << 8), ("os.kill(os.getpid(), 11)", signal.SIGSEGV)],
)
def test_its_end_is_reported_and_ends_the_sandbox(alone, how, status):
    started = alone(f"import os\ndef predict():\n    {how}")
    one = started.ready()

    one.begin()
    frame = started.control.expect(EXITED)

    assert (frame.stream, frame.value) == (1, status)
    assert one.ended()
    assert started.control.ended()
    assert started.process.wait(5) == 0


def test_it_ends_when_its_socket_closes(alone):
    started = alone(ECHO)
    one = started.ready()

    one.close()

    assert started.control.expect(EXITED).value == 0
    assert gone(one.pid)
    assert started.process.wait(5) == 0


def test_a_busy_handler_is_cancelled(alone):
    one = alone("def predict():\n    print('x')\n    while True: pass").ready()

    stream = one.begin()
    one.expect(LOG)
    one.cancel(stream)

    assert one.answers(stream)[0].code == "cancelled"


def test_a_load_that_fails_is_told_and_ends_the_sandbox(sandbox):
    started = sandbox("print('before')\nx = 1 / 0", forks=False)

    code, body = started.load_failed()

    assert (code, body["log"]) == ("importRaised", "before\n")
    assert started.process.wait(5) == 1


def test_a_process_that_is_killed_while_it_loads_ends_the_sandbox(sandbox):
    started = sandbox("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", forks=False)

    assert started.control.ended()
    assert started.process.wait(5) == 128 + signal.SIGKILL
    assert "loaded the handler was ended by signal 9" in started.close()
    started.close = lambda: ""


def test_it_goes_first_when_memory_runs_out_while_it_loads_too(alone):
    one = alone(
        "at_import = open('/proc/self/oom_score_adj').read()\ndef predict(): return at_import"
    ).ready()

    assert one.invoke().json() == "1000\n"


def test_orphans_are_reaped_and_its_own_children_are_left_to_it(alone):
    started = alone(
        """
        import subprocess
        def predict():
            made = subprocess.run(
                ["/bin/sh", "-c", "sleep 0.01 >/dev/null & echo $!; exit 3"], stdout=subprocess.PIPE
            )
            return made.returncode, int(made.stdout)
        """
    )

    status, orphan = started.ready().invoke().json()

    assert status == 3
    assert gone(orphan)
    started.ask_fork().close()
    started.control.expect(EXITED)  # By now the first process has gone through its loop again.
    assert not os.path.exists(f"/proc/{orphan}")


def test_everything_ends_when_the_control_socket_closes_before_the_fork(alone):
    started = alone(PID)

    started.control.close()

    assert started.process.wait(5) == 0


@pytest.mark.skipif(not NAMESPACES_WORK, reason="PID namespaces can't be made here")
@pytest.mark.parametrize("word", ["def", "async def"])
def test_a_handler_that_never_gives_way_ends_when_the_control_socket_closes(alone, word):
    started = alone(
        f"import os\n{word} predict():\n    os.write(1, b'x')\n    while True: pass",
        within=OWN_NAMESPACE,
    )
    one = started.ready()
    one.begin()

    started.control.close()

    assert gone(one.pid)


@pytest.mark.skipif(not NAMESPACES_WORK, reason="PID namespaces can't be made here")
def test_a_load_that_never_ends_does_when_the_control_socket_closes(sandbox, tmp_path):
    fifo = str(tmp_path / "fifo")
    os.mkfifo(fifo)
    started = sandbox(
        f"file = open({fifo!r}, 'w')\nwhile True: pass", forks=False, within=OWN_NAMESPACE
    )

    with open(fifo) as file:
        started.control.close()

        assert file.read() == ""  # The handler held the other end.


@pytest.mark.parametrize("kind", [99, 2])
def test_a_control_frame_that_is_wrong_ends_it(alone, kind):
    started = alone(ECHO)

    started.control.send(kind, 1)

    assert started.process.wait(5) == 2
    assert "the zygote ends" in started.close()
    started.close = lambda: ""


@pytest.mark.parametrize("kind", [99, 2])
def test_a_control_frame_that_is_wrong_ends_it_when_it_serves_too(alone, kind):
    started = alone(ECHO)
    one = started.ready()

    started.control.send(kind, 1)

    assert started.process.wait(5) == 2
    one.close()  # Inside a PID namespace the instance has ended by now.
    assert gone(one.pid)
    assert "the zygote ends" in started.close()
    started.close = lambda: ""
