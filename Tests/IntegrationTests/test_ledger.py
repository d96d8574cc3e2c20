"""An answer that a client saw is on the bill, whatever happens to the gateway."""

import os
import random
import threading
import time
from collections import Counter

import pytest
from folders import EXAMPLES, function, read_folder
from gateways import Gateway
from http_client import RawConnection, post
from waiting import until

KILLS = int(os.environ.get("FAAS_TEST_KILLS", "50"))
CLIENTS = 4
DEPTH = 4
LOAD_SECONDS = (0.05, 0.4)

STREAMER = """
def predict(count: int):
    for number in range(count):
        yield {"number": number}
"""


class Client(threading.Thread):
    """Sends until the connection breaks, and remembers the ids of answers that came whole."""

    def __init__(self, gateway: Gateway, request: bytes) -> None:
        super().__init__()
        self.connection: RawConnection = gateway.raw(seconds=10)
        self.request = request
        self.seen: list[str] = []

    def run(self) -> None:
        try:
            self.connection.send(self.request * DEPTH)
            while True:
                answer = self.connection.answer()
                if answer.status == 200:
                    self.seen.append(answer.id)
                self.connection.send(self.request)
        except (OSError, ValueError, KeyError, IndexError):
            self.connection.close()


@pytest.mark.timeout(60 + 6 * KILLS)
def test_no_answer_is_lost_when_the_gateway_is_killed(own_gateway: Gateway) -> None:
    own_gateway.deploy(read_folder(EXAMPLES / "echo"))
    own_gateway.deploy(function("streamer", STREAMER))
    requests = [post("/function/echo", '{"n": 1}')] * (CLIENTS - 1)
    requests.append(post("/function/streamer", '{"count": 3}'))
    randomness = random.Random(2)
    total = 0
    for number in range(KILLS):
        began = time.time_ns() // 1000
        seen = load_and_kill(own_gateway, requests, randomness.uniform(*LOAD_SECONDS))

        rows = Counter(row["id"] for row in own_gateway.rows("acceptedAt >= ?", began))
        missing = [one for one in seen if one not in rows]
        assert missing == [], f"kill {number}: {len(missing)} of {len(seen)} are not on the bill"
        assert max(rows.values(), default=1) == 1
        assert len(set(seen)) == len(seen)
        assert len(seen) <= len(rows)
        total += len(seen)
        own_gateway.start()
    print(f"{total} answers seen over {KILLS} kills, each in the ledger once")
    assert total > KILLS * 10
    assert len(own_gateway.rows()) >= total


def load_and_kill(gateway: Gateway, requests: list[bytes], seconds: float) -> list[str]:
    """Kills the gateway after some time under load; ids of the answers that clients saw."""
    clients = [Client(gateway, request) for request in requests]
    for client in clients:
        client.start()
    until(lambda: any(client.seen for client in clients), "a first answer")
    time.sleep(seconds)  # The load itself: the kill comes at a random instant.
    gateway.kill()
    for client in clients:
        client.join()
    return [one for client in clients for one in client.seen]
