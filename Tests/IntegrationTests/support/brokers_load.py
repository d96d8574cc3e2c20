"""What is deployed for brokers, who sends to them, and what became of the messages."""

import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from brokers import BrokenError, Broker, Message
from brokers_amqp import RabbitMQ
from brokers_nats import Nats
from brokers_redis import Redis
from brokers_sqs import SQS
from events import books
from folders import function
from gateways import Gateway
from waiting import until

MESSAGES = int(os.environ.get("FAAS_TEST_BROKER_MESSAGES", "300"))
KINDS = (Nats, Redis, SQS, RabbitMQ)
NAMES = [kind.name for kind in KINDS]
# Beside the lease of what was in flight, 30 s with SQS.
DRAIN_SECONDS_MAX = 60 + MESSAGES // 20

COUNTED = """
import time

def predict(input):
    time.sleep(input.get("seconds", 0.005))
    return input
"""
COUNTED_SCALE = "scale: { min: 0, max: 2, concurrency: 4, keepAlive: 60s }"
IN_FLIGHT_MAX = 8
NATS_LEASE_SECONDS = 2.0


class Servers:
    """The brokers that a run needs, each started when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self.all: dict[str, Broker] = {kind.name: kind(folder / kind.name) for kind in KINDS}
        self.is_ready: set[str] = set()
        if RabbitMQ.path():
            # It takes seconds: those of the tests before it.
            self.all["amqp"].launch()

    def __getitem__(self, name: str) -> Broker:
        broker = self.all[name]
        if broker.path() is None:
            pytest.skip(f"{broker.program} is not installed")
        if broker.process is None:
            broker.launch()
        if name not in self.is_ready:
            broker.ready()
            self.is_ready.add(name)
        return broker

    def stop(self) -> None:
        for broker in self.all.values():
            broker.stop()


def completed(gateway: Gateway, place: str) -> int:
    """Messages of this place that have a completed row."""
    query = "\"trigger\" = ? AND outcome = 'completed'"
    return len({row["id"] for row in gateway.rows(query, f"queue:{place}")})


def answered(gateway: Gateway, place: str) -> int:
    """Messages of this place that have a row, whatever it says."""
    return len({row["id"] for row in gateway.rows('"trigger" = ?', f"queue:{place}")})


def messages_for(broker: Broker) -> int:
    return min(MESSAGES, broker.messages_max)


def all_completed(gateway: Gateway, place: str, count: int) -> None:
    until(
        lambda: completed(gateway, place) >= count,
        f"{count} completed of {place}",
        DRAIN_SECONDS_MAX,
        poll=0.05,
    )


def numbered(count: int) -> list[Message]:
    return [Message(str(n), json.dumps({"n": n})) for n in range(count)]


def deploy_counted(gateway: Gateway, broker: Broker, name: str, lease: float | None = None) -> str:
    """A function for each message of the place that has its name."""
    broker.make(name, lease)
    manifest = f"{COUNTED_SCALE}\ntriggers:\n  - {broker.trigger(name)}\n"
    return gateway.deploy(function(name, COUNTED, manifest))


def report(gateway: Gateway, place: str) -> dict[str, Any]:
    """What `faas queue list` says of a place."""
    queues = json.loads(gateway.cli("queue", "list", "-o", "json"))["queues"]
    (found,) = [one for one in queues if one["name"] == place]
    return dict(found)


def redriven(gateway: Gateway, identity: str) -> dict[str, Any] | None:
    """The row of the attempt that follows once a dead letter is redriven."""
    rows = gateway.rows("id = ? AND \"trigger\" = 'async'", identity)
    return rows[0] if rows else None


class Sender(threading.Thread):
    """Sends one message after another, again and again until the broker has taken each."""

    def __init__(self, broker: Broker, place: str, messages: list[Message]) -> None:
        super().__init__()
        self.broker = broker
        self.place = place
        self.unsent = messages
        self.breaks = 0
        self.fault: Exception | None = None

    def run(self) -> None:
        deadline = time.monotonic() + DRAIN_SECONDS_MAX
        try:
            while self.unsent:
                self.send()
                assert time.monotonic() < deadline, f"{len(self.unsent)} not sent"
        except Exception as fault:
            self.fault = fault

    def send(self) -> None:
        try:
            self.broker.send(self.place, self.unsent)
            self.unsent = []
        except BrokenError as broken:
            self.breaks += 1
            self.unsent = self.unsent[broken.taken :]

    def finish(self) -> None:
        self.join()
        if self.fault is not None:
            raise self.fault


def all_once(gateway: Gateway, place: str, what: str, count: int) -> None:
    """Fails unless each message of the place has exactly one completed row."""
    found = books(gateway, f"queue:{place}")
    print(
        f"{place}: {count} messages {what}: {len(found.completed)} completed, {found.rows} rows, "
        f"{len(found.completed_twice)} completed twice"
    )
    assert len(found.completed) == count
    assert found.completed_twice == []
    assert set(found.attempts) == set(found.completed)


def nothing_left(gateway: Gateway, broker: Broker, place: str) -> None:
    """Fails unless the broker has heard of every message's end; removes the function."""
    if broker.knows_unsettled:
        until(lambda: broker.left(place) == 0, f"{place} is empty", DRAIN_SECONDS_MAX)
    gateway.remove(place)
    until(lambda: not broker.has_readers(place), f"nobody reads {place}", DRAIN_SECONDS_MAX)
    assert broker.left(place) == 0
