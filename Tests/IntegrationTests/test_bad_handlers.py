"""Handlers that misbehave: the caller is told, the instance is replaced, nobody else notices."""

import json
import threading
from collections.abc import Iterator

import host
import pytest
from folders import function
from gateways import Gateway
from http_client import Answer
from waiting import until

HANDLER = """
import os, sys, socket, time, threading, ctypes, logging

def raises(): raise ValueError("the model is tired")
def raises_nothing_printable():
    class Odd(Exception):
        def __str__(self): raise RuntimeError("no text")
    raise Odd()
def exits(): sys.exit(3)
def exits_at_once(): os._exit(3)
def aborts(): os.abort()
def crashes(): ctypes.string_at(0)
def ends_by_signal(): os.kill(os.getpid(), 9)
def recurses(): return recurses()
def forks_without_end():
    while True:
        try:
            os.fork()
        except OSError:
            time.sleep(0.01)
def starts_threads_without_end():
    while True:
        threading.Thread(target=time.sleep, args=(60,)).start()
def fills_memory():
    hold = []
    while True: hold.append(bytearray(b"x" * (1 << 20)))
def fills_tmp():
    with open("/tmp/full", "wb") as file:
        while True: file.write(b"x" * (1 << 20))
def fills_shared_memory():
    with open("/dev/shm/full", "wb") as file:
        while True: file.write(b"x" * (1 << 20))
def opens_files_without_end():
    hold = []
    while True: hold.append(open("/dev/null"))
def never_returns():
    while True: pass
def never_returns_and_hears_nothing():
    while True:
        try:
            while True: time.sleep(0.001)
        except BaseException: pass
def sleeps(): time.sleep(3600)
def prints_100_megabytes():
    line = "x" * 1023
    for _ in range(100 << 10): print(line)
    return "printed"
def writes_100_megabytes_to_descriptor_2():
    for _ in range(100): os.write(2, b"y" * (1 << 20))
    return "written"
def logs_without_end():
    for n in range(200000): logging.warning("line %d", n)
    return "logged"
def closes_everything():
    os.closerange(0, 256)
    return "closed"
def answers_too_much(): return "x" * (10 << 20)
def answers_nothing_that_json_has(): return object()
def answers_itself():
    loop = []
    loop.append(loop)
    return loop
def garbage_on_the_socket():
    for descriptor in range(3, 64):
        try:
            if os.readlink(f"/proc/self/fd/{descriptor}").startswith("socket"):
                os.write(descriptor, b"\\xff" * 4096)
        except OSError: pass
    time.sleep(5)
def half_a_frame_on_the_socket():
    for descriptor in range(3, 64):
        try:
            if os.readlink(f"/proc/self/fd/{descriptor}").startswith("socket"):
                os.write(descriptor, b"\\x10\\x00\\x00\\x00\\x33")
        except OSError: pass
    os._exit(0)
def answer_of_another_on_the_socket():
    frame = (2).to_bytes(4, "little") + bytes([51, 1]) + (0).to_bytes(2, "little")
    frame += (999).to_bytes(4, "little") + bytes(4) + b"{}"
    for descriptor in range(3, 64):
        try:
            if os.readlink(f"/proc/self/fd/{descriptor}").startswith("socket"):
                os.write(descriptor, frame)
        except OSError: pass
    return "mine"
def leaves_a_process_behind():
    if os.fork() == 0:
        os.setsid()
        time.sleep(3600)
    os._exit(0)
def leaves_a_thread_behind():
    threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
    return "left"
def behaves(): return "good"

def predict(deed: str) -> object:
    return globals()[deed]()
"""

MANIFEST = """
limits: { memory: 64Mi, processes: 16, payload: 4Mi }
timeout: { total: 2s }
scale: { max: 1 }
"""


@pytest.fixture(scope="module")
def rogue(gateway: Gateway) -> str:
    """Does what it is asked to, on one instance at most."""
    return gateway.deploy(function("rogue", HANDLER, MANIFEST))


@pytest.fixture(scope="module")
def patient(gateway: Gateway) -> str:
    """The same with time for a deed that ends by itself, on a slow machine too."""
    return gateway.deploy(function("patient", HANDLER, MANIFEST.replace("2s", "30s")))


@pytest.fixture
def watched(gateway: Gateway, rogue: str, patient: str, echo: str) -> Iterator[None]:
    """After each misdeed: the gateway is as it was, others too, and the next invocation works."""
    pid, zygotes = gateway.pid, gateway.counts(echo)["zygote"]
    yield
    assert gateway.pid == pid
    assert gateway.is_running
    assert gateway.invoke(echo, {"still": "here"}).json() == {"still": "here"}
    assert gateway.counts(echo)["zygote"] == zygotes == "ready"
    for name in (rogue, patient):
        answer = gateway.invoke(name, {"deed": "behaves"})
        assert (answer.status, answer.text) == (200, '"good"'), answer


def assert_failed(gateway: Gateway, answer: Answer, status: int, code: str) -> None:
    assert answer.status == status, answer
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["code"] == code
    assert problem["instance"] == answer.id
    outcome = "timedOut" if status == 504 else "failed"
    assert gateway.row(answer.id)["outcome"] == outcome


@pytest.mark.parametrize(
    ("deed", "status", "code"),
    [
        ("raises", 500, "handlerRaised"),
        ("raises_nothing_printable", 500, "handlerRaised"),
        ("exits", 500, "handlerRaised"),
        ("recurses", 500, "handlerRaised"),
        ("answers_nothing_that_json_has", 500, "outputInvalid"),
        ("answers_itself", 500, "outputInvalid"),
        ("exits_at_once", 502, "instanceDied"),
        ("aborts", 502, "instanceDied"),
        ("crashes", 502, "instanceDied"),
        ("ends_by_signal", 502, "instanceDied"),
        ("leaves_a_process_behind", 502, "instanceDied"),
        ("garbage_on_the_socket", 502, "instanceDied"),
        ("half_a_frame_on_the_socket", 502, "instanceDied"),
        ("fills_memory", 502, "outOfMemory"),
        ("never_returns", 504, "timedOut"),
        ("never_returns_and_hears_nothing", 504, "timedOut"),
        ("sleeps", 504, "timedOut"),
        # It can have no more processes, and goes on trying.
        ("forks_without_end", 504, "timedOut"),
    ],
)
@pytest.mark.usefixtures("watched")
def test_a_misdeed_is_a_problem_of_its_own(
    gateway: Gateway, rogue: str, deed: str, status: int, code: str
) -> None:
    assert_failed(gateway, gateway.invoke(rogue, {"deed": deed}), status, code)


@pytest.mark.parametrize(
    ("deed", "status", "code", "detail"),
    [
        # Each is met as the handler's own call fails, so it is what the handler raises.
        ("starts_threads_without_end", 500, "handlerRaised", "can't start new thread"),
        ("opens_files_without_end", 500, "handlerRaised", "Too many open files"),
        ("answers_too_much", 500, "outputInvalid", "the limit is 4194304 bytes"),
        # What is in /tmp and /dev/shm is memory, and of that there is less than they may hold.
        ("fills_tmp", 502, "outOfMemory", "64 MiB (limits.memory)"),
        ("fills_shared_memory", 502, "outOfMemory", "64 MiB (limits.memory)"),
        # So is what is written past Python, until it is read after the invocation.
        ("writes_100_megabytes_to_descriptor_2", 502, "outOfMemory", "64 MiB (limits.memory)"),
        ("closes_everything", 502, "instanceDied", "it exited with status 1"),
        ("answer_of_another_on_the_socket", 502, "instanceDied", "it broke the protocol"),
    ],
)
@pytest.mark.usefixtures("watched")
def test_a_limit_ends_what_has_no_end(
    gateway: Gateway, patient: str, deed: str, status: int, code: str, detail: str
) -> None:
    answer = gateway.invoke(patient, {"deed": deed})

    assert_failed(gateway, answer, status, code)
    assert detail in answer.json()["detail"]


@pytest.mark.parametrize(
    ("deed", "result"),
    [
        ("prints_100_megabytes", "printed"),
        ("logs_without_end", "logged"),
        ("leaves_a_thread_behind", "left"),
    ],
)
@pytest.mark.usefixtures("watched")
def test_too_much_output_is_cut_and_the_answer_comes(
    gateway: Gateway, patient: str, deed: str, result: str
) -> None:
    answer = gateway.invoke(patient, {"deed": deed})

    assert (answer.status, answer.json()) == (200, result), answer
    assert gateway.row(answer.id)["outcome"] == "completed"
    logs = gateway.request("GET", f"/v1/functions/{patient}/logs?invocation={answer.id}&tail=10000")
    assert len(logs.body) < 2 << 20


def test_an_exception_is_told_with_its_message_and_without_our_frames(
    gateway: Gateway, rogue: str
) -> None:
    answer = gateway.invoke(rogue, {"deed": "raises"})

    assert "the model is tired" in answer.json()["detail"]
    assert "faas_runtime" not in answer.text


def test_the_log_has_the_trace_of_an_exception(gateway: Gateway, rogue: str) -> None:
    answer = gateway.invoke(rogue, {"deed": "raises"})

    path = f"/v1/functions/{rogue}/logs?invocation={answer.id}"
    text = until(lambda: gateway.request("GET", path).text, "its lines")
    assert "ValueError" in text
    assert "in raises" in text


def test_an_instance_that_runs_out_of_memory_dies_alone(gateway: Gateway) -> None:
    """A sibling of the same revision is at work meanwhile, and ends well."""
    manifest = "limits: { memory: 64Mi }\ntimeout: { total: 20s }\nscale: { max: 2 }\n"
    handler = """
import os, time

def predict(fills: bool, seconds: float = 0) -> int:
    hold = []
    while fills:
        hold.append(bytearray(b"x" * (1 << 20)))
    time.sleep(seconds)
    return os.getpid()
"""
    name = gateway.deploy(function("siblings", handler, manifest))
    answers: list[Answer] = []
    sibling = threading.Thread(
        target=lambda: answers.append(gateway.invoke(name, {"fills": False, "seconds": 1.5}))
    )
    sibling.start()
    until(lambda: gateway.counts(name)["busy"] == 1, "the sibling is at work")

    answer = gateway.invoke(name, {"fills": True})
    sibling.join()

    assert (answer.status, answer.json()["code"]) == (502, "outOfMemory")
    assert answers[0].status == 200, answers
    assert gateway.invoke(name, {"fills": False}).status == 200
    assert gateway.counts(name)["zygote"] == "ready"


def test_what_a_dead_instance_left_running_is_ended(gateway: Gateway, rogue: str) -> None:
    before = len(host.cgroup_processes(gateway.tag))

    gateway.invoke(rogue, {"deed": "leaves_a_process_behind"})

    # The reserve, and an instance, may come beside what was there.
    until(
        lambda: len(host.cgroup_processes(gateway.tag)) <= before + 2,
        "the process that it left behind has ended",
    )


def test_a_handler_that_answers_too_late_is_not_heard(gateway: Gateway) -> None:
    """The answer to an invocation that timed out is not taken for the next one's."""
    handler = """
import time

def predict(n: int) -> int:
    until = time.time() + (0.6 if n == 1 else 0)
    while time.time() < until:
        try:
            time.sleep(0.6)
        except BaseException:
            pass
    return n
"""
    manifest = "timeout: { total: 300ms }\nscale: { max: 1 }\n"
    name = gateway.deploy(function("late", handler, manifest))

    late = gateway.invoke(name, {"n": 1})
    until(lambda: gateway.counts(name)["busy"] == 0, "it has given way", seconds=5)
    answers = [gateway.invoke(name, {"n": n}) for n in (2, 3, 4)]

    assert late.status == 504
    assert [json.loads(answer.body) for answer in answers] == [2, 3, 4]
