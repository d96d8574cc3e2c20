"""What is in flight when a function's consumer is replaced, or when another gateway reads too."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from brokers import Broker, Message
from brokers_load import NAMES, Servers, completed, nothing_left, report
from brokers_sqs import SQS
from folders import Files
from gateways import Gateway
from waiting import until
from workers import worker

from conftest import end

SLOW_SECONDS = 8.0


@pytest.fixture(scope="module")
def readers(gateway: Gateway, servers: Servers, place: Path) -> Iterator[list[Gateway]]:
    """Two gateways on one host, with the keys of SQS in their environment."""
    sqs = servers.all["sqs"]
    assert isinstance(sqs, SQS)
    made = [Gateway(place / f"replaced-{n}") for n in range(2)]
    with pytest.MonkeyPatch.context() as patch:
        for name, text in sqs.keys.items():
            patch.setenv(name, text)
        for one in made:
            one.share_runtime(gateway.data)
            one.start()
    yield made
    for one in made:
        end(one)


def reading(broker: Broker, place: str, most: int) -> Files:
    return worker(
        place, broker.trigger(place), scale=f"max: {most}, concurrency: 1, keepAlive: 60s"
    )


def begun(gateway: Gateway, place: str) -> int:
    """How often a handler has begun."""
    answer = gateway.request("GET", f"/v1/functions/{place}/logs?tail=10000")
    lines = [json.loads(line) for line in answer.body.splitlines()]
    return len([line for line in lines if line["level"] == "stdout"])


def slow() -> Message:
    return Message("1", json.dumps({"seconds": SLOW_SECONDS}))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_in_flight_is_not_run_by_the_consumer_that_follows(
    readers: list[Gateway], servers: Servers, name: str
) -> None:
    broker, reader, place = servers[name], readers[0], f"{name}-replaced"
    broker.make(place)
    reader.deploy(reading(broker, place, 2))
    broker.send(place, [slow()])
    until(lambda: begun(reader, place) == 1, "it has begun", 30)

    reader.deploy(reading(broker, place, 3))
    broker.send(place, [Message("2", "{}")])

    until(lambda: completed(reader, place) == 1, "the next consumer takes messages")
    # Its row comes before the broker hears of its end; the slow one is the first consumer's.
    until(lambda: report(reader, place)["inFlight"] == 0, "the second consumer holds none", 5)
    until(lambda: completed(reader, place) == 2, "both are completed", 30)
    assert begun(reader, place) == 2
    nothing_left(reader, broker, place)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_in_flight_is_not_run_by_another_gateway(
    readers: list[Gateway], servers: Servers, name: str
) -> None:
    broker, place = servers[name], f"{name}-shared"
    first, second = readers
    broker.make(place)
    first.deploy(reading(broker, place, 1))
    broker.send(place, [slow()])
    until(lambda: begun(first, place) == 1, "it has begun", 30)

    second.deploy(reading(broker, place, 1))
    broker.send(place, [Message("2", "{}")])

    # The first gateway has its hands full, and holds back nothing that it cannot run.
    until(lambda: completed(second, place) == 1, "the second gateway takes messages")
    assert completed(first, place) == 0
    until(lambda: completed(first, place) == 1, "the slow one is completed", 30)
    assert [begun(one, place) for one in readers] == [1, 1]
    second.remove(place)
    nothing_left(first, broker, place)
