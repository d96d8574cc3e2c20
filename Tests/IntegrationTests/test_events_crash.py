"""Messages to a gateway that is killed: none is lost, and none is completed twice."""

import os
from collections import Counter

import pytest
from events import (
    KILLS,
    Load,
    Stored,
    Unsent,
    books,
    drained,
    finish,
    has_completed,
    kill_after,
    kill_moments,
    send_batches,
    stored,
)
from folders import function
from gateways import Gateway

MESSAGES = int(os.environ.get("FAAS_TEST_MESSAGES", "100000"))

ECHO = """
def predict(input):
    return input
"""
ECHO_MANIFEST = """
scale: { min: 0, max: 2, concurrency: 64, keepAlive: 60s }
triggers:
  - queue: { name: crashes }
"""


@pytest.mark.timeout(120 + 10 * KILLS + MESSAGES // 500)
def test_every_message_is_completed_once_while_the_gateway_is_killed(own_gateway: Gateway) -> None:
    own_gateway.deploy(function("crash-echo", ECHO, ECHO_MANIFEST))
    unsent = Unsent({f"message-{n}": {"n": n} for n in range(MESSAGES)})
    left: list[Stored] = []
    for moment in kill_moments(KILLS, MESSAGES, seed=3):
        load = Load(own_gateway, send_batches("crashes", unsent))
        kill_after(own_gateway, [load], has_completed(own_gateway, "crashes", moment))
        left.append(stored(own_gateway))
        own_gateway.start()
    rest = Load(own_gateway, send_batches("crashes", unsent))
    rest.start()
    finish([rest])

    assert drained(own_gateway, "crashes")["dead"] == 0

    found = books(own_gateway, "queue:crashes")
    print(
        f"{MESSAGES} messages over {KILLS} kills: {len(found.completed)} completed, "
        f"{found.rows} rows, {len(found.completed_twice)} completed twice; at the kills "
        f"{sum(one.waiting for one in left)} waited, of which "
        f"{sum(one.unacknowledged for one in left)} had a completed row and were not run again; "
        f"{unsent.unanswered} batches got no answer and were sent again, with "
        f"{unsent.duplicates} messages that were kept already"
    )
    assert len(unsent.ids) == len(set(unsent.ids.values())) == MESSAGES
    assert set(unsent.ids.values()) == set(found.completed)
    assert found.completed_twice == []
    assert Counter(found.attempts.values()) == {1: MESSAGES}
    assert own_gateway.stop() == 0
    assert stored(own_gateway).waiting == 0
    assert own_gateway.leftovers() == {}
