"""What a handler can do to its own process, and that it harms no other."""

import os
import signal

import pytest

from host import EXITED
from test_zygote import gone

DO = """
import ctypes, os, stat, subprocess, time
from multiprocessing import get_context

libc = ctypes.CDLL(None)

def is_socket(descriptor):
    try:
        return stat.S_ISSOCK(os.fstat(descriptor).st_mode)
    except OSError:
        return False

def own_sockets():
    return [descriptor for descriptor in range(64) if is_socket(descriptor)]

def fork(step):
    child = os.fork()
    if child == 0:
        step()
    return child

def fork_natively():
    child = libc.fork()
    if child == 0:
        libc.pause()
    return child

def process(kind):
    made = get_context(kind).Process(target=time.sleep, args=(60,))
    made.start()
    return made.pid
"""
SERIAL = f"{DO}\ndef predict(code: str): return eval(code)"
ASYNC = f"{DO}\nasync def predict(code: str): return eval(code)"
BATCH = f"""{DO}
def predict_batch(inputs: list[str]): return [eval(code) for code in inputs]
"""
CHILDREN = {
    "os.fork": "fork(libc.pause)",
    "multiprocessing by fork": "process('fork')",
    "multiprocessing by spawn": "process('spawn')",
    "subprocess": "subprocess.Popen(['sleep', '60']).pid",
    "subprocess with descriptors": "subprocess.Popen(['sleep', '60'], close_fds=False).pid",
    "a fork in a fork": "fork(lambda: (fork(libc.pause), libc.pause()))",
}


def ask(instance, code):
    return instance.invoke({"code": code})


def exists(pid):
    return os.path.exists(f"/proc/{pid}")


@pytest.fixture
def children():
    """Pids of processes that outlive their instance, as they can outside a PID namespace."""
    made = []
    yield made
    for pid in made:
        try:
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("source", [SERIAL, ASYNC], ids=["serial", "async"])
@pytest.mark.parametrize("name", CHILDREN)
@pytest.mark.parametrize("forks", [True, False])
def test_a_child_that_outlives_its_instance_holds_no_socket_open(
    sandbox, children, forks, name, source
):
    started = sandbox(source, forks=forks)
    started.loaded()
    one = started.ready()
    answer = ask(one, "os.setpgid(0, 0) or " + CHILDREN[name])
    assert answer.code is None, answer.text
    children.append(one.pid)

    one.begin({"code": "os._exit(7)"})

    assert one.ended()
    assert started.control.expect(EXITED).value == 7 << 8
    assert exists(answer.json())


@pytest.mark.parametrize("forks", [True, False])
def test_the_end_is_reported_when_a_child_does_hold_the_socket_open(sandbox, children, forks):
    started = sandbox(SERIAL, forks=forks)
    started.loaded()
    one = started.ready()
    child = ask(one, "fork_natively()").json()
    children.append(child)

    one.begin({"code": "os._exit(7)"})

    assert started.control.expect(EXITED).value == 7 << 8
    one.sock.setblocking(False)
    with pytest.raises(BlockingIOError):
        one.sock.recv(1)
    assert exists(child)


@pytest.mark.parametrize("first", [0, 3])
@pytest.mark.parametrize("source", [SERIAL, ASYNC, BATCH], ids=["serial", "async", "batch"])
def test_an_instance_that_closes_all_descriptors_ends_alone(sandbox, source, first):
    started = sandbox(source, batch={"size": 4, "waitMillis": 0})
    started.loaded()
    one, other = started.ready(), started.ready()
    code = f"os.closerange({first}, 1000)"

    one.begin(code if source is BATCH else {"code": code})

    assert one.ended()
    assert gone(one.pid)
    assert started.control.expect(EXITED).stream == one.number
    for instance in (other, started.ready()):
        assert instance.invoke("1 + 1" if source is BATCH else {"code": "1 + 1"}).json() == 2


@pytest.mark.parametrize("source", [SERIAL, ASYNC], ids=["serial", "async"])
def test_an_instance_that_does_so_in_a_sandbox_of_its_own_is_reported(sandbox, source):
    started = sandbox(source, forks=False)
    started.loaded()
    one = started.ready()

    one.begin({"code": "os.closerange(0, 1000)"})

    assert one.ended()
    assert started.control.expect(EXITED).stream == one.number
    assert started.process.wait(5) == 0


@pytest.mark.parametrize("source", [SERIAL, ASYNC], ids=["serial", "async"])
def test_descriptors_that_are_taken_by_others_end_the_instance_too(sandbox, source, tmp_path):
    started = sandbox(source)
    started.loaded()
    one, other = started.ready(), started.ready()
    path = str(tmp_path / "file")
    take = f"[os.open({path!r}, os.O_RDWR | os.O_CREAT) for _ in range(20)]"

    one.begin({"code": f"(os.closerange(3, 1000), {take})"})

    assert one.ended()
    assert gone(one.pid)
    assert ask(other, "1 + 1").json() == 2


def test_an_instance_that_writes_nonsense_on_its_socket_spoils_only_its_own(sandbox):
    started = sandbox(SERIAL)
    started.loaded()
    one, other = started.ready(), started.ready()

    one.begin({"code": "[os.write(each, b'\\xff' * 16) for each in own_sockets()]"})

    assert one.exactly(16) == b"\xff" * 16
    one.close()  # As a host does with a header that no frame may have.
    assert started.control.expect(EXITED).stream == one.number
    for instance in (other, started.ready()):
        assert ask(instance, "len(own_sockets())").json() == 1


@pytest.mark.parametrize("forks", [True, False])
def test_a_load_that_closes_all_descriptors_ends_the_sandbox(sandbox, forks):
    started = sandbox("import os\nos.closerange(3, 1000)\ndef predict(): pass", forks=forks)

    assert started.control.ended()
    assert started.process.wait(5) == 2
