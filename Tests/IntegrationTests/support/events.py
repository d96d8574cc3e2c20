"""Messages for queues: sent again until they are answered, and what became of them."""

import json
import os
import random
import sqlite3
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from gateways import Gateway
from http_client import Answer, Connection
from waiting import until

# How often gateways are killed; more for longer.
KILLS = int(os.environ.get("FAAS_TEST_EVENT_KILLS", "20"))
MESSAGES = "application/vnd.faas.messages+json"
BATCH = 100
DRAIN_SECONDS_MAX = 120
KILL_SECONDS_MAX = 0.03
BROKEN = (OSError, ValueError, KeyError, AttributeError)


@dataclass
class Unsent:
    """What is still to be sent, in batches, and the id that each message got, by its key."""

    bodies: dict[str, Any]
    batches: deque[list[str]] = field(init=False)
    ids: dict[str, str] = field(default_factory=dict)
    unanswered: int = 0
    duplicates: int = 0

    def __post_init__(self) -> None:
        keys = list(self.bodies)
        self.batches = deque(keys[n : n + BATCH] for n in range(0, len(keys), BATCH))

    def body(self, batch: list[str]) -> str:
        """A batch whose messages are the same ones however often it is sent."""
        return json.dumps([{"body": self.bodies[key], "deduplicationId": key} for key in batch])

    def answered(self, batch: list[str], answer: Answer) -> None:
        assert answer.status == 202, (answer.status, answer.text)
        receipt = answer.json()
        assert len(receipt["ids"]) == len(batch)
        self.duplicates += receipt["duplicates"]
        for key, one in zip(batch, receipt["ids"], strict=True):
            assert self.ids.setdefault(key, one) == one


class Load(threading.Thread):
    """Does one thing after another over a connection until it breaks or nothing is left."""

    def __init__(self, gateway: Gateway, step: Callable[[Connection], bool]) -> None:
        super().__init__()
        self.gateway = gateway
        self.step = step
        self.fault: AssertionError | None = None

    def run(self) -> None:
        try:
            with self.gateway.connect(seconds=20) as connection:
                while self.step(connection):
                    pass
        except BROKEN:
            return
        except AssertionError as fault:
            self.fault = fault


def send_batches(queue: str, unsent: Unsent) -> Callable[[Connection], bool]:
    """Sends batches until they are through; the one that got no answer stays the first one."""

    def step(connection: Connection) -> bool:
        if not unsent.batches:
            return False
        batch = unsent.batches[0]
        fields = {"Content-Type": MESSAGES}
        path = f"/v1/queues/{queue}/messages"
        unsent.unanswered += 1
        answer = connection.request("POST", path, unsent.body(batch), fields)
        unsent.unanswered -= 1
        unsent.answered(batch, answer)
        unsent.batches.popleft()
        return True

    return step


def send_all(gateway: Gateway, queue: str, bodies: dict[str, Any]) -> Unsent:
    """Sends everything to a gateway that runs."""
    unsent = Unsent(bodies)
    load = Load(gateway, send_batches(queue, unsent))
    load.run()
    assert load.fault is None, load.fault
    assert not unsent.batches
    return unsent


def kill_after(gateway: Gateway, loads: Iterable[Load], enough: Callable[[], bool]) -> None:
    """Kills the gateway under these loads, some milliseconds after enough is done."""
    loads = list(loads)
    for load in loads:
        load.start()
    until(enough, "enough is done", DRAIN_SECONDS_MAX, poll=0.002)
    time.sleep(random.uniform(0, KILL_SECONDS_MAX))  # So that it comes at a random instant.
    gateway.kill()
    finish(loads)


def finish(loads: Iterable[Load]) -> None:
    for load in loads:
        load.join()
        assert load.fault is None, load.fault


def kill_moments(kills: int, whole: int, seed: int) -> list[int]:
    """After how many completions of each life to kill: random, and less than all in all."""
    randomness = random.Random(seed)
    return [randomness.randint(1, whole // (kills + 1)) for _ in range(kills)]


def has_completed(gateway: Gateway, name: str, count: int) -> Callable[[], bool]:
    return lambda: int(queue(gateway, name)["completed"]) >= count


def queue(gateway: Gateway, name: str) -> dict[str, Any]:
    report: dict[str, Any] = gateway.get(f"/v1/queues/{name}")
    return report


def drained(gateway: Gateway, name: str, seconds: float = DRAIN_SECONDS_MAX) -> dict[str, Any]:
    """Waits until nothing waits, is delayed or in flight; the queue's report then."""

    def report() -> dict[str, Any] | None:
        found = queue(gateway, name)
        return found if found["depth"] == 0 else None

    return until(report, f"{name} is empty", seconds, poll=0.05) or {}


def dead_letters(gateway: Gateway, name: str) -> list[dict[str, Any]]:
    found = gateway.get(f"/v1/queues/{name}/dead?limit=10000")
    assert found["more"] is False, "more dead letters than a test should make"
    letters: list[dict[str, Any]] = found["letters"]
    return letters


def select(gateway: Gateway, file: str, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Rows of one of a gateway's databases, which is only read: recovering it is not for us."""
    path = f"file:{gateway.data}/{file}.sqlite?mode=ro"
    with closing(sqlite3.connect(path, uri=True, timeout=10)) as database:
        return database.execute(query, values).fetchall()


@dataclass
class Books:
    """The usage records of one trigger: how many attempts each id had, and how they ended."""

    attempts: Counter[str]
    completed: Counter[str]
    rows: int

    @property
    def completed_twice(self) -> list[str]:
        return [one for one, count in self.completed.items() if count > 1]


def books(gateway: Gateway, trigger: str) -> Books:
    """Fails unless the attempts of each id are 1, 2, ..., each with one row."""
    attempts: Counter[str] = Counter()
    completed: Counter[str] = Counter()
    last: Counter[str] = Counter()
    query = 'SELECT id, attempt, outcome FROM usageRecord WHERE "trigger" = ?'
    for one, attempt, outcome in select(gateway, "billing", query, trigger):
        attempts[one] += 1
        last[one] = max(last[one], attempt)
        completed[one] += outcome == "completed"
    assert last == attempts, "an attempt has no row, or an id of no attempt has one"
    return Books(attempts, +completed, attempts.total())


@dataclass
class Stored:
    """What a gateway that was killed has left in its file of queues, dead letters not counted."""

    # Messages.
    waiting: int
    # Those that the ledger has as completed: the kill came before they were acknowledged.
    unacknowledged: int


def stored(gateway: Gateway) -> Stored:
    query = "SELECT id FROM message WHERE origin IS NULL"
    ids = {str(UUID(bytes=row[0])) for row in select(gateway, "queue", query)}
    query = "SELECT id FROM usageRecord WHERE outcome = 'completed'"
    done = {row[0] for row in select(gateway, "billing", query)} if ids else set()
    return Stored(len(ids), len(ids & done))
