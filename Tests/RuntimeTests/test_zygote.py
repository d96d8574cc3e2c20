"""Processes: forking, ending, reaping."""

import array
import os
import select
import signal
import socket

import pytest

from host import END, EXITED, FORK, HELLO, INVOKE, Instance, encode

ECHO = """
from typing import Any
def predict(input: Any) -> Any:
    return input
"""
PID = """
import os, sys
def predict(input: str):
    if input == "exit":
        os._exit(7)
    return os.getpid()
"""


def gone(pid):
    """Waits until a process has ended; it need not be a child of ours."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], 5)[0])
    finally:
        os.close(descriptor)


def test_instances_are_processes_of_their_own(sandbox):
    started = sandbox(PID)
    started.loaded()

    first, second = started.ready(), started.ready()

    assert first.invoke("").json() == first.pid
    assert second.invoke("").json() == second.pid
    assert first.pid != second.pid


def test_several_forks_in_one_read_get_each_its_own_socket(sandbox):
    started = sandbox(ECHO)
    started.loaded()

    pairs = [socket.socketpair() for _ in range(5)]
    os.kill(started.process.pid, signal.SIGSTOP)
    for number, (ours, theirs) in enumerate(pairs, 1):
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        rights = array.array("i", [theirs.fileno()])
        started.control.sock.sendmsg(
            [encode(FORK, number)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)]
        )
        theirs.close()
    os.kill(started.process.pid, signal.SIGCONT)
    instances = [Instance(ours, number) for number, (ours, _) in enumerate(pairs, 1)]

    assert len({instance.pid for instance in instances}) == 5
    for instance in instances:
        instance.close()
    numbers = {started.control.expect(EXITED).stream for _ in instances}
    assert numbers == {1, 2, 3, 4, 5}


def test_an_instance_ends_when_the_host_closes_its_socket_and_is_reported(sandbox):
    started = sandbox(ECHO)
    started.loaded()
    instance = started.ready()

    instance.close()
    frame = started.control.expect(EXITED)

    assert (frame.stream, frame.value) == (instance.number, 0)


def test_an_instance_that_waits_for_attach_ends_when_its_socket_closes(sandbox):
    started = sandbox(ECHO)
    started.loaded()

    started.fork().close()

    assert started.control.expect(EXITED).value == 0


def test_the_status_of_an_instance_that_exits_is_reported(sandbox):
    started = sandbox(PID)
    started.loaded()
    instance = started.ready()

    instance.begin("exit")

    assert instance.ended()
    assert started.control.expect(EXITED).value == 7 << 8


def test_the_signal_that_killed_an_instance_is_reported(sandbox):
    started = sandbox(PID)
    started.loaded()
    instance = started.ready()

    os.kill(instance.pid, signal.SIGKILL)

    assert started.control.expect(EXITED).value == signal.SIGKILL


def test_instances_go_on_when_another_has_died(sandbox):
    started = sandbox(PID)
    started.loaded()
    first, second = started.ready(), started.ready()

    first.begin("exit")
    started.control.expect(EXITED)

    assert second.invoke("").json() == second.pid
    assert started.ready().invoke("").code is None


def test_everything_ends_when_the_control_socket_closes(sandbox):
    started = sandbox(ECHO)
    started.loaded()
    instance = started.ready()

    started.control.close()

    assert started.process.wait(5) == 0
    instance.close()
    assert gone(instance.pid)


def test_a_zygote_without_a_load_frame_ends_when_its_socket_closes(sandbox):
    started = sandbox(ECHO)

    started.control.close()

    assert started.process.wait(5) == 0


NEVER_LOADED = {
    "a loop": "while True: pass",
    "a sleep that nothing interrupts": """
while True:
    try:
        while True: time.sleep(0.01)
    except BaseException: pass
""",
    "load": "def load(): time.sleep(1000)\nload()",
}


@pytest.mark.parametrize("name", NEVER_LOADED)
def test_a_load_that_never_ends_does_when_the_control_socket_closes(sandbox, tmp_path, name):
    fifo = str(tmp_path / "fifo")
    os.mkfifo(fifo)
    started = sandbox(f"import time\nfile = open({fifo!r}, 'w')\n{NEVER_LOADED[name]}")

    with open(fifo):  # By now it loads.
        started.control.close()

        try:
            assert started.process.wait(5) == 0
        finally:
            started.process.kill()


def test_a_process_that_load_forks_is_no_second_zygote(sandbox):
    started = sandbox("import os\nchild = os.fork()\ndef predict() -> int: return child")
    started.loaded()
    one = started.ready()

    child = one.invoke().json()

    assert gone(child)
    one.close()
    assert started.control.expect(EXITED).stream == one.number


def test_orphans_are_reaped(sandbox):
    started = sandbox(
        """
        import subprocess
        def predict():
            made = subprocess.run(
                ["/bin/sh", "-c", "sleep 0.01 >/dev/null & echo $!"], stdout=subprocess.PIPE
            )
            return int(made.stdout)
        """
    )
    started.loaded()

    orphan = started.ready().invoke().json()

    assert gone(orphan)
    started.ready()
    started.ready()  # For this one the zygote has gone through its loop again.
    assert not os.path.exists(f"/proc/{orphan}")


def test_an_instance_goes_first_when_memory_runs_out(sandbox):
    started = sandbox("def predict(): return open('/proc/self/oom_score_adj').read()")
    started.loaded()

    assert started.ready().invoke().json() == "1000\n"


def test_each_instance_has_random_numbers_of_its_own(sandbox):
    started = sandbox(
        """
        import random, numpy
        numpy.random.seed(1)
        random.seed(1)
        def predict(): return [random.random(), numpy.random.random()]
        """
    )
    started.loaded()

    first, second = started.ready().invoke().json(), started.ready().invoke().json()

    assert first[0] != second[0]
    assert first[1] != second[1]


def test_an_instance_that_is_told_nonsense_says_so_and_ends(sandbox):
    started = sandbox(ECHO)
    started.loaded()
    instance = started.ready()

    instance.sock.sendall(b"\xff" * 32)

    assert instance.ended()
    assert started.control.expect(EXITED).value == 1 << 8
    assert "over the limit" in started.close()
    started.close = lambda: ""


def test_the_control_socket_is_not_inherited_by_what_a_handler_starts(sandbox):
    started = sandbox(
        """
        import subprocess
        def predict():
            made = subprocess.run(["ls", "/proc/self/fd"], stdout=subprocess.PIPE, close_fds=False)
            return made.stdout.decode().split()
        """
    )
    started.loaded()

    assert started.ready().invoke().json() == ["0", "1", "2", "3"]


def test_hello_is_the_first_frame_and_attach_is_answered(sandbox):
    started = sandbox(
        """
        def load(): return [1]
        def attach(model, device):
            print("moving to", device)
            return model + [device]
        def predict(model): return model
        """
    )
    started.loaded()
    instance = started.fork()

    frame, logs = instance.attach("cuda")

    assert frame.kind != HELLO
    assert logs == [("stdout", "moving to cuda\n")]
    assert instance.invoke().json() == [1, "cuda"]


def test_an_attach_that_raises_is_reported_and_the_instance_ends(sandbox):
    started = sandbox(
        """
        def attach(model, device):
            print("trying")
            raise RuntimeError("no CUDA device")
        def predict(model): pass
        """
    )
    started.loaded()
    instance = started.fork()

    frame, _ = instance.attach("cuda")

    assert frame.kind == 50
    assert "no CUDA device" in frame.json()["message"]
    assert "in attach" in frame.json()["traceback"]
    assert frame.json()["log"] == "trying\n"
    assert started.control.expect(EXITED).value == 1 << 8


def test_invocations_sent_before_attach_is_done_are_served(sandbox):
    started = sandbox(ECHO)
    started.loaded()
    instance = started.fork()

    instance.sock.sendall(
        encode(32, meta={":device": "cpu"}) + encode(INVOKE, 1, flags=END, value=1000, body=b"5")
    )

    assert instance.frame().kind == 49
    assert instance.answers(1)[0].json() == 5


@pytest.mark.parametrize("word", ["def", "async def"])
def test_a_process_that_the_handler_forks_prints_but_does_not_answer(sandbox, word):
    started = sandbox(
        f"""
        import os
        {word} predict():
            child = os.fork()
            if child == 0:
                print("from the child")
                return "from the child"
            os.waitpid(child, 0)
            return "from the instance"
        """
    )
    started.loaded()

    answer = started.ready().invoke()

    assert answer.json() == "from the instance"
    assert answer.printed("stdout") == "from the child\n"


def test_a_fork_that_fails_is_reported(sandbox):
    started = sandbox(
        """
        import resource
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
        import os
        os.setgid(65534); os.setuid(65534)
        def predict(): pass
        """
    )
    started.loaded()

    one = started.ask_fork()

    frame = started.control.expect(EXITED)
    assert (frame.stream, frame.value) == (1, 71 << 8)
    assert one.recv(1) == b""


@pytest.mark.parametrize("kind", [99, FORK])
def test_a_control_frame_that_is_wrong_ends_the_zygote(sandbox, kind):
    started = sandbox(ECHO)
    started.loaded()

    started.control.send(kind, 1)

    assert started.process.wait(5) == 2
    assert "the zygote ends" in started.close()
    started.close = lambda: ""
