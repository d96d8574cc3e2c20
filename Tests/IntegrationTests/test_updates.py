"""A function that is updated while it is asked: nobody notices but by the answers."""

import os
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from folders import Files, function
from gateways import Gateway

# As long as the claim says: FAAS_TEST_UPDATE_SECONDS=60.
SECONDS = float(os.environ.get("FAAS_TEST_UPDATE_SECONDS", "10"))
CLIENTS = 64
UPDATES = 10
BROKEN = 5

HANDLER = """
import time

def load():
    return {number}

def predict(model) -> int:
    time.sleep(0.005)
    return model
"""
FAULTY = "def predict() -> int:\n    raise RuntimeError('no luck')\n"


@dataclass
class Load:
    """What the clients saw."""

    answers: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, answers: Counter[str], failures: list[str]) -> None:
        with self.lock:
            self.answers += answers
            self.failures += failures


def ask(gateway: Gateway, name: str, is_over: threading.Event, load: Load) -> None:
    """Asks on one connection, one request after the other."""
    answers: Counter[str] = Counter()
    failures: list[str] = []
    try:
        with gateway.connect() as connection:
            while not is_over.is_set():
                answer = connection.request("POST", f"/function/{name}", "{}")
                answers[answer.text] += 1
                if answer.status != 200:
                    failures.append(f"{answer.status} {answer.text}")
    except OSError as error:
        failures.append(repr(error))
    load.note(answers, failures)


def version(number: int) -> Files:
    files = function("updated", HANDLER.format(number=number), "scale: { max: 4, queue: 512 }\n")
    if number == BROKEN:
        files["handler.py"] = FAULTY
    return files | {"sample.json": "{}"}


def test_no_request_fails_while_a_function_is_updated(gateway: Gateway) -> None:
    name = gateway.deploy(version(0))
    load = Load()
    is_over = threading.Event()
    began = time.monotonic()
    clients = [
        threading.Thread(target=ask, args=(gateway, name, is_over, load)) for _ in range(CLIENTS)
    ]
    for client in clients:
        client.start()

    outcomes = []
    for number in range(1, UPDATES + 1):
        due = began + number * SECONDS / (UPDATES + 1)
        # Updates are spread over the time that the clients ask for.
        time.sleep(max(0.0, due - time.monotonic()))
        outcomes.append(gateway.put(name, version(number)).problem is None)
    # By then each client has had an answer of the last one, too.
    for _ in range(CLIENTS):
        assert gateway.invoke(name).json() == UPDATES
    is_over.set()
    for client in clients:
        client.join()

    print(f"{sum(load.answers.values())} answers: {dict(load.answers)}")
    assert load.failures == []
    assert outcomes == [number != BROKEN for number in range(1, UPDATES + 1)]
    assert set(load.answers) == {str(n) for n in range(UPDATES + 1) if n != BROKEN}
    assert gateway.invoke(name).json() == UPDATES
