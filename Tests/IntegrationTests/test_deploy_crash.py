"""A gateway that is killed in the middle of a push: each function serves its old or its new
revision, whole, and nothing else is left."""

import http.client
import json
import os
import random
import threading
import time

from folders import Files, function
from gateways import Gateway
from pushes import apply, open_push, prepare
from waiting import until

from conftest import MakeGateway

# As many as the claim says: FAAS_TEST_DEPLOY_KILLS=20.
KILLS = int(os.environ.get("FAAS_TEST_DEPLOY_KILLS", "6"))
NAMES = ("torn-a", "torn-b")
# Longer than a push of both takes here.
PUSH_SECONDS = 0.9

HANDLER = """
import other

def predict() -> list:
    return [{number}, other.number]
"""


def version(name: str, number: int) -> Files:
    files = function(name, HANDLER.format(number=number))
    return files | {
        "other.py": f"number = {number}\n",
        "sample.json": "{}",
        "sample.expected.json": json.dumps([number, number]),
    }


def push(gateway: Gateway, number: int) -> None:
    """Pushes both functions; ends when the gateway does."""
    try:
        ticket = open_push(gateway, "torn", f"commit-{number}")
        for name in NAMES:
            assert prepare(gateway, ticket, name, version(name, number)).problem is None
        assert apply(gateway, ticket).status == 200
    except (OSError, ValueError, http.client.HTTPException):
        return


def test_a_killed_push_leaves_the_old_or_the_new_revisions(
    make_gateway: MakeGateway,
) -> None:
    gateway = make_gateway()
    gateway.start()
    for name in NAMES:
        gateway.deploy(version(name, 0))
    chance = random.Random(7)
    served: list[int] = [0]
    for number in range(1, KILLS + 1):
        pusher = threading.Thread(target=push, args=(gateway, number))
        pusher.start()
        # Any moment will do: the push is at a different point each time.
        time.sleep(chance.uniform(0, PUSH_SECONDS))
        gateway.kill()
        pusher.join()
        until(lambda: gateway.leftovers().keys() <= {"sandboxes", "containers", "cgroups"}, "ended")
        gateway.start()

        answers = [gateway.invoke(name).json() for name in NAMES]
        assert answers[0] == answers[1] == [answers[0][0]] * 2, answers
        assert answers[0][0] in (served[-1], number)
        served.append(answers[0][0])
        known = {
            one["digest"]
            for name in NAMES
            for one in gateway.get(f"/v1/functions/{name}/revisions")["revisions"]
            if one["isKept"]
        }
        assert {path.name for path in (gateway.data / "bundles").iterdir()} == known
        assert list((gateway.data / "incoming").iterdir()) == []

    print(f"served after each kill: {served}")
    assert gateway.stop() == 0
    assert gateway.leftovers() == {}
