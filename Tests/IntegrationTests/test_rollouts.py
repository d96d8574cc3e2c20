"""A new revision takes traffic step by step, and goes back by itself when it is worse."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from folders import Files, function
from gateways import Gateway
from pushes import open_push, order, prepare, shares
from waiting import until

EVERY = 2.0
ROLLOUT = "rollout: { canary: 20%, steps: [50%], every: 2s, maxErrorRate: 1%, maxLatency: 1.5x }\n"
GOOD = """
import time

def predict(n: int) -> str:
    time.sleep(0.002)
    return "{}"
"""
FAILING = """
import time

def predict(n: int) -> str:
    time.sleep(0.002)
    if n % 5 == 0:
        raise RuntimeError("one in five")
    return "failing"
"""
# Answers its sample, and nothing else.
HANGING = """
import time

def predict(n: int) -> str:
    if n != 1:
        time.sleep(60)
    return "hanging"
"""
SLOW = """
import time

def predict(n: int) -> str:
    time.sleep(0.006)
    return "slow"
"""


def version(name: str, handler: str, rollout: str = ROLLOUT) -> Files:
    files = function(name, handler, "scale: { min: 1, max: 4 }\n" + rollout)
    return files | {"sample.json": '{"n": 1}'}


@contextmanager
def asked(gateway: Gateway, name: str) -> Iterator[None]:
    """Clients ask meanwhile."""
    over = threading.Event()

    def ask() -> None:
        number = 0
        with gateway.connect() as connection:
            while not over.is_set():
                number += 1
                connection.request("POST", f"/function/{name}", f'{{"n": {number}}}')

    clients = [threading.Thread(target=ask) for _ in range(4)]
    for client in clients:
        client.start()
    try:
        yield
    finally:
        over.set()
        for client in clients:
            client.join()


def traffic(gateway: Gateway, name: str) -> dict[str, Any]:
    found: dict[str, Any] = gateway.get(f"/v1/functions/{name}/traffic")["traffic"]
    return found


def fall_back(gateway: Gateway, name: str, handler: str) -> tuple[dict[str, Any], float]:
    """Deploys a worse revision under load; the record of its fallback, and the seconds it took."""
    gateway.deploy(version(name, GOOD.format("old")))
    with asked(gateway, name):
        assert gateway.put(name, version(name, handler)).done
        began = time.monotonic()
        assert shares(gateway, name) == {2: 20, 1: 80}
        until(lambda: "fallback" in traffic(gateway, name), "it is taken off", seconds=30)
        took = time.monotonic() - began
    assert shares(gateway, name) == {1: 100}
    found: dict[str, Any] = traffic(gateway, name)["fallback"]
    print(f"{name}: {found['reason']} after {took:.1f} s")
    return found, took


def test_a_revision_that_raises_is_taken_off_the_traffic(gateway: Gateway) -> None:
    fallback, took = fall_back(gateway, "worse", FAILING)

    assert (fallback["from"], fallback["to"]) == (2, 1)
    assert "% of" in fallback["reason"]
    assert "failed" in fallback["reason"]
    assert took < 2 * EVERY
    assert gateway.get("/v1/functions/worse")["traffic"]["fallback"] == fallback
    assert gateway.invoke("worse", {"n": 5}).json() == "old"


def test_a_revision_that_is_slower_is_taken_off_the_traffic(gateway: Gateway) -> None:
    fallback, took = fall_back(gateway, "slower", SLOW)

    assert "times" in fallback["reason"]
    assert took < 2 * EVERY + 1


def test_a_revision_that_hangs_takes_no_more_of_the_traffic(gateway: Gateway) -> None:
    quick = ROLLOUT.replace("2s", "1s") + "timeout: { total: 4s }\n"
    gateway.deploy(version("hangs", GOOD.format("old"), quick))
    seen = []
    with asked(gateway, "hangs"):
        assert gateway.put("hangs", version("hangs", HANGING, quick)).done
        while "fallback" not in traffic(gateway, "hangs"):
            now = shares(gateway, "hangs")
            assert now in ({2: 20, 1: 80}, {1: 100})
            seen.append(now)

    assert seen[0] == {2: 20, 1: 80}
    assert shares(gateway, "hangs") == {1: 100}


def test_a_rollback_passes_over_what_fell_back(gateway: Gateway) -> None:
    fall_back(gateway, "passed-over", FAILING)
    assert gateway.put("passed-over", version("passed-over", GOOD.format("3"), "")).done

    answer = order(gateway, "POST", "/v1/functions/passed-over/rollback")

    assert answer.json()["traffic"]["parts"] == [{"number": 1, "share": 10_000}]
    assert gateway.invoke("passed-over", {"n": 5}).json() == "old"


def test_a_revision_is_taken_off_while_the_next_is_prepared(gateway: Gateway) -> None:
    slow = ROLLOUT.replace("2s", "1h")
    gateway.deploy(version("meanwhile", GOOD.format("old"), slow))
    assert gateway.put("meanwhile", version("meanwhile", FAILING, slow)).done
    endless = "import time\ndef load():\n    time.sleep(100)\n" + GOOD.format("3").replace(
        "predict(", "predict(model, "
    )
    push = open_push(gateway, "meanwhile")
    third = threading.Thread(
        target=prepare, args=(gateway, push, "meanwhile", version("meanwhile", endless, slow))
    )
    third.start()
    sandboxes = gateway.data / "sandboxes"
    until(lambda: list(sandboxes.glob("meanwhile-3-*/pid")), "the third loads")
    with asked(gateway, "meanwhile"):
        until(lambda: "fallback" in traffic(gateway, "meanwhile"), "it is taken off", seconds=30)
    by_hand = order(gateway, "POST", "/v1/functions/meanwhile/promote", {"number": 2})
    again = order(gateway, "POST", "/v1/functions/meanwhile/rollback")
    removed = gateway.request("DELETE", "/v1/functions/meanwhile")
    assert order(gateway, "DELETE", f"/v1/pushes/{push}").status == 204
    third.join()

    assert by_hand.json()["traffic"]["parts"] == [{"number": 2, "share": 10_000}]
    assert again.json()["traffic"]["parts"] == [{"number": 1, "share": 10_000}]
    assert (removed.status, removed.json()["code"]) == (409, "deployInProgress")


def test_a_revision_that_is_no_worse_takes_all_step_by_step(gateway: Gateway) -> None:
    gateway.deploy(version("rolled-out", GOOD.format("old")))
    seen = []
    with asked(gateway, "rolled-out"):
        assert gateway.put("rolled-out", version("rolled-out", GOOD.format("new"))).done
        while not seen or seen[-1] != {2: 100}:
            now = shares(gateway, "rolled-out")
            if not seen or seen[-1] != now:
                seen.append(now)
            assert "fallback" not in traffic(gateway, "rolled-out"), run_times(
                gateway, "rolled-out"
            )

    assert seen == [{2: 20, 1: 80}, {2: 50, 1: 50}, {2: 100, 1: 0}, {2: 100}]
    assert gateway.invoke("rolled-out", {"n": 1}).json() == "new"


def run_times(gateway: Gateway, name: str) -> dict[str, list[tuple[str, int]]]:
    """What the judge may have gone by."""
    rows = gateway.rows("function = ?", name)
    return {
        name: [(row["outcome"], row["runMicros"]) for row in rows if row["revision"] == name]
        for name in sorted({row["revision"] for row in rows})
    }


def test_a_rollout_is_ended_by_hand(gateway: Gateway) -> None:
    slow = ROLLOUT.replace("2s", "1h")
    gateway.deploy(version("by-hand", GOOD.format("1"), slow))
    gateway.put("by-hand", version("by-hand", GOOD.format("2"), slow))
    assert shares(gateway, "by-hand") == {2: 20, 1: 80}

    back = order(gateway, "POST", "/v1/functions/by-hand/rollback").json()["traffic"]
    gateway.put("by-hand", version("by-hand", GOOD.format("3"), slow))
    ahead = order(gateway, "POST", "/v1/functions/by-hand/promote").json()["traffic"]

    assert back["parts"] == [{"number": 1, "share": 10_000}]
    assert ahead["parts"] == [{"number": 3, "share": 10_000}]
    assert gateway.invoke("by-hand", {"n": 1}).json() == "3"


def test_a_rollout_goes_on_after_a_restart(own_gateway: Gateway) -> None:
    slow = ROLLOUT.replace("2s", "1h")
    own_gateway.deploy(version("resumed", GOOD.format("1"), slow))
    own_gateway.put("resumed", version("resumed", GOOD.format("2"), slow))
    before = traffic(own_gateway, "resumed")

    own_gateway.kill()
    own_gateway.start()

    assert traffic(own_gateway, "resumed") == before
    asked_for = {own_gateway.invoke("resumed", {"n": 1}).json() for _ in range(60)}
    assert asked_for == {"1", "2"}
