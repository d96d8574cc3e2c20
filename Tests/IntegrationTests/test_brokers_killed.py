"""Brokers and the gateway killed while messages are in flight: each is completed, and once."""

import json
import time

import pytest
from brokers import Broker, Message
from brokers_load import (
    DRAIN_SECONDS_MAX,
    IN_FLIGHT_MAX,
    MESSAGES,
    NAMES,
    NATS_LEASE_SECONDS,
    Sender,
    Servers,
    all_completed,
    all_once,
    answered,
    completed,
    deploy_counted,
    messages_for,
    nothing_left,
    numbered,
)
from events import dead_letters
from gateways import Gateway
from waiting import until
from workers import worker

POISON_KILLS = 8
GONE = "a broker's connection is gone"


@pytest.mark.timeout(120 + 2 * DRAIN_SECONDS_MAX)
def test_every_message_is_completed_though_the_broker_is_killed(
    reader: Gateway, broker: Broker
) -> None:
    place = deploy_counted(reader, broker, f"{broker.name}-outage", NATS_LEASE_SECONDS)
    broker.keep()
    count = messages_for(broker)
    losses = reader.log.read_text().count(GONE)
    # The first one is still in flight when the broker is back.
    slow = Message("0", json.dumps({"seconds": broker.outage_seconds}))
    sender = Sender(broker, place, [slow, *numbered(count)[1:]])
    sender.start()
    until(lambda: completed(reader, place) >= count // 4, "a part is completed", 30)

    broker.down()
    done = completed(reader, place)
    until(lambda: reader.log.read_text().count(GONE) > losses, "the gateway notices", 30)
    broker.up()
    back = time.monotonic()

    sender.finish()
    # What SQS gave out and was not answered comes after its lease: the last test waits for it.
    late = IN_FLIGHT_MAX if broker.name == "sqs" else 0
    all_completed(reader, place, count - late)
    print(
        f"{place}: gone at {done} completed (the sender broke {sender.breaks} times), all but "
        f"{late} completed {time.monotonic() - back:.1f} s after it was back"
    )
    if not late:
        all_once(reader, place, "with the broker killed", count)
        nothing_left(reader, broker, place)
    assert done < count


@pytest.mark.timeout(120 + 2 * DRAIN_SECONDS_MAX)
def test_every_message_is_completed_once_though_the_gateway_is_killed(
    reader: Gateway, servers: Servers
) -> None:
    """All brokers at once: what was in flight comes after its lease, which is long with SQS."""
    all_ = {f"{name}-crash": servers[name] for name in NAMES}
    for place, broker in all_.items():
        deploy_counted(reader, broker, place, NATS_LEASE_SECONDS)
    senders = [Sender(one, place, numbered(messages_for(one))) for place, one in all_.items()]
    for sender in senders:
        sender.start()
    for part in (1 / 8, 3 / 8):
        enough = part * sum(map(messages_for, all_.values()))
        until(
            lambda enough=enough: sum(completed(reader, place) for place in all_) >= enough,
            "a part is completed",
            DRAIN_SECONDS_MAX,
        )
        reader.kill()
        print("killed at", {place: completed(reader, place) for place in all_})
        reader.start()

    for sender in senders:
        sender.finish()
    for place, broker in all_.items():
        all_completed(reader, place, messages_for(broker))
        all_once(reader, place, "with the gateway killed twice", messages_for(broker))
        nothing_left(reader, broker, place)


@pytest.mark.timeout(120 + DRAIN_SECONDS_MAX)
def test_every_message_that_does_not_fit_is_kept_though_the_gateway_is_killed(
    reader: Gateway, servers: Servers
) -> None:
    """Its row says that the handler has answered; only the dead letter keeps the message."""
    broker = servers["redis"]
    place, dead = "redis-poison", "redis-poison-dead"
    count = min(MESSAGES, 500)
    broker.make(place)
    reader.deploy(worker(place, broker.trigger(place), scale="max: 2, concurrency: 4"))

    broker.send(
        place, [Message(one.key, '{"fails": 9, "how": "refuses"}') for one in numbered(count)]
    )
    for part in range(1, POISON_KILLS + 1):
        enough = count * part // (POISON_KILLS + 1)
        until(lambda enough=enough: answered(reader, place) >= enough, "enough are answered", 60)
        reader.kill()
        reader.start()

    until(lambda: answered(reader, place) == count, "all are answered", DRAIN_SECONDS_MAX)
    until(lambda: broker.left(place) == 0, f"{place} is empty", DRAIN_SECONDS_MAX)
    letters = {one["id"] for one in dead_letters(reader, dead)}
    rows = {row["id"] for row in reader.rows('"trigger" = ?', f"queue:{place}")}
    print(f"{place}: {count} messages, {len(rows)} with a row, {len(letters)} dead letters")
    assert letters == rows


@pytest.mark.timeout(120 + DRAIN_SECONDS_MAX)
def test_what_the_way_to_sqs_was_broken_under_is_completed_too(
    reader: Gateway, servers: Servers
) -> None:
    if not completed(reader, "sqs-outage"):
        pytest.skip("the test that breaks it has not run")

    count = messages_for(servers["sqs"])
    all_completed(reader, "sqs-outage", count)
    all_once(reader, "sqs-outage", "with the connections broken", count)
